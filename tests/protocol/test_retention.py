"""A document under retention on the drive, and through the doors that have an answer of their own for it."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.protocol import gever
from tests.protocol.client import Client
from tests.protocol.okd import deliver
from tests.protocol.yuuvis import BASE, of, patch, values

UNTIL = "2031-01-01T00:00:00.000Z"
KEPT = "2031-01-01T00:00:00.000000Z"
"""The same as refusals tell it, without the place on the drive, which is nothing to who comes through another door."""


def retain(client: Client, uuid: str) -> None:
    """Put a document under retention."""
    said = values(system__secondaryObjectTypeIds=["system:rmDestructionRetention"], system__rmExpirationDate=UNTIL)
    assert patch(client, of(said), to=f"{BASE}/{uuid}").status == 200


@pytest.fixture
def document(ann: Client) -> str:
    """The address through OKD of a document under retention."""
    delivered = deliver(ann)
    retain(ann, delivered.rpartition("/")[2])
    return delivered


FILED = "/dav/OKD/2026-11/a.txt"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_drive_refuses_content_and_removal(ann: Client, root_admin: Client, document: str, method: str) -> None:
    for client in (ann, root_admin):
        response = client(method, FILED, b"two" if method == "PUT" else b"")
        assert response.status == 409
        assert "2031-01-01" in response.body.decode()

    assert ann.get(FILED) == b"hello world"


def test_drive_refuses_to_remove_the_folder_above(ann: Client, document: str) -> None:
    assert ann("DELETE", "/dav/OKD").status == 409


def test_drive_renames_it(ann: Client, document: str) -> None:
    moved = ann("MOVE", FILED, destination="http://drive.test/dav/b.txt")

    assert moved.status == 201
    assert ann.get("/dav/b.txt") == b"hello world"


def test_other_door_refuses_content_and_removal(ann: Client, document: str) -> None:
    assert ann("PATCH", document, b"two", content_type="text/plain").status == 409
    refused = ann("DELETE", document).json
    assert (refused["code"], refused["detail"]) == ("retention", f"The document has to be kept as it is until {KEPT}.")
    of_lora = ann("DELETE", document.replace("/okd/v1/documents", "/lora/dokument/dokument"))
    assert (of_lora.status, of_lora.json["message"]) == (409, f"The object has to be kept as it is until {KEPT}.")


def test_door_with_check_outs_refuses_content_and_removal(ann: Client) -> None:
    document = gever.a_document(ann, gever.a_dossier(ann))
    retain(ann, str(UUID(document.seen_by(ann)["UID"])))

    document.post(ann, "@checkout")
    assert document.ask(ann, "PATCH", "", {"file": gever.text_file("two")}).status == 409
    document.post(ann, "@cancelcheckout")
    assert document.ask(ann, "POST", "@trash").status == 409
    refused = document.ask(ann, "DELETE")
    assert (refused.status, refused.json["message"]) == (409, f"The object has to be kept as it is until {KEPT}.")
    document.patch(ann, {"title": "Beta"})

    assert document.file_for(ann) == b"alpha v0"
