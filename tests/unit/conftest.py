"""A folder in memory for each test: what syncing a disk means is tested with the faults."""

from __future__ import annotations

from tests.protocol.conftest import tmp_path

__all__ = ["tmp_path"]
