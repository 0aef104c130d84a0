"""Tables of type files, read key by key; whatever is wrong with them is noted, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")


class UnusableTypes(Exception):
    """Object types cannot be used as the files have them; ``mistakes`` names everything that is wrong, a sentence each."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that proposes the known name most like another; empty when none is alike."""
    alike = get_close_matches(name, known, 1)
    return f"; did you mean {alike[0]}?" if alike else ""


@dataclass(slots=True)
class Section:
    """One table: each key is asked for by its kind, and those that nobody asked for are mistakes.

    ``where`` names the file and the place in it, ``mistakes`` are those of all files.
    """

    where: str
    values: Mapping[str, Any]
    mistakes: list[str]
    _known: set[str] = field(default_factory=set)

    def note(self, mistake: str) -> None:
        """Note what is wrong, the rest of a sentence that begins with the place."""
        self.mistakes.append(f"{self.where}: {mistake}")

    def has(self, key: str) -> bool:
        """Tell whether a key is given."""
        self._known.add(key)
        return key in self.values

    def _get(self, key: str, kind: type[T], default: T, wanted: str) -> T:
        if not self.has(key):
            return default
        value = self.values[key]
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        self.note(f"{key} must be {wanted}")
        return default

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        return self._get(key, str, default, "a text in quotes")

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a boolean."""
        return self._get(key, bool, default, "true or false")

    def length(self, key: str) -> int | None:
        """Return a number of characters from 0 up, if one is given."""
        number = self._get(key, int, -1, "a whole number")
        if number < -1 or (number == -1 and self.values.get(key) == -1):
            self.note(f"{key} must be 0 or more")
        return number if number >= 0 else None

    def one_of(self, key: str, known: Iterable[str], default: str) -> str:
        """Return a word that has to be one of some."""
        word, words = self.text(key, default), list(known)
        if word in words:
            return word
        self.note(f"{key} is {word!r}, and must be one of {', '.join(words)}{nearest(word, words)}")
        return default

    def words(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, each once."""
        given = self._get(key, list, [], "a list of texts")
        if not all(isinstance(word, str) and word for word in given):
            self.note(f"{key} must be a list of texts")
            return ()
        if double := next((word for word in given if given.count(word) > 1), None):
            self.note(f"{key} names {double!r} twice")
        return tuple(dict.fromkeys(given))

    def texts(self, key: str) -> dict[str, str]:
        """Return a table of texts."""
        given = self._get(key, dict, {}, "a table of texts")
        if not all(isinstance(text, str) for text in given.values()):
            self.note(f"{key} must be a table of texts")
            return {}
        return dict(given)

    def any(self, key: str) -> object:
        """Return a value of whatever kind; None without one."""
        return self.values[key] if self.has(key) else None

    def table(self, key: str, where: str) -> Section | None:
        """Return a table within this one, if it is given."""
        return self.within(key, self.values[key], where) if self.has(key) else None

    def within(self, key: str, value: object, where: str) -> Section | None:
        """Return a value of this table as a table, or None, noted, if it is none."""
        if isinstance(value, dict):
            return Section(f"{self.where}: {where}", value, self.mistakes)
        self.note(f"{key} must be a table")
        return None

    def tables(self, key: str, what: str) -> Iterator[Section]:
        """Yield the tables of a list; each is known by its name, or its number without one."""
        for no, value in enumerate(self._get(key, list, [], "a list of tables"), start=1):
            name = (value.get("name") or value.get("id")) if isinstance(value, dict) else None
            if section := self.within(f"{key} {no}", value, f"{what} {name if isinstance(name, str) else no}"):
                yield section

    def named(self, key: str, pattern: re.Pattern[str], wanted: str) -> str | None:
        """Return a name that has to be given, and of a certain form; None, noted, if it is not."""
        name = self.text(key)
        if not name or not pattern.fullmatch(name):
            if isinstance(self.values.get(key, ""), str):
                self.note(f"{key} must be {wanted}, and is {name!r}" if name else f"{key} is missing")
            return None
        return name

    def end(self) -> None:
        """Note the keys that nobody asked for."""
        for key in self.values:
            if key not in self._known:
                self.note(f"unknown key {key}{nearest(key, self._known)}")
