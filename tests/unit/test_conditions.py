"""Whether conditions hold: the examples of RFC 4918, 10.4 and the order of RFC 9110, 13.2.2."""

import pytest

from davgate.http.headers import parse_if, tag_resolver
from davgate.model.conditions import (
    ANY,
    NO_CONDITIONS,
    Conditions,
    EntityTag,
    IfList,
    ResourceState,
    Tags,
    Verdict,
    evaluate,
)
from davgate.model.instant import Instant
from davgate.model.paths import TreePath

T1 = "181d4fae-7d8c-11d0-a765-00a0c91e6bf2"
T2 = "58f202ac-22cf-11d1-b12d-002035b29092"
NOTHING = ResourceState(exists=False)
NOON = Instant(1_700_000_000_000_000)
SECOND = 1_000_000


def state(tag: str | None = None, *tokens: str, modified_at: Instant | None = None) -> ResourceState:
    return ResourceState(True, tag, modified_at, frozenset(tokens))


def verdict(
    conditions: Conditions,
    own: ResourceState,
    others: dict[TreePath, ResourceState] | None = None,
    *,
    reading: bool = False,
) -> Verdict:
    return evaluate(conditions, own, lambda path: (others or {}).get(path, NOTHING), reading=reading)


def if_header(text: str) -> Conditions:
    return Conditions(if_lists=parse_if(text, tag_resolver(authority="www.example.com", mount="")))


# If, RFC 4918, 10.4

NO_TAG = f'(<urn:uuid:{T1}> ["I am an ETag"]) (["I am another ETag"])'
NOT = f"(Not <urn:uuid:{T1}> <urn:uuid:{T2}>)"
ALWAYS = f"(<urn:uuid:{T1}>) (Not <DAV:no-lock>)"


@pytest.mark.parametrize(
    ("text", "own", "holds"),
    [
        pytest.param(NO_TAG, state('"I am an ETag"', T1), True, id="10.4.6-first-list"),
        pytest.param(NO_TAG, state('"I am an ETag"'), False, id="10.4.6-tag-without-lock"),
        pytest.param(NO_TAG, state('"changed"', T1), False, id="10.4.6-lock-without-tag"),
        pytest.param(NO_TAG, state('"I am another ETag"'), True, id="10.4.6-second-list"),
        pytest.param(NOT, state('"e"', T2), True, id="10.4.7-second-lock-alone"),
        pytest.param(NOT, state('"e"', T1, T2), False, id="10.4.7-both-locks"),
        pytest.param(NOT, state('"e"'), False, id="10.4.7-no-lock"),
        pytest.param(ALWAYS, state('"e"', T1), True, id="10.4.8-locked"),
        pytest.param(ALWAYS, state('"e"'), True, id="10.4.8-unlocked"),
        pytest.param(ALWAYS, NOTHING, True, id="10.4.8-unmapped"),
        pytest.param("(<DAV:no-lock>)", state('"e"', T1), False, id="10.4.8-no-lock-never-matches"),
    ],
)
def test_untagged_lists_are_held_against_the_request_s_resource(text: str, own: ResourceState, holds: bool) -> None:
    assert verdict(if_header(text), own) is (Verdict.PROCEED if holds else Verdict.FAILED)


COPY = f'</resource1> (<urn:uuid:{T1}> [W/"A weak ETag"]) (["strong ETag"])'
COLLECTION_LOCK = f"<http://www.example.com/specs/> (<urn:uuid:{T1}>)"


@pytest.mark.parametrize(
    ("text", "there", "holds"),
    [
        pytest.param(COPY, {("resource1",): state('"strong ETag"')}, True, id="10.4.9-strong"),
        pytest.param(COPY, {("resource1",): state('"A weak ETag"', T1)}, False, id="10.4.9-weak-is-no-strong-match"),
        pytest.param(COPY, {("resource1",): state('"changed"', T1)}, False, id="10.4.9-changed"),
        pytest.param(COPY, {("resource2",): state('"strong ETag"')}, False, id="10.4.9-other-resource"),
        pytest.param(COLLECTION_LOCK, {("specs",): state(None, T1)}, True, id="10.4.10-lock-on-the-collection"),
        pytest.param(COLLECTION_LOCK, {("specs", "rfc2518.txt"): state('"e"')}, False, id="10.4.10-lock-gone"),
        pytest.param('</specs/rfc2518.doc> (["4217"])', {}, False, id="10.4.11-tag-on-unmapped"),
        pytest.param('</specs/rfc2518.doc> (Not ["4217"])', {}, True, id="10.4.11-not-tag-on-unmapped"),
        pytest.param("</a> (<t>) </b> (<u>)", {("b",): state(None, "u")}, True, id="10.4.3-any-list-suffices"),
    ],
)
def test_tagged_lists_are_held_against_their_resources(text: str, there: dict[TreePath, ResourceState], holds: bool) -> None:
    # What the request itself names would satisfy every list, were it asked.
    own = state('"strong ETag"', T1, "t", "u")
    assert verdict(if_header(text), own, there) is (Verdict.PROCEED if holds else Verdict.FAILED)


@pytest.mark.parametrize(("condition", "holds"), [("<t>", False), ("Not <t>", True), ('["e"]', False)])
def test_resource_elsewhere_has_no_state(condition: str, holds: bool) -> None:
    found = verdict(if_header(f"<http://elsewhere/a> ({condition})"), state('"e"', "t"))
    assert found is (Verdict.PROCEED if holds else Verdict.FAILED)


def test_naming_a_token_submits_it_wherever_it_stands() -> None:
    conditions = if_header('</a> (<t> ["e"]) (Not <u>) <http://elsewhere/b> (<urn:uuid:v> <DAV:no-lock>)')
    assert conditions.submitted_tokens() == {"t", "u", "v", "DAV:no-lock"}


@pytest.mark.parametrize(
    ("text", "holds"), [("(<t>)", True), ("(Not <t>)", True), ('(<t> ["e"])', True), ('(<t> ["x"])', False), ('(["x"])', False)]
)
def test_lock_tokens_decide_about_no_read(text: str, holds: bool) -> None:
    for own in (state('"e"'), state('"e"', "t")):
        assert verdict(if_header(text), own, reading=True) is (Verdict.PROCEED if holds else Verdict.FAILED)


# If-Match and the rest, RFC 9110, 13


@pytest.mark.parametrize(
    ("tags", "own", "holds"),
    [
        (ANY, state('"e"'), True),
        (ANY, state(None), True),
        pytest.param(ANY, NOTHING, False, id="13.1.1-star-on-unmapped"),
        (('"d"', '"e"'), state('"e"'), True),
        (('"d"',), state('"e"'), False),
        (('"d"',), NOTHING, False),
        (('"d"',), state(None), False),
        pytest.param(('W/"e"',), state('"e"'), False, id="13.1.1-weak-never-matches"),
    ],
)
@pytest.mark.parametrize("reading", [False, True])
def test_if_match_needs_a_strong_match(tags: Tags, own: ResourceState, holds: bool, reading: bool) -> None:
    found = verdict(Conditions(if_match=tags), own, reading=reading)
    assert found is (Verdict.PROCEED if holds else Verdict.FAILED)


@pytest.mark.parametrize(
    ("tags", "own", "holds"),
    [
        pytest.param(ANY, state('"e"'), False, id="13.1.2-star-on-existing"),
        (ANY, state(None), False),
        (ANY, NOTHING, True),
        (('"d"', '"e"'), state('"e"'), False),
        pytest.param(('W/"e"',), state('"e"'), False, id="13.1.2-weak-matches"),
        (('"d"',), state('"e"'), True),
        (('"d"',), NOTHING, True),
    ],
)
def test_if_none_match_fails_a_write_and_spares_a_read(tags: Tags, own: ResourceState, holds: bool) -> None:
    conditions = Conditions(if_none_match=tags)
    assert verdict(conditions, own) is (Verdict.PROCEED if holds else Verdict.FAILED)
    assert verdict(conditions, own, reading=True) is (Verdict.PROCEED if holds else Verdict.NOT_MODIFIED)


@pytest.mark.parametrize(
    ("modified_at", "unmodified", "modified"),
    [
        (Instant(NOON - 1), Verdict.PROCEED, Verdict.NOT_MODIFIED),
        (NOON, Verdict.PROCEED, Verdict.NOT_MODIFIED),
        pytest.param(Instant(NOON + SECOND - 1), Verdict.PROCEED, Verdict.NOT_MODIFIED, id="fraction-of-a-second-is-not-newer"),
        (Instant(NOON + SECOND), Verdict.FAILED, Verdict.PROCEED),
        (None, Verdict.PROCEED, Verdict.PROCEED),
    ],
)
def test_dates_are_compared_in_whole_seconds(modified_at: Instant | None, unmodified: Verdict, modified: Verdict) -> None:
    own = state('"e"', modified_at=modified_at)
    assert verdict(Conditions(if_unmodified_since=NOON), own) is unmodified
    assert verdict(Conditions(if_modified_since=NOON), own, reading=True) is modified


def test_if_modified_since_does_not_touch_a_write() -> None:
    assert verdict(Conditions(if_modified_since=NOON), state('"e"', modified_at=NOON)) is Verdict.PROCEED


OLD, NEW = Instant(NOON - SECOND), Instant(NOON + SECOND)


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        pytest.param(
            Conditions(if_match=('"e"',), if_unmodified_since=OLD),
            Verdict.PROCEED,
            id="13.1.4-date-is-ignored-beside-if-match",
        ),
        pytest.param(
            Conditions(if_none_match=('"x"',), if_modified_since=NEW),
            Verdict.PROCEED,
            id="13.1.3-date-is-ignored-beside-if-none-match",
        ),
        pytest.param(Conditions(if_match=('"x"',), if_none_match=('"e"',)), Verdict.FAILED, id="13.2.2-if-match-comes-first"),
        pytest.param(
            Conditions(if_unmodified_since=OLD, if_none_match=('"e"',)),
            Verdict.FAILED,
            id="13.2.2-if-unmodified-since-comes-before-if-none-match",
        ),
        pytest.param(
            Conditions(if_match=('"e"',), if_none_match=('"e"',)),
            Verdict.NOT_MODIFIED,
            id="13.2.2-if-none-match-comes-after-if-match",
        ),
        pytest.param(
            Conditions(if_lists=(IfList(None, (EntityTag('"x"'),)),), if_none_match=('"e"',)),
            Verdict.FAILED,
            id="10.4-if-comes-first",
        ),
        pytest.param(NO_CONDITIONS, Verdict.PROCEED, id="none"),
    ],
)
def test_conditions_are_held_in_the_order_of_the_standard(conditions: Conditions, found: Verdict) -> None:
    assert verdict(conditions, state('"e"', modified_at=NOON), reading=True) is found


def test_who_has_what_is_said_of_a_document_has_not_its_content() -> None:
    described = ResourceState(True, '"content"', metadata_etag='"metadata"')
    assert verdict(Conditions(if_none_match=('"metadata"',)), described, reading=True) is Verdict.PROCEED
    assert verdict(Conditions(if_none_match=('"content"',)), described, reading=True) is Verdict.NOT_MODIFIED
    assert verdict(Conditions(if_none_match=('"metadata"',)), described) is Verdict.FAILED
    assert verdict(Conditions(if_match=('"metadata"',)), described) is Verdict.PROCEED


def test_tag_that_the_same_bytes_had_before_still_holds() -> None:
    settled = ResourceState(True, '"new"', former_etag='"old"')
    for tag in ('"new"', '"old"'):
        assert verdict(Conditions(if_match=(tag,)), settled) is Verdict.PROCEED
        assert verdict(if_header(f"([{tag}])"), settled) is Verdict.PROCEED
    assert verdict(Conditions(if_match=('"other"',)), settled) is Verdict.FAILED
