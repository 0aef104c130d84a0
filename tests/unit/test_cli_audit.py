"""``davgate audit``: what it lists, shows and exports, that an export proves itself, and that damage makes it fail."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.builders import a_document, a_lock, a_user, path
from tests.unit.cli_runs import CommandLine

from davgate.core import locking
from davgate.core.audit import auditing
from davgate.core.principals.accounts import principal_named
from davgate.model.errors import Forbidden

HASHED = ("no", "at", "principal_id", "action", "node_id", "path", "detail", "request_id", "client", "outcome")
HEAD = r"[0-9a-f]{64}@\d+"


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line whose store has nine rows: three accounts, a folder, two saves, a lock, its break and a denial."""
    command_line = CommandLine(tmp_path / "data", capsys)
    command_line.done("init")
    with command_line.store() as store:
        ann, bob = a_user(store, "ann"), a_user(store, "bob")
        root = a_user(store, "root", is_admin=True)
        a_document(store, ann, "/f/Zoë.txt", b"one", b"two")
        held = a_lock(store, ann, "/f/Zoë.txt")
        locking.unlock(store, root, path("/f/Zoë.txt"), held.token)
        auditing.denied(store, bob, "put", path("/f/Zoë.txt"), Forbidden("no"))
    return command_line


def tamper(line: CommandLine, statement: str) -> None:
    with closing(sqlite3.connect(line.data / "davgate.sqlite3")) as connection, connection:
        connection.execute(statement)


def actions(line: CommandLine, *filters: str) -> list[str]:
    return [row["action"] for row in line.done("audit", "list", "--json", *filters).json]


# list and show


def test_rows_are_a_table_with_the_newest_last(line: CommandLine) -> None:
    heading, *rows = line.done("audit", "list").lines

    assert heading.split() == ["NO", "AT", "BY", "ACTION", "OUTCOME", "PATH", "FROM", "DETAIL"]
    assert [int(row.split()[0]) for row in rows] == list(range(1, 10))
    assert re.fullmatch(r'\s*9  \S+ \S+  bob     put         denied   /f/Zoë.txt        {"code": "forbidden"}', rows[-1])


def test_filters_choose_rows(line: CommandLine) -> None:
    assert actions(line, "--denied") == ["put"]
    assert actions(line, "--who", "ann") == ["create", "create", "save", "lock"]
    assert actions(line, "--action", "break-lock") == ["break-lock"]
    assert actions(line, "--path", "f/Zoë.txt") == ["create", "save", "lock", "break-lock", "put"]
    assert actions(line, "--path", "/f", "--who", "ann", "--last", "2") == ["save", "lock"]
    assert actions(line, "--since", "2020-01-01", "--last", "1") == ["put"]
    assert actions(line, "--until", "2020-01-01") == []
    assert actions(line, "--as", "root", "--last", "1") == ["put"]


def test_name_that_nobody_has_or_had_is_refused_and_an_unknown_action_said(line: CommandLine) -> None:
    assert "'nobody'" in line.refused("audit", "list", "--who", "nobody")
    for flag in ("--who", "--action"):
        assert "U+DCFF" in line.refused("audit", "list", flag, "a\udcff")
    assert len(line.done("audit", "list", "--who", "ann", "--until", "2020-01-01").lines) == 1
    assert len(line.done("audit", "list", "--who", "system", "--until", "2020-01-01").lines) == 1

    told = line.done("audit", "list", "--action", "delet")
    assert (len(told.lines), "no row of the action 'delet'" in told.err) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--since", "yesterday"),
        ("list", "--last", "0"),
        ("list", "--as", "ann"),
        ("show", "1", "--as", "ann"),
        ("show", "99"),
        ("verify", "--head", "12"),
        ("export", "--since", "x"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_one_line(line: CommandLine, words: tuple[str, ...]) -> None:
    assert line.refused("audit", *words)


def test_one_row_is_shown_whole(line: CommandLine) -> None:
    shown = line.done("audit", "show", "9", "--json").json

    assert (shown["no"], shown["principal"], shown["action"], shown["detail"]) == (9, "bob", "put", '{"code": "forbidden"}')
    table = line.done("audit", "show", "9").lines
    assert [row.split()[0] for row in table] == ["FIELD", *shown]


# export


def proven_head(rows: list[dict[str, object]]) -> str:
    """Return the head that rows lead to, by the rule as docs/operation.md has it; each must have the hash that is its due."""
    before = bytes(32)
    for row in rows:
        text = json.dumps([row[name] for name in HASHED], ensure_ascii=False, separators=(",", ":"))
        before = hashlib.sha256(before + text.encode()).digest()
        assert row["hash"] == before.hex()
    return f"{before.hex()}@{rows[-1]['no']}"


def test_export_in_lines_proves_itself(line: CommandLine) -> None:
    *rows, end = [json.loads(one) for one in line.done("audit", "export").lines]

    assert [row["no"] for row in rows] == list(range(1, 10))
    assert end == {"head": proven_head(rows)}


def test_export_in_a_table_proves_itself(line: CommandLine) -> None:
    *cells, end = csv.DictReader(io.StringIO(line.done("audit", "export", "--format", "csv").out))

    assert (end["no"], re.fullmatch(HEAD, end["hash"]) is not None) == ("head", True)
    numbers = ("no", "at", "principal_id", "node_id")
    rows = [{**row, **{name: int(row[name]) if row[name] else None for name in numbers}} for row in cells]
    assert proven_head(rows) == end["hash"]


def test_export_of_the_end_has_the_head_too(line: CommandLine) -> None:
    everything = line.done("audit", "export").lines
    at = json.loads(everything[6])["when"]

    assert line.done("audit", "export", "--since", at).lines == everything[6:]


def test_name_that_a_spreadsheet_would_compute_is_quoted(line: CommandLine) -> None:
    with line.store() as store:
        auditing.signed_in(store, a_user(store, "=1+1").principal, "192.0.2.1", "", "password")

    *_, row, _ = csv.DictReader(io.StringIO(line.done("audit", "export", "--format", "csv").out))

    assert row["principal"] == "'=1+1"


# verify


def test_whole_chain_is_told_with_its_head(line: CommandLine) -> None:
    head = line.done("audit", "verify").lines[-1]

    assert re.fullmatch(HEAD, head)
    with line.store() as store:
        a_document(store, auditing.Context(principal_named(store, "ann")), "/later")
    assert line.done("audit", "verify", "--head", head).lines[-1] != head


def test_empty_audit_has_a_head(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = CommandLine(tmp_path / "data", capsys)
    line.done("init")

    head = line.done("audit", "verify").lines[-1]

    assert head == "0" * 64 + "@0"
    assert line.done("audit", "list").lines == ["NO  AT  BY  ACTION  OUTCOME  PATH  FROM  DETAIL"]
    assert line.done("audit", "export").lines == [json.dumps({"head": head})]
    line.done("audit", "verify", "--head", head)


def test_each_damage_is_one_line_and_the_exit_code_tells(line: CommandLine) -> None:
    tamper(line, "UPDATE audit SET path = '/x' || char(10) || 'y', outcome = 'denied' WHERE id = 3")
    tamper(line, "DELETE FROM audit WHERE id = 6")

    ran = line.run("audit", "verify")

    assert (ran.code, ran.err) == (1, "Damage found: 2.\n")
    assert [one.partition(": it")[0].partition(": not")[0] for one in ran.lines] == [
        "audit-altered: audit row 3",
        "audit-missing: audit row 6",
    ]
    fsck = line.run("fsck")
    assert fsck.code == 1
    assert {one.partition(": it")[0].partition(": not")[0] for one in fsck.lines} >= {
        "audit-altered: audit row 3",
        "audit-missing: audit row 6",
    }


def test_chain_made_anew_is_found_by_a_head_of_an_export(line: CommandLine) -> None:
    head = json.loads(line.done("audit", "export").lines[-1])["head"]
    with line.store() as store, store.database.write() as tx:
        tx._last_audit, tx.audit_hash = 8, bytes.fromhex(json.loads(line_of(line, 8))["hash"])
        tx.commit()
    tamper(line, "DELETE FROM audit WHERE id = 9")
    line.done("audit", "verify")
    with line.store() as store:
        auditing.denied(store, auditing.Context(principal_named(store, "root")), "put", ("x",), Forbidden("no"))
    line.done("audit", "verify")

    ran = line.run("audit", "verify", "--head", head)

    assert ran.code == 1
    assert ran.out.startswith("audit-rewritten: audit rows 1 to 9: ")


def line_of(line: CommandLine, number: int) -> str:
    return line.done("audit", "export").lines[number - 1]
