"""What a line of the table is: samples of each server, a unit, and the bars davgate's figure has to reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .documents import MIB
from .load import Timings
from .peers import Peer

MEGABYTE = 1_000_000
EVERY_ROUND = 99
ENOUGH_UNITS = 20


@dataclass(frozen=True)
class Sample:
    """One figure in the row's unit, with what is shown in brackets behind it."""

    value: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    extra_mib: float | None = None
    lost_share: float = 0.0


@dataclass(frozen=True)
class Bar:
    """A statement about figures of one row, which can be judged when the named servers took part."""

    text: str
    holds: Callable[[Mapping[str, Sample]], bool]
    servers: frozenset[str]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    ``measure`` takes a running peer and the seconds it may take; what it needs beside the seeds it makes itself,
    untimed, so that rows can be run alone and in any order. ``listings`` and ``singles`` name those seeds.
    ``most_rounds`` caps the rounds of rows that write gigabytes; ``is_long`` leaves a row out of quick runs.
    """

    name: str
    unit: str
    measure: Callable[[Peer, float], Sample]
    bars: tuple[Bar, ...] = ()
    listings: tuple[int, ...] = ()
    singles: tuple[int, ...] = ()
    most_rounds: int = EVERY_ROUND
    is_long: bool = False
    writes: bool = False

    @property
    def less_is_better(self) -> bool:
        """Whether the figure is a cost rather than a rate."""
        return not self.unit.endswith("/s")


def ahead(factor: float, *peers: str, own: str = "davgate") -> Bar:
    """Return the bar: at least ``factor`` times the best of these peers."""

    def holds(found: Mapping[str, Sample]) -> bool:
        return found[own].value >= factor * max(found[peer].value for peer in peers)

    whom = peers[0] if len(peers) == 1 else "the best"
    return Bar(f"{factor:.2g}x {whom}", holds, frozenset((own, *peers)))


def below(limit: float, text: str, figure: Callable[[Sample], float | None], own: str = "davgate") -> Bar:
    """Return the bar: a figure of davgate's own sample stays below the limit."""

    def holds(found: Mapping[str, Sample]) -> bool:
        taken = figure(found[own])
        return taken is not None and taken < limit

    return Bar(text, holds, frozenset((own,)))


def rate(timings: Timings) -> Sample:
    """Return units per second with the latencies of a unit, where there are enough units to have a 99th percentile."""
    if len(timings.units) < ENOUGH_UNITS:
        return Sample(timings.per_second)
    return Sample(timings.per_second, timings.quantile_ms(0.5), timings.quantile_ms(0.99))


def transfers(timings: Timings, size_bytes: int) -> Sample:
    """Return bodies per second, or megabytes (10^6 bytes) per second where they are large, with a body's latencies."""
    bodies = rate(timings)
    return bodies if is_small(size_bytes) else replace(bodies, value=bodies.value * size_bytes / MEGABYTE)


def transfer_unit(size_bytes: int) -> str:
    """Return the unit of ``transfers``."""
    return "1/s" if is_small(size_bytes) else "MB/s"


def is_small(size_bytes: int) -> bool:
    """Whether the number of bodies says more than the number of bytes."""
    return size_bytes < MIB
