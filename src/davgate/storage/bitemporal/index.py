"""What objects whose content is valid for a time are found by: rows that are kept in the commit that makes a version.

A row tells from when to when it was known. What a new version still says keeps its row, so that a small change of a large object
costs little. What was never registered has no rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC

from sqlalchemy import BigInteger, and_, bindparam, delete, exists, func, insert, or_, select, update

from davgate.model.bitemporal.registration import DAY, GROUP, KEY, State, Subject, base_no, states, to_metadata
from davgate.model.bitemporal.rows import Row, cut, in_order_of_time, made_of, registration_of, rows_of
from davgate.model.bitemporal.virkning import BEGINNING
from davgate.model.indexing import folded
from davgate.model.instant import FOREVER, Instant
from davgate.model.metadata import Metadata
from davgate.model.node import Version
from davgate.storage import places
from davgate.storage.object_tables import temporal_value
from davgate.storage.rows import VERSION_COLUMNS, from_metadata, to_version
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import node, principal, version
from davgate.storage.transactions import Session, Transaction
from davgate.storage.trash import NAME_HAD

_VALUES = (
    temporal_value.c.property,
    temporal_value.c.value,
    temporal_value.c.whole,
    temporal_value.c.qualifier,
    temporal_value.c.place,
    temporal_value.c.valid_from,
    temporal_value.c.valid_to,
)
_JOINED = select(*VERSION_COLUMNS).join_from(version, principal, principal.c.id == version.c.author_id)
_FROM = Statement(
    _JOINED.where(version.c.document_id == bindparam("of"), version.c.no >= bindparam("first")).order_by(version.c.no)
)
_LAST = Statement(_JOINED.where(version.c.document_id == bindparam("of")).order_by(version.c.no.desc()).limit(1))
_SAY = Statement(
    update(version)
    .where(version.c.document_id == bindparam("of"), version.c.no == bindparam("open_no"))
    .values(properties=bindparam("says"))
)
_SUBJECT = Statement(select(node.c.uuid, NAME_HAD, node.c.created_at).where(node.c.id == bindparam("of")))
_OPEN = Statement(select(*_VALUES).where(temporal_value.c.node_id == bindparam("of"), temporal_value.c.known_to == FOREVER))
_ADD = Statement(insert(temporal_value).values({column.name: bindparam(column.name) for column in temporal_value.columns}))
_CLOSE = Statement(
    update(temporal_value)
    .where(
        temporal_value.c.node_id == bindparam("of"),
        temporal_value.c.known_to == FOREVER,
        *(column == bindparam(f"the_{column.name}") for column in _VALUES),
    )
    .values(known_to=bindparam("at"))
)
_DROP_MOMENT = Statement(
    delete(temporal_value).where(
        temporal_value.c.node_id == bindparam("of"),
        temporal_value.c.known_to == bindparam("at", type_=BigInteger()),
        temporal_value.c.known_from == temporal_value.c.known_to,
    )
)
_ANY = Statement(select(temporal_value.c.node_id).where(temporal_value.c.node_id == bindparam("of")).limit(1))
_DROP = Statement(delete(temporal_value).where(temporal_value.c.node_id == bindparam("of")))


def versions_from(session: Session, node_id: int, first: int) -> list[Version]:
    """Return the versions of an object from a number on, the oldest first."""
    return [to_version(row) for row in session.all(_FROM, of=node_id, first=first)]


def versions_to_tell(session: Session, node_id: int, uuid: str) -> list[Version]:
    """Return the versions of an object from which follows what the current one says, the oldest first."""
    row = session.first(_LAST, of=node_id)
    if row is None:
        return []
    current = to_version(row)
    first = _first_to_tell(current, uuid)
    return [current] if first == current.no else versions_from(session, node_id, first)


_GIVEN = ids_given("ids")
_ALL_OF = Statement(_JOINED.where(version.c.document_id.in_(select(_GIVEN.c.id))).order_by(version.c.document_id, version.c.no))
_newer = version.alias("newer")
# Joined to the ids, and not chosen among them: else SQLite looks at all versions of each, one after the other.
_LAST_NO = select(func.max(_newer.c.no)).where(_newer.c.document_id == _GIVEN.c.id).scalar_subquery()
_IS_LAST_OF = and_(version.c.document_id == _GIVEN.c.id, version.c.no == _LAST_NO)
_LAST_OF = Statement(_JOINED.join(_GIVEN, _IS_LAST_OF))


def all_versions(session: Session, node_ids: Iterable[int]) -> dict[int, list[Version]]:
    """Return the versions of objects by their inner ids, the oldest first."""
    found: dict[int, list[Version]] = {}
    for one in map(to_version, session.all(_ALL_OF, ids=json.dumps([*node_ids]))):
        found.setdefault(one.document_id, []).append(one)
    return found


def all_versions_to_tell(session: Session, uuids: Mapping[int, str]) -> dict[int, list[Version]]:
    """Return the same as ``versions_to_tell`` of objects by their inner ids, whose ids of the outside are given.

    One statement, and another where a current version does not tell all by itself.
    """
    rows = session.all(_LAST_OF, ids=json.dumps([*uuids]))
    found = {one.document_id: [one] for one in map(to_version, rows)}
    first = {node_id: _first_to_tell(current, uuids[node_id]) for node_id, (current,) in found.items()}
    longer = [node_id for node_id, (current,) in found.items() if first[node_id] != current.no]
    if longer:
        of_longer = all_versions(session, longer)
        found |= {node_id: [one for one in line if one.no >= first[node_id]] for node_id, line in of_longer.items()}
    return found


def _first_to_tell(current: Version, uuid: str) -> int:
    return base_no(current, uuid) if KEY in current.metadata else current.no


def completed(tx: Transaction, new: Version) -> Metadata:
    """Return what a version that is about to be stored says by its properties, with what it means for the content.

    A version by another door carries the content of the one before it along. What it changes itself is told with it, so that
    nobody has to look at the versions before.
    """
    said = new.metadata[KEY]
    subject = _subject(tx, new.document_id)
    if said["no"] == new.no and said["uuid"] == subject.uuid:
        return new.metadata
    told = [*versions_to_tell(tx, new.document_id, subject.uuid), new]
    _, state = list(states(subject, told))[-1]
    return {**new.metadata, KEY: to_metadata(state, said["class"], subject.uuid, new.no)}


def follow(tx: Transaction, node_id: int, from_no: int) -> None:
    """Let an object be found by what its versions from ``from_no`` on say, and no longer by what they do not say any more."""
    subject = _subject(tx, node_id)
    said = {Row(*row) for row in tx.all(_OPEN, of=node_id)}
    told = versions_to_tell(tx, node_id, subject.uuid)
    if not said or told[0].no > from_no:
        from_no = from_no if said else 1
        told = versions_from(tx, node_id, 1)
    if any(KEY not in one.metadata for one in told):
        subject = replace(subject, names=places.names(tx, [node_id]).get(node_id, ()))
    of = next((one.metadata[KEY]["class"] for one in told if KEY in one.metadata), "")
    for one, state in states(subject, told):
        if one.no >= from_no:
            # What is not registered any more, because an earlier version was restored, is found by what any document is.
            is_registered = KEY in one.metadata or one is not told[-1]
            wanted = current_rows(one, state, of) if is_registered and of else set()
            if KEY not in one.metadata:
                wanted = {_without_zone(row, of, subject) for row in wanted}
            kept = {row for row in said & wanted if row.property != registration_of(of)}
            _close(tx, node_id, said - kept, one.opened_at)
            _add(tx, node_id, wanted - kept, one.opened_at)
            said = wanted


def follow_again(tx: Transaction, node_id: int) -> None:
    """Let an object say, and be found by, what the version that an edit session has open means with its new bytes.

    Nothing says any more what was told of the former ones, which is as if they had never been the version's.
    """
    subject = _subject(tx, node_id)
    opened, state = list(states(subject, versions_to_tell(tx, node_id, subject.uuid)))[-1]
    said = to_metadata(state, opened.metadata[KEY]["class"], subject.uuid, opened.no)
    tx.run(_SAY, of=node_id, open_no=opened.no, says=from_metadata({**opened.metadata, KEY: said}))
    follow(tx, node_id, opened.no)
    tx.run(_DROP_MOMENT, of=node_id, at=opened.opened_at)


def follow_if_known(tx: Transaction, node_id: int, from_no: int) -> None:
    """Do the same for a version that says nothing of its own, if the object was ever registered."""
    if tx.first(_ANY, of=node_id) is not None:
        follow(tx, node_id, from_no)


_KNOWN = Statement(
    select(temporal_value.c.node_id)
    .where(temporal_value.c.node_id.in_(select(_GIVEN.c.id)), temporal_value.c.known_to == FOREVER)
    .distinct()
)


def registered_among(session: Session, node_ids: Iterable[int]) -> frozenset[int]:
    """Return which of some nodes are registered."""
    return frozenset(row[0] for row in session.all(_KNOWN, ids=json.dumps([*node_ids])))


_MADE_AT = Statement(select(temporal_value.c.value).where(temporal_value.c.property == bindparam("made")).distinct())


def times_made(session: Session, of: str) -> list[str]:
    """Return when documents of a class were made that were registered later, see ``in_order_of_time``."""
    return [row[0] for row in session.all(_MADE_AT, made=made_of(of))]


def rebuild(tx: Transaction, node_id: int) -> None:
    """Make the rows of an object anew from the versions that there are."""
    tx.run(_DROP, of=node_id)
    follow(tx, node_id, 1)


def rebuild_if_known(tx: Transaction, node_id: int) -> None:
    """Do the same when versions were taken away, if the object was ever registered."""
    if tx.first(_ANY, of=node_id) is not None:
        rebuild(tx, node_id)


def current_rows(one: Version, state: State, of: str) -> set[Row]:
    """Return the rows of an object of a class while a version is the current one."""
    note, whole = cut(folded(one.comment))
    made = Row(registration_of(of), state.code.value, whole, str(one.author_id), note, BEGINNING, FOREVER)
    return rows_of(of, state.snapshot) | {made}


def _without_zone(row: Row, of: str, subject: Subject) -> Row:
    """Return a row of what nobody had registered yet: instead of a day, which is that of a time zone, an instant."""
    if row.property != f"{GROUP}.{DAY}":
        return row
    return row._replace(property=made_of(of), value=in_order_of_time(subject.created_at))


def _subject(session: Session, node_id: int) -> Subject:
    uuid, name, created_at = session.all(_SUBJECT, of=node_id)[0]
    # Rows tell no day that depends on it.
    return Subject(uuid, name, created_at, UTC)


def _close(tx: Transaction, node_id: int, rows: set[Row], at: Instant) -> None:
    tx.run_many(
        _CLOSE, [{"of": node_id, "at": at, **{f"the_{key}": value for key, value in row._asdict().items()}} for row in rows]
    )


def _add(tx: Transaction, node_id: int, rows: set[Row], at: Instant) -> None:
    known = {"node_id": node_id, "known_from": at, "known_to": FOREVER}
    tx.run_many(_ADD, [{**row._asdict(), **known} for row in rows])


_CANDIDATES = Statement(
    select(node.c.id)
    .join_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
    .where(
        or_(
            version.c.properties.contains(f'"{KEY}"'),
            exists().where(temporal_value.c.node_id == node.c.id, temporal_value.c.known_to == FOREVER),
        )
    )
    .order_by(node.c.id)
)


def differing(session: Session) -> Iterator[int]:
    """Yield the objects that are not found by what they say now. Needs a snapshot session."""
    for batch in session.stream(_CANDIDATES):
        for (node_id,) in batch:
            if {Row(*row) for row in session.all(_OPEN, of=node_id)} != _wanted(session, node_id):
                yield node_id


def _wanted(session: Session, node_id: int) -> set[Row]:
    subject = _subject(session, node_id)
    told = versions_to_tell(session, node_id, subject.uuid)
    if not told or KEY not in told[-1].metadata:
        return set()
    one, state = list(states(subject, told))[-1]
    return current_rows(one, state, one.metadata[KEY]["class"])
