"""Making copies of documents and collections, of today's or of the past's: a few statements, no content moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from davgate.core.store import Context, Store
from davgate.model.node import Cause, Content, Node, NodeKind
from davgate.model.properties import PropertyName
from davgate.storage.api import NewVersion, Transaction, catalog, properties, versions


@dataclass(frozen=True, slots=True)
class Original:
    """What is copied, and where it lies in the tree that is copied. ``note`` says what it was, for the copy's first version.

    A scratch file stays one; anything else with content becomes a document with one version.
    """

    id: int
    parent_id: int
    kind: NodeKind
    name: str
    content: Content | None
    note: str
    is_scratch: bool = False


def add_copies(
    store: Store,
    tx: Transaction,
    ctx: Context,
    originals: Sequence[Original],
    parent: Node,
    name: str,
    known: Mapping[int, Mapping[PropertyName, str]] | None = None,
) -> Node:
    """Store copies of a tree, its top first, as ``name`` in a collection; return the copy of the top.

    ``known`` are the dead properties that the copies get, by the id of the original.
    """
    top = originals[0]
    first_id = tx.take_ids(len(originals))
    ids = {original.id: first_id + position for position, original in enumerate(originals)}
    copies = [
        Node(
            ids[original.id],
            store.new_uuid(),
            original.kind,
            parent.id if original is top else ids[original.parent_id],
            name if original is top else original.name,
            tx.at,
            tx.at,
            0 if original.content is None or original.is_scratch else 1,
            original.content,
            ctx.principal.id,
        )
        for original in originals
    ]
    catalog.add(tx, copies)
    versions.add(
        tx,
        [
            NewVersion(
                copied.id,
                1,
                Cause.CREATED,
                tx.at,
                ctx.principal.id,
                copied.name or "",
                copied.content,
                f"copy of {original.note}",
            )
            for original, copied in zip(originals, copies, strict=True)
            if copied.content is not None and copied.version_no
        ],
    )
    if known:
        properties.add(tx, {ids[node_id]: values for node_id, values in known.items() if node_id in ids})
    catalog.touch(tx, parent.id)
    return copies[0]
