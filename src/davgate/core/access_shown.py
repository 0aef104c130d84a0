"""What a listing tells of rights: what the caller may do, who made what, and who was granted what.

Nothing is looked up before it is asked for. Most of it holds for all members alike, so that a listing of ten thousand costs a
statement more at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Final, TypeAlias

from davgate.core.rights import rights_at
from davgate.core.store import Context, Store
from davgate.core.tree import Listing
from davgate.model import permissions
from davgate.model.frozen import frozen
from davgate.model.paths import TreePath
from davgate.model.permissions import Step
from davgate.model.rights import EVERYTHING, PASSES_CLOSED, Right
from davgate.storage.api import CREATED_BY_AT, IS_CLOSED_AT, Grant, MemberRow, Session, accounts, listed_grants

_ID: Final = itemgetter(0)
_IS_CLOSED: Final = itemgetter(IS_CLOSED_AT)
_NO_NODE: Final = 0
"""The id in rows of what a listing shows beside the members, and which can only be read."""

_Member: TypeAlias = tuple[bool, int, bool, bool]
"""Of a member: whether it is closed, the rights granted on it, whether the caller made it, and whether it is the tree to which
the caller is restricted."""


@frozen
class ShownGrant:
    """Rights that somebody has on a node by a grant there, or further up at ``inherited_from``."""

    principal_id: int
    principal_name: str
    rights: Right
    inherited_from: TreePath | None = None


class AccessShown:
    """What a listing tells of rights, row by row; the rows are the resource itself or members.

    Members are answered while the listing's session is open. Of the resource itself rights need no session, and makers and grants
    are read at the beginning where ``with_owners`` and ``with_acls`` tell that they will be asked for.
    """

    def __init__(self, listing: Listing, ctx: Context, *, with_owners: bool = False, with_acls: bool = False) -> None:
        found = listing.found
        self._listing = listing
        self._ctx = ctx
        self._who = ctx.principal
        self._granted: Mapping[int, int] | None = None
        self._combined: dict[_Member, int] = {}
        self._from_above: dict[tuple[bool, bool], tuple[ShownGrant, ...]] = {}
        self._names: dict[int, str] = {}
        self._grants: Mapping[int, Sequence[Grant]] = {}
        if with_owners:
            self.owners([listing.row])
        if with_acls:
            members_of = listing.node.id if listing.node.is_collection else None
            self._grants = listed_grants.to_all(listing.session, [step.node_id for step in found.way], members_of)

    @cached_property
    def _inherited(self) -> int:
        return permissions.effective(self._who, self._listing.found.way).value

    @cached_property
    def _as_maker(self) -> int:
        return permissions.effective(self._who, self._listing.found.way, self._who.id).value

    @cached_property
    def _fixed(self) -> Mapping[int, int]:
        found = self._listing.found
        return {self._listing.node.id: rights_at(found, self._ctx, len(found.path)).value, _NO_NODE: Right.READ.value}

    @property
    def me(self) -> str:
        """The name of the caller."""
        return self._who.name

    def rights(self, rows: Sequence[MemberRow], needed: int = EVERYTHING.value) -> Sequence[int]:
        """Return the bits of the rights on each row; those beside ``needed`` may be left out.

        No statement where all that is needed is inherited by all of them. A row beside the members comes before them.
        """
        fixed = self._fixed
        if rows[0][0] in fixed:
            return [fixed[rows[0][0]], *(self.rights(rows[1:], needed) if len(rows) > 1 else ())]
        are_open = self._who.is_admin or not any(map(_IS_CLOSED, rows))
        if are_open and self._inherited & needed == needed:
            return [self._inherited] * len(rows)
        inherited, as_maker, me = self._inherited, self._as_maker, self._who.id
        if inherited == as_maker:
            bits = [inherited] * len(rows)
        else:
            bits = [as_maker if row[CREATED_BY_AT] == me else inherited for row in rows]
        granted = self._granted_on_members()
        if not are_open or not granted.keys().isdisjoint(map(_ID, rows)):
            for at, row in enumerate(rows):
                if row[0] in granted or row[IS_CLOSED_AT]:
                    is_tree = row[0] == self._who.scope.tree_id
                    of_member = bool(row[IS_CLOSED_AT]), granted.get(row[0], 0), row[CREATED_BY_AT] == me, is_tree
                    bits[at] = self._combination(of_member)
        return bits

    def _granted_on_members(self) -> Mapping[int, int]:
        """Return the rights granted on members themselves by id; the tree that one is restricted to is there in any case."""
        if self._granted is None:
            granted = listed_grants.to_one(self._listing.session, self._listing.node.id, self._who)
            tree_id = self._who.scope.tree_id
            self._granted = granted if tree_id is None else {tree_id: 0, **granted}
        return self._granted

    def _combination(self, of_member: _Member) -> int:
        """Return the rights on a member of which this is known; few combinations occur in a listing."""
        rights = self._combined.get(of_member)
        if rights is None:
            is_closed, granted, is_maker, is_tree = of_member
            who = self._who
            node_id = who.scope.tree_id if is_tree and who.scope.tree_id is not None else _NO_NODE
            way = (*self._listing.found.way, Step(node_id, is_closed, granted))
            rights = self._combined[of_member] = permissions.effective(who, way, who.id if is_maker else None).value
        return rights

    def owners(self, rows: Sequence[MemberRow]) -> Sequence[str]:
        """Return the name of who made each row; whoever made several is looked up once."""
        return _makers(rows, self._names, lambda ids: accounts.names_of(self._listing.session, ids))

    def acls(self, rows: Sequence[MemberRow]) -> Sequence[Sequence[ShownGrant] | None]:
        """Return who has which rights on each row by which grants, None where the caller may not read that."""
        needed = Right.READ_ACL.value
        return [self._acl(row) if bits & needed else None for row, bits in zip(rows, self.rights(rows, needed), strict=True)]

    def _acl(self, row: MemberRow) -> Sequence[ShownGrant]:
        own = [ShownGrant(one.principal_id, one.principal_name, Right(one.rights)) for one in self._grants.get(row[0], ())]
        where = row[0] == self._listing.node.id, bool(row[IS_CLOSED_AT])
        if where not in self._from_above:
            is_top, is_closed = where
            self._from_above[where] = tuple(self._inherited_grants(is_top=is_top, is_closed=is_closed))
        return (*own, *self._from_above[where])

    def _inherited_grants(self, *, is_top: bool, is_closed: bool) -> Sequence[ShownGrant]:
        """Return the grants from above, the nearest first; at a closed node all end but those to manage."""
        found = self._listing.found
        inherited: list[ShownGrant] = []
        for depth in range(len(found.way) - (2 if is_top else 1), -1, -1):
            step = found.way[depth]
            for one in self._grants.get(step.node_id, ()):
                rights = Right(one.rights)
                if not is_closed or rights & PASSES_CLOSED:
                    inherited.append(ShownGrant(one.principal_id, one.principal_name, rights, found.path[:depth]))
            is_closed = is_closed or step.is_closed
        return inherited


class MakersShown:
    """Names of who made what is listed somewhere else than in the tree of today.

    ``session`` is that of a listing while it is open; without one each look takes a session of its own.
    """

    def __init__(self, store: Store, session: Session | None = None) -> None:
        self._store = store
        self._session = session
        self._names: dict[int, str] = {}

    def owners(self, rows: Sequence[MemberRow]) -> Sequence[str]:
        """Return the name of who made each row."""
        return _makers(rows, self._names, self._look_up)

    def _look_up(self, ids: Iterable[int]) -> Mapping[int, str]:
        if self._session is not None:
            return accounts.names_of(self._session, ids)
        with self._store.database.read() as session:
            return accounts.names_of(session, ids)


def _makers(
    rows: Sequence[MemberRow], known: dict[int, str], look_up: Callable[[Iterable[int]], Mapping[int, str]]
) -> Sequence[str]:
    unknown = {row[CREATED_BY_AT] for row in rows} - known.keys()
    if unknown:
        known.update(look_up(unknown))
    return [known.get(row[CREATED_BY_AT], "") for row in rows]
