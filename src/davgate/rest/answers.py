"""Answers in JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from davgate.http.responses import Response, empty, whole
from davgate.model.conditions import NO_CONDITIONS, ResourceState, Verdict, evaluate
from davgate.rest.exchange import Exchange
from davgate.rest.operations import JSON


def json(status: int, value: Any, *headers: tuple[str, str]) -> Response:
    """Return an answer with a value in JSON."""
    return whole(status, JSON, msgspec.json.encode(value), *headers)


def metadata(exchange: Exchange, value: Any, etag: str, *headers: tuple[str, str]) -> Response:
    """Return the answer to a GET of what is said of a node: 304 if the client has it (RFC 9110, 13.1.2)."""
    if has_representation(exchange, etag):
        return empty(HTTPStatus.NOT_MODIFIED, ("ETag", etag), *headers)
    return json(HTTPStatus.OK, value, ("ETag", etag), *headers)


def has_representation(exchange: Exchange, etag: str) -> bool:
    """Tell whether If-None-Match says that the client has what this tag stands for."""
    conditions = exchange.ctx.conditions
    if conditions is NO_CONDITIONS or conditions.if_none_match is None:
        return False
    state = ResourceState(exists=True, etag=etag)
    return evaluate(conditions, state, lambda _path: state, reading=True) is Verdict.NOT_MODIFIED
