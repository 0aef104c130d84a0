"""Types and properties that are in use, and that no file defines: both databases."""

import pytest

from davgate.core import objects
from davgate.core.object_types import shipped
from davgate.core.objects import NewObject
from davgate.core.store import Context, Store
from davgate.core.types_in_use import orphans
from davgate.model.node import NodeKind
from davgate.model.object_types import ObjectTypes
from davgate.model.type_files import read_types
from davgate.storage import types_in_use

FOLDER = ("yuuvis",)


def typed(*names: str, kind: str = "text") -> ObjectTypes:
    """Return a type ``x`` with properties of these names."""
    properties = [{"name": name, "kind": kind} for name in names]
    return read_types([("own.toml", {"yuuvis": {"x": {"properties": properties}}})])


def an_object(store: Store, ctx: Context, type: str | None, **metadata: object) -> None:
    objects.create(
        store,
        ctx,
        FOLDER,
        NewObject(kind=NodeKind.DOCUMENT, type=type, metadata={key.replace("__", ":"): one for key, one in metadata.items()}),
    )


def test_empty_store_leaves_nothing_alone(store: Store) -> None:
    assert orphans(store, shipped()) == []


def test_types_and_properties_in_use_are_found_each_once(store: Store, ann: Context) -> None:
    for no in range(3):
        an_object(store, ann, "yuuvis:x", yuuvis__a=f"{no}", title="t")
    an_object(store, ann, "dynacase:y")
    an_object(store, ann, None, okd__documentType="letter")

    with store.database.read() as session:
        assert types_in_use.types(session) == ["dynacase:y", "yuuvis:x"]
        assert sorted(types_in_use.properties(session)) == ["okd:documentType", "title", "yuuvis:a"]
        assert types_in_use.count_of_type(session, "yuuvis:x") == 3
        assert types_in_use.count_of_property(session, "yuuvis:a") == 3


def test_what_no_file_defines_any_more_is_named_with_its_number(store: Store, ann: Context) -> None:
    for no in range(2):
        an_object(store, ann, "yuuvis:x", yuuvis__a=f"{no}", yuuvis__b="b")

    assert orphans(store, typed("a", "b")) == []
    assert orphans(store, typed("a")) == [
        "no type defines the property yuuvis:b, and there are 2 objects with values of it; bring its definition back"
    ]
    assert orphans(store, read_types([])) == [
        "no file defines the type yuuvis:x, and there are 2 objects of it; bring its file back",
        "no type defines the property yuuvis:a, and there are 2 objects with values of it; bring its definition back",
        "no type defines the property yuuvis:b, and there are 2 objects with values of it; bring its definition back",
    ]


def test_what_dialects_without_types_and_dialects_themselves_keep_is_not_left_alone(store: Store, ann: Context) -> None:
    an_object(store, ann, "gever:x", gever__a="1", okd__b="1", yuuvis__trace="0123", dynacase__state="draft", title="t")

    assert orphans(store, read_types([])) == []


def test_property_that_becomes_of_another_kind_is_named(store: Store, ann: Context) -> None:
    an_object(store, ann, "yuuvis:x", yuuvis__a="1")

    assert orphans(store, typed("a", kind="integer"), typed("a")) == [
        "the property yuuvis:a would change from text to integer, and there is 1 object with values of it; leave it as it was"
    ]
    assert orphans(store, typed("a", "b"), typed("a")) == []


VALUES = {
    "text": ["", "1", "a" * 1000, "\x00x", "true"],
    "integer": [0, 7, -7, 2**63 - 1, -(2**63)],
    "decimal": [0.5, -0.5, 1e300, -1e-300, 10, 0.0],
    "boolean": [True, False],
    "datetime": ["2018-01-26T15:21:17.170000Z", "0001-01-01T00:00:00.000000Z"],
    "table": [[["x"]]],
}


@pytest.mark.parametrize("kind", VALUES)
def test_kind_that_stored_values_are_not_of_is_named_without_the_former_types(store: Store, ann: Context, kind: str) -> None:
    for value in VALUES[kind]:
        an_object(store, ann, "yuuvis:x", yuuvis__a=value)

    def refused(now: str) -> bool:
        more = {"columns": [{"name": "c", "kind": "text"}]} if now == "table" else {}
        own = {"yuuvis": {"x": {"properties": [{"name": "a", "kind": now, **more}]}}}
        found = orphans(store, read_types([("own.toml", own)]))
        number = len(VALUES[kind])
        objects = f"{'is 1 object' if number == 1 else f'are {number} objects'}"
        sentence = f"the property yuuvis:a is of the kind {now}, and there {objects} with other values; leave it as it was"
        assert found in ([], [sentence])
        return found != []

    same = {"integer", "decimal"} if kind in ("integer", "decimal") else {kind}
    # Nothing tells a text from what stands in the index for a number or a time.
    as_texts = {"text", "id", "structured"} if kind != "table" else {"structured"}
    kinds = ["text", "id", "integer", "decimal", "boolean", "datetime", "table", "structured"]
    assert [now for now in kinds if not refused(now)] == [now for now in kinds if now in same | as_texts]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_sqlite_reads_no_more_of_its_indexes_than_it_has_to(store: Store, ann: Context) -> None:
    for statement in (types_in_use._TYPES, types_in_use._PROPERTIES):
        text, _ = statement.for_dialect(store.database.engine.dialect)
        with store.database.engine.connect() as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
        looked_at = [line for line in plan if "node_type" in line or "property_value" in line]
        assert len(looked_at) == 2
        assert all(line.startswith("SEARCH") and ("INDEX" in line or "PRIMARY KEY" in line) for line in looked_at), plan
    for statement in (types_in_use._LEAST, types_in_use._GREATEST):
        text, arranged = statement.for_dialect(store.database.engine.dialect)
        with store.database.engine.connect() as connection:
            asked = arranged({"property": "yuuvis:a"})
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", tuple(asked))]
        assert plan == ["SEARCH property_value USING PRIMARY KEY (property=?)"]
