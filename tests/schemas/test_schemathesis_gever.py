"""GEVER against its own OpenAPI document."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import pytest
from schemathesis import Case, Response

from davgate.app import Application
from davgate.rest.dialects import DIALECTS
from davgate.rest.gever.services import PLAIN_SERVICES
from tests.protocol.client import Client
from tests.schemas.requests import LeftOut, Subject
from tests.schemas.stock import Kind, Stock


def _always(_case: Case, _response: Response) -> bool:
    return True


def _has_no_base64(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and "The data are not in base64." in response.text


def _takes_title_of_container(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and "Required input is missing." in response.text


def _has_no_text_in_base64(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and "Upload-Metadata" in response.text


def _is_in_no_state_for_trash(_case: Case, response: Response) -> bool:
    return response.status_code == 400 and response.json()["message"].startswith(("msg_trash_", "msg_already_trashed"))


def _may_name_an_object(case: Case, response: Response) -> bool:
    return response.request.method == "OPTIONS" and case.operation.path.rpartition("/")[2] in PLAIN_SERVICES


GEVER: Final = Subject(
    DIALECTS["gever"]({}),
    "/gever",
    {
        "path": lambda thing: "/".join(quote(segment) for segment in thing.address),
        "version": lambda _thing: "1",
        "id": lambda _thing: "ann",
        "upload_id": lambda thing: thing.upload_id,
    },
    (
        LeftOut("unsupported_method", "a.1: a method that a service does not have is 404", _always),
        LeftOut("positive_data_acceptance", "b.4: bad base64 is 400, and only some data are base64", _has_no_base64),
        LeftOut("positive_data_acceptance", "c.1: a document may lack a title, a container may not", _takes_title_of_container),
        LeftOut(
            "positive_data_acceptance",
            "e.2: what cannot be trashed now is 400",
            _is_in_no_state_for_trash,
        ),
        LeftOut("positive_data_acceptance", "d.6: metadata are UTF-8 in base64", _has_no_text_in_base64),
        LeftOut("allow_header_conformance", "d.6: an object may be called as a service without @ is", _may_name_an_object),
    ),
    kinds=dict.fromkeys(("create", "copy", "move", "begin-upload"), Kind.CONTAINER)
    | dict.fromkeys(("show-upload", "append-to-upload", "give-up-upload"), Kind.UPLOAD),
)


@pytest.mark.parametrize("operation_id", GEVER.operation_ids)
def test_answers_are_as_the_document_says(app: Application, ann: Client, stock: Stock, operation_id: str, cases: int) -> None:
    GEVER.hold_to_document(app, ann, stock, operation_id, cases=cases)
