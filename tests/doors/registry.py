"""The doors that the tests go through, in pairs. A new door adds itself to ``DOORS``."""

from __future__ import annotations

from itertools import permutations
from typing import Final

import pytest

from tests.doors.door import Ability, Door
from tests.doors.drive import Drive
from tests.doors.gever import Gever
from tests.doors.okd import Okd

DOORS: Final[tuple[Door, ...]] = (Drive(), Gever(), Okd())


def can(door: Door, *needed: Ability) -> bool:
    """Tell whether a door can do all of this."""
    return not any(ability in door.lacks for ability in needed)


def by_door(*needed: Ability) -> pytest.MarkDecorator:
    """Run a test once for each ``door`` with these abilities."""
    return pytest.mark.parametrize("door", [one for one in DOORS if can(one, *needed)], ids=lambda door: door.name)


def in_pairs(*, here: set[Ability] | None = None, there: set[Ability] | None = None) -> pytest.MarkDecorator:
    """Run a test for each ordered pair of doors, ``here`` and ``there``, that have the abilities it needs of each."""
    pairs = [(one, other) for one, other in permutations(DOORS, 2) if can(one, *(here or ())) and can(other, *(there or ()))]
    return pytest.mark.parametrize(("here", "there"), pairs, ids=[f"{one.name}-{other.name}" for one, other in pairs])
