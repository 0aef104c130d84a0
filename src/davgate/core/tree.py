"""The tree: looking into it, and making collections. What gives a node another place is in ``core.moving``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

from davgate.core.access import LockAt, check_conditions, check_member_locks, locks_on, look_up
from davgate.core.recording import change_of, record
from davgate.core.rights import may_read_all, require_parent, require_room, require_visible, visible_members
from davgate.core.store import Context, Store
from davgate.core.working_copies import shown_to
from davgate.model.checkout import CheckOut
from davgate.model.errors import AlreadyExists, NotFound
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.locks import Lock
from davgate.model.names import check_new_name
from davgate.model.node import Node, NodeKind
from davgate.model.paths import TreePath
from davgate.model.rights import Right
from davgate.storage.api import (
    MemberRow,
    NodeProperties,
    Resolved,
    Session,
    Transaction,
    catalog,
    check_outs,
    from_node,
    locks,
    members,
    properties,
)

_AT_ONCE = 2000
"""Members up to this number are read as a whole; beyond it a listing streams, and begins to arrive at once."""
_STEPS = 100
"""Parts of a quota: a principal who may not read everything is told how many of them are used."""


@frozen
class Quota:
    """Bytes stored, and bytes that may still be; None when there is no quota (RFC 4331, 3 and 4)."""

    used_bytes: int
    available_bytes: int | None


@frozen
class Listing:
    """A resource and, when asked for, its members, as rows; see ``storage.rows.MemberRow``.

    ``batches`` yields the members in the order of their names, the first batch is read already; ``is_complete`` tells that
    there is no other. ``standing`` are the locks that affect the resource; those of infinite depth affect the members too.
    ``properties`` are None where those of all members are too many to hold: ``properties_of`` reads those of some.
    ``check_outs`` go by node id; to their holders the rows show the working copies. Whatever else is needed is read with
    ``session``, at the same moment, see ``core.showing``.
    """

    node: Node
    now: Instant
    standing: tuple[LockAt, ...]
    properties: NodeProperties | None
    member_locks: Mapping[int, tuple[Lock, ...]]
    batches: Iterator[Sequence[MemberRow]]
    is_complete: bool
    check_outs: Mapping[int, CheckOut]
    found: Resolved
    session: Session
    has_members: bool
    quota: Quota | None = None

    def properties_of(self, rows: Iterable[MemberRow]) -> NodeProperties:
        """Return the properties of some of what is listed, perhaps with those of others."""
        return properties.of_nodes(self.session, [row[0] for row in rows]) if self.properties is None else self.properties

    @property
    def row(self) -> MemberRow:
        """The resource as a row of the same shape as its members."""
        return from_node(self.node)


@contextmanager
def listing(
    store: Store,
    ctx: Context,
    path: TreePath,
    *,
    with_members: bool,
    with_properties: bool,
    with_locks: bool,
    with_quota: bool = False,
) -> Iterator[Listing]:
    """Give a resource and its members as they are at one moment: at most four statements, however many members.

    Where there are very many properties, they are read later, for each group of members.

    Raises:
        NotFound, PreconditionFailed.
    """
    now = store.clock.now()
    with store.database.read(snapshot=with_members or with_properties) as session:
        found = look_up(session, ctx, path, now, with_stored_bytes=with_quota)
        node = require_visible(session, found, ctx)
        check_conditions(session, ctx, found, now, reading=True)
        known: NodeProperties | None = {}
        member_locks: Mapping[int, tuple[Lock, ...]] = {}
        first: Sequence[MemberRow] = ()
        rest: Iterator[Sequence[MemberRow]] = iter(())
        is_complete = True
        has_members = with_members and node.is_collection
        if with_properties:
            known = properties.of_listing(session, node.id) if has_members else properties.of_node(session, node.id)
        if has_members:
            if with_locks:
                member_locks = locks.of_members(session, node.id, now)
            first, rest, is_complete = members.of_collection(session, node.id, at_once=_AT_ONCE)
        room = None if found.stored_bytes is None else _quota_shown(store, session, found, ctx)
        taken = _check_outs(session, found, node, with_members=has_members)
        shown = visible_members(session, found, ctx) if has_members else None
        batches = map(shown_to(ctx, taken), map(shown, chain([first], rest))) if shown else iter(())
        yield Listing(
            node, now, locks_on(found), known, member_locks, batches, is_complete, taken, found, session, has_members, room
        )


def look_at(store: Store, ctx: Context, path: TreePath) -> Listing:
    """Return a resource alone, with the locks that affect it. One statement, and the session is over.

    Raises:
        NotFound, PreconditionFailed.
    """
    with listing(store, ctx, path, with_members=False, with_properties=False, with_locks=False) as found:
        return found


def _check_outs(session: Session, found: Resolved, node: Node, *, with_members: bool) -> Mapping[int, CheckOut]:
    own = found.check_out
    taken = {node.id: own} if own is not None and own.stands else {}
    return taken | check_outs.of_members(session, node.id) if with_members and found.has_check_outs else taken


def make_collection(store: Store, ctx: Context, path: TreePath) -> Node:
    """Make an empty collection; durable on return.

    Raises:
        AlreadyExists, ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, Locked, PreconditionFailed.

    Source: RFC 4918, 9.3.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, path, tx.now)
        if not path or found.node is not None:
            try:
                require_visible(tx, found, ctx)
            except NotFound:
                if path:
                    # What one may not see answers as a free name does, until it would have to be given out.
                    require_parent(found, ctx, Right.BIND)
                    require_room(found, ctx)
                raise
            raise AlreadyExists(path)
        parent = require_parent(found, ctx, Right.BIND)
        check_new_name(path[:-1], path[-1])
        check_conditions(tx, ctx, found, tx.now)
        check_member_locks(ctx, found)
        node = _new_collection(store, tx, ctx, parent.id, path[-1])
        catalog.add(tx, [node])
        catalog.touch(tx, parent.id)
        record(tx, ctx, "create", path, node.id, change_of("create", node))
        tx.commit()
    return node


def _new_collection(store: Store, tx: Transaction, ctx: Context, parent_id: int, name: str) -> Node:
    by = ctx.principal.id
    return Node(tx.take_ids(), store.new_uuid(), NodeKind.COLLECTION, parent_id, name, tx.at, tx.at, 0, None, by)


def quota(store: Store) -> Quota:
    """Return how much the store holds and may hold."""
    with store.database.read() as session:
        return _quota_of(store, catalog.stored_bytes(session))


def _quota_shown(store: Store, session: Session, found: Resolved, ctx: Context) -> Quota | None:
    """Return the quota as a principal is told of it, roughly if there is something that it may not read.

    To the byte it would tell how large that is, and, as equal content is stored once, whether somebody has a file that one has.
    """
    used_bytes = found.stored_bytes or 0
    if may_read_all(session, found, ctx):
        return _quota_of(store, used_bytes)
    limit = store.policy.quota_bytes
    step = max(1, limit // _STEPS)
    return _quota_of(store, -(-used_bytes // step) * step) if limit else None


def _quota_of(store: Store, used_bytes: int) -> Quota:
    limit = store.policy.quota_bytes
    return Quota(used_bytes, max(0, limit - used_bytes) if limit else None)
