"""The rows of the comparison with other servers, and the bars davgate has to reach in them."""

from collections.abc import Iterator
from dataclasses import replace

from . import reading, writing
from .documents import KIB, MIB, listing, single
from .peers import SEEDS
from .rows import EVERY_ROUND, Bar, Row, ahead, below, transfer_unit

SMALL = 4 * KIB
MIDDLE = MIB
LARGE = 256 * MIB
TREE = 1_000
MOST = 10_000
OFFICE_CLIENTS = 16
CONNECTIONS = (1, 8)
RIVALS = ("stock", "httpd", "svn")


def all_rows() -> list[Row]:
    """Return every row in the order of running.

    Deleting comes late, for a file system may go on paying for removed trees for a minute; the long rows come last, for
    they are what a slow machine has no time for.
    """
    rows = [*_listings(), *_downloads(), *_uploads(), *_saves(), *_memory(), *_folders()]
    return sorted(rows, key=lambda row: row.is_long)


def _listings() -> Iterator[Row]:
    for connections in CONNECTIONS:
        work = reading.properties(f"{SEEDS}/{single(SMALL)}", connections)
        yield Row(f"PROPFIND Depth 0{_at(connections)}", "1/s", work, (ahead(5, "stock"),), singles=(SMALL,))
    for count, factor in ((100, 2), (TREE, 3), (MOST, 4)):
        folder = f"{SEEDS}/{listing(count)}"
        name = f"PROPFIND Depth 1, {count:,} documents"
        common = reading.members(folder, count, reading.COMMON_PROPERTIES)
        yield Row(f"{name}, seven properties", "1/s", common, (ahead(factor, *RIVALS),), listings=(count,))
        work = reading.members(folder, count, reading.ALL_PROPERTIES)
        yield Row(f"{name}, allprop", "1/s", work, listings=(count,), is_long=count == MOST)
    work = reading.first_byte(f"{SEEDS}/{listing(MOST)}", MOST)
    bar = below(10, "10 ms", lambda sample: sample.value)
    yield Row(f"PROPFIND Depth 1, {MOST:,} documents, first byte", "ms", work, (bar,), listings=(MOST,))


def _downloads() -> Iterator[Row]:
    bars: dict[int, tuple[Bar, ...]] = {SMALL: (ahead(4, "stock"), ahead(0.5, "httpd")), LARGE: (ahead(0.7, *RIVALS),)}
    for size in (SMALL, MIDDLE, LARGE):
        for connections in CONNECTIONS:
            work = reading.content(f"{SEEDS}/{single(size)}", size, connections)
            row = Row(f"GET {_size(size)}{_at(connections)}", transfer_unit(size), work, bars.get(size, ()), singles=(size,))
            yield replace(row, is_long=size == LARGE and connections > 1)


def _uploads() -> Iterator[Row]:
    bars: dict[int, tuple[Bar, ...]] = {SMALL: (ahead(8, "svn"), ahead(1, "stock")), LARGE: (ahead(1, *RIVALS),)}
    for size in (SMALL, MIDDLE, LARGE):
        unit = transfer_unit(size)
        # One large body is a second of work and enough; eight at a time are written in one round only.
        each = 1 if size == LARGE else None
        for connections in CONNECTIONS:
            most_rounds = 1 if size == LARGE and connections > 1 else EVERY_ROUND
            name = f"{_size(size)}{_at(connections)}"
            work = writing.new_documents(size, connections, each)
            new = Row(f"PUT new {name}", unit, work, bars.get(size, ()), writes=True)
            work = writing.replaced_documents(size, connections, each)
            over = Row(f"PUT over existing {name}", unit, work, writes=True)
            for row in (new, over):
                yield replace(row, most_rounds=most_rounds, is_long=size > SMALL and connections > 1)


def _saves() -> Iterator[Row]:
    for connections in CONNECTIONS:
        work = writing.locked_saves(SMALL, connections)
        name = f"LOCK + PUT {_size(SMALL)} + UNLOCK{_at(connections)}"
        yield Row(name, "1/s", work, (ahead(5, "svn"), ahead(1, "httpd")), writes=True)
    work = writing.office_mix(OFFICE_CLIENTS)
    fair = below(200, "p99 200 ms", lambda sample: sample.p99_ms)
    yield Row(f"{OFFICE_CLIENTS} office clients, cycles", "1/s", work, (ahead(1, "httpd"), ahead(5, "svn"), fair), writes=True)


def _memory() -> Iterator[Row]:
    bar = below(32, "32 MiB extra", lambda sample: sample.extra_mib)
    yield Row(f"Memory, PUT {_size(LARGE)}", "MiB", writing.upload_memory(LARGE), (bar,), most_rounds=1, writes=True)
    work = reading.listing_memory(f"{SEEDS}/{listing(MOST)}", MOST)
    yield Row(f"Memory, PROPFIND of {MOST:,}", "MiB", work, (bar,), listings=(MOST,), most_rounds=1)


def _folders() -> Iterator[Row]:
    source = f"{SEEDS}/{listing(TREE)}"
    works = (
        ("MOVE", writing.folder_move(source), ahead(4, "httpd")),
        ("COPY", writing.folder_copy(source), ahead(1, "svn")),
        ("DELETE", writing.folder_deletion(source), ahead(4, "svn")),
    )
    for method, work, bar in works:
        yield Row(f"{method} of a folder of {TREE:,}", "1/s", work, (bar,), listings=(TREE,), writes=True)


def _at(connections: int) -> str:
    return ", 1 connection" if connections == 1 else f", {connections} connections"


def _size(size_bytes: int) -> str:
    return f"{size_bytes // MIB} MiB" if size_bytes >= MIB else f"{size_bytes // KIB} KiB"
