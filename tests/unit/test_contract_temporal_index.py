"""What searching promises of objects whose content is valid for a time: it finds what a look at every registration finds."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete as sql_delete
from sqlalchemy import update
from tests.builders import SettableClock, findings, with_policy
from tests.builders import put as put_on_drive
from tests.unit.filed import made as made_by_rest
from tests.unit.filed import rest, rows, say
from tests.unit.registered import DOCUMENT, FACET, FOLDER, SAG, author_uuid_of, create, delete, lora, patch, put, read
from tests.unit.temporal import UTC, A, B, document, entries, entry, facet, part, type_of, variant

from davgate.core import deleting, thinning, trash
from davgate.core.bitemporal import searching
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.matching import shown
from davgate.model.bitemporal.merging import Entry, Snapshot
from davgate.model.bitemporal.query import (
    Criterion,
    EitherOf,
    HasCode,
    HasState,
    InPart,
    InVariant,
    JournalSays,
    LeadsTo,
    Notes,
    PartLeadsTo,
    Says,
    Search,
    WrittenBy,
)
from davgate.model.bitemporal.registration import Code, Registration
from davgate.model.bitemporal.virkning import ALL_TIME, Window, parse_timestamp
from davgate.model.instant import Instant
from davgate.model.object_types import ObjectType
from davgate.model.thinning import ThinningRule
from davgate.storage.bitemporal import index as temporal_index
from davgate.storage.object_tables import temporal_value
from davgate.storage.statements import Statement

SECOND = timedelta(seconds=1)


def find(
    store: Store, ctx: Context, *criteria: Criterion, of: ObjectType = FACET, valid: Window = ALL_TIME, **more: Any
) -> list[str]:
    """Return the ids of what is found."""
    return list(searching.search(store, lora(ctx), of, Search(criteria, valid, **more)))


def during(start: str, end: str) -> Window:
    """Return a window."""
    return Window(parse_timestamp(start, UTC), parse_timestamp(end, UTC))


def on(day: str) -> Window:
    """Return the window of an instant."""
    return Window.at(parse_timestamp(day, UTC))


def in_2014(**fields: str) -> dict[str, Any]:
    """Return a PATCH of properties in the year 2014."""
    return {"attributter": {"facetegenskaber": [{**entry("2014..2015"), **fields}]}}


# Single criteria


@pytest.fixture
def facets(store: Store, ann: Context) -> dict[str, str]:
    """Three facets by their keys."""
    related = {"redaktoerer": entries(f"2011..inf uuid={A} objekttype=Bruger"), "ansvarlig": entries("2011..inf urn=urn:Case")}
    return {name: create(store, ann, data=facet(name, **related)).uuid for name in ("pg-c", "pg-a", "pg-b")}


ALL = ["pg-a", "pg-b", "pg-c"]


@pytest.mark.parametrize("paged", [{}, {"first": 0, "most": 9}, {"known": ALL_TIME}, {"known": ALL_TIME, "first": 0}])
@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        pytest.param([], ALL, id="none"),
        pytest.param([Says("brugervendtnoegle", "PG-a")], ["pg-a"], id="in-capitals"),
        pytest.param([Says("brugervendtnoegle", "pg-%")], ALL, id="beginning"),
        pytest.param([Says("brugervendtnoegle", "%-B")], ["pg-b"], id="end"),
        pytest.param([Says("brugervendtnoegle", "p%g%c")], ["pg-c"], id="between"),
        pytest.param([Says("brugervendtnoegle", "%")], ALL, id="anything"),
        pytest.param([Says("brugervendtnoegle", "pg_a")], [], id="underscore"),
        pytest.param([Says("brugervendtnoegle", r"pg\%")], [], id="escaped"),
        pytest.param([Says("brugervendtnoegle", "pg")], [], id="part-alone"),
        pytest.param([Says("plan", "%")], [], id="no-value"),
        pytest.param([Says("", "pg-b")], ["pg-b"], id="any-field"),
        pytest.param([Says("", "Publiceret")], [], id="any-field-is-no-state"),
        pytest.param([HasState("publiceret", "Publiceret")], ALL, id="state"),
        pytest.param([HasState("publiceret", "publiceret")], [], id="state-exact"),
        pytest.param([LeadsTo("redaktoerer", A)], ALL, id="relation"),
        pytest.param([LeadsTo("redaktoerer", A, "Bruger")], ALL, id="relation-kind"),
        pytest.param([LeadsTo("redaktoerer", A, "bruger")], [], id="relation-kind-exact"),
        pytest.param([LeadsTo("ansvarlig", A)], [], id="other-relation"),
        pytest.param([LeadsTo("", "urn:Case")], ALL, id="any-relation"),
        pytest.param([LeadsTo("", "urn:case")], [], id="urn-exact"),
        pytest.param([HasCode(Code.OPSTAAET)], ALL, id="code"),
        pytest.param([HasCode(Code.RETTET)], [], id="other-code"),
        pytest.param([EitherOf((Says("brugervendtnoegle", "pg-a"), LeadsTo("ejer", A)))], ["pg-a"], id="either"),
        pytest.param([Says("brugervendtnoegle", "pg-a"), Says("brugervendtnoegle", "pg-b")], [], id="both"),
        pytest.param([Says("beskrivelse", "D"), Says("brugervendtnoegle", "%-b")], ["pg-b"], id="two-fields"),
    ],
)
def test_criterion_finds_what_it_is_about(
    store: Store, ann: Context, facets: dict[str, str], criteria: list[Criterion], found: list[str], paged: dict[str, Any]
) -> None:
    assert find(store, ann, *criteria, **paged) == [facets[name] for name in found]


def test_page_is_sorted_by_code_points_then_id(store: Store, ann: Context) -> None:
    uuids = {name: create(store, ann, data=facet(name)).uuid for name in ("b", "B", "a", "é", "z", "Z", "\U0001f600")}
    same = sorted(create(store, ann, data=facet("a")).uuid for _ in range(3))
    expected = [uuids["B"], uuids["Z"], *sorted([uuids["a"], *same]), uuids["b"], uuids["z"], uuids["é"], uuids["\U0001f600"]]
    assert find(store, ann, first=0) == find(store, ann) == expected
    assert [find(store, ann, first=no, most=2) for no in (0, 4, 9, 99)] == [expected[:2], expected[4:6], expected[9:], []]
    assert find(store, ann, most=0) == []


def test_key_is_that_of_the_window_and_objects_without_drop_out_of_pages(store: Store, ann: Context) -> None:
    first, second = (create(store, ann, data=facet(name)).uuid for name in ("a", "b"))
    patch(store, ann, first, in_2014(brugervendtnoegle="z"))
    patch(store, ann, second, {"attributter": {"facetegenskaber": []}})
    assert find(store, ann, valid=on("2014-06-01"), first=0) == [first]
    assert sorted(find(store, ann, valid=on("2014-06-01"))) == sorted([first, second])
    third = create(store, ann, data=facet("m")).uuid
    assert find(store, ann, valid=on("2014-06-01"), first=0) == [third, first]
    assert find(store, ann, valid=on("2013-06-01"), first=0) == [first, third]
    assert find(store, ann, first=0) == [first, third]


def test_many_are_found_in_their_order_page_by_page(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("davgate.storage.bitemporal.searching._FEW", 3)
    uuids = [create(store, ann, data=facet(f"k{no}")).uuid for no in range(8)]
    patch(store, ann, uuids[0], in_2014(brugervendtnoegle="z"))
    for known in (None, ALL_TIME):
        pages = [find(store, ann, Says("brugervendtnoegle", "%"), first=first, most=3, known=known) for first in (0, 3, 6)]
        assert [one for page in pages for one in page] == uuids
    assert find(store, ann, first=7, most=5, valid=on("2014-06-01")) == [uuids[0]]


def test_deleted_are_found_by_their_code_alone(store: Store, ann: Context, facets: dict[str, str], clock: SettableClock) -> None:
    clock.advance(SECOND)
    delete(store, ann, facets["pg-b"], note="gone")
    for paged in ({}, {"first": 0}):
        assert find(store, ann, **paged) == [facets["pg-a"], facets["pg-c"]]
        assert find(store, ann, HasCode(Code.SLETTET), Says("brugervendtnoegle", "%"), **paged) == [facets["pg-b"]]
        assert find(store, ann, HasCode(Code.OPSTAAET), **paged) == [facets["pg-a"], facets["pg-c"]]
    put(store, ann, facets["pg-b"], data=facet("pg-b"))
    assert find(store, ann, HasCode(Code.IMPORTERET)) == [facets["pg-b"]]
    assert find(store, ann, HasCode(Code.SLETTET)) == []


def test_folder_that_is_deleted_takes_its_objects_along(store: Store, ann: Context, facets: dict[str, str]) -> None:
    deleting.delete(store, rest(ann), FOLDER)
    assert find(store, ann) == []
    assert len(find(store, ann, HasCode(Code.SLETTET))) == 3


def test_cleared_values_and_tombstones_match_nothing(store: Store, ann: Context, facets: dict[str, str]) -> None:
    changes = in_2014(supplement="") | {
        "tilstande": {"facetpubliceret": entries("2014..2015 publiceret=")},
        "relationer": {"ansvarlig": entries("2014..2015 uuid= urn=")},
    }
    patch(store, ann, facets["pg-a"], changes)
    for criterion in (Says("supplement", "s0"), HasState("publiceret", "Publiceret"), LeadsTo("ansvarlig", "urn:Case")):
        assert len(find(store, ann, criterion, valid=on("2014-06-01"))) == 2
        assert len(find(store, ann, criterion, valid=on("2015-06-01"))) == 3


def test_two_criteria_may_hold_at_different_times(store: Store, ann: Context, facets: dict[str, str]) -> None:
    patch(store, ann, facets["pg-a"], in_2014(supplement="s1"))
    both = Says("supplement", "s0"), Says("supplement", "s1")
    assert find(store, ann, *both) == [facets["pg-a"]]
    assert find(store, ann, *both, valid=on("2014-06-01")) == []


def test_former_registrations_are_found_in_a_window_of_known_time(
    store: Store, ann: Context, facets: dict[str, str], clock: SettableClock
) -> None:
    clock.advance(SECOND)
    put(store, ann, facets["pg-c"], data=facet("new"))
    newest, first = read(store, ann, facets["pg-c"], known=ALL_TIME).registrations
    old = Says("brugervendtnoegle", "pg-c")
    assert find(store, ann, old) == []
    assert find(store, ann, old, known=ALL_TIME) == find(store, ann, old, known=Window(first.at, newest.at)) == [facets["pg-c"]]
    assert find(store, ann, old, known=Window.at(newest.at)) == []
    assert find(store, ann, known=Window.at(Instant(first.at - 1))) == []


def test_writer_and_notes_are_those_of_the_registration(store: Store, ann: Context, bob: Context, facets: dict[str, str]) -> None:
    by_bob = WrittenBy(author_uuid_of(store, "bob"))
    assert find(store, ann, by_bob) == []
    patch(store, bob, facets["pg-b"], {"note": "Because of This"})
    patch(store, ann, facets["pg-c"], {"tilstande": {"facetpubliceret": [entry("2020..2021@period publiceret=Publiceret")]}})
    assert find(store, ann, by_bob) == find(store, ann, Notes("because%")) == [facets["pg-b"]]
    assert find(store, ann, Notes("PERIOD")) == [facets["pg-c"]]
    delete(store, bob, facets["pg-a"])
    assert find(store, ann, by_bob, HasCode(Code.SLETTET)) == [facets["pg-a"]]


def test_long_texts_match_as_a_whole(store: Store, ann: Context) -> None:
    text = "Lang " * 200 + "ende"
    data = facet()
    data["attributter"]["facetegenskaber"][0]["plan"] = text
    uuid = create(store, ann, data=data).uuid
    create(store, ann, data=facet("other"))
    for pattern in (text.upper(), "%ENDE", "lang%ende", "lang lang%", "%" + "lang " * 150 + "%", text[:500] + "%"):
        assert find(store, ann, Says("plan", pattern)) == [uuid], pattern[:20]
    for pattern in (text[:400], text + "x", "%endes", text[:450] + "x%"):
        assert find(store, ann, Says("plan", pattern)) == [], pattern[:20]
    with pytest.raises(InvalidObject):
        find(store, ann, Says("plan", "x" * 5000))


def test_values_of_other_kinds_are_found_as_texts(store: Store, ann: Context) -> None:
    fields = {**entry("2021..inf bvn=S beskrivelse=d sagsnummer=1 titel=t kassationskode=k"), "afleveret": False}
    fields["offentlighedundtaget"] = {"alternativtitel": "Hidden", "hjemmel": "Law"}
    journal = {**entry(f"2021..inf uuid={A}"), "journalpostkode": "journalnotat", "journalnotat": {"titel": "Note", "notat": "n"}}
    letter = {**entry(f"2021..inf uuid={B}"), "journalpostkode": "vedlagtdokument"}
    letter["journaldokument"] = {"dokumenttitel": "Letter", "offentlighedundtaget": {"alternativtitel": "Alt", "hjemmel": ""}}
    data = {
        "attributter": {"sagegenskaber": [fields]},
        "tilstande": {"sagfremdrift": entries("2021..inf fremdrift=Oplyst")},
        "relationer": {"journalpost": [journal, letter]},
    }
    uuid = create(store, ann, SAG, data).uuid
    found = [
        Says("afleveret", "false"),
        Says("afleveret", "0"),
        Says("offentlighedundtaget", "hidden"),
        Says("", "LAW"),
        JournalSays("journalpostkode", "vedlagtdokument"),
        JournalSays("journalnotat.titel", "no%"),
        JournalSays("journaldokument.dokumenttitel", "letter"),
        JournalSays("journaldokument.offentlighedundtaget.alternativtitel", "%LT"),
        LeadsTo("journalpost", B),
    ]
    missed = [
        Says("afleveret", "true"),
        Says("afleveret", "x"),
        Says("principiel", "false"),
        Says("", "false"),
        JournalSays("journalpostkode", "Vedlagtdokument"),
        JournalSays("journalnotat.notat", "note"),
    ]
    assert [find(store, ann, one, of=SAG) for one in found] == [[uuid]] * len(found)
    assert [find(store, ann, one, of=SAG) for one in missed] == [[]] * len(missed)


def test_keywords_and_times_are_found(store: Store, ann: Context) -> None:
    klasse = type_of("klassifikation", "klasse")
    words = {**entry("2021..inf bvn=K titel=t"), "soegeord": [["Id", "what", "kind"]]}
    data = {
        "attributter": {"klasseegenskaber": [words]},
        "tilstande": {"klassepubliceret": entries("2021..inf publiceret=Publiceret")},
    }
    uuid = create(store, ann, klasse, data).uuid
    assert find(store, ann, Says("soegeord", "WH%"), of=klasse) == [uuid]
    aktivitet = type_of("aktivitet", "aktivitet")
    times = {**entry("2021..inf bvn=K"), "starttidspunkt": "2021-02-03T10:00:00+02:00", "tidsforbrug": "1 02:03:04"}
    data = {
        "attributter": {"aktivitetegenskaber": [times]},
        "tilstande": {
            "aktivitetstatus": entries("2021..inf status=Aktiv"),
            "aktivitetpubliceret": entries("2021..inf publiceret=Normal"),
        },
    }
    uuid = create(store, ann, aktivitet, data).uuid
    for text in ("2021-02-03 08:00:00Z", "2021-02-03T10:00+02"):
        assert find(store, ann, Says("starttidspunkt", text), of=aktivitet) == [uuid]
    assert find(store, ann, Says("tidsforbrug", "1 02:03:04"), of=aktivitet) == [uuid]
    assert find(store, ann, Says("starttidspunkt", "no time"), of=aktivitet) == []


# Documents


@pytest.fixture
def kept(store: Store, ann: Context) -> str:
    """A document with two variants of one part each."""
    related = {"underredigeringaf": entries(f"2021..inf uuid={A}")}
    variants = [
        variant(
            "PDF",
            part("kap", "2021..inf indeks=1 mimetype=application/pdf"),
            egenskaber=[{**entry("2021..inf"), "arkivering": True}],
        ),
        variant("TXT", part("bilag", "2021..inf indeks=2 mimetype=text/plain", relationer=related)),
    ]
    return create(store, ann, DOCUMENT, document("d", varianter=variants)).uuid


PDF, TXT = InVariant("varianttekst", "pdf"), InVariant("varianttekst", "txt")


@pytest.mark.parametrize(
    ("criteria", "is_found"),
    [
        pytest.param([PDF, TXT], False, id="one-variant-has-one-text"),
        pytest.param([InPart("deltekst", "kap"), InPart("mimetype", "text/%")], False, id="one-part"),
        pytest.param([InPart("indeks", "1"), InPart("mimetype", "text/%")], True, id="any-parts"),
        pytest.param([PDF, InPart("mimetype", "application/%")], True, id="part-of-variant"),
        pytest.param([PDF, InPart("mimetype", "text/%")], False, id="part-of-other-variant"),
        pytest.param([PDF, InPart("deltekst", "kap"), InPart("indeks", "1")], True, id="part-of-variant-by-text"),
        pytest.param([TXT, InPart("deltekst", "kap")], False, id="text-of-other-variant"),
        pytest.param([PDF, InVariant("arkivering", "true")], True, id="variant-says"),
        pytest.param([TXT, InVariant("arkivering", "1")], False, id="other-variant-says"),
        pytest.param([InVariant("arkivering", "false")], False, id="no-variant-says"),
        pytest.param([PartLeadsTo("underredigeringaf", A)], True, id="relation-of-part"),
        pytest.param([PDF, PartLeadsTo("underredigeringaf", A)], False, id="relation-in-other-variant"),
        pytest.param([LeadsTo("", A)], True, id="any-relation"),
        pytest.param([Says("", "kap")], True, id="any-text"),
        pytest.param([Says("", "true")], False, id="no-boolean"),
        pytest.param([InPart("lokation", "%")], False, id="no-value"),
    ],
)
@pytest.mark.parametrize("known", [None, ALL_TIME], ids=["now", "then"])
def test_criteria_of_variants_and_parts(
    store: Store, ann: Context, kept: str, criteria: list[Criterion], is_found: bool, known: Window | None
) -> None:
    assert find(store, ann, *criteria, of=DOCUMENT, known=known) == ([kept] if is_found else [])
    told = read(store, ann, kept, DOCUMENT, known).registrations[::-1]
    search = Search(tuple(criteria), ALL_TIME, known=known)
    assert shown(told, type_of("dokument", "dokument").temporal, search).satisfies(criteria) is is_found


def test_notes_of_periods_in_variants_and_parts_are_found(store: Store, ann: Context) -> None:
    named = variant(
        "PDF", part("kap", "2021..2022@first lokation=x"), egenskaber=[{**entry("2021..inf@other"), "arkivering": True}]
    )
    uuid = create(store, ann, DOCUMENT, document("d", varianter=[named])).uuid
    for pattern in ("FIRST", "oth%"):
        assert find(store, ann, Notes(pattern), of=DOCUMENT) == [uuid]
    assert find(store, ann, Notes("first"), of=DOCUMENT, valid=on("2022-06-01")) == []


def test_documents_of_other_doors_are_found_by_what_they_say(store: Store, ann: Context, kept: str) -> None:
    drive = put_on_drive(store, ann, "/Plan.md", b"x").node.uuid
    bare = made_by_rest(store, ann, None, title="Bare", description="About").uuid
    address = read(store, ann, drive, DOCUMENT).registrations[0].snapshot.variants["Original"].parts["Indhold"].properties[0]
    criteria: list[tuple[Criterion, list[str]]] = [
        (Says("titel", "pla%"), [drive]),
        (Says("brugervendtnoegle", "BARE"), [bare]),
        (Says("beskrivelse", "about"), [bare]),
        (Says("beskrivelse", ""), [drive]),
        (Says("dokumenttype", "text/markdown"), [drive]),
        (Says("brevdato", "2026-11-20"), [bare, drive]),
        (Says("brevdato", "2026-11%"), [bare, drive]),
        (Says("brevdato", "2026-1%"), [bare, drive]),
        (Says("brevdato", "2026-0%"), []),
        (Says("brevdato", "%-11-2%"), [bare, drive]),
        (Says("", "%26-11-20"), [bare, drive]),
        (Says("", "%26-11-21"), []),
        (Says("", "original"), [drive]),
        (Says("", "About"), [bare]),
        (HasState("fremdrift", "Underudarbejdelse"), [bare, drive]),
        (InPart("mimetype", "%markdown"), [drive]),
        (InPart("indhold", str(address.values["indhold"])), [drive]),
        (InVariant("varianttekst", "original"), [drive]),
        (HasCode(Code.OPSTAAET), [bare, kept, drive]),
        (WrittenBy(author_uuid_of(store, "ann")), [bare, kept, drive]),
        (LeadsTo("ejer", A), []),
        (Notes("%x%"), []),
    ]
    order = {bare: 0, drive: 1, kept: 2}
    for criterion, found in criteria:
        for paged in ({}, {"first": 0, "most": 5}):
            assert sorted(find(store, ann, criterion, of=DOCUMENT, **paged), key=order.__getitem__) == sorted(
                found, key=order.__getitem__
            ), criterion
    assert find(store, ann, of=DOCUMENT, first=0) == [bare, drive, kept]
    assert find(store, ann, of=DOCUMENT, first=1, most=1) == [drive]
    assert find(store, ann, of=DOCUMENT, uuid=drive) == [drive]
    before = on("2020-01-01")
    assert find(store, ann, of=DOCUMENT, uuid=drive, valid=before) == [drive], "no criterion is about that time"
    assert find(store, ann, Says("titel", "%"), of=DOCUMENT, uuid=drive, valid=before) == []
    assert find(store, ann, of=DOCUMENT, uuid=drive, valid=before, first=0) == []


def test_document_of_the_drive_is_found_once_after_its_first_registration(store: Store, ann: Context) -> None:
    uuid = put_on_drive(store, ann, "/x.txt", b"x").node.uuid
    patch(store, ann, uuid, {"relationer": {"ejer": entries(f"2021..inf uuid={A}")}}, DOCUMENT)
    for paged in ({}, {"first": 0}):
        assert find(store, ann, of=DOCUMENT, **paged) == find(store, ann, LeadsTo("ejer", A), of=DOCUMENT, **paged) == [uuid]


def test_what_other_doors_change_is_found_when_they_return(store: Store, ann: Context, kept: str) -> None:
    put_on_drive(store, ann, "/file.txt", b"x")
    say(store, ann, kept, title="Renamed")
    assert find(store, ann, Says("titel", "renamed"), of=DOCUMENT) == [kept]
    data = document("e", varianter=[variant("V", part("p", "2021..inf indhold=field:f"))])
    uuid = create(store, ann, DOCUMENT, data, f=b"one").uuid
    put_on_drive(store, ann, "/LoRA/2026-11/f.txt", b"two", media_type="text/csv")
    assert find(store, ann, InPart("mimetype", "text/csv"), of=DOCUMENT) == [uuid]


def test_what_a_version_said_is_not_found_when_that_was_thinned(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock
) -> None:
    uuid = put_on_drive(store, ann, "/x.txt", b"x").node.uuid
    for target in (A, B):
        clock.advance(SECOND)
        patch(store, ann, uuid, {"relationer": {"ejer": entries(f"2021..inf uuid={target}")}}, DOCUMENT)
    assert find(store, ann, LeadsTo("ejer", A), of=DOCUMENT, known=ALL_TIME) == [uuid]

    strict = replace(store.policy, thinning=ThinningRule(most=1))
    assert thinning.thin(with_policy(store, strict), root_admin, dry_run=False).versions == 2

    assert len(read(store, ann, uuid, DOCUMENT, ALL_TIME).registrations) == 1
    assert find(store, ann, LeadsTo("ejer", B), of=DOCUMENT, known=ALL_TIME) == [uuid]
    for criterion in (LeadsTo("ejer", A), HasCode(Code.OPSTAAET)):
        assert find(store, ann, criterion, of=DOCUMENT, known=ALL_TIME) == [], criterion


# Who may see it


def test_who_may_not_read_the_folder_finds_what_they_may_read_elsewhere(
    store: Store, ann: Context, bob: Context, root_admin: Context, facets: dict[str, str]
) -> None:
    kept = create(store, ann, DOCUMENT, document("d")).uuid
    delete(store, ann, facets["pg-c"])
    granting.close(store, root_admin, FOLDER)
    public = put_on_drive(store, ann, "/public.txt", b"x").node.uuid
    assert find(store, bob) == find(store, bob, HasCode(Code.SLETTET)) == []
    assert find(store, bob, of=DOCUMENT) == find(store, bob, of=DOCUMENT, first=0) == [public]
    assert find(store, root_admin, first=0) == [facets["pg-a"], facets["pg-b"]]
    assert set(find(store, root_admin, of=DOCUMENT)) == {public, kept}


# Everything against a look at every registration


def test_random_objects_are_found_as_by_a_look_at_every_registration(store: Store, ann: Context, clock: SettableClock) -> None:
    chance = random.Random(7)
    uuids = [create(store, ann, data=_random_facet(chance)).uuid for _ in range(12)]
    for _ in range(40):
        clock.advance(SECOND)
        _change(store, ann, chance, chance.choice(uuids))
    histories = {uuid: read(store, ann, uuid, known=ALL_TIME).registrations for uuid in uuids}
    instants = sorted({one.at for told in histories.values() for one in told})
    for _ in range(150):
        criteria = tuple(_random_criterion(chance) for _ in range(chance.randint(0, 2)))
        valid = chance.choice([ALL_TIME, on("2013-06-01"), during("2012-01-01", "2014-01-01")])
        known = chance.choice([None, Window(*sorted(chance.sample(instants, 2))), Window.at(chance.choice(instants))])
        expected = {uuid for uuid, told in histories.items() if _is_found(told, criteria, valid, known)}
        assert set(find(store, ann, *criteria, valid=valid, known=known)) == expected, (criteria, valid, known)
        search = Search(criteria, valid, known=known)
        by_values = {uuid for uuid, told in histories.items() if shown(told[::-1], FACET.temporal, search).satisfies(criteria)}
        assert by_values == expected, (criteria, valid, known)


def _random_facet(chance: random.Random) -> dict[str, Any]:
    years = f"{chance.randint(2010, 2013)}..{chance.choice(['2014', 'inf'])}"
    return {
        "attributter": {"facetegenskaber": entries(f"{years} bvn={chance.choice('ab')} supplement={chance.choice('xy')}")},
        "tilstande": {"facetpubliceret": entries(f"{years} publiceret={chance.choice(['Publiceret', 'IkkePubliceret'])}")},
        "relationer": {"redaktoerer": entries(f"{years} uuid={chance.choice([A, B])}")},
    }


def _change(store: Store, ctx: Context, chance: random.Random, uuid: str) -> None:
    code = read(store, ctx, uuid).registrations[0].code
    note = chance.choice(["", "Note", "not"])
    acts: list[Callable[[], object]] = [lambda: put(store, ctx, uuid, data=_random_facet(chance) | {"note": note})]
    if code is Code.SLETTET:
        acts += [lambda: trash.find] if not _restore(store, ctx, chance, uuid) else []
    else:
        acts.append(lambda: delete(store, ctx, uuid, note=note))
    if code.is_live:
        year = chance.randint(2010, 2015)
        state = {"facetpubliceret": entries(f"{year}..{year + 1} publiceret={chance.choice(['Publiceret', ''])}")}
        acts.append(lambda: patch(store, ctx, uuid, {"tilstande": state}))
        acts.append(lambda: patch(store, ctx, uuid, {"livscyklus": "Passiv"}))
    chance.choice(acts)()


def _restore(store: Store, ctx: Context, chance: random.Random, uuid: str) -> bool:
    from davgate.core import deleted

    if chance.random() < 0.5:
        return False
    deleted.restore(store, rest(ctx), read(store, ctx, uuid).node_id)
    return True


def _random_criterion(chance: random.Random) -> Criterion:
    return chance.choice(
        [
            Says("brugervendtnoegle", chance.choice("ab")),
            Says("supplement", chance.choice(["x", "%y", "%"])),
            HasState("publiceret", chance.choice(["Publiceret", "IkkePubliceret"])),
            LeadsTo("redaktoerer", chance.choice([A, B])),
            HasCode(chance.choice(list(Code))),
            Notes(chance.choice(["note", "no%", "%E", "%", ""])),
        ]
    )


def _is_found(told: tuple[Registration, ...], criteria: tuple[Criterion, ...], valid: Window, known: Window | None) -> bool:
    seen = told[:1] if known is None else [one for one in told if known.overlaps(one.at, one.until)]
    if not any(isinstance(one, HasCode) for one in criteria):
        seen = [one for one in seen if one.code is not Code.SLETTET]
    return bool(seen) and all(any(_holds(one, criterion, valid) for one in seen) for criterion in criteria)


def _holds(of: Registration, criterion: Criterion, valid: Window) -> bool:
    def some(entries_: tuple[Entry, ...], test: Callable[[Entry], bool]) -> bool:
        return any(one.virkning.overlaps(valid) and test(one) for one in entries_)

    said: Snapshot = of.snapshot
    match criterion:
        case Says(field, pattern):
            form = _form(pattern)
            fields = said.attributes.get("facetegenskaber", ())
            return some(fields, lambda one: form.fullmatch(one.values.get(field, "\0")) is not None)
        case HasState(_, code):
            return some(said.states.get("facetpubliceret", ()), lambda one: one.values.get("publiceret") == code)
        case LeadsTo(relation, target, _):
            return some(said.relations.get(relation, ()), lambda one: one.values.get("uuid") == target)
        case HasCode(code_):
            return of.code is code_
        case Notes(pattern):
            return _form(pattern).fullmatch(of.note) is not None
    raise AssertionError(criterion)


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("%"))), re.IGNORECASE)


# The rows themselves


def test_rows_can_be_made_anew(store: Store, ann: Context, kept: str, facets: dict[str, str]) -> None:
    for name in ("one", "two"):
        patch(store, ann, facets["pg-a"], in_2014(supplement=name))
    query = "SELECT * FROM temporal_value WHERE node_id = :id"
    ids = [read(store, ann, facets["pg-a"]).node_id, read(store, ann, kept, DOCUMENT).node_id]
    before = [sorted(rows(store, query, id=one)) for one in ids]
    with store.database.write() as tx:
        for one in ids:
            temporal_index.rebuild(tx, one)
        tx.commit()
    assert [sorted(rows(store, query, id=one)) for one in ids] == before


@pytest.mark.parametrize("damage", ["lost", "wrong"])
def test_checker_finds_rows_that_differ_and_a_change_mends_them(unchecked_store: Store, ann: Context, damage: str) -> None:
    store = unchecked_store
    uuid = create(store, ann).uuid
    is_supplement = temporal_value.c.property == "facetegenskaber.supplement"
    statement = sql_delete(temporal_value) if damage == "lost" else update(temporal_value).values(value="other")
    with store.database.write() as tx:
        tx.run(Statement(statement.where(is_supplement)))
        tx.commit()
    assert [one.code for one in findings(store)] == ["temporal-differs"]
    patch(store, ann, uuid, {"note": "n"})
    assert findings(store) == []
    assert find(store, ann, Says("supplement", "s0")) == [uuid]
