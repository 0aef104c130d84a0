"""Headers as text and as values; the numbered examples of RFC 4918, 10.4 are cases here and in test_conditions."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from davgate.http import dates, headers
from davgate.model.conditions import ANY, ELSEWHERE, NO_CONDITIONS, Conditions, EntityTag, IfList, StateToken
from davgate.model.errors import InvalidName, Malformed, OtherServer
from davgate.model.instant import Instant, from_datetime
from davgate.model.locks import Depth

TOKEN = "181d4fae-7d8c-11d0-a765-00a0c91e6bf2"
OTHER = "58f202ac-22cf-11d1-b12d-002035b29092"
RESOLVE = headers.tag_resolver(authority="www.example.com", mount="")


def instant(*fields: int) -> Instant:
    return from_datetime(datetime(*fields, tzinfo=UTC))  # type: ignore[arg-type, misc]


# Depth, Overwrite, Timeout


@pytest.mark.parametrize(
    ("value", "depth"),
    [
        ("0", Depth.ZERO),
        (" 1 ", Depth.ONE),
        ("infinity", Depth.INFINITY),
        ("Infinity", Depth.INFINITY),
        pytest.param(None, Depth.ONE, id="10.2-absent-is-the-default-of-the-method"),
    ],
)
def test_depth_is_read(value: str | None, depth: Depth) -> None:
    assert headers.parse_depth(value, default=Depth.ONE) is depth


@pytest.mark.parametrize("value", ["", "2", "-1", "0, 0", "1,noroot", "infinit", "∞"])
def test_unknown_depth_is_refused(value: str) -> None:
    with pytest.raises(Malformed, match="0, 1, infinity"):
        headers.parse_depth(value, default=Depth.ZERO)


def test_depth_that_the_method_does_not_know_is_refused() -> None:
    with pytest.raises(Malformed, match="0, infinity"):
        headers.parse_depth("1", Depth.INFINITY, allowed=(Depth.ZERO, Depth.INFINITY))


@pytest.mark.parametrize(("value", "may"), [("T", True), ("F", False), ("f", False), (" t", True), (None, True)])
def test_overwrite_is_read(value: str | None, may: bool) -> None:
    assert headers.parse_overwrite(value) is may


@pytest.mark.parametrize("value", ["", "true", "0", "T, F"])
def test_other_overwrite_is_refused(value: str) -> None:
    with pytest.raises(Malformed, match="T nor F"):
        headers.parse_overwrite(value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Second-180", 180),
        ("second-1", 1),
        ("Second-0", 1),
        ("Second-4294967295", 4_294_967_295),
        ("Extend, Second-5, Second-6", 5),
        ("Second-, Second-6", 6),
        ("Second-4294967296, Second-7", 7),
        (None, None),
        ("", None),
        ("Second", None),
        ("Second-1.5", None),
        ("Second--5", None),
        ("Second-٣", None),
        ("600", None),
    ],
)
def test_first_understood_timeout_wins(value: str | None, seconds: int | None) -> None:
    assert headers.parse_timeout(value) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("value", ["Infinite", "infinite, Second-4100000000", "Forever, Infinite"])
def test_infinite_timeout_is_longer_than_any(value: str) -> None:
    assert headers.parse_timeout(value) is headers.INFINITE


# Numbers and dates


@pytest.mark.parametrize(("value", "length"), [("0", 0), (" 150001 ", 150_001), ("007", 7)])
def test_length_is_read(value: str, length: int) -> None:
    assert headers.parse_length(value, "X-Expected-Entity-Length") == length


@pytest.mark.parametrize("value", ["", "-1", "+1", "1_0", "0x10", "1.0", "5, 5", "٣", "9" * 19, "9" * 5000])
def test_other_length_is_refused(value: str) -> None:
    with pytest.raises(Malformed, match="X-Expected-Entity-Length"):
        headers.parse_length(value, "X-Expected-Entity-Length")


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [
        ("1700000000", 1_700_000_000_000_000),
        ("1700000000.25", 1_700_000_000_250_000),
        ("1700000000.123456789", 1_700_000_000_123_456),
        ("0", 0),
        ("-1.5", -1_500_000),
    ],
)
def test_unix_time_is_exact_to_the_microsecond(value: str, microseconds: int) -> None:
    assert dates.parse_unix_time(value) == microseconds


@pytest.mark.parametrize("value", ["", "now", "nan", "1e9", "1700000000.", "999999999999", "-99999999999", "1 2"])
def test_other_unix_time_is_refused(value: str) -> None:
    with pytest.raises(Malformed, match="X-OC-Mtime"):
        dates.parse_unix_time(value)


@pytest.mark.parametrize(
    "value",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
    ids=["9110-5.6.7-imf-fixdate", "9110-5.6.7-rfc850", "9110-5.6.7-asctime"],
)
def test_all_three_forms_of_a_date_are_read(value: str) -> None:
    assert dates.parse_http_date(value) == instant(1994, 11, 6, 8, 49, 37)


@pytest.mark.parametrize(("year", "full"), [("00", 2000), ("68", 2068), ("69", 1969), ("99", 1999)])
def test_year_of_two_digits_lies_between_1969_and_2068(year: str, full: int) -> None:
    assert dates.parse_http_date(f"Monday, 01-Jan-{year} 00:00:00 GMT") == instant(full, 1, 1)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "So, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Okt 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, ٠٦ Nov 1994 08:49:37 GMT",
    ],
)
def test_other_date_is_refused(value: str) -> None:
    with pytest.raises(Malformed):
        dates.parse_http_date(value)


moments = st.datetimes(timezones=st.just(UTC)).map(from_datetime)


@settings(deadline=None)
@given(moments)
def test_written_date_is_read_back_to_the_second(moment: Instant) -> None:
    assert dates.parse_http_date(dates.http_date(moment)) == moment // 1_000_000 * 1_000_000


@settings(deadline=None)
@given(moments)
def test_written_rfc3339_time_is_read_back_to_the_second(moment: Instant) -> None:
    assert from_datetime(datetime.fromisoformat(dates.rfc3339(moment))) == moment // 1_000_000 * 1_000_000


def test_dates_are_english_and_padded() -> None:
    moment = instant(2026, 3, 1, 4, 5, 6)
    assert dates.http_date(moment) == "Sun, 01 Mar 2026 04:05:06 GMT"
    assert dates.rfc3339(moment) == "2026-03-01T04:05:06Z"
    assert dates.http_date(instant(99, 1, 1)) == "Thu, 01 Jan 0099 00:00:00 GMT"


# Entity tags


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ('"a"', ('"a"',)),
        ('"a", W/"b" ,"c"', ('"a"', 'W/"b"', '"c"')),
        ('"a,b", ""', ('"a,b"', '""')),
        (', "a", , "b",', ('"a"', '"b"')),
        ("0a1b", ('"0a1b"',)),
        ("W/0a1b, c", ('W/"0a1b"', '"c"')),
        ('"*"', ('"*"',)),
    ],
)
def test_entity_tags_are_read_with_their_quotes(value: str, tags: tuple[str, ...]) -> None:
    assert headers.parse_tags(value, "If-Match") == tags


def test_star_means_any_tag() -> None:
    assert headers.parse_tags(" * ", "If-Match") is ANY


@pytest.mark.parametrize("value", ["", " ", ",", '"a', 'a"', '"a" "b"', '*, "a"', '"a", *', 'w/"a"', '"a"b', "a b"])
def test_other_list_of_tags_is_refused(value: str) -> None:
    with pytest.raises(Malformed, match="If-None-Match"):
        headers.parse_tags(value, "If-None-Match")


# Lock tokens


@pytest.mark.parametrize(("left", "right"), [("<", ">"), ("", ""), (" <", "> ")], ids=["10.5-coded-url", "bare", "padded"])
@pytest.mark.parametrize("decoration", ["opaquelocktoken:", "urn:uuid:", "OpaqueLockToken:", "URN:UUID:", ""])
def test_lock_token_is_read_bare(left: str, decoration: str, right: str) -> None:
    assert headers.parse_lock_token(f"{left}{decoration}{TOKEN}{right}") == TOKEN


@pytest.mark.parametrize("value", [None, "", "<>", "<a", "a>", "<a> <b>", "a b", "<<a>>", "<a b>"])
def test_other_lock_token_is_refused(value: str | None) -> None:
    with pytest.raises(Malformed, match="Lock-Token"):
        headers.parse_lock_token(value)


def test_printed_token_is_read_back() -> None:
    assert headers.bare_token(headers.lock_token_uri(TOKEN)) == TOKEN


@pytest.mark.parametrize("uri", ["DAV:no-lock", "1764021", "urn:isbn:1", "http://example.org/lock"])
def test_token_of_another_scheme_stays_as_it_is(uri: str) -> None:
    assert headers.bare_token(uri) == uri


# If


@pytest.mark.parametrize(
    ("value", "lists"),
    [
        pytest.param(
            f'(<urn:uuid:{TOKEN}> ["I am an ETag"]) (["I am another ETag"])',
            (
                IfList(None, (StateToken(TOKEN), EntityTag('"I am an ETag"'))),
                IfList(None, (EntityTag('"I am another ETag"'),)),
            ),
            id="10.4.6",
        ),
        pytest.param(
            f"(Not <urn:uuid:{TOKEN}> <urn:uuid:{OTHER}>)",
            (IfList(None, (StateToken(TOKEN, negated=True), StateToken(OTHER))),),
            id="10.4.7",
        ),
        pytest.param(
            f"(<urn:uuid:{TOKEN}>) (Not <DAV:no-lock>)",
            (IfList(None, (StateToken(TOKEN),)), IfList(None, (StateToken("DAV:no-lock", negated=True),))),
            id="10.4.8",
        ),
        pytest.param(
            f'</resource1> (<urn:uuid:{TOKEN}> [W/"A weak ETag"]) (["strong ETag"])',
            (
                IfList(("resource1",), (StateToken(TOKEN), EntityTag('W/"A weak ETag"'))),
                IfList(("resource1",), (EntityTag('"strong ETag"'),)),
            ),
            id="10.4.9",
        ),
        pytest.param(
            f"<http://www.example.com/specs/> (<urn:uuid:{TOKEN}>)",
            (IfList(("specs",), (StateToken(TOKEN),)),),
            id="10.4.10",
        ),
        pytest.param(
            '</specs/rfc2518.doc> (["4217"])',
            (IfList(("specs", "rfc2518.doc"), (EntityTag('"4217"'),)),),
            id="10.4.11",
        ),
        pytest.param(f"(<{TOKEN}>)", (IfList(None, (StateToken(TOKEN),)),), id="bare-token"),
        pytest.param(
            f'(Not<{TOKEN}>NOT["e"]<urn:x>)',
            (IfList(None, (StateToken(TOKEN, True), EntityTag('"e"', True), StateToken("urn:x"))),),
            id="no-space-needed",
        ),
        pytest.param("([0a1b] [W/c])", (IfList(None, (EntityTag('"0a1b"'), EntityTag('W/"c"'))),), id="unquoted-tags"),
        pytest.param('(["a]b>(<c"])', (IfList(None, (EntityTag('"a]b>(<c"'),)),), id="brackets-within-a-tag"),
        pytest.param(
            "</a> (<t>) </b%20c/> (<u>) (<v>)",
            (
                IfList(("a",), (StateToken("t"),)),
                IfList(("b c",), (StateToken("u"),)),
                IfList(("b c",), (StateToken("v"),)),
            ),
            id="10.4.3-several-resources",
        ),
        pytest.param("<http://elsewhere/a> (<t>)", (IfList(ELSEWHERE, (StateToken("t"),)),), id="other-host"),
    ],
)
def test_if_is_read(value: str, lists: tuple[IfList, ...]) -> None:
    assert headers.parse_if(value, RESOLVE) == lists


@pytest.mark.parametrize(
    "value",
    [
        "",
        "(",
        ")",
        "()",
        "( )",
        "(<>)",
        "(<t>",
        "<t>)",
        "(<t>))",
        "((<t>))",
        "(<t>), (<u>)",
        "(t)",
        '("e")',
        "([])",
        '(["e)',
        '([w/"e"])',
        "(Not)",
        "(Not Not <t>)",
        "(Nott <t>)",
        "(<t u>)",
        "<t>",
        "</a>",
        "</a> </b> (<t>)",
        "</a> (<t>) </b>",
        pytest.param("(<t>) </a> (<u>)", id="10.4.2-untagged-before-tagged"),
        "not an if header",
        "<opaquelocktoken:x>",
    ],
)
def test_if_outside_the_grammar_is_refused(value: str) -> None:
    with pytest.raises(Malformed):
        headers.parse_if(value, RESOLVE)


def test_if_error_says_where_it_went_wrong() -> None:
    with pytest.raises(Malformed, match="from character 6 on"):
        headers.parse_if("(<t>) !", RESOLVE)


def test_last_if_list_that_a_program_cut_off_within_its_tag_is_left_out() -> None:
    lists = headers.parse_if(f'(<{TOKEN}> ["A"]) (Not <DAV:no-lock> ["A6FE34', RESOLVE)
    assert lists == headers.parse_if(f'(<{TOKEN}> ["A"])', RESOLVE)


@pytest.mark.parametrize("value", ['(<t> ["A', "(<t>) (<u", '(<t>) (<u> ["A"', '(<t>) </a> ["A', '(<t>) (["A" ("B'])
def test_if_header_cut_off_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(Malformed):
        headers.parse_if(value, RESOLVE)


def test_if_tag_that_can_name_nothing_is_refused() -> None:
    with pytest.raises(InvalidName):
        headers.parse_if("</a/%2e%2e/b> (<t>)", RESOLVE)


def test_if_above_its_limits_is_refused() -> None:
    at_the_limit = "(<t>)" * headers.MAX_IF_LISTS
    assert len(headers.parse_if(at_the_limit, RESOLVE)) == headers.MAX_IF_LISTS
    with pytest.raises(Malformed, match="lists"):
        headers.parse_if(at_the_limit + "(<t>)", RESOLVE)
    with pytest.raises(Malformed, match="characters"):
        headers.parse_if(f"(<{'t' * headers.MAX_IF_CHARS}>)", RESOLVE)


conditions = st.builds(
    lambda negated, condition: ("Not " if negated else "") + condition,
    st.booleans(),
    st.sampled_from(["<t>", "<urn:x:y>", '["e"]', '[W/"e f"]', "[e]"]),
)
if_lists = st.lists(conditions, min_size=1, max_size=4).map(lambda parts: f"({' '.join(parts)})")


@settings(deadline=None)
@given(st.lists(if_lists, min_size=1, max_size=4), st.lists(if_lists, min_size=1, max_size=4))
def test_every_if_of_the_grammar_is_read_whole(first: list[str], second: list[str]) -> None:
    tagged = headers.parse_if(f"</a>{' '.join(first)} <b:c> {''.join(second)}".replace("b:c", "/b"), RESOLVE)
    untagged = headers.parse_if(" ".join(first + second), RESOLVE)

    assert [lst.resource for lst in tagged] == [("a",)] * len(first) + [("b",)] * len(second)
    assert [lst.conditions for lst in tagged] == [lst.conditions for lst in untagged]
    assert sum(len(lst.conditions) for lst in untagged) == "".join(first + second).count("<") + "".join(first + second).count("[")


# Destination


@pytest.mark.parametrize(
    "value",
    [
        "http://host:8080/dav/a%20b/c",
        "https://HOST:8080/dav/a%20b/c",
        "http://ann@host:8080/dav/a%20b/c",
        "/dav/a%20b/c",
        " /dav//a%20b/c ",
        "/dav/a b/c",
    ],
)
def test_destination_on_this_server_is_read(value: str) -> None:
    assert headers.parse_destination(value, authority="host:8080", mount="/dav").path == ("a b", "c")


@pytest.mark.parametrize(
    ("value", "authority"),
    list(product(["http://host/dav/a", "http://host:80/dav/a", "https://host:443/dav/a"], ["host", "host:443", "Host:80"])),
)
def test_usual_ports_count_as_none(value: str, authority: str) -> None:
    assert headers.parse_destination(value, authority=authority, mount="/dav").path == ("a",)


def test_destination_tells_whether_it_ends_in_a_slash() -> None:
    assert headers.parse_destination("/dav/a/", authority="h", mount="/dav").wants_collection
    assert not headers.parse_destination("/dav/a", authority="h", mount="/dav").wants_collection


@pytest.mark.parametrize(
    "value",
    [
        "http://other/dav/a",
        "http://host:8081/dav/a",
        "http://host.evil/dav/a",
        "http://[::1]/dav/a",
        "http:///dav/a",
        "/other/a",
        "/davx",
        "//host/dav/a",
        "/",
        "http://host",
    ],
)
def test_destination_elsewhere_is_another_server(value: str) -> None:
    with pytest.raises(OtherServer):
        headers.parse_destination(value, authority="host", mount="/dav")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "a/b",
        "ftp://host/dav/a",
        "http://",
        "/dav/what?.txt",
        "/dav/C#.txt",
        "/dav/100% done",
        "/dav/%ff",
        "/dav/a%2Fb",
        "/dav/../a",
        "/dav/a%00b",
    ],
)
def test_malformed_destination_is_refused(value: str | None) -> None:
    with pytest.raises(Malformed):
        headers.parse_destination(value, authority="host", mount="/dav")


# All conditions of a request


def test_request_without_conditions_shares_one_value() -> None:
    assert headers.conditions_from({"HTTP_HOST": "h", "HTTP_DEPTH": "0"}, RESOLVE) is NO_CONDITIONS


def test_all_conditions_are_collected() -> None:
    found = headers.conditions_from(
        {
            "HTTP_IF": "(<t>)",
            "HTTP_IF_MATCH": "*",
            "HTTP_IF_NONE_MATCH": '"a", "b"',
            "HTTP_IF_MODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:37 GMT",
            "HTTP_IF_UNMODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:38 GMT",
        },
        RESOLVE,
    )
    assert found == Conditions(
        if_match=ANY,
        if_none_match=('"a"', '"b"'),
        if_modified_since=instant(1994, 11, 6, 8, 49, 37),
        if_unmodified_since=instant(1994, 11, 6, 8, 49, 38),
        if_lists=(IfList(None, (StateToken("t"),)),),
    )


@pytest.mark.parametrize("name", ["HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"])
def test_unreadable_date_is_no_condition(name: str) -> None:
    assert headers.conditions_from({name: "soon"}, RESOLVE) == NO_CONDITIONS


@pytest.mark.parametrize("name", ["HTTP_IF", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"])
def test_empty_condition_is_refused_rather_than_dropped(name: str) -> None:
    with pytest.raises(Malformed):
        headers.conditions_from({name: ""}, RESOLVE)


# Whatever is sent


PARSERS: list[Callable[[str], object]] = [
    lambda text: headers.parse_depth(text, Depth.ZERO),
    headers.parse_overwrite,
    headers.parse_timeout,
    lambda text: headers.parse_length(text, "Content-Length"),
    dates.parse_unix_time,
    dates.parse_http_date,
    lambda text: headers.parse_tags(text, "If-Match"),
    headers.parse_lock_token,
    lambda text: headers.parse_if(text, lambda uri: (uri,)),
]

# What header grammars consist of comes up often, anything else sometimes.
near_misses = st.lists(
    st.sampled_from(['"', "W/", "<", ">", "(", ")", "[", "]", "Not", "*", ",", "-", ":", " ", "\t", "a", "1", "Second"])
).map("".join)


@pytest.mark.parametrize("parse", PARSERS)
@settings(deadline=None)
@given(text=st.one_of(near_misses, st.text(), st.text(st.characters(max_codepoint=255))))
def test_no_text_makes_a_parser_fail_otherwise_than_malformed(parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except Malformed as error:
        assert str(error).endswith((".", ")."))


@pytest.mark.parametrize("piece", [" ", "\t", ",", "a", '"', '""', "(", "<", "(<a> ", "[", "Not ", '("', "W/", "-", "9"])
@pytest.mark.parametrize("parse", PARSERS)
def test_hostile_header_takes_linear_time(parse: Callable[[str], object], piece: str) -> None:
    text = (piece * 65_536)[:65_536] + '"'
    began = time.process_time()
    try:
        parse(text)
    except Malformed:
        pass
    # Some milliseconds; an expression of quadratic cost takes half a minute.
    assert time.process_time() - began < 1
