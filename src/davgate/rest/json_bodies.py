"""Bodies in JSON (RFC 8259): decoded into a type, with everything refused that two programs could read differently.

msgspec decodes and checks types. What it lets pass is looked at beside it: names that come twice, bytes that are not UTF-8 in
what no type names, and nesting so deep that answering with the same values would fail.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from davgate.http.errors import InvalidValue
from davgate.model.errors import Malformed, TooLarge

T = TypeVar("T")

DEPTH: Final = 64
VALUES: Final = 250_000
"""Most objects, lists and members of a body: each costs many times what it takes on the wire."""

_TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(r"[][{}]")
_MISSING = re.compile(r"missing required field `(.*)`\Z")
_PLACE = re.compile(r" - at `\$\.?(.*)`\Z")


def decode(data: bytes, kind: type[T]) -> T:
    """Return a body as a type of msgspec; names that the type does not know are left out.

    Raises:
        Malformed: it is no JSON, not in UTF-8, nested too deep, or has a name twice in one object.
        InvalidValue: it is JSON of another type; ``field`` tells where.
        TooLarge: it has too many values.
    """
    try:
        text = data.decode("utf-8")
        _check_shape(text)
        value = msgspec.json.decode(data, type=kind)
        json.loads(text, object_pairs_hook=_check_names, parse_constant=_refuse_constant)
    except msgspec.ValidationError as mistake:
        raise invalid_value(mistake) from None
    except UnicodeDecodeError:
        raise Malformed("The body is not in UTF-8. Send JSON in UTF-8.") from None
    except (ValueError, RecursionError) as mistake:
        raise Malformed(f"The body is no JSON: {mistake}.") from None
    return value


def invalid_value(mistake: msgspec.ValidationError) -> InvalidValue:
    """Return the error that says in whose field a value of the wrong type stands."""
    text = str(mistake)
    place = _PLACE.search(text)
    sentence = text[: place.start()] if place else text
    field = place[1] if place else ""
    if missing := _MISSING.search(sentence):
        field = f"{field}.{missing[1]}" if field else missing[1]
    return InvalidValue(f"{field}: {sentence}." if field else f"{sentence}.", field)


def _check_shape(text: str) -> None:
    if text.count("{") + text.count("[") <= DEPTH and text.count(",") <= VALUES:
        return
    bare = _TEXT.sub("", text)
    if bare.count("{") + bare.count("[") + bare.count(",") > VALUES:
        raise TooLarge(f"A body in JSON has at most {VALUES} values. Send less in one request.")
    depth = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEPTH:
            raise Malformed(f"The body is nested more than {DEPTH} deep. Send it flatter.")


def _check_names(members: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) != len(members):
        raise ValueError("an object has a name twice")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
