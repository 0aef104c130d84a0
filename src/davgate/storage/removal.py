"""Removing every trace of a node but what happened to it: its change and audit rows stay."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, null, select, update

from davgate.storage.object_tables import deletion, document_text, logical_name, revision, temporal_value
from davgate.storage.sign_in_tables import app_password
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import (
    access_grant,
    alias,
    bare_place,
    check_out,
    dead_property,
    lock,
    node,
    node_type,
    placement,
    property_value,
    rescue,
    save,
    successor,
    trash,
    upload,
    vacated,
    version,
    version_mark,
    version_policy,
    version_stream,
    working_save,
)
from davgate.storage.transactions import Transaction

# What refers comes before what it refers to.
_COLUMNS = (
    version_mark.c.document_id,
    version_stream.c.document_id,
    save.c.document_id,
    version.c.document_id,
    working_save.c.document_id,
    check_out.c.document_id,
    version_policy.c.collection_id,
    successor.c.successor_id,
    vacated.c.node_id,
    trash.c.node_id,
    placement.c.node_id,
    bare_place.c.node_id,
    dead_property.c.node_id,
    access_grant.c.node_id,
    node_type.c.node_id,
    alias.c.node_id,
    property_value.c.node_id,
    document_text.c.node_id,
    temporal_value.c.node_id,
    revision.c.document_id,
    logical_name.c.node_id,
    deletion.c.node_id,
    upload.c.node_id,
    # One that is for this tree alone must not become one for everything.
    app_password.c.tree_id,
    lock.c.node_id,
    node.c.id,
)
_REMOVE = [Statement(delete(column.table).where(column == bindparam("node_id"))) for column in _COLUMNS]
_GIVEN = ids_given("ids")
_REMOVE_ALL = [Statement(delete(column.table).where(column.in_(select(_GIVEN.c.id)))) for column in _COLUMNS]
_DETACH_ALL = Statement(update(rescue).where(rescue.c.document_id.in_(select(_GIVEN.c.id))).values(document_id=null()))
_DETACH = Statement(update(rescue).where(rescue.c.document_id == bindparam("of")).values(document_id=null()))


def remove(tx: Transaction, node_ids: Iterable[int]) -> None:
    """Remove nodes for good; members have to come before their collections. Content goes with the collector."""
    for node_id in node_ids:
        tx.run(_DETACH, of=node_id)
        for statement in _REMOVE:
            tx.run(statement, node_id=node_id)


def remove_all(tx: Transaction, node_ids: Iterable[int]) -> None:
    """Remove a whole subtree for good, in as many statements as there are tables. Content goes with the collector."""
    ids = json.dumps([*node_ids])
    for statement in (_DETACH_ALL, *_REMOVE_ALL):
        tx.run(statement, ids=ids)
