"""Whether the object types of a store go with what is stored: nothing may be left that no type tells of."""

from __future__ import annotations

from collections.abc import Iterator

from davgate.core.store import Store
from davgate.model.indexing import may_be_of
from davgate.model.object_types import DOORS, KEPT_BY_DIALECTS, ObjectTypes, shape_of
from davgate.storage.api import Session, types_in_use


def orphans(store: Store, types: ObjectTypes, before: ObjectTypes | None = None) -> list[str]:
    """Return what is stored and would be left alone with these types, a sentence for each type and property, with how many.

    Properties count, too, that became of a kind of which their values cannot be; beside the types that there were ``before``, of
    any other kind. What is in the trash counts; of documents, what their current versions say. Fast whatever the number of
    documents: see ``storage.types_in_use``.
    """
    with store.database.survey() as session:
        return [*_of_types(session, types), *_of_properties(session, types, before)]


def _of_types(session: Session, types: ObjectTypes) -> Iterator[str]:
    for name in types_in_use.types(session):
        if _has_types(name) and types.get(name) is None:
            number = types_in_use.count_of_type(session, name)
            yield f"no file defines the type {name}, and {_objects(number)} of it; bring its file back"


def _of_properties(session: Session, types: ObjectTypes, before: ObjectTypes | None) -> Iterator[str]:
    for id in types_in_use.properties(session):
        if not _has_types(id) or id in KEPT_BY_DIALECTS:
            continue
        now, former = types.property_by_id(id), before.property_by_id(id) if before is not None else None
        if now is None:
            number = types_in_use.count_of_property(session, id)
            yield f"no type defines the property {id}, and {_objects(number)} with values of it; bring its definition back"
        elif former is not None and shape_of(now) != shape_of(former):
            number = types_in_use.count_of_property(session, id)
            kinds = " to ".join(f"{'multiple ' if of.is_multiple else ''}{of.kind.value}" for of in (former, now))
            yield f"the property {id} would change from {kinds}, and {_objects(number)} with values of it; leave it as it was"
        elif not all(may_be_of(now.kind, value) for value in types_in_use.ends(session, id)):
            objects = _objects(types_in_use.count_of_property(session, id))
            yield f"the property {id} is of the kind {now.kind.value}, and {objects} with other values; leave it as it was"


def _has_types(name: str) -> bool:
    """Tell whether a type or property is of a dialect whose types files define."""
    return name.partition(":")[0] in DOORS and ":" in name


def _objects(number: int) -> str:
    return f"there {'is 1 object' if number == 1 else f'are {number:,} objects'}"
