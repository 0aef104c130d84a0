"""What is named by an inner id or a UUID is held to the same rules as by its path, and hidden from the same people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from tests.builders import (
    a_document,
    a_lock,
    content_of,
    holding,
    path,
    put,
)
from tests.unit.filed import (
    described,
    made,
    made_folder,
    rest,
    save,
    say,
)

from davgate.core import checking_out, deleting, documents, locking, objects, versioning
from davgate.core.locking import LockRequest
from davgate.core.objects import Changes
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.errors import (
    DavgateError,
    Forbidden,
    LockConflict,
    Locked,
    NotFound,
    NotTheLockOwner,
    RefreshMismatch,
    UnknownLockToken,
)
from davgate.model.errors_of_versions import AlreadyCheckedOut, CheckedOut, NotCheckedOut
from davgate.model.locks import Depth, Scope
from davgate.model.paths import Where
from davgate.model.rights import READER, Right

SECOND = timedelta(seconds=1)


def lock_it(store: Store, ctx: Context, where: Where) -> object:
    return locking.lock(store, ctx, where, LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(minutes=10)))


def unlock_it(store: Store, ctx: Context, where: Where) -> None:
    held = described(store, ctx, where).lock
    locking.unlock(store, ctx, where, held.token if held else "none")


ACTS: dict[str, Callable[[Store, Context, Where], object]] = {
    "lock": lock_it,
    "unlock": unlock_it,
    "refresh": lambda store, ctx, where: locking.refresh(store, ctx, where, None),
    "check-out": lambda store, ctx, where: checking_out.check_out(store, ctx, where),
    "check-out beside no lock": lambda store, ctx, where: checking_out.check_out(store, ctx, where, beside_own_lock=False),
    "check-in": lambda store, ctx, where: checking_out.check_in(store, ctx, where),
    "cancel": lambda store, ctx, where: checking_out.cancel(store, ctx, where),
    "cancel beside no lock": lambda store, ctx, where: checking_out.cancel(store, ctx, where, beside_own_lock=False),
    "delete": lambda store, ctx, where: deleting.delete(store, ctx, where),
    "delete beside nothing of one's own": lambda store, ctx, where: deleting.delete(store, ctx, where, beside_own=False),
    "open": lambda store, ctx, where: documents.open_content(store, ctx, where),
    "history": lambda store, ctx, where: versioning.whole_history(store, ctx, where),
    "open version": lambda store, ctx, where: versioning.open_version(store, ctx, where, 1),
    "describe": lambda store, ctx, where: described(store, ctx, where),
}
SITUATIONS = [
    "free",
    "own lock",
    "own lock and token",
    "lock of another",
    "own check-out",
    "check-out of another",
    "folder locked",
]


def outcome(act: Callable[[], object]) -> type[object]:
    """Return the class of what an act raises, or that nothing was raised."""
    try:
        act()
    except DavgateError as error:
        return type(error)
    return type(None)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("act", ACTS)
def test_act_by_id_and_by_uuid_ends_as_by_path(store: Store, ann: Context, bob: Context, act: str, situation: str) -> None:
    outcomes = []
    for name in ("by-path", "by-id", "by-uuid"):
        node = a_document(store, ann, f"/{name}/a.txt", b"one")
        named: dict[str, Where] = {"by-path": path(f"/{name}/a.txt"), "by-id": node.id, "by-uuid": node.uuid}
        ctx = rest(ann)
        if "lock" in situation:
            holder = bob if "another" in situation or "folder" in situation else ann
            lock = a_lock(store, holder, f"/{name}" if "folder" in situation else f"/{name}/a.txt")
            ctx = holding(ctx, lock) if "token" in situation else ctx
        if "check-out" in situation:
            checking_out.check_out(store, bob if "another" in situation else ann, path(f"/{name}/a.txt"))
        outcomes.append(outcome(partial(ACTS[act], store, ctx, named[name])))

    assert len(set(outcomes)) == 1, outcomes
    assert outcomes[0] in (
        type(None),
        AlreadyCheckedOut,
        CheckedOut,
        LockConflict,
        Locked,
        NotCheckedOut,
        NotTheLockOwner,
        RefreshMismatch,
        UnknownLockToken,
    )


# What one may not see


def test_what_one_may_not_see_does_not_exist_by_id_either(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    folder = made_folder(store, root_admin, "secret")
    hidden = made(store, root_admin, b"secret", "s.txt", place=folder.id, title="Secret")
    granting.close(store, root_admin, path("/secret"))
    for where in (hidden.id, hidden.uuid):
        for name, act in ACTS.items():
            with pytest.raises(NotFound):
                act(store, rest(bob), where)
            assert name
        with pytest.raises(NotFound):
            say(store, bob, where, title="x")
        with pytest.raises(NotFound):
            save(store, bob, where, b"x")
    with pytest.raises(NotFound):
        made(store, bob, place=folder.id)


def test_drop_box_takes_what_its_giver_may_not_read(store: Store, bob: Context, root_admin: Context) -> None:
    folder = made_folder(store, root_admin, "box")
    granting.close(store, root_admin, path("/box"))
    granting.grant(store, root_admin, path("/box"), "bob", Right.BIND)

    node = made(store, bob, b"given", "g.txt", place=folder.id, title="Given")

    assert content_of(store, root_admin, "/box/g.txt") == b"given"
    with pytest.raises(NotFound):
        described(store, bob, node.id)


def test_reader_may_not_change_and_is_told_so(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    folder = made_folder(store, root_admin, "read-only")
    node = made(store, root_admin, place=folder.id)
    granting.close(store, root_admin, path("/read-only"))
    granting.grant(store, root_admin, path("/read-only"), "bob", READER)

    for act in (
        lambda: say(store, bob, node.id, title="x"),
        lambda: save(store, bob, node.id, b"x"),
        lambda: made(store, bob, place=folder.id),
        lambda: objects.update(store, rest(bob), folder.id, Changes(metadata={"title": "x"})),
    ):
        with pytest.raises(Forbidden):
            act()


def test_pending_and_scratch_files_are_nothing_to_rest_doors(store: Store, ann: Context) -> None:
    pending = put(store, ann, "/pending.txt", b"").node
    scratch = put(store, ann, "/x.tmp", b"junk").node

    for node in (pending, scratch):
        for where in (node.id, node.uuid):
            for act in (
                lambda where=where: described(store, ann, where),
                lambda where=where: say(store, ann, where, title="x"),
                lambda where=where: save(store, ann, where, b"x"),
            ):
                with pytest.raises(NotFound):
                    act()
