"""Versioning by methods and properties (RFC 3253, 3.1 to 3.5, 4 and 8)."""

from __future__ import annotations

import re

import pytest

from davgate.core.store import Policy, Store
from davgate.dav.app import METHODS
from davgate.dav.version_properties import METHODS_OF_TREE
from tests.builders import with_policy
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import DAV, error_of, locks_of, prop_of, propfind
from tests.protocol.stored import history

DOCUMENT = "/dav/a.txt"


@pytest.fixture
def document(ann: Client) -> str:
    """A document with two versions."""
    ann.put(DOCUMENT, b"one")
    ann.put(DOCUMENT, b"two")
    return DOCUMENT


def href_in(client: Client, target: str, name: str) -> str:
    """Return the address in the value of a property."""
    (entry,) = propfind(client, target, name).values()
    found = entry.properties[name]
    assert found.status == 200, name
    return found.element.findtext(f"{DAV}href") or ""


def has(client: Client, target: str, name: str) -> bool:
    (entry,) = propfind(client, target, name).values()
    return entry.properties[name].status == 200


def children_of(client: Client, target: str, name: str) -> list[str]:
    """Return the local names of the elements in the value of a property."""
    (entry,) = propfind(client, target, name).values()
    return [str(child.tag).removeprefix(DAV) for child in entry.properties[name].element]


def label(client: Client, act: str, name: str, target: str = DOCUMENT, **headers: str) -> Response:
    body = f'<D:label xmlns:D="DAV:"><D:{act}><D:label-name>{name}</D:label-name></D:{act}></D:label>'
    return client("LABEL", target, body, **headers)


def labels_of(client: Client, target: str) -> list[str]:
    (entry,) = propfind(client, target, "label-name-set").values()
    return [name.text or "" for name in entry.properties["label-name-set"].element]


# Properties


@on_both_databases
def test_document_tells_its_version_and_who_made_it(ann: Client, bob: Client, document: str) -> None:
    bob.put(document, b"three")

    (entry,) = propfind(ann, document, "version-name", "creator-displayname", "comment", "auto-version").values()

    assert entry["version-name"] == "3"
    assert entry["creator-displayname"] == "bob"
    assert entry["comment"] == ""
    assert children_of(ann, document, "auto-version") == ["checkout-unlocked-checkin"]


def test_document_is_checked_in_at_an_address_that_its_name_does_not_change(ann: Client, document: str) -> None:
    address = href_in(ann, document, "checked-in")
    assert re.fullmatch("/dav/\\.versions/=[0-9a-f-]{36}/2", address)
    assert href_in(ann, document, "version-history") == address.removesuffix("2")

    ann("MOVE", document, destination="/dav/b.txt")

    assert href_in(ann, "/dav/b.txt", "checked-in") == address


def test_properties_of_versioning_are_not_among_all_but_have_their_names(ann: Client, document: str) -> None:
    (entry,) = propfind(ann, document).values()
    assert not {"checked-in", "version-name", "auto-version", "supported-report-set"} & entry.named(200)

    names = ann("PROPFIND", document, '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>', depth="0").xml
    found = {str(one.tag).removeprefix(DAV) for one in names.iterfind(f".//{DAV}prop/*")}

    assert {"checked-in", "version-name", "auto-version", "version-history", "comment", "creator-displayname"} <= found
    assert {"supported-report-set", "supported-method-set", "supported-live-property-set"} <= found
    assert not {"checked-out", "successor-set", "version-set", "sync-token"} & found


@pytest.mark.parametrize("name", ["checked-in", "auto-version", "version-name", "version-history", "creator-displayname"])
def test_what_has_no_version_has_no_properties_of_one(ann: Client, name: str) -> None:
    ann.mkcol("/dav/folder")
    ann.lock("/dav/pending")

    assert not has(ann, "/dav/folder", name)
    assert not has(ann, "/dav/pending", name)


def test_properties_of_versioning_are_not_set_by_clients(ann: Client, document: str) -> None:
    for name in ("checked-in", "auto-version", "comment", "label-name-set"):
        update = f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:{name}>x</D:{name}></D:prop></D:set></D:propertyupdate>'
        response = ann("PROPPATCH", document, update)
        assert b"cannot-modify-protected-property" in response.body


def test_listing_shows_each_document_its_own_version(ann: Client, bob: Client, document: str) -> None:
    bob.put("/dav/b.txt", b"one")
    ann.mkcol("/dav/folder")

    found = propfind(ann, "/dav/", "version-name", "creator-displayname", depth="1")

    shown = {href: (entry["version-name"], entry["creator-displayname"]) for href, entry in found.items() if "txt" in href}
    assert shown == {"/dav/a.txt": ("2", "ann"), "/dav/b.txt": ("1", "bob")}
    assert found["/dav/folder/"].named(404) == {"version-name", "creator-displayname"}


@pytest.mark.parametrize("target", ["/dav/folder/", DOCUMENT])
def test_methods_reports_and_properties_are_told(ann: Client, document: str, target: str) -> None:
    ann.mkcol("/dav/folder")
    (entry,) = propfind(ann, target, "supported-method-set", "supported-live-property-set", "supported-report-set").values()

    methods = {element.get("name") for element in entry.properties["supported-method-set"].element}
    properties = {str(one[0][0].tag) for one in entry.properties["supported-live-property-set"].element}
    reports = {str(one[0][0].tag).removeprefix(DAV) for one in entry.properties["supported-report-set"].element}

    is_folder = target.endswith("/")
    assert methods == set(METHODS_OF_TREE[1 if is_folder else 2])
    assert reports == ({"sync-collection", "expand-property"} if is_folder else {"version-tree", "expand-property"})
    assert f"{DAV}getlastmodified" in properties
    assert (f"{DAV}checked-in" in properties) is not is_folder


def test_methods_that_resources_tell_are_those_of_the_drive() -> None:
    assert {name for names in METHODS_OF_TREE.values() for name in names} == {"OPTIONS", *METHODS} - {"MKCOL"}


def test_options_tells_the_features_that_are_there(nobody: Client) -> None:
    assert nobody("OPTIONS", "/dav/").headers["dav"] == "1, 2, 3, version-control, checkout-in-place, label"


# VERSION-CONTROL


@on_both_databases
def test_version_control_leaves_a_document_as_it_is(ann: Client, document: str) -> None:
    before = href_in(ann, document, "checked-in")

    for body in ("", '<D:version-control xmlns:D="DAV:"/>'):
        response = ann("VERSION-CONTROL", document, body)
        assert (response.status, response.headers["cache-control"]) == (200, "no-cache")

    assert href_in(ann, document, "checked-in") == before


def test_version_control_of_what_cannot_be_is_refused(ann: Client, document: str) -> None:
    ann.mkcol("/dav/folder")
    from_version = '<D:version-control xmlns:D="DAV:"><D:version><D:href>/x</D:href></D:version></D:version-control>'

    assert ann("VERSION-CONTROL", "/dav/missing").status == 404
    assert ann("VERSION-CONTROL", "/dav/folder").status == 405
    assert ann("VERSION-CONTROL", document, from_version).status == 415
    assert ann("VERSION-CONTROL", document, '<D:checkin xmlns:D="DAV:"/>').status == 400
    assert ann("VERSION-CONTROL", "/dav/.versions/a.txt/1").status == 403


# CHECKOUT, CHECKIN, UNCHECKOUT


@on_both_databases
def test_saves_after_checkout_are_the_holders_alone_until_checkin(ann: Client, bob: Client, store: Store, document: str) -> None:
    base = href_in(ann, document, "checked-in")

    response = ann("CHECKOUT", document)
    assert (response.status, response.headers["cache-control"]) == (200, "no-cache")
    assert href_in(ann, document, "checked-out") == href_in(ann, document, "predecessor-set") == base
    assert not has(ann, document, "checked-in")
    ann.put(document, b"three")
    ann.put(document, b"four")
    assert (ann.get(document), bob.get(document)) == (b"four", b"two")

    response = ann("CHECKIN", document)

    assert (response.status, response.headers["cache-control"]) == (201, "no-cache")
    assert response.headers["location"] == href_in(ann, document, "checked-in") != base
    assert not has(ann, document, "checked-out")
    assert bob.get(document) == b"four"
    assert [version.no for version in history(store, ann.ctx, "/a.txt")] == [1, 2, 3]


@on_both_databases
def test_uncheckout_brings_the_version_back(ann: Client, document: str) -> None:
    base = href_in(ann, document, "checked-in")
    ann("CHECKOUT", document)
    ann.put(document, b"three")

    response = ann("UNCHECKOUT", document)

    assert (response.status, response.headers["cache-control"]) == (200, "no-cache")
    assert ann.get(document) == b"two"
    assert href_in(ann, document, "checked-in") == base


def test_comment_of_a_checkin_is_that_of_its_version(ann: Client, document: str) -> None:
    ann("CHECKOUT", document)
    ann.put(document, b"three")

    ann("CHECKIN", document, '<D:checkin xmlns:D="DAV:"><D:comment>Better &amp; longer</D:comment></D:checkin>')

    assert prop_of(ann, document, "comment") == "Better & longer"


def test_document_stays_checked_out_when_asked_for(ann: Client, document: str) -> None:
    ann("CHECKOUT", document)
    ann.put(document, b"three")

    response = ann("CHECKIN", document, '<D:checkin xmlns:D="DAV:"><D:keep-checked-out/></D:checkin>')

    assert response.status == 201
    assert href_in(ann, document, "checked-out") == response.headers["location"]


def test_checkout_by_somebody_else_shows_as_a_lock_without_a_token(ann: Client, bob: Client, document: str) -> None:
    ann("CHECKOUT", document)

    (entry,) = propfind(bob, document, "lockdiscovery").values()
    (active,) = entry.properties["lockdiscovery"].element
    parts = {str(part.tag).removeprefix(DAV): part for part in active}
    assert parts["owner"].text == "ann"
    assert parts["timeout"].text == "Infinite"
    assert "locktoken" not in parts
    assert locks_of(ann, document) == []
    assert bob("PUT", document, b"mine").status == 423
    assert has(bob, document, "checked-out")


def test_states_that_do_not_fit_are_refused_with_their_preconditions(ann: Client, bob: Client, document: str) -> None:
    def refusal(client: Client, method: str) -> tuple[int, str | None]:
        response = client(method, document)
        return response.status, error_of(response)[0]

    assert refusal(ann, "CHECKIN") == (409, "must-be-checked-out")
    assert refusal(ann, "UNCHECKOUT") == (409, "must-be-checked-out-version-controlled-resource")
    ann("CHECKOUT", document)
    assert refusal(ann, "CHECKOUT") == (409, "must-be-checked-in")
    assert refusal(bob, "CHECKOUT") == (409, "must-be-checked-in")
    assert refusal(bob, "CHECKIN")[0] == 423
    assert refusal(bob, "UNCHECKOUT")[0] == 423


def test_checkout_is_refused_under_the_lock_of_somebody_else(ann: Client, bob: Client, document: str) -> None:
    bob.lock(document)

    response = ann("CHECKOUT", document)

    assert response.status == 423
    assert error_of(response)[0] == "lock-token-submitted"


@pytest.mark.parametrize("method", ["CHECKOUT", "CHECKIN", "UNCHECKOUT"])
def test_what_is_no_document_of_today_cannot_be_checked_out(ann: Client, document: str, method: str) -> None:
    ann.mkcol("/dav/folder")

    assert ann(method, "/dav/missing").status == 404
    assert ann(method, "/dav/folder").status == 405
    assert ann(method, "/dav/.versions/a.txt/1").status == 403
    assert ann(method, document, '<D:nonsense xmlns:D="DAV:"/>').status == 400


def test_working_resources_are_refused(ann: Client, document: str) -> None:
    assert ann("CHECKOUT", document, '<D:checkout xmlns:D="DAV:"><D:apply-to-version/></D:checkout>').status == 415
    assert has(ann, document, "checked-in")


def test_folder_of_versions_for_each_save_says_so(serve: Serve, store: Store, ann: Client, document: str) -> None:
    per_save = ann.through(serve(with_policy(store, Policy(versions_per="save"))))

    assert children_of(per_save, document, "auto-version") == ["checkout-checkin"]


# LABEL


@on_both_databases
def test_label_is_added_moved_and_removed(ann: Client, document: str) -> None:
    response = label(ann, "add", "final")
    assert (response.status, response.headers["cache-control"]) == (200, "no-cache")
    assert labels_of(ann, document) == ["final"]
    label(ann, "add", "b &amp; c")
    assert labels_of(ann, document) == ["b & c", "final"]

    ann.put(document, b"three")
    assert labels_of(ann, document) == []
    assert label(ann, "set", "final").status == 200
    assert labels_of(ann, document) == ["final"]

    assert label(ann, "remove", "final").status == 200
    assert labels_of(ann, document) == []


def test_label_of_another_version_is_not_added_again_and_an_unknown_one_not_removed(ann: Client, document: str) -> None:
    label(ann, "add", "final")
    ann.put(document, b"three")

    for act, name, expected in (("add", "final", "add-must-be-new-label"), ("remove", "other", "label-must-exist")):
        response = label(ann, act, name)
        assert (response.status, error_of(response)[0]) == (409, expected)
    assert ann.get(document) == b"three"


def test_labelled_version_is_read_through_the_label_header(ann: Client, document: str) -> None:
    label(ann, "add", "release B.3")
    ann.put(document, b"three")
    selecting = {"label": "release%20B.3"}

    response = ann("GET", document, **selecting)
    assert (response.status, response.body, response.headers["vary"]) == (200, b"two", "Label")
    (entry,) = propfind(ann, document, "getcontentlength", "version-name", **selecting).values()
    assert (entry.href, entry["version-name"]) == (document, "2")
    assert ann("COPY", document, destination="/dav/copied.txt", **selecting).status == 201
    assert ann.get("/dav/copied.txt") == b"two"
    assert label(ann, "add", "also", **selecting).status == 200
    assert ann("GET", document, label="also").body == b"two"
    assert ann("GET", document, label="release%20B.3", if_none_match=response.etag).status == 304


def test_label_header_that_selects_nothing_is_refused(ann: Client, document: str) -> None:
    for method in ("GET", "PROPFIND", "COPY"):
        response = ann(method, document, label="missing", destination="/dav/copied.txt", depth="0")
        assert response.status == 409
        assert error_of(response)[0] == "must-select-version-in-history"
    assert ann("GET", document, label="%FF").status == 400
    assert ann.status_of("/dav/copied.txt") == 404


def test_label_header_means_nothing_elsewhere(ann: Client, document: str) -> None:
    assert ann("PROPFIND", "/dav/", label="x", depth="1").status == 207
    assert ann("GET", "/dav/.versions/a.txt/1", label="x").body == b"one"
    assert ann("PUT", document, b"three", label="x").status == 204
    assert ann("GET", "/dav/missing", label="x").status == 404


def test_label_of_what_is_checked_out_or_no_document_is_refused(ann: Client, document: str) -> None:
    ann.mkcol("/dav/folder")
    assert label(ann, "add", "x", "/dav/folder").status == 405
    assert label(ann, "add", "x", "/dav/missing").status == 404
    assert label(ann, "add", "x", depth="infinity").status == 400
    ann("CHECKOUT", document)

    response = label(ann, "add", "x")

    assert (response.status, error_of(response)[0]) == (409, "must-be-checked-in")


@pytest.mark.parametrize(
    "body",
    [
        "",
        '<D:label xmlns:D="DAV:"/>',
        '<D:label xmlns:D="DAV:"><D:add/></D:label>',
        '<D:label xmlns:D="DAV:"><D:add><D:label-name/></D:add></D:label>',
        '<D:label xmlns:D="DAV:"><D:add><D:label-name>a</D:label-name><D:label-name>b</D:label-name></D:add></D:label>',
        '<D:label xmlns:D="DAV:"><D:add><D:label-name>a</D:label-name></D:add><D:remove/></D:label>',
    ],
)
def test_label_body_against_the_grammar_is_400(ann: Client, document: str, body: str) -> None:
    assert ann("LABEL", document, body).status == 400


@pytest.mark.parametrize("method", ["VERSION-CONTROL", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "LABEL"])
def test_methods_need_a_sign_in(nobody: Client, ann: Client, document: str, method: str) -> None:
    assert nobody(method, document).status == 401
