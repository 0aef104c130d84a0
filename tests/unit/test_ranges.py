"""Which bytes a Range header selects (RFC 9110, 14)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davgate.http.ranges import (
    MAX_RANGES,
    UNSATISFIABLE,
    ByteRange,
    if_range_holds,
    select_range,
    unsatisfied_content_range,
)
from davgate.model.instant import Instant

ETAG = '"0A1B"'
MODIFIED = Instant(1_700_000_000_250_000)
LAST_MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        pytest.param("bytes=0-499", 0, 499, id="14.1.2-first-500"),
        pytest.param("bytes=500-999", 500, 999, id="14.1.2-second-500"),
        pytest.param("bytes=-500", 9500, 9999, id="14.1.2-final-500"),
        pytest.param("bytes=9500-", 9500, 9999, id="14.1.2-from-9500"),
        pytest.param("bytes=500-600,601-999", 500, 999, id="14.1.2-second-500-in-two"),
        pytest.param("bytes=500-700,601-999", 500, 999, id="14.1.2-second-500-overlapping"),
        ("BYTES=0-0", 0, 0),
        ("bytes=9999-", 9999, 9999),
        ("bytes=0-99999999999999999999", 0, 9999),
        ("bytes=-99999", 0, 9999),
        ("bytes= 5-9 , 0-4", 0, 9),
        ("bytes=,0-4,,", 0, 4),
        ("bytes=0-4,20000-", 0, 4),
        ("bytes=0-4,2-2,1-9", 0, 9),
        ("bytes=-0,5-6", 5, 6),
    ],
)
def test_range_selects_bytes(value: str, first: int, last: int) -> None:
    assert select_range(value, 10_000) == ByteRange(first, last)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-4",
        "bytes=0-4,5-4",
        "bytes=0-4,x",
        "bytes=0-4 5-9",
        "bytes=--5",
        "bytes=+1-2",
        "bytes=٣-٤",
        "bytes 0-4",
        "items=0-4",
        "bytes=1-" + "9" * 5000,
        pytest.param("bytes=0-0,-1", id="14.1.2-first-and-last-byte-do-not-merge"),
        "bytes=0-4,6-9",
        "bytes=" + ",".join(["0-4"] * (MAX_RANGES + 1)),
    ],
)
def test_other_range_means_the_whole(value: str) -> None:
    assert select_range(value, 10_000) is None


@pytest.mark.parametrize("value", ["bytes=10000-", "bytes=10000-20000", "bytes=-0", "bytes=20000-,-0"])
def test_range_behind_the_end_cannot_be_satisfied(value: str) -> None:
    assert select_range(value, 10_000) is UNSATISFIABLE


@pytest.mark.parametrize("value", ["bytes=0-", "bytes=-5", "bytes=-0", "bytes=5-9"])
def test_empty_document_is_sent_whole(value: str) -> None:
    assert select_range(value, 0) is None


def test_content_range_is_printed() -> None:
    assert ByteRange(0, 4).content_range(10) == "bytes 0-4/10"
    assert ByteRange(0, 4).length_bytes == 5
    assert unsatisfied_content_range(10) == "bytes */10"


specs = st.one_of(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: f"{min(pair)}-{max(pair)}"),
    st.integers(0, 30).map(lambda first: f"{first}-"),
    st.integers(0, 30).map(lambda suffix: f"-{suffix}"),
)


def wanted_bytes(spec: str, total: int) -> set[int]:
    """Say byte by byte what one range asks for."""
    first, _, last = spec.partition("-")
    if not first:
        return set(range(total)[-int(last) :]) if int(last) else set()
    return {at for at in range(total) if at >= int(first) and (not last or at <= int(last))}


@settings(deadline=None)
@given(st.lists(specs, min_size=1, max_size=5), st.integers(1, 25))
def test_selection_is_exactly_what_was_asked_for(asked: list[str], total: int) -> None:
    wanted = set().union(*(wanted_bytes(spec, total) for spec in asked))

    found = select_range("bytes=" + ", ".join(asked), total)

    if isinstance(found, ByteRange):
        assert set(range(found.first, found.last + 1)) == wanted
    elif found is UNSATISFIABLE:
        assert wanted == set()
    else:
        assert wanted != set(range(min(wanted), max(wanted) + 1))


@settings(deadline=None)
@given(st.one_of(st.text(), st.text("0123456789-,").map("bytes=".__add__)), st.integers(0, 50))
def test_no_range_header_fails(value: str, total: int) -> None:
    found = select_range(value, total)
    assert not isinstance(found, ByteRange) or 0 <= found.first <= found.last < total


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        (None, True),
        (ETAG, True),
        ('"other"', False),
        pytest.param("W/" + ETAG, False, id="13.1.5-weak-tag-never-holds"),
        (LAST_MODIFIED, True),
        pytest.param("Tue, 14 Nov 2023 22:13:21 GMT", False, id="13.1.5-later-date-is-no-match"),
        ("Tue, 14 Nov 2023 22:13:19 GMT", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_if_range_compares_with_what_is_there(value: str | None, holds: bool) -> None:
    assert if_range_holds(value, ETAG, MODIFIED) is holds
