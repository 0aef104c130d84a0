"""Working copies where many documents are shown: their holders see them, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from davgate.core.store import Context
from davgate.model.checkout import CheckOut
from davgate.storage.api import MemberRow, as_holder_sees, from_node, to_node


def shown_to(ctx: Context, taken: Mapping[int, CheckOut]) -> Callable[[Sequence[MemberRow]], Sequence[MemberRow]]:
    """Return a function that shows the caller's working copies in rows; the check-outs go by node id."""
    own = {node_id: one for node_id, one in taken.items() if one.principal_id == ctx.principal.id}

    def shown(rows: Sequence[MemberRow]) -> Sequence[MemberRow]:
        if not own:
            return rows
        return [from_node(as_holder_sees(to_node(row), own[row[0]])) if row[0] in own else row for row in rows]

    return shown
