"""The audit beside what use cases write themselves: denials, sign-ins, reads, and reading it all back.

A granted write has its row in its own commit (``core.recording``). What was denied has no commit, so its row gets a small one of
its own. That one survives the end of the process; a power cut may take the last ones, but leaves the chain whole. Reads are
written together, those of a second at a time: of these, the end of the process may take the last ones, too.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from davgate.core.access import check_account
from davgate.core.denials import Source
from davgate.core.reads import Read
from davgate.core.rights import require_administrator, rights_of
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model import audit as chain
from davgate.model import errors
from davgate.model.audit import Damage, Head
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import Node, NodeKind
from davgate.model.paths import TreePath, to_text
from davgate.model.principal import Principal
from davgate.model.rights import NO_RIGHTS, Right
from davgate.storage.api import (
    AuditFilter,
    AuditRow,
    Session,
    ToldRow,
    Transaction,
    audit_rows,
    catalog,
    erasing,
    journal,
    registrations,
)

logger = logging.getLogger(__name__)

DENIED: Final = "denied"
_LONGEST_NAME: Final = 128
_ROWS_PER_STEP: Final = 1000

_OF_RIGHTS_OR_LOCKS: Final = (
    errors.Forbidden,
    errors.NotFound,
    errors.ParentMissing,
    errors.Locked,
    errors.LockConflict,
    errors.Held,
)
_OF_RULES: Final = (
    errors.ReservedName,
    errors.ReadOnlyPlace,
    errors.SameResource,
    errors.FiniteDepthOnly,
    errors.ProtectedProperty,
    errors.InvalidSyncToken,
    errors.UnsupportedReport,
    errors.TooManyMatches,
    errors.NoSuchInstant,
)
"""What is forbidden to everybody alike: such a request was wrong, not denied."""


# Writing


def denied(store: Store, ctx: Context, action: str, path: TreePath, error: errors.DavgateError) -> None:
    """Write down that a write was denied, if rights, a lock or a hold are why; the caller is answered the same either way.

    ``action`` is what was asked for, such as ``put``. What is not there counts as denied, too: it may be there and hidden, and
    whoever asks must not learn which from the time it takes. A flood of denials is counted, see ``Denials``.
    """
    if isinstance(error, _OF_RIGHTS_OR_LOCKS) and not isinstance(error, _OF_RULES):
        _write_denial(store, ctx, action, to_text(path), {"code": error.code})


def sign_in_failed(store: Store, name: str, client: str, request_id: str, reason: str) -> None:
    """Write down that somebody could not sign in; ``reason`` says why and holds nothing of what they sent.

    The row is davgate's own: nobody was proven. The name is as it was given, who knows whose. A flood is counted by address.
    """
    ctx = Context(SYSTEM_CONTEXT.principal, request_id=request_id, client=client)
    # What is no text cannot be hashed or stored (a token may hold half a surrogate pair).
    given = name[:_LONGEST_NAME].encode("utf-8", "replace").decode()
    _write_denial(store, ctx, "sign-in", "/", {"name": given, "reason": reason})


def signed_in(store: Store, principal: Principal, client: str, request_id: str, method: str) -> None:
    """Write down that a principal signed in, and how: once for each sign-in that was not remembered."""
    ctx = Context(principal, request_id=request_id, client=client)
    try:
        with store.database.write(durable=False) as tx:
            _add(tx, ctx, "sign-in", "/", {"method": method})
            tx.commit()
    except store.failures as error:
        logger.warning("A sign-in of %s is missing in the audit: %s", principal.name, error)


def write_counts(store: Store) -> int:
    """Write down how many denials got no row of their own in the minutes that are over; part of the upkeep."""
    due = store.denials.take_due(store.clock.now())
    if due:
        with store.database.write(durable=False) as tx:
            _add_counts(tx, due)
            tx.commit()
    return due.total()


def _write_denial(store: Store, ctx: Context, action: str, path: str, detail: Mapping[str, object]) -> None:
    now = store.clock.now()
    if not store.denials.admit((ctx.principal.id, ctx.client), now):
        return
    due = store.denials.take_due(now)
    try:
        with store.database.write(durable=False) as tx:
            _add_counts(tx, due)
            _add(tx, ctx, action, path, detail, DENIED)
            tx.commit()
    except store.failures as error:
        logger.warning("Denials missing in the audit: %d. %s", 1 + due.total(), error)


def _add_counts(tx: Transaction, due: Counter[Source]) -> None:
    for (principal_id, client), count in due.items():
        ctx = Context(Principal(principal_id, "", epoch=0), client=client)
        _add(tx, ctx, "more-denials", "/", {"count": count}, DENIED)


def _add(tx: Transaction, ctx: Context, action: str, path: str, detail: Mapping[str, object], outcome: str = "granted") -> None:
    journal.audit_act(
        tx,
        principal_id=ctx.principal.id,
        action=action,
        node_id=None,
        path=path,
        detail=detail,
        request_id=ctx.request_id,
        client=ctx.client,
        outcome=outcome,
    )


def has_read(store: Store, ctx: Context, node: Node, version_no: int, action: str) -> None:
    """Note that somebody read what is said of a node (``READ_METADATA``) or its content (``READ_CONTENT``) as of a version.

    It is written within a second, see ``core.reads``; the caller waits for nothing, and no read fails for it.
    """
    read = Read(ctx.principal.id, action, node.id, version_no, store.clock.now(), ctx.request_id, ctx.client)
    store.reads.add(read, lambda: write_reads(store))


def write_reads(store: Store) -> int:
    """Write down all reads that were noted in this process until now, and return how many."""
    with store.reads.writing:
        reads, left_out = store.reads.take()
        try:
            if reads:
                with store.database.write(durable=False) as tx:
                    journal.audit_acts(tx, _acts_of(tx, reads))
                    tx.commit()
        except store.failures as error:
            logger.warning("Reads missing in the audit: %d. %s", len(reads) + left_out, error)
            return 0
        if left_out:
            logger.warning("Reads missing in the audit: %d. More came than could be written.", left_out)
        return len(reads)


def _acts_of(tx: Transaction, reads: Sequence[Read]) -> list[journal.Act]:
    """Return reads as they are written: with the path that each node has now, and the instant at which it was read."""
    paths = {node_id: to_text(catalog.path_of(tx, node_id) or ()) for node_id in {one.node_id for one in reads}}
    return [
        journal.Act(
            one.principal_id,
            one.action,
            one.node_id,
            paths[one.node_id],
            {"version": one.version_no},
            one.request_id,
            one.client,
            at=one.at,
        )
        for one in reads
    ]


# Reading


@frozen
class Act:
    """Something that was done, by whom and when, and what it was done to was called then; ``=`` and its id without a name.

    ``number`` is that of its row. Of what is told of twice, the later half is part 0, the other one part 1.
    """

    number: int
    part: int
    at: Instant
    by: str
    action: str
    name: str
    detail: Mapping[str, Any]
    request_id: str


@frozen
class Past:
    """Some of what happened to a document or collection, the newest first, and how much that is in all."""

    uuid: str
    is_collection: bool = False
    acts: Sequence[Act] = ()
    total: int = 0


def of_node(
    store: Store, ctx: Context, uuid: str, actions: Sequence[str], first: int, most: int, *, twice: Sequence[str] = ()
) -> Past:
    """Return some of what happened to a document or collection: the acts of some kinds, and some of these in two halves.

    What was deleted or restored with a collection has that told as its own. Of what was deleted it is told to whoever may read
    it where it was. Of what the caller may not read, and of what is not there, there is nothing.
    """
    write_reads(store)
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        node = erasing.find_by_uuid(session, uuid)
        if node is None or node.kind is NodeKind.OBJECT or (node.kind is NodeKind.DOCUMENT and node.version_no == 0):
            return Past(uuid)
        if Right.READ not in rights_of(session, ctx, [node.id]).get(node.id, NO_RIGHTS):
            return Past(uuid)
        deletions = registrations.deletions(session, [node.id])[node.id]
        instants = [at for one in deletions for at in (one.at, one.restored_at)]
        above = registrations.ever_above(session, node.id) if deletions else ()
        rows, total = audit_rows.some_of_node(session, node.id, actions, twice, above, instants, first, most)
    return Past(uuid, node.is_collection, [_to_act(one, uuid) for one in rows], total)


def _to_act(told: ToldRow, uuid: str) -> Act:
    row = told.row
    if told.name is None:
        # The collections in the path may be others than those that the caller may see.
        name, detail = row.path.rpartition("/")[2], json.loads(row.detail)
    else:
        name, detail = told.name or f"={uuid}", {}
    return Act(row.number, told.part, row.at, row.principal, row.action, name, detail, row.request_id)


def newest(store: Store, ctx: Context, which: AuditFilter, most: int) -> list[AuditRow]:
    """Return the newest rows, the newest last.

    Raises:
        Forbidden: the caller is no administrator.
    """
    with store.database.read() as session:
        _check_may_read(store, session, ctx)
        return audit_rows.newest(session, which, most)


def row(store: Store, ctx: Context, number: int) -> AuditRow:
    """Return a row.

    Raises:
        Forbidden: the caller is no administrator.
        Malformed: there is no row of this number.
    """
    with store.database.read() as session:
        _check_may_read(store, session, ctx)
        found = audit_rows.find(session, number)
    if found is None:
        raise errors.Malformed(f"The audit has no row {number}. Look at the list for those that there are.")
    return found


def export(store: Store, ctx: Context, which: AuditFilter) -> Iterator[AuditRow | Head]:
    """Yield rows in their order, and the head of the chain after the last, all as of one moment; memory stays flat.

    Raises:
        Forbidden: the caller is no administrator.
    """
    with store.database.read(snapshot=True) as session:
        _check_may_read(store, session, ctx)
        yield from audit_rows.stream(session, which)
        yield audit_rows.head(session)


def verify(
    store: Store,
    ctx: Context,
    noted: Sequence[Head],
    tell: Callable[[Damage], object],
    watch: Callable[[int, int], object] = lambda done, total: None,
) -> Head:
    """Tell of each damage of the chain, and return the head that the store keeps; see ``model.audit.damages``.

    All rows are seen at one moment, what is written meanwhile is not judged, and memory stays flat. ``watch`` is told how many
    rows were looked at, of how many.

    Raises:
        Forbidden: the caller is no administrator.
    """
    with store.database.read(snapshot=True) as session:
        _check_may_read(store, session, ctx)
        head = audit_rows.head(session)
        for damage in chain.damages(_watched(audit_rows.links(session), head.number, watch), head, noted):
            tell(damage)
    return head


def _watched(links: Iterator[chain.Link], total: int, watch: Callable[[int, int], object]) -> Iterator[chain.Link]:
    for done, link in enumerate(links, start=1):
        if done % _ROWS_PER_STEP == 0:
            watch(done, max(done, total))
        yield link


def _check_may_read(store: Store, session: Session, ctx: Context) -> None:
    require_administrator(ctx)
    check_account(session, ctx, store.clock.now())
