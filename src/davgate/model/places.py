"""What a path on the drive means: a place in the tree, or one of the folders that show the past.

Every collection has a hidden member ``.versions``; in it each document is a folder of read-only files, one for each version:
``0003 2026-11-20 14.05 ann.docx``. The leading number decides, the rest of the name is for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from davgate.model.names import VERSIONS, stem_and_suffix
from davgate.model.paths import TreePath


@dataclass(frozen=True, slots=True)
class InTree:
    """A collection or document of today."""

    path: TreePath


@dataclass(frozen=True, slots=True)
class VersionsFolder:
    """``.versions`` of a collection: a folder for each document that has a version."""

    collection: TreePath


@dataclass(frozen=True, slots=True)
class DocumentVersions:
    """The folder of one document's versions."""

    document: TreePath


@dataclass(frozen=True, slots=True)
class VersionFile:
    """One version; ``no`` is None when the name does not begin with a number, so that nothing is there."""

    document: TreePath
    no: int | None


Place: TypeAlias = InTree | VersionsFolder | DocumentVersions | VersionFile

_LEADING_NUMBER = re.compile(r"([0-9]{1,9})(?![0-9])")
_UNFIT = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|\ud800-\udfff\ufffe\uffff]')
_LONGEST_SUFFIX_BYTES: Final = 32


def parse_place(path: TreePath) -> Place | None:
    """Return what a path means, or None for one below a version, where nothing can be."""
    if VERSIONS not in path:
        return InTree(path)
    at = path.index(VERSIONS)
    collection, rest = path[:at], path[at + 1 :]
    match rest:
        case ():
            return VersionsFolder(collection)
        case (name,):
            return DocumentVersions((*collection, name))
        case (name, file_name):
            number = _LEADING_NUMBER.match(file_name)
            return VersionFile((*collection, name), int(number[1]) if number else None)
    return None


def version_file_name(no: int, opened_at: datetime, author: str, document_name: str) -> str:
    """Return the name of a version's file, as it sorts and as programs open it by its suffix.

    ``opened_at`` is in the time zone for texts. An author's characters that no name may have on Windows become ``_``. The
    name stays below 255 bytes whatever comes in: a long tail behind the last dot is part of a sentence, not a suffix.
    """
    suffix = stem_and_suffix(document_name)[1]
    if len(suffix.encode()) > _LONGEST_SUFFIX_BYTES:
        suffix = ""
    who = _UNFIT.sub("_", author)[:40]
    return f"{no:04d} {opened_at:%Y-%m-%d %H.%M} {who}{suffix}".rstrip(" .")
