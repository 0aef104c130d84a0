"""A network that breaks: a proxy that lets so many bytes of a connection through and then drops it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Final, Self

_BLOCK_BYTES: Final = 16 * 1024


class Cutter:
    """Passes connections on, each to where ``route`` says.

    Of what a client sends, ``allowance`` says for each connection how many bytes come through; then the client loses it. The
    server loses it, too, unless ``is_silent``: then nobody tells it, as when a network is gone.
    """

    def __init__(
        self, route: Callable[[int], tuple[str, int]], allowance: Callable[[int], int | None], *, is_silent: bool = False
    ) -> None:
        self._route = route
        self._allowance = allowance
        self._is_silent = is_silent
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self.cuts = 0

    @property
    def address(self) -> str:
        """Host and port for clients."""
        host, port = self._listening.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._accepting.join()
        for one in self._open:
            _end(one)

    def _accept(self) -> None:
        number = 0
        with contextlib.suppress(OSError):
            while True:
                near = self._listening.accept()[0]
                far = socket.create_connection(self._route(number))
                self._open += [near, far]
                threading.Thread(target=self._up, args=(near, far, self._allowance(number)), daemon=True).start()
                threading.Thread(target=self._down, args=(far, near), daemon=True).start()
                number += 1

    def _up(self, near: socket.socket, far: socket.socket, left: int | None) -> None:
        with contextlib.suppress(OSError):
            while block := near.recv(_BLOCK_BYTES if left is None else min(_BLOCK_BYTES, max(left, 1))):
                if left is not None and left <= 0:
                    self.cuts += 1
                    _end(near)
                    if not self._is_silent:
                        _end(far)
                    return
                far.sendall(block)
                left = None if left is None else left - len(block)

    def _down(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := far.recv(_BLOCK_BYTES):
                near.sendall(block)
        _end(near)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
