"""Documents of LoRA and the other doors: one document, one file on the drive, one line of registrations."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

import pytest

from davgate.app import Application
from davgate.config import LimitsConfig
from davgate.core import describing, mending
from davgate.core.store import Store
from tests.builders import SettableClock, path
from tests.protocol import gever, okd
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.lora import (
    ALL_REGISTRATIONS,
    ALL_TIME,
    DOKUMENT,
    FACET,
    UNKNOWN,
    Json,
    codes,
    create,
    day,
    del_,
    dokument,
    entry,
    facet,
    found,
    history,
    message_of,
    newest,
    patch,
    read,
    rows,
    send,
    send_form,
    variant,
)
from tests.protocol.multistatus import members
from tests.protocol.transcripts import address

FOLDER = "/dav/LoRA/2026-11"
FILE = f"{FOLDER}/kap.txt"
TEXT = (b"kapitel", "kap.txt", "text/plain")
OTHER = (b"kapitel 2", "andet.txt", "text/plain")


@pytest.fixture
def uuid(ann: Client) -> str:
    """A document with one part, which came with a form."""
    return create(ann, DOKUMENT, dokument(variant(del_())), f1=TEXT)


def parts(client: Client, uuid: str, query: str = ALL_TIME) -> list[Json]:
    """Return the properties of the one part of the one variant."""
    (only,) = newest(client, DOKUMENT, uuid, query)["varianter"]
    (part,) = only["dele"]
    properties: list[Json] = part["egenskaber"]
    return properties


def content(client: Client, uri: str) -> bytes:
    """Return the content behind a ``store:`` address."""
    assert uri.startswith("store:")
    return client.get(f"{DOKUMENT}/{uri.removeprefix('store:')}")


def uploaded(client: Client, uuid: str, file: tuple[bytes, str, str] = OTHER, **fields: object) -> None:
    """Give the part new content from 2022 on."""
    change = {"varianter": [variant({"deltekst": "kap", "egenskaber": [entry("2022-01-01", indhold="field:f", **fields)]})]}
    response = send_form(client, "PATCH", f"{DOKUMENT}/{uuid}", change, f=file)
    assert response.status == 200, response


def uuid_at(store: Store, client: Client, place: str) -> str:
    return describing.describe(store, client.ctx, path(place)).it.node.uuid


# LoRA first


def test_a_document_is_one_file_on_the_drive(ann: Client, uuid: str) -> None:
    assert members(ann, "/dav/LoRA/") == ["2026-11/"]
    assert members(ann, f"{FOLDER}/") == ["kap.txt"]
    on_drive = ann("GET", FILE)
    assert (on_drive.body, on_drive.headers["content-type"]) == (b"kapitel", "text/plain")
    (part,) = parts(ann, uuid)
    assert ann("GET", f"{DOKUMENT}/{part['indhold'].removeprefix('store:')}").etag == on_drive.etag


def test_an_address_of_content_has_a_day_and_an_id(ann: Client, uuid: str) -> None:
    scheme, _, rest = parts(ann, uuid)[0]["indhold"].partition(":")

    *when, name = rest.split("/")
    assert (scheme, when) == ("store", ["2026", "11", "20", "12", "00"])
    assert str(UUID(name.removesuffix(".bin"))) + ".bin" == name


def test_content_is_sent_with_its_name_whole_or_in_part(ann: Client, uuid: str) -> None:
    where = f"{DOKUMENT}/{parts(ann, uuid)[0]['indhold'].removeprefix('store:')}"

    whole = ann("GET", where)
    assert whole.headers["content-disposition"] == 'inline; filename="kap.txt"'
    assert whole.headers["content-length"] == "7"
    assert ann("GET", where, if_none_match=whole.etag).status == 304
    part = ann("GET", where, range="bytes=3-")
    assert (part.status, part.body) == (206, b"itel")
    assert ann("HEAD", where).headers["content-length"] == "7"
    assert message_of(ann("GET", f"{where}?a=1"))


def test_content_has_the_media_type_that_its_part_says(ann: Client) -> None:
    uuid = create(ann, DOKUMENT, dokument(variant(del_(mimetype="text/x-brev"))), f1=TEXT)
    uri = parts(ann, uuid)[0]["indhold"].removeprefix("store:")
    assert ann("GET", f"{DOKUMENT}/{uri}").headers["content-type"] == "text/x-brev"

    untyped = create(ann, DOKUMENT, dokument(variant(del_(mimetype=None))), f1=TEXT)
    uri = parts(ann, untyped)[0]["indhold"].removeprefix("store:")
    assert ann("GET", f"{DOKUMENT}/{uri}").headers["content-type"] == "application/octet-stream"


def test_an_upload_makes_a_version_and_keeps_the_older_content(ann: Client, uuid: str, clock: SettableClock) -> None:
    clock.advance(timedelta(hours=1))

    uploaded(ann, uuid)

    first, second = parts(ann, uuid)
    assert rows([first, second], "indeks", "mimetype") == [
        ("2021-01-01", "2022-01-01", 1, "text/plain"),
        ("2022-01-01", "infinity", 1, "text/plain"),
    ]
    assert first["indhold"] != second["indhold"]
    assert content(ann, first["indhold"]) == b"kapitel"
    assert content(ann, second["indhold"]) == b"kapitel 2"
    assert ann.get(FILE) == b"kapitel 2"
    assert len(members(ann, f"{FOLDER}/.versions/kap.txt/")) == 2


def test_one_file_may_be_referred_to_twice(ann: Client) -> None:
    both = dokument(variant(del_(), del_(text="bilag", indeks=2)))
    uuid = create(ann, DOKUMENT, both, f1=TEXT)

    one, other = (part["egenskaber"][0]["indhold"] for part in newest(ann, DOKUMENT, uuid)["varianter"][0]["dele"])
    assert one != other
    assert content(ann, one) == content(ann, other) == b"kapitel"


def test_only_the_first_part_is_on_the_drive(ann: Client) -> None:
    first, second = del_("field:b", text="b", indeks=1), del_("field:a", text="a", indeks=2)
    uuid = create(ann, DOKUMENT, dokument(variant(second, first)), a=OTHER, b=TEXT)

    assert members(ann, f"{FOLDER}/") == ["kap.txt"]
    assert ann.get(FILE) == b"kapitel"
    contents = {
        part["deltekst"]: content(ann, part["egenskaber"][0]["indhold"])
        for part in newest(ann, DOKUMENT, uuid)["varianter"][0]["dele"]
    }
    assert contents == {"a": b"kapitel 2", "b": b"kapitel"}


def test_other_addresses_are_kept_and_never_fetched(ann: Client) -> None:
    elsewhere = dokument(variant(del_("https://example.org/a.pdf"), del_("", text="tom")))
    uuid = create(ann, DOKUMENT, elsewhere)

    shown = [part["egenskaber"][0].get("indhold") for part in newest(ann, DOKUMENT, uuid)["varianter"][0]["dele"]]
    assert shown == ["https://example.org/a.pdf", None]
    assert members(ann, f"{FOLDER}/") == [], "what has no content is not on the drive"


def test_an_address_that_is_sent_back_is_kept(ann: Client, uuid: str) -> None:
    shown = newest(ann, DOKUMENT, uuid)
    payload = {key: shown[key] for key in ("attributter", "tilstande", "varianter")}

    assert send(ann, "PUT", f"{DOKUMENT}/{uuid}", payload).status == 200

    assert newest(ann, DOKUMENT, uuid)["varianter"] == shown["varianter"]
    assert ann.get(FILE) == b"kapitel"
    assert content(ann, parts(ann, uuid)[0]["indhold"]) == b"kapitel"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_file_that_is_missing_is_named(ann: Client, uuid: str, method: str) -> None:
    target = DOKUMENT if method == "POST" else f"{DOKUMENT}/{uuid}"

    assert "f1" in message_of(send_form(ann, method, target, dokument(variant(del_())), f2=TEXT))

    assert len(history(ann, DOKUMENT, uuid)) == 1
    assert members(ann, f"{FOLDER}/") == ["kap.txt"]


def test_what_is_refused_leaves_no_file(ann: Client) -> None:
    assert send_form(ann, "POST", DOKUMENT, dokument(variant(del_()), hest=1), f1=TEXT).status == 400

    assert ann("PROPFIND", "/dav/LoRA/2026-11/", depth="1").status == 404


class TestSmall:
    """An installation that takes little at once."""

    @pytest.fixture
    def app(self, serve: Serve, store: Store) -> Application:
        return serve(store, limits=LimitsConfig(rest_bytes=2000, json_bytes=1500))

    def test_an_upload_that_is_too_large_leaves_nothing(self, ann: Client) -> None:
        large = b"x" * 3000, "large.txt", "text/plain"

        assert message_of(send_form(ann, "POST", DOKUMENT, dokument(variant(del_())), f1=large), 413)
        assert message_of(send(ann, "POST", DOKUMENT, dokument(beskrivelse="x" * 2000)), 413)

        assert members(ann, "/dav/") == []
        assert create(ann, DOKUMENT, dokument(variant(del_())), f1=TEXT)


def test_unknown_sections_of_a_document_are_ignored(ann: Client) -> None:
    assert send(ann, "POST", DOKUMENT, dokument() | {"hest": 1}).status == 201


# The drive and other doors after LoRA


def test_a_save_on_the_drive_is_a_registration(ann: Client, bob: Client, uuid: str, clock: SettableClock) -> None:
    clock.advance(timedelta(days=1))
    bob.put(FILE, b"from the drive")

    assert codes(ann, DOKUMENT, uuid) == ["Rettet", "Opstaaet"]
    first, second = parts(ann, uuid)
    assert (first["virkning"]["to"], second["virkning"]["from"]) == ("2026-11-21 12:00:00+00", "2026-11-21 12:00:00+00")
    assert second["virkning"]["to"] == "infinity"
    assert content(ann, second["indhold"]) == b"from the drive"
    assert content(ann, first["indhold"]) == b"kapitel"
    last, before = history(ann, DOKUMENT, uuid)
    assert last["brugerref"] != before["brugerref"]
    assert last["attributter"] == before["attributter"]
    (only,) = before["varianter"][0]["dele"][0]["egenskaber"]
    assert (day(only["virkning"]["from"]), only["virkning"]["to"]) == ("2021-01-01", "infinity")


def test_each_save_under_a_lock_has_an_address(ann: Client, uuid: str, clock: SettableClock) -> None:
    clock.advance(timedelta(days=1))
    token = ann.lock(FILE)
    uris = []
    for body in (b"first save", b"second"):
        assert ann("PUT", FILE, body, if_=f"(<{token}>)").status == 204
        uris.append(parts(ann, uuid)[1]["indhold"])
        clock.advance(timedelta(minutes=1))

    first, second = (f"{DOKUMENT}/{one.removeprefix('store:')}" for one in uris)
    for _ in range(2):
        assert (ann.get(first), ann.get(second)) == (b"first save", b"second")
        assert ann("GET", second).etag == ann("GET", FILE).etag != ann("GET", first).etag
        assert ann("GET", first, if_none_match=ann("GET", first).etag).status == 304
        assert ann("GET", first, range="bytes=6-").body == b"save"
        assert ann("GET", first).headers["content-type"] == "text/plain"
        assert parts(ann, uuid)[1]["indhold"] == uris[1]
        assert [found(ann, DOKUMENT, indhold=one) for one in uris] == [[], [uuid]]
        assert codes(ann, DOKUMENT, uuid) == ["Rettet", "Opstaaet"]
        ann("UNLOCK", FILE, lock_token=f"<{token}>")


@pytest.mark.parametrize("more", ["titel=notes%25", "bvn=%25txt&titel=notes%25", f"titel=%25&{ALL_REGISTRATIONS}", "titel=b%25"])
def test_the_content_of_the_drive_is_found_by_how_an_address_begins_and_a_title(ann: Client, store: Store, more: str) -> None:
    ann.put("/dav/notes.txt", b"one")
    uuid = uuid_at(store, ann, "/notes.txt")
    uri = parts(ann, uuid)[0]["indhold"]

    wanted = found(ann, DOKUMENT, f"{more}&indhold={uri[:-6]}%25")
    assert wanted == ([] if more == "titel=b%25" else [uuid])


def test_what_the_drive_saved_is_found(ann: Client, uuid: str, clock: SettableClock) -> None:
    clock.advance(timedelta(days=1))
    ann.put(FILE, b"from the drive")
    uri = parts(ann, uuid)[1]["indhold"]

    assert found(ann, DOKUMENT, indhold=uri) == [uuid]
    assert found(ann, DOKUMENT, indhold=uri, virkningstid="2025-01-01") == []


def test_an_update_goes_on_from_what_the_drive_saved(ann: Client, uuid: str, clock: SettableClock) -> None:
    clock.advance(timedelta(days=1))
    ann.put(FILE, b"from the drive")

    change = {"attributter": {"dokumentegenskaber": [entry("2022-01-01", titel="Nyt brev")]}}
    patch(ann, DOKUMENT, uuid, change)

    assert content(ann, parts(ann, uuid)[1]["indhold"]) == b"from the drive"
    assert ann.get(FILE) == b"from the drive"
    assert codes(ann, DOKUMENT, uuid) == ["Rettet", "Rettet", "Opstaaet"]


def test_a_title_is_that_of_other_doors(ann: Client, uuid: str) -> None:
    assert okd.shown(ann, f"{okd.BASE}/{uuid}")["title"] == "Brev"

    patch(ann, DOKUMENT, uuid, {"attributter": {"dokumentegenskaber": [entry("2022-01-01", titel="Nyt brev")]}})

    assert okd.shown(ann, f"{okd.BASE}/{uuid}")["title"] == "Nyt brev"
    assert ann.get(FILE) == b"kapitel"


def test_a_deletion_puts_the_file_into_the_trash_and_the_drive_restores_it(ann: Client, uuid: str, clock: SettableClock) -> None:
    clock.advance(timedelta(hours=1))
    assert send(ann, "DELETE", f"{DOKUMENT}/{uuid}", {"note": "Udgået"}).status == 202

    assert ann("GET", FILE).status == 404
    (name,) = members(ann, "/dav/.trash/")
    assert message_of(ann("GET", f"{DOKUMENT}/{uuid}"), 410)
    clock.advance(timedelta(hours=1))
    moved = ann("MOVE", address(f"/.trash/{name}"), destination=f"http://drive.test{FILE}")
    assert moved.status == 201

    restored, deleted, created = history(ann, DOKUMENT, uuid)
    assert [one["livscykluskode"] for one in (restored, deleted, created)] == ["Importeret", "Slettet", "Opstaaet"]
    assert deleted["note"] == "Udgået"
    assert restored["varianter"] == deleted["varianter"] == created["varianter"]
    assert ann("GET", f"{DOKUMENT}/{uuid}").status == 200
    assert found(ann, DOKUMENT, "bvn=D&livscykluskode=Importeret") == [uuid]


def test_a_deletion_on_the_drive_is_one_here(ann: Client, uuid: str, clock: SettableClock) -> None:
    uri = parts(ann, uuid)[0]["indhold"]
    clock.advance(timedelta(hours=1))
    assert ann("DELETE", FILE).status == 204

    assert message_of(ann("GET", f"{DOKUMENT}/{uuid}"), 410)
    assert found(ann, DOKUMENT, "bvn=D") == []
    assert found(ann, DOKUMENT, "bvn=D&livscykluskode=Slettet") == [uuid]
    assert content(ann, uri) == b"kapitel"
    assert len(read(ann, DOKUMENT, uuid, ALL_REGISTRATIONS)) == 2


def test_no_tag_of_before_a_deletion_revives_a_document(ann: Client, uuid: str) -> None:
    tags = ann("GET", f"{DOKUMENT}/{uuid}").etag, ann("GET", FILE).etag
    ann("DELETE", FILE)

    for tag in tags:
        assert message_of(send(ann, "PUT", f"{DOKUMENT}/{uuid}", dokument(), if_match=tag), 412)


def test_an_import_revives_what_was_deleted(ann: Client, uuid: str, clock: SettableClock) -> None:
    send(ann, "DELETE", f"{DOKUMENT}/{uuid}")
    clock.advance(timedelta(hours=1))

    assert send_form(ann, "PUT", f"{DOKUMENT}/{uuid}", dokument(variant(del_())), f1=OTHER).status == 200

    assert codes(ann, DOKUMENT, uuid) == ["Importeret", "Slettet", "Opstaaet"]
    assert members(ann, "/dav/.trash/") == []
    assert ann.get(FILE) == b"kapitel 2"


def test_what_another_has_locked_or_checked_out_is_refused(ann: Client, bob: Client, uuid: str) -> None:
    token = bob.lock(FILE)
    change = {"attributter": {"dokumentegenskaber": [entry("2022-01-01", titel="Nyt")]}}

    for refused in (send(ann, "PATCH", f"{DOKUMENT}/{uuid}", change), send(ann, "DELETE", f"{DOKUMENT}/{uuid}")):
        assert message_of(refused, 423).startswith("The object is locked."), "the drive is nothing to who comes here"
    assert message_of(send(bob, "PATCH", f"{DOKUMENT}/{uuid}", change), 423), "a lock of the drive needs its token"
    assert send(bob, "PATCH", f"{DOKUMENT}/{uuid}", change, lock_token=f"<{token}>").status == 200
    assert send(bob, "PATCH", f"{DOKUMENT}/{uuid}", {"note": "n"}, if_=f"(<{token}>)").status == 200
    assert bob("UNLOCK", FILE, lock_token=f"<{token}>").status == 204

    assert bob("CHECKOUT", FILE).status in (200, 201)
    upload = {"varianter": [variant({"deltekst": "kap", "egenskaber": [entry("2023-01-01", indhold="field:f")]})]}
    refused = send_form(ann, "PATCH", f"{DOKUMENT}/{uuid}", upload, f=OTHER)
    assert message_of(refused, 423).startswith("The object is checked out")


def test_a_lock_of_okd_is_its_holders(ann: Client, bob: Client, uuid: str) -> None:
    assert ann("POST", f"{okd.BASE}/{uuid}/_lock").status == 204
    change = {"attributter": {"dokumentegenskaber": [entry("2022-01-01", titel="Nyt")]}}

    assert message_of(send(bob, "PATCH", f"{DOKUMENT}/{uuid}", change), 423)
    assert send(ann, "PATCH", f"{DOKUMENT}/{uuid}", change).status == 200


# Other doors first


def computed(client: Client, uuid: str) -> Json:
    """Return what is said of a document that another door has made, which is one entry of each kind."""
    (only,) = history(client, DOKUMENT, uuid)
    assert only["livscykluskode"] == "Opstaaet"
    (said,) = only["attributter"]["dokumentegenskaber"]
    (state,) = only["tilstande"]["dokumentfremdrift"]
    assert state["fremdrift"] == "Underudarbejdelse"
    assert said["virkning"]["from"].startswith("2026-11-20 12:00:00")
    assert said["virkning"]["to"] == "infinity"
    fields: Json = said
    return fields


def test_what_the_drive_made_is_a_document(ann: Client, store: Store) -> None:
    ann.put("/dav/Rapport.txt", b"one")
    uuid = uuid_at(store, ann, "/Rapport.txt")

    said = computed(ann, uuid)

    assert said["brugervendtnoegle"] == said["titel"] == "Rapport.txt"
    assert (said["beskrivelse"], said["brevdato"], said["dokumenttype"]) == ("", "2026-11-20", "text/plain")
    (part,) = parts(ann, uuid)
    assert part["mimetype"] == "text/plain"
    assert content(ann, part["indhold"]) == b"one"
    assert found(ann, DOKUMENT, "bvn=rapport%25") == [uuid]
    assert found(ann, DOKUMENT, "dokumenttype=text/plain&fremdrift=Underudarbejdelse&brevdato=2026-11-20") == [uuid]


@pytest.mark.parametrize("is_registered", [False, True], ids=["of-the-drive", "registered"])
def test_what_became_part_of_another_is_found_where_it_is_read(
    ann: Client, store: Store, clock: SettableClock, is_registered: bool
) -> None:
    for name in ("old.txt", "new.txt"):
        ann.put(f"/dav/{name}", name.encode())
    old, new = uuid_at(store, ann, "/old.txt"), uuid_at(store, ann, "/new.txt")
    if is_registered:
        patch(ann, DOKUMENT, new, {"note": "n"})
        patch(ann, DOKUMENT, old, {"livscyklus": "Passiv"})
    mending.merge(store, ann.ctx, path("/old.txt"), path("/new.txt"))
    clock.advance(timedelta(hours=1))

    assert ann("GET", f"{DOKUMENT}/{old}").json[old][0]["id"] == new
    for query in ("bvn=%25", "bvn=%25&maximalantalresultater=5", "bvn=%25&list="):
        assert ann("GET", f"{DOKUMENT}?uuid={old}&{query}").json == ann("GET", f"{DOKUMENT}?uuid={new}&{query}").json
    assert found(ann, DOKUMENT, f"uuid={old}&bvn=%25") == [new]
    assert found(ann, DOKUMENT, f"uuid={UNKNOWN}&bvn=%25") == []


@pytest.mark.parametrize("is_registered", [False, True], ids=["of-the-drive", "registered"])
def test_addresses_of_what_became_part_of_another_lead_on(
    ann: Client, store: Store, clock: SettableClock, is_registered: bool
) -> None:
    ann.put("/dav/new.txt", b"new")
    if is_registered:
        patch(ann, DOKUMENT, uuid_at(store, ann, "/new.txt"), {"note": "n"})
    uris = []
    token = ann.lock("/dav/old.txt")
    for body in (b"first save", b"second"):
        assert ann("PUT", "/dav/old.txt", body, if_=f"(<{token}>)").status in (201, 204)
        uris.append(parts(ann, uuid_at(store, ann, "/old.txt"))[0]["indhold"])
        clock.advance(timedelta(minutes=1))
    ann("UNLOCK", "/dav/old.txt", lock_token=f"<{token}>")
    mending.merge(store, ann.ctx, path("/old.txt"), path("/new.txt"))

    assert [content(ann, one) for one in uris] == [b"first save", b"second"]
    address = f"{DOKUMENT}/{uris[0].removeprefix('store:')}"
    assert ann("GET", address).headers["content-type"] == "text/plain"
    assert ann("GET", address.replace(uris[0][-8:-4], "0000")).status == 404


def test_addresses_of_a_file_that_was_saved_into_a_document_lead_on(ann: Client, store: Store) -> None:
    ann.put("/dav/Brev.docx", b"before")
    ann.put("/dav/Brev-new.docx", b"after")
    scratch = uuid_at(store, ann, "/Brev-new.docx")
    (part,) = parts(ann, scratch)
    assert ann("MOVE", "/dav/Brev-new.docx", destination="/dav/Brev.docx", overwrite="T").status == 204

    assert content(ann, part["indhold"]) == b"after"
    assert parts(ann, scratch)[0]["indhold"] != part["indhold"]


def test_what_left_the_drive_is_called_as_it_was(ann: Client, store: Store, clock: SettableClock) -> None:
    ann.put("/dav/Rapport.txt", b"one")
    uuid = uuid_at(store, ann, "/Rapport.txt")
    clock.advance(timedelta(hours=1))
    send(ann, "PUT", f"{DOKUMENT}/{uuid}", dokument())

    newest_one, first = history(ann, DOKUMENT, uuid)
    assert ann("GET", "/dav/Rapport.txt").status == 404
    assert first["attributter"]["dokumentegenskaber"][0]["brugervendtnoegle"] == "Rapport.txt"
    assert newest_one["attributter"]["dokumentegenskaber"][0]["brugervendtnoegle"] == "D"
    assert found(ann, DOKUMENT, f"bvn=rapport.txt&{ALL_REGISTRATIONS}&{ALL_TIME}") == [uuid]


def test_what_was_registered_later_is_found_by_the_name_of_then(ann: Client, store: Store, clock: SettableClock) -> None:
    ann.put("/dav/old.txt", b"one")
    uuid = uuid_at(store, ann, "/old.txt")
    clock.advance(timedelta(hours=1))
    patch(ann, DOKUMENT, uuid, {"note": "n"})
    before = history(ann, DOKUMENT, uuid)
    clock.advance(timedelta(hours=1))
    assert ann("MOVE", "/dav/old.txt", destination="/dav/new.txt").status == 201
    assert history(ann, DOKUMENT, uuid) == before

    clock.advance(timedelta(hours=1))
    assert ann("DELETE", "/dav/new.txt").status == 204
    clock.advance(timedelta(hours=1))
    (deleted,) = members(ann, "/dav/.trash/")
    assert ann("MOVE", f"/dav/.trash/{quote(deleted)}", destination="/dav/third.txt").status == 201

    first, second = history(ann, DOKUMENT, uuid)[:1:-1]
    assert [second | {"tiltidspunkt": before[0]["tiltidspunkt"]}, first] == before
    for then in (ALL_REGISTRATIONS, "registreringstid=2026-11-20T12:30:00"):
        assert found(ann, DOKUMENT, f"bvn=old.txt&{then}") == [uuid]
        assert found(ann, DOKUMENT, f"bvn=new.txt&{then}") == found(ann, DOKUMENT, f"bvn=third.txt&{then}") == []


@pytest.mark.parametrize(
    ("pattern", "is_hit"),
    [("%", True), ("store:%", True), ("%.BIN", True), ("st%re:%.bin", True), ("store:.%", False), ("%.txt", False)],
)
def test_the_content_of_the_drive_is_found_by_what_all_addresses_have(ann: Client, pattern: str, is_hit: bool) -> None:
    ann.put("/dav/a.txt", b"one")

    assert bool(found(ann, DOKUMENT, indhold=pattern)) is is_hit
    assert bool(found(ann, DOKUMENT, "bvn=a.txt&foersteresultat=0", indhold=pattern)) is is_hit


def test_each_version_of_the_drive_is_a_registration(ann: Client, bob: Client, store: Store, clock: SettableClock) -> None:
    for content_, client in ((b"one", ann), (b"two", bob), (b"three", ann)):
        client.put("/dav/a.txt", content_)
        clock.advance(timedelta(hours=1))
    uuid = uuid_at(store, ann, "/a.txt")

    registrations = history(ann, DOKUMENT, uuid)

    assert [one["livscykluskode"] for one in registrations] == ["Rettet", "Rettet", "Opstaaet"]
    assert len({one["brugerref"] for one in registrations}) == 2
    contents = [one["varianter"][0]["dele"][0]["egenskaber"] for one in registrations]
    assert [[content(ann, one["indhold"]) for one in properties] for properties in contents] == [[b"three"], [b"two"], [b"one"]]


def test_what_others_made_is_changed_here(ann: Client, store: Store, clock: SettableClock) -> None:
    ann.put("/dav/Rapport.txt", b"one")
    uuid = uuid_at(store, ann, "/Rapport.txt")
    clock.advance(timedelta(hours=1))

    patch(ann, DOKUMENT, uuid, {"attributter": {"dokumentegenskaber": [entry("2027-01-01", brugervendtnoegle="R-1")]}})
    clock.advance(timedelta(hours=1))
    ann.put("/dav/Rapport.txt", b"two")

    assert codes(ann, DOKUMENT, uuid) == ["Rettet", "Rettet", "Opstaaet"]
    said = newest(ann, DOKUMENT, uuid)["attributter"]["dokumentegenskaber"]
    assert [row[1:] for row in rows(said, "brugervendtnoegle", "titel")] == [
        ("2027-01-01", "Rapport.txt", "Rapport.txt"),
        ("infinity", "R-1", "Rapport.txt"),
    ]
    assert [content(ann, one["indhold"]) for one in parts(ann, uuid)] == [b"one", b"two"]
    assert found(ann, DOKUMENT, "bvn=R-1&virkningstid=2027-06-01") == [uuid]


def test_documents_of_okd_and_gever_are_documents(ann: Client, clock: SettableClock) -> None:
    by_okd = okd.deliver(ann, documentName="Eksamen", description="Bevis").rpartition("/")[2]
    by_gever = str(UUID(gever.a_document(ann, gever.a_dossier(ann)).seen_by(ann)["UID"]))
    clock.advance(timedelta(seconds=1))

    assert computed(ann, by_okd)["titel"] == "Eksamen"
    assert content(ann, parts(ann, by_okd)[0]["indhold"]) == okd.HELLO
    assert computed(ann, by_gever)["titel"] == "Alpha"
    assert found(ann, DOKUMENT, "titel=alpha") == [by_gever]


def test_a_new_title_elsewhere_is_a_registration(ann: Client, store: Store, clock: SettableClock) -> None:
    document = gever.a_document(ann, gever.a_dossier(ann))
    uuid = str(UUID(document.seen_by(ann)["UID"]))
    clock.advance(timedelta(hours=1))
    document.patch(ann, {"title": "Beta"})

    titles = [one["attributter"]["dokumentegenskaber"][0]["titel"] for one in history(ann, DOKUMENT, uuid)]
    assert titles == ["Beta", "Alpha"]
    assert found(ann, DOKUMENT, "titel=Beta") == [uuid]
    assert codes(ann, DOKUMENT, uuid) == ["Rettet", "Opstaaet"]


def test_folders_and_files_that_are_not_there_yet_are_no_documents(ann: Client, store: Store) -> None:
    ann.mkcol("/dav/f")
    ann.lock("/dav/pending.txt")

    assert ann("GET", f"{DOKUMENT}/{uuid_at(store, ann, '/f')}").status == 404
    assert found(ann, DOKUMENT, "bvn=%25") == []
    assert message_of(send(ann, "PUT", f"{DOKUMENT}/{uuid_at(store, ann, '/f')}", dokument()))


def test_objects_that_are_no_documents_are_nowhere_else(ann: Client) -> None:
    uuid = create(ann, FACET, facet())

    assert ann("GET", f"{okd.BASE}/{uuid}").status == 404
    assert members(ann, "/dav/LoRA/") == []
    assert ann("GET", f"{DOKUMENT}/{uuid}").status == 404
    assert okd.listed(ann) == []


def test_an_unknown_document_is_imported_with_its_uuid(ann: Client) -> None:
    assert send_form(ann, "PUT", f"{DOKUMENT}/{UNKNOWN}", dokument(variant(del_())), f1=TEXT).status == 200

    assert codes(ann, DOKUMENT, UNKNOWN) == ["Importeret"]
    assert ann.get(FILE) == b"kapitel"
    assert okd.shown(ann, f"{okd.BASE}/{UNKNOWN}")["fileName"] == "kap.txt"
