"""What the drive says of rights (RFC 3744, 5; RFC 5397): it is what the decision in core says, row by row, in few statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from lxml import etree

from davgate.app import Application
from davgate.config import DriveConfig
from davgate.core.principals import app_passwords, granting, groups
from davgate.core.principals import shown as principals_shown
from davgate.core.principals.app_passwords import NewAppPassword
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.dav.live_properties import LIVE_PROPERTIES
from davgate.model.rights import (
    CONTRIBUTOR,
    DROP_BOX,
    EDITOR,
    EVERYTHING,
    MANAGER,
    NO_RIGHTS,
    OWN_RIGHTS,
    READER,
    Right,
    names_of,
)
from tests.builders import SettableClock, a_collection, a_user, path
from tests.canary import guard
from tests.protocol.client import Client, basic
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import DAV, Entry, entries, error_of, members, message_of, propfind
from tests.protocol.stored import add_documents
from tests.protocol.transcripts import address

G: Final = "{urn:davgate}"
PRIVILEGES: Final = "current-user-privilege-set"
OWN_NAMES: Final = {"lock", "check-out", "manage", "own"}
OF_RIGHTS: Final = [
    "owner",
    "group",
    "supported-privilege-set",
    PRIVILEGES,
    "acl",
    "acl-restrictions",
    "inherited-acl-set",
    "principal-collection-set",
    "current-user-principal",
]


def privileges(entry: Entry) -> set[str]:
    """Return the privileges in an entry; those of davgate's own by their local name as well."""
    found = entry.properties[PRIVILEGES]
    assert found.status == 200
    return {_privilege(element) for element in found.element}


def _privilege(element: etree._Element) -> str:
    assert element.tag == f"{DAV}privilege"
    (name,) = element
    assert (name.tag.removeprefix(G) in OWN_NAMES) == name.tag.startswith(G)
    return str(name.tag).removeprefix(DAV).removeprefix(G)


def expected(rights: Right) -> set[str]:
    """Return the privileges that say these rights, aggregates included (RFC 3744, 5.4); one's own are among all documents."""
    if OWN_RIGHTS in rights:
        rights |= Right.OWN
    names = {*names_of(rights), "read-current-user-privilege-set"}
    if {"write-content", "write-properties", "bind", "unbind"} <= names:
        names.add("write")
    return names | ({"all"} if rights == EVERYTHING else set())


def is_lockable(entry: Entry) -> bool:
    """Tell whether supportedlock offers locks."""
    found = entry.properties["supportedlock"]
    assert found.status == 200
    assert len(found.element) in (0, 2)
    return len(found.element) == 2


def hrefs(entry: Entry, name: str) -> list[str]:
    """Return the addresses in a property."""
    found = entry.properties[name]
    assert found.status == 200
    return [element.text or "" for element in found.element.iter(f"{DAV}href")]


def one(client: Client, target: str, *names: str, **headers: str) -> Entry:
    """Ask for properties of one resource."""
    (entry,) = propfind(client, target, *names, **headers).values()
    return entry


def acl_of(entry: Entry) -> list[tuple[str, set[str], str | None]]:
    """Return who has which privileges by each ace, and from where it is inherited."""
    found = entry.properties["acl"]
    assert found.status == 200
    aces = []
    for ace in found.element:
        who, grant, *rest = ace
        assert (who.tag, grant.tag) == (f"{DAV}principal", f"{DAV}grant")
        (kind,) = who
        name = kind.text if kind.tag == f"{DAV}href" else str(kind.tag).removeprefix(DAV)
        assert [element.tag for element in rest] in ([], [f"{DAV}inherited"])
        aces.append((name or "", {_privilege(element) for element in grant}, rest[0][0].text if rest else None))
    return aces


def grant(store: Store, where: str, who: str, rights: Right) -> None:
    granting.grant(store, SYSTEM_CONTEXT, path(where), who, rights)


@pytest.fixture
def shut(store: Store, root_admin: Client) -> Store:
    """A store of an administrator's with ``/f/a``, ``/f/sub/b`` and nobody else's rights."""
    root_admin.mkcol("/dav/f")
    root_admin.mkcol("/dav/f/sub")
    root_admin.put("/dav/f/a")
    root_admin.put("/dav/f/sub/b")
    grant(store, "/", "signed-in", NO_RIGHTS)
    return store


# What one may do


@on_both_databases
@pytest.mark.parametrize("role", [READER, EDITOR, CONTRIBUTOR, MANAGER], ids=["reader", "editor", "contributor", "manager"])
def test_privileges_are_those_of_the_role_on_a_folder_and_all_below_it(shut: Store, ann: Client, role: Right) -> None:
    grant(shut, "/f", "ann", role)

    found = propfind(ann, "/dav/f", PRIVILEGES, "supportedlock", depth="1")

    assert set(found) == {"/dav/f/", "/dav/f/a", "/dav/f/sub/"}
    assert all(privileges(entry) == expected(role) for entry in found.values())
    assert all(is_lockable(entry) == (Right.LOCK in role) for entry in found.values())
    assert privileges(one(ann, "/dav/f/sub/b", PRIVILEGES)) == expected(role)


def test_administrator_may_do_everything_everywhere(shut: Store, root_admin: Client) -> None:
    granting.close(shut, SYSTEM_CONTEXT, path("/f/sub"))

    found = propfind(root_admin, "/dav/f", PRIVILEGES, "supportedlock", depth="1")

    assert all(privileges(entry) == expected(EVERYTHING) and is_lockable(entry) for entry in found.values())


@on_both_databases
@pytest.mark.parametrize("role", [CONTRIBUTOR, DROP_BOX], ids=["contributor", "drop-box"])
def test_what_one_brought_oneself_one_may_edit_and_lock(shut: Store, ann: Client, role: Right) -> None:
    grant(shut, "/f", "ann", role)
    ann.put("/dav/f/mine")

    found = propfind(ann, "/dav/f", PRIVILEGES, "supportedlock", depth="1")

    assert {"write-content", "write-properties", "unbind", "lock"} <= privileges(found["/dav/f/mine"])
    assert is_lockable(found["/dav/f/mine"])
    assert privileges(found["/dav/f/"]) == expected(role)
    assert not is_lockable(found["/dav/f/"])
    assert ("/dav/f/a" in found) == (role is CONTRIBUTOR)
    assert ann("LOCK", "/dav/f/", '<D:lockinfo xmlns:D="DAV:"/>').status in (400, 403, 404)


def test_folder_on_the_way_to_what_one_was_given_grants_nothing_itself(shut: Store, ann: Client) -> None:
    grant(shut, "/f/sub", "ann", EDITOR)

    found = propfind(ann, "/dav/f", PRIVILEGES, "supportedlock", depth="1")

    assert privileges(found["/dav/f/"]) == expected(NO_RIGHTS)
    assert privileges(found["/dav/f/sub/"]) == expected(EDITOR)
    assert [href for href, entry in found.items() if is_lockable(entry)] == ["/dav/f/sub/"]


@pytest.fixture
def restricted(app: Application, clock: SettableClock, store: Store) -> Callable[..., Client]:
    """Make clients that sign in with an app password of ann's."""

    def client(**restrictions: object) -> Client:
        new = NewAppPassword("program", **restrictions)  # type: ignore[arg-type]
        secret = guard(app_passwords.make(store, SYSTEM_CONTEXT, "ann", new).secret)

        class Restricted(Client):
            def __call__(self, method: str, target: str, body: bytes | str = b"", **headers: str):  # type: ignore[no-untyped-def]
                return super().__call__(method, target, body, authorization=basic("ann", secret), **headers)

        return Restricted(app, clock, None)

    return client


def test_restricted_password_shows_what_it_leaves_of_the_rights(
    shut: Store, ann: Client, restricted: Callable[..., Client]
) -> None:
    grant(shut, "/f", "ann", MANAGER)
    reading = restricted(rights=READER | Right.LOCK)

    found = propfind(reading, "/dav/f", PRIVILEGES, "supportedlock", "current-user-principal", depth="1")

    assert all(privileges(entry) == expected(READER | Right.LOCK) for entry in found.values())
    assert all(is_lockable(entry) for entry in found.values())
    assert hrefs(found["/dav/f/a"], "current-user-principal") == ["/principals/ann"]


def test_password_for_one_tree_shows_rights_there_alone(shut: Store, ann: Client, restricted: Callable[..., Client]) -> None:
    grant(shut, "/f", "ann", EDITOR)
    inside = restricted(tree=path("/f/sub"))

    found = propfind(inside, "/dav/f", PRIVILEGES, "supportedlock", depth="1")

    assert {href: privileges(entry) for href, entry in found.items()} == {
        "/dav/f/": expected(NO_RIGHTS),
        "/dav/f/sub/": expected(EDITOR),
    }
    assert not is_lockable(found["/dav/f/"])
    assert is_lockable(found["/dav/f/sub/"])


@pytest.fixture
def mixed(shut: Store, ann: Client, bob: Client, root_admin: Client) -> Store:
    """A folder with members of every sort: others' and one's own, closed or not, with grants of their own or without."""
    grant(shut, "/f", "signed-in", READER)
    for who, mine in ((ann, "ann"), (bob, "bob"), (root_admin, "root")):
        grant(shut, "/f", mine, DROP_BOX if who is ann else CONTRIBUTOR | EDITOR)
        for sort in ("plain", "closed", "granted", "both", "shared"):
            who.put(f"/dav/f/{mine}-{sort}")
    for mine in ("ann", "bob", "root"):
        grant(shut, f"/f/{mine}-granted", "ann", EDITOR)
        grant(shut, f"/f/{mine}-shared", "signed-in", READER | Right.LOCK)
        grant(shut, f"/f/{mine}-both", "ann", READER | Right.LOCK)
        grant(shut, f"/f/{mine}-both", "bob", MANAGER)
        for sort in ("closed", "both"):
            granting.close(shut, SYSTEM_CONTEXT, path(f"/f/{mine}-{sort}"))
    return shut


@on_both_databases
@pytest.mark.parametrize("who", ["ann", "bob", "carl", "root"])
def test_listing_says_of_each_member_what_decides_a_request_for_it(
    mixed: Store, app: Application, clock: SettableClock, ann: Client, bob: Client, root_admin: Client, who: str
) -> None:
    client = {"ann": ann, "bob": bob, "root": root_admin}.get(who) or Client(app, clock, a_user(mixed, who))

    found = propfind(client, "/dav/f", PRIVILEGES, "supportedlock", depth="1")

    assert len(found) > 8
    for href, entry in found.items():
        rights = granting.explain(mixed, SYSTEM_CONTEXT, path(href.removeprefix("/dav")), who).rights
        alone = one(client, href, PRIVILEGES, "supportedlock")
        assert privileges(entry) == privileges(alone) == expected(rights), href
        assert is_lockable(entry) == is_lockable(alone) == (Right.LOCK in rights), href


@on_both_databases
def test_supported_lock_is_the_same_whether_or_not_privileges_are_asked_for(mixed: Store, ann: Client, bob: Client) -> None:
    for client, kinds in ((ann, {True, False}), (bob, {True})):
        alone = propfind(client, "/dav/f", "supportedlock", depth="1")
        beside = propfind(client, "/dav/f", "supportedlock", PRIVILEGES, depth="1")
        assert {href: is_lockable(entry) for href, entry in alone.items()} == {
            href: is_lockable(entry) for href, entry in beside.items()
        }
        assert {is_lockable(entry) for entry in alone.values()} == kinds


@on_both_databases
def test_member_where_rights_of_the_folder_end_has_its_own_alone(shut: Store, ann: Client) -> None:
    grant(shut, "/f", "ann", EDITOR)
    grant(shut, "/f/a", "ann", READER)
    granting.close(shut, SYSTEM_CONTEXT, path("/f/a"))

    for names in (("supportedlock",), ("supportedlock", PRIVILEGES)):
        found = propfind(ann, "/dav/f", *names, depth="1")
        assert [href for href, entry in found.items() if not is_lockable(entry)] == ["/dav/f/a"]
    assert privileges(found["/dav/f/a"]) == expected(READER)


@on_both_databases
def test_grants_on_a_member_to_oneself_and_to_ones_groups_add_up(shut: Store, ann: Client) -> None:
    grant(shut, "/f", "ann", READER)
    grant(shut, "/f/a", "ann", Right.LOCK)
    grant(shut, "/f/a", "signed-in", Right.WRITE_CONTENT)

    found = propfind(ann, "/dav/f", PRIVILEGES, depth="1")

    assert privileges(found["/dav/f/a"]) == expected(READER | Right.LOCK | Right.WRITE_CONTENT)


@on_both_databases
def test_listing_too_long_for_one_piece_says_the_same_of_members_at_its_end(
    shut: Store, ann: Client, bob: Client, root_admin: Client
) -> None:
    grant(shut, "/f", "signed-in", CONTRIBUTOR)
    long = a_collection(shut, root_admin.ctx, "/f/long")
    add_documents(shut, root_admin.ctx, long, (f"{number:04d}" for number in range(2500)))
    add_documents(shut, bob.ctx, long, ["z"])
    grant(shut, "/f/long/2499", "ann", EDITOR)

    found = propfind(ann, "/dav/f/long", PRIVILEGES, "supportedlock", "owner", depth="1")

    assert len(found) == 2502
    assert [href for href, entry in found.items() if is_lockable(entry)] == ["/dav/f/long/2499"]
    assert privileges(found["/dav/f/long/2499"]) == expected(CONTRIBUTOR | EDITOR)
    assert privileges(found["/dav/f/long/2498"]) == expected(CONTRIBUTOR)
    assert [hrefs(found[f"/dav/f/long/{name}"], "owner") for name in ("2499", "z")] == [["/principals/root"], ["/principals/bob"]]


def test_right_that_ended_is_not_shown_from_then_on(shut: Store, ann: Client) -> None:
    grant(shut, "/f", "ann", READER)
    grant(shut, "/f/a", "ann", EDITOR)
    assert is_lockable(propfind(ann, "/dav/f", "supportedlock", depth="1")["/dav/f/a"])

    grant(shut, "/f/a", "ann", NO_RIGHTS)

    assert not is_lockable(propfind(ann, "/dav/f", "supportedlock", depth="1")["/dav/f/a"])


# Who was granted what


@on_both_databases
def test_acl_has_grants_of_the_resource_and_those_from_above(shut: Store, ann: Client, bob: Client) -> None:
    grant(shut, "/", "signed-in", READER)
    grant(shut, "/f", "ann", MANAGER)
    grant(shut, "/f", "bob", EDITOR)
    grant(shut, "/f/a", "bob", Right.READ | Right.UNLOCK)

    found = propfind(ann, "/dav/f", "acl", depth="1")

    above = ("authenticated", {"read"}, "/dav/")
    of_ann, of_bob = ("/principals/ann", {"all"}), ("/principals/bob", {"read", "write", "lock", "check-out", "own"})
    assert acl_of(found["/dav/f/"]) == [(*of_ann, None), (*of_bob, None), above]
    inherited = [(*of_ann, "/dav/f/"), (*of_bob, "/dav/f/"), above]
    assert acl_of(found["/dav/f/sub/"]) == inherited
    assert acl_of(found["/dav/f/a"]) == [("/principals/bob", {"read", "unlock"}, None), *inherited]
    assert acl_of(one(ann, "/dav/f/a", "acl")) == acl_of(found["/dav/f/a"])
    assert acl_of(one(ann, "/dav/f/sub/b", "acl")) == inherited


@on_both_databases
def test_acl_of_a_closed_place_has_nothing_from_above_but_who_manages(shut: Store, ann: Client, bob: Client) -> None:
    grant(shut, "/f", "ann", MANAGER)
    grant(shut, "/f", "signed-in", EDITOR)
    grant(shut, "/f/sub", "bob", READER)
    granting.close(shut, SYSTEM_CONTEXT, path("/f/sub"))

    in_listing = propfind(ann, "/dav/f", "acl", depth="1")["/dav/f/sub/"]
    below = propfind(ann, "/dav/f/sub", "acl", depth="1")

    manages, reads = ("/principals/ann", {"all"}, "/dav/f/"), ("/principals/bob", {"read"})
    assert acl_of(in_listing) == acl_of(below["/dav/f/sub/"]) == [(*reads, None), manages]
    assert acl_of(below["/dav/f/sub/b"]) == [(*reads, "/dav/f/sub/"), manages]


def test_acl_is_there_only_for_who_may_read_it(shut: Store, ann: Client) -> None:
    grant(shut, "/f", "ann", EDITOR)
    grant(shut, "/f/a", "ann", Right.READ_ACL)

    found = propfind(ann, "/dav/f", "acl", depth="1")
    names = entries(ann("PROPFIND", "/dav/f", '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>', depth="1"))

    assert [href for href, entry in found.items() if entry.named(200)] == ["/dav/f/a"]
    assert [href for href, entry in names.items() if "acl" in entry.properties] == ["/dav/f/a"]


# The other properties


def test_owner_is_who_made_it(shut: Store, ann: Client, root_admin: Client) -> None:
    grant(shut, "/", "signed-in", EDITOR)
    ann.put("/dav/f/mine")
    root_admin.put("/dav/f/mine", b"theirs")

    found = propfind(ann, "/dav/f", "owner", "group", depth="1")

    assert hrefs(found["/dav/f/mine"], "owner") == ["/principals/ann"]
    assert hrefs(found["/dav/f/a"], "owner") == ["/principals/root"]
    assert all(entry.named(404) == {"group"} for entry in found.values())
    assert hrefs(one(ann, "/dav/", "owner"), "owner") == ["/principals/system"]


def test_supported_privileges_are_a_tree_of_all_that_can_be_had(ann: Client, root_admin: Client) -> None:
    (top,) = one(ann, "/dav/", "supported-privilege-set").properties["supported-privilege-set"].element

    def walk(element: etree._Element, above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
        privilege, *rest = element
        name = _privilege(privilege)
        is_abstract = rest[0].tag == f"{DAV}abstract"
        description, *inside = rest[is_abstract:]
        assert description.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
        assert description.text
        yield name, above, is_abstract
        for one in inside:
            yield from walk(one, (*above, name))

    found = list(walk(top, ()))
    assert len({name for name, _, _ in found}) == len(found)
    assert {name for name, _, _ in found} == privileges(one(root_admin, "/dav/", PRIVILEGES))
    assert [name for name, above, _ in found if above == ("all", "write")] == [
        "write-content",
        "write-properties",
        "bind",
        "unbind",
    ]
    assert [name for name, _, is_abstract in found if is_abstract] == ["read-current-user-privilege-set"]


def test_grants_deny_nothing_and_add_up(ann: Client) -> None:
    entry = one(ann, "/dav/", "acl-restrictions", "inherited-acl-set")

    restrictions = entry.properties["acl-restrictions"].element
    assert [element.tag.removeprefix(DAV) for element in restrictions] == ["grant-only", "no-invert"]
    assert hrefs(entry, "inherited-acl-set") == []


def test_allprop_shows_none_of_them(ann: Client) -> None:
    (entry,) = propfind(ann, "/dav/").values()

    assert not entry.properties.keys() & set(OF_RIGHTS)


@pytest.mark.parametrize("name", OF_RIGHTS)
def test_none_of_them_can_be_set(root_admin: Client, name: str) -> None:
    assert ("DAV:", name) in LIVE_PROPERTIES
    body = f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:{name}/></D:prop></D:set></D:propertyupdate>'

    (entry,) = entries(root_admin("PROPPATCH", "/dav/", body)).values()

    found = entry.properties[name]
    assert (found.status, found.error) == (403, "cannot-modify-protected-property")


# The past


@on_both_databases
def test_places_of_the_past_can_be_read_and_not_locked_and_have_their_makers(ann: Client, bob: Client) -> None:
    ann.mkcol("/dav/f")
    ann.put("/dav/f/a")
    bob.put("/dav/f/a", b"two")

    for target in ("/dav/f/.versions/", "/dav/f/.versions/a/", "/dav/f/.versions/a/1", "/dav/.at/2026-11-20T12:00/f/"):
        found = propfind(bob, target, PRIVILEGES, "owner", "acl", "supportedlock", "current-user-principal", depth="1")
        assert found
        for entry in found.values():
            assert privileges(entry) == {"read", "read-current-user-privilege-set"}
            assert hrefs(entry, "owner") == ["/principals/ann"]
            assert hrefs(entry, "current-user-principal") == ["/principals/bob"]
            assert not is_lockable(entry)
            assert entry.named(404) == {"acl"}


def test_versions_folder_in_a_listing_can_be_read_alone(ann: Client, serve: Callable[..., Application], store: Store) -> None:
    through = ann.through(serve(store, drive=DriveConfig(list_versions_folder=True)))
    through.put("/dav/a")

    found = propfind(through, "/dav/", PRIVILEGES, "supportedlock", "owner", depth="1")

    assert privileges(found["/dav/.versions/"]) == {"read", "read-current-user-privilege-set"}
    assert [href for href, entry in found.items() if not is_lockable(entry)] == ["/dav/.versions/"]


@on_both_databases
def test_what_was_deleted_can_be_taken_out_of_the_trash_by_who_may(
    store: Store, ann: Client, bob: Client, root_admin: Client
) -> None:
    root_admin.mkcol("/dav/f")
    root_admin.put("/dav/f/a")
    root_admin("DELETE", "/dav/f")
    grant(store, "/", "signed-in", READER)
    grant(store, "/", "bob", EDITOR)

    (name,) = members(ann, "/dav/.trash/")
    entry = address(f"/.trash/{name}")

    for client, may in ((ann, {"read"}), (bob, {"read", "unbind"})):
        folder, listed = propfind(client, "/dav/.trash/", PRIVILEGES, "owner", depth="1").values()
        top, inside = propfind(client, entry, PRIVILEGES, "owner", "supportedlock", depth="1").values()
        assert privileges(listed) == privileges(top) == {*may, "read-current-user-privilege-set"}
        assert privileges(folder) == privileges(inside) == {"read", "read-current-user-privilege-set"}
        assert hrefs(listed, "owner") == hrefs(top, "owner") == hrefs(inside, "owner") == ["/principals/root"]
        assert not is_lockable(top)


@on_both_databases
def test_rescue_copy_can_be_taken_away_by_its_author(ann: Client, bob: Client) -> None:
    ann.put("/dav/plan.odt", b"one")
    token = ann.lock("/dav/plan.odt", timeout="Second-600")
    ann.clock.advance(timedelta(minutes=11))
    bob.put("/dav/plan.odt", b"theirs")
    assert ann("PUT", "/dav/plan.odt", b"late", if_=f"(<{token}>)").status == 412

    folder, listed = propfind(ann, "/dav/.rescue/", PRIVILEGES, "owner", depth="1").values()

    assert privileges(folder) == {"read", "read-current-user-privilege-set"}
    assert privileges(listed) == {"read", "unbind", "read-current-user-privilege-set"}
    assert privileges(one(ann, listed.href, PRIVILEGES)) == privileges(listed)
    assert hrefs(listed, "owner") == ["/principals/ann"]


# Reports


@on_both_databases
def test_sync_report_says_of_each_member_what_the_listing_says(mixed: Store, ann: Client, bob: Client) -> None:
    asked = f"<D:prop><D:{PRIVILEGES}/><D:supportedlock/><D:owner/></D:prop>"
    body = f'<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>1</D:sync-level>{asked}</D:sync-collection>'

    reported = bob("REPORT", "/dav/f/", body)

    listed = propfind(bob, "/dav/f", PRIVILEGES, "supportedlock", "owner", depth="1")
    del listed["/dav/f/"]
    answers = {element[0].text: element for element in reported.xml if element.tag == f"{DAV}response"}
    assert set(answers) == set(listed)
    for href, answer in answers.items():
        found = {_privilege(one) for one in answer.find(f".//{DAV}{PRIVILEGES}")}
        assert found == privileges(listed[href]), href
        assert bool(len(answer.find(f".//{DAV}supportedlock"))) == is_lockable(listed[href])
        assert answer.find(f".//{DAV}owner")[0].text == hrefs(listed[href], "owner")[0]


def test_expanded_properties_know_rights_of_what_they_lead_to(ann: Client) -> None:
    ann.put("/dav/a")
    inner = "".join(f'<D:property name="{name}"/>' for name in (PRIVILEGES, "owner", "supportedlock"))
    outer = f'<D:property name="owner"/><D:property name="{PRIVILEGES}"/><D:property name="checked-in">{inner}</D:property>'

    answer = ann("REPORT", "/dav/a", f'<D:expand-property xmlns:D="DAV:">{outer}</D:expand-property>')

    of_document, of_version = answer.xml.iter(f"{DAV}{PRIVILEGES}")
    assert {_privilege(one) for one in of_document} == expected(EDITOR)
    assert {_privilege(one) for one in of_version} == {"read", "read-current-user-privilege-set"}
    assert [owner[0].text for owner in answer.xml.iter(f"{DAV}owner")] == ["/principals/ann"] * 2


# What it costs

EXPLORER: Final = {"user_agent": "Microsoft-WebDAV-MiniRedir/10.0.19045"}
DAVFS2: Final = ("resourcetype", "getetag", "getcontentlength", "getlastmodified", "{http://apache.org/dav/props/}executable")
LIBREOFFICE: Final = ("displayname", "resourcetype", "getcontentlength", "getlastmodified", "supportedlock", "lockdiscovery")


@pytest.fixture
def count(store: Store, statements: list[str]) -> Callable[..., int]:
    """Return how many statements a listing takes on a connection that remembers nothing."""

    def counted(client: Client, target: str, *names: str, **headers: str) -> int:
        propfind(client, target, *names, depth="1")
        store.database.close()
        statements.clear()
        propfind(client, target, *names, depth="1", **headers)
        return len(statements)

    return counted


@pytest.fixture
def folders(store: Store, ann: Client, root_admin: Client) -> Store:
    """Folders of 3 and of 300 documents, which everybody may edit."""
    for number in (3, 300):
        add_documents(store, root_admin.ctx, a_collection(store, ann.ctx, f"/{number}"), map(str, range(number)))
    return store


def test_what_clients_usually_ask_costs_an_editor_nothing_more(
    folders: Store, ann: Client, root_admin: Client, count: Callable[..., int]
) -> None:
    for client in (ann, root_admin):
        for target in ("/dav/3", "/dav/300"):
            assert count(client, target) == 4
            assert count(client, target, **EXPLORER) == 2
            assert count(client, target, *DAVFS2) == 3
            assert count(client, target, *LIBREOFFICE) == 3


@pytest.mark.parametrize("names", [("supportedlock",), (PRIVILEGES,), ("supportedlock", PRIVILEGES)], ids=str)
def test_rights_on_members_take_one_more_however_many(
    folders: Store, ann: Client, count: Callable[..., int], names: tuple[str, ...]
) -> None:
    grant(folders, "/", "signed-in", READER)
    grant(folders, "/300", "ann", DROP_BOX)

    assert count(ann, "/dav/3", "resourcetype") == count(ann, "/dav/300", "resourcetype") == 2
    assert count(ann, "/dav/3", *names) == count(ann, "/dav/300", *names) == 3

    for number in range(100):
        grant(folders, f"/300/{number}", "ann", EDITOR)
    assert count(ann, "/dav/300", *names) == 3


def test_owners_and_grants_of_members_take_one_more_each(folders: Store, ann: Client, count: Callable[..., int]) -> None:
    grant(folders, "/", "ann", MANAGER)

    for target in ("/dav/3", "/dav/300"):
        assert count(ann, target, "acl") == 3
        # Whoever made the folder is looked up first, whoever else made members when they are met.
        assert count(ann, target, "owner") == 4


def test_one_resource_knows_all_of_its_rights_in_three(folders: Store, ann: Client, statements: list[str]) -> None:
    grant(folders, "/", "ann", MANAGER)
    one(ann, "/dav/3/1", "owner")
    folders.database.close()
    statements.clear()

    one(ann, "/dav/3/1", *OF_RIGHTS, "supportedlock")

    assert len(statements) == 3, statements


# Principals


def principal(client: Client, name: str) -> Entry:
    """Return what is said of a principal."""
    return one(client, f"/principals/{name}", *OF_PRINCIPALS)


OF_PRINCIPALS: Final = (
    "displayname",
    "resourcetype",
    "principal-URL",
    "alternate-URI-set",
    "group-member-set",
    "group-membership",
    "current-user-principal",
)


@pytest.fixture
def team(store: Store, ann: Client, bob: Client) -> Store:
    """Ann in the group team, which is in the group all; bob in neither."""
    for name in ("all", "team"):
        groups.add(store, SYSTEM_CONTEXT, name)
    groups.join(store, SYSTEM_CONTEXT, "team", "ann")
    groups.join(store, SYSTEM_CONTEXT, "all", "team")
    groups.join(store, SYSTEM_CONTEXT, "all", "bob")
    groups.leave(store, SYSTEM_CONTEXT, "all", "bob")
    return store


def test_everybody_finds_themselves_from_anywhere(nobody: Client, ann: Client) -> None:
    for target in ("/", "/dav/", "/principals/"):
        entry = one(ann, target, "current-user-principal", "principal-collection-set")
        assert hrefs(entry, "current-user-principal") == ["/principals/ann"]
        assert hrefs(entry, "principal-collection-set") == ["/principals/"]

    entry = principal(ann, "ann")
    assert entry["displayname"] == "ann"
    assert [kind.tag for kind in entry.properties["resourcetype"].element] == [f"{DAV}principal"]
    assert hrefs(entry, "principal-URL") == [entry.href] == ["/principals/ann"]
    assert hrefs(entry, "alternate-URI-set") == []
    assert entry.named(404) == {"group-member-set"}


@on_both_databases
def test_one_sees_oneself_and_ones_groups_and_nobody_else_in_them(team: Store, ann: Client, bob: Client) -> None:
    groups.join(team, SYSTEM_CONTEXT, "team", "bob")
    a_user(team, "carl")

    found = propfind(ann, "/principals/", *OF_PRINCIPALS, depth="1")

    assert list(found) == ["/principals/", "/principals/all", "/principals/ann", "/principals/team"]
    assert hrefs(found["/principals/ann"], "group-membership") == ["/principals/team"]
    assert hrefs(found["/principals/team"], "group-member-set") == ["/principals/ann"]
    assert hrefs(found["/principals/team"], "group-membership") == ["/principals/all"]
    assert hrefs(found["/principals/all"], "group-member-set") == ["/principals/team"]
    for name in ("all", "ann", "team"):
        alone = principal(ann, name)
        for of in ("group-membership", "group-member-set"):
            if of in alone.named(200):
                assert hrefs(alone, of) == hrefs(found[alone.href], of)


def test_groups_that_a_directory_tells_of_are_shown_beside_those_of_the_store(team: Store) -> None:
    carl = a_user(team, "carl")
    who = replace(carl.principal, groups=(groups.add(team, SYSTEM_CONTEXT, "staff"),))

    shown = principals_shown.all_known(team, replace(carl, principal=who))

    assert [(one.name, one.members, one.groups) for one in shown] == [("carl", (), ("staff",)), ("staff", ("carl",), ())]


@on_both_databases
def test_administrator_sees_everybody(team: Store, root_admin: Client) -> None:
    found = propfind(root_admin, "/principals/", *OF_PRINCIPALS, depth="1")

    assert list(found) == ["/principals/", *(f"/principals/{name}" for name in ("all", "ann", "bob", "root", "system", "team"))]
    assert hrefs(found["/principals/team"], "group-member-set") == ["/principals/ann"]
    assert list(propfind(root_admin, "/principals/", "displayname")) == ["/principals/"]


@on_both_databases
def test_who_is_shown_elsewhere_can_be_looked_up_by_name(team: Store, ann: Client, bob: Client) -> None:
    for name in ("ann", "team", "nobody", "signed%20in"):
        assert bob("PROPFIND", f"/principals/{name}", depth="0").status == 404

    ann.put("/dav/a")
    (owner,) = hrefs(one(bob, "/dav/a", "owner"), "owner")
    entry = one(bob, owner, *OF_PRINCIPALS)
    assert entry["displayname"] == "ann"
    assert hrefs(entry, "group-membership") == []

    grant(team, "/a", "team", EDITOR)
    assert bob("PROPFIND", "/principals/team", depth="0").status == 404
    grant(team, "/a", "bob", Right.READ_ACL)
    assert ("/principals/team", {"read", "write", "lock", "check-out", "own"}, None) in acl_of(one(bob, "/dav/a", "acl"))
    assert principal(bob, "team")["displayname"] == "team"


def test_administrator_with_a_restricted_password_sees_what_anybody_sees(
    team: Store, clock: SettableClock, app: Application, root_admin: Client
) -> None:
    new = NewAppPassword("program", rights=READER)
    secret = guard(app_passwords.make(team, SYSTEM_CONTEXT, "root", new).secret)

    answer = Client(app, clock, None)("PROPFIND", "/principals/", depth="1", authorization=basic("root", secret))

    assert list(entries(answer)) == ["/principals/", "/principals/root"]


def test_name_of_a_principal_is_quoted_in_addresses(store: Store, app: Application, clock: SettableClock) -> None:
    client = Client(app, clock, a_user(store, "Åsa & Co"))

    (href,) = hrefs(one(client, "/dav/", "current-user-principal"), "current-user-principal")

    assert href == "/principals/%C3%85sa%20%26%20Co"
    assert one(client, href, "displayname")["displayname"] == "Åsa & Co"


def test_principals_answer_the_three_questions_of_propfind(ann: Client) -> None:
    names = '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>'
    including = '<D:propfind xmlns:D="DAV:"><D:allprop/><D:include><D:principal-URL/></D:include></D:propfind>'

    (alone,) = entries(ann("PROPFIND", "/principals/ann", depth="0")).values()
    (named,) = entries(ann("PROPFIND", "/principals/ann", names, depth="0")).values()
    (included,) = entries(ann("PROPFIND", "/principals/ann", including, depth="0")).values()

    assert alone.named(200) == {"displayname", "resourcetype"}
    assert included.named(200) == {"displayname", "resourcetype", "principal-URL"}
    assert named.named(200) >= {*OF_PRINCIPALS} - {"group-member-set"}


@pytest.mark.parametrize("target", ["/principals", "/principals/", "/principals/ann", "/principals/ann/"])
def test_principals_can_be_looked_at_alone(nobody: Client, ann: Client, target: str) -> None:
    assert ann("PROPFIND", target, depth="0").status == 207
    assert nobody("PROPFIND", target, depth="0").status == 401
    options = nobody("OPTIONS", target).headers
    assert (options["dav"], options["allow"]) == (nobody("OPTIONS", "/dav/").headers["dav"], "OPTIONS, PROPFIND")
    for method in ("GET", "PUT", "PROPPATCH", "DELETE", "ACL"):
        assert ann(method, target).status == 405
    assert ann("PROPFIND", "/principals/ann/more", depth="0").status == 404
    assert ann("PROPFIND", "/principalship", depth="0").status == 404


def test_infinite_depth_is_refused_for_the_collection_of_principals_alone(ann: Client) -> None:
    assert error_of(ann("PROPFIND", "/principals/")) == ("propfind-finite-depth", [])
    assert list(entries(ann("PROPFIND", "/principals/ann"))) == ["/principals/ann"]


def test_errors_beside_the_tree_look_like_those_of_the_drive(nobody: Client, ann: Client) -> None:
    for target in ("/principals/nobody", "/elsewhere"):
        assert message_of(ann("PROPFIND", target, depth="0")).startswith("There is nothing at")
    for target in ("/principals/ann", "/"):
        assert message_of(ann("PROPFIND", target, "<x", depth="0")).startswith("The body is not well-formed XML")
        assert "basic" in nobody("PROPFIND", target, depth="0").headers["www-authenticate"].lower()
    assert error_of(ann("PROPFIND", "/")) == ("propfind-finite-depth", [])
    page = ann("GET", "/principals/ann", accept="text/html")
    assert (page.status, page.headers["allow"]) == (405, "OPTIONS, PROPFIND")
    assert page.headers["content-type"].startswith("text/html")


def test_access_control_is_not_claimed(nobody: Client, ann: Client) -> None:
    assert "access-control" not in nobody("OPTIONS", "/dav/").headers["dav"]
    assert ann("ACL", "/dav/").status == 405
