"""GEVER's check-outs and history beyond the numbered cases: administrators, rights, trash, bodies, and the drive beside."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import EDITOR, READER
from tests.builders import SettableClock, path
from tests.protocol.client import Client
from tests.protocol.gever import ORIGIN, Document, a_document, a_dossier, send, text_file
from tests.protocol.multistatus import members

DRIVE_PATH = "/dav/Akten%201/Alpha.txt"
VERSION_FOLDER = "/dav/Akten%201/.versions/Alpha.txt/"


@pytest.fixture
def document(ann: Client) -> Document:
    """Ann's document; Bob may do with it what she may."""
    return a_document(ann, a_dossier(ann))


def let_bob_only_read(store: Store, root_admin: Client) -> None:
    granting.close(store, root_admin.ctx, path("/Akten 1"))
    granting.grant(store, root_admin.ctx, path("/Akten 1"), "bob", READER)
    granting.grant(store, root_admin.ctx, path("/Akten 1"), "ann", EDITOR)


# Check-outs


def test_administrator_checks_in_for_the_holder(ann: Client, bob: Client, root_admin: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("bravo")})

    document.post(root_admin, "@checkin", {"comment": "forced"})

    assert document.file_for(bob) == b"bravo"
    assert document.seen_by(ann)["checked_out"] is None
    newest = document.get(ann, "@history")[0]
    assert (newest["comments"], newest["actor"]["id"]) == ("forced", root_admin.ctx.principal.name)


def test_administrator_cancels_for_the_holder(ann: Client, root_admin: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("bravo")})

    document.post(root_admin, "@cancelcheckout")

    assert document.file_for(ann) == b"alpha v0"
    assert document.numbers(ann) == [0]


def test_administrator_does_not_cancel_under_a_lock(ann: Client, root_admin: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.post(ann, "@lock")

    assert document.ask(root_admin, "POST", "@cancelcheckout").status == 403


@pytest.mark.parametrize("service", ["@checkout", "@checkin", "@cancelcheckout"])
def test_reader_has_no_part_in_the_cycle(
    ann: Client, bob: Client, root_admin: Client, store: Store, document: Document, service: str
) -> None:
    let_bob_only_read(store, root_admin)
    if service != "@checkout":
        document.post(ann, "@checkout")

    refused = document.ask(bob, "POST", service)

    assert (refused.status, refused.json["type"]) == (403, "Forbidden")
    assert refused.json["message"].endswith("_disallowed")


@pytest.mark.parametrize("service", ["@checkout", "@checkin", "@cancelcheckout", "@history"])
def test_container_has_no_part_in_the_cycle(ann: Client, document: Document, service: str) -> None:
    method = "GET" if service == "@history" else "POST"

    refused = send(ann, method, f"{document.container_url}/{service}")

    assert (refused.status, refused.json["type"]) == (404, "NotFound")


@pytest.mark.parametrize("service", ["@checkout", "@checkin", "@cancelcheckout"])
def test_trashed_document_has_no_part_in_the_cycle(ann: Client, document: Document, service: str) -> None:
    document.post(ann, "@trash")

    refused = document.ask(ann, "POST", service)

    assert (refused.status, refused.json["message"].endswith("_disallowed")) == (403, True)


def test_body_of_a_check_out_is_ignored(ann: Client, document: Document) -> None:
    target = document.url.removeprefix(ORIGIN)

    assert ann("POST", f"{target}/@checkout", "{bad").status == 204
    assert ann("POST", f"{target}/@cancelcheckout", "[]").status == 204


@pytest.mark.parametrize(
    ("body", "kind"), [("{bad", "DeserializationError"), ("[]", "DeserializationError"), ('{"comment": 7}', "BadRequest")]
)
def test_check_in_with_a_body_that_says_nothing_sensible_keeps_the_check_out(
    ann: Client, document: Document, body: str, kind: str
) -> None:
    document.post(ann, "@checkout")

    refused = ann("POST", f"{document.url.removeprefix(ORIGIN)}/@checkin", body)

    assert (refused.status, refused.json["type"]) == (400, kind)
    assert document.seen_by(ann)["checked_out"] == "ann"


def test_check_in_ends_a_lock_whose_token_comes_with_it(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    token = document.post(ann, "@lock")["token"]

    document.post(ann, "@checkin", lock_token=token)

    assert document.get(ann, "@lock")["locked"] is False


def test_many_saves_make_one_version(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    for text in ("one", "two", "three"):
        document.patch(ann, {"file": text_file(text)})
    document.post(ann, "@checkin")

    assert document.numbers(ann) == [1, 0]
    assert document.file_for(ann) == b"three"


def test_others_change_metadata_meanwhile(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(bob, {"description": "seen by Bob"})
    document.patch(ann, {"file": text_file("bravo")})
    document.post(ann, "@checkin")

    assert document.seen_by(ann)["description"] == "seen by Bob"
    assert document.numbers(ann) == [1, 0]


def test_file_is_described_to_others_as_it_was(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("longer than before")})

    assert document.seen_by(ann)["file"]["size"] == 18
    assert document.seen_by(bob)["file"]["size"] == 8


# History


def test_document_without_a_file_has_its_initial_version(ann: Client, clock: SettableClock) -> None:
    document = a_document(ann, a_dossier(ann), file=None)
    clock.advance(timedelta(seconds=5))

    (only,) = document.get(ann, "@history")
    assert (only["version"], only["comments"], only["actor"]["id"], only["may_revert"]) == (0, "Initial version", "ann", False)
    assert only["time"].startswith("2026-11-20T12:00:00.")
    assert only["time"].endswith("+00:00")
    assert document.get(ann, "@versions")["items_total"] == 1
    assert document.get(ann, "@versions?b_start=1")["items"] == []
    shown = document.get(ann, "@history/0")
    assert (shown["version"], shown["file"]) == ("0", None)
    assert document.ask(ann, "PATCH", "@history", {"version": 0}).status == 403


def test_first_file_is_version_0(ann: Client) -> None:
    document = a_document(ann, a_dossier(ann), file=None)
    document.patch(ann, {"file": text_file("first")})

    assert document.numbers(ann) == [0]
    assert document.seen_by(ann)["current_version_id"] == 0


def test_change_of_metadata_is_no_version(ann: Client, document: Document) -> None:
    document.patch(ann, {"title": "Beta"})
    document.check_in(ann, "bravo")
    document.patch(ann, {"title": "Gamma"})

    assert document.numbers(ann) == [1, 0]
    assert [document.get(ann, f"@versions/{number}")["title"] for number in (1, 0)] == ["Beta", "Alpha"]
    assert document.get(ann, "@history/1") == document.get(ann, "@versions/1")
    assert document.get(ann, "@history/0")["current_version_id"] == 1


def test_version_is_shown_with_its_own_file(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": {"data": "<a/>", "filename": "other.xml"}})
    document.post(ann, "@checkin")

    first, second = (document.get(ann, f"@history/{number}")["file"] for number in (0, 1))
    assert (first["filename"], first["content-type"], first["size"]) == ("Alpha.txt", "text/plain", 8)
    assert (second["filename"], second["size"]) == ("Alpha.xml", 4)
    assert first["download"] == f"{document.url}/@@download/file?version_id=0"
    assert send(ann, "GET", second["download"]).body == b"<a/>"


@pytest.mark.parametrize("number", ["1", "x", "-1", "1.0", "٠", "9" * 30, "9" * 200])
def test_version_that_there_is_not_is_not_found(ann: Client, document: Document, number: str) -> None:
    for service in ("@history/", "@versions/", "@@download/file?version_id="):
        refused = ann("GET", f"{document.url.removeprefix(ORIGIN)}/{service}{quote(number)}")
        assert (refused.status, refused.json["type"]) == (404, "NotFound")
        assert refused.json["message"] == f"Version '{number}' does not exist."


def test_version_is_not_deleted(ann: Client, document: Document) -> None:
    refused = document.ask(ann, "DELETE", "@history/0")

    assert (refused.status, refused.json["type"]) == (404, "NotFound")
    assert document.numbers(ann) == [0]


@pytest.mark.parametrize("query", ["b_size=x", "b_start=-1", "b_size=-1"])
def test_page_of_no_sensible_size_is_refused(ann: Client, document: Document, query: str) -> None:
    refused = document.ask(ann, "GET", f"@versions?{query}")

    assert (refused.status, refused.json["type"]) == (400, "BadRequest")


def test_who_may_revert_is_told(ann: Client, bob: Client, root_admin: Client, store: Store, document: Document) -> None:
    def told(client: Client) -> bool:
        (entry,) = document.get(client, "@history")
        assert document.get(client, "@versions")["items"][0]["may_revert"] is entry["may_revert"]
        return bool(entry["may_revert"])

    assert told(ann) and told(bob)
    document.post(ann, "@lock")
    assert not told(ann) and not told(bob)
    document.post(ann, "@unlock")
    document.post(ann, "@checkout")
    assert not told(ann) and not told(bob)
    document.post(ann, "@cancelcheckout")
    let_bob_only_read(store, root_admin)
    assert told(ann) and not told(bob)
    document.post(ann, "@trash")
    assert not told(ann)


def test_reader_does_not_revert(ann: Client, bob: Client, root_admin: Client, store: Store, document: Document) -> None:
    let_bob_only_read(store, root_admin)

    refused = document.ask(bob, "PATCH", "@history", {"version": 0})
    assert (refused.status, refused.json["message"]) == (403, "Reverting is not allowed.")


def test_locked_document_is_not_reverted_even_with_the_token(ann: Client, document: Document) -> None:
    token = document.post(ann, "@lock")["token"]

    refused = document.ask(ann, "PATCH", "@history", {"version": 0}, lock_token=token)
    assert (refused.status, refused.json["message"]) == (403, "Reverting is not allowed.")


def test_trashed_document_is_read_and_not_reverted(ann: Client, document: Document) -> None:
    document.check_in(ann, "bravo")
    document.post(ann, "@trash")

    assert document.numbers(ann) == [1, 0]
    shown = document.get(ann, "@history/0")
    assert shown["trashed"] is True
    assert send(ann, "GET", shown["file"]["download"]).body == b"alpha v0"
    refused = document.ask(ann, "PATCH", "@history", {"version": 0})
    assert (refused.status, refused.json["message"]) == (403, "Reverting is not allowed.")


@pytest.mark.parametrize(
    ("wished", "action"),
    [
        ("de", "Bearbeitet"),
        ("fr-CH, de;q=0.5", "Modifié"),
        ("de;q=0.2, fr;q=0.7, en;q=0.1", "Modifié"),
        ("it, *;q=0.1", "Edited"),
        ("de;q=0", "Edited"),
        ("de;q=much", "Edited"),
        (",;=", "Edited"),
    ],
)
def test_history_is_told_in_the_language_that_is_wished(ann: Client, document: Document, wished: str, action: str) -> None:
    (entry,) = document.ask(ann, "GET", "@history", accept_language=wished).json

    assert entry["action"] == entry["transition_title"] == action
    assert entry["type"] == "versioning"


# The drive beside


def in_version_folder(client: Client, number: int) -> str:
    """Return the address of a version on the drive by its number there, which begins with 1."""
    (name,) = [name for name in members(client, VERSION_FOLDER) if name.startswith(f"{number:04d} ")]
    return VERSION_FOLDER + quote(name)


def test_working_copy_is_seen_on_the_drive_by_its_holder_alone(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.patch(ann, {"file": text_file("bravo")})

    assert (ann.get(DRIVE_PATH), bob.get(DRIVE_PATH)) == (b"bravo", b"alpha v0")
    assert bob("PUT", DRIVE_PATH, b"bob's").status == 423
    assert ann("PUT", DRIVE_PATH, b"charlie").status == 204
    assert document.file_for(ann) == b"charlie"
    assert document.file_for(bob) == b"alpha v0"


def test_check_in_appears_in_the_version_folder(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    ann("PUT", DRIVE_PATH, b"bravo")
    document.post(ann, "@checkin", {"comment": "c1"})

    assert bob.get(in_version_folder(bob, 2)) == b"bravo"


def test_check_out_of_the_drive_is_one_here(ann: Client, bob: Client, document: Document) -> None:
    assert bob("CHECKOUT", DRIVE_PATH).status == 200
    bob("PUT", DRIVE_PATH, b"bravo")

    assert document.seen_by(ann)["checked_out"] == "bob"
    assert document.ask(ann, "POST", "@checkout").status == 403
    document.post(bob, "@checkin")
    assert document.file_for(ann) == b"bravo"


def test_check_out_made_here_ends_on_the_drive(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")

    assert ann("CHECKIN", DRIVE_PATH).status == 201
    assert document.seen_by(ann)["checked_out"] is None
    assert document.numbers(ann) == [1, 0]


def test_saves_of_the_drive_are_versions_here(ann: Client, bob: Client, document: Document) -> None:
    bob.put(DRIVE_PATH, b"bravo")
    token = bob.lock(DRIVE_PATH)
    for body in (b"c", b"charlie"):
        assert bob("PUT", DRIVE_PATH, body, if_=f"(<{token}>)").status == 204
    assert bob("UNLOCK", DRIVE_PATH, lock_token=f"<{token}>").status == 204

    assert [(one["version"], one["actor"]["id"]) for one in document.get(ann, "@history")] == [(2, "bob"), (1, "bob"), (0, "ann")]


def test_version_gone_back_to_here_is_current_on_the_drive(ann: Client, document: Document) -> None:
    ann.put(DRIVE_PATH, b"bravo")

    assert document.ask(ann, "PATCH", "@history", {"version": 0}).status == 200
    assert ann.get(DRIVE_PATH) == b"alpha v0"


def test_version_restored_on_the_drive_is_counted_here(ann: Client, document: Document) -> None:
    ann.put(DRIVE_PATH, b"bravo")

    assert ann("COPY", in_version_folder(ann, 1), destination=f"{ORIGIN}{DRIVE_PATH}").status == 204
    assert document.numbers(ann) == [2, 1, 0]


def test_page_behind_the_last_version_is_empty_however_far(ann: Client) -> None:
    document = a_document(ann, a_dossier(ann, "F"), title="Alpha", file=text_file("x"))

    for start in (1, 2**63, 10**30):
        page = document.get(ann, f"@versions?b_start={start}")
        assert (page["items"], page["items_total"]) == ([], 1)
