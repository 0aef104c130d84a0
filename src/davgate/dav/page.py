"""What a browser is shown for a folder: a plain listing, without scripts (GET on a collection, RFC 4918, 9.4).

And what it is shown for an error, which programs get as XML.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from html import escape
from http import HTTPStatus

from davgate.dav.facts import COLLECTION, KIND, LENGTH, MODIFIED_AT, NAME, VERSION_NO
from davgate.dav.xml import printable
from davgate.http.responses import ALONE, NOSNIFF
from davgate.http.targets import quote_name, quote_path
from davgate.model.instant import Instant, to_datetime
from davgate.model.names import VERSIONS
from davgate.model.paths import TreePath
from davgate.storage.api import MemberRow

SAFETY = (
    ("Content-Security-Policy", f"default-src 'none'; style-src 'unsafe-inline'; {ALONE}"),
    NOSNIFF,
    ("Referrer-Policy", "no-referrer"),
)

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1b1f23; background: #fff }
a { color: #0b57a4; text-decoration: none } a:hover { text-decoration: underline } nav { min-height: 1.5em; color: #57606a }
h1 { font-size: 1.3rem; font-weight: 600; margin: .2rem 0 1rem; overflow-wrap: anywhere } p { color: #57606a }
table { width: 100%; border-collapse: collapse } th { text-align: left; font-weight: 600; border-bottom: 2px solid #d0d7de }
td, th { padding: .35rem .5rem; white-space: nowrap } tr + tr td { border-top: 1px solid #eaeef2 }
th:first-child { width: 100% } td:first-child { white-space: pre-wrap; overflow-wrap: anywhere }
tr:hover td { background: #f6f8fa } .n { text-align: right; font-variant-numeric: tabular-nums }
td.t { color: #57606a } .f { font-weight: 600 }
@media (max-width: 36rem) { .t { display: none } }
"""


def listing_page(
    mount: str, path: TreePath, members: Iterable[MemberRow], *, has_versions: bool, time_zone: tzinfo
) -> Iterator[bytes]:
    """Yield the page of a folder in pieces; ``path`` is where it is on the drive; it may have ``.versions`` in it.

    Times are in the zone of the names in ``.versions`` and ``.at``.
    """
    title = escape(path[-1] if path else "Drive")
    base = quote_path(path, mount, collection=True)
    shelf = f"{base}{VERSIONS}/" if has_versions else ""
    version = f'<th class="n"><a href="{shelf}" title="Versions of all documents here">Version</a></th>' if shelf else ""
    yield (
        f"{_head(title, _trail(mount, path))}"
        f'<table><tr><th>Name</th>{version}<th class="n">Size</th>'
        f'<th class="t">Changed ({escape(str(time_zone))})</th></tr>'
    ).encode()
    is_empty = True
    for row in members:
        is_empty = False
        yield _line(base, shelf, row, time_zone).encode()
    note = "<p>This folder is empty.</p>" if is_empty else ""
    yield f"</table>{note}</body></html>".encode()


def error_page(mount: str, status: HTTPStatus, sentence: str) -> bytes:
    """Return the page of an error, with a link to the drive."""
    drive = f'<a href="{escape(quote_path((), mount, collection=True))}">Drive</a>'
    return f"{_head(escape(status.phrase), drive)}<p>{escape(printable(sentence))}</p></body></html>".encode()


def _head(title: str, trail: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><nav>{trail}</nav><h1>{_name(title)}</h1>"
    )


def _trail(mount: str, path: TreePath) -> str:
    names = ("Drive", *(_name(escape(name)) for name in path))
    addresses = (quote_path(path[:depth], mount, collection=True) for depth in range(len(path)))
    return " / ".join(f'<a href="{address}">{name}</a>' for address, name in zip(addresses, names, strict=False))


def _name(text: str) -> str:
    """Return an escaped name as one that is written in its own direction, and does not turn around what is beside it."""
    return f"<bdi>{text}</bdi>"


def _line(base: str, shelf: str, row: MemberRow, time_zone: tzinfo) -> str:
    """Return the line of a member; ``shelf`` is the address of the folder with the versions, empty within such a folder."""
    name = row[NAME] or ""
    text, address = _name(escape(name)), quote_name(name)
    changed = f'<td class="t">{to_datetime(Instant(row[MODIFIED_AT])).astimezone(time_zone):%Y-%m-%d %H:%M}</td>'
    if row[KIND] == COLLECTION:
        version = "<td></td>" if shelf else ""
        return f'<tr><td class="f"><a href="{base}{address}/">{text}/</a></td>{version}<td></td>{changed}</tr>'
    version = f'<td class="n">{_versions(shelf + address, row[VERSION_NO])}</td>' if shelf else ""
    size = _size(row[LENGTH] or 0)
    return f'<tr><td><a href="{base}{address}">{text}</a></td>{version}<td class="n">{size}</td>{changed}</tr>'


def _versions(address: str, version_no: int) -> str:
    """Return the number of the current version as a link to all of them; what is pending has none."""
    return f'<a href="{address}/" title="All versions">{version_no}</a>' if version_no else ""


def _size(length_bytes: int) -> str:
    """Return a length as people read it, in steps of 1,000."""
    if length_bytes < 1000:
        return f"{length_bytes} B"
    size = length_bytes / 1000
    for unit in ("kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
