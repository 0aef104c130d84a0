"""Dead properties of nodes: rows of serialised XML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, delete, insert, or_, select

from davgate.model.properties import PropertyName, PropertyUpdate
from davgate.storage.held import HELD_BATCH_ROWS, held, held_of_first
from davgate.storage.statements import Row, Statement, ids_given
from davgate.storage.tables import dead_property, node
from davgate.storage.transactions import Session, Transaction

_COLUMNS = (dead_property.c.node_id, dead_property.c.namespace, dead_property.c.name, dead_property.c.xml)
_OF_NODE = Statement(select(*_COLUMNS).where(dead_property.c.node_id == bindparam("node_id")))
_OF_LISTING = Statement(
    select(*_COLUMNS)
    .join_from(dead_property, node, node.c.id == dead_property.c.node_id)
    .where(or_(node.c.parent_id == bindparam("node_id"), node.c.id == bindparam("node_id")))
)
_GIVEN = ids_given("ids")
_OF_NODES = Statement(select(*_COLUMNS).join_from(_GIVEN, dead_property, dead_property.c.node_id == _GIVEN.c.id))
_DROP = Statement(
    delete(dead_property).where(
        dead_property.c.node_id == bindparam("node_id"),
        dead_property.c.namespace == bindparam("namespace"),
        dead_property.c.name == bindparam("name"),
    )
)
_ADD = Statement(
    insert(dead_property).values(
        node_id=bindparam("node_id"), namespace=bindparam("namespace"), name=bindparam("name"), xml=bindparam("xml")
    )
)

NodeProperties = dict[int, dict[PropertyName, str]]
"""By node id: the values, each a serialised XML element, by name."""


def of_node(session: Session, node_id: int) -> NodeProperties:
    """Return the properties of one node."""
    return _by_node(session.all(_OF_NODE, node_id=node_id))


def of_listing(session: Session, node_id: int) -> NodeProperties | None:
    """Return the properties of a collection and of all its members, None if they are too many to hold. Needs a snapshot."""
    rows = held(session.stream(_OF_LISTING, batch_rows=HELD_BATCH_ROWS, node_id=node_id))
    return None if rows is None else _by_node(rows)


def of_nodes(session: Session, node_ids: Iterable[int]) -> NodeProperties:
    """Return the properties of these nodes."""
    return _by_node(session.all(_OF_NODES, ids=json.dumps([*node_ids])))


def of_first(session: Session, node_ids: Sequence[int]) -> tuple[NodeProperties, int]:
    """Return the properties of as many of these nodes as can be held, and how many these are. Needs a snapshot."""
    rows, count = held_of_first(session, _OF_NODES, node_ids)
    return _by_node(rows), count


def apply(tx: Transaction, node_id: int, updates: Iterable[PropertyUpdate]) -> None:
    """Set and remove properties in the order given; removing what is not there is no error (RFC 4918, 9.2)."""
    for update in updates:
        namespace, name = update.name
        tx.run(_DROP, node_id=node_id, namespace=namespace, name=name)
        if update.xml is not None:
            tx.run(_ADD, node_id=node_id, namespace=namespace, name=name, xml=update.xml)


def add(tx: Transaction, properties: Mapping[int, Mapping[PropertyName, str]]) -> None:
    """Store the properties of new nodes."""
    tx.run_many(
        _ADD,
        [
            {"node_id": node_id, "namespace": namespace, "name": name, "xml": xml}
            for node_id, by_name in properties.items()
            for (namespace, name), xml in by_name.items()
        ],
    )


def _by_node(rows: Iterable[Row]) -> NodeProperties:
    found: NodeProperties = {}
    for node_id, namespace, name, xml in rows:
        found.setdefault(node_id, {})[(namespace, name)] = xml
    return found
