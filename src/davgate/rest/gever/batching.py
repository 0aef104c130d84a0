"""Long lists in pages: ``b_start`` and ``b_size`` of the query, and links to the other pages."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from davgate.rest.exchange import Exchange

DEFAULT_SIZE: Final = 25


class Wanted(msgspec.Struct):
    """Which part of a list is asked for; a size of 0 is the usual one."""

    b_start: Annotated[int, Meta(ge=0)] = 0
    b_size: Annotated[int, Meta(ge=0)] = DEFAULT_SIZE


def size_of(exchange: Exchange, wanted: Wanted) -> int:
    """Return how many entries a page has."""
    return min(wanted.b_size or DEFAULT_SIZE, exchange.service.limits.page)


def links(exchange: Exchange, url: str, wanted: Wanted, total: int) -> dict[str, str] | None:
    """Return the addresses of the first, last and neighbouring pages of a list at an address, None when one page holds it.

    The other parameters of the query stay; ``b_start`` comes before them.
    """
    size = size_of(exchange, wanted)
    if total <= size:
        return None
    pairs = exchange.pairs()
    others = [(name, value) for name, value in pairs if name != "b_start"]

    def page(start: int) -> str:
        return f"{url}?{urlencode([('b_start', start), *others])}"

    found = {"@id": f"{url}?{urlencode(pairs)}" if pairs else url, "first": page(0), "last": page((total - 1) // size * size)}
    if wanted.b_start + size < total:
        found["next"] = page(wanted.b_start + size)
    if wanted.b_start > 0:
        found["prev"] = page(max(0, min(wanted.b_start, total) - size))
    return found
