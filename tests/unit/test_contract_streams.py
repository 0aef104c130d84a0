"""What the core promises of named streams, versions brought back or taken away, and objects that are no documents."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders import SettableClock, a_document, content_of, members_of, node_at, path, put
from tests.unit.filed import a_file, bytes_at, described, line_of, numbering, rest, restored, rows, said_of, save, say
from tests.unit.placed import move

from davgate.core import access, batches, copying, deleted, deleting, describing, marking, objects, removing_versions
from davgate.core.batches import Decision
from davgate.core.objects import Changes, NewObject
from davgate.core.store import Context, Store
from davgate.model.errors import Malformed, NoSuchVersion, NotFound
from davgate.model.errors_of_objects import UuidTaken, VersionIsCurrent, VersionIsMarked
from davgate.model.node import Cause, Node, NodeKind
from davgate.storage.api import streams

SECOND = timedelta(seconds=1)
CHOSEN = "0b7a2c1e-4f65-4a3d-9c1b-2f6d8e9a0b1c"


def streams_of(store: Store, node: Node, no: int) -> dict[str, tuple[str, int]]:
    """Return file name and length of the named streams of a version."""
    with store.database.read() as session:
        found = streams.of_version(session, node.id, no)
    return {name: (one.file_name, one.content.length_bytes) for name, one in found.items()}


@pytest.fixture
def report(store: Store, ann: Context, clock: SettableClock) -> Node:
    """A document with two further files, a second later."""
    files = {"one": a_file(store, b"1", "one.txt"), "two": a_file(store, b"22", "two.txt")}
    new = NewObject(NodeKind.DOCUMENT, None, {"title": "T"}, a_file(store, b"main", "main.txt"), streams=files)
    node = objects.create(store, rest(ann), 1, new)
    clock.advance(SECOND)
    return node


# Streams


def test_streams_of_a_document_stay_with_every_later_version(
    store: Store, ann: Context, clock: SettableClock, report: Node
) -> None:
    put(store, ann, "/main.txt", b"by the drive")
    clock.advance(SECOND)
    say(store, ann, report.id, title="U")
    clock.advance(SECOND)
    move(store, ann, "/main.txt", "/elsewhere.txt")

    both = {"one": ("one.txt", 1), "two": ("two.txt", 2)}
    assert [streams_of(store, report, no) for no in (1, 2, 3)] == [both, both, both]
    assert content_of(store, ann, "/elsewhere.txt") == b"by the drive"


def test_files_were_stored_by_the_first_of_the_versions_that_have_the_same_one(
    store: Store, ann: Context, clock: SettableClock, report: Node
) -> None:
    began_at = clock.now() - 1_000_000

    def seconds(no: int) -> dict[str, int]:
        with store.database.read() as session:
            found = streams.stored_at(session, [(report.id, no), (report.id, no), (1, 1)])
        assert {(document_id, version_no) for document_id, version_no, _ in found} == {(report.id, no)}
        return {name: (at - began_at) // 1_000_000 for (_, _, name), at in found.items()}

    say(store, ann, report.id, title="U")
    clock.advance(SECOND)
    put(store, ann, "/main.txt", b"by the drive")
    clock.advance(SECOND)
    objects.update(store, rest(ann), report.id, Changes(streams={"one": a_file(store, b"111", "new.txt")}))
    clock.advance(SECOND)
    put(store, ann, "/main.txt", b"main")
    say(store, ann, report.id, title="V")

    at_first = {"": 0, "one": 0, "two": 0}
    assert [seconds(no) for no in (1, 2)] == [at_first, at_first]
    assert seconds(3) == {**at_first, "": 2}
    assert seconds(4) == {"": 2, "one": 3, "two": 0}
    assert seconds(6) == {"": 4, "one": 3, "two": 0}


def test_stream_alone_is_changed_and_another_one_taken_away_in_one_version(store: Store, ann: Context, report: Node) -> None:
    changes = Changes(streams={"one": a_file(store, b"111", "new.txt"), "two": None})

    objects.update(store, rest(ann), report.id, changes)

    assert streams_of(store, report, 2) == {"one": ("new.txt", 3)}
    assert streams_of(store, report, 1) == {"one": ("one.txt", 1), "two": ("two.txt", 2)}
    assert numbering(store, report.id) == [(1, "created", True, 0), (2, "metadata", True, 0)]
    assert bytes_at(store, ann, report.uuid) == b"main"


def test_streams_content_and_metadata_of_one_request_make_one_version(store: Store, ann: Context, report: Node) -> None:
    changes = Changes({"title": "V"}, a_file(store, b"other", "main.txt"), streams={"three": a_file(store, b"333", "3.txt")})

    objects.update(store, rest(ann), report.id, changes)

    assert set(streams_of(store, report, 2)) == {"one", "two", "three"}
    assert [one.no for one in line_of(store, report.id)] == [1, 2]


def test_copy_of_a_document_has_its_streams(store: Store, ann: Context, report: Node) -> None:
    copying.copy(store, ann, path("/main.txt"), path("/copy.txt"), overwrite=False)

    assert streams_of(store, node_at(store, ann, "/copy.txt"), 1) == {"one": ("one.txt", 1), "two": ("two.txt", 2)}


# What is said of the same bytes


def test_file_name_and_media_type_change_without_new_bytes(store: Store, ann: Context, report: Node) -> None:
    before = described(store, ann, report.id)

    objects.update(store, rest(ann), report.id, Changes(file_name="ü.md", media_type="text/markdown"))

    it = described(store, ann, report.id)
    assert it.content is not None and before.content is not None
    assert (it.file_name, it.content.media_type, it.content.digest) == ("ü.md", "text/markdown", before.content.digest)
    assert node_at(store, ann, "/main.txt").media_type == "text/markdown"
    assert it.said.content_no == 0


def test_version_of_the_same_metadata_is_made_where_always_is_asked(store: Store, ann: Context, report: Node) -> None:
    objects.update(store, rest(ann), report.id, Changes({"title": "T"}))
    objects.update(store, rest(ann), report.id, Changes({"title": "T"}, always=True, cause=Cause.REGISTRATION))

    assert [one.cause for one in line_of(store, report.id)] == [Cause.CREATED, Cause.REGISTRATION]


def test_what_is_decided_within_the_transaction_is_refused_there(store: Store, ann: Context, report: Node) -> None:
    def decide(it: describing.Described) -> Decision:
        if it.node.version_no != 7:
            raise Malformed(f"version {it.node.version_no}")
        return Decision(Changes({"title": "never"}))

    with pytest.raises(Malformed, match="version 1"):
        batches.update(store, rest(ann), report.uuid, decide)

    assert said_of(store, ann, report.id) == {"title": "T"}


# Versions


def test_restored_version_brings_content_metadata_and_streams_back(
    store: Store, ann: Context, clock: SettableClock, report: Node
) -> None:
    save(store, ann, report.id, b"second", "second.txt", metadata={"title": None, "okd:x": 1})
    clock.advance(SECOND)
    objects.update(store, rest(ann), report.id, Changes(streams={"one": None, "late": a_file(store, b"l", "late.txt")}))
    clock.advance(SECOND)

    restored(store, rest(ann), report.id, 1)

    assert bytes_at(store, ann, report.uuid) == b"main"
    assert said_of(store, ann, report.id) == {"title": "T"}
    assert streams_of(store, report, 4) == {"one": ("one.txt", 1), "two": ("two.txt", 2)}
    assert line_of(store, report.id)[-1].cause is Cause.REVERT


def test_version_that_is_not_there_is_not_restored(store: Store, ann: Context, report: Node) -> None:
    for no in (0, 2, 1 << 70):
        with pytest.raises(NoSuchVersion):
            restored(store, rest(ann), report.id, no)


def test_removed_version_is_gone_and_its_number_is_not_given_again(store: Store, ann: Context, report: Node) -> None:
    put(store, ann, "/main.txt", b"2")

    removing_versions.remove_version(store, rest(ann), report.id, 1)

    assert [one.no for one in line_of(store, report.id)] == [2]
    with pytest.raises(NoSuchVersion):
        removing_versions.remove_version(store, rest(ann), report.id, 1)
    put(store, ann, "/main.txt", b"3")
    assert [one.no for one in line_of(store, report.id)] == [2, 3]


def test_current_and_marked_versions_are_not_removed(store: Store, ann: Context, report: Node) -> None:
    put(store, ann, "/main.txt", b"2")
    marking.set_label(store, ann, path("/main.txt"), 1, "final", may_move=False)

    with pytest.raises(VersionIsCurrent):
        removing_versions.remove_version(store, rest(ann), report.id, 2)
    with pytest.raises(VersionIsMarked):
        removing_versions.remove_version(store, rest(ann), report.id, 1)


# Deletions


def test_deletion_that_was_undone_is_remembered(store: Store, ann: Context, clock: SettableClock, report: Node) -> None:
    deleting.delete(store, rest(ann), report.id, comment="no use")
    clock.advance(SECOND)
    deleted.restore(store, rest(ann), report.id)

    found = rows(store, "SELECT comment, restored_at - deleted_at FROM deletion WHERE node_id = :id", id=report.id)
    assert [tuple(row) for row in found] == [("no use", 1_000_000)]


# Chosen ids, and objects that are no documents


def an_object(store: Store, ctx: Context, **metadata: str) -> Node:
    new = NewObject(NodeKind.OBJECT, "lora:organisation/bruger", metadata, uuid=CHOSEN)
    return objects.create(store, rest(ctx), ("LoRA",), new)


def test_id_that_was_chosen_is_given_once(store: Store, ann: Context) -> None:
    node = objects.create(store, rest(ann), 1, NewObject(NodeKind.DOCUMENT, None, {}, a_file(store, b"x"), uuid=CHOSEN))
    deleting.delete(store, rest(ann), node.id)

    with pytest.raises(UuidTaken):
        an_object(store, ann)
    assert node.uuid == CHOSEN


def test_object_is_found_by_who_asks_for_objects_alone(store: Store, ann: Context) -> None:
    node = an_object(store, ann, title="Ann")

    with store.database.read(snapshot=True) as session:
        assert access.look_up(session, rest(ann), CHOSEN, store.clock.now()).node is None
        found = access.look_up(session, rest(ann), CHOSEN, store.clock.now(), with_objects=True)
    assert found.node == node
    for where in (CHOSEN, node.id):
        with pytest.raises(NotFound):
            describing.describe(store, rest(ann), where)
    assert members_of(store, ann, "/LoRA") == []
    assert describing.members(store, rest(ann), path("/LoRA"), 0, 10)[1].total == 0


def test_object_is_in_no_copy_of_its_folder_and_goes_with_it_to_the_trash(store: Store, ann: Context) -> None:
    an_object(store, ann)
    a_document(store, ann, "/LoRA/a.txt", b"x")

    copying.copy(store, ann, path("/LoRA"), path("/copy"), overwrite=False)
    deleting.delete(store, ann, path("/LoRA"))

    assert [row[0] for row in rows(store, "SELECT count(*) FROM node WHERE kind = 3")] == [1]
    assert members_of(store, ann, "/copy") == ["a.txt"]
