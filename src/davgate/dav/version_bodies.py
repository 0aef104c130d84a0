"""Request bodies of the methods that make and mark versions, as values (RFC 3253, 3.5, 4 and 8)."""

from __future__ import annotations

import enum
from typing import Final

from davgate.dav import xml
from davgate.dav.bodies import root_of
from davgate.dav.xml import DEFAULT_LIMITS, XmlLimits
from davgate.model.errors import Malformed, UnsupportedBody
from davgate.model.frozen import frozen

MAX_COMMENT_CHARS: Final = 4096
"""Of the comment on a version."""


@frozen
class CheckInRequest:
    """What a CHECKIN asks for. ``comment`` is for the new version, from an element for which the RFC leaves room."""

    comment: str = ""
    keep_checked_out: bool = False


class LabelAct(enum.Enum):
    """What a LABEL does with a label: give a version a new one, move one to it from any other, or take one away."""

    ADD = "add"
    SET = "set"
    REMOVE = "remove"


@frozen
class LabelRequest:
    """What a LABEL asks for."""

    act: LabelAct
    label: str


def parse_version_control(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> None:
    """Refuse a VERSION-CONTROL with a body that asks for more than that a document be under version control.

    Raises:
        Malformed, TooLarge: see ``xml.parse``.
        UnsupportedBody: it names a version to begin with.

    Source: RFC 3253, 3.5 and 6.7.
    """
    if body and xml.children(root_of(body, "version-control", limits), "version"):
        raise UnsupportedBody("A document is not made from a version of another one here. Copy the version instead.")


def parse_checkout(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> None:
    """Refuse a CHECKOUT with a body that asks for a working resource. One that allows forks is taken: none comes about.

    Raises:
        Malformed, TooLarge: see ``xml.parse``.
        UnsupportedBody: it asks for a working resource.

    Source: RFC 3253, 4.3 and 9.3.
    """
    if body and xml.children(root_of(body, "checkout", limits), "apply-to-version"):
        raise UnsupportedBody("There are no working resources here. Check out the document itself.")


def parse_checkin(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> CheckInRequest:
    """Return what a CHECKIN asks for.

    Raises:
        Malformed: not XML, or a comment above ``MAX_COMMENT_CHARS``.
        TooLarge: see ``xml.parse``.

    Source: RFC 3253, 4.4.
    """
    if not body:
        return CheckInRequest()
    root = root_of(body, "checkin", limits)
    comment = "".join(str(text) for element in xml.children(root, "comment")[:1] for text in element.itertext())
    if len(comment) > MAX_COMMENT_CHARS:
        raise Malformed(f"A comment has at most {MAX_COMMENT_CHARS} characters. Send a shorter one.")
    return CheckInRequest(comment, bool(xml.children(root, "keep-checked-out")))


def parse_uncheckout(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> None:
    """Refuse an UNCHECKOUT with a body of another kind.

    Raises:
        Malformed, TooLarge: see ``xml.parse``.

    Source: RFC 3253, 4.5.
    """
    if body:
        root_of(body, "uncheckout", limits)


def parse_label(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> LabelRequest:
    """Return what a LABEL asks for.

    Raises:
        Malformed: not XML, or not exactly one of add, set and remove with one label-name in it.
        TooLarge: see ``xml.parse``.

    Source: RFC 3253, 8.2.
    """
    root = root_of(body, "label", limits)
    acts = xml.children(root, *(act.value for act in LabelAct))
    names = [name for act in acts for name in xml.children(act, "label-name")]
    if len(acts) != 1 or len(names) != 1:
        raise Malformed("A label body has exactly one of add, set and remove, with one label-name in it. Send one of them.")
    return LabelRequest(next(act for act in LabelAct if xml.is_dav(acts[0], act.value)), names[0].text or "")
