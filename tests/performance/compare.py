"""Runs rows on servers in turn: every round of a row visits each server, so all see the same state of the machine."""

import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from .load import LoadError
from .peers import Peer, PeerError
from .rows import Row, Sample


@dataclass(frozen=True)
class Pace:
    """How long a run may take: seconds for each sample, rounds for each row, minutes for everything."""

    sample_seconds: float
    rounds: int
    minutes: float


@dataclass
class Results:
    """The median sample of each server in each row, and what went wrong."""

    samples: dict[str, dict[str, Sample]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def run(rows: Sequence[Row], peers: Sequence[Peer], pace: Pace, began_at: float) -> Results:
    """Measure every row on every peer; rows that no longer fit into the time are named instead.

    A server that answers wrongly loses its figure in that row, not the others theirs.
    """
    results = Results()
    for row in rows:
        if time.monotonic() - began_at > pace.minutes * 60:
            results.left_out.append(row.name)
            continue
        medians = _run_row(row, peers, pace, results.failures)
        results.samples[row.name] = medians
        figures = ", ".join(f"{name} {sample.value:.4g}" for name, sample in medians.items())
        print(f"{time.monotonic() - began_at:4.0f} s  {row.name}: {figures} {row.unit}", file=sys.stderr, flush=True)
    return results


def _run_row(row: Row, peers: Sequence[Peer], pace: Pace, failures: list[str]) -> dict[str, Sample]:
    found: dict[str, list[Sample]] = {peer.name: [] for peer in peers}
    for number in range(min(pace.rounds, row.most_rounds)):
        # Each round begins with another server, so that none always runs right after the same one.
        first = number % len(peers)
        for peer in [*peers[first:], *peers[:first]]:
            if peer.name not in found:
                continue
            try:
                found[peer.name].append(row.measure(peer, pace.sample_seconds))
            except (LoadError, PeerError, OSError) as error:
                failures.append(f"{row.name}: {error}")
                del found[peer.name]
            if row.writes:
                # What one server leaves unwritten must not be written on the time of the next.
                os.sync()
    return {name: _median(samples) for name, samples in found.items()}


def _median(samples: Sequence[Sample]) -> Sample:
    middle = statistics.median_low(sample.value for sample in samples)
    return next(sample for sample in samples if sample.value == middle)
