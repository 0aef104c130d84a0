"""What operations of the matrix are, and those on the drive: each method in all its variants, with the rule that judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from tests.matrix.model import (
    ALLOWED,
    PLACES,
    Asking,
    Outcome,
    Place,
    Right,
    Thing,
    Verdict,
    Whose,
    Zone,
)
from tests.protocol.client import SET_AUTHOR, Response, lockinfo

BODY: Final = b"written by the matrix"
NO_TOKEN: Final = "opaquelocktoken:00000000-0000-4000-8000-000000000000"
ALLPROP: Final = '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'
NAMED: Final = "".join(
    f"<D:{name}/>"
    for name in (
        "displayname getetag getcontentlength lockdiscovery supportedlock owner acl current-user-privilege-set comment"
        " creator-displayname version-name label-name-set version-history checked-in checked-out predecessor-set"
        " resource-id sync-token supported-report-set principal-URL current-user-principal"
    ).split()
)
EVERYTHING: Final = f'<D:propfind xmlns:D="DAV:"><D:prop>{NAMED}<X:secret xmlns:X="urn:x"/></D:prop></D:propfind>'
VERSION_TREE: Final = f'<D:version-tree xmlns:D="DAV:"><D:prop>{NAMED}</D:prop></D:version-tree>'
EXPAND: Final = (
    '<D:expand-property xmlns:D="DAV:"><D:property name="owner"><D:property name="displayname"/></D:property>'
    '<D:property name="version-history"><D:property name="version-set"><D:property name="comment"/>'
    '<D:property name="label-name-set"/><D:property name="creator-displayname"/></D:property></D:property>'
    '<D:property name="lockdiscovery"/><D:property name="checked-in"><D:property name="comment"/></D:property>'
    "</D:expand-property>"
)
SYNC: Final = (
    '<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>infinite</D:sync-level>'
    f"<D:prop>{NAMED}</D:prop></D:sync-collection>"
)
LABEL: Final = '<D:label xmlns:D="DAV:"><D:add><D:label-name>given</D:label-name></D:add></D:label>'


class Addresses(Protocol):
    """Where things are in one store, as a door names them; ``tokens`` are those of the locks that affect things."""

    root: str
    host: str

    def of(self, thing: Thing) -> str: ...
    def version(self, thing: Thing) -> str: ...
    def versions(self, thing: Thing) -> str: ...
    def past(self, thing: Thing) -> str: ...
    def trash(self, thing: Thing) -> str: ...
    def token(self, thing: Thing) -> str | None: ...
    def etag(self, thing: Thing) -> str: ...
    def okd(self, thing: Thing) -> str: ...
    def gever(self, thing: Thing, *service: str) -> str: ...
    def yuuvis(self, thing: Thing, rest: str = "") -> str: ...
    def dynacase(self, thing: Thing, rest: str = "", *, of: str = "documents") -> str: ...
    def lora(self, thing: Thing) -> str: ...
    def lora_content(self, thing: Thing) -> str: ...
    def uuid(self, thing: Thing) -> str: ...


@dataclass(frozen=True)
class Sending:
    """A request without its sign-in."""

    target: str
    body: bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Send = Callable[..., Response]
Rule = Callable[[Asking, Place], Verdict]
Make = Callable[[Addresses, Place], Sending]
Check = Callable[[Send, Addresses, Place, Response], bool]


@dataclass(frozen=True)
class Operation:
    """One variant of a method: the request, why it may be refused, the status otherwise, and what shows that it was done.

    Without ``shows`` it changes nothing. ``offered`` is the operation of a dialect that it tries, and ``statuses`` how refusals
    look that look otherwise in others of its door.
    """

    name: str
    method: str
    make: Make
    rule: Rule
    success: int
    shows: Check | None = None
    needs_sign_in: bool = True
    offered: str = ""
    statuses: Mapping[Outcome, int] = field(default_factory=dict)


OPEN: Final = PLACES[Zone.OPEN]
OPERATIONS: Final[list[Operation]] = []


def _operation(
    name: str, make: Make, rule: Rule, success: int, shows: Check | None = None, *, needs_sign_in: bool = True
) -> None:
    OPERATIONS.append(Operation(name, name.split()[0], make, rule, success, shows, needs_sign_in))


def judged(*equal: Verdict) -> Verdict:
    """Return all of some reasons of one rank: which of them is told first the design leaves open."""
    return frozenset().union(*equal)


UNMET: Final[Verdict] = frozenset({Outcome.UNMET})


# What shows that something was done


def _reads(thing: Callable[[Place], Thing], body: bytes = BODY) -> Check:
    def check(send: Send, at: Addresses, place: Place, _: Response) -> bool:
        response = send("GET", at.of(thing(place)))
        return response.status == 200 and response.body == body

    return check


def _is_there(thing: Callable[[Place], Thing], gone: Callable[[Place], Thing] | None = None) -> Check:
    def check(send: Send, at: Addresses, place: Place, _: Response) -> bool:
        is_gone = gone is None or send("GET", at.of(gone(place))).status == 404
        return is_gone and send("PROPFIND", at.of(thing(place)), EVERYTHING, depth="1").status == 207

    return check


def _is_gone(thing: Callable[[Place], Thing]) -> Check:
    return lambda send, at, place, _: send("PROPFIND", at.of(thing(place)), depth="0").status == 404


def _tells(thing: Callable[[Place], Thing], what: bytes, body: str = EVERYTHING, *, method: str = "PROPFIND") -> Check:
    def check(send: Send, at: Addresses, place: Place, _: Response) -> bool:
        return what in send(method, at.of(thing(place)), body, depth="0").body

    return check


def _lacks(thing: Callable[[Place], Thing], what: bytes) -> Check:
    present = _tells(thing, what)
    return lambda send, at, place, response: not present(send, at, place, response)


def _tells_token(thing: Callable[[Place], Thing]) -> Check:
    def check(send: Send, at: Addresses, place: Place, response: Response) -> bool:
        token = response.headers["lock-token"][1:-1].encode()
        return token in send("PROPFIND", at.of(thing(place)), EVERYTHING, depth="0").body

    return check


# Reading


def _reading(
    name: str, where: Callable[[Addresses, Place], str], rule: Rule, success: int, body: str = "", **headers: str
) -> None:
    _operation(name, lambda at, place: Sending(where(at, place), body, headers), rule, success)


def may_read(thing: Callable[[Place], Thing]) -> Rule:
    return lambda asking, place: asking.needs(thing(place), Right.READ)


def sees(thing: Callable[[Place], Thing]) -> Rule:
    return lambda asking, place: ALLOWED if asking.sees(thing(place)) else frozenset({Outcome.MISSING})


for _name in ("doc", "mine", "unseen"):

    def _thing(place: Place, name: str = _name) -> Thing:
        return getattr(place, name)  # type: ignore[no-any-return]

    def _of(at: Addresses, place: Place, thing: Callable[[Place], Thing] = _thing) -> str:
        return at.of(thing(place))

    _reading(f"GET {_name}", _of, may_read(_thing), 200)
    _reading(f"HEAD {_name}", _of, may_read(_thing), 200)
    _reading(f"PROPFIND {_name}", _of, may_read(_thing), 207, EVERYTHING, depth="0")
    _reading(f"REPORT version-tree of {_name}", _of, may_read(_thing), 207, VERSION_TREE)
    _reading(f"REPORT expand-property of {_name}", _of, may_read(_thing), 207, EXPAND)
    _reading(f"VERSION-CONTROL {_name}", _of, may_read(_thing), 200)

_TOP: Final[Callable[[Place], Thing]] = lambda place: place.top  # noqa: E731

_reading("GET the place", lambda at, place: at.of(place.top), sees(_TOP), 200)
_reading("PROPFIND the place", lambda at, place: at.of(place.top), sees(_TOP), 207, EVERYTHING, depth="0")
_reading("PROPFIND the place and members", lambda at, place: at.of(place.top), sees(_TOP), 207, EVERYTHING, depth="1")
_reading("PROPFIND mixed", lambda at, place: at.of(place.mixed), sees(lambda place: place.mixed), 207, EVERYTHING, depth="1")
_reading("PROPFIND shut", lambda at, place: at.of(place.shut), sees(lambda place: place.shut), 207, ALLPROP, depth="1")
_reading("REPORT sync-collection", lambda at, place: at.of(place.top), may_read(_TOP), 207, SYNC)
_reading("PROPFIND .versions", lambda at, place: at.versions(place.top), sees(_TOP), 207, EVERYTHING, depth="1")
_reading("GET a version", lambda at, place: at.version(place.doc), may_read(lambda place: place.doc), 200)
_reading("GET a version of what is shut", lambda at, place: at.version(place.unseen), may_read(lambda place: place.unseen), 200)
_reading("PROPFIND a version", lambda at, place: at.version(place.doc), may_read(lambda p: p.doc), 207, EVERYTHING, depth="0")
_reading("GET of the past", lambda at, place: at.past(place.doc), may_read(lambda place: place.doc), 200)
_reading("GET what is shut of the past", lambda at, place: at.past(place.unseen), may_read(lambda place: place.unseen), 200)
_reading("PROPFIND the past", lambda at, place: at.past(place.mixed), may_read(lambda p: p.mixed), 207, ALLPROP, depth="1")
_reading("GET from the trash", lambda at, place: at.trash(place.gone), may_read(lambda place: place.gone), 200)
_reading("PROPFIND in the trash", lambda at, place: at.trash(place.gone), may_read(lambda p: p.gone), 207, EVERYTHING, depth="0")
_operation("OPTIONS", lambda at, place: Sending(at.of(place.doc)), lambda asking, place: ALLOWED, 200, needs_sign_in=False)


# Writing content


def _content(name: str, thing: Callable[[Place], Thing], success: int, body: bytes = BODY) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        return asking.needs_content(thing(place)) or asking.writing(thing(place))

    _operation(name, lambda at, place: Sending(at.of(thing(place)), body), rule, success, _reads(thing, body))


_content("PUT new", lambda place: place.new, 201)
_content("PUT new in folder", lambda place: place.new_inside, 201)
_content("PUT new and empty", lambda place: place.new, 201, b"")
_content("PUT over doc", lambda place: place.doc, 204)
_content("PUT over mine", lambda place: place.mine, 204)
_content("PUT nothing over doc", lambda place: place.doc, 204, b"")
_content("PUT over what is shut", lambda place: place.unseen, 204)


_STALE: Final = '"0000000000000000000000000000000000000000000000000000000000000000"'


def _conditional(name: str, thing: Callable[[Place], Thing], rights: Rule, body: bytes = b"", **headers: str) -> None:
    """A condition that does not hold is told to those who may, before locks; what is hidden meets none (RFC 9110, 13.1)."""

    def rule(asking: Asking, place: Place) -> Verdict:
        return rights(asking, place) or UNMET

    _operation(name, lambda at, place: Sending(at.of(thing(place)), body, headers), rule, 204)


def _writes(thing: Callable[[Place], Thing]) -> Rule:
    return lambda asking, place: asking.needs_content(thing(place))


_DOC: Final[Callable[[Place], Thing]] = lambda place: place.doc  # noqa: E731
_UNSEEN: Final[Callable[[Place], Thing]] = lambda place: place.unseen  # noqa: E731
_conditional("PUT over doc, stale", _DOC, _writes(_DOC), BODY, if_match=_STALE)
_conditional("PUT over doc, only new", _DOC, _writes(_DOC), BODY, if_none_match="*")
_conditional("PUT over what is shut, only new", _UNSEEN, _writes(_UNSEEN), BODY, if_none_match="*")
_conditional("PUT new, only over", lambda p: p.new, _writes(lambda p: p.new), BODY, if_match="*")
_conditional("DELETE doc, stale", _DOC, lambda asking, place: asking.needs_removal(place.doc), if_match=_STALE)
_conditional("PROPPATCH doc, stale", _DOC, lambda a, p: a.needs(p.doc, Right.PROPERTIES), SET_AUTHOR.encode(), if_match=_STALE)
_conditional("GET doc, stale", _DOC, may_read(_DOC), if_match=_STALE)
_conditional("GET what is shut, stale", _UNSEEN, may_read(_UNSEEN), if_match=_STALE)


def _guesses(name: str, thing: Callable[[Place], Thing]) -> None:
    """A condition on the bytes of something else, guessed, holds for who may read it alone (RFC 4918, 10.4.2)."""

    def make(at: Addresses, place: Place) -> Sending:
        headers = {"if_": f"<{at.host}{at.of(thing(place))}> ([{at.etag(thing(place))}])"}
        return Sending(at.of(OPEN.doc), b"", headers)

    def rule(asking: Asking, place: Place) -> Verdict:
        return asking.needs(OPEN.doc, Right.READ) or (UNMET if asking.needs(thing(place), Right.READ) else ALLOWED)

    _operation(name, make, rule, 200)


_guesses("GET if the bytes of another are as guessed", _DOC)
_guesses("GET if the bytes of what is shut are as guessed", _UNSEEN)


def _is_collection(asking: Asking, thing: Thing) -> Verdict:
    return asking.needs_content(thing) or frozenset({Outcome.NOT_A_DOCUMENT})


_operation("PUT over folder", lambda at, p: Sending(at.of(p.folder), BODY), lambda a, p: _is_collection(a, p.folder), 204)


# Members


def _makes(name: str, thing: Callable[[Place], Thing]) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        made = thing(place)
        if made.is_there:
            if asking.sees(made):
                return frozenset({Outcome.TAKEN})
            return asking.needs_room(made)
        return asking.needs_room(made) or asking.membership(made)

    _operation(name, lambda at, place: Sending(at.of(thing(place))), rule, 201, _is_there(thing))


_makes("MKCOL new", lambda place: place.new)
_makes("MKCOL new in folder", lambda place: place.new_inside)
_makes("MKCOL over folder", lambda place: place.folder)
_makes("MKCOL over shut", lambda place: place.shut)


def removes(thing: Callable[[Place], Thing]) -> Rule:
    return lambda asking, place: asking.needs_removal(thing(place)) or asking.removing(thing(place))


def _removes(name: str, thing: Callable[[Place], Thing]) -> None:
    _operation(name, lambda at, place: Sending(at.of(thing(place))), removes(thing), 204, _is_gone(thing))


_removes("DELETE doc", lambda place: place.doc)
_removes("DELETE mine", lambda place: place.mine)
_removes("DELETE inner", lambda place: place.inner)
_removes("DELETE folder", lambda place: place.folder)
_removes("DELETE mixed", lambda place: place.mixed)
_removes("DELETE shut", lambda place: place.shut)


def _carries(
    name: str,
    source: Callable[[Place], Thing],
    target: Callable[[Place], Thing],
    *,
    onto: bool = False,
    unmet: bool = False,
    **headers: str,
) -> None:
    """COPY or MOVE; a document copied onto a document gives it its content, everything else takes the place (design, 2)."""
    moves = name.startswith("MOVE")

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(at.of(source(place)), b"", {"destination": at.host + at.of(target(place)), **headers})

    def rule(asking: Asking, place: Place) -> Verdict:
        what, there = source(place), target(place)
        gives_content = not moves and not what.is_collection and not there.is_collection
        rights = judged(
            asking.needs_removal(what) if moves else asking.needs(what, Right.READ),
            asking.needs_content(there) if gives_content else asking.needs_place(there),
        )
        if rights or unmet:
            return rights or UNMET
        if gives_content:
            return asking.writing(there)
        leaving = asking.removing(what) if moves else ALLOWED
        return judged(leaving, asking.removing(there) if there.is_there else asking.membership(there))

    _operation(name, make, rule, 204 if onto else 201, _is_there(target, source if moves else None))


for _verb in ("COPY", "MOVE"):
    _carries(f"{_verb} doc to new", lambda place: place.doc, lambda place: place.new)
    _carries(f"{_verb} mine to new in folder", lambda place: place.mine, lambda place: place.new_inside)
    _carries(f"{_verb} doc onto document", lambda place: place.doc, lambda place: place.onto, onto=True)
    _carries(f"{_verb} doc onto folder", lambda place: place.doc, lambda place: place.folder, onto=True)
    _carries(f"{_verb} doc onto mixed", lambda place: place.doc, lambda place: place.mixed, onto=True)
    _carries(f"{_verb} doc onto shut", lambda place: place.doc, lambda place: place.shut, onto=True)
    _carries(f"{_verb} folder to new", lambda place: place.folder, lambda place: place.new)
    _carries(f"{_verb} mixed to new", lambda place: place.mixed, lambda place: place.new)
    _carries(f"{_verb} what is shut to new", lambda place: place.unseen, lambda place: place.new)
    _carries(f"{_verb} doc from here into the open", lambda place: place.doc, lambda _: OPEN.new_inside)
    _carries(f"{_verb} doc from the open to here", lambda _: OPEN.doc, lambda place: place.new_inside)
    _carries(f"{_verb} doc from here onto an open one", lambda place: place.inner, lambda _: OPEN.onto, onto=True)
    _carries(f"{_verb} doc from the open onto one here", lambda _: OPEN.inner, lambda place: place.onto, onto=True)

    _carries(
        f"{_verb} doc onto document, not overwriting", lambda p: p.doc, lambda p: p.onto, onto=True, unmet=True, overwrite="F"
    )
    _carries(f"{_verb} doc onto folder, not overwriting", lambda p: p.doc, lambda p: p.folder, unmet=True, overwrite="F")
    _carries(f"{_verb} doc onto shut, not overwriting", lambda p: p.doc, lambda p: p.shut, unmet=True, overwrite="F")
    _carries(
        f"{_verb} the open doc onto one here, not overwriting", lambda _: OPEN.inner, lambda p: p.onto, unmet=True, overwrite="F"
    )
    _carries(
        f"{_verb} folder of the open onto one here, not overwriting",
        lambda _: OPEN.folder,
        lambda p: p.mixed,
        unmet=True,
        overwrite="F",
    )


def _brings_back(name: str, where: Callable[[Addresses, Place], str], rule: Rule, target: Callable[[Place], Thing]) -> None:
    """COPY out of the past: of what one may read, with the rights to write where it goes."""
    onto = target(OPEN).is_there

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(where(at, place), b"", {"destination": at.host + at.of(target(place))})

    def whole_rule(asking: Asking, place: Place) -> Verdict:
        there = target(place)
        return judged(rule(asking, place), asking.needs_content(there)) or asking.writing(there)

    _operation(name, make, whole_rule, 204 if onto else 201, _is_there(target))


_doc_readable = may_read(lambda place: place.doc)
_gone_readable = may_read(lambda place: place.gone)
_brings_back("COPY a version onto its document", lambda at, p: at.version(p.doc), _doc_readable, lambda p: p.doc)
_brings_back("COPY a version to new", lambda at, p: at.version(p.doc), _doc_readable, lambda p: p.new)
_brings_back("COPY a version into the open", lambda at, p: at.version(p.doc), _doc_readable, lambda _: OPEN.new_inside)
_brings_back("COPY the past to new", lambda at, p: at.past(p.doc), _doc_readable, lambda p: p.new)
_brings_back("COPY the past onto document", lambda at, p: at.past(p.doc), _doc_readable, lambda p: p.onto)
_brings_back("COPY the past into the open", lambda at, p: at.past(p.doc), _doc_readable, lambda _: OPEN.new_inside)
_brings_back("COPY what was deleted to new", lambda at, p: at.trash(p.gone), _gone_readable, lambda p: p.new)
_brings_back("COPY what was deleted onto document", lambda at, p: at.trash(p.gone), _gone_readable, lambda p: p.onto)


def _restores(name: str, target: Callable[[Place], Thing]) -> None:
    """MOVE out of the trash: the rights of a move from where it was, as far as they are rights on the thing itself."""

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(at.trash(place.gone), b"", {"destination": at.host + at.of(target(place))})

    def rule(asking: Asking, place: Place) -> Verdict:
        there = target(place)
        return judged(asking.needs(place.gone, Right.UNBIND), asking.needs_place(there)) or asking.membership(there)

    _operation(name, make, rule, 201, _is_there(target))


_restores("MOVE out of the trash", lambda place: place.new)
_restores("MOVE out of the trash into the open", lambda _: OPEN.new_inside)


# Properties, labels and check-outs


def _sets(name: str, thing: Callable[[Place], Thing]) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        return asking.needs(thing(place), Right.PROPERTIES) or asking.changing(thing(place))

    named = '<D:propfind xmlns:D="DAV:"><D:prop><X:author xmlns:X="urn:x"/></D:prop></D:propfind>'
    _operation(name, lambda at, p: Sending(at.of(thing(p)), SET_AUTHOR), rule, 207, _tells(thing, b">Ann<", named))


_sets("PROPPATCH doc", lambda place: place.doc)
_sets("PROPPATCH mine", lambda place: place.mine)
_sets("PROPPATCH folder", lambda place: place.folder)
_sets("PROPPATCH what is shut", lambda place: place.unseen)


def _label_rule(asking: Asking, place: Place) -> Verdict:
    taken = frozenset({Outcome.CHECKED_OUT_ALREADY}) if asking.state.taken else ALLOWED
    rights = asking.needs(place.doc, Right.WRITE)
    return rights if Outcome.MISSING in rights else judged(rights, taken)


_operation(
    "LABEL doc",
    lambda at, p: Sending(at.of(p.doc), LABEL),
    _label_rule,
    200,
    _tells(lambda p: p.doc, b">given<", VERSION_TREE, method="REPORT"),
)
_operation(
    "LABEL a version",
    lambda at, p: Sending(at.version(p.doc), LABEL),
    lambda asking, place: asking.needs(place.doc, Right.WRITE),
    200,
    _tells(lambda p: p.doc, b">given<", VERSION_TREE, method="REPORT"),
)


def _check_out_rule(asking: Asking, place: Place) -> Verdict:
    """Somebody else's lock stands in the way; one's own goes on beside the check-out."""
    if refused := asking.needs(place.doc, Right.WRITE | Right.CHECK_OUT):
        return refused
    if asking.state.taken:
        return frozenset({Outcome.CHECKED_OUT_ALREADY})
    return frozenset({Outcome.LOCKED}) if asking.state.lock.whose is Whose.OTHERS else ALLOWED


def check_in_rule(asking: Asking, place: Place) -> Verdict:
    if refused := asking.needs(place.doc, Right.WRITE):
        return refused
    if asking.state.taken is None:
        return frozenset({Outcome.NOT_CHECKED_OUT})
    may_force = Right.MANAGE in asking.rights(place.doc)
    return frozenset({Outcome.CHECKED_OUT}) if asking.state.taken is Whose.OTHERS and not may_force else ALLOWED


def _cancel_rule(asking: Asking, place: Place) -> Verdict:
    """Its holder cancels with the token of a lock, others not while anybody's lock stands on the document."""
    if refused := check_in_rule(asking, place):
        return refused
    lock = asking.state.lock
    if asking.state.taken is Whose.OWN:
        return asking.changing(place.doc)
    return frozenset({Outcome.LOCKED}) if lock.whose and not lock.deep else ALLOWED


def _checks(name: str, rule: Rule, success: int, shows: Check) -> None:
    _operation(name, lambda at, p: Sending(at.of(p.doc)), rule, success, shows)


_checks("CHECKOUT doc", _check_out_rule, 200, _tells(lambda p: p.doc, b"<D:checked-out><D:href>"))
_checks("CHECKIN doc", check_in_rule, 201, _tells(lambda p: p.doc, b"<D:checked-in><D:href>"))
_checks("UNCHECKOUT doc", _cancel_rule, 200, _tells(lambda p: p.doc, b"<D:checked-in><D:href>"))


# Locks


def _locks(name: str, thing: Callable[[Place], Thing], *, scope: str = "exclusive", depth: str = "0", success: int = 200) -> None:
    def rule(asking: Asking, place: Place) -> Verdict:
        what = thing(place)
        if what.is_there and Right.READ in asking.rights(what):
            rights = asking.needs(what, Right.LOCK)
        else:
            rights = asking.needs_room(what)
            if not rights and Right.LOCK not in asking.rights(what):
                rights = frozenset({Outcome.FORBIDDEN})
        if rights:
            return rights
        conflict = asking.locking(what, shared=scope == "shared", deep=depth == "infinity")
        return conflict or (ALLOWED if what.is_there else asking.membership(what))

    def make(at: Addresses, place: Place) -> Sending:
        return Sending(at.of(thing(place)), lockinfo(scope), {"depth": depth})

    _operation(name, make, rule, success, _tells_token(thing))


_locks("LOCK new", lambda place: place.new, success=201)
_locks("LOCK new in folder", lambda place: place.new_inside, success=201)
_locks("LOCK doc", lambda place: place.doc)
_locks("LOCK doc shared", lambda place: place.doc, scope="shared")
_locks("LOCK mine", lambda place: place.mine)
_locks("LOCK folder deep", lambda place: place.folder, depth="infinity")
_locks("LOCK mixed deep", lambda place: place.mixed, depth="infinity")
_locks("LOCK what is shut", lambda place: place.unseen)


def _refreshes(name: str, thing: Callable[[Place], Thing]) -> None:
    def make(at: Addresses, place: Place) -> Sending:
        return Sending(at.of(thing(place)), b"", {"if_": f"(<{at.token(thing(place)) or NO_TOKEN}>) (Not <DAV:no-lock>)"})

    def rule(asking: Asking, place: Place) -> Verdict:
        is_own = asking.state.lock.whose is Whose.OWN
        return asking.needs(thing(place), Right.READ) or (ALLOWED if is_own else frozenset({Outcome.WRONG_REFRESH}))

    _operation(name, make, rule, 200, _tells(thing, b"<D:activelock>"))


_refreshes("LOCK again", lambda place: place.doc)
_refreshes("LOCK mine again", lambda place: place.mine)


def _unlocks(name: str, thing: Callable[[Place], Thing]) -> None:
    def make(at: Addresses, place: Place) -> Sending:
        return Sending(at.of(thing(place)), b"", {"lock_token": f"<{at.token(thing(place)) or NO_TOKEN}>"})

    def rule(asking: Asking, place: Place) -> Verdict:
        what, lock = thing(place), asking.state.lock
        if refused := asking.needs(what, Right.READ):
            return refused
        if lock.whose is None:
            return frozenset({Outcome.WRONG_TOKEN})
        may = lock.whose is Whose.OWN or Right.UNLOCK in asking.rights(place.top if lock.deep else what)
        return ALLOWED if may else frozenset({Outcome.ANOTHERS_LOCK})

    # What another has checked out shows as locked by him.
    def shows(send: Send, at: Addresses, place: Place, _: Response) -> bool:
        told = send("PROPFIND", at.of(thing(place)), EVERYTHING, depth="0").body
        return (at.token(thing(place)) or NO_TOKEN).encode() not in told

    _operation(name, make, rule, 204, shows)


_unlocks("UNLOCK doc", lambda place: place.doc)
_unlocks("UNLOCK mine", lambda place: place.mine)
_unlocks("UNLOCK what is shut", lambda place: place.unseen)
