"""Whatever people ask of the drive, in whatever order, it does what a naive model says, and keeps every invariant.

A short run; ``python -m tests.histories --steps 100000`` is a long one.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from davgate.storage import schema
from davgate.storage.database import Database
from tests.builders import SettableClock
from tests.histories.__main__ import PER_HISTORY, fails
from tests.histories.machine import ACTS, CONTENTS, NAMES, PEOPLE, SPANS, Step, a_machine, a_step

STEPS = st.builds(
    Step,
    act=st.sampled_from(ACTS),
    who=st.sampled_from(PEOPLE),
    name=st.sampled_from(NAMES),
    to=st.sampled_from(NAMES),
    content=st.sampled_from(CONTENTS),
    with_token=st.booleans(),
    overwrite=st.booleans(),
    seconds=st.sampled_from(SPANS),
)


@cache
def an_empty_store() -> Path:
    """Return a database that is prepared, to be copied."""
    file = Path(tempfile.mkdtemp()) / "store.sqlite3"
    database = Database(f"sqlite:///{file}", SettableClock())
    schema.prepare(database)
    database.close()
    return file


class DriveMachine(RuleBasedStateMachine):
    """Plays steps on a drive and on its model."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        file = shutil.copy(an_empty_store(), folder / "store.sqlite3")
        self._machine = self._stack.enter_context(a_machine(f"sqlite:///{file}", folder))

    @rule(step=STEPS)
    def play(self, step: Step) -> None:
        """Play a step, and compare."""
        self._machine.play(step)

    def teardown(self) -> None:
        """Check every invariant."""
        try:
            self._machine.finish()
        finally:
            self._stack.close()


@pytest.mark.parametrize("seed", range(20))
def test_long_history_leads_where_the_model_says(seed: int) -> None:
    random = Random(seed)
    steps = [a_step(random) for _ in range(PER_HISTORY)]

    assert fails(steps) is None, "python -m tests.histories finds the shortest history"


TestDriveMachine = DriveMachine.TestCase
TestDriveMachine.settings = settings(max_examples=settings().max_examples, stateful_step_count=30)
