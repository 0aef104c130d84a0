"""Whatever anybody does to the rows of a chain, if it is not the same afterwards that is found, and found where it was done."""

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from davgate.model.audit import START, Damage, Fields, Head, Link, chained, damages

LENGTH = 9


def a_chain(length: int = LENGTH) -> list[Link]:
    """Return rows of which each follows from the one before."""
    links: list[Link] = []
    before = START
    for number in range(1, length + 1):
        fields: Fields = (number, 1000 + number, 2, "save", number, f"/d{number}", "{}", "", "", "granted")
        before = chained(before, fields)
        links.append((fields, before))
    return links


def end_of(links: Sequence[Link]) -> Head:
    return Head(links[-1][0][0], links[-1][1]) if links else Head(0, START)


def altered(links: list[Link], at: int, other: int) -> None:
    fields, digest = links[at]
    links[at] = ((fields[0], fields[1] + 1 + other, *fields[2:]), digest)


def hash_altered(links: list[Link], at: int, other: int) -> None:
    links[at] = (links[at][0], bytes([other]) * 32)


def made_anew(links: list[Link], at: int, other: int) -> None:
    """Alter a row, and all hashes from it on but for the last ``other``."""
    altered(links, at, other)
    before = links[at - 1][1] if at else START
    for no in range(at, max(at + 1, len(links) - other)):
        before = chained(before, links[no][0])
        links[no] = (links[no][0], before)


def taken_out(links: list[Link], at: int, other: int) -> None:
    del links[at]


def renumbered_behind(links: list[Link], at: int, other: int) -> None:
    """Take a row out, and close the gap."""
    del links[at]
    links[at:] = [((fields[0] - 1, *fields[1:]), digest) for fields, digest in links[at:]]


def put_in(links: list[Link], at: int, other: int) -> None:
    """Put a copy of a row in, and make room for it."""
    links[at:] = [links[at], *(((fields[0] + 1, *fields[1:]), digest) for fields, digest in links[at:])]


def exchanged(links: list[Link], at: int, other: int) -> None:
    other %= len(links)
    (one, its_hash), (two, other_hash) = links[at], links[other]
    links[at], links[other] = ((one[0], *two[1:]), other_hash), ((two[0], *one[1:]), its_hash)


ACTS: list[Callable[[list[Link], int, int], None]] = [
    altered,
    hash_altered,
    made_anew,
    taken_out,
    renumbered_behind,
    put_in,
    exchanged,
]


@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 99), st.integers(0, 99)), max_size=3))
def test_chain_is_whole_exactly_when_nothing_was_done(
    acts: list[tuple[Callable[[list[Link], int, int], None], int, int]],
) -> None:
    original = a_chain()
    links = list(original)
    for act, at, other in acts:
        if links:
            act(links, at % len(links), other)

    found = list(damages(links, end_of(original)))

    assert (found == []) == (links == original)


@given(st.sampled_from([altered, hash_altered, taken_out, exchanged]), st.integers(0, LENGTH - 1), st.integers(0, 99))
def test_single_damage_is_found_where_it_was_done(act: Callable[[list[Link], int, int], None], at: int, other: int) -> None:
    original = a_chain()
    links = list(original)
    act(links, at, other)
    done_to = {fields[0] for fields, _ in set(original) ^ set(links)}

    found = list(damages(links, end_of(original)))

    for number in done_to:
        assert any(one.first <= number <= one.last for one in found)
    for one in found:
        # A row that was replaced with its hash shows at the row after it.
        assert any(number <= one.last and one.first <= number + 1 for number in done_to)
        assert one.last - one.first <= 1 + len(done_to)


@given(st.integers(1, LENGTH), st.integers(0, LENGTH - 1), st.integers(0, 99))
def test_chain_made_anew_is_found_by_each_head_noted_after_the_altered_row(noted: int, at: int, other: int) -> None:
    original = a_chain()
    links = list(original)
    altered(links, at, other)
    before = links[at - 1][1] if at else START
    for no in range(at, len(links)):
        before = chained(before, links[no][0])
        links[no] = (links[no][0], before)
    head = Head(noted, original[noted - 1][1])

    assert list(damages(links, end_of(links))) == []
    found: list[Damage] = list(damages(links, end_of(links), [head]))
    assert [one.code for one in found] == (["audit-rewritten"] if noted > at else [])


def test_longer_chain_is_whole_with_every_head_that_was_noted() -> None:
    links = a_chain()

    assert list(damages(links, end_of(links), [end_of(links[:no]) for no in range(LENGTH + 1)])) == []


def test_empty_chain_is_whole() -> None:
    assert list(damages([], Head(0, START))) == []
    assert [one.code for one in damages([], Head(0, bytes([1]) * 32))] == ["audit-head"]
