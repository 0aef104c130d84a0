"""Searching documents and collections by what is said of them, wherever they are, as far as the caller may read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from davgate.core.access import look_up
from davgate.core.describing import Page, describe_all
from davgate.core.rights import hidden_below, rights_at, rights_of
from davgate.core.store import Context, Store
from davgate.model import permissions
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.node import ROOT_ID, NodeKind
from davgate.model.query import Area, Condition, Order, prepared
from davgate.model.rights import Right
from davgate.storage.api import Found, Session, Standpoint, access, searching

DOCUMENTS: Final = frozenset({NodeKind.DOCUMENT})
COLLECTIONS: Final = frozenset({NodeKind.COLLECTION})
EVERY_KIND: Final = DOCUMENTS | COLLECTIONS


@frozen
class Search:
    """What is searched, how it is sorted, and which of what is found is wanted, counted from 0."""

    condition: Condition
    order: Order = ()
    first: int = 0
    most: int = 100
    kinds: frozenset[NodeKind] = DOCUMENTS


def search(store: Store, ctx: Context, wanted: Search) -> Page:
    """Return some of what a condition holds of and the caller may read, and how much that is in all.

    It is in the tree: neither deleted nor a file of a program; documents have a version. The root is never found. The database
    picks the page for a caller who may read everything; for anybody else all that is found is looked at, in two statements
    however much that is.

    Raises:
        Malformed: too much is asked at once, or what makes no sense.
    """
    now = store.clock.now()
    with store.database.survey() as session:
        ids, total = pick(session, ctx, wanted, now)
        return Page(describe_all(session, ctx, ids, now), total)


def pick(session: Session, ctx: Context, wanted: Search, now: Instant, area: Area = Area.TREE) -> tuple[Sequence[int], int]:
    """Return the ids of what ``search`` returns, or of the same in the trash, and how much it is in all; see there."""
    condition, order = prepared(wanted.condition, wanted.order), wanted.order
    standpoint = Standpoint(area, ctx.principal.id, now)
    if _reads_everything_in(session, ctx, area, now):
        # Behind the last one there is nothing, however far: how far may be more than a database can count.
        first, most = min(wanted.first, FOREVER), wanted.most
        return searching.page(session, condition, wanted.kinds, order, first=first, most=most, standpoint=standpoint)
    may_read = readable(session, ctx, searching.all_of(session, condition, wanted.kinds, order, standpoint))
    return may_read[wanted.first : wanted.first + wanted.most], len(may_read)


def _reads_everything_in(session: Session, ctx: Context, area: Area, now: Instant) -> bool:
    # Below the root nothing of the trash is found, so that what is closed there hides from all but administrators.
    return reads_everything(session, ctx, now) and (area is Area.TREE or ctx.principal.administers_all)


def count(store: Store, ctx: Context, condition: Condition, kinds: frozenset[NodeKind] = DOCUMENTS) -> int:
    """Return of how much that the caller may read a condition holds; see ``search``."""
    condition = prepared(condition)
    with store.database.survey() as session:
        if reads_everything(session, ctx, store.clock.now()):
            return searching.count_of(session, condition, kinds)
        return len(readable(session, ctx, searching.all_of(session, condition, kinds, ())))


def reads_everything(session: Session, ctx: Context, now: Instant) -> bool:
    """Tell whether the caller may read all there is, so that nothing of it has to be looked at alone."""
    # The look at the root confirms the account, too.
    root = look_up(session, ctx, (), now)
    if ctx.principal.administers_all:
        return True
    return Right.READ in rights_at(root, ctx, 0) and not hidden_below(session, ctx, ROOT_ID)


def readable(session: Session, ctx: Context, found: Sequence[Found]) -> list[int]:
    """Return the ids of what the caller may read.

    Most nodes have the rights of their collection, so that these are looked at once. Others have grants of their own, or are
    closed, or are all that the caller's scope is about.
    """
    who = ctx.principal
    tree_id = who.scope.tree_id
    apart = {node_id for node_id, _, _, is_apart in found if is_apart or node_id == tree_id}
    held = rights_of(session, ctx, apart) if apart else {}
    ways = access.ways(session, who, {parent_id for _, parent_id, _, _ in found})
    others = {parent_id for parent_id, way in ways.items() if Right.READ in permissions.effective(who, way.steps)}
    own = {parent_id for parent_id, way in ways.items() if Right.READ in permissions.effective(who, way.steps, who.id)}
    return [
        node_id
        for node_id, parent_id, made_by, _ in found
        if (Right.READ in held[node_id] if node_id in apart else parent_id in (own if made_by == who.id else others))
    ]
