"""Is the server alive, is it ready, and what did it do: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from davgate.core.store import Store
from davgate.core.tree import quota
from davgate.core.uploads import open_count
from davgate.http.login import Login
from davgate.http.requests import Environ
from davgate.http.responses import TEXT, Response, whole
from davgate.model.errors import DavgateError, Forbidden

logger = logging.getLogger(__name__)

LONGEST_LOOK_SECONDS: Final = 3.0
_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


class _Found(NamedTuple):
    """What a look found: the answer, and how many bytes each disk takes as far as that is known."""

    text: str
    status: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE
    free_bytes: Mapping[str, int] = MappingProxyType({})


def alive() -> Response:
    """Answer that the process serves requests."""
    return whole(HTTPStatus.OK, TEXT, b"ok\n")


class Readiness:
    """Whether database and contents can be reached, so that requests would be served.

    A full disk makes nobody unready: reading goes on, and of several servers on one store all would be unready at once. The
    answer says so beside.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
        self._look: Future[_Found] | None = None

    def page(self) -> Response:
        """Answer what ``look`` finds."""
        found = self.look()
        retry = () if found.status == HTTPStatus.OK else (("Retry-After", "5"),)
        return whole(found.status, TEXT, found.text.encode(), *retry)

    def look(self) -> _Found:
        """Look within a few seconds, also where nothing answers, as a file system over a network whose server is away."""
        try:
            return self._latest().result(LONGEST_LOOK_SECONDS)
        except TimeoutError:
            logger.error("Not ready: database and contents have not answered for %g s.", LONGEST_LOOK_SECONDS)
            return _Found("Database and contents do not answer.\n")

    def _latest(self) -> Future[_Found]:
        with self._lock:
            # Of looks that do not end there is one, however often somebody asks.
            if self._look is None or self._look.done():
                self._look = self._aside.submit(_found, self._store)
            return self._look


def _found(store: Store) -> _Found:
    try:
        quota(store)
    except DavgateError as error:
        logger.error("Not ready: %s", error)
        return _Found("The database cannot be read.\n")
    try:
        store.blobs.unfinished()
        free_bytes = dict(_room(store))
    except OSError as error:
        logger.error("Not ready: %s", error)
        return _Found("The contents cannot be read.\n")
    full = [f"Nothing can be written to the disk of the {name}.\n" for name, size in free_bytes.items() if not size]
    return _Found("".join(["ready\n", *full]), HTTPStatus.OK, free_bytes)


def _room(store: Store) -> Iterable[tuple[str, int]]:
    """Yield where the store lies, and how many bytes can be written there; of a database server that is not known."""
    if (free_bytes := store.database.free_bytes()) is not None:
        yield "database", free_bytes
    yield "contents", store.blobs.free_bytes()


class Figures:
    """What the server counts. Methods beside ``methods`` count as one: a client must not make up labels.

    ``shared_folder`` is where the worker processes keep their figures together; one process alone needs none. The folder must
    be in PROMETHEUS_MULTIPROC_DIR before this module is first imported.
    """

    def __init__(self, store: Store, readiness: Readiness, methods: Iterable[str], shared_folder: str | None) -> None:
        self._methods = frozenset(methods)
        self._registry = CollectorRegistry()
        self._registry.register(_Stored(store, readiness))
        if shared_folder is not None:
            MultiProcessCollector(self._registry, shared_folder)  # type: ignore[no-untyped-call]  # it has no types
        self._seconds = Histogram(
            "davgate_request_seconds",
            "Time from the end of a request's head to the start of its response.",
            ("method", "status"),
            registry=None if shared_folder is not None else self._registry,
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
        )
        self._series: dict[tuple[str, int], Histogram] = {}

    def count(self, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        if method not in self._methods:
            method = "other"
        series = self._series.get((method, status))
        if series is None:
            series = self._series[method, status] = self._seconds.labels(method, str(status))
        series.observe(seconds)

    def page(self, environ: Environ, login: Login, *, is_behind_proxy: bool) -> Response:
        """Return the figures in Prometheus' text format, to programs on this machine and to administrators.

        Raises:
            Unauthenticated, Forbidden: to everybody else.
        """
        # Behind a proxy on this machine every client seems to be local.
        is_forwarded = is_behind_proxy or environ["davgate.is_forwarded"]
        is_local = environ["REMOTE_ADDR"] in _LOOPBACK and not is_forwarded
        if not is_local and not login.confirmed_principal_of(environ).administers_all:
            raise Forbidden("Only administrators see the figures. Sign in as one, or ask from the server itself.")
        return whole(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self._registry))


class _Stored(Collector):
    """Figures of the store, read when they are asked for."""

    def __init__(self, store: Store, readiness: Readiness) -> None:
        self._store = store
        self._readiness = readiness

    def collect(self) -> Iterable[Metric]:
        """Return the figures, or none while the store cannot tell: those of the requests are wanted then more than ever."""
        try:
            return self._figures()
        except DavgateError as error:
            logger.warning("Figures of the store are missing: %s", error)
            return ()

    def _figures(self) -> Iterable[Metric]:
        stored = GaugeMetricFamily("davgate_stored_bytes", "Content in the store, every digest once.")
        stored.add_metric((), quota(self._store).used_bytes)
        uploads = GaugeMetricFamily("davgate_open_uploads", "Uploads that arrive in parts and have not ended.")
        uploads.add_metric((), open_count(self._store))
        free = GaugeMetricFamily(
            "davgate_free_bytes", "Bytes that can be written; 0 where the disk can only be read.", labels=["disk"]
        )
        for name, free_bytes in self._readiness.look().free_bytes.items():
            free.add_metric((name,), free_bytes)
        return (stored, uploads, free)
