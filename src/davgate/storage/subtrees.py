"""A node and all that is below it, found from the top down."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, literal, select

from davgate.storage.rows import NODE_COLUMNS, MemberRow
from davgate.storage.statements import Statement
from davgate.storage.tables import is_collection, node
from davgate.storage.transactions import Session

_SUBTREE_TOP = select(node.c.id.label("id"), literal(0).label("depth")).where(node.c.id == bindparam("top"))
_SUBTREE_WALK = _SUBTREE_TOP.cte("subtree", recursive=True)
SUBTREE = _SUBTREE_WALK.union_all(select(node.c.id, _SUBTREE_WALK.c.depth + 1).where(node.c.parent_id == _SUBTREE_WALK.c.id))
"""The ids of the node ``top`` and of all below it, with their depth under it."""

# A collection comes before its members: their copies are stored in this order, and a member's row refers to its collection's.
# The order of ids would not do, for a member can be older than the collection that it was moved into.
_NODES_BELOW = Statement(
    select(*NODE_COLUMNS).join_from(SUBTREE, node, node.c.id == SUBTREE.c.id).order_by(SUBTREE.c.depth, node.c.id)
)


def of_node(session: Session, top: int) -> Sequence[MemberRow]:
    """Return a node and all below it, each collection before its members."""
    return session.all(_NODES_BELOW, top=top)


_REACH_TOP = select(node.c.id.label("id"), literal(0).label("depth"), literal(0).label("chars")).where(
    node.c.id == bindparam("top")
)
_REACH_WALK = _REACH_TOP.cte("reach", recursive=True)
_FURTHER = _REACH_WALK.c.chars + 1 + func.length(node.c.name)
_REACH = _REACH_WALK.union_all(
    select(node.c.id, _REACH_WALK.c.depth + 1, _FURTHER).where(node.c.parent_id == _REACH_WALK.c.id, is_collection(node))
)
_HOW_FAR = Statement(select(func.max(_REACH.c.depth), func.max(_REACH.c.chars)))


def reach(session: Session, top: int) -> tuple[int, int]:
    """Return how many names, and how many characters with their slashes, the longest paths of collections have from one on.

    What is in them is not looked at: most of a tree are documents, and where these are allowed is soon said.
    """
    depth, chars = session.all(_HOW_FAR, top=top)[0]
    return int(depth or 0), int(chars or 0)
