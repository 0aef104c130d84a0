"""What the scopes of a token open in this door: the documents of one type each, to read and to change; here and nowhere else.

Whoever signed in otherwise, or with a token that is not restricted or has a scope of all doors, may do with all documents what
their rights and that scope allow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from davgate.core.store import Context
from davgate.model.errors_of_sign_in import InsufficientScope
from davgate.model.rights import EDITOR, NO_RIGHTS, Right

ALL: Final = "okd:alldocuments"
"""The scope for all types, which is one of all doors (``model.rights``)."""

OPENS: Final = {
    "okd:examdocuments": "examination",
    "okd:examendocuments": "examination",
    "okd:bpvdocuments": "bpv",
    "okd:bpvdocument": "bpv",
    "okd:graduationdocuments": "graduation",
    "okd:enrollmentderollment": "enrollment",
    "okd:inuitschrijven": "enrollment",
}
"""The document type that each narrower scope opens. ``okd:destroyednotification`` and ``okd:studentinfo`` open nothing here."""


_NOTHING: Final[frozenset[str]] = frozenset()


def narrowed_to(ctx: Context) -> frozenset[str] | None:
    """Return the types of documents to which a request is restricted; None when it may see those of any."""
    who = ctx.principal
    if who.scopes is None or Right.READ in who.scope.rights:
        return None
    return _opened(ctx)


def for_looking_up(ctx: Context) -> Context:
    """Return the request as it may look for a document whose type is not known yet: by the most that any scope allows."""
    return _with(ctx, EDITOR) if _opened(ctx) else ctx


def for_type(ctx: Context, document_type: str | None) -> Context:
    """Return the request with what its token allows to do with documents of a type.

    Raises:
        InsufficientScope: nothing.
    """
    allowed = _with(ctx, EDITOR) if document_type in _opened(ctx) else ctx
    if allowed.principal.scope.rights == NO_RIGHTS:
        raise InsufficientScope([ALL])
    return allowed


def _opened(ctx: Context) -> frozenset[str]:
    said = ctx.principal.scopes
    return frozenset(OPENS[scope] for scope in said if scope in OPENS) if said else _NOTHING


def _with(ctx: Context, rights: Right) -> Context:
    who = ctx.principal
    scope = replace(who.scope, rights=who.scope.rights | rights)
    return replace(ctx, principal=replace(who, scope=scope))
