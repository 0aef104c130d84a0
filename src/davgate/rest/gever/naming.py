"""Names that the dialect makes of titles: of files, and of containers in addresses. Both are plain ASCII."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from davgate.model import media_types
from davgate.model.names import stem_and_suffix

_FOLDED: Final = str.maketrans(
    {
        "ä": "ae", "Ä": "Ae", "ö": "oe", "Ö": "Oe", "ü": "ue", "Ü": "Ue", "ß": "ss", "ẞ": "SS",
        "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d",
        "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i", "ħ": "h", "Ħ": "H", "–": "-", "—": "-", "\u00a0": " ",
    }
)  # fmt: skip
"""What no decomposition folds to ASCII, or not as it is written in German."""
_KEPT: Final = re.compile(r"[^A-Za-z0-9 ._-]+")
_SLUG_GAP: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_STEM: Final = 100
_LONGEST_SUFFIX: Final = 32
_UNTITLED: Final = "document"

UNNAMED: Final = "upload.bin"
"""What a file is called that comes without a name."""


def folded(text: str, other: str = "") -> str:
    """Return a text without accents; what has no ASCII form becomes ``other``."""
    composed = unicodedata.normalize("NFC", text).translate(_FOLDED)
    parts = unicodedata.normalize("NFKD", composed)
    return "".join(part if part.isascii() else "" if unicodedata.combining(part) else other for part in parts)


def file_stem(title: str, fallback: str = "") -> str:
    """Return what a file is called by its title: letters, digits, spaces and ``-_.`` stay, anything else is left out."""
    for text in (title, fallback, _UNTITLED):
        stem = " ".join(_KEPT.sub("", folded(text)).split())[:_LONGEST_STEM].strip(" .")
        if stem:
            break
    return stem


def file_name_for(title: str, uploaded_name: str) -> str:
    """Return the name of a file that was uploaded under another one: that of its title, with the suffix that it came with.

    A title that ends with it, as one from another door that is a file name, does not get it twice.
    """
    stem, suffix = _split(uploaded_name)
    return file_stem(title, stem).removesuffix(suffix) + suffix


def title_for(uploaded_name: str) -> str:
    """Return the title of a document that has none: the name of its file without the suffix."""
    return _split(uploaded_name)[0]


def _split(uploaded_name: str) -> tuple[str, str]:
    """Return stem and suffix of a name without its folders; a suffix that is none of a program's belongs to the stem."""
    name = re.split(r"[/\\]", uploaded_name)[-1]
    stem, suffix = stem_and_suffix(name)
    plain = _KEPT.sub("", folded(suffix)).replace(" ", "")
    return (stem, plain) if len(plain) > 1 and len(plain) <= _LONGEST_SUFFIX else (name, "")


def slug(title: str) -> str:
    """Return a title as a segment of an address; empty when nothing of it can be."""
    return _SLUG_GAP.sub("-", folded(title, "-").lower())[:_LONGEST_STEM].strip("-")


def media_type_for(file_name: str, declared: str | None) -> str | None:
    """Return the media type of a file: what its suffix says, else what the client said, if anything."""
    known = media_types.guess(file_name)
    return declared if known == media_types.UNKNOWN else known
