"""Passwords that a person gives to programs: rows. Only digests of the secrets are here."""

from __future__ import annotations

from dataclasses import field

from sqlalchemy import bindparam, delete, func, insert, select, update

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.rights import Right, Scope
from davgate.storage.sign_in_tables import app_password
from davgate.storage.statements import Row, Statement
from davgate.storage.transactions import Session, Transaction


@frozen
class AppPassword:
    """A password for one program, without its secret. ``name`` says which program; one principal has each name once.

    ``digest_md5`` and ``digest_sha256`` are what Digest sign-in checks (HA1, RFC 7616, 3.4.2), None where that was not asked for.
    """

    id: int
    principal_id: int
    name: str
    scope: Scope
    created_at: Instant
    expires_at: Instant
    used_at: Instant | None
    digest_md5: str | None = field(repr=False)
    digest_sha256: str | None = field(repr=False)


_COLUMNS = (
    app_password.c.id,
    app_password.c.principal_id,
    app_password.c.name,
    app_password.c.rights,
    app_password.c.tree_id,
    app_password.c.created_at,
    app_password.c.expires_at,
    app_password.c.used_at,
    app_password.c.digest_md5,
    app_password.c.digest_sha256,
)


def _from_row(row: Row) -> AppPassword:
    used_at = None if row[7] is None else Instant(row[7])
    return AppPassword(
        row[0], row[1], row[2], Scope(Right(row[3]), row[4]), Instant(row[5]), Instant(row[6]), used_at, row[8], row[9]
    )


_BY_SECRET = Statement(select(*_COLUMNS).where(app_password.c.secret_hash == bindparam("secret_hash")))


def find(session: Session, secret_hash: bytes) -> AppPassword | None:
    """Return the app password whose secret has this SHA-256, expired or not; None when there is none.

    The index compares digests of random secrets, so what its time tells helps nobody to guess one.
    """
    row = session.first(_BY_SECRET, secret_hash=secret_hash)
    return None if row is None else _from_row(row)


_OF = Statement(select(*_COLUMNS).where(app_password.c.principal_id == bindparam("principal_id")).order_by(app_password.c.name))
_ALL = Statement(select(*_COLUMNS).order_by(app_password.c.principal_id, app_password.c.name))


def all_of(session: Session, principal_id: int | None = None) -> list[AppPassword]:
    """Return the app passwords of a principal by name, expired or not; without one those of everybody."""
    rows = session.all(_ALL) if principal_id is None else session.all(_OF, principal_id=principal_id)
    return [_from_row(row) for row in rows]


_HIGHEST = Statement(select(func.max(app_password.c.id)))
_ADD = Statement(
    insert(app_password).values(
        id=bindparam("id"),
        principal_id=bindparam("principal_id"),
        name=bindparam("name"),
        secret_hash=bindparam("secret_hash"),
        digest_md5=bindparam("digest_md5"),
        digest_sha256=bindparam("digest_sha256"),
        rights=bindparam("rights"),
        tree_id=bindparam("tree_id"),
        created_at=bindparam("created_at"),
        expires_at=bindparam("expires_at"),
    )
)


def add(
    tx: Transaction,
    principal_id: int,
    name: str,
    scope: Scope,
    expires_at: Instant,
    *,
    secret_hash: bytes,
    digest_md5: str | None = None,
    digest_sha256: str | None = None,
) -> AppPassword:
    """Store an app password and return it."""
    highest = tx.first(_HIGHEST)
    new_id = 1 + (highest[0] if highest and highest[0] is not None else 0)
    tx.run(
        _ADD,
        id=new_id,
        principal_id=principal_id,
        name=name,
        secret_hash=secret_hash,
        digest_md5=digest_md5,
        digest_sha256=digest_sha256,
        rights=scope.rights.value,
        tree_id=scope.tree_id,
        created_at=tx.now,
        expires_at=expires_at,
    )
    return AppPassword(new_id, principal_id, name, scope, tx.now, expires_at, None, digest_md5, digest_sha256)


_TOUCH = Statement(update(app_password).where(app_password.c.id == bindparam("app_password_id")).values(used_at=bindparam("now")))


def touch(tx: Transaction, app_password_id: int) -> None:
    """Note that an app password was used now."""
    tx.run(_TOUCH, app_password_id=app_password_id, now=tx.now)


_REMOVE = Statement(delete(app_password).where(app_password.c.id == bindparam("app_password_id")))


def remove(tx: Transaction, app_password_id: int) -> None:
    """Remove an app password."""
    tx.run(_REMOVE, app_password_id=app_password_id)
