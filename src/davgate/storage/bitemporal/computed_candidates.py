"""Documents that the LoRA door never registered: which of them have to be looked at one by one when objects are searched.

Of the others their present facts are true: they are as they were made, or as they are now is all that is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, and_, bindparam, exists, false, not_, null, or_, select

from davgate.model.bitemporal.virkning import Window
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.node import NodeKind
from davgate.model.query import Fact
from davgate.storage.bitemporal.registration_criteria import GONE, Clause, reads
from davgate.storage.bitemporal.searching import FoundObject, told_columns
from davgate.storage.object_tables import temporal_value
from davgate.storage.search.criteria import COLUMNS, IS_TITLE
from davgate.storage.search.text_functions import TextsIn
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import node, placement, version
from davgate.storage.transactions import Session
from davgate.storage.trash import IN_TREE

_GIVEN = ids_given("ids")
_EVER_GONE = exists().where(GONE.c.node_id == node.c.id)
_NEVER_REGISTERED = and_(
    node.c.kind == NodeKind.DOCUMENT.value,
    node.c.version_no > 0,
    not_(exists().where(temporal_value.c.node_id == node.c.id, temporal_value.c.known_to == FOREVER)),
)


@frozen
class Candidates:
    """Which documents are looked at: those of which one of ``ever_gone``, ``changed``, ``notes`` and ``ids`` is true.

    ``ever_gone`` are those that were deleted at some time, ``changed`` those with several versions, those with ``notes`` have a
    version of which a note fits a pattern. Of all these some are left out: by ``uuid``, by when they were made, where
    ``is_deleted`` is not None by whether they are deleted now, and those that were never called as each of ``titles`` says.
    """

    made_before: Instant
    uuid: str | None = None
    is_deleted: bool | None = None
    titles: tuple[str, ...] = ()
    ever_gone: bool = False
    changed: bool = False
    notes: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()


def find(session: Session, wanted: Candidates) -> list[FoundObject]:
    """Return the documents that are looked at, in no order: what is there now with its title as key, other without any."""
    reasons: list[Clause] = [false()]
    if wanted.ever_gone:
        reasons.append(_EVER_GONE)
    if wanted.changed:
        reasons.append(node.c.version_no > 1)
    if wanted.notes:
        reads_one = or_(*(reads(version.c.comment, pattern) for pattern in wanted.notes))
        reasons.append(node.c.id.in_(select(version.c.document_id).where(reads_one)))
    if wanted.ids:
        reasons.append(node.c.id.in_(select(_GIVEN.c.id)))
    key = COLUMNS[Fact.TITLE] if wanted.is_deleted is False else null()
    statement = _never_registered(select(key, *told_columns()), wanted).where(or_(*reasons))
    given = {"ids": json.dumps(wanted.ids)} if wanted.ids else {}
    return [FoundObject(*row) for row in session.all(Statement(statement), **given)]


_BY_IDS = Statement(select(COLUMNS[Fact.TITLE], *told_columns()).where(node.c.id.in_(select(_GIVEN.c.id))))


def by_ids(session: Session, node_ids: Sequence[int]) -> list[FoundObject]:
    """Return documents in the order of their ids as given, with their titles as keys."""
    found = {one.node_id: one for one in (FoundObject(*row) for row in session.all(_BY_IDS, ids=json.dumps(node_ids)))}
    return [found[one] for one in node_ids]


def _never_registered(query: Select[Any], wanted: Candidates) -> Select[Any]:
    clauses: list[Clause] = [_NEVER_REGISTERED]
    if wanted.made_before != FOREVER:
        clauses.append(node.c.created_at < wanted.made_before)
    if wanted.uuid is not None:
        clauses.append(node.c.uuid == wanted.uuid)
    if wanted.is_deleted is not None:
        clauses.append(not_(IN_TREE) if wanted.is_deleted else IN_TREE)
    clauses += map(_was_called, wanted.titles)
    return query.where(*clauses)


def _was_called(pattern: str) -> Clause:
    """Return the clause that a document has or had a title, or a name in its place, that fits a pattern."""
    said = TextsIn(version.c.properties, IS_TITLE).table_valued("value")
    says = exists().select_from(said).where(reads(said.c.value, pattern))
    # Of any version, also where one version is what is looked for.
    is_titled = exists().where(version.c.document_id == node.c.id, says).correlate(node)
    is_named = exists().where(placement.c.node_id == node.c.id, reads(placement.c.name, pattern))
    # What it said while it was registered is no title alone.
    was_registered = exists().where(temporal_value.c.node_id == node.c.id)
    return or_(is_named, is_titled, was_registered)


@frozen
class Made:
    """When a document was made, and a version of it with content."""

    node_id: int
    uuid: str
    created_at: Instant
    version_no: int
    digest: bytes
    opened_at: Instant


def made(session: Session, wanted: Candidates, opened: Window) -> Iterator[Made]:
    """Yield the versions of documents that may be looked at, opened in a window. Needs a snapshot session."""
    columns = node.c.id, node.c.uuid, node.c.created_at, version.c.no, version.c.digest, version.c.opened_at
    is_opened = version.c.opened_at >= opened.start, version.c.opened_at < opened.end
    query = select(*columns).join_from(node, version, version.c.document_id == node.c.id).where(*is_opened)
    for batch in session.stream(Statement(_never_registered(query, wanted))):
        for row in batch:
            yield Made(*row)


_NEVER_DELETED = Statement(
    select(node.c.id).where(
        node.c.id.in_(select(_GIVEN.c.id)),
        _NEVER_REGISTERED,
        not_(_EVER_GONE),
        exists().where(
            version.c.document_id == node.c.id,
            version.c.no == node.c.version_no,
            version.c.opened_at < bindparam("until", type_=BigInteger()),
        ),
    )
)


def never_deleted(session: Session, node_ids: Iterable[int], until: Instant) -> frozenset[int]:
    """Return which of some documents were neither registered nor ever deleted, and are since before an instant as they are."""
    return frozenset(row[0] for row in session.all(_NEVER_DELETED, ids=json.dumps([*node_ids]), until=until))
