"""What documents are found by: values as texts that sort as the values do, and words.

Both databases keep and compare such texts by code points, so that one index answers equality, ranges and beginnings of texts
and of numbers alike, and both find the same.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from davgate.model.metadata import Metadata
from davgate.model.object_types import Kind

Single: TypeAlias = str | bool | int | float | Decimal

INDEXED_CHARACTERS: Final = 400
"""Of longer texts an index has the beginning and a digest: a row of it has to fit into a page."""

TOP: Final = "\U0010ffff"
"""The highest code point, which is no character: it begins what stands in an index for something else than a text itself."""

NOT_COMPARABLE: Final = TOP
"""The value of what is found by being there alone: tables and nested data."""

_CUT = re.compile("[\x00\ud800-\udfff\U0010ffff]")
_UNINDEXED: Final = frozenset({"lora:object"})
"""Properties that hold the whole of an object, and have an index of their own."""

_FOUND_BY: Final = {"yuuvis:contentStream": "id"}
"""Nested data that is found by one of its members."""

_EXPONENT_DIGITS: Final = 5
_EXPONENT_BIAS: Final = 50_000
_COMPLEMENTS: Final = str.maketrans("0123456789", "9876543210")


def comparable(value: Single) -> str:
    """Return a value as a text that is equal for equal values alone, and sorts as they do by code points.

    Texts are themselves. Of one above 400 characters, or with characters that no database takes, the part before counts for the
    order and a digest for equality. Numbers are sorted by size whatever their types, and are exact.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else _number(value)
    refused = _CUT.search(text)
    if refused is None and len(text) <= INDEXED_CHARACTERS:
        return text
    kept = text[: INDEXED_CHARACTERS if refused is None else min(refused.start(), INDEXED_CHARACTERS)]
    return f"{kept}{TOP}{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def is_whole(text: str) -> bool:
    """Tell whether a text stands in the index as it is."""
    return len(text) <= INDEXED_CHARACTERS and _CUT.search(text) is None


def _number(value: int | float | Decimal) -> str:
    """Return a number as sign, exponent and digits; below zero with the complements of both."""
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite() or exact == 0:
        return "1"
    sign, digits, _ = exact.as_tuple()
    shown = "".join(map(str, digits)).strip("0")
    exponent = f"{min(max(exact.adjusted() + _EXPONENT_BIAS, 0), 2 * _EXPONENT_BIAS - 1):0{_EXPONENT_DIGITS}}"
    # Behind the digits of a smaller number may come more: they must sort before its end.
    return f"2{exponent}{shown}" if not sign else f"0{(exponent + shown).translate(_COMPLEMENTS)}~"


def indexed_values(metadata: Metadata) -> Iterator[tuple[str, str]]:
    """Yield what a document is found by: each property with each of its single values, once."""
    for key, value in metadata.items():
        if key not in _UNINDEXED and _CUT.search(key) is None:
            is_member = key in _FOUND_BY and isinstance(value, dict)
            for one in dict.fromkeys(_indexed(value.get(_FOUND_BY[key]) if is_member else value)):
                yield key, one


def _indexed(value: object) -> Iterator[str]:
    singles = value if isinstance(value, list | tuple) else (value,)
    for one in singles:
        if isinstance(one, str | bool | int | float):
            yield comparable(one)
        elif one is not None:
            yield NOT_COMPARABLE


_NUMBER_FORM: Final = re.compile("1|2[0-9]{6,}|0[0-9]{6,}~")
_PLAIN_FORM: Final = re.compile(f"(?!{NOT_COMPARABLE}$).*", re.DOTALL)
_FORMS: Final[Mapping[Kind, re.Pattern[str]]] = {
    Kind.TEXT: _PLAIN_FORM,
    Kind.LONGTEXT: _PLAIN_FORM,
    Kind.ID: _PLAIN_FORM,
    Kind.ENUM: _PLAIN_FORM,
    Kind.INTEGER: _NUMBER_FORM,
    Kind.DECIMAL: _NUMBER_FORM,
    Kind.BOOLEAN: re.compile("true|false"),
    Kind.DATE: re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    Kind.DATETIME: re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"),
    Kind.TABLE: re.compile(NOT_COMPARABLE),
}
"""What the values of a kind stand in the index as. Any value may be in nested data, and of a file it is not told."""


def may_be_of(kind: Kind, text: str) -> bool:
    """Tell whether what stands in the index as this text can be a value of a kind; as a text almost everything can."""
    form = _FORMS.get(kind)
    return form is None or form.fullmatch(text) is not None


# Words

_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """Return a text by which texts are equal in capitals or not, however their accents are written."""
    shown = text if text.isascii() else unicodedata.normalize("NFC", text)
    # A sigma at the end of a word is written in another way, which a database does not know.
    return shown.lower().replace("\u03c2", "\u03c3")


def words_in(text: str) -> list[str]:
    """Return the words of a text, folded: runs of letters and digits."""
    return _WORD.findall(folded(text))


def words_of(metadata: Metadata, file_name: str) -> str:
    """Return the words by which a document is found, each once and between blanks, the same for equal snapshots.

    They are in the texts of its properties, in the cells of tables too, and in the name of its file.
    """
    texts = (text for key in sorted(metadata) if key not in _UNINDEXED for text in _texts(metadata[key]))
    found = dict.fromkeys(word for text in (*texts, file_name) for word in words_in(text))
    return f" {' '.join(found)} "


def tells(name: str | None, file_name: str) -> bool:
    """Tell whether all words in the name of a file are in another name, too, so that it is found by that."""
    return name == file_name or {*words_in(file_name)} <= {*words_in(name or "")}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
