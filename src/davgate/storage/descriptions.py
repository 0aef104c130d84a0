"""What is said of nodes by their current versions, types and second names: one statement for any number of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from sqlalchemy import BigInteger, Select, and_, bindparam, func, insert, or_, select, tuple_

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.metadata import Metadata
from davgate.model.node import Content, Node, NodeKind, Stream, no_streams
from davgate.model.retaining import without_retention
from davgate.storage import streams
from davgate.storage.aliases import IS_SHADOWED, IS_SHOWN
from davgate.storage.held import HELD_BATCH_ROWS, held, held_of_first
from davgate.storage.rows import NODE_COLUMNS, NODE_WIDTH, MemberRow, to_metadata, to_node
from davgate.storage.statements import Row, Statement, ids_given, pairs_given
from davgate.storage.tables import alias, bare_place, node, node_type, placement, principal, version
from davgate.storage.transactions import Session, Transaction


@frozen
class Description:
    """A node and what its current version says. A collection that never had metadata has said nothing.

    ``content`` is that of the version: of a document that was emptied a moment ago still the last one. ``address_name`` is how a
    door with second names calls it in its collection. ``changed_at`` of a collection is also when its members last changed,
    ``said_at`` only what is said of it. ``placed_at`` is when it came to where it is, or got its name there.
    """

    node: Node
    type: str | None
    alias: str | None
    number: int | None
    is_shadowed: bool
    created_by: str
    changed_at: Instant
    changed_by: str
    file_name: str
    metadata: Metadata
    content: Content | None
    content_no: int | None
    said_at: Instant
    placed_at: Instant

    @property
    def address_name(self) -> str:
        """The last segment of its address: its alias, else its drive name, where that leads to it, else its UUID's digits."""
        name = self.alias or self.node.name or ""
        return self.node.uuid.replace("-", "") if self.is_shadowed or not name or name.startswith("@") else name


_creator = principal.alias("creator")
_PLACED_AT, _ENTERED_AT = (
    select(func.max(rows.c.from_at)).where(rows.c.node_id == node.c.id).scalar_subquery() for rows in (placement, bare_place)
)


def _described() -> Select[*tuple[Any, ...]]:
    return (
        select(
            *NODE_COLUMNS,
            node_type.c.type,
            alias.c.name,
            alias.c.number,
            IS_SHADOWED,
            _creator.c.name,
            version.c.saved_at,
            principal.c.name,
            version.c.file_name,
            version.c.properties,
            version.c.has_content,
            version.c.digest,
            version.c.length_bytes,
            version.c.media_type,
            version.c.content_no,
            _PLACED_AT,
            _ENTERED_AT,
        )
        .join_from(node, _creator, _creator.c.id == node.c.created_by)
        .outerjoin(version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
        .outerjoin(principal, principal.c.id == version.c.author_id)
        .outerjoin(node_type, node_type.c.node_id == node.c.id)
        .outerjoin(alias, alias.c.node_id == node.c.id)
    )


_FEW: Final = 32
_LITTLE_CHARS: Final = 16 * 1024
_SAID_AT: Final = NODE_WIDTH + 8
_GIVEN = ids_given("ids")
_OF_NODES = Statement(_described().where(node.c.id.in_(select(_GIVEN.c.id))))


def of_nodes(session: Session, node_ids: Iterable[int]) -> Mapping[int, Description]:
    """Return by id what is said of nodes, wherever they are; of a few, a way or a short page, remembered as ``resolve`` does."""
    ids = tuple(node_ids)
    memory = session.memory() if len(ids) <= _FEW else None
    question = ("said", ids)
    known: Mapping[int, Description] | None = None if memory is None else memory.get(question)
    if known is None:
        rows = session.all(_OF_NODES, ids=json.dumps(ids))
        known = {row[0]: _to_description(row) for row in rows}
        if memory is not None and sum(len(row[_SAID_AT] or "") for row in rows) <= _LITTLE_CHARS:
            memory[question] = known
    return known


def _to_description(row: Row) -> Description:
    found = to_node(row)
    kind, name, number, is_shadowed, created_by, saved_at, author, file_name, said, has_content, *content = row[NODE_WIDTH:-3]
    content_no, placed_at, entered_at = row[-3:]
    return Description(
        found,
        kind,
        name,
        number,
        bool(is_shadowed),
        created_by,
        max(found.modified_at, saved_at or found.created_at),
        author or created_by,
        file_name or found.name or "",
        to_metadata(said or "{}"),
        Content(*content) if has_content else None,
        content_no,
        saved_at or found.created_at,
        max(placed_at or found.created_at, entered_at or found.created_at),
    )


_METADATA = (
    select(node.c.id, version.c.properties)
    .join_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
    .where(version.c.properties != "{}")
)
_METADATA_OF_LISTING = Statement(
    _METADATA.where(
        or_(
            and_(node.c.parent_id == bindparam("node_id"), node.c.name_key.is_not(None)),
            node.c.id == bindparam("node_id"),
        )
    )
)
_METADATA_OF_NODES = Statement(_METADATA.where(node.c.id.in_(select(_GIVEN.c.id))))


def metadata_of_listing(session: Session, node_id: int) -> dict[int, Metadata] | None:
    """Return by id the typed metadata of a node and of its members on the drive, of those that have some.

    None if they are too many to hold. Needs a snapshot.
    """
    rows = held(session.stream(_METADATA_OF_LISTING, batch_rows=HELD_BATCH_ROWS, node_id=node_id))
    return None if rows is None else {row[0]: to_metadata(row[1]) for row in rows}


def metadata_of_first(session: Session, node_ids: Sequence[int]) -> tuple[dict[int, Metadata], int]:
    """Return the typed metadata of as many of these nodes as can be held, and how many these are. Needs a snapshot."""
    rows, count = held_of_first(session, _METADATA_OF_NODES, node_ids)
    return {row[0]: to_metadata(row[1]) for row in rows}, count


def metadata_of_nodes(session: Session, node_ids: Iterable[int]) -> dict[int, Metadata]:
    """Return by id the typed metadata of nodes, of those that have some."""
    return {row[0]: to_metadata(row[1]) for row in session.all(_METADATA_OF_NODES, ids=json.dumps([*node_ids]))}


_candidate = version.alias("candidate")
_NO_THEN = (
    select(_candidate.c.no)
    .where(_candidate.c.document_id == node.c.id, _candidate.c.opened_at <= bindparam("at", type_=BigInteger()))
    .where(or_(_candidate.c.has_content == 1, node.c.kind == NodeKind.COLLECTION.value))
    .order_by(_candidate.c.no.desc())
    .limit(1)
    .scalar_subquery()
)
_METADATA_THEN = Statement(
    select(node.c.id, version.c.properties)
    .join_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == _NO_THEN))
    .where(node.c.id.in_(select(_GIVEN.c.id)), version.c.properties != "{}")
)


def metadata_then(session: Session, node_ids: Iterable[int], at: Instant) -> dict[int, Metadata]:
    """Return by id the typed metadata that nodes had at an instant, where they had some, by the version that ``as_of`` shows."""
    rows = session.all(_METADATA_THEN, ids=json.dumps([*node_ids]), at=at)
    return {row[0]: to_metadata(row[1]) for row in rows}


_MEMBERS = Statement(select(*NODE_COLUMNS).where(node.c.parent_id == bindparam("parent_id"), IS_SHOWN).order_by(node.c.id))


def members(session: Session, parent_id: int) -> Sequence[MemberRow]:
    """Return what documents and collections are in a collection, those without a name on the drive too, the oldest first."""
    return session.all(_MEMBERS, parent_id=parent_id)


_HAS_MEMBERS = Statement(select(node.c.id).where(node.c.parent_id == bindparam("parent_id"), IS_SHOWN).limit(1))


def has_members(session: Session, parent_id: int) -> bool:
    """Tell whether anything is in a collection, as ``members`` would return it."""
    return session.first(_HAS_MEMBERS, parent_id=parent_id) is not None


@frozen
class Sayings:
    """What a copy of a node takes over beside its content."""

    type: str | None
    file_name: str
    metadata: Metadata
    streams: Mapping[str, Stream] = field(default_factory=no_streams, hash=False)


_SAYINGS = Statement(
    select(
        node.c.id,
        node_type.c.type,
        version.c.file_name,
        version.c.properties,
        version.c.document_id,
        version.c.no,
        version.c.has_streams,
    )
    .join_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
    .outerjoin(node_type, node_type.c.node_id == node.c.id)
    .where(node.c.id.in_(select(_GIVEN.c.id)), or_(version.c.properties != "{}", node_type.c.type.is_not(None)))
)


def sayings_of(session: Session, ids: Iterable[int]) -> dict[int, Sayings]:
    """Return by id what is said of those of some nodes that have typed metadata or a type."""
    return {row[0]: _to_sayings(session, *row[1:]) for row in session.all(_SAYINGS, ids=json.dumps([*ids]))}


def _to_sayings(
    session: Session, kind: str | None, file_name: str, said: str, document_id: int, no: int, has_streams: int
) -> Sayings:
    named = streams.of_version(session, document_id, no) if has_streams else no_streams()
    return Sayings(kind, file_name, without_retention(to_metadata(said)), named)


_THEN = pairs_given("versions")
_SAYINGS_THEN = Statement(
    select(
        version.c.document_id,
        node_type.c.type,
        version.c.file_name,
        version.c.properties,
        version.c.document_id,
        version.c.no,
        version.c.has_streams,
    )
    .outerjoin_from(version, node_type, node_type.c.node_id == version.c.document_id)
    .where(tuple_(version.c.document_id, version.c.no).in_(select(_THEN.c.one, _THEN.c.other)))
    .where(or_(version.c.properties != "{}", node_type.c.type.is_not(None)))
)


def sayings_then(session: Session, numbers: Mapping[int, int]) -> dict[int, Sayings]:
    """Return by id what versions of nodes say, given by their numbers, of those that have typed metadata or a type."""
    rows = session.all(_SAYINGS_THEN, versions=json.dumps([*numbers.items()]))
    return {row[0]: _to_sayings(session, *row[1:]) for row in rows}


_first = version.alias("first")
_IS_OBJECT = Statement(
    select(node.c.id)
    .outerjoin_from(node, node_type, node_type.c.node_id == node.c.id)
    .outerjoin(alias, alias.c.node_id == node.c.id)
    .outerjoin(_first, and_(_first.c.document_id == node.c.id, _first.c.no == 1))
    .where(node.c.id == bindparam("node_id"))
    .where(
        or_(
            alias.c.node_id.is_not(None),
            and_(_first.c.origin == "", or_(_first.c.properties != "{}", node_type.c.node_id.is_not(None))),
        )
    )
)


def is_object(session: Session, node_id: int) -> bool:
    """Tell whether a document came to be as an object of a REST door, and not as a file of a program, nor as the copy of one."""
    return session.first(_IS_OBJECT, node_id=node_id) is not None


_SET_TYPE = Statement(insert(node_type).values(node_id=bindparam("node_id"), type=bindparam("type")))


def set_type(tx: Transaction, node_id: int, type_name: str) -> None:
    """Give a new node its primary object type, which never changes."""
    tx.run(_SET_TYPE, node_id=node_id, type=type_name)
