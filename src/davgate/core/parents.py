"""The collections that documents and collections lie in, for doors that show them by id and tell what was put somewhere by name.

What a door files by itself, in the folder of a month, was put nowhere by anybody; neither was what lies in the root.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Final

from davgate.core.rights import rights_of
from davgate.core.store import Context, Store
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import ROOT_ID, Node
from davgate.model.paths import TreePath
from davgate.model.rights import NO_RIGHTS, Right
from davgate.storage.api import Session, access, catalog, descriptions, places, versions

_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)


@frozen
class Parent:
    """A collection: its UUID, object type and version."""

    uuid: str
    type: str | None
    version_no: int


def parents_of(store: Store, ctx: Context, ids: Iterable[int | None], folder: TreePath) -> Mapping[int, Parent]:
    """Return by inner id those of some collections that the caller may read, that are not the root, and not a month of a door.

    ``folder`` is the door's. Two statements for whatever number, one more where a collection is called as a month;
    none as long as nothing was committed since the same was asked.
    """
    wanted = {one for one in ids if one is not None and one != ROOT_ID}
    if not wanted:
        return {}
    with store.database.read(snapshot=True) as session:
        question = ("parents", frozenset(wanted), ctx.principal, folder)
        return session.remembered(question, lambda: parents_within(session, ctx, wanted, folder))


def parents_within(session: Session, ctx: Context, ids: Iterable[int], folder: TreePath) -> Mapping[int, Parent]:
    """Return the same within a session that is open; see ``parents_of``."""
    said = descriptions.of_nodes(session, sorted(ids))
    held = rights_of(session, ctx, said)
    months = [one.node for one in said.values() if _MONTH.fullmatch(one.node.name or "")]
    filing_id = _find(session, folder) if months else None
    return {
        node_id: Parent(one.node.uuid, one.type, one.node.version_no)
        for node_id, one in said.items()
        if Right.READ in held.get(node_id, NO_RIGHTS) and node_id != ROOT_ID and not _is_month_of(one.node, filing_id)
    }


@frozen
class Then:
    """The collection in which a node was at an instant, None for none, and the number that the version of it had then, or 0."""

    parent_id: int | None
    version_no: int


def parents_then(store: Store, node: Node, instants: Iterable[Instant]) -> Mapping[Instant, Then]:
    """Return by instant in which collection a node was then, or first, whoever may read it: two statements."""
    with store.database.read(snapshot=True) as session:
        stays = places.of_node(session, node.id)
        parents = {at: places.parent_at(stays, at) for at in instants}
        opened = versions.numbers(session, {one for one in parents.values() if one is not None})
    return {at: Then(one, _number_at(opened.get(one, ()), at) if one is not None else 0) for at, one in parents.items()}


def _number_at(opened: Sequence[tuple[Instant, int]], at: Instant) -> int:
    following = bisect_right(opened, at, key=itemgetter(0))
    return opened[following - 1][1] if following else 0


def not_shown(store: Store, ctx: Context, folder: TreePath) -> list[str]:
    """Return the ids of the collections that are not shown to the caller as the parent of anything that the caller may read.

    They are the root, the months of a door, and those that the caller may not read, of what is in them.
    """
    with store.database.read(snapshot=True) as session:
        root = catalog.find(session, ROOT_ID)
        filing_id = _find(session, folder)
        members = () if filing_id is None else descriptions.members(session, filing_id)
        months = [uuid for _, uuid, _, _, name, *_ in members if _MONTH.fullmatch(name or "")]
        always = months if root is None else [root.uuid, *months]
        return [*always, *(uuid for uuid in _hidden(session, ctx) if uuid not in always)]


def _hidden(session: Session, ctx: Context) -> list[str]:
    if ctx.principal.administers_all:
        return []
    holding = access.holding_more(session, ctx.principal)
    held = rights_of(session, ctx, holding)
    return [uuid for node_id, uuid in holding.items() if Right.READ not in held.get(node_id, NO_RIGHTS)]


def _is_month_of(node: Node, filing_id: int | None) -> bool:
    return filing_id is not None and node.parent_id == filing_id and _MONTH.fullmatch(node.name or "") is not None


def _find(session: Session, folder: TreePath) -> int | None:
    """Return the inner id of a folder by its path, whoever may see it."""
    at = ROOT_ID
    for name in folder:
        member = catalog.member(session, at, name)
        if member is None:
            return None
        at = member.id
    return at
