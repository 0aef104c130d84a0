"""Workflows through Dynacase: states, steps, and the revisions that they begin."""

from __future__ import annotations

import json
from typing import Any

import pytest

from davgate.app import Application
from davgate.core import revisions
from davgate.core.principals import groups
from davgate.core.revisions import Shown
from davgate.core.store import Store
from davgate.rest.dynacase.operations import dialect
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import BASE, JSON, article, attributes, create, data_of, put, refusal_of, shown


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    return serve(store, dialects={"/api/v1": dialect({})})


@pytest.fixture
def cookbook(ann: Client) -> str:
    return f"{BASE}/documents/{create(ann, 'MY_COOKBOOK', ba_title='Soups')['properties']['id']}"


def step(client: Client, document: str, transition: str, **said: object) -> Response:
    """Take a step."""
    return client("POST", f"{document}/workflows/transitions/{transition}", json.dumps(said), content_type="application/json")


def properties(client: Client, document: str) -> dict[str, Any]:
    found: dict[str, Any] = shown(client, document)["properties"]
    return found


def test_case_21_step_begins_a_revision_in_the_next_state(ann: Client, cookbook: str) -> None:
    old_id = properties(ann, cookbook)["id"]

    taken = data_of(step(ann, cookbook, "t_submit"), 201)

    assert taken["state"]["id"] == "review"
    now = properties(ann, f"{BASE}/documents/{old_id}")
    assert (now["revision"], now["initid"], now["state"]) == (1, old_id, "review")
    assert now["id"] != old_id
    listed = data_of(ann("GET", f"{cookbook}/revisions/"))["revisions"]
    assert [one["properties"]["revision"] for one in listed] == [1, 0]
    first = data_of(ann("GET", f"{cookbook}/revisions/0"))["revision"]["properties"]
    assert (first["state"], first["status"], first["id"]) == ("draft", "fixed", old_id)


def test_case_21_step_that_does_not_begin_here_is_refused(ann: Client, cookbook: str) -> None:
    assert refusal_of(step(ann, cookbook, "t_publish")) == (404, "CRUD0235")
    assert refusal_of(step(ann, cookbook, "t_nowhere")) == (404, "CRUD0235")
    assert properties(ann, cookbook)["revision"] == 0


def test_case_22_change_by_the_id_of_an_old_revision_changes_the_newest(ann: Client, cookbook: str) -> None:
    step(ann, cookbook, "t_submit")

    changed = data_of(put(ann, cookbook, ba_title="Stews"))["document"]["properties"]

    assert (changed["revision"], changed["title"]) == (1, "Stews")
    first = data_of(ann("GET", f"{cookbook}/revisions/0"))["revision"]
    assert first["attributes"]["ba_title"]["value"] == "Soups"
    for method in ("PUT", "POST", "DELETE"):
        assert refusal_of(ann(method, f"{cookbook}/revisions/0")) == (405, "API0103")
    newest = changed["id"]
    assert data_of(put(ann, f"{BASE}/documents/{newest}", ba_title="Broths"))["document"]["properties"]["revision"] == 1


def test_document_goes_all_the_way_and_back(ann: Client, cookbook: str) -> None:
    for transition, state in (("t_submit", "review"), ("t_reject", "draft"), ("t_submit", "review"), ("t_publish", "published")):
        assert data_of(step(ann, cookbook, transition), 201)["state"]["id"] == state

    assert properties(ann, cookbook)["revision"] == 4
    listed = data_of(ann("GET", f"{cookbook}/revisions/"))["revisions"]
    assert [one["properties"]["state"] for one in listed] == ["published", "review", "draft", "review", "draft"]
    assert data_of(ann("GET", f"{cookbook}/workflows/states/"))["states"] == []
    fixed = data_of(ann("GET", f"{cookbook}/revisions/state:review"))["revision"]["properties"]
    assert (fixed["revision"], fixed["state"]) == (3, "review")
    assert refusal_of(ann("GET", f"{cookbook}/revisions/state:published")) == (404, "API0220")


def test_states_that_can_be_reached_are_listed_or_all_of_them(ann: Client, cookbook: str) -> None:
    step(ann, cookbook, "t_submit")
    number = cookbook.rpartition("/")[2]
    place = f"api/v1/documents/{number}/workflows"

    reachable = data_of(ann("GET", f"{cookbook}/workflows/states/"))
    every = data_of(ann("GET", f"{cookbook}/workflows/states/?allStates=1"))["states"]

    assert reachable["uri"] == f"{place}/states/"
    assert [one["id"] for one in reachable["states"]] == ["draft", "published"]
    assert reachable["states"][0] == {
        "id": "draft",
        "label": "Draft",
        "activity": "Writing",
        "displayValue": "Writing",
        "color": "#dddddd",
        "uri": f"{place}/states/draft",
        "transition": {"uri": f"{place}/transitions/t_reject", "label": "Reject"},
    }
    assert [(one["id"], one["transition"] is None) for one in every] == [("draft", False), ("review", True), ("published", False)]


def test_single_state_tells_whether_it_is_the_current_one(ann: Client, cookbook: str) -> None:
    draft = data_of(ann("GET", f"{cookbook}/workflows/states/draft"))["state"]
    review = data_of(ann("GET", f"{cookbook}/workflows/states/review"))["state"]

    assert (draft["isCurrentState"], draft["transition"]) == (True, None)
    assert review["isCurrentState"] is False
    assert review["transition"]["label"] == "Submit"
    assert refusal_of(ann("GET", f"{cookbook}/workflows/states/nowhere")) == (404, "CRUD0228")


def test_steps_are_listed_and_told(ann: Client, cookbook: str) -> None:
    listed = data_of(ann("GET", f"{cookbook}/workflows/transitions/"))["transitions"]
    reject = data_of(ann("GET", f"{cookbook}/workflows/transitions/t_reject"))

    assert [one["id"] for one in listed] == ["t_submit"]
    assert reject["transition"] == {
        "id": "t_reject",
        "beginState": "review",
        "endState": "draft",
        "label": "Reject",
        "askComment": True,
        "askAttributes": [],
    }
    assert refusal_of(ann("GET", f"{cookbook}/workflows/transitions/nothing")) == (404, "CRUD0229")


def test_step_is_taken_by_the_name_of_the_state_too(ann: Client, cookbook: str) -> None:
    taken = ann("POST", f"{cookbook}/workflows/states/review")

    told = data_of(taken, 201)
    assert (told["state"]["id"], told["state"]["isCurrentState"]) == ("review", True)
    assert told["uri"].endswith("/workflows/states/review")
    for state in ("review", "nowhere"):
        assert refusal_of(ann("POST", f"{cookbook}/workflows/states/{state}")) == (404, "CRUD0235")


def test_comment_of_a_step_goes_to_the_history(ann: Client, cookbook: str) -> None:
    step(ann, cookbook, "t_submit", comment="Please look", parameters={"any": [1]})

    newest = data_of(ann("GET", f"{cookbook}/history/"))["history"][0]

    assert newest["properties"]["state"] == "review"
    (message,) = newest["messages"]
    assert (message["code"], message["uname"]) == ("REVISION", "ann")
    assert "Please look" in message["comment"]


def test_revision_in_the_same_state_is_a_change_and_no_step(ann: Client, cookbook: str) -> None:
    body = attributes(ba_cost=7)
    assert ann("PUT", f"{cookbook}?revise=true", body, content_type=JSON).status == 200
    step(ann, cookbook, "t_submit")
    assert ann("PUT", f"{cookbook}?revise=true", body, content_type=JSON).status == 200

    told = data_of(ann("GET", f"{cookbook}/history/"))["history"]

    assert [(one["properties"]["state"], [message["code"] for message in one["messages"]]) for one in told] == [
        ("review", ["MODIFY"]),
        ("review", ["REVISION"]),
        ("draft", ["MODIFY"]),
        ("draft", ["CREATE"]),
    ]
    assert [message["level"] for one in told for message in one["messages"]] == ["notice", "message", "notice", "notice"]
    assert told[1]["messages"][0]["comment"] == "State review"
    for no, one in enumerate(reversed(told)):
        assert data_of(ann("GET", f"{cookbook}/history/?revision={no}"))["history"] == [one]
    assert data_of(ann("GET", f"{cookbook}/history/?slice=1&offset=1"))["history"] == [told[1]]


def test_family_without_workflow_has_no_states_and_no_steps(ann: Client) -> None:
    document = article(ann)

    for place in ("states/", "states/draft", "transitions/", "transitions/t_submit"):
        assert refusal_of(ann("GET", f"{document}/workflows/{place}")) == (404, "CRUD0227")
    assert refusal_of(step(ann, document, "t_submit")) == (404, "CRUD0227")
    assert "state" not in properties(ann, document)


def test_step_is_refused_while_somebody_else_has_locked_the_document(ann: Client, bob: Client, cookbook: str) -> None:
    assert ann("POST", f"{cookbook}/locks/permanent").status == 201

    assert refusal_of(step(bob, cookbook, "t_submit")) == (403, "CRUD0230")
    assert step(ann, cookbook, "t_submit").status == 201


@pytest.mark.parametrize(
    ("body", "expected"), [("{", (400, "API0208")), ('{"comment": 1}', (400, "API0208")), ("[]", (400, "API0208"))]
)
def test_body_that_is_none_takes_no_step(ann: Client, cookbook: str, body: str, expected: tuple[int, str]) -> None:
    response = ann("POST", f"{cookbook}/workflows/transitions/t_submit", body, content_type="application/json")

    assert refusal_of(response) == expected
    assert properties(ann, cookbook)["state"] == "draft"


def test_body_in_json_that_says_no_step_is_told_what_is_wrong(ann: Client, cookbook: str) -> None:
    response = ann("POST", f"{cookbook}/workflows/states/review", '{"comment": 5}', content_type=JSON)

    assert refusal_of(response) == (400, "API0208")
    assert response.json["messages"][0]["contentText"] == "The body is to be an object, with a text as its comment"
    assert "comment: Expected" in response.json["exceptionMessage"]


def test_stale_condition_takes_no_step(ann: Client, cookbook: str) -> None:
    tag = ann("GET", cookbook).etag
    put(ann, cookbook, ba_title="Stews")

    refused = ann("POST", f"{cookbook}/workflows/transitions/t_submit", if_match=tag)

    assert refusal_of(refused) == (412, "API0412")
    assert properties(ann, cookbook)["state"] == "draft"


def test_state_cannot_be_set_as_an_attribute(ann: Client, cookbook: str) -> None:
    assert refusal_of(put(ann, cookbook, state="published")) == (500, "API0211")
    assert properties(ann, cookbook)["state"] == "draft"


def test_step_of_what_is_deleted_meanwhile_is_told_that_it_is_in_the_trash(
    ann: Client, bob: Client, cookbook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = revisions.update

    def after_a_deletion(*given: Any, **named: Any) -> Shown:
        assert ann("DELETE", cookbook).status == 200
        return update(*given, **named)

    monkeypatch.setattr(revisions, "update", after_a_deletion)

    refused = step(bob, cookbook, "t_submit")

    assert refusal_of(refused) == (404, "API0219")
    assert refused.json["messages"][0]["uri"] == f"api/v1/trash/{cookbook.rpartition('/')[2]}.json"


def test_step_is_told_and_taken_once_though_the_account_changes_with_its_commit(
    ann: Client, cookbook: str, store: Store, root_admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups.add(store, root_admin.ctx, "cooks")
    update = revisions.update

    def before_ann_joins(*given: Any, **named: Any) -> Shown:
        after = update(*given, **named)
        groups.join(store, root_admin.ctx, "cooks", "ann")
        return after

    with monkeypatch.context() as patched:
        patched.setattr(revisions, "update", before_ann_joins)
        response = ann("POST", f"{cookbook}/workflows/transitions/t_submit")

    assert data_of(response, 201)["state"]["id"] == "review"
    assert properties(ann, cookbook)["revision"] == 1


def test_step_is_told_though_the_document_is_deleted_right_after(
    ann: Client, bob: Client, cookbook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = revisions.update

    def before_a_deletion(*given: Any, **named: Any) -> Shown:
        after = update(*given, **named)
        assert bob("DELETE", cookbook).status == 200
        return after

    monkeypatch.setattr(revisions, "update", before_a_deletion)

    assert data_of(step(ann, cookbook, "t_submit"), 201)["state"]["id"] == "review"
