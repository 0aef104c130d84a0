"""What core may use of storage: the one module of this package that it imports.

Which database and which blob store are real is decided where the application is put together.
"""

from davgate.storage import (
    access,
    accounts,
    as_of,
    catalog,
    changes,
    check_outs,
    collector,
    dances,
    erasing,
    journal,
    locks,
    marks,
    properties,
    removal,
    rescues,
    thinning,
    trash,
    version_notes,
    versions,
)
from davgate.storage.access import Grant, Way
from davgate.storage.accounts import Account
from davgate.storage.as_of import FoundThen
from davgate.storage.blobs import BlobStore, Staged
from davgate.storage.changes import Recorded, Touched
from davgate.storage.database import Database, Session, Transaction
from davgate.storage.journal import Change
from davgate.storage.properties import NodeProperties
from davgate.storage.rescues import Rescue
from davgate.storage.resolving import Resolved, as_holder_sees, resolve
from davgate.storage.rows import CREATED_BY_AT, IS_CLOSED_AT, MemberRow, from_node, to_node
from davgate.storage.statements import Row
from davgate.storage.trash import TrashEntry
from davgate.storage.version_notes import VersionNote
from davgate.storage.versions import NewVersion

__all__ = [
    "CREATED_BY_AT",
    "IS_CLOSED_AT",
    "Account",
    "BlobStore",
    "Change",
    "Database",
    "FoundThen",
    "Grant",
    "MemberRow",
    "NewVersion",
    "NodeProperties",
    "Recorded",
    "Rescue",
    "Resolved",
    "Row",
    "Session",
    "Staged",
    "Touched",
    "Transaction",
    "TrashEntry",
    "VersionNote",
    "Way",
    "access",
    "accounts",
    "as_of",
    "as_holder_sees",
    "catalog",
    "changes",
    "check_outs",
    "collector",
    "dances",
    "erasing",
    "from_node",
    "journal",
    "locks",
    "marks",
    "properties",
    "removal",
    "rescues",
    "resolve",
    "thinning",
    "to_node",
    "trash",
    "version_notes",
    "versions",
]
