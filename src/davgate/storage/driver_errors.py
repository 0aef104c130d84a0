"""What the errors of database drivers mean, told from their texts: SQLite and PostgreSQL have few codes in common."""

from __future__ import annotations

import logging
from typing import Final

from davgate.model.errors import Busy, Corrupt, DavgateError, QuotaExceeded, StoreUnusable

DAMAGED: Final = "The database file is damaged, or is none. Check the data folder, or restore a backup."
NO_STORE: Final = "The database holds no store. Run `davgate init` first."

logger = logging.getLogger(__name__)


def meaning_of(error: BaseException) -> DavgateError:
    """Return what a driver's error means to the one who asked."""
    text = reason_of(error)
    if "disk is full" in text or "No space left" in text:
        logger.error("The disk of the database is full: %s", text)
        return QuotaExceeded.of_the_disk()
    if "unable to open database" in text:
        return StoreUnusable("The database cannot be opened. Check the data folder, and the rights on it and on what is in it.")
    if "no such table" in text or "does not exist" in text:
        return StoreUnusable(NO_STORE)
    if is_damage(text):
        return Corrupt(DAMAGED)
    if "readonly database" in text:
        logger.error("The database cannot be written: %s", text)
        return Busy("The store can only be read at the moment. Its administrator has to look at the rights on the data folder.")
    if "read-only transaction" in text:
        logger.error("The database server takes no writes: %s", text)
        return Busy("The store can only be read at the moment. Try again later.")
    logger.warning("The database did not answer: %s", text)
    return Busy()


def is_damage(text: str) -> bool:
    """Tell whether a driver says that the file itself is of no use."""
    return "file is not a database" in text or "malformed" in text


def reason_of(error: BaseException) -> str:
    """Return what a driver says in one line, without what SQLAlchemy adds to it."""
    return " ".join(str(getattr(error, "orig", None) or error).split())
