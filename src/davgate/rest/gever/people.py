"""Users as other answers name them: ``@users`` and ``@actors``."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from davgate.core.principals import shown
from davgate.http.responses import Response
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.gever import shapes
from davgate.rest.gever.addresses import url_of
from davgate.rest.gever.services import OBJECT
from davgate.rest.operations import Answer, Operation


def user(exchange: Exchange) -> Response:
    """Answer with what the caller may know of a user."""
    found = shown.find(exchange.store, exchange.ctx, exchange.params["id"])
    me = exchange.ctx.principal
    roles = ["Member", "Manager"] if found.name == me.name and me.administers_all else ["Member"]
    address = url_of(exchange, ("@users", found.name))
    body = {"@id": address, "id": found.name, "username": found.name, "fullname": found.name, "email": None, "roles": roles}
    return answers.json(HTTPStatus.OK, body)


def actor(exchange: Exchange) -> Response:
    """Answer with what the caller may know of a user or group."""
    found = shown.find(exchange.store, exchange.ctx, exchange.params["id"])
    body = {
        "@id": url_of(exchange, ("@actors", found.name)),
        "identifier": found.name,
        "active": True,
        "actor_type": "group" if found.is_group else "user",
        "label": found.name,
        "portrait_url": None,
    }
    return answers.json(HTTPStatus.OK, body)


OPERATIONS: Final = (
    Operation(
        method="GET",
        template=f"{OBJECT}/@users/{{id}}",
        handler=user,
        id="user",
        summary="Return a user.",
        reads=True,
        answers={200: Answer(shapes.User)},
    ),
    Operation(
        method="GET",
        template=f"{OBJECT}/@actors/{{id}}",
        handler=actor,
        id="actor",
        summary="Return a user or group as other answers name it.",
        reads=True,
        answers={200: Answer(shapes.ShownActor)},
    ),
)
