"""Health and figures: for supervisors without a sign-in, figures for this machine and administrators alone."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from davgate.config import ServerConfig
from davgate.core.store import Store
from davgate.storage.api import Database
from davgate.web import health
from tests.faults.blobs import HungBlobs
from tests.protocol.client import Client, basic
from tests.protocol.conftest import Serve


@pytest.mark.parametrize("target", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_needs_no_sign_in(nobody: Client, method: str, target: str) -> None:
    assert nobody(method, target).status == 200


def test_server_without_its_database_is_alive_but_not_ready(nobody: Client, store: Store, serve: Serve) -> None:
    away = Database("sqlite:////nowhere/davgate.sqlite3", nobody.clock)
    lost = nobody.through(serve(Store(away, store.blobs, store.clock, store.policy)))

    assert lost("GET", "/healthz").status == 200
    response = lost("GET", "/readyz")
    assert (response.status, response.headers["retry-after"]) == (503, "5")
    assert b"nowhere" not in response.body


def test_server_without_its_database_still_shows_what_it_answered(nobody: Client, store: Store, serve: Serve) -> None:
    away = Database("sqlite:////nowhere/davgate.sqlite3", nobody.clock)
    lost = nobody.through(serve(Store(away, store.blobs, store.clock, store.policy)))
    lost.address = "127.0.0.1"
    lost("GET", "/readyz")

    response = lost("GET", "/metrics")

    assert response.status == 200
    assert 'davgate_request_seconds_count{method="GET",status="503"} 1.0' in response.body.decode()
    assert "davgate_stored_bytes" not in response.body.decode()


def test_server_without_the_folder_of_its_contents_is_not_ready(ann: Client, nobody: Client, tmp_path: Path) -> None:
    ann.put("/dav/older.bin", bytes(200_000))
    (folder,) = (found for found in tmp_path.rglob("blobs") if found.is_dir())
    folder.rename(folder.with_name("away"))

    response = nobody("GET", "/readyz")
    assert (response.status, response.headers["retry-after"]) == (503, "5")
    refused = ann("PUT", "/dav/large.bin", bytes(100_000))
    assert refused.status == 503
    assert b'code="busy"' in refused.body and str(tmp_path).encode() not in refused.body

    unread = ann("GET", "/dav/older.bin")
    assert (unread.status, unread.headers["retry-after"]) == (503, "1")

    folder.with_name("away").rename(folder)
    assert ann("GET", "/dav/older.bin").status == 200
    assert nobody("GET", "/readyz").status == 200
    assert ann("PUT", "/dav/large.bin", bytes(100_000)).status == 201


def test_server_whose_contents_do_not_answer_is_not_ready(
    nobody: Client, store: Store, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LONGEST_LOOK_SECONDS", 0.05)
    hung = HungBlobs(store.blobs)
    waiting = nobody.through(serve(Store(store.database, hung, store.clock, store.policy)))

    with hung.away():
        responses = [waiting("GET", "/readyz") for _ in range(3)]
        assert [(response.status, response.headers["retry-after"]) for response in responses] == [(503, "5")] * 3
        waiting.address = "127.0.0.1"
        assert b"davgate_stored_bytes" in waiting("GET", "/metrics").body
    assert hung.asked == 1

    monkeypatch.undo()
    assert waiting("GET", "/readyz").status == 200


@pytest.mark.parametrize("flags", [0, os.ST_RDONLY], ids=["full", "read-only"])
def test_disk_that_takes_nothing_is_told_and_leaves_the_server_ready(
    nobody: Client, monkeypatch: pytest.MonkeyPatch, flags: int
) -> None:
    nobody.address = "127.0.0.1"
    assert nobody("GET", "/readyz").body == b"ready\n"
    assert 'davgate_free_bytes{disk="contents"} 0.0' not in nobody("GET", "/metrics").body.decode()
    free = 0 if not flags else 1000
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=flags, f_bavail=free, f_frsize=4096))

    response = nobody("GET", "/readyz")

    assert response.status == 200
    assert "Nothing can be written to the disk of the contents." in response.body.decode()
    assert 'davgate_free_bytes{disk="contents"} 0.0' in nobody("GET", "/metrics").body.decode()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_figures_are_shown_to_programs_on_this_machine(nobody: Client, ann: Client, address: str) -> None:
    ann.put("/dav/a.txt", bytes(1000))
    nobody.address = address

    response = nobody("GET", "/metrics")

    assert response.status == 200
    assert "davgate_stored_bytes 1000.0" in response.body.decode()
    assert 'davgate_request_seconds_count{method="PUT",status="201"} 1.0' in response.body.decode()


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_real_ip", "via"])
def test_figures_are_not_shown_through_a_proxy_on_this_machine(nobody: Client, header: str) -> None:
    nobody.address = "127.0.0.1"

    assert nobody("GET", "/metrics", **{header: "198.51.100.7"}).status == 401


def test_figures_are_not_shown_to_this_machine_when_a_proxy_is_in_front(nobody: Client, store: Store, serve: Serve) -> None:
    behind = nobody.through(serve(store, server=ServerConfig(public_url="https://documents.example.org")))
    behind.address = "127.0.0.1"

    assert behind("GET", "/metrics").status == 401


def test_figures_are_shown_from_afar_to_administrators_alone(nobody: Client, ann: Client, root_admin: Client) -> None:
    assert nobody("GET", "/metrics").status == 401
    assert nobody("GET", "/metrics", authorization=basic("ann", "wrong password")).status == 401
    assert ann("GET", "/metrics").status == 403
    assert root_admin("GET", "/metrics").status == 200


def test_figures_do_not_grow_with_what_clients_make_up(nobody: Client) -> None:
    nobody.address = "127.0.0.1"
    for number in range(50):
        nobody(f"MADE-UP-{number}", "/dav/")

    assert nobody("GET", "/metrics").body.count(b"MADE-UP") == 0
