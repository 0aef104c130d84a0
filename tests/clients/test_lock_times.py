"""Locks that are kept alive, and locks that ran out."""

from __future__ import annotations

from datetime import timedelta

from davgate.core.store import Context, Store
from tests.builders import SettableClock, a_document, locks_at
from tests.clients.conftest import Run
from tests.clients.programs import Curl, token_of
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history

N = "/dav/n.txt"


@on_both_databases
def test_lock_refreshed_at_half_time_holds_on(run: Run[Curl], store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/n.txt", b"one")

    hold_on(run(Curl, "ann"), run(Curl, "bob"), N, clock)


def hold_on(of_ann: Curl, of_bob: Curl, name: str, clock: SettableClock) -> None:
    """Take a short lock, keep it alive beyond its first end, write and release it."""
    token = token_of(of_ann.lock(name, "Timeout: Second-6"))
    clock.advance(timedelta(seconds=3))
    refreshed = of_ann.send("LOCK", name, f"If: (<{token}>)", "Timeout: Second-6", "Content-Length: 0")
    assert (refreshed.status, b"Second-6" in refreshed.body) == (200, True)
    clock.advance(timedelta(seconds=4.5))
    assert of_bob.put(name, b"bob").status == 423
    assert of_ann.put(name, b"two", f"If: (<{token}>)").status == 204
    assert of_ann.send("UNLOCK", name, f"Lock-Token: <{token}>").status == 204


@on_both_databases
def test_lock_that_ran_out_is_lost_once_somebody_else_has_written(
    run: Run[Curl], store: Store, ann: Context, clock: SettableClock
) -> None:
    a_document(store, ann, "/n.txt", b"one")
    of_ann, of_bob = run(Curl, "ann"), run(Curl, "bob")
    token = token_of(of_ann.lock(N, "Timeout: Second-2"))
    clock.advance(timedelta(seconds=3.5))
    assert locks_at(store, ann, "/n.txt") == []

    assert of_bob.put(N, b"bob").status == 204

    assert of_ann.put(N, b"ann", f"If: (<{token}>)").status == 412
    assert of_ann.send("LOCK", N, f"If: (<{token}>)", "Timeout: Second-2", "Content-Length: 0").status == 412
    assert of_ann.send("UNLOCK", N, f"Lock-Token: <{token}>").status == 409
    assert of_ann.get(N).body == b"bob"
    assert [version.author for version in history(store, ann, "/n.txt")] == ["ann", "bob"]
