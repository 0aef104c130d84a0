"""The tables of signing in: passwords for programs, failures, and the keys that sign what davgate issues itself.

They belong to the same schema as those of ``tables``, whose conventions hold here too.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from davgate.storage.tables import ID, metadata

app_password = Table(
    "app_password",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("name", Text, nullable=False, comment="for people: which program has it"),
    Column("secret_hash", LargeBinary, nullable=False, unique=True, comment="SHA-256: the secret is random, and long"),
    Column("digest_md5", Text, comment="HA1 for Digest sign-in (RFC 7616), where that is on"),
    Column("digest_sha256", Text),
    Column("rights", BigInteger, nullable=False, comment="bits of model.rights.Right: at most these"),
    Column("tree_id", ForeignKey("node.id"), index=True, comment="at and below this node alone; null everywhere"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    UniqueConstraint("principal_id", "name"),
)
"""Passwords that a person gives to programs."""

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("client", Text, nullable=False, comment="the address it came from"),
    Column("failed_at", BigInteger, nullable=False, index=True),
    Index("sign_in_failure_by_name", "name", "client", "failed_at"),
)
"""Failed sign-ins of the last minutes, for the brake on guessing."""

signing_key = Table(
    "signing_key",
    metadata,
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)
"""Keys of what this store signs: the newest signs, and what an older one signed is good until that key is removed."""
