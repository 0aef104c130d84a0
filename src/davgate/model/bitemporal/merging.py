"""Content that is valid for a time, and how changes to it are merged (OIO: the objects of the LoRA door).

A snapshot holds lists of entries, each with its period of validity. Merging is a function of a snapshot and a payload; what is
known when, registrations tell. Lists of snapshots are sorted, so that equal content is equal data.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.virkning import BEGINNING, Virkning, Window, uncovered
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.object_types import TemporalClass

Values: TypeAlias = Mapping[str, Any]
"""Names to values as JSON has them."""


@frozen
class Entry:
    """Some values, and when they are valid. What has no value is not there."""

    values: Values
    virkning: Virkning


@frozen
class Given:
    """An entry as a request gives it: ``cleared`` are the names whose former values end."""

    values: Values
    virkning: Virkning
    cleared: frozenset[str] = frozenset()


Lists: TypeAlias = Mapping[str, tuple[Entry, ...]]
GivenLists: TypeAlias = Mapping[str, tuple[Given, ...]]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@frozen
class Part:
    """A part of a variant: what it is, and what it refers to."""

    properties: tuple[Entry, ...] = ()
    relations: Lists = field(default_factory=_nothing)


@frozen
class Variant:
    """A variant of a document with its parts by their texts."""

    properties: tuple[Entry, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=_nothing)


@frozen
class Snapshot:
    """The whole content of an object, for all valid time. Lists without entries are not there."""

    attributes: Lists = field(default_factory=_nothing)
    states: Lists = field(default_factory=_nothing)
    relations: Lists = field(default_factory=_nothing)
    variants: Mapping[str, Variant] = field(default_factory=_nothing)


NOTHING: Final = Snapshot()


@frozen
class GivenPart:
    """A part as a request gives it; None is carried over, what is empty is removed."""

    properties: tuple[Given, ...] | None = None
    relations: GivenLists | None = None


@frozen
class GivenVariant:
    """A variant as a request gives it; None is carried over, what is empty is removed."""

    properties: tuple[Given, ...] | None = None
    parts: Mapping[str, GivenPart] | None = None


@frozen
class Payload:
    """What a request wants to change, validated: the lists that it has, with or without entries. Other lists are carried over."""

    attributes: GivenLists = field(default_factory=_nothing)
    states: GivenLists = field(default_factory=_nothing)
    relations: GivenLists = field(default_factory=_nothing)
    variants: Mapping[str, GivenVariant] | None = None


VARIANT_FIELDS: Final = frozenset({"arkivering", "delvisscannet", "offentliggoerelse", "produktion"})
PART_FIELDS: Final = frozenset({"indeks", "indhold", "lokation", "mimetype"})
INDEX: Final = "indeks"
NO_TARGET: Final[Values] = MappingProxyType({"uuid": "", "urn": ""})
"""Of a relation that leads nowhere on purpose."""


# Merging


def patch(snapshot: Snapshot, payload: Payload, of: TemporalClass) -> Snapshot:
    """Return the content after a request has changed it.

    Raises:
        InvalidObject: an entry of the outcome lacks a mandatory field, or an index is named twice.
    """
    attributes = dict(snapshot.attributes)
    for name, given in payload.attributes.items():
        fields = frozenset(one.name for one in of.groups[name])
        attributes[name] = laid_over(attributes.get(name, ()), given, fields) if given else ()
        _check_mandatory(name, attributes[name], of)
    states = dict(snapshot.states)
    for name, given in payload.states.items():
        states[name] = laid_over(states.get(name, ()), given) if given else ()
    relations = dict(snapshot.relations)
    for name, given in payload.relations.items():
        if given:
            relations[name] = _related(name, relations.get(name, ()), given, of)
    variants = snapshot.variants if payload.variants is None else _varied(snapshot.variants, payload.variants)
    return Snapshot(_present(attributes), _present(states), _present(relations), variants)


def create(payload: Payload, of: TemporalClass) -> Snapshot:
    """Return the content that a request is about as a whole, with indexes counted from 1.

    Raises:
        InvalidObject: see ``patch``.
    """
    return patch(NOTHING, payload, of)


def _check_mandatory(name: str, entries: Iterable[Entry], of: TemporalClass) -> None:
    mandatory = [one.name for one in of.groups[name] if one.is_required]
    for entry in entries:
        for one in mandatory:
            if one not in entry.values:
                raise InvalidObject(f"an entry would be without {one}. Give it, or a period in which it has one.", name)


def _related(name: str, old: tuple[Entry, ...], given: tuple[Given, ...], of: TemporalClass) -> tuple[Entry, ...]:
    if name in of.one:
        return laid_over(old, given)
    if not of.is_indexed:
        return _plain(given)
    return _indexed(name, old, given)


def _indexed(name: str, old: tuple[Entry, ...], given: tuple[Given, ...]) -> tuple[Entry, ...]:
    after = {entry.values[INDEX]: entry for entry in old}
    last = max(after, default=0)
    known = set(after)
    named = [one.values[INDEX] for one in given if one.values.get(INDEX) in known]
    if len(named) != len(set(named)):
        raise InvalidObject("two entries have the same index. Give each at most once.", name)
    for one in given:
        index = one.values.get(INDEX)
        if index not in known:
            last += 1
            index = last
        after[index] = Entry({**one.values, INDEX: index}, one.virkning)
    return _sorted(after.values())


def _varied(old: Mapping[str, Variant], given: Mapping[str, GivenVariant]) -> Mapping[str, Variant]:
    if not given:
        return {}
    after = dict(old)
    for text, one in given.items():
        before = after.get(text, Variant())
        parts = before.parts if one.parts is None else _parted(before.parts, one.parts)
        after[text] = Variant(_changed(before.properties, one.properties, VARIANT_FIELDS), parts)
    return {text: after[text] for text in sorted(after) if after[text].properties or after[text].parts}


def _parted(old: Mapping[str, Part], given: Mapping[str, GivenPart]) -> Mapping[str, Part]:
    if not given:
        return {}
    after = dict(old)
    for text, one in given.items():
        before = after.get(text, Part())
        relations = before.relations
        if one.relations is not None:
            relations = _present({key: _plain(entries) for key, entries in one.relations.items()})
        after[text] = Part(_changed(before.properties, one.properties, PART_FIELDS), relations)
    return {text: after[text] for text in sorted(after) if after[text].properties or after[text].relations}


def _changed(old: tuple[Entry, ...], given: tuple[Given, ...] | None, fields: frozenset[str]) -> tuple[Entry, ...]:
    if given is None:
        return old
    return laid_over(old, given, fields) if given else ()


def _plain(given: Iterable[Given]) -> tuple[Entry, ...]:
    return _sorted(Entry(one.values, one.virkning) for one in given)


def laid_over(old: Sequence[Entry], given: Sequence[Given], fields: frozenset[str] = frozenset()) -> tuple[Entry, ...]:
    """Return a list of which one entry is valid at a time with others laid over it; neither overlap among themselves.

    What is laid over inherits the values of ``fields`` that it does not give from what is below it, cut where that changes; where
    it gives all, it stays whole. Outside, the old entries keep their own.
    """
    over = sorted(given, key=lambda one: one.virkning.start)
    after: list[Entry] = []
    starts, ends = [one.virkning.start for one in old], [one.virkning.end for one in old]
    for one in over:
        if fields <= one.values.keys() | one.cleared:
            after.append(Entry(one.values, one.virkning))
        else:
            below = old[bisect_right(ends, one.virkning.start) : bisect_left(starts, one.virkning.end)]
            after += _inheriting(one, below)
    starts, ends = [one.virkning.start for one in over], [one.virkning.end for one in over]
    for entry in old:
        start, end = entry.virkning.start, entry.virkning.end
        above = [one.virkning for one in over[bisect_right(ends, start) : bisect_left(starts, end)]]
        after += [Entry(entry.values, entry.virkning.during(*part)) for part in uncovered(start, end, above)]
    return _sorted(after)


def _inheriting(one: Given, below: Sequence[Entry]) -> Iterator[Entry]:
    start, end = one.virkning.start, one.virkning.end
    for entry in below:
        values = {name: value for name, value in {**entry.values, **one.values}.items() if name not in one.cleared}
        yield Entry(values, one.virkning.during(max(start, entry.virkning.start), min(end, entry.virkning.end)))
    for part in uncovered(start, end, [entry.virkning for entry in below]):
        yield Entry(one.values, one.virkning.during(*part))


def _present(lists: Lists) -> Lists:
    return {name: lists[name] for name in sorted(lists) if lists[name]}


# Order


def _order(entry: Entry) -> tuple[int, int, int, str, str]:
    values, virkning = entry.values, entry.virkning
    target = values.get("uuid") or values.get("urn") or ""
    said = json.dumps([values, virkning.actor, virkning.actor_type, virkning.note], ensure_ascii=False, sort_keys=True)
    return virkning.start, virkning.end, values.get(INDEX) or 0, target, said


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=_order))


# Reading


def _mapped(snapshot: Snapshot, change: Callable[[tuple[Entry, ...]], tuple[Entry, ...]]) -> Snapshot:
    def lists(old: Lists) -> Lists:
        return _present({name: change(entries) for name, entries in old.items()})

    def part(old: Part) -> Part:
        return Part(change(old.properties), lists(old.relations))

    def variant(old: Variant) -> Variant:
        parts = {text: part(one) for text, one in old.parts.items()}
        parts = {text: one for text, one in parts.items() if one.properties or one.relations}
        return Variant(change(old.properties), parts)

    variants = {text: variant(one) for text, one in snapshot.variants.items()}
    variants = {text: one for text, one in variants.items() if one.properties or one.parts}
    return Snapshot(lists(snapshot.attributes), lists(snapshot.states), lists(snapshot.relations), variants)


def within(snapshot: Snapshot, window: Window) -> Snapshot:
    """Return what of a snapshot is valid at some time in a window; entries keep their whole periods."""
    return _mapped(snapshot, lambda entries: tuple(entry for entry in entries if entry.virkning.overlaps(window)))


def consolidated(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot in which entries that follow one another at once with equal values are one."""
    return _mapped(snapshot, _joined)


def _joined(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    alike: dict[str, list[Entry]] = {}
    for entry in entries:
        alike.setdefault(json.dumps(entry.values, sort_keys=True), []).append(entry)
    after: list[Entry] = []
    for first, *others in alike.values():
        after.append(first)
        for entry in others:
            last = after[-1].virkning
            if last.end == entry.virkning.start:
                after[-1] = replace(after[-1], virkning=last.during(last.start, entry.virkning.end))
            else:
                after.append(entry)
    return _sorted(after)


# Data


def to_data(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as JSON has it; equal ones are equal data. Periods are microseconds, null where they have no end."""
    return {
        "attributter": _lists_to_data(snapshot.attributes),
        "tilstande": _lists_to_data(snapshot.states),
        "relationer": _lists_to_data(snapshot.relations),
        "varianter": {
            text: {
                "egenskaber": _entries_to_data(one.properties),
                "dele": {
                    part: {"egenskaber": _entries_to_data(it.properties), "relationer": _lists_to_data(it.relations)}
                    for part, it in one.parts.items()
                },
            }
            for text, one in snapshot.variants.items()
        },
    }


def _lists_to_data(lists: Lists) -> dict[str, Any]:
    return {name: _entries_to_data(entries) for name, entries in lists.items()}


def _entries_to_data(entries: Iterable[Entry]) -> list[list[Any]]:
    return [_to_datum(entry.values, entry.virkning) for entry in entries]


def _to_datum(values: Values, valid: Virkning) -> list[Any]:
    period = [None if valid.start == BEGINNING else valid.start, None if valid.end == FOREVER else valid.end, dict(values)]
    said = [valid.actor, valid.actor_type, valid.note]
    return [*period, said] if any(said) else period


def from_data(data: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot of which ``to_data`` made the data."""
    variants = {
        text: Variant(
            _entries_from_data(one["egenskaber"]),
            {
                part: Part(_entries_from_data(it["egenskaber"]), _lists_from_data(it["relationer"]))
                for part, it in one["dele"].items()
            },
        )
        for text, one in data["varianter"].items()
    }
    attributes, states, relations = (_lists_from_data(data[section]) for section in ("attributter", "tilstande", "relationer"))
    return Snapshot(attributes, states, relations, variants)


def _lists_from_data(data: Mapping[str, Any]) -> Lists:
    return {name: _entries_from_data(entries) for name, entries in data.items()}


def _entries_from_data(data: Iterable[Sequence[Any]]) -> tuple[Entry, ...]:
    return tuple(_from_datum(*datum) for datum in data)


def _from_datum(start: int | None, end: int | None, values: Values, said: Sequence[str] = ("", "", "")) -> Entry:
    period = BEGINNING if start is None else Instant(start), FOREVER if end is None else Instant(end)
    return Entry(values, Virkning(*period, *said))
