"""Entries of OIO relations as requests give them: a target, and in some classes more than that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.merging import INDEX, NO_TARGET, Given, Values
from davgate.model.bitemporal.values import (
    CLEARED,
    a_text,
    a_uuid,
    an_object,
    check_keys,
    one_of,
    parse_exemption,
    parse_value,
    parse_virkning,
)
from davgate.model.object_types import Kind, TemporalClass

_COMMON: Final = ("uuid", "urn", "objekttype", "virkning")

JOURNAL: Final = "journalpost"
JOURNAL_CODE: Final = "journalpostkode"
JOURNAL_NOTE: Final = "journalnotat"
JOURNAL_DOCUMENT: Final = "journaldokument"
_NOTE_CODE: Final = "journalnotat"
_DOCUMENT_CODES: Final = ("vedlagtdokument", "tilakteretdokument")
_JOURNAL_ALIASES: Final = {"reltypespec": JOURNAL_CODE, "journaldokumentattr": JOURNAL_DOCUMENT}
_ACTOR: Final = "aktoerattr"
_ACTOR_RELATIONS: Final = ("udfoerer", "deltager", "ansvarlig")
_VALUE: Final = "tilstandsvaerdiattr"

Extra: TypeAlias = Callable[[Mapping[str, Any], str, bool], Values]
"""Reads what an entry says beside its target: from the data of the entry, its place, and whether the object is complete."""


def parse_relation(of: TemporalClass, name: str, value: object, zone: tzinfo, place: str, *, is_complete: bool) -> Given:
    """Return an entry of a relation of a class.

    Raises:
        InvalidObject.
    """
    data = an_object(value, place)
    if (of.name, name) == ("sag", JOURNAL):
        data = _with_names_of_requests(data, place)
    keys, extra, needs_target = _EXTRAS.get((of.name, name), (_IGNORED.get(of.name, ()), _no_extra, True))
    check_keys(data, (*_COMMON, *((INDEX,) if of.is_indexed else ()), *keys), place)
    virkning = parse_virkning(data.get("virkning"), zone, f"{place}.virkning")
    index = _index_of(data, place) if name in of.many else {}
    target = _target_of(data, place, is_needed=needs_target)
    if target == NO_TARGET:
        return Given({**target, **index}, virkning)
    if not needs_target and is_complete and target:
        raise InvalidObject("a value has no target.", place)
    kind = {} if data.get("objekttype") is None else {"objekttype": a_text(data["objekttype"], f"{place}.objekttype")}
    return Given({**target, **{k: v for k, v in kind.items() if v}, **index, **extra(data, place, is_complete)}, virkning)


def _index_of(data: Mapping[str, Any], place: str) -> Values:
    index = data.get(INDEX)
    if index is None:
        return {}
    if isinstance(index, bool) or not isinstance(index, int):
        raise InvalidObject("a whole number is needed here.", f"{place}.{INDEX}")
    return {INDEX: index}


def _target_of(data: Mapping[str, Any], place: str, *, is_needed: bool) -> Values:
    uuid, urn = data.get("uuid"), data.get("urn")
    if uuid == "" and urn == "":
        return NO_TARGET
    if uuid is not None and urn is not None:
        raise InvalidObject("either uuid or urn is needed, not both.", place)
    if uuid is not None:
        return {"uuid": a_uuid(uuid, f"{place}.uuid")}
    if urn is not None:
        return {"urn": _a_urn(urn, f"{place}.urn")}
    if is_needed:
        raise InvalidObject("uuid or urn is needed.", place)
    return {}


def _a_urn(value: object, place: str) -> str:
    urn = a_text(value, place)
    if not urn.startswith("urn:"):
        raise InvalidObject("it begins with urn:.", place)
    return urn


def _no_extra(_data: Mapping[str, Any], _place: str, _is_complete: bool) -> Values:
    return {}


def _with_names_of_requests(data: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """Return an entry with the names that requests have for what replies have by other names too."""
    renamed = dict(data)
    for shown, name in _JOURNAL_ALIASES.items():
        value = renamed.pop(shown, None)
        if value is not None and renamed.setdefault(name, value) != value:
            raise InvalidObject(f"{shown} and {name} are one, and differ.", place)
    return renamed


def _journal(data: Mapping[str, Any], place: str, is_complete: bool) -> Values:
    codes = (_NOTE_CODE, _DOCUMENT_CODES[0]) if is_complete else (_NOTE_CODE, *_DOCUMENT_CODES)
    code = one_of(data.get(JOURNAL_CODE), codes, f"{place}.{JOURNAL_CODE}")
    said: dict[str, Any] = {JOURNAL_CODE: code}
    note, document = data.get(JOURNAL_NOTE), data.get(JOURNAL_DOCUMENT)
    if (note is not None and code != _NOTE_CODE) or (document is not None and code not in _DOCUMENT_CODES):
        raise InvalidObject(f"it does not go with {code}.", place)
    if note is not None:
        said[JOURNAL_NOTE] = _texts(note, ("titel", "notat", "format"), f"{place}.{JOURNAL_NOTE}")
    if document is not None:
        at = f"{place}.{JOURNAL_DOCUMENT}"
        rest = an_object(document, at)
        said[JOURNAL_DOCUMENT] = _texts({k: v for k, v in rest.items() if k != "offentlighedundtaget"}, ("dokumenttitel",), at)
        if rest.get("offentlighedundtaget") is not None:
            exemption = parse_exemption(rest["offentlighedundtaget"], f"{at}.offentlighedundtaget", is_complete=is_complete)
            if exemption is not None and exemption is not CLEARED:
                said[JOURNAL_DOCUMENT]["offentlighedundtaget"] = exemption
    return {key: value for key, value in said.items() if value}


def _texts(value: object, keys: tuple[str, ...], place: str) -> dict[str, Any]:
    data = an_object(value, place)
    check_keys(data, keys, place)
    texts = {key: a_text(text, f"{place}.{key}") for key, text in data.items() if text is not None}
    return {key: text for key, text in texts.items() if text}


def _actor(data: Mapping[str, Any], place: str, _is_complete: bool) -> Values:
    if data.get(_ACTOR) is None:
        return {}
    place = f"{place}.{_ACTOR}"
    given = an_object(data[_ACTOR], place)
    check_keys(given, ("accepteret", "obligatorisk", "repraesentation_uuid", "repraesentation_urn"), place)
    said: dict[str, str] = {}
    if given.get("accepteret") is not None:
        said["accepteret"] = one_of(given["accepteret"], ("accepteret", "foreloebigt", "afslaaet"), f"{place}.accepteret")
    if given.get("obligatorisk") is not None:
        said["obligatorisk"] = one_of(given["obligatorisk"], ("noedvendig", "valgfri"), f"{place}.obligatorisk")
    uuid, urn = given.get("repraesentation_uuid"), given.get("repraesentation_urn")
    if uuid is not None and urn is not None:
        raise InvalidObject("either repraesentation_uuid or repraesentation_urn, not both.", place)
    if uuid is not None:
        said["repraesentation_uuid"] = a_uuid(uuid, f"{place}.repraesentation_uuid")
    if urn is not None:
        said["repraesentation_urn"] = _a_urn(urn, f"{place}.repraesentation_urn")
    return {_ACTOR: said} if said else {}


def _value(data: Mapping[str, Any], place: str, is_complete: bool) -> Values:
    if data.get(_VALUE) is None:
        return {}
    place = f"{place}.{_VALUE}"
    given = an_object(data[_VALUE], place)
    check_keys(given, ("forventet", "nominelvaerdi"), place)
    said: dict[str, Any] = {}
    # No truth has a time of day, so that any zone will do.
    truth = parse_value(Kind.BOOLEAN, given.get("forventet"), UTC, f"{place}.forventet", is_complete=is_complete)
    if truth is not None and truth is not CLEARED:
        said["forventet"] = truth
    if given.get("nominelvaerdi") is not None and (text := a_text(given["nominelvaerdi"], f"{place}.nominelvaerdi")):
        said["nominelvaerdi"] = text
    return {_VALUE: said} if said else {}


_EXTRAS: Final[Mapping[tuple[str, str], tuple[tuple[str, ...], Extra, bool]]] = MappingProxyType(
    {
        ("sag", JOURNAL): ((JOURNAL_CODE, JOURNAL_NOTE, JOURNAL_DOCUMENT), _journal, True),
        ("tilstand", "tilstandsvaerdi"): ((_VALUE,), _value, False),
        **{("aktivitet", name): ((_ACTOR,), _actor, True) for name in _ACTOR_RELATIONS},
    }
)
"""By class and relation: the further keys, what reads them, and whether an entry needs a target."""
_IGNORED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"aktivitet": (_ACTOR,)})
"""By class: the keys that other relations take and do not keep."""
