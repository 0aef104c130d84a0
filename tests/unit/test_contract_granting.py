"""What core promises about giving and taking rights: nobody gives or takes more than they hold, nobody locks everybody out, and
what is told of rights is what decides."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.builders import (
    CHEAP_PASSWORDS,
    PASSWORD,
    Meanwhile,
    SettableClock,
    a_collection,
    a_document,
    a_user,
    exists,
    node_at,
    path,
    sign_in,
)

from davgate.core import documents
from davgate.core.principals import accounts, app_passwords, groups
from davgate.core.principals.app_passwords import NewAppPassword
from davgate.core.principals.granting import close, explain, grant, grants, open_again, revoke
from davgate.core.rights import rights_of
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Forbidden, NotFound, Unauthenticated
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.node import ROOT_ID
from davgate.model.principal import PrincipalKind
from davgate.model.rights import (
    CONTRIBUTOR,
    DROP_BOX,
    EDITOR,
    EVERYTHING,
    MANAGER,
    NO_RIGHTS,
    OWN_RIGHTS,
    READER,
    ROLES,
    Right,
    Scope,
    names_of,
)
from davgate.storage.statements import Statement
from davgate.storage.tables import audit, change

ROOT, FOLDER, DOCUMENT = path("/"), path("/f"), path("/f/a")
_AUDIT = Statement(
    select(audit.c.principal_id, audit.c.action, audit.c.path, audit.c.detail)
    .where(audit.c.action.in_(("grant", "revoke", "close", "open")))
    .order_by(audit.c.id)
)
_CHANGES = Statement(
    select(change.c.action, change.c.node_id, change.c.parent_id, change.c.name)
    .where(change.c.action == "access")
    .order_by(change.c.seq)
)


@pytest.fixture
def tree(store: Store, root_admin: Context) -> Store:
    """A store with ``/f/a`` of an administrator, of which everybody may do what the fresh store grants."""
    a_document(store, root_admin, "/f/a", b"one")
    return store


@pytest.fixture
def shut(tree: Store) -> Store:
    """The same without the fresh store's grant."""
    revoke(tree, SYSTEM_CONTEXT, ROOT, "signed-in")
    return tree


def may(store: Store, who: str, where: str = "/f/a") -> Right:
    return explain(store, SYSTEM_CONTEXT, path(where), who).rights


def restricted(ctx: Context, scope: Scope) -> Context:
    return replace(ctx, principal=replace(ctx.principal, scope=scope))


# The fresh store's grant


@pytest.mark.parametrize("name", ["signed in", "signed-in"])
def test_removing_one_ordinary_grant_closes_a_fresh_store(store: Store, ann: Context, root_admin: Context, name: str) -> None:
    a_document(store, ann, "/a", b"one")

    assert revoke(store, root_admin, ROOT, name) == EDITOR

    assert not exists(store, ann, path("/a"))
    with pytest.raises(NotFound):
        grants(store, ann, path("/a"))
    assert exists(store, root_admin, path("/a"))
    grant(store, root_admin, ROOT, name, EDITOR)
    assert exists(store, ann, path("/a"))


# Giving and taking


@pytest.mark.parametrize("role", ROLES)
def test_role_gives_its_rights_at_the_node_and_below_from_the_commit_on(shut: Store, ann: Context, role: str) -> None:
    assert may(shut, "ann") == may(shut, "ann", "/f") == NO_RIGHTS

    assert grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", ROLES[role]) == NO_RIGHTS

    assert may(shut, "ann") == may(shut, "ann", "/f") == ROLES[role]
    assert may(shut, "ann", "/") == NO_RIGHTS
    assert exists(shut, ann, path("/f/a")) == (Right.READ in ROLES[role])


def test_grant_replaces_what_the_same_principal_had_there(shut: Store, ann: Context) -> None:
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", EDITOR)

    assert grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", READER) == EDITOR

    assert may(shut, "ann") == READER
    assert [[one.rights for one in place.grants] for place in grants(shut, SYSTEM_CONTEXT, FOLDER)] == [[], [READER.value]]


def test_unknown_principal_and_davgate_itself_are_granted_nothing(tree: Store) -> None:
    for who in ("nobody", "system", ""):
        with pytest.raises(AccountRefused):
            grant(tree, SYSTEM_CONTEXT, FOLDER, who, READER)


def test_what_is_so_already_is_not_recorded(tree: Store, ann: Context) -> None:
    grant(tree, SYSTEM_CONTEXT, FOLDER, "ann", READER)
    close(tree, SYSTEM_CONTEXT, FOLDER)
    with tree.database.read() as session:
        before = session.all(_AUDIT), session.all(_CHANGES)

    assert grant(tree, SYSTEM_CONTEXT, FOLDER, "ann", READER) == READER
    assert revoke(tree, SYSTEM_CONTEXT, DOCUMENT, "ann") == NO_RIGHTS
    assert not close(tree, SYSTEM_CONTEXT, FOLDER)
    assert not open_again(tree, SYSTEM_CONTEXT, DOCUMENT)

    with tree.database.read() as session:
        assert (session.all(_AUDIT), session.all(_CHANGES)) == before


def test_each_change_is_recorded_and_told_to_sync_clients(tree: Store, ann: Context, root_admin: Context) -> None:
    folder, root = node_at(tree, root_admin, "/f").id, root_admin.principal.id

    grant(tree, root_admin, FOLDER, "ann", READER)
    grant(tree, root_admin, FOLDER, "ann", DROP_BOX)
    close(tree, root_admin, FOLDER)
    open_again(tree, root_admin, FOLDER)
    revoke(tree, root_admin, FOLDER, "ann")
    revoke(tree, SYSTEM_CONTEXT, ROOT, "signed-in")

    with tree.database.read() as session:
        told, changes = session.all(_AUDIT), session.all(_CHANGES)
    assert [(*row[:3], json.loads(row[3])) for row in told] == [
        (root, "grant", "/f", {"who": "ann", "rights": ["read"], "before": []}),
        (root, "grant", "/f", {"who": "ann", "rights": ["bind", "own"], "before": ["read"]}),
        (root, "close", "/f", {}),
        (root, "open", "/f", {}),
        (root, "revoke", "/f", {"who": "ann", "rights": [], "before": ["bind", "own"]}),
        (1, "revoke", "/", {"who": "signed in", "rights": [], "before": names_of(EDITOR)}),
    ]
    assert changes == [("access", folder, ROOT_ID, "f")] * 5 + [("access", ROOT_ID, None, None)]


# Who may


@pytest.mark.parametrize("rights", [READER, EDITOR, CONTRIBUTOR, EVERYTHING & ~(Right.WRITE_ACL | Right.MANAGE)])
def test_without_write_acl_nothing_is_granted_closed_or_opened(shut: Store, ann: Context, rights: Right) -> None:
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", rights)

    for act in (
        lambda: grant(shut, ann, FOLDER, "ann", MANAGER),
        lambda: revoke(shut, ann, FOLDER, "ann"),
        lambda: close(shut, ann, FOLDER),
        lambda: open_again(shut, ann, FOLDER),
    ):
        with pytest.raises(Forbidden):
            act()

    assert may(shut, "ann", "/f") == rights


def test_what_one_may_not_see_does_not_exist_for_whoever_grants(shut: Store, ann: Context) -> None:
    for where in ("/f", "/f/a", "/missing"):
        for act in (grant, explain):
            with pytest.raises(NotFound):
                act(shut, ann, path(where), "ann", *([READER] if act is grant else []))
        with pytest.raises(NotFound):
            close(shut, ann, path(where))
        with pytest.raises(NotFound):
            grants(shut, ann, path(where))


def test_holder_of_write_acl_gives_and_takes_only_rights_it_holds(shut: Store, ann: Context, bob: Context) -> None:
    held = Right.READ | Right.READ_ACL | Right.WRITE_ACL | Right.BIND
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", held)

    for right in Right:
        if right in held:
            grant(shut, ann, FOLDER, "bob", right)
            revoke(shut, ann, FOLDER, "bob")
            continue
        with pytest.raises(Forbidden, match="you lack"):
            grant(shut, ann, FOLDER, "bob", right)
        with pytest.raises(Forbidden):
            grant(shut, ann, FOLDER, "ann", held | right)
        grant(shut, SYSTEM_CONTEXT, FOLDER, "bob", right | Right.READ)
        with pytest.raises(Forbidden):
            revoke(shut, ann, FOLDER, "bob")
        grant(shut, ann, FOLDER, "bob", right | Right.BIND)
        revoke(shut, SYSTEM_CONTEXT, FOLDER, "bob")

    assert may(shut, "ann", "/f") == held


def test_tree_administrator_decides_about_everything_in_the_tree_and_nothing_above(
    shut: Store, ann: Context, bob: Context
) -> None:
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", MANAGER)

    grant(shut, ann, DOCUMENT, "bob", MANAGER)
    close(shut, ann, DOCUMENT)

    assert may(shut, "bob") == may(shut, "ann") == EVERYTHING
    with pytest.raises(NotFound):
        grant(shut, ann, ROOT, "ann", READER)


def test_rights_on_what_one_made_are_not_given_to_others(shut: Store, ann: Context, bob: Context) -> None:
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", CONTRIBUTOR | Right.WRITE_ACL)
    a_document(shut, ann, "/f/own", b"one")

    with pytest.raises(Forbidden):
        grant(shut, ann, path("/f/own"), "bob", Right.WRITE_CONTENT)
    grant(shut, ann, path("/f/own"), "bob", CONTRIBUTOR)


def test_whoever_holds_all_that_own_means_may_give_it(shut: Store, ann: Context, bob: Context) -> None:
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", EDITOR | Right.WRITE_ACL)

    grant(shut, ann, FOLDER, "bob", CONTRIBUTOR)

    assert may(shut, "bob") == CONTRIBUTOR


def test_restricted_sign_in_gives_no_more_than_its_password_allows(tree: Store, root_admin: Context, bob: Context) -> None:
    folder = node_at(tree, root_admin, "/f").id
    reading = restricted(root_admin, Scope(READER | Right.WRITE_ACL))
    in_folder = restricted(root_admin, Scope(EVERYTHING, folder))

    with pytest.raises(Forbidden):
        grant(tree, restricted(root_admin, Scope(READER)), FOLDER, "bob", READER)
    with pytest.raises(Forbidden):
        grant(tree, reading, FOLDER, "bob", EDITOR)
    grant(tree, reading, FOLDER, "bob", READER)
    with pytest.raises(NotFound):
        grant(tree, in_folder, ROOT, "bob", READER)
    grant(tree, in_folder, DOCUMENT, "bob", MANAGER)


def test_account_changed_since_its_sign_in_grants_nothing(tree: Store, root_admin: Context, ann: Context) -> None:
    a_user(tree, "second", is_admin=True)
    accounts.set_admin(tree, SYSTEM_CONTEXT, "root", is_admin=False)

    with pytest.raises(Unauthenticated):
        grant(tree, root_admin, FOLDER, "ann", MANAGER)


# Closing and opening


def test_closed_node_ends_rights_from_above_and_open_one_has_them_again(tree: Store, ann: Context, root_admin: Context) -> None:
    assert close(tree, root_admin, FOLDER)
    assert may(tree, "ann") == may(tree, "ann", "/f") == NO_RIGHTS
    assert not exists(tree, ann, path("/f/a"))
    grant(tree, root_admin, FOLDER, "ann", READER)
    assert may(tree, "ann") == READER

    assert open_again(tree, root_admin, FOLDER)
    assert may(tree, "ann") == EDITOR


def test_whoever_closes_keeps_what_they_hold_there(shut: Store, ann: Context, bob: Context) -> None:
    held = EDITOR | Right.READ_ACL | Right.WRITE_ACL
    grant(shut, SYSTEM_CONTEXT, ROOT, "ann", held)
    grant(shut, SYSTEM_CONTEXT, ROOT, "bob", EDITOR)

    close(shut, ann, FOLDER)

    assert (may(shut, "ann"), may(shut, "bob")) == (held, NO_RIGHTS)
    assert open_again(shut, ann, FOLDER)


def test_closing_adds_to_what_whoever_closes_was_granted_there(shut: Store, ann: Context) -> None:
    grant(shut, SYSTEM_CONTEXT, ROOT, "ann", READER | Right.WRITE_ACL)
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", Right.BIND)

    close(shut, ann, FOLDER)

    assert may(shut, "ann", "/f") == READER | Right.WRITE_ACL | Right.BIND


def test_manager_from_above_needs_no_grant_of_its_own_to_close(shut: Store, ann: Context) -> None:
    grant(shut, SYSTEM_CONTEXT, ROOT, "ann", MANAGER)

    close(shut, ann, FOLDER)

    assert may(shut, "ann") == EVERYTHING
    assert grants(shut, ann, FOLDER)[1].grants == ()


def test_closing_takes_no_rights_away_that_whoever_closes_does_not_hold(shut: Store, ann: Context, bob: Context) -> None:
    grant(shut, SYSTEM_CONTEXT, ROOT, "bob", EDITOR)
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", READER | Right.WRITE_ACL)

    with pytest.raises(Forbidden):
        close(shut, ann, FOLDER)

    assert may(shut, "bob") == EDITOR


def test_opening_gives_nobody_rights_that_whoever_opens_does_not_hold(tree: Store, ann: Context, root_admin: Context) -> None:
    close(tree, root_admin, FOLDER)
    grant(tree, root_admin, FOLDER, "ann", READER | Right.WRITE_ACL)

    with pytest.raises(Forbidden):
        open_again(tree, ann, FOLDER)

    assert may(tree, "ann") == READER | Right.WRITE_ACL


def test_rights_that_end_further_up_do_not_hinder_opening(tree: Store, ann: Context, root_admin: Context) -> None:
    close(tree, root_admin, FOLDER)
    close(tree, root_admin, DOCUMENT)
    grant(tree, root_admin, DOCUMENT, "ann", READER | Right.WRITE_ACL)

    assert open_again(tree, ann, DOCUMENT)


def test_nobody_is_left_to_manage_what_would_be_closed_without_administrator(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a", b"one")

    with pytest.raises(Forbidden, match="Nobody could manage"):
        close(store, SYSTEM_CONTEXT, FOLDER)
    assert exists(store, ann, path("/f/a"))

    grant(store, SYSTEM_CONTEXT, FOLDER, "ann", MANAGER)
    assert close(store, SYSTEM_CONTEXT, FOLDER)
    assert may(store, "ann") == EVERYTHING


def test_root_is_not_closed_for_nothing_is_above_it(store: Store, root_admin: Context) -> None:
    with pytest.raises(Forbidden, match="remove the grants on the root"):
        close(store, root_admin, ROOT)


# Telling


def test_grants_are_listed_from_the_root_down_with_where_inheritance_ends(tree: Store, ann: Context, root_admin: Context) -> None:
    grant(tree, root_admin, FOLDER, "ann", READER)
    grant(tree, root_admin, FOLDER, "root", DROP_BOX)
    close(tree, root_admin, FOLDER)

    told = [
        (place.path, place.is_closed, [(one.principal_name, Right(one.rights)) for one in place.grants])
        for place in grants(tree, root_admin, DOCUMENT)
    ]

    assert told == [
        (ROOT, False, [("signed in", EDITOR)]),
        (FOLDER, True, [("ann", READER), ("root", DROP_BOX)]),
        (DOCUMENT, False, []),
    ]


def test_grants_are_listed_only_for_holders_of_read_acl(tree: Store, ann: Context, bob: Context) -> None:
    with pytest.raises(Forbidden):
        grants(tree, ann, FOLDER)
    with pytest.raises(Forbidden):
        explain(tree, ann, FOLDER, "bob")

    grant(tree, SYSTEM_CONTEXT, FOLDER, "ann", READER | Right.READ_ACL)

    assert len(grants(tree, ann, FOLDER)) == 2
    assert explain(tree, ann, FOLDER, "bob").rights == EDITOR


def test_everybody_may_ask_about_themselves(tree: Store, ann: Context) -> None:
    assert explain(tree, ann, DOCUMENT, "ann").rights == EDITOR


def test_explanation_names_groups_closed_nodes_and_grants_that_ended(tree: Store, ann: Context) -> None:
    groups.add(tree, SYSTEM_CONTEXT, "team")
    groups.add(tree, SYSTEM_CONTEXT, "house")
    groups.join(tree, SYSTEM_CONTEXT, "team", "ann")
    groups.join(tree, SYSTEM_CONTEXT, "house", "team")
    grant(tree, SYSTEM_CONTEXT, ROOT, "house", MANAGER)
    grant(tree, SYSTEM_CONTEXT, FOLDER, "house", READER)
    grant(tree, SYSTEM_CONTEXT, DOCUMENT, "ann", DROP_BOX)
    close(tree, SYSTEM_CONTEXT, FOLDER)

    told = explain(tree, SYSTEM_CONTEXT, DOCUMENT, "ann")

    assert told.rights == EVERYTHING
    assert {(one.path, one.by, one.rights, one.ended_at) for one in told.reasons} == {
        (ROOT, "signed in", EDITOR, FOLDER),
        (ROOT, "house", MANAGER, None),
        (FOLDER, "house", READER, None),
        (DOCUMENT, "", DROP_BOX, None),
    }
    assert (told.is_admin, told.is_maker, told.is_shut_out, told.scope) == (False, False, False, Scope())


def test_explanation_tells_of_administrators_makers_and_who_is_shut_out(shut: Store, root_admin: Context, ann: Context) -> None:
    grant(shut, SYSTEM_CONTEXT, FOLDER, "ann", DROP_BOX)
    a_document(shut, ann, "/f/own", b"one")

    assert explain(shut, root_admin, DOCUMENT, "root").is_admin
    own = explain(shut, root_admin, path("/f/own"), "ann")
    assert (own.is_maker, own.rights) == (True, DROP_BOX | OWN_RIGHTS)
    assert explain(shut, root_admin, DOCUMENT, "ann").rights == DROP_BOX

    accounts.set_disabled(shut, root_admin, "ann", PrincipalKind.USER, is_disabled=True)
    out = explain(shut, root_admin, path("/f/own"), "ann")
    assert (out.is_shut_out, out.rights) == (True, NO_RIGHTS)


def test_expired_account_is_explained_as_shut_out(tree: Store, ann: Context, clock: SettableClock) -> None:
    accounts.set_expiry(tree, SYSTEM_CONTEXT, "ann", PrincipalKind.USER, clock.now())

    assert explain(tree, SYSTEM_CONTEXT, DOCUMENT, "ann").is_shut_out


def test_app_password_is_explained_by_its_rights_and_tree(tree: Store, ann: Context, bob: Context) -> None:
    a_collection(tree, ann, "/g")
    app_passwords.make(tree, ann, "ann", NewAppPassword("scanner", DROP_BOX | Right.READ, path("/g")))

    inside = explain(tree, ann, path("/g"), "ann", "scanner")
    outside = explain(tree, ann, DOCUMENT, "ann", "scanner")

    # She made the folder, so that what OWN stands for is allowed there too.
    assert (inside.rights, inside.is_in_scope) == (EDITOR, True)
    assert (outside.rights, outside.is_in_scope) == (NO_RIGHTS, False)
    with pytest.raises(AccountRefused):
        explain(tree, ann, DOCUMENT, "ann", "other")
    with pytest.raises(Forbidden):
        explain(tree, bob, DOCUMENT, "ann", "scanner")


def test_group_and_everybody_are_explained_too(tree: Store, root_admin: Context) -> None:
    groups.add(tree, root_admin, "team")
    grant(tree, root_admin, FOLDER, "team", Right.READ_ACL)

    assert explain(tree, root_admin, DOCUMENT, "team").rights == EDITOR | Right.READ_ACL
    assert explain(tree, root_admin, DOCUMENT, "signed-in").rights == EDITOR


@pytest.mark.parametrize("seed", range(6))
def test_explanation_is_what_decides(store: Store, root_admin: Context, seed: int) -> None:
    """Grants, groups and closed folders at random: what is told is what the check of a request finds."""
    chance = random.Random(seed)
    people = ["ann", "bob", "cat"]
    for name in people:
        a_user(store, name)
    for name in ("team", "house", "other"):
        groups.add(store, SYSTEM_CONTEXT, name)
    groups.join(store, SYSTEM_CONTEXT, "house", "team")
    for name in people:
        groups.join(store, SYSTEM_CONTEXT, chance.choice(("team", "house", "other")), name)
    grant(store, SYSTEM_CONTEXT, ROOT, "signed-in", EDITOR)
    places = ["/", "/a", "/a/b", "/a/b/c", "/d", "/d/e"]
    for where in places[1:]:
        a_collection(store, Context(sign_in(store, CHEAP_PASSWORDS, chance.choice(people), PASSWORD)), where)
    for _ in range(12):
        who = chance.choice((*people, "team", "house", "other", "signed-in"))
        grant(store, SYSTEM_CONTEXT, path(chance.choice(places)), who, Right(chance.randrange(1, EVERYTHING.value)))
    for where in chance.sample(places[1:], 2):
        close(store, SYSTEM_CONTEXT, path(where))

    for name in people:
        ctx = Context(sign_in(store, CHEAP_PASSWORDS, name, PASSWORD))
        ids = {where: node_at(store, root_admin, where).id for where in places}
        with store.database.read() as session:
            decided = rights_of(session, ctx, ids.values())
        for where in places:
            assert may(store, name, where) == decided[ids[where]], (name, where)


@pytest.mark.parametrize("seed", range(8))
def test_nobody_gives_or_takes_what_they_do_not_hold(store: Store, root_admin: Context, seed: int) -> None:
    """Whatever people try with the rights that they have: no right changes anywhere that the one who acts does not hold there."""
    chance = random.Random(seed)
    people = {name: a_user(store, name) for name in ("ann", "bob", "cat")}
    places = ["/", "/a", "/a/b", "/a/b/c", "/d"]
    ids = {where: a_collection(store, root_admin, where).id if path(where) else ROOT_ID for where in places}
    revoke(store, root_admin, ROOT, "signed-in")
    starting = READER | Right.WRITE_ACL
    for name in people:
        for where in chance.sample(places, 2):
            some = Right(chance.randrange(EVERYTHING.value)) & ~Right.MANAGE
            grant(store, root_admin, path(where), name, starting | (MANAGER if chance.random() < 0.2 else some))
    close(store, root_admin, path(chance.choice(places[1:])))

    def held() -> dict[str, dict[int, Right]]:
        with store.database.read() as session:
            return {name: rights_of(session, ctx, ids.values()) for name, ctx in people.items()}

    before, done = held(), 0
    for _ in range(60):
        actor, where = chance.choice([*people]), path(chance.choice(places))
        try:
            match chance.randrange(4):
                case 0:
                    close(store, people[actor], where)
                case 1:
                    open_again(store, people[actor], where)
                case _:
                    rights = chance.choice([*ROLES.values(), NO_RIGHTS, Right(chance.randrange(EVERYTHING.value))])
                    grant(store, people[actor], where, chance.choice([*people]), rights)
        except (Forbidden, NotFound):
            assert held() == before
            continue
        after, done = held(), done + 1
        for name in people:
            for node_id in ids.values():
                may_change = before[actor][node_id]
                may_change |= Right.OWN if OWN_RIGHTS in may_change else NO_RIGHTS
                assert (before[name][node_id] ^ after[name][node_id]) & ~may_change == NO_RIGHTS, (actor, where, name)
        before = after
    assert done > 2


def test_right_taken_while_a_body_arrives_refuses_it(tree: Store, ann: Context) -> None:
    def take() -> None:
        grant(tree, SYSTEM_CONTEXT, ROOT, "signed-in", READER)

    with pytest.raises(Forbidden):
        documents.put(tree, ann, path("/f/b"), Meanwhile(b"late", take))

    assert not exists(tree, ann, path("/f/b"))
