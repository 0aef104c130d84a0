"""From the address of a request to the document or family that it names, and from these to their addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from davgate.core import revisions
from davgate.core.filing import drive_name
from davgate.core.revisions import Shown
from davgate.core.store import SYSTEM_CONTEXT, Context
from davgate.http.targets import quote_path
from davgate.model.errors import NotFound
from davgate.model.frozen import frozen
from davgate.model.object_types import DYNACASE, ObjectType, ObjectTypes, type_name
from davgate.rest.dynacase import errors
from davgate.rest.dynacase.errors import Refusal, Refused
from davgate.rest.dynacase.validators import without_tags
from davgate.rest.exchange import Exchange

FOR_OTHERS: Final = type_name(DYNACASE, "MY_FILE")
"""The family as which documents appear that came through other doors."""

LOGICAL_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9_-]*")

NOT_IN_TRASH: Final = replace(errors.NO_DOCUMENT, code="CRUD0237", text="The document is not in the trash")


@frozen
class Found:
    """A document that the caller may see, with its family, and the request without what is held against tags of this door."""

    ctx: Context
    shown: Shown
    family: ObjectType


def context_of(exchange: Exchange) -> Context:
    """Return who asks, as this door takes it; conditions on its tags are for ``validators``."""
    return without_tags(exchange.signed_ctx)


# Documents


def find(exchange: Exchange) -> Found:
    """Return the document that an address names, by its logical name or the number of any of its revisions: the newest one.

    Raises:
        Refused: there is none, it is in the trash, not for the caller, or not of the family in the address; or it is a family.
    """
    found = find_either(exchange)
    if isinstance(found, ObjectType):
        raise Refused(replace(errors.IS_FAMILY, detail=f"{found.local} is a family"))
    return found


def find_either(exchange: Exchange) -> Found | ObjectType:
    """Return the document or the family that an address names; see ``find``."""
    within = find_family(exchange) if "family" in exchange.params else None
    target = _target(exchange)
    if isinstance(target, ObjectType):
        return target
    ctx = context_of(exchange)
    try:
        shown = revisions.show(exchange.store, ctx, target)
    except NotFound as error:
        raise Refused(_why_not_found(exchange, ctx, target)) from error
    return _of_family(exchange, ctx, shown, within)


@contextmanager
def until_gone(exchange: Exchange, found: Found) -> Iterator[None]:
    """Refuse what is asked of a document that another request takes away meanwhile as if it had been away before; see ``find``.

    One of the trash may have been brought back.

    Raises:
        Refused.
    """
    try:
        yield
    except NotFound as error:
        if found.shown.is_deleted:
            raise Refused(_not_in_trash(exchange)) from error
        raise Refused(_why_not_found(exchange, found.ctx, found.shown.initid)) from error


def find_trashed(exchange: Exchange) -> Found:
    """Return the document in the trash that an address names.

    Raises:
        Refused: there is none, or it is not in the trash.
    """
    target = _target(exchange)
    ctx = context_of(exchange)
    if isinstance(target, ObjectType):
        raise Refused(NOT_IN_TRASH)
    try:
        shown = revisions.show_deleted(exchange.store, ctx, target)
    except NotFound as error:
        if _is_there(exchange, ctx, target):
            raise Refused(_not_in_trash(exchange)) from error
        # What is in the trash and not for the caller is told of in no other words than what there is not.
        raise Refused(replace(errors.NO_DOCUMENT, detail=f'Document "{exchange.params["id"]}" not found')) from error
    return _of_family(exchange, ctx, shown, None)


def _not_in_trash(exchange: Exchange) -> Refusal:
    return replace(NOT_IN_TRASH, detail=f"{NOT_IN_TRASH.text}: {exchange.params['id']}")


def _target(exchange: Exchange) -> ObjectType | int:
    """Return the family that is named instead of a document, or the inner id of the document."""
    wanted, types = str(exchange.params["id"]), exchange.store.types
    if (family := family_named(types, wanted)) is not None:
        return family
    named = revisions.resolve(exchange.store, wanted)
    if named is not None and named.type is not None and (numbered := types.get(named.type)) is not None:
        return numbered
    if named is None or named.node_id is None:
        raise Refused(replace(errors.NO_DOCUMENT, detail=f'Document "{wanted}" not found'))
    return named.node_id


def _of_family(exchange: Exchange, ctx: Context, shown: Shown, within: ObjectType | None) -> Found:
    types = exchange.store.types
    family = family_of(types, shown.type)
    if within is not None and family.name not in types.with_descendants(within.name):
        raise Refused(replace(errors.OTHER_FAMILY, detail=f'Document "{shown.initid}" is of the family {family.local}'))
    return Found(ctx, shown, family)


def _why_not_found(exchange: Exchange, ctx: Context, node_id: int) -> Refusal:
    """Return how it is refused that there is nothing to show; of a document that is not for the caller it is told that it is."""
    wanted = exchange.params["id"]
    if revisions.is_deleted(exchange.store, ctx, node_id):
        detail = f'Document "{wanted}" is in the trash'
        return replace(errors.IN_TRASH, detail=detail, uri=uri(exchange, "trash", node_id))
    if _is_there(exchange, SYSTEM_CONTEXT, node_id):
        return replace(errors.VIEW_DENIED, detail=f'Document "{wanted}" access deny: you lack the right to see it')
    return replace(errors.NO_DOCUMENT, detail=f'Document "{wanted}" not found')


def _is_there(exchange: Exchange, ctx: Context, node_id: int) -> bool:
    try:
        revisions.show(exchange.store, ctx, node_id)
    except NotFound:
        return False
    return True


# Families


def find_family(exchange: Exchange, refusal: Refusal = errors.NO_FAMILY) -> ObjectType:
    """Return the family that an address names, in capitals or not, or by its number.

    Raises:
        Refused: there is none.
    """
    wanted = str(exchange.params["family"])
    family = family_named(exchange.store.types, wanted)
    if family is None and wanted.isascii() and wanted.isdigit():
        named = revisions.resolve(exchange.store, wanted)
        known = exchange.store.types.get(named.type) if named is not None and named.type is not None else None
        family = known if known is not None and known.door == DYNACASE else None
    if family is None:
        raise Refused(replace(refusal, detail=f'Family "{wanted}" not found'))
    return family


def family_named(types: ObjectTypes, name: str) -> ObjectType | None:
    """Return the family of a name, in capitals or not."""
    wanted = name.casefold()
    return next((family for family in types.of_door(DYNACASE) if family.local.casefold() == wanted), None)


def family_of(types: ObjectTypes, type: str | None) -> ObjectType:
    """Return the family of a document of an object type; what other doors have made is of one of its own."""
    family = types.get(type) if type is not None else None
    if family is None or family.door != DYNACASE:
        family = types.get(FOR_OTHERS)
    assert family is not None, "it comes with davgate"
    return family


# Addresses in answers


def uri(exchange: Exchange, *segments: str | int, ending: str = ".json") -> str:
    """Return the address of a resource as answers have it: from the root of the site, without a slash in front."""
    return exchange.href(*map(str, segments)).lstrip("/") + ending


def location(exchange: Exchange, address: str) -> str:
    """Return an address as the header Location has it."""
    return f"{exchange.origin}/{address}"


def document_uri(exchange: Exchange) -> Callable[[Shown], str]:
    """Return what gives the address of a document."""
    return lambda shown: uri(exchange, "documents", shown.initid)


def file_uri(exchange: Exchange, shown: Shown, attribute: str, index: int, file_name: str) -> str:
    """Return the address of a file of a document; ``index`` is -1 for a single one.

    It ends in the name that the file would have on the drive: what else it may be called is no part of an address.
    """
    place = "trash" if shown.is_deleted else "documents"
    revision = () if shown.is_newest else ("revisions", str(shown.no))
    name = (drive_name(file_name),) if file_name else ()
    path = (place, str(shown.initid), *revision, "files", attribute, str(index), *name)
    return quote_path(path, exchange.service.mount, collection=False).lstrip("/")
