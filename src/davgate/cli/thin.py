"""``davgate thin``: old versions go by rule."""

from __future__ import annotations

import argparse
from collections import Counter

from davgate.cli.acting import Act, acting
from davgate.cli.output import count, size, watching, write_json, write_table
from davgate.config import Config
from davgate.core.thinning import ThinnedDocument, ThinReport, thin


def run(args: argparse.Namespace, config: Config) -> int:
    """Let old versions go, or tell which would, document by document."""
    with acting(args, config) as act:
        with watching("Looking at documents") as watch:
            report = thin(act.store, act.ctx, dry_run=args.dry_run, watch=watch)
        if act.is_json:
            write_json(_to_json(report))
        else:
            _write(act, report)
    return 0


def _write(act: Act, report: ThinReport) -> None:
    if act.store.policy.thinning.keeps_everything:
        print("No rule is set, so every version is kept. Rules are the settings versions.keep_...")
        return
    if report.documents:
        rows = [(one.path, _numbers(one), _reasons(one), str(one.saves), size(one.freed_bytes)) for one in report.documents]
        write_table(("PATH", "VERSIONS", "BECAUSE OF", "SAVES", "FREED"), rows, numbers=(3, 4))
        print()
    going = f"{count(report.versions, 'version')} and {count(report.saves, 'earlier save')}"
    documents = count(len(report.documents), "document")
    would = "would go" if report.is_dry_run else "are gone"
    print(f"{going} of {documents} {would}: {size(report.freed_bytes)} that nothing else has.")


def _numbers(thinned: ThinnedDocument) -> str:
    """Return numbers for people: neighbours as a range."""
    ranges: list[tuple[int, int]] = []
    for no in sorted(thinned.versions):
        if ranges and ranges[-1][1] == no - 1:
            ranges[-1] = ranges[-1][0], no
        else:
            ranges.append((no, no))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def _reasons(thinned: ThinnedDocument) -> str:
    counted = Counter(reason.value for reason in thinned.versions.values())
    return ", ".join(f"{reason} ({number})" for reason, number in sorted(counted.items()))


def _to_json(report: ThinReport) -> dict[str, object]:
    return {
        "is_dry_run": report.is_dry_run,
        "documents": [
            {
                "path": one.path,
                "uuid": one.uuid,
                "versions": [{"no": no, "reason": reason.value} for no, reason in sorted(one.versions.items())],
                "saves": one.saves,
                "freed_bytes": one.freed_bytes,
            }
            for one in report.documents
        ],
        "versions": report.versions,
        "saves": report.saves,
        "freed_bytes": report.freed_bytes,
    }
