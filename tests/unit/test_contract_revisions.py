"""Revisions: which versions they group, what they show, and what becomes of them when documents are merged, split or removed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import SettableClock, a_document, a_lock, content_of, holding, path, put, read, with_policy
from tests.unit.filed import a_file, made, made_folder, numbering, rest, say, statements_of, trashed

from davgate.core import (
    checking_out,
    copying,
    deleting,
    describing,
    erasing,
    mending,
    moving,
    removing_versions,
    revision_history,
    revisions,
    thinning,
)
from davgate.core.objects import Changes, NewObject
from davgate.core.principals import granting
from davgate.core.revisions import Shown
from davgate.core.store import Context, Store
from davgate.core.streams import open_content
from davgate.model.errors import Forbidden, Malformed, NotFound
from davgate.model.errors_of_objects import LogicalNameTaken, NoSuchRevision, VersionIsMarked
from davgate.model.node import ROOT_ID, NodeKind
from davgate.model.rights import READER
from davgate.model.thinning import Reason, Thinned, ThinningRule
from davgate.storage.api import Numbered
from davgate.storage.api import thinning as rows

STATE = "dynacase:state"


def change(
    store: Store, ctx: Context, node_id: int, body: bytes | None = None, *, comment: str = "", revise: bool = True, **said: Any
) -> Shown:
    """Change a document, by a new revision if nothing else is said."""
    file = None if body is None else a_file(store, body)
    return revisions.update(store, rest(ctx), node_id, lambda _: Changes(said or None, file, comment=comment), revise=revise)


def advance(store: Store, ctx: Context, node_id: int, state: str) -> Shown:
    """Begin a revision in another state."""
    return revisions.update(store, rest(ctx), node_id, lambda _: Changes({STATE: state}), revise=True)


def shown_all(store: Store, ctx: Context, node_id: int) -> list[Shown]:
    """Return all revisions, the newest first."""
    found, total = revisions.show_some(store, ctx, node_id, 0, None)
    assert total == len(found)
    return found


def titles(store: Store, ctx: Context, node_id: int) -> list[tuple[int, object]]:
    """Return number and title of all revisions, the newest first."""
    return [(one.no, one.metadata.get("title")) for one in shown_all(store, ctx, node_id)]


def bytes_of(store: Store, ctx: Context, shown: Shown) -> bytes:
    assert shown.content is not None
    return read(open_content(store, ctx, shown.content, shown.changed_at))


def test_document_has_revision_0_with_its_own_number(store: Store, ann: Context) -> None:
    node = made(store, ann, title="one")
    say(store, ann, node.id, title="two")

    shown = revisions.show(store, ann, node.id)

    assert (shown.id, shown.initid, shown.no, shown.is_newest, shown.is_deleted) == (node.id, node.id, 0, True, False)
    assert (shown.metadata["title"], shown.name, shown.version_no) == ("two", None, 2)
    assert titles(store, ann, node.id) == [(0, "two")]
    assert revisions.resolve(store, str(node.id)) == Numbered(node.id)


def test_revision_begins_with_a_version_and_the_old_one_shows_the_last_before_it(store: Store, ann: Context) -> None:
    node = made(store, ann, b"one", title="one")
    say(store, ann, node.id, title="two")

    change(store, ann, node.id, title="three")
    say(store, ann, node.id, title="four")
    put(store, ann, "/a.txt", b"written on the drive")

    newest, first = shown_all(store, ann, node.id)
    assert (newest.no, newest.metadata["title"], newest.version_no) == (1, "four", 5)
    assert (first.no, first.metadata["title"], first.version_no, first.is_newest) == (0, "two", 2, False)
    assert newest.id not in (node.id, first.id) and first.id == newest.initid == node.id
    assert bytes_of(store, ann, newest) == b"written on the drive"
    assert bytes_of(store, ann, first) == b"one"
    assert [cause for _, cause, *_ in numbering(store, node.id)] == ["created", "metadata", "revision", "metadata", "save"]
    assert revisions.resolve(store, str(newest.id)) == Numbered(node.id)


def test_revision_without_any_change_makes_a_version(store: Store, ann: Context) -> None:
    node = made(store, ann, title="one")

    change(store, ann, node.id)
    change(store, ann, node.id)

    assert titles(store, ann, node.id) == [(2, "one"), (1, "one"), (0, "one")]
    assert [no for no, *_ in numbering(store, node.id)] == [1, 2, 3]


def test_content_with_a_revision_makes_one_version(store: Store, ann: Context) -> None:
    node = made(store, ann, b"one", title="one")

    change(store, ann, node.id, b"one", title="two")

    assert [cause for _, cause, *_ in numbering(store, node.id)] == ["created", "save"]
    assert titles(store, ann, node.id) == [(1, "two"), (0, "one")]


def test_document_without_content_has_revisions(store: Store, ann: Context) -> None:
    node = made(store, ann, None, title="one")

    change(store, ann, node.id, title="two")

    assert titles(store, ann, node.id) == [(1, "two"), (0, "one")]
    assert [one.content for one in shown_all(store, ann, node.id)] == [None, None]


def test_refused_change_begins_no_revision(store: Store, ann: Context, bob: Context) -> None:
    node = made(store, ann, title="one")

    def refuse(_: Shown) -> Changes:
        raise Malformed("no")

    with pytest.raises(Malformed):
        revisions.update(store, rest(ann), node.id, refuse, revise=True)

    assert titles(store, ann, node.id) == [(0, "one")]


def test_revision_in_a_check_out_has_the_metadata_and_the_working_copy_the_content(
    store: Store, ann: Context, bob: Context
) -> None:
    node = made(store, ann, b"one", title="one")
    checking_out.check_out(store, ann, node.id)

    change(store, ann, node.id, b"two", title="two")

    assert titles(store, bob, node.id) == [(1, "two"), (0, "one")]
    assert bytes_of(store, bob, revisions.show(store, bob, node.id)) == b"one"
    assert bytes_of(store, ann, revisions.show(store, ann, node.id)) == b"two"
    checking_out.check_in(store, ann, node.id)
    assert bytes_of(store, bob, revisions.show(store, bob, node.id)) == b"two"
    assert titles(store, bob, node.id) == [(1, "two"), (0, "one")]


def test_open_edit_session_is_sealed_by_a_revision(store: Store, ann: Context) -> None:
    put(store, ann, "/a.txt", b"one")
    held = a_lock(store, ann, "/a.txt")
    node = put(store, holding(ann, held), "/a.txt", b"two").node

    change(store, holding(ann, held), node.id, title="t")
    put(store, holding(ann, held), "/a.txt", b"three")

    newest, first = shown_all(store, ann, node.id)
    assert (bytes_of(store, ann, newest), bytes_of(store, ann, first)) == (b"three", b"two")


def test_numbers_and_names_lead_to_documents_revisions_and_types(store: Store, ann: Context) -> None:
    new = NewObject(NodeKind.DOCUMENT, "dynacase:MY_ARTICLE", {"title": "one"})
    node = revisions.create(store, rest(ann), ROOT_ID, new, name="THE_ONE").it.node
    article = revisions.number_types(store, ["dynacase:MY_ARTICLE", "dynacase:MY_FILE"])["dynacase:MY_ARTICLE"]

    assert revisions.resolve(store, "THE_ONE") == Numbered(node.id)
    assert revisions.resolve(store, str(article)) == Numbered(None, "dynacase:MY_ARTICLE")
    assert revisions.number_types(store, ["dynacase:MY_ARTICLE"]) == {"dynacase:MY_ARTICLE": article}
    for nothing in ("the_one", "999999", "1" * 30, "-1", "", "١"):
        assert revisions.resolve(store, nothing) is None
    assert revisions.show(store, ann, node.id).name == "THE_ONE"
    with pytest.raises(LogicalNameTaken):
        revisions.create(store, rest(ann), ROOT_ID, new, name="THE_ONE")


def test_revisions_are_paged_and_unknown_ones_are_refused(store: Store, ann: Context) -> None:
    node = made(store, ann, title="0")
    for no in range(1, 5):
        change(store, ann, node.id, title=str(no))

    page, total = revisions.show_some(store, ann, node.id, 1, 2)

    assert ([one.no for one in page], total) == ([3, 2], 5)
    assert revisions.show_some(store, ann, node.id, 9, 2) == ([], 5)
    assert revisions.show_one(store, ann, node.id, 3).metadata["title"] == "3"
    assert revisions.show_one(store, ann, node.id, 4).is_newest
    for no in (5, -1, 1 << 70):
        with pytest.raises(NoSuchRevision):
            revisions.show_one(store, ann, node.id, no)


def test_list_has_the_newest_revisions(store: Store, ann: Context) -> None:
    one, two = made(store, ann, title="one"), made(store, ann, None, title="two")
    change(store, ann, one.id)
    found = describing.members(store, ann, (), 0, 100)[1].items

    shown = {each.initid: (each.no, each.metadata["title"]) for each in revisions.show_all(store, found)}

    assert shown == {one.id: (1, "one"), two.id: (0, "two")}
    assert revisions.show_all(store, []) == []


def test_last_version_of_a_fixed_revision_is_not_removed(store: Store, ann: Context) -> None:
    node = made(store, ann, b"one", title="one")
    say(store, ann, node.id, title="two")
    change(store, ann, node.id, b"three", title="three")
    change(store, ann, node.id, b"four", title="four")
    say(store, ann, node.id, title="five")

    for no in (2, 3):
        with pytest.raises(VersionIsMarked):
            removing_versions.remove_version(store, rest(ann), node.id, no)
    for no in (1, 4):
        removing_versions.remove_version(store, rest(ann), node.id, no)

    assert titles(store, ann, node.id) == [(2, "five"), (1, "three"), (0, "two")]
    assert [no for no, *_ in numbering(store, node.id)] == [2, 3, 5]


def test_last_version_of_a_fixed_revision_is_not_thinned(store: Store, ann: Context, root_admin: Context) -> None:
    node, other = made(store, ann, b"one", title="one"), made(store, ann, b"1", "other.txt")
    for of in (node, other):
        say(store, ann, of.id, title="two")
        say(store, ann, of.id, title="three")
    change(store, ann, node.id, b"four", title="four")
    say(store, ann, node.id, title="five")
    before = titles(store, ann, node.id)

    thinning.thin(with_policy(store, replace(store.policy, thinning=ThinningRule(most=1))), root_admin, dry_run=False)

    assert titles(store, ann, node.id) == before == [(1, "five"), (0, "three")]
    assert [no for no, *_ in numbering(store, node.id)] == [3, 5]
    assert [no for no, *_ in numbering(store, other.id)] == [3]


def test_version_that_is_gone_is_answered_with_the_nearest_one_before(store: Store, ann: Context) -> None:
    node = made(store, ann, b"one", title="one")
    change(store, ann, node.id, b"two", title="two")
    change(store, ann, node.id, b"three", title="three")

    # As by a rule of the time when such versions were not kept.
    with store.database.write() as tx:
        rows.drop(tx, node.id, Thinned({2: Reason.COUNT}))
        tx.commit()
    assert titles(store, ann, node.id) == [(2, "three"), (1, "one"), (0, "one")]

    with store.database.write() as tx:
        rows.drop(tx, node.id, Thinned({1: Reason.COUNT}))
        tx.commit()
    assert titles(store, ann, node.id) == [(2, "three"), (1, "three"), (0, "three")]


def test_merged_document_brings_its_revisions_and_its_numbers(store: Store, ann: Context) -> None:
    into, source = a_document(store, ann, "/into.txt", b"1"), a_document(store, ann, "/source.txt", b"2")
    change(store, ann, into.id, title="into 1")
    change(store, ann, source.id, title="source 1")
    put(store, ann, "/source.txt", b"3")
    change(store, ann, source.id, title="source 2")
    numbers = {one.no: one.id for one in shown_all(store, ann, source.id)}

    mending.merge(store, ann, path("/source.txt"), path("/into.txt"))

    assert titles(store, ann, into.id) == [(3, "source 2"), (2, "source 1"), (1, "into 1"), (0, None)]
    assert {one.no: one.id for one in shown_all(store, ann, into.id) if one.no > 1} == {2: numbers[1], 3: numbers[2]}
    assert revisions.resolve(store, str(source.id)) == Numbered(into.id)
    assert revisions.resolve(store, str(numbers[2])) == Numbered(into.id)


def test_merged_document_brings_its_name_where_the_other_has_none(store: Store, ann: Context) -> None:
    def named(file_name: str, name: str | None) -> int:
        new = NewObject(NodeKind.DOCUMENT, None, {}, a_file(store, b"one", file_name))
        return revisions.create(store, rest(ann), ROOT_ID, new, name=name).initid

    without, first, second = named("1.txt", None), named("2.txt", "FIRST"), named("3.txt", "SECOND")

    mending.merge(store, ann, path("/2.txt"), path("/1.txt"))
    mending.merge(store, ann, path("/3.txt"), path("/1.txt"))

    assert revisions.resolve(store, "FIRST") == Numbered(without)
    assert revisions.resolve(store, "SECOND") is None
    assert revisions.resolve(store, str(first)) == revisions.resolve(store, str(second)) == Numbered(without)


def test_split_document_keeps_its_revisions(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a.txt", b"1")
    change(store, ann, node.id, title="t")
    put(store, ann, "/a.txt", b"2")

    made_of_it = mending.split(store, ann, path("/a.txt"), 2, "b.txt").node

    assert titles(store, ann, node.id) == [(1, None), (0, None)]
    assert titles(store, ann, made_of_it.id) == [(0, "t")]


def test_save_by_a_temporary_file_goes_into_the_newest_revision(store: Store, ann: Context, clock: SettableClock) -> None:
    node = a_document(store, ann, "/a.docx", b"1")
    change(store, ann, node.id, title="t")
    clock.advance(timedelta(seconds=1))
    put(store, ann, "/~a.tmp", b"saved")
    moving.move(store, ann, path("/~a.tmp"), path("/a.docx"), overwrite=True)

    newest, first = shown_all(store, ann, node.id)

    assert (newest.no, bytes_of(store, ann, newest)) == (1, b"saved")
    assert (first.no, bytes_of(store, ann, first)) == (0, b"1")
    assert content_of(store, ann, "/a.docx") == b"saved"


def test_copy_is_at_revision_0(store: Store, ann: Context) -> None:
    node = made(store, ann, title="one")
    change(store, ann, node.id)

    copying.copy(store, ann, path("/a.txt"), path("/b.txt"), overwrite=False)

    (copied,) = [it for it in describing.members(store, ann, (), 0, 100)[1].items if it.node.id != node.id]
    assert titles(store, ann, copied.node.id) == [(0, "one")]


def test_deleted_document_is_shown_in_the_trash_alone(store: Store, ann: Context) -> None:
    node = made(store, ann, b"one", title="one")
    change(store, ann, node.id, title="two")
    deleting.delete(store, rest(ann), node.id)

    with pytest.raises(NotFound):
        revisions.show(store, ann, node.id)
    shown = revisions.show_deleted(store, ann, node.id)

    assert (shown.no, shown.is_deleted, shown.metadata["title"], shown.it.node.name) == (1, True, "two", "a.txt")
    assert revisions.is_deleted(store, ann, node.id)
    assert [one.no for one in revisions.show_some(store, ann, node.id, 0, None, deleted=True)[0]] == [1, 0]
    assert revisions.show_one(store, ann, node.id, 0, deleted=True).metadata["title"] == "one"
    assert trashed(store, ann) == [node.id]


def test_trash_shows_no_folders_and_nothing_that_one_may_not_read(
    store: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    folder = made_folder(store, ann, "f")
    node = made(store, ann, place=folder.id)
    granting.close(store, root_admin, path("/f"))
    deleting.delete(store, rest(root_admin), node.id)

    assert not revisions.is_deleted(store, bob, node.id)
    assert trashed(store, bob) == []
    assert trashed(store, root_admin) == [node.id]
    deleting.delete(store, rest(root_admin), folder.id)
    assert trashed(store, root_admin) == [node.id]
    with pytest.raises(NotFound):
        revisions.show_deleted(store, root_admin, folder.id)


def test_erased_document_leaves_no_revision_and_no_name(store: Store, ann: Context, root_admin: Context) -> None:
    new = NewObject(NodeKind.DOCUMENT, None, {}, a_file(store, b"one"))
    node = revisions.create(store, rest(ann), ROOT_ID, new, name="GONE").it.node
    number = change(store, ann, node.id).id

    erasing.erase(store, root_admin, node.uuid, "asked for")

    for nothing in ("GONE", str(number), str(node.id)):
        assert revisions.resolve(store, nothing) is None
    revisions.create(store, rest(ann), ROOT_ID, new, name="GONE")


def test_who_may_not_write_begins_no_revision(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    folder = made_folder(store, ann, "f")
    node = made(store, ann, place=folder.id)
    granting.close(store, root_admin, path("/f"))
    granting.grant(store, root_admin, path("/f"), "bob", READER)

    with pytest.raises(Forbidden):
        change(store, bob, node.id)

    assert titles(store, bob, node.id) == [(0, None)]


def test_history_tells_what_happened_to_each_revision(store: Store, ann: Context, bob: Context) -> None:
    node = made(store, ann, title="one")
    say(store, bob, node.id, title="two")
    change(store, ann, node.id, title="three", comment="why")
    put(store, bob, "/a.txt", b"saved")

    (newest, first), total = revision_history.history(store, ann, node.id)

    assert total == 2
    assert [(one.action, one.by) for one in newest.events] == [("save", "bob"), ("revise", "ann")]
    assert newest.events[1].detail["comment"] == "why"
    assert [(one.action, one.by) for one in first.events] == [("metadata", "bob"), ("create", "ann")]
    (only,), _ = revision_history.history(store, ann, node.id, 1, 1)
    assert only.shown.no == 0 and [one.action for one in only.events] == ["metadata", "create"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_list_costs_as_many_statements_however_long_it_is(store: Store, ann: Context) -> None:
    for _ in range(5):
        change(store, ann, made(store, ann).id)
    found = describing.members(store, ann, (), 0, 100)[1].items
    seen = statements_of(store)

    revisions.show_all(store, found)

    assert len(seen) == 2


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_page_of_revisions_costs_as_many_statements_however_long_it_is(store: Store, ann: Context) -> None:
    node = made(store, ann)
    for _ in range(20):
        change(store, ann, node.id)
    costs = []
    for most in (2, 20):
        seen = statements_of(store)
        revisions.show_some(store, ann, node.id, 0, most)
        costs.append(len(seen))

    assert costs[0] == costs[1]


def test_of_revisions_begun_at_once_each_has_its_number(store: Store, ann: Context, bob: Context) -> None:
    node = made(store, ann)

    def begin(ctx: Context) -> None:
        for _ in range(4):
            change(store, ctx, node.id)

    with ThreadPoolExecutor() as pool:
        list(pool.map(begin, (ann, bob)))

    assert [one.no for one in shown_all(store, ann, node.id)] == [*range(8, -1, -1)]
    assert len({one.id for one in shown_all(store, ann, node.id)}) == 9


STEPS = st.lists(st.sampled_from(["say", "save", "revise", "revise with content", "remove"]), max_size=12)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, chosen=st.randoms(use_true_random=False))
def test_revisions_show_what_a_naive_list_of_versions_says(store: Store, ann: Context, steps: list[str], chosen: Random) -> None:
    node = made(store, ann, b"0", f"{store.new_uuid()}.txt", title="1")
    versions, firsts = {1: "1"}, [1]
    for step in steps:
        no = max(versions) + 1
        if step == "remove":
            old = chosen.choice([*versions])
            if old + 1 in firsts:
                with pytest.raises(VersionIsMarked):
                    removing_versions.remove_version(store, rest(ann), node.id, old)
            elif old != max(versions):
                removing_versions.remove_version(store, rest(ann), node.id, old)
                del versions[old]
            continue
        body = f"{no}".encode() if step in ("save", "revise with content") else None
        change(store, ann, node.id, body, title=f"{no}", revise=step.startswith("revise"))
        versions[no] = f"{no}"
        if step.startswith("revise"):
            firsts.append(no)

    ends = [*firsts[1:], max(versions) + 1]
    naive = [versions[max((no for no in versions if no < end), default=min(versions))] for end in ends]

    assert [title for _, title in reversed(titles(store, ann, node.id))] == naive
