"""What a path on the drive means: a place in the tree, or one of the folders that show the past.

Every collection has a hidden member ``.versions``; in it each document is a folder of read-only files, one for each version:
``0003 2026-11-20 14.05 ann.docx``. The leading number decides, the rest of the name is for people.

The root has three more. ``.at`` holds the whole tree at any instant, as ``.at/2026-11-01T12:00/...``. ``.trash`` is flat: what
was deleted together is one entry, ``report 2026-11-20 14.05 4711.docx``, of which the last number decides. ``.rescue`` holds what
came too late to become a version, for its author alone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, TypeAlias

from davgate.model.frozen import frozen
from davgate.model.names import VERSIONS, stem_and_suffix
from davgate.model.paths import TreePath

AT: Final = ".at"
TRASH: Final = ".trash"
RESCUE: Final = ".rescue"


@frozen
class InTree:
    """A collection or document of today."""

    path: TreePath


@frozen
class VersionsFolder:
    """``.versions`` of a collection: a folder for each document that has a version."""

    collection: TreePath


@frozen
class DocumentVersions:
    """The folder of one document's versions."""

    document: TreePath


@frozen
class VersionFile:
    """One version; ``no`` is None when the name does not begin with a number, so that nothing is there."""

    document: TreePath
    no: int | None


@frozen
class Instants:
    """``.at``: a folder for each instant."""


@frozen
class AsOf:
    """A place in the tree at an instant, which is as it was written."""

    instant: str
    path: TreePath


@frozen
class TrashFolder:
    """``.trash``."""


@frozen
class Trashed:
    """An entry of the trash, or what is at the path ``below`` it; ``node_id`` is None when the name has no number."""

    node_id: int | None
    below: TreePath


@frozen
class RescueFolder:
    """``.rescue`` of the caller."""


@frozen
class RescueFile:
    """A rescue copy."""

    name: str


Place: TypeAlias = (
    InTree | VersionsFolder | DocumentVersions | VersionFile | Instants | AsOf | TrashFolder | Trashed | RescueFolder | RescueFile
)

_LEADING_NUMBER = re.compile(r"([0-9]{1,9})(?![0-9])")
# The time before the number has a dot, too; a name without it is one that a person has typed.
_LAST_NUMBER = re.compile(r"(?:[0-9]{2}\.[0-9]{2} |^(?!.*[0-9]{2}\.[0-9]{2} [0-9]).*?(?<![0-9]))([0-9]{1,18})(?:\.[^.]*)?$")
_UNFIT = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|\ud800-\udfff\ufffe\uffff]')
_LONGEST_SUFFIX_BYTES: Final = 32
_LONGEST_STEM: Final = 40
"""Characters, so that a name with the rest stays below 255 bytes whatever the script."""


def parse_place(path: TreePath) -> Place | None:
    """Return what a path means, or None for one below a file of the past, where nothing can be."""
    match path:
        case (".at",):
            return Instants()
        case (".at", instant, *rest):
            return AsOf(instant, tuple(rest))
        case (".trash",):
            return TrashFolder()
        case (".trash", name, *rest):
            number = _LAST_NUMBER.search(name)
            return Trashed(int(number[1]) if number else None, tuple(rest))
        case (".rescue",):
            return RescueFolder()
        case (".rescue", name):
            return RescueFile(name)
        case (".rescue", *_):
            return None
    return _in_versions(path) if VERSIONS in path else InTree(path)


def _in_versions(path: TreePath) -> Place | None:
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


def instant_name(at: datetime) -> str:
    """Return the name of an instant's folder below ``.at``, to the minute, without the colons that Windows has not in names."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H.%MZ")


def numbered_name(name: str, at: datetime, number: int) -> str:
    """Return the name of what is kept under a number, in the trash or as a rescue copy; ``at`` is in the time zone for texts."""
    stem, suffix = _stem_and_suffix(name)
    return f"{stem[:_LONGEST_STEM]} {at:%Y-%m-%d %H.%M} {number}{suffix}"


def version_file_name(no: int, opened_at: datetime, author: str, document_name: str) -> str:
    """Return the name of a version's file, as it sorts and as programs open it by its suffix.

    ``opened_at`` is in the time zone for texts. An author's characters that no name may have on Windows become ``_``. The
    name stays below 255 bytes whatever comes in: a long tail behind the last dot is part of a sentence, not a suffix.
    """
    suffix = _stem_and_suffix(document_name)[1]
    who = _UNFIT.sub("_", author)[:40]
    return f"{no:04d} {opened_at:%Y-%m-%d %H.%M} {who}{suffix}".rstrip(" .")


def _stem_and_suffix(name: str) -> tuple[str, str]:
    stem, suffix = stem_and_suffix(name)
    return (stem, suffix) if len(suffix.encode()) <= _LONGEST_SUFFIX_BYTES else (name, "")
