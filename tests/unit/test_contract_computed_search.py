"""What searching promises of documents that the LoRA door never registered: it finds what reading shows, then and now."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.builders import SettableClock, a_collection, node_at, path, with_policy
from tests.builders import put as put_on_drive
from tests.unit.filed import a_file, made, made_folder, rest, restored, save, say, statements_of
from tests.unit.placed import copy, move
from tests.unit.registered import DOCUMENT, author_uuid_of, create, lora, patch, read
from tests.unit.temporal import DOCUMENT as DOCUMENT_CLASS
from tests.unit.temporal import UTC, A, document, entries

from davgate.core import deleted, deleting, objects, removing_versions
from davgate.core.bitemporal import registrations, searching
from davgate.core.objects import Changes
from davgate.core.principals import granting
from davgate.core.store import Context, Policy, Store
from davgate.model.bitemporal.matching import shown
from davgate.model.bitemporal.query import (
    Criterion,
    EitherOf,
    HasCode,
    HasState,
    InPart,
    InVariant,
    LeadsTo,
    Notes,
    Says,
    Search,
    WrittenBy,
)
from davgate.model.bitemporal.registration import Code, Registration
from davgate.model.bitemporal.virkning import ALL_TIME, Window, parse_timestamp
from davgate.model.errors import DavgateError, NotFound
from davgate.model.instant import Instant
from davgate.model.node import Node
from davgate.storage.api import trash

SECOND = timedelta(seconds=1)
OPSTAAET, RETTET, SLETTET, IMPORTERET = (HasCode(one) for one in (Code.OPSTAAET, Code.RETTET, Code.SLETTET, Code.IMPORTERET))


def find(store: Store, ctx: Context, *criteria: Criterion, valid: Window = ALL_TIME, **more: Any) -> list[str]:
    """Return the ids of the documents that are found, sorted where no page is asked for."""
    found = searching.search(store, lora(ctx), DOCUMENT, Search(criteria, valid, **more))
    return list(found) if "first" in more else sorted(found)


def test_all_documents_are_in_one_order_without_paging_too(store: Store, ann: Context) -> None:
    uuids = {}
    for name in ("d", "b"):
        put_on_drive(store, ann, f"/{name}", b"one")
        uuids[name] = node_at(store, ann, f"/{name}").uuid
    for name in ("c", "a"):
        uuids[name] = create(store, ann, DOCUMENT, document(name)).uuid

    found = searching.search(store, lora(ann), DOCUMENT, Search((Says("titel", "%"),), ALL_TIME))

    assert found == tuple(uuids[name] for name in "abcd")


def instants(store: Store, ctx: Context, uuid: str) -> list[Instant]:
    """Return when the registrations of a document began, the first one first."""
    return [one.at for one in reversed(read(store, ctx, uuid, DOCUMENT, ALL_TIME).registrations)]


def note(store: Store, ctx: Context, node: Node, text: str) -> None:
    """Save a document once more, with a comment."""
    objects.update(store, rest(ctx), node.id, Changes(file=a_file(store, text.encode()), comment=text))


def author(store: Store, name: str) -> WrittenBy:
    return WrittenBy(author_uuid_of(store, name))


# What was known then


@pytest.fixture
def plan(store: Store, ann: Context, clock: SettableClock) -> Node:
    """A document that nobody registered: made, a second later called otherwise."""
    node = made(store, ann, b"one", title="Old")
    clock.advance(SECOND)
    say(store, ann, node.id, title="New")
    clock.advance(SECOND)
    return node


def test_document_is_found_by_what_it_was_called_then(store: Store, ann: Context, plan: Node) -> None:
    first, second = instants(store, ann, plan.uuid)
    then, later = Window.at(first), Window.at(second)
    old, new = Says("titel", "old"), Says("brugervendtnoegle", "n%w")
    for paged in ({}, {"first": 0}):
        assert find(store, ann, old, known=then, **paged) == find(store, ann, new, known=later, **paged) == [plan.uuid]
        assert find(store, ann, new, known=then, **paged) == find(store, ann, old, known=later, **paged) == []
        assert find(store, ann, old, new, known=ALL_TIME, **paged) == [plan.uuid]
        assert find(store, ann, known=Window.at(Instant(first - 1)), **paged) == []
    assert find(store, ann, old) == []


def test_document_is_sorted_by_what_it_was_called_then(store: Store, ann: Context, plan: Node) -> None:
    other = made(store, ann, b"x", title="Middle")
    (began,) = instants(store, ann, other.uuid)
    first = instants(store, ann, plan.uuid)[0]
    assert find(store, ann, known=Window.at(began), first=0) == [other.uuid, plan.uuid]
    say(store, ann, plan.id, title="A")
    assert find(store, ann, first=0) == [plan.uuid, other.uuid]
    assert find(store, ann, known=Window.at(began), first=0) == [other.uuid, plan.uuid]
    assert find(store, ann, known=Window(first, Instant(first + 1)), first=0) == [plan.uuid]


def test_document_that_was_deleted_is_found_by_that_code(store: Store, ann: Context, plan: Node, clock: SettableClock) -> None:
    deleting.delete(store, rest(ann), path(f"/{plan.name}"))
    for paged in ({}, {"first": 0}):
        assert find(store, ann, SLETTET, **paged) == find(store, ann, SLETTET, Says("titel", "new"), **paged) == [plan.uuid]
        assert find(store, ann, SLETTET, uuid=plan.uuid, **paged) == [plan.uuid]
        assert find(store, ann, **paged) == find(store, ann, SLETTET, Says("titel", "old"), **paged) == []
    began = instants(store, ann, plan.uuid)[0]
    assert find(store, ann, Says("titel", "old"), known=Window.at(began)) == [plan.uuid], "as it was read before"
    assert find(store, ann, SLETTET, known=Window.at(began)) == []
    assert find(store, ann, SLETTET, OPSTAAET, RETTET, known=ALL_TIME) == [plan.uuid]
    clock.advance(SECOND)
    deleted.restore(store, rest(ann), plan.id)
    assert find(store, ann, SLETTET) == find(store, ann, RETTET) == []
    assert find(store, ann, IMPORTERET) == find(store, ann, SLETTET, known=ALL_TIME) == [plan.uuid]


def test_folder_that_is_deleted_takes_its_documents_along(store: Store, ann: Context, bob: Context, clock: SettableClock) -> None:
    a_collection(store, ann, "/f/g")
    drive = put_on_drive(store, ann, "/f/g/x.txt", b"x").node
    kept = create(store, ann, DOCUMENT, document("d")).uuid
    data = {"relationer": {"ejer": entries(f"2021..inf uuid={A}")}}
    patched = put_on_drive(store, ann, "/f/g/y.txt", b"x").node.uuid
    patch(store, ann, patched, data, DOCUMENT)
    clock.advance(SECOND)
    both = sorted([drive.uuid, patched])
    deleting.delete(store, rest(bob), path("/f"))
    assert find(store, ann, SLETTET) == find(store, ann, SLETTET, author(store, "bob")) == both
    assert find(store, ann, SLETTET, Notes("")) == both
    assert find(store, ann) == [kept]
    clock.advance(SECOND)
    deleted.restore(store, rest(bob), _folder(store, "/f"))
    assert find(store, ann, SLETTET) == find(store, ann, author(store, "ann"), IMPORTERET) == []
    assert find(store, ann, IMPORTERET) == find(store, ann, author(store, "bob")) == both
    assert find(store, ann, SLETTET, known=ALL_TIME) == find(store, ann, SLETTET, author(store, "bob"), known=ALL_TIME) == both
    at = instants(store, ann, drive.uuid)[1]
    assert find(store, ann, known=Window.at(at)) == [kept], "while they were deleted"
    assert find(store, ann, SLETTET, known=Window.at(at)) == both


def _folder(store: Store, where: str) -> int:
    with store.database.read() as session:
        return next(one.node.id for one in trash.entries(session) if one.path == where)


def test_who_deleted_counts_with_the_code_alone(store: Store, ann: Context, bob: Context, clock: SettableClock) -> None:
    facts = made(store, ann, b"x")
    kept = create(store, ann, DOCUMENT, document("d"))
    clock.advance(SECOND)
    for node_id in (facts.id, kept.node_id):
        objects_deleted(store, bob, node_id)
        clock.advance(SECOND)
        deleted.restore(store, rest(ann), node_id)
    by_bob = author(store, "bob")
    assert find(store, ann, by_bob, known=ALL_TIME) == find(store, ann, by_bob) == []
    assert find(store, ann, by_bob, SLETTET, known=ALL_TIME) == sorted([facts.uuid, kept.uuid])


def objects_deleted(store: Store, ctx: Context, node_id: int) -> None:
    deleting.delete_if_empty(store, rest(ctx), node_id)


def test_documents_are_found_by_the_notes_of_their_versions(store: Store, ann: Context, plan: Node, clock: SettableClock) -> None:
    assert find(store, ann, Notes("%")) == find(store, ann, Notes("")) == [plan.uuid]
    note(store, ann, plan, "For the Record")
    for paged in ({}, {"first": 0}):
        assert find(store, ann, Notes("for the%"), **paged) == find(store, ann, Notes("FOR THE RECORD"), **paged) == [plan.uuid]
    assert find(store, ann, Notes("")) == find(store, ann, Notes("record")) == []
    clock.advance(SECOND)
    save(store, ann, plan.id, b"later")
    assert find(store, ann, Notes("for%")) == []
    assert find(store, ann, Notes("for%"), known=ALL_TIME) == [plan.uuid]


def test_documents_are_found_by_what_their_addresses_begin_with_or_contain(
    store: Store, ann: Context, plan: Node, clock: SettableClock
) -> None:
    properties = read(store, ann, plan.uuid, DOCUMENT).registrations[0].snapshot.variants["Original"].parts["Indhold"].properties
    address = str(properties[0].values["indhold"])
    clock.advance(timedelta(days=40))
    other = made(store, ann, b"x").uuid
    for pattern in ("store:2026/11%", "STORE:2026/1%/20/%", f"%{address[-20:]}", f"%{address[30:38]}%", address, address.upper()):
        for paged in ({}, {"first": 0}):
            assert find(store, ann, InPart("indhold", pattern), **paged) == [plan.uuid], pattern
            assert find(store, ann, Says("", pattern), **paged) == [plan.uuid], pattern
    assert find(store, ann, InPart("indhold", "store:2026/12/30%")) == [other]
    assert find(store, ann, InPart("indhold", "store:2026%.bin")) == sorted([plan.uuid, other])
    assert find(store, ann, InPart("indhold", "store:2026%g%")) == find(store, ann, InPart("indhold", "store:2025%")) == []


# Who may see it


def test_what_was_deleted_is_found_by_those_who_may_read_it(
    store: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    a_collection(store, ann, "/secret/inner")
    hidden = put_on_drive(store, ann, "/secret/inner/x.txt", b"x").node.uuid
    kept = put_on_drive(store, ann, "/secret/y.txt", b"x").node.uuid
    patch(store, ann, kept, {"relationer": {"ejer": entries(f"2021..inf uuid={A}")}}, DOCUMENT)
    public = put_on_drive(store, ann, "/public.txt", b"x").node.uuid
    granting.close(store, root_admin, path("/secret"))
    deleting.delete(store, rest(root_admin), path("/secret"))
    deleting.delete(store, rest(ann), path("/public.txt"))
    for paged in ({}, {"first": 0}):
        assert sorted(find(store, root_admin, SLETTET, **paged)) == sorted([hidden, kept, public])
        assert find(store, bob, SLETTET, **paged) == find(store, bob, known=ALL_TIME, **paged) == [public]
    with pytest.raises(NotFound):
        read(store, bob, kept, DOCUMENT)


# Cost


def test_number_of_statements_is_that_of_one_document(store: Store, ann: Context, clock: SettableClock) -> None:
    if not store.database.is_sqlite:
        pytest.skip("statements are counted on SQLite")

    def counted() -> int:
        with_paging = {"first": 0, "most": 9}
        seen = statements_of(store)
        assert find(store, ann, Says("titel", "%"), Notes("%"), known=ALL_TIME, **with_paging)
        assert find(store, ann, SLETTET, **with_paging)
        return len(seen)

    made_and_deleted(store, ann, clock)
    once = counted()
    for _ in range(8):
        made_and_deleted(store, ann, clock)
    assert counted() == once


def made_and_deleted(store: Store, ctx: Context, clock: SettableClock) -> None:
    for _ in range(2):
        node = made(store, ctx, b"x")
        clock.advance(SECOND)
        save(store, ctx, node.id, b"y")
    objects_deleted(store, ctx, node.id)


# The day on which they were made


@pytest.fixture
def east(store: Store) -> Store:
    """A store where a day begins fourteen hours before it does in UTC."""
    return with_policy(store, Policy(time_zone=ZoneInfo("Pacific/Kiritimati")))


@pytest.mark.parametrize("becomes", ["registered", "unregistered again", "nothing"])
def test_day_that_is_asked_of_the_past_is_that_of_the_time_zone(
    east: Store, ann: Context, clock: SettableClock, becomes: str
) -> None:
    other = create(east, ann, DOCUMENT, document("other")).uuid
    node = made(east, ann, b"x", title="Plan")
    clock.advance(SECOND)
    (then,) = instants(east, ann, node.uuid)
    if becomes != "nothing":
        patch(east, ann, node.uuid, {"relationer": {"ejer": entries(f"2021..inf uuid={A}")}}, DOCUMENT)
    if becomes == "unregistered again":
        clock.advance(SECOND)
        restored(east, rest(ann), node.id, 1)
    for known in (Window.at(then), ALL_TIME):
        (*_, first) = read(east, ann, node.uuid, DOCUMENT, known).registrations
        assert first.snapshot.attributes["dokumentegenskaber"][0].values["brevdato"] == "2026-11-21"
        for paged in ({}, {"first": 0}):
            for field in ("brevdato", ""):
                for pattern in ("2026-11-21", "2026-11-21%", "%-21", "2%-11-2%1"):
                    assert find(east, ann, Says(field, pattern), known=known, **paged) == [node.uuid], (field, pattern)
                for pattern in ("2026-11-20", "2026-11-20%", "%-20", "2%-11-%20", "2026-11-21-", "%x-21"):
                    assert node.uuid not in find(east, ann, Says(field, pattern), known=known, **paged), (field, pattern)
                assert sorted(find(east, ann, Says(field, "%"), known=known, **paged)) == sorted([node.uuid, other])
            assert find(east, ann, Says("brevdato", ""), known=known, **paged) == []


def test_day_follows_the_time_zone_when_that_is_set_anew(store: Store, east: Store, ann: Context, clock: SettableClock) -> None:
    node = made(store, ann, b"x", title="Plan")
    clock.advance(SECOND)
    patch(store, ann, node.uuid, {"note": "registered"}, DOCUMENT)
    first, _ = instants(store, ann, node.uuid)

    for where, day in ((store, "2026-11-20"), (east, "2026-11-21")):
        assert find(where, ann, Says("brevdato", day), known=Window.at(first)) == [node.uuid]
        assert find(where, ann, Says("brevdato", day), known=Window.at(first), first=0) == [node.uuid]
    # What was registered said the day of then.
    assert find(east, ann, Says("brevdato", "2026-11-20")) == [node.uuid]


# Everything against what reading shows


class _World:
    """Documents of all doors in folders, changed at random."""

    def __init__(self, store: Store, clock: SettableClock, people: tuple[Context, Context], chance: random.Random) -> None:
        self.store, self.clock, self.people, self.chance = store, clock, people, chance
        self.folders = [made_folder(store, people[0], name).id for name in ("f", "g")]
        self.folders.append(made_folder(store, people[0], "inner", place=self.folders[0]).id)
        self.documents: dict[int, str] = {}
        for _ in range(6):
            clock.advance(SECOND)
            self._make(people[0])

    def step(self) -> None:
        """Do something; what is not possible just now changes nothing."""
        self.clock.advance(timedelta(seconds=1))
        ctx, chance = self.chance.choice(self.people), self.chance
        acts: list[Callable[[Context], object]] = [
            *[self._make] * (3 if len(self.documents) < 12 else 0),
            self._say, self._say, self._save, self._save, self._delete, self._restore, self._restore,
            self._delete_folder, self._restore_folder, self._restore_folder, self._bring_back, self._move, self._revert,
            self._register, self._thin, self._copy,
        ]  # fmt: skip
        try:
            chance.choice(acts)(ctx)
        except DavgateError:
            pass

    def _one(self) -> int:
        return self.chance.choice([*self.documents])

    def _make(self, ctx: Context) -> None:
        chance = self.chance
        body = chance.choice([None, b"x", b"y"])
        title = {"title": chance.choice(["Alpha", "beta"])} if chance.random() < 0.6 else {}
        name = chance.choice(["a.txt", "b.md"])
        node = made(
            self.store,
            ctx,
            body,
            name,
            place=chance.choice([1, *self.folders]),
            drive_name=f"{len(self.documents)}{name}",
            **title,
        )
        self.documents[node.id] = node.uuid

    def _say(self, ctx: Context) -> None:
        said = {"title": self.chance.choice(["Alpha", "beta", "gamma"]), "description": self.chance.choice(["", "About"])}
        objects.update(self.store, rest(ctx), self._one(), Changes(said, comment=self.chance.choice(["", "Note", "not"])))

    def _save(self, ctx: Context) -> None:
        file = a_file(self.store, self.chance.choice([b"1", b"2"]), self.chance.choice(["a.txt", "b.md"]))
        objects.update(self.store, rest(ctx), self._one(), Changes(file=file, comment=self.chance.choice(["", "Note"])))

    def _delete(self, ctx: Context) -> None:
        objects_deleted(self.store, ctx, self._one())

    def _restore(self, ctx: Context) -> None:
        deleted.restore(self.store, rest(ctx), self._one())

    def _delete_folder(self, ctx: Context) -> None:
        objects_deleted(self.store, ctx, self.chance.choice(self.folders))

    def _restore_folder(self, ctx: Context) -> None:
        deleted.restore(self.store, rest(ctx), self.chance.choice(self.folders))

    def _bring_back(self, ctx: Context) -> None:
        deleted.restore_into(self.store, rest(ctx), ("back",), self._one())

    def _move(self, ctx: Context) -> None:
        names = ["/0a.txt", "/1b.md", "/f/2a.txt", "/f/3b.md", "/g/4a.txt", "/g", "/f/inner", "/inner"]
        move(self.store, ctx, self.chance.choice(names), self.chance.choice([*names, "/new.txt", "/f/inner/n.txt"]))

    def _copy(self, ctx: Context) -> None:
        node = copy(
            self.store, ctx, self.chance.choice(["/0a.txt", "/1b.md", "/f/3b.md"]), f"/copy{len(self.documents)}.txt"
        ).node
        self.documents[node.id] = node.uuid

    def _revert(self, ctx: Context) -> None:
        restored(self.store, rest(ctx), self._one(), 1)

    def _register(self, ctx: Context) -> None:
        if self.chance.random() < 0.5:
            data = {"relationer": {"ejer": entries(f"2021..inf uuid={A}")}, "note": "Note"}
            patch(self.store, ctx, self.documents[self._one()], data, DOCUMENT)

    def _thin(self, ctx: Context) -> None:
        removing_versions.remove_version(self.store, ctx, self._one(), 2)


def _criterion(chance: random.Random, authors: list[str]) -> Criterion:
    some: list[Callable[[], Criterion]] = [
        lambda: Says(chance.choice(["titel", "brugervendtnoegle"]), chance.choice(["alpha", "b%", "%a%", "%a.txt", "%"])),
        lambda: Says("beskrivelse", chance.choice(["about", "", "%b%"])),
        lambda: Says("dokumenttype", chance.choice(["text/%", "", "text/plain"])),
        lambda: Says("brevdato", chance.choice(["2026-11-20", "2026-11-21", "2026-1%", "%-20", "%1", "2027%"])),
        lambda: Says("", chance.choice(["%a%", "%1%", "%11-2%", "%ab%", "store:2026%", "%.bin", "gamma", "Original", "1"])),
        lambda: HasState("fremdrift", "Underudarbejdelse"),
        lambda: HasCode(chance.choice(list(Code))),
        lambda: HasCode(Code.SLETTET),
        lambda: Notes(chance.choice(["note", "no%", "%", "", "back"])),
        lambda: WrittenBy(chance.choice(authors)),
        lambda: InVariant("varianttekst", "orig%"),
        lambda: InPart(*chance.choice([("deltekst", "indhold"), ("indeks", "1"), ("mimetype", "%plain"), ("indhold", "%a%1%")])),
        lambda: EitherOf((Says("titel", "gamma"), LeadsTo("ejer", A))),
    ]
    return chance.choice(some)()


@pytest.mark.parametrize(("seed", "zone"), [(1, "UTC"), (2, "Pacific/Kiritimati")])
def test_random_documents_are_found_as_reading_shows_them(
    store: Store, ann: Context, bob: Context, clock: SettableClock, seed: int, zone: str
) -> None:
    store = with_policy(store, Policy(time_zone=ZoneInfo(zone)))
    chance = random.Random(seed)
    world = _World(store, clock, (ann, bob), chance)
    for _ in range(60):
        world.step()
    authors = [author_uuid_of(store, name) for name in ("ann", "bob")]
    histories = _histories(store, ann, world.documents.values(), ALL_TIME)
    began = sorted({one.at for told in histories.values() for one in told})
    windows = [
        ALL_TIME,
        Window.at(parse_timestamp("2026-01-01", UTC)),
        Window.at(chance.choice(began)),
        Window(began[3], began[-2]),
    ]
    known_windows = [None, ALL_TIME, Window.at(chance.choice(began)), Window(*sorted(chance.sample(began, 2)))]
    for known in known_windows:
        shown_then = _histories(store, ann, histories, known)
        for _ in range(15):
            criteria = tuple(_criterion(chance, authors) for _ in range(chance.choice([0, 1, 1, 1, 2])))
            search = Search(criteria, chance.choice(windows), known=known)
            seen = {uuid: shown(told, DOCUMENT_CLASS, search) for uuid, told in shown_then.items()}
            expected = {uuid: one.key for uuid, one in seen.items() if one.satisfies(criteria)}
            assert find(store, ann, *criteria, valid=search.valid, known=known) == sorted(expected), search
            in_order = [uuid for key, uuid in sorted((key, uuid) for uuid, key in expected.items() if key is not None)]
            assert find(store, ann, *criteria, valid=search.valid, known=known, first=0) == in_order, search
            page = find(store, ann, *criteria, valid=search.valid, known=known, first=1, most=3)
            assert page == in_order[1:4], search


def _histories(store: Store, ctx: Context, uuids: Iterable[str], known: Window | None) -> dict[str, tuple[Registration, ...]]:
    """Return what reading shows of documents, the oldest registration first; not of those that a move put others in place of."""
    found = registrations.read_all(store, lora(ctx), DOCUMENT, uuids, known)
    return {one.uuid: one.registrations[::-1] for one in found}
