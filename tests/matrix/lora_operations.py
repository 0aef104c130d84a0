"""What the matrix does through LoRA: each operation that it offers, with the rule by which the model judges it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tests.matrix.model import ALLOWED, PLACES, Asking, Outcome, Place, Right, Thing, Verdict, Zone
from tests.matrix.okd_operations import may_deliver, replaces
from tests.matrix.operations import BODY, Addresses, Check, Operation, Rule, Send, Sending, may_read, removes
from tests.protocol.client import Response
from tests.protocol.lora import BOUNDARY, DOKUMENT, FACET, MOUNT, UNKNOWN, del_, dokument, entry, facet, form, variant

LORA_OPERATIONS: Final[list[Operation]] = []

A_FACET: Final = "f0000000-0000-4000-8000-00000000000a"
"""An object that is no document. Its rights are those in the folder of the door, which are those of the open place."""

_MISSING: Final[Verdict] = frozenset({Outcome.MISSING})
_NEW: Final = PLACES[Zone.OPEN].new
_FORM: Final = {"content_type": f"multipart/form-data; boundary={BOUNDARY}"}
_JSON: Final = {"content_type": "application/json"}
_FILE: Final = (BODY, "new.txt", "text/plain")


def _of(name: str) -> Callable[[Place], Thing]:
    return lambda place: getattr(place, name)


def _operation(
    name: str,
    offered: str,
    target: Callable[[Addresses, Place], str],
    rule: Rule,
    success: int,
    shows: Check | None = None,
    body: bytes | str = b"",
) -> None:
    """An operation; its name begins with the method."""
    headers = {} if not body else _FORM if isinstance(body, bytes) else _JSON

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(target(at, place), body, headers)

    LORA_OPERATIONS.append(Operation(name, name.split()[0], make, rule, success, shows, offered=offered))


def _on(name: str, offered: str, of: str, rule: Rule, success: int, shows: Check | None = None, body: bytes | str = b"") -> None:
    """An operation on a document."""
    _operation(name, offered, lambda at, place: at.lora(getattr(place, of)), rule, success, shows, body)


def _at(
    name: str, offered: str, target: str, rule: Rule, success: int, shows: Check | None = None, body: bytes | str = b""
) -> None:
    """An operation at an address that does not depend on the place."""
    _operation(name, offered, lambda at, place: target, rule, success, shows, body)


def _allowed(asking: Asking, place: Place) -> Verdict:
    return ALLOWED


# Reading

for _name in ("doc", "mine", "unseen"):
    _on(f"GET {_name}", "read", _name, may_read(_of(_name)), 200)
    _on(f"HEAD {_name}", "read", _name, may_read(_of(_name)), 200)
    _operation(
        f"GET content of {_name}",
        "read-content",
        lambda at, place, name=_name: at.lora_content(getattr(place, name)),  # type: ignore[misc]
        may_read(_of(_name)),
        200,
    )
# Who could read it is told that it is deleted.
_on("GET what was deleted", "read", "gone", may_read(_of("gone")), 410)
_on("GET a folder", "read", "folder", lambda asking, place: _MISSING, 200)
_at("GET a search", "list-or-search", f"{DOKUMENT}?bvn=%25", _allowed, 200)
_operation(
    "GET a list", "list-or-search", lambda at, p: f"{DOKUMENT}?uuid={at.uuid(p.doc)}&uuid={at.uuid(p.unseen)}", _allowed, 200
)
for _target, _offered in (
    ("/site-map", "site-map"),
    ("/dokument/classes", "classes"),
    ("/dokument/dokument/fields", "fields"),
    ("/dokument/dokument/schema", "schema"),
):
    _at(f"GET {_target}", _offered, MOUNT + _target, _allowed, 200)


# Making


def _was_made(send: Send, at: Addresses, place: Place, response: Response) -> bool:
    return send("GET", f"{DOKUMENT}/{response.json['uuid']}").status == 200


def _facet_was_made(send: Send, at: Addresses, place: Place, response: Response) -> bool:
    return send("GET", f"{FACET}/{response.json['uuid']}").status in (200, 404)


_DOCUMENT: Final = form(dokument(variant(del_())), f1=_FILE)
_at("POST a document", "create", DOKUMENT, may_deliver, 201, _was_made, _DOCUMENT)
_at("POST a facet", "create", FACET, may_deliver, 201, _facet_was_made, json.dumps(facet("B")))
_at("PUT a new document", "import", f"{DOKUMENT}/{UNKNOWN}", may_deliver, 200, _was_made, _DOCUMENT)


def _imports_onto(asking: Asking, place: Place) -> Verdict:
    """The id of what one may not see is taken."""
    if Right.READ not in asking.rights(place.doc):
        return frozenset({Outcome.TAKEN})
    return asking.needs(place.doc, Right.WRITE) or asking.writing(place.doc)


def _reads(of: str, body: bytes) -> Check:
    # Through another door, which shows the working copy to its holder.
    return lambda send, at, place, _: send("GET", at.okd(getattr(place, of)) + "/download").body == body


_on("PUT doc", "import", "doc", _imports_onto, 200, _reads("doc", BODY), _DOCUMENT)


# Changing


def _titled(**said: Any) -> str:
    return json.dumps({"attributter": {"dokumentegenskaber": [entry("2020-01-01", **said)]}})


def _retitles(of: str) -> Rule:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = getattr(place, of)
        return asking.needs(what, Right.PROPERTIES) or asking.changing(what)

    return rule


def _is_called(of: str) -> Check:
    return lambda send, at, place, _: b'"changed"' in send("GET", at.lora(getattr(place, of))).body


_TITLED: Final = _titled(titel="changed", brugervendtnoegle="b", beskrivelse="", brevdato="2020-01-01", dokumenttype="text/plain")
_UPLOAD: Final = form(
    {"varianter": [variant({"deltekst": "Indhold", "egenskaber": [entry("2020-01-01", indhold="field:f")]}, text="Original")]},
    f=_FILE,
)
for _name in ("doc", "mine", "unseen"):
    _on(f"PATCH title of {_name}", "update", _name, _retitles(_name), 200, _is_called(_name), _TITLED)
for _name in ("doc", "mine", "inner", "unseen"):
    _on(f"PATCH content of {_name}", "update", _name, replaces(_of(_name)), 200, _reads(_name, BODY), _UPLOAD)


# Removing


def _is_gone(of: str) -> Check:
    return lambda send, at, place, _: send("GET", at.lora(getattr(place, of))).status in (404, 410)


for _name in ("doc", "mine", "inner", "unseen"):
    _on(f"DELETE {_name}", "delete", _name, removes(_of(_name)), 202, _is_gone(_name))


# What is no document


def _of_facet(right: Right) -> Rule:
    def rule(asking: Asking, place: Place) -> Verdict:
        held = asking.above(_NEW)
        if Right.READ not in held:
            return _MISSING
        return ALLOWED if right in held else frozenset({Outcome.FORBIDDEN})

    return rule


_PLACE: Final = f"{FACET}/{A_FACET}"
_FACET_CHANGED: Final = json.dumps({"attributter": {"facetegenskaber": [entry(supplement="changed")]}})
_at("GET a facet", "read", _PLACE, _of_facet(Right.READ), 200)
_at(
    "PATCH a facet",
    "update",
    _PLACE,
    _of_facet(Right.PROPERTIES),
    200,
    lambda send, at, place, _: b'"changed"' in send("GET", _PLACE).body,
    _FACET_CHANGED,
)
_at(
    "DELETE a facet", "delete", _PLACE, _of_facet(Right.UNBIND), 202, lambda send, at, place, _: send("GET", _PLACE).status == 410
)
