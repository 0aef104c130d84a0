"""Mark rows: labels, pins and holds of versions."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert, select

from davgate.model.instant import Instant
from davgate.model.marks import Mark, MarkKind
from davgate.storage.statements import Statement
from davgate.storage.subtrees import SUBTREE
from davgate.storage.tables import principal, version_mark
from davgate.storage.transactions import Session, Transaction

_OF_DOCUMENT = Statement(
    select(version_mark.c.version_no, version_mark.c.kind, version_mark.c.label, principal.c.name, version_mark.c.marked_at)
    .join_from(version_mark, principal, principal.c.id == version_mark.c.marked_by)
    .where(version_mark.c.document_id == bindparam("document_id"))
    .order_by(version_mark.c.version_no, version_mark.c.kind, version_mark.c.label)
)
_LABELS_OF = Statement(
    select(version_mark.c.version_no, version_mark.c.label)
    .where(version_mark.c.document_id == bindparam("document_id"), version_mark.c.kind == MarkKind.LABEL.value)
    .order_by(version_mark.c.version_no, version_mark.c.label)
)
_LABELLED = Statement(
    select(version_mark.c.version_no).where(
        version_mark.c.document_id == bindparam("document_id"),
        version_mark.c.kind == MarkKind.LABEL.value,
        version_mark.c.label == bindparam("label"),
    )
)
_HELD_BELOW = Statement(
    select(version_mark.c.document_id)
    .where(version_mark.c.kind == MarkKind.HOLD.value, version_mark.c.document_id.in_(select(SUBTREE.c.id)))
    .order_by(version_mark.c.document_id)
    .limit(1)
)
_ADD = Statement(
    insert(version_mark).values(
        document_id=bindparam("document_id"),
        version_no=bindparam("no"),
        kind=bindparam("kind"),
        label=bindparam("label"),
        marked_by=bindparam("marked_by"),
        marked_at=bindparam("marked_at"),
    )
)
_REMOVE = Statement(
    delete(version_mark).where(
        version_mark.c.document_id == bindparam("document_id"),
        version_mark.c.version_no == bindparam("no"),
        version_mark.c.kind == bindparam("kind"),
        version_mark.c.label == bindparam("label"),
    )
)


def of_document(session: Session, document_id: int) -> list[Mark]:
    """Return all marks of a document's versions, in the order of these."""
    rows = session.all(_OF_DOCUMENT, document_id=document_id)
    return [Mark(row[0], MarkKind(row[1]), row[2], row[3], Instant(row[4])) for row in rows]


def labels_of(session: Session, document_id: int) -> dict[int, tuple[str, ...]]:
    """Return the labels of a document's versions by version number."""
    found: dict[int, tuple[str, ...]] = {}
    for no, label in session.all(_LABELS_OF, document_id=document_id):
        found[no] = (*found.get(no, ()), label)
    return found


def labelled(session: Session, document_id: int, label: str) -> int | None:
    """Return the number of the version that has a label, or None."""
    row = session.first(_LABELLED, document_id=document_id, label=label)
    return None if row is None else int(row[0])


def held_below(session: Session, top: int) -> int | None:
    """Return the id of a document with a held version, the node ``top`` or one below it; None when there is none."""
    row = session.first(_HELD_BELOW, top=top)
    return None if row is None else int(row[0])


def add(tx: Transaction, document_id: int, no: int, kind: MarkKind, by: int, *, label: str = "") -> None:
    """Mark a version."""
    tx.run(_ADD, document_id=document_id, no=no, kind=kind.value, label=label, marked_by=by, marked_at=tx.at)


def remove(tx: Transaction, document_id: int, no: int, kind: MarkKind, *, label: str = "") -> bool:
    """Remove a mark; tell whether it was there."""
    return bool(tx.changed(_REMOVE, document_id=document_id, no=no, kind=kind.value, label=label))


_ALL = Statement(
    select(
        version_mark.c.version_no, version_mark.c.kind, version_mark.c.label, version_mark.c.marked_by, version_mark.c.marked_at
    )
    .where(version_mark.c.document_id == bindparam("document_id"))
    .order_by(version_mark.c.version_no)
)


def pass_on(tx: Transaction, source_id: int, into_id: int, after_no: int) -> None:
    """Give versions that were appended to another document, behind number ``after_no``, the marks that they had.

    A label that the other document has stays where it is there.
    """
    taken = {label for labels in labels_of(tx, into_id).values() for label in labels}
    tx.run_many(
        _ADD,
        [
            {"document_id": into_id, "no": no + after_no, "kind": kind, "label": label, "marked_by": by, "marked_at": at}
            for no, kind, label, by, at in tx.all(_ALL, document_id=source_id)
            if kind != MarkKind.LABEL.value or label not in taken
        ],
    )
