"""What documents are found by: the typed properties of their current versions, one row for each single value, and their words.

What says nothing by typed properties has no row here. Words of its name are looked for in the name itself, so that a document of
the drive costs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable

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


def follow(tx: Transaction, node_id: int, before: tuple[Metadata, str], after: tuple[Metadata, str]) -> None:
    """Let a node that says something else, or whose file has another name, be found by that.

    Both are metadata and the name of the file. What nobody can search for, such as the trace of a request, writes nothing.
    """
    values = tuple(indexed_values(after[0]))
    if values != tuple(indexed_values(before[0])):
        tx.run(_DROP, of=node_id)
        _add_values(tx, node_id, values)
    words = words_of(*after) if after[0] else None
    if words != (words_of(*before) if before[0] else None):
        tx.run(_DROP_WORDS, of=node_id)
        _add_words(tx, node_id, words)


def add(tx: Transaction, node_id: int, metadata: Metadata, file_name: str) -> None:
    """Let a new node be found by what its first version says."""
    _add_values(tx, node_id, indexed_values(metadata))
    _add_words(tx, node_id, words_of(metadata, file_name) if metadata else None)


def _add_values(tx: Transaction, node_id: int, values: Iterable[tuple[str, str]]) -> None:
    tx.run_many(_ADD, [{"property": key, "value": value, "node_id": node_id} for key, value in values])


def _add_words(tx: Transaction, node_id: int, words: str | None) -> None:
    if words is not None:
        tx.run(_ADD_WORDS, node_id=node_id, words=words)
