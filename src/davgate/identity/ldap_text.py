"""Names of people within the texts of LDAP: filters (RFC 4515) and distinguished names (RFC 4514). Pure, without python-ldap."""

from __future__ import annotations

import unicodedata
from typing import Final

MOST_NAME_LETTERS: Final = 128
"""No account has a longer name."""


def escaped(value: str) -> str:
    """Return a value so that it is nothing but a value, in a filter and in a distinguished name alike.

    Both grammars allow every octet of its UTF-8 to stand as backslash and two hex digits. All are written so but ASCII
    letters and digits: no character can be forgotten, and a space at the end stays.

    Source: RFC 4515, 3 (valueencoding); RFC 4514, 2.4 (hexpair).
    """
    return "".join(chr(octet) if octet < 128 and chr(octet).isalnum() else f"\\{octet:02x}" for octet in value.encode())


def filled(template: str, **values: str) -> str:
    """Return a template of a filter or a distinguished name with each ``{key}`` replaced by its value, escaped."""
    for key, value in values.items():
        # An escaped value has no brace, so that a later one is never filled into it.
        template = template.replace("{" + key + "}", escaped(value))
    return template


def is_askable(name: str) -> bool:
    """Tell whether a directory is asked for a name: it is not empty, not long, and each of its characters can be seen."""
    return 0 < len(name) <= MOST_NAME_LETTERS and name.isprintable()


def own_spelling(name: str, values: list[str]) -> str | None:
    """Return the value that is the name, without regard to case; None when none is.

    A directory takes more for equal than that: spaces at the ends, widths, letters that are not seen. Whoever counts
    wrong passwords by name must not be given a hundred spellings of one account.

    Source: RFC 4518, 2 (what a directory's matching rule leaves out of account).
    """
    return next((value for value in values if _folded(value) == _folded(name)), None)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
