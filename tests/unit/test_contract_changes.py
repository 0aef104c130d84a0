"""The order of changes, and clients that follow a collection by it: they end with what is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from sqlalchemy import delete, select
from tests.builders import (
    START,
    a_collection,
    a_document,
    a_user,
    path,
    put,
    tree_of,
)

from davgate.core import changes, copying, deleting, moving, trash, tree
from davgate.core.changes import MOST_AT_ONCE, Answer, Asked, missed
from davgate.core.store import Context, Store
from davgate.model.errors import DavgateError, InvalidSyncToken, NotFound, TooManyMatches, UnsupportedReport
from davgate.model.instant import Instant
from davgate.model.rights import Right
from davgate.model.sync import State, SyncToken, format_token, parse_token
from davgate.storage.api import MemberRow, access
from davgate.storage.changes import newest
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant, change

DIGEST = 8
_NUMBERS = Statement(select(change.c.seq).order_by(change.c.seq))


def ask(store: Store, ctx: Context, where: str, token: str = "", *, deep: bool = True, limit: int = MOST_AT_ONCE) -> Answer:
    return missed(store, ctx, path(where), Asked(token, deep=deep, limit=limit))


def grant(store: Store, to: Context, node_id: int) -> None:
    """Let somebody read a collection."""
    with store.database.write() as tx:
        access.grant(tx, node_id, to.principal.id, Right.READ.value)
        tx.commit()


@pytest.fixture
def stranger(unchecked_store: Store, bob: Context) -> Context:
    """Somebody who may do nothing, because nothing is granted to whoever signs in."""
    with unchecked_store.database.write() as tx:
        tx.run(Statement(delete(access_grant)))
        tx.commit()
    return bob


def names(answer: Answer) -> dict[str, bool]:
    """Return the paths of an answer, and whether something is there."""
    return {"/".join(one.path): one.row is not None for one in answer.missed}


@dataclass
class Follower:
    """A client that knows nothing of the store but what it is told."""

    store: Store
    ctx: Context
    where: str
    deep: bool = True
    token: str = ""
    known: dict[tuple[str, ...], bytes | None] = field(default_factory=dict)

    def page(self, limit: int) -> bool:
        """Ask once and believe the answer; tell whether there is more."""
        answer = ask(self.store, self.ctx, self.where, self.token, deep=self.deep, limit=limit)
        assert len(answer.missed) <= limit
        assert len({one.path for one in answer.missed}) == len(answer.missed), "a member is told twice"
        for one in answer.missed:
            if one.row is not None:
                self.known[one.path] = one.row[DIGEST]
            else:
                assert self.token, "a member is told to be gone to somebody who knows nothing"
                for below in [known for known in self.known if known[: len(one.path)] == one.path]:
                    del self.known[below]
        self.token = answer.token
        return answer.is_cut

    def follow(self, limit: int = MOST_AT_ONCE) -> None:
        """Ask until there is no more."""
        while True:
            before = self.token
            if not self.page(limit) and self.token == before:
                return


def truth(store: Store, ctx: Context, where: str, *, deep: bool) -> dict[tuple[str, ...], bytes | None]:
    """Return what a client of a collection should know."""

    def rows(inner: str) -> Iterator[tuple[tuple[str, ...], MemberRow]]:
        with tree.listing(store, ctx, path(inner), with_members=True, with_properties=False, with_locks=False) as found:
            for batch in found.batches:
                for row in batch:
                    yield path(f"{inner}/{row[4]}"), row

    found: dict[tuple[str, ...], bytes | None] = {}
    waiting = [where]
    while waiting:
        for at, row in rows(waiting.pop()):
            found[at[len(path(where)) :]] = row[DIGEST]
            if row[2] == 1 and deep:
                waiting.append("/".join(at))
    return found


# What a client is told


def test_client_that_knows_nothing_is_told_all_members_and_none_that_is_gone(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/sub/a")
    a_document(store, ann, "/f/b")
    a_document(store, ann, "/f/gone")
    deleting.delete(store, ann, path("/f/gone"))

    assert names(ask(store, ann, "/f")) == {"b": True, "sub": True, "sub/a": True}
    assert names(ask(store, ann, "/f", deep=False)) == {"b": True, "sub": True}


def test_nothing_is_told_while_nothing_happens(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a")
    token = ask(store, ann, "/f").token
    a_document(store, ann, "/elsewhere/a")

    answer = ask(store, ann, "/f", token)

    assert answer.missed == []
    assert not answer.is_cut


@pytest.mark.parametrize("deep", [False, True])
def test_new_changed_and_removed_members_are_told(store: Store, ann: Context, deep: bool) -> None:
    for name in ("changed", "removed", "same"):
        a_document(store, ann, f"/f/{name}")
    token = ask(store, ann, "/f", deep=deep).token
    put(store, ann, "/f/changed", b"next")
    put(store, ann, "/f/new", b"new")
    deleting.delete(store, ann, path("/f/removed"))

    assert names(ask(store, ann, "/f", token, deep=deep)) == {"changed": True, "new": True, "removed": False}


def test_member_that_came_and_went_between_two_questions_is_told_to_be_gone(store: Store, ann: Context) -> None:
    a_collection(store, ann, "/f")
    token = ask(store, ann, "/f").token
    a_document(store, ann, "/f/a")
    deleting.delete(store, ann, path("/f/a"))

    assert names(ask(store, ann, "/f", token)) == {"a": False}


def test_member_whose_name_was_given_away_is_told_once_and_as_changed(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a", b"old")
    a_document(store, ann, "/other", b"other")
    token = ask(store, ann, "/f").token
    moving.move(store, ann, path("/f/a"), path("/kept"), overwrite=False)
    copying.copy(store, ann, path("/other"), path("/f/a"), overwrite=False)

    assert names(ask(store, ann, "/f", token)) == {"a": True}


def test_changes_below_a_member_are_told_to_who_follows_the_whole_tree_alone(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/sub/a")
    token = ask(store, ann, "/f").token
    put(store, ann, "/f/sub/a", b"next")

    assert names(ask(store, ann, "/f", token)) == {"sub/a": True}
    assert names(ask(store, ann, "/f", token, deep=False)) == {}


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_collection_that_comes_in_is_told_with_all_below_it(store: Store, ann: Context, how: str) -> None:
    a_document(store, ann, "/outside/sub/a")
    a_collection(store, ann, "/f")
    token = ask(store, ann, "/f").token
    bring = moving.move if how == "moved" else copying.copy
    bring(store, ann, path("/outside"), path("/f/inside"), overwrite=False)

    assert names(ask(store, ann, "/f", token)) == {"inside": True, "inside/sub": True, "inside/sub/a": True}


def test_collection_that_leaves_is_told_without_what_was_below_it(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/sub/a")
    token = ask(store, ann, "/f").token
    put(store, ann, "/f/sub/a", b"next")
    moving.move(store, ann, path("/f/sub"), path("/gone"), overwrite=False)

    assert names(ask(store, ann, "/f", token)) == {"sub": False}


@pytest.mark.parametrize("by", ["a document", "another collection"])
def test_members_of_a_replaced_collection_are_told_to_be_gone(store: Store, ann: Context, by: str) -> None:
    a_document(store, ann, "/f/a/same")
    a_document(store, ann, "/f/a/sub/x")
    a_document(store, ann, "/collection/same")
    a_document(store, ann, "/document")
    token = ask(store, ann, "/f").token
    deleting.delete(store, ann, path("/f/a"))
    source = "/document" if by == "a document" else "/collection"
    moving.move(store, ann, path(source), path("/f/a"), overwrite=False)

    inside = {"a/same": by != "a document"}
    assert names(ask(store, ann, "/f", token)) == {"a": True, "a/sub": False, **inside}


def test_collections_that_changed_places_are_told_apart(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/outer/inner/x")
    follower = Follower(store, ann, "/f")
    follower.follow()
    moving.move(store, ann, path("/f/outer/inner"), path("/f/inner"), overwrite=False)
    moving.move(store, ann, path("/f/outer"), path("/f/inner/outer"), overwrite=False)
    a_document(store, ann, "/f/outer/y")

    follower.follow()

    assert follower.known == truth(store, ann, "/f", deep=True)


def test_renamed_document_is_told_under_both_names(store: Store, ann: Context) -> None:
    a_document(store, ann, "/f/a")
    token = ask(store, ann, "/f").token
    moving.move(store, ann, path("/f/a"), path("/f/b"), overwrite=False)

    assert names(ask(store, ann, "/f", token)) == {"a": False, "b": True}


# Long answers


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
@pytest.mark.parametrize("deep", [False, True])
def test_long_answer_comes_in_parts_of_which_none_is_told_twice(store: Store, ann: Context, limit: int, deep: bool) -> None:
    for name in ("a", "b", "sub/c", "sub/d", "e"):
        a_document(store, ann, f"/f/{name}")
    whole = names(ask(store, ann, "/f", deep=deep))

    told: list[str] = []
    token, is_cut = "", True
    while is_cut:
        answer = ask(store, ann, "/f", token, deep=deep, limit=limit)
        told += names(answer)
        token, is_cut = answer.token, answer.is_cut

    assert told == [*whole]
    assert ask(store, ann, "/f", token, deep=deep).missed == []


def test_what_happens_between_two_parts_is_told_in_the_end(store: Store, ann: Context) -> None:
    for name in ("a", "b", "c", "d"):
        a_document(store, ann, f"/f/{name}")
    follower = Follower(store, ann, "/f")
    follower.page(2)
    deleting.delete(store, ann, path("/f/a"))
    moving.move(store, ann, path("/f/d"), path("/f/aa"), overwrite=False)
    put(store, ann, "/f/b", b"next")

    follower.follow(2)

    assert follower.known == truth(store, ann, "/f", deep=True)


def test_no_answer_is_shorter_than_one_member(store: Store, ann: Context) -> None:
    with pytest.raises(TooManyMatches):
        ask(store, ann, "/", limit=0)


# Random histories

NAMES = ("a", "b", "c", "\u00e9", "a.b", "a b", "e\u0301")


def something_happens(store: Store, ctx: Context, random: Random) -> None:
    """Do something at random; what is refused changes nothing."""
    # What programs do in several requests may bring a document back under another spelling of its name.
    spelled = NAMES[:-1] if ctx.editing else NAMES

    def a_place() -> str:
        return f"{random.choice(collections)}/{random.choice(spelled)}"

    everything = tree_of(store, ctx, "/f")
    collections = ["/f", *(where for where, content in everything.items() if content is None and where.count("/") < 5)]
    existing = [*everything, "/out"]
    deleted = [entry.node.id for entry in trash.entries(store, ctx)] or [0]
    steps: list[tuple[int, Callable[[], object]]] = [
        (6, lambda: put(store, ctx, a_place(), random.randbytes(3))),
        (3, lambda: tree.make_collection(store, ctx, path(a_place()))),
        (3, lambda: deleting.delete(store, ctx, path(random.choice(existing)))),
        (4, lambda: moving.move(store, ctx, path(random.choice(existing)), path(a_place()), overwrite=True)),
        (2, lambda: moving.move(store, ctx, path(random.choice(existing)), path("/out"), overwrite=True)),
        (3, lambda: copying.copy(store, ctx, path(random.choice(existing)), path(a_place()), overwrite=True)),
        (2, lambda: trash.restore(store, ctx, random.choice(deleted), path(a_place()), overwrite=True)),
    ]
    act = random.choices([act for _, act in steps], [weight for weight, _ in steps])[0]
    with suppress(DavgateError):
        act()


@pytest.mark.parametrize("editing", [False, True], ids=["programs", "drive"])
@pytest.mark.parametrize("seed", range(6))
def test_followers_of_random_histories_end_with_what_is_there(store: Store, ann: Context, seed: int, editing: bool) -> None:
    random = Random(seed)
    ctx = replace(ann, editing=editing)
    a_collection(store, ctx, "/f")
    a_document(store, ctx, "/out/x/y")
    followers = [Follower(store, ctx, "/f"), Follower(store, ctx, "/f", deep=False)]
    limits = (1, 2, 3, 4, 5, MOST_AT_ONCE)
    for _ in range(60):
        for _ in range(random.randrange(5)):
            something_happens(store, ctx, random)
        for follower in followers:
            if random.random() < 0.6:
                follower.page(random.choice(limits))
        if random.random() < 0.2:
            for follower in followers:
                follower.follow(random.choice(limits))
                assert follower.known == truth(store, ctx, "/f", deep=follower.deep)


# Tokens


def test_token_says_which_store_and_which_state(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a")
    with store.database.read() as session:
        store_uuid, state = newest(session)

    token = ask(store, ann, "/").token

    assert token == f"urn:davgate:sync:{store_uuid}:{state.seq}-{state.at}"
    assert parse_token(store_uuid, token) == SyncToken(state)


@pytest.mark.parametrize("told", ["a", "sub/a b", "\u00e9/%41", "a:b", "x" * 4096])
def test_token_within_an_answer_is_read_as_it_was_written(told: str) -> None:
    store_uuid = "6f1a2c9e-0b0d-4f0e-9c53-0a6b7a1d2e3f"
    for since, unsure_from in ((None, None), (State(3, Instant(5)), None), (State(3, Instant(5)), Instant(4))):
        token = SyncToken(State(17, START), since, told, unsure_from)
        text = format_token(store_uuid, token)
        assert text.isascii() and " " not in text
        assert parse_token(store_uuid, text) == token


def test_token_of_another_store_of_the_future_of_another_past_and_none_at_all_are_refused(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a")
    with store.database.read() as session:
        store_uuid, state = newest(session)
    other = "6f1a2c9e-0b0d-4f0e-9c53-0a6b7a1d2e3f"
    foreign = format_token(other, SyncToken(state))
    future = format_token(store_uuid, SyncToken(replace(state, seq=state.seq + 1)))
    other_past = format_token(store_uuid, SyncToken(replace(state, at=Instant(state.at + 1))))

    for token in (foreign, future, other_past, "urn:davgate:sync:", "data:,17", f"urn:davgate:sync:{store_uuid}:x", " "):
        for deep in (False, True):
            with pytest.raises(InvalidSyncToken):
                ask(store, ann, "/", token, deep=deep)


def test_tree_is_read_anew_by_a_client_too_far_behind(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    a_document(store, ann, "/a")
    token = ask(store, ann, "/").token
    monkeypatch.setattr(changes, "MOST_BEHIND", 1)
    put(store, ann, "/a", b"one")
    assert names(ask(store, ann, "/", token)) == {"a": True}

    put(store, ann, "/a", b"two")

    with pytest.raises(InvalidSyncToken):
        ask(store, ann, "/", token)
    assert names(ask(store, ann, "/", token, deep=False)) == {"a": True}


def test_documents_are_not_followed(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a")

    with pytest.raises(UnsupportedReport):
        ask(store, ann, "/a")


def test_what_one_may_not_read_is_not_there_to_be_followed(store: Store, root_admin: Context, stranger: Context) -> None:
    a_document(store, root_admin, "/private/a")

    with pytest.raises(NotFound):
        ask(store, stranger, "/private")


# The order of changes


def numbers(store: Store) -> list[int]:
    with store.database.read() as session:
        return [int(row[0]) for row in session.all(_NUMBERS)]


def test_reader_never_sees_a_number_before_all_that_are_smaller(store: Store, ann: Context) -> None:
    writers, rounds = 4, 15
    people = [a_user(store, f"writer{number}") for number in range(writers)]
    done = threading.Event()
    looked = threading.Condition()
    seen: list[list[int]] = []

    def write(ctx: Context) -> None:
        for number in range(rounds):
            put(store, ctx, f"/{ctx.principal.name}-{number % 3}", f"{number}".encode())
            with looked:
                # Otherwise all may have written before the reader has its turn.
                looks = len(seen)
                while len(seen) == looks:
                    looked.wait()

    def watch() -> None:
        while not done.is_set():
            found = numbers(store)
            with looked:
                seen.append(found)
                looked.notify_all()

    watcher = threading.Thread(target=watch)
    threads = [threading.Thread(target=write, args=(ctx,)) for ctx in people]
    watcher.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    watcher.join()

    assert all(numbers == [*range(1, len(numbers) + 1)] for numbers in seen)
    assert len({len(numbers) for numbers in seen}) >= rounds, "the reader was hardly ever in between"
    assert numbers(store) == [*range(1, writers * rounds + 1)]
