"""What the core promises of documents with typed metadata: versions by metadata, content or both, and no door that loses any."""

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
    holding,
    node_at,
    on_condition,
    put,
)
from tests.unit.filed import (
    INDEX,
    SAID,
    a_file,
    bytes_at,
    described,
    found_by,
    line_of,
    made,
    made_folder,
    metadata_of_versions,
    numbering,
    rest,
    said_of,
    save,
    say,
)
from tests.unit.placed import move

from davgate.core import checking_out, deleting, locking, objects, versioning
from davgate.core.objects import Changes, NewObject
from davgate.core.second_names import Alias
from davgate.core.store import Context, Store
from davgate.model.conditions import ANY, Conditions
from davgate.model.errors import Malformed, NotADocument, NotFound, PreconditionFailed
from davgate.model.errors_of_versions import CheckedOut, NotCheckedOut
from davgate.model.indexing import INDEXED_CHARACTERS, comparable, indexed_values
from davgate.model.node import ROOT_ID, Node, NodeKind

SECOND = timedelta(seconds=1)


@pytest.fixture
def minutes(store: Store, ann: Context, clock: SettableClock) -> Node:
    """A document in a folder, made by a REST door, that says SAID; a second later."""
    folder = made_folder(store, ann, "f")
    node = made(store, ann, b"one", "minutes.txt", place=folder.id, **SAID)
    clock.advance(SECOND)
    return node


# What is made


def test_made_document_is_on_the_drive_with_what_is_said_of_it(store: Store, ann: Context, minutes: Node) -> None:
    it = described(store, ann, minutes.uuid)

    assert content_of(store, ann, "/f/minutes.txt") == b"one"
    assert (dict(it.metadata), it.file_name, it.said.type) == (SAID, "minutes.txt", "registered")
    assert it.content is not None and it.content.media_type == "text/plain"
    assert (it.said.created_by, it.said.changed_by, it.said.content_no) == ("ann", "ann", 0)
    assert found_by(store, minutes.id) == INDEX
    assert numbering(store, minutes.id) == [(1, "created", True, 0)]


def test_document_of_the_drive_is_described_without_type_and_metadata(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a.txt", b"one")

    it = described(store, ann, node.id)

    assert (it.said.type, it.said.alias, dict(it.metadata), it.file_name, it.said.content_no) == (None, None, {}, "a.txt", 0)


def test_large_content_comes_in_as_small_content_does(store: Store, ann: Context) -> None:
    node = made(store, ann, LARGE, "big.bin", title="Big")

    assert bytes_at(store, ann, node.uuid) == LARGE
    assert said_of(store, ann, node.uuid) == {"title": "Big"}


def test_media_type_that_is_given_counts_before_the_name(store: Store, ann: Context) -> None:
    new = NewObject(NodeKind.DOCUMENT, None, {}, a_file(store, b"x", "a.txt", "application/x-own"))

    node = objects.create(store, rest(ann), ROOT_ID, new)

    content = described(store, ann, node.id).content
    assert content is not None and content.media_type == "application/x-own"


def test_collection_says_its_metadata_and_has_a_line_of_versions(store: Store, ann: Context, clock: SettableClock) -> None:
    folder = made_folder(store, ann, "f", title="First")
    clock.advance(SECOND)
    before = described(store, ann, folder.id).etag

    say(store, ann, folder.id, title="Second")

    assert said_of(store, ann, folder.id) == {"title": "Second"}
    assert numbering(store, folder.id) == [(1, "created", False, None), (2, "metadata", False, None)]
    assert described(store, ann, folder.id).etag != before
    assert found_by(store, folder.id) == {("title", "Second")}


def test_first_metadata_of_a_collection_of_the_drive_is_its_second_version(
    store: Store, ann: Context, clock: SettableClock
) -> None:
    folder = a_collection(store, ann, "/f")
    clock.advance(SECOND)

    say(store, ann, folder.id, title="F")

    assert numbering(store, folder.id) == [(2, "metadata", False, None)]
    assert said_of(store, ann, folder.id) == {"title": "F"}


def test_root_collection_takes_metadata(store: Store, ann: Context, clock: SettableClock) -> None:
    clock.advance(SECOND)

    say(store, ann, ROOT_ID, title="All of it")

    assert said_of(store, ann, ()) == {"title": "All of it"}


def test_content_for_a_collection_is_refused(store: Store, ann: Context) -> None:
    folder = made_folder(store, ann, "f")

    with pytest.raises(NotADocument):
        save(store, ann, folder.id, b"x")


def test_nothing_is_made_in_a_document_or_where_nothing_is(store: Store, ann: Context, minutes: Node) -> None:
    for place in (minutes.id, 999_999):
        with pytest.raises(NotFound):
            made(store, ann, place=place)


ODD = "line\u2028 emoji\U0001f600 rtl\u202e " + "x" * 500


def test_whatever_text_a_json_body_can_have_is_kept(store: Store, ann: Context) -> None:
    metadata = {"title": ODD, "keywords": [ODD, "plain", "\U0001f600" * INDEXED_CHARACTERS], f"x:{ODD}": {ODD: ODD}}
    metadata["nul"] = "\0"
    new = NewObject(NodeKind.DOCUMENT, None, metadata, a_file(store, b"x", f"{ODD}.txt"), comment=ODD)

    node = objects.create(store, rest(ann), ROOT_ID, new)
    objects.update(
        store, rest(ann), node.id, Changes({"title": f"{ODD}!"}, a_file(store, b"y", f"{ODD}2.txt"), comment=f"{ODD}!")
    )

    it = described(store, ann, node.id)
    assert dict(it.metadata) == metadata | {"title": f"{ODD}!"}
    assert found_by(store, node.id) == set(indexed_values(metadata | {"title": f"{ODD}!"}))
    assert found_by(store, node.id) >= {("keywords", "plain"), ("keywords", comparable(ODD)), ("nul", comparable("\0"))}
    assert content_of(store, ann, f"/{it.node.name}") == b"y"


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_database_takes_is_refused(store: Store, ann: Context, minutes: Node, text: str) -> None:
    for act in (
        lambda: made(store, ann, b"x", text),
        lambda: made_folder(store, ann, "x", alias=Alias("", slug=text)),
        lambda: save(store, ann, minutes.id, b"x", text),
        lambda: objects.update(store, rest(ann), minutes.id, Changes({"title": "x"}, comment=text)),
    ):
        with pytest.raises(Malformed):
            act()
    checking_out.check_out(store, rest(ann), minutes.id)
    with pytest.raises(Malformed):
        checking_out.check_in(store, rest(ann), minutes.id, comment=text)
    assert said_of(store, ann, minutes.id) == SAID


# Metadata alone


def test_metadata_alone_makes_a_version_and_leaves_tag_and_time_of_the_content(
    store: Store, ann: Context, minutes: Node, clock: SettableClock
) -> None:
    before = node_at(store, ann, "/f/minutes.txt")
    tag = described(store, ann, minutes.id).etag
    clock.advance(SECOND)

    after = say(store, ann, minutes.id, title="Protocol")

    now = node_at(store, ann, "/f/minutes.txt")
    assert (now.etag, now.modified_at, now.content) == (before.etag, before.modified_at, before.content)
    assert (now.version_no, after.version_no) == (2, 2)
    assert numbering(store, minutes.id) == [(1, "created", True, 0), (2, "metadata", True, 0)]
    assert metadata_of_versions(store, ann, minutes.id) == [SAID, SAID | {"title": "Protocol"}]
    it = described(store, ann, minutes.id)
    assert (it.etag != tag, it.changed_at, it.said.content_no) == (True, clock.now(), 0)
    assert found_by(store, minutes.id) == INDEX - {("title", "Minutes")} | {("title", "Protocol")}


def test_each_version_of_metadata_can_be_read_with_its_content(
    store: Store, ann: Context, minutes: Node, clock: SettableClock
) -> None:
    say(store, ann, minutes.id, title="Protocol")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"two")

    for no, body in ((1, b"one"), (2, b"one"), (3, b"two")):
        _, version, opened = versioning.open_version(store, ann, minutes.id, no)
        assert (version.no, opened.body) == (no, body)


def test_property_is_taken_away_by_none_and_others_stay(store: Store, ann: Context, minutes: Node) -> None:
    say(store, ann, minutes.id, keywords=None, description="d")

    assert said_of(store, ann, minutes.id) == {key: value for key, value in SAID.items() if key != "keywords"} | {
        "description": "d"
    }
    assert found_by(store, minutes.id) == INDEX - {("keywords", "a"), ("keywords", "b")} | {("description", "d")}


def test_metadata_that_is_there_already_makes_no_version(store: Store, ann: Context, minutes: Node) -> None:
    before = described(store, ann, minutes.id).etag

    say(store, ann, minutes.id, **SAID)
    say(store, ann, minutes.id, never_there=None)

    assert described(store, ann, minutes.id).etag == before
    assert len(line_of(store, minutes.id)) == 1


def test_metadata_seals_what_an_edit_session_has_open(store: Store, ann: Context, minutes: Node, clock: SettableClock) -> None:
    held = holding(ann, a_lock(store, ann, "/f/minutes.txt"))
    put(store, held, "/f/minutes.txt", b"in session")
    clock.advance(SECOND)

    say(store, held, minutes.id, title="Protocol")
    clock.advance(SECOND)
    put(store, held, "/f/minutes.txt", b"further on")
    clock.advance(SECOND)
    put(store, held, "/f/minutes.txt", b"further on still")

    assert numbering(store, minutes.id) == [
        (1, "created", True, 0),
        (2, "session", True, 1),
        (3, "metadata", True, 1),
        (4, "session", True, 2),
    ]
    assert [one.session is not None for one in line_of(store, minutes.id)] == [False, False, False, True]
    assert said_of(store, ann, minutes.id)["title"] == "Protocol"
    assert [one["title"] for one in metadata_of_versions(store, ann, minutes.id)] == ["Minutes"] * 2 + ["Protocol"] * 2


def test_content_of_a_rest_door_under_the_lock_of_the_drive_seals_what_is_open_and_stands_alone(
    store: Store, ann: Context, minutes: Node, clock: SettableClock
) -> None:
    held = holding(ann, a_lock(store, ann, "/f/minutes.txt"))
    put(store, held, "/f/minutes.txt", b"in session")
    clock.advance(SECOND)

    save(store, held, minutes.id, b"by REST", metadata={"title": "Protocol"})

    assert numbering(store, minutes.id)[1:] == [(2, "session", True, 1), (3, "save", True, 2)]
    assert not any(one.is_open(clock.now()) for one in line_of(store, minutes.id))
    assert metadata_of_versions(store, ann, minutes.id)[1:] == [SAID, SAID | {"title": "Protocol"}]


# Content and metadata at once


def test_content_and_metadata_in_one_request_make_one_version(store: Store, ann: Context, minutes: Node) -> None:
    save(store, ann, minutes.id, b"two", "second.txt", metadata={"title": "Second"})

    assert numbering(store, minutes.id) == [(1, "created", True, 0), (2, "save", True, 1)]
    it = described(store, ann, minutes.id)
    assert (it.file_name, it.node.name, it.metadata["title"]) == ("second.txt", "minutes.txt", "Second")
    assert found_by(store, minutes.id) == INDEX - {("title", "Minutes")} | {("title", "Second")}


def test_metadata_beside_the_same_bytes_makes_one_version(store: Store, ann: Context, minutes: Node) -> None:
    save(store, ann, minutes.id, b"one", metadata={"title": "Second"})

    assert [one.no for one in line_of(store, minutes.id)] == [1, 2]
    assert said_of(store, ann, minutes.id)["title"] == "Second"


def test_same_bytes_make_no_version_unless_always_is_asked_for(store: Store, ann: Context, minutes: Node) -> None:
    save(store, ann, minutes.id, b"one", "minutes.txt")
    assert len(line_of(store, minutes.id)) == 1

    save(store, ann, minutes.id, b"one", "minutes.txt", always=True)

    assert numbering(store, minutes.id) == [(1, "created", True, 0), (2, "save", True, 1)]
    assert said_of(store, ann, minutes.id) == SAID


def test_holder_of_a_check_out_saves_into_the_working_copy_and_says_to_all(
    store: Store, ann: Context, bob: Context, minutes: Node, clock: SettableClock
) -> None:
    checking_out.check_out(store, ann, minutes.uuid)

    save(store, ann, minutes.id, b"mine", "mine.txt", metadata={"title": "Ours"})

    assert bytes_at(store, bob, minutes.id) == b"one"
    assert bytes_at(store, ann, minutes.id) == b"mine"
    assert said_of(store, bob, minutes.id)["title"] == "Ours"
    assert (described(store, bob, minutes.id).file_name, described(store, ann, minutes.id).file_name) == (
        "minutes.txt",
        "mine.txt",
    )
    clock.advance(SECOND)
    checking_out.check_in(store, ann, minutes.id)
    assert numbering(store, minutes.id) == [(1, "created", True, 0), (2, "metadata", True, 0), (3, "check-in", True, 1)]
    assert described(store, bob, minutes.id).file_name == "mine.txt"
    assert metadata_of_versions(store, bob, minutes.id)[-1]["title"] == "Ours"


def test_metadata_stays_open_to_others_while_somebody_has_checked_out(
    store: Store, ann: Context, bob: Context, minutes: Node
) -> None:
    checking_out.check_out(store, ann, minutes.id)

    say(store, bob, minutes.id, title="Bob's")

    assert said_of(store, ann, minutes.id)["title"] == "Bob's"
    with pytest.raises(CheckedOut):
        save(store, bob, minutes.id, b"bob's")
    with pytest.raises(CheckedOut):
        save(store, bob, minutes.id, b"bob's", metadata={"title": "Both"})
    assert said_of(store, ann, minutes.id)["title"] == "Bob's"


def test_content_that_asks_for_a_check_out_is_refused_without_one(
    store: Store, ann: Context, bob: Context, minutes: Node
) -> None:
    with pytest.raises(NotCheckedOut):
        save(store, ann, minutes.id, b"two", only_checked_out=True)

    checking_out.check_out(store, ann, minutes.id)
    with pytest.raises(NotCheckedOut):
        save(store, bob, minutes.id, b"two", only_checked_out=True)
    save(store, ann, minutes.id, b"two", only_checked_out=True)

    assert bytes_at(store, ann, minutes.id) == b"two"


# Conditions


def test_either_tag_satisfies_if_match_through_the_drive_and_by_id(store: Store, ann: Context, minutes: Node) -> None:
    content_tag, metadata_tag = node_at(store, ann, "/f/minutes.txt").etag or "", described(store, ann, minutes.id).etag
    assert content_tag != metadata_tag

    def matching(*tags: str) -> Context:
        return on_condition(ann, Conditions(if_match=tags))

    for act in (
        lambda ctx: say(store, ctx, minutes.id, title=f"{len(line_of(store, minutes.id))}"),
        lambda ctx: save(store, ctx, minutes.id, f"{len(line_of(store, minutes.id))}".encode()),
        lambda ctx: put(store, ctx, "/f/minutes.txt", f"{len(line_of(store, minutes.id))}".encode()),
        lambda ctx: deleting.delete(store, ctx, minutes.uuid),
    ):
        with pytest.raises(PreconditionFailed):
            act(matching('"something else"'))
        with pytest.raises(PreconditionFailed):
            act(on_condition(ann, Conditions(if_none_match=ANY)))
        it = described(store, ann, minutes.id)
        act(matching(it.etag if len(line_of(store, minutes.id)) % 2 else it.node.etag or ""))


def test_tag_of_the_metadata_is_new_with_every_version_save_and_name(
    store: Store, ann: Context, minutes: Node, clock: SettableClock
) -> None:
    seen = [described(store, ann, minutes.id).etag]

    for act in (
        lambda: say(store, ann, minutes.id, title="Second"),
        lambda: put(store, ann, "/f/minutes.txt", b"two"),
        lambda: move(store, ann, "/f/minutes.txt", "/f/renamed.txt"),
        lambda: (checking_out.check_out(store, ann, minutes.id), save(store, ann, minutes.id, b"three")),
        lambda: checking_out.check_in(store, ann, minutes.id),
    ):
        clock.advance(SECOND)
        act()
        seen.append(described(store, ann, minutes.id).etag)

    assert len(set(seen)) == len(seen)


def test_lock_and_its_end_leave_both_tags(store: Store, ann: Context, minutes: Node) -> None:
    before = described(store, ann, minutes.id)

    lock = a_lock(store, ann, "/f/minutes.txt")
    locked = described(store, ann, minutes.id)
    locking.unlock(store, ann, minutes.uuid, lock.token)

    after = described(store, ann, minutes.id)
    assert {(one.etag, one.node.etag) for one in (before, locked, after)} == {(before.etag, before.node.etag)}
