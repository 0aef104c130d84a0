"""How requests to LoRA come and how they are answered (specification, 1.2, 1.4, 3 and 4)."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from davgate.app import Application
from davgate.core.store import Policy, Store
from tests.builders import SettableClock, with_policy
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.lora import (
    ALL_REGISTRATIONS,
    ALL_TIME,
    BOUNDARY,
    DOKUMENT,
    FACET,
    KLASSE,
    MOUNT,
    SAG,
    UNIT,
    UNKNOWN,
    A,
    Json,
    codes,
    create,
    dokument,
    entry,
    facet,
    found,
    history,
    klasse,
    message_of,
    newest,
    patch,
    patch_attributes,
    read,
    rows,
    sag,
    send,
    target,
    unit,
    virkning,
)

FORM = f"multipart/form-data; boundary={BOUNDARY}"


@pytest.fixture
def uuid(ann: Client) -> str:
    """A facet."""
    return create(ann, FACET, facet())


# Bodies


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ("", "application/json"),
        ("{}", "application/json"),
        ("", ""),
        ("note=n", "application/x-www-form-urlencoded"),
        ("json=", "application/x-www-form-urlencoded"),
        (f"--{BOUNDARY}--\r\n", FORM),
    ],
    ids=["none", "no-members", "no-type", "no-json", "empty-json", "no-parts"],
)
def test_a_body_that_says_nothing_has_no_uuid(ann: Client, uuid: str, method: str, body: str, media_type: str) -> None:
    response = ann(method, FACET if method == "POST" else f"{FACET}/{uuid}", body, content_type=media_type)

    assert (response.status, response.json) == (400, {"uuid": None})


@pytest.mark.parametrize("body", ["[]", "1", "null", "nothing", '{"a": 1, "a": 2}', "{"])
def test_what_is_no_object_is_refused(ann: Client, uuid: str, body: str) -> None:
    assert message_of(ann("PATCH", f"{FACET}/{uuid}", body, content_type="application/json"))


def test_an_object_may_come_in_a_form_of_texts(ann: Client) -> None:
    form = urlencode({"json": json.dumps(facet()), "other": "x"})

    response = ann("POST", FACET, form, content_type="application/x-www-form-urlencoded")

    assert response.status == 201
    assert found(ann, FACET, "bvn=AC-1") == [response.json["uuid"]]


def test_writing_takes_no_parameters(ann: Client, uuid: str) -> None:
    assert message_of(send(ann, "POST", f"{FACET}?note=x", facet())) == "Unsupported argument(s): note"
    for method, payload in (("PUT", facet()), ("PATCH", {"note": "n"}), ("DELETE", None)):
        assert message_of(send(ann, method, f"{FACET}/{uuid}?virkningstid=2020-01-01", payload))


def test_a_deletion_may_have_a_note(ann: Client, uuid: str) -> None:
    assert message_of(send(ann, "DELETE", f"{FACET}/{uuid}", {"note": 1}))

    assert send(ann, "DELETE", f"{FACET}/{uuid}", {"note": "Udgået"}).status == 202

    deleted, created = history(ann, FACET, uuid)
    assert deleted["note"] == "Udgået"
    assert deleted["attributter"] == created["attributter"]
    assert "note" not in created


def test_a_note_is_text(ann: Client, uuid: str) -> None:
    assert message_of(send(ann, "PATCH", f"{FACET}/{uuid}", {"note": 1}))


# Addresses


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/x",
        "/klassifikation",
        "/klassifikation/hest",
        "/Klassifikation/Facet",
        "/hest/classes",
        "/klassifikation/facet/1",
        "/klassifikation/facet/%00",
        "/klassifikation/facet/..%2f",
        "/klassifikation/facet/" + "x" * 300,
        "/klassifikation/facet/" + "x/" * 100,
    ],
)
def test_addresses_that_there_are_not(ann: Client, path: str) -> None:
    response = ann("GET", MOUNT + path)

    assert (response.status, response.json["error"]) == (404, 404)
    assert isinstance(response.json["text"], str)
    assert " /site-map" not in response.json["text"]


def test_content_that_there_is_not(ann: Client) -> None:
    assert ann("GET", f"{DOKUMENT}/2026/11/20/12/00/{UNKNOWN}.bin").status == 404
    assert ann("GET", f"{DOKUMENT}/a/b/c/d/e/f").status == 404


def test_slashes_at_the_end_and_capitals_in_uuids_do_not_count(ann: Client, uuid: str) -> None:
    response = ann("GET", f"{FACET}/{uuid.upper()}/")

    assert response.status == 200
    assert list(response.json) == [uuid]
    assert ann("GET", f"{FACET}/?bvn=AC-1").json == {"results": [[uuid]]}


def test_methods_that_an_address_does_not_take(ann: Client, uuid: str) -> None:
    assert message_of(send(ann, "POST", f"{FACET}/{uuid}", facet()), 405)
    assert message_of(send(ann, "DELETE", FACET), 405)


def test_an_object_is_of_one_class(ann: Client, uuid: str) -> None:
    assert message_of(ann("GET", f"{KLASSE}/{uuid}"), 404) == f"No Klasse with ID {uuid} found in service Klassifikation"
    assert message_of(send(ann, "PUT", f"{KLASSE}/{uuid}", klasse()))
    assert message_of(send(ann, "DELETE", f"{KLASSE}/{uuid}"), 404)


def test_who_has_not_signed_in_learns_nothing(nobody: Client, uuid: str) -> None:
    assert message_of(nobody("GET", f"{FACET}/{uuid}"), 401)


def test_replies_say_their_charset(ann: Client, uuid: str) -> None:
    for response in (ann("GET", f"{FACET}/{uuid}"), ann("GET", f"{FACET}?bvn=x"), ann("GET", f"{FACET}/{UNKNOWN}")):
        assert response.headers["content-type"] == "application/json; charset=utf-8"


# Times


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2021-01-01", "2021-01-01 00:00:00+00"),
        ("2021-01-01T10:11", "2021-01-01 10:11:00+00"),
        ("2021-01-01 10:11:12", "2021-01-01 10:11:12+00"),
        ("2021-01-01T10:11:12.5Z", "2021-01-01 10:11:12.5+00"),
        ("2021-01-01T10:11:12.123450+02", "2021-01-01 08:11:12.12345+00"),
        ("2021-01-01 10:11:12+0230", "2021-01-01 07:41:12+00"),
        ("2021-01-01T00:00:00-05:00", "2021-01-01 05:00:00+00"),
        ("0001-01-01", "0001-01-01 00:00:00+00"),
        ("-infinity", "-infinity"),
    ],
)
def test_timestamps_are_taken_in_many_forms_and_shown_in_one(ann: Client, sent: str, shown: str) -> None:
    uuid = create(ann, UNIT, unit() | {"tilstande": {"organisationenhedgyldighed": [entry(sent, gyldighed="Aktiv")]}})

    (state,) = newest(ann, UNIT, uuid)["tilstande"]["organisationenhedgyldighed"]
    assert state["virkning"]["from"] == shown
    assert found(ann, UNIT, gyldighed="Aktiv", virkningFra=sent, virkningTil="infinity") == [uuid]


@pytest.mark.parametrize(
    "sent",
    [
        "2021-13-01",
        "2021-1-1",
        "01-01-2021",
        "now",
        "",
        "2021-01-01T25:00",
        "2021-01-01T10:11+99",
        "2021-01-01T10:11 Z",
        "2021-01-01t10:11z",
        20210101,
        None,
        {},
    ],
)
def test_other_timestamps_are_refused(ann: Client, sent: object) -> None:
    state = {"gyldighed": "Aktiv", "virkning": {"from": sent, "to": "infinity"}}

    response = send(ann, "POST", UNIT, unit() | {"tilstande": {"organisationenhedgyldighed": [state]}})

    assert "virkning.from" in message_of(response)


@pytest.mark.parametrize(
    "period",
    [
        {"from": "2020-01-01"},
        {"to": "2020-01-01"},
        {},
        virkning(hest=1),
        virkning(aktoerref="ann"),
        virkning(aktoertypekode="Hest"),
        virkning(notetekst=1),
        virkning("2020-01-01", "2019-01-01"),
    ],
)
def test_periods_that_are_none_are_refused(ann: Client, period: Json) -> None:
    state = {"gyldighed": "Aktiv", "virkning": period}

    assert message_of(send(ann, "POST", UNIT, unit() | {"tilstande": {"organisationenhedgyldighed": [state]}}))


def test_who_stands_behind_a_period_is_shown(ann: Client) -> None:
    said = {"aktoerref": A.upper(), "aktoertypekode": "Bruger", "notetekst": "Beslutning"}
    state = {"gyldighed": "Aktiv", "virkning": virkning(from_included=False, to_included=True, **said)}

    uuid = create(ann, UNIT, unit() | {"tilstande": {"organisationenhedgyldighed": [state]}})

    (shown,) = newest(ann, UNIT, uuid)["tilstande"]["organisationenhedgyldighed"]
    included = {"from_included": True, "to_included": False}
    assert shown["virkning"] == {"from": "2011-05-01 00:00:00+00", "to": "infinity", **included, **said, "aktoerref": A}


class TestElsewhere:
    """An installation in Denmark."""

    @pytest.fixture
    def app(self, serve: Serve, store: Store) -> Application:
        return serve(with_policy(store, Policy(time_zone=ZoneInfo("Europe/Copenhagen"))))

    def test_times_without_offset_are_those_of_the_installation(self, ann: Client) -> None:
        uuid = create(ann, UNIT, unit())
        states = [entry("2021-01-01", "2021-07-01T00:00Z", gyldighed="Inaktiv")]
        patch(ann, UNIT, uuid, {"tilstande": {"organisationenhedgyldighed": states}})

        shown = newest(ann, UNIT, uuid)["tilstande"]["organisationenhedgyldighed"]
        assert shown[1]["virkning"]["from"] == "2021-01-01 00:00:00+01"
        assert shown[1]["virkning"]["to"] == "2021-07-01 02:00:00+02"
        assert found(ann, UNIT, "gyldighed=Inaktiv&virkningstid=2020-12-31T23:00:00Z") == [uuid]
        assert found(ann, UNIT, "gyldighed=Inaktiv&virkningstid=2020-12-31T22:59:59Z") == []

    def test_times_before_there_were_zones_are_shown_so_that_they_can_be_sent_back(self, ann: Client) -> None:
        uuid = create(ann, UNIT, unit() | {"tilstande": {"organisationenhedgyldighed": [entry("1800-01-01", gyldighed="Aktiv")]}})

        (shown,) = newest(ann, UNIT, uuid)["tilstande"]["organisationenhedgyldighed"]
        again = create(ann, UNIT, unit() | {"tilstande": {"organisationenhedgyldighed": [shown]}})
        assert newest(ann, UNIT, again)["tilstande"] == newest(ann, UNIT, uuid)["tilstande"]


# Registrations


def test_registrations_tell_when_and_by_whom_they_were_made(ann: Client, bob: Client, uuid: str, clock: SettableClock) -> None:
    clock.advance(timedelta(seconds=1.25))
    patch(bob, FACET, uuid, {"note": "Rettelse"})

    second, first = history(ann, FACET, uuid)

    assert first["fratidspunkt"] == {"tidsstempeldatotid": "2026-11-20T12:00:00+00:00", "graenseindikator": True}
    assert second["fratidspunkt"]["tidsstempeldatotid"] == "2026-11-20T12:00:01.250000+00:00"
    assert first["tiltidspunkt"] == {"tidsstempeldatotid": "2026-11-20T12:00:01.250000+00:00"}
    assert second["tiltidspunkt"] == {"tidsstempeldatotid": "infinity"}
    assert first["brugerref"] != second["brugerref"]
    assert newest(ann, FACET, create(ann, FACET, facet()))["brugerref"] == first["brugerref"]
    assert (second["note"], "note" in first) == ("Rettelse", False)


def test_entries_come_in_the_order_of_their_periods(ann: Client, uuid: str) -> None:
    patch_attributes(ann, uuid, entry("2019-01-01", "2020-01-01", plan="b"), entry("2014-01-01", "2015-01-01", plan="a"))

    starts = [row[0] for row in rows(newest(ann, FACET, uuid)["attributter"]["facetegenskaber"])]
    assert starts == sorted(starts, key=str)


@pytest.mark.parametrize(
    ("window", "count"),
    [
        ("virkningFra=2012-01-01", 3),
        ("virkningTil=2014-01-01", 1),
        ("virkningTil=2014-01-01T00:00:00.000001", 2),
        ("virkningFra=2015-01-01&virkningTil=infinity", 1),
        ("virkningstid=2014-12-31T23:59:59.999999", 1),
        ("virkningstid=2011-05-01", 1),
        ("virkningFra=-infinity", 3),
    ],
)
def test_a_window_selects_entries_and_does_not_cut_them(ann: Client, uuid: str, window: str, count: int) -> None:
    patch_attributes(ann, uuid, entry("2014-01-01", "2015-01-01", supplement="s1"))

    shown = newest(ann, FACET, uuid, window)["attributter"]["facetegenskaber"]

    assert len(shown) == count
    whole = newest(ann, FACET, uuid)["attributter"]["facetegenskaber"]
    assert all(one in whole for one in shown)


def test_an_instant_before_the_object_was_made_is_not_found(ann: Client, uuid: str) -> None:
    assert message_of(ann("GET", f"{FACET}/{uuid}?registreringstid=2026-11-20T11:59:59Z"), 404)
    assert message_of(ann("GET", f"{FACET}/{uuid}?registreretTil=2026-11-20T12:00:00Z"), 404)


# Validators


def test_a_tag_stands_for_a_registration(ann: Client, uuid: str) -> None:
    window = f"{FACET}/{uuid}?virkningstid=2020-01-01"
    tag = ann("GET", window).etag
    assert ann("GET", window, if_none_match=tag).status == 304
    assert ann("GET", f"{FACET}/{uuid}", if_none_match=tag).status == 200, "what is valid now changes by itself"

    changed = send(ann, "PATCH", f"{FACET}/{uuid}", {"note": "n"}, if_match=tag)
    assert (changed.status, changed.etag) == (200, ann("GET", window).etag)
    assert changed.etag != tag
    for method, payload in (("PATCH", {"note": "n"}), ("PUT", facet()), ("DELETE", None)):
        assert message_of(send(ann, method, f"{FACET}/{uuid}", payload, if_match=tag), 412)
    assert len(history(ann, FACET, uuid)) == 2
    assert send(ann, "DELETE", f"{FACET}/{uuid}", if_match=changed.etag).status == 202


def test_a_tag_of_before_a_deletion_is_none_of_after_it(ann: Client, bob: Client, uuid: str, clock: SettableClock) -> None:
    window = f"{FACET}/{uuid}?{ALL_TIME}&{ALL_REGISTRATIONS}"
    before = ann("GET", window).etag
    clock.advance(timedelta(seconds=1))
    deleted = send(bob, "DELETE", f"{FACET}/{uuid}", if_match=before)

    assert (deleted.status, deleted.etag) == (202, ann("GET", window).etag)
    for method, payload in (("PUT", facet()), ("PATCH", {"note": "n"}), ("DELETE", None)):
        assert message_of(send(ann, method, f"{FACET}/{uuid}", payload, if_match=before), 412)
    assert codes(ann, FACET, uuid) == ["Slettet", "Opstaaet"]
    assert ann("GET", window, if_none_match=deleted.etag).status == 304

    revived = send(ann, "PUT", f"{FACET}/{uuid}", facet(), if_match=deleted.etag)
    assert (revived.status, revived.etag) == (200, ann("GET", window).etag)
    assert codes(ann, FACET, uuid) == ["Importeret", "Slettet", "Opstaaet"]
    assert send(ann, "PATCH", f"{FACET}/{uuid}", {"note": "n"}, if_match=deleted.etag).status == 412
    assert send(ann, "PATCH", f"{FACET}/{uuid}", {"note": "n"}, if_match=revived.etag).status == 200


def test_no_tag_stands_for_a_deletion_that_was_undone(ann: Client, uuid: str) -> None:
    window = f"{FACET}/{uuid}?{ALL_TIME}&{ALL_REGISTRATIONS}"
    tag = ann("GET", window).etag
    send(ann, "DELETE", f"{FACET}/{uuid}")

    response = ann("GET", window, if_none_match=tag, if_modified_since="Fri, 20 Nov 2026 13:00:00 GMT")

    assert response.status == 200
    assert len(response.json[uuid][0]["registreringer"]) == 2


def test_a_refusal_tells_what_it_is_about(ann: Client) -> None:
    assert send(ann, "POST", FACET, facet(hest=1)).json["context"] == "attributter.facetegenskaber[0]"
    assert ann("GET", f"{FACET}?ansvarlig=x").json["context"] == "ansvarlig"


def test_an_update_that_changes_nothing_says_so(ann: Client, uuid: str) -> None:
    first = patch(ann, FACET, uuid, {"note": "n"})
    second = patch(ann, FACET, uuid, {"note": "n"})

    assert "x-unchanged" not in first.headers
    assert second.headers["x-unchanged"] == "true"
    assert first.etag == second.etag


def test_a_new_object_tells_its_address(ann: Client) -> None:
    response = send(ann, "POST", FACET, facet())

    assert response.headers["location"] == f"{FACET}/{response.json['uuid']}"
    assert ann("GET", response.headers["location"]).etag == response.etag


def test_head_answers_as_get_without_a_body(ann: Client, uuid: str) -> None:
    head, get = (ann(method, f"{FACET}/{uuid}") for method in ("HEAD", "GET"))

    assert head.status == 200
    assert {**head.headers, "x-request-id": ""} == {**get.headers, "x-request-id": ""}


# Values


def test_what_was_read_can_be_sent_back(ann: Client) -> None:
    said = {
        "hjemmel": "lov",
        "afleveret": False,
        "principiel": True,
        "offentlighedundtaget": {"alternativtitel": "a", "hjemmel": "h"},
    }
    relationer = {
        "andresager": [target(A, objekttype="Sag"), entry(urn="urn:x:1")],
        "ejer": [entry("2011-01-01", "2012-01-01", uuid="", urn="")],
        "journalpost": [target(A, journalpostkode="vedlagtdokument", journaldokument={"dokumenttitel": "Bilag"})],
    }
    uuid = create(ann, SAG, sag(relationer=relationer, beskrivelse="", **said))
    shown = newest(ann, SAG, uuid)
    (post,) = shown["relationer"]["journalpost"]
    assert post["reltypespec"] == post["journalpostkode"] == "vedlagtdokument"
    assert post["journaldokumentattr"] == post["journaldokument"] == {"dokumenttitel": "Bilag"}

    again = {key: shown[key] for key in ("attributter", "tilstande", "relationer")}
    assert send(ann, "PUT", f"{SAG}/{uuid}", again).status == 200

    assert {key: newest(ann, SAG, uuid)[key] for key in again} == again
    assert codes(ann, SAG, uuid) == ["Rettet", "Opstaaet"]


def test_keywords_can_be_sent_back(ann: Client) -> None:
    uuid = create(ann, KLASSE, klasse(soegeord=[["a", "b", "c"], ["d", "e", "f"]]))
    shown = newest(ann, KLASSE, uuid)

    assert send(ann, "PUT", f"{KLASSE}/{uuid}", {key: shown[key] for key in ("attributter", "tilstande")}).status == 200

    assert newest(ann, KLASSE, uuid)["attributter"] == shown["attributter"]


def test_a_bare_name_of_a_state_is_taken(ann: Client) -> None:
    uuid = create(ann, UNIT, unit() | {"tilstande": {"gyldighed": [entry(gyldighed="Aktiv")]}})

    assert list(newest(ann, UNIT, uuid)["tilstande"]) == ["organisationenhedgyldighed"]


# What the door tells of itself


def test_site_map_classes_and_fields(ann: Client) -> None:
    addresses = ann("GET", f"{MOUNT}/site-map").json["site-map"]
    assert {"/lora/site-map", "/lora/klassifikation/classes", SAG, "/lora/tilstand/tilstand/schema"} <= set(addresses)
    assert {ann("GET", one).status for one in addresses if "{" not in one} == {200}
    classes = ann("GET", f"{MOUNT}/klassifikation/classes").json
    assert sorted(classes) == ["facet", "klasse", "klassifikation"]
    assert classes["facet"] == ann("GET", f"{FACET}/fields").json
    fields = ann("GET", f"{KLASSE}/fields").json
    assert "soegeord" in fields["attributter"]["egenskaber"]
    assert fields["attributter_metadata"]["egenskaber"]["titel"] == {"mandatory": True}
    assert fields["tilstande"] == {"publiceret": ["Publiceret", "IkkePubliceret"]}
    assert fields["relationer_nul_til_en"] == ["ejer", "ansvarlig", "overordnetklasse", "facet"]
    assert "mapninger" in fields["relationer_nul_til_mange"]
    assert message_of(ann("GET", f"{MOUNT}/site-map?a=1"))


@pytest.mark.parametrize(
    ("path", "payload"),
    [(FACET, facet()), (KLASSE, klasse(soegeord=[["a", "b", "c"]])), (SAG, sag()), (UNIT, unit()), (DOKUMENT, dokument())],
)
def test_the_schema_takes_what_can_be_created(ann: Client, path: str, payload: Json) -> None:
    schema = ann("GET", f"{path}/schema").json
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    assert list(validator.iter_errors(payload)) == []
    uuid = create(ann, path, payload)
    shown = read(ann, path, uuid)[0]
    assert list(validator.iter_errors({key: shown[key] for key in ("attributter", "tilstande") if key in shown})) == []
    for wrong in ({}, payload | {"tilstande": {}}, payload | {"relationer": {"hest": []}}):
        assert list(validator.iter_errors(wrong)) != []
        assert send(ann, "POST", path, wrong).status == 400
