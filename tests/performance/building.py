"""Fills a davgate store through its storage layer, in transactions of 1,000 documents, far faster than over HTTP."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import bindparam, insert, update

from davgate.config import load
from davgate.configured import open_store
from davgate.core.recording import record
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.model.instant import Instant
from davgate.model.media_types import guess
from davgate.model.node import ROOT_ID, Cause, Content, Node, NodeKind
from davgate.model.paths import TreePath
from davgate.storage.api import Change, NewVersion, Transaction, blob_rows, catalog, versions
from davgate.storage.statements import Statement
from davgate.storage.tables import placement

from .documents import fresh, listed_names

_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE

_PLACED_LATER = Statement(
    update(placement)
    .where(placement.c.parent_id == bindparam("of"), placement.c.from_at == bindparam("began_at"))
    .values(from_at=bindparam("last_at"))
)
_FORMER_PLACE = Statement(
    insert(placement).values(
        node_id=bindparam("node_id"),
        from_at=bindparam("from_at"),
        to_at=bindparam("to_at"),
        parent_id=bindparam("parent_id"),
        name=bindparam("name"),
        name_key=bindparam("name"),
    )
)

SAVED_TWICE = 10
"""Every so many documents one has a second version."""


def build(
    data: Path, folders: Sequence[TreePath], documents: int, size_bytes: int, *, places: int = 1, asked: int = 0
) -> Instant:
    """Make folders, and what is above them, with this many documents in each.

    Every document has a node, a place, a version with its save, content of its own, a change and an audit row, as if it
    had been uploaded; one in ten was saved again later. With ``places`` each was renamed that often less one, a minute apart;
    returned is an instant at which all were in place number ``asked``, counted from 0.
    """
    store = open_store(load(None, {}, {"data": str(data)}))
    made: dict[TreePath, int] = {(): ROOT_ID}
    began_at = Instant(store.clock.now() - _HOUR)
    for folder in folders:
        with store.database.write() as tx:
            tx.at = began_at
            parent_id = _make_folder(store, tx, folder, made)
            names = tuple(listed_names(documents))
            first_id = _add_documents(store, tx, parent_id, folder, names, size_bytes)
            _rename(tx, parent_id, first_id, names, began_at, places)
            tx.commit()
    store.database.close()
    return Instant(began_at + asked * _MINUTE + _MINUTE // 2)


def _make_folder(store: Store, tx: Transaction, path: TreePath, made: dict[TreePath, int]) -> int:
    if path not in made:
        parent_id = _make_folder(store, tx, path[:-1], made)
        node_id = made[path] = tx.take_ids()
        folder = Node(
            node_id,
            store.new_uuid(),
            NodeKind.COLLECTION,
            parent_id,
            path[-1],
            tx.at,
            tx.at,
            0,
            None,
            SYSTEM_CONTEXT.principal.id,
        )
        catalog.add(tx, [folder])
        record(tx, SYSTEM_CONTEXT, "create", path, node_id, Change("create", node_id, parent_id, path[-1], 0))
    return made[path]


def _add_documents(store: Store, tx: Transaction, parent_id: int, folder: TreePath, names: Sequence[str], size_bytes: int) -> int:
    first_id = tx.take_ids(len(names))
    nodes: list[Node] = []
    line: list[NewVersion] = []
    for node_id, name in enumerate(names, first_id):
        for no in (1, 2) if node_id % SAVED_TWICE == 0 else (1,):
            content = _store_bytes(store, tx, name, size_bytes)
            at = Instant(tx.at + no - 1)
            cause = Cause.CREATED if no == 1 else Cause.SAVE
            line.append(NewVersion(node_id, no, cause, at, SYSTEM_CONTEXT.principal.id, name, content, content_no=no - 1))
        nodes.append(
            Node(
                node_id, store.new_uuid(), NodeKind.DOCUMENT, parent_id, name, tx.at, at, no, content, SYSTEM_CONTEXT.principal.id
            )
        )
    catalog.add(tx, nodes)
    versions.add(tx, line)
    for new in line:
        action = "create" if new.no == 1 else "content"
        change = Change(action, new.document_id, parent_id, new.file_name, new.no)
        record(tx, SYSTEM_CONTEXT, action, (*folder, new.file_name), new.document_id, change)
    return first_id


def _rename(tx: Transaction, parent_id: int, first_id: int, names: Sequence[str], began_at: Instant, places: int) -> None:
    """Write the places that documents had before their present one, as a MOVE a minute would have."""
    if places == 1:
        return
    last_at = began_at + (places - 1) * _MINUTE
    tx.run(_PLACED_LATER, of=parent_id, began_at=began_at, last_at=last_at)
    tx.run_many(
        _FORMER_PLACE,
        [
            {
                "node_id": node_id,
                "from_at": began_at + place * _MINUTE,
                "to_at": began_at + (place + 1) * _MINUTE,
                "parent_id": parent_id,
                "name": f"{place}-{name}",
            }
            for node_id, name in enumerate(names, first_id)
            for place in range(places - 1)
        ],
    )


def _store_bytes(store: Store, tx: Transaction, name: str, size_bytes: int) -> Content:
    with store.blobs.stage() as staging:
        for piece in fresh(size_bytes):
            staging.write(piece)
        staged = staging.finish()
    blob_rows.add(tx, staged)
    return Content(staged.digest, staged.length_bytes, guess(name))
