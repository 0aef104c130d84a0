"""What a role may not see is in no byte that it can get hold of, and changes none."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import pytest

from davgate.core import checking_out, copying, deleting, marking
from davgate.model.instant import after
from tests.builders import a_collection, a_document, a_lock, path, put
from tests.matrix.cells import Cell
from tests.matrix.crawling import Told, as_text, crawled, without_ids, without_time
from tests.matrix.crawling_rest import (
    crawled_by_dynacase,
    crawled_by_gever,
    crawled_by_lora,
    crawled_by_okd,
    crawled_by_yuuvis,
    found_by_search,
)
from tests.matrix.doors import REGISTRY
from tests.matrix.model import PLACES, ROLES, STATES, Asking, Outcome, Role, State, Thing, Whose
from tests.matrix.worlds import World, a_world, hidden_markers, marker, sees, where

BUSY = tuple(state for state in STATES if state.lock.whose in (None, Whose.OTHERS))
"""What others do: their locks and check-outs."""

FROM_ABOVE = next(state for state in BUSY if state.lock.deep)
QUIET = State()
LOCKED = next(state for state in BUSY if state.taken and state.lock.whose and not state.lock.deep)

SHUT_OUT = tuple(role for role in ROLES if role.signs_in and hidden_markers(role))
"""The roles from which something is hidden."""


def by_name(role: Role | State) -> str:
    return role.name


CRAWLS: Final = {
    "drive": crawled,
    "gever": crawled_by_gever,
    "okd": crawled_by_okd,
    "yuuvis": crawled_by_yuuvis,
    "dynacase": crawled_by_dynacase,
    "lora": crawled_by_lora,
}
"""By the names of doors. A new door adds its own."""

SHOWS: Final = {
    "drive": ("name", "content", "property", "comment", "label"),
    "gever": ("name", "content", "comment"),
    "okd": ("name", "content"),
    "yuuvis": ("name", "content"),
    "dynacase": ("name", "content"),
    "lora": ("name", "content"),
}
"""What each door tells of a document to who may see it."""


def test_every_door_has_a_crawl() -> None:
    assert set(CRAWLS) == set(SHOWS) == {door.name for door in REGISTRY}


TURNS: Final = 6
"""By itself a run takes one of so many pairs of a role and a door, by turns; all of them with ``--long``."""


def _unless_its_turn(role: Role, door: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.long] * ((SHUT_OUT.index(role) + [*CRAWLS].index(door)) % TURNS != 0)


@pytest.mark.parametrize(
    ("role", "door"),
    [
        pytest.param(role, door, id=f"{role.name}-{door}", marks=_unless_its_turn(role, door))
        for role in SHUT_OUT
        for door in CRAWLS
    ],
)
def test_nothing_that_can_be_reached_tells_of_what_is_hidden(role: Role, door: str) -> None:
    found: set[str] = set()
    with a_world(role) as world:
        hidden = hidden_markers(role) | world.hidden_ids()
        for state in (QUIET, LOCKED, FROM_ABOVE):
            world.enter(state)
            told = CRAWLS[door](world)
            assert any(response.status < 300 for response in told.values()) or not any(sees(role, thing) for thing in _things())
            assert found_by_search(told) == {}
            found |= {
                f"{question} ({state.name}) tells {word}"
                for question, response in told.items()
                for word in hidden
                if word in as_text(response)
            }
    assert found == set()


@pytest.mark.parametrize("door", CRAWLS)
def test_crawl_reaches_everything_that_there_is(door: str) -> None:
    administrator = next(role for role in ROLES if role.is_admin and not role.password)
    with a_world(administrator) as world:
        world.enter(QUIET)
        told = "".join(as_text(response) for response in CRAWLS[door](world).values())

    assert hidden_markers(administrator) == frozenset()
    missing = {
        (place.zone.value, thing.name, kind)
        for place in PLACES.values()
        for thing in (*place.top.everything_below(), place.gone)
        for kind in _shown_of(thing, door)
        if marker(place.zone.value, thing.name, kind) not in told
    }
    assert missing == set()


def _shown_of(thing: Thing, door: str) -> tuple[str, ...]:
    """Return what is told of something to who may see it; of what was deleted that is less, and not every door does."""
    if thing.is_collection:
        return ("name",) if door in ("drive", "gever", "yuuvis") else ()
    if thing.name == "gone.txt":
        return ("name", "content") if door in ("drive", "dynacase") else ()
    return SHOWS[door]


# Two stores that differ in what is hidden alone


def happen_behind(world: World) -> None:
    """Do a lot with everything that the role does not see, as it can be done without touching what it sees."""
    store, admin = world.store, world.admin
    world.clock.advance(timedelta(minutes=1))
    for place in PLACES.values():
        holder = world.holders[place.zone]
        for thing in place.top.everything_below():
            if sees(world.role, thing) or (thing.above is not None and sees(world.role, thing.above)):
                continue
            if thing.is_collection:
                a_document(store, admin, f"{where(thing)}/more/{thing.name}.txt", b"one", b"two")
                a_collection(store, admin, f"{where(thing)}/even more")
                continue
            put(store, admin, where(thing), b"other content of what is hidden")
            marking.set_label(store, admin, path(where(thing)), 2, "another label", may_move=False)
            copied = f"{where(thing)} copied.txt"
            copying.copy(store, admin, path(where(thing)), path(copied), overwrite=False)
            checking_out.check_out(store, holder, path(copied))
            copying.copy(store, admin, path(where(thing)), path(f"{copied}.locked"), overwrite=False)
            a_lock(store, holder, f"{copied}.locked", owner="somebody")
            copying.copy(store, admin, path(where(thing)), path(f"{copied}.gone"), overwrite=False)
            deleting.delete(store, admin, path(f"{copied}.gone"))


def everything_told(role: Role, state: State, door: str, *, more: bool) -> dict[str, str]:
    with a_world(role) as world:
        built = world.clock.now()
        if more:
            happen_behind(world)
        # A change is later than all before it, whoever made them.
        world.clock.set(after(built, timedelta(minutes=2)))
        world.keep()
        world.enter(state)
        told: Told = CRAWLS[door](world)
    return {without_ids(question): without_ids(as_text(response)) for question, response in told.items()}


BEHIND: Final = [
    # The dialects tell of locks what the drive tells, and of the rest nothing else where there are none.
    pytest.param(
        role,
        state,
        door,
        id=f"{role.name}-{state.name}-{door}",
        marks=_unless_its_turn(role, door) or [pytest.mark.long] * (door != "drive" and state is QUIET),
    )
    for role in SHUT_OUT
    for state in (QUIET, LOCKED)
    for door in CRAWLS
]


@pytest.mark.parametrize(("role", "state", "door"), BEHIND)
def test_what_happens_behind_changes_no_answer(role: Role, state: State, door: str) -> None:
    quiet, busy = everything_told(role, state, door, more=False), everything_told(role, state, door, more=True)

    assert quiet.keys() == busy.keys()
    different = {question: (quiet[question], busy[question]) for question in quiet if quiet[question] != busy[question]}
    assert different == {}


# What is hidden and what is missing

HIDDEN = frozenset({Outcome.MISSING, Outcome.NO_PARENT})
_MARKER = re.compile(r"zq[0-9a-f]{12}")
_TRASHED = re.compile(r"/\.trash/x%20\d+")
_NUMBERED = re.compile(r"(?<=/documents/)\d+(?![\w-])|(?<=/trash/)\d+(?![\w-])|(?<=Document \\\")\d+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _ghost_of(world: World, target: str) -> str:
    """Return an address at which nothing is, in place of one at which something hidden is."""
    hidden = hidden_markers(world.role)
    target = _TRASHED.sub("/.trash/x%20987654321", target)
    for uuid in world.hidden_ids():
        target = target.replace(uuid, f"{'0' * 8}{uuid[8:]}")
    numbers = {str(number) for number in world.hidden_numbers()}
    target = _NUMBERED.sub(lambda found: "987654321" if found[0] in numbers else found[0], target)
    return _MARKER.sub(lambda found: f"zq{'0' * 12}" if found[0] in hidden else found[0], target)


def _without_names(text: str) -> str:
    text = _UUID.sub("ID", text)
    text = _NUMBERED.sub("TRASHED", without_time(text))
    return re.sub(r"987654321|(?<=x )\d+|(?<=x%20)\d+|\.trash/\d+", "TRASHED", _MARKER.sub("NAME", text))


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("role", SHUT_OUT, ids=by_name)
def test_what_is_hidden_answers_as_what_is_missing(role: Role, every: int) -> None:
    different: list[str] = []
    compared = 0
    turn = SHUT_OUT.index(role)
    with a_world(role) as world:
        for state in (QUIET, LOCKED, FROM_ABOVE):
            world.enter(state)
            asking = Asking(role, state)
            for door in REGISTRY:
                for operation in door.operations:
                    for zone, place in PLACES.items():
                        verdict = operation.rule(asking, place)
                        if not verdict or not verdict <= HIDDEN:
                            continue
                        turn += 1
                        if turn % every:
                            continue
                        cell = Cell(door, operation, state, zone)
                        sending = cell.sending(world)
                        answer = world.ask(operation.method, sending.target, sending.body, **sending.headers)
                        headers = {name: _ghost_of(world, value) for name, value in sending.headers.items()}
                        body = sending.body if isinstance(sending.body, bytes) else _ghost_of(world, sending.body)
                        missing = world.ask(operation.method, _ghost_of(world, sending.target), body, **headers)
                        compared += 1
                        if _without_names(as_text(answer)) != _without_names(as_text(missing)):
                            different.append(f"{cell}: {as_text(answer)!r} and {as_text(missing)!r}")
    assert different == []
    assert compared


def _things() -> list[Thing]:
    return [thing for place in PLACES.values() for thing in place.top.everything_below()]


def test_every_thing_has_words_of_its_own() -> None:
    words = [marker(thing.zone.value, thing.name, kind) for thing in _things() for kind in ("name", "content")]
    assert len(words) == len(set(words))
