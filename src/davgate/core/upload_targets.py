"""What an upload in parts becomes: a new document of a collection, or the next content of a document.

Each function returns what ``core.uploads`` asks for: the check that the bytes may go there, made before they are taken in and
where it counts, and the completion. How the document is called is the door's to say, of what was said of the upload.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from davgate.core.access import look_up
from davgate.core.describing import Described, describe_within
from davgate.core.objects import Changes, File, NewObject, check_create_within, check_within, create_within, update_within
from davgate.core.rights import require_node, require_visible, rights_at
from davgate.core.store import Context, Store
from davgate.core.uploads import Check, Complete
from davgate.model.instant import Instant
from davgate.model.node import Node
from davgate.model.permissions import require
from davgate.model.rights import Right
from davgate.storage.api import Session, Staged, Transaction, Upload

FileOf: TypeAlias = Callable[[str, str | None], File]
"""Makes a file of what has arrived, by its name and media type."""
Said: TypeAlias = Mapping[str, str]
"""What was said of an upload when it began."""

_CONTENT_TO_COME = Changes(only_checked_out=True)


def still_allowed(ctx: Context, node_id: int) -> Check:
    """Return the check that the caller still has the right by which an upload began; locks and check-outs do not count.

    The check raises NotFound and Forbidden.
    """

    def check(session: Session, now: Instant) -> None:
        found = look_up(session, ctx, node_id, now)
        if found.node is not None and not found.node.is_collection:
            require_node(found, ctx, Right.WRITE_CONTENT)
        else:
            # To a drop-box one may add what one may not read.
            require_visible(session, found, ctx)
            require(Right.BIND, rights_at(found, ctx, len(found.path)) | Right.READ, found.path)

    return check


def new_document(
    store: Store, ctx: Context, collection_id: int, make: Callable[[FileOf, Said], NewObject]
) -> tuple[Check, Complete[Node]]:
    """Return how an upload becomes a new document of a collection; see ``core.objects.create``."""

    def check(session: Session, now: Instant) -> None:
        check_create_within(session, ctx, collection_id, now)

    def complete(tx: Transaction, staged: Staged, upload: Upload) -> Node:
        return create_within(store, tx, ctx, collection_id, make(partial(File, staged), upload.said))

    return check, complete


def next_content(
    store: Store, ctx: Context, document_id: int, make: Callable[[Described, FileOf, Said], Changes]
) -> tuple[Check, Complete[Node]]:
    """Return how an upload becomes the content of what its caller has checked out, or the first of a document without any.

    ``make`` is told what the document then is: that may have changed while the bytes arrived. See ``core.objects.update``.
    """

    def check(session: Session, now: Instant) -> None:
        check_within(session, ctx, document_id, _CONTENT_TO_COME, now)

    def complete(tx: Transaction, staged: Staged, upload: Upload) -> Node:
        it = describe_within(tx, ctx.without_conditions(), document_id, tx.now).it
        return update_within(store, tx, ctx, document_id, make(it, partial(File, staged), upload.said))

    return check, complete
