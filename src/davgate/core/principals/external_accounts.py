"""The accounts of users whom a source outside the store vouches for: a directory, an issuer of tokens, a proxy, certificates."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from davgate.core.principals.accounts import NewUser, add_principal, fit_name
from davgate.core.recording import record
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.identity.external import ExternalUser
from davgate.model.errors import Unauthenticated
from davgate.model.errors_of_sign_in import AccountRefused
from davgate.model.instant import Instant
from davgate.model.principal import Principal, PrincipalKind
from davgate.model.rights import Scope
from davgate.storage.api import Account, accounts

logger = logging.getLogger(__name__)

MAKE: Final = "make"
EXISTING: Final = "existing"


def principal_of(store: Store, user: ExternalUser, scope: Scope, ends_at: Instant, *, policy: str) -> Principal:
    """Return the principal of a proven user; with the policy ``make`` its account is made if there is none, durable on return.

    With ``make`` only accounts that this source made can be entered, so that nobody who may give out names there becomes
    somebody else here. With ``existing`` those without a source can be entered too. The groups that the source names count for
    this sign-in as far as there are groups of these names here, with the groups that they are in. It ends at ``ends_at``, and
    with the account.

    Raises:
        Unauthenticated: there is no account that may be entered; the log says why.
    """
    with store.database.read() as session:
        account = accounts.find(session, user.name)
        groups = accounts.groups_named(session, user.groups)
    if account is None and policy == MAKE:
        account = _made(store, user)
    if account is None:
        raise _refusal(user, "there is no such account, and the policy is to make none")
    if account.kind is PrincipalKind.GROUP:
        raise _refusal(user, f"the name is that of a {account.kind.value}")
    if account.source != user.source and (account.source or policy == MAKE):
        raise _refusal(user, f"the account is of the source {account.source!r}" if account.source else "the account is local")
    if not account.may_sign_in(store.clock.now()):
        raise _refusal(user, "the account is disabled or has expired")
    who = account.principal
    return replace(
        who,
        groups=tuple(sorted({*who.groups, *groups})),
        scope=scope,
        expires_at=min(who.expires_at, ends_at),
        method=user.source,
    )


def _made(store: Store, user: ExternalUser) -> Account:
    """Make the account of a user, unless another process did meanwhile."""
    with store.database.write() as tx:
        account = accounts.find(tx, user.name)
        if account is not None:
            return account
        try:
            new = NewUser(fit_name(user.name), None, source=user.source)
            principal_id = add_principal(tx, PrincipalKind.USER, new)
        except AccountRefused as error:
            raise _refusal(user, str(error)) from None
        record(tx, SYSTEM_CONTEXT, "add-user", (), None, name=new.name, is_admin=False, source=user.source)
        made = accounts.find_by_id(tx, principal_id)
        tx.commit()
    assert made is not None
    logger.info("The account %r was made at its first sign-in by %s.", user.name, user.source)
    return made


def _refusal(user: ExternalUser, reason: str) -> Unauthenticated:
    logger.warning("%r, proven by %s, is not let in: %s.", user.name, user.source, reason)
    # The reason is the administrator's to know.
    return Unauthenticated()
