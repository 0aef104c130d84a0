"""A store with a closed place in it, an attacker who may write elsewhere, and the means to tell whether anything changed.

What the attacker sends is read by the server's own parser first, so that the drive gets what it would get from a socket.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from davgate.app import Application
from davgate.core import deleting
from davgate.core.store import Store
from davgate.http.server.gateway import base_environ
from davgate.http.server.head import Refused, RequestHead
from davgate.http.server.limits import ServerLimits
from davgate.model.rights import EDITOR
from davgate.storage.api import access
from tests.attacks.paths import GONE, OUTSIDE, PLAN, PRIVATE
from tests.builders import SettableClock, a_collection, a_document, a_user, opened_store
from tests.protocol.applications import an_application
from tests.protocol.client import HOST, Client, Response

SECRET_CONTENT: Final = b"what nobody else may read, x9"
OUTSIDE_CONTENT: Final = b"what lies beside the data folder, x9"
THERE: Final = b"what is there"

_LIMITS: Final = ServerLimits()


class StrictClient(Client):
    """Sends requests through the parser of the server's heads; what that refuses has no headers here."""

    def send(self, method: str, target: str, body: Any, **headers: str) -> Response:
        try:
            return super().send(method, target, body, **headers)
        except Refused as refused:
            return Response(refused.status, {}, refused.reason.encode())

    def _environ(self, method: str, target: str, body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {HOST}"]
        lines += [f"{name.rstrip('_').replace('_', '-')}: {value}" for name, value in headers.items()]
        environ = base_environ("127.0.0.1", 8080)
        environ |= {"REMOTE_ADDR": self.address, "wsgi.input": body}
        del environ["wsgi.file_wrapper"]  # Content is read here, not sent by the kernel.
        RequestHead("\r\n".join([*lines, "", ""]).encode("latin-1"), environ, _LIMITS)
        return environ


@dataclass(frozen=True, slots=True)
class House:
    """The store at its beginning: ``/work/there.txt`` of ann, and ``/private-x9/plan-x9.txt``, closed to all but bob.

    What bob has deleted there lies in the trash.
    """

    store: Store
    app: Application
    folder: Path
    database: sqlite3.Connection
    beginning: sqlite3.Connection
    ann: StrictClient
    bob: Client
    plan_etag: str
    plan_uuid: str
    gone_id: int
    failures: list[str] = field(default_factory=list)
    """What was logged as an error."""
    known: dict[str, int] = field(default_factory=dict)
    """The state as it was looked at last."""

    def state(self) -> int:
        """Return a number that is another one after each change but that of the audit, which notes refusals too."""
        (number,) = self.database.execute("PRAGMA data_version").fetchone()
        if number != self.known.get("data_version"):
            self.known.update(data_version=number, state=self._hash())
        return self.known["state"]

    def _hash(self) -> int:
        tables = self.database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return hash(
            tuple(
                (name, tuple(self.database.execute(f'SELECT * FROM "{name}"').fetchall()))
                for (name,) in tables
                if name not in ("audit", "store", "sign_in_failure")
            )
        )

    def tree(self) -> dict[tuple[str, ...], tuple[Any, ...]]:
        """Return all that is in the tree with what it holds: kind, content, version, properties, locks, rights."""
        rows = {row[0]: row for row in self.database.execute(_NODES)}
        found = {}
        for row in rows.values():
            names, at = [], row
            while at[1] is not None:
                names.append(at[2])
                at = rows[at[1]]
            found[tuple(reversed(names))] = (row[0], *row[3:])
        return found

    def begin_anew(self) -> None:
        """Put the store back to its beginning."""
        self.beginning.backup(self.database)
        self.known.clear()  # A connection does not count its own changes.


_NODES: Final = """
    WITH RECURSIVE placed(id) AS (
        SELECT id FROM node WHERE id = 1
        UNION ALL SELECT node.id FROM node JOIN placed ON node.parent_id = placed.id
    )
    SELECT node.id, parent_id, name, kind, digest, version_no, is_closed, media_type,
        (SELECT group_concat(xml) FROM dead_property WHERE dead_property.node_id = node.id),
        (SELECT group_concat(token) FROM lock WHERE lock.node_id = node.id),
        (SELECT group_concat(principal_id || ':' || rights) FROM access_grant WHERE access_grant.node_id = node.id)
    FROM node JOIN placed ON placed.id = node.id
"""


class _Failures(logging.Handler):
    def __init__(self, kept: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        self._kept.append(f"{record.getMessage()} {record.exc_info[1] if record.exc_info else ''}")


@contextmanager
def a_house(prepared: Path, folder: Path, clock: SettableClock) -> Iterator[House]:
    """Give a house in a folder; nothing outside its data folder may have changed afterwards, and no error been logged."""
    data = folder / "data"
    data.mkdir()
    file = data / "davgate.sqlite3"
    file.write_bytes(prepared.read_bytes())
    (folder / OUTSIDE).write_bytes(OUTSIDE_CONTENT)
    with (
        opened_store(f"sqlite:///{file}", data, clock) as store,
        an_application(store, data) as app,
        closing(sqlite3.connect(file, isolation_level=None)) as database,
        closing(sqlite3.connect(":memory:")) as beginning,
    ):
        # A round of it each minute tidies what has ended: a change that no attacker made.
        app._upkeep.stop()
        ann, bob = a_user(store, "ann"), a_user(store, "bob")
        a_document(store, ann, "/work/there.txt", THERE)
        a_collection(store, ann, "/work/folder")
        plan = a_document(store, bob, f"/{PRIVATE}/{PLAN}", SECRET_CONTENT)
        gone = a_document(store, bob, f"/{PRIVATE}/{GONE}", SECRET_CONTENT)
        assert plan.parent_id is not None and plan.etag is not None
        with store.database.write() as tx:
            access.grant(tx, plan.parent_id, bob.principal.id, EDITOR.value)
            access.set_closed(tx, plan.parent_id, is_closed=True)
            tx.commit()
        deleting.delete(store, bob, (PRIVATE, GONE))
        clock.advance(timedelta(hours=1))
        database.backup(beginning)
        attacker, owner = StrictClient(app, clock, ann), Client(app, clock, bob)
        house = House(store, app, folder, database, beginning, attacker, owner, plan.etag, plan.uuid, gone.id)
        handler = _Failures(house.failures)
        logging.getLogger().addHandler(handler)
        try:
            yield house
        finally:
            logging.getLogger().removeHandler(handler)
        assert house.failures == []
    assert sorted(path.name for path in folder.iterdir()) == ["data", OUTSIDE]
    assert (folder / OUTSIDE).read_bytes() == OUTSIDE_CONTENT
