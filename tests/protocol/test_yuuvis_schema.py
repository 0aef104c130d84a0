"""The schema of yuuvis as JSON and XML, and what the caller may do by types."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from lxml import etree

from davgate.core.object_types import load
from davgate.rest.yuuvis.schema import schema_of
from tests.protocol.client import Client
from tests.protocol.yuuvis import EMAIL, refusal

SCHEMA: Final = "/api/dms/schema"
NAMESPACE: Final = "{http://optimal-systems.org/ns/dmscloud/schema/v5.0/}"
JSON_TYPE: Final = "application/json"
XML_TYPE: Final = "application/xml"

Definition = dict[str, Any]


@pytest.fixture
def schema(ann: Client) -> Definition:
    response = ann("GET", f"{SCHEMA}/native.json")
    assert (response.status, response.headers["content-type"]) == (200, JSON_TYPE)
    found: Definition = response.json
    return found


def by_id(definitions: list[Definition]) -> dict[str, Definition]:
    return {one["id"]: one for one in definitions}


def test_schema_has_its_version_and_when_it_changed(schema: Definition) -> None:
    assert schema["version"] == 1
    assert schema["lastModificationDate"].endswith("Z") and len(schema["lastModificationDate"]) == len("2018-01-26T15:21:17.170Z")


@pytest.mark.parametrize(
    ("id", "kind", "cardinality", "required", "more"),
    [
        ("appEmail:from", "string", "single", True, {}),
        ("appEmail:to", "string", "multi", False, {}),
        ("appEmail:cc", "string", "multi", False, {}),
        ("appEmail:subject", "string", "single", False, {"maxLength": 200}),
        ("appEmail:received", "datetime", "single", False, {}),
        ("appEmail:size", "integer", "single", False, {}),
        ("appEmail:read", "boolean", "single", False, {}),
        ("Name", "string", "single", False, {}),
        ("amount", "decimal", "single", False, {}),
        ("keywords", "string", "multi", False, {}),
        ("system:rmExpirationDate", "datetime", "single", False, {}),
        ("system:objectId", "id", "single", False, {}),
        ("system:objectTypeId", "id", "single", True, {}),
        ("system:secondaryObjectTypeIds", "id", "multi", False, {}),
        ("system:creationDate", "datetime", "single", False, {}),
        ("system:versionNumber", "integer", "single", False, {}),
        ("system:contentStreamLength", "integer", "single", False, {}),
    ],
)
def test_properties_are_told_once_with_what_they_may_say(
    schema: Definition, id: str, kind: str, cardinality: str, required: bool, more: Definition
) -> None:
    (found,) = [one for one in schema["propertyDefinition"] if one["id"] == id]
    said = {name: value for name, value in found.items() if name != "description"}
    assert said == {
        "id": id,
        "propertyType": kind,
        "cardinality": cardinality,
        "required": required,
        "queryable": True,
        **more,
    }


def test_a_table_has_its_columns(schema: Definition) -> None:
    table = by_id(schema["propertyDefinition"])["table"]
    assert table["propertyType"] == "table"
    columns = [(one["id"], one["propertyType"]) for one in table["columnDefinition"]]
    assert columns == [("iColumn1", "string"), ("iColumn2", "string"), ("iColumn3", "boolean")]


def test_types_are_told_by_what_they_are_based_on(schema: Definition) -> None:
    documents, folders, secondary = (by_id(schema[f"type{kind}Definition"]) for kind in ("Document", "Folder", "Secondary"))
    assert documents.keys() == {"system:document", EMAIL, "document"}
    assert folders.keys() == {"system:folder", "folder"}
    assert secondary.keys() == {"system:rmDestructionRetention"}
    email = documents[EMAIL]
    assert email["baseId"] == "system:document"
    assert email["contentStreamAllowed"] == "allowed"
    names = [one["value"] for one in email["propertyReference"]]
    assert names == [*(f"appEmail:{name}" for name in ("from", "to", "cc", "subject", "received", "size", "read")), "table"]
    assert email["secondaryObjectTypeId"] == [{"value": "system:rmDestructionRetention", "static": False}]
    assert "contentStreamAllowed" not in folders["folder"]


def test_every_reference_leads_to_a_property(schema: Definition) -> None:
    ids = by_id(schema["propertyDefinition"]).keys()
    assert len(ids) == len(schema["propertyDefinition"])
    for kind in ("Document", "Folder", "Secondary"):
        for one in schema[f"type{kind}Definition"]:
            assert {reference["value"] for reference in one["propertyReference"]} <= ids


def test_xml_says_the_same(ann: Client, schema: Definition) -> None:
    response = ann("GET", f"{SCHEMA}/native.xml")
    assert (response.status, response.headers["content-type"]) == (200, XML_TYPE)
    root = response.xml
    assert root.tag == f"{NAMESPACE}schema"
    properties = [one for one in root if one.tag.startswith(f"{NAMESPACE}property")]
    assert [text_of(one, "id") for one in properties] == [one["id"] for one in schema["propertyDefinition"]]
    (subject,) = [one for one in properties if text_of(one, "id") == "appEmail:subject"]
    assert subject.tag == f"{NAMESPACE}propertyStringDefinition"
    assert [text_of(subject, name) for name in ("propertyType", "cardinality", "required", "maxLength")] == [
        *("string", "single", "false", "200")
    ]
    (table,) = [one for one in properties if text_of(one, "id") == "table"]
    assert [text_of(one, "id") for one in table.findall(f"{NAMESPACE}propertyStringDefinition")] == ["iColumn1", "iColumn2"]
    documents = root.findall(f"{NAMESPACE}typeDocumentDefinition")
    (email,) = [one for one in documents if text_of(one, "id") == EMAIL]
    assert [one.text for one in email.findall(f"{NAMESPACE}propertyReference")][:2] == ["appEmail:from", "appEmail:to"]
    (secondary,) = email.findall(f"{NAMESPACE}secondaryObjectTypeId")
    assert (secondary.text, secondary.get("static")) == ("system:rmDestructionRetention", "false")


def text_of(element: etree._Element, name: str) -> str | None:
    return element.findtext(f"{NAMESPACE}{name}")


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, XML_TYPE),
        ("*/*", XML_TYPE),
        (JSON_TYPE, JSON_TYPE),
        (XML_TYPE, XML_TYPE),
        ("application/json, application/xml;q=0.5", JSON_TYPE),
        ("text/xml", "text/xml"),
    ],
)
def test_the_client_chooses_between_json_and_xml(ann: Client, accept: str | None, answered: str) -> None:
    response = ann("GET", f"{SCHEMA}/native", **({} if accept is None else {"accept": accept}))
    assert (response.status, response.headers["content-type"]) == (200, answered)
    assert response.headers["vary"] == "Accept"


def test_what_is_neither_json_nor_xml_is_not_there(ann: Client) -> None:
    assert ann("GET", f"{SCHEMA}/native", accept="image/png").status == 406


@pytest.mark.parametrize("name", ["native.json", "native.xml", "native"])
def test_who_knows_the_schema_is_told_so(ann: Client, bob: Client, name: str) -> None:
    first = ann("GET", f"{SCHEMA}/{name}")
    assert bob("GET", f"{SCHEMA}/{name}", if_none_match=first.etag).status == 304
    assert bob("GET", f"{SCHEMA}/{name}", if_none_match='"other"').status == 200
    assert bob("GET", f"{SCHEMA}/{name}").etag == first.etag


def test_representations_have_tags_of_their_own(ann: Client) -> None:
    assert ann("GET", f"{SCHEMA}/native.json").etag != ann("GET", f"{SCHEMA}/native.xml").etag


@pytest.mark.parametrize("path", ["schema/native.json", "schema/native", "permissions"])
def test_schema_and_permissions_ask_for_a_sign_in_and_the_tenant(ann: Client, nobody: Client, path: str) -> None:
    assert refusal(nobody("GET", f"/api/dms/{path}")) == (401, 2001)
    assert ann("GET", f"/api/dms/{path}", x_id_tenant_name="other").status == 401


MORE: Final = """
[yuuvis."app:contract"]
label = "Contract"
content = "required"
secondary = ["app:signed"]
properties = [
    { name = "app:number", kind = "text", required = true, min_length = 3, pattern = "[0-9]+", default = "000" },
    { name = "app:extra", kind = "structured" },
    { name = "app:secret", kind = "text", hidden = true },
]

[yuuvis."app:signed"]
label = "Signed"
base = "secondary"
properties = [{ name = "app:signer", kind = "text" }]
"""


def test_types_of_further_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "more.toml").write_text(MORE)
    schema = schema_of(load([tmp_path]))
    contract = next(one for one in schema.type_document_definition if one.id == "app:contract")
    assert contract.content_stream_allowed == "required"
    assert [(one.value, one.static) for one in contract.secondary_object_type_id or ()] == [
        ("system:rmDestructionRetention", False),
        ("app:signed", True),
    ]
    assert [one.value for one in contract.property_reference] == ["app:number", "app:extra"]
    told = {one.id: one for one in schema.property_definition}
    number = told["app:number"]
    assert (number.min_length, number.regex, number.default_value) == (3, "[0-9]+", ["000"])
    assert told["app:extra"].property_type == "structureddata"
    assert "app:secret" not in told


def test_permissions_name_the_types_of_each(ann: Client) -> None:
    response = ann("GET", "/api/dms/permissions")
    assert response.status == 200
    assert response.json.keys() == {"CREATE", "READ", "WRITE", "DELETE"}
    for found in response.json.values():
        assert found == {
            "folderTypeIds": ["folder"],
            "objectTypeIds": [EMAIL, "document"],
            "secondaryObjectTypeIds": ["system:rmDestructionRetention"],
        }
