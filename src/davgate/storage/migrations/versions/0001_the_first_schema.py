"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "blob",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "stored_at",
            sa.BigInteger(),
            nullable=False,
            comment="refreshed when stored again, so that the collector spares it",
        ),
        sa.Column("body", sa.LargeBinary(), nullable=True, comment="small content; null when it lies in the blob store"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "principal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("is_admin", sa.SmallInteger(), nullable=False),
        sa.Column("is_disabled", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "store",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column(
            "next_id",
            sa.BigInteger(),
            nullable=False,
            comment="inner ids: nodes now, Dynacase revisions and families too",
        ),
        sa.Column("last_change", sa.BigInteger(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False, comment="sum of all blobs"),
        sa.Column("key", sa.LargeBinary(), nullable=False, comment="for what this store signs"),
        sa.CheckConstraint("id = 1", name="store_is_one"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("principal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON"),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["principal_id"],
            ["principal.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )

    op.create_table(
        "node",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("version_no", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("length_bytes", sa.BigInteger(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["principal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["node.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uuid"),
    )
    with op.batch_alter_table("node", schema=None) as batch_op:
        batch_op.create_index("node_by_name", ["parent_id", "name_key"], unique=True)
        batch_op.create_index(
            "node_pending",
            ["created_at"],
            unique=False,
            sqlite_where=sa.text("digest IS NULL AND kind = 2"),
            postgresql_where=sa.text("digest IS NULL AND kind = 2"),
        )

    op.create_table(
        "access_grant",
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("principal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rights", sa.BigInteger(), nullable=False, comment="bits of model.permissions.Right"),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["node.id"],
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"],
            ["principal.id"],
        ),
        sa.PrimaryKeyConstraint("node_id", "principal_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "change",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True, comment="the collection whose members changed"),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("version_no", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["node.id"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index("change_by_parent", ["parent_id", "seq"], unique=False)

    op.create_table(
        "dead_property",
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("xml", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["node.id"],
        ),
        sa.PrimaryKeyConstraint("node_id", "namespace", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lock",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("depth", sa.Text(), nullable=False),
        sa.Column("holding", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False, comment="the inside of DAV:owner, as sent"),
        sa.Column("timeout_seconds", sa.BigInteger(), nullable=True, comment="null never ends"),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["node.id"],
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"],
            ["principal.id"],
        ),
        sa.PrimaryKeyConstraint("token"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("lock", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lock_node_id"), ["node_id"], unique=False)

    op.create_table(
        "placement",
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False, comment="the first instant at which it no longer held"),
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["node.id"],
        ),
        sa.PrimaryKeyConstraint("node_id", "from_at"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.create_index("placement_by_parent", ["parent_id", "from_at"], unique=False)

    op.create_table(
        "trash",
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["deleted_by"],
            ["principal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["node.id"],
        ),
        sa.PrimaryKeyConstraint("node_id"),
    )
    op.create_table(
        "version",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=True, comment="null while its edit session goes on"),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False, comment="what was copied or restored, for people"),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.Column("properties", sa.Text(), nullable=False, comment="snapshot of the typed properties, JSON"),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["principal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["node.id"],
        ),
        sa.PrimaryKeyConstraint("document_id", "no"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_version_digest"), ["digest"], unique=False)

    op.create_table(
        "save",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version_no", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["principal.id"],
        ),
        sa.ForeignKeyConstraint(
            ["document_id", "version_no"],
            ["version.document_id", "version.no"],
        ),
        sa.PrimaryKeyConstraint("document_id", "version_no", "saved_at"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("save", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_save_digest"), ["digest"], unique=False)

    op.create_table(
        "version_stream",
        sa.Column("document_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version_no", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id", "version_no"],
            ["version.document_id", "version.no"],
        ),
        sa.PrimaryKeyConstraint("document_id", "version_no", "name"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("version_stream", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_version_stream_digest"), ["digest"], unique=False)
