"""Listing and searching documents through OKD."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import DROP_BOX, READER
from tests.builders import path
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.okd import BASE, deliver, listed, patch, shown


def pages(client: Client, query: str = "") -> dict[str, object]:
    """Return what a list says beside its items, with how many these are."""
    response = client("GET", f"{BASE}?{query}")
    assert response.status == 200, response
    said: dict[str, object] = response.json
    return {**said, "items": len(response.json["items"])}


def test_list_of_nothing_is_a_page(ann: Client) -> None:
    assert pages(ann) == {
        "pageSize": 10,
        "pageNumber": 1,
        "hasPreviousPage": False,
        "hasNextPage": False,
        "totalPages": 0,
        "totalItems": 0,
        "items": 0,
    }


def test_items_are_as_the_document_is_shown(ann: Client, bob: Client) -> None:
    first, second = deliver(ann), deliver(bob, name="b.txt")
    bob("POST", f"{second}/_lock")

    items = ann("GET", BASE).json["items"]

    assert items == [shown(ann, first), shown(ann, second)]
    assert items[1]["lock"]["lockedBy"] == "bob"


@pytest.mark.parametrize(
    ("number", "items", "has_previous", "has_next"),
    [(1, 10, False, True), (2, 10, True, True), (3, 5, True, False), (4, 0, True, False), (10**20, 0, True, False)],
)
def test_pages_follow_each_other(ann: Client, number: int, items: int, has_previous: bool, has_next: bool) -> None:
    for _ in range(25):
        deliver(ann)

    said = pages(ann, f"pageNumber={number}")

    assert (said["items"], said["hasPreviousPage"], said["hasNextPage"]) == (items, has_previous, has_next)
    assert (said["totalItems"], said["totalPages"], said["pageNumber"], said["pageSize"]) == (25, 3, number, 10)


def test_pages_together_are_the_whole_list(ann: Client) -> None:
    documents = [deliver(ann) for _ in range(7)]

    assert [one for number in (1, 2, 3) for one in listed(ann, f"pageSize=3&pageNumber={number}")] == documents


@pytest.mark.parametrize(
    "query",
    [
        "pageNumber=0",
        "pageNumber=-1",
        "pageNumber=x",
        "pageNumber=1.5",
        "pageNumber=",
        "pageSize=0",
        "pageSize=251",
        "pageSize=ten",
        "sort=size",
        "sort=--creationDate",
        "sort=",
        "createdAfter=yesterday",
        "createdAfter=2026-13-01",
        "createdBefore=12:00",
    ],
)
def test_value_that_is_none_is_400(ann: Client, query: str) -> None:
    response = ann("GET", f"{BASE}?{query}")

    assert (response.status, response.json["code"]) == (400, "bad-request")


def test_parameter_that_is_not_known_does_not_count(ann: Client) -> None:
    document = deliver(ann)

    assert listed(ann, "color=red&q&documentName=&pageSize=250") == [document]


# Searching


@on_both_databases
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("documentType", "examination"),
        ("documentSubtype", "Één subtype & meer"),
        ("documentId", "id-1"),
        ("studentNumber", "0012345"),
        ("personId", "p/1"),
        ("associationId", "a-1"),
    ],
)
def test_fields_are_compared_whole(ann: Client, name: str, value: str) -> None:
    deliver(ann)
    wanted = deliver(ann, **{name: value})
    deliver(ann, **({} if name == "documentType" else {name: value + "x"}))

    assert listed(ann, f"{name}={quote(value)}") == [wanted]
    assert listed(ann, f"{name}={quote(value[:-1])}") == []
    assert listed(ann, f"{name}={quote(value)}&documentName=nothing") == []


@on_both_databases
def test_document_without_an_id_of_its_component_is_found_by_its_own(ann: Client) -> None:
    document, other = deliver(ann), deliver(ann, documentId="theirs")

    assert listed(ann, f"documentId={document.rpartition('/')[2].upper()}") == [document]
    assert listed(ann, f"documentId={other.rpartition('/')[2]}") == []


def test_empty_id_of_the_component_is_none(ann: Client) -> None:
    document = deliver(ann, documentId="")
    own = document.rpartition("/")[2]

    assert shown(ann, document)["documentId"] == own
    assert listed(ann, f"documentId={own}") == [document]


@on_both_databases
@pytest.mark.parametrize("text", ["übung", "ÜBUNG", "bung €", "100%", "_a", "Übung € 100%_a.pdf"])
def test_name_is_looked_into_in_capitals_or_not(ann: Client, text: str) -> None:
    deliver(ann, documentName="100 b a.pdf")
    wanted = deliver(ann, documentName="Übung € 100%_a.pdf")

    assert listed(ann, f"documentName={quote(text)}") == [wanted]


@on_both_databases
def test_text_is_looked_for_in_name_description_and_subtype(ann: Client) -> None:
    named = deliver(ann, documentName="Needle.pdf", description="nothing")
    described = deliver(ann, description="x" * 5000 + "a NEEDLE in it")
    typed = deliver(ann, documentSubtype="needles")
    deliver(ann, studentNumber="needle", custom="needle")

    assert listed(ann, "q=needle") == [named, described, typed]
    assert listed(ann, "q=needle&documentSubtype=needles") == [typed]


@on_both_databases
def test_document_of_the_drive_is_found_by_its_name(ann: Client) -> None:
    ann.put("/dav/%C3%89tude.txt")

    assert len(listed(ann, f"documentName={quote('étude')}")) == len(listed(ann, f"q={quote('TUDE')}")) == 1
    assert listed(ann, "documentType=bpv") == []


@on_both_databases
@pytest.mark.parametrize("text", ["a%00b", "%00", "%22", "'", "%5C", "%27%3B--"])
def test_text_that_a_database_could_stumble_over_finds_nothing(ann: Client, text: str) -> None:
    deliver(ann)

    for name in ("documentType", "documentId", "documentName", "q"):
        assert listed(ann, f"{name}={text}") == [], name


@on_both_databases
def test_search_goes_by_what_a_document_says_now(ann: Client) -> None:
    document = deliver(ann, name="b.pdf", description="one")
    patch(ann, document, content_disposition='attachment; filename="needle.pdf"')

    assert listed(ann, "q=needle") == []
    assert listed(ann, "documentName=b.pdf") == [document]


@on_both_databases
def test_time_of_creation_is_limited(ann: Client) -> None:
    documents = []
    for _ in range(3):
        documents.append(deliver(ann))
        ann.clock.advance(timedelta(days=1))

    first, second, third = documents
    assert listed(ann, "createdAfter=2026-11-20T12:00:00Z") == [second, third]
    assert listed(ann, "createdBefore=2026-11-22") == [first, second]
    assert listed(ann, "createdAfter=2026-11-21T12:00:00%2B01:00&createdBefore=2026-11-22T12:00:00Z") == [second]
    assert listed(ann, "createdAfter=2026-11-23") == []


# Sorting


@on_both_databases
def test_order_is_that_of_the_field_and_of_age_where_it_is_the_same(ann: Client) -> None:
    first, second, third = (deliver(ann, name=name) for name in ("b.txt", "B.txt", "a.txt"))
    fourth = deliver(ann, documentName="b.txt")
    ann.clock.advance(timedelta(hours=1))
    patch(ann, first)

    assert listed(ann) == listed(ann, "sort=creationDate") == [first, second, third, fourth]
    assert listed(ann, "sort=-creationDate") == [fourth, third, second, first]
    assert listed(ann, "sort=documentName") == [second, third, first, fourth]
    assert listed(ann, "sort=-documentName") == [first, fourth, third, second]
    assert listed(ann, "sort=modificationDate")[-1] == first
    assert listed(ann, "sort=-modificationDate")[0] == first
    assert listed(ann, "sort=-modificationDate&pageSize=1&pageNumber=4") == [second]


# Rights


@on_both_databases
def test_list_and_its_count_are_of_what_one_may_read(store: Store, ann: Client, bob: Client, root_admin: Client) -> None:
    hidden = deliver(bob)
    ann.mkcol("/dav/open")
    granting.close(store, root_admin.ctx, path("/OKD"))
    granting.grant(store, root_admin.ctx, path("/OKD"), "signed in", DROP_BOX)
    own = deliver(ann, name="own.txt")
    ann.put("/dav/open/free.txt")

    names = [item["title"] for item in ann("GET", BASE).json["items"]]

    assert names == ["own.txt", "free.txt"]
    assert (pages(ann)["totalItems"], pages(root_admin)["totalItems"]) == (2, 3)
    assert listed(ann, "documentType=bpv") == [own]
    assert listed(ann, "pageSize=1&pageNumber=2&sort=-creationDate") == [own]
    assert hidden not in listed(ann, "sort=documentName")


@on_both_databases
def test_grant_on_a_document_shows_it_and_a_closed_one_is_hidden(
    store: Store, ann: Client, bob: Client, root_admin: Client
) -> None:
    granted, closed, other = (deliver(root_admin, name=name) for name in ("granted.txt", "closed.txt", "other.txt"))
    granting.close(store, root_admin.ctx, path("/OKD/2026-11/closed.txt"))
    assert listed(bob) == [granted, other]

    granting.revoke(store, root_admin.ctx, (), "signed in")
    granting.grant(store, root_admin.ctx, path("/OKD/2026-11/granted.txt"), "ann", READER)

    assert listed(ann) == [granted]
    assert listed(bob) == []
    assert pages(bob)["totalItems"] == 0
    assert closed in listed(root_admin)


@on_both_databases
def test_what_is_in_the_trash_is_not_listed_wherever_it_lay(ann: Client) -> None:
    ann.mkcol("/dav/a")
    ann.mkcol("/dav/a/b")
    ann.put("/dav/a/b/deep.txt")
    ann.put("/dav/a/top.txt")
    ann.put("/dav/single.txt")
    assert pages(ann)["totalItems"] == 3

    ann("DELETE", "/dav/single.txt")
    ann("DELETE", "/dav/a/")

    assert pages(ann)["totalItems"] == 0
