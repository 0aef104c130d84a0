"""What objects whose content is valid for a time are searched by, as data."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.registration import Code
from davgate.model.bitemporal.virkning import Window
from davgate.model.frozen import frozen

MOST_CHARACTERS: Final = 4000
"""Of a pattern; a database has a limit of its own."""
_TOKEN: Final = re.compile(r"\\([%\\])|(%)|(.)", re.DOTALL)


@frozen
class Says:
    """A field of the object's attributes matches a pattern; of any field if none is named, where booleans are left out."""

    field: str
    pattern: str


@frozen
class HasState:
    """A state list, called by its bare name, has a code."""

    state: str
    code: str


@frozen
class LeadsTo:
    """A relation leads to a target, and to one of a kind if that is given; any relation if none is named."""

    relation: str
    target: str
    kind: str | None = None


@frozen
class JournalSays:
    """A journal entry says something in a field: exactly this as its code, else what matches a pattern."""

    field: str
    pattern: str


@frozen
class HasCode:
    """The registration has a code of the life cycle."""

    code: Code


@frozen
class WrittenBy:
    """The registration is by an account, told by its id of the outside."""

    author_uuid: str


@frozen
class Notes:
    """The note of the registration or of a period matches a pattern."""

    pattern: str


@frozen
class InVariant:
    """A variant of a document has a text, or says something in a field."""

    field: str
    pattern: str


@frozen
class InPart:
    """A part of a document has a text, or says something in a field."""

    field: str
    pattern: str


@frozen
class PartLeadsTo:
    """A relation of a part leads to a target."""

    relation: str
    target: str
    kind: str | None = None


@frozen
class EitherOf:
    """One of some criteria holds."""

    criteria: tuple[Criterion, ...]


Criterion: TypeAlias = (
    Says | HasState | LeadsTo | JournalSays | HasCode | WrittenBy | Notes | InVariant | InPart | PartLeadsTo | EitherOf
)

Nested: TypeAlias = InVariant | InPart | PartLeadsTo
"""What several criteria may ask of one variant or part."""

VARIANT_TEXT: Final = "varianttekst"
PART_TEXT: Final = "deltekst"
"""The fields by which a variant, and a part of it, are told from others."""


@frozen
class Search:
    """Criteria that all have to hold, each for an entry that is valid in a window, perhaps each for another one.

    They are held against what is known now, or against all that was known at some time in the window ``known``. With ``first``
    or ``most`` only objects are found that have a key then. Several criteria of variants hold for one variant where its text is
    among them, those of parts for one part.
    """

    criteria: tuple[Criterion, ...]
    valid: Window
    uuid: str | None = None
    known: Window | None = None
    first: int | None = None
    most: int | None = None

    @property
    def is_paged(self) -> bool:
        """Whether a page is asked for."""
        return self.first is not None or self.most is not None

    @property
    def finds_deleted(self) -> bool:
        """Whether registrations count by which an object is deleted."""
        return any(isinstance(one, HasCode) for one in self.criteria)


@frozen
class Pattern:
    """A pattern taken apart: its pieces of text, between which anything may stand."""

    pieces: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        """Whether one text alone matches."""
        return len(self.pieces) == 1

    @property
    def is_anything(self) -> bool:
        """Whether every text matches."""
        return len(self.pieces) > 1 and not any(self.pieces)


def parse_pattern(text: str) -> Pattern:
    r"""Return a pattern in which ``%`` stands for anything, ``\\%`` for a percent sign, ``\\\\`` for a backslash.

    Raises:
        InvalidObject: it is too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidObject(f"a pattern has at most {MOST_CHARACTERS} characters.")
    pieces = [""]
    for escaped, wildcard, plain in _TOKEN.findall(text):
        if wildcard:
            pieces.append("")
        else:
            pieces[-1] += escaped or plain
    return Pattern(tuple(pieces))
