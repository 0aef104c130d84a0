"""Live properties: which there are, what has them, and how they are written for many rows at once (RFC 4918, 15).

Answers are written column by column: the function of a property takes a batch of rows and gives one piece of text for
each. What rows share is done once, and no resource becomes an object. It needs no more than the rows, so that
versions and their folders are listed by rows of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from davgate.dav.xml import DAV, escape, href_element
from davgate.http.headers import http_date, lock_token_uri, quote_name, rfc3339
from davgate.model.etag import of_content, of_pending
from davgate.model.instant import FOREVER, Instant, seconds_left
from davgate.model.locks import Lock
from davgate.model.media_types import guess
from davgate.model.node import NodeKind
from davgate.model.properties import PropertyName
from davgate.storage.api import MemberRow

# Where the values of a row are; see MemberRow.
ID: Final = 0
UUID: Final = 1
KIND: Final = 2
NAME: Final = 4
CREATED_AT: Final = 5
MODIFIED_AT: Final = 6
VERSION_NO: Final = 7
DIGEST: Final = 8
LENGTH: Final = 9
MEDIA_TYPE: Final = 10

COLLECTION: Final = NodeKind.COLLECTION.value
DOCUMENT: Final = NodeKind.DOCUMENT.value
_BOTH: Final = frozenset({COLLECTION, DOCUMENT})

RootedLock: TypeAlias = tuple[Lock, str]
"""A live lock and the address of its lock root."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer says beside the rows.

    ``standing`` are the locks that affect the requested resource, those from above included; ``member_locks`` are those
    directly on its members, and ``dead`` the dead properties of all, each the text of an element, both by node id. Without
    ``lockable`` nothing listed here can be locked. A quota of None is unknown or without limit, and is not shown
    (RFC 4331, 3 and 4).
    """

    now: Instant
    standing: Sequence[RootedLock] = ()
    member_locks: Mapping[int, Sequence[Lock]] = field(default_factory=dict)
    lockable: bool = True
    dead: Mapping[int, Mapping[PropertyName, str]] = field(default_factory=dict)
    quota_used_bytes: int | None = None
    quota_available_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are written together: the requested resource, or members below ``base``.

    ``standing`` are the locks that affect each of them, beside those of ``facts.member_locks``.
    """

    rows: Sequence[MemberRow]
    facts: Facts
    standing: Sequence[RootedLock]
    base: str = ""


Column: TypeAlias = Callable[[Batch], Iterable[str]]
"""Gives the element of a property for each row of a batch, in order; the empty string where the row has none."""


@dataclass(frozen=True, slots=True)
class LiveProperty:
    """A property that davgate computes and no client sets. ``kinds`` are the numbers of the node kinds that have it."""

    local_name: str
    column: Column
    kinds: frozenset[int] = _BOTH
    in_allprop: bool = True

    @property
    def name(self) -> PropertyName:
        """Its qualified name."""
        return DAV, self.local_name


_RESOURCE_TYPES: Final = {
    COLLECTION: "<D:resourcetype><D:collection/></D:resourcetype>",
    DOCUMENT: "<D:resourcetype/>",
}


def _resource_types(batch: Batch) -> list[str]:
    return [_RESOURCE_TYPES[row[KIND]] for row in batch.rows]


def _content_lengths(batch: Batch) -> list[str]:
    return [f"<D:getcontentlength>{row[LENGTH] or 0}</D:getcontentlength>" if row[KIND] == DOCUMENT else "" for row in batch.rows]


def _last_modified(batch: Batch) -> list[str]:
    return [_last_modified_element(row[MODIFIED_AT]) for row in batch.rows]


def _creation_dates(batch: Batch) -> list[str]:
    return [_creation_date_element(row[CREATED_AT]) for row in batch.rows]


# Sizes for a listing of ten thousand: the next one formats no date.
@lru_cache(maxsize=16_384)
def _last_modified_element(modified_at: int) -> str:
    return f"<D:getlastmodified>{http_date(Instant(modified_at))}</D:getlastmodified>"


@lru_cache(maxsize=16_384)
def _creation_date_element(created_at: int) -> str:
    return f"<D:creationdate>{rfc3339(Instant(created_at))}</D:creationdate>"


def _etags(batch: Batch) -> list[str]:
    return [
        f"<D:getetag>{of_content(digest)}</D:getetag>" if (digest := row[DIGEST]) is not None else _etag_of_nothing(row)
        for row in batch.rows
    ]


def _etag_of_nothing(row: MemberRow) -> str:
    return f"<D:getetag>{of_pending(row[UUID])}</D:getetag>" if row[KIND] == DOCUMENT else ""


def _display_names(batch: Batch) -> list[str]:
    # No name contains a slash, so all are escaped in one go.
    names = escape("/".join([row[NAME] or "" for row in batch.rows])).split("/")
    return [f"<D:displayname>{name}</D:displayname>" for name in names]


def _content_types(batch: Batch) -> list[str]:
    return [
        _content_type_element(row[MEDIA_TYPE] or guess(row[NAME] or "")) if row[KIND] == DOCUMENT else "" for row in batch.rows
    ]


@lru_cache(maxsize=1024)
def _content_type_element(media_type: str) -> str:
    return f"<D:getcontenttype>{escape(media_type)}</D:getcontenttype>"


def _lock_discovery(batch: Batch) -> list[str]:
    now, member_locks = batch.facts.now, batch.facts.member_locks
    shared = "".join([active_lock(lock, root, now) for lock, root in batch.standing])
    if not member_locks:
        return [_lock_discovery_element(shared)] * len(batch.rows)
    return [
        _lock_discovery_element(
            "".join([active_lock(lock, member_href(batch.base, row), now) for lock in member_locks.get(row[ID], ())]) + shared
        )
        for row in batch.rows
    ]


def member_href(base: str, row: MemberRow) -> str:
    """Return the address of a member below the address of its collection, which ends in a slash."""
    return f"{base}{quote_name(row[NAME] or '')}{'/' if row[KIND] == COLLECTION else ''}"


def _lock_discovery_element(active_locks: str) -> str:
    return f"<D:lockdiscovery>{active_locks}</D:lockdiscovery>" if active_locks else "<D:lockdiscovery/>"


def lock_discovery(lock: Lock, root_href: str, now: Instant) -> str:
    """Return the property lockdiscovery with this lock alone."""
    return _lock_discovery_element(active_lock(lock, root_href, now))


def active_lock(lock: Lock, root_href: str, now: Instant) -> str:
    """Return what lockdiscovery says of a live lock; its timeout is what is left of it.

    Source: RFC 4918, 14.1 and 15.8.
    """
    timeout = "Infinite" if lock.expires_at == FOREVER else f"Second-{seconds_left(lock.expires_at, now)}"
    owner = f"<D:owner>{lock.owner}</D:owner>" if lock.owner else ""
    return (
        f"<D:activelock><D:lockscope><D:{lock.scope.value}/></D:lockscope><D:locktype><D:write/></D:locktype>"
        f"<D:depth>{lock.depth.value}</D:depth>{owner}<D:timeout>{timeout}</D:timeout>"
        f"<D:locktoken>{href_element(lock_token_uri(lock.token))}</D:locktoken>"
        f"<D:lockroot>{href_element(root_href)}</D:lockroot></D:activelock>"
    )


_SUPPORTED_LOCKS: Final = "<D:supportedlock>{}</D:supportedlock>".format(
    "".join(
        f"<D:lockentry><D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
        for scope in ("exclusive", "shared")
    )
)


def _supported_locks(batch: Batch) -> list[str]:
    return [_SUPPORTED_LOCKS if batch.facts.lockable else "<D:supportedlock/>"] * len(batch.rows)


def _resource_ids(batch: Batch) -> list[str]:
    return [f"<D:resource-id><D:href>urn:uuid:{row[UUID]}</D:href></D:resource-id>" for row in batch.rows]


def _quota_used(batch: Batch) -> list[str]:
    return _of_collections(batch, f"<D:quota-used-bytes>{batch.facts.quota_used_bytes}</D:quota-used-bytes>")


def _quota_available(batch: Batch) -> list[str]:
    available = batch.facts.quota_available_bytes
    return _of_collections(batch, f"<D:quota-available-bytes>{available}</D:quota-available-bytes>")


def _of_collections(batch: Batch, element: str) -> list[str]:
    return [element if row[KIND] == COLLECTION else "" for row in batch.rows]


LIVE_PROPERTIES: Final[Mapping[PropertyName, LiveProperty]] = {
    live.name: live
    for live in (
        LiveProperty("resourcetype", _resource_types),
        LiveProperty("creationdate", _creation_dates),
        LiveProperty("getlastmodified", _last_modified),
        LiveProperty("getcontentlength", _content_lengths, frozenset({DOCUMENT})),
        LiveProperty("getcontenttype", _content_types, frozenset({DOCUMENT})),
        LiveProperty("getetag", _etags, frozenset({DOCUMENT})),
        # Deviates from RFC 4918, 15.2: it cannot be set. It is the name on the drive, and only MOVE changes that.
        LiveProperty("displayname", _display_names),
        LiveProperty("supportedlock", _supported_locks),
        LiveProperty("lockdiscovery", _lock_discovery),
        # RFC 5842, 3.1
        LiveProperty("resource-id", _resource_ids, in_allprop=False),
        # RFC 4331, 3 and 4
        LiveProperty("quota-used-bytes", _quota_used, frozenset({COLLECTION}), in_allprop=False),
        LiveProperty("quota-available-bytes", _quota_available, frozenset({COLLECTION}), in_allprop=False),
    )
}
"""All of them, in the order in which allprop and propname list them."""

PROTECTED: Final = frozenset(LIVE_PROPERTIES)
"""What PROPPATCH refuses with cannot-modify-protected-property (RFC 4918, 16)."""

LOCK_DISCOVERY: Final = (DAV, "lockdiscovery")
QUOTA_USED: Final = (DAV, "quota-used-bytes")
QUOTA_AVAILABLE: Final = (DAV, "quota-available-bytes")
QUOTA: Final = frozenset({QUOTA_USED, QUOTA_AVAILABLE})


def unknown_properties(facts: Facts) -> frozenset[PropertyName]:
    """Return the live properties that nothing has in this answer."""
    values = {QUOTA_USED: facts.quota_used_bytes, QUOTA_AVAILABLE: facts.quota_available_bytes}
    return frozenset(name for name, value in values.items() if value is None)
