"""What the tests of editing share: saves under locks, and what is kept of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import all_versions, content_of, on_condition, path, put

from davgate.core import locking, rescue_copies
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions, IfList, StateToken
from davgate.model.errors import SaveKept
from davgate.model.locks import Lock
from davgate.model.node import Content, Version
from davgate.storage.api import Rescue, blob_rows, versions

TEN_MINUTES = timedelta(minutes=10)
MICROSECOND = timedelta(microseconds=1)
GRACE = timedelta(hours=24)


def under(ctx: Context, lock: Lock) -> Context:
    """Return the context of a request that needs this lock to be alive, as programs on the drive send it."""
    conditions = Conditions(if_lists=(IfList(None, (StateToken(lock.token),)),))
    return replace(on_condition(ctx, conditions), tokens=conditions.submitted_tokens())


def unlock(store: Store, ctx: Context, where: str, lock: Lock) -> None:
    """End a lock."""
    locking.unlock(store, ctx, path(where), lock.token)


def refresh(store: Store, ctx: Context, where: str, timeout: timedelta | None = TEN_MINUTES) -> Lock:
    """Refresh the lock whose token the request submits, and return it as it now is."""
    return locking.refresh(store, ctx, path(where), timeout).lock


def history(store: Store, ctx: Context, where: str) -> tuple[Version, ...]:
    """Return the versions of a document, the oldest first."""
    return all_versions(store, ctx, path(where))


def current(store: Store, ctx: Context, where: str) -> Version:
    """Return a document's newest version."""
    return history(store, ctx, where)[-1]


def numbers(store: Store, ctx: Context, where: str) -> list[int]:
    """Return the numbers of a document's versions."""
    return [version.no for version in history(store, ctx, where)]


def is_open(store: Store, version: Version) -> bool:
    """Tell whether a version is open at this moment of the store's clock."""
    return version.is_open(store.clock.now())


def earlier_saves(store: Store, ctx: Context, where: str, no: int) -> list[tuple[str, bytes]]:
    """Return the authors and bytes of the saves that a version had before its present bytes, the oldest first."""
    document_id = history(store, ctx, where)[0].document_id
    with store.database.read() as session:
        kept = versions.saves(session, document_id, no)
    return [(save.author, bytes_of(store, save.content)) for save in kept]


def bytes_of(store: Store, content: Content) -> bytes:
    """Return stored bytes, wherever they lie."""
    with store.database.read() as session:
        inline = blob_rows.inline_body(session, content.digest)
    if inline is not None:
        return inline
    with store.blobs.open(content.digest) as file:
        return file.read()


def rescued(store: Store, ctx: Context) -> list[tuple[str, str, bytes]]:
    """Return the caller's rescue copies: where the document was, why they were kept, and their bytes."""
    return [(one.path, one.reason, bytes_of(store, one.content)) for one in rescue_copies.entries(store, ctx)]


def a_late_save(store: Store, ctx: Context, where: str, content: bytes, *, contents_of: Context | None = None) -> Rescue:
    """Save what is refused and kept as a rescue copy, and return that; the document stays as it is for whoever reads it."""
    reader = contents_of or ctx
    before = content_of(store, reader, where)
    with pytest.raises(SaveKept) as refused:
        put(store, ctx, where, content)
    kept = rescue_copies.find(store, ctx, refused.value.name)
    assert f"/.rescue/{kept.name}" in str(refused.value)
    assert bytes_of(store, kept.content) == content
    assert content_of(store, reader, where) == before
    return kept
