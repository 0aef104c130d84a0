"""The update that the documentation of LoRA shows, replayed.

Its urn is one of ``dawa``, which the standard does not have: an update is held to the same rules as an import here, so that it is
refused as printed and taken with ``urn:`` before it.
"""

from __future__ import annotations

import json
from typing import Final

import pytest

from tests.protocol.client import Client, Response
from tests.protocol.lora import (
    BOUNDARY,
    MOUNT,
    UNIT,
    codes,
    entry,
    history,
    message_of,
    newest,
    rows,
    send,
    target,
    unit,
)

UUID: Final = "5fc97a7c-70df-4e97-82eb-64dc0a0f5746"
REQUEST: Final = """\
PATCH /organisation/organisationenhed/5fc97a7c-70df-4e97-82eb-64dc0a0f5746 HTTP/1.1
Content-Type: application/json
Host: example.com

{"relationer": {
     "adresser": [{
             "urn": "dawa:0a3f50c4-379f-32b8-e044-0003ba298018",
             "virkning": {
                 "from": "2018-01-01",
                 "to": "2019-09-01"
             }}]}}
"""
REPLY: Final = """\
HTTP/1.0 200 OK
Content-Length: 48
Content-Type: application/json
Date: Mon, 21 Jan 2019 12:40:36 GMT
Server: Werkzeug/0.14.1 Python/3.5.2

{
    "uuid": "5fc97a7c-70df-4e97-82eb-64dc0a0f5746"
}
"""
DAWA: Final = "dawa:0a3f50c4-379f-32b8-e044-0003ba298018"
ADDRESS: Final = f"urn:{DAWA}"


@pytest.fixture(autouse=True)
def before(ann: Client) -> None:
    """The unit that is updated, with an address of its own."""
    payload = unit(enhedsnavn="Kommunen") | {"relationer": {"adresser": [target("a" * 8 + "-0000-4000-8000-" + "0" * 12)]}}
    assert send(ann, "PUT", f"{UNIT}/{UUID}", payload).status == 200


def replayed(ann: Client, text: str) -> Response:
    """Send a request as it is printed, but for where this door is mounted."""
    head, _, body = text.partition("\n\n")
    request, *lines = head.splitlines()
    method, path, _ = request.split()
    headers = {name.lower().replace("-", "_"): value for name, value in (line.split(": ") for line in lines)}
    return ann(method, MOUNT + path, body, **headers)


def addresses(ann: Client) -> list[tuple[object, ...]]:
    return rows(newest(ann, UNIT, UUID)["relationer"]["adresser"], "urn")


def test_the_example_updates_the_addresses_alone(ann: Client) -> None:
    reply = replayed(ann, REQUEST.replace(DAWA, ADDRESS))

    assert reply.status == 200
    assert reply.json == json.loads(REPLY.partition("\n\n")[2])
    assert reply.headers["content-type"].startswith("application/json")
    assert addresses(ann) == [("2018-01-01", "2019-09-01", ADDRESS)]
    assert newest(ann, UNIT, UUID)["attributter"]["organisationenhedegenskaber"][0]["enhedsnavn"] == "Kommunen"
    assert codes(ann, UNIT, UUID) == ["Rettet", "Importeret"]


def test_the_example_as_printed_names_what_is_no_urn(ann: Client) -> None:
    assert "urn" in message_of(replayed(ann, REQUEST))
    assert len(history(ann, UNIT, UUID)) == 1


def test_the_example_may_come_in_a_form(ann: Client) -> None:
    text = REQUEST.partition("\n\n")[2].replace(DAWA, ADDRESS)
    body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="json"\r\n\r\n{text}\r\n--{BOUNDARY}--\r\n'

    reply = ann("PATCH", f"{UNIT}/{UUID}", body, content_type=f"multipart/form-data; boundary={BOUNDARY}")

    assert (reply.status, reply.json) == (200, {"uuid": UUID})
    assert addresses(ann) == [("2018-01-01", "2019-09-01", ADDRESS)]


def test_an_update_passivates_where_it_says_so(ann: Client) -> None:
    reply = send(ann, "PATCH", f"{UNIT}/{UUID}", {"livscyklus": "Passiv"})

    assert (reply.status, reply.json) == (200, {"uuid": UUID})
    assert codes(ann, UNIT, UUID) == ["Passiveret", "Importeret"]


def test_an_import_replaces_all_periods_instead(ann: Client) -> None:
    replayed(ann, REQUEST.replace(DAWA, ADDRESS))
    payload = {
        "attributter": {"organisationenhedegenskaber": [entry("2020-01-01", brugervendtnoegle="U2")]},
        "tilstande": {"organisationenhedgyldighed": [entry("2020-01-01", gyldighed="Inaktiv")]},
    }

    assert send(ann, "PUT", f"{UNIT}/{UUID}", payload).status == 200

    shown = newest(ann, UNIT, UUID)
    assert rows(shown["attributter"]["organisationenhedegenskaber"], "brugervendtnoegle") == [("2020-01-01", "infinity", "U2")]
    assert "relationer" not in shown


def test_malformed_json_is_a_bad_request(ann: Client) -> None:
    assert message_of(replayed(ann, REQUEST.replace("}]}}", "}]}")))


def test_an_unknown_object_is_not_found(ann: Client) -> None:
    message = message_of(replayed(ann, REQUEST.replace(UUID, UUID.replace("5", "6"))), 404)

    assert message == f"No Organisationenhed with ID {UUID.replace('5', '6')} found in service Organisation"
