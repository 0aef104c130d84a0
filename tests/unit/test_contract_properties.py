"""What core promises about dead properties: kept as sent, all changes of a request or none, no version for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders import (
    SettableClock,
    a_collection,
    a_document,
    node_at,
    path,
    put,
    with_policy,
)

from davgate.core import documents, tree
from davgate.core.store import Context, Policy, Store
from davgate.model.errors import ProtectedProperty, QuotaExceeded
from davgate.model.errors_of_versions import NotVersioned
from davgate.model.properties import PropertyUpdate

COLOUR = ("urn:x", "colour")
SIZE = ("urn:x", "size")


def element(name: tuple[str, str], text: str) -> str:
    return f'<x:{name[1]} xmlns:x="{name[0]}">{text}</x:{name[1]}>'


def properties_at(store: Store, ctx: Context, where: str) -> dict[tuple[str, str], str]:
    with tree.listing(store, ctx, path(where), with_members=False, with_properties=True, with_locks=False) as found:
        return found.properties.get(found.node.id, {})


def test_properties_are_kept_as_sent_and_make_no_version(store: Store, ann: Context, clock: SettableClock) -> None:
    before = a_document(store, ann, "/a", b"one")
    clock.advance(timedelta(hours=1))
    value = element(COLOUR, "  r\u00f6t <b>&amp;</b>\U0001f7e5 ")

    documents.patch_properties(store, ann, path("/a"), [PropertyUpdate(COLOUR, value)])

    assert properties_at(store, ann, "/a") == {COLOUR: value}
    assert node_at(store, ann, "/a") == before


def test_properties_of_a_node_have_so_many_bytes_together_and_no_more(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")
    limited = with_policy(store, Policy(property_bytes=200))
    kept = element(COLOUR, "\u00f6" * 50)
    documents.patch_properties(limited, ann, path("/a"), [PropertyUpdate(COLOUR, kept)])

    with pytest.raises(QuotaExceeded):
        documents.patch_properties(limited, ann, path("/a"), [PropertyUpdate(SIZE, element(SIZE, "1" * 50))])
    assert properties_at(store, ann, "/a") == {COLOUR: kept}

    documents.patch_properties(limited, ann, path("/a"), [PropertyUpdate(COLOUR, element(COLOUR, "red"))])
    documents.patch_properties(store, ann, path("/a"), [PropertyUpdate(SIZE, element(SIZE, "1" * 500))])
    # Above a limit that was lowered less can be kept.
    documents.patch_properties(limited, ann, path("/a"), [PropertyUpdate(COLOUR, None)])
    assert set(properties_at(store, ann, "/a")) == {SIZE}


def test_updates_are_applied_in_their_order(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")

    documents.patch_properties(
        store,
        ann,
        path("/a"),
        [
            PropertyUpdate(COLOUR, element(COLOUR, "red")),
            PropertyUpdate(COLOUR, element(COLOUR, "green")),
            PropertyUpdate(SIZE, element(SIZE, "1")),
            PropertyUpdate(SIZE, None),
            PropertyUpdate(("", "never-there"), None),
            PropertyUpdate(("", "plain"), "<plain/>"),
        ],
    )

    assert properties_at(store, ann, "/a") == {COLOUR: element(COLOUR, "green"), ("", "plain"): "<plain/>"}


def test_one_protected_property_refuses_them_all(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one")
    updates = [PropertyUpdate(COLOUR, element(COLOUR, "red")), PropertyUpdate(SIZE, element(SIZE, "1"))]

    with pytest.raises(ProtectedProperty):
        documents.patch_properties(store, ann, path("/a"), updates, protected=frozenset({SIZE}))

    assert properties_at(store, ann, "/a") == {}


def test_collections_have_properties_too(store: Store, ann: Context) -> None:
    a_collection(store, ann, "/f")
    for where in ("/", "/f"):
        documents.patch_properties(store, ann, path(where), [PropertyUpdate(COLOUR, element(COLOUR, where))])

    assert properties_at(store, ann, "/") == {COLOUR: element(COLOUR, "/")}
    assert properties_at(store, ann, "/f") == {COLOUR: element(COLOUR, "/f")}


@pytest.mark.parametrize("where", ["/new.txt", "/~$new.docx"])
def test_what_has_no_version_yet_says_nothing(store: Store, ann: Context, where: str) -> None:
    """A document that waits for its content, and a program's own file: they would say it in a version."""
    put(store, ann, where, b"" if where == "/new.txt" else b"owner")

    dead = [PropertyUpdate(COLOUR, element(COLOUR, "red"))]
    with pytest.raises(NotVersioned):
        documents.patch_properties(store, ann, path(where), dead, decide=lambda said: {"title": "T"})

    assert node_at(store, ann, where).version_no == 0
    documents.patch_properties(store, ann, path(where), dead, decide=lambda said: {})
