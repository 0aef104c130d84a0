"""Command line of the comparison: ``scripts/bench --help`` tells the options."""

import argparse
import datetime
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import big, doors, object_doors, past, searching, searching_doors, table
from .compare import Pace, Results, run
from .documents import seeds, write_seeds
from .peers import PEERS, WORK, Davgate, Peer, PeerError, install
from .rows import Row
from .workloads import all_rows

FULL = Pace(sample_seconds=0.7, rounds=3, minutes=12)
QUICK = Pace(sample_seconds=0.3, rounds=1, minutes=2.3)
NEEDED_GIB = 40
LEGEND = (
    "In brackets: p50 / p99 of one unit in ms (a unit is one request, or one cycle where the row names several), or memory"
    " above that of the idle server, in MiB. MB/s are 10^6 bytes. A ratio above 1 is in favour of the first."
)
PEERS_LEGEND = (
    " stock and httpd keep no versions and do not sync what they store; svn and davgate do both. Lost: saves that httpd"
    " refused because it had lost the lock."
)


def main() -> int:
    """Run what the command line asks for; the exit code is 0 when every figure was taken, else 1."""
    began_at = time.monotonic()
    options = _options()
    pace = QUICK if options.quick else FULL
    wanted = [row for row in _rows(options) if re.search(options.rows, row.name, re.IGNORECASE)]
    with _scratch(options.scratch) as folder, ExitStack() as running:
        rows = [row for row in wanted if not row.is_long or not options.quick and _free_gib(folder) > NEEDED_GIB]
        if not rows:
            print("no row to run; their names are in the first column of the table", file=sys.stderr)
            return 1
        peers, failures = _start(_servers(options, folder), folder / "seeds", rows, running)
        if not peers:
            print("no server runs", *failures, sep="\n", file=sys.stderr)
            return 1
        # Building a store of a million documents takes longer than all rows; it is not on their time.
        results = run(rows, peers, pace, time.monotonic() if options.big or options.past or options.search else began_at)
        text = _report(rows, peers, results, pace)
        left_out = [*(row.name for row in wanted if row not in rows), *results.left_out]
        failures += results.failures
    text = "\n".join([text, *(f"Not run: {name}." for name in left_out), *(f"FAILED: {failure}" for failure in failures)])
    print(text)
    if options.markdown:
        options.markdown.write_text(text + "\n")
    return 1 if failures or left_out and not options.quick else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Compare davgate with other WebDAV servers in one run.")
    parser.add_argument("--quick", action="store_true", help="one short round: within 3 minutes instead of 15")
    parser.add_argument("--rows", default="", metavar="REGEX", help="only the rows whose name matches")
    parser.add_argument("--servers", default=",".join(PEERS), metavar="NAMES", help="default: %(default)s")
    parser.add_argument("--workers", type=int, metavar="N", help="processes of davgate; default: davgate's own")
    parser.add_argument("--big", type=int, metavar="N", help="compare a davgate store of N documents with a small one instead")
    parser.add_argument("--past", type=int, metavar="N", help="compare a store of N documents with itself as it was instead")
    parser.add_argument("--doors", action="store_true", help="compare davgate's REST doors with its drive instead")
    parser.add_argument("--search", type=int, metavar="N", help="measure searches over N documents with metadata instead")
    parser.add_argument(
        "--database", default="", metavar="URL", help="of --search: an empty PostgreSQL database; default: SQLite"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table to this file too")
    parser.add_argument(
        "--scratch", type=Path, default=Path("/var/tmp"), metavar="DIR", help="on a disk, for up to 40 GiB; default: %(default)s"
    )
    options = parser.parse_args()
    options.servers = options.servers.split(",")
    if unknown := set(options.servers) - PEERS.keys():
        parser.error(f"unknown servers: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    return options


def _rows(options: argparse.Namespace) -> list[Row]:
    if options.doors:
        return sorted([*doors.rows(), *object_doors.rows()], key=lambda row: row.is_long)
    if options.past:
        return past.rows()
    if options.search:
        return [*searching.rows(), *searching_doors.rows()]
    return big.rows() if options.big else all_rows()


def _servers(options: argparse.Namespace, folder: Path) -> list[Peer]:
    if options.big:
        small = big.SmallStore(folder / big.SmallStore.name, options.workers)
        return [big.BigStore(folder / big.BigStore.name, options.workers, options.big), small]
    if options.doors:
        return list(doors.servers(folder, options.workers))
    if options.search:
        return [
            searching_doors.SearchedByDoors(folder / searching.Searched.name, options.workers, options.search, options.database)
        ]
    if options.past:
        return list(past.servers(folder, options.workers, options.past))
    kinds = [PEERS[name] for name in options.servers]
    return [Davgate(folder / kind.name, options.workers) if kind is Davgate else kind(folder / kind.name) for kind in kinds]


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """Make a folder that servers with an account of their own can enter, and remove it with all it holds."""
    folder = Path(tempfile.mkdtemp(prefix="davgate-bench-", dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _free_gib(folder: Path) -> float:
    return shutil.disk_usage(folder).free / 2**30


def _start(servers: Sequence[Peer], seed_folder: Path, rows: Sequence[Row], running: ExitStack) -> tuple[list[Peer], list[str]]:
    """Install, start and fill the servers; return those that run and why others do not."""
    tree = seeds({count for row in rows for count in row.listings}, {size for row in rows for size in row.singles})
    seed_folder.mkdir()
    write_seeds(seed_folder, tree)
    peers: list[Peer] = []
    failures: list[str] = []
    for peer in servers:
        began_at = time.monotonic()
        peer.folder.mkdir()
        try:
            install(type(peer))
            peer.prepare(seed_folder)
            peer.start()
            running.callback(peer.stop)
            peer.fill(seed_folder)
            peer.make_folder(WORK)
        except (PeerError, OSError) as error:
            failures.append(str(error))
        else:
            peers.append(peer)
            print(f"{peer.name} is ready after {time.monotonic() - began_at:.0f} s", file=sys.stderr, flush=True)
    os.sync()
    return peers, failures


def _report(rows: Sequence[Row], peers: Sequence[Peer], results: Results, pace: Pace) -> str:
    names = [peer.name for peer in peers]
    ratios = [
        (own, other)
        for own in (Davgate.name, big.BigStore.name, past.PastStore.name, doors.Rest.name)
        if own in names
        for other in names
        if other != own
    ]
    today = datetime.datetime.now(tz=datetime.UTC).date()
    machine = f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
    how = f"loopback, load on the same cores; median of {pace.rounds} rounds of {pace.sample_seconds:g} s, servers in turn"
    lines = [
        *table.render(rows, results.samples, names, ratios),
        "",
        f"{today}, {machine}, {how}.",
        *(f"{peer.name}: {peer.version()}." for peer in peers),
        LEGEND if Davgate.name not in names else LEGEND + PEERS_LEGEND,
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
