"""What is searched for, as data: conditions on documents, put together as a tree."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias

from davgate.model.instant import Instant


@dataclass(frozen=True, slots=True)
class Says:
    """A typed property has this value, or one of its values is this. Longer ones than are indexed are not found."""

    property: str
    value: str


@dataclass(frozen=True, slots=True)
class SaysAnything:
    """A typed property has a value."""

    property: str


@dataclass(frozen=True, slots=True)
class Contains:
    """A typed property has a text in it, in capitals or not. The title is what is shown as such: without one the drive name."""

    property: str
    text: str


@dataclass(frozen=True, slots=True)
class HasUuid:
    """The document has this UUID, in lower case."""

    uuid: str


@dataclass(frozen=True, slots=True)
class MadeBy:
    """A principal made the document."""

    principal_id: int


@dataclass(frozen=True, slots=True)
class CreatedAfter:
    """The document is younger than an instant."""

    instant: Instant


@dataclass(frozen=True, slots=True)
class CreatedBefore:
    """The document is older than an instant."""

    instant: Instant


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of some conditions hold; without any, that is so."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of some conditions holds; without any, none does."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A condition does not hold."""

    condition: Condition


Condition: TypeAlias = Says | SaysAnything | Contains | HasUuid | MadeBy | CreatedAfter | CreatedBefore | AllOf | AnyOf | Not


class Order(enum.Enum):
    """By what found documents are sorted; those that are equal by their age."""

    CREATED = "created"
    MODIFIED = "modified"
    TITLE = "title"
