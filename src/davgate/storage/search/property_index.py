"""What documents are found by: the typed properties of their current versions, one row for each single value, and their words.

Words of a name on the drive are looked for in the name itself: what says nothing by typed properties has words here only where it
was renamed, and that name does not tell all words in the name of its file. So a document of the drive costs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, bindparam, delete, insert, select

from davgate.model.indexing import indexed_values, tells, words_of
from davgate.model.metadata import NO_METADATA, Metadata
from davgate.model.node import Node
from davgate.storage.object_tables import document_text
from davgate.storage.statements import Statement
from davgate.storage.tables import node, property_value, version
from davgate.storage.transactions import Transaction

_DROP = Statement(delete(property_value).where(property_value.c.node_id == bindparam("of")))
_DROP_WORDS = Statement(delete(document_text).where(document_text.c.node_id == bindparam("of")))
_ADD = Statement(
    insert(property_value).values(property=bindparam("property"), value=bindparam("value"), node_id=bindparam("node_id"))
)
_ADD_WORDS = Statement(insert(document_text).values(node_id=bindparam("node_id"), words=bindparam("words")))


def replace(tx: Transaction, of: Node, metadata: Metadata, file_name: str) -> None:
    """Let a node be found by what its current version says now, and no longer by what it said before."""
    tx.run(_DROP, of=of.id)
    tx.run(_DROP_WORDS, of=of.id)
    add(tx, of, metadata, file_name)


def follow(tx: Transaction, of: Node, before: tuple[Metadata, str], after: tuple[Metadata, str]) -> None:
    """Let a node that says something else, or whose file has another name, be found by that.

    Both are metadata and the name of the file. What nobody can search for, such as the trace of a request, writes nothing.
    """
    values = tuple(indexed_values(after[0]))
    if values != tuple(indexed_values(before[0])):
        tx.run(_DROP, of=of.id)
        _add_values(tx, of.id, values)
    words = _words(of.name, *after)
    # Without properties there are words of the name of the file, or there are none.
    if not before[0] or words != words_of(*before):
        tx.run(_DROP_WORDS, of=of.id)
        _add_words(tx, of.id, words)


def add(tx: Transaction, new: Node, metadata: Metadata, file_name: str) -> None:
    """Let a new node be found by what its first version says."""
    if metadata or file_name != new.name:
        _add_values(tx, new.id, indexed_values(metadata))
        _add_words(tx, new.id, _words(new.name, metadata, file_name))


_FILE_NAME = Statement(
    select(version.c.file_name)
    .join_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
    .where(node.c.id == bindparam("of"), version.c.properties == "{}")
)


def follow_name(tx: Transaction, node_id: int, former: str | None, name: str) -> None:
    """Let a document that gets another name on the drive be found by that of its file as before.

    Without a former name, because it was not on the drive, it may have words for that or none.
    """
    row = tx.first(_FILE_NAME, of=node_id)
    if row is None:
        return
    has_words, needs_words = not tells(former, row[0]), not tells(name, row[0])
    if has_words and not needs_words:
        tx.run(_DROP_WORDS, of=node_id)
    if needs_words and (former is None or not has_words):
        tx.run(_DROP_WORDS, of=node_id)
        _add_words(tx, node_id, words_of(NO_METADATA, row[0]))


def _words(name: str | None, metadata: Metadata, file_name: str) -> str | None:
    return words_of(metadata, file_name) if metadata or not tells(name, file_name) else None


def _add_values(tx: Transaction, node_id: int, values: Iterable[tuple[str, str]]) -> None:
    tx.run_many(_ADD, [{"property": key, "value": value, "node_id": node_id} for key, value in values])


def _add_words(tx: Transaction, node_id: int, words: str | None) -> None:
    if words is not None:
        tx.run(_ADD_WORDS, node_id=node_id, words=words)
