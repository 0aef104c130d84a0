"""How programs save: what they do in several requests and mean as one edit of one document.

No program has a name here. The rules go by what a person sees: content follows the name.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from davgate.model.instant import Instant, after
from davgate.model.node import Node
from davgate.model.principal import Principal

SCRATCH_AGE: Final = timedelta(minutes=15)


def is_scratch(node: Node, creator_id: int, principal: Principal, now: Instant) -> bool:
    """Tell whether a document is a program's working copy: its own principal made it a short while ago.

    Moved onto a document it is that document's next content, and no document of its own.
    """
    return not node.is_collection and creator_id == principal.id and now < after(node.created_at, SCRATCH_AGE)
