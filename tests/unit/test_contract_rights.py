"""What storage and core promise about people: who may see and do what, and that everything done is written down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from tests.builders import (
    CHEAP_PASSWORDS,
    PASSWORD,
    Meanwhile,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    a_user,
    content_of,
    exists,
    holding,
    members_of,
    node_at,
    path,
    put,
    sign_in,
    tree_of,
)

from davgate.core import copying, deleting, documents, locking, moving, tree, upkeep, version_history, versioning
from davgate.core.principals.accounts import NewUser, add_user
from davgate.core.store import Context, Store
from davgate.model.errors import (
    DavgateError,
    Forbidden,
    NotFound,
    ParentMissing,
    Unauthenticated,
)
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.node import ROOT_ID
from davgate.model.principal import SIGNED_IN_ID, SYSTEM_ID
from davgate.model.properties import PropertyUpdate
from davgate.model.rights import EDITOR, READER, Right
from davgate.storage.api import access, accounts
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import access_grant, audit, change, node, principal
from davgate.storage.tables import store as store_table


def execute(store: Store, statement: Statement) -> None:
    with store.database.write() as tx:
        tx.run(statement)
        tx.commit()


def rows(store: Store, statement: Statement) -> list[Row]:
    with store.database.read() as session:
        return session.all(statement)


def grant(store: Store, where: str, ctx: Context, to: Context, rights: Right) -> None:
    with store.database.write() as tx:
        access.grant(tx, node_at(store, ctx, where).id, to.principal.id, rights.value)
        tx.commit()


@pytest.fixture
def no_grant(store: Store) -> Store:
    """A store whose root grant was removed."""
    execute(store, Statement(delete(access_grant)))
    return store


# Rights


def test_fresh_store_grants_editing_to_whoever_signs_in(store: Store) -> None:
    assert rows(store, Statement(select(access_grant.c.node_id, access_grant.c.principal_id, access_grant.c.rights))) == [
        (ROOT_ID, SIGNED_IN_ID, EDITOR.value)
    ]


USES: dict[str, tuple[Callable[[Store, Context], object], type[DavgateError]]] = {
    "read": (lambda store, ctx: content_of(store, ctx, "/f/a"), NotFound),
    "list": (lambda store, ctx: members_of(store, ctx, "/f"), NotFound),
    "list-root": (lambda store, ctx: members_of(store, ctx, "/"), NotFound),
    "history": (lambda store, ctx: version_history.history_of(store, ctx, path("/f/a")), NotFound),
    "version": (lambda store, ctx: versioning.open_version(store, ctx, path("/f/a"), 1), NotFound),
    "put": (lambda store, ctx: put(store, ctx, "/f/a", b"theirs"), ParentMissing),
    "put-new": (lambda store, ctx: put(store, ctx, "/f/new", b"theirs"), ParentMissing),
    "mkcol": (lambda store, ctx: tree.make_collection(store, ctx, path("/f/new")), ParentMissing),
    "mkcol-over": (lambda store, ctx: tree.make_collection(store, ctx, path("/f")), ParentMissing),
    "delete": (lambda store, ctx: deleting.delete(store, ctx, path("/f/a")), NotFound),
    "move": (lambda store, ctx: moving.move(store, ctx, path("/f/a"), path("/b"), overwrite=False), NotFound),
    "copy": (lambda store, ctx: copying.copy(store, ctx, path("/f/a"), path("/b"), overwrite=False), NotFound),
    "proppatch": (
        lambda store, ctx: documents.patch_properties(store, ctx, path("/f/a"), [PropertyUpdate(("", "p"), "<p/>")]),
        NotFound,
    ),
    "lock": (lambda store, ctx: a_lock(store, ctx, "/f/a"), ParentMissing),
    "lock-new": (lambda store, ctx: a_lock(store, ctx, "/f/new"), ParentMissing),
    "unlock": (lambda store, ctx: locking.unlock(store, ctx, path("/f/a"), "t"), NotFound),
    "refresh": (lambda store, ctx: locking.refresh(store, ctx, path("/f/a"), None), NotFound),
    "restore": (lambda store, ctx: versioning.restore(store, ctx, path("/f/a"), 1, path("/b"), overwrite=False), NotFound),
}


@pytest.mark.parametrize("name", USES)
def test_without_a_grant_nothing_is_there(no_grant: Store, ann: Context, root_admin: Context, name: str) -> None:
    a_document(no_grant, root_admin, "/f/a", b"one")
    use, error = USES[name]

    with pytest.raises(error) as caught:
        use(no_grant, ann)

    assert type(caught.value) is error
    assert tree_of(no_grant, root_admin) == {"/f": None, "/f/a": b"one"}


WRITES = {
    "put": (Right.WRITE_CONTENT, "/f/a"),
    "put-new": (Right.BIND, "/f"),
    "mkcol": (Right.BIND, "/f"),
    "delete": (Right.UNBIND, "/f"),
    "move": (Right.UNBIND, "/f"),
    "proppatch": (Right.WRITE_PROPERTIES, "/f/a"),
    "lock": (Right.LOCK, "/f/a"),
    "lock-new": (Right.LOCK | Right.BIND, "/f"),
    "restore": (Right.BIND, "/"),
    "copy": (Right.BIND, "/"),
}
"""Which right each change needs, and on what."""


@pytest.mark.parametrize("name", WRITES)
def test_reader_changes_nothing_until_the_right_is_granted(no_grant: Store, ann: Context, root_admin: Context, name: str) -> None:
    a_document(no_grant, root_admin, "/f/a", b"one")
    grant(no_grant, "/", root_admin, ann, READER)
    use, _ = USES[name]
    needed, where = WRITES[name]

    with pytest.raises(Forbidden):
        use(no_grant, ann)
    assert tree_of(no_grant, root_admin) == {"/f": None, "/f/a": b"one"}

    if name == "move":
        a_collection(no_grant, root_admin, "/b")
        execute(no_grant, Statement(delete(access_grant)))
        grant(no_grant, "/", root_admin, ann, READER | Right.BIND)
        deleting.delete(no_grant, root_admin, path("/b"))
    if where == "/":
        execute(no_grant, Statement(delete(access_grant)))
        grant(no_grant, "/", root_admin, ann, READER | needed)
    else:
        grant(no_grant, where, root_admin, ann, needed)
    use(no_grant, ann)


@pytest.mark.parametrize("where", ["/f", "/f/a"])
def test_grant_holds_for_its_node_and_all_below(
    no_grant: Store, ann: Context, bob: Context, root_admin: Context, where: str
) -> None:
    a_document(no_grant, root_admin, "/f/a", b"one")
    a_document(no_grant, root_admin, "/other", b"other")

    grant(no_grant, where, root_admin, ann, READER)

    assert content_of(no_grant, ann, "/f/a") == b"one"
    assert members_of(no_grant, ann, "/f") == ["a"]
    assert not exists(no_grant, ann, path("/other"))
    assert members_of(no_grant, ann, "/") == ["f"]
    assert not exists(no_grant, bob, path("/f/a"))


def test_administrator_needs_no_grant(no_grant: Store, root_admin: Context) -> None:
    a_document(no_grant, root_admin, "/f/a", b"one")
    moving.move(no_grant, root_admin, path("/f/a"), path("/b"), overwrite=False)

    assert tree_of(no_grant, root_admin) == {"/b": b"one", "/f": None}


def test_editor_of_a_document_alone_does_not_take_it_out_of_its_folder(
    no_grant: Store, ann: Context, root_admin: Context
) -> None:
    a_document(no_grant, root_admin, "/f/a.txt", b"one")
    grant(no_grant, "/", root_admin, ann, READER)
    grant(no_grant, "/f/a.txt", root_admin, ann, EDITOR)

    put(no_grant, ann, "/f/a.txt", b"two")
    for take in (
        lambda: deleting.delete(no_grant, ann, path("/f/a.txt")),
        lambda: moving.move(no_grant, ann, path("/f/a.txt"), path("/f/b.txt"), overwrite=False),
    ):
        with pytest.raises(Forbidden):
            take()


def test_moved_document_is_under_the_grants_of_its_new_place(no_grant: Store, ann: Context, root_admin: Context) -> None:
    a_document(no_grant, root_admin, "/open/a", b"one")
    a_collection(no_grant, root_admin, "/closed")
    grant(no_grant, "/open", root_admin, ann, READER)

    moving.move(no_grant, root_admin, path("/open/a"), path("/closed/a"), overwrite=False)

    assert not exists(no_grant, ann, path("/closed/a"))


# Accounts


def test_first_principals_are_the_system_and_whoever_signs_in(store: Store, ann: Context, bob: Context) -> None:
    assert rows(store, Statement(select(principal.c.id, principal.c.name).order_by(principal.c.id))) == [
        (SIGNED_IN_ID, "signed in"),
        (SYSTEM_ID, "system"),
        (2, "ann"),
        (3, "bob"),
    ]


def test_sign_in_needs_the_right_name_and_password(store: Store, ann: Context) -> None:
    assert sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD) == ann.principal

    for name, password in (("ann", PASSWORD + " "), ("Ann", PASSWORD), ("nobody", PASSWORD), ("system", ""), ("ann", "")):
        with pytest.raises(Unauthenticated):
            sign_in(store, CHEAP_PASSWORDS, name, password)


@pytest.mark.parametrize(
    "new",
    [
        NewUser("ann", PASSWORD),
        NewUser("system", PASSWORD),
        NewUser("signed in", PASSWORD),
        NewUser("bob", "short"),
        NewUser("robert-tables", "robert-tables"),
        NewUser("", PASSWORD),
        NewUser("a:b", PASSWORD),
        NewUser("a/b", PASSWORD),
        NewUser(" a", PASSWORD),
        NewUser("a\0", PASSWORD),
        NewUser("x" * 129, PASSWORD),
    ],
    ids=lambda new: ascii(new.name[:20] + "," + new.password[:5]),
)
def test_unfit_account_is_refused(store: Store, ann: Context, new: NewUser) -> None:
    with pytest.raises(AccountRefused):
        add_user(store, CHEAP_PASSWORDS, new)

    assert len(rows(store, Statement(select(principal.c.id)))) == 3


@pytest.mark.parametrize("name", USES)
def test_sign_in_of_before_a_change_of_the_account_counts_no_more(store: Store, ann: Context, name: str) -> None:
    a_document(store, ann, "/f/a", b"one")
    execute(store, Statement(update(principal).where(principal.c.id == ann.principal.id).values(epoch=principal.c.epoch + 1)))

    with pytest.raises(Unauthenticated):
        USES[name][0](store, ann)

    again = Context(sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD), editing=True)
    assert tree_of(store, again) == {"/f": None, "/f/a": b"one"}


def test_disabled_account_is_shut_out_at_once(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a", b"one")
    execute(store, Statement(update(principal).where(principal.c.id == ann.principal.id).values(is_disabled=1)))

    with pytest.raises(Unauthenticated):
        put(store, ann, "/a", b"two")
    with pytest.raises(Unauthenticated):
        sign_in(store, CHEAP_PASSWORDS, "ann", PASSWORD)
    assert content_of(store, root_admin, "/a") == b"one"


def test_account_changed_while_a_body_arrives_cannot_write(store: Store, ann: Context) -> None:
    def change_account() -> None:
        with store.database.write() as tx:
            accounts.end_sign_ins(tx, ann.principal.id)
            tx.commit()

    with pytest.raises(Unauthenticated):
        documents.put(store, ann, ("a",), Meanwhile(b"late", change_account))


# What is written down

CHANGES = Statement(
    select(change.c.seq, change.c.action, change.c.node_id, change.c.parent_id, change.c.name, change.c.version_no).order_by(
        change.c.seq
    )
)
AUDIT = Statement(
    select(
        audit.c.principal_id, audit.c.action, audit.c.node_id, audit.c.path, audit.c.detail, audit.c.request_id, audit.c.client
    )
    .where(audit.c.action != "add-user")
    .order_by(audit.c.id)
)
COUNTERS = Statement(select(store_table.c.next_id, store_table.c.last_change, store_table.c.stored_bytes))


def test_changes_are_numbered_without_gap_whatever_is_refused(store: Store, ann: Context, bob: Context) -> None:
    folder = a_collection(store, ann, "/f")
    node = a_document(store, ann, "/f/a", b"one", b"two")
    lock = a_lock(store, ann, "/f/a")
    for refused in (lambda: put(store, bob, "/f/a", b"no"), lambda: put(store, bob, "/missing/a", b"no")):
        with pytest.raises(DavgateError):
            refused()
    put(store, holding(ann, lock), "/f/a", b"two")
    moving.move(store, holding(ann, lock), path("/f/a"), path("/b"), overwrite=False)
    deleting.delete(store, ann, path("/b"))

    assert rows(store, CHANGES) == [
        (1, "create", folder.id, ROOT_ID, "f", 0),
        (2, "create", node.id, folder.id, "a", 1),
        (3, "content", node.id, folder.id, "a", 2),
        (4, "move-away", node.id, folder.id, "a", 2),
        (5, "move-in", node.id, ROOT_ID, "b", 2),
        (6, "delete", node.id, ROOT_ID, "b", 2),
    ]
    assert rows(store, COUNTERS) == [(node.id + 1, 6, 6)]


def test_refused_requests_leave_no_trace(store: Store, ann: Context, bob: Context) -> None:
    a_document(store, ann, "/a", b"one")
    a_lock(store, ann, "/a")
    before = (rows(store, CHANGES), rows(store, AUDIT), rows(store, COUNTERS))

    for use in (
        lambda: put(store, bob, "/a", b"no"),
        lambda: deleting.delete(store, bob, path("/a")),
        lambda: moving.move(store, bob, path("/a"), path("/b"), overwrite=False),
        lambda: a_lock(store, bob, "/a"),
        lambda: tree.make_collection(store, bob, path("/a")),
        lambda: copying.copy(store, bob, path("/missing"), path("/b"), overwrite=False),
    ):
        with pytest.raises(DavgateError):
            use()

    assert (rows(store, CHANGES), rows(store, AUDIT), rows(store, COUNTERS)) == before


def test_audit_tells_who_did_what_from_where(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    ann = replace(ann, request_id="r-1", client="192.0.2.1 curl")
    node = a_document(store, ann, "/a", b"one", b"two")
    lock = a_lock(store, ann, "/a")
    locking.unlock(store, root_admin, path("/a"), lock.token)
    copying.copy(store, bob, path("/a"), path("/f"), overwrite=False)
    moving.move(store, bob, path("/a"), path("/b"), overwrite=False)

    told = rows(store, AUDIT)

    assert [row[:2] for row in told] == [
        (ann.principal.id, "create"),
        (ann.principal.id, "save"),
        (ann.principal.id, "lock"),
        (root_admin.principal.id, "break-lock"),
        (bob.principal.id, "copy"),
        (bob.principal.id, "move"),
    ]
    assert {row[2] for row in told} == {node.id}
    assert {row[3] for row in told} == {"/a"}
    assert told[0][5:] == ("r-1", "192.0.2.1 curl")
    assert told[3][5:] == ("", "")
    assert json.loads(told[4][4])["to"] == "/f"
    assert json.loads(told[5][4])["to"] == "/b"


def test_what_nobody_asked_for_is_the_system_s_doing(store: Store, ann: Context, clock: SettableClock) -> None:
    node = put(store, ann, "/a", b"").node
    clock.advance(timedelta(hours=1))

    upkeep.tidy(store)

    assert rows(store, AUDIT)[-1][:3] == (SYSTEM_ID, "settle", node.id)


def test_ids_are_never_given_twice(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a", b"one")
    a_document(store, ann, "/f/b", b"two")
    copying.copy(store, ann, path("/f"), path("/g"), overwrite=False)
    deleting.delete(store, ann, path("/g"))
    put(store, ann, "/c", b"three")

    ids = [row[0] for row in rows(store, Statement(select(node.c.id).order_by(node.c.id)))]

    assert ids == list(range(1, 9))
    assert rows(store, COUNTERS)[0][0] == 9


def test_users_of_one_store_see_each_other_s_work(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")

    assert content_of(store, a_user(store, "carol"), "/a") == b"one"
