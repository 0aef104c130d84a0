"""What the matrix does through GEVER: each operation that it offers, with the rule by which the model judges it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.matrix.model import ALLOWED, PLACES, Asking, Outcome, Place, Right, Thing, Verdict, Whose, Zone
from tests.matrix.operations import (
    Addresses,
    Check,
    Operation,
    Rule,
    Send,
    Sending,
    check_in_rule,
    judged,
    may_read,
    sees,
)
from tests.protocol.client import Response

GEVER_OPERATIONS: Final[list[Operation]] = []

TEXT: Final = "written by the matrix"
_DOCUMENT: Final = "opengever.document.document"
_DOSSIER: Final = "opengever.dossier.businesscasedossier"
_FILE: Final = {"data": TEXT, "filename": "new.txt", "content-type": "text/plain"}
_LOCKED: Final[Verdict] = frozenset({Outcome.LOCKED})
_OPEN: Final = PLACES[Zone.OPEN]

Fields = Callable[[Addresses, Place], Mapping[str, Any]]
_NOTHING: Final[Fields] = lambda at, place: {}  # noqa: E731
_CONFLICT: Final = {Outcome.CHECKED_OUT: 409, Outcome.LOCKED: 423}
"""How removals and moves refuse."""


def _of(name: str) -> Callable[[Place], Thing]:
    return lambda place: getattr(place, name)


def _operation(
    name: str,
    offered: str,
    service: str,
    rule: Rule,
    success: int,
    shows: Check | None = None,
    *,
    of: str = "doc",
    fields: Fields = _NOTHING,
    statuses: Mapping[Outcome, int] | None = None,
) -> None:
    """An operation on a thing; its name begins with the method."""
    method = name.split()[0]

    def make(at: Addresses, place: Place) -> Sending:
        body = fields(at, place)
        return Sending(at.gever(getattr(place, of)) + service, json.dumps(body) if body else b"")

    GEVER_OPERATIONS.append(Operation(name, method, make, rule, success, shows, offered=offered, statuses=statuses or {}))


def _shown(send: Send, at: Addresses, thing: Thing, service: str = "") -> Any:
    return send("GET", at.gever(thing) + service).json


# Reading

for _name in ("doc", "mine", "unseen"):
    _operation(f"GET {_name}", "read", "", may_read(_of(_name)), 200, of=_name)
    _operation(f"HEAD {_name}", "read", "", may_read(_of(_name)), 200, of=_name)
    _operation(f"GET file of {_name}", "download", "/@@download/file", may_read(_of(_name)), 200, of=_name)
    _operation(f"GET @history of {_name}", "history", "/@history", may_read(_of(_name)), 200, of=_name)
    _operation(f"GET @lock of {_name}", "show-lock", "/@lock", may_read(_of(_name)), 200, of=_name)

for _service, _offered in (
    ("/@@download/file/name.txt", "download-named"),
    ("/@@download/file?version_id=0", "download"),
    ("/download_file_version?version_id=0", "download-version"),
    ("/@history/0", "version-in-history"),
    ("/@versions", "versions"),
    ("/@versions/0", "version"),
    ("/status", "status"),
):
    _operation(f"GET {_service} of doc", _offered, _service, may_read(_of("doc")), 200)
_operation(
    "GET the first version of what is shut",
    "download",
    "/@@download/file?version_id=0",
    may_read(_of("unseen")),
    200,
    of="unseen",
)
for _name in ("top", "mixed", "shut"):
    _operation(f"GET {_name}", "read", "?b_size=100&fullobjects=1&expand=lock", sees(_of(_name)), 200, of=_name)
_operation("GET what was deleted", "read", "", lambda asking, place: frozenset({Outcome.MISSING}), 200, of="gone")
for _service, _offered in (("/gever/@users/person", "user"), ("/gever/@actors/person", "actor")):
    GEVER_OPERATIONS.append(
        Operation(
            f"GET {_service}",
            "GET",
            lambda at, place, target=_service: Sending(target),  # type: ignore[misc]
            lambda asking, place: ALLOWED,
            200,
            offered=_offered,
        )
    )


# Making and changing


def _adds(thing: Callable[[Place], Thing]) -> Rule:
    """To add to a container that one sees."""

    def rule(asking: Asking, place: Place) -> Verdict:
        container = thing(place)
        if not asking.sees(container):
            return frozenset({Outcome.MISSING})
        return ALLOWED if Right.BIND in asking.rights(container) else frozenset({Outcome.FORBIDDEN})

    return rule


def _makes(name: str, container: str, **fields: Any) -> None:
    may_add = _adds(_of(container))

    def rule(asking: Asking, place: Place) -> Verdict:
        return may_add(asking, place) or asking.changing(getattr(place, container))

    def shows(send: Send, at: Addresses, place: Place, response: Response) -> bool:
        made = response.headers["location"].removeprefix(at.host)
        return send("GET", made).status == 200 and send("GET", made).json["title"] == "new"

    _operation(name, "create", "", rule, 201, shows, of=container, fields=lambda at, place: {"title": "new", **fields})


_makes("POST a document", "top", **{"@type": _DOCUMENT, "file": _FILE})
_makes("POST a document without a file", "top", **{"@type": _DOCUMENT})
_makes("POST a document into the folder", "folder", **{"@type": _DOCUMENT, "file": _FILE})
_makes("POST a dossier", "top", **{"@type": _DOSSIER})
_makes("POST a dossier into shut", "shut", **{"@type": _DOSSIER})


def _retitles(of: str) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = getattr(place, of)
        if what.is_collection and not asking.sees(what):
            return frozenset({Outcome.MISSING})
        return asking.needs(what, Right.PROPERTIES) or asking.changing(what)

    shows: Check = lambda send, at, place, _: _shown(send, at, getattr(place, of))["title"] == "changed"  # noqa: E731
    _operation(f"PATCH title of {of}", "change", "", rule, 204, shows, of=of, fields=lambda at, place: {"title": "changed"})


for _name in ("doc", "mine", "folder", "unseen"):
    _retitles(_name)


def _gives_file(of: str) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = getattr(place, of)
        if refused := asking.needs(what, Right.WRITE):
            return refused
        is_own = what.is_takeable and asking.state.taken is Whose.OWN
        return asking.changing(what) if is_own else frozenset({Outcome.NOT_CHECKED_OUT})

    shows: Check = (  # noqa: E731
        lambda send, at, place, _: send("GET", at.gever(getattr(place, of)) + "/@@download/file").body == TEXT.encode()
    )
    _operation(f"PATCH file of {of}", "change", "", rule, 204, shows, of=of, fields=lambda at, place: {"file": _FILE})


for _name in ("doc", "mine", "unseen"):
    _gives_file(_name)


# Removing and placing


def _untouched(asking: Asking, thing: Thing) -> Verdict:
    """Nobody may have checked it out or locked it, or anything below it, who asks neither."""
    everything = (thing, *thing.everything_below())
    if any(asking.is_taken(one) for one in everything):
        return frozenset({Outcome.CHECKED_OUT})
    return _LOCKED if any(asking.is_locked(one) for one in everything) else ALLOWED


def _removes(name: str, of: str, service: str = "", offered: str = "delete", statuses: Mapping[Outcome, int] = _CONFLICT) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = getattr(place, of)
        return asking.needs_removal(what) or _untouched(asking, what) or asking.membership(what)

    def shows(send: Send, at: Addresses, place: Place, _: Response) -> bool:
        response = send("GET", at.gever(getattr(place, of)))
        return response.json["trashed"] is True if service else response.status == 404

    _operation(name, offered, service, rule, 204, shows, of=of, statuses=statuses)


for _name in ("doc", "mine", "inner", "folder", "mixed", "shut"):
    _removes(f"DELETE {_name}", _name)
_BAD: Final = {Outcome.CHECKED_OUT: 400, Outcome.LOCKED: 400}
for _name in ("doc", "inner", "mixed"):
    _removes(f"POST @trash of {_name}", _name, "/@trash", "trash", _BAD)
_operation("POST @untrash of what is there", "untrash", "/@untrash", may_read(_of("doc")), 204)
_operation("POST @untrash of what was deleted", "untrash", "/@untrash", lambda a, p: frozenset({Outcome.MISSING}), 204, of="gone")


def _placing(
    service: str,
    source: Callable[[Place], Thing],
    target: Callable[[Place], Thing],
    rule: Rule,
    name: str,
    statuses: Mapping[Outcome, int],
) -> None:
    """A source that one may not see is passed over, and the answer is that nothing was placed."""
    may_add = _adds(target)

    def whole_rule(asking: Asking, place: Place) -> Verdict:
        if not asking.sees(target(place)):
            return frozenset({Outcome.MISSING})
        if not asking.sees(source(place)):
            return ALLOWED
        return judged(may_add(asking, place) or asking.changing(target(place)), rule(asking, place))

    def shows(send: Send, at: Addresses, place: Place, response: Response) -> bool:
        if not response.json:
            return send("GET", at.gever(source(place))).status == 404
        (pair,) = response.json
        is_there = send("GET", pair["target"].removeprefix(at.host)).status == 200
        return is_there and (service == "copy" or send("GET", at.gever(source(place))).status == 404)

    def make(at: Addresses, place: Place) -> Sending:
        body = {"source": at.host + at.gever(source(place))}
        return Sending(f"{at.gever(target(place))}/@{service}", json.dumps(body))

    GEVER_OPERATIONS.append(
        Operation(f"POST @{service} {name}", "POST", make, whole_rule, 200, shows, offered=service, statuses=statuses)
    )


def _copies(name: str, source: Callable[[Place], Thing], target: Callable[[Place], Thing]) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = source(place)
        if refused := asking.needs(what, Right.READ):
            return refused
        return frozenset({Outcome.CHECKED_OUT}) if asking.is_taken(what) else ALLOWED

    _placing("copy", source, target, rule, name, {Outcome.CHECKED_OUT: 409})


def _moves(name: str, source: Callable[[Place], Thing], target: Callable[[Place], Thing]) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = source(place)
        return asking.needs_removal(what) or _untouched(asking, what) or asking.membership(what)

    _placing("move", source, target, rule, name, _CONFLICT)


for _verb in (_copies, _moves):
    _verb("doc to folder", _of("doc"), _of("folder"))
    _verb("inner to the place", _of("inner"), _of("top"))
    _verb("mixed to folder", _of("mixed"), _of("folder"))
    _verb("what is shut to folder", _of("unseen"), _of("folder"))
    _verb("doc from here into the open", _of("doc"), lambda _: _OPEN.folder)
    _verb("doc from the open to here", lambda _: _OPEN.doc, _of("folder"))


# Locks


def _lock_rule(of: str) -> Rule:
    """A lock that stands is the answer, whoever's it is."""
    return lambda asking, place: asking.needs(getattr(place, of), Right.LOCK)


def _is_locked(of: str) -> Check:
    return lambda send, at, place, _: _shown(send, at, getattr(place, of), "/@lock")["locked"] is True


for _name in ("doc", "mine", "unseen", "folder"):
    _operation(f"POST @lock of {_name}", "lock", "/@lock", _lock_rule(_name), 200, _is_locked(_name), of=_name)


def _refreshes(name: str, offered: str, service: str) -> None:
    shows: Check = lambda send, at, place, response: _shown(send, at, place.doc, "/@lock") == response.json  # noqa: E731
    _operation(name, offered, service, may_read(_of("doc")), 200, shows)


_refreshes("POST @refresh-lock", "refresh-lock", "/@refresh-lock")
_refreshes("PATCH @lock", "refresh-lock-by-patch", "/@lock")


def _unlock_rule(of: str) -> Rule:
    """Who may not end it is answered with the lock that stands."""

    def rule(asking: Asking, place: Place) -> Verdict:
        what, lock = getattr(place, of), asking.state.lock
        if refused := asking.needs(what, Right.READ):
            return refused
        may = lock.whose is not Whose.OTHERS or Right.UNLOCK in asking.rights(place.top if lock.deep else what)
        return ALLOWED if may else frozenset({Outcome.ANOTHERS_LOCK})

    return rule


def _unlocks(name: str, offered: str, service: str, of: str = "doc", **fields: Any) -> None:
    shows: Check = lambda send, at, place, _: _shown(send, at, getattr(place, of), "/@lock")["locked"] is False  # noqa: E731
    _operation(
        name,
        offered,
        service,
        _unlock_rule(of),
        200,
        shows,
        of=of,
        fields=lambda at, place: fields,
    )


_unlocks("POST @unlock", "unlock", "/@unlock")
_unlocks("POST @unlock of mine", "unlock", "/@unlock", "mine")
_unlocks("POST @unlock of what is shut", "unlock", "/@unlock", "unseen")
_unlocks("POST @unlock by force", "unlock", "/@unlock", force=True)
_unlocks("DELETE @lock", "unlock-by-delete", "/@lock")


# Check-outs and versions


def _check_out_rule(asking: Asking, place: Place) -> Verdict:
    if refused := asking.needs(place.doc, Right.WRITE | Right.CHECK_OUT):
        return refused
    if asking.state.taken:
        return frozenset({Outcome.CHECKED_OUT_ALREADY})
    return _LOCKED if asking.is_locked(place.doc) else ALLOWED


def _cancel_rule(asking: Asking, place: Place) -> Verdict:
    return check_in_rule(asking, place) or (_LOCKED if asking.is_locked(place.doc) else ALLOWED)


def _revert_rule(asking: Asking, place: Place) -> Verdict:
    return asking.needs(place.doc, Right.WRITE) or _untouched(asking, place.doc)


def _is_held(*, expected: bool) -> Check:
    return lambda send, at, place, _: (_shown(send, at, place.doc)["checked_out"] is not None) == expected


def _went_back(send: Send, at: Addresses, place: Place, _: Response) -> bool:
    number: int = _shown(send, at, place.doc)["current_version_id"]
    return number == 2


_operation("POST @checkout", "check-out", "/@checkout", _check_out_rule, 204, _is_held(expected=True))
_operation("POST @checkin", "check-in", "/@checkin", check_in_rule, 204, _is_held(expected=False))
_operation("POST @cancelcheckout", "cancel-check-out", "/@cancelcheckout", _cancel_rule, 204, _is_held(expected=False))
_operation("PATCH @history", "revert", "/@history", _revert_rule, 200, _went_back, fields=lambda at, place: {"version": 0})


# Uploads in parts

_NO_UPLOAD: Final = "0" * 32


def _has_begun(send: Send, at: Addresses, place: Place, response: Response) -> bool:
    upload = response.headers["location"].removeprefix(at.host)
    return send("HEAD", upload, tus_resumable="1.0.0").headers.get("upload-offset") == "0"


def _uploads(
    name: str, offered: str, service: str, rule: Rule, success: int, shows: Check | None = None, of: str = "top"
) -> None:
    def make(at: Addresses, place: Place) -> Sending:
        headers = {"tus_resumable": "1.0.0", "upload_length": "3", "upload_metadata": "filename bmV3LnR4dA=="}
        return Sending(at.gever(getattr(place, of)) + service, b"", headers)

    GEVER_OPERATIONS.append(Operation(name, name.split()[0], make, rule, success, shows, offered=offered))


def _none(asking: Asking, place: Place) -> Verdict:
    """An upload is of who began it: what there is is tried with the upload itself."""
    return frozenset({Outcome.MISSING})


_uploads("POST @tus-upload", "begin-upload", "/@tus-upload", _adds(_of("top")), 201, _has_begun)
_uploads("POST @tus-upload into shut", "begin-upload", "/@tus-upload", _adds(_of("shut")), 201, _has_begun, "shut")
for _name in ("doc", "mine", "unseen"):
    _uploads(
        f"POST @tus-replace of {_name}",
        "begin-replacement",
        "/@tus-replace",
        lambda asking, place, name=_name: asking.needs(getattr(place, name), Right.WRITE),  # type: ignore[misc]
        201,
        _has_begun,
        _name,
    )
for _method, _offered in (("HEAD", "show-upload"), ("PATCH", "append-to-upload"), ("DELETE", "give-up-upload")):
    _uploads(f"{_method} of no upload", _offered, f"/@tus-upload/{_NO_UPLOAD}", _none, 204)
for _service, _offered in (
    ("@tus-upload", "options-of-new-uploads"),
    ("@tus-replace", "options-of-replacements"),
    (f"@tus-upload/{_NO_UPLOAD}", "options-of-upload"),
):
    _uploads(f"OPTIONS {_service}", _offered, f"/{_service}", lambda asking, place: ALLOWED, 204)
