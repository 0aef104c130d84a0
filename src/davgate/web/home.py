"""The start page: how to reach the documents from each system."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus

from davgate.http.responses import ALONE, HTML, Response, whole

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
       color: #1b1f23; background: #fff }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 0 } p, small { color: #57606a } p { margin: .3rem 0 }
a { color: #0b57a4; text-decoration: none } a:hover { text-decoration: underline }
dt { font-weight: 600; margin-top: 1rem } dd { margin: .2rem 0 0 } small { display: block; margin-top: .2rem }
code { font: .92em/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
dd > code { background: #f3f5f7; padding: .3rem .55rem; border-radius: 4px; display: inline-block }
"""

_CLEAR = "Once, because this address is not https: set <code>BasicAuthLevel</code> to 2 as davgate's README says."
_OFFICE = "Or in File, Open Remote: a WebDAV service with this address. Documents are edited in place, without a mount."
_DAVFS2 = "Once, on Linux 6.16 and later: <code>echo buf_size 64 | sudo tee -a /etc/davfs2/davfs2.conf</code>"


def home_page(base_url: str, drive_mount: str, doors: Mapping[str, str]) -> Response:
    """Return the page; ``base_url`` is scheme, host and port as the client calls them, ``doors`` are titles with mounts."""
    url = f"{base_url}{drive_mount}/"
    scheme, _, place = url.partition("://")
    s = "s" if scheme == "https" else ""
    ways = (
        ("Windows", _code(f"net use Z: {url} * /user:NAME"), "" if s else _CLEAR),
        ("macOS", _code(url), "In Finder: Go, Connect to Server."),
        ("GNOME", _code(f"gio mount dav{s}://{place}"), "Or in Files: Other Locations."),
        ("KDE", _code(f"dolphin webdav{s}://{place}"), ""),
        ("Linux, davfs2", _code(f"sudo mount -t davfs -o uid=$(id -u) {url} /mnt"), _DAVFS2),
        ("LibreOffice", _code(f"libreoffice {url}FOLDER/NAME.odt"), _OFFICE),
    )
    items = "".join(f"<dt>{name}</dt><dd>{how}{f'<small>{note}</small>' if note else ''}</dd>" for name, how, note in ways)
    rest = "".join(
        f"<dt>{escape(title)}</dt><dd>{_code(base_url + mount)} "
        f'<small><a href="{escape(mount)}/openapi.json">OpenAPI document</a></small></dd>'
        for title, mount in doors.items()
    )
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>davgate</title><style>{_STYLE}</style></head><body><h1>davgate</h1>"
        "<p>A document store that you mount as a drive.</p>"
        f'<h2>Browse</h2><p><a href="{escape(drive_mount)}/">{escape(url)}</a></p>'
        f"<h2>Mount</h2><dl>{items}</dl>"
        f"{f'<h2>REST</h2><dl>{rest}</dl>' if rest else ''}"
        "<h2>Earlier versions</h2><p>Saving makes a version, and old ones stay. Those of the document <code>NAME</code> are "
        "files in the folder <code>.versions/NAME/</code> beside it, which opens by its address though it is not listed.</p>"
        f"<p>So do {_folder(drive_mount, '.trash')}, what was deleted, {_folder(drive_mount, '.at')}, everything as it was at an "
        f"instant, and {_folder(drive_mount, '.rescue')}, your saves that came too late.</p>"
        "<h2>For operators</h2>"
        '<p><a href="/healthz">/healthz</a> · <a href="/readyz">/readyz</a> · <a href="/metrics">/metrics</a></p></body></html>'
    )
    return whole(
        HTTPStatus.OK,
        HTML,
        page.encode(),
        ("Content-Security-Policy", f"default-src 'none'; style-src 'unsafe-inline'; {ALONE}"),
    )


def _folder(drive_mount: str, name: str) -> str:
    return f'<a href="{escape(drive_mount)}/{name}/">{_code(name)}</a>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
