"""LibreOffice with a remote document."""

from __future__ import annotations

from datetime import timedelta

from davgate.core.store import Context, Store
from tests.builders import SettableClock, locks_at
from tests.clients.conftest import Run
from tests.clients.programs import LibreOffice, token_of
from tests.protocol.databases import on_both_databases
from tests.protocol.stored import history

NAME = "/dav/letter.odt"


@on_both_databases
def test_document_saved_under_a_new_name_has_one_version(run: Run[LibreOffice], store: Store, ann: Context) -> None:
    office = run(LibreOffice, "ann")
    locked = office.lock(NAME)
    assert locked.status == 201
    assert b"<D:timeout>Second-180</D:timeout>" in locked.body
    token = token_of(locked)

    assert office.save(NAME, b"content", token).status == 204
    assert office.get(NAME).body == b"content"
    assert office.unlock(NAME, token).status == 204

    assert [version.content.length_bytes for version in history(store, ann, "/letter.odt")] == [7]
    assert locks_at(store, ann, "/letter.odt") == []


@on_both_databases
def test_new_name_given_up_again_is_an_empty_document(run: Run[LibreOffice], store: Store, ann: Context) -> None:
    office = run(LibreOffice, "ann")
    token = token_of(office.lock(NAME))

    assert office.unlock(NAME, token).status == 204

    assert [version.content.length_bytes for version in history(store, ann, "/letter.odt")] == [0]


def test_lock_is_supported_granted_refreshed_and_released(
    run: Run[LibreOffice], store: Store, ann: Context, clock: SettableClock
) -> None:
    office, other = run(LibreOffice, "ann"), run(LibreOffice, "bob")
    office.unlock(NAME, token_of(office.lock(NAME)))

    assert office.send("OPTIONS", NAME).headers["dav"].startswith("1, 2")
    supported = office.supported_locks(NAME)
    assert b"<D:exclusive/></D:lockscope><D:locktype><D:write/>" in supported.body
    locked = office.lock(NAME)
    assert (locked.status, b"<D:timeout>Second-180</D:timeout>" in locked.body) == (200, True)
    token = token_of(locked)
    for _ in range(3):
        # It asks anew when 30 seconds are left of the time that it was granted.
        clock.advance(timedelta(seconds=150))
        refreshed = office.refresh(NAME, token)
        assert (refreshed.status, b"<D:timeout>Second-180</D:timeout>" in refreshed.body) == (200, True)
    refused = other.lock(NAME)
    assert refused.status == 423
    assert office.save(NAME, b"one", token).status == 204
    assert office.save(NAME, b"two", token).status == 204
    assert office.unlock(NAME, token).status == 204
    assert locks_at(store, ann, "/letter.odt") == []
