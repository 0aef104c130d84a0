"""Grants as a listing shows them: on its members, and on all that is above them. One statement, however many members."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import bindparam, select

from davgate.model.principal import Principal
from davgate.storage.access import Grant
from davgate.storage.resolving import identities_of
from davgate.storage.statements import Statement, ids_given
from davgate.storage.tables import access_grant, node, principal
from davgate.storage.transactions import Session

# From the grants of a few identities to their nodes, for a folder has more members than most people have grants: the sum keeps
# databases, which cannot know this, from beginning with the members.
_TO_ONE = Statement(
    select(access_grant.c.node_id, access_grant.c.rights)
    .join_from(access_grant, node, node.c.id == access_grant.c.node_id)
    .where(access_grant.c.principal_id.in_(select(ids_given("identities").c.id)))
    .where(node.c.parent_id + 0 == bindparam("parent_id"))
)


def to_one(session: Session, parent_id: int, who: Principal) -> dict[int, int]:
    """Return the rights that a principal was granted on members of a collection themselves, by the ids of these."""

    def find() -> dict[int, int]:
        granted: dict[int, int] = {}
        for node_id, rights in session.all(_TO_ONE, parent_id=parent_id, identities=identities_of(who)):
            granted[node_id] = granted.get(node_id, 0) | rights
        return granted

    return session.remembered(("grants on members", parent_id, who.identities), find)


_GRANT = (access_grant.c.node_id, access_grant.c.principal_id, principal.c.name, access_grant.c.rights)
_TO_ALL = Statement(
    select(*_GRANT)
    .join_from(access_grant, principal, principal.c.id == access_grant.c.principal_id)
    .where(
        access_grant.c.node_id.in_(
            select(ids_given("ids").c.id).union_all(select(node.c.id).where(node.c.parent_id == bindparam("parent_id")))
        )
    )
    .order_by(access_grant.c.node_id, principal.c.name)
)


def to_all(session: Session, node_ids: Iterable[int], parent_id: int | None = None) -> dict[int, list[Grant]]:
    """Return all grants on some nodes and on the members of a collection, by the ids of the nodes."""
    found: dict[int, list[Grant]] = {}
    # No node has the id 0, and so nothing is a member of it.
    for row in session.all(_TO_ALL, ids=json.dumps(list(node_ids)), parent_id=parent_id or 0):
        found.setdefault(row[0], []).append(Grant(*row))
    return found
