"""Merging compared with a naive model that keeps one value for each day: random snapshots and patches of each kind of list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.temporal import FACET, SAG, UTC, A, B, C, patched, snapshot_of

from davgate.model.bitemporal.merging import Entry, Snapshot, consolidated, from_data, to_data, within
from davgate.model.bitemporal.virkning import BEGINNING, Window, iso_text, parse_timestamp
from davgate.model.instant import FOREVER, Instant

DAYS = 12
FIRST = date(2020, 1, 1)
GROUP, STATES = "facetegenskaber", "facetpubliceret"
OPTIONAL = ("beskrivelse", "plan", "supplement")

Day: TypeAlias = tuple[dict[str, Any], str]
"""What is valid on a day, and the note of its period."""
Given: TypeAlias = list[dict[str, Any]]


def instant(day: int) -> str:
    """Return the beginning of a day; before the first and behind the last one time has no end."""
    if day <= 0 or day >= DAYS:
        return "-infinity" if day <= 0 else "infinity"
    return (FIRST + timedelta(days=day)).isoformat()


def at(day: int) -> Instant:
    """Return the noon of a day."""
    return parse_timestamp(f"{FIRST + timedelta(days=day)}T12:00", UTC)


def is_valid(entry: Entry, day: int) -> bool:
    return entry.virkning.overlaps(Window.at(at(day)))


@st.composite
def periods(draw: st.DrawFn, *, apart: bool) -> list[tuple[int, int]]:
    """Draw periods of whole days, in any order; ``apart`` they do not overlap."""
    if not apart:
        ends = draw(st.lists(st.lists(st.integers(0, DAYS), min_size=2, max_size=2, unique=True).map(sorted), max_size=4))
        return [(start, end) for start, end in ends]
    cuts = draw(st.lists(st.integers(0, DAYS), min_size=2, max_size=7, unique=True).map(sorted))
    chosen = [pair for pair in zip(cuts, cuts[1:], strict=False) if draw(st.booleans())]
    return draw(st.permutations(chosen))


def with_period(values: Mapping[str, Any], span: tuple[int, int], note: str) -> dict[str, Any]:
    return {**values, "virkning": {"from": instant(span[0]), "to": instant(span[1]), "notetekst": note}}


NOTES = st.sampled_from(["", "n", "m"])
FIELDS = st.fixed_dictionaries(
    {"brugervendtnoegle": st.sampled_from(["x", "y", ""])}, optional={name: st.sampled_from(["", "a", "b"]) for name in OPTIONAL}
)
WHOLE = st.fixed_dictionaries({name: st.sampled_from(["", "a", "b"]) for name in (one.name for one in FACET.groups[GROUP])})
CODES = st.sampled_from([{"publiceret": code} for code in ("Publiceret", "IkkePubliceret", "")])
TARGETS = st.sampled_from([{"uuid": A}, {"uuid": B, "objekttype": "X"}, {"urn": "urn:c"}, {"uuid": "", "urn": ""}])


@st.composite
def listed(draw: st.DrawFn, values: st.SearchStrategy[dict[str, Any]], *, apart: bool = True) -> Given:
    """Draw the entries of a list."""
    return [with_period(draw(values), span, draw(NOTES)) for span in draw(periods(apart=apart))]


def payload_of(fields: Given, states: Given, one: Given, many: Given) -> dict[str, Any]:
    return {
        "attributter": {GROUP: fields},
        "tilstande": {STATES: states},
        "relationer": {"ansvarlig": one, "redaktoerer": many},
    }


CONTENT = st.builds(payload_of, listed(FIELDS | WHOLE), listed(CODES), listed(TARGETS), listed(TARGETS, apart=False))


# The naive model


def days_of(entries: Sequence[Entry]) -> list[Day | None]:
    """Return what is valid on each day; fail where that is more than one entry."""
    told: list[Day | None] = []
    for day in range(DAYS):
        valid = [entry for entry in entries if is_valid(entry, day)]
        assert len(valid) <= 1
        told.append((dict(valid[0].values), valid[0].virkning.note) if valid else None)
    return told


def given_on(entries: Given, day: int) -> dict[str, Any] | None:
    for one in entries:
        start, end = parse_timestamp(one["virkning"]["from"], UTC), parse_timestamp(one["virkning"]["to"], UTC)
        if Window.at(at(day)).overlaps(start, end):
            return one
    return None


def merged_on(before: Day | None, one: dict[str, Any] | None, *, inherits: bool) -> Day | None:
    """Return what a day says after a patch."""
    if one is None:
        return before
    values = {name: value for name, value in one.items() if name != "virkning"}
    if inherits:
        merged = {**(before[0] if before is not None else {}), **values}
        values = {name: value for name, value in merged.items() if value != "" or name == "brugervendtnoegle"}
    elif "publiceret" in values:
        values = {name: value for name, value in values.items() if value != ""}
    return values, one["virkning"]["notetekst"]


def expected(before: Sequence[Entry], entries: Given, *, inherits: bool) -> list[Day | None]:
    if not entries:
        return days_of(before)
    told = days_of(before)
    return [merged_on(told[day], given_on(entries, day), inherits=inherits) for day in range(DAYS)]


@given(CONTENT, CONTENT)
def test_each_day_says_what_a_model_of_days_says(first: dict[str, Any], second: dict[str, Any]) -> None:
    before = snapshot_of(FACET, first)
    after = patched(before, FACET, second)

    fields, codes, one = second["attributter"][GROUP], second["tilstande"][STATES], second["relationer"]["ansvarlig"]
    listed_fields, listed_codes = after.attributes.get(GROUP, ()), after.states.get(STATES, ())
    assert days_of(listed_fields) == (
        expected(before.attributes.get(GROUP, ()), fields, inherits=True) if fields else [None] * DAYS
    )
    assert days_of(listed_codes) == (expected(before.states.get(STATES, ()), codes, inherits=False) if codes else [None] * DAYS)
    assert days_of(after.relations.get("ansvarlig", ())) == expected(before.relations.get("ansvarlig", ()), one, inherits=False)


@given(CONTENT, CONTENT)
def test_a_bag_is_what_the_payload_says_or_what_it_was(first: dict[str, Any], second: dict[str, Any]) -> None:
    before = snapshot_of(FACET, first)
    after = patched(before, FACET, second)

    many = second["relationer"]["redaktoerer"]
    alone = snapshot_of(FACET, {"relationer": {"redaktoerer": many}})
    assert after.relations.get("redaktoerer") == (alone if many else before).relations.get("redaktoerer")


@given(CONTENT, CONTENT)
def test_entries_of_which_one_is_valid_at_a_time_never_overlap(first: dict[str, Any], second: dict[str, Any]) -> None:
    after = patched(snapshot_of(FACET, first), FACET, second)

    for entries in (*after.attributes.values(), *after.states.values(), after.relations.get("ansvarlig", ())):
        assert all(one.virkning.start < one.virkning.end for one in entries)
        for one, following in zip(entries, entries[1:], strict=False):
            assert one.virkning.end <= following.virkning.start


@given(CONTENT, CONTENT, st.randoms(use_true_random=False))
def test_the_order_of_a_payload_changes_nothing(first: dict[str, Any], second: dict[str, Any], chance: Any) -> None:
    before = snapshot_of(FACET, first)
    shuffled = {
        section: {name: chance.sample(entries, len(entries)) for name, entries in lists.items()}
        for section, lists in second.items()
    }
    assert patched(before, FACET, second) == patched(before, FACET, shuffled)


@given(CONTENT, CONTENT)
def test_a_patch_that_is_repeated_changes_nothing(first: dict[str, Any], second: dict[str, Any]) -> None:
    once = patched(snapshot_of(FACET, first), FACET, second)
    assert patched(once, FACET, second) == once


@given(CONTENT)
def test_what_is_read_can_be_given_back_as_a_whole(content: dict[str, Any]) -> None:
    before = snapshot_of(FACET, content)
    again = {
        "attributter": {name: [returned(one) for one in entries] for name, entries in before.attributes.items()},
        "tilstande": {name: [returned(one, publiceret="") for one in entries] for name, entries in before.states.items()},
        "relationer": {name: [returned(one) for one in entries] for name, entries in before.relations.items()},
    }
    assert snapshot_of(FACET, again) == before


def returned(entry: Entry, **lacking: str) -> dict[str, Any]:
    start, end = entry.virkning.start, entry.virkning.end
    ends = {
        "from": "-infinity" if start == BEGINNING else iso_text(start),
        "to": "infinity" if end == FOREVER else iso_text(end),
        "notetekst": entry.virkning.note,
    }
    return {**lacking, **entry.values, "virkning": ends}


@given(CONTENT)
def test_consolidated_content_says_the_same_on_each_day(content: dict[str, Any]) -> None:
    before = snapshot_of(FACET, content)
    joined = consolidated(before)

    for name, entries in before.attributes.items():
        told = [day and day[0] for day in days_of(entries)]
        assert [day and day[0] for day in days_of(joined.attributes[name])] == told
    for name, entries in joined.attributes.items():
        for one, following in zip(entries, entries[1:], strict=False):
            assert one.virkning.end < following.virkning.start or one.values != following.values, name


@given(CONTENT, st.integers(0, DAYS - 1))
def test_an_instant_shows_what_is_valid_then(content: dict[str, Any], day: int) -> None:
    before = snapshot_of(FACET, content)
    shown = within(before, Window.at(at(day)))

    for all_of, some_of in (
        (before.attributes, shown.attributes),
        (before.states, shown.states),
        (before.relations, shown.relations),
    ):
        for name, entries in all_of.items():
            assert list(some_of.get(name, ())) == [one for one in entries if is_valid(one, day)]


@given(CONTENT, CONTENT)
def test_data_are_equal_where_snapshots_are(first: dict[str, Any], second: dict[str, Any]) -> None:
    one, other = snapshot_of(FACET, first), snapshot_of(FACET, second)
    assert from_data(to_data(one)) == one
    assert (to_data(one) == to_data(other)) == (one == other)


# Indexed relations

INDEXED = st.lists(st.tuples(st.sampled_from([A, B, C, ""]), st.none() | st.integers(1, 6), st.integers(0, DAYS - 1)), max_size=5)


def indexed(entries: Sequence[tuple[str, int | None, int]], *, known: frozenset[int] = frozenset()) -> Given:
    """Return entries, none of which names the known index of another one."""
    told: Given = []
    named: set[int] = set()
    for target, index, day in entries:
        values: dict[str, Any] = {"uuid": target, "urn": ""} if target == "" else {"uuid": target}
        if index is not None and not (index in known and index in named):
            values["indeks"] = index
            named.add(index)
        told.append(with_period(values, (day, DAYS), ""))
    return told


@given(INDEXED, INDEXED)
def test_indexes_are_kept_replaced_or_new(first: Any, second: Any) -> None:
    before = snapshot_of(SAG, {"relationer": {"andresager": indexed(first)}}).relations.get("andresager", ())
    known = {one.values["indeks"]: one for one in before}
    assert sorted(known) == list(range(1, len(first) + 1))

    payload = indexed(second, known=frozenset(known))
    base = Snapshot(relations={"andresager": before} if before else {})
    after = patched(base, SAG, {"relationer": {"andresager": payload}}).relations.get("andresager", ())
    by_index = {one.values["indeks"]: one for one in after}
    new = [one for one in payload if one.get("indeks") not in known]
    assert sorted(by_index) == list(range(1, len(known) + len(new) + 1))
    for index, one in known.items():
        if index not in {entry.get("indeks") for entry in payload}:
            assert by_index[index] == one
    for entry, index in [(one, one["indeks"]) for one in payload if one.get("indeks") in known] + [
        (one, len(known) + no) for no, one in enumerate(new, 1)
    ]:
        assert by_index[index].values["uuid"] == entry["uuid"]
