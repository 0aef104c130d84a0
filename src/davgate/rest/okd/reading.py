"""Reading documents: what is said of them, their content, and the list of them."""

from __future__ import annotations

from http import HTTPStatus

from davgate.core import versioning
from davgate.core.access import check_read_conditions
from davgate.core.describing import Described
from davgate.core.store import Context
from davgate.http import content
from davgate.http.responses import Response
from davgate.model.conditions import ResourceState
from davgate.model.media_types import UNKNOWN, readable
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.okd import metadata, wire
from davgate.rest.okd.finding import Settings, find
from davgate.rest.operations import JSON

_VARY = ("Vary", "Accept, Authorization")


def show(settings: Settings, exchange: Exchange) -> Response:
    """Return metadata or content, whichever the client likes better; metadata if it is all the same."""
    ctx, it = find(settings, exchange)
    offered = [JSON]
    if it.content is not None:
        offered += [wire.format_of(it.content, it.file_name), readable(it.content.media_type), UNKNOWN]
    chosen = exchange.choose(*dict.fromkeys(offered))
    response = _metadata(exchange, ctx, it) if chosen == JSON else _content(exchange, ctx, it)
    response.headers.append(_VARY)
    return response


def show_metadata(settings: Settings, exchange: Exchange) -> Response:
    """Return what is said of a document, whatever the client likes better."""
    return _metadata(exchange, *find(settings, exchange))


def show_content(settings: Settings, exchange: Exchange) -> Response:
    """Return the content of a document, whatever the client likes better."""
    return _content(exchange, *find(settings, exchange))


def _metadata(exchange: Exchange, ctx: Context, it: Described) -> Response:
    check_read_conditions(ctx, ResourceState(True, it.etag, it.changed_at))
    (shown,) = wire.documents_of(exchange.store, ctx, [it])
    return answers.metadata(exchange, shown, it.etag)


def _content(exchange: Exchange, ctx: Context, it: Described) -> Response:
    opened = versioning.open_described(exchange.store, ctx, it)
    return content.send(exchange.request.environ, opened, file_name=it.file_name or it.node.name or it.node.uuid)


def list_types(_exchange: Exchange) -> Response:
    """Return the types of documents."""
    items = [wire.DocumentType(name, []) for name in metadata.DOCUMENT_TYPES]
    return answers.json(HTTPStatus.OK, wire.DocumentTypes(items))
