"""Lists and searches of LoRA (specification, 3.5 and 3.6)."""

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
    SAG,
    UNKNOWN,
    A,
    B,
    C,
    Json,
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
    sag,
    send,
    target,
    variant,
)

COMMUNITY = "/lora/organisation/interessefaellesskab"


def results(ann: Client, query: str, path: str = FACET) -> list[list[Json]]:
    response = ann("GET", f"{path}?{query}")
    assert response.status == 200, response
    listed: list[list[Json]] = response.json["results"]
    return listed


# Lists


def test_a_list_without_parameters_is_empty(ann: Client) -> None:
    create(ann, FACET, facet())

    assert ann("GET", FACET).json == {"results": []}
    assert ann("GET", f"{FACET}?{ALL_TIME}").json == {"results": []}


def test_a_list_shows_objects_by_uuid_and_leaves_others_out(ann: Client) -> None:
    one, other, deleted = (create(ann, FACET, facet(bvn)) for bvn in ("1", "2", "3"))
    send(ann, "DELETE", f"{FACET}/{deleted}")

    (objects,) = results(ann, f"uuid={other.upper()}&uuid={one}&uuid={deleted}&uuid={UNKNOWN}&uuid={one}")

    assert sorted(shown["id"] for shown in objects) == sorted([one, other])
    assert objects[0]["registreringer"] == [newest(ann, FACET, objects[0]["id"], "")]
    assert ann("GET", f"{FACET}?uuid={UNKNOWN}").json == {"results": []}


def test_a_list_of_the_past_has_what_is_deleted_now(ann: Client, clock: SettableClock) -> None:
    uuid = create(ann, FACET, facet())
    clock.advance(timedelta(hours=1))
    send(ann, "DELETE", f"{FACET}/{uuid}")

    ((shown,),) = results(ann, f"uuid={uuid}&{ALL_REGISTRATIONS}")
    assert [one["livscykluskode"] for one in shown["registreringer"]] == ["Slettet", "Opstaaet"]
    assert results(ann, f"uuid={uuid}&registreringstid=2026-11-20T13:30:00Z") == []


def test_an_object_of_another_class_is_not_listed(ann: Client) -> None:
    uuid = create(ann, KLASSE, klasse())

    assert ann("GET", f"{FACET}?uuid={uuid}").json == {"results": []}
    assert found(ann, FACET, f"uuid={uuid}&bvn=%25") == []


@pytest.mark.parametrize(
    "query",
    [
        "uuid=x",
        "uuid=x&bvn=a",
        f"uuid={A}&uuid={B}&bvn=a",
        "virkningstid=yesterday",
        "virkningstid=infinity",
        "virkningFra=2020-01-01&virkningTil=2020-01-01",
        "registreringstid=2020-01-01&registreretFra=2019-01-01",
        "virkningstid=2020-01-01&virkningstid=2021-01-01",
        "ansvarlig=x",
        "ansvarlig:Bruger=x",
        "bvn:Bruger=x",
        "vilkaarligrel=x",
        "livscykluskode=Rettes",
        "brugerref=ann",
        "maximalantalresultater=-1",
        "foersteresultat=ti",
        "maximalantalresultater=",
        "varianttekst=PDF",
        "journalpostkode=journalnotat",
        "&".join(["bvn=a"] * 101),
    ],
)
def test_what_makes_no_sense_is_refused(ann: Client, query: str) -> None:
    assert message_of(ann("GET", f"{FACET}?{query}"))


def test_refusal_names_the_parameter(ann: Client) -> None:
    for name in ("ansvarlig", "vilkaarligrel"):
        response = ann("GET", f"{FACET}?{name}=x")
        assert message_of(response) == f"{name}: 'x' is neither a uuid nor a urn."
        assert response.json["context"] == name


def test_unsupported_arguments_are_named_in_order(ann: Client) -> None:
    response = ann("GET", f"{FACET}?hest=1&Abe=2&bvn=a")

    assert message_of(response) == "Unsupported argument(s): abe, hest"


def test_names_of_parameters_come_in_any_case(ann: Client) -> None:
    uuid = create(ann, FACET, facet() | {"relationer": {"ansvarlig": [target(A, objekttype="Bruger")]}})

    assert found(ann, FACET, "BVN=ac-1&VirkningsTid=2020-01-01&FacetTilhoerer=" + A) == []
    assert found(ann, FACET, f"BrugervendtNoegle=ac-1&VIRKNINGSTID=2020-01-01&ANSVARLIG:Bruger={A.upper()}") == [uuid]
    assert found(ann, FACET, f"ansvarlig:bruger={A}") == []


# Criteria


def test_no_hit_is_an_empty_list_of_hits(ann: Client) -> None:
    assert ann("GET", f"{FACET}?bvn=x").json == {"results": [[]]}


def test_text_is_found_whole_and_in_any_case(ann: Client) -> None:
    uuid = create(ann, FACET, facet("Ærø-Kommune"))

    assert found(ann, FACET, bvn="ærø-kommune") == [uuid]
    assert found(ann, FACET, bvn="ÆRØ-KOMMUNE") == [uuid]
    assert found(ann, FACET, bvn="ærø") == []


@pytest.mark.parametrize(
    ("pattern", "is_hit"),
    [
        ("100%", True),
        ("%rabat%", True),
        ("%", True),
        ("1%t_x", True),
        (r"100\% rabat_x", True),
        (r"%\%%", True),
        (r"100\%", False),
        ("100_ rabat_x", False),
        ("%rabat", False),
        (r"a\\b", False),
    ],
)
def test_percent_is_any_text_unless_escaped(ann: Client, pattern: str, is_hit: bool) -> None:
    uuid = create(ann, FACET, facet("100% rabat_x"))

    assert found(ann, FACET, bvn=pattern) == [uuid] * is_hit


def test_a_backslash_is_written_twice(ann: Client) -> None:
    uuid = create(ann, FACET, facet(r"a\b"))

    assert found(ann, FACET, bvn=r"a\\b") == [uuid]


def test_repeating_a_parameter_asks_for_both(ann: Client) -> None:
    both = create(ann, FACET, facet() | {"relationer": {"redaktoerer": [target(R1), target(R2)]}})
    create(ann, FACET, facet() | {"relationer": {"redaktoerer": [target(R1)]}})

    assert found(ann, FACET, f"redaktoerer={R1}&redaktoerer={R2}") == [both]


def test_criteria_may_hold_at_different_times(ann: Client) -> None:
    uuid = create(ann, FACET, facet())
    patch_attributes(ann, uuid, entry("2014-01-01", "2015-01-01", supplement="s1", plan="p"))

    asked = "supplement=s0&plan=p"
    assert found(ann, FACET, f"{asked}&{ALL_TIME}") == [uuid]
    assert found(ann, FACET, f"{asked}&virkningstid=2014-06-01") == []
    assert found(ann, FACET, "plan=p") == []


def test_a_window_of_registrations_finds_what_was_said_then(ann: Client, clock: SettableClock) -> None:
    uuid = create(ann, FACET, facet())
    clock.advance(timedelta(days=1))
    patch_attributes(ann, uuid, entry("2000-01-01", brugervendtnoegle="AC-2", supplement="new"))

    assert found(ann, FACET, "supplement=s0") == []
    assert found(ann, FACET, "supplement=s0&registreringstid=2026-11-20T13:00:00Z") == [uuid]
    assert found(ann, FACET, f"supplement=s0&{ALL_REGISTRATIONS}") == [uuid]
    assert found(ann, FACET, "supplement=new&registreretTil=2026-11-20T13:00:00Z") == []


def test_states_and_targets_are_found_exactly(ann: Client) -> None:
    uuid = create(ann, FACET, facet() | {"relationer": {"ansvarlig": [entry(urn="urn:Ansvar:1")], "ejer": [target(A.upper())]}})

    assert found(ann, FACET, "publiceret=Publiceret") == [uuid]
    assert found(ann, FACET, "publiceret=publiceret") == []
    assert found(ann, FACET, "ansvarlig=urn:Ansvar:1") == [uuid]
    assert found(ann, FACET, "ansvarlig=urn:ansvar:1") == []
    assert found(ann, FACET, f"ejer={A.upper()}") == [uuid]
    assert found(ann, FACET, f"ansvarlig={A}") == []


def test_whatever_urn_an_object_may_have_can_be_searched_for(ann: Client) -> None:
    uuid = create(ann, FACET, facet() | {"relationer": {"ansvarlig": [entry(urn="urn:")]}})

    assert found(ann, FACET, "ansvarlig=urn:") == [uuid]


def test_any_attribute_and_any_relation(ann: Client) -> None:
    uuid = create(ann, FACET, facet(plan="Kommuneplan") | {"relationer": {"ansvarlig": [entry(urn="urn:x:1")]}})

    assert found(ann, FACET, "vilkaarligattr=kommune%25") == [uuid]
    assert found(ann, FACET, "vilkaarligattr=publiceret") == []
    assert found(ann, FACET, "vilkaarligrel=urn:x:1") == [uuid]
    assert found(ann, FACET, f"vilkaarligrel={R1}") == []


def test_life_cycle_writer_and_note(ann: Client, bob: Client) -> None:
    by_ann = create(ann, FACET, facet() | {"note": "Første udgave"})
    by_bob = create(bob, FACET, facet())
    writer = history(ann, FACET, by_bob)[0]["brugerref"]
    patch(ann, FACET, by_ann, {"note": "Første udgave"})

    assert found(ann, FACET, "livscykluskode=Opstaaet") == [by_bob]
    assert found(ann, FACET, "livscykluskode=Rettet") == [by_ann]
    assert found(ann, FACET, f"brugerref={writer}") == [by_bob]
    assert found(ann, FACET, f"bvn=AC-1&brugerref={writer}&maximalantalresultater=5") == [by_bob]
    assert found(ann, FACET, f"bvn=AC-1&brugerref={UNKNOWN}&maximalantalresultater=5") == []
    assert found(ann, FACET, notetekst="første%") == [by_ann]


@pytest.mark.parametrize("known", ["", f"&{ALL_REGISTRATIONS}"], ids=["now", "then"])
def test_the_note_of_a_deletion_is_found(ann: Client, clock: SettableClock, known: str) -> None:
    uuid = create(ann, FACET, facet() | {"note": "Første"})
    clock.advance(timedelta(seconds=1))
    send(ann, "DELETE", f"{FACET}/{uuid}", {"note": "Udgået"})

    assert found(ann, FACET, f"livscykluskode=Slettet{known}", notetekst="udg%") == [uuid]
    assert found(ann, FACET, f"livscykluskode=Slettet&maximalantalresultater=5{known}", notetekst="UDGÅET") == [uuid]
    assert found(ann, FACET, f"livscykluskode=Slettet{known}", notetekst="udg") == []
    assert found(ann, FACET, "livscykluskode=Slettet", notetekst="første") == [], "that is not its newest registration"
    assert found(ann, FACET, notetekst="udg%") == []


def test_a_note_within_a_period_is_found_too(ann: Client) -> None:
    payload = facet()
    payload["tilstande"]["facetpubliceret"][0]["virkning"]["notetekst"] = "Efter møde"
    uuid = create(ann, FACET, payload)

    assert found(ann, FACET, notetekst="efter m%de") == [uuid]


def test_what_is_passive_is_found_and_listed(ann: Client) -> None:
    uuid = create(ann, FACET, facet())
    patch(ann, FACET, uuid, {"livscyklus": "passiv"})

    assert found(ann, FACET, "bvn=AC-1") == [uuid]
    assert found(ann, FACET, "bvn=AC-1&livscykluskode=Passiveret") == [uuid]
    assert len(results(ann, f"uuid={uuid}")[0]) == 1


def test_a_relation_that_is_a_field_too_matches_either(ann: Client) -> None:
    def payload(bvn: str, fields: Json, relationer: Json) -> Json:
        return {
            "attributter": {"interessefaellesskabegenskaber": [entry(brugervendtnoegle=bvn, **fields)]},
            "tilstande": {"interessefaellesskabgyldighed": [entry(gyldighed="Aktiv")]},
            "relationer": relationer,
        }

    by_field = create(ann, COMMUNITY, payload("a", {"interessefaellesskabstype": A}, {}))
    by_relation = create(ann, COMMUNITY, payload("b", {}, {"interessefaellesskabstype": [target(A)]}))
    by_word = create(ann, COMMUNITY, payload("c", {"interessefaellesskabstype": "klub"}, {}))

    assert found(ann, COMMUNITY, f"interessefaellesskabstype={A}") == [by_field, by_relation]
    assert found(ann, COMMUNITY, "interessefaellesskabstype=Klub") == [by_word]


def test_fields_that_are_no_text(ann: Client) -> None:
    exempt = {"alternativtitel": "Fortrolig", "hjemmel": "§ 12"}
    uuid = create(ann, SAG, sag(principiel=False, afleveret="1", offentlighedundtaget=exempt))

    assert found(ann, SAG, "principiel=false") == [uuid]
    assert found(ann, SAG, "principiel=1") == []
    assert found(ann, SAG, "afleveret=True&principiel=0") == [uuid]
    assert found(ann, SAG, offentlighedundtaget="fortrolig") == [uuid]
    assert message_of(ann("GET", f"{SAG}?principiel=maybe"))


def test_keywords_are_found_by_each_of_their_texts(ann: Client) -> None:
    uuid = create(ann, KLASSE, klasse(soegeord=[["ident", "En beskrivelse", "kategori"]]))

    assert found(ann, KLASSE, soegeord="ident") == [uuid]
    assert found(ann, KLASSE, soegeord="en bes%") == [uuid]
    assert found(ann, KLASSE, vilkaarligattr="kategori") == [uuid]


def test_journal_entries_are_found_by_what_they_say(ann: Client) -> None:
    note = {"titel": "Møde", "notat": "Referat", "format": "text"}
    exempt = {"alternativtitel": "Lukket", "hjemmel": "§ 1"}
    entries = [
        target(A, journalpostkode="journalnotat", journalnotat=note),
        target(B, journalpostkode="vedlagtdokument", journaldokument={"dokumenttitel": "Bilag", "offentlighedundtaget": exempt}),
    ]
    uuid = create(ann, SAG, sag(relationer={"journalpost": entries}))

    for name, value in {
        "journalpostkode": "vedlagtdokument",
        "journalnotat.titel": "m%de",
        "journalnotat.notat": "REFERAT",
        "journalnotat.format": "text",
        "journaldokument.dokumenttitel": "bil%",
        "journaldokument.offentlighedundtaget.alternativtitel": "lukket",
        "journaldokument.offentlighedundtaget.hjemmel": "§ %",
    }.items():
        assert found(ann, SAG, **{name: value}) == [uuid], name
        assert found(ann, SAG, **{name: "andet"}) == [], name
    assert found(ann, SAG, journalpostkode="vedlagtdokument", **{"journalnotat.titel": "møde"}) == [uuid]


# Parts of documents


@pytest.fixture
def parted(ann: Client) -> str:
    """A document whose variants and parts say different things."""
    pdf = variant(
        del_("urn:x:1", text="kapitel 1", lokation="Hylde", indeks=1) | {"relationer": {"underredigeringaf": [target(C)]}},
        del_("urn:x:2", text="kapitel 2", indeks=2, mimetype="text/html"),
        text="PDF",
        egenskaber=[entry(arkivering=True, produktion=False)],
    )
    odt = variant(del_("urn:x:3", text="kapitel 1", indeks=7), text="ODT", egenskaber=[entry(delvisscannet=True)])
    return create(ann, DOKUMENT, dokument(pdf, odt))


@pytest.mark.parametrize(
    ("query", "is_hit"),
    [
        ("varianttekst=pdf", True),
        ("varianttekst=P%25", True),
        ("varianttekst=TIF", False),
        ("deltekst=Kapitel+2", True),
        ("arkivering=true", True),
        ("arkivering=false", False),
        ("produktion=0", True),
        ("indeks=7", True),
        ("indeks=3", False),
        ("indhold=urn:x:2", True),
        ("lokation=hyl%25", True),
        ("mimetype=text/html", True),
        (f"underredigeringaf={C}", True),
        (f"underredigeringaf={A}", False),
        (f"vilkaarligrel={C}", True),
        ("vilkaarligattr=hylde", True),
        ("vilkaarligattr=kapitel 1".replace(" ", "+"), True),
        ("arkivering=true&delvisscannet=true", True),
        ("varianttekst=PDF&arkivering=true&delvisscannet=true", False),
        ("varianttekst=PDF&indeks=7", False),
        ("varianttekst=ODT&indeks=7", True),
        ("varianttekst=PDF&deltekst=kapitel+2&lokation=Hylde", False),
        ("varianttekst=PDF&deltekst=kapitel+1&lokation=Hylde&indeks=1", True),
        ("deltekst=kapitel+1&mimetype=text/html", False),
        ("lokation=Hylde&mimetype=text/html", True),
    ],
)
def test_documents_are_found_by_their_parts(ann: Client, parted: str, query: str, is_hit: bool) -> None:
    assert found(ann, DOKUMENT, query) == [parted] * is_hit


def test_documents_of_the_drive_are_found_as_they_were_and_when_deleted(ann: Client, clock: SettableClock) -> None:
    assert ann("PUT", "/dav/first.txt", body=b"x").status == 201
    (uuid,) = found(ann, DOKUMENT, "bvn=first.txt")
    clock.advance(timedelta(days=1))
    patch(ann, DOKUMENT, uuid, {"note": "registered"})
    assert ann("PUT", "/dav/other.txt", body=b"x").status == 201
    clock.advance(timedelta(seconds=1))
    (other,) = found(ann, DOKUMENT, "bvn=other.txt")
    clock.advance(timedelta(days=1))
    assert ann("DELETE", "/dav/other.txt").status == 204

    for paging in ("", "&foersteresultat=0"):
        assert found(ann, DOKUMENT, f"bvn=%25.txt&livscykluskode=Slettet{paging}") == [other]
        assert found(ann, DOKUMENT, f"bvn=%25.txt{paging}") == [uuid]
        assert found(ann, DOKUMENT, f"bvn=other%25&registreringstid=2026-11-21T18:00:00Z{paging}") == [other]
        assert found(ann, DOKUMENT, f"bvn=%25.txt&registreringstid=2026-11-20T18:00:00Z{paging}") == [uuid]
        assert found(ann, DOKUMENT, f"indhold=store:2026/11/21%25&livscykluskode=Slettet{paging}") == [other]
    ((shown,),) = results(ann, "bvn=other%25&registreringstid=2026-11-21T18:00:00Z&list=1", DOKUMENT)
    assert shown["id"] == other


def test_what_was_restored_is_found_by_that_though_others_were_deleted_since(
    ann: Client, bob: Client, clock: SettableClock
) -> None:
    uuid, other = create(ann, DOKUMENT, dokument()), create(ann, DOKUMENT, dokument())
    clock.advance(timedelta(hours=1))
    send(ann, "DELETE", f"{DOKUMENT}/{uuid}")
    clock.advance(timedelta(hours=1))
    (deleted,) = bob("GET", "/api/v1/trash/").json["data"]["documents"]
    alive = {"document": {"properties": {"status": "alive"}}}
    assert send(bob, "PUT", f"/{deleted['uri']}", alive).status == 200
    clock.advance(timedelta(hours=1))
    send(ann, "DELETE", f"{DOKUMENT}/{other}")
    restored = history(ann, DOKUMENT, uuid)[0]
    assert restored["livscykluskode"] == "Importeret"

    for known in ("", "&registreringstid=2026-11-20T16:00:00Z", f"&{ALL_REGISTRATIONS}"):
        assert found(ann, DOKUMENT, f"livscykluskode=Importeret{known}") == [uuid], known
        assert found(ann, DOKUMENT, f"brugerref={restored['brugerref']}{known}") == [uuid], known
        assert uuid in found(ann, DOKUMENT, f"notetekst={known}"), known


# Pages and whole objects


def test_pages_leave_out_what_has_no_brugervendtnoegle_then(ann: Client) -> None:
    b, a = create(ann, FACET, facet("b")), create(ann, FACET, facet("a"))

    assert found(ann, FACET, "publiceret=Publiceret&maximalantalresultater=0") == []
    assert found(ann, FACET, "foersteresultat=0") == [a, b]
    assert found(ann, FACET, "foersteresultat=1") == [b]
    assert found(ann, FACET, "foersteresultat=99999999999999999999") == []
    assert found(ann, FACET, "livscykluskode=Opstaaet&virkningstid=2000-01-01&foersteresultat=0") == []


def test_a_search_for_nothing_special_finds_all_of_a_class(ann: Client) -> None:
    uuids = [create(ann, FACET, facet(bvn)) for bvn in ("a", "b")]
    create(ann, KLASSE, klasse())

    assert found(ann, FACET, "bvn=%25") == uuids


def test_list_replies_the_objects_themselves(ann: Client) -> None:
    uuid = create(ann, FACET, facet())

    ((shown,),) = results(ann, "bvn=AC-1&list")
    assert shown == {"id": uuid, "registreringer": [newest(ann, FACET, uuid, "")]}
    assert results(ann, "bvn=x&list=1") == []
    send(ann, "DELETE", f"{FACET}/{uuid}")
    assert found(ann, FACET, "livscykluskode=Slettet") == [uuid]
    assert results(ann, "livscykluskode=Slettet&list=1") == []


def test_konsolider_joins_periods_before_they_are_selected(ann: Client) -> None:
    uuid = create(ann, FACET, facet())
    patch_attributes(ann, uuid, entry("2014-01-01", "2015-01-01", supplement="s0"))
    windows = "virkningFra=2014-06-01&virkningTil=2014-07-01"

    (split,) = newest(ann, FACET, uuid, windows)["attributter"]["facetegenskaber"]
    assert split["virkning"]["from"] == "2014-01-01 00:00:00+00"
    (joined,) = newest(ann, FACET, uuid, f"{windows}&konsolider=1")["attributter"]["facetegenskaber"]
    assert (joined["virkning"]["from"], joined["virkning"]["to"]) == ("2011-05-01 00:00:00+00", "infinity")
    ((listed,),) = results(ann, f"uuid={uuid}&konsolider&{windows}")
    assert listed["registreringer"][0]["attributter"]["facetegenskaber"] == [joined]
    ((by_search,),) = results(ann, f"bvn=AC-1&list=1&konsolider=1&{windows}")
    assert by_search == listed


def test_a_tombstone_matches_nothing(ann: Client) -> None:
    uuid = create(ann, FACET, facet() | {"relationer": {"ansvarlig": [emptied()]}})

    assert found(ann, FACET, f"vilkaarligrel={A}") == []
    assert found(ann, FACET, "bvn=AC-1") == [uuid]
