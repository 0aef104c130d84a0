"""The page "Modification d'un document" of the manual, with the requests and answers that its text shows; ids put in."""

from __future__ import annotations

import json

from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import READER
from tests.builders import path
from tests.protocol.client import Client
from tests.protocol.dynacase import BASE, JSON, URLENCODED, article, checked, data_of, refusal_of, value_of

CHANGE = """\
    {
        "document": {
            "attributes": {
                "my_title": {
                    "value": "Hello world"
                }
            }
        }
    }
"""

SUCCESS = r"""
    {"success" :             true,
        "messages" :         [],
        "data" :             {
            "document" : {
                "uri" :        "api\/v1\/documents\/1057.json",
                "properties" : {
                    "title" :     "Hello World"
                },
                "attributes" : {
                    "my_title" :  {"value" : "Hello World", "displayValue" : "Hello World"}
                }
            }
        },
        "exceptionMessage" : ""
    }
"""
"""As it is shown, without the ellipses."""

FAILURE = r"""
    {"success" :             false,
        "messages" :         [
            {
                "type" :        "error",
                "contentText" : "Update forbidden",
                "contentHtml" : "",
                "code" :        "API0201",
                "uri" :         "",
                "data" :        null
            }
        ],
        "data" :             null,
        "exceptionMessage" : "Document \"1057\" access deny : Pas de privil\u00e8ge edit pour le document Hello world [1057]"
    }
"""


def test_put_with_the_body_of_the_page_changes_the_title(ann: Client) -> None:
    document = article(ann)

    response = ann("PUT", f"{document}.json", CHANGE, content_type=JSON)

    assert response.headers["content-type"] == "application/json"
    assert value_of(ann, document, "my_title") == "Hello world"


def test_answer_has_what_the_page_shows_and_the_fourth_member_that_it_announces(ann: Client) -> None:
    document = article(ann)
    number = document.rpartition("/")[2]
    expected = json.loads(SUCCESS.replace("1057", number).replace("Hello World", "Hello world"))

    envelope = checked(ann("PUT", document, CHANGE, content_type=JSON))

    data, wanted = envelope["data"], expected["data"]["document"]
    assert (envelope["success"], envelope["messages"], envelope["exceptionMessage"]) == (True, [], "")
    assert data["document"]["uri"] == wanted["uri"]
    assert wanted["properties"].items() <= data["document"]["properties"].items()
    assert wanted["attributes"].items() <= data["document"]["attributes"].items()
    assert set(data) == {"document", "changes"}
    assert data["changes"] == {
        "my_title": {"old": {"value": "Hello", "displayValue": "Hello"}, "new": wanted["attributes"]["my_title"]}
    }


def test_additional_data_are_ignored(ann: Client) -> None:
    document = article(ann)
    body = json.loads(CHANGE) | {"more": 1}
    body["document"] |= {"uri": "x", "properties": {"title": "no", "id": 5}}
    body["document"]["attributes"]["my_title"]["displayValue"] = "no"

    data = data_of(ann("PUT", document, json.dumps(body), content_type=JSON))

    assert data["document"]["properties"]["title"] == "Hello world"


def test_id_may_be_the_logical_name(ann: Client) -> None:
    body = {"document": {"properties": {"name": "MY_FIRST"}, "attributes": {"my_title": {"value": "Hello"}}}}
    made = data_of(ann("POST", f"{BASE}/families/MY_ARTICLE/documents/", json.dumps(body), content_type=JSON), 201)

    data = data_of(ann("PUT", f"{BASE}/documents/MY_FIRST.json", CHANGE, content_type=JSON))

    assert data["document"]["properties"]["name"] == "MY_FIRST"
    assert data["document"]["uri"] == made["document"]["uri"]


def test_form_has_attribute_ids_in_capitals_or_not(ann: Client) -> None:
    document = article(ann)

    data = data_of(ann("PUT", document, "My_Title=Hello+world&my_level=3", content_type=URLENCODED))

    assert data["document"]["properties"]["title"] == "Hello world"
    assert set(data["changes"]) == {"my_title", "my_level"}


def test_refusal_is_the_one_of_the_page(ann: Client, bob: Client, root_admin: Client, store: Store) -> None:
    document = article(ann, "Hello world")
    granting.close(store, root_admin.ctx, path("/Dynacase"))
    granting.grant(store, root_admin.ctx, path("/Dynacase"), "signed in", READER)
    expected = json.loads(FAILURE.replace("1057", document.rpartition("/")[2]))

    response = bob("PUT", document, CHANGE, content_type=JSON)

    assert response.status == 403
    assert checked(response) == expected


def test_document_below_its_family_is_the_same_one(ann: Client) -> None:
    document = article(ann)
    number = document.rpartition("/")[2]

    data = data_of(ann("PUT", f"{BASE}/families/MY_ARTICLE/documents/{number}", CHANGE, content_type=JSON))
    other = ann("PUT", f"{BASE}/families/MY_COOKBOOK/documents/{number}", CHANGE, content_type=JSON)

    assert data["document"]["uri"] == f"api/v1/documents/{number}.json"
    assert refusal_of(other) == (404, "API0220")


def test_families_cannot_be_changed(ann: Client) -> None:
    assert refusal_of(ann("PUT", f"{BASE}/documents/MY_ARTICLE.json", CHANGE, content_type=JSON)) == (403, "API0109")
