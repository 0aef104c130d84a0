"""Measures searches over many documents with typed metadata: each has a time that it must not exceed, whatever the database.

A page of what is found is described and all of it is counted, for an ordinary user of a fresh store: by the core, in this
process, and where a statement of yuuvis says the same, by that door over HTTP.
"""

import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from davgate import __version__
from davgate.config import load
from davgate.configured import open_store
from davgate.core.principals.accounts import NewUser, Passwords, add_user
from davgate.core.principals.signing_in import SigningIn, Visit
from davgate.core.searching import EVERY_KIND, Search, search
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.node import NO_CONTENT, ROOT_ID, Cause, Node, NodeKind
from davgate.model.query import (
    EVERYTHING,
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
from davgate.storage.api import NewVersion, Transaction, blob_rows, catalog, descriptions, property_index, versions
from davgate.storage.blobs import Staged

from .load import LoadError, Request, Script, drive
from .peers import PASSWORD, USER, Davgate, Peer
from .rows import Bar, Row, Sample, below

INDEXED_MS = 50.0
TEXT_MS = 500.0
PAGE = 50
IN_A_FOLDER = 1_000
FEWEST_RUNS = 5
WARMED_UP = 6
_SYLLABLES = ("ka", "lo", "mi", "ren", "tu", "sa", "vel", "dor", "pi", "nu", "gro", "bet", "al", "ster", "in", "ho")
_ADDRESSES = 2_000
_TYPE = "yuuvis:appEmail:email"
_OTHER = "yuuvis:document"
_CHEAP = Passwords(time_cost=1, memory_kib=8, parallelism=1)
_YUUVIS = "/api/dms/objects/search"

FROM, TO, SUBJECT = (Property(f"yuuvis:appEmail:{name}") for name in ("from", "to", "subject"))
SIZE, RECEIVED = (Property(f"yuuvis:appEmail:{name}", is_single=True) for name in ("size", "received"))
NEWEST = (By(Fact.CREATED_AT, descending=True),)
BY_OTHERS = (By(RECEIVED), By(SIZE, descending=True))


@dataclass(frozen=True)
class Asked:
    """A search, for something else each time, so that nothing is remembered; where yuuvis can say it, in its words too."""

    name: str
    limit_ms: float
    condition: Callable[[int], Condition]
    order: Order = NEWEST
    yuuvis: Callable[[int], str] | None = None


def searches() -> Iterator[Asked]:
    """Yield what is asked."""
    yield from _by_index()
    yield from _in_texts()


def _by_index() -> Iterator[Asked]:
    def asked(name: str, condition: Callable[[int], Condition], yuuvis: Callable[[int], str] | None = None) -> Asked:
        return Asked(name, INDEXED_MS, condition, NEWEST, yuuvis)

    is_mail = AnyOf((equals(Fact.TYPE, _TYPE), Not(of_door("yuuvis"))))
    yield asked("equality, one found", lambda no: equals(SUBJECT, subject(no)), lambda no: f"appEmail:subject = '{subject(no)}'")
    yield asked("equality, 50 found", lambda no: equals(FROM, address(no)), lambda no: f"appEmail:from = '{address(no)}'")
    yield asked(
        "one of two, of a type",
        lambda no: AllOf((equals(Fact.TYPE, _TYPE), OneOf(TO, (address(no), address(no + 1))))),
        lambda no: f"appEmail:to IN ('{address(no)}', '{address(no + 1)}')",
    )
    yield asked("equality, of a type or of no door's", lambda no: AllOf((is_mail, equals(FROM, address(no)))))
    yield asked("two equalities", lambda no: AllOf((equals(FROM, address(no)), equals(TO, address(no * 7)))))
    yield asked(
        "either of two",
        lambda no: AnyOf((equals(FROM, address(no)), Compares(SIZE, Operator.LESS, 100 + no % 10))),
        lambda no: f"appEmail:from = '{address(no)}' OR appEmail:size < {100 + no % 10}",
    )
    yield asked("prefix", _has_prefix, lambda no: f"appEmail:subject LIKE '{subject(no)[:4]}%'")
    yield Asked("prefix, by two properties", INDEXED_MS, _has_prefix, BY_OTHERS)
    yield asked(
        "range of numbers, 1 %",
        lambda no: within(SIZE, no % 90_000, no % 90_000 + 1_000),
        lambda no: f"appEmail:size >= {no % 90_000} AND appEmail:size < {no % 90_000 + 1_000}",
    )
    yield asked(
        "range of times, 1 %",
        lambda no: within(RECEIVED, day(no % 300), day(no % 300 + 3)),
        lambda no: f"appEmail:received >= '{day(no % 300)}' AND appEmail:received < '{day(no % 300 + 3)}'",
    )
    yield asked(
        "open range, 1 %",
        lambda no: Compares(SIZE, Operator.GREATER, 99_000 + no % 10),
        lambda no: f"appEmail:size > {99_000 + no % 10}",
    )
    yield asked("UUID", lambda no: equals(Fact.UUID, uuid(no)), lambda no: f"system:objectId = '{uuid(no)}'")


def _has_prefix(no: int) -> Condition:
    return Matches(SUBJECT, starting_with(subject(no)[:4]))


def _in_texts() -> Iterator[Asked]:
    def asked(name: str, condition: Callable[[int], Condition], yuuvis: Callable[[int], str] | None = None) -> Asked:
        return Asked(name, TEXT_MS, condition, NEWEST, yuuvis)

    def infix(no: int) -> str:
        return subject(no)[3:9]

    yield asked("infix", lambda no: Matches(SUBJECT, containing(infix(no))), lambda no: f"appEmail:subject LIKE '%{infix(no)}%'")
    yield asked("infix, in capitals or not", lambda no: Matches(SUBJECT, containing(infix(no).upper()), is_folded=True))
    yield asked("infix of the title", lambda no: Matches(Fact.TITLE, containing(infix(no)), is_folded=True))
    yield asked(
        "wildcards", lambda no: Matches(SUBJECT, (Wildcard.ANY, infix(no)[:3], Wildcard.ANY, subject(no)[-4:-1], Wildcard.ONE))
    )
    yield asked(
        "words, few found",
        lambda no: Words(subject(no).upper()),
        lambda no: f"CONTAINS('{subject(no).upper()}')",
    )
    yield asked("words, 1 of 16 found", lambda no: Words(f"NOTE{no % 16}"), lambda no: f"CONTAINS('NOTE{no % 16}')")
    yield asked(
        "nearly all in a range", lambda no: Compares(SIZE, Operator.GREATER, no % 100), lambda no: f"appEmail:size > {no % 100}"
    )
    yield asked("all of a type", lambda _: equals(Fact.TYPE, _TYPE), lambda _: "NOT appEmail:size < 0")
    yield Asked("everything, by title", TEXT_MS, lambda _: EVERYTHING, (By(Fact.TITLE), By(Fact.ID, descending=True)))


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
    return f"{syllables(number % _ADDRESSES, 3)}{number % _ADDRESSES}@example.org"


def uuid(number: int) -> str:
    """Return the UUID of a document."""
    return f"00000000-0000-4000-8000-{number:012}"


def day(number: int) -> str:
    """Return a time as it is kept, a number of days after one."""
    return f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}T00:00:00.000000Z"


def said(number: int) -> dict[str, object]:
    """Return what a document says by typed properties."""
    return {
        "title": subject(number),
        "description": " ".join([f"note{number % 16}", *(syllables(number * factor, 3) for factor in range(2, 16))]),
        "keywords": [f"keyword{number % 50}", f"keyword{number % 49}"],
        FROM.id: address(number),
        TO.id: [address(number * 7), address(number * 11 + 1)],
        SUBJECT.id: subject(number),
        SIZE.id: number * 7_919 % 100_000,
        RECEIVED.id: f"{day(number * 37 % 330)[:10]}T{number % 24:02}:{number % 60:02}:00.000000Z",
        "yuuvis:appEmail:read": number % 3 == 0,
    }


# The store


def fill(store: Store, documents: int) -> None:
    """Make documents with typed metadata, a thousand in each folder."""
    by = SYSTEM_CONTEXT.principal.id
    for first in range(0, documents, IN_A_FOLDER):
        with store.database.write() as tx:
            node_id, name = tx.take_ids(), f"folder-{first}"
            folder = Node(node_id, store.new_uuid(), NodeKind.COLLECTION, ROOT_ID, name, tx.at, tx.at, 0, None, by)
            catalog.add(tx, [folder])
            blob_rows.add(tx, Staged(NO_CONTENT.digest, 0, b""))
            _add(tx, folder, range(first, min(first + IN_A_FOLDER, documents)), by)
            tx.commit()


def _add(tx: Transaction, folder: Node, numbers: Sequence[int], by: int) -> None:
    nodes = [
        Node(
            tx.take_ids(),
            uuid(number),
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
        property_index.add(tx, node, metadata, node.name or "")
        if number % 10:
            descriptions.set_type(tx, node.id, _TYPE if number % 10 > 1 else _OTHER)


class Searched(Davgate):
    """davgate with many documents that say something."""

    name = "searched"

    def __init__(self, folder: Path, workers: int | None, documents: int, database_url: str = "") -> None:
        super().__init__(folder, workers)
        self.documents = documents
        self._random = random.Random(documents)
        # The server is to be as quiet as its like, and has to find the same database.
        self.environment = Davgate.environment | ({"DAVGATE_STORE_DATABASE_URL": database_url} if database_url else {})

    def version(self) -> str:
        """Return what was built."""
        return f"davgate {__version__}, {self.store.database.dialect.name}, {self.documents:,} documents"

    def prepare(self, seed_folder: Path) -> None:
        """Make the store with its documents."""
        began_at = time.monotonic()
        self.data.mkdir()
        schema.prepare(self.store.database)
        self.store.blobs.prepare()
        fill(self.store, self.documents)
        add_user(self.store, _CHEAP, NewUser(USER, PASSWORD))
        print(f"built {self.version()} in {time.monotonic() - began_at:.0f} s", file=sys.stderr, flush=True)

    def fill(self, seed_folder: Path) -> None:
        """Leave it as it is."""

    @cached_property
    def store(self) -> Store:
        """The store, in this process."""
        return open_store(load(None, self.environment, {"data": str(self.data)}))

    @cached_property
    def ctx(self) -> Context:
        """A request of the user."""
        return Context(SigningIn(self.store, _CHEAP).by_password(USER, PASSWORD, Visit("127.0.0.1")))

    def any_number(self) -> int:
        """Return the number of one of the documents, of one that is a mail in yuuvis, too."""
        return self._random.randrange(self.documents // 10) * 10 + 2


def rows() -> list[Row]:
    """Return a row for each search and each way to ask."""
    asked = list(searches())
    return [
        *(Row(f"core: {one.name}", "ms", _by_core(one), (_bar(one),)) for one in asked),
        *(Row(f"yuuvis: {one.name}", "ms", _by_yuuvis(one), (_bar(one),)) for one in asked if one.yuuvis is not None),
    ]


def _bar(asked: Asked) -> Bar:
    return below(asked.limit_ms, f"under {asked.limit_ms:.0f} ms", lambda sample: sample.p50_ms, own=Searched.name)


def _by_core(asked: Asked) -> Callable[[Peer, float], Sample]:
    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, Searched)

        def run() -> float:
            wanted = Search(asked.condition(peer.any_number()), asked.order, 0, PAGE, EVERY_KIND)
            began_at = time.perf_counter()
            search(peer.store, peer.ctx, wanted)
            return time.perf_counter() - began_at

        # The first makes the statement.
        run()
        taken = [run() for _ in range(FEWEST_RUNS)]
        while sum(taken) < seconds:
            taken.append(run())
        return to_sample(taken)

    return measure


def _by_yuuvis(asked: Asked) -> Callable[[Peer, float], Sample]:
    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, Searched)
        # Each process of the server makes the statement once.
        for _ in range(WARMED_UP):
            answer = peer.ask(_statement(peer, asked, keep_body=True))
        if not json.loads(answer.body)["totalNumItems"]:
            raise LoadError(f"{asked.name}: nothing is found")

        def script() -> Script:
            for _ in itertools.count():
                yield _statement(peer, asked)

        return to_sample(drive(peer.address, [script()], seconds=seconds).units)

    return measure


def _statement(peer: Searched, asked: Asked, *, keep_body: bool = False) -> Request:
    assert asked.yuuvis is not None
    statement = f"SELECT * FROM appEmail:email WHERE {asked.yuuvis(peer.any_number())}"
    body = json.dumps({"query": {"statement": statement, "maxItems": PAGE}}).encode()
    headers = ("Content-Type: application/json", "Accept: application/json")
    return peer.request("POST", _YUUVIS, headers, body, expect=(200,), keep_body=keep_body, root="")


def to_sample(taken: Sequence[float]) -> Sample:
    """Return the median of times in seconds, in milliseconds, with the longest in brackets."""
    middle = 1_000 * statistics.median(taken)
    return Sample(middle, middle, 1_000 * max(taken))
