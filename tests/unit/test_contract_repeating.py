"""What was answered is answered again as long as it is true, on SQLite, which tells whether anybody has committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import SettableClock, a_collection

from davgate.core.repeating import Repeating
from davgate.core.store import Context, Store
from davgate.storage.database import Database

A_QUESTION = (b"GET /a", b"")


@pytest.fixture
def remembers(store: Store) -> bool:
    """Whether answers are remembered at all: on PostgreSQL none are."""
    return store.database.is_sqlite


@pytest.fixture
def found() -> list[str]:
    """What was found, and not remembered."""
    return []


@pytest.fixture
def ask(store: Store, ann: Context, found: list[str]) -> Callable[..., str]:
    """Ask a question whose answer changes each time it is found."""
    repeating = Repeating[str](store, lambda answer: None if answer.startswith("fleeting") else 10_000)

    def find(prefix: str, meanwhile: Callable[[], object]) -> str:
        found.append(f"{prefix}{len(found)}")
        meanwhile()
        return found[-1]

    def asked(
        words: tuple[bytes, bytes] = A_QUESTION,
        ctx: Context = ann,
        prefix: str = "",
        meanwhile: Callable[[], object] = lambda: None,
    ) -> str:
        answer, _is_remembered = repeating.answer(words, ctx.principal, lambda: find(prefix, meanwhile))
        return answer

    return asked


def test_what_is_asked_again_is_found_no_more(ask: Callable[..., str], found: list[str], remembers: bool) -> None:
    answers = [ask() for _ in range(5)]

    assert answers == (["0", "1", "1", "1", "1"] if remembers else found)


def test_commit_of_anybody_ends_it(store: Store, ann: Context, ask: Callable[..., str], found: list[str]) -> None:
    for number in range(3):
        before = [ask() for _ in range(4)]
        a_collection(store, ann, f"/f{number}")
        assert ask() not in before


def test_commit_of_another_process_ends_it(store: Store, ask: Callable[..., str]) -> None:
    before = [ask() for _ in range(4)]
    other = Database(store.database.url, store.clock)
    with other.write() as tx:
        tx.take_ids()
        tx.commit()
    other.close()

    assert ask() not in before


def test_what_was_committed_while_an_answer_was_found_is_not_hidden_by_it(
    store: Store, ann: Context, ask: Callable[..., str], remembers: bool
) -> None:
    ask()
    stale = ask(meanwhile=lambda: a_collection(store, ann, "/f"))

    assert ask() != stale
    assert (ask() == ask()) == remembers


def test_other_words_and_other_sign_ins_have_their_own_answers(ask: Callable[..., str], ann: Context, bob: Context) -> None:
    again = replace(ann, principal=replace(ann.principal))
    asked: list[dict[str, object]] = [{}, {"words": (b"GET /a", b"body")}, {"ctx": bob}, {"ctx": again}]

    answers = [ask(**one) for one in asked for _ in range(3)]

    assert len(set(answers)) == len([answer for no, answer in enumerate(answers) if answer not in answers[:no]])
    assert all(set(answers[no : no + 3]).isdisjoint(answers[:no]) for no in range(3, 12, 3))


def test_what_does_not_last_is_found_each_time(ask: Callable[..., str], found: list[str]) -> None:
    assert [ask(prefix="fleeting ") for _ in range(4)] == found


def test_of_very_many_those_of_before_are_forgotten(ask: Callable[..., str], found: list[str], remembers: bool) -> None:
    many = [(b"GET /%d" % number, b"") for number in range(1000)]
    for words in many:
        ask(words)
        ask(words)
    found.clear()

    for words in many[-3:]:
        ask(words)
    assert bool(found) != remembers
    for words in many[:3]:
        ask(words)
        ask(words)
    assert len(found) >= 3


def test_questions_count_as_memory(store: Store, ann: Context) -> None:
    repeating = Repeating[str](store, lambda answer: 0)
    many = [(b"PROPFIND /a", b"%d" % number + bytes(10_000)) for number in range(1000)]
    for words in many:
        for _ in range(2):
            repeating.answer(words, ann.principal, lambda: "the answer")

    assert sum(repeating.asked_by(words, "the answer") is not None for words in many) < 220


def test_what_is_replaced_takes_no_more_memory(store: Store, ann: Context, bob: Context, remembers: bool) -> None:
    repeating = Repeating[str](store, lambda answer: 10_000)
    for _ in range(2):
        repeating.answer((b"GET /b", b""), ann.principal, lambda: "another answer")
    for number in range(1000):
        repeating.answer(A_QUESTION, (ann, bob)[number % 2].principal, lambda: "the answer")

    assert (repeating.asked_by((b"GET /b", b""), "another answer") is not None) == remembers


def test_clock_set_back_ends_it(
    store: Store, clock: SettableClock, ann: Context, ask: Callable[..., str], remembers: bool
) -> None:
    repeating = Repeating[str](store, len)
    for _ in range(2):
        repeating.answer(A_QUESTION, ann.principal, lambda: "the answer")
    before = [ask() for _ in range(4)]
    clock.advance(timedelta(seconds=-1))

    assert repeating.asked_by(A_QUESTION, "the answer") is None
    after = [ask() for _ in range(2)]
    assert set(before).isdisjoint(after)
    assert (after[0] == after[1]) == remembers


def test_clock_set_back_to_where_the_look_began_ends_it(clock: SettableClock, ask: Callable[..., str]) -> None:
    ask()
    before = ask(meanwhile=lambda: clock.advance(timedelta(seconds=2)))
    clock.advance(timedelta(seconds=-1))

    assert ask() != before


def test_what_is_asked_in_turn_with_very_much_else_is_not_taken_for_repeated(ask: Callable[..., str], found: list[str]) -> None:
    for _ in range(3):
        for number in range(1000):
            ask((b"GET /%d" % number, b""))

    assert len(found) == 3000


def test_whose_answer_it_is_is_told_until_it_is_none(store: Store, ann: Context, bob: Context, remembers: bool) -> None:
    repeating = Repeating[str](store, len)
    answers = [repeating.answer(A_QUESTION, ann.principal, lambda: "the answer") for _ in range(3)]
    assert answers == [("the answer", False), *[("the answer", remembers)] * 2]
    answer = answers[-1][0]
    assert repeating.asked_by(A_QUESTION, answer) is (ann.principal if remembers else None)
    assert repeating.asked_by((b"GET /b", b""), answer) is None
    assert repeating.asked_by(A_QUESTION, "another answer") is None

    repeating.answer(A_QUESTION, bob.principal, lambda: "for bob")
    assert repeating.asked_by(A_QUESTION, answer) is None

    repeating.answer(A_QUESTION, ann.principal, lambda: answer)
    a_collection(store, ann, "/f")
    assert repeating.asked_by(A_QUESTION, answer) is None
