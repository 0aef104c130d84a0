"""Making a store and bringing its schema up to date."""

from __future__ import annotations

import uuid
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from davgate.model.audit import START
from davgate.model.errors import Corrupt, StoreUnusable
from davgate.model.instant import FOREVER
from davgate.model.node import ROOT_ID, NodeKind
from davgate.model.principal import SIGNED_IN_ID, SIGNED_IN_NAME, SYSTEM, SYSTEM_ID, PrincipalKind
from davgate.model.rights import EDITOR
from davgate.storage.database import Database
from davgate.storage.driver_errors import DAMAGED, is_damage, reason_of
from davgate.storage.tables import access_grant, blob, node, principal, store

_INIT_LOCK = 0x64617667617465
"""Any number that means us, so that two processes do not make the schema at once on PostgreSQL."""


def prepare(database: Database) -> None:
    """Make the store when there is none, and bring its schema to the newest revision. Doing it again changes nothing.

    A fresh store has a root collection with one ordinary grant, by which whoever signs in may read, write, create,
    delete, lock and check out; it can be removed.

    Raises:
        StoreUnusable: the database cannot be reached, or belongs to a newer davgate.
    """
    try:
        # A fresh file is switched to WAL when it is first opened, and SQLite lets nobody wait for that.
        with database.alone(), database.engine.begin() as connection:
            # The driver's connections commit each statement by itself unless told otherwise.
            connection.exec_driver_sql("BEGIN IMMEDIATE" if database.is_sqlite else "BEGIN")
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _INIT_LOCK})
            _refuse_newer(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if connection.execute(select(store.c.id)).first() is None:
                _fill(connection, database.clock.now())
    except DBAPIError as error:
        raise _unusable(database, error) from error


def is_prepared(database: Database) -> bool:
    """Tell whether the database holds a store, of whatever version.

    Raises:
        StoreUnusable: the database cannot be reached.
        Corrupt: it is damaged.
    """
    if database.is_sqlite and not Path(str(database.url.database)).exists():
        return False
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() is not None
    except DBAPIError as error:
        raise _unusable(database, error) from error


def names_contents(database: Database) -> bool:
    """Tell whether a database that was prepared, by whatever version, names contents that lie in the blob store."""
    with database.engine.connect() as connection:
        return connection.execute(select(blob.c.digest).where(blob.c.body.is_(None)).limit(1)).first() is not None


def check(database: Database) -> None:
    """Refuse a database that was never prepared or has another schema than this davgate.

    Raises:
        StoreUnusable: with what to do.
        Corrupt: the database is damaged.
    """
    if database.is_sqlite and not Path(str(database.url.database)).exists():
        # To connect would leave an empty file behind.
        raise StoreUnusable("The database cannot be opened: there is none. Run `davgate init` first, or check the data folder.")
    try:
        with database.engine.connect() as connection:
            _refuse_newer(connection)
            if MigrationContext.configure(connection).get_current_revision() != _head():
                raise StoreUnusable("The store is not prepared for this version of davgate. Run `davgate init`.")
    except DBAPIError as error:
        raise _unusable(database, error) from error


def _unusable(database: Database, error: DBAPIError) -> StoreUnusable | Corrupt:
    reason = reason_of(error)
    if is_damage(reason):
        return Corrupt(DAMAGED)
    look_at = (
        "Check the data folder, and the rights on it and on what is in it"
        if database.is_sqlite
        else "Check that its server runs, and the setting store.database_url"
    )
    return StoreUnusable(f"The database cannot be opened: {reason.rstrip('.')}. {look_at}.")


def _fill(connection: Connection, now: int) -> None:
    connection.execute(
        insert(store).values(
            id=1,
            uuid=str(uuid.uuid4()),
            next_id=ROOT_ID + 1,
            last_change=0,
            stored_bytes=0,
            last_at=0,
            last_audit=0,
            audit_hash=START,
            last_principal=SYSTEM_ID,
        )
    )
    for fixed_id, name in ((SIGNED_IN_ID, SIGNED_IN_NAME), (SYSTEM_ID, SYSTEM.name)):
        kind = PrincipalKind.GROUP if fixed_id == SIGNED_IN_ID else PrincipalKind.SERVICE
        connection.execute(
            insert(principal).values(
                id=fixed_id,
                name=name,
                kind=kind.value,
                epoch=0,
                is_admin=0,
                is_disabled=0,
                created_at=now,
                expires_at=FOREVER,
                source="",
            )
        )
    connection.execute(
        insert(node).values(
            id=ROOT_ID,
            uuid=str(uuid.uuid4()),
            kind=NodeKind.COLLECTION.value,
            created_at=now,
            created_by=SYSTEM_ID,
            modified_at=now,
            version_no=0,
            is_seen=0,
            is_closed=0,
        )
    )
    connection.execute(insert(access_grant).values(node_id=ROOT_ID, principal_id=SIGNED_IN_ID, rights=EDITOR.value))


def _refuse_newer(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise StoreUnusable("The store was made by a newer davgate. Install that version or a later one.")


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
