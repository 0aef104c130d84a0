"""Every code of the table about documents and families, raised once; and what the doors themselves refuse, in the envelope."""

from __future__ import annotations

import json

import pytest

from davgate.config import LimitsConfig
from davgate.core import objects
from davgate.core.objects import Changes
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.retaining import EXPIRES_AT
from davgate.model.rights import READER
from tests.builders import SettableClock, path
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import (
    ARTICLES,
    BASE,
    COOKBOOKS,
    JSON,
    URLENCODED,
    article,
    attributes,
    checked,
    create,
    data_of,
    put,
    refusal_of,
)
from tests.protocol.okd import FORM, ISSUERS, Component


def attributes_as(said: object) -> str:
    return json.dumps({"document": {"attributes": said}})


def get(client: Client, target: str, **headers: str) -> Response:
    return client("GET", BASE + target, **headers)


# Of the request


def test_api0003_content_type_is_none_that_is_taken(ann: Client) -> None:
    document = article(ann)

    assert refusal_of(ann("PUT", document, "<a/>", content_type="application/xml")) == (415, "API0003")
    assert refusal_of(ann("POST", ARTICLES, "x", content_type="text/plain")) == (415, "API0003")


@pytest.mark.parametrize("target", ["", "/", "/nothing", "/documents/1/nothing", "//documents/", "/families/MY_ARTICLE/files"])
def test_api0004_there_is_no_such_address(ann: Client, target: str) -> None:
    assert refusal_of(get(ann, target)) == (404, "API0004")


def test_api0005_api0006_format_is_not_available(ann: Client) -> None:
    assert refusal_of(get(ann, "/documents/1.csv")) == (400, "API0005")
    assert refusal_of(get(ann, "/families/", accept="image/png")) == (400, "API0006")


@pytest.mark.parametrize("method", ["PATCH", "PROPFIND", "LOCK", "TRACE"])
def test_api0007_method_is_not_taken_anywhere(ann: Client, method: str) -> None:
    assert refusal_of(ann(method, f"{BASE}/documents/1")) == (400, "API0007")


@pytest.mark.parametrize("meant", ["PATCH", "GET", ""])
def test_api0008_override_is_put_or_delete(ann: Client, meant: str) -> None:
    assert refusal_of(ann("POST", article(ann), x_http_method_override=meant)) == (400, "API0008")


@pytest.mark.parametrize(
    ("method", "target"),
    [("POST", "/documents/"), ("PUT", "/documents/"), ("DELETE", "/documents/"), ("POST", "/documents/1"), ("POST", "/families/"),
     ("DELETE", "/families/MY_ARTICLE"), ("PUT", "/families/MY_ARTICLE/documents/")],
)  # fmt: skip
def test_api0103_address_takes_other_methods(ann: Client, method: str, target: str) -> None:
    assert refusal_of(ann(method, BASE + target)) == (405, "API0103")


def test_api0105_token_opens_nothing_here(serve: Serve, store: Store, clock: SettableClock, ann: Client) -> None:
    app = serve(store, issuers=ISSUERS)

    assert refusal_of(Component(app, clock, "component", scope="okd:bpvdocuments")("GET", f"{BASE}/documents/")) == (
        403,
        "API0105",
    )


def test_api0106_nobody_has_signed_in(nobody: Client) -> None:
    for target in ("/documents/1", "/nothing", "/documents/1.xml"):
        response = get(nobody, target)
        assert refusal_of(response) == (401, "API0106")
        assert response.headers["www-authenticate"].startswith("Basic")
    assert refusal_of(nobody("PATCH", f"{BASE}/documents/1")) == (401, "API0106")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "API0208"),
        ("", "API0208"),
        ('{"document":{"attributes":{},"attributes":{}}}', "API0208"),
        ("[" * 100 + "]" * 100, "API0208"),
        ("{}", "API0209"),
        ("[]", "API0209"),
        ("null", "API0209"),
        ('{"attributes":{"my_title":{"value":"x"}}}', "API0209"),
        ('{"document":{"attributes":[]}}', "API0209"),
        (attributes_as({"my_title": {}}), "API0210"),
        (attributes_as({"my_title": "x"}), "API0210"),
        (attributes_as({"my_title": None}), "API0210"),
        (attributes_as({"my_tags": [{"value": "a"}, {"val": "b"}]}), "API0217"),
        (attributes_as({"my_tags": ["a"]}), "API0217"),
    ],
)
def test_body_that_says_no_values_is_400(ann: Client, body: str, code: str) -> None:
    document = article(ann)
    before = ann("GET", document).body

    response = ann("PUT", document, body, content_type=JSON)

    assert refusal_of(response) == (400, code)
    assert ann("GET", document).body == before


# Of fields and lists


def test_api0202_api0214_api0218_fields_are_unknown(ann: Client) -> None:
    document = article(ann)

    assert refusal_of(ann("GET", f"{document}?fields=document.properties.Title")) == (400, "API0202")
    assert refusal_of(ann("GET", f"{document}?fields=properties,attributes")) == (400, "API0214")
    assert refusal_of(ann("GET", f"{document}?fields=document.attributes.my_secret")) == (400, "API0218")
    assert refusal_of(get(ann, "/documents/?fields=document.attributes.nope")) == (400, "API0218")
    assert get(ann, "/documents/?fields=document.attributes.ba_cost").status == 200


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/documents/?orderBy=title:down", "CRUD0501"),
        ("/families/?orderBy=title:down", "CRUD0501"),
        ("/documents/?slice=-1", "CRUD0502"),
        ("/documents/?slice=many", "CRUD0502"),
        ("/documents/?offset=1.5", "CRUD0502"),
        (f"/documents/?offset={'9' * 30}", "CRUD0502"),
        ("/families/?orderBy=nope", "CRUD0502"),
        ("/documents/?orderBy=nope", "CRUD0506"),
        (f"/documents/?orderBy={',title' * 501}", "CRUD0506"),
        ("/documents/?orderBy=my_level", "CRUD0506"),
        ("/families/MY_ARTICLE/documents/?orderBy=ba_cost", "CRUD0506"),
        ("/families/MY_ARTICLE/documents/?orderBy=my_tags", "CRUD0507"),
        ("/families/MY_ARTICLE/documents/?orderBy=my_annexes", "CRUD0507"),
        ("/families/MY_ARTICLE/documents/?orderBy=my_secret", "CRUD0508"),
    ],
)
def test_part_of_a_list_that_cannot_be_had_is_400(ann: Client, target: str, code: str) -> None:
    article(ann)

    assert refusal_of(get(ann, target)) == (400, code)


@pytest.mark.parametrize("query", ["slice=all", "slice=-2", "offset=-1", "revision=x"])
def test_part_of_a_history_that_cannot_be_had_is_400(ann: Client, query: str) -> None:
    assert refusal_of(ann("GET", f"{article(ann)}/history/?{query}")) == (400, "CRUD0502")


# Of documents and families


def test_api0109_families_cannot_be_written(ann: Client) -> None:
    assert refusal_of(put(ann, f"{BASE}/documents/my_article", my_title="x")) == (403, "API0109")
    assert refusal_of(ann("DELETE", f"{BASE}/documents/MY_ARTICLE")) == (403, "API0109")
    for part in ("history/", "revisions/", "locks/"):
        read = get(ann, f"/documents/MY_ARTICLE/{part}")
        assert refusal_of(read) == (403, "API0109")
        assert "has no revisions, history or locks" in read.json["messages"][0]["contentText"]


def test_api0200_there_is_no_such_document(ann: Client) -> None:
    for response in (get(ann, "/documents/nobody"), put(ann, f"{BASE}/documents/77", a=1), ann("DELETE", f"{BASE}/documents/0")):
        assert refusal_of(response) == (404, "API0200")


def test_api0201_api0216_rights_are_missing(ann: Client, root_admin: Client, store: Store) -> None:
    document = article(root_admin)
    granting.close(store, root_admin.ctx, path("/Dynacase"))
    assert refusal_of(ann("GET", document)) == (403, "API0201")

    granting.grant(store, root_admin.ctx, path("/Dynacase"), "ann", READER)
    update = put(ann, document, my_level=1)

    assert refusal_of(update) == (403, "API0201")
    assert update.json["messages"][0]["contentText"] == "Update forbidden"
    assert refusal_of(ann("DELETE", document)) == (403, "API0216")
    assert refusal_of(ann("POST", ARTICLES, attributes(my_title="x"), content_type=JSON)) == (403, "API0204")


def test_api0203_api0206_there_is_no_such_family(ann: Client) -> None:
    assert refusal_of(get(ann, "/families/NOPE")) == (404, "API0203")
    assert refusal_of(get(ann, "/families/NOPE/documents/")) == (404, "API0203")
    assert refusal_of(get(ann, "/families/999999/documents/5")) == (404, "API0203")
    assert refusal_of(ann("POST", f"{BASE}/families/NOPE/documents/", "{", content_type=JSON)) == (404, "API0206")


def test_api0205_new_document_has_a_wrong_value(ann: Client) -> None:
    response = ann("POST", ARTICLES, attributes(my_title="x", my_level="abc"), content_type=JSON)

    assert refusal_of(response) == (403, "API0205")
    assert response.json["data"] == {"id": "my_level", "index": -1, "err": response.json["data"]["err"]}


def test_api0211_api0212_change_has_a_wrong_value_or_leaves_one_out(ann: Client) -> None:
    document = article(ann)

    assert refusal_of(put(ann, document, my_level="abc")) == (500, "API0211")
    left_out = put(ann, document, my_title=None)
    assert refusal_of(left_out) == (500, "API0212")
    assert "needed" in left_out.json["messages"][0]["contentText"]
    assert "my_title" in left_out.json["exceptionMessage"]


def test_api0215_document_has_to_be_kept(ann: Client, store: Store) -> None:
    document = article(ann)
    retained = Changes(metadata={EXPIRES_AT: "2099-01-01T00:00:00.000000Z"})
    objects.update(store, ann.ctx, int(document.rpartition("/")[2]), retained)

    assert refusal_of(ann("DELETE", document)) == (400, "API0215")
    assert ann("GET", document).status == 200


def test_api0219_document_is_in_the_trash(ann: Client) -> None:
    document = article(ann)
    data_of(ann("DELETE", document))

    for method in ("GET", "PUT", "DELETE"):
        assert refusal_of(ann(method, document)) == (404, "API0219")


def test_api0220_document_is_of_another_family(ann: Client) -> None:
    number = create(ann, my_title="Hello")["properties"]["id"]

    for method in ("GET", "PUT", "DELETE"):
        assert refusal_of(ann(method, f"{COOKBOOKS}{number}")) == (404, "API0220")


def test_api0412_document_was_changed_meanwhile(ann: Client) -> None:
    document = article(ann)

    assert refusal_of(ann("PUT", document, attributes(my_level=1), content_type=JSON, if_match='"x"')) == (412, "API0412")
    assert refusal_of(ann("DELETE", document, if_match='"x"')) == (412, "API0412")


# Of the doors


def test_what_the_doors_refuse_has_the_envelope(ann: Client, serve: Serve, store: Store) -> None:
    document = article(ann)
    small = ann.through(serve(store, limits=LimitsConfig(json_bytes=65536)))

    answers = [
        small("PUT", document, attributes(my_title="x" * 70_000), content_type=JSON),
        ann("PUT", document, "no form", content_type=FORM),
        ann("PUT", document, b"my_title=%ff", content_type=URLENCODED),
        ann("GET", document + "?fields=%ff"),
        ann("GET", document + "?revise=perhaps"),
        ann("PUT", document + "?revise=perhaps", attributes(my_level=1), content_type=JSON),
        ann("GET", f"{BASE}/documents/%ff"),
        ann("GET", f"{BASE}/documents/{'a' * 5000}"),
        ann("PUT", document, "x=1", content_type=URLENCODED, sec_fetch_site="cross-site"),
    ]

    assert [answer.status for answer in answers] == [413, 400, 400, 400, 200, 400, 400, 404, 403]
    assert all(checked(answer) for answer in answers)


def test_nothing_is_stored_of_what_was_refused(ann: Client, store: Store) -> None:
    for family, values in (("MY_ARTICLE", {"my_title": "x", "my_color": "pink"}), ("MY_COOKBOOK", {"ba_cost": 1})):
        assert refusal_of(ann("POST", f"{BASE}/families/{family}/documents/", attributes(**values), content_type=JSON)) == (
            403,
            "API0205",
        )

    assert data_of(get(ann, "/documents/"))["documents"] == []
