"""What documents are found by: the typed properties of their current versions, one row for each single value."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, insert

from davgate.model.metadata import Metadata, indexed_values
from davgate.storage.database import Transaction
from davgate.storage.statements import Statement
from davgate.storage.tables import property_value

_DROP = Statement(delete(property_value).where(property_value.c.node_id == bindparam("of")))
_ADD = Statement(
    insert(property_value).values(property=bindparam("property"), value=bindparam("value"), node_id=bindparam("node_id"))
)


def replace(tx: Transaction, node_id: int, metadata: Metadata) -> None:
    """Let a node be found by what its current version says now, and no longer by what it said before."""
    tx.run(_DROP, of=node_id)
    add(tx, node_id, metadata)


def add(tx: Transaction, node_id: int, metadata: Metadata) -> None:
    """Let a new node be found by what its first version says."""
    tx.run_many(_ADD, [{"property": key, "value": value, "node_id": node_id} for key, value in indexed_values(metadata)])
