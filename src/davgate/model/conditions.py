"""Conditions of a request as data, and whether they hold (RFC 9110, 13; RFC 4918, 10.4).

Parsing is the doors' business (``http.headers``). The binding evaluation happens inside the write transaction, against the state
found there.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import replace

from davgate.model import etag
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.paths import TreePath


class AnyTag(enum.Enum):
    """The ``*`` of If-Match and If-None-Match: whatever is there."""

    ANY = "*"


ANY = AnyTag.ANY
Tags = tuple[str, ...] | AnyTag


@frozen
class StateToken:
    """One condition of an If list: a lock token is among the resource's, or with ``negated`` is not."""

    token: str
    negated: bool = False


@frozen
class EntityTag:
    """One condition of an If list: the resource has this tag, or with ``negated`` has not."""

    tag: str
    negated: bool = False


class Elsewhere(enum.Enum):
    """A tagged resource outside the tree: another host, another mount."""

    ELSEWHERE = "elsewhere"


ELSEWHERE = Elsewhere.ELSEWHERE


@frozen
class IfList:
    """Conditions that must all hold on one resource.

    ``resource`` is None for the resource of the request, a path for a tagged list, and ELSEWHERE for a tag that names nothing
    in this tree; such a list never holds unless all its conditions are negated.
    """

    resource: TreePath | Elsewhere | None
    conditions: tuple[StateToken | EntityTag, ...]


@frozen
class ResourceState:
    """What conditions are held against. An unmapped place has no tag, no date and only the tokens that reach it from above."""

    exists: bool
    etag: str | None = None
    modified_at: Instant | None = None
    tokens: frozenset[str] = frozenset()
    former_etag: str | None = None
    metadata_etag: str | None = None

    def has_tag(self, tag: str, equal: Callable[[str, str], bool]) -> bool:
        """Tell whether a tag is the resource's: of its content, of what is said of it, or one that the same bytes had before."""
        return any(own is not None and equal(tag, own) for own in (self.etag, self.former_etag, self.metadata_etag))


@frozen
class Conditions:
    """All conditions of one request. Dates have whole seconds."""

    if_match: Tags | None = None
    if_none_match: Tags | None = None
    if_modified_since: Instant | None = None
    if_unmodified_since: Instant | None = None
    if_lists: tuple[IfList, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the request is unconditional."""
        return self is NO_CONDITIONS or self == NO_CONDITIONS

    def submitted_tokens(self) -> frozenset[str]:
        """Return every state token that an If list names, in whatever position: naming one submits it (RFC 4918, 10.4.1)."""
        return frozenset(c.token for lst in self.if_lists for c in lst.conditions if isinstance(c, StateToken))


NO_CONDITIONS = Conditions()


class Verdict(enum.Enum):
    """What conditions make of a request."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not modified"
    FAILED = "failed"


def evaluate(
    conditions: Conditions, state: ResourceState, state_at: Callable[[TreePath], ResourceState], *, reading: bool
) -> Verdict:
    """Hold all conditions against the state of the resource, in the order of RFC 9110, 13.2.2, the If lists first.

    ``state_at`` gives the state of a tagged resource; a read-only method answers NOT_MODIFIED where a write fails, and lock
    tokens do not decide about it.
    """
    if conditions.if_lists and not _any_list_holds(conditions.if_lists, state, state_at, reading=reading):
        return Verdict.FAILED
    if conditions.if_match is not None:
        if not _has_tag(conditions.if_match, state, etag.matches_strongly):
            return Verdict.FAILED
    elif conditions.if_unmodified_since is not None and _is_newer(state, conditions.if_unmodified_since):
        return Verdict.FAILED
    if conditions.if_none_match is not None:
        # A read is of one representation: who has what is said of a document has not its content (RFC 9110, 13.1.2).
        own = replace(state, metadata_etag=None) if reading else state
        if _has_tag(conditions.if_none_match, own, etag.matches_weakly):
            return Verdict.NOT_MODIFIED if reading else Verdict.FAILED
    elif reading and conditions.if_modified_since is not None and state.modified_at is not None:
        if not _is_newer(state, conditions.if_modified_since):
            return Verdict.NOT_MODIFIED
    return Verdict.PROCEED


def _has_tag(tags: Tags, state: ResourceState, equal: Callable[[str, str], bool]) -> bool:
    if tags is ANY:
        return state.exists
    return any(state.has_tag(tag, equal) for tag in tags)


def _is_newer(state: ResourceState, date: Instant) -> bool:
    """Compare in whole seconds: an HTTP date has no smaller unit, so the part of a second that it dropped never counts."""
    return state.modified_at is not None and state.modified_at // 1_000_000 > date // 1_000_000


def _any_list_holds(
    lists: tuple[IfList, ...], state: ResourceState, state_at: Callable[[TreePath], ResourceState], *, reading: bool
) -> bool:
    unmapped = ResourceState(exists=False)
    for lst in lists:
        if lst.resource is None:
            there = state
        elif lst.resource is ELSEWHERE:
            there = unmapped
        else:
            there = state_at(lst.resource)
        if all(_holds(condition, there, reading=reading) for condition in lst.conditions):
            return True
    return False


def _holds(condition: StateToken | EntityTag, state: ResourceState, *, reading: bool) -> bool:
    if isinstance(condition, StateToken):
        if reading:
            # Deviates from RFC 4918, 10.4: webdavclient3 sends its lock token with every request, so with the HEAD of the
            # folder too, before it writes. A read needs no lock. tests/live/test_webdavclient3.py
            return True
        found = condition.token in state.tokens
    else:
        found = state.has_tag(condition.tag, etag.matches_strongly)
    return found is not condition.negated
