"""Dynacase against its own OpenAPI document."""

from __future__ import annotations

from typing import Final

import pytest
from schemathesis import Case, Response

from davgate.app import Application
from davgate.rest.dialects import DIALECTS
from tests.protocol.client import Client
from tests.schemas.requests import LeftOut, Subject
from tests.schemas.stock import Kind, Stock

_ATTRIBUTES: Final = {"MY_ARTICLE": "my_file", "MY_COOKBOOK": "ba_title", "MY_FILE": "fi_file"}


def _code(response: Response) -> str:
    is_refused = response.status_code >= 400 and response.headers["content-type"] == ["application/json"]
    return str(response.json()["messages"][0]["code"]) if is_refused else ""


def _has_documented_fault(_case: Case, response: Response) -> bool:
    return _code(response) in ("API0211", "API0212") or response.status_code == 501


def _is_of_another_method(_case: Case, response: Response) -> bool:
    return _code(response) in ("API0007", "API0103")


def _does_not_fit(_case: Case, response: Response) -> bool:
    """Tell whether the attribute, state or lock of the document is another one than the request needs."""
    return response.status_code == 400 and _code(response).startswith(("CRUD02", "CRUD06"))


def _knows_no_such_attribute(_case: Case, response: Response) -> bool:
    return _code(response) in ("API0205", "API0211", "API0212")


def _kind(operation_id: str) -> Kind:
    return Kind.TRASHED if "trash" in operation_id or operation_id == "restore" else Kind.DOCUMENT


_DIALECT: Final = DIALECTS["dynacase"]({})
DYNACASE: Final = Subject(
    _DIALECT,
    "/api/v1",
    {
        "id": lambda thing: str(thing.id),
        "family": lambda thing: thing.family,
        "no": lambda _thing: "0",
        "attribute": lambda thing: _ATTRIBUTES[thing.family],
        "state": lambda _thing: "review",
        "transition": lambda _thing: "t_submit",
    },
    (
        LeftOut(
            "not_a_server_error",
            "3.2: what is wrong with an attribute is 500; 1.3: what is not built is 501",
            _has_documented_fault,
        ),
        LeftOut("unsupported_method", "1.3: methods that no address takes are 400", _is_of_another_method),
        LeftOut("positive_data_acceptance", "7, 10, 11: what does not fit the document is 400", _does_not_fit),
        LeftOut("positive_data_acceptance", "3.2: which attributes there are, the family says", _knows_no_such_attribute),
    ),
    kinds={operation.id: _kind(operation.id) for operation in _DIALECT.operations},
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try all operations; what has a second address below its family is tried at one of both by turns, with --long at both."""
    ids = DYNACASE.operation_ids
    twins = [(one, f"family-{one}") for one in ids if f"family-{one}" in ids]
    left_out = {pair[number % 2] for number, pair in enumerate(twins)}
    is_long = metafunc.config.getoption("--long")
    metafunc.parametrize("operation_id", [one for one in ids if is_long or one not in left_out])


def test_answers_are_as_the_document_says(app: Application, ann: Client, stock: Stock, operation_id: str, cases: int) -> None:
    DYNACASE.hold_to_document(app, ann, stock, operation_id, cases=cases)
