"""What people say and are told about the versions that documents show: author, comment, origin and labels, for many at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import and_, bindparam, or_, select

from davgate.model.frozen import frozen
from davgate.storage.statements import Row, Statement, ids_given
from davgate.storage.tables import node, principal, version, version_mark
from davgate.storage.transactions import Session


@frozen
class VersionNote:
    """What a version says beside its content."""

    author: str
    comment: str
    origin: str
    labels: tuple[str, ...] = ()


_CURRENT = (
    select(node.c.id, principal.c.name, version.c.comment, version.c.origin, version_mark.c.label)
    .join(version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
    .join(principal, principal.c.id == version.c.author_id)
    .outerjoin(
        version_mark,
        and_(
            version_mark.c.document_id == version.c.document_id,
            version_mark.c.version_no == version.c.no,
            version_mark.c.kind == "label",
        ),
    )
    .order_by(node.c.id, version_mark.c.label)
)
_GIVEN = ids_given("ids")
_OF_LISTING = Statement(
    _CURRENT.select_from(node).where(or_(node.c.parent_id == bindparam("node_id"), node.c.id == bindparam("node_id")))
)
_OF_NODES = Statement(_CURRENT.select_from(node).where(node.c.id.in_(select(_GIVEN.c.id))))


def of_listing(session: Session, node_id: int) -> dict[int, VersionNote]:
    """Return by node id the notes on the current versions of a document, or of all documents in a collection."""
    return _by_node(session.all(_OF_LISTING, node_id=node_id))


def of_nodes(session: Session, node_ids: Iterable[int]) -> dict[int, VersionNote]:
    """Return by node id the notes on the current versions of documents."""
    return _by_node(session.all(_OF_NODES, ids=json.dumps([*node_ids])))


def _by_node(rows: Iterable[Row]) -> dict[int, VersionNote]:
    """Fold the rows, one for each label, into one note for each document."""
    found: dict[int, VersionNote] = {}
    for node_id, author, comment, origin, label in rows:
        note = found.get(node_id) or VersionNote(author, comment, origin)
        found[node_id] = note if label is None else replace(note, labels=(*note.labels, label))
    return found
