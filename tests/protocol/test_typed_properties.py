"""Typed metadata on the drive: shown when asked for, set with PROPPATCH as part of a version (RFC 4918, 4 and 9.2)."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from davgate.core import objects
from davgate.core.describing import describe
from davgate.core.objects import File, NewObject
from davgate.core.receiving import receive
from davgate.core.store import Context, Store
from davgate.dav import typed_values
from davgate.dav.typed_properties import from_name, is_typed, to_name
from davgate.model.instant import to_datetime
from davgate.model.metadata import Metadata
from davgate.model.node import ROOT_ID, Cause, Node, NodeKind
from davgate.model.object_types import Kind, Property
from davgate.model.type_files import read_types
from tests.builders import a_collection, node_at, path
from tests.protocol.client import SET_AUTHOR, Client
from tests.protocol.databases import on_both_databases
from tests.protocol.lora import create, del_, dokument, newest, variant
from tests.protocol.multistatus import Entry, entries, members, propfind
from tests.protocol.stored import add_documents, audited, history
from tests.protocol.test_rfc4918_proppatch import removing, setting, updating

OWN = "{urn:davgate}"
YUUVIS = "{urn:davgate:yuuvis}"
DYNACASE = "{urn:davgate:dynacase}"
LORA = "{urn:davgate:lora}"
FROM, TO, SIZE, READ = (f"{YUUVIS}appEmail_x003A_{name}" for name in ("from", "to", "size", "read"))
MAIL = "/dav/mail.eml"
PROPNAME = '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>'

EMAIL: dict[str, Any] = {
    "title": "Offer & <more>",
    "yuuvis:appEmail:from": "ann@example.org",
    "yuuvis:appEmail:to": ["bob@example.org", "bob@example.org"],
    "yuuvis:appEmail:size": 11,
    "yuuvis:appEmail:read": False,
    "yuuvis:table": [["something", "to know", True], ["more", None, False]],
}


def an_object(store: Store, ctx: Context, type: str | None, name: str, metadata: Metadata, *, place: int = ROOT_ID) -> Node:
    """Make a document with metadata, as a REST door does."""
    staged = receive(store, io.BytesIO(b"content"))
    new = NewObject(NodeKind.DOCUMENT, type, metadata, File(staged, name))
    return objects.create(store, ctx, place, new)


@pytest.fixture
def mail(store: Store, ann: Client) -> Node:
    return an_object(store, ann.ctx, "yuuvis:appEmail:email", "mail.eml", EMAIL)


def one(client: Client, target: str, *names: str) -> Entry:
    (entry,) = propfind(client, target, *names).values()
    return entry


def element(name: str, content: str) -> str:
    namespace, _, local = name[1:].partition("}")
    return f'<T:{local} xmlns:T="{namespace}">{content}</T:{local}>'


def patch(client: Client, target: str, *instructions: str, **headers: str) -> Entry:
    (entry,) = entries(client("PROPPATCH", target, updating(*instructions), **headers)).values()
    return entry


def metadata_at(store: Store, ctx: Context, where: str) -> Metadata:
    return describe(store, ctx, path(where)).it.metadata


@pytest.mark.usefixtures("mail")
@on_both_databases
def test_typed_properties_are_shown_when_asked_for_by_name(ann: Client) -> None:
    entry = one(ann, MAIL, OWN + "title", FROM, TO, SIZE, READ, YUUVIS + "table", OWN + "description", YUUVIS + "nothing")

    assert entry[OWN + "title"] == "Offer & <more>"
    assert (entry[FROM], entry[SIZE], entry[READ]) == ("ann@example.org", "11", "false")
    assert [child.text for child in entry.properties[TO].element] == ["bob@example.org", "bob@example.org"]
    rows = [{cell.get("name"): cell.text for cell in row} for row in entry.properties[YUUVIS + "table"].element]
    assert rows == [
        {"iColumn1": "something", "iColumn2": "to know", "iColumn3": "true"},
        {"iColumn1": "more", "iColumn3": "false"},
    ]
    assert entry.named(404) == {OWN + "description", YUUVIS + "nothing"}


@pytest.mark.usefixtures("mail")
def test_propname_names_them_and_allprop_leaves_them_out(ann: Client) -> None:
    (named,) = entries(ann("PROPFIND", MAIL, PROPNAME, depth="0")).values()
    assert {OWN + "title", FROM, TO, SIZE, READ, YUUVIS + "table"} <= named.named(200)

    (every,) = propfind(ann, MAIL).values()
    assert not [name for name in every.properties if name.startswith("{urn:davgate")]


@pytest.mark.usefixtures("mail")
def test_allprop_includes_those_that_are_named(ann: Client) -> None:
    body = f'<D:propfind xmlns:D="DAV:"><D:allprop/><D:include>{element(FROM, "")}</D:include></D:propfind>'

    (entry,) = entries(ann("PROPFIND", MAIL, body, depth="0")).values()

    assert entry[FROM] == "ann@example.org"
    assert "getetag" in entry.named(200)
    assert not {SIZE, OWN + "title"} & entry.properties.keys()


@pytest.mark.usefixtures("mail")
def test_dead_properties_are_shown_beside_them(ann: Client) -> None:
    ann("PROPPATCH", MAIL, SET_AUTHOR)

    entry = one(ann, MAIL, FROM, "{urn:x}author")

    assert (entry[FROM], entry["{urn:x}author"]) == ("ann@example.org", "Ann")


def test_what_has_none_shows_none(ann: Client) -> None:
    ann.put("/dav/a.txt")

    assert one(ann, "/dav/a.txt", OWN + "title", FROM).named(404) == {OWN + "title", FROM}


@on_both_databases
def test_collection_and_its_members_show_theirs(store: Store, ann: Client) -> None:
    folder = a_collection(store, ann.ctx, "/f")
    ann.put("/dav/f/plain.txt")
    an_object(store, ann.ctx, "dynacase:MY_ARTICLE", "a.txt", {"title": "A", "dynacase:my_level": 3}, place=folder.id)
    objects.create(store, ann.ctx, folder.id, NewObject(NodeKind.DOCUMENT, None, {"title": "no file"}))
    patch(ann, "/dav/f/", setting(element(OWN + "title", "Folder")))

    shown = propfind(ann, "/dav/f/", OWN + "title", DYNACASE + "my_level", depth="1")

    assert {href: entry.named(200) for href, entry in shown.items()} == {
        "/dav/f/": {OWN + "title"},
        "/dav/f/a.txt": {OWN + "title", DYNACASE + "my_level"},
        "/dav/f/plain.txt": set(),
    }
    assert shown["/dav/f/"][OWN + "title"] == "Folder"


def test_listing_costs_one_statement_more_however_many_members(store: Store, ann: Client, statements: list[str]) -> None:
    folder = a_collection(store, ann.ctx, "/f")
    add_documents(store, ann.ctx, folder, (f"{number:03d}" for number in range(300)))
    for number in range(20):
        an_object(store, ann.ctx, None, f"o{number}", {"title": f"{number}"}, place=folder.id)
    ann("PROPFIND", "/dav/f/", PROPNAME, depth="0")

    def counted(*names: str) -> int:
        store.database.close()
        statements.clear()
        assert len(propfind(ann, "/dav/f/", *names, depth="1")) == 321
        return len(statements)

    assert counted("{urn:x}author", OWN + "title") == counted("{urn:x}author") + 1


def test_hidden_properties_are_neither_shown_nor_set(store: Store, ann: Client) -> None:
    an_object(store, ann.ctx, "dynacase:MY_ARTICLE", "a.txt", {"title": "A", "dynacase:my_secret": "s"})

    assert one(ann, "/dav/a.txt", DYNACASE + "my_secret").named(404) == {DYNACASE + "my_secret"}
    (named,) = entries(ann("PROPFIND", "/dav/a.txt", PROPNAME, depth="0")).values()
    assert DYNACASE + "my_secret" not in named.properties
    entry = patch(ann, "/dav/a.txt", setting(element(DYNACASE + "my_secret", "t")))
    assert entry.properties[DYNACASE + "my_secret"].error == "cannot-modify-protected-property"
    assert metadata_at(store, ann.ctx, "/a.txt")["dynacase:my_secret"] == "s"


def test_registration_of_lora_is_shown_nested_and_cannot_be_set(ann: Client) -> None:
    create(ann, "/lora/dokument/dokument", dokument(variant(del_())), f1=(b"kapitel", "kap.txt", "text/plain"))
    (folder,) = members(ann, "/dav/LoRA/")
    target = f"/dav/LoRA/{folder}kap.txt"

    shown = one(ann, target, LORA + "object").properties[LORA + "object"].element
    refused = patch(ann, target, setting(element(LORA + "object", "x"))).properties[LORA + "object"]

    assert shown.get("type") == "object"
    assert ("class", "dokument") in [(member.get("name"), member.text) for member in shown]
    assert (refused.status, refused.error) == (403, "cannot-modify-protected-property")


def test_title_set_on_the_drive_is_a_registration_of_lora(ann: Client) -> None:
    uuid = create(ann, "/lora/dokument/dokument", dokument(variant(del_())), f1=(b"kapitel", "kap.txt", "text/plain"))
    (folder,) = members(ann, "/dav/LoRA/")

    patch(ann, f"/dav/LoRA/{folder}kap.txt", setting(element(OWN + "title", "Drevet")))

    registered = newest(ann, "/lora/dokument/dokument", uuid)
    assert registered["livscykluskode"] == "Rettet"
    assert registered["attributter"]["dokumentegenskaber"][-1]["titel"] == "Drevet"


def test_facets_of_dialects_without_types_are_shown_and_cannot_be_set(store: Store, ann: Client) -> None:
    an_object(store, ann.ctx, None, "a.txt", {"okd:documentType": "letter", "gever:x": [1, 2.5]})
    okd, gever = "{urn:davgate:okd}documentType", "{urn:davgate:gever}x"

    entry = one(ann, "/dav/a.txt", okd, gever)

    assert entry[okd] == "letter"
    assert [child.text for child in entry.properties[gever].element] == ["1", "2.5"]
    assert patch(ann, "/dav/a.txt", setting(element(okd, "x"))).properties[okd].status == 403


@pytest.mark.usefixtures("mail")
@on_both_databases
def test_set_property_makes_a_version_of_the_same_content(store: Store, ann: Client) -> None:
    before = ann("GET", MAIL).etag

    entry = patch(
        ann,
        MAIL,
        setting(
            element(TO, "<T:v>x</T:v><T:v/>"),
            element(SIZE, " 12 "),
            element(READ, "true"),
            element(YUUVIS + "table", '<row><v name="iColumn3">true</v><v name="iColumn1">a</v></row><row/>'),
        ),
        removing(element(OWN + "title", "")),
    )

    assert entry.named(200) == {TO, SIZE, READ, YUUVIS + "table", OWN + "title"}
    assert metadata_at(store, ann.ctx, "/mail.eml") == {
        "yuuvis:appEmail:from": "ann@example.org",
        "yuuvis:appEmail:to": ["x", ""],
        "yuuvis:appEmail:size": 12,
        "yuuvis:appEmail:read": True,
        "yuuvis:table": [["a", None, True], [None, None, None]],
    }
    assert ann("GET", MAIL).etag == before
    versions = history(store, ann.ctx, "/mail.eml")
    assert [version.cause for version in versions] == [Cause.CREATED, Cause.METADATA]
    assert versions[0].metadata == EMAIL
    assert audited(store)[-1] == "metadata"


def test_common_properties_can_be_set_of_what_the_drive_made(store: Store, ann: Client) -> None:
    ann.put("/dav/a.txt")

    entry = patch(
        ann,
        "/dav/a.txt",
        setting(
            element(OWN + "title", " A "), element(OWN + "keywords", "<v>b</v><v>a</v>"), element(OWN + "description", "x\ny")
        ),
    )

    assert entry.named(200) == {OWN + "title", OWN + "keywords", OWN + "description"}
    assert metadata_at(store, ann.ctx, "/a.txt") == {"title": " A ", "keywords": ["b", "a"], "description": "x\ny"}


def test_dead_properties_alone_make_no_version(store: Store, ann: Client) -> None:
    ann.put("/dav/a.txt")

    ann("PROPPATCH", "/dav/a.txt", SET_AUTHOR)

    assert len(history(store, ann.ctx, "/a.txt")) == 1


def test_value_that_is_there_already_makes_no_version(store: Store, ann: Client, mail: Node) -> None:
    entry = patch(ann, MAIL, setting(element(FROM, "ann@example.org")), removing(element(OWN + "description", "")))

    assert entry.named(200) == {FROM, OWN + "description"}
    assert node_at(store, ann.ctx, "/mail.eml").version_no == mail.version_no


@pytest.mark.usefixtures("mail")
def test_last_of_several_instructions_counts(store: Store, ann: Client) -> None:
    patch(
        ann,
        MAIL,
        setting(element(SIZE, "no number")),
        setting(element(SIZE, "5")),
        setting(element(READ, "true")),
        removing(element(READ, "")),
    )

    said = metadata_at(store, ann.ctx, "/mail.eml")
    assert said["yuuvis:appEmail:size"] == 5
    assert "yuuvis:appEmail:read" not in said


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (SIZE, "many", "The property appEmail:size must be a whole number."),
        (SIZE, "9223372036854775808", "The property appEmail:size must be a whole number of 64 bits."),
        (SIZE, "", "The property appEmail:size must be a whole number."),
        (READ, "yes", "The property appEmail:read must be true or false."),
        (FROM, "", "The property appEmail:from must have a value."),
        (FROM, "<v>a</v>", "The property appEmail:from must be a text without elements in it."),
        (TO, "<w>a</w>", "The property appEmail:to must be made of elements v."),
        (TO, "a<v>b</v>", "The property appEmail:to must be made of elements v."),
        (YUUVIS + "table", "<row><v>a</v></row>", "must name in each v another column of iColumn1, iColumn2, iColumn3."),
        (YUUVIS + "table", "<v/>", "The property table must be made of elements row."),
        (f"{YUUVIS}appEmail_x003A_subject", "x" * 201, "The property appEmail:subject must have at most 200 characters."),
        (f"{YUUVIS}appEmail_x003A_received", "today", "The property appEmail:received must be a time such as"),
    ],
)
def test_unfit_value_is_a_conflict_that_fails_all(store: Store, ann: Client, name: str, content: str, why: str) -> None:
    body = updating(setting(element(name, content), element(OWN + "title", "New"), "<X:author>Ann</X:author>"))

    response = ann("PROPPATCH", MAIL, body)

    (entry,) = entries(response).values()
    assert entry.named(409) == {name}
    assert entry.named(424) == {OWN + "title", "{urn:x}author"}
    (description,) = response.xml.iter("{DAV:}responsedescription")
    assert why in (description.text or "")
    assert metadata_at(store, ann.ctx, "/mail.eml") == EMAIL
    assert one(ann, MAIL, "{urn:x}author").named(404) == {"{urn:x}author"}


@pytest.mark.usefixtures("mail")
def test_required_property_cannot_be_removed(store: Store, ann: Client) -> None:
    assert patch(ann, MAIL, removing(element(FROM, ""))).named(409) == {FROM}
    assert metadata_at(store, ann.ctx, "/mail.eml") == EMAIL


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize(
    "name", [YUUVIS + "amount", DYNACASE + "my_level", YUUVIS + "system_x003A_rmExpirationDate", "{urn:davgate:new}x"]
)
def test_property_that_the_type_has_not_is_protected(store: Store, ann: Client, name: str) -> None:
    entry = patch(ann, MAIL, setting(element(name, "1"), element(OWN + "title", "New")))

    assert (entry.properties[name].status, entry.properties[name].error) == (403, "cannot-modify-protected-property")
    assert entry.named(424) == {OWN + "title"}
    assert metadata_at(store, ann.ctx, "/mail.eml") == EMAIL


@pytest.mark.usefixtures("mail")
def test_live_property_fails_typed_ones_too(store: Store, ann: Client) -> None:
    entry = patch(ann, MAIL, setting("<D:getetag>x</D:getetag>", element(OWN + "title", "New")))

    assert (entry.named(403), entry.named(424)) == ({"getetag"}, {OWN + "title"})
    assert metadata_at(store, ann.ctx, "/mail.eml") == EMAIL


def test_choice_of_a_family_is_checked_and_its_file_is_not_for_clients(store: Store, ann: Client) -> None:
    an_object(store, ann.ctx, "dynacase:MY_ARTICLE", "a.txt", {"title": "A", "dynacase:my_annexes": ["0" * 32]})

    assert patch(ann, "/dav/a.txt", setting(element(DYNACASE + "my_color", "pink"))).named(409) == {DYNACASE + "my_color"}
    assert patch(ann, "/dav/a.txt", setting(element(DYNACASE + "my_color", "red"))).named(200) == {DYNACASE + "my_color"}
    assert patch(ann, "/dav/a.txt", setting(element(DYNACASE + "my_annexes", "x"))).named(403) == {DYNACASE + "my_annexes"}
    assert patch(ann, "/dav/a.txt", setting(element(OWN + "title", ""))).named(409) == {OWN + "title"}


def test_document_without_a_version_has_nothing_to_be_said_of_it_yet(store: Store, ann: Client) -> None:
    ann.put("/dav/a.txt", b"")

    assert patch(ann, "/dav/a.txt", setting(element(OWN + "title", "A"))).named(409) == {OWN + "title"}


@pytest.mark.usefixtures("mail")
def test_locked_document_is_set_by_its_holder_alone(store: Store, ann: Client, bob: Client) -> None:
    token = ann.lock(MAIL)
    body = updating(setting(element(OWN + "title", "New")))

    assert bob("PROPPATCH", MAIL, body).status == 423
    assert ann("PROPPATCH", MAIL, body, if_=f"(<{token}>)").status == 207
    assert metadata_at(store, ann.ctx, "/mail.eml")["title"] == "New"


@pytest.mark.usefixtures("mail")
def test_copy_keeps_them_and_move_too(ann: Client) -> None:
    ann("COPY", MAIL, destination="/dav/copy.eml")
    ann("MOVE", MAIL, destination="/dav/moved.eml")

    assert one(ann, "/dav/copy.eml", FROM)[FROM] == one(ann, "/dav/moved.eml", FROM)[FROM] == "ann@example.org"


@pytest.mark.usefixtures("mail")
def test_reports_show_them(ann: Client) -> None:
    sync = (
        '<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>1</D:sync-level>'
        f"<D:prop>{element(FROM, '')}</D:prop></D:sync-collection>"
    )
    report = ann("REPORT", "/dav/", sync, depth="0").xml
    assert [shown.text for shown in report.iter(FROM)] == ["ann@example.org"]

    expand = (
        '<D:expand-property xmlns:D="DAV:">'
        '<D:property name="appEmail_x003A_from" namespace="urn:davgate:yuuvis"/></D:expand-property>'
    )
    assert [shown.text for shown in ann("REPORT", MAIL, expand).xml.iter(FROM)] == ["ann@example.org"]


def test_properties_of_an_own_type_are_set(store: Store, serve: Callable[..., Any], ann: Client) -> None:
    own = {"yuuvis": {"x": {"properties": [{"name": "data", "kind": "structured"}, {"name": "cost", "kind": "decimal"}]}}}
    client = ann.through(serve(replace(store, types=read_types([("own.toml", own)]))))
    an_object(store, ann.ctx, "yuuvis:x", "a.txt", {})
    data = '<v name="a" type="list"><v>1 &amp; 2</v><v type="number">1</v></v><v name="b" type="null"/>'

    entry = patch(
        client,
        "/dav/a.txt",
        setting(f'<T:data xmlns:T="urn:davgate:yuuvis" type="object">{data}</T:data>', element(YUUVIS + "cost", "1.50")),
    )

    assert entry.named(200) == {YUUVIS + "data", YUUVIS + "cost"}
    assert metadata_at(store, ann.ctx, "/a.txt") == {"yuuvis:data": {"a": ["1 & 2", 1], "b": None}, "yuuvis:cost": 1.5}
    shown = one(client, "/dav/a.txt", YUUVIS + "data").properties[YUUVIS + "data"].element
    assert shown.get("type") == "object"
    assert [(child.get("name"), child.get("type"), [inner.text for inner in child]) for child in shown] == [
        ("a", "list", ["1 & 2", "1"]),
        ("b", "null", []),
    ]


def test_name_is_escaped_as_sql_xml_has_it() -> None:
    assert to_name("yuuvis:appEmail:to") == ("urn:davgate:yuuvis", "appEmail_x003A_to")
    assert to_name("lora:a.primær") == ("urn:davgate:lora", "a.primær")
    assert to_name("yuuvis:_x003A_") == ("urn:davgate:yuuvis", "_x005F_x003A_")
    assert to_name("yuuvis:1 \U0001f600") == ("urn:davgate:yuuvis", "_x0031__x0020__x0001F600_")
    assert to_name("title") == ("urn:davgate", "title")


@given(st.text(min_size=1, max_size=30))
def test_any_id_has_a_name_that_leads_back_to_it(local: str) -> None:
    name = to_name(f"yuuvis:{local}")

    assert is_typed(name)
    assert from_name(name) == f"yuuvis:{local}"
    if "\x00" not in local:
        etree.QName(*name)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(DATA, max_size=4) | st.dictionaries(TEXT, DATA, max_size=4))
def test_nested_data_is_read_back_as_it_was_written(value: object) -> None:
    of = Property(id="yuuvis:a", name="a", kind=Kind.STRUCTURED)

    text = typed_values.element("N:a", ' xmlns:N="urn:davgate:yuuvis"', of, value)

    assert typed_values.parsed(of, text) == value


KINDS = {
    Kind.TEXT: TEXT,
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.DECIMAL: st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1),
    Kind.BOOLEAN: st.booleans(),
}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_values_are_read_back_as_they_were_written(kind: Kind, data: st.DataObject) -> None:
    single = Property(id="x:a", name="a", kind=kind)
    many = replace(single, is_multiple=True)
    table = Property(id="x:t", name="t", kind=Kind.TABLE, columns=(single, replace(single, name="b")))
    for of, values in (
        (single, KINDS[kind]),
        (many, st.lists(KINDS[kind], min_size=1, max_size=3)),
        (table, st.lists(st.lists(st.none() | KINDS[kind], min_size=2, max_size=2), max_size=3)),
    ):
        value = data.draw(values)
        text = typed_values.element("N:a", ' xmlns:N="urn:x"', of, value)
        assert typed_values.parsed(of, text) == value


# In the folders of the past


@pytest.fixture
def past(ann: Client, store: Store) -> str:
    """A document in a folder, both with metadata that have changed since; the instant before that, as the name of a folder."""
    folder = a_collection(store, ann.ctx, "/f")
    patch(ann, "/dav/f/", setting(element(OWN + "title", "old folder")))
    an_object(store, ann.ctx, "yuuvis:appEmail:email", "mail.eml", EMAIL, place=folder.id)
    ann.clock.advance(timedelta(minutes=10))
    before = f"/dav/.at/{to_datetime(ann.clock.now()):%Y-%m-%dT%H:%M:%SZ}"
    ann.clock.advance(timedelta(minutes=10))
    patch(ann, "/dav/f/", setting(element(OWN + "title", "new folder")))
    patch(ann, "/dav/f/mail.eml", setting(element(OWN + "title", "new")), removing(element(READ, "")))
    return before


def shown_below(client: Client, target: str, *names: str) -> dict[str, list[str | None]]:
    """Return what a folder and its members have of some properties, by the last parts of their addresses."""
    found = propfind(client, target, *names, depth="1")
    return {
        unquote(href.rstrip("/").rpartition("/")[2]): [entry[name] if name in entry.named(200) else None for name in names]
        for href, entry in found.items()
    }


@pytest.mark.usefixtures("past")
@on_both_databases
def test_versions_show_what_they_say(ann: Client) -> None:
    assert shown_below(ann, "/dav/f/.versions/mail.eml/", OWN + "title", READ) == {
        "mail.eml": [None, None],
        "0001 2026-11-20 12.00 ann.eml": ["Offer & <more>", "false"],
        "0002 2026-11-20 12.20 ann.eml": ["new", None],
    }
    first = one(ann, "/dav/f/.versions/mail.eml/1", FROM, TO, READ, OWN + "description")
    assert (first[FROM], first[READ], first.named(404)) == ("ann@example.org", "false", {OWN + "description"})


@on_both_databases
def test_tree_of_then_shows_what_was_said_then(ann: Client, past: str) -> None:
    ann.put("/dav/f/later.txt")

    assert shown_below(ann, f"{past}/f/", OWN + "title", READ) == {
        "f": ["old folder", None],
        "mail.eml": ["Offer & <more>", "false"],
    }
    assert shown_below(ann, f"{past}/", OWN + "title")["f"] == ["old folder"]
    assert one(ann, f"{past}/f/mail.eml", FROM)[FROM] == "ann@example.org"


@on_both_databases
@pytest.mark.usefixtures("past")
def test_trash_shows_what_was_said_at_last(ann: Client, store: Store) -> None:
    ann("DELETE", "/dav/f/mail.eml")
    ann.clock.advance(timedelta(minutes=10))
    an_object(store, ann.ctx, "yuuvis:appEmail:email", "mail.eml", EMAIL, place=node_at(store, ann.ctx, "/f").id)
    ann("DELETE", "/dav/f")

    told = shown_below(ann, "/dav/.trash/", OWN + "title", SIZE)
    assert [said for name, said in told.items() if name.startswith("mail")] == [["new", "11"]]
    ((folder, said),) = [(name, said) for name, said in told.items() if name.startswith("f ")]
    assert said == ["new folder", None]
    assert shown_below(ann, f"/dav/.trash/{quote(folder)}/", OWN + "title") == {
        folder: ["new folder"],
        "mail.eml": ["Offer & <more>"],
    }


@pytest.mark.parametrize("where", ["/dav/f/.versions/mail.eml/1", "{past}/f/mail.eml"])
def test_past_names_them_with_propname_and_leaves_them_out_of_allprop(ann: Client, past: str, where: str) -> None:
    target = where.format(past=past)

    (named,) = entries(ann("PROPFIND", target, PROPNAME, depth="0")).values()
    assert {OWN + "title", FROM, TO, SIZE, READ, YUUVIS + "table"} <= named.named(200)

    (every,) = propfind(ann, target).values()
    assert not [name for name in every.properties if name.startswith(YUUVIS) or name == OWN + "title"]


def test_past_keeps_them_as_they_were(ann: Client, past: str) -> None:
    for target in ("/dav/f/.versions/mail.eml/1", f"{past}/f/mail.eml"):
        assert ann("PROPPATCH", target, updating(setting(element(OWN + "title", "other")))).status == 403


@pytest.mark.usefixtures("past")
def test_reports_on_versions_show_them(ann: Client) -> None:
    body = f'<D:version-tree xmlns:D="DAV:"><D:prop>{element(OWN + "title", "")}</D:prop></D:version-tree>'

    found = entries(ann("REPORT", "/dav/f/mail.eml", body))

    assert [entry[OWN + "title"] for entry in found.values()] == ["Offer & <more>", "new"]


@pytest.mark.parametrize("place", ["/dav/.at/2026-11-20T12:10Z/f/", "/dav/f/.versions/mail.eml/", "/dav/.trash/", "{trashed}"])
def test_listing_of_the_past_costs_at_most_two_statements_more(
    store: Store, ann: Client, past: str, statements: list[str], place: str
) -> None:
    folder = a_collection(store, ann.ctx, "/deleted")
    for number in range(20):
        an_object(store, ann.ctx, None, f"o{number}", {"title": f"{number}"}, place=folder.id)
        an_object(store, ann.ctx, None, f"p{number}", {"title": f"{number}"})
        ann("DELETE", f"/dav/p{number}")
        patch(ann, "/dav/f/mail.eml", setting(element(OWN + "title", f"{number}")))
    ann("DELETE", "/dav/deleted")
    target = place.format(trashed=f"/dav/.trash/{folder.id}/")

    def counted(*names: str) -> int:
        store.database.close()
        statements.clear()
        propfind(ann, target, *names, depth="1")
        return len(statements)

    # Outside of a snapshot a session begins with one that asks for the state of the store.
    assert counted("{urn:x}author", OWN + "title") <= counted("{urn:x}author") + 2


@on_both_databases
def test_large_folder_of_then_shows_them_while_it_is_sent(store: Store, ann: Client) -> None:
    folder = a_collection(store, ann.ctx, "/f")
    add_documents(store, ann.ctx, folder, (f"{number:04d}" for number in range(4100)))
    for name in ("0", "2999a", "z"):
        an_object(store, ann.ctx, None, name, {"title": name}, place=folder.id)
    ann.clock.advance(timedelta(minutes=1))

    told = shown_below(ann, "/dav/.at/2026-11-20T12:01Z/f/", OWN + "title")

    assert len(told) == 4104
    assert {name: said for name, said in told.items() if said != [None]} == {name: [name] for name in ("0", "2999a", "z")}
