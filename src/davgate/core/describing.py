"""What REST doors say of documents and collections: common metadata, typed metadata, locks, check-outs and rights, at one moment.

A description is the same whichever door asks for it; doors give its parts their own names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from davgate.core.access import check_read_conditions, locks_on, look_up
from davgate.core.rights import require_visible, rights_at, rights_of, rights_on_members, visible_members
from davgate.core.store import Context, Store
from davgate.model.checkout import CheckOut
from davgate.model.conditions import ResourceState
from davgate.model.errors import NotACollection, NotFound
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.locks import Lock, effective
from davgate.model.metadata import Metadata
from davgate.model.node import Content, Node
from davgate.model.paths import TreePath, Where
from davgate.model.rights import NO_RIGHTS, Right
from davgate.storage.api import (
    Description,
    Resolved,
    Session,
    aliases,
    as_holder_sees,
    check_outs,
    descriptions,
    directory,
    locks,
)


@frozen
class Described:
    """A document or collection as its caller sees it: with the working copy, if the caller has it checked out.

    ``content`` and ``file_name`` are of what the caller reads; None where there is none. ``changed_at`` is when content or
    metadata last changed. ``lock`` is one that affects it, with the name of its holder; ``rights`` are the caller's.
    """

    said: Description
    node: Node
    content: Content | None
    file_name: str
    lock: Lock | None
    lock_holder: str
    check_out: CheckOut | None
    rights: Right
    changed_at: Instant

    @property
    def metadata(self) -> Metadata:
        """The typed properties."""
        return self.said.metadata

    @property
    def is_locked(self) -> bool:
        """Whether anybody's lock stands on it."""
        return self.lock is not None

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has locked it or checked it out, as ``access.check_untouched`` asks of one document."""
        return self.lock is None and self.held_by is None

    @property
    def held_by(self) -> CheckOut | None:
        """Its check-out, while that stands."""
        return self.check_out if self.check_out is not None and self.check_out.stands else None

    @property
    def holder(self) -> str:
        """The name of whoever keeps others from writing, by a lock or a check-out; empty if nobody does."""
        if self.lock is not None:
            return self.lock_holder
        return self.held_by.principal_name if self.held_by is not None else ""

    @property
    def etag(self) -> str:
        """The tag of what is said of it."""
        return self.node.metadata_etag


@frozen
class Seen:
    """What was asked for, and the collections above it from the root down, as far as the caller may read them."""

    it: Described
    path: TreePath
    above: tuple[Described, ...]
    is_modified: bool = True


def describe(store: Store, ctx: Context, where: Where, *, with_above: bool = False) -> Seen:
    """Return what is said of a document or collection; two statements, one more when it is locked.

    ``is_modified`` is false when the request's conditions say that the caller knows it already.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.read(snapshot=True) as session:
        return describe_within(session, ctx, where, store.clock.now(), with_above=with_above)


def describe_within(session: Session, ctx: Context, where: Where, now: Instant, *, with_above: bool = False) -> Seen:
    """Return the same within a session that is open; see ``describe``."""
    return describe_found(session, ctx, look_up(session, ctx, where, now), with_above=with_above)


def describe_found(session: Session, ctx: Context, found: Resolved, *, with_above: bool = False) -> Seen:
    """Return the same of what was looked up; see ``describe``."""
    node = require_visible(session, found, ctx)
    if not node.is_collection and node.version_no == 0:
        raise NotFound(found.path)
    chain = found.chain if with_above else (node,)
    said = descriptions.of_nodes(session, [one.id for one in chain])
    lock = _shown(ctx, [one for one, _ in locks_on(found)])
    names = _names_of(session, ctx, [lock])
    described = []
    for depth, one in enumerate(found.chain):
        if one.id not in said:
            continue
        held = rights_at(found, ctx, depth)
        is_it = one is node
        if is_it or Right.READ in held:
            described.append(
                _described(said[one.id], one, lock if is_it else None, names, found.check_out if is_it else None, held, ctx)
            )
    it = described[-1]
    # Without conditions nobody needs the tag, which is a digest.
    is_modified = ctx.conditions.is_empty or check_read_conditions(ctx, ResourceState(True, it.etag, it.changed_at))
    return Seen(it, found.path, tuple(described[:-1]), is_modified)


def _described(
    said: Description,
    node: Node,
    lock: Lock | None,
    names: Mapping[int, str],
    check_out: CheckOut | None,
    held: Right,
    ctx: Context,
) -> Described:
    content, file_name, changed_at = said.content, said.file_name, said.changed_at
    own = check_out if check_out is not None and check_out.is_held_by(ctx.principal) else None
    if own is not None and own.is_without_file:
        content, file_name = None, ""
    elif own is not None and own.content is not None:
        content, file_name = own.content, own.file_name or file_name
        changed_at = max(changed_at, own.saved_at or changed_at)
    holder = "" if lock is None else names.get(lock.principal_id, "")
    return Described(said, node, content, file_name, lock, holder, check_out, held, changed_at)


def _shown(ctx: Context, standing: Iterable[Lock]) -> Lock | None:
    """Return the lock that is shown of those that affect something: one's own, which one can prove, before others'."""

    def rank(one: Lock) -> tuple[bool, bool, int]:
        # An order by the holder goes by the same lock, see ``storage.search.standing``.
        return one.principal_id != ctx.principal.id, one.expires_at != FOREVER, one.principal_id

    return min(standing, key=rank, default=None)


def _names_of(session: Session, ctx: Context, shown: Iterable[Lock | None]) -> Mapping[int, str]:
    """Return by id the names of the holders of locks; one statement where there are others than the caller."""
    names = {ctx.principal.id: ctx.principal.name}
    others = {lock.principal_id for lock in shown if lock is not None} - {ctx.principal.id}
    return names | {one.id: one.name for one in directory.some(session, others)} if others else names


def describe_all(session: Session, ctx: Context, node_ids: Sequence[int], now: Instant) -> list[Described]:
    """Return what is said of some nodes, in their order, but for those that the caller may not read: five statements at most."""
    held = rights_of(session, ctx, node_ids)
    readable = [one for one in node_ids if Right.READ in held.get(one, NO_RIGHTS)]
    standing = locks.affecting(session, readable, now)
    return _describe_all(session, ctx, readable, held, standing, check_outs.of_documents(session, readable))


def _describe_all(
    session: Session,
    ctx: Context,
    node_ids: Sequence[int],
    held: Mapping[int, Right],
    standing: Mapping[int, Sequence[Lock]],
    taken: Mapping[int, CheckOut],
) -> list[Described]:
    said = descriptions.of_nodes(session, node_ids)
    shown = {node_id: _shown(ctx, of_node) for node_id, of_node in standing.items()}
    names = _names_of(session, ctx, shown.values())
    return [
        _described(
            said[one],
            _as_seen(said[one].node, taken.get(one), ctx),
            shown.get(one),
            names,
            taken.get(one),
            held[one],
            ctx,
        )
        for one in node_ids
        if one in said
    ]


def _as_seen(node: Node, taken: CheckOut | None, ctx: Context) -> Node:
    return as_holder_sees(node, taken) if taken is not None and taken.is_held_by(ctx.principal) else node


@frozen
class Page:
    """Part of a list: the items of it, and how many there are in all."""

    items: Sequence[Described]
    total: int


def members(store: Store, ctx: Context, collection: Where, first: int, most: int) -> tuple[Seen, Page]:
    """Return a collection and some of its members that the caller may see, the oldest first.

    Only what is shown is read as a whole: of the others the row that says whether they are seen.

    Raises:
        NotFound, PreconditionFailed.
        NotACollection: it is a document.
    """
    now = store.clock.now()
    with store.database.read(snapshot=True) as session:
        return members_found(session, ctx, look_up(session, ctx, collection, now), first, most, now)


def members_found(session: Session, ctx: Context, found: Resolved, first: int, most: int, now: Instant) -> tuple[Seen, Page]:
    """Return the same of what was looked up; see ``members``."""
    seen = describe_found(session, ctx, found, with_above=True)
    node = seen.it.node
    if not node.is_collection:
        raise NotACollection(seen.path)
    rows = visible_members(session, found, ctx)(descriptions.members(session, node.id))
    shown = rows[first : first + most]
    ids = [row[0] for row in shown]
    held, standing = rights_on_members(session, found, ctx, shown), _locks_below(session, found, ids, now)
    taken = check_outs.of_documents(session, ids) if found.has_check_outs else {}
    return seen, Page(_describe_all(session, ctx, ids, held, standing, taken), len(rows))


def _locks_below(session: Session, found: Resolved, members: Sequence[int], now: Instant) -> Mapping[int, Sequence[Lock]]:
    """Return the locks that affect members of what was looked up: the deep ones on the way, and their own. One statement."""
    deep = tuple(lock for node in found.chain for lock in effective((), found.locks.get(node.id, ())))
    own = locks.of_members(session, found.chain[-1].id, now)
    return {one: (*deep, *own.get(one, ())) for one in members} if deep or own else {}


def find_address(session: Session, address: TreePath) -> int:
    """Return the node at an address made of second names, drive names or UUIDs; whether the caller may see it is not asked yet.

    What was deleted and keeps its address is found, too, see ``core.deleted``.

    Raises:
        NotFound.
    """

    def find() -> int:
        node_id = aliases.find(session, address)
        if node_id is None:
            raise NotFound(address)
        return node_id

    return session.remembered(("address", address), find)
