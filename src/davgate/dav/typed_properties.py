"""Typed metadata as properties: what the doors with object types say of a document, read and written on the drive (RFC 4918, 4).

What is everybody's is in davgate's own namespace, the facet of a dialect in one of its own, ``urn:davgate:yuuvis``. A name that
cannot be that of an element is escaped, as SQL/XML has it (ISO 9075-14): ``appEmail:to`` is ``appEmail_x003A_to``.

They are shown when asked for by name, and named with propname. Who sets one makes a version; files, what is hidden and what
dialects keep of themselves only they change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from davgate.core import documents
from davgate.core.store import Context, Store
from davgate.dav import typed_values
from davgate.dav.live_properties import PROTECTED
from davgate.dav.xml import OWN_NAMESPACE, escape_attribute
from davgate.model.errors import ProtectedProperty
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.metadata import Metadata
from davgate.model.node import Node
from davgate.model.object_types import COMMON, KEPT_BY_DIALECTS, Kind, ObjectTypes, Property
from davgate.model.paths import TreePath
from davgate.model.properties import PropertyName, PropertyUpdate
from davgate.model.typed_values import check_value, is_missing
from davgate.storage.api import Description

_FACETS: Final = OWN_NAMESPACE + ":"

# Letters beyond these are allowed in names too, but not every parser knows them all.
_UNNAMEABLE: Final = re.compile(r"^[^A-Za-z_À-ÖØ-öø-ÿ]|[^A-Za-z0-9_.\-À-ÖØ-öø-ÿ]|_(?=x)")
_ESCAPED: Final = re.compile(r"_x([0-9A-F]{4}|[0-9A-F]{8})_")


def is_typed(name: PropertyName) -> bool:
    """Tell whether a name is that of typed metadata, whether there is such or not."""
    namespace, local = name
    return namespace.startswith(_FACETS) or (namespace == OWN_NAMESPACE and local in COMMON)


def to_name(id: str) -> PropertyName:
    """Return the name of the element that a property is shown as."""
    facet, colon, local = id.partition(":")
    return (_FACETS + facet, _UNNAMEABLE.sub(_escape, local)) if colon else (OWN_NAMESPACE, id)


def from_name(name: PropertyName) -> str:
    """Return the id of the property that an element names."""
    namespace, local = name
    return local if namespace == OWN_NAMESPACE else f"{namespace.removeprefix(_FACETS)}:{_ESCAPED.sub(_unescape, local)}"


def _escape(found: re.Match[str]) -> str:
    point = ord(found[0])
    return f"_x{point:04X}_" if point < 0x10000 else f"_x{point:08X}_"


def _unescape(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    return chr(point) if point < 0x110000 else found[0]


def elements(types: ObjectTypes, metadata: Metadata, names: Iterable[PropertyName] | None) -> dict[PropertyName, str]:
    """Return what metadata says by properties of some names, or by all, as elements by name, without what is hidden."""
    ids = metadata.keys() if names is None else metadata.keys() & {from_name(name) for name in names if is_typed(name)}
    shown = {}
    for id in metadata:
        of = types.property_by_id(id)
        if id in ids and (of is None or not of.is_hidden):
            namespace, local = name = to_name(id)
            shown[name] = typed_values.element(f"N:{local}", f' xmlns:N="{escape_attribute(namespace)}"', of, metadata[id])
    return shown


class Elements(Mapping[str, Mapping[PropertyName, str]]):
    """What ``elements`` returns, for metadata by the uuids of rows; made when a row is written, for they may come bit by bit."""

    def __init__(self, types: ObjectTypes, metadata: Mapping[str, Metadata], names: Iterable[PropertyName] | None) -> None:
        self._types, self._metadata, self._names = types, metadata, names

    def __getitem__(self, uuid: str) -> Mapping[PropertyName, str]:
        return elements(self._types, self._metadata[uuid], self._names)

    def __contains__(self, uuid: object) -> bool:
        return uuid in self._metadata

    def __iter__(self) -> Iterator[str]:
        return iter(self._metadata)

    def __len__(self) -> int:
        return len(self._metadata)


@dataclass(slots=True)
class PropertyPatch:
    """The typed part of a PROPPATCH, with what is wrong with it once it was refused; ``dead`` are the other updates."""

    types: ObjectTypes
    dead: list[PropertyUpdate]
    typed: dict[PropertyName, str | None]
    unfit: dict[PropertyName, str] = field(default_factory=dict)
    """Why values were refused, by the names of their properties."""

    @classmethod
    def of(cls, types: ObjectTypes, updates: Iterable[PropertyUpdate]) -> PropertyPatch:
        """Return the updates in two parts; of several of one typed property the last counts."""
        patch = cls(types, [], {})
        for update in updates:
            if is_typed(update.name):
                patch.typed[update.name] = update.xml
            else:
                patch.dead.append(update)
        return patch

    def store_at(self, store: Store, ctx: Context, path: TreePath) -> Node:
        """Make all updates, or none; ``unfit`` tells afterwards which values were refused.

        Raises:
            ProtectedProperty, InvalidProperty: see ``decide``; or the server alone sets one.
            NotFound, Forbidden, Locked, PreconditionFailed, Retained: see ``core.documents.patch_properties``.
        """
        decide = self.decide if self.typed else None
        return documents.patch_properties(store, ctx, path, self.dead, protected=PROTECTED, decide=decide)

    def decide(self, said: Description) -> Metadata:
        """Return what is to change of what is said of a node; None takes a value away.

        Raises:
            ProtectedProperty: its type has no such property, or not for clients to set.
            InvalidProperty: some values are none of their properties; ``unfit`` tells of each.
        """
        own = self.types.get(said.type or "")
        known: dict[str, Property] = {**COMMON, **({} if own is None else {of.id: of for of in own.properties})}
        settable: dict[PropertyName, Property] = {}
        for name in self.typed:
            of = known.get(from_name(name))
            if of is not None and _is_settable(of):
                settable[name] = of
        if protected := self.typed.keys() - settable.keys():
            raise ProtectedProperty(frozenset(protected))
        changes: dict[str, Any] = {}
        for name, of in settable.items():
            try:
                changes[of.id] = self._value(said, of, self.typed[name])
            except InvalidProperty as error:
                self.unfit[name] = str(error)
                refused = error
        if self.unfit:
            raise refused
        return changes

    def _value(self, said: Description, of: Property, text: str | None) -> Any:
        if not said.node.is_collection and said.node.version_no == 0:
            raise InvalidProperty(of.name, None, "can be set when the document has its first content")
        value = None if text is None else check_value(of, typed_values.parsed(of, text))
        if is_missing(of, value):
            raise InvalidProperty(of.name, None, "must have a value")
        return value


def _is_settable(of: Property) -> bool:
    return not of.is_hidden and of.kind is not Kind.FILE and of.id not in KEPT_BY_DIALECTS
