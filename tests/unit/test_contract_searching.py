"""Searching documents by conditions: on both databases, against a search that looks at every document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import SettableClock, a_collection, a_document, path
from tests.unit.filed import made, rest

from davgate.core import describing, moving, trash
from davgate.core.describing import Described
from davgate.core.objects import Changes, update
from davgate.core.principals import accounts, granting
from davgate.core.searching import Search, search
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Unauthenticated
from davgate.model.metadata import title_of
from davgate.model.node import Node
from davgate.model.principal import PrincipalKind
from davgate.model.query import (
    AllOf,
    AnyOf,
    Condition,
    Contains,
    CreatedAfter,
    CreatedBefore,
    HasUuid,
    MadeBy,
    Not,
    Order,
    Says,
    SaysAnything,
)
from davgate.model.rights import DROP_BOX, READER, Right, Scope
from davgate.model.rights import EVERYTHING as EVERY_RIGHT
from davgate.storage import searching

EVERYTHING = AllOf(())


def found(store: Store, ctx: Context, condition: Condition = EVERYTHING, **wanted: object) -> list[int]:
    """Return the ids of what is found, which is as many as are said to be."""
    page = search(store, rest(ctx), replace(Search(condition), **wanted))  # type: ignore[arg-type]
    assert "most" in wanted or "first" in wanted or page.total == len(page.items)
    return [one.node.id for one in page.items]


# Conditions


@pytest.fixture
def documents(store: Store, ann: Context, bob: Context, clock: SettableClock) -> list[Node]:
    """Documents that differ in what they say."""
    said: list[dict[str, object]] = [
        {"title": "Übung EINS", "x:kind": "a", "x:many": ["one", "two"], "x:yes": True, "x:count": 7},
        {"title": "übung zwei", "x:kind": "b", "description": "Needle " + "x" * 500},
        {"x:kind": "a", "description": "100% of_it"},
        {},
    ]
    made_ones = []
    for no, one in enumerate(said):
        made_ones.append(made(store, bob if no % 2 else ann, name=f"File {no}.txt", **one))
        clock.advance(timedelta(days=1))
    return made_ones


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (EVERYTHING, [0, 1, 2, 3]),
        (AnyOf(()), []),
        (Says("x:kind", "a"), [0, 2]),
        (Says("x:kind", "A"), []),
        (Says("x:kind", ""), []),
        (Says("x:many", "two"), [0]),
        (Says("x:yes", "true"), [0]),
        (Says("x:count", "7"), [0]),
        (SaysAnything("x:kind"), [0, 1, 2]),
        (Not(SaysAnything("x:kind")), [3]),
        (AllOf((Says("x:kind", "a"), Says("x:many", "one"))), [0]),
        (AnyOf((Says("x:kind", "b"), Says("x:many", "one"))), [0, 1]),
        (Not(AnyOf((Says("x:kind", "b"), Says("x:many", "one")))), [2, 3]),
        (Contains("title", "ÜBUNG"), [0, 1]),
        (Contains("title", "file 2"), [2]),
        (Contains("title", "file 0"), []),
        (Contains("title", ""), [0, 1, 2, 3]),
        (Contains("description", "needle"), [1]),
        (Contains("description", "%"), [2]),
        (Contains("description", "f_i"), [2]),
        (Contains("description", "fxi"), []),
        (Contains("x:none", ""), []),
        (Contains("x:count", "7"), [0]),
        (HasUuid("00000000-0000-4000-8000-000000000000"), []),
        (Says("x:kind' OR '1'='1", "a"), []),
        (Contains('x"y', "a"), []),
        (Says("x:kind", "a\0"), []),
        (Contains("title", "\0"), []),
    ],
    ids=repr,
)
def test_condition_finds_what_it_says(
    store: Store, ann: Context, documents: list[Node], condition: Condition, expected: list[int]
) -> None:
    ids = [documents[no].id for no in expected]

    assert found(store, ann, condition) == ids
    assert found(store, ann, condition, descending=True) == ids[::-1]


def test_facts_of_a_document_are_conditions(store: Store, ann: Context, bob: Context, documents: list[Node]) -> None:
    first, second, third, fourth = (one.id for one in documents)

    assert found(store, ann, HasUuid(documents[1].uuid)) == [second]
    assert found(store, ann, MadeBy(bob.principal.id)) == [second, fourth]
    assert found(store, ann, CreatedAfter(documents[1].created_at)) == [third, fourth]
    assert found(store, ann, CreatedBefore(documents[1].created_at)) == [first]


def test_search_goes_by_the_current_version_alone(store: Store, ann: Context, documents: list[Node]) -> None:
    update(store, rest(ann), documents[0].id, Changes(metadata={"x:kind": "c", "title": None}))

    assert found(store, ann, Says("x:kind", "a")) == [documents[2].id]
    assert found(store, ann, Says("x:kind", "c")) == [documents[0].id]
    assert found(store, ann, Contains("title", "file 0")) == [documents[0].id]


# Order and pages


def test_orders(store: Store, ann: Context, documents: list[Node], clock: SettableClock) -> None:
    first, second, third, fourth = (one.id for one in documents)
    update(store, rest(ann), second, Changes(metadata={"x:kind": "z"}))

    assert found(store, ann, order=Order.TITLE) == [third, fourth, first, second]
    assert found(store, ann, order=Order.TITLE, descending=True) == [second, first, fourth, third]
    assert found(store, ann, order=Order.MODIFIED) == [first, third, fourth, second]
    assert found(store, ann, order=Order.MODIFIED, descending=True) == [second, fourth, third, first]


def test_documents_that_are_equal_are_in_the_order_of_their_age_either_way(store: Store, ann: Context) -> None:
    ids = [made(store, ann, title="same").id for _ in range(3)]

    for descending in (False, True):
        assert found(store, ann, order=Order.TITLE, descending=descending) == ids


@pytest.mark.parametrize("is_restricted", [False, True], ids=["reads-all", "restricted"])
@pytest.mark.parametrize(("first", "most"), [(0, 3), (2, 3), (9, 5), (10, 1), (1 << 62, 5), (0, 100)])
def test_page_is_part_of_the_whole_and_the_count_is_of_all(
    store: Store, ann: Context, root_admin: Context, is_restricted: bool, first: int, most: int
) -> None:
    ids = [made(store, ann, name=f"{no}.txt").id for no in range(10)]
    if is_restricted:
        hidden = made(store, root_admin, name="hidden.txt")
        granting.close(store, root_admin, path(f"/{hidden.name}"))

    page = search(store, rest(ann), Search(EVERYTHING, first=first, most=most))

    assert [one.node.id for one in page.items] == ids[first : first + most]
    assert page.total == 10


# What is there


def test_documents_of_the_tree_that_have_a_version_are_found_and_nothing_else(store: Store, ann: Context) -> None:
    a_collection(store, ann, "/f/g")
    deep = a_document(store, ann, "/f/g/deep.txt", b"one", b"two")
    bare = made(store, ann, None, title="bare")
    a_document(store, ann, "/f/~$owner.docx")
    a_document(store, ann, "/f/pending.txt", b"")
    gone = a_document(store, ann, "/gone.txt")
    a_document(store, ann, "/t/u/v/gone.txt")
    moving.delete(store, ann, gone.id)
    moving.delete(store, ann, path("/t"))

    assert found(store, ann) == [deep.id, bare.id]


def test_restored_folder_brings_its_documents_back(store: Store, ann: Context) -> None:
    document = a_document(store, ann, "/t/u/a.txt")
    moving.delete(store, ann, path("/t"))
    assert found(store, ann) == []

    (entry,) = trash.entries(store, ann)
    trash.restore(store, ann, entry.node.id)

    assert found(store, ann) == [document.id]


def test_account_that_was_changed_since_its_sign_in_finds_nothing(store: Store, ann: Context) -> None:
    made(store, ann)
    accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", PrincipalKind.USER, is_disabled=True)

    with pytest.raises(Unauthenticated):
        search(store, ann, Search(EVERYTHING))


# Rights: as each document is seen by itself


@pytest.fixture
def tree(store: Store, ann: Context, bob: Context, root_admin: Context) -> list[Node]:
    """Documents under all kinds of grants."""
    nodes = [a_document(store, bob if no % 2 else ann, f"/{folder}/{no}.txt") for folder in "abcd" for no in range(4)]
    granting.close(store, root_admin, path("/a"))
    granting.close(store, root_admin, path("/b/1.txt"))
    granting.close(store, root_admin, path("/c"))
    granting.grant(store, root_admin, path("/c"), "signed in", DROP_BOX)
    granting.grant(store, root_admin, path("/a/2.txt"), "bob", READER)
    return nodes


def seen_alone(store: Store, ctx: Context, nodes: Sequence[Node]) -> list[int]:
    """Return which of some documents a principal is shown when it asks for each."""
    with store.database.read(snapshot=True) as session:
        shown: list[Described] = describing.describe_all(session, rest(ctx), [one.id for one in nodes], store.clock.now())
    return [one.node.id for one in shown]


@pytest.mark.parametrize("without_root_grant", [False, True], ids=["all-read", "nobody-reads"])
def test_what_is_found_is_what_may_be_read(
    store: Store, ann: Context, bob: Context, root_admin: Context, tree: list[Node], without_root_grant: bool
) -> None:
    if without_root_grant:
        granting.revoke(store, root_admin, (), "signed in")
    tops = [None, *(describing.describe(store, root_admin, path(where)).it.node.id for where in ("/a", "/d", "/d/1.txt"))]
    numbers = set()
    for who, top, rights in product((ann, bob, root_admin), tops, (EVERY_RIGHT, READER, DROP_BOX, Right.LOCK)):
        ctx = replace(who, principal=replace(who.principal, scope=Scope(rights, top)))

        expected = seen_alone(store, ctx, tree)
        assert found(store, ctx) == expected, (who.principal.name, top, rights)
        assert found(store, ctx, descending=True, order=Order.MODIFIED) == expected[::-1]
        numbers.add(len(expected))
    assert len(numbers) > 5


# Against a model


VALUES = st.sampled_from(["", "a", "A", "ä", "Ä", "ab", "%", "_", "\\", "'", '"', "ß", "\u20ac"])
PROPERTIES = st.sampled_from(["title", "description", "x:one", 'x"two', "x.three"])
LEAVES = st.one_of(
    st.builds(Says, PROPERTIES, VALUES), st.builds(SaysAnything, PROPERTIES), st.builds(Contains, PROPERTIES, VALUES)
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)


def holds(condition: Condition, said: dict[str, str], drive_name: str) -> bool:
    """Tell naively whether a condition holds of what a document says."""
    match condition:
        case Says(name, value):
            return said.get(name) == value
        case SaysAnything(name):
            return name in said
        case Contains("title", text):
            return text.lower() in title_of(said, drive_name).lower()
        case Contains(name, text):
            return name in said and text.lower() in said[name].lower()
        case AllOf(parts):
            return all(holds(part, said, drive_name) for part in parts)
        case AnyOf(parts):
            return any(holds(part, said, drive_name) for part in parts)
        case Not(part):
            return not holds(part, said, drive_name)
    raise AssertionError(condition)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(said=st.lists(st.dictionaries(PROPERTIES, VALUES, max_size=3), max_size=4), condition=CONDITIONS)
def test_any_condition_finds_what_a_naive_search_finds(
    store: Store, ann: Context, said: list[dict[str, str]], condition: Condition
) -> None:
    nodes = [made(store, ann, name=f"n{no}", **one) for no, one in enumerate(said)]

    ids = {one.id for one in nodes}
    expected = [node.id for node, one in zip(nodes, said, strict=True) if holds(condition, one, node.name or "")]
    # Those of earlier examples are still there.
    assert [one for one in found(store, ann, condition, most=10_000) if one in ids] == expected, (said, condition)


def test_statement_is_made_once_for_all_values(store: Store, ann: Context) -> None:
    searching._count.cache_clear()
    for no in range(5):
        found(store, ann, AllOf((Says("x:kind", str(no)), Contains("title", str(no)))))

    assert searching._count.cache_info().misses == 1
