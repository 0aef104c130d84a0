"""Looking into texts, written once for both engines: in capitals or not, by patterns, by words, in snapshots of metadata.

SQLite knows the letters of ASCII alone, so what is folded is folded by functions of ours. Patterns come twice: as LIKE takes
them, and as GLOB does, since SQLite's LIKE takes small letters for capitals.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from davgate.model.indexing import folded, words_in
from davgate.model.query import Pattern, Wildcard


def register(connection: sqlite3.Connection) -> None:
    """Let statements on a connection use the functions that SQLite lacks."""
    connection.create_function("davgate_folded", 1, _folded, deterministic=True)
    connection.create_function("davgate_has_word", 2, _has_word, deterministic=True)


def _folded(text: str | None) -> str | None:
    return folded(text) if isinstance(text, str) else text


def _has_word(text: str | None, word: str) -> bool:
    # What is not even in it as a part is none of its words, which is soon told of most.
    return isinstance(text, str) and word in folded(text) and word in words_in(text)


def like_form(pattern: Pattern) -> str:
    """Return a pattern as PostgreSQL's LIKE takes it."""
    signs = {Wildcard.ANY: "%", Wildcard.ONE: "_"}
    return "".join(
        signs[part] if isinstance(part, Wildcard) else "".join(f"\\{one}" if one in "\\%_" else one for one in part)
        for part in pattern
    )


def glob_form(pattern: Pattern) -> str:
    """Return a pattern as SQLite's GLOB takes it."""
    signs = {Wildcard.ANY: "*", Wildcard.ONE: "?"}
    return "".join(
        signs[part] if isinstance(part, Wildcard) else "".join(f"[{one}]" if one in "*?[" else one for one in part)
        for part in pattern
    )


def _arguments(element: GenericFunction[Any], compiler: SQLCompiler) -> list[str]:
    return [compiler.process(clause) for clause in element.clauses]


class ByCodePoint(GenericFunction[str]):
    """A text as it is sorted: by code points, on both engines."""

    type = Text()
    inherit_cache = True


@compiles(ByCodePoint, "sqlite")
def _by_code_point_on_sqlite(element: ByCodePoint, compiler: SQLCompiler, **kw: object) -> str:
    return compiler.process(element.clauses)


@compiles(ByCodePoint, "postgresql")
def _by_code_point_on_postgresql(element: ByCodePoint, compiler: SQLCompiler, **kw: object) -> str:
    return f'({compiler.process(element.clauses)}) COLLATE "C"'


class IsIn(GenericFunction[bool]):
    """Whether the second text is in the first."""

    inherit_cache = True


@compiles(IsIn, "sqlite")
def _is_in_on_sqlite(element: IsIn, compiler: SQLCompiler, **kw: object) -> str:
    return f"(instr({compiler.process(element.clauses)}) > 0)"


@compiles(IsIn, "postgresql")
def _is_in_on_postgresql(element: IsIn, compiler: SQLCompiler, **kw: object) -> str:
    return f"(strpos({compiler.process(element.clauses)}) > 0)"


class Hex(GenericFunction[str]):
    """Bytes in upper-case hex."""

    type = Text()
    inherit_cache = True


@compiles(Hex, "postgresql")
def _hex_on_postgresql(element: Hex, compiler: SQLCompiler, **kw: object) -> str:
    return f"upper(encode({compiler.process(element.clauses)}, 'hex'))"


class Folded(GenericFunction[str]):
    """A text by which texts are equal in capitals or not."""

    type = Text()
    inherit_cache = True


@compiles(Folded, "sqlite")
def _folded_on_sqlite(element: Folded, compiler: SQLCompiler, **kw: object) -> str:
    return f"davgate_folded({compiler.process(element.clauses)})"


@compiles(Folded, "postgresql")
def _folded_on_postgresql(element: Folded, compiler: SQLCompiler, **kw: object) -> str:
    return _folded_text(compiler.process(element.clauses))


def _folded_text(text: str) -> str:
    # To look at accents takes several times as long as all the rest, and most texts have none.
    is_ascii = f"octet_length({text}) = length({text})"
    other = f"replace(lower(normalize({text}) COLLATE \"default\"), '\u03c2', '\u03c3')"
    return f"(CASE WHEN {is_ascii} THEN lower({text}) ELSE {other} END)"


class Like(GenericFunction[bool]):
    """Whether the first text is as a pattern says: the second as LIKE takes it, the third as GLOB does."""

    inherit_cache = True


@compiles(Like, "sqlite")
def _like_on_sqlite(element: Like, compiler: SQLCompiler, **kw: object) -> str:
    text, _, pattern = _arguments(element, compiler)
    return f"({text} GLOB {pattern})"


@compiles(Like, "postgresql")
def _like_on_postgresql(element: Like, compiler: SQLCompiler, **kw: object) -> str:
    text, pattern, _ = _arguments(element, compiler)
    return f"({text} LIKE {pattern})"


class HasWord(GenericFunction[bool]):
    """Whether a folded word is one of the words of a text."""

    inherit_cache = True


@compiles(HasWord, "sqlite")
def _has_word_on_sqlite(element: HasWord, compiler: SQLCompiler, **kw: object) -> str:
    return f"davgate_has_word({compiler.process(element.clauses)})"


@compiles(HasWord, "postgresql")
def _has_word_on_postgresql(element: HasWord, compiler: SQLCompiler, **kw: object) -> str:
    text, word = _arguments(element, compiler)
    shown = _folded_text(text)
    bounded = f"'(^|[^[:alnum:]])' || CAST({word} AS text) || '($|[^[:alnum:]])'"
    return f"(CASE WHEN strpos({shown}, {word}) > 0 THEN {shown} ~ ({bounded}) ELSE false END)"


class TextsIn(GenericFunction[str]):
    """The texts that a typed property has in the snapshot of a version, as rows in the column ``value``."""

    type = Text()
    inherit_cache = True


@compiles(TextsIn, "sqlite")
def _texts_on_sqlite(element: TextsIn, compiler: SQLCompiler, **kw: object) -> str:
    snapshot, name = _arguments(element, compiler)
    listed = "json_each(CASE said.type WHEN 'array' THEN said.value ELSE json_array(said.value) END)"
    are_texts = f"said.key = {name} AND said.type IN ('array', 'text') AND one.type = 'text'"
    return f"(SELECT one.value AS value FROM json_each({snapshot}) AS said, {listed} AS one WHERE {are_texts})"


@compiles(TextsIn, "postgresql")
def _texts_on_postgresql(element: TextsIn, compiler: SQLCompiler, **kw: object) -> str:
    snapshot, name = _arguments(element, compiler)
    # PostgreSQL has no character U+0000, and refuses to read any property beside one that has it.
    said = f"(SELECT CAST(replace({snapshot}, '\\u0000', '\\ufffd') AS json) -> CAST({name} AS text) AS value) AS said"
    listed = (
        "json_array_elements(CASE json_typeof(said.value) WHEN 'array' THEN said.value ELSE json_build_array(said.value) END)"
    )
    return f"(SELECT one.value #>> '{{}}' AS value FROM {said}, {listed} AS one(value) WHERE json_typeof(one.value) = 'string')"
