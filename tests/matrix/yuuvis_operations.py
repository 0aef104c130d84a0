"""What the matrix does through yuuvis: each operation that it offers, with the rule by which the model judges it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.matrix.model import ALLOWED, Asking, Outcome, Place, Right, Thing, Verdict
from tests.matrix.okd_operations import is_free, is_mine, lock_rule, may_deliver, replaces, unlock_rule
from tests.matrix.operations import BODY, Addresses, Check, Operation, Rule, Send, Sending, may_read, removes, sees
from tests.protocol.client import Response
from tests.protocol.yuuvis import BASE, FORM, JSON, envelope, form, of, part, values

YUUVIS_OPERATIONS: Final[list[Operation]] = []

_MISSING: Final[Verdict] = frozenset({Outcome.MISSING})
_SEARCH: Final = {"query": {"statement": "SELECT * FROM system:object ORDER BY system:objectId", "maxItems": 100}}

Body = Callable[[Addresses, Place], bytes | str]


def _of(name: str) -> Callable[[Place], Thing]:
    return lambda place: getattr(place, name)


def _operation(
    name: str,
    offered: str,
    rest: str,
    rule: Rule,
    success: int,
    shows: Check | None = None,
    *,
    of: str = "doc",
    body: Body = lambda at, place: b"",
    **headers: str,
) -> None:
    """An operation on an object; its name begins with the method."""

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(at.yuuvis(getattr(place, of), rest), body(at, place), headers)

    YUUVIS_OPERATIONS.append(Operation(name, name.split()[0], make, rule, success, shows, offered=offered))


def _on_all(
    name: str,
    offered: str,
    target: str,
    rule: Rule = lambda asking, place: ALLOWED,
    shows: Check | None = None,
    *,
    body: Body = lambda at, place: b"",
    statuses: Mapping[Outcome, int] | None = None,
    **headers: str,
) -> None:
    """An operation on no object in particular."""

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(target, body(at, place), headers)

    operation = Operation(name, name.split()[0], make, rule, 200, shows, offered=offered, statuses=statuses or {})
    YUUVIS_OPERATIONS.append(operation)


# Reading

for _name in ("doc", "mine", "unseen"):
    _operation(f"GET {_name}", "read", "", may_read(_of(_name)), 200, of=_name)
    _operation(f"HEAD {_name}", "read", "", may_read(_of(_name)), 200, of=_name)
    _operation(f"GET content of {_name}", "read-content", "/contents/file", may_read(_of(_name)), 200, of=_name)
    _operation(f"GET versions of {_name}", "versions", "/versions", may_read(_of(_name)), 200, of=_name)
    # It tells of nothing where one may not read.
    _operation(f"GET history of {_name}", "history", "/history", lambda asking, place: ALLOWED, 200, of=_name)
for _name in ("folder", "shut"):
    _operation(f"GET {_name}", "read", "", sees(_of(_name)), 200, of=_name)
_operation("GET what was deleted", "read", "", lambda asking, place: _MISSING, 200, of="gone")
for _rest, _offered in (
    ("/actions/validate/digest", "validate-digest"),
    ("/versions/1", "read-version"),
    ("/versions/1/contents/file", "read-version-content"),
    ("/versions/1/actions/validate/digest", "validate-version-digest"),
):
    _operation(f"GET {_rest} of doc", _offered, _rest, may_read(_of("doc")), 200)
    _operation(f"GET {_rest} of what is shut", _offered, _rest, may_read(_of("unseen")), 200, of="unseen")
_on_all("POST a search", "search", f"{BASE}/search", body=lambda at, place: json.dumps(_SEARCH), content_type=JSON)
for _target, _offered in (
    ("/schema/native.json", "schema-as-json"),
    ("/schema/native.xml", "schema-as-xml"),
    ("/schema/native", "schema"),
    ("/permissions", "permissions"),
):
    _on_all(f"GET {_target}", _offered, BASE.removesuffix("/objects") + _target)


# Making


def _new(**said: Any) -> dict[str, Any]:
    stream = {"cid": "c", "fileName": "new.txt", "mimeType": "text/plain"}
    return envelope(of(values(system__objectTypeId="document", Name="new", **said), stream))


def _was_made(send: Send, at: Addresses, place: Place, response: Response) -> bool:
    uuid = response.json["objects"][0]["properties"]["system:objectId"]["value"]
    return send("GET", f"{BASE}/{uuid}/contents/file").body == BODY


def _may_add(name: str) -> Rule:
    """Folders that one may not see are wrong values of a property."""

    def rule(asking: Asking, place: Place) -> Verdict:
        container = getattr(place, name)
        if not asking.sees(container):
            return frozenset({Outcome.NO_PARENT})
        if Right.BIND not in asking.rights(container):
            return frozenset({Outcome.FORBIDDEN})
        return asking.changing(container)

    return rule


_on_all(
    "POST a new object",
    "import",
    BASE,
    may_deliver,
    _was_made,
    body=lambda at, place: form(_new(), part("c", BODY)),
    content_type=FORM,
)
for _name in ("folder", "shut"):
    _on_all(
        f"POST a new object into {_name}",
        "import",
        BASE,
        _may_add(_name),
        _was_made,
        body=lambda at, place, name=_name: form(  # type: ignore[misc]
            _new(system__parentId=at.uuid(getattr(place, name))), part("c", BODY)
        ),
        statuses={Outcome.NO_PARENT: 422},
        content_type=FORM,
    )


# Changing

_CHANGED: Final = json.dumps(envelope(of(values(Name="changed"))))


def _shown(send: Send, at: Addresses, thing: Thing) -> Any:
    return send("GET", at.yuuvis(thing)).json["objects"][0]["properties"]


def _retitles(of: str) -> tuple[Rule, Check]:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = getattr(place, of)
        if what.is_collection and not asking.sees(what):
            return _MISSING
        return asking.needs(what, Right.PROPERTIES) or asking.changing(what)

    return rule, lambda send, at, place, _: _shown(send, at, getattr(place, of))["Name"]["value"] == "changed"


for _name in ("doc", "mine", "unseen", "folder"):
    _rule, _check = _retitles(_name)
    for _method, _offered in (("PATCH", "change"), ("POST", "replace")):
        _operation(
            f"{_method} {_name}", _offered, "", _rule, 200, _check, of=_name, body=lambda at, place: _CHANGED, content_type=JSON
        )


def _some(*names: str, **said: Any) -> Body:
    def body(at: Addresses, place: Place) -> str:
        uuids = [at.uuid(getattr(place, name)) for name in names]
        return json.dumps(envelope(*(of(values(system__objectId=uuid, **said)) for uuid in uuids)))

    return body


def _changes_both(asking: Asking, place: Place) -> Verdict:
    """All or none; of two refusals the first is told."""
    return _retitles("doc")[0](asking, place) or _retitles("unseen")[0](asking, place)


_on_all(
    "PATCH some",
    "change-some",
    BASE,
    _retitles("doc")[0],
    _retitles("doc")[1],
    body=_some("doc", Name="changed"),
    content_type=JSON,
)
_on_all(
    "PATCH some and what is shut",
    "change-some",
    BASE,
    _changes_both,
    _retitles("unseen")[1],
    body=_some("doc", "unseen", Name="changed"),
    content_type=JSON,
)


# Content


def _reads(of: str, body: bytes | None = None) -> Check:
    return lambda send, at, place, _: body is None or send("GET", at.yuuvis(getattr(place, of), "/contents/file")).body == body


for _name in ("doc", "mine", "inner", "unseen"):
    for _method in ("PUT", "POST"):
        _operation(
            f"{_method} content of {_name}",
            f"{_method.lower()}-content",
            "/contents/file",
            replaces(_of(_name)),
            200,
            _reads(_name, BODY),
            of=_name,
            body=lambda at, place: BODY,
            content_type="text/plain",
        )
for _name in ("doc", "unseen"):
    _operation(
        f"POST the first version of {_name} again",
        "restore-version",
        "/versions/1/actions/restore",
        replaces(_of(_name)),
        200,
        _reads(_name),
        of=_name,
    )


def _removes_version(of: str) -> Rule:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = getattr(place, of)
        return asking.needs(what, Right.UNBIND) or asking.writing(what)

    return rule


for _name in ("doc", "unseen"):
    # It has a label, and who could remove it is told so.
    _operation(f"DELETE the first version of {_name}", "delete-version", "/versions/1", _removes_version(_name), 409, of=_name)


# Removing


def _is_gone(of: str) -> Check:
    return lambda send, at, place, _: send("GET", at.yuuvis(getattr(place, of))).status == 404


for _name in ("doc", "mine", "inner", "unseen"):
    _operation(f"DELETE {_name}", "delete", "", removes(_of(_name)), 200, _is_gone(_name), of=_name)


def _each_has_its_result(send: Send, at: Addresses, place: Place, response: Response) -> bool:
    """What was refused is still there for who sees it."""
    (entry,) = response.json["objects"]
    status = entry["options"]["system:deletionResult"]["httpStatusCode"]
    return (send("GET", at.yuuvis(place.doc)).status == 200) == (status not in (200, 404))


_on_all("DELETE some", "delete-some", BASE, shows=_each_has_its_result, body=_some("doc"), content_type=JSON)


# Locks

for _name in ("doc", "mine", "unseen"):
    _operation(f"PATCH a lock on {_name}", "lock", "/contents/native/lock", lock_rule(_name), 204, is_mine(_name), of=_name)
_operation("PATCH no lock", "unlock", "/contents/native/unlock", unlock_rule, 204, is_free)
