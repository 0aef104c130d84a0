"""The tree as it was: looking at it, reading it, and copying out of it. Rights are those of today."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import chain
from typing import Final

from davgate.core.access import check_conditions, check_read_conditions, look_up, require_signed_in, state_then
from davgate.core.content import Written
from davgate.core.copying import Original, add_copies, write_copy
from davgate.core.destinations import clear_place, may_take_place
from davgate.core.opening import Opened
from davgate.core.recording import change_of, record
from davgate.core.rights import rights_of, rights_on
from davgate.core.store import Context, Store
from davgate.model.errors import NoSuchInstant, NotFound
from davgate.model.etag import of_content
from davgate.model.frozen import frozen
from davgate.model.instant import Instant, from_datetime, to_datetime
from davgate.model.metadata import Metadata
from davgate.model.node import Cause, Content, NodeKind
from davgate.model.paths import TreePath, to_text
from davgate.model.rights import NO_RIGHTS, Right
from davgate.storage.api import IS_CLOSED_AT, FoundThen, MemberRow, Row, Session, Transaction, as_of, descriptions, versions

_AT_ONCE: Final = 2000
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?:[:.](\d\d)(?:[:.](\d\d)(?:[.,](\d{1,6}))?)?)?(Z|[+-]\d\d(?:[:.]?[0-5]\d)?)?)?",
    re.ASCII,
)


def parse_instant(text: str, time_zone: tzinfo, now: Instant) -> Instant:
    """Return the instant that a name below ``.at`` means: ISO 8601, from a date alone to microseconds.

    A colon may be written as a dot, which Windows has in names. Without an offset it is in ``time_zone``.

    Raises:
        NoSuchInstant: it is none, or has yet to come.

    Source: ISO 8601-1:2019, 5.4.
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise NoSuchInstant(text, "is no instant. Write one as 2026-11-01T12:00, with an offset or Z if you like")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        zone = time_zone if offset is None else _zone(offset)
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=zone)
        instant = Instant(from_datetime(moment) + int(f"{fraction or '':0<6}"))
        to_datetime(instant)  # An offset may lead out of the calendar.
    except (ValueError, OverflowError):
        raise NoSuchInstant(text, "is no instant of the calendar") from None
    if instant > now:
        raise NoSuchInstant(text, "has yet to come") from None
    return instant


def _zone(offset: str) -> tzinfo:
    if offset == "Z":
        return timezone(timedelta())
    digits = re.sub(r"\D", "", offset)
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def recent_midnights(store: Store, count: int) -> list[Instant]:
    """Return the last midnights, the newest first: instants that are worth listing."""
    today = to_datetime(store.clock.now()).astimezone(store.policy.time_zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return [from_datetime(today - timedelta(days=days)) for days in range(count)]


@frozen
class PastListing:
    """A resource of then and, when asked for, its members, as rows; the rest is as in ``core.tree.Listing``.

    ``metadata`` goes by uuid. That of a member is there as soon as its row is.
    """

    row: MemberRow
    batches: Iterator[Sequence[MemberRow]]
    is_complete: bool
    session: Session
    metadata: Mapping[str, Metadata]


@contextmanager
def listing(
    store: Store, ctx: Context, at: Instant, path: TreePath, *, with_members: bool, with_metadata: bool = False
) -> Iterator[PastListing]:
    """Give a resource and its members as they were at an instant: four statements at most, however many members.

    With their typed metadata it is one more, and one for each batch.

    Raises:
        NotFound: nothing was there, or nothing that the caller may see today.
    """
    with store.database.read(snapshot=with_members or with_metadata) as session:
        found = _look_up(session, ctx, store.clock.now(), at, path)
        row = _row(session, found, ctx, path)
        first: Sequence[MemberRow] = ()
        rest: Iterator[Sequence[MemberRow]] = iter(())
        is_complete = True
        if with_members and row[2] == NodeKind.COLLECTION.value:
            first, rest, is_complete = as_of.members(session, found.node_id, at, at_once=_AT_ONCE)
        metadata: dict[str, Metadata] = {}

        def noted(rows: Sequence[Row]) -> Sequence[MemberRow]:
            uuids = {one[as_of.WIDTH]: one[1] for one in rows} if with_metadata else {}
            if uuids:
                said = descriptions.metadata_then(session, uuids, at)
                metadata.update((uuids[node_id], of_node) for node_id, of_node in said.items())
            return [one[: as_of.WIDTH] for one in rows]

        noted([(*row, found.node_id)])
        batches = (noted(_visible(session, ctx, found.node_id, batch)) for batch in chain([first], rest))
        yield PastListing(row, batches, is_complete, session, metadata)


def _visible(session: Session, ctx: Context, parent_id: int, rows: Sequence[Row]) -> Sequence[Row]:
    """Return what the principal may read today of what was in a collection: who may read that may read what is still in it."""
    elsewhere = [row[as_of.WIDTH] for row in rows if row[3] != parent_id or row[IS_CLOSED_AT]]
    held = rights_of(session, ctx, elsewhere) if elsewhere else {}
    hidden = {node_id for node_id in elsewhere if Right.READ not in held.get(node_id, NO_RIGHTS)}
    return [row for row in rows if row[as_of.WIDTH] not in hidden]


def open_content(store: Store, ctx: Context, at: Instant, path: TreePath) -> Opened | None:
    """Return the content that a document had at an instant, None for a collection; conditions are held against it.

    Raises:
        NotFound, PreconditionFailed.
    """
    with store.database.read() as session:
        found = _look_up(session, ctx, store.clock.now(), at, path, with_body=True)
        row = _row(session, found, ctx, path)
    content = _content(row)
    if content is None:
        return None
    is_modified = check_read_conditions(ctx, state_then(row))
    body = b"" if content.length_bytes == 0 else found.body
    return Opened(store, of_content(content.digest), content, Instant(row[6]), body, is_modified)


def copy_out(
    store: Store, ctx: Context, at: Instant, path: TreePath, destination: TreePath, *, overwrite: bool, with_members: bool = True
) -> Written:
    """Bring a document or a whole folder back: as new ones, or onto a document as its next version. Durable on return.

    Raises:
        NotFound, ParentMissing, InvalidName, NameTooLong, ReservedName, Forbidden, Locked, QuotaExceeded.
        PreconditionFailed: a condition does not hold, or the destination is taken and ``overwrite`` is false.
    """
    moment = to_datetime(at).isoformat()
    with store.database.write() as tx:
        found = _look_up(tx, ctx, tx.now, at, path)
        row = _row(tx, found, ctx, path)
        there = look_up(tx, ctx, destination, tx.now)
        check_conditions(tx, ctx, there, tx.now, target=state_then(row))
        content = _content(row)
        if content is not None and (there.node is None or not there.node.is_collection):
            is_same = there.node is not None and there.node.id == found.node_id
            version = versions.find(tx, found.node_id, row[7])
            # What an edit session had saved by then is not what its version became.
            which = f"{'' if version and version.content.digest == content.digest else 'earlier save of '}version {row[7]}"
            origin = which if is_same else f"as of {moment}, {to_text(path)}, {which}"
            cause = Cause.REVERT if is_same else Cause.SAVE
            like = descriptions.sayings_then(tx, {found.node_id: row[7]}).get(found.node_id)
            written = write_copy(store, tx, ctx, there, content, origin, overwrite=overwrite, cause=cause, like=like)
        else:
            parent = may_take_place(tx, ctx, there, overwrite=overwrite)
            clear_place(store, tx, ctx, there)
            originals = _originals(tx, ctx, found, row, at, moment, with_members=with_members)
            copied = add_copies(store, tx, ctx, originals, parent, destination)
            record(tx, ctx, "copy", path, found.node_id, change_of("create", copied), to=to_text(destination), at=moment)
            written = Written(copied, is_created=there.node is None)
        tx.commit()
    return written


def _originals(
    tx: Transaction, ctx: Context, found: FoundThen, row: MemberRow, at: Instant, moment: str, *, with_members: bool
) -> list[Original]:
    nodes = as_of.tree(tx, found.node_id, at) if with_members else [as_of.NodeThen(row, found.node_id, 0)]
    held = rights_of(tx, ctx, [one.node_id for one in nodes])
    shown: set[int] = set()
    for one in nodes:
        # A collection comes before its members: with it, all below it stays away.
        if Right.READ in held[one.node_id] and (one.parent_id in shown or one is nodes[0]):
            shown.add(one.node_id)
    said = descriptions.sayings_then(tx, {one.node_id: one.row[7] for one in nodes})
    return [
        Original(
            one.node_id,
            one.parent_id,
            NodeKind(one.row[2]),
            one.row[4] or "",
            _content(one.row),
            f"{one.row[4]}, version {one.row[7]}, as of {moment}",
            said=said.get(one.node_id),
        )
        for one in nodes
        if one.node_id in shown
    ]


def _look_up(session: Session, ctx: Context, now: Instant, at: Instant, path: TreePath, *, with_body: bool = False) -> FoundThen:
    found = as_of.find(session, path, at, ctx.principal, with_body=with_body)
    require_signed_in(ctx, found.caller_epoch, now)
    return found


def _row(session: Session, found: FoundThen, ctx: Context, path: TreePath) -> MemberRow:
    if found.row is None or Right.READ not in rights_on(session, ctx, found.node_id):
        raise NotFound(path)
    return found.row


def _content(row: MemberRow) -> Content | None:
    digest, length_bytes, media_type = row[8], row[9], row[10]
    return None if digest is None or length_bytes is None or media_type is None else Content(digest, length_bytes, media_type)
