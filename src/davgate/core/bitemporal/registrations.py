"""What was known of objects when: their registrations, whichever door made them, and the contents that they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from davgate.core.access import check_account, check_read_conditions
from davgate.core.opening import Opened
from davgate.core.rights import rights_of, rights_on
from davgate.core.store import Context, Store
from davgate.core.streams import open_content
from davgate.model import etag
from davgate.model.bitemporal.payload import DOCUMENT
from davgate.model.bitemporal.registration import KEY, Code, Deletion, Registration, Subject, told, version_told
from davgate.model.bitemporal.rows import part_of
from davgate.model.bitemporal.virkning import ALL_TIME, Window
from davgate.model.conditions import ResourceState
from davgate.model.errors import NotFound
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER
from davgate.model.media_types import UNKNOWN, choose
from davgate.model.node import Node, NodeKind, Stream, Version
from davgate.model.object_types import ObjectType
from davgate.model.rights import NO_RIGHTS, Right
from davgate.model.stored_parts import SCHEME, address_of, candidate, prefix_of
from davgate.storage.api import Session, dances, places, registrations, streams, temporal_index, versions


@frozen
class History:
    """The registrations of an object that are asked for, the newest first; none where nothing was known then.

    ``etag`` is new with each registration. Where ``is_modified`` is false, the caller has seen it.
    """

    uuid: str
    registrations: tuple[Registration, ...]
    etag: str
    node_id: int
    is_modified: bool = True

    @property
    def is_deleted(self) -> bool:
        """Whether by all that is told the object is deleted."""
        return bool(self.registrations) and all(one.code is Code.SLETTET for one in self.registrations)


def read(store: Store, ctx: Context, of: ObjectType, uuid: str, known: Window | None) -> History:
    """Return the registrations of an object of a class that a window of time meets, or the newest one; deleted or not.

    Raises:
        NotFound: there is none of this class that the caller may see.
        PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        node = find_object(session, ctx, of, uuid)
        if node is None:
            raise NotFound((uuid,))
        found = history_of(store, session, node, known)
    is_modified = check_read_conditions(ctx, ResourceState(True, found.etag, node.modified_at))
    return replace(found, is_modified=is_modified)


def read_all(store: Store, ctx: Context, of: ObjectType, uuids: Iterable[str], known: Window | None) -> list[History]:
    """Return the same of several objects in their order, each once, without those that are not there; see ``read``.

    The number of statements does not grow with that of the objects.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        wanted = list(uuids)
        found = _of_class(session, of, wanted)
        nodes = {found[uuid].id: found[uuid] for uuid in wanted if uuid in found}
        held = rights_of(session, ctx, nodes)
        return histories_of(store, session, [one for one in nodes.values() if Right.READ in held.get(one.id, NO_RIGHTS)], known)


def find_object(session: Session, ctx: Context, of: ObjectType, uuid: str) -> Node | None:
    """Return the object of a class that has an id, deleted or not, or None where the caller may see none."""
    node = _of_class(session, of, (uuid,)).get(uuid)
    if node is None or Right.READ not in rights_on(session, ctx, node.id):
        return None
    return node


def _of_class(session: Session, of: ObjectType, uuids: Iterable[str]) -> dict[str, Node]:
    found = registrations.find(session, uuids)
    return {uuid: node for uuid, (node, type_name) in found.items() if is_of_class(of, node, type_name)}


def is_of_class(of: ObjectType, node: Node, type_name: str | None) -> bool:
    """Tell whether a node is an object of a class: documents are, whatever their type, unless they are not finished."""
    if node.kind is NodeKind.OBJECT:
        return type_name == of.name
    return node.kind is NodeKind.DOCUMENT and node.version_no > 0 and of.temporal is not None and of.temporal.name == DOCUMENT


def subject_of(store: Store, session: Session, node: Node) -> Subject:
    """Return what registrations are told of; what was deleted or has left the drive is called as it was."""
    return _subjects_of(store, session, [node])[node.id]


def _subjects_of(store: Store, session: Session, nodes: Iterable[Node]) -> dict[int, Subject]:
    by_id = {node.id: node for node in nodes}
    nameless = [node.id for node in by_id.values() if node.name is None]
    names = registrations.names_had(session, nameless) if nameless else {}
    zone = store.policy.time_zone
    return {node.id: Subject(node.uuid, node.name or names.get(node.id), node.created_at, zone) for node in by_id.values()}


def _with_names(session: Session, subjects: dict[int, Subject], lines: Mapping[int, Sequence[Version]]) -> dict[int, Subject]:
    """Return subjects with the names that they had, where a former version may be told by one."""
    renamed = [node_id for node_id, line in lines.items() if len(line) > 1 and any(KEY not in one.metadata for one in line)]
    names = places.names(session, renamed) if renamed else {}
    return {node_id: replace(one, names=names.get(node_id, ())) for node_id, one in subjects.items()}


def history_of(store: Store, session: Session, node: Node, known: Window | None) -> History:
    """Return the registrations of an object that a window of time meets, or the newest one."""
    return histories_of(store, session, [node], known)[0]


def histories_of(store: Store, session: Session, nodes: Sequence[Node], known: Window | None) -> list[History]:
    """Return the same of several objects, in their order."""
    histories = []
    for node, (all_of, deletions) in zip(nodes, _told(store, session, nodes, known), strict=True):
        asked_for = all_of[-1:] if known is None else tuple(one for one in all_of if known.overlaps(one.at, one.until))
        histories.append(History(node.uuid, tuple(reversed(asked_for)), _tag_of(node, deletions), node.id))
    return histories


def told_of(store: Store, session: Session, nodes: Sequence[Node], known: Window | None) -> list[tuple[Registration, ...]]:
    """Return the registrations of objects in their order, the oldest first: the newest of each at least, or all in a window.

    The number of statements does not grow with that of the objects.
    """
    return [all_of for all_of, _ in _told(store, session, nodes, known)]


def _told(
    store: Store, session: Session, nodes: Sequence[Node], known: Window | None
) -> Iterator[tuple[tuple[Registration, ...], list[Deletion]]]:
    if not nodes:
        return
    subjects, namespace = _subjects_of(store, session, nodes), registrations.namespace(session)
    deletions = registrations.deletions(session, subjects)
    if known is None:
        lines = temporal_index.all_versions_to_tell(session, {node.id: node.uuid for node in nodes})
    else:
        lines = temporal_index.all_versions(session, subjects)
        subjects = _with_names(session, subjects, lines)
    for node in nodes:
        yield told(subjects[node.id], lines.get(node.id, ()), deletions[node.id], namespace), deletions[node.id]


def tag_of(session: Session, node: Node) -> str:
    """Return the tag of the newest registration of an object."""
    return _tag_of(node, registrations.deletions(session, (node.id,))[node.id])


def _tag_of(node: Node, deletions: Iterable[Deletion]) -> str:
    instants = [at for one in deletions for at in (one.at, one.restored_at) if at != FOREVER]
    # A deletion and a restore make no version, and change nothing of what the tag of other doors is made of.
    return etag.of_metadata(node.uuid, node.version_no, max([node.modified_at, *instants]), node.name)


@frozen
class PartContent:
    """The content of a part of a document, ready to be read, with what it is said to be and the name of its file."""

    opened: Opened
    media_type: str
    file_name: str


def open_part(store: Store, ctx: Context, address: str) -> PartContent:
    """Return the content that an address leads to, also of older registrations and of deleted documents.

    Raises:
        NotFound: there is none that the caller may see.
        PreconditionFailed.
    """
    nowhere = NotFound((address,))
    begins = prefix_of(address)
    if begins is None:
        raise nowhere
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        for uuid, node in _holders(session, address, begins):
            if Right.READ not in rights_on(session, ctx, node.id):
                continue
            stored = _held_at(store, session, uuid, node, address)
            if stored is not None:
                media_type = _media_type_of(store, session, uuid, node, address, stored)
                break
        else:
            raise nowhere
    return PartContent(open_content(store, ctx, stored.content, node.modified_at), media_type, stored.file_name)


def _holders(session: Session, address: str, begins: str) -> Iterator[tuple[str, Node]]:
    """Yield the documents that may have a content of an address, each with the id that it would be made of.

    These are the one that it was made for, or what that became part of, then copies of that one. A copy is asked where the
    original was removed for good, or may not be read.
    """
    for node, _ in registrations.beginning_with(session, begins):
        yield node.uuid, node
    yield from dances.joined_beginning_with(session, begins)
    for node in registrations.that_said(session, part_of(DOCUMENT, "indhold"), SCHEME + address):
        yield node.uuid, node


def _held_at(store: Store, session: Session, uuid: str, node: Node, address: str) -> Stream | None:
    """Return the content of a document that has an address made of an id, or None."""
    if uuid != node.uuid:
        return _passed_on(session, uuid, node, address)
    return stored_at(session, node, address) or _told_at(store, session, node, address)


def _passed_on(session: Session, uuid: str, node: Node, address: str) -> Stream | None:
    """Return the content that a document has from one with another id that became part of it, or None.

    Its version has another number here, perhaps it is a save of an edit session: what tells it is the beginning of its digest.
    """
    which = candidate(address, uuid)
    if which is None:
        return None
    saves = versions.saves_by_version(session, node.id)
    for version in versions.of_document(session, node.id):
        for content in (version.content, *(one.content for one in saves.get(version.no, ()))):
            if content.digest.startswith(which.digest):
                return Stream(version.file_name, content)
    return None


def stored_at(session: Session, node: Node, address: str) -> Stream | None:
    """Return the content of a document that has an address, or None.

    What an edit session has replaced is found for as long as it is kept.
    """
    if (named := streams.named(session, node.id, address)) is not None:
        return named
    which = candidate(address, node.uuid)
    if which is None:
        return None
    version = versions.find(session, node.id, which.version_no)
    if version is None or not version.has_content:
        return None
    if address != address_of(node.uuid, version.no, which.digest, version.opened_at):
        return None
    if version.content.digest.startswith(which.digest):
        return Stream(version.file_name, version.content)
    kept = versions.saves(session, node.id, version.no)
    return next((Stream(version.file_name, one.content) for one in kept if one.content.digest.startswith(which.digest)), None)


def _told_at(store: Store, session: Session, node: Node, address: str) -> Stream | None:
    """Return the content of a document that a registration of it tells by an address, or None.

    The address may be of a version that is not kept, or of another document: this one then is a copy, or has its versions.
    """
    line = temporal_index.all_versions(session, [node.id]).get(node.id, ())
    version = version_told(subject_of(store, session, node), line, address)
    return None if version is None else Stream(version.file_name, version.content)


def _media_type_of(store: Store, session: Session, uuid: str, node: Node, address: str, stored: Stream) -> str:
    """Return what the newest registration that names a content says that it is.

    None names what an edit session has replaced, or what came with a document that became part of this one: that is still what
    it was when one did.
    """
    for one in history_of(store, session, node, ALL_TIME).registrations:
        for variant in one.snapshot.variants.values():
            for part in variant.parts.values():
                for entry in part.properties:
                    if entry.values.get("indhold") == SCHEME + address:
                        return choose(entry.values.get("mimetype"), "")
    return UNKNOWN if candidate(address, uuid) is None else stored.content.media_type
