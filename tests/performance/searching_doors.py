"""Measures the lists of Dynacase and the searches of LoRA, beside those of yuuvis: 100,000 objects of each kind in one store.

LoRA's objects are facets with a key, a text and a relation each; a page of what is found is shown as it is today.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

from davgate.core.bitemporal import searching
from davgate.core.bitemporal.versions import Contents, make
from davgate.core.store import Context, Store
from davgate.model.bitemporal import merging
from davgate.model.bitemporal.payload import parse_payload
from davgate.model.bitemporal.query import Criterion, LeadsTo, Says, Search
from davgate.model.bitemporal.registration import Code
from davgate.model.bitemporal.virkning import Window
from davgate.model.locks import Holding
from davgate.model.object_types import ObjectType

from .load import LoadError, Request, Script, drive
from .peers import Peer
from .rows import Row, Sample, below
from .searching import FEWEST_RUNS, INDEXED_MS, PAGE, TEXT_MS, Searched, subject, syllables, to_sample

_FOLDER = ("LoRA",)
_FACET = "lora:klassifikation/facet"
_FACETS = "/lora/klassifikation/facet"
_DOCUMENTS = "/api/v1/documents/"
_BVN, _TEXT, _EDITORS = "brugervendtnoegle", "beskrivelse", "redaktoerer"
_ALWAYS = {"from": "2011-01-01", "to": "infinity"}
_IN_A_TRANSACTION = 1_000
_EDITED_BY_ONE = 50


class SearchedByDoors(Searched):
    """davgate with many documents that say something, and as many registrations."""

    def prepare(self, seed_folder: Path) -> None:
        """Make the store with its documents and its registrations."""
        super().prepare(seed_folder)
        register(self.store, replace(self.ctx, signed_for=frozenset({Holding.PRINCIPAL})), self.documents)


def register(store: Store, ctx: Context, count: int) -> None:
    """Register facets, a thousand in each transaction."""
    of = _facet_of(store)
    assert of.temporal is not None
    for first in range(0, count, _IN_A_TRANSACTION):
        with store.database.write() as tx:
            for number in range(first, min(first + _IN_A_TRANSACTION, count)):
                said = merging.create(parse_payload(of.temporal, _facet(number), UTC, is_complete=True), of.temporal)
                make(store, tx, ctx, _FOLDER, of, Code.OPSTAAET, said, "", Contents({}, store.new_uuid(), 1, tx.at))
            tx.commit()


def _facet_of(store: Store) -> ObjectType:
    found = store.types.get(_FACET)
    assert found is not None
    return found


def _facet(number: int) -> dict[str, Any]:
    def held(**fields: str) -> list[dict[str, Any]]:
        return [{**fields, "virkning": _ALWAYS}]

    return {
        "attributter": {"facetegenskaber": held(**{_BVN: key(number), _TEXT: subject(number)})},
        "tilstande": {"facetpubliceret": held(publiceret="Publiceret")},
        "relationer": {_EDITORS: held(uuid=editor(number))},
    }


def key(number: int) -> str:
    """Return the key of a facet."""
    return f"{syllables(number, 3)}-{number}"


def editor(number: int) -> str:
    """Return the UUID of who edits a facet, and some others."""
    return f"00000001-0000-4000-8000-{number // _EDITED_BY_ONE:012}"


@dataclass(frozen=True)
class Asked:
    """A search for registrations, for something else each time, in the words of the core and in those of the door."""

    name: str
    limit_ms: float
    criterion: Callable[[int], Criterion]
    query: Callable[[int], str]


def _registrations() -> Iterator[Asked]:
    yield Asked("bvn", INDEXED_MS, lambda no: Says(_BVN, key(no)), lambda no: f"bvn={key(no)}")
    yield Asked("prefix of bvn", INDEXED_MS, lambda no: Says(_BVN, f"{key(no)[:5]}%"), lambda no: f"bvn={key(no)[:5]}%25")
    yield Asked("infix", TEXT_MS, lambda no: Says(_TEXT, f"%{subject(no)[3:9]}%"), _infix)
    yield Asked(
        "relation",
        INDEXED_MS,
        lambda no: LeadsTo(_EDITORS, editor(no)),
        lambda no: f"{_EDITORS}={editor(no)}",
    )


def _infix(number: int) -> str:
    return f"{_TEXT}=%25{subject(number)[3:9].replace(' ', '%20')}%25"


_LISTS = (
    ("by age", INDEXED_MS, "orderBy=id:desc"),
    ("by title", TEXT_MS, "orderBy=title:asc"),
    ("by logical name", TEXT_MS, "orderBy=name:asc"),
    ("by who has locked them", TEXT_MS, "orderBy=locked:asc"),
    ("by the time of the last change", TEXT_MS, "orderBy=lastModificationDate:desc"),
)


def rows() -> list[Row]:
    """Return a row for each list and search of each door."""
    return [
        *(Row(f"dynacase: list {name}", "ms", _through_dynacase(query), (_bar(limit),)) for name, limit, query in _LISTS),
        *(Row(f"core: registrations, {one.name}", "ms", _by_core(one), (_bar(one.limit_ms),)) for one in _registrations()),
        *(Row(f"lora: {one.name}", "ms", _through_lora(one), (_bar(one.limit_ms),)) for one in _registrations()),
    ]


def _bar(limit_ms: float) -> Any:
    return below(limit_ms, f"under {limit_ms:.0f} ms", lambda sample: sample.p50_ms, own=Searched.name)


def _by_core(asked: Asked) -> Callable[[Peer, float], Sample]:
    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, Searched)

        def run() -> float:
            wanted = Search((asked.criterion(peer.any_number()),), Window.at(peer.store.clock.now()), first=0, most=PAGE)
            began_at = time.perf_counter()
            found = searching.search(peer.store, peer.ctx, _facet_of(peer.store), wanted)
            taken = time.perf_counter() - began_at
            if not found:
                raise LoadError(f"{asked.name}: nothing is found")
            return taken

        # The first makes the statement.
        run()
        taken = [run() for _ in range(FEWEST_RUNS)]
        while sum(taken) < seconds:
            taken.append(run())
        return to_sample(taken)

    return measure


def _through_lora(asked: Asked) -> Callable[[Peer, float], Sample]:
    def query(peer: Searched) -> str:
        return f"{_FACETS}?{asked.query(peer.any_number())}&maximalantalresultater={PAGE}"

    return _through(query, lambda body: body["results"][0])


def _through_dynacase(query: str) -> Callable[[Peer, float], Sample]:
    def address(peer: Searched) -> str:
        return f"{_DOCUMENTS}?{query}&slice={PAGE}&offset={peer.any_number() % 100}"

    return _through(address, lambda body: body["data"]["documents"])


def _through(address: Callable[[Searched], str], found: Callable[[Any], Sequence[object]]) -> Callable[[Peer, float], Sample]:
    def measure(peer: Peer, seconds: float) -> Sample:
        assert isinstance(peer, Searched)
        shown = json.loads(peer.ask(_get(peer, address(peer), keep_body=True)).body)
        if not found(shown):
            raise LoadError(f"{address(peer)}: nothing is found")

        def script() -> Script:
            for _ in itertools.count():
                yield _get(peer, address(peer))

        return to_sample(drive(peer.address, [script()], seconds=seconds).units)

    return measure


def _get(peer: Searched, address: str, *, keep_body: bool = False) -> Request:
    return peer.request("GET", address, ("Accept: application/json",), expect=(200,), keep_body=keep_body, root="")
