"""Properties that tell of rights: who made something, who may do what, and what the one who asks may do (RFC 3744, 5; RFC 5397).

All are there to be read alone. Rights bear the names of RFC 3744's privileges where it has one; the others are in davgate's own
namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from davgate.core.access_shown import ShownGrant
from davgate.dav.facts import Batch
from davgate.dav.xml import href_element, own_element
from davgate.http.targets import quote_path
from davgate.model.principal import SIGNED_IN_ID
from davgate.model.rights import EVERYTHING, Right, name_of

PRINCIPALS: Final = "/principals"
"""Where the addresses of principals begin."""


def principal_href(name: str) -> str:
    """Return the address of a principal, which stays: nobody is renamed or removed."""
    return quote_path((name,), PRINCIPALS, collection=False)


# RFC 3744, 5.1 and 5.2; RFC 5397, 3


def owners(batch: Batch) -> list[str]:
    """Give the principal that made the row; of what is in the past, the one who made the document."""
    access = batch.facts.access
    return [""] * len(batch.rows) if access is None else [_owner(name) for name in access.owners(batch.rows)]


@lru_cache
def _owner(name: str) -> str:
    return f"<D:owner>{href_element(principal_href(name))}</D:owner>"


def no_groups(batch: Batch) -> list[str]:
    """Give nothing: what is here belongs to people, and none of it to a group."""
    return [""] * len(batch.rows)


def current_user_principals(batch: Batch) -> list[str]:
    """Give the one who asks (RFC 5397, 3)."""
    access = batch.facts.access
    return [current_user_principal(access.me) if access is not None else ""] * len(batch.rows)


def current_user_principal(name: str) -> str:
    """Return the property that leads to the one who asks."""
    return f"<D:current-user-principal>{href_element(principal_href(name))}</D:current-user-principal>"


# RFC 3744, 3 and 5.3: what can be granted

_OWN_RIGHTS: Final = frozenset({Right.LOCK, Right.CHECK_OUT, Right.MANAGE, Right.OWN})
_WRITE: Final = Right.WRITE_CONTENT | Right.WRITE_PROPERTIES | Right.BIND | Right.UNBIND


def _privilege(right: Right) -> str:
    name = name_of(right)
    element = own_element(name) if right in _OWN_RIGHTS else f"<D:{name}/>"
    return f"<D:privilege>{element}</D:privilege>"


_PRIVILEGES: Final = {right: _privilege(right) for right in Right}
_ALL: Final = "<D:privilege><D:all/></D:privilege>"
_WRITE_PRIVILEGE: Final = "<D:privilege><D:write/></D:privilege>"
_READ_OWN: Final = "<D:privilege><D:read-current-user-privilege-set/></D:privilege>"

_DESCRIPTIONS: Final[Mapping[Right, str]] = {
    Right.READ: "See it, its content, properties and history",
    Right.WRITE_CONTENT: "Change the content of documents",
    Right.WRITE_PROPERTIES: "Change properties",
    Right.BIND: "Add members to a collection",
    Right.UNBIND: "Delete it, move it away, take members out of a collection",
    Right.LOCK: "Lock it",
    Right.UNLOCK: "Remove the locks of others",
    Right.CHECK_OUT: "Check documents out",
    Right.READ_ACL: "See who has which rights",
    Right.WRITE_ACL: "Decide who has which rights",
    Right.MANAGE: "Everything, also where rights from further up end",
    Right.OWN: "See, change and remove what one made oneself",
}


def _supported(privilege: str, description: str, inside: str = "", *, abstract: bool = False) -> str:
    return (
        f"<D:supported-privilege>{privilege}{'<D:abstract/>' if abstract else ''}"
        f'<D:description xml:lang="en">{description}</D:description>{inside}</D:supported-privilege>'
    )


def _all_supported() -> str:
    leaves = {right: _supported(_PRIVILEGES[right], _DESCRIPTIONS[right]) for right in Right}
    write = _supported(_WRITE_PRIVILEGE, "Change and delete", "".join(leaves[right] for right in _WRITE))
    # What one may do oneself everybody may see who sees the resource at all: nobody grants it.
    read_own = _supported(_READ_OWN, "See what one may do oneself", abstract=True)
    others = "".join(leaf for right, leaf in leaves.items() if right not in _WRITE | Right.READ)
    inside = leaves[Right.READ] + read_own + write + others
    return f"<D:supported-privilege-set>{_supported(_ALL, 'Everything', inside)}</D:supported-privilege-set>"


_SUPPORTED: Final = _all_supported()


def supported_privilege_sets(batch: Batch) -> list[str]:
    """Give all rights that there are."""
    return [_SUPPORTED] * len(batch.rows)


# RFC 3744, 5.4: aggregates and what they contain are both listed.


def current_user_privilege_sets(batch: Batch) -> list[str]:
    """Give what the one who asks may do."""
    access = batch.facts.access
    return [""] * len(batch.rows) if access is None else [current_user_privilege_set(bits) for bits in access.rights(batch.rows)]


@lru_cache(maxsize=4096)
def current_user_privilege_set(bits: int) -> str:
    """Return the property for some rights, with all that they aggregate to."""
    rights = Right(bits)
    privileges = [_ALL] if rights == EVERYTHING else []
    privileges += [_WRITE_PRIVILEGE] if _WRITE in rights else []
    privileges += [_PRIVILEGES[right] for right in rights]
    return f"<D:current-user-privilege-set>{''.join(privileges)}{_READ_OWN}</D:current-user-privilege-set>"


# RFC 3744, 5.5


def acls(batch: Batch) -> list[str]:
    """Give who was granted what, here or further up, where the one who asks may read that."""
    access = batch.facts.access
    if access is None:
        return [""] * len(batch.rows)
    mount = batch.facts.mount
    return [
        f"<D:acl>{''.join([_ace(one, mount) for one in shown])}</D:acl>" if shown is not None else ""
        for shown in access.acls(batch.rows)
    ]


@lru_cache(maxsize=4096)
def _ace(one: ShownGrant, mount: str) -> str:
    who = "<D:authenticated/>" if one.principal_id == SIGNED_IN_ID else href_element(principal_href(one.principal_name))
    above = one.inherited_from
    inherited = "" if above is None else f"<D:inherited>{href_element(quote_path(above, mount, collection=True))}</D:inherited>"
    return f"<D:ace><D:principal>{who}</D:principal><D:grant>{_granted(one.rights)}</D:grant>{inherited}</D:ace>"


def _granted(rights: Right) -> str:
    """Return privileges to the same effect, aggregates in place of what they contain; to manage is to hold all."""
    if Right.MANAGE in rights:
        return _ALL
    whole = _WRITE_PRIVILEGE if _WRITE in rights else ""
    return whole + "".join(_PRIVILEGES[right] for right in rights if not (whole and right in _WRITE))


# RFC 3744, 5.6 to 5.8

_RESTRICTIONS: Final = "<D:acl-restrictions><D:grant-only/><D:no-invert/></D:acl-restrictions>"


def acl_restrictions(batch: Batch) -> list[str]:
    """Give what grants cannot say: nothing is denied, and nobody excepted."""
    return [_RESTRICTIONS] * len(batch.rows)


def inherited_acl_sets(batch: Batch) -> list[str]:
    """Give the empty set: it would name places that must grant a right as well, and grants here add up (RFC 3744, 5.7)."""
    return ["<D:inherited-acl-set/>"] * len(batch.rows)


PRINCIPAL_COLLECTION_SET: Final = f"<D:principal-collection-set>{href_element(PRINCIPALS + '/')}</D:principal-collection-set>"


def principal_collection_sets(batch: Batch) -> list[str]:
    """Give where principals are found."""
    return [PRINCIPAL_COLLECTION_SET] * len(batch.rows)
