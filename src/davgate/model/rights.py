"""The rights that can be granted, and the roles that bundle them.

The rights bear the names of RFC 3744's privileges where it has one. A grant holds for its node and all below it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from davgate.model.frozen import frozen


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
    OWN = 2048
    """To see, edit and remove what one made oneself."""


NO_RIGHTS: Final = Right(0)
EVERYTHING: Final = ~NO_RIGHTS
PASSES_CLOSED: Final = Right.MANAGE
"""What a closed node does not end: whoever manages a tree manages what is closed in it."""
OWN_RIGHTS: Final = Right.READ | Right.WRITE_CONTENT | Right.WRITE_PROPERTIES | Right.UNBIND | Right.LOCK | Right.CHECK_OUT
"""What ``OWN`` means for a document that its holder made. To take it away is a right on the document here, not on its folder."""

READER: Final = Right.READ
DROP_BOX: Final = Right.BIND | Right.OWN
CONTRIBUTOR: Final = READER | DROP_BOX
EDITOR: Final = OWN_RIGHTS | DROP_BOX
MANAGER: Final = EVERYTHING

ROLES: Final[Mapping[str, Right]] = {
    "reader": READER,
    "drop-box": DROP_BOX,
    "contributor": CONTRIBUTOR,
    "editor": EDITOR,
    "manager": MANAGER,
}
"""Bundles of rights to grant by one word. A contributor reads everything, and adds and edits documents of its own; at a drop-box
one sees nothing but what one brought."""


SCOPE_RIGHTS: Final[Mapping[str, Right]] = {
    "davgate:read": Right.READ,
    "davgate:write": EDITOR,
    "davgate:drop-box": DROP_BOX,
    "davgate:manage": MANAGER,
    "okd:alldocuments": EDITOR,
}
"""What the scopes of a bearer token allow at most. OKD's narrower scopes allow it for the documents of one type, in OKD alone."""


def name_of(right: Right) -> str:
    """Return the name of one right, as it is written: ``write-content``."""
    return (right.name or "").lower().replace("_", "-")


def names_of(rights: Right) -> list[str]:
    """Return the names of all rights in a set, in the order of their declaration."""
    return [name_of(right) for right in Right if right in rights]


BY_NAME: Final[Mapping[str, Right]] = {**{name_of(right): right for right in Right}, **ROLES}
"""Rights and roles, by the names under which one grants them."""


@frozen
class Scope:
    """What a password or token for one program is restricted to: at most these rights, at most at and below one node."""

    rights: Right = EVERYTHING
    tree_id: int | None = None


UNRESTRICTED: Final = Scope()
