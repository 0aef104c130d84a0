"""Classes of OIO made of decoded files: attribute groups in words, state lists, relations.

A group is told in one text, a word for each field: its name, ``!`` if it is mandatory, and the kind of its value behind a colon
unless that is a text, as in ``brugervendtnoegle! brevdato!:date``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from davgate.model.object_types import Kind, Property, TemporalClass
from davgate.model.type_sections import Section, nearest

_KINDS: Final[Mapping[str, Kind]] = {
    "text": Kind.TEXT,
    "int": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "timestamp": Kind.DATETIME,
    "interval": Kind.INTERVAL,
    "textlist": Kind.TEXTLIST,
    "exemption": Kind.EXEMPTION,
    "keywords": Kind.KEYWORDS,
}
_FIELD: Final = re.compile(r"([^\W\d_]\w*)(!)?(?::(\w+))?")
_RELATION: Final = re.compile(r"[^\W\d_]\w*")
_OWN_KEYS: Final = frozenset({"virkning"})
"""Keys of an entry that say something of the entry itself."""


def read_class(section: Section, service: str, name: str) -> TemporalClass:
    """Return the class that a table tells of."""
    nothing: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    empty = TemporalClass(service=service, name=name, groups={}, states=nothing, one=(), many=())
    made = add_lists(section, empty)
    if not made.groups:
        section.note("attributes is missing: a class has at least one group")
    return replace(made, is_indexed=section.flag("indexed", default=False))


def add_lists(section: Section, of: TemporalClass) -> TemporalClass:
    """Return a class with the groups, states and relations of a table beside those that it has."""
    groups = {key: _fields(section, key, text) for key, text in section.texts("attributes").items()}
    states = _states(section)
    for key in (*groups, *states):
        if key in of.groups or key in of.states or (key in groups and key in states):
            section.note(f"the class has a list {key} already")
        elif not key.startswith(of.name) or key == of.name:
            section.note(f"the list {key} must begin with the name of its class, {of.name}")
    one, many = section.words("one"), section.words("many")
    for relation in (*one, *many):
        if relation in (*of.one, *of.many) or (relation in one and relation in many):
            section.note(f"the class has a relation {relation} already")
        if not _RELATION.fullmatch(relation) or relation != relation.lower():
            section.note(f"a relation must have a name of small letters, digits and _, and is {relation!r}")
    return replace(
        of,
        groups=MappingProxyType({**of.groups, **groups}),
        states=MappingProxyType({**of.states, **states}),
        one=(*of.one, *one),
        many=(*of.many, *many),
    )


def _fields(section: Section, key: str, text: str) -> tuple[Property, ...]:
    fields: dict[str, Property] = {}
    for word in text.split():
        match = _FIELD.fullmatch(word)
        if match is None or match[1] != match[1].lower() or match[1] in _OWN_KEYS:
            section.note(f"{key}: {word!r} must be the name of a field in small letters, with ! and : and a kind behind it")
            continue
        kind = match[3] or "text"
        if kind not in _KINDS:
            section.note(f"{key}: {match[1]} is of the kind {kind!r}, not one of {', '.join(_KINDS)}{nearest(kind, _KINDS)}")
        elif match[1] in fields:
            section.note(f"{key} names {match[1]} twice")
        else:
            fields[match[1]] = Property(
                id=f"lora:{key}.{match[1]}",
                name=match[1],
                kind=_KINDS[kind],
                label=match[1],
                is_required=match[2] is not None,
                section=key,
            )
    if not fields:
        section.note(f"{key} names no fields")
    return tuple(fields.values())


def _states(section: Section) -> dict[str, tuple[str, ...]]:
    lists = section.table("states", "states")
    if lists is None:
        return {}
    states = {key: lists.words(key) for key in lists.values}
    for key, codes in states.items():
        if not codes:
            lists.note(f"{key} names no codes")
    return states
