"""Live properties: which there are, what has them, and how they are written for many rows at once (RFC 4918, 15).

Answers are written column by column: the function of a property takes a batch of rows and gives one piece of text for
each. What rows share is done once, and no resource becomes an object. It needs no more than the rows, so that
versions and their folders are listed by rows of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from davgate.dav import access_properties, version_properties
from davgate.dav.facts import (
    COLLECTION,
    CREATED_AT,
    DIGEST,
    DOCUMENT,
    ID,
    KIND,
    LENGTH,
    MEDIA_TYPE,
    MODIFIED_AT,
    NAME,
    UUID,
    Batch,
    Column,
    Deletion,
    Facts,
)
from davgate.dav.xml import DAV, OWN_NAMESPACE, empty_element, escape, href_element, own_element
from davgate.http.dates import http_date, rfc3339
from davgate.http.headers import lock_token_uri
from davgate.http.targets import quote_name
from davgate.model.etag import of_content, of_pending
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, seconds_left
from davgate.model.locks import Lock
from davgate.model.media_types import guess, readable
from davgate.model.properties import PropertyName
from davgate.model.rights import Right
from davgate.storage.api import MemberRow

_BOTH: Final = frozenset({COLLECTION, DOCUMENT})
_COLLECTIONS: Final = frozenset({COLLECTION})
_DOCUMENTS: Final = frozenset({DOCUMENT})


@frozen
class LiveProperty:
    """A property that davgate computes and no client sets. ``kinds`` are the numbers of the node kinds that have it.

    One that is ``sparse`` some rows of these kinds have and others have not: the column tells.
    """

    local_name: str
    column: Column
    kinds: frozenset[int] = _BOTH
    in_allprop: bool = True
    sparse: bool = False
    namespace: str = DAV

    @property
    def name(self) -> PropertyName:
        """Its qualified name."""
        return self.namespace, self.local_name


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
    return f"<D:getcontenttype>{escape(readable(media_type))}</D:getcontenttype>"


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

    A check-out that is shown as a lock has no token that could be submitted.

    Source: RFC 4918, 14.1 and 15.8.
    """
    timeout = "Infinite" if lock.expires_at == FOREVER else f"Second-{seconds_left(lock.expires_at, now)}"
    owner = f"<D:owner>{lock.owner}</D:owner>" if lock.owner else ""
    return (
        f"<D:activelock><D:lockscope><D:{lock.scope.value}/></D:lockscope><D:locktype><D:write/></D:locktype>"
        f"<D:depth>{lock.depth.value}</D:depth>{owner}<D:timeout>{timeout}</D:timeout>"
        f"{f'<D:locktoken>{href_element(lock_token_uri(lock.token))}</D:locktoken>' if lock.token else ''}"
        f"<D:lockroot>{href_element(root_href)}</D:lockroot></D:activelock>"
    )


_LOCK: Final = Right.LOCK.value
_SUPPORTED_LOCKS: Final = "<D:supportedlock>{}</D:supportedlock>".format(
    "".join(
        f"<D:lockentry><D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
        for scope in ("exclusive", "shared")
    )
)


def _supported_locks(batch: Batch) -> list[str]:
    if not batch.facts.lockable:
        return ["<D:supportedlock/>"] * len(batch.rows)
    access = batch.facts.access
    if access is None:
        return [_SUPPORTED_LOCKS] * len(batch.rows)
    rights = access.rights(batch.rows, _LOCK)
    texts = {bits: _SUPPORTED_LOCKS if bits & _LOCK else "<D:supportedlock/>" for bits in set(rights)}
    return [texts[rights[0]]] * len(rights) if len(texts) == 1 else [texts[bits] for bits in rights]


def _resource_ids(batch: Batch) -> list[str]:
    return [f"<D:resource-id><D:href>urn:uuid:{row[UUID]}</D:href></D:resource-id>" for row in batch.rows]


def _quota_used(batch: Batch) -> list[str]:
    return _of_collections(batch, f"<D:quota-used-bytes>{batch.facts.quota_used_bytes}</D:quota-used-bytes>")


def _quota_available(batch: Batch) -> list[str]:
    available = batch.facts.quota_available_bytes
    return _of_collections(batch, f"<D:quota-available-bytes>{available}</D:quota-available-bytes>")


def _of_collections(batch: Batch, element: str) -> list[str]:
    return [element if row[KIND] == COLLECTION else "" for row in batch.rows]


def _deletion(name: str, text_of: Callable[[Deletion], str]) -> Column:
    def column(batch: Batch) -> list[str]:
        deletions = batch.facts.deletions
        return [own_element(name, text_of(deletions[row[UUID]])) if row[UUID] in deletions else "" for row in batch.rows]

    return column


def _supported_live_properties(batch: Batch) -> list[str]:
    return [_supported_live_properties_of(row[KIND]) for row in batch.rows]


@lru_cache
def _supported_live_properties_of(kind: int) -> str:
    names = [live.name for live in LIVE_PROPERTIES.values() if kind in live.kinds]
    supported = "".join(
        f"<D:supported-live-property><D:prop>{empty_element(name)}</D:prop></D:supported-live-property>" for name in names
    )
    return f"<D:supported-live-property-set>{supported}</D:supported-live-property-set>"


def _versioning(local_name: str, column: Column, kinds: frozenset[int] = _DOCUMENTS) -> LiveProperty:
    """Return a property that allprop does not show, for the sake of clients that would not understand it (RFC 3253, 3.11)."""
    return LiveProperty(local_name, column, kinds, in_allprop=False, sparse=True)


def _own(local_name: str, column: Column, kinds: frozenset[int] = _BOTH) -> LiveProperty:
    return LiveProperty(local_name, column, kinds, in_allprop=False, sparse=True, namespace=OWN_NAMESPACE)


def _of_rights(local_name: str, column: Column, kinds: frozenset[int] = _BOTH, *, sparse: bool = False) -> LiveProperty:
    """Return a property of RFC 3744 or RFC 5397, which allprop does not show (RFC 3744, 5; RFC 5397, 3)."""
    return LiveProperty(local_name, column, kinds, in_allprop=False, sparse=sparse)


LIVE_PROPERTIES: Final[Mapping[PropertyName, LiveProperty]] = {
    live.name: live
    for live in (
        LiveProperty("resourcetype", _resource_types),
        LiveProperty("creationdate", _creation_dates),
        LiveProperty("getlastmodified", _last_modified),
        LiveProperty("getcontentlength", _content_lengths, _DOCUMENTS),
        LiveProperty("getcontenttype", _content_types, _DOCUMENTS),
        LiveProperty("getetag", _etags, _DOCUMENTS),
        # Deviates from RFC 4918, 15.2: it cannot be set. It is the name on the drive, and only MOVE changes that.
        LiveProperty("displayname", _display_names),
        LiveProperty("supportedlock", _supported_locks),
        LiveProperty("lockdiscovery", _lock_discovery),
        # RFC 5842, 3.1
        LiveProperty("resource-id", _resource_ids, in_allprop=False),
        # RFC 4331, 3 and 4
        LiveProperty("quota-used-bytes", _quota_used, _COLLECTIONS, in_allprop=False),
        LiveProperty("quota-available-bytes", _quota_available, _COLLECTIONS, in_allprop=False),
        # RFC 6578, 4
        LiveProperty("sync-token", version_properties.sync_token, _COLLECTIONS, in_allprop=False, sparse=True),
        # RFC 3253, 3.1
        LiveProperty("supported-method-set", version_properties.supported_method_set, in_allprop=False),
        LiveProperty("supported-live-property-set", _supported_live_properties, in_allprop=False),
        LiveProperty("supported-report-set", version_properties.supported_report_set, in_allprop=False),
        _versioning("comment", version_properties.comment),
        _versioning("creator-displayname", version_properties.creator_displayname),
        # RFC 3253, 3.2 to 3.4, 4.1, 5.1, 5.2 and 8.1
        _versioning("checked-in", version_properties.checked_in),
        _versioning("checked-out", version_properties.checked_out),
        _versioning("auto-version", version_properties.auto_version),
        _versioning("version-name", version_properties.version_name),
        _versioning("version-history", version_properties.version_history),
        _versioning("predecessor-set", version_properties.predecessor_set),
        _versioning("successor-set", version_properties.successor_set),
        _versioning("checkout-set", version_properties.checkout_set),
        _versioning("checkout-fork", version_properties.checkout_fork),
        _versioning("checkin-fork", version_properties.checkin_fork),
        _versioning("label-name-set", version_properties.label_name_set),
        _versioning("version-set", version_properties.version_set, _COLLECTIONS),
        _versioning("root-version", version_properties.root_version, _COLLECTIONS),
        # RFC 3744, 5.1 to 5.8; nothing has a group. RFC 5397, 3
        _of_rights("owner", access_properties.owners),
        _of_rights("group", access_properties.no_groups, frozenset()),
        _of_rights("supported-privilege-set", access_properties.supported_privilege_sets),
        _of_rights("current-user-privilege-set", access_properties.current_user_privilege_sets),
        _of_rights("acl", access_properties.acls, sparse=True),
        _of_rights("acl-restrictions", access_properties.acl_restrictions),
        _of_rights("inherited-acl-set", access_properties.inherited_acl_sets),
        _of_rights("principal-collection-set", access_properties.principal_collection_sets),
        _of_rights("current-user-principal", access_properties.current_user_principals),
        _own("sha-256", version_properties.sha_256, _DOCUMENTS),
        _own("origin", version_properties.origin, _DOCUMENTS),
        _own("deleted-from", _deletion("deleted-from", lambda deletion: deletion.path)),
        _own("deleted-by", _deletion("deleted-by", lambda deletion: deletion.by)),
        _own("deleted-at", _deletion("deleted-at", lambda deletion: rfc3339(deletion.at))),
    )
}
"""All of them, in the order in which allprop and propname list them."""

PROTECTED: Final = frozenset(LIVE_PROPERTIES)
"""What PROPPATCH refuses with cannot-modify-protected-property (RFC 4918, 16)."""

LOCK_DISCOVERY: Final = (DAV, "lockdiscovery")
QUOTA_USED: Final = (DAV, "quota-used-bytes")
QUOTA_AVAILABLE: Final = (DAV, "quota-available-bytes")
QUOTA: Final = frozenset({QUOTA_USED, QUOTA_AVAILABLE})
OWNER: Final = (DAV, "owner")
ACL: Final = (DAV, "acl")
CURRENT_USER_PRIVILEGES: Final = (DAV, "current-user-privilege-set")
_CURRENT_USER: Final = (DAV, "current-user-principal")
OF_RIGHTS: Final = frozenset({(DAV, "supportedlock"), CURRENT_USER_PRIVILEGES, ACL})
"""What depends on what the one who asks may do."""
SYNC_TOKEN: Final = (DAV, "sync-token")
AUTO_VERSION: Final = (DAV, "auto-version")
OF_VERSIONS: Final = frozenset(
    {(DAV, "comment"), (DAV, "creator-displayname"), (DAV, "label-name-set"), (OWN_NAMESPACE, "origin")}
)
"""What a document has from the version that it shows, and its row does not tell."""


def unknown_properties(facts: Facts) -> frozenset[PropertyName]:
    """Return the live properties that nothing has in this answer."""
    values = {QUOTA_USED: facts.quota_used_bytes, QUOTA_AVAILABLE: facts.quota_available_bytes}
    of_access = (OWNER, ACL, CURRENT_USER_PRIVILEGES, _CURRENT_USER) if facts.access is None else ()
    return frozenset([*(name for name, value in values.items() if value is None), *of_access])
