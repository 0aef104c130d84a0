"""Parameters of queries, whose names come in any case: those of time, those of pages, and which of them there may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import Final, TypeAlias, TypeVar

from davgate.http.errors import InvalidValue
from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.virkning import BEGINNING, Window, parse_timestamp
from davgate.model.errors import Malformed
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.uuids import canonical
from davgate.rest.exchange import Exchange
from davgate.rest.lora.errors import UnsupportedArguments

T = TypeVar("T")

Arguments: TypeAlias = Sequence[tuple[str, str]]
"""Names in lower case with their values, in the order in which they came."""

VALID: Final = ("virkningstid", "virkningfra", "virkningtil")
KNOWN: Final = ("registreringstid", "registreretfra", "registrerettil")
TEMPORAL: Final = frozenset({*VALID, *KNOWN})
CONSOLIDATE: Final = "konsolider"
OF_READING: Final = TEMPORAL | {CONSOLIDATE}
_ALIASES: Final = {"bvn": "brugervendtnoegle"}
_MOST: Final = 2**53
"""Pages beyond it are as empty as those at it."""


@frozen
class Asked:
    """What of the registrations is asked for: when it is valid, and when it was known; None for what is known now.

    ``follows_clock`` tells that it is what is valid at the moment, so that the answer changes by itself.
    """

    valid: Window
    known: Window | None
    is_consolidated: bool
    follows_clock: bool


def arguments_of(exchange: Exchange) -> Arguments:
    """Return the parameters of a request. Of ``relation:objekttype`` the second half keeps its case.

    Raises:
        Malformed: see ``Exchange.pairs``.
    """
    return [(_canonical(name), value) for name, value in exchange.pairs()]


def _canonical(name: str) -> str:
    base, colon, kind = name.partition(":")
    base = base.lower()
    return _ALIASES.get(base, base) + colon + kind


def refuse_others(arguments: Arguments, allowed: Iterable[str] = ()) -> None:
    """Refuse what an operation does not take.

    Raises:
        UnsupportedArguments.
    """
    if others := {name for name, _ in arguments}.difference(allowed):
        raise UnsupportedArguments(others)


def asked_of(arguments: Arguments, zone: tzinfo, now: Instant) -> Asked:
    """Return which times are asked for; without any, what is valid and known at the moment.

    Raises:
        Malformed: a timestamp or window is none, or an instant stands beside a window.
    """
    valid = _window(arguments, VALID, zone)
    names = {name for name, _ in arguments}
    return Asked(valid or Window.at(now), _window(arguments, KNOWN, zone), CONSOLIDATE in names, follows_clock=valid is None)


def _window(arguments: Arguments, names: tuple[str, str, str], zone: tzinfo) -> Window | None:
    at, since, until = (single(arguments, name, lambda name, text: _instant(name, text, zone)) for name in names)
    if at is not None:
        if since is not None or until is not None:
            raise Malformed(f"{names[0]} stands beside {names[1]} or {names[2]}. Send an instant or a window.")
        if at in (FOREVER, BEGINNING):
            raise InvalidValue(f"{names[0]} has to be an instant.", names[0])
        return Window.at(at)
    if since is None and until is None:
        return None
    window = Window(BEGINNING if since is None else since, FOREVER if until is None else until)
    if window.start >= window.end:
        raise InvalidValue(f"{names[1]} has to be before {names[2]}.", names[1])
    return window


def _instant(name: str, text: str, zone: tzinfo) -> Instant:
    try:
        return parse_timestamp(text, zone)
    except InvalidObject as error:
        raise InvalidValue(f"{name}: {error}", name) from error


def single(arguments: Arguments, name: str, parse: Callable[[str, str], T]) -> T | None:
    """Return the value of a parameter that comes once at most, None without it.

    Raises:
        Malformed: it comes more than once, or what ``parse`` raises.
    """
    values = [value for known, value in arguments if known == name]
    if len(values) > 1:
        raise InvalidValue(f"{name} is given more than once. Send it once.", name)
    return parse(name, values[0]) if values else None


def uuid_in(name: str, text: str) -> str:
    """Return the uuid that a parameter names.

    Raises:
        InvalidValue: it is none.
    """
    uuid = canonical(text)
    if uuid is None:
        raise InvalidValue(f"{name}: {text[:80]!r} is no uuid.", name)
    return uuid


def count_in(name: str, text: str) -> int:
    """Return the number that a parameter of a page names.

    Raises:
        InvalidValue: it is none, or negative.
    """
    if not (text.isascii() and text.isdigit()):
        raise InvalidValue(f"{name}: {text[:80]!r} is no number from 0 up.", name)
    return min(int(text[:20]), _MOST)
