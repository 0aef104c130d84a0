"""What the tests of guards share: everything that the core does to a document or folder, and everything that may forbid it.

Each pair gets a place of its own: ``/<place>/f/a.txt`` is what it is done to or beside, with two versions that Ann has made, and
``/<place>/x`` holds what is moved and copied onto it or into its folder.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from tests.builders import SettableClock, a_collection, a_document, a_lock, on_condition, path, put, with_policy
from tests.unit.filed import a_file, made, rest, restored, save, say
from tests.unit.test_contract_closed import close, grant

from davgate.core import (
    batches,
    checking_out,
    copying,
    deleted,
    deleting,
    documents,
    erasing,
    locking,
    marking,
    mending,
    moving,
    moving_by_id,
    objects,
    removing_versions,
    rescue_copies,
    revisions,
    sessions,
    time_travel,
    trash,
    tree,
    uploads,
    versioning,
)
from davgate.core.access import look_up
from davgate.core.describing import Described
from davgate.core.locking import LockRequest
from davgate.core.objects import Changes, NewObject
from davgate.core.rescuing import keep_late_save
from davgate.core.sessions import VersionsPer
from davgate.core.store import Context, Store
from davgate.core.upload_targets import FileOf, Said, new_document, next_content
from davgate.core.uploads import Check, Complete
from davgate.model.conditions import Conditions
from davgate.model.instant import Instant, after
from davgate.model.locks import Depth, Scope
from davgate.model.node import Node, NodeKind
from davgate.model.paths import TreePath
from davgate.model.properties import PropertyUpdate
from davgate.model.retaining import EXPIRES_AT, to_text
from davgate.model.rights import CONTRIBUTOR, EDITOR, READER, Right
from davgate.model.rights import Scope as PasswordScope

AUTHOR: Final = [PropertyUpdate(("urn:x", "author"), '<author xmlns="urn:x"/>')]


@dataclass(frozen=True)
class Place:
    """Where one pair is tried, who asks there, and who administers it. ``then`` is when all was there."""

    store: Store
    name: str
    ann: Context
    root: Context
    folder: Node
    it: Node
    other: Node
    other_folder: Node
    trashed: Node
    rescued: str
    then: Instant

    def at(self, below: str) -> TreePath:
        """Return the path of something in the place."""
        return path(f"/{self.name}/{below}")


FOLDER: Final = "f"
IT: Final = "f/a.txt"
NEW: Final = "f/new.txt"
OTHER: Final = "x/b.txt"
OTHER_FOLDER: Final = "x/g"
OTHER_IN_FOLDER: Final = "x/g/c.txt"


def a_place(store: Store, clock: SettableClock, ann: Context, root: Context, name: str) -> Place:
    """Make a place with all that is in it; it is Ann's."""
    me = rest(ann)
    a_collection(store, me, f"/{name}/x")
    folder = a_collection(store, me, f"/{name}/f")
    trashed = made(store, me, b"trashed", "trashed.txt", place=folder.id)
    deleting.delete(store, me, trashed.id)
    it = save(store, me, made(store, me, b"one", "a.txt", place=folder.id).id, b"two")
    other = a_document(store, me, f"/{name}/{OTHER}", b"other")
    a_document(store, me, f"/{name}/{OTHER_IN_FOLDER}", b"in it")
    other_folder = a_collection(store, me, f"/{name}/{OTHER_FOLDER}")
    rescued = _a_rescue_copy(store, me, other, path(f"/{name}/{OTHER}"))
    clock.advance(timedelta(seconds=1))
    return Place(store, name, me, rest(root), folder, it, other, other_folder, trashed, rescued, clock.now())


def _a_rescue_copy(store: Store, ctx: Context, of: Node, at: TreePath) -> str:
    assert of.content is not None
    with store.database.write() as tx:
        name = keep_late_save(store, tx, ctx, look_up(tx, ctx, at, tx.now), of.content)
        tx.commit()
    return name


# What may forbid it

Guard = Callable[[Place, Context], Place | None]
"""Lets something forbid in a place, of Bob where it is another's; returns the place where another one is asked for."""


def _locks(below: str, depth: Depth = Depth.ZERO, *, own: bool = False) -> Guard:
    def guard(place: Place, bob: Context) -> None:
        a_lock(place.store, place.ann if own else bob, f"/{place.name}/{below}", depth=depth)

    return guard


def _check_out(*, own: bool = False) -> Guard:
    def guard(place: Place, bob: Context) -> None:
        checking_out.check_out(place.store, place.ann if own else rest(bob), place.it.id)

    return guard


def _hold(place: Place, bob: Context) -> None:
    for no in (1, 2):
        marking.hold(place.store, place.root, place.at(IT), no)


def _keep(place: Place, bob: Context) -> None:
    until = to_text(after(place.store.clock.now(), timedelta(days=365)))
    say(place.store, place.ann, place.it.id, **{EXPIRES_AT: until})


def _only_reading(place: Place, bob: Context) -> None:
    _close(place, bob)
    grant(place.store, place.root, f"/{place.name}/f", place.ann, READER)


def _close(place: Place, bob: Context) -> None:
    close(place.store, place.root, f"/{place.name}/f")


def _close_it(place: Place, bob: Context) -> None:
    close(place.store, place.root, f"/{place.name}/{IT}")


def _without(right: Right) -> Guard:
    def guard(place: Place, bob: Context) -> None:
        close(place.store, place.root, f"/{place.name}")
        grant(place.store, place.root, f"/{place.name}", place.ann, EDITOR & ~Right.OWN & ~right)

    return guard


def _of_maker(place: Place, bob: Context) -> None:
    close(place.store, place.root, f"/{place.name}")
    grant(place.store, place.root, f"/{place.name}", place.ann, CONTRIBUTOR)


def _of_another(place: Place, bob: Context) -> Place:
    close(place.store, place.root, f"/{place.name}")
    grant(place.store, place.root, f"/{place.name}", bob, CONTRIBUTOR)
    return replace(place, ann=rest(bob))


def _condition(place: Place, bob: Context) -> Place:
    return replace(place, ann=on_condition(place.ann, Conditions(if_match=('"another"',))))


def _delete(place: Place, bob: Context) -> None:
    deleting.delete(place.store, place.ann, place.it.id)


def _empty(place: Place, bob: Context) -> Place:
    deleting.delete(place.store, place.ann, place.it.id)
    program = replace(place.ann, editing=True)
    return replace(place, it=put(place.store, program, f"/{place.name}/{IT}", b"").node)


def _fill(place: Place, bob: Context) -> Place:
    full = replace(place.store.policy, quota_bytes=tree.quota(place.store).used_bytes)
    return replace(place, store=with_policy(place.store, full))


def _take_the_name(place: Place, bob: Context) -> None:
    a_document(place.store, place.ann, f"/{place.name}/{NEW}", b"taken")


def _only_reading_by_password(place: Place, bob: Context) -> Place:
    return replace(place, ann=replace(place.ann, principal=replace(place.ann.principal, scope=PasswordScope(READER))))


def _change_account(place: Place, bob: Context) -> Place:
    changed = [replace(ctx, principal=replace(ctx.principal, epoch=ctx.principal.epoch - 1)) for ctx in (place.ann, place.root)]
    return replace(place, ann=changed[0], root=changed[1])


GUARDS: Final[Mapping[str, Guard]] = {
    "another's lock": _locks(IT),
    "another's deep lock above": _locks(FOLDER, Depth.INFINITY),
    "another's lock on the folder alone": _locks(FOLDER),
    "own lock without its token": _locks(IT, own=True),
    "another's check-out": _check_out(),
    "own check-out": _check_out(own=True),
    "hold": _hold,
    "retention": _keep,
    "only the right to read": _only_reading,
    "closed": _close,
    "unmet condition": _condition,
    "in the trash": _delete,
    "nothing in it yet": _empty,
    "new name taken": _take_the_name,
    "no room": _fill,
    "password for reading": _only_reading_by_password,
    "sign-in of before": _change_account,
    "closed in its folder": _close_it,
    "contributor who made it": _of_maker,
    "contributor who did not": _of_another,
    "may not write content": _without(Right.WRITE_CONTENT),
    "may not write properties": _without(Right.WRITE_PROPERTIES),
    "may not add": _without(Right.BIND),
    "may not take away": _without(Right.UNBIND),
    "may not lock": _without(Right.LOCK),
    "may not check out": _without(Right.CHECK_OUT),
}
"""In the order of the columns of the table."""


# What is done

Operation = Callable[[Place], object]


def _move(source: str, destination: str, *, overwrite: bool = False) -> Operation:
    return lambda at: moving.move(at.store, at.ann, at.at(source), at.at(destination), overwrite=overwrite)


def _copy(source: str, destination: str, *, overwrite: bool = False) -> Operation:
    return lambda at: copying.copy(at.store, at.ann, at.at(source), at.at(destination), overwrite=overwrite)


def _put(where: str) -> Operation:
    return lambda at: documents.put(at.store, at.ann, at.at(where), io.BytesIO(b"put"))


def _restore_version(where: str) -> Operation:
    return lambda at: versioning.restore(at.store, at.ann, at.at(OTHER), 1, at.at(where), overwrite=True)


def _from_trash(where: str) -> Operation:
    return lambda at: trash.copy_out(at.store, at.ann, at.trashed.id, (), at.at(where), overwrite=True)


def _from_past(where: str) -> Operation:
    return lambda at: time_travel.copy_out(at.store, at.ann, at.then, at.at(OTHER), at.at(where), overwrite=True)


def _from_rescue(where: str) -> Operation:
    return lambda at: rescue_copies.copy_out(at.store, at.ann, at.rescued, at.at(where), overwrite=True, dropping=True)


def _update(**changes: Any) -> Operation:
    return lambda at: objects.update(at.store, at.ann, at.it.id, Changes(**changes))


def _update_content(at: Place) -> object:
    return objects.update(at.store, at.ann, at.it.id, Changes(file=a_file(at.store, b"updated")))


def _update_all(at: Place) -> object:
    changes = Changes(file=a_file(at.store, b"updated"))
    return batches.update_all(at.store, at.ann, [(at.it.uuid, lambda it: batches.Decision(changes))])


def _move_all(at: Place) -> object:
    decision = batches.Decision(Changes(), at.other_folder.uuid)
    return batches.update_all(at.store, at.ann, [(at.it.uuid, lambda it: decision)])


def _restore_with_place(at: Place) -> object:
    return batches.restore(at.store, at.ann, at.it.uuid, 1, lambda it: {}, folder=("yuuvis",), with_place=True)


def _revise(at: Place) -> object:
    return revisions.update(at.store, at.ann, at.it.id, lambda shown: Changes({"title": "revised"}), revise=True)


def _streams(at: Place) -> object:
    return objects.update(at.store, at.ann, at.it.id, Changes(streams={"x": a_file(at.store, b"x")}))


def _create(at: Place) -> object:
    new = NewObject(NodeKind.DOCUMENT, None, {}, a_file(at.store, b"new", "new.txt"))
    return objects.create(at.store, at.ann, at.folder.id, new)


def _upload_new(at: Place) -> object:
    def make(file_of: FileOf, said: Said) -> NewObject:
        return NewObject(NodeKind.DOCUMENT, None, {}, file_of("new.txt", None))

    return _upload(at, at.folder.id, *new_document(at.store, at.ann, at.folder.id, make))


def _upload_content(at: Place) -> object:
    def make(it: Described, file_of: FileOf, said: Said) -> Changes:
        return Changes(file=file_of("", None), only_checked_out=True)

    return _upload(at, at.it.id, *next_content(at.store, at.ann, at.it.id, make))


def _upload(at: Place, node_id: int, check: Check, complete: Complete[Node]) -> object:
    body = b"uploaded"
    upload = uploads.begin(at.store, at.ann, node_id, len(body), {})
    return uploads.append(at.store, at.ann, upload.id, node_id, 0, io.BytesIO(body), check=check, complete=complete)


def _create_all(at: Place) -> object:
    new = NewObject(NodeKind.COLLECTION, None, {}, drive_name="new")
    return batches.create_all(at.store, at.ann, [(at.folder.uuid, new)])


def _copy_into(at: Place) -> object:
    return moving_by_id.copy_all_into(at.store, at.ann, [at.other.id], at.folder.id, alias_of=lambda kind, said: None)


def _copy_away(at: Place) -> object:
    return moving_by_id.copy_all_into(at.store, at.ann, [at.it.id], at.other_folder.id, alias_of=lambda kind, said: None)


def _lock(where: str, depth: Depth = Depth.ZERO) -> Operation:
    asked = LockRequest(Scope.EXCLUSIVE, depth, "", None)
    return lambda at: locking.lock(at.store, at.ann, at.at(where), asked)


def _patch_properties(where: str) -> Operation:
    return lambda at: documents.patch_properties(at.store, at.ann, at.at(where), AUTHOR)


OPERATIONS: Final[Mapping[str, Operation]] = {
    # What gives it other content
    "put": _put(IT),
    "copy onto": _copy(OTHER, IT, overwrite=True),
    "bring a version onto": _restore_version(IT),
    "copy out of the trash onto": _from_trash(IT),
    "copy out of the past onto": _from_past(IT),
    "bring a rescue copy onto": _from_rescue(IT),
    "upload content": _upload_content,
    "update content": _update_content,
    "update content of several": _update_all,
    "update further streams": _streams,
    "take content away": _update(clears_file=True),
    "restore a version": lambda at: restored(at.store, at.ann, at.it.id, 1),
    "restore a version with its place": _restore_with_place,
    "revert": lambda at: versioning.revert(at.store, at.ann, at.it.id, 0),
    "merge into": lambda at: mending.merge(at.store, at.ann, at.at(OTHER), at.at(IT)),
    "split": lambda at: mending.split(at.store, at.ann, at.at(IT), 2, "split.txt"),
    # What changes what is said of it
    "update metadata": _update(metadata={"title": "said"}),
    "begin a revision": _revise,
    "set dead properties": _patch_properties(IT),
    "set dead properties of the folder": _patch_properties(FOLDER),
    "update metadata of the folder": lambda at: objects.update(at.store, at.ann, at.folder.id, Changes({"title": "said"})),
    "set how many versions": lambda at: sessions.set_versions_per(at.store, at.ann, at.at(FOLDER), VersionsPer.SAVE),
    "label": lambda at: marking.set_label(at.store, at.ann, at.at(IT), None, "label", may_move=False),
    "pin": lambda at: marking.pin(at.store, at.ann, at.at(IT), None),
    # What takes it away
    "delete": lambda at: deleting.delete(at.store, at.ann, at.at(IT)),
    "delete as if for good": lambda at: deleting.delete_if_empty(at.store, at.ann, at.it.id),
    "delete what nobody works on": lambda at: deleting.delete(at.store, at.ann, at.it.id, beside_own=False),
    "delete the folder": lambda at: deleting.delete(at.store, at.ann, at.at(FOLDER)),
    "move onto": _move(OTHER, IT, overwrite=True),
    "move onto the folder": _move(OTHER_FOLDER, FOLDER, overwrite=True),
    "copy onto the folder": _copy(OTHER_FOLDER, FOLDER, overwrite=True),
    "merge away": lambda at: mending.merge(at.store, at.ann, at.at(IT), at.at(OTHER)),
    "remove a version": lambda at: removing_versions.remove_version(at.store, at.ann, at.it.id, 1),
    "erase": lambda at: erasing.erase(at.store, at.root, at.it.uuid, "because"),
    # What gives it another place
    "move away": _move(IT, "x/moved.txt"),
    "move into another folder": lambda at: moving_by_id.move_all_into(at.store, at.ann, [at.it.id], at.other_folder.id),
    "move among several": _move_all,
    "move the folder": _move(FOLDER, "x/f"),
    "move the folder by id": lambda at: moving_by_id.move_all_into(at.store, at.ann, [at.folder.id], at.other_folder.id),
    # What leaves it as it is
    "copy away": _copy(IT, "x/copy.txt"),
    "copy into another folder": _copy_away,
    "copy the folder": _copy(FOLDER, "x/f"),
    # Working on it
    "check out": lambda at: checking_out.check_out(at.store, at.ann, at.it.id),
    "check in": lambda at: checking_out.check_in(at.store, at.ann, at.it.id),
    "cancel": lambda at: checking_out.cancel(at.store, at.ann, at.it.id),
    "lock": _lock(IT),
    "lock the folder deeply": _lock(FOLDER, Depth.INFINITY),
    # What brings something into its folder
    "put new": _put(NEW),
    "make a folder": lambda at: tree.make_collection(at.store, at.ann, at.at(NEW)),
    "lock a new name": _lock(NEW),
    "copy in": _copy(OTHER, NEW),
    "copy a folder in": _copy(OTHER_FOLDER, NEW),
    "move in": _move(OTHER, NEW),
    "bring a version in": _restore_version(NEW),
    "copy out of the trash into": _from_trash(NEW),
    "copy out of the past into": _from_past(NEW),
    "bring a rescue copy in": _from_rescue(NEW),
    "upload": _upload_new,
    "create": _create,
    "create several": _create_all,
    "copy into by id": _copy_into,
    "move into by id": lambda at: moving_by_id.move_all_into(at.store, at.ann, [at.other.id], at.folder.id),
    "restore out of the trash": lambda at: trash.restore(at.store, at.ann, at.trashed.id, at.at(NEW)),
    "restore where it was": lambda at: deleted.restore(at.store, at.ann, at.trashed.id),
    "restore by a door": lambda at: deleted.restore_into(at.store, at.ann, ("door",), at.trashed.id),
}
