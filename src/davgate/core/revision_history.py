"""What happened to a document, revision by revision: what the audit tells of it, and of what it lay in when that was deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from davgate.core.revisions import Shown, show_some_within
from davgate.core.store import Context, Store
from davgate.model.audit import DELETE, RESTORE
from davgate.model.bitemporal.registration import Deletion
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.storage.api import AuditRow, Session, audit_rows, registrations


@frozen
class Event:
    """Something that was done to a document: when, by whom, what, and what the audit says beside."""

    at: Instant
    by_id: int
    by: str
    action: str
    detail: Mapping[str, Any]


@frozen
class Chapter:
    """A revision, and what happened while it was the newest, the newest event first."""

    shown: Shown
    events: Sequence[Event]


def history(
    store: Store, ctx: Context, document_id: int, first: int = 0, most: int | None = None, *, deleted: bool = False
) -> tuple[list[Chapter], int]:
    """Return some revisions of a document with what happened to each, the newest first, and how many revisions there are.

    Without ``most`` all that follow. What happened before the document became part of another one is not told.

    Raises:
        NotFound.
    """
    with store.database.read(snapshot=True) as session:
        shown, total = show_some_within(session, ctx, document_id, first, most, store.clock.now(), deleted=deleted)
        events = _by_revision(_events(session, shown[0].initid)) if shown else {}
    return [Chapter(one, events.get(one.no, ())) for one in shown], total


def _events(session: Session, document_id: int) -> list[Event]:
    """Return what happened to a document, the oldest event first. Three statements."""
    told = [
        Event(row.at, row.principal_id, row.principal, row.action, _detail(row))
        for row in audit_rows.of_node(session, document_id)
    ]
    with_others = _with_others(told, registrations.deletions(session, [document_id])[document_id])
    return sorted([*told, *with_others], key=lambda one: one.at)


def _with_others(told: Iterable[Event], deletions: Iterable[Deletion]) -> Iterator[Event]:
    """Yield the deletions and restores of a document that the audit tells of a collection: it went or came back with that."""
    known = {(one.at, one.action) for one in told}
    instants = {at for at, _ in known}
    for one in deletions:
        if (one.at, DELETE) not in known:
            yield Event(one.at, one.author_id, one.author, DELETE, {})
        # What came back by a step of an edit is told in the words of that.
        if one.restored_at != FOREVER and one.restored_at not in instants:
            yield Event(one.restored_at, one.restored_by_id, one.restored_by, RESTORE, {})


def _by_revision(events: Sequence[Event]) -> Mapping[int, Sequence[Event]]:
    """Return events by the number of the revision that they happened to, the newest first.

    The step that begins a revision is one event with the version that it makes, and the first of the new one.
    """
    steps = {one.at: int(one.detail.get("revision", 0)) for one in events if one.action == "revise"}
    found: dict[int, list[Event]] = {}
    no = 0
    for one in events:
        no = steps.get(one.at, no)
        if one.at not in steps or one.action == "revise":
            found.setdefault(no, []).append(one)
    return {no: of_revision[::-1] for no, of_revision in found.items()}


def _detail(row: AuditRow) -> Mapping[str, Any]:
    detail: Mapping[str, Any] = json.loads(row.detail)
    return detail
