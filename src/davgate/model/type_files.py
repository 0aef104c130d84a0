"""Object types made of decoded files: first what each file says, then what types have from others.

A file has a table for each dialect, in it one for each type (of LoRA: for each service, in it for each class). A type that is
told of again must say ``amends = true``, and may then have more, but nothing otherwise than it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from davgate.model import metadata
from davgate.model.bitemporal.type_files import add_lists, read_class
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.object_types import (
    COMMON,
    DOORS,
    DYNACASE,
    KEPT_BY_DIALECTS,
    LORA,
    LORA_OBJECT,
    YUUVIS,
    Kind,
    ObjectType,
    ObjectTypes,
    Property,
    State,
    TemporalClass,
    Transition,
    Workflow,
    shape_of,
    type_name,
)
from davgate.model.type_sections import Section, UnusableTypes, nearest
from davgate.model.typed_values import check_value

_CONTENTS: Final = ("allowed", "required", "none")
_BASES: Final = {YUUVIS: ("document", "folder", "secondary"), DYNACASE: ("document",), LORA: ("document", "object")}
_KINDS: Final = {
    YUUVIS: (Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATETIME, Kind.ID, Kind.TABLE, Kind.STRUCTURED),
    DYNACASE: (
        Kind.TEXT, Kind.LONGTEXT, Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME, Kind.ID, Kind.ENUM,
        Kind.FILE,
    ),
}  # fmt: skip
_NESTED: Final = (Kind.TABLE, Kind.STRUCTURED)
_COLUMN_KINDS: Final = (Kind.TEXT, Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATETIME, Kind.ID)
_STRING_KINDS: Final = (Kind.TEXT, Kind.LONGTEXT, Kind.ID)

_YUUVIS_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(:[A-Za-z_][A-Za-z0-9_]*)*")
_FAMILY_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ATTRIBUTE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_WORD: Final = re.compile(r"[A-Za-z0-9_-]+")
_OIO_NAME: Final = re.compile(r"[a-z]+")
_TYPE_NAMES: Final = {
    YUUVIS: (_YUUVIS_NAME, "of letters, digits and _, in parts joined by colons"),
    DYNACASE: (_FAMILY_NAME, "of letters, digits, _ and -, beginning with a letter"),
}
_PROPERTY_NAMES: Final = {YUUVIS: _TYPE_NAMES[YUUVIS], DYNACASE: (_ATTRIBUTE_NAME, "of small letters, digits and _")}


@dataclass(slots=True)
class _Draft:
    """A type as the files tell it, without what it has from the one that it extends. The section is that of its first file."""

    section: Section
    files: list[str]
    door: str
    local: str
    label: str = ""
    base: str = ""
    extends: str = ""
    content: str = ""
    is_creatable: bool = True
    secondary: tuple[str, ...] = ()
    own: list[Property] = field(default_factory=list)
    workflow: Workflow | None = None
    temporal: TemporalClass | None = None

    @property
    def name(self) -> str:
        return type_name(self.door, self.local)


def read_types(files: Iterable[tuple[str, Mapping[str, Any]]]) -> ObjectTypes:
    """Return the types of some files, each decoded and with the name by which people know it.

    Raises:
        UnusableTypes: names everything that is wrong with them.
    """
    mistakes: list[str] = []
    drafts: dict[str, _Draft] = {}
    for file, document in files:
        for door, tables in document.items():
            whole = Section(file, document, mistakes)
            if door not in DOORS:
                whole.note(f"unknown key {door}{nearest(door, DOORS)}")
            elif section := whole.within(door, tables, door):
                _read_classes(section, file, drafts) if door == LORA else _read_door(section, file, door, drafts)
    types: dict[str, ObjectType] = {}
    for draft in drafts.values():
        _resolve(draft, drafts, types, ())
    _check_shapes(drafts.values(), mistakes)
    if mistakes:
        raise UnusableTypes(mistakes)
    return ObjectTypes({name: types[name] for name in drafts}, {draft.name: tuple(draft.files) for draft in drafts.values()})


def _read_door(tables: Section, file: str, door: str, drafts: dict[str, _Draft]) -> None:
    pattern, wanted = _TYPE_NAMES[door]
    for local, table in tables.values.items():
        section = tables.within(local, table, local)
        if section is None:
            continue
        if not pattern.fullmatch(local):
            section.note(f"a type must have a name {wanted}")
            continue
        draft, is_amended = _draft(section, file, door, local, drafts)
        if draft is None:
            continue
        if not is_amended:
            _read_head(section, draft)
        _read_properties(section, draft)
        section.end()


def _read_classes(services: Section, file: str, drafts: dict[str, _Draft]) -> None:
    for service, classes in services.values.items():
        for name, table in classes.items() if isinstance(classes, dict) else [("", classes)]:
            section = services.within(service, table, f"{service}.{name}".rstrip("."))
            if section is None:
                continue
            if not _OIO_NAME.fullmatch(service) or not _OIO_NAME.fullmatch(name):
                section.note("services and classes must have names of small letters")
                continue
            draft, is_amended = _draft(section, file, LORA, f"{service}/{name}", drafts)
            if draft is None:
                continue
            if draft.temporal is not None:
                draft.temporal = add_lists(section, draft.temporal)
            else:
                draft.label = section.text("label", name.capitalize())
                draft.base = section.one_of("base", _BASES[LORA], "object")
                draft.content = "allowed" if draft.base == "document" else "none"
                draft.own = [LORA_OBJECT]
                draft.temporal = read_class(section, service, name)
            section.end()


def _draft(section: Section, file: str, door: str, local: str, drafts: dict[str, _Draft]) -> tuple[_Draft | None, bool]:
    """Return what a table says something of, and whether it only says more of it; None if it may not."""
    amends = section.flag("amends", default=False)
    # To Dynacase, names in capitals and in small letters are the same; to people they are in any dialect.
    alike = next((draft for draft in drafts.values() if draft.name.casefold() == type_name(door, local).casefold()), None)
    if alike is None and not amends:
        draft = drafts[type_name(door, local)] = _Draft(section, [file], door, local)
        return draft, False
    if alike is None or alike.local != local:
        there = nearest(local, [draft.local for draft in drafts.values() if draft.door == door])
        section.note(f"amends a type that there is not{there}" if alike is None else f"there is a type {alike.local} already")
        return None, False
    if not amends:
        section.note(f"{alike.files[0]} has this type already; to give it more properties say amends = true")
        return None, False
    alike.files.append(file)
    return alike, True


def _read_head(section: Section, draft: _Draft) -> None:
    draft.label = section.text("label", draft.local)
    draft.extends = section.text("extends")
    default = "" if draft.extends else "document"
    draft.base = section.one_of("base", _BASES[draft.door], default) if section.has("base") else default
    draft.content = section.one_of("content", _CONTENTS, "") if section.has("content") else ""
    draft.is_creatable = section.flag("creatable", default=True)
    draft.secondary = section.words("secondary") if draft.door == YUUVIS else ()
    if draft.door == DYNACASE and (workflow := section.table("workflow", "workflow")):
        draft.workflow = _workflow(workflow)


def _read_properties(section: Section, draft: _Draft) -> None:
    for table in section.tables("properties", "property"):
        of = _property(table, draft.door)
        table.end()
        if of is None:
            continue
        if any(of.name == other.name for other in draft.own):
            table.note("the type has a property of this name already")
        elif any(of.id == other.id for other in draft.own):
            table.note(f"the type has another property that is stored as {of.id}")
        else:
            draft.own.append(of)


def _property(section: Section, door: str) -> Property | None:
    pattern, wanted = _PROPERTY_NAMES[door]
    name = section.named("name", pattern, wanted)
    kind = _kind(section, _KINDS[door])
    of = Property(
        id=_stored_as(section, door, name or ""),
        name=name or "",
        kind=kind or Kind.TEXT,
        label=section.text("label", name or ""),
        is_multiple=section.flag("multiple", default=False),
        is_required=section.flag("required", default=False),
        choices=section.texts("choices"),
        columns=tuple(_columns(section)),
        is_hidden=section.flag("hidden", default=False),
        is_queryable=section.flag("queryable", default=kind not in _NESTED),
        section=section.text("section"),
        max_length=section.length("max_length"),
        min_length=section.length("min_length"),
        pattern=_pattern(section),
    )
    if name is None or kind is None:
        section.has("default")
        return None
    _check_limits(section, of)
    return replace(of, default=_default(section, of))


def _kind(section: Section, allowed: Iterable[Kind]) -> Kind | None:
    words = [kind.value for kind in allowed]
    if not section.has("kind"):
        section.note(f"kind is missing, one of {', '.join(words)}")
        return None
    word = section.one_of("kind", words, "")
    return Kind(word) if word else None


def _stored_as(section: Section, door: str, name: str) -> str:
    usual = f"{door}:{name}"
    id = section.text("stored_as", usual)
    if id in KEPT_BY_DIALECTS:
        section.note(f"{id} is what the dialect keeps of itself; name another with stored_as")
    elif id in COMMON or (id.startswith(f"{door}:") and len(id) > len(door) + 1):
        return id
    else:
        section.note(f"stored_as must be one of {', '.join(COMMON)}, or begin with {door}:{nearest(id, COMMON)}")
    return usual


def _columns(section: Section) -> Iterable[Property]:
    names: set[str] = set()
    for table in section.tables("columns", "column"):
        name = table.named("name", _YUUVIS_NAME, _TYPE_NAMES[YUUVIS][1])
        kind = _kind(table, _COLUMN_KINDS)
        label = table.text("label", name or "")
        max_length = table.length("max_length")
        table.end()
        if name in names:
            table.note("the table has a column of this name already")
        elif name is not None and kind is not None:
            names.add(name)
            yield Property(id=name, name=name, kind=kind, label=label, max_length=max_length)


def _pattern(section: Section) -> str:
    pattern = section.text("pattern")
    try:
        re.compile(pattern)
    except re.error as error:
        section.note(f"pattern is no regular expression: {error}")
        return ""
    return pattern


def _check_limits(section: Section, of: Property) -> None:
    """Note what does not go with the kind."""
    limits = {"max_length": of.max_length is not None, "min_length": of.min_length is not None, "pattern": bool(of.pattern)}
    for key, is_given in limits.items():
        if is_given and of.kind not in _STRING_KINDS:
            section.note(f"{key} goes with texts alone")
    if of.max_length is not None and of.min_length is not None and of.min_length > of.max_length:
        section.note("min_length is above max_length")
    for key, has_some, kind in (("choices", of.choices, Kind.ENUM), ("columns", of.columns, Kind.TABLE)):
        if bool(has_some) != (of.kind is kind):
            section.note(f"{key} is missing" if of.kind is kind else f"{key} goes with the kind {kind.value} alone")
    if of.is_multiple and of.kind in _NESTED:
        section.note(f"a property of the kind {of.kind.value} cannot be multiple")


def _default(section: Section, of: Property) -> Any:
    try:
        return check_value(of, section.any("default"))
    except InvalidProperty as error:
        section.note(f"default {error.why}")
        return None


def _workflow(section: Section) -> Workflow | None:
    initial = section.text("initial")
    states: dict[str, State] = {}
    listed = section.table("states", "states")
    for name, table in listed.values.items() if listed is not None else ():
        if state := section.within(name, table, f"state {name}"):
            states[name] = State(state.text("label", name), state.text("color"), state.text("activity"))
            state.end()
            if not _WORD.fullmatch(name):
                state.note("a state must have a name of letters, digits, _ and -")
    if initial not in states:
        section.note(f"initial is {initial!r}, which is no state{nearest(initial, states)}")
    steps = tuple(step for table in section.tables("transitions", "transition") if (step := _transition(table, states)))
    if double := next((step for step in steps if sum((step.id, step.begin) == (o.id, o.begin) for o in steps) > 1), None):
        section.note(f"two transitions {double.id} begin at {double.begin}")
    section.end()
    return Workflow(initial, states, steps)


def _transition(section: Section, states: Mapping[str, State]) -> Transition | None:
    id = section.named("id", _WORD, "of letters, digits, _ and -")
    begin, end = section.text("begin"), section.text("end")
    for key, state in (("begin", begin), ("end", end)):
        if state not in states:
            section.note(f"{key} is {state!r}, which is no state{nearest(state, states)}")
    label, ask_comment = section.text("label", id or ""), section.flag("ask_comment", default=False)
    section.end()
    return Transition(id, begin, end, label, ask_comment) if id is not None else None


def _resolve(draft: _Draft, drafts: Mapping[str, _Draft], types: dict[str, ObjectType], below: tuple[str, ...]) -> None:
    """Make a type of what the files say of it and of the types that it extends, once."""
    if draft.name in types:
        return
    section, parent = draft.section, None
    if draft.extends:
        of = drafts.get(type_name(draft.door, draft.extends))
        if of is None:
            known = [other.local for other in drafts.values() if other.door == draft.door]
            section.note(f"extends {draft.extends}, which there is not{nearest(draft.extends, known)}")
        elif of.local in (*below, draft.local):
            section.note(f"extends itself, by {' and '.join((*below, draft.local))}")
        else:
            _resolve(of, drafts, types, (*below, draft.local))
            parent = types.get(of.name)
    types[draft.name] = _made(draft, parent)
    for name in draft.secondary:
        named = drafts.get(type_name(draft.door, name))
        if named is None or named.base != "secondary":
            section.note(f"secondary names {name}, which is no type with the base secondary")


def _made(draft: _Draft, parent: ObjectType | None) -> ObjectType:
    inherited = parent.properties if parent is not None else ()
    for of in draft.own:
        if double := next((other for other in inherited if of.name == other.name or of.id == other.id), None):
            draft.section.note(f"property {of.name}: {draft.extends} has {double.name} already, stored as {double.id}")
    base = draft.base or (parent.base if parent is not None else "document")
    if parent is not None and base != parent.base:
        draft.section.note(f"base is {base}, and that of {draft.extends} is {parent.base}")
    usual = parent.content if parent is not None else ("allowed" if base == "document" else "none")
    content = draft.content or usual
    if base in ("folder", "secondary") and content != "none":
        draft.section.note(f"content is {content}, and a {base} has none")
    properties = (*inherited, *draft.own)
    files = [of for of in properties if of.kind is Kind.FILE]
    return ObjectType(
        name=draft.name,
        door=draft.door,
        local=draft.local,
        label=draft.label,
        base=base,
        extends=draft.extends,
        content=content,
        is_creatable=draft.is_creatable and base != "secondary",
        properties=properties,
        title=next((of for of in properties if of.id == metadata.TITLE), None),
        workflow=draft.workflow or (parent.workflow if parent is not None else None),
        temporal=draft.temporal,
        primary_stream=next((of for of in files if not of.is_multiple), None),
        secondary=tuple(dict.fromkeys((*(parent.secondary if parent is not None else ()), *draft.secondary))),
    )


def _check_shapes(drafts: Iterable[_Draft], mistakes: list[str]) -> None:
    """Note properties of one id that are not of one kind: there would be no telling what a stored value is."""
    first: dict[str, tuple[Property, str]] = {id: (of, "every type") for id, of in COMMON.items()}
    for draft in drafts:
        for of in draft.own:
            known, where = first.setdefault(of.id, (of, draft.name))
            place = f"{draft.section.where}: property {of.name}: {of.id}"
            if shape_of(known) != shape_of(of):
                kinds = [f"{'multiple ' if one.is_multiple else ''}{one.kind.value}" for one in (of, known)]
                other = f"as {where} has it" if kinds[0] != kinds[1] else f"with other columns than in {where}"
                mistakes.append(f"{place} is of the kind {kinds[0]}, and not {kinds[1]} {other}")
            elif known.is_hidden != of.is_hidden:
                mistakes.append(f"{place} is hidden in one type and shown in another, as in {where}")
