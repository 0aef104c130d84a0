"""Values of typed properties: what is stored for what was given, and what is missing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.instant import parse_iso
from davgate.model.metadata import Metadata
from davgate.model.names import UNSTORABLE
from davgate.model.object_types import Kind, ObjectType, Property

LARGEST: Final = 2**63 - 1
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]{1,9}))?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def check_value(of: Property, value: object) -> Any:
    """Return a value as it is stored, or None if there is none.

    Values are as JSON has them. One that is given bare for a multiple property is a list of one; an empty list is no value.

    Raises:
        InvalidProperty: this is no value of the property.
    """
    if value is None:
        return None
    if not of.is_multiple:
        if isinstance(value, list | tuple) and of.kind not in (Kind.TABLE, Kind.STRUCTURED):
            raise InvalidProperty(of.name, None, "has one value, not a list")
        return _checked(of, value, None)
    values = value if isinstance(value, list | tuple) else [value]
    return [_checked(of, one, index) for index, one in enumerate(values)] or None


def complete(of: ObjectType, metadata: Metadata) -> Metadata:
    """Return a snapshot with the defaults of a type for what it does not say."""
    defaults = {one.id: one.default for one in of.properties if one.default is not None}
    return MappingProxyType({**defaults, **metadata})


def missing_required(of: ObjectType, metadata: Metadata) -> tuple[Property, ...]:
    """Return the properties that an object of a type must have and a snapshot has not; see ``is_missing``."""
    return tuple(one for one in of.properties if is_missing(one, metadata.get(one.id)))


def is_missing(of: Property, value: object) -> bool:
    """Tell whether a property must have a value and this one, as it is stored, is none: an empty text or list says nothing."""
    return of.is_required and value in (None, "", [])


def stored_instant(moment: datetime) -> str:
    """Return an aware time in the one form in which times are stored, which sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _checked(of: Property, value: object, index: int | None) -> Any:
    if value is None:
        raise InvalidProperty(of.name, index, "has a value that is null among others")
    try:
        stored = _CHECKS[of.kind](of, value)
    except ValueError as why:
        raise InvalidProperty(of.name, index, str(why)) from None
    return stored


def _text(of: Property, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if UNSTORABLE.search(value):
        raise ValueError("has a character in it that cannot be stored")
    if of.max_length is not None and len(value) > of.max_length:
        raise ValueError(f"must have at most {of.max_length} characters")
    if of.min_length is not None and len(value) < of.min_length:
        raise ValueError(f"must have at least {of.min_length} characters")
    if of.pattern and not _compiled(of.pattern).fullmatch(value):
        raise ValueError(f"must match {of.pattern}")
    return value


_compiled = lru_cache(maxsize=256)(re.compile)


def _integer(of: Property, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    if not -LARGEST - 1 <= value <= LARGEST:
        raise ValueError("must be a whole number of 64 bits")
    return value


def _decimal(of: Property, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    if isinstance(value, int) and -LARGEST - 1 <= value <= LARGEST:
        return value
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _boolean(of: Property, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _date(of: Property, value: object) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("must be a date such as 2026-11-20")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise ValueError("must be a day of the calendar") from None
    return value


def _datetime(of: Property, value: object) -> str:
    match = _DATETIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a time such as 2026-11-20T14:05:00.000Z")
    day, clock, fraction, offset = match.groups()
    # What is finer than a microsecond is cut off, as the store has nothing finer.
    text = f"{day}T{clock if len(clock) > 5 else clock + ':00'}.{(fraction or '0')[:6]:0<6}{(offset or 'Z').upper()}"
    try:
        return stored_instant(parse_iso(text))
    except (ValueError, OverflowError):
        raise ValueError("must be a time of the calendar") from None


def _choice(of: Property, value: object) -> str:
    if not isinstance(value, str) or value not in of.choices:
        raise ValueError(f"must be one of {', '.join(of.choices)}")
    return value


def _table(of: Property, value: object) -> list[list[Any]]:
    if not isinstance(value, list):
        raise ValueError("must be a list of rows")
    return [_row(of, no, row) for no, row in enumerate(value, start=1)]


def _row(of: Property, no: int, row: object) -> list[Any]:
    if not isinstance(row, list) or len(row) != len(of.columns):
        raise ValueError(f"has a row {no} that has not {len(of.columns)} cells")
    cells = []
    for column, cell in zip(of.columns, row, strict=True):
        try:
            cells.append(None if cell is None else _CHECKS[column.kind](column, cell))
        except ValueError as why:
            raise ValueError(f"has a row {no} whose {column.name} {why}") from None
    return cells


def _structured(of: Property, value: object) -> object:
    if not isinstance(value, dict | list):
        raise ValueError("must be an object or a list")
    _check_json(value)
    return value


def _check_json(value: object) -> None:
    """Refuse what cannot be stored as JSON: a default comes from TOML, which has days and numbers without end, too."""
    if isinstance(value, dict):
        for key, one in value.items():
            _check_json(key)
            _check_json(one)
    elif isinstance(value, list):
        for one in value:
            _check_json(one)
    elif isinstance(value, str):
        if UNSTORABLE.search(value):
            raise ValueError("has a character in it that cannot be stored")
    elif not isinstance(value, int | float | None) or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("has something in it that JSON has not")


_CHECKS: Final[Mapping[Kind, Callable[[Property, object], Any]]] = {
    Kind.TEXT: _text,
    Kind.LONGTEXT: _text,
    Kind.ID: _text,
    Kind.FILE: _text,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.ENUM: _choice,
    Kind.TABLE: _table,
    Kind.STRUCTURED: _structured,
}
"""The kinds of properties; those that are missing here LoRA alone has, see ``model.bitemporal.merging``."""
