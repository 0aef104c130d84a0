"""Uploads in parts through GEVER, as its clients send them."""

from __future__ import annotations

import base64
from typing import Any, Final

from tests.protocol.client import Client, Response
from tests.protocol.gever import ORIGIN

MEDIA_TYPE: Final = "application/offset+octet-stream"
VERSION: Final = "1.0.0"


def said(**metadata: str) -> str:
    """Return the header that tells metadata; ``type_`` is ``@type``, and ``content_type`` is written with a hyphen."""
    keys = {"type_": "@type", "content_type": "content-type"}
    return ",".join(f"{keys.get(key, key)} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())


def ask(client: Client, method: str, url: str, body: Any = b"", **headers: str) -> Response:
    """Send a request of TUS to an absolute address."""
    assert url.startswith(ORIGIN), url
    return client(method, url.removeprefix(ORIGIN), body, **{"tus_resumable": VERSION, **headers})


def begin(client: Client, url: str, length: int, **headers: str) -> str:
    """Begin an upload with success and return its address."""
    headers.setdefault("upload_metadata", said(filename="up.txt", content_type="text/plain"))
    response = ask(client, "POST", url, upload_length=str(length), **headers)
    assert (response.status, response.body) == (201, b""), response
    return response.headers["location"]


def send(client: Client, upload: str, offset: int, body: Any = b"", **headers: str) -> Response:
    """Send a part."""
    return ask(client, "PATCH", upload, body, **{"content_type": MEDIA_TYPE, "upload_offset": str(offset), **headers})


def offset_of(client: Client, upload: str) -> int:
    """Return how much of an upload has arrived."""
    response = ask(client, "HEAD", upload)
    assert response.status == 200, response
    return int(response.headers["upload-offset"])


def assert_refused(response: Response, status: int, kind: str, text: str) -> None:
    """Hold a refusal against both shapes."""
    assert response.status == status, response
    answer = response.json
    assert (answer["type"], answer["translated_message"]) == (kind, text)
    assert answer["error"] == {"type": kind, "message": text}
