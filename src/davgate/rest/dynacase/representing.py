"""Documents as answers have them: properties, attributes and address, as far as they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from davgate.core.revisions import Shown
from davgate.model.object_types import ObjectType
from davgate.rest.dynacase import attachments, properties, structure, values
from davgate.rest.dynacase.addressing import family_of
from davgate.rest.dynacase.fields import Fields
from davgate.rest.exchange import Exchange


def represent(exchange: Exchange, shown: Shown, family: ObjectType, fields: Fields, uri: str) -> dict[str, Any]:
    """Return a document at the revision that is shown."""
    return _represented(exchange, [(shown, family)], fields, lambda _: uri)[0]


def represent_all(
    exchange: Exchange, items: Sequence[Shown], fields: Fields, uri_of: Callable[[Shown], str]
) -> list[dict[str, Any]]:
    """Return documents, or revisions, of a list."""
    return _represented(exchange, [(shown, family_of(exchange.store.types, shown.type)) for shown in items], fields, uri_of)


def document_data(exchange: Exchange, shown: Shown, family: ObjectType, fields: Fields, uri: str) -> dict[str, Any]:
    """Return what is answered of one document, with the structure of its family where that is wanted."""
    data: dict[str, Any] = {"document": represent(exchange, shown, family, fields, uri)}
    if fields.structure:
        data["family"] = {"structure": structure.of_family(exchange, family)}
    return data


def _represented(
    exchange: Exchange, items: Sequence[tuple[Shown, ObjectType]], fields: Fields, uri_of: Callable[[Shown], str]
) -> list[dict[str, Any]]:
    """Return documents with what is needed for that of all of them: a statement for each kind."""
    known = properties.known(exchange.store, exchange.ctx.principal.id, items, fields.properties or ())
    wanted = {family.name: [of for of in family.properties if fields.wants(of)] for _, family in items}
    stored_at = attachments.stored_at(exchange, (shown for shown, _ in items), chain.from_iterable(wanted.values()))
    documents = []
    for shown, family in items:
        document: dict[str, Any] = {"uri": uri_of(shown)}
        if fields.properties is not None:
            document["properties"] = properties.of_document(shown, family, fields.properties, known)
        if fields.all_attributes or fields.attributes is not None:
            document["attributes"] = {of.name: values.told(exchange, shown, family, of, stored_at) for of in wanted[family.name]}
        documents.append(document)
    return documents
