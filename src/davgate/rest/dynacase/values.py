"""Values of attributes: as they are told, and what is stored for what was sent."""

from __future__ import annotations

import re
from typing import Any, Final

from davgate.core.revisions import Shown
from davgate.core.store import Store
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.metadata import title_of
from davgate.model.object_types import Kind, ObjectType, Property
from davgate.model.typed_values import check_value
from davgate.rest.dynacase import attachments
from davgate.rest.dynacase.addressing import FOR_OTHERS
from davgate.rest.dynacase.attachments import StoredAt
from davgate.rest.dynacase.moments import shown_time, stored_time
from davgate.rest.exchange import Exchange

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_LOCAL_DATE: Final = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_LONGEST_NUMBER: Final = 400
_TEXTS: Final = (Kind.TEXT, Kind.LONGTEXT, Kind.ID)

# As they are told


def told(exchange: Exchange, shown: Shown, family: ObjectType, of: Property, stored_at: StoredAt) -> Any:
    """Return what a document says in an attribute: an object, or a list of them."""
    if of.kind is Kind.FILE:
        files = attachments.attached(shown, family, of)
        if of.is_multiple:
            return [attachments.value(exchange, shown, family, of, no, one, stored_at) for no, one in enumerate(files)]
        if files:
            return attachments.value(exchange, shown, family, of, -1, files[0], stored_at)
        return _told(exchange.store, of, None)
    value = stored(shown, family, of)
    if of.is_multiple:
        values = value if isinstance(value, list) else [] if value is None else [value]
        return [_told(exchange.store, of, one) for one in values]
    return _told(exchange.store, of, value)


def stored(shown: Shown, family: ObjectType, of: Property) -> Any:
    """Return the stored value of an attribute, None if there is none; what has no title is called as on the drive."""
    value = shown.metadata.get(of.id)
    if of is family.title and value is None and family.name == FOR_OTHERS:
        return title_shown(shown) or None
    return value


def title_shown(shown: Shown) -> str:
    """Return what a document is called."""
    return title_of(shown.metadata, shown.it.node.name) or shown.file_name


def _told(store: Store, of: Property, value: Any) -> dict[str, Any]:
    if value is None:
        return {"value": None, "displayValue": None}
    if of.kind is Kind.DATETIME and isinstance(value, str):
        value = shown_time(store, value)
    return {"value": value, "displayValue": _displayed(of, value)}


def _displayed(of: Property, value: Any) -> str:
    if of.kind is Kind.ENUM:
        return of.choices.get(str(value), str(value))
    if of.kind is Kind.DATE:
        return _day(value)
    if of.kind is Kind.DATETIME:
        day, _, clock = str(value).partition(" ")
        return f"{_day(day)} {clock}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _day(iso: str) -> str:
    return "/".join(reversed(iso.split("-")))


# As they are sent


def is_nothing(sent: object) -> bool:
    """Tell whether what was sent takes the value away."""
    return sent is None or sent in ("", [])


def taken(store: Store, of: Property, sent: object) -> Any:
    """Return what is stored for what was sent, None for nothing. Files are not for here.

    Raises:
        InvalidProperty: it is no value of the attribute.
    """
    if is_nothing(sent):
        return None
    if not of.is_multiple:
        return check_value(of, _converted(store, of, sent, None))
    values = sent if isinstance(sent, list) else [sent]
    kept = [_converted(store, of, one, index) for index, one in enumerate(values) if not is_nothing(one)]
    return check_value(of, kept)


def _converted(store: Store, of: Property, sent: object, index: int | None) -> object:
    """Return a single value as JSON would have it: forms send nothing but texts."""
    if isinstance(sent, list):
        raise InvalidProperty(of.name, index, "has one value, not a list")
    if not isinstance(sent, str):
        return _as_written(of, sent)
    if of.kind in _TEXTS:
        return sent
    try:
        return _read(store, of, sent.strip())
    except (ValueError, OverflowError) as why:
        raise InvalidProperty(of.name, index, str(why)) from None


def _as_written(of: Property, sent: object) -> object:
    is_number = isinstance(sent, int | float) and not isinstance(sent, bool)
    if of.kind is Kind.INTEGER and isinstance(sent, float) and sent.is_integer():
        return int(sent)
    return str(sent) if is_number and of.kind in (*_TEXTS, Kind.ENUM) else sent


def _read(store: Store, of: Property, text: str) -> object:
    match of.kind:
        case Kind.INTEGER if _INTEGER.fullmatch(text):
            return int(text)
        case Kind.DECIMAL if _INTEGER.fullmatch(text):
            return int(text)
        case Kind.DECIMAL if len(text) < _LONGEST_NUMBER and _DECIMAL.fullmatch(text):
            return float(text)
        case Kind.BOOLEAN:
            return _TRUTHS.get(text.lower(), text)
        case Kind.DATE if local := _LOCAL_DATE.fullmatch(text):
            return f"{local[3]}-{local[2]}-{local[1]}"
        case Kind.DATETIME:
            return stored_time(store, text)
    return text
