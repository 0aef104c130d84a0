"""Columns that were written and never read go: when a document became part of another one, and a key that signs nothing."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.drop_column("successor", "joined_at")
    # What the store signs is signed with the keys of ``signing_key``.
    op.drop_column("store", "key")
