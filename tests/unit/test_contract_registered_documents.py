"""What the core promises of registered documents: one file on the drive, whichever door writes it, and every content kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import (
    SettableClock,
    a_collection,
    a_lock,
    content_of,
    exists,
    findings,
    holding,
    members_of,
    node_at,
    path,
)
from tests.builders import put as put_on_drive
from tests.builders import read as bytes_of
from tests.unit.filed import bytes_at, line_of, rest, restored, said_of, save, say
from tests.unit.placed import copy, move
from tests.unit.registered import DOCUMENT, codes, create, delete, lora, now, patch, put, read
from tests.unit.temporal import A, document, entries, part, told, variant

from davgate.core import checking_out, deleting, erasing, mending, objects, removing_versions, trash
from davgate.core.bitemporal import registrations, searching
from davgate.core.bitemporal.registering import Registered
from davgate.core.store import Context, Store
from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.query import Says, Search
from davgate.model.bitemporal.registration import PART_OF_OTHERS, VARIANT_OF_OTHERS, Code
from davgate.model.bitemporal.virkning import ALL_TIME
from davgate.model.errors import Locked, NotFound
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.node import Cause
from davgate.model.stored_parts import SCHEME
from davgate.storage.api import temporal_index

SECOND = timedelta(seconds=1)
FILE = "/LoRA/2026-11/f.txt"
OPSTAAET, IMPORTERET, SLETTET, RETTET = Code.OPSTAAET, Code.IMPORTERET, Code.SLETTET, Code.RETTET


def varianter(*texts: str) -> dict[str, Any]:
    """Return the variant PDF with the part ``kap``."""
    return {"varianter": [variant("PDF", part("kap", *texts))]}


UPLOADED = document(**varianter("2021..inf indeks=1 indhold=field:f mimetype=text/plain"))


@pytest.fixture
def kept(store: Store, ann: Context, clock: SettableClock) -> Registered:
    """A document with one part; a second later."""
    made = create(store, ann, DOCUMENT, UPLOADED, f=b"one")
    clock.advance(SECOND)
    return made


def properties(store: Store, ctx: Context, uuid: str, variant_: str = "PDF", part_: str = "kap") -> Any:
    found = now(store, ctx, uuid, DOCUMENT).variants.get(variant_)
    return () if found is None or part_ not in found.parts else found.parts[part_].properties


def contents(store: Store, ctx: Context, uuid: str, variant_: str = "PDF", part_: str = "kap") -> list[bytes | None]:
    """Return the contents of a part in the order of their periods."""
    addresses = [one.values.get("indhold") for one in properties(store, ctx, uuid, variant_, part_)]
    return [None if one is None else stored(store, ctx, one) for one in addresses]


def stored(store: Store, ctx: Context, address: str) -> bytes:
    return bytes_of(registrations.open_part(store, lora(ctx), address.removeprefix(SCHEME)).opened)


def titles(store: Store, ctx: Context, uuid: str) -> list[str]:
    return [one.values["titel"] for one in now(store, ctx, uuid, DOCUMENT).attributes["dokumentegenskaber"]]


# What the LoRA door makes is a file


def test_document_is_a_file_on_the_drive(store: Store, ann: Context, kept: Registered) -> None:
    assert content_of(store, ann, FILE) == b"one"
    assert node_at(store, ann, FILE).uuid == kept.uuid
    assert {key: text for key, text in said_of(store, ann, kept.uuid).items() if key != "lora:object"} == {
        "title": "Title",
        "description": "text",
    }
    assert contents(store, ann, kept.uuid) == [b"one"]


def test_document_without_content_is_not_on_the_drive_until_it_has_some(store: Store, ann: Context) -> None:
    uuid = create(store, ann, DOCUMENT, document()).uuid
    assert members_of(store, ann, "/LoRA/2026-11") == []
    patch(store, ann, uuid, varianter("2021..inf indhold=field:f"), DOCUMENT, f=b"late")
    assert content_of(store, ann, FILE) == b"late"
    assert codes(store, ann, uuid, DOCUMENT) == [OPSTAAET, RETTET]


def test_document_that_is_deleted_after_its_content_is_whole(store: Store, ann: Context, clock: SettableClock) -> None:
    a_collection(store, ann, "/a")
    uuid = put_on_drive(store, ann, "/a/plan.txt", b"one").node.uuid
    clock.advance(SECOND)
    put(store, ann, uuid, DOCUMENT, document())
    assert members_of(store, ann, "/a") == []
    clock.advance(SECOND)
    delete(store, ann, uuid, DOCUMENT)
    assert findings(store) == []

    clock.advance(SECOND)
    put(store, ann, uuid, DOCUMENT, UPLOADED, f=b"two")
    assert content_of(store, ann, "/a/f.txt") == b"two"
    assert codes(store, ann, uuid, DOCUMENT) == [OPSTAAET, RETTET, SLETTET, IMPORTERET]
    assert findings(store) == []


def test_each_reference_has_an_address_of_its_own(store: Store, ann: Context) -> None:
    data = document(varianter=[variant(text, part("p", "2021..inf indhold=field:f")) for text in ("A", "B")])
    uuid = create(store, ann, DOCUMENT, data, f=b"one").uuid
    addresses = {properties(store, ann, uuid, text, "p")[0].values["indhold"] for text in ("A", "B")}
    assert len(addresses) == 2 and {stored(store, ann, one) for one in addresses} == {b"one"}


@pytest.mark.parametrize(
    ("places", "primary"),
    [
        pytest.param([("B", "x", None), ("A", "y", None)], 1, id="variant-first"),
        pytest.param([("A", "x", 2), ("A", "y", 1)], 1, id="then-index"),
        pytest.param([("A", "x", None), ("A", "y", 7)], 1, id="index-before-none"),
        pytest.param([("A", "y", None), ("A", "x", None)], 1, id="then-text"),
    ],
)
def test_primary_part_is_the_first_with_stored_content(
    store: Store, ann: Context, places: list[tuple[str, str, int | None]], primary: int
) -> None:
    variants: dict[str, list[dict[str, Any]]] = {}
    for no, (text, name, index) in enumerate(places):
        one = part(name, f"2021..inf indhold=field:f{no}")
        if index is not None:
            one["egenskaber"][0]["indeks"] = index
        variants.setdefault(text, []).append(one)
    data = document(varianter=[variant(text, *them) for text, them in variants.items()])
    uuid = create(store, ann, DOCUMENT, data, f0=b"0", f1=b"1").uuid
    assert bytes_at(store, ann, uuid) == str(primary).encode()


def test_part_that_is_not_valid_now_or_stored_elsewhere_is_not_primary(store: Store, ann: Context) -> None:
    data = document(
        varianter=[
            variant(
                "A",
                part("1", "2021..2022 indhold=field:f"),
                part("2", "2021..inf indhold=http://example/x"),
                part("3", "2021..inf indhold=store:2021/01/01/00/00/00000000-0000-4000-8000-000000000000.bin"),
                part("4", "2021..inf indhold=field:g"),
            )
        ]
    )
    uuid = create(store, ann, DOCUMENT, data, f=b"past", g=b"present").uuid
    assert bytes_at(store, ann, uuid) == b"present"
    assert contents(store, ann, uuid, "A", "1") == [b"past"]


def test_content_whose_time_has_come_is_on_the_drive_from_the_next_registration_on(
    store: Store, ann: Context, clock: SettableClock
) -> None:
    data = document(**varianter("2021..2027 indhold=field:f", "2027..inf indhold=field:g"))
    uuid = create(store, ann, DOCUMENT, data, f=b"one", g=b"two").uuid
    assert content_of(store, ann, FILE) == b"one"
    clock.advance(timedelta(days=500))
    harmless(store, ann, uuid)
    assert content_of(store, ann, FILE) == b"two"
    assert contents(store, ann, uuid) == [b"one", b"two"]


def test_new_upload_is_a_version_and_the_old_content_stays(store: Store, ann: Context, kept: Registered) -> None:
    patch(store, ann, kept.uuid, varianter("2022..inf indhold=field:g"), DOCUMENT, g=b"two")
    assert content_of(store, ann, FILE) == b"two"
    assert contents(store, ann, kept.uuid) == [b"one", b"two"]
    assert [one.cause for one in line_of(store, kept.node_id)] == [Cause.CREATED, Cause.SAVE]


def test_same_bytes_again_are_a_registration_with_an_address_of_its_own(store: Store, ann: Context, kept: Registered) -> None:
    assert patch(store, ann, kept.uuid, varianter("2022..inf indhold=field:g"), DOCUMENT, g=b"one").is_new
    first, second = (one.values["indhold"] for one in properties(store, ann, kept.uuid))
    assert first != second and content_of(store, ann, FILE) == b"one"


def test_metadata_alone_leave_the_tag_of_the_content(store: Store, ann: Context, kept: Registered) -> None:
    before = node_at(store, ann, FILE).etag
    patch(store, ann, kept.uuid, {"attributter": {"dokumentegenskaber": entries("2021..inf titel=New")}}, DOCUMENT)
    assert node_at(store, ann, FILE).etag == before
    assert said_of(store, ann, kept.uuid)["title"] == "New"
    assert [one.cause for one in line_of(store, kept.node_id)][-1] is Cause.REGISTRATION


def test_document_that_loses_its_parts_leaves_the_drive_and_comes_back(store: Store, ann: Context, kept: Registered) -> None:
    old = properties(store, ann, kept.uuid)[0].values["indhold"]
    patch(store, ann, kept.uuid, {"varianter": []}, DOCUMENT)
    assert not exists(store, ann, path(FILE))
    assert stored(store, ann, old) == b"one"
    patch(store, ann, kept.uuid, varianter(f"2021..inf indhold={old}"), DOCUMENT)
    assert content_of(store, ann, FILE) == b"one"
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, RETTET, RETTET]


def test_reference_without_its_file_stores_nothing(store: Store, ann: Context) -> None:
    with pytest.raises(InvalidObject, match="'f'"):
        create(store, ann, DOCUMENT, UPLOADED)


def test_content_of_deleted_documents_and_former_registrations_stays(store: Store, ann: Context, kept: Registered) -> None:
    old = properties(store, ann, kept.uuid)[0].values["indhold"]
    patch(store, ann, kept.uuid, varianter("2021..inf indhold=field:g mimetype=text/csv"), DOCUMENT, g=b"two")
    delete(store, ann, kept.uuid, DOCUMENT)
    found = registrations.open_part(store, lora(ann), old.removeprefix(SCHEME))
    assert (bytes_of(found.opened), found.media_type, found.file_name) == (b"one", "text/plain", "f.txt")


def test_address_of_nothing_is_not_found(store: Store, ann: Context, kept: Registered) -> None:
    address = properties(store, ann, kept.uuid)[0].values["indhold"].removeprefix(SCHEME)
    other = address[:-9] + ("0" if address[-9] != "0" else "1") + address[-8:]
    for one in (other, "x", "2021/01/01/00/00/00000000-0000-4000-8000-000000000000.bin", address.replace("2026", "2025")):
        with pytest.raises(NotFound):
            registrations.open_part(store, lora(ann), one)


# What other doors do is a registration


def test_save_on_the_drive_is_valid_from_then_on(store: Store, ann: Context, bob: Context, kept: Registered) -> None:
    put_on_drive(store, bob, FILE, b"two", media_type="text/csv")
    newest, _ = read(store, ann, kept.uuid, DOCUMENT, ALL_TIME).registrations
    assert (newest.code, newest.author) == (RETTET, "bob")
    assert contents(store, ann, kept.uuid) == [b"one", b"two"]
    assert [one.values["mimetype"] for one in properties(store, ann, kept.uuid)] == ["text/plain", "text/csv"]
    assert properties(store, ann, kept.uuid)[1].virkning.start == newest.at


def test_registration_after_a_save_on_the_drive_builds_on_it(
    store: Store, ann: Context, clock: SettableClock, kept: Registered
) -> None:
    put_on_drive(store, ann, FILE, b"two")
    clock.advance(SECOND)
    put_on_drive(store, ann, FILE, b"three")
    patch(store, ann, kept.uuid, {"tilstande": {"dokumentfremdrift": entries("2022..inf fremdrift=Fordelt")}}, DOCUMENT)
    assert contents(store, ann, kept.uuid) == [b"one", b"two", b"three"]
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, RETTET, RETTET, RETTET]
    assert content_of(store, ann, FILE) == b"three"


def test_what_a_document_says_follows_from_its_newest_version_alone(store: Store, ann: Context, kept: Registered) -> None:
    for no in range(5):
        put_on_drive(store, ann, FILE, str(no).encode())
    with store.database.read() as session:
        assert [one.no for one in temporal_index.versions_to_tell(session, kept.node_id, kept.uuid)] == [6]
    assert contents(store, ann, kept.uuid) == [b"one", b"0", b"1", b"2", b"3", b"4"]


def test_title_by_another_door_is_a_registration(store: Store, ann: Context, kept: Registered) -> None:
    say(store, ann, kept.uuid, title="Other", description="more")
    assert titles(store, ann, kept.uuid) == ["Title", "Other"]
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, RETTET]
    patch(store, ann, kept.uuid, {"note": "n"}, DOCUMENT)
    assert said_of(store, ann, kept.uuid)["title"] == "Other"


def test_delete_and_restore_on_the_drive_are_registrations(
    store: Store, ann: Context, clock: SettableClock, kept: Registered
) -> None:
    deleting.delete(store, rest(ann), path(FILE))
    assert read(store, ann, kept.uuid, DOCUMENT).is_deleted
    clock.advance(SECOND)
    trash.restore(store, rest(ann), kept.node_id)
    patch(store, ann, kept.uuid, {"note": "n"}, DOCUMENT)
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, SLETTET, IMPORTERET, RETTET]


def test_delete_is_the_trash_of_the_drive(store: Store, ann: Context, kept: Registered) -> None:
    delete(store, ann, kept.uuid, DOCUMENT, note="over")
    assert not exists(store, ann, path(FILE))
    trash.restore(store, ann, kept.node_id)
    assert content_of(store, ann, FILE) == b"one"
    assert [one.note for one in read(store, ann, kept.uuid, DOCUMENT, ALL_TIME).registrations] == ["", "over", ""]


def test_move_on_the_drive_makes_no_registration(store: Store, ann: Context, kept: Registered) -> None:
    move(store, ann, FILE, "/moved.txt")
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET]
    assert contents(store, ann, kept.uuid) == [b"one"]


def test_deletion_with_a_folder_is_not_forgotten_when_the_document_moves_out(
    store: Store, ann: Context, kept: Registered
) -> None:
    folder = node_at(store, ann, "/LoRA")
    deleting.delete(store, ann, path("/LoRA"))
    trash.restore(store, ann, folder.id)
    a_collection(store, ann, "/other")
    move(store, ann, FILE, "/other/f.txt")
    history = [OPSTAAET, Code.SLETTET, IMPORTERET]
    assert codes(store, ann, kept.uuid, DOCUMENT) == history
    # What happens to the former folder from now on is not the document's.
    deleting.delete(store, ann, path("/LoRA"))
    trash.restore(store, ann, folder.id)
    assert codes(store, ann, kept.uuid, DOCUMENT) == history


def test_document_imported_out_of_a_deleted_folder_does_not_come_back_with_it(
    store: Store, ann: Context, kept: Registered
) -> None:
    folder = node_at(store, ann, "/LoRA")
    deleting.delete(store, ann, path("/LoRA"))
    put(store, ann, kept.uuid, DOCUMENT, document())
    trash.restore(store, ann, folder.id, path("/former"))
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, Code.SLETTET, IMPORTERET]


def test_passive_document_lives_again_when_the_drive_writes_it(store: Store, ann: Context, kept: Registered) -> None:
    patch(store, ann, kept.uuid, {"livscyklus": "passiv"}, DOCUMENT)
    put_on_drive(store, ann, FILE, b"two")
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, Code.PASSIVERET, IMPORTERET]


def test_copy_is_a_document_of_its_own(store: Store, ann: Context, clock: SettableClock, kept: Registered) -> None:
    put_on_drive(store, ann, FILE, b"two")
    copied = copy(store, ann, FILE, "/copied.txt").node
    assert codes(store, ann, copied.uuid, DOCUMENT) == [OPSTAAET]
    assert contents(store, ann, copied.uuid)[-1] == b"two"
    patch(store, ann, copied.uuid, varianter("2021..inf indhold=field:g"), DOCUMENT, g=b"three")
    assert (content_of(store, ann, "/copied.txt"), content_of(store, ann, FILE)) == (b"three", b"two")


def test_contents_of_a_copy_outlive_the_original(store: Store, ann: Context, root_admin: Context, kept: Registered) -> None:
    copied = copy(store, ann, FILE, "/copied.txt").node
    erasing.erase(store, root_admin, kept.uuid, "a test")
    assert contents(store, ann, copied.uuid) == [b"one"]


def harmless(store: Store, ctx: Context, uuid: str) -> None:
    """Change what a document says of itself, and nothing of its parts."""
    patch(store, ctx, uuid, {"attributter": {"dokumentegenskaber": entries("2021..inf kassationskode=K")}}, DOCUMENT)


@pytest.mark.parametrize("is_registered_between", [False, True])
def test_registration_leaves_the_content_of_a_copy_alone(
    store: Store, ann: Context, clock: SettableClock, kept: Registered, is_registered_between: bool
) -> None:
    put_on_drive(store, ann, FILE, b"two")
    if is_registered_between:
        clock.advance(SECOND)
        harmless(store, ann, kept.uuid)
    copied = copy(store, ann, FILE, "/copied.txt").node
    clock.advance(SECOND)
    harmless(store, ann, copied.uuid)
    assert content_of(store, ann, "/copied.txt") == b"two"
    assert contents(store, ann, copied.uuid)[-1] == b"two"
    passive = patch(store, ann, copied.uuid, {"livscyklus": "passiv"}, DOCUMENT)
    assert passive.is_new
    assert content_of(store, ann, "/copied.txt") == b"two"


def test_registration_leaves_the_content_alone_whose_version_was_removed(
    store: Store, ann: Context, clock: SettableClock, kept: Registered
) -> None:
    put_on_drive(store, ann, FILE, b"two")
    clock.advance(SECOND)
    harmless(store, ann, kept.uuid)
    removing_versions.remove_version(store, rest(ann), kept.uuid, 2)
    assert contents(store, ann, kept.uuid)[-1] == b"two"
    patch(store, ann, kept.uuid, {"tilstande": {"dokumentfremdrift": entries("2021..inf fremdrift=Publiceret")}}, DOCUMENT)
    assert content_of(store, ann, FILE) == b"two"
    assert contents(store, ann, kept.uuid)[-1] == b"two"


def test_registration_leaves_the_content_of_merged_documents_alone(
    store: Store, ann: Context, clock: SettableClock, kept: Registered
) -> None:
    put_on_drive(store, ann, FILE, b"two")
    clock.advance(SECOND)
    harmless(store, ann, kept.uuid)
    put_on_drive(store, ann, "/other.txt", b"old")
    other = node_at(store, ann, "/other.txt").uuid
    clock.advance(SECOND)
    mending.merge(store, ann, path(FILE), path("/other.txt"))
    assert content_of(store, ann, "/other.txt") == b"two"
    clock.advance(SECOND)
    harmless(store, ann, other)
    patch(store, ann, other, {"livscyklus": "passiv"}, DOCUMENT)
    assert content_of(store, ann, "/other.txt") == b"two"
    assert contents(store, ann, other)[-1] == b"two"


def test_program_that_saves_by_renaming_makes_a_registration(store: Store, ann: Context, kept: Registered) -> None:
    put_on_drive(store, ann, "/LoRA/2026-11/f.tmp", b"saved")
    move(store, ann, "/LoRA/2026-11/f.tmp", FILE, overwrite=True)
    assert node_at(store, ann, FILE).uuid == kept.uuid
    assert contents(store, ann, kept.uuid)[-1] == b"saved"


def test_restored_version_says_again_what_it_said(store: Store, ann: Context, kept: Registered) -> None:
    patch(store, ann, kept.uuid, {"attributter": {"dokumentegenskaber": entries("2021..inf titel=New")}}, DOCUMENT)
    restored(store, rest(ann), kept.uuid, 1)
    assert titles(store, ann, kept.uuid) == ["Title"]
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, RETTET, RETTET]


def test_content_that_another_door_clears_ends_and_its_address_leads_on(store: Store, ann: Context, kept: Registered) -> None:
    (told_before,) = properties(store, ann, kept.uuid)

    objects.update(store, rest(ann), kept.uuid, objects.Changes(clears_file=True))

    assert members_of(store, ann, "/LoRA/2026-11") == []
    assert contents(store, ann, kept.uuid)[-1] is None
    assert stored(store, ann, told_before.values["indhold"]) == b"one"
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, RETTET]
    patch(store, ann, kept.uuid, varianter("2021..inf indhold=field:f"), DOCUMENT, f=b"again")
    assert content_of(store, ann, FILE) == b"again"


def test_removed_version_is_no_registration_any_more(store: Store, ann: Context, kept: Registered) -> None:
    for title in ("A", "B"):
        patch(store, ann, kept.uuid, {"attributter": {"dokumentegenskaber": entries(f"2021..inf titel={title}")}}, DOCUMENT)
    removing_versions.remove_version(store, rest(ann), kept.uuid, 2)
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, RETTET]
    assert titles(store, ann, kept.uuid) == ["B"]


def test_deleted_document_imported_without_parts_is_not_on_the_drive(store: Store, ann: Context, kept: Registered) -> None:
    delete(store, ann, kept.uuid, DOCUMENT)
    put(store, ann, kept.uuid, DOCUMENT, document())
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, Code.SLETTET, IMPORTERET]
    assert not exists(store, ann, path(FILE))


# Documents that other doors have made


def test_document_of_the_drive_says_what_is_known_of_it(store: Store, ann: Context, clock: SettableClock) -> None:
    node = put_on_drive(store, ann, "/x.txt", b"one").node
    (only,) = read(store, ann, node.uuid, DOCUMENT, ALL_TIME).registrations
    assert (only.code, only.at) == (OPSTAAET, node.created_at)
    says = only.snapshot.attributes["dokumentegenskaber"][0]
    assert says.virkning.start == node.created_at and says.values == {
        "brugervendtnoegle": "x.txt",
        "titel": "x.txt",
        "beskrivelse": "",
        "brevdato": "2026-11-20",
        "dokumenttype": "text/plain",
    }
    assert told(only.snapshot.states["dokumentfremdrift"])[0].endswith("fremdrift=Underudarbejdelse")
    assert contents(store, ann, node.uuid, VARIANT_OF_OTHERS, PART_OF_OTHERS) == [b"one"]


def test_each_version_of_another_door_is_a_registration(store: Store, ann: Context, clock: SettableClock) -> None:
    node = put_on_drive(store, ann, "/x.txt", b"one").node
    put_on_drive(store, ann, "/x.txt", b"two")
    say(store, ann, node.uuid, title="Named")
    deleting.delete(store, rest(ann), path("/x.txt"))
    assert codes(store, ann, node.uuid, DOCUMENT) == [OPSTAAET, RETTET, RETTET, SLETTET]
    assert titles(store, ann, node.uuid) == ["Named"]
    assert contents(store, ann, node.uuid, VARIANT_OF_OTHERS, PART_OF_OTHERS) == [b"two"]


def test_first_registration_of_a_document_of_the_drive_keeps_what_it_said(store: Store, ann: Context) -> None:
    node = put_on_drive(store, ann, "/x.txt", b"one").node
    patch(store, ann, node.uuid, {"relationer": {"ejer": entries(f"2021..inf uuid={A}")}}, DOCUMENT)
    assert titles(store, ann, node.uuid) == ["x.txt"]
    assert contents(store, ann, node.uuid, VARIANT_OF_OTHERS, PART_OF_OTHERS) == [b"one"]
    assert "title" not in said_of(store, ann, node.uuid)
    put_on_drive(store, ann, "/x.txt", b"two")
    assert contents(store, ann, node.uuid, VARIANT_OF_OTHERS, PART_OF_OTHERS) == [b"one", b"two"]


@pytest.mark.parametrize("is_registered", [False, True], ids=["computed", "registered"])
def test_what_was_known_keeps_the_name_of_then(store: Store, ann: Context, clock: SettableClock, is_registered: bool) -> None:
    """Registrations are never altered: a new name on the drive is told from the newest one on."""
    uuid = put_on_drive(store, ann, "/first.txt", b"0").node.uuid
    for no, (former, name) in enumerate([("first", "second"), ("second", "third")], start=1):
        clock.advance(SECOND)
        move(store, ann, f"/{former}.txt", f"/{name}.txt")
        clock.advance(SECOND)
        put_on_drive(store, ann, f"/{name}.txt", b"%d" % no)
    if is_registered:
        clock.advance(SECOND)
        patch(store, ann, uuid, {"relationer": {"ejer": entries(f"2021..inf uuid={A}")}}, DOCUMENT)
    before = told_titles(store, ann, uuid)
    assert before == ["second.txt", "third.txt", *["third.txt"] * (1 + is_registered)]

    clock.advance(SECOND)
    move(store, ann, "/third.txt", "/last.txt")

    after = told_titles(store, ann, uuid)
    assert after == [*before[:-1], "third.txt" if is_registered else "last.txt"]
    for name in ("first", "second", "third", "last"):
        search = Search((Says("titel", f"{name}.txt"),), ALL_TIME, known=ALL_TIME)
        for paged in ({}, {"first": 0}):
            found = searching.search(store, lora(ann), DOCUMENT, replace(search, **paged))
            assert found == ((uuid,) if f"{name}.txt" in after else ()), name
    assert findings(store) == []


def told_titles(store: Store, ctx: Context, uuid: str) -> list[str]:
    """Return what each registration says is the title, the oldest first."""
    known = read(store, ctx, uuid, DOCUMENT, ALL_TIME).registrations[::-1]
    return [one.snapshot.attributes["dokumentegenskaber"][-1].values["titel"] for one in known]


def test_document_without_content_of_another_door_has_no_parts(store: Store, ann: Context) -> None:
    from tests.unit.filed import made

    node = made(store, ann, None, title="Bare")
    assert titles(store, ann, node.uuid) == ["Bare"]
    assert now(store, ann, node.uuid, DOCUMENT).variants == {}
    save(store, ann, node.uuid, b"one")
    assert contents(store, ann, node.uuid, VARIANT_OF_OTHERS, PART_OF_OTHERS) == [b"one"]


# Locks and check-outs


def test_lock_of_somebody_else_forbids_every_write(store: Store, ann: Context, bob: Context, kept: Registered) -> None:
    a_lock(store, bob, FILE)
    for act in (
        lambda: patch(store, ann, kept.uuid, {"note": "n"}, DOCUMENT),
        lambda: put(store, ann, kept.uuid, DOCUMENT, document()),
        lambda: delete(store, ann, kept.uuid, DOCUMENT),
    ):
        with pytest.raises(Locked):
            act()


def test_own_lock_of_the_drive_needs_its_token(store: Store, ann: Context, kept: Registered) -> None:
    lock = a_lock(store, ann, FILE)
    with pytest.raises(Locked):
        patch(store, ann, kept.uuid, {"note": "n"}, DOCUMENT)
    assert patch(store, holding(ann, lock), kept.uuid, {"note": "n"}, DOCUMENT).is_new


def test_checked_out_by_somebody_else_takes_no_content_and_is_not_deleted(
    store: Store, ann: Context, bob: Context, kept: Registered
) -> None:
    checking_out.check_out(store, bob, path(FILE))
    for act in (
        lambda: patch(store, ann, kept.uuid, varianter("2022..inf indhold=field:g"), DOCUMENT, g=b"two"),
        lambda: patch(store, ann, kept.uuid, {"varianter": []}, DOCUMENT),
        lambda: delete(store, ann, kept.uuid, DOCUMENT),
    ):
        with pytest.raises(CheckedOut):
            act()
    assert patch(store, ann, kept.uuid, {"attributter": {"dokumentegenskaber": entries("2021..inf titel=N")}}, DOCUMENT).is_new


def test_upload_by_the_holder_of_a_check_out_is_seen_with_the_check_in(
    store: Store, ann: Context, bob: Context, clock: SettableClock, kept: Registered
) -> None:
    patch(store, ann, kept.uuid, {"note": "n"}, DOCUMENT)
    checking_out.check_out(store, ann, path(FILE))
    assert not patch(store, ann, kept.uuid, varianter("2022..inf indhold=field:g"), DOCUMENT, g=b"two").is_new
    assert (content_of(store, ann, FILE), content_of(store, bob, FILE)) == (b"two", b"one")
    assert contents(store, bob, kept.uuid) == [b"one"]
    clock.advance(SECOND)
    checking_out.check_in(store, ann, path(FILE))
    assert contents(store, bob, kept.uuid) == [b"one", b"two"]
    assert codes(store, ann, kept.uuid, DOCUMENT) == [OPSTAAET, RETTET, RETTET]


def test_holder_of_a_check_out_registers_what_is_no_content(store: Store, ann: Context, bob: Context, kept: Registered) -> None:
    checking_out.check_out(store, ann, path(FILE))
    first, second = part("kap", "2022..inf indhold=field:g"), part("y", "2022..inf indhold=field:h")
    data = {
        "attributter": {"dokumentegenskaber": entries("2021..inf titel=N")},
        "varianter": [variant("PDF", first), variant("X", second)],
    }
    assert patch(store, ann, kept.uuid, data, DOCUMENT, g=b"two", h=b"beside").is_new
    assert (titles(store, bob, kept.uuid), contents(store, bob, kept.uuid)) == (["N"], [b"one"])
    assert contents(store, bob, kept.uuid, "X", "y") == [b"beside"]
    checking_out.check_in(store, ann, path(FILE))
    assert contents(store, bob, kept.uuid)[-1] == b"two"
