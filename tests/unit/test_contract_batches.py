"""What the core promises of several objects in one transaction, of their places, and of content that is stored already."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.builders import LARGE, SettableClock, a_collection, a_document, a_lock, content_of, exists, node_at, on_condition, put
from tests.unit.filed import DIALECT, a_file, described, made, said_of, say

from davgate.core import batches, deleting, stored_content, versioning
from davgate.core.batches import Decision
from davgate.core.describing import Described
from davgate.core.objects import Changes, File, NewObject
from davgate.core.parents import parents_of
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import Forbidden, Locked, Malformed, NotFound, PreconditionFailed
from davgate.model.errors_of_objects import NoSuchCollection, VersionIsCurrent
from davgate.model.metadata import TITLE
from davgate.model.node import Content, NodeKind
from davgate.model.rights import READER

FOLDER = ("Door",)
NOBODYS = "00000000-0000-4000-8000-000000000000"
SECOND = timedelta(seconds=1)


def a_new(store: Store, body: bytes | None = b"one", name: str = "a.txt", title: str = "A") -> NewObject:
    return NewObject(NodeKind.DOCUMENT, DIALECT, {TITLE: title}, None if body is None else a_file(store, body, name))


def saying(title: str, place: str | tuple[str, ...] | None = None) -> batches.Decide:
    """Decide on a title, and on a place if one is given."""
    return lambda _it: Decision(Changes({TITLE: title}, always=True), place)


# Making


def test_all_are_made_each_in_its_place(store: Store, ann: Context) -> None:
    folder = a_collection(store, ann, "/f")

    nodes = batches.create_all(store, ann, [(FOLDER, a_new(store)), (folder.uuid, a_new(store, name="b.txt"))])

    assert [one.node.name for one in batches.describe_some(store, ann, nodes)] == ["a.txt", "b.txt"]
    assert content_of(store, ann, "/Door/2026-11/a.txt") == content_of(store, ann, "/f/b.txt") == b"one"


@pytest.mark.parametrize("what", ["unknown", "document"])
def test_none_is_made_where_a_place_is_no_collection(store: Store, ann: Context, what: str) -> None:
    place = NOBODYS if what == "unknown" else a_document(store, ann, "/x.txt", b"x").uuid

    with pytest.raises(NoSuchCollection):
        batches.create_all(store, ann, [(FOLDER, a_new(store)), (place, a_new(store))])

    assert not exists(store, ann, FOLDER)


def test_none_is_made_where_one_may_not_add(store: Store, ann: Context, root_admin: Context) -> None:
    folder = a_collection(store, root_admin, "/f")
    granting.close(store, root_admin, ("f",))
    granting.grant(store, root_admin, ("f",), "ann", READER)

    with pytest.raises(Forbidden):
        batches.create_all(store, ann, [(FOLDER, a_new(store)), (folder.uuid, a_new(store))])

    assert not exists(store, ann, FOLDER)


# Changing


def test_all_are_changed_or_none(store: Store, ann: Context) -> None:
    first, second = (made(store, ann, b"x", name) for name in ("a.txt", "b.txt"))

    def refuse(_it: Described) -> Decision:
        raise Malformed("No.")

    with pytest.raises(Malformed):
        batches.update_all(store, ann, [(first.uuid, saying("new")), (second.uuid, refuse)])
    with pytest.raises(NotFound):
        batches.update_all(store, ann, [(first.uuid, saying("new")), (NOBODYS, saying("new"))])
    assert said_of(store, ann, first.id) == {}

    batches.update_all(store, ann, [(first.uuid, saying("one")), (second.uuid, saying("two"))])
    assert [said_of(store, ann, one.id)[TITLE] for one in (first, second)] == ["one", "two"]


def test_decision_is_made_on_what_is_there_within_the_transaction(store: Store, ann: Context) -> None:
    node = made(store, ann, b"x")
    seen = []

    def append(it: Described) -> Decision:
        seen.append(it.node.version_no)
        return Decision(Changes({TITLE: str(it.metadata.get(TITLE, "")) + "x"}))

    batches.update_all(store, ann, [(node.uuid, append), (node.uuid, append)])

    assert (seen, said_of(store, ann, node.id)[TITLE]) == ([1, 2], "xx")


def test_of_many_decisions_on_one_state_one_is_carried_out(store: Store, ann: Context) -> None:
    node = made(store, ann, b"x")

    def only_first(it: Described) -> Decision:
        if it.node.version_no > 1:
            raise PreconditionFailed
        return Decision(Changes({TITLE: "x"}))

    def attempt(_no: int) -> bool:
        try:
            batches.update(store, ann, node.uuid, only_first)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert described(store, ann, node.id).node.version_no == 2


def test_conditions_are_of_what_was_there_before_the_change(store: Store, ann: Context) -> None:
    node, folder = made(store, ann, b"x"), a_collection(store, ann, "/f")
    tag = described(store, ann, node.id).etag

    batches.update(store, on_condition(ann, Conditions(if_match=(tag,))), node.uuid, saying("new", folder.uuid))

    assert node_at(store, ann, "/f/a.txt").id == node.id
    with pytest.raises(PreconditionFailed):
        batches.update(store, on_condition(ann, Conditions(if_match=(tag,))), node.uuid, saying("newer"))


# Places


def test_object_goes_to_another_collection_and_back_to_where_the_door_files(store: Store, ann: Context) -> None:
    (node,) = batches.create_all(store, ann, [(FOLDER, a_new(store))])
    folder = a_collection(store, ann, "/f")

    batches.update(store, ann, node.uuid, saying("A", folder.uuid))
    assert content_of(store, ann, "/f/a.txt") == b"one"
    batches.update(store, ann, node.uuid, saying("A", folder.uuid))
    batches.update(store, ann, node.uuid, saying("A", FOLDER))

    assert content_of(store, ann, "/Door/2026-11/a.txt") == b"one"


@pytest.mark.parametrize("where", ["/a.txt", "/Door/2026-10/a.txt"])
def test_what_lies_where_nobody_chose_is_not_filed_again(store: Store, ann: Context, where: str) -> None:
    a_collection(store, ann, "/Door")
    a_collection(store, ann, "/Door/2026-10")
    node = a_document(store, ann, where, b"one")

    batches.update(store, ann, node.uuid, saying("A", FOLDER))

    assert node_at(store, ann, where).id == node.id


def test_change_with_a_place_where_one_may_not_go_changes_nothing(store: Store, ann: Context, bob: Context) -> None:
    node, folder = made(store, ann, b"x"), a_collection(store, ann, "/f")
    a_lock(store, bob, "/f")

    with pytest.raises(Locked):
        batches.update(store, ann, node.uuid, saying("new", folder.uuid))

    assert said_of(store, ann, node.id) == {}


def test_parents_are_told_where_somebody_chose_them_and_the_caller_may_read_them(
    store: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    (filed,) = batches.create_all(store, ann, [(FOLDER, a_new(store))])
    month = node_at(store, ann, "/Door/2026-11")
    other = a_collection(store, ann, "/2026-11")
    closed = a_collection(store, root_admin, "/closed")
    granting.close(store, root_admin, ("closed",))
    ids = [filed.parent_id, other.id, closed.id, month.parent_id, other.parent_id, None]

    assert parents_of(store, ann, ids, FOLDER).keys() == {other.id, month.parent_id}
    assert parents_of(store, root_admin, ids, FOLDER).keys() == {other.id, closed.id, month.parent_id}
    assert parents_of(store, ann, [None], FOLDER) == {}
    assert parents_of(store, ann, ids, FOLDER)[other.id].uuid == other.uuid


# Versions


def test_version_is_restored_with_metadata_content_and_place(store: Store, ann: Context, clock: SettableClock) -> None:
    first, second = a_collection(store, ann, "/first"), a_collection(store, ann, "/second")
    node = made(store, ann, b"one", "a.txt", place=first.id, title="A")
    clock.advance(SECOND)
    put(store, ann, "/first/a.txt", b"two")
    batches.update(store, ann, node.uuid, saying("B", second.uuid))

    restored = batches.restore(
        store, ann, node.uuid, 1, lambda it: {"door:note": it.node.version_no}, folder=FOLDER, with_place=True
    )

    assert restored.version_no == 4
    assert content_of(store, ann, "/first/a.txt") == b"one"
    assert said_of(store, ann, node.id) == {TITLE: "A", "door:note": 3}
    with pytest.raises(VersionIsCurrent):
        batches.restore(store, ann, node.uuid, 4, lambda _it: {}, folder=FOLDER, with_place=False)


def test_version_is_restored_where_it_is_when_its_place_is_gone(store: Store, ann: Context, clock: SettableClock) -> None:
    first = a_collection(store, ann, "/first")
    node = made(store, ann, b"one", "a.txt", place=first.id)
    clock.advance(SECOND)
    batches.update(store, ann, node.uuid, saying("B", a_collection(store, ann, "/second").uuid))
    deleting.delete(store, ann, ("first",))

    batches.restore(store, ann, node.uuid, 1, lambda _it: {}, folder=FOLDER, with_place=True)

    assert content_of(store, ann, "/second/a.txt") == b"one"


def test_history_has_every_version_of_documents_and_collections(store: Store, ann: Context) -> None:
    node = made(store, ann, None, title="A")
    folder = a_collection(store, ann, "/f")
    say(store, ann, folder.id, title="F")

    assert [one.no for one in versioning.whole_history(store, ann, node.uuid)[1]] == [1]
    it, found = versioning.whole_history(store, ann, folder.uuid)
    assert ([one.no for one in found], it.metadata[TITLE]) == ([2], "F")
    assert versioning.describe_version(store, ann, folder.uuid, 2)[1].metadata == {TITLE: "F"}
    for no in (0, 1, 3, 2**63):
        with pytest.raises(NotFound):
            versioning.describe_version(store, ann, folder.uuid, no)


# Content that is stored already


def digest_of(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def find(store: Store, ctx: Context, body: bytes) -> Content | None:
    digest = digest_of(body)
    return stored_content.find(store, ctx, digest[:6], lambda one: one == digest)


@pytest.mark.parametrize("body", [b"small", LARGE, b""])
def test_stored_content_is_found_and_used_again(store: Store, ann: Context, body: bytes) -> None:
    put(store, ann, f"/{made(store, ann, body).name}", b"its next version")
    content = find(store, ann, body)
    assert content is not None

    again = File(stored_content.staged_again(store, content), "b.txt")
    batches.create_all(store, ann, [(FOLDER, NewObject(NodeKind.DOCUMENT, DIALECT, {}, again))])

    assert content_of(store, ann, "/Door/2026-11/b.txt") == body


@pytest.mark.parametrize("body", [b"hello world", LARGE])
def test_parts_of_stored_content_are_content_of_their_own(store: Store, ann: Context, body: bytes) -> None:
    a_document(store, ann, "/a.txt", body)
    content = find(store, ann, body)
    assert content is not None

    staged = stored_content.staged_parts(store, content, [(6, 10), (0, 0), (3, 3)])

    assert (staged.digest, staged.length_bytes) == (digest_of(body[6:11] + body[:1] + body[3:4]), 7)


def test_stored_content_is_found_by_who_may_read_a_document_of_today_that_has_it(
    store: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    assert find(store, ann, b"one") is None
    a_collection(store, root_admin, "/f")
    a_document(store, root_admin, "/f/a.txt", b"one")
    granting.close(store, root_admin, ("f", "a.txt"))

    assert find(store, ann, b"one") is None
    assert find(store, root_admin, b"one") is not None
    a_document(store, bob, "/b.txt", b"one")
    assert find(store, ann, b"one") is not None

    deleting.delete(store, bob, ("b.txt",))
    deleting.delete(store, root_admin, ("f",))
    assert find(store, ann, b"one") is None
    assert find(store, root_admin, b"one") is None
