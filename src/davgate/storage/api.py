"""What core may use of storage: the one module of this package that it imports.

Which database and which blob store are real is decided where the application is put together.
"""

from davgate.storage import accounts, catalog, collector, journal, locks, properties, versions
from davgate.storage.accounts import Account
from davgate.storage.blobs import BlobStore, Staged
from davgate.storage.database import Database, Session, Transaction
from davgate.storage.journal import Change
from davgate.storage.properties import NodeProperties
from davgate.storage.resolving import Resolved, resolve
from davgate.storage.rows import MemberRow, from_node, to_node
from davgate.storage.versions import NewVersion

__all__ = [
    "Account",
    "BlobStore",
    "Change",
    "Database",
    "MemberRow",
    "NewVersion",
    "NodeProperties",
    "Resolved",
    "Session",
    "Staged",
    "Transaction",
    "accounts",
    "catalog",
    "collector",
    "from_node",
    "journal",
    "locks",
    "properties",
    "resolve",
    "to_node",
    "versions",
]
