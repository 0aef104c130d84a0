"""Giving documents content: the one way in which a version or working copy comes to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final

from davgate.core.receiving import add_empty
from davgate.core.retaining import check_content, check_metadata, retained_version
from davgate.core.store import Context, Store
from davgate.model.checkout import Act, CheckOut, Ruling, rule
from davgate.model.editing import PLACEHOLDER, continues, is_placeholder
from davgate.model.frozen import frozen
from davgate.model.instant import after
from davgate.model.locks import Lock
from davgate.model.metadata import NO_METADATA, OF_CONTENT, Metadata, beside, check_extent
from davgate.model.names import stem_and_suffix
from davgate.model.node import NO_CONTENT, Cause, Content, Node, NodeKind, Stream, Version, no_streams
from davgate.storage.api import (
    NewVersion,
    Staged,
    Transaction,
    blob_rows,
    catalog,
    check_outs,
    property_index,
    streams,
    versions,
)


@frozen
class Said:
    """What is said of content beside its bytes. Without a file name or metadata the next version has those of the one before it.

    ``origin`` tells where the content came from, if not with the request. ``always`` asks for a version though the bytes are the
    same. ``streams`` are the named ones that change: None takes one away.
    """

    origin: str = ""
    comment: str = ""
    file_name: str | None = None
    metadata: Metadata | None = None
    always: bool = False
    streams: Mapping[str, Stream | None] = field(default_factory=no_streams, hash=False)

    @property
    def told(self) -> dict[str, object]:
        """What the audit tells of where the content came from, if that was not the request."""
        return {"origin": self.origin} if self.origin else {}


NOTHING_SAID: Final = Said()


@frozen
class Written:
    """The outcome of a write: the node as it now is, and whether its name is new."""

    node: Node
    is_created: bool


def add_document(
    store: Store,
    tx: Transaction,
    ctx: Context,
    parent: Node,
    name: str,
    content: Content | None,
    *,
    said: Said = NOTHING_SAID,
    session: Lock | None = None,
    is_scratch: bool = False,
    uuid: str | None = None,
) -> Node:
    """Store a new document: pending without content, as a scratch file without versions, or with its first version."""
    no = 0 if content is None or is_scratch else 1
    by = ctx.principal.id
    node = Node(tx.take_ids(), uuid or store.new_uuid(), NodeKind.DOCUMENT, parent.id, name, tx.at, tx.at, no, content, by)
    catalog.add(tx, [node])
    catalog.touch(tx, parent.id)
    if content is not None and not is_scratch:
        _add_version(store, tx, ctx, node, None, content, Cause.CREATED, said, session)
    return node


def give(
    store: Store,
    tx: Transaction,
    ctx: Context,
    node: Node,
    content: Content,
    cause: Cause,
    *,
    said: Said = NOTHING_SAID,
    session: Lock | None = None,
    check_out: CheckOut | None = None,
    is_scratch: bool = False,
) -> Node:
    """Make content a document's, and return the document as it now is for this principal.

    It becomes the working copy of whoever has the document checked out, the content of a scratch file, the newest bytes of the
    version that the edit session under ``session`` has open, or the next version, which seals an open one. Identical bytes change
    nothing.

    Raises:
        Retained: the document is under retention.
    """
    if rule(check_out, ctx.principal, Act.WRITE) is Ruling.INTO_WORKING_COPY and check_out is not None:
        check_content(tx, versions.find(tx, node.id, node.version_no))
        return _save_working_copy(tx, node, check_out, content, said.file_name)
    if node.content is not None and node.content.digest == content.digest and not said.always:
        return node
    if node.version_no == 0 and is_scratch:
        return _set_content(tx, node, 0, content)
    current = versions.find(tx, node.id, node.version_no) if node.version_no else None
    if current is not None:
        if current.content.digest == content.digest and current.has_content and not said.always:
            # It was emptied a moment ago, and is filled again with what it had.
            return _set_content(tx, node, current.no, current.content)
        check_content(tx, current)
        goes_on = continues(current, content.length_bytes, session.token if session else None, ctx.principal, tx.now)
        # What is said of the bytes goes with them, and what a version says stays.
        if goes_on and OF_CONTENT.isdisjoint(current.metadata):
            versions.replace_content(tx, current, content, tx.at)
            return _set_content(tx, node, current.no, content)
        if current.session is not None:
            versions.seal(tx, current)
    is_first = node.version_no == 0
    cause = Cause.CREATED if is_first else Cause.SESSION if session and cause is Cause.SAVE else cause
    _add_version(store, tx, ctx, node, current, content, cause, said, session)
    return _set_content(tx, node, 1 if current is None else current.no + 1, content)


def add_first_version(store: Store, tx: Transaction, ctx: Context, node: Node, content: Content) -> Node:
    """Store what a scratch file has as its first version, by which it becomes a document."""
    _add_version(store, tx, ctx, node, None, content, Cause.CREATED, NOTHING_SAID, None)
    return _set_content(tx, node, 1, content)


def _set_content(tx: Transaction, node: Node, no: int, content: Content) -> Node:
    catalog.set_content(tx, node.id, no, content, tx.at)
    return replace(node, modified_at=tx.at, version_no=no, content=content)


def _save_working_copy(tx: Transaction, node: Node, taken: CheckOut, content: Content, file_name: str | None) -> Node:
    is_renamed = file_name is not None and file_name != taken.file_name
    if is_renamed or node.content is None or node.content.digest != content.digest:
        check_outs.save(tx, taken, content, file_name or taken.file_name)
        return replace(node, modified_at=tx.at, content=content)
    return node


def _add_version(
    store: Store,
    tx: Transaction,
    ctx: Context,
    node: Node,
    before: Version | None,
    content: Content,
    cause: Cause,
    said: Said,
    session: Lock | None,
) -> None:
    """Store the version that follows ``before``."""
    no = 1 if before is None else before.no + 1
    token, sealed_at = (None, None) if session is None else (session.token, max(session.expires_at, tx.at))
    if session is None and ctx.editing and is_placeholder(content.length_bytes, no):
        token, sealed_at = PLACEHOLDER, after(tx.at, store.policy.save_window)
    file_name = said.file_name or node.name or (before.file_name if before else "")
    versions.add(
        tx,
        [
            NewVersion(
                node.id,
                no,
                cause,
                tx.at,
                ctx.principal.id,
                file_name,
                content,
                said.origin,
                token,
                sealed_at,
                said.comment,
                metadata=metadata_after(tx, node, before, said.metadata, file_name, content),
                content_no=next_content_no(before),
                streams=streams_after(tx, before, said.streams),
            )
        ],
    )


def streams_after(
    tx: Transaction, before: Version | None, changes: Mapping[str, Stream | None] | None = None
) -> Mapping[str, Stream]:
    """Return the named streams of the version that follows ``before``."""
    has_former = before is not None and before.has_streams
    if not has_former and not changes:
        return no_streams()
    former = streams.of_version(tx, before.document_id, before.no) if before is not None and has_former else {}
    after_it = {**former, **(changes or {})}
    return {name: one for name, one in after_it.items() if one is not None}


def metadata_after(
    tx: Transaction, node: Node, before: Version | None, metadata: Metadata | None, file_name: str, content: Content | None
) -> Metadata:
    """Return the properties of the version that follows ``before``, and let the document be found by them and its file's name.

    ``content`` is that of the version, None where it has none.
    """
    # A new document is found by its name.
    former, former_name = (NO_METADATA, node.name) if before is None else (before.metadata, before.file_name)
    current = beside(former if metadata is None else metadata, None if content is None else content.digest)
    if current is not former:
        check_extent(current)
        check_metadata(tx, node.id, former, current)
    if current != former or file_name != former_name:
        property_index.follow(tx, node, (former, former_name or ""), (current, file_name))
    return current


def next_content_no(before: Version | None) -> int:
    """Return the number that a version with content has among such versions."""
    return 0 if before is None or before.content_no is None else before.content_no + 1


def add_metadata_version(
    tx: Transaction,
    ctx: Context,
    node: Node,
    metadata: Metadata,
    *,
    comment: str = "",
    stem: str = "",
    file_name: str = "",
    media_type: str = "",
    cause: Cause = Cause.METADATA,
    changed_streams: Mapping[str, Stream | None] | None = None,
    current: Version | None = None,
) -> Node:
    """Store a version that has other properties and the same content, or lack of content, as the one before it.

    With ``stem`` its file has that name before the same suffix, with ``file_name`` that name as a whole; with ``media_type`` its
    bytes are of that. ``current`` is the version before it, if the caller has it at hand.

    The tag and the time of the content stay: whoever reads it has no reason to read it again. What an edit session has open is
    sealed.
    """
    before = current or (versions.find(tx, node.id, node.version_no) if node.version_no else None)
    if changed_streams:
        check_content(tx, before)
    if before is not None and before.session is not None:
        versions.seal(tx, before)
    content = before.content if before is not None else NO_CONTENT
    has_content = before is not None and before.has_content
    is_of_other_type = has_content and media_type not in ("", content.media_type)
    if is_of_other_type:
        content = replace(content, media_type=media_type)
    name = file_name or renamed(before.file_name, stem) if before is not None else ""
    # A collection that was made without metadata had its first version without a row.
    no = node.version_no + 1 if before is not None or node.version_no else 1 if node.created_at == tx.at else 2
    versions.add(
        tx,
        [
            NewVersion(
                node.id,
                no,
                Cause.CREATED if no == 1 else cause,
                tx.at,
                ctx.principal.id,
                name,
                content,
                comment=comment,
                metadata=metadata_after(tx, node, before, metadata, name, content if has_content else None),
                has_content=has_content,
                content_no=None if before is None else before.content_no,
                streams=streams_after(tx, before, changed_streams),
            )
        ],
    )
    if before is None:
        add_no_content(tx)
    if is_of_other_type and node.content is not None:
        return _set_content(tx, node, no, content)
    catalog.set_version(tx, node.id, no)
    return replace(node, version_no=no)


def add_no_content(tx: Transaction) -> None:
    """Give what a version without content has for its digest its row."""
    blob_rows.add(tx, Staged(NO_CONTENT.digest, NO_CONTENT.length_bytes, b""))


def renamed(file_name: str, stem: str) -> str:
    """Return a file name with another stem, if one is given; a stem that ends with the suffix has it already."""
    suffix = stem_and_suffix(file_name)[1]
    return stem.removesuffix(suffix) + suffix if stem and file_name else file_name


def settle(store: Store, tx: Transaction, ctx: Context, node: Node, *, session: Lock | None = None) -> Node:
    """Turn a pending document into a real, empty one.

    Its first version is as old as the document: nobody wrote anything, and an editor would take a later date for somebody else's
    change. One that was emptied gets its next version, or in an edit session the newest bytes of the version that is open. If it
    came under retention since, it has what it had before.
    """
    if (kept := retained_version(tx, node)) is not None:
        return _set_content(tx, node, kept.no, kept.content)
    empty = add_empty(store, tx, node.name or "")
    if node.version_no:
        return give(store, tx, ctx, node, empty, Cause.SAVE, session=session)
    versions.add(tx, [NewVersion(node.id, 1, Cause.CREATED, node.modified_at, ctx.principal.id, node.name or "", empty)])
    catalog.set_content(tx, node.id, 1, empty, node.modified_at)
    return replace(node, version_no=1, content=empty)
