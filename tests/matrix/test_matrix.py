"""Each door, method, role, lock state and check-out state against what the model says.

By itself a run takes every 24th cell, all of them with ``--long``; each role, state and place is in it, and each operation in
several states of every role.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from davgate.core.store import Store
from tests.builders import damages
from tests.matrix.cells import Cell
from tests.matrix.doors import REGISTRY
from tests.matrix.model import ROLES, STATES, Role, State, Zone
from tests.matrix.worlds import a_world

EVERY = 24
"""Which part of the cells a short run takes."""


def cells_of(role: Role, *, every: int = EVERY, states: tuple[State, ...] = STATES) -> Iterator[tuple[State, list[Cell]]]:
    """Yield the states, each with the cells that are run in it; the part that is left out shifts from one to the next."""
    for number, state in enumerate(states):
        everything = [Cell(door, operation, state, zone) for zone in Zone for door in REGISTRY for operation in door.operations]
        yield state, everything[(number + ROLES.index(role)) % every :: every]


def wrong_of(role: Role, *, every: int) -> list[str]:
    """Run a role's cells and return what is wrong."""
    wrong: list[str] = []
    with a_world(role) as world:
        for state, cells in cells_of(role, every=every):
            snapshot = world.enter(state)
            for cell in cells:
                wrong += [f"{cell}: {one}" for one in cell.run(world, snapshot)]
        _check_store(world.store)
    return wrong


def _check_store(store: Store) -> None:
    assert damages(store) == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_requests_come_to_what_the_model_says(role: Role) -> None:
    assert wrong_of(role, every=EVERY) == []


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_request_comes_to_what_the_model_says(role: Role) -> None:
    assert wrong_of(role, every=1) == []


def test_a_short_run_has_enough_cells_of_everything() -> None:
    cells = [(role, cell) for role in ROLES for _, part in cells_of(role) for cell in part]
    operations = Counter((role.name, cell.door.name, cell.operation.name) for role, cell in cells)
    places = Counter((role.name, cell.state.name, cell.zone) for role, cell in cells)

    assert len(cells) >= 15_000
    assert len(operations) == len(ROLES) * sum(len(door.operations) for door in REGISTRY)
    assert len(places) == len(ROLES) * len(STATES) * len(Zone)
    assert min(operations.values()) >= 2
