"""The acceptance cases of Dynacase about documents and families, by their numbers."""

from __future__ import annotations

import json

from tests.protocol.client import Client
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
    shown,
    value_of,
)


def test_case_01_new_article_is_shown_with_its_properties(ann: Client) -> None:
    response = ann("POST", ARTICLES, attributes(my_title="Hello", my_level=3), content_type=JSON)

    envelope = checked(response)
    document = envelope["data"]["document"]
    assert (response.status, envelope["success"]) == (201, True)
    assert document["properties"]["title"] == "Hello"
    assert document["properties"]["revision"] == 0
    assert document["properties"]["id"] == document["properties"]["initid"]
    assert document["attributes"]["my_level"]["value"] == 3
    assert response.headers["location"].endswith(f"/{document['uri']}")


def test_case_02_outer_document_may_be_missing_and_the_family_in_small_letters(ann: Client) -> None:
    bare = json.dumps({"attributes": {"my_title": {"value": "Hello"}}})

    without = ann("POST", ARTICLES, bare, content_type=JSON)
    small = ann("POST", f"{BASE}/families/my_article/documents/", attributes(my_title="Hello"), content_type=JSON)

    assert data_of(without, 201)["document"]["properties"]["title"] == "Hello"
    assert data_of(small, 201)["document"]["properties"]["title"] == "Hello"


def test_case_03_unknown_family_is_404(ann: Client) -> None:
    response = ann("POST", f"{BASE}/families/NOPE/documents/", attributes(my_title="Hello"), content_type=JSON)

    assert refusal_of(response) == (404, "API0206")
    assert response.json["data"] is None


def test_case_04_unknown_attribute_makes_nothing(ann: Client) -> None:
    response = ann("POST", ARTICLES, attributes(my_title="Hello", nope="x"), content_type=JSON)

    assert refusal_of(response) == (403, "API0205")
    assert data_of(ann("GET", ARTICLES))["documents"] == []


def test_case_05_extension_json_changes_nothing_and_others_are_refused(ann: Client) -> None:
    document = article(ann)

    plain, named = ann("GET", document), ann("GET", f"{document}.json")

    assert (plain.status, named.status) == (200, 200)
    assert plain.body == named.body
    assert refusal_of(ann("GET", f"{document}.xml")) == (400, "API0005")


def test_case_06_unknown_document_is_404_with_an_explanation(ann: Client) -> None:
    response = ann("GET", f"{BASE}/documents/999999999")

    assert refusal_of(response) == (404, "API0200")
    assert response.json["exceptionMessage"]
    assert response.json["messages"][0]["type"] == "error"


def test_case_07_fields_choose_properties_or_attributes(ann: Client) -> None:
    document = article(ann, my_level=3)

    only_id = shown(ann, document, "?fields=document.properties.id")
    only_level = shown(ann, document, "?fields=document.attributes.my_level")

    assert "attributes" not in only_id
    assert list(only_id["properties"]) == ["id"]
    assert "properties" not in only_level
    assert only_level["attributes"] == {"my_level": {"value": 3, "displayValue": "3"}}


def test_case_08_unknown_fields_are_refused(ann: Client) -> None:
    document = article(ann)

    assert refusal_of(ann("GET", f"{document}?fields=document.properties.nope")) == (400, "API0202")
    assert refusal_of(ann("GET", f"{document}?fields=document.attributes.nope")) == (400, "API0218")
    assert refusal_of(ann("GET", f"{document}?fields=zzz")) == (400, "API0214")


def test_case_09_change_keeps_the_revision_and_other_attributes(ann: Client) -> None:
    document = article(ann, my_level=3)

    data = data_of(put(ann, document, my_title="Hello world"))

    assert data["document"]["properties"]["title"] == "Hello world"
    assert data["document"]["properties"]["revision"] == 0
    assert data["document"]["attributes"]["my_level"]["value"] == 3
    assert list(data["changes"]) == ["my_title"]
    assert data["changes"]["my_title"]["old"]["value"] == "Hello"
    assert data["changes"]["my_title"]["new"]["value"] == "Hello world"
    assert value_of(ann, document, "my_title") == "Hello world"


def test_case_10_form_and_override_change_alike(ann: Client) -> None:
    document = article(ann)

    by_form = ann("PUT", document, "MY_LEVEL=7", content_type=URLENCODED)
    by_override = ann("POST", document, "MY_LEVEL=8", content_type=URLENCODED, x_http_method_override="PUT")

    assert data_of(by_form)["document"]["attributes"]["my_level"]["value"] == 7
    assert data_of(by_override)["document"]["attributes"]["my_level"]["value"] == 8


def test_case_11_wrong_value_and_unknown_attribute_are_500_and_change_nothing(ann: Client) -> None:
    document = article(ann, my_level=3)

    wrong = put(ann, document, my_level="abc")
    unknown = put(ann, document, nope="x")

    assert refusal_of(wrong) == (500, "API0211")
    assert wrong.json["data"]["id"] == "my_level"
    assert wrong.json["messages"][0]["data"] == wrong.json["data"]
    assert refusal_of(unknown) == (500, "API0211")
    assert value_of(ann, document, "my_level") == 3


def test_case_12_bodies_that_say_no_attributes_are_400(ann: Client) -> None:
    document = article(ann)
    without_value = json.dumps({"document": {"attributes": {"my_title": {"val": "x"}}}})

    refusals = [refusal_of(ann("PUT", document, body, content_type=JSON)) for body in ("{", "{}", without_value)]

    assert refusals == [(400, "API0208"), (400, "API0209"), (400, "API0210")]


def test_case_13_families_cannot_be_changed(ann: Client) -> None:
    assert refusal_of(put(ann, f"{BASE}/documents/MY_ARTICLE", my_title="x")) == (403, "API0109")


def test_case_16_tag_changes_with_the_document(ann: Client) -> None:
    document = article(ann)
    first = ann("GET", document)

    known = ann("GET", document, if_none_match=first.etag)
    anew = ann("GET", document, if_none_match=first.etag, cache_control="no-cache")
    put(ann, document, my_title="Hello world")
    after = ann("GET", document, if_none_match=first.etag)

    assert (known.status, known.body, anew.status, after.status) == (304, b"", 200, 200)
    assert after.etag != first.etag


def test_case_17_stale_tag_keeps_the_document(ann: Client) -> None:
    document = article(ann)
    stale = ann("GET", document).etag
    put(ann, document, my_title="Hello world")

    response = ann("PUT", document, attributes(my_title="late"), content_type=JSON, if_match=stale)

    assert refusal_of(response) == (412, "API0412")
    assert value_of(ann, document, "my_title") == "Hello world"


def test_case_23_document_of_another_family_is_404(ann: Client) -> None:
    number = create(ann, my_title="Hello")["properties"]["id"]

    assert refusal_of(ann("GET", f"{COOKBOOKS}{number}")) == (404, "API0220")


def test_case_24_list_of_a_family_is_cut_and_ordered(ann: Client) -> None:
    for level in (1, 3, 2):
        article(ann, f"Level {level}", my_level=level)

    data = data_of(ann("GET", f"{ARTICLES}?slice=1&orderBy=my_level:desc"))

    assert [one["properties"]["title"] for one in data["documents"]] == ["Level 3"]
    assert data["requestParameters"] == {"slice": 1, "offset": 0, "length": 1, "orderBy": "my_level desc, id desc"}
    assert refusal_of(ann("GET", f"{ARTICLES}?orderBy=title:up")) == (400, "CRUD0501")


def test_case_29_wrong_methods_and_addresses(ann: Client) -> None:
    document = article(ann)

    assert refusal_of(ann("POST", f"{BASE}/documents/", attributes(my_title="x"), content_type=JSON)) == (405, "API0103")
    assert refusal_of(ann("PATCH", document)) == (400, "API0007")
    assert refusal_of(ann("GET", f"{BASE}/nothing/")) == (404, "API0004")


def test_case_30_hidden_attribute_never_appears_and_nobody_gets_an_envelope(ann: Client, nobody: Client) -> None:
    document = article(ann, my_secret="s3cret")
    changed = put(ann, document, my_secret="other secret")

    answers = [changed, ann("GET", document), ann("GET", f"{document}?fields=family.structure"), ann("GET", ARTICLES)]
    unknown = nobody("GET", document)

    assert [answer.status for answer in answers] == [200] * 4
    assert not any(b"my_secret" in answer.body or b"secret" in answer.body for answer in answers)
    assert "my_title" in str(data_of(answers[2])["family"]["structure"])
    assert refusal_of(unknown) == (401, "API0106")
    assert unknown.headers["www-authenticate"].startswith("Basic")
