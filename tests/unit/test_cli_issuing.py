"""``davgate token issue``: who gets a token, for how long, and who may ask for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.builders import a_user
from tests.canary import guard
from tests.unit.cli_runs import CommandLine

from davgate.core.principals import tokens


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line whose store has users ann and bob, and an administrator root."""
    command_line = CommandLine(tmp_path / "data", capsys)
    command_line.done("init")
    with command_line.store() as store:
        a_user(store, "ann")
        a_user(store, "bob")
        a_user(store, "root", is_admin=True)
    return command_line


@pytest.mark.parametrize("words", [(), ("--as", "ann"), ("--as", "root")], ids=["davgate", "oneself", "administrator"])
def test_issued_token_signs_its_user_in(line: CommandLine, words: tuple[str, ...]) -> None:
    token = guard(line.done("token", "issue", "ann", *words).out.strip())

    with line.store() as store:
        assert tokens.principal_of(store, token).name == "ann"


@pytest.mark.parametrize(
    ("words", "life"),
    [((), timedelta(hours=1)), (("--life", "10m"), timedelta(minutes=10)), (("--life", "24h"), timedelta(days=1))],
)
def test_issued_token_tells_when_it_ends(line: CommandLine, words: tuple[str, ...], life: timedelta) -> None:
    before = datetime.now(UTC)

    answer = line.done("token", "issue", "ann", "--json", *words).json

    guard(answer["token"])
    assert answer["who"] == "ann"
    assert timedelta(seconds=-1) < datetime.fromisoformat(answer["expires_at"]) - before - life < timedelta(seconds=60)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("nobody",), "There is no user 'nobody'"),
        (("ann", "--as", "bob"), "Only an administrator"),
        (("ann", "--life", "25h"), "between 1s and 24h"),
        (("ann", "--life", "soon"), "--life must be seconds"),
        (("ann", "--life", "0"), "between 1s and 24h"),
    ],
)
def test_token_is_refused(line: CommandLine, words: tuple[str, ...], reason: str) -> None:
    assert reason in line.refused("token", "issue", *words)
