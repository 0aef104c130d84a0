"""Searching objects whose content is valid for a time.

Those that were registered are found by an index of their own, and other documents by what every door knows of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from davgate.core.bitemporal import computed_search
from davgate.core.bitemporal.computed_search import in_order, only_readable, principals_called
from davgate.core.rights import hidden_in_trash
from davgate.core.searching import reads_everything
from davgate.core.store import Context, Store
from davgate.model.bitemporal.computed_facts import made_on
from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.payload import DOCUMENT
from davgate.model.bitemporal.query import Criterion, EitherOf, Says, Search, parse_pattern
from davgate.model.bitemporal.rows import instant_of
from davgate.model.bitemporal.virkning import iso_text, parse_timestamp
from davgate.model.instant import Instant
from davgate.model.object_types import Kind, ObjectType, TemporalClass
from davgate.storage.api import Asked, FoundObject, Session, registrations, temporal_index, temporal_searching

_ALL: Final = 1 << 62


def search(store: Store, ctx: Context, of: ObjectType, wanted: Search) -> tuple[str, ...]:
    """Return the ids of the objects of a class that are searched for and that the caller may read, by their keys.

    The database picks the page for a caller who may read everything; for anybody else all that is found is looked at.

    Raises:
        InvalidObject: a pattern is too long.
    """
    assert of.temporal is not None
    first, most = wanted.first or 0, _ALL if wanted.most is None else wanted.most
    wanted = replace(wanted, criteria=tuple(_in_stored_form(store, of.temporal, one) for one in wanted.criteria))
    with store.database.survey() as session:
        is_open = reads_everything(session, ctx, store.clock.now())
        if wanted.finds_deleted or wanted.known is not None:
            is_open = is_open and not hidden_in_trash(session, ctx)
        wanted = replace(wanted, uuid=_present_id(session, wanted.uuid))
        times = partial(_times_made, session, of.temporal)
        days = partial(made_on, zone=store.policy.time_zone, others=times)
        asked = Asked(of.temporal, wanted, partial(principals_called, session), days)
        until = min(first + most, _ALL)
        if of.temporal.name != DOCUMENT:
            found = _registered(session, ctx, asked, first, most, is_open=is_open)
            return tuple(one.uuid for one in found)
        found = _registered(session, ctx, asked, 0, until, is_open=is_open)
        others = computed_search.search(store, session, ctx, of, wanted, until, is_open=is_open)
        return tuple(one.uuid for one in sorted([*found, *others], key=in_order)[first : first + most])


def _times_made(session: Session, of: TemporalClass) -> list[Instant]:
    """Return when documents were made that were not registered at once."""
    return [instant_of(one) for one in temporal_index.times_made(session, of.name)]


def _present_id(session: Session, uuid: str | None) -> str | None:
    """Return the id of what became of the object with an id: part of another one, as reading finds it, or itself."""
    if uuid is None or (found := registrations.find(session, (uuid,)).get(uuid)) is None:
        return uuid
    return found[0].uuid


def _registered(session: Session, ctx: Context, asked: Asked, first: int, most: int, *, is_open: bool) -> Sequence[FoundObject]:
    if is_open and asked.search.is_paged:
        return temporal_searching.page(session, asked, first, most)
    found = sorted(temporal_searching.all_of(session, asked), key=in_order)
    if asked.search.is_paged:
        found = [one for one in found if one.key is not None]
    if not is_open:
        found = only_readable(session, ctx, found)
    return found[first : first + most]


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
