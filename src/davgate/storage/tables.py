"""The tables, portable between SQLite and PostgreSQL.

Conventions: ``*_at`` are UTC microseconds (``model.instant``); digests are the 32 bytes of SHA-256; closed sets are
kept as the value of their enum. Names compare by ``name_key`` (``model.names.collision_key``). The schema itself is
made by ``migrations``; a test compares both.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    FromClause,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    cast,
    exists,
    func,
    literal_column,
    not_,
    select,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData()

# SQLite gives its fast row id only to a column declared INTEGER; there it has 64 bits too.
ID: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
# Names sort and compare by code point on both engines, whatever the locale of a PostgreSQL database.
NAME: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")

store = Table(
    "store",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("uuid", Text, nullable=False),
    Column("next_id", BigInteger, nullable=False, comment="inner ids: nodes now, Dynacase revisions and families too"),
    Column("last_change", BigInteger, nullable=False),
    Column("stored_bytes", BigInteger, nullable=False, comment="sum of all blobs"),
    Column("last_at", BigInteger, nullable=False, comment="the instant of the newest change: no two transactions share one"),
    Column("last_audit", BigInteger, nullable=False),
    Column("audit_hash", LargeBinary, nullable=False, comment="the head of the audit's chain"),
    Column("last_principal", BigInteger, nullable=False, comment="the highest id that a principal ever had: none is given again"),
    CheckConstraint("id = 1", name="store_is_one"),
)
"""One row. The writer locks it on PostgreSQL, which makes the order of changes gap-free and the writer the only one."""

principal = Table(
    "principal",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("name", NAME, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("password_hash", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("is_admin", SmallInteger, nullable=False),
    Column("is_disabled", SmallInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, comment="from then on it may not sign in"),
    Column(
        "source", Text, nullable=False, comment="what proves who it is: empty for this store, else the name of another source"
    ),
)

membership = Table(
    "membership",
    metadata,
    Column("group_id", ForeignKey("principal.id"), nullable=False),
    Column("member_id", ForeignKey("principal.id"), nullable=False, index=True),
    PrimaryKeyConstraint("group_id", "member_id"),
    sqlite_with_rowid=False,
)
"""Who is in a group: users, services and other groups."""

# Where a node is now and what its current version holds: copies kept in the same commit, so that a listing reads one table.
node = Table(
    "node",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("uuid", Text, nullable=False, unique=True),
    Column("kind", SmallInteger, nullable=False),
    Column("parent_id", ForeignKey("node.id")),
    Column("name", NAME),
    Column("name_key", NAME),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", ForeignKey("principal.id"), nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("version_no", BigInteger, nullable=False),
    Column("digest", LargeBinary),
    Column("length_bytes", BigInteger),
    Column("media_type", Text),
    Column("is_seen", SmallInteger, nullable=False, comment="somebody else than its maker has read it; kept while it is young"),
    Column("is_closed", SmallInteger, nullable=False, comment="grants on what is above it do not hold for it"),
    Index("node_by_name", "parent_id", "name_key", unique=True),
    Index("node_by_maker", "created_by"),
)
# Finding the few that are pending, unversioned or a collection must not read the many that are not. The conditions stand
# here once, without parameters: an index on a part of the rows serves a query that says the same, and no other.
IS_PENDING = (node.c.digest.is_(None)) & (node.c.kind == literal_column("2"))
"""Documents whose content is yet to come."""
IS_UNVERSIONED = (node.c.version_no == literal_column("0")) & (node.c.digest.is_not(None))
"""Programs' scratch files."""
IS_CLOSED = node.c.is_closed == literal_column("1")
"""Nodes that break the inheritance of rights."""


def is_collection(nodes: FromClause) -> ColumnElement[bool]:
    """Return the condition on collections, to find those in another one among many documents."""
    return nodes.c.kind == literal_column("1")


Index("node_collection", node.c.parent_id, sqlite_where=is_collection(node), postgresql_where=is_collection(node))
Index("node_closed", node.c.parent_id, sqlite_where=IS_CLOSED, postgresql_where=IS_CLOSED)
Index("node_pending", node.c.modified_at, sqlite_where=IS_PENDING, postgresql_where=IS_PENDING)
Index("node_unversioned", node.c.digest, sqlite_where=IS_UNVERSIONED, postgresql_where=IS_UNVERSIONED)

placement = Table(
    "placement",
    metadata,
    Column("parent_id", BigInteger, nullable=False),
    Column("name_key", NAME, nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False, comment="the first instant at which it no longer held"),
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("name", NAME, nullable=False),
    PrimaryKeyConstraint("parent_id", "name_key", "from_at"),
    Index("placement_by_node", "node_id", "from_at"),
    sqlite_with_rowid=False,
)
"""Every place that a node ever had, in the order in which a collection of the past is listed."""

bare_place = Table(
    "bare_place",
    metadata,
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False, comment="the first instant at which it no longer held"),
    Column("parent_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("node_id", "from_at"),
    sqlite_with_rowid=False,
)
"""Every collection in which a node ever was without a name on the drive, and so not for the drive."""

successor = Table(
    "successor",
    metadata,
    Column("uuid", Text, primary_key=True),
    Column("node_id", BigInteger, nullable=False, index=True, comment="its former inner id"),
    Column("successor_id", ForeignKey("node.id"), nullable=False, index=True),
)
"""Documents that became part of another one: a program's working copy after its content went on. Their ids lead to it."""

vacated = Table(
    "vacated",
    metadata,
    Column("parent_id", BigInteger, nullable=False),
    Column("name_key", NAME, nullable=False),
    Column("name", NAME, nullable=False),
    Column("node_id", ForeignKey("node.id"), nullable=False, index=True),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("left_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False, comment="the end of the window, which each step of the same dance moves on"),
    PrimaryKeyConstraint("parent_id", "name_key"),
    # Whoever goes on in a collection finds the windows that are to last longer, be there ten or ten thousand others.
    Index("vacated_by_principal", "parent_id", "principal_id", "until"),
    sqlite_with_rowid=False,
)
"""Names that a document left through the drive a moment ago: whether it left them for good is not known yet."""

trash = Table(
    "trash",
    metadata,
    Column("node_id", ForeignKey("node.id"), primary_key=True, autoincrement=False),
    Column("parent_id", BigInteger, nullable=False),
    Column("name", NAME, nullable=False),
    Column("path", Text, nullable=False),
    Column("deleted_at", BigInteger, nullable=False),
    Column("deleted_by", ForeignKey("principal.id"), nullable=False),
    Column(
        "keeps_address",
        SmallInteger,
        nullable=False,
        comment="it is still found where it was, marked as deleted, by doors that show such",
    ),
    Column("comment", Text, nullable=False, comment="what was said of the deletion"),
)
"""What was deleted, with its subtree still below it."""
KEEPS_ADDRESS = trash.c.keeps_address == literal_column("1")
"""What is still found where it was."""
Index("trash_addressed", trash.c.parent_id, sqlite_where=KEEPS_ADDRESS, postgresql_where=KEEPS_ADDRESS)

version = Table(
    "version",
    metadata,
    Column("document_id", ForeignKey("node.id"), nullable=False),
    Column("no", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("sealed_at", BigInteger, nullable=False, comment="in the future while its edit session goes on: the session's end"),
    Column("saved_at", BigInteger, nullable=False, comment="when its present bytes arrived"),
    Column("session", Text, comment="the lock token under which it was opened; null when it was sealed at once"),
    Column("author_id", ForeignKey("principal.id"), nullable=False),
    Column("comment", Text, nullable=False),
    Column("origin", Text, nullable=False, comment="what was copied or restored, for people"),
    Column("file_name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
    Column("properties", Text, nullable=False, comment="snapshot of the typed properties, JSON"),
    Column("has_content", SmallInteger, nullable=False, comment="0: it holds metadata alone, and its digest is that of no bytes"),
    Column("content_no", BigInteger, comment="counts from 0 the versions that came with content; null before the first"),
    Column("has_streams", SmallInteger, nullable=False, comment="it has named streams beside its primary one"),
    PrimaryKeyConstraint("document_id", "no"),
    sqlite_with_rowid=False,
)
# Ending or refreshing a lock finds the sessions under it.
Index(
    "version_by_session",
    version.c.session,
    sqlite_where=version.c.session.is_not(None),
    postgresql_where=version.c.session.is_not(None),
)

version_mark = Table(
    "version_mark",
    metadata,
    Column("document_id", ID, nullable=False),
    Column("version_no", BigInteger, nullable=False),
    Column("kind", Text, nullable=False, comment="label, pin or hold"),
    Column("label", Text, nullable=False, comment="the text of a label; empty for the others"),
    Column("marked_by", ForeignKey("principal.id"), nullable=False),
    Column("marked_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("document_id", "version_no", "kind", "label"),
    ForeignKeyConstraint(["document_id", "version_no"], ["version.document_id", "version.no"]),
    sqlite_with_rowid=False,
)
"""Labels, pins and holds: a version that has one is never thinned."""

version_policy = Table(
    "version_policy",
    metadata,
    Column("collection_id", ForeignKey("node.id"), primary_key=True, autoincrement=False),
    Column("per", Text, nullable=False, comment="session or save"),
)
"""Collections that decide for what is below them how many saves make a version."""

version_stream = Table(
    "version_stream",
    metadata,
    Column("document_id", ID, nullable=False),
    Column("version_no", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("document_id", "version_no", "name"),
    ForeignKeyConstraint(["document_id", "version_no"], ["version.document_id", "version.no"]),
    sqlite_with_rowid=False,
)
"""Named content streams beside a version's primary one."""

save = Table(
    "save",
    metadata,
    Column("document_id", ID, nullable=False),
    Column("version_no", BigInteger, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("author_id", ForeignKey("principal.id"), nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("document_id", "version_no", "saved_at"),
    ForeignKeyConstraint(["document_id", "version_no"], ["version.document_id", "version.no"]),
    sqlite_with_rowid=False,
)
"""Bytes that were a version's content while it was open, until a later save of the same edit session replaced them."""

check_out = Table(
    "check_out",
    metadata,
    Column("document_id", ForeignKey("node.id"), primary_key=True, autoincrement=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("base_no", BigInteger, nullable=False, comment="the version that was current then; 0 for none"),
    Column("cancelled_at", BigInteger, comment="set when somebody else ended it: what its holder saves late is kept aside"),
    Column("saved_at", BigInteger, comment="when the working copy was last saved; null when it is as the base"),
    Column("media_type", Text),
    Column("digest", LargeBinary, index=True),
    Column("length_bytes", BigInteger),
    Column("file_name", Text, comment="of the working copy; null as the base has it"),
)
"""Working copies, which their holders alone see."""

working_save = Table(
    "working_save",
    metadata,
    Column("document_id", ForeignKey("check_out.document_id"), nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
    PrimaryKeyConstraint("document_id", "saved_at"),
    sqlite_with_rowid=False,
)
"""Bytes that a working copy had before its present ones; check-in turns them into saves of the new version."""

rescue = Table(
    "rescue",
    metadata,
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False, index=True),
    Column("document_id", BigInteger, index=True, comment="the document that was meant"),
    Column("path", Text, nullable=False, comment="where it was"),
    Column("name", NAME, nullable=False),
    Column("reason", Text, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False),
)
"""Bytes that came too late to be a version: kept for their author alone."""

blob = Table(
    "blob",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("length_bytes", BigInteger, nullable=False),
    Column("stored_at", BigInteger, nullable=False, comment="refreshed when stored again, so that the collector spares it"),
    Column("body", LargeBinary, comment="small content; null when it lies in the blob store"),
)

lock = Table(
    "lock",
    metadata,
    Column("token", Text, primary_key=True),
    Column("node_id", ForeignKey("node.id"), nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("depth", Text, nullable=False),
    Column("holding", Text, nullable=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("owner", Text, nullable=False, comment="the inside of DAV:owner, as sent"),
    Column("timeout_seconds", BigInteger, comment="null never ends"),
    Column("taken_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revivable_until", BigInteger, nullable=False, comment="after its end its holder may have it back until then"),
    Column("is_stealable", SmallInteger, nullable=False, comment="whoever may write there may end it"),
    Index("lock_by_holder", "principal_id", "expires_at"),
    sqlite_with_rowid=False,
)

dead_property = Table(
    "dead_property",
    metadata,
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("xml", Text, nullable=False),
    PrimaryKeyConstraint("node_id", "namespace", "name"),
    sqlite_with_rowid=False,
)

node_type = Table(
    "node_type",
    metadata,
    Column("node_id", ForeignKey("node.id"), primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False, index=True),
)
"""The primary object type of what a REST door made. It never changes; what the drive made has none."""

alias = Table(
    "alias",
    metadata,
    Column("node_id", ForeignKey("node.id"), primary_key=True, autoincrement=False),
    Column("name", NAME, nullable=False, index=True),
    Column("number", BigInteger, comment="of its kind, where the name was made of one"),
)
"""Second names that a door gives nodes in their collections, beside their names on the drive."""

counter = Table(
    "counter",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The highest number that an alias of each kind ever had."""

property_value = Table(
    "property_value",
    metadata,
    Column("property", Text, nullable=False),
    Column("value", NAME, nullable=False),
    Column("node_id", ForeignKey("node.id"), nullable=False, index=True),
    PrimaryKeyConstraint("property", "value", "node_id"),
    sqlite_with_rowid=False,
)
"""What the current versions say by their typed properties, to be found by it: kept in the commit that makes the version."""

upload = Table(
    "upload",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "node_id",
        ForeignKey("node.id"),
        nullable=False,
        index=True,
        comment="the collection that gets a document, or the document that gets content",
    ),
    Column("principal_id", ForeignKey("principal.id"), nullable=False, index=True),
    Column("length_bytes", BigInteger, nullable=False, comment="announced"),
    Column("offset_bytes", BigInteger, nullable=False, comment="arrived, and durable"),
    Column("metadata", Text, nullable=False, comment="what was said of it, JSON"),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""Uploads that arrive in parts (TUS). Their bytes lie in the staging area of the blob store."""

access_grant = Table(
    "access_grant",
    metadata,
    Column("node_id", ForeignKey("node.id"), nullable=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("rights", BigInteger, nullable=False, comment="bits of model.rights.Right"),
    PrimaryKeyConstraint("node_id", "principal_id"),
    Index("access_grant_by_principal", "principal_id"),
    sqlite_with_rowid=False,
)

change = Table(
    "change",
    metadata,
    Column("seq", ID, primary_key=True, autoincrement=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("node_id", ID, nullable=False, comment="outlives its node, which may be erased"),
    Column("parent_id", BigInteger, comment="the collection whose members changed"),
    Column("name", NAME),
    Column("version_no", BigInteger),
    Index("change_by_parent", "parent_id", "seq"),
)
"""The global, gap-free order of what happened to nodes."""

audit = Table(
    "audit",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("principal_id", ForeignKey("principal.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("node_id", BigInteger),
    Column("path", Text, nullable=False),
    Column("detail", Text, nullable=False, comment="JSON"),
    Column("request_id", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("outcome", Text, nullable=False, comment="granted or denied"),
    Column("hash", LargeBinary, nullable=False, comment="of the row before it and of this one: no row can be altered alone"),
    Index("audit_by_node", "node_id", "at", "id"),
)

_scratch = node.alias("scratch")
_same = version.alias("same")
# Bytes count once however often they are kept, so what several scratch files share is left out once, and what is a version's not.
_OF_SCRATCH_ALONE = (
    select(func.max(_scratch.c.length_bytes).label("length_bytes"))
    .where(
        _scratch.c.version_no == literal_column("0"),
        _scratch.c.digest.is_not(None),
        not_(exists().where(_same.c.digest == _scratch.c.digest)),
    )
    .group_by(_scratch.c.digest)
    .subquery()
)
_SCRATCH_BYTES = select(func.coalesce(func.sum(_OF_SCRATCH_ALONE.c.length_bytes), 0))
STORED_BYTES = select(cast(func.max(store.c.stored_bytes) - _SCRATCH_BYTES.scalar_subquery(), BigInteger)).scalar_subquery()
"""What counts for the quota: the sum of all blobs but for what programs keep for a moment."""
