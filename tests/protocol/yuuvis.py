"""A client of the DMS core API: what it sends and gets."""

from __future__ import annotations

import json
from typing import Any, Final

from davgate.core import describing
from davgate.core.store import Store
from tests.builders import path
from tests.protocol.client import Client, Response

BASE: Final = "/api/dms/objects"
HELLO: Final = b"hello world"
HELLO_DIGEST: Final = "B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9"
EMPTY_DIGEST: Final = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
NOBODYS: Final = "00000000-0000-4000-8000-000000000000"
BOUNDARY: Final = "yuuvis-boundary"
FORM: Final = f"multipart/form-data; boundary={BOUNDARY}"
JSON: Final = "application/json"
EMAIL: Final = "appEmail:email"
TABLE: Final = {
    "columnNames": ["iColumn1", "iColumn2", "iColumn3"],
    "value": [["something", "to know", True], ["more", "infos", False]],
}

Entry = dict[str, Any]


def part(name: str, content: bytes, media_type: str | None = None, file_name: str | None = None) -> bytes:
    """Return a part of a form."""
    named = "" if file_name is None else f'; filename="{file_name}"'
    typed = "" if media_type is None else f"Content-Type: {media_type}\r\n"
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{typed}\r\n'.encode() + content + b"\r\n"


def form(data: object, *parts: bytes, name: str = "data") -> bytes:
    """Return a form with objects, and with parts beside them."""
    return part(name, json.dumps(data).encode(), JSON) + b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def values(**said: object) -> Entry:
    """Return properties; ``__`` in a name stands for a colon."""
    return {name.replace("__", ":"): {"value": value} for name, value in said.items()}


def envelope(*entries: Entry) -> Entry:
    """Return objects in a list."""
    return {"objects": list(entries)}


def of(properties: Entry, *streams: Entry) -> Entry:
    """Return an object, with what is said of its content."""
    return {"properties": properties, **({"contentStreams": list(streams)} if streams else {})}


def an_email(subject: str = "Bewerbung", *streams: Entry, **more: object) -> Entry:
    """Return an object of the type of e-mails; a property of None is left out."""
    said = {"system:objectTypeId": EMAIL, "appEmail:from": "a@example.org", "appEmail:subject": subject}
    said |= {name.replace("__", ":"): value for name, value in more.items()}
    return of({name: {"value": value} for name, value in said.items() if value is not None}, *streams)


def post(client: Client, *entries: Entry, to: str = BASE, **headers: str) -> Response:
    """Send objects as JSON."""
    return client("POST", to, json.dumps(envelope(*entries)), content_type=JSON, **headers)


def patch(client: Client, *entries: Entry, to: str = BASE, **headers: str) -> Response:
    return client("PATCH", to, json.dumps(envelope(*entries)), content_type=JSON, **headers)


def post_form(client: Client, data: object, *parts: bytes, to: str = BASE) -> Response:
    """Send objects in a form."""
    return client("POST", to, form(data, *parts), content_type=FORM)


def only(response: Response) -> Entry:
    """Return the only object of an answer."""
    assert response.status == 200, response
    (entry,) = response.json["objects"]
    found: Entry = entry
    return found


def said(entry: Entry) -> dict[str, Any]:
    """Return the values of an object's properties."""
    return {name: one["value"] for name, one in entry["properties"].items()}


def address(entry: Entry) -> str:
    """Return where an object is."""
    return f"{BASE}/{said(entry)['system:objectId']}"


def imported(client: Client, *entries: Entry) -> str:
    """Import one object, and return where it is."""
    return address(only(post(client, *entries)))


def an_imported_email(client: Client) -> str:
    """Import the e-mail of the first acceptance case, and return where it is."""
    entry = an_email("Bewerbung", {"cid": "c1", "fileName": "a.txt", "mimeType": "text/plain"}, appEmail__to=["a", "b"])
    entry["properties"]["table"] = TABLE
    return address(only(post_form(client, envelope(entry), part("c1", HELLO))))


def shown(client: Client, where: str) -> Entry:
    """Return an object."""
    return only(client("GET", where))


def version_of(client: Client, where: str) -> int:
    """Return the number of the current version of an object."""
    return int(said(shown(client, where))["system:versionNumber"])


def stream_of(entry: Entry) -> Entry:
    """Return what is said of the content of an object."""
    (stream,) = entry["contentStreams"]
    found: Entry = stream
    return found


def refusal(response: Response) -> tuple[int, int]:
    """Return status and service code of an error, whose body must be as all are."""
    body = response.json
    assert response.headers["content-type"] == JSON
    assert body["httpStatusCode"] == response.status
    assert {"httpStatusCode", "serviceErrorCode", "time", "message", "service", "tenant"} <= body.keys()
    return response.status, body["serviceErrorCode"]


def upload(client: Client, where: str, content: bytes = b"two", method: str = "POST", **headers: str) -> Response:
    """Send new content of plain text, unless another type is given."""
    return client(method, f"{where}/contents/file", content, **{"content_type": "text/plain", **headers})


def content_of(client: Client, where: str) -> bytes:
    """Return the content of an object."""
    return client.get(f"{where}/contents/file")


def uuid_of(where: str) -> str:
    """Return the id in an address."""
    return where.rpartition("/")[2]


def a_folder(client: Client, name: str = "Akten", **more: Any) -> str:
    """Import a folder and return its id."""
    return uuid_of(imported(client, of(values(system__objectTypeId="folder", Name=name, **more))))


def on_drive(store: Store, client: Client, place: str) -> str:
    """Return the address here of what is at a path of the drive."""
    return f"{BASE}/{describing.describe(store, client.ctx, path(place)).it.node.uuid}"
