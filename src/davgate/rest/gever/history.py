"""The history of a document: ``@history``, which lists all versions, shows one or goes back to one, and ``@versions`` in pages.

A version counts here when it came with content; what changes metadata alone has no number. Version 0 is there from the
beginning: until a document gets its first file, it stands for the document as it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from davgate.core import versioning
from davgate.http.responses import Response
from davgate.model.errors import Forbidden, Locked, NoSuchVersion
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, to_datetime
from davgate.model.node import Version
from davgate.model.rights import Right
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.gever import batching, representation, shapes
from davgate.rest.gever.addresses import Found, find_document, url_of
from davgate.rest.gever.bodies import described, fields_of
from davgate.rest.gever.errors import NO_VERSION_GIVEN, REVERT, Refused, answering, no_version
from davgate.rest.gever.languages import Texts, said
from davgate.rest.gever.representation import Shown
from davgate.rest.operations import Answer, Operation

_EDITED: Final[Texts] = {"en": "Edited", "de": "Bearbeitet", "fr": "Modifié"}
_INITIAL: Final[Texts] = {
    "en": "Initial version",
    "de": "Dokument erstellt (Initialversion)",
    "fr": "Document créé (version initiale)",
}


_MOST_DIGITS: Final = 18


@frozen
class _Entry:
    """What is told of one version in a list."""

    number: int
    author: str
    comment: str
    made_at: Instant


def _entries(found: Found, first: int = 0, most: int | None = None) -> tuple[Sequence[_Entry], int]:
    """Return some versions of a document, the newest first, and how many there are."""
    counted = versioning.counted(found.exchange.store, found.exchange.ctx, found.node_id, first, most)
    if not counted.total:
        return [] if first else [_initial(found, "")], 1
    return [_entry(found, version) for version in counted.versions], counted.total


def _entry(found: Found, version: Version) -> _Entry:
    if not version.content_no:
        return _initial(found, version.comment)
    return _Entry(version.content_no, version.author, version.comment, version.opened_at)


def _initial(found: Found, comment: str) -> _Entry:
    """Return what is told of version 0: it is the document as it was made, whoever gave it a file, and when."""
    it = found.it
    return _Entry(0, it.said.created_by, comment or said(found.exchange, _INITIAL), it.node.created_at)


def _may_revert(found: Found) -> bool:
    """Tell whether the caller may go back to a version now; without a file there is none to go back to."""
    it = found.it
    is_free = it.is_untouched and not found.is_trashed
    return is_free and it.said.content_no is not None and Right.WRITE_CONTENT in it.rights


def list_all(exchange: Exchange) -> Response:
    """Answer with all versions, the newest first."""
    found = find_document(exchange)
    action, may_revert = said(exchange, _EDITED), _may_revert(found)
    entries, _ = _entries(found)
    return answers.json(HTTPStatus.OK, [_in_history(found, one, action, may_revert=may_revert) for one in entries])


def _in_history(found: Found, entry: _Entry, action: str, *, may_revert: bool) -> Shown:
    return {
        "@id": found.service_url("@history", str(entry.number)),
        "action": action,
        "actor": {
            "@id": url_of(found.exchange, ("@users", entry.author)),
            "fullname": entry.author,
            "id": entry.author,
            "username": entry.author,
        },
        "comments": entry.comment or None,
        "may_revert": may_revert,
        "time": _time_of(entry),
        "transition_title": action,
        "type": "versioning",
        "version": entry.number,
    }


def _time_of(entry: _Entry) -> str:
    return to_datetime(entry.made_at).isoformat(timespec="microseconds")


def list_page(exchange: Exchange) -> Response:
    """Answer with a page of the versions, the newest first."""
    found = find_document(exchange)
    wanted = exchange.query(batching.Wanted)
    may_revert = _may_revert(found)
    entries, total = _entries(found, wanted.b_start, batching.size_of(exchange, wanted))
    url = found.service_url("@versions")
    items = [_in_versions(found, one, may_revert=may_revert) for one in entries]
    links = batching.links(exchange, url, wanted, total)
    batch = {} if links is None else {"batching": links}
    return answers.json(HTTPStatus.OK, {"@id": url, "items": items, "items_total": total, **batch})


def _in_versions(found: Found, entry: _Entry, *, may_revert: bool) -> Shown:
    return {
        "@id": found.service_url("@versions", str(entry.number)),
        "actor": representation.actor(found, entry.author),
        "approvals": [],
        "comments": entry.comment,
        "may_revert": may_revert,
        "time": _time_of(entry),
        "version": entry.number,
    }


def show(exchange: Exchange) -> Response:
    """Answer with the document as it was when a version was made."""
    found = find_document(exchange)
    text: str = exchange.params["version"]
    number = number_in(text)
    if number == 0 and found.it.said.content_no is None:
        return answers.json(HTTPStatus.OK, {**representation.document(found), "version": "0"})
    with answering({NoSuchVersion: no_version(text)}):
        version = versioning.find_counted(exchange.store, exchange.ctx, found.node_id, number)
    shown = representation.document(_as_of(found, version))
    download = f"{found.service_url('@@download', 'file')}?version_id={number}"
    file = representation.file_of(version.content, version.file_name, download)
    return answers.json(HTTPStatus.OK, {**shown, "file": file, "version": str(number)})


def _as_of(found: Found, version: Version) -> Found:
    """Return a document with what a version says in the place of what is said now."""
    now = found.it
    then = replace(
        now,
        said=replace(now.said, metadata=version.metadata, content=version.content, file_name=version.file_name),
        node=replace(now.node, content=version.content, modified_at=version.saved_at),
        content=version.content,
        file_name=version.file_name,
        changed_at=version.saved_at,
    )
    return replace(found, seen=replace(found.seen, it=then))


def number_in(text: str) -> int:
    """Return the number of a version as an address names it.

    Raises:
        Refused: no version can have it.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        raise Refused(no_version(text))
    return int(text)


def revert(exchange: Exchange) -> Response:
    """Make the file of a version that of the next one."""
    found = find_document(exchange)
    number = fields_of(exchange).get("version")
    if not isinstance(number, int) or isinstance(number, bool):
        raise Refused(NO_VERSION_GIVEN)
    if found.is_trashed or found.it.said.content_no is None:
        raise Refused(REVERT)
    with answering({Locked: REVERT, Forbidden: REVERT, NoSuchVersion: no_version(number)}):
        versioning.revert(exchange.store, exchange.ctx, found.node_id, number, comment=f"Version {number} restored.")
    title = representation.title(found.it)
    return answers.json(HTTPStatus.OK, {"message": f"{title} has been reverted to revision {number}."})


OPERATIONS: Final = (
    Operation(
        method="GET",
        template="/{path}/@history",
        handler=list_all,
        id="history",
        summary="List the versions of a document.",
        reads=True,
        answers={200: Answer(list[shapes.HistoryEntry])},
        headers=("Accept-Language",),
    ),
    Operation(
        method="PATCH",
        template="/{path}/@history",
        handler=revert,
        id="revert",
        summary="Make the file of a version that of the next one.",
        reads=False,
        body=described(shapes.Reverting),
        answers={200: Answer(shapes.Message)},
        refusals=(412, 413),
    ),
    Operation(
        method="GET",
        template="/{path}/@versions",
        handler=list_page,
        id="versions",
        summary="List the versions of a document in pages.",
        reads=True,
        query=batching.Wanted,
        answers={200: Answer(shapes.Versions)},
        headers=("Accept-Language",),
    ),
    *(
        Operation(
            method="GET",
            template=f"/{{path}}/{service}/{{version}}",
            handler=show,
            id=operation_id,
            summary="Show a document as it was when a version was made.",
            reads=True,
            answers={200: Answer(shapes.Document)},
        )
        for service, operation_id in (("@history", "version-in-history"), ("@versions", "version"))
    ),
)
