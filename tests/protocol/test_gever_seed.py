"""The manual's addresses and answers, as far as objects make them: filing positions, dossiers and documents by their names."""

from __future__ import annotations

from typing import Any

import pytest

from davgate.core.store import Store
from tests.builders import findings
from tests.protocol.client import Client
from tests.protocol.gever import MOUNT, ORIGIN, a_document, send

BASE = ORIGIN + MOUNT
ROOT = "opengever.repository.repositoryroot"
FOLDER = "opengever.repository.repositoryfolder"
DOSSIER = "opengever.dossier.businesscasedossier"


def made(client: Client, container: str, kind: str, title: str) -> str:
    response = send(client, "POST", container, {"@type": kind, "title": title})
    assert response.status == 201, response
    return str(response.json["@id"])


@pytest.fixture
def position(ann: Client) -> str:
    """The manual's filing position for the recruitment of staff."""
    url = made(ann, BASE, ROOT, "Ordnungssystem")
    for title in ("Ressourcen und Support", "Personal", "Personalrekrutierung"):
        url = made(ann, url, FOLDER, title)
    return url


def test_positions_are_called_as_in_the_manual(ann: Client, position: str) -> None:
    assert position == f"{BASE}/ordnungssystem/ressourcen-und-support/personal/personalrekrutierung"
    assert made(ann, f"{BASE}/ordnungssystem", FOLDER, "Führung") == f"{BASE}/ordnungssystem/fuehrung"


def test_dossiers_and_documents_are_numbered_as_in_the_manual(ann: Client, store: Store, position: str) -> None:
    dossiers = [made(ann, position, DOSSIER, f"Stelle {no}") for no in range(1, 5)]
    documents = [a_document(ann, dossiers[-1], title=f"Bewerbung {no}").url for no in range(1, 3)]

    assert dossiers[-1] == f"{position}/dossier-4"
    assert documents[-1] == f"{position}/dossier-4/document-2"
    below = "ordnungssystem/ressourcen-und-support/personal/personalrekrutierung/dossier-4/document-2"
    assert send(ann, "GET", documents[-1]).json["relative_path"] == below
    assert findings(store) == []


def test_check_out_is_refused_as_in_the_manual(ann: Client, position: str) -> None:
    document = a_document(ann, made(ann, position, DOSSIER, "Stelle"))
    target = document.url.removeprefix(ORIGIN)
    first, second = (ann("POST", f"{target}/@checkout", accept="application/json") for _ in range(2))

    assert (first.status, first.body) == (204, b"")
    assert (second.status, second.headers["content-type"]) == (403, "application/json")
    assert second.json["error"] == {"message": "Checkout is not allowed.", "type": "Forbidden"}


@pytest.mark.parametrize(
    ("service", "body", "status"),
    [
        ("@checkout", "", 204),
        ("@lock", "", 200),
        ("@refresh-lock", "", 200),
        ("@lock", '{\n    "timeout": 86400\n}', 200),
        ("@unlock", "", 200),
    ],
)
def test_every_request_of_the_manual_is_known(ann: Client, position: str, service: str, body: str, status: int) -> None:
    document = a_document(ann, made(ann, position, DOSSIER, "Stelle"))
    response = ann("POST", f"{document.url.removeprefix(ORIGIN)}/{service}", body, accept="application/json")

    assert response.status == status


def test_sequence_of_the_manual_is_gone_through(ann: Client, position: str) -> None:
    document = a_document(ann, made(ann, position, DOSSIER, "Stelle"))

    def post(service: str, fields: Any = None) -> int:
        return document.ask(ann, "POST", service, fields).status

    assert [post("@checkout"), post("@lock"), post("@unlock"), post("@checkin", {"comment": "Kapitel 3 - 6 korrigiert."})] == [
        204,
        200,
        200,
        204,
    ]
    assert document.get(ann, "@history")[0]["comments"] == "Kapitel 3 - 6 korrigiert."
