"""The properties of documents and families, which all of them have whatever their attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from davgate.core import revisions
from davgate.core.principals import accounts
from davgate.core.revisions import Shown
from davgate.core.store import Store
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER
from davgate.model.object_types import ObjectType
from davgate.model.rights import Right
from davgate.rest.dynacase.moments import moment
from davgate.rest.dynacase.values import title_shown

STATE: Final = "dynacase:state"
"""The state of a workflow, kept as metadata; one that says nothing is in the first."""

_NAMED_FAMILIES: Final = frozenset({"family"})
_NAMED_PEOPLE: Final = frozenset({"createdBy", "owner"})
_REVISION_DATA: Final = "revisionData"
_FIXED: Final = -1


@frozen
class Holder:
    """Who has locked a document, and whether that ends by itself."""

    id: int
    name: str
    is_temporary: bool


@frozen
class Known:
    """What some documents' properties need beside what is said of each.

    Who asks, names of people, numbers of families, and by the number of each revision who began it.
    """

    store: Store
    asking_id: int
    people: Mapping[int, str]
    families: Mapping[str, int]
    begun_by: Mapping[int, int]


def known(store: Store, asking_id: int, items: Iterable[tuple[Shown, ObjectType]], names: Iterable[str]) -> Known:
    """Return what is needed to tell these properties of some documents: a statement for each kind, where it is needed."""
    wanted, listed = frozenset(names), list(items)
    begun_by = revisions.begun_by(store, (shown for shown, _ in listed)) if _REVISION_DATA in wanted else {}
    makers = {shown.it.node.created_by for shown, _ in listed} if wanted & _NAMED_PEOPLE else set()
    people = makers | {*begun_by.values()}
    families = {family.name for _, family in listed} if wanted & _NAMED_FAMILIES else set()
    return Known(
        store,
        asking_id,
        accounts.names_of(store, people) if people else {},
        revisions.number_types(store, families) if families else {},
        begun_by,
    )


def of_document(shown: Shown, family: ObjectType, names: Iterable[str], known: Known) -> dict[str, Any]:
    """Return some properties of a document; those that nothing is known of are left out."""
    every = {name: getter for name, getter in _GETTERS.items() if name in names}
    values = {name: getter(shown, family, known) for name, getter in every.items()}
    return {name: value for name, value in values.items() if value is not None or name == "name"}


def status_of(shown: Shown) -> str:
    """Return how a revision stands: deleted with its document, fixed by a newer one, or alive."""
    if shown.is_deleted:
        return "deleted"
    return "alive" if shown.is_newest else "fixed"


def state_of(shown: Shown, family: ObjectType) -> str | None:
    """Return the state of a document in the workflow of its family, None where there is none."""
    if family.workflow is None:
        return None
    state = shown.metadata.get(STATE)
    return state if isinstance(state, str) else family.workflow.initial


def holder_of(shown: Shown, asking_id: int) -> Holder | None:
    """Return who has locked a document, by a lock or by a check-out through another door, which is none to who has made it."""
    lock, taken = shown.it.lock, shown.it.held_by
    if lock is not None:
        return Holder(lock.principal_id, shown.it.lock_holder, lock.expires_at != FOREVER)
    if taken is not None and taken.principal_id != asking_id:
        return Holder(taken.principal_id, taken.principal_name, False)
    return None


def user(principal_id: int, name: str) -> dict[str, Any]:
    """Return a person as answers have it."""
    return {"id": principal_id, "title": name}


def _locked(shown: Shown, known: Known) -> int:
    """Return who has locked a document: nobody by 0, for a while with a minus; -1 is what is fixed."""
    if not shown.is_newest:
        return _FIXED
    holder = holder_of(shown, known.asking_id)
    if holder is None:
        return 0
    return -holder.id if holder.is_temporary else holder.id


def _security(shown: Shown, _family: ObjectType, known: Known) -> dict[str, Any]:
    holder = holder_of(shown, known.asking_id) if shown.is_newest else None
    lock: dict[str, Any] = {"id": _locked(shown, known)}
    if holder is not None:
        lock |= {"lockedBy": user(holder.id, holder.name), "temporary": holder.is_temporary}
    is_held_by_other = holder is not None and holder.id != known.asking_id
    may_write = Right.WRITE_PROPERTIES in shown.it.rights and shown.is_newest and not is_held_by_other
    return {"lock": lock, "readOnly": not may_write, "fixed": not shown.is_newest}


def _creator(shown: Shown, _family: ObjectType, known: Known) -> dict[str, Any]:
    made_by = shown.it.node.created_by
    return user(made_by, known.people.get(made_by, ""))


def _revision_data(shown: Shown, _family: ObjectType, known: Known) -> dict[str, Any]:
    begun_by = known.begun_by[shown.id]
    return {"id": shown.id, "number": shown.no, "createdBy": user(begun_by, known.people.get(begun_by, ""))}


def _family(_shown: Shown, family: ObjectType, known: Known) -> dict[str, Any]:
    return {"title": family.label, "name": family.local, "id": known.families[family.name], "icon": ""}


_GETTERS: Final = {
    "id": lambda shown, family, known: shown.id,
    "initid": lambda shown, family, known: shown.initid,
    "title": lambda shown, family, known: title_shown(shown),
    "revision": lambda shown, family, known: shown.no,
    "icon": lambda shown, family, known: "",
    "name": lambda shown, family, known: shown.name,
    "state": lambda shown, family, known: state_of(shown, family),
    "family": _family,
    "fromname": lambda shown, family, known: family.local,
    "status": lambda shown, family, known: status_of(shown),
    "createdBy": _creator,
    "owner": _creator,
    "locked": lambda shown, family, known: _locked(shown, known),
    "security": _security,
    "creationDate": lambda shown, family, known: moment(known.store, shown.it.node.created_at),
    "lastModificationDate": lambda shown, family, known: moment(known.store, shown.changed_at),
    "version": lambda shown, family, known: str(shown.version_no),
    "doctype": lambda shown, family, known: "F",
    "type": lambda shown, family, known: "document",
    _REVISION_DATA: _revision_data,
}


def of_family(family: ObjectType, number: int, names: Iterable[str]) -> dict[str, Any]:
    """Return some properties of a family, which is a document without revisions."""
    every = {
        "id": number,
        "initid": number,
        "title": family.label,
        "revision": 0,
        "icon": "",
        "name": family.local,
        "fromname": family.extends or None,
        "status": "alive",
        "locked": 0,
        "security": {"lock": {"id": 0}, "readOnly": True, "fixed": False},
        "doctype": "C",
        "type": "family",
    }
    return {name: value for name, value in every.items() if name in names and value is not None}
