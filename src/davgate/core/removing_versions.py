"""Taking one version of a document away for good: its number is never given again, its bytes go with the collector."""

from __future__ import annotations

from davgate.core.access import check_conditions, check_not_held, check_write_locks, look_up
from davgate.core.recording import record
from davgate.core.retaining import check_content
from davgate.core.rights import require_node
from davgate.core.store import Context, Store
from davgate.model.checkout import Act
from davgate.model.errors import NoSuchVersion, NotFound
from davgate.model.errors_of_objects import VersionIsCurrent, VersionIsMarked
from davgate.model.paths import Where
from davgate.model.rights import Right
from davgate.model.thinning import Reason, Thinned
from davgate.storage.api import Change, marks, revisions, thinning, versions


def remove_version(store: Store, ctx: Context, where: Where, no: int) -> None:
    """Remove a version that is not the current one; durable on return.

    It takes the right to delete the document. What the past is asked for then is answered with the nearest older version.

    Raises:
        NotFound, Forbidden, PreconditionFailed, Locked, CheckedOut.
        NoSuchVersion: it has none of this number, or has no more.
        VersionIsCurrent: it is the current one.
        Retained: the document is under retention.
        VersionIsMarked: it is labelled, pinned, held, what a working copy is based on, or how a fixed revision ends.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, where, tx.now)
        node = require_node(found, ctx, Right.READ | Right.UNBIND)
        if node.is_collection or node.version_no == 0:
            raise NotFound(found.path)
        check_conditions(tx, ctx, found, tx.now)
        check_not_held(ctx, found, Act.WRITE)
        check_write_locks(ctx, found)
        if versions.find(tx, node.id, no) is None:
            raise NoSuchVersion(found.path, no)
        if no == node.version_no:
            raise VersionIsCurrent(found.path, no)
        is_marked = any(mark.version_no == no for mark in marks.of_document(tx, node.id))
        is_base = found.check_out is not None and found.check_out.base_no == no
        if is_marked or is_base or revisions.is_end(tx, node.id, no):
            raise VersionIsMarked(found.path, no)
        check_content(tx, versions.find(tx, node.id, node.version_no))
        thinning.drop(tx, node.id, Thinned({no: Reason.ASKED}))
        record(tx, ctx, "remove-version", found.path, node.id, Change("thin", node.id, None, None), version=no)
        tx.commit()
