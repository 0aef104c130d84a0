"""Paths have a length at most: nothing comes to a place where it, or something below it, could not be asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.builders import SettableClock, a_collection, a_document, node_at, path, tree_of, with_policy
from tests.unit.filed import a_file, copy_into, move_into, rest

from davgate.core import copying, deleted, deleting, moving, objects, time_travel, trash
from davgate.core.objects import NewObject
from davgate.core.store import Context, Store
from davgate.model.errors import NameTooLong
from davgate.model.names import PathLimits
from davgate.model.node import NodeKind

Put = Callable[[Store, Context, str], object]

PUTS: dict[str, Put] = {
    "move": lambda store, ctx, to: moving.move(store, ctx, ("t",), (*path(to), "t"), overwrite=False),
    "copy": lambda store, ctx, to: copying.copy(store, ctx, ("t",), (*path(to), "t"), overwrite=False),
    "move by id": lambda store, ctx, to: move_into(store, ctx, node_at(store, ctx, "/t").id, node_at(store, ctx, to).id),
    "copy by id": lambda store, ctx, to: copy_into(store, ctx, node_at(store, ctx, "/t").id, node_at(store, ctx, to).id),
    "restore": lambda store, ctx, to: _restored(store, ctx, (*path(to), "t")),
    "copy out of the trash": lambda store, ctx, to: _out_of_trash(store, ctx, (*path(to), "t")),
    "copy out of the past": lambda store, ctx, to: time_travel.copy_out(
        store, ctx, store.clock.now(), ("t",), (*path(to), "t"), overwrite=False
    ),
}


def _restored(store: Store, ctx: Context, to: tuple[str, ...]) -> object:
    node = node_at(store, ctx, "/t")
    deleting.delete(store, ctx, ("t",))
    return trash.restore(store, ctx, node.id, to)


def _out_of_trash(store: Store, ctx: Context, to: tuple[str, ...]) -> object:
    node = node_at(store, ctx, "/t")
    deleting.delete(store, ctx, ("t",))
    return trash.copy_out(store, ctx, node.id, (), to, overwrite=False)


@pytest.fixture
def limited(store: Store, ann: Context, clock: SettableClock) -> Store:
    """A store that takes six names in a path and 36 bytes; there are three names in /t, and folders to put it into."""
    a_document(store, ann, "/t/u/c.txt", b"c")
    for where in ("/1/2/3", "/1/2/3/4", "/€€€€/€€€€", "/€€€€/€€€€/€"):
        a_collection(store, ann, where)
    clock.advance(replace(store.policy).save_window)
    return with_policy(store, replace(store.policy, paths=PathLimits(path_bytes=36, segments=6)))


@pytest.mark.parametrize("name", PUTS)
@pytest.mark.parametrize(("to", "too_far"), [("/1/2/3", "/1/2/3/4"), ("/€€€€/€€€€", "/€€€€/€€€€/€")], ids=["segments", "bytes"])
def test_tree_goes_where_all_of_it_can_be_asked_for(limited: Store, ann: Context, name: str, to: str, too_far: str) -> None:
    me = rest(ann)
    with pytest.raises(NameTooLong):
        PUTS[name](limited, me, too_far)
    if not name.startswith(("restore", "copy out of the trash")):
        PUTS[name](limited, me, to)
        assert tree_of(limited, me, to)[f"{to}/t/u/c.txt"] == b"c"


def test_what_is_restored_where_it_may_be_is(limited: Store, ann: Context) -> None:
    PUTS["restore"](limited, rest(ann), "/1/2/3")

    assert tree_of(limited, ann, "/1/2/3")["/1/2/3/t/u/c.txt"] == b"c"


def test_nothing_is_made_by_its_folder_where_it_could_not_be_asked_for(limited: Store, ann: Context) -> None:
    folder = a_collection(limited, ann, "/1/2/3/4/5")
    deepest = a_collection(limited, ann, "/1/2/3/4/5/6")
    new = NewObject(NodeKind.DOCUMENT, None, {}, a_file(limited, b"new"))

    objects.create(limited, rest(ann), folder.id, new)
    with pytest.raises(NameTooLong):
        objects.create(limited, rest(ann), deepest.id, new)


def test_what_is_too_deep_already_may_go_up_and_come_back(limited: Store, ann: Context) -> None:
    lower = with_policy(limited, replace(limited.policy, paths=PathLimits(segments=2)))
    me = rest(ann)

    moving.move(lower, me, path("/1/2/3"), path("/3"), overwrite=False)
    deleting.delete(lower, me, path("/t"))
    deleted.restore(lower, me, next(entry.node.id for entry in trash.entries(lower, me) if entry.name == "t"))

    assert {"/3/4", "/t/u/c.txt"} <= tree_of(lower, me).keys()
