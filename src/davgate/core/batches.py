"""Several documents and collections in one transaction: all are made or changed, or none.

What one may be is decided while it is looked at within the transaction, so that what the decision rests on holds when it is
carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from davgate.core.access import look_up
from davgate.core.describing import Described, describe_all, describe_found
from davgate.core.filing import filing_collection
from davgate.core.moving_by_id import move_within
from davgate.core.objects import Changes, NewObject, create_within, restore_within, update_found
from davgate.core.parents import parents_within
from davgate.core.rights import rights_at
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound, Unauthenticated
from davgate.model.errors_of_objects import NoSuchCollection, VersionIsCurrent
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.metadata import Metadata
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.permissions import require
from davgate.model.rights import Right
from davgate.storage.api import Session, Transaction, catalog, descriptions, places, versions

Place = str | TreePath
"""Where something new goes: into the collection with a UUID, or into the collection of this month in a door's folder."""


def create_all(store: Store, ctx: Context, wanted: Sequence[tuple[Place, NewObject]]) -> list[Node]:
    """Make documents and collections, each in its place; durable on return.

    Raises:
        NoSuchCollection: a place is none.
        NotFound, Forbidden, Locked, PreconditionFailed, QuotaExceeded: see ``objects.create``.
    """
    with store.database.write() as tx:
        made = [create_within(store, tx, ctx, _place(tx, ctx, place), new) for place, new in wanted]
        tx.commit()
    return made


def _place(tx: Transaction, ctx: Context, place: Place) -> int | TreePath:
    return _collection_id(tx, ctx, place) if isinstance(place, str) else place


def _collection_id(tx: Transaction, ctx: Context, uuid: str) -> int:
    try:
        found = look_up(tx, ctx, uuid, tx.now)
    except NotFound as error:
        raise NoSuchCollection(uuid) from error
    # Whoever may add to it knows it, whether they may read it or not.
    may_know = rights_at(found, ctx, len(found.path)) & (Right.READ | Right.BIND)
    if found.node is None or not found.node.is_collection or not may_know:
        raise NoSuchCollection(uuid)
    return found.node.id


@frozen
class Decision:
    """What is to become of a document or collection: changes, and another place where one is named.

    ``place`` is the UUID of a collection; or a door's folder, for what is to lie in no collection that anybody chose.
    """

    changes: Changes
    place: Place | None = None


Decide = Callable[[Described], Decision]


def update(store: Store, ctx: Context, uuid: str, decide: Decide) -> Node:
    """Change one as it is decided on; see ``update_all``."""
    return update_all(store, ctx, [(uuid, decide)])[0]


def update_all(store: Store, ctx: Context, wanted: Sequence[tuple[str, Decide]]) -> list[Node]:
    """Change documents and collections as it is decided on when each is looked at; durable on return.

    Whatever a decision raises leaves all as they were. A place that one has already is no move, and neither is that of a door for
    what lies in one that nobody chose.

    Raises:
        NoSuchCollection: a place is none.
        NotFound, NotADocument, Forbidden, PreconditionFailed, Locked, CheckedOut, QuotaExceeded: see ``objects.update``.
        SameResource: a folder was to go into itself.
    """
    with store.database.write() as tx:
        nodes = []
        for uuid, decide in wanted:
            nodes.append(_update(store, tx, ctx, uuid, decide))
            # Of two versions of one document the later one is younger.
            tx.at = Instant(tx.at + 1)
        tx.commit()
    return nodes


def _update(store: Store, tx: Transaction, ctx: Context, uuid: str, decide: Decide) -> Node:
    found = look_up(tx, ctx, uuid, tx.now)
    decision = decide(describe_found(tx, ctx.without_conditions(), found).it)
    node = update_found(store, tx, ctx, found, decision.changes)
    place = decision.place
    if place is None:
        return node
    if isinstance(place, str):
        collection_id = _collection_id(tx, ctx, place)
    else:
        was_chosen = node.parent_id is not None and parents_within(tx, ctx, [node.parent_id], place)
        if not was_chosen:
            return node
        collection_id = filing_collection(store, tx, ctx, place)[0].id
    # The conditions were of what it was before the change.
    return node if collection_id == node.parent_id else move_within(store, tx, ctx.without_conditions(), node.id, collection_id)


def restore(
    store: Store, ctx: Context, uuid: str, no: int, say: Callable[[Described], Metadata], *, folder: TreePath, with_place: bool
) -> Node:
    """Give one content and metadata of a version again, see ``objects.restore_within``; durable on return.

    ``say`` tells what it says beside. ``with_place`` puts it back into the collection where it was then, if that is there still;
    what lay in one of the door's ``folder``, or in none, stays where it is.

    Raises:
        VersionIsCurrent: it is the current version.
        NoSuchVersion, NotFound, Forbidden, PreconditionFailed, Locked, CheckedOut, Retained.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, uuid, tx.now)
        it = describe_found(tx, ctx.without_conditions(), found).it
        require(Right.WRITE_PROPERTIES, it.rights, found.path)
        if no == max(1, it.node.version_no):
            raise VersionIsCurrent(found.path, no)
        version = versions.find(tx, it.node.id, no)
        node = restore_within(store, tx, ctx, it.node.id, no, also=say(it))
        if with_place and version is not None:
            then = places.parent_at(places.of_node(tx, node.id), version.opened_at)
            is_there = then is not None and catalog.path_of(tx, then) is not None
            if then is not None and is_there and then != node.parent_id and parents_within(tx, ctx, [then], folder):
                node = move_within(store, tx, ctx.without_conditions(), node.id, then)
        tx.commit()
    return node


@frozen
class Unread:
    """What was just written, where its writer may not read it: the document or collection, and its object type."""

    node: Node
    type: str | None


def describe_some(store: Store, ctx: Context, nodes: Sequence[Node]) -> list[Described | Unread]:
    """Return what is said of nodes that were just written, one for each, in their order.

    What was written is written: an account that was changed since may read nothing of it, and is not refused.
    """
    now = store.clock.now()
    with store.database.read(snapshot=True) as session:
        try:
            described = _described(session, ctx, nodes, now)
        except Unauthenticated:
            described = []
        read = {one.node.id: one for one in described}
        unread = [node.id for node in nodes if node.id not in read]
        said = descriptions.of_nodes(session, unread) if unread else {}
        return [read.get(one.id) or Unread(one, said[one.id].type if one.id in said else None) for one in nodes]


def _described(session: Session, ctx: Context, nodes: Sequence[Node], now: Instant) -> list[Described]:
    if len(nodes) != 1:
        return describe_all(session, ctx, [node.id for node in nodes], now)
    # One look at where it is tells all of a single one, and is remembered for the next reader.
    found = look_up(session, ctx, nodes[0].id, now)
    is_readable = found.node is not None and Right.READ in rights_at(found, ctx, len(found.path))
    return [describe_found(session, ctx.without_conditions(), found).it] if is_readable else []
