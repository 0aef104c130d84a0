"""Objects of types that an installation brings along: what a type asks for beyond those that are shipped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from davgate.app import Application
from davgate.core import describing
from davgate.core.object_types import load
from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.yuuvis import (
    HELLO,
    address,
    envelope,
    imported,
    of,
    only,
    part,
    patch,
    post,
    post_form,
    refusal,
    said,
    shown,
    upload,
    values,
)

TYPES = """
[yuuvis."own:contract"]
label = "Contract"
base = "document"
content = "required"
secondary = ["own:marked"]
properties = [
    { name = "own:name", kind = "text", required = true, stored_as = "title" },
    { name = "own:state", kind = "text", required = true, default = "draft", pattern = "[a-z]+" },
    { name = "own:note", kind = "text", default = "none" },
    { name = "own:data", kind = "structured" },
    { name = "own:times", kind = "datetime", multiple = true },
    { name = "own:secret", kind = "text", hidden = true },
]

[yuuvis."own:note"]
label = "Note"
base = "document"
content = "none"
properties = [{ name = "own:text", kind = "text" }]

[yuuvis."own:base"]
label = "Base"
base = "document"
creatable = false

[yuuvis."own:marked"]
label = "Marked"
base = "secondary"
properties = [{ name = "own:mark", kind = "integer", default = 7 }]

[yuuvis."own:checked"]
label = "Checked"
base = "secondary"
properties = [
    { name = "own:checker", kind = "text", required = true },
    { name = "own:grade", kind = "integer", required = true, default = 1 },
]
"""
CONTRACT = values(system__objectTypeId="own:contract", own__name="Lease")


@pytest.fixture
def app(serve: Serve, store: Store, tmp_path: Path) -> Application:
    """An application with further types."""
    folder = tmp_path / "types"
    folder.mkdir()
    (folder / "own.toml").write_text(TYPES)
    return serve(replace(store, types=load([folder])))


@pytest.fixture
def contract(ann: Client) -> str:
    return address(only(post_form(ann, envelope(of(CONTRACT, {"cid": "c"})), part("c", HELLO, None, "a.txt"))))


def test_defaults_and_static_secondary_types_are_there_from_the_start(ann: Client, contract: str) -> None:
    read = said(shown(ann, contract))

    assert (read["own:state"], read["own:note"], read["own:mark"]) == ("draft", "none", 7)
    assert read["system:secondaryObjectTypeIds"] == ["own:marked"]


def test_content_that_a_type_requires_or_does_not_have(ann: Client) -> None:
    assert refusal(post(ann, of(CONTRACT))) == (422, 2400)
    note = of(values(system__objectTypeId="own:note"))
    assert refusal(post_form(ann, envelope({**note, "contentStreams": [{"cid": "c"}]}), part("c", HELLO))) == (422, 2400)
    made = imported(ann, note)
    assert refusal(upload(ann, made)) == (422, 2400)
    with_content = {**of({}), "contentStreams": [{"cid": "c"}]}
    assert refusal(post_form(ann, envelope(with_content), part("c", HELLO), to=made)) == (422, 2400)


def test_type_of_which_there_are_no_objects_is_refused(ann: Client) -> None:
    assert refusal(post(ann, of(values(system__objectTypeId="own:base")))) == (422, 2400)


def test_default_comes_back_for_what_is_required_and_missing_alone(ann: Client, contract: str) -> None:
    updated = said(only(post(ann, of(values(own__name="Lease", own__state=None)), to=contract)))

    assert updated["own:state"] == "draft"
    assert {"own:note", "own:mark"}.isdisjoint(updated)


def test_static_secondary_type_stays_and_is_sent_back(ann: Client, contract: str) -> None:
    read = shown(ann, contract)
    assert post(ann, read, to=contract).status == 200
    assert said(only(post(ann, of(values(own__name="x")), to=contract)))["system:secondaryObjectTypeIds"] == ["own:marked"]


def test_floating_type_comes_with_what_it_requires(ann: Client, contract: str) -> None:
    types = values(system__secondaryObjectTypeIds=["own:checked"])
    assert refusal(patch(ann, of(types), to=contract)) == (422, 2400)

    checked = said(only(patch(ann, of(types | values(own__checker="bob")), to=contract)))

    assert checked["system:secondaryObjectTypeIds"] == ["own:marked", "own:checked"]
    assert (checked["own:checker"], checked["own:grade"], checked["own:mark"]) == ("bob", 1, 7)
    assert refusal(patch(ann, of(values(own__grade=None)), to=contract)) == (422, 2400)
    gone = said(only(patch(ann, of(values(system__secondaryObjectTypeIds=None)), to=contract)))
    assert {"own:checker", "own:grade"}.isdisjoint(gone)


def test_structured_data_and_times_are_given_back(ann: Client, contract: str) -> None:
    data = {"a": [1, {"b": None}], "ü": 1.5}
    times = ["2026-01-05T10:00:00.1234567+01:00", "2026-01-05T09:00:00Z"]
    sent = of(values(own__data=data, own__times=times))

    kept = said(only(patch(ann, sent, to=contract)))

    assert kept["own:data"] == data
    assert kept["own:times"] == ["2026-01-05T09:00:00.123Z", "2026-01-05T09:00:00.000Z"]
    assert refusal(patch(ann, of(values(own__state="NO")), to=contract)) == (422, 2400)


def test_hidden_property_is_not_shown_and_stays(store: Store, ann: Client, contract: str) -> None:
    assert patch(ann, of(values(own__secret="s")), to=contract).status == 200
    read = shown(ann, contract)
    assert "own:secret" not in read["properties"]

    assert post(ann, read, to=contract).status == 200
    it = describing.describe(store, ann.ctx, contract.rpartition("/")[2]).it
    assert it.metadata["yuuvis:own:secret"] == "s"


def test_title_of_a_type_is_the_title_through_every_door(ann: Client, contract: str) -> None:
    okd = ann("GET", f"/okd/v1/documents/{contract.rpartition('/')[2]}", accept="application/json")

    assert (okd.json["title"], okd.json["fileName"]) == ("Lease", "a.txt")
