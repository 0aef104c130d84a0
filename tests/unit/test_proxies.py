"""What a proxy says of the client is believed from the configured networks alone (the class of CVE-2026-54089)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from davgate.http.proxies import Proxies
from davgate.model.errors import Malformed

NETWORKS = [ip_network(text) for text in ("10.0.0.0/8", "192.168.7.1", "fd00::/8")]
PROXIES = Proxies(NETWORKS, "X-Remote-User")


def settled(peer: str, fields: dict[str, str], proxies: Proxies = PROXIES) -> dict[str, Any]:
    environ: dict[str, Any] = {"REMOTE_ADDR": peer, "REMOTE_PORT": "4711", "wsgi.url_scheme": "http", **fields}
    proxies.settle(environ)
    return environ


@pytest.mark.parametrize(
    ("peer", "chain", "client"),
    [
        # From nobody but a proxy is anything taken.
        ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.7", "127.0.0.1"),
        ("192.168.7.2", "198.51.100.7", "192.168.7.2"),
        ("2001:db8::1", "198.51.100.7", "2001:db8::1"),
        # The proxy tells the address that it sees; what stands left of that the client has written.
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("192.168.7.1", "198.51.100.7", "198.51.100.7"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "127.0.0.1, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "10.9.9.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2, 10.0.0.3", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.2,fd00::5,192.168.7.1", "10.0.0.2"),
        # Addresses as programs write them.
        ("10.0.0.1", "198.51.100.7:50312", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:50312", "2001:db8::7"),
        ("10.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "fe80::1%eth0\x1b[31m", "fe80::1"),
        ("10.0.0.1", "\t198.51.100.7 ", "198.51.100.7"),
        # What is no address ends the way back: the last one known stays.
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", ",", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.7.example.org", "10.0.0.1"),
        ("10.0.0.1", "0198.51.100.7", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, " * 5 + "10.0.0.2, " * 100 + "10.0.0.3", "10.0.0.2"),
    ],
)
def test_client_is_the_last_address_that_is_no_believed_proxy(peer: str, chain: str, client: str) -> None:
    environ = settled(peer, {"HTTP_X_FORWARDED_FOR": chain})
    assert environ["REMOTE_ADDR"] == client
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert environ["davgate.is_forwarded"]


@pytest.mark.parametrize(
    ("peer", "told", "scheme"),
    [
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "HTTPS ", "https"),
        ("10.0.0.1", "http", "http"),
        ("10.0.0.1", "https, http", "http"),
        ("10.0.0.1", "http, https", "https"),
        ("10.0.0.1", "javascript", "http"),
        ("10.0.0.1", "", "http"),
        ("203.0.113.9", "https", "http"),
    ],
)
def test_scheme_is_the_one_that_the_nearest_believed_proxy_tells(peer: str, told: str, scheme: str) -> None:
    environ = settled(peer, {"HTTP_X_FORWARDED_PROTO": told})
    assert environ["wsgi.url_scheme"] == scheme
    assert environ.get("HTTPS") == ("on" if scheme == "https" else None)
    assert "HTTP_X_FORWARDED_PROTO" not in environ


@pytest.mark.parametrize(
    ("peer", "value", "user"),
    [
        ("10.0.0.1", "ann", "ann"),
        ("10.0.0.1", " ann ", "ann"),
        ("10.0.0.1", "jörg".encode().decode("latin-1"), "jörg"),
        ("10.0.0.1", "", None),
        ("203.0.113.9", "ann", None),
        ("127.0.0.1", "ann", None),
        ("203.0.113.9", "ann, bob", None),
        ("unknown", "ann", None),
        ("", "ann", None),
    ],
)
def test_user_is_taken_from_a_believed_proxy_alone(peer: str, value: str, user: str | None) -> None:
    environ = settled(peer, {"HTTP_X_REMOTE_USER": value})
    assert environ.get("davgate.proxy_user") == user
    assert "HTTP_X_REMOTE_USER" not in environ


@pytest.mark.parametrize("value", ["ann, bob", "ann,", ", ann", ",", "ann\tbob", "\xe4nn", "an\x7fn", " "])
def test_user_header_that_is_repeated_or_cannot_be_read_is_refused(value: str) -> None:
    with pytest.raises(Malformed):
        settled("10.0.0.1", {"HTTP_X_REMOTE_USER": value})


def test_without_networks_nobody_is_believed() -> None:
    environ = settled("10.0.0.1", {"HTTP_X_REMOTE_USER": "ann", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}, Proxies())
    assert environ["REMOTE_ADDR"] == "10.0.0.1"
    assert "davgate.proxy_user" not in environ


def test_user_whom_something_else_put_there_is_dropped() -> None:
    assert "davgate.proxy_user" not in settled("203.0.113.9", {"davgate.proxy_user": "ann"})


@pytest.mark.parametrize(("peer", "stays"), [("10.0.0.1", False), ("203.0.113.9", True)])
def test_certificate_of_a_believed_proxy_is_not_the_clients(peer: str, stays: bool) -> None:
    assert ("davgate.client_certificate" in settled(peer, {"davgate.client_certificate": "its own"})) is stays


@pytest.mark.parametrize(
    ("peer", "fields", "is_forwarded"),
    [
        ("127.0.0.1", {}, False),
        ("10.0.0.1", {}, True),
        ("127.0.0.1", {"HTTP_VIA": "1.1 proxy"}, True),
        ("127.0.0.1", {"HTTP_FORWARDED": "for=198.51.100.7"}, True),
        ("127.0.0.1", {"HTTP_X_REAL_IP": "198.51.100.7"}, True),
        ("127.0.0.1", {"HTTP_X_FORWARDED_PROTO": "https"}, True),
    ],
)
def test_request_through_a_proxy_is_known_for_one(peer: str, fields: dict[str, str], is_forwarded: bool) -> None:
    assert settled(peer, fields)["davgate.is_forwarded"] is is_forwarded
