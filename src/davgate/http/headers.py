"""Values of headers: text in, typed values out, and back.

Each ``parse_x`` takes the text of one header as WSGI hands it over, and raises ``Malformed`` with a sentence that says
what to send. Lock tokens are bare inside davgate and decorated on the wire; both are read everywhere. Every expression
takes time in proportion to the length of the header, whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias

from davgate.http.dates import parse_http_date
from davgate.http.targets import DEFAULT_LIMITS, Target, parse_reference
from davgate.model.conditions import (
    ANY,
    ELSEWHERE,
    NO_CONDITIONS,
    Conditions,
    Elsewhere,
    EntityTag,
    IfList,
    StateToken,
    Tags,
)
from davgate.model.errors import Malformed, OtherServer
from davgate.model.instant import Instant
from davgate.model.locks import Depth
from davgate.model.names import PathLimits
from davgate.model.paths import TreePath
from davgate.model.places import parse_place

TagResolver: TypeAlias = Callable[[str], TreePath | Elsewhere | None]
"""Maps the resource tag of an If list to a place, to None if it is the request's own."""

EVERY_DEPTH: Final = tuple(Depth)

INFINITE: Final = timedelta.max
"""A timeout that asks for no end."""

MAX_IF_CHARS: Final = 16_384
MAX_IF_LISTS: Final = 128
"""Each tagged list may cost a look into the tree."""

_TAG = r'(?:W/)?"[^"]*"'
_LISTED_TAG = re.compile(rf'[ \t]*+({_TAG}|[^\s,"*]+)?[ \t]*(?:,|\Z)')
_CONDITION = rf'(?:(?i:not)[ \t]*+)?(?:<[^<>\s]+>|\[[ \t]*+(?:{_TAG}|[^]"\s]+)[ \t]*+\])'
# The list is no possessive group: before Python 3.11.5 such a group may match wrongly (gh-106052).
_IF_PART = re.compile(rf"[ \t]*+(?:<(?P<tag>[^<>\s]+)>|\((?P<list>(?:[ \t]*+{_CONDITION})+)[ \t]*+\))")
_CUT_OFF_LIST = re.compile(r'[ \t]*+\([^()"[]*+\[[ \t]*+(?:W/)?"[^"]*+')
_IF_CONDITION = re.compile(rf'((?i:not)[ \t]*+)?(?:<([^<>]+)>|\[[ \t]*+({_TAG}|[^]"\s]+)[ \t]*+\])')
_TOKEN_DECORATION = re.compile(r"(?i:opaquelocktoken|urn:uuid):")
_LOCK_TOKEN = re.compile(r"<([^<>\s]+)>|([^<>\s]+)")
_TIMEOUT_SECONDS = re.compile(r"(?i:second)-([0-9]{1,10})")
_DIGITS = re.compile(r"[0-9]{1,18}")

_LONGEST_TIMEOUT: Final = 2**32 - 1


def parse_depth(value: str | None, default: Depth, allowed: Sequence[Depth] = EVERY_DEPTH) -> Depth:
    """Return how far the request reaches; ``allowed`` are the values that its method knows.

    Source: RFC 4918, 10.2.
    """
    if value is None:
        return default
    text = value.strip().lower()
    for depth in allowed:
        if text == depth.value:
            return depth
    raise Malformed(f"This Depth is not known here. Send one of: {', '.join(depth.value for depth in allowed)}.")


def parse_overwrite(value: str | None) -> bool:
    """Return whether COPY or MOVE may replace what is at the destination; absent means yes.

    Source: RFC 4918, 10.6.
    """
    match value.strip().upper() if value is not None else "T":
        case "T":
            return True
        case "F":
            return False
    raise Malformed("The Overwrite header is neither T nor F. Send one of them.")


def parse_timeout(value: str | None) -> timedelta | None:
    """Return the span asked for by the first value that is understood, or None when there is none; INFINITE is a span.

    Nothing in this header is an error: the server chooses the span in any case.

    Source: RFC 4918, 10.7.
    """
    for part in value.split(",") if value else ():
        text = part.strip()
        if text.lower() == "infinite":
            return INFINITE
        found = _TIMEOUT_SECONDS.fullmatch(text)
        if found and int(found[1]) <= _LONGEST_TIMEOUT:
            return timedelta(seconds=max(1, int(found[1])))
    return None


def parse_length(value: str, header: str) -> int:
    """Return a number of bytes, as Content-Length and X-Expected-Entity-Length carry it."""
    if _DIGITS.fullmatch(value.strip()):
        return int(value)
    raise Malformed(f"The {header} header is not a number of bytes. Send decimal digits alone.")


def prefers(value: str | None, preference: str) -> bool:
    """Tell whether a Prefer header has a preference, such as ``return=minimal``. What cannot be read is none.

    Source: RFC 7240, 2.
    """
    if value is None:
        return False
    return any("".join(one.partition(";")[0].split()).replace('"', "").lower() == preference for one in value.split(","))


def parse_tags(value: str, header: str) -> Tags:
    """Return the entity tags of If-Match or If-None-Match, quoted; some clients forget the quotes.

    Source: RFC 9110, 13.1.1 and 13.1.2.
    """
    if value.strip() == "*":
        return ANY
    tags, at = [], 0
    while at < len(value):
        found = _LISTED_TAG.match(value, at)
        if found is None:
            break
        if found[1]:
            tags.append(_quoted(found[1]))
        at = found.end()
    if at < len(value) or not tags:
        raise Malformed(f'The {header} header has no list of entity tags. Send * or tags in quotes, such as "0a1b".')
    return tuple(tags)


def parse_lock_token(value: str | None) -> str:
    """Return the bare token of a Lock-Token header; some Windows clients forget the angle brackets.

    Source: RFC 4918, 10.5.
    """
    found = _LOCK_TOKEN.fullmatch(value.strip()) if value is not None else None
    if found is None:
        raise Malformed("A lock token is needed. Send Lock-Token: <opaquelocktoken:...>, as the answer to LOCK had it.")
    return bare_token(found[1] or found[2])


def bare_token(uri: str) -> str:
    """Return a state token without the scheme that a door prints before it; any other token stays as it is."""
    found = _TOKEN_DECORATION.match(uri)
    return uri[found.end() :] if found else uri


def parse_if(value: str, resolve_tag: TagResolver) -> tuple[IfList, ...]:
    """Return the lists of an If header, all tagged or all untagged.

    Raises:
        Malformed: outside the grammar, or above the limits.

    Source: RFC 4918, 10.4.2.
    """
    text = value.strip()
    if len(text) > MAX_IF_CHARS:
        raise Malformed(f"The If header has more than {MAX_IF_CHARS} characters. Name fewer locks in one request.")
    lists: list[IfList] = []
    resource: TreePath | Elsewhere | None = None
    at, list_must_follow, is_tagged = 0, True, False
    while at < len(text):
        found = _IF_PART.match(text, at)
        if found is None:
            # Deviates from RFC 4918, 10.4.2: a last list that ends within an entity tag is left out. Programs with a
            # buffer of fixed size (litmus: 200 bytes) cut the header there when tags are as long as ours. Lists are
            # alternatives, so that without one of them a request can only be refused that would have passed.
            if not list_must_follow and _CUT_OFF_LIST.fullmatch(text, at):
                at = len(text)
            break
        if found["list"]:
            lists.append(IfList(resource, tuple(_if_conditions(found["list"]))))
            list_must_follow = False
        elif (lists and not is_tagged) or (list_must_follow and is_tagged):
            break
        else:
            resource = resolve_tag(found["tag"])
            list_must_follow = is_tagged = True
        at = found.end()
    if at < len(text) or list_must_follow:
        raise Malformed(
            f"The If header cannot be understood from character {at + 1} on. Send lists in parentheses, all with a"
            " resource before them or none, such as: (<opaquelocktoken:...>)."
        )
    if len(lists) > MAX_IF_LISTS:
        raise Malformed(f"The If header has more than {MAX_IF_LISTS} lists. Name fewer locks in one request.")
    return tuple(lists)


def _if_conditions(text: str) -> Iterator[StateToken | EntityTag]:
    for found in _IF_CONDITION.finditer(text):
        negated = found[1] is not None
        yield StateToken(bare_token(found[2]), negated) if found[2] else EntityTag(_quoted(found[3]), negated)


def tag_resolver(*, authority: str, mount: str, own: Target | None = None, limits: PathLimits = DEFAULT_LIMITS) -> TagResolver:
    """Return what maps the resource tags of an If header to places below ``mount``; see ``parse_reference``.

    ``own`` is what the request names. A tag may name it, too, and in the folders that show the past by several names: it is
    known there what the request is about, and of nothing else.
    """
    own_place = None if own is None else parse_place(own.path)

    def resolve(uri: str) -> TreePath | Elsewhere | None:
        named = parse_reference(uri, authority=authority, mount=mount, limits=limits)
        if named is ELSEWHERE:
            return named
        return None if own_place is not None and parse_place(named.path) == own_place else named.path

    return resolve


def own_or_drive_resolver(own: Target, *, authority: str, mount: str, drive_mount: str, limits: PathLimits) -> TagResolver:
    """Return what maps resource tags for a door beside the drive: its own address, or a place on the drive.

    ``own`` is what the request names below ``mount``. A door beside the drive cannot tell what its other addresses stand for
    before it asks the store; they count as elsewhere.
    """

    def resolve(uri: str) -> TreePath | Elsewhere | None:
        named = parse_reference(uri, authority=authority, mount=mount, limits=limits)
        if named is not ELSEWHERE and named.path == own.path:
            return None
        place = parse_reference(uri, authority=authority, mount=drive_mount, limits=limits)
        return place if place is ELSEWHERE else place.path

    return resolve


def parse_destination(value: str | None, *, authority: str, mount: str, limits: PathLimits = DEFAULT_LIMITS) -> Target:
    """Return where COPY or MOVE goes; see ``parse_reference``.

    Raises:
        OtherServer: another host, or outside this mount (RFC 4918, 9.8.5 and 9.9.4).
        Malformed, InvalidName, NameTooLong: see ``parse_target``.

    Source: RFC 4918, 10.3.
    """
    if value is None:
        raise Malformed("COPY and MOVE need a Destination header. Send the new address in it.")
    place = parse_reference(value.strip(), authority=authority, mount=mount, limits=limits)
    if place is ELSEWHERE:
        raise OtherServer
    return place


def conditions_from(environ: Mapping[str, Any], resolve_tag: TagResolver) -> Conditions:
    """Return all conditions of a request. A date that cannot be read is no condition (RFC 9110, 13.1.3 and 13.1.4).

    Raises:
        Malformed: a list of tags or an If header outside its grammar.
    """
    get = environ.get
    if_lists, if_match, if_none_match = get("HTTP_IF"), get("HTTP_IF_MATCH"), get("HTTP_IF_NONE_MATCH")
    since, unmodified = get("HTTP_IF_MODIFIED_SINCE"), get("HTTP_IF_UNMODIFIED_SINCE")
    if if_lists is if_match is if_none_match is since is unmodified is None:
        return NO_CONDITIONS
    return Conditions(
        if_match=None if if_match is None else parse_tags(if_match, "If-Match"),
        if_none_match=None if if_none_match is None else parse_tags(if_none_match, "If-None-Match"),
        if_modified_since=_date_or_none(since),
        if_unmodified_since=_date_or_none(unmodified),
        if_lists=() if if_lists is None else parse_if(if_lists, resolve_tag),
    )


def _date_or_none(value: str | None) -> Instant | None:
    try:
        return None if value is None else parse_http_date(value)
    except Malformed:
        return None


def _quoted(tag: str) -> str:
    if tag.endswith('"'):
        return tag
    return f'W/"{tag[2:]}"' if tag.startswith("W/") else f'"{tag}"'


def lock_token_uri(token: str) -> str:
    """Return a bare lock token as the drive prints it (RFC 4918, 6.5 and appendix C)."""
    return f"opaquelocktoken:{token}"
