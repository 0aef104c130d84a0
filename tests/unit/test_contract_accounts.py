"""What storage and core promise about accounts: who may make and change them, and what ends at once when they change."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.builders import CHEAP_PASSWORDS, PASSWORD, SettableClock, a_document, a_user, put, sign_in
from tests.canary import guard

from davgate.core.principals import accounts, groups, signing_keys
from davgate.core.principals.accounts import NewUser, add_service, add_user, principal_named
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Forbidden, Malformed, Unauthenticated
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.instant import FOREVER, after
from davgate.model.principal import SIGNED_IN_ID, SYSTEM_ID, PrincipalKind
from davgate.model.rights import EVERYTHING, READER, Scope
from davgate.storage.api import accounts as rows
from davgate.storage.statements import Statement
from davgate.storage.tables import audit

USER, SERVICE, GROUP = PrincipalKind.USER, PrincipalKind.SERVICE, PrincipalKind.GROUP
OTHER = guard("another horse 8")
_AUDIT = Statement(select(audit.c.principal_id, audit.c.action, audit.c.detail).order_by(audit.c.id))


def recorded(store: Store) -> list[tuple[int, str, dict[str, object]]]:
    with store.database.read() as session:
        return [(who, action, json.loads(detail)) for who, action, detail in session.all(_AUDIT)]


# Signing in


def test_account_tells_kind_expiry_source_and_no_groups_of_a_new_user(store: Store, clock: SettableClock) -> None:
    end = after(clock.now(), timedelta(days=1))
    add_user(store, CHEAP_PASSWORDS, NewUser("ann", None, expires_at=end, source="ldap"))

    with store.database.read() as session:
        account = rows.find(session, "ann")

    assert account is not None
    assert (account.kind, account.expires_at, account.source, account.groups) == (USER, end, "ldap", ())
    assert (account.password_hash, account.is_disabled, account.created_at) == (None, False, clock.now())


def test_user_without_password_cannot_sign_in_with_any(store: Store) -> None:
    add_user(store, CHEAP_PASSWORDS, NewUser("ann", None))

    for password in ("", "None", PASSWORD):
        with pytest.raises(Unauthenticated):
            sign_in(store, CHEAP_PASSWORDS, "ann", password)


def test_service_group_and_system_cannot_sign_in_with_a_password(store: Store) -> None:
    add_service(store, SYSTEM_CONTEXT, "crm")

    for name in ("crm", "signed in", "system", "nobody"):
        with pytest.raises(Unauthenticated):
            sign_in(store, CHEAP_PASSWORDS, name, PASSWORD)


def test_service_can_be_acted_as_and_group_and_system_cannot(store: Store) -> None:
    add_service(store, SYSTEM_CONTEXT, "crm")

    assert principal_named(store, "crm").name == "crm"
    for name in ("signed in", "signed-in", "system", "nobody"):
        with pytest.raises(AccountRefused):
            principal_named(store, name)


def test_expired_user_cannot_sign_in_from_that_instant_on(store: Store, clock: SettableClock) -> None:
    end = after(clock.now(), timedelta(hours=1))
    add_user(store, CHEAP_PASSWORDS, NewUser("ann", PASSWORD, expires_at=end))
    clock.advance(timedelta(hours=1) - timedelta(microseconds=1))
    ann = Context(sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD))
    put(store, ann, "/a", b"in time")

    clock.advance(timedelta(microseconds=1))

    with pytest.raises(Unauthenticated):
        sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD)
    with pytest.raises(AccountRefused):
        principal_named(store, "ann")
    with pytest.raises(Unauthenticated):
        put(store, ann, "/a", b"late")


CHANGES: dict[str, Callable[[Store], object]] = {
    "password": lambda store: accounts.change_password(store, CHEAP_PASSWORDS, SYSTEM_CONTEXT, "ann", OTHER),
    "disabled": lambda store: accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", USER, is_disabled=True),
    "expiry": lambda store: accounts.set_expiry(store, SYSTEM_CONTEXT, "ann", USER, after(store.clock.now(), timedelta(1))),
    "role": lambda store: accounts.set_admin(store, SYSTEM_CONTEXT, "ann", is_admin=True),
}


@pytest.mark.parametrize("what", CHANGES)
def test_changed_account_ends_remembered_sign_ins_at_once(store: Store, ann: Context, what: str) -> None:
    a_document(store, ann, "/a", b"one")

    CHANGES[what](store)

    with pytest.raises(Unauthenticated):
        put(store, ann, "/a", b"two")


def test_change_to_what_is_already_so_ends_no_sign_in_and_is_not_recorded(store: Store, ann: Context) -> None:
    before = recorded(store)

    accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", USER, is_disabled=False)
    accounts.set_expiry(store, SYSTEM_CONTEXT, "ann", USER, FOREVER)
    accounts.set_admin(store, SYSTEM_CONTEXT, "ann", is_admin=False)

    assert recorded(store) == before
    a_document(store, ann, "/a", b"one")


def test_enabled_account_signs_in_again(store: Store, ann: Context) -> None:
    accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", USER, is_disabled=True)
    accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", USER, is_disabled=False)

    assert sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD).id == ann.principal.id


# Names and passwords


@pytest.mark.parametrize("name", ["ann", "crm", "staff", "signed in", "signed-in", "system"])
def test_name_is_unique_among_users_services_and_groups(store: Store, ann: Context, name: str) -> None:
    add_service(store, SYSTEM_CONTEXT, "crm")
    groups.add(store, SYSTEM_CONTEXT, "staff")

    for make in (
        lambda: add_user(store, CHEAP_PASSWORDS, NewUser(name, PASSWORD)),
        lambda: add_service(store, SYSTEM_CONTEXT, name),
        lambda: groups.add(store, SYSTEM_CONTEXT, name),
    ):
        with pytest.raises(AccountRefused, match="taken"):
            make()


@pytest.mark.parametrize("name", ["signed-in", "zo\u00eb", "zoe\u0308"])
def test_name_is_one_in_all_spellings_that_look_alike(store: Store, name: str) -> None:
    add_user(store, CHEAP_PASSWORDS, NewUser("zoe\u0308", PASSWORD))

    with pytest.raises(AccountRefused, match="taken"):
        add_service(store, SYSTEM_CONTEXT, name)

    for spelling in ("zo\u00eb", "zoe\u0308"):
        assert sign_in(store, CHEAP_PASSWORDS, spelling, PASSWORD).name == "zo\u00eb"
        assert principal_named(store, spelling).name == "zo\u00eb"
    assert recorded(store)[-1][2]["name"] == "zo\u00eb"


@pytest.mark.parametrize(
    "name",
    ["", " ann", "ann ", "a:b", "a/b", "a\\b", "a\nb", "a" * 129, "a\x85b", "a\u200bb", "a\u202eb", "a\u2028b", "a\udcffb"],
)
def test_unfit_name_is_refused_for_every_kind(store: Store, name: str) -> None:
    for make in (
        lambda: add_user(store, CHEAP_PASSWORDS, NewUser(name, PASSWORD)),
        lambda: add_service(store, SYSTEM_CONTEXT, name),
        lambda: groups.add(store, SYSTEM_CONTEXT, name),
    ):
        with pytest.raises(AccountRefused):
            make()


@pytest.mark.parametrize("password", ["", "1234567", "ann-ann-ann"])
def test_short_password_and_the_name_itself_are_refused_at_making_and_changing(store: Store, password: str) -> None:
    with pytest.raises(AccountRefused):
        add_user(store, CHEAP_PASSWORDS, NewUser("ann-ann-ann", password))
    add_user(store, CHEAP_PASSWORDS, NewUser("ann-ann-ann", PASSWORD))

    with pytest.raises(AccountRefused):
        accounts.change_password(store, CHEAP_PASSWORDS, SYSTEM_CONTEXT, "ann-ann-ann", password)

    assert sign_in(store, CHEAP_PASSWORDS, "ann-ann-ann", PASSWORD).name == "ann-ann-ann"


def test_password_that_is_no_text_is_refused_at_making_and_changing(store: Store, ann: Context) -> None:
    broken = "another horse \udcff"

    with pytest.raises(Malformed):
        add_user(store, CHEAP_PASSWORDS, NewUser("bob", broken))
    with pytest.raises(Malformed):
        accounts.change_password(store, CHEAP_PASSWORDS, ann, "ann", broken)


def test_nobody_has_a_name_that_is_no_text(store: Store) -> None:
    for name in ("a\udcffb", "a\0b"):
        with pytest.raises(AccountRefused, match="There is no"):
            accounts.show(store, SYSTEM_CONTEXT, name)


def test_password_of_service_and_of_another_source_cannot_be_set(store: Store) -> None:
    add_service(store, SYSTEM_CONTEXT, "crm")
    add_user(store, CHEAP_PASSWORDS, NewUser("ann", None, source="ldap"))

    for name in ("crm", "ann", "signed in"):
        with pytest.raises(AccountRefused):
            accounts.change_password(store, CHEAP_PASSWORDS, SYSTEM_CONTEXT, name, OTHER)


def test_user_of_another_source_is_not_made_with_a_password(store: Store) -> None:
    with pytest.raises(AccountRefused):
        add_user(store, CHEAP_PASSWORDS, NewUser("ann", PASSWORD, source="ldap"))


def test_changed_password_alone_signs_in(store: Store, ann: Context) -> None:
    accounts.change_password(store, CHEAP_PASSWORDS, ann, "ann", OTHER)

    with pytest.raises(Unauthenticated):
        sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD)
    assert sign_in(store, CHEAP_PASSWORDS, "ann", OTHER).id == ann.principal.id


# The last administrator


def test_last_administrator_cannot_be_disabled_demoted_or_expired(
    store: Store, root_admin: Context, clock: SettableClock
) -> None:
    for change in (
        lambda: accounts.set_disabled(store, SYSTEM_CONTEXT, "root", USER, is_disabled=True),
        lambda: accounts.set_admin(store, SYSTEM_CONTEXT, "root", is_admin=False),
        lambda: accounts.set_expiry(store, SYSTEM_CONTEXT, "root", USER, after(clock.now(), timedelta(days=900))),
        lambda: accounts.set_admin(store, root_admin, "root", is_admin=False),
    ):
        with pytest.raises(AccountRefused, match="last administrator"):
            change()

    assert sign_in(store, CHEAP_PASSWORDS, "root", PASSWORD).is_admin


def test_one_of_two_administrators_can_go_when_the_other_stays(store: Store, root_admin: Context) -> None:
    a_user(store, "second", is_admin=True)

    accounts.set_admin(store, root_admin, "root", is_admin=False)

    assert not sign_in(store, CHEAP_PASSWORDS, "root", PASSWORD).is_admin
    with pytest.raises(AccountRefused):
        accounts.set_disabled(store, SYSTEM_CONTEXT, "second", USER, is_disabled=True)


@pytest.mark.parametrize("other", ["disabled", "expires", "service"])
def test_other_administrator_who_does_not_stay_is_not_counted(
    store: Store, root_admin: Context, clock: SettableClock, other: str
) -> None:
    if other == "service":
        add_service(store, SYSTEM_CONTEXT, "second")
    else:
        a_user(store, "second", is_admin=True)
    if other == "disabled":
        accounts.set_disabled(store, SYSTEM_CONTEXT, "second", USER, is_disabled=True)
    if other == "expires":
        accounts.set_expiry(store, SYSTEM_CONTEXT, "second", USER, after(clock.now(), timedelta(days=1)))

    with pytest.raises(AccountRefused):
        accounts.set_disabled(store, SYSTEM_CONTEXT, "root", USER, is_disabled=True)


def test_administrator_whose_time_has_run_out_can_be_demoted(store: Store, root_admin: Context, clock: SettableClock) -> None:
    add_user(store, CHEAP_PASSWORDS, NewUser("past", PASSWORD, is_admin=True, expires_at=clock.now()))

    accounts.set_admin(store, SYSTEM_CONTEXT, "past", is_admin=False)

    with store.database.read() as session:
        assert rows.administered_until(session) == FOREVER


def test_of_administrators_who_demote_each_other_at_once_one_stays(store: Store) -> None:
    names = ["first", "second", "third", "fourth"]
    admins = [a_user(store, name, is_admin=True) for name in names]
    barrier = threading.Barrier(len(names))

    def demote_next(no: int) -> None:
        barrier.wait(timeout=30)
        with contextlib.suppress(AccountRefused, Unauthenticated):
            accounts.set_admin(store, admins[no], names[(no + 1) % len(names)], is_admin=False)

    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(demote_next, range(len(names))))

    left = [account for account in accounts.all_of(store, SYSTEM_CONTEXT, USER) if account.principal.is_admin]
    assert 1 <= len(left) < len(names)


# Who may


ACTS: dict[str, Callable[[Store, Context], object]] = {
    "add user": lambda store, ctx: add_user(store, CHEAP_PASSWORDS, NewUser("new", PASSWORD), ctx),
    "add service": lambda store, ctx: add_service(store, ctx, "new"),
    "disable": lambda store, ctx: accounts.set_disabled(store, ctx, "ann", USER, is_disabled=True),
    "expire": lambda store, ctx: accounts.set_expiry(store, ctx, "ann", USER, store.clock.now()),
    "promote": lambda store, ctx: accounts.set_admin(store, ctx, "bob", is_admin=True),
    "password": lambda store, ctx: accounts.change_password(store, CHEAP_PASSWORDS, ctx, "ann", OTHER),
    "list": lambda store, ctx: accounts.all_of(store, ctx, USER),
    "show": lambda store, ctx: accounts.show(store, ctx, "ann"),
    "rotate": lambda store, ctx: signing_keys.rotate(store, ctx),
    "keys": lambda store, ctx: signing_keys.all_keys(store, ctx),
    "remove key": lambda store, ctx: signing_keys.remove(store, ctx, 1),
}


@pytest.mark.parametrize("act", ACTS)
def test_only_unrestricted_store_administrator_looks_after_accounts(
    store: Store, ann: Context, bob: Context, root_admin: Context, act: str
) -> None:
    signing_keys.rotate(store, root_admin)
    signing_keys.rotate(store, root_admin)
    restricted = [
        replace(root_admin, principal=replace(root_admin.principal, scope=Scope(READER))),
        replace(root_admin, principal=replace(root_admin.principal, scope=Scope(EVERYTHING, tree_id=1))),
    ]

    for ctx in (bob, *restricted):
        with pytest.raises(Forbidden):
            ACTS[act](store, ctx)

    assert sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD) == ann.principal
    ACTS[act](store, root_admin)


def test_own_password_is_not_changed_by_a_restricted_sign_in(store: Store, ann: Context) -> None:
    restricted = replace(ann, principal=replace(ann.principal, scope=Scope(READER)))

    with pytest.raises(Forbidden):
        accounts.change_password(store, CHEAP_PASSWORDS, restricted, "ann", OTHER)


def test_administrator_who_was_demoted_meanwhile_changes_nothing(store: Store, root_admin: Context) -> None:
    a_user(store, "second", is_admin=True)
    accounts.set_admin(store, SYSTEM_CONTEXT, "root", is_admin=False)

    with pytest.raises(Unauthenticated):
        add_user(store, CHEAP_PASSWORDS, NewUser("new", PASSWORD, is_admin=True), root_admin)


def test_accounts_of_a_kind_are_listed_by_name_without_davgate_itself(store: Store, ann: Context, root_admin: Context) -> None:
    add_service(store, root_admin, "crm")

    assert [account.name for account in accounts.all_of(store, root_admin, USER)] == ["ann", "root"]
    assert [account.name for account in accounts.all_of(store, root_admin, SERVICE)] == ["crm"]
    assert [account.id for account in accounts.all_of(store, root_admin, GROUP)] == [SIGNED_IN_ID]
    assert accounts.show(store, ann, "ann").id == ann.principal.id
    with pytest.raises(AccountRefused):
        accounts.show(store, root_admin, "system")


# What is written down


def test_each_change_is_recorded_with_who_made_it_and_without_any_password(store: Store, root_admin: Context) -> None:
    root = root_admin.principal.id
    add_user(store, CHEAP_PASSWORDS, NewUser("ann", None, source="ldap"), root_admin)
    add_user(store, CHEAP_PASSWORDS, NewUser("bob", PASSWORD), root_admin)
    bob = Context(sign_in(store, CHEAP_PASSWORDS, "bob", PASSWORD))
    accounts.change_password(store, CHEAP_PASSWORDS, bob, "bob", OTHER)
    accounts.set_disabled(store, root_admin, "bob", USER, is_disabled=True)
    accounts.set_disabled(store, root_admin, "bob", USER, is_disabled=False)
    accounts.set_expiry(store, root_admin, "bob", USER, after(store.clock.now(), timedelta(days=1)))
    accounts.set_admin(store, root_admin, "bob", is_admin=True)
    accounts.set_admin(store, root_admin, "bob", is_admin=False)
    add_service(store, root_admin, "crm")
    accounts.set_disabled(store, root_admin, "crm", SERVICE, is_disabled=True)

    told = recorded(store)

    assert [(who, action) for who, action, _ in told] == [
        (SYSTEM_ID, "add-user"),
        (root, "add-user"),
        (root, "add-user"),
        (bob.principal.id, "change-password"),
        (root, "disable-user"),
        (root, "enable-user"),
        (root, "expire-user"),
        (root, "promote-user"),
        (root, "demote-user"),
        (root, "add-service"),
        (root, "disable-service"),
    ]
    assert told[1][2] == {"name": "ann", "is_admin": False, "source": "ldap"}
    assert {detail["name"] for *_, detail in told[3:9]} == {"bob"}
    text = json.dumps(told)
    assert PASSWORD not in text and OTHER not in text and "argon2" not in text


# Signing keys


def test_rotated_key_is_the_newest_and_older_ones_stay_until_removed(store: Store, root_admin: Context) -> None:
    first, second = signing_keys.rotate(store, root_admin), signing_keys.rotate(store, root_admin)

    assert (first.no, second.no) == (1, 2)
    assert len(first.key) == len(second.key) == 32 and first.key != second.key
    assert signing_keys.all_keys(store, root_admin) == [second, first]

    signing_keys.remove(store, root_admin, 1)

    assert signing_keys.all_keys(store, root_admin) == [second]
    assert repr(second.key) not in repr(second)


def test_key_that_signs_and_unknown_key_are_not_removed(store: Store, root_admin: Context) -> None:
    signing_keys.rotate(store, root_admin)

    for no in (1, 7):
        with pytest.raises(AccountRefused):
            signing_keys.remove(store, root_admin, no)

    assert [action for _, action, _ in recorded(store)][1:] == ["rotate-key"]
