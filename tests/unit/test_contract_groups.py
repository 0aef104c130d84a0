"""What storage and core promise about groups: who is in them by others too, and what ends at once when that changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import delete, select
from tests.builders import CHEAP_PASSWORDS, PASSWORD, a_document, a_user, exists, node_at, path, put, sign_in

from davgate.core.principals import accounts, granting, groups
from davgate.core.principals.accounts import add_service
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Forbidden, NotFound, Unauthenticated
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.principal import PrincipalKind
from davgate.model.rights import EDITOR, READER, Scope
from davgate.storage.api import access
from davgate.storage.api import accounts as rows
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant, audit, change, membership

_AUDIT = Statement(select(audit.c.action, audit.c.detail).where(audit.c.action.like("%-group")).order_by(audit.c.id))
_MEMBERSHIPS = Statement(select(audit.c.action, audit.c.detail).where(audit.c.action.like("%-member")).order_by(audit.c.id))
_ACCESS = Statement(select(change.c.node_id).where(change.c.action == "access").order_by(change.c.seq))


def made(store: Store, *names: str) -> None:
    for name in names:
        groups.add(store, SYSTEM_CONTEXT, name)


def joined(store: Store, *pairs: tuple[str, str]) -> None:
    """Put the first of each pair into the second."""
    for member, group in pairs:
        assert groups.join(store, SYSTEM_CONTEXT, group, member)


def id_of(store: Store, name: str) -> int:
    with store.database.read() as session:
        account = rows.find(session, name)
        assert account is not None
        return account.id


def groups_of(store: Store, name: str) -> set[str]:
    with store.database.read() as session:
        account = rows.find(session, name)
        assert account is not None
        return set(rows.names_of(session, account.groups).values())


def again(store: Store, name: str) -> Context:
    return Context(sign_in(store, CHEAP_PASSWORDS, name, PASSWORD), editing=True)


def test_user_is_in_all_groups_that_hold_one_of_its_own(store: Store, ann: Context) -> None:
    made(store, "team", "department", "house", "other")
    joined(store, ("ann", "team"), ("team", "department"), ("department", "house"), ("team", "house"))

    assert groups_of(store, "ann") == {"team", "department", "house"}
    assert groups_of(store, "team") == {"department", "house"}
    assert groups_of(store, "other") == set()
    assert set(again(store, "ann").principal.groups) == {
        id_of(store, name) for name in ("team", "department", "house")
    }  # fmt: skip


def test_members_are_told_directly_and_by_other_groups(store: Store, ann: Context, bob: Context) -> None:
    made(store, "team", "house")
    add_service(store, SYSTEM_CONTEXT, "crm")
    joined(store, ("ann", "team"), ("team", "house"), ("bob", "house"), ("crm", "team"), ("ann", "house"))

    assert [one.name for one in groups.members(store, SYSTEM_CONTEXT, "house")] == ["ann", "bob", "team"]
    assert [one.name for one in groups.members(store, SYSTEM_CONTEXT, "house", by_groups=True)] == ["ann", "bob", "crm", "team"]
    assert [one.kind for one in groups.members(store, SYSTEM_CONTEXT, "team")] == [PrincipalKind.USER, PrincipalKind.SERVICE]


@pytest.mark.parametrize(("member", "group"), [("a", "a"), ("a", "b"), ("a", "d"), ("b", "d")])
def test_group_that_would_be_in_itself_is_refused(store: Store, member: str, group: str) -> None:
    made(store, "a", "b", "c", "d")
    joined(store, ("b", "a"), ("c", "b"), ("d", "c"))

    with pytest.raises(AccountRefused, match="cannot be in"):
        groups.join(store, SYSTEM_CONTEXT, group, member)

    assert groups_of(store, "d") == {"a", "b", "c"}


def test_cycle_of_damaged_rows_ends(unchecked_store: Store) -> None:
    store = unchecked_store
    ann = a_user(store, "ann")
    made(store, "a", "b")
    joined(store, ("b", "a"), ("ann", "b"))
    with store.database.write() as tx:
        tx.run(Statement(membership.insert().values(group_id=id_of(store, "b"), member_id=id_of(store, "a"))))
        tx.commit()

    assert groups_of(store, "ann") == {"a", "b"}
    assert groups.leave(store, SYSTEM_CONTEXT, "b", "ann")
    with pytest.raises(Unauthenticated):
        put(store, ann, "/a", b"late")


@pytest.mark.parametrize("name", ["ann", "crm", "system", "nobody", "signed in", "signed-in"])
def test_only_a_group_with_members_of_its_own_is_joined_left_listed_and_removed(store: Store, ann: Context, name: str) -> None:
    add_service(store, SYSTEM_CONTEXT, "crm")
    for act in (
        lambda: groups.join(store, SYSTEM_CONTEXT, name, "ann"),
        lambda: groups.leave(store, SYSTEM_CONTEXT, name, "ann"),
        lambda: groups.members(store, SYSTEM_CONTEXT, name),
        lambda: groups.remove(store, SYSTEM_CONTEXT, name),
    ):
        with pytest.raises(AccountRefused):
            act()


@pytest.mark.parametrize("name", ["system", "nobody", "signed in", "signed-in"])
def test_member_that_is_nobody_or_everybody_is_refused(store: Store, name: str) -> None:
    made(store, "team")

    with pytest.raises(AccountRefused):
        groups.join(store, SYSTEM_CONTEXT, "team", name)


def test_group_cannot_sign_in_be_disabled_or_become_administrator(store: Store) -> None:
    made(store, "team")

    for act in (
        lambda: accounts.principal_named(store, "team"),
        lambda: accounts.set_disabled(store, SYSTEM_CONTEXT, "team", PrincipalKind.USER, is_disabled=True),
        lambda: accounts.set_admin(store, SYSTEM_CONTEXT, "team", is_admin=True),
        lambda: accounts.change_password(store, CHEAP_PASSWORDS, SYSTEM_CONTEXT, "team", PASSWORD),
    ):
        with pytest.raises(AccountRefused):
            act()
    with pytest.raises(Unauthenticated):
        sign_in(store, CHEAP_PASSWORDS, "team", PASSWORD)


def test_change_of_a_group_ends_sign_ins_of_all_in_it_and_of_nobody_else(store: Store, ann: Context, bob: Context) -> None:
    made(store, "team", "house")
    joined(store, ("ann", "team"))
    inside = again(store, "ann")

    joined(store, ("team", "house"))

    with pytest.raises(Unauthenticated):
        put(store, inside, "/a", b"late")
    put(store, bob, "/a", b"in time")

    inside = again(store, "ann")
    groups.leave(store, SYSTEM_CONTEXT, "house", "team")

    with pytest.raises(Unauthenticated):
        put(store, inside, "/a", b"late")


def test_what_is_already_so_changes_nothing(store: Store, ann: Context) -> None:
    made(store, "team")
    assert groups.join(store, SYSTEM_CONTEXT, "team", "ann")
    inside = again(store, "ann")

    assert not groups.join(store, SYSTEM_CONTEXT, "team", "ann")
    assert groups.leave(store, SYSTEM_CONTEXT, "team", "ann")
    assert not groups.leave(store, SYSTEM_CONTEXT, "team", "ann")

    with pytest.raises(Unauthenticated):
        put(store, inside, "/a", b"late")
    with store.database.read() as session:
        told = session.all(_MEMBERSHIPS)
    assert [(action, json.loads(detail)) for action, detail in told] == [
        ("add-member", {"group": "team", "member": "ann"}),
        ("remove-member", {"group": "team", "member": "ann"}),
    ]


@pytest.fixture
def house(store: Store, ann: Context, root_admin: Context) -> Context:
    """A closed store with ``/f/a``, which members of ``house`` may read; ann is in it by ``team``."""
    a_document(store, root_admin, "/f/a", b"one")
    with store.database.write() as tx:
        tx.run(Statement(delete(access_grant)))
        tx.commit()
    made(store, "team", "house")
    joined(store, ("ann", "team"), ("team", "house"))
    granting.grant(store, SYSTEM_CONTEXT, path("/f"), "house", READER)
    return again(store, "ann")


def test_grant_to_a_group_holds_for_members_by_other_groups_until_one_of_them_leaves(store: Store, house: Context) -> None:
    assert exists(store, house, path("/f/a"))

    groups.leave(store, SYSTEM_CONTEXT, "house", "team")

    assert not exists(store, again(store, "ann"), path("/f/a"))


def test_removed_group_takes_its_grants_and_memberships_along(store: Store, house: Context, root_admin: Context) -> None:
    groups.remove(store, SYSTEM_CONTEXT, "house")

    with pytest.raises(Unauthenticated):
        exists(store, house, path("/f/a"))
    assert not exists(store, again(store, "ann"), path("/f/a"))
    assert groups_of(store, "team") == set()
    with store.database.read() as session:
        assert access.grants_on(session, [node_at(store, root_admin, "/f").id]) == []
        assert [(action, json.loads(detail)) for action, detail in session.all(_AUDIT)] == [
            ("add-group", {"name": "team"}),
            ("add-group", {"name": "house"}),
            ("remove-group", {"name": "house"}),
        ]
    made(store, "house")


def test_removed_inner_group_takes_its_members_out_of_the_outer_one(store: Store, house: Context) -> None:
    groups.remove(store, SYSTEM_CONTEXT, "team")

    with pytest.raises(NotFound):
        node_at(store, again(store, "ann"), "/f/a")
    assert groups.members(store, SYSTEM_CONTEXT, "house", by_groups=True) == []


def test_sync_clients_are_told_of_nodes_where_the_members_rights_change(
    store: Store, house: Context, root_admin: Context
) -> None:
    granted = node_at(store, root_admin, "/f").id
    with store.database.read() as session:
        before = session.all(_ACCESS)

    groups.leave(store, SYSTEM_CONTEXT, "team", "ann")
    groups.join(store, SYSTEM_CONTEXT, "team", "ann")
    groups.remove(store, SYSTEM_CONTEXT, "house")

    with store.database.read() as session:
        assert session.all(_ACCESS)[len(before) :] == [(granted,)] * 3


ACTS: dict[str, Callable[[Store, Context], object]] = {
    "add": lambda store, ctx: groups.add(store, ctx, "new"),
    "remove": lambda store, ctx: groups.remove(store, ctx, "team"),
    "members": lambda store, ctx: groups.members(store, ctx, "team"),
    "join": lambda store, ctx: groups.join(store, ctx, "team", "bob"),
    "leave": lambda store, ctx: groups.leave(store, ctx, "team", "ann"),
}


@pytest.mark.parametrize("act", ACTS)
def test_only_unrestricted_store_administrator_looks_after_groups(
    store: Store, ann: Context, root_admin: Context, act: str
) -> None:
    bob = a_user(store, "bob")
    made(store, "team")
    joined(store, ("ann", "team"))
    restricted = replace(root_admin, principal=replace(root_admin.principal, scope=Scope(EDITOR)))

    for ctx in (bob, restricted):
        with pytest.raises(Forbidden):
            ACTS[act](store, ctx)

    assert groups_of(store, "ann") == {"team"}
    ACTS[act](store, root_admin)


def test_id_of_a_removed_group_is_nobody_elses(store: Store, root_admin: Context) -> None:
    removed = groups.add(store, root_admin, "team")
    groups.remove(store, root_admin, "team")

    assert groups.add(store, root_admin, "other") != removed
