"""Searching objects whose content is valid for a time.

Those that were registered are found by an index of their own, and other documents by what every door knows of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from davgate.core.searching import readable, reads_everything
from davgate.core.store import Context, Store
from davgate.model.computed_facts import condition_of
from davgate.model.errors_of_lora import InvalidObject
from davgate.model.metadata import title_of
from davgate.model.node import NodeKind
from davgate.model.object_types import Kind, ObjectType, TemporalClass
from davgate.model.oio_payload import DOCUMENT
from davgate.model.query import By, Condition, Fact, prepared
from davgate.model.registration import author_uuid
from davgate.model.temporal_query import Criterion, EitherOf, Says, Search, parse_pattern
from davgate.model.virkning import iso_text, parse_timestamp
from davgate.storage.api import (
    Asked,
    FoundObject,
    Session,
    descriptions,
    directory,
    registrations,
    searching,
    temporal_index,
    temporal_searching,
)

_ALL: Final = 1 << 62
_DOCUMENTS: Final = frozenset({NodeKind.DOCUMENT})
_ORDER: Final = (By(Fact.TITLE), By(Fact.UUID))
_AT_ONCE: Final = 500


def search(store: Store, ctx: Context, of: ObjectType, wanted: Search) -> tuple[str, ...]:
    """Return the ids of the objects of a class that are searched for and that the caller may read, by their keys.

    Who may read everything has the page picked by the database; for anybody else all that are found are looked at.

    Raises:
        InvalidObject: a pattern is too long.
    """
    assert of.temporal is not None
    first, most = wanted.first or 0, _ALL if wanted.most is None else wanted.most
    wanted = replace(wanted, criteria=tuple(_in_stored_form(store, of.temporal, one) for one in wanted.criteria))
    with store.database.read(snapshot=True) as session:
        is_open = reads_everything(session, ctx, store.clock.now())
        wanted = replace(wanted, uuid=_present_id(session, wanted.uuid))
        asked = Asked(of.temporal, wanted, lambda author: _ids_of(session, author))
        until = min(first + most, _ALL)
        if of.temporal.name != DOCUMENT:
            found = _registered(session, ctx, asked, first, most, is_open=is_open)
            return tuple(one.uuid for one in found)
        found = _registered(session, ctx, asked, 0, until, is_open=is_open)
        others = _others(store, session, ctx, of, wanted, until, is_open=is_open)
        if not wanted.is_paged:
            return tuple(one.uuid for one in (*found, *others))
        return tuple(one.uuid for one in sorted([*found, *others], key=_order)[first : first + most])


def _present_id(session: Session, uuid: str | None) -> str | None:
    """Return the id of what became of the object with an id: part of another one, as reading finds it, or itself."""
    if uuid is None or (found := registrations.find(session, (uuid,)).get(uuid)) is None:
        return uuid
    return found[0].uuid


def _order(one: FoundObject) -> tuple[str, str]:
    return one.key or "", one.uuid


def _registered(session: Session, ctx: Context, asked: Asked, first: int, most: int, *, is_open: bool) -> Sequence[FoundObject]:
    if is_open and asked.search.is_paged:
        return temporal_searching.page(session, asked, first, most)
    found = sorted(temporal_searching.all_of(session, asked), key=_order)
    if asked.search.is_paged:
        found = [one for one in found if one.key is not None]
    if not is_open:
        # What was deleted is in no collection; whether it may be read is looked at by itself.
        rows = [(one.node_id, one.parent_id or 0, one.made_by, one.is_apart) for one in found]
        may_read = set(readable(session, ctx, rows))
        found = [one for one in found if one.node_id in may_read]
    return found[first : first + most]


def _others(
    store: Store, session: Session, ctx: Context, of: ObjectType, wanted: Search, most: int, *, is_open: bool
) -> Sequence[FoundObject]:
    """Return the documents that were never registered and of whose computed content the criteria hold."""
    condition = condition_of(wanted, of.name, store.policy.time_zone, lambda one: _ids_of(session, one), _finder(session))
    if condition is None or most == 0:
        return ()
    condition = prepared(condition)
    ids: list[int] = []
    if is_open and wanted.is_paged:
        first = 0
        while len(ids) < most and (page := _page(session, condition, first, min(most, _AT_ONCE))):
            ids += _never_registered(session, page)
            first += len(page)
    else:
        found = searching.all_of(session, condition, _DOCUMENTS, _ORDER)
        ids = _never_registered(session, readable(session, ctx, found))
    return _keyed(session, ids[:most], with_keys=wanted.is_paged)


def _page(session: Session, condition: Condition, first: int, most: int) -> list[int]:
    return searching.page(session, condition, _DOCUMENTS, _ORDER, first=first, most=most)[0]


def _never_registered(session: Session, ids: Sequence[int]) -> list[int]:
    registered = temporal_index.registered_among(session, ids)
    return [one for one in ids if one not in registered]


def _keyed(session: Session, ids: Sequence[int], *, with_keys: bool) -> list[FoundObject]:
    if not with_keys:
        uuids = registrations.uuids(session, ids)
        return [FoundObject(None, uuids[one], one, None, 0, 0) for one in ids]
    said = descriptions.of_nodes(session, ids)
    nodes = {one: said[one].node for one in ids}
    return [
        FoundObject(title_of(said[one].metadata, nodes[one].name), nodes[one].uuid, one, nodes[one].parent_id, 0, 0)
        for one in ids
    ]


def _ids_of(session: Session, author: str) -> list[int]:
    namespace = registrations.namespace(session)
    return [one.id for one in directory.everybody(session) if author_uuid(namespace, one.name) == author]


def _finder(session: Session) -> Callable[[str], Iterable[tuple[str, int]]]:
    """Return what gives the ids and current version numbers of the documents that an address may lead to."""
    return lambda begins: ((node.uuid, node.version_no) for node, _ in registrations.beginning_with(session, begins))


def _in_stored_form(store: Store, of: TemporalClass, criterion: Criterion) -> Criterion:
    """Return a criterion in which an instant is told as it is stored."""
    if isinstance(criterion, EitherOf):
        return EitherOf(tuple(_in_stored_form(store, of, one) for one in criterion.criteria))
    if not isinstance(criterion, Says) or not parse_pattern(criterion.pattern).is_exact:
        return criterion
    kinds = {one.kind for fields in of.groups.values() for one in fields if one.name == criterion.field}
    if Kind.DATETIME not in kinds:
        return criterion
    try:
        return replace(criterion, pattern=iso_text(parse_timestamp(criterion.pattern, store.policy.time_zone)))
    except InvalidObject:
        # It is equal to no instant, and so finds nothing.
        return criterion
