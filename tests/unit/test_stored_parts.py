"""Addresses of stored contents: one for each content, whatever the numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from tests.builders import START

from davgate.model.instant import from_datetime
from davgate.model.stored_parts import MOST_PARTS, Candidate, address_of, address_of_part, candidate, prefix_of

DOCUMENT = "8f3c1f0e-5b1d-4d61-9a60-2f6f0d3c9b11"
OTHER = "0b5a7f1e-1111-4222-8333-444455556666"
DIGEST, OTHER_DIGEST = bytes(range(32)), bytes(range(1, 33))


@pytest.mark.parametrize("no", [1, 2, 65_536, (1 << 31) - 1])
@pytest.mark.parametrize("digest", [DIGEST, OTHER_DIGEST, b"\xff" * 32, bytes(32)])
def test_address_leads_to_a_version_and_the_beginning_of_a_digest(no: int, digest: bytes) -> None:
    address = address_of(DOCUMENT, no, digest, START)
    assert candidate(address, DOCUMENT) == Candidate(no, digest[:4])
    assert prefix_of(address) == DOCUMENT[:19]
    assert str(UUID(address.rpartition("/")[2].removesuffix(".bin"))) in address


def test_contents_have_addresses_of_their_own() -> None:
    of_document = {address_of(DOCUMENT, no, digest, START) for no in (1, 2, 1 << 20) for digest in (DIGEST, OTHER_DIGEST)}
    of_parts = {address_of_part(DOCUMENT, no, part, START) for no in (1, 2, 1 << 20, 1 << 40) for part in (1, 2, MOST_PARTS)}
    assert len(of_document | of_parts) == 6 + 12
    assert {candidate(one, DOCUMENT) for one in of_parts} == {None}, "those are kept by their addresses"


@pytest.mark.parametrize("no", [1 << 31, 1 << 40, (1 << 62) + 5])
def test_version_beyond_all_numbers_leaves_the_document_recognizable(no: int) -> None:
    address = address_of(DOCUMENT, no, DIGEST, START)
    assert prefix_of(address) == DOCUMENT[:19]
    assert candidate(address, DOCUMENT) == Candidate(no % (1 << 31), DIGEST[:4])


def test_address_of_another_document_or_of_nothing_leads_nowhere() -> None:
    address = address_of(OTHER, 1, DIGEST, START)
    assert [candidate(one, DOCUMENT) for one in (address, "x", address.removesuffix(".bin"), address.upper())] == [None] * 4
    assert [prefix_of(one) for one in ("x", address.upper())] == [None, None]


def test_minute_of_an_address_is_in_utc() -> None:
    at = from_datetime(datetime(2026, 11, 20, 23, 59, 58, tzinfo=UTC))

    assert address_of(DOCUMENT, 1, DIGEST, at).startswith("2026/11/20/23/59/")
