"""Object types: which properties objects of a kind have, and what the values may be. They come from data files.

A type belongs to one dialect, whose words it is told in. The ids of its properties are the same through every door: a title is
stored as ``title``, whatever a dialect calls it (``model.metadata``). What a LoRA class says holds for periods of time, so its
groups are no properties but a ``TemporalClass`` of their own, kept together as one.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from davgate.model import metadata
from davgate.model.frozen import frozen

YUUVIS: Final = "yuuvis"
DYNACASE: Final = "dynacase"
LORA: Final = "lora"
DOORS: Final = (YUUVIS, DYNACASE, LORA)
"""The dialects that have types from files."""


class Kind(enum.Enum):
    """What a single value is; the word is that of the files."""

    TEXT = "text"
    LONGTEXT = "longtext"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    ID = "id"
    ENUM = "enum"
    FILE = "file"
    TABLE = "table"
    STRUCTURED = "structured"
    INTERVAL = "interval"
    EXEMPTION = "exemption"
    KEYWORDS = "keywords"
    TEXTLIST = "textlist"


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """What one property may say. ``id`` is what it is stored by, ``name`` what its dialect calls it.

    ``choices`` are the values of an enumeration with their labels, ``columns`` those of a table. A hidden one is stored and never
    shown. ``section`` is where it belongs among others: a frame of Dynacase, a group of LoRA.
    """

    id: str
    name: str
    kind: Kind
    label: str = ""
    is_multiple: bool = False
    is_required: bool = False
    default: object = field(default=None, hash=False)
    choices: Mapping[str, str] = field(default_factory=_nothing, hash=False)
    max_length: int | None = None
    min_length: int | None = None
    pattern: str = ""
    columns: tuple[Property, ...] = ()
    is_hidden: bool = False
    is_queryable: bool = True
    section: str = ""


Shape: TypeAlias = tuple[Kind, bool, tuple[tuple[str, Kind], ...]]


def shape_of(of: Property) -> Shape:
    """Return what all properties of one id have in common: long and short texts are stored alike."""
    kind = Kind.TEXT if of.kind is Kind.LONGTEXT else of.kind
    return kind, of.is_multiple, tuple((column.name, column.kind) for column in of.columns)


COMMON: Final[Mapping[str, Property]] = MappingProxyType(
    {
        of.id: of
        for of in (
            Property(id=metadata.TITLE, name=metadata.TITLE, kind=Kind.TEXT),
            Property(id=metadata.DESCRIPTION, name=metadata.DESCRIPTION, kind=Kind.LONGTEXT),
            Property(id=metadata.KEYWORDS, name=metadata.KEYWORDS, kind=Kind.TEXT, is_multiple=True),
        )
    }
)
"""The properties that every object may have, whatever its type, by id."""

LORA_OBJECT: Final = Property(id="lora:object", name="object", kind=Kind.STRUCTURED, is_queryable=False)
"""Everything that a registration of LoRA says, in one."""

KEPT_BY_DIALECTS: Final = frozenset(
    {
        LORA_OBJECT.id,
        "yuuvis:trace",
        "yuuvis:contentStream",
        "yuuvis:system:secondaryObjectTypeIds",
        "dynacase:state",
    }
)
"""Ids of what dialects keep with an object on their own account: no type defines such a property."""

NEVER_RESTORED: Final = frozenset({"dynacase:state"})
"""Ids of what stays as it is when an old version is restored: a workflow moves by transitions alone."""


@frozen
class State:
    """A state of a workflow."""

    label: str
    color: str = ""
    activity: str = ""


@frozen
class Transition:
    """A step of a workflow from one state to another."""

    id: str
    begin: str
    end: str
    label: str
    ask_comment: bool = False


@frozen
class Workflow:
    """The states that objects of a type go through, beginning with ``initial``."""

    initial: str
    states: Mapping[str, State] = field(hash=False)
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalClass:
    """What a class of OIO says, in lists whose entries hold for periods of time.

    ``groups`` are the fields of attribute groups and ``states`` the codes of state lists, by the keys of the lists, which begin
    with the class. Of ``one`` and ``many``, the relations, there is at most one entry at a time, or any number, in a class that
    ``is_indexed`` with a number for each.
    """

    service: str
    name: str
    groups: Mapping[str, tuple[Property, ...]] = field(hash=False)
    states: Mapping[str, tuple[str, ...]] = field(hash=False)
    one: tuple[str, ...]
    many: tuple[str, ...]
    is_indexed: bool = False

    def state_name(self, key: str) -> str:
        """Return the bare name of a state list, under which its entries have their code."""
        return key.removeprefix(self.name)

    def is_optional(self, group: str) -> bool:
        """Tell whether an object may do without a group: it has no mandatory field."""
        return not any(of.is_required for of in self.groups[group])


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """A type of objects. ``name`` is what nodes have, ``local`` what its dialect calls it, without the dialect before it.

    ``base`` is document, folder, secondary or object; ``content`` allowed, required or none. ``properties`` begin with those
    of the type that it ``extends`` (a local name, or empty). ``title`` is the property that is stored as the title.
    ``primary_stream`` is that whose file is the content of the document itself. ``secondary`` are the local names of types
    whose properties each object of this type has too.
    """

    name: str
    door: str
    local: str
    label: str
    base: str = "document"
    extends: str = ""
    content: str = "allowed"
    is_creatable: bool = True
    properties: tuple[Property, ...] = ()
    title: Property | None = None
    workflow: Workflow | None = None
    temporal: TemporalClass | None = None
    primary_stream: Property | None = None
    secondary: tuple[str, ...] = ()

    def property(self, name: str) -> Property | None:
        """Return the property that the dialect calls so."""
        return next((of for of in self.properties if of.name == name), None)


def type_name(door: str, local: str) -> str:
    """Return the name that nodes have, of a type that a dialect calls ``local``."""
    return f"{door}:{local}"


class ObjectTypes:
    """All types, in the order of the files. Made once, never altered."""

    def __init__(self, types: Mapping[str, ObjectType], files: Mapping[str, tuple[str, ...]]) -> None:
        self._types = types
        self.files = files
        """The files that say something of a type, by its name."""
        self._properties: dict[str, Property] = dict(COMMON)
        for one in types.values():
            for of in one.properties:
                self._properties.setdefault(of.id, of)

    def __iter__(self) -> Iterator[ObjectType]:
        return iter(self._types.values())

    def get(self, name: str) -> ObjectType | None:
        """Return the type of a full name such as ``dynacase:MY_ARTICLE``."""
        return self._types.get(name)

    def of_door(self, door: str) -> tuple[ObjectType, ...]:
        """Return the types of one dialect."""
        return tuple(one for one in self if one.door == door)

    def property_by_id(self, id: str) -> Property | None:
        """Return what is stored by an id; of several types that have it, as the first one tells it."""
        return self._properties.get(id)

    def with_descendants(self, name: str) -> frozenset[str]:
        """Return the full names of a type and of all that extend it, directly or by others."""
        return frozenset(one.name for one in self if name in self.with_ancestors(one))

    def with_ancestors(self, of: ObjectType) -> tuple[str, ...]:
        """Return the full names of a type and of those that it extends, the nearest first."""
        names = [of.name]
        while of.extends:
            of = self._types[type_name(of.door, of.extends)]
            names.append(of.name)
        return tuple(names)
