"""Bearer tokens as an issuer, or an attacker, makes them: nothing here checks whether the result makes sense."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache

from joserfc.jwk import ECKey, Key, KeyParameters, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from davgate.model.instant import Instant
from tests.canary import CANARY

NOW = Instant(1_800_000_000_000_000)
SECONDS = NOW // 1_000_000

SECRET = CANARY.guard("gB7wq0Zr-4nXk.Vt2_Lm9sPd6HyFc3Ju")
OMIT = object()
"""As the value of a claim or header member: leave it out."""

Json = Mapping[str, object] | bytes


@cache
def key(name: str) -> Key:
    """Return a key pair by its name, which begins with the algorithm that it is for: ``RS256``, ``ES256-attacker``."""
    kid: KeyParameters = {"kid": name}
    if name.startswith(("RS", "PS")):
        return RSAKey.generate_key(2048, kid)
    if name.startswith("ES"):
        return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}[name[:5]], kid)
    if name.startswith("HS"):
        return OctKey(SECRET.encode(), SECRET.encode())
    return OKPKey.generate_key("Ed25519", kid)


def key_set(*names: str) -> bytes:
    """Return the public keys of these names as their issuer publishes them."""
    return json.dumps({"keys": [key(name).as_dict(private=False, use="sig") for name in names]}).encode()


def encoded(part: Json) -> str:
    """Return header or payload as it stands in a token; bytes are taken as they are."""
    data = part if isinstance(part, bytes) else json.dumps({k: v for k, v in part.items() if v is not OMIT}).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(header: Json, claims: Json, by: Key | str, algorithm: str = "RS256") -> str:
    """Return a token that a key has signed, whatever the header says of key and algorithm."""
    data = f"{encoded(header)}.{encoded(claims)}"
    signer = key(by) if isinstance(by, str) else by
    return f"{data}.{encoded(JWSRegistry.algorithms[algorithm].sign(data.encode(), signer))}"


def claims(**changed: object) -> dict[str, object]:
    """Return the claims of a good token, some of them changed."""
    good = {"iss": "https://login.example.org", "aud": "davgate", "sub": "ann", "iat": SECONDS, "exp": SECONDS + 300}
    return good | changed


def a_token(algorithm: str = "RS256", header: Mapping[str, object] | None = None, **changed: object) -> str:
    """Return a good token of ``https://login.example.org``, with some members of its header and some claims changed."""
    by = algorithm
    return signed({"alg": algorithm, "kid": by, "typ": "JWT"} | dict(header or {}), claims(**changed), by, algorithm)
