"""What documents are found by: the typed properties of their current versions, one row for each single value, and their words.

What says nothing by typed properties has no row here. Words of its name are looked for in the name itself, so that a document of
the drive costs nothing more.
"""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert

from davgate.model.indexing import indexed_values, words_of
from davgate.model.metadata import Metadata
from davgate.storage.database import Transaction
from davgate.storage.object_tables import document_text
from davgate.storage.statements import Statement
from davgate.storage.tables import property_value

_DROP = Statement(delete(property_value).where(property_value.c.node_id == bindparam("of")))
_DROP_WORDS = Statement(delete(document_text).where(document_text.c.node_id == bindparam("of")))
_ADD = Statement(
    insert(property_value).values(property=bindparam("property"), value=bindparam("value"), node_id=bindparam("node_id"))
)
_ADD_WORDS = Statement(insert(document_text).values(node_id=bindparam("node_id"), words=bindparam("words")))


def replace(tx: Transaction, node_id: int, metadata: Metadata, file_name: str) -> None:
    """Let a node be found by what its current version says now, and no longer by what it said before."""
    tx.run(_DROP, of=node_id)
    tx.run(_DROP_WORDS, of=node_id)
    add(tx, node_id, metadata, file_name)


def add(tx: Transaction, node_id: int, metadata: Metadata, file_name: str) -> None:
    """Let a new node be found by what its first version says."""
    tx.run_many(_ADD, [{"property": key, "value": value, "node_id": node_id} for key, value in indexed_values(metadata)])
    if metadata:
        tx.run(_ADD_WORDS, node_id=node_id, words=words_of(metadata, file_name))
