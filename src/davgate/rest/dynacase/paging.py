"""Which part of a list is wanted, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, TypeVar

import msgspec

from davgate.model.frozen import frozen
from davgate.rest.dynacase.errors import BAD_DIRECTION, BAD_PAGE, Refused
from davgate.rest.dynacase.fields import Wanted
from davgate.rest.exchange import Exchange

T = TypeVar("T")

EVERYTHING: Final = "all"
_DEFAULT_SLICE: Final = 10
_MOST_DIGITS: Final = 15


_FIELDS: Final = "id|initid|title|revision|name|fromname|status|locked"
"""What all lists in any order are ordered by; some by more."""
_STEP: Final = f"({_FIELDS})(:(asc|desc))?"


class Paged(msgspec.Struct):
    """What is wanted of a list whose order is its own."""

    slice: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^(all|[0-9]{1,15})?$"})] | None = None
    offset: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^([0-9]{1,15})?$"})] | None = None
    fields: Wanted | None = None


class Listing(Paged):
    """The same of a list in any order."""

    orderBy: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^({_STEP}(,{_STEP})*)?$"})] | None = None  # On the wire.


@frozen
class Paging:
    """A part of a list: how many entries, None for all, after how many. One answer has ``most`` of them."""

    slice: int | None
    offset: int
    most: int

    @property
    def length(self) -> int:
        """How many entries an answer has at most."""
        return self.most if self.slice is None else min(self.slice, self.most)

    def of(self, rows: Sequence[T]) -> Sequence[T]:
        """Return this part of a list."""
        return rows[self.offset : self.offset + self.length]

    def shown(self, length: int, order: str) -> dict[str, Any]:
        """Return what an answer tells of its request; ``length`` is how many entries it has."""
        asked = EVERYTHING if self.slice is None else self.slice
        return {"slice": asked, "offset": self.offset, "length": length, "orderBy": order}


@frozen
class Sorted:
    """One step of an order."""

    field: str
    descending: bool


def asked(exchange: Exchange) -> Paging:
    """Return which part of a list is wanted.

    Raises:
        Refused: the slice or the offset is none.
    """
    said = dict(exchange.pairs())
    of_slice = said.get("slice", "") or str(_DEFAULT_SLICE)
    most = exchange.service.limits.page
    slice = None if of_slice == EVERYTHING else _number("slice", of_slice)
    return Paging(slice, _number("offset", said.get("offset", "") or "0"), most)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise Refused(replace(BAD_PAGE, detail=f"The {name} is {text[:40]!r}, which is no number"))
    return int(text)


def order_asked(exchange: Exchange, default: str) -> tuple[Sorted, ...]:
    """Return the order that is wanted; what is otherwise alike stands with the youngest first.

    Raises:
        Refused: a direction is none.
    """
    said = dict(exchange.pairs()).get("orderBy", "") or default
    steps = [_step(one.strip()) for one in said.split(",") if one.strip()]
    has_id = any(one.field == "id" for one in steps)
    return (*steps, *(() if has_id else (Sorted("id", True),)))


def _step(text: str) -> Sorted:
    field, _, direction = (part.strip() for part in text.partition(":"))
    if direction.lower() not in ("", "asc", "desc"):
        raise Refused(replace(BAD_DIRECTION, detail=f"{field!r} has the direction {direction!r}"))
    return Sorted(field, direction.lower() == "desc")


def order_text(order: Sequence[Sorted]) -> str:
    """Return an order as answers tell it."""
    return ", ".join(f"{one.field} {'desc' if one.descending else 'asc'}" for one in order)
