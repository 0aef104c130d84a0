"""What happened to a document, revision by revision, as the audit tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from davgate.core.revisions import Shown, show_some_within
from davgate.core.store import Context, Store
from davgate.model.instant import Instant
from davgate.storage.api import AuditRow, audit_rows


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done to a document: when, by whom, what, and what the audit says beside."""

    at: Instant
    by_id: int
    by: str
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
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
        events = _by_revision(audit_rows.of_node(session, shown[0].initid)) if shown else {}
    return [Chapter(one, events.get(one.no, ())) for one in shown], total


def _by_revision(rows: Sequence[AuditRow]) -> Mapping[int, Sequence[Event]]:
    """Return events by the number of the revision that they happened to, the newest first.

    The step that begins a revision is one event with the version that it makes, and the first of the new one.
    """
    steps = {row.at: int(_detail(row).get("revision", 0)) for row in rows if row.action == "revise"}
    found: dict[int, list[Event]] = {}
    no = 0
    for row in rows:
        no = steps.get(row.at, no)
        if row.at not in steps or row.action == "revise":
            found.setdefault(no, []).append(Event(row.at, row.principal_id, row.principal, row.action, _detail(row)))
    return {no: events[::-1] for no, events in found.items()}


def _detail(row: AuditRow) -> Mapping[str, Any]:
    detail: Mapping[str, Any] = json.loads(row.detail)
    return detail
