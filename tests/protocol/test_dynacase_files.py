"""Files through Dynacase: temporary ones, those of attributes, and archives of them."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from davgate.app import Application
from davgate.core import upkeep
from davgate.core.store import Policy, Store
from davgate.rest.dynacase.operations import dialect
from tests.builders import INLINE_LIMIT_BYTES, damages, with_policy
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import BASE, JSON, article, attributes, data_of, put, put_form, refusal_of, shown, value_of
from tests.protocol.okd import FORM, Part, form

UPLOADS = f"{BASE}/temporaryFiles/"
ON_DRIVE = "/dav/Dynacase/2026-11/Bericht.txt"


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    return serve(store, dialects={"/api/v1": dialect({})})


@pytest.fixture
def document(ann: Client) -> str:
    return article(ann)


def send(client: Client, *parts: Part) -> Response:
    return client("POST", UPLOADS, form(*parts), content_type=FORM)


def upload(
    client: Client, content: bytes = b"bytes", name: str = "a.txt", media_type: str | None = "text/plain"
) -> dict[str, Any]:
    """Upload a temporary file and return it as it is told."""
    told: dict[str, Any] = data_of(send(client, Part("file", content, name, media_type)), 201)["file"]
    return told


def test_case_14_file_of_a_form_is_downloaded(ann: Client, document: str) -> None:
    assert put_form(ann, document, Part("my_file", b"the bytes", "Bericht ü.txt", "text/plain")).status == 200

    saved = ann("GET", f"{document}/files/my_file")
    inline = ann("GET", f"{document}/files/my_file?inline=yes")

    assert (saved.status, saved.body, saved.headers["content-type"]) == (200, b"the bytes", "text/plain")
    assert saved.headers["content-disposition"].startswith("attachment; filename=")
    assert "Bericht%20%C3%BC.txt" in saved.headers["content-disposition"]
    assert inline.body == b"the bytes"
    assert inline.headers["content-disposition"].startswith("inline; filename=")
    assert inline.headers["content-security-policy"] == "sandbox"


def test_case_15_reference_of_a_temporary_file_makes_it_an_annex(ann: Client, document: str) -> None:
    first, second = upload(ann, b"one", "one.txt"), upload(ann, b"two", "two.txt")

    assert put(ann, document, my_annexes=[first["reference"], second["reference"]]).status == 200

    assert ann.get(f"{document}/files/my_annexes/0") == b"one"
    assert ann.get(f"{document}/files/my_annexes/1/anything.txt") == b"two"
    archive = ann("GET", f"{document}/files/my_annexes")
    assert (archive.status, archive.headers["content-type"]) == (200, "application/x-zip")
    assert archive.headers["content-disposition"] == 'attachment; filename="Annexes.zip"'
    with zipfile.ZipFile(io.BytesIO(archive.body)) as found:
        assert {name: found.read(name) for name in found.namelist()} == {"1-one.txt": b"one", "2-two.txt": b"two"}
        assert found.testzip() is None
    assert refusal_of(ann("GET", f"{document}/files/my_title")) == (400, "CRUD0614")


@pytest.mark.parametrize("nothing", [None, "", []])
def test_document_loses_its_file_and_gets_one_again(ann: Client, document: str, store: Store, nothing: object) -> None:
    put_form(ann, document, Part("my_file", b"one", "Bericht.txt", "text/plain"))

    cleared = put(ann, document, my_file=nothing, my_description="without")

    assert cleared.status == 200
    assert cleared.json["data"]["changes"]["my_file"]["new"]["value"] is None
    assert (value_of(ann, document, "my_file"), value_of(ann, document, "my_description")) == (None, "without")
    assert refusal_of(ann("GET", f"{document}/files/my_file")) == (404, "CRUD0607")
    assert ann("GET", ON_DRIVE).status == 404
    assert put(ann, document, my_file=nothing).json["data"]["changes"] == {}
    assert damages(store) == []

    assert put_form(ann, document, Part("my_file", b"two", "Bericht.txt", "text/plain")).status == 200

    assert ann.get(ON_DRIVE) == b"two"
    assert damages(store) == []


def test_file_that_another_has_locked_or_checked_out_stays(ann: Client, bob: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "Bericht.txt", "text/plain"))
    token = bob.lock(ON_DRIVE)

    assert refusal_of(put(ann, document, my_file=None))[0] == 403
    assert ann.get(ON_DRIVE) == b"one"

    bob("UNLOCK", ON_DRIVE, lock_token=f"<{token}>")
    assert bob("CHECKOUT", ON_DRIVE).status == 200
    assert refusal_of(put(ann, document, my_file=None))[0] == 403
    assert put(bob, document, my_file=None).status == 200
    assert ann.get(ON_DRIVE) == b"one"
    bob("UNCHECKOUT", ON_DRIVE)
    assert bob.get(ON_DRIVE) == b"one"


def test_temporary_file_is_told_with_all_that_the_original_tells(ann: Client) -> None:
    told = upload(ann, b"bytes", "Bericht.TXT")

    number = told["id"]
    address = f"api/v1/files/recorded/temporary/{number}.TXT"
    assert told == {
        "id": number,
        "mime": "text/plain",
        "size": "5",
        "thumbnailUrl": "",
        "reference": f"text/plain|{number}|Bericht.TXT",
        "cdate": "2026-11-20 12:00:00",
        "mdate": "2026-11-20 12:00:00",
        "downloadUrl": address,
        "uri": address,
        "iconUrl": "",
        "fileName": "Bericht.TXT",
    }
    response = ann("GET", f"/{address}")
    assert (response.body, response.headers["content-disposition"]) == (b"bytes", 'attachment; filename="Bericht.TXT"')
    assert ann("GET", f"/{address}", range="bytes=1-2").body == b"yt"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((), (400, "CRUD0302")),
        ((Part("file", b"no file"),), (400, "CRUD0302")),
        ((Part("a", b"1", "a"), Part("b", b"2", "b")), (400, "CRUD0303")),
    ],
)
def test_form_without_exactly_one_file_is_refused(ann: Client, parts: tuple[Part, ...], expected: tuple[int, str]) -> None:
    assert refusal_of(send(ann, *parts)) == expected


def test_upload_that_is_no_form_is_refused(ann: Client, store: Store) -> None:
    assert refusal_of(ann("POST", UPLOADS)) == (400, "CRUD0302")
    assert refusal_of(ann("POST", UPLOADS, "{}", content_type=JSON)) == (415, "API0003")
    for method in ("GET", "PUT"):
        assert refusal_of(ann(method, UPLOADS)) == (405, "API0103")
    assert refusal_of(ann("DELETE", UPLOADS)) == (501, "API0103")


def test_upload_without_room_is_refused(serve: Serve, ann: Client, store: Store) -> None:
    full = ann.through(serve(with_policy(store, Policy(quota_bytes=1)), dialects={"/api/v1": dialect({})}))

    assert refusal_of(send(full, Part("file", b"bytes", "a.txt"))) == (507, "CRUD0300")


def test_temporary_file_is_for_its_sender_alone(ann: Client, bob: Client, document: str) -> None:
    told = upload(ann)

    assert refusal_of(bob("GET", f"/{told['downloadUrl']}")) == (404, "CRUD0617")
    assert refusal_of(put(bob, document, my_file=told["reference"])) == (500, "API0211")
    assert value_of(ann, document, "my_file") is None


def test_temporary_file_vanishes_when_it_was_not_used_for_a_day(ann: Client, store: Store, document: str) -> None:
    told = upload(ann)
    ann.clock.advance(timedelta(hours=23, minutes=59))
    assert ann("GET", f"/{told['downloadUrl']}").status == 200

    ann.clock.advance(timedelta(minutes=1))

    assert refusal_of(ann("GET", f"/{told['downloadUrl']}")) == (404, "CRUD0617")
    assert refusal_of(put(ann, document, my_file=told["reference"])) == (500, "API0211")
    ann.clock.advance(timedelta(days=3))
    assert upkeep.tidy(store).temporary_files == 1
    assert upkeep.tidy(store).temporary_files == 0


def test_file_that_was_used_stays_when_the_temporary_one_is_gone(ann: Client, store: Store, document: str) -> None:
    content = b"x" * (INLINE_LIMIT_BYTES + 1)
    told = upload(ann, content)
    put(ann, document, my_file=told["reference"], my_annexes=[told["reference"]])

    ann.clock.advance(timedelta(days=5))
    upkeep.tidy(store)

    assert ann.get(f"{document}/files/my_file") == content
    assert ann.get(f"{document}/files/my_annexes/0") == content


@pytest.mark.parametrize("name", ["1.txt", "x", "99999999999999999999999.txt", "0", "-1.txt", "%D9%A1.txt"])
def test_temporary_file_that_there_is_not_is_refused(ann: Client, name: str) -> None:
    assert refusal_of(ann("GET", f"{BASE}/files/recorded/temporary/{name}")) == (404, "CRUD0617")


def test_new_document_takes_temporary_files(ann: Client) -> None:
    told = upload(ann, b"bytes", "a.txt")

    document = article(ann, "With a file", my_file=told["reference"])

    assert ann.get(f"{document}/files/my_file/-1/a.txt") == b"bytes"
    assert ann.get("/dav/Dynacase/2026-11/a.txt") == b"bytes"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("nope", (400, "CRUD0605")),
        ("my_secret", (403, "CRUD0606")),
        ("my_tags", (400, "CRUD0614")),
        ("my_file", (404, "CRUD0607")),
        ("my_file/-1", (404, "CRUD0607")),
        ("my_annexes", (404, "CRUD0607")),
        ("my_annexes/0", (404, "CRUD0607")),
        ("my_annexes/999999999", (404, "CRUD0607")),
        ("my_file/0", (400, "CRUD0611")),
        ("my_annexes/-1", (400, "CRUD0610")),
        ("my_annexes/-2", (400, "CRUD0612")),
        ("my_file/-2", (400, "CRUD0612")),
        ("my_file/x", (400, "CRUD0612")),
        ("my_annexes/99999999999", (400, "CRUD0612")),
    ],
)
def test_file_that_there_is_not_is_refused(ann: Client, document: str, where: str, expected: tuple[int, str]) -> None:
    assert refusal_of(ann("GET", f"{document}/files/{where}")) == expected
    assert refusal_of(ann("GET", f"{document}/revisions/0/files/{where}")) == expected


def test_files_are_not_written_by_their_addresses(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"))

    for method in ("PUT", "POST", "DELETE"):
        for where in ("my_file", "my_file/-1", "my_file/-1/a.txt"):
            assert refusal_of(ann(method, f"{document}/files/{where}", b"two")) == (405, "API0103")
    assert ann.get(f"{document}/files/my_file") == b"one"


def test_part_of_a_file_is_sent_when_it_is_asked_for(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"0123456789", "a.txt"), Part("my_annexes", b"abcdef", "b.txt"))

    part = ann("GET", f"{document}/files/my_file", range="bytes=2-4")
    annex = ann("GET", f"{document}/files/my_annexes/0", range="bytes=-2")

    assert (part.status, part.body, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert (annex.status, annex.body) == (206, b"ef")
    assert ann("GET", f"{document}/files/my_file", range="bytes=10-").status == 416
    tag = ann("GET", f"{document}/files/my_file").etag
    assert ann("GET", f"{document}/files/my_file", if_none_match=tag).status == 304
    head = ann("HEAD", f"{document}/files/my_file")
    assert (head.status, head.headers["content-length"]) == (200, "10")


def test_urls_of_files_lead_to_them(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "ä #?.txt"), Part("my_annexes", b"two", "b.json"))

    told = shown(ann, document)["attributes"]

    assert ann.get(f"/{told['my_file']['url']}") == b"one"
    assert ann.get(f"/{told['my_annexes'][0]['url']}") == b"two"


ODD_NAMES = ["a\tb.txt", "ä" * 200 + ".txt", "a." + "x" * 600, "..", "a.t\tx t "]


@pytest.mark.parametrize("name", ODD_NAMES, ids=["control", "long", "long-suffix", "dots", "odd-suffix"])
def test_urls_lead_to_files_of_any_name(ann: Client, document: str, name: str) -> None:
    put_form(ann, document, Part("my_file", b"one", name), Part("my_annexes", b"two", name))
    temporary = upload(ann, b"three", name)

    told = shown(ann, document)["attributes"]

    assert told["my_file"]["fileName"] == name
    assert ann.get(f"/{told['my_file']['url']}") == b"one"
    assert ann.get(f"/{told['my_annexes'][0]['url']}") == b"two"
    assert ann.get(f"/{temporary['downloadUrl']}") == b"three"


def test_archive_pads_its_numbers_and_has_no_folders(ann: Client, document: str) -> None:
    references = [upload(ann, f"{no}".encode(), f"{no}.txt")["reference"] for no in range(10)]
    put(ann, document, my_annexes=references)

    archive = ann("GET", f"{document}/files/my_annexes")

    with zipfile.ZipFile(io.BytesIO(archive.body)) as found:
        assert found.namelist()[::9] == ["01-0.txt", "10-9.txt"]
    head = ann("HEAD", f"{document}/files/my_annexes")
    assert (head.status, head.headers["content-type"]) == (200, "application/x-zip")


def test_archive_is_sent_block_by_block(ann: Client, document: str) -> None:
    content = bytes(1 << 20)
    told = upload(ann, content, "large.bin")
    put(ann, document, my_annexes=[told["reference"]] * 2)

    blocks = list(ann.stream("GET", f"{document}/files/my_annexes"))

    assert max(map(len, blocks)) < 1 << 19
    assert b"" not in blocks
    with zipfile.ZipFile(io.BytesIO(b"".join(blocks))) as found:
        assert [len(found.read(name)) for name in found.namelist()] == [len(content)] * 2


def dates(client: Client, document: str, attribute: str) -> list[str]:
    """Return when the files of an attribute were stored, as told of the document."""
    told = shown(client, document)["attributes"][attribute]
    return [one["creationDate"][11:] for one in (told if isinstance(told, list) else [told])]


def test_file_keeps_the_date_at_which_it_was_stored(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"), Part("my_annexes", b"first", "1.txt"))
    ann.clock.advance(timedelta(seconds=1))
    (first,) = value_of(ann, document, "my_annexes")
    second = upload(ann, b"second")["reference"]
    put(ann, document, my_level=1, my_annexes=[second, first])
    ann.clock.advance(timedelta(seconds=1))
    ann("PUT", f"{document}?revise=true", attributes(my_level=2), content_type=JSON)

    assert dates(ann, document, "my_file") == ["12:00:00"]
    assert dates(ann, document, "my_annexes") == ["12:00:01", "12:00:00"]
    assert shown(ann, document, "?fields=document.properties.all")["properties"]["lastModificationDate"] == "2026-11-20 12:00:02"
    of_first = data_of(ann("GET", f"{document}/revisions/0"))["revision"]["attributes"]
    assert of_first["my_file"]["creationDate"] == "2026-11-20 12:00:00"
    assert [one["creationDate"][11:] for one in of_first["my_annexes"]] == ["12:00:01", "12:00:00"]

    put_form(ann, document, Part("my_file", b"two", "a.txt"))
    ann.clock.advance(timedelta(seconds=1))
    put_form(ann, document, Part("my_file", b"one", "a.txt"))
    put(ann, document, my_level=3)
    assert dates(ann, document, "my_file") == ["12:00:03"]


def test_change_tells_when_the_old_file_and_the_new_one_were_stored(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"))
    put(ann, document, my_level=1)
    ann.clock.advance(timedelta(seconds=1))
    put(ann, document, my_level=2)
    ann.clock.advance(timedelta(seconds=1))

    changed = data_of(put_form(ann, document, Part("my_file", b"two", "a.txt")))["changes"]["my_file"]

    assert [changed[one]["creationDate"][11:] for one in ("old", "new")] == ["12:00:00", "12:00:02"]


def test_working_copy_has_the_date_of_its_last_save_for_its_holder_alone(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    (found,) = data_of(ann("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    document = f"{BASE}/documents/{found['properties']['id']}"
    assert ann("CHECKOUT", "/dav/a.txt").status == 200
    ann.clock.advance(timedelta(seconds=1))
    ann.put("/dav/a.txt", b"two")

    assert dates(ann, document, "fi_file") == ["12:00:01"]
    assert dates(bob, document, "fi_file") == ["12:00:00"]


def test_dates_of_files_take_one_statement_however_many_documents(ann: Client, store: Store, statements: list[str]) -> None:
    counts = set()
    for count in (2, 10):
        for no in range(count):
            put_form(ann, article(ann, f"{no}"), Part("my_file", b"one", "a.txt"), Part("my_annexes", b"two", "b.txt"))
        store.database.close()
        statements.clear()
        listed = data_of(ann("GET", f"{BASE}/families/MY_ARTICLE/documents/?slice=all&fields=document.attributes"))
        assert len(listed["documents"]) >= count
        counts.add(len(statements))

    assert len(counts) == 1, counts


def test_file_of_the_drive_is_that_of_the_attribute(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    (found,) = data_of(ann("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    document = f"{BASE}/documents/{found['properties']['id']}"

    assert bob.get(f"{document}/files/fi_file") == b"one"
    assert bob("GET", f"{document}/files/fi_file").etag == bob("GET", "/dav/a.txt").etag


def test_accept_header_and_extension_do_not_matter_to_files(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.xml"))

    assert ann("GET", f"{document}/files/my_file/-1/a.xml", accept="image/png").body == b"one"
    assert refusal_of(ann("GET", f"{document}/files/my_file.json")) == (400, "CRUD0605")


def test_form_that_is_cut_keeps_nothing(ann: Client, store: Store) -> None:
    body = form(Part("file", b"bytes", "a.txt"))[:-10]

    response = ann("POST", UPLOADS, body, content_type=FORM)

    assert response.status == 400
    assert refusal_of(ann("GET", f"{BASE}/files/recorded/temporary/4.txt")) == (404, "CRUD0617")


def test_attributes_of_a_json_body_take_the_same_reference_again(ann: Client, document: str) -> None:
    told = upload(ann)
    for _ in range(2):
        assert ann("PUT", document, attributes(my_annexes=[told["reference"]]), content_type=JSON).status == 200

    assert len(shown(ann, document)["attributes"]["my_annexes"]) == 1
