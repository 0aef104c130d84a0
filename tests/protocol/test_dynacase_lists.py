"""The order of Dynacase's lists: by exactly what is told of documents, in the tree and in the trash."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from davgate.app import Application
from davgate.core import revisions
from davgate.core.store import Store
from davgate.rest.dynacase.operations import dialect
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.dynacase import ARTICLES, BASE, JSON, article, attributes, create, data_of, refusal_of

DOCUMENTS = f"{BASE}/documents/"
TRASH = f"{BASE}/trash/"


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    return serve(store, dialects={"/api/v1": dialect({})})


def named(client: Client, title: str, name: str) -> str:
    """Make an article with a logical name and return its address."""
    document = {"attributes": {"my_title": {"value": title}}, "properties": {"name": name}}
    made = data_of(client("POST", ARTICLES, json.dumps({"document": document}), content_type=JSON), 201)["document"]
    return f"{BASE}/documents/{made['properties']['initid']}"


def revise(client: Client, document: str, times: int) -> None:
    for _ in range(times):
        assert client("PUT", f"{document}?revise=true", attributes(), content_type=JSON).status == 200


def listed(client: Client, place: str, order: str, field: str = "title", **page: int) -> list[Any]:
    """Return one property of what is listed in an order."""
    query = "".join(f"&{name}={value}" for name, value in page.items())
    found = data_of(client("GET", f"{place}?orderBy={order}&fields=document.properties.all{query}"))["documents"]
    return [one["properties"][field] for one in found]


@pytest.fixture
def three(ann: Client) -> list[str]:
    """A with the name LAST and two revisions more, B with the name FIRST, C with one revision more, which was made first."""
    documents = [named(ann, "A", "LAST"), named(ann, "B", "FIRST"), article(ann, "C")]
    revise(ann, documents[2], 1)
    revise(ann, documents[0], 2)
    return documents


ORDERS = [
    ("id", ["B", "C", "A"]),
    ("id:desc", ["A", "C", "B"]),
    ("initid", ["A", "B", "C"]),
    ("revision", ["B", "C", "A"]),
    ("revision:desc", ["A", "C", "B"]),
    ("name", ["C", "B", "A"]),
    ("name:desc", ["A", "B", "C"]),
    ("status,icon,doctype,type,lastAccessDate,workflow,tags,usage,affected,note,title:desc", ["C", "B", "A"]),
]


@on_both_databases
@pytest.mark.usefixtures("three")
def test_documents_are_ordered_by_what_is_told_of_them(ann: Client) -> None:
    for order, expected in ORDERS:
        for place in (DOCUMENTS, ARTICLES):
            assert listed(ann, place, order) == expected, order
    assert listed(ann, DOCUMENTS, "id", "id") == sorted(listed(ann, DOCUMENTS, "id", "id"))
    assert listed(ann, DOCUMENTS, "name", "name") == [None, "FIRST", "LAST"]


@on_both_databases
def test_documents_of_the_trash_are_ordered_by_what_is_told_of_them(ann: Client, three: list[str]) -> None:
    for document in three:
        data_of(ann("DELETE", document))

    for order, expected in [*ORDERS, ("locked,title:desc", ["C", "B", "A"])]:
        assert listed(ann, TRASH, order) == expected, order


@on_both_databases
def test_what_is_alike_is_ordered_by_the_id_that_is_told(ann: Client) -> None:
    first, _ = article(ann, "Same"), article(ann, "Same")
    assert listed(ann, DOCUMENTS, "title", "revision") == [0, 0]
    revise(ann, first, 1)

    for place in (DOCUMENTS, ARTICLES):
        assert listed(ann, place, "title", "revision") == [1, 0]


@on_both_databases
def test_documents_are_ordered_by_who_has_locked_them(ann: Client, bob: Client, store: Store) -> None:
    documents = {title: article(ann, title) for title in "ABC"}
    ann("POST", f"{documents['A']}/locks/temporary")
    bob("POST", f"{documents['B']}/locks/permanent")
    ann.mkcol("/dav/locked")
    for name in ("d", "e"):
        ann.put(f"/dav/locked/{name}")
    ann.put("/dav/f")
    assert bob("CHECKOUT", "/dav/f").status == 200
    bob.lock("/dav/locked", depth="infinity", scope="shared")
    ann.lock("/dav/locked/d", scope="shared")

    me, other = ann.ctx.principal.id, bob.ctx.principal.id
    by_ann = [("e", -other), ("A", -me), ("d", -me), ("C", 0), ("B", other), ("f", other)]
    by_bob = [("d", -other), ("e", -other), ("A", -me), ("C", 0), ("f", 0), ("B", other)]
    for client, expected in ((ann, sorted(by_ann, key=lambda one: (one[1], one[0]))), (bob, by_bob)):
        for place in ("locked,title", "locked:desc,title"):
            found = list(zip(listed(client, DOCUMENTS, place), listed(client, DOCUMENTS, place, "locked"), strict=True))
            by_lock = sorted(expected, key=lambda one: -one[1]) if "desc" in place else expected
            assert found == by_lock, place
    ann.clock.advance(timedelta(hours=2))
    assert (
        sorted(listed(ann, DOCUMENTS, "locked", "locked")) == listed(ann, DOCUMENTS, "locked", "locked") == [0] * 4 + [other] * 2
    )


@on_both_databases
def test_documents_of_other_doors_are_ordered_as_the_family_that_they_appear_in(ann: Client) -> None:
    ann.put("/dav/drive.txt")
    create(ann, "MY_COOKBOOK", ba_title="Soups")
    article(ann)

    assert listed(ann, DOCUMENTS, "fromname", "fromname") == ["MY_ARTICLE", "MY_COOKBOOK", "MY_FILE"]


@pytest.mark.parametrize("place", [DOCUMENTS, ARTICLES, TRASH])
def test_property_that_is_an_object_or_none_is_nothing_to_order_by(ann: Client, place: str) -> None:
    for field in ("family", "security", "revisionData"):
        assert refusal_of(ann("GET", f"{place}?orderBy={field}")) == (400, "CRUD0507")
    assert refusal_of(ann("GET", f"{place}?orderBy=nope")) == (400, "CRUD0506")


def test_families_are_ordered_by_any_property_with_a_single_value(ann: Client) -> None:
    for field in ("revision", "locked", "doctype", "type", "icon", "version", "owner"):
        families = data_of(ann("GET", f"{BASE}/families/?orderBy={field},name:desc"))["families"]
        assert [one["properties"]["name"] for one in families] == ["MY_FILE", "MY_COOKBOOK", "MY_ARTICLE"]
    assert refusal_of(ann("GET", f"{BASE}/families/?orderBy=security")) == (400, "CRUD0502")
    assert refusal_of(ann("GET", f"{BASE}/families/?orderBy=my_title")) == (400, "CRUD0502")


def test_of_the_trash_only_the_page_that_is_shown_is_described(
    ann: Client, store: Store, root_admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann.mkcol("/dav/folder")
    for name in "dcba":
        ann.put(f"/dav/folder/{name}")
    ann.put("/dav/e")
    ann("DELETE", "/dav/folder")
    ann("DELETE", "/dav/e")
    described: list[int] = []
    describe = revisions.describe_all

    def counting(*given: Any) -> Any:
        described.append(len(given[2]))
        return describe(*given)

    monkeypatch.setattr(revisions, "describe_all", counting)

    for client in (ann, root_admin):
        assert listed(client, TRASH, "title", slice=2, offset=1) == ["b", "c"]
        assert listed(client, TRASH, "title:desc", slice=3) == ["e", "d", "c"]
        assert listed(client, TRASH, "title", slice=9, offset=9) == []
    assert described == [2, 3, 0] * 2


@on_both_databases
def test_order_of_very_many_steps_is_answered_or_refused(ann: Client) -> None:
    document = article(ann)
    revise(ann, document, 1)

    for field in ("fromname", "locked", "id", "name", "title", "state"):
        for place in (DOCUMENTS, TRASH):
            for count, status in ((498, 200), (600, 400)):
                expected = 200 if (place, field) == (TRASH, "locked") else status
                assert ann("GET", f"{place}?orderBy={','.join([field] * count)}").status == expected, field
