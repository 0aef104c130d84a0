"""Marking versions: labels and pins by whoever may write the document, holds by administrators. A marked one is never thinned.

A mark is on bytes: what an edit session has open is sealed by it, and what is saved next is another version.
"""

from __future__ import annotations

from typing import Final

from davgate.core.access import check_conditions, look_up
from davgate.core.recording import change_of, record
from davgate.core.rights import require_node, rights_at
from davgate.core.store import Context, Store
from davgate.model.conditions import ResourceState
from davgate.model.errors import Forbidden, NoSuchVersion, NotADocument, NotFound
from davgate.model.errors_of_versions import LabelTaken, TooManyLabels, UnknownLabel
from davgate.model.marks import MarkKind, check_label
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.rights import Right
from davgate.storage.api import Session, Transaction, marks, versions

MOST_LABELS: Final = 1000
"""Of one document: its history is told with all of them."""


def set_label(store: Store, ctx: Context, path: TreePath, no: int | None, label: str, *, may_move: bool) -> int:
    """Give a version of a document, the current one without a number, a label, and return its number; durable on return.

    A label is on one version of a document at most: with ``may_move`` it leaves the one that has it.

    Raises:
        LabelTaken: a version has it, and it may not move.
        TooManyLabels: the document has as many as may be.
        Malformed: it is no label.
        NotFound, NotADocument, Forbidden, PreconditionFailed.

    Source: RFC 3253, 8.2.
    """
    check_label(label)
    with store.database.write() as tx:
        node, no = _version(tx, ctx, path, no)
        former = marks.labelled(tx, node.id, label)
        if former is not None and not may_move:
            raise LabelTaken(label, former)
        if former == no:
            return no
        if former is not None:
            marks.remove(tx, node.id, former, MarkKind.LABEL, label=label)
        elif sum(map(len, marks.labels_of(tx, node.id).values())) >= MOST_LABELS:
            raise TooManyLabels(path, MOST_LABELS)
        _seal(tx, node.id, no)
        marks.add(tx, node.id, no, MarkKind.LABEL, ctx.principal.id, label=label)
        record(tx, ctx, "label", path, node.id, change_of("label", node), label=label, version=no, before=former)
        tx.commit()
    return no


def remove_label(store: Store, ctx: Context, path: TreePath, label: str) -> int:
    """Take a label from the version that has it, and return its number; durable on return.

    Raises:
        UnknownLabel: no version of the document has it.
        NotFound, NotADocument, Forbidden, PreconditionFailed.

    Source: RFC 3253, 8.2.
    """
    with store.database.write() as tx:
        node, _ = _version(tx, ctx, path, None)
        no = marks.labelled(tx, node.id, label)
        if no is None:
            raise UnknownLabel(path, label)
        marks.remove(tx, node.id, no, MarkKind.LABEL, label=label)
        record(tx, ctx, "remove-label", path, node.id, change_of("label", node), label=label, version=no)
        tx.commit()
    return no


def pin(store: Store, ctx: Context, path: TreePath, no: int | None) -> int:
    """Keep a version, the current one without a number, from thinning, and return its number; durable on return.

    Raises:
        NotFound, NotADocument, Forbidden.
    """
    return _mark(store, ctx, path, no, MarkKind.PIN)


def unpin(store: Store, ctx: Context, path: TreePath, no: int | None) -> int:
    """Let a version be thinned again; see ``pin``."""
    return _unmark(store, ctx, path, no, MarkKind.PIN)


def hold(store: Store, ctx: Context, path: TreePath, no: int | None) -> int:
    """Keep a version from thinning, and its document from being removed for good, by anybody; see ``pin``.

    Raises:
        Forbidden: the caller is no administrator.
        NotFound, NotADocument.
    """
    return _mark(store, ctx, path, no, MarkKind.HOLD)


def release(store: Store, ctx: Context, path: TreePath, no: int | None) -> int:
    """End a hold; see ``hold``."""
    return _unmark(store, ctx, path, no, MarkKind.HOLD)


_UNDOING = {MarkKind.PIN: "unpin", MarkKind.HOLD: "release"}


def _mark(store: Store, ctx: Context, path: TreePath, no: int | None, kind: MarkKind) -> int:
    with store.database.write() as tx:
        node, no = _version(tx, ctx, path, no, kind)
        if _has(tx, node.id, no, kind):
            return no
        _seal(tx, node.id, no)
        marks.add(tx, node.id, no, kind, ctx.principal.id)
        record(tx, ctx, kind.value, path, node.id, change_of("label", node), version=no)
        tx.commit()
    return no


def _unmark(store: Store, ctx: Context, path: TreePath, no: int | None, kind: MarkKind) -> int:
    with store.database.write() as tx:
        node, no = _version(tx, ctx, path, no, kind)
        if marks.remove(tx, node.id, no, kind):
            record(tx, ctx, _UNDOING[kind], path, node.id, change_of("label", node), version=no)
            tx.commit()
    return no


def _has(session: Session, document_id: int, no: int, kind: MarkKind) -> bool:
    return any(mark.version_no == no and mark.kind is kind for mark in marks.of_document(session, document_id))


def _version(tx: Transaction, ctx: Context, path: TreePath, no: int | None, kind: MarkKind = MarkKind.LABEL) -> tuple[Node, int]:
    """Return a document and the number of one of its versions, if the caller may mark it so."""
    found = look_up(tx, ctx, path, tx.now)
    node = require_node(found, ctx, Right.WRITE_CONTENT)
    if kind is MarkKind.HOLD and Right.MANAGE not in rights_at(found, ctx, len(path)):
        raise Forbidden("Only an administrator holds and releases versions. Ask one.")
    if node.is_collection:
        raise NotADocument(path)
    if node.version_no == 0:
        raise NotFound(path)
    version = versions.find(tx, node.id, node.version_no if no is None else no)
    if version is None:
        raise NoSuchVersion(path, node.version_no if no is None else no)
    # A request that names a version makes its conditions of that.
    target = None if no is None else ResourceState(True, version.etag, version.saved_at)
    check_conditions(tx, ctx, found, tx.now, target=target)
    return node, version.no


def _seal(tx: Transaction, document_id: int, no: int) -> None:
    version = versions.find(tx, document_id, no)
    if version is not None and version.is_open(tx.now):
        versions.seal(tx, version)
