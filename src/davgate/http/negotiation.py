"""Which representation a client gets (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from falcon import mediatypes
from falcon.errors import InvalidMediaRange, InvalidMediaType

from davgate.http.errors import NotAcceptable


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """Return the media type that the client likes best, of those liked equally the first.

    An Accept header that cannot be read counts as none: it asks for nothing that could be refused. Media types have no case
    (RFC 9110, 8.3.1).

    Raises:
        NotAcceptable: the client takes none of them.
    """
    if accept is None or accept in ("*/*", offered[0]):
        return offered[0]
    try:
        qualities = [mediatypes.quality(media_type.lower(), accept.lower()) for media_type in offered]
    except (InvalidMediaRange, InvalidMediaType):
        return offered[0]
    best = max(qualities)
    if not best:
        raise NotAcceptable(offered)
    return offered[qualities.index(best)]
