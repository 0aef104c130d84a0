"""Documents of Dynacase beyond the numbered cases: values, files, names, families, lists, and what other doors see."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from davgate.core import versioning
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import DROP_BOX, READER, Right
from tests.builders import path
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.dynacase import (
    ARTICLES,
    BASE,
    COOKBOOKS,
    JSON,
    URLENCODED,
    article,
    attributes,
    create,
    data_of,
    put,
    put_form,
    refusal_of,
    shown,
    value_of,
)
from tests.protocol.okd import FORM, Part, form

ALL = "?fields=document.properties.all"


def number_of(document: str) -> int:
    return int(document.rpartition("/")[2])


def versions_of(store: Store, client: Client, document: str) -> int:
    """Return how many versions a document on the drive has."""
    return len(versioning.whole_history(store, client.ctx, number_of(document))[1])


# Values


def test_values_are_told_with_what_people_read(ann: Client) -> None:
    document = article(ann, my_level="5", my_date="2026-11-20", my_color="red", my_tags=["b", "a", "b"])

    told = shown(ann, document)["attributes"]

    assert told["my_level"] == {"value": 5, "displayValue": "5"}
    assert told["my_date"] == {"value": "2026-11-20", "displayValue": "20/11/2026"}
    assert told["my_color"] == {"value": "red", "displayValue": "Rouge"}
    assert told["my_tags"] == [{"value": one, "displayValue": one} for one in ("b", "a", "b")]
    assert told["my_description"] == {"value": None, "displayValue": None}
    assert told["my_annexes"] == []
    assert told["my_file"] == {"value": None, "displayValue": None}


def test_day_of_an_early_year_is_told_with_four_digits(ann: Client) -> None:
    document = article(ann, my_date="0987-06-05")

    assert shown(ann, document)["attributes"]["my_date"] == {"value": "0987-06-05", "displayValue": "05/06/0987"}


@pytest.mark.parametrize("nothing", [None, "", []])
def test_nothing_clears_a_value(ann: Client, nothing: object) -> None:
    document = article(ann, my_level=3, my_tags=["a"])
    body = {"document": {"attributes": {"MY_LEVEL": {"value": nothing}, "my_tags": {"value": nothing}}}}

    data = data_of(ann("PUT", document, json.dumps(body), content_type=JSON))

    assert data["document"]["attributes"]["my_level"]["value"] is None
    assert data["document"]["attributes"]["my_tags"] == []
    assert data["changes"]["my_tags"] == {"old": [{"value": "a", "displayValue": "a"}], "new": []}


def test_multiple_attribute_takes_a_list_of_values_or_a_value_that_is_a_list(ann: Client) -> None:
    document = article(ann)

    body = {"document": {"attributes": {"my_tags": {"value": ["x", "y"]}}}}
    ann("PUT", document, json.dumps(body), content_type=JSON)
    assert value_of(ann, document, "my_tags") == ["x", "y"]

    ann("PUT", document, "my_tags[]=one&my_tags[]=two", content_type=URLENCODED)
    assert value_of(ann, document, "my_tags") == ["one", "two"]

    ann("PUT", document, "my_tags=only", content_type=URLENCODED)
    assert value_of(ann, document, "my_tags") == ["only"]


@pytest.mark.parametrize(
    ("attribute", "value", "index"),
    [
        ("my_level", "abc", -1),
        ("my_level", 3.5, -1),
        ("my_level", True, -1),
        ("my_level", [1, 2], -1),
        ("my_level", 2**63, -1),
        ("my_date", "2026-02-30", -1),
        ("my_date", "soon", -1),
        ("my_color", "purple", -1),
        ("my_tags", ["a", {"b": 1}], 1),
        ("my_file", "text/plain|12|a.txt", -1),
        ("my_annexes", ["text/plain|nothing|a.txt"], 0),
        ("nope", "x", -1),
    ],
)
def test_value_that_an_attribute_cannot_have_is_told_with_its_place(
    ann: Client, attribute: str, value: object, index: int
) -> None:
    document = article(ann)
    before = ann("GET", document).body

    response = put(ann, document, **{attribute: value, "my_description": "not stored"})

    assert refusal_of(response) == (500, "API0211")
    assert (response.json["data"]["id"], response.json["data"]["index"]) == (attribute, index)
    assert response.json["data"]["err"]
    assert ann("GET", document).body == before


def test_needed_attribute_stays(ann: Client) -> None:
    document = article(ann)

    assert refusal_of(put(ann, document, my_title="")) == (500, "API0212")
    assert refusal_of(ann("POST", ARTICLES, attributes(my_level=1), content_type=JSON)) == (403, "API0205")
    assert value_of(ann, document, "my_title") == "Hello"


def test_defaults_of_the_family_are_for_what_is_not_said(ann: Client) -> None:
    cheap, free = create(ann, "MY_COOKBOOK", ba_title="Cakes"), create(ann, "MY_COOKBOOK", ba_title="Pies", ba_cost="")
    dear = create(ann, "MY_COOKBOOK", ba_title="Tarts", ba_cost="2.50")

    assert [one["attributes"]["ba_cost"]["value"] for one in (cheap, free, dear)] == [0, None, 2.5]


def test_update_without_real_change_makes_no_version(ann: Client, store: Store) -> None:
    document = article(ann, my_level=3)
    put_form(ann, document, file_part_named("my_file"))
    before, count = ann("GET", document), versions_of(store, ann, document)

    same = put(ann, document, my_level=3, my_title="Hello")
    again = put_form(ann, document, file_part_named("my_file"))
    nothing = ann("PUT", document)

    assert [data_of(one)["changes"] for one in (same, again, nothing)] == [{}, {}, {}]
    assert ann("GET", document).etag == before.etag
    assert versions_of(store, ann, document) == count


# Files


def file_part_named(attribute: str, content: bytes = b"hello world", name: str = "a.txt") -> Part:
    return Part(attribute, content, name, "text/plain")


def test_first_single_file_is_the_document_on_the_drive(ann: Client, store: Store) -> None:
    document = article(ann)

    data = data_of(put_form(ann, document, file_part_named("my_file"), Part("my_level", b"4")))

    told = data["document"]["attributes"]["my_file"]
    assert told["fileName"] == told["displayValue"] == "a.txt"
    assert (told["size"], told["mime"]) == (11, "text/plain")
    assert told["url"] == f"api/v1/documents/{number_of(document)}/files/my_file/-1/a.txt"
    assert told["value"].split("|")[0::2] == ["text/plain", "a.txt"]
    assert set(data["changes"]) == {"my_file", "my_level"}
    assert ann.get("/dav/Dynacase/2026-11/a.txt") == b"hello world"
    assert versions_of(store, ann, document) == 2

    ann.put("/dav/Dynacase/2026-11/a.txt", "by the drive")
    assert shown(ann, document)["attributes"]["my_file"]["size"] == 12


@on_both_databases
def test_form_with_files_makes_a_document_at_once(ann: Client) -> None:
    parts = [Part("my_title", "Über".encode()), file_part_named("my_file"), *annexes("one", "two")]

    made = data_of(ann("POST", ARTICLES, form(*parts), content_type=FORM), 201)["document"]

    assert made["properties"]["title"] == "Über"
    assert [one["fileName"] for one in made["attributes"]["my_annexes"]] == ["one.txt", "two.txt"]
    assert [one["url"].rpartition("/my_annexes/")[2] for one in made["attributes"]["my_annexes"]] == ["0/one.txt", "1/two.txt"]


def annexes(*names: str) -> list[Part]:
    return [file_part_named("my_annexes", name.encode(), f"{name}.txt") for name in names]


@on_both_databases
def test_files_of_a_list_are_kept_by_their_values_and_dropped_without(ann: Client) -> None:
    document = article(ann)
    put_form(ann, document, *annexes("one", "two", "three"))
    one, two, three = value_of(ann, document, "my_annexes")

    data = data_of(put(ann, document, my_annexes=[three, one]))

    assert [told["value"] for told in data["document"]["attributes"]["my_annexes"]] == [three, one]
    assert refusal_of(put(ann, document, my_annexes=[two])) == (500, "API0211")
    assert value_of(ann, document, "my_annexes") == [three, one]

    assert data_of(put(ann, document, my_annexes=""))["document"]["attributes"]["my_annexes"] == []


def test_value_of_a_file_may_be_sent_back(ann: Client) -> None:
    document = article(ann)
    put_form(ann, document, file_part_named("my_file"))

    data = data_of(put(ann, document, my_file=value_of(ann, document, "my_file"), my_level=1))

    assert list(data["changes"]) == ["my_level"]


def test_override_takes_a_form_with_files(ann: Client) -> None:
    document = article(ann)

    response = put_form(ann, document, file_part_named("my_file"), method="POST", x_http_method_override="put")

    assert data_of(response)["document"]["attributes"]["my_file"]["size"] == 11


def test_input_without_a_chosen_file_says_nothing(ann: Client) -> None:
    document = article(ann)
    put_form(ann, document, file_part_named("my_file"))

    data = data_of(put_form(ann, document, Part("my_file", b"", "", "application/octet-stream"), Part("my_level", b"2")))

    assert list(data["changes"]) == ["my_level"]


def test_file_for_an_attribute_that_has_none_is_refused(ann: Client) -> None:
    assert refusal_of(put_form(ann, article(ann), file_part_named("my_level"))) == (500, "API0211")


# Properties


def test_all_properties_are_what_the_store_knows(ann: Client) -> None:
    document = article(ann, "Hello")

    properties = shown(ann, document, ALL)["properties"]

    assert properties["family"] == {"title": "Article", "name": "MY_ARTICLE", "id": properties["family"]["id"], "icon": ""}
    assert properties["createdBy"] == properties["owner"] == {"id": ann.ctx.principal.id, "title": "ann"}
    assert (properties["status"], properties["doctype"], properties["type"]) == ("alive", "F", "document")
    assert (properties["locked"], properties["fromname"], properties["name"]) == (0, "MY_ARTICLE", None)
    assert properties["security"] == {"lock": {"id": 0}, "readOnly": False, "fixed": False}
    assert properties["creationDate"] == properties["lastModificationDate"] == "2026-11-20 12:00:00"
    assert "state" not in properties
    assert "tags" not in properties


def test_state_is_there_where_the_family_has_a_workflow(ann: Client) -> None:
    assert create(ann, "MY_COOKBOOK", ba_title="Cakes")["properties"]["state"] == "draft"
    assert "state" not in create(ann, my_title="Hello")["properties"]


def test_default_properties_are_those_of_the_manual(ann: Client) -> None:
    document = article(ann)

    assert list(shown(ann, document)["properties"]) == ["id", "initid", "title", "revision", "icon", "name"]


def test_lock_through_another_door_is_told_and_keeps_others_from_changing(ann: Client, bob: Client) -> None:
    document = article(ann)
    put_form(ann, document, file_part_named("my_file"))
    token = ann.lock("/dav/Dynacase/2026-11/a.txt")

    locked = shown(bob, document, ALL)["properties"]
    refused, without_token = put(bob, document, my_level=1), put(ann, document, my_level=1)
    own = ann("PUT", document, attributes(my_level=1), content_type=JSON, lock_token=f"<{token}>")

    assert locked["locked"] == -ann.ctx.principal.id
    assert locked["security"]["lock"] == {
        "id": -ann.ctx.principal.id, "lockedBy": {"id": ann.ctx.principal.id, "title": "ann"}, "temporary": True
    }  # fmt: skip
    for one in (refused, without_token):
        assert refusal_of(one) == (403, "API0201")
        assert "is locked by ann" in one.json["exceptionMessage"]
    assert data_of(own)["changes"]["my_level"]["new"]["value"] == 1


def test_fields_are_united_and_blanks_around_them_do_not_count(ann: Client) -> None:
    document = article(ann, my_level=3)

    chosen = shown(ann, document, "?fields=document.properties.title,%20document.attributes.MY_LEVEL%20,document.properties.id")

    assert chosen["properties"] == {"title": "Hello", "id": number_of(document)}
    assert list(chosen["attributes"]) == ["my_level"]
    assert set(data_of(ann("PUT", document + "?fields=family.structure", attributes(my_level=1), content_type=JSON))) == {
        "document",
        "family",
        "changes",
    }


def test_structure_tells_of_every_attribute_but_hidden_ones(ann: Client) -> None:
    structure = data_of(ann("GET", f"{BASE}/families/MY_ARTICLE?fields=document.family.structure"))["family"]["structure"]

    (frame,) = structure.values()
    assert frame["type"] == "frame"
    told = frame["content"]
    assert list(told) == [
        "my_title", "my_description", "my_level", "my_date", "my_color", "my_tags", "my_file", "my_annexes"
    ]  # fmt: skip
    assert (told["my_title"]["needed"], told["my_level"]["type"], told["my_tags"]["multiple"]) == (True, "int", True)
    assert told["my_color"]["enumItems"][0] == {"key": "red", "label": "Rouge"}
    assert told["my_color"]["enumUri"] == "api/v1/families/MY_ARTICLE/enumerates/my_color"


# Addresses and formats


def test_answer_is_a_page_where_that_is_wanted(ann: Client) -> None:
    document = article(ann, "</textarea><script>")

    page = ann("GET", document + "?alt=html")

    assert page.headers["content-type"].startswith("text/html")
    assert page.body.startswith(b"<html><body><textarea>{&quot;success&quot;:true")
    assert b"<script>" not in page.body
    assert page.etag != ann("GET", document).etag
    assert ann("GET", f"{BASE}/documents/999999999?alt=html").headers["content-type"].startswith("text/html")


def test_format_is_chosen_by_extension_before_accept(ann: Client) -> None:
    document = article(ann)

    assert refusal_of(ann("GET", document, accept="text/html")) == (400, "API0006")
    assert ann("GET", f"{document}.json", accept="text/html").status == 200
    assert ann("GET", document, accept="text/html, */*;q=0.1").status == 200
    for accept in ("APPLICATION/JSON", "Application/*", "text/html, Application/Json;Q=0.5"):
        assert ann("GET", document, accept=accept).status == 200
    assert refusal_of(ann("GET", f"{BASE}/documents/x.csv")) == (400, "API0005")


def test_head_and_options_are_answered(ann: Client) -> None:
    document = article(ann)

    head, options = ann("HEAD", document), ann("OPTIONS", document)

    assert (head.status, head.body, head.etag) == (200, b"", ann("GET", document).etag)
    assert options.status == 204
    assert set(options.headers["allow"].split(", ")) >= {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}


def test_collections_have_a_slash_at_the_end_or_not(ann: Client) -> None:
    article(ann)

    assert ann("GET", f"{BASE}/documents").body == ann("GET", f"{BASE}/documents/").body
    assert ann("GET", f"{BASE}/families.json").body == ann("GET", f"{BASE}/families/").body


# Names


def named(client: Client, name: object) -> Any:
    body = {"document": {"properties": {"name": name}, "attributes": {"my_title": {"value": "Hello"}}}}
    return client("POST", ARTICLES, json.dumps(body), content_type=JSON)


@on_both_databases
def test_logical_name_leads_to_the_document(ann: Client) -> None:
    made = data_of(named(ann, "First-one_1"), 201)["document"]

    assert made["properties"]["name"] == "First-one_1"
    assert shown(ann, f"{BASE}/documents/First-one_1")["properties"]["id"] == made["properties"]["id"]
    assert refusal_of(ann("GET", f"{BASE}/documents/FIRST-ONE_1")) == (404, "API0200")


@pytest.mark.parametrize("name", ["1st", "with blank", "MY_ARTICLE", "my_article", "taken", "N" * 256, 7])
def test_name_that_cannot_be_had_makes_nothing(ann: Client, name: object) -> None:
    data_of(named(ann, "taken"), 201)

    assert refusal_of(named(ann, name)) == (403, "API0205")
    assert len(data_of(ann("GET", ARTICLES))["documents"]) == 1


# Families


def test_families_are_documents_that_are_read_alone(ann: Client) -> None:
    family = data_of(ann("GET", f"{BASE}/families/my_article"))["document"]
    number = family["properties"]["id"]

    assert family["uri"] == "api/v1/families/MY_ARTICLE.json"
    assert (family["properties"]["title"], family["properties"]["name"]) == ("Article", "MY_ARTICLE")
    assert "attributes" not in family
    assert data_of(ann("GET", f"{BASE}/families/{number}"))["document"] == family
    assert data_of(ann("GET", f"{BASE}/documents/{number}"))["document"] == family
    assert data_of(ann("GET", f"{BASE}/documents/MY_ARTICLE{ALL}"))["document"]["properties"]["doctype"] == "C"
    assert refusal_of(ann("DELETE", f"{BASE}/documents/{number}")) == (403, "API0109")
    assert refusal_of(ann("GET", f"{BASE}/families/NOPE")) == (404, "API0203")
    assert refusal_of(ann("PUT", f"{BASE}/families/MY_ARTICLE", "{}", content_type=JSON)) == (405, "API0103")


def test_list_of_families(ann: Client) -> None:
    data = data_of(ann("GET", f"{BASE}/families/?orderBy=name:desc"))

    assert [one["properties"]["name"] for one in data["families"]] == ["MY_FILE", "MY_COOKBOOK", "MY_ARTICLE"]
    assert data["requestParameters"] == {"slice": 10, "offset": 0, "length": 3, "orderBy": "name desc, id desc"}
    assert data["uri"] == "api/v1/families/"
    for order in ("revision", "status:desc"):
        ordered = data_of(ann("GET", f"{BASE}/families/?orderBy={order},name"))["families"]
        assert [one["properties"]["name"] for one in ordered] == ["MY_ARTICLE", "MY_COOKBOOK", "MY_FILE"]
    assert [one["properties"]["title"] for one in data_of(ann("GET", f"{BASE}/families/?slice=1&offset=1"))["families"]] == [
        "Cookbook"
    ]


def test_number_of_a_family_leads_to_its_documents(ann: Client) -> None:
    document = article(ann)
    number = data_of(ann("GET", f"{BASE}/families/MY_ARTICLE"))["document"]["properties"]["id"]

    assert ann("GET", f"{BASE}/families/{number}/documents/{number_of(document)}").status == 200
    assert len(data_of(ann("GET", f"{BASE}/families/{number}/documents/"))["documents"]) == 1


# Lists


def titles(client: Client, target: str) -> list[str]:
    return [one["properties"]["title"] for one in data_of(client("GET", target))["documents"]]


@on_both_databases
def test_list_has_ten_by_title_unless_more_are_wanted(ann: Client) -> None:
    for no in range(12):
        article(ann, f"Title {11 - no:02}")

    data = data_of(ann("GET", f"{BASE}/documents/"))

    assert data["requestParameters"] == {"slice": 10, "offset": 0, "length": 10, "orderBy": "title asc, id desc"}
    assert data["properties"] == {"title": "Documents"}
    assert data["uri"] == "api/v1/documents/"
    assert [one["properties"]["title"] for one in data["documents"]] == [f"Title {no:02}" for no in range(10)]
    assert set(data["documents"][0]) == {"uri", "properties"}
    assert len(titles(ann, f"{BASE}/documents/?slice=all")) == 12
    assert titles(ann, f"{BASE}/documents/?offset=10") == ["Title 10", "Title 11"]
    assert titles(ann, f"{BASE}/documents/?slice=1&offset=1&orderBy=id:desc") == ["Title 01"]
    assert titles(ann, f"{BASE}/documents/?slice=0") == []
    assert titles(ann, f"{BASE}/documents/?slice=2&orderBy=status:desc,title:desc") == ["Title 11", "Title 10"]


@on_both_databases
def test_list_of_a_family_has_its_attributes(ann: Client) -> None:
    article(ann, "A", my_level=2)
    article(ann, "B", my_level=10)
    article(ann, "C")

    data = data_of(ann("GET", f"{ARTICLES}?orderBy=my_level,title:desc&fields=document.attributes.my_level"))

    assert [one["attributes"]["my_level"]["value"] for one in data["documents"]] == [None, 2, 10]
    assert data["requestParameters"]["orderBy"] == "my_level asc, title desc, id desc"
    assert data["properties"]["title"] == "Article Documents"


@on_both_databases
def test_list_leaves_out_the_trash_and_what_one_may_not_read(ann: Client, bob: Client, root_admin: Client, store: Store) -> None:
    gone = article(ann, "Gone")
    article(ann, "Closed")
    data_of(ann("DELETE", gone))
    assert titles(bob, f"{BASE}/documents/") == ["Closed"]

    granting.close(store, root_admin.ctx, path("/Dynacase"))

    assert titles(bob, f"{BASE}/documents/") == []
    assert titles(root_admin, f"{BASE}/documents/") == ["Closed"]


@on_both_databases
def test_lists_are_of_each_family_alone(ann: Client) -> None:
    article(ann, "Article")
    create(ann, "MY_COOKBOOK", ba_title="Cookbook")
    ann.put("/dav/drive.txt")

    assert titles(ann, ARTICLES) == ["Article"]
    assert titles(ann, COOKBOOKS) == ["Cookbook"]
    assert titles(ann, f"{BASE}/families/MY_FILE/documents/") == ["drive.txt"]
    assert titles(ann, f"{BASE}/documents/") == ["Article", "Cookbook", "drive.txt"]


# Other doors


def drive_document(client: Client) -> str:
    client.put("/dav/report.txt", "content")
    (found,) = data_of(client("GET", f"{BASE}/families/MY_FILE/documents/"))["documents"]
    return f"/{found['uri'].removesuffix('.json')}"


def test_document_of_the_drive_is_a_file(ann: Client) -> None:
    document = drive_document(ann)

    told = shown(ann, document)

    assert told["properties"]["title"] == "report.txt"
    assert told["attributes"]["fi_title"]["value"] == "report.txt"
    assert told["attributes"]["fi_file"]["size"] == 7


def test_document_of_the_drive_is_changed(ann: Client) -> None:
    document = drive_document(ann)

    titled = data_of(put(ann, document, fi_title="Report"))["document"]
    data_of(put_form(ann, document, Part("fi_file", b"other content", "new.txt", "text/plain")))

    assert titled["properties"]["title"] == "Report"
    assert ann.get("/dav/report.txt") == b"other content"
    assert shown(ann, document)["properties"]["title"] == "Report"


def test_title_of_one_door_is_that_of_all(ann: Client) -> None:
    document = article(ann, "Hello")
    put_form(ann, document, file_part_named("my_file"))

    listed = ann("GET", "/okd/v1/documents", accept="application/json").json["items"]

    assert [one["title"] for one in listed] == ["Hello"]
    assert listed[0]["fileName"] == "a.txt"


def test_folder_and_unknown_numbers_are_no_documents(ann: Client) -> None:
    assert refusal_of(ann("GET", f"{BASE}/documents/1")) == (404, "API0200")
    assert refusal_of(ann("GET", f"{BASE}/documents/{'9' * 40}")) == (404, "API0200")


# Conditions


@pytest.mark.parametrize("mark", ["", "-gzip"])
def test_tag_is_good_for_a_write_whatever_fields_were_read(ann: Client, mark: str) -> None:
    document = article(ann)
    tag = ann("GET", document + "?fields=document.properties.title").etag
    marked = f'{tag[:-1]}{mark}"'

    assert ann("GET", document + "?fields=document.properties.title", if_none_match=marked).status == 304
    assert ann("PUT", document, attributes(my_level=1), content_type=JSON, if_match=marked).status == 200
    assert refusal_of(ann("DELETE", document, if_match=marked)) == (412, "API0412")
    assert ann("DELETE", document, if_match=ann("GET", document).etag).status == 200


def test_tags_differ_by_fields_and_reader(ann: Client, bob: Client) -> None:
    document = article(ann)

    tags = [ann("GET", document).etag, ann("GET", document + "?fields=document.properties.id").etag, bob("GET", document).etag]

    assert len(set(tags)) == 3
    assert all(len(tag) == 42 and int(tag[1:-1], 16) >= 0 for tag in tags)
    assert ann("GET", document).headers["cache-control"] == "private, no-cache, must-revalidate"
    assert "etag" not in ann("GET", f"{BASE}/documents/").headers


def test_tag_of_the_content_is_good_for_a_write(ann: Client) -> None:
    document = article(ann)
    put_form(ann, document, file_part_named("my_file"))
    tag = ann("GET", "/dav/Dynacase/2026-11/a.txt").etag

    assert ann("PUT", document, attributes(my_level=1), content_type=JSON, if_match=tag).status == 200
    assert refusal_of(ann("PUT", document, attributes(my_level=2), content_type=JSON, if_none_match="*")) == (412, "API0412")
    assert refusal_of(ann("PUT", document, attributes(my_level=2), content_type=JSON, if_match='"other"')) == (412, "API0412")


class MeanwhileBody(io.BytesIO):
    """A body during whose arrival something else happens."""

    def __init__(self, content: bytes, meanwhile: Callable[[], object]) -> None:
        super().__init__(content)
        self._meanwhile = meanwhile

    def read(self, size: int | None = -1, /) -> bytes:
        self._meanwhile()
        self._meanwhile = bool
        return super().read(size)


def test_change_while_the_body_arrives_keeps_a_conditional_one_out(ann: Client, bob: Client) -> None:
    document = article(ann)
    tag, late = ann("GET", document).etag, attributes(my_title="late").encode()
    body = MeanwhileBody(late, lambda: put(bob, document, my_title="in between"))

    response = ann.send("PUT", document, body, content_type=JSON, content_length=str(len(late)), if_match=tag)

    assert refusal_of(response) == (412, "API0412")
    assert value_of(ann, document, "my_title") == "in between"


def test_change_is_told_against_what_was_there_when_it_was_made(ann: Client, bob: Client) -> None:
    document = article(ann)
    late = attributes(my_title="late").encode()
    body = MeanwhileBody(late, lambda: put(bob, document, my_title="in between", my_level=1))

    data = data_of(ann.send("PUT", document, body, content_type=JSON, content_length=str(len(late))))

    assert {name: change["old"]["value"] for name, change in data["changes"].items()} == {"my_title": "in between"}
    assert data["document"]["attributes"]["my_level"]["value"] == 1


def test_change_begins_a_revision_where_that_is_wanted(ann: Client) -> None:
    document = article(ann)

    revised = data_of(ann("PUT", f"{document}?revise=true", attributes(my_level=1), content_type=JSON))["document"]

    assert revised["properties"]["revision"] == 1
    assert revised["properties"]["initid"] == number_of(document) != revised["properties"]["id"]
    assert revised["uri"] == f"api/v1/documents/{number_of(document)}.json"
    assert shown(ann, f"{BASE}/documents/{revised['properties']['id']}") == revised == shown(ann, document)


# Trash and rights


def test_deleted_document_is_told_where_it_is(ann: Client) -> None:
    document = article(ann)

    deleted = data_of(ann("DELETE", document))["document"]
    gone = ann("GET", document)

    assert deleted["uri"] == f"api/v1/trash/{number_of(document)}.json"
    assert refusal_of(gone) == (404, "API0219")
    assert gone.json["messages"][0]["uri"] == deleted["uri"]
    assert refusal_of(put(ann, document, my_level=1)) == (404, "API0219")


def test_rights_decide(ann: Client, bob: Client, root_admin: Client, store: Store) -> None:
    document = article(root_admin)
    granting.close(store, root_admin.ctx, path("/Dynacase"))
    granting.grant(store, root_admin.ctx, path("/Dynacase"), "ann", READER)

    assert refusal_of(bob("GET", document)) == (403, "API0201")
    assert refusal_of(bob("DELETE", document)) == (403, "API0201")
    assert ann("GET", document).status == 200
    assert refusal_of(put(ann, document, my_level=1)) == (403, "API0201")
    assert refusal_of(ann("DELETE", document)) == (403, "API0216")
    assert refusal_of(ann("POST", ARTICLES, attributes(my_title="x"), content_type=JSON)) == (403, "API0204")
    assert shown(ann, document, ALL)["properties"]["security"]["readOnly"] is True


def test_refusals_come_in_the_order_of_the_manual(ann: Client, bob: Client, nobody: Client) -> None:
    document = article(ann)
    put_form(ann, document, file_part_named("my_file"))
    ann.lock("/dav/Dynacase/2026-11/a.txt")

    assert refusal_of(nobody("PUT", f"{BASE}/documents/999999999", "{")) == (401, "API0106")
    assert refusal_of(bob("PUT", f"{BASE}/documents/999999999", "{", content_type=JSON)) == (404, "API0200")
    assert refusal_of(bob("PUT", document, "{", content_type=JSON)) == (403, "API0201")


def test_who_would_not_see_what_it_makes_makes_nothing(ann: Client, bob: Client, store: Store, root_admin: Client) -> None:
    ann.mkcol("/dav/Dynacase")
    granting.close(store, root_admin.ctx, path("/Dynacase"))
    granting.grant(store, root_admin.ctx, path("/Dynacase"), "bob", Right.BIND)
    before = placed(root_admin)

    refused = bob("POST", ARTICLES, attributes(my_title="Hello"), content_type=JSON)

    assert refusal_of(refused) == (403, "API0204")
    assert placed(root_admin) == before
    granting.grant(store, root_admin.ctx, path("/Dynacase"), "bob", DROP_BOX)
    assert bob("POST", ARTICLES, attributes(my_title="Hello"), content_type=JSON).status == 201


def placed(client: Client) -> int:
    """Return how many documents are listed."""
    return len(data_of(client("GET", f"{BASE}/documents/?slice=all"))["documents"])
