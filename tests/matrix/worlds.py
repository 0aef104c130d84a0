"""Stores with the things of the model in them, in each of its states, and quick ways back to where one was."""

from __future__ import annotations

import hashlib
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from davgate.core import checking_out, deleting, marking, revisions
from davgate.core import documents as core_documents
from davgate.core.bitemporal import registering
from davgate.core.principals import app_passwords, groups
from davgate.core.principals.app_passwords import NewAppPassword
from davgate.core.store import Context, Store
from davgate.core.trash import entries
from davgate.model.instant import to_datetime
from davgate.model.locks import Depth, Scope
from davgate.model.node import ROOT_ID
from davgate.model.object_types import DYNACASE
from davgate.model.places import instant_name
from davgate.model.principal import SIGNED_IN_ID
from davgate.model.properties import PropertyUpdate
from davgate.model.rights import NO_RIGHTS
from davgate.model.rights import Right as StoredRight
from davgate.model.stored_parts import address_of
from davgate.storage import schema
from davgate.storage.api import access
from davgate.storage.database import Database
from tests.builders import (
    CHEAP_PASSWORDS,
    PASSWORD,
    SettableClock,
    a_collection,
    a_document,
    a_lock,
    a_user,
    all_versions,
    node_at,
    opened_store,
    path,
    put,
    sign_in,
)
from tests.canary import guard
from tests.matrix.lora_operations import A_FACET
from tests.matrix.model import PLACES, Place, Right, Role, State, Thing, Whose, Zone
from tests.matrix.okd_operations import FOLDER
from tests.matrix.operations import Send
from tests.protocol.applications import an_application
from tests.protocol.client import HOST, Client, Response, basic
from tests.protocol.databases import a_fast_folder
from tests.protocol.dynacase import BASE as DYNACASE_BASE
from tests.protocol.gever import MOUNT as GEVER
from tests.protocol.lora import DOKUMENT, facet
from tests.protocol.okd import BASE as OKD
from tests.protocol.yuuvis import BASE as YUUVIS

FILE: Final = "davgate.sqlite3"
FOLDERS: Final = (FOLDER, "/yuuvis", "/Dynacase", "/LoRA")
"""Where what dialects make goes; rights are granted there as in the open place."""

PERSON: Final = "person"
"""The name of whoever has the role."""

STORED: Final = {
    Right.READ: StoredRight.READ,
    Right.WRITE: StoredRight.WRITE_CONTENT,
    Right.PROPERTIES: StoredRight.WRITE_PROPERTIES,
    Right.BIND: StoredRight.BIND,
    Right.UNBIND: StoredRight.UNBIND,
    Right.LOCK: StoredRight.LOCK,
    Right.UNLOCK: StoredRight.UNLOCK,
    Right.CHECK_OUT: StoredRight.CHECK_OUT,
    Right.OWN: StoredRight.OWN,
    Right.MANAGE: StoredRight.MANAGE,
}
"""The rights of the model as they are granted."""

_LOCK_SPAN: Final = timedelta(hours=20)
_LATER: Final = timedelta(hours=3)
"""Long enough for nothing to be young any more: what programs do while they save is tested elsewhere."""
_UNCOUNTED: Final = frozenset({"audit", "sign_in_failure", "app_password", "sqlite_sequence"})
"""Tables that a request may write to that changes nothing."""
_COUNTERS: Final = "SELECT next_id, last_change, stored_bytes FROM store"


def stored(rights: Right) -> StoredRight:
    """Return rights of the model as davgate stores them."""
    found = NO_RIGHTS
    for one in Right:
        if one in rights:
            found |= STORED[one]
    return found


def marker(*what: object) -> str:
    """Return a word that nobody can guess and that stands for one thing about one place."""
    return "zq" + hashlib.sha256(repr(what).encode()).hexdigest()[:12]


def name_of(thing: Thing) -> str:
    """Return the name of something on the drive: its own and a marker."""
    stem, dot, suffix = thing.name.partition(".")
    return f"{stem}-{marker(thing.zone.value, thing.name, 'name')}{dot}{suffix}"


def holder_of(zone: Zone) -> str:
    """Return the name of whoever made, locked and took what is in a place, unless the role did."""
    return f"holder-{marker(zone.value, 'holder')}"


def segments(thing: Thing) -> tuple[str, ...]:
    """Return the names on the way to something."""
    if thing.above is not None:
        return (*segments(thing.above), name_of(thing))
    top = f"{thing.zone.value}-{marker(thing.zone.value, 'top', 'name')}"
    return (top,) if thing.zone is Zone.OUTSIDE else ("area", top)


def where(thing: Thing) -> str:
    """Return the path of something in the tree."""
    return "/" + "/".join(segments(thing))


def content_of(thing: Thing) -> bytes:
    """Return what is in a document."""
    return marker(thing.zone.value, thing.name, "content").encode()


_KINDS: Final = ("name", "content", "property", "owner", "comment", "label")


def markers_of(thing: Thing) -> set[str]:
    """Return all words by which something can be recognised."""
    if thing.above is None:
        return {marker(thing.zone.value, "top", "name"), marker(thing.zone.value, "top", "owner")}
    return {marker(thing.zone.value, thing.name, kind) for kind in _KINDS}


def hidden_markers(role: Role) -> frozenset[str]:
    """Return all words that no answer to a role may contain, unless the role said them itself."""
    hidden: set[str] = set()
    for zone, place in PLACES.items():
        things = [place.top, place.gone, *place.top.everything_below()]
        seen = [thing for thing in things if sees(role, thing)]
        hidden.update(*(markers_of(thing) for thing in things if thing not in seen))
        if not seen:
            hidden.add(marker(zone.value, "holder"))
    return frozenset(hidden)


def sees(role: Role, thing: Thing) -> bool:
    """Tell whether something exists for a role: it may read it, or it is a collection to which it may add."""
    rights = role.rights(thing.zone, is_own=thing.is_own, is_shut=thing.is_behind)
    return bool(rights & Right.READ) or (thing.is_collection and bool(rights & Right.BIND))


def documents_of(place: Place) -> list[Thing]:
    """Return the documents of a place that are there."""
    return [thing for thing in place.top.everything_below() if not thing.is_collection]


@dataclass
class Snapshot:
    """The state of a store's database, in memory, with what is known of it."""

    database: sqlite3.Connection
    tokens: dict[Thing, str]


class World:
    """A store for one role, the role at the drive, and an administrator."""

    root = "/dav"

    def __init__(self, role: Role, store: Store, file: Path, clock: SettableClock, send: Send, host: str = HOST) -> None:
        self.role = role
        self.store = store
        self.clock = clock
        self.send = send
        self.host = f"http://{host}"
        self._raw = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._seen_version = -1
        self._seen_print = b""
        self._tables = [
            name
            for (name,) in self._raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if name not in _UNCOUNTED | {"store"} and "alembic" not in name
        ]
        self._tokens: dict[Thing, str] = {}
        self.admin = a_user(store, "root", is_admin=True)
        self.holders = {zone: replace(a_user(store, holder_of(zone)), editing=False) for zone in Zone}
        a_user(store, PERSON, is_admin=role.is_admin)
        if role.by_group:
            for group in ("inner-group", "outer-group"):
                groups.add(store, self.admin, group)
            groups.join(store, self.admin, "outer-group", "inner-group")
            groups.join(store, self.admin, "inner-group", PERSON)
        self.person = Context(sign_in(store, CHEAP_PASSWORDS, PERSON, PASSWORD))
        self.instant = ""
        self.uuids: dict[Thing, str] = {}
        self.numbers: dict[Thing, int] = {}
        self.contents: dict[Thing, str] = {}
        self._fill()
        secret = guard(self._app_password()) if role.password else PASSWORD
        self.authorization = basic(PERSON, secret) if role.signs_in else None
        self._base = self._snapshot()

    def close(self) -> None:
        """Let go of the database."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # Making

    def _fill(self) -> None:
        a_collection(self.store, self.admin, "/area")
        for folder in FOLDERS:
            a_collection(self.store, self.admin, folder)
        # Given when they are first asked for, which would be a change.
        revisions.number_types(self.store, [one.name for one in self.store.types.of_door(DYNACASE)])
        kind = self.store.types.get("lora:klassifikation/facet")
        assert kind is not None
        registering.put(self.store, self.admin, ("LoRA",), kind, A_FACET, facet())
        a_document(self.store, self.admin, "/elsewhere/plain.txt")
        for place in PLACES.values():
            holder = self.holders[place.zone]
            a_collection(self.store, holder, where(place.top))
            for thing in (*place.top.everything_below(), place.gone):
                if thing.is_collection:
                    a_collection(self.store, holder, where(thing))
                else:
                    self._make(self.person if thing.is_own else holder, thing)
                node = node_at(self.store, self.admin, where(thing))
                self.uuids[thing], self.numbers[thing] = node.uuid, node.id
                if not thing.is_collection:
                    versions = all_versions(self.store, self.admin, path(where(thing)))
                    newest = versions[-1]
                    self.contents[thing] = address_of(node.uuid, newest.no, newest.content.digest, newest.opened_at)
        self.clock.advance(timedelta(minutes=5))
        self.instant = instant_name(to_datetime(self.clock.now()))
        self.clock.advance(timedelta(minutes=5))
        for place in PLACES.values():
            deleting.delete(self.store, self.holders[place.zone], path(where(place.gone)))
        self.trashed = {entry.name: entry for entry in entries(self.store, self.admin)}
        self.clock.advance(_LATER)

    def _make(self, maker: Context, thing: Thing) -> None:
        def word(kind: str) -> str:
            return marker(thing.zone.value, thing.name, kind)

        at = path(where(thing))
        put(self.store, maker, where(thing), b"first of " + content_of(thing))
        checking_out.check_out(self.store, maker, at)
        put(self.store, maker, where(thing), content_of(thing))
        checking_out.check_in(self.store, maker, at, comment=word("comment"))
        marking.set_label(self.store, maker, at, 1, word("label"), may_move=False)
        element = f'<X:secret xmlns:X="urn:x">{word("property")}</X:secret>'
        core_documents.patch_properties(self.store, maker, at, [PropertyUpdate(("urn:x", "secret"), element)])

    def _app_password(self) -> str:
        tree = ("elsewhere",) if self.role.elsewhere else None
        new = NewAppPassword("of the matrix", stored(self.role.scope), tree)
        return app_passwords.make(self.store, self.admin, PERSON, new).secret

    def keep(self) -> None:
        """Let all states be entered from how the store is now."""
        self._base = self._snapshot()

    def enter(self, state: State) -> Snapshot:
        """Lock and check out as a state says, then leave the role the rights that it has."""
        self.go_back(Snapshot(self._base.database, {}))
        for place in PLACES.values():
            self._check_out(place, state)
            self._lock(place, state)
        self._grant()
        return self._snapshot()

    def _by(self, place: Place, whose: Whose) -> Context:
        return self.person if whose is Whose.OWN else self.holders[place.zone]

    def _check_out(self, place: Place, state: State) -> None:
        if state.taken is not None:
            by = self._by(place, state.taken)
            for thing in place.top.everything_below():
                if thing.is_takeable:
                    checking_out.check_out(self.store, by, path(where(thing)))

    def _lock(self, place: Place, state: State) -> None:
        lock = state.lock
        if lock.whose is None:
            return
        by = self._by(place, lock.whose)
        things = [place.top] if lock.deep else [thing for thing in place.top.everything_below() if thing.is_lockable]
        scope = Scope.SHARED if lock.is_shared else Scope.EXCLUSIVE
        depth = Depth.INFINITY if lock.deep else Depth.ZERO
        for thing in things:
            owner = marker(thing.zone.value, thing.name or "top", "owner")
            taken = a_lock(self.store, by, where(thing), scope=scope, depth=depth, timeout=_LOCK_SPAN, owner=owner)
            self._tokens[thing] = f"opaquelocktoken:{taken.token}"

    def _grant(self) -> None:
        store, role = self.store, self.role
        area = node_at(store, self.admin, "/area").id
        closed = [node_at(store, self.admin, where(PLACES[Zone.CLOSED].top)).id]
        closed += [node_at(store, self.admin, where(place.shut)).id for place in PLACES.values()]
        elsewhere = node_at(store, self.admin, "/elsewhere").id
        delivered = [node_at(store, self.admin, folder).id for folder in FOLDERS]
        grantee = self._group_id() if role.by_group else self.person.principal.id
        with store.database.write() as tx:
            access.grant(tx, ROOT_ID, SIGNED_IN_ID, 0)
            for node_id in closed:
                access.set_closed(tx, node_id, is_closed=True)
            if not role.is_admin:
                access.grant(tx, area, grantee, stored(role.granted).value)
                for node_id in delivered:
                    access.grant(tx, node_id, grantee, stored(role.granted).value)
                access.grant(tx, closed[0], grantee, stored(role.closed).value)
            if role.elsewhere:
                access.grant(tx, elsewhere, grantee, stored(role.granted).value)
            tx.commit()

    def _group_id(self) -> int:
        rows = self._raw.execute("SELECT id FROM principal WHERE name = 'outer-group'")
        return int(rows.fetchone()[0])

    # Going back, and seeing whether anything changed

    def _snapshot(self) -> Snapshot:
        memory = sqlite3.connect(":memory:", check_same_thread=False)
        self._raw.backup(memory)
        snapshot = Snapshot(memory, dict(self._tokens))
        weakref.finalize(snapshot, memory.close)
        return snapshot

    def go_back(self, snapshot: Snapshot) -> None:
        """Make the store as it was; requests go on with the same application."""
        snapshot.database.backup(self._raw)
        self._tokens = dict(snapshot.tokens)

    def fingerprint(self) -> bytes:
        """Return a digest of all that is stored but the audit, read past davgate."""
        (version,) = self._raw.execute("PRAGMA data_version").fetchone()
        if version != self._seen_version:
            digest = hashlib.sha256(repr(self._raw.execute(_COUNTERS).fetchall()).encode())
            for table in self._tables:
                digest.update(repr(self._raw.execute(f"SELECT * FROM {table}").fetchall()).encode())
            self._seen_version, self._seen_print = version, digest.digest()
        return self._seen_print

    # Asking

    def ask(self, method: str, target: str, body: bytes | str = b"", **headers: str) -> Response:
        """Send a request as the role."""
        if self.authorization is not None:
            headers["authorization"] = self.authorization
        return self.send(method, target, body, **headers)

    def submitting(self, state: State) -> dict[str, str]:
        """Return the header that submits all locks of the role, where the state says so; it always holds."""
        if not (state.lock.submitted and self._tokens):
            return {}
        return {"if_": "".join(f"(<{token}>)" for token in self._tokens.values()) + "(Not <DAV:no-lock>)"}

    # Addresses

    def of(self, thing: Thing) -> str:
        """Return the address of something of today."""
        return self.root + where(thing)

    def versions(self, thing: Thing) -> str:
        """Return the address of the version folder of a collection."""
        return f"{self.of(thing)}/.versions"

    def version(self, thing: Thing) -> str:
        """Return the address of the first version of a document."""
        assert thing.above is not None
        return f"{self.versions(thing.above)}/{name_of(thing)}/0001"

    def past(self, thing: Thing) -> str:
        """Return the address of something as it was when all was made."""
        return f"{self.root}/.at/{self.instant}{where(thing)}"

    def trash(self, thing: Thing) -> str:
        """Return the address of something that was deleted."""
        return f"{self.root}/.trash/x%20{self.trashed[name_of(thing)].node.id}"

    def okd(self, thing: Thing) -> str:
        """Return the address of a document at OKD, where it goes by its UUID."""
        return f"{OKD}/{self.uuids[thing]}"

    def uuid(self, thing: Thing) -> str:
        """Return the UUID of something."""
        return self.uuids[thing]

    def yuuvis(self, thing: Thing, rest: str = "") -> str:
        """Return the address of something at yuuvis, or of something of it."""
        return f"{YUUVIS}/{self.uuids[thing]}{rest}"

    def dynacase(self, thing: Thing, rest: str = "", *, of: str = "documents") -> str:
        """Return the address of a document at Dynacase, where it goes by its number, in one of the lists."""
        return f"{DYNACASE_BASE}/{of}/{self.numbers[thing]}{rest}"

    def lora(self, thing: Thing) -> str:
        """Return the address of a document at LoRA."""
        return f"{DOKUMENT}/{self.uuids[thing]}"

    def lora_content(self, thing: Thing) -> str:
        """Return the address of the content of a document at LoRA."""
        return f"{DOKUMENT}/{self.contents[thing]}"

    def hidden_numbers(self) -> frozenset[int]:
        """Return the inner numbers of all that the role may not see."""
        return frozenset(number for thing, number in self.numbers.items() if not sees(self.role, thing))

    def hidden_ids(self) -> frozenset[str]:
        """Return the UUIDs, in both spellings, of all that the role may not see."""
        hidden = {uuid for thing, uuid in self.uuids.items() if not sees(self.role, thing)}
        return frozenset(hidden | {uuid.replace("-", "") for uuid in hidden})

    def gever(self, thing: Thing, *service: str) -> str:
        """Return the address of something at GEVER, or of a service of it."""
        return "/".join((GEVER + where(thing), *service))

    def etag(self, thing: Thing) -> str:
        """Return the entity tag of a document as it was made."""
        return f'"{hashlib.sha256(content_of(thing)).hexdigest().upper()}"'

    def token(self, thing: Thing) -> str | None:
        """Return the token of the lock that affects something, as the drive prints it."""
        at: Thing | None = thing
        while at is not None:
            if at in self._tokens:
                return self._tokens[at]
            at = at.above
        return None


@contextmanager
def a_store(clock: SettableClock) -> Iterator[tuple[Store, Path]]:
    """Give an empty store and its folder until the block ends."""
    with a_fast_folder() as folder:
        url = url_in(folder)
        database = Database(url, clock)
        schema.prepare(database)
        database.close()
        with opened_store(url, folder, clock) as store:
            yield store, folder


def url_in(folder: Path) -> str:
    """Return the address of the database of a store in a folder."""
    return f"sqlite:///{folder / FILE}"


@contextmanager
def a_world(role: Role) -> Iterator[World]:
    """Give a world of its own, whose drive is in this process, until the block ends."""
    clock = SettableClock()
    with a_store(clock) as (store, folder), an_application(store, folder) as app:
        with World(role, store, folder / FILE, clock, Client(app, clock, None)) as world:
            yield world
