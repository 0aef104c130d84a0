"""Putting the parts together: settings in, a store and one WSGI application out. This module alone knows all parts."""

from __future__ import annotations

import itertools
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from sqlalchemy import URL

from davgate import log
from davgate.config import Config, ConfigError, VersionsConfig
from davgate.core.audit import auditing
from davgate.core.clock import SystemClock
from davgate.core.object_types import load
from davgate.core.principals.accounts import Passwords
from davgate.core.principals.brake import Brake
from davgate.core.principals.signing_in import CERTIFICATE, LDAP, PROXY, SigningIn, Sources
from davgate.core.store import Policy, Store
from davgate.core.upkeep import tidy
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
from davgate.identity.jwt import Bearer, Issuer
from davgate.model.errors import DavgateError
from davgate.model.instant import Clock
from davgate.model.locks import LockPolicy
from davgate.model.names import PathLimits
from davgate.model.object_types import ObjectTypes
from davgate.model.principal import Principal
from davgate.model.thinning import Period, Step, ThinningRule
from davgate.model.type_sections import UnusableTypes
from davgate.rest.dialects import DIALECTS
from davgate.rest.door import Door
from davgate.rest.exchange import RestLimits, Service
from davgate.rest.operations import Dialect
from davgate.storage.blobs import DiskBlobs
from davgate.storage.database import Database
from davgate.web.health import Figures, Readiness, alive
from davgate.web.home import home_page

if TYPE_CHECKING:
    from davgate.identity.ldap import Directory

logger = logging.getLogger(__name__)
access_log = logging.getLogger("davgate.access")

DRIVE_MOUNT: Final = "/dav"
TOKEN_PAGE: Final = "/login/token"
_LOGGED: Final = ("REQUEST_METHOD", "REQUEST_URI", "HTTP_USER_AGENT", "davgate.principal")
_UPKEEP_SECONDS: Final = 60.0
_ROUNDS_PER_COLLECTION: Final = 60
"""Collecting looks at every content; once an hour is enough for what has to be a day old."""


def types_of(config: Config) -> ObjectTypes:
    """Return the object types; their files are read now.

    Raises:
        ConfigError: they cannot be used.
    """
    try:
        return load(config.types.folders)
    except UnusableTypes as error:
        raise ConfigError([f"types: {mistake}" for mistake in error.mistakes]) from None


def open_store(config: Config, clock: Clock | None = None, types: ObjectTypes | None = None) -> Store:
    """Return the store that the settings name, with its object types; nothing else is read yet.

    Make it after a fork, never before.

    Raises:
        ConfigError: no ``types`` are given, and those of the settings cannot be used.
    """
    clock = clock or SystemClock()
    policy = Policy(
        paths=PathLimits(config.limits.path_bytes, config.limits.segments),
        locks=LockPolicy(
            config.locks.default, config.locks.max, config.locks.grace, config.locks.per_resource, config.locks.per_user
        ),
        quota_bytes=config.store.quota_bytes,
        upload_limit_bytes=config.limits.upload_bytes,
        upload_life=config.limits.upload_life,
        open_uploads=config.limits.open_uploads,
        property_bytes=config.limits.property_bytes,
        time_zone=config.time_zone,
        collect_grace=config.store.collect_grace,
        save_window=config.drive.save_window,
        scratch_limit_bytes=config.drive.scratch_bytes,
        scratch_age=config.drive.scratch_age,
        versions_per=config.versions.per,
        thinning=_thinning_of(config.versions),
        trash_keep=config.trash.keep,
    )
    blobs = DiskBlobs(config.blob_folder, clock, inline_limit_bytes=config.store.inline_bytes)
    # As a value: text would have to be quoted and parsed again.
    url = config.store.database_url or URL.create("sqlite", database=str(config.sqlite_file))
    database = Database(url, clock, readers=config.server.threads)
    return Store(database, blobs, clock, policy, types=types_of(config) if types is None else types)


def _thinning_of(versions: VersionsConfig) -> ThinningRule:
    steps = tuple(
        Step(Period(name), None if age == timedelta.max else age) for name, age in versions.keep_steps.items() if age is not None
    )
    return ThinningRule(steps, versions.keep_count, versions.keep_bytes, versions.keep_saves)


def passwords_of(config: Config) -> Passwords:
    """Return what hashes and checks passwords."""
    login = config.login
    return Passwords(
        time_cost=login.argon2_time_cost,
        memory_kib=login.argon2_memory_bytes // 1024,
        parallelism=login.argon2_parallelism,
        # More would be ready no sooner.
        at_once=max(1, len(os.sched_getaffinity(0)) // login.argon2_parallelism),
    )


def bearer_of(config: Config) -> Bearer:
    """Return what verifies bearer tokens; secrets and key files are read now.

    Raises:
        ConfigError: an issuer cannot be used as it is configured.
    """
    try:
        return Bearer(
            Issuer(source=f"issuers.{name}", **{f.name: getattr(section, f.name) for f in fields(section)})
            for name, section in config.issuers.items()
        )
    except ValueError as mistake:
        raise ConfigError([str(mistake)]) from None


def directory_of(config: Config) -> Directory | None:
    """Return the directory by which people sign in, if there is one; its password file is read now.

    Raises:
        ConfigError: python-ldap is missing, or the directory cannot be used as it is configured.
    """
    section = config.ldap
    if not section.url:
        return None
    try:
        # Only now: who has no directory needs neither python-ldap nor the C library below it.
        from davgate.identity.ldap import Directory, DirectorySettings
    except ImportError as error:
        raise ConfigError([f"ldap.url is set, but there is no python-ldap ({error}): install davgate[ldap]"]) from None
    given = {f.name: getattr(section, f.name) for f in fields(DirectorySettings) if f.name != "urls"}
    try:
        if section.bind_password_file:
            given["bind_password"] = section.bind_password_file.read_text("utf-8").rstrip("\r\n")
            if not given["bind_password"]:
                raise ValueError("ldap.bind_password_file is empty")
        return Directory(DirectorySettings(urls=section.url, **given))
    except OSError as error:
        raise ConfigError([f"ldap.bind_password_file cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError(["ldap.bind_password_file is no text in UTF-8"]) from None
    except ValueError as mistake:
        raise ConfigError([str(mistake)]) from None


def login_of(config: Config, store: Store, door_scopes: frozenset[str] = frozenset()) -> Login:
    """Return what finds the principals of requests, by all sources that are configured; ``door_scopes`` open one door each.

    Raises:
        ConfigError: a source cannot be used as it is configured.
    """
    login, bearer = config.login, bearer_of(config)
    policies = {LDAP: config.ldap.accounts, CERTIFICATE: config.certificates.accounts, PROXY: config.proxy.accounts}
    signing_in = SigningIn(
        store,
        passwords_of(config),
        Sources(directory=directory_of(config), bearer=bearer, policies=policies),
        Brake(login.failures, login.failure_window),
        nonce_life=login.nonce_life,
        door_scopes=door_scopes,
    )
    per_minute = config.limits.requests_per_minute
    return Login(
        signing_in,
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


class Upkeep(threading.Thread):
    """Does a round of upkeep now and then, in every process: rounds that meet find less to do."""

    def __init__(self, store: Store, pause_seconds: float = _UPKEEP_SECONDS) -> None:
        super().__init__(name="upkeep", daemon=True)
        self._store = store
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until stopped."""
        for no in itertools.count(1):
            if self._stopping.wait(self._pause_seconds):
                return
            try:
                logger.debug("Upkeep: %s", tidy(self._store, collecting=no % _ROUNDS_PER_COLLECTION == 0))
            except Exception:  # A thread that died would be missed only when the store is full of what it should have removed.
                logger.exception("A round of upkeep failed")

    def stop(self) -> None:
        """End the work, a round under way included."""
        self._stopping.set()
        self.join()
