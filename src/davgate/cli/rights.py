"""Rights, as one says them on the command line and reads them there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from davgate.core.principals.accounts import SIGNED_IN
from davgate.model.errors import Malformed
from davgate.model.principal import SIGNED_IN_NAME
from davgate.model.rights import BY_NAME, EDITOR, EVERYTHING, NO_RIGHTS, READER, ROLES, Right, names_of

WORDS: Final[Mapping[str, Right]] = {**BY_NAME, "write": EDITOR}
"""Beside rights and roles, the word that people use for what an editor may."""


def to_rights(words: Iterable[str]) -> Right:
    """Return all rights that some words name.

    Raises:
        Malformed: with the word that may have been meant, or else all that there are.
    """
    rights = NO_RIGHTS
    for word in words:
        if word not in WORDS:
            if alike := get_close_matches(word, WORDS, 1):
                raise Malformed(f"{word!r} is no right. Did you mean {alike[0]}?")
            names = ", ".join(sorted(set(BY_NAME) - set(ROLES)))
            raise Malformed(f"{word!r} is no right. Roles: {', '.join(ROLES)}; rights: {names}.")
        rights |= WORDS[word]
    return rights


def in_commands(name: str) -> str:
    """Return the name of a principal as commands take it: the group of all who sign in is stored under another."""
    return SIGNED_IN if name == SIGNED_IN_NAME else name


def in_words(rights: Right) -> str:
    """Return rights for people: the role that says most of it, and what is beside that."""
    if rights == EVERYTHING:
        return "manager"
    role = max((role for role in ROLES if ROLES[role] in rights), key=lambda role: ROLES[role].value.bit_count(), default=None)
    if role is None or (role == "reader" and rights != READER):
        return ", ".join(names_of(rights)) or "nothing"
    return ", ".join([role, *names_of(rights & ~ROLES[role])])
