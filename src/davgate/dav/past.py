"""The folders that show the past, as rows: they are listed and shown by the same code as the tree of today (RFC 4918, 9.1).

These are the version folders, the tree as it was, the trash and the rescue copies. An entry has an id that no node has, and the
times of what it shows.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Final

from davgate.core import rescue_copies, time_travel, trash, versioning
from davgate.core.access import check_read_conditions, state_then
from davgate.core.access_shown import MakersShown
from davgate.core.content import Written
from davgate.core.opening import Opened
from davgate.core.store import Context, Store
from davgate.core.version_history import DocumentHistory, history_of
from davgate.dav.bodies import PropfindRequest
from davgate.dav.describing import folder_row, history_facts, metadata_of_versions, typed_of_the_past, version_row
from davgate.dav.drive import Drive, Exchange
from davgate.dav.facts import (
    COLLECTION,
    CREATED_AT,
    DOCUMENT,
    ID,
    KIND,
    MODIFIED_AT,
    NAME,
    UUID,
    Deletion,
    Facts,
    History,
    ReadAccess,
    entry,
)
from davgate.model.errors import NoSuchVersion, NotADocument, NotFound, ReadOnlyPlace
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, to_datetime
from davgate.model.metadata import Metadata
from davgate.model.names import VERSIONS
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.places import (
    AT,
    RESCUE,
    TRASH,
    AsOf,
    DocumentVersions,
    Instants,
    Place,
    RescueFile,
    RescueFolder,
    Trashed,
    TrashFolder,
    VersionFile,
    VersionsFolder,
    instant_name,
    numbered_name,
)
from davgate.storage.api import CREATED_BY_AT, MemberRow, Rescue, Session, TrashEntry, from_node

_NIGHTS: Final = 7
"""How many midnights ``.at`` lists; any other instant is there, too."""


@frozen
class Shown:
    """A folder or file of the past, and what is in it; ``batches`` and ``is_complete`` are as those of ``core.tree.Listing``.

    ``session`` is there while the rows are read from the database. ``trashed`` are the ids of what was deleted
    by the uuids, ``rescued`` the uuids of rescue copies. ``metadata`` goes by uuid, too; that of a member is there with its row.
    """

    row: MemberRow
    batches: Iterator[Sequence[MemberRow]] = iter(())
    is_complete: bool = True
    history: History | None = None
    deletions: dict[str, Deletion] = field(default_factory=dict)
    trashed: dict[str, int] = field(default_factory=dict)
    rescued: frozenset[str] = frozenset()
    metadata: Mapping[str, Metadata] = field(default_factory=dict)
    session: Session | None = None

    @property
    def is_collection(self) -> bool:
        """Whether it is a folder."""
        return self.row[KIND] == COLLECTION

    def facts(self, exchange: Exchange, asked: PropfindRequest) -> Facts:
        """Return what properties are written from: nothing here can be locked."""
        store = exchange.store
        return Facts(
            store.clock.now(),
            lockable=False,
            dead=typed_of_the_past(store, asked, self.metadata),
            dead_by=UUID,
            mount=exchange.drive.mount,
            history=self.history,
            deletions=self.deletions,
            access=self._access(exchange, with_privileges=asked.wants_privileges),
        )

    def _access(self, exchange: Exchange, *, with_privileges: bool) -> ReadAccess:
        """Return what is said of rights. Taken away can be rescue copies, and what the one who asks may bring back."""
        removable: frozenset[str] = frozenset()
        store = exchange.store
        if with_privileges and self.trashed:
            may_bring_back = trash.removable(store, exchange.ctx, self.trashed.values())
            removable = frozenset(of for of, node_id in self.trashed.items() if node_id in may_bring_back)
        return ReadAccess(exchange.ctx.principal.name, MakersShown(store, self.session).owners, removable | self.rescued)


@contextmanager
def shown(drive: Drive, ctx: Context, place: Place, *, with_members: bool, with_metadata: bool = False) -> Iterator[Shown]:
    """Give a place of the past, with what is said of it and its members if asked for: a statement more, or one for each batch.

    Raises:
        NotFound: nothing is there.
        PreconditionFailed: a condition of the request does not hold there.
    """
    store = drive.store
    if isinstance(place, AsOf):
        at = _instant(store, place)
        with time_travel.listing(store, ctx, at, place.path, with_members=with_members, with_metadata=with_metadata) as then:
            name = place.path[-1] if place.path else place.instant
            # By number: only so is the row known to keep its shape.
            row = (*then.row[:4], name, *then.row[5:])
            check_read_conditions(ctx, state_then(row))
            yield Shown(row, then.batches, then.is_complete, metadata=then.metadata, session=then.session)
        return
    whole = _whole(drive, ctx, place, with_members=with_members, with_metadata=with_metadata)
    check_read_conditions(ctx, state_then(whole.row))
    yield whole


def _whole(drive: Drive, ctx: Context, place: Place, *, with_members: bool, with_metadata: bool) -> Shown:
    store = drive.store
    match place:
        case VersionsFolder(collection):
            node, documents = versioning.documents_with_versions(store, ctx, collection)
            return Shown(folder_row(node, VERSIONS), iter([[_document_folder(row) for row in documents]]))
        case DocumentVersions(document):
            history = _history(store, ctx, document)
            if not history.versions:
                raise NotFound(document)
            rows = [version_row(store, history.node, version) for version in history.versions] if with_members else []
            row = folder_row(history.node, history.node.name or "")
            known = history_facts(drive, document, history)
            return Shown(row, iter([rows]), history=known, metadata=metadata_of_versions(history))
        case VersionFile(document, no):
            history = _history(store, ctx, document, around=no)
            version = next((version for version in history.versions if version.no == no), None)
            if version is None:
                raise NoSuchVersion(document, no)
            facts = history_facts(drive, document, history)
            return Shown(version_row(store, history.node, version), history=facts, metadata=metadata_of_versions(history))
        case Instants():
            midnights = time_travel.recent_midnights(store, _NIGHTS)
            names = [instant_name(to_datetime(at)) for at in midnights]
            rows = [_folder(name, at, at) for name, at in zip(names, midnights, strict=True)]
            return Shown(_folder(AT, store.clock.now()), iter([rows]))
        case TrashFolder():
            return _trash_folder(store, ctx, with_metadata=with_metadata)
        case Trashed(node_id, below) if node_id is not None:
            return _trashed(store, ctx, node_id, below, with_metadata=with_metadata)
        case RescueFolder():
            rows = [_rescue_row(kept) for kept in rescue_copies.entries(store, ctx)]
            return Shown(_folder(RESCUE, store.clock.now()), iter([rows]), rescued=frozenset(row[UUID] for row in rows))
        case RescueFile(name):
            row = _rescue_row(rescue_copies.find(store, ctx, name))
            return Shown(row, rescued=frozenset([row[UUID]]))
    raise NotFound((TRASH,))


def _history(store: Store, ctx: Context, document: TreePath, *, around: int | None = None) -> DocumentHistory:
    try:
        return history_of(store, ctx, document, around=around)
    except NotADocument:
        raise NotFound(document) from None


def open_file(drive: Drive, ctx: Context, place: Place) -> Opened | None:
    """Return the content of a file of the past, None for a folder.

    Raises:
        NotFound, PreconditionFailed.
    """
    store = drive.store
    match place:
        case VersionFile(document, no):
            if no is None:
                raise NoSuchVersion(document, no)
            return versioning.open_version(store, ctx, document, no)[2]
        case AsOf(_, path):
            return time_travel.open_content(store, ctx, _instant(store, place), path)
        case Trashed(node_id, below) if node_id is not None:
            return trash.open_content(store, ctx, node_id, below)
        case RescueFile(name):
            return rescue_copies.open_content(store, ctx, name)
    return None


def copy_out(exchange: Exchange, destination: TreePath, *, overwrite: bool, with_members: bool) -> Written:
    """Bring something of the past into the tree: a version restores, anything else makes a new document or folder.

    Raises:
        NotFound: there is no such thing.
        ReadOnlyPlace: it is nothing that can be copied.
    """
    store, ctx = exchange.store, exchange.ctx
    match exchange.place:
        case VersionFile(document, no):
            if no is None:
                raise NoSuchVersion(document, no)
            return versioning.restore(store, ctx, document, no, destination, overwrite=overwrite)
        case AsOf(_, path) as place:
            at = _instant(store, place)
            return time_travel.copy_out(store, ctx, at, path, destination, overwrite=overwrite, with_members=with_members)
        case Trashed(node_id, below):
            if node_id is None:
                raise NotFound(exchange.request.target.path)
            return trash.copy_out(store, ctx, node_id, below, destination, overwrite=overwrite, with_members=with_members)
        case RescueFile(name):
            return rescue_copies.copy_out(store, ctx, name, destination, overwrite=overwrite)
    raise ReadOnlyPlace(exchange.request.target.path)


def move_out(exchange: Exchange, destination: TreePath, *, overwrite: bool) -> Written:
    """Bring something back for good: out of the trash with identity and history, or a rescue copy.

    Raises:
        NotFound: there is no such thing.
        ReadOnlyPlace: it is nothing that can be moved.
    """
    store, ctx = exchange.store, exchange.ctx
    match exchange.place:
        case Trashed(node_id, ()):
            if node_id is None:
                raise NotFound(exchange.request.target.path)
            return trash.restore(store, ctx, node_id, destination, overwrite=overwrite)
        case RescueFile(name):
            return rescue_copies.copy_out(store, ctx, name, destination, overwrite=overwrite, dropping=True)
    raise ReadOnlyPlace(exchange.request.target.path)


def delete(exchange: Exchange) -> None:
    """Remove a rescue copy for good; nothing else of the past is ever deleted here.

    Raises:
        ReadOnlyPlace.
    """
    if not isinstance(exchange.place, RescueFile):
        raise ReadOnlyPlace(exchange.request.target.path)
    rescue_copies.drop(exchange.store, exchange.ctx, exchange.place.name)


def versions_entry(node: Node) -> MemberRow:
    """Return the row of a collection's ``.versions`` for where the collection lists it."""
    return folder_row(node, VERSIONS)


def _instant(store: Store, place: AsOf) -> Instant:
    return time_travel.parse_instant(place.instant, store.policy.time_zone, store.clock.now())


def _folder(name: str, created_at: Instant, modified_at: Instant | None = None) -> MemberRow:
    of_name = str(uuid.uuid5(uuid.NAMESPACE_OID, name))
    return entry(of_name, COLLECTION, name, created_at, created_at if modified_at is None else modified_at)


def _document_folder(row: MemberRow) -> MemberRow:
    derived = str(uuid.uuid5(uuid.UUID(row[UUID]), row[NAME] or ""))
    created_at, modified_at = Instant(row[CREATED_AT]), Instant(row[MODIFIED_AT])
    return entry(derived, COLLECTION, row[NAME], created_at, modified_at, created_by=row[CREATED_BY_AT])


# The trash


def _trash_folder(store: Store, ctx: Context, *, with_metadata: bool) -> Shown:
    # What never had content was never on the drive.
    entries = [entry for entry in trash.entries(store, ctx) if entry.name]
    rows = [_trash_row(store, entry) for entry in entries]
    deletions = {entry.node.uuid: _deletion(entry) for entry in entries}
    newest = max((entry.deleted_at for entry in entries), default=store.clock.now())
    ids = _ids(entries)
    said = _said(store, ids) if with_metadata else {}
    return Shown(_folder(TRASH, newest), iter([rows]), deletions=deletions, trashed=ids, metadata=said)


def _trashed(store: Store, ctx: Context, node_id: int, below: TreePath, *, with_metadata: bool) -> Shown:
    entry, node, members = trash.show(store, ctx, node_id, below)
    row = _without_id(from_node(node)) if below else _trash_row(store, entry)
    deletions = {} if below else {entry.node.uuid: _deletion(entry)}
    rows = [_without_id(member) for member in members]
    said = _said(store, {node.uuid: node.id} | {member[UUID]: member[ID] for member in members}) if with_metadata else {}
    return Shown(row, iter([rows]), deletions=deletions, trashed={} if below else _ids([entry]), metadata=said)


def _said(store: Store, ids: Mapping[str, int]) -> dict[str, Metadata]:
    known = trash.metadata_of(store, ids.values())
    return {of: known[node_id] for of, node_id in ids.items() if node_id in known}


def _ids(entries: Sequence[TrashEntry]) -> dict[str, int]:
    return {entry.node.uuid: entry.node.id for entry in entries}


def _trash_row(store: Store, entry: TrashEntry) -> MemberRow:
    deleted_at = to_datetime(entry.deleted_at).astimezone(store.policy.time_zone)
    name = numbered_name(entry.name, deleted_at, entry.node.id)
    return _without_id(from_node(replace(entry.node, name=name)))


def _without_id(row: MemberRow) -> MemberRow:
    return (0, *row[1:])


def _deletion(entry: TrashEntry) -> Deletion:
    return Deletion(entry.path, entry.deleted_by, entry.deleted_at)


def _rescue_row(kept: Rescue) -> MemberRow:
    of_copy = str(uuid.uuid5(uuid.NAMESPACE_OID, f"rescue {kept.id}"))
    return entry(
        of_copy, DOCUMENT, kept.name, kept.kept_at, kept.kept_at, version_no=1, content=kept.content, created_by=kept.principal_id
    )
