"""Places without a name on the drive; parts of content are found by its id, renamed documents by the names of their files."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from davgate.model.indexing import tells, words_of
from davgate.model.metadata import NO_METADATA, beside

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FOREVER = 2**63 - 1
_PART = "yuuvis:contentStream"


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "bare_place",
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False, comment="the first instant at which it no longer held"),
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("node_id", "from_at"),
        sqlite_with_rowid=False,
    )
    # In which collections it was without a name before this one nobody has kept.
    op.execute(
        "INSERT INTO bare_place (node_id, from_at, to_at, parent_id) SELECT id,"
        " coalesce((SELECT max(to_at) FROM placement WHERE placement.node_id = node.id), created_at),"
        f" {_FOREVER}, parent_id FROM node WHERE parent_id IS NOT NULL AND name IS NULL"
    )
    collection = sa.text("kind = 1")
    op.create_index("node_collection", "node", ["parent_id"], sqlite_where=collection, postgresql_where=collection)
    _find_parts()
    _find_renamed()


_PARTS = sa.text(
    "SELECT node.id, version.no, version.properties, version.digest, version.has_content FROM property_value"
    " JOIN node ON node.id = property_value.node_id"
    " JOIN version ON version.document_id = node.id AND version.no = node.version_no"
    " WHERE property_value.property = :part"
)
_FORGET = sa.text("DELETE FROM property_value WHERE property = :part")
_VALUE = sa.text("INSERT INTO property_value (property, value, node_id) VALUES (:part, :value, :node_id)")
_SAY = sa.text("UPDATE version SET properties = :properties WHERE document_id = :node_id AND no = :no")


def _find_parts() -> None:
    """Let content be found by the id of that of which it is a part; what is said of content that is gone goes with it."""
    connection = op.get_bind()
    rows = connection.execute(_PARTS, {"part": _PART}).all()
    connection.execute(_FORGET, {"part": _PART})
    for node_id, no, properties, digest, has_content in rows:
        said = json.loads(properties)
        kept = beside(said, bytes(digest) if has_content else None)
        if _PART in kept:
            connection.execute(_VALUE, {"part": _PART, "value": kept[_PART]["id"], "node_id": node_id})
        else:
            text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            connection.execute(_SAY, {"properties": text, "node_id": node_id, "no": no})


_RENAMED = sa.text(
    "SELECT node.id, node.name, version.file_name FROM node"
    " JOIN version ON version.document_id = node.id AND version.no = node.version_no"
    " WHERE version.properties = '{}' AND node.name IS NOT NULL AND version.file_name <> node.name"
)
_WORDS = sa.text("INSERT INTO document_text (node_id, words) VALUES (:node_id, :words)")


def _find_renamed() -> None:
    """Let documents without properties be found by the names of their files, where those on the drive do not tell them."""
    connection = op.get_bind()
    for node_id, name, file_name in connection.execute(_RENAMED).all():
        if not tells(name, file_name):
            connection.execute(_WORDS, {"node_id": node_id, "words": words_of(NO_METADATA, file_name)})
