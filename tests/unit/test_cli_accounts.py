"""The commands for accounts, groups, rights, app passwords and keys: what they write for people and programs."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from tests.builders import CHEAP_PASSWORDS, PASSWORD, a_collection, a_document, a_user, exists, path, sign_in
from tests.canary import guard
from tests.unit.cli_runs import CommandLine

from davgate.cli.main import main
from davgate.cli.rights import in_words, to_rights
from davgate.core.principals.accounts import principal_named
from davgate.core.principals.app_passwords import hash_of
from davgate.core.store import Context
from davgate.log import redact
from davgate.model.errors import Malformed
from davgate.model.rights import CONTRIBUTOR, EDITOR, EVERYTHING, NO_RIGHTS, READER, ROLES, Right, names_of
from davgate.storage.api import app_passwords

CHEAP = '[login]\nargon2_time_cost = 2\nargon2_memory_bytes = "19 MiB"\nargon2_parallelism = 1\n'
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


@pytest.fixture
def line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """A command line whose store has users ann and bob, an administrator root, and ``/f/a.txt`` of ann."""
    command_line = CommandLine(tmp_path / "data", capsys)
    command_line.done("init")
    with command_line.store() as store:
        ann = a_user(store, "ann")
        a_user(store, "bob")
        a_user(store, "root", is_admin=True)
        a_document(store, ann, "/f/a.txt", b"one")
    return command_line


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Standard input with a password on its first line."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{guard('a new horse 99')}\nmore\n"))
    return monkeypatch


# user and service


def test_user_is_added_as_ever(line: CommandLine, typed: pytest.MonkeyPatch) -> None:
    assert line.done("user", "add", "cat", "--password-stdin", "--admin").out == "Added administrator cat.\n"

    with line.store() as store:
        assert principal_named(store, "cat").is_admin


def test_user_without_password_is_for_another_source_to_prove(line: CommandLine) -> None:
    assert line.done("user", "add", "cat", "--no-password", "--expires", "2999-01-31").out == "Added user cat.\n"

    (shown,) = [one for one in line.done("user", "list", "--json").json if one["name"] == "cat"]
    assert (shown["has_password"], shown["expires_at"]) == (False, "2999-01-31T00:00:00.000000Z")


@pytest.mark.parametrize("words", [["--password-stdin", "--no-password"], [], ["--password"]])
def test_user_is_added_either_with_a_password_or_without(line: CommandLine, words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["user", "add", "cat", "--data", str(line.data), *words])

    assert caught.value.code == 2


def test_accounts_are_a_table(line: CommandLine) -> None:
    line.done("service", "add", "crm")
    line.done("user", "disable", "bob")
    line.done("user", "expire", "ann", "2020-01-31")

    headings, ann, bob, root = line.done("user", "list").lines
    assert headings.split() == ["NAME", "ROLE", "STATE", "EXPIRES", "SIGNS", "IN", "BY", "MADE"]
    assert re.fullmatch(rf"ann +user +expired +2020-01-31 00:00:00 +password +{MOMENT}", ann)
    assert re.fullmatch(rf"bob +user +disabled +\(never\) +password +{MOMENT}", bob)
    assert re.fullmatch(rf"root +administrator +active +\(never\) +password +{MOMENT}", root)
    assert re.fullmatch(rf"crm +service +active +\(never\) +\(no password\) +{MOMENT}", line.done("service", "list").lines[1])


def test_account_is_shown_with_all_its_groups(line: CommandLine) -> None:
    for group in ("team", "house"):
        line.done("group", "add", group)
    line.done("group", "join", "team", "ann")
    line.done("group", "join", "house", "team")

    assert line.done("user", "show", "ann", "--json").json["groups"] == ["house", "team"]
    assert re.search(r"\ngroups +house, team\n", line.done("user", "show", "ann", "--as", "ann").out)
    assert "administrator" in line.refused("user", "show", "ann", "--as", "bob")


def test_user_is_shut_out_and_let_in_again(line: CommandLine) -> None:
    assert line.done("user", "disable", "ann").out == "ann is shut out.\n"
    assert "who may sign in" in line.refused("versions", "/f/a.txt", "--as", "ann")
    assert line.done("user", "enable", "ann", "--json").json == {"name": "ann", "is_disabled": False}
    line.done("versions", "/f/a.txt", "--as", "ann")


def test_password_is_changed_from_standard_input(line: CommandLine, typed: pytest.MonkeyPatch) -> None:
    line.set(CHEAP)

    assert line.done("user", "password", "ann", "--password-stdin").out == "ann has another password.\n"

    with line.store() as store:
        assert sign_in(store, CHEAP_PASSWORDS, "ann", "a new horse 99").name == "ann"


def test_password_on_a_terminal_is_asked_for_twice_and_not_shown(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    line.set(CHEAP)
    typed = [guard("a new horse 99"), guard("a new house 99"), "a new horse 99", "a new horse 99"]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("davgate.cli.users.getpass", lambda prompt, stream: typed.pop(0))

    assert "differ" in line.refused("user", "password", "ann", "--password-stdin")
    line.done("user", "password", "ann", "--password-stdin")

    with line.store() as store:
        assert sign_in(store, CHEAP_PASSWORDS, "ann", "a new horse 99").name == "ann"


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("never", "may sign in without end"),
        ("2999-01-31", "may sign in until 2999-01-31 00:00:00"),
        ("2999-01-31T12:30Z", "may sign in until 2999-01-31 12:30:00"),
        ("2020-01-31", "is shut out since 2020-01-31 00:00:00"),
    ],
)
def test_expiry_is_an_instant_or_never(line: CommandLine, when: str, told: str) -> None:
    assert line.done("user", "expire", "ann", when).out == f"ann {told}.\n"


@pytest.mark.parametrize("when", ["someday", "", "2027-13-01", "-3d", "99999999999999d"])
def test_expiry_that_is_no_time_is_refused(line: CommandLine, when: str) -> None:
    assert line.run("user", "expire", "ann", f" {when}" if when.startswith("-") else when).code == 2


def test_last_administrator_stays_one(line: CommandLine) -> None:
    assert "last administrator" in line.refused("user", "admin", "root", "--remove")
    assert line.done("user", "admin", "ann").out == "ann is an administrator now.\n"
    assert line.done("user", "admin", "root", "--remove", "--as", "root").out == "root is an ordinary user now.\n"
    assert "administrator" in line.refused("user", "admin", "root", "--as", "root")


@pytest.mark.parametrize(
    "words",
    [
        ["user", "show", "crm"],
        ["user", "disable", "crm"],
        ["service", "enable", "ann"],
        ["user", "show", "nobody"],
        ["service", "show", "system"],
        ["service", "add", "ann"],
        ["group", "add", "signed-in"],
        ["group", "add", "a\udcffb"],
        ["service", "add", "a\udcffb"],
        ["user", "show", "a\udcffb"],
        ["user", "show", "ann", "--as", "a\udcffb"],
        ["group", "members", "a\udcffb"],
        ["token", "issue", "a\udcffb"],
    ],
)
def test_name_of_nobody_or_of_another_kind_is_refused(line: CommandLine, words: list[str]) -> None:
    line.done("service", "add", "crm")

    assert "Something went wrong" not in line.refused(*words)


# group


def test_group_is_made_filled_listed_and_removed(line: CommandLine) -> None:
    assert line.done("group", "add", "team").out == "Added group team.\n"
    assert line.done("group", "join", "team", "ann", "bob").out == "ann, bob are now in team.\n"
    assert line.done("group", "join", "team", "ann").out == "ann was in team already.\n"
    assert line.done("group", "leave", "team", "root").out == "root was not in team.\n"
    assert "Everybody who signs in is in signed-in." in line.refused("group", "members", "signed-in")
    assert line.done("group", "members", "team").lines == ["NAME  KIND", "ann   user", "bob   user"]
    assert line.done("group", "leave", "team", "ann", "root", "--json").json == {"name": "team", "left": ["ann"]}
    assert line.done("group", "members", "team", "--all", "--json").json == [{"name": "bob", "kind": "user"}]
    assert [one["name"] for one in line.done("group", "list", "--json").json] == ["signed-in", "team"]
    assert line.done("group", "list").lines[1] == "signed-in  all who sign in"
    line.done("group", "remove", "team")
    assert "no group 'team'" in line.refused("group", "members", "team")


# grant


def test_removing_the_fresh_grant_closes_the_store(line: CommandLine) -> None:
    assert line.done("grant", "list", "/").lines == ["ON  WHO        MAY", "/   signed-in  editor"]

    assert line.done("grant", "remove", "/", "signed-in").out == "signed-in no longer has this on /: editor.\n"

    line.refused("versions", "/f/a.txt", "--as", "ann")
    assert line.done("grant", "remove", "/", "signed-in").out == "signed-in had no grant on /.\n"
    line.done("grant", "set", "/", "signed-in", "editor")
    line.done("versions", "/f/a.txt", "--as", "ann")


def test_grants_are_listed_with_where_inheritance_ends(line: CommandLine) -> None:
    line.done("grant", "set", "/f", "ann", "contributor", "unlock")
    assert line.done("grant", "close", "/f").out == "/f is closed: rights from further up end here.\n"

    assert line.done("grant", "list", "/f").lines == [
        "ON  WHO        MAY",
        "/   signed-in  editor",
        "/f             (closed: of the above only manager holds from here on)",
        "/f  ann        contributor, unlock",
    ]
    assert line.done("grant", "list", "/f", "--json").json == [
        {"path": "/", "is_closed": False, "grants": [{"who": "signed-in", "rights": names_of(EDITOR)}]},
        {"path": "/f", "is_closed": True, "grants": [{"who": "ann", "rights": ["read", "bind", "unlock", "own"]}]},
    ]
    assert line.done("grant", "open", "/f", "--json").json == {"path": "/f", "is_closed": False}


def test_explanation_is_sentences_and_a_table(line: CommandLine) -> None:
    line.done("group", "add", "team")
    line.done("group", "join", "team", "bob")
    line.done("grant", "set", "/f", "team", "reader")
    line.done("grant", "close", "/f")

    told = line.done("grant", "explain", "/f/a.txt", "bob").lines
    assert told == [
        "bob may do this on /f/a.txt: read.",
        "",
        "GRANTED ON  TO                   MAY     HOLDS HERE",
        "/           the group signed-in  editor  no, it ends at /f, which is closed",
        "/f          the group team       reader  yes",
    ]
    told = line.done("grant", "explain", "/f/a.txt", "ann").lines
    assert told[:2] == ["ann may do this on /f/a.txt: nothing.", "ann made it, so that the right own counts for more here."]
    assert "an administrator of the store" in line.done("grant", "explain", "/f/a.txt", "root").out
    line.done("user", "disable", "bob")
    assert "bob is disabled or expired" in line.done("grant", "explain", "/f/a.txt", "bob").out


def test_explanation_for_programs_tells_each_grant(line: CommandLine) -> None:
    line.done("grant", "set", "/f", "ann", "read-acl")
    line.done("token", "add", "laptop", "--for", "ann", "--rights", "read", "--tree", "/f")

    told = line.done("grant", "explain", "/", "ann", "--token", "laptop", "--json").json
    assert told == {
        "path": "/",
        "who": "ann",
        "rights": [],
        "is_shut_out": False,
        "is_admin": False,
        "is_maker": False,
        "at_most": ["read"],
        "is_in_tree": False,
        "grants": [{"path": "/", "group": "signed-in", "rights": names_of(EDITOR), "ended_at": None}],
    }
    assert line.done("grant", "explain", "/f", "ann", "--token", "laptop", "--json").json["rights"] == ["read"]
    told = line.done("grant", "explain", "/", "ann", "--token", "laptop").lines
    assert told[1:3] == ["The app password allows no more than reader.", "The app password is for another tree."]


def test_nothing_granted_is_said(line: CommandLine) -> None:
    line.done("grant", "remove", "/", "signed-in")

    assert line.done("grant", "explain", "/", "bob").lines == [
        "bob may do this on /: nothing.",
        "Nothing is granted to bob or its groups on the way here.",
    ]


def test_what_was_done_is_told_where_the_terminal_lacks_letters(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*words: str, encoding: str = "latin-1") -> str:
        written = io.BytesIO()
        with monkeypatch.context() as patched:
            patched.setattr("sys.stdout", io.TextIOWrapper(written, "latin-1"))
            line.done(*words)
            return written.getvalue().decode(encoding)

    assert re.search(r"App password \\u6771 of ann, .*:\ndg-\w+", told("token", "add", "\u6771", "--for", "ann"))
    assert "\u6771" in told("token", "list", "--json", encoding="utf-8")
    assert "\u6771" in told("audit", "export", encoding="utf-8")


def test_user_decides_only_with_own_rights(line: CommandLine) -> None:
    assert "write-acl" in line.refused("grant", "set", "/f", "bob", "reader", "--as", "ann")
    assert "read-acl" in line.refused("grant", "list", "/f", "--as", "ann")
    line.done("grant", "set", "/f", "ann", "editor", "write-acl")

    line.done("grant", "set", "/f", "bob", "reader", "--as", "ann")

    assert "you lack manage" in line.refused("grant", "set", "/f", "bob", "reader", "manage", "--as", "ann")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            ["set", "/f", "ann", "frob"],
            "'frob' is no right. Roles: reader, drop-box, contributor, editor, manager; rights: bind,",
        ),
        (["set", "/f", "ann", "reeder"], "'reeder' is no right. Did you mean reader?"),
        (["set", "/f", "ann", "read", "rite"], "'rite' is no right. Did you mean write?"),
        (["set", "/f", "nobody", "reader"], "no user or group or service 'nobody'"),
        (["set", "/nothing", "ann", "reader"], "nothing at /nothing"),
        (["close", "/"], "remove the grants on the root"),
        (["explain", "/f", "ann", "--token", "x"], "no app password 'x'"),
    ],
)
def test_mistake_in_a_grant_is_one_line_that_says_what_to_do(line: CommandLine, words: list[str], reason: str) -> None:
    assert reason in line.refused("grant", *words)


def test_rights_are_read_as_they_are_written() -> None:
    assert to_rights(["write"]) == to_rights(["editor"]) == EDITOR
    assert to_rights(["read", "write-acl"]) == READER | Right.WRITE_ACL
    for role, rights in ROLES.items():
        assert in_words(rights) == role
    for bits in range(EVERYTHING.value + 1):
        if bits:
            assert to_rights(in_words(Right(bits)).split(", ")) == Right(bits)
    assert in_words(READER | Right.BIND) == "read, bind"
    assert in_words(CONTRIBUTOR | Right.UNLOCK) == "contributor, unlock"
    assert in_words(NO_RIGHTS) == "nothing"
    with pytest.raises(Malformed):
        to_rights(["READ"])


# token


def test_app_password_is_shown_once_and_signs_in(line: CommandLine) -> None:
    with line.store() as store:
        a_collection(store, Context(principal_named(store, "ann")), "/g")
    line.done("grant", "explain", "/g", "ann")

    told, secret = line.done(
        "token", "add", "laptop", "--for", "ann", "--rights", "read", "--tree", "/g", "--expires", "90d"
    ).lines
    guard(secret)

    assert told == "App password laptop of ann, which is shown only this once:"
    with line.store() as store, store.database.read() as session:
        kept = app_passwords.find(session, hash_of(secret))
        assert kept is not None and kept.scope.rights == READER and kept.digest_md5 is None
    listed = line.done("token", "list").out
    assert re.search(rf"\nann  laptop  reader   /g  {MOMENT}  \(never\)\n", listed)
    assert secret not in listed + line.done("token", "list", "--json").out


def test_own_app_passwords_need_no_for(line: CommandLine) -> None:
    made = line.done("token", "add", "laptop", "--as", "ann", "--digest", "--json").json
    guard(made["secret"])

    assert {key: made[key] for key in ("owner", "name", "tree", "expires_at", "used_at", "serves_digest")} == {
        "owner": "ann",
        "name": "laptop",
        "tree": None,
        "expires_at": None,
        "used_at": None,
        "serves_digest": True,
    }
    assert made["rights"] == names_of(EVERYTHING)
    assert [one["name"] for one in line.done("token", "list", "--as", "ann", "--json").json] == ["laptop"]
    assert re.search(r"ann  laptop  everything  everywhere", line.done("token", "list", "--for", "ann").out)
    assert line.done("token", "list", "--as", "bob", "--json").json == []
    line.refused("token", "list", "--as", "bob", "--for", "ann")
    line.refused("token", "revoke", "laptop", "--as", "bob", "--for", "ann")
    assert line.done("token", "revoke", "laptop", "--as", "ann").out == "The app password laptop of ann is revoked.\n"
    line.refused("token", "revoke", "laptop", "--for", "ann")


def test_app_password_of_nobody_is_refused(line: CommandLine) -> None:
    for words in (["add", "laptop"], ["revoke", "laptop"]):
        assert "--for NAME" in line.refused("token", *words)
    line.refused("token", "add", "laptop", "--for", "ann", "--rights", "read,frob")
    line.refused("token", "add", "laptop", "--for", "ann", "--tree", "/nothing")
    line.refused("token", "add", "laptop", "--for", "ann", "--expires", "2020-01-01")


def test_secret_of_an_app_password_is_cut_out_of_the_log(line: CommandLine) -> None:
    secret = line.done("token", "add", "laptop", "--for", "ann", "--json").json["secret"]
    guard(secret)

    assert redact(f"user ann {secret} failed") == "user ann dg-*** failed"


# key


def test_keys_are_made_counted_and_removed_and_never_shown(line: CommandLine) -> None:
    assert line.done("key", "list", "--json").json == []
    assert line.done("key", "rotate").out == "Key 1 signs from now on.\n"
    assert line.done("key", "rotate", "--as", "root", "--json").json["no"] == 2

    headings, second, first = line.done("key", "list").lines
    assert headings.split() == ["NO", "MADE", "SIGNS"]
    assert re.fullmatch(rf" 2  {MOMENT}  yes", second) and re.fullmatch(rf" 1  {MOMENT}", first)
    assert [set(one) for one in line.done("key", "list", "--json").json] == [{"no", "made_at", "signs"}] * 2

    assert "is the newest" in line.refused("key", "remove", "2")
    line.done("key", "remove", "1")
    line.refused("key", "remove", "1")
    line.refused("key", "rotate", "--as", "ann")


@pytest.mark.parametrize("family", ["user", "service", "group", "grant", "token", "key"])
def test_every_command_of_a_family_explains_itself(family: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([family, "--help"])

    assert caught.value.code == 0
    told = capsys.readouterr().out
    for act in re.findall(r"^    (\w+)(?:  |$)", told, re.M):
        with pytest.raises(SystemExit):
            main([family, act, "--help"])
        assert len(capsys.readouterr().out.splitlines()) > 5


def test_document_of_a_closed_folder_is_no_longer_there_for_others(line: CommandLine) -> None:
    line.done("grant", "set", "/f", "ann", "manager")
    line.done("grant", "close", "/f", "--as", "ann")

    with line.store() as store:
        for name, sees in (("ann", True), ("bob", False), ("root", True)):
            assert exists(store, Context(sign_in(store, CHEAP_PASSWORDS, name, PASSWORD)), path("/f/a.txt")) is sees
