"""Entity tags and their comparison."""

import hashlib

import pytest

from davgate.model import etag


def test_tag_of_content_is_its_digest_in_upper_case_and_quotes() -> None:
    assert etag.of_content(hashlib.sha256(b"abc").digest()) == (
        '"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"'
    )


def test_pending_document_has_a_tag_that_no_content_has() -> None:
    tag = etag.of_pending("2f0b8f0e-5e0f-4f0e-8d43-3a7d2c1b0a99")
    assert tag == '"pending-2f0b8f0e-5e0f-4f0e-8d43-3a7d2c1b0a99"'


@pytest.mark.parametrize(
    ("one", "other", "strongly", "weakly"),
    [
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', 'W/"1"', False, True),
        ('"1"', '"1"', True, True),
        ('"1"', '"2"', False, False),
        ('"a"', '"A"', False, False),
    ],
)
def test_comparison_follows_the_table_of_rfc_9110_8_8_3_2(one: str, other: str, strongly: bool, weakly: bool) -> None:
    assert etag.matches_strongly(one, other) is strongly
    assert etag.matches_weakly(one, other) is weakly
