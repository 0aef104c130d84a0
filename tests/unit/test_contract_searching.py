"""Searching documents by conditions: on both databases, against a search that looks at every document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from hashlib import sha256
from itertools import product

import pytest
from tests.builders import SettableClock, a_collection, a_document, findings, path, put
from tests.unit.filed import made, made_folder, rest, rows

from davgate.core import copying, deleting, describing, moving, trash
from davgate.core.describing import Described
from davgate.core.objects import Changes, NewObject, create, update
from davgate.core.principals import accounts, granting
from davgate.core.searching import COLLECTIONS, EVERY_KIND, Search, count, search
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.model.errors import Malformed, Unauthenticated
from davgate.model.node import Node, NodeKind
from davgate.model.principal import PrincipalKind
from davgate.model.query import (
    EVERYTHING,
    AllOf,
    AnyOf,
    By,
    Compares,
    Condition,
    Fact,
    HasValue,
    Matches,
    Not,
    OneOf,
    Operator,
    Property,
    Wildcard,
    Words,
    containing,
    equals,
    of_door,
    starting_with,
)
from davgate.model.rights import DROP_BOX, READER, Right, Scope
from davgate.model.rights import EVERYTHING as EVERY_RIGHT
from davgate.storage.search import searching

ANY, ONE = Wildcard.ANY, Wildcard.ONE


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
        {"title": "übung zwei", "x:kind": "b", "description": "Needle " + "x" * 493 + "hayStack", "x:count": -12.0},
        {
            "x:kind": "a",
            "description": "100% of_it",
            "x:table": [["cell", None, 7]],
            "x:nested": {"a": "inside"},
            "x:count": 2**63 - 1,
        },
        {},
    ]
    made_ones = []
    for no, one in enumerate(said):
        made_ones.append(made(store, bob if no % 2 else ann, name=f"File {no}.txt", **one))
        clock.advance(timedelta(days=1))
    return made_ones


def text(name: str, value: str) -> Condition:
    return equals(Property(name), value)


def like(name: str, *pattern: str | Wildcard) -> Condition:
    return Matches(Property(name), pattern)


def within(term: Property | Fact, value: str) -> Condition:
    return Matches(term, containing(value), is_folded=True)


def compared(name: str, operator: str, value: object) -> Condition:
    return Compares(Property(name), Operator(operator), value)  # type: ignore[arg-type]


DESCRIPTION, KIND, COUNT = Property("description"), Property("x:kind"), Property("x:count")
SINGLE = Property("x:count", is_single=True)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (EVERYTHING, [0, 1, 2, 3]),
        (AnyOf(()), []),
        (text("x:kind", "a"), [0, 2]),
        (text("x:kind", "A"), []),
        (text("x:kind", ""), []),
        (text("x:many", "two"), [0]),
        (equals(Property("x:yes"), True), [0]),
        (equals(COUNT, 7), [0]),
        (equals(COUNT, 7.0), [0]),
        (equals(COUNT, -12), [1]),
        (compared("x:count", "<", 7), [1]),
        (compared("x:count", "<=", 7), [0, 1]),
        (compared("x:count", ">", -12), [0, 2]),
        (compared("x:count", ">=", 2**63 - 1), [2]),
        (AllOf((compared("x:count", ">", -12), compared("x:count", "<", 8))), [0]),
        (AllOf((Compares(SINGLE, Operator.LESS, 8), Compares(SINGLE, Operator.AT_LEAST, 7))), [0]),
        (compared("x:none", "<", 7), []),
        (Not(compared("x:count", "<", 7)), [0, 2, 3]),
        (compared("x:kind", ">=", "b"), [1]),
        (compared("x:table", ">", ""), []),
        (compared("x:table", "<=", ""), []),
        (equals(Property("x:table"), "cell"), []),
        (HasValue(KIND), [0, 1, 2]),
        (HasValue(Property("x:table")), [2]),
        (HasValue(Property("x:nested")), [2]),
        (Not(HasValue(KIND)), [3]),
        (Not(text("x:kind", "a")), [1, 3]),
        (OneOf(KIND, ("a", "c")), [0, 2]),
        (OneOf(KIND, ()), []),
        (OneOf(KIND, ("\0", "\ud800")), []),
        (OneOf(Fact.NAME, ("\0", "\ud800", "File 1.txt")), [1]),
        (OneOf(COUNT, (7, 8, -12.0)), [0, 1]),
        (Not(OneOf(KIND, ("a",))), [1, 3]),
        (AllOf((text("x:kind", "a"), text("x:many", "one"))), [0]),
        (AnyOf((text("x:kind", "b"), text("x:many", "one"))), [0, 1]),
        (Not(AnyOf((text("x:kind", "b"), text("x:many", "one")))), [2, 3]),
        (within(Fact.TITLE, "ÜBUNG"), [0, 1]),
        (within(Fact.TITLE, "file 2"), [2]),
        (within(Fact.TITLE, "file 0"), []),
        (within(Fact.TITLE, ""), [0, 1, 2, 3]),
        (Matches(Fact.TITLE, starting_with("übung")), [1]),
        (equals(Fact.TITLE, "File 3.txt"), [3]),
        (equals(Fact.TITLE, "übung zwei"), [1]),
        (equals(Fact.TITLE, "File 0.txt"), []),
        (within(DESCRIPTION, "needle"), [1]),
        (within(DESCRIPTION, "HAYSTACK"), [1]),
        (Matches(DESCRIPTION, containing("hayStack")), [1]),
        (Matches(DESCRIPTION, starting_with("Needle x")), [1]),
        (Matches(DESCRIPTION, starting_with("Needle " + "x" * 493 + "h")), [1]),
        (Matches(DESCRIPTION, starting_with("Needle " + "x" * 493 + "H")), []),
        (equals(DESCRIPTION, "Needle " + "x" * 493 + "hayStack"), [1]),
        (equals(DESCRIPTION, "Needle " + "x" * 493 + "hayStacks"), []),
        (within(DESCRIPTION, "%"), [2]),
        (within(DESCRIPTION, "f_i"), [2]),
        (within(DESCRIPTION, "fxi"), []),
        (like("description", "100% ", ANY), [2]),
        (like("description", "1", ONE, "0", ANY, "it"), [2]),
        (like("description", "1", ONE, "0"), []),
        (like("description", ANY, "[o]", ANY), []),
        (like("description", ANY), [1, 2]),
        (like("x:kind", "a"), [0, 2]),
        (like("x:kind", ""), []),
        (like("x:kind"), []),
        (like("x:many", "t", ANY), [0]),
        (like("x:none", ANY), []),
        (Not(like("x:kind", "a", ANY)), [1, 3]),
        (Words("UEBUNG"), []),
        (Words("übung"), [0, 1]),
        (Words("Zwei, ÜBUNG!"), [1]),
        (Words("übun"), []),
        (Words("zwei eins"), []),
        (Words("haystack"), []),
        (Words("needle"), [1]),
        (Words("cell"), [2]),
        (Words("inside"), []),
        (Words("file txt"), [0, 1, 2, 3]),
        (Words("3"), [3]),
        (Words(""), []),
        (Words("!?"), []),
        (Not(Words("übung")), [2, 3]),
        (Words("IT", DESCRIPTION), [2]),
        (Words("it", KIND), []),
        (Words("needle", DESCRIPTION), [1]),
        (Words("", DESCRIPTION), []),
        (equals(Fact.UUID, "00000000-0000-4000-8000-000000000000"), []),
        (equals(Property("x:kind' OR '1'='1"), "a"), []),
        (Matches(Property('x"y'), (ANY,)), []),
        (text("x:kind", "a\0"), []),
        (like("description", ANY, "\0", ANY), []),
        (within(Fact.TITLE, "\0"), []),
        (Words("a\0b"), []),
        (equals(Fact.KIND, "document"), [0, 1, 2, 3]),
        (equals(Fact.KIND, "collection"), []),
        (equals(Fact.TYPE, "registered"), [0, 1, 2, 3]),
        (OneOf(Fact.TYPE, ("registered", "x")), [0, 1, 2, 3]),
        (of_door("registered"), []),
        (Matches(Fact.TYPE, starting_with("reg")), [0, 1, 2, 3]),
        (equals(Fact.VERSION_NO, 1), [0, 1, 2, 3]),
        (Compares(Fact.VERSION_NO, Operator.LESS, 2**70), [0, 1, 2, 3]),
        (equals(Fact.FILE_NAME, "File 1.txt"), [1]),
        (Matches(Fact.FILE_NAME, ("File ", ONE, ".txt")), [0, 1, 2, 3]),
        (Compares(Fact.FILE_NAME, Operator.LESS, "File 2"), [0, 1]),
        (equals(Fact.MEDIA_TYPE, "text/plain"), [0, 1, 2, 3]),
        (Compares(Fact.LENGTH_BYTES, Operator.AT_LEAST, 8), []),
        (equals(Fact.DIGEST, sha256(b"content").hexdigest().upper()), [0, 1, 2, 3]),
        (equals(Fact.DIGEST, sha256(b"content").hexdigest()), []),
        (equals(Fact.DIGEST, "ED"), []),
        (Matches(Fact.DIGEST, starting_with("ED7")), [0, 1, 2, 3]),
        (Matches(Fact.DIGEST, starting_with("ED8")), []),
        (Matches(Fact.DIGEST, containing("002B")), [0, 1, 2, 3]),
    ],
    ids=lambda value: repr(value)[:100],
)
def test_condition_finds_what_it_says(
    store: Store, ann: Context, documents: list[Node], condition: Condition, expected: list[int]
) -> None:
    ids = [documents[no].id for no in expected]

    assert found(store, ann, condition) == ids
    assert found(store, ann, condition, order=(By(Fact.CREATED_AT, descending=True),)) == ids[::-1]
    assert count(store, rest(ann), condition) == len(ids)


def test_facts_of_a_document_are_conditions(store: Store, ann: Context, bob: Context, documents: list[Node]) -> None:
    first, second, third, fourth = (one.id for one in documents)
    middle = documents[1].created_at

    assert found(store, ann, equals(Fact.UUID, documents[1].uuid)) == [second]
    assert found(store, ann, OneOf(Fact.UUID, (documents[1].uuid, documents[3].uuid))) == [second, fourth]
    assert found(store, ann, OneOf(Fact.ID, (third, second))) == [second, third]
    assert found(store, ann, equals(Fact.CREATED_BY, bob.principal.id)) == [second, fourth]
    assert found(store, ann, equals(Fact.CREATED_BY_NAME, "bob")) == [second, fourth]
    assert found(store, ann, Compares(Fact.CREATED_AT, Operator.GREATER, middle)) == [third, fourth]
    assert found(store, ann, Compares(Fact.CREATED_AT, Operator.LESS, middle)) == [first]
    assert found(store, ann, Compares(Fact.MODIFIED_AT, Operator.AT_LEAST, middle)) == [second, third, fourth]
    update(store, rest(bob), third, Changes(metadata={"x:kind": "c"}))
    assert found(store, ann, equals(Fact.MODIFIED_BY, bob.principal.id)) == [second, third, fourth]
    assert found(store, ann, equals(Fact.MODIFIED_BY_NAME, "ann")) == [first]
    assert found(store, ann, equals(Fact.VERSION_NO, 2)) == [third]


@pytest.mark.parametrize(
    "condition",
    [
        equals(Fact.CREATED_AT, "2020"),
        equals(Fact.VERSION_NO, True),
        equals(Fact.UUID, 7),
        OneOf(Fact.ID, ("7",)),
        Matches(Fact.LENGTH_BYTES, starting_with("7")),
        Matches(KIND, ("x" * 4001,)),
        OneOf(KIND, tuple("x" * 10_001)),
        AllOf((EVERYTHING,) * 500),
        reduce(lambda inner, no: (AllOf, AnyOf)[no % 2]((inner, EVERYTHING, AnyOf(()))), range(13), HasValue(KIND)),
        reduce(lambda inner, _: Not(inner), range(20_000), EVERYTHING),
    ],
    ids=lambda condition: type(condition).__name__,
)
def test_what_makes_no_sense_or_is_too_much_is_refused(store: Store, ann: Context, condition: Condition) -> None:
    with pytest.raises(Malformed):
        search(store, ann, Search(condition))
    with pytest.raises(Malformed):
        count(store, ann, condition)


def test_as_much_as_is_allowed_is_answered(store: Store, ann: Context, documents: list[Node]) -> None:
    many = [Not(AllOf((like("x:kind", str(no), ANY), text("x:kind", str(no))))) for no in range(124)]
    deep: Condition = text("x:kind", "a")
    for _ in range(49):
        deep = Not(AnyOf((deep,)))
    turning: Condition = Not(within(DESCRIPTION, "none"))
    for no in range(6):
        turning = AnyOf((AllOf((turning, Not(within(Fact.TITLE, str(no + 10))))), within(DESCRIPTION, str(no + 10))))

    assert len(found(store, ann, AllOf(tuple(many)))) == 4
    assert found(store, ann, Words(" ".join(map(str, range(500))))) == []
    assert len(found(store, ann, turning)) == len(found(store, ann, Not(Not(turning)))) == 4
    assert found(store, ann, Not(turning)) == []
    assert found(store, ann, AnyOf(tuple(text("x:kind", one) for one in "bcdefg" * 83))) == [documents[1].id]
    assert found(store, ann, OneOf(KIND, tuple(map(str, range(9_999))) + ("b",))) == [documents[1].id]
    assert found(store, ann, deep) == [documents[1].id, documents[3].id]


def test_search_goes_by_the_current_version_alone(store: Store, ann: Context, documents: list[Node]) -> None:
    update(store, rest(ann), documents[0].id, Changes(metadata={"x:kind": "c", "title": None}))

    assert found(store, ann, text("x:kind", "a")) == [documents[2].id]
    assert found(store, ann, text("x:kind", "c")) == [documents[0].id]
    assert found(store, ann, within(Fact.TITLE, "file 0")) == [documents[0].id]
    assert found(store, ann, Words("übung")) == [documents[1].id]


# Words


def test_document_of_the_drive_is_found_by_the_words_of_its_name(store: Store, ann: Context) -> None:
    document = a_document(store, ann, "/Yearly_Report-ÄRZTE (2).docx")
    assert texts_of(store) == {}

    for words in ("report", "REPORT yearly_", "ärzte", "A\u0308RZTE", "2 docx"):
        assert found(store, ann, Words(words)) == [document.id], words
    for words in ("repo", "eport", "reports", "report pdf"):
        assert found(store, ann, Words(words)) == [], words


def test_words_are_those_of_the_file_and_of_the_name_on_the_drive(store: Store, ann: Context) -> None:
    document = made(store, ann, name="first.txt", description="said")
    moving.move(store, ann, path("/first.txt"), path("/second.txt"), overwrite=False)
    assert found(store, ann, Words("first said")) == found(store, ann, Words("second said")) == [document.id]

    put(store, ann, "/second.txt", b"other bytes")

    assert found(store, ann, Words("first")) == []
    assert found(store, ann, Words("second said")) == [document.id]
    assert findings(store) == []


def test_words_go_with_the_metadata(store: Store, ann: Context) -> None:
    document = made(store, ann, description="said")
    update(store, rest(ann), document.id, Changes(metadata={"description": None}))

    assert found(store, ann, Words("said")) == []
    assert texts_of(store) == {}
    assert findings(store) == []


def test_copy_is_found_by_the_words_of_its_original(store: Store, ann: Context) -> None:
    document = made(store, ann, description="said")

    copied = copying.copy(store, ann, path("/a.txt"), path("/b.txt"), overwrite=False).node.id

    assert found(store, ann, Words("said")) == [document.id, copied]
    assert findings(store) == []


def texts_of(store: Store) -> dict[int, str]:
    return {row[0]: row[1] for row in rows(store, "SELECT node_id, words FROM document_text")}


# Collections


def test_collections_are_found_where_they_are_asked_for(store: Store, ann: Context) -> None:
    plain, said = a_collection(store, ann, "/plain"), made_folder(store, ann, "said", **{"x:kind": "a", "title": "Said"})
    document = made(store, ann, place=said.id, **{"x:kind": "a"})

    assert found(store, ann, kinds=COLLECTIONS) == [plain.id, said.id]
    assert found(store, ann, kinds=EVERY_KIND) == [plain.id, said.id, document.id]
    assert found(store, ann, text("x:kind", "a"), kinds=COLLECTIONS) == [said.id]
    assert found(store, ann, text("x:kind", "a"), kinds=EVERY_KIND) == [said.id, document.id]
    assert found(store, ann, equals(Fact.KIND, "collection"), kinds=EVERY_KIND) == [plain.id, said.id]
    assert found(store, ann, equals(Fact.TITLE, "plain"), kinds=EVERY_KIND) == [plain.id]
    assert found(store, ann, equals(Fact.VERSION_NO, 1), kinds=EVERY_KIND) == [plain.id, said.id, document.id]
    assert found(store, ann, equals(Fact.PARENT_UUID, said.uuid), kinds=EVERY_KIND) == [document.id]
    assert found(store, ann, HasValue(Fact.FILE_NAME), kinds=EVERY_KIND) == [document.id]
    assert found(store, ann, HasValue(Fact.DIGEST), kinds=EVERY_KIND) == [document.id]
    assert found(store, ann, equals(Fact.MODIFIED_BY_NAME, "ann"), kinds=EVERY_KIND) == [plain.id, said.id, document.id]
    assert found(store, ann, Words("said"), kinds=EVERY_KIND) == [said.id]
    deleting.delete(store, ann, said.id)
    assert found(store, ann, kinds=EVERY_KIND) == [plain.id]


def test_objects_that_are_no_documents_are_never_found(store: Store, ann: Context) -> None:
    new = NewObject(NodeKind.OBJECT, "lora:organisation/bruger", {"title": "hidden"})
    create(store, rest(ann), ("LoRA",), new)

    assert found(store, ann, Words("hidden"), kinds=frozenset(NodeKind)) == []
    assert found(store, ann, equals(Fact.TYPE, "lora:organisation/bruger"), kinds=frozenset(NodeKind)) == []


# Order and pages


def test_orders(store: Store, ann: Context, documents: list[Node], clock: SettableClock) -> None:
    first, second, third, fourth = (one.id for one in documents)
    update(store, rest(ann), second, Changes(metadata={"x:kind": "z"}))

    def ordered(*by: By) -> list[int]:
        return found(store, ann, order=by)

    assert ordered() == [first, second, third, fourth]
    assert ordered(By(Fact.ID, descending=True), By(Fact.TITLE)) == [fourth, third, second, first]
    assert ordered(By(Fact.TITLE)) == [third, fourth, first, second]
    assert ordered(By(Fact.TITLE, descending=True)) == [second, first, fourth, third]
    assert ordered(By(Fact.MODIFIED_AT)) == [first, third, fourth, second]
    assert ordered(By(Fact.MODIFIED_AT, descending=True)) == [second, fourth, third, first]
    assert ordered(By(COUNT)) == [fourth, second, first, third]
    assert ordered(By(COUNT, descending=True)) == [third, first, second, fourth]
    assert ordered(By(KIND)) == [fourth, first, third, second]
    assert ordered(By(KIND, descending=True)) == [second, first, third, fourth]
    assert ordered(By(KIND), By(COUNT, descending=True)) == [fourth, third, first, second]
    assert ordered(By(Fact.CREATED_BY_NAME, descending=True), By(Fact.CREATED_AT, descending=True)) == [
        fourth,
        second,
        third,
        first,
    ]


def test_documents_that_are_equal_are_in_the_order_of_their_age_either_way(store: Store, ann: Context) -> None:
    ids = [made(store, ann, title="same").id for _ in range(3)]

    for descending in (False, True):
        assert found(store, ann, order=(By(Fact.TITLE, descending),)) == ids


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
    deleting.delete(store, ann, gone.id)
    deleting.delete(store, ann, path("/t"))

    assert found(store, ann) == [deep.id, bare.id]


def test_restored_folder_brings_its_documents_back(store: Store, ann: Context) -> None:
    document = a_document(store, ann, "/t/u/a.txt")
    deleting.delete(store, ann, path("/t"))
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
        assert found(store, ctx, order=(By(Fact.MODIFIED_AT, descending=True),)) == expected[::-1]
        assert count(store, rest(ctx), EVERYTHING) == len(expected)
        numbers.add(len(expected))
    assert len(numbers) > 5


# Statements


def test_statement_is_made_once_for_all_values(store: Store, ann: Context) -> None:
    searching._page.cache_clear()
    for no in range(5):
        found(store, ann, AllOf((text("x:kind", str(no)), within(Fact.TITLE, str(no)), Words(f"a{no} b"))))

    assert searching._page.cache_info().misses == 1
