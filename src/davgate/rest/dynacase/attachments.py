"""Files as values of attributes: which stream each stands for, and how it is told.

The first single file attribute of a family is the content of the document itself; every other file is a stream beside it, by
whose name the metadata say it. On the wire a value is ``media type|id|name``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from davgate.core import streams
from davgate.core.revisions import Shown
from davgate.model.instant import Instant
from davgate.model.node import Content, Stream
from davgate.model.object_types import Kind, ObjectType, Property
from davgate.rest.dynacase.addressing import file_uri
from davgate.rest.dynacase.moments import moment
from davgate.rest.exchange import Exchange

_ID_DIGITS: Final = 32
_MOST_DIGITS: Final = 18
_OWN: Final = ""

StoredAt: TypeAlias = Mapping[tuple[int, int, str], Instant]
"""When files were stored, as ``core.streams.stored_at`` has it."""


def attached(shown: Shown, family: ObjectType, of: Property) -> list[tuple[str, Stream]]:
    """Return the files of an attribute in their order, each with its id."""
    if of is family.primary_stream:
        content = shown.content
        return [] if content is None else [(_id_of(content), Stream(shown.file_name or shown.it.node.name or "", content))]
    said = shown.metadata.get(of.id)
    names: list[str] = said if isinstance(said, list) else [] if said is None else [said]
    return [(name, shown.streams[name]) for name in names if name in shown.streams]


def _id_of(content: Content) -> str:
    return content.digest.hex()[:_ID_DIGITS]


def reference(id: str, stream: Stream) -> str:
    """Return a file as it is told, and may be sent back."""
    return f"{stream.content.media_type}|{id}|{stream.file_name}"


def id_in(reference: str) -> str:
    """Return the id in what tells of a file; empty if it is none such."""
    parts = reference.split("|", 2)
    return parts[1] if len(parts) == 3 else ""


def temporary_number(id: str) -> int | None:
    """Return the number of the temporary file that an id means, None if it cannot be one of such a file."""
    return int(id) if id.isascii() and id.isdigit() and len(id) <= _MOST_DIGITS else None


def stored_at(exchange: Exchange, items: Iterable[Shown], attributes: Iterable[Property]) -> StoredAt:
    """Return when the files of documents were stored, if such are among the attributes that are told."""
    if not any(of.kind is Kind.FILE for of in attributes):
        return {}
    return streams.stored_at(exchange.store, exchange.ctx, items)


def value(
    exchange: Exchange, shown: Shown, family: ObjectType, of: Property, index: int, file: tuple[str, Stream], stored: StoredAt
) -> dict[str, Any]:
    """Return a file as the value of an attribute."""
    id, stream = file
    name = _OWN if of is family.primary_stream else id
    # A version may have been thinned since the document was looked at.
    at = stored.get((shown.initid, shown.version_no, name), shown.changed_at)
    return {
        "value": reference(id, stream),
        "displayValue": stream.file_name,
        "size": stream.content.length_bytes,
        "creationDate": moment(exchange.store, at),
        "fileName": stream.file_name,
        "url": file_uri(exchange, shown, of.name, index, stream.file_name),
        "mime": stream.content.media_type,
        "icon": "",
    }
