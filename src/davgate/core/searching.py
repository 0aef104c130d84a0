"""Searching documents by what is said of them, wherever in the tree they are, as far as the caller may read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from davgate.core.access import look_up
from davgate.core.describing import Page, describe_all
from davgate.core.rights import hidden_below, rights_at, rights_of
from davgate.core.store import Context, Store
from davgate.model import permissions
from davgate.model.instant import Instant
from davgate.model.node import ROOT_ID
from davgate.model.query import Condition, Order
from davgate.model.rights import Right
from davgate.storage.api import Found, Session, access, searching


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched, how it is sorted, and which of what is found is wanted, counted from 0."""

    condition: Condition
    order: Order = Order.CREATED
    descending: bool = False
    first: int = 0
    most: int = 100


def search(store: Store, ctx: Context, wanted: Search) -> Page:
    """Return some of the documents of which a condition holds and that the caller may read, and how many there are in all.

    They have a version and are in the tree: neither deleted nor a file of a program. Who may read everything has the page picked
    by the database; for anybody else all that are found are looked at, in two statements however many.
    """
    now = store.clock.now()
    with store.database.read(snapshot=True) as session:
        if _reads_everything(session, ctx, now):
            total = searching.count_of(session, wanted.condition)
            ids = _page(session, wanted) if wanted.first < total else []
        else:
            found = searching.all_of(session, wanted.condition, wanted.order, descending=wanted.descending)
            readable = _readable(session, ctx, found)
            total = len(readable)
            ids = readable[wanted.first : wanted.first + wanted.most]
        return Page(describe_all(session, ctx, ids, now), total)


def _page(session: Session, wanted: Search) -> list[int]:
    return searching.page(
        session,
        wanted.condition,
        wanted.order,
        descending=wanted.descending,
        first=wanted.first,
        most=wanted.most,
    )


def _reads_everything(session: Session, ctx: Context, now: Instant) -> bool:
    # The look at the root confirms the account, too.
    root = look_up(session, ctx, (), now)
    if ctx.principal.administers_all:
        return True
    return Right.READ in rights_at(root, ctx, 0) and not hidden_below(session, ctx, ROOT_ID)


def _readable(session: Session, ctx: Context, found: Sequence[Found]) -> list[int]:
    """Return the ids of those that the caller may read.

    Most documents have the rights of their collection, so that these are looked at once. Others have grants of their own, or are
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
