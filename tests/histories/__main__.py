"""Plays many random steps, and on a difference shows the shortest history that leads to it.

``python -m tests.histories --steps 100000``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from davgate.storage import schema
from davgate.storage.database import Database
from tests.builders import SettableClock
from tests.histories.machine import Step, a_step, failure

PER_HISTORY = 200


def fails(steps: list[Step]) -> str | None:
    """Play a history on a store of its own."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'store.sqlite3'}"
        database = Database(url, SettableClock())
        schema.prepare(database)
        database.close()
        return failure(url, folder, steps)


def shortest(steps: list[Step]) -> list[Step]:
    """Leave out what the difference does not need."""
    size = max(1, len(steps) // 2)
    while size:
        position = 0
        while position < len(steps):
            shorter = steps[:position] + steps[position + size :]
            if shorter and fails(shorter) is not None:
                steps = shorter
            else:
                position += size
        size //= 2
    return steps


def main() -> int:
    """Run, and tell the outcome."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    played, began_at = 0, time.monotonic()
    while played < options.steps:
        random = Random(options.seed * 1_000_003 + played)
        steps = [a_step(random) for _ in range(PER_HISTORY)]
        if fails(steps) is not None:
            steps = shortest(steps)
            print(*steps, fails(steps), sep="\n")
            return 1
        played += PER_HISTORY
        if played % 10_000 == 0:
            print(f"{played:,} steps, {time.monotonic() - began_at:.0f} s", flush=True)
    print(f"{played:,} steps, no difference.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
