"""Where the versions of documents fall into revisions, the numbers of these, of object types, and logical names.

Numbers of nodes, revisions and types come from one counter, so that one is never two things. Revision 0 of a document has the
number of the document, and no row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import and_, bindparam, func, insert, literal, null, select, union_all, update

from davgate.model.frozen import frozen
from davgate.model.node import Version
from davgate.storage.object_tables import logical_name, revision, type_number
from davgate.storage.rows import VERSION_COLUMNS, to_version
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import node, principal, successor, version
from davgate.storage.transactions import Session, Transaction


@frozen
class Revision:
    """A revision: its number in the store, the document, its number there, and the version with which it begins."""

    id: int
    document_id: int
    no: int
    first_no: int


@frozen
class Line:
    """The newest revision of a document, and the logical name of the document, if it has one."""

    newest: Revision
    name: str | None


@frozen
class Numbered:
    """What a number leads to: a document, which one of its revisions may have it, or a type."""

    node_id: int | None
    type: str | None = None


# From a number or a name to what it means

_NUMBERED = Statement(
    union_all(
        select(literal(1).label("rank"), node.c.id, null().label("type")).where(node.c.id == bindparam("number")),
        select(literal(2), revision.c.document_id, null()).where(revision.c.id == bindparam("number")),
        select(literal(3), successor.c.successor_id, null()).where(successor.c.node_id == bindparam("number")),
        select(literal(4), null(), type_number.c.type).where(type_number.c.id == bindparam("number")),
    ).order_by("rank")
)
_NAMED = Statement(select(logical_name.c.node_id).where(logical_name.c.name == bindparam("name")))


def numbered(session: Session, number: int) -> Numbered | None:
    """Return what a number belongs to, also where its document became part of another one, or None."""
    row = session.first(_NUMBERED, number=number)
    return None if row is None else Numbered(row[1], row[2])


def named(session: Session, name: str) -> int | None:
    """Return the node that has a logical name, or None."""
    row = session.first(_NAMED, name=name)
    return None if row is None else int(row[0])


# Revisions

_GIVEN = ids_given("ids")
_newest = revision.alias("newest")
_NEWEST_NO = select(func.max(_newest.c.no)).where(_newest.c.document_id == _GIVEN.c.id).scalar_subquery()
_LINES = Statement(
    select(_GIVEN.c.id, revision.c.id, revision.c.no, revision.c.first_no, logical_name.c.name)
    .select_from(_GIVEN)
    .outerjoin(revision, and_(revision.c.document_id == _GIVEN.c.id, revision.c.no == _NEWEST_NO))
    .outerjoin(logical_name, logical_name.c.node_id == _GIVEN.c.id)
)


def lines(session: Session, document_ids: Iterable[int]) -> Mapping[int, Line]:
    """Return by id the newest revisions of documents and their logical names. One statement."""
    found: dict[int, Line] = {}
    for document_id, number, no, first_no, name in session.all(_LINES, ids=json.dumps([*document_ids])):
        newest = Revision(document_id, document_id, 0, 1) if number is None else Revision(number, document_id, no, first_no)
        found[document_id] = Line(newest, name)
    return found


_COLUMNS = (revision.c.id, revision.c.document_id, revision.c.no, revision.c.first_no)
_RANGE = Statement(
    select(*_COLUMNS)
    .where(
        revision.c.document_id == bindparam("document_id"), revision.c.no >= bindparam("low"), revision.c.no <= bindparam("high")
    )
    .order_by(revision.c.no)
)


def some(session: Session, document_id: int, low: int, high: int) -> list[Revision]:
    """Return the revisions of a document whose numbers lie in a range, its ends included, in their order."""
    first = [Revision(document_id, document_id, 0, 1)] if low <= 0 <= high else []
    return [*first, *(Revision(*row) for row in session.all(_RANGE, document_id=document_id, low=low, high=high))]


_ENDS = Statement(
    select(literal(1))
    .where(revision.c.document_id == bindparam("document_id"), revision.c.first_no == bindparam("next_no"))
    .limit(1)
)


def is_end(session: Session, document_id: int, no: int) -> bool:
    """Tell whether a version is the last one of a fixed revision: the next one begins with the number that follows."""
    return session.first(_ENDS, document_id=document_id, next_no=no + 1) is not None


_ends = ids_given("ends")
_near = version.alias("near")
_OF_SAME = _near.c.document_id == bindparam("document_id")
_LAST_NO = select(func.max(_near.c.no)).where(_OF_SAME, _near.c.no < _ends.c.id).scalar_subquery()
_FIRST_NO = select(func.min(_near.c.no)).where(_OF_SAME).scalar_subquery()
_NUMBERS = Statement(select(_ends.c.id, func.coalesce(_LAST_NO, _FIRST_NO)))
_VERSIONS = Statement(
    select(*VERSION_COLUMNS)
    .join_from(version, principal, principal.c.id == version.c.author_id)
    .where(version.c.document_id == bindparam("document_id"), version.c.no.in_(select(_GIVEN.c.id)))
)


def last_before(session: Session, document_id: int, ends: Iterable[int]) -> Mapping[int, Version]:
    """Return for each of some version numbers the newest kept version before it, or the oldest where none is. Two statements."""
    numbers = {row[0]: row[1] for row in session.all(_NUMBERS, document_id=document_id, ends=json.dumps([*ends]))}
    if not numbers:
        return {}
    rows = session.all(_VERSIONS, document_id=document_id, ids=json.dumps(sorted(set(numbers.values()))))
    found = {version.no: version for version in map(to_version, rows)}
    return {end: found[no] for end, no in numbers.items()}


_kept = version.alias("kept")
_FIRST_KEPT = (
    select(func.min(_kept.c.no))
    .where(_kept.c.document_id == revision.c.document_id, _kept.c.no >= revision.c.first_no)
    .scalar_subquery()
)
_BEGUN_BY = Statement(
    select(revision.c.id, version.c.author_id)
    .join_from(revision, version, and_(version.c.document_id == revision.c.document_id, version.c.no == _FIRST_KEPT))
    .where(revision.c.id.in_(select(_GIVEN.c.id)))
)


def begun_by(session: Session, revision_ids: Iterable[int]) -> Mapping[int, int]:
    """Return by their numbers in the store who began revisions, as the oldest kept version tells; the first has no row here."""
    return {row[0]: row[1] for row in session.all(_BEGUN_BY, ids=json.dumps([*revision_ids]))}


_ADD = Statement(
    insert(revision).values(
        id=bindparam("id"), document_id=bindparam("document_id"), no=bindparam("no"), first_no=bindparam("first_no")
    )
)


def begin(tx: Transaction, document_id: int, first_no: int) -> Revision:
    """Let the next revision of a document begin with a version."""
    begun = Revision(tx.take_ids(), document_id, lines(tx, [document_id])[document_id].newest.no + 1, first_no)
    tx.run(_ADD, id=begun.id, document_id=begun.document_id, no=begun.no, first_no=begun.first_no)
    return begun


_PASS_ON = Statement(
    update(revision)
    .where(revision.c.id == bindparam("of"))
    .values(document_id=bindparam("to_document"), no=bindparam("new_no"), first_no=bindparam("new_first_no"))
)
_PASS_NAME_ON = Statement(
    update(logical_name).where(logical_name.c.node_id == bindparam("former")).values(node_id=bindparam("to_document"))
)


def pass_on(tx: Transaction, former_id: int, document_id: int, versions_before: int) -> None:
    """Let a document whose versions follow those of another one give it its revisions, numbers kept, and the name it lacks.

    ``versions_before`` is how many numbers of versions the other one had given.
    """
    known = lines(tx, [former_id, document_id])
    last = known[document_id].newest.no
    passed = some(tx, former_id, 1, known[former_id].newest.no)
    tx.run_many(
        _PASS_ON,
        [
            {"of": one.id, "to_document": document_id, "new_no": last + one.no, "new_first_no": versions_before + one.first_no}
            for one in passed
        ],
    )
    if known[former_id].name is not None and known[document_id].name is None:
        tx.run(_PASS_NAME_ON, former=former_id, to_document=document_id)


# Names and numbers of types

_SET_NAME = Statement(insert(logical_name).values(name=bindparam("name"), node_id=bindparam("node_id")))


def set_name(tx: Transaction, node_id: int, name: str) -> None:
    """Give a new document a logical name, which nobody has."""
    tx.run(_SET_NAME, node_id=node_id, name=name)


_TYPES = Statement(select(type_number.c.type, type_number.c.id))
_ADD_TYPE = Statement(insert(type_number).values(type=bindparam("type"), id=bindparam("id")))


def type_numbers(session: Session) -> Mapping[str, int]:
    """Return the numbers of all types that have one."""
    return {row[0]: row[1] for row in session.all(_TYPES)}


def number_types(tx: Transaction, types: Sequence[str]) -> None:
    """Give types numbers, which have none."""
    first = tx.take_ids(len(types))
    tx.run_many(_ADD_TYPE, [{"type": one, "id": first + place} for place, one in enumerate(types)])
