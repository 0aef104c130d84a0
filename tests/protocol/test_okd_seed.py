"""The flow "update document" of the agreement, with the requests that its text shows, ids and token put in."""

from __future__ import annotations

import pytest

from davgate.app import Application
from davgate.core.store import Store
from tests.builders import SettableClock
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.okd import ISSUERS, Component, content_of, deliver, patch, shown

REPLACING = """\
PATCH .../okd/v1/documents/dbd3e12a-ed8b-4488-ac34-26fd4f64f40b
Host: api.yourdomain.com
Content-Type: application/pdf
Content-Length: 12847
Content-Disposition: form-data; name="file"; filename="inschrijving-100245.pdf"
Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...
Accept: application/json

%PDF-1.4
1 0 obj
<<
/Type /Catalog
/Pages 2 0 R
>>
endobj
2 0 obj
<<
/Type /Pages
/Kids [3 0 R]
/Count 1
>>
endobj
...
[Binary PDF content continues]
...
%%EOF
"""
LENGTH = 12847


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """An application that takes tokens."""
    return serve(store, issuers=ISSUERS)


@pytest.fixture
def component(app: Application, clock: SettableClock) -> Component:
    """A component with the scope of the text."""
    return Component(app, clock, "component-a")


def content_of_example() -> bytes:
    """Return the content of the example, as long as its headers say."""
    before, after = REPLACING.partition("\n\n")[2].split("[Binary PDF content continues]")
    binary = bytes(range(256)) * (LENGTH // 256)
    return before.encode() + binary[: LENGTH - len(before) - len(after)] + after.encode()


def replay(client: Client, document: str, body: bytes) -> Response:
    """Send the example with its own headers; only the token is the client's."""
    head = REPLACING.partition("\n\n")[0].splitlines()
    assert head[0].rpartition("/")[0] == "PATCH ..." + document.rpartition("/")[0]
    headers = dict(line.split(": ", 1) for line in head[1:] if not line.startswith("Authorization"))
    return client("PATCH", document, body, **{name.lower().replace("-", "_"): value for name, value in headers.items()})


def test_interactive_flow_locks_replaces_and_unlocks(component: Component) -> None:
    document = deliver(component, name="inschrijving.pdf", documentType="enrollment")
    before = shown(component, document)
    body = content_of_example()
    assert len(body) == LENGTH

    answers = [component("POST", f"{document}/_lock"), replay(component, document, body), component("DELETE", f"{document}/lock")]

    assert [(answer.status, answer.body) for answer in answers] == [(204, b"")] * 3
    after = shown(component, document)
    assert content_of(component, document) == body
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"format", "documentSize", "digest", "fileName", "version"}
    assert (after["format"], after["documentSize"], after["version"]) == ("application/pdf", LENGTH, 2)
    assert after["fileName"] == "inschrijving-100245.pdf"


@pytest.mark.parametrize("spelling", ["_lock", "lock"])
def test_both_ends_of_the_flow_are_one_lock_however_they_are_spelled(component: Component, spelling: str) -> None:
    document = deliver(component)

    assert component("POST", f"{document}/_lock").status == 204
    assert component("DELETE", f"{document}/{spelling}").status == 204

    assert shown(component, document)["locked"] is False


def test_direct_flow_replaces_without_a_lock_and_fails_under_another_s(
    component: Component, app: Application, clock: SettableClock
) -> None:
    other = Component(app, clock, "component-b")
    document = deliver(component)
    body = content_of_example()

    assert replay(component, document, body).status == 204
    other("POST", f"{document}/_lock")

    assert replay(component, document, b"%PDF-1.4".ljust(LENGTH)).status == 423
    assert content_of(other, document) == body


def test_narrow_scope_that_delivered_a_document_replaces_it(app: Application, clock: SettableClock) -> None:
    narrow = Component(app, clock, "component-c", "okd:inuitschrijven")
    document = deliver(narrow, documentType="inschrijving")

    assert patch(narrow, document).status == 204
