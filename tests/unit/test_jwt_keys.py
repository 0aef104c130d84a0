"""Where the keys of an issuer come from: secrets, files and addresses, their rotation and their failures."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens import NOW, SECONDS, SECRET, a_token, claims, key, key_set, signed

from davgate.identity.jwt import Bearer, Issuer
from davgate.identity.keys import check_secret, check_url, parse_key_set, url_reader
from davgate.model.errors_of_sign_in import DirectoryUnavailable, InvalidToken
from davgate.model.instant import Instant, after

MINUTE = timedelta(minutes=1)


@dataclass
class KeyServer:
    """An issuer's address: what it answers can be changed, and it counts how often it was asked."""

    url: str = ""
    body: bytes = field(default_factory=lambda: key_set("RS256"))
    status: int = 200
    asked: list[str] = field(default_factory=list)
    held: threading.Event | None = None


@pytest.fixture
def server() -> Iterator[KeyServer]:
    state = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            if state.held:
                state.held.wait()
            self.send_response(state.status)
            self.send_header("Location", state.url + "/elsewhere")
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            try:
                self.wfile.write(state.body)
            except ConnectionError:
                pass

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{listening.server_address[1]}/keys"
    yield state
    if state.held:
        state.held.set()
    listening.shutdown()
    thread.join()
    listening.server_close()


def bearer_at(url: str, **given: object) -> Bearer:
    usual = {"source": "issuers.people", "issuer": "https://login.example.org", "audience": ("davgate",), "jwks_url": url}
    return Bearer([Issuer(**(usual | {"algorithms": ("RS256",)} | given))])  # type: ignore[arg-type]


def good_at(now: Instant, by: str = "RS256") -> str:
    return signed({"alg": "RS256", "kid": by}, claims(iat=now // 10**6, exp=now // 10**6 + 300), by)


def later(**span: float) -> Instant:
    return after(NOW, timedelta(**span))


# Addresses


def test_keys_are_fetched_once_and_remembered(server: KeyServer) -> None:
    bearer = bearer_at(server.url + "?set=1")

    for _ in range(3):
        assert bearer.proof(a_token(), NOW).user.name == "ann"

    assert server.asked == ["/keys?set=1"]


def test_nothing_is_fetched_for_a_token_of_another_issuer_or_algorithm(server: KeyServer) -> None:
    bearer = bearer_at(server.url)

    for token in [a_token(iss="https://other.example"), a_token("ES256")]:
        with pytest.raises(InvalidToken):
            bearer.proof(token, NOW)

    assert server.asked == []


def test_new_key_is_found_and_the_old_one_stays_good(server: KeyServer) -> None:
    bearer = bearer_at(server.url)
    bearer.proof(a_token(), NOW)
    server.body = key_set("RS256", "RS256-new")
    now = later(seconds=60)

    assert bearer.proof(good_at(now, "RS256-new"), now).user.name == "ann"
    assert bearer.proof(good_at(now), now).user.name == "ann"
    assert len(server.asked) == 2


def test_unknown_key_leads_to_one_question_a_minute(server: KeyServer) -> None:
    bearer = bearer_at(server.url)
    bearer.proof(a_token(), NOW)

    for second in range(59):
        with pytest.raises(InvalidToken, match="does not publish"):
            bearer.proof(a_token(header={"kid": f"invented{second}"}), later(seconds=second))
    assert len(server.asked) == 1

    with pytest.raises(InvalidToken, match="does not publish"):
        bearer.proof(a_token(header={"kid": "invented"}), later(seconds=60))
    assert len(server.asked) == 2


def test_clock_that_leaps_back_does_not_stop_the_questions(server: KeyServer) -> None:
    bearer = bearer_at(server.url)
    bearer.proof(a_token(), NOW)
    server.body = key_set("RS256-new")
    earlier = later(days=-1)

    assert bearer.proof(good_at(earlier, "RS256-new"), earlier).user.name == "ann"


def test_withdrawn_key_ends_when_keys_are_read_again(server: KeyServer) -> None:
    bearer = bearer_at(server.url)
    bearer.proof(a_token(), NOW)
    server.body = key_set("RS256-new")

    now = later(seconds=599)
    assert bearer.proof(good_at(now), now).user.name == "ann"
    now = later(seconds=600)
    with pytest.raises(InvalidToken, match="does not publish"):
        bearer.proof(good_at(now), now)


def test_known_keys_stay_good_while_the_address_cannot_be_reached(server: KeyServer) -> None:
    bearer = bearer_at(server.url)
    bearer.proof(a_token(), NOW)
    server.status = 500

    for hours in (1, 24, 24 * 30):
        now = later(hours=hours)
        assert bearer.proof(good_at(now), now).user.name == "ann"
    assert len(server.asked) == 4


def test_unknown_key_while_the_address_cannot_be_reached_is_no_mistake_of_the_token(server: KeyServer) -> None:
    bearer = bearer_at(server.url)
    bearer.proof(a_token(), NOW)
    server.status = 500
    now = later(seconds=60)

    with pytest.raises(DirectoryUnavailable):
        bearer.proof(good_at(now, "RS256-new"), now)

    server.status, server.body = 200, key_set("RS256-new")
    assert bearer.proof(good_at(now, "RS256-new"), later(seconds=120)).user.name == "ann"


def test_address_where_nobody_listens_makes_the_source_unavailable_and_is_asked_again(server: KeyServer) -> None:
    with pytest.raises(DirectoryUnavailable, match="people"):
        bearer_at("http://127.0.0.1:1/keys").proof(a_token(), NOW)

    server.status = 503
    bearer = bearer_at(server.url)
    for second in (0, 9, 10):
        with pytest.raises(DirectoryUnavailable):
            bearer.proof(a_token(), later(seconds=second))
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [201, 204, 301, 302, 303, 307, 308, 404])
def test_answer_other_than_200_is_none_and_redirects_are_not_followed(server: KeyServer, status: int) -> None:
    server.status = status
    if status == 204:
        server.body = b""

    with pytest.raises(DirectoryUnavailable):
        bearer_at(server.url).proof(a_token(), NOW)

    assert server.asked == ["/keys"]


def test_answer_above_the_limit_is_not_read_on(server: KeyServer) -> None:
    server.body = b" " * 10_000_000 + key_set("RS256")

    assert len(url_reader(server.url)()) <= 2 * 262_144 + 1
    with pytest.raises(DirectoryUnavailable):
        bearer_at(server.url).proof(a_token(), NOW)


def test_answer_that_does_not_come_is_given_up(server: KeyServer) -> None:
    server.held = threading.Event()

    with pytest.raises(TimeoutError):
        url_reader(server.url, patience_seconds=0.1)()


def test_threads_go_on_with_known_keys_while_one_asks_again(server: KeyServer) -> None:
    bearer = bearer_at(server.url)
    bearer.proof(a_token(), NOW)
    server.held = threading.Event()
    now = later(minutes=10)
    asking = threading.Thread(target=bearer.proof, args=(good_at(now), now))
    asking.start()
    while len(server.asked) < 2:
        assert asking.is_alive()

    assert bearer.proof(good_at(now), now).user.name == "ann"

    assert asking.is_alive()
    server.held.set()
    asking.join()


def test_many_threads_ask_once(server: KeyServer) -> None:
    bearer = bearer_at(server.url)
    token, names = a_token(), []
    threads = [threading.Thread(target=lambda: names.append(bearer.proof(token, NOW).user.name)) for _ in range(16)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert names == ["ann"] * 16
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url",
    ["https://login.example.org/keys", "http://127.0.0.1:8081/", "http://localhost/keys?a=b", "http://[::1]:80/k"],
)
def test_address_from_which_keys_come_unforged_is_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.org/keys",
        "http://127.0.0.1.example.org/",
        "http://localhost.example.org/",
        "ftp://127.0.0.1/keys",
        "file:///etc/passwd",
        "login.example.org/keys",
        "https://",
        "https://ann:pw@login.example.org/",
        "https://login.example.org:99999/",
        "https://login.example.org/a b",
        "https://login.example.org/\r\nX: y",
        "https://lögin.example.org/",
        "https://[::1/",
    ],
)
def test_other_address_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match=r"issuers\.people: the jwks_url must"):
        bearer_at(url)


# Files


def test_file_is_read_again_for_a_new_key(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set("RS256"))
    bearer = bearer_at("", jwks_file=file)
    assert bearer.proof(a_token(), NOW).user.name == "ann"

    file.write_bytes(key_set("RS256", "RS256-new"))
    now = later(seconds=60)
    assert bearer.proof(good_at(now, "RS256-new"), now).user.name == "ann"

    file.unlink()
    now = later(days=1)
    assert bearer.proof(good_at(now, "RS256-new"), now).user.name == "ann"


def test_file_that_is_missing_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"issuers\.people: the jwks_file cannot be read: No such file"):
        bearer_at("", jwks_file=tmp_path / "jwks.json")


PUBLIC = key("RS256").as_dict(private=False)
PRIVATE = key("RS256").as_dict(private=True)
SHORT_RSA = PUBLIC | {"n": base64.urlsafe_b64encode(bytes(128) + b"\xff" * 128).decode().rstrip("=")}


@pytest.mark.parametrize(
    ("document", "mistake"),
    [
        (b"", "not plain JSON"),
        (b"\xff", "not plain JSON"),
        (b'{"keys": [], "keys": []}', "not plain JSON"),
        (b"[" * 100_000, "not plain JSON"),
        (b" " * 300_000, "larger than 262144 bytes"),
        (b"[]", 'list of "keys"'),
        (b'{"keys": {}}', 'list of "keys"'),
        (b'{"keys": [1]}', 'list of "keys"'),
        (b'{"keys": []}', "no key that can verify"),
        ({"keys": [PUBLIC] * 65}, "more than 64 keys"),
        ({"keys": [PUBLIC, {"kty": "oct", "k": "c2VjcmV0"}]}, "a secret or a private key"),
        ({"keys": [PRIVATE]}, "a secret or a private key"),
        ({"keys": [PUBLIC | {"use": "enc"}]}, "no key that can verify"),
        ({"keys": [PUBLIC | {"key_ops": ["encrypt"]}]}, "no key that can verify"),
        ({"keys": [PUBLIC | {"kid": 1}]}, "no key that can verify"),
        ({"keys": [PUBLIC | {"n": "AQAB"}]}, "no key that can verify"),
        ({"keys": [PUBLIC | {"n": 5}]}, "no key that can verify"),
        ({"keys": [SHORT_RSA]}, "no key that can verify"),
        ({"keys": [PUBLIC | {"e": "AQ"}]}, "no key that can verify"),
        ({"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}]}, "no key that can verify"),
        ({"keys": [{"kty": "RSA"}]}, "no key that can verify"),
        ({"keys": [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"}]}, "no key that can verify"),
        ({"keys": [{"kty": ["RSA"]}]}, "no key that can verify"),
    ],
)
def test_set_of_no_use_is_refused(document: bytes | dict[str, object], mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        parse_key_set(document if isinstance(document, bytes) else json.dumps(document).encode())


SETS = [key(name).as_dict(private=False) for name in ("RS256", "ES256", "EdDSA")]
VALUES = (
    st.none() | st.integers() | st.text() | st.lists(st.text()) | st.sampled_from(["RSA", "EC", "OKP", "P-256", "X25519", "AQAB"])
)


@given(
    st.sampled_from(SETS), st.dictionaries(st.sampled_from(["kty", "crv", "n", "e", "x", "y", "use", "alg", "key_ops"]), VALUES)
)
def test_no_key_is_anything_but_read_or_refused(known: dict[str, object], changed: dict[str, object]) -> None:
    try:
        assert parse_key_set(json.dumps({"keys": [known | changed]}).encode())
    except ValueError as mistake:
        assert "the key set" in str(mistake)


def test_set_may_have_keys_of_unknown_kinds_and_members_of_no_meaning() -> None:
    entries = [{"kty": "AKP", "pub": "AAAA"}, PUBLIC | {"x5c": ["MIIB"], "x5t": 5, "issuer": "x"}, {"kty": "OKP", "crv": "X"}]

    assert [found.kid for found in parse_key_set(json.dumps({"keys": entries}).encode())] == ["RS256"]


def test_key_for_one_algorithm_verifies_no_other(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [PUBLIC | {"alg": "PS256"}]}), "utf-8")
    bearer = bearer_at("", jwks_file=file, algorithms=("RS256", "PS256"))

    with pytest.raises(InvalidToken, match="signature"):
        bearer.proof(a_token(), NOW)
    assert bearer.proof(signed({"alg": "PS256", "kid": "RS256"}, claims(), "RS256", "PS256"), NOW).user.name == "ann"


def test_key_without_a_name_is_tried_for_every_name(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{name: value for name, value in PUBLIC.items() if name != "kid"}]}), "utf-8")

    assert bearer_at("", jwks_file=file).proof(a_token(header={"kid": "of no use"}), NOW).user.name == "ann"


# Secrets

HS256 = frozenset({"HS256"})
RFC_7515_SAMPLE = b"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"


@pytest.mark.parametrize(
    ("secret", "mistake"),
    [
        (b"", "at least 32 bytes"),
        (SECRET[:31].encode(), "at least 32 bytes"),
        (b"secret", "at least 32 bytes"),
        (b"your-256-bit-secret", "at least 32 bytes"),
        (b"a-string-secret-at-least-256-bits-long", "sample"),
        (b"a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long", "sample"),
        (b"ChangeMe-ChangeMe!0987-zyxwvutsrq", "sample"),
        (b"change_this-to-something_else_please", "sample"),
        (b"0123456789abcdefghijklmnopqrstuv", "sample"),
        (RFC_7515_SAMPLE, "sample"),
        (base64.urlsafe_b64decode(RFC_7515_SAMPLE + b"=="), "sample"),
        (b"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg", "sample"),
        (bytes(32), "repeat"),
        (b"x" * 64, "repeat"),
        (b"gB7wq0Zr" * 4, "repeat"),
        (b"abababababababababababababababac", "repeat"),
        (key("RS256").as_pem(private=False), "PEM"),  # type: ignore[union-attr]
        (key("RS256").as_der(private=False), "public key"),  # type: ignore[union-attr]
        (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+gB7wq0Zr4nXkVt2Lm9sPd6HyFc3Ju", "PEM"),
    ],
)
def test_secret_that_can_be_guessed_is_refused_and_not_shown(secret: bytes, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake) as refused:
        check_secret(secret, HS256)

    assert len(secret) < 16 or secret.decode("latin-1") not in str(refused.value)


def test_secret_is_as_long_as_the_longest_hash() -> None:
    for algorithm, shortest in {"HS256": 32, "HS384": 48, "HS512": 64}.items():
        secret = (SECRET + SECRET[::-1]).encode()
        check_secret(secret[:shortest], HS256 | {algorithm})
        with pytest.raises(ValueError, match=f"at least {shortest} bytes"):
            check_secret(secret[: shortest - 1], HS256 | {algorithm})


def test_guessable_secret_of_an_issuer_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match=r"^issuers\.people: the secret must have at least 32 bytes"):
        bearer_at("", secret="changeme", algorithms=("HS256",))


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_secret_of_a_file_ends_before_the_end_of_its_line(tmp_path: Path, end: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(SECRET.encode() + end)
    bearer = bearer_at("", secret_file=file, algorithms=("HS256",))

    assert bearer.proof(a_token("HS256"), NOW).user.name == "ann"


def test_secret_file_that_is_missing_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape("issuers.people: the secret_file cannot be read: No such file")):
        bearer_at("", secret_file=tmp_path / "secret", algorithms=("HS256",))


def test_times_of_the_samples_fit_together() -> None:
    assert NOW == SECONDS * 10**6
