"""What a client says of an object, held against its type: the changes of its metadata, or everything that is wrong with it.

System properties are of three kinds. What the system alone sets must be what the object has, where a client says it. What the
client sets is kept under ids of its own. The rest means nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from davgate.model.errors import Malformed
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.instant import Instant, parse_iso
from davgate.model.metadata import TITLE
from davgate.model.object_types import Kind, ObjectType, ObjectTypes, Property
from davgate.model.retaining import DESTROYED_AT, EXPIRES_AT, RETAINED_FROM, to_text
from davgate.model.typed_values import check_value, complete, is_missing, missing_required
from davgate.rest.yuuvis import errors
from davgate.rest.yuuvis.envelopes import SentProperties
from davgate.rest.yuuvis.errors import InvalidObject, Mistake, OtherState
from davgate.rest.yuuvis.finding import is_uuid
from davgate.rest.yuuvis.kinds import DOCUMENT, FLOATING, FOLDER, Shape, floating_of, secondary_named, shape_of, type_named
from davgate.rest.yuuvis.wire import State, value_of

OBJECT_ID: Final = "system:objectId"
OBJECT_TYPE: Final = "system:objectTypeId"
PARENT: Final = "system:parentId"
SECONDARY: Final = "system:secondaryObjectTypeIds"
_SHORT_TYPE: Final = "objectTypeId"

_COMPARED: Final = (
    "system:baseTypeId",
    OBJECT_TYPE,
    "system:createdBy",
    "system:creationDate",
    "system:lastModifiedBy",
    "system:lastModificationDate",
    "system:versionNumber",
    "system:tenant",
    "system:traceId",
)
_TIMES: Final = frozenset({"system:creationDate", "system:lastModificationDate"})
_BY_CLIENT: Final = frozenset({SECONDARY, PARENT})
_WITHOUT_MEANING: Final = frozenset(
    {
        "system:tags",
        "system:parentObjectTypeId",
        "system:parentVersionNumber",
        "system:contentStreamId",
        "system:contentStreamLength",
        "system:contentStreamMimeType",
        "system:contentStreamFileName",
        "system:contentStreamRepositoryId",
        "system:contentStreamRange",
        "system:digest",
        "system:archivePath",
    }
)
_OF_SYSTEM: Final = frozenset({OBJECT_ID, *_COMPARED}) | _BY_CLIENT | _WITHOUT_MEANING

Changes = dict[str, Any]
"""Values by the ids under which they are stored; None takes one away."""


def value_in(properties: SentProperties, name: str) -> Any:
    """Return the value that was sent of a property, None for none; an empty list is none."""
    sent = properties.get(name)
    value = sent.get("value") if isinstance(sent, dict) else None
    return None if value == [] else value


# The match rule


def check_match(properties: SentProperties, current: Mapping[str, Any]) -> None:
    """Refuse what says of the present state what is not so; ``current`` is what the system says of the object.

    Raises:
        Malformed: it has the id of another object.
        OtherState: with the first property that does not match.
    """
    sent_id = value_in(properties, OBJECT_ID)
    if sent_id is not None and sent_id != current[OBJECT_ID]:
        raise Malformed(f"{OBJECT_ID} is not that of the address. Leave it out, or send the object to its own address.")
    for name in _COMPARED:
        sent = value_in(properties, name)
        if sent is not None and not _is_same(name, sent, current[name]):
            raise OtherState(name)


def _is_same(name: str, sent: object, current: object) -> bool:
    if isinstance(sent, bool):
        return False
    return sent == current or (name in _TIMES and isinstance(sent, str) and _is_same_time(sent, str(current)))


def _is_same_time(sent: str, current: str) -> bool:
    """Tell whether two times are the same to the millisecond; one that is malformed is none."""
    try:
        moment = parse_iso(sent)
    except ValueError:
        return False
    if moment.tzinfo is None:
        return False
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000) == datetime.fromisoformat(current)


# Values


@dataclass
class Reader:
    """Reads properties of objects, and notes what is wrong with them. ``place`` says of which object, among several."""

    types: ObjectTypes
    now: Instant
    place: str = ""
    mistakes: list[Mistake] = field(default_factory=list)
    _wrong: set[str] = field(default_factory=set)

    def refuse(self, code: int, message: str) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(self.place + message, code))

    def finish(self) -> None:
        """Refuse what has mistakes.

        Raises:
            InvalidObject: with all that were noted.
        """
        if self.mistakes:
            raise InvalidObject(self.mistakes)

    def for_import(self, properties: SentProperties) -> tuple[ObjectType | None, Changes]:
        """Return the type and the metadata of a new object. What the system sets is ignored, but for the id."""
        kind = self._type_for_import(properties)
        if value_in(properties, OBJECT_ID) is not None:
            self.refuse(errors.WRONG_VALUE, f"{OBJECT_ID} is given by the system. Leave it out.")
        if kind is None:
            return None, {}
        shape = shape_of(self.types, kind, self._floating(properties))
        changes = self._values(shape, {**properties, _SHORT_TYPE: None} if _SHORT_TYPE in properties else properties)
        metadata = {key: value for key, value in changes.items() if value is not None}
        for one in (shape.type, *shape.secondary):
            metadata = dict(complete(one, metadata))
            for missing in missing_required(one, metadata):
                self._refuse_missing(missing)
        self._check_retention({}, metadata)
        return kind, metadata | ({FLOATING: shape.floating} if shape.floating else {})

    def for_full_update(self, state: State, kind: ObjectType, properties: SentProperties) -> Changes:
        """Return the changes that replace what the object says: a property that was not sent goes."""
        before = shape_of(self.types, kind, floating_of(state.metadata))
        shape = shape_of(self.types, kind, self._floating(properties))
        changes: Changes = {one.id: None for one in _shown(before, shape)}
        changes |= self._values(shape, properties, state)
        for one in (shape.type, *shape.secondary):
            for missing in missing_required(one, changes):
                if missing.is_hidden:
                    continue
                changes[missing.id] = missing.default
                if missing.default is None:
                    self._refuse_missing(missing)
        self._check_retention(state.metadata, {**state.metadata, **changes})
        return changes | {FLOATING: shape.floating or None}

    def for_partial_update(self, state: State, kind: ObjectType, properties: SentProperties) -> Changes:
        """Return the changes of what was sent; the rest stays, but for the properties of a secondary type that goes."""
        before = shape_of(self.types, kind, floating_of(state.metadata))
        shape = shape_of(self.types, kind, self._floating(properties)) if SECONDARY in properties else before
        kept = {one.id for one in shape.properties.values()}
        changes: Changes = {one.id: None for one in before.properties.values() if one.id not in kept}
        changes |= self._values(shape, properties, state)
        came = set(shape.properties) - set(before.properties)
        for name, known in shape.properties.items():
            if name in came and name not in properties:
                changes[known.id] = known.default
            is_concerned = name in properties or name in came
            if is_concerned and is_missing(known, changes[known.id]):
                self._refuse_missing(known)
        self._check_retention(state.metadata, {**state.metadata, **changes})
        return changes | ({FLOATING: shape.floating or None} if SECONDARY in properties else {})

    def parent(self, properties: SentProperties) -> str | None:
        """Return the id of the folder that an object is to be in, None if none was named."""
        value = value_in(properties, PARENT)
        if value is not None and not is_uuid(value):
            self.refuse(errors.WRONG_PLACE, f"{PARENT} must be the id of a folder.")
            return None
        return None if value is None else str(value)

    def _type_for_import(self, properties: SentProperties) -> ObjectType | None:
        name = value_in(properties, OBJECT_TYPE)
        if name is None:
            name = value_in(properties, _SHORT_TYPE)
        if name is None:
            self.refuse(errors.REQUIRED, f"{OBJECT_TYPE} is missing.")
            return None
        kind = type_named(self.types, name)
        if kind is None:
            self.refuse(errors.WRONG_TYPE, f"There is no type {name!r}.")
        elif kind.base not in (DOCUMENT, FOLDER) or not kind.is_creatable:
            self.refuse(errors.WRONG_TYPE, f"There are no objects of the type {name!r} itself.")
            return None
        return kind

    def _floating(self, properties: SentProperties) -> Sequence[str]:
        value = value_in(properties, SECONDARY)
        names = value if isinstance(value, list) else [] if value is None else [value]
        for name in names:
            if secondary_named(self.types, name) is None:
                self.refuse(errors.WRONG_TYPE, f"There is no secondary type {name!r}.")
        return [name for name in names if isinstance(name, str)]

    def _values(self, shape: Shape, properties: SentProperties, state: State | None = None) -> Changes:
        """Return the values of the properties that were sent, as they are stored."""
        found: Changes = {}
        for name, sent in properties.items():
            known = shape.properties.get(name)
            if known is not None:
                value = self._value(known, sent)
                found[known.id] = value if state is None else _kept(known, value, state)
            elif name in _OF_SYSTEM:
                self._check_wrapped(name, sent)
            elif not (name == _SHORT_TYPE and sent is None):
                self.refuse(errors.UNKNOWN, f"{name} is no property of the type {shape.type.local}.")
        return found

    def _value(self, known: Property, sent: object) -> Any:
        self._check_wrapped(known.name, sent)
        if not isinstance(sent, dict):
            return None
        value = None if sent.get("value") == [] else sent.get("value")
        try:
            if known.kind is Kind.TABLE and value is not None:
                value = _in_order_of_schema(known, sent.get("columnNames"), value)
            stored = check_value(known, value)
        except InvalidProperty as mistake:
            self._wrong.add(known.id)
            self.refuse(errors.WRONG_VALUE, f"{known.name}: It {mistake.why}.")
            return None
        return None if stored == [] else _to_milliseconds(known, stored)

    def _check_wrapped(self, name: str, sent: object) -> None:
        """Refuse a value without an object around it, which would count as none."""
        if sent is not None and not isinstance(sent, dict):
            self.refuse(errors.WRONG_VALUE, f'{name} must be sent as an object: {{"value": ...}}.')

    def _refuse_missing(self, known: Property) -> None:
        if known.id not in self._wrong:
            self.refuse(errors.REQUIRED, f"{known.name} is required.")

    def _check_retention(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Refuse a retention that has ended before it begins, or whose times do not fit together; one that is there stays."""
        if all(before.get(name) == after.get(name) for name in (EXPIRES_AT, RETAINED_FROM, DESTROYED_AT)):
            return
        until, destroyed = after.get(EXPIRES_AT), after.get(DESTROYED_AT)
        if until is None:
            if after.get(RETAINED_FROM) is not None or destroyed is not None:
                self.refuse(errors.WRONG_VALUE, "Without system:rmExpirationDate there is no other time of retention.")
            return
        if until != before.get(EXPIRES_AT) and until < to_text(self.now):
            self.refuse(errors.WRONG_VALUE, "system:rmExpirationDate must not lie in the past.")
        if destroyed is not None and destroyed < until:
            self.refuse(errors.WRONG_VALUE, "system:rmDestructionDate must not lie before system:rmExpirationDate.")


def _kept(known: Property, value: Any, state: State) -> Any:
    """Return a value that was sent, or the one that the object has, if that is shown as the same.

    A time may be stored more exactly than it is shown. And the name on the drive goes on being the title as long as nobody gives
    the object another one.
    """
    if known.id == TITLE and TITLE not in state.metadata and not known.is_required:
        return None if value == value_of(known, state) else value
    stored = state.metadata.get(known.id)
    return stored if stored is not None and _to_milliseconds(known, stored) == value else value


def _to_milliseconds(known: Property, stored: Any) -> Any:
    """Return a time as exactly as it is shown, anything else as it is."""
    if known.kind is not Kind.DATETIME:
        return stored
    if isinstance(stored, list):
        return [_to_milliseconds(known, one) for one in stored]
    return f"{stored[:-4]}000Z" if isinstance(stored, str) else stored


def _shown(*shapes: Shape) -> list[Property]:
    return [one for shape in shapes for one in shape.properties.values() if not one.is_hidden]


def _in_order_of_schema(known: Property, names: object, rows: object) -> object:
    """Return the rows of a table with the columns in the order of the schema, null for those that were not sent.

    Raises:
        InvalidProperty: there is no such table.
    """
    if names is None:
        return rows
    columns = [column.name for column in known.columns]
    if not isinstance(names, list) or not all(name in columns for name in names) or len({*names}) != len(names):
        raise InvalidProperty(known.name, None, f"has columns {', '.join(columns)}, each once at most")
    if not isinstance(rows, list):
        raise InvalidProperty(known.name, None, "must be a list of rows")
    return [_row(known, no, names, columns, row) for no, row in enumerate(rows, start=1)]


def _row(known: Property, no: int, names: Sequence[str], columns: Sequence[str], row: object) -> list[Any]:
    if not isinstance(row, list) or len(row) != len(names):
        raise InvalidProperty(known.name, None, f"has a row {no} that has not {len(names)} cells")
    cells = dict(zip(names, row, strict=True))
    return [cells.get(column) for column in columns]
