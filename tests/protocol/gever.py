"""A document as the acceptance cases of GEVER begin with it, and requests as its clients send them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from tests.protocol.client import HOST, Client, Response

MOUNT: Final = "/gever"
ORIGIN: Final = f"http://{HOST}"


def text_file(text: str, name: str = "alpha.txt") -> dict[str, str]:
    """Return a file for the body of a POST or PATCH."""
    return {"data": text, "filename": name, "content-type": "text/plain"}


def send(client: Client, method: str, url: str, fields: object = None, **headers: str) -> Response:
    """Send a request to an absolute address, with a JSON body where there are fields."""
    assert url.startswith(ORIGIN), url
    headers.setdefault("accept", "application/json")
    return client(method, url.removeprefix(ORIGIN), "" if fields is None else json.dumps(fields), **headers)


@dataclass(frozen=True)
class Document:
    """A document made by one user, in a folder in which others may do all that he may."""

    url: str
    container_url: str

    def ask(self, client: Client, method: str, service: str = "", fields: object = None, **headers: str) -> Response:
        """Send a request to the document or a service of it."""
        return send(client, method, self.url + (f"/{service}" if service else ""), fields, **headers)

    def post(self, client: Client, service: str, fields: object = None, **headers: str) -> Any:
        """POST to a service that succeeds, and return its answer."""
        response = self.ask(client, "POST", service, fields, **headers)
        assert response.status in (200, 204), response
        return response.json if response.body else None

    def patch(self, client: Client, fields: object, **headers: str) -> None:
        """PATCH it with success."""
        response = self.ask(client, "PATCH", "", fields, **headers)
        assert response.status == 204, response

    def seen_by(self, client: Client) -> Any:
        """Return its representation."""
        return self.get(client, "")

    def get(self, client: Client, service: str) -> Any:
        """Return the answer of a service to a GET."""
        response = self.ask(client, "GET", service)
        assert response.status == 200, response
        return response.json

    def file_for(self, client: Client) -> bytes:
        """Return the file as a user downloads it."""
        response = send(client, "GET", self.seen_by(client)["file"]["download"])
        assert response.status == 200, response
        return response.body

    def check_in(self, client: Client, text: str, comment: str = "") -> None:
        """Make a text the file of the next version."""
        self.post(client, "@checkout")
        self.patch(client, {"file": text_file(text)})
        self.post(client, "@checkin", {"comment": comment})

    def numbers(self, client: Client) -> list[int]:
        """Return the numbers of its versions, the newest first."""
        return [one["version"] for one in self.get(client, "@history")]


def a_dossier(client: Client, title: str = "Akten 1") -> str:
    """Make a dossier in the root and return its address."""
    fields = {"@type": "opengever.dossier.businesscasedossier", "title": title}
    response = send(client, "POST", ORIGIN + MOUNT, fields)
    assert response.status == 201, response
    return response.headers["location"]


def a_document(client: Client, container_url: str, **fields: object) -> Document:
    """Make a document, with the file of the acceptance cases and their title if nothing else is said."""
    said = {"@type": "opengever.document.document", "title": "Alpha", "file": text_file("alpha v0"), **fields}
    response = send(client, "POST", container_url, {name: value for name, value in said.items() if value is not None})
    assert response.status == 201, response
    return Document(response.headers["location"], container_url)
