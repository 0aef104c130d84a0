"""What commands write: sizes, times, tables."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from davgate.cli.output import count, exact, local, progress, size, watching, write_table
from davgate.model.instant import FOREVER, from_datetime

AT = from_datetime(datetime(2026, 11, 20, 23, 5, 7, 89, tzinfo=UTC))


@pytest.mark.parametrize(
    ("length_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (3000 * 1024**5, "3000.0 PiB"),
    ],
)
def test_size_for_people(length_bytes: int, text: str) -> None:
    assert size(length_bytes) == text


def test_instants_for_people_and_for_programs() -> None:
    assert local(AT, ZoneInfo("Europe/Zurich")) == "2026-11-21 00:05:07"
    assert exact(AT) == "2026-11-20T23:05:07.000089Z"
    assert (local(FOREVER, UTC), exact(FOREVER), local(None, UTC), exact(None)) == ("", None, "", None)


def test_number_has_its_word() -> None:
    assert (count(1, "save"), count(0, "save"), count(1200, "entry", "entries")) == ("1 save", "0 saves", "1,200 entries")


def test_table_is_aligned_by_what_a_terminal_shows(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(("NAME", "SIZE"), [("計画", "1"), ("e\u0301te\u0301", "20"), ("a\nb", "300")], numbers=(1,))

    assert capsys.readouterr().out == "NAME  SIZE\n計画     1\ne\u0301te\u0301     20\na\ufffdb    300\n"


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Working", 2) as advance, watching("Watching") as watch:
        advance(1)
        watch(1, 2)

    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_a_bar_shows_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    with watching("Looking") as watch:
        watch(1, 4)
        watch(4, 4)

    written = capsys.readouterr()
    assert written.out == ""
    assert "Looking" in written.err
