"""Measures searches over many documents with typed metadata: each has a time that it must not exceed, whatever the database.

The searches run in this process, as those of a door do once a request is understood: by an ordinary user of a fresh store, with
a page of what is found described, and the number of all.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from davgate.app import open_store
from davgate.config import load
from davgate.core.principals.accounts import NewUser, Passwords, add_user
from davgate.core.principals.signing_in import SigningIn, Visit
from davgate.core.searching import EVERY_KIND, Search, search
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.node import NO_CONTENT, ROOT_ID, Cause, Node, NodeKind
from davgate.model.query import (
    AllOf,
    AnyOf,
    By,
    Compares,
    Condition,
    Fact,
    Matches,
    Not,
    OneOf,
    Operator,
    Order,
    Property,
    Wildcard,
    Words,
    containing,
    equals,
    of_door,
    starting_with,
)
from davgate.storage import schema
from davgate.storage.api import NewVersion, Transaction, catalog, descriptions, property_index, versions
from davgate.storage.blobs import Staged

INDEXED_MS = 50.0
TEXT_MS = 500.0
PAGE = 50
IN_A_FOLDER = 1_000
RUNS = 7
_SYLLABLES = ("ka", "lo", "mi", "ren", "tu", "sa", "vel", "dor", "pi", "nu", "gro", "bet", "al", "ster", "in", "ho")
_DOMAINS = 2_000
_TYPE = "yuuvis:appEmail:email"
_OTHER = "yuuvis:document"
_USER, _PASSWORD = "ann", "correct horse 7"
_CHEAP = Passwords(time_cost=1, memory_kib=8, parallelism=1)

FROM, TO, SUBJECT = (Property(f"yuuvis:appEmail:{name}") for name in ("from", "to", "subject"))
SIZE, SENT = (Property(f"yuuvis:appEmail:{name}", is_single=True) for name in ("size", "sent"))


@dataclass(frozen=True)
class Asked:
    """A search with the time that it may take; its condition is another one each time, so that nothing is remembered."""

    name: str
    limit_ms: float
    condition: Callable[[int], Condition]
    order: Order = ()


def searches(documents: int) -> Iterator[Asked]:
    """Yield what is asked of a store of so many documents."""
    newest = (By(Fact.CREATED_AT, descending=True),)
    is_mail = AnyOf((equals(Fact.TYPE, _TYPE), Not(of_door("yuuvis"))))

    def indexed(name: str, condition: Callable[[int], Condition], order: Order = newest) -> Asked:
        return Asked(name, INDEXED_MS, condition, order)

    def text(name: str, condition: Callable[[int], Condition], order: Order = newest) -> Asked:
        return Asked(name, TEXT_MS, condition, order)

    yield indexed("equality, 1 found", lambda no: equals(SUBJECT, subject(no)))
    yield indexed("equality, 1 in 2,000 found", lambda no: equals(FROM, address(no)))
    yield indexed("equality of several, of one type", lambda no: AllOf((equals(Fact.TYPE, _TYPE), OneOf(TO, (address(no), address(no + 1))))))
    yield indexed("equality and the type of a door or none", lambda no: AllOf((is_mail, equals(FROM, address(no)))))
    yield indexed("prefix, 1 in 256 found", lambda no: Matches(SUBJECT, starting_with(subject(no)[:4])))
    yield indexed("prefix, sorted by another property", lambda no: Matches(SUBJECT, starting_with(subject(no)[:4])), (By(SENT), By(SIZE, descending=True)))
    yield indexed("range of numbers, 1 % found", lambda no: within(SIZE, no, no + 1_000))
    yield indexed("range of times, 1 % found", lambda no: within(SENT, day(no % 300), day(no % 300 + 3)))
    yield indexed("range, open, 1 % found", lambda no: Compares(SIZE, Operator.GREATER, 99_000 + no % 10))
    yield indexed("two equalities", lambda no: AllOf((equals(FROM, address(no)), equals(TO, address(no * 7)))))
    yield indexed("either of two", lambda no: AnyOf((equals(FROM, address(no)), Compares(SIZE, Operator.LESS, 100 + no % 10))))
    yield indexed("UUID", lambda no: equals(Fact.UUID, f"00000000-0000-4000-8000-{no:012}"))
    yield text("infix", lambda no: Matches(SUBJECT, containing(subject(no)[3:9])))
    yield text("infix, in capitals or not", lambda no: Matches(SUBJECT, containing(subject(no)[3:9].upper()), is_folded=True))
    yield text("wildcards", lambda no: Matches(SUBJECT, (Wildcard.ANY, subject(no)[2:5], Wildcard.ANY, subject(no)[-4:], Wildcard.ONE)))
    yield text("words, few found", lambda no: Words(f"{subject(no).split()[0].upper()} {subject(no).split()[1]}"))
    yield text("words, 1 in 16 found", lambda no: Words(f"NOTE{no % 16}"))
    yield text("words of one type", lambda no: AllOf((equals(Fact.TYPE, _TYPE), Words(subject(no).split()[0]))))
    yield text("infix of the title", lambda no: Matches(Fact.TITLE, containing(subject(no)[3:9]), is_folded=True))
    yield text("range of nearly all", lambda no: Compares(SIZE, Operator.GREATER, no % 100))
    yield text("everything of a type", lambda _: equals(Fact.TYPE, _TYPE))
    yield text("everything, newest first", lambda _: AllOf(()))
    yield text("everything, by title", lambda _: AllOf(()), (By(Fact.TITLE), By(Fact.ID, descending=True)))


def within(term: Property, low: int | str, high: int | str) -> Condition:
    """Return the condition that a value is from one on and below another."""
    return AllOf((Compares(term, Operator.AT_LEAST, low), Compares(term, Operator.LESS, high)))


# What documents say


def syllables(number: int, count: int) -> str:
    """Return letters that look like a word, others for most numbers."""
    picked = (number * 2_654_435_761 >> 4 * position & 15 for position in range(count))
    return "".join(_SYLLABLES[one] for one in picked)


def subject(number: int) -> str:
    """Return the subject of a document."""
    return f"{syllables(number, 4)} {syllables(number * 31 + 7, 3)} {number}"


def address(number: int) -> str:
    """Return one of some addresses."""
    return f"{syllables(number % _DOMAINS, 3)}{number % _DOMAINS}@example.org"


def day(number: int) -> str:
    """Return a time as it is kept, a number of days after one."""
    return f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}T00:00:00.000000Z"


def said(number: int) -> dict[str, object]:
    """Return what a document says by typed properties."""
    return {
        "title": subject(number),
        "description": f"note{number % 16} on {syllables(number * 13, 5)}, " + " ".join(syllables(number * k, 3) for k in range(2, 14)),
        "keywords": [f"keyword{number % 50}", f"keyword{number % 49}"],
        FROM.id: address(number),
        TO.id: [address(number * 7), address(number * 11 + 1)],
        SUBJECT.id: subject(number),
        SIZE.id: number * 7_919 % 100_000,
        SENT.id: f"{day(number * 37 % 330)[:10]}T{number % 24:02}:{number % 60:02}:00.000000Z",
        "yuuvis:appEmail:read": number % 3 == 0,
    }


# The store


def fill(store: Store, documents: int) -> None:
    """Make documents with typed metadata, a thousand in each folder."""
    by = SYSTEM_CONTEXT.principal.id
    for first in range(0, documents, IN_A_FOLDER):
        with store.database.write() as tx:
            folder = Node(tx.take_ids(), store.new_uuid(), NodeKind.COLLECTION, ROOT_ID, f"folder-{first}", tx.at, tx.at, 0, None, by)
            catalog.add(tx, [folder])
            versions.add_blob(tx, Staged(NO_CONTENT.digest, 0, b""))
            _add(tx, folder, range(first, min(first + IN_A_FOLDER, documents)), by)
            tx.commit()


def _add(tx: Transaction, folder: Node, numbers: Sequence[int], by: int) -> None:
    nodes = [
        Node(
            tx.take_ids(),
            f"00000000-0000-4000-8000-{number:012}",
            NodeKind.DOCUMENT,
            folder.id,
            f"mail-{number}.eml",
            tx.at,
            tx.at,
            1,
            NO_CONTENT,
            by,
        )
        for number in numbers
    ]
    catalog.add(tx, nodes)
    for number, node in zip(numbers, nodes, strict=True):
        metadata = said(number)
        new = NewVersion(node.id, 1, Cause.CREATED, tx.at, by, node.name or "", NO_CONTENT, metadata=metadata)
        versions.add(tx, [new])
        property_index.add(tx, node.id, metadata, node.name or "")
        if number % 10:
            descriptions.set_type(tx, node.id, _TYPE if number % 10 > 1 else _OTHER)


def opened(data: Path, database_url: str, documents: int) -> tuple[Store, Context]:
    """Return a store with so many documents, and an ordinary user of it."""
    environment = {"DAVGATE_STORE_DATABASE_URL": database_url} if database_url else {}
    store = open_store(load(None, environment, {"data": str(data)}))
    schema.prepare(store.database)
    store.blobs.prepare()
    fill(store, documents)
    add_user(store, _CHEAP, NewUser(_USER, _PASSWORD))
    return store, Context(SigningIn(store, _CHEAP).by_password(_USER, _PASSWORD, Visit("127.0.0.1")))


# Measuring


@dataclass(frozen=True)
class Figure:
    """What a search took, and how much it found."""

    asked: Asked
    median_ms: float
    worst_ms: float
    total: int

    @property
    def holds(self) -> bool:
        """Whether it stays within its time."""
        return self.median_ms < self.asked.limit_ms


def measure(store: Store, ctx: Context, asked: Asked, documents: int) -> Figure:
    """Run a search some times, each time for something else."""
    numbers = itertools.count(documents // 3, 997)
    taken, total = [], 0
    for number, _ in zip(numbers, range(RUNS + 1)):
        wanted = Search(asked.condition(number % documents), asked.order, 0, PAGE, EVERY_KIND)
        began_at = time.perf_counter()
        found = search(store, ctx, wanted)
        taken.append(1_000 * (time.perf_counter() - began_at))
        total = found.total
    # The first run makes the statement.
    return Figure(asked, statistics.median(taken[1:]), max(taken[1:]), total)
