"""Reading the content streams of versions: the primary one, and the named ones beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from davgate.core.access import check_read_conditions
from davgate.core.opening import Opened, body_at_hand
from davgate.core.revisions import Shown
from davgate.core.store import Context, Store
from davgate.model import etag
from davgate.model.conditions import ResourceState
from davgate.model.instant import Instant
from davgate.model.node import Content
from davgate.storage.api import streams


def open_content(store: Store, ctx: Context, content: Content, changed_at: Instant) -> Opened:
    """Return content that the caller was shown a moment ago, ready to be read; conditions are held against it.

    Raises:
        PreconditionFailed.
        Corrupt: it is missing.
    """
    with store.database.read() as session:
        body = body_at_hand(session, content)
    tag = etag.of_content(content.digest)
    is_modified = check_read_conditions(ctx, ResourceState(True, tag, changed_at))
    return Opened(store, tag, content, changed_at, body, is_modified)


def stored_at(store: Store, ctx: Context, items: Iterable[Shown]) -> Mapping[tuple[int, int, str], Instant]:
    """Return when the files of revisions that the caller was shown were stored. One statement, however many.

    They go by document, number of the version shown, and name; the content of the document itself has no name.
    """
    shown = list(items)
    with store.database.read() as session:
        found = dict(streams.stored_at(session, ((one.initid, one.version_no) for one in shown)))
    for one in shown:
        taken = one.it.check_out if one.is_newest else None
        if taken is not None and taken.is_held_by(ctx.principal) and taken.saved_at is not None:
            # A working copy is its holder's content, and in no version yet.
            found[one.initid, one.version_no, ""] = taken.saved_at
    return found
