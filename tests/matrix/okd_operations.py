"""What the matrix does through OKD: each operation that it offers, with the rule by which the model judges it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.matrix.model import ALLOWED, PLACES, Asking, Outcome, Place, Right, Thing, Verdict, Whose, Zone
from tests.matrix.operations import (
    BODY,
    Addresses,
    Check,
    Operation,
    Rule,
    Send,
    Sending,
    may_read,
    removes,
)
from tests.protocol.client import Response
from tests.protocol.okd import BASE, FORM, file_part, form, metadata_part

OKD_OPERATIONS: Final[list[Operation]] = []
FOLDER: Final = "/OKD"
"""Where what is delivered goes; rights are granted there as in the open place, and nothing is locked."""

_PLAIN: Final = {"content_type": "text/plain"}
_MISSING: Final[Verdict] = frozenset({Outcome.MISSING})


def _operation(
    name: str, offered: str, rest: str, rule: Rule, success: int, shows: Check | None = None, of: str = "doc", **headers: str
) -> None:
    """An operation on a document; its name begins with the method."""
    method = name.split()[0]
    body = BODY if method == "PATCH" else b""

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(at.okd(getattr(place, of)) + rest, body, headers)

    OKD_OPERATIONS.append(Operation(name, method, make, rule, success, shows, offered=offered))


def _on_all(
    name: str, offered: str, target: str, rule: Rule, success: int, shows: Check | None = None, body: bytes = b""
) -> None:
    """An operation on no document in particular."""
    headers = {"content_type": FORM} if body else {}
    sending = Sending(target, body, headers)
    OKD_OPERATIONS.append(Operation(name, name.split()[0], lambda at, place: sending, rule, success, shows, offered=offered))


# Reading

for _of in ("doc", "mine", "unseen"):

    def _thing(place: Place, name: str = _of) -> Thing:
        return getattr(place, name)  # type: ignore[no-any-return]

    _operation(f"GET {_of}", "read", "", may_read(_thing), 200, of=_of)
    _operation(f"HEAD {_of}", "read", "", may_read(_thing), 200, of=_of)
    _operation(f"GET content of {_of}", "read-download", "/download", may_read(_thing), 200, of=_of)
    _operation(f"GET the lock of {_of}", "read-lock", "/_lock", may_read(_thing), 200, of=_of)

_operation("GET metadata of doc", "read-metadata", "/metadata", may_read(lambda place: place.doc), 200)
_operation("GET content of doc by its other name", "read-content", "/content", may_read(lambda place: place.doc), 200)
_operation("GET what was deleted", "read", "", lambda asking, place: _MISSING, 200, of="gone")
_operation("GET a folder", "read", "", lambda asking, place: _MISSING, 200, of="folder")
_operation("GET shut", "read", "", lambda asking, place: _MISSING, 200, of="shut")
_on_all("GET the list", "list", f"{BASE}?pageSize=250", lambda asking, place: ALLOWED, 200)
_on_all("GET a search", "list", f"{BASE}?documentName=unseen&sort=-documentName", lambda asking, place: ALLOWED, 200)
_on_all("GET the types", "document-types", f"{BASE}/documenttypes", lambda asking, place: ALLOWED, 200)


# Delivering


def may_deliver(asking: Asking, place: Place) -> Verdict:
    return ALLOWED if Right.BIND in asking.above(PLACES[Zone.OPEN].new) else frozenset({Outcome.FORBIDDEN})


def _was_delivered(send: Send, at: Addresses, place: Place, response: Response) -> bool:
    return send("GET", response.headers["location"] + "/download").body == BODY


_FORM: Final = form(metadata_part(), file_part(BODY, "new.txt"))
_on_all("POST a new document", "create", BASE, may_deliver, 201, _was_delivered, _FORM)
_on_all(
    "POST one of an association",
    "create-for-association",
    BASE.replace("documents", "associations/a-1"),
    may_deliver,
    201,
    _was_delivered,
    _FORM,
)


# Writing


def _reads(of: str) -> Check:
    return lambda send, at, place, _: send("GET", at.okd(getattr(place, of)) + "/download").body == BODY


def _is_gone(of: str) -> Check:
    return lambda send, at, place, _: send("GET", at.okd(getattr(place, of))).status == 404


def replaces(thing: Callable[[Place], Thing]) -> Rule:
    return lambda asking, place: asking.needs(thing(place), Right.WRITE) or asking.writing(thing(place))


for _of in ("doc", "mine", "inner", "unseen"):

    def _what(place: Place, name: str = _of) -> Thing:
        return getattr(place, name)  # type: ignore[no-any-return]

    _operation(f"PATCH {_of}", "replace", "", replaces(_what), 204, _reads(_of), _of, **_PLAIN)
    _operation(f"DELETE {_of}", "delete", "", removes(_what), 204, _is_gone(_of), _of)


# Locks


def lock_rule(of: str) -> Rule:
    """One's own lock begins anew where the request shows that it is one's own; any other stands in the way."""

    def rule(asking: Asking, place: Place) -> Verdict:
        what, lock = getattr(place, of), asking.state.lock
        if refused := asking.needs(what, Right.LOCK):
            return refused
        return ALLOWED if lock.whose is Whose.OWN and lock.submitted else asking.locking(what)

    return rule


def unlock_rule(asking: Asking, place: Place) -> Verdict:
    """Nothing is to be done where nobody keeps others out, and only what the request shows to be one's own is ended."""
    doc = place.doc
    if refused := asking.needs(doc, Right.READ):
        return refused
    if asking.holds_off(doc):
        return frozenset({Outcome.CHECKED_OUT})
    return asking.changing(doc)


def _force_rule(asking: Asking, place: Place) -> Verdict:
    doc, lock = place.doc, asking.state.lock
    if refused := asking.needs(doc, Right.READ):
        return refused
    roots = (doc, place.top) if lock.deep else (doc,)
    if not all(Right.UNLOCK in asking.rights(root) for root in roots):
        return frozenset({Outcome.ANOTHERS_LOCK})
    return frozenset({Outcome.CHECKED_OUT}) if lock.whose is None and asking.holds_off(doc) else ALLOWED


def is_mine(of: str) -> Check:
    return lambda send, at, place, _: send("GET", at.okd(getattr(place, of)) + "/_lock").json.get("mine") is True


def is_free(send: Send, at: Addresses, place: Place, _: Response) -> bool:
    lock = send("GET", at.okd(place.doc) + "/_lock").json
    # What another has checked out shows as locked by him.
    return lock["locked"] is False or lock["expiresAt"] is None


_operation("POST a lock on doc", "lock", "/_lock", lock_rule("doc"), 204, is_mine("doc"))
_operation("POST a lock on mine", "lock", "/_lock", lock_rule("mine"), 204, is_mine("mine"), "mine")
_operation("POST a lock on what is shut", "lock", "/_lock", lock_rule("unseen"), 204, is_mine("unseen"), "unseen")
_operation("POST a lock, other spelling", "lock-by-other-spelling", "/lock", lock_rule("doc"), 204, is_mine("doc"))
_operation("DELETE the lock", "unlock", "/_lock", unlock_rule, 204, is_free)
_operation("DELETE the lock by force", "unlock", "/_lock?force=true", _force_rule, 204, is_free)
_operation("DELETE the lock, other spelling", "unlock-by-other-spelling", "/lock", unlock_rule, 204, is_free)
_operation("POST the end of the lock", "unlock-by-post", "/_unlock", unlock_rule, 204, is_free)
