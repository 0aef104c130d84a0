"""TUS through GEVER: cases 30 to 38 of its acceptance list, who may upload where, and what becomes of names and titles."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Final

import pytest

from davgate.app import Application
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.http.dates import parse_http_date
from davgate.model.instant import after
from davgate.model.rights import DROP_BOX, EDITOR, READER
from tests.builders import SettableClock, findings, path
from tests.protocol import gever_uploads as tus
from tests.protocol.client import Client
from tests.protocol.gever import MOUNT, ORIGIN, Document, a_document, a_dossier, send, text_file
from tests.protocol.gever_uploads import assert_refused, begin, offset_of, said

CONTENT: Final = b"hello world"
DOCUMENT_TYPE: Final = "opengever.document.document"


@pytest.fixture
def dossier(ann: Client) -> str:
    """Ann's dossier; everybody may do there what she may."""
    return a_dossier(ann)


@pytest.fixture
def document(ann: Client, dossier: str) -> Document:
    """Ann's document in it."""
    return a_document(ann, dossier)


def new_upload(client: Client, dossier: str, length: int = len(CONTENT), **metadata: str) -> str:
    return begin(client, f"{dossier}/@tus-upload", length, upload_metadata=said(**(metadata or {"filename": "up.txt"})))


def replacement(client: Client, document: Document, length: int = len(CONTENT), **metadata: str) -> str:
    return begin(client, f"{document.url}/@tus-replace", length, upload_metadata=said(**(metadata or {"filename": "up.txt"})))


def uploaded(client: Client, dossier: str, **metadata: str) -> Document:
    """Upload a new document and return it."""
    response = tus.send(client, new_upload(client, dossier, **metadata), 0, CONTENT)
    assert response.status == 204, response
    return Document(response.headers["location"], dossier)


def let_bob_only_read(store: Store, root_admin: Client) -> None:
    granting.close(store, root_admin.ctx, path("/Akten 1"))
    granting.grant(store, root_admin.ctx, path("/Akten 1"), "bob", READER)
    granting.grant(store, root_admin.ctx, path("/Akten 1"), "ann", EDITOR)


# The acceptance list


def test_case_30_options_tell_version_and_extensions(ann: Client, dossier: str, document: Document) -> None:
    for url in (f"{dossier}/@tus-upload", f"{document.url}/@tus-replace", new_upload(ann, dossier)):
        response = send(ann, "OPTIONS", url)

        assert (response.status, response.body) == (204, b"")
        assert response.headers["tus-resumable"] == response.headers["tus-version"] == "1.0.0"
        assert response.headers["tus-extension"] == "creation,expiration,termination,checksum"
        assert int(response.headers["tus-max-size"]) > 0


def test_case_31_begun_upload_is_empty(ann: Client, dossier: str, clock: SettableClock) -> None:
    metadata = said(filename="up.txt")
    begun = tus.ask(ann, "POST", f"{dossier}/@tus-upload", upload_length="11", upload_metadata=metadata)

    assert begun.status == 201
    assert re.fullmatch(re.escape(f"{dossier}/@tus-upload/") + "[0-9a-f]{32}", begun.headers["location"])
    assert parse_http_date(begun.headers["upload-expires"]) == after(clock.now(), timedelta(hours=1)) // 10**6 * 10**6
    head = tus.ask(ann, "HEAD", begun.headers["location"])
    assert head.status == 200
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("0", "11")
    assert head.headers["cache-control"] == "no-store"
    assert head.headers["upload-expires"] == begun.headers["upload-expires"]


def test_case_32_parts_in_their_order_make_a_document(ann: Client, dossier: str) -> None:
    upload = new_upload(ann, dossier)

    first = tus.send(ann, upload, 0, CONTENT[:5])
    wrong = tus.send(ann, upload, 2, CONTENT[2:])
    between = offset_of(ann, upload)
    last = tus.send(ann, upload, 5, CONTENT[5:])

    assert (first.status, first.headers["upload-offset"], "upload-expires" in first.headers) == (204, "5", True)
    assert_refused(wrong, 409, "Conflict", "Upload-Offset does not match")
    assert (wrong.headers["upload-offset"], between) == ("5", 5)
    assert (last.status, last.headers["upload-offset"], "upload-expires" in last.headers) == (204, "11", False)
    document = Document(last.headers["location"], dossier)
    assert document.seen_by(ann)["title"] == "up"
    assert document.file_for(ann) == CONTENT
    assert tus.ask(ann, "HEAD", upload).status == 404


def test_case_33_request_that_lacks_something_is_refused(ann: Client, dossier: str) -> None:
    target = f"{dossier}/@tus-upload"

    no_version = send(ann, "POST", target, upload_length="11")
    assert_refused(no_version, 412, "Precondition Failed", "Unsupported version")
    assert no_version.headers["tus-version"] == no_version.headers["tus-resumable"] == "1.0.0"
    no_length = tus.ask(ann, "POST", target)
    assert_refused(no_length, 400, "Bad Request", "Missing or invalid Upload-Length header")
    upload = new_upload(ann, dossier)
    other_type = tus.send(ann, upload, 0, CONTENT, content_type="text/plain")
    assert_refused(other_type, 400, "Bad Request", "Missing or invalid Content-Type header")
    invented = tus.send(ann, f"{target}/{'0' * 32}", 0, CONTENT)
    assert (invented.status, invented.json["error"]["type"], invented.json["type"]) == (404, "Not Found", "Not Found")


def test_case_34_terminated_upload_is_gone(ann: Client, dossier: str) -> None:
    upload = new_upload(ann, dossier)

    response = tus.ask(ann, "DELETE", upload)

    assert (response.status, response.headers["tus-resumable"]) == (204, "1.0.0")
    assert tus.ask(ann, "HEAD", upload).status == 404


def test_method_may_stand_in_a_header_of_a_request_to_an_upload_alone(ann: Client, dossier: str, document: Document) -> None:
    upload = new_upload(ann, dossier)

    part = tus.ask(
        ann, "POST", upload, CONTENT[:5], content_type=tus.MEDIA_TYPE, upload_offset="0", x_http_method_override="PATCH"
    )
    told = tus.ask(ann, "POST", upload, x_http_method_override="head")
    ended = tus.ask(ann, "POST", upload, x_http_method_override="DELETE")

    assert (part.status, part.headers["upload-offset"]) == (204, "5")
    assert (told.status, told.headers["upload-offset"], told.body) == (200, "5", b"")
    assert ended.status == 204
    assert tus.ask(ann, "HEAD", upload).status == 404
    assert tus.ask(ann, "POST", document.url, x_http_method_override="DELETE").status == 404
    assert document.seen_by(ann)["trashed"] is False


def test_case_35_replacement_without_check_out_is_refused_at_its_part(ann: Client, document: Document) -> None:
    upload = replacement(ann, document)

    assert upload.startswith(f"{document.url}/@tus-upload/")
    assert_refused(tus.send(ann, upload, 0, CONTENT), 403, "Forbidden", "Document not checked out.")
    assert document.file_for(ann) == b"alpha v0"


def test_case_36_sequence_of_the_manual(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.post(ann, "@lock")
    metadata = "filename dGVzdC50eHQ=,content-type dGV4dC9wbGFpbg=="
    upload = begin(ann, f"{document.url}/@tus-replace", 8, upload_metadata=metadata)
    sent = tus.send(ann, upload, 0, b"test data")
    document.post(ann, "@unlock")
    before = document.file_for(bob)
    document.post(ann, "@checkin", {"comment": "Kapitel 3 - 6 korrigiert."})

    assert (sent.status, sent.headers["location"], sent.headers["upload-offset"]) == (204, document.url, "9")
    assert (before, document.file_for(bob)) == (b"alpha v0", b"test data")
    assert document.get(bob, "@history")[0]["comments"] == "Kapitel 3 - 6 korrigiert."


def test_case_37_lock_of_somebody_else_stops_a_replacement(ann: Client, bob: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    document.post(bob, "@lock")

    upload = replacement(ann, document)

    assert_refused(tus.send(ann, upload, 0, CONTENT), 403, "Forbidden", "Document is locked.")


def test_case_38_first_file_needs_no_check_out(ann: Client, dossier: str) -> None:
    document = a_document(ann, dossier, file=None)

    response = tus.send(ann, replacement(ann, document), 0, CONTENT)

    assert (response.status, response.headers["location"]) == (204, document.url)
    assert document.file_for(ann) == CONTENT
    assert document.numbers(ann) == [0]
    shown = document.seen_by(ann)
    assert (shown["title"], shown["file"]["filename"]) == ("Alpha", "Alpha.txt")


# Names, titles and fields


@pytest.mark.parametrize(
    ("uploaded_name", "title", "file_name"),
    [
        (None, "upload", "upload.bin"),
        ("Protokoll Übersicht.PDF", "Protokoll Übersicht", "Protokoll Uebersicht.PDF"),
        ("C:\\Akten\\brief.docx", "brief", "brief.docx"),
        ("a/b/c.tar.gz", None, None),
        ("ohne Endung", "ohne Endung", "ohne Endung"),
        (".htaccess", None, None),
        ("日本.txt", "日本", "document.txt"),
    ],
)
def test_new_document_is_called_as_its_file(
    ann: Client, dossier: str, uploaded_name: str | None, title: str | None, file_name: str | None
) -> None:
    """Whatever a file is called, the names are those that a document in JSON with the same file gets."""
    metadata = {"content_type": "text/plain"} | ({} if uploaded_name is None else {"filename": uploaded_name})
    shown = uploaded(ann, dossier, **metadata).seen_by(ann)
    by_json = a_document(ann, dossier, title=None, file=text_file("x", uploaded_name or "")).seen_by(ann)

    assert (shown["title"], shown["file"]["filename"]) == (by_json["title"], by_json["file"]["filename"])
    if title is not None:
        assert (shown["title"], shown["file"]["filename"]) == (title, file_name)


def test_fields_beside_the_name_are_kept(ann: Client, dossier: str) -> None:
    document = uploaded(
        ann, dossier, filename="x.unknown", content_type="application/x-own", type_=DOCUMENT_TYPE, document_date="2026-03-27"
    )

    shown = document.seen_by(ann)
    assert (shown["@type"], shown["document_date"]) == (DOCUMENT_TYPE, "2026-03-27")
    assert shown["file"]["content-type"] == "application/x-own"
    assert document.numbers(ann) == [0]


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({"type_": "no.such.type"}, 403),
        ({"type_": "opengever.dossier.businesscasedossier"}, 400),
        ({"document_date": "27.3.2026"}, 400),
        ({"document_date": "2026-02-30"}, 400),
        ({"filename": "a\x00b.txt"}, 400),
    ],
)
def test_upload_of_which_no_document_can_be_made_does_not_begin(
    ann: Client, dossier: str, metadata: dict[str, str], status: int
) -> None:
    response = tus.ask(ann, "POST", f"{dossier}/@tus-upload", upload_length="1", upload_metadata=said(**metadata))

    assert response.status == status
    assert response.json["error"]["type"] == response.json["type"]
    assert response.headers["tus-resumable"] == "1.0.0"


@pytest.mark.parametrize("value", ["filename !", "filename /w==", "filename YQ==,FILENAME YQ=="])
def test_metadata_that_cannot_be_read_are_refused(ann: Client, dossier: str, value: str) -> None:
    response = tus.ask(ann, "POST", f"{dossier}/@tus-upload", upload_length="1", upload_metadata=value)

    assert_refused(response, 400, "Bad Request", "Missing or invalid Upload-Metadata header")


def test_media_type_cannot_carry_a_header(ann: Client, dossier: str) -> None:
    document = uploaded(ann, dossier, filename="x.unknown", content_type="text/plain\r\nX-Evil: yes")

    response = send(ann, "GET", document.seen_by(ann)["file"]["download"])
    assert response.status == 200
    assert "x-evil" not in response.headers
    assert "\n" not in response.headers["content-type"]


def test_replacement_keeps_the_title_and_takes_the_suffix(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")

    assert tus.send(ann, replacement(ann, document, filename="ganz anders.md"), 0, CONTENT).status == 204

    shown = document.seen_by(ann)
    assert (shown["title"], shown["file"]["filename"]) == ("Alpha", "Alpha.md")


def test_replacement_without_a_name_keeps_the_present_one(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")

    assert tus.send(ann, replacement(ann, document, content_type="application/pdf"), 0, CONTENT).status == 204

    shown = document.seen_by(ann)["file"]
    assert (shown["filename"], shown["content-type"], shown["size"]) == ("Alpha.txt", "text/plain", len(CONTENT))


def test_replacement_is_called_by_the_title_that_stands_when_it_is_complete(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    upload = replacement(ann, document)
    tus.send(ann, upload, 0, CONTENT[:5])

    document.patch(ann, {"title": "Beta"})

    assert tus.send(ann, upload, 5, CONTENT[5:]).status == 204
    assert document.seen_by(ann)["file"]["filename"] == "Beta.txt"


def test_first_file_without_a_name_is_called_by_the_title(ann: Client, dossier: str) -> None:
    document = a_document(ann, dossier, file=None)

    assert tus.send(ann, replacement(ann, document, content_type="text/plain"), 0, CONTENT).status == 204

    assert document.seen_by(ann)["file"]["filename"] == "Alpha.bin"


def test_uploaded_document_lies_on_the_drive(ann: Client, dossier: str) -> None:
    uploaded(ann, dossier, filename="Protokoll Übersicht.txt")

    assert ann.get("/dav/Akten%201/Protokoll%20Uebersicht.txt") == CONTENT


def test_root_takes_an_upload(ann: Client) -> None:
    document = uploaded(ann, ORIGIN + MOUNT, filename="lose.txt")

    assert document.file_for(ann) == CONTENT


# Where, and by whom


def test_upload_belongs_to_its_object_and_its_user(ann: Client, bob: Client, dossier: str, document: Document) -> None:
    upload = new_upload(ann, dossier)
    upload_id = upload.rpartition("/")[2]
    others = [f"{document.url}/@tus-upload/{upload_id}", f"{ORIGIN}{MOUNT}/@tus-upload/{upload_id}"]

    for client, url in [(bob, upload), *((ann, other) for other in others)]:
        for method in ("HEAD", "PATCH", "DELETE"):
            assert tus.ask(client, method, url).status == 404

    assert offset_of(ann, upload) == 0


def test_service_of_the_other_kind_of_object_is_not_there(ann: Client, dossier: str, document: Document) -> None:
    for url in (f"{document.url}/@tus-upload", f"{dossier}/@tus-replace", f"{dossier}/nothing/@tus-upload"):
        response = tus.ask(ann, "POST", url, upload_length="1")

        assert_refused(response, 404, "NotFound", f"Resource not found: {url}")


def test_upload_without_the_right_does_not_begin(
    bob: Client, dossier: str, document: Document, store: Store, root_admin: Client
) -> None:
    let_bob_only_read(store, root_admin)

    for url in (f"{dossier}/@tus-upload", f"{document.url}/@tus-replace"):
        # The right comes before the version.
        assert_refused(send(bob, "POST", url, upload_length="1"), 403, "Forbidden", "You are not allowed to perform this action.")


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["new", "replacement"])
def test_right_that_is_lost_midway_stops_the_upload_before_anything_else(
    bob: Client, dossier: str, document: Document, store: Store, root_admin: Client, method: str, kind: str
) -> None:
    document.post(bob, "@checkout")
    upload = new_upload(bob, dossier) if kind == "new" else replacement(bob, document)
    let_bob_only_read(store, root_admin)

    assert send(bob, method, upload).status == 403

    granting.grant(store, root_admin.ctx, path("/Akten 1"), "bob", EDITOR)
    assert offset_of(bob, upload) == 0


def test_drop_box_takes_an_upload_and_shows_its_sender_that_alone(
    ann: Client, bob: Client, dossier: str, document: Document, store: Store, root_admin: Client
) -> None:
    granting.close(store, root_admin.ctx, path("/Akten 1"))
    granting.grant(store, root_admin.ctx, path("/Akten 1"), "bob", DROP_BOX)
    granting.grant(store, root_admin.ctx, path("/Akten 1"), "ann", EDITOR)

    upload = new_upload(bob, dossier)
    between = offset_of(bob, upload)
    sent = tus.send(bob, upload, 0, CONTENT)

    assert (between, sent.status) == (0, 204)
    assert Document(sent.headers["location"], dossier).file_for(bob) == CONTENT
    assert ann.get("/dav/Akten%201/up.txt") == CONTENT
    assert document.ask(bob, "GET").status == 404


def test_trashed_objects_take_no_upload(ann: Client, dossier: str, document: Document) -> None:
    upload = replacement(ann, document)
    document.post(ann, "@trash")

    assert tus.ask(ann, "POST", f"{document.url}/@tus-replace", upload_length="1").status == 403
    assert tus.send(ann, upload, 0, CONTENT).status == 403

    document.post(ann, "@untrash")
    assert offset_of(ann, upload) == 0


# Check-outs and locks at each part


def test_check_out_lost_midway_stops_the_upload_which_stays(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    upload = replacement(ann, document)
    tus.send(ann, upload, 0, CONTENT[:5])
    document.post(ann, "@cancelcheckout")

    assert_refused(tus.send(ann, upload, 5, CONTENT[5:]), 403, "Forbidden", "Document not checked out.")

    assert offset_of(ann, upload) == 5
    document.post(ann, "@checkout")
    assert tus.send(ann, upload, 5, CONTENT[5:]).status == 204
    assert document.file_for(ann) == CONTENT


@pytest.mark.parametrize("has_file", [True, False])
def test_check_out_of_somebody_else_stops_a_replacement_before_its_bytes(
    ann: Client, bob: Client, dossier: str, *, has_file: bool
) -> None:
    document = a_document(ann, dossier, **({} if has_file else {"file": None}))
    upload = replacement(ann, document)
    document.post(bob, "@checkout")

    assert_refused(tus.send(ann, upload, 0, CONTENT), 403, "Forbidden", "Document not checked out.")

    assert offset_of(ann, upload) == 0


def test_missing_check_out_is_told_before_a_lock(ann: Client, bob: Client, document: Document) -> None:
    upload = replacement(ann, document)
    document.post(bob, "@lock")

    assert_refused(tus.send(ann, upload, 0, CONTENT), 403, "Forbidden", "Document not checked out.")


def test_own_lock_of_gever_needs_no_token_but_a_right_one(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    token = document.post(ann, "@lock")["token"]
    upload = replacement(ann, document)

    other = tus.send(ann, upload, 0, CONTENT[:4], lock_token="<opaquelocktoken:0.1-0.2-00105A989226:1.000>")
    assert_refused(other, 403, "Forbidden", "Document is locked.")
    assert offset_of(ann, upload) == 0

    assert tus.send(ann, upload, 0, CONTENT[:4]).status == 204
    assert tus.send(ann, upload, 4, CONTENT[4:8], lock_token=token).status == 204
    assert tus.send(ann, upload, 8, CONTENT[8:], lock_token=f"<{token}>").status == 204
    assert document.file_for(ann) == CONTENT


def test_own_lock_of_the_drive_needs_its_token(ann: Client, document: Document) -> None:
    document.post(ann, "@checkout")
    token = ann.lock("/dav/Akten%201/Alpha.txt")
    upload = replacement(ann, document)

    assert_refused(tus.send(ann, upload, 0, CONTENT), 403, "Forbidden", "Document is locked.")

    assert tus.send(ann, upload, 0, CONTENT, lock_token=f"<{token}>").status == 204
    assert document.file_for(ann) == CONTENT


def test_lock_on_a_container_stops_a_new_document(ann: Client, bob: Client, dossier: str) -> None:
    upload = new_upload(ann, dossier)
    token = bob.lock("/dav/Akten%201/")

    assert_refused(tus.send(ann, upload, 0, CONTENT), 403, "Forbidden", "Document is locked.")

    assert bob("UNLOCK", "/dav/Akten%201/", lock_token=f"<{token}>").status == 204
    assert tus.send(ann, upload, 0, CONTENT).status == 204


def test_own_lock_on_a_container_needs_its_token_for_a_new_document(ann: Client, dossier: str) -> None:
    upload = new_upload(ann, dossier)
    token = ann.lock("/dav/Akten%201/")

    assert tus.send(ann, upload, 0, CONTENT).status == 403
    assert tus.send(ann, upload, 0, CONTENT, lock_token=f"<{token}>").status == 204


# Answers to what goes wrong


def test_checks_of_a_part_come_in_their_order(ann: Client, document: Document) -> None:
    upload = replacement(ann, document)
    wrong = {"upload_offset": "x", "content_type": "text/plain"}
    unknown = f"{document.url}/@tus-upload/{'1' * 32}"
    statuses = [send(ann, "PATCH", url, **wrong).status for url in (unknown, upload)]
    document.post(ann, "@checkout")
    texts = []
    for headers in (
        {},
        {"tus_resumable": "1.0.0"},
        {"tus_resumable": "1.0.0", "content_type": tus.MEDIA_TYPE},
        {"tus_resumable": "1.0.0", "content_type": tus.MEDIA_TYPE, "upload_offset": "3"},
    ):
        response = send(ann, "PATCH", upload, **{**wrong, **headers})
        statuses.append(response.status)
        texts.append(response.json["error"]["message"])

    assert statuses == [404, 403, 412, 400, 400, 409]
    assert texts == [
        "Unsupported version",
        "Missing or invalid Content-Type header",
        "Missing or invalid Upload-Offset header",
        "Upload-Offset does not match",
    ]


def test_part_that_is_not_what_its_checksum_says_is_460_in_both_shapes(ann: Client, dossier: str) -> None:
    upload = new_upload(ann, dossier)

    response = tus.send(ann, upload, 0, CONTENT, upload_checksum="sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=")

    assert response.status == 460
    assert response.json["type"] == response.json["error"]["type"] == "Checksum Mismatch"
    assert response.headers["tus-resumable"] == "1.0.0"
    assert offset_of(ann, upload) == 0


def test_upload_expires_an_hour_after_its_last_byte(ann: Client, dossier: str, clock: SettableClock) -> None:
    upload = new_upload(ann, dossier)
    clock.advance(timedelta(minutes=59))
    tus.send(ann, upload, 0, CONTENT[:5])
    clock.advance(timedelta(minutes=59))
    assert offset_of(ann, upload) == 5

    clock.advance(timedelta(minutes=1))

    assert tus.ask(ann, "HEAD", upload).status == 404
    assert_refused(tus.send(ann, upload, 5, CONTENT[5:]), 404, "Not Found", "There is no such upload, or not any more.")


def test_upload_of_no_bytes_is_completed_by_an_empty_part(ann: Client, dossier: str) -> None:
    upload = new_upload(ann, dossier, 0)
    assert offset_of(ann, upload) == 0

    response = tus.send(ann, upload, 0)

    assert (response.status, response.headers["upload-offset"]) == (204, "0")
    assert Document(response.headers["location"], dossier).seen_by(ann)["file"]["size"] == 0


@pytest.mark.parametrize("offset", [len(CONTENT), len(CONTENT) - 1], ids=["empty", "from-where-head-says"])
def test_completion_that_was_refused_is_tried_again_with_another_part(
    ann: Client, bob: Client, dossier: str, store: Store, app: Application, offset: int
) -> None:
    upload = new_upload(ann, dossier)

    class LocksMeanwhile(io.BytesIO):
        """A body during which somebody locks the dossier."""

        token = ""

        def read1(self, size: int | None = -1, /) -> bytes:
            self.token = self.token or bob.lock("/dav/Akten%201/")
            return super().read1(-1 if size is None else size)

    body = LocksMeanwhile(CONTENT)
    headers = {"tus_resumable": "1.0.0", "upload_offset": "0", "content_type": tus.MEDIA_TYPE, "content_length": "11"}
    refused = ann.send("PATCH", upload.removeprefix(ORIGIN), body, **headers)

    assert_refused(refused, 403, "Forbidden", "Document is locked.")
    assert offset_of(ann, upload) == len(CONTENT) - 1
    assert bob("UNLOCK", "/dav/Akten%201/", lock_token=f"<{body.token}>").status == 204
    done = tus.send(ann, upload, offset, CONTENT[offset:])
    assert done.status == 204
    assert Document(done.headers["location"], dossier).file_for(ann) == CONTENT
    assert findings(store) == []


def test_document_describes_the_services(ann: Client) -> None:
    paths = ann("GET", f"{MOUNT}/openapi.json").json["paths"]

    assert set(paths["/{path}/@tus-upload"]) == set(paths["/{path}/@tus-replace"]) == {"options", "post"}
    assert set(paths["/{path}/@tus-upload/{upload_id}"]) == {"options", "head", "patch", "delete"}
    assert "460" in paths["/{path}/@tus-upload/{upload_id}"]["patch"]["responses"]
