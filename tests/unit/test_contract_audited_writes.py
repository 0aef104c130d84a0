"""Everything that a use case does is told in the audit, in its own commit: each public write of the core, and its exact rows."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.builders import (
    CHEAP_PASSWORDS,
    PASSWORD,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    holding,
    node_at,
    path,
    put,
    with_policy,
)
from tests.canary import CANARY
from tests.unit import registered
from tests.unit.edited import a_late_save, under
from tests.unit.filed import a_file, made, made_folder, rest, save, say
from tests.unit.temporal import document, part, variant
from tests.unit.uploaded import append, begin

import davgate.core
from davgate.core import (
    batches,
    checking_out,
    copying,
    deleting,
    documents,
    erasing,
    locking,
    marking,
    mending,
    moving,
    moving_by_id,
    purging,
    removing_versions,
    rescue_copies,
    revisions,
    sessions,
    signed_locks,
    temporary_files,
    thinning,
    time_travel,
    trash,
    tree,
    upkeep,
    uploads,
    versioning,
)
from davgate.core import deleted as shown_deleted
from davgate.core.batches import Decision
from davgate.core.describing import Described
from davgate.core.objects import Changes, NewObject
from davgate.core.principals import accounts, app_passwords, external_accounts, granting, groups, signing_keys, tokens
from davgate.core.principals.app_passwords import NewAppPassword
from davgate.core.second_names import Alias
from davgate.core.sessions import VersionsPer
from davgate.core.store import Context, Policy, Store
from davgate.identity.external import ExternalUser
from davgate.model.instant import FOREVER, after
from davgate.model.locks import Holding
from davgate.model.node import ROOT_ID, NodeKind
from davgate.model.principal import PrincipalKind
from davgate.model.properties import PropertyUpdate
from davgate.model.rights import READER, UNRESTRICTED
from davgate.model.thinning import ThinningRule
from davgate.storage.statements import Statement
from davgate.storage.tables import audit, change

ALL = Statement(
    select(audit.c.id, audit.c.at, audit.c.action, audit.c.path, audit.c.outcome, audit.c.detail).order_by(audit.c.id)
)
UUID = re.compile("=[0-9a-f-]{36}")
CHANGES = Statement(select(change.c.changed_at).order_by(change.c.seq))


@dataclass(frozen=True)
class World:
    """A store and the people in it."""

    store: Store
    ann: Context
    bob: Context
    root: Context
    clock: SettableClock


Act = Callable[[], object]
Case = tuple[Callable[[World], Act], list[tuple[str, str]]]
"""What prepares an act, and the actions and paths of the rows that the act writes."""


# Documents


def put_new(w: World) -> Act:
    return lambda: put(w.store, w.ann, "/a", b"one")


def put_again(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: put(w.store, w.ann, "/a", b"two")


def put_the_same(w: World) -> Act:
    a_document(w.store, w.ann, "/a", b"one")
    return lambda: put(w.store, w.ann, "/a", b"one")


def put_in_session(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    lock = a_lock(w.store, w.ann, "/a")
    return lambda: put(w.store, holding(w.ann, lock), "/a", b"two")


def put_into_a_working_copy(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    checking_out.check_out(w.store, w.ann, path("/a"))
    return lambda: put(w.store, w.ann, "/a", b"two")


def put_nothing_onto_something(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: put(w.store, w.ann, "/a", b"")


def put_too_late(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    lock = a_lock(w.store, w.ann, "/a")
    locking.unlock(w.store, w.root, path("/a"), lock.token)
    return lambda: a_late_save(w.store, under(w.ann, lock), "/a", b"late", contents_of=w.root)


def patch(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: documents.patch_properties(w.store, w.ann, path("/a"), [PropertyUpdate(("", "p"), "<p/>")])


def read_by_another(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: documents.open_content(w.store, w.bob, path("/a"))


# The tree


def make_folder(w: World) -> Act:
    return lambda: tree.make_collection(w.store, w.ann, path("/f"))


def delete(w: World) -> Act:
    a_document(w.store, w.ann, "/f/a")
    return lambda: deleting.delete(w.store, w.ann, path("/f"))


def move(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: moving.move(w.store, w.ann, path("/a"), path("/b"), overwrite=False)


def move_folder_onto_another(w: World) -> Act:
    a_document(w.store, w.ann, "/f/a")
    a_collection(w.store, w.ann, "/g")
    return lambda: moving.move(w.store, w.ann, path("/f"), path("/g"), overwrite=True)


def save_by_a_temporary_file(w: World) -> Act:
    a_document(w.store, w.ann, "/a.docx")
    put(w.store, w.ann, "/x.tmp", b"new")
    return lambda: moving.move(w.store, w.ann, path("/x.tmp"), path("/a.docx"), overwrite=True)


def copy(w: World) -> Act:
    a_document(w.store, w.ann, "/f/a")
    return lambda: copying.copy(w.store, w.ann, path("/f"), path("/g"), overwrite=False)


def copy_onto(w: World) -> Act:
    a_document(w.store, w.ann, "/a", b"a")
    a_document(w.store, w.ann, "/b", b"b")
    return lambda: copying.copy(w.store, w.ann, path("/a"), path("/b"), overwrite=True)


def restore_a_version(w: World) -> Act:
    a_document(w.store, w.ann, "/a", b"one", b"two")
    return lambda: versioning.restore(w.store, w.ann, path("/a"), 1, path("/a"), overwrite=True)


def revert(w: World) -> Act:
    node = a_document(w.store, w.ann, "/a", b"one", b"two")
    return lambda: versioning.revert(w.store, w.ann, node.id, 0)


def copy_a_version(w: World) -> Act:
    a_document(w.store, w.ann, "/a", b"one", b"two")
    return lambda: versioning.restore(w.store, w.ann, path("/a"), 1, path("/b"), overwrite=False)


def copy_out_of_the_past(w: World) -> Act:
    a_document(w.store, w.ann, "/f/a")
    w.clock.advance(timedelta(hours=1))
    at = w.clock.now()
    w.clock.advance(timedelta(hours=1))
    return lambda: time_travel.copy_out(w.store, w.ann, at, path("/f"), path("/g"), overwrite=False)


# Objects of the REST doors


def make_object(w: World) -> Act:
    return lambda: made(w.store, w.ann)


def make_bare(w: World) -> Act:
    return lambda: made(w.store, w.ann, None, title="Bare")


def make_filed(w: World) -> Act:
    return lambda: made(w.store, w.ann, place=("OKD",))


def make_several(w: World) -> Act:
    file, folder = a_file(w.store, b"one"), made_folder(w.store, w.ann, "f")
    wanted = [(folder.uuid, NewObject(NodeKind.DOCUMENT, None, {}, file)), (("OKD",), NewObject(NodeKind.DOCUMENT, None, {}))]
    return lambda: batches.create_all(w.store, rest(w.ann), wanted)


def say_as_decided(it: Described) -> Decision:
    return Decision(Changes({"title": f"Seen as {it.node.version_no}"}))


def update_as_decided(w: World) -> Act:
    node = made(w.store, w.ann)
    return lambda: batches.update(w.store, rest(w.ann), node.uuid, say_as_decided)


def update_several(w: World) -> Act:
    nodes = [made(w.store, w.ann, name=name) for name in ("a.txt", "b.txt")]
    return lambda: batches.update_all(w.store, rest(w.ann), [(node.uuid, say_as_decided) for node in nodes])


def restore_in_place(w: World) -> Act:
    node = made(w.store, w.ann)
    save(w.store, w.ann, node.id, b"two")
    return lambda: batches.restore(w.store, rest(w.ann), node.uuid, 1, lambda it: {}, folder=("yuuvis",), with_place=False)


def delete_what_is_empty(w: World) -> Act:
    folder = made_folder(w.store, w.ann, "f")
    return lambda: deleting.delete_if_empty(w.store, rest(w.ann), folder.uuid)


def restore_metadata(w: World) -> Act:
    node = made(w.store, w.ann, None)
    say(w.store, w.ann, node.id, title="other")
    return lambda: batches.restore(w.store, rest(w.ann), node.uuid, 1, lambda it: {}, folder=("yuuvis",), with_place=False)


def remove_a_version(w: World) -> Act:
    a_document(w.store, w.ann, "/a", b"one", b"two")
    return lambda: removing_versions.remove_version(w.store, w.ann, path("/a"), 1)


def change_metadata(w: World) -> Act:
    node = made(w.store, w.ann)
    return lambda: say(w.store, w.ann, node.id, title="A")


def change_nothing(w: World) -> Act:
    node = made(w.store, w.ann, title="A")
    return lambda: say(w.store, w.ann, node.id, title="A")


def change_both(w: World) -> Act:
    node = made(w.store, w.ann)
    return lambda: save(w.store, w.ann, node.id, b"two", metadata={"title": "A"})


def change_both_checked_out(w: World) -> Act:
    node = made(w.store, w.ann)
    checking_out.check_out(w.store, w.ann, node.id)
    return lambda: save(w.store, w.ann, node.id, b"two", metadata={"title": "A"})


def give_first_content(w: World) -> Act:
    node = made(w.store, w.ann, None)
    return lambda: save(w.store, w.ann, node.id, b"one")


def move_all_into(w: World) -> Act:
    nodes = [made(w.store, w.ann, name=name).id for name in ("a.txt", "b.txt")]
    folder = made_folder(w.store, w.ann, "f")
    return lambda: moving_by_id.move_all_into(w.store, rest(w.ann), nodes, folder.id)


def copy_all_into(w: World) -> Act:
    nodes = [made(w.store, w.ann, name=name).id for name in ("a.txt", "b.txt")]
    folder = made_folder(w.store, w.ann, "f")
    return lambda: moving_by_id.copy_all_into(w.store, rest(w.ann), nodes, folder.id, alias_of=lambda *_: Alias("document"))


def trashed(w: World) -> int:
    node = made(w.store, w.ann)
    deleting.delete(w.store, rest(w.ann), node.id, keeps_address=True)
    return node.id


def restore_where_it_was(w: World) -> Act:
    node_id = trashed(w)
    return lambda: shown_deleted.restore(w.store, rest(w.ann), node_id)


def restore_out_of_a_folder(w: World) -> Act:
    folder = made_folder(w.store, w.ann, "f")
    node = made(w.store, w.ann, place=folder.id)
    deleting.delete(w.store, rest(w.ann), folder.id)
    return lambda: shown_deleted.restore_into(w.store, rest(w.ann), ("Door",), node.id)


def end_address(w: World) -> Act:
    node_id = trashed(w)
    return lambda: shown_deleted.end_address(w.store, rest(w.ann), node_id)


def read_shown_by_another(w: World) -> Act:
    node = made(w.store, w.ann)
    return lambda: shown_deleted.open_content(w.store, rest(w.bob), node.id)


def begin_upload(w: World) -> Act:
    return lambda: begin(w.store, w.ann, 3)


def append_a_part(w: World) -> Act:
    upload = begin(w.store, w.ann, 3)
    return lambda: append(w.store, w.ann, upload, 0, b"on")


def append_the_last_part(w: World) -> Act:
    upload = begin(w.store, w.ann, 3)
    return lambda: append(w.store, w.ann, upload, 0, b"one")


def end_upload(w: World) -> Act:
    upload = begin(w.store, w.ann, 3)
    return lambda: uploads.end(w.store, w.ann, upload, ROOT_ID)


# Locks that their holders prove by signing in


def signed(w: World) -> Context:
    return replace(rest(w.ann), signed_for=frozenset({Holding.PRINCIPAL}))


def lock_signed(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: signed_locks.lock(w.store, signed(w), node_at(w.store, w.ann, "/a").id, timedelta(hours=1))


def lock_signed_again(w: World) -> Act:
    lock_signed(w)()
    return lambda: signed_locks.lock(w.store, signed(w), node_at(w.store, w.ann, "/a").id, timedelta(hours=1))


def replace_under_a_signed_lock(w: World) -> Act:
    lock_signed(w)()
    changes = Changes(file=a_file(w.store, b"two", "a"))
    return lambda: signed_locks.replace_content(w.store, signed(w), node_at(w.store, w.ann, "/a").id, changes)


# Locks and check-outs


def lock(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: a_lock(w.store, w.ann, "/a")


def lock_into_being(w: World) -> Act:
    return lambda: a_lock(w.store, w.ann, "/a")


def refresh(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    held = a_lock(w.store, w.ann, "/a")
    return lambda: locking.refresh(w.store, holding(w.ann, held), path("/a"), None)


def unlock(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    held = a_lock(w.store, w.ann, "/a")
    return lambda: locking.unlock(w.store, w.ann, path("/a"), held.token)


def unlock_what_was_never_written(w: World) -> Act:
    held = a_lock(w.store, w.ann, "/a")
    return lambda: locking.unlock(w.store, w.ann, path("/a"), held.token)


def break_a_lock(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    held = a_lock(w.store, w.ann, "/a")
    return lambda: locking.unlock(w.store, w.root, path("/a"), held.token)


def check_out(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: checking_out.check_out(w.store, w.ann, path("/a"))


def check_in(w: World) -> Act:
    put_into_a_working_copy(w)()
    return lambda: checking_out.check_in(w.store, w.ann, path("/a"), comment="done")


def force_check_in(w: World) -> Act:
    put_into_a_working_copy(w)()
    return lambda: checking_out.check_in(w.store, w.root, path("/a"))


def cancel(w: World) -> Act:
    put_into_a_working_copy(w)()
    return lambda: checking_out.cancel(w.store, w.ann, path("/a"))


def force_cancel(w: World) -> Act:
    put_into_a_working_copy(w)()
    return lambda: checking_out.cancel(w.store, w.root, path("/a"))


# Marks, policies, mending


def marked(act: Callable[..., object], undone: Callable[..., object] | None = None) -> Callable[[World], Act]:
    def prepare(w: World) -> Act:
        a_document(w.store, w.ann, "/a")
        if undone is not None:
            act(w.store, w.root, path("/a"), None)
        return lambda: (undone or act)(w.store, w.root, path("/a"), None)

    return prepare


def set_label(w: World) -> Act:
    a_document(w.store, w.ann, "/a")
    return lambda: marking.set_label(w.store, w.ann, path("/a"), None, "final", may_move=False)


def remove_label(w: World) -> Act:
    set_label(w)()
    return lambda: marking.remove_label(w.store, w.ann, path("/a"), "final")


def set_policy(w: World) -> Act:
    a_collection(w.store, w.ann, "/f")
    return lambda: sessions.set_versions_per(w.store, w.ann, path("/f"), VersionsPer.SAVE)


def split(w: World) -> Act:
    a_document(w.store, w.ann, "/a", b"one", b"two")
    return lambda: mending.split(w.store, w.ann, path("/a"), 2, "b")


def merge(w: World) -> Act:
    a_document(w.store, w.ann, "/a", b"one")
    a_document(w.store, w.ann, "/b", b"two")
    return lambda: mending.merge(w.store, w.ann, path("/b"), path("/a"))


# Revisions and temporary files


def create_named(w: World) -> Act:
    new = NewObject(NodeKind.DOCUMENT, None, {}, a_file(w.store, b"one"))
    return lambda: revisions.create(w.store, rest(w.ann), ROOT_ID, new, name="NAMED")


def begin_revision(w: World) -> Act:
    node = made(w.store, w.ann)
    return lambda: revisions.update(w.store, rest(w.ann), node.id, lambda _: Changes({"title": "new"}), revise=True)


def begin_revision_checked_out(w: World) -> Act:
    node = made(w.store, w.ann)
    checking_out.check_out(w.store, w.ann, node.id)
    both = Changes({"title": "new"}, a_file(w.store, b"two"))
    return lambda: revisions.update(w.store, rest(w.ann), node.id, lambda _: both, revise=True)


def change_in_revision(w: World) -> Act:
    node = made(w.store, w.ann)
    return lambda: revisions.update(w.store, rest(w.ann), node.id, lambda _: Changes({"title": "new"}))


def number_types(w: World) -> Act:
    return lambda: revisions.number_types(w.store, ["dynacase:MY_ARTICLE"])


def keep_temporary_file(w: World) -> Act:
    return lambda: temporary_files.keep(w.store, w.ann, a_file(w.store, b"one"), timedelta(days=1))


# What goes, and what comes back


def deleted(w: World) -> int:
    node = a_document(w.store, w.ann, "/f/a", b"one")
    deleting.delete(w.store, w.ann, path("/f/a"))
    return node.id


def restore_from_trash(w: World) -> Act:
    entry = deleted(w)
    return lambda: trash.restore(w.store, w.ann, entry)


def copy_out_of_the_trash(w: World) -> Act:
    entry = deleted(w)
    return lambda: trash.copy_out(w.store, w.ann, entry, (), path("/b"), overwrite=False)


def purge(w: World) -> Act:
    entry = deleted(w)
    return lambda: purging.purge(w.store, w.root, entry)


def purge_older(w: World) -> Act:
    deleted(w)
    w.clock.advance(timedelta(days=2))
    return lambda: purging.purge_older_than(w.store, w.root, timedelta(days=1))


def purge_due(w: World) -> Act:
    deleted(w)
    w.clock.advance(timedelta(days=2))
    return lambda: purging.purge_due(with_policy(w.store, Policy(trash_keep=timedelta(days=1))))


def purge_junk(w: World) -> Act:
    put(w.store, w.ann, "/x.tmp", b"junk")
    w.clock.advance(timedelta(days=2))
    upkeep.tidy(w.store)
    w.clock.advance(timedelta(days=9))
    return lambda: purging.purge_junk(w.store)


def thinned(w: World, ctx: Context | None = None) -> Act:
    a_document(w.store, w.ann, "/a", b"one", b"two", b"three")
    w.clock.advance(timedelta(days=900))
    store = with_policy(w.store, Policy(thinning=ThinningRule(most=1)))
    return lambda: thinning.thin_due(store) if ctx is None else thinning.thin(store, ctx, dry_run=False)


def thin(w: World) -> Act:
    return thinned(w, w.root)


def erase(w: World) -> Act:
    a_document(w.store, w.ann, "/f/a")
    a_document(w.store, w.ann, "/f/b")
    return lambda: erasing.erase(w.store, w.root, "/f", "asked for")


def rescued(w: World) -> str:
    a_document(w.store, w.ann, "/a")
    held = a_lock(w.store, w.ann, "/a")
    locking.unlock(w.store, w.root, path("/a"), held.token)
    return a_late_save(w.store, under(w.ann, held), "/a", b"late").name


def drop_rescue(w: World) -> Act:
    name = rescued(w)
    return lambda: rescue_copies.drop(w.store, w.ann, name)


def copy_rescue(w: World) -> Act:
    name = rescued(w)
    return lambda: rescue_copies.copy_out(w.store, w.ann, name, path("/b"), overwrite=False)


def take_rescue(w: World) -> Act:
    name = rescued(w)
    return lambda: rescue_copies.copy_out(w.store, w.ann, name, path("/b"), overwrite=False, dropping=True)


def settle(w: World) -> Act:
    a_collection(w.store, w.ann, "/f")
    put(w.store, w.ann, "/f/a", b"")
    w.clock.advance(timedelta(hours=1))
    return lambda: upkeep.tidy(w.store)


def put_back(w: World) -> Act:
    a_document(w.store, w.ann, "/f/a", b"one")
    moving.move(w.store, w.ann, path("/f/a"), path("/f/~WRL0001.tmp"), overwrite=False)
    w.clock.advance(timedelta(hours=1))
    return lambda: upkeep.tidy(w.store)


def sweep(w: World) -> Act:
    a_collection(w.store, w.ann, "/f")
    put(w.store, w.ann, "/f/~WRD0000.tmp", b"one")
    w.clock.advance(timedelta(days=2))
    return lambda: upkeep.tidy(w.store)


# Who may do what


def change_password(w: World) -> Act:
    return lambda: accounts.change_password(w.store, CHEAP_PASSWORDS, w.ann, "ann", CANARY.guard(PASSWORD + "8"))


def set_admin(w: World) -> Act:
    return lambda: accounts.set_admin(w.store, w.root, "ann", is_admin=True)


def set_disabled(w: World) -> Act:
    return lambda: accounts.set_disabled(w.store, w.root, "ann", PrincipalKind.USER, is_disabled=True)


def set_expiry(w: World) -> Act:
    return lambda: accounts.set_expiry(w.store, w.root, "ann", PrincipalKind.USER, after(w.clock.now(), timedelta(days=1)))


def add_user(w: World) -> Act:
    return lambda: accounts.add_user(w.store, CHEAP_PASSWORDS, accounts.NewUser("new", PASSWORD), w.root)


def add_service(w: World) -> Act:
    return lambda: accounts.add_service(w.store, w.root, "robot")


def add_external(w: World) -> Act:
    return lambda: external_accounts.principal_of(w.store, ExternalUser("ldap", "new"), UNRESTRICTED, FOREVER, policy="make")


def add_group(w: World) -> Act:
    return lambda: groups.add(w.store, w.root, "staff")


def remove_group(w: World) -> Act:
    add_group(w)()
    return lambda: groups.remove(w.store, w.root, "staff")


def join(w: World) -> Act:
    add_group(w)()
    return lambda: groups.join(w.store, w.root, "staff", "ann")


def leave(w: World) -> Act:
    join(w)()
    return lambda: groups.leave(w.store, w.root, "staff", "ann")


def grant(w: World) -> Act:
    a_collection(w.store, w.ann, "/f")
    return lambda: granting.grant(w.store, w.root, path("/f"), "bob", READER)


def revoke(w: World) -> Act:
    grant(w)()
    return lambda: granting.revoke(w.store, w.root, path("/f"), "bob")


def close(w: World) -> Act:
    a_collection(w.store, w.ann, "/f")
    return lambda: granting.close(w.store, w.root, path("/f"))


def open_again(w: World) -> Act:
    close(w)()
    return lambda: granting.open_again(w.store, w.root, path("/f"))


def make_app_password(w: World) -> Act:
    return lambda: CANARY.guard(app_passwords.make(w.store, w.ann, "ann", NewAppPassword("phone")).secret)


def revoke_app_password(w: World) -> Act:
    make_app_password(w)()
    return lambda: app_passwords.revoke(w.store, w.ann, "ann", "phone")


def rotate_key(w: World) -> Act:
    return lambda: signing_keys.rotate(w.store, w.root)


def remove_key(w: World) -> Act:
    first = signing_keys.rotate(w.store, w.root)
    signing_keys.rotate(w.store, w.root)
    return lambda: signing_keys.remove(w.store, w.root, first.no)


def issue_token(w: World) -> Act:
    signing_keys.rotate(w.store, w.root)
    return lambda: CANARY.guard(tokens.issue(w.store, w.ann, w.ann.principal, timedelta(hours=1)).token)


def issue_token_for(w: World) -> Act:
    signing_keys.rotate(w.store, w.root)
    return lambda: CANARY.guard(tokens.issue_for(w.store, w.root, "ann", timedelta(hours=1)).token)


def register_object(w: World) -> Act:
    return lambda: registered.create(w.store, w.ann)


def import_object(w: World) -> Act:
    made = registered.create(w.store, w.ann)
    return lambda: registered.put(w.store, w.ann, made.uuid)


def import_deleted(w: World) -> Act:
    made = registered.create(w.store, w.ann)
    registered.delete(w.store, w.ann, made.uuid)
    return lambda: registered.put(w.store, w.ann, made.uuid)


def register_nothing(w: World) -> Act:
    made = registered.create(w.store, w.ann)
    registered.patch(w.store, w.ann, made.uuid, {"note": "n"})
    return lambda: registered.patch(w.store, w.ann, made.uuid, {"note": "n"})


def register_change(w: World) -> Act:
    made = registered.create(w.store, w.ann)
    return lambda: registered.patch(w.store, w.ann, made.uuid, {"note": "n"})


def delete_registered(w: World) -> Act:
    made = registered.create(w.store, w.ann)
    return lambda: registered.delete(w.store, w.ann, made.uuid)


def empty_registered(w: World) -> Act:
    data = document(varianter=[variant("V", part("p", "2021..inf indhold=field:f"))])
    made = registered.create(w.store, w.ann, registered.DOCUMENT, data, f=b"one")
    return lambda: registered.patch(w.store, w.ann, made.uuid, {"varianter": []}, registered.DOCUMENT)


CASES: dict[str, list[Case]] = {
    "batches.create_all": [
        (
            make_several,
            [("create", "/f/a.txt"), ("create", "/OKD"), ("create", "/OKD/2026-11"), ("create", "/OKD/2026-11/=uuid")],
        )
    ],
    "batches.restore": [(restore_in_place, [("revert", "/a.txt")]), (restore_metadata, [("revert", "/=uuid")])],
    "batches.update": [(update_as_decided, [("metadata", "/a.txt")])],
    "batches.update_all": [(update_several, [("metadata", "/a.txt"), ("metadata", "/b.txt")])],
    "deleting.delete_if_empty": [(delete_what_is_empty, [("delete", "/f")])],
    "registering.create": [(register_object, [("create", "/LoRA"), ("create", "/LoRA/=uuid")])],
    "registering.delete": [(delete_registered, [("delete", "/LoRA/=uuid")])],
    "registering.patch": [
        (register_change, [("metadata", "/LoRA/=uuid")]),
        (register_nothing, []),
        (empty_registered, [("registration", "/LoRA/2026-11/f.txt")]),
    ],
    "registering.put": [
        (import_object, [("metadata", "/LoRA/=uuid")]),
        (import_deleted, [("restore", "/LoRA/=uuid"), ("metadata", "/LoRA/=uuid")]),
    ],
    "accounts.add_service": [(add_service, [("add-service", "/")])],
    "accounts.add_user": [(add_user, [("add-user", "/")])],
    "accounts.change_password": [(change_password, [("change-password", "/")])],
    "accounts.set_admin": [(set_admin, [("promote-user", "/")])],
    "accounts.set_disabled": [(set_disabled, [("disable-user", "/")])],
    "accounts.set_expiry": [(set_expiry, [("expire-user", "/")])],
    "app_passwords.make": [(make_app_password, [("make-app-password", "/")])],
    "app_passwords.revoke": [(revoke_app_password, [("revoke-app-password", "/")])],
    "checking_out.cancel": [
        (cancel, [("rescue", "/a"), ("cancel-check-out", "/a")]),
        (force_cancel, [("rescue", "/a"), ("force-cancel-check-out", "/a")]),
    ],
    "checking_out.check_in": [(check_in, [("check-in", "/a")]), (force_check_in, [("force-check-in", "/a")])],
    "checking_out.check_out": [(check_out, [("check-out", "/a")])],
    "deleted.end_address": [(end_address, [("end-address", "/a.txt")])],
    "deleted.restore": [(restore_where_it_was, [("restore", "/a.txt")])],
    "deleted.restore_into": [
        (restore_out_of_a_folder, [("create", "/Door"), ("create", "/Door/2026-11"), ("restore", "/Door/2026-11/a.txt")])
    ],
    "documents.note_reader": [(read_shown_by_another, [])],
    "documents.open_content": [(read_by_another, [])],
    "documents.patch_properties": [(patch, [("properties", "/a")])],
    "documents.put": [
        (put_new, [("create", "/a")]),
        (put_again, [("save", "/a")]),
        (put_the_same, []),
        (put_in_session, [("save", "/a")]),
        (put_into_a_working_copy, [("save", "/a")]),
        (put_nothing_onto_something, [("empty", "/a")]),
        (put_too_late, [("rescue", "/a")]),
    ],
    "erasing.erase": [(erase, [("erase", "/f/a"), ("erase", "/f/b"), ("erase", "/f")])],
    "external_accounts.principal_of": [(add_external, [("add-user", "/")])],
    "granting.close": [(close, [("close", "/f")])],
    "granting.grant": [(grant, [("grant", "/f")])],
    "granting.open_again": [(open_again, [("open", "/f")])],
    "granting.revoke": [(revoke, [("revoke", "/f")])],
    "groups.add": [(add_group, [("add-group", "/")])],
    "groups.join": [(join, [("add-member", "/")])],
    "groups.leave": [(leave, [("remove-member", "/")])],
    "groups.remove": [(remove_group, [("remove-group", "/")])],
    "moving_by_id.copy_all_into": [(copy_all_into, [("copy", "/a.txt"), ("copy", "/b.txt")])],
    "moving_by_id.move_all_into": [(move_all_into, [("move", "/a.txt"), ("move", "/b.txt")])],
    "locking.lock": [(lock, [("lock", "/a")]), (lock_into_being, [("create", "/a"), ("lock", "/a")])],
    "locking.refresh": [(refresh, [("refresh-lock", "/a")])],
    "locking.unlock": [
        (unlock, [("unlock", "/a")]),
        (unlock_what_was_never_written, [("created", "/a"), ("unlock", "/a")]),
        (break_a_lock, [("break-lock", "/a")]),
    ],
    "marking.hold": [(marked(marking.hold), [("hold", "/a")])],
    "marking.pin": [(marked(marking.pin), [("pin", "/a")])],
    "marking.release": [(marked(marking.hold, marking.release), [("release", "/a")])],
    "marking.remove_label": [(remove_label, [("remove-label", "/a")])],
    "marking.set_label": [(set_label, [("label", "/a")])],
    "marking.unpin": [(marked(marking.pin, marking.unpin), [("unpin", "/a")])],
    "mending.merge": [(merge, [("merge", "/a")])],
    "mending.split": [(split, [("split", "/a")])],
    "copying.copy": [(copy, [("copy", "/f")]), (copy_onto, [("save", "/b")])],
    "deleting.delete": [(delete, [("delete", "/f")])],
    "moving.move": [
        (move, [("move", "/a")]),
        (move_folder_onto_another, [("delete", "/g"), ("move", "/f")]),
        (save_by_a_temporary_file, [("save", "/a.docx"), ("discard", "/x.tmp")]),
    ],
    "objects.create": [
        (make_object, [("create", "/a.txt")]),
        (make_bare, [("create", "/=uuid")]),
        (make_filed, [("create", "/OKD"), ("create", "/OKD/2026-11"), ("create", "/OKD/2026-11/a.txt")]),
    ],
    "objects.update": [
        (change_metadata, [("metadata", "/a.txt")]),
        (change_nothing, []),
        (change_both, [("save", "/a.txt")]),
        (change_both_checked_out, [("metadata", "/a.txt"), ("save", "/a.txt")]),
        (give_first_content, [("save", "/=uuid"), ("file", "/a.txt")]),
    ],
    "removing_versions.remove_version": [(remove_a_version, [("remove-version", "/a")])],
    "revisions.create": [(create_named, [("create", "/a.txt")])],
    "revisions.number_types": [(number_types, [])],
    "revisions.update": [
        (change_in_revision, [("metadata", "/a.txt")]),
        (begin_revision, [("metadata", "/a.txt"), ("revise", "/a.txt")]),
        (begin_revision_checked_out, [("metadata", "/a.txt"), ("revise", "/a.txt"), ("save", "/a.txt")]),
    ],
    "rescue_copies.copy_out": [
        (copy_rescue, [("create", "/b")]),
        (take_rescue, [("create", "/b"), ("take-rescue", "/.rescue/a")]),
    ],
    "rescue_copies.drop": [(drop_rescue, [("drop-rescue", "/.rescue/a")])],
    "purging.purge": [(purge, [("purge", "/f/a")])],
    "purging.purge_due": [(purge_due, [("purge", "/f/a")])],
    "purging.purge_junk": [(purge_junk, [("purge", "/x.tmp")])],
    "purging.purge_older_than": [(purge_older, [("purge", "/f/a")])],
    "thinning.thin": [(thin, [("thin", "/a")])],
    "thinning.thin_due": [(thinned, [("thin", "/a")])],
    "sessions.set_versions_per": [(set_policy, [("version-policy", "/f")])],
    "signing_keys.remove": [(remove_key, [("remove-key", "/")])],
    "signing_keys.rotate": [(rotate_key, [("rotate-key", "/")])],
    "time_travel.copy_out": [(copy_out_of_the_past, [("copy", "/f")])],
    "signed_locks.lock": [(lock_signed, [("lock", "/a")]), (lock_signed_again, [("refresh-lock", "/a")])],
    "signed_locks.replace_content": [(replace_under_a_signed_lock, [("save", "/a"), ("refresh-lock", "/a")])],
    "temporary_files.keep": [(keep_temporary_file, [("keep-temporary-file", "/")])],
    "tokens.issue": [(issue_token, [("issue-token", "/")])],
    "tokens.issue_for": [(issue_token_for, [("issue-token", "/")])],
    "trash.copy_out": [(copy_out_of_the_trash, [("copy", "/.trash/a")])],
    "trash.restore": [(restore_from_trash, [("restore", "/f/a")])],
    "tree.make_collection": [(make_folder, [("create", "/f")])],
    "uploads.append": [
        (append_a_part, []),
        (append_the_last_part, [("create", "/up.bin"), ("complete-upload", "/")]),
    ],
    "uploads.begin": [(begin_upload, [("begin-upload", "/")])],
    "uploads.end": [(end_upload, [("end-upload", "/")])],
    "upkeep.tidy": [(settle, [("settle", "/f/a")]), (put_back, [("rebind", "/f/a")]), (sweep, [("sweep", "/f/~WRD0000.tmp")])],
    "versioning.restore": [(restore_a_version, [("revert", "/a")]), (copy_a_version, [("create", "/b")])],
    "versioning.revert": [(revert, [("revert", "/a")])],
}

WITHOUT_ROWS = {
    "backups.copy_store": "a copy holds the audit of the store, and is to be equal to it",
    "brake.forget_failures": "failures of long ago are told of in the audit themselves",
    "signing_keys.keys_of": "a first key is made where none was, which changes nothing for anybody",
    "temporary_files.forget_expired": "what nobody used was never in the store; its arrival is told",
    "uploads.forget_expired": "what was never complete was never in the store; its beginning is told",
}
"""What writes and needs no row, and why. ``auditing`` writes rows itself."""


def public_writes() -> Iterator[str]:
    """Yield the public functions of the core that write, by themselves or by others of their module."""
    for file in sorted(Path(davgate.core.__path__[0]).rglob("*.py")):
        functions = {one.name: one for one in ast.parse(file.read_text("utf-8")).body if isinstance(one, ast.FunctionDef)}
        writing = {name for name, one in functions.items() if "database.write(" in ast.unparse(one)}
        while more := {name for name, one in functions.items() if name not in writing and _names(one) & writing}:
            writing |= more
        yield from (f"{file.stem}.{name}" for name in sorted(writing) if name[0] != "_" and file.stem != "auditing")


def _names(function: ast.FunctionDef) -> set[str]:
    return {one.id for one in ast.walk(function) if isinstance(one, ast.Name)}


def test_every_public_write_of_the_core_is_here() -> None:
    writes = set(public_writes())

    assert len(writes) >= 50
    assert writes == {*CASES, *WITHOUT_ROWS}


def _shown(where: str) -> str:
    """Return a path of the audit without what differs from run to run."""
    return UUID.sub("=uuid", where.partition(" ")[0])


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [pytest.param(*case, id=f"{name}-{no}") for name, cases in CASES.items() for no, case in enumerate(cases)],
)
def test_write_is_told_by_exactly_its_rows_in_its_commit(
    store: Store,
    ann: Context,
    bob: Context,
    root_admin: Context,
    clock: SettableClock,
    prepare: Callable[[World], Act],
    expected: list[tuple[str, str]],
) -> None:
    act = prepare(World(store, ann, bob, root_admin, clock))
    with store.database.read() as session:
        before, changes_before = session.all(ALL), session.all(CHANGES)

    act()

    with store.database.read() as session:
        rows, changes = session.all(ALL)[len(before) :], session.all(CHANGES)[len(changes_before) :]
    assert [(action, _shown(where)) for _, _, action, where, _, _ in rows] == expected
    assert {outcome for *_, outcome, _ in rows} <= {"granted"}
    assert {at for (at,) in changes} <= {at for _, at, *_ in rows}
    for *_, detail in rows:
        assert isinstance(json.loads(detail), dict)
        CANARY.hear("the audit", detail)
