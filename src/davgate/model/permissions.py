"""The one decision what a principal may do to a node, from the grants on the way to it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from davgate.model.errors import Forbidden, NotFound
from davgate.model.paths import TreePath
from davgate.model.principal import Principal
from davgate.model.rights import EVERYTHING, NO_RIGHTS, OWN_RIGHTS, PASSES_CLOSED, Right, names_of


class Step(NamedTuple):
    """A node on the way from the root to the one in question, with the rights granted there to the principal's identities."""

    node_id: int
    is_closed: bool
    granted: int


def effective(principal: Principal, way: Iterable[Step], made_by: int | None = None) -> Right:
    """Return the rights of a principal on the node at the end of a way that begins at the root.

    Grants add up on the way down. At a closed node those from above end, but for what passes it. ``made_by`` is who made the
    node, for whom ``OWN`` means more. Outside the tree that a principal is restricted to it has none.
    """
    is_admin, scope, me = principal.is_admin, principal.scope, principal.id
    bits = _ALL if is_admin else 0
    is_inside = scope.tree_id is None
    for step in way:
        if step.is_closed and not is_admin:
            bits &= _PASSES_CLOSED
        bits |= step.granted
        is_inside = is_inside or step.node_id == scope.tree_id
    if not is_inside:
        return NO_RIGHTS
    allowed = scope.rights.value
    if bits & _MANAGE:
        bits = _ALL
    if made_by == me:
        bits, allowed = _with_own(bits), _with_own(allowed)
    return _rights(bits & allowed)


# Every request asks, some of them often, so the sum is made of numbers: an enum takes a microsecond for each step.
_ALL: Final = EVERYTHING.value
_MANAGE: Final = Right.MANAGE.value
_PASSES_CLOSED: Final = PASSES_CLOSED.value
_OWN: Final = Right.OWN.value
_OWN_RIGHTS: Final = OWN_RIGHTS.value
_rights = lru_cache(maxsize=_ALL + 1)(Right)


def _with_own(bits: int) -> int:
    return bits | _OWN_RIGHTS if bits & _OWN else bits


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
    names = ", ".join(names_of(needed & ~held))
    raise Forbidden(f"You lack the right to do this here ({names}). Ask an administrator for it.")
