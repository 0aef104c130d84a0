"""Digest sign-in: the examples of the RFCs, what clients send, and nonces."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import START

from davgate.identity.digest import MD5, SHA_256, DigestCredentials, Nonces, ha1, is_for, parse, proves, response_of
from davgate.model.errors import Unauthenticated
from davgate.model.instant import Instant, after

FROM_RFC_7616 = DigestCredentials(
    username="Mufasa",
    nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    uri="/dir/index.html",
    response="8ca523f5e9506fed4657c9700eebdbec",
    algorithm=MD5,
    cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    count="00000001",
)
SENT = 'username="ann", realm="davgate", nonce="n", uri="/dav/", response="AB", algorithm=MD5, cnonce="c", nc=00000001, qop=auth'


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (SHA_256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_example_of_rfc_7616_3_9_1(algorithm: str, response: str) -> None:
    kept = ha1(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life")

    assert response_of(algorithm, kept, "GET", FROM_RFC_7616) == response
    assert proves(replace(FROM_RFC_7616, algorithm=algorithm, response=response), kept, "GET")


def test_example_of_rfc_2617_3_5() -> None:
    sent = replace(FROM_RFC_7616, nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", cnonce="0a4f113b")

    kept = ha1(MD5, "Mufasa", "testrealm@host.com", "Circle Of Life")

    assert kept == "939e7578ed9e3c518a452acee763bce9"
    assert response_of(MD5, kept, "GET", sent) == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize(
    "changed",
    [
        {"uri": "/dir/other.html"},
        {"nonce": "other"},
        {"cnonce": "other"},
        {"count": "00000002"},
        {"response": "8ca523f5e9506fed4657c9700eebdbed"},
        {"response": ""},
        {"response": "\xff\u20ac"},
    ],
    ids=["uri", "nonce", "cnonce", "nc", "response", "no-response", "no-hex"],
)
def test_changed_credentials_prove_nothing(changed: dict[str, str]) -> None:
    kept = ha1(MD5, "Mufasa", "http-auth@example.org", "Circle of Life")

    assert proves(FROM_RFC_7616, kept, "GET")
    assert not proves(FROM_RFC_7616, kept, "PUT")
    assert not proves(replace(FROM_RFC_7616, **changed), kept, "GET")


def test_header_is_read() -> None:
    assert parse(SENT) == DigestCredentials("ann", "n", "/dav/", "ab", MD5, "c", "00000001")


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('username="ann"', r'username="EXAMPLE\\ann"', "ann"),
        ('username="ann"', r'username="EXAMPLE\ann"', "ann"),
        ('username="ann"', r'username="a \"b\" c"', 'a "b" c'),
        ('username="ann"', 'username="J\xc3\xa4s\xc3\xb8n"', "J\xe4s\xf8n"),
        ('username="ann"', 'username="J\xe4s"', "J\xe4s"),
        # RFC 7616, 3.9.2
        ('username="ann"', "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe", "J\xe4s\xf8n Doe"),
        ("algorithm=MD5, ", "", "ann"),
        ("algorithm=MD5", 'algorithm="md5"', "ann"),
        ("algorithm=MD5", "algorithm=SHA-256", "ann"),
        ("qop=auth", 'qop="auth" , opaque="", userhash=false', "ann"),
    ],
)
def test_header_as_clients_write_it(old: str, new: str, name: str) -> None:
    assert parse(SENT.replace(old, new)).username == name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('username="ann"', ""),
        ('username="ann"', "username=\"ann\", username*=UTF-8''ann"),
        ('username="ann"', "username*=UTF-8''%ff"),
        ('username="ann"', "username*=ISO-8859-1''ann"),
        ('username="ann"', "username*=ann"),
        ('username="ann"', 'username="ann", userhash=true'),
        ('username="ann"', 'username="ann", username="bob"'),
        ('username="ann"', 'username="ann'),
        ('realm="davgate"', 'realm="other"'),
        ("algorithm=MD5", "algorithm=MD5-sess"),
        ("algorithm=MD5", "algorithm=SHA-512-256"),
        ("qop=auth", "qop=auth-int"),
        (", qop=auth", ""),
        ("nc=00000001", "nc=1"),
        ("nc=00000001, ", ""),
        ('cnonce="c", ', ""),
        ('nonce="n", ', ""),
        ("qop=auth", "qop=auth; x"),
        ("qop=auth", f"qop=auth, x={'y' * 9000}"),
    ],
)
def test_header_that_cannot_be_used_is_refused(old: str, new: str) -> None:
    assert old in SENT
    with pytest.raises(Unauthenticated):
        parse(SENT.replace(old, new))


@pytest.mark.parametrize(
    ("uri", "target", "is_right"),
    [
        ("/dav/a?b", "/dav/a?b", True),
        ("http://drive.test/dav/a", "/dav/a", True),
        ("https://drive.test", "/", True),
        ("/dav/a", "http://drive.test/dav/a", True),
        ("/dav/a", "/dav/b", False),
        ("/dav/a", "/dav/a?b", False),
        ("/dav/%61", "/dav/a", False),
        ("http://[x/dav/a", "/dav/a", False),
        ("*", "*", True),
    ],
)
def test_credentials_count_for_their_target_alone(uri: str, target: str, is_right: bool) -> None:
    assert is_for(replace(FROM_RFC_7616, uri=uri), target) is is_right


LIFE = timedelta(minutes=5)
OLD, NEW = bytes(32), bytes(range(32))


def test_nonce_is_known_with_its_key_until_it_ends() -> None:
    nonce = Nonces({1: OLD}, LIFE).make(START, b"8 random")
    elsewhere = Nonces({1: OLD, 2: NEW}, LIFE)

    assert elsewhere.is_ours(nonce)
    assert not elsewhere.is_stale(nonce, Instant(after(START, LIFE) - 1))
    assert elsewhere.is_stale(nonce, after(START, LIFE))
    assert elsewhere.is_ours(nonce), "it is told to be stale, not wrong"


def test_nonce_of_a_removed_key_is_none_of_ours() -> None:
    nonce = Nonces({1: OLD}, LIFE).make(START, b"8 random")

    assert not Nonces({2: NEW}, LIFE).is_ours(nonce)
    assert not Nonces({1: NEW}, LIFE).is_ours(nonce)


def test_nonce_of_the_future_is_stale() -> None:
    nonces = Nonces({1: OLD}, LIFE)

    assert not nonces.is_stale(nonces.make(after(START, timedelta(seconds=30)), b"8 random"), START)
    assert nonces.is_stale(nonces.make(after(START, timedelta(hours=1)), b"8 random"), START)


def test_nonces_of_one_moment_differ_by_their_random_part() -> None:
    nonces = Nonces({1: OLD}, LIFE)

    assert nonces.make(START, b"8 random") != nonces.make(START, b"other 8!")


def test_nonce_with_any_bit_changed_is_none_of_ours() -> None:
    nonces = Nonces({1: OLD, 2: OLD}, LIFE)
    raw = bytearray(base64.b64decode(nonces.make(START, b"8 random")))

    for at in range(len(raw) * 8):
        raw[at // 8] ^= 1 << at % 8
        assert not nonces.is_ours(base64.b64encode(raw).decode())
        raw[at // 8] ^= 1 << at % 8


@pytest.mark.parametrize("nonce", ["", "n", "%%%", "A" * 48, "A" * 400, "\u20ac"])
def test_made_up_nonce_is_none_of_ours(nonce: str) -> None:
    assert not Nonces({0: OLD}, LIFE).is_ours(nonce)
