"""Request bodies of WebDAV as values (RFC 4918, 14; RFC 2518, 12.12).

Unknown elements are ignored (RFC 4918, 17). What remains must follow the grammar, so that no client takes a guess of
ours for an answer to what it asked.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

from davgate.dav import xml
from davgate.dav.live_properties import (
    ACL,
    AUTO_VERSION,
    CURRENT_USER_PRIVILEGES,
    LIVE_PROPERTIES,
    LOCK_DISCOVERY,
    OF_RIGHTS,
    OF_VERSIONS,
    OWNER,
    QUOTA,
    SYNC_TOKEN,
)
from davgate.dav.typed_properties import is_typed
from davgate.dav.xml import DEFAULT_LIMITS, XmlLimits
from davgate.model.errors import Malformed, TooLarge, UnsupportedBody
from davgate.model.frozen import frozen
from davgate.model.locks import Scope
from davgate.model.properties import PropertyName, PropertyUpdate

MAX_PROPERTIES: Final = 1000
"""Named in one body."""
MAX_NAMES_CHARS: Final = 16 * 1024
"""Of the elements that name them in an answer, where each name comes back once for every resource."""
MAX_UPDATE_CHARS: Final = xml.DEFAULT_LIMITS.body_bytes
"""Of all properties that one PROPPATCH sets, each with the namespaces in scope."""
MAX_LOCKINFO_BYTES: Final = 16 * 1024
MAX_PROPERTYBEHAVIOR_BYTES: Final = 16 * 1024
MAX_OWNER_CHARS: Final = 4096
"""Of the owner of a lock, which every listing of a locked place repeats."""

_LONGEST_CACHED: Final = 4096
_BEGINS_AS_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")


class Form(enum.Enum):
    """The three questions of PROPFIND (RFC 4918, 14.20)."""

    ALLPROP = "allprop"
    PROPNAME = "propname"
    PROP = "prop"


@dataclass(frozen=True)
class PropfindRequest:
    """What a PROPFIND asks for. ``names`` are those asked for with PROP, or included beside ALLPROP, each once.

    What follows from them is found out once, for a request is asked again and again.
    """

    form: Form
    names: tuple[PropertyName, ...] = ()

    @cached_property
    def wants_locks(self) -> bool:
        """Whether the answer shows which locks stand."""
        return self.form is Form.ALLPROP or LOCK_DISCOVERY in self.names

    @cached_property
    def wants_quota(self) -> bool:
        """Whether the answer shows quota, or that there is some."""
        return self.form is Form.PROPNAME or not QUOTA.isdisjoint(self.names)

    @cached_property
    def wants_version_facts(self) -> bool:
        """Whether the answer shows what only the versions of documents tell, not their rows."""
        return not OF_VERSIONS.isdisjoint(self.names)

    @cached_property
    def wants_version_policy(self) -> bool:
        """Whether the answer shows how many saves make a version."""
        return AUTO_VERSION in self.names

    @cached_property
    def wants_sync_token(self) -> bool:
        """Whether the answer shows the state that collections are in (RFC 6578, 4)."""
        return SYNC_TOKEN in self.names

    @cached_property
    def wants_rights(self) -> bool:
        """Whether the answer depends on what the one who asks may do with each resource."""
        return self.form is not Form.PROP or not OF_RIGHTS.isdisjoint(self.names)

    @cached_property
    def wants_privileges(self) -> bool:
        """Whether the answer shows what the one who asks may do."""
        return CURRENT_USER_PRIVILEGES in self.names

    @cached_property
    def wants_owners(self) -> bool:
        """Whether the answer shows who made what."""
        return OWNER in self.names

    @cached_property
    def wants_acls(self) -> bool:
        """Whether the answer shows who was granted what."""
        return ACL in self.names

    @cached_property
    def wants_dead_properties(self) -> bool:
        """Whether the answer may have dead properties; with PROP only those of ``dead_names``."""
        return self.form is not Form.PROP or not LIVE_PROPERTIES.keys() >= frozenset(self.names)

    @cached_property
    def wants_typed_properties(self) -> bool:
        """Whether the answer may have typed metadata; with allprop that which is included by name."""
        return self.form is Form.PROPNAME or (self.wants_dead_properties and any(map(is_typed, self.names)))

    @cached_property
    def dead_names(self) -> tuple[PropertyName, ...]:
        """The names asked for that can only be dead properties, or typed metadata, which is written as they are."""
        return tuple(name for name in self.names if name not in LIVE_PROPERTIES)


ALLPROP: Final = PropfindRequest(Form.ALLPROP)
"""What an empty body asks for (RFC 4918, 9.1)."""

BRIEF_ALLPROP: Final = PropfindRequest(
    Form.PROP,
    tuple((xml.DAV, local) for local in ("resourcetype", "creationdate", "getcontentlength", "getlastmodified", "getetag")),
)
"""What file managers show, for the client that cannot read a long answer: Explorer gives up on a folder above a million
bytes, and asks for all. To be answered in the minimal form."""


@frozen
class LockRequest:
    """What a LOCK with a body asks for. ``owner`` is XML content to be pasted into ``DAV:owner``; it may be empty."""

    scope: Scope
    owner: str


def parse_propfind(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> PropfindRequest:
    """Return what a PROPFIND asks for; an empty body asks for all properties.

    Clients repeat a handful of bodies, so small ones are parsed once.

    Raises:
        Malformed: not XML, or neither allprop, propname nor prop.
        TooLarge: see ``xml.parse``.

    Source: RFC 4918, 9.1 and 14.20.
    """
    if not body:
        return ALLPROP
    return _cached_propfind(body, limits) if len(body) <= _LONGEST_CACHED else _propfind(body, limits)


def _propfind(body: bytes, limits: XmlLimits) -> PropfindRequest:
    root = root_of(body, "propfind", limits)
    questions = xml.children(root, *(form.value for form in Form))
    if len(questions) != 1:
        raise Malformed("A propfind body has exactly one of allprop, propname and prop. Send one of them.")
    form = next(form for form in Form if xml.is_dav(questions[0], form.value))
    match form:
        case Form.PROP:
            return PropfindRequest(form, names_in(questions))
        case Form.ALLPROP:
            return PropfindRequest(form, names_in(xml.children(root, "include")))
        case Form.PROPNAME:
            return PropfindRequest(form)


_cached_propfind = lru_cache(maxsize=256)(_propfind)


def parse_proppatch(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> tuple[PropertyUpdate, ...]:
    """Return the instructions of a PROPPATCH in document order, at least one.

    The text of a property is its whole element with the ``xml:lang`` in scope, fit to be pasted into any answer.

    Raises:
        Malformed: not XML, or nothing to set or remove.
        TooLarge: see ``xml.parse``; or the properties have more than ``MAX_UPDATE_CHARS`` together.

    Source: RFC 4918, 9.2, 14.19 and 4.3.
    """
    root = root_of(body, "propertyupdate", limits)
    updates: list[PropertyUpdate] = []
    chars = 0
    for instruction in xml.children(root, "set", "remove"):
        sets = xml.is_dav(instruction, "set")
        for element in _properties(xml.children(instruction, "prop")):
            name = xml.name_of(element)
            text = xml.standalone(element) if sets else None
            # Each property repeats the namespaces in scope, so that a small body becomes a large one.
            chars += len(text or "")
            if chars > MAX_UPDATE_CHARS:
                raise TooLarge(f"The properties have more than {MAX_UPDATE_CHARS} characters. Set fewer at once.")
            updates.append(PropertyUpdate(name, text))
            _check_count(updates)
    if not updates:
        raise Malformed("A propertyupdate body has set or remove with a prop and a property in it. Name one.")
    return tuple(updates)


def parse_lockinfo(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> LockRequest:
    """Return what a LOCK asks for. A LOCK without a body is a refresh and does not come here.

    A client sends the same body for each document, so small ones are parsed once.

    Raises:
        Malformed: not XML, no scope or two, not a write lock, or an owner above ``MAX_OWNER_CHARS``.
        TooLarge: more than ``MAX_LOCKINFO_BYTES``.

    Source: RFC 4918, 9.10 and 14.11.
    """
    return _cached_lockinfo(body, limits) if len(body) <= _LONGEST_CACHED else _lockinfo(body, limits)


def _lockinfo(body: bytes, limits: XmlLimits) -> LockRequest:
    root = root_of(body, "lockinfo", replace(limits, body_bytes=MAX_LOCKINFO_BYTES))
    types = [kind for holder in xml.children(root, "locktype") for kind in holder]
    if not types or not all(xml.is_dav(kind, "write") for kind in types):
        raise Malformed("A lockinfo body has the locktype write, the only one there is. Send it.")
    scopes = [scope for holder in xml.children(root, "lockscope") for scope in Scope if xml.children(holder, scope.value)]
    if len(scopes) != 1:
        raise Malformed("A lockinfo body has exactly one lockscope, exclusive or shared. Send one of them.")
    owner = "".join(map(xml.content_of, xml.children(root, "owner")[:1]))
    if len(owner) > MAX_OWNER_CHARS:
        raise Malformed(f"The owner of a lock has at most {MAX_OWNER_CHARS} characters. Send a shorter one.")
    return LockRequest(scopes[0], owner)


_cached_lockinfo = lru_cache(maxsize=256)(_lockinfo)


def parse_propertybehavior(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> None:
    """Refuse a COPY or MOVE with a body that asks for something; old clients say in one how properties are to go along.

    Nothing follows from what it says: live properties are as live at the destination (keepalive), and no property that could
    not go along would hinder the rest (omit).

    Raises:
        Malformed: not XML, or not exactly one of omit and keepalive, the latter with an asterisk or addresses of properties.
        TooLarge: more than ``MAX_PROPERTYBEHAVIOR_BYTES``.
        UnsupportedBody: another element, or none.

    Source: RFC 2518, 8.8.2, 8.9.2 and 12.12; RFC 4918, 8.4.
    """
    if not body:
        return
    # What is no XML at all is a body of another kind, and not a broken one of this.
    is_xml = _BEGINS_AS_XML.match(body) is not None
    root = xml.parse(body, replace(limits, body_bytes=MAX_PROPERTYBEHAVIOR_BYTES)) if is_xml else None
    if root is None or not xml.is_dav(root, "propertybehavior"):
        raise UnsupportedBody("COPY and MOVE take no body here but a propertybehavior. Send none.")
    said = xml.children(root, "omit", "keepalive")
    if len(said) != 1:
        raise Malformed("A propertybehavior body has exactly one of omit and keepalive. Send one of them.")
    if xml.is_dav(said[0], "keepalive") and not xml.children(said[0], "href") and (said[0].text or "").strip() != "*":
        raise Malformed("A keepalive has an asterisk or the addresses of properties in it. Send one of these.")


def root_of(body: bytes, local: str, limits: XmlLimits) -> xml.Element:
    """Return the root of a body that has to be this element.

    Raises:
        Malformed, TooLarge: see ``xml.parse``; or it is another one.
    """
    root = xml.parse(body, limits)
    if not xml.is_dav(root, local):
        raise Malformed(f"The body is not a {local} element in the namespace DAV:. Send one.")
    return root


def names_in(holders: Iterable[xml.Element]) -> tuple[PropertyName, ...]:
    """Return the properties that some elements name, each once.

    Raises:
        Malformed: see ``check_names``; or a name that no answer could repeat.
    """
    names = dict.fromkeys(xml.name_of(element) for element in _properties(holders))
    check_names(names)
    return tuple(names)


def check_names(names: Collection[PropertyName]) -> None:
    """Refuse names that would make an answer too large.

    Raises:
        Malformed: they are more than ``MAX_PROPERTIES``, or take more than ``MAX_NAMES_CHARS``.
    """
    _check_count(names)
    if sum(len(xml.empty_element(name)) for name in names) > MAX_NAMES_CHARS:
        raise Malformed(f"The names of the properties take more than {MAX_NAMES_CHARS} characters. Name fewer in one request.")


def _properties(holders: Iterable[xml.Element]) -> Iterable[xml.Element]:
    return (element for holder in holders for element in holder)


def _check_count(properties: Collection[object]) -> None:
    if len(properties) > MAX_PROPERTIES:
        raise Malformed(f"The body names more than {MAX_PROPERTIES} properties. Name fewer in one request.")
