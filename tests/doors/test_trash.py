"""The trash of GEVER, which goes on showing what lies in it, and the one trash behind all doors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import SettableClock
from tests.doors.door import Ability, Door, Refusal
from tests.doors.gever import Gever
from tests.doors.registry import DOORS, by_door
from tests.protocol.client import Client
from tests.protocol.gever import send

(GEVER,) = (door for door in DOORS if isinstance(door, Gever))
OTHERS = [door for door in DOORS if door is not GEVER]


@pytest.fixture
def trashed(ann: Client, clock: SettableClock) -> tuple[str, str]:
    """A document that was trashed, and its address."""
    document = GEVER.create(ann, b"one", "name.txt")
    assert all(door.exists(ann, document) for door in DOORS)
    address = GEVER.address(ann, document)
    assert address is not None
    clock.advance(timedelta(hours=1))
    assert send(ann, "POST", address + "/@trash").status == 204
    clock.advance(timedelta(hours=1))
    return document, address


def test_what_gever_has_trashed_is_shown_there_alone(ann: Client, bob: Client, trashed: tuple[str, str]) -> None:
    document, address = trashed

    assert send(bob, "GET", address).json["trashed"] is True
    for door in OTHERS:
        assert not door.exists(bob, document)
        door.assert_refused(door.read(bob, document), Refusal.MISSING)


def test_what_gever_brings_back_is_there_for_all(ann: Client, bob: Client, trashed: tuple[str, str]) -> None:
    document, address = trashed

    assert send(bob, "POST", address + "/@untrash").status == 204

    for door in DOORS:
        assert door.read(ann, document).body == b"one"


@by_door(Ability.RESTORE)
def test_what_gever_has_trashed_is_brought_back_by_others(ann: Client, bob: Client, trashed: tuple[str, str], door: Door) -> None:
    document, _ = trashed

    door.restore(bob, document)

    for one in DOORS:
        assert one.read(ann, document).body == b"one"
    assert GEVER.shown(ann, document)["trashed"] is False
