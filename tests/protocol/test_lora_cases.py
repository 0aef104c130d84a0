"""The acceptance cases of the LoRA dialect, by their numbers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import SettableClock
from tests.protocol.client import Client
from tests.protocol.lora import (
    ALL_REGISTRATIONS,
    ALL_TIME,
    DOKUMENT,
    FACET,
    KLASSE,
    R1,
    R2,
    R3,
    SAG,
    START,
    UNKNOWN,
    A,
    B,
    C,
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
    send_form,
    target,
    variant,
)


@pytest.fixture
def uuid(ann: Client) -> str:
    """The facet of the cases."""
    return create(ann, FACET, facet())


def properties(ann: Client, uuid: str) -> list[tuple[object, ...]]:
    """Return the properties of a facet over all valid times."""
    shown = newest(ann, FACET, uuid)["attributter"]["facetegenskaber"]
    return rows(shown, "brugervendtnoegle", "beskrivelse", "supplement")


def relation(ann: Client, uuid: str, name: str, path: str = FACET) -> list[tuple[object, ...]]:
    return rows(newest(ann, path, uuid)["relationer"][name], "uuid")


def test_a01_create_makes_one_registration_as_sent(ann: Client) -> None:
    created = send(ann, "POST", FACET, facet())

    assert created.status == 201
    uuid = created.json["uuid"]
    assert len(uuid) == 36 and uuid == uuid.lower() and uuid[14] == "4"
    (only,) = history(ann, FACET, uuid)
    assert only["livscykluskode"] == "Opstaaet"
    assert properties(ann, uuid) == [(START, "infinity", "AC-1", "d", "s0")]
    (state,) = only["tilstande"]["facetpubliceret"]
    period = {"from": "2011-05-01 00:00:00+00", "to": "infinity", "from_included": True, "to_included": False}
    assert state == {"publiceret": "Publiceret", "virkning": period}


def test_a02_create_of_nothing_has_no_uuid(ann: Client) -> None:
    response = send(ann, "POST", FACET, {})

    assert (response.status, response.json) == (400, {"uuid": None})


def test_a03_create_without_states_is_refused(ann: Client) -> None:
    payload = facet()
    del payload["tilstande"]

    assert message_of(send(ann, "POST", FACET, payload))


def test_a04_create_with_an_unknown_field_is_refused(ann: Client) -> None:
    assert "hest" in message_of(send(ann, "POST", FACET, facet(hest="h")))


def test_a05_create_without_brugervendtnoegle_is_refused(ann: Client) -> None:
    payload = facet()
    del payload["attributter"]["facetegenskaber"][0]["brugervendtnoegle"]

    assert "brugervendtnoegle" in message_of(send(ann, "POST", FACET, payload))


def test_a06_create_with_an_unknown_state_is_refused(ann: Client) -> None:
    payload = facet() | {"tilstande": {"facetpubliceret": [entry(publiceret="Nej")]}}

    assert message_of(send(ann, "POST", FACET, payload))


@pytest.mark.parametrize(
    ("aim", "status"),
    [
        ({"uuid": A, "urn": "urn:a:1"}, 400),
        ({"urn": "abc:1"}, 400),
        ({"urn": "urn:a:1"}, 201),
    ],
    ids=["both", "no-urn", "urn"],
)
def test_a07_a_relation_leads_to_one_well_formed_target(ann: Client, aim: Json, status: int) -> None:
    payload = facet() | {"relationer": {"ansvarlig": [entry(**aim)]}}

    assert send(ann, "POST", FACET, payload).status == status


def test_a08_an_empty_period_is_refused(ann: Client) -> None:
    payload = facet() | {"tilstande": {"facetpubliceret": [entry("2011-05-01", "2011-05-01", publiceret="Publiceret")]}}

    assert message_of(send(ann, "POST", FACET, payload))


def test_a09_a_patch_within_a_period_splits_it(ann: Client, uuid: str) -> None:
    assert patch_attributes(ann, uuid, entry("2014-01-01", "2015-01-01", supplement="s1")).status == 200

    assert properties(ann, uuid) == [
        (START, "2014-01-01", "AC-1", "d", "s0"),
        ("2014-01-01", "2015-01-01", "AC-1", "d", "s1"),
        ("2015-01-01", "infinity", "AC-1", "d", "s0"),
    ]
    assert codes(ann, FACET, uuid) == ["Rettet", "Opstaaet"]


def test_a10_a_patch_clears_a_text(ann: Client, uuid: str) -> None:
    assert patch_attributes(ann, uuid, entry("2014-01-01", "2015-01-01", supplement="")).status == 200

    middle = newest(ann, FACET, uuid)["attributter"]["facetegenskaber"][1]
    assert "supplement" not in middle
    assert middle["beskrivelse"] == "d"


def test_a11_overlapping_entries_are_refused_and_change_nothing(ann: Client, uuid: str) -> None:
    before = history(ann, FACET, uuid)

    refused = patch_attributes(
        ann, uuid, entry("2014-01-01", "2016-01-01", supplement="x"), entry("2015-01-01", "2017-01-01", supplement="y")
    )

    assert message_of(refused)
    assert history(ann, FACET, uuid) == before


def test_a12_what_lies_outside_old_periods_needs_the_mandatory_fields(ann: Client, uuid: str) -> None:
    before = history(ann, FACET, uuid)
    assert message_of(patch_attributes(ann, uuid, entry("2001-01-01", "2012-01-01", supplement="x")))
    assert history(ann, FACET, uuid) == before

    complete = entry("2001-01-01", "2012-01-01", supplement="x", brugervendtnoegle="AC-2")
    assert patch_attributes(ann, uuid, complete).status == 200

    assert properties(ann, uuid) == [
        ("2001-01-01", START, "AC-2", None, "x"),
        (START, "2012-01-01", "AC-2", "d", "x"),
        ("2012-01-01", "infinity", "AC-1", "d", "s0"),
    ]


def test_a13_a_patch_of_a_state_splits_its_period_alone(ann: Client, uuid: str) -> None:
    before = properties(ann, uuid)

    patch(ann, FACET, uuid, {"tilstande": {"facetpubliceret": [entry("2020-01-01", "2021-01-01", publiceret="IkkePubliceret")]}})

    assert rows(newest(ann, FACET, uuid)["tilstande"]["facetpubliceret"], "publiceret") == [
        (START, "2020-01-01", "Publiceret"),
        ("2020-01-01", "2021-01-01", "IkkePubliceret"),
        ("2021-01-01", "infinity", "Publiceret"),
    ]
    assert properties(ann, uuid) == before


def test_a14_a_state_that_was_emptied_is_not_found(ann: Client, uuid: str) -> None:
    patch(ann, FACET, uuid, {"tilstande": {"facetpubliceret": [entry("2020-01-01", "2021-01-01", publiceret="")]}})

    asked = f"publiceret=Publiceret&uuid={uuid}"
    assert found(ann, FACET, f"{asked}&virkningstid=2020-06-01") == []
    assert found(ann, FACET, f"{asked}&virkningstid=2021-06-01") == [uuid]


def test_a15_an_empty_list_removes_states_alone(ann: Client, uuid: str) -> None:
    patch(ann, FACET, uuid, {"tilstande": {"facetpubliceret": []}})

    shown = newest(ann, FACET, uuid)
    assert "tilstande" not in shown
    assert shown["attributter"]["facetegenskaber"]


def test_a16_a_patch_of_a_single_relation_splits_its_period(ann: Client, uuid: str) -> None:
    assert patch_relation(ann, uuid, "ansvarlig", target(B, "2013-01-01", "2014-01-01")).status == 200

    assert relation(ann, uuid, "ansvarlig") == [
        (START, "2013-01-01", A),
        ("2013-01-01", "2014-01-01", B),
        ("2014-01-01", "infinity", A),
    ]


def test_a17_a_patch_of_a_single_relation_may_have_several_entries(ann: Client, uuid: str) -> None:
    entries = (target(B, "2013-01-01", "2014-01-01"), target(C, "2015-01-01", "2016-01-01"))

    assert patch_relation(ann, uuid, "ansvarlig", *entries).status == 200

    assert [row[2] for row in relation(ann, uuid, "ansvarlig")] == [A, B, A, C, A]


def test_a18_overlapping_targets_of_a_single_relation_are_refused(ann: Client, uuid: str) -> None:
    entries = (target(B, "2013-01-01", "2015-01-01"), target(C, "2014-01-01", "2016-01-01"))

    assert message_of(patch_relation(ann, uuid, "ansvarlig", *entries))


def test_a19_a_patch_of_a_list_of_relations_replaces_it(ann: Client, uuid: str) -> None:
    assert patch_relation(ann, uuid, "redaktoerer", target(R3, "2019-01-01")).status == 200

    assert relation(ann, uuid, "redaktoerer") == [("2019-01-01", "infinity", R3)]


def test_a20_an_empty_list_of_relations_changes_nothing(ann: Client, uuid: str) -> None:
    before = newest(ann, FACET, uuid)["relationer"]

    assert patch_relation(ann, uuid, "redaktoerer").status == 200
    patch(ann, FACET, uuid, {"relationer": {}})

    assert newest(ann, FACET, uuid)["relationer"] == before


def test_a21_a_relation_is_emptied_by_one_entry_without_a_target(ann: Client, uuid: str) -> None:
    assert patch_relation(ann, uuid, "redaktoerer", emptied()).status == 200

    assert [row[2] for row in relation(ann, uuid, "redaktoerer")] == [""]
    assert found(ann, FACET, f"redaktoerer={R1}") == []


def test_a22_a_second_patch_without_content_makes_no_registration(ann: Client, uuid: str) -> None:
    patch(ann, FACET, uuid, {"note": "n"})
    patch(ann, FACET, uuid, {"note": "n"})

    assert codes(ann, FACET, uuid) == ["Rettet", "Opstaaet"]


def test_a23_a_patch_to_what_is_there_makes_no_registration(ann: Client, uuid: str) -> None:
    patch(ann, FACET, uuid, {"note": "n"})

    patch(ann, FACET, uuid, {"tilstande": {"facetpubliceret": [entry(publiceret="Publiceret")]}})

    assert len(history(ann, FACET, uuid)) == 2


def test_a24_a_patch_of_nothing_known_is_not_found(ann: Client) -> None:
    assert message_of(send(ann, "PATCH", f"{FACET}/{UNKNOWN}", {"note": "n"}), 404)


def test_a25_a_patch_of_an_unknown_relation_is_refused(ann: Client, uuid: str) -> None:
    assert "hest" in message_of(patch_relation(ann, uuid, "hest", target(A)))


def test_a26_what_is_passive_is_changed_by_import_alone(ann: Client, uuid: str) -> None:
    passive: Json = {"livscyklus": "Passiv"}
    patch(ann, FACET, uuid, passive)
    state = {"tilstande": {"facetpubliceret": [entry("2020-01-01", publiceret="IkkePubliceret")]}}
    assert message_of(send(ann, "PATCH", f"{FACET}/{uuid}", state))
    assert message_of(send(ann, "PATCH", f"{FACET}/{uuid}", passive))

    assert send(ann, "PUT", f"{FACET}/{uuid}", facet()).status == 200

    assert codes(ann, FACET, uuid) == ["Importeret", "Passiveret", "Opstaaet"]


def test_a27_what_is_deleted_is_gone_and_found_as_such_alone(ann: Client, uuid: str) -> None:
    for _ in range(2):
        response = send(ann, "DELETE", f"{FACET}/{uuid}")
        assert (response.status, response.json) == (202, {"uuid": uuid})

    assert message_of(ann("GET", f"{FACET}/{uuid}"), 410)
    assert ann("GET", f"{FACET}?uuid={uuid}").json == {"results": []}
    assert message_of(send(ann, "PATCH", f"{FACET}/{uuid}", {"note": "n"}))
    assert found(ann, FACET, "bvn=AC-1") == []
    assert found(ann, FACET, "bvn=AC-1&livscykluskode=Slettet") == [uuid]


def test_a28_what_was_before_the_deletion_can_be_read(ann: Client, uuid: str, clock: SettableClock) -> None:
    first = history(ann, FACET, uuid)[0]["fratidspunkt"]["tidsstempeldatotid"]
    clock.advance(timedelta(hours=1))
    send(ann, "DELETE", f"{FACET}/{uuid}")

    (only,) = read(ann, FACET, uuid, f"registreringstid={first.replace('+', '%2B')}")

    assert only["livscykluskode"] == "Opstaaet"


def test_a29_import_makes_and_then_replaces_the_whole_object(ann: Client) -> None:
    address = f"{FACET}/{UNKNOWN}"
    second = {
        "attributter": {"facetegenskaber": [entry("2015-01-01", "2016-01-01", brugervendtnoegle="AC-9")]},
        "tilstande": {"facetpubliceret": [entry("2015-01-01", "2016-01-01", publiceret="IkkePubliceret")]},
    }

    for payload in (facet(), second):
        response = send(ann, "PUT", address, payload)
        assert (response.status, response.json) == (200, {"uuid": UNKNOWN})

    assert codes(ann, FACET, UNKNOWN) == ["Rettet", "Importeret"]
    shown = newest(ann, FACET, UNKNOWN)
    assert properties(ann, UNKNOWN) == [("2015-01-01", "2016-01-01", "AC-9", None, None)]
    assert rows(shown["tilstande"]["facetpubliceret"], "publiceret") == [("2015-01-01", "2016-01-01", "IkkePubliceret")]
    assert "relationer" not in shown


def test_a30_a_time_without_content_is_an_empty_registration(ann: Client, uuid: str) -> None:
    (only,) = read(ann, FACET, uuid, "virkningstid=2001-01-01")

    assert only.keys().isdisjoint({"attributter", "tilstande", "relationer", "varianter"})


def test_a31_an_instant_and_a_window_exclude_each_other(ann: Client, uuid: str) -> None:
    assert message_of(ann("GET", f"{FACET}/{uuid}?virkningstid=2020-01-01&virkningFra=2019-01-01"))


def test_a32_registrations_follow_each_other_without_gaps(ann: Client, uuid: str) -> None:
    for year in (2014, 2015, 2016):
        patch_attributes(ann, uuid, entry(f"{year}-01-01", f"{year + 1}-01-01", supplement=f"s{year}"))

    shown = read(ann, FACET, uuid, ALL_REGISTRATIONS)

    begins = [one["fratidspunkt"]["tidsstempeldatotid"] for one in shown]
    assert len(set(begins)) == 4
    assert begins == sorted(begins, reverse=True)
    assert all(one["fratidspunkt"]["graenseindikator"] is True for one in shown)
    assert [one["tiltidspunkt"] for one in shown] == [{"tidsstempeldatotid": at} for at in ["infinity", *begins[:-1]]]


def test_a33_unknown_parameters_are_refused(ann: Client, uuid: str) -> None:
    assert "hest" in message_of(ann("GET", f"{FACET}/{uuid}?hest=1"))
    assert "hest" in message_of(ann("GET", f"{FACET}?hest=1"))


def test_a34_pages_are_sorted_by_brugervendtnoegle(ann: Client) -> None:
    c, a, b = (create(ann, FACET, facet(bvn)) for bvn in ("pg-c", "pg-a", "pg-b"))

    page = "bvn=PG-%25&maximalantalresultater=2"

    assert found(ann, FACET, page) == [a, b]
    assert found(ann, FACET, f"{page}&foersteresultat=2") == [c]


def test_a35_an_underscore_is_a_plain_character(ann: Client) -> None:
    create(ann, FACET, facet("pg-a"))

    assert found(ann, FACET, "bvn=pg_a") == []


def test_a36_indexed_relations_are_changed_by_their_index(ann: Client) -> None:
    s1, s2, s3, s4 = (f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2, 3, 4))
    relationer = {"andresager": [target(s1, "2015-01-01", indeks=9), target(s2, "2015-01-01")]}
    uuid = create(ann, SAG, sag(relationer=relationer))

    def shown() -> list[tuple[object, ...]]:
        return sorted(rows(newest(ann, SAG, uuid)["relationer"]["andresager"], "indeks", "uuid"), key=lambda row: str(row[2]))

    assert [row[2:] for row in shown()] == [(1, s1), (2, s2)]
    changes = [target(s2, "2015-01-01", "2018-01-01", indeks=2), target(s3, "2018-01-01"), target(s4, "2019-01-01", indeks=77)]
    patch(ann, SAG, uuid, {"relationer": {"andresager": changes}})
    assert shown() == [
        ("2015-01-01", "infinity", 1, s1),
        ("2015-01-01", "2018-01-01", 2, s2),
        ("2018-01-01", "infinity", 3, s3),
        ("2019-01-01", "infinity", 4, s4),
    ]
    patch(ann, SAG, uuid, {"relationer": {"andresager": [emptied("2015-01-01", indeks=1)]}})
    assert shown()[0] == ("2015-01-01", "infinity", 1, "")


def test_a37_keywords_are_cleared_for_a_time(ann: Client) -> None:
    uuid = create(ann, KLASSE, klasse(soegeord=[["a", "b", "c"]]))

    patch(ann, KLASSE, uuid, {"attributter": {"klasseegenskaber": [entry("2020-01-01", "2021-01-01", soegeord=[])]}})

    keyword = {"soegeordidentifikator": "a", "beskrivelse": "b", "soegeordskategori": "c"}
    assert rows(newest(ann, KLASSE, uuid)["attributter"]["klasseegenskaber"], "soegeord") == [
        (START, "2020-01-01", [keyword]),
        ("2020-01-01", "2021-01-01", None),
        ("2021-01-01", "infinity", [keyword]),
    ]


def test_a38_content_comes_with_a_form_and_is_downloaded(ann: Client) -> None:
    response = send_form(ann, "POST", DOKUMENT, dokument(variant(del_())), f1=(b"kapitel", "kap.txt", "text/plain"))

    assert response.status == 201
    (part,) = newest(ann, DOKUMENT, response.json["uuid"])["varianter"][0]["dele"]
    uri = part["egenskaber"][0]["indhold"]
    assert uri.startswith("store:")
    download = ann("GET", f"{DOKUMENT}/{uri.removeprefix('store:')}")
    assert (download.status, download.body) == (200, b"kapitel")
    assert download.headers["content-type"] == "text/plain" == part["egenskaber"][0]["mimetype"]


def test_a39_content_cannot_come_without_a_form(ann: Client) -> None:
    assert message_of(send(ann, "POST", DOKUMENT, dokument(variant(del_()))))


def test_a40_properties_of_parts_and_variants_are_removed(ann: Client) -> None:
    uuid = create(ann, DOKUMENT, dokument(variant(del_())), f1=(b"kapitel", "kap.txt", "text/plain"))
    underlay: Json = {"relationer": {"underredigeringaf": [target(A)]}}
    patch(ann, DOKUMENT, uuid, {"varianter": [variant({"deltekst": "kap", **underlay})]})

    patch(ann, DOKUMENT, uuid, {"varianter": [variant({"deltekst": "kap", "egenskaber": []})]})
    (part,) = newest(ann, DOKUMENT, uuid)["varianter"][0]["dele"]
    assert "egenskaber" not in part
    assert rows(part["relationer"]["underredigeringaf"], "uuid") == [(START, "infinity", A)]

    patch(ann, DOKUMENT, uuid, {"varianter": []})
    assert "varianter" not in newest(ann, DOKUMENT, uuid)


def test_all_time_is_more_than_now(ann: Client, uuid: str) -> None:
    patch_attributes(ann, uuid, entry("2014-01-01", "2015-01-01", supplement="s1"))

    assert len(newest(ann, FACET, uuid, ALL_TIME)["attributter"]["facetegenskaber"]) == 3
    assert len(newest(ann, FACET, uuid, "")["attributter"]["facetegenskaber"]) == 1
    assert [row[2] for row in relation(ann, uuid, "redaktoerer")] == [R1, R2]
