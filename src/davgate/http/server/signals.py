"""The signals of a process, taken one after the other by its main thread."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Self

STOP = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def held_back(*numbers: int) -> Iterator[None]:
    """Let signals wait until ``Signals`` catches them, or the block ends."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


class Signals:
    """Signals caught while the block runs, in the order in which they came. Only for the main thread.

    Those that ``held_back`` has kept until now are the first. A handler does nothing but put the number into a queue, which
    is safe at any moment; all work is done by the one who takes it out.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = tuple(numbers)
        self._arrived: SimpleQueue[int | None] = SimpleQueue()
        self._former: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in self._numbers:
            self._former[number] = signal.signal(number, self._note)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal() returned

    def take(self, timeout: float | None = None) -> int | None:
        """Wait for the next signal and return it; ``None`` after ``timeout`` seconds or when woken."""
        try:
            return self._arrived.get(timeout=timeout)
        except Empty:
            return None

    def wake(self) -> None:
        """Let the thread in ``take`` go on without a signal."""
        self._arrived.put(None)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._arrived.put(number)
