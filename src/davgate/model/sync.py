"""Sync tokens: names for states of the store, and for the places within an answer that was cut (RFC 6578, 3.1 and 3.6).

A state is the number of the newest change and its instant. The instant tells two histories apart that went on from one backup:
the number alone would mean something else in each.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

from davgate.model.errors import InvalidSyncToken
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.names import can_exist


@frozen
class State:
    """What the store is after a change; before the first one, the number is 0."""

    seq: int
    at: Instant


@frozen
class SyncToken:
    """A state that a client knows, or is on the way to.

    On the way, ``since`` is the state that it began at, None for nothing, and it has been told all members that changed up to the
    path ``told``, in the order of paths as text. At the end it knows ``state`` and perhaps some of what came after.

    After a way in several parts it may have missed what went from collections that left between two of them, since the instant
    ``unsure_from``. A way in one part makes it sure again.
    """

    state: State
    since: State | None = None
    told: str = ""
    unsure_from: Instant | None = None

    @property
    def is_on_the_way(self) -> bool:
        """Whether some of the changes up to the state have not been told yet."""
        return bool(self.told)


_PREFIX: Final = "urn:davgate:sync:"
_TOKEN = re.compile(
    r"(?P<store>[0-9a-f-]{36}):(?P<state>[0-9]{1,18}-[0-9]{1,18})(?:-(?P<unsure>[0-9]{1,18}))?"
    r"(?::(?P<since>[0-9]{1,18}-[0-9]{1,18})?:(?P<told>[A-Za-z0-9%._~/-]+))?"
)


def format_token(store_uuid: str, token: SyncToken) -> str:
    """Return a token as the URI that clients keep."""
    unsure = "" if token.unsure_from is None else f"-{token.unsure_from}"
    text = f"{_PREFIX}{store_uuid}:{_format_state(token.state)}{unsure}"
    if not token.is_on_the_way:
        return text
    since = "" if token.since is None else _format_state(token.since)
    return f"{text}:{since}:{quote(token.told)}"


def parse_token(store_uuid: str, text: str) -> SyncToken:
    """Return the token that a client sends.

    Raises:
        InvalidSyncToken: it is none of this store.
    """
    found = _TOKEN.fullmatch(text, len(_PREFIX)) if text.startswith(_PREFIX) else None
    if found is None or found["store"] != store_uuid:
        raise InvalidSyncToken()
    since = None if found["since"] is None else _parse_state(found["since"])
    unsure_from = None if found["unsure"] is None else Instant(int(found["unsure"]))
    return SyncToken(_parse_state(found["state"]), since, _parse_path(found["told"] or ""), unsure_from)


def _parse_path(text: str) -> str:
    """Return a path as text; one with a name that nothing can have was never told."""
    try:
        path = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidSyncToken() from None
    if not all(map(can_exist, path.split("/"))):
        raise InvalidSyncToken()
    return path


def _format_state(state: State) -> str:
    return f"{state.seq}-{state.at}"


def _parse_state(text: str) -> State:
    seq, _, at = text.partition("-")
    return State(int(seq), Instant(int(at)))
