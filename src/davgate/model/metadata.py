"""Typed metadata: what a version says of its document beside the content, by property ids that are the same through every door.

Some properties are everybody's, the others belong to the facet of one dialect and begin with its name. A version carries a whole
snapshot; a property without a value is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from davgate.model.errors import TooLarge
from davgate.model.names import stem_and_suffix

Metadata: TypeAlias = Mapping[str, Any]
"""Property ids to values as JSON has them."""

NO_METADATA: Final[Metadata] = MappingProxyType({})


def no_metadata() -> Metadata:
    """Return the snapshot without properties, as a default of a field."""
    return NO_METADATA


TITLE: Final = "title"
DESCRIPTION: Final = "description"
KEYWORDS: Final = "keywords"


OF_CONTENT: Final = frozenset({"yuuvis:contentStream"})
"""Ids of what is said of the content itself, whose ``digest`` it names: it goes with that content."""


def beside(metadata: Metadata, digest: bytes | None) -> Metadata:
    """Return what is said beside the content of a digest, or beside none: without what is said of another one."""
    if OF_CONTENT.isdisjoint(metadata):
        return metadata
    known = "" if digest is None else digest.hex().upper()
    other = {key for key in OF_CONTENT if not isinstance(of := metadata.get(key), dict) or of.get("digest") != known}
    return {key: value for key, value in metadata.items() if key not in other}


def changed(before: Metadata, changes: Metadata) -> Metadata:
    """Return the snapshot after some properties were set; None takes a value away."""
    after = {**before, **changes}
    return {key: value for key, value in after.items() if value is not None}


MOST_SAID: Final = 4 << 20
"""Characters of a snapshot; each value in it counts 100 more, as a row of an index does. Every version carries the whole, and it
is written while all others wait for their turn to write."""
_OF_VALUE: Final = 100


def check_extent(metadata: Metadata) -> None:
    """Refuse a snapshot that says too much.

    Raises:
        TooLarge: it has more than ``MOST_SAID``.
    """
    if sum(map(_extent, metadata.values())) > MOST_SAID:
        raise TooLarge(f"What is said of one object has at most {MOST_SAID} characters; each value takes {_OF_VALUE} more.")


def _extent(value: object) -> int:
    match value:
        case str():
            return _OF_VALUE + len(value)
        case Mapping():
            return sum(len(name) + _extent(one) for name, one in value.items())
        case list() | tuple():
            return sum(map(_extent, value))
    return _OF_VALUE


def title_of(metadata: Metadata, drive_name: str | None, *, as_stem: bool = False) -> str:
    """Return the title: the one that was set, else the name on the drive, ``as_stem`` without what stands behind its last dot."""
    title = metadata.get(TITLE)
    if isinstance(title, str) and title:
        return title
    name = drive_name or ""
    return stem_and_suffix(name)[0] if as_stem else name
