"""Which old versions may go: a published rule by age, count and size. Pure: versions in, numbers and reasons out.

By age, a rule is a row of steps, such as all for 7 days, hourly for 30, daily for 365, monthly for ever. Each step looks back to
its age and keeps what was current at the end of each hour, day, week, month or year; "all" keeps whatever was current at any
time. So a version's age counts from when another one took its place, not from when it was written: what stood for two years and
was replaced yesterday is one day old. What is older than the last step goes. Time travel to the end of a kept period shows the
same before and after thinning, and thinning twice is thinning once.

By count and by size, the oldest versions go first until few and small enough ones are left. They leave what "all" keeps.

Nothing takes the current version, an open one, or one that has a label, a pin or a hold, or is checked out. Earlier saves of an
edit session go before any version goes by size, or by an age of their own.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, timedelta, tzinfo
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, after, from_datetime, to_datetime


class Period(enum.Enum):
    """How often a version is kept."""

    ALL = "all"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@frozen
class Step:
    """How often a version is kept up to an age; without one, for ever. Each step is coarser and longer than the one before."""

    period: Period
    until: timedelta | None = None


@frozen
class ThinningRule:
    """What is kept. Without steps age does not count; 0 is no limit; without an age of their own, saves go with their version.

    ``most`` counts all versions of a document, ``most_bytes`` the lengths of all but the newest, and of all earlier saves.
    """

    steps: tuple[Step, ...] = ()
    most: int = 0
    most_bytes: int = 0
    saves: timedelta | None = None

    @property
    def keeps_everything(self) -> bool:
        """Whether nothing is ever thinned."""
        return not self.steps and not self.most and not self.most_bytes and self.saves is None


class Reason(enum.Enum):
    """Why a version or save goes."""

    AGE = "age"
    COUNT = "count"
    SIZE = "size"
    ASKED = "asked"


@frozen
class OldSave:
    """Bytes that a version had before its last ones."""

    saved_at: Instant
    length_bytes: int


@frozen
class Candidate:
    """A version as far as thinning asks; ``length_bytes`` counts all its content streams.

    ``is_kept`` tells that it is current, open, marked or checked out; ``is_whole`` that its saves have to stay, too.
    """

    no: int
    opened_at: Instant
    length_bytes: int
    is_kept: bool = False
    is_whole: bool = False
    saves: tuple[OldSave, ...] = ()


@frozen
class Thinned:
    """What goes, and why: versions by number, saves by number and instant. The saves of a version that goes are not named."""

    versions: dict[int, Reason] = field(default_factory=dict)
    saves: dict[tuple[int, Instant], Reason] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.versions or self.saves)


def thin(rule: ThinningRule, versions: Sequence[Candidate], now: Instant, zone: tzinfo) -> Thinned:
    """Return what a rule lets go of a document's versions, which come in the order of their numbers.

    Periods end where the calendar of ``zone`` says.
    """
    going = Thinned()
    _thin_saves_by_age(rule, versions, now, going)
    promised: set[int] = set()
    nexts = [one.opened_at for one in versions[1:]] + [FOREVER]
    for one, until in zip(versions, nexts, strict=True):
        by = _kept_by(rule.steps, one.opened_at, until, now, zone)
        if by is Period.ALL:
            promised.add(one.no)
        if rule.steps and by is None and not one.is_kept:
            going.versions[one.no] = Reason.AGE
    left = [one for one in versions if one.no not in going.versions]
    free = [one for one in left if not one.is_kept and one.no not in promised]
    if rule.most:
        _thin_by_count(len(left) - rule.most, free, going)
    if rule.most_bytes:
        _thin_by_size(rule, left, free, promised, going)
    for no, saved_at in [key for key in going.saves if key[0] in going.versions]:
        del going.saves[no, saved_at]
    return going


def _thin_saves_by_age(rule: ThinningRule, versions: Sequence[Candidate], now: Instant, going: Thinned) -> None:
    if rule.saves is None:
        return
    before = after(now, -rule.saves)
    for one in versions:
        if not one.is_whole:
            going.saves.update({(one.no, save.saved_at): Reason.AGE for save in one.saves if save.saved_at < before})


def _thin_by_count(surplus: int, free: Sequence[Candidate], going: Thinned) -> None:
    if surplus > 0:
        going.versions.update({one.no: Reason.COUNT for one in free[:surplus]})


def _thin_by_size(
    rule: ThinningRule, left: Sequence[Candidate], free: Sequence[Candidate], promised: set[int], going: Thinned
) -> None:
    """Let saves go, then versions, the oldest first, until what is old and stays is small enough."""
    staying = [one for one in left if one.no not in going.versions]
    saves = [(one, save) for one in staying for save in one.saves if (one.no, save.saved_at) not in going.saves]
    # The newest version is not old, but what was saved before its present bytes is.
    total = sum(one.length_bytes for one in staying[:-1]) + sum(save.length_bytes for _, save in saves)
    for one, save in saves:
        if total <= rule.most_bytes:
            return
        if not one.is_whole and one.no not in promised:
            going.saves[one.no, save.saved_at] = Reason.SIZE
            total -= save.length_bytes
    for one in free:
        if total <= rule.most_bytes:
            return
        if one.no not in going.versions:
            going.versions[one.no] = Reason.SIZE
            total -= one.length_bytes


def _kept_by(steps: Sequence[Step], since: Instant, until: Instant, now: Instant, zone: tzinfo) -> Period | None:
    """Return the period of the first step that keeps a version which was current between two instants; None if none does."""
    end = FOREVER
    for step in steps:
        start = Instant(0) if step.until is None else after(now, -step.until)
        first, last = max(since, start), min(until, end)
        if first < last and (step.period is Period.ALL or _end_from(step.period, first, zone) < last):
            return step.period
        end = start
    return None


_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def _end_from(period: Period, at: Instant, zone: tzinfo) -> Instant:
    """Return the first end of a period that is not before an instant."""
    moment = to_datetime(at)
    if period is Period.HOURLY:
        begin = moment.replace(minute=0, second=0, microsecond=0)
        return at if begin == moment else from_datetime(begin + _HOUR)
    local = moment.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    match period:
        case Period.WEEKLY:
            begin, end = midnight - _DAY * local.weekday(), midnight + _DAY * (7 - local.weekday())
        case Period.MONTHLY:
            begin = midnight.replace(day=1)
            end = (begin + _DAY * 31).replace(day=1)
        case Period.YEARLY:
            begin = midnight.replace(month=1, day=1)
            end = begin.replace(year=begin.year + 1)
        case _:
            begin, end = midnight, midnight + _DAY
    # Adding days to a local time keeps the time of day, also over a change of the clocks.
    return at if begin.astimezone(UTC) == moment else from_datetime(end.astimezone(UTC))
