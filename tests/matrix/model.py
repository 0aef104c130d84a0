"""What every request of the matrix must come to, by the design and the RFCs alone: nothing here is imported from davgate.

The world of the matrix has three places with the same things in them: one where rights are granted from above, one that is
closed, and one where nobody has a right but administrators.

Source: design, sections 2 and 8; RFC 4918, 6, 7 and 9; RFC 3744, 3; RFC 3253, 4.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Final


class Right(enum.Flag):
    """What may be granted. ``OWN`` gives all of ``OWN_RIGHTS`` on what one made oneself."""

    READ = enum.auto()
    WRITE = enum.auto()
    PROPERTIES = enum.auto()
    BIND = enum.auto()
    UNBIND = enum.auto()
    LOCK = enum.auto()
    CHECK_OUT = enum.auto()
    OWN = enum.auto()
    UNLOCK = enum.auto()
    MANAGE = enum.auto()


NOTHING: Final = Right(0)
ALL: Final = ~NOTHING
READER: Final = Right.READ
DROP_BOX: Final = Right.BIND | Right.OWN
CONTRIBUTOR: Final = READER | DROP_BOX
OWN_RIGHTS: Final = Right.READ | Right.WRITE | Right.PROPERTIES | Right.UNBIND | Right.LOCK | Right.CHECK_OUT
EDITOR: Final = OWN_RIGHTS | DROP_BOX
WRITER: Final = Right.READ | Right.WRITE | Right.PROPERTIES
"""Somebody who may change what there is, and neither locks nor checks out."""


class Zone(enum.Enum):
    """A place of the matrix."""

    OPEN = "open"
    CLOSED = "closed"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Role:
    """Who asks: rights granted above the open and the closed place, in the closed one, and what a password is restricted to.

    ``password`` is empty for the account's own. ``scope`` is the most that it lets do; with ``elsewhere`` it is for another tree.
    """

    name: str
    granted: Right = NOTHING
    closed: Right = NOTHING
    is_admin: bool = False
    by_group: bool = False
    signs_in: bool = True
    password: bool = False
    scope: Right = ALL
    elsewhere: bool = False

    def rights(self, zone: Zone, *, is_own: bool = False, is_shut: bool = False) -> Right:
        """Return the rights in a place: on something that it made itself, or behind one more closed folder."""
        if not self.signs_in or self.elsewhere:
            return NOTHING
        held = NOTHING
        if self.is_admin or (Right.MANAGE in self.granted and zone is not Zone.OUTSIDE):
            held = ALL
        elif not is_shut:
            held = {Zone.OPEN: self.granted, Zone.CLOSED: self.closed, Zone.OUTSIDE: NOTHING}[zone]
        scope = self.scope
        if is_own:
            held = held | OWN_RIGHTS if Right.OWN in held else held
            scope = scope | OWN_RIGHTS if Right.OWN in scope else scope
        return held & scope


ROLES: Final = (
    Role("nobody", signs_in=False),
    Role("stranger"),
    Role("reader", READER),
    Role("contributor", CONTRIBUTOR),
    Role("drop-box", DROP_BOX),
    Role("writer", WRITER),
    Role("editor", EDITOR),
    Role("manager", ALL),
    Role("administrator", is_admin=True),
    Role("nested-editor", EDITOR, by_group=True),
    Role("closed-reader", READER, closed=READER),
    Role("closed-contributor", READER, closed=CONTRIBUTOR),
    Role("reading-password", EDITOR, password=True, scope=READER),
    Role("writing-password", ALL, password=True, scope=EDITOR),
    Role("drop-box-password", EDITOR, password=True, scope=DROP_BOX),
    Role("elsewhere-password", EDITOR, password=True, elsewhere=True),
    Role("administrators-reading-password", is_admin=True, password=True, scope=READER),
)


class Whose(enum.Enum):
    """Whose a lock or a check-out is, seen from the role."""

    OWN = "own"
    OTHERS = "another's"


@dataclass(frozen=True)
class LockState:
    """How everything lockable in each place is locked: itself, or with ``deep`` from the top of its place."""

    name: str
    whose: Whose | None = None
    is_shared: bool = False
    deep: bool = False
    submitted: bool = False

    @property
    def lets_write(self) -> bool:
        """Whether who asks may write what is locked so (RFC 4918, 6.2 to 6.4 and 7)."""
        return self.whose is None or (self.whose is Whose.OWN and self.submitted)


FREE: Final = LockState("free")
LOCK_STATES: Final = (
    FREE,
    LockState("own, with token", Whose.OWN, submitted=True),
    LockState("own, without token", Whose.OWN),
    LockState("own shared, with token", Whose.OWN, is_shared=True, submitted=True),
    LockState("another's", Whose.OTHERS),
    LockState("another's shared", Whose.OTHERS, is_shared=True),
    LockState("own from above, with token", Whose.OWN, deep=True, submitted=True),
    LockState("own from above, without token", Whose.OWN, deep=True),
    LockState("another's from above", Whose.OTHERS, deep=True),
)


@dataclass(frozen=True)
class State:
    """How things are locked and checked out; ``taken`` says by whom."""

    lock: LockState = FREE
    taken: Whose | None = None

    @property
    def name(self) -> str:
        return f"{self.lock.name}; {'checked in' if self.taken is None else self.taken.value + ' check-out'}"


STATES: Final = tuple(
    State(lock, taken)
    for lock, taken in product(LOCK_STATES, (None, *Whose))
    # A lock and a check-out at once are of one person: each refuses the other (design, section 8).
    if None in (lock.whose, taken) or lock.whose is taken
)


@dataclass(frozen=True)
class Thing:
    """Something in a place. ``above`` is the collection that holds it, None for the top of a place.

    ``is_shut`` says that it is closed, with all below; ``is_own`` that the role made it.
    """

    name: str
    zone: Zone
    above: Thing | None = None
    is_collection: bool = False
    is_own: bool = False
    is_shut: bool = False
    is_lockable: bool = False
    is_takeable: bool = False
    is_there: bool = True
    below: list[Thing] = field(default_factory=list, compare=False)

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the top of its place on; the top itself has none."""
        return (*self.above.path, self.name) if self.above else ()

    @property
    def is_behind(self) -> bool:
        """Whether it is shut, or something above it."""
        return self.is_shut or (self.above is not None and self.above.is_behind)

    def everything_below(self) -> Iterator[Thing]:
        """Yield all in it."""
        for thing in self.below:
            yield thing
            yield from thing.everything_below()


class Place:
    """All things of one place, by their names."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.top = Thing("", zone, is_collection=True)
        self.doc = self._add("doc.txt", is_lockable=True, is_takeable=True)
        self.onto = self._add("onto.txt", is_lockable=True)
        self.mine = self._add("mine.txt", is_lockable=True, is_takeable=True, is_own=True)
        self.folder = self._add("folder", is_collection=True, is_lockable=True)
        self.inner = self._add("inner.txt", self.folder, is_takeable=True)
        self.mixed = self._add("mixed", is_collection=True)
        self.seen = self._add("seen.txt", self.mixed)
        self.shut = self._add("shut", self.mixed, is_collection=True, is_shut=True)
        self.unseen = self._add("unseen.txt", self.shut, is_lockable=True)
        self.gone = Thing("gone.txt", zone, self.top)
        self.new = Thing("new.txt", zone, self.top, is_there=False)
        self.new_inside = Thing("new.txt", zone, self.folder, is_there=False)

    def _add(
        self,
        name: str,
        above: Thing | None = None,
        *,
        is_collection: bool = False,
        is_own: bool = False,
        is_shut: bool = False,
        is_lockable: bool = False,
        is_takeable: bool = False,
    ) -> Thing:
        above = above or self.top
        thing = Thing(
            name,
            self.zone,
            above,
            is_collection=is_collection,
            is_own=is_own,
            is_shut=is_shut,
            is_lockable=is_lockable,
            is_takeable=is_takeable,
        )
        above.below.append(thing)
        return thing


PLACES: Final = {zone: Place(zone) for zone in Zone}


class Outcome(enum.Enum):
    """Why a request is refused. Each door says what status that is."""

    UNAUTHENTICATED = "has to sign in"
    MISSING = "does not exist"
    NO_PARENT = "what would hold it does not exist"
    FORBIDDEN = "may not"
    NOT_A_DOCUMENT = "is no document"
    TAKEN = "the name is taken"
    LOCKED = "is locked"
    CONFLICTING = "cannot be locked"
    CONFLICTING_BELOW = "something in it cannot be locked"
    UNMET = "a condition does not hold"
    CHECKED_OUT = "is checked out"
    CHECKED_OUT_ALREADY = "is checked out already"
    NOT_CHECKED_OUT = "is not checked out"
    WRONG_TOKEN = "this lock is not here"
    WRONG_REFRESH = "there is no such lock to refresh"
    ANOTHERS_LOCK = "the lock is another's"


Verdict = frozenset[Outcome]
"""Why a request is refused: mostly one reason, several where the design leaves open which of equal ones is told; none lets it
through."""

ALLOWED: Final[Verdict] = frozenset()


@dataclass(frozen=True)
class Asking:
    """A role in a state of the world, and the questions that the rules of operations put together.

    Each returns why not, or nothing. Rules ask in the order of the design: existence and rights, then locks and check-outs.
    """

    role: Role
    state: State

    def rights(self, thing: Thing) -> Right:
        """Return the rights on something, or those one will have on what is yet to be made."""
        return self.role.rights(thing.zone, is_own=thing.is_own or not thing.is_there, is_shut=thing.is_behind)

    def above(self, thing: Thing) -> Right:
        """Return the rights on what holds it."""
        assert thing.above is not None, "nothing is done with the top of a place"
        return self.rights(thing.above)

    def sees(self, thing: Thing) -> bool:
        """Tell whether it exists for who asks: what one may read, and a collection to which one may add."""
        rights = self.rights(thing)
        return bool(rights & Right.READ) or (thing.is_collection and bool(rights & Right.BIND))

    # Existence and rights

    def needs(self, thing: Thing, right: Right) -> Verdict:
        rights = self.rights(thing)
        if Right.READ not in rights:
            return frozenset({Outcome.MISSING})
        return ALLOWED if right in rights else frozenset({Outcome.FORBIDDEN})

    def needs_room(self, thing: Thing) -> Verdict:
        """To make something there: the right to add, and that nothing is there which one may not see."""
        above = self.above(thing)
        if not above & (Right.READ | Right.BIND):
            return frozenset({Outcome.NO_PARENT})
        if Right.BIND not in above or (thing.is_there and not self.rights(thing) & Right.READ):
            return frozenset({Outcome.FORBIDDEN})
        return ALLOWED

    def needs_content(self, thing: Thing) -> Verdict:
        """To give a document its content, or make it."""
        if thing.is_there and Right.READ in self.rights(thing):
            return self.needs(thing, Right.WRITE)
        return self.needs_room(thing)

    def needs_removal(self, thing: Thing) -> Verdict:
        """To take it out of its collection: RFC 3744, 3.10, and on itself; or it is one's own, and one may that there."""
        above, here = self.above(thing), self.rights(thing)
        if Right.READ not in here:
            return frozenset({Outcome.MISSING})
        is_allowed = Right.UNBIND in here and (Right.UNBIND in above or (thing.is_own and Right.OWN in above))
        shut = [one for one in thing.everything_below() if one.is_shut]
        is_whole = all(Right.UNBIND in self.rights(one) for one in shut)
        return ALLOWED if is_allowed and is_whole else frozenset({Outcome.FORBIDDEN})

    def needs_place(self, thing: Thing) -> Verdict:
        """To put something there, in the place of what is there."""
        room = self.needs_room(thing)
        if room or not thing.is_there:
            return room
        return self.needs_removal(thing)

    # Locks and check-outs

    def is_locked(self, thing: Thing) -> bool:
        """Tell whether a lock affects it, be it from above."""
        lock = self.state.lock
        return lock.whose is not None and (lock.deep or (thing.is_there and thing.is_lockable))

    def is_taken(self, thing: Thing) -> bool:
        return thing.is_takeable and self.state.taken is not None

    def holds_off(self, thing: Thing) -> bool:
        """Tell whether somebody else has it checked out."""
        return thing.is_takeable and self.state.taken is Whose.OTHERS

    def writing(self, thing: Thing) -> Verdict:
        """To change content: RFC 4918, 7; of what is new, RFC 4918, 7.4."""
        if not thing.is_there:
            return self.membership(thing)
        if self.holds_off(thing):
            return frozenset({Outcome.CHECKED_OUT})
        return self.changing(thing)

    def changing(self, thing: Thing) -> Verdict:
        locked = self.is_locked(thing) and not self.state.lock.lets_write
        return frozenset({Outcome.LOCKED}) if locked else ALLOWED

    def membership(self, thing: Thing) -> Verdict:
        """To add or remove a member: RFC 4918, 7.4."""
        assert thing.above is not None
        return self.changing(thing.above)

    def removing(self, thing: Thing) -> Verdict:
        """To take something away: what holds it, itself, and all below (RFC 4918, 9.6.1; design, section 8)."""
        everything = (thing, *thing.everything_below())
        if any(self.holds_off(one) for one in everything):
            return frozenset({Outcome.CHECKED_OUT})
        return self.membership(thing) or next(filter(None, map(self.changing, everything)), ALLOWED)

    def locking(self, thing: Thing, *, shared: bool = False, deep: bool = False) -> Verdict:
        """To take a lock: RFC 4918, 6.2 and 9.10.6."""
        if self._conflicts(thing, shared=shared):
            return frozenset({Outcome.CONFLICTING})
        below = [one for one in thing.everything_below() if deep and self._conflicts(one, shared=shared)]
        if any(Right.READ in self.rights(one) for one in below):
            return frozenset({Outcome.CONFLICTING_BELOW})
        # Where it is that one may not see is not told.
        return frozenset({Outcome.CONFLICTING}) if below else ALLOWED

    def _conflicts(self, thing: Thing, *, shared: bool) -> bool:
        lock = self.state.lock
        return self.holds_off(thing) or (self.is_locked(thing) and not (shared and lock.is_shared))
