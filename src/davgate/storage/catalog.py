"""Nodes and the places they have and had: reading and writing rows.

Nothing here decides whether a change is allowed; functions that change take the write transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    union_all,
    update,
)

from davgate.model.instant import FOREVER, Instant
from davgate.model.names import collision_key
from davgate.model.node import ROOT_ID, Content, Node
from davgate.model.paths import TreePath, to_text
from davgate.storage import places
from davgate.storage.object_tables import deletion
from davgate.storage.rows import NODE_COLUMNS, NODE_WIDTH, PATH_SEGMENT, from_node, to_node
from davgate.storage.search import property_index
from davgate.storage.statements import Statement, Value
from davgate.storage.tables import (
    IS_PENDING,
    IS_UNVERSIONED,
    STORED_BYTES,
    access_grant,
    lock,
    node,
    placement,
    successor,
    trash,
    version_mark,
    version_policy,
)
from davgate.storage.transactions import Session, Transaction

_IS_PENDING = and_(IS_PENDING, node.c.parent_id.is_not(None), node.c.name.is_not(None))
_PENDING = Statement(select(node.c.id).where(_IS_PENDING, node.c.modified_at < bindparam("before")))
_ONE_PENDING = Statement(
    select(*NODE_COLUMNS).where(
        _IS_PENDING,
        node.c.id == bindparam("node_id"),
        not_(exists().where(lock.c.node_id == node.c.id, lock.c.expires_at > bindparam("now"))),
    )
)


def pending(session: Session, before: Instant) -> list[int]:
    """Return the documents in the tree that were made before an instant and have no content yet."""
    return [row[0] for row in session.all(_PENDING, before=before)]


def find_pending(session: Session, node_id: int, now: Instant) -> Node | None:
    """Return a document that is in the tree, has no content yet and no lock of its own, or None."""
    row = session.first(_ONE_PENDING, node_id=node_id, now=now)
    return None if row is None else to_node(row)


_STORED_BYTES = Statement(select(STORED_BYTES))


def stored_bytes(session: Session) -> int:
    """Return the sum of all content that the store holds, each once however often it is used, without scratch files."""
    row = session.first(_STORED_BYTES)
    return int(row[0]) if row else 0


_INSERT = Statement(
    insert(node).values(
        {
            name: bindparam(name)
            for name in (
                "id",
                "uuid",
                "kind",
                "parent_id",
                "name",
                "name_key",
                "created_at",
                "created_by",
                "modified_at",
                "version_no",
                "digest",
                "length_bytes",
                "media_type",
            )
        }
        | {"is_seen": 0, "is_closed": 0}
    )
)
_PLACE = Statement(
    insert(placement).values(
        node_id=bindparam("node_id"),
        from_at=bindparam("from_at"),
        to_at=bindparam("to_at"),
        parent_id=bindparam("parent_id"),
        name=bindparam("name"),
        name_key=bindparam("name_key"),
    )
)
_places = placement.alias()
_LATEST = select(func.max(_places.c.from_at)).where(_places.c.node_id == bindparam("left_id"))
_LEAVE = Statement(
    update(placement)
    .where(
        placement.c.node_id == bindparam("left_id"),
        # The last one: what was moved ten thousand times would else be looked for through all of its places.
        placement.c.from_at == _LATEST.scalar_subquery(),
        placement.c.to_at == FOREVER,
    )
    .values(to_at=bindparam("left_at"))
)


def add(tx: Transaction, nodes: Sequence[Node]) -> None:
    """Store new nodes and where they are."""
    tx.run_many(_INSERT, [_node_values(new) for new in nodes])
    tx.run_many(
        _PLACE,
        [
            _place_values(new.id, new.created_at, new.parent_id, new.name)
            for new in nodes
            if new.parent_id is not None and new.name is not None
        ],
    )
    for new in nodes:
        if new.name is None and new.parent_id is not None:
            places.enter(tx, new.id, new.parent_id, new.created_at)


def _node_values(new: Node) -> dict[str, Value]:
    row = from_node(new)
    return {
        "id": row[0],
        "uuid": row[1],
        "kind": row[2],
        "parent_id": row[3],
        "name": row[4],
        "name_key": None if row[4] is None else collision_key(row[4]),
        "created_at": row[5],
        "created_by": new.created_by,
        "modified_at": row[6],
        "version_no": row[7],
        "digest": row[8],
        "length_bytes": row[9],
        "media_type": row[10],
    }


def _place_values(node_id: int, at: Instant, parent_id: int, name: str) -> dict[str, Value]:
    return {
        "node_id": node_id,
        "from_at": at,
        "to_at": FOREVER,
        "parent_id": parent_id,
        "name": name,
        "name_key": collision_key(name),
    }


_SET_CONTENT = Statement(
    update(node)
    .where(node.c.id == bindparam("node_id"))
    .values(
        version_no=bindparam("new_version_no"),
        digest=bindparam("new_digest"),
        length_bytes=bindparam("new_length_bytes"),
        media_type=bindparam("new_media_type"),
        modified_at=bindparam("at"),
    )
)


def set_content(tx: Transaction, node_id: int, version_no: int, content: Content, at: Instant) -> None:
    """Make a version's content the current one."""
    tx.run(
        _SET_CONTENT,
        node_id=node_id,
        new_version_no=version_no,
        new_digest=content.digest,
        new_length_bytes=content.length_bytes,
        new_media_type=content.media_type,
        at=at,
    )


_SET_VERSION = Statement(update(node).where(node.c.id == bindparam("node_id")).values(version_no=bindparam("new_version_no")))


def set_version(tx: Transaction, node_id: int, version_no: int) -> None:
    """Make a version the current one whose content is that of the version before it."""
    tx.run(_SET_VERSION, node_id=node_id, new_version_no=version_no)


_TAKEN = Statement(
    union_all(
        select(node.c.id).where(node.c.uuid == bindparam("uuid")),
        select(successor.c.successor_id).where(successor.c.uuid == bindparam("uuid")),
    )
)


def is_taken(session: Session, uuid: str) -> bool:
    """Tell whether anything has a UUID, wherever it is, or leads by it to something else."""
    return session.first(_TAKEN, uuid=uuid) is not None


_TOUCH = Statement(update(node).where(node.c.id == bindparam("node_id")).values(modified_at=bindparam("at")))


def touch(tx: Transaction, node_id: int) -> None:
    """Note that the members of a collection changed, or that somebody goes on with a scratch file."""
    tx.run(_TOUCH, node_id=node_id, at=tx.at)


_SET_PLACE = Statement(
    update(node)
    .where(node.c.id == bindparam("node_id"))
    .values(parent_id=bindparam("new_parent_id"), name=bindparam("new_name"), name_key=bindparam("new_name_key"))
)


def move(tx: Transaction, moved: Node, parent_id: int, name: str | None) -> None:
    """Give a node, and with it all below it, another place. One row, however large the subtree."""
    _set_place(tx, moved.id, parent_id, name)
    _leave(tx, moved)
    if name is None:
        places.enter(tx, moved.id, parent_id, tx.at)
    else:
        tx.run(_PLACE, **_place_values(moved.id, tx.at, parent_id, name))
        if name != moved.name and moved.version_no and not moved.is_collection:
            property_index.follow_name(tx, moved.id, moved.name, name)


def _leave(tx: Transaction, left: Node) -> None:
    if left.name is None:
        places.leave(tx, left.id)
    else:
        tx.run(_LEAVE, left_id=left.id, left_at=tx.at)


def _set_place(tx: Transaction, node_id: int, parent_id: int | None, name: str | None) -> None:
    key = None if name is None else collision_key(name)
    tx.run(_SET_PLACE, node_id=node_id, new_parent_id=parent_id, new_name=name, new_name_key=key)


_TRASH = Statement(
    insert(trash).values(
        node_id=bindparam("node_id"),
        parent_id=bindparam("parent_id"),
        name=bindparam("name"),
        path=bindparam("path"),
        deleted_at=bindparam("deleted_at"),
        deleted_by=bindparam("deleted_by"),
        keeps_address=bindparam("keeps_address"),
        comment=bindparam("comment"),
    )
)


def move_to_trash(
    tx: Transaction, deleted: Node, path: TreePath, by: int, *, keeps_address: bool = False, comment: str = ""
) -> None:
    """Take a node, and with it all below it, out of the tree, remembering where it was. One row, however large the subtree.

    With ``keeps_address`` it is still found at its alias there, as something deleted.
    """
    _set_place(tx, deleted.id, None, None)
    _leave(tx, deleted)
    tx.run(
        _TRASH,
        node_id=deleted.id,
        parent_id=deleted.parent_id,
        name=deleted.name or "",
        path=to_text(path),
        deleted_at=tx.at,
        deleted_by=by,
        keeps_address=int(keeps_address),
        comment=comment,
    )


_FORGET_TRASH = Statement(delete(trash).where(trash.c.node_id == bindparam("node_id")))
_KEEP_DELETION = Statement(
    insert(deletion).from_select(
        ["node_id", "deleted_at", "deleted_by", "comment", "restored_at", "restored_by"],
        select(
            trash.c.node_id,
            trash.c.deleted_at,
            trash.c.deleted_by,
            trash.c.comment,
            bindparam("restored_at", type_=BigInteger()),
            bindparam("restored_by", type_=BigInteger()),
        ).where(trash.c.node_id == bindparam("of")),
    )
)


def place_again(tx: Transaction, node_id: int, parent_id: int, name: str | None, by: int) -> None:
    """Put a node, and with it all below it, back into the tree out of the trash. One row, however large the subtree.

    That it was deleted is kept, as something that happened.
    """
    tx.run(_KEEP_DELETION, of=node_id, restored_at=tx.at, restored_by=by)
    _set_place(tx, node_id, parent_id, name)
    if name is None:
        places.enter(tx, node_id, parent_id, tx.at)
    else:
        tx.run(_PLACE, **_place_values(node_id, tx.at, parent_id, name))
        property_index.follow_name(tx, node_id, None, name)
    tx.run(_FORGET_TRASH, node_id=node_id)


def place_first(tx: Transaction, node_id: int, parent_id: int, name: str) -> None:
    """Give a node that is in a collection without a name on the drive its name there."""
    _set_place(tx, node_id, parent_id, name)
    places.leave(tx, node_id)
    tx.run(_PLACE, **_place_values(node_id, tx.at, parent_id, name))
    property_index.follow_name(tx, node_id, None, name)


_DROP_CONTENT = Statement(
    update(node)
    .where(node.c.id == bindparam("node_id"))
    .values(
        digest=null(), length_bytes=null(), media_type=null(), version_no=bindparam("new_version_no"), modified_at=bindparam("at")
    )
)


_FORGET_PLACE = Statement(
    delete(placement).where(placement.c.node_id == bindparam("taken_id"), placement.c.from_at == bindparam("taken_at"))
)


def take_off_drive(tx: Transaction, taken: Node, version_no: int) -> None:
    """Let a document be without content, and so without a name on the drive, from a version on."""
    tx.run(_DROP_CONTENT, node_id=taken.id, new_version_no=version_no, at=tx.at)
    if taken.name is not None:
        _set_place(tx, taken.id, taken.parent_id, None)
        # Where it was put back in this very commit it has never been for anybody.
        tx.run(_FORGET_PLACE, taken_id=taken.id, taken_at=tx.at)
        tx.run(_LEAVE, left_id=taken.id, left_at=tx.at)
        if taken.parent_id is not None:
            places.enter(tx, taken.id, taken.parent_id, tx.at)


_HAS_MARK = exists().where(version_mark.c.document_id == node.c.id)
_HAS_GRANT = exists().where(access_grant.c.node_id == node.c.id)
_MAKER = Statement(
    select(node.c.created_by, or_(node.c.is_seen == 1, node.c.is_closed == 1, _HAS_MARK, _HAS_GRANT)).where(
        node.c.id == bindparam("node_id")
    )
)


def maker(session: Session, node_id: int) -> tuple[int, bool]:
    """Return who made a node that exists, and whether it is more than its maker's: read by others, or given marks or rights."""
    creator_id, is_known = session.all(_MAKER, node_id=node_id)[0]
    return int(creator_id), bool(is_known)


_MARK_SEEN = Statement(update(node).where(node.c.id == bindparam("node_id")).values(is_seen=1))


def mark_seen(tx: Transaction, node_id: int) -> None:
    """Note that somebody else than its maker has read a document."""
    tx.run(_MARK_SEEN, node_id=node_id)


_BY_ID = Statement(select(*NODE_COLUMNS).where(node.c.id == bindparam("node_id")))
_BY_NAME = Statement(select(*NODE_COLUMNS).where(node.c.parent_id == bindparam("parent_id"), node.c.name_key == bindparam("key")))


def find(session: Session, node_id: int) -> Node | None:
    """Return a node, wherever it is, or None."""
    row = session.first(_BY_ID, node_id=node_id)
    return None if row is None else to_node(row)


def member(session: Session, parent_id: int, name: str) -> Node | None:
    """Return the member of a collection with a name, or None."""
    row = session.first(_BY_NAME, parent_id=parent_id, key=collision_key(name))
    return None if row is None else to_node(row)


_UP = select(
    node.c.id.label("id"), node.c.parent_id.label("parent_id"), PATH_SEGMENT.label("name"), literal(0).label("up")
).where(node.c.id == bindparam("node_id"))
_ABOVE = _UP.cte("above", recursive=True)
_PATH = Statement(
    select(
        (
            walk := _ABOVE.union_all(
                select(node.c.id, node.c.parent_id, PATH_SEGMENT, _ABOVE.c.up + 1).where(node.c.id == _ABOVE.c.parent_id)
            )
        ).c.name,
        walk.c.id,
    ).order_by(walk.c.up.desc())
)


def path_of(session: Session, node_id: int) -> TreePath | None:
    """Return where a node is in the tree, None when it is not there; what has no name on the drive is called by its UUID."""
    rows = session.all(_PATH, node_id=node_id)
    return tuple(row[0] for row in rows[1:]) if rows and rows[0][1] == ROOT_ID else None


_EMPTY = Statement(
    update(node)
    .where(node.c.id == bindparam("node_id"))
    .values(digest=null(), length_bytes=null(), media_type=null(), modified_at=bindparam("at"))
)


def hold_back(tx: Transaction, node_id: int) -> None:
    """Let a document read as empty until its next content; its versions stay as they are."""
    tx.run(_EMPTY, node_id=node_id, at=tx.at)


_IS_IDLE = and_(
    IS_UNVERSIONED,
    node.c.parent_id.is_not(None),
    node.c.modified_at < bindparam("before"),
    not_(exists().where(lock.c.node_id == node.c.id, lock.c.expires_at > bindparam("now"))),
)
_UNVERSIONED = Statement(select(node.c.id).where(_IS_IDLE))
_FIND_UNVERSIONED = Statement(
    select(*NODE_COLUMNS, node.c.created_by, node.c.is_seen).where(_IS_IDLE, node.c.id == bindparam("node_id"))
)


def unversioned(session: Session, before: Instant, now: Instant) -> list[int]:
    """Return the unlocked scratch files in the tree that nobody has written since an instant."""
    return [row[0] for row in session.all(_UNVERSIONED, before=before, now=now)]


def find_unversioned(session: Session, node_id: int, before: Instant, now: Instant) -> tuple[Node, int, bool] | None:
    """Return one of them, its maker, and whether others have read it; None when it is none any more."""
    row = session.first(_FIND_UNVERSIONED, node_id=node_id, before=before, now=now)
    return None if row is None else (to_node(row[:NODE_WIDTH]), row[NODE_WIDTH], bool(row[NODE_WIDTH + 1]))


_POLICIES = Statement(select(version_policy.c.collection_id, version_policy.c.per))
_DROP_POLICY = Statement(delete(version_policy).where(version_policy.c.collection_id == bindparam("collection_id")))
_SET_POLICY = Statement(insert(version_policy).values(collection_id=bindparam("collection_id"), per=bindparam("per")))


def version_policies(session: Session) -> dict[int, str]:
    """Return the collections that say for themselves how many saves make a version: few, if any."""
    return dict(session.all(_POLICIES))


def set_version_policy(tx: Transaction, collection_id: int, per: str | None) -> None:
    """Let a collection say how many saves make a version below it; None lets it do as the one above."""
    tx.run(_DROP_POLICY, collection_id=collection_id)
    if per is not None:
        tx.run(_SET_POLICY, collection_id=collection_id, per=per)
