"""Bearer tokens: which are good, and a table of those that are not."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey
from tests.tokens import NOW, OMIT, SECONDS, SECRET, a_token, claims, encoded, key, key_set, signed

from davgate.identity.external import ExternalUser
from davgate.identity.jwt import Bearer, Issuer, Proof
from davgate.identity.local_tokens import LocalToken, LocalTokens
from davgate.model.errors_of_sign_in import InvalidToken
from davgate.model.instant import Instant, after

SERVICE = "https://services.example.org"
HEADER = {"alg": "RS256", "kid": "RS256"}
PUBLISHED = ("RS256", "ES256", "EdDSA", "RS256-old")


@pytest.fixture(scope="module")
def bearer(tmp_path_factory: pytest.TempPathFactory) -> Bearer:
    """Two issuers: people by public keys, services by a shared secret."""
    file = tmp_path_factory.mktemp("keys") / "jwks.json"
    file.write_bytes(key_set(*PUBLISHED))
    people = an_issuer(jwks_file=file, algorithms=("RS256", "ES256", "EdDSA"), groups_claim="groups", name_claims=("sub",))
    services = an_issuer(source="issuers.services", issuer=SERVICE, secret=SECRET, algorithms=("HS256",))
    return Bearer([people, services])


def an_issuer(**given: object) -> Issuer:
    """Return an issuer; what is not given is right for the tokens of ``tests.tokens``."""
    usual = {
        "source": "issuers.people",
        "issuer": "https://login.example.org",
        "audience": ("davgate",),
        "algorithms": ("RS256",),
    }
    return Issuer(**(usual | given))  # type: ignore[arg-type]


def a_service_token(header: dict[str, object] | None = None, **changed: object) -> str:
    return a_token("HS256", header, **({"iss": SERVICE} | changed))


def alg(name: object) -> dict[str, object]:
    return {"alg": name}


def unsigned(name: str) -> str:
    """Return a token that says of itself that it has no signature, and has none."""
    return f"{encoded(HEADER | alg(name))}.{encoded(claims())}."


def with_payload(payload: bytes) -> str:
    return signed(HEADER, payload, "RS256")


def with_claim(text: str) -> str:
    """Return a token whose claims end with this JSON text, as it is."""
    good = json.dumps(claims(exp=OMIT if text.startswith('"exp"') else SECONDS + 300), default=lambda omitted: None)
    return with_payload(good.replace('"exp": null', '"x": 0').removesuffix("}").encode() + b", " + text.encode() + b"}")


def with_header(text: bytes) -> str:
    return signed(b'{"alg": "RS256", "kid": "RS256"' + text + b"}", claims(), "RS256")


def swapped(part: int, other: str) -> str:
    """Return a good token with one of its three parts replaced."""
    parts = a_token().split(".")
    parts[part] = other
    return ".".join(parts)


def other_spelling() -> str:
    """Return a good token with a bit set in its last character that no byte uses."""
    token = a_token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def bomb() -> str:
    return signed(HEADER | {"zip": "DEF"}, zlib.compress(b'{"sub": "' + b"a" * 5_000_000 + b'"}')[2:-4], "RS256")


def public_key_as_secret() -> OctKey:
    """Return the public key, which everybody has, as if it were a secret (CVE-2016-5431 and many after it)."""
    pem = key("RS256").as_pem(private=False)  # type: ignore[union-attr]
    return OctKey(pem, pem)


JWK = key("RS256-attacker").as_dict(private=False)
NO_RS256 = {"alg": "RS256"}

ATTACKS: dict[str, tuple[Callable[[], str], str]] = {
    # The form
    "empty": (lambda: "", "not a signed JWT"),
    "one word": (lambda: "secret", "not a signed JWT"),
    "two parts": (lambda: "a.b", "not a signed JWT"),
    "four parts": (lambda: a_token() + ".x", "not a signed JWT"),
    "five parts, encrypted": (lambda: "e30.e30.e30.e30.e30", "it is encrypted"),
    "1 MB": (lambda: a_token(pad="x" * 1_000_000), "larger than"),
    "one byte above the limit": (lambda: "a" * 16_385, "larger than"),
    "line end behind it": (lambda: a_token() + "\n", "not a signed JWT"),
    "blank before it": (lambda: " " + a_token(), "not a signed JWT"),
    "padding": (lambda: a_token() + "==", "not a signed JWT"),
    "base64 of the other alphabet": (lambda: swapped(2, "+/+/"), "not a signed JWT"),
    "fullwidth letters": (lambda: swapped(0, "ｅｙＪ"), "not a signed JWT"),
    "stray bits in the signature": (other_spelling, "its signature is not base64url"),
    "length that base64 cannot have": (lambda: swapped(2, "AAAAA"), "its signature is not base64url"),
    "header that is no JSON": (lambda: swapped(0, encoded(b"{alg: RS256}")), "its header is not plain JSON"),
    "header that is a list": (lambda: swapped(0, encoded(b'["RS256"]')), "its header is not a JSON object"),
    "header that is not UTF-8": (lambda: swapped(0, encoded(b'{"alg": "\xff"}')), "its header is not plain JSON"),
    "header with a byte order mark": (
        lambda: swapped(0, encoded(b'\xef\xbb\xbf{"alg":"RS256"}')),
        "its header is not plain JSON",
    ),
    "payload that is no JSON": (lambda: with_payload(b"ann"), "its payload is not plain JSON"),
    "payload that is a list": (lambda: with_payload(b"[]"), "its payload is not a JSON object"),
    "payload that is a token": (lambda: with_payload(a_token().encode()), "its payload is not plain JSON"),
    "payload with NUL behind it": (lambda: with_payload(json.dumps(claims()).encode() + b"\0"), "its payload is not plain JSON"),
    "5,000 lists deep": (lambda: with_claim('"x": ' + "[" * 5000 + "]" * 5000), "its payload is not plain JSON"),
    "brackets without end": (lambda: with_payload(b'{"a":' * 2000), "its payload is not plain JSON"),
    "number of 5,000 digits": (lambda: with_claim('"x": ' + "9" * 5000), "its payload is not plain JSON"),
    "claim twice": (lambda: with_claim('"sub": "administrator"'), "its payload is not plain JSON"),
    "claim twice, once escaped": (lambda: with_claim('"\\u0073ub": "administrator"'), "its payload is not plain JSON"),
    "member of the header twice": (lambda: with_header(b', "alg": "none"'), "its header is not plain JSON"),
    # The algorithm
    "alg none": (lambda: unsigned("none"), "it is not signed"),
    "alg None": (lambda: unsigned("None"), "it is not signed"),
    "alg nOnE": (lambda: unsigned("nOnE"), "it is not signed"),
    "alg none with a signature": (lambda: a_token(header=alg("none")), "its algorithm is not one"),
    "alg nOnE with a signature": (lambda: a_token(header=alg("nOnE")), "its algorithm is not one"),
    "alg missing": (lambda: a_token(header=alg(OMIT)), "names no algorithm"),
    "alg null": (lambda: a_token(header=alg(None)), "names no algorithm"),
    "alg empty": (lambda: a_token(header=alg("")), "its algorithm is not one"),
    "alg list": (lambda: a_token(header=alg(["RS256"])), "names no algorithm"),
    "alg in small letters": (lambda: a_token(header=alg("rs256")), "its algorithm is not one"),
    "alg unknown": (lambda: a_token(header=alg("HS1")), "its algorithm is not one"),
    "signature left out": (lambda: a_token().rpartition(".")[0] + ".", "it is not signed"),
    "HS256 with the public key": (
        lambda: signed(HEADER | alg("HS256"), claims(), public_key_as_secret(), "HS256"),
        "its algorithm is not one",
    ),
    "HS256 with the public key under RS256": (
        lambda: signed(HEADER, claims(), public_key_as_secret(), "HS256"),
        "its signature is wrong",
    ),
    "RS256 for the issuer with a secret": (
        lambda: signed(HEADER, claims(iss=SERVICE), "RS256"),
        "its algorithm is not one",
    ),
    "HS384 where HS256 is agreed": (
        lambda: signed(alg("HS384"), claims(iss=SERVICE), "HS256", "HS384"),
        "its algorithm is not one",
    ),
    "RS512 with a good key": (lambda: signed(HEADER | alg("RS512"), claims(), "RS256", "RS512"), "its algorithm is not one"),
    "PS256 with a good key": (lambda: signed(HEADER | alg("PS256"), claims(), "RS256", "PS256"), "its algorithm is not one"),
    "ES256 with the kid of the RSA key": (
        lambda: signed({"alg": "ES256", "kid": "RS256"}, claims(), "ES256", "ES256"),
        "its signature is wrong",
    ),
    # The signature
    "claims changed": (lambda: swapped(1, encoded(claims(sub="administrator"))), "its signature is wrong"),
    "header changed": (lambda: swapped(0, encoded(HEADER | {"typ": "at+jwt"})), "its signature is wrong"),
    "signature of another token": (lambda: swapped(2, a_token(sub="bob").split(".")[2]), "its signature is wrong"),
    "signature cut": (lambda: swapped(2, a_token().split(".")[2][:-2]), "its signature is wrong"),
    "HS256 cut to nothing but a byte": (lambda: a_service_token().rpartition(".")[0] + ".AA", "its signature is wrong"),
    "HS256 with another secret": (
        lambda: signed(alg("HS256"), claims(iss=SERVICE), OctKey(b"x" * 32, b"x" * 32), "HS256"),
        "its signature is wrong",
    ),
    "ES256 of zeros (CVE-2022-21449)": (
        lambda: f"{encoded({'alg': 'ES256', 'kid': 'ES256'})}.{encoded(claims())}.{encoded(bytes(64))}",
        "its signature is wrong",
    ),
    "ES256 in DER": (
        lambda: f"{encoded({'alg': 'ES256', 'kid': 'ES256'})}.{encoded(claims())}.{encoded(b'0' + bytes(71))}",
        "its signature is wrong",
    ),
    "key of somebody else under our kid": (lambda: signed(HEADER, claims(), "RS256-attacker"), "its signature is wrong"),
    # Keys that come along
    "jwk": (lambda: signed(HEADER | {"jwk": JWK}, claims(), "RS256-attacker"), "its signature is wrong"),
    "jwk without kid": (lambda: signed(NO_RS256 | {"jwk": JWK}, claims(), "RS256-attacker"), "its signature is wrong"),
    "jku": (lambda: signed(HEADER | {"jku": "http://127.0.0.1:1/"}, claims(), "RS256-attacker"), "its signature is wrong"),
    "x5u": (lambda: signed(HEADER | {"x5u": "file:///etc/passwd"}, claims(), "RS256-attacker"), "its signature is wrong"),
    "x5c": (lambda: signed(HEADER | {"x5c": ["MIIB"]}, claims(), "RS256-attacker"), "its signature is wrong"),
    "kid unknown": (lambda: a_token(header={"kid": "RS256-attacker"}), "does not publish"),
    "kid with a path": (lambda: a_token(header={"kid": "../../../dev/null"}), "does not publish"),
    "kid with SQL": (lambda: a_token(header={"kid": "' UNION SELECT 'x"}), "does not publish"),
    "kid with an address": (lambda: a_token(header={"kid": "https://attacker.example/"}), "does not publish"),
    "kid with NUL": (lambda: a_token(header={"kid": "RS256\0"}), "does not publish"),
    "kid number": (lambda: a_token(header={"kid": 1}), "its kid is not"),
    "kid list": (lambda: a_token(header={"kid": ["RS256"]}), "its kid is not"),
    "kid of 10,000 characters": (lambda: a_token(header={"kid": "k" * 10_000}), "its kid is not"),
    # Extensions
    "crit": (lambda: a_token(header={"crit": ["exp"]}), "demands an extension"),
    "crit empty": (lambda: a_token(header={"crit": []}), "demands an extension"),
    "b64 false": (lambda: a_token(header={"b64": False}), "not encoded"),
    "b64 false and crit": (lambda: a_token(header={"b64": False, "crit": ["b64"]}), "demands an extension"),
    "deflate bomb": (bomb, "it is compressed"),
    "three parts, encrypted": (lambda: a_token(header={"enc": "A256GCM", "alg": "dir"}), "it is encrypted"),
    # The purpose
    "typ logout": (lambda: a_token(header={"typ": "logout+jwt"}), "its typ is not"),
    "typ of a local token": (lambda: a_token(header={"typ": "davgate+jwt"}), "its typ is not"),
    "typ DPoP": (lambda: a_token(header={"typ": "dpop+jwt"}), "its typ is not"),
    "typ number": (lambda: a_token(header={"typ": 1}), "its typ is not a text"),
    "ID token by its nonce": (lambda: a_token(nonce="n-0S6_WzA2Mj"), "it is an ID token"),
    "ID token by its at_hash": (lambda: a_token(at_hash="MTIzNDU2Nzg5MDEyMzQ1Ng"), "it is an ID token"),
    "logout by its events": (lambda: a_token(events={}), "not an access token"),
    "refresh token": (lambda: a_token(typ="Refresh"), "not an access token"),
    "ID token by its typ claim": (lambda: a_token(typ="ID"), "not an access token"),
    "bound to a key (DPoP)": (lambda: a_token(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}), "bound to a key"),
    # The issuer
    "iss missing": (lambda: a_token(iss=OMIT), "its iss is none"),
    "iss of nobody": (lambda: a_token(iss="https://attacker.example"), "its iss is none"),
    "iss with a slash behind it": (lambda: a_token(iss="https://login.example.org/"), "its iss is none"),
    "iss in capitals": (lambda: a_token(iss="https://LOGIN.example.org"), "its iss is none"),
    "iss with http": (lambda: a_token(iss="http://login.example.org"), "its iss is none"),
    "iss with a letter that only looks so": (lambda: a_token(iss="https://lоgin.example.org"), "its iss is none"),
    "iss list": (lambda: a_token(iss=["https://login.example.org"]), "its iss is none"),
    "iss null": (lambda: a_token(iss=None), "its iss is none"),
    "iss of the other issuer": (lambda: a_token(iss=SERVICE), "its algorithm is not one"),
    # The audience
    "aud missing": (lambda: a_token(aud=OMIT), "it has no aud"),
    "aud of another service": (lambda: a_token(aud="mail"), "its aud is not the audience"),
    "aud list of other services": (lambda: a_token(aud=["mail", "davgate2"]), "its aud is not the audience"),
    "aud list empty": (lambda: a_token(aud=[]), "it has no aud"),
    "aud empty": (lambda: a_token(aud=""), "its aud is not the audience"),
    "aud in capitals": (lambda: a_token(aud="DAVGATE"), "its aud is not the audience"),
    "aud with ours inside": (lambda: a_token(aud="davgate mail"), "its aud is not the audience"),
    "aud null": (lambda: a_token(aud=None), "its aud is not a text"),
    "aud object": (lambda: a_token(aud={"davgate": True}), "its aud is not a text"),
    "aud list with a number": (lambda: a_token(aud=["davgate", 1]), "its aud is not a text"),
    # The times
    "exp missing": (lambda: a_token(exp=OMIT), "it has no exp"),
    "exp null": (lambda: a_token(exp=None), "its exp is not a time"),
    "exp text": (lambda: a_token(exp=str(SECONDS + 300)), "its exp is not a time"),
    "exp true": (lambda: a_token(exp=True), "its exp is not a time"),
    "exp list": (lambda: a_token(exp=[SECONDS + 300]), "its exp is not a time"),
    "exp negative": (lambda: a_token(exp=-1), "its exp is not a time"),
    "exp zero": (lambda: a_token(exp=0), "it has expired"),
    "exp beyond the year 9999": (lambda: a_token(exp=253_402_300_800), "its exp is not a time"),
    "exp of 100 digits": (lambda: a_token(exp=10**100), "its exp is not a time"),
    "exp 1e999": (lambda: with_claim('"exp": 1e999'), "its exp is not a time"),
    "exp NaN": (lambda: with_claim('"exp": NaN'), "its payload is not plain JSON"),
    "exp Infinity": (lambda: with_claim('"exp": Infinity'), "its payload is not plain JSON"),
    "exp in milliseconds": (lambda: a_token(exp=(SECONDS + 300) * 1000), "its exp is not a time"),
    "exp passed": (lambda: a_token(exp=SECONDS - 3600), "it has expired"),
    "exp passed, at the edge of the leeway": (lambda: a_token(exp=SECONDS - 60), "it has expired"),
    "nbf beyond the leeway": (lambda: a_token(nbf=SECONDS + 61), "it is not valid yet"),
    "nbf text": (lambda: a_token(nbf="tomorrow"), "its nbf is not a time"),
    "iat beyond the leeway": (lambda: a_token(iat=SECONDS + 61), "issued in the future"),
    "iat text": (lambda: a_token(iat=str(SECONDS)), "its iat is not a time"),
    # Whom it names
    "sub missing": (lambda: a_token(sub=OMIT), "none of the claims"),
    "sub null": (lambda: a_token(sub=None), "none of the claims"),
    "sub empty": (lambda: a_token(sub=""), "not a plain text"),
    "sub number": (lambda: a_token(sub=1), "not a plain text"),
    "sub list": (lambda: a_token(sub=["ann"]), "not a plain text"),
    "sub with a blank behind it": (lambda: a_token(sub="ann "), "not a plain text"),
    "sub with a line end": (lambda: a_token(sub="ann\nadministrator"), "not a plain text"),
    "sub with NUL": (lambda: a_token(sub="ann\0"), "not a plain text"),
    "sub in fullwidth letters": (lambda: a_token(sub="ａnn"), "not a plain text"),
    "sub with a space of no width": (lambda: a_token(sub="an\u200bn"), "not a plain text"),
    "sub that turns its direction": (lambda: a_token(sub="an\u202en"), "not a plain text"),
    "sub with a ligature": (lambda: a_token(sub="\ufb01nn"), "not a plain text"),
    "sub decomposed": (lambda: a_token(sub="A\u030angstro\u0308m"), "not a plain text"),
    "sub with half a character": (lambda: a_token(sub="\ud800"), "not a plain text"),
    "sub of 256 characters": (lambda: a_token(sub="a" * 256), "not a plain text"),
    "groups number": (lambda: a_token(groups=1), "its groups claim is not"),
    "groups list with null": (lambda: a_token(groups=["staff", None]), "its groups claim is not"),
    "scope number": (lambda: a_token(scope=1), "its scope claim is not"),
    "scp list of lists": (lambda: a_token(scp=[["okd:alldocuments"]]), "its scope claim is not"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_with_its_reason(bearer: Bearer, name: str) -> None:
    make, reason = ATTACKS[name]
    token = make()

    with pytest.raises(InvalidToken) as refused:
        bearer.proof(token, NOW)

    assert reason in refused.value.reason
    # It may stand in the quotes of WWW-Authenticate (RFC 6750, 3: error_description).
    assert refused.value.reason.isascii() and refused.value.reason.isprintable()
    assert not set('"\\') & set(refused.value.reason)


def test_attacks_are_many_enough() -> None:
    assert len(ATTACKS) >= 60


def test_refusal_contains_nothing_of_the_token(bearer: Bearer) -> None:
    for make, _ in ATTACKS.values():
        token = make()
        with pytest.raises(InvalidToken) as refused:
            bearer.proof(token, NOW)
        shown = f"{refused.value!r} {refused.value}"
        assert not any(part in shown for part in token.split(".") if len(part) > 8)
        assert "administrator" not in shown


def test_refusal_tells_whose_rules_it_was_judged_by(bearer: Bearer) -> None:
    for token, source in [
        (a_token(aud="x"), "issuers.people"),
        (a_service_token(aud="x"), "issuers.services"),
        (a_token(iss="x"), ""),
    ]:
        with pytest.raises(InvalidToken) as refused:
            bearer.proof(token, NOW)
        assert refused.value.source == source


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
MEMBERS = st.sampled_from(["alg", "kid", "typ", "cty", "jwk", "x5c"])
CLAIMS = st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "groups", "scope", "scp", "roles", "typ", "jti"])


@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
def test_no_text_is_anything_but_refused(bearer: Bearer, text: str) -> None:
    with pytest.raises(InvalidToken):
        bearer.proof(text, NOW)


@given(st.dictionaries(MEMBERS, JSON, max_size=3), st.dictionaries(CLAIMS, JSON, max_size=3))
def test_no_signed_content_is_anything_but_read_or_refused(
    bearer: Bearer, header: dict[str, object], changed: dict[str, object]
) -> None:
    try:
        user = bearer.proof(a_token("EdDSA", header, **changed), NOW).user
    except InvalidToken:
        return
    assert isinstance(user.name, str) and user.name
    assert all(isinstance(text, str) and text for text in [*user.groups, *(user.scopes or ())])


# Good tokens


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_good_token_proves_its_user(bearer: Bearer, algorithm: str) -> None:
    token = a_token(algorithm, scope="okd:alldocuments openid", groups=["staff", "editors"])

    user = bearer.proof(token, NOW).user

    assert user == ExternalUser("issuers.people", "ann", ("staff", "editors"), ("okd:alldocuments", "openid"))


def test_good_token_by_shared_secret_names_its_client(bearer: Bearer) -> None:
    token = a_service_token(client_id="importer", azp="other", scp=["okd:alldocuments"])

    assert bearer.proof(token, NOW).user == ExternalUser("issuers.services", "importer", (), ("okd:alldocuments",))


ALL_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]


@pytest.mark.parametrize("algorithm", ALL_ALGORITHMS)
def test_every_algorithm_can_be_configured(tmp_path: Path, algorithm: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(algorithm))
    bearer = Bearer([an_issuer(jwks_file=file, algorithms=(algorithm,))])

    assert bearer.proof(a_token(algorithm), NOW).user.name == "ann"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: a_token(header={"typ": OMIT}), id="no typ"),
        pytest.param(lambda: a_token(header={"typ": "at+jwt"}), id="typ at+jwt"),
        pytest.param(lambda: a_token(header={"typ": "application/at+JWT"}), id="typ with application/ in capitals"),
        pytest.param(lambda: a_token(header={"typ": "at+jwt"}, nonce="n"), id="nonce in what is an access token by its typ"),
        pytest.param(lambda: a_token(typ="Bearer"), id="typ claim Bearer"),
        pytest.param(lambda: a_token(header={"kid": OMIT}), id="no kid"),
        pytest.param(lambda: a_token(header={"jku": "http://127.0.0.1:1/", "x5t": "x", "foo": 1}), id="members without meaning"),
        pytest.param(lambda: signed({"alg": "RS256", "kid": "RS256-old"}, claims(), "RS256-old"), id="older key"),
        pytest.param(lambda: a_token(aud=["mail", "davgate"]), id="aud among others"),
        pytest.param(lambda: a_token(exp=SECONDS + 0.5), id="exp with a fraction"),
        pytest.param(lambda: a_token(exp=SECONDS - 59), id="exp within the leeway"),
        pytest.param(lambda: a_token(nbf=SECONDS + 60), id="nbf at the edge of the leeway"),
        pytest.param(lambda: a_token(iat=SECONDS + 60), id="iat at the edge of the leeway"),
        pytest.param(lambda: a_token(iat=OMIT), id="no iat"),
        pytest.param(lambda: a_token(exp=253_402_300_799), id="exp at the end of the year 9999"),
        pytest.param(lambda: a_token(x='[[[[[[[[[[[[[[[[[[[[ "\\" {'), id="brackets in a text"),
        pytest.param(lambda: a_token(resource_access={f"client{n}": {"roles": ["r"]} for n in range(100)}), id="many claims"),
    ],
)
def test_token_within_the_rules_is_good(bearer: Bearer, token: Callable[[], str]) -> None:
    assert bearer.proof(token(), NOW).user.name == "ann"


def test_leeway_ends_to_the_microsecond_as_the_proof_says(bearer: Bearer) -> None:
    token = a_token(exp=SECONDS)
    end = after(NOW, timedelta(seconds=60))

    assert bearer.proof(token, Instant(end - 1)) == Proof(ExternalUser("issuers.people", "ann", (), ()), end)
    with pytest.raises(InvalidToken, match="expired"):
        bearer.proof(token, end)


@pytest.mark.parametrize("name", ["ann", "ann@example.org", "Ångström", "李明", "auth0|5f7c8ec7c33c6c004bbafe82", "a b"])
def test_name_is_taken_as_it_is(bearer: Bearer, name: str) -> None:
    assert bearer.proof(a_token(sub=name), NOW).user.name == name


@pytest.mark.parametrize(
    ("given", "scopes"),
    [
        ({}, ()),
        ({"scope": ""}, ()),
        ({"scope": "a  b a"}, ("a", "b")),
        ({"scope": "a", "scp": "b", "roles": ["c"]}, ("a",)),
        ({"scp": ["b", "b"], "roles": ["c"]}, ("b",)),
        ({"roles": ["c", "", "d\u200b"]}, ("c",)),
    ],
)
def test_scopes_are_those_of_the_first_claim(bearer: Bearer, given: dict[str, object], scopes: tuple[str, ...]) -> None:
    assert bearer.proof(a_token(**given), NOW).user.scopes == scopes


def test_token_without_scope_claims_configured_is_not_restricted() -> None:
    bearer = Bearer([an_issuer(issuer=SERVICE, secret=SECRET, algorithms=("HS256",), scope_claims=())])

    assert bearer.proof(a_service_token(scope="openid"), NOW).user.scopes is None


def test_group_that_is_no_plain_name_is_left_out(bearer: Bearer) -> None:
    token = a_token(groups=["staff", "\u202eadmins", "staff", "ａdmins"])

    assert bearer.proof(token, NOW).user.groups == ("staff",)


def test_single_group_may_be_a_text(bearer: Bearer) -> None:
    assert bearer.proof(a_token(groups="staff"), NOW).user.groups == ("staff",)


def test_token_made_for_anybody_is_good_where_no_audience_is_asked_for() -> None:
    bearer = Bearer([an_issuer(issuer=SERVICE, secret=SECRET, algorithms=("HS256",), audience=())])

    assert bearer.proof(a_service_token(aud=OMIT), NOW).user.name == "ann"
    with pytest.raises(InvalidToken, match="aud"):
        bearer.proof(a_service_token(aud=1), NOW)


def test_required_type_excludes_all_others() -> None:
    bearer = Bearer([an_issuer(issuer=SERVICE, secret=SECRET, algorithms=("HS256",), required_type="at+jwt")])

    assert bearer.proof(a_service_token({"typ": "AT+JWT"}), NOW).user.name == "ann"
    for other in ["JWT", OMIT, ""]:
        with pytest.raises(InvalidToken, match="typ"):
            bearer.proof(a_service_token({"typ": other}), NOW)


def test_without_issuers_no_token_is_accepted() -> None:
    with pytest.raises(InvalidToken, match="no issuer of tokens is configured"):
        Bearer().proof(a_token(), NOW)


def test_local_token_is_no_token_of_an_issuer(bearer: Bearer) -> None:
    local = LocalTokens("https://login.example.org", {1: SECRET.encode()})
    token = local.issue(LocalToken(5, 1, None, after(NOW, timedelta(hours=1))), NOW)

    with pytest.raises(InvalidToken):
        bearer.proof(token, NOW)


# Issuers


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"issuer": ""}, "issuer is missing"),
        ({"audience": None}, "audience is missing"),
        ({"secret": ""}, "exactly one of jwks_file, jwks_url, secret, secret_file"),
        ({"jwks_url": "https://login.example.org/keys"}, "exactly one of"),
        ({"algorithms": ()}, "algorithms must be some of HS256, HS384, HS512, since the tokens are checked with secret"),
        ({"algorithms": ("none",)}, "algorithms must be some of HS256"),
        ({"algorithms": ("HS256", "RS256")}, "algorithms must be some of HS256"),
        ({"algorithms": ("hs256",)}, "algorithms must be some of HS256"),
        ({"secret": "", "jwks_url": "https://x/", "algorithms": ("RS256", "HS256")}, "algorithms must be some of ES256"),
        ({"secret": "", "jwks_url": "https://x/", "algorithms": ("none",)}, "algorithms must be some of ES256"),
        ({"name_claims": ()}, "name_claims must name"),
        ({"leeway": timedelta(hours=1)}, "leeway must be between"),
        ({"leeway": timedelta(seconds=-1)}, "leeway must be between"),
        ({"required_type": "application/davgate+jwt"}, "required_type must not be"),
        ({"accounts": "all"}, "accounts must be"),
    ],
)
def test_issuer_that_does_not_go_together_is_refused(given: dict[str, object], mistake: str) -> None:
    with pytest.raises(ValueError, match=f"^issuers.people: {mistake}"):
        an_issuer(**({"secret": SECRET, "algorithms": ("HS256",)} | given))


def test_two_issuers_of_one_name_are_refused() -> None:
    issuers = [an_issuer(source=f"issuers.{name}", secret=SECRET, algorithms=("HS256",)) for name in ("one", "two")]

    with pytest.raises(ValueError, match=r"issuers\.two: another issuer"):
        Bearer(issuers)


def test_secret_is_in_no_repr() -> None:
    assert SECRET not in repr(an_issuer(secret=SECRET, algorithms=("HS256",)))


def test_rules_of_a_source_can_be_looked_up(bearer: Bearer) -> None:
    assert {name: issuer.accounts for name, issuer in bearer.issuers.items()} == {
        "issuers.people": "make",
        "issuers.services": "make",
    }
