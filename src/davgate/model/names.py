"""Names of members and paths in the tree.

A name is stored as it was sent and compared by its collision key, the NFC form: the Finder sends NFD, everybody else NFC, and
both mean one file. Upper and lower case differ. Percent-decoding is the doors' business and has happened before.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from davgate.model.errors import InvalidName, Malformed, NameTooLong, ReservedName
from davgate.model.frozen import frozen
from davgate.model.paths import TreePath

VERSIONS: Final = ".versions"
RESERVED_EVERYWHERE: Final = frozenset({VERSIONS})
RESERVED_IN_ROOT: Final = frozenset({".at", ".trash", ".rescue"})

MAX_NAME_BYTES: Final = 255
"""What file systems take; a longer name could not be copied off the drive."""

MAX_FILE_NAME_BYTES: Final = 1024
"""Escaped threefold it still fits into the header that tells it, of which clients and proxies take some 8 KiB."""

# Beside the path separator and the delete character these are what XML 1.0 cannot carry: such a name is never listed.
_REFUSED = re.compile("[\x00-\x1f\x7f/\ud800-\udfff\ufffe\uffff]")


def collision_key(name: str) -> str:
    """Return the form under which names are equal."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def can_exist(name: str) -> bool:
    """Tell whether a name has only characters that a member's can have; a database may be unable to even ask for others."""
    return _REFUSED.search(name) is None


def check_name(name: str) -> None:
    """Refuse a name that can never be stored.

    Raises:
        InvalidName: empty, a dot segment, or with a character that no member name may have.
        NameTooLong: above 255 bytes of UTF-8.
    """
    if name in ("", ".", ".."):
        raise InvalidName(f"{name!r} is not a name. Use a name with at least one character other than dots.")
    if refused := _REFUSED.search(name):
        raise InvalidName(f"A name cannot contain the character U+{ord(refused[0]):04X}. Leave it out.")
    if len(name) * 4 > MAX_NAME_BYTES and len(name.encode()) > MAX_NAME_BYTES:
        raise NameTooLong(f"A name has at most {MAX_NAME_BYTES} bytes of UTF-8. Choose a shorter one.")


UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL takes into no text, and so cannot be asked for either."""


def check_text(*texts: str) -> None:
    """Refuse text beside names, as comments are, that cannot be stored.

    Raises:
        Malformed.
    """
    if refused := next(filter(None, map(UNSTORABLE.search, texts)), None):
        raise Malformed(f"A text cannot contain the character U+{ord(refused[0]):04X}. Leave it out.")


def check_file_name(name: str) -> None:
    """Refuse what no file can be called. It need not be a name in the tree: one of those is made of it where it is to be one.

    Raises:
        Malformed: not storable, or above 1,024 bytes of UTF-8.
    """
    check_text(name)
    if len(name) * 4 > MAX_FILE_NAME_BYTES and len(name.encode()) > MAX_FILE_NAME_BYTES:
        raise Malformed(f"A file name has at most {MAX_FILE_NAME_BYTES} bytes of UTF-8. Choose a shorter one.")


def check_new_name(parent: TreePath, name: str) -> None:
    """Refuse a name that no new member of ``parent`` may have.

    Raises:
        InvalidName, NameTooLong: see ``check_name``.
        ReservedName: davgate's own folders are called so.
    """
    check_name(name)
    if name in RESERVED_EVERYWHERE or (not parent and name in RESERVED_IN_ROOT):
        raise ReservedName(name)


@frozen
class PathLimits:
    """What a path may have at most: bytes of UTF-8 with its slashes, and segments."""

    path_bytes: int = 4096
    segments: int = 64


def check_path(path: TreePath, limits: PathLimits) -> None:
    """Refuse a path that no door could be asked for.

    Raises:
        NameTooLong: above the limits.
    """
    if len(path) > limits.segments:
        raise NameTooLong(f"A path has at most {limits.segments} folders and names. Choose a place less deep.")
    text = "/".join(path)
    if len(text) * 4 > limits.path_bytes and len(text.encode()) > limits.path_bytes:
        raise NameTooLong(f"A path has at most {limits.path_bytes} bytes of UTF-8. Choose shorter names.")


def stem_and_suffix(name: str) -> tuple[str, str]:
    """Split a name before its last dot: ``a.tar.gz`` gives ``a.tar`` and ``.gz``; a leading dot starts no suffix."""
    dot = name.rfind(".")
    return (name[:dot], name[dot:]) if dot > 0 else (name, "")
