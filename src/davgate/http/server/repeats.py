"""Requests that clients repeat word by word, and the bytes that they were answered with.

The application says of an answer how it may be given again: it puts a function into the environment of the request
(``davgate.again``). That one is asked each time, decides by what it knows, and does what else belongs to a request, such as
counting it. Parsing the request, finding its door and putting the answer together took two thirds of the time.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from wsgiref.types import WSGIEnvironment

Again = Callable[[WSGIEnvironment], bool]
"""Tells whether an answer may be given again, on the connection with this environment, and takes the request for answered."""

REPEATED: Final = (b"GET ", b"HEAD ", b"PROPFIND ")
"""How the heads begin that come again and again. They change nothing (RFC 9110, 9.2.1)."""

_MOST_BYTES: Final = 4 * 1024 * 1024
_LARGEST_BYTES: Final = 64 * 1024
_ENTRY_BYTES: Final = 500


@dataclass(frozen=True, slots=True)
class Repeat:
    """A request that may be answered again. ``asked`` is its body, ``head`` that of the answer, but for the server's lines.

    The application may keep of the request's head, which has ``head_bytes``, what it needs to answer again.
    """

    asked: bytes
    head: bytes
    payload: bytes
    may_again: Again
    head_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        """How much memory it takes, nearly."""
        return _ENTRY_BYTES + self.head_bytes + len(self.asked) + len(self.head) + len(self.payload)


class Repeats:
    """What the clients of one process may be answered again, by the words of their requests."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._by_words: dict[bytes, Repeat] = {}
        self._bytes = 0

    def words_of(self, head: bytes) -> bytes:
        """Return what tells one head from all others. It is a keyed digest: the password that is in there is not kept."""
        return hashlib.blake2b(head, key=self._key, digest_size=16).digest()

    def find(self, words: bytes) -> Repeat | None:
        """Return what a request in these words was answered when it was last asked."""
        return self._by_words.get(words)

    def forget(self, words: bytes) -> None:
        """Give up an answer that is not true any more."""
        with self._lock:
            if (former := self._by_words.pop(words, None)) is not None:
                self._bytes -= former.size_bytes

    def keep(self, words: bytes, repeat: Repeat) -> None:
        """Remember an answer. When there are too many, all are forgotten: what is asked for all day comes back at once."""
        if repeat.size_bytes > _LARGEST_BYTES:
            return
        with self._lock:
            former = self._by_words.pop(words, None)
            self._bytes += repeat.size_bytes - (former.size_bytes if former else 0)
            if self._bytes > _MOST_BYTES:
                self._by_words.clear()
                self._bytes = repeat.size_bytes
            self._by_words[words] = repeat
