"""Reading everything back and proving the invariants (``davgate fsck``).

What rows alone can tell is in ``invariants``. Here are the checks that need more: the database's own, Unicode, XML, and the
content in the blob store, with its bytes when asked. Nothing is changed, the store stays in use meanwhile, and memory stays flat
whatever its size.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Final

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from lxml import etree
from sqlalchemy import and_, bindparam, exists, func, literal, null, or_, select, text, union_all

from davgate.model.audit import damages
from davgate.model.errors import Busy, Corrupt, DavgateError, StoreUnusable
from davgate.model.frozen import frozen
from davgate.model.indexing import indexed_values, tells, words_of
from davgate.model.names import check_name, collision_key
from davgate.model.node import ROOT_ID
from davgate.storage import audit_rows, schema, uploads
from davgate.storage.bitemporal import index as temporal_index
from davgate.storage.blobs import BlobStore
from davgate.storage.checking.invariant import RESTORE, RESTORE_ALL, STORE_AGAIN, Rule, Subject
from davgate.storage.checking.invariants import RULES
from davgate.storage.database import Database
from davgate.storage.object_tables import document_text
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import blob, dead_property, lock, metadata, node, property_value, trash, version
from davgate.storage.transactions import Session

_BODY_ROWS = 32
"""Contents of the database in memory at once: each may have a megabyte."""
_BLOCK_BYTES = 1 << 20
BROKEN: Final = "database-broken"
_REGISTER_AGAIN: Final = "Change the object through the LoRA door: with that it is found again."


@frozen
class Finding:
    """Something that the checker has to say: a stable code, where, what, and what to do. A note is no damage."""

    code: str
    where: str
    what: str
    advice: str
    is_damage: bool = True

    def __str__(self) -> str:
        return f"{self.code}: {self.where}: {self.what}. {self.advice}"


def verify_schema(database: Database) -> Iterator[Finding]:
    """Yield what is wrong with the tables themselves: a rule that an index keeps holds only while the index is there.

    Raises:
        StoreUnusable: there is no store, or its schema is of another davgate.
    """
    try:
        schema.check(database)
    except Corrupt as error:
        yield _broken(error)
        return
    with database.engine.connect() as connection:
        for difference in compare_metadata(MigrationContext.configure(connection), metadata):
            what = " ".join(map(str, difference)) if isinstance(difference, tuple) else str(difference)
            yield Finding("schema-differs", "database", what, RESTORE_ALL)


def verify(database: Database, blobs: BlobStore, *, read_data: bool = False) -> Iterator[Finding]:
    """Yield whatever is wrong with a store; with ``read_data`` every byte of content is read and its digest computed.

    All rows are seen at one moment. What is written meanwhile is not judged; at most it shows as a note.

    Raises:
        Busy: the database could not be reached.
    """
    all_listed = True
    try:
        with database.survey() as session:
            try:
                yield from _rows(session, database)
                all_listed = yield from _files(session, database, blobs)
                if read_data:
                    yield from _bodies(session)
            except database.driver_error:
                raise
            except database.dialect.loaded_dbapi.DatabaseError as error:
                yield _broken(error)
    except Corrupt as error:
        yield _broken(error)
        return
    except StoreUnusable:
        yield Finding("schema-differs", "database", "a table is missing, so that the rows cannot all be read", RESTORE_ALL)
        return
    # Reading all files takes hours on a large store: a snapshot held so long would keep the database from tidying up.
    if read_data and all_listed:
        yield from _file_bytes(database, blobs)


def _broken(error: Exception) -> Finding:
    return Finding(BROKEN, "database", f"it cannot be read any further: {error}".rstrip("."), RESTORE_ALL)


def _rows(session: Session, database: Database) -> Iterator[Finding]:
    if database.is_sqlite:
        for (line,) in session.all(_INTEGRITY):
            if line != "ok":
                yield Finding(BROKEN, "database", line, RESTORE_ALL)
    now = database.clock.now()
    for rule in RULES:
        for batch in session.stream(rule.breaches, now=now):
            for row in batch:
                yield _told(session, rule, row)
    yield from _names(session)
    yield from _properties(session)
    yield from _found_by(session)
    yield from _registered(session)
    yield from _lock_owners(session)
    yield from _audit(session)


_INTEGRITY = Statement(text("PRAGMA integrity_check"))


def _told(session: Session, rule: Rule, row: Row) -> Finding:
    return Finding(rule.code, _WHERE[rule.subject](session, row[0]), rule.what.format(*row), rule.advice)


_CLIMB = (
    select(node.c.parent_id.label("above"), node.c.name.label("name"), literal(0).label("height"))
    .where(node.c.id == bindparam("node_id"))
    .cte("climb", recursive=True)
)
_HIGHEST = 200
_CLIMBED = _CLIMB.union_all(
    select(node.c.parent_id, node.c.name, _CLIMB.c.height + 1)
    .join_from(_CLIMB, node, node.c.id == _CLIMB.c.above)
    .where(_CLIMB.c.height < _HIGHEST)
)
_PATH = Statement(select(_CLIMBED.c.name, _CLIMBED.c.above).order_by(_CLIMBED.c.height.desc()))


def _node(session: Session, node_id: int) -> str:
    """Name a node by its path too, for people; what is in no tree has only the end of one."""
    names = [row[0] for row in session.all(_PATH, node_id=node_id)]
    shown = "/".join(name or "" for name in names) or "/"
    return f"node {node_id} ({shown})" if any(names) or node_id == ROOT_ID else f"node {node_id}"


def _content(session: Session, digest: bytes) -> str:
    return f"content {digest.hex()}"


def _store(session: Session, row_id: int) -> str:
    return "store"


_WHERE: dict[Subject, Callable[..., str]] = {Subject.NODE: _node, Subject.CONTENT: _content, Subject.STORE: _store}

_NAMES = Statement(select(node.c.id, node.c.parent_id, node.c.name, node.c.name_key).where(node.c.id != ROOT_ID))


def _names(session: Session) -> Iterator[Finding]:
    for batch in session.stream(_NAMES):
        for node_id, parent_id, name, name_key in batch:
            if reason := _name_fault(parent_id, name, name_key):
                yield Finding("name-torn", _node(session, node_id), reason, RESTORE)


def _name_fault(parent_id: int | None, name: str | None, name_key: str | None) -> str:
    if name is None:
        return "it has a key to find it by, and no name" if name_key is not None else ""
    if parent_id is None:
        return "it has a name, and no parent"
    if name_key != collision_key(name):
        return "it cannot be found by its name"
    try:
        check_name(name)
    except DavgateError as error:
        return f"its name cannot be used ({error})".rstrip(".")
    return ""


_PROPERTIES = Statement(select(dead_property.c.node_id, dead_property.c.namespace, dead_property.c.name, dead_property.c.xml))
_XML = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)


def _properties(session: Session) -> Iterator[Finding]:
    for batch in session.stream(_PROPERTIES):
        for node_id, namespace, name, xml in batch:
            if not _is_element(xml, namespace, name):
                what = f"the property {name} in {namespace!r} is not an XML element of that name"
                yield Finding("property-torn", _node(session, node_id), what, "Set the property again.")


_CALLED = func.coalesce(func.nullif(trash.c.name, ""), node.c.name)
_HAS_WORDS = exists().where(document_text.c.node_id == node.c.id)
# One statement for all: a session streams one at a time.
_SAID = Statement(
    union_all(
        select(node.c.id.label("of"), literal(0).label("part"), version.c.properties, version.c.file_name, _CALLED)
        .join_from(node, version, and_(version.c.document_id == node.c.id, version.c.no == node.c.version_no))
        .outerjoin(trash, trash.c.node_id == node.c.id)
        .where(or_(version.c.properties != "{}", version.c.file_name != _CALLED, _HAS_WORDS)),
        select(property_value.c.node_id, literal(1), property_value.c.property, property_value.c.value, null()),
        select(document_text.c.node_id, literal(2), document_text.c.words, literal(""), null()),
    ).order_by("of", "part")
)


def _registered(session: Session) -> Iterator[Finding]:
    for node_id in temporal_index.differing(session):
        what = "it is not found by what its registration says, or by what it does not say"
        yield Finding("temporal-differs", _WHERE[Subject.NODE](session, node_id), what, _REGISTER_AGAIN)


def _found_by(session: Session) -> Iterator[Finding]:
    """Hold what documents are found by against what their current versions say."""
    rows = (row for batch in session.stream(_SAID) for row in batch)
    for node_id, of_node in groupby(rows, key=itemgetter(0)):
        said, file_name, name, found, words = "{}", "", None, set(), ""
        for _, part, text_of_it, value, called in of_node:
            if part == 0:
                said, file_name, name = text_of_it, value, called
            elif part == 1:
                found.add((text_of_it, value))
            else:
                words = text_of_it
        if (fault := _index_fault(said, file_name, name, found, words)) is not None:
            code, what = fault
            yield Finding(code, _node(session, node_id), what, "Change one of its typed properties, and report this.")


def _index_fault(
    properties: str, file_name: str, name: str | None, found: set[tuple[str, str]], words: str
) -> tuple[str, str] | None:
    try:
        said = json.loads(properties)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return "metadata-torn", "what its current version says by typed properties cannot be read"
    differing = sorted(f"{key} = {value}" for key, value in found.symmetric_difference(indexed_values(said)))
    if differing:
        return "index-differs", f"what it is found by is not what its current version says ({', '.join(differing[:3])})"
    # Without properties it has words where its name on the drive does not tell them; without such a name, where it once had one.
    is_found = not said and (not words if name is None else tells(name, file_name))
    if words != ("" if is_found else words_of(said, file_name)):
        return "words-differ", "the words that it is found by are not those of its current version"
    return None


_OWNERS = Statement(select(lock.c.node_id, lock.c.owner).where(lock.c.owner != ""))


def _lock_owners(session: Session) -> Iterator[Finding]:
    for batch in session.stream(_OWNERS):
        for node_id, owner in batch:
            if not _is_element(f'<owner xmlns:D="DAV:">{owner}</owner>', "", "owner"):
                what = "it has a lock whose owner is not XML, so that its locks cannot be told"
                yield Finding("lock-torn", _node(session, node_id), what, "End the lock, or wait for its end. Report this.")


def _is_element(xml: str, namespace: str, name: str) -> bool:
    try:
        element = etree.fromstring(xml.encode(), _XML)
    except etree.XMLSyntaxError:
        return False
    return element.tag == (f"{{{namespace}}}{name}" if namespace else name)


_COMPARE = "Keep a copy of the database as it is, and compare with a backup or an export: somebody changed it past davgate."


def _audit(session: Session) -> Iterator[Finding]:
    """Hold the audit against its chain."""
    for damage in damages(audit_rows.links(session), audit_rows.head(session)):
        yield Finding(damage.code, damage.where, damage.what, _COMPARE)


_RECORDED = Statement(select(blob.c.digest, blob.c.length_bytes).where(blob.c.body.is_(None)).order_by(blob.c.digest))
_LENGTH = Statement(select(blob.c.length_bytes).where(blob.c.digest == bindparam("digest"), blob.c.body.is_(None)))


def _files(session: Session, database: Database, blobs: BlobStore) -> Generator[Finding, None, bool]:
    """Hold the rows against what the blob store has; tell at the end whether all of it could be listed."""
    try:
        yield from _against_files(session, database, blobs)
        yield from _against_parts(session, database, blobs)
    except OSError as error:
        advice = "Mount or restore the folder of the contents, and look to the rights on it."
        yield Finding("blobs-unreadable", "store", f"the blob store cannot be listed ({error})", advice)
        return False
    return True


def _against_files(session: Session, database: Database, blobs: BlobStore) -> Iterator[Finding]:
    """Compare rows and files: both come in the order of their digests, so neither is in memory."""
    rows = ((row[0], "row", row[1]) for batch in session.stream(_RECORDED) for row in batch)
    files = ((stored.digest, "file", stored.length_bytes) for stored in blobs.stored())
    for digest, found in groupby(merge(rows, files), key=itemgetter(0)):
        lengths = {source: length for _, source, length in found}
        if "row" not in lengths:
            yield Finding(
                "blob-orphan", _content(session, digest), "nothing names it", "The collector removes it in time.", is_damage=False
            )
        elif "file" not in lengths:
            # The collector may have removed row and file since this snapshot began.
            if _recorded_length(database, digest) is not None:
                yield Finding("blob-missing", _content(session, digest), "it is not in the blob store", STORE_AGAIN)
        elif lengths["file"] != lengths["row"]:
            what = f"{lengths['file']} bytes are in the blob store where {lengths['row']} belong"
            yield Finding("blob-length", _content(session, digest), what, STORE_AGAIN)
    if unfinished := blobs.unfinished():
        what = f"{unfinished} uploads are under way or were cut off"
        yield Finding("staging-leftover", "store", what, "The collector removes leftovers in time.", is_damage=False)


def _against_parts(session: Session, database: Database, blobs: BlobStore) -> Iterator[Finding]:
    """Hold the offsets of unfinished uploads against the bytes that lie there; bytes beyond are of an append that goes on."""
    for one in uploads.stream(session):
        there = blobs.parts.length_of(one.id) or 0
        # It may have ended since this snapshot began; its row is gone before its bytes are. One that has expired, as those of a
        # backup have, is of no use to anybody.
        if there < one.offset_bytes and one.expires_at > database.clock.now() and _is_open(database, one.id):
            what = f"{there} bytes lie there where {one.offset_bytes} are said to have arrived"
            yield Finding("upload-torn", f"upload {one.id}", what, "It expires by itself; have the client begin it anew.")
    leftovers = sum(not _is_open(database, upload_id) for upload_id in blobs.parts.stored())
    if leftovers:
        what = f"there are bytes of {leftovers} uploads that have ended"
        yield Finding("upload-leftover", "store", what, "The upkeep removes leftovers in time.", is_damage=False)


def _is_open(database: Database, upload_id: str) -> bool:
    with database.read() as session:
        return uploads.find(session, upload_id) is not None


def _recorded_length(database: Database, digest: bytes) -> int | None:
    """Return the length of a content that is said, now, to lie in the blob store; None when it is not."""
    with database.read() as session:
        row = session.first(_LENGTH, digest=digest)
    return None if row is None else int(row[0])


# A content of the wrong length is told already.
_BODIES = Statement(select(blob.c.digest, blob.c.body).where(func.length(blob.c.body) == blob.c.length_bytes))


def _bodies(session: Session) -> Iterator[Finding]:
    for batch in session.stream(_BODIES, batch_rows=_BODY_ROWS):
        for digest, body in batch:
            if hashlib.sha256(body).digest() != digest:
                yield Finding("blob-corrupt", _content(session, digest), "its bytes in the database are others", RESTORE)


def _file_bytes(database: Database, blobs: BlobStore) -> Iterator[Finding]:
    for stored in blobs.stored():
        reason = _read_fault(blobs, stored.digest)
        if reason and _recorded_length(database, stored.digest) == stored.length_bytes:
            yield Finding("blob-corrupt", f"content {stored.digest.hex()}", reason, STORE_AGAIN)


def _read_fault(blobs: BlobStore, digest: bytes) -> str:
    computed = hashlib.sha256()
    try:
        with blobs.open(digest) as file:
            while block := file.read(_BLOCK_BYTES):
                computed.update(block)
    except Corrupt:
        # Collected since it was listed, or it would have been missed already.
        return ""
    except (Busy, OSError) as error:
        told = error.__cause__ if isinstance(error, Busy) else error
        return f"it cannot be read ({getattr(told, 'strerror', told)})"
    return "" if computed.digest() == digest else "its bytes in the blob store are others"
