"""Single values of OIO objects as requests give them: checked, and turned into what is stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

from davgate.model.bitemporal.errors import InvalidObject
from davgate.model.bitemporal.virkning import Virkning, iso_text, parse_timestamp
from davgate.model.instant import is_day
from davgate.model.names import UNSTORABLE
from davgate.model.object_types import Kind
from davgate.model.uuids import canonical

CLEARED: Final = object()
"""A value that ends a former one."""

_INTERVAL: Final = re.compile(r"(?:-?\d{1,7} )?-?\d{1,7}:[0-5]\d:[0-5]\d(?:\.\d{1,6})?", re.ASCII)
_BOOLEANS: Final = {True: True, False: False, "true": True, "false": False, "True": True, "False": False, "1": True, "0": False}
_LARGEST: Final = 2**63 - 1
_ACTOR_TYPES: Final = ("Organisation", "OrganisationEnhed", "OrganisationFunktion", "Bruger", "ItSystem", "Interessefaellesskab")
_VIRKNING: Final = ("from", "to", "from_included", "to_included", "aktoerref", "aktoertypekode", "notetekst")
_KEYWORD: Final = ("soegeordidentifikator", "beskrivelse", "soegeordskategori")
EXEMPTION: Final = ("alternativtitel", "hjemmel")


def an_object(value: object, place: str) -> Mapping[str, Any]:
    """Return a value that is an object.

    Raises:
        InvalidObject.
    """
    if not isinstance(value, dict):
        raise InvalidObject("an object is needed here.", place)
    return value


def a_list(value: object, place: str) -> list[Any]:
    """Return a value that is a list.

    Raises:
        InvalidObject.
    """
    if not isinstance(value, list):
        raise InvalidObject("a list is needed here.", place)
    return value


def a_text(value: object, place: str) -> str:
    """Return a value that is a text that can be stored.

    Raises:
        InvalidObject.
    """
    if not isinstance(value, str):
        raise InvalidObject("a text is needed here.", place)
    if refused := UNSTORABLE.search(value):
        raise InvalidObject(f"a text cannot contain the character U+{ord(refused[0]):04X}.", place)
    return value


def a_uuid(value: object, place: str) -> str:
    """Return a UUID in lower case.

    Raises:
        InvalidObject.
    """
    uuid = canonical(value) if isinstance(value, str) else None
    if uuid is None:
        raise InvalidObject(f"{value!r} is no UUID.", place)
    return uuid


def one_of(value: object, codes: tuple[str, ...], place: str) -> str:
    """Return a value that is one of some codes.

    Raises:
        InvalidObject.
    """
    if not isinstance(value, str) or value not in codes:
        raise InvalidObject(f"{value!r} is none of {', '.join(codes)}.", place)
    return value


def check_keys(data: Mapping[str, object], known: tuple[str, ...], place: str) -> None:
    """Refuse an object with other keys than those that are known.

    Raises:
        InvalidObject.
    """
    if unknown := sorted(data.keys() - set(known)):
        raise InvalidObject(f"{', '.join(unknown)} is not known here.", place)


def parse_virkning(value: object, zone: tzinfo, place: str) -> Virkning:
    """Return a period of validity.

    Raises:
        InvalidObject: it lacks an end, is empty, or says something else than such say.
    """
    data = an_object(value, place)
    check_keys(data, _VIRKNING, place)
    start = parse_timestamp(data.get("from"), zone, f"{place}.from")
    end = parse_timestamp(data.get("to"), zone, f"{place}.to")
    if start >= end:
        raise InvalidObject("a period ends after it begins.", place)
    for key in ("from_included", "to_included"):
        if data.get(key) is not None and not isinstance(data[key], bool):
            raise InvalidObject("true or false is needed here.", f"{place}.{key}")
    actor, kind, note = (data.get(key) for key in ("aktoerref", "aktoertypekode", "notetekst"))
    return Virkning(
        start,
        end,
        "" if actor is None else a_uuid(actor, f"{place}.aktoerref"),
        "" if kind is None else one_of(kind, _ACTOR_TYPES, f"{place}.aktoertypekode"),
        "" if note is None else a_text(note, f"{place}.notetekst"),
    )


def parse_value(kind: Kind, value: object, zone: tzinfo, place: str, *, is_complete: bool) -> Any:
    """Return the value of a field as it is stored, None where none is given, ``CLEARED`` where a former one ends.

    With ``is_complete`` an exemption has to have both its parts.

    Raises:
        InvalidObject: it is no value of this kind.
    """
    if value is None:
        return None
    if kind is Kind.EXEMPTION:
        return parse_exemption(value, place, is_complete=is_complete)
    if kind in (Kind.TEXTLIST, Kind.KEYWORDS):
        item = a_text if kind is Kind.TEXTLIST else _parse_keyword
        return [item(one, f"{place}[{no}]") for no, one in enumerate(a_list(value, place))] or CLEARED
    if value == "":
        return CLEARED
    return _parse_single(kind, value, zone, place)


def _parse_single(kind: Kind, value: object, zone: tzinfo, place: str) -> Any:
    if kind is Kind.BOOLEAN:
        if not isinstance(value, bool | str) or value not in _BOOLEANS:
            raise InvalidObject("true or false is needed here.", place)
        return _BOOLEANS[value]
    if kind is Kind.INTEGER:
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
            raise InvalidObject("a whole number is needed here.", place)
        return value
    text = a_text(value, place)
    if kind is Kind.DATETIME:
        return iso_text(parse_timestamp(text, zone, place))
    if kind is Kind.DATE:
        return _a_day(text, place)
    if kind is Kind.INTERVAL and not _INTERVAL.fullmatch(text):
        raise InvalidObject(f"{text!r} is no span of time. Write 1 02:03:04 or 02:03:04.", place)
    return text


def _a_day(text: str, place: str) -> str:
    if not is_day(text):
        raise InvalidObject(f"{text!r} is no day. Write 2021-03-04.", place)
    return text


def parse_exemption(value: object, place: str, *, is_complete: bool) -> Any:
    """Return an exemption from disclosure, with the texts that are not empty; see ``parse_value``."""
    data = an_object(value, place)
    check_keys(data, EXEMPTION, place)
    if not data:
        return None
    if is_complete and len(data) < len(EXEMPTION):
        raise InvalidObject(f"both {' and '.join(EXEMPTION)} are needed.", place)
    texts = {key: a_text(text, f"{place}.{key}") for key, text in data.items() if text is not None}
    return {key: text for key, text in texts.items() if text} or CLEARED


def _parse_keyword(value: object, place: str) -> list[str]:
    if isinstance(value, dict):
        check_keys(value, _KEYWORD, place)
        value = [value.get(key) or "" for key in _KEYWORD]
    texts = [a_text(one, place) for one in a_list(value, place)]
    if len(texts) != len(_KEYWORD):
        raise InvalidObject("a keyword is an identifier, a description and a category.", place)
    return texts
