"""The audit: what is written down of denials and sign-ins, and that whatever is done to its rows is found and located."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.builders import SettableClock, a_document, a_user, damages, opened_store, put

from davgate.core.audit import auditing
from davgate.core.audit import shown as audit_shown
from davgate.core.audit.denials import MOST, MOST_OF_ONE
from davgate.core.store import Context, Store
from davgate.core.upkeep import tidy
from davgate.model import errors, errors_of_versions
from davgate.model.audit import START, Damage, Head, parse_head
from davgate.model.errors import Forbidden, Malformed
from davgate.model.principal import SYSTEM
from davgate.storage.api import AuditFilter, AuditRow

ROWS = 12
SYSTEM_CONTEXT = Context(SYSTEM)

Row = list[Any]
COLUMNS = ("id", "at", "principal_id", "action", "node_id", "path", "detail", "request_id", "client", "outcome", "hash")


@pytest.fixture
def audited(unchecked_store: Store, ann: Context) -> Store:
    """A store whose audit has a dozen rows."""
    for no in range(ROWS - 1):
        a_document(unchecked_store, ann, f"/d{no}")
    assert len(table_of(unchecked_store)) == ROWS
    return unchecked_store


def table_of(store: Store) -> list[Row]:
    """Return all rows with all their columns."""
    with store.database.engine.connect() as connection:
        return [list(row) for row in connection.execute(text(f"SELECT {', '.join(COLUMNS)} FROM audit ORDER BY id"))]


def replace_table(store: Store, rows: Sequence[Row], last: int | None = None, head: bytes | None = None) -> None:
    """Write other rows, and where given another head, as somebody would who has the database."""
    values = ", ".join(f":{column}" for column in COLUMNS)
    with store.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit"))
        insert = text(f"INSERT INTO audit ({', '.join(COLUMNS)}) VALUES ({values})")
        connection.execute(insert, [dict(zip(COLUMNS, row, strict=True)) for row in rows])
        if last is not None:
            connection.execute(text("UPDATE store SET last_audit = :last, audit_hash = :head"), {"last": last, "head": head})


def hashed(before: bytes, row: Row) -> bytes:
    """Return the hash of a row, by the rule as docs/operation.md has it."""
    said = json.dumps(row[:10], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + said.encode()).digest()


def rechained(rows: Sequence[Row], start: int = 0) -> list[Row]:
    """Return rows whose hashes from one on were made anew."""
    made = [list(row) for row in rows]
    for at in range(start, len(made)):
        made[at][10] = hashed(made[at - 1][10] if at else START, made[at])
    return made


def found(store: Store, *noted: Head) -> list[Damage]:
    """Return what the check finds."""
    seen: list[Damage] = []
    audit_shown.verify(store, SYSTEM_CONTEXT, noted, seen.append)
    return seen


def head_of(store: Store) -> Head:
    """Return the head of a chain that is whole."""
    seen: list[Damage] = []
    head = audit_shown.verify(store, SYSTEM_CONTEXT, (), seen.append)
    assert seen == []
    return head


def told(store: Store) -> list[AuditRow]:
    """Return the rows but for those that the test's people brought."""
    rows = audit_shown.newest(store, SYSTEM_CONTEXT, AuditFilter(), 10_000)
    return [row for row in rows if row.action != "add-user"]


# The chain


def test_each_row_is_hashed_with_the_one_before(audited: Store) -> None:
    rows = table_of(audited)

    assert rechained(rows) == rows
    assert head_of(audited) == Head(ROWS, rows[-1][10])
    assert [row[0] for row in rows] == list(range(1, ROWS + 1))


def test_row_of_a_transaction_that_is_undone_leaves_the_chain_as_it_was(audited: Store, ann: Context) -> None:
    before = head_of(audited)
    with audited.database.write() as tx:
        auditing.journal.audit_act(tx, principal_id=1, action="x", node_id=None, path="/", detail={}, request_id="", client="")

    assert head_of(audited) == before


def test_writes_and_denials_at_once_make_one_chain(store: Store, ann: Context, bob: Context) -> None:
    def work(no: int) -> None:
        put(store, ann, f"/d{no}", b"x")
        deny(store, bob)

    before = head_of(store)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(MOST_OF_ONE)))

    assert head_of(store).number == before.number + 2 * MOST_OF_ONE
    assert [row[0] for row in table_of(store)] == list(range(1, before.number + 2 * MOST_OF_ONE + 1))


OTHER: dict[str, object] = {
    "at": 1,
    "principal_id": 0,
    "action": "other",
    "node_id": 999,
    "path": "/other",
    "detail": '{"other": 1}',
    "request_id": "other",
    "client": "192.0.2.9",
    "outcome": "other",
}


@pytest.mark.parametrize("column", OTHER)
@pytest.mark.parametrize("number", [1, 6, ROWS])
def test_altered_column_is_found_and_located(audited: Store, column: str, number: int) -> None:
    rows = table_of(audited)
    rows[number - 1][COLUMNS.index(column)] = OTHER[column]
    replace_table(audited, rows)

    assert [(one.code, one.first, one.last) for one in found(audited)] == [("audit-altered", number, number)]


@pytest.mark.parametrize("number", [1, 6, ROWS])
def test_node_that_is_taken_away_is_found_and_located(audited: Store, number: int) -> None:
    rows = table_of(audited)
    rows[number - 1][4] = None if rows[number - 1][4] is not None else 7
    replace_table(audited, rows)

    assert [(one.code, one.first, one.last) for one in found(audited)] == [("audit-altered", number, number)]


@pytest.mark.parametrize("number", [1, 6, ROWS])
def test_altered_hash_is_told_from_an_altered_row(audited: Store, number: int) -> None:
    rows = table_of(audited)
    rows[number - 1][10] = bytes(range(32))
    replace_table(audited, rows)

    assert [(one.code, one.first, one.last) for one in found(audited)] == [("audit-hash", number, number)]


@pytest.mark.parametrize("number", [1, 6, ROWS - 1])
def test_row_altered_together_with_its_hash_is_found_at_it_or_after_it(audited: Store, number: int) -> None:
    rows = table_of(audited)
    rows[number - 1][3] = "other"
    rows[number - 1] = rechained(rows[:number], number - 1)[-1]
    replace_table(audited, rows)

    (damage,) = found(audited)
    assert (damage.code, damage.first) == ("audit-altered", number + 1)
    assert f"row {number} was replaced" in damage.what


def test_last_row_altered_together_with_its_hash_is_found_by_the_head(audited: Store) -> None:
    rows = table_of(audited)
    rows[-1][3] = "other"
    replace_table(audited, rechained(rows, ROWS - 1))

    assert [(one.code, one.first) for one in found(audited)] == [("audit-head", ROWS)]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (6, 6), (4, 8), (ROWS, ROWS), (9, ROWS), (1, ROWS)])
def test_missing_rows_are_found_and_located(audited: Store, first: int, last: int) -> None:
    rows = table_of(audited)
    replace_table(audited, rows[: first - 1] + rows[last:] or [[0, *rows[0][1:]]])

    assert ("audit-missing", first, last) in [(one.code, one.first, one.last) for one in found(audited)]
    assert {one.code for one in found(audited)} <= {"audit-missing", "audit-inserted"}


def test_each_of_several_damages_is_told_once(audited: Store) -> None:
    rows = table_of(audited)
    rows[1][5] = "/other"
    rows[9][10] = START
    replace_table(audited, [row for row in rows if row[0] != 6])

    assert [(one.code, one.first, one.last) for one in found(audited)] == [
        ("audit-altered", 2, 2),
        ("audit-missing", 6, 6),
        ("audit-hash", 10, 10),
    ]


def test_row_after_a_missing_one_is_judged_by_what_follows_it(audited: Store) -> None:
    rows = [row for row in table_of(audited) if row[0] != 6]
    rows[5][10] = START
    replace_table(audited, rows)

    assert {(one.code, one.first) for one in found(audited)} == {("audit-missing", 6), ("audit-altered", 8)}


def test_row_put_in_between_is_found(audited: Store) -> None:
    rows = table_of(audited)
    later = [[row[0] + 1, *row[1:]] for row in rows[5:]]
    replace_table(audited, [*rows[:5], [6, *rows[4][1:]], *later])

    assert [(one.code, one.first, one.last) for one in found(audited)] == [
        ("audit-altered", 6, ROWS),
        ("audit-inserted", ROWS + 1, ROWS + 1),
    ]


@pytest.mark.parametrize("number", [0, -4])
def test_row_put_in_before_the_first_is_found(audited: Store, number: int) -> None:
    rows = table_of(audited)
    replace_table(audited, [[number, *rows[0][1:]], *rows])

    assert [(one.code, one.first) for one in found(audited)] == [("audit-inserted", number)]


@pytest.mark.parametrize("is_chained", [False, True])
def test_row_appended_past_the_store_is_found(audited: Store, is_chained: bool) -> None:
    rows = table_of(audited)
    rows.append([ROWS + 1, *rows[-1][1:]])
    replace_table(audited, rechained(rows, ROWS) if is_chained else rows)

    assert [(one.code, one.first) for one in found(audited)] == [("audit-inserted", ROWS + 1)]


@pytest.mark.parametrize(("one", "other"), [(1, 2), (5, 6), (3, 9), (1, ROWS), (ROWS - 1, ROWS)])
@pytest.mark.parametrize("with_hash", [False, True])
def test_exchanged_rows_are_found_and_located(audited: Store, one: int, other: int, with_hash: bool) -> None:
    rows = table_of(audited)
    end = 11 if with_hash else 10
    first, second = rows[one - 1], rows[other - 1]
    first[1:end], second[1:end] = second[1:end], first[1:end]
    replace_table(audited, rows)

    seen = found(audited)
    for number in (one, other):
        assert any(damage.first <= number <= damage.last for damage in seen), seen
    for damage in seen:
        assert any(abs(damage.first - number) <= 1 or abs(damage.last - number) <= 1 for number in (one, other)), seen


def test_renumbered_row_is_found_where_it_was_and_where_it_is(audited: Store) -> None:
    rows = table_of(audited)
    rows[5][0] = 500
    replace_table(audited, sorted(rows))

    assert [(one.code, one.first) for one in found(audited)] == [("audit-missing", 6), ("audit-inserted", 500)]


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("value", [b"\xff\xfe", "\ud800".encode("utf-8", "surrogatepass")])
def test_value_that_no_column_should_have_is_an_altered_row(audited: Store, value: bytes) -> None:
    rows = table_of(audited)
    rows[5][7] = value
    replace_table(audited, rows)

    assert [(one.code, one.first, one.last) for one in found(audited)] == [("audit-altered", 6, 6)]


def test_cut_end_is_found_by_the_store(audited: Store) -> None:
    rows = table_of(audited)[:9]
    replace_table(audited, rows)

    assert [(one.code, one.first, one.last) for one in found(audited)] == [("audit-missing", 10, ROWS)]

    replace_table(audited, rows, last=9, head=bytes(32))
    assert [(one.code, one.first) for one in found(audited)] == [("audit-head", 9)]


# Heads that somebody noted


def test_cut_end_with_the_store_adapted_is_found_by_a_noted_head_alone(audited: Store) -> None:
    noted = head_of(audited)
    rows = table_of(audited)[:9]
    replace_table(audited, rows, last=9, head=rows[-1][10])

    assert found(audited) == []
    assert [(one.code, one.first, one.last) for one in found(audited, noted)] == [("audit-rewritten", 10, ROWS)]


@pytest.mark.parametrize("number", [1, 6, ROWS])
def test_chain_made_anew_is_found_by_a_noted_head_alone(audited: Store, number: int) -> None:
    noted = head_of(audited)
    rows = table_of(audited)
    rows[number - 1][3] = "other"
    rows = rechained(rows, number - 1)
    replace_table(audited, rows, last=ROWS, head=rows[-1][10])

    assert found(audited) == []
    assert [(one.code, one.first, one.last) for one in found(audited, noted)] == [("audit-rewritten", 1, ROWS)]


def test_two_noted_heads_tell_between_which_rows_a_chain_was_made_anew(audited: Store) -> None:
    rows = table_of(audited)
    heads = [Head(number, rows[number - 1][10]) for number in (ROWS, 4, 8)]
    rows[5][3] = "other"
    rows = rechained(rows, 5)
    replace_table(audited, rows, last=ROWS, head=rows[-1][10])

    seen = found(audited, *heads)

    assert [(one.code, one.first, one.last) for one in seen] == [
        ("audit-rewritten", 5, 8),
        ("audit-rewritten", 5, ROWS),
    ]


def test_what_was_written_after_a_noted_head_does_not_count_against_it(audited: Store, ann: Context) -> None:
    noted = head_of(audited)
    a_document(audited, ann, "/later")

    assert found(audited, noted, Head(0, START)) == []


@pytest.mark.parametrize(
    "given", ["", "12", "ab@12", "0" * 64, "0" * 64 + "@-1", "0" * 64 + "@x", "g" * 64 + "@1", "1" * 64 + "@0"]
)
def test_text_that_is_no_head_is_refused(given: str) -> None:
    with pytest.raises(Malformed):
        parse_head(given)


def test_head_is_read_as_it_is_printed(audited: Store) -> None:
    head = head_of(audited)

    assert parse_head(f" {head}\n") == head
    assert parse_head(str(Head(0, START))) == Head(0, START)


@pytest.mark.parametrize("statement", ["DELETE FROM audit WHERE id = 6", "UPDATE audit SET client = 'x' WHERE id = 6"])
def test_checker_of_the_store_finds_a_broken_chain_too(audited: Store, statement: str) -> None:
    with audited.database.engine.begin() as connection:
        connection.execute(text(statement))

    lines = [str(finding) for finding in damages(audited)]
    assert any(line.startswith(("audit-missing: audit row 6: ", "audit-altered: audit row 6: ")) for line in lines), lines


# Denials


@pytest.mark.parametrize(
    "error",
    [
        errors.Forbidden("no"),
        errors.NotFound(("a",)),
        errors.ParentMissing(("a",)),
        errors.Locked((("a",),)),
        errors_of_versions.CheckedOut(("a",), "bob"),
        errors.LockConflict((("a",),)),
        errors.NotTheLockOwner(),
        errors.Held(("a",)),
    ],
    ids=lambda error: error.code,
)
def test_denied_write_is_a_row_with_its_code(store: Store, ann: Context, error: errors.DavgateError) -> None:
    ann = replace(ann, request_id="r-1", client="192.0.2.1")

    auditing.denied(store, ann, "put", ("a",), error)

    (row,) = told(store)
    assert (row.principal, row.action, row.path, row.outcome) == ("ann", "put", "/a", "denied")
    assert (row.request_id, row.client, json.loads(row.detail)) == ("r-1", "192.0.2.1", {"code": error.code})
    assert head_of(store).number == row.number


@pytest.mark.parametrize(
    "error",
    [
        errors.ReservedName(".versions"),
        errors.ReadOnlyPlace((".at",)),
        errors.SameResource("x"),
        errors.ProtectedProperty(frozenset()),
        errors.PreconditionFailed(),
        errors.Malformed("x"),
        errors.QuotaExceeded(),
        errors.Busy(),
        errors.Unauthenticated("x"),
        errors.NoSuchInstant("x", "is none"),
    ],
    ids=lambda error: error.code,
)
def test_request_that_was_wrong_for_everybody_is_no_row(store: Store, ann: Context, error: errors.DavgateError) -> None:
    auditing.denied(store, ann, "put", ("a",), error)

    assert told(store) == []


def deny(store: Store, ctx: Context, times: int = 1) -> None:
    for _ in range(times):
        auditing.denied(store, ctx, "put", ("a",), Forbidden("no"))


def test_flood_of_denials_is_counted_in_one_row_when_the_minute_is_over(
    store: Store, ann: Context, bob: Context, clock: SettableClock
) -> None:
    deny(store, ann, MOST_OF_ONE + 7)
    deny(store, bob)
    assert [row.principal for row in told(store)] == ["ann"] * MOST_OF_ONE + ["bob"]

    clock.advance(timedelta(seconds=59))
    assert tidy(store, collecting=False).denials == 0
    clock.advance(timedelta(seconds=1))
    assert tidy(store, collecting=False).denials == 7

    last = told(store)[-1]
    assert (last.principal, last.action, last.outcome, json.loads(last.detail)) == ("ann", "more-denials", "denied", {"count": 7})
    deny(store, ann)
    assert [row.action for row in told(store)][-2:] == ["more-denials", "put"]
    assert tidy(store, collecting=False).denials == 0


def test_next_denial_after_a_flood_brings_its_count(store: Store, ann: Context, clock: SettableClock) -> None:
    deny(store, ann, MOST_OF_ONE + 3)
    clock.advance(timedelta(minutes=5))
    deny(store, ann)

    assert [(row.action, row.detail) for row in told(store)][-2:] == [
        ("more-denials", '{"count": 3}'),
        ("put", '{"code": "forbidden"}'),
    ]


def test_denials_from_ever_new_addresses_are_bounded_and_all_counted(store: Store, clock: SettableClock) -> None:
    refused = 3 * MOST
    for no in range(refused):
        auditing.sign_in_failed(store, f"u{no}", f"2001:db8::{no:x}", "", "unknown name")
    assert len(told(store)) == MOST
    clock.advance(timedelta(minutes=1))
    tidy(store, collecting=False)

    rows = told(store)
    assert len(rows) <= 2 * MOST
    counted = sum(json.loads(row.detail)["count"] for row in rows if row.action == "more-denials")
    assert counted + MOST == refused


def test_clock_that_leaps_back_begins_another_minute(store: Store, ann: Context, clock: SettableClock) -> None:
    deny(store, ann, MOST_OF_ONE + 2)
    clock.advance(timedelta(days=-1))
    deny(store, ann)

    assert [row.action for row in told(store)][-2:] == ["more-denials", "put"]


def test_denial_that_cannot_be_written_changes_nothing_for_the_caller(
    database_url: str, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with opened_store(database_url, tmp_path) as store:
        ann = a_user(store, "ann")
        with store.database.engine.begin() as connection:
            connection.execute(text("DELETE FROM store"))
        with caplog.at_level(logging.WARNING):
            deny(store, ann)
            auditing.sign_in_failed(store, "ann", "192.0.2.1", "", "wrong password")
            auditing.signed_in(store, ann.principal, "192.0.2.1", "", "password")

    said = [record.getMessage() for record in caplog.records if record.name == "davgate.core.audit.auditing"]
    assert len(said) == 3
    assert "missing in the audit" in said[0]


# Sign-ins


def test_sign_in_is_a_row_of_the_principal_with_its_way(store: Store, ann: Context) -> None:
    auditing.signed_in(store, ann.principal, "192.0.2.1", "r-7", "app password phone")

    (row,) = told(store)
    assert (row.principal, row.action, row.outcome, row.client, row.request_id) == (
        "ann",
        "sign-in",
        "granted",
        "192.0.2.1",
        "r-7",
    )
    assert json.loads(row.detail) == {"method": "app password phone"}


@pytest.mark.parametrize("name", ["mallory", "", "a" * 5000, "\x00", "\ud800", '"}', "Zoë"])
def test_failed_sign_in_is_a_row_of_the_store_whatever_the_name(store: Store, name: str) -> None:
    auditing.sign_in_failed(store, name, "192.0.2.1", "r-8", "wrong password")

    (row,) = told(store)
    detail = json.loads(row.detail)
    assert (row.principal_id, row.action, row.outcome, detail["reason"]) == (SYSTEM.id, "sign-in", "denied", "wrong password")
    assert detail["name"] == name[:128].replace("\ud800", "?")
    assert head_of(store).number == row.number


# Who may read it


@pytest.mark.parametrize(
    "read",
    [
        lambda store, ctx: audit_shown.newest(store, ctx, AuditFilter(), 1),
        lambda store, ctx: audit_shown.row(store, ctx, 1),
        lambda store, ctx: list(audit_shown.export(store, ctx, AuditFilter())),
        lambda store, ctx: audit_shown.verify(store, ctx, (), lambda damage: None),
    ],
    ids=["newest", "row", "export", "verify"],
)
def test_administrator_alone_reads_the_audit(
    store: Store, ann: Context, root_admin: Context, read: Callable[[Store, Context], object]
) -> None:
    read(store, root_admin)

    with pytest.raises(Forbidden):
        read(store, ann)


def test_row_that_is_not_there_is_told(store: Store) -> None:
    with pytest.raises(Malformed):
        audit_shown.row(store, SYSTEM_CONTEXT, 4711)


def test_rows_are_filtered(store: Store, ann: Context, bob: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/f/a")
    clock.advance(timedelta(hours=1))
    middle = clock.now()
    a_document(store, bob, "/F/b")
    deny(store, bob)

    def paths(which: AuditFilter) -> list[str]:
        return [row.path for row in audit_shown.newest(store, SYSTEM_CONTEXT, which, 100) if row.action != "add-user"]

    assert paths(AuditFilter()) == ["/f", "/f/a", "/F", "/F/b", "/a"]
    assert paths(AuditFilter(since=middle)) == ["/F", "/F/b", "/a"]
    assert paths(AuditFilter(until=middle)) == ["/f", "/f/a"]
    assert paths(AuditFilter(who="bob")) == ["/F", "/F/b", "/a"]
    assert paths(AuditFilter(action="put")) == ["/a"]
    assert paths(AuditFilter(path="/f")) == ["/f", "/f/a"]
    assert paths(AuditFilter(path="/f/a")) == ["/f/a"]
    assert paths(AuditFilter(path="/")) == ["/f", "/f/a", "/F", "/F/b", "/a"]
    assert paths(AuditFilter(is_denied=True)) == ["/a"]
    assert [row.path for row in audit_shown.newest(store, SYSTEM_CONTEXT, AuditFilter(), 2)] == ["/F/b", "/a"]


def test_export_ends_with_the_head(audited: Store) -> None:
    *rows, head = audit_shown.export(audited, SYSTEM_CONTEXT, AuditFilter())

    assert [row.number for row in rows if isinstance(row, AuditRow)] == list(range(1, ROWS + 1))
    assert head == head_of(audited)
