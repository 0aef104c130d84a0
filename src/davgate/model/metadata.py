"""Typed metadata: what a version says of its document beside the content, by property ids that are the same through every door.

Some properties are everybody's, the others belong to the facet of one dialect and begin with its name. A version carries a whole
snapshot; a property without a value is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from davgate.model.names import UNSTORABLE, stem_and_suffix

Metadata: TypeAlias = Mapping[str, Any]
"""Property ids to values as JSON has them."""

NO_METADATA: Final[Metadata] = MappingProxyType({})


def no_metadata() -> Metadata:
    """Return the snapshot without properties, as a default of a field."""
    return NO_METADATA


TITLE: Final = "title"
DESCRIPTION: Final = "description"
KEYWORDS: Final = "keywords"

INDEXED_CHARACTERS: Final = 400
"""Longer values are not found by equality; an index row has to fit into a page."""


def changed(before: Metadata, changes: Metadata) -> Metadata:
    """Return the snapshot after some properties were set; None takes a value away."""
    after = {**before, **changes}
    return {key: value for key, value in after.items() if value is not None}


def title_of(metadata: Metadata, drive_name: str | None, *, as_stem: bool = False) -> str:
    """Return the title: the one that was set, else the name on the drive, ``as_stem`` without what stands behind its last dot."""
    title = metadata.get(TITLE)
    if isinstance(title, str) and title:
        return title
    name = drive_name or ""
    return stem_and_suffix(name)[0] if as_stem else name


def indexed_values(metadata: Metadata) -> Iterator[tuple[str, str]]:
    """Yield what a document is to be found by: each property with each of its single values as text."""
    for key, value in metadata.items():
        for one in dict.fromkeys(_texts(value)):
            if len(one) <= INDEXED_CHARACTERS and not UNSTORABLE.search(key + one):
                yield key, one


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
