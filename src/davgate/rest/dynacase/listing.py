"""Lists of documents: of all, or of a family with those that descend from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from davgate.core import revisions
from davgate.core.searching import Search, search
from davgate.http.responses import Response
from davgate.model.errors import Malformed
from davgate.model.object_types import DYNACASE, Kind, ObjectType, ObjectTypes
from davgate.model.object_types import Property as Attribute
from davgate.model.query import (
    EVERYTHING,
    AnyOf,
    By,
    Called,
    Condition,
    Fact,
    Not,
    OneOf,
    Order,
    Property,
    Standing,
    Term,
    of_door,
)
from davgate.rest.dynacase import envelope, fields, paging
from davgate.rest.dynacase.addressing import FOR_OTHERS, context_of, document_uri, family_of, find_family, uri
from davgate.rest.dynacase.envelope import Envelope
from davgate.rest.dynacase.errors import HIDDEN_ORDER, NO_ORDER, STRUCTURED_ORDER, TOO_LONG_ORDER, Refused, answering
from davgate.rest.dynacase.fields import OF_A_LIST, Fields
from davgate.rest.dynacase.paging import Listing, Sorted
from davgate.rest.dynacase.properties import STATE
from davgate.rest.dynacase.representing import represent_all
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation

_DEFAULT_ORDER: Final = "title:asc"
_TERMS: Final[dict[str, Term | Standing]] = {
    "id": Standing.REVISION_ID,
    "initid": Fact.ID,
    "title": Fact.TITLE,
    "revision": Standing.REVISION_NO,
    "name": Standing.LOGICAL_NAME,
    "locked": Standing.HOLDER,
    "state": Property(STATE),
    "createdBy": Fact.CREATED_BY_NAME,
    "owner": Fact.CREATED_BY_NAME,
    "creationDate": Fact.CREATED_AT,
    "lastModificationDate": Fact.MODIFIED_AT,
    "version": Fact.VERSION_NO,
}
"""The properties to order by, in the words of searching."""

_ALIKE: Final = frozenset(
    {"icon", "status", "doctype", "type", "lastAccessDate", "workflow", "tags", "usage", "affected", "note"}
)
"""The properties of which all documents of a list have the same, or none, so that there is nothing to order."""


def show_all(exchange: Exchange) -> Response:
    """Return a page of the documents of all families."""
    address = uri(exchange, "documents", ending="/")
    return _page(exchange, EVERYTHING, None, fields.asked_of_any(exchange), address, "Documents")


def show_of_family(exchange: Exchange) -> Response:
    """Return a page of the documents of a family and of those that descend from it."""
    family = find_family(exchange)
    asked = fields.asked(exchange, family, OF_A_LIST)
    address = uri(exchange, "families", family.local, "documents", ending="/")
    return _page(exchange, _in_family(exchange, family), family, asked, address, f"{family.label} Documents")


def _in_family(exchange: Exchange, family: ObjectType) -> Condition:
    names = exchange.store.types.with_descendants(family.name)
    own = OneOf(Fact.TYPE, tuple(sorted(names)))
    return AnyOf((own, Not(of_door(DYNACASE)))) if FOR_OTHERS in names else own


def _page(
    exchange: Exchange, condition: Condition, family: ObjectType | None, asked: Fields, address: str, title: str
) -> Response:
    page, order = paging.asked(exchange), paging.order_asked(exchange, _DEFAULT_ORDER)
    wanted = Search(condition, order_of(exchange.store.types, order, family), page.offset, page.length)
    with answering({Malformed: TOO_LONG_ORDER}):
        found = search(exchange.store, context_of(exchange).without_conditions(), wanted)
    shown = represent_all(exchange, revisions.show_all(exchange.store, found.items), asked, document_uri(exchange))
    return envelope.answer(
        exchange,
        {
            "requestParameters": page.shown(len(shown), paging.order_text(order)),
            "uri": address,
            "properties": {"title": title},
            "documents": shown,
        },
    )


def order_of(types: ObjectTypes, order: Sequence[Sorted], family: ObjectType | None = None) -> Order:
    """Return an order in the words of searching; of documents of one family also by its attributes.

    Raises:
        Refused: there is nothing of a name to order by.
    """
    return tuple(By(_term(types, family, one.field), one.descending) for one in order if one.field not in _ALIKE)


def _term(types: ObjectTypes, family: ObjectType | None, name: str) -> Term | Standing | Called:
    if name in _TERMS:
        return _TERMS[name]
    if name == "fromname":
        names = tuple((one.name, one.local) for one in types.of_door(DYNACASE))
        return Called(Fact.TYPE, names, family_of(types, None).local)
    if name in fields.STRUCTURED:
        raise Refused(replace(STRUCTURED_ORDER, detail=f"The property {name!r} has no single value to order by"))
    of = family.property(name.lower()) if family is not None else None
    if family is None or of is None:
        raise Refused(replace(NO_ORDER, detail=f"There is no field {name!r} to order by"))
    return _term_of(family, of)


def _term_of(family: ObjectType, of: Attribute) -> Term:
    if of.is_hidden:
        raise Refused(replace(HIDDEN_ORDER, detail=f"The attribute {of.name!r} is nothing to order by"))
    if of.is_multiple or (of.kind is Kind.FILE and of is not family.primary_stream):
        raise Refused(replace(STRUCTURED_ORDER, detail=f"The attribute {of.name!r} has no single value to order by"))
    if of is family.primary_stream:
        return Fact.FILE_NAME
    return Fact.TITLE if of is family.title else Property(of.id)


OPERATIONS: Final = (
    Operation(
        method="GET",
        template="/documents",
        handler=show_all,
        id="list-documents",
        summary="List documents of all families.",
        reads=True,
        query=Listing,
        answers={HTTPStatus.OK: Answer(Envelope)},
    ),
    Operation(
        method="GET",
        template="/families/{family}/documents",
        handler=show_of_family,
        id="list-documents-of-family",
        summary="List documents of a family.",
        reads=True,
        query=Listing,
        answers={HTTPStatus.OK: Answer(Envelope)},
    ),
)
