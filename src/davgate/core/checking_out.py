"""Check-outs: a working copy for one principal, until check-in seals it as a version or cancel drops it.

The rules are the table in ``model.checkout``. What the holder saves meanwhile goes into the working copy by itself, see
``core.content.give``.
"""

from __future__ import annotations

from dataclasses import replace

from davgate.core.access import check_account, check_conditions, check_member_locks, check_write_locks, locks_on, look_up
from davgate.core.content import add_no_content, metadata_after, next_content_no, settle, streams_after
from davgate.core.filing import show_on_drive
from davgate.core.recording import change_of, record
from davgate.core.rescuing import keep
from davgate.core.retaining import check_content
from davgate.core.rights import require_node, rights_at, rights_of
from davgate.core.sessions import break_locks, overtake
from davgate.core.store import Context, Store
from davgate.model.checkout import Act, CheckOut, Ruling, rule
from davgate.model.editing import is_kept_unversioned
from davgate.model.errors import Locked, NotADocument
from davgate.model.errors_of_versions import AlreadyCheckedOut, CheckedOut, NotCheckedOut, NotVersioned
from davgate.model.instant import Instant
from davgate.model.locks import Lock
from davgate.model.names import check_text
from davgate.model.node import NO_CONTENT, ROOT_ID, Cause, Content, Node, Version
from davgate.model.paths import TreePath, Where
from davgate.model.rights import Right
from davgate.storage.api import NewVersion, Resolved, Session, Transaction, catalog, check_outs, locks, versions


def check_out(store: Store, ctx: Context, where: Where, *, beside_own_lock: bool = True) -> CheckOut:
    """Give the caller a working copy of a document; durable on return. Others go on with the last version.

    A version that an edit session has open is sealed first. The caller's own lock stays, or with ``beside_own_lock`` false it
    forbids the check-out as others' do: cadaver locks a document before it checks it out, other programs only after.

    Raises:
        AlreadyCheckedOut: somebody has it checked out, the caller perhaps.
        Locked: somebody else's lock stands on it.
        NotVersioned: it is a temporary file of a program.
        NotFound, NotADocument, Forbidden, PreconditionFailed.

    Source: RFC 3253, 4.3.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, where, tx.now)
        path = found.path
        node = _document(found, ctx, Right.WRITE_CONTENT | Right.CHECK_OUT)
        check_conditions(tx, ctx, found, tx.now)
        if is_kept_unversioned(node, path):
            raise NotVersioned(path)
        taken = found.check_out
        if taken is not None and rule(taken, ctx.principal, Act.CHECK_OUT) is not Ruling.ALLOWED:
            raise AlreadyCheckedOut(path, taken.principal_name)
        others = [pair for pair in locks_on(found) if not beside_own_lock or pair[0].principal_id != ctx.principal.id]
        if others:
            raise Locked(tuple(root for _, root in others))
        overtake(tx, ctx, found)
        if node.is_pending:
            node = settle(store, tx, ctx, node)
            record(tx, ctx, Cause.CREATED.value, path, node.id, change_of("content", node))
        versions.seal_below(tx, node.id)
        new = CheckOut(node.id, ctx.principal.id, ctx.principal.name, tx.at, node.version_no)
        check_outs.add(tx, new)
        record(tx, ctx, "check-out", path, node.id, change_of("check-out", node))
        tx.commit()
    return new


def check_in(
    store: Store,
    ctx: Context,
    where: Where,
    *,
    comment: str = "",
    keep_checked_out: bool = False,
    authored_by_caller: bool = False,
) -> Version:
    """Make the working copy the next version, with all that was saved in between; durable on return.

    There is a version always, also when nothing was saved. All locks on the document end but one whose token its holder submits:
    programs that lock, check out, save and check in end it themselves afterwards. An administrator may check in for the holder,
    who stays the author, unless the door asks that the caller be named.

    Raises:
        NotCheckedOut: nobody has it checked out.
        CheckedOut: somebody else has, and the caller is no administrator.
        Locked: its collection gets or loses a member by it, and somebody has locked that.
        NotFound, NotADocument, Forbidden, PreconditionFailed.

    Source: RFC 3253, 4.4.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, where, tx.now)
        path = found.path
        check_text(comment)
        _document(found, ctx, Right.WRITE_CONTENT)
        check_conditions(tx, ctx, found, tx.now)
        taken = _ending(found, ctx, Act.CHECK_IN)
        is_shown = found.chain[-1].name is not None
        if taken.is_without_file if is_shown else taken.content is not None:
            # With its first content its collection gets a member, and without its content loses it.
            check_member_locks(ctx, found)
        node = catalog.find(tx, taken.document_id)
        assert node is not None
        author_id = ctx.principal.id if authored_by_caller else taken.principal_id
        after_it = _add_version(tx, node, taken, comment, author_id)
        no = after_it.version_no
        tokens = [lock.token for lock in locks.live_of(tx, node.id) if not _is_submitted(ctx, lock)]
        break_locks(tx, tokens)
        is_own = taken.principal_id == ctx.principal.id
        check_outs.forget(tx, node.id)
        if keep_checked_out:
            check_outs.add(tx, replace(taken, taken_at=tx.at, base_no=no, saved_at=None, content=None))
        changes = [change_of("content", after_it)]
        if after_it.name is None and node.name is not None:
            catalog.touch(tx, node.parent_id or ROOT_ID)
            changes.insert(0, change_of("delete", node))
        record(tx, ctx, "check-in" if is_own else "force-check-in", path, node.id, *changes, version=no)
        made = versions.find(tx, node.id, no)
        assert made is not None
        tx.commit()
    return made


def _add_version(tx: Transaction, node: Node, taken: CheckOut, comment: str, author_id: int) -> Node:
    """Make a working copy the next version, with what was saved in between; without one, the version before it once more."""
    before = versions.find(tx, node.id, node.version_no) if node.version_no else None
    if taken.content is not None or taken.is_without_file:
        check_content(tx, before)
    if before is not None and before.session is not None:
        versions.seal(tx, before)
    has_content = not taken.is_without_file and (taken.content is not None or before is None or before.has_content)
    content = taken.content or node.content or (NO_CONTENT if before is None else before.content)
    if not has_content:
        content = NO_CONTENT
        add_no_content(tx)
    name = taken.file_name or (node.name if taken.content is not None or before is None else before.file_name) or ""
    earlier = check_outs.saves(tx, taken)
    opened_at = tx.at
    # The saves take an instant each, from the opening on: what follows has to be younger than they are.
    tx.at = Instant(tx.at + len(earlier))
    no = node.version_no + 1
    new = NewVersion(
        node.id,
        no,
        Cause.CHECK_IN,
        opened_at,
        author_id,
        name,
        content,
        comment=comment,
        saved_at=tx.at,
        metadata=metadata_after(tx, node, before, None, name, content if has_content else None),
        has_content=has_content,
        content_no=next_content_no(before) if has_content or before is None else before.content_no,
        streams=streams_after(tx, before),
    )
    versions.add(tx, [new])
    versions.add_saves(tx, node.id, no, taken.principal_id, earlier, opened_at)
    if not has_content:
        catalog.take_off_drive(tx, node, no)
        return replace(node, version_no=no, content=None, name=None, modified_at=tx.at)
    catalog.set_content(tx, node.id, no, content, tx.at)
    return show_on_drive(tx, replace(node, version_no=no, content=content, modified_at=tx.at), name)


def cancel(store: Store, ctx: Context, where: Where, *, beside_own_lock: bool = True) -> None:
    """Drop a working copy; what was saved in it becomes a rescue copy of its author. Durable on return.

    The caller's own lock, when its token is submitted, forbids that only with ``beside_own_lock`` false.

    Raises:
        NotCheckedOut, CheckedOut: see ``check_in``.
        Locked: a lock stands on the document; it has to end first.
        NotFound, NotADocument, Forbidden, PreconditionFailed.

    Source: RFC 3253, 4.5.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, where, tx.now)
        path = found.path
        node = _document(found, ctx, Right.WRITE_CONTENT)
        check_conditions(tx, ctx, found, tx.now)
        taken = _ending(found, ctx, Act.CANCEL)
        if not beside_own_lock and (standing_locks := locks_on(found)):
            raise Locked(tuple(root for _, root in standing_locks))
        if taken.principal_id == ctx.principal.id:
            check_write_locks(ctx, found)
        elif found.locks.get(node.id):
            raise Locked((path,))
        end_for_holder(store, tx, ctx, taken, "cancelled check-out", path)
        tx.commit()


def end_for_holder(store: Store, tx: Transaction, ctx: Context, taken: CheckOut, reason: str, path: TreePath) -> None:
    """End a check-out without a version; its bytes become a rescue copy. One of somebody else's is remembered for late saves."""
    content = _last_with_bytes(tx, taken)
    if content is not None:
        keep(store, tx, ctx, taken.principal_id, taken.document_id, path, content, reason)
    is_own = taken.principal_id == ctx.principal.id
    if is_own:
        check_outs.forget(tx, taken.document_id)
    else:
        check_outs.cancel(tx, taken.document_id)
    shown = catalog.find(tx, taken.document_id)
    changes = () if shown is None else (change_of("check-in", shown),)
    record(tx, ctx, "cancel-check-out" if is_own else "force-cancel-check-out", path, taken.document_id, *changes)


def _last_with_bytes(session: Session, taken: CheckOut) -> Content | None:
    """Return what was saved in a working copy: what it had before if it is empty, which is a step of many programs' saves."""
    if taken.content is not None and taken.content.length_bytes:
        return taken.content
    saved = [save.content for save in check_outs.saves(session, taken) if save.content.length_bytes]
    return saved[-1] if saved else taken.content


def _ending(found: Resolved, ctx: Context, act: Act) -> CheckOut:
    taken = found.check_out
    ruling = rule(taken, ctx.principal, act, rights_at(found, ctx, len(found.path)))
    if taken is None or ruling is Ruling.NOT_CHECKED_OUT:
        raise NotCheckedOut(found.path)
    if ruling is Ruling.HELD:
        raise CheckedOut(found.path, taken.principal_name)
    return taken


def _is_submitted(ctx: Context, lock: Lock) -> bool:
    return lock.token in ctx.tokens and lock.principal_id == ctx.principal.id


def _document(found: Resolved, ctx: Context, needed: Right) -> Node:
    node = require_node(found, ctx, needed)
    if node.is_collection:
        raise NotADocument(found.path)
    return node


def standing(store: Store, ctx: Context) -> list[tuple[CheckOut, TreePath | None]]:
    """Return all check-outs of documents that the principal may read, the oldest first, with the paths of these."""
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        taken = check_outs.all_standing(session)
        held = rights_of(session, ctx, [one.document_id for one in taken])
        shown = [one for one in taken if Right.READ in held[one.document_id]]
        return [(one, catalog.path_of(session, one.document_id)) for one in shown]
