"""What a client sends: objects in a list, as JSON, or in a form beside the contents that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType, field

from davgate.core.objects import File
from davgate.core.receiving import receive
from davgate.http.errors import InvalidValue
from davgate.model.errors import Malformed
from davgate.model.frozen import frozen
from davgate.rest.exchange import Exchange
from davgate.rest.operations import BYTES, AnyOf, Json, Multipart
from davgate.rest.yuuvis.errors import WRONG_CONTENT, invalid

_METADATA_PARTS: Final = ("data", "metadata")

MOST: Final = 100
"""How many objects are changed at once."""
MOST_NEW: Final = 1000
"""How many objects are imported at once, while nobody else writes."""

SentProperties = Mapping[str, Any]
"""Values by the names of properties, each in an object of its own, as they were sent."""


@frozen
class Sent:
    """An object as it was sent: its properties, and what it says of its content, None if nothing."""

    properties: SentProperties
    stream: Mapping[str, Any] | None


# What the OpenAPI document says of it; what is really taken is read below.


class SentValue(Struct, rename="camel"):
    """A value; of a table with the columns that it has, in its own order."""

    value: Any = None
    column_names: list[str] | UnsetType = UNSET


class SentStream(Struct, rename="camel"):
    """Content: the part of the form that has it, or what is in the store already."""

    cid: str | UnsetType = UNSET
    content_stream_id: str | UnsetType = UNSET
    repository_id: str | UnsetType = UNSET
    range: str | UnsetType = UNSET
    mime_type: str | UnsetType = UNSET
    file_name: str | UnsetType = UNSET


class SentObject(Struct, rename="camel"):
    """An object."""

    properties: dict[str, SentValue]
    content_streams: Annotated[list[SentStream], Meta(max_length=1)] | UnsetType = UNSET


class Envelope(Struct):
    """Objects in a list, also if there is one alone."""

    objects: Annotated[list[SentObject], Meta(min_length=1, max_length=MOST_NEW)]


class IdValue(Struct):
    """The id of an object."""

    value: str


class IdAmongOthers(Struct):
    """Properties, of which the id says whose they are."""

    object_id: IdValue = field(name="system:objectId")


class NamedObject(Struct, rename="camel"):
    """An object that is there already."""

    properties: IdAmongOthers


class Some(Struct):
    """Objects that are there already, not too many."""

    objects: Annotated[list[NamedObject], Meta(min_length=1, max_length=MOST)]


class AnyNumber(Struct):
    """Objects that are there already."""

    objects: Annotated[list[NamedObject], Meta(min_length=1)]


class Single(Struct):
    """One object in a list of its own."""

    objects: Annotated[list[SentObject], Meta(min_length=1, max_length=1)]


_AS_JSON: Final = Json(dict[str, Any], described=Envelope)
SOME_AS_JSON: Final = Json(dict[str, Any], described=Some)
ANY_NUMBER_AS_JSON: Final = Json(dict[str, Any], described=AnyNumber)
ONE_AS_JSON: Final = Json(dict[str, Any], described=Single)
AS_FORM: Final = AnyOf((_AS_JSON, Multipart({"data": Envelope, "file": BYTES}, optional=frozenset({"file"}))))
ONE_AS_FORM: Final = AnyOf((ONE_AS_JSON, Multipart({"data": Single, "file": BYTES}, optional=frozenset({"file"}))))
"""In the document the part with content is called ``file``; really it has the name that the object gives it."""


# Reading


def read(exchange: Exchange) -> list[Sent]:
    """Return the objects that were sent as JSON.

    Raises:
        Malformed, UnsupportedBody, TooLarge, BodyIncomplete.
    """
    return _entries(exchange.json(dict[str, Any]))


def read_one(exchange: Exchange) -> Sent:
    """Return the only object that was sent as JSON; see ``read``."""
    return _only(read(exchange))


def read_with_files(exchange: Exchange) -> tuple[list[Sent], Mapping[str, File]]:
    """Return the objects that were sent, as JSON or in a form, and the contents of the form by the names of their parts.

    Raises:
        Malformed, UnsupportedBody, TooLarge, BodyIncomplete, QuotaExceeded: see ``Exchange.parts`` and ``receiving.receive``.
    """
    return _read_form(exchange) if exchange.request.media_type == "multipart/form-data" else (read(exchange), {})


def read_one_with_files(exchange: Exchange) -> tuple[Sent, Mapping[str, File]]:
    """Return the same for one object; see ``read_with_files``."""
    entries, files = read_with_files(exchange)
    return _only(entries), files


def _only(entries: list[Sent]) -> Sent:
    if len(entries) != 1:
        raise InvalidValue("objects: There must be one object, that of the address.", "objects")
    return entries[0]


def _read_form(exchange: Exchange) -> tuple[list[Sent], Mapping[str, File]]:
    entries: list[Sent] | None = None
    files: dict[str, File] = {}
    for part in exchange.parts():
        if entries is None and part.name in _METADATA_PARTS:
            entries = _entries(part.json(dict[str, Any]))
        elif part.name not in files and (entries is None or part.name in _named(entries)):
            files[part.name] = File(receive(exchange.store, part), part.file_name or "", part.media_type)
    if entries is None:
        raise Malformed("The form has no part 'data'. Send the objects in it, as JSON.")
    return entries, files


def _named(entries: Sequence[Sent]) -> set[object]:
    """Return the names of the parts that objects say they have their content in."""
    return {cid for one in entries if one.stream is not None and isinstance(cid := one.stream.get("cid"), str)}


def _entries(body: Mapping[str, Any]) -> list[Sent]:
    objects = body.get("objects")
    if not isinstance(objects, list) or not objects:
        raise InvalidValue("objects: There must be a list with an object at least.", "objects")
    return [_entry(f"objects[{position}]", one) for position, one in enumerate(objects)]


def _entry(place: str, sent: object) -> Sent:
    if not isinstance(sent, dict):
        raise InvalidValue(f"{place}: It must be an object.", place)
    properties = sent.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise InvalidValue(f"{place}.properties: It must be an object.", f"{place}.properties")
    return Sent(properties or {}, _stream(f"{place}.contentStreams", sent.get("contentStreams")))


def _stream(place: str, sent: object) -> Mapping[str, Any] | None:
    if sent is None or sent == []:
        return None
    if not isinstance(sent, list) or not all(isinstance(one, dict) for one in sent):
        raise InvalidValue(f"{place}: It must be a list of objects.", place)
    if len(sent) > 1:
        raise invalid(WRONG_CONTENT, f"{place}: An object has one content at most.")
    stream: dict[str, Any] = sent[0]
    return stream
