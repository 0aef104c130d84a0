"""What a request says of attributes: in JSON, or in a form with or without files, all brought into one shape.

A value is as JSON has it, or a file that came with the form; several are a list. Names of attributes are in small letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any, Final

import msgspec

from davgate.core.objects import File
from davgate.core.receiving import receive
from davgate.model.errors import Malformed, UnsupportedBody
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.frozen import frozen
from davgate.rest.dynacase.errors import NO_ATTRIBUTES, NO_VALUE, NO_VALUE_IN_LIST, NOT_JSON, Refused, answering
from davgate.rest.exchange import Exchange
from davgate.rest.multipart import Part
from davgate.rest.operations import BYTES, JSON, AnyOf, Json, Multipart, Urlencoded

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
_TEXT: Final = "text/plain"


class Value(msgspec.Struct):
    """One value of an attribute, or several."""

    value: str | int | float | bool | list[Any] | None


class Attributes(msgspec.Struct):
    """Values by the ids of their attributes."""

    attributes: dict[str, Value | list[Value | list[Value]]]


class Named(msgspec.Struct):
    """Properties that may be said of a new document: its logical name."""

    name: str | None = None


class NewAttributes(Attributes):
    """Values of a new document, and its name."""

    properties: Named | None = None


class Update(msgspec.Struct):
    """What is to change of a document."""

    document: Attributes


class Creation(msgspec.Struct):
    """What a new document says."""

    document: NewAttributes


class Form(msgspec.Struct):
    """Values by the ids of their attributes; which these are, the family says."""


def body_of(kind: type[msgspec.Struct]) -> AnyOf:
    """Return the body of an operation that takes attributes."""
    form = Multipart({"my_file": BYTES}, optional=frozenset({"my_file"}))
    return AnyOf((Json(Any, any_media_type=True, described=kind), Urlencoded(Form), form), required=False)


@frozen
class Sent:
    """What was sent: values by the names of attributes, and the logical name for a new document."""

    values: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None


def read(exchange: Exchange, *, is_new: bool = False) -> Sent:
    """Return what a request says of attributes; files that it brings are staged.

    JSON of a document that ``is_new`` may do without the member ``document``, and give a name.

    Raises:
        Refused: the JSON cannot be read, or has no attributes or values where they should be.
        InvalidProperty: the name is no text.
        UnsupportedBody: it is neither JSON nor a form.
        Malformed, TooLarge, BodyIncomplete, QuotaExceeded: see ``Exchange`` and ``receiving.receive``.
    """
    request = exchange.request
    said = request.content_type
    media_type = request.media_type if said is not None else JSON
    if said is None and not request.has_body:
        return Sent()
    if media_type == URLENCODED:
        return Sent(_by_name(exchange.urlencoded()))
    if media_type == MULTIPART:
        return Sent(_by_name([(part.name, one) for part in exchange.parts() if (one := _field(exchange, part)) is not None]))
    if media_type != JSON and not media_type.endswith("+json"):
        raise UnsupportedBody("The body has to be JSON or a form. Send it with its media type.")
    return _from_json(read_json(exchange), is_new=is_new)


def read_json(exchange: Exchange, kind: Any = Any) -> Any:
    """Return a body in JSON, of the type that the operation names.

    Raises:
        Refused: it is none.
        TooLarge, BodyIncomplete.
    """
    with answering({Malformed: NOT_JSON}):
        return exchange.json(kind)


# JSON


def _from_json(body: Any, *, is_new: bool) -> Sent:
    document = body.get("document", body if is_new else None) if isinstance(body, dict) else None
    attributes = document.get("attributes") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(attributes, dict):
        raise Refused(NO_ATTRIBUTES)
    return Sent({key.lower(): _value(key, one) for key, one in attributes.items()}, _name(document) if is_new else None)


def _name(document: dict[str, Any]) -> str | None:
    """Return the logical name that a new document is given."""
    about = document.get("properties")
    name = about.get("name") if isinstance(about, dict) else about
    if not isinstance(about, dict | None) or not isinstance(name, str | None):
        raise InvalidProperty("name", None, "must be a text")
    return name


def _value(name: str, said: Any) -> Any:
    if isinstance(said, list):
        return [_value_in_list(name, one) for one in said]
    if not isinstance(said, dict) or "value" not in said:
        raise Refused(replace(NO_VALUE, detail=f'The attribute "{name}" has no member value'))
    return said["value"]


def _value_in_list(name: str, said: Any) -> Any:
    if isinstance(said, list):
        return [_value_in_list(name, one) for one in said]
    if not isinstance(said, dict) or "value" not in said:
        raise Refused(
            replace(NO_VALUE_IN_LIST, detail=f'The attribute "{name}" has something without a member value in its list')
        )
    return said["value"]


# Forms


def _by_name(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return fields by their names; a name that comes twice, or ends in ``[]`` as PHP has it, is that of a list."""
    values: dict[str, Any] = {}
    for name, value in fields:
        bare = name.removesuffix("[]").lower()
        if bare in values:
            before = values[bare]
            values[bare] = [*(before if isinstance(before, list) else [before]), value]
        else:
            values[bare] = [value] if name.endswith("[]") else value
    return values


def _field(exchange: Exchange, part: Part) -> str | File | None:
    """Return what a part of a form says; None for the input of a page in which no file was chosen."""
    is_text = (part.media_type or _TEXT).lower().startswith(_TEXT)
    if part.file_name is None and is_text:
        try:
            return part.small().decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("A field of the form is not UTF-8. Send texts in UTF-8.") from None
    staged = receive(exchange.store, part)
    if part.file_name is None and not staged.length_bytes:
        return None
    return File(staged, part.file_name or part.name, part.media_type)
