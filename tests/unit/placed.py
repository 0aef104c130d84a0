"""What the tests of the tree share: moving, copying, and what becomes of places, versions and properties by that."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from tests.builders import (
    all_versions,
    path,
    read,
)

from davgate.core import copying, moving, versioning
from davgate.core.content import Written
from davgate.core.store import Context, Store
from davgate.model.node import Node
from davgate.model.properties import PropertyName
from davgate.storage.api import properties
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import placement, trash

PLACEMENTS = Statement(
    select(placement.c.from_at, placement.c.to_at, placement.c.parent_id, placement.c.name)
    .where(placement.c.node_id == bindparam("node_id"))
    .order_by(placement.c.from_at)
)
TRASH = Statement(
    select(trash.c.parent_id, trash.c.name, trash.c.path, trash.c.deleted_at, trash.c.deleted_by).where(
        trash.c.node_id == bindparam("node_id")
    )
)


def placements(store: Store, node: Node) -> list[Row]:
    with store.database.read() as session:
        return session.all(PLACEMENTS, node_id=node.id)


def trashed(store: Store, node: Node) -> Row | None:
    with store.database.read() as session:
        return session.first(TRASH, node_id=node.id)


def move(store: Store, ctx: Context, source: str, destination: str, *, overwrite: bool = False) -> Written:
    return moving.move(store, ctx, path(source), path(destination), overwrite=overwrite)


def copy(store: Store, ctx: Context, source: str, destination: str, *, overwrite: bool = False) -> Written:
    return copying.copy(store, ctx, path(source), path(destination), overwrite=overwrite)


def versions_of(store: Store, ctx: Context, where: str) -> list[bytes]:
    found = all_versions(store, ctx, path(where))
    return [read(versioning.open_version(store, ctx, path(where), version.no)[2]) for version in found]


def properties_of(store: Store, node_id: int) -> dict[PropertyName, str]:
    with store.database.read() as session:
        return properties.of_node(session, node_id).get(node_id, {})


def version_numbers(store: Store, ctx: Context, where: str) -> list[int]:
    return [version.no for version in all_versions(store, ctx, path(where))]
