"""Parameters of a search as criteria: what of an object they name depends on its class."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial
from typing import Final, TypeAlias

from davgate.http.errors import InvalidValue
from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.query import (
    Criterion,
    EitherOf,
    HasCode,
    HasState,
    InPart,
    InVariant,
    JournalSays,
    LeadsTo,
    Notes,
    PartLeadsTo,
    Says,
    Search,
    WrittenBy,
)
from davgate.model.bitemporal.registration import Code
from davgate.model.bitemporal.virkning import iso_text, parse_timestamp
from davgate.model.instant import is_day
from davgate.model.names import check_text
from davgate.model.object_types import Kind, ObjectType, Property
from davgate.model.uuids import canonical
from davgate.rest.lora.errors import TooManyCriteria, UnsupportedArguments
from davgate.rest.lora.finding import temporal_of
from davgate.rest.lora.parameters import OF_READING, Arguments, Asked, count_in, single, uuid_in

FIRST: Final = "foersteresultat"
MOST: Final = "maximalantalresultater"
LIST: Final = "list"
_NO_CRITERIA: Final = OF_READING | {"uuid", FIRST, MOST, LIST}
_LIMIT: Final = 100
"""Each criterion is a condition of one statement, which a database takes so many of."""

_TRUTHS: Final = {"true": "true", "1": "true", "false": "false", "0": "false"}
_IN_VARIANTS: Final = ("arkivering", "delvisscannet", "offentliggoerelse", "produktion")
_IN_PARTS: Final = ("deltekst", "indhold", "lokation", "mimetype")
_PART_RELATION: Final = "underredigeringaf"
_IN_JOURNAL: Final = (
    "journalpostkode",
    "journalnotat.titel",
    "journalnotat.notat",
    "journalnotat.format",
    "journaldokument.dokumenttitel",
    "journaldokument.offentlighedundtaget.alternativtitel",
    "journaldokument.offentlighedundtaget.hjemmel",
)

_Make: TypeAlias = Callable[[str], Criterion]
"""Makes a criterion of the value of a parameter."""


def search_of(kind: ObjectType, arguments: Arguments, asked: Asked, zone: tzinfo) -> Search:
    """Return the search that parameters ask for.

    Raises:
        Malformed: a text cannot be stored, and so cannot be asked for.
        UnsupportedArguments: the class has nothing of some name.
        InvalidValue: a value is not of its kind.
        TooManyCriteria.
    """
    wanted = [(name, value) for name, value in arguments if name not in _NO_CRITERIA]
    if len(wanted) > _LIMIT:
        raise TooManyCriteria(_LIMIT)
    check_text(*(text for one in wanted for text in one))
    uuid = single(arguments, "uuid", uuid_in)
    makers = _general() | _of_class(kind, zone)
    if unknown := [name for name, _ in wanted if not _is_known(makers, name)]:
        raise UnsupportedArguments(unknown)
    return Search(
        criteria=tuple(_criterion(makers, name, value) for name, value in wanted),
        uuid=uuid,
        valid=asked.valid,
        known=asked.known,
        first=single(arguments, FIRST, count_in),
        most=single(arguments, MOST, count_in),
    )


def _is_known(makers: Mapping[str, _Make | _Relation], name: str) -> bool:
    base, colon, _ = name.partition(":")
    return isinstance(makers.get(base), _Relation) if colon else base in makers


def _criterion(makers: Mapping[str, _Make | _Relation], name: str, value: str) -> Criterion:
    base, colon, kind = name.partition(":")
    make = makers[base]
    return make(value, kind if colon else None) if isinstance(make, _Relation) else make(value)


class _Relation:
    """Makes a criterion of a target, and of the kind of object that stands behind the colon of the parameter's name."""

    def __init__(self, name: str, of: type[LeadsTo] | type[PartLeadsTo] = LeadsTo, field: _Make | None = None) -> None:
        self._name = name
        self._of = of
        self._field = field
        """Makes the criterion of an attribute that has the same name."""

    def __call__(self, value: str, kind: str | None) -> Criterion:
        if self._field is not None and kind is None:
            says, target = self._field(value), _target(value)
            return says if target is None else EitherOf((says, self._of(self._name, target)))
        return self._of(self._name, _target_in(self._name, value), kind)


def _target(value: str) -> str | None:
    return canonical(value) or (value if value.startswith("urn:") else None)


def _target_in(name: str, value: str) -> str:
    target = _target(value)
    if target is None:
        raise InvalidValue(f"{name}: {value[:80]!r} is neither a uuid nor a urn.", name)
    return target


def _general() -> dict[str, _Make | _Relation]:
    return {
        "vilkaarligattr": partial(Says, ""),
        "vilkaarligrel": lambda value: LeadsTo("", _target_in("vilkaarligrel", value), None),
        "livscykluskode": lambda value: HasCode(_code(value)),
        "brugerref": lambda value: WrittenBy(uuid_in("brugerref", value)),
        "notetekst": Notes,
    }


def _code(value: str) -> Code:
    try:
        return Code(value)
    except ValueError:
        known = ", ".join(code.value for code in Code)
        raise InvalidValue(
            f"livscykluskode: {value[:80]!r} is no life cycle code. Ask for one of {known}.", "livscykluskode"
        ) from None


def _of_class(kind: ObjectType, zone: tzinfo) -> dict[str, _Make | _Relation]:
    temporal = temporal_of(kind)
    fields: dict[str, _Make] = {of.name.lower(): partial(_says, of, zone) for group in temporal.groups.values() for of in group}
    makers: dict[str, _Make | _Relation] = {**fields}
    makers |= {bare.lower(): partial(HasState, bare) for bare in map(temporal.state_name, temporal.states)}
    makers |= {name.lower(): _Relation(name, field=fields.get(name.lower())) for name in (*temporal.one, *temporal.many)}
    if kind.local == "dokument/dokument":
        makers |= _of_parts()
    if "journalpost" in temporal.many:
        makers |= {name: partial(JournalSays, name) for name in _IN_JOURNAL}
    return makers


def _of_parts() -> dict[str, _Make | _Relation]:
    return {
        "varianttekst": partial(InVariant, "varianttekst"),
        **{name: _in_variant(name) for name in _IN_VARIANTS},
        **{name: partial(InPart, name) for name in _IN_PARTS},
        "indeks": lambda value: InPart("indeks", _number("indeks", value)),
        _PART_RELATION: _Relation(_PART_RELATION, PartLeadsTo),
    }


def _in_variant(name: str) -> _Make:
    return lambda value: InVariant(name, _truth(name, value))


def _says(of: Property, zone: tzinfo, value: str) -> Criterion:
    match of.kind:
        case Kind.BOOLEAN:
            value = _truth(of.name, value)
        case Kind.INTEGER:
            value = _number(of.name, value)
        case Kind.DATE:
            value = _day(of.name, value)
        case Kind.DATETIME:
            value = _instant(of.name, value, zone)
    return Says(of.name, value)


def _truth(name: str, value: str) -> str:
    if (truth := _TRUTHS.get(value.lower())) is None:
        raise InvalidValue(f"{name}: {value[:80]!r} is neither true nor false.", name)
    return truth


def _number(name: str, value: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise InvalidValue(f"{name}: {value[:80]!r} is no integer.", name)
    return str(int(value))


def _day(name: str, value: str) -> str:
    if not is_day(value):
        raise InvalidValue(f"{name}: {value[:80]!r} is no day. Write it as 2021-03-04.", name)
    return value


def _instant(name: str, value: str, zone: tzinfo) -> str:
    try:
        return iso_text(parse_timestamp(value, zone))
    except InvalidObject as error:
        raise InvalidValue(f"{name}: {error}", name) from error
