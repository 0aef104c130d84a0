"""Version rows and the earlier saves of versions. What they have for content is in ``blob_rows``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from sqlalchemy import BigInteger, bindparam, case, func, insert, null, select, tuple_, update

from davgate.model.bitemporal.registration import KEY
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.metadata import Metadata, no_metadata
from davgate.model.node import Cause, Content, Save, Stream, Version, no_streams
from davgate.storage import streams
from davgate.storage.bitemporal import index as temporal_index
from davgate.storage.rows import VERSION_COLUMNS, from_metadata, to_version
from davgate.storage.statements import Statement, fits, ids_given
from davgate.storage.subtrees import SUBTREE
from davgate.storage.tables import node, principal, save, version
from davgate.storage.transactions import Session, Transaction

_JOINED = select(*VERSION_COLUMNS).join_from(version, principal, principal.c.id == version.c.author_id)
_HAS_CONTENT = version.c.has_content == 1
_OF_DOCUMENT = Statement(_JOINED.where(version.c.document_id == bindparam("document_id"), _HAS_CONTENT).order_by(version.c.no))
_ONE = Statement(_JOINED.where(version.c.document_id == bindparam("document_id"), version.c.no == bindparam("no")))


_LAST_BEFORE = Statement(
    _JOINED.where(version.c.document_id == bindparam("document_id"), version.c.no < bindparam("no"), _HAS_CONTENT)
    .order_by(version.c.no.desc())
    .limit(1)
)


def last_before(session: Session, document_id: int, no: int) -> Version | None:
    """Return the newest kept version with a smaller number, or None."""
    row = session.first(_LAST_BEFORE, document_id=document_id, no=no)
    return None if row is None else to_version(row)


def of_document(session: Session, document_id: int) -> Iterator[Version]:
    """Yield the versions of a document that have content, the oldest first. Needs a snapshot session."""
    for batch in session.stream(_OF_DOCUMENT, document_id=document_id):
        yield from map(to_version, batch)


_ALL_OF_NODE = Statement(_JOINED.where(version.c.document_id == bindparam("document_id")).order_by(version.c.no))


def all_of_node(session: Session, node_id: int) -> list[Version]:
    """Return the versions of a document or collection, also those of metadata alone, the oldest first."""
    return [to_version(row) for row in session.all(_ALL_OF_NODE, document_id=node_id)]


_OF_ALL = ids_given("ids")
_NUMBERS = Statement(
    select(version.c.document_id, version.c.opened_at, version.c.no)
    .where(version.c.document_id.in_(select(_OF_ALL.c.id)))
    .order_by(version.c.document_id, version.c.no)
)


def numbers(session: Session, node_ids: Iterable[int]) -> dict[int, list[tuple[Instant, int]]]:
    """Return by the ids of documents and collections when each of their versions began, and its number, the oldest first."""
    found: dict[int, list[tuple[Instant, int]]] = {}
    for node_id, opened_at, no in session.all(_NUMBERS, ids=json.dumps(sorted(node_ids))):
        found.setdefault(node_id, []).append((opened_at, no))
    return found


_near = version.alias("near")
_OF_SAME = select(_near.c.no).where(_near.c.document_id == bindparam("document_id"), _near.c.has_content == 1)
_BEFORE = _OF_SAME.where(_near.c.no < bindparam("no")).order_by(_near.c.no.desc()).limit(1).scalar_subquery()
_AFTER = _OF_SAME.where(_near.c.no > bindparam("no")).order_by(_near.c.no).limit(1).scalar_subquery()
_AROUND = Statement(
    _JOINED.where(
        version.c.document_id == bindparam("document_id"),
        _HAS_CONTENT,
        version.c.no.between(func.coalesce(_BEFORE, bindparam("no")), func.coalesce(_AFTER, bindparam("no"))),
    ).order_by(version.c.no)
)


def around(session: Session, document_id: int, no: int) -> list[Version]:
    """Return a version, if it is kept and has content, between those before and after it that are and have."""
    return [to_version(row) for row in session.all(_AROUND, document_id=document_id, no=no)]


def find(session: Session, document_id: int, no: int) -> Version | None:
    """Return one version, or None."""
    row = session.first(_ONE, document_id=document_id, no=no) if fits(no) else None
    return None if row is None else to_version(row)


_OF_NUMBERS = select(func.min(_near.c.no)).where(_near.c.document_id == bindparam("document_id"), _near.c.has_content == 1)
_COUNTED = Statement(
    _JOINED.where(version.c.document_id == bindparam("document_id"), version.c.no.in_(_OF_NUMBERS.group_by(_near.c.content_no)))
    .order_by(version.c.no.desc())
    .offset(bindparam("first"))
    .limit(bindparam("most"))
)
_HOW_MANY_COUNTED = Statement(
    select(func.count(version.c.content_no.distinct())).where(version.c.document_id == bindparam("document_id"), _HAS_CONTENT)
)
_OF_NUMBER = _OF_NUMBERS.where(_near.c.content_no == bindparam("number")).scalar_subquery()
_ONE_COUNTED = Statement(_JOINED.where(version.c.document_id == bindparam("document_id"), version.c.no == _OF_NUMBER))


def counted(session: Session, document_id: int, first: int, most: int) -> list[Version]:
    """Return some of the versions by content, the newest first: of those with one number the oldest that is kept.

    That is the one that came with the content, unless it was thinned, and what metadata alone made after it was not.
    """
    return [to_version(row) for row in session.all(_COUNTED, document_id=document_id, first=first, most=most)]


def how_many_counted(session: Session, document_id: int) -> int:
    """Return how many versions by content are kept."""
    return int(session.all(_HOW_MANY_COUNTED, document_id=document_id)[0][0])


def find_counted(session: Session, document_id: int, number: int) -> Version | None:
    """Return the version by content that has a number, or None."""
    row = session.first(_ONE_COUNTED, document_id=document_id, number=number) if fits(number) else None
    return None if row is None else to_version(row)


_ADD = Statement(
    insert(version).values(
        document_id=bindparam("document_id"),
        no=bindparam("no"),
        cause=bindparam("cause"),
        opened_at=bindparam("at"),
        saved_at=bindparam("saved_at"),
        sealed_at=bindparam("sealed_at"),
        session=bindparam("session"),
        author_id=bindparam("author_id"),
        comment=bindparam("comment"),
        origin=bindparam("origin"),
        file_name=bindparam("file_name"),
        media_type=bindparam("media_type"),
        digest=bindparam("digest"),
        length_bytes=bindparam("length_bytes"),
        properties=bindparam("properties"),
        has_content=bindparam("has_content"),
        content_no=bindparam("content_no"),
        has_streams=bindparam("has_streams"),
    )
)


@frozen
class NewVersion:
    """A version to store: sealed at once, or open until ``sealed_at`` under the token ``session``; see ``model.node.Version``."""

    document_id: int
    no: int
    cause: Cause
    at: Instant
    author_id: int
    file_name: str
    content: Content
    origin: str = ""
    session: str | None = None
    sealed_at: Instant | None = None
    comment: str = ""
    saved_at: Instant | None = None
    metadata: Metadata = field(default_factory=no_metadata, hash=False)
    has_content: bool = True
    content_no: int | None = 0
    streams: Mapping[str, Stream] = field(default_factory=no_streams, hash=False)


def _said(tx: Transaction, new: NewVersion) -> Metadata:
    if KEY not in new.metadata:
        return new.metadata
    at = new.at
    about = new.metadata, new.has_content, new.content_no
    author = new.author_id, "", new.comment, new.file_name
    return temporal_index.completed(
        tx, Version(new.document_id, new.no, new.cause, at, *author, new.content, at, at, new.session, new.origin, *about)
    )


def add(tx: Transaction, new: Sequence[NewVersion]) -> None:
    """Store versions. Their blobs have rows already."""
    tx.run_many(
        _ADD,
        [
            {
                "document_id": one.document_id,
                "no": one.no,
                "cause": one.cause.value,
                "at": one.at,
                "saved_at": one.at if one.saved_at is None else one.saved_at,
                "sealed_at": max(one.at if one.sealed_at is None else one.sealed_at, one.saved_at or one.at),
                "session": one.session,
                "author_id": one.author_id,
                "comment": one.comment,
                "origin": one.origin,
                "file_name": one.file_name,
                "media_type": one.content.media_type,
                "digest": one.content.digest,
                "length_bytes": one.content.length_bytes,
                "properties": from_metadata(_said(tx, one)),
                "has_content": int(one.has_content),
                "content_no": one.content_no,
                "has_streams": int(bool(one.streams)),
            }
            for one in new
        ],
    )
    for one in new:
        if one.streams:
            streams.add(tx, one.document_id, one.no, one.streams)
        if KEY in one.metadata:
            temporal_index.follow(tx, one.document_id, one.no)
        elif one.no > 1 and (one.cause in _RESTORING or not one.has_content):
            temporal_index.follow_if_known(tx, one.document_id, one.no)


_RESTORING: Final = (Cause.REVERT, Cause.METADATA)
"""Why a version may say less than the one before it."""

_KEEP_SAVE = Statement(
    insert(save).values(
        document_id=bindparam("document_id"),
        version_no=bindparam("no"),
        saved_at=bindparam("saved_at"),
        author_id=bindparam("author_id"),
        media_type=bindparam("media_type"),
        digest=bindparam("digest"),
        length_bytes=bindparam("length_bytes"),
    )
)


def add_saves(tx: Transaction, document_id: int, no: int, author_id: int, kept: Sequence[Save], opened_at: Instant) -> None:
    """Keep what a working copy had before the bytes that became a version; they are as old as the version, in their order."""
    tx.run_many(
        _KEEP_SAVE,
        [
            {
                "document_id": document_id,
                "no": no,
                "saved_at": opened_at + position,
                "author_id": author_id,
                "media_type": one.content.media_type,
                "digest": one.content.digest,
                "length_bytes": one.content.length_bytes,
            }
            for position, one in enumerate(kept)
        ],
    )


_REPLACE = Statement(
    update(version)
    .where(version.c.document_id == bindparam("of"), version.c.no == bindparam("open_no"))
    .values(
        saved_at=bindparam("at"),
        sealed_at=bindparam("until"),
        media_type=bindparam("new_media_type"),
        digest=bindparam("new_digest"),
        length_bytes=bindparam("new_length_bytes"),
    )
)


def replace_content(tx: Transaction, opened: Version, content: Content, at: Instant) -> None:
    """Give an open version other bytes, and keep those that it had as a save.

    After the clock was set back what is written is younger than its present: the version is not sealed before it has its bytes.
    """
    former = opened.content
    tx.run(
        _KEEP_SAVE,
        document_id=opened.document_id,
        no=opened.no,
        saved_at=opened.saved_at,
        author_id=opened.author_id,
        media_type=former.media_type,
        digest=former.digest,
        length_bytes=former.length_bytes,
    )
    tx.run(
        _REPLACE,
        of=opened.document_id,
        open_no=opened.no,
        at=at,
        until=max(opened.sealed_at, at),
        new_media_type=content.media_type,
        new_digest=content.digest,
        new_length_bytes=content.length_bytes,
    )
    if KEY in opened.metadata:
        temporal_index.follow_again(tx, opened.document_id)


_SEAL = Statement(
    update(version)
    .where(version.c.document_id == bindparam("of"), version.c.no == bindparam("open_no"))
    .values(sealed_at=bindparam("at"), session=null())
)
_SEAL_SESSION = Statement(
    update(version)
    .where(version.c.session == bindparam("token"), version.c.sealed_at > bindparam("now"))
    .values(sealed_at=bindparam("at"), session=null())
)
_EXTEND_SESSION = Statement(
    update(version)
    .where(version.c.session == bindparam("token"), version.c.sealed_at > bindparam("now"))
    .values(
        sealed_at=case(
            (version.c.saved_at > bindparam("until", type_=BigInteger()), version.c.saved_at),
            else_=bindparam("until", type_=BigInteger()),
        )
    )
)
_FORGET_SESSIONS = Statement(
    update(version).where(version.c.session.is_not(None), version.c.sealed_at <= bindparam("now")).values(session=null())
)


def seal(tx: Transaction, opened: Version) -> None:
    """End the edit session of one version, if that has not run out; a clock that is set back does not open it again."""
    tx.run(_SEAL, of=opened.document_id, open_no=opened.no, at=min(opened.sealed_at, tx.at))


def seal_session(tx: Transaction, token: str) -> None:
    """End the edit session under a lock: seal each version that is still open under its token."""
    tx.run(_SEAL_SESSION, token=token, now=tx.now, at=tx.at)


def extend_session(tx: Transaction, token: str, until: Instant) -> None:
    """Let the edit session under a lock last as long as the lock now does; what ran out is sealed and stays so."""
    tx.run(_EXTEND_SESSION, token=token, now=tx.now, until=until)


# Only a current version is ever open: those before it, which may be thousands, need no look.
_CURRENT_BELOW = select(node.c.id, node.c.version_no).join_from(SUBTREE, node, node.c.id == SUBTREE.c.id)
_SEAL_BELOW = Statement(
    update(version)
    .where(tuple_(version.c.document_id, version.c.no).in_(_CURRENT_BELOW), version.c.session.is_not(None))
    .values(sealed_at=bindparam("at"), session=null())
)


def seal_below(tx: Transaction, top: int) -> None:
    """Seal what is open in a document, or in any below a collection."""
    tx.run(_SEAL_BELOW, top=top, at=tx.at)


def forget_sessions(tx: Transaction) -> int:
    """Drop the tokens of sessions that ran out, which is for tidiness alone: they were sealed when they ran out."""
    return tx.changed(_FORGET_SESSIONS, now=tx.now)


_SAVES = Statement(
    select(save.c.saved_at, principal.c.name, save.c.digest, save.c.length_bytes, save.c.media_type)
    .join_from(save, principal, principal.c.id == save.c.author_id)
    .where(save.c.document_id == bindparam("document_id"), save.c.version_no == bindparam("no"))
    .order_by(save.c.saved_at)
)


def saves(session: Session, document_id: int, no: int) -> list[Save]:
    """Return the earlier saves of a version that are kept, the oldest first."""
    rows = session.all(_SAVES, document_id=document_id, no=no)
    return [Save(row[0], row[1], Content(row[2], row[3], row[4])) for row in rows]


_ALL_SAVES = Statement(
    select(save.c.version_no, save.c.saved_at, principal.c.name, save.c.digest, save.c.length_bytes, save.c.media_type)
    .join_from(save, principal, principal.c.id == save.c.author_id)
    .where(save.c.document_id == bindparam("document_id"))
    .order_by(save.c.version_no, save.c.saved_at)
)


def saves_by_version(session: Session, document_id: int) -> dict[int, list[Save]]:
    """Return the earlier saves of all versions of a document that are kept, by version number, the oldest first."""
    found: dict[int, list[Save]] = {}
    for row in session.all(_ALL_SAVES, document_id=document_id):
        found.setdefault(row[0], []).append(Save(row[1], row[2], Content(row[3], row[4], row[5])))
    return found
