"""PROPFIND and live properties (RFC 4918, 9.1 and 15; RFC 8144, 2.1)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from davgate.core.store import Store
from davgate.dav import reading
from davgate.storage import held
from tests.builders import node_at
from tests.protocol.client import SET_AUTHOR, Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import active_locks, entries, error_of, locks_of, members, prop_of, propfind
from tests.protocol.stored import add_documents

ONE_MINUTE = timedelta(minutes=1)

X = "{urn:x}"

IN_ALLPROP_OF_A_DOCUMENT = {
    "resourcetype",
    "creationdate",
    "getlastmodified",
    "getcontentlength",
    "getcontenttype",
    "getetag",
    "displayname",
    "supportedlock",
    "lockdiscovery",
}


@pytest.fixture
def document(ann: Client) -> str:
    """A document with one dead property."""
    ann.put("/dav/a.txt", b"content")
    assert ann("PROPPATCH", "/dav/a.txt", SET_AUTHOR).status == 207
    return "/dav/a.txt"


# The forms of the question (RFC 4918, 9.1 and 14.20)


@pytest.mark.parametrize("body", ["", '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'], ids=["no-body", "allprop"])
def test_allprop_shows_live_properties_of_rfc4918_and_dead_ones(ann: Client, document: str, body: str) -> None:
    (entry,) = entries(ann("PROPFIND", document, body, depth="0")).values()

    assert set(entry.properties) == IN_ALLPROP_OF_A_DOCUMENT | {X + "author"}
    assert entry.named(200) == set(entry.properties)
    assert entry[X + "author"] == "Ann"


def test_propname_answers_names_without_values(ann: Client, document: str) -> None:
    (entry,) = entries(ann("PROPFIND", document, '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>', depth="0")).values()

    assert entry.named(200) >= IN_ALLPROP_OF_A_DOCUMENT | {X + "author", "resource-id"}
    assert set(entry.properties) == entry.named(200)
    assert all(len(found.element) == 0 and found.text == "" for found in entry.properties.values())


def test_include_adds_properties_beyond_allprop(ann: Client, document: str) -> None:
    body = '<D:propfind xmlns:D="DAV:"><D:allprop/><D:include><D:resource-id/><D:nonsense/></D:include></D:propfind>'

    (entry,) = entries(ann("PROPFIND", document, body, depth="0")).values()

    assert entry.named(200) == IN_ALLPROP_OF_A_DOCUMENT | {"resource-id", X + "author"}
    assert entry.named(404) == {"nonsense"}


def test_unknown_properties_come_back_with_404_beside_the_known(ann: Client, document: str) -> None:
    (entry,) = propfind(ann, document, "getetag", "nonsense", X + "author", X + "editor").values()

    assert entry.named(200) == {"getetag", X + "author"}
    assert entry.named(404) == {"nonsense", X + "editor"}


def test_prop_without_names_answers_an_entry_without_properties(ann: Client, document: str) -> None:
    (entry,) = entries(ann("PROPFIND", document, '<D:propfind xmlns:D="DAV:"><D:prop/></D:propfind>', depth="0")).values()

    assert entry.properties == {}


def test_minimal_answer_leaves_out_what_was_not_found(ann: Client, document: str) -> None:
    (entry,) = propfind(ann, document, "getetag", "nonsense", prefer="return=minimal").values()

    assert set(entry.properties) == {"getetag"}


@pytest.mark.parametrize("value", ["Return=Minimal", "respond-async, return = minimal; x=1", 'return="minimal"'])
def test_preference_is_known_however_it_is_written(ann: Client, document: str, value: str) -> None:
    # RFC 7240, 2
    (entry,) = propfind(ann, document, "getetag", "nonsense", prefer=value).values()

    assert set(entry.properties) == {"getetag"}


@pytest.mark.parametrize("value", ["", "x-return=minimal", "return=minimalistic", "a=b; return=minimal", "return=representation"])
def test_other_preference_changes_nothing(ann: Client, document: str, value: str) -> None:
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:x/></D:prop></D:propfind>'
    response = ann("PROPFIND", document, body, depth="0", prefer=value)

    assert "preference-applied" not in response.headers
    assert b"404" in response.body


def test_unknown_elements_in_the_body_are_ignored(ann: Client, document: str) -> None:
    # RFC 4918, 17
    body = (
        '<D:propfind xmlns:D="DAV:" xmlns:N="urn:new"><N:hint>fast</N:hint><D:prop><D:getetag/></D:prop><D:later/></D:propfind>'
    )

    (entry,) = entries(ann("PROPFIND", document, body, depth="0")).values()

    assert set(entry.properties) == {"getetag"}


@pytest.mark.parametrize(
    "body",
    [
        "<D:propfind",
        "not XML",
        '<D:propfind xmlns:D="DAV:"/>',
        '<D:propfind xmlns:D="DAV:"><D:allprop/><D:propname/></D:propfind>',
        '<D:propfind xmlns:D="DAV:"><D:prop/><D:prop/></D:propfind>',
        '<D:propertyupdate xmlns:D="DAV:"><D:prop/></D:propertyupdate>',
        "<propfind><prop><getetag/></prop></propfind>",
    ],
    ids=["cut", "text", "no-question", "two-questions", "two-props", "other-element", "no-namespace"],
)
def test_malformed_body_is_400(ann: Client, document: str, body: str) -> None:
    assert ann("PROPFIND", document, body, depth="0").status == 400


# Depth (RFC 4918, 9.1 and 10.2)


def test_depth_0_answers_the_collection_alone(ann: Client, document: str) -> None:
    assert list(propfind(ann, "/dav/", "resourcetype")) == ["/dav/"]


def test_depth_1_answers_members_and_nothing_below_them(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.mkcol("/dav/folder/inner")
    ann.put("/dav/folder/inner/deep.txt")
    ann.put("/dav/folder/a.txt")

    found = propfind(ann, "/dav/folder/", "resourcetype", depth="1")

    assert list(found) == ["/dav/folder/", "/dav/folder/a.txt", "/dav/folder/inner/"]


def test_depth_1_on_a_document_answers_it_alone(ann: Client, document: str) -> None:
    assert list(propfind(ann, document, "getetag", depth="1")) == [document]


@pytest.mark.parametrize("headers", [{}, {"depth": "infinity"}, {"depth": "Infinity"}], ids=["absent", "infinity", "capital"])
def test_infinite_depth_is_refused_with_its_precondition(ann: Client, document: str, headers: dict[str, str]) -> None:
    response = ann("PROPFIND", "/dav/", **headers)

    assert response.status == 403
    assert error_of(response) == ("propfind-finite-depth", [])


@pytest.mark.parametrize("headers", [{}, {"depth": "infinity"}], ids=["absent", "infinity"])
def test_infinite_depth_on_what_has_no_members_is_answered(ann: Client, document: str, headers: dict[str, str]) -> None:
    # RFC 4918, 9.1: only for collections may it be refused, and a client that sends no Depth asks for it.
    version = "/dav/.versions/a.txt/1"

    assert list(entries(ann("PROPFIND", document, **headers))) == [document]
    assert list(entries(ann("PROPFIND", version, **headers))) == [version]
    assert ann("PROPFIND", "/dav/missing", **headers).status == 404
    assert error_of(ann("PROPFIND", "/dav/.versions/", **headers)) == ("propfind-finite-depth", [])


@pytest.mark.parametrize("depth", ["2", "-1", "", "1,noroot"])
def test_other_depths_are_400(ann: Client, depth: str) -> None:
    assert ann("PROPFIND", "/dav/", depth=depth).status == 400


# Addresses (RFC 4918, 5.2 and 8.3)


def test_collection_answers_alike_with_and_without_final_slash(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")

    assert list(propfind(ann, "/dav/folder", "getetag", depth="1")) == ["/dav/folder/", "/dav/folder/a.txt"]
    assert list(propfind(ann, "/dav/folder/", "getetag", depth="1")) == ["/dav/folder/", "/dav/folder/a.txt"]


def test_root_answers_alike_with_and_without_final_slash(ann: Client) -> None:
    assert list(propfind(ann, "/dav", "resourcetype")) == list(propfind(ann, "/dav/", "resourcetype")) == ["/dav/"]


def test_hrefs_are_absolute_paths_in_percent_encoded_utf8(ann: Client) -> None:
    ann.put("/dav/100%25%20d%C3%B6ne%23%3F.txt")

    assert list(propfind(ann, "/dav/", "getetag", depth="1")) == ["/dav/", "/dav/100%25%20d%C3%B6ne%23%3F.txt"]


def test_resource_type_tells_collections_from_documents(ann: Client, document: str) -> None:
    found = propfind(ann, "/dav/", "resourcetype", depth="1")

    assert [element.tag for element in found["/dav/"].properties["resourcetype"].element] == ["{DAV:}collection"]
    assert len(found[document].properties["resourcetype"].element) == 0


def test_missing_resource_is_404(ann: Client) -> None:
    assert ann("PROPFIND", "/dav/missing", depth="0").status == 404
    assert ann("PROPFIND", "/dav/missing/deep", depth="0").status == 404


def test_document_has_no_members(ann: Client, document: str) -> None:
    assert ann("PROPFIND", document + "/below", depth="0").status == 404


# Values of live properties (RFC 4918, 15)


@pytest.mark.parametrize("content", [b"", b"one", bytes(5000)], ids=["pending", "small", "large"])
def test_getetag_is_identical_with_the_header_of_every_method(ann: Client, content: bytes) -> None:
    put = ann("PUT", "/dav/a.bin", content)

    etag = prop_of(ann, "/dav/a.bin", "getetag")

    assert re.fullmatch(r'"[^"]+"', etag)
    assert put.etag == ann("GET", "/dav/a.bin").etag == ann("HEAD", "/dav/a.bin").etag == etag
    assert propfind(ann, "/dav/", "getetag", depth="1")["/dav/a.bin"]["getetag"] == etag


def test_getlastmodified_and_getcontentlength_are_identical_with_the_headers(ann: Client) -> None:
    ann.put("/dav/a.txt", b"x" * 1234)
    headers = ann("HEAD", "/dav/a.txt").headers

    (entry,) = propfind(ann, "/dav/a.txt", "getlastmodified", "getcontentlength", "getcontenttype").values()

    assert entry["getlastmodified"] == headers["last-modified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    assert entry["getcontentlength"] == headers["content-length"] == "1234"
    assert entry["getcontenttype"] == headers["content-type"] == "text/plain"


def test_creationdate_is_an_rfc3339_date_in_utc(ann: Client, document: str) -> None:
    assert prop_of(ann, document, "creationdate") == "2026-11-20T12:00:00Z"


def test_displayname_is_the_name_on_the_drive(ann: Client) -> None:
    ann.put("/dav/a%26b%3C.txt")

    assert prop_of(ann, "/dav/a%26b%3C.txt", "displayname") == "a&b<.txt"


def test_collection_has_no_content_properties(ann: Client) -> None:
    (entry,) = propfind(ann, "/dav/", "getetag", "getcontentlength", "getcontenttype", "getlastmodified").values()

    assert entry.named(404) == {"getetag", "getcontentlength", "getcontenttype"}
    assert entry.named(200) == {"getlastmodified"}


def test_last_modified_of_a_collection_moves_with_its_members(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    before = prop_of(ann, "/dav/folder", "getlastmodified")
    ann.clock.advance(ONE_MINUTE)
    ann.put("/dav/folder/a.txt")

    assert prop_of(ann, "/dav/folder", "getlastmodified") != before


def test_supportedlock_offers_exclusive_and_shared_write_locks(ann: Client, document: str) -> None:
    (entry,) = propfind(ann, document, "supportedlock").values()

    offered = [
        (entry_[0][0].tag.removeprefix("{DAV:}"), entry_[1][0].tag.removeprefix("{DAV:}"))
        for entry_ in entry.properties["supportedlock"].element
    ]
    assert offered == [("exclusive", "write"), ("shared", "write")]


def test_resource_id_stays_with_a_moved_document_and_is_new_for_a_copy(ann: Client, document: str) -> None:
    def resource_id(target: str) -> str | None:
        (entry,) = propfind(ann, target, "resource-id").values()
        return entry.properties["resource-id"].element[0].text

    before = resource_id(document)
    assert before is not None and before.startswith("urn:uuid:")

    assert ann("COPY", document, destination="/dav/copy.txt").status == 201
    assert ann("MOVE", document, destination="/dav/moved.txt").status == 201

    assert resource_id("/dav/moved.txt") == before
    assert resource_id("/dav/copy.txt") != before


# lockdiscovery (RFC 4918, 15.8; 6.1)


@on_both_databases
def test_lockdiscovery_shows_the_inherited_lock_with_its_root(ann: Client, bob: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.mkcol("/dav/folder/inner")
    ann.put("/dav/folder/inner/a.txt")
    token = ann.lock("/dav/folder", owner="Ann", depth="infinity", timeout="Second-60")

    (lock,) = locks_of(bob, "/dav/folder/inner/a.txt")

    assert (lock.token, lock.scope, lock.depth, lock.owner) == (token, "exclusive", "infinity", "Ann")
    assert (lock.root, lock.timeout) == ("/dav/folder/", "Second-60")
    listed = propfind(bob, "/dav/folder/inner", "lockdiscovery", depth="1")
    for href in ("/dav/folder/inner/", "/dav/folder/inner/a.txt"):
        assert [one.root for one in active_locks(listed[href].properties["lockdiscovery"].element)] == ["/dav/folder/"]


def test_lockdiscovery_of_a_member_does_not_show_a_lock_of_depth_0(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    ann.lock("/dav/folder", depth="0")

    assert [lock.root for lock in locks_of(ann, "/dav/folder")] == ["/dav/folder/"]
    assert locks_of(ann, "/dav/folder/a.txt") == []


@on_both_databases
def test_lockdiscovery_in_a_listing_shows_each_member_its_own_locks(ann: Client, bob: Client) -> None:
    for name in ("a", "b", "c"):
        ann.put(f"/dav/{name}")
    on_a = ann.lock("/dav/a", scope="shared")
    also_on_a = bob.lock("/dav/a", scope="shared")
    on_b = bob.lock("/dav/b")

    listed = propfind(ann, "/dav/", "lockdiscovery", depth="1")

    def shown(href: str) -> set[tuple[str, str]]:
        return {(lock.token, lock.root) for lock in active_locks(listed[href].properties["lockdiscovery"].element)}

    assert shown("/dav/a") == {(on_a, "/dav/a"), (also_on_a, "/dav/a")}
    assert shown("/dav/b") == {(on_b, "/dav/b")}
    assert shown("/dav/c") == shown("/dav/") == set()


def test_lockdiscovery_tells_how_long_the_lock_still_lives(ann: Client) -> None:
    ann.put("/dav/a.txt")
    ann.lock("/dav/a.txt", timeout="Second-60")
    ann.clock.advance(ONE_MINUTE / 3)

    assert [lock.timeout for lock in locks_of(ann, "/dav/a.txt")] == ["Second-40"]
    ann.clock.advance(ONE_MINUTE)
    assert locks_of(ann, "/dav/a.txt") == []


# Many members


@pytest.fixture
def crowd(ann: Client, store: Store) -> int:
    """More members in the root than are read at once."""
    count = 4321
    add_documents(store, ann.ctx, node_at(store, ann.ctx, "/"), (f"{no:04d}" for no in range(count)))
    return count


@on_both_databases
def test_listing_of_thousands_is_streamed_and_whole(ann: Client, crowd: int) -> None:
    response = ann("PROPFIND", "/dav/", depth="1")

    assert "content-length" not in response.headers
    assert list(entries(response))[1:] == [f"/dav/{no:04d}" for no in range(crowd)]


@on_both_databases
def test_streamed_listing_shows_one_moment_whatever_is_written_meanwhile(ann: Client, bob: Client, crowd: int) -> None:
    stream = ann.stream("PROPFIND", "/dav/", depth="1")
    begin = next(stream)
    assert bob("DELETE", "/dav/4320").status == 204
    assert bob("MKCOL", "/dav/4321").status == 201
    text = begin + b"".join(stream)

    assert b"<D:href>/dav/4320</D:href>" in text
    assert b"<D:href>/dav/4321/</D:href>" not in text
    assert members(ann, "/dav/")[-2:] == ["4319", "4321/"]


# Very many properties

EVERYTHING = '<D:propfind xmlns:D="DAV:"><D:allprop/><D:include><t:title xmlns:t="urn:davgate"/></D:include></D:propfind>'
ONE_OF_EACH = (
    '<D:propfind xmlns:D="DAV:"><D:prop><t:title xmlns:t="urn:davgate"/><X:author xmlns:X="urn:x"/></D:prop></D:propfind>'
)
TITLED = (
    '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><t:title xmlns:t="urn:davgate">Title %d</t:title></D:prop></D:set>'
    "</D:propertyupdate>"
)


@pytest.fixture
def described(ann: Client) -> str:
    """A folder of documents, some with dead properties and some with a title."""
    ann("MKCOL", "/dav/described")
    for no in range(310):
        ann("PUT", f"/dav/described/{no:03}.txt", "text")
        if no % 3 == 0:
            ann("PROPPATCH", f"/dav/described/{no:03}.txt", SET_AUTHOR)
        if no % 5 == 0:
            ann("PROPPATCH", f"/dav/described/{no:03}.txt", TITLED % no)
    ann("PROPPATCH", "/dav/described", SET_AUTHOR)
    return "/dav/described/"


@on_both_databases
def test_more_properties_than_are_held_are_shown_all_the_same(
    ann: Client, described: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("", EVERYTHING, ONE_OF_EACH, '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>')
    usual = [ann("PROPFIND", described, body, depth="1").body for body in asked]
    monkeypatch.setattr(held, "MOST_HELD_CHARS", 100)

    assert usual[0].count(b"X:author ") > 100
    assert [ann("PROPFIND", described, body, depth="1").body for body in asked] == usual


def test_rest_of_a_slow_listing_is_put_aside(ann: Client, described: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = ann("PROPFIND", described, depth="1").body
    monkeypatch.setattr(reading, "_SNAPSHOT_SECONDS", -1.0)
    monkeypatch.setattr(reading, "_ASIDE_BYTES", 1000)

    stream = ann.stream("PROPFIND", described, depth="1")
    begin = next(stream)
    assert ann("DELETE", f"{described}309.txt").status == 204
    assert begin + b"".join(stream) == usual
