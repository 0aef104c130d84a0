"""What a browser is shown for a folder: a plain listing, without scripts (GET on a collection, RFC 4918, 9.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from davgate.dav.live_properties import COLLECTION, KIND, LENGTH, MODIFIED_AT, NAME
from davgate.http.headers import quote_name, quote_path
from davgate.model.instant import Instant, to_datetime
from davgate.model.names import VERSIONS
from davgate.model.paths import TreePath
from davgate.storage.api import MemberRow

CONTENT_TYPE = "text/html; charset=utf-8"
SAFETY = (
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f23; background: #fff }
nav a, td a { color: #0b57a4; text-decoration: none } nav a:hover, td a:hover { text-decoration: underline }
h1 { font-size: 1.3rem; font-weight: 600; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse } th { text-align: left; font-weight: 600; border-bottom: 2px solid #d0d7de }
td, th { padding: .35rem .5rem } tr + tr td { border-top: 1px solid #eaeef2 } td:first-child { overflow-wrap: anywhere }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums } .t { white-space: nowrap; color: #57606a }
p { color: #57606a }
"""


def listing_page(mount: str, path: TreePath, members: Iterable[MemberRow]) -> Iterator[bytes]:
    """Yield the page of a folder in pieces; ``path`` is where it is on the drive."""
    title = escape(path[-1] if path else "davgate")
    yield (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><nav>{_trail(mount, path)}</nav><h1>{title}</h1>"
        '<table><tr><th>Name</th><th class="n">Size</th><th>Changed (UTC)</th></tr>'
    ).encode()
    base = quote_path(path, mount, collection=True)
    is_empty = True
    for row in members:
        is_empty = False
        yield _line(base, row).encode()
    note = "<p>This folder is empty.</p>" if is_empty else ""
    versions = "" if VERSIONS in path else f'<p><a href="{base}{VERSIONS}/">Earlier versions</a></p>'
    yield f"</table>{note}{versions}</body></html>".encode()


def _trail(mount: str, path: TreePath) -> str:
    links = [f'<a href="{mount}/">davgate</a>']
    for depth, name in enumerate(path[:-1], 1):
        links.append(f'<a href="{quote_path(path[:depth], mount, collection=True)}">{escape(name)}</a>')
    return " / ".join(links) if path else ""


def _line(base: str, row: MemberRow) -> str:
    name = row[NAME] or ""
    slash = "/" if row[KIND] == COLLECTION else ""
    size = "" if slash else _size(row[LENGTH] or 0)
    changed = f"{to_datetime(Instant(row[MODIFIED_AT])):%Y-%m-%d %H:%M}"
    return (
        f'<tr><td><a href="{base}{quote_name(name)}{slash}">{escape(name)}{slash}</a></td>'
        f'<td class="n">{size}</td><td class="t">{changed}</td></tr>'
    )


def _size(length_bytes: int) -> str:
    """Return a length as people read it, in steps of 1,000."""
    if length_bytes < 1000:
        return f"{length_bytes} B"
    size = float(length_bytes)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.5:
            break
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
