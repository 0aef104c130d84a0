"""What objects whose content is valid for a time are found by: a row for each single value of each entry.

Texts are told in a form in which they are equal in capitals or not; codes, targets and what sorts are told as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from davgate.model.bitemporal.merging import Entry, Lists, Snapshot
from davgate.model.bitemporal.query import PART_TEXT, VARIANT_TEXT
from davgate.model.bitemporal.relations import JOURNAL, JOURNAL_CODE, JOURNAL_DOCUMENT, JOURNAL_NOTE
from davgate.model.bitemporal.virkning import BEGINNING
from davgate.model.indexing import folded
from davgate.model.instant import FOREVER, Instant

LONGEST: Final = 400
"""Characters of a value in an index; a row of one has to fit into a page."""
KEY_FIELD: Final = "brugervendtnoegle"
_SEPARATOR: Final = "\x1f"


class Row(NamedTuple):
    """A value: of which property, in which place, valid from when to when. ``whole`` is one that is longer than ``value``."""

    property: str
    value: str
    whole: str
    qualifier: str
    place: str
    valid_from: Instant
    valid_to: Instant


def cut(text: str) -> tuple[str, str]:
    """Return what of a text is in the index, and the text if that is not all."""
    return (text, "") if len(text) <= LONGEST else (text[:LONGEST], text)


# Properties by their classes


def relation_of(of: str, name: str) -> str:
    """Return the property of a relation of a class, also of a part of it where that has the name ``del``."""
    return f"{of}.{name}"


def journal_of(of: str, field: str) -> str:
    """Return the property of what a journal entry says."""
    return f"{of}.{JOURNAL}.{field}"


def order_of(of: str) -> str:
    """Return the property that a class is sorted by."""
    return f"{of}.order"


def made_of(of: str) -> str:
    """Return the property that tells when a document was made, in the place of the day, which depends on the time zone."""
    return f"{of}.made"


def note_of(of: str) -> str:
    """Return the property of the notes of periods."""
    return f"{of}.note"


def registration_of(of: str) -> str:
    """Return the property of the registrations themselves: code, author and note."""
    return f"{of}.registrering"


def variant_of(of: str, field: str) -> str:
    """Return the property of what a variant says."""
    return f"{of}.variant.{field}"


def part_of(of: str, field: str) -> str:
    """Return the property of what a part says."""
    return f"{of}.del.{field}"


# Rows


def in_order_of_time(at: int) -> str:
    """Return an instant as a text: a later one is a greater one."""
    return f"{at + (1 << 63):020}"


def instant_of(text: str) -> Instant:
    """Return the instant that was told in such a text."""
    return Instant(int(text) - (1 << 63))


def rows_of(of: str, snapshot: Snapshot) -> set[Row]:
    """Return the rows of an object of a class."""
    return set(_rows(of, snapshot))


def _rows(of: str, snapshot: Snapshot) -> Iterator[Row]:
    for group, entries in snapshot.attributes.items():
        for entry in entries:
            for field, value in entry.values.items():
                yield from _texts(f"{group}.{field}", value, entry)
            if KEY_FIELD in entry.values:
                yield _row(order_of(of), entry.values[KEY_FIELD], entry)
    for name, entries in snapshot.states.items():
        for entry in entries:
            for code in entry.values.values():
                yield _row(name, code, entry)
    yield from _relations(of, of, snapshot.relations)
    yield from _notes(of, (snapshot.attributes, snapshot.states))
    for variant, one in snapshot.variants.items():
        place = place_of(variant)
        yield _always(variant_of(of, VARIANT_TEXT), variant, place)
        yield from _properties(variant_of(of, ""), one.properties, place)
        yield from _notes(of, ({"": one.properties},))
        for part, it in one.parts.items():
            within = place_of(variant, part)
            yield _always(part_of(of, PART_TEXT), part, within)
            yield from _properties(part_of(of, ""), it.properties, within)
            yield from _notes(of, ({"": it.properties},))
            yield from _relations(of, part_of(of, "")[:-1], it.relations, within)


def place_of(*texts: str) -> str:
    """Return the place of a variant, or of a part of it, which begins with that of the variant."""
    return "".join(text.replace(_SEPARATOR, " ") + _SEPARATOR for text in texts)


def _properties(prefix: str, entries: Iterable[Entry], place: str) -> Iterator[Row]:
    for entry in entries:
        for field, value in entry.values.items():
            yield from _texts(prefix + field, value, entry, place)


def _relations(of: str, prefix: str, lists: Lists, place: str = "") -> Iterator[Row]:
    for name, entries in lists.items():
        for entry in entries:
            target = entry.values.get("uuid") or entry.values.get("urn")
            if target:
                yield _row(f"{prefix}.{name}", target, entry, entry.values.get("objekttype", ""), place)
            if name == JOURNAL:
                yield from _journal(of, entry)
    yield from _notes(of, (lists,))


def _journal(of: str, entry: Entry) -> Iterator[Row]:
    if (code := entry.values.get(JOURNAL_CODE)) is not None:
        yield _row(journal_of(of, JOURNAL_CODE), code, entry)
    for name in (JOURNAL_NOTE, JOURNAL_DOCUMENT):
        for field, value in entry.values.get(name, {}).items():
            # Of an exemption each text by its own name.
            parts = value.items() if isinstance(value, Mapping) else [("", value)]
            for part, text in parts:
                yield from _texts(journal_of(of, ".".join(filter(None, (name, field, part)))), text, entry)


def _notes(of: str, sections: Iterable[Lists]) -> Iterator[Row]:
    for lists in sections:
        for entries in lists.values():
            for entry in entries:
                if entry.virkning.note:
                    yield _row(note_of(of), folded(entry.virkning.note), entry)


def _texts(name: str, value: Any, entry: Entry, place: str = "") -> Iterator[Row]:
    if isinstance(value, bool):
        yield _row(name, "true" if value else "false", entry, "", place)
    elif isinstance(value, str | int):
        yield _row(name, folded(str(value)), entry, "", place)
    else:
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(name, one, entry, place)


def _row(name: str, text: str, entry: Entry, qualifier: str = "", place: str = "") -> Row:
    return Row(name, *cut(text), qualifier, place, entry.virkning.start, entry.virkning.end)


def _always(name: str, text: str, place: str) -> Row:
    return Row(name, *cut(folded(text)), "", place, BEGINNING, FOREVER)
