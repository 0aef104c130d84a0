"""Objects as they are written: properties, contents, permissions, and the lists that they come in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from davgate.core.batches import Unread
from davgate.core.describing import Described
from davgate.core.parents import Parent, Then, parents_of
from davgate.core.store import Context, Store
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, to_datetime
from davgate.model.metadata import TITLE, Metadata, title_of
from davgate.model.node import Content, Node, Version
from davgate.model.object_types import Kind, ObjectTypes, Property
from davgate.model.retaining import is_retained
from davgate.model.rights import Right
from davgate.rest.yuuvis.finding import Settings
from davgate.rest.yuuvis.kinds import Shape, floating_of, shape_of, type_of

TRACE: Final = "yuuvis:trace"
"""The property that keeps the id of the request that wrote a version, with the number of that version."""
PART: Final = "yuuvis:contentStream"
"""The property that keeps of which stream, and of which range of it, the content is a copy, with the digest of the copy."""


_VERSION_AND_VARIANT: Final = 0xF000 << 64 | 0xC000 << 48
_CUSTOM_MADE: Final = 0x8000 << 64 | 0x8000 << 48


class Value(msgspec.Struct, omit_defaults=True):
    """The value of a property; of a table with the names of its columns."""

    value: Any
    columnNames: list[str] | UnsetType = UNSET  # The name on the wire.


class ContentStream(msgspec.Struct, rename="camel"):
    """What is said of content."""

    content_stream_id: str
    length: int
    mime_type: str
    file_name: str
    digest: str
    repository_id: str
    range: str | UnsetType = UNSET


class Permissions(msgspec.Struct):
    """What the caller may do with an object."""

    read: list[str]
    write: list[str]
    delete: list[str]


class Entry(msgspec.Struct, rename="camel"):
    """An object. ``options`` tell what came of it, of several in one request."""

    properties: dict[str, Value]
    content_streams: list[ContentStream] | UnsetType = UNSET
    options: dict[str, Any] | UnsetType = UNSET
    permissions: Permissions | UnsetType = UNSET


class Objects(msgspec.Struct, rename="camel"):
    """A list of objects, or one in a list of its own."""

    objects: list[Entry]
    num_items: int
    has_more_items: bool
    total_num_items: int


def listed(entries: Sequence[Entry], *, total: int | None = None, has_more: bool = False) -> Objects:
    """Return objects as the list that is answered; ``total`` is how many there are where these are a page of them."""
    return Objects(list(entries), len(entries), has_more, len(entries) if total is None else total)


@frozen
class State:
    """An object as it is, or as it was in a version.

    ``moved_at`` is when it was moved or renamed, if that was after its current version. ``parent_version_no`` is the number of
    the version that its folder had then, None for that of today.
    """

    node: Node
    type: str | None
    created_by: str
    metadata: Metadata
    content: Content | None
    file_name: str
    version_no: int
    changed_by: str
    changed_at: Instant
    moved_at: Instant | None = None
    parent_version_no: int | None = None


def state_of(it: Described) -> State:
    """Return an object as it is. A folder of which nothing was said yet is in its first version."""
    said, node = it.said, it.node
    # Of who has it checked out the content is another one than that of the version.
    changed_at = said.said_at if it.content == said.content else it.changed_at
    no = max(1, node.version_no)
    return State(
        node, said.type, said.created_by, it.metadata, it.content, it.file_name, no, said.changed_by, changed_at, _moved_at(it)
    )


def _moved_at(it: Described) -> Instant | None:
    return it.said.placed_at if it.said.placed_at > it.said.said_at else None


def state_then(it: Described, version: Version, then: Then) -> State:
    """Return an object as it was in a version, in the folder that it was in then."""
    content = version.content if version.has_content else None
    said, is_current = it.said, version.no == it.node.version_no
    return State(
        it.node if is_current else replace(it.node, parent_id=then.parent_id),
        said.type,
        said.created_by,
        version.metadata,
        content,
        version.file_name or it.node.name or "",
        version.no,
        version.author,
        version.saved_at,
        _moved_at(it) if is_current else None,
        None if is_current else then.version_no,
    )


def entries_of(settings: Settings, store: Store, ctx: Context, described: Sequence[Described | Unread]) -> list[Entry]:
    """Return objects as they are shown, in their order; two statements at most for whatever number of them."""
    parents = parents_of(store, ctx, (one.node.parent_id for one in described if isinstance(one, Described)), settings.folder)
    return [
        entry_of(settings, store.types, state_of(one), parents) if isinstance(one, Described) else _unread(store.types, one)
        for one in described
    ]


def _unread(types: ObjectTypes, it: Unread) -> Entry:
    """Return what is told of an object to who wrote it and may not read it."""
    said = {
        "system:objectId": it.node.uuid,
        **_kind_said(it.node, type_of(types, it.type, is_collection=it.node.is_collection).local),
        "system:versionNumber": max(1, it.node.version_no),
    }
    return Entry({name: Value(value) for name, value in said.items()})


def entry_of(settings: Settings, types: ObjectTypes, state: State, parents: Mapping[int, Parent]) -> Entry:
    """Return an object as it is shown; ``parents`` are the folders that are shown as such, by their inner ids."""
    kind = type_of(types, state.type, is_collection=state.node.is_collection)
    shape = shape_of(types, kind, floating_of(state.metadata))
    parent = parents.get(state.node.parent_id) if state.node.parent_id is not None else None
    said = {
        **system_values(settings, state, kind.local),
        **_values_of_place(types, parent, state.parent_version_no),
        "system:secondaryObjectTypeIds": [one.local for one in shape.secondary] or None,
    }
    properties = {name: Value(value) for name, value in said.items() if value is not None}
    properties.update(_own_values(shape, state))
    return Entry(properties, UNSET if state.content is None else [_stream(settings, state, state.content)])


def system_values(settings: Settings, state: State, type_name: str) -> dict[str, Any]:
    """Return what the system says of an object, by the names of the properties that nobody else sets."""
    node = state.node
    return {
        "system:objectId": node.uuid,
        **_kind_said(node, type_name),
        "system:createdBy": state.created_by,
        "system:creationDate": time_of(node.created_at),
        "system:lastModifiedBy": state.changed_by,
        "system:lastModificationDate": time_of(state.changed_at),
        "system:versionNumber": state.version_no,
        "system:tenant": settings.tenant,
        "system:traceId": trace_of(state),
    }


def _kind_said(node: Node, type_name: str) -> dict[str, str]:
    return {"system:baseTypeId": "system:folder" if node.is_collection else "system:document", "system:objectTypeId": type_name}


def _values_of_place(types: ObjectTypes, parent: Parent | None, version_no_then: int | None) -> dict[str, Any]:
    if parent is None:
        return {}
    version_no = parent.version_no if version_no_then is None else version_no_then
    return {
        "system:parentId": parent.uuid,
        "system:parentObjectTypeId": type_of(types, parent.type, is_collection=True).local,
        "system:parentVersionNumber": max(1, version_no),
    }


def trace_of(state: State) -> str:
    """Return the id of the request that wrote a version; of one that another door wrote it is made up, and always the same.

    So is that of a request by which another door has moved or renamed the object since. That makes no version, but who read the
    object before has another one at hand than there is, and by this the match rule tells.
    """
    if state.moved_at is not None:
        return _made_up(f"{state.node.uuid} {state.version_no} {state.moved_at}")
    stored = state.metadata.get(TRACE)
    if isinstance(stored, dict) and stored.get("version") == state.version_no and isinstance(stored.get("id"), str):
        return str(stored["id"])
    return _made_up(f"{state.node.uuid} {state.version_no}")


def _made_up(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()[:16]


def _own_values(shape: Shape, state: State) -> Iterable[tuple[str, Value]]:
    """Yield the properties of the type and the secondary types, as far as they have a value."""
    for name, known in shape.properties.items():
        stored = value_of(known, state)
        if stored is not None and not known.is_hidden:
            yield name, shown_value(known, stored)


def value_of(known: Property, state: State) -> Any:
    """Return the value of a property as it is stored, None without one; without a title the name on the drive is the title."""
    if known.id == TITLE:
        return title_of(state.metadata, state.node.name) or None
    return state.metadata.get(known.id)


def shown_value(known: Property, stored: Any) -> Value:
    """Return a value as it is written."""
    if known.kind is Kind.TABLE:
        return Value(
            [[_shown_one(column, cell) for column, cell in zip(known.columns, row, strict=False)] for row in stored],
            [column.name for column in known.columns],
        )
    if known.kind is Kind.STRUCTURED:
        return Value(stored)
    if known.is_multiple:
        return Value([_shown_one(known, one) for one in (stored if isinstance(stored, list) else [stored])])
    return Value(_shown_one(known, stored))


def _shown_one(known: Property, stored: Any) -> Any:
    is_time = known.kind is Kind.DATETIME and isinstance(stored, str) and len(stored) == len("2018-01-26T15:21:17.170000Z")
    return f"{stored[:-4]}Z" if is_time else stored


def time_of(instant: Instant) -> str:
    """Return an instant as it is written: in UTC, to the millisecond."""
    return f"{to_datetime(instant):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


# Content


def stream_id(digest: bytes) -> str:
    """Return the id of stored bytes: their digest's first half as a UUID of its own making (RFC 9562, 5.8), in upper case."""
    number = int.from_bytes(digest[:16], "big") & ~_VERSION_AND_VARIANT | _CUSTOM_MADE
    return str(UUID(int=number)).upper()


def stream_shown(state: State, content: Content) -> tuple[str, str]:
    """Return the id of the stream that an object has its content from, and the range of it, empty for the whole."""
    part = state.metadata.get(PART)
    if isinstance(part, dict) and part.get("digest") == content.digest.hex().upper():
        return str(part["id"]), str(part["range"])
    return stream_id(content.digest), ""


def _stream(settings: Settings, state: State, content: Content) -> ContentStream:
    shown_id, parts = stream_shown(state, content)
    return ContentStream(
        shown_id,
        content.length_bytes,
        content.media_type,
        state.file_name,
        content.digest.hex().upper(),
        settings.repository,
        parts or UNSET,
    )


# Permissions


def permissions_of(it: Described, now: Instant) -> Permissions:
    """Return what the caller may do with an object; under retention its content stays, and so does itself."""
    held, is_folder = it.rights, it.node.is_collection
    stays = is_retained(it.metadata, now)
    of_object = ["metadata"] if is_folder else ["metadata", "content"]
    write = ["metadata"] if Right.WRITE_PROPERTIES in held else []
    if Right.WRITE_CONTENT in held and not is_folder and not stays:
        write.append("content")
    delete = ["object"] if is_folder else ["object", "content"]
    may_delete = Right.UNBIND in held and not stays
    return Permissions(of_object if Right.READ in held else [], write, delete if may_delete else [])
