"""Each ordered pair of doors over one document: what is done here is seen and respected there, at once."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Final

import pytest

from tests.builders import SettableClock
from tests.doors.door import Ability, Door, Refusal
from tests.doors.registry import CELLS, DOORS, DRIVE, able, by_door, can, in_pairs
from tests.protocol.client import Client, Response

ONE = b"one"
TWO = b"two, longer"


def done(response: Response) -> Response:
    assert response.status in (200, 201, 202, 204), response
    return response


@pytest.fixture(autouse=True)
def time_passes(clock: SettableClock, elsewhere: None) -> None:
    """Let nothing be young any more: what programs do while they save is tested elsewhere."""
    clock.advance(timedelta(hours=1))


def later(clock: SettableClock) -> None:
    clock.advance(timedelta(hours=1))


def _unversioned(door: Door) -> set[str]:
    """Return what another door's change of metadata leaves as it was: the drive tells when content was modified."""
    return {"modified_at"} if door is DRIVE else set()


# What can be done


def test_abilities_of_doors_are_those_that_they_do_not_lack() -> None:
    for door in DOORS:
        missing = {one for one in Ability if getattr(type(door), one.value) is getattr(Door, one.value)}
        assert missing == set(door.lacks), door.name


LEFT_OUT: Final = {
    # What a door shows as a title, and how many versions it counts, is held against all others; what it lacks is left out.
    "drive": {Ability.ENTITLE, Ability.DESCRIBE},
    "gever": {Ability.RESTORE},
    "okd": {
        Ability.CHANGE_METADATA, Ability.ENTITLE, Ability.DESCRIBE, Ability.PAST, Ability.TOKEN, Ability.CHECK_OUT,
        Ability.RESTORE, Ability.MOVE,
    },
    "yuuvis": {Ability.DESCRIBE, Ability.KEEPER, Ability.TOKEN, Ability.CHECK_OUT, Ability.RESTORE},
    "dynacase": {Ability.DESCRIBE, Ability.PAST, Ability.TOKEN, Ability.CHECK_OUT, Ability.MOVE},
    "lora": {Ability.KEEPER, Ability.LOCK, Ability.TOKEN, Ability.CHECK_OUT, Ability.RESTORE, Ability.MOVE},
}  # fmt: skip
"""The abilities for want of which cells are left out. The adapters say why, each of its own."""


def test_cells_that_are_left_out_are_these() -> None:
    assert {door.name: set(door.lacks) for door in DOORS} == LEFT_OUT
    assert all(reason for door in DOORS for reason in door.lacks.values())
    assert CELLS.keys() == {name for name, value in globals().items() if name.startswith("test_") and _is_of_pairs(value)}
    for name, cells in CELLS.items():
        lacking = {
            (here.name, there.name)
            for here, there in permutations(DOORS, 2)
            if cells.here & LEFT_OUT[here.name] or cells.there & LEFT_OUT[there.name]
        }
        assert lacking == {(here.name, there.name) for here, there in permutations(DOORS, 2)} - set(cells.run), name


def _is_of_pairs(test: object) -> bool:
    return {"here", "there"} <= set(getattr(test, "__annotations__", ()))


def test_every_ability_is_tried_through_two_doors() -> None:
    assert all(len(able(one)) >= 2 for one in Ability)
    assert set(Ability) == set().union(*(cells.here | cells.there for cells in CELLS.values()))


# Content and metadata


@in_pairs(here={Ability.CREATE})
def test_document_made_here_is_the_same_there(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = here.create(ann, ONE, "name.txt")

    assert there.read(bob, document).body == ONE
    assert there.read(bob, document).etag == here.read(ann, document).etag
    untitled = {"title"} if here.creates_untitled else set()
    assert there.known(bob, document).differs_from(here.known(ann, document), but=untitled) == {}
    assert there.versions(bob, document) == 1


@in_pairs(here={Ability.CREATE}, there={Ability.REPLACE})
def test_document_made_here_is_updated_there(ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door) -> None:
    document = here.create(ann, ONE, "name.txt")
    known, before = here.known(ann, document), here.read(ann, document)
    later(clock)

    done(there.replace(bob, document, TWO))

    after = here.read(ann, document)
    assert (after.body, after.etag) == (TWO, there.read(bob, document).etag)
    assert after.etag != before.etag
    assert here.versions(ann, document) == there.versions(ann, document) == DRIVE.versions(ann, document) == 2
    assert here.known(ann, document).differs_from(there.known(bob, document), but={"title"}) == {}
    changed = here.known(ann, document).differs_from(known)
    renamed = {"file_name"} if there.names_files_by_titles else set()
    assert changed.keys() <= {"length_bytes", "modified_at", "sha256"} | renamed


@in_pairs(here={Ability.REPLACE}, there={Ability.PAST})
def test_version_that_was_replaced_here_is_read_there(ann: Client, here: Door, there: Door, clock: SettableClock) -> None:
    for maker in DOORS:
        document = maker.create(ann, ONE, "name.txt")
        later(clock)
        done(here.replace(ann, document, TWO))

        assert there.version_before(ann, document) == ONE
        later(clock)


@in_pairs(here={Ability.REPLACE}, there={Ability.REPLACE})
def test_tag_of_content_from_here_is_a_condition_there(
    ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door
) -> None:
    document = here.create(ann, ONE, "name.txt")
    tag = here.read(ann, document).etag
    later(clock)

    done(there.replace(bob, document, TWO, if_match=tag))
    later(clock)

    there.assert_refused(there.replace(bob, document, b"three", if_match=tag), Refusal.STALE)
    assert here.read(ann, document).body == TWO


@in_pairs(here={Ability.CHANGE_METADATA})
def test_metadata_changed_here_leaves_the_tag_of_content_there(
    ann: Client, clock: SettableClock, here: Door, there: Door
) -> None:
    for maker in DOORS:
        document = maker.create(ann, ONE, "name.txt")
        before = there.read(ann, document)
        later(clock)

        done(here.change_metadata(ann, document))

        after = there.read(ann, document)
        assert (after.etag, after.body) == (before.etag, before.body)
        assert here.known(ann, document).differs_from(there.known(ann, document), but={"modified_at", "title"}) == {}


@in_pairs(here={Ability.CHANGE_METADATA})
def test_metadata_changed_here_is_a_version_there_unless_it_counts_content_alone(
    ann: Client, clock: SettableClock, here: Door, there: Door
) -> None:
    document = here.create(ann, ONE, "name.txt")
    later(clock)
    done(here.change_metadata(ann, document))

    is_one = here.versions_typed_metadata and not there.counts_content_alone
    assert there.versions(ann, document) == (2 if is_one else 1)


@in_pairs(here={Ability.CHANGE_METADATA}, there={Ability.CREATE})
def test_metadata_changed_here_does_not_rename_what_was_made_there(ann: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    before = DRIVE.address(ann, document)

    done(here.change_metadata(ann, document))

    assert DRIVE.address(ann, document) == before is not None


@in_pairs(here={Ability.ENTITLE})
def test_title_given_here_is_seen_there(ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    named, versions = there.known(bob, document).file_name, DRIVE.versions(ann, document)
    later(clock)

    done(here.entitle(ann, document, "Über & <Titel>"))

    seen = there.known(bob, document)
    assert seen.title == ("Über & <Titel>" if there.title_of_untitled else None)
    assert seen.differs_from(here.known(ann, document), but=_unversioned(there)) == {}
    assert here.names_files_by_titles or seen.file_name == named
    assert DRIVE.versions(ann, document) == versions + 1


@in_pairs(here={Ability.DESCRIBE})
def test_description_given_here_is_seen_there(ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    before = there.known(bob, document)
    later(clock)

    done(here.describe(ann, document, "Über & <alles>"))

    seen = there.known(bob, document)
    assert seen.description in (None, "Über & <alles>")
    assert seen.differs_from(here.known(ann, document), but={"title"} | _unversioned(there)) == {}
    assert seen.differs_from(before).keys() <= {"description", "modified_at"}


@by_door()
def test_description_is_shown_where_there_is_one(ann: Client, door: Door) -> None:
    document = door.create(ann, ONE, "name.txt")

    assert (door.known(ann, document).description is None) == (door.name in ("drive", "yuuvis", "dynacase"))


@by_door()
def test_document_without_a_title_is_called_by_its_name_on_the_drive(ann: Client, door: Door) -> None:
    for maker in DOORS:
        if maker.creates_untitled:
            assert door.known(ann, maker.create(ann, ONE, "name.txt")).title == door.title_of_untitled


# Locks


@in_pairs(here={Ability.LOCK}, there={Ability.KEEPER})
def test_lock_taken_here_is_shown_there(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    assert there.kept_by(bob, document) is None

    done(here.lock(ann, document))

    assert there.kept_by(bob, document) in ("", "ann")


@in_pairs(here={Ability.LOCK}, there={Ability.REPLACE})
def test_lock_taken_here_keeps_others_out_there(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    done(here.lock(ann, document))
    versions = there.versions(bob, document)

    there.assert_refused(there.replace(bob, document, TWO), Refusal.LOCKED)
    there.assert_refused(there.touch(bob, document), Refusal.LOCKED)
    there.assert_refused(there.delete(bob, document), Refusal.LOCKED)

    assert there.read(bob, document).body == ONE
    assert there.versions(bob, document) == versions


@in_pairs(here={Ability.LOCK})
def test_lock_taken_here_lets_its_holder_write_there(ann: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    done(here.lock(ann, document))

    without_token = there.touch(ann, document)
    if here.is_without_tokens and there.is_without_tokens:
        done(without_token)
    else:
        there.assert_refused(without_token, Refusal.LOCKED)
    for shows in able(Ability.TOKEN):
        done(there.touch(ann, document, shows.token_of(ann, document)))
    assert DRIVE.kept_by(ann, document) is not None


@in_pairs(here={Ability.LOCK})
def test_token_of_a_lock_taken_here_is_of_no_use_to_others_there(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    done(here.lock(ann, document))

    there.assert_refused(there.touch(bob, document, DRIVE.token_of(ann, document)), Refusal.LOCKED)


@in_pairs(here={Ability.LOCK}, there={Ability.TOKEN})
def test_token_of_a_lock_of_who_signed_in_is_shown_to_its_holder_alone(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    done(here.lock(ann, document))

    assert there.token_of(ann, document)
    if here.is_without_tokens:
        assert there.token_of(bob, document) is None


@in_pairs(here={Ability.LOCK}, there={Ability.LOCK})
def test_lock_taken_here_is_ended_there_by_its_holder(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    done(here.lock(ann, document))
    shown = [door.token_of(ann, document) for door in able(Ability.TOKEN)]

    done(there.unlock(ann, document, shown[0]))

    for door in able(Ability.KEEPER):
        assert door.kept_by(bob, document) is None
    for door in DOORS:
        done(door.touch(bob, document))


@in_pairs(here={Ability.LOCK}, there={Ability.LOCK})
def test_lock_taken_here_cannot_be_taken_there_by_another(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    done(here.lock(ann, document))

    there.lock(bob, document)

    for door in DOORS:
        door.assert_refused(door.touch(bob, document), Refusal.LOCKED)
    for door in able(Ability.KEEPER):
        assert door.kept_by(bob, document) in ("", "ann")


@in_pairs(here={Ability.LOCK}, there={Ability.REPLACE})
def test_lock_taken_here_ends_there_in_time(ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")
    done(here.lock(ann, document))

    clock.advance(timedelta(hours=1))

    if here.locks_end:
        assert DRIVE.kept_by(bob, document) is None
        done(there.replace(bob, document, TWO))
    else:
        there.assert_refused(there.replace(bob, document, TWO), Refusal.LOCKED)


# Check-outs


@in_pairs(here={Ability.CHECK_OUT})
def test_check_out_taken_here_is_respected_there(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = there.create(ann, ONE, "name.txt")

    done(here.check_out(ann, document))

    if can(there, Ability.KEEPER):
        assert there.kept_by(bob, document) == "ann"
    there.assert_refused(there.replace(bob, document, TWO), Refusal.CHECKED_OUT)
    there.assert_refused(there.delete(bob, document), Refusal.CHECKED_OUT)
    assert there.read(bob, document).body == ONE


@in_pairs(here={Ability.CHECK_OUT}, there={Ability.REPLACE})
def test_working_copy_of_here_is_saved_and_seen_there_by_its_holder_alone(
    ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door
) -> None:
    document = there.create(ann, ONE, "name.txt")
    known, tag = there.known(bob, document), there.read(bob, document).etag
    done(here.check_out(ann, document))
    later(clock)

    done(there.replace(ann, document, TWO))

    for door in DOORS:
        assert door.read(ann, document).body == (TWO if door.shows_working_copies else ONE)
        assert (door.read(bob, document).body, door.read(bob, document).etag) == (ONE, tag)
        is_counted = there.tells_of_saves and not door.counts_content_alone
        assert door.versions(bob, document) == door.versions(ann, document) == 1 + is_counted
    assert there.known(bob, document).differs_from(known).keys() <= {"modified_at"}


@in_pairs(here={Ability.CHECK_OUT}, there={Ability.CHECK_OUT})
def test_check_out_taken_here_is_checked_in_there(
    ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door
) -> None:
    document = here.create(ann, ONE, "name.txt")
    done(here.check_out(ann, document))
    done(here.replace(ann, document, TWO))
    later(clock)

    done(there.check_in(ann, document))

    for door in DOORS:
        assert door.read(bob, document).body == TWO
        assert door.versions(bob, document) == 2
    for door in able(Ability.KEEPER):
        assert door.kept_by(bob, document) is None
    done(there.touch(bob, document))


@in_pairs(here={Ability.CHECK_OUT}, there={Ability.CHECK_OUT})
def test_check_out_taken_here_is_cancelled_there(ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door) -> None:
    document = here.create(ann, ONE, "name.txt")
    done(here.check_out(ann, document))
    done(here.replace(ann, document, TWO))
    later(clock)

    done(there.cancel(ann, document))

    for door in DOORS:
        assert door.read(ann, document).body == door.read(bob, document).body == ONE
        assert door.versions(bob, document) == 1
    for door in able(Ability.KEEPER):
        assert door.kept_by(bob, document) is None


@in_pairs(here={Ability.CHECK_OUT}, there={Ability.CHECK_OUT})
def test_check_out_taken_here_is_not_ended_there_by_another(ann: Client, bob: Client, here: Door, there: Door) -> None:
    document = here.create(ann, ONE, "name.txt")
    done(here.check_out(ann, document))
    done(here.replace(ann, document, TWO))

    there.assert_refused(there.check_in(bob, document), Refusal.CHECK_OUT)
    there.assert_refused(there.cancel(bob, document), Refusal.CHECK_OUT)
    there.assert_refused(there.check_out(bob, document), Refusal.CHECK_OUT)

    assert here.read(bob, document).body == ONE
    done(here.check_in(ann, document))
    assert there.read(bob, document).body == TWO


# Removal and place


@in_pairs(here={Ability.DELETE})
def test_document_deleted_here_is_gone_there_and_can_be_restored(
    ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door
) -> None:
    document = there.create(ann, ONE, "name.txt")
    done(there.replace(ann, document, TWO))
    tag, versions = there.read(bob, document).etag, there.versions(bob, document)
    later(clock)

    done(here.delete(bob, document))

    assert not there.exists(bob, document)
    assert not here.exists(ann, document)
    there.assert_refused(there.read(bob, document), Refusal.MISSING)
    if there.deletes_what_is_gone:
        done(there.delete(bob, document))
    else:
        there.assert_refused(there.delete(bob, document), Refusal.MISSING)
    later(clock)
    DRIVE.restore(bob, document)
    for door in DOORS:
        assert (door.read(bob, document).body, door.read(bob, document).etag) == (TWO, tag)
        assert door.known(bob, document).created_by in (None, "ann")
    assert there.versions(bob, document) == versions


@in_pairs(here={Ability.DELETE}, there={Ability.RESTORE})
def test_document_deleted_here_is_restored_there(ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door) -> None:
    document = here.create(ann, ONE, "name.txt")
    known, tag = here.known(ann, document), there.read(ann, document).etag
    later(clock)
    done(here.delete(bob, document))
    later(clock)

    there.restore(bob, document)

    for door in DOORS:
        assert door.exists(ann, document)
        assert (door.read(bob, document).body, door.read(bob, document).etag) == (ONE, tag)
        assert door.versions(ann, document) == 1
    untitled = {"title"} if here.creates_untitled else set()
    assert here.known(ann, document).differs_from(known, but=untitled) == {}


@in_pairs(here={Ability.MOVE})
def test_document_moved_here_is_the_same_there(ann: Client, bob: Client, clock: SettableClock, here: Door, there: Door) -> None:
    for maker in DOORS:
        document = maker.create(ann, ONE, f"{maker.name}.txt")
        done(there.replace(ann, document, TWO))
        known, tag, versions = there.known(bob, document), there.read(bob, document).etag, there.versions(bob, document)
        later(clock)

        here.move(bob, document)

        untitled = {"title"} if maker.creates_untitled else set()
        is_one = here.moves_by_a_version
        assert there.known(bob, document).differs_from(known, but=untitled | ({"modified_at"} if is_one else set())) == {}
        assert there.read(bob, document).etag == tag
        assert there.versions(bob, document) == versions + (is_one and not there.counts_content_alone)
        later(clock)
        done(there.delete(ann, document))


# Limits


@by_door(Ability.CREATE)
def test_file_that_is_called_at_too_great_length_is_refused_or_gets_a_shorter_name(ann: Client, door: Door) -> None:
    if door.names_files_by_titles:
        document = door.create(ann, ONE, "n" * 1021 + ".txt")
        assert len(door.known(ann, document).file_name or "") < 255
        return
    with pytest.raises(AssertionError, match=r"at most (255|1024) bytes of UTF-8"):
        door.create(ann, ONE, "n" * 1021 + ".txt")
