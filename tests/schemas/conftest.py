"""An application in this process, with a store of its own."""

from __future__ import annotations

from tests.protocol.conftest import app, database_kind, serve, tmp_path

__all__ = ["app", "database_kind", "serve", "tmp_path"]
