"""What the matrix does through Dynacase: each operation that it offers, with the rule by which the model judges it.

Of a document that is not for the caller Dynacase says so, as its original does: its numbers are counted, and tell nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.matrix.model import ALLOWED, Asking, Outcome, Place, Right, Thing, Verdict, Whose
from tests.matrix.okd_operations import is_free, is_mine, may_deliver
from tests.matrix.operations import BODY, Addresses, Check, Operation, Rule, Send, Sending, may_read, removes
from tests.protocol.client import Response
from tests.protocol.dynacase import BASE, JSON, attributes
from tests.protocol.okd import FORM, Part, form

DYNACASE_OPERATIONS: Final[list[Operation]] = []

_FORBIDDEN: Final[Verdict] = frozenset({Outcome.FORBIDDEN})
_MISSING: Final[Verdict] = frozenset({Outcome.MISSING})
_FAMILY: Final = f"{BASE}/families/MY_FILE"
_FILE: Final = form(Part("fi_file", BODY, "new.txt", "text/plain"))
_TITLED: Final = attributes(fi_title="changed")
_ALIVE: Final = json.dumps({"document": {"properties": {"status": "alive"}}})
_IN_FORM: Final = {"content_type": FORM}
_IN_JSON: Final = {"content_type": JSON}


def _of(name: str) -> Callable[[Place], Thing]:
    return lambda place: getattr(place, name)


def _add(
    name: str,
    offered: str,
    target: Callable[[Addresses, Place], str],
    rule: Rule,
    success: int,
    shows: Check | None = None,
    body: bytes | str = b"",
    statuses: Mapping[Outcome, int] | None = None,
) -> None:
    """An operation; its name begins with the method."""
    headers = {} if not body else _IN_FORM if isinstance(body, bytes) else _IN_JSON

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(target(at, place), body, headers)

    operation = Operation(name, name.split()[0], make, rule, success, shows, offered=offered, statuses=statuses or {})
    DYNACASE_OPERATIONS.append(operation)


def _on(
    method: str,
    offered: str,
    rest: str,
    rule: Callable[[str], Rule],
    success: int,
    shows: Callable[[str], Check] | None = None,
    body: bytes | str = b"",
    *,
    things: tuple[str, ...] = ("doc",),
) -> None:
    """An operation on documents, and on the first of them below its family, too."""
    for name in things:
        check = None if shows is None else shows(name)

        def target(at: Addresses, place: Place, name: str = name) -> str:
            return at.dynacase(getattr(place, name), rest)

        def below(at: Addresses, place: Place, name: str = name) -> str:
            return at.dynacase(getattr(place, name), rest, of="families/MY_FILE/documents")

        _add(f"{method} {rest or 'all'} of {name}: {offered}", offered, target, rule(name), success, check, body)
        if name == things[0]:
            label = f"{method} {rest or 'all'} of {name} below its family: {offered}"
            _add(label, f"family-{offered}", below, rule(name), success, check, body)


def _found(asking: Asking, what: Thing) -> Verdict:
    return ALLOWED if Right.READ in asking.rights(what) else _FORBIDDEN


def _reading(name: str) -> Rule:
    return lambda asking, place: _found(asking, getattr(place, name))


def _nothing(name: str) -> Rule:
    """There is nothing of the kind for who may look."""
    return lambda asking, place: _found(asking, getattr(place, name)) or _MISSING


# Reading

_THREE: Final = ("doc", "mine", "unseen")
_on("GET", "read-document", "", _reading, 200, things=_THREE)
_on("GET", "list-revisions", "/revisions", _reading, 200)
_on("GET", "read-revision", "/revisions/0", _reading, 200, things=("doc", "unseen"))
_on("GET", "read-history", "/history", _reading, 200, things=("doc", "unseen"))
_on("GET", "download-file", "/files/fi_file", _reading, 200, things=_THREE)
for _kind in ("", "revision-"):
    _rest = "/revisions/0" if _kind else ""
    if _kind:
        _on("GET", "download-revision-file", f"{_rest}/files/fi_file", _reading, 200, things=("doc", "unseen"))
    _on("GET", f"download-{_kind}file-by-index", f"{_rest}/files/fi_file/-1", _reading, 200)
    _on("GET", f"download-{_kind}file-by-name", f"{_rest}/files/fi_file/-1/x.txt", _reading, 200)
for _lock in ("", "/temporary", "/permanent"):
    _offered = f"read-{_lock[1:]}-lock" if _lock else "read-locks"
    _on("GET", _offered, f"/locks{_lock}", _reading, 200, things=("doc", "unseen"))
for _rest, _offered in (
    ("states", "list-states"),
    ("states/any", "read-state"),
    ("transitions", "list-transitions"),
    ("transitions/any", "read-transition"),
):
    _on("GET", _offered, f"/workflows/{_rest}", _nothing, 200)
for _rest, _offered in (("states/any", "take-state"), ("transitions/any", "take-transition")):
    _on("POST", _offered, f"/workflows/{_rest}", _nothing, 200)
_add("GET a folder", "read-document", lambda at, place: at.dynacase(place.folder), lambda asking, place: _MISSING, 200)
for _target, _offered in (
    (f"{BASE}/documents?slice=all", "list-documents"),
    (f"{_FAMILY}/documents?slice=all", "list-documents-of-family"),
    (f"{BASE}/families", "list-families"),
    (_FAMILY, "read-family"),
    (f"{BASE}/families/MY_ARTICLE/enumerates", "list-enumerates"),
    (f"{BASE}/families/MY_ARTICLE/enumerates/my_color", "read-enumerate"),
    (f"{BASE}/trash?slice=all", "list-trash"),
):
    _add(f"GET {_target}", _offered, lambda at, place, target=_target: target, lambda asking, place: ALLOWED, 200)  # type: ignore[misc]


# Making and changing


def _was_made(send: Send, at: Addresses, place: Place, response: Response) -> bool:
    number = response.json["data"]["document"]["properties"]["id"]
    return send("GET", f"{BASE}/documents/{number}/files/fi_file").body == BODY


_add("POST a document", "create-document", lambda at, place: f"{_FAMILY}/documents", may_deliver, 201, _was_made, _FILE)


def _retitling(name: str) -> Rule:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = getattr(place, name)
        if refused := _found(asking, what):
            return refused
        # Attributes, too, are kept for who has it checked out.
        return asking.needs(what, Right.PROPERTIES) or asking.writing(what)

    return rule


def _is_called(name: str) -> Check:
    return lambda send, at, place, _: b'"changed"' in send("GET", at.dynacase(getattr(place, name))).body


def _giving_file(name: str) -> Rule:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = getattr(place, name)
        if refused := _found(asking, what):
            return refused
        return asking.needs(what, Right.WRITE) or asking.writing(what)

    return rule


def _reads(name: str) -> Check:
    return lambda send, at, place, _: send("GET", at.dynacase(getattr(place, name), "/files/fi_file")).body == BODY


_on("PUT", "change-document", "", _retitling, 200, _is_called, _TITLED, things=_THREE)
for _name in ("doc", "mine", "inner", "unseen"):
    _add(
        f"PUT a file of {_name}",
        "change-document",
        lambda at, place, name=_name: at.dynacase(getattr(place, name)),  # type: ignore[misc]
        _giving_file(_name),
        200,
        _reads(_name),
        _FILE,
    )


def _removing(name: str) -> Rule:
    inner = removes(_of(name))
    return lambda asking, place: _found(asking, getattr(place, name)) or inner(asking, place)


def _is_gone(name: str) -> Check:
    return lambda send, at, place, _: send("GET", at.dynacase(getattr(place, name))).status == 404


_on("DELETE", "delete-document", "", _removing, 200, _is_gone, things=("doc", "mine", "inner", "unseen"))


# Locks


def _locking(name: str) -> Rule:
    """A lock is for those who could change the document; it begins anew for its holder who shows it."""

    def rule(asking: Asking, place: Place) -> Verdict:
        what, lock = getattr(place, name), asking.state.lock
        if refused := _found(asking, what):
            return refused
        if asking.needs(what, Right.PROPERTIES | Right.LOCK):
            return frozenset({Outcome.CONFLICTING})
        return ALLOWED if lock.whose is Whose.OWN and lock.submitted else asking.locking(what)

    return rule


for _kind in ("temporary", "permanent"):
    for _method, _offered in (("POST", f"lock-{_kind}"), ("PUT", f"put-{_kind}-lock")):
        _on(_method, _offered, f"/locks/{_kind}", _locking, 201, is_mine, things=_THREE)


def _unlocking(kind: str) -> Callable[[str], Rule]:
    """There are locks with an end alone, and a check-out is no lock that could be ended here."""

    def of(name: str) -> Rule:
        def rule(asking: Asking, place: Place) -> Verdict:
            what, lock = getattr(place, name), asking.state.lock
            if refused := _found(asking, what):
                return refused
            if not asking.is_locked(what):
                return frozenset({Outcome.ANOTHERS_LOCK}) if asking.holds_off(what) else ALLOWED
            # What is locked from above is ended by who may end locks there.
            root = place.top if lock.deep else what
            if lock.whose is Whose.OTHERS and Right.UNLOCK not in asking.rights(root):
                return frozenset({Outcome.ANOTHERS_LOCK})
            return frozenset({Outcome.CONFLICTING}) if kind == "permanent" else ALLOWED

        return rule

    return of


for _rest, _offered, _kind in (
    ("/locks", "unlock", ""),
    ("/locks/temporary", "unlock-temporary", "temporary"),
    ("/locks/permanent", "unlock-permanent", "permanent"),
):
    _on("DELETE", _offered, _rest, _unlocking(_kind), 200, lambda name: is_free)


# The trash, and files that are kept for a while


def _in_trash(method: str, offered: str, rest: str, body: bytes | str = b"", rule: Rule | None = None) -> None:
    shows: Check | None = _is_back if body else None
    _add(
        f"{method} {rest or 'all'} in the trash",
        offered,
        lambda at, place: at.dynacase(place.gone, rest, of="trash"),
        rule or may_read(_of("gone")),
        200,
        shows,
        body,
    )


def _restoring(asking: Asking, place: Place) -> Verdict:
    """The rights of a move from where it was, as far as they are rights on the thing itself."""
    if refused := asking.needs(place.gone, Right.UNBIND):
        return refused
    return ALLOWED if Right.BIND in asking.rights(place.top) else _FORBIDDEN


def _restores(asking: Asking, place: Place) -> Verdict:
    return _restoring(asking, place) or asking.changing(place.top)


def _is_back(send: Send, at: Addresses, place: Place, _: Response) -> bool:
    return send("GET", at.of(place.gone)).status == 200


_in_trash("GET", "read-trash", "")
_in_trash("PUT", "restore", "", _ALIVE, _restores)
_add("GET what was deleted", "read-document", lambda at, place: at.dynacase(place.gone), lambda asking, place: _MISSING, 200)
for _rest, _offered in (
    ("/revisions", "list-revisions"),
    ("/revisions/0", "read-revision"),
    ("/history", "read-history"),
    ("/files/fi_file", "download-file"),
    ("/files/fi_file/-1", "download-file-by-index"),
    ("/files/fi_file/-1/x.txt", "download-file-by-name"),
    ("/revisions/0/files/fi_file", "download-revision-file"),
    ("/revisions/0/files/fi_file/-1", "download-revision-file-by-index"),
    ("/revisions/0/files/fi_file/-1/x.txt", "download-revision-file-by-name"),
):
    _in_trash("GET", f"{_offered}-in-trash", _rest)


def _is_kept(send: Send, at: Addresses, place: Place, response: Response) -> bool:
    told: dict[str, Any] = response.json["data"]["file"]
    return send("GET", "/" + told["downloadUrl"].removeprefix("/")).body == BODY


_add(
    "POST a temporary file",
    "upload-temporary-file",
    lambda at, place: f"{BASE}/temporaryFiles",
    lambda asking, place: ALLOWED,
    201,
    _is_kept,
    _FILE,
)
_add(
    "GET a temporary file of nobody",
    "download-temporary-file",
    lambda at, place: f"{BASE}/files/recorded/temporary/987654321.txt",
    lambda asking, place: _MISSING,
    200,
)
