"""Which databases a test runs on, and where they lie."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from tests.conftest import DATABASES

on_both_databases = pytest.mark.parametrize("database_kind", DATABASES, indirect=True)
"""For tests where the drive's answer is decided by what a statement finds."""

_MEMORY: Final = Path("/dev/shm")
_ENOUGH_BYTES: Final = 1 << 30


@contextmanager
def a_fast_folder() -> Iterator[Path]:
    """Give a folder in memory where there is one: syncing a disk would take most of the time here, and is tested elsewhere."""
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES
    with TemporaryDirectory(prefix="davgate-", dir=_MEMORY if in_memory else None) as folder:
        yield Path(folder)
