"""The doors that the tests go through, in pairs. A new door adds itself to ``DOORS``."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import permutations
from typing import Final

import pytest

from tests.doors.door import Ability, Door
from tests.doors.drive import Drive
from tests.doors.dynacase import Dynacase
from tests.doors.gever import Gever
from tests.doors.lora import Lora
from tests.doors.okd import Okd
from tests.doors.yuuvis import Yuuvis

DRIVE: Final = Drive()
DOORS: Final[tuple[Door, ...]] = (DRIVE, Gever(), Okd(), Yuuvis(), Dynacase(), Lora())


def can(door: Door, *needed: Ability) -> bool:
    """Tell whether a door can do all of this."""
    return not any(ability in door.lacks for ability in needed)


def able(*needed: Ability) -> list[Door]:
    """Return the doors that can do all of this."""
    return [door for door in DOORS if can(door, *needed)]


def by_door(*needed: Ability) -> pytest.MarkDecorator:
    """Run a test once for each ``door`` with these abilities."""
    return pytest.mark.parametrize("door", able(*needed), ids=lambda door: door.name)


@dataclass(frozen=True)
class Cells:
    """What a test needs of the one door and of the other, and the pairs that it is run for."""

    here: frozenset[Ability]
    there: frozenset[Ability]
    run: tuple[tuple[str, str], ...]


CELLS: Final[dict[str, Cells]] = {}
"""By the names of tests."""


def in_pairs(
    *, here: Collection[Ability] = (), there: Collection[Ability] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test for each ordered pair of doors, ``here`` and ``there``, that have the abilities it needs of each."""
    pairs = [(one, other) for one, other in permutations(DOORS, 2) if can(one, *here) and can(other, *there)]
    names = tuple((one.name, other.name) for one, other in pairs)
    mark = pytest.mark.parametrize(("here", "there"), pairs, ids=map("-".join, names))

    def marked(test: Callable[..., None]) -> Callable[..., None]:
        CELLS[test.__name__] = Cells(frozenset(here), frozenset(there), names)
        marked_test: Callable[..., None] = mark(test)
        return marked_test

    return marked
