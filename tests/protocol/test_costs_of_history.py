"""Steps of SQLite per request, counted through the whole stack: they do not grow with what happened before."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import event

from davgate.core.store import Store
from tests.protocol import dynacase, gever, lora, yuuvis
from tests.protocol.client import HOST, Client

A = "/dav/f/a.txt"
MANY = 60

_serial = count()


@pytest.fixture
def steps(store: Store, ann: Client) -> Callable[[Callable[[], object]], int]:
    """Count the steps that SQLite takes while something is done, on whatever connection."""
    connections: list[sqlite3.Connection] = []

    @event.listens_for(store.database.engine, "connect")
    def keep(connection: sqlite3.Connection, _record: object) -> None:
        connections.append(connection)

    store.database.close()
    ann("PROPFIND", "/dav/", depth="0")

    def counted(act: Callable[[], object]) -> int:
        taken = 0

        def step() -> None:
            nonlocal taken
            taken += 1

        for one in connections:
            one.set_progress_handler(step, 1)
        act()
        for one in connections:
            one.set_progress_handler(None, 1)
        return taken

    return counted


@pytest.fixture
def drive(ann: Client) -> Client:
    """A folder with a document that has a few versions."""
    ann.mkcol("/dav/f")
    for _ in range(3):
        save(ann)
    return ann


def save(ann: Client, target: str = A) -> None:
    ann.put(target, f"content {next(_serial)}")
    ann.clock.advance(timedelta(seconds=1))


def check_out_and_in(ann: Client) -> None:
    for method in ("CHECKOUT", "CHECKIN"):
        assert ann(method, A).status in (200, 201)


def uuid_of(ann: Client) -> str:
    asked = '<D:propfind xmlns:D="DAV:"><D:prop><D:resource-id/></D:prop></D:propfind>'
    (uuid,) = re.findall(r"urn:uuid:([0-9a-f-]+)", ann("PROPFIND", A, asked, depth="0").body.decode())
    return str(uuid)


def look_through_lora(ann: Client) -> None:
    assert ann("GET", f"{lora.DOKUMENT}/{uuid_of(ann)}").status == 200


def look_through_dynacase(ann: Client) -> None:
    shown = gever.send(ann, "GET", f"http://{HOST}/gever/f/a.txt").json
    assert ann("GET", f"{dynacase.BASE}/documents/{shown['oguid'].rpartition(':')[2]}").status == 200


@pytest.mark.parametrize("act", [check_out_and_in, look_through_lora, look_through_dynacase, save])
def test_of_many_versions_only_those_that_are_needed_are_looked_at(
    drive: Client, steps: Callable[[Callable[[], object]], int], act: Callable[[Client], None]
) -> None:
    act(drive)
    first = steps(lambda: act(drive))
    for _ in range(MANY):
        save(drive)
    act(drive)

    assert steps(lambda: act(drive)) < first + MANY


def test_object_that_was_often_in_the_trash_goes_there_as_it_first_did(
    ann: Client, steps: Callable[[Callable[[], object]], int]
) -> None:
    number = dynacase.create(ann, my_title="Hello")["properties"]["id"]
    alive = json.dumps({"document": {"properties": {"status": "alive"}}})

    def there_and_back() -> None:
        assert ann("DELETE", f"{dynacase.BASE}/documents/{number}").status == 200
        ann.clock.advance(timedelta(seconds=1))
        assert ann("PUT", f"{dynacase.BASE}/trash/{number}", alive, content_type=dynacase.JSON).status == 200
        ann.clock.advance(timedelta(seconds=1))

    there_and_back()
    first = steps(there_and_back)
    for _ in range(MANY):
        there_and_back()

    assert steps(there_and_back) < first + MANY


def test_rescue_copies_are_found_by_their_document(drive: Client, steps: Callable[[Callable[[], object]], int]) -> None:
    def save_beside() -> None:
        save(drive, "/dav/f/~a.tmp")
        moved = drive("MOVE", "/dav/f/~a.tmp", destination=f"http://{HOST}{A}", overwrite="T")
        assert moved.status == 204

    save_beside()
    first = steps(save_beside)
    for _ in range(MANY):
        drive("CHECKOUT", A)
        save(drive)
        drive("UNCHECKOUT", A)
    save_beside()

    assert steps(save_beside) < first + MANY


@pytest.mark.parametrize("pause", [timedelta(seconds=0.01), timedelta(minutes=10)], ids=["within the window", "after it"])
def test_names_that_were_left_cost_the_next_save_nothing(
    drive: Client, steps: Callable[[Callable[[], object]], int], pause: timedelta
) -> None:
    save(drive)
    first = steps(lambda: save(drive))
    for number in range(MANY):
        drive.put(f"/dav/f/{number}")
    for number in range(MANY):
        assert drive("DELETE", f"/dav/f/{number}").status == 204
        drive.clock.advance(pause)
    save(drive)

    assert steps(lambda: save(drive)) < first + MANY


def test_names_that_were_left_do_not_wait_as_long_as_somebody_goes_on(
    drive: Client, steps: Callable[[Callable[[], object]], int]
) -> None:
    save(drive)
    first = steps(lambda: save(drive))
    for number in range(MANY):
        drive.put(f"/dav/f/{number}")
        assert drive("DELETE", f"/dav/f/{number}").status == 204
    for _ in range(20):
        drive.clock.advance(timedelta(minutes=1))
        save(drive)
    drive.clock.advance(timedelta(seconds=30))

    assert steps(lambda: save(drive)) < first + MANY


def test_what_is_in_the_trash_costs_nobody_who_looks_for_something_else(
    drive: Client, steps: Callable[[Callable[[], object]], int]
) -> None:
    statement = f"SELECT * FROM system:document WHERE system:objectId = '{uuid_of(drive)}'"

    def search() -> None:
        found = drive(
            "POST", "/api/dms/objects/search", json.dumps({"query": {"statement": statement}}), content_type=yuuvis.JSON
        )
        assert found.json["numItems"] == 1

    search()
    first = steps(search)
    for number in range(MANY):
        drive.put(f"/dav/f/{number}")
        assert drive("DELETE", f"/dav/f/{number}").status == 204
    search()

    assert steps(search) < first + MANY
