"""Searching documents that the LoRA door never registered: what they say is computed, and so in no index.

Where their present facts answer, that is a search which any door could make. Others are looked at as reading shows them: those
that were deleted or changed, where that counts, and those that facts leave in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

from davgate.core.bitemporal.registrations import told_of
from davgate.core.searching import readable
from davgate.core.store import Context, Store
from davgate.model.bitemporal.computed_facts import (
    Doubts,
    Finder,
    condition_of,
    doubts_of,
    opened_in,
    tells_all_of,
    titles_in,
)
from davgate.model.bitemporal.matching import fits, shown
from davgate.model.bitemporal.query import HasCode, Search
from davgate.model.bitemporal.registration import Code, author_uuid, day_of
from davgate.model.instant import FOREVER
from davgate.model.node import NodeKind, Version
from davgate.model.object_types import ObjectType
from davgate.model.query import By, Condition, Fact, prepared
from davgate.model.stored_parts import SCHEME, address_of
from davgate.storage.api import (
    Candidates,
    FoundObject,
    Session,
    computed_candidates,
    directory,
    registrations,
    searching,
    temporal_index,
    versions,
)

_DOCUMENTS: Final = frozenset({NodeKind.DOCUMENT})
_ORDER: Final = (By(Fact.TITLE), By(Fact.UUID))
_AT_ONCE: Final = 500


def search(
    store: Store, session: Session, ctx: Context, of: ObjectType, wanted: Search, most: int, *, is_open: bool
) -> Sequence[FoundObject]:
    """Return documents that were never registered and of which a search holds: of a page, the first ones in its order.

    Where ``is_open``, the caller may read everything, what is deleted too.
    """
    if most == 0:
        return ()
    ids = _by_facts(store, session, ctx, of, wanted, most, is_open=is_open)[:most]
    looked_at = _candidates(store, session, wanted)
    if looked_at is None:
        return computed_candidates.by_ids(session, ids)
    known = frozenset(ids)
    others = [one for one in computed_candidates.find(session, looked_at) if one.node_id not in known]
    others = sorted(others if is_open else only_readable(session, ctx, others), key=in_order)
    # By what they are sorted now is not by what they were then.
    enough = most if wanted.is_paged and looked_at.is_deleted is False else len(others)
    found = [*computed_candidates.by_ids(session, ids), *islice(_that_hold(store, session, of, wanted, others), enough)]
    return sorted(found, key=in_order)[:most]


def in_order(one: FoundObject) -> tuple[str, str]:
    """Return by what objects are sorted."""
    return one.key or "", one.uuid


def only_readable(session: Session, ctx: Context, found: Sequence[FoundObject]) -> list[FoundObject]:
    """Return those objects that the caller may read."""
    # What was deleted is in no collection; whether it may be read is looked at by itself.
    rows = [(one.node_id, one.parent_id or 0, one.made_by, one.is_apart) for one in found]
    may_read = set(readable(session, ctx, rows))
    return [one for one in found if one.node_id in may_read]


def principals_called(session: Session, author: str) -> list[int]:
    """Return the inner ids of an account, by the id by which it is told as an author."""
    namespace = registrations.namespace(session)
    return [one.id for one in directory.everybody(session) if author_uuid(namespace, one.name) == author]


# By facts


def _by_facts(
    store: Store, session: Session, ctx: Context, of: ObjectType, wanted: Search, most: int, *, is_open: bool
) -> list[int]:
    """Return the documents of which facts tell that a search holds, in the order of their titles."""
    zone, authors = store.policy.time_zone, partial(principals_called, session)
    condition = condition_of(wanted, of.name, zone, authors, _finder(session))
    if condition is None:
        return []
    condition = prepared(condition)
    ids: list[int] = []
    if is_open and wanted.is_paged:
        first = 0
        while len(ids) < most and (page := _page(session, condition, first, min(most, _AT_ONCE))):
            ids += _told_by_facts(session, wanted, page)
            first += len(page)
    else:
        all_of = searching.all_of(session, condition, _DOCUMENTS, _ORDER)
        ids = _told_by_facts(session, wanted, readable(session, ctx, all_of))
    return ids


def _page(session: Session, condition: Condition, first: int, most: int) -> list[int]:
    return searching.page(session, condition, _DOCUMENTS, _ORDER, first=first, most=most)[0]


def _told_by_facts(session: Session, wanted: Search, ids: Sequence[int]) -> list[int]:
    """Return those documents of which facts tell whether they are found."""
    if tells_all_of(wanted):
        registered = temporal_index.registered_among(session, ids)
        return [one for one in ids if one not in registered]
    until = FOREVER if wanted.known is None else wanted.known.end
    told = computed_candidates.never_deleted(session, ids, until)
    return [one for one in ids if one in told]


def _finder(session: Session) -> Finder:
    """Return what gives the ids and current versions of the documents that an address may lead to."""

    def find(begins: str) -> Iterator[tuple[str, Version]]:
        for node, _ in registrations.beginning_with(session, begins):
            if (current := versions.find(session, node.id, node.version_no)) is not None:
                yield node.uuid, current

    return find


# One by one


def _candidates(store: Store, session: Session, wanted: Search) -> Candidates | None:
    """Return which documents facts do not tell of, None where there is none."""
    is_known_then = wanted.known is not None
    wants_deleted = any(isinstance(one, HasCode) and one.code is Code.SLETTET for one in wanted.criteria)
    looked_at = Candidates(
        made_before=FOREVER if wanted.known is None else wanted.known.end,
        uuid=wanted.uuid,
        is_deleted=None if is_known_then else wants_deleted,
        titles=titles_in(wanted),
        ever_gone=not tells_all_of(wanted),
        changed=is_known_then and not wants_deleted,
    )
    if not wants_deleted:
        doubts = doubts_of(wanted)
        looked_at = replace(looked_at, notes=doubts.notes, ids=_in_doubt(store, session, looked_at, doubts))
    return looked_at if looked_at.ever_gone or looked_at.notes or looked_at.ids else None


def _in_doubt(store: Store, session: Session, looked_at: Candidates, doubts: Doubts) -> tuple[int, ...]:
    """Return the documents that have or had an address, or were made on a day, that fits a pattern."""
    if not doubts.addresses and not doubts.days:
        return ()
    zone = store.policy.time_zone
    return tuple(
        {
            one.node_id
            for one in computed_candidates.made(session, looked_at, opened_in(doubts))
            if _fits_one(doubts.addresses, SCHEME + address_of(one.uuid, one.version_no, one.digest, one.opened_at))
            or (doubts.days and _fits_one(doubts.days, day_of(one.created_at, zone)))
        }
    )


def _fits_one(patterns: Iterable[str], text: str) -> bool:
    return any(fits(pattern, text) for pattern in patterns)


def _that_hold(
    store: Store, session: Session, of: ObjectType, wanted: Search, found: Sequence[FoundObject]
) -> Iterator[FoundObject]:
    """Yield those documents of which a search holds by what reading shows of them, with their keys, in their order."""
    assert of.temporal is not None
    for first in range(0, len(found), _AT_ONCE):
        some = {one.uuid: one for one in found[first : first + _AT_ONCE]}
        by_uuid = registrations.find(session, some)
        nodes = [by_uuid[uuid][0] for uuid in some]
        for node, told in zip(nodes, told_of(store, session, nodes, wanted.known), strict=True):
            seen = shown(told, of.temporal, wanted)
            if seen.satisfies(wanted.criteria) and not (wanted.is_paged and seen.key is None):
                yield some[node.uuid]._replace(key=seen.key)
