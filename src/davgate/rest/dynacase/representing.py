"""Documents as answers have them: properties, attributes and address, as far as they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from davgate.core.revisions import Shown
from davgate.model.object_types import ObjectType
from davgate.rest.dynacase import properties, structure, values
from davgate.rest.dynacase.addressing import family_of
from davgate.rest.dynacase.fields import Fields
from davgate.rest.dynacase.properties import Known
from davgate.rest.exchange import Exchange


def represent(exchange: Exchange, shown: Shown, family: ObjectType, fields: Fields, uri: str) -> dict[str, Any]:
    """Return a document at the revision that is shown."""
    known = properties.known(exchange.store, exchange.ctx.principal.id, [(shown, family)], fields.properties or ())
    return _represented(exchange, shown, family, fields, uri, known)


def represent_all(
    exchange: Exchange, items: Sequence[Shown], fields: Fields, uri_of: Callable[[Shown], str]
) -> list[dict[str, Any]]:
    """Return documents, or revisions, of a list."""
    with_families = [(shown, family_of(exchange.store.types, shown.type)) for shown in items]
    known = properties.known(exchange.store, exchange.ctx.principal.id, with_families, fields.properties or ())
    return [_represented(exchange, shown, family, fields, uri_of(shown), known) for shown, family in with_families]


def document_data(exchange: Exchange, shown: Shown, family: ObjectType, fields: Fields, uri: str) -> dict[str, Any]:
    """Return what is answered of one document, with the structure of its family where that is wanted."""
    data: dict[str, Any] = {"document": represent(exchange, shown, family, fields, uri)}
    if fields.structure:
        data["family"] = {"structure": structure.of_family(exchange, family)}
    return data


def _represented(exchange: Exchange, shown: Shown, family: ObjectType, fields: Fields, uri: str, known: Known) -> dict[str, Any]:
    document: dict[str, Any] = {"uri": uri}
    if fields.properties is not None:
        document["properties"] = properties.of_document(shown, family, fields.properties, known)
    if fields.all_attributes or fields.attributes is not None:
        wanted = [of for of in family.properties if fields.wants(of)]
        document["attributes"] = {of.name: values.told(exchange, shown, family, of) for of in wanted}
    return document
