"""Documents and collections as REST doors make and change them: by id, with typed metadata, with or without content.

Every upload of whatever door ends here or in ``core.documents.put``, and both end in ``core.editing.write_content``. Bytes are
staged before; each function here is one transaction, or with ``within`` part of one. A write first seals what an edit session has
open, then makes a version of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from davgate.core.access import check_conditions, check_member_locks, check_not_held, check_write_locks, look_up
from davgate.core.content import Said, add_document, add_metadata_version, renamed
from davgate.core.editing import write_content
from davgate.core.filing import (
    collection_at,
    file_on_drive,
    filing_collection,
    free_name,
    take_content_away,
)
from davgate.core.receiving import add_staged, media_of
from davgate.core.recording import change_of, record
from davgate.core.retaining import check_content
from davgate.core.rights import require_node
from davgate.core.second_names import Alias, give_alias
from davgate.core.store import Context, Store
from davgate.model.checkout import Act, Ruling, rule
from davgate.model.errors import NoSuchVersion, NotADocument, NotFound
from davgate.model.errors_of_objects import UuidTaken
from davgate.model.errors_of_versions import NotCheckedOut
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.metadata import NO_METADATA, Metadata, changed
from davgate.model.names import check_file_name, check_path, check_text
from davgate.model.node import Cause, Content, Node, NodeKind, Stream, Version
from davgate.model.object_types import NEVER_RESTORED
from davgate.model.paths import TreePath
from davgate.model.rights import NO_RIGHTS, Right
from davgate.storage.api import (
    Resolved,
    Session,
    Staged,
    Transaction,
    catalog,
    check_outs,
    descriptions,
    streams,
    versions,
)


@frozen
class File:
    """Content that has arrived, with what it is called and the media type that it was given, if any.

    Without a name that of the file that it replaces stays. Where ``keeps_media_type`` that is told as it was given, whatever it
    says.

    Raises:
        Malformed: no file can be called so.
    """

    staged: Staged
    name: str
    media_type: str | None = None
    keeps_media_type: bool = False

    def __post_init__(self) -> None:
        check_file_name(self.name)


@frozen
class NewObject:
    """A document or collection to be made.

    ``drive_name`` is what it is to be called on the drive, its file's name as a rule; without a file a document is not there, and
    an object that is none never. ``streams`` are further files by the names of their streams. ``uuid`` is an id that the caller
    has chosen.
    """

    kind: NodeKind
    type: str | None
    metadata: Metadata
    file: File | None = None
    drive_name: str = ""
    alias: Alias | None = None
    comment: str = ""
    streams: Mapping[str, File] = field(default_factory=dict, hash=False)
    uuid: str | None = None


Place = int | TreePath
"""Where something new goes: into the collection with an id, or into the collection of this month in a door's folder."""


def create(store: Store, ctx: Context, place: Place, new: NewObject) -> Node:
    """Make a document or collection; durable on return. A name that is taken gets a number.

    Raises:
        NotFound: there is no such collection.
        NameTooLong: its path would be too long.
        Forbidden, Locked, PreconditionFailed, QuotaExceeded.
    """
    with store.database.write() as tx:
        node = create_within(store, tx, ctx, place, new)
        tx.commit()
    return node


def create_within(store: Store, tx: Transaction, ctx: Context, place: Place, new: NewObject) -> Node:
    """Make a document or collection as part of a transaction; see ``create``."""
    check_text(new.comment, "" if new.alias is None else new.alias.slug)
    if isinstance(place, int):
        found, parent = collection_at(tx, ctx, place, tx.now)
        check_conditions(tx, ctx, found, tx.now)
        path = found.path
    else:
        parent, path = filing_collection(store, tx, ctx, place, by_month=new.kind is not NodeKind.OBJECT)
    if new.uuid is not None and catalog.is_taken(tx, new.uuid):
        raise UuidTaken(new.uuid)
    if new.file is not None:
        add_staged(store, tx, new.file.staged)
    wanted = new.drive_name or (new.file.name if new.file is not None else "")
    is_on_drive = new.file is not None or new.kind is NodeKind.COLLECTION
    name = free_name(tx, parent, path, wanted) if is_on_drive else None
    check_path((*path, name or ""), store.policy.paths)
    node = _make(store, tx, ctx, parent, name, new)
    if new.type is not None:
        descriptions.set_type(tx, node.id, new.type)
    if new.alias is not None:
        give_alias(tx, node.id, parent.id, new.alias)
    record(tx, ctx, "create", (*path, name or f"={node.uuid}"), node.id, change_of("create", node))
    return node


def check_create_within(session: Session, ctx: Context, collection_id: int, now: Instant) -> None:
    """Refuse what ``create`` in this collection would refuse at an instant before it looks at what is to be made; see there."""
    found, _ = collection_at(session, ctx, collection_id, now)
    check_conditions(session, ctx, found, now)


def _make(store: Store, tx: Transaction, ctx: Context, parent: Node, name: str | None, new: NewObject) -> Node:
    if new.file is not None and name is not None:
        content = _content_of(new.file, new.file.name)
        named = streams_of(store, tx, new.streams)
        said = Said(comment=new.comment, file_name=new.file.name, metadata=new.metadata, streams=named)
        return add_document(store, tx, ctx, parent, name, content, said=said, uuid=new.uuid)
    uuid = new.uuid or store.new_uuid()
    node = Node(tx.take_ids(), uuid, new.kind, parent.id, name, tx.at, tx.at, 0, None, ctx.principal.id)
    catalog.add(tx, [node])
    if name is not None:
        catalog.touch(tx, parent.id)
    named = streams_of(store, tx, new.streams)
    return add_metadata_version(tx, ctx, node, new.metadata, comment=new.comment, changed_streams=named)


def streams_of(store: Store, tx: Transaction, files: Mapping[str, File | None]) -> Mapping[str, Stream | None]:
    """Give the bytes of named streams their rows, and return the streams; None takes one away."""
    named: dict[str, Stream | None] = {}
    for name, file in files.items():
        named[name] = None
        if file is not None:
            add_staged(store, tx, file.staged)
            named[name] = Stream(file.name, _content_of(file, file.name))
    return named


def _content_of(file: File, name: str) -> Content:
    return media_of(file.staged, file.media_type, name, as_sent=file.keeps_media_type)


@frozen
class Changes:
    """What is to change of a document or collection. Of ``metadata`` a value of None takes the property away.

    ``stem`` is what the name of its file is to be before the suffix from now on, also that of a working copy; ``file_name`` is
    the whole of it, and ``media_type`` what its bytes are, kept as it stands, where no other ``file`` comes. ``streams`` are
    further files by the names of their streams; None takes one away. ``only_checked_out`` asks that the caller has the document
    checked out, once it has content. ``always`` makes a version of what is the same. ``removes_file`` takes the content out of
    the caller's working copy; ``clears_file`` does, or takes it from a document that is not checked out, which leaves the drive.
    ``cause`` is why a version of metadata alone is made. With ``minds_check_out`` a check-out of somebody else keeps the metadata
    as they are, too.
    """

    metadata: Metadata | None = None
    file: File | None = None
    file_name: str = ""
    media_type: str = ""
    streams: Mapping[str, File | None] = field(default_factory=dict, hash=False)
    cause: Cause = Cause.METADATA
    removes_file: bool = False
    clears_file: bool = False
    stem: str = ""
    only_checked_out: bool = False
    minds_check_out: bool = False
    always: bool = False
    comment: str = ""

    @property
    def brings_content(self) -> bool:
        """Whether the content, or what is said of its bytes, is to change."""
        takes_away = self.removes_file or self.clears_file
        return self.file is not None or takes_away or bool(self.streams) or bool(self.media_type) or bool(self.file_name)


def update(store: Store, ctx: Context, where: int | str, changes: Changes) -> Node:
    """Give a document new content, metadata, or both in one version; durable on return.

    New content from whoever has it checked out is that of the working copy. Metadata stays open to all who have the right to it.

    Raises:
        NotFound, NotADocument, Forbidden, PreconditionFailed, Locked, QuotaExceeded.
        CheckedOut: somebody else has it checked out, and the content is to change, or that is minded whatever changes.
        NotCheckedOut: the caller has not, where that is asked for.
    """
    with store.database.write() as tx:
        node = update_within(store, tx, ctx, where, changes)
        tx.commit()
    return node


def restore_within(
    store: Store,
    tx: Transaction,
    ctx: Context,
    where: int | str,
    no: int,
    *,
    also: Metadata = NO_METADATA,
) -> Node:
    """Give a document content, metadata and further streams of one of its versions again, a collection its metadata.

    It makes a version always. Its name on the drive does not change; a version without content takes it off the drive. If the
    caller has it checked out, the working copy gets the content. The state of a workflow stays. ``also`` are properties that it
    says beside those of the version. The caller commits.

    Raises:
        NoSuchVersion: it has none of this number.
        NotFound, NotADocument, Forbidden, PreconditionFailed, Locked, CheckedOut, Retained.
    """
    found = look_up(tx, ctx, where, tx.now)
    is_collection = found.node is not None and found.node.is_collection
    node = _check_change(tx, ctx, found, tx.now, of_content=not is_collection, of_properties=True)
    version = versions.find(tx, node.id, no)
    # The first version of a collection that was made without metadata has no row.
    if version is None and not (is_collection and no == 1):
        raise NoSuchVersion(found.path, no)
    versions.seal_below(tx, node.id)
    current = versions.find(tx, node.id, node.version_no)
    now_said = NO_METADATA if current is None else current.metadata
    then_said = NO_METADATA if version is None else version.metadata
    metadata = changed(changed(then_said, {key: now_said.get(key) for key in NEVER_RESTORED}), also)
    former = streams.of_version(tx, node.id, node.version_no) if current is not None and current.has_streams else {}
    again = streams.of_version(tx, node.id, no) if version is not None and version.has_streams else {}
    changed_streams: Mapping[str, Stream | None] = {**dict.fromkeys(former), **again}
    file_name = None if version is None else version.file_name
    said = Said(f"version {no}", "", file_name, metadata, always=True, streams=changed_streams)
    is_own = rule(found.check_out, ctx.principal, Act.WRITE) is Ruling.INTO_WORKING_COPY
    has_content = version is not None and version.has_content
    if version is not None and has_content and not is_own:
        node = write_content(store, tx, ctx, found, version.content, Cause.REVERT, said=said).node
        return file_on_drive(tx, ctx, node, version.file_name)
    if current is not None and current.has_content and not is_own:
        return take_content_away(tx, ctx, found, node, current, Cause.REVERT, said)
    node = add_metadata_version(tx, ctx, node, metadata, changed_streams=changed_streams)
    told = {"version": node.version_no, "origin": f"version {no}"}
    record(tx, ctx, Cause.REVERT.value, found.path, node.id, change_of("metadata", node), **told)
    if version is not None and has_content:
        found, said = replace(found, chain=(*found.chain[:-1], node)), Said(f"version {no}", file_name=version.file_name)
        return write_content(store, tx, ctx, found, version.content, Cause.REVERT, said=said).node
    return _without_file(tx, ctx, found, node) if is_own else node


def check(store: Store, ctx: Context, where: int | str, changes: Changes) -> None:
    """Refuse what ``update`` would refuse now before it looks at the bytes; see there."""
    with store.database.read(snapshot=True) as session:
        check_within(session, ctx, where, changes, store.clock.now())


def check_within(session: Session, ctx: Context, where: int | str, changes: Changes, now: Instant) -> None:
    """Refuse within a session what ``update`` would refuse at an instant before it looks at the bytes; see there.

    With ``only_checked_out`` content is to follow, though there is no file yet.
    """
    _check_update(session, ctx, look_up(session, ctx, where, now), changes, now)


def _check_update(session: Session, ctx: Context, found: Resolved, changes: Changes, now: Instant) -> Node:
    check_text(changes.comment, changes.stem)
    check_file_name(changes.file_name)
    return _check_change(
        session,
        ctx,
        found,
        now,
        of_content=changes.brings_content or changes.only_checked_out,
        of_properties=changes.metadata is not None or changes.clears_file,
        of_working_copy=changes.only_checked_out or changes.removes_file,
        minds_check_out=changes.minds_check_out,
    )


def _check_change(
    session: Session,
    ctx: Context,
    found: Resolved,
    now: Instant,
    *,
    of_content: bool,
    of_properties: bool,
    of_working_copy: bool = False,
    minds_check_out: bool = False,
) -> Node:
    """Return what is to be changed, after the checks of rights, conditions, check-outs and locks that such a change needs."""
    needed = Right.WRITE_CONTENT if of_content else NO_RIGHTS
    needed |= Right.WRITE_PROPERTIES if of_properties else NO_RIGHTS
    node = require_node(found, ctx, needed)
    if not node.is_collection and node.version_no == 0:
        raise NotFound(found.path)
    if of_content and node.is_collection:
        raise NotADocument(found.path)
    check_conditions(session, ctx, found, now)
    is_own = rule(found.check_out, ctx.principal, Act.WRITE) is Ruling.INTO_WORKING_COPY
    if of_working_copy and not is_own and not node.is_bare:
        raise NotCheckedOut(found.path)
    if of_content or minds_check_out:
        check_not_held(ctx, found, Act.WRITE)
    if of_content and node.is_bare and not is_own:
        # With its first content its collection gets a member.
        check_member_locks(ctx, found)
    check_write_locks(ctx, found)
    return node


def update_within(store: Store, tx: Transaction, ctx: Context, where: int | str, changes: Changes) -> Node:
    """Change a document as part of a transaction; see ``update``."""
    return update_found(store, tx, ctx, look_up(tx, ctx, where, tx.now), changes)


def update_found(store: Store, tx: Transaction, ctx: Context, found: Resolved, changes: Changes) -> Node:
    """Change what was looked up as part of a transaction; see ``update``."""
    node = _check_update(tx, ctx, found, changes, tx.now)
    current = versions.find(tx, node.id, node.version_no) if node.version_no else None
    before: Metadata = {} if current is None else current.metadata
    after = None if changes.metadata is None else changed(before, changes.metadata)
    if after == before:
        after = None
    is_own = rule(found.check_out, ctx.principal, Act.WRITE) is Ruling.INTO_WORKING_COPY
    changed_streams = streams_of(store, tx, changes.streams)
    if changes.clears_file and not is_own and current is not None and current.has_content:
        said = Said("", changes.comment, None, after, always=True, streams=changed_streams)
        return take_content_away(tx, ctx, found, node, current, Cause.SAVE, said)
    if changes.file is None or is_own:
        is_other = changes.streams or changes.media_type or changes.file_name not in ("", current.file_name if current else "")
        if after is not None or is_other or (changes.always and changes.file is None):
            node = _change_metadata(tx, ctx, found, node, current, before if after is None else after, changes, changed_streams)
            found, after, changed_streams = replace(found, chain=(*found.chain[:-1], node)), None, {}
    if changes.file is None:
        return _without_file(tx, ctx, found, node) if is_own and (changes.removes_file or changes.clears_file) else node
    add_staged(store, tx, changes.file.staged)
    name = changes.file.name or _present_name(found, node, current, is_own=is_own)
    content = _content_of(changes.file, name)
    always = changes.always or after is not None or bool(changed_streams)
    said = Said("", changes.comment, name, after, always, changed_streams)
    node = write_content(store, tx, ctx, found, content, Cause.SAVE, said=said).node
    return node if is_own else file_on_drive(tx, ctx, node, name)


def _without_file(tx: Transaction, ctx: Context, found: Resolved, node: Node) -> Node:
    """Take the content out of the caller's working copy; the document itself loses it with the check-in."""
    taken = found.check_out
    if taken is None or taken.is_without_file or node.content is None:
        return node
    check_content(tx, versions.find(tx, node.id, node.version_no))
    check_outs.save(tx, taken, None, None)
    without = replace(node, content=None, modified_at=tx.at)
    record(tx, ctx, "remove-file", found.path, node.id, change_of("content", without))
    return without


def _present_name(found: Resolved, node: Node, current: Version | None, *, is_own: bool) -> str:
    """Return what the file is called that the caller sees, that of its working copy where it has one."""
    taken = found.check_out
    own = taken.file_name if is_own and taken is not None and taken.content is not None else None
    return own or (current.file_name if current is not None else "") or node.name or ""


def _change_metadata(
    tx: Transaction,
    ctx: Context,
    found: Resolved,
    node: Node,
    current: Version | None,
    metadata: Metadata,
    changes: Changes,
    changed_streams: Mapping[str, Stream | None],
) -> Node:
    # The version follows the last one of the document, whatever its working copy is.
    changed_node = add_metadata_version(
        tx,
        ctx,
        node,
        metadata,
        comment=changes.comment,
        stem=changes.stem,
        file_name=changes.file_name,
        media_type=changes.media_type,
        cause=changes.cause,
        changed_streams=changed_streams,
        current=current,
    )
    if changes.stem and found.check_out is not None and found.check_out.file_name:
        check_outs.rename(tx, node.id, renamed(found.check_out.file_name, changes.stem))
    _record_metadata(tx, ctx, found, changed_node)
    return changed_node


def _record_metadata(tx: Transaction, ctx: Context, found: Resolved, node: Node) -> None:
    record(tx, ctx, Cause.METADATA.value, found.path, node.id, change_of("metadata", node), version=node.version_no)
