"""Locks are counted by their holders."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_index("lock_by_holder", "lock", ["principal_id", "expires_at"])
