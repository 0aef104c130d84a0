"""Making registrations: objects whose content is valid for a time created, imported, changed, made passive and deleted.

Each function is one transaction. Merging runs inside it, on the newest registration, whichever door made that; two who change an
object at the same time both succeed, one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from davgate.core.access import check_conditions, check_not_held, check_write_locks, locks_on, look_up
from davgate.core.bitemporal.registrations import find_object, history_of, subject_of, tag_of
from davgate.core.bitemporal.versions import Contents, Step, make, register
from davgate.core.deleted import bring_back, require_in_trash
from davgate.core.deleting import delete_found
from davgate.core.objects import File
from davgate.core.rights import require_node, require_removable
from davgate.core.store import Context, Store
from davgate.model.bitemporal import merging
from davgate.model.bitemporal.errors import WrongStep
from davgate.model.bitemporal.merging import Payload
from davgate.model.bitemporal.payload import is_passivation, parse_note, parse_payload, with_addresses
from davgate.model.bitemporal.registration import Code, State, may_follow, states
from davgate.model.checkout import Act
from davgate.model.conditions import ResourceState
from davgate.model.errors import NotFound
from davgate.model.errors_of_objects import UuidTaken
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.names import check_text
from davgate.model.node import Node
from davgate.model.object_types import ObjectType, TemporalClass
from davgate.model.paths import TreePath
from davgate.model.rights import NO_RIGHTS, Right
from davgate.storage.api import Resolved, Session, Transaction, catalog, registrations, temporal_index

Files = Mapping[str, File]
NO_FILES: Final[Files] = MappingProxyType({})


@frozen
class Registered:
    """An object after a request; ``is_new`` tells whether that made a registration. ``etag`` is of the newest one."""

    uuid: str
    is_new: bool
    etag: str
    node_id: int


def create(
    store: Store, ctx: Context, folder: TreePath, of: ObjectType, data: Mapping[str, Any], files: Files = NO_FILES
) -> Registered:
    """Make an object of a class, filed in a door's folder; durable on return. ``files`` are those that its parts refer to.

    Raises:
        InvalidObject, Forbidden, Locked, QuotaExceeded.
    """
    cls, note = _class_of(of), parse_note(data)
    payload = parse_payload(cls, data, store.policy.time_zone, is_complete=True, files=files)
    with store.database.write() as tx:
        contents = Contents(files, store.new_uuid(), 1, tx.at)
        snapshot = merging.create(with_addresses(payload, contents.address_of), cls)
        node = make(store, tx, ctx, folder, of, Code.OPSTAAET, snapshot, note, contents)
        outcome = _outcome(tx, node.id, is_new=True)
        tx.commit()
    return outcome


def put(
    store: Store, ctx: Context, folder: TreePath, of: ObjectType, uuid: str, data: Mapping[str, Any], files: Files = NO_FILES
) -> Registered:
    """Make an object with this id, or give it exactly this content, always by a registration; durable on return.

    One that is passive lives again, and one that was deleted is brought back where it was, or into the folder.

    Raises:
        UuidTaken: something else has the id.
        InvalidObject, PreconditionFailed, Forbidden, Locked, CheckedOut, QuotaExceeded.
    """
    cls, note = _class_of(of), parse_note(data)
    payload = parse_payload(cls, data, store.policy.time_zone, is_complete=True, files=files)
    with store.database.write() as tx:
        node = find_object(tx, ctx, of, uuid)
        contents = Contents(files, uuid, 1 if node is None else node.version_no + 1, tx.at)
        after = merging.create(with_addresses(payload, contents.address_of), cls)
        if node is None:
            if registrations.find(tx, (uuid,)):
                raise UuidTaken(uuid)
            check_conditions(tx, ctx, look_up(tx, ctx, uuid, tx.now), tx.now)
            node = make(store, tx, ctx, folder, of, Code.IMPORTERET, after, note, contents)
        else:
            code = _newest_code(store, tx, node)
            ctx = _with_conditions_held(tx, ctx, node)
            if code is Code.SLETTET:
                node = bring_back(store, tx, ctx, folder, require_in_trash(tx, ctx, node.id))
            state = _state(store, tx, node)
            done = replace(state, code=Code.RETTET if code.is_live else Code.IMPORTERET, snapshot=after)
            register(store, tx, ctx, node, Step(cls.name, state, done, note, contents, always=True))
        outcome = _outcome(tx, node.id, is_new=True)
        tx.commit()
    return outcome


def patch(store: Store, ctx: Context, of: ObjectType, uuid: str, data: Mapping[str, Any], files: Files = NO_FILES) -> Registered:
    """Lay what is given over the content of an object, or make it passive where that is asked for; durable on return.

    What changes nothing makes no registration.

    Raises:
        NotFound: before anything is said of the content.
        WrongStep: it is passive or deleted.
        InvalidObject, PreconditionFailed, Forbidden, Locked, CheckedOut, QuotaExceeded.
    """
    cls = _class_of(of)
    with store.database.read(snapshot=True) as session:
        if find_object(session, ctx, of, uuid) is None:
            raise NotFound((uuid,))
    code = Code.PASSIVERET if is_passivation(data) else Code.RETTET
    note, payload = parse_note(data), Payload()
    if code is Code.RETTET:
        payload = parse_payload(cls, data, store.policy.time_zone, is_complete=False, files=files)
    with store.database.write() as tx:
        node = find_object(tx, ctx, of, uuid)
        if node is None:
            raise NotFound((uuid,))
        before = _newest_code(store, tx, node)
        if not may_follow(before, code):
            raise WrongStep(f"The object is {before.value}, and cannot become {code.value}.")
        ctx = _with_conditions_held(tx, ctx, node)
        contents = Contents(files, node.uuid, node.version_no + 1, tx.at)
        state = _state(store, tx, node)
        after = merging.patch(state.snapshot, with_addresses(payload, contents.address_of), cls)
        is_new = before is not code or after != state.snapshot
        if is_new:
            done = replace(state, code=code, snapshot=after)
            step = Step(cls.name, state, done, note, contents, always=before is not code)
            is_new = register(store, tx, ctx, node, step)
        else:
            _check_write(tx, ctx, node)
        outcome = _outcome(tx, node.id, is_new=is_new)
        tx.commit()
    return outcome


def delete(store: Store, ctx: Context, of: ObjectType, uuid: str, note: str = "") -> Registered:
    """Move an object to the trash, its registrations kept; durable on return. One that was deleted stays so.

    Raises:
        NotFound, PreconditionFailed, Forbidden, Locked, CheckedOut.
    """
    check_text(note)
    with store.database.write() as tx:
        node = find_object(tx, ctx, of, uuid)
        if node is None:
            raise NotFound((uuid,))
        is_new = _newest_code(store, tx, node) is not Code.SLETTET
        if is_new:
            found = look_up(tx, ctx, node.id, tx.now, with_objects=True)
            require_removable(found, ctx)
            delete_found(store, tx, _with_conditions_held(tx, ctx, node), found, comment=note)
        else:
            _with_conditions_held(tx, ctx, node)
        outcome = _outcome(tx, node.id, is_new=is_new)
        tx.commit()
    return outcome


def check(store: Store, ctx: Context, of: ObjectType, uuid: str, *, is_patch: bool, has_files: bool = False) -> None:
    """Refuse what ``patch``, or else ``put``, of an object would refuse now before it looks at the content."""
    needed = Right.WRITE_PROPERTIES | (Right.WRITE_CONTENT if has_files else NO_RIGHTS)
    with store.database.read(snapshot=True) as session:
        node = find_object(session, ctx, of, uuid)
        if node is None and is_patch:
            raise NotFound((uuid,))
        if node is None:
            return
        found = look_up(session, ctx, node.id, store.clock.now(), with_objects=True)
        if found.node is None:
            _check_tag(session, ctx, node, found, store.clock.now())
            return
        require_node(found, ctx, needed)
        _check_tag(session, ctx, node, found, store.clock.now())
        if has_files:
            check_not_held(ctx, found, Act.WRITE)
        check_write_locks(ctx, found)


def _class_of(of: ObjectType) -> TemporalClass:
    assert of.temporal is not None, "a type of objects without classes of OIO"
    return of.temporal


def _newest_code(store: Store, session: Session, node: Node) -> Code:
    return history_of(store, session, node, None).registrations[0].code


def _state(store: Store, session: Session, node: Node) -> State:
    line = temporal_index.versions_to_tell(session, node.id, node.uuid)
    return list(states(subject_of(store, session, node), line))[-1][1]


def _check_write(tx: Transaction, ctx: Context, node: Node) -> None:
    """Refuse a caller who may not change the object, though this request would change nothing."""
    found = look_up(tx, ctx, node.id, tx.now, with_objects=True)
    require_node(found, ctx, Right.WRITE_PROPERTIES)
    check_write_locks(ctx, found)


def _with_conditions_held(tx: Transaction, ctx: Context, node: Node) -> Context:
    """Hold the conditions of a request against the newest registration, and return the request without them.

    Below this door they would be held against the tags of other doors, which do not tell of a deletion.

    Raises:
        PreconditionFailed: one does not hold.
    """
    if not ctx.conditions.is_empty:
        _check_tag(tx, ctx, node, look_up(tx, ctx, node.id, tx.now, with_objects=True), tx.now)
    return ctx.without_conditions()


def _check_tag(session: Session, ctx: Context, node: Node, found: Resolved, now: Instant) -> None:
    if not ctx.conditions.is_empty:
        tokens = frozenset(lock.token for lock, _ in locks_on(found))
        # The tag of content is good at every door, but a document that is deleted has none.
        tags = (None, None) if found.node is None else (found.node.etag, found.node.former_etag)
        target = ResourceState(True, tags[0], node.modified_at, tokens, tags[1], tag_of(session, node))
        check_conditions(session, ctx, found, now, target=target)


def _outcome(tx: Transaction, node_id: int, *, is_new: bool) -> Registered:
    node = catalog.find(tx, node_id)
    assert node is not None
    return Registered(node.uuid, is_new, tag_of(tx, node), node.id)
