"""Random histories of what REST doors and the drive do to the same objects lead where a naive model says, step by step.

Content, metadata, numbering, names and the index agree after each step, and every invariant holds in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import SettableClock, a_user, damages, holding, members_of, opened_store, put
from tests.unit.filed import a_file, bytes_at, described, found_by, line_of, made, rest

from davgate.core import checking_out, locking, objects
from davgate.core.locking import LockRequest
from davgate.core.objects import Changes
from davgate.core.store import Context, Store
from davgate.model.errors import DavgateError, LockConflict, Locked
from davgate.model.errors_of_versions import AlreadyCheckedOut, CheckedOut, NotCheckedOut
from davgate.model.indexing import indexed_values
from davgate.model.instant import Instant
from davgate.model.locks import Depth, Scope
from davgate.model.metadata import changed
from davgate.model.names import stem_and_suffix

FreshDatabase = Callable[[str, Path], AbstractContextManager[str]]
PEOPLE = ("ann", "bob")
Metadata = dict[str, Any]


@dataclass
class State:
    """A version: why it is there, its bytes if it has any, what is said, and its number among those with bytes."""

    cause: str
    body: bytes | None
    metadata: Metadata
    content_no: int | None
    file_name: str
    is_open: bool = False


@dataclass
class NaiveObject:
    """One document, as simple as can be. What a step raises is an error's class; nothing has happened then."""

    line: list[State]
    name: str | None
    holder: str = ""
    working: bytes | None = None
    working_name: str = ""
    locked_by: str = ""
    content_changes: int = 0

    @property
    def now(self) -> State:
        return self.line[-1]

    def seen_by(self, who: str) -> bytes | None:
        return self.working if self.holder == who and self.working is not None else self.now.body

    def add(self, cause: str, body: bytes | None, metadata: Metadata, file_name: str, *, is_open: bool = False) -> None:
        self.now.is_open = False
        counts = body is not None and cause != "metadata"
        last = -1 if self.now.content_no is None else self.now.content_no
        number = last + 1 if counts else self.now.content_no
        self.line.append(State(cause, body, metadata, number, file_name, is_open))
        # A check-in moves Last-Modified whether or not there is content.
        self.content_changes += counts or cause == "check-in"

    def check_writable(self, who: str, *, content: bool) -> None:
        if content and self.holder not in ("", who):
            raise Refused(CheckedOut)
        if self.locked_by not in ("", who):
            raise Refused(Locked)

    def say(self, who: str, changes: Metadata) -> None:
        self.check_writable(who, content=False)
        after = dict(changed(self.now.metadata, changes))
        if after != self.now.metadata:
            self.add("metadata", self.now.body, after, self.now.file_name)

    def save(self, who: str, body: bytes, name: str, changes: Metadata | None, always: bool, free: Callable[[str], str]) -> None:
        self.check_writable(who, content=True)
        after = dict(changed(self.now.metadata, changes or {}))
        if self.holder == who:
            if after != self.now.metadata:
                self.add("metadata", self.now.body, after, self.now.file_name)
            self.working, self.working_name = body, name
        elif after != self.now.metadata or always or body != self.now.body:
            self.add("save", body, after, name)
            self.name = self.name or free(name)

    def put(self, who: str, body: bytes) -> None:
        self.check_writable(who, content=True)
        if self.holder == who:
            self.working = body
        elif body != self.now.body:
            if self.locked_by == who and self.now.is_open:
                self.now.body = body
                self.content_changes += 1
            else:
                is_session = self.locked_by == who
                self.add("session" if is_session else "save", body, self.now.metadata, self.name or "", is_open=is_session)

    def check_out(self, who: str) -> None:
        if self.holder:
            raise Refused(AlreadyCheckedOut)
        if self.locked_by not in ("", who):
            raise Refused(Locked)
        self.now.is_open = False
        self.holder = who

    def _check_holder(self, who: str) -> None:
        if self.holder != who:
            raise Refused(CheckedOut if self.holder else NotCheckedOut)

    def check_in(self, who: str, free: Callable[[str], str]) -> None:
        self._check_holder(who)
        file_name = self.working_name or (self.name if self.working is not None else None) or self.now.file_name
        body = self.now.body if self.working is None else self.working
        self.add("check-in", body, self.now.metadata, file_name)
        if body is not None:
            self.name = self.name or free(file_name)
        self.holder, self.working, self.working_name = "", None, ""

    def cancel(self, who: str) -> None:
        self._check_holder(who)
        self.holder, self.working, self.working_name = "", None, ""

    def lock(self, who: str) -> None:
        if self.locked_by or self.holder not in ("", who):
            raise Refused(LockConflict)
        self.locked_by = who

    def unlock(self) -> None:
        self.now.is_open = False
        self.locked_by = ""


class Refused(Exception):
    """What the naive model says that the core raises."""

    def __init__(self, kind: type[DavgateError]) -> None:
        super().__init__(kind.__name__)
        self.kind = kind


@dataclass
class World:
    """The real store beside the naive one."""

    store: Store
    people: dict[str, Context]
    clock: SettableClock
    objects: list[NaiveObject] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    tokens: dict[int, str] = field(default_factory=dict)

    def free(self, wanted: str) -> str:
        taken = {one.name for one in self.objects}
        stem, suffix = stem_and_suffix(wanted)
        names = (wanted, *(f"{stem} ({no}){suffix}" for no in range(2, 50)))
        return next(name for name in names if name not in taken)

    def by(self, who: str, position: int) -> Context:
        """Return the context of somebody who submits the token of a lock of theirs."""
        own = self.objects[position].locked_by == who
        return holding(self.people[who], *([self.tokens[position]] if own else []))


Step = Callable[[World], None]


def agree(really: Callable[[], object], naively: Callable[[], object]) -> bool:
    """Do the same on both; they have to refuse alike. Tell whether it was done."""
    expected: type[DavgateError] | None = None
    try:
        naively()
    except Refused as refused:
        expected = refused.kind
    found: type[DavgateError] | None = None
    try:
        really()
    except DavgateError as error:
        found = type(error)
    assert found is expected
    return found is None


def create(who: str, body: bytes | None, name: str, metadata: Metadata) -> Step:
    def step(w: World) -> None:
        w.ids.append(made(w.store, w.people[who], body, name, **metadata).id)
        drive_name = None if body is None else w.free(name)
        first = State("created", body, metadata, None if body is None else 0, name if body is not None else "")
        w.objects.append(NaiveObject([first], drive_name))

    return step


def on_one(position: int, act: Callable[[World, int, NaiveObject], object]) -> Step:
    def step(w: World) -> None:
        if w.objects:
            act(w, position % len(w.objects), w.objects[position % len(w.objects)])

    return step


def say(position: int, who: str, changes: Metadata) -> Step:
    return on_one(
        position,
        lambda w, at, one: agree(
            lambda: objects.update(w.store, rest(w.by(who, at)), w.ids[at], Changes(metadata=changes)),
            lambda: one.say(who, changes),
        ),
    )


def save(position: int, who: str, body: bytes, name: str, changes: Metadata | None, always: bool) -> Step:
    def act(w: World, at: int, one: NaiveObject) -> None:
        ctx = rest(w.by(who, at))
        asked = Changes(changes, a_file(w.store, body, name), always=always)
        agree(
            lambda: objects.update(w.store, ctx, w.ids[at], asked),
            lambda: one.save(who, body, name, changes, always, w.free),
        )

    return on_one(position, act)


def put_on_drive(position: int, who: str, body: bytes) -> Step:
    def act(w: World, at: int, one: NaiveObject) -> None:
        if one.name is not None:
            ctx, name = w.by(who, at), one.name
            agree(lambda: put(w.store, ctx, name, body), lambda: one.put(who, body))

    return on_one(position, act)


def check_out(position: int, who: str) -> Step:
    return on_one(
        position,
        lambda w, at, one: agree(lambda: checking_out.check_out(w.store, w.by(who, at), w.ids[at]), lambda: one.check_out(who)),
    )


def check_in(position: int, who: str) -> Step:
    def act(w: World, at: int, one: NaiveObject) -> None:
        ctx = w.by(who, at)
        agree(lambda: checking_out.check_in(w.store, ctx, w.ids[at]), lambda: one.check_in(who, w.free))

    return on_one(position, act)


def cancel(position: int, who: str) -> Step:
    return on_one(
        position,
        lambda w, at, one: agree(lambda: checking_out.cancel(w.store, w.by(who, at), w.ids[at]), lambda: one.cancel(who)),
    )


def lock(position: int, who: str) -> Step:
    asked = LockRequest(Scope.EXCLUSIVE, Depth.ZERO, "", timedelta(hours=1))

    def act(w: World, at: int, one: NaiveObject) -> None:
        ctx = w.by(who, at)

        def take() -> None:
            w.tokens[at] = locking.lock(w.store, ctx, w.ids[at], asked).lock.token

        agree(take, lambda: one.lock(who))

    return on_one(position, act)


def unlock(position: int) -> Step:
    def act(w: World, at: int, one: NaiveObject) -> None:
        if one.locked_by:
            locking.unlock(w.store, w.by(one.locked_by, at), w.ids[at], w.tokens.pop(at))
            one.unlock()

    return on_one(position, act)


def compare(w: World) -> None:
    """Both have the same documents, to everybody."""
    ann = w.people["ann"]
    assert sorted(members_of(w.store, ann, "/")) == sorted(one.name for one in w.objects if one.name is not None)
    for node_id, one in zip(w.ids, w.objects, strict=True):
        line = line_of(w.store, node_id)
        assert [(v.no, v.cause.value, v.has_content, v.content_no, dict(v.metadata), v.file_name) for v in line] == [
            (no, s.cause, s.body is not None, s.content_no, s.metadata, s.file_name) for no, s in enumerate(one.line, start=1)
        ]
        assert [v.content.length_bytes for v in line] == [len(s.body or b"") for s in one.line]
        assert [v.is_open(w.clock.now()) for v in line] == [s.is_open for s in one.line]
        assert found_by(w.store, node_id) == set(indexed_values(one.now.metadata))
        for who, ctx in w.people.items():
            it = described(w.store, ctx, node_id)
            assert (dict(it.metadata), it.said.content_no, it.node.name) == (one.now.metadata, one.now.content_no, one.name)
            assert bytes_at(w.store, ctx, node_id) == (one.seen_by(who) or b"")
            assert (it.content is None) == (one.seen_by(who) is None)
            assert (it.held_by.principal_name if it.held_by else "") == one.holder
            assert it.lock_holder == one.locked_by


def seen(w: World) -> list[tuple[int, tuple[int, int, str | None], Instant, str]]:
    """Return of each document what tells whether content or anything changed, and the time and tag that should tell it too."""
    found = []
    for node_id, one in zip(w.ids, w.objects, strict=True):
        # As somebody sees it who has nothing checked out.
        node = described(w.store, w.people["carl"], node_id).node
        found.append((one.content_changes, (len(one.line), one.content_changes, one.name), node.modified_at, node.metadata_etag))
    return found


def play(store: Store, clock: SettableClock, steps: list[Step]) -> None:
    w = World(store, {name: a_user(store, name) for name in (*PEOPLE, "carl")}, clock)
    for step in steps:
        clock.advance(timedelta(seconds=1))
        before = seen(w)
        step(w)
        compare(w)
        for (changes, state, modified_at, tag), (later_changes, later_state, later_at, later_tag) in zip(
            before, seen(w), strict=False
        ):
            assert (changes != later_changes) == (modified_at != later_at), "Last-Modified moves with the content alone"
            assert (state != later_state) == (tag != later_tag), "the tag of what is said moves with whatever is said"
    assert damages(store) == []


BODIES = st.sampled_from([b"one", b"two!", b"three"])
NAMES = st.sampled_from(["a.txt", "b.odt"])
SAID = st.dictionaries(st.sampled_from(["title", "keywords"]), st.sampled_from(["x", ["x", "y"], 7]), max_size=2)
CHANGES = st.dictionaries(st.sampled_from(["title", "keywords"]), st.sampled_from([None, "x", ["x", "y"], 7]), max_size=2)
AT = st.integers(0, 2)
WHO = st.sampled_from(PEOPLE)
STEPS = st.one_of(
    st.builds(create, WHO, st.none() | BODIES, NAMES, SAID),
    st.builds(say, AT, WHO, CHANGES),
    st.builds(save, AT, WHO, BODIES, NAMES, st.none() | CHANGES, st.booleans()),
    st.builds(put_on_drive, AT, WHO, BODIES),
    st.builds(check_out, AT, WHO),
    st.builds(check_in, AT, WHO),
    st.builds(cancel, AT, WHO),
    st.builds(lock, AT, WHO),
    st.builds(unlock, AT),
)
HISTORIES = st.tuples(st.builds(create, WHO, st.none() | BODIES, NAMES, SAID), st.lists(STEPS, min_size=3, max_size=25)).map(
    lambda drawn: [drawn[0], *drawn[1]]
)


def run(kind: str, fresh_database: FreshDatabase, folders: pytest.TempPathFactory, steps: list[Step]) -> None:
    folder = folders.mktemp("history")
    clock = SettableClock()
    with fresh_database(kind, folder) as url, opened_store(url, folder, clock) as store:
        play(store, clock, steps)


@given(steps=HISTORIES)
def test_random_history_leads_where_the_naive_model_says(
    fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    run("sqlite", fresh_database, tmp_path_factory, steps)


@settings(max_examples=settings().max_examples // 4)
@given(steps=HISTORIES)
def test_random_history_leads_there_on_postgresql_too(
    fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    run("postgresql", fresh_database, tmp_path_factory, steps)
