"""REPORT: a document's versions, properties with what they lead to, and what changed in a collection.

RFC 3253, 3.6 to 3.8; RFC 6578, 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain, groupby

from davgate.core import changes, tree
from davgate.core.access_shown import MakersShown
from davgate.core.changes import Answer, Asked
from davgate.core.version_history import history_of
from davgate.dav import multistatus, past, report_bodies
from davgate.dav.bodies import PropfindRequest
from davgate.dav.describing import (
    current_facts,
    facts_of_versions,
    joined,
    lock_shown_to,
    locks_of_others,
    rooted,
    version_row,
    with_typed,
)
from davgate.dav.drive import Exchange
from davgate.dav.expanding import expanded
from davgate.dav.facts import COLLECTION, KIND, NAME, Batch, Facts, ReadAccess
from davgate.dav.report_bodies import ExpandRequest, SyncRequest, VersionTreeRequest
from davgate.dav.version_properties import SYNC_COLLECTION, VERSION_TREE, version_href
from davgate.dav.xml import CONTENT_TYPE
from davgate.http.headers import parse_depth
from davgate.http.responses import NOSNIFF, Response, gathered
from davgate.model.errors import Malformed, NotADocument, UnsupportedReport
from davgate.model.locks import Depth, Lock
from davgate.model.paths import TreePath, is_inside
from davgate.model.places import InTree, VersionFile


def report(exchange: Exchange) -> Response:
    """Answer a report on a resource (RFC 3253, 3.6)."""
    request = exchange.request
    depth = parse_depth(request.header("DEPTH"), Depth.ZERO)
    asked = report_bodies.parse_report(exchange.xml_body(), depth, exchange.drive.xml_limits)
    if depth is not Depth.ZERO and not isinstance(asked, SyncRequest):
        raise Malformed("This report is on one resource. Send it with Depth 0, or without.")
    if not isinstance(asked, SyncRequest):
        _hold_conditions(exchange)
    match asked:
        case SyncRequest():
            responses = _sync(exchange, asked)
        case VersionTreeRequest():
            responses = _version_tree(exchange, asked)
        case ExpandRequest():
            responses = iter([expanded(exchange, asked)])
    pieces = multistatus.in_pieces(responses)
    headers = [("Content-Type", CONTENT_TYPE), NOSNIFF]
    at_hand, is_all = gathered(pieces)
    if is_all:
        return Response(HTTPStatus.MULTI_STATUS, [*headers, ("Content-Length", str(len(at_hand)))], (at_hand,))
    # All was read from the store already; only the text is made as it is sent.
    return Response(HTTPStatus.MULTI_STATUS, headers, chain([at_hand], pieces))


def _hold_conditions(exchange: Exchange) -> None:
    """Refuse a report on what there is not, or for which the conditions of the request do not hold (RFC 4918, 10.4.1)."""
    if isinstance(exchange.place, InTree):
        if not exchange.ctx.conditions.is_empty:
            tree.look_at(exchange.store, exchange.ctx, exchange.place.path)
    else:
        with past.shown(exchange.drive, exchange.ctx, exchange.place, with_members=False):
            pass


# RFC 3253, 3.7


def _version_tree(exchange: Exchange, request: VersionTreeRequest) -> Iterator[str]:
    """Yield each version of a document with the properties asked for, the oldest first."""
    drive, place = exchange.drive, exchange.place
    match place:
        case InTree(path) | VersionFile(path):
            pass
        case _:
            raise UnsupportedReport(VERSION_TREE)
    try:
        history = history_of(exchange.store, exchange.ctx, path)
    except NotADocument:
        raise UnsupportedReport(VERSION_TREE) from None
    rows = [version_row(exchange.store, history.node, version) for version in history.versions]
    hrefs = [version_href(drive.mount, history.node.uuid, version.no) for version in history.versions]
    facts = facts_of_versions(exchange, path, history, request.asked)
    return multistatus.resources(request.asked, [(hrefs, Batch(rows, facts, ()))], facts)


# RFC 6578


def _sync(exchange: Exchange, request: SyncRequest) -> Iterator[str]:
    """Yield what changed in a collection, what is gone first: a client may keep one file for two spellings of a name."""
    if not isinstance(exchange.place, InTree):
        raise UnsupportedReport(SYNC_COLLECTION)
    drive, top = exchange.drive, exchange.place.path
    asked = request.asked
    answer = changes.missed(
        exchange.store,
        exchange.ctx,
        top,
        Asked(
            request.token,
            request.deep,
            request.limit,
            with_properties=asked.wants_dead_properties,
            with_locks=asked.wants_locks,
            with_versions=asked.wants_version_facts,
            with_rights=asked.wants_rights,
            with_metadata=asked.wants_typed_properties,
        ),
    )
    for one in answer.missed:
        if one.row is None:
            yield multistatus.removed(drive.href((*top, *one.path), collection=False))
    facts = _facts_of(exchange, asked, answer)
    yield from multistatus.resources(asked, _by_collection(exchange, top, answer, facts), facts)
    if answer.is_cut:
        yield multistatus.truncated(drive.href(top, collection=True))
    yield multistatus.sync_token(answer.token)


def _facts_of(exchange: Exchange, asked: PropfindRequest, answer: Answer) -> Facts:
    me = exchange.ctx.principal
    own: dict[int, tuple[Lock, ...]] = {}
    for lock, _ in answer.locks_below:
        own[lock.node_id] = (*own.get(lock.node_id, ()), lock_shown_to(me, lock))
    return Facts(
        answer.now,
        member_locks=joined(own, locks_of_others(answer.check_outs, me)),
        dead=with_typed(exchange.store, asked, answer.properties, answer.metadata),
        mount=exchange.drive.mount,
        check_outs=answer.check_outs,
        current=current_facts(answer.versions),
        sync_token=answer.token,
        access=ReadAccess(me.name, MakersShown(exchange.store).owners, rights_of=answer.rights),
    )


def _by_collection(exchange: Exchange, top: TreePath, answer: Answer, facts: Facts) -> Iterator[tuple[list[str], Batch]]:
    """Yield the members that are there, those of one collection together: the same locks reach them from above."""
    drive = exchange.drive
    me = exchange.ctx.principal
    standing = (*answer.standing, *answer.locks_below)
    deep = [(lock_shown_to(me, lock), root) for lock, root in standing if lock.depth is Depth.INFINITY]
    present = [one for one in answer.missed if one.row is not None]
    for inner, members in groupby(present, key=lambda one: one.path[:-1]):
        path = (*top, *inner)
        rows = [one.row for one in members if one.row is not None]
        hrefs = [drive.href((*path, row[NAME] or ""), collection=row[KIND] == COLLECTION) for row in rows]
        reaching = rooted(drive, [pair for pair in deep if is_inside(path, pair[1])])
        yield hrefs, Batch(rows, facts, reaching, drive.href(path, collection=True))
