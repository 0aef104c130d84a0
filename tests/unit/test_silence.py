"""A PostgreSQL server that keeps its connections and answers nothing: whatever waits for it ends, and nothing else does."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from sqlalchemy import make_url
from tests.builders import SettableClock

from davgate.core.store import Store
from davgate.model.errors import Busy
from davgate.storage import database as database_module
from davgate.storage import silence
from davgate.storage.database import Database
from davgate.storage.engines import answers, open_postgresql
from davgate.storage.silence import PATIENCE_SECONDS, SilenceWatch


class Used:
    """A connection in use."""

    is_cut = False

    def cut(self) -> None:
        self.is_cut = True


class Server:
    """A server that answers or not, and counts who asked."""

    is_silent = False
    asked = 0

    def answers(self) -> bool:
        self.asked += 1
        return not self.is_silent


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def watch(server: Server, monkeypatch: pytest.MonkeyPatch) -> SilenceWatch:
    """A watch that looks only when it is told to."""
    monkeypatch.setattr(SilenceWatch, "_start", lambda self: None)
    return SilenceWatch(server.answers)


def later() -> float:
    return time.monotonic() + PATIENCE_SECONDS + 1


def test_server_is_not_asked_while_nobody_waits_long(watch: SilenceWatch, server: Server) -> None:
    watch.begin(Used())
    watch.look(time.monotonic())

    assert server.asked == 0


def test_what_takes_long_goes_on_while_the_server_answers(watch: SilenceWatch, server: Server) -> None:
    used = Used()
    watch.begin(used)
    watch.look(later())

    assert server.asked == 1
    assert not used.is_cut
    assert watch.end(used)
    watch.expect_answer()


def test_whoever_waits_for_a_silent_server_is_cut_off_and_others_are_refused(watch: SilenceWatch, server: Server) -> None:
    waiting, ended = Used(), Used()
    watch.begin(waiting)
    watch.begin(ended)
    assert watch.end(ended)
    server.is_silent = True
    watch.look(later())

    assert waiting.is_cut and not ended.is_cut
    assert not watch.end(waiting)
    with pytest.raises(Busy):
        watch.expect_answer()


def test_server_that_answers_again_is_noticed_though_nobody_waits(watch: SilenceWatch, server: Server) -> None:
    watch.note_silence()
    with pytest.raises(Busy):
        watch.expect_answer()
    watch.look(time.monotonic())

    watch.expect_answer()


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_statement_that_a_silent_server_does_not_answer_ends(
    store: Store, database_url: str, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(silence, "_PAUSE_SECONDS", 0.01)
    is_silent = threading.Event()
    monkeypatch.setattr(database_module, "answers", lambda _: not is_silent.is_set())
    elsewhere = Database(database_url, clock)
    before = threading.active_count()

    with store.database.write():
        is_silent.set()
        # Else the lock would be waited for.
        with pytest.raises(Busy), elsewhere.write():
            pass
        with pytest.raises(Busy), elsewhere.read():
            pass
        is_silent.clear()

    written = False
    while not written:
        try:
            with elsewhere.write() as tx:
                tx.take_ids()
                tx.commit()
            written = True
        except Busy:
            pass
    elsewhere.close()
    store.database.close()
    # Who goes on to fork must have no other thread.
    assert threading.active_count() <= before


@pytest.mark.parametrize(("is_listening", "does_answer"), [(True, False), (False, True)], ids=["silent", "refused"])
def test_only_silence_is_no_answer(is_listening: bool, does_answer: bool) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if is_listening:
            # Connections wait in the kernel, and nobody accepts them.
            server.listen()
        engine = open_postgresql(make_url(f"postgresql+psycopg://ann@127.0.0.1:{server.getsockname()[1]}/none"), 1)
        assert answers(engine) is does_answer
        engine.dispose()
