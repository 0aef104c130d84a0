"""Entity tags of what is shown of documents, and the conditions of a request that are about them.

The first digits stand for the state of the document, which every write changes; the others for what this caller was shown of it.
So a tag is good as a condition of a write whichever fields its owner had asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import msgspec

from davgate.core.revisions import Shown
from davgate.core.store import Context
from davgate.http.responses import Response, empty
from davgate.model import etag
from davgate.model.conditions import ANY, NO_CONDITIONS, Tags
from davgate.model.errors import PreconditionFailed
from davgate.rest.dynacase import envelope
from davgate.rest.exchange import Exchange

_STATE_DIGITS: Final = 24
_DIGITS: Final = 40
_CACHING: Final = ("Cache-Control", "private, no-cache, must-revalidate")
_ZIPPED: Final = '-gzip"'


def without_tags(ctx: Context) -> Context:
    """Return a request without the conditions that are held here; those of the drive's header If stay."""
    if ctx.conditions.is_empty:
        return ctx
    others = replace(ctx.conditions, if_match=None, if_none_match=None, if_modified_since=None)
    return replace(ctx, conditions=NO_CONDITIONS if others == NO_CONDITIONS else others)


def admitted(exchange: Exchange, ctx: Context, shown: Shown) -> Context:
    """Return a request to write with a condition that core holds in its transaction, in place of one on a tag of this door.

    Raises:
        PreconditionFailed: the document is not the one any more that the client has seen.
    """
    asked = exchange.ctx.conditions
    if asked.if_none_match is not None and _knows(asked.if_none_match, shown):
        raise PreconditionFailed
    if asked.if_match is None:
        return ctx
    if not _knows(asked.if_match, shown):
        raise PreconditionFailed
    return replace(ctx, conditions=replace(ctx.conditions, if_match=(shown.it.etag,)))


def answer(exchange: Exchange, shown: Shown, data: dict[str, Any]) -> Response:
    """Return the answer to a GET of something of a document: 304 if the client has it."""
    tag = _tag(exchange, shown, data)
    asked = exchange.ctx.conditions.if_none_match
    if asked is not None and not _wants_it_anew(exchange):
        if asked is ANY or any(etag.matches_weakly(one, tag) for one in _unzipped(asked)):
            return empty(HTTPStatus.NOT_MODIFIED, ("ETag", tag), _CACHING)
    return envelope.answer(exchange, data, ("ETag", tag), _CACHING)


def _tag(exchange: Exchange, shown: Shown, data: dict[str, Any]) -> str:
    who = exchange.ctx.principal
    form = "html" if envelope.is_page_wanted(exchange.request.environ) else "json"
    seen = hashlib.sha1(f"{who.id} {shown.it.rights.value} {form} ".encode(), usedforsecurity=False)
    seen.update(msgspec.json.encode(data))
    return f'"{_state(shown)}{seen.hexdigest()[: _DIGITS - _STATE_DIGITS]}"'


def _state(shown: Shown) -> str:
    state = hashlib.sha1(f"{shown.id} {shown.it.etag}".encode(), usedforsecurity=False)
    return state.hexdigest()[:_STATE_DIGITS]


def _knows(tags: Tags, shown: Shown) -> bool:
    """Tell whether a list names the document as it is: by a tag of this door, or of another one."""
    if tags is ANY:
        return True
    own = f'"{_state(shown)}'
    others = (shown.it.etag, shown.it.node.etag)
    return any(tag in others or (tag.startswith(own) and len(tag) == _DIGITS + 2) for tag in _unzipped(tags))


def _unzipped(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags as they were before a proxy that compresses marked them."""
    return tuple(tag.removesuffix(_ZIPPED) + '"' if tag.endswith(_ZIPPED) else tag for tag in tags)


def _wants_it_anew(exchange: Exchange) -> bool:
    said = exchange.request.header("CACHE_CONTROL") or ""
    return any(one.strip().lower() == "no-cache" for one in said.split(","))
