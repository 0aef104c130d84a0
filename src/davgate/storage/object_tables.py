"""The tables of what REST doors alone know of: revisions, logical names, times that are valid in the world, texts to be searched.

They belong to the same schema as those of ``tables``, whose conventions hold here too.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from davgate.storage.tables import ID, NAME, metadata

deletion = Table(
    "deletion",
    metadata,
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("deleted_at", BigInteger, nullable=False),
    Column("deleted_by", ForeignKey("principal.id"), nullable=False),
    Column("comment", Text, nullable=False),
    Column("restored_at", BigInteger, nullable=False),
    Column("restored_by", ForeignKey("principal.id"), nullable=False),
    PrimaryKeyConstraint("node_id", "deleted_at"),
    sqlite_with_rowid=False,
)
"""Each time that something was in the trash and came back; what is there now, ``trash`` tells."""

revision = Table(
    "revision",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False, comment="drawn from the inner ids"),
    Column("document_id", ForeignKey("node.id"), nullable=False),
    Column("no", BigInteger, nullable=False, comment="from 1 on: revision 0 has the document's id, and no row"),
    Column("first_no", BigInteger, nullable=False, comment="number of the version with which it begins"),
    UniqueConstraint("document_id", "no"),
)
"""Where the versions of a document fall into revisions."""

logical_name = Table(
    "logical_name",
    metadata,
    Column("name", NAME, primary_key=True),
    Column("node_id", ForeignKey("node.id"), nullable=False, unique=True),
    sqlite_with_rowid=False,
)
"""Names by which documents are known in the whole store."""

type_number = Table(
    "type_number",
    metadata,
    Column("type", Text, primary_key=True),
    Column("id", BigInteger, nullable=False, unique=True, comment="drawn from the inner ids"),
    sqlite_with_rowid=False,
)
"""Numbers of object types, for doors to which a type is a document."""

temporary_file = Table(
    "temporary_file",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False, comment="drawn from the inner ids"),
    Column("principal_id", ForeignKey("principal.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)
"""Files that arrived before the document that they are for."""

document_text = Table(
    "document_text",
    metadata,
    Column("node_id", ForeignKey("node.id"), primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False, comment="folded, each between blanks"),
)
"""What the current versions say, to be found by its words: kept in the commit that makes the version."""

temporal_value = Table(
    "temporal_value",
    metadata,
    Column("node_id", ID, nullable=False),
    Column("property", Text, nullable=False),
    Column("value", NAME, nullable=False, comment="of a longer text what it begins with"),
    Column("whole", Text, nullable=False, comment="a text that is too long for the index; else empty"),
    Column("qualifier", NAME, nullable=False, comment="of a relation: the kind of object it leads to"),
    Column("place", NAME, nullable=False, comment="the variant and part that says so; empty for the object itself"),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger, nullable=False),
    Column("known_from", BigInteger, nullable=False),
    Column("known_to", BigInteger, nullable=False),
    ForeignKeyConstraint(["node_id"], ["node.id"]),
    # Both with all that a search asks of a row, so that it need not look at the rows themselves.
    Index("temporal_value_by_value", "property", "value", "node_id", "known_to", "valid_from", "valid_to"),
    Index("temporal_value_by_node", "node_id", "property", "value", "known_to", "valid_from", "valid_to"),
)
"""What is true when, and was known when (OIO): one row for each value in each registration that says it."""
