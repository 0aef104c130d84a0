"""Objects of types: named streams, deletions as events, revisions, logical names, values that are valid for a time."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from davgate.model.indexing import indexed_values, words_of

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column(
        "version",
        sa.Column(
            "has_streams",
            sa.SmallInteger(),
            nullable=False,
            server_default="0",
            comment="it has named streams beside its primary one",
        ),
    )
    _deletions()
    _revisions()
    _numbers()
    _temporary_files()
    _texts()
    _temporal_values()
    _find_again()


def _deletions() -> None:
    op.create_table(
        "deletion",
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_by", _ID, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("restored_at", sa.BigInteger(), nullable=False),
        sa.Column("restored_by", _ID, nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.ForeignKeyConstraint(["deleted_by"], ["principal.id"]),
        sa.ForeignKeyConstraint(["restored_by"], ["principal.id"]),
        sa.PrimaryKeyConstraint("node_id", "deleted_at"),
        sqlite_with_rowid=False,
    )
    op.add_column(
        "trash", sa.Column("comment", sa.Text(), nullable=False, server_default="", comment="what was said of the deletion")
    )


def _revisions() -> None:
    op.create_table(
        "revision",
        sa.Column("id", _ID, autoincrement=False, nullable=False, comment="drawn from the inner ids"),
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False, comment="from 1 on: revision 0 has the document's id, and no row"),
        sa.Column("first_no", sa.BigInteger(), nullable=False, comment="number of the version with which it begins"),
        sa.ForeignKeyConstraint(["document_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("document_id", "no"),
    )
    op.create_table(
        "logical_name",
        sa.Column("name", _name(), nullable=False),
        sa.Column("node_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("node_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "type_number",
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False, comment="drawn from the inner ids"),
        sa.PrimaryKeyConstraint("type"),
        sa.UniqueConstraint("id"),
        sqlite_with_rowid=False,
    )


def _numbers() -> None:
    # Documents that became part of others are looked up by their former numbers, too, and what happened to one by its number.
    op.create_index("ix_successor_node_id", "successor", ["node_id"])
    op.create_index("audit_by_node", "audit", ["node_id", "at", "id"])


def _temporary_files() -> None:
    op.create_table(
        "temporary_file",
        sa.Column("id", _ID, autoincrement=False, nullable=False, comment="drawn from the inner ids"),
        sa.Column("principal_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_temporary_file_principal_id", "temporary_file", ["principal_id"])
    op.create_index("ix_temporary_file_digest", "temporary_file", ["digest"])
    op.create_index("ix_temporary_file_expires_at", "temporary_file", ["expires_at"])


def _texts() -> None:
    op.create_table(
        "document_text",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False, comment="folded, each between blanks"),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("node_id"),
    )


def _temporal_values() -> None:
    op.create_table(
        "temporal_value",
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("property", sa.Text(), nullable=False),
        sa.Column("value", _name(), nullable=False, comment="of a longer text what it begins with"),
        sa.Column("whole", sa.Text(), nullable=False, comment="a text that is too long for the index; else empty"),
        sa.Column("qualifier", _name(), nullable=False, comment="of a relation: the kind of object it leads to"),
        sa.Column("place", _name(), nullable=False, comment="the variant and part that says so; empty for the object itself"),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
    )
    asked = ["known_to", "valid_from", "valid_to"]
    op.create_index("temporal_value_by_value", "temporal_value", ["property", "value", "node_id", *asked])
    op.create_index("temporal_value_by_node", "temporal_value", ["node_id", "property", "value", *asked])


_AT_ONCE = 1_000
_SAID = sa.text(
    "SELECT version.document_id, version.properties, version.file_name FROM node"
    " JOIN version ON version.document_id = node.id AND version.no = node.version_no"
    " WHERE node.id > :last AND version.properties <> '{}' ORDER BY node.id LIMIT :most"
)
_VALUE = sa.text("INSERT INTO property_value (property, value, node_id) VALUES (:property, :value, :node_id)")
_WORDS = sa.text("INSERT INTO document_text (node_id, words) VALUES (:node_id, :words)")


def _find_again() -> None:
    """Keep anew what documents are found by: values in a form that sorts, and words."""
    connection = op.get_bind()
    connection.execute(sa.text("DELETE FROM property_value"))
    last = 0
    while rows := connection.execute(_SAID, {"last": last, "most": _AT_ONCE}).all():
        said = [(node_id, json.loads(properties), file_name) for node_id, properties, file_name in rows]
        values = [
            {"property": key, "value": value, "node_id": node_id}
            for node_id, one, _ in said
            for key, value in indexed_values(one)
        ]
        if values:
            connection.execute(_VALUE, values)
        connection.execute(_WORDS, [{"node_id": node_id, "words": words_of(one, name)} for node_id, one, name in said])
        last = rows[-1][0]


def _name() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
