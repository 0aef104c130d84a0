"""Whether a browser sends a request because a page of another site wants it to.

A browser sends the credentials of Basic that it has kept along with a form of any site, and does not ask first where the body
is of a type that forms have. What changes something must not be had that way. Programs that are no browsers send neither header.

Source: Fetch Metadata Request Headers, 2.3; RFC 6454, 7.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from davgate.http.requests import Environ

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})


def is_cross_site(environ: Environ, public_url: str = "") -> bool:
    """Tell whether a request that may change something was made by a page of another site.

    ``public_url`` is the address by which browsers call this server, if that is not what requests say.
    """
    if environ["REQUEST_METHOD"] in _SAFE:
        return False
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return site not in _OWN
    origin = environ.get("HTTP_ORIGIN")
    # Old browsers name here the site of the page. Without this header it is no browser, or the page is one of this site.
    if origin is None:
        return False
    own = {environ.get("HTTP_HOST", "").lower(), _authority(public_url)} - {""}
    return _authority(origin) not in own


def _authority(url: str) -> str:
    """Return host and port of an address; nothing of an origin that the browser hides, or of what is no address."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
