"""Write locks and every rule about them (RFC 4918, 6 and 7).

The rules are functions of values: which locks stand, what is asked, who asks, with which tokens. Storage finds the locks, core
asks these functions inside the write transaction, doors print the outcome.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.principal import Principal
from davgate.model.rights import Right


class Scope(enum.Enum):
    """Whether others may hold a lock at the same time (RFC 4918, 6.2)."""

    EXCLUSIVE = "exclusive"
    SHARED = "shared"


class Depth(enum.Enum):
    """How far a request or a lock reaches (RFC 4918, 10.2)."""

    ZERO = "0"
    ONE = "1"
    INFINITY = "infinity"


class Holding(enum.Enum):
    """What proves that a lock is one's own: its token, or in some doors the sign-in alone.

    One held by its principal was taken through a door without tokens; to one held either way some requests need no token that
    others need. Which do is said by ``Context.signed_for``.
    """

    TOKEN = "token"
    PRINCIPAL = "principal"
    EITHER = "either"


@frozen
class Lock:
    """A lock on a node. ``timeout`` is the span granted; ``expires_at`` is FOREVER when it never ends.

    One that ran out may be had back by its holder until ``revivable_until``, if nobody else locked or wrote meanwhile. One that
    is stealable may be ended by whoever may write there.
    """

    token: str
    node_id: int
    scope: Scope
    depth: Depth
    holding: Holding
    principal_id: int
    owner: str
    timeout: timedelta | None
    expires_at: Instant
    revivable_until: Instant = Instant(0)
    is_stealable: bool = False


@frozen
class LockPolicy:
    """How long locks are granted for: whole seconds from one up as asked, up to ``longest``; and may be revived after.

    ``per_node`` is how many stand on a node at most, which are shared ones, ``per_principal`` how many a principal holds.
    """

    default: timedelta = timedelta(seconds=600)
    longest: timedelta = timedelta(hours=24)
    grace: timedelta = timedelta(hours=24)
    per_node: int = 1000
    per_principal: int = 10_000

    def granted(self, asked: timedelta | None) -> timedelta:
        """Return the span for a lock; nothing asked gives the default (RFC 4918, 10.7)."""
        return min(self.default if asked is None else max(asked, timedelta(seconds=1)), self.longest)


def end_of(now: Instant, timeout: timedelta | None) -> Instant:
    """Return when a lock taken or refreshed at ``now`` ends."""
    return FOREVER if timeout is None else after(now, timeout)


def revivable_until(expires_at: Instant, policy: LockPolicy) -> Instant:
    """Return until when a lock that ends at an instant may be revived."""
    return FOREVER if expires_at == FOREVER else after(expires_at, policy.grace)


def is_revivable(lock: Lock, principal: Principal, tokens: frozenset[str], now: Instant, standing: Iterable[Lock]) -> bool:
    """Tell whether a lock that ran out comes alive again by a request of its holder that submits the token.

    ``standing`` are the live locks that affect the resource. Whoever locked or wrote meanwhile has ended its grace, which is
    kept in ``revivable_until``.
    """
    is_own = lock.principal_id == principal.id and lock.token in tokens
    return is_own and is_expired(lock, now) and now < lock.revivable_until and not conflicting(lock.scope, standing)


def begun_anew(lock: Lock, now: Instant, span: timedelta | None, policy: LockPolicy) -> Lock:
    """Return a lock with a span that begins now, without end where that is None, and the grace that follows it."""
    end = end_of(now, span)
    return replace(lock, timeout=span, expires_at=end, revivable_until=revivable_until(end, policy))


def revived(lock: Lock, now: Instant) -> Lock:
    """Return a lock that ran out with its span begun anew, and the same grace after it."""
    end = end_of(now, lock.timeout)
    return replace(lock, expires_at=end, revivable_until=Instant(end + lock.revivable_until - lock.expires_at))


def is_expired(lock: Lock, now: Instant) -> bool:
    """Tell whether the lock has ended; it holds up to, not including, its end."""
    return lock.expires_at <= now


def effective(direct: Iterable[Lock], above: Iterable[Lock]) -> tuple[Lock, ...]:
    """Return the locks that affect a resource: its own, and the deep ones of its ancestors (RFC 4918, 6.1 and 7.4)."""
    return (*direct, *(lock for lock in above if lock.depth is Depth.INFINITY))


NOT_SIGNED_FOR: Final[frozenset[Holding]] = frozenset()


def is_proven(lock: Lock, principal: Principal, tokens: frozenset[str], signed_for: frozenset[Holding] = NOT_SIGNED_FOR) -> bool:
    """Tell whether a request shows that a lock is its own: by the token, or for some holdings by its sign-in."""
    return lock.principal_id == principal.id and (lock.token in tokens or lock.holding in signed_for)


def is_satisfied(
    locks: Sequence[Lock], principal: Principal, tokens: frozenset[str], signed_for: frozenset[Holding] = NOT_SIGNED_FOR
) -> bool:
    """Tell whether these locks let the principal change what they affect.

    Each exclusive lock has to be proven, by its token as a rule. Of shared locks any one of the principal's own suffices, whoever
    else holds one (RFC 4918, 6.2 and 7). A token counts for its own principal alone (RFC 4918, 6.4).
    """
    own = {lock.token for lock in locks if is_proven(lock, principal, tokens, signed_for)}
    if any(lock.scope is Scope.EXCLUSIVE and lock.token not in own for lock in locks):
        return False
    return bool(own) or not locks


def unsatisfied(
    locks: Sequence[Lock], principal: Principal, tokens: frozenset[str], signed_for: frozenset[Holding] = NOT_SIGNED_FOR
) -> tuple[Lock, ...]:
    """Return the locks that forbid the change, for the error; empty when it may go on."""
    if is_satisfied(locks, principal, tokens, signed_for):
        return ()
    return tuple(lock for lock in locks if not is_proven(lock, principal, tokens, signed_for))


def conflicting(asked: Scope, standing: Iterable[Lock]) -> tuple[Lock, ...]:
    """Return the standing locks that forbid a new one; only shared beside shared is allowed (RFC 4918, 6.2).

    ``standing`` are the locks that affect the resource and, for a lock of infinite depth, those below it (RFC 4918, 7.4).
    """
    return tuple(lock for lock in standing if asked is Scope.EXCLUSIVE or lock.scope is Scope.EXCLUSIVE)


def may_end(lock: Lock, principal: Principal, held: Right, *, by_force: bool = False) -> bool:
    """Tell whether the principal may end the lock: its own, or with the right to unlock, held where the lock is, any.

    ``by_force`` whoever may write and lock there may end one that is stealable.
    """
    if by_force and lock.is_stealable and (Right.WRITE_CONTENT | Right.LOCK) in held:
        return True
    return lock.principal_id == principal.id or Right.UNLOCK in held
