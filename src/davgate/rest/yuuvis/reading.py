"""Reading what is said of an object."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from davgate.http.responses import Response
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.yuuvis.finding import Settings, find
from davgate.rest.yuuvis.history import METADATA_READ, note_read
from davgate.rest.yuuvis.wire import entries_of, listed, permissions_of


class Reading(msgspec.Struct, rename="camel"):
    """Whether to tell what the caller may do."""

    include_permissions: bool = False


def show(settings: Settings, exchange: Exchange) -> Response:
    """Return what is said of an object."""
    wanted = exchange.query(Reading)
    ctx, it = find(settings, exchange)
    (entry,) = entries_of(settings, exchange.store, ctx, [it])
    if wanted.include_permissions:
        entry.permissions = permissions_of(it, exchange.store.clock.now())
    note_read(settings, exchange, ctx, it.node, METADATA_READ)
    return answers.json(HTTPStatus.OK, listed([entry]))
