"""yuuvis against its own OpenAPI document."""

from __future__ import annotations

from typing import Final

import pytest
from schemathesis import Case, Response
from schemathesis.core.parameters import ParameterLocation

from davgate.app import Application
from davgate.rest.dialects import DIALECTS
from tests.protocol.client import Client
from tests.schemas.requests import LeftOut, Subject
from tests.schemas.stock import Kind, Stock


def _does_not_fit(_case: Case, response: Response) -> bool:
    return response.status_code in (409, 422)


def _is_no_statement(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and response.json()["serviceErrorCode"] == 2150


def _has_a_fraction(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and "got `float`" in response.json()["message"]


def _has_an_id_twice(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and "there twice" in response.json()["message"]


def _locks_a_folder(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and "A folder is not locked here." in response.json()["message"]


def _is_history_of_nothing(case: Case, _response: Response) -> bool:
    is_aimed_at_nothing = case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH)
    return is_aimed_at_nothing and case.operation.path.endswith("/history")


_DIALECT: Final = DIALECTS["yuuvis"]({})
YUUVIS: Final = Subject(
    _DIALECT,
    "/api/dms",
    {"id": lambda thing: thing.uuid, "n": lambda _thing: "1"},
    (
        LeftOut("positive_data_acceptance", "sections 1 and 5: an object has to fit its type, and what it is now", _does_not_fit),
        LeftOut("positive_data_acceptance", "section 9: the grammar of statements is told to people alone", _is_no_statement),
        LeftOut("positive_data_acceptance", "RFC 8259, 6: a whole number is one without any fraction here", _has_a_fraction),
        LeftOut("positive_data_acceptance", "section 11: locking a folder is 400", _locks_a_folder),
        LeftOut("positive_data_acceptance", "section 6: no id twice, which no schema can say", _has_an_id_twice),
        LeftOut("negative_data_rejection", "section 12: the history of what is unknown is empty", _is_history_of_nothing),
    ),
    kinds=dict.fromkeys((operation.id for operation in _DIALECT.operations), Kind.TYPED),
)


@pytest.mark.parametrize("operation_id", YUUVIS.operation_ids)
def test_answers_are_as_the_document_says(app: Application, ann: Client, stock: Stock, operation_id: str, cases: int) -> None:
    YUUVIS.hold_to_document(app, ann, stock, operation_id, cases=cases)
