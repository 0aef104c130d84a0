"""How the databases look for what is searched: by an index where there is one, whatever is asked beside it."""

from __future__ import annotations

import re

import pytest
from tests.builders import a_document, put
from tests.unit.filed import made, statements_of

from davgate.core import revisions
from davgate.core.objects import Changes
from davgate.core.searching import EVERY_KIND
from davgate.core.store import Context, Store
from davgate.model.query import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Area,
    By,
    Compares,
    Condition,
    Fact,
    HasValue,
    Matches,
    Not,
    OneOf,
    Operator,
    Order,
    Property,
    Standing,
    Wildcard,
    Words,
    containing,
    equals,
    of_door,
    prepared,
    starting_with,
)
from davgate.storage.search import searching
from davgate.storage.search.shapes import take_apart

TEXT, NUMBER = Property("x:text"), Property("x:number", is_single=True)
EQUAL = equals(TEXT, "a")
PREFIX = Matches(TEXT, starting_with("ab"))
ABOVE, BELOW = Compares(NUMBER, Operator.GREATER, 7), Compares(NUMBER, Operator.AT_MOST, 9)
SLOW = Not(Matches(Fact.TITLE, containing("x"), is_folded=True))

BY_VALUE = {"sqlite": r"property_value\S* .*\(property=\? AND value=\?\)", "postgresql": r"\(property = .* AND \(value = "}
BY_LIST = {"sqlite": r"property_value\S* .*\(property=\? AND value=\?\)", "postgresql": r"Index Cond: .*property = "}
BY_ENDS = {
    "sqlite": r"property_value\S* .*\(property=\? AND value>\? AND value<\?\)",
    "postgresql": r"\(property = .* AND \(value [<>]=? .* AND \(value [<>]=? ",
}
BY_UUID = {"sqlite": r"\(uuid=\?\)", "postgresql": r"Index Cond: \(uuid = "}
BY_TYPE = {"sqlite": r"\(type=\?\)", "postgresql": r"Index Cond: \(type = "}


def plan_of(store: Store, condition: Condition, order: Order) -> str:
    """Return how a database answers a page of what is found, and its number."""
    shape, values = take_apart(prepared(condition, order))
    page = searching._page(shape, EVERY_KIND, searching._sorting_of(order), Area.TREE)
    count = searching._count(shape, EVERY_KIND, Area.TREE)
    lines: list[str] = []
    for statement, more in ((page, {"first": 0, "most": 10} | searching._named(order, searching.IN_TREE)), (count, {})):
        sql, arranged = statement.for_dialect(store.database.dialect)
        with store.database.read(snapshot=True) as session:
            if store.database.is_sqlite:
                session._cursor.execute(f"EXPLAIN QUERY PLAN {sql}", arranged({**values, **more}))
                lines += (row[3] for row in session._cursor.fetchall())
            else:
                # A table of some rows is read as a whole unless that is forbidden.
                session._cursor.execute("SET LOCAL enable_seqscan = off")
                session._cursor.execute("SET LOCAL enable_bitmapscan = off")
                session._cursor.execute(f"EXPLAIN {sql}", arranged({**values, **more}))
                lines += (row[0] for row in session._cursor.fetchall())
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (EQUAL, BY_VALUE),
        (equals(NUMBER, 7), BY_VALUE),
        (OneOf(TEXT, ("a", "b")), BY_LIST),
        (PREFIX, BY_ENDS),
        (Matches(TEXT, ("ab", Wildcard.ANY, "c")), BY_ENDS),
        (ABOVE, BY_ENDS),
        (AllOf((ABOVE, BELOW)), BY_ENDS),
        (AllOf((BELOW, ABOVE)), BY_ENDS),
        (AllOf((SLOW, equals(Fact.TYPE, "a"), EQUAL, HasValue(NUMBER), Words("b"))), BY_VALUE),
        (AllOf((of_door("yuuvis"), PREFIX)), BY_ENDS),
        (AllOf((AnyOf((equals(Fact.TYPE, "a"), Not(of_door("a")))), EQUAL)), BY_VALUE),
        (AnyOf((EQUAL, PREFIX)), BY_VALUE),
        (AnyOf((EQUAL, PREFIX)), BY_ENDS),
        (AnyOf((AllOf((EQUAL, SLOW)), AllOf((SLOW, PREFIX)))), BY_ENDS),
        (AllOf((ABOVE, equals(Fact.UUID, "a"))), BY_UUID),
        (equals(Fact.TYPE, "a"), BY_TYPE),
        (OneOf(Fact.TYPE, ("a", "b")), {**BY_TYPE, "postgresql": "ix_node_type_type"}),
    ],
    ids=lambda value: "" if isinstance(value, dict) else repr(value)[:80],
)
@pytest.mark.parametrize("order", [(), (By(TEXT), By(Fact.MODIFIED_AT, True))], ids=["by-age", "by-property"])
def test_index_leads_to_what_is_found(store: Store, condition: Condition, expected: dict[str, str], order: Order) -> None:
    engine = "sqlite" if store.database.is_sqlite else "postgresql"

    plan = plan_of(store, condition, order)

    assert len(re.findall(expected[engine], plan)) >= 2, plan
    by_id = "SEARCH node USING INTEGER PRIMARY KEY" if store.database.is_sqlite else "node_pkey on node  "
    assert len(re.findall(by_id, plan)) == 2, plan


def test_everything_is_read_where_no_index_leads_to_it(store: Store) -> None:
    for condition in (EVERYTHING, SLOW, Not(EQUAL), AnyOf((EQUAL, SLOW))):
        assert re.search(r"SCAN node\b|node_pkey on node\b|Scan.* on node\b", plan_of(store, condition, ()))


def test_order_by_the_newest_revision_is_that_of_age_until_there_is_a_revision(store: Store, ann: Context) -> None:
    order = (By(Standing.REVISION_NO), By(Standing.REVISION_ID, descending=True))
    by_age = (By(Fact.ID, descending=True),)
    node = made(store, ann)

    with store.database.read(snapshot=True) as session:
        assert searching._cheapest(session, order) == by_age
    if store.database.is_sqlite:
        assert "ORDER BY" not in plan_of(store, EVERYTHING, by_age)
    revisions.update(store, ann, node.id, lambda _: Changes(), revise=True)

    with store.database.read(snapshot=True) as session:
        assert searching._cheapest(session, order) == order


# Writing


def test_document_that_says_nothing_costs_no_statement_of_the_index(unchecked_store: Store, ann: Context) -> None:
    if not unchecked_store.database.is_sqlite:
        pytest.skip("statements are seen on SQLite alone")
    a_document(unchecked_store, ann, "/a.txt", b"one")
    seen = statements_of(unchecked_store)

    put(unchecked_store, ann, "/a.txt", b"two")
    put(unchecked_store, ann, "/b.txt", b"three")

    assert seen
    assert not [sql for sql in seen if "property_value" in sql or "document_text" in sql]


def test_content_of_the_same_name_costs_no_statement_of_the_index(unchecked_store: Store, ann: Context) -> None:
    if not unchecked_store.database.is_sqlite:
        pytest.skip("statements are seen on SQLite alone")
    made(unchecked_store, ann, b"one", "a.txt", title="said")
    seen = statements_of(unchecked_store)

    put(unchecked_store, ann, "/a.txt", b"two")

    assert seen
    assert not [sql for sql in seen if "property_value" in sql or "document_text" in sql]
