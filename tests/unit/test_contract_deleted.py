"""What the core promises of what was deleted and keeps its address: described, read, brought back or ended there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders import (
    LARGE,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    content_of,
    damages,
    exists,
    members_of,
    on_condition,
    path,
    put,
    read,
)
from tests.unit.filed import made, made_folder, rest, save, say, trashed

from davgate.core import checking_out, deleted, deleting, describing, moving_by_id, objects, revisions, trash
from davgate.core.objects import Changes
from davgate.core.principals import granting
from davgate.core.second_names import Alias
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import Forbidden, Locked, NotFound, ParentMissing, PreconditionFailed
from davgate.model.errors_of_versions import NotCheckedOut
from davgate.model.metadata import Metadata
from davgate.model.node import Node
from davgate.model.rights import READER

MINUTE = timedelta(minutes=1)


@pytest.fixture
def folder(store: Store, ann: Context) -> Node:
    return made_folder(store, ann, "f", alias=Alias("dossier"), title="F")


@pytest.fixture
def document(store: Store, ann: Context, folder: Node) -> Node:
    """/f/a.txt, document-1 in dossier-1, with two versions."""
    node = made(store, ann, b"one", "a.txt", place=folder.id, alias=Alias("document"), title="A")
    return save(store, ann, node.id, LARGE)


def trash_it(store: Store, ctx: Context, node: Node) -> None:
    deleting.delete(store, rest(ctx), node.id, beside_own=False, keeps_address=True)


def at_address(store: Store, *address: str) -> int:
    with store.database.read() as session:
        return describing.find_address(session, address)


def test_deleted_document_is_described_where_it_was(store: Store, ann: Context, bob: Context, document: Node) -> None:
    trash_it(store, ann, document)
    seen, is_deleted = deleted.describe(store, rest(bob), document.id, with_above=True)

    assert is_deleted
    assert (seen.path, [one.said.address_name for one in seen.above][1:]) == (("f", "a.txt"), ["dossier-1"])
    assert (seen.it.said.alias, seen.it.metadata, seen.it.lock, seen.it.held_by) == ("document-1", {"title": "A"}, None, None)
    assert at_address(store, "dossier-1", "document-1") == document.id
    assert not exists(store, ann, path("/f/a.txt"))
    assert damages(store) == []


def test_document_that_is_there_is_described_as_ever(store: Store, ann: Context, document: Node) -> None:
    assert deleted.describe(store, rest(ann), document.id) == (describing.describe(store, rest(ann), document.id), False)


def test_deleted_content_is_read_by_who_may(store: Store, ann: Context, bob: Context, document: Node) -> None:
    trash_it(store, ann, document)
    seen, opened = deleted.open_content(store, rest(bob), document.id)

    assert (seen.it.file_name, read(opened)) == ("a.txt", LARGE)
    assert opened.is_modified
    again = on_condition(rest(bob), Conditions(if_none_match=(opened.etag,)))
    assert not deleted.open_content(store, again, document.id)[1].is_modified
    with pytest.raises(PreconditionFailed):
        deleted.open_content(store, on_condition(rest(bob), Conditions(if_match=('"other"',))), document.id)


def test_emptied_document_is_read_as_its_last_version(store: Store, ann: Context, document: Node) -> None:
    put(store, ann, "/f/a.txt", b"")

    assert content_of(store, ann, "/f/a.txt") == b""
    assert read(deleted.open_content(store, rest(ann), document.id)[1]) == LARGE


def test_working_copy_is_its_holders(store: Store, ann: Context, bob: Context, document: Node) -> None:
    checking_out.check_out(store, rest(ann), document.id)
    save(store, ann, document.id, b"mine", "b.md")
    mine, others = (deleted.open_content(store, rest(one), document.id) for one in (ann, bob))

    assert (mine[0].it.file_name, read(mine[1]), others[0].it.file_name, read(others[1])) == ("b.md", b"mine", "a.txt", LARGE)


def test_without_content_there_is_nothing_to_read(store: Store, ann: Context, folder: Node) -> None:
    bare = made(store, ann, None, place=folder.id)

    for node in (bare, folder):
        with pytest.raises(NotFound):
            deleted.open_content(store, rest(ann), node.id)


def test_members_of_a_deleted_collection_are_listed(store: Store, ann: Context, folder: Node, document: Node) -> None:
    trash_it(store, ann, folder)
    seen, page = deleted.members(store, rest(ann), folder.id, 0, 10)

    assert (seen.path, [one.node.id for one in page.items], page.total) == (("f",), [document.id], 1)
    assert deleted.describe(store, rest(ann), document.id)[1] is True
    assert at_address(store, "dossier-1", "document-1") == document.id
    assert damages(store) == []


def test_what_the_drive_deleted_is_not_shown(store: Store, ann: Context, folder: Node, document: Node) -> None:
    deleting.delete(store, ann, path("/f"))

    for node in (folder, document):
        with pytest.raises(NotFound):
            deleted.describe(store, rest(ann), node.id)


def test_below_what_the_drive_deleted_nothing_is_shown(store: Store, ann: Context, folder: Node, document: Node) -> None:
    trash_it(store, ann, document)
    deleting.delete(store, ann, path("/f"))

    with pytest.raises(NotFound):
        deleted.describe(store, rest(ann), document.id)
    with pytest.raises(ParentMissing):
        deleted.restore(store, rest(ann), document.id)


def test_rights_are_those_where_it_was(store: Store, ann: Context, bob: Context, root_admin: Context, document: Node) -> None:
    granting.close(store, root_admin, path("/f"))
    granting.grant(store, root_admin, path("/f"), "bob", READER)
    trash_it(store, root_admin, document)

    assert deleted.describe(store, rest(bob), document.id)[1] is True
    with pytest.raises(NotFound):
        deleted.describe(store, rest(ann), document.id)
    for act in (deleted.restore, deleted.end_address):
        with pytest.raises(NotFound):
            act(store, rest(ann), document.id)
        with pytest.raises(Forbidden):
            act(store, rest(bob), document.id)
    with pytest.raises(NotFound):
        deleted.open_content(store, rest(ann), document.id)


def test_unknown_id_leads_nowhere(store: Store, ann: Context, root_admin: Context) -> None:
    for ctx in (ann, root_admin):
        for act in (deleted.describe, deleted.open_content, deleted.restore, deleted.end_address):
            with pytest.raises(NotFound):
                act(store, rest(ctx), 4711)


def test_restored_document_has_its_name_and_versions(store: Store, ann: Context, document: Node) -> None:
    trash_it(store, ann, document)
    node = deleted.restore(store, rest(ann), document.id)

    assert (node.id, node.name, node.version_no) == (document.id, "a.txt", document.version_no)
    assert content_of(store, ann, "/f/a.txt") == LARGE
    assert deleted.describe(store, rest(ann), document.id)[1] is False
    assert trash.entries(store, ann) == []
    assert damages(store) == []
    with pytest.raises(NotFound):
        deleted.restore(store, rest(ann), document.id)


def test_restored_document_gets_a_number_where_its_name_is_taken(store: Store, ann: Context, document: Node) -> None:
    trash_it(store, ann, document)
    a_document(store, ann, "/f/a.txt", b"another")
    deleted.restore(store, rest(ann), document.id)

    assert sorted(members_of(store, ann, "/f")) == ["a (2).txt", "a.txt"]
    assert content_of(store, ann, "/f/a (2).txt") == LARGE
    assert damages(store) == []


def test_document_without_content_comes_back_without_a_name(
    store: Store, ann: Context, folder: Node, clock: SettableClock
) -> None:
    bare = made(store, ann, None, place=folder.id, alias=Alias("document"), title="Bare")
    trash_it(store, ann, bare)
    clock.advance(MINUTE)

    (entry,) = trash.entries(store, ann)
    assert (entry.name, entry.keeps_address) == ("", True)
    for act in (trash.open_content, trash.show):
        with pytest.raises(NotFound):
            act(store, ann, bare.id, ())
    with pytest.raises(NotFound):
        trash.restore(store, ann, bare.id, path("/f/x.txt"))
    assert damages(store) == []
    assert deleted.restore(store, rest(ann), bare.id).name is None
    assert members_of(store, ann, "/f") == []
    assert [one.node.id for one in describing.members(store, rest(ann), folder.id, 0, 10)[1].items] == [bare.id]
    assert damages(store) == []
    assert save(store, ann, bare.id, b"first").name == "a.txt"
    assert damages(store) == []


def test_what_lies_in_something_deleted_comes_back_alone_into_a_folder_for_it(
    store: Store, ann: Context, bob: Context, folder: Node, document: Node
) -> None:
    bare = made(store, ann, None, place=folder.id)
    inner = made_folder(store, ann, "inner", place=folder.id)
    deep = made(store, ann, b"deep", "deep.txt", place=inner.id)
    deleting.delete(store, ann, path("/f"))

    assert trashed(store, rest(bob)) == sorted([document.id, bare.id, deep.id])
    assert revisions.show_deleted(store, rest(bob), deep.id).it.node.name == "deep.txt"
    for node in (document, bare, deep):
        deleted.restore_into(store, rest(bob), ("back",), node.id)

    assert members_of(store, ann, "/back/2026-11") == ["a.txt", "deep.txt"]
    assert content_of(store, ann, "/back/2026-11/a.txt") == LARGE
    assert describing.describe(store, rest(ann), bare.id).it.node.name is None
    assert trashed(store, rest(bob)) == []
    (entry,) = trash.entries(store, ann)
    assert trash.show(store, ann, entry.node.id, ("inner",))[2] == []
    with pytest.raises(NotFound):
        deleted.restore_into(store, rest(bob), ("back",), document.id)
    assert damages(store) == []


def test_what_lay_in_something_that_is_there_comes_back_into_that(
    store: Store, ann: Context, bob: Context, folder: Node, document: Node
) -> None:
    deleting.delete(store, ann, path("/f/a.txt"))

    deleted.restore_into(store, rest(bob), ("back",), document.id)

    assert members_of(store, ann, "/f") == ["a.txt"]
    assert not exists(store, ann, path("/back"))


def test_restoring_into_what_somebody_has_locked_is_refused(store: Store, ann: Context, bob: Context, document: Node) -> None:
    trash_it(store, ann, document)
    a_lock(store, bob, "/f")

    with pytest.raises(Locked):
        deleted.restore(store, rest(ann), document.id)
    assert deleted.describe(store, rest(ann), document.id)[1] is True


def test_ended_address_leads_nowhere_and_the_trash_keeps_it(store: Store, ann: Context, document: Node) -> None:
    trash_it(store, ann, document)
    deleted.end_address(store, rest(ann), document.id)

    with pytest.raises(NotFound):
        deleted.describe(store, rest(ann), document.id)
    with pytest.raises(NotFound):
        deleted.end_address(store, rest(ann), document.id)
    trash.restore(store, ann, document.id)
    assert deleted.describe(store, rest(ann), document.id)[1] is False
    assert damages(store) == []


def test_name_that_another_one_took_leads_to_that(store: Store, ann: Context) -> None:
    first = a_document(store, ann, "/a.txt", b"first")
    trash_it(store, ann, first)
    assert at_address(store, "a.txt") == first.id
    second = a_document(store, ann, "/a.txt", b"second")

    assert at_address(store, "a.txt") == second.id


# All or none


def test_all_are_moved_or_none(store: Store, ann: Context, bob: Context, folder: Node) -> None:
    first, second = (made(store, ann, name=name) for name in ("x.txt", "y.txt"))
    a_lock(store, bob, "/y.txt")

    with pytest.raises(Locked):
        moving_by_id.move_all_into(store, rest(ann), [first.id, second.id], folder.id)
    assert members_of(store, ann, "/f") == []


def test_copied_tree_has_the_second_names_that_are_said(store: Store, ann: Context, folder: Node, document: Node) -> None:
    made(store, ann, None, place=folder.id, alias=Alias("document"), title="Bare")
    put(store, ann, "/f/of the drive.txt", b"x")
    target = a_collection(store, ann, "/g")

    def alias_of(object_type: str | None, metadata: Metadata) -> Alias | None:
        return Alias("", str(metadata["title"]).lower()) if "title" in metadata else None

    (copied,) = moving_by_id.copy_all_into(store, rest(ann), [folder.id], target.id, alias_of=alias_of)
    seen, page = describing.members(store, rest(ann), copied.id, 0, 10)

    assert seen.it.said.alias == "f"
    assert [one.said.address_name for one in page.items] == ["a", "bare", "of the drive.txt"]
    assert damages(store) == []


def test_renamed_file_keeps_its_suffix_in_the_version_and_the_working_copy(store: Store, ann: Context, document: Node) -> None:
    checking_out.check_out(store, rest(ann), document.id)
    save(store, ann, document.id, b"mine", "b.md")
    objects.update(store, rest(ann), document.id, Changes({"title": "New"}, stem="New"))

    assert describing.describe(store, rest(ann), document.id).it.file_name == "New.md"
    checking_out.cancel(store, rest(ann), document.id)
    assert describing.describe(store, rest(ann), document.id).it.file_name == "New.txt"
    assert damages(store) == []
    say(store, ann, document.id, title="Newer")
    assert describing.describe(store, rest(ann), document.id).it.file_name == "New.txt"


def test_check_refuses_what_an_update_would(store: Store, ann: Context, bob: Context, document: Node) -> None:
    a_lock(store, bob, "/f/a.txt")

    for changes in (Changes({"title": "x"}), Changes({}, only_checked_out=False)):
        with pytest.raises(Locked):
            objects.check(store, rest(ann), document.id, changes)
    with pytest.raises(NotCheckedOut):
        objects.check(store, rest(ann), document.id, Changes(only_checked_out=True))


def test_conditions_are_held_against_what_was_deleted(store: Store, ann: Context, document: Node) -> None:
    trash_it(store, ann, document)
    others = on_condition(rest(ann), Conditions(if_match=('"another"',)))

    for act in (
        lambda ctx: deleted.restore(store, ctx, document.id),
        lambda ctx: deleted.restore_into(store, ctx, ("door",), document.id),
        lambda ctx: deleted.end_address(store, ctx, document.id),
    ):
        with pytest.raises(PreconditionFailed):
            act(others)
    seen, _ = deleted.describe(store, rest(ann), document.id)
    deleted.restore(store, on_condition(rest(ann), Conditions(if_match=(seen.it.etag,))), document.id)

    assert members_of(store, ann, "/f") == ["a.txt"]


def test_what_one_may_not_take_away_is_not_brought_back(store: Store, ann: Context, root_admin: Context, folder: Node) -> None:
    """It takes the same rights as taking it away: on what is closed in it, too."""
    a_document(store, root_admin, "/f/closed/b.txt")
    granting.close(store, root_admin, path("/f/closed"))
    deleting.delete(store, rest(root_admin), folder.id)

    for act in (
        lambda: trash.restore(store, rest(ann), folder.id, path("/mine")),
        lambda: deleted.restore(store, rest(ann), folder.id),
        lambda: deleted.restore_into(store, rest(ann), ("door",), folder.id),
    ):
        with pytest.raises(Forbidden):
            act()
    trash.restore(store, rest(root_admin), folder.id)
