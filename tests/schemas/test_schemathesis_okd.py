"""OKD against its own OpenAPI document."""

from __future__ import annotations

from typing import Final

import pytest
from schemathesis import Case, Response

from davgate.app import Application
from davgate.rest.dialects import DIALECTS
from tests.protocol.client import Client
from tests.schemas.requests import LeftOut, Subject
from tests.schemas.stock import Stock


def _is_lock(case: Case, _response: Response) -> bool:
    return case.operation.definition.raw["operationId"].startswith("lock")


def _is_of_another_association(case: Case, response: Response) -> bool:
    return response.status_code == 422 and "associationId" in [one["field"] for one in response.json()["errors"]]


def _has_other_consumers(case: Case, response: Response) -> bool:
    metadata = case.body.get("metadata") if isinstance(case.body, dict) else None
    return response.status_code == 201 and isinstance(metadata, dict) and "consumers" in metadata


def _has_nul(_case: Case, response: Response) -> bool:
    return response.status_code == 422 and "U+0000" in response.text


def _is_empty(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and response.json()["code"] == "empty-content"


def _has_file_of_another_type(case: Case, response: Response) -> bool:
    file = case.body.get("file", "") if isinstance(case.body, dict) else ""
    return response.status_code == 201 and not isinstance(file, str | bytes)


OKD: Final = Subject(
    DIALECTS["okd"]({}),
    "/okd/v1",
    {"id": lambda thing: thing.uuid},
    (
        LeftOut("negative_data_rejection", "section 7: bodies of _lock are ignored, but for the timeout", _is_lock),
        LeftOut("negative_data_rejection", "section 4.1: what is for other consumers is kept as sent", _has_other_consumers),
        LeftOut("negative_data_rejection", "section 4: in a form any file is bytes", _has_file_of_another_type),
        LeftOut("positive_data_acceptance", "section 6: an empty body is 400, which no schema can say of bytes", _is_empty),
        LeftOut("positive_data_acceptance", "U+0000 is refused, which a schema could only say of each text", _has_nul),
        LeftOut("positive_data_acceptance", "section 2: the address names the association", _is_of_another_association),
    ),
)


@pytest.mark.parametrize("operation_id", OKD.operation_ids)
def test_answers_are_as_the_document_says(app: Application, ann: Client, stock: Stock, operation_id: str, cases: int) -> None:
    OKD.hold_to_document(app, ann, stock, operation_id, cases=cases)
