"""What happened to documents, revision by revision, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec

from davgate.core import revision_history
from davgate.core.revision_history import Chapter, Event
from davgate.http.errors import InvalidValue
from davgate.http.responses import Response
from davgate.model.frozen import frozen
from davgate.model.object_types import ObjectType
from davgate.rest.dynacase import envelope
from davgate.rest.dynacase.addressing import Found, find, find_trashed, until_gone, uri
from davgate.rest.dynacase.errors import BAD_PAGE_OF_HISTORY, answering
from davgate.rest.dynacase.moments import moment
from davgate.rest.dynacase.properties import state_of, status_of, user
from davgate.rest.dynacase.revisions import Finding
from davgate.rest.dynacase.values import title_shown
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation

_EVERYTHING: Final = -1
_MOST: Final = 1 << 53


@frozen
class _Word:
    """How something that was done is told."""

    level: str
    code: str
    comment: str


_WORDS: Final = {
    "create": _Word("notice", "CREATE", "Created"),
    "created": _Word("notice", "CREATE", "Created"),
    "metadata": _Word("notice", "MODIFY", "Changed"),
    "save": _Word("notice", "MODIFY", "Changed"),
    "session": _Word("notice", "MODIFY", "Changed"),
    "check-in": _Word("notice", "MODIFY", "Changed, and checked in"),
    "force-check-in": _Word("notice", "MODIFY", "Changed, and checked in by somebody else"),
    "revert": _Word("notice", "REVERT", "Made what it was before"),
    "registration": _Word("notice", "MODIFY", "Changed"),
    "split": _Word("info", "SPLIT", "Divided into two"),
    "merge": _Word("info", "MERGE", "Made one with another document"),
    "rebind": _Word("notice", "MODIFY", "Changed"),
    "properties": _Word("info", "PROPERTIES", "Properties changed"),
    "move": _Word("info", "MOVE", "Moved"),
    "copy": _Word("info", "COPY", "Copied"),
    "check-out": _Word("info", "CHECKOUT", "Checked out"),
    "cancel-check-out": _Word("info", "UNCHECKOUT", "The check-out ended"),
    "force-cancel-check-out": _Word("warning", "UNCHECKOUT", "The check-out was ended by somebody else"),
    "revise": _Word("notice", "MODIFY", "A new revision"),
    "lock": _Word("info", "LOCK", "Locked"),
    "unlock": _Word("info", "UNLOCK", "Unlocked"),
    "break-lock": _Word("warning", "UNLOCK", "Unlocked by somebody else"),
    "delete": _Word("notice", "DELETE", "Put into the trash"),
    "restore": _Word("notice", "RESTORE", "Brought back from the trash"),
    "label": _Word("info", "LABEL", "Labelled"),
}
"""What is told of it, by what the audit calls it; the rest is nothing to readers of a document."""

_CREATING: Final = frozenset({"create", "created"})


class Wanted(msgspec.Struct):
    """How many revisions, from which on; or one. -1 stands for all."""

    slice: Annotated[int, msgspec.Meta(ge=_EVERYTHING, le=_MOST)] = _EVERYTHING
    offset: Annotated[int, msgspec.Meta(ge=0, le=_MOST)] = 0
    revision: Annotated[int, msgspec.Meta(ge=_EVERYTHING, le=_MOST)] = _EVERYTHING


def show(finding: Finding, exchange: Exchange) -> Response:
    """Tell what happened to a document."""
    found = finding(exchange)
    with answering({InvalidValue: BAD_PAGE_OF_HISTORY}):
        wanted = exchange.query(Wanted)
    place = "trash" if found.shown.is_deleted else "documents"
    data = {
        "uri": uri(exchange, place, found.shown.initid, "history", ending="/"),
        "requestParameters": {"slice": wanted.slice, "offset": wanted.offset, "revision": wanted.revision},
        "history": [_told(exchange, *pair, found.family, place) for pair in _chapters(exchange, found, wanted)],
    }
    return envelope.answer(exchange, data)


def _chapters(exchange: Exchange, found: Found, wanted: Wanted) -> list[tuple[Chapter, Chapter | None]]:
    """Return what happened to the revisions that are wanted, each with that of the revision before it."""
    first, most = wanted.offset, None if wanted.slice == _EVERYTHING else wanted.slice
    if wanted.revision != _EVERYTHING:
        first, most = found.shown.no - wanted.revision, 1
    if first < 0 or most == 0:
        return []
    of = found.shown
    read = None if most is None else most + 1
    with until_gone(exchange, found):
        chapters, _ = revision_history.history(exchange.store, found.ctx, of.initid, first, read, deleted=of.is_deleted)
    return list(zip(chapters, [*chapters[1:], None], strict=False))[:most]


def _told(exchange: Exchange, chapter: Chapter, before: Chapter | None, family: ObjectType, place: str) -> dict[str, Any]:
    shown = chapter.shown
    properties = {
        "id": shown.id,
        "title": title_shown(shown),
        "status": status_of(shown),
        "revision": shown.no,
        "owner": user(shown.it.node.created_by, shown.it.said.created_by),
        "version": str(shown.version_no),
        "revisionDate": moment(exchange.store, shown.changed_at),
    }
    state = state_of(shown, family)
    if state is not None:
        properties["state"] = state
    is_step = before is not None and state != state_of(before.shown, family)
    return {
        "uri": uri(exchange, place, shown.initid, "revisions", shown.no),
        "properties": properties,
        "messages": [_message(exchange, one, state if is_step else None) for one in _events(chapter) if one.action in _WORDS],
    }


def _events(chapter: Chapter) -> Sequence[Event]:
    """Return what happened to a revision; the first one begins with the creation, which the audit tells of no copy."""
    shown = chapter.shown
    if shown.no or any(one.action in _CREATING for one in chapter.events):
        return chapter.events
    node = shown.it.node
    return [*chapter.events, Event(node.created_at, node.created_by, shown.it.said.created_by, "create", {})]


def _message(exchange: Exchange, event: Event, state: str | None) -> dict[str, Any]:
    """Return an event as it is told; ``state`` is the one into which the step brought the document that began its revision."""
    word = _WORDS[event.action]
    if event.action == "revise" and state is not None:
        word = _Word("message", "REVISION", f"State {state}")
    said = event.detail.get("comment")
    return {
        "uid": event.by_id,
        "uname": event.by,
        "date": moment(exchange.store, event.at),
        "level": word.level,
        "code": word.code,
        "comment": f"{word.comment}: {said}" if said else word.comment,
    }


def _operation(place: str, finding: Finding, id: str) -> Operation:
    return Operation(
        method="GET",
        template=f"{place}/{{id}}/history",
        handler=lambda exchange: show(finding, exchange),
        id=id,
        summary="Tell what happened to a document.",
        reads=True,
        query=Wanted,
        answers={200: Answer(envelope.Envelope)},
    )


OPERATIONS: Final = (
    _operation("/documents", find, "read-history"),
    _operation("/trash", find_trashed, "read-history-in-trash"),
)
