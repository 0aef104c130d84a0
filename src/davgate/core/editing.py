"""Saves as people mean them: the rules of ``model.editing`` applied inside the write transactions.

A program that saves by writing another file, renaming and deleting goes through here with each of its steps. Whatever it does,
the document keeps its identity, its properties and its one line of versions; each step that was taken for part of a save is
audited under the rule that took it so, for a wrong guess to be undone (``core.mending``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from davgate.core.content import NOTHING_SAID, Said, Written, add_document, add_first_version, give
from davgate.core.receiving import add_empty
from davgate.core.recording import change_of, record
from davgate.core.rescuing import forget_cancelled
from davgate.core.retaining import check_content
from davgate.core.rights import require_parent, rights_on
from davgate.core.sessions import end_locks, overtake, session_under
from davgate.core.store import Context, Store
from davgate.model.checkout import Act, Ruling, rule
from davgate.model.editing import (
    Arrival,
    Leftover,
    Outcome,
    There,
    Vacated,
    Whereabouts,
    is_backup,
    is_late_return,
    is_scratch,
    is_temporary_folder,
    is_transient_place,
    leftover_of_return,
    outcome,
    what_is_there,
)
from davgate.model.frozen import frozen
from davgate.model.instant import after
from davgate.model.node import Cause, Content, Node
from davgate.model.paths import TreePath
from davgate.model.properties import PropertyUpdate
from davgate.model.rights import Right
from davgate.storage.api import (
    Resolved,
    Transaction,
    appending,
    catalog,
    check_outs,
    dances,
    descriptions,
    locks,
    marks,
    properties,
    property_index,
    removal,
    revisions,
    subtrees,
    to_node,
    versions,
)

_WINDOWS_TIMES = "urn:schemas-microsoft-com:"
"""The namespace of the properties in which Windows keeps the times of a file: they belong to the content that it wrote."""
_PARTS_OF_A_WINDOW = 8
"""A window that is moved on lasts longer than it has to by one of so many parts, so that it is moved rarely."""
_MOST_WINDOWS = 8
"""For how many windows a name that was left waits on: where somebody writes once a minute all day, it would else wait all day."""


def write_content(
    store: Store,
    tx: Transaction,
    ctx: Context,
    found: Resolved,
    content: Content | None,
    cause: Cause,
    *,
    arrival: Arrival = Arrival.CONTENT,
    said: Said = NOTHING_SAID,
) -> Written:
    """Put content, whose blob has its row, where a path leads; the one way in which it gets there.

    Without content a new document is pending, and one that is there reads as empty until it gets some (R7). Content at a name
    that a document left a moment ago brings the document back (R2).
    """
    overtake(tx, ctx, found)
    forget_cancelled(tx, ctx, found)
    left = _left_behind(tx, ctx, found)
    meaning = outcome(arrival, what_is_there(found.node), may_return=left is not None)
    _keep_windows_open(store, tx, ctx, found)
    if meaning is Outcome.RETURN and left is not None and content is not None:
        return _bring_back(store, tx, ctx, found, left, content, cause, said)
    if found.node is None:
        return _make(store, tx, ctx, found, content, said)
    if meaning is Outcome.HELD_BACK and content is None:
        return _hold_back(store, tx, ctx, found, found.node)
    if content is None and meaning is Outcome.NEXT_VERSION:
        content = add_empty(store, tx, found.path[-1])
    if content is None:
        return Written(found.node, is_created=False)
    return _give_here(store, tx, ctx, found, found.node, content, cause, said)


def _make(store: Store, tx: Transaction, ctx: Context, found: Resolved, content: Content | None, said: Said) -> Written:
    parent = require_parent(found, ctx, Right.BIND)
    session = session_under(store, tx, ctx, found)
    scratch = _is_scratch_place(ctx, found)
    node = add_document(store, tx, ctx, parent, found.path[-1], content, said=said, session=session, is_scratch=scratch)
    record(tx, ctx, "create", found.path, node.id, change_of("create", node), **said.told)
    return Written(node, is_created=True)


def _give_here(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, node: Node, content: Content, cause: Cause, said: Said
) -> Written:
    session = session_under(store, tx, ctx, found)
    after_it = give(
        store,
        tx,
        ctx,
        node,
        content,
        cause,
        said=said,
        session=session,
        check_out=found.check_out,
        is_scratch=_is_scratch_place(ctx, found),
    )
    if after_it is not node:
        told = {"version": after_it.version_no, **said.told}
        record(tx, ctx, cause.value, found.path, node.id, change_of("content", after_it), **told)
    return Written(after_it, is_created=False)


def _hold_back(store: Store, tx: Transaction, ctx: Context, found: Resolved, node: Node) -> Written:
    """Let a document read as empty, without a version: most programs that truncate a file write it a moment later (R7)."""
    if found.check_out is not None and found.check_out.stands:
        empty = add_empty(store, tx, found.path[-1])
        return _give_here(store, tx, ctx, found, node, empty, Cause.SAVE, NOTHING_SAID)
    if node.content is None or node.content.length_bytes == 0:
        return Written(node, is_created=False)
    check_content(tx, versions.find(tx, node.id, node.version_no))
    catalog.hold_back(tx, node.id)
    emptied = replace(node, content=None, modified_at=tx.at)
    record(tx, ctx, "empty", found.path, node.id, change_of("content", emptied), rule="R7")
    return Written(emptied, is_created=False)


def _is_scratch_place(ctx: Context, found: Resolved) -> bool:
    return ctx.editing and is_transient_place(found.path)


# A document that left its name


@frozen
class _Left:
    """A document that left a name where content now arrives, and what will stay where it went."""

    record: Vacated
    document: Node
    leftover: Leftover


def _left_behind(tx: Transaction, ctx: Context, found: Resolved) -> _Left | None:
    """Return the document that content at this path would bring back, or None (R2)."""
    if not ctx.editing or found.parent is None or what_is_there(found.node) not in (There.NOTHING, There.PENDING):
        return None
    vacated = dances.at(tx, found.parent.id, found.path[-1])
    document = None if vacated is None else catalog.find(tx, vacated.node_id)
    if vacated is None or document is None or document.is_collection or not _may_go_on(tx, ctx, document):
        return None
    leftover = leftover_of_return(vacated, whereabouts(tx, document), ctx.principal, tx.now)
    return None if leftover is None else _Left(vacated, document, leftover)


def _may_go_on(tx: Transaction, ctx: Context, document: Node) -> bool:
    """Tell whether a principal may give a document content where it is now: not when somebody else has checked it out meanwhile.

    A principal who may only remove documents and add new ones does just that by removing one and adding it again.
    """
    if rule(check_outs.of_document(tx, document.id), ctx.principal, Act.WRITE) is Ruling.HELD:
        return False
    return Right.WRITE_CONTENT in rights_on(tx, ctx, document.id)


def whereabouts(tx: Transaction, document: Node) -> Whereabouts:
    """Return where a document or folder that left its name is now."""
    above = None if document.parent_id is None else catalog.path_of(tx, document.parent_id)
    if above is None:
        return Whereabouts(document.parent_id, document.name)
    folders = (*above, document.name or "") if document.is_collection else above
    return Whereabouts(document.parent_id, document.name, any(map(is_temporary_folder, folders)))


def may_bring_back(tx: Transaction, ctx: Context, found: Resolved) -> bool:
    """Tell whether real content at this path would bring a document back (R2)."""
    return _left_behind(tx, ctx, found) is not None


def _bring_back(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, left: _Left, content: Content, cause: Cause, said: Said
) -> Written:
    """Give a document its name, id and history back, and the content that arrived as its next version (R2).

    What stays where it went is a file of its own with what the document had: a program's scratch file, or a backup.
    """
    parent = require_parent(found, ctx, Right.BIND)
    document, pending, name = left.document, found.node, found.path[-1]
    locks_away = locks.tokens_of(tx, document.id)
    if pending is not None:
        _take_over(tx, pending, document)
    changes = []
    if document.parent_id is None:
        catalog.place_again(tx, document.id, parent.id, name, ctx.principal.id)
    else:
        changes = [change_of("move-away", document)]
        catalog.move(tx, document, parent.id, name)
        away = catalog.find(tx, document.parent_id) or parent
        leftover = _leave_behind(store, tx, ctx, away, document, left.leftover)
        locks.pass_on(tx, locks_away, leftover.id)
        changes.append(change_of("create", leftover))
    dances.forget_by(tx, document.id)
    catalog.touch(tx, parent.id)
    back = replace(document, parent_id=parent.id, name=name)
    changes.append(change_of("move-in", back))
    record(tx, ctx, "rebind", found.path, document.id, *changes, rule="R2", leftover=left.leftover.value)
    at_home = replace(found, chain=(*found.chain[: len(found.path)], back), check_out=check_outs.of_document(tx, document.id))
    if pending is not None:
        at_home = replace(at_home, locks={**found.locks, document.id: found.locks.get(pending.id, ())})
    given = _give_here(store, tx, ctx, at_home, back, content, cause, said)
    return Written(given.node, is_created=pending is None)


def _leave_behind(store: Store, tx: Transaction, ctx: Context, parent: Node, document: Node, leftover: Leftover) -> Node:
    """Put a file with what a document had at the name that it comes back from."""
    had = document.content
    if had is None and (last := versions.find(tx, document.id, document.version_no)) is not None:
        had = last.content
    origin = f"what {document.uuid} had as version {document.version_no}"
    is_file_of_program = leftover is Leftover.SCRATCH
    return add_document(store, tx, ctx, parent, document.name or "", had, said=Said(origin=origin), is_scratch=is_file_of_program)


def _take_over(tx: Transaction, former: Node, document: Node) -> None:
    """Let a document have the locks on a file that it takes the place of; the file disappears, its ids lead to the document."""
    locks.pass_on(tx, locks.tokens_of(tx, former.id), document.id)
    _keep_windows_times(tx, former, document)
    dances.succeed(tx, former, document.id)
    removal.remove(tx, [former.id])


def _keep_windows_times(tx: Transaction, former: Node, document: Node) -> None:
    kept = properties.of_node(tx, former.id).get(former.id, {})
    updates = [PropertyUpdate(name, xml) for name, xml in kept.items() if name[0] == _WINDOWS_TIMES]
    properties.apply(tx, document.id, updates)


def _keep_windows_open(store: Store, tx: Transaction, ctx: Context, found: Resolved) -> None:
    """Let names left a moment ago in this collection wait longer: their principal goes on with what it does there."""
    if ctx.editing and found.parent is not None:
        _extend_windows(store, tx, ctx, found.parent.id)


def _extend_windows(store: Store, tx: Transaction, ctx: Context, parent_id: int) -> None:
    # Whoever deletes ten thousand documents of a folder one by one would else move all windows on with each of them.
    window = store.policy.save_window
    least = after(tx.now, window)
    since, later = after(tx.now, -window * _MOST_WINDOWS), after(least, window / _PARTS_OF_A_WINDOW)
    dances.extend(tx, parent_id, ctx.principal.id, since=since, least=least, later=later)


def vacate(store: Store, tx: Transaction, ctx: Context, node: Node) -> None:
    """Remember that a document or folder leaves its name, by which its next content may be known."""
    is_kept = node.is_collection or node.version_no > 0
    if not ctx.editing or not is_kept or node.parent_id is None or node.name is None:
        return
    if not node.is_collection:
        # A folder that leaves is no step of what a program does with the documents beside it.
        _extend_windows(store, tx, ctx, node.parent_id)
    until = after(tx.now, store.policy.save_window)
    dances.add(tx, Vacated(node.parent_id, node.name, node.id, ctx.principal.id, tx.at, until))


# Scratch files


def is_a_save(tx: Transaction, ctx: Context, node: Node, there: Resolved) -> bool:
    """Tell whether a program saves by moving a file that it has written to a document's name (R1 and R2)."""
    if not ctx.editing or node.is_collection or (there.node is not None and there.node.is_collection):
        return False
    creator_id, is_known = catalog.maker(tx, node.id)
    if not is_scratch(node, creator_id, ctx.principal, tx.now, is_known=is_known) or _has_to_stay(tx, node):
        return False
    left = _left_behind(tx, ctx, there)
    # A document that goes back to the name it left is renamed, and its own content no next version of it (R4). One that goes
    # where its backup is makes way for its next content, however young it is: the former backup does not go on with its versions.
    is_back = left is not None and left.document.id == node.id
    if is_back or (node.version_no > 0 and is_backup(there.path[-1], node.name or "")):
        return False
    meaning = outcome(Arrival.SCRATCH, what_is_there(there.node), may_return=left is not None)
    return meaning is Outcome.NEXT_VERSION or (meaning is Outcome.RETURN and node.content is not None)


def _has_to_stay(tx: Transaction, node: Node) -> bool:
    """Tell whether something would be lost if a document went on as another one: its working copy, or what a REST door made."""
    return check_outs.of_document(tx, node.id) is not None or descriptions.is_object(tx, node.id)


def absorb(tx: Transaction, ctx: Context, found: Resolved, scratch: Node, document: Node, ending: Iterable[str]) -> bool:
    """Let a scratch file disappear whose content went on as a document's version; its ids lead to the document.

    Returns whether it could: one with a history of its own has to be kept, and one that was emptied, whose version went nowhere.
    """
    if scratch.version_no > 1 or (scratch.version_no == 1 and (scratch.is_pending or versions.saves(tx, scratch.id, 1))):
        return False
    end_locks(tx, ctx, ending)
    _keep_windows_times(tx, scratch, document)
    discard(tx, ctx, found, scratch, successor=document)
    return True


def discard(tx: Transaction, ctx: Context, found: Resolved, node: Node, *, successor: Node | None = None) -> None:
    """Remove a file that has nothing to be kept: a scratch file, or one that never had content. Its locks have ended."""
    if successor is not None:
        dances.succeed(tx, node, successor.id)
    if node.parent_id is not None:
        # By what is left of a lock that was lost a late save is known, also when its file is gone.
        lost = locks.tokens_of(tx, node.id)
        locks.lose(tx, lost)
        locks.pass_on(tx, lost, node.parent_id)
        catalog.touch(tx, node.parent_id)
    removal.remove(tx, [node.id])
    record(tx, ctx, "discard", found.path, node.id, change_of("delete", node))


def promote(store: Store, tx: Transaction, ctx: Context, node: Node, came_from: TreePath, path: TreePath) -> Node:
    """Give scratch files that came to a place for documents their first version; nothing is sent again."""
    if node.is_unversioned:
        return _promote(store, tx, ctx, node, path)
    if node.is_collection and any(map(is_temporary_folder, came_from)):
        for below, place in _scratch_below(tx, node, path):
            _promote(store, tx, ctx, below, place)
    return node


def _promote(store: Store, tx: Transaction, ctx: Context, node: Node, path: TreePath) -> Node:
    if node.content is None or is_transient_place(path):
        return node
    promoted = add_first_version(store, tx, ctx, node, node.content)
    record(tx, ctx, "promote", path, node.id, change_of("content", promoted))
    return promoted


def _scratch_below(tx: Transaction, top: Node, top_path: TreePath) -> list[tuple[Node, TreePath]]:
    found: list[tuple[Node, TreePath]] = []
    paths: dict[int, TreePath] = {top.id: top_path}
    for node in map(to_node, subtrees.of_node(tx, top.id)):
        if node.id != top.id:
            paths[node.id] = (*paths[node.parent_id or top.id], node.name or "")
            if node.is_unversioned:
                found.append((node, paths[node.id]))
    return found


# A rename that was none after all


def find_late_return(tx: Transaction, ctx: Context, node: Node) -> tuple[Vacated, Node] | None:
    """Return what its principal made at the old name of a document that is now deleted under its new one (R3)."""
    if not ctx.editing or node.is_collection or node.version_no == 0:
        return None
    left = dances.by(tx, node.id)
    if not left or not _may_go_on(tx, ctx, node):
        return None
    for vacated in left:
        if catalog.path_of(tx, vacated.parent_id) is None:
            # The folder was deleted: what is in it has no name any more that the document could go back to.
            continue
        made = catalog.member(tx, vacated.parent_id, vacated.name)
        if made is None or _has_to_stay(tx, made):
            continue
        creator_id, is_known = catalog.maker(tx, made.id)
        if is_late_return(vacated, made, creator_id, ctx.principal, tx.now, is_known=is_known):
            return vacated, made
    return None


def merge_versions(tx: Transaction, source: Node, into: Node) -> Node:
    """Append the versions of a document to those of another one, whose content they then are; the other loses them.

    They keep their marks, and their times as far as the order of versions allows. The locks on the source pass to the other, and
    its ids lead there.
    """
    last = versions.find(tx, into.id, into.version_no)
    moved = appending.append(tx, source.id, into.id, into.version_no, last)
    if (newest := versions.find(tx, into.id, into.version_no + moved)) is not None:
        # Versions that had to be made younger may reach beyond this transaction's instant: what follows has to be younger still.
        tx.at = max(tx.at, newest.saved_at)
        property_index.replace(tx, into, newest.metadata, newest.file_name)
    marks.pass_on(tx, source.id, into.id, into.version_no)
    revisions.pass_on(tx, source.id, into.id, into.version_no)
    _take_over(tx, source, into)
    no = into.version_no + moved
    is_held_back = source.is_pending and moved > 0
    content = newest.content if is_held_back and newest is not None else source.content or into.content
    if content is not None:
        catalog.set_content(tx, into.id, no, content, tx.at)
    if is_held_back:
        # The source was emptied a moment ago: whoever did it has yet to write.
        catalog.hold_back(tx, into.id)
        content = None
    return replace(into, version_no=no, content=content, modified_at=tx.at)
