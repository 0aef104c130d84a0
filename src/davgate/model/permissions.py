"""Rights on nodes and the decision whether they suffice.

The rights bear the names of RFC 3744's privileges where it has one. A grant holds for its node and all below it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from davgate.model.errors import Forbidden, NotFound
from davgate.model.paths import TreePath
from davgate.model.principal import Principal


class Right(enum.Flag):
    """What a principal may do; the numbers are stored and never reused."""

    READ = 1
    WRITE_CONTENT = 2
    WRITE_PROPERTIES = 4
    BIND = 8
    UNBIND = 16
    LOCK = 32
    UNLOCK = 64
    CHECK_OUT = 128
    READ_ACL = 256
    WRITE_ACL = 512
    MANAGE = 1024


NO_RIGHTS = Right(0)
READER = Right.READ
EDITOR = Right.READ | Right.WRITE_CONTENT | Right.WRITE_PROPERTIES | Right.BIND | Right.UNBIND | Right.LOCK | Right.CHECK_OUT
EVERYTHING = ~NO_RIGHTS


def effective(principal: Principal, granted: Iterable[int]) -> Right:
    """Return the rights of a principal from the grants to them on a node and its ancestors."""
    if principal.is_admin:
        return EVERYTHING
    bits = 0
    for rights in granted:
        bits |= rights
    return Right(bits)


def require(needed: Right, held: Right, path: TreePath) -> None:
    """Refuse unless all needed rights are held.

    Raises:
        NotFound: what one may not read does not exist for one.
        Forbidden: readable, but not for this.
    """
    if held & needed == needed:
        return
    if Right.READ not in held:
        raise NotFound(path)
    missing = needed & ~held
    names = ", ".join(right.name.lower().replace("_", "-") for right in missing if right.name)
    raise Forbidden(f"You lack the right to do this here ({names}). Ask an administrator for it.")
