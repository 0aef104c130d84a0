"""The one decision what a principal may do to a node, from the grants on the way to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from davgate.model.errors import Forbidden, NotFound
from davgate.model.paths import TreePath
from davgate.model.principal import Principal
from davgate.model.rights import EVERYTHING, NO_RIGHTS, OWN_RIGHTS, Right, names_of


@dataclass(frozen=True, slots=True)
class Step:
    """A node on the way from the root to the one in question, with the rights granted there to the principal's identities."""

    node_id: int
    is_closed: bool
    granted: int


def effective(principal: Principal, way: Iterable[Step], made_by: int | None = None) -> Right:
    """Return the rights of a principal on the node at the end of a way that begins at the root.

    Grants add up on the way down. At a closed node those from above end, but for ``MANAGE``: whoever administers a tree
    administers what is closed in it. ``made_by`` is who made the node, for whom ``OWN`` means more. Outside the tree that a
    principal is restricted to it has none.
    """
    bits = EVERYTHING.value if principal.is_admin else 0
    is_inside = principal.scope.tree_id is None
    for step in way:
        if step.is_closed and not principal.is_admin:
            bits &= Right.MANAGE.value
        bits |= step.granted
        is_inside = is_inside or step.node_id == principal.scope.tree_id
    if not is_inside:
        return NO_RIGHTS
    held = EVERYTHING if Right.MANAGE.value & bits else Right(bits)
    allowed = principal.scope.rights
    if made_by == principal.id:
        held, allowed = _with_own(held), _with_own(allowed)
    return held & allowed


def _with_own(rights: Right) -> Right:
    return rights | OWN_RIGHTS if Right.OWN in rights else rights


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
