"""The query of an address, as pairs and as a type."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec

from davgate.http.requests import Environ
from davgate.model.errors import Malformed
from davgate.rest.json_bodies import invalid_value

Q = TypeVar("Q", bound=msgspec.Struct)

PAIRS: Final = 1000


def parse_pairs(environ: Environ) -> list[tuple[str, str]]:
    """Return name and value of each parameter in their order; a name alone has an empty value.

    Raises:
        Malformed: it is not UTF-8, or has too many parameters.
    """
    raw: str = environ.get("QUERY_STRING", "")
    if not raw:
        return []
    try:
        # WSGI hands over bytes above 127 as Latin-1, and old programs send UTF-8 unescaped.
        text = raw.encode("latin-1").decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PAIRS)
    except UnicodeError:
        raise Malformed("The query is not UTF-8. Encode it in UTF-8, then with percent signs.") from None
    except ValueError:
        raise Malformed(f"A query has at most {PAIRS} parameters. Send less in one request.") from None


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """Return name and value of each field of an urlencoded form in their order.

    Raises:
        Malformed: it is not UTF-8, or has too many fields.
    """
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=PAIRS)
    except UnicodeError:
        raise Malformed("The form is not UTF-8. Encode it in UTF-8, then with percent signs.") from None
    except ValueError:
        raise Malformed(f"A form has at most {PAIRS} fields. Send less in one request.") from None


def convert(pairs: list[tuple[str, str]], kind: type[Q]) -> Q:
    """Return parameters as a type: what it does not know is left out, a list takes all of a name, anything else the last.

    Raises:
        InvalidValue: a value is not of its type.
    """
    lists, singles = _fields(kind)
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in singles:
            values[name] = value
        elif name in lists:
            values.setdefault(name, []).append(value)
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as mistake:
        raise invalid_value(mistake) from None


@lru_cache(maxsize=256)
def _fields(kind: type[msgspec.Struct]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of the parameters that are lists, and of the others."""
    known = msgspec.structs.fields(kind)
    lists = frozenset(field.encode_name for field in known if _is_list(field.type))
    return lists, frozenset(field.encode_name for field in known) - lists


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (list, tuple) or any(get_origin(part) in (list, tuple) for part in get_args(kind))
