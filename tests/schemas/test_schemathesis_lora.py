"""LoRA against its own OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from schemathesis import Case, Response

from davgate.app import Application
from davgate.rest.dialects import DIALECTS
from tests.protocol.client import Client
from tests.schemas.requests import LeftOut, Subject
from tests.schemas.stock import Kind, Stock, Thing


def _is_a_payload(case: Case, response: Response) -> bool:
    return response.status_code == 400 and case.operation.definition.raw["operationId"] in (
        "create",
        "import",
        "update",
        "delete",
    )


def _has_a_message_about_times(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and any(
        f"{word} " in response.text or f"{word}:" in response.text
        for word in (
            "virkningstid",
            "virkningFra",
            "virkningfra",
            "virkningtil",
            "registreringstid",
            "registreretfra",
            "registrerettil",
        )
    )


def _has_more_than_a_payload(case: Case, response: Response) -> bool:
    return response.status_code < 300 and case.operation.definition.raw["operationId"] == "delete"


def _segment(place: int) -> Callable[[Thing], str]:
    return lambda thing: thing.stored[place]


_DIALECT: Final = DIALECTS["lora"]({})
LORA: Final = Subject(
    _DIALECT,
    "/lora",
    {
        "service": lambda thing: thing.lora_class[0],
        "class_name": lambda thing: thing.lora_class[1],
        "uuid": lambda thing: thing.uuid,
        **{name: _segment(place) for place, name in enumerate("year month day hour minute name".split())},
    },
    (
        LeftOut("positive_data_acceptance", "section 6: what a class says is checked by its own schema", _is_a_payload),
        LeftOut(
            "positive_data_acceptance",
            "3.4: an instant excludes a window, which has to have a length",
            _has_a_message_about_times,
        ),
        LeftOut("negative_data_rejection", "3.1: of the body of a deletion the note alone counts", _has_more_than_a_payload),
    ),
    kinds=dict.fromkeys((operation.id for operation in _DIALECT.operations), Kind.REGISTERED) | {"read-content": Kind.STORED},
)


@pytest.mark.parametrize("operation_id", LORA.operation_ids)
def test_answers_are_as_the_document_says(app: Application, ann: Client, stock: Stock, operation_id: str, cases: int) -> None:
    LORA.hold_to_document(app, ann, stock, operation_id, cases=cases)
