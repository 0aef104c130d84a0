"""Check-outs: a working copy that only its holder sees, until check-in seals it as a version or cancel drops it (RFC 3253, 4).

To everybody else a check-out is a lock of its holder. What may be done is a table, so that no door has rules of its own.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant
from davgate.model.locks import Depth, Holding, Lock, Scope
from davgate.model.node import Content
from davgate.model.principal import Principal
from davgate.model.rights import NO_RIGHTS, Right


@frozen
class CheckOut:
    """A document's working copy. Without ``content`` it is as version ``base_no``, from which it was taken.

    ``file_name`` is what the file of the working copy is called, where whoever saved it said so.

    One that somebody else cancelled is remembered for a while, for what its holder still saves.
    """

    document_id: int
    principal_id: int
    principal_name: str
    taken_at: Instant
    base_no: int
    cancelled_at: Instant | None = None
    saved_at: Instant | None = None
    content: Content | None = None
    file_name: str | None = None

    @property
    def is_without_file(self) -> bool:
        """Whether the working copy has no content because its holder took that away."""
        return self.content is None and self.saved_at is not None

    @property
    def stands(self) -> bool:
        """Whether it goes on."""
        return self.cancelled_at is None

    def is_held_by(self, principal: Principal) -> bool:
        """Tell whether it goes on and the working copy is a principal's."""
        return self.stands and self.principal_id == principal.id


class State(enum.Enum):
    """What a document is for one principal."""

    CHECKED_IN = "checked-in"
    OWN = "checked-out"
    OTHERS = "checked-out by somebody else"


class Act(enum.Enum):
    """What a principal may want to do with a document."""

    CHECK_OUT = "check-out"
    CHECK_IN = "check-in"
    CANCEL = "cancel"
    WRITE = "write"
    REMOVE = "remove"
    LOCK = "lock"


class Ruling(enum.Enum):
    """What comes of it."""

    ALLOWED = "allowed"
    INTO_WORKING_COPY = "into the working copy"
    ADMINISTRATORS = "for administrators alone"
    NOT_CHECKED_OUT = "not checked out"
    HELD = "held by somebody else"
    ALREADY = "checked out already"


TABLE: Final[Mapping[tuple[State, Act], Ruling]] = {
    (State.CHECKED_IN, Act.CHECK_OUT): Ruling.ALLOWED,
    (State.CHECKED_IN, Act.CHECK_IN): Ruling.NOT_CHECKED_OUT,
    (State.CHECKED_IN, Act.CANCEL): Ruling.NOT_CHECKED_OUT,
    (State.CHECKED_IN, Act.WRITE): Ruling.ALLOWED,
    (State.CHECKED_IN, Act.REMOVE): Ruling.ALLOWED,
    (State.CHECKED_IN, Act.LOCK): Ruling.ALLOWED,
    (State.OWN, Act.CHECK_OUT): Ruling.ALREADY,
    (State.OWN, Act.CHECK_IN): Ruling.ALLOWED,
    (State.OWN, Act.CANCEL): Ruling.ALLOWED,
    (State.OWN, Act.WRITE): Ruling.INTO_WORKING_COPY,
    (State.OWN, Act.REMOVE): Ruling.ALLOWED,
    (State.OWN, Act.LOCK): Ruling.ALLOWED,
    (State.OTHERS, Act.CHECK_OUT): Ruling.HELD,
    (State.OTHERS, Act.CHECK_IN): Ruling.ADMINISTRATORS,
    (State.OTHERS, Act.CANCEL): Ruling.ADMINISTRATORS,
    (State.OTHERS, Act.WRITE): Ruling.HELD,
    (State.OTHERS, Act.REMOVE): Ruling.HELD,
    (State.OTHERS, Act.LOCK): Ruling.HELD,
}
"""Every pair of state and act."""


def state_for(check_out: CheckOut | None, principal: Principal) -> State:
    """Return what a document is for a principal."""
    if check_out is None or not check_out.stands:
        return State.CHECKED_IN
    return State.OWN if check_out.is_held_by(principal) else State.OTHERS


def rule(check_out: CheckOut | None, principal: Principal, act: Act, held: Right = NO_RIGHTS) -> Ruling:
    """Return what comes of an act; whoever manages the document, by the rights ``held`` on it, may end anybody's check-out."""
    ruling = TABLE[state_for(check_out, principal), act]
    if ruling is Ruling.ADMINISTRATORS:
        return Ruling.ALLOWED if Right.MANAGE in held else Ruling.HELD
    return ruling


def as_lock(check_out: CheckOut) -> Lock:
    """Return the lock that others are shown: without end, held by the holder of the check-out, with a token for nobody."""
    owner = check_out.principal_name
    return Lock(
        "",
        check_out.document_id,
        Scope.EXCLUSIVE,
        Depth.ZERO,
        Holding.PRINCIPAL,
        check_out.principal_id,
        owner,
        None,
        FOREVER,
    )
