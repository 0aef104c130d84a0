"""Files as values of attributes: which stream each stands for, and how it is told.

The first single file attribute of a family is the content of the document itself; every other file is a stream beside it, by
whose name the metadata say it. On the wire a value is ``media type|id|name``.
"""

from __future__ import annotations

from typing import Any, Final

from davgate.core.revisions import Shown
from davgate.model.node import Content, Stream
from davgate.model.object_types import ObjectType, Property
from davgate.rest.dynacase.addressing import file_uri
from davgate.rest.dynacase.moments import moment
from davgate.rest.exchange import Exchange

_ID_DIGITS: Final = 32


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


def value(exchange: Exchange, shown: Shown, of: Property, index: int, id: str, stream: Stream) -> dict[str, Any]:
    """Return a file as the value of an attribute."""
    return {
        "value": reference(id, stream),
        "displayValue": stream.file_name,
        "size": stream.content.length_bytes,
        "creationDate": moment(exchange.store, shown.changed_at),
        "fileName": stream.file_name,
        "url": file_uri(exchange, shown, of.name, index, stream.file_name),
        "mime": stream.content.media_type,
        "icon": "",
    }
