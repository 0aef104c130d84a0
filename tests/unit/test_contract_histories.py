"""Random histories of requests lead to the same state as a naive store in memory, and every invariant holds after each.

Locks have no grace here: the naive store forgets one at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from tests.builders import START, SettableClock, a_user, all_versions, damages, locks_at, opened_store, read, with_policy
from tests.unit.histories import PEOPLE, Request, a_history, play
from tests.unit.naive_store import NaiveStore, places

from davgate.core import tree, versioning
from davgate.core.store import Context, Policy, Store
from davgate.model.errors import DavgateError, NotFound
from davgate.model.locks import Lock, LockPolicy
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.storage.statements import Statement
from davgate.storage.tables import trash

FreshDatabase = Callable[[str, Path], AbstractContextManager[str]]
LENGTH = 40
TRASHED = Statement(select(func.count()).select_from(trash))


def check_history(store: Store, history: list[Request]) -> None:
    """Play a history on both stores; they must agree on every outcome and on the state that it leads to."""
    naive = NaiveStore(START)
    people = {name: replace(a_user(store, name), editing=False) for name in PEOPLE}
    tokens: dict[str, str] = {}
    for number, request in enumerate(history):
        ctx = replace(people[request.who], tokens=frozenset(tokens.values()) if request.submits else frozenset())
        refusal: type[Exception] | None = None
        outcome: object = None
        try:
            outcome = request.step.really(store, ctx, tokens)
        except DavgateError as error:
            refusal = type(error)
        assert refusal is play(naive, request), f"step {number}: {request}: {refusal}"
        if isinstance(outcome, Lock):
            tokens[naive.granted[-1]] = outcome.token
        if isinstance(outcome, Node):
            node = naive.node(request.step.where)  # type: ignore[attr-defined]
            assert node is not None
            node.uuid = node.uuid or outcome.uuid
            assert node.uuid == outcome.uuid, f"step {number}: {request}: another document than before"
    compare(store, people["ann"], naive, tokens)
    assert damages(store) == []


def compare(store: Store, ctx: Context, naive: NaiveStore, tokens: dict[str, str]) -> None:
    """Both stores hold the same collections, documents, versions and locks."""
    for where, node in places((), naive.root):
        with tree.listing(store, ctx, where, with_members=True, with_properties=False, with_locks=True) as found:
            assert sorted(row[4] or "" for batch in found.batches for row in batch) == sorted(m.name for m in node.members)
            assert found.node.is_collection is node.is_collection
            assert node.uuid in ("", found.node.uuid)
        assert {(lock.token, lock.expires_at) for lock in locks_at(store, ctx, "/".join(where))} == {
            (tokens[lock.token], lock.ends) for lock in naive.locks_of(where)
        }
        if node.versions is not None:
            assert versions_at(store, ctx, where) == node.versions
    with store.database.read() as session:
        assert session.all(TRASHED) == [(naive.trashed,)]


def versions_at(store: Store, ctx: Context, where: TreePath) -> list[bytes]:
    try:
        versions = all_versions(store, ctx, where)
    except NotFound:
        return []
    assert [version.no for version in versions] == list(range(1, len(versions) + 1))
    times = [version.opened_at for version in versions]
    assert times == sorted(set(times))
    return [read(versioning.open_version(store, ctx, where, version.no)[2]) for version in versions]


class Played:
    """Plays histories, each on a store of its own."""

    def __init__(self, kind: str, fresh_database: FreshDatabase, folders: pytest.TempPathFactory) -> None:
        self._kind = kind
        self._fresh_database = fresh_database
        self._folders = folders

    def failure(self, history: list[Request]) -> AssertionError | None:
        """Return in what the stores differ after, or during, a history."""
        folder = self._folders.mktemp("history")
        with self._fresh_database(self._kind, folder) as url, opened_store(url, folder, SettableClock()) as opened:
            store = with_policy(opened, Policy(locks=LockPolicy(grace=timedelta(0))))
            try:
                check_history(store, history)
            except AssertionError as error:
                return error
        return None

    def check(self, history: list[Request]) -> None:
        """Fail with the shortest part of the history that fails in the same place."""
        failure = self.failure(history)
        if failure is None:
            return
        position = len(history)
        while position:
            position -= 1
            shorter = history[:position] + history[position + 1 :]
            if (still := self.failure(shorter)) is not None:
                history, failure = shorter, still
        raise AssertionError("\n".join(map(str, (*history, failure)))) from failure


@given(random=st.randoms(use_true_random=True))
def test_random_history_leads_where_the_naive_store_says(
    fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory, random: Random
) -> None:
    Played("sqlite", fresh_database, tmp_path_factory).check(a_history(random, LENGTH))


# The rules are the same code on both engines; what differs are the statements, which few histories exhaust.
@settings(max_examples=settings().max_examples // 4)
@given(random=st.randoms(use_true_random=True))
def test_random_history_leads_there_on_postgresql_too(
    fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory, random: Random
) -> None:
    Played("postgresql", fresh_database, tmp_path_factory).check(a_history(random, LENGTH))
