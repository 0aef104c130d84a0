"""What was known of objects when: their registrations, whichever door made them, and the contents that they name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from davgate.core.access import check_account, check_read_conditions
from davgate.core.documents import Opened
from davgate.core.rights import rights_of
from davgate.core.store import Context, Store
from davgate.core.streams import open_content
from davgate.model.conditions import ResourceState
from davgate.model.errors import NotFound
from davgate.model.media_types import UNKNOWN, choose
from davgate.model.node import Node, NodeKind, Stream
from davgate.model.object_types import ObjectType
from davgate.model.oio_payload import DOCUMENT
from davgate.model.registration import Code, Registration, Subject, author_uuid, told
from davgate.model.rights import NO_RIGHTS, Right
from davgate.model.stored_parts import SCHEME, address_of, candidate, prefix_of
from davgate.model.virkning import ALL_TIME, Window
from davgate.storage.api import Session, dances, registrations, streams, temporal_index, versions


@dataclass(frozen=True, slots=True)
class History:
    """The registrations of an object that are asked for, the newest first; none where nothing was known then.

    ``etag`` is new with each registration by a version. Where ``is_modified`` is false, who asks has seen it.
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
    return History(found.uuid, found.registrations, found.etag, found.node_id, is_modified)


def read_all(store: Store, ctx: Context, of: ObjectType, uuids: Iterable[str], known: Window | None) -> list[History]:
    """Return the same of several objects in their order, without those that are not there; see ``read``."""
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        nodes = [node for uuid in uuids if (node := _of_class(session, of, uuid)) is not None]
        held = rights_of(session, ctx, [node.id for node in nodes])
        return [history_of(store, session, node, known) for node in nodes if Right.READ in held.get(node.id, NO_RIGHTS)]


def author_uuid_of(store: Store, name: str) -> str:
    """Return the id by which an account is told as an author."""
    with store.database.read() as session:
        return author_uuid(registrations.namespace(session), name)


def find_object(session: Session, ctx: Context, of: ObjectType, uuid: str) -> Node | None:
    """Return the object of a class that has an id, deleted or not, or None where the caller may see none."""
    node = _of_class(session, of, uuid)
    if node is None or Right.READ not in rights_of(session, ctx, [node.id]).get(node.id, NO_RIGHTS):
        return None
    return node


def _of_class(session: Session, of: ObjectType, uuid: str) -> Node | None:
    found = registrations.find(session, uuid)
    if found is None and (successor_id := dances.successor_of(session, uuid)) is not None:
        found = registrations.find_by_id(session, successor_id)
    return None if found is None or not is_of_class(of, *found) else found[0]


def is_of_class(of: ObjectType, node: Node, type_name: str | None) -> bool:
    """Tell whether a node is an object of a class: documents are, whatever their type, unless they are not finished."""
    if node.kind is NodeKind.OBJECT:
        return type_name == of.name
    return node.kind is NodeKind.DOCUMENT and node.version_no > 0 and of.temporal is not None and of.temporal.name == DOCUMENT


def subject_of(store: Store, session: Session, node: Node) -> Subject:
    """Return what registrations are told of; what was deleted is called as it was."""
    name = registrations.deleted_name(session, node.id) if node.name is None else node.name
    return Subject(node.uuid, name, node.created_at, store.policy.time_zone)


def history_of(store: Store, session: Session, node: Node, known: Window | None) -> History:
    """Return the registrations of an object that a window of time meets, or the newest one."""
    subject = subject_of(store, session, node)
    deletions, namespace = registrations.deletions(session, node.id), registrations.namespace(session)
    if known is None:
        line = temporal_index.versions_to_tell(session, node.id, node.uuid)
        all_of = told(subject, line, deletions, namespace)[-1:]
    else:
        line = versions.all_of_node(session, node.id)
        all_of = tuple(one for one in told(subject, line, deletions, namespace) if known.overlaps(one.at, one.until))
    return History(node.uuid, tuple(reversed(all_of)), node.metadata_etag, node.id)


@dataclass(frozen=True, slots=True)
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
        for node, _ in registrations.beginning_with(session, begins):
            stored = stored_at(session, node, address)
            if stored is not None and Right.READ in rights_of(session, ctx, [node.id]).get(node.id, NO_RIGHTS):
                media_type = _media_type_of(store, session, node, address)
                break
        else:
            raise nowhere
    return PartContent(open_content(store, ctx, stored.content, node.modified_at), media_type, stored.file_name)


def stored_at(session: Session, node: Node, address: str) -> Stream | None:
    """Return the content of a document that has an address, or None."""
    if (named := streams.named(session, node.id, address)) is not None:
        return named
    which = candidate(address, node.uuid)
    if which is None or which.part_no != 0:
        return None
    version = versions.find(session, node.id, which.version_no)
    if version is None or not version.has_content or address != address_of(node.uuid, version.no, 0, version.opened_at):
        return None
    return Stream(version.file_name, version.content)


def _media_type_of(store: Store, session: Session, node: Node, address: str) -> str:
    """Return what the newest registration that names a content says that it is."""
    for one in history_of(store, session, node, ALL_TIME).registrations:
        for variant in one.snapshot.variants.values():
            for part in variant.parts.values():
                for entry in part.properties:
                    if entry.values.get("indhold") == SCHEME + address:
                        return choose(entry.values.get("mimetype"), "")
    return UNKNOWN
