"""What comes with a request that writes: an object as JSON, or in a form beside the files that it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final, TypeAlias

import msgspec

from davgate.core.objects import File
from davgate.core.receiving import receive
from davgate.http.errors import InvalidValue
from davgate.model.frozen import frozen
from davgate.model.media_types import UNKNOWN
from davgate.rest import json_bodies
from davgate.rest.exchange import Exchange
from davgate.rest.lora.errors import EmptyBody
from davgate.rest.operations import AnyOf, Json, Multipart, Urlencoded

Fields: TypeAlias = dict[str, Any]

_FIELD: Final = "json"


class InForm(msgspec.Struct):
    """The fields of a form of texts."""

    json: str


BODY: Final = AnyOf((Json(Fields, any_media_type=True), Multipart({_FIELD: Fields}), Urlencoded(InForm)))
"""How an object comes."""
NOTE: Final = AnyOf((Json(Fields, any_media_type=True),), required=False)
"""How the note of a deletion comes, if there is one."""


@frozen
class Payload:
    """What a client says of an object, and the files that came with it by the names of their parts."""

    said: Fields
    files: Mapping[str, File] = field(default_factory=dict)


def payload_of(exchange: Exchange, *, with_files: bool) -> Payload:
    """Return what a request says; its files are staged, where the class takes any.

    Raises:
        EmptyBody: it says nothing.
        Malformed: it is no JSON, no object, or a form that cannot be read.
        TooLarge, BodyIncomplete, QuotaExceeded: see ``Exchange.parts`` and ``receiving.receive``.
    """
    match exchange.request.media_type:
        case "multipart/form-data":
            payload = _form(exchange, with_files=with_files)
        case "application/x-www-form-urlencoded":
            payload = Payload(_object(dict(exchange.urlencoded()).get(_FIELD, "").encode()))
        case _:
            payload = Payload(_object(_body(exchange)))
    if not payload.said:
        raise EmptyBody()
    return payload


def note_of(exchange: Exchange) -> str:
    """Return the note of a deletion, empty without one.

    Raises:
        Malformed: the body is no object, or its note no text.
        TooLarge, BodyIncomplete.
    """
    note = _object(_body(exchange)).get("note")
    if not isinstance(note, str | None):
        raise InvalidValue("note: a note is a text.", "note")
    return note or ""


def _form(exchange: Exchange, *, with_files: bool) -> Payload:
    said: Fields = {}
    files: dict[str, File] = {}
    for part in exchange.parts():
        if part.name == _FIELD and not said:
            said = _object(part.small())
        elif part.file_name is not None and with_files and part.name not in files:
            files[part.name] = File(receive(exchange.store, part), part.file_name, part.media_type or UNKNOWN)
    return Payload(said, files)


def _body(exchange: Exchange) -> bytes:
    return exchange.request.small_body(exchange.service.limits.json_bytes)


def _object(data: bytes) -> Fields:
    return json_bodies.decode(data, Fields) if data.strip() else {}
