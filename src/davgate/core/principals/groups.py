"""Groups of users, services and other groups. Store administrators alone make and change them.

A change of who is in a group ends the remembered sign-ins of all whom it concerns, in the commit that makes it.
"""

from __future__ import annotations

from davgate.core.access import check_account
from davgate.core.principals.accounts import NewUser, account_of, add_principal, fit_name
from davgate.core.recording import record
from davgate.core.rights import require_administrator
from davgate.core.store import Context, Store
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.principal import SIGNED_IN_ID, PrincipalKind
from davgate.storage.api import Account, Change, Session, Transaction, accounts, changes


def add(store: Store, ctx: Context, name: str) -> int:
    """Make an empty group and return its id; durable on return.

    Raises:
        AccountRefused: the name is taken or unfit.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    name = fit_name(name)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        group_id = add_principal(tx, PrincipalKind.GROUP, NewUser(name, None))
        record(tx, ctx, "add-group", (), None, name=name)
        tx.commit()
    return group_id


def remove(store: Store, ctx: Context, name: str) -> None:
    """Remove a group with all its memberships and grants.

    Raises:
        AccountRefused: there is no such group, or it is the one of all who sign in.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        group = _own_group(tx, name)
        touched = _rights_touched(tx, group)
        accounts.remove_group(tx, group.id)
        record(tx, ctx, "remove-group", (), None, *touched, name=name)
        tx.commit()


def members(store: Store, ctx: Context, name: str, *, by_groups: bool = False) -> list[Account]:
    """Return who is in a group by name: directly, or by other groups too, and these.

    Raises:
        AccountRefused: there is no such group.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    with store.database.read() as session:
        check_account(session, ctx, store.clock.now())
        return accounts.members_of(session, _own_group(session, name).id, by_groups=by_groups)


def join(store: Store, ctx: Context, group_name: str, member_name: str) -> bool:
    """Put a user, service or group into a group; tell whether it was not there yet.

    Raises:
        AccountRefused: one of them does not exist, or a group would be in itself.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        group, member = _own_group(tx, group_name), account_of(tx, member_name)
        if member.id == SIGNED_IN_ID:
            raise AccountRefused("The group of all who sign in cannot be in another group. Grant the rights to it directly.")
        if member.id == group.id or member.id in group.groups:
            raise AccountRefused(f"{group_name} is in {member_name} already, so {member_name} cannot be in {group_name}.")
        if accounts.is_member(tx, group.id, member.id):
            return False
        accounts.join(tx, group.id, member.id)
        record(tx, ctx, "add-member", (), None, *_rights_touched(tx, group), group=group_name, member=member_name)
        tx.commit()
    return True


def leave(store: Store, ctx: Context, group_name: str, member_name: str) -> bool:
    """Take a user, service or group out of a group; tell whether it was there.

    Raises:
        AccountRefused: one of them does not exist.
        Forbidden: the caller is no administrator of the store.
    """
    require_administrator(ctx)
    with store.database.write() as tx:
        check_account(tx, ctx, tx.now)
        group, member = _own_group(tx, group_name), account_of(tx, member_name)
        if not accounts.is_member(tx, group.id, member.id):
            return False
        accounts.leave(tx, group.id, member.id)
        record(tx, ctx, "remove-member", (), None, *_rights_touched(tx, group), group=group_name, member=member_name)
        tx.commit()
    return True


def _own_group(session: Session, name: str) -> Account:
    """Return a group whose members somebody decides."""
    group = account_of(session, name, PrincipalKind.GROUP)
    if group.id == SIGNED_IN_ID:
        raise AccountRefused("All who sign in are in this group; nobody decides its members.")
    return group


def _rights_touched(tx: Transaction, group: Account) -> list[Change]:
    """Return a change for each node where members of a group have rights by it: for sync clients of theirs that is news."""
    return [Change(changes.ACCESS, *place) for place in accounts.granted_at(tx, (group.id, *group.groups))]
