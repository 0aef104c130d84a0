"""Paths in the tree: what they are, and how they are shown to people."""

from __future__ import annotations

from typing import TypeAlias

TreePath: TypeAlias = tuple[str, ...]
"""The member names from the root down, decoded; ``()`` is the root collection."""

Where: TypeAlias = TreePath | int | str
"""How a use case is told which node is meant: by its path, its inner id, or its UUID."""


def to_text(path: TreePath) -> str:
    """Return a path for people: in messages, logs and the audit."""
    return "/" + "/".join(path)


def from_text(text: str) -> TreePath:
    """Return the path that a text shows; see ``to_text``."""
    return tuple(name for name in text.split("/") if name)


def is_inside(path: TreePath, ancestor: TreePath) -> bool:
    """Tell whether ``path`` is ``ancestor`` itself or lies below it."""
    return path[: len(ancestor)] == ancestor
