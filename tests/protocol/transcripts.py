"""Plays transcripts: what a program sends, line by line, and what it is answered.

A line is ``METHOD PATH [-> DESTINATION] [CONTENT] [{TOKEN}] : STATUS [= TOKEN]``, quoted as in a shell. ``empty`` is no byte,
any other content is its own text. A token is known by its name from the line of the LOCK on. Paths are below the drive.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from tests.protocol.client import SET_AUTHOR, lockinfo

_DESTINATION = {"MOVE", "COPY"}


class Answer(Protocol):
    """What comes back."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes: ...


class Sender(Protocol):
    """Somebody who sends requests, as ``tests.protocol.client.Client`` does."""

    def __call__(self, method: str, target: str, body: bytes | str = b"", **headers: str) -> Answer: ...


def address(path: str) -> str:
    """Return the address of a path below the drive."""
    return "/dav" + quote(path)


def play(client: Sender, transcript: str, tokens: dict[str, str] | None = None) -> dict[str, str]:
    """Send every line of a transcript, hold its status against the one that is written, and return the tokens."""
    known = {} if tokens is None else tokens
    for line in filter(None, map(str.strip, transcript.splitlines())):
        asked, expected = line.rsplit(" : ", 1)
        status, _, name = expected.partition(" = ")
        answer = _send(client, shlex.split(asked), known)
        assert str(answer.status) in status.strip().split("|"), f"{line}: {answer.status} {answer.body!r}"
        if name:
            known[name.strip()] = answer.headers["lock-token"][1:-1]
    return known


def _send(client: Sender, words: list[str], known: dict[str, str]) -> Answer:
    method, path, *rest = words
    headers: dict[str, str] = {}
    body = b""
    while rest:
        word = rest.pop(0)
        if word == "->":
            headers["destination"] = address(rest.pop(0))
        elif word.startswith("{"):
            token = known[word.strip("{}")]
            if method == "UNLOCK":
                headers["lock_token"] = f"<{token}>"
            else:
                headers["if_"] = f"<{address(path)}> (<{token}>)" if method not in _DESTINATION else f"(<{token}>)"
        elif "=" in word and word.split("=")[0] in ("overwrite", "if_match", "if_none_match", "timeout", "depth"):
            key, value = word.split("=", 1)
            headers[key] = value
        else:
            body = b"" if word == "empty" else word.encode()
    if method == "LOCK" and "if_" not in headers:
        body = lockinfo().encode()
    if method == "PROPPATCH":
        body = SET_AUTHOR.encode()
    if method == "PUT" and not body:
        headers["content_length"] = "0"
    return client(method, address(path), body, **headers)
