"""What a client that follows a collection has missed (RFC 6578).

Changes are numbered without gaps inside the write transaction, and one such transaction runs at a time: whoever sees a number
sees all before it. Rights only add on the way down, so whoever may read a collection may read all that is below it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Final

from davgate.core.access import LockAt, check_conditions, locks_on, look_up
from davgate.core.rights import hidden_below, hidden_in_trash, require_node, rights_of
from davgate.core.store import Context, Store
from davgate.core.working_copies import shown_to
from davgate.model.checkout import CheckOut
from davgate.model.errors import InvalidSyncToken, TooManyMatches, UnsupportedReport
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.metadata import Metadata
from davgate.model.node import Node
from davgate.model.paths import TreePath, to_text
from davgate.model.rights import Right
from davgate.model.sync import State, SyncToken, format_token, parse_token
from davgate.storage.api import (
    MemberRow,
    NodeProperties,
    Session,
    VersionNote,
    catalog,
    changes,
    check_outs,
    descriptions,
    locks,
    properties,
    version_notes,
)

MOST_AT_ONCE: Final = 10_000
"""Members in one answer, fewer of which very much is said; the next one goes on after them."""
MOST_BEHIND: Final = 200_000
"""Changes, in the whole store, after which a client reads a tree anew: telling them apart would cost more."""


@frozen
class Missed:
    """A member that changed, with its path below the collection; ``row`` is None when nothing is there any more."""

    path: TreePath
    row: MemberRow | None


@frozen
class Asked:
    """How a client follows: members alone or the whole tree, up to how many at once, and what it wants to know of each."""

    token: str
    deep: bool
    limit: int = MOST_AT_ONCE
    with_properties: bool = False
    with_locks: bool = False
    with_versions: bool = False
    with_rights: bool = False
    with_metadata: bool = False


@frozen
class Answer:
    """What a client has missed, in the order of paths, and the token to ask with next.

    ``locks_below`` go by the paths of their roots, from the root of the tree on; everything else by node id. With ``is_cut``
    there is more: the token goes on after the last member.
    """

    node: Node
    now: Instant
    missed: Sequence[Missed]
    token: str
    is_cut: bool
    standing: tuple[LockAt, ...]
    locks_below: Sequence[LockAt]
    properties: NodeProperties
    check_outs: Mapping[int, CheckOut]
    versions: Mapping[int, VersionNote]
    rights: Mapping[int, Right]
    metadata: Mapping[int, Metadata]


def sync_token(session: Session) -> str:
    """Return the token of the present state."""
    store_uuid, state = changes.newest(session)
    return format_token(store_uuid, SyncToken(state))


def missed(store: Store, ctx: Context, path: TreePath, asked: Asked) -> Answer:
    """Return which members of a collection changed since the state that a client knows, all of them when it knows none.

    The number of statements does not depend on how many changed.

    Raises:
        InvalidSyncToken: the token is none of this store, or too old.
        TooManyMatches: the limit is below one.
        UnsupportedReport: there is a document.
        NotFound, PreconditionFailed.

    Source: RFC 6578, 3.
    """
    if asked.limit < 1:
        raise TooManyMatches("No answer is so short. Ask for at least one result.")
    most = min(asked.limit, MOST_AT_ONCE)
    now = store.clock.now()
    with store.database.read(snapshot=True) as session:
        found = look_up(session, ctx, path, now)
        node = require_node(found, ctx, Right.READ)
        check_conditions(session, ctx, found, now, reading=True)
        if not node.is_collection:
            raise UnsupportedReport("sync-collection")
        store_uuid, newest = changes.newest(session)
        way = _way(session, store_uuid, newest, asked)
        entries = _entries(session, node.id, way, most + 1, deep=asked.deep)
        is_cut = len(entries) > most
        entries = entries[:most]
        told = entries[-1][0] if is_cut else ""
        entries = _shown(session, ctx, node, path, way.since, entries)
        said = _said_of(session, asked, [row[0] for _, row in entries if row is not None])
        if said.count is not None:
            is_cut = True
            entries = _until(entries, said.count)
            told = entries[-1][0]
        if is_cut:
            token = replace(way, told=told)
        else:
            token = SyncToken(way.state, unsure_from=way.unsure_from if way.is_on_the_way else None)
        taken = {one.document_id: one for one, _ in check_outs.below(session, node.id, path)} if found.has_check_outs else {}
        shown = {row[0]: row for row in shown_to(ctx, taken)([row for _, row in entries if row is not None])}
        ids = list(shown)
        return Answer(
            node,
            now,
            [Missed(tuple(text.split("/")), None if row is None else shown[row[0]]) for text, row in entries],
            format_token(store_uuid, token),
            is_cut,
            locks_on(found),
            locks.below(session, node.id, path, now) if asked.with_locks else (),
            said.properties,
            taken,
            version_notes.of_nodes(session, ids) if asked.with_versions else {},
            rights_of(session, ctx, ids) if asked.with_rights else {},
            said.metadata,
        )


@frozen
class _Said:
    """Properties of the first ``count`` members; None if these are all."""

    properties: NodeProperties
    metadata: Mapping[int, Metadata]
    count: int | None


def _said_of(session: Session, asked: Asked, ids: Sequence[int]) -> _Said:
    """Return what is wanted to be known of members, of as many as it can be held of."""
    dead, count = properties.of_first(session, ids) if asked.with_properties else ({}, len(ids))
    metadata, count = descriptions.metadata_of_first(session, ids[:count]) if asked.with_metadata else ({}, count)
    return _Said(dead, metadata, count if count < len(ids) else None)


def _until(entries: list[tuple[str, MemberRow | None]], count: int) -> list[tuple[str, MemberRow | None]]:
    """Return the entries up to so many members that are there, and at least one."""
    present = [at for at, (_, row) in enumerate(entries) if row is not None]
    return entries[: present[count - 1] + 1]


def _shown(
    session: Session,
    ctx: Context,
    top: Node,
    top_path: TreePath,
    since: State | None,
    entries: list[tuple[str, MemberRow | None]],
) -> list[tuple[str, MemberRow | None]]:
    """Leave out what is closed to the principal; what was closed to it since the state that it knows is gone for it."""
    prefix = to_text(top_path).rstrip("/") + "/"
    hidden = {
        to_text(where)[len(prefix) :]: node_id
        for node_id in hidden_below(session, ctx, top.id)
        if (where := catalog.path_of(session, node_id)) is not None
    }
    deleted = {text[len(prefix) :] for text in hidden_in_trash(session, ctx) if text.startswith(prefix)}
    if not hidden and not deleted:
        return entries
    changed = frozenset() if since is None else changes.rights_changed(session, since)
    lost = {text for text, node_id in hidden.items() if node_id in changed}
    return [
        (text, None if text in lost else row)
        for text, row in entries
        if text in lost or not (text in hidden or _is_below(text, hidden) or (row is None and text in deleted))
    ]


def _way(session: Session, store_uuid: str, newest: State, asked: Asked) -> SyncToken:
    """Return where the client is on its way to which state: at the beginning of one to the newest, or within one."""
    if not asked.token:
        return SyncToken(newest)
    known = parse_token(store_uuid, asked.token)
    base = known.since if known.is_on_the_way else known.state
    for state in (known.state, base):
        if state is not None and not changes.is_state(session, state):
            raise InvalidSyncToken()
    if asked.deep and base is not None and newest.seq - base.seq > MOST_BEHIND:
        raise InvalidSyncToken()
    if known.is_on_the_way:
        return known
    return SyncToken(newest, since=known.state, unsure_from=known.unsure_from or known.state.at)


def _entries(session: Session, top: int, way: SyncToken, most: int, *, deep: bool) -> list[tuple[str, MemberRow | None]]:
    """Return what comes next on the way, in the order of paths as text; None for what is gone.

    Each page is computed from what is there now, and the whole way is gone again from its end on. So whatever happens between
    two pages is told, some of it twice.
    """
    if way.since is None:
        return [*(changes.below if deep else changes.members)(session, top, way.told, most)]
    if not deep:
        entries = {touched.path: touched.row for touched in changes.members_touched(session, top, way.since)}
    else:
        entries = _entries_below(session, top, way, most)
    return sorted((path, row) for path, row in entries.items() if path > way.told)[:most]


def _entries_below(session: Session, top: int, way: SyncToken, most: int) -> dict[str, MemberRow | None]:
    assert way.since is not None
    touched = changes.touched_below(session, top, way.since)
    new = {one.path: one.row[0] for one in touched if one.row is not None and one.is_new}
    above = {node_id: path[: path.rfind("/") + 1] for path, node_id in new.items()}
    unsure_from = way.unsure_from or way.since.at
    gone = {above[node_id] + path for node_id, path in changes.gone(session, above, unsure_from)} if new else set()
    # With a collection its members are gone (RFC 6578, 3.5.2).
    entries: dict[str, MemberRow | None] = dict.fromkeys(path for path in gone if not _is_below(path, gone))
    # What is below a new place is read with it.
    roots = {path: node_id for path, node_id in new.items() if not _is_below(path, new)}
    entries |= {one.path: one.row for one in touched if one.row is None or not _is_below(one.path, roots)}
    return entries | dict(changes.in_trees(session, top, roots.values(), way.told, most) if roots else ())


def _is_below(path: str, others: Container[str]) -> bool:
    """Tell whether a path lies below one of the others."""
    at = path.rfind("/")
    while at > 0:
        if path[:at] in others:
            return True
        at = path.rfind("/", 0, at)
    return False
