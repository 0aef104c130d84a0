"""No door is left out of the matrix, and no method of one."""

from __future__ import annotations

import pkgutil

import davgate
from davgate import app
from tests.matrix.doors import REGISTRY, Door
from tests.matrix.model import Outcome

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
    packages = {name for _, name, is_package in pkgutil.walk_packages(davgate.__path__, "davgate.") if is_package}
    dialects = {name for name in packages if name.startswith("davgate.rest.") and name.count(".") == 2}

    covered = {door.application.__module__ for door in REGISTRY}
    assert {name for name in dialects if not any(module.startswith(name) for module in covered)} == set()


def _never_answered(door: Door) -> set[Outcome]:
    return set(Outcome) - set(door.statuses)


def test_every_method_of_a_door_is_in_the_matrix_and_every_refusal_has_a_status() -> None:
    for door in REGISTRY:
        assert {operation.method for operation in door.operations} == door.methods
        assert _never_answered(door) == set()


def test_no_operation_is_there_twice() -> None:
    for door in REGISTRY:
        names = [operation.name for operation in door.operations]
        assert len(names) == len(set(names))
