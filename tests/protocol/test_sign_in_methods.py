"""Every way to sign in, over the whole application: what is asked for, what is let in, and what ends at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any, Final

import pytest
from sqlalchemy import select

from davgate.config import CertificatesConfig, IssuerConfig, LimitsConfig, LoginConfig, ProxyConfig, ServerConfig
from davgate.core.principals import accounts, app_passwords, groups
from davgate.core.principals.app_passwords import NewAppPassword
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.identity.digest import DigestCredentials, ha1, response_of
from davgate.model.principal import PrincipalKind
from davgate.model.rights import DROP_BOX, READER
from davgate.storage.statements import Statement
from davgate.storage.tables import audit
from tests.builders import CHEAP_PASSWORDS, PASSWORD, SettableClock
from tests.canary import guard
from tests.protocol.applications import CHEAP_LOGIN
from tests.protocol.client import Client, Response, basic
from tests.protocol.conftest import Serve
from tests.tokens import SECRET, signed

BASIC: Final = 'Basic realm="davgate", charset="UTF-8"'
ISSUERS: Final = {
    "company": IssuerConfig(
        issuer="https://login.example.org", audience=("davgate",), algorithms=("HS256",), secret=SECRET, scope_claims=("scope",)
    )
}
PROXY: Final = ServerConfig(trusted_proxies=(ip_network("10.0.0.0/8"),), user_header="X-Remote-User")
WRONG: Final = guard("wrong horse 9")


def with_login(**given: Any) -> LoginConfig:
    return replace(CHEAP_LOGIN, **given)


def an_app_password(store: Store, owner: str = "ann", **given: object) -> str:
    made = app_passwords.make(store, SYSTEM_CONTEXT, owner, NewAppPassword("rclone", **given))  # type: ignore[arg-type]
    return guard(made.secret)


def a_token(clock: SettableClock, **claims: object) -> str:
    seconds = clock.now() // 1_000_000
    usual = {"iss": "https://login.example.org", "aud": "davgate", "sub": "erin", "exp": seconds + 300}
    token = signed({"alg": "HS256"}, {**usual, "scope": "davgate:write", **claims}, "HS256", "HS256")
    return guard(token)


def nonce_of(response: Response) -> str:
    found = re.search(r'nonce="([^"]+)"', response.headers["www-authenticate"])
    assert found is not None
    return found[1]


def digest(
    secret: str,
    nonce: str,
    method: str = "GET",
    uri: str = "/dav/a.txt",
    *,
    algorithm: str = "MD5",
    name: str = "ann",
    shown: str = "",
) -> str:
    """Return a Digest header as a client computes it; ``shown`` is the name as it is written into it."""
    sent = DigestCredentials(name, nonce, uri, "", algorithm, "c0ffee", "00000001")
    response = response_of(algorithm, ha1(algorithm, name, "davgate", secret), method, sent)
    return (
        f'Digest username="{shown or name}", realm="davgate", nonce="{nonce}", uri="{uri}", response="{response}",'
        f' algorithm={algorithm}, cnonce="c0ffee", nc=00000001, qop=auth'
    )


def sign_ins(store: Store) -> list[tuple[str, str]]:
    with store.database.read() as session:
        found = session.all(Statement(select(audit.c.outcome, audit.c.detail, audit.c.action).order_by(audit.c.id)))
    return [(outcome, json.loads(detail).get("method", "")) for outcome, detail, action in found if action == "sign-in"]


# Challenges


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, [BASIC]),
        ({"login": with_login(digest=True)}, [BASIC, "Digest SHA-256", "Digest MD5"]),
        ({"login": with_login(basic=False, digest=True)}, ["Digest SHA-256", "Digest MD5"]),
        ({"issuers": ISSUERS}, [BASIC, 'Bearer realm="davgate"']),
        ({"login": with_login(basic=False), "issuers": ISSUERS}, ['Bearer realm="davgate"']),
        ({"login": with_login(basic=False)}, ['Bearer realm="davgate"']),
        (
            {"login": with_login(digest=True), "issuers": ISSUERS},
            [BASIC, "Digest SHA-256", "Digest MD5", 'Bearer realm="davgate"'],
        ),
    ],
    ids=["fresh", "digest", "digest-alone", "issuer", "issuer-alone", "nothing", "all"],
)
@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/dav/"), ("PROPFIND", "/"), ("GET", "/metrics"), ("POST", "/login/token")]
)
def test_each_scheme_that_is_on_is_asked_for_in_a_header_of_its_own(
    serve: Serve, store: Store, clock: SettableClock, sections: dict[str, Any], expected: list[str], method: str, target: str
) -> None:
    started: list[list[tuple[str, str]]] = []
    client = Client(serve(store, **sections), clock, None)
    b"".join(client.app(client._environ(method, target, None, {}), lambda _, fields: started.append(fields)))
    values = [value for name, value in started[0] if name == "WWW-Authenticate"]

    for value, wanted in zip(values, expected, strict=True):
        kind, _, algorithm = wanted.partition(" ")
        if kind == "Digest":
            assert re.fullmatch(
                f'Digest realm="davgate", qop="auth", algorithm={algorithm}, nonce="[A-Za-z0-9+/=]{{48}}", charset=UTF-8', value
            )
        else:
            assert value == wanted


def test_scheme_that_is_off_signs_nobody_in(serve: Serve, store: Store, ann: Client, clock: SettableClock) -> None:
    ann.put("/dav/a.txt")
    secret = an_app_password(store, with_digest=True)
    nobody = Client(serve(store, login=with_login(digest=True)), clock, None)
    header = digest(secret, nonce_of(nobody("GET", "/dav/a.txt")))
    without_basic = Client(serve(store, login=with_login(basic=False)), clock, None)

    assert nobody("GET", "/dav/a.txt", authorization=header).status == 200
    assert Client(ann.app, clock, None)("GET", "/dav/a.txt", authorization=header).status == 401
    assert without_basic("GET", "/dav/a.txt", authorization=basic("ann")).status == 401


# Digest


@pytest.fixture
def with_digest(serve: Serve, store: Store, clock: SettableClock, ann: Client) -> Client:
    """Sends requests without a sign-in where Digest is on; ann has a document."""
    ann.put("/dav/a.txt")
    return Client(serve(store, login=with_login(digest=True, nonce_life=timedelta(minutes=5))), clock, None)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("shown", ["ann", r"EXAMPLE\\ann", r"EXAMPLE\ann"])
def test_digest_signs_in(with_digest: Client, store: Store, algorithm: str, shown: str) -> None:
    nonce = nonce_of(with_digest("GET", "/dav/a.txt"))
    header = digest(an_app_password(store, with_digest=True), nonce, algorithm=algorithm, shown=shown)

    assert with_digest("GET", "/dav/a.txt", authorization=header).body == b"content"


def test_digest_is_proven_by_each_request(with_digest: Client, store: Store) -> None:
    header = digest(an_app_password(store, with_digest=True), nonce_of(with_digest("GET", "/dav/a.txt")))

    for _ in range(3):
        assert with_digest("GET", "/dav/a.txt", authorization=header).status == 200
        assert with_digest.may_again is None


def test_digest_counts_for_its_method_and_address_alone(with_digest: Client, store: Store) -> None:
    secret = an_app_password(store, with_digest=True)
    header = digest(secret, nonce_of(with_digest("GET", "/dav/a.txt")))
    absolute = digest(secret, nonce_of(with_digest("GET", "/dav/a.txt")), uri="http://drive.test/dav/a.txt")

    assert with_digest("GET", "/dav/a.txt", authorization=header).status == 200
    assert with_digest("GET", "/dav/a.txt", authorization=absolute).status == 200
    assert with_digest("DELETE", "/dav/a.txt", authorization=header).status == 401
    assert with_digest("GET", "/dav/b.txt", authorization=header).status == 401
    assert with_digest("GET", "/dav/a.txt?x", authorization=header).status == 401
    assert with_digest("GET", "/dav/a.txt", authorization=header).status == 200


def test_digest_of_a_wrong_secret_is_refused_whether_or_not_a_right_one_is_remembered(with_digest: Client, store: Store) -> None:
    nonce = nonce_of(with_digest("GET", "/dav/a.txt"))
    right, wrong = digest(an_app_password(store, with_digest=True), nonce), digest(WRONG, nonce)

    for header, status in [(wrong, 401), (right, 200), (wrong, 401), (right, 200)]:
        assert with_digest("GET", "/dav/a.txt", authorization=header).status == status
    assert sign_ins(store)[1:] == [("denied", ""), ("granted", "digest"), ("denied", "")], "each is looked at once"


def test_ended_nonce_is_told_to_be_stale_and_the_next_one_is_good(with_digest: Client, store: Store) -> None:
    secret = an_app_password(store, with_digest=True)
    nonce = nonce_of(with_digest("GET", "/dav/a.txt"))
    with_digest.clock.advance(timedelta(minutes=5, seconds=-1))
    # Remembered when the nonce ends.
    assert with_digest("GET", "/dav/a.txt", authorization=digest(secret, nonce)).status == 200
    with_digest.clock.advance(timedelta(seconds=1))

    refused = with_digest("GET", "/dav/a.txt", authorization=digest(secret, nonce))

    assert refused.status == 401
    assert refused.headers["www-authenticate"].count("stale=true") == 2
    again = with_digest("GET", "/dav/a.txt", authorization=digest(secret, nonce_of(refused)))
    assert again.status == 200
    wrong = with_digest("GET", "/dav/a.txt", authorization=digest(WRONG, nonce))
    assert "stale" not in wrong.headers["www-authenticate"]


def test_after_a_digest_that_is_refused_basic_alone_is_offered(with_digest: Client, serve: Serve, store: Store) -> None:
    wrong = digest(PASSWORD, nonce_of(with_digest("GET", "/dav/a.txt")))

    for header in (wrong, "Digest x", wrong.replace("/dav/a.txt", "/dav/b.txt")):
        refused = with_digest("GET", "/dav/a.txt", authorization=header)
        assert refused.status == 401
        assert refused.headers["www-authenticate"] == BASIC
    assert "Digest" in with_digest("GET", "/dav/a.txt", authorization=basic("ann", WRONG)).headers["www-authenticate"]
    without_basic = with_digest.through(serve(store, login=with_login(basic=False, digest=True)))
    assert "Digest" in without_basic("GET", "/dav/a.txt", authorization=wrong).headers["www-authenticate"]


def test_nonce_of_another_process_is_good(with_digest: Client, serve: Serve, store: Store) -> None:
    header = digest(an_app_password(store, with_digest=True), nonce_of(with_digest("GET", "/dav/a.txt")))
    elsewhere = with_digest.through(serve(store, login=with_login(digest=True)))

    assert elsewhere("GET", "/dav/a.txt", authorization=header).status == 200


# App passwords


@pytest.fixture
def restricted(ann: Client, nobody: Client, store: Store) -> Callable[..., Callable[..., Response]]:
    """Make an app password of ann and return what sends requests with it."""
    ann.mkcol("/dav/in")
    ann.mkcol("/dav/out")
    ann.put("/dav/in/a.txt")
    ann.put("/dav/out/a.txt")

    def make(**given: Any) -> Callable[..., Response]:
        header = basic("ann", an_app_password(store, **given))
        return lambda method, target, body=b"", **headers: nobody(method, target, body, authorization=header, **headers)

    return make


def test_app_password_for_reading_reads(restricted: Callable[..., Callable[..., Response]]) -> None:
    send = restricted(rights=READER)

    assert send("GET", "/dav/in/a.txt").status == 200
    assert send("PUT", "/dav/in/a.txt", b"next").status == 403
    assert send("PUT", "/dav/in/b.txt", b"new").status == 403
    assert send("DELETE", "/dav/in/a.txt").status == 403


def test_app_password_of_a_tree_sees_nothing_else(restricted: Callable[..., Callable[..., Response]]) -> None:
    send = restricted(tree=("in",))

    assert send("PUT", "/dav/in/a.txt", b"next").status == 204
    assert send("GET", "/dav/out/a.txt").status == 404
    assert send("PUT", "/dav/out/a.txt", b"next").status in (403, 404, 409)
    listed = send("PROPFIND", "/dav/", depth="1")
    assert b"/dav/in/" in listed.body and b"/dav/out/" not in listed.body


def test_app_password_for_a_drop_box_adds_and_sees_its_own(
    restricted: Callable[..., Callable[..., Response]], bob: Client
) -> None:
    send = restricted(rights=DROP_BOX, tree=("in",))
    bob.put("/dav/in/theirs.txt")

    assert send("PUT", "/dav/in/new.txt", b"scan").status == 201
    assert send("GET", "/dav/in/new.txt").status == 200
    assert send("GET", "/dav/in/theirs.txt").status == 404


def test_restricted_password_of_an_administrator_administers_nothing(root_admin: Client, nobody: Client, store: Store) -> None:
    header = basic("root", an_app_password(store, "root", rights=READER))

    assert root_admin("GET", "/metrics").status == 200
    assert nobody("GET", "/metrics", authorization=header).status == 403
    assert nobody("PUT", "/dav/a.txt", b"x", authorization=header).status == 403


def test_revoked_app_password_ends_at_once_in_another_process(ann: Client, serve: Serve, store: Store, nobody: Client) -> None:
    ann.put("/dav/a.txt")
    header = basic("ann", an_app_password(store))
    elsewhere = nobody.through(serve(store))
    assert [client("GET", "/dav/a.txt", authorization=header).status for client in (nobody, elsewhere)] == [200, 200]

    app_passwords.revoke(store, SYSTEM_CONTEXT, "ann", "rclone")

    assert [client("GET", "/dav/a.txt", authorization=header).status for client in (nobody, elsewhere)] == [401, 401]
    assert ann.get("/dav/a.txt") == b"content"


def test_app_password_ends_with_its_time_while_it_is_remembered(ann: Client, nobody: Client, store: Store) -> None:
    ann.put("/dav/a.txt")
    end = timedelta(seconds=30)
    expires_at = ann.clock.now() + end // timedelta(microseconds=1)
    header = basic("ann", an_app_password(store, expires_at=expires_at))

    assert nobody("GET", "/dav/a.txt", authorization=header).status == 200
    ann.clock.advance(end)
    assert nobody("GET", "/dav/a.txt", authorization=header).status == 401
    assert nobody("PROPFIND", "/", authorization=header, depth="0").status == 401


# Bearer tokens


def test_bearer_token_of_an_issuer_signs_in(serve: Serve, store: Store, clock: SettableClock) -> None:
    client = Client(serve(store, issuers=ISSUERS), clock, None)
    header = f"Bearer {a_token(clock)}"

    assert client("PUT", "/dav/a.txt", b"one", authorization=header).status == 201
    assert client("GET", "/dav/a.txt", authorization=header.replace("Bearer", "bEARER")).status == 200
    with store.database.read() as session:
        assert accounts.account_of(session, "erin").source == "issuers.company"


def test_bearer_token_ends_with_its_time_while_it_is_remembered(serve: Serve, store: Store, clock: SettableClock) -> None:
    client = Client(serve(store, issuers=ISSUERS), clock, None)
    header = f"Bearer {a_token(clock)}"

    for _ in range(8):
        assert client("PROPFIND", "/dav/", authorization=header, depth="0").status == 207
        clock.advance(timedelta(seconds=45))
    refused = client("PROPFIND", "/dav/", authorization=header, depth="0")
    assert refused.status == 401
    assert refused.headers["www-authenticate"].endswith(
        'Bearer realm="davgate", error="invalid_token", error_description="it has expired"'
    )


@pytest.mark.parametrize("issuers", [{}, ISSUERS], ids=["no-issuer", "issuer"])
@pytest.mark.parametrize("token", ["", "abc", "e30.e30.e30", "x" * 20_000, "\xe4"])
def test_bad_bearer_token_is_401_with_invalid_token(
    serve: Serve, store: Store, clock: SettableClock, issuers: dict[str, IssuerConfig], token: str
) -> None:
    response = Client(serve(store, issuers=issuers), clock, None)("GET", "/dav/", authorization=f"Bearer {token}")

    assert response.status == 401
    if len(token) < 16_000:
        assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_scope_of_a_token_is_held(serve: Serve, store: Store, clock: SettableClock, ann: Client) -> None:
    ann.put("/dav/a.txt")
    client = Client(serve(store, issuers=ISSUERS), clock, None)
    reading, nothing = (f"Bearer {a_token(clock, scope=scope)}" for scope in ("davgate:read", "openid"))

    assert client("GET", "/dav/a.txt", authorization=reading).status == 200
    assert client("PUT", "/dav/a.txt", b"x", authorization=reading).status == 403
    assert client("GET", "/dav/a.txt", authorization=nothing).status == 403


# Tokens that davgate issues


def test_token_is_given_for_a_password_and_signs_in(ann: Client, nobody: Client) -> None:
    ann.put("/dav/a.txt")

    response = ann("POST", "/login/token")

    assert (response.status, response.headers["cache-control"]) == (200, "no-store")
    answer = json.loads(response.body)
    assert answer["expires_at"] == "2026-11-20T13:00:00Z"
    header = f"Bearer {guard(answer['token'])}"
    assert nobody("GET", "/dav/a.txt", authorization=header).status == 200
    assert nobody("POST", "/login/token", authorization=header).status == 403
    ann.clock.advance(timedelta(hours=1))
    assert nobody("GET", "/dav/a.txt", authorization=header).status == 401


def test_token_for_a_restricted_password_is_restricted_alike(
    restricted: Callable[..., Callable[..., Response]], nobody: Client
) -> None:
    send = restricted(rights=READER, tree=("in",))
    header = f"Bearer {guard(json.loads(send('POST', '/login/token').body)['token'])}"

    assert nobody("GET", "/dav/in/a.txt", authorization=header).status == 200
    assert nobody("GET", "/dav/out/a.txt", authorization=header).status == 404
    assert nobody("PUT", "/dav/in/a.txt", b"x", authorization=header).status == 403


def test_token_is_given_to_a_post_with_a_sign_in_alone(ann: Client, nobody: Client) -> None:
    assert nobody("POST", "/login/token").status == 401
    assert (ann("GET", "/login/token").status, ann("GET", "/login/token").headers["allow"]) == (405, "POST")


# Proxy and certificates


def test_user_whom_the_proxy_names_is_signed_in(serve: Serve, store: Store, clock: SettableClock) -> None:
    behind = Client(serve(store, server=PROXY), clock, None, "10.1.2.3")
    straight = Client(behind.app, clock, None, "192.0.2.1")

    assert behind("PUT", "/dav/a.txt", b"one", x_remote_user="fred").status == 201
    assert behind("GET", "/dav/a.txt", x_remote_user="gina").status == 200
    assert straight("GET", "/dav/a.txt", x_remote_user="fred").status == 401
    assert behind("GET", "/dav/a.txt").status == 401


def test_proxy_is_believed_rather_than_what_the_client_sends(
    serve: Serve, store: Store, clock: SettableClock, ann: Client
) -> None:
    client = Client(serve(store, server=PROXY), clock, None, "10.1.2.3")
    client("PUT", "/dav/a.txt", b"one", x_remote_user="fred", authorization=basic("ann"))

    with store.database.read() as session:
        fred = accounts.account_of(session, "fred")
    assert fred.source == "proxy"
    assert client("GET", "/dav/a.txt", x_remote_user="ann", authorization=basic("ann")).status == 401, "ann is local"


def test_proxy_may_be_let_into_accounts_that_exist_alone(serve: Serve, store: Store, clock: SettableClock, ann: Client) -> None:
    ann.put("/dav/a.txt")
    client = Client(serve(store, server=PROXY, proxy=ProxyConfig(accounts="existing")), clock, None, "10.1.2.3")

    assert client("GET", "/dav/a.txt", x_remote_user="ann").status == 200
    assert client("GET", "/dav/a.txt", x_remote_user="fred").status == 401


class WithCertificate(Client):
    """Sends requests over a connection whose client showed a certificate."""

    name = "cora"

    def _environ(self, *given: Any) -> dict[str, Any]:
        certificate = {"subject": ((("commonName", self.name),),)}
        return {**super()._environ(*given), "davgate.client_certificate": certificate}


def test_certificate_signs_in(serve: Serve, store: Store, clock: SettableClock) -> None:
    client = WithCertificate(serve(store), clock, None)

    assert client("PUT", "/dav/a.txt", b"one").status == 201
    with store.database.read() as session:
        assert accounts.account_of(session, "cora").source == "certificate"
    assert json.loads(client("POST", "/login/token").body)["token"]


def test_header_counts_before_the_certificate_which_may_sign_nobody_in(
    serve: Serve, store: Store, clock: SettableClock, ann: Client
) -> None:
    ann.put("/dav/a.txt")
    signing = WithCertificate(serve(store), clock, None)
    securing = signing.through(serve(store, certificates=CertificatesConfig(accounts="none")))

    assert signing("GET", "/dav/a.txt", authorization=basic("ann", WRONG)).status == 401
    assert signing("GET", "/dav/a.txt").status == 200
    assert WithCertificate(securing.app, clock, None)("GET", "/dav/a.txt", authorization=basic("ann")).status == 200
    assert WithCertificate(securing.app, clock, None)("GET", "/dav/a.txt").status == 401


# What is remembered

SHUT: dict[str, Callable[[Store, str], None]] = {
    "disabled": lambda store, name: accounts.set_disabled(store, SYSTEM_CONTEXT, name, PrincipalKind.USER, is_disabled=True),
    "expired": lambda store, name: accounts.set_expiry(store, SYSTEM_CONTEXT, name, PrincipalKind.USER, store.clock.now()),
}


@pytest.mark.parametrize("shut", SHUT)
@pytest.mark.parametrize("method", ["basic", "app-password", "digest", "bearer", "token", "proxy"])
def test_account_that_is_shut_ends_every_kind_of_sign_in_at_once_in_every_process(
    serve: Serve, store: Store, clock: SettableClock, ann: Client, method: str, shut: str
) -> None:
    ann.put("/dav/a.txt")
    sections: dict[str, Any] = {"login": with_login(digest=True), "issuers": ISSUERS, "server": PROXY}
    both = [Client(serve(store, **sections), clock, None, "10.1.2.3") for _ in range(2)]
    name = {"bearer": "erin", "proxy": "fred"}.get(method, "ann")
    token = json.loads(ann("POST", "/login/token").body)["token"]
    headers = {
        "basic": lambda: {"authorization": basic("ann")},
        "app-password": lambda: {"authorization": basic("ann", an_app_password(store))},
        "digest": lambda: {
            "authorization": digest(an_app_password(store, with_digest=True), nonce_of(both[0]("GET", "/dav/a.txt")))
        },
        "bearer": lambda: {"authorization": f"Bearer {a_token(clock)}"},
        "token": lambda: {"authorization": f"Bearer {guard(token)}"},
        "proxy": lambda: {"x_remote_user": "fred"},
    }[method]()
    for _ in range(2):
        assert [client("GET", "/dav/a.txt", **headers).status for client in both] == [200, 200]

    SHUT[shut](store, name)

    assert [client("GET", "/dav/a.txt", **headers).status for client in both] == [401, 401]


def test_change_of_groups_counts_from_the_next_request_on(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt")
    team = groups.add(store, SYSTEM_CONTEXT, "team")
    groups.join(store, SYSTEM_CONTEXT, "team", "ann")

    assert ann("GET", "/dav/a.txt").status == 200
    remembered = ann.app._login.principal_of({"HTTP_AUTHORIZATION": basic("ann"), "REMOTE_ADDR": "192.0.2.1"})
    assert remembered.groups == (team,)


def test_sign_in_is_audited_once_while_it_goes_on(nobody: Client, ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt")
    header = basic("ann", an_app_password(store))
    before = len(sign_ins(store))
    for _ in range(10):
        assert nobody("GET", "/dav/a.txt", authorization=header).status == 200
        nobody.clock.advance(timedelta(seconds=30))

    assert sign_ins(store)[before:] == [("granted", "app password")]
    nobody.clock.advance(timedelta(seconds=60))
    nobody("GET", "/dav/a.txt", authorization=header)
    assert len(sign_ins(store)) == before + 2


# The brake and the limits


def test_brake_is_one_for_all_doors_methods_and_processes(serve: Serve, store: Store, clock: SettableClock, ann: Client) -> None:
    ann.put("/dav/a.txt")
    login = with_login(failures=6)
    first, second = (Client(serve(store, login=login), clock, None) for _ in range(2))
    wrong = {"authorization": basic("ann", WRONG)}
    for client in (first, second):
        assert client("GET", "/dav/a.txt", **wrong).status == 401
        assert client("PROPFIND", "/", **wrong).status == 401
        assert client("GET", "/dav/a.txt", authorization=basic("ann", "dg-" + "a" * 26)).status == 401

    for client in (first, second):
        for response in (
            client("GET", "/dav/a.txt", **wrong),
            client("GET", "/metrics", **wrong),
            client("POST", "/login/token", **wrong),
            client("GET", "/dav/a.txt", authorization=basic("EXAMPLE\\ann", "dg-" + "a" * 26)),
        ):
            assert (response.status, response.headers["retry-after"]) == (429, "300")
        assert client("GET", "/dav/a.txt", authorization=basic("ann")).status == 200
    assert first("GET", "/dav/a.txt").status == 401, "who does not try is told how to"
    assert Client(first.app, clock, None, "192.0.2.9")("GET", "/dav/a.txt", **wrong).status == 401


def test_requests_of_one_user_are_limited_where_that_is_set(
    serve: Serve, store: Store, clock: SettableClock, ann: Client, bob: Client
) -> None:
    app = serve(store, limits=LimitsConfig(requests_per_minute=20), server=ServerConfig(workers=2))
    mine, theirs = ann.through(app), bob.through(app)

    statuses = [mine("GET", "/dav/a.txt").status for _ in range(12)]

    assert statuses == [404] * 10 + [429] * 2
    assert mine("GET", "/dav/a.txt").headers["retry-after"] == "6"
    assert theirs("GET", "/dav/a.txt").status == 404
    clock.advance(timedelta(seconds=6))
    assert [mine("GET", "/dav/a.txt").status for _ in range(2)] == [404, 429]


def test_uploads_of_one_user_at_a_time_are_limited(
    serve: Serve, store: Store, clock: SettableClock, ann: Client, bob: Client
) -> None:
    app = serve(store, limits=LimitsConfig(open_uploads=1))
    mine, theirs = ann.through(app), bob.through(app)
    answers: list[Response] = []

    class Body:
        """Sends other requests while it is read."""

        parts = [b"x" * 100_000, b""]

        def read(self, size: int = -1, /) -> bytes:
            if len(self.parts) == 2:
                answers.extend([mine("PUT", "/dav/b.txt", b"b"), theirs("PUT", "/dav/c.txt", b"c"), mine("GET", "/dav/b.txt")])
            return self.parts.pop(0) if self.parts else b""

    assert mine.send("PUT", "/dav/a.txt", Body(), content_length="100000").status == 201
    assert [(answer.status, answer.headers.get("retry-after")) for answer in answers] == [(503, "5"), (201, None), (404, None)]
    assert mine("PUT", "/dav/b.txt", b"b").status == 201


def test_new_password_counts_at_once_and_the_old_one_no_more(ann: Client, nobody: Client, store: Store) -> None:
    ann.put("/dav/a.txt")
    changed = guard("another horse 8")
    accounts.change_password(store, CHEAP_PASSWORDS, SYSTEM_CONTEXT, "ann", changed)

    assert ann("GET", "/dav/a.txt").status == 401
    assert nobody("GET", "/dav/a.txt", authorization=basic("ann", changed)).status == 200
