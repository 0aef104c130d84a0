"""Components that speak OKD: what they deliver, and how they sign in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from davgate.app import Application
from davgate.config import IssuerConfig
from tests.builders import SettableClock
from tests.canary import guard
from tests.protocol.client import Client, Response
from tests.tokens import SECRET, signed

BASE: Final = "/okd/v1/documents"
ISSUERS: Final = {
    "schools": IssuerConfig(issuer="https://login.example.org", audience=("davgate",), algorithms=("HS256",), secret=SECRET)
}
HELLO: Final = b"hello world"
HELLO_DIGEST: Final = "B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9"
BOUNDARY: Final = "okd-boundary"
FORM: Final = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True)
class Part:
    """A part of a form; ``media_type`` None says nothing of it."""

    name: str
    content: bytes
    file_name: str | None = None
    media_type: str | None = None

    def encoded(self) -> bytes:
        named = "" if self.file_name is None else f'; filename="{self.file_name}"'
        typed = "" if self.media_type is None else f"Content-Type: {self.media_type}\r\n"
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{self.name}"{named}\r\n{typed}\r\n'
        return head.encode() + self.content + b"\r\n"


def form(*parts: Part) -> bytes:
    """Return the body of a form."""
    return b"".join(part.encoded() for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def metadata_part(**fields: object) -> Part:
    """Return the part that says what a document is: of type ``bpv`` unless another is given."""
    return Part("metadata", json.dumps({"documentType": "bpv", **fields}).encode(), media_type="application/json")


def file_part(content: bytes = HELLO, name: str = "a.txt", media_type: str | None = "text/plain") -> Part:
    return Part("file", content, name, media_type)


class Component(Client):
    """Signs in with a token."""

    def __init__(
        self, app: Application, clock: SettableClock, name: str, scope: str = "okd:alldocuments", **claims: object
    ) -> None:
        super().__init__(app, clock, None)
        seconds = clock.now() // 1_000_000
        usual = {"iss": "https://login.example.org", "aud": "davgate", "client_id": name, "exp": seconds + 86_400, "scope": scope}
        self._header = "Bearer " + guard(signed({"alg": "HS256"}, {**usual, **claims}, "HS256", "HS256"))

    def send(self, method: str, target: str, body: Any, **headers: str) -> Response:
        headers.setdefault("authorization", self._header)
        return super().send(method, target, body, **headers)


def post(client: Client, *parts: Part, to: str = BASE) -> Response:
    """Send a form."""
    return client("POST", to, form(*parts), content_type=FORM)


def deliver(
    client: Client, content: bytes = HELLO, name: str = "a.txt", media_type: str | None = "text/plain", **fields: object
) -> str:
    """Deliver a document of type ``bpv``, unless another is given, and return its address."""
    response = post(client, metadata_part(**fields), file_part(content, name, media_type))
    assert response.status == 201, response
    return response.headers["location"]


def shown(client: Client, document: str) -> dict[str, Any]:
    """Return what is said of a document."""
    response = client("GET", document, accept="application/json")
    assert response.status == 200, response
    said: dict[str, Any] = response.json
    return said


def patch(client: Client, document: str, content: bytes = b"two", **headers: str) -> Response:
    """Send new content of plain text, unless another type is given."""
    return client("PATCH", document, content, **{"content_type": "text/plain", **headers})


def content_of(client: Client, document: str) -> bytes:
    """Return the content of a document."""
    return client.get(f"{document}/download")


def listed(client: Client, query: str = "") -> list[str]:
    """Return the addresses of the documents of a list."""
    response = client("GET", f"{BASE}?{query}")
    assert response.status == 200, response
    return [f"{BASE}/{item['dmsDocumentId']}" for item in response.json["items"]]
