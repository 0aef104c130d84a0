"""Holding writes of whatever door against the retention that documents say of themselves; see ``model.retaining``."""

from __future__ import annotations

from davgate.model.errors_of_objects import Retained
from davgate.model.metadata import Metadata
from davgate.model.node import Node, Version
from davgate.model.retaining import is_retained, is_shortened, retained_until, to_text
from davgate.storage.api import Transaction, catalog, retained, versions


def check_content(tx: Transaction, current: Version | None) -> None:
    """Refuse other content for a document whose current version is this one.

    Raises:
        Retained: it is under retention.
    """
    if current is not None and (until := retained_until(current.metadata, tx.now)) is not None:
        raise _retained(tx, current.document_id, until)


def check_metadata(tx: Transaction, node_id: int, before: Metadata, after: Metadata) -> None:
    """Refuse to let a retention that lasts end earlier.

    Raises:
        Retained.
    """
    if is_shortened(before, after, tx.now):
        raise _retained(tx, node_id, retained_until(before, tx.now) or "")


def check_removal(tx: Transaction, top: int) -> None:
    """Refuse to take a document away, or a collection with what is below it. One statement.

    Raises:
        Retained: it, or something below it, is under retention.
    """
    node_id = retained.below(tx, top, to_text(tx.now))
    if node_id is None:
        return
    node = catalog.find(tx, node_id)
    version = None if node is None else versions.find(tx, node_id, node.version_no)
    until = None if version is None else retained_until(version.metadata, tx.now)
    raise _retained(tx, node_id, until or "")


def retained_version(tx: Transaction, node: Node) -> Version | None:
    """Return the current version of a document that is under retention, with all versions that it has; None of any other."""
    current = versions.find(tx, node.id, node.version_no) if node.version_no else None
    return current if current is not None and is_retained(current.metadata, tx.now) else None


def _retained(tx: Transaction, node_id: int, until: str) -> Retained:
    return Retained(catalog.path_of(tx, node_id) or (), until)
