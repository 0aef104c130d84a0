"""No door is left out of the matrix, and no method of one."""

from __future__ import annotations

import pkgutil
from itertools import product

import pytest

import davgate.rest
from davgate import app
from davgate.rest.door import Door as DialectDoor
from tests.matrix.doors import REGISTRY, Door
from tests.matrix.model import PLACES, ROLES, STATES, Asking, Outcome

DOORS = ("davgate.dav", "davgate.rest", "davgate.web")


def doors_in(module: object) -> set[type]:
    """Return the applications of doors that a module puts together: what answers requests and comes from a door's package."""
    return {
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__.startswith(DOORS) and callable(getattr(value, "answer", None))
    }


def test_every_door_of_the_application_is_in_the_matrix() -> None:
    assert doors_in(app) == {door.application for door in REGISTRY}


def test_every_dialect_is_in_the_matrix() -> None:
    packages = {name for _, name, is_package in pkgutil.iter_modules(davgate.rest.__path__) if is_package}

    assert packages == {door.name for door in REGISTRY if door.application is DialectDoor}


@pytest.mark.parametrize("door", REGISTRY, ids=lambda door: door.name)
def test_everything_that_a_door_offers_is_in_the_matrix(door: Door) -> None:
    assert {operation.offered or operation.method for operation in door.operations} == door.offered


@pytest.mark.parametrize("door", REGISTRY, ids=lambda door: door.name)
def test_every_refusal_of_a_door_that_arises_has_a_status(door: Door) -> None:
    askings = [Asking(role, state) for role, state in product(ROLES, STATES) if role.signs_in]
    arising = {
        outcome
        for operation, asking, place in product(door.operations, askings, PLACES.values())
        for outcome in operation.rule(asking, place)
    }
    assert arising | {Outcome.UNAUTHENTICATED} == set(door.statuses)


def test_no_operation_is_there_twice() -> None:
    for door in REGISTRY:
        names = [operation.name for operation in door.operations]
        assert len(names) == len(set(names))
