"""What the store holds behind the drive, for what no request shows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, update

from davgate.core.content import add_document
from davgate.core.receiving import add_staged, media_of
from davgate.core.recording import change_of, record
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from davgate.model.node import Node, Version
from davgate.storage.statements import Statement
from davgate.storage.tables import audit, lock, principal, trash, version
from tests.builders import all_versions, path


def history(store: Store, ctx: Context, where: str) -> tuple[Version, ...]:
    """Return the versions of the document at a path of the tree, none while it is pending."""
    try:
        return all_versions(store, ctx, path(where))
    except NotFound:
        return ()


def add_documents(store: Store, ctx: Context, folder: Node, names: Iterable[str]) -> None:
    """Make many documents with the same content in one transaction."""
    with store.blobs.stage() as staging:
        staging.write(memoryview(b"content"))
        staged = staging.finish()
    with store.database.write() as tx:
        add_staged(store, tx, staged)
        for name in names:
            made = add_document(store, tx, ctx, folder, name, media_of(staged, None, name))
            record(tx, ctx, "put", (name,), made.id, change_of("create", made))
        tx.commit()


def origins(store: Store) -> list[str]:
    """Return the notes on where the content of versions came from; those of the youngest document come last."""
    with store.database.engine.connect() as connection:
        in_order = select(version.c.origin).order_by(version.c.document_id, version.c.no)
        return [row[0] for row in connection.execute(in_order)]


def trashed(store: Store) -> list[str]:
    """Return the former paths of what lies in the trash, in the order of deletion."""
    with store.database.engine.connect() as connection:
        return [row[0] for row in connection.execute(select(trash.c.path).order_by(trash.c.deleted_at, trash.c.node_id))]


def disable(store: Store, ctx: Context) -> None:
    """Close an account, as an administrator does."""
    with store.database.write() as tx:
        of_account = update(principal).where(principal.c.id == ctx.principal.id)
        tx.run(Statement(of_account.values(is_disabled=1, epoch=principal.c.epoch + 1)))
        tx.commit()


def lock_count(store: Store) -> int:
    """Return how many rows of locks there are, those of ended locks included."""
    with store.database.engine.connect() as connection:
        return len(connection.execute(select(lock.c.token)).all())


def audited(store: Store) -> list[str]:
    """Return the actions of the audit that were granted, in their order."""
    granted = select(audit.c.action).where(audit.c.outcome == "granted").order_by(audit.c.id)
    with store.database.engine.connect() as connection:
        return [row[0] for row in connection.execute(granted)]
