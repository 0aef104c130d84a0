"""The If header (RFC 4918, 10.4), with the examples of the RFC."""

from __future__ import annotations

import pytest

from tests.protocol.client import HOST, Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import error_of, locks_of, members

UNKNOWN = "<urn:uuid:181d4fae-7d8c-11d0-a765-00a0c91e6bf2>"
DOCUMENT = "/dav/a.txt"


@pytest.fixture
def etag(ann: Client) -> str:
    """The tag of the document."""
    return ann.put(DOCUMENT, b"one").etag


@pytest.fixture
def token(ann: Client, etag: str) -> str:
    """The token of an exclusive lock on the document, in angle brackets."""
    return f"<{ann.lock(DOCUMENT)}>"


HOLDS = {
    "token": "({token})",
    "token-and-tag": "({token} [{etag}])",
    "tag-and-token": "([{etag}] {token})",
    "second-list": '({token} ["x"]) ({token})',
    "not-no-lock": "({token}) (Not <DAV:no-lock>)",
    "not-wrong-tag": '({token} Not ["x"])',
    "not-other-token": "({token} Not " + UNKNOWN + ")",
    "lower-case-not": "({token} not <DAV:no-lock>)",
    "tagged-with-a-path": "</dav/a.txt> ({token})",
    "tagged-with-a-uri": f"<http://{HOST}/dav/a.txt> ({{token}} [{{etag}}])",
    "tagged-with-the-host-in-capitals": f"<http://{HOST.upper()}/dav/a.txt> ({{token}})",
    "tagged-with-the-scheme-behind-a-proxy": f"<https://{HOST}/dav/a.txt> ({{token}})",
    "tagged-with-the-usual-port": f"<http://{HOST}:80/dav/a.txt> ({{token}})",
    "tagged-and-escaped": "</dav/%61.txt> ({token})",
    "tagged-other-resource-first": '</dav/b.txt> (["x"]) </dav/a.txt> ({token})',
    "tagged-without-spaces": "</dav/a.txt>({token})(Not<DAV:no-lock>)",
}
FAILS = {
    "wrong-tag": '({token} ["x"])',
    "weak-tag": "({token} [W/{etag}])",
    "unknown-token": f"({UNKNOWN})",
    "no-lock": "(<DAV:no-lock>)",
    "not-own-token": "(Not {token})",
    "not-own-tag": "({token} Not [{etag}])",
    "both-lists": f'({UNKNOWN}) ({{token}} ["x"])',
    "tagged-with-the-wrong-tag": f'<http://{HOST}/dav/a.txt> ({{token}} ["x"])',
    "tagged-another-resource": "</dav/b.txt> ({token})",
    "tagged-another-host": "<http://elsewhere.test/dav/a.txt> ({token})",
    "tagged-outside-the-mount": "</other/a.txt> ({token})",
    "tagged-a-missing-resource": "</dav/missing.txt> ({token})",
}
MALFORMED = {
    "open": "(",
    "empty": "",
    "empty-list": "()",
    "no-list": "{token}",
    "open-list": "({token}",
    "tag-alone": "</dav/a.txt>",
    "tag-last": "({token}) </dav/a.txt>",
    "tag-then-untagged-before": "({token}) </dav/a.txt> ({token})",
    "two-tags": "</dav/a.txt> </dav/b.txt> ({token})",
    "not-alone": "(Not)",
    "text": "nonsense",
    "closing": "({token}))",
}


@pytest.mark.parametrize("form", HOLDS.values(), ids=HOLDS)
def test_if_that_holds_lets_the_write_pass(ann: Client, token: str, etag: str, form: str) -> None:
    ann.put("/dav/b.txt")

    assert ann("PUT", DOCUMENT, b"two", if_=form.format(token=token, etag=etag)).status == 204


@pytest.mark.parametrize("form", FAILS.values(), ids=FAILS)
def test_if_that_fails_is_412_though_it_names_the_token(ann: Client, token: str, etag: str, form: str) -> None:
    ann.put("/dav/b.txt")

    assert ann("PUT", DOCUMENT, b"two", if_=form.format(token=token, etag=etag)).status == 412
    assert ann.get(DOCUMENT) == b"one"


@pytest.mark.parametrize("form", MALFORMED.values(), ids=MALFORMED)
def test_if_outside_the_grammar_is_400(ann: Client, token: str, etag: str, form: str) -> None:
    assert ann("PUT", DOCUMENT, b"two", if_=form.format(token=token, etag=etag)).status == 400
    assert ann.get(DOCUMENT) == b"one"


@pytest.mark.parametrize("form", [f"(Not {UNKNOWN})", "(Not <DAV:no-lock>)", "([{etag}])"], ids=["unknown", "no-lock", "tag"])
def test_if_that_holds_without_the_token_is_423(ann: Client, token: str, etag: str, form: str) -> None:
    response = ann("PUT", DOCUMENT, b"two", if_=form.format(etag=etag))

    assert (response.status, error_of(response)) == (423, ("lock-token-submitted", [DOCUMENT]))


def test_released_token_is_412(ann: Client, token: str) -> None:
    ann("UNLOCK", DOCUMENT, lock_token=token)

    assert ann("PUT", DOCUMENT, b"two", if_=f"({token})").status == 412


# Untagged lists name the request's address and no other: Windows and the Finder send them on every method.


def test_untagged_token_suffices_for_delete(ann: Client, token: str) -> None:
    assert ann("DELETE", DOCUMENT, if_=f"({token})").status == 204


def test_untagged_token_suffices_for_move(ann: Client, token: str) -> None:
    assert ann("MOVE", DOCUMENT, destination="/dav/b.txt", if_=f"({token})").status == 201


def test_untagged_token_of_the_destination_does_not_hold_at_the_source(ann: Client, token: str) -> None:
    ann.put("/dav/b.txt", b"two")

    assert ann("COPY", "/dav/b.txt", destination=DOCUMENT, if_=f"({token})").status == 412
    assert ann("COPY", "/dav/b.txt", destination=DOCUMENT, if_=f"<{DOCUMENT}> ({token})").status == 204


@on_both_databases
def test_lists_over_several_resources_are_each_held_against_their_own(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    tags = {name: ann.put(f"/dav/folder/{name}", name.encode()).etag for name in ("a", "b")}
    tokens = {name: ann.lock(f"/dav/folder/{name}") for name in ("a", "b")}

    def both(of_a: str, of_b: str) -> str:
        return f"</dav/folder/a> (<{tokens['a']}> [{of_a}]) </dav/folder/b> (<{tokens['b']}> [{of_b}])"

    # One list that holds is enough; the tokens of the other are submitted all the same (RFC 4918, 10.4.1 and 10.4.3).
    assert ann("DELETE", "/dav/folder", if_=both('"x"', '"x"')).status == 412
    assert ann("DELETE", "/dav/folder", if_=both(tags["b"], tags["a"])).status == 412
    assert members(ann, "/dav/folder/") == ["a", "b"]
    assert ann("DELETE", "/dav/folder", if_=both(tags["a"], '"x"')).status == 204


# Unmapped addresses (RFC 4918, 10.4.10)


@pytest.mark.parametrize("method", ["PUT", "MKCOL"])
@pytest.mark.parametrize("form", ['(["4217"])', f"({UNKNOWN})", '</dav/new> (["4217"])'], ids=["tag", "token", "tagged"])
def test_if_on_an_unmapped_address_is_412(ann: Client, method: str, form: str) -> None:
    assert ann(method, "/dav/new", if_=form).status == 412
    assert members(ann, "/dav/") == []


@pytest.mark.parametrize(
    "form", ['(Not ["4217"])', f"(Not {UNKNOWN})", '</dav/new> (Not ["4217"])'], ids=["tag", "token", "tagged"]
)
def test_negated_if_on_an_unmapped_address_holds(ann: Client, form: str) -> None:
    assert ann("PUT", "/dav/new", b"one", if_=form).status == 201


# The examples of the RFC


def test_example_10_4_6_no_tag_list(ann: Client) -> None:
    etag = ann.put("/dav/resource", b"one").etag
    token = ann.lock("/dav/resource")

    value = f'(<{token}> ["I am an ETag"]) (["I am another ETag"])'
    assert ann("PUT", "/dav/resource", b"two", if_=value).status == 412
    value = f'(<{token}> [{etag}]) (["I am another ETag"])'
    assert ann("PUT", "/dav/resource", b"two", if_=value).status == 204


def test_example_10_4_7_not(ann: Client) -> None:
    ann.put("/dav/resource", b"one")
    token = ann.lock("/dav/resource")

    assert ann("PUT", "/dav/resource", b"two", if_=f"(Not {UNKNOWN} <{token}>)").status == 204


def test_example_10_4_8_a_list_that_always_holds(ann: Client) -> None:
    ann.put("/dav/resource", b"one")
    token = ann.lock("/dav/resource")
    value = f"(<{token}>) (Not <DAV:no-lock>)"
    assert ann("PUT", "/dav/resource", b"two", if_=value).status == 204

    ann("UNLOCK", "/dav/resource", lock_token=f"<{token}>")

    assert ann("PUT", "/dav/resource", b"three", if_=value).status == 204


def test_example_10_4_9_copy_with_tagged_lists(ann: Client) -> None:
    etag = ann.put("/dav/resource1", b"one").etag
    token = ann.lock("/dav/resource1")
    ann.mkcol("/dav/resource2")

    value = f'<http://{HOST}/dav/resource1> (<{token}> [W/"A weak ETag"]) (["strong ETag"])'
    destination = f"http://{HOST}/dav/resource2/copy"
    assert ann("COPY", "/dav/resource1", destination=destination, if_=value).status == 412
    value = f'<http://{HOST}/dav/resource1> (<{token}> [W/"A weak ETag"]) ([{etag}])'
    assert ann("COPY", "/dav/resource1", destination=destination, if_=value).status == 201


def test_example_10_4_10_lock_of_the_collection_matches_at_its_member(ann: Client) -> None:
    ann.mkcol("/dav/specs")
    ann.put("/dav/specs/rfc2518.doc", b"one")
    token = ann.lock("/dav/specs", depth="infinity")

    value = f"<http://{HOST}/dav/specs/> (<{token}>)"
    assert ann("DELETE", "/dav/specs/rfc2518.doc", if_=value).status == 204
    assert [lock.token for lock in locks_of(ann, "/dav/specs")] == [token]


# Limits: the header never costs more than its length


@pytest.mark.parametrize(
    "value",
    ["(" * 10_000, "(<a>)" * 500, "(Not " * 3000, '(["' + "x" * 17_000 + '"])', "</dav/a.txt> (<a>) " * 500],
    ids=["open", "lists", "not", "long", "tagged"],
)
def test_huge_if_header_is_400(ann: Client, etag: str, value: str) -> None:
    assert ann("PUT", DOCUMENT, b"two", if_=value).status == 400
