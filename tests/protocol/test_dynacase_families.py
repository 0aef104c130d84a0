"""Families of one's own, from a file of types: kinds of values that the shipped ones have not, and what descends from another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from davgate.app import Application
from davgate.core.object_types import load
from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import BASE, JSON, attributes, create, data_of, put, refusal_of, shown, value_of
from tests.protocol.okd import FORM, file_part, form

TYPES = """\
[dynacase.NOTE]
label = "Note"
properties = [
    { name = "no_title", kind = "text", stored_as = "title", max_length = 20 },
    { name = "no_done", kind = "boolean", section = "no_state" },
    { name = "no_due", kind = "datetime", section = "no_state" },
    { name = "no_about", kind = "id" },
    { name = "no_code", kind = "text", pattern = "[A-Z]{3}", required = true, default = "ABC" },
    { name = "no_cost", kind = "decimal" },
    { name = "no_days", kind = "date", multiple = true },
    { name = "no_scan", kind = "file", required = true },
]

[dynacase.LETTER]
label = "Letter"
extends = "NOTE"
properties = [{ name = "le_to", kind = "text" }]

[dynacase.FORM]
label = "Form"
creatable = false
properties = [{ name = "fo_title", kind = "text" }]
"""
SCAN = "no_scan"


@pytest.fixture
def app(serve: Serve, store: Store, tmp_path: Path) -> Application:
    """An application with these families, two hours east of Greenwich."""
    folder = tmp_path / "types"
    folder.mkdir()
    (folder / "notes.toml").write_text(TYPES, "utf-8")
    policy = replace(store.policy, time_zone=timezone(timedelta(hours=2)))
    return serve(replace(store, types=load([folder]), policy=policy))


@pytest.fixture
def scan(ann: Client) -> str:
    """The reference to a temporary file."""
    uploaded = data_of(ann("POST", f"{BASE}/temporaryFiles/", form(file_part()), content_type=FORM), 201)
    return str(uploaded["file"]["reference"])


@pytest.fixture
def note(ann: Client, scan: str) -> str:
    made = create(ann, "NOTE", no_title="Note", no_scan=scan)
    return f"{BASE}/documents/{made['properties']['id']}"


@pytest.mark.parametrize(
    ("attribute", "sent", "value", "display"),
    [
        ("no_done", "true", True, "true"),
        ("no_done", "0", False, "false"),
        ("no_done", False, False, "false"),
        ("no_due", "2026-01-05T09:30:00Z", "2026-01-05 11:30:00", "05/01/2026 11:30:00"),
        ("no_due", "2026-01-05 09:30:00", "2026-01-05 09:30:00", "05/01/2026 09:30:00"),
        ("no_due", "0900-01-05 09:30:00", "0900-01-05 09:30:00", "05/01/0900 09:30:00"),
        ("no_due", "9999-12-31T23:30:00Z", "9999-12-31 23:30:00Z", "31/12/9999 23:30:00Z"),
        ("no_about", 1234, "1234", "1234"),
        ("no_cost", "2.50", 2.5, "2.5"),
        ("no_cost", " 7 ", 7, "7"),
        ("no_cost", 1e2, 100.0, "100.0"),
        ("no_cost", 10**40, 1e40, "1e+40"),
        ("no_cost", -(2**63) - 1, -(2.0**63), str(-(2.0**63))),
        ("no_cost", "9999999999999999999", 1e19, "1e+19"),
        ("no_cost", 2**63 - 1, 2**63 - 1, str(2**63 - 1)),
        ("no_title", " kept as sent ", " kept as sent ", " kept as sent "),
    ],
)
def test_value_is_stored_and_told(ann: Client, note: str, attribute: str, sent: object, value: object, display: str) -> None:
    told = data_of(put(ann, note, **{attribute: sent}))["document"]["attributes"][attribute]

    assert told == {"value": value, "displayValue": display}
    assert data_of(put(ann, note, **{attribute: told["value"]}))["changes"] == {}


def test_days_are_taken_as_they_are_displayed(ann: Client, note: str) -> None:
    put(ann, note, no_days=["05/01/2026", "2026-01-06", ""])

    assert value_of(ann, note, "no_days") == ["2026-01-05", "2026-01-06"]


@pytest.mark.parametrize(
    ("attribute", "sent"),
    [("no_done", "perhaps"), ("no_done", 1), ("no_due", "now"), ("no_cost", "1e999"), ("no_cost", 10**400), ("no_cost", "1,5"),
     ("no_code", "abc"), ("no_title", "x" * 21), ("no_days", ["2026-01-05", "soon"]), ("no_about", {"id": 1}),
     ("no_done", ["true"])],
)  # fmt: skip
def test_value_that_does_not_fit_is_refused(ann: Client, note: str, attribute: str, sent: object) -> None:
    assert refusal_of(put(ann, note, **{attribute: sent})) == (500, "API0211")


def test_default_does_for_what_is_needed(ann: Client, note: str) -> None:
    assert value_of(ann, note, "no_code") == "ABC"
    assert refusal_of(put(ann, note, no_code="")) == (500, "API0212")


def test_needed_file_is_needed(ann: Client) -> None:
    response = ann("POST", f"{BASE}/families/NOTE/documents/", attributes(no_title="Note"), content_type=JSON)

    assert refusal_of(response) == (403, "API0205")
    assert response.json["data"]["id"] == SCAN


def test_sections_are_frames(ann: Client) -> None:
    structure: dict[str, Any] = data_of(ann("GET", f"{BASE}/families/LETTER?fields=family.structure"))["family"]["structure"]

    assert [list(frame["content"]) for frame in structure.values()] == [
        ["no_title", "no_about", "no_code", "no_cost", "no_days", "no_scan", "le_to"],
        ["no_done", "no_due"],
    ]
    assert list(structure) == ["letter_frame", "no_state"]


def test_descendants_are_of_the_family_too(ann: Client, note: str, scan: str) -> None:
    letter = create(ann, "LETTER", no_title="Letter", le_to="Bob", no_scan=scan)
    number = letter["properties"]["id"]

    notes = data_of(ann("GET", f"{BASE}/families/NOTE/documents/?orderBy=no_title:desc"))["documents"]
    letters = data_of(ann("GET", f"{BASE}/families/letter/documents/?fields=document.attributes.le_to"))["documents"]

    assert [one["properties"]["title"] for one in notes] == ["Note", "Letter"]
    assert [one["attributes"]["le_to"]["value"] for one in letters] == ["Bob"]
    assert shown(ann, f"{BASE}/families/NOTE/documents/{number}") == letter
    assert refusal_of(ann("GET", f"{BASE}/families/LETTER/documents/{note.rpartition('/')[2]}")) == (404, "API0220")
    assert data_of(ann("GET", f"{BASE}/families/LETTER?fields=document.properties.fromname"))["document"]["properties"] == {
        "fromname": "NOTE"
    }


def test_family_of_which_nothing_is_made_takes_nothing(ann: Client) -> None:
    response = ann("POST", f"{BASE}/families/FORM/documents/", attributes(fo_title="x"), content_type=JSON)

    assert refusal_of(response) == (403, "API0204")
