"""Revisions: a document's versions in groups, for doors that number what somebody declared finished.

Every write of any door goes into the newest revision; another one begins only when it is asked for. Each revision shows the last
version before the next one begins, which is neither thinned nor removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from davgate.core import objects
from davgate.core.access import check_account, look_up
from davgate.core.describing import Described, describe_all, describe_found
from davgate.core.objects import Changes, NewObject, Place, create_within, update_found
from davgate.core.recording import record
from davgate.core.searching import Search, pick
from davgate.core.store import Context, Store
from davgate.core.trash import find_around
from davgate.model.checkout import Act, Ruling, rule
from davgate.model.errors import Forbidden, NotFound
from davgate.model.errors_of_objects import LogicalNameTaken, NoSuchRevision
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.metadata import Metadata
from davgate.model.names import check_text
from davgate.model.node import Cause, Content, Node, NodeKind, Stream, Version, no_streams
from davgate.model.paths import TreePath
from davgate.model.query import Area
from davgate.storage.api import Line, Numbered, Resolved, Revision, Session, Transaction, registrations, streams
from davgate.storage.api import revisions as rows

_MOST_DIGITS: Final = 18
"""A number of more digits is nobody's, and no database takes it."""


@frozen
class Shown:
    """A document as one of its revisions shows it.

    ``it`` is the document as it is now, ``revision`` which one is shown, ``name`` its logical name. What follows is said by the
    version that the revision shows; of the newest one it is what the caller sees, which may be
    the caller's working copy.
    """

    it: Described
    revision: Revision
    name: str | None
    is_newest: bool
    is_deleted: bool
    version_no: int
    metadata: Metadata
    content: Content | None
    file_name: str
    streams: Mapping[str, Stream]
    changed_at: Instant
    changed_by: str

    @property
    def id(self) -> int:
        """The number of the revision in the whole store."""
        return self.revision.id

    @property
    def initid(self) -> int:
        """The number of the document, which is that of its first revision."""
        return self.it.node.id

    @property
    def no(self) -> int:
        """The number of the revision in the document, from 0 on."""
        return self.revision.no

    @property
    def type(self) -> str | None:
        """The primary object type."""
        return self.it.said.type


def resolve(store: Store, wanted: str) -> Numbered | None:
    """Return what a number or a logical name leads to, or None; whether the caller may see it is not asked yet."""
    with store.database.read() as session:
        if wanted.isascii() and wanted.isdigit():
            return rows.numbered(session, int(wanted)) if len(wanted) <= _MOST_DIGITS else None
        node_id = rows.named(session, wanted)
        return None if node_id is None else Numbered(node_id)


# Reading


def show(store: Store, ctx: Context, node_id: int) -> Shown:
    """Return a document at its newest revision; the request's conditions are not looked at.

    Raises:
        NotFound.
    """
    with store.database.read(snapshot=True) as session:
        it, path = _describe(session, ctx, node_id, store.clock.now(), deleted=False)
        return _newest(session, it, path, is_deleted=False)


def show_deleted(store: Store, ctx: Context, node_id: int) -> Shown:
    """Return a document in the trash at its newest revision, also one that lies in a folder there.

    Raises:
        NotFound: it is not there, or the caller may not see it.
    """
    with store.database.read(snapshot=True) as session:
        it, path = _describe(session, ctx, node_id, store.clock.now(), deleted=True)
        return _newest(session, it, path, is_deleted=True)


def show_trash(store: Store, ctx: Context, wanted: Search) -> tuple[list[Shown], int]:
    """Return some of the documents in the trash that the caller may see, those in folders there too, and how many there are.

    A fixed number of statements, and as a whole only what is returned is read.

    Raises:
        Malformed: too much is asked at once, or what makes no sense.
    """
    with store.database.read(snapshot=True) as session:
        now = store.clock.now()
        ids, total = pick(session, ctx, wanted, now, Area.TRASH)
        names = registrations.names_had(session, ids)
        items = [_as_it_was(it, names.get(it.node.id, it.node.name)) for it in describe_all(session, ctx, ids, now)]
        return _show_all(session, items, is_deleted=True), total


def _is_document(node: Node) -> bool:
    return node.kind is NodeKind.DOCUMENT and node.version_no > 0


def _as_it_was(it: Described, name: str | None) -> Described:
    """Return a document of the trash with the name that it had, free of locks and check-outs."""
    return replace(it, node=replace(it.node, name=name), lock=None, lock_holder="", check_out=None)


def is_deleted(store: Store, ctx: Context, node_id: int) -> bool:
    """Tell whether a document is in the trash, and the caller may see it there."""
    try:
        show_deleted(store, ctx, node_id)
    except NotFound:
        return False
    return True


def show_all(store: Store, items: Sequence[Described]) -> list[Shown]:
    """Return documents of a list at their newest revisions: two statements more, however many."""
    with store.database.read(snapshot=True) as session:
        return _show_all(session, items, is_deleted=False)


def _show_all(session: Session, items: Sequence[Described], *, is_deleted: bool) -> list[Shown]:
    ids = [one.node.id for one in items]
    lines, named = rows.lines(session, ids), streams.of_nodes(session, ids)
    return [_as_it_is(one, lines[one.node.id], named.get(one.node.id, no_streams()), is_deleted=is_deleted) for one in items]


def show_some(
    store: Store, ctx: Context, node_id: int, first: int, most: int | None, *, deleted: bool = False
) -> tuple[list[Shown], int]:
    """Return some revisions of a document, the newest first, without ``most`` all that follow, and how many there are.

    Raises:
        NotFound.
    """
    with store.database.read(snapshot=True) as session:
        return show_some_within(session, ctx, node_id, first, most, store.clock.now(), deleted=deleted)


def show_some_within(
    session: Session, ctx: Context, node_id: int, first: int, most: int | None, now: Instant, *, deleted: bool = False
) -> tuple[list[Shown], int]:
    """Return the same within a session that is open; see ``show_some``."""
    it, path = _describe(session, ctx, node_id, now, deleted=deleted)
    newest_no = _line(session, it).newest.no
    high = newest_no - first
    low = 0 if most is None else max(0, high - most + 1)
    return _shown(session, it, path, low, high, is_deleted=deleted) if high >= 0 else [], newest_no + 1


def show_one(store: Store, ctx: Context, node_id: int, no: int, *, deleted: bool = False) -> Shown:
    """Return a document at one of its revisions.

    Raises:
        NotFound.
        NoSuchRevision: it has none of this number.
    """
    with store.database.read(snapshot=True) as session:
        it, path = _describe(session, ctx, node_id, store.clock.now(), deleted=deleted)
        found = _shown(session, it, path, no, no, is_deleted=deleted) if 0 <= no < FOREVER else []
        if not found:
            raise NoSuchRevision(path, no)
        return found[0]


def _describe(session: Session, ctx: Context, node_id: int, now: Instant, *, deleted: bool) -> tuple[Described, TreePath]:
    if not deleted:
        seen = describe_found(session, ctx.without_conditions(), look_up(session, ctx, node_id, now))
        return seen.it, seen.path
    check_account(session, ctx, now)
    entry = find_around(session, ctx, node_id)
    described = describe_all(session, ctx, [node_id], now)[0]
    it = _as_it_was(described, (entry.name or None) if entry.node.id == node_id else described.node.name)
    if not _is_document(it.node):
        raise NotFound((".trash", str(node_id)))
    return it, (".trash", it.node.name or "")


def _line(session: Session, it: Described) -> Line:
    return rows.lines(session, [it.node.id])[it.node.id]


def _newest(session: Session, it: Described, path: TreePath, *, is_deleted: bool) -> Shown:
    if it.node.is_collection:
        raise NotFound(path)
    named = streams.of_version(session, it.node.id, it.node.version_no)
    return _as_it_is(it, _line(session, it), named, is_deleted=is_deleted)


def _as_it_is(it: Described, line: Line, named: Mapping[str, Stream], *, is_deleted: bool) -> Shown:
    return Shown(
        it,
        line.newest,
        line.name,
        True,
        is_deleted,
        it.node.version_no,
        it.metadata,
        it.content,
        it.file_name,
        named,
        it.changed_at,
        it.said.changed_by,
    )


def _shown(session: Session, it: Described, path: TreePath, low: int, high: int, *, is_deleted: bool) -> list[Shown]:
    """Return the revisions of a document in a range of their numbers, the newest first."""
    newest = _newest(session, it, path, is_deleted=is_deleted)
    known = rows.some(session, it.node.id, low, high + 1)
    ends = {one.no - 1: one.first_no for one in known}
    last = rows.last_before(session, it.node.id, ends.values())
    found = [newest] if low <= newest.no <= high else []
    for one in reversed(known):
        end = ends.get(one.no)
        if one.no <= high and end is not None and end in last:
            found.append(_at(session, newest, one, last[end]))
    return found


def _at(session: Session, newest: Shown, revision: Revision, version: Version) -> Shown:
    named = streams.of_version(session, version.document_id, version.no) if version.has_streams else no_streams()
    return replace(
        newest,
        revision=revision,
        is_newest=False,
        version_no=version.no,
        metadata=version.metadata,
        content=version.content if version.has_content else None,
        file_name=version.file_name,
        streams=named,
        changed_at=version.saved_at,
        changed_by=version.author,
    )


def begun_by(store: Store, items: Iterable[Shown]) -> Mapping[int, int]:
    """Return by their numbers in the store who began revisions: the first one of a document, who made that. One statement."""
    made_by = {one.id: one.it.node.created_by for one in items}
    with store.database.read() as session:
        return {**made_by, **rows.begun_by(session, made_by)}


# Writing


def create(store: Store, ctx: Context, place: Place, new: NewObject, *, name: str | None = None) -> Shown:
    """Make a document as ``objects.create`` does, with a logical name where one is given; durable on return.

    Raises:
        LogicalNameTaken.
        Forbidden: the caller may not add documents there, or would not see what it made.
        NotFound, Locked, PreconditionFailed, QuotaExceeded.
    """
    check_text(name or "")
    with store.database.write() as tx:
        if name is not None and rows.named(tx, name) is not None:
            raise LogicalNameTaken(name)
        node = create_within(store, tx, ctx, place, new)
        if name is not None:
            rows.set_name(tx, node.id, name)
        try:
            made = _as_written(tx, ctx, node.id)
        except NotFound as error:
            raise Forbidden("Who makes a document here has to see it. Ask an administrator for the right to read it.") from error
        tx.commit()
    return made


def _as_written(tx: Transaction, ctx: Context, node_id: int) -> Shown:
    """Return a document as this transaction leaves it: by a later look it may be gone, or whoever wrote it be shut out."""
    return _newest(tx, *_describe(tx, ctx, node_id, tx.now, deleted=False), is_deleted=False)


def check(store: Store, ctx: Context, node_id: int) -> None:
    """Refuse what ``update`` would refuse now whatever changes; see there."""
    objects.check(store, ctx, node_id, Changes({}, minds_check_out=True))


def update(store: Store, ctx: Context, node_id: int, decide: Callable[[Shown], Changes], *, revise: bool = False) -> Shown:
    """Change a document as is decided on when it is looked at within the transaction, and return it; see ``objects.update``.

    With ``revise`` the change begins a new revision, also where nothing else changes. Whoever has the document checked out
    keeps others from all of it, as by a lock. Whatever ``decide`` raises leaves everything as it was.

    Raises:
        CheckedOut: somebody else has it checked out.
        NotFound, NotADocument, Forbidden, PreconditionFailed, Locked, QuotaExceeded.
    """
    with store.database.write() as tx:
        found = look_up(tx, ctx, node_id, tx.now)
        seen = describe_found(tx, ctx.without_conditions(), found)
        changes = replace(decide(_newest(tx, seen.it, seen.path, is_deleted=False)), minds_check_out=True)
        _revise(store, tx, ctx, found, changes) if revise else update_found(store, tx, ctx, found, changes)
        after = _as_written(tx, ctx, node_id)
        tx.commit()
    return after


def _revise(store: Store, tx: Transaction, ctx: Context, found: Resolved, changes: Changes) -> None:
    """Change a document so that a version comes of it in any case, with which a revision begins."""
    file = changes.file
    is_for_working_copy = file is not None and rule(found.check_out, ctx.principal, Act.WRITE) is Ruling.INTO_WORKING_COPY
    begun = replace(changes, metadata=changes.metadata or {}, always=True, cause=Cause.REVISION)
    if is_for_working_copy:
        begun = replace(begun, file=None)
    node = update_found(store, tx, ctx, found, begun)
    revision = rows.begin(tx, node.id, node.version_no)
    told = {"revision": revision.no, "id": revision.id, "version": node.version_no, "comment": changes.comment}
    record(tx, ctx, "revise", found.path, node.id, **told)
    if is_for_working_copy:
        again = ctx.without_conditions()
        update_found(store, tx, again, look_up(tx, again, node.id, tx.now), Changes(file=file, comment=changes.comment))


# Numbers of types


def number_types(store: Store, types: Iterable[str]) -> Mapping[str, int]:
    """Return the numbers by which object types are known where a type is a document; one without a number gets it now."""
    wanted = frozenset(types)
    with store.database.read() as session:
        known = rows.type_numbers(session)
    if not wanted <= known.keys():
        with store.database.write() as tx:
            rows.number_types(tx, sorted(wanted - rows.type_numbers(tx).keys()))
            known = rows.type_numbers(tx)
            tx.commit()
    return {one: known[one] for one in wanted}
