"""Where the dialect differs from the server of 2019 on purpose: the rows of section 9, by their numbers."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client
from tests.protocol.lora import (
    ALL_REGISTRATIONS,
    ALL_TIME,
    DOKUMENT,
    FACET,
    KLASSE,
    R1,
    SAG,
    UNKNOWN,
    A,
    B,
    Json,
    codes,
    create,
    del_,
    dokument,
    emptied,
    entry,
    facet,
    found,
    history,
    klasse,
    message_of,
    newest,
    patch,
    patch_attributes,
    patch_relation,
    read,
    rows,
    sag,
    send,
    target,
    variant,
)

AKTIVITET = "/lora/aktivitet/aktivitet"
TILSTAND = "/lora/tilstand/tilstand"


@pytest.fixture
def uuid(ann: Client) -> str:
    """The facet of the acceptance cases."""
    return create(ann, FACET, facet())


def test_d01_a_patch_without_effect_is_a_success(ann: Client, uuid: str) -> None:
    patch(ann, FACET, uuid, {"note": "n"})

    assert send(ann, "PATCH", f"{FACET}/{uuid}", {"note": "n"}).status == 200
    assert len(history(ann, FACET, uuid)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"tilstande": {"facetpubliceret": [entry(publiceret="Publiceret"), entry("2020-01-01", publiceret="IkkePubliceret")]}},
        {"relationer": {"ansvarlig": [target(A), target(B, "2020-01-01")]}},
        {"attributter": {"facetegenskaber": [entry("2001-01-01", "2002-01-01", plan="p")]}},
        {"tilstande": {"facetpubliceret": [entry("2020-01-01", "2020-01-01", publiceret="Publiceret")]}},
        {"tilstande": {"facetpubliceret": [{"publiceret": "Publiceret"}]}},
        {"attributter": {"hest": [entry(plan="p")]}},
        {"relationer": {"ansvarlig": [{"virkning": {"from": "2020-01-01", "to": "infinity"}}]}},
    ],
    ids=["states-overlap", "targets-overlap", "no-mandatory", "empty", "no-virkning", "no-such-group", "no-target"],
)
def test_d02_what_failed_is_a_bad_request(ann: Client, uuid: str, change: Json) -> None:
    assert message_of(send(ann, "PATCH", f"{FACET}/{uuid}", change))
    assert len(history(ann, FACET, uuid)) == 1


def test_d02_values_of_searches_that_failed_are_bad_requests(ann: Client) -> None:
    for query in ("ansvarlig=x", "maximalantalresultater=x", "foersteresultat=-1", "virkningstid=x"):
        assert message_of(ann("GET", f"{FACET}?{query}"))


def test_d02_two_variants_of_one_name_are_a_bad_request(ann: Client) -> None:
    assert message_of(send(ann, "POST", DOKUMENT, dokument(variant(), variant())))
    assert message_of(send(ann, "POST", DOKUMENT, dokument(variant(del_("urn:x:1"), del_("urn:x:2")))))


def test_d02_one_index_twice_is_a_bad_request(ann: Client) -> None:
    uuid = create(ann, SAG, sag(relationer={"andresager": [target(A)]}))
    twice = {"relationer": {"andresager": [target(A, indeks=1), target(B, indeks=1)]}}

    assert message_of(send(ann, "PATCH", f"{SAG}/{uuid}", twice))


@pytest.mark.parametrize("end", ["passive", "deleted"])
def test_d03_import_of_what_has_ended_replaces_it(ann: Client, uuid: str, end: str) -> None:
    if end == "passive":
        patch(ann, FACET, uuid, {"livscyklus": "Passiv"})
    else:
        send(ann, "DELETE", f"{FACET}/{uuid}")
    payload = facet("NEW") | {"relationer": {}}
    del payload["attributter"]["facetegenskaber"][0]["supplement"]

    assert send(ann, "PUT", f"{FACET}/{uuid}", payload).status == 200

    shown = newest(ann, FACET, uuid)
    assert shown["livscykluskode"] == "Importeret"
    assert rows(shown["attributter"]["facetegenskaber"], "brugervendtnoegle", "supplement") == [
        ("2011-05-01", "infinity", "NEW", None)
    ]
    assert "relationer" not in shown


def test_d04_false_and_zero_are_shown(ann: Client) -> None:
    uuid = create(ann, DOKUMENT, dokument(variant(egenskaber=[entry(arkivering=False)]), major=0, minor=1))

    shown = newest(ann, DOKUMENT, uuid)
    assert shown["attributter"]["dokumentegenskaber"][0]["major"] == 0
    assert shown["varianter"][0]["egenskaber"][0]["arkivering"] is False


def test_d05_a_note_of_a_period_of_attributes_is_kept(ann: Client, uuid: str) -> None:
    noted = entry("2014-01-01", "2015-01-01", plan="p")
    noted["virkning"]["notetekst"] = "Beslutning"

    assert patch_attributes(ann, uuid, noted).status == 200

    shown = newest(ann, FACET, uuid)["attributter"]["facetegenskaber"]
    assert [one["virkning"].get("notetekst") for one in shown] == [None, "Beslutning", None]


def test_d06_a_patch_is_validated(ann: Client, uuid: str) -> None:
    assert message_of(patch_attributes(ann, uuid, entry(hest="h")))
    assert message_of(send(ann, "PATCH", f"{FACET}/{uuid}", {"hest": 1}))
    assert message_of(send(ann, "PATCH", f"{FACET}/{uuid}", {"attributter": []}))


def test_d07_an_empty_relation_of_a_document_changes_nothing(ann: Client) -> None:
    payload = dokument() | {"relationer": {"parter": [target(A)], "ejer": [target(B)]}}
    uuid = create(ann, DOKUMENT, payload)

    patch(ann, DOKUMENT, uuid, {"relationer": {"parter": []}})
    patch(ann, DOKUMENT, uuid, {"relationer": {}})

    assert sorted(newest(ann, DOKUMENT, uuid)["relationer"]) == ["ejer", "parter"]


def test_d08_a_tombstone_is_shown_with_empty_targets(ann: Client, uuid: str) -> None:
    assert patch_relation(ann, uuid, "ansvarlig", emptied("2020-01-01")).status == 200

    last = newest(ann, FACET, uuid)["relationer"]["ansvarlig"][-1]
    assert (last["uuid"], last["urn"]) == ("", "")


def test_d09_the_uuid_is_shown_in_lower_case(ann: Client, uuid: str) -> None:
    (key,) = ann("GET", f"{FACET}/{uuid.upper()}").json
    assert key == uuid


def test_d10_an_empty_text_clears_fields_of_any_kind(ann: Client) -> None:
    uuid = create(ann, DOKUMENT, dokument(major=1))
    patch(ann, DOKUMENT, uuid, {"attributter": {"dokumentegenskaber": [entry("2022-01-01", major="", brevdato="")]}})
    assert rows(newest(ann, DOKUMENT, uuid)["attributter"]["dokumentegenskaber"], "major", "brevdato") == [
        ("2021-01-01", "2022-01-01", 1, "2021-01-31"),
        ("2022-01-01", "infinity", None, ""),
    ]

    case = create(ann, SAG, sag(principiel=True))
    patch(ann, SAG, case, {"attributter": {"sagegenskaber": [entry("2022-01-01", principiel="")]}})
    assert "principiel" not in newest(ann, SAG, case)["attributter"]["sagegenskaber"][1]


def test_d11_a_single_keyword_is_kept(ann: Client) -> None:
    uuid = create(ann, KLASSE, klasse(soegeord=[["a", "b", "c"]]))

    assert len(newest(ann, KLASSE, uuid)["attributter"]["klasseegenskaber"][0]["soegeord"]) == 1


def test_d12_a_list_leaves_out_what_is_deleted(ann: Client, uuid: str) -> None:
    send(ann, "DELETE", f"{FACET}/{uuid}")

    assert ann("GET", f"{FACET}?uuid={uuid}").json == {"results": []}


def test_d13_a_single_relation_may_be_made_with_several_entries(ann: Client) -> None:
    targets = [target(A, "2011-01-01", "2012-01-01"), target(B, "2012-01-01")]
    uuid = create(ann, FACET, facet() | {"relationer": {"ansvarlig": targets}})

    assert len(newest(ann, FACET, uuid)["relationer"]["ansvarlig"]) == 2
    overlapping = facet() | {"relationer": {"ansvarlig": [target(A), target(B)]}}
    assert message_of(send(ann, "POST", FACET, overlapping))


def test_d14_an_empty_list_of_parts_removes_their_relations_too(ann: Client) -> None:
    part = {"deltekst": "kap", "relationer": {"underredigeringaf": [target(A)]}}
    uuid = create(ann, DOKUMENT, dokument(variant(part, egenskaber=[entry(produktion=True)])))

    patch(ann, DOKUMENT, uuid, {"varianter": [{"varianttekst": "PDF", "dele": []}]})

    (shown,) = newest(ann, DOKUMENT, uuid)["varianter"]
    assert "dele" not in shown
    assert found(ann, DOKUMENT, f"underredigeringaf={A}") == []


def test_d15_parameters_of_parts_and_journals_work(ann: Client) -> None:
    uuid = create(ann, DOKUMENT, dokument(variant(del_("urn:x:1"))))
    case = create(ann, SAG, sag(relationer={"journalpost": [target(A, journalpostkode="vedlagtdokument")]}))

    assert found(ann, DOKUMENT, "varianttekst=PDF&deltekst=kap&indhold=urn:x:1") == [uuid]
    assert found(ann, SAG, "journalpostkode=vedlagtdokument") == [case]


def test_d16_any_relation_may_be_a_urn(ann: Client) -> None:
    uuid = create(ann, FACET, facet() | {"relationer": {"ejer": [entry(urn="urn:x:1")]}})

    assert found(ann, FACET, "vilkaarligrel=urn:x:1") == [uuid]


def test_d17_a_window_with_the_deletion_is_readable(ann: Client, uuid: str) -> None:
    send(ann, "DELETE", f"{FACET}/{uuid}")

    assert codes(ann, FACET, uuid) == ["Slettet", "Opstaaet"]
    deleted_at = history(ann, FACET, uuid)[0]["fratidspunkt"]["tidsstempeldatotid"].replace("+", "%2B")
    assert ann("GET", f"{FACET}/{uuid}?registreretFra={deleted_at}").status == 410


def test_d18_unknown_content_is_not_found(ann: Client) -> None:
    assert ann("GET", f"{DOKUMENT}/2020/01/01/00/00/{UNKNOWN}.bin").status == 404


def test_d19_what_is_passive_is_shown(ann: Client, uuid: str) -> None:
    patch(ann, FACET, uuid, {"livscyklus": "Passiv"})

    assert found(ann, FACET, "bvn=AC-1") == [uuid]
    assert len(ann("GET", f"{FACET}?uuid={uuid}").json["results"]) == 1
    assert newest(ann, FACET, uuid)["attributter"] == read(ann, FACET, uuid, f"{ALL_TIME}&{ALL_REGISTRATIONS}")[1]["attributter"]


def test_d20_new_indexes_follow_the_order_of_the_payload(ann: Client) -> None:
    uuid = create(ann, SAG, sag(relationer={"andresager": [target(R1)]}))
    uuids = [f"{number}0000000-0000-4000-8000-000000000000" for number in (9, 3, 7, 1)]

    patch(ann, SAG, uuid, {"relationer": {"andresager": [target(one) for one in uuids]}})

    shown = newest(ann, SAG, uuid)["relationer"]["andresager"]
    assert {one["indeks"]: one["uuid"] for one in shown} == dict(enumerate([R1, *uuids], start=1))


def test_d21_keywords_are_a_field_that_is_inherited(ann: Client) -> None:
    uuid = create(ann, KLASSE, klasse(soegeord=[["a", "b", "c"]]))
    plain = "brugervendtnoegle beskrivelse eksempel omfang titel retskilde aendringsnotat integrationsdata".split()

    patch(ann, KLASSE, uuid, {"attributter": {"klasseegenskaber": [entry("2020-01-01", **dict.fromkeys(plain, "x"))]}})

    shown = newest(ann, KLASSE, uuid)["attributter"]["klasseegenskaber"]
    assert [len(one["soegeord"]) for one in shown] == [1, 1]


# What section 10 says that clients struggled with, where no row above has it.


def test_actors_of_activities_say_more(ann: Client) -> None:
    actor = {"accepteret": "foreloebigt", "obligatorisk": "valgfri", "repraesentation_uuid": B}
    payload = {
        "attributter": {"aktivitetegenskaber": [entry(brugervendtnoegle="a", tidsforbrug="1 00:00:00")]},
        "tilstande": {"aktivitetstatus": [entry(status="Aktiv")], "aktivitetpubliceret": [entry(publiceret="Normal")]},
        "relationer": {
            "deltager": [target(A, aktoerattr=actor)],
            "lokale": [target(A, aktoerattr=actor)],
            "ansvarlig": [target(A, aktoerattr=actor, indeks=5)],
        },
    }

    shown = newest(ann, AKTIVITET, create(ann, AKTIVITET, payload))["relationer"]

    assert shown["deltager"][0]["aktoerattr"] == actor == shown["ansvarlig"][0]["aktoerattr"]
    assert "aktoerattr" not in shown["lokale"][0]
    assert "indeks" not in shown["ansvarlig"][0]
    for wrong in (actor | {"repraesentation_urn": "urn:x:1"}, {"repraesentation_urn": "abc"}, {"repraesentation_urn": ""}):
        related = {"relationer": {"deltager": [target(A, aktoerattr=wrong)]}}
        assert message_of(send(ann, "POST", AKTIVITET, payload | related))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"forventet": "true", "nominelvaerdi": "0"}, {"forventet": True, "nominelvaerdi": "0"}),
        ({"forventet": "0"}, {"forventet": False}),
        ({"forventet": "False", "nominelvaerdi": ""}, {"forventet": False}),
        ({"forventet": "", "nominelvaerdi": "82"}, {"nominelvaerdi": "82"}),
        ({"forventet": None, "nominelvaerdi": None}, None),
        ({"forventet": 1}, 400),
        ({"forventet": "yes"}, 400),
        *(({"nominelvaerdi": wrong}, 400) for wrong in (0, False, 5, [], {})),
    ],
)
def test_values_of_states_are_of_their_types(ann: Client, said: Json, shown: Json | int | None) -> None:
    payload = {
        "attributter": {"tilstandegenskaber": [entry(brugervendtnoegle="t")]},
        "tilstande": {"tilstandstatus": [entry(status="Aktiv")], "tilstandpubliceret": [entry(publiceret="Normal")]},
        "relationer": {"tilstandsvaerdi": [entry(tilstandsvaerdiattr=said)]},
    }
    if shown == 400:
        assert message_of(send(ann, "POST", TILSTAND, payload))
        return

    (value,) = newest(ann, TILSTAND, create(ann, TILSTAND, payload))["relationer"]["tilstandsvaerdi"]

    assert value.get("tilstandsvaerdiattr") == shown
