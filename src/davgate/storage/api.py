"""What core may use of storage: the one module of this package that it imports.

Which database and which blob store are real is decided where the application is put together.
"""

from davgate.storage import (
    access,
    accounts,
    aliases,
    app_passwords,
    appending,
    as_of,
    audit_rows,
    blob_rows,
    catalog,
    changes,
    check_outs,
    collector,
    dances,
    descriptions,
    directory,
    erasing,
    journal,
    listed_grants,
    locks,
    marks,
    members,
    places,
    properties,
    removal,
    rescues,
    retained,
    revisions,
    sign_in_failures,
    signing_keys,
    sqlite_log,
    stored_content,
    streams,
    subtrees,
    temporary_files,
    thinning,
    transfer,
    trash,
    types_in_use,
    uploads,
    version_notes,
    versions,
)
from davgate.storage.access import Grant, Way
from davgate.storage.accounts import Account
from davgate.storage.app_passwords import AppPassword
from davgate.storage.as_of import FoundThen
from davgate.storage.audit_rows import AuditFilter, AuditRow, ToldRow
from davgate.storage.bitemporal import computed_candidates, registrations
from davgate.storage.bitemporal import index as temporal_index
from davgate.storage.bitemporal import searching as temporal_searching
from davgate.storage.bitemporal.computed_candidates import Candidates
from davgate.storage.bitemporal.criteria import Asked
from davgate.storage.bitemporal.searching import FoundObject
from davgate.storage.blobs import BlobStore, Staged
from davgate.storage.changes import Touched
from davgate.storage.database import Database
from davgate.storage.descriptions import Description, Sayings
from davgate.storage.directory import Entry as DirectoryEntry
from davgate.storage.journal import Change
from davgate.storage.parts import Part
from davgate.storage.properties import NodeProperties
from davgate.storage.rescues import Rescue
from davgate.storage.resolving import Resolved, as_holder_sees, resolve
from davgate.storage.revisions import Line, Numbered, Revision
from davgate.storage.rows import CREATED_BY_AT, IS_CLOSED_AT, MemberRow, from_node, to_node
from davgate.storage.search import property_index, searching
from davgate.storage.search.searching import Found, Standpoint
from davgate.storage.signing_keys import SigningKey
from davgate.storage.statements import Row
from davgate.storage.transactions import Session, Transaction
from davgate.storage.trash import TrashEntry
from davgate.storage.uploads import Upload
from davgate.storage.version_notes import VersionNote
from davgate.storage.versions import NewVersion

__all__ = [
    "CREATED_BY_AT",
    "IS_CLOSED_AT",
    "Account",
    "Asked",
    "AuditFilter",
    "AuditRow",
    "AppPassword",
    "BlobStore",
    "Candidates",
    "Change",
    "Database",
    "Description",
    "DirectoryEntry",
    "Found",
    "FoundObject",
    "FoundThen",
    "Grant",
    "MemberRow",
    "Line",
    "NewVersion",
    "NodeProperties",
    "Numbered",
    "Part",
    "Rescue",
    "Resolved",
    "Revision",
    "Row",
    "Sayings",
    "Session",
    "SigningKey",
    "Standpoint",
    "Staged",
    "ToldRow",
    "Touched",
    "Transaction",
    "TrashEntry",
    "Upload",
    "VersionNote",
    "Way",
    "access",
    "accounts",
    "aliases",
    "app_passwords",
    "appending",
    "as_of",
    "as_holder_sees",
    "audit_rows",
    "blob_rows",
    "catalog",
    "changes",
    "check_outs",
    "collector",
    "computed_candidates",
    "dances",
    "descriptions",
    "directory",
    "erasing",
    "from_node",
    "journal",
    "listed_grants",
    "locks",
    "marks",
    "members",
    "places",
    "properties",
    "property_index",
    "registrations",
    "removal",
    "rescues",
    "resolve",
    "retained",
    "revisions",
    "searching",
    "sign_in_failures",
    "signing_keys",
    "sqlite_log",
    "stored_content",
    "streams",
    "subtrees",
    "temporal_index",
    "temporal_searching",
    "temporary_files",
    "thinning",
    "transfer",
    "to_node",
    "trash",
    "types_in_use",
    "uploads",
    "version_notes",
    "versions",
]
