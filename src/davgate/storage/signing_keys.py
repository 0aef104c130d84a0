"""Keys of what this store signs: rows. The newest signs; what an older one signed is good until that one is removed."""

from __future__ import annotations

from dataclasses import field

from sqlalchemy import bindparam, delete, insert, select

from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.storage.sign_in_tables import signing_key
from davgate.storage.statements import Statement, fits
from davgate.storage.transactions import Session, Transaction


@frozen
class SigningKey:
    """A key with its number, by which what it signed names it."""

    no: int
    key: bytes = field(repr=False)
    made_at: Instant


_ALL = Statement(select(signing_key.c.no, signing_key.c.key, signing_key.c.made_at).order_by(signing_key.c.no.desc()))


def all_keys(session: Session) -> list[SigningKey]:
    """Return all keys, the newest first, which is the one that signs."""
    return [SigningKey(row[0], bytes(row[1]), Instant(row[2])) for row in session.all(_ALL)]


_ADD = Statement(insert(signing_key).values(no=bindparam("no"), key=bindparam("key"), made_at=bindparam("made_at")))


def add(tx: Transaction, no: int, key: bytes) -> SigningKey:
    """Store a key and return it."""
    tx.run(_ADD, no=no, key=key, made_at=tx.now)
    return SigningKey(no, key, tx.now)


_REMOVE = Statement(delete(signing_key).where(signing_key.c.no == bindparam("no")))


def remove(tx: Transaction, no: int) -> bool:
    """Remove a key; tell whether there was one of that number."""
    return fits(no) and tx.changed(_REMOVE, no=no) > 0
