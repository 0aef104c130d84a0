"""What a door has written it tells of, and writes it once, though the account is changed before the answer is put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from davgate.core import batches, objects
from davgate.core.principals import groups
from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.gever import MOUNT, ORIGIN, send, text_file
from tests.protocol.yuuvis import an_imported_email, of, only, patch, said, shown, values

ROOT = ORIGIN + MOUNT
DOCUMENT = "opengever.document.document"


@pytest.fixture
def ann_joins_after(
    ann: Client, root_admin: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> Callable[[object, str], None]:
    """Give a function that lets ann come into a group as soon as a use case of a module has committed."""
    groups.add(store, root_admin.ctx, "team")

    def arrange(module: object, name: str) -> None:
        real = getattr(module, name)

        def joining(*given: Any, **named: Any) -> Any:
            written = real(*given, **named)
            groups.join(store, root_admin.ctx, "team", "ann")
            return written

        monkeypatch.setattr(module, name, joining)

    return arrange


def test_yuuvis_restores_a_version_once(ann: Client, ann_joins_after: Callable[[object, str], None]) -> None:
    email = an_imported_email(ann)
    patch(ann, of(values(appEmail__subject="second")), to=email)
    ann_joins_after(batches, "restore")

    response = ann("POST", f"{email}/versions/1/actions/restore")

    assert response.status == 200
    assert said(only(response))["system:objectId"] == email.rpartition("/")[2]
    assert said(shown(ann, email))["system:versionNumber"] == 3


def test_gever_makes_a_document_once(ann: Client, ann_joins_after: Callable[[object, str], None]) -> None:
    ann_joins_after(objects, "create")

    made = send(ann, "POST", ROOT, {"@type": DOCUMENT, "file": text_file("alpha")})

    assert made.status == 201
    assert send(ann, "GET", made.headers["location"]).json["UID"] == made.json["UID"]
    assert send(ann, "GET", ROOT).json["items_total"] == 1
