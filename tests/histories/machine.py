"""Plays random requests to the drive and to the naive model; both must answer and stand alike after every step."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from davgate.core import rescue_copies, tree, upkeep
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from tests.builders import SettableClock, a_user, all_versions, damages, opened_store
from tests.histories.naive_drive import NaiveDrive
from tests.protocol.applications import an_application
from tests.protocol.client import Client, lockinfo

PEOPLE = ("ann", "bob")
NAMES = ("N.odt", "M.odt", "N.bak", "N.odt~", "~t.tmp")
CONTENTS = (b"", b"one", b"two", b"three")
SPANS = (1, 7, 31, 64, 131, 307, 607, 911, 3607, 90007)
TIMEOUT = 600.0
ACTS = (
    "put",
    "put",
    "put",
    "put",
    "lock",
    "lock",
    "refresh",
    "unlock",
    "delete",
    "move",
    "move",
    "move",
    "copy",
    "wait",
    "wait",
    "tidy",
)


@dataclass(frozen=True)
class Step:
    """One request, the passing of time, or a round of upkeep."""

    act: str
    who: str
    name: str
    to: str
    content: bytes
    with_token: bool
    overwrite: bool
    seconds: float


def a_step(random: Random) -> Step:
    """Return a random step."""
    return Step(
        random.choice(ACTS),
        random.choice((*PEOPLE, PEOPLE[0], PEOPLE[0])),
        random.choice(NAMES),
        random.choice(NAMES),
        random.choice(CONTENTS),
        random.random() < 0.7,
        random.random() < 0.8,
        random.choice(SPANS),
    )


@dataclass
class Machine:
    """A drive and its model."""

    store: Store
    people: dict[str, Client]
    clock: SettableClock
    naive: NaiveDrive = field(default_factory=NaiveDrive)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    """The token that each person got last at each name."""
    ids: dict[str, object] = field(default_factory=dict)
    """By uuid, the document of the model."""

    def play(self, step: Step) -> None:
        """Play one step, and compare.

        Raises:
            AssertionError: the drive and the model differ.
        """
        self.clock.advance(timedelta(seconds=1))
        self.naive.now += 1
        if step.act == "wait":
            self.clock.advance(timedelta(seconds=step.seconds))
            self.naive.now += step.seconds
        elif step.act == "tidy":
            upkeep.tidy(self.store, collecting=False)
            self.naive.tidy()
        elif not (step.act in ("move", "copy") and step.name == step.to):
            self._request(step)
        self.compare()

    def _request(self, step: Step) -> None:
        client, naive, who, name = self.people[step.who], self.naive, step.who, step.name
        target, destination = f"/dav/{name}", f"/dav/{step.to}"
        overwrite = "T" if step.overwrite else "F"
        token = self.tokens.get((who, name), "") if step.with_token else ""
        condition = {"if_": f"(<{token}>)"} if token else {}
        match step.act:
            case "put":
                answer = client("PUT", target, step.content, **condition)
                expected = naive.put(who, name, step.content, token)
            case "lock":
                answer = client("LOCK", target, lockinfo(), timeout=f"Second-{TIMEOUT:.0f}")
                taken = answer.headers.get("lock-token", "")[1:-1]
                expected = naive.lock(who, name, taken, TIMEOUT)
                if taken:
                    self.tokens[who, name] = taken
            case "refresh":
                token = token or "urn:uuid:0"
                answer = client("LOCK", target, if_=f"(<{token}>)", timeout=f"Second-{TIMEOUT:.0f}")
                expected = naive.refresh(who, name, token, TIMEOUT)
            case "unlock":
                token = token or "urn:uuid:0"
                answer = client("UNLOCK", target, lock_token=f"<{token}>")
                expected = naive.unlock(who, name, token)
            case "delete":
                answer = client("DELETE", target, **condition)
                expected = naive.delete(who, name, token)
            case "move":
                answer = client("MOVE", target, destination=destination, overwrite=overwrite, **condition)
                expected = naive.move(who, name, step.to, token, overwrite=step.overwrite)
            case _:
                answer = client("COPY", target, destination=destination, overwrite=overwrite)
                expected = naive.copy(who, name, step.to, "", overwrite=step.overwrite)
        if expected >= 300:
            naive.undo_revivals()
        naive.revived.clear()
        assert answer.status == expected, f"{answer.status} came back where {expected} was expected: {answer.body!r}"

    def compare(self) -> None:
        """Hold names, identities, contents, versions, saves and locks of the drive against those of the model."""
        ann = self.people["ann"].ctx
        with tree.listing(self.store, ann, (), with_members=True, with_properties=False, with_locks=True) as listing:
            rows = [row for batch in listing.batches for row in batch]
            live = listing.member_locks
        assert sorted(row[4] or "" for row in rows) == sorted(self.naive.here)
        for row in rows:
            name = row[4] or ""
            document = self.naive.here[name]
            assert self.ids.setdefault(row[1], document) is document, f"{name} is another document than before"
            digest = None if document.content is None else hashlib.sha256(document.content).digest()
            assert row[8] == digest, f"{name} has other content"
            assert self._versions(ann, name) == [hashlib.sha256(one).digest() for one in document.versions], name
            lock = self.naive.live(document)
            assert [one.token for one in live.get(row[0], ())] == ([] if lock is None else [lock.token.rpartition(":")[2]]), name
        for who, client in self.people.items():
            assert len(rescue_copies.entries(self.store, client.ctx)) == self.naive.rescued.get(who, 0)

    def _versions(self, ctx: Context, name: str) -> list[bytes]:
        try:
            versions = all_versions(self.store, ctx, (name,))
        except NotFound:
            return []
        assert [version.no for version in versions] == list(range(1, len(versions) + 1))
        return [version.content.digest for version in versions]

    def finish(self) -> None:
        """Check every invariant."""
        assert damages(self.store) == []


@contextmanager
def a_machine(url: str, folder: Path) -> Iterator[Machine]:
    """Give a machine over a database that is prepared and empty."""
    with ExitStack() as stack:
        clock = SettableClock()
        store = stack.enter_context(opened_store(url, folder, clock))
        application = stack.enter_context(an_application(store, folder))
        people = {name: Client(application, clock, a_user(store, name)) for name in PEOPLE}
        yield Machine(store, people, clock)


def failure(url: str, folder: Path, steps: list[Step]) -> str | None:
    """Return in what drive and model differ after some steps, or None."""
    with a_machine(url, folder) as machine:
        for number, step in enumerate(steps):
            try:
                machine.play(step)
            except AssertionError as error:
                return f"step {number}: {step}: {error}"
        try:
            machine.finish()
        except AssertionError as error:
            return f"at the end: {error}"
    return None
