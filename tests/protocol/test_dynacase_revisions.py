"""Revisions through Dynacase: beginning one, reading old ones, and what the other doors have to do with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from davgate.app import Application
from davgate.core.store import Store
from davgate.rest.dynacase.operations import dialect
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import BASE, JSON, article, attributes, data_of, put, put_form, refusal_of, shown
from tests.protocol.okd import Part


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    return serve(store, dialects={"/api/v1": dialect({})})


@pytest.fixture
def document(ann: Client) -> str:
    return article(ann, "Hello", my_level=1)


def revise(client: Client, document: str, **values: object) -> dict[str, Any]:
    """Begin a revision and return the document."""
    response = client("PUT", f"{document}?revise=true", attributes(**values), content_type=JSON)
    found: dict[str, Any] = data_of(response)["document"]
    return found


def listed(client: Client, document: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data_of(client("GET", f"{document}/revisions/{query}"))["revisions"]
    return found


def test_change_with_revise_begins_a_revision_and_leaves_the_old_one(ann: Client, document: str) -> None:
    first = shown(ann, document)

    second = revise(ann, document, my_level=2)

    assert (second["properties"]["revision"], second["properties"]["initid"]) == (1, first["properties"]["id"])
    assert second["properties"]["id"] != first["properties"]["id"]
    assert second["uri"] == first["uri"]
    old = data_of(ann("GET", f"{document}/revisions/0"))["revision"]
    assert old["attributes"] == first["attributes"]
    assert old["properties"] == {**first["properties"], "status": "fixed"}


def test_revise_without_any_change_begins_a_revision_too(ann: Client, document: str) -> None:
    assert revise(ann, document)["properties"]["revision"] == 1
    assert data_of(put(ann, document))["document"]["properties"]["revision"] == 1


def test_every_revision_has_an_id_that_leads_to_the_newest(ann: Client, document: str) -> None:
    for level in (2, 3):
        revise(ann, document, my_level=level)

    ids = [one["properties"]["id"] for one in listed(ann, document)]

    assert len(set(ids)) == 3
    for number in ids:
        found = shown(ann, f"{BASE}/documents/{number}")
        assert (found["properties"]["revision"], found["uri"]) == (2, f"api/v1/documents/{ids[-1]}.json")


def test_list_of_revisions_is_paged_the_newest_first(ann: Client, document: str) -> None:
    for level in (2, 3, 4):
        revise(ann, document, my_level=level)
    number = document.rpartition("/")[2]

    data = data_of(ann("GET", f"{document}/revisions/?slice=2&offset=1&fields=document.properties.all,document.attributes"))

    assert data["requestParameters"] == {"slice": 2, "offset": 1, "length": 2, "orderBy": "revision desc, id desc"}
    assert data["uri"] == f"api/v1/documents/{number}/revisions/"
    assert [one["uri"] for one in data["revisions"]] == [f"api/v1/documents/{number}/revisions/{no}.json" for no in (2, 1)]
    assert [one["attributes"]["my_level"]["value"] for one in data["revisions"]] == [3, 2]
    assert {one["properties"]["status"] for one in data["revisions"]} == {"fixed"}
    assert {one["properties"]["locked"] for one in data["revisions"]} == {-1}
    assert listed(ann, document, "?slice=1&offset=9") == []
    assert "attributes" not in listed(ann, document)[0]
    assert len(listed(ann, document, "?slice=all")) == 4
    assert refusal_of(ann("GET", f"{document}/revisions/?slice=x")) == (400, "CRUD0502")


@pytest.mark.parametrize("no", ["2", "99999999999999999999999", "-1", "x", "0.5", "%D9%A1"])
def test_revision_that_there_is_not_is_refused(ann: Client, document: str, no: str) -> None:
    revise(ann, document)

    assert refusal_of(ann("GET", f"{document}/revisions/{no}")) == (404, "API0220")


def test_revision_is_read_with_fields_extension_and_tag(ann: Client, document: str) -> None:
    revise(ann, document, my_level=2)

    old = ann("GET", f"{document}/revisions/0.json?fields=document.attributes.my_level")

    assert data_of(old)["revision"]["attributes"] == {"my_level": {"value": 1, "displayValue": "1"}}
    assert "properties" not in data_of(old)["revision"]
    again = ann("GET", f"{document}/revisions/0?fields=document.attributes.my_level", if_none_match=old.etag)
    assert again.status == 304
    assert refusal_of(ann("GET", f"{document}/revisions/0.xml")) == (400, "API0005")
    assert refusal_of(ann("GET", f"{document}/revisions/0?fields=zzz")) == (400, "API0214")


def test_revision_stays_as_it_was_while_the_newest_goes_on(ann: Client, document: str) -> None:
    revise(ann, document, my_level=2)
    before = ann("GET", f"{document}/revisions/0").body

    put(ann, document, my_level=3)
    ann.clock.advance(timedelta(hours=1))

    assert ann("GET", f"{document}/revisions/0").body == before
    assert data_of(ann("GET", f"{document}/revisions/1"))["revision"]["attributes"]["my_level"]["value"] == 3


def test_files_of_an_old_revision_stay_what_they_were(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"), Part("my_annexes", b"annex one", "b.txt"))
    put_form(ann, f"{document}?revise=true", Part("my_file", b"two", "a.txt"), Part("my_annexes", b"annex two", "b.txt"))

    assert ann.get(f"{document}/files/my_file") == b"two"
    assert ann.get(f"{document}/revisions/0/files/my_file") == b"one"
    assert ann.get(f"{document}/revisions/0/files/my_annexes/0") == b"annex one"
    assert ann.get(f"{document}/revisions/1/files/my_annexes/0") == b"annex two"
    old = data_of(ann("GET", f"{document}/revisions/0"))["revision"]["attributes"]["my_file"]
    assert ann.get(f"/{old['url']}") == b"one"
    assert refusal_of(ann("GET", f"{document}/revisions/7/files/my_file")) == (404, "API0220")


def test_save_on_the_drive_goes_into_the_newest_revision(ann: Client, document: str) -> None:
    put_form(ann, document, Part("my_file", b"one", "a.txt"))
    revise(ann, document, my_level=2)

    ann.put("/dav/Dynacase/2026-11/a.txt", b"two")

    assert [one["properties"]["revision"] for one in listed(ann, document)] == [1, 0]
    assert ann.get(f"{document}/revisions/1/files/my_file") == b"two"
    assert ann.get(f"{document}/revisions/0/files/my_file") == b"one"


def test_document_of_the_drive_has_revisions_too(ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    (found,) = data_of(ann("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    document = f"{BASE}/documents/{found['properties']['id']}"

    revise(ann, document, fi_title="Named")
    ann.put("/dav/a.txt", b"two")

    assert [one["properties"]["title"] for one in listed(ann, document)] == ["Named", "a.txt"]
    assert ann.get(f"{document}/revisions/0/files/fi_file") == b"one"


def test_revisions_below_another_family_are_refused(ann: Client, document: str) -> None:
    number = document.rpartition("/")[2]

    assert ann("GET", f"{BASE}/families/MY_ARTICLE/documents/{number}/revisions/0").status == 200
    assert refusal_of(ann("GET", f"{BASE}/families/MY_COOKBOOK/documents/{number}/revisions/")) == (404, "API0220")


def test_refused_change_begins_no_revision(ann: Client, bob: Client, document: str) -> None:
    assert ann("POST", f"{document}/locks/permanent").status == 201

    assert refusal_of(bob("PUT", f"{document}?revise=true", attributes(my_level=2), content_type=JSON)) == (403, "API0201")
    bad = ann("PUT", f"{document}?revise=true", attributes(my_level="abc"), content_type=JSON)

    assert refusal_of(bad) == (500, "API0211")
    assert len(listed(ann, document)) == 1


def test_each_revision_tells_who_began_it(ann: Client, bob: Client, document: str) -> None:
    assert bob("PUT", f"{document}?revise=true", attributes(my_level=1), content_type=JSON).status == 200
    put(ann, document, my_level=2)

    listed = data_of(ann("GET", f"{document}/revisions/?fields=document.properties.all"))["revisions"]

    told = [one["properties"]["revisionData"] for one in listed]
    me, other = ({"id": who.ctx.principal.id, "title": name} for who, name in ((ann, "ann"), (bob, "bob")))
    assert [(one["number"], one["createdBy"]) for one in told] == [(1, other), (0, me)]
    assert [one["id"] for one in told] == [one["properties"]["id"] for one in listed]
    assert [one["properties"]["createdBy"] for one in listed] == [me, me]
