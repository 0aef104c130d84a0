"""Kinds of settings: how each is declared, and read from what TOML and the environment give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from fractions import Fraction
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

T = TypeVar("T")
N = TypeVar("N", int, timedelta)


class Address(NamedTuple):
    """Where a server listens; port 0 lets the system choose a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        return is_this_machine(self.host)


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


def one_of(*words: str) -> Callable[[object], str]:
    """Return what reads one of these words."""

    def parse(value: object) -> str:
        text = parse_text(value)
        if text not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return text

    return parse


def parse_level(value: object) -> str:
    """Return the name of a log level, in capitals."""
    return one_of("DEBUG", "INFO", "WARNING", "ERROR")(parse_text(value).upper())


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
    """Return an amount in the smallest of its units, of which it must be a whole number."""
    match = AMOUNT.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if match is None or match[2].lower() not in units:
        raise ValueError(f"must be {wanted}")
    amount = Fraction(match[1]) * units[match[2].lower()]
    if amount.denominator != 1:
        raise ValueError(f"must be {wanted}, with fewer digits behind the point")
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


def parse_folders(value: object) -> tuple[Path, ...]:
    """Return the absolute paths of folders: a list of texts, or one text in which colons separate them, as in PATH."""
    texts = value.split(":") if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise ValueError("must be a list of folders, or a text with colons between them")
    return tuple(parse_folder(text) for text in texts if text != "")


def parse_optional_file(value: object) -> Path | None:
    """Return the absolute path of a file, or None for the empty text."""
    text = parse_text(value)
    if "\0" in text:
        raise ValueError("must name a file")
    return Path(text).absolute() if text else None


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
        IPv6Address(text)
    except ValueError:
        return False
    return True


def parse_origin(value: object) -> str:
    """Return scheme, host and port of a web address, or the empty text."""
    text = parse_text(value)
    if text and not re.fullmatch(r"https?://(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(:[0-9]{1,5})?/?", text):
        raise ValueError('must be scheme, host and port alone, such as "https://documents.example.org"')
    return text.rstrip("/")


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


def is_this_machine(host: str) -> bool:
    """Tell whether what is sent to a host stays on this machine."""
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


def parse_mount(value: object) -> str:
    """Return an absolute path without a final slash below which a door answers, or the empty text."""
    text = parse_text(value)
    if text and not re.fullmatch(r"(/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]{1,64}){1,8}", text):
        raise ValueError('must be a path such as "/okd/v1", of letters, digits and . _ ~ -, or empty')
    return text


def parse_place(value: object) -> tuple[str, ...]:
    """Return the names on the way to a folder of the drive, which is made when it is first needed."""
    text = parse_text(value)
    if not re.fullmatch(r"(/[^\W_][\w .-]{0,63}(?<![ .])){1,8}", text):
        raise ValueError('must be a folder of the drive such as "/OKD", of letters, digits, blanks and . _ -')
    return tuple(text[1:].split("/"))


def parse_zone(value: object) -> ZoneInfo:
    """Return a time zone of the IANA database."""
    text = parse_text(value)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'must be a time zone such as "Europe/Zurich"{nearest(text, available_timezones())}') from None


def parse_words(value: object) -> tuple[str, ...]:
    """Return words: a list of texts, or one text in which blanks separate them, as in the environment."""
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise ValueError("must be a list of texts, or a text with blanks between them")
    return tuple(words)


def parse_words_if_given(value: object) -> tuple[str, ...] | None:
    """Return words, or None for what was not given; no words at all are an answer too."""
    return None if value is None else parse_words(value)


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


def nearest(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return the end of a sentence that proposes the known name most like another, with a prefix; empty when none is alike."""
    alike = get_close_matches(name, known, 1)
    return f"; did you mean {prefix}{alike[0]}?" if alike else ""
