"""Who may see and change objects of LoRA: their rights are those on the door's folder, a document's those where it lies."""

from __future__ import annotations

import pytest

from davgate.core.principals import granting
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.model.rights import EDITOR, NO_RIGHTS, READER, Right
from tests.builders import path
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.lora import DOKUMENT, FACET, create, del_, dokument, facet, found, message_of, newest, send, variant

pytestmark = on_both_databases

FILE = (b"kapitel", "kap.txt", "text/plain")


@pytest.fixture
def uuids(store: Store, root_admin: Client) -> tuple[str, str]:
    """A facet and a document of an administrator's, and nobody else's rights."""
    made = create(root_admin, FACET, facet()), create(root_admin, DOKUMENT, dokument(variant(del_())), f1=FILE)
    granting.grant(store, SYSTEM_CONTEXT, (), "signed-in", NO_RIGHTS)
    return made


def grant(store: Store, where: str, rights: Right) -> None:
    granting.grant(store, SYSTEM_CONTEXT, path(where), "ann", rights)


def test_what_one_may_not_see_is_not_there(ann: Client, uuids: tuple[str, str]) -> None:
    for where, uuid in zip((FACET, DOKUMENT), uuids, strict=True):
        assert message_of(ann("GET", f"{where}/{uuid}"), 404)
        assert ann("GET", f"{where}?uuid={uuid}").json == {"results": []}
        assert found(ann, where, "bvn=%25") == found(ann, where, "bvn=%25&maximalantalresultater=5") == []
        for method, payload in (("PATCH", {"note": "n"}), ("DELETE", None)):
            assert message_of(send(ann, method, f"{where}/{uuid}", payload), 404)
    assert message_of(send(ann, "PUT", f"{FACET}/{uuids[0]}", facet())), "the uuid is taken"
    assert message_of(send(ann, "POST", FACET, facet()), 403)


def test_who_may_read_the_folder_reads_and_changes_nothing(ann: Client, store: Store, uuids: tuple[str, str]) -> None:
    grant(store, "/LoRA", READER)

    for where, uuid in zip((FACET, DOKUMENT), uuids, strict=True):
        assert newest(ann, where, uuid)["livscykluskode"] == "Opstaaet"
        assert found(ann, where, "bvn=%25") == found(ann, where, "bvn=%25&maximalantalresultater=5") == [uuid]
        for method, payload in (("PATCH", {"note": "n"}), ("PATCH", {"livscyklus": "Passiv"}), ("DELETE", None)):
            assert message_of(send(ann, method, f"{where}/{uuid}", payload), 403)
    assert message_of(send(ann, "PUT", f"{FACET}/{uuids[0]}", facet()), 403)
    assert message_of(send(ann, "POST", FACET, facet()), 403)


def test_who_may_edit_in_the_folder_changes_what_is_of_it(ann: Client, store: Store, uuids: tuple[str, str]) -> None:
    grant(store, "/LoRA", EDITOR)

    for where, uuid in zip((FACET, DOKUMENT), uuids, strict=True):
        assert send(ann, "PATCH", f"{where}/{uuid}", {"note": "n"}).status == 200
    assert send(ann, "POST", FACET, facet()).status == 201


def test_content_is_read_by_who_may_read_its_document(ann: Client, root_admin: Client, uuids: tuple[str, str]) -> None:
    (part,) = newest(root_admin, DOKUMENT, uuids[1])["varianter"][0]["dele"][0]["egenskaber"]
    where = f"{DOKUMENT}/{part['indhold'].removeprefix('store:')}"

    assert root_admin("GET", where).body == b"kapitel"
    assert ann("GET", where).status == 404


def test_what_was_deleted_is_seen_by_who_saw_it(ann: Client, root_admin: Client, store: Store, uuids: tuple[str, str]) -> None:
    for where, uuid in zip((FACET, DOKUMENT), uuids, strict=True):
        assert send(root_admin, "DELETE", f"{where}/{uuid}").status == 202
        assert message_of(root_admin("GET", f"{where}/{uuid}"), 410)
        assert message_of(ann("GET", f"{where}/{uuid}"), 404)
        assert found(ann, where, "livscykluskode=Slettet") == []
        assert found(root_admin, where, "livscykluskode=Slettet") == [uuid]
