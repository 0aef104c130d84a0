"""The OpenAPI documents: valid, and saying what the operations say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.protocol import tiny_dialect

from davgate.rest.dialects import DIALECTS
from davgate.rest.openapi import describe
from davgate.rest.operations import Dialect
from davgate.rest.routing import Templates

EVERY = {"tiny": tiny_dialect.DIALECT} | {name: make({}) for name, make in DIALECTS.items()}


def described(dialect: Dialect) -> dict[str, Any]:
    """Return a document as a client reads it."""
    import msgspec

    return json.loads(msgspec.json.encode(describe(dialect, "/mount")))  # type: ignore[no-any-return]


@pytest.mark.parametrize("dialect", EVERY.values(), ids=EVERY.keys())
def test_document_is_valid(dialect: Dialect) -> None:
    OpenAPIV31SpecValidator(described(dialect)).validate()


@pytest.mark.parametrize("dialect", EVERY.values(), ids=EVERY.keys())
def test_every_operation_is_described_once(dialect: Dialect) -> None:
    paths = described(dialect)["paths"]
    ids = [operation["operationId"] for methods in paths.values() for operation in methods.values()]

    assert sorted(ids) == sorted(operation.id for operation in dialect.operations)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("dialect", EVERY.values(), ids=EVERY.keys())
def test_no_schema_is_left_over_or_missing(dialect: Dialect) -> None:
    document = described(dialect)
    text = json.dumps(document)

    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_two_operations_of_one_method_and_address_are_a_mistake() -> None:
    operations = tiny_dialect.DIALECT.operations

    with pytest.raises(ValueError, match="GET /notes is there twice"):
        Templates([*operations, operations[0]])


def test_query_and_path_are_parameters() -> None:
    paths = described(tiny_dialect.DIALECT)["paths"]

    assert [(p["name"], p["in"], p["required"]) for p in paths["/notes"]["get"]["parameters"]] == [
        ("pageSize", "query", False),
        ("deep", "query", False),
        ("field", "query", False),
    ]
    assert paths["/notes"]["get"]["parameters"][0]["schema"] == {"type": "integer", "minimum": 1, "maximum": 250, "default": 10}
    assert [(p["name"], p["in"], p["required"]) for p in paths["/notes/{name}"]["put"]["parameters"]] == [
        ("name", "path", True),
        ("If-Match", "header", False),
        ("Lock-Token", "header", False),
    ]


def test_bodies_are_described() -> None:
    paths = described(tiny_dialect.DIALECT)["paths"]
    form = paths["/forms"]["post"]["requestBody"]["content"]["multipart/form-data"]

    assert paths["/notes"]["post"]["requestBody"]["required"]
    assert not paths["/notes/{name}/_anything"]["post"]["requestBody"]["required"]
    assert list(paths["/notes/{name}"]["put"]["requestBody"]["content"]) == ["application/octet-stream"]
    assert form["schema"]["required"] == ["file"]
    assert form["schema"]["properties"]["note"] == {"$ref": "#/components/schemas/Note"}


def test_refusals_have_the_shape_of_the_dialect() -> None:
    responses = described(tiny_dialect.DIALECT)["paths"]["/notes/{name}"]["put"]["responses"]

    assert set(responses) == {"204", "400", "401", "403", "404", "412", "413", "414", "415", "423", "429", "503"}
    assert responses["423"]["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "content" not in responses["204"]


@pytest.mark.parametrize("dialect", EVERY.values(), ids=EVERY.keys())
def test_parameters_are_never_null(dialect: Dialect) -> None:
    operations = [operation for methods in described(dialect)["paths"].values() for operation in methods.values()]
    schemas = [parameter["schema"] for operation in operations for parameter in operation.get("parameters", ())]

    assert schemas
    assert '"null"' not in json.dumps(schemas)


def test_body_is_required_where_an_object_without_members_is_refused() -> None:
    paths = described(EVERY["gever"])["paths"]

    assert paths["/{path}/@move"]["post"]["requestBody"]["required"]
    assert not paths["/{path}/@lock"]["post"]["requestBody"]["required"]


def test_answer_that_may_be_content_says_so() -> None:
    answer = described(EVERY["okd"])["paths"]["/documents/{id}"]["get"]["responses"]["200"]

    assert set(answer["content"]) == {"application/json", "*/*"}
    assert answer["headers"]["ETag"]["required"]


def test_content_of_a_form_has_the_bytes_that_it_needs() -> None:
    form = described(EVERY["okd"])["paths"]["/documents"]["post"]["requestBody"]["content"]["multipart/form-data"]

    assert form["schema"]["properties"]["file"]["minLength"] == 1


def headers_of(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"}


@pytest.mark.parametrize("dialect", EVERY.values(), ids=EVERY.keys())
def test_content_that_is_sent_in_part_names_the_headers_by_which_it_is(dialect: Dialect) -> None:
    operations = [operation for path in described(dialect)["paths"].values() for operation in path.values()]

    for operation in operations:
        if "206" in operation["responses"]:
            assert {"Range", "If-Range", "If-None-Match", "If-Modified-Since"} <= headers_of(operation), operation["operationId"]
            assert operation["responses"]["416"]["headers"]["Content-Range"]["required"]


def test_condition_is_only_named_where_it_is_looked_at() -> None:
    paths = described(EVERY["yuuvis"])["paths"]

    assert all("If-Match" not in headers_of(operation) for operation in paths["/objects"].values())
    assert "If-Match" in headers_of(paths["/objects/{id}"]["delete"])
