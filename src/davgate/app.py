"""The one WSGI application: settings and a store in, and each request goes to its door. This module alone knows all doors."""

from __future__ import annotations

import itertools
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from davgate import log
from davgate.config import Config
from davgate.configured import signing_in_of
from davgate.core.audit import auditing
from davgate.core.store import Store
from davgate.core.upkeep import Upkeep
from davgate.dav import principals
from davgate.dav.app import METHODS, DriveApp
from davgate.dav.drive import Drive
from davgate.dav.root import above_the_drive
from davgate.dav.xml import XmlLimits
from davgate.http.errors import ServerFault, UnknownMethod
from davgate.http.login import CHALLENGE, Login, Offered, token_page
from davgate.http.proxies import Proxies
from davgate.http.rates import OpenUploads, Rates
from davgate.http.requests import Environ, origin_of
from davgate.http.responses import TEXT, Response, StartResponse, refusal, whole
from davgate.http.targets import normal_path
from davgate.model.errors import DavgateError
from davgate.model.principal import Principal
from davgate.rest.dialects import DIALECTS
from davgate.rest.door import Door
from davgate.rest.exchange import RestLimits, Service
from davgate.rest.operations import Dialect
from davgate.web.health import Figures, Readiness, alive
from davgate.web.home import home_page

if TYPE_CHECKING:
    pass

logger = logging.getLogger(__name__)
access_log = logging.getLogger("davgate.access")

DRIVE_MOUNT: Final = "/dav"
TOKEN_PAGE: Final = "/login/token"
_LOGGED: Final = ("REQUEST_METHOD", "REQUEST_URI", "HTTP_USER_AGENT", "davgate.principal")


def login_of(config: Config, store: Store, door_scopes: frozenset[str] = frozenset()) -> Login:
    """Return what finds the principals of requests, by all sources that are configured; ``door_scopes`` open one door each.

    Raises:
        ConfigError: see ``signing_in_of``.
    """
    login = config.login
    per_minute = config.limits.requests_per_minute
    return Login(
        signing_in_of(config, store, door_scopes),
        login.cache,
        Offered(basic=login.basic, digest=login.digest, bearer=bool(config.issuers)),
        Rates(per_minute, config.server.processes) if per_minute else None,
        with_certificates=config.certificates.accounts != "none",
        # The others are left to whoever is signed in, or signs in from elsewhere.
        guesses_at_once=max(1, config.server.threads // 2),
    )


def dialects_of(config: Config) -> dict[str, Dialect]:
    """Return the REST dialects that are on, by their mounts."""
    made = {}
    for name, make in DIALECTS.items():
        if mount := getattr(config.doors, name):
            section = getattr(config, name, None)
            made[mount] = make({} if section is None else vars(section))
    return made


class Application:
    """The one WSGI application of a process: it sends each request to its door, and nothing escapes it."""

    def __init__(
        self, config: Config, store: Store, figures_folder: str | None = None, dialects: Mapping[str, Dialect] | None = None
    ) -> None:
        self._store = store
        self._public_url = config.server.public_url
        self._proxies = Proxies(config.server.trusted_proxies, config.server.user_header)
        dialects = dialects_of(config) if dialects is None else dialects
        self._login = login_of(config, store, frozenset().union(*(dialect.scopes for dialect in dialects.values())))
        self._token_life = config.login.token_life
        limits = store.policy.paths
        xml_limits = XmlLimits(config.limits.xml_bytes, config.limits.xml_depth)
        drive = Drive(store, DRIVE_MOUNT, limits, xml_limits, config.drive.list_versions_folder)
        uploads = OpenUploads(config.limits.open_uploads)
        self._drive = DriveApp(drive, self._login, uploads)
        self._doors = [Door(dialect, self._service(config, mount), self._login, uploads) for mount, dialect in dialects.items()]
        self._mounts = tuple(dialects)
        readiness = Readiness(store)
        self._figures = Figures(store, readiness, ["OPTIONS", "POST", "PATCH", *METHODS], figures_folder)
        self._request_ids = map("{}-{:x}".format, itertools.repeat(secrets.token_hex(4)), itertools.count(1))
        self._pages: dict[str, Callable[[Environ], Response]] = {
            "/": self._home,
            "/healthz": lambda environ: alive(),
            "/readyz": lambda environ: readiness.page(),
            "/metrics": lambda environ: self._figures.page(environ, self._login, is_behind_proxy=bool(self._public_url)),
        }
        self._upkeep = Upkeep(store)
        self._upkeep.start()

    def _service(self, config: Config, mount: str) -> Service:
        limits = config.limits
        return Service(
            self._store,
            mount,
            DRIVE_MOUNT,
            config.server.public_url,
            self._store.policy.paths,
            RestLimits(limits.json_bytes, limits.rest_bytes, limits.multipart_parts, limits.page),
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request_id = environ["davgate.request_id"] = next(self._request_ids)
        token = log.request_id.set(request_id)
        try:
            response = self._respond(environ)
            self._offer_again(environ, response)
            return response.start(start_response)
        finally:
            log.request_id.reset(token)

    def _respond(self, environ: Environ) -> Response:
        started = time.perf_counter()
        try:
            response = self._answer(environ)
        except Exception:  # The one outermost wrapper: a fault of ours must not end the connection mutely.
            logger.exception("%s %s failed", environ["REQUEST_METHOD"], environ["REQUEST_URI"])
            response = self._refuse(environ, ServerFault(environ["davgate.request_id"]))
        self._note(environ, response, started)
        return response

    def _note(self, environ: Environ, response: Response, started: float) -> None:
        """Count an answered request, and write it to the access log."""
        method, target = environ["REQUEST_METHOD"], environ["REQUEST_URI"]
        seconds = time.perf_counter() - started
        self._figures.count(method, response.status, seconds)
        if access_log.isEnabledFor(logging.INFO):
            access_log.info(
                "%s %s %d %s %s bytes %.1f ms %s %s %s",
                method,
                target,
                response.status,
                response.reason,
                response.length,
                seconds * 1000,
                environ.get("davgate.principal", "-"),
                environ["REMOTE_ADDR"],
                environ.get("HTTP_USER_AGENT", "-")[:80],
            )

    def _offer_again(self, environ: Environ, response: Response) -> None:
        """Let the server give a remembered answer again, to whoever repeats the request word by word."""
        signed_in_again = None if response.asked_by is None else self._login.goes_on(environ)
        if signed_in_again is not None:
            said: Environ = {key: environ[key] for key in _LOGGED if key in environ}
            environ["davgate.again"] = partial(self._is_given_again, said, response, signed_in_again)

    def _is_given_again(
        self, said: Environ, response: Response, signed_in_again: Callable[[Principal], bool], connection: Environ
    ) -> bool:
        """Tell whether an answer is still right, on a connection, and take a request for answered by it."""
        started = time.perf_counter()
        # The same words mean more when a proxy says them that is believed.
        if response.asked_by is None or self._proxies.is_trusted(connection["REMOTE_ADDR"]):
            return False
        token = log.request_id.set(next(self._request_ids))
        try:
            whom = response.asked_by()
            if whom is None or not signed_in_again(whom):
                return False
            self._note({**connection, **said}, response, started)
            return True
        except Exception:  # The request is answered in the usual way, which tells the client what is wrong.
            logger.debug("An answer was not given again.", exc_info=True)
            return False
        finally:
            log.request_id.reset(token)

    def _answer(self, environ: Environ) -> Response:
        path = normal_path(environ["REQUEST_URI"])
        try:
            self._proxies.settle(environ)
        except DavgateError as error:
            return self._refuse(environ, error)
        door = self._door_at(path)
        if door is not None:
            return door.answer(environ)
        response = self._answer_at_drive_or_page(environ, path)
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._login.challenge(environ, response)
        return response

    def _refuse(self, environ: Environ, error: DavgateError) -> Response:
        """Return an error that no door has met itself, as the door looks at which the request came in."""
        path = normal_path(environ["REQUEST_URI"])
        if (door := self._door_at(path)) is not None:
            return door.refuse(environ, error)
        return self._drive.refuse(environ, error) if _is_at_or_below(path, DRIVE_MOUNT) else _refused(error)

    def _door_at(self, path: str) -> Door | None:
        # Most requests are the drive's, and spare themselves the look at each door.
        if not path.startswith(self._mounts):
            return None
        return next((door for door in self._doors if _is_at_or_below(path, door.service.mount)), None)

    def _answer_at_drive_or_page(self, environ: Environ, path: str) -> Response:
        try:
            if _is_at_or_below(path, DRIVE_MOUNT):
                return self._drive.answer(environ)
            method = environ["REQUEST_METHOD"]
            if principals.is_below(path):
                return self._drive.answer_beside(environ, principals.answer)
            if method in ("OPTIONS", "PROPFIND"):
                return self._drive.answer_beside(environ, above_the_drive)
            if path == TOKEN_PAGE:
                return token_page(self._login, environ, self._token_life)
            page = self._pages.get(path)
            if page is None:
                return whole(HTTPStatus.NOT_FOUND, TEXT, f"There is nothing here. The drive is at {DRIVE_MOUNT}/.\n".encode())
            if method not in ("GET", "HEAD"):
                raise UnknownMethod(method, "OPTIONS, GET, HEAD")
            return page(environ)
        except DavgateError as error:
            return _refused(error)

    def _home(self, environ: Environ) -> Response:
        doors = {door.dialect.title: door.service.mount for door in self._doors}
        return home_page(origin_of(environ, self._public_url), DRIVE_MOUNT, doors)

    def close(self) -> None:
        """End the upkeep, write what is left of the audit and close the database; called when all requests are answered."""
        self._upkeep.stop()
        auditing.write_reads(self._store)
        self._store.database.close()


def _is_at_or_below(path: str, mount: str) -> bool:
    return path.startswith(mount) and path[len(mount) : len(mount) + 1] in ("", "/")


def _refused(error: DavgateError) -> Response:
    status, headers = refusal(error, CHALLENGE)
    response = whole(status, TEXT, f"{error}\n".encode(), *headers)
    response.reason = error.code
    return response
