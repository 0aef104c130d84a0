"""The start page: how to reach the documents from each system."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from davgate.http.responses import Response, whole

_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 3rem auto; padding: 0 1rem; color: #1b1f23; background: #fff }
h1 { font-size: 1.5rem; margin-bottom: 0 } p { color: #57606a; margin-top: .3rem } a { color: #0b57a4 }
dt { font-weight: 600; margin-top: 1.1rem } dd { margin: .25rem 0 0 }
code { font: .92em/1.5 ui-monospace, monospace; background: #f3f5f7; padding: .3rem .55rem; border-radius: 4px;
       display: inline-block; overflow-wrap: anywhere }
"""


def home_page(base_url: str, drive_mount: str) -> Response:
    """Return the page; ``base_url`` is scheme, host and port as the client calls them."""
    url = f"{base_url}{drive_mount}/"
    scheme, _, place = url.partition("://")
    s = "s" if scheme == "https" else ""
    ways = (
        ("Browser", f'<a href="{escape(drive_mount)}/">{escape(url)}</a>'),
        ("Windows", _code(f"net use Z: {url} *")),
        ("macOS", f"Finder, Go, Connect to Server: {_code(url)}"),
        ("GNOME", _code(f"gio mount dav{s}://{place}")),
        ("KDE", _code(f"dolphin webdav{s}://{place}")),
        ("Linux, davfs2", _code(f"sudo mount -t davfs -o uid=$(id -u) {url} /mnt")),
        ("LibreOffice", f"File, Open Remote, or open {_code(f'vnd.sun.star.webdav{s}://{place}')}"),
    )
    items = "".join(f"<dt>{name}</dt><dd>{how}</dd>" for name, how in ways)
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>davgate</title><style>{_STYLE}</style></head><body><h1>davgate</h1>"
        f"<p>A document store that you mount as a drive. Every saved version stays, in the folder <code>.versions</code>.</p>"
        f"<dl>{items}</dl></body></html>"
    )
    return whole(
        HTTPStatus.OK,
        "text/html; charset=utf-8",
        page.encode(),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"),
        ("X-Content-Type-Options", "nosniff"),
    )


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
