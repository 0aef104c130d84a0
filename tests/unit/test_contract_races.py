"""Four processes do the same at the same moment: exactly one of them succeeds, and nobody waits long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.builders import a_document, a_user, all_versions, content_of, node_at
from tests.processes import CONTEXT, start
from tests.unit.racing import PATIENCE_SECONDS, RACES, Site, run_races, run_replacing, run_writing

from davgate.core.store import Context, Store

NAMES = ("p0", "p1", "p2", "p3")
ROUNDS = 12
LONGEST_WAIT_SECONDS = 1.0

RunAll = Callable[[Callable[..., None], float], dict[str, Any]]


@pytest.fixture
def run_all(store: Store, database_url: str, tmp_path: Path) -> RunAll:
    """Run a function in four processes, each as a user of its own; return by name what each has left."""

    def run(target: Callable[..., None], amount: float) -> dict[str, Any]:
        barrier, outcomes = CONTEXT.Barrier(len(NAMES)), CONTEXT.Queue()
        for name in NAMES:
            a_user(store, name)
        processes = [start(target, Site(database_url, tmp_path), name, amount, barrier, outcomes) for name in NAMES]
        found = dict(outcomes.get(timeout=PATIENCE_SECONDS) for _ in processes)
        for process in processes:
            process.join()
            assert process.exitcode == 0
        return found

    return run


def test_exactly_one_wins_each_race(store: Store, ann: Context, run_all: RunAll) -> None:
    for number in range(ROUNDS):
        a_document(store, ann, f"/lock-document-{number}")
        a_document(store, ann, f"/move-away-{number}")
        a_document(store, ann, f"/lock-deep-{number}/a")

    won = Counter(race for races in run_all(run_races, ROUNDS).values() for race in races)

    assert won == Counter({(race, number): 1 for race in RACES for number in range(ROUNDS)})


def test_exactly_one_put_wins_for_each_etag(store: Store, ann: Context, run_all: RunAll) -> None:
    a_document(store, ann, "/replaced", b"first")

    won = run_all(run_replacing, ROUNDS)

    by_round = {number: name for name, numbers in won.items() for number in numbers}
    assert sorted(number for numbers in won.values() for number in numbers) == list(range(ROUNDS))
    assert content_of(store, ann, "/replaced") == f"{ROUNDS - 1} {by_round[ROUNDS - 1]}".encode()
    authors = [version.author for version in all_versions(store, ann, ("replaced",))]
    assert authors == ["ann", *(by_round[number] for number in range(ROUNDS))]


def test_no_writer_starves(store: Store, ann: Context, run_all: RunAll) -> None:
    found = run_all(run_writing, 1.0)

    turns = {name: turn for name, (turn, _) in found.items()}
    waits = {name: wait for name, (_, wait) in found.items()}
    assert max(waits.values()) < LONGEST_WAIT_SECONDS, waits
    assert min(turns.values()) * 5 > max(turns.values()), turns
    assert all(node_at(store, ann, f"/{name}").version_no == count for name, count in turns.items())
