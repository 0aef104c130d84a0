"""Programs that speak Dynacase: what they send, and what they hold every answer to."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.protocol.client import Client, Response
from tests.protocol.okd import FORM, Part, form

BASE: Final = "/api/v1"
ARTICLES: Final = f"{BASE}/families/MY_ARTICLE/documents/"
COOKBOOKS: Final = f"{BASE}/families/MY_COOKBOOK/documents/"
JSON: Final = "application/json"
URLENCODED: Final = "application/x-www-form-urlencoded"


def attributes(**values: object) -> str:
    """Return the body that says attributes; a list says several values."""
    return json.dumps({"document": {"attributes": {name: _said(value) for name, value in values.items()}}})


def _said(value: object) -> object:
    return [{"value": one} for one in value] if isinstance(value, list) else {"value": value}


def checked(response: Response) -> Any:
    """Return the envelope of an answer, which is whole whatever happened."""
    envelope = response.json
    assert list(envelope) == ["success", "messages", "data", "exceptionMessage"]
    assert envelope["success"] is (response.status < 400)
    for message in envelope["messages"]:
        assert list(message) == ["type", "contentText", "contentHtml", "code", "uri", "data"]
    if response.status < 400:
        assert envelope["exceptionMessage"] == ""
    else:
        assert envelope["messages"][0]["type"] == "error"
        assert envelope["exceptionMessage"]
        assert envelope["messages"][0]["contentText"]
    return envelope


def data_of(response: Response, status: int = 200) -> Any:
    """Return the data of an answer that went well."""
    assert response.status == status, response
    return checked(response)["data"]


def refusal_of(response: Response) -> tuple[int, str]:
    """Return status and code of an answer to what was refused."""
    envelope = checked(response)
    assert envelope["success"] is False, response
    return response.status, envelope["messages"][0]["code"]


def create(client: Client, family: str = "MY_ARTICLE", **values: object) -> dict[str, Any]:
    """Make a document and return it as it is shown."""
    response = client("POST", f"{BASE}/families/{family}/documents/", attributes(**values), content_type=JSON)
    document: dict[str, Any] = data_of(response, 201)["document"]
    return document


def article(client: Client, title: str = "Hello", **values: object) -> str:
    """Make an article and return its address."""
    return f"{BASE}/documents/{create(client, my_title=title, **values)['properties']['id']}"


def shown(client: Client, document: str, query: str = "") -> dict[str, Any]:
    """Return a document as it is shown."""
    found: dict[str, Any] = data_of(client("GET", document + query))["document"]
    return found


def put(client: Client, document: str, **values: object) -> Response:
    """Give a document other values."""
    return client("PUT", document, attributes(**values), content_type=JSON)


def put_form(client: Client, document: str, *parts: Part, method: str = "PUT", **headers: str) -> Response:
    """Send a form with files to a document."""
    return client(method, document, form(*parts), content_type=FORM, **headers)


def value_of(client: Client, document: str, attribute: str) -> Any:
    """Return the bare value of a single attribute, or the list of those of a multiple one."""
    told = shown(client, document)["attributes"][attribute]
    return [one["value"] for one in told] if isinstance(told, list) else told["value"]
