"""The names in a statement of a search: which types and properties there are, and what of the store they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from davgate.core.searching import COLLECTIONS, DOCUMENTS, EVERY_KIND
from davgate.model import query as conditions
from davgate.model.frozen import frozen
from davgate.model.node import NodeKind
from davgate.model.object_types import ObjectType, ObjectTypes, Property
from davgate.model.query import (
    COLLECTION,
    DOCUMENT,
    EVERYTHING,
    AllOf,
    AnyOf,
    Called,
    Condition,
    Fact,
    HasValue,
    Not,
    OneOf,
    Shown,
    equals,
    of_door,
)
from davgate.rest.yuuvis.errors import InvalidStatement
from davgate.rest.yuuvis.kinds import DOOR, FLOATING
from davgate.rest.yuuvis.known import STREAM_ID, known, within
from davgate.rest.yuuvis.query import Name
from davgate.rest.yuuvis.searched import Searched
from davgate.rest.yuuvis.terms import of_fact, of_property

EVERY_TYPE: Final = "system:object"
_BASES: Final = {
    EVERY_TYPE: EVERY_KIND,
    "system:document": DOCUMENTS,
    "system:folder": COLLECTIONS,
}
_KIND_OF_BASE: Final = {"document": DOCUMENTS, "folder": COLLECTIONS}
_FALLBACKS: Final = {"document": DOCUMENT, "folder": COLLECTION}
"""The types of what came from other doors, and the kind that such a thing has."""

_FACTS: Final[Mapping[str, Fact]] = {
    "system:objectId": Fact.UUID,
    "system:createdBy": Fact.CREATED_BY_NAME,
    "system:creationDate": Fact.CREATED_AT,
    "system:lastModifiedBy": Fact.MODIFIED_BY_NAME,
    "system:lastModificationDate": Fact.SAID_AT,
    "system:versionNumber": Fact.VERSION_NO,
    "system:contentStreamLength": Fact.LENGTH_BYTES,
    "system:contentStreamMimeType": Fact.MEDIA_TYPE,
    "system:contentStreamFileName": Fact.FILE_NAME,
    "system:digest": Fact.DIGEST,
}
_SHOWN_ONLY: Final = frozenset(
    {
        "system:traceId",
        "system:tags",
        "system:parentObjectTypeId",
        "system:parentVersionNumber",
        "system:contentStreamRange",
        "system:archivePath",
    }
)
"""System properties that can be asked for, and not searched by."""


@frozen
class Scope:
    """What FROM names: kinds of nodes, a condition on them, and the full names of the types, where it names some."""

    kinds: frozenset[NodeKind]
    condition: Condition = EVERYTHING
    types: frozenset[str] = frozenset()


class Names:
    """The types and properties of a store, as this door calls them.

    ``parents_not_shown`` returns the ids of collections that are not shown as parents; it is called where a statement says
    something of these.
    """

    def __init__(
        self, types: ObjectTypes, tenant: str, repository: str, parents_not_shown: Callable[[], Sequence[str]] = list
    ) -> None:
        self._types = types
        self._all = types.of_door(DOOR)
        self._tenant = tenant
        self._repository = repository
        self._parents_not_shown = parents_not_shown

    # Types

    def scope_of(self, name: Name) -> Scope:
        """Return what a type stands for that FROM names, with or without its prefix.

        Raises:
            InvalidStatement: there is none, or several could be meant.
        """
        locals_ = {one.local: one for one in self._all}
        full = name.text if name.text in locals_ or name.text in _BASES else self._full_name(name, (*_BASES, *locals_))
        if full in _BASES:
            return Scope(_BASES[full])
        kind = locals_[full]
        kinds = _KIND_OF_BASE.get(kind.base, EVERY_KIND)
        if kind.base == "secondary":
            return Scope(kinds, self._has_secondary(kind), frozenset({kind.name}))
        names = self._types.with_descendants(kind.name)
        return Scope(kinds, self._is_one_of(names), names)

    def _full_name(self, name: Name, names: Iterable[str]) -> str:
        found = [one for one in names if one.rpartition(":")[2] == name.text]
        if not found:
            raise InvalidStatement(f"There is no type {name.text!r}, which is named at {name.place}.")
        if len(found) > 1:
            raise InvalidStatement(f"The type {name.text!r} at {name.place} may be {' or '.join(found)}. Name one of them.")
        return found[0]

    def _is_one_of(self, full_names: Iterable[str]) -> Condition:
        names = sorted(full_names)
        ways: list[Condition] = [OneOf(Fact.TYPE, tuple(names))]
        for local, kind in _FALLBACKS.items():
            if f"{DOOR}:{local}" in names:
                ways.append(AllOf((equals(Fact.KIND, kind), Not(of_door(DOOR)))))
        return ways[0] if len(ways) == 1 else AnyOf(tuple(ways))

    def _has_secondary(self, kind: ObjectType) -> Condition:
        """Return the condition that something has a secondary type, by its type or for itself."""
        floating = equals(conditions.Property(FLOATING), kind.local)
        static = [one.name for one in self._all if kind.local in one.secondary]
        return AnyOf((floating, self._is_one_of(static))) if static else floating

    # Properties

    def searched(self, name: Name, scope: Scope) -> Searched:
        """Return what a property is in a search of some types.

        Raises:
            InvalidStatement: there is none, or it cannot be searched by.
        """
        found = self._parent if name.text == "system:parentId" else self._system.get(name.text) or self._typed(name, scope)
        if found is not None:
            return found
        if name.text in _SHOWN_ONLY:
            raise InvalidStatement(f"{name.text}, at {name.place}, cannot be searched by. Leave it to the columns.")
        raise InvalidStatement(f"There is no property {name.text!r}, which is named at {name.place}.")

    def check_shown(self, name: Name, scope: Scope) -> None:
        """Refuse a column that no object can have.

        Raises:
            InvalidStatement.
        """
        if name.text not in _SHOWN_ONLY:
            self.searched(name, scope)

    @cached_property
    def _system(self) -> Mapping[str, Searched]:
        """The system properties that can be searched by."""
        has_content = HasValue(Fact.DIGEST)
        return {
            **{name: of_fact(fact) for name, fact in _FACTS.items()},
            "system:baseTypeId": known(
                {"system:document": equals(Fact.KIND, DOCUMENT), "system:folder": equals(Fact.KIND, COLLECTION)}
            ),
            "system:objectTypeId": known(
                {one.local: self._is_one_of([one.name]) for one in self._all if one.base != "secondary"},
                Called(Fact.TYPE, tuple((one.name, one.local) for one in self._all), "document", "folder"),
            ),
            "system:secondaryObjectTypeIds": known(
                {one.local: self._has_secondary(one) for one in self._all if one.base == "secondary"},
                conditions.Property(FLOATING),
            ),
            "system:tenant": known({self._tenant: EVERYTHING}),
            "system:contentStreamId": STREAM_ID,
            "system:contentStreamRepositoryId": known({self._repository: has_content}),
        }

    @cached_property
    def _parent(self) -> Searched:
        hidden = tuple(self._parents_not_shown())
        fact = Fact.PARENT_UUID
        return within(Not(OneOf(fact, hidden)), of_fact(fact), sorted_by=Shown(fact, hidden))

    def _typed(self, name: Name, scope: Scope) -> Searched | None:
        """Return a property of types, of the wanted ones if they have it.

        One that other doors have too is a property of objects of these types alone.
        """
        having = [(one, found) for one in self._all if (found := one.property(name.text)) is not None and not found.is_hidden]
        having = [pair for pair in having if pair[0].name in scope.types] or having
        if not having:
            return None
        if len({found.id for _, found in having}) > 1:
            raise InvalidStatement(f"{name.text}, at {name.place}, is another property in each type, and cannot be searched by.")
        of = having[0][1]
        return of_property(of) if _is_own(of) else within(self._has_property([one for one, _ in having]), of_property(of))

    def _has_property(self, kinds: Iterable[ObjectType]) -> Condition:
        """Return the condition that something is of one of the types, or has one of them that is secondary."""
        primary = [one.name for one in kinds if one.base != "secondary"]
        secondary = [self._has_secondary(one) for one in kinds if one.base == "secondary"]
        return AnyOf((self._is_one_of(primary), *secondary))


def _is_own(of: Property) -> bool:
    """Tell whether a property is this door's alone."""
    return of.id.startswith(f"{DOOR}:")
