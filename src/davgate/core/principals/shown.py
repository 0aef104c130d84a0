"""Principals as others may know them.

Administrators of the store know all. Everybody else knows themselves and the groups they are in, and may look up by the exact
name who is shown elsewhere: as owner, or in an access list that they may read. The group of all who sign in is not
shown.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from davgate.core.access import check_account
from davgate.core.rights import rights_of
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from davgate.model.frozen import frozen
from davgate.model.principal import SIGNED_IN_ID, SYSTEM_ID, PrincipalKind
from davgate.model.rights import Right
from davgate.storage.api import DirectoryEntry, Session, accounts, directory


@frozen
class PrincipalShown:
    """A principal, its members if it is a group, and the groups that it is in, both directly and as far as they may be known."""

    name: str
    is_group: bool
    members: tuple[str, ...]
    groups: tuple[str, ...]


def all_known(store: Store, ctx: Context) -> list[PrincipalShown]:
    """Return all principals that the caller knows, by name. Four statements at most."""
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        known = _known(session, ctx)
        return _shown(session, ctx, known, known)


def find(store: Store, ctx: Context, name: str) -> PrincipalShown:
    """Return a principal by its exact name.

    Raises:
        NotFound: there is none, or none that the caller may know.
    """
    with store.database.read(snapshot=True) as session:
        check_account(session, ctx, store.clock.now())
        entry = directory.named(session, name)
        if entry is None or entry.id == SIGNED_IN_ID:
            raise NotFound((name,))
        known = _known(session, ctx)
        if entry not in known and not _is_shown_elsewhere(session, ctx, entry):
            raise NotFound((name,))
        return _shown(session, ctx, [entry], known)[0]


def _known(session: Session, ctx: Context) -> list[DirectoryEntry]:
    who = ctx.principal
    found = directory.everybody(session) if who.administers_all else directory.some(session, (who.id, *who.groups))
    return [entry for entry in found if entry.id != SIGNED_IN_ID]


def _is_shown_elsewhere(session: Session, ctx: Context, entry: DirectoryEntry) -> bool:
    if entry.id == SYSTEM_ID:
        return True
    if entry.kind is not PrincipalKind.GROUP and directory.has_made_something(session, entry.id):
        return True
    granted_at = [place[0] for place in accounts.granted_at(session, [entry.id])]
    return any(Right.READ_ACL in held for held in rights_of(session, ctx, granted_at).values())


def _shown(
    session: Session, ctx: Context, entries: Sequence[DirectoryEntry], known: Collection[DirectoryEntry]
) -> list[PrincipalShown]:
    who = ctx.principal
    names = {entry.id: entry.name for entry in known}
    pairs = set(directory.memberships(session, {entry.id for entry in entries}.union(who.identities)))
    # Where the groups of a sign-in come from a directory, no row says that they have this member.
    in_rows = {group_id for group_id, member_id in pairs if member_id in who.identities}
    pairs |= {(group_id, who.id) for group_id in who.groups if group_id not in in_rows}
    members: dict[int, list[str]] = {}
    groups: dict[int, list[str]] = {}
    for group_id, member_id in pairs:
        if group_id in names and member_id in names:
            members.setdefault(group_id, []).append(names[member_id])
            groups.setdefault(member_id, []).append(names[group_id])
    return [
        PrincipalShown(
            entry.name,
            entry.kind is PrincipalKind.GROUP,
            tuple(sorted(members.get(entry.id, ()))),
            tuple(sorted(groups.get(entry.id, ()))),
        )
        for entry in entries
    ]
