"""Documents that are folders: the rule of ``model.packages`` applied inside the write transactions.

A program that saves such a document as a whole goes through here with the step that moves the new folder to the name. The folder
that was there goes on, with its identity, rights and properties, and so does each document in it; what has the same bytes as
before gets no version. The step is audited as one, and beside it what becomes of each member that changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from davgate.core.content import Said
from davgate.core.editing import promote, whereabouts, write_content
from davgate.core.receiving import add_empty
from davgate.core.recording import change_of, record
from davgate.core.rights import rights_of
from davgate.core.second_names import settle_alias
from davgate.core.store import Context, Store
from davgate.core.taking_away import take_away
from davgate.model.checkout import Act, CheckOut, Ruling, rule
from davgate.model.editing import Arrival, leftover_of_return
from davgate.model.frozen import frozen
from davgate.model.node import Cause, Node
from davgate.model.packages import Succession, is_next_state, is_out_of_scratch, succession
from davgate.model.paths import TreePath, to_text
from davgate.model.rights import NO_RIGHTS, Right
from davgate.storage.api import (
    Change,
    Resolved,
    Transaction,
    as_holder_sees,
    catalog,
    check_outs,
    dances,
    locks,
    removal,
    subtrees,
    to_node,
)

_NEEDED = Right.READ | Right.WRITE_CONTENT | Right.BIND | Right.UNBIND


@frozen
class Former:
    """A document that is a folder, as it was before it is saved: ``top``, wherever that is now, and what becomes of its members.

    ``deleted`` are the ids of those of them that are in the trash, ``check_outs`` the caller's own by document.
    """

    top: Node
    members: Succession
    deleted: frozenset[int]
    check_outs: Mapping[int, CheckOut] = field(hash=False)


def find_former(tx: Transaction, ctx: Context, found: Resolved, node: Node, there: Resolved) -> Former | None:
    """Return the document whose next state a folder is that is moved to a name, None when it is that of none (R12).

    It is what is at the name, or what left it a moment ago: into a folder for saving safely, to a name made from its own, or into
    the trash. If somebody has locked or checked out any of it there, or the caller may not change all of it, there is none: then
    one folder was removed and another one added, which is what each step says.
    """
    if not ctx.editing or not is_out_of_scratch(node, found.path, there.path):
        return None
    top = _there_or_left(tx, ctx, there)
    following = [to_node(row) for row in subtrees.of_node(tx, node.id)]
    if top is None or not is_next_state(following, ctx.principal, is_known=catalog.maker(tx, node.id)[1]):
        return None
    tree, deleted = _with_deleted(tx, ctx, top)
    ids = [one.id for one in tree]
    taken = {node_id: one for node_id, one in check_outs.of_documents(tx, ids).items() if one.stands}
    members = succession([as_holder_sees(one, taken[one.id]) if one.id in taken else one for one in tree], following)
    is_held = any(rule(one, ctx.principal, Act.WRITE) is Ruling.HELD for one in taken.values())
    if is_held or not members.is_one or (there.node is None and _is_locked(tx, ctx, ids)):
        return None
    held = rights_of(tx, ctx, ids)
    is_whole = all(_NEEDED in held.get(node_id, NO_RIGHTS) for node_id in ids)
    return Former(top, members, deleted, taken) if is_whole else None


def _there_or_left(tx: Transaction, ctx: Context, there: Resolved) -> Node | None:
    if there.node is not None or there.parent is None:
        return there.node if there.node is not None and there.node.is_collection else None
    left = dances.at(tx, there.parent.id, there.path[-1])
    top = None if left is None else catalog.find(tx, left.node_id)
    if left is None or top is None or not top.is_collection:
        return None
    return None if leftover_of_return(left, whereabouts(tx, top), ctx.principal, tx.now) is None else top


def _with_deleted(tx: Transaction, ctx: Context, top: Node) -> tuple[list[Node], frozenset[int]]:
    """Return a folder with all below it, and with what was deleted from there a moment ago: many clients delete file by file.

    What was deleted has the place and the name that it left.
    """
    tree: list[Node] = []
    deleted: set[int] = set()
    tops = [top]
    while tops:
        left = {one.id: one for one in tops}
        below = [one for one in tops if not one.is_collection]
        below += [to_node(row) for one in tops if one.is_collection for row in subtrees.of_node(tx, one.id)]
        tree += [left.get(one.id, one) for one in below]
        tops = dances.deleted_from(tx, [one.id for one in below if one.is_collection], ctx.principal.id)
        deleted |= {one.id for one in tops}
    return tree, frozenset(deleted)


def _is_locked(tx: Transaction, ctx: Context, ids: Sequence[int]) -> bool:
    """Tell whether any of these nodes is locked, or lies under somebody else's lock; the caller's own above is for each step."""
    nodes = frozenset(ids)
    standing = (one for on_it in locks.affecting(tx, ids, tx.now).values() for one in on_it)
    return any(one.node_id in nodes or one.principal_id != ctx.principal.id for one in standing)


def go_on(store: Store, tx: Transaction, ctx: Context, found: Resolved, there: Resolved, node: Node, former: Former) -> Node:
    """Let a document that is a folder have another folder's content, at a name to which the caller has checked it may be moved.

    If the document was moved aside, the other folder takes its place there, with what it had: the program goes on to look for
    that, and to delete it. Otherwise the other folder disappears.

    Raises:
        Retained: a member that would change or go is under retention.
    """
    assert there.parent is not None, "something may be put there"
    top, parent = former.top, there.parent
    back, aside = top, None
    if there.node is None:
        back = replace(top, parent_id=parent.id, name=there.path[-1])
        if top.parent_id is not None:
            aside = replace(node, parent_id=top.parent_id, name=top.name)
            catalog.move(tx, top, parent.id, there.path[-1])
            catalog.move(tx, node, top.parent_id, top.name)
        else:
            catalog.place_again(tx, top.id, parent.id, there.path[-1], ctx.principal.id)
    dances.forget_by(tx, top.id)
    settle_alias(tx, back)
    for changed_id in {parent.id, top.parent_id, node.parent_id}:
        if changed_id is not None:
            catalog.touch(tx, changed_id)
    told = {"dropped": len(former.members.dropped), "added": len(former.members.added)}
    changes = _changes(node, top, back, aside)
    record(tx, ctx, "rebind", there.path, top.id, *changes, rule="R12", moved_from=to_text(found.path), **told)
    at_home = replace(there, chain=(*there.chain[: len(there.path)], back))
    _pass_on(store, tx, ctx, found, at_home, former, is_aside=aside is not None)
    if aside is None:
        removal.remove_all(tx, [row[0] for row in subtrees.of_node(tx, node.id)])
    else:
        # A backup beside the document stays, and is full of documents.
        promote(store, tx, ctx, aside, found.path, catalog.path_of(tx, aside.id) or found.path)
    return back


def _changes(node: Node, top: Node, back: Node, aside: Node | None) -> list[Change]:
    """Return what happened to the two folders, of which either may have been where it is."""
    if aside is not None:
        moved = change_of("move-away", node), change_of("move-in", aside)
        return [change_of("move-away", top), *moved, change_of("move-in", back)]
    return [change_of("delete", node), *([] if back is top else [change_of("move-in", back)])]


def _pass_on(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, there: Resolved, former: Former, *, is_aside: bool
) -> None:
    """Give the members of a folder, which is at a path, what they have in its next state."""
    places, depth = {former.top.id: there}, len(there.path)
    for was, following in former.members.going_on:
        place = places[was.id] = _member(places[was.parent_id or 0], was, former)
        if was.id in former.deleted:
            _place_again(tx, ctx, place, was)
        if was.is_collection or _is_same(was, following):
            continue
        content = following.content or add_empty(store, tx, following.name or "")
        said = Said(origin=f"moved from {to_text((*found.path, *place.path[depth:]))}")
        write_content(store, tx, ctx, place, content, Cause.SAVE, arrival=Arrival.SCRATCH, said=said)
        if is_aside and was.content is not None:
            catalog.set_content(tx, following.id, 0, was.content, tx.at)
    for was in former.members.dropped:
        if was.id not in former.deleted:
            take_away(store, tx, ctx, _member(places[was.parent_id or 0], was, former), was)
    for following, home in former.members.added:
        place = places[home.id]
        _add(store, tx, ctx, place, (*found.path, *place.path[depth:], following.name or ""), following, home)


def _is_same(was: Node, following: Node) -> bool:
    return was.content is not None and following.content is not None and was.content.digest == following.content.digest


def _member(home: Resolved, node: Node, former: Former) -> Resolved:
    """Return what the path of a member of a folder leads to."""
    taken = former.check_outs.get(node.id)
    return replace(home, path=(*home.path, node.name or ""), chain=(*home.chain, node), check_out=taken)


def _place_again(tx: Transaction, ctx: Context, place: Resolved, node: Node) -> None:
    """Put back what was deleted, where its next content is."""
    assert place.parent is not None, "it is in a folder"
    catalog.place_again(tx, node.id, place.parent.id, node.name, ctx.principal.id)
    dances.forget_by(tx, node.id)
    record(tx, ctx, "rebind", place.path, node.id, change_of("move-in", node), rule="R2")


def _add(store: Store, tx: Transaction, ctx: Context, place: Resolved, came_from: TreePath, node: Node, home: Node) -> None:
    """Move something of the next state to a folder that goes on, which had nothing there."""
    path, moved = (*place.path, node.name or ""), replace(node, parent_id=home.id)
    catalog.move(tx, node, home.id, node.name)
    catalog.touch(tx, home.id)
    changes = change_of("move-away", node), change_of("move-in", moved)
    record(tx, ctx, "move", came_from, node.id, *changes, to=to_text(path))
    promote(store, tx, ctx, moved, came_from, path)
