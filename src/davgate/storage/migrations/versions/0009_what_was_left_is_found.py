"""The windows of names that were left are found by who left them, and rescue copies by their documents."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_index("vacated_by_principal", "vacated", ["parent_id", "principal_id", "until"])
    op.create_index("ix_rescue_document_id", "rescue", ["document_id"])
