"""The keys of an issuer: a shared secret, or the public keys that it publishes in a file or at an address (RFC 7517, 5)."""

from __future__ import annotations

import base64
import http.client
import ipaddress
import logging
import re
import ssl
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, OctKey

from davgate.identity.jws import strict_json
from davgate.model.errors_of_sign_in import DirectoryUnavailable, InvalidToken
from davgate.model.instant import Instant

logger = logging.getLogger(__name__)

SHORTEST_SECRETS: Final = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes: a secret is at least as long as the hash (RFC 7518, 3.2)."""

LARGEST_SET_BYTES: Final = 256 * 1024
MOST_KEYS: Final = 64
REFRESHED_AFTER: Final = timedelta(minutes=10)
"""Age from which keys are read again, so that a key that the issuer has withdrawn ends here too."""
ASKED_EVERY: Final = timedelta(minutes=1)
"""An unknown key leads to a reading of the keys this often, so that invented ones do not make davgate hammer the issuer."""
FIRST_ASKED_EVERY: Final = timedelta(seconds=10)
"""The same as long as no keys are known at all."""
PATIENCE_SECONDS: Final = 5.0

_MICROSECOND: Final = timedelta(microseconds=1)
_LEAST_RSA_BITS: Final = 2048
_MOST_RSA_BITS: Final = 8192
_PRIVATE_MEMBERS: Final = frozenset({"k", "d", "p", "q", "dp", "dq", "qi", "oth"})
_PUBLIC_MEMBERS: Final = frozenset({"kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"})
_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})


class KeySource(Protocol):
    """Where the keys of an issuer come from; used by all threads of a process."""

    def candidates(self, key_id: str | None, now: Instant) -> tuple[Key, ...]:
        """Return the keys that may have signed a token whose header names ``key_id``, or names none.

        Raises:
            InvalidToken: there is no such key.
            DirectoryUnavailable: that cannot be told, as the issuer cannot be reached.
        """


class SharedSecret:
    """A secret that issuer and davgate share; it has no name, so that the one in a header does not matter."""

    def __init__(self, secret: bytes) -> None:
        self._keys: tuple[Key, ...] = (OctKey.import_key(secret),)

    def candidates(self, key_id: str | None, now: Instant) -> tuple[Key, ...]:
        """Return the secret."""
        return self._keys


# What documentation, tutorials and token debuggers show, without their punctuation; a random secret never has such a word in it.
_SAMPLES: Final = (
    "secret", "changeme", "changethis", "password", "passphrase", "example", "sample", "placeholder", "replaceme", "yourkey",
    "insecure", "helloworld", "qwerty", "letmein", "abcdefgh", "01234567", "12345678", "87654321",
    # RFC 7515, A.1, and RFC 7520, 3.5
    "aym1sysppbydfgzld3umj1qzkobwvmkoqqestjqlrt1qs0gzh75", "hjtxiz2usn5kbqfbttnwbpdmhkv8fjgonbc6mxccyg",
)  # fmt: skip
_RFC_7515_SAMPLE: Final = bytes.fromhex("0323354b2b0fa5bc837e0665777ba68f5ab328e6f054c928a90f84b2d2502ebf")
_FEWEST_DIFFERENT_BYTES: Final = 8


def check_secret(secret: bytes, algorithms: frozenset[str]) -> None:
    """Refuse a secret that can be guessed; the message does not contain it.

    Raises:
        ValueError: it is too short for one of the algorithms, a known sample, repetitive, or a public key.
    """
    shortest = max(SHORTEST_SECRETS[name] for name in algorithms)
    if len(secret) < shortest:
        raise ValueError(f"the secret must have at least {shortest} bytes; make one with `openssl rand -base64 {shortest}`")
    if b"-----BEGIN" in secret or b"---- BEGIN" in secret or secret.startswith((b"ssh-", b"ecdsa-")):
        raise ValueError("the secret must not be a key in PEM or SSH form; name public keys with jwks_file or jwks_url")
    plain = re.sub(rb"[^a-z0-9]", b"", secret.lower()).decode("ascii")
    if secret.startswith(_RFC_7515_SAMPLE) or any(sample in plain for sample in _SAMPLES):
        raise ValueError("the secret must not be a sample out of documentation; make one with `openssl rand -base64 48`")
    # A text that is made by repeating a shorter one is found in its own double before its end.
    if len(set(secret)) < _FEWEST_DIFFERENT_BYTES or (secret + secret).find(secret, 1) < len(secret):
        raise ValueError("the secret must not repeat itself; make one with `openssl rand -base64 48`")
    try:
        OctKey.import_key(secret)
    except ValueError:
        raise ValueError("the secret must not be a public key; name public keys with jwks_file or jwks_url") from None


def secret_of_file(file: Path) -> bytes:
    """Return the bytes of a file without the end of its last line.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return file.read_bytes().removesuffix(b"\n").removesuffix(b"\r")
    except OSError as error:
        raise ValueError(f"the secret_file cannot be read: {error.strerror}") from None


class PublishedKeys:
    """The public keys that an issuer publishes, read when first needed and again as they age or an unknown one is named.

    Keys that were read stay good while reading fails. One thread reads at a time; the others go on with the keys that there are.
    """

    def __init__(self, source: str, read: Callable[[], bytes]) -> None:
        self._source = source
        self._read = read
        self._lock = threading.Lock()
        self._keys: tuple[Key, ...] = ()
        self._read_at: Instant | None = None
        self._tried_at: Instant | None = None
        self._failed = False

    def candidates(self, key_id: str | None, now: Instant) -> tuple[Key, ...]:
        """Return the keys of this name and those without a name; all of them for a token that names none."""
        if self._read_at is None or not _is_within(REFRESHED_AFTER, self._read_at, now):
            self._refresh(now, is_needed=not self._keys)
        found = _named(self._keys, key_id)
        if not found:
            self._refresh(now, is_needed=True)
            found = _named(self._keys, key_id)
        if found:
            return found
        if self._failed:
            raise DirectoryUnavailable(self._source)
        raise InvalidToken("it is signed with a key that its issuer does not publish", self._source)

    def load(self, now: Instant | None = None) -> None:
        """Read the keys.

        Raises:
            ValueError, OSError: they cannot be read, or are none.
        """
        keys = parse_key_set(self._read())
        if keys != self._keys:
            logger.info("Usable keys that issuer %s publishes: %d.", self._source, len(keys))
        self._keys, self._read_at, self._failed = keys, now, False

    def _refresh(self, now: Instant, *, is_needed: bool) -> None:
        """Read the keys, unless that was just tried; who needs them waits while another thread is at it."""
        if not self._lock.acquire(blocking=is_needed, timeout=2 * PATIENCE_SECONDS if is_needed else -1):
            return
        try:
            pause = ASKED_EVERY if self._keys else FIRST_ASKED_EVERY
            if self._tried_at is not None and _is_within(pause, self._tried_at, now):
                return
            self._tried_at = now
            self.load(now)
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._failed = True
            logger.warning("The keys of issuer %s cannot be read: %s. Known ones stay good.", self._source, error)
        finally:
            self._lock.release()


def _is_within(span: timedelta, earlier: Instant, now: Instant) -> bool:
    """Tell whether two instants lie less than a span apart; requests of several threads may come in any order."""
    return abs(now - earlier) < span // _MICROSECOND


def _named(keys: tuple[Key, ...], key_id: str | None) -> tuple[Key, ...]:
    return tuple(key for key in keys if key_id is None or key.kid is None or key.kid == key_id)


def parse_key_set(data: bytes) -> tuple[Key, ...]:
    """Return the public keys of a set that can verify signatures; those of other kinds and for other uses are left out.

    Raises:
        ValueError: it is no key set, contains a secret or a private key, or nothing that can be used.
    """
    if len(data) > LARGEST_SET_BYTES:
        raise ValueError(f"the key set is larger than {LARGEST_SET_BYTES} bytes")
    try:
        document = strict_json(data)
    except ValueError:
        raise ValueError("the key set is not plain JSON") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError('the key set is not an object with a list of "keys"')
    if len(entries) > MOST_KEYS:
        raise ValueError(f"the key set has more than {MOST_KEYS} keys")
    if any(_PRIVATE_MEMBERS & entry.keys() for entry in entries):
        raise ValueError("the key set contains a secret or a private key, with which its readers could sign")
    keys = tuple(key for entry in entries if (key := _public_key(entry)) is not None)
    if not keys:
        raise ValueError("the key set has no key that can verify signatures")
    return keys


def _public_key(entry: dict[str, object]) -> Key | None:
    """Return a key, or None for one that cannot be used; issuers publish kinds that not everybody knows (RFC 7517, 5)."""
    kind = entry.get("kty")
    if not isinstance(kind, str) or kind not in _KEY_TYPES or entry.get("use", "sig") != "sig":
        return None
    if not all(isinstance(value, str) for name, value in entry.items() if name in _PUBLIC_MEMBERS - {"key_ops"}):
        return None
    if kind == "RSA" and not _LEAST_RSA_BITS <= _bits(str(entry.get("n", ""))) <= _MOST_RSA_BITS:
        return None
    try:
        key = JWKRegistry.import_key({name: value for name, value in entry.items() if name in _PUBLIC_MEMBERS})  # type: ignore[misc]
        key.check_key_op("verify")
    except (JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        # The last where the system's policy forbids a curve.
        return None
    return key


def _bits(number: str) -> int:
    """Return the length of a number in base64url; 0 for what is none."""
    try:
        return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
    except ValueError:
        return 0


def file_reader(file: Path) -> Callable[[], bytes]:
    """Return what reads a file of keys."""

    def read() -> bytes:
        with file.open("rb") as opened:
            return opened.read(LARGEST_SET_BYTES + 1)

    return read


def check_url(url: str) -> None:
    """Refuse an address from which keys could come forged.

    Raises:
        ValueError: it is not https, nor http to this machine, or has credentials in it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.username is not None or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("the jwks_url must be an address such as https://login.example.org/keys, without a user name")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError("the jwks_url must begin with https://; http:// is taken for this machine alone")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_reader(url: str, patience_seconds: float = PATIENCE_SECONDS) -> Callable[[], bytes]:
    """Return what fetches keys from an address, in a bounded time, without following redirects and without a proxy."""
    parts = urlsplit(url)
    host, target = parts.hostname or "", (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    tls = ssl.create_default_context() if parts.scheme == "https" else None

    def connect() -> http.client.HTTPConnection:
        if tls is not None:
            return http.client.HTTPSConnection(host, parts.port, timeout=patience_seconds, context=tls)
        return http.client.HTTPConnection(host, parts.port, timeout=patience_seconds)

    def read() -> bytes:
        deadline = time.monotonic() + patience_seconds
        connection = connect()
        try:
            connection.request("GET", target, headers={"Accept": "application/jwk-set+json, application/json"})
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise ValueError(f"the answer is {response.status} instead of 200, and redirects are not followed")
            data = b""
            while len(data) <= LARGEST_SET_BYTES and (part := response.read1(LARGEST_SET_BYTES)):
                data += part
                if time.monotonic() > deadline:
                    raise TimeoutError("the answer takes too long")
            return data
        finally:
            connection.close()

    return read
