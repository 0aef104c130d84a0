"""The list of documents: what may be asked for, as a search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from http import HTTPStatus
from typing import Annotated, Final

from msgspec import Meta

from davgate.core.searching import Search, search
from davgate.core.store import Context
from davgate.http.errors import InvalidValue
from davgate.http.responses import Response
from davgate.model.instant import Instant, from_datetime, parse_iso
from davgate.model.metadata import DESCRIPTION
from davgate.model.query import (
    AllOf,
    AnyOf,
    By,
    Compares,
    Condition,
    Fact,
    HasValue,
    Matches,
    Not,
    OneOf,
    Operator,
    Order,
    Property,
    Term,
    containing,
    equals,
)
from davgate.rest import answers
from davgate.rest.exchange import Exchange
from davgate.rest.okd import metadata, scopes
from davgate.rest.okd.finding import Settings
from davgate.rest.okd.wire import Documents, Wire, documents_of

_Time = Annotated[str, Meta(extra_json_schema={"anyOf": [{"format": "date-time"}, {"format": "date"}]})]
_ORDERS: Final = {"documentName": Fact.TITLE, "creationDate": Fact.CREATED_AT, "modificationDate": Fact.MODIFIED_AT}
_LOOKED_INTO: Final[tuple[Term, ...]] = (Fact.TITLE, Property(DESCRIPTION), Property(metadata.SUBTYPE))


class Wanted(Wire):
    """Which documents are wanted. Texts are compared whole, but for ``documentName`` and ``q``, which look into them."""

    document_type: str | None = None
    document_subtype: str | None = None
    document_id: str | None = None
    student_number: str | None = None
    person_id: str | None = None
    association_id: str | None = None
    document_name: str | None = None
    q: str | None = None
    created_after: _Time | None = None
    created_before: _Time | None = None
    page_number: Annotated[int, Meta(ge=1)] = 1
    page_size: Annotated[int, Meta(ge=1, le=250)] = 10
    sort: Annotated[str, Meta(extra_json_schema={"enum": [*_ORDERS, *(f"-{name}" for name in _ORDERS)]})] = "creationDate"


def show(settings: Settings, exchange: Exchange) -> Response:
    """Return a page of the documents that the caller may see."""
    wanted = exchange.query(Wanted)
    ctx = scopes.for_looking_up(exchange.signed_ctx).without_conditions()
    conditions = AllOf((*_conditions(wanted), *_restrictions(settings, exchange, ctx)))
    size = wanted.page_size
    first = (wanted.page_number - 1) * size
    found = search(exchange.store, ctx, Search(conditions, _order(wanted.sort), first, size))
    shown = Documents(
        page_size=size,
        page_number=wanted.page_number,
        has_previous_page=wanted.page_number > 1,
        has_next_page=first + size < found.total,
        total_pages=-(-found.total // size),
        total_items=found.total,
        items=documents_of(exchange.store, ctx, found.items),
    )
    return answers.json(HTTPStatus.OK, shown)


def _conditions(wanted: Wanted) -> Iterator[Condition]:
    exact = (
        (metadata.DOCUMENT_TYPE, wanted.document_type and metadata.type_of(wanted.document_type)),
        (metadata.SUBTYPE, wanted.document_subtype),
        (metadata.STUDENT_NUMBER, wanted.student_number),
        (metadata.PERSON_ID, wanted.person_id and metadata.id_of(wanted.person_id)),
        (metadata.ASSOCIATION_ID, wanted.association_id and metadata.id_of(wanted.association_id)),
    )
    yield from (equals(Property(name), value) for name, value in exact if value is not None)
    if wanted.document_id is not None:
        yield _has_id(metadata.id_of(wanted.document_id))
    if wanted.document_name is not None:
        yield Matches(Fact.TITLE, containing(wanted.document_name), is_folded=True)
    if wanted.q is not None:
        yield AnyOf(tuple(Matches(term, containing(wanted.q), is_folded=True) for term in _LOOKED_INTO))
    if wanted.created_after is not None:
        yield Compares(Fact.CREATED_AT, Operator.GREATER, _instant("createdAfter", wanted.created_after))
    if wanted.created_before is not None:
        yield Compares(Fact.CREATED_AT, Operator.LESS, _instant("createdBefore", wanted.created_before))


def _has_id(document_id: str) -> Condition:
    """A document without an id of its component's answers with its own."""
    given = Property(metadata.DOCUMENT_ID)
    own = AllOf((equals(Fact.UUID, document_id), Not(HasValue(given))))
    return AnyOf((equals(given, document_id), own))


def _restrictions(settings: Settings, exchange: Exchange, ctx: Context) -> Iterator[Condition]:
    types = scopes.narrowed_to(exchange.signed_ctx)
    if types is not None:
        yield OneOf(Property(metadata.DOCUMENT_TYPE), tuple(sorted(types)))
    if settings.own_documents_only:
        yield equals(Fact.CREATED_BY, ctx.principal.id)


def _order(sort: str) -> Order:
    term = _ORDERS.get(sort.removeprefix("-"))
    if term is None:
        raise InvalidValue(f"sort: It must be one of {', '.join(_ORDERS)}, with - before it for the other way round.", "sort")
    return (By(term, descending=sort.startswith("-")),)


def _instant(name: str, text: str) -> Instant:
    """Return the instant of a time, without a zone in UTC, or of the beginning of a day."""
    try:
        moment = parse_iso(text)
        return from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        message = f"{name}: It must be a time such as 2026-01-05T09:30:00Z, or a date such as 2026-01-05."
        raise InvalidValue(message, name) from None
