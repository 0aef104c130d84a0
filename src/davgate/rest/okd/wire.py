"""Documents, locks and lists as OKD writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from davgate.core import signed_locks
from davgate.core.describing import Described
from davgate.core.store import Context, Store
from davgate.model.instant import FOREVER, Instant, to_datetime
from davgate.model.media_types import UNKNOWN, guess, readable
from davgate.model.metadata import DESCRIPTION, title_of
from davgate.model.node import Content
from davgate.rest.okd import metadata

_UNKNOWN_TYPES = frozenset({UNKNOWN, "application/binary"})


class Wire(msgspec.Struct, rename="camel"):
    """Base of all bodies: names are in camel case."""


class Digest(Wire):
    """The digest of the content."""

    algorithm: str
    value: str


class Lock(Wire):
    """A lock: whose, since when, until when (null for one without end), and whether it is the caller's."""

    locked_by: str
    locked_at: datetime | None
    expires_at: datetime | None
    mine: bool


class LockState(Wire):
    """Whether a document is locked; the rest is there while it is."""

    locked: bool
    locked_by: str | msgspec.UnsetType = msgspec.UNSET
    locked_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    expires_at: datetime | None | msgspec.UnsetType = msgspec.UNSET
    mine: bool | msgspec.UnsetType = msgspec.UNSET


class Created(Wire):
    """The answer to a new document."""

    dms_document_id: str


class Document(Wire):
    """What is known of a document; null where it is not known."""

    dms_document_id: str
    document_id: str
    title: str | None
    document_name: str | None
    file_name: str | None
    format: str | None
    document_size: int | None
    digest: Digest | None
    document_type: str | None
    document_subtype: str | None
    description: str | None
    retention_period_suggestion: str | None
    received_date: str | None
    registration_date: str | None
    student_number: str | None
    person_id: str | None
    association_id: str | None
    sequence_code: str | None
    creation_date: datetime
    modification_date: datetime
    created_by: str
    version: int
    locked: bool
    lock: Lock | None
    document_temp_download_url: str | None
    metadata: dict[str, Any]


class Documents(Wire):
    """A page of a list."""

    page_size: int
    page_number: int
    has_previous_page: bool
    has_next_page: bool
    total_pages: int
    total_items: int
    items: list[Document]


class DocumentType(Wire):
    """A type of documents; subtypes are up to each school."""

    document_type: str
    document_subtypes: list[str]


class DocumentTypes(Wire):
    """All types of documents."""

    items: list[DocumentType]


def documents_of(store: Store, ctx: Context, described: Sequence[Described]) -> list[Document]:
    """Return documents as they are shown; one statement if any is locked."""
    tokens = [one.lock.token for one in described if one.lock is not None]
    taken = signed_locks.taken_at(store, tokens) if tokens else {}
    return [_document(ctx, one, taken) for one in described]


def _document(ctx: Context, it: Described, taken: Mapping[str, Instant]) -> Document:
    said, node = it.metadata, it.node
    lock = _lock(ctx, it, taken)
    title = title_of(said, node.name) or None
    others = said.get(metadata.OTHERS)
    return Document(
        dms_document_id=node.uuid,
        document_id=_text(said, metadata.DOCUMENT_ID) or node.uuid,
        title=title,
        document_name=title,
        file_name=None if it.content is None else it.file_name or node.name,
        format=None if it.content is None else format_of(it.content, it.file_name),
        document_size=None if it.content is None else it.content.length_bytes,
        digest=None if it.content is None else Digest("sha_256", it.content.digest.hex().upper()),
        document_type=_text(said, metadata.DOCUMENT_TYPE),
        document_subtype=_text(said, metadata.SUBTYPE),
        description=_text(said, DESCRIPTION),
        retention_period_suggestion=_text(said, metadata.RETENTION),
        received_date=_text(said, metadata.RECEIVED),
        registration_date=_text(said, metadata.REGISTERED),
        student_number=_text(said, metadata.STUDENT_NUMBER),
        person_id=_text(said, metadata.PERSON_ID),
        association_id=_text(said, metadata.ASSOCIATION_ID),
        sequence_code=_text(said, metadata.SEQUENCE),
        creation_date=_time(node.created_at),
        modification_date=_time(it.changed_at),
        created_by=it.said.created_by,
        version=node.version_no,
        locked=lock is not None,
        lock=lock,
        document_temp_download_url=None,
        metadata=others if isinstance(others, dict) else {},
    )


def lock_state_of(store: Store, ctx: Context, it: Described) -> LockState:
    """Return the lock on a document as it is shown for itself."""
    taken = signed_locks.taken_at(store, [it.lock.token]) if it.lock is not None else {}
    lock = _lock(ctx, it, taken)
    if lock is None:
        return LockState(locked=False)
    return LockState(True, lock.locked_by, lock.locked_at, lock.expires_at, lock.mine)


def _lock(ctx: Context, it: Described, taken: Mapping[str, Instant]) -> Lock | None:
    """Return what keeps others from writing: a lock, or somebody else's check-out, which is one without end."""
    if (one := it.lock) is not None:
        ends_at = None if one.expires_at == FOREVER else _time(one.expires_at)
        taken_at = taken.get(one.token)
        mine = one.principal_id == ctx.principal.id
        return Lock(it.lock_holder, None if taken_at is None else _time(taken_at), ends_at, mine)
    held = it.held_by
    if held is not None and held.principal_id != ctx.principal.id:
        return Lock(held.principal_name, _time(held.taken_at), None, mine=False)
    return None


def format_of(content: Content, file_name: str) -> str:
    """Return the media type, of content whose client knew none the one that its name suggests."""
    media_type = readable(content.media_type)
    return guess(file_name) if media_type.partition(";")[0].strip().lower() in _UNKNOWN_TYPES else media_type


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) else None


def _time(instant: Instant) -> datetime:
    """Return an instant in whole seconds."""
    return to_datetime(instant).replace(microsecond=0)
