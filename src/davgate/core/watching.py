"""Watching long work: whoever waits for it is told how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Watch: TypeAlias = Callable[[int, int], object]
"""Is told how much was looked at, in all since the beginning, and of how much."""


def unwatched(done: int, total: int) -> None:
    """Tell nobody."""
