"""Giving and taking rights on documents and folders, and telling who may do what there and why.

Whoever holds ``WRITE_ACL`` on a node decides there about the rights that they hold themselves, and about no others. A change
holds from its commit on, for requests under way too: each looks the grants up when it begins, and when it writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from davgate.core.access import look_up
from davgate.core.principals.accounts import account_of, require_self_or_administrator
from davgate.core.recording import record
from davgate.core.rights import require_node
from davgate.core.store import Context, Store
from davgate.model import permissions
from davgate.model.errors import Forbidden
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.frozen import frozen
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.permissions import Step
from davgate.model.principal import Principal
from davgate.model.rights import NO_RIGHTS, OWN_RIGHTS, PASSES_CLOSED, UNRESTRICTED, Right, Scope, names_of
from davgate.storage.api import Change, Grant, Resolved, Session, Transaction, access, accounts, app_passwords, changes


@frozen
class Place:
    """A node on the way to another one, with everything that is granted there."""

    path: TreePath
    node_id: int
    is_closed: bool
    grants: tuple[Grant, ...]


# Giving and taking


def grant(store: Store, ctx: Context, path: TreePath, who: str, rights: Right) -> Right:
    """Let a principal have exactly these rights at and below a node, and return what it had by its grant there.

    Without any rights the grant ends; those further up stay.

    Raises:
        NotFound: there is no such node that the caller may see.
        AccountRefused: there is no such principal.
        Forbidden: the caller does not decide here, or not about such rights.
    """
    with store.database.write() as tx:
        found, node, held = _deciding(tx, ctx, path)
        account = account_of(tx, who)
        before = _granted(access.grants_on(tx, [node.id]), account.id)
        if before == rights:
            return before
        _require_held(rights ^ before, held)
        access.grant(tx, node.id, account.id, rights.value)
        action = "grant" if rights else "revoke"
        record(
            tx, ctx, action, found.path, node.id, _news(node), who=account.name, rights=names_of(rights), before=names_of(before)
        )
        tx.commit()
    return before


def revoke(store: Store, ctx: Context, path: TreePath, who: str) -> Right:
    """End the grant of a principal on a node, and return what it had by it; see ``grant``."""
    return grant(store, ctx, path, who, NO_RIGHTS)


def close(store: Store, ctx: Context, path: TreePath) -> bool:
    """Let rights from further up end at a node, but for managers' and administrators'; tell whether they did not before.

    Whoever closes it keeps what they hold there, by a grant on the node where that is needed.

    Raises:
        NotFound: there is no such node that the caller may see.
        Forbidden: the caller does not decide here or not about all rights that would end, or nobody could manage it any more.
    """
    if not path:
        raise Forbidden("Nothing is further up than the root. To close the store, remove the grants on the root.")
    with store.database.write() as tx:
        found, node, held = _deciding(tx, ctx, path)
        if node.is_closed:
            return False
        _require_held(_inherited(_places(tx, found)[:-1]) & ~Right.MANAGE, held)
        access.set_closed(tx, node.id, is_closed=True)
        again = look_up(tx, ctx, path, tx.now)
        if permissions.effective(ctx.principal, again.way) != held:
            own = _granted(access.grants_on(tx, [node.id]), ctx.principal.id)
            access.grant(tx, node.id, ctx.principal.id, (own | held).value)
        if not _is_managed(tx, _places(tx, again)):
            raise Forbidden("Nobody could manage this any more. Grant somebody the role manager here, or make an administrator.")
        record(tx, ctx, "close", path, node.id, _news(node))
        tx.commit()
    return True


def open_again(store: Store, ctx: Context, path: TreePath) -> bool:
    """Let rights from further up hold at a node again; tell whether they did not.

    Raises:
        NotFound: there is no such node that the caller may see.
        Forbidden: the caller does not decide here, or not about all rights that would come from above.
    """
    with store.database.write() as tx:
        found, node, held = _deciding(tx, ctx, path)
        if not node.is_closed:
            return False
        _require_held(_inherited(_places(tx, found)[:-1]), held)
        access.set_closed(tx, node.id, is_closed=False)
        record(tx, ctx, "open", path, node.id, _news(node))
        tx.commit()
    return True


def _deciding(tx: Transaction, ctx: Context, path: TreePath) -> tuple[Resolved, Node, Right]:
    """Return a node on which the caller decides, and the rights about which it does.

    Those that one has on a node because one made it are left out: what is below may be made by others.
    """
    found = look_up(tx, ctx, path, tx.now)
    node = require_node(found, ctx, Right.WRITE_ACL)
    return found, node, permissions.effective(ctx.principal, found.way)


def _require_held(changed: Right, held: Right) -> None:
    if OWN_RIGHTS in held:
        held |= Right.OWN
    missing = changed & ~held
    if missing:
        names = ", ".join(names_of(missing))
        raise Forbidden(f"You decide only about rights that you have here yourself; you lack {names}. Ask an administrator.")


def _news(node: Node) -> Change:
    return Change(changes.ACCESS, node.id, node.parent_id, node.name)


def _granted(grants: Iterable[Grant], principal_id: int) -> Right:
    return next((Right(one.rights) for one in grants if one.principal_id == principal_id), NO_RIGHTS)


def _inherited(places: Sequence[Place]) -> Right:
    """Return all rights that anybody has by grants on a way, as far as they hold at its end."""
    rights = NO_RIGHTS
    for place in places:
        if place.is_closed:
            rights &= PASSES_CLOSED
        for one in place.grants:
            rights |= Right(one.rights)
    return rights


def _is_managed(session: Session, places: Sequence[Place]) -> bool:
    """Tell whether anybody but davgate itself decides about the rights at the end of a way."""
    decides = _inherited(places) & (Right.MANAGE | Right.WRITE_ACL)
    return bool(decides) or accounts.administered_until(session) > 0


# Telling


def grants(store: Store, ctx: Context, path: TreePath) -> list[Place]:
    """Return all grants on a node and on what is above it, from the root down.

    Raises:
        NotFound: there is no such node that the caller may see.
        Forbidden: the caller may not read who has which rights.
    """
    with store.database.read(snapshot=True) as session:
        found = look_up(session, ctx, path, store.clock.now())
        require_node(found, ctx, Right.READ_ACL)
        return _places(session, found)


def _places(session: Session, found: Resolved) -> list[Place]:
    by_node: dict[int, list[Grant]] = {}
    for one in access.grants_on(session, [node.id for node in found.chain]):
        by_node.setdefault(one.node_id, []).append(one)
    return [
        Place(found.path[:depth], step.node_id, step.is_closed, tuple(by_node.get(step.node_id, ())))
        for depth, step in enumerate(found.way)
    ]


@frozen
class Reason:
    """A grant by which a principal has rights, or had some before ``ended_at``, the closed node where they end.

    ``by`` names the group through which it has the grant; it is empty for its own.
    """

    path: TreePath
    by: str
    rights: Right
    ended_at: TreePath | None


@frozen
class Explanation:
    """What a principal may do at a place, and why.

    ``rights`` is the decision; the rest is what it follows from: the grants on the way, whether it administers the store, whether
    it made the node, and what its password is restricted to. Where ``is_shut_out``, none of that counts: it cannot sign in.
    """

    principal: Principal
    rights: Right
    reasons: tuple[Reason, ...]
    is_admin: bool
    is_maker: bool
    scope: Scope
    is_in_scope: bool
    is_shut_out: bool


def explain(store: Store, ctx: Context, path: TreePath, who: str, app_password: str | None = None) -> Explanation:
    """Return what a principal may do at a place, and why; with the name of one of its app passwords, what it may with that.

    Raises:
        NotFound: there is no such node that the caller may see.
        AccountRefused: there is no such principal, or it has no such app password.
        Forbidden: the caller may not read who has which rights, and asks about somebody else.
    """
    with store.database.read(snapshot=True) as session:
        now = store.clock.now()
        found = look_up(session, ctx, path, now)
        asks_about_self = who == ctx.principal.name and ctx.principal.scope == UNRESTRICTED
        node = require_node(found, ctx, Right.READ if asks_about_self else Right.READ_ACL)
        account = account_of(session, who)
        principal = replace(account.principal, scope=_scope(session, ctx, account.principal, app_password))
        places = _places(session, found)
        names = accounts.names_of(session, principal.identities)
        is_shut_out = account.is_disabled or account.expires_at <= now
    way = [Step(place.node_id, place.is_closed, _bits(_of(principal, place))) for place in places]
    rights = permissions.effective(principal, way, node.created_by)
    return Explanation(
        principal,
        NO_RIGHTS if is_shut_out else rights,
        tuple(_reasons(principal, places, names)),
        principal.is_admin,
        node.created_by == principal.id,
        principal.scope,
        principal.scope.tree_id is None or any(place.node_id == principal.scope.tree_id for place in places),
        is_shut_out,
    )


def _scope(session: Session, ctx: Context, principal: Principal, app_password: str | None) -> Scope:
    if app_password is None:
        return principal.scope
    require_self_or_administrator(ctx, principal.id)
    for one in app_passwords.all_of(session, principal.id):
        if one.name == app_password:
            return one.scope
    raise AccountRefused(f"{principal.name} has no app password {app_password!r}. Check the name.")


def _of(principal: Principal, place: Place) -> list[Grant]:
    return [one for one in place.grants if one.principal_id in principal.identities]


def _bits(grants: Iterable[Grant]) -> int:
    bits = 0
    for one in grants:
        bits |= one.rights
    return bits


def _reasons(principal: Principal, places: Sequence[Place], names: dict[int, str]) -> Iterable[Reason]:
    for depth, place in enumerate(places):
        ended_at = next((below.path for below in places[depth + 1 :] if below.is_closed), None)
        for one in _of(principal, place):
            rights = Right(one.rights)
            by = "" if one.principal_id == principal.id else names[one.principal_id]
            # To manage is what closing does not end; whoever does has every right.
            yield Reason(place.path, by, rights, None if Right.MANAGE in rights else ended_at)
