"""The tables, portable between SQLite and PostgreSQL.

Conventions: ``*_at`` are UTC microseconds (``model.instant``); digests are the 32 bytes of SHA-256; closed sets are
kept as the value of their enum. Names compare by ``name_key`` (``model.names.collision_key``). The schema itself is
made by ``migrations``; a test compares both.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()

# SQLite gives its fast row id only to a column declared INTEGER; there it has 64 bits too.
_ID: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
# Names sort and compare by code point on both engines, whatever the locale of a PostgreSQL database.
_NAME: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")

store = Table(
    "store",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("uuid", Text, nullable=False),
    Column("next_id", BigInteger, nullable=False, comment="inner ids: nodes now, Dynacase revisions and families too"),
    Column("last_change", BigInteger, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False, comment="sum of all blobs"),
    Column("key", LargeBinary, nullable=False, comment="for what this store signs"),
    CheckConstraint("id = 1", name="store_is_one"),
)
"""One row. The writer locks it on PostgreSQL, which makes the order of changes gap-free and the writer the only one."""

principal = Table(
    "principal",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("name", _NAME, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("password_hash", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("is_admin", SmallInteger, nullable=False),
    Column("is_disabled", SmallInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

# Where a node is now and what its current version holds: copies kept in the same commit, so that a listing reads one table.
node = Table(
    "node",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("uuid", Text, nullable=False, unique=True),
    Column("kind", SmallInteger, nullable=False),
    Column("parent_id", ForeignKey("node.id")),
    Column("name", _NAME),
    Column("name_key", _NAME),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", ForeignKey("principal.id"), nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("version_no", BigInteger, nullable=False),
    Column("digest", LargeBinary),
    Column("length_bytes", BigInteger),
    Column("media_type", Text),
    Index("node_by_name", "parent_id", "name_key", unique=True),
)
# Few documents are pending at a time; finding them must not read the many that are not.
Index(
    "node_pending",
    node.c.created_at,
    sqlite_where=(node.c.digest.is_(None)) & (node.c.kind == 2),
    postgresql_where=(node.c.digest.is_(None)) & (node.c.kind == 2),
)

placement = Table(
    "placement",
    metadata,
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False, comment="the first instant at which it no longer held"),
    Column("parent_id", BigInteger, nullable=False),
    Column("name", _NAME, nullable=False),
    PrimaryKeyConstraint("node_id", "from_at"),
    Index("placement_by_parent", "parent_id", "from_at"),
    sqlite_with_rowid=False,
)
"""Every place that a node ever had."""

trash = Table(
    "trash",
    metadata,
    Column("node_id", ForeignKey("node.id"), primary_key=True, autoincrement=False),
    Column("parent_id", BigInteger, nullable=False),
    Column("name", _NAME, nullable=False),
    Column("path", Text, nullable=False),
    Column("deleted_at", BigInteger, nullable=False),
    Column("deleted_by", ForeignKey("principal.id"), nullable=False),
)
"""What was deleted, with its subtree still below it."""

version = Table(
    "version",
    metadata,
    Column("document_id", ForeignKey("node.id"), nullable=False),
    Column("no", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("sealed_at", BigInteger, comment="null while its edit session goes on"),
    Column("author_id", ForeignKey("principal.id"), nullable=False),
    Column("comment", Text, nullable=False),
    Column("origin", Text, nullable=False, comment="what was copied or restored, for people"),
    Column("file_name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
    Column("properties", Text, nullable=False, comment="snapshot of the typed properties, JSON"),
    PrimaryKeyConstraint("document_id", "no"),
    sqlite_with_rowid=False,
)

version_stream = Table(
    "version_stream",
    metadata,
    Column("document_id", _ID, nullable=False),
    Column("version_no", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("document_id", "version_no", "name"),
    ForeignKeyConstraint(["document_id", "version_no"], ["version.document_id", "version.no"]),
    sqlite_with_rowid=False,
)
"""Named content streams beside a version's primary one."""

save = Table(
    "save",
    metadata,
    Column("document_id", _ID, nullable=False),
    Column("version_no", BigInteger, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("author_id", ForeignKey("principal.id"), nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("document_id", "version_no", "saved_at"),
    ForeignKeyConstraint(["document_id", "version_no"], ["version.document_id", "version.no"]),
    sqlite_with_rowid=False,
)
"""Bytes that were a version's content while it was open, until a later save of the same edit session replaced them."""

blob = Table(
    "blob",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("length_bytes", BigInteger, nullable=False),
    Column("stored_at", BigInteger, nullable=False, comment="refreshed when stored again, so that the collector spares it"),
    Column("body", LargeBinary, comment="small content; null when it lies in the blob store"),
)

lock = Table(
    "lock",
    metadata,
    Column("token", Text, primary_key=True),
    Column("node_id", ForeignKey("node.id"), nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("depth", Text, nullable=False),
    Column("holding", Text, nullable=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("owner", Text, nullable=False, comment="the inside of DAV:owner, as sent"),
    Column("timeout_seconds", BigInteger, comment="null never ends"),
    Column("taken_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

dead_property = Table(
    "dead_property",
    metadata,
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("xml", Text, nullable=False),
    PrimaryKeyConstraint("node_id", "namespace", "name"),
    sqlite_with_rowid=False,
)

access_grant = Table(
    "access_grant",
    metadata,
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("rights", BigInteger, nullable=False, comment="bits of model.permissions.Right"),
    PrimaryKeyConstraint("node_id", "principal_id"),
    sqlite_with_rowid=False,
)

change = Table(
    "change",
    metadata,
    Column("seq", _ID, primary_key=True, autoincrement=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("parent_id", BigInteger, comment="the collection whose members changed"),
    Column("name", _NAME),
    Column("version_no", BigInteger),
    Index("change_by_parent", "parent_id", "seq"),
)
"""The global, gap-free order of what happened to nodes."""

audit = Table(
    "audit",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("node_id", BigInteger),
    Column("path", Text, nullable=False),
    Column("detail", Text, nullable=False, comment="JSON"),
    Column("request_id", Text, nullable=False),
    Column("client", Text, nullable=False),
)
