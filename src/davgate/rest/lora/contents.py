"""Content of parts of documents, by the ``store:`` addresses that their properties have."""

from __future__ import annotations

from dataclasses import replace

from davgate.core.bitemporal import registrations
from davgate.http import content
from davgate.http.content_disposition import inline
from davgate.http.responses import Response
from davgate.rest.exchange import Exchange
from davgate.rest.lora.parameters import arguments_of, refuse_others

_ADDRESS = ("year", "month", "day", "hour", "minute", "name")


def download(exchange: Exchange) -> Response:
    """Send content, of older registrations and of deleted documents too."""
    refuse_others(arguments_of(exchange))
    address = "/".join(str(exchange.params[name]) for name in _ADDRESS)
    part = registrations.open_part(exchange.store, exchange.signed_ctx, address)
    opened = replace(part.opened, content=replace(part.opened.content, media_type=part.media_type))
    return content.send(exchange.request.environ, opened, file_name=part.file_name, disposition=inline)
