"""Edit sessions, save dances, check-outs, rescue copies and marks; places in the order in which the past is listed."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_FOREVER = 2**63 - 1
# Constraints that were made without a name get one by which SQLite's copy of the table can leave them out.
_NAMING = {
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


def upgrade() -> None:
    """Bring the schema to this revision."""
    _store()
    _node()
    _placement()
    _version()
    _change()
    with op.batch_alter_table("lock", schema=None, table_kwargs={"sqlite_with_rowid": False}) as batch_op:
        batch_op.add_column(
            sa.Column(
                "revivable_until",
                sa.BigInteger(),
                nullable=False,
                server_default="0",
                comment="after its end its holder may have it back until then",
            )
        )
    with op.batch_alter_table("lock", schema=None, table_kwargs={"sqlite_with_rowid": False}) as batch_op:
        batch_op.alter_column("revivable_until", existing_type=sa.BigInteger(), server_default=None)
    _dances()
    _marks()
    _check_outs()


def _store() -> None:
    op.add_column(
        "store",
        sa.Column(
            "last_at",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="the instant of the newest change: no two transactions share one",
        ),
    )
    # While the clock was set back, versions and places got later instants than the change that tells of them.
    op.execute(
        "UPDATE store SET last_at = (SELECT coalesce(max(known.at), 0) FROM ("
        "SELECT changed_at AS at FROM change UNION ALL SELECT modified_at FROM node UNION ALL SELECT opened_at FROM version"
        f" UNION ALL SELECT from_at FROM placement UNION ALL SELECT to_at FROM placement WHERE to_at < {_FOREVER}) AS known)"
    )
    with op.batch_alter_table("store", schema=None) as batch_op:
        batch_op.alter_column("last_at", server_default=None)


def _node() -> None:
    op.drop_index("node_pending", table_name="node")
    op.add_column(
        "node",
        sa.Column(
            "is_seen",
            sa.SmallInteger(),
            nullable=False,
            server_default="0",
            comment="somebody else than its maker has read it; kept while it is young",
        ),
    )
    pending = sa.text("digest IS NULL AND kind = 2")
    unversioned = sa.text("version_no = 0 AND digest IS NOT NULL")
    op.create_index("node_pending", "node", ["modified_at"], sqlite_where=pending, postgresql_where=pending)
    op.create_index("node_unversioned", "node", ["digest"], sqlite_where=unversioned, postgresql_where=unversioned)


def _placement() -> None:
    op.rename_table("placement", "former_placement")
    op.create_table(
        "placement",
        # The key comes first: SQLite's integrity check takes other columns for the key's in a table without row ids.
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.Column("name_key", _NAME, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False, comment="the first instant at which it no longer held"),
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name="placement_of_node"),
        sa.PrimaryKeyConstraint("parent_id", "name_key", "from_at", name="placement_by_place"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO placement (node_id, from_at, to_at, parent_id, name, name_key)"
        " SELECT node_id, from_at, to_at, parent_id, name, name FROM former_placement"
    )
    op.drop_table("former_placement")
    connection = op.get_bind()
    names = {row[0] for row in connection.execute(sa.text("SELECT DISTINCT name FROM placement")) if not row[0].isascii()}
    for name in names:
        connection.execute(
            sa.text("UPDATE placement SET name_key = :key WHERE name = :name"),
            {"key": unicodedata.normalize("NFC", name), "name": name},
        )
    op.create_index("placement_by_node", "placement", ["node_id", "from_at"])


def _version() -> None:
    rowid = {"sqlite_with_rowid": False}
    with op.batch_alter_table("version", schema=None, table_kwargs=rowid) as batch_op:
        batch_op.add_column(
            sa.Column("saved_at", sa.BigInteger(), nullable=True, comment="when its present bytes arrived"),
        )
        batch_op.add_column(
            sa.Column(
                "session",
                sa.Text(),
                nullable=True,
                comment="the lock token under which it was opened; null when it was sealed at once",
            )
        )
    op.execute("UPDATE version SET saved_at = opened_at, sealed_at = coalesce(sealed_at, opened_at)")
    with op.batch_alter_table("version", schema=None, table_kwargs=rowid) as batch_op:
        batch_op.alter_column("saved_at", existing_type=sa.BigInteger(), nullable=False)
        batch_op.alter_column(
            "sealed_at",
            existing_type=sa.BigInteger(),
            nullable=False,
            comment="in the future while its edit session goes on: the session's end",
        )
    in_session = sa.text("session IS NOT NULL")
    op.create_index("version_by_session", "version", ["session"], sqlite_where=in_session, postgresql_where=in_session)


def _change() -> None:
    with op.batch_alter_table("change", schema=None, naming_convention=_NAMING) as batch_op:
        batch_op.drop_constraint("change_node_id_fkey", type_="foreignkey")
        batch_op.alter_column("node_id", existing_type=_ID, nullable=False, comment="outlives its node, which may be erased")


def _dances() -> None:
    op.create_table(
        "successor",
        sa.Column("uuid", sa.Text(), nullable=False),
        sa.Column("node_id", sa.BigInteger(), nullable=False, comment="its former inner id"),
        sa.Column("successor_id", _ID, nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["successor_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("uuid"),
    )
    op.create_index("ix_successor_successor_id", "successor", ["successor_id"])
    op.create_table(
        "vacated",
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.Column("name_key", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("principal_id", _ID, nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "until",
            sa.BigInteger(),
            nullable=False,
            comment="the end of the window, which each step of the same dance moves on",
        ),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"]),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        sa.PrimaryKeyConstraint("parent_id", "name_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_vacated_node_id", "vacated", ["node_id"])


def _marks() -> None:
    op.create_table(
        "version_mark",
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("version_no", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="label, pin or hold"),
        sa.Column("label", sa.Text(), nullable=False, comment="the text of a label; empty for the others"),
        sa.Column("marked_by", _ID, nullable=False),
        sa.Column("marked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["marked_by"], ["principal.id"]),
        sa.ForeignKeyConstraint(["document_id", "version_no"], ["version.document_id", "version.no"]),
        sa.PrimaryKeyConstraint("document_id", "version_no", "kind", "label"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "version_policy",
        sa.Column("collection_id", _ID, autoincrement=False, nullable=False),
        sa.Column("per", sa.Text(), nullable=False, comment="session or save"),
        sa.ForeignKeyConstraint(["collection_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("collection_id"),
    )


def _check_outs() -> None:
    op.create_table(
        "check_out",
        sa.Column("document_id", _ID, autoincrement=False, nullable=False),
        sa.Column("principal_id", _ID, nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("base_no", sa.BigInteger(), nullable=False, comment="the version that was current then; 0 for none"),
        sa.Column(
            "cancelled_at",
            sa.BigInteger(),
            nullable=True,
            comment="set when somebody else ended it: what its holder saves late is kept aside",
        ),
        sa.Column(
            "saved_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the working copy was last saved; null when it is as the base",
        ),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("length_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["node.id"]),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        sa.PrimaryKeyConstraint("document_id"),
    )
    op.create_index("ix_check_out_digest", "check_out", ["digest"])
    op.create_table(
        "working_save",
        sa.Column("document_id", _ID, nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["check_out.document_id"]),
        sa.PrimaryKeyConstraint("document_id", "saved_at"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_working_save_digest", "working_save", ["digest"])
    op.create_table(
        "rescue",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("principal_id", _ID, nullable=False),
        sa.Column("document_id", sa.BigInteger(), nullable=True, comment="the document that was meant"),
        sa.Column("path", sa.Text(), nullable=False, comment="where it was"),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_rescue_principal_id", "rescue", ["principal_id"])
    op.create_index("ix_rescue_digest", "rescue", ["digest"])
