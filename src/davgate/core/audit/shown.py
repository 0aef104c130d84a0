"""The audit as it is read: what happened to a node, for whoever may read that; rows, and their chain, for administrators.

Reads that were noted and not written yet are written before anybody looks at what happened to a node.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from davgate.core.access import check_account
from davgate.core.audit.auditing import write_reads
from davgate.core.rights import require_administrator, rights_on
from davgate.core.store import Context, Store
from davgate.core.watching import Watch, unwatched
from davgate.model import audit as chain
from davgate.model import errors
from davgate.model.audit import Damage, Head
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.node import NodeKind
from davgate.model.rights import Right
from davgate.storage.api import (
    AuditFilter,
    AuditRow,
    Session,
    ToldRow,
    audit_rows,
    erasing,
    registrations,
)

_ROWS_PER_STEP: Final = 1000


# What happened to a node


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
        if Right.READ not in rights_on(session, ctx, node.id):
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


# For administrators


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
    watch: Watch = unwatched,
) -> Head:
    """Tell of each damage of the chain, and return the head that the store keeps; see ``model.audit.damages``.

    All rows are seen at one moment, what is written meanwhile is not judged, and memory stays flat. ``watch`` is told how many
    rows were looked at.

    Raises:
        Forbidden: the caller is no administrator.
    """
    with store.database.read(snapshot=True) as session:
        _check_may_read(store, session, ctx)
        head = audit_rows.head(session)
        for damage in chain.damages(_watched(audit_rows.links(session), head.number, watch), head, noted):
            tell(damage)
    return head


def _watched(links: Iterator[chain.Link], total: int, watch: Watch) -> Iterator[chain.Link]:
    for done, link in enumerate(links, start=1):
        if done % _ROWS_PER_STEP == 0:
            watch(done, max(done, total))
        yield link


def _check_may_read(store: Store, session: Session, ctx: Context) -> None:
    require_administrator(ctx)
    check_account(session, ctx, store.clock.now())
