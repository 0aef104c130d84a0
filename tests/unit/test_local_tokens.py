"""The short tokens that davgate issues itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from joserfc.jwk import OctKey
from tests.tokens import NOW, OMIT, SECONDS, a_token, signed

from davgate.identity.local_tokens import LONGEST_LIFE, LocalToken, LocalTokens, is_local
from davgate.model.errors_of_sign_in import InvalidToken
from davgate.model.instant import FOREVER, Instant, after

STORE = "0b9f5c4e-6f1c-4a7e-9d53-0f6a2d9b7c11"
KEYS = {number: bytes([number]) * 31 + b"x" for number in range(1, 4)}
HOUR = timedelta(hours=1)
TOKEN = LocalToken(42, 7, ("read", "tree:9"), after(NOW, HOUR))
HEADER = {"alg": "HS256", "typ": "davgate+jwt", "kid": "3"}
CLAIMS = {"iss": STORE, "sub": "42", "epoch": 7, "iat": SECONDS, "exp": SECONDS + 3600}


def forged(header: dict[str, object] | None = None, number: int = 3, **changed: object) -> str:
    """Return a token that one of our keys has signed, but that we would never issue."""
    return signed(HEADER | (header or {}), CLAIMS | changed, OctKey(KEYS[number], KEYS[number]), "HS256")


@pytest.mark.parametrize("scope", [None, (), ("read",), ("okd:alldocuments", "drop-box")])
def test_token_says_what_it_was_issued_for(scope: tuple[str, ...] | None) -> None:
    tokens = LocalTokens(STORE, KEYS)
    token = LocalToken(42, 7, scope, after(NOW, HOUR))

    issued = tokens.issue(token, NOW)

    assert tokens.verify(issued, NOW) == token
    assert tokens.verify(issued, Instant(token.expires_at - 1)) == token
    assert is_local(issued)


def test_token_ends_without_leeway() -> None:
    tokens = LocalTokens(STORE, KEYS)

    with pytest.raises(InvalidToken, match="expired"):
        tokens.verify(tokens.issue(TOKEN, NOW), TOKEN.expires_at)


def test_newest_key_signs_and_older_ones_verify_until_dropped() -> None:
    by_old = LocalTokens(STORE, {1: KEYS[1]}).issue(TOKEN, NOW)
    by_new = LocalTokens(STORE, KEYS).issue(TOKEN, NOW)

    assert LocalTokens(STORE, KEYS).verify(by_old, NOW) == TOKEN
    assert LocalTokens(STORE, {3: KEYS[3]}).verify(by_new, NOW) == TOKEN
    with pytest.raises(InvalidToken, match="key that is not in use"):
        LocalTokens(STORE, {2: KEYS[2], 3: KEYS[3]}).verify(by_old, NOW)


def test_key_of_another_number_does_not_verify() -> None:
    with pytest.raises(InvalidToken, match="signature"):
        LocalTokens(STORE, KEYS).verify(forged({"kid": "2"}), NOW)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        pytest.param(lambda: a_token(), "not issued by this store", id="of an issuer"),
        pytest.param(lambda: forged(iss=STORE.upper()), "not issued by this store", id="another store"),
        pytest.param(lambda: forged({"typ": "JWT"}), "not issued by this store", id="another type"),
        pytest.param(lambda: forged({"typ": OMIT}), "not issued by this store", id="no type"),
        pytest.param(lambda: forged({"alg": "none"}), "algorithm", id="alg none"),
        pytest.param(lambda: forged({"alg": "HS512"}), "algorithm", id="alg HS512"),
        pytest.param(lambda: forged({"kid": OMIT}), "key that is not in use", id="no kid"),
        pytest.param(lambda: forged({"kid": "03"}), "key that is not in use", id="kid in another spelling"),
        pytest.param(lambda: forged({"kid": "٣"}), "key that is not in use", id="kid in Arabic digits"),
        pytest.param(lambda: forged({"kid": "9" * 200}), "key that is not in use", id="huge kid"),
        pytest.param(lambda: forged({"crit": ["exp"]}), "demands an extension", id="crit"),
        pytest.param(lambda: forged(sub=42), "not issued by this store", id="sub number"),
        pytest.param(lambda: forged(sub="-1"), "not issued by this store", id="sub negative"),
        pytest.param(lambda: forged(epoch="7"), "not issued by this store", id="epoch text"),
        pytest.param(lambda: forged(epoch=True), "not issued by this store", id="epoch true"),
        pytest.param(lambda: forged(scope=["read"]), "not issued by this store", id="scope list"),
        pytest.param(lambda: forged(exp=OMIT), "not issued by this store", id="no exp"),
        pytest.param(lambda: forged(exp=SECONDS + 0.5), "not issued by this store", id="exp with a fraction"),
        pytest.param(lambda: forged(exp=SECONDS), "expired", id="exp now"),
        pytest.param(lambda: forged(exp=SECONDS + 86_401), "times", id="life above a day"),
        pytest.param(lambda: forged(iat=SECONDS + 61), "times", id="iat in the future"),
    ],
)
def test_token_that_we_did_not_issue_is_refused(token, reason: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidToken, match=reason):
        LocalTokens(STORE, KEYS).verify(token(), NOW)


@pytest.mark.parametrize("ends", [NOW, after(NOW, LONGEST_LIFE + timedelta(microseconds=1)), FOREVER])
def test_life_of_none_or_above_a_day_is_never_issued(ends: Instant) -> None:
    with pytest.raises(ValueError, match="24 hours"):
        LocalTokens(STORE, KEYS).issue(LocalToken(1, 1, None, ends), NOW)


def test_life_of_a_day_from_within_a_second_is_good() -> None:
    tokens, now = LocalTokens(STORE, KEYS), Instant(NOW + 999_999)

    issued = tokens.issue(LocalToken(1, 1, None, after(now, LONGEST_LIFE)), now)

    assert tokens.verify(issued, now).expires_at == after(NOW, LONGEST_LIFE)


@pytest.mark.parametrize("word", ["", "a b", 'a"', "a\\", "ä", "a\n"])
def test_scope_that_is_no_word_is_never_issued(word: str) -> None:
    with pytest.raises(ValueError, match="scope"):
        LocalTokens(STORE, KEYS).issue(LocalToken(1, 1, ("read", word), after(NOW, HOUR)), NOW)


@pytest.mark.parametrize("keys", [{}, {1: b"short"}, {1: bytes(33)}, {-1: bytes(32)}])
def test_keys_of_another_size_are_refused(keys: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        LocalTokens(STORE, keys)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", a_token(), "e30.e30.e30"])
def test_other_tokens_do_not_claim_to_be_local(token: str) -> None:
    assert not is_local(token)
