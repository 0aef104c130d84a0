"""More locks than there may be: refused alike by every door, each in its own words."""

from __future__ import annotations

import pytest

from davgate.core.store import Policy, Store
from davgate.model.locks import LockPolicy
from tests.builders import node_at, with_policy
from tests.protocol.client import Client, Response, lockinfo
from tests.protocol.conftest import Serve
from tests.protocol.dynacase import refusal_of
from tests.protocol.multistatus import message_of, propfind
from tests.protocol.stored import lock_count

HELD = "You hold as many locks as you may: 1. End some of them, then try again."


@pytest.fixture
def full(serve: Serve, store: Store, ann: Client) -> Client:
    """A user who holds as many locks as one may, and has a document without."""
    limited = ann.through(serve(with_policy(store, Policy(locks=LockPolicy(per_node=2, per_principal=1)))))
    limited.put("/dav/a.txt")
    limited.put("/dav/b.txt")
    limited.lock("/dav/a.txt")
    return limited


def code_of(response: Response) -> str | None:
    message = response.xml.find("{urn:davgate}message")
    return None if message is None else message.get("code")


def uuid_of(client: Client, target: str) -> str:
    (entry,) = propfind(client, target, "resource-id").values()
    return str(entry.properties["resource-id"].element[0].text).removeprefix("urn:uuid:")


@pytest.mark.parametrize("target", ["/dav/b.txt", "/dav/new.txt"])
def test_drive_refuses_one_more_lock_of_a_principal(full: Client, bob: Client, store: Store, target: str) -> None:
    refused = full("LOCK", target, lockinfo(), depth="0")

    assert (refused.status, message_of(refused)) == (403, HELD)
    assert code_of(refused) == "too-many-locks"
    assert full.status_of("/dav/new.txt") == 404
    assert lock_count(store) == 1
    bob.through(full.app).lock("/dav/b.txt")


def test_drive_refuses_one_more_shared_lock_of_a_document(full: Client, bob: Client, serve: Serve, store: Store) -> None:
    roomy = serve(with_policy(store, Policy(locks=LockPolicy(per_node=2))))
    for client in (full, bob):
        client.through(roomy).lock("/dav/b.txt", scope="shared")

    refused = bob.through(roomy)("LOCK", "/dav/b.txt", lockinfo(scope="shared"), depth="0")

    assert (refused.status, code_of(refused)) == (403, "too-many-locks")
    assert message_of(refused) == "As many locks stand here as may: 2. Try again when one of them has ended."


def test_okd_refuses_it(full: Client) -> None:
    refused = full("POST", f"/okd/v1/documents/{uuid_of(full, '/dav/b.txt')}/_lock")

    assert (refused.status, refused.json["code"], refused.json["detail"]) == (403, "too-many-locks", HELD)


def test_gever_refuses_it(full: Client) -> None:
    refused = full("POST", "/gever/b.txt/@lock", accept="application/json")

    assert (refused.status, refused.json["type"], refused.json["message"]) == (403, "Forbidden", HELD)


def test_yuuvis_refuses_it(full: Client) -> None:
    refused = full("PATCH", f"/api/dms/objects/{uuid_of(full, '/dav/b.txt')}/contents/native/lock")

    assert (refused.status, refused.json["serviceErrorCode"], refused.json["message"]) == (403, 2003, HELD)


@pytest.mark.parametrize("kind", ["temporary", "permanent"])
def test_dynacase_refuses_it(full: Client, store: Store, kind: str) -> None:
    refused = full("PUT", f"/api/v1/documents/{node_at(store, full.ctx, '/b.txt').id}/locks/{kind}")

    assert refusal_of(refused) == (400, "CRUD0231")
    assert HELD in refused.json["exceptionMessage"]
