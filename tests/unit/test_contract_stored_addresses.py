"""What the core promises of addresses of content: each leads to the same bytes as long as those are kept, and to no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import SettableClock, a_lock, content_of, exists, holding, node_at, path, with_policy
from tests.builders import put as put_on_drive
from tests.builders import read as bytes_of
from tests.unit.edited import unlock
from tests.unit.placed import copy
from tests.unit.registered import DOCUMENT, lora, now, patch, put, read
from tests.unit.temporal import document, entries, part, variant

from davgate.core import checking_out, erasing, mending, thinning, upkeep
from davgate.core.bitemporal import registrations, searching
from davgate.core.store import Context, Store
from davgate.model.bitemporal.query import InPart, Search
from davgate.model.bitemporal.registration import PART_OF_OTHERS, VARIANT_OF_OTHERS
from davgate.model.bitemporal.virkning import ALL_TIME
from davgate.model.errors import NotFound
from davgate.model.locks import Lock
from davgate.model.node import Node
from davgate.model.stored_parts import SCHEME
from davgate.model.thinning import ThinningRule

SECOND = timedelta(seconds=1)
FILE = "/x.txt"
NO_SAVES = ThinningRule(saves=timedelta(0))
ONE_VERSION = ThinningRule(most=1, saves=timedelta(0))
HARMLESS = {"tilstande": {"dokumentfremdrift": entries("2022..inf fremdrift=Fordelt")}}
"""What changes nothing of the parts."""


def newest(store: Store, ctx: Context, uuid: str) -> tuple[str, str]:
    """Return the address and media type that the newest registration says last of the content."""
    ((_, parts),) = now(store, ctx, uuid, DOCUMENT).variants.items()
    ((_, one),) = parts.parts.items()
    said = one.properties[-1].values
    return str(said["indhold"]), str(said["mimetype"])


def stored(store: Store, ctx: Context, address: str) -> bytes:
    return bytes_of(registrations.open_part(store, lora(ctx), address.removeprefix(SCHEME)).opened)


def is_gone(store: Store, ctx: Context, address: str) -> bool:
    try:
        registrations.open_part(store, lora(ctx), address.removeprefix(SCHEME))
    except NotFound:
        return True
    return False


def found(store: Store, ctx: Context, address: str, **more: Any) -> list[str]:
    return list(searching.search(store, lora(ctx), DOCUMENT, Search((InPart("indhold", address),), ALL_TIME, **more)))


def thin(store: Store, admin: Context, clock: SettableClock, rule: ThinningRule = NO_SAVES) -> None:
    """Let a day pass and what the rule does not keep go, its bytes too."""
    clock.advance(timedelta(days=1))
    thinning.thin(with_policy(store, replace(store.policy, thinning=rule)), admin, dry_run=False)
    clock.advance(timedelta(days=1))
    upkeep.tidy(store)


Maker = Callable[[Store, Context], Node]


def of_the_drive(store: Store, ctx: Context) -> Node:
    return put_on_drive(store, ctx, FILE, b"zero").node


def registered(store: Store, ctx: Context) -> Node:
    node = of_the_drive(store, ctx)
    patch(store, ctx, node.uuid, {"note": "n"}, DOCUMENT)
    return node


def merged(store: Store, ctx: Context) -> Node:
    """Make a registered document with the versions of one that says nothing."""
    registered(store, ctx)
    put_on_drive(store, ctx, "/y.txt", b"more")
    mending.merge(store, ctx, path("/y.txt"), path(FILE))
    return node_at(store, ctx, FILE)


@pytest.fixture(params=[of_the_drive, registered, merged])
def node(request: pytest.FixtureRequest, store: Store, ann: Context, clock: SettableClock) -> Node:
    """A document on the drive; a second later."""
    maker: Maker = request.param
    made = maker(store, ann)
    clock.advance(SECOND)
    return made


def save(store: Store, ctx: Context, lock: Lock, content: bytes, media_type: str | None = None) -> None:
    put_on_drive(store, holding(ctx, lock), FILE, content, media_type=media_type)


@pytest.fixture
def saved(store: Store, ann: Context, node: Node, clock: SettableClock) -> tuple[str, str, Lock]:
    """The addresses of two saves of one edit session, each read before the next one, and the lock of the session."""
    lock = a_lock(store, ann, FILE)
    save(store, ann, lock, b"one", "text/csv")
    first = newest(store, ann, node.uuid)[0]
    clock.advance(SECOND)
    save(store, ann, lock, b"second", "text/html")
    second = newest(store, ann, node.uuid)[0]
    clock.advance(SECOND)
    return first, second, lock


def test_each_save_of_an_edit_session_has_an_address(
    store: Store, ann: Context, node: Node, saved: tuple[str, str, Lock], clock: SettableClock
) -> None:
    first, second, lock = saved
    assert first != second
    assert (stored(store, ann, first), stored(store, ann, second)) == (b"one", b"second")
    unlock(store, ann, FILE, lock)
    assert newest(store, ann, node.uuid) == (second, "text/html")
    assert (stored(store, ann, first), stored(store, ann, second)) == (b"one", b"second")
    clock.advance(SECOND)
    put_on_drive(store, ann, FILE, b"three")
    assert (stored(store, ann, first), stored(store, ann, second)) == (b"one", b"second")


def test_content_that_was_replaced_is_what_it_was(store: Store, ann: Context, node: Node, saved: tuple[str, str, Lock]) -> None:
    first, second, _ = saved
    for address, media_type in ((first, "text/csv"), (second, "text/html")):
        part_ = registrations.open_part(store, lora(ann), address.removeprefix(SCHEME))
        assert (part_.media_type, part_.file_name) == (media_type, "x.txt")


def test_same_bytes_in_one_session_have_one_address(store: Store, ann: Context, node: Node, saved: tuple[str, str, Lock]) -> None:
    first, _, lock = saved
    save(store, ann, lock, b"one", "text/csv")
    assert newest(store, ann, node.uuid) == (first, "text/csv")


def test_document_is_found_by_the_address_of_its_present_content(
    store: Store, ann: Context, node: Node, saved: tuple[str, str, Lock]
) -> None:
    first, second, lock = saved
    assert found(store, ann, second) == [node.uuid]
    assert found(store, ann, first) == [], "no registration says it any more"
    assert found(store, ann, first, known=ALL_TIME) == []
    unlock(store, ann, FILE, lock)
    assert found(store, ann, second) == [node.uuid]


def test_registration_of_an_edit_session_is_one(store: Store, ann: Context, node: Node, saved: tuple[str, str, Lock]) -> None:
    before = len(read(store, ann, node.uuid, DOCUMENT, ALL_TIME).registrations)
    save(store, ann, saved[2], b"third")
    told = read(store, ann, node.uuid, DOCUMENT, ALL_TIME).registrations
    assert len(told) == before
    assert told[0].snapshot == now(store, ann, node.uuid, DOCUMENT)


def test_what_was_thinned_is_gone(
    store: Store, ann: Context, root_admin: Context, node: Node, saved: tuple[str, str, Lock], clock: SettableClock
) -> None:
    first, second, lock = saved
    unlock(store, ann, FILE, lock)
    thin(store, root_admin, clock)
    assert is_gone(store, ann, first)
    assert stored(store, ann, second) == b"second"


@pytest.mark.parametrize("is_primary", [True, False])
def test_what_a_registration_names_is_not_thinned(
    store: Store,
    ann: Context,
    root_admin: Context,
    node: Node,
    saved: tuple[str, str, Lock],
    clock: SettableClock,
    is_primary: bool,
) -> None:
    first, second, lock = saved
    contents = {VARIANT_OF_OTHERS: part(PART_OF_OTHERS, f"2021..inf indhold={first if is_primary else second}")}
    if not is_primary:
        contents["Zweite"] = part("x", f"2021..inf indhold={first}")
    data = document(varianter=[variant(text, one) for text, one in contents.items()])
    put(store, holding(ann, lock), node.uuid, DOCUMENT, data)
    assert content_of(store, ann, FILE) == (b"one" if is_primary else b"second")
    clock.advance(SECOND)
    save(store, ann, lock, b"third")
    unlock(store, ann, FILE, lock)
    for rule in (NO_SAVES, ONE_VERSION):
        thin(store, root_admin, clock, rule)
        assert stored(store, ann, first) == b"one"


def test_registration_during_a_session_keeps_the_save_that_it_was_made_of(
    store: Store, ann: Context, root_admin: Context, node: Node, saved: tuple[str, str, Lock], clock: SettableClock
) -> None:
    _, second, lock = saved
    patch(store, holding(ann, lock), node.uuid, HARMLESS, DOCUMENT)
    assert newest(store, ann, node.uuid)[0] == second
    clock.advance(SECOND)
    save(store, ann, lock, b"third")
    unlock(store, ann, FILE, lock)
    thin(store, root_admin, clock, ONE_VERSION)
    assert stored(store, ann, second) == b"second"


def test_content_that_a_registration_ends_is_not_thinned(
    store: Store, ann: Context, root_admin: Context, node: Node, saved: tuple[str, str, Lock], clock: SettableClock
) -> None:
    _, second, lock = saved
    data = document(varianter=[variant(VARIANT_OF_OTHERS, part(PART_OF_OTHERS, f"2021..2022 indhold={second}"))])
    put(store, holding(ann, lock), node.uuid, DOCUMENT, data)
    assert not exists(store, ann, path(FILE))
    thin(store, root_admin, clock, ONE_VERSION)
    assert stored(store, ann, second) == b"second"


@pytest.mark.parametrize("is_original_erased", [False, True])
def test_copy_of_what_a_session_has_open_says_the_save_that_it_has(
    store: Store,
    ann: Context,
    root_admin: Context,
    node: Node,
    saved: tuple[str, str, Lock],
    clock: SettableClock,
    is_original_erased: bool,
) -> None:
    copied = copy(store, ann, FILE, "/copied.txt").node
    address, _ = newest(store, ann, copied.uuid)
    save(store, ann, saved[2], b"third")
    unlock(store, ann, FILE, saved[2])
    if is_original_erased:
        patch(store, ann, copied.uuid, HARMLESS, DOCUMENT)
        erasing.erase(store, root_admin, node.uuid, "a test")
    assert newest(store, ann, copied.uuid)[0] == address
    assert stored(store, ann, address) == b"second"


def test_split_document_has_its_own_addresses(
    store: Store, ann: Context, saved: tuple[str, str, Lock], node: Node, clock: SettableClock
) -> None:
    first, second, lock = saved
    unlock(store, ann, FILE, lock)
    mending.split(store, ann, path(FILE), node_at(store, ann, FILE).version_no, "made.txt")
    assert (stored(store, ann, first), stored(store, ann, second)) == (b"one", b"second")
    assert stored(store, ann, newest(store, ann, node_at(store, ann, "/made.txt").uuid)[0]) == b"second"
    assert content_of(store, ann, FILE) != b"second"


def test_check_in_is_one_content(store: Store, ann: Context, bob: Context, node: Node, clock: SettableClock) -> None:
    checking_out.check_out(store, ann, path(FILE))
    for content in (b"one", b"second"):
        put_on_drive(store, ann, FILE, content)
        assert stored(store, bob, newest(store, bob, node.uuid)[0]) == content_of(store, bob, FILE)
    checking_out.check_in(store, ann, path(FILE))
    address, _ = newest(store, ann, node.uuid)
    assert stored(store, ann, address) == b"second"
    assert found(store, ann, address) == [node.uuid]


def test_date_of_an_address_counts(store: Store, ann: Context, saved: tuple[str, str, Lock]) -> None:
    for address in saved[:2]:
        assert is_gone(store, ann, address.replace("2026", "2025"))


def addresses(store: Store, ctx: Context, uuid: str) -> dict[str, bytes]:
    """Return what each address leads to that any registration says."""
    told = [one for each in read(store, ctx, uuid, DOCUMENT, ALL_TIME).registrations for one in each.snapshot.variants.values()]
    said = {entry.values["indhold"] for one in told for part_ in one.parts.values() for entry in part_.properties}
    return {str(one): stored(store, ctx, str(one)) for one in said}


def test_copy_has_what_the_drive_saved_when_the_original_is_gone(
    store: Store, ann: Context, root_admin: Context, clock: SettableClock
) -> None:
    original = registered(store, ann)
    clock.advance(SECOND)
    put_on_drive(store, ann, FILE, b"one")
    copied = copy(store, ann, FILE, "/copied.txt").node
    address, _ = newest(store, ann, copied.uuid)
    erasing.erase(store, root_admin, original.uuid, "a test")
    assert stored(store, ann, address) == b"one"


def test_merged_document_has_what_the_drive_saved_into_each(store: Store, ann: Context, clock: SettableClock) -> None:
    registered(store, ann)
    target = put_on_drive(store, ann, "/y.txt", b"target").node
    for content in (b"one", b"two"):
        clock.advance(SECOND)
        put_on_drive(store, ann, FILE, content)
    mending.merge(store, ann, path(FILE), path("/y.txt"))
    assert set(addresses(store, ann, target.uuid).values()) == {b"target", b"zero", b"one", b"two"}
