"""The content of objects, beside the acceptance cases."""

from __future__ import annotations

import pytest

from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.multistatus import propfind
from tests.protocol.test_yuuvis_search import addresses
from tests.protocol.yuuvis import (
    BASE,
    EMPTY_DIGEST,
    HELLO,
    a_folder,
    address,
    an_email,
    an_imported_email,
    content_of,
    envelope,
    imported,
    only,
    part,
    post,
    post_form,
    refusal,
    said,
    shown,
    stream_of,
    upload,
    uuid_of,
)


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


def test_content_comes_later(ann: Client) -> None:
    made = imported(ann, an_email())

    stream = stream_of(only(upload(ann, made, HELLO)))

    assert (stream["fileName"], stream["mimeType"]) == ("upload.bin", "text/plain")
    assert ann.get("/dav/yuuvis/2026-11/upload.bin") == HELLO


def test_new_content_without_a_name_keeps_the_one_that_was(ann: Client, email: str) -> None:
    for header in ({}, {"content_disposition": "attachment"}):
        changed = stream_of(only(upload(ann, email, content_type="", **header)))
        assert (changed["fileName"], changed["mimeType"]) == ("a.txt", "text/plain")


@pytest.mark.parametrize("sent", ["garbage", "text/", "a, b; c", "application/octet-stream", "text/plain;", "x" * 255])
def test_any_media_type_is_told_as_it_was_sent_and_sent_back_if_it_is_one(
    store: Store, ann: Client, email: str, sent: str
) -> None:
    assert stream_of(only(upload(ann, email, content_type=sent)))["mimeType"] == sent

    assert stream_of(shown(ann, email))["mimeType"] == sent
    assert addresses(ann, f"SELECT * FROM email WHERE system:contentStreamMimeType = '{sent}'") == [email]
    unreadable = "application/octet-stream"
    for where in (f"{email}/contents/file", f"{email}/versions/2/contents/file", "/dav/yuuvis/2026-11/a.txt"):
        assert ann("GET", where).headers["content-type"] == unreadable
    (entry,) = propfind(ann, "/dav/yuuvis/2026-11/a.txt", "getcontenttype").values()
    assert entry["getcontenttype"] == unreadable
    okd = ann("GET", f"/okd/v1/documents/{uuid_of(email)}", accept="application/octet-stream")
    assert (okd.status, okd.headers["content-type"]) == (200, unreadable)


@pytest.mark.parametrize("sent", ["", "x" * 256, "text/plain\x00"])
def test_media_type_that_no_line_of_text_is_leaves_it_to_the_name(ann: Client, email: str, sent: str) -> None:
    named = {"content_disposition": 'attachment; filename="a.pdf"'}
    assert stream_of(only(upload(ann, email, content_type=sent, **named)))["mimeType"] == "application/pdf"


def test_media_type_is_told_as_the_object_says_it(ann: Client) -> None:
    made = only(post_form(ann, envelope(an_email("x", {"cid": "c", "mimeType": "plain"})), part("c", HELLO, "text/plain")))
    assert stream_of(made)["mimeType"] == "plain"
    typed = only(post_form(ann, envelope(an_email("x", {"cid": "c"})), part("c", HELLO, "plain", "a.pdf")))
    assert stream_of(typed)["mimeType"] == "plain"

    typed["contentStreams"][0]["mimeType"] = "plainer"
    changed = only(post(ann, typed, to=address(typed)))
    assert stream_of(changed)["mimeType"] == "plainer"
    again = only(post(ann, an_email("y", {"contentStreamId": stream_of(changed)["contentStreamId"], "mimeType": "again"})))
    assert stream_of(again)["mimeType"] == "again"


def test_put_is_as_good_as_post(ann: Client, email: str) -> None:
    assert said(only(upload(ann, email, method="PUT")))["system:versionNumber"] == 2


def test_same_content_again_makes_a_version_with_the_same_stream(ann: Client, email: str) -> None:
    before = shown(ann, email)

    after = only(upload(ann, email, HELLO))

    assert said(after)["system:versionNumber"] == 2
    assert stream_of(after)["contentStreamId"] == stream_of(before)["contentStreamId"]


def test_empty_content_is_content(ann: Client, email: str) -> None:
    stream = stream_of(only(upload(ann, email, b"")))

    assert (stream["length"], stream["digest"]) == (0, EMPTY_DIGEST)
    assert content_of(ann, email) == b""
    assert ann("GET", f"{email}/actions/validate/digest").status == 200


def test_unknown_repository_is_refused(ann: Client, email: str) -> None:
    assert refusal(upload(ann, email, x_os_repository_id="repo252")) == (422, 2400)
    assert upload(ann, email, x_os_repository_id="default").status == 200
    entry = an_email("x", {"cid": "c", "repositoryId": "repo252"})
    assert refusal(post_form(ann, envelope(entry), part("c", HELLO))) == (422, 2400)


def test_folder_gets_no_content(ann: Client) -> None:
    folder = f"{BASE}/{a_folder(ann)}"

    assert refusal(upload(ann, folder)) == (422, 2400)
    assert refusal(ann("GET", f"{folder}/contents/file")) == (404, 2004)


def test_content_that_the_client_has_is_not_sent(ann: Client, email: str) -> None:
    tag = ann("GET", f"{email}/contents/file").etag

    assert ann("GET", f"{email}/contents/file", if_none_match=tag).status == 304
    assert ann("GET", f"{email}/versions/1/contents/file", if_none_match=tag).status == 304
    head = ann("HEAD", f"{email}/contents/file")
    assert (head.status, head.headers["content-length"], head.body) == (200, "11", b"")


def test_range_behind_the_end_is_an_error_with_a_body(ann: Client, email: str) -> None:
    for where in (f"{email}/contents/file", f"{email}/versions/1/contents/file"):
        beyond = ann("GET", where, range="bytes=50-")
        assert refusal(beyond) == (416, 2016)
        assert beyond.headers["content-range"] == "bytes */11"
        assert int(beyond.headers["content-length"]) == len(beyond.body)


def test_digest_of_damaged_content_differs(ann: Client, store: Store, unchecked_store: Store) -> None:
    large = bytes(range(256)) * 64
    entry = an_email("x", {"cid": "c"})
    made = address(only(post_form(ann, envelope(entry), part("c", large))))
    digest = bytes.fromhex(stream_of(shown(ann, made))["digest"])
    path = unchecked_store.blobs.path_of(digest)  # type: ignore[attr-defined]
    path.chmod(0o644)
    path.write_bytes(large[:-1] + b"x")
    try:
        assert refusal(ann("GET", f"{made}/actions/validate/digest")) == (409, 2850)
        assert refusal(ann("GET", f"{made}/versions/1/actions/validate/digest")) == (409, 2850)
    finally:
        path.write_bytes(large)
    assert ann("GET", f"{made}/versions/1/actions/validate/digest").status == 200
