"""Reading the named content streams that versions have beside their primary one."""

from __future__ import annotations

from davgate.core.access import check_read_conditions
from davgate.core.documents import Opened
from davgate.core.store import Context, Store
from davgate.model import etag
from davgate.model.conditions import ResourceState
from davgate.model.instant import Instant
from davgate.model.node import Content
from davgate.storage.api import versions


def open_content(store: Store, ctx: Context, content: Content, changed_at: Instant) -> Opened:
    """Return content that the caller was shown a moment ago, ready to be read; conditions are held against it.

    Raises:
        PreconditionFailed.
        Corrupt: it is missing.
    """
    with store.database.read() as session:
        body = b"" if content.length_bytes == 0 else versions.inline_body(session, content.digest)
    tag = etag.of_content(content.digest)
    is_modified = check_read_conditions(ctx, ResourceState(True, tag, changed_at))
    return Opened(store, tag, content, changed_at, body, is_modified)
