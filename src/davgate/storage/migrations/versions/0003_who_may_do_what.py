"""Who may do what: groups, app passwords, closed places, and an audit that cannot be altered unseen."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FOREVER = 2**63 - 1
_START = bytes(32)
_BATCH = 1000
_OWN, _OF_OWN = 2048, 183


def upgrade() -> None:
    """Bring the schema to this revision."""
    _principals()
    _nodes()
    _sign_in()
    _audit()


def _principals() -> None:
    op.add_column(
        "principal",
        sa.Column(
            "expires_at",
            sa.BigInteger(),
            nullable=False,
            server_default=str(_FOREVER),
            comment="from then on it may not sign in",
        ),
    )
    op.add_column(
        "principal",
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="what proves who it is: empty for this store, else the name of another source",
        ),
    )
    op.add_column(
        "store",
        sa.Column(
            "last_principal",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="the highest id that a principal ever had: none is given again",
        ),
    )
    op.execute("UPDATE store SET last_principal = (SELECT max(id) FROM principal)")
    op.create_table(
        "membership",
        sa.Column("group_id", _ID, nullable=False),
        sa.Column("member_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["principal.id"]),
        sa.ForeignKeyConstraint(["member_id"], ["principal.id"]),
        sa.PrimaryKeyConstraint("group_id", "member_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_membership_member_id", "membership", ["member_id"])


def _nodes() -> None:
    op.add_column(
        "node",
        sa.Column(
            "is_closed",
            sa.SmallInteger(),
            nullable=False,
            server_default="0",
            comment="grants on what is above it do not hold for it",
        ),
    )
    closed = sa.text("is_closed = 1")
    op.create_index("node_by_maker", "node", ["created_by"])
    op.create_index("node_closed", "node", ["parent_id"], sqlite_where=closed, postgresql_where=closed)
    op.create_index("access_grant_by_principal", "access_grant", ["principal_id"])
    # Who may do everything to documents may do it to their own, also by a password that allows no more.
    op.execute(f"UPDATE access_grant SET rights = rights | {_OWN} WHERE rights & {_OF_OWN} = {_OF_OWN}")
    if op.get_bind().dialect.name == "postgresql":
        # SQLite keeps no comments.
        op.alter_column("access_grant", "rights", existing_type=sa.BigInteger(), comment="bits of model.rights.Right")


def _sign_in() -> None:
    op.create_table(
        "app_password",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("principal_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="for people: which program has it"),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False, comment="SHA-256: the secret is random, and long"),
        sa.Column("digest_md5", sa.Text(), nullable=True, comment="HA1 for Digest sign-in (RFC 7616), where that is on"),
        sa.Column("digest_sha256", sa.Text(), nullable=True),
        sa.Column("rights", sa.BigInteger(), nullable=False, comment="bits of model.rights.Right: at most these"),
        sa.Column("tree_id", _ID, nullable=True, comment="at and below this node alone; null everywhere"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"]),
        sa.ForeignKeyConstraint(["tree_id"], ["node.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("secret_hash"),
        sa.UniqueConstraint("principal_id", "name"),
    )
    op.create_index("ix_app_password_tree_id", "app_password", ["tree_id"])
    op.create_table(
        "sign_in_failure",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False, comment="the address it came from"),
        sa.Column("failed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sign_in_failure_failed_at", "sign_in_failure", ["failed_at"])
    op.create_index("sign_in_failure_by_name", "sign_in_failure", ["name", "client", "failed_at"])
    op.create_table(
        "signing_key",
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("no"),
    )


def _audit() -> None:
    op.add_column(
        "audit",
        sa.Column("outcome", sa.Text(), nullable=False, server_default="granted", comment="granted or denied"),
    )
    op.add_column(
        "audit",
        sa.Column(
            "hash",
            sa.LargeBinary(),
            nullable=True,
            comment="of the row before it and of this one: no row can be altered alone",
        ),
    )
    op.add_column("store", sa.Column("last_audit", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column(
        "store",
        sa.Column("audit_hash", sa.LargeBinary(), nullable=True, comment="the head of the audit's chain"),
    )
    last, head = _chain()
    op.get_bind().execute(
        sa.text("UPDATE store SET last_audit = :last, audit_hash = :head"),
        {"last": last, "head": head},
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.alter_column("hash", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.alter_column("outcome", existing_type=sa.Text(), server_default=None)
    with op.batch_alter_table("store", schema=None) as batch_op:
        batch_op.alter_column("audit_hash", existing_type=sa.LargeBinary(), nullable=False)
        batch_op.alter_column("last_audit", existing_type=sa.BigInteger(), server_default=None)
        batch_op.alter_column("last_principal", existing_type=sa.BigInteger(), server_default=None)


def _chain() -> tuple[int, bytes]:
    """Give every row of the audit its hash, and return the last number and hash."""
    connection = op.get_bind()
    last, head = 0, _START
    rows_after = sa.text(
        "SELECT id, at, principal_id, action, node_id, path, detail, request_id, client, outcome FROM audit"
        " WHERE id > :last ORDER BY id LIMIT :batch"
    )
    while rows := connection.execute(rows_after, {"last": last, "batch": _BATCH}).all():
        hashed = []
        for row in rows:
            text = json.dumps(list(row), ensure_ascii=False, separators=(",", ":"))
            head = hashlib.sha256(head + text.encode()).digest()
            hashed.append({"id": row[0], "hash": head})
        connection.execute(sa.text("UPDATE audit SET hash = :hash WHERE id = :id"), hashed)
        last = rows[-1][0]
    return last, head
