"""Merging of content that is valid for a time: the worked examples M1 to M10, and each rule of lists, relations and parts."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from tests.unit.temporal import (
    DOCUMENT,
    FACET,
    SAG,
    UTC,
    A,
    B,
    C,
    class_of,
    entries,
    facet,
    part,
    patched,
    snapshot_of,
    told,
    variant,
)

from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.merging import Snapshot, consolidated, from_data, to_data, within
from davgate.model.bitemporal.virkning import BEGINNING, Window, parse_timestamp


def properties(of: Snapshot, group: str = "facetegenskaber") -> list[str]:
    return told(of.attributes.get(group, ()))


UNIT = class_of("organisation", "organisationenhed")
UNITS = "organisationenhedegenskaber"


@pytest.fixture
def unit() -> Snapshot:
    return snapshot_of(
        UNIT, {"attributter": {UNITS: entries("2010..2014 bvn=U enhedsnavn=Old", "2014..2020 bvn=U enhedsnavn=New")}}
    )


def test_m1_patch_inside_a_period_splits_it() -> None:
    before = snapshot_of(FACET, {"attributter": {"facetegenskaber": entries("2012..inf@old bvn=ROAD plan=A supplement=yes")}})
    after = patched(before, FACET, {"attributter": {"facetegenskaber": entries("2015-03-10..2015-11-01@new supplement=no")}})
    assert properties(after) == [
        "2012..2015-03-10@old bvn=ROAD plan=A supplement=yes",
        "2015-03-10..2015-11-01@new bvn=ROAD plan=A supplement=no",
        "2015-11-01..inf@old bvn=ROAD plan=A supplement=yes",
    ]


def test_m2_patch_is_cut_at_each_boundary_that_it_crosses(unit: Snapshot) -> None:
    after = patched(unit, UNIT, {"attributter": {UNITS: entries("2013..2016 integrationsdata={}")}})
    assert properties(after, UNITS) == [
        "2010..2013 bvn=U enhedsnavn=Old",
        "2013..2014 bvn=U enhedsnavn=Old integrationsdata={}",
        "2014..2016 bvn=U enhedsnavn=New integrationsdata={}",
        "2016..2020 bvn=U enhedsnavn=New",
    ]


def test_m3_patch_outside_old_periods_stands_alone(unit: Snapshot) -> None:
    after = patched(unit, UNIT, {"attributter": {UNITS: entries("2018..2023 bvn=U9")}})
    assert properties(after, UNITS)[-2:] == ["2018..2020 bvn=U9 enhedsnavn=New", "2020..2023 bvn=U9"]


def test_m3_patch_that_would_lack_a_mandatory_field_is_refused(unit: Snapshot) -> None:
    with pytest.raises(InvalidObject, match="brugervendtnoegle"):
        patched(unit, UNIT, {"attributter": {UNITS: entries("2018..2023 enhedsnavn=X")}})


def test_m4_states_are_laid_over_and_end_by_tombstones() -> None:
    states = "organisationenhedgyldighed"
    before = snapshot_of(UNIT, {"tilstande": {states: entries("2011..inf gyldighed=Aktiv")}})
    once = patched(before, UNIT, {"tilstande": {states: entries("2019-02-01..2019-05-01 gyldighed=Inaktiv")}})
    assert len(once.states[states]) == 3
    twice = patched(once, UNIT, {"tilstande": {"gyldighed": entries("2019-04-01..2019-07-01 gyldighed=")}})
    assert told(twice.states[states]) == [
        "2011..2019-02-01 gyldighed=Aktiv",
        "2019-02-01..2019-04-01 gyldighed=Inaktiv",
        "2019-04-01..2019-07-01",
        "2019-07-01..inf gyldighed=Aktiv",
    ]


def test_m5_relation_to_one_is_replaced_whole() -> None:
    before = snapshot_of(UNIT, {"relationer": {"overordnet": entries(f"2011..2030 uuid={A} objekttype=OrganisationEnhed")}})
    once = patched(before, UNIT, {"relationer": {"overordnet": entries(f"2016..2017 uuid={B}")}})
    assert told(once.relations["overordnet"]) == [
        f"2011..2016 objekttype=OrganisationEnhed uuid={A}",
        f"2016..2017 uuid={B}",
        f"2017..2030 objekttype=OrganisationEnhed uuid={A}",
    ]
    twice = patched(once, UNIT, {"relationer": {"overordnet": entries("2029..2035 uuid= urn=")}})
    assert told(twice.relations["overordnet"])[-2:] == [
        f"2017..2029 objekttype=OrganisationEnhed uuid={A}",
        "2029..2035 urn= uuid=",
    ]


def test_m6_relation_to_many_is_replaced_for_all_time_unless_empty() -> None:
    before = snapshot_of(FACET, {"relationer": {"redaktoerer": entries(f"2010..inf uuid={A}", f"2012..inf uuid={B}")}})
    once = patched(before, FACET, {"relationer": {"redaktoerer": entries(f"2018..inf uuid={B}")}})
    assert told(once.relations["redaktoerer"]) == [f"2018..inf uuid={B}"]
    assert patched(once, FACET, {"relationer": {"redaktoerer": []}}) == once


def test_m7_indexed_relation_is_replaced_entry_by_entry() -> None:
    before = snapshot_of(SAG, {"relationer": {"andresager": entries(f"2015..inf uuid={A}", f"2015..inf uuid={B}")}})
    changes = entries(f"2015..2018 uuid={B}", f"2018..inf uuid={C}", f"2019..inf uuid={A}")
    changes[0]["indeks"], changes[2]["indeks"] = 2, 77
    once = patched(before, SAG, {"relationer": {"andresager": changes}})
    assert sorted(told(once.relations["andresager"]), key=lambda text: text.split("indeks=")[1]) == [
        f"2015..inf indeks=1 uuid={A}",
        f"2015..2018 indeks=2 uuid={B}",
        f"2018..inf indeks=3 uuid={C}",
        f"2019..inf indeks=4 uuid={A}",
    ]
    gone = {**entries("2015..inf uuid= urn=")[0], "indeks": 1}
    twice = patched(once, SAG, {"relationer": {"andresager": [gone]}})
    assert "2015..inf indeks=1 urn= uuid=" in told(twice.relations["andresager"])
    third = patched(twice, SAG, {"relationer": {"andresager": entries(f"2020..inf uuid={A}")}})
    assert f"2020..inf indeks=5 uuid={A}" in told(third.relations["andresager"])


def test_index_that_is_given_twice_is_refused() -> None:
    before = snapshot_of(SAG, {"relationer": {"andresager": entries(f"2015..inf uuid={A}")}})
    twice = [{**one, "indeks": 1} for one in entries(f"2015..inf uuid={A}", f"2015..inf uuid={B}")]
    with pytest.raises(InvalidObject, match="same index"):
        patched(before, SAG, {"relationer": {"andresager": twice}})


def test_new_index_does_not_meet_one_that_a_later_entry_names() -> None:
    first, second = entries(f"2015..inf uuid={A}", f"2015..inf uuid={B}")
    after = snapshot_of(SAG, {"relationer": {"andresager": [first, {**second, "indeks": 1}]}})
    assert told(after.relations["andresager"]) == [f"2015..inf indeks=1 uuid={A}", f"2015..inf indeks=2 uuid={B}"]


def test_m8_empty_group_takes_its_entries_away_alone() -> None:
    before = snapshot_of(FACET, facet())
    after = patched(before, FACET, {"attributter": {"facetegenskaber": []}})
    assert after.attributes == {} and (after.states, after.relations) == (before.states, before.relations)


def test_m9_entry_with_all_fields_stays_whole() -> None:
    of, group = class_of("klassifikation", "klassifikation"), "klassifikationegenskaber"
    fields = "bvn={0} beskrivelse={0} kaldenavn={0} ophavsret={0} integrationsdata={0}"
    old = entries("2015..2018 " + fields.format("a"), "2018..inf " + fields.format("b"))
    before = snapshot_of(of, {"attributter": {group: old}})
    after = patched(before, of, {"attributter": {group: entries("2016..2020 " + fields.format("c"))}})
    assert [text.split(" ")[0] for text in properties(after, group)] == ["2015..2016", "2016..2020", "2020..inf"]


def test_entry_of_a_class_with_all_fields_but_its_keywords_inherits_these() -> None:
    of, group = class_of("klassifikation", "klasse"), "klasseegenskaber"
    plain = "bvn={0} beskrivelse={0} eksempel={0} omfang={0} titel={0} retskilde={0} aendringsnotat={0} integrationsdata={0}"
    old = {**entries("2015..inf " + plain.format("a"))[0], "soegeord": [["k", "d", "c"]]}
    before = snapshot_of(of, {"attributter": {group: [old]}})
    after = patched(before, of, {"attributter": {group: entries("2016..2020 " + plain.format("b"))}})
    assert [one.values["soegeord"] for one in after.attributes[group]] == [[["k", "d", "c"]]] * 3


def test_m10_new_content_of_a_part_inherits_what_else_it_says() -> None:
    before = snapshot_of(
        DOCUMENT,
        {"varianter": [variant("PDF", part("kap", "2021..inf indeks=1 indhold=store:X mimetype=text/plain"))]},
    )
    after = patched(before, DOCUMENT, {"varianter": [variant("PDF", part("kap", "2022..inf indhold=store:Y"))]})
    assert told(after.variants["PDF"].parts["kap"].properties) == [
        "2021..2022 indeks=1 indhold=store:X mimetype=text/plain",
        "2022..inf indeks=1 indhold=store:Y mimetype=text/plain",
    ]


def test_absent_and_empty_sections_change_nothing() -> None:
    before = snapshot_of(FACET, facet())
    for data in ({}, {"attributter": {}}, {"tilstande": {}}, {"relationer": {}}, {"note": "n"}, {"relationer": {"ejer": []}}):
        assert patched(before, FACET, data) == before


def test_clearing_value_ends_a_field_for_its_period() -> None:
    before = snapshot_of(FACET, facet())
    after = patched(before, FACET, {"attributter": {"facetegenskaber": entries("2014..2015 supplement=")}})
    assert properties(after) == [
        "2011-05-01..2014 beskrivelse=d bvn=AC-1 supplement=s0",
        "2014..2015 beskrivelse=d bvn=AC-1",
        "2015..inf beskrivelse=d bvn=AC-1 supplement=s0",
    ]


def test_cleared_mandatory_field_is_kept_as_empty_text() -> None:
    before = snapshot_of(FACET, facet())
    after = patched(before, FACET, {"attributter": {"facetegenskaber": entries("2014..2015 bvn=")}})
    assert properties(after)[1] == "2014..2015 beskrivelse=d bvn= supplement=s0"


def test_same_value_for_part_of_a_period_is_a_change_and_for_all_of_it_is_none() -> None:
    before = snapshot_of(FACET, facet())
    part_of = {"tilstande": {"facetpubliceret": entries("2014..2015 publiceret=Publiceret")}}
    whole = {"tilstande": {"facetpubliceret": entries("2011-05-01..inf publiceret=Publiceret")}}
    assert patched(before, FACET, part_of) != before
    assert patched(before, FACET, whole) == before


def test_note_of_a_period_is_part_of_what_is_compared() -> None:
    before = snapshot_of(FACET, facet())
    noted = {"tilstande": {"facetpubliceret": entries("2011-05-01..inf@why publiceret=Publiceret")}}
    assert patched(before, FACET, noted) != before


# Variants and parts

PARTS = [
    variant("PDF", part("one", "2021..inf indhold=store:1"), part("two", "2021..inf indhold=store:2")),
    variant("TXT", part("one", "2021..inf indhold=store:3")),
]


def shape(of: Snapshot) -> dict[str, list[str]]:
    return {text: list(one.parts) for text, one in of.variants.items()}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {"PDF": ["one", "two"], "TXT": ["one"]}, id="absent"),
        pytest.param({"varianter": []}, {}, id="no-variants"),
        pytest.param({"varianter": [{"varianttekst": "PDF", "dele": []}]}, {"TXT": ["one"]}, id="no-parts"),
        pytest.param(
            {"varianter": [{"varianttekst": "PDF", "dele": [{"deltekst": "one", "egenskaber": []}]}]},
            {"PDF": ["two"], "TXT": ["one"]},
            id="no-properties",
        ),
        pytest.param(
            {"varianter": [variant("A", part("x", "2021..inf lokation=l"))]},
            {"A": ["x"], "PDF": ["one", "two"], "TXT": ["one"]},
            id="new-variant",
        ),
        pytest.param({"varianter": [{"varianttekst": "A"}]}, {"PDF": ["one", "two"], "TXT": ["one"]}, id="empty-variant"),
    ],
)
def test_variants_and_parts_are_matched_by_their_texts(changes: dict[str, object], expected: dict[str, list[str]]) -> None:
    before = snapshot_of(DOCUMENT, {"varianter": PARTS})
    assert shape(patched(before, DOCUMENT, changes)) == expected


@pytest.mark.parametrize(
    ("relations", "expected"),
    [
        pytest.param({}, [], id="empty"),
        pytest.param([], [], id="empty-list"),
        pytest.param({"underredigeringaf": entries(f"2022..inf uuid={B}")}, [f"2022..inf uuid={B}"], id="other"),
    ],
)
def test_relations_of_a_part_are_replaced_whole(relations: object, expected: list[str]) -> None:
    first = part("one", "2021..inf indhold=x", relationer={"underredigeringaf": entries(f"2021..inf uuid={A}")})
    before = snapshot_of(DOCUMENT, {"varianter": [variant("PDF", first)]})
    kept = patched(before, DOCUMENT, {"varianter": [variant("PDF", {"deltekst": "one"})]})
    assert kept == before
    after = patched(before, DOCUMENT, {"varianter": [variant("PDF", {"deltekst": "one", "relationer": relations})]})
    assert told(after.variants["PDF"].parts["one"].relations.get("underredigeringaf", ())) == expected


# Reading


def window(start: str, end: str) -> Window:
    return Window(parse_timestamp(start, UTC), parse_timestamp(end, UTC))


def test_filter_keeps_whole_entries_that_meet_the_window() -> None:
    before = snapshot_of(
        FACET, {"attributter": {"facetegenskaber": entries("2010..2012 bvn=a", "2012..2014 bvn=b", "2014..inf bvn=c")}}
    )
    assert properties(within(before, window("2012-01-01", "2013-01-01"))) == ["2012..2014 bvn=b"]
    assert properties(within(before, window("2011-12-31", "2014-01-02"))) == properties(before)
    assert properties(within(before, Window.at(parse_timestamp("2014-01-01", UTC)))) == ["2014..inf bvn=c"]
    assert within(before, Window.at(BEGINNING)) == Snapshot()


def test_filter_leaves_out_variants_without_anything_valid() -> None:
    before = snapshot_of(DOCUMENT, {"varianter": PARTS})
    assert shape(within(before, window("2000-01-01", "2001-01-01"))) == {}


def test_consolidated_entries_are_joined_where_they_touch() -> None:
    texts = ["2010..2012@first bvn=a", "2012..2013@second bvn=a", "2013..2014 bvn=b", "2014..2015 bvn=a", "2016..inf bvn=a"]
    before = snapshot_of(FACET, {"attributter": {"facetegenskaber": entries(*texts)}})
    assert properties(consolidated(before)) == [
        "2010..2013@first bvn=a",
        "2013..2014 bvn=b",
        "2014..2015 bvn=a",
        "2016..inf bvn=a",
    ]


def test_entries_of_a_bag_that_overlap_are_not_joined() -> None:
    texts = [f"2010..2012 uuid={A}", f"2010..2012 uuid={A}", f"2012..2013 uuid={A}"]
    before = snapshot_of(FACET, {"relationer": {"redaktoerer": entries(*texts)}})
    assert told(consolidated(before).relations["redaktoerer"]) == [f"2010..2012 uuid={A}", f"2010..2013 uuid={A}"]


def test_snapshot_survives_its_way_through_data() -> None:
    document = snapshot_of(DOCUMENT, {"varianter": PARTS})
    for one in (snapshot_of(FACET, facet()), document, Snapshot()):
        assert from_data(to_data(one)) == one


def test_order_of_the_payload_does_not_matter() -> None:
    texts = [f"{year}..{year + 1} supplement={year}" for year in range(2012, 2020)]
    before = snapshot_of(FACET, facet())
    forward = patched(before, FACET, {"attributter": {"facetegenskaber": entries(*texts)}})
    backward = patched(before, FACET, {"attributter": {"facetegenskaber": entries(*reversed(texts))}})
    assert forward == backward


def test_ten_thousand_entries_are_merged_in_well_under_a_second() -> None:
    def days(count: int, text: str) -> list[dict[str, object]]:
        return [{"brugervendtnoegle": text, "virkning": {"from": str(_day(no)), "to": str(_day(no + 1))}} for no in range(count)]

    before = snapshot_of(FACET, {"attributter": {"facetegenskaber": days(10_000, "a")}})
    changes = {
        "attributter": {"facetegenskaber": [{"supplement": "b", "virkning": {"from": "-infinity", "to": str(_day(9_999))}}]}
    }
    changes["attributter"]["facetegenskaber"][0]["brugervendtnoegle"] = "c"
    began = time.perf_counter()
    after = patched(before, FACET, changes)
    assert len(after.attributes["facetegenskaber"]) == 10_001
    assert time.perf_counter() - began < 2


def _day(no: int) -> date:
    return date(1990, 1, 1) + timedelta(days=no)
