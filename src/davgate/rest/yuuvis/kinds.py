"""Which type an object has here, and by it the properties that it may have.

What came from other doors is of the type ``document`` or ``folder``. Beside its type an object has secondary types: those that
its type names, and floating ones, which come and go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from davgate.model.metadata import Metadata
from davgate.model.object_types import ObjectType, ObjectTypes, Property

DOOR: Final = "yuuvis"
FLOATING: Final = "yuuvis:system:secondaryObjectTypeIds"
"""The property that keeps the floating secondary types."""
NO_CONTENT: Final = "none"
CONTENT_REQUIRED: Final = "required"
FOLDER: Final = "folder"
DOCUMENT: Final = "document"
_SECONDARY: Final = "secondary"


@dataclass(frozen=True)
class Shape:
    """A type with the secondary types that go with it."""

    type: ObjectType
    secondary: tuple[ObjectType, ...]

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """The properties by their names here, those of the type first."""
        return {one.name: one for kind in (self.type, *self.secondary) for one in kind.properties}

    @property
    def floating(self) -> list[str]:
        """The secondary types that the type itself does not name."""
        return [one.local for one in self.secondary if one.local not in self.type.secondary]


def type_named(types: ObjectTypes, name: object) -> ObjectType | None:
    """Return a type of this door by its name here, None if there is none."""
    return types.get(f"{DOOR}:{name}") if isinstance(name, str) else None


def type_of(types: ObjectTypes, stored: str | None, *, is_collection: bool) -> ObjectType:
    """Return the type of something as this door has it, by the type that the store has for it."""
    found = types.get(stored) if stored is not None and stored.startswith(f"{DOOR}:") else None
    if found is not None:
        return found
    fallback = type_named(types, FOLDER if is_collection else DOCUMENT)
    assert fallback is not None, "it is shipped, and no file may change it"
    return fallback


def shape_of(types: ObjectTypes, kind: ObjectType, floating: Sequence[object]) -> Shape:
    """Return a type with its secondary types; a floating one that is not there any more counts as not said."""
    names = dict.fromkeys((*kind.secondary, *(one for one in floating if isinstance(one, str))))
    found = (secondary_named(types, name) for name in names)
    return Shape(kind, tuple(one for one in found if one is not None))


def secondary_named(types: ObjectTypes, name: object) -> ObjectType | None:
    """Return a secondary type by its name, None if there is none."""
    found = type_named(types, name)
    return found if found is not None and found.base == _SECONDARY else None


def floating_of(metadata: Metadata) -> Sequence[object]:
    """Return the floating secondary types that an object has."""
    stored = metadata.get(FLOATING)
    return stored if isinstance(stored, list) else ()
