"""A server in a process of its own: several of them share a store and a clock that the test sets."""

from __future__ import annotations

import signal
from ctypes import c_int64
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

from davgate.http.server import Server, listen
from davgate.model.instant import Instant, after
from tests import processes
from tests.builders import START, SettableClock, opened_store
from tests.protocol.applications import an_application
from tests.server.client import Client


class SharedClock(SettableClock):
    """A settable clock that processes share."""

    def __init__(self, value: c_int64 | None = None) -> None:
        # Without a lock around it, which a process that is killed could take along.
        self.value: c_int64 = value or processes.CONTEXT.RawValue(c_int64, START)

    def now(self) -> Instant:
        return Instant(self.value.value)

    def set(self, now: Instant) -> None:
        self.value.value = now

    def advance(self, span: timedelta) -> None:
        self.set(after(self.now(), span))


class ServerProcess:
    """A running server. It ends with the block, or when it is killed."""

    def __init__(self, url: str, folder: Path, clock: SharedClock) -> None:
        told, tells = processes.CONTEXT.Pipe(duplex=False)
        self._process: BaseProcess = processes.start(serve, url, folder, clock.value, tells)
        tells.close()
        self._address = ("127.0.0.1", int(told.recv()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    @property
    def address(self) -> str:
        """Host and port for programs that connect by themselves."""
        host, port = self._address
        return f"{host}:{port}"

    def connect(self) -> Client:
        return Client(self._address)

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self._process.kill()
        self._process.join()


def serve(url: str, folder: Path, now: c_int64, tells: Connection) -> None:
    """Serve until the process is killed; tell the port."""
    clock = SharedClock(now)
    with (
        opened_store(url, folder, clock) as store,
        an_application(store, folder) as application,
        Server(application, listen("127.0.0.1", 0)) as server,
    ):
        tells.send(server.port)
        signal.pause()
