"""Numbers that somebody made up: one that no database keeps is nobody's, as any other that was never given."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.builders import a_document

from davgate.core import marking, mending, purging, removing_versions, trash, versioning
from davgate.core.audit import shown as audit_shown
from davgate.core.store import Context, Store
from davgate.model.errors import DavgateError, Malformed, NoSuchVersion, NotFound
from davgate.storage.api import AuditFilter, signing_keys

LARGE = 10**30
ASKED: dict[str, tuple[type[DavgateError], Callable[[Store, Context, int], object]]] = {
    "reading a version": (NotFound, lambda store, ctx, no: versioning.open_version(store, ctx, ("a",), no)),
    "a version by content": (NoSuchVersion, lambda store, ctx, no: versioning.find_counted(store, ctx, 2, no)),
    "restoring one": (NotFound, lambda store, ctx, no: versioning.restore(store, ctx, ("a",), no, ("a",), overwrite=True)),
    "removing one": (NoSuchVersion, lambda store, ctx, no: removing_versions.remove_version(store, ctx, ("a",), no)),
    "pinning one": (NoSuchVersion, lambda store, ctx, no: marking.pin(store, ctx, ("a",), no)),
    "splitting before one": (NoSuchVersion, lambda store, ctx, no: mending.split(store, ctx, ("a",), no, "b")),
    "bringing back": (NotFound, lambda store, ctx, no: trash.restore(store, ctx, no)),
    "purging": (NotFound, lambda store, ctx, no: purging.purge(store, ctx, no)),
    "a row of the audit": (Malformed, lambda store, ctx, no: audit_shown.row(store, ctx, no)),
}


@pytest.mark.parametrize("no", [LARGE, -LARGE], ids=["above", "below"])
@pytest.mark.parametrize(("error", "ask"), ASKED.values(), ids=ASKED)
def test_what_has_a_number_too_large_is_not_there(
    store: Store, root_admin: Context, error: type[DavgateError], ask: Callable[[Store, Context, int], object], no: int
) -> None:
    a_document(store, root_admin, "/a", b"one", b"two")

    with pytest.raises(error):
        ask(store, root_admin, no)


def test_so_many_rows_are_all_of_them(store: Store, root_admin: Context) -> None:
    assert audit_shown.newest(store, root_admin, AuditFilter(), LARGE) == audit_shown.newest(
        store, root_admin, AuditFilter(), 1000
    )


def test_there_is_no_such_key(store: Store) -> None:
    with store.database.write() as tx:
        assert not signing_keys.remove(tx, LARGE)
