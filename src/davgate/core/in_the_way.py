"""Who is in the way: whose lock or check-out keeps a request from what it wants, as far as its caller may see that.

A refusal names places; doors that name people ask here who it is, after the refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from davgate.core.describing import Described, describe
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from davgate.model.frozen import frozen
from davgate.model.paths import TreePath, Where
from davgate.model.uuids import canonical


@frozen
class InTheWay:
    """Who holds what was asked for, or with ``is_elsewhere`` another thing, such as the folder that it is in."""

    holder: str
    is_own: bool
    is_elsewhere: bool
    is_collection: bool


def in_the_way(store: Store, ctx: Context, where: Where | None, roots: Sequence[TreePath]) -> InTheWay | None:
    """Return who holds what was asked for or, of the ``roots`` that a refusal names, the first; None if the caller sees nobody.

    What the caller holds comes last: that is in nobody's way but where its token is missing.
    """
    return min(_holding(store, ctx, where, roots), key=lambda one: one.is_own, default=None)


def _holding(store: Store, ctx: Context, where: Where | None, roots: Sequence[TreePath]) -> Iterator[InTheWay]:
    for place, is_elsewhere in ((where, False), (_leading_to(roots[0]) if roots else None, True)):
        it = None if place is None else _seen(store, ctx, place)
        if it is not None and it.holder:
            yield InTheWay(it.holder, it.holder == ctx.principal.name, is_elsewhere, it.node.is_collection)


def _seen(store: Store, ctx: Context, where: Where) -> Described | None:
    try:
        return describe(store, ctx.without_conditions(), where).it
    except NotFound:
        return None


def _leading_to(root: TreePath) -> Where:
    """Return what the root of a lock is found by: what has no name on the drive is called there by its UUID."""
    return (canonical(root[-1].removeprefix("=")) if root and root[-1].startswith("=") else None) or root
