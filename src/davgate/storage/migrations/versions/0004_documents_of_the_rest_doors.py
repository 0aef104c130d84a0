"""Documents of the REST doors: typed metadata, documents without content, second names, uploads that go on later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema to this revision."""
    _versions()
    _marks_of_rows()
    _objects()
    _uploads()


def _versions() -> None:
    op.add_column(
        "version",
        sa.Column(
            "has_content",
            sa.SmallInteger(),
            nullable=False,
            server_default="1",
            comment="0: it holds metadata alone, and its digest is that of no bytes",
        ),
    )
    op.add_column(
        "version",
        sa.Column(
            "content_no",
            sa.BigInteger(),
            nullable=True,
            comment="counts from 0 the versions that came with content; null before the first",
        ),
    )
    # Until now every version came with content. One that was thinned has had its number, too.
    op.execute("UPDATE version SET content_no = no - 1")


def _marks_of_rows() -> None:
    op.add_column(
        "check_out", sa.Column("file_name", sa.Text(), nullable=True, comment="of the working copy; null as the base has it")
    )
    op.add_column(
        "lock",
        sa.Column(
            "is_stealable",
            sa.SmallInteger(),
            nullable=False,
            server_default="0",
            comment="whoever may write there may end it",
        ),
    )
    op.add_column(
        "trash",
        sa.Column(
            "keeps_address",
            sa.SmallInteger(),
            nullable=False,
            server_default="0",
            comment="it is still found where it was, marked as deleted, by doors that show such",
        ),
    )
    addressed = sa.text("keeps_address = 1")
    op.create_index("trash_addressed", "trash", ["parent_id"], sqlite_where=addressed, postgresql_where=addressed)


def _objects() -> None:
    op.create_table(
        "node_type",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("node_id"),
    )
    op.create_index("ix_node_type_type", "node_type", ["type"])
    op.create_table(
        "alias",
        sa.Column("node_id", _ID, autoincrement=False, nullable=False),
        sa.Column("name", _name(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True, comment="of its kind, where the name was made of one"),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("node_id"),
    )
    op.create_index("ix_alias_name", "alias", ["name"])
    op.create_table(
        "counter",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "property_value",
        sa.Column("property", sa.Text(), nullable=False),
        sa.Column("value", _name(), nullable=False),
        sa.Column("node_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("property", "value", "node_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_property_value_node_id", "property_value", ["node_id"])


def _uploads() -> None:
    op.create_table(
        "upload",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "node_id", _ID, nullable=False, comment="the collection that gets a document, or the document that gets content"
        ),
        sa.Column("principal_id", _ID, nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False, comment="announced"),
        sa.Column("offset_bytes", sa.BigInteger(), nullable=False, comment="arrived, and durable"),
        sa.Column("metadata", sa.Text(), nullable=False, comment="what was said of it, JSON"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_upload_node_id", "upload", ["node_id"])
    op.create_index("ix_upload_principal_id", "upload", ["principal_id"])
    op.create_index("ix_upload_expires_at", "upload", ["expires_at"])


def _name() -> sa.types.TypeEngine[str]:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
