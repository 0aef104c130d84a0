"""Prints the figures as one Markdown table: servers side by side, ratios, and whether the bars are reached."""

from collections.abc import Iterator, Mapping, Sequence

from .rows import Bar, Row, Sample


def render(
    rows: Sequence[Row],
    samples: Mapping[str, Mapping[str, Sample]],
    columns: Sequence[str],
    ratios: Sequence[tuple[str, str]],
) -> Iterator[str]:
    """Yield the lines of the table: a column for each server, for each ratio (of what, to what), and for the bars.

    A ratio above 1 is always in favour of its first: for costs it is turned round.
    """
    has_bars = any(_judged(row.bars, samples.get(row.name, {})) for row in rows)
    head = ["work", "unit", *columns, *(f"{left} / {right}" for left, right in ratios), *(["bar"] if has_bars else [])]
    yield _line(head)
    yield _line(["---", "---", *("---:" for _ in range(len(columns) + len(ratios))), *(["---"] if has_bars else [])])
    for row in rows:
        found = samples.get(row.name)
        if found is None:
            continue
        cells = [row.name, row.unit]
        cells += [_figure(found.get(column)) for column in columns]
        cells += [_ratio(row, found, left, right) for left, right in ratios]
        if has_bars:
            cells.append("; ".join(_judged(row.bars, found)))
        yield _line(cells)


def _judged(bars: Sequence[Bar], found: Mapping[str, Sample]) -> list[str]:
    return [f"{bar.text}: {'reached' if bar.holds(found) else '**missed**'}" for bar in bars if bar.servers <= found.keys()]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(sample: Sample | None) -> str:
    if sample is None:
        return "-"
    text = _number(sample.value)
    if sample.p50_ms is not None and sample.p99_ms is not None:
        lost = f", {sample.lost_share:.0%} lost" if sample.lost_share else ""
        return f"{text} ({_number(sample.p50_ms)} / {_number(sample.p99_ms)}{lost})"
    if sample.extra_mib is not None:
        return f"{text} (+{_number(sample.extra_mib)})"
    return text


def _ratio(row: Row, found: Mapping[str, Sample], left: str, right: str) -> str:
    if left not in found or right not in found:
        return "-"
    ratio = found[left].value / found[right].value
    return f"{_number(1 / ratio if row.less_is_better else ratio)}x"


def _number(value: float) -> str:
    """Write a figure with the two or three digits that mean something."""
    digits = 2 if value < 0.995 else 1 if value < 9.95 else 0
    return f"{value:,.{digits}f}"
