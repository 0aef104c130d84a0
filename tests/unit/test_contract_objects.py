"""What the core promises of documents with typed metadata: versions by metadata, by content, by both, and no door that loses any."""

from __future__ import annotations

from collections.abc import Callable
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
    path,
    put,
)
from tests.unit.filed import (
    a_file,
    bytes_at,
    described,
    found_by,
    line_of,
    made,
    made_folder,
    metadata_of_versions,
    rest,
    said_of,
    save,
    say,
)
from tests.unit.placed import copy, move

from davgate.core import checking_out, documents, locking, mending, moving, objects, time_travel, trash, versioning
from davgate.core.objects import Alias, Changes, NewObject
from davgate.core.store import Context, Store
from davgate.model.conditions import ANY, Conditions
from davgate.model.errors import (
    AlreadyCheckedOut,
    CheckedOut,
    DavgateError,
    Forbidden,
    LockConflict,
    Locked,
    Malformed,
    NotADocument,
    NotCheckedOut,
    NotFound,
    NotTheLockOwner,
    PreconditionFailed,
    UnknownLockToken,
)
from davgate.model.metadata import INDEXED_CHARACTERS
from davgate.model.node import ROOT_ID, Cause, Node, NodeKind
from davgate.model.paths import Where

SECOND = timedelta(seconds=1)
SAID = {"title": "Minutes", "keywords": ["a", "b"], "okd:nested": {"x": [1, None]}, "gever:public": True}
INDEX = {("title", "Minutes"), ("keywords", "a"), ("keywords", "b"), ("gever:public", "true")}


@pytest.fixture
def minutes(store: Store, ann: Context, clock: SettableClock) -> Node:
    """A document in a folder, made by a REST door, that says SAID; a second later."""
    folder = made_folder(store, ann, "f")
    node = made(store, ann, b"one", "minutes.txt", place=folder.id, **SAID)
    clock.advance(SECOND)
    return node


def numbering(store: Store, node_id: int) -> list[tuple[int, str, bool, int | None]]:
    """Return number, cause, whether there is content, and the number by content of all versions."""
    return [(one.no, one.cause.value, one.has_content, one.content_no) for one in line_of(store, node_id)]


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
    assert found_by(store, node.id) == {("keywords", "plain"), ("keywords", "\U0001f600" * INDEXED_CHARACTERS)}
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
    assert found_by(store, minutes.id) == {("title", "Minutes"), ("gever:public", "true"), ("description", "d")}


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


# Everything on the drive carries it


def in_session(store: Store, ann: Context, clock: SettableClock) -> None:
    lock = a_lock(store, ann, "/f/minutes.txt")
    put(store, holding(ann, lock), "/f/minutes.txt", b"new")
    locking.unlock(store, ann, path("/f/minutes.txt"), lock.token)


def emptied_first(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/minutes.txt", b"")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")


def temporary_file(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/x.tmp", b"new")
    move(store, ann, "/f/x.tmp", "/f/minutes.txt", overwrite=True)


def ordinary_file(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/other.txt", b"new")
    move(store, ann, "/f/other.txt", "/f/minutes.txt", overwrite=True)


def backup_and_new(store: Store, ann: Context, clock: SettableClock) -> None:
    move(store, ann, "/f/minutes.txt", "/f/minutes.bak")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")


def deleted_and_new(store: Store, ann: Context, clock: SettableClock) -> None:
    moving.delete(store, ann, path("/f/minutes.txt"))
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")


def backup_and_temporary_file(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/x.tmp", b"new")
    move(store, ann, "/f/minutes.txt", "/f/minutes.bak")
    move(store, ann, "/f/x.tmp", "/f/minutes.txt")
    moving.delete(store, ann, path("/f/minutes.bak"))


def late_return(store: Store, ann: Context, clock: SettableClock) -> None:
    move(store, ann, "/f/minutes.txt", "/f/minutes~")
    copy(store, ann, "/f/minutes~", "/f/minutes.txt")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")
    moving.delete(store, ann, path("/f/minutes~"))


def there_and_back(store: Store, ann: Context, clock: SettableClock) -> None:
    move(store, ann, "/f/minutes.txt", "/f/minutes.bak")
    move(store, ann, "/f/minutes.bak", "/f/minutes.txt")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")


def copied_onto(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/other.txt", b"new")
    copy(store, ann, "/other.txt", "/f/minutes.txt", overwrite=True)


def checked_in(store: Store, ann: Context, clock: SettableClock) -> None:
    checking_out.check_out(store, ann, path("/f/minutes.txt"))
    put(store, ann, "/f/minutes.txt", b"new")
    clock.advance(SECOND)
    checking_out.check_in(store, ann, path("/f/minutes.txt"))


def restored_version(store: Store, ann: Context, clock: SettableClock) -> None:
    say(store, ann, node_at(store, ann, "/f/minutes.txt").id, title=None, keywords=None)
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"new")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"newer")
    clock.advance(SECOND)
    say(store, ann, node_at(store, ann, "/f/minutes.txt").id, **SAID)
    versioning.restore(store, ann, path("/f/minutes.txt"), 3, path("/f/minutes.txt"), overwrite=True)


def out_of_the_past(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/minutes.txt", b"new")
    at = clock.now()
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"newer")
    clock.advance(SECOND)
    time_travel.copy_out(store, ann, at, path("/f/minutes.txt"), path("/f/minutes.txt"), overwrite=True)


def out_of_the_trash(store: Store, ann: Context, clock: SettableClock) -> None:
    node = put(store, ann, "/f/minutes.txt", b"new").node
    moving.delete(store, ann, path("/f/minutes.txt"))
    trash.restore(store, ann, node.id)


def moved_with_its_folder(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/minutes.txt", b"new")
    move(store, ann, "/f", "/g")
    move(store, ann, "/g", "/f")


def split_off(store: Store, ann: Context, clock: SettableClock) -> None:
    put(store, ann, "/f/minutes.txt", b"new")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"wrong")
    clock.advance(SECOND)
    mending.split(store, ann, path("/f/minutes.txt"), 3, "wrong.txt")


def merged(store: Store, ann: Context, clock: SettableClock) -> None:
    a_document(store, ann, "/f/other.txt", b"new")
    mending.merge(store, ann, path("/f/other.txt"), path("/f/minutes.txt"))


def rest_after_rest(store: Store, ann: Context, clock: SettableClock) -> None:
    save(store, ann, node_at(store, ann, "/f/minutes.txt").id, b"new")


SAVES: list[Callable[[Store, Context, SettableClock], None]] = [
    in_session,
    emptied_first,
    temporary_file,
    ordinary_file,
    backup_and_new,
    deleted_and_new,
    backup_and_temporary_file,
    late_return,
    there_and_back,
    copied_onto,
    checked_in,
    restored_version,
    out_of_the_past,
    out_of_the_trash,
    moved_with_its_folder,
    split_off,
    merged,
    rest_after_rest,
]


@pytest.mark.parametrize("way", SAVES)
def test_metadata_outlives_every_way_to_save(
    store: Store, ann: Context, clock: SettableClock, minutes: Node, way: Callable[[Store, Context, SettableClock], None]
) -> None:
    way(store, ann, clock)

    after = node_at(store, ann, "/f/minutes.txt")
    assert (after.uuid, content_of(store, ann, "/f/minutes.txt")) == (minutes.uuid, b"new")
    it = described(store, ann, minutes.uuid)
    assert (dict(it.metadata), it.said.type, it.content) == (SAID, "registered", after.content)
    assert found_by(store, minutes.id) == INDEX
    assert numbering(store, minutes.id)[-1][3] == sum(
        one.cause is not Cause.METADATA for one in line_of(store, minutes.id)
    ) - 1


def a_copy(store: Store, ann: Context, clock: SettableClock) -> None:
    copy(store, ann, "/f/minutes.txt", "/new.txt")


def a_copy_of_the_folder(store: Store, ann: Context, clock: SettableClock) -> None:
    copy(store, ann, "/f", "/g")
    move(store, ann, "/g/minutes.txt", "/new.txt")


def a_copy_of_a_version(store: Store, ann: Context, clock: SettableClock) -> None:
    said_later(store, ann, clock)
    versioning.restore(store, ann, path("/f/minutes.txt"), 1, path("/new.txt"), overwrite=False)


def a_copy_of_the_past(store: Store, ann: Context, clock: SettableClock) -> None:
    at = clock.now()
    clock.advance(SECOND)
    said_later(store, ann, clock)
    time_travel.copy_out(store, ann, at, path("/f/minutes.txt"), path("/new.txt"), overwrite=False)


def a_copy_of_a_folder_of_the_past(store: Store, ann: Context, clock: SettableClock) -> None:
    at = clock.now()
    clock.advance(SECOND)
    said_later(store, ann, clock)
    time_travel.copy_out(store, ann, at, path("/f"), path("/g"), overwrite=False)
    move(store, ann, "/g/minutes.txt", "/new.txt")


def a_copy_out_of_the_trash(store: Store, ann: Context, clock: SettableClock) -> None:
    node = node_at(store, ann, "/f/minutes.txt")
    moving.delete(store, ann, path("/f/minutes.txt"))
    clock.advance(timedelta(hours=1))
    trash.copy_out(store, ann, node.id, (), path("/new.txt"), overwrite=False)


def said_later(store: Store, ann: Context, clock: SettableClock) -> None:
    say(store, ann, node_at(store, ann, "/f/minutes.txt").id, title="Later")
    clock.advance(SECOND)
    put(store, ann, "/f/minutes.txt", b"later")
    clock.advance(SECOND)


@pytest.mark.parametrize(
    "way",
    [
        a_copy,
        a_copy_of_the_folder,
        a_copy_of_a_version,
        a_copy_of_the_past,
        a_copy_of_a_folder_of_the_past,
        a_copy_out_of_the_trash,
    ],
)
def test_copy_is_another_document_that_says_what_was_said_of_what_is_copied(
    store: Store, ann: Context, clock: SettableClock, minutes: Node, way: Callable[[Store, Context, SettableClock], None]
) -> None:
    way(store, ann, clock)

    copied = node_at(store, ann, "/new.txt")
    it = described(store, ann, copied.id)
    assert copied.uuid != minutes.uuid
    assert (bytes_at(store, ann, copied.id), dict(it.metadata), it.said.type) == (b"one", SAID, "registered")
    assert found_by(store, copied.id) == INDEX
    assert numbering(store, copied.id) == [(1, "created", True, 0)]


def test_what_a_split_leaves_and_takes_says_what_was_said_then(
    store: Store, ann: Context, clock: SettableClock, minutes: Node
) -> None:
    say(store, ann, minutes.id, title="Second")
    clock.advance(SECOND)

    mending.split(store, ann, path("/f/minutes.txt"), 2, "second.txt")

    second = node_at(store, ann, "/f/second.txt")
    assert (said_of(store, ann, minutes.id)["title"], said_of(store, ann, second.id)["title"]) == ("Minutes", "Second")
    assert found_by(store, minutes.id) == INDEX
    assert numbering(store, second.id) == [(1, "metadata", True, 0)]


def test_merged_document_that_says_something_says_it_from_there_on(
    store: Store, ann: Context, clock: SettableClock, minutes: Node
) -> None:
    other = made(store, ann, b"other", "other.txt", title="Other")
    clock.advance(SECOND)

    mending.merge(store, ann, path("/other.txt"), path("/f/minutes.txt"))

    assert metadata_of_versions(store, ann, minutes.id) == [SAID, {"title": "Other"}]
    assert found_by(store, minutes.id) == {("title", "Other")}
    assert described(store, ann, other.uuid).node.id == minutes.id, "its UUID leads to the document that it is part of"


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
        lambda ctx: moving.delete(store, ctx, minutes.uuid),
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
        lambda: checking_out.check_out(store, ann, minutes.id) and save(store, ann, minutes.id, b"three"),
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


# By id as by path


def lock_it(store: Store, ctx: Context, where: Where) -> object:
    from davgate.core.locking import LockRequest
    from davgate.model.locks import Depth, Scope

    return locking.lock(store, ctx, where, LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(minutes=10)))


def unlock_it(store: Store, ctx: Context, where: Where) -> object:
    held = described(store, ctx, where).lock
    return locking.unlock(store, ctx, where, held.token if held else "none")


ACTS: dict[str, Callable[[Store, Context, Where], object]] = {
    "lock": lock_it,
    "unlock": unlock_it,
    "refresh": lambda store, ctx, where: locking.refresh(store, ctx, where, None),
    "check-out": lambda store, ctx, where: checking_out.check_out(store, ctx, where),
    "check-out beside no lock": lambda store, ctx, where: checking_out.check_out(store, ctx, where, beside_own_lock=False),
    "check-in": lambda store, ctx, where: checking_out.check_in(store, ctx, where),
    "cancel": lambda store, ctx, where: checking_out.cancel(store, ctx, where),
    "cancel beside no lock": lambda store, ctx, where: checking_out.cancel(store, ctx, where, beside_own_lock=False),
    "delete": lambda store, ctx, where: moving.delete(store, ctx, where),
    "delete beside nothing of one's own": lambda store, ctx, where: moving.delete(store, ctx, where, beside_own=False),
    "open": lambda store, ctx, where: documents.open_content(store, ctx, where),
    "history": lambda store, ctx, where: versioning.history(store, ctx, where),
    "open version": lambda store, ctx, where: versioning.open_version(store, ctx, where, 1),
    "describe": lambda store, ctx, where: described(store, ctx, where),
}
SITUATIONS = ["free", "own lock", "own lock and token", "lock of another", "own check-out", "check-out of another", "folder locked"]


def outcome(act: Callable[[], object]) -> type[object]:
    """Return the class of what an act raises, or that nothing was raised."""
    try:
        act()
    except DavgateError as error:
        return type(error)
    return type(None)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("act", ACTS)
def test_act_by_id_and_by_uuid_ends_as_by_path(
    store: Store, ann: Context, bob: Context, act: str, situation: str
) -> None:
    ways: list[Where] = []
    for name in ("by-path", "by-id", "by-uuid"):
        node = a_document(store, ann, f"/{name}/a.txt", b"one")
        ways.append({"by-path": path(f"/{name}/a.txt"), "by-id": node.id, "by-uuid": node.uuid}[name])
    outcomes = []
    for name, where in zip(("by-path", "by-id", "by-uuid"), ways, strict=True):
        ctx = rest(ann)
        if "lock" in situation:
            holder = bob if "another" in situation or "folder" in situation else ann
            lock = a_lock(store, holder, f"/{name}" if "folder" in situation else f"/{name}/a.txt")
            ctx = holding(ctx, lock) if "token" in situation else ctx
        if "check-out" in situation:
            checking_out.check_out(store, bob if "another" in situation else ann, path(f"/{name}/a.txt"))
        outcomes.append(outcome(lambda where=where, ctx=ctx: ACTS[act](store, ctx, where)))

    assert len(set(outcomes)) == 1, outcomes
    assert outcomes[0] in {type(None), AlreadyCheckedOut, CheckedOut, LockConflict, Locked, NotCheckedOut, NotTheLockOwner,
                           UnknownLockToken} or act == "refresh"


# What one may not see


def test_what_one_may_not_see_does_not_exist_by_id_either(
    store: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    from davgate.core.principals import granting

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
    from davgate.core.principals import granting
    from davgate.model.rights import Right

    folder = made_folder(store, root_admin, "box")
    granting.close(store, root_admin, path("/box"))
    granting.grant(store, root_admin, path("/box"), "bob", Right.BIND)

    node = made(store, bob, b"given", "g.txt", place=folder.id, title="Given")

    assert content_of(store, root_admin, "/box/g.txt") == b"given"
    with pytest.raises(NotFound):
        described(store, bob, node.id)


def test_reader_may_not_change_and_is_told_so(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    from davgate.core.principals import granting
    from davgate.model.rights import READER

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
