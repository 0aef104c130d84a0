"""Headers of a proxy pass through one place before any door: believed from the configured peer, gone from anybody else."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from davgate.config import ServerConfig
from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.conftest import Serve

PROXY = "10.0.0.1"
BEHIND_PROXY = ServerConfig(trusted_proxies=(ip_network(PROXY),), user_header="X-Remote-User")


@pytest.fixture
def behind(nobody: Client, store: Store, serve: Serve) -> Client:
    """Nobody in particular, at a server with a proxy in front, and straight from the proxy."""
    client = nobody.through(serve(store, server=BEHIND_PROXY))
    client.address = PROXY
    return client


def test_home_page_gives_the_scheme_that_the_proxy_tells(behind: Client) -> None:
    assert b"https://drive.test/dav/" in behind("GET", "/", x_forwarded_proto="https").body


def test_home_page_gives_the_scheme_of_the_connection_to_anybody_else(behind: Client) -> None:
    behind.address = "192.0.2.1"
    assert b"https://drive.test/dav/" not in behind("GET", "/", x_forwarded_proto="https").body


@pytest.mark.parametrize("target", ["/", "/healthz", "/metrics", "/dav/", "/dav/a.txt"])
def test_user_header_that_came_twice_is_refused_at_every_door(behind: Client, target: str) -> None:
    assert behind("GET", target, x_remote_user="ann, root").status == 400


@pytest.mark.parametrize(
    ("target", "media_type"),
    [
        ("/dav/a.txt", "application/xml; charset=utf-8"),
        ("/okd/v1/documents", "application/problem+json"),
        ("/gever", "application/json"),
        ("/api/v1/documents/", "application/json"),
        ("/", "text/plain; charset=utf-8"),
    ],
)
def test_user_header_that_came_twice_is_refused_in_the_form_of_the_door(behind: Client, target: str, media_type: str) -> None:
    assert behind("GET", target, x_remote_user="ann, root").headers["content-type"] == media_type


@pytest.mark.parametrize("target", ["/metrics", "/dav/"])
def test_user_header_from_anybody_else_signs_nobody_in(behind: Client, root_admin: Client, target: str) -> None:
    behind.address = "192.0.2.1"
    name = root_admin.ctx.principal.name
    assert behind("PROPFIND" if target == "/dav/" else "GET", target, x_remote_user=name).status == 401


def test_figures_are_not_shown_to_a_proxy_on_this_machine(nobody: Client, store: Store, serve: Serve) -> None:
    here = nobody.through(serve(store, server=ServerConfig(trusted_proxies=(ip_network("127.0.0.1"),))))
    here.address = "127.0.0.1"
    assert here("GET", "/metrics").status == 401
    assert here("GET", "/metrics", x_forwarded_for="127.0.0.1").status == 401
