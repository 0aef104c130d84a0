"""What is searched for, as data: a tree of conditions on documents and collections, and the order of what is found.

The logic has two values. Where something has no value, no comparison holds of it, and so the negation of each does. Of a property
with several values a comparison holds when it does of one of them.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Final, TypeAlias

from davgate.model.errors import Malformed
from davgate.model.frozen import frozen
from davgate.model.indexing import words_in


class Fact(enum.Enum):
    """What is said of everything beside its typed properties.

    Instants, numbers and the ids of principals are whole numbers, everything else is text. ``KIND`` is ``document`` or
    ``collection``. ``TITLE`` is what is shown as such: without one, as ``NAME``, the name on the drive. ``DIGEST`` is the SHA-256
    in upper-case hex. The version is the current one; a collection without a version has its first. ``MODIFIED_AT`` of a
    collection is also when its members last changed, ``SAID_AT`` only when something was last said of it.
    """

    ID = "id"
    UUID = "uuid"
    KIND = "kind"
    TYPE = "type"
    TITLE = "title"
    NAME = "name"
    PARENT_UUID = "parent-uuid"
    CREATED_AT = "created-at"
    CREATED_BY = "created-by"
    CREATED_BY_NAME = "created-by-name"
    MODIFIED_AT = "modified-at"
    SAID_AT = "said-at"
    MODIFIED_BY = "modified-by"
    MODIFIED_BY_NAME = "modified-by-name"
    VERSION_NO = "version-no"
    FILE_NAME = "file-name"
    MEDIA_TYPE = "media-type"
    LENGTH_BYTES = "length-bytes"
    DIGEST = "digest"


NUMBERS: Final = frozenset(
    {
        Fact.ID,
        Fact.CREATED_AT,
        Fact.CREATED_BY,
        Fact.MODIFIED_AT,
        Fact.SAID_AT,
        Fact.MODIFIED_BY,
        Fact.VERSION_NO,
        Fact.LENGTH_BYTES,
    }
)
"""The facts that are whole numbers."""


class Standing(enum.Enum):
    """How a document stands beside what is said of it: for orders alone.

    ``REVISION_ID`` is the number of its newest revision in the store, ``REVISION_NO`` the one in the document. ``HOLDER`` is the
    id of the principal who has locked it, or has it checked out unless that is the caller; negative where a lock ends by itself,
    0 for nobody.
    """

    REVISION_ID = "revision-id"
    REVISION_NO = "revision-no"
    LOGICAL_NAME = "logical-name"
    HOLDER = "holder"


@frozen
class Called:
    """A fact that is a text, in other words: some values have names, all others and no value one more. For orders alone.

    That may be another one of collections.
    """

    fact: Fact
    names: tuple[tuple[str, str], ...]
    otherwise: str
    otherwise_of_collections: str | None = None


@frozen
class Shown:
    """A fact that is a text, where it is none of some values that are not shown and count as none. For orders alone."""

    fact: Fact
    hidden: tuple[str, ...]


Sortable: TypeAlias = "Term | Standing | Called | Shown"


class Area(enum.Enum):
    """Where to search: in the tree as it is, or in what was deleted."""

    TREE = "tree"
    TRASH = "trash"


DOCUMENT: Final = "document"
COLLECTION: Final = "collection"


@frozen
class Property:
    """A typed property, by its id; ``is_single`` where nothing has several values of it, so that a range of it is one search."""

    id: str
    is_single: bool = False


Term: TypeAlias = Property | Fact
Value: TypeAlias = str | int | float | Decimal | bool


class Operator(enum.Enum):
    """How a value is compared: texts by code points, numbers by size. What is unequal is ``Not`` what is equal."""

    EQUAL = "="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


class Wildcard(enum.Enum):
    """A place in a pattern that is open."""

    ANY = "any characters, or none"
    ONE = "one character"


Pattern: TypeAlias = tuple[str | Wildcard, ...]


def containing(text: str) -> Pattern:
    """Return the pattern of what has a text in it."""
    return (Wildcard.ANY, text, Wildcard.ANY)


def starting_with(text: str) -> Pattern:
    """Return the pattern of what begins with a text: the one that an index answers."""
    return (text, Wildcard.ANY)


@frozen
class Compares:
    """A value is in a relation to another one."""

    term: Term
    operator: Operator
    value: Value


@frozen
class OneOf:
    """A value is equal to one of some; without any, none is."""

    term: Term
    values: tuple[Value, ...]


@frozen
class Matches:
    """A text as a whole is as a pattern says; where ``is_folded``, in capitals or not."""

    term: Term
    pattern: Pattern
    is_folded: bool = False


@frozen
class HasValue:
    """There is a value."""

    term: Term


@frozen
class Words:
    """All words of a text occur, as whole words, in capitals or not: in a property or a fact that is a text, or else anywhere.

    Anywhere is in the texts of all properties, those in the cells of tables too, in the file name, and in the name on the drive.
    A text without a word occurs nowhere.
    """

    text: str
    term: Term | None = None


@frozen
class AllOf:
    """All of some conditions hold; without any, that is so."""

    conditions: tuple[Condition, ...]


@frozen
class AnyOf:
    """At least one of some conditions holds; without any, none does."""

    conditions: tuple[Condition, ...]


@frozen
class Not:
    """A condition does not hold."""

    condition: Condition


Condition: TypeAlias = Compares | OneOf | Matches | HasValue | Words | AllOf | AnyOf | Not

EVERYTHING: Final = AllOf(())


@frozen
class By:
    """A term by which what is found is sorted.

    What has no value is before everything else, and descending behind it. Of several values the least counts, or the greatest.
    """

    term: Sortable
    descending: bool = False


Order: TypeAlias = tuple[By, ...]
"""The first term decides, among what is equal by it the next; what is equal by all is in the order of its age."""


def equals(term: Term, value: Value) -> Compares:
    """Return the condition that a value is equal to another one."""
    return Compares(term, Operator.EQUAL, value)


def of_door(door: str) -> Matches:
    """Return the condition that something is of one of the types of a door."""
    return Matches(Fact.TYPE, starting_with(f"{door}:"))


# Before it is asked. A statement of a hundred conditions is a person's, one of ten thousand an attack.

MOST_CONDITIONS: Final = 500
"""Of words each is one."""
MOST_LEVELS: Final = 100
MOST_TURNS: Final = 12
"""How often all of some and one of some may alternate: a database's parser has a small stack."""
MOST_VALUES: Final = 10_000
MOST_CHARACTERS: Final = 4_000
"""Of a pattern, or of words."""


def prepared(condition: Condition, order: Order = ()) -> Condition:
    """Return a condition in its simplest form: negations of single tests alone, and no conjunction right within another.

    Raises:
        Malformed: there are too many conditions, or a fact is compared with what is of another kind.
    """
    _check_size(condition, len(order))
    simple = _simplified(condition, is_negated=False)
    if _turns_of(simple) > MOST_TURNS:
        raise Malformed(f"AND and OR alternate at most {MOST_TURNS} times within each other in a search. Ask for less.")
    return simple


def _check_size(condition: Condition, used: int) -> None:
    level: list[Condition] = [condition]
    left, depth = MOST_CONDITIONS - used, 0
    while level:
        depth, left = depth + 1, left - sum(map(_weight_of, level))
        if left < 0 or depth > MOST_LEVELS:
            raise Malformed(f"A search has at most {MOST_CONDITIONS} conditions, at most {MOST_LEVELS} deep. Ask for less.")
        below: list[Condition] = []
        for one in level:
            below += _parts_of(one)
            _check_values(one)
        level = below


def _weight_of(condition: Condition) -> int:
    return max(1, len(words_in(condition.text[:MOST_CHARACTERS]))) if isinstance(condition, Words) else 1


def _parts_of(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return parts
        case Not(part):
            return (part,)
    return ()


def _check_values(condition: Condition) -> None:
    match condition:
        case Compares(Fact() as fact, _, value):
            _check_value(fact, value)
        case OneOf(term, values):
            if len(values) > MOST_VALUES:
                raise Malformed(f"At most {MOST_VALUES} values are compared at once. Ask for fewer.")
            for value in values:
                if isinstance(term, Fact):
                    _check_value(term, value)
        case Matches(term, pattern):
            if term in NUMBERS:
                raise Malformed("A number has no pattern. Compare it.")
            if sum(len(part) if isinstance(part, str) else 1 for part in pattern) > MOST_CHARACTERS:
                raise Malformed(f"A pattern has at most {MOST_CHARACTERS} characters. Ask for less.")
        case Words(_, term) if term in NUMBERS:
            raise Malformed("A number has no words. Compare it.")
        case Words(text) if len(text) > MOST_CHARACTERS:
            raise Malformed(f"Words are looked for in a text of at most {MOST_CHARACTERS} characters. Ask for fewer.")


def _check_value(fact: Fact, value: Value) -> None:
    if fact in NUMBERS and (isinstance(value, bool) or not isinstance(value, int)):
        raise Malformed(f"{fact.value} is a whole number. Compare it with one.")
    if fact not in NUMBERS and not isinstance(value, str):
        raise Malformed(f"{fact.value} is a text. Compare it with one.")


def _simplified(condition: Condition, *, is_negated: bool) -> Condition:
    match condition:
        case Not(part):
            return _simplified(part, is_negated=not is_negated)
        case AllOf(parts) | AnyOf(parts):
            kind = AllOf if isinstance(condition, AllOf) is not is_negated else AnyOf
            joined: list[Condition] = []
            for part in parts:
                simple = _simplified(part, is_negated=is_negated)
                joined += simple.conditions if isinstance(simple, kind) else [simple]
            return joined[0] if len(joined) == 1 else kind(tuple(joined))
    return Not(condition) if is_negated else condition


def _turns_of(condition: Condition) -> int:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return 1 + max(map(_turns_of, parts), default=0)
    return 0
