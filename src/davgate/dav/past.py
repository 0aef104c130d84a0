"""The version folders as rows: they are listed and shown by the same code as the tree of today (RFC 4918, 9.1).

An entry of the past has an id that no node has, a resource-id derived from that of the document, and the times of what it shows.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from davgate.core import versioning
from davgate.core.documents import Opened
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from davgate.model.instant import to_datetime
from davgate.model.names import VERSIONS
from davgate.model.node import Node, NodeKind, Version
from davgate.model.places import DocumentVersions, Place, VersionFile, VersionsFolder, version_file_name
from davgate.storage.api import MemberRow

_NO_NODE: Final = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A folder or file of the past, and what is in it."""

    row: MemberRow
    members: Sequence[MemberRow] = ()


def show(store: Store, ctx: Context, place: Place, *, with_members: bool) -> Shown:
    """Return a place of the past.

    Raises:
        NotFound: nothing is there.
    """
    match place:
        case VersionsFolder(collection):
            node, documents = versioning.documents_with_versions(store, ctx, collection)
            return Shown(_folder(node.uuid, VERSIONS, node), [_document_folder(row) for row in documents])
        case DocumentVersions(document):
            node, versions = versioning.history(store, ctx, document)
            folder = _folder(node.uuid, node.name or "", node)
            return Shown(folder, [_file(store, node, version) for version in versions] if with_members else ())
        case VersionFile(document, no) if no is not None:
            node, version, _ = versioning.open_version(store, ctx, document, no)
            return Shown(_file(store, node, version))
    raise NotFound(document if isinstance(place, VersionFile) else ())


def open_file(store: Store, ctx: Context, place: VersionFile) -> Opened:
    """Return the content of a version.

    Raises:
        NotFound, PreconditionFailed.
    """
    if place.no is None:
        raise NotFound(place.document)
    return versioning.open_version(store, ctx, place.document, place.no)[2]


def versions_entry(node: Node) -> MemberRow:
    """Return the row of a collection's ``.versions`` for where the collection lists it."""
    return _folder(node.uuid, VERSIONS, node)


def _folder(of: str, name: str, node: Node) -> MemberRow:
    created_at, modified_at = node.created_at, node.modified_at
    return (_NO_NODE, _derived(of, name), NodeKind.COLLECTION.value, None, name, created_at, modified_at, 0, None, None, None)


def _document_folder(row: MemberRow) -> MemberRow:
    _, of, _, _, name, created_at, modified_at, *_ = row
    kind = NodeKind.COLLECTION.value
    return (_NO_NODE, _derived(of, name or ""), kind, None, name, created_at, modified_at, 0, None, None, None)


def _file(store: Store, node: Node, version: Version) -> MemberRow:
    opened_at = to_datetime(version.opened_at).astimezone(store.policy.time_zone)
    content = version.content
    return (
        _NO_NODE,
        _derived(node.uuid, str(version.no)),
        NodeKind.DOCUMENT.value,
        None,
        version_file_name(version.no, opened_at, version.author, node.name or ""),
        version.opened_at,
        version.opened_at,
        version.no,
        content.digest,
        content.length_bytes,
        content.media_type,
    )


def _derived(of: str, name: str) -> str:
    return str(uuid.uuid5(uuid.UUID(of), name))
