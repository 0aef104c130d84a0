"""Locks as yuuvis' sister product has them: of a user, without a token, until they are taken away."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from tests.builders import SettableClock
from tests.protocol.client import Client
from tests.protocol.yuuvis import (
    BASE,
    NOBODYS,
    an_imported_email,
    imported,
    of,
    patch,
    refusal,
    said,
    shown,
    upload,
    values,
)

FILE: Final = "/dav/yuuvis/2026-11/a.txt"
"""What is imported, on the drive."""


@pytest.fixture
def email(ann: Client) -> str:
    return an_imported_email(ann)


def lock(client: Client, where: str) -> int:
    return client("PATCH", f"{where}/contents/native/lock").status


def unlock(client: Client, where: str) -> int:
    return client("PATCH", f"{where}/contents/native/unlock").status


def test_a_lock_keeps_others_out_until_it_is_taken_away(ann: Client, bob: Client, email: str, clock: SettableClock) -> None:
    assert lock(ann, email) == 204
    clock.advance(timedelta(days=400))
    assert refusal(upload(bob, email)) == (409, 2830)
    assert upload(ann, email).status == 200
    assert unlock(ann, email) == 204
    assert upload(bob, email).status == 200


def test_who_has_the_lock_may_take_it_again(ann: Client, email: str) -> None:
    assert [lock(ann, email), lock(ann, email), unlock(ann, email), unlock(ann, email)] == [204] * 4


@pytest.mark.parametrize("act", ["lock", "unlock"])
def test_others_are_told_as_an_object_who_has_it(ann: Client, bob: Client, email: str, act: str) -> None:
    lock(ann, email)
    response = bob("PATCH", f"{email}/contents/native/{act}")
    assert refusal(response) == (409, 2830)
    (entry,) = response.json["objects"]
    assert said(entry) == {"system:objectId": email.rpartition("/")[2], "system:versionSeriesLockedBy": "ann"}


def test_who_has_checked_it_out_is_told_as_one_who_has_it_locked(ann: Client, bob: Client, email: str) -> None:
    assert ann("CHECKOUT", FILE).status == 200
    response = bob("PATCH", f"{email}/contents/native/lock")
    assert refusal(response) == (409, 2830)
    assert said(response.json["objects"][0])["system:versionSeriesLockedBy"] == "ann"


def test_a_lock_shows_on_the_drive_and_not_in_metadata(ann: Client, bob: Client, email: str) -> None:
    before = shown(ann, email)
    lock(ann, email)
    assert shown(ann, email) == before
    assert bob("PUT", FILE, b"other").status == 423


def test_a_folder_is_not_locked(ann: Client) -> None:
    folder = imported(ann, of(values(system__objectTypeId="folder", Name="f")))
    assert refusal(ann("PATCH", f"{folder}/contents/native/lock")) == (400, 2100)


def test_what_is_not_there_is_not_locked(ann: Client, nobody: Client, email: str) -> None:
    assert lock(ann, f"{BASE}/{NOBODYS}") == 404
    assert lock(nobody, email) == 401
    assert patch(ann, of(values(appEmail__subject="x")), to=email).status == 200
