"""What storage and core promise about app passwords: random, shown once, narrower than their owner, and ended at once."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.builders import SettableClock, a_collection, a_document, path, put
from tests.canary import guard

from davgate.core import deleting, erasing, moving
from davgate.core.principals import app_passwords, granting, groups
from davgate.core.principals.accounts import add_service
from davgate.core.principals.app_passwords import NewAppPassword, hash_of
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Forbidden, NotFound, Unauthenticated
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.instant import FOREVER, after
from davgate.model.principal import SIGNED_IN_ID
from davgate.model.rights import DROP_BOX, EVERYTHING, NO_RIGHTS, READER, Right, Scope
from davgate.storage.api import app_passwords as rows
from davgate.storage.sign_in_tables import app_password
from davgate.storage.statements import Statement
from davgate.storage.tables import audit


def made(store: Store, ctx: Context, owner: str, name: str = "laptop", **wanted: object) -> app_passwords.MadeAppPassword:
    one = app_passwords.make(store, ctx, owner, NewAppPassword(name, **wanted))  # type: ignore[arg-type]
    guard(one.secret)
    return one


def restricted(ctx: Context, scope: Scope) -> Context:
    return replace(ctx, principal=replace(ctx.principal, scope=scope))


# The secret


def test_secret_is_recognisable_random_and_easy_to_copy(store: Store, ann: Context) -> None:
    secrets = {made(store, ann, "ann", f"program {no}").secret for no in range(20)}

    assert len(secrets) == 20
    for secret in secrets:
        assert re.fullmatch(r"dg-[a-km-np-z2-9]{26}", secret), "26 characters of 32 make 130 bits"


def test_secret_finds_its_app_password_and_nothing_else_does(store: Store, ann: Context) -> None:
    one = made(store, ann, "ann")
    made(store, ann, "ann", "phone")

    with store.database.read() as session:
        assert rows.find(session, hash_of(one.secret)) == one.kept
        assert rows.find(session, hash_of(one.secret.upper())) is None
        assert rows.find(session, hash_of("")) is None


def test_account_has_so_many_app_passwords_and_no_more(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_passwords, "MOST", 2)
    made(store, ann, "ann")
    made(store, ann, "ann", "phone")

    with pytest.raises(AccountRefused, match="as many as may be"):
        made(store, ann, "ann", "tablet")


def test_secret_is_kept_nowhere_but_as_sha256(store: Store, ann: Context) -> None:
    one = made(store, ann, "ann", with_digest=True)

    with store.database.read() as session:
        kept = session.all(Statement(select(app_password)))
        told = session.all(Statement(select(audit.c.detail)))
    assert hashlib.sha256(one.secret.encode()).digest() in [
        bytes(value) for value in kept[0] if isinstance(value, bytes | memoryview)
    ]
    for text in (repr(kept), repr(told), repr(one), repr(one.kept)):
        assert one.secret not in text
    assert one.kept.digest_md5 is not None and one.kept.digest_md5 not in repr(one) + repr(told)


def test_digests_are_kept_only_when_asked_for_and_are_those_of_rfc7616(store: Store, ann: Context) -> None:
    plain, digest = made(store, ann, "ann", "plain"), made(store, ann, "ann", "digest", with_digest=True)

    text = f"ann:davgate:{digest.secret}".encode()
    assert (plain.kept.digest_md5, plain.kept.digest_sha256) == (None, None)
    assert digest.kept.digest_md5 == hashlib.md5(text).hexdigest()
    assert digest.kept.digest_sha256 == hashlib.sha256(text).hexdigest()


# What it is restricted to


def test_rights_tree_and_expiry_are_kept_and_listed_with_last_use(store: Store, ann: Context, clock: SettableClock) -> None:
    folder = a_collection(store, ann, "/f")
    end = after(clock.now(), timedelta(days=90))
    one = made(store, ann, "ann", "scanner", rights=DROP_BOX, tree=path("/f"), expires_at=end)
    made(store, ann, "ann", "laptop")

    clock.advance(timedelta(hours=1))
    with store.database.write() as tx:
        rows.touch(tx, one.kept.id)
        tx.commit()

    laptop, scanner = app_passwords.all_of(store, ann, "ann")
    assert (scanner.kept.scope, scanner.kept.expires_at, scanner.tree) == (Scope(DROP_BOX, folder.id), end, path("/f"))
    assert (scanner.owner, scanner.kept.used_at) == ("ann", clock.now())
    assert (laptop.kept.scope, laptop.kept.expires_at, laptop.kept.used_at) == (Scope(), FOREVER, None)
    assert (laptop.tree, laptop.is_without_tree) == (None, False)


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "\x1b[2J"])
def test_name_that_cannot_be_read_is_refused(store: Store, ann: Context, name: str) -> None:
    with pytest.raises(AccountRefused):
        made(store, ann, "ann", name)


def test_name_is_unique_for_each_owner(store: Store, ann: Context, bob: Context) -> None:
    made(store, ann, "ann")
    made(store, bob, "bob")

    with pytest.raises(AccountRefused, match="already"):
        made(store, ann, "ann")


def test_app_password_without_rights_or_that_has_ended_is_refused(store: Store, ann: Context, clock: SettableClock) -> None:
    for wanted in ({"rights": NO_RIGHTS}, {"expires_at": clock.now()}):
        with pytest.raises(AccountRefused):
            made(store, ann, "ann", **wanted)


def test_tree_that_the_maker_may_not_see_does_not_exist(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    a_collection(store, root_admin, "/secret")
    granting.close(store, root_admin, path("/secret"))

    for where in ("/secret", "/missing"):
        with pytest.raises(NotFound):
            made(store, ann, "ann", tree=path(where))


def test_tree_follows_when_it_is_moved_and_opens_nothing_when_it_is_gone(store: Store, ann: Context) -> None:
    folder = a_collection(store, ann, "/f")
    made(store, ann, "ann", tree=path("/f"))

    moving.move(store, ann, path("/f"), path("/g"), overwrite=False)
    (listed,) = app_passwords.all_of(store, ann, "ann")
    assert (listed.tree, listed.is_without_tree) == (path("/g"), False)

    deleting.delete(store, ann, path("/g"))
    (listed,) = app_passwords.all_of(store, ann, "ann")
    assert (listed.tree, listed.is_without_tree, listed.kept.scope.tree_id) == (None, True, folder.id)


def test_app_password_goes_with_its_tree_when_that_is_erased(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/f/a", b"one")
    made(store, ann, "ann", "of the folder", tree=path("/f"))
    made(store, ann, "ann", "of the document", tree=path("/f/a"))
    made(store, ann, "ann", "of nothing")

    erasing.erase(store, root_admin, "/f", "test")

    assert [one.kept.name for one in app_passwords.all_of(store, ann, "ann")] == ["of nothing"]


# Who may


def test_everybody_looks_after_own_app_passwords_and_nobody_after_those_of_others(
    store: Store, ann: Context, bob: Context
) -> None:
    made(store, ann, "ann")

    for act in (
        lambda: made(store, bob, "ann", "mine"),
        lambda: made(store, bob, "nobody", "mine"),
        lambda: app_passwords.all_of(store, bob, "ann"),
        lambda: app_passwords.all_of(store, bob),
        lambda: app_passwords.revoke(store, bob, "ann", "laptop"),
        lambda: app_passwords.revoke(store, bob, "nobody", "laptop"),
    ):
        with pytest.raises(Forbidden):
            act()

    assert [one.kept.name for one in app_passwords.all_of(store, ann, "ann")] == ["laptop"]


def test_administrator_looks_after_app_passwords_of_users_and_services_alone(
    store: Store, ann: Context, root_admin: Context
) -> None:
    add_service(store, root_admin, "crm")
    groups.add(store, root_admin, "team")
    made(store, root_admin, "crm")
    made(store, root_admin, "ann")

    assert [(one.owner, one.kept.name) for one in app_passwords.all_of(store, root_admin)] == [
        ("ann", "laptop"),
        ("crm", "laptop"),
    ]
    for name in ("team", "signed in", "system", "nobody"):
        with pytest.raises(AccountRefused):
            made(store, root_admin, name)


@pytest.mark.parametrize("scope", [Scope(READER), Scope(EVERYTHING, 1), Scope(EVERYTHING & ~Right.MANAGE)])
def test_restricted_sign_in_makes_lists_and_revokes_none(store: Store, ann: Context, root_admin: Context, scope: Scope) -> None:
    made(store, ann, "ann")

    for ctx in (restricted(ann, scope), restricted(root_admin, scope)):
        for act in (
            lambda ctx=ctx: made(store, ctx, ctx.principal.name, "better"),
            lambda ctx=ctx: made(store, ctx, "ann", "better"),
            lambda ctx=ctx: app_passwords.all_of(store, ctx, "ann"),
            lambda ctx=ctx: app_passwords.revoke(store, ctx, "ann", "laptop"),
        ):
            with pytest.raises(Forbidden):
                act()


def test_app_password_made_by_a_sign_in_that_ends_does_not_outlast_it(store: Store, ann: Context, clock: SettableClock) -> None:
    end = after(clock.now(), timedelta(hours=1))
    ending = replace(ann, principal=replace(ann.principal, expires_at=end))

    assert made(store, ending, "ann", "forever").kept.expires_at == end
    assert made(store, ending, "ann", "later", expires_at=after(end, timedelta(1))).kept.expires_at == end
    assert made(store, ann, "ann", "own").kept.expires_at == FOREVER


# Revoking


def test_revoked_app_password_is_unknown_and_ends_sign_ins_at_once(store: Store, ann: Context) -> None:
    one = made(store, ann, "ann")
    put(store, ann, "/a", b"in time")

    app_passwords.revoke(store, ann, "ann", "laptop")

    with store.database.read() as session:
        assert rows.find(session, hash_of(one.secret)) is None
    with pytest.raises(Unauthenticated):
        put(store, ann, "/a", b"late")


def test_unknown_app_password_is_not_revoked_and_ends_nothing(store: Store, ann: Context) -> None:
    with pytest.raises(AccountRefused):
        app_passwords.revoke(store, ann, "ann", "laptop")

    put(store, ann, "/a", b"still here")


def test_making_and_revoking_are_recorded_with_name_and_scope(store: Store, ann: Context) -> None:
    folder = a_collection(store, ann, "/f")
    made(store, ann, "ann", rights=READER, tree=path("/f"), with_digest=True)
    app_passwords.revoke(store, SYSTEM_CONTEXT, "ann", "laptop")

    with store.database.read() as session:
        told = session.all(
            Statement(
                select(audit.c.principal_id, audit.c.action, audit.c.node_id, audit.c.path, audit.c.detail)
                .where(audit.c.action.like("%-app-password"))
                .order_by(audit.c.id)
            )
        )
    assert [(*row[:4], json.loads(row[4])) for row in told] == [
        (
            ann.principal.id,
            "make-app-password",
            folder.id,
            "/f",
            {"name": "laptop", "owner": "ann", "rights": ["read"], "expires_at": None, "with_digest": True},
        ),
        (SYSTEM_CONTEXT.principal.id, "revoke-app-password", None, "/", {"name": "laptop", "owner": "ann"}),
    ]


def test_everybody_group_has_no_app_password(store: Store, root_admin: Context) -> None:
    with pytest.raises(AccountRefused):
        made(store, root_admin, "signed-in")
    with store.database.read() as session:
        assert rows.all_of(session, SIGNED_IN_ID) == []
