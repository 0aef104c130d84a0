"""From what core tells of resources to the facts that properties are written from."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from davgate.core import tree
from davgate.core.access import LockAt
from davgate.core.access_shown import AccessShown, MakersShown
from davgate.core.showing import is_version_per_save, metadata_of, metadata_of_rows, notes_of, sync_token_of
from davgate.core.store import Store
from davgate.core.tree import Listing
from davgate.core.version_history import DocumentHistory, history_of
from davgate.dav import typed_properties
from davgate.dav.addresses import by_path
from davgate.dav.bodies import Form, PropfindRequest
from davgate.dav.drive import Drive, Exchange, place_of
from davgate.dav.facts import COLLECTION, DOCUMENT, KIND, UUID, Facts, History, ReadAccess, RootedLock, VersionFacts, entry
from davgate.dav.xml import escape
from davgate.model.checkout import CheckOut, as_lock
from davgate.model.errors import NotFound
from davgate.model.frozen import frozen
from davgate.model.instant import to_datetime
from davgate.model.locks import Holding, Lock
from davgate.model.metadata import Metadata
from davgate.model.node import Node, Version
from davgate.model.paths import TreePath
from davgate.model.places import DocumentVersions, InTree, VersionFile, version_file_name
from davgate.model.principal import Principal
from davgate.model.properties import PropertyName
from davgate.storage.api import MemberRow, NodeProperties, VersionNote


def facts_of(exchange: Exchange, listing: Listing, asked: PropfindRequest) -> Facts:
    """Return the facts of a place in today's tree and of its members, as far as a request wants them."""
    quota = listing.quota
    dead = _dead_held(exchange.store, listing, asked)
    drive, me = exchange.drive, exchange.ctx.principal
    shown_as_locks = locks_of_others(listing.check_outs, me)
    own = listing.node.id
    told = [(lock_shown_to(me, lock), root) for lock, root in listing.standing]
    member_locks = {node_id: [lock_shown_to(me, lock) for lock in of_node] for node_id, of_node in listing.member_locks.items()}
    standing = rooted(drive, told, {own} if not listing.node.is_collection else ())
    standing += [(lock, drive.href(listing.found.path, collection=False)) for lock in shown_as_locks.pop(own, ())]
    return Facts(
        listing.now,
        standing,
        joined(member_locks, shown_as_locks),
        dead=dead or {},
        dead_of=partial(_dead_of, exchange.store, listing, asked) if dead is None else None,
        quota_used_bytes=quota.used_bytes if quota else None,
        quota_available_bytes=quota.available_bytes if quota else None,
        mount=drive.mount,
        check_outs=listing.check_outs,
        current=current_facts(notes_of(listing)) if asked.wants_version_facts else {},
        sync_token=sync_token_of(listing) if asked.wants_sync_token else "",
        is_version_per_save=asked.wants_version_policy and is_version_per_save(exchange.store, listing),
        access=AccessShown(listing, exchange.ctx, with_owners=asked.wants_owners, with_acls=asked.wants_acls),
    )


def _dead_held(store: Store, listing: Listing, asked: PropfindRequest) -> NodeProperties | None:
    """Return the dead properties of all that is listed, with the typed ones that are asked for; None if these are too many."""
    if listing.properties is None or not asked.wants_typed_properties:
        return listing.properties
    said = metadata_of(listing)
    return None if said is None else with_typed(store, asked, listing.properties, said)


def _dead_of(store: Store, listing: Listing, asked: PropfindRequest, rows: Sequence[MemberRow]) -> NodeProperties:
    dead = listing.properties_of(rows)
    return with_typed(store, asked, dead, metadata_of_rows(listing, rows)) if asked.wants_typed_properties else dead


def with_typed(store: Store, asked: PropfindRequest, dead: NodeProperties, said: Mapping[int, Metadata]) -> NodeProperties:
    """Return dead properties with the typed ones that are asked for beside them, by node id."""
    names = None if asked.form is Form.PROPNAME else asked.names
    typed = {node_id: typed_properties.elements(store.types, metadata, names) for node_id, metadata in said.items()}
    return {node_id: {**dead.get(node_id, {}), **typed.get(node_id, {})} for node_id in dead.keys() | typed.keys()}


def typed_of_the_past(
    store: Store, asked: PropfindRequest, metadata: Mapping[str, Metadata]
) -> Mapping[str, Mapping[PropertyName, str]]:
    """Return the typed properties that are asked for of rows of the past, by their uuids."""
    names = None if asked.form is Form.PROPNAME else asked.names
    return typed_properties.Elements(store.types, metadata, names) if asked.wants_typed_properties else {}


def metadata_of_versions(history: DocumentHistory) -> dict[str, Metadata]:
    """Return the typed metadata of versions by the uuids of their rows, of those that have some."""
    return {_version_uuid(history.node, version): version.metadata for version in history.versions if version.metadata}


def rooted(drive: Drive, locks: Iterable[LockAt], documents: Sequence[int] | set[int] = ()) -> list[RootedLock]:
    """Return locks with the addresses of their roots, which are collections but for these nodes."""
    return [(lock, drive.href(root, collection=lock.node_id not in documents)) for lock, root in locks]


def lock_shown_to(me: Principal, lock: Lock) -> Lock:
    """Return a lock as it is told of: the token of one that is held by a sign-in is for its holder, and who may end any lock."""
    is_shown = lock.holding is not Holding.PRINCIPAL or lock.principal_id == me.id or me.administers_all
    return lock if is_shown else replace(lock, token="")


def locks_of_others(check_outs: Mapping[int, CheckOut], me: Principal) -> dict[int, tuple[Lock, ...]]:
    """Return what others have checked out, which to everybody else is a lock of its holder."""
    return {
        node_id: (replace(as_lock(taken), owner=escape(taken.principal_name)),)
        for node_id, taken in check_outs.items()
        if taken.stands and taken.principal_id != me.id
    }


def joined(locks: Mapping[int, Sequence[Lock]], more: Mapping[int, Sequence[Lock]]) -> Mapping[int, Sequence[Lock]]:
    """Return the locks of two mappings in one."""
    if not more:
        return locks
    return {node_id: (*locks.get(node_id, ()), *more.get(node_id, ())) for node_id in locks.keys() | more.keys()}


def current_facts(notes: Mapping[int, VersionNote]) -> dict[int, VersionFacts]:
    """Return the facts of the versions that documents show."""
    return {node_id: VersionFacts(note.author, note.comment, note.labels, note.origin) for node_id, note in notes.items()}


def version_row(store: Store, node: Node, version: Version) -> MemberRow:
    """Return a version as a row of the shape of a document's."""
    opened_at = to_datetime(version.opened_at).astimezone(store.policy.time_zone)
    return entry(
        _version_uuid(node, version),
        DOCUMENT,
        version_file_name(version.no, opened_at, version.author, node.name or version.file_name),
        version.opened_at,
        version.saved_at,
        version_no=version.no,
        content=version.content,
        created_by=node.created_by,
    )


def _version_uuid(node: Node, version: Version) -> str:
    return str(uuid.uuid5(uuid.UUID(node.uuid), str(version.no)))


def folder_row(node: Node, name: str) -> MemberRow:
    """Return the folder of a document's versions as a row."""
    folder_uuid = str(uuid.uuid5(uuid.UUID(node.uuid), name))
    return entry(folder_uuid, COLLECTION, name, node.created_at, node.modified_at, created_by=node.created_by)


def history_facts(drive: Drive, path: TreePath | None, history: DocumentHistory) -> History:
    """Return the facts of all versions of a document; without a path it is in the trash."""
    numbers = [version.no for version in history.versions]
    before = dict(zip(numbers[1:], numbers, strict=False))
    after = dict(zip(numbers, numbers[1:], strict=False))
    facts = {
        version.no: VersionFacts(
            version.author,
            version.comment,
            history.labels.get(version.no, ()),
            version.origin,
            before.get(version.no),
            after.get(version.no),
        )
        for version in history.versions
    }
    taken = history.check_out
    return History(
        history.node.uuid,
        facts,
        "" if path is None else drive.href(path, collection=False),
        taken.base_no if taken is not None and taken.stands else None,
    )


def facts_of_versions(exchange: Exchange, path: TreePath, history: DocumentHistory, asked: PropfindRequest) -> Facts:
    """Return the facts of a document's versions, as far as a request wants them."""
    drive = exchange.drive
    return Facts(
        drive.store.clock.now(),
        lockable=False,
        dead=typed_of_the_past(drive.store, asked, metadata_of_versions(history)),
        dead_by=UUID,
        mount=drive.mount,
        history=history_facts(drive, path, history),
        access=read_access(exchange),
    )


def read_access(exchange: Exchange) -> ReadAccess:
    """Return access to what is no place of today's tree."""
    return ReadAccess(exchange.ctx.principal.name, MakersShown(exchange.store).owners)


@frozen
class Described:
    """One resource: its address, its row, and the facts to go with it."""

    href: str
    row: MemberRow
    facts: Facts


@dataclass(slots=True)
class Describer:
    """Looks up one resource after the other for an answer; a document's history is read once."""

    exchange: Exchange
    _histories: dict[TreePath, DocumentHistory] = field(default_factory=dict)

    def describe(self, path: TreePath, asked: PropfindRequest) -> Described:
        """Return the resource at a path on the drive, with the facts that a request for its properties wants.

        The request's conditions hold for the resource that it names, so they are not asked here.

        Raises:
            NotFound, ReadOnlyPlace.
        """
        place = by_path(self.exchange, place_of(path))
        match place:
            case InTree(in_tree):
                return self._in_tree(in_tree, asked)
            case DocumentVersions(document):
                history = self._history(document)
                row = folder_row(history.node, history.node.name or "")
                return self._past(path, history, row, document, asked)
            case VersionFile(document, no):
                history = self._history(document)
                for version in history.versions:
                    if version.no == no:
                        row = version_row(self.exchange.store, history.node, version)
                        return self._past(path, history, row, document, asked)
        raise NotFound(path)

    def _in_tree(self, path: TreePath, asked: PropfindRequest) -> Described:
        exchange = self.exchange
        with tree.listing(
            exchange.store,
            exchange.ctx.without_conditions(),
            path,
            with_members=False,
            with_properties=asked.wants_dead_properties,
            with_locks=asked.wants_locks,
            with_quota=asked.wants_quota,
        ) as listing:
            href = exchange.drive.href(path, collection=listing.node.is_collection)
            return Described(href, listing.row, facts_of(exchange, listing, asked))

    def _past(
        self, path: TreePath, history: DocumentHistory, row: MemberRow, document: TreePath, asked: PropfindRequest
    ) -> Described:
        drive = self.exchange.drive
        facts = facts_of_versions(self.exchange, document, history, asked)
        return Described(drive.href(path, collection=row[KIND] == COLLECTION), row, facts)

    def _history(self, document: TreePath) -> DocumentHistory:
        known = self._histories.get(document)
        if known is None:
            known = self._histories[document] = history_of(self.exchange.store, self.exchange.ctx, document)
        return known
