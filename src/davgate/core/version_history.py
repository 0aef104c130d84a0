"""The history of a document as one, by its path: its versions with their labels, and which of them a label selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from davgate.core.access import look_up
from davgate.core.rights import require_node
from davgate.core.store import Context, Store
from davgate.model.checkout import CheckOut
from davgate.model.errors import NotADocument, NotFound
from davgate.model.errors_of_versions import LabelSelectsNothing
from davgate.model.frozen import frozen
from davgate.model.node import Node, Version
from davgate.model.paths import TreePath
from davgate.model.rights import Right
from davgate.storage.api import catalog, dances, erasing, marks, versions


@frozen
class DocumentHistory:
    """A document, its kept versions, the oldest first, their labels by number, and its check-out, if there is one."""

    node: Node
    versions: Sequence[Version]
    labels: Mapping[int, tuple[str, ...]]
    check_out: CheckOut | None


def history_of(store: Store, ctx: Context, path: TreePath, *, around: int | None = None) -> DocumentHistory:
    """Return a document's history at one moment; one without content yet has no versions.

    With ``around`` it is that version alone, with the ones before and after it.

    Raises:
        NotFound.
        NotADocument: there is a collection.
    """
    with store.database.read(snapshot=True) as session:
        found = look_up(session, ctx, path, store.clock.now())
        node = require_node(found, ctx, Right.READ)
        if node.is_collection:
            raise NotADocument(path)
        kept = tuple(versions.of_document(session, node.id) if around is None else versions.around(session, node.id, around))
        return DocumentHistory(node, kept, marks.labels_of(session, node.id), found.check_out)


def path_of_document(store: Store, ctx: Context, uuid: str) -> TreePath:
    """Return where the document with an id is; the id of one that became part of another leads to that.

    Raises:
        NotFound: there is none in the tree that the principal may see.
    """
    with store.database.read(snapshot=True) as session:
        found = erasing.find_by_uuid(session, uuid)
        node_id = dances.successor_of(session, uuid) if found is None else found.id
        path = None if node_id is None else catalog.path_of(session, node_id)
        if path is None:
            raise NotFound((f"={uuid}",))
        try:
            require_node(look_up(session, ctx, path, store.clock.now()), ctx, Right.READ)
        except NotFound:
            # Whoever knows the id must not learn from the refusal where the document is.
            raise NotFound((f"={uuid}",)) from None
    return path


def labelled_version(store: Store, ctx: Context, path: TreePath, label: str) -> int | None:
    """Return the number of the version that a label selects; None where there is no document that has versions.

    Raises:
        NotFound.
        LabelSelectsNothing: no version of the document has it.
    """
    with store.database.read() as session:
        node = require_node(look_up(session, ctx, path, store.clock.now()), ctx, Right.READ)
        if node.is_collection or node.version_no == 0:
            return None
        no = marks.labelled(session, node.id, label)
    if no is None:
        raise LabelSelectsNothing(path, label)
    return no
