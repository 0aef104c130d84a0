"""The media type of a document, from what its client said and from its name."""

from __future__ import annotations

import mimetypes
import re
from functools import lru_cache
from typing import Final

from davgate.model.names import stem_and_suffix

UNKNOWN: Final = "application/octet-stream"
LONGEST: Final = 255

_OFFICE: Final = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".dotx": "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    ".docm": "application/vnd.ms-word.document.macroEnabled.12",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xltx": "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".potx": "application/vnd.openxmlformats-officedocument.presentationml.template",
    ".pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    ".vsdx": "application/vnd.ms-visio.drawing.main+xml",
    ".rtf": "application/rtf",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ott": "application/vnd.oasis.opendocument.text-template",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".odg": "application/vnd.oasis.opendocument.graphics",
    ".md": "text/markdown",
    ".msg": "application/vnd.ms-outlook",
    ".eml": "message/rfc822",
    ".webp": "image/webp",
    ".gz": "application/gzip",
    ".7z": "application/x-7z-compressed",
}

# An instance of its own knows no type from the files of the machine, so that a document has the same type on every node.
_TYPES: Final = mimetypes.MimeTypes()

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"
_MEDIA_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|\"[^\"\\\x00-\x1f\x7f]*\"))*")


def choose(declared: str | None, name: str) -> str:
    """Return the declared type, or the one that the name suggests when none of use was declared.

    Drive clients send ``application/octet-stream`` for everything they do not know, so that says nothing.
    """
    if declared and len(declared) <= LONGEST and _MEDIA_TYPE.fullmatch(declared):
        if declared.partition(";")[0].rstrip(" \t").lower() != UNKNOWN:
            return declared
    return guess(name)


def as_sent(declared: str | None, name: str) -> str:
    """Return what was declared, whatever it says; the type that the name suggests when that is nothing, or no line of text."""
    if declared and len(declared) <= LONGEST and declared.isprintable():
        return declared
    return guess(name)


@lru_cache(maxsize=1024)
def readable(media_type: str) -> str:
    """Return a stored media type as all can read it: what was kept as it was sent need not be one."""
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else UNKNOWN


def guess(name: str) -> str:
    """Return the type that the suffix of a name suggests."""
    suffix = stem_and_suffix(name)[1].lower()
    return _OFFICE.get(suffix) or _TYPES.types_map[True].get(suffix) or UNKNOWN
