"""``davgate audit``: who did what, who was denied what, and proof that nobody altered that."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from typing import Final

from davgate.cli.acting import Act, acting, to_path
from davgate.cli.main import Exit
from davgate.cli.output import exact, local, use_utf8, watching
from davgate.config import Config
from davgate.core.audit import shown as audit_shown
from davgate.core.principals import accounts
from davgate.core.time_travel import parse_instant
from davgate.model.audit import Damage, Head, parse_head
from davgate.model.errors import Malformed
from davgate.model.instant import Instant
from davgate.model.names import check_text
from davgate.model.paths import to_text
from davgate.model.principal import SYSTEM
from davgate.storage.api import AuditFilter, AuditRow


def run(args: argparse.Namespace, config: Config) -> int:
    """List, show, export or verify."""
    with acting(args, config) as act:
        match args.act:
            case "list":
                return _list(act, args)
            case "show":
                return _show(act, args.no)
            case "export":
                return _export(act, args)
            case _:
                return _verify(act, [parse_head(text) for text in args.head])


def _instant(act: Act, text: str | None) -> Instant | None:
    return None if text is None else parse_instant(text, act.zone, act.store.clock.now())


def _list(act: Act, args: argparse.Namespace) -> int:
    if args.last < 1:
        raise Malformed("--last takes a number from 1 on.")
    check_text(args.who or "", args.action or "")
    path = None if args.path is None else to_text(to_path(args.path))
    which = AuditFilter(_instant(act, args.since), _instant(act, args.until), args.who, args.action, path, args.denied)
    rows = audit_shown.newest(act.store, act.ctx, which, args.last)
    if not rows:
        _check_names(act, args.who, args.action)
    table = [
        (str(row.number), local(row.at, act.zone), row.principal, row.action, row.outcome, row.path, row.client, _said(row))
        for row in rows
    ]
    headings = ("NO", "AT", "BY", "ACTION", "OUTCOME", "PATH", "FROM", "DETAIL")
    return act.show(headings, table, [_to_json(row) for row in rows], numbers=(0,))


def _check_names(act: Act, who: str | None, action: str | None) -> None:
    """Refuse a name that nobody has or had; say so of an action that never was: it may still come."""
    if who not in (None, SYSTEM.name) and not _is_in_audit(act, AuditFilter(who=who)):
        accounts.show(act.store, act.ctx, who)
    if action is not None and not _is_in_audit(act, AuditFilter(action=action)):
        print(
            f"The audit has no row of the action {action!r}. Check the spelling: the list shows those that there are.",
            file=sys.stderr,
        )


def _is_in_audit(act: Act, which: AuditFilter) -> bool:
    return bool(audit_shown.newest(act.store, act.ctx, which, 1))


def _said(row: AuditRow) -> str:
    return "" if row.detail == "{}" else row.detail


def _show(act: Act, number: int) -> int:
    told = _to_json(audit_shown.row(act.store, act.ctx, number))
    return act.show(("FIELD", "VALUE"), [(name, "" if value is None else str(value)) for name, value in told.items()], told)


def _to_json(row: AuditRow) -> dict[str, object]:
    """Return a row for programs. What is hashed comes first, in its order and exactly as it is stored: ``detail`` is a text."""
    return {
        "no": row.number,
        "at": row.at,
        "principal_id": row.principal_id,
        "action": row.action,
        "node_id": row.node_id,
        "path": row.path,
        "detail": row.detail,
        "request_id": row.request_id,
        "client": row.client,
        "outcome": row.outcome,
        "hash": row.hash.hex(),
        "principal": row.principal,
        "when": exact(row.at),
    }


# Export

_COLUMNS: Final = (
    "no",
    "at",
    "principal_id",
    "action",
    "node_id",
    "path",
    "detail",
    "request_id",
    "client",
    "outcome",
    "hash",
    "principal",
    "when",
)


def _export(act: Act, args: argparse.Namespace) -> int:
    use_utf8()
    which = AuditFilter(since=_instant(act, args.since))
    found = audit_shown.export(act.store, act.ctx, which)
    (_write_csv if args.format == "csv" else _write_lines)(found)
    return 0


def _write_lines(found: Iterable[AuditRow | Head]) -> None:
    for one in found:
        told = {"head": str(one)} if isinstance(one, Head) else _to_json(one)
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")


def _write_csv(found: Iterable[AuditRow | Head]) -> None:
    table = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
    table.writeheader()
    for one in found:
        table.writerow({"no": "head", "hash": str(one)} if isinstance(one, Head) else _to_cells(one))


def _to_cells(row: AuditRow) -> dict[str, object]:
    """Return a row for a table. A name that a spreadsheet would take for a formula is quoted; nothing else can begin so."""
    cells = _to_json(row)
    if row.principal[:1] in ("=", "+", "-", "@"):
        cells["principal"] = "'" + row.principal
    return cells


# Verify


def _verify(act: Act, noted: list[Head]) -> int:
    damages = 0

    def tell(damage: Damage) -> None:
        nonlocal damages
        damages += 1
        print(damage, flush=True)

    with watching("Verifying") as watch:
        head = audit_shown.verify(act.store, act.ctx, noted, tell, watch)
    if damages:
        print(f"Damage found: {damages}.", file=sys.stderr)
        return Exit.DAMAGED
    print(f"The chain is whole. Its head, to be kept where nobody can change it, is that of row {head.number}:\n{head}")
    return Exit.DONE
