"""Values of properties: what is taken, how it is shown, and what is refused."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client
from tests.protocol.yuuvis import (
    EMAIL,
    NOBODYS,
    TABLE,
    Entry,
    an_email,
    an_imported_email,
    imported,
    of,
    only,
    patch,
    post,
    refusal,
    said,
    shown,
    values,
)


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


@pytest.mark.parametrize(
    ("name", "sent", "stored"),
    [
        ("appEmail:to", "alone", ["alone"]),
        ("appEmail:to", ["b", "a", "b"], ["b", "a", "b"]),
        ("appEmail:size", -(2**63), -(2**63)),
        ("appEmail:read", False, False),
        ("appEmail:received", "2018-01-26T16:21:17.1709+01:00", "2018-01-26T15:21:17.170Z"),
        ("appEmail:received", "2018-01-26T15:21:17Z", "2018-01-26T15:21:17.000Z"),
        ("appEmail:subject", "ü" * 200, "ü" * 200),
    ],
)
def test_value_is_shown_as_it_was_sent(ann: Client, name: str, sent: object, stored: object) -> None:
    made = imported(ann, an_email(**{name.replace(":", "__"): sent}))

    assert said(shown(ann, made))[name] == stored


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("appEmail:subject", ["a list"]),
        ("appEmail:subject", "x" * 201),
        ("appEmail:subject", 1),
        ("appEmail:subject", "a\0b"),
        ("appEmail:to", [1]),
        ("appEmail:to", ["a", None]),
        ("appEmail:size", 1.5),
        ("appEmail:size", 2**63),
        ("appEmail:size", True),
        ("appEmail:read", "true"),
        ("appEmail:received", "2018-01-26T15:21:170Z"),
        ("appEmail:received", 1516980077),
        ("system:secondaryObjectTypeIds", ["no:such"]),
        ("system:secondaryObjectTypeIds", [EMAIL]),
        ("system:parentId", "no-id"),
        ("system:parentId", NOBODYS),
    ],
)
def test_value_that_does_not_fit_is_refused(ann: Client, email: str, name: str, sent: object) -> None:
    assert refusal(post(ann, an_email(**{name.replace(":", "__"): sent}))) == (422, 2400)
    assert refusal(patch(ann, of({name: {"value": sent}}), to=email)) == (422, 2400)


@pytest.mark.parametrize("name", ["appEmail:subject", "system:versionNumber", "system:tags"])
def test_value_without_an_object_around_it_is_refused(ann: Client, email: str, name: str) -> None:
    assert refusal(patch(ann, of({name: 7}), to=email)) == (422, 2400)


@pytest.mark.parametrize("name", ["appEmail:to", "appEmail:subject"])
@pytest.mark.parametrize("nothing", [None, {"value": None}, {"value": []}, {}])
def test_no_value_takes_a_property_away(ann: Client, email: str, name: str, nothing: object) -> None:
    assert patch(ann, of({"appEmail:to": {"value": ["a"]}, "appEmail:subject": {"value": "x"}}), to=email).status == 200

    assert patch(ann, of({name: nothing}), to=email).status == 200

    assert name not in shown(ann, email)["properties"]


def test_further_members_of_a_value_mean_nothing(ann: Client, email: str) -> None:
    sent = {"appEmail:subject": {"value": "x", "title": "Subject", "clientOnly": 1}}

    assert said(only(patch(ann, of(sent), to=email)))["appEmail:subject"] == "x"


def test_table_is_put_into_the_order_of_the_schema(ann: Client, email: str) -> None:
    sent = {"columnNames": ["iColumn3", "iColumn1"], "value": [[True, "a"], [None, "b"]]}

    table = only(patch(ann, of({"table": sent}), to=email))["properties"]["table"]

    assert table == {"columnNames": TABLE["columnNames"], "value": [["a", None, True], ["b", None, None]]}


def test_table_without_names_has_the_columns_of_the_schema(ann: Client, email: str) -> None:
    table = only(patch(ann, of({"table": {"value": [["a", "b", True]]}}), to=email))["properties"]["table"]

    assert table == {"columnNames": TABLE["columnNames"], "value": [["a", "b", True]]}


@pytest.mark.parametrize(
    "sent",
    [
        {"columnNames": ["iColumn1"], "value": [["a", "b"]]},
        {"columnNames": ["iColumn1", "iColumn1"], "value": [["a", "b"]]},
        {"columnNames": ["no"], "value": [["a"]]},
        {"columnNames": "iColumn1", "value": [["a"]]},
        {"columnNames": [["iColumn1"]], "value": [["a"]]},
        {"columnNames": ["iColumn1"], "value": "a"},
        {"columnNames": ["iColumn1"], "value": ["a"]},
        {"value": [["a", "b"]]},
        {"value": [["a", "b", "true"]]},
        {"value": "x"},
    ],
)
def test_table_that_does_not_fit_is_refused(ann: Client, email: str, sent: Entry) -> None:
    assert refusal(patch(ann, of({"table": sent}), to=email)) == (422, 2400)
    assert shown(ann, email)["properties"]["table"] == TABLE


def test_decimal_may_be_larger_than_any_whole_number(ann: Client) -> None:
    made = imported(ann, of(values(system__objectTypeId="document", amount=10**19)))

    assert said(shown(ann, made))["amount"] == 1e19
    assert refusal(post(ann, of(values(system__objectTypeId="document", amount=10**400)))) == (422, 2400)
