"""Answers of the drive in XML: multistatus, the body of LOCK, and errors (RFC 4918, 9.1, 9.2, 13, 14.5 and 14.16).

A PROPFIND goes from rows to bytes without a tree: each request is compiled into a layout, once, and rows are laid out
in batches, column by column (see ``live_properties``). Addresses come in percent-encoded, as
``http.targets.quote_path`` writes them.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from http import HTTPStatus
from itertools import islice
from types import MappingProxyType
from typing import Final

from davgate.dav.bodies import Form, PropfindRequest
from davgate.dav.facts import COLLECTION, DOCUMENT, KIND, NAME, Batch, Column, Facts
from davgate.dav.live_properties import LIVE_PROPERTIES, LiveProperty, lock_discovery, unknown_properties
from davgate.dav.xml import DECLARATION, empty_elements, escape, escape_attribute, href_element, own_element, printable
from davgate.http.targets import quote_name
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.locks import Depth, Lock
from davgate.model.properties import PropertyName
from davgate.storage.api import MemberRow

PIECE_CHARS: Final = 64 * 1024
"""From this size on a piece of an answer is handed over; the last batch comes on top."""

_BATCH_ROWS: Final = 128

_OPENING: Final = f'{DECLARATION}<D:multistatus xmlns:D="DAV:">'
_CLOSING: Final = "</D:multistatus>"
_FOUND_CLOSING: Final = "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
_MISSING_CLOSING: Final = "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"


@dataclass(frozen=True)
class _Layout:
    """How the entries of an answer are put together: address, columns, and an end that depends on the kind of node.

    ``named`` and ``absent`` go by kind: the live properties that propname names, and those asked for that it does not
    have. ``sparse`` are those asked for that only some rows of a kind have. ``asked_dead`` are asked for by name; with
    ``all_dead`` all are shown, and with ``by_name`` as names alone.
    """

    columns: tuple[Column, ...]
    sparse: tuple[LiveProperty, ...]
    named: Mapping[int, str]
    absent: Mapping[int, str]
    asked_dead: tuple[PropertyName, ...]
    all_dead: bool
    by_name: bool
    minimal: bool

    def entries(self, heads: Sequence[str], batch: Batch) -> str:
        """Return the response elements of a batch."""
        columns = [heads, *[column(batch) for column in self.columns], self._ends(batch)]
        width = len(columns)
        cells = [""] * (width * len(batch.rows))
        for at, column in enumerate(columns):
            cells[at::width] = column
        return "".join(cells)

    @cached_property
    def usual_ends(self) -> Mapping[int, str]:
        """The end of an entry without dead properties, by kind."""
        return {kind: self._end(kind, {}) for kind in (COLLECTION, DOCUMENT)}

    def _ends(self, batch: Batch) -> list[str]:
        if self.sparse:
            return self._sparse_ends(batch)
        usual = self.usual_ends
        dead = batch.dead() if self.all_dead or self.asked_dead else {}
        if not dead:
            return [usual[row[KIND]] for row in batch.rows]
        by = batch.facts.dead_by
        return [self._end(row[KIND], dead[row[by]]) if row[by] in dead else usual[row[KIND]] for row in batch.rows]

    def _sparse_ends(self, batch: Batch) -> list[str]:
        dead, by = batch.dead(), batch.facts.dead_by
        texts = zip(*[live.column(batch) for live in self.sparse], strict=True)
        return [
            self._end(row[KIND], dead.get(row[by], {}), *self._sparse(row[KIND], of_row))
            for row, of_row in zip(batch.rows, texts, strict=True)
        ]

    def _sparse(self, kind: int, texts: Sequence[str]) -> tuple[str, str]:
        """Return the sparse properties that a row has, and the names of those asked for that it lacks."""
        pairs = list(zip(self.sparse, texts, strict=True))
        if self.by_name:
            return empty_elements(live.name for live, text in pairs if text), ""
        return "".join(texts), empty_elements(live.name for live, text in pairs if not text and kind in live.kinds)

    def _end(self, kind: int, dead: Mapping[PropertyName, str], live: str = "", lacking: str = "") -> str:
        """Return the end of an entry; ``live`` are the sparse properties that the row has, ``lacking`` names the others."""
        shown = [name for name in (dead if self.all_dead else self.asked_dead) if name in dead]
        found = empty_elements(shown) if self.by_name else "".join([dead[name] for name in shown])
        missing = self.absent[kind] + lacking + empty_elements(name for name in self.asked_dead if name not in dead)
        # The first propstat stays even when nothing was found: an entry needs one (RFC 8144, 2.1).
        end = self.named[kind] + live + found + _FOUND_CLOSING
        if missing and not self.minimal:
            end += f"<D:propstat><D:prop>{missing}{_MISSING_CLOSING}"
        return f"{end}</D:response>"


def _layout(request: PropfindRequest, unknown: frozenset[PropertyName], *, minimal: bool) -> _Layout:
    """Return the layout of an answer, compiled once for what clients ask again and again."""
    compiled = _cached_layout if len(request.names) <= _MOST_NAMES_CACHED else _compiled_layout
    return compiled(request, unknown, minimal=minimal)


def _compiled_layout(request: PropfindRequest, unknown: frozenset[PropertyName], *, minimal: bool) -> _Layout:
    asked = [LIVE_PROPERTIES[name] for name in request.names if name in LIVE_PROPERTIES]
    known = [live for live in LIVE_PROPERTIES.values() if live.name not in unknown]
    shown = [live for live in asked if live.name not in unknown]
    if request.form is Form.ALLPROP:
        shown = [live for live in known if live.in_allprop or live in shown]

    def names(properties: Sequence[LiveProperty], kind: int, *, present: bool) -> str:
        has = [kind in live.kinds and live.name not in unknown for live in properties]
        return empty_elements(live.name for live, having in zip(properties, has, strict=True) if having is present)

    by_name = request.form is Form.PROPNAME
    kinds = (COLLECTION, DOCUMENT)
    dense = [live for live in known if not live.sparse]
    return _Layout(
        columns=tuple(live.column for live in shown if not live.sparse),
        sparse=tuple(live for live in (known if by_name else shown) if live.sparse),
        named={kind: names(dense, kind, present=True) if by_name else "" for kind in kinds},
        absent={kind: names(asked, kind, present=False) for kind in kinds},
        asked_dead=request.dead_names,
        all_dead=request.form is not Form.PROP,
        by_name=by_name,
        minimal=minimal,
    )


_MOST_NAMES_CACHED: Final = 32
_cached_layout = lru_cache(maxsize=256)(_compiled_layout)


def propfind(
    request: PropfindRequest,
    href: str,
    resource: MemberRow,
    members: Iterable[MemberRow],
    facts: Facts,
    *,
    minimal: bool = False,
) -> Iterator[bytes]:
    """Yield the answer to a PROPFIND in pieces of some 64 KiB; a small one is a single piece.

    The resource comes first, then its members in the order given, each below ``href``; none are given for Depth 0.
    ``minimal`` leaves out which properties were not found (RFC 8144, 2.1). Rows are taken as they are needed.

    Source: RFC 4918, 9.1 and 14.16.
    """
    layout = _layout(request, unknown_properties(facts), minimal=minimal)
    text = _OPENING + layout.entries([_head(href)], Batch((resource,), facts, facts.standing))
    base = href if href.endswith("/") else href + "/"
    deep = [(lock, root) for lock, root in facts.standing if lock.depth is Depth.INFINITY]
    rows = iter(members)
    while batch := list(islice(rows, _BATCH_ROWS)):
        text += layout.entries(_member_heads(base, batch), Batch(batch, facts, deep, base))
        if len(text) >= PIECE_CHARS:
            yield text.encode()
            text = ""
    yield (text + _CLOSING).encode()


def resources(
    request: PropfindRequest, parts: Iterable[tuple[Sequence[str], Batch]], facts: Facts, *, minimal: bool = False
) -> Iterator[str]:
    """Yield the response elements of resources wherever they are, the rows of a batch each with its address."""
    layout = _layout(request, unknown_properties(facts), minimal=minimal)
    for hrefs, whole in parts:
        for at in range(0, len(hrefs), _BATCH_ROWS):
            until = at + _BATCH_ROWS
            batch = Batch(whole.rows[at:until], whole.facts, whole.standing, whole.base)
            yield layout.entries([_head(href) for href in hrefs[at:until]], batch)


def of_responses(responses: Iterable[str]) -> bytes:
    """Return a multistatus of these elements."""
    return b"".join(in_pieces(responses))


def in_pieces(responses: Iterable[str]) -> Iterator[bytes]:
    """Yield a multistatus of these elements in pieces of some 64 KiB; elements are taken as they are needed."""
    texts, chars = [_OPENING], 0
    for response in responses:
        texts.append(response)
        chars += len(response)
        if chars >= PIECE_CHARS:
            yield "".join(texts).encode()
            texts, chars = [], 0
    yield "".join([*texts, _CLOSING]).encode()


def removed(href: str) -> str:
    """Return the response element of a member that is gone (RFC 6578, 3.5.2)."""
    return f"<D:response>{href_element(href)}{_status(HTTPStatus.NOT_FOUND)}</D:response>"


def truncated(href: str) -> str:
    """Return the response element that tells that there is more (RFC 6578, 3.6)."""
    error = f"<D:error>{precondition('number-of-matches-within-limits')}</D:error>"
    return f"<D:response>{href_element(href)}{_status(HTTPStatus.INSUFFICIENT_STORAGE)}{error}</D:response>"


def sync_token(token: str) -> str:
    """Return the element with which an answer tells what state it led to (RFC 6578, 6.4)."""
    return f"<D:sync-token>{escape(token)}</D:sync-token>"


def response(href: str, found: Collection[str], missing: Collection[PropertyName]) -> str:
    """Return the response element of one resource, with the properties that it has as elements and the names of the others."""
    end = f"<D:propstat><D:prop>{empty_elements(missing)}{_MISSING_CLOSING}" if missing else ""
    return f"{_head(href)}{''.join(found)}{_FOUND_CLOSING}{end}</D:response>"


def _head(href: str) -> str:
    return f"<D:response>{href_element(href)}<D:propstat><D:prop>"


# What quote_name leaves alone; the space, which many names have and which is replaced faster; and what separates names here.
_USUAL: Final = string.ascii_letters + string.digits + "._~!$()*,=:@-" + " " + "/"
_USUAL_BYTES: Final = _USUAL.encode()
_UNUSUAL_RUN = re.compile(f"[^{re.escape(_USUAL)}]+")

# An umlaut stands alone most of the time, so that few runs cover a language.
_quote_run = lru_cache(maxsize=1024)(quote_name)


def _member_heads(base: str, rows: Sequence[MemberRow]) -> list[str]:
    """Return the head of each member, with all names quoted in one go: none contains a slash."""
    names = "/".join([row[NAME] or "" for row in rows])
    if names.encode().translate(None, _USUAL_BYTES):
        names = _UNUSUAL_RUN.sub(lambda run: _quote_run(run[0]), names)
    quoted = names.replace(" ", "%20").split("/")
    before, after = f"<D:response><D:href>{escape(base)}", "</D:href><D:propstat><D:prop>"
    return [
        f"{before}{name}/{after}" if row[KIND] == COLLECTION else f"{before}{name}{after}"
        for name, row in zip(quoted, rows, strict=True)
    ]


def proppatch(
    href: str,
    names: Iterable[PropertyName],
    protected: Collection[PropertyName] = (),
    unfit: Mapping[PropertyName, str] = MappingProxyType({}),
) -> bytes:
    """Return the answer to a PROPPATCH of these properties; when some are protected, or got unfit values, none was changed.

    Source: RFC 4918, 9.2 and 9.2.1.
    """
    every = tuple(dict.fromkeys(names))
    if protected or unfit:
        refused = [name for name in every if name in protected]
        others = [name for name in every if name not in protected and name not in unfit]
        error = f"<D:error>{precondition('cannot-modify-protected-property')}</D:error>"
        propstats = _propstat(refused, HTTPStatus.FORBIDDEN, error)
        for name, why in unfit.items():
            description = f"<D:responsedescription>{escape(printable(why))}</D:responsedescription>"
            propstats += _propstat([name], HTTPStatus.CONFLICT, description)
        propstats += _propstat(others, HTTPStatus.FAILED_DEPENDENCY)
    else:
        propstats = _propstat(every, HTTPStatus.OK)
    return f"{_OPENING}<D:response>{href_element(href)}{propstats}</D:response>{_CLOSING}".encode()


def _propstat(names: Collection[PropertyName], status: int, reason: str = "") -> str:
    if not names:
        return ""
    return f"<D:propstat><D:prop>{empty_elements(names)}</D:prop>{_status(status)}{reason}</D:propstat>"


@frozen
class Failure:
    """What became of one resource in a request on many. ``precondition`` is the text of an element, or empty."""

    href: str
    status: int
    precondition: str = ""


def failures(failed: Iterable[Failure]) -> bytes:
    """Return the multistatus of a COPY, MOVE, DELETE or LOCK that failed at some of its resources.

    Source: RFC 4918, 9.6.1, 9.8.5 and 13.
    """
    responses = (
        f"<D:response>{href_element(failure.href)}{_status(failure.status)}"
        f"{f'<D:error>{failure.precondition}</D:error>' if failure.precondition else ''}</D:response>"
        for failure in failed
    )
    return of_responses(responses)


def _status(status: int) -> str:
    return f"<D:status>HTTP/1.1 {status:d} {HTTPStatus(status).phrase}</D:status>"


def lock_granted(lock: Lock, root_href: str, now: Instant) -> bytes:
    """Return the body of a LOCK that was granted or refreshed; others beside a shared lock are not shown.

    Source: RFC 4918, 9.10.1 and 9.10.2.
    """
    return f'{DECLARATION}<D:prop xmlns:D="DAV:">{lock_discovery(lock, root_href, now)}</D:prop>'.encode()


def precondition(local_name: str, hrefs: Iterable[str] = ()) -> str:
    """Return the element of a failed precondition with the resources it names (RFC 4918, 16)."""
    content = "".join(map(href_element, hrefs))
    return f"<D:{local_name}>{content}</D:{local_name}>" if content else f"<D:{local_name}/>"


def error_body(local_name: str | None, hrefs: Iterable[str], message: str, code: str) -> bytes:
    """Return the body of a refusal: the precondition, if it has a name, and beside it the sentence for people.

    Clients skip the sentence: it is in a namespace of davgate's own (RFC 4918, 17).

    Source: RFC 4918, 14.5 and 16.
    """
    failed = precondition(local_name, hrefs) if local_name else ""
    sentence = own_element("message", message, f' code="{escape_attribute(code)}"')
    return f'{DECLARATION}<D:error xmlns:D="DAV:">{failed}{sentence}</D:error>'.encode()
