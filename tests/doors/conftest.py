"""All doors over one store, two people who may do what everybody may, and a folder besides the root."""

from __future__ import annotations

import pytest

from tests.doors.drive import ELSEWHERE
from tests.protocol.client import Client
from tests.protocol.conftest import ann, app, bob, database_kind, serve, tmp_path

__all__ = ["ann", "app", "bob", "database_kind", "serve", "tmp_path"]


@pytest.fixture(autouse=True)
def elsewhere(ann: Client) -> None:
    """Make the folder to which documents are moved."""
    ann.mkcol(ELSEWHERE)
