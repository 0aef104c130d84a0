"""What a proxy in front says of the client: believed from the configured networks alone, from anybody else thrown away.

This is the one place that reads these headers, and every request passes through it before anything else looks at it. Names with
an underscore would reach the same keys of the environment; davgate's own server drops them, so that only the proxy writes there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, TypeAlias

from davgate.model.errors import Malformed

Network: TypeAlias = IPv4Network | IPv6Network

FORWARDING: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
"""Where proxies write. A request with one of these did not come straight from its client, or pretends so."""

_MOST_HOPS: Final = 32


class Proxies:
    """The networks of the proxies that are believed, and the header in which they name the user whom they signed in."""

    def __init__(self, networks: Iterable[Network] = (), user_header: str = "") -> None:
        self._networks = tuple(networks)
        self._user_key = "HTTP_" + user_header.upper().replace("-", "_") if user_header else None
        # Peers are few and their addresses the same for all requests of a connection.
        self._is_within = lru_cache(maxsize=4096)(self._lies_within)

    def is_trusted(self, peer: str) -> bool:
        """Tell whether a peer is a proxy that is believed."""
        return bool(self._networks) and self._is_within(peer)

    def settle(self, environ: dict[str, Any]) -> None:
        """Replace what the headers claim of the client by what is known of it; the headers themselves are gone afterwards.

        ``REMOTE_ADDR`` and ``wsgi.url_scheme`` are then the client's, ``davgate.is_forwarded`` tells whether a proxy stands
        between, and ``davgate.proxy_user`` is the user whom a believed proxy names, if it names one. The certificate that a
        believed proxy shows is its own and no proof of the client: ``davgate.client_certificate`` is taken away.

        Raises:
            Malformed: a believed proxy names several users, or one that cannot be read.
        """
        peer = environ["REMOTE_ADDR"]
        is_trusted = self.is_trusted(peer)
        environ["davgate.is_forwarded"] = is_trusted or any(name in environ for name in FORWARDING)
        user = environ.pop(self._user_key, "") if self._user_key else ""
        chain = environ.pop("HTTP_X_FORWARDED_FOR", "")
        schemes = environ.pop("HTTP_X_FORWARDED_PROTO", "")
        environ.pop("davgate.proxy_user", None)
        if not is_trusted:
            return
        environ.pop("davgate.client_certificate", None)
        self._take_address(environ, chain)
        _take_scheme(environ, schemes)
        if user:
            environ["davgate.proxy_user"] = _user_name(user)

    def _take_address(self, environ: dict[str, Any], chain: str) -> None:
        """Go back from the peer through the proxies that are believed: the first address that is none of them is the client's.

        Each hop adds the address that it sees, so everything left of the client's was written by the client itself.
        """
        for hop in reversed(chain.rsplit(",", _MOST_HOPS)):
            address = _address(hop)
            if address is None:
                return
            environ["REMOTE_ADDR"] = str(address)
            environ.pop("REMOTE_PORT", None)
            if not self.is_trusted(str(address)):
                return

    def _lies_within(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self._networks)


def _take_scheme(environ: dict[str, Any], schemes: str) -> None:
    """Where several proxies have written, the nearest one is last."""
    scheme = schemes.rpartition(",")[2].strip().lower()
    if scheme in ("http", "https"):
        environ["wsgi.url_scheme"] = scheme
        environ.pop("HTTPS", None)
        if scheme == "https":
            environ["HTTPS"] = "on"


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address of a hop, which may carry a port; an IPv4 address within IPv6 is what it stands for."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        # A zone may be any text, and means nothing on another machine.
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _user_name(value: str) -> str:
    """Return the one user that the header names.

    The server joins a repeated header by commas, so a comma tells of a second one, which the client may have sent.
    """
    if "," in value:
        raise Malformed("The proxy's header names several users. Let the proxy replace what clients send in it.")
    try:
        name = value.strip().encode("latin-1").decode("utf-8")
    except UnicodeError:
        name = ""
    if not name or not name.isprintable():
        raise Malformed("The proxy's header names a user that cannot be read. Let the proxy send the name in UTF-8.")
    return name
