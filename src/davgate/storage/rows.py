"""Rows as the statements select them, and model values from rows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, func, literal, select

from davgate.model.checkout import CheckOut
from davgate.model.instant import Instant
from davgate.model.locks import Depth, Holding, Lock, Scope
from davgate.model.metadata import NO_METADATA, Metadata
from davgate.model.node import Cause, Content, Node, NodeKind, Version
from davgate.storage import tables
from davgate.storage.statements import Row

MemberRow: TypeAlias = tuple[int, str, int, int | None, str | None, int, int, int, bytes | None, int | None, str | None, int, int]
"""id, uuid, kind, parent_id, name, created_at, modified_at, version_no, digest, length_bytes, media_type, created_by, is_closed.

A listing hands these on as they come from the driver: ten thousand members become text without ten thousand objects.
"""

CREATED_BY_AT: Final = 11
IS_CLOSED_AT: Final = 12

_node = tables.node.c
NODE_COLUMNS: tuple[ColumnElement[object], ...] = (
    _node.id,
    _node.uuid,
    _node.kind,
    _node.parent_id,
    _node.name,
    _node.created_at,
    _node.modified_at,
    _node.version_no,
    _node.digest,
    _node.length_bytes,
    _node.media_type,
    _node.created_by,
    _node.is_closed,
)
NODE_WIDTH = len(NODE_COLUMNS)
PATH_SEGMENT = func.coalesce(_node.name, literal("=") + _node.uuid)
"""How a node is called in a path: what has no name on the drive, by its UUID."""

_lock = tables.lock.c
LOCK_COLUMNS: tuple[ColumnElement[object], ...] = (
    _lock.token,
    _lock.node_id,
    _lock.scope,
    _lock.depth,
    _lock.holding,
    _lock.principal_id,
    _lock.owner,
    _lock.timeout_seconds,
    _lock.expires_at,
    _lock.revivable_until,
    _lock.is_stealable,
)
LOCK_WIDTH = len(LOCK_COLUMNS)

_version = tables.version.c
VERSION_COLUMNS: tuple[ColumnElement[object], ...] = (
    _version.document_id,
    _version.no,
    _version.cause,
    _version.opened_at,
    _version.author_id,
    tables.principal.c.name,
    _version.comment,
    _version.file_name,
    _version.digest,
    _version.length_bytes,
    _version.media_type,
    _version.saved_at,
    _version.sealed_at,
    _version.session,
    _version.origin,
    _version.properties,
    _version.has_content,
    _version.content_no,
    _version.has_streams,
)

_check_out = tables.check_out.c
CHECK_OUT_COLUMNS: tuple[ColumnElement[object], ...] = (
    _check_out.document_id,
    _check_out.principal_id,
    select(tables.principal.c.name).where(tables.principal.c.id == _check_out.principal_id).scalar_subquery(),
    _check_out.taken_at,
    _check_out.base_no,
    _check_out.cancelled_at,
    _check_out.saved_at,
    _check_out.digest,
    _check_out.length_bytes,
    _check_out.media_type,
    _check_out.file_name,
)
CHECK_OUT_WIDTH = len(CHECK_OUT_COLUMNS)

_KINDS = {kind.value: kind for kind in NodeKind}
_SCOPES = {scope.value: scope for scope in Scope}
_DEPTHS = {depth.value: depth for depth in Depth}


def to_node(row: Row) -> Node:
    """Return the node of a row that begins with NODE_COLUMNS."""
    content = None if row[8] is None else Content(row[8], row[9], row[10])
    return Node(row[0], row[1], _KINDS[row[2]], row[3], row[4], row[5], row[6], row[7], content, row[11], bool(row[12]))


def from_node(node: Node) -> MemberRow:
    """Return a node as the row that it came from."""
    content = (node.content.digest, node.content.length_bytes, node.content.media_type) if node.content else (None,) * 3
    return (
        node.id,
        node.uuid,
        node.kind.value,
        node.parent_id,
        node.name,
        node.created_at,
        node.modified_at,
        node.version_no,
        *content,
        node.created_by,
        int(node.is_closed),
    )


def to_lock(row: Row) -> Lock:
    """Return the lock of a row of LOCK_COLUMNS."""
    timeout = None if row[7] is None else timedelta(seconds=row[7])
    ends = Instant(row[8]), Instant(row[9])
    return Lock(row[0], row[1], _SCOPES[row[2]], _DEPTHS[row[3]], Holding(row[4]), row[5], row[6], timeout, *ends, bool(row[10]))


def to_check_out(row: Row) -> CheckOut:
    """Return the check-out of a row of CHECK_OUT_COLUMNS."""
    content = None if row[7] is None else Content(row[7], row[8], row[9])
    return CheckOut(row[0], row[1], row[2], row[3], row[4], row[5], row[6], content, row[10])


def to_version(row: Row) -> Version:
    """Return the version of a row of VERSION_COLUMNS."""
    content = Content(row[8], row[9], row[10])
    cause, metadata = Cause(row[2]), to_metadata(row[15])
    said = row[3], row[4], row[5], row[6], row[7]
    about = metadata, bool(row[16]), row[17], bool(row[18])
    return Version(row[0], row[1], cause, *said, content, row[11], row[12], row[13], row[14], *about)


def to_metadata(text: str) -> Metadata:
    """Return a snapshot of typed properties from its column."""
    return NO_METADATA if text == "{}" else json.loads(text)


def from_metadata(metadata: Metadata) -> str:
    """Return a snapshot of typed properties for its column; equal ones are the same text."""
    return json.dumps(dict(metadata), ensure_ascii=False, sort_keys=True, separators=(",", ":")) if metadata else "{}"
