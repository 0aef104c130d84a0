"""Removing documents for good: what they hold, who else holds it, and traces in the database file. The rows go by ``removal``."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Column, bindparam, delete, func, select, text, union_all

from davgate.model.instant import Instant
from davgate.model.node import Node
from davgate.storage.database import Database
from davgate.storage.rows import NODE_COLUMNS, to_node
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import (
    IS_UNVERSIONED,
    check_out,
    node,
    rescue,
    save,
    trash,
    version,
    version_stream,
    working_save,
)
from davgate.storage.transactions import Session, Transaction

_BY_UUID = Statement(select(*NODE_COLUMNS).where(node.c.uuid == bindparam("uuid")))


def find_by_uuid(session: Session, uuid: str) -> Node | None:
    """Return a node, wherever it is, by the id that the world knows, or None."""
    row = session.first(_BY_UUID, uuid=uuid)
    return None if row is None else to_node(row)


_OLD = select(trash.c.node_id).where(trash.c.deleted_at < bindparam("before")).order_by(trash.c.deleted_at, trash.c.node_id)
_OLD_ENTRIES = Statement(_OLD)
_OLD_JUNK = Statement(_OLD.join_from(trash, node, node.c.id == trash.c.node_id).where(IS_UNVERSIONED))


def entries_before(session: Session, before: Instant, *, junk_alone: bool = False) -> list[int]:
    """Return what was deleted before an instant, or of that only programs' scratch files; what was deleted first comes first."""
    return [int(row[0]) for row in session.all(_OLD_JUNK if junk_alone else _OLD_ENTRIES, before=before)]


_GIVEN = ids_given("ids")
_OWNED: tuple[tuple[Column[int], Column[bytes]], ...] = (
    (version.c.document_id, version.c.digest),
    (version_stream.c.document_id, version_stream.c.digest),
    (save.c.document_id, save.c.digest),
    (check_out.c.document_id, check_out.c.digest),
    (working_save.c.document_id, working_save.c.digest),
    (node.c.id, node.c.digest),
)


def _contents(*owned: tuple[Column[int], Column[bytes]]) -> Statement:
    wanted = select(_GIVEN.c.id)
    one_each = union_all(*(select(digest).where(owner.in_(wanted), digest.is_not(None)) for owner, digest in owned)).subquery()
    return Statement(select(one_each.c.digest).distinct())


_CONTENTS = _contents(*_OWNED)
_RESCUED = Statement(select(rescue.c.digest).where(rescue.c.document_id.in_(select(_GIVEN.c.id))).distinct())
_DROP_RESCUES = Statement(delete(rescue).where(rescue.c.document_id.in_(select(_GIVEN.c.id))))
_VERSIONS = Statement(
    select(version.c.document_id, func.count())
    .where(version.c.document_id.in_(select(_GIVEN.c.id)))
    .group_by(version.c.document_id)
)
_WORKED_ON = Statement(
    select(check_out.c.document_id).where(
        check_out.c.document_id.in_(select(_GIVEN.c.id)), check_out.c.cancelled_at.is_(None), check_out.c.digest.is_not(None)
    )
)


def contents_of(session: Session, node_ids: Sequence[int]) -> set[bytes]:
    """Return the digests of all that nodes hold or held, their rescue copies apart."""
    return {row[0] for row in session.all(_CONTENTS, ids=json.dumps(node_ids))}


def version_counts(session: Session, node_ids: Sequence[int]) -> dict[int, int]:
    """Return how many versions documents have, by id; those without are left out."""
    return {int(row[0]): int(row[1]) for row in session.all(_VERSIONS, ids=json.dumps(node_ids))}


def worked_on(session: Session, node_ids: Sequence[int]) -> list[int]:
    """Return those of the documents that are checked out and have a working copy of their own."""
    return [int(row[0]) for row in session.all(_WORKED_ON, ids=json.dumps(node_ids))]


def drop_rescues(tx: Transaction, node_ids: Sequence[int]) -> set[bytes]:
    """Remove all rescue copies that were meant for these documents, and return the digests of their contents."""
    ids = json.dumps(node_ids)
    named = {row[0] for row in tx.all(_RESCUED, ids=ids)}
    tx.run(_DROP_RESCUES, ids=ids)
    return named


_OVERWRITE = Statement(text("PRAGMA secure_delete=ON"))
_OVERWRITE_NOT = Statement(text("PRAGMA secure_delete=OFF"))


def overwrite_what_goes(database: Database, tx: Transaction, *, on: bool) -> None:
    """Let SQLite fill with zeros what is deleted on this connection; it only marks it as free otherwise. Costs more writing."""
    if database.is_sqlite:
        # It answers with a row, which has to be read.
        tx.all(_OVERWRITE if on else _OVERWRITE_NOT)
