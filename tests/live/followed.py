"""A document that programs save, and what has to be true of it afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from sqlalchemy import delete

from davgate.core.principals.accounts import principal_named
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.model.node import ROOT_ID
from davgate.model.rights import EVERYTHING, READER, Right
from davgate.storage.api import access
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant
from tests.builders import node_at, opened_store

from .drive import Server

BEN: Final = "ben"
"""Whoever may read the followed documents and nothing else."""

AUTHOR: Final = b'<propertyupdate xmlns="DAV:"><set><prop><author xmlns="urn:x">Ann</author></prop></set></propertyupdate>'

TRASHED: Final = re.compile(r" \d{4}-\d\d-\d\d \d\d\.\d\d \d+(?=\.|$)")
"""What the trash adds to a name: when it was deleted, and its inner id."""


def admit_ben(server: Server) -> None:
    """Add Ben, and leave no grant in the store but Ann's to everything."""
    server.command("user", "add", BEN, "--password-stdin", stdin=server.drive.password + "\n").succeeded()
    with _store(server) as store:
        _grant(store, server.drive.user, ROOT_ID, EVERYTHING, alone=True)


class Followed:
    """A document of one version, with a dead property and a grant of its own, looked at after programs have saved it.

    Others have read it, unless it ``is_new``: then nothing tells it from a program's working copy but what is done to it.
    """

    def __init__(self, server: Server, path: str, *, is_new: bool = False) -> None:
        """Follow the document at a path of two names."""
        self.drive = server.drive
        self.path = path
        self.folder, _, self.name = path.rpartition("/")
        self._server = server
        self._first = self.drive.get(path)
        assert list(self.drive.versions(path).values()) == [self._first]
        assert self.drive.request("PROPPATCH", path, AUTHOR).status == 207
        self._id = self._identity()
        assert self._bens_answer() == 404
        with _store(server) as store:
            _grant(store, BEN, node_at(store, SYSTEM_CONTEXT, path).id, READER)
        assert is_new or self._bens_answer() == 200
        self._in_trash = set(self.drive.members(".trash"))

    def check(self, *saved: bytes, documents: tuple[str, ...] = (), scratch: tuple[str, ...] = ()) -> None:
        """It is the same document, with a version for each of ``saved`` after its first.

        Its property and its grant are there, no lock is left, and beside it are these other documents and these scratch files
        and nothing else. Nothing came into the trash but a backup that the program has deleted: it might be the only copy.
        """
        current = (self._first, *saved)[-1]
        assert list(self.drive.versions(self.path).values()) == [self._first, *saved]
        assert self._identity() == self._id
        assert self.drive.get(self.path) == current
        assert self._bens_answer() == 200
        assert self.drive.active_locks(self.path) == []
        assert self.drive.members(self.folder) == sorted((self.name, *documents, *scratch))
        assert self.drive.members(f"{self.folder}/.versions") == sorted((self.name, *documents))
        trashed = {TRASHED.sub("", entry) for entry in self.drive.members(".trash") if entry not in self._in_trash}
        assert trashed <= {f"{self.name}~"}, trashed

    def save_counts(self) -> list[int]:
        """Return how many earlier saves are kept of each version."""
        listed = self._server.command("versions", f"/{self.path}", "--saves", "--json").succeeded()
        return [len(version["saves"]) for version in json.loads(listed.output)["versions"]]

    def _bens_answer(self) -> int:
        return replace(self.drive, user=BEN).request("GET", self.path).status

    def _identity(self) -> str:
        question = b'<propfind xmlns="DAV:"><prop><resource-id/><author xmlns="urn:x"/></prop></propfind>'
        answer = self.drive.request("PROPFIND", self.path, question, {"Depth": "0"})
        assert answer.status == 207
        found = re.search(rb"urn:uuid:[0-9a-f-]{36}", answer.body)
        assert found is not None and b"Ann" in answer.body, answer.body
        return found[0].decode()


@contextmanager
def _store(server: Server) -> Iterator[Store]:
    """Open the store beside the server that runs on it: no door and no command changes grants."""
    with opened_store(f"sqlite:///{server.data / 'davgate.sqlite3'}", server.data) as store:
        yield store


def _grant(store: Store, name: str, node_id: int, rights: Right, *, alone: bool = False) -> None:
    with store.database.write() as tx:
        if alone:
            tx.run(Statement(delete(access_grant)))
        access.grant(tx, node_id, principal_named(store, name).id, rights.value)
        tx.commit()
