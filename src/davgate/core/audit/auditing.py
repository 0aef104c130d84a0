"""The audit beside what use cases write themselves: denials, sign-ins and reads. It is read back by ``core.audit.shown``.

A granted write has its row in its own commit (``core.recording``). What was denied has no commit, so its row gets a small one of
its own. That one survives the end of the process; a power cut may take the last ones, but leaves the chain whole. Reads are
written together, those of a second at a time: of these, the end of the process may take the last ones, too.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from davgate.core.audit.denials import Source
from davgate.core.audit.reads import Read
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model import errors
from davgate.model.node import Node
from davgate.model.paths import TreePath, to_text
from davgate.model.principal import Principal
from davgate.storage.api import (
    Transaction,
    catalog,
    journal,
)

logger = logging.getLogger(__name__)

DENIED: Final = "denied"
_LONGEST_NAME: Final = 128

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


def denied(store: Store, ctx: Context, action: str, path: TreePath, error: errors.DavgateError) -> None:
    """Write down that a write was denied, if rights, a lock or a hold are why; the caller is answered the same either way.

    ``action`` is what was asked for, such as ``put``. What is not there counts as denied, too: it may be there and hidden, and
    whoever asks must not learn which from the time it takes. A flood of denials is counted, see ``Denials``.
    """
    if isinstance(error, _OF_RIGHTS_OR_LOCKS) and not isinstance(error, _OF_RULES):
        _write_denial(store, ctx, action, to_text(path), {"code": error.code})


def sign_in_failed(store: Store, name: str, client: str, request_id: str, reason: str) -> None:
    """Write down that somebody could not sign in; ``reason`` says why and holds nothing of what they sent.

    The row is davgate's own: nobody was proven. The name is as it was given, whosever it is. A flood is counted by address.
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

    It is written within a second, see ``core.audit.reads``; the caller waits for nothing, and no read fails for it.
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
