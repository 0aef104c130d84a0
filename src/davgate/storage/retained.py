"""Which documents are under retention, by what their current versions say."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from davgate.model.retaining import EXPIRES_AT
from davgate.storage.statements import Statement
from davgate.storage.subtrees import SUBTREE
from davgate.storage.tables import property_value
from davgate.storage.transactions import Session

_RETAINED = select(property_value.c.node_id).where(
    property_value.c.property == EXPIRES_AT, property_value.c.value > bindparam("now")
)
_ANY = Statement(_RETAINED.limit(1))
_BELOW = Statement(
    _RETAINED.where(property_value.c.node_id.in_(select(SUBTREE.c.id))).order_by(property_value.c.node_id).limit(1)
)


def below(session: Session, top: int, now: str) -> int | None:
    """Return the id of a document under retention, the node ``top`` or one below it, None when there is none.

    ``now`` is an instant as ``model.retaining`` writes them.
    """
    # Most stores have none, and need not be gone through.
    if session.first(_ANY, now=now) is None:
        return None
    row = session.first(_BELOW, top=top, now=now)
    return None if row is None else int(row[0])
