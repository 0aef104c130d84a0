"""Validation of payloads of OIO objects: what is taken, what is refused and where, for each kind of value, list and relation."""

from __future__ import annotations

from datetime import UTC as UTC_ZONE
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.temporal import DOCUMENT, FACET, SAG, UTC, A, B, class_of, document, entries, entry, facet, part, variant

from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.merging import Payload
from davgate.model.bitemporal.payload import is_passivation, parse_payload, with_addresses
from davgate.model.bitemporal.virkning import BEGINNING, iso_text, parse_timestamp
from davgate.model.instant import FOREVER, from_datetime
from davgate.model.object_types import TemporalClass

AKTIVITET, KLASSE, TILSTAND = (
    class_of("aktivitet", "aktivitet"),
    class_of("klassifikation", "klasse"),
    class_of("tilstand", "tilstand"),
)
GROUP = "facetegenskaber"


def parsed(of: TemporalClass, data: dict[str, Any], *, is_complete: bool = False, files: tuple[str, ...] = ()) -> Payload:
    return parse_payload(of, data, UTC, is_complete=is_complete, files=files)


def refused(of: TemporalClass, data: dict[str, Any], *, is_complete: bool = False) -> str:
    """Return where a payload is refused."""
    with pytest.raises(InvalidObject) as caught:
        parsed(of, data, is_complete=is_complete)
    return caught.value.place


def field(of: TemporalClass, group: str, name: str, value: object) -> Any:
    """Return what a field of a PATCH comes to: its value, None, or ``cleared``."""
    (one,) = parsed(of, {"attributter": {group: [{**entry("2021..inf"), name: value}]}}).attributes[group]
    return "cleared" if name in one.cleared else one.values.get(name)


# Times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-04", datetime(2021, 3, 4, tzinfo=UTC_ZONE)),
        ("2021-03-04T09:10", datetime(2021, 3, 4, 9, 10, tzinfo=UTC_ZONE)),
        ("2021-03-04 09:10:11", datetime(2021, 3, 4, 9, 10, 11, tzinfo=UTC_ZONE)),
        ("2021-03-04T09:10:11.5", datetime(2021, 3, 4, 9, 10, 11, 500_000, tzinfo=UTC_ZONE)),
        ("2021-03-04T09:10:11.123456Z", datetime(2021, 3, 4, 9, 10, 11, 123_456, tzinfo=UTC_ZONE)),
        ("2021-03-04 09:10:11+02", datetime(2021, 3, 4, 7, 10, 11, tzinfo=UTC_ZONE)),
        ("2021-03-04T09:10:11+0230", datetime(2021, 3, 4, 6, 40, 11, tzinfo=UTC_ZONE)),
        ("2021-03-04T09:10:11-01:00", datetime(2021, 3, 4, 10, 10, 11, tzinfo=UTC_ZONE)),
        ("9999-12-31", datetime(9999, 12, 31, tzinfo=UTC_ZONE)),
    ],
)
def test_timestamp_is_an_instant(text: str, expected: datetime) -> None:
    assert parse_timestamp(text, UTC) == from_datetime(expected)


def test_timestamp_without_offset_is_in_the_zone_of_the_installation() -> None:
    copenhagen = ZoneInfo("Europe/Copenhagen")
    assert iso_text(parse_timestamp("2021-07-01T12:00", copenhagen)) == "2021-07-01T10:00:00+00:00"
    assert iso_text(parse_timestamp("2021-07-01T12:00Z", copenhagen)) == "2021-07-01T12:00:00+00:00"


def test_time_without_end_has_words() -> None:
    assert (parse_timestamp("-infinity", UTC), parse_timestamp("infinity", UTC)) == (BEGINNING, FOREVER)
    assert (iso_text(BEGINNING), iso_text(FOREVER)) == ("-infinity", "infinity")


@pytest.mark.parametrize(
    "text",
    ["", "now", "2021", "2021-3-4", "2021-13-01", "2021-02-30", "2021-03-04T25:00", "2021-03-04T09:10:11.1234567", "04-03-2021",
     "2021-03-04T09:10:11+25:00", "0001-01-01T00:00+02:00", "9999-12-31T23:59-02:00", "２０２１-03-04", None, 5, True],
)  # fmt: skip
def test_anything_else_is_no_timestamp(text: object) -> None:
    with pytest.raises(InvalidObject):
        parse_timestamp(text, UTC)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"from": "2022", "to": "infinity"}, ".from"),
        ({"from": None}, ".from"),
        ({"to": None}, ".to"),
        ({"from": "2022-01-01", "to": "2022-01-01"}, ""),
        ({"from": "infinity", "to": "infinity"}, ""),
        ({"hest": 1}, ""),
        ({"from_included": "x"}, ".from_included"),
        ({"aktoerref": "x"}, ".aktoerref"),
        ({"aktoertypekode": "Hest"}, ".aktoertypekode"),
        ({"notetekst": 1}, ".notetekst"),
        ({"notetekst": "\0"}, ".notetekst"),
    ],
)
def test_wrong_period_is_refused_where_it_is(change: dict[str, Any], place: str) -> None:
    virkning = {"from": "2021-01-01", "to": "infinity", **change}
    data = {"attributter": {GROUP: [{"plan": "p", "virkning": virkning}]}}
    assert refused(FACET, data) == f"attributter.{GROUP}[0].virkning{place}"


def test_period_keeps_who_and_why_and_ignores_what_is_included() -> None:
    said = {"from_included": False, "to_included": True, "aktoerref": A.upper(), "aktoertypekode": "Bruger", "notetekst": "n"}
    data = {"attributter": {GROUP: [{"virkning": {"from": "-infinity", "to": "2021-01-01", **said}}]}}
    (one,) = parsed(FACET, data).attributes[GROUP]
    virkning = one.virkning
    assert (virkning.start, virkning.actor, virkning.actor_type, virkning.note) == (BEGINNING, A, "Bruger", "n")


# Values

DOC, SAGE, AKT = "dokumentegenskaber", "sagegenskaber", "aktivitetegenskaber"
EXEMPT = "offentlighedundtaget"


@pytest.mark.parametrize(
    ("of", "group", "name", "value", "expected"),
    [
        pytest.param(FACET, GROUP, "plan", "p", "p", id="text"),
        pytest.param(FACET, GROUP, "plan", "", "cleared", id="text-cleared"),
        pytest.param(FACET, GROUP, "plan", None, None, id="null"),
        pytest.param(FACET, GROUP, "brugervendtnoegle", "", "", id="mandatory-cleared"),
        pytest.param(DOCUMENT, DOC, "major", 0, 0, id="int"),
        pytest.param(DOCUMENT, DOC, "major", "", "cleared", id="int-cleared"),
        pytest.param(SAG, SAGE, "afleveret", False, False, id="boolean"),
        pytest.param(SAG, SAGE, "afleveret", "1", True, id="boolean-digit"),
        pytest.param(SAG, SAGE, "afleveret", "False", False, id="boolean-word"),
        pytest.param(SAG, SAGE, "afleveret", "", "cleared", id="boolean-cleared"),
        pytest.param(DOCUMENT, DOC, "brevdato", "2021-02-03", "2021-02-03", id="date"),
        pytest.param(AKTIVITET, AKT, "starttidspunkt", "2021-02-03T04:05+01", "2021-02-03T03:05:00+00:00", id="timestamp"),
        pytest.param(AKTIVITET, AKT, "starttidspunkt", "infinity", "infinity", id="timestamp-infinity"),
        pytest.param(AKTIVITET, AKT, "tidsforbrug", "1 02:03:04", "1 02:03:04", id="interval"),
        pytest.param(AKTIVITET, AKT, "tidsforbrug", "02:03:04", "02:03:04", id="interval-of-hours"),
        pytest.param(SAG, SAGE, EXEMPT, {}, None, id="exemption-not-given"),
        pytest.param(
            SAG, SAGE, "offentlighedundtaget", {"hjemmel": "h", "alternativtitel": ""}, {"hjemmel": "h"}, id="exemption"
        ),
        pytest.param(
            SAG, SAGE, "offentlighedundtaget", {"hjemmel": "", "alternativtitel": ""}, "cleared", id="exemption-cleared"
        ),
        pytest.param(KLASSE, "klasseegenskaber", "soegeord", [["a", "b", "c"]], [["a", "b", "c"]], id="keywords"),
        pytest.param(
            KLASSE,
            "klasseegenskaber",
            "soegeord",
            [{"soegeordidentifikator": "a", "beskrivelse": "b", "soegeordskategori": "c"}],
            [["a", "b", "c"]],
            id="keywords-as-replied",
        ),
        pytest.param(KLASSE, "klasseegenskaber", "soegeord", [], "cleared", id="keywords-cleared"),
        pytest.param(
            class_of("organisation", "itsystem"),
            "itsystemegenskaber",
            "konfigurationreference",
            ["x", "y"],
            ["x", "y"],
            id="list",
        ),
    ],
)
def test_value_is_stored_in_one_form(of: TemporalClass, group: str, name: str, value: object, expected: object) -> None:
    assert field(of, group, name, value) == expected


@pytest.mark.parametrize(
    ("of", "group", "name", "value"),
    [
        (FACET, GROUP, "plan", 5),
        (FACET, GROUP, "plan", ["x"]),
        (FACET, GROUP, "plan", "\ud800"),
        (DOCUMENT, DOC, "major", "5"),
        (DOCUMENT, DOC, "major", True),
        (DOCUMENT, DOC, "major", 1.5),
        (DOCUMENT, DOC, "major", 2**70),
        (SAG, SAGE, "afleveret", 1),
        (SAG, SAGE, "afleveret", "ja"),
        (SAG, SAGE, "afleveret", []),
        (DOCUMENT, DOC, "brevdato", "2021-02-30"),
        (DOCUMENT, DOC, "brevdato", "20210203"),
        (AKTIVITET, AKT, "tidsforbrug", "an hour"),
        (AKTIVITET, AKT, "tidsforbrug", "1:2:3"),
        (SAG, SAGE, "offentlighedundtaget", "x"),
        (SAG, SAGE, "offentlighedundtaget", {"hest": "x"}),
        (KLASSE, "klasseegenskaber", "soegeord", [["a", "b"]]),
        (KLASSE, "klasseegenskaber", "soegeord", [{"hest": "a"}]),
        (KLASSE, "klasseegenskaber", "soegeord", "a"),
    ],
)
def test_value_of_another_kind_is_refused(of: TemporalClass, group: str, name: str, value: object) -> None:
    assert refused(of, {"attributter": {group: [{**entry("2021..inf"), name: value}]}}).startswith(
        f"attributter.{group}[0].{name}"
    )


# The whole


def without(section: str, **lists: Any) -> dict[str, Any]:
    """Return the base facet without a section, or with other lists in it."""
    data = facet()
    if lists:
        data[section] = {key: value for key, value in {**data[section], **lists}.items() if value is not None}
    else:
        del data[section]
    return data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(without("attributter"), id="no-attributes"),
        pytest.param(without("tilstande"), id="no-states"),
        pytest.param(without("attributter", facetegenskaber=None), id="no-group"),
        pytest.param(without("attributter", facetegenskaber=[]), id="empty-group"),
        pytest.param(without("attributter", facetegenskaber=entries("2021..inf plan=p")), id="no-mandatory-field"),
        pytest.param(without("tilstande", facetpubliceret=[]), id="empty-states"),
        pytest.param(without("tilstande", facetpubliceret=entries("2021..inf publiceret=")), id="tombstone-of-state"),
        pytest.param(without("tilstande", facetpubliceret=entries("2021..inf publiceret=Nej")), id="unknown-code"),
        pytest.param(facet() | {"hest": 1}, id="unknown-section"),
        pytest.param(facet() | {"varianter": []}, id="variants-of-no-document"),
        pytest.param(facet() | {"note": 5}, id="note"),
        pytest.param(facet() | {"livscyklus": 5}, id="life-cycle"),
        pytest.param(facet() | {"relationer": []}, id="relations-as-list"),
        pytest.param(facet() | {"attributter": None}, id="attributes-null"),
    ],
)
def test_incomplete_object_is_refused(data: dict[str, Any]) -> None:
    refused(FACET, data, is_complete=True)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"attributter": {"hest": []}}, id="group"),
        pytest.param({"attributter": {GROUP: [{**entry("2021..inf"), "hest": 1}]}}, id="field"),
        pytest.param({"attributter": {GROUP: {}}}, id="group-no-list"),
        pytest.param({"attributter": {GROUP: ["x"]}}, id="entry-no-object"),
        pytest.param({"attributter": {GROUP: [{"plan": "p"}]}}, id="no-period"),
        pytest.param({"attributter": {GROUP: entries("2021..2023 plan=p", "2022..2024 plan=q")}}, id="overlap"),
        pytest.param({"tilstande": {"hest": []}}, id="state-list"),
        pytest.param({"tilstande": {"publiceret": [], "facetpubliceret": []}}, id="state-list-twice"),
        pytest.param({"tilstande": {"publiceret": entries("2021..inf")}}, id="no-code"),
        pytest.param(
            {"tilstande": {"publiceret": entries("2021..2023 publiceret=", "2022..2024 publiceret=")}}, id="state-overlap"
        ),
        pytest.param({"relationer": {"hest": []}}, id="relation"),
        pytest.param({"relationer": {"ejer": entries(f"2021..2023 uuid={A}", f"2022..2024 uuid={B}")}}, id="relation-overlap"),
        pytest.param({"relationer": {"ejer": entries("2021..inf")}}, id="no-target"),
        pytest.param({"relationer": {"ejer": entries(f"2021..inf uuid={A} urn=urn:a")}}, id="two-targets"),
        pytest.param({"relationer": {"ejer": entries("2021..inf uuid=")}}, id="half-a-tombstone"),
        pytest.param({"relationer": {"ejer": entries("2021..inf urn=abc:1")}}, id="no-urn"),
        pytest.param({"relationer": {"ejer": entries("2021..inf uuid=abc")}}, id="no-uuid"),
        pytest.param({"relationer": {"ejer": entries(f"2021..inf uuid={A} hest=1")}}, id="relation-key"),
        pytest.param({"relationer": {"redaktoerer": [{**entry(f"2021..inf uuid={A}"), "indeks": 1}]}}, id="index-of-no-indexed"),
        pytest.param({"relationer": {"ejer": [{**entry(f"2021..inf uuid={A}"), "objekttype": 1}]}}, id="kind-no-text"),
    ],
)
def test_wrong_change_is_refused(data: dict[str, Any]) -> None:
    assert refused(FACET, data)


def test_touching_periods_bare_state_names_and_tombstones_are_taken() -> None:
    data = {
        "attributter": {GROUP: entries("2021..2022 plan=p", "2022..2024 plan=q")},
        "tilstande": {"publiceret": entries("2021..inf publiceret=")},
        "relationer": {"ejer": entries("2021..inf uuid= urn="), "redaktoerer": entries(f"2021..inf uuid={A.upper()}")},
    }
    payload = parsed(FACET, data)
    assert payload.states["facetpubliceret"][0].values == {}
    assert payload.relations["ejer"][0].values == {"uuid": "", "urn": ""}
    assert payload.relations["redaktoerer"][0].values == {"uuid": A}


@pytest.mark.parametrize(("data", "is_it"), [({"livscyklus": "PASSIV"}, True), ({"livscyklus": "Aktiv"}, False), ({}, False)])
def test_passivation_is_a_word_in_any_case(data: dict[str, Any], is_it: bool) -> None:
    assert is_passivation(data) is is_it


# Relations that say more


def related(of: TemporalClass, name: str, *, is_complete: bool = False, **more: Any) -> Any:
    """Return what an entry of a relation comes to."""
    one = {**entry("2021..inf"), **more}
    complete: dict[str, Any] = {}
    if is_complete:
        complete = {
            "attributter": {SAGE: entries("2021..inf bvn=S beskrivelse=d kassationskode=k sagsnummer=1 titel=t")},
            "tilstande": {"sagfremdrift": entries("2021..inf fremdrift=Oplyst")},
        }
    return parsed(of, {**complete, "relationer": {name: [one]}}, is_complete=is_complete).relations[name][0].values


def test_journal_entry_is_taken_by_the_names_of_requests_and_of_replies() -> None:
    note = {"titel": "t", "notat": "", "format": "f"}
    said = {"uuid": A, "journalpostkode": "journalnotat", "journalnotat": {"titel": "t", "format": "f"}}
    assert related(SAG, "journalpost", uuid=A, journalpostkode="journalnotat", journalnotat=note) == said
    assert (
        related(SAG, "journalpost", uuid=A, reltypespec="journalnotat", journalpostkode="journalnotat", journalnotat=note) == said
    )
    letter = {"dokumenttitel": "d", "offentlighedundtaget": {"alternativtitel": "a", "hjemmel": ""}}
    stored = {"dokumenttitel": "d", "offentlighedundtaget": {"alternativtitel": "a"}}
    expected = {"uuid": A, "journalpostkode": "tilakteretdokument", "journaldokument": stored}
    assert related(SAG, "journalpost", uuid=A, journalpostkode="tilakteretdokument", journaldokumentattr=letter) == expected


@pytest.mark.parametrize(
    ("is_complete", "more"),
    [
        (False, {}),
        (False, {"journalpostkode": "x"}),
        (True, {"journalpostkode": "tilakteretdokument"}),
        (False, {"journalpostkode": "vedlagtdokument", "journalnotat": {"titel": "t"}}),
        (False, {"journalpostkode": "journalnotat", "journaldokument": {"dokumenttitel": "t"}}),
        (False, {"journalpostkode": "journalnotat", "journalnotat": {"hest": "t"}}),
        (False, {"journalpostkode": "journalnotat", "reltypespec": "vedlagtdokument"}),
        (False, {"journalpostkode": "journalnotat", "indeks": "1"}),
    ],
)
def test_journal_entry_of_another_form_is_refused(is_complete: bool, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidObject):
        related(SAG, "journalpost", is_complete=is_complete, uuid=A, **more)


def test_tombstone_of_a_journal_entry_needs_nothing_else() -> None:
    assert related(SAG, "journalpost", uuid="", urn="", indeks=3) == {"uuid": "", "urn": "", "indeks": 3}


def test_index_of_a_relation_to_one_is_ignored() -> None:
    assert related(SAG, "ejer", uuid=A, indeks=3) == {"uuid": A}


def test_actor_of_an_activity_is_kept_where_it_belongs() -> None:
    actor = {"accepteret": "accepteret", "obligatorisk": "valgfri", "repraesentation_uuid": B.upper()}
    kept = {"accepteret": "accepteret", "obligatorisk": "valgfri", "repraesentation_uuid": B}
    assert related(AKTIVITET, "deltager", uuid=A, aktoerattr=actor) == {"uuid": A, "aktoerattr": kept}
    assert related(AKTIVITET, "adresse", uuid=A, aktoerattr=actor) == {"uuid": A}
    for wrong in (
        {"accepteret": "x"},
        {"obligatorisk": "x"},
        {"hest": 1},
        {"repraesentation_uuid": A, "repraesentation_urn": "urn:a"},
    ):
        with pytest.raises(InvalidObject):
            related(AKTIVITET, "deltager", uuid=A, aktoerattr=wrong)


def test_value_of_a_state_has_no_target() -> None:
    value = {"forventet": False, "nominelvaerdi": "5"}
    assert related(TILSTAND, "tilstandsvaerdi", tilstandsvaerdiattr=value) == {"tilstandsvaerdiattr": value}
    complete = {
        "attributter": {"tilstandegenskaber": entries("2021..inf bvn=T")},
        "tilstande": {
            "tilstandstatus": entries("2021..inf status=Aktiv"),
            "tilstandpubliceret": entries("2021..inf publiceret=Normal"),
        },
    }
    assert refused(TILSTAND, {**complete, "relationer": {"tilstandsvaerdi": entries(f"2021..inf uuid={A}")}}, is_complete=True)


# Variants and parts


@pytest.mark.parametrize(
    "variants",
    [
        pytest.param({}, id="no-list"),
        pytest.param([{}], id="no-text"),
        pytest.param([{"varianttekst": "A"}, {"varianttekst": "A"}], id="same-text"),
        pytest.param([{"varianttekst": "A", "hest": 1}], id="unknown-key"),
        pytest.param([variant("A", {"egenskaber": []})], id="part-without-text"),
        pytest.param([variant("A", part("p"), part("p"))], id="same-part"),
        pytest.param([variant("A", part("p", "2021..inf hest=1"))], id="unknown-property"),
        pytest.param([variant("A", part("p", "2021..2023 lokation=a", "2022..2024 lokation=b"))], id="overlap"),
        pytest.param([variant("A", part("p", relationer={"ejer": []}))], id="unknown-relation"),
        pytest.param([variant("A", part("p", "2021..inf indhold=field:f"))], id="no-such-file"),
        pytest.param([variant("A", egenskaber=[{**entry("2021..inf"), "arkivering": "x"}])], id="no-boolean"),
    ],
)
def test_wrong_variants_are_refused(variants: object) -> None:
    assert refused(DOCUMENT, {"varianter": variants}).startswith("varianter")


def test_unknown_sections_of_a_document_are_ignored() -> None:
    assert parsed(DOCUMENT, document(hest=1), is_complete=True).variants is None


def test_each_reference_to_a_file_gets_an_address() -> None:
    parts = [
        part("p", "2021..2022 indhold=field:f", "2022..2023 indhold=http://x"),
        part("q", "2021..inf indhold=field:f lokation=l"),
    ]
    payload = parsed(DOCUMENT, {"varianter": [variant("A", *parts)]}, files=("f",))
    given: list[str] = []
    stored = with_addresses(payload, lambda name: given.append(name) or f"store:{len(given)}")
    assert stored.variants is not None and stored.variants["A"].parts is not None
    told = [one.values["indhold"] for it in stored.variants["A"].parts.values() for one in it.properties or ()]
    assert told == ["store:1", "http://x", "store:2"]
