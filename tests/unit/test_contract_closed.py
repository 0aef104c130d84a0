"""What is closed to a principal is nowhere: not listed, read, copied, taken away, followed, nor found in the past or the trash.

The same for what lies outside the tree that a password is restricted to, and for what others brought to a drop-box.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import (
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    exists,
    members_of,
    node_at,
    path,
    put,
    tree_of,
)

from davgate.core import (
    changes,
    checking_out,
    copying,
    deleting,
    documents,
    erasing,
    exporting,
    locking,
    marking,
    moving,
    purging,
    rescue_copies,
    thinning,
    time_travel,
    trash,
    tree,
    version_history,
    versioning,
)
from davgate.core.changes import Asked
from davgate.core.recording import change_of, record
from davgate.core.store import Context, Store
from davgate.model.errors import DavgateError, Forbidden, Held, NotFound, NotTheLockOwner, ParentMissing, Unauthenticated
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.instant import after
from davgate.model.locks import Depth
from davgate.model.principal import SIGNED_IN_ID
from davgate.model.rights import CONTRIBUTOR, DROP_BOX, EDITOR, MANAGER, NO_RIGHTS, READER, Right, Scope
from davgate.storage.api import access

SECRET = "secret-name"


def grant(store: Store, root: Context, where: str, to: Context | int, rights: Right) -> None:
    node = node_at(store, root, where)
    with store.database.write() as tx:
        access.grant(tx, node.id, to if isinstance(to, int) else to.principal.id, rights.value)
        record(tx, root, "grant", path(where), node.id, change_of("access", node))
        tx.commit()


def close(store: Store, root: Context, where: str, *, is_closed: bool = True) -> None:
    node = node_at(store, root, where)
    with store.database.write() as tx:
        access.set_closed(tx, node.id, is_closed=is_closed)
        record(tx, root, "close" if is_closed else "open", path(where), node.id, change_of("access", node))
        tx.commit()


@pytest.fixture
def ann(ann: Context) -> Context:
    """A person whose requests are not those of a program that saves: what they name is what they mean."""
    return replace(ann, editing=False)


@pytest.fixture
def closed(store: Store, ann: Context, root_admin: Context) -> Store:
    """A store in which /f/secret-name is closed to everybody but administrators; /f is open."""
    a_document(store, root_admin, "/f/open.txt", b"open")
    a_document(store, root_admin, f"/f/{SECRET}/in/it.txt", b"hidden")
    close(store, root_admin, f"/f/{SECRET}")
    return store


PLACES = [f"/f/{SECRET}", f"/f/{SECRET}/in", f"/f/{SECRET}/in/it.txt"]

USES: dict[str, Callable[[Store, Context, str], object]] = {
    "read": lambda store, ctx, at: documents.open_content(store, ctx, path(at)),
    "list": lambda store, ctx, at: members_of(store, ctx, at),
    "version": lambda store, ctx, at: versioning.open_version(store, ctx, path(at), 1),
    "versions-folder": lambda store, ctx, at: versioning.documents_with_versions(store, ctx, path(at)),
    "delete": lambda store, ctx, at: deleting.delete(store, ctx, path(at)),
    "move": lambda store, ctx, at: moving.move(store, ctx, path(at), path("/mine"), overwrite=True),
    "copy": lambda store, ctx, at: copying.copy(store, ctx, path(at), path("/mine"), overwrite=True),
    "properties": lambda store, ctx, at: documents.patch_properties(store, ctx, path(at), []),
    "unlock": lambda store, ctx, at: locking.unlock(store, ctx, path(at), "t"),
    "locks": lambda store, ctx, at: locking.standing(store, ctx, path(at)),
    "check-out": lambda store, ctx, at: checking_out.check_out(store, ctx, path(at)),
    "check-in": lambda store, ctx, at: checking_out.check_in(store, ctx, path(at)),
    "cancel": lambda store, ctx, at: checking_out.cancel(store, ctx, path(at)),
    "pin": lambda store, ctx, at: marking.pin(store, ctx, path(at), 1),
    "follow": lambda store, ctx, at: changes.missed(store, ctx, path(at), Asked("", deep=True)),
    "export": lambda store, ctx, at: exporting.nodes_of(store, ctx, path(at)),
    "erase": lambda store, ctx, at: erasing.erase(store, ctx, at, "because"),
    "facts": lambda store, ctx, at: version_history.history_of(store, ctx, path(at)),
    "put": lambda store, ctx, at: put(store, ctx, at, b"mine"),
    "make": lambda store, ctx, at: tree.make_collection(store, ctx, path(at)),
    "lock": lambda store, ctx, at: a_lock(store, ctx, at),
    "put-below": lambda store, ctx, at: put(store, ctx, f"{at}/new", b"mine"),
    "move-onto": lambda store, ctx, at: moving.move(store, ctx, path("/f/open.txt"), path(at), overwrite=True),
    "copy-onto": lambda store, ctx, at: copying.copy(store, ctx, path("/f/open.txt"), path(at), overwrite=True),
    "past": lambda store, ctx, at: time_travel.open_content(store, ctx, store.clock.now(), path(at)),
}


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("use", USES)
def test_what_is_closed_does_not_exist(closed: Store, ann: Context, root_admin: Context, use: str, where: str) -> None:
    before = tree_of(closed, root_admin)

    with pytest.raises((NotFound, ParentMissing, Forbidden)) as caught:
        USES[use](closed, ann, where)

    if isinstance(caught.value, Forbidden):
        # The name is taken: that cannot be hidden from who wants to give it.
        assert where == PLACES[0]
        assert "may not use this name" in str(caught.value)
    assert tree_of(closed, root_admin) == before


def test_listing_leaves_out_what_is_closed(closed: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    grant(closed, root_admin, f"/f/{SECRET}", bob, READER)

    assert members_of(closed, ann, "/f") == ["open.txt"]
    assert members_of(closed, bob, "/f") == ["open.txt", SECRET]
    assert members_of(closed, root_admin, "/f") == ["open.txt", SECRET]
    assert content_of(closed, bob, PLACES[-1]) == b"hidden"
    with pytest.raises(Forbidden):
        put(closed, bob, PLACES[-1], b"mine")


def test_folder_opened_again_is_as_it_was(closed: Store, ann: Context, root_admin: Context) -> None:
    close(closed, root_admin, f"/f/{SECRET}", is_closed=False)

    assert content_of(closed, ann, PLACES[-1]) == b"hidden"


def test_copy_of_a_folder_leaves_out_what_is_closed_to_who_copies(closed: Store, ann: Context, root_admin: Context) -> None:
    copying.copy(closed, ann, path("/f"), path("/copied"), overwrite=False)
    copying.copy(closed, root_admin, path("/f"), path("/whole"), overwrite=False)

    found = tree_of(closed, root_admin)
    assert [where for where in found if where.startswith("/copied")] == ["/copied", "/copied/open.txt"]
    assert found[f"/whole/{SECRET}/in/it.txt"] == b"hidden"


def test_folder_with_something_closed_in_it_is_not_taken_away(closed: Store, ann: Context, root_admin: Context) -> None:
    a_document(closed, ann, "/other.txt", b"other")
    before = tree_of(closed, root_admin)

    for use in (
        lambda: deleting.delete(closed, ann, path("/f")),
        lambda: moving.move(closed, ann, path("/f"), path("/elsewhere"), overwrite=False),
        lambda: copying.copy(closed, ann, path("/other.txt"), path("/f"), overwrite=True),
        lambda: moving.move(closed, ann, path("/other.txt"), path("/f"), overwrite=True),
    ):
        with pytest.raises(Forbidden) as caught:
            use()
        assert SECRET not in str(caught.value)
    assert tree_of(closed, root_admin) == before

    grant(closed, root_admin, f"/f/{SECRET}", ann, EDITOR)
    deleting.delete(closed, ann, path("/f"))
    assert not exists(closed, root_admin, path("/f"))


def test_who_may_only_read_what_is_closed_does_not_take_it_away(closed: Store, ann: Context, root_admin: Context) -> None:
    grant(closed, root_admin, f"/f/{SECRET}", ann, READER)

    for where in (f"/f/{SECRET}", "/f"):
        with pytest.raises(Forbidden):
            deleting.delete(closed, ann, path(where))


def test_deleted_closed_folder_is_in_the_trash_of_those_alone_who_could_read_it(
    closed: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    grant(closed, root_admin, f"/f/{SECRET}", bob, EDITOR)
    deleting.delete(closed, bob, path(f"/f/{SECRET}"))

    assert trash.entries(closed, ann) == []
    (entry,) = trash.entries(closed, bob)
    for use in (
        lambda: trash.show(closed, ann, entry.node.id, ()),
        lambda: trash.restore(closed, ann, entry.node.id),
        lambda: trash.copy_out(closed, ann, entry.node.id, ("in", "it.txt"), path("/mine"), overwrite=False),
        lambda: purging.purge(closed, ann, entry.node.id),
    ):
        with pytest.raises(NotFound):
            use()
    trash.restore(closed, bob, entry.node.id)
    assert members_of(closed, ann, "/f") == ["open.txt"]


def test_closed_folder_in_a_deleted_one_stays_closed(closed: Store, ann: Context, root_admin: Context) -> None:
    deleting.delete(closed, root_admin, path("/f"))
    (entry,) = trash.entries(closed, ann)

    assert [row[4] for row in trash.show(closed, ann, entry.node.id, ())[2]] == ["open.txt"]
    with pytest.raises(NotFound):
        trash.show(closed, ann, entry.node.id, (SECRET,))
    with pytest.raises(NotFound):
        trash.open_content(closed, ann, entry.node.id, (SECRET, "in", "it.txt"))
    trash.copy_out(closed, ann, entry.node.id, (), path("/copied"), overwrite=False)
    assert members_of(closed, root_admin, "/copied") == ["open.txt"]


def test_past_is_seen_with_the_rights_of_today(store: Store, ann: Context, root_admin: Context, clock: SettableClock) -> None:
    a_document(store, root_admin, "/f/a.txt", b"open then")
    a_document(store, root_admin, "/f/sub/b.txt", b"open then, too")
    a_collection(store, root_admin, "/vault")
    clock.advance(timedelta(minutes=1))
    then = clock.now()
    clock.advance(timedelta(minutes=1))
    assert time_travel.open_content(store, ann, then, path("/f/a.txt")) is not None

    close(store, root_admin, "/vault")
    moving.move(store, root_admin, path("/f/a.txt"), path("/vault/a.txt"), overwrite=False)
    close(store, root_admin, "/f/sub")

    with pytest.raises(NotFound):
        time_travel.open_content(store, ann, then, path("/f/a.txt"))
    with pytest.raises(NotFound):
        time_travel.open_content(store, ann, then, path("/f/sub/b.txt"))
    with time_travel.listing(store, ann, then, path("/f"), with_members=True) as found:
        assert [row[4] for batch in found.batches for row in batch] == []
    time_travel.copy_out(store, ann, then, path("/f"), path("/back"), overwrite=False)
    assert tree_of(store, root_admin, "/back") == {}
    with time_travel.listing(store, root_admin, then, path("/f"), with_members=True) as found:
        assert [row[4] for batch in found.batches for row in batch] == ["a.txt", "sub"]


def _names(answer: changes.Answer) -> dict[str, bool]:
    return {"/".join(one.path): one.row is not None for one in answer.missed}


@pytest.mark.parametrize("deep", [False, True])
def test_who_follows_a_folder_loses_what_is_closed_and_gets_what_is_opened(
    store: Store, ann: Context, root_admin: Context, deep: bool
) -> None:
    a_document(store, root_admin, "/f/open.txt", b"open")
    a_document(store, root_admin, "/f/sub/it.txt", b"it")
    below = {"sub/it.txt": True} if deep else {}
    first = changes.missed(store, ann, path("/f"), Asked("", deep=deep))
    assert _names(first) == {"open.txt": True, "sub": True, **below}

    close(store, root_admin, "/f/sub")
    second = changes.missed(store, ann, path("/f"), Asked(first.token, deep=deep))
    assert _names(second) == {"sub": False}

    put(store, root_admin, "/f/sub/it.txt", b"secret")
    put(store, root_admin, f"/f/sub/{SECRET}", b"secret")
    third = changes.missed(store, ann, path("/f"), Asked(second.token, deep=deep))
    assert SECRET not in str(_names(third))
    assert _names(changes.missed(store, ann, path("/f"), Asked("", deep=deep))) == {"open.txt": True}

    close(store, root_admin, "/f/sub", is_closed=False)
    fourth = changes.missed(store, ann, path("/f"), Asked(third.token, deep=deep))
    assert _names(fourth) == {"sub": True, **below, **({f"sub/{SECRET}": True} if deep else {})}


def test_closed_member_that_is_deleted_is_not_told(closed: Store, ann: Context, root_admin: Context) -> None:
    first = changes.missed(closed, ann, path("/f"), Asked("", deep=True))
    deleting.delete(closed, root_admin, path(f"/f/{SECRET}"))

    assert _names(changes.missed(closed, ann, path("/f"), Asked(first.token, deep=True))) == {}
    assert _names(changes.missed(closed, root_admin, path("/f"), Asked(first.token, deep=True))) == {SECRET: False}


def test_locks_and_check_outs_in_what_is_closed_are_not_listed(closed: Store, ann: Context, root_admin: Context) -> None:
    a_lock(closed, root_admin, PLACES[-1])
    a_document(closed, root_admin, f"/f/{SECRET}/taken.txt")
    checking_out.check_out(closed, root_admin, path(f"/f/{SECRET}/taken.txt"))

    assert locking.standing(closed, ann, ()) == ()
    assert checking_out.standing(closed, ann) == []
    assert len(locking.standing(closed, root_admin, ())) == 1
    assert len(checking_out.standing(closed, root_admin)) == 1


def test_refusal_names_no_lock_in_what_is_closed(closed: Store, ann: Context, root_admin: Context) -> None:
    a_lock(closed, root_admin, PLACES[-1], owner="very secret owner")

    for use in (
        lambda: deleting.delete(closed, ann, path("/f")),
        lambda: a_lock(closed, ann, "/f", depth=Depth.INFINITY),
    ):
        with pytest.raises(DavgateError) as caught:
            use()
        assert SECRET not in repr(vars(caught.value)) + str(caught.value)


def test_address_by_id_does_not_tell_where_a_closed_document_is(closed: Store, ann: Context, root_admin: Context) -> None:
    uuid = node_at(closed, root_admin, PLACES[-1]).uuid

    with pytest.raises(NotFound) as caught:
        version_history.path_of_document(closed, ann, uuid)
    assert SECRET not in str(caught.value)


# Drop-boxes and contributors


@pytest.fixture
def box(store: Store, ann: Context, bob: Context, root_admin: Context) -> Store:
    """A store with /box, where everybody may add documents and see their own, and nothing else for anybody."""
    a_document(store, root_admin, "/box/of-root.txt", b"root's")
    a_document(store, root_admin, "/private/x.txt", b"x")
    with store.database.write() as tx:
        access.grant(tx, 1, SIGNED_IN_ID, NO_RIGHTS.value)
        tx.commit()
    grant(store, root_admin, "/box", SIGNED_IN_ID, DROP_BOX)
    return store


def test_at_a_drop_box_one_sees_what_one_brought(box: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    put(box, ann, "/box/a.txt", b"ann's")
    put(box, bob, "/box/b.txt", b"bob's")

    assert members_of(box, ann, "/") == ["box"]
    assert members_of(box, ann, "/box") == ["a.txt"]
    assert members_of(box, bob, "/box") == ["b.txt"]
    assert members_of(box, root_admin, "/box") == ["a.txt", "b.txt", "of-root.txt"]
    for where in ("/box/b.txt", "/box/of-root.txt", "/private", "/private/x.txt"):
        assert not exists(box, ann, path(where))


def test_what_one_brought_one_edits_locks_and_removes(box: Store, ann: Context) -> None:
    lock = a_lock(box, ann, "/box/a.txt")
    held = replace(ann, tokens=frozenset({lock.token}))
    put(box, held, "/box/a.txt", b"one")
    put(box, held, "/box/a.txt", b"two")
    locking.unlock(box, held, path("/box/a.txt"), lock.token)
    moving.move(box, ann, path("/box/a.txt"), path("/box/b.txt"), overwrite=False)
    assert content_of(box, ann, "/box/b.txt") == b"two"

    deleting.delete(box, ann, path("/box/b.txt"))
    assert members_of(box, ann, "/box") == []
    (entry,) = trash.entries(box, ann)
    trash.restore(box, ann, entry.node.id)
    assert members_of(box, ann, "/box") == ["b.txt"]


@pytest.mark.parametrize("use", ["put", "make", "lock", "move-onto", "copy-onto"])
def test_name_that_somebody_else_has_cannot_be_used(box: Store, ann: Context, root_admin: Context, use: str) -> None:
    put(box, ann, "/box/mine.txt", b"mine")
    uses = {
        **USES,
        "move-onto": lambda store, ctx, at: moving.move(store, ctx, path("/box/mine.txt"), path(at), overwrite=True),
        "copy-onto": lambda store, ctx, at: copying.copy(store, ctx, path("/box/mine.txt"), path(at), overwrite=True),
    }

    with pytest.raises(Forbidden, match="may not use this name"):
        uses[use](box, ann, "/box/of-root.txt")

    assert content_of(box, root_admin, "/box/of-root.txt") == b"root's"


def test_contributor_reads_all_and_edits_their_own(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    a_document(store, root_admin, "/f/of-root.txt", b"root's")
    with store.database.write() as tx:
        access.grant(tx, 1, SIGNED_IN_ID, CONTRIBUTOR.value)
        tx.commit()
    put(store, ann, "/f/a.txt", b"ann's")

    assert content_of(store, bob, "/f/a.txt") == b"ann's"
    put(store, ann, "/f/a.txt", b"ann's again")
    for use in (
        lambda: put(store, bob, "/f/a.txt", b"bob's"),
        lambda: deleting.delete(store, bob, path("/f/a.txt")),
        lambda: moving.move(store, bob, path("/f/a.txt"), path("/f/b.txt"), overwrite=False),
        lambda: put(store, ann, "/f/of-root.txt", b"ann's"),
        lambda: a_lock(store, bob, "/f/a.txt"),
        lambda: versioning.restore(store, bob, path("/f/a.txt"), 1, path("/f/a.txt"), overwrite=True),
    ):
        with pytest.raises(Forbidden):
            use()
    deleting.delete(store, ann, path("/f/a.txt"))


# Trees with administrators of their own


@pytest.fixture
def managed(store: Store, ann: Context, bob: Context, root_admin: Context) -> Store:
    """A store in which ann manages /dept, and bob has edited there and elsewhere."""
    for folder in ("/dept/closed", "/dept", "/other"):
        a_document(store, root_admin, f"{folder}/doc.txt", b"one")
    close(store, root_admin, "/dept/closed")
    grant(store, root_admin, "/dept", ann, MANAGER)
    return store


def test_manager_of_a_tree_sees_what_is_closed_in_it(managed: Store, ann: Context, bob: Context) -> None:
    assert members_of(managed, ann, "/dept") == ["closed", "doc.txt"]
    assert content_of(managed, ann, "/dept/closed/doc.txt") == b"one"
    assert members_of(managed, bob, "/dept") == ["doc.txt"]


def test_manager_of_a_tree_breaks_locks_in_it_alone(managed: Store, ann: Context, bob: Context) -> None:
    inside, outside = a_lock(managed, bob, "/dept/doc.txt"), a_lock(managed, bob, "/other/doc.txt")

    locking.unlock(managed, ann, path("/dept/doc.txt"), inside.token)
    with pytest.raises(NotTheLockOwner):
        locking.unlock(managed, ann, path("/other/doc.txt"), outside.token)


def test_manager_of_a_tree_ends_check_outs_in_it_alone(managed: Store, ann: Context, bob: Context) -> None:
    for where in ("/dept/doc.txt", "/other/doc.txt"):
        checking_out.check_out(managed, bob, path(where))

    checking_out.cancel(managed, ann, path("/dept/doc.txt"))
    with pytest.raises(CheckedOut):
        checking_out.cancel(managed, ann, path("/other/doc.txt"))


def test_manager_of_a_tree_holds_and_erases_in_it_alone(managed: Store, ann: Context, root_admin: Context) -> None:
    marking.hold(managed, ann, path("/dept/doc.txt"), 1)
    with pytest.raises(Held):
        erasing.erase(managed, ann, "/dept/doc.txt", "because")
    for use in (
        lambda: marking.hold(managed, ann, path("/other/doc.txt"), 1),
        lambda: erasing.erase(managed, ann, "/other/doc.txt", "because"),
        lambda: thinning.thin(managed, ann, dry_run=True),
        lambda: purging.purge_older_than(managed, ann, timedelta(0)),
    ):
        with pytest.raises(Forbidden):
            use()
    erasing.erase(managed, ann, "/dept/closed/doc.txt", "because")
    assert not exists(managed, root_admin, path("/dept/closed/doc.txt"))


# Passwords for one purpose


def scoped(ctx: Context, store: Store, root: Context, where: str | None, rights: Right) -> Context:
    tree_id = None if where is None else node_at(store, root, where).id
    return replace(ctx, principal=replace(ctx.principal, scope=Scope(rights, tree_id)))


@pytest.mark.parametrize("is_admin", [False, True])
def test_password_for_a_tree_opens_nothing_else(store: Store, ann: Context, root_admin: Context, is_admin: bool) -> None:
    for where in ("/a/in/doc.txt", "/a/beside.txt", "/b/doc.txt"):
        a_document(store, root_admin, where, b"one")
    ctx = scoped(root_admin if is_admin else ann, store, root_admin, "/a/in", MANAGER)

    assert members_of(store, ctx, "/") == ["a"]
    assert members_of(store, ctx, "/a") == ["in"]
    assert content_of(store, ctx, "/a/in/doc.txt") == b"one"
    put(store, ctx, "/a/in/new.txt", b"new")
    deleting.delete(store, ctx, path("/a/in/new.txt"))
    assert not exists(store, ctx, path("/a/beside.txt"))
    assert not exists(store, ctx, path("/b"))
    for use in (
        lambda: put(store, ctx, "/b/doc.txt", b"two"),
        lambda: put(store, ctx, "/new.txt", b"two"),
        lambda: moving.move(store, ctx, path("/a/in/doc.txt"), path("/b/moved.txt"), overwrite=False),
        lambda: deleting.delete(store, ctx, path("/a/in")),
        lambda: copying.copy(store, ctx, path("/b/doc.txt"), path("/a/in/copied.txt"), overwrite=False),
    ):
        with pytest.raises((NotFound, ParentMissing, Forbidden)):
            use()


def test_password_for_reading_writes_nothing(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/f/doc.txt", b"one")
    for who in (ann, root_admin):
        ctx = scoped(who, store, root_admin, None, READER)
        assert content_of(store, ctx, "/f/doc.txt") == b"one"
        for use in (
            lambda ctx=ctx: put(store, ctx, "/f/doc.txt", b"two"),
            lambda ctx=ctx: put(store, ctx, "/f/new.txt", b"two"),
            lambda ctx=ctx: deleting.delete(store, ctx, path("/f/doc.txt")),
            lambda ctx=ctx: a_lock(store, ctx, "/f/doc.txt"),
            lambda ctx=ctx: checking_out.check_out(store, ctx, path("/f/doc.txt")),
            lambda ctx=ctx: thinning.thin(store, ctx, dry_run=True),
            lambda ctx=ctx: erasing.erase(store, ctx, "/f/doc.txt", "because"),
        ):
            with pytest.raises(Forbidden):
                use()


def test_password_for_a_drop_box_sees_what_it_brought(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, root_admin, "/f/of-root.txt", b"root's")
    ctx = scoped(ann, store, root_admin, "/f", DROP_BOX)

    put(store, ctx, "/f/a.txt", b"ann's")
    assert members_of(store, ctx, "/f") == ["a.txt"]
    put(store, ctx, "/f/a.txt", b"ann's again")
    assert not exists(store, ctx, path("/f/of-root.txt"))


def test_sign_in_that_ran_out_counts_no_more(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/f/doc.txt", b"one")
    ctx = replace(ann, principal=replace(ann.principal, expires_at=after(clock.now(), timedelta(minutes=5))))
    assert content_of(store, ctx, "/f/doc.txt") == b"one"

    clock.advance(timedelta(minutes=5))

    for use in (
        lambda: content_of(store, ctx, "/f/doc.txt"),
        lambda: put(store, ctx, "/f/doc.txt", b"two"),
        lambda: trash.entries(store, ctx),
        lambda: trash.show(store, ctx, 1, ()),
        lambda: trash.open_content(store, ctx, 1, ()),
        lambda: rescue_copies.entries(store, ctx),
        lambda: checking_out.standing(store, ctx),
        lambda: time_travel.open_content(store, ctx, clock.now(), path("/f/doc.txt")),
    ):
        with pytest.raises(Unauthenticated):
            use()


def test_groups_of_a_principal_count(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    a_document(store, root_admin, "/f/doc.txt", b"one")
    close(store, root_admin, "/f")
    grant(store, root_admin, "/f", bob.principal.id, READER)
    # Any principal's id stands for a group here: membership is what the sign-in found.
    member = replace(ann, principal=replace(ann.principal, groups=(bob.principal.id,)))

    assert content_of(store, member, "/f/doc.txt") == b"one"
    assert not exists(store, ann, path("/f"))


def test_names_of_what_is_closed_are_in_no_refusal(closed: Store, ann: Context) -> None:
    for use in USES.values():
        with pytest.raises(DavgateError) as caught:
            use(closed, ann, "/f/never-was/x")
        assert not re.search(SECRET, str(caught.value))
