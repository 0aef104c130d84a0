"""What happened: change rows and audit rows, written in the commit that they describe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, insert

from davgate.model import audit as chain
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.storage.statements import Statement, Value
from davgate.storage.tables import audit, change
from davgate.storage.transactions import Transaction

_CHANGE = Statement(
    insert(change).values(
        seq=bindparam("seq"),
        changed_at=bindparam("changed_at"),
        action=bindparam("action"),
        node_id=bindparam("node_id"),
        parent_id=bindparam("parent_id"),
        name=bindparam("name"),
        version_no=bindparam("version_no"),
    )
)


@frozen
class Change:
    """One thing that happened to one node. ``parent_id`` and ``name`` are where the members of a collection changed."""

    action: str
    node_id: int
    parent_id: int | None
    name: str | None
    version_no: int | None = None


def record(tx: Transaction, changes: Sequence[Change]) -> None:
    """Store changes in their order."""
    tx.run_many(
        _CHANGE,
        [
            {
                "seq": tx.next_change(),
                "changed_at": tx.at,
                "action": one.action,
                "node_id": one.node_id,
                "parent_id": one.parent_id,
                "name": one.name,
                "version_no": one.version_no,
            }
            for one in changes
        ],
    )


_AUDIT = Statement(
    insert(audit).values(
        id=bindparam("id"),
        at=bindparam("at"),
        principal_id=bindparam("principal_id"),
        action=bindparam("action"),
        node_id=bindparam("node_id"),
        path=bindparam("path"),
        detail=bindparam("detail"),
        request_id=bindparam("request_id"),
        client=bindparam("client"),
        outcome=bindparam("outcome"),
        hash=bindparam("hash"),
    )
)


_as_json: Final = json.JSONEncoder(ensure_ascii=False).encode


def audit_act(
    tx: Transaction,
    *,
    principal_id: int,
    action: str,
    node_id: int | None,
    path: str,
    detail: Mapping[str, object],
    request_id: str,
    client: str,
    outcome: str = "granted",
) -> None:
    """Store who did what to what, from where, or was refused it, as the next link of the chain."""
    row = _linked(tx, tx.at, principal_id, action, node_id, path, detail, request_id, client, outcome)
    tx.run(_AUDIT, **row)


@frozen
class Act:
    """What somebody did to something, from where, or was refused; ``at`` is when, if not in the transaction that tells of it."""

    principal_id: int
    action: str
    node_id: int | None
    path: str
    detail: Mapping[str, object]
    request_id: str
    client: str
    outcome: str = "granted"
    at: Instant | None = None


def audit_acts(tx: Transaction, acts: Iterable[Act]) -> None:
    """Store several acts in their order; see ``audit_act``."""
    tx.run_many(_AUDIT, [_linked(tx, tx.at if act.at is None else act.at, *_about(act)) for act in acts])


def _about(act: Act) -> tuple[int, str, int | None, str, Mapping[str, object], str, str, str]:
    return act.principal_id, act.action, act.node_id, act.path, act.detail, act.request_id, act.client, act.outcome


_NAMES: Final = ("id", "at", "principal_id", "action", "node_id", "path", "detail", "request_id", "client", "outcome")


def _linked(
    tx: Transaction,
    at: Instant,
    principal_id: int,
    action: str,
    node_id: int | None,
    path: str,
    detail: Mapping[str, object],
    request_id: str,
    client: str,
    outcome: str,
) -> dict[str, Value]:
    """Return an act as the next row of the chain."""
    told = _as_json(detail) if detail else "{}"
    fields = (tx.next_audit(), at, principal_id, action, node_id, path, told, request_id, client, outcome)
    tx.audit_hash = chain.chained(tx.audit_hash, fields)
    return dict(zip(_NAMES, fields, strict=True), hash=tx.audit_hash)
