"""The settings: frozen values, read once at the start from a TOML file, the environment and the flags, in this order.

A setting is one line in one of the dataclasses below: name, type, default, help and bounds. The loader, the example
file and the table of the README are made from these lines. A section may be there once, ``[login]``, or as often as one likes
under names of one's own, ``[issuers.company]``. Sizes are bytes in fields that end in ``_bytes``, times are
``timedelta``. Below ``app`` nothing reads this module: each part is given the values that it needs.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from difflib import get_close_matches
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

T = TypeVar("T")
N = TypeVar("N", int, timedelta)


class ConfigError(Exception):
    """The settings cannot be used; ``mistakes`` names every one, a sentence each, without the value of a secret."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class Address(NamedTuple):
    """Where a server listens; port 0 lets the system choose a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is known of a setting besides its name; ``parse`` raises ValueError with the rest of a sentence.

    ``example`` is a value for the example file, where the default alone would not tell how it is set.
    """

    help: str
    default: object
    parse: Callable[[object], object]
    bounds: str = ""
    secret: bool = False
    example: object = None


# Kinds of settings. Each reads what TOML gives (text, number, boolean) and what the environment gives (text).

SIZES = {
    "": 1, "b": 1,
    "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4,
    "kib": 1024, "mib": 1024**2, "gib": 1024**3, "tib": 1024**4,
}  # fmt: skip
MICROSECONDS = {"ms": 10**3, "": 10**6, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86400 * 10**6}
AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)")


def parse_text(value: object) -> str:
    """Return a text as it is given."""
    if not isinstance(value, str):
        raise ValueError("must be a text in quotes")
    return value


def parse_flag(value: object) -> bool:
    """Return a boolean."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value.lower() == "true"


def parse_count(value: object) -> int:
    """Return a whole number."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


def parse_size(value: object) -> int:
    """Return a number of bytes; ``"64 KiB"`` is 65,536 and ``"64 kB"`` 64,000."""
    return parse_amount(value, SIZES, 'a number of bytes such as 65536, "64 KiB" or "1.5 GiB"')


def parse_span(value: object) -> timedelta:
    """Return a span of time; a bare number counts seconds."""
    microseconds = parse_amount(value, MICROSECONDS, 'seconds, or a time such as "500ms", "10s", "5m", "24h" or "7d"')
    try:
        return timedelta(microseconds=microseconds)
    except OverflowError:
        raise ValueError("must be a shorter time") from None


def parse_amount(value: object, units: Mapping[str, int], wanted: str) -> int:
    """Return a number in the smallest of its units, in which it is whole."""
    match = AMOUNT.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if match is None or match[2].lower() not in units:
        raise ValueError(f"must be {wanted}")
    amount = Fraction(match[1]) * units[match[2].lower()]
    if amount.denominator != 1:
        raise ValueError(f"must be {wanted}, without a rest")
    return int(amount)


def parse_folder(value: object) -> Path:
    """Return an absolute path; a relative one starts at the folder in which davgate is started."""
    text = parse_text(value)
    if not text or "\0" in text:
        raise ValueError("must name a folder")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise ValueError("must not begin with ~ and the name of an unknown user") from None


def parse_optional_folder(value: object) -> Path | None:
    """Return an absolute path, or None for the empty text."""
    return None if value == "" else parse_folder(value)


def parse_optional_file(value: object) -> Path | None:
    """Return the absolute path of a file, or None for the empty text."""
    text = parse_text(value)
    if "\0" in text:
        raise ValueError("must name a file")
    return Path(text).absolute() if text else None


def parse_client_certificates(value: object) -> str:
    """Return whether clients must show a certificate."""
    text = parse_text(value)
    if text not in {"optional", "required"}:
        raise ValueError("must be optional or required")
    return text


def parse_networks(value: object) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return networks, given as a list or as a text with commas between them; a bare address is a network of one."""
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError('must be networks such as "10.0.0.5, 192.168.7.0/24"')
    try:
        networks = tuple(ip_network(text.strip()) for text in texts if text.strip())
    except ValueError as error:
        raise ValueError(f'must be networks such as "10.0.0.5, 192.168.7.0/24": {error}') from None
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError("must not be everybody: who is named here can sign in as any user")
    return networks


def parse_header_name(value: object) -> str:
    """Return the name of a header of one's own, or the empty text."""
    text = parse_text(value)
    if not re.fullmatch(r"([A-Za-z][A-Za-z0-9-]{0,99})?", text):
        # The server drops names with an underscore, for X_Y and X-Y have the same key in the environment.
        raise ValueError('must be the name of a header, of letters, digits and hyphens, such as "X-Remote-User"')
    if text.lower() in COMMON_HEADERS:
        raise ValueError("must be a header that no client sends by itself")
    return text


COMMON_HEADERS = {
    "authorization", "connection", "content-length", "content-type", "cookie", "depth", "destination", "expect", "forwarded",
    "from", "host", "if", "origin", "overwrite", "proxy", "range", "referer", "timeout", "user-agent", "via",
    "x-forwarded-for", "x-forwarded-proto", "x-real-ip",
}  # fmt: skip


def parse_address(value: object) -> Address:
    """Return host and port; an IPv6 address stands in brackets."""
    match = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^\[\]:/\s]+)):([0-9]{1,5})", parse_text(value))
    if match is None or int(match[3]) > 65535 or (match[1] and not is_ipv6(match[1])):
        raise ValueError('must be a host and a port such as "127.0.0.1:8080" or "[::1]:8080"')
    return Address(match[1] or match[2], int(match[3]))


def is_ipv6(text: str) -> bool:
    """Tell whether a text is an IPv6 address."""
    try:
        return bool(IPv6Address(text).version)
    except ValueError:
        return False


def parse_origin(value: object) -> str:
    """Return scheme, host and port of a web address, or the empty text."""
    text = parse_text(value)
    if text and not re.fullmatch(r"https?://(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(:[0-9]{1,5})?/?", text):
        raise ValueError('must be scheme, host and port alone, such as "https://documents.example.org"')
    return text.rstrip("/")


def parse_accounts(value: object) -> str:
    """Return which accounts may be entered by a source outside the store."""
    text = parse_text(value)
    if text not in {"make", "existing"}:
        raise ValueError("must be make or existing")
    return text


def parse_certificate_accounts(value: object) -> str:
    """Return which accounts may be entered with a certificate; none where it secures the connection alone."""
    text = parse_text(value)
    if text not in {"make", "existing", "none"}:
        raise ValueError("must be make, existing or none")
    return text


def parse_database(value: object) -> str:
    """Return the address of a PostgreSQL database, with the driver that is used named in it, or the empty text."""
    scheme, colon, rest = parse_text(value).partition("://")
    if not scheme:
        return ""
    if scheme not in {"postgresql", "postgresql+psycopg"} or not colon:
        raise ValueError("must begin with postgresql://, or be empty for SQLite in the data folder")
    return f"postgresql+psycopg://{rest}"


def parse_directories(value: object) -> tuple[str, ...]:
    """Return the addresses of LDAP servers, which blanks separate."""
    urls = tuple(parse_text(value).split())
    for url in urls:
        match = re.fullmatch(r"ldaps?://(?:\[([^\[\]]+)\]|[^\[\]:/?#@\s]+)(?::[0-9]{1,5})?/?", url)
        if match is None or (match[1] and not is_ipv6(match[1])):
            raise ValueError('must be addresses such as "ldap://directory.example.org" or "ldaps://[::1]:636"')
    return tuple(url.rstrip("/") for url in urls)


def is_loopback(url: str) -> bool:
    """Tell whether what is sent to a web address or one of LDAP stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parse_filter(value: object) -> str:
    """Return a filter of LDAP in which the places of values are named."""
    text = parse_text(value)
    if not re.fullmatch(r"\(.+\)", text) or text.count("(") != text.count(")") or not re.search(r"\{(name|dn)\}", text):
        raise ValueError("must be a filter in brackets that asks for {name} or {dn}, such as (member={dn})")
    return text


def parse_attribute(value: object) -> str:
    """Return the name of an attribute of LDAP, or the empty text."""
    text = parse_text(value)
    if not re.fullmatch(r"([A-Za-z][A-Za-z0-9-]*)?", text):
        raise ValueError("must be the name of an attribute")
    return text


def parse_zone(value: object) -> ZoneInfo:
    """Return a time zone of the IANA database."""
    text = parse_text(value)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'must be a time zone such as "Europe/Zurich"{nearest(text, available_timezones())}') from None


def parse_versions_per(value: object) -> str:
    """Return what makes a version."""
    text = parse_text(value)
    if text not in {"session", "save"}:
        raise ValueError("must be session or save")
    return text


def parse_words(value: object) -> tuple[str, ...]:
    """Return words: a list of texts, or one text in which blanks separate them, as in the environment."""
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise ValueError("must be a list of texts, or a text with blanks between them")
    return tuple(words)


def parse_words_if_given(value: object) -> tuple[str, ...] | None:
    """Return words, or None for what was not given; no words at all are an answer too."""
    return None if value is None else parse_words(value)


def parse_level(value: object) -> str:
    """Return the name of a log level."""
    text = parse_text(value).upper()
    if text not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return text


def setting(
    default: object,
    help: str,
    parse: Callable[[object], T],
    *,
    bounds: str = "",
    secret: bool = False,
    example: object = None,
) -> T:
    """Declare a setting; a secret may carry a password, so that its value is in no message and no repr."""
    known = Setting(help=help, default=default, parse=parse, bounds=bounds, secret=secret, example=example)
    return field(default=parse(default), repr=not secret, metadata={"setting": known})


def bounded(default: object, help: str, parse: Callable[[object], N], low: object, high: object) -> N:
    """Declare a setting whose value lies between two others, both included; without an upper one, ``high`` is None."""
    bounds = f"at least {low}" if high is None else f"{low} to {high}"

    def parse_within(value: object) -> N:
        parsed = parse(value)
        if parsed < parse(low) or (high is not None and parsed > parse(high)):
            raise ValueError(f"must be {bounds}" if high is None else f"must be between {low} and {high}")
        return parsed

    return setting(default, help, parse_within, bounds=bounds)


def count(default: int, help: str, *, low: int, high: int) -> int:
    """Declare a whole number."""
    return bounded(default, help, parse_count, low, high)


def size(default: str, help: str, *, low: str, high: str | None) -> int:
    """Declare a number of bytes."""
    return bounded(default, help, parse_size, low, high)


def span(default: str, help: str, *, low: str, high: str) -> timedelta:
    """Declare a span of time."""
    return bounded(default, help, parse_span, low, high)


def optional_span(help: str, *, or_forever: bool = False) -> timedelta | None:
    """Declare a span of time from a minute on that may be empty, which is the default; ``timedelta.max`` is for ever."""
    bounds = "at least 1m, " + ("forever, or empty" if or_forever else "or empty")

    def parse(value: object) -> timedelta | None:
        if value == "":
            return None
        if value == "forever" and or_forever:
            return timedelta.max
        parsed = parse_span(value)
        if not timedelta(minutes=1) <= parsed <= timedelta(days=365_000):
            raise ValueError(f"must be {bounds}")
        return parsed

    return setting("", help, parse, bounds=bounds)


# The settings. The docstring of a section is its heading in the example file.


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """The HTTP server."""

    listen: Address = setting("127.0.0.1:8080", "Address and port; an IPv6 address in brackets.", parse_address)
    public_url: str = setting("", "Scheme, host and port of the proxy in front, if any.", parse_origin, secret=True)
    workers: int = count(0, "Processes that answer requests; 0: one for each core.", low=0, high=256)
    threads: int = count(8, "Threads of each process.", low=1, high=1024)
    connections: int = count(1000, "Most open connections of each process.", low=8, high=100_000)
    backlog: int = count(512, "Connections that may wait to be accepted.", low=1, high=65535)
    header_bytes: int = size("64 KiB", "Largest request line with its headers.", low="4 KiB", high="1 MiB")
    header_timeout: timedelta = span("10s", "Longest time for these headers to arrive.", low="100ms", high="1h")
    body_timeout: timedelta = span("60s", "Longest pause within a body, in or out.", low="100ms", high="1h")
    idle_timeout: timedelta = span("65s", "Longest pause between two requests.", low="100ms", high="1h")
    stop_timeout: timedelta = span("30s", "Time for running requests when the server stops.", low="0s", high="1h")
    certificate: Path | None = setting("", "PEM file of certificate and chain; empty: no TLS.", parse_optional_file)
    private_key: Path | None = setting("", "PEM file of its private key.", parse_optional_file)
    client_ca: Path | None = setting(
        "", "PEM file of the authorities whose client certificates are believed; empty: none is asked for.", parse_optional_file
    )
    client_certificates: str = setting(
        "optional", "Whether clients must show one: optional or required.", parse_client_certificates
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        "", "Networks of the proxies whose X-Forwarded-For, X-Forwarded-Proto and user header are believed.", parse_networks
    )
    user_header: str = setting("", "Header in which they name the user whom they signed in; empty: none.", parse_header_name)

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            given, missing = ("certificate", "private_key") if self.certificate else ("private_key", "certificate")
            raise ValueError(f"server.{given} needs server.{missing}: TLS takes both")
        if self.client_ca is not None and self.certificate is None:
            raise ValueError("server.client_ca needs server.certificate: only TLS asks for certificates")
        if self.client_certificates == "required" and self.client_ca is None:
            raise ValueError("server.client_certificates = required needs server.client_ca: nobody would be let in")
        if self.user_header and not self.trusted_proxies:
            raise ValueError("server.user_header needs server.trusted_proxies: it is believed from nobody else")

    @property
    def processes(self) -> int:
        """How many processes answer requests: Python computes on one core in each."""
        return self.workers or len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class StoreConfig:
    """Where documents are kept."""

    database_url: str = setting("", "postgresql://...; empty: SQLite in the data folder.", parse_database, secret=True)
    blobs: Path | None = setting("", "Folder of the contents; empty: blobs in the data folder.", parse_optional_folder)
    inline_bytes: int = size("16 KiB", "Largest content kept in the database itself.", low="0", high="1 MiB")
    quota_bytes: int = setting("0", "Space for all versions of all documents; 0: no limit.", parse_size)
    collect_grace: timedelta = span("24h", "Age from which unused content is removed.", low="1m", high="365d")


@dataclass(frozen=True, kw_only=True)
class LocksConfig:
    """Write locks."""

    default: timedelta = span("600s", "Lifetime of a lock when the client asks for none.", low="1s", high="365d")
    max: timedelta = span("24h", "Longest lifetime granted; more is cut to it.", low="1s", high="365d")
    grace: timedelta = span("24h", "Time after its end in which its holder may have a lock back.", low="0s", high="365d")


@dataclass(frozen=True, kw_only=True)
class LimitsConfig:
    """What a request may ask for."""

    path_bytes: int = size("4096", "Longest path, decoded.", low="256", high="16 KiB")
    segments: int = count(64, "Most names in a path.", low=8, high=1024)
    xml_bytes: int = size("1 MiB", "Largest XML body.", low="4 KiB", high="64 MiB")
    xml_depth: int = count(64, "Deepest nesting of an XML body.", low=8, high=256)
    upload_bytes: int = size("64 GiB", "Largest document.", low="1 KiB", high=None)
    open_uploads: int = count(100, "Most bodies that one user sends at once, for each process.", low=1, high=100_000)
    requests_per_minute: int = count(
        0, "Most requests of one user, shared out over the processes; 0: no limit.", low=0, high=10_000_000
    )


@dataclass(frozen=True, kw_only=True)
class DriveConfig:
    """The WebDAV drive."""

    list_versions_folder: bool = setting(False, "List .versions; by name it opens in any case.", parse_flag)
    save_window: timedelta = span("120s", "Longest pause between the steps of one save.", low="1s", high="1h")
    scratch_bytes: int = size("1 GiB", "Largest temporary file of a program.", low="1 MiB", high=None)
    scratch_age: timedelta = span("24h", "Age from which an untouched temporary file is swept.", low="1m", high="365d")


@dataclass(frozen=True, kw_only=True)
class VersionsConfig:
    """Which versions are made, and how long old ones are kept; see "Keeping versions" in the README."""

    per: str = setting("session", "What makes a version: session (all saves under a lock) or save.", parse_versions_per)
    keep_all: timedelta | None = optional_span("Age up to which every version is kept.", or_forever=True)
    keep_hourly: timedelta | None = optional_span("Age up to which one of each hour is kept.", or_forever=True)
    keep_daily: timedelta | None = optional_span("Age up to which one of each day is kept.", or_forever=True)
    keep_weekly: timedelta | None = optional_span("Age up to which one of each week is kept.", or_forever=True)
    keep_monthly: timedelta | None = optional_span("Age up to which one of each month is kept.", or_forever=True)
    keep_yearly: timedelta | None = optional_span("Age up to which one of each year is kept.", or_forever=True)
    keep_count: int = count(0, "Most versions of a document; 0: no limit.", low=0, high=1_000_000_000)
    keep_bytes: int = setting("0", "Most bytes of a document's old versions and saves; 0: no limit.", parse_size)
    keep_saves: timedelta | None = optional_span("Age up to which earlier saves of a version are kept; empty: as the version.")

    def __post_init__(self) -> None:
        steps = [(name, age) for name, age in self.keep_steps.items() if age is not None]
        for (finer, age), (coarser, longer) in pairwise(steps):
            if longer <= age:
                raise ValueError(f"versions.keep_{coarser} must be a longer time than versions.keep_{finer}")

    @property
    def keep_steps(self) -> dict[str, timedelta | None]:
        """The ages up to which versions are kept, from the finest to the coarsest."""
        return {
            "all": self.keep_all,
            "hourly": self.keep_hourly,
            "daily": self.keep_daily,
            "weekly": self.keep_weekly,
            "monthly": self.keep_monthly,
            "yearly": self.keep_yearly,
        }


@dataclass(frozen=True, kw_only=True)
class TrashConfig:
    """What was deleted."""

    keep: timedelta | None = optional_span("Time after which what is in the trash goes for good; empty: never.")


@dataclass(frozen=True, kw_only=True)
class LoginConfig:
    """Passwords; a change of the Argon2id figures applies to passwords set from then on."""

    cache: timedelta = span(
        "60s", "Time that a right password is remembered after its last use; 0: not at all.", low="0s", high="1h"
    )
    argon2_time_cost: int = count(3, "Rounds of Argon2id.", low=2, high=64)
    argon2_memory_bytes: int = size("64 MiB", "Memory of Argon2id.", low="19 MiB", high="4 GiB")
    argon2_parallelism: int = count(4, "Lanes of Argon2id.", low=1, high=64)
    token_life: timedelta = span("1h", "Life of a token that davgate issues itself.", low="1m", high="24h")
    basic: bool = setting(True, "Take user name and password by Basic; use TLS outside this machine.", parse_flag)
    digest: bool = setting(False, "Take app passwords by Digest too; those made while it is on.", parse_flag)
    nonce_life: timedelta = span(
        "5m", "Life of a nonce of Digest; a request overheard can be sent again until then.", low="10s", high="1h"
    )
    failures: int = count(20, "Failures of one name from one address before further ones are put off.", low=3, high=1000)
    failure_window: timedelta = span("5m", "Time in which they count.", low="10s", high="24h")


@dataclass(frozen=True, kw_only=True)
class CertificatesConfig:
    """Sign-in by client certificates, which server.client_ca turns on."""

    accounts: str = setting(
        "make",
        "make: an account at the first sign-in; existing: only those there are; none: certificates sign nobody in.",
        parse_certificate_accounts,
    )


@dataclass(frozen=True, kw_only=True)
class ProxyConfig:
    """Sign-in by a proxy in front, which server.trusted_proxies and server.user_header turn on."""

    accounts: str = setting("make", "make: an account at the first sign-in; existing: only those there are.", parse_accounts)


@dataclass(frozen=True, kw_only=True)
class LdapConfig:
    """Sign-in by a directory; see "Sign-in by LDAP" in the README."""

    url: tuple[str, ...] = setting(
        "", "ldap:// or ldaps:// and host, several with blanks; empty: no directory.", parse_directories
    )
    start_tls: bool = setting(True, "Encrypt connections to ldap:// (StartTLS).", parse_flag)
    allow_plain: bool = setting(False, "Send passwords in the clear over the network if start_tls is off.", parse_flag)
    ca_file: Path | None = setting("", "Certificates that sign the servers'; empty: the system's.", parse_optional_file)
    timeout: timedelta = span("5s", "Longest time that a sign-in waits for each server.", low="100ms", high="1m")
    bind_dn: str = setting("", "Account that searches; empty: anonymous.", parse_text)
    bind_password: str = setting("", "Its password.", parse_text, secret=True)
    bind_password_file: Path | None = setting("", "File that holds its password instead.", parse_optional_file)
    user_base: str = setting("", "Entry below which people are searched.", parse_text)
    user_filter: str = setting("(&(objectClass=person)(uid={name}))", "Finds a person by name.", parse_filter)
    user_dn: str = setting("", "Instead of a search: a person's entry, as in uid={name},ou=people,dc=example,dc=org.", parse_text)
    name_attribute: str = setting("uid", "Attribute whose spelling of the name is that of the account.", parse_attribute)
    group_base: str = setting("", "Entry below which groups are; empty: groups are not asked for.", parse_text)
    group_filter: str = setting(
        "(|(member={dn})(uniqueMember={dn})(memberUid={name}))", "Finds the groups of a person.", parse_filter
    )
    groups_attribute: str = setting("", "Instead of a search: a person's attribute that names groups, memberOf.", parse_attribute)
    accounts: str = setting("make", "make: accounts are made at the first sign-in; existing: somebody adds them.", parse_accounts)

    def __post_init__(self) -> None:
        if not self.url:
            return
        if bool(self.user_base) == bool(self.user_dn):
            raise ValueError("ldap needs either ldap.user_base or ldap.user_dn")
        if self.user_dn and "={name}" not in self.user_dn:
            raise ValueError("ldap.user_dn must have ={name} where the name of the person stands")
        if not self.name_attribute:
            raise ValueError("ldap.name_attribute must be the name of an attribute")
        if self.user_base and f"({self.name_attribute}={{name}})".lower() not in self.user_filter.lower():
            # Whoever signed in by another name than the account's would count as two where wrong passwords are counted.
            raise ValueError("ldap.user_filter must ask for ldap.name_attribute, as in (uid={name})")
        if self.groups_attribute and not self.group_base:
            raise ValueError("ldap.groups_attribute needs ldap.group_base: groups elsewhere do not count")
        if bool(self.bind_dn) != bool(self.bind_password) + (self.bind_password_file is not None):
            # Without a password the account would be anonymous, and seem to work (RFC 4513, 5.1.2).
            raise ValueError("ldap.bind_dn goes with one of ldap.bind_password and ldap.bind_password_file")
        if self.user_dn and self.bind_dn:
            raise ValueError("ldap.bind_dn has nothing to do where ldap.user_dn names people's entries")
        plain = [url for url in self.url if url.startswith("ldap:") and not self.start_tls and not is_loopback(url)]
        if plain and not self.allow_plain:
            raise ValueError(
                f"{plain[0]} would get passwords in the clear: set ldap.start_tls, or ldap.allow_plain if it has to be"
            )


@dataclass(frozen=True, kw_only=True)
class IssuerConfig:
    """Who issues bearer tokens that are accepted, in a section for each with a name of your choice; without any, none are."""

    issuer: str = setting(
        "", "Exactly what iss of the tokens says.", parse_text, example="https://login.example.org/realms/company"
    )
    audience: tuple[str, ...] | None = setting(
        None, "What aud of the tokens says, one of these; []: anything.", parse_words_if_given, example=["davgate"]
    )
    algorithms: tuple[str, ...] = setting("RS256", "Algorithms that the tokens are signed with.", parse_words)
    jwks_url: str = setting(
        "", "Address of the public keys, https.", parse_text, example="https://login.example.org/realms/company/keys"
    )
    jwks_file: Path | None = setting("", "File of the public keys, instead.", parse_optional_file)
    secret: str = setting("", "Shared secret for HS256, HS384 and HS512, instead.", parse_text, secret=True)
    secret_file: Path | None = setting("", "File that holds the shared secret, instead.", parse_optional_file)
    leeway: timedelta = span("60s", "How far the clock of the issuer may be off.", low="0s", high="10m")
    name_claims: tuple[str, ...] = setting(
        "client_id azp appid sub", "Claims that name the user; the first that a token has counts.", parse_words
    )
    groups_claim: str = setting("", "Claim that lists the groups of the user; empty: none.", parse_text)
    scope_claims: tuple[str, ...] = setting(
        "scope scp roles", "Claims that list scopes, the first counts; empty: tokens are not restricted by scopes.", parse_words
    )
    required_type: str = setting("", "The typ that tokens must have; empty: at+jwt, JWT or none.", parse_text)
    accounts: str = setting("make", "make: an account at the first sign-in; existing: only those there are.", parse_accounts)


@dataclass(frozen=True, kw_only=True)
class LogConfig:
    """The log, on standard error."""

    level: str = setting("INFO", "Least level logged: DEBUG, INFO, WARNING or ERROR.", parse_level)


DATA = Setting(help="Folder of everything that davgate keeps; has to be given.", default=None, parse=parse_folder)


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings."""

    data: Path = field(metadata={"setting": DATA})
    time_zone: ZoneInfo = setting("UTC", "Zone of dates without one, in version names and requests.", parse_zone)
    server: ServerConfig = field(default_factory=ServerConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    locks: LocksConfig = field(default_factory=LocksConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    drive: DriveConfig = field(default_factory=DriveConfig)
    versions: VersionsConfig = field(default_factory=VersionsConfig)
    trash: TrashConfig = field(default_factory=TrashConfig)
    login: LoginConfig = field(default_factory=LoginConfig)
    issuers: Mapping[str, IssuerConfig] = field(default_factory=lambda: MappingProxyType({}))
    certificates: CertificatesConfig = field(default_factory=CertificatesConfig)
    proxy: ProxyConfig = field(default_factory=ProxyConfig)
    ldap: LdapConfig = field(default_factory=LdapConfig)
    log: LogConfig = field(default_factory=LogConfig)

    @property
    def sqlite_file(self) -> Path:
        """The database, unless ``store.database_url`` names another."""
        return self.data / "davgate.sqlite3"

    @property
    def blob_folder(self) -> Path:
        """The folder of the contents."""
        return self.store.blobs or self.data / "blobs"


def sections() -> dict[str, type[Any]]:
    """Return the dataclass of each section by its name."""
    return {name: kind for name, kind in get_type_hints(Config).items() if isinstance(kind, type) and is_dataclass(kind)}


SECTION_NAME = re.compile(r"(?=.{1,32}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""Names that can be told apart in the environment too, where there are neither small letters nor hyphens."""


def named_sections() -> dict[str, type[Any]]:
    """Return the dataclass of each kind of section that has a name of its own, ``[kind.name]``."""
    return {kind: get_args(hint)[1] for kind, hint in get_type_hints(Config).items() if get_origin(hint) is Mapping}


def named_settings(name: str = "NAME") -> dict[str, Setting]:
    """Return every setting of the sections with names of their own by ``kind.name.key``."""
    return {f"{kind}.{name}.{f.name}": f.metadata["setting"] for kind, made in named_sections().items() for f in fields(made)}


def settings() -> dict[str, Setting]:
    """Return every setting that there is once by its name, ``section.key``, in the order of declaration."""
    top = {f.name: f.metadata["setting"] for f in fields(Config) if "setting" in f.metadata}
    return top | {f"{name}.{f.name}": f.metadata["setting"] for name, kind in sections().items() for f in fields(kind)}


def find(name: str) -> Setting | None:
    """Return the setting of a name, if there is one."""
    kind, _, rest = name.partition(".")
    if kind in named_sections():
        section, _, key = rest.partition(".")
        return named_settings(section).get(name) if SECTION_NAME.fullmatch(section) else None
    return settings().get(name)


def variable(name: str) -> str:
    """Name the environment variable of a setting; around the name of a section of one's own stand two underscores."""
    return "DAVGATE_" + name.replace(".", "__" if name.count(".") == 2 else "_").upper()


# The loader.

FOREIGN = re.compile(r"DAVGATE_(SERVICE_(HOST|PORT)(_.*)?|PORT(_[0-9]+_.*)?)")
"""What Kubernetes sets in the pods beside a service that is called davgate."""


@dataclass(frozen=True)
class Given:
    """A value as it was given: where, for which setting, what."""

    place: str
    name: str
    value: object


def load(file: Path | None, environ: Mapping[str, str], flags: Mapping[str, object]) -> Config:
    """Return the settings of a file, the environment and the flags; the last of these that gives a value counts.

    ``flags`` maps names of settings to values; None stands for a flag that was not given.

    Raises:
        ConfigError: something is unknown, malformed, out of range, contradictory or missing. Names every such mistake.
    """
    mistakes: list[str] = []
    given = [
        *(from_file(file, mistakes) if file else ()),
        *from_environment(environ, mistakes),
        *(Given("--" + name.split(".")[-1], name, value) for name, value in flags.items() if value is not None),
    ]
    values: dict[str, object] = {}
    for entry in given:
        # Who yields a name has found it.
        known = cast(Setting, find(entry.name))
        try:
            values[entry.name] = known.parse(entry.value)
        except ValueError as mistake:
            shown = "" if known.secret else f" (given: {entry.value!r:.80})"
            mistakes.append(f"{entry.place}: {entry.name} {mistake}{shown}")
    if not any(entry.name == "data" for entry in given):
        mistakes.append("data is missing: name the folder with --data DIR, DAVGATE_DATA, or data in the settings file")
    parts: dict[str, Any] = {name: value for name, value in values.items() if "." not in name}
    for section, kind in sections().items():
        keys = {name.partition(".")[2]: value for name, value in values.items() if name.startswith(section + ".")}
        try:
            parts[section] = kind(**keys)
        except ValueError as mistake:
            mistakes.append(str(mistake))
    for kind_name, kind in named_sections().items():
        parts[kind_name] = MappingProxyType(gathered(kind_name, kind, values))
    if mistakes:
        raise ConfigError(mistakes)
    return Config(**parts)


def gathered(kind_name: str, kind: type[Any], values: Mapping[str, object]) -> dict[str, Any]:
    """Return the sections of one kind by their names."""
    sections: dict[str, dict[str, object]] = {}
    for full_name, value in values.items():
        if full_name.startswith(kind_name + "."):
            _, name, key = full_name.split(".")
            sections.setdefault(name, {})[key] = value
    return {name: kind(**keys) for name, keys in sections.items()}


def from_file(file: Path, mistakes: list[str]) -> Iterator[Given]:
    """Yield the settings of a TOML file and note what is wrong with the file itself."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        mistakes.append(f"{file}: {error.strerror if isinstance(error, OSError) else error}")
        return
    known = settings()
    for key, value in document.items():
        if key in named_sections():
            yield from from_named_sections(str(file), key, value, mistakes)
            continue
        if key in sections() and not isinstance(value, dict):
            mistakes.append(f"{file}: {key} must be a section, [{key}]")
        for name, inner in [(f"{key}.{k}", v) for k, v in value.items()] if isinstance(value, dict) else [(key, value)]:
            if name in known:
                yield Given(str(file), name, inner)
            elif key not in sections() or isinstance(value, dict):
                mistakes.append(f"{file}: unknown setting {name}{nearest(name, known)}")


def from_named_sections(file: str, kind: str, value: object, mistakes: list[str]) -> Iterator[Given]:
    """Yield the settings of the sections of one kind in a file."""
    for name, section in (value if isinstance(value, dict) else {"": value}).items():
        if not isinstance(section, dict):
            mistakes.append(f"{file}: {kind} must be sections with a name each, such as [{kind}.company]")
        elif not SECTION_NAME.fullmatch(name):
            mistakes.append(f"{file}: [{kind}.{name}] must be named with a-z, 0-9 and single underscores, in 32 characters")
        elif not section:
            mistakes.append(f"{file}: [{kind}.{name}] sets nothing")
        else:
            for full_name, inner in [(f"{kind}.{name}.{key}", inner) for key, inner in section.items()]:
                if find(full_name):
                    yield Given(file, full_name, inner)
                else:
                    mistakes.append(f"{file}: unknown setting {full_name}{nearest(full_name, named_settings(name))}")


def from_environment(environ: Mapping[str, str], mistakes: list[str]) -> Iterator[Given]:
    """Yield the settings of the environment and note unknown names."""
    known = {variable(name): name for name in settings()}
    for name, value in sorted(environ.items()):
        if name in known:
            yield Given(name, known[name], value)
        elif name.startswith("DAVGATE_") and not FOREIGN.fullmatch(name):
            full_name = name.removeprefix("DAVGATE_").lower().replace("__", ".")
            if find(full_name) and variable(full_name) == name:
                yield Given(name, full_name, value)
            else:
                section = (full_name.split(".") + [""])[1]
                named = map(variable, named_settings(section)) if section else ()
                mistakes.append(f"unknown environment variable {name}{nearest(name, [*known, *named])}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that proposes the known name most like another; empty when none is alike."""
    alike = get_close_matches(name, known, 1)
    return f"; did you mean {alike[0]}?" if alike else ""
