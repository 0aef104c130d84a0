"""Searching through yuuvis: case 24 and 25, each rule of the language, and random statements against a naive evaluation."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from davgate.core.object_types import load
from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import READER
from tests.builders import SettableClock, path
from tests.protocol.client import Client, Response
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.yuuvis import (
    BASE,
    EMAIL,
    HELLO_DIGEST,
    JSON,
    Entry,
    address,
    an_email,
    an_imported_email,
    imported,
    of,
    only,
    patch,
    post,
    refusal,
    said,
    upload,
    values,
)

SEARCH: Final = f"{BASE}/search"


def search(client: Client, statement: object, **query: object) -> Response:
    """Send a statement."""
    body = json.dumps({"query": {"statement": statement, **query}})
    return client("POST", SEARCH, body, content_type=JSON)


def found(client: Client, statement: str, **query: object) -> list[Entry]:
    """Return the objects that a statement finds."""
    response = search(client, statement, **query)
    assert response.status == 200, response
    objects: list[Entry] = response.json["objects"]
    assert response.json["numItems"] == len(objects)
    return objects


def addresses(client: Client, statement: str, **query: object) -> list[str]:
    """Return where the objects are that a statement finds."""
    return [address(one) for one in found(client, statement, **query)]


def told(client: Client, statement: object, **query: object) -> str:
    """Return what is said of a statement that is refused."""
    response = search(client, statement, **query)
    assert refusal(response) == (400, 2150), response
    message: str = response.json["message"]
    return message


def subjects(client: Client, where: str) -> list[str]:
    """Return the subjects of the e-mails of which a condition holds, sorted."""
    statement = f"SELECT appEmail:subject FROM appEmail:email WHERE {where}"
    return sorted(said(one).get("appEmail:subject", "") for one in found(client, statement))


# The acceptance cases


@on_both_databases
def test_case_24_search_finds_by_values_patterns_lists_and_words(ann: Client) -> None:
    email = imported(ann, an_email("x", appEmail__size=7))
    other = imported(ann, an_email("prefix hello world"))
    assert addresses(ann, "SELECT * FROM appEmail:email WHERE appEmail:subject = 'x'") == [email]
    assert addresses(ann, "SELECT * FROM appEmail:email WHERE appEmail:subject LIKE 'pre%'") == [other]
    assert addresses(ann, "SELECT * FROM appEmail:email WHERE appEmail:subject IN ('x', 'y')") == [email]
    assert addresses(ann, "SELECT * FROM appEmail:email WHERE appEmail:size IS NULL") == [other]
    assert addresses(ann, "SELECT * FROM appEmail:email WHERE appEmail:size IS NOT NULL") == [email]
    assert addresses(ann, "SELECT * FROM appEmail:email WHERE CONTAINS('HELLO')") == [other]

    page = search(ann, "SELECT * FROM appEmail:email", maxItems=1).json
    assert (page["numItems"], page["hasMoreItems"], page["totalNumItems"]) == (1, True, 2)
    last = search(ann, "SELECT * FROM appEmail:email", maxItems=1, skipCount=1).json
    assert (last["numItems"], last["hasMoreItems"], last["totalNumItems"]) == (1, False, 2)


def test_case_25_syntax_error_is_refused_and_a_doubled_quote_is_one(ann: Client) -> None:
    assert "line 1, column 1" in told(ann, "SELEC * FROM")
    email = imported(ann, an_email("it's '; DROP TABLE node; --"))
    imported(ann, an_email("its"))
    statement = "SELECT * FROM appEmail:email WHERE appEmail:subject = 'it''s ''; DROP TABLE node; --'"
    assert addresses(ann, statement) == [email]


# What is answered


def test_everything_is_answered_as_it_is_read(ann: Client) -> None:
    email = an_imported_email(ann)
    assert found(ann, "SELECT * FROM appEmail:email") == [only(ann("GET", email))]


def test_columns_alone_are_answered_under_their_aliases(ann: Client) -> None:
    email = an_imported_email(ann)
    statement = "SELECT appEmail:subject AS s, appEmail:to receivers, appEmail:cc, system:digest, table FROM appEmail:email"
    (entry,) = found(ann, statement)
    whole = said(only(ann("GET", email)))
    assert entry["properties"].keys() == {
        *("s", "receivers", "system:digest", "table"),
        *("system:objectId", "system:objectTypeId", "system:baseTypeId"),
    }
    assert said(entry)["s"] == whole["appEmail:subject"]
    assert said(entry)["receivers"] == whole["appEmail:to"]
    assert said(entry)["system:digest"] == HELLO_DIGEST
    assert entry["properties"]["table"]["columnNames"] == ["iColumn1", "iColumn2", "iColumn3"]
    assert "contentStreams" not in entry


def test_content_is_told_of_by_columns(ann: Client) -> None:
    email = an_imported_email(ann)
    names = ("Id", "Length", "MimeType", "FileName", "RepositoryId", "Range")
    statement = f"SELECT {', '.join(f'system:contentStream{name}' for name in names)} FROM system:document"
    (entry,) = found(ann, statement)
    (stream,) = only(ann("GET", email))["contentStreams"]
    shown = said(entry)
    assert [shown.get(f"system:contentStream{name}") for name in names] == [
        *(stream[name] for name in ("contentStreamId", "length", "mimeType", "fileName", "repositoryId")),
        None,
    ]


def test_count_tells_how_many_there_are(ann: Client) -> None:
    for subject in "abb":
        imported(ann, an_email(subject))
    answer = search(ann, "SELECT COUNT(*) FROM appEmail:email WHERE appEmail:subject = 'b'").json
    assert said(answer["objects"][0]) == {"OBJECT_COUNT": 2}
    assert (answer["numItems"], answer["hasMoreItems"], answer["totalNumItems"]) == (1, False, 2)


@on_both_databases
def test_newest_are_first_unless_sorted_otherwise(ann: Client, clock: SettableClock) -> None:
    emails: list[str] = []
    for subject, size in (("b", 1), ("a", 2), ("b", 3), ("c", None)):
        emails.append(imported(ann, an_email(subject, appEmail__size=size)))
        clock.advance(timedelta(seconds=1))
    first, second, third, fourth = emails
    assert addresses(ann, "SELECT * FROM appEmail:email") == emails[::-1]
    assert addresses(ann, "SELECT * FROM email ORDER BY appEmail:subject, appEmail:size DESC") == [second, third, first, fourth]
    assert addresses(ann, "SELECT * FROM email ORDER BY appEmail:subject DESC, system:creationDate") == [
        fourth,
        first,
        third,
        second,
    ]
    assert addresses(ann, "SELECT * FROM email ORDER BY appEmail:size") == [fourth, first, second, third]


def test_pages_are_cut_out_of_the_whole(ann: Client, clock: SettableClock) -> None:
    emails: list[str] = []
    for no in range(5):
        emails.insert(0, imported(ann, an_email(str(no))))
        clock.advance(timedelta(seconds=1))
    assert addresses(ann, "SELECT * FROM email", skipCount=1, maxItems=3) == emails[1:4]
    assert addresses(ann, "SELECT * FROM email", skipCount=4, maxItems=3) == emails[4:]
    beyond = search(ann, "SELECT * FROM email", skipCount=10**30).json
    assert (beyond["numItems"], beyond["hasMoreItems"], beyond["totalNumItems"]) == (0, False, 5)
    none = search(ann, "SELECT * FROM email", maxItems=0).json
    assert (none["numItems"], none["hasMoreItems"], none["totalNumItems"]) == (0, True, 5)
    assert len(addresses(ann, "SELECT * FROM email", maxItems=10**30)) == 5


@pytest.mark.parametrize(
    "query",
    [{"skipCount": -1}, {"maxItems": -1}, {"maxItems": "1"}, {"skipCount": 1.5}, {"statement": 1}, {"statement": None}],
)
def test_numbers_below_zero_and_other_types_are_refused(ann: Client, query: dict[str, object]) -> None:
    body = json.dumps({"query": {"statement": "SELECT * FROM email", **query}})
    assert refusal(ann("POST", SEARCH, body, content_type=JSON)) == (400, 2100)


def test_unknown_members_do_not_matter(ann: Client) -> None:
    email = imported(ann, an_email())
    body = {"query": {"statement": "SELECT * FROM email", "handleDeletedDocuments": True, "x": 1}, "aggregate": [1]}
    response = ann("POST", SEARCH, json.dumps(body), content_type=JSON)
    assert [address(one) for one in response.json["objects"]] == [email]


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"query": {}}', '{"query": "SELECT"}', "not JSON"])
def test_what_is_no_query_is_refused(ann: Client, body: str) -> None:
    assert refusal(ann("POST", SEARCH, body, content_type=JSON)) == (400, 2100)


# What may be seen


def test_only_what_is_readable_in_the_tree_and_current_is_found(ann: Client, bob: Client, root_admin: Client) -> None:
    email = imported(ann, an_email("one"))
    deleted = imported(ann, an_email("one"))
    assert ann("DELETE", deleted).status == 200
    assert addresses(bob, "SELECT * FROM email WHERE appEmail:subject = 'one'") == [email]
    patch(ann, of(values(appEmail__subject="two")), to=email)
    assert addresses(bob, "SELECT * FROM email WHERE appEmail:subject = 'one'") == []
    for client in (ann, root_admin):
        assert addresses(client, "SELECT * FROM email WHERE appEmail:subject = 'two'") == [email]


def test_what_is_closed_is_found_by_those_alone_who_may_read_it(
    ann: Client, bob: Client, root_admin: Client, store: Store
) -> None:
    open_to_all = imported(ann, an_email("x"))
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="f")))
    closed = imported(ann, an_email("x", system__parentId=folder.rpartition("/")[2]))
    granting.close(store, root_admin.ctx, path("/yuuvis/2026-11/f"))
    granting.grant(store, root_admin.ctx, path("/yuuvis/2026-11/f"), "ann", READER)
    statement = "SELECT * FROM email WHERE appEmail:subject = 'x' ORDER BY system:creationDate"
    for client in (ann, root_admin):
        assert addresses(client, statement) == [open_to_all, closed]
    answer = search(bob, statement, maxItems=1).json
    assert (answer["totalNumItems"], answer["hasMoreItems"]) == (1, False)
    assert addresses(bob, statement) == [open_to_all]
    assert said(found(bob, "SELECT COUNT(*) FROM email")[0])["OBJECT_COUNT"] == 1


def test_search_without_a_sign_in_or_of_another_tenant_is_refused(ann: Client, nobody: Client) -> None:
    assert refusal(search(nobody, "SELECT * FROM email")) == (401, 2001)
    body = json.dumps({"query": {"statement": "SELECT * FROM email"}})
    assert ann("POST", SEARCH, body, content_type=JSON, x_id_tenant_name="other").status == 401
    assert ann("POST", SEARCH, body, content_type=JSON, x_id_tenant_name="default").status == 200


def test_documents_of_the_drive_are_found_as_documents(ann: Client) -> None:
    ann.mkcol("/dav/f")
    ann.put(quote("/dav/f/Bericht über alles.txt"), b"one")
    (entry,) = found(ann, "SELECT * FROM document WHERE Name = 'Bericht über alles.txt'")
    folder = said(entry)["system:parentId"]
    assert said(found(ann, "SELECT * FROM folder WHERE Name = 'f'")[0])["system:objectId"] == folder
    assert len(found(ann, f"SELECT * FROM system:object WHERE system:parentId = '{folder}'")) == 1
    assert len(found(ann, "SELECT * FROM document WHERE CONTAINS('BERICHT')")) == 1
    assert len(found(ann, "SELECT * FROM document WHERE Name CONTAINS 'ÜBER alles'")) == 1
    assert found(ann, "SELECT * FROM document WHERE Name CONTAINS 'nichts'") == []


def test_what_lies_in_no_folder_that_anybody_chose_has_no_parent(ann: Client) -> None:
    email = imported(ann, an_email())
    ann.put("/dav/top.txt")
    ann.mkcol("/dav/f")
    ann.put("/dav/f/a.txt")
    without = addresses(ann, "SELECT * FROM system:document WHERE system:parentId IS NULL")
    assert email in without and len(without) == 2
    assert len(addresses(ann, "SELECT * FROM system:document WHERE system:parentId IS NOT NULL")) == 1


@on_both_databases
def test_folder_that_the_caller_may_not_read_is_nobodys_parent(
    ann: Client, bob: Client, root_admin: Client, store: Store
) -> None:
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="f")))
    parent = folder.rpartition("/")[2]
    shared = imported(ann, an_email("x", system__parentId=parent))
    own = imported(bob, an_email("x", system__parentId=parent))
    granting.close(store, root_admin.ctx, path("/yuuvis/2026-11/f"))
    granting.grant(store, root_admin.ctx, path("/yuuvis/2026-11/f"), "ann", READER)
    for email in (shared, own):
        granting.grant(store, root_admin.ctx, email.rpartition("/")[2], "bob", READER)
    both = {shared, own}
    assert {*addresses(bob, "SELECT * FROM email WHERE appEmail:subject = 'x'")} == both
    assert all("system:parentId" not in said(one) for one in found(bob, "SELECT * FROM email"))
    for where, of_bob, of_ann in (
        (f"system:parentId = '{parent}'", set(), both),
        (f"system:parentId IN ('{parent}')", set(), both),
        (f"system:parentId LIKE '{parent[:8]}%'", set(), both),
        ("system:parentId > '0'", set(), both),
        ("system:parentId IS NULL", both, set()),
        (f"system:parentId <> '{parent}'", both, set()),
    ):
        assert {*addresses(bob, f"SELECT * FROM email WHERE {where}")} == of_bob, where
        assert {*addresses(ann, f"SELECT * FROM email WHERE {where}")} == of_ann, where


@on_both_databases
def test_what_is_equal_by_all_that_is_sorted_by_is_in_the_order_of_the_ids(ann: Client, bob: Client, root_admin: Client) -> None:
    made = post(ann, *(an_email("x", appEmail__size=no % 2) for no in range(12))).json["objects"]
    for client in (bob, root_admin):
        for order in ("", "ORDER BY appEmail:subject", "ORDER BY system:contentStreamLength DESC"):
            statement = f"SELECT * FROM email {order}"
            paged = [one for no in range(0, 12, 5) for one in addresses(client, statement, skipCount=no, maxItems=5)]
            assert paged == sorted(map(address, made)), order
        by_size = addresses(client, "SELECT * FROM email ORDER BY appEmail:size")
        assert by_size[:6] == sorted(by_size[:6]) and by_size[6:] == sorted(by_size[6:])


@on_both_databases
def test_words_in_a_name_are_whole_words(ann: Client) -> None:
    ann.put("/dav/Quarterly report_2026.txt", b"one")
    titled = imported(ann, of(values(system__objectTypeId="document", Name=f"{'x ' * 300}Quarter")))
    for words, names in (
        ("quarter", [titled]),
        ("quarterly", None),
        ("REPORT quarterly 2026", None),
        ("report quarter", []),
        ("report!", None),
        ("!", []),
    ):
        found_ = addresses(ann, f"SELECT * FROM document WHERE Name CONTAINS '{words}'")
        assert found_ == names if names is not None else len(found_) == 1 and found_ != [titled], words


# Types


def test_a_type_is_named_with_or_without_its_prefix(ann: Client) -> None:
    email = imported(ann, an_email())
    document = imported(ann, of(values(system__objectTypeId="document", Name="d")))
    for name in ("appEmail:email", "email", "system:document", "system:object", "object"):
        assert email in addresses(ann, f"SELECT * FROM {name}"), name
    assert addresses(ann, "SELECT * FROM document") == [document]
    assert email not in addresses(ann, "SELECT * FROM system:folder")


def test_objects_of_a_secondary_type_are_found_as_a_whole(ann: Client) -> None:
    imported(ann, an_email("without"))
    kept = an_email("kept", system__rmExpirationDate="2030-01-01T00:00:00.000Z")
    kept["properties"]["system:secondaryObjectTypeIds"] = {"value": ["system:rmDestructionRetention"]}
    email = imported(ann, kept)
    for name in ("system:rmDestructionRetention", "rmDestructionRetention"):
        assert found(ann, f"SELECT * FROM {name}") == [only(ann("GET", email))]
    one = "system:secondaryObjectTypeIds = 'system:rmDestructionRetention'"
    assert addresses(ann, f"SELECT * FROM system:object WHERE {one}") == [email]
    assert addresses(ann, "SELECT * FROM email WHERE system:rmExpirationDate > '2029-12-31'") == [email]


@pytest.mark.parametrize(
    ("statement", "told_of"),
    [
        ("SELECT * FROM nothing", "There is no type 'nothing', which is named at line 1, column 15."),
        ("SELECT * FROM system:audit", "There is no type 'system:audit'"),
        ("SELECT * FROM EMAIL", "There is no type 'EMAIL'"),
        ("SELECT * FROM email WHERE\n  subject = 'x'", "There is no property 'subject', which is named at line 2, column 3."),
        ("SELECT nothing FROM email", "There is no property 'nothing'"),
        ("SELECT * FROM email ORDER BY nothing", "There is no property 'nothing'"),
        ("SELECT * FROM email ORDER BY table", "table, at line 1, column 30, is nothing to sort by"),
        ("SELECT Name AS n, amount AS n FROM document", "Two columns are called 'n'"),
        ("SELECT appEmail:subject AS system:objectId FROM email", "appEmail:subject, at line 1, column 8, cannot be called"),
        ("SELECT system:objectId AS system:baseTypeId FROM email", "cannot be called system:baseTypeId"),
        ("SELECT * FROM email WHERE table = 'x'", "table, at line 1, column 27, cannot be compared"),
        ("SELECT * FROM email WHERE table LIKE 'x'", "table, at line 1, column 27, is no text"),
        ("SELECT * FROM email WHERE system:traceId = 'x'", "cannot be searched by"),
        ("SELECT * FROM email WHERE appEmail:subject = 1", "is a text"),
        ("SELECT * FROM email WHERE appEmail:subject < true", "is a text"),
        ("SELECT * FROM email WHERE appEmail:size = '1'", "is a number"),
        ("SELECT * FROM email WHERE appEmail:size IN (1, 'a')", "is a number"),
        ("SELECT * FROM email WHERE appEmail:size = true", "is a number"),
        ("SELECT * FROM email WHERE appEmail:size LIKE '1%'", "is no text"),
        ("SELECT * FROM email WHERE appEmail:size CONTAINS '1'", "is no text"),
        ("SELECT * FROM email WHERE appEmail:read = 'true'", "is true or false"),
        ("SELECT * FROM email WHERE appEmail:read < true", "is true or false"),
        ("SELECT * FROM email WHERE appEmail:received = 1", "is a time"),
        ("SELECT * FROM email WHERE appEmail:received = 'yesterday'", "'yesterday' is none"),
        ("SELECT * FROM email WHERE appEmail:received < '9999-12-31T23:59:59.9999Z'", "is a time"),
        ("SELECT * FROM email WHERE system:creationDate = '0001-01-01T00:00:00+14:00'", "is a time"),
        ("SELECT * FROM email WHERE system:versionNumber = '1'", "is a number"),
        ("SELECT * FROM email WHERE system:contentStreamId < 'A'", "is an id"),
        ("SELECT * FROM email WHERE appEmail:subject = NOW()", "is a text"),
        (f"SELECT * FROM email WHERE appEmail:subject LIKE '{'a%' * 2001}'", "pattern of more than"),
        ("SELECT * FROM email WHERE " + " OR ".join(["appEmail:size = 1"] * 501), "at most 500 conditions"),
        ("SELECT * FROM email WHERE " + "(" * 51 + "appEmail:size = 1" + ")" * 51, "levels"),
        ("SELECT * FROM email WHERE appEmail:subject = '" + "x" * 66_000 + "'", "at most 65536 characters"),
    ],
)
def test_what_there_is_not_or_cannot_be_compared_is_refused(ann: Client, statement: str, told_of: str) -> None:
    assert told_of in told(ann, statement)


@on_both_databases
def test_deepest_and_longest_statements_are_answered(ann: Client) -> None:
    email = imported(ann, an_email("x"))
    deep = "NOT (appEmail:size = 1 AND (appEmail:size = 2 OR " * 5 + "appEmail:size = 3" + "))" * 5
    assert addresses(ann, f"SELECT * FROM email WHERE {deep}") in ([email], [])
    wide = " OR ".join(["appEmail:subject = 'x'"] * 480)
    assert addresses(ann, f"SELECT * FROM email WHERE {wide}") == [email]
    listed = ", ".join(f"'{no}'" for no in range(5000))
    assert addresses(ann, f"SELECT * FROM email WHERE appEmail:subject IN ({listed}, 'x')") == [email]


MORE: Final = """
[yuuvis."app:paper"]
secondary = ["app:signed"]
properties = [{ name = "app:number", kind = "integer" }, { name = "Name", kind = "text" }]

[yuuvis."app:invoice"]
extends = "app:paper"
properties = [{ name = "app:due", kind = "datetime" }]

[yuuvis."app:signed"]
base = "secondary"
properties = [
    { name = "app:signer", kind = "text" },
    { name = "keywords", kind = "text", multiple = true, stored_as = "keywords" },
]

[yuuvis."one:same"]
[yuuvis."other:same"]
"""


@pytest.fixture
def typed(serve: Serve, store: Store, ann: Client, tmp_path: Path) -> Client:
    """Ann, at a store that has more types: one extends another, which always has a secondary type."""
    folder = tmp_path / "types"
    folder.mkdir()
    (folder / "more.toml").write_text(MORE)
    return ann.through(serve(replace(store, types=load([folder]))))


def test_what_extends_a_type_is_found_by_it_and_by_its_secondary_types(typed: Client) -> None:
    paper = imported(typed, of(values(system__objectTypeId="app:paper", app__number=1, app__signer="ann")))
    invoice = imported(typed, of(values(system__objectTypeId="app:invoice", app__number=2, keywords=["x"])))
    email = imported(typed, an_email())
    document = imported(typed, of(values(system__objectTypeId="document", keywords=["x"])))
    by_age = "ORDER BY system:creationDate"
    assert addresses(typed, f"SELECT * FROM paper {by_age}") == [paper, invoice]
    assert addresses(typed, "SELECT * FROM invoice") == [invoice]
    assert addresses(typed, f"SELECT * FROM signed {by_age}") == [paper, invoice]
    assert addresses(typed, f"SELECT * FROM system:object WHERE system:secondaryObjectTypeIds = 'app:signed' {by_age}") == [
        paper,
        invoice,
    ]
    assert addresses(typed, "SELECT * FROM system:object WHERE system:objectTypeId = 'app:paper'") == [paper]
    assert addresses(typed, f"SELECT * FROM system:object WHERE keywords = 'x' {by_age}") == [invoice, document]
    assert addresses(typed, f"SELECT * FROM system:document WHERE keywords IS NULL {by_age}") == [paper, email]


def test_names_that_may_mean_several_things_are_refused(typed: Client) -> None:
    assert "may be one:same or other:same" in told(typed, "SELECT * FROM same")
    assert addresses(typed, "SELECT * FROM one:same") == []
    everywhere = "SELECT * FROM system:object WHERE Name = 'x'"
    assert "Name, at line 1, column 35, is another property in each type" in told(typed, everywhere)
    paper = imported(typed, of(values(system__objectTypeId="app:paper", Name="x")))
    assert addresses(typed, "SELECT * FROM paper WHERE Name = 'x'") == [paper]
    assert addresses(typed, "SELECT * FROM document WHERE Name = 'x'") == []


# Comparisons


@on_both_databases
def test_patterns_have_wildcards_and_escapes(ann: Client) -> None:
    for subject in ("a.c", "abc", "a%c", "a_c", "a\\c", "ac", "ABC", "a\nc"):
        imported(ann, an_email(subject))
    every = sorted(("a.c", "abc", "a%c", "a_c", "a\\c", "a\nc"))
    assert subjects(ann, "appEmail:subject LIKE 'a_c'") == every
    assert subjects(ann, "appEmail:subject LIKE 'a?c'") == every
    assert subjects(ann, "appEmail:subject LIKE 'a%c'") == sorted((*every, "ac"))
    assert subjects(ann, "appEmail:subject LIKE 'a*c'") == sorted((*every, "ac"))
    assert subjects(ann, "appEmail:subject LIKE 'a\\%c'") == ["a%c"]
    assert subjects(ann, "appEmail:subject LIKE 'a\\_c'") == ["a_c"]
    assert subjects(ann, "appEmail:subject LIKE 'a\\\\c'") == ["a\\c"]
    assert subjects(ann, "appEmail:subject NOT LIKE 'a%'") == ["ABC"]
    assert subjects(ann, "appEmail:subject LIKE '%b%'") == ["abc"]


def test_what_has_no_value_is_unequal_to_everything(ann: Client) -> None:
    for subject, size in (("none", None), ("one", 1), ("two", 2)):
        imported(ann, an_email(subject, appEmail__size=size))
    assert subjects(ann, "appEmail:size <> 1") == ["none", "two"]
    assert subjects(ann, "appEmail:size < 2") == ["one"]
    assert subjects(ann, "NOT appEmail:size < 2") == ["none", "two"]
    assert subjects(ann, "appEmail:size NOT IN (1)") == ["none", "two"]
    assert subjects(ann, "NOT (appEmail:size < 2 OR appEmail:size IS NULL)") == ["two"]


@on_both_databases
def test_numbers_are_compared_by_size(ann: Client) -> None:
    for subject, size in (("a", -3), ("b", 10), ("c", 9), ("d", 2**63 - 1)):
        imported(ann, an_email(subject, appEmail__size=size))
    assert subjects(ann, "appEmail:size > 9") == ["b", "d"]
    assert subjects(ann, "appEmail:size >= 9.0 AND appEmail:size < 1e2") == ["b", "c"]
    assert subjects(ann, "appEmail:size < 0.5") == ["a"]
    assert subjects(ann, "appEmail:size = 9223372036854775807") == ["d"]
    assert subjects(ann, "appEmail:size > 1e400") == []
    document = imported(ann, of(values(system__objectTypeId="document", Name="d", amount=0.1)))
    assert addresses(ann, "SELECT * FROM document WHERE amount = 0.1") == [document]
    assert addresses(ann, "SELECT * FROM document WHERE amount = 0.10") == [document]


def test_facts_that_are_numbers_are_compared_with_any(ann: Client) -> None:
    email = imported(ann, an_email("x"))
    patch(ann, of(values(appEmail__subject="y")), to=email)
    assert subjects(ann, "system:versionNumber = 2.0") == ["y"]
    assert subjects(ann, "system:versionNumber > 1.5 AND system:versionNumber < 2.5") == ["y"]
    assert subjects(ann, "system:versionNumber = 1.5") == []
    assert subjects(ann, f"system:versionNumber < {10**40}") == ["y"]
    assert subjects(ann, f"system:versionNumber > -{10**40}") == ["y"]
    assert subjects(ann, f"system:versionNumber IN ({10**40}, 2, 0.5)") == ["y"]


def test_any_value_of_several_may_be_meant(ann: Client) -> None:
    imported(ann, an_email("x", appEmail__to=["ann@example.org", "bob@example.org"]))
    assert subjects(ann, "appEmail:to = 'bob@example.org'") == ["x"]
    assert subjects(ann, "appEmail:to LIKE 'bob%' AND appEmail:to <> 'eve@example.org'") == ["x"]
    assert subjects(ann, "appEmail:to <> 'bob@example.org'") == []


def test_texts_are_compared_in_capitals_or_not_as_they_are(ann: Client) -> None:
    imported(ann, an_email("Hello"))
    assert subjects(ann, "appEmail:subject = 'hello'") == []
    assert subjects(ann, "appEmail:subject LIKE 'h%'") == []
    assert subjects(ann, "CONTAINS('hELLO')") == ["Hello"]
    assert subjects(ann, "appEmail:subject CONTAINS 'hello'") == ["Hello"]
    assert subjects(ann, "appEmail:from CONTAINS 'hello'") == []


@on_both_databases
def test_words_are_found_in_tables_and_names_of_files(ann: Client) -> None:
    email = an_imported_email(ann)
    upload(ann, email, b"two", content_disposition='attachment; filename="Quarterly report.txt"')
    for words in ("something", "quarterly", "report TXT", "to know"):
        assert addresses(ann, f"SELECT * FROM email WHERE CONTAINS('{words}')") == [email], words
    assert addresses(ann, "SELECT * FROM email WHERE CONTAINS('quarter')") == []
    assert addresses(ann, "SELECT * FROM email WHERE CONTAINS('!')") == []


@on_both_databases
def test_times_are_equal_to_the_millisecond(ann: Client, clock: SettableClock) -> None:
    email = imported(ann, an_email("x", appEmail__received="2018-01-26T15:21:17.170999Z"))
    created = said(only(ann("GET", email)))["system:creationDate"]
    for name, time in (("appEmail:received", "2018-01-26T15:21:17.170Z"), ("system:creationDate", created)):
        assert subjects(ann, f"{name} = '{time}'") == ["x"]
        assert subjects(ann, f"{name} <= '{time}' AND {name} >= '{time}'") == ["x"]
        assert subjects(ann, f"{name} < '{time}' OR {name} > '{time}' OR {name} <> '{time}'") == []
    assert subjects(ann, "appEmail:received = '2018-01-26T16:21:17.170+01:00'") == ["x"]
    assert subjects(ann, "appEmail:received >= '2018-01-26' AND appEmail:received < '2018-01-27'") == ["x"]
    assert subjects(ann, "appEmail:received < TODAY() AND system:creationDate >= TODAY()") == ["x"]
    assert subjects(ann, "system:creationDate < NOW()") == []
    clock.advance(timedelta(milliseconds=1))
    assert subjects(ann, "system:creationDate < NOW()") == ["x"]


def test_content_is_found_by_its_id_and_digest(ann: Client) -> None:
    email = an_imported_email(ann)
    imported(ann, an_email("without content"))
    (stream,) = only(ann("GET", email))["contentStreams"]
    stream_id = stream["contentStreamId"]
    for where in (
        f"system:contentStreamId = '{stream_id}'",
        f"system:contentStreamId IN ('x', '{stream_id}')",
        "system:contentStreamId IS NOT NULL",
        f"system:digest = '{stream['digest']}'",
        "system:digest LIKE 'B94D%'",
        "system:contentStreamLength = 11",
        "system:contentStreamRepositoryId = 'default'",
        "system:contentStreamFileName LIKE '%.txt'",
    ):
        assert addresses(ann, f"SELECT * FROM email WHERE {where}") == [email], where
    assert addresses(ann, f"SELECT * FROM email WHERE system:contentStreamId = '{stream_id.lower()}'") == []


def test_names_of_types_are_compared_as_texts(ann: Client) -> None:
    email = imported(ann, an_email())
    for where in (
        "system:objectTypeId = 'appEmail:email'",
        "system:objectTypeId LIKE 'app%:em_il'",
        "system:objectTypeId < 'b' AND system:baseTypeId = 'system:document'",
        "system:objectTypeId IN ('appEmail:email', 'nothing')",
        "system:tenant = 'default' AND system:objectTypeId NOT IN ('folder', 'document')",
    ):
        assert addresses(ann, f"SELECT * FROM system:object WHERE {where}") == [email], where
    assert addresses(ann, "SELECT * FROM system:object WHERE system:tenant <> 'default'") == []


# Random statements against a naive evaluation

Value = str | int | Decimal | bool
Test = tuple[str, Callable[[dict[str, list[Any]]], bool]]
"""A condition as text, and whether it holds of an object, whose properties all have lists of values."""

TEXTS: Final = ("x", "y", "Hello", "hello", "a@example.org", "it's", "", "50%", "é")
TIMES: Final = ("2018-01-26T15:21:17.170Z", "2018-01-26T15:21:17.171Z", "2026-11-20T12:00:00.000Z", "2030-01-01T00:00:00.000Z")
SYSTEM_TEXTS: Final = ("ann", "bob", "system:document", "appEmail:email", "document", "folder", "default", "a.txt", "text/plain")
POOLS: Final[dict[str, tuple[Value, ...]]] = {
    "appEmail:subject": TEXTS,
    "appEmail:to": TEXTS,
    "Name": (*TEXTS, "a.txt", "f"),
    "keywords": TEXTS,
    "appEmail:size": (-1, 0, 7, Decimal("7.5"), 2**60),
    "amount": (Decimal("0.1"), Decimal("-2.5"), 7),
    "system:versionNumber": (1, 2, Decimal("1.5")),
    "system:contentStreamLength": (0, 7, 11),
    "appEmail:received": TIMES,
    "system:creationDate": TIMES,
    "system:rmExpirationDate": TIMES,
    "appEmail:read": (True, False),
    **dict.fromkeys(
        (
            *("system:createdBy", "system:baseTypeId", "system:objectTypeId", "system:tenant"),
            *("system:contentStreamFileName", "system:contentStreamMimeType", "system:contentStreamRepositoryId"),
        ),
        SYSTEM_TEXTS,
    ),
    "system:secondaryObjectTypeIds": ("system:rmDestructionRetention", "x"),
}
TIMED: Final = frozenset(name for name, pool in POOLS.items() if pool == TIMES)
TEXTUAL: Final = [name for name, pool in POOLS.items() if name not in TIMED and isinstance(pool[0], str)]
SIGNS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def literal(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def plain(name: str, value: Any) -> Any:
    """Return a value to compare: times as such, numbers exactly."""
    if name in TIMED:
        return datetime.fromisoformat(value)
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def comparison(name: str, sign: str, value: Value) -> Test:
    holds = SIGNS[sign]
    text = f"{name} {sign} {literal(value)}"
    return text, lambda of: any(holds(plain(name, one), plain(name, value)) for one in of.get(name, ()))


def unequal(name: str, value: Value) -> Test:
    _, holds = comparison(name, "=", value)
    return f"{name} <> {literal(value)}", lambda of: not holds(of)


def one_of(name: str, wanted: list[Value]) -> Test:
    plain_values = [plain(name, one) for one in wanted]
    text = f"{name} IN ({', '.join(map(literal, wanted))})"
    return text, lambda of: any(plain(name, one) in plain_values for one in of.get(name, ()))


def like(name: str, pattern: str) -> Test:
    # As patterns of file names, whose brackets mean nothing here: there are none.
    expression = re.compile(fnmatch.translate(pattern.replace("%", "*").replace("_", "?")), re.DOTALL)
    text = f"{name} LIKE {literal(pattern)}"
    return text, lambda of: any(expression.fullmatch(one) is not None for one in of.get(name, ()))


def is_null(name: str) -> Test:
    return f"{name} IS NULL", lambda of: not of.get(name)


def negated(test: Test) -> Test:
    return f"NOT ({test[0]})", lambda of: not test[1](of)


def joined(word: str, every: Callable[[Iterator[bool]], bool], tests: list[Test]) -> Test:
    return f" {word} ".join(f"({text})" for text, _ in tests), lambda of: every(holds(of) for _, holds in tests)


NAMES = st.sampled_from(sorted(POOLS))
ORDERED = st.sampled_from([name for name in sorted(POOLS) if name != "appEmail:read"])
PATTERNS = st.lists(st.sampled_from(("%", "_", "*", "?", "a", "x", "l", "system", ".txt", "ello", "é")), max_size=5).map("".join)
TESTS = (
    ORDERED.flatmap(
        lambda name: st.builds(comparison, st.just(name), st.sampled_from(sorted(SIGNS)), st.sampled_from(POOLS[name]))
    )
    | NAMES.flatmap(lambda name: st.builds(comparison, st.just(name), st.just("="), st.sampled_from(POOLS[name])))
    | NAMES.flatmap(lambda name: st.builds(unequal, st.just(name), st.sampled_from(POOLS[name])))
    | NAMES.flatmap(lambda name: st.builds(one_of, st.just(name), st.lists(st.sampled_from(POOLS[name]), min_size=1, max_size=3)))
    | st.builds(like, st.sampled_from(TEXTUAL), PATTERNS)
    | st.builds(is_null, NAMES)
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: (
        st.builds(negated, inner)
        | st.builds(joined, st.just("AND"), st.just(all), st.lists(inner, min_size=2, max_size=3))
        | st.builds(joined, st.just("OR"), st.just(any), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=6,
)
FROM: Final[dict[str, Callable[[dict[str, list[Any]]], bool]]] = {
    "system:object": lambda of: True,
    "system:document": lambda of: of["system:baseTypeId"] == ["system:document"],
    "system:folder": lambda of: of["system:baseTypeId"] == ["system:folder"],
    **{
        name: lambda of, name=name: of["system:objectTypeId"] == [name]  # type: ignore[misc]
        for name in (EMAIL, "document", "folder")
    },
    "rmDestructionRetention": lambda of: "system:rmDestructionRetention" in of.get("system:secondaryObjectTypeIds", ()),
}


def as_lists(entry: Entry) -> dict[str, list[Any]]:
    """Return all that is said of an object, each property as the list of its values."""
    found = {name: value if isinstance(value, list) else [value] for name, value in said(entry).items()}
    for stream in entry.get("contentStreams", ()):
        found["system:contentStreamLength"] = [stream["length"]]
        found["system:contentStreamFileName"] = [stream["fileName"]]
        found["system:contentStreamMimeType"] = [stream["mimeType"]]
        found["system:contentStreamRepositoryId"] = [stream["repositoryId"]]
    return found


def furnish(ann: Client, bob: Client, clock: SettableClock) -> None:
    """Make objects of all types, from several doors."""
    retention = {"system__secondaryObjectTypeIds": ["system:rmDestructionRetention"]}
    for no, text in enumerate(TEXTS):
        clock.advance(timedelta(microseconds=400))
        more = {"appEmail__to": list(TEXTS[:no])} if no else {}
        imported(ann if no % 2 else bob, an_email(text, appEmail__size=no - 1, appEmail__read=no % 2 == 0, **more))
    imported(ann, an_email("x", appEmail__received="2018-01-26T15:21:17.170500Z", appEmail__size=2**60))
    imported(ann, an_email("y", **retention, system__rmExpirationDate=TIMES[3]))
    imported(bob, of(values(system__objectTypeId="document", Name="Hello", amount=0.1, keywords=["x", "it's"])))
    imported(bob, of(values(system__objectTypeId="document", amount=-2.5)))
    imported(ann, of(values(system__objectTypeId="folder", Name="x")))
    an_imported_email(bob)
    ann.mkcol("/dav/f")
    ann.put("/dav/f/a.txt", b"")
    patch(ann, of(values(Name="é")), to=addresses(ann, "SELECT * FROM folder WHERE Name = 'f'")[0])


@on_both_databases
def test_random_statements_find_what_a_naive_evaluation_finds(
    ann: Client, bob: Client, root_admin: Client, clock: SettableClock
) -> None:
    furnish(ann, bob, clock)
    everything = {said(one)["system:objectId"]: as_lists(one) for one in found(ann, "SELECT * FROM system:object", maxItems=1000)}
    assert len(everything) >= 18

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(sorted(FROM)), CONDITIONS)
    def check(kind: str, condition: Test) -> None:
        text, holds = condition
        wanted = {id for id, of in everything.items() if FROM[kind](of) and holds(of)}
        for client in (ann, root_admin):
            entries = found(client, f"SELECT * FROM {kind} WHERE {text}", maxItems=1000)
            assert {said(one)["system:objectId"] for one in entries} == wanted

    check()
