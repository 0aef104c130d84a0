"""Versions of one document put behind those of another, to which they then belong: where two become one, or one becomes two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select

from davgate.model.bitemporal.registration import KEY
from davgate.model.instant import Instant
from davgate.model.node import CONTENT_CAUSES, Cause, Stream, Version
from davgate.storage import streams
from davgate.storage.bitemporal import index as temporal_index
from davgate.storage.rows import from_metadata
from davgate.storage.statements import Statement
from davgate.storage.tables import save, version
from davgate.storage.transactions import Session, Transaction

_VERSIONS = Statement(
    select(version)
    .where(version.c.document_id == bindparam("document_id"), version.c.no >= bindparam("from_no"))
    .order_by(version.c.no)
)
_SAVES = Statement(
    select(save)
    .where(save.c.document_id == bindparam("document_id"), save.c.version_no >= bindparam("from_no"))
    .order_by(save.c.version_no, save.c.saved_at)
)
_ADD = Statement(insert(version).values({column.name: bindparam(column.name) for column in version.columns}))
_ADD_SAVE = Statement(insert(save).values({column.name: bindparam(column.name) for column in save.columns}))


@dataclass(slots=True)
class _Line:
    """How far a line of versions has come that others are added to: its instant, and its number of versions with content."""

    at: Instant
    content_no: int | None
    has_added_content: bool = False

    def open(self, opened_at: int) -> Instant:
        """Return when the next version was opened: each is younger than the one before it."""
        self.at = Instant(max(opened_at, self.at + 1))
        return self.at

    def save(self, saved_at: int) -> Instant:
        """Return when that version was saved for the next time before its last."""
        at = Instant(max(saved_at, self.at))
        self.at = Instant(at + 1)
        return at

    def number(self, one: Mapping[str, Any]) -> int | None:
        """Return the number of a version among those that came with content."""
        # The first that has any brings it here, also where the one that brought it there was thinned or stays behind.
        if one["has_content"] and (not self.has_added_content or Cause(one["cause"]) in CONTENT_CAUSES):
            self.content_no = 0 if self.content_no is None else self.content_no + 1
            self.has_added_content = True
        return self.content_no


def append(tx: Transaction, source_id: int, into_id: int, after_no: int, last: Version | None, *, from_no: int = 1) -> int:
    """Copy versions of a document, those from ``from_no`` on, behind the last one of another; return how many numbers they take.

    They keep their times, but that each is younger than the one before it, as the versions of any document are. What came with
    content is counted on from ``last``, the other's last version, and what says nothing by properties says what that says, by its
    streams too: a file that a program made for a moment has none, and must not end those of the document.
    """
    line = _Line(Instant(0), None) if last is None else _Line(last.saved_at, last.content_no)
    earlier = _saves_by_no(tx, source_id, from_no)
    added: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    named: list[tuple[int, Mapping[str, Stream]]] = []
    for row in tx.all(_VERSIONS, document_id=source_id, from_no=from_no):
        one = dict(zip(version.columns.keys(), row, strict=True))
        no = one["no"] - from_no + 1 + after_no
        opened_at = line.open(one["opened_at"])
        kept += [
            {**former, "document_id": into_id, "version_no": no, "saved_at": line.save(former["saved_at"])}
            for former in earlier.get(one["no"], ())
        ]
        says_nothing = one["properties"] == "{}"
        said_by = last if says_nothing and last is not None else None
        is_new = {"document_id": into_id, "no": no, "opened_at": opened_at, "content_no": line.number(one)}
        times = {"saved_at": max(one["saved_at"], line.at), "sealed_at": max(one["sealed_at"], line.at)}
        added.append({**one, **is_new, **times, **_inherited(said_by)})
        if of_version := _streams_of(tx, one, said_by):
            named.append((no, of_version))
    tx.run_many(_ADD, added)
    tx.run_many(_ADD_SAVE, kept)
    for no, of_version in named:
        streams.add(tx, into_id, no, of_version)
    if any(KEY in one["properties"] for one in added):
        temporal_index.follow(tx, into_id, after_no + 1)
    elif added:
        temporal_index.follow_if_known(tx, into_id, after_no + 1)
    return max((one["no"] for one in added), default=after_no) - after_no


def _saves_by_no(session: Session, source_id: int, from_no: int) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in session.all(_SAVES, document_id=source_id, from_no=from_no):
        one = dict(zip(save.columns.keys(), row, strict=True))
        found.setdefault(one["version_no"], []).append(one)
    return found


def _inherited(said_by: Version | None) -> dict[str, Any]:
    """Return what a version says that says nothing itself: the columns by which the last one of the other document says it."""
    if said_by is None:
        return {}
    return {"properties": from_metadata(said_by.metadata), "has_streams": int(said_by.has_streams)}


def _streams_of(session: Session, one: Mapping[str, Any], said_by: Version | None) -> Mapping[str, Stream]:
    """Return the streams of a version, or of the one that says in its place."""
    if said_by is not None:
        return streams.of_version(session, said_by.document_id, said_by.no) if said_by.has_streams else {}
    return streams.of_version(session, one["document_id"], one["no"]) if one["has_streams"] else {}
