"""What the tests of objects share: documents and collections made, changed and described by id, as REST doors do it."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import event, text
from tests.builders import all_versions, read

from davgate.core import describing, documents, moving_by_id, objects, receiving, revisions
from davgate.core.describing import Described
from davgate.core.objects import Changes, File, NewObject, Place
from davgate.core.searching import Search
from davgate.core.second_names import Alias
from davgate.core.store import Context, Store
from davgate.model.indexing import NOT_COMPARABLE
from davgate.model.node import ROOT_ID, Node, NodeKind, Version
from davgate.model.paths import Where
from davgate.model.query import EVERYTHING, By, Fact
from davgate.storage.api import versions
from davgate.storage.statements import Row, Statement

SAID: dict[str, Any] = {"title": "Minutes", "keywords": ["a", "b"], "okd:nested": {"x": [1, None]}, "gever:public": True}
"""Typed properties of every kind."""
INDEX = {("title", "Minutes"), ("keywords", "a"), ("keywords", "b"), ("gever:public", "true"), ("okd:nested", NOT_COMPARABLE)}
"""What they are found by."""

DIALECT = "registered"
"""The primary type of what these tests make."""


def rest(ctx: Context) -> Context:
    """Return the context of the same person's requests through a REST door: no program saves there as on a disk."""
    return replace(ctx, editing=False)


def a_file(store: Store, body: bytes, name: str = "a.txt", media_type: str | None = None) -> File:
    """Return content that has arrived."""
    return File(receiving.receive(store, io.BytesIO(body)), name, media_type)


def made(
    store: Store,
    ctx: Context,
    body: bytes | None = b"content",
    name: str = "a.txt",
    *,
    place: Place = ROOT_ID,
    alias: Alias | None = None,
    drive_name: str = "",
    **metadata: Any,
) -> Node:
    """Make a document with this content; without content one of metadata alone."""
    file = None if body is None else a_file(store, body, name)
    new = NewObject(NodeKind.DOCUMENT, DIALECT, metadata, file, drive_name, alias)
    return objects.create(store, rest(ctx), place, new)


def trashed(store: Store, ctx: Context) -> list[int]:
    """Return the ids of the documents in the trash that somebody may see, the oldest first."""
    found, total = revisions.show_trash(store, ctx, Search(EVERYTHING, (By(Fact.ID),)))
    assert total == len(found)
    return [one.initid for one in found]


def made_folder(
    store: Store, ctx: Context, name: str, *, place: Place = ROOT_ID, alias: Alias | None = None, **metadata: Any
) -> Node:
    """Make a collection."""
    return objects.create(
        store, rest(ctx), place, NewObject(NodeKind.COLLECTION, DIALECT, metadata, drive_name=name, alias=alias)
    )


def say(store: Store, ctx: Context, where: int | str, **metadata: Any) -> Node:
    """Change typed properties alone."""
    return objects.update(store, rest(ctx), where, Changes(metadata=metadata))


def save(
    store: Store,
    ctx: Context,
    where: int | str,
    body: bytes,
    name: str = "a.txt",
    *,
    metadata: Mapping[str, Any] | None = None,
    always: bool = False,
    only_checked_out: bool = False,
) -> Node:
    """Give a document content, and with it metadata where some is given."""
    changes = Changes(metadata, a_file(store, body, name), only_checked_out=only_checked_out, always=always)
    return objects.update(store, rest(ctx), where, changes)


def described(store: Store, ctx: Context, where: Where) -> Described:
    """Return what is said of something."""
    return describing.describe(store, rest(ctx), where).it


def said_of(store: Store, ctx: Context, where: Where) -> dict[str, object]:
    """Return the typed properties of something."""
    return dict(described(store, ctx, where).metadata)


def bytes_at(store: Store, ctx: Context, where: Where) -> bytes:
    """Return the whole content of a document, named in whatever way."""
    opened = documents.open_content(store, ctx, where)
    assert not isinstance(opened, Node)
    return read(opened)


def restored(store: Store, ctx: Context, where: int | str, no: int) -> Node:
    """Give something again what one of its versions said."""
    with store.database.write() as tx:
        node = objects.restore_within(store, tx, ctx, where, no)
        tx.commit()
    return node


def line_of(store: Store, node_id: int) -> list[Version]:
    """Return all versions of something, those without content too, the oldest first."""
    with store.database.read() as session:
        found = [versions.find(session, node_id, no) for no in range(1, _current_no(store, node_id) + 1)]
    return [one for one in found if one is not None]


def _current_no(store: Store, node_id: int) -> int:
    return int(rows(store, "SELECT version_no FROM node WHERE id = :id", id=node_id)[0][0])


def numbering(store: Store, node_id: int) -> list[tuple[int, str, bool, int | None]]:
    """Return number, cause, whether there is content, and the number by content of all versions."""
    return [(one.no, one.cause.value, one.has_content, one.content_no) for one in line_of(store, node_id)]


def metadata_of_versions(store: Store, ctx: Context, where: Where) -> list[dict[str, object]]:
    """Return what each version with content says."""
    return [dict(one.metadata) for one in all_versions(store, ctx, where)]


def rows(store: Store, query: str, **values: Any) -> list[Row]:
    """Return what a plain query finds."""
    with store.database.read() as session:
        return list(session.all(Statement(text(query)), **values))


def found_by(store: Store, node_id: int) -> set[tuple[str, str]]:
    """Return the properties and values that something is found by."""
    return {(row[0], row[1]) for row in rows(store, "SELECT property, value FROM property_value WHERE node_id = :id", id=node_id)}


def statements_of(store: Store) -> list[str]:
    """Return a list that gets every statement from now on, but for those that begin and end transactions; on SQLite alone.

    Connections begin anew, so that none remembers what it has found.
    """
    seen: list[str] = []

    def keep(sql: str) -> None:
        if not sql.startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            seen.append(sql)

    @event.listens_for(store.database.engine, "connect")
    def trace(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(keep)

    store.database.close()
    return seen


def move_into(store: Store, ctx: Context, where: int | str, collection_id: int) -> Node:
    """Put one into another collection, as a door that has folders by their ids does."""
    return moving_by_id.move_all_into(store, rest(ctx), [where], collection_id)[0]


def copy_into(
    store: Store, ctx: Context, where: int | str, collection_id: int, *, alias: Alias | None = None, prefix_beside: str = ""
) -> Node:
    """Make a copy of one in a collection, as such a door does."""
    return moving_by_id.copy_all_into(
        store, rest(ctx), [where], collection_id, alias_of=lambda _type, _said: alias, prefix_beside=prefix_beside
    )[0]
