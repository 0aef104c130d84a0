"""What the tests of registrations share: objects made, changed and read through the core, as the LoRA door does it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.unit.filed import a_file, rest
from tests.unit.temporal import facet, type_of

from davgate.core.bitemporal import registering, registrations
from davgate.core.bitemporal.registering import Registered
from davgate.core.bitemporal.registrations import History
from davgate.core.store import Context, Store
from davgate.model.bitemporal.merging import Snapshot
from davgate.model.bitemporal.registration import Code, author_uuid
from davgate.model.bitemporal.virkning import ALL_TIME, Window
from davgate.model.locks import Holding
from davgate.model.object_types import ObjectType
from davgate.storage.api import registrations as registration_rows

FOLDER = ("LoRA",)
FACET = type_of("klassifikation", "facet")
SAG = type_of("sag", "sag")
DOCUMENT = type_of("dokument", "dokument")


def lora(ctx: Context) -> Context:
    """Return the context of the same person's requests through the LoRA door."""
    return replace(rest(ctx), signed_for=frozenset({Holding.PRINCIPAL}))


def create(store: Store, ctx: Context, of: ObjectType = FACET, data: dict[str, Any] | None = None, **files: bytes) -> Registered:
    """Make an object, the base facet if nothing else is said; files are called as their parts of the request."""
    arrived = {name: a_file(store, body, f"{name}.txt", "text/plain") for name, body in files.items()}
    return registering.create(store, lora(ctx), FOLDER, of, facet() if data is None else data, arrived)


def put(
    store: Store, ctx: Context, uuid: str, of: ObjectType = FACET, data: dict[str, Any] | None = None, **files: bytes
) -> Registered:
    """Import an object."""
    arrived = {name: a_file(store, body, f"{name}.txt", "text/plain") for name, body in files.items()}
    return registering.put(store, lora(ctx), FOLDER, of, uuid, facet() if data is None else data, arrived)


def patch(store: Store, ctx: Context, uuid: str, data: dict[str, Any], of: ObjectType = FACET, **files: bytes) -> Registered:
    """Change an object."""
    arrived = {name: a_file(store, body, f"{name}.txt", "text/plain") for name, body in files.items()}
    return registering.patch(store, lora(ctx), of, uuid, data, arrived)


def delete(store: Store, ctx: Context, uuid: str, of: ObjectType = FACET, note: str = "") -> Registered:
    """Delete an object."""
    return registering.delete(store, lora(ctx), of, uuid, note)


def read(store: Store, ctx: Context, uuid: str, of: ObjectType = FACET, known: Window | None = None) -> History:
    """Return the newest registration, or those of a window."""
    return registrations.read(store, lora(ctx), of, uuid, known)


def now(store: Store, ctx: Context, uuid: str, of: ObjectType = FACET) -> Snapshot:
    """Return what an object says now."""
    return read(store, ctx, uuid, of).registrations[0].snapshot


def author_uuid_of(store: Store, name: str) -> str:
    """Return the id by which an account is told as an author."""
    with store.database.read() as session:
        return author_uuid(registration_rows.namespace(session), name)


def codes(store: Store, ctx: Context, uuid: str, of: ObjectType = FACET) -> list[Code]:
    """Return the codes of all registrations, the oldest first."""
    return [one.code for one in reversed(read(store, ctx, uuid, of, ALL_TIME).registrations)]
