"""What the storage promises of version rows: each question is about one document, and about content where it says so."""

from __future__ import annotations

import pytest
from tests.builders import a_document
from tests.unit.filed import made, rest, save, say

from davgate.core import objects
from davgate.core.objects import Changes
from davgate.core.store import Context, Store
from davgate.model.node import Version
from davgate.storage.api import versions


def clear(store: Store, ctx: Context, node_id: int) -> None:
    objects.update(store, rest(ctx), node_id, Changes(clears_file=True))


@pytest.fixture
def documents(store: Store, ann: Context) -> list[int]:
    """Documents whose versions have the same numbers: with content and without, one of them with more than the others."""
    longest = a_document(store, ann, "/longest", *(bytes([no]) for no in range(9))).id
    late, between = made(store, ann, None, title="late").id, made(store, ann, b"0", "between.txt", title="between").id
    say(store, ann, late, title="later")
    save(store, ann, late, b"1", "late.txt")
    say(store, ann, late, title="latest")
    save(store, ann, late, b"2", "late.txt")
    clear(store, ann, between)
    say(store, ann, between, title="still between")
    save(store, ann, between, b"1", "between.txt")
    say(store, ann, between, title="after")
    return [longest, late, between, made(store, ann, None, title="bare").id, a_document(store, ann, "/short", b"x").id]


def kept(store: Store, node_id: int) -> list[Version]:
    with store.database.read() as session:
        found = [versions.find(session, node_id, no) for no in range(12)]
    return [one for one in found if one is not None]


def test_versions_with_content_are_told_apart(store: Store, documents: list[int]) -> None:
    told = [[(one.no, one.has_content, one.content_no) for one in kept(store, node_id)] for node_id in documents]
    assert [len(one) for one in told] == [9, 5, 5, 1, 1]
    assert told[1] == [(1, False, None), (2, False, None), (3, True, 0), (4, True, 0), (5, True, 1)]
    assert told[2] == [(1, True, 0), (2, False, 0), (3, False, 0), (4, True, 1), (5, True, 1)]


def test_all_versions_are_those_of_one_document_the_oldest_first(store: Store, documents: list[int]) -> None:
    with store.database.read(snapshot=True) as session:
        for node_id in documents:
            assert versions.all_of_node(session, node_id) == kept(store, node_id)
            with_content = [one for one in kept(store, node_id) if one.has_content]
            assert list(versions.of_document(session, node_id)) == with_content
        numbers = versions.numbers(session, documents[1:])
    assert numbers == {of: [(one.opened_at, one.no) for one in kept(store, of)] for of in documents[1:]}


def test_version_before_is_the_last_one_with_content(store: Store, documents: list[int]) -> None:
    with store.database.read() as session:
        for node_id in documents:
            for no in range(12):
                before = [one for one in kept(store, node_id) if one.has_content and one.no < no]
                assert versions.last_before(session, node_id, no) == (before[-1] if before else None)


def test_versions_around_one_are_those_with_content_next_to_it(store: Store, documents: list[int]) -> None:
    with store.database.read() as session:
        for node_id in documents:
            with_content = [one for one in kept(store, node_id) if one.has_content]
            for no in range(12):
                before = [one for one in with_content if one.no < no][-1:]
                after = [one for one in with_content if one.no > no][:1]
                itself = [one for one in with_content if one.no == no]
                assert versions.around(session, node_id, no) == before + itself + after


def test_versions_by_content_are_the_first_of_each_number(store: Store, documents: list[int]) -> None:
    with store.database.read() as session:
        for node_id in documents:
            firsts: dict[int | None, Version] = {}
            for one in kept(store, node_id):
                if one.has_content:
                    firsts.setdefault(one.content_no, one)
            newest_first = list(firsts.values())[::-1]
            assert versions.how_many_counted(session, node_id) == len(firsts)
            assert versions.counted(session, node_id, 0, 100) == newest_first
            assert versions.counted(session, node_id, 1, 2) == newest_first[1:3]
            for number in range(12):
                assert versions.find_counted(session, node_id, number) == firsts.get(number)
