"""Registrations as versions: what an object says becomes metadata, its primary part the content of the document itself.

The other stored parts are named content streams, called by their addresses; the primary one is such a stream too, so that it is
found by its address when it is no longer the content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from davgate.core import objects
from davgate.core.access import check_conditions, check_not_held, check_write_locks, look_up
from davgate.core.bitemporal.registrations import stored_at
from davgate.core.content import Said
from davgate.core.filing import take_content_away
from davgate.core.objects import Changes, File, NewObject
from davgate.core.rights import require_node
from davgate.core.store import Context, Store
from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.merging import Part, Snapshot, Variant
from davgate.model.bitemporal.payload import DOCUMENT
from davgate.model.bitemporal.registration import KEY, Code, Place, State, field_at, stored_parts, to_metadata
from davgate.model.checkout import Act, Ruling, rule
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.media_types import choose
from davgate.model.metadata import DESCRIPTION, TITLE, Metadata, changed
from davgate.model.node import Cause, Node, NodeKind, Stream, Version
from davgate.model.object_types import ObjectType
from davgate.model.paths import TreePath
from davgate.model.rights import Right
from davgate.model.stored_parts import MOST_PARTS, SCHEME, address_of_part, candidate
from davgate.storage.api import Resolved, Staged, Transaction, blob_rows, streams, versions

_FIELDS: Final = {TITLE: "titel", DESCRIPTION: "beskrivelse"}
"""Properties that are everybody's, and the fields of a document that are kept in step with them."""


@dataclass(slots=True)
class Contents:
    """The files that came with a request, stored under addresses of the version that it makes: one for each reference."""

    files: Mapping[str, File]
    uuid: str
    version_no: int
    at: Instant
    streams: dict[str, File] = field(default_factory=dict)

    def address_of(self, name: str) -> str:
        """Return where a file is stored from now on, as a part says it.

        Raises:
            InvalidObject: there are too many.
        """
        if len(self.streams) == MOST_PARTS:
            raise InvalidObject(f"at most {MOST_PARTS} contents are stored at once.", "varianter")
        address = address_of_part(self.uuid, self.version_no, len(self.streams) + 1, self.at)
        self.streams[address] = self.files[name]
        return SCHEME + address


@frozen
class _Primary:
    """The part that is the content of a document, and that content as it would arrive."""

    place: Place
    file: File


def make(
    store: Store,
    tx: Transaction,
    ctx: Context,
    folder: TreePath,
    of: ObjectType,
    code: Code,
    snapshot: Snapshot,
    note: str,
    contents: Contents,
) -> Node:
    """Make an object of a class with its first registration, filed in a door's folder."""
    assert of.temporal is not None
    uuid, name = contents.uuid, of.temporal.name
    if name != DOCUMENT:
        said = {KEY: to_metadata(State(code, snapshot), name, uuid, 1)}
        return objects.create_within(store, tx, ctx, folder, NewObject(NodeKind.OBJECT, of.name, said, comment=note, uuid=uuid))
    primary = _primary_of(tx, None, snapshot, contents, {})
    file = None if primary is None else primary.file
    common = {key: text for key, field_name in _FIELDS.items() if (text := field_at(snapshot, field_name, tx.at)) is not None}
    state = State(
        code,
        snapshot,
        None if file is None else file.staged.digest,
        common.get(TITLE),
        common.get(DESCRIPTION),
        None if primary is None else primary.place,
    )
    metadata = {**common, KEY: to_metadata(state, name, uuid, 1)}
    wanted = "" if file is None else file.name or common.get(TITLE, "")
    new = NewObject(NodeKind.DOCUMENT, of.name, metadata, file, wanted, comment=note, streams=contents.streams, uuid=uuid)
    return objects.create_within(store, tx, ctx, folder, new)


@frozen
class Step:
    """The step from what an object of a class said to what it is to say, and by what that is done.

    With ``always`` there is a registration even if nothing changes but the code.
    """

    of: str
    before: State
    after: State
    note: str
    contents: Contents
    always: bool

    def said(self, after: State) -> Metadata:
        """Return the metadata by which a state is registered."""
        return {KEY: to_metadata(after, self.of, self.contents.uuid, self.contents.version_no)}


def register(store: Store, tx: Transaction, ctx: Context, node: Node, step: Step) -> bool:
    """Make the next registration of an object; tell whether there is one.

    New bytes of the primary part from whoever has the document checked out go into the working copy, and are registered with
    the check-in. If nothing else changes, there is no registration now.
    """
    found = look_up(tx, ctx, node.id, tx.now, with_objects=True)
    if step.of != DOCUMENT:
        changes = Changes(step.said(step.after), cause=Cause.REGISTRATION, always=True, comment=step.note)
        objects.update_found(store, tx, ctx, found, changes)
        return True
    current = versions.find(tx, node.id, node.version_no)
    assert current is not None
    common = _common_changes(step.before.snapshot, step.after.snapshot, tx.at)
    metadata = changed(current.metadata, common)
    after = replace(step.after, title=metadata.get(TITLE), description=metadata.get(DESCRIPTION))
    present = {**_present(tx, node, step.before, current), **_named_again(tx, node, step)}
    primary = _primary_of(tx, node, after.snapshot, step.contents, present)
    digest = current.content.digest if current.has_content else None
    is_other = digest != (None if primary is None else primary.file.staged.digest)
    if is_other and rule(found.check_out, ctx.principal, Act.WRITE) is Ruling.INTO_WORKING_COPY:
        after = replace(after, digest=digest)
        return _into_working_copy(store, tx, ctx, found, replace(step, after=after), common, primary)
    after = replace(after, digest=None, primary=None)
    if primary is not None:
        after = replace(after, digest=primary.file.staged.digest, primary=primary.place)
    said = {**common, **step.said(after)}
    named = {**_to_be_named(tx, found, _named_in(after.snapshot, present)), **step.contents.streams}
    if primary is None and is_other:
        _take_content_away(store, tx, ctx, found, current, changed(current.metadata, said), step.note, named)
        return True
    media_type = "" if primary is None or is_other else primary.file.media_type or ""
    changes = Changes(
        said,
        primary.file if primary is not None and is_other else None,
        media_type="" if media_type in ("", current.content.media_type) else choose(media_type, ""),
        streams=named,
        cause=Cause.REGISTRATION,
        always=True,
        comment=step.note,
    )
    objects.update_found(store, tx, ctx, found, changes)
    return True


def _present(tx: Transaction, node: Node, before: State, current: Version) -> dict[str, File]:
    """Return the content of a document by the address that its primary part has, if it has one.

    Where it came from is not asked for: that may be a version of another document, or one that is no longer kept. If it is stored
    and something else, its time has come since the last registration.
    """
    if not current.has_content or before.digest != current.content.digest:
        return {}
    file = _file(tx, Stream(current.file_name, current.content))
    addresses = [one.address for one in stored_parts(before.snapshot, tx.at) if one.place == before.primary]
    stored = {one: stored_at(tx, node, one) for one in addresses}
    return {one: file for one, is_at in stored.items() if is_at is None or is_at.content.digest == current.content.digest}


def _named_again(tx: Transaction, node: Node, step: Step) -> dict[str, File]:
    """Return by their addresses the contents that a document had, and that a client sends back the addresses of.

    What the registration before it names is found as long as that is kept, or is named already.
    """
    addresses = _addresses_in(step.after.snapshot) - _addresses_in(step.before.snapshot)
    stored = ((one, stored_at(tx, node, one)) for one in sorted(addresses) if candidate(one, node.uuid) is not None)
    return {address: _file(tx, one) for address, one in stored if one is not None}


def _to_be_named(tx: Transaction, found: Resolved, files: Mapping[str, File]) -> dict[str, File]:
    """Return the files that are to become streams, so that they are found by their addresses when their versions are gone.

    What somebody has checked out takes no streams until it is checked in.
    """
    if found.check_out is not None or found.node is None:
        return {}
    return {address: file for address, file in files.items() if streams.named(tx, found.node.id, address) is None}


def _named_in(snapshot: Snapshot, files: Mapping[str, File]) -> dict[str, File]:
    addresses = _addresses_in(snapshot)
    return {address: file for address, file in files.items() if address in addresses}


def _into_working_copy(
    store: Store, tx: Transaction, ctx: Context, found: Resolved, step: Step, common: Metadata, primary: _Primary | None
) -> bool:
    """Give the caller's working copy the content of the primary part, and register what else changes."""
    place = primary.place if primary is not None else step.before.primary
    snapshot = _keeping(step.after.snapshot, step.before.snapshot, place)
    after = replace(step.after, snapshot=snapshot, primary=step.before.primary)
    is_new = step.always or snapshot != step.before.snapshot
    changes = Changes(
        {**common, **step.said(after)} if is_new else None,
        None if primary is None else primary.file,
        streams=_named_in(snapshot, step.contents.streams),
        cause=Cause.REGISTRATION,
        removes_file=primary is None,
        always=is_new,
        comment=step.note,
    )
    objects.update_found(store, tx, ctx, found, changes)
    return is_new


def _common_changes(before: Snapshot, after: Snapshot, at: Instant) -> Metadata:
    """Return the common properties that a registration changes: what another door calls the document stays otherwise."""
    told = {key: (field_at(before, name, at), field_at(after, name, at)) for key, name in _FIELDS.items()}
    return {key: new for key, (old, new) in told.items() if new != old}


def _primary_of(
    tx: Transaction, node: Node | None, snapshot: Snapshot, contents: Contents, present: Mapping[str, File]
) -> _Primary | None:
    """Return the first part whose content is stored with this document, or None; ``present`` is what is its content now."""
    for one in stored_parts(snapshot, tx.at):
        file = contents.streams.get(one.address) or present.get(one.address)
        if file is None and node is not None and (stored := stored_at(tx, node, one.address)) is not None:
            file = _file(tx, stored)
        if file is not None:
            return _Primary(one.place, replace(file, media_type=one.media_type or file.media_type))
    return None


def _file(tx: Transaction, stored: Stream) -> File:
    content = stored.content
    staged = Staged(content.digest, content.length_bytes, blob_rows.inline_body(tx, content.digest))
    return File(staged, stored.file_name, content.media_type)


def _keeping(after: Snapshot, before: Snapshot, place: Place | None) -> Snapshot:
    """Return a snapshot in which one part says of itself what it said before."""
    if place is None:
        return after
    former = before.variants.get(place.variant, Variant()).parts.get(place.part, Part())
    variant = after.variants.get(place.variant, Variant())
    part = replace(variant.parts.get(place.part, Part()), properties=former.properties)
    parts = {**variant.parts, place.part: part}
    parts = {text: parts[text] for text in sorted(parts) if parts[text].properties or parts[text].relations}
    variants = {**after.variants, place.variant: replace(variant, parts=parts)}
    return replace(
        after, variants={text: variants[text] for text in sorted(variants) if variants[text].properties or variants[text].parts}
    )


def _addresses_in(snapshot: Snapshot) -> frozenset[str]:
    parts = (part for variant in snapshot.variants.values() for part in variant.parts.values())
    contents = (entry.values.get("indhold", "") for part in parts for entry in part.properties)
    return frozenset(one.removeprefix(SCHEME) for one in contents if one.startswith(SCHEME))


def _take_content_away(
    store: Store,
    tx: Transaction,
    ctx: Context,
    found: Resolved,
    current: Version,
    metadata: Metadata,
    note: str,
    named: Mapping[str, File],
) -> None:
    """Let a document be without content from a registration on; it leaves the drive."""
    node = require_node(found, ctx, Right.WRITE_CONTENT | Right.WRITE_PROPERTIES)
    check_conditions(tx, ctx, found, tx.now)
    check_not_held(ctx, found, Act.WRITE)
    check_write_locks(ctx, found)
    said = Said(comment=note, metadata=metadata, streams=objects.streams_of(store, tx, named))
    take_content_away(tx, ctx, found, node, current, Cause.REGISTRATION, said)
