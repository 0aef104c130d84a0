"""Who somebody is: every way to sign in, what each sign-in may, when it ends, and what a failure costs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from tests.builders import PASSWORD, START, SettableClock, a_collection, node_at, opened_store
from tests.canary import guard
from tests.tokens import SECRET, signed

from davgate.core.principals import accounts, app_passwords, groups, signing_keys, tokens
from davgate.core.principals.accounts import NewUser, Passwords, add_service, add_user
from davgate.core.principals.app_passwords import NewAppPassword
from davgate.core.principals.brake import Brake
from davgate.core.principals.signing_in import CERTIFICATE, LDAP, PROXY, SigningIn, Sources, Visit, token_for
from davgate.core.store import SYSTEM_CONTEXT, Context, Store
from davgate.identity.digest import MD5, SHA_256, DigestCredentials, ha1, response_of
from davgate.identity.external import ExternalUser
from davgate.identity.jwt import Bearer, Issuer
from davgate.model.errors import Forbidden, Unauthenticated
from davgate.model.errors_of_sign_in import (
    DirectoryUnavailable,
    InsufficientScope,
    InvalidToken,
    StaleNonce,
    TooManyFailures,
)
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.principal import Principal, PrincipalKind
from davgate.model.rights import DROP_BOX, EDITOR, READER, UNRESTRICTED, Right, Scope
from davgate.storage.api import accounts as rows
from davgate.storage.statements import Statement
from davgate.storage.tables import audit, principal

VISIT = Visit("192.0.2.1", "r-1")
WRONG = guard("wrong horse 9")
DIRECTORY_PASSWORD = guard("directory horse 10")
ISSUER = "https://login.example.org"
USER, SERVICE = PrincipalKind.USER, PrincipalKind.SERVICE


class CountingPasswords(Passwords):
    """Counts the checks of Argon2id."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_kib=8, parallelism=1)
        self.checks = 0

    def fits(self, password: str, kept: str | None) -> bool:
        self.checks += 1
        return super().fits(password, kept)


@dataclass
class OneDirectory:
    """A directory in this process: names with their groups, all with one password."""

    people: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_away: bool = False
    asked: int = 0

    def check(self, name: str, password: str) -> ExternalUser | None:
        self.asked += 1
        if self.is_away:
            raise DirectoryUnavailable(LDAP)
        if name not in self.people:
            return None
        if password != DIRECTORY_PASSWORD:
            raise Unauthenticated("User name or password is wrong.")
        return ExternalUser(LDAP, name, self.people[name])


@pytest.fixture
def passwords() -> CountingPasswords:
    return CountingPasswords()


@pytest.fixture
def directory() -> OneDirectory:
    return OneDirectory({"dora": (), "ann": ()})


@pytest.fixture
def bearer() -> Bearer:
    return Bearer([Issuer(source="issuers.company", issuer=ISSUER, audience=("davgate",), algorithms=("HS256",), secret=SECRET)])


def a_desk(
    store: Store,
    passwords: Passwords,
    *,
    directory: OneDirectory | None = None,
    bearer: Bearer | None = None,
    policies: Mapping[str, str] | None = None,
) -> SigningIn:
    usual = {LDAP: "make", CERTIFICATE: "make", PROXY: "make"}
    sources = Sources(directory=directory, bearer=bearer or Bearer(), policies=usual if policies is None else policies)
    return SigningIn(store, passwords, sources, Brake(failures=5))


@pytest.fixture
def desk(store: Store, passwords: CountingPasswords) -> SigningIn:
    return a_desk(store, passwords)


def an_app_password(store: Store, owner: str, **given: object) -> str:
    made = app_passwords.make(store, SYSTEM_CONTEXT, owner, NewAppPassword("rclone", **given))  # type: ignore[arg-type]
    return guard(made.secret)


def a_token(clock: SettableClock, **claims: object) -> str:
    seconds = clock.now() // 1_000_000
    usual = {"iss": ISSUER, "aud": "davgate", "sub": "erin", "exp": seconds + 300, "scope": "davgate:read"}
    return guard(signed({"alg": "HS256", "typ": "at+jwt"}, usual | claims, "HS256", "HS256"))


def digest(
    desk: SigningIn,
    secret: str,
    name: str = "ann",
    *,
    algorithm: str = SHA_256,
    nonce: str | None = None,
    method: str = "GET",
) -> DigestCredentials:
    nonce = desk.new_nonce() if nonce is None else nonce
    sent = DigestCredentials(name, nonce, "/dav/", "", algorithm, "c", "00000001")
    return replace(sent, response=response_of(algorithm, ha1(algorithm, name, "davgate", secret), method, sent))


def audited(store: Store) -> list[tuple[str, str, dict[str, object]]]:
    with store.database.read() as session:
        found = session.all(Statement(select(audit.c.action, audit.c.outcome, audit.c.detail).order_by(audit.c.id)))
    return [(action, outcome, json.loads(detail)) for action, outcome, detail in found if action == "sign-in"]


def account(store: Store, name: str) -> rows.Account:
    with store.database.read() as session:
        found = rows.find(session, name)
    assert found is not None
    return found


# User name and password


def test_password_gives_the_account_without_restriction(desk: SigningIn, ann: Context) -> None:
    found = desk.by_password("ann", PASSWORD, VISIT)

    assert found == ann.principal
    assert (found.method, found.scope, found.expires_at) == ("password", UNRESTRICTED, FOREVER)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", WRONG),
        ("ann", ""),
        ("Ann", PASSWORD),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("ann\0", PASSWORD),
        ("x" * 10_000, PASSWORD),
        ("system", PASSWORD),
        ("signed in", PASSWORD),
        ("team", PASSWORD),
        ("robot", PASSWORD),
        ("ann", "dg-" + "a" * 26),
        ("nobody", "dg-" + "a" * 26),
        ("dora", DIRECTORY_PASSWORD),
    ],
)
def test_whatever_is_wrong_costs_one_check_and_is_told_alike(
    desk: SigningIn, store: Store, passwords: CountingPasswords, ann: Context, name: str, password: str
) -> None:
    groups.add(store, SYSTEM_CONTEXT, "team")
    add_service(store, SYSTEM_CONTEXT, "robot")

    with pytest.raises(Unauthenticated) as refused:
        desk.by_password(name, password, VISIT)

    assert (str(refused.value), passwords.checks) == ("User name or password is wrong.", 1)


@pytest.mark.parametrize("name", ["ann", "bert", "nobody"])
def test_whatever_is_wrong_costs_one_check_and_one_question_to_the_directory(
    store: Store, passwords: CountingPasswords, ann: Context, directory: OneDirectory, name: str
) -> None:
    add_user(store, passwords, NewUser("bert", None, source=LDAP))

    with pytest.raises(Unauthenticated):
        a_desk(store, passwords, directory=directory).by_password(name, WRONG, VISIT)

    assert (passwords.checks, directory.asked) == (1, 1)


def test_disabled_account_is_like_a_wrong_password(
    desk: SigningIn, store: Store, passwords: CountingPasswords, ann: Context
) -> None:
    secret = an_app_password(store, "ann", with_digest=True)
    accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", USER, is_disabled=True)

    with pytest.raises(Unauthenticated, match="User name or password is wrong"):
        desk.by_password("ann", PASSWORD, VISIT)
    assert passwords.checks == 1
    with pytest.raises(Unauthenticated, match="User name or password is wrong"):
        desk.by_password("ann", secret, VISIT)
    with pytest.raises(Unauthenticated, match="User name or password is wrong"):
        desk.by_digest(digest(desk, secret), "GET", VISIT)


def test_expired_account_is_like_a_wrong_password(desk: SigningIn, store: Store, ann: Context, clock: SettableClock) -> None:
    end = after(clock.now(), timedelta(days=1))
    accounts.set_expiry(store, SYSTEM_CONTEXT, "ann", USER, end)
    assert desk.by_password("ann", PASSWORD, VISIT).expires_at == end
    clock.set(end)

    with pytest.raises(Unauthenticated, match="User name or password is wrong"):
        desk.by_password("ann", PASSWORD, VISIT)


def test_failure_is_counted_and_audited_without_what_was_typed(desk: SigningIn, store: Store, ann: Context) -> None:
    typed_into_the_wrong_field = guard("typed as name 11")
    for name in ("ann", typed_into_the_wrong_field):
        with pytest.raises(Unauthenticated):
            desk.by_password(name, WRONG, VISIT)

    assert audited(store) == [
        ("sign-in", "denied", {"name": "ann", "reason": "unauthenticated"}),
        ("sign-in", "denied", {"name": "", "reason": "unauthenticated"}),
    ]


def test_right_password_is_not_held_up_by_failures(desk: SigningIn, ann: Context, store: Store) -> None:
    secret = an_app_password(store, "ann", with_digest=True)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            desk.by_password("ann", WRONG, VISIT)
    with pytest.raises(TooManyFailures):
        desk.by_password("ann", WRONG, VISIT)

    assert desk.by_password("ann", PASSWORD, VISIT).name == "ann"
    assert desk.by_password("ann", secret, VISIT).name == "ann"
    assert desk.by_digest(digest(desk, secret), "GET", VISIT).principal.name == "ann"
    with pytest.raises(Unauthenticated):
        desk.by_password("ann", WRONG, Visit("192.0.2.2"))


# App passwords


def test_app_password_is_good_without_argon2_and_narrows_its_owner(
    desk: SigningIn, store: Store, ann: Context, passwords: CountingPasswords, clock: SettableClock
) -> None:
    tree = a_collection(store, ann, "/scans").id
    end = after(clock.now(), timedelta(days=1))
    secret = an_app_password(store, "ann", rights=DROP_BOX, tree=("scans",), expires_at=end)

    found = desk.by_password("ann", secret, VISIT)

    assert found == replace(ann.principal, scope=Scope(DROP_BOX, tree), expires_at=end, method="app password")
    assert passwords.checks == 0
    clock.set(end)
    with pytest.raises(Unauthenticated):
        desk.by_password("ann", secret, VISIT)


def test_app_password_ends_with_its_account_if_that_ends_first(
    desk: SigningIn, store: Store, ann: Context, clock: SettableClock
) -> None:
    secret = an_app_password(store, "ann", expires_at=after(clock.now(), timedelta(days=2)))
    end = after(clock.now(), timedelta(days=1))
    accounts.set_expiry(store, SYSTEM_CONTEXT, "ann", USER, end)

    assert desk.by_password("ann", secret, VISIT).expires_at == end


def test_app_password_of_another_account_is_wrong(desk: SigningIn, store: Store, ann: Context, bob: Context) -> None:
    secret = an_app_password(store, "ann")

    for name in ("bob", "nobody", ""):
        with pytest.raises(Unauthenticated):
            desk.by_password(name, secret, VISIT)


def test_service_signs_in_by_app_password(desk: SigningIn, store: Store) -> None:
    add_service(store, SYSTEM_CONTEXT, "robot")

    assert desk.by_password("robot", an_app_password(store, "robot"), VISIT).name == "robot"


def test_account_of_another_source_signs_in_by_app_password(desk: SigningIn, store: Store, passwords: Passwords) -> None:
    add_user(store, passwords, NewUser("dora", None, source=LDAP))

    assert desk.by_password("dora", an_app_password(store, "dora"), VISIT).name == "dora"


def test_own_password_may_look_like_an_app_password(desk: SigningIn, store: Store, passwords: Passwords) -> None:
    chosen = guard("dg-chosen by myself 12")
    add_user(store, passwords, NewUser("carl", chosen))

    assert desk.by_password("carl", chosen, VISIT).method == "password"


def test_use_of_an_app_password_is_noted_once_a_minute_at_most(
    desk: SigningIn, store: Store, ann: Context, clock: SettableClock
) -> None:
    secret = an_app_password(store, "ann")

    def used_at() -> Instant | None:
        return app_passwords.all_of(store, SYSTEM_CONTEXT, "ann")[0].kept.used_at

    assert used_at() is None
    desk.by_password("ann", secret, VISIT)
    assert used_at() == START
    clock.advance(timedelta(seconds=59))
    desk.by_password("ann", secret, VISIT)
    assert used_at() == START
    clock.advance(timedelta(seconds=1))
    desk.by_password("ann", secret, VISIT)
    assert used_at() == clock.now()


# Digest


@pytest.mark.parametrize("algorithm", [MD5, SHA_256])
def test_digest_proves_an_app_password(desk: SigningIn, store: Store, ann: Context, algorithm: str) -> None:
    secret = an_app_password(store, "ann", rights=READER, with_digest=True)

    proof = desk.by_digest(digest(desk, secret, algorithm=algorithm, method="PUT"), "PUT", VISIT)

    assert proof.principal == replace(ann.principal, scope=Scope(READER), method="digest")
    assert secret not in repr(proof) and proof.ha1 not in repr(proof)


@pytest.mark.parametrize("algorithm", [MD5, SHA_256])
def test_digest_proves_nothing_else(desk: SigningIn, store: Store, ann: Context, bob: Context, algorithm: str) -> None:
    without = app_passwords.make(store, SYSTEM_CONTEXT, "ann", NewAppPassword("without digest")).secret
    secret = an_app_password(store, "ann", with_digest=True)

    for sent, method in [
        (digest(desk, PASSWORD, algorithm=algorithm), "GET"),
        (digest(desk, without, algorithm=algorithm), "GET"),
        (digest(desk, secret, "bob", algorithm=algorithm), "GET"),
        (digest(desk, secret, algorithm=algorithm), "PUT"),
    ]:
        with pytest.raises(Unauthenticated) as refused:
            desk.by_digest(sent, method, VISIT)
        assert not isinstance(refused.value, StaleNonce)


def test_digest_with_an_ended_nonce_is_stale_to_whoever_knows_the_password_alone(
    desk: SigningIn, store: Store, ann: Context, clock: SettableClock
) -> None:
    secret = an_app_password(store, "ann", with_digest=True)
    nonce = desk.new_nonce()
    clock.advance(timedelta(minutes=5))

    with pytest.raises(StaleNonce):
        desk.by_digest(digest(desk, secret, nonce=nonce), "GET", VISIT)
    with pytest.raises(Unauthenticated) as refused:
        desk.by_digest(digest(desk, WRONG, nonce=nonce), "GET", VISIT)
    assert not isinstance(refused.value, StaleNonce)


def test_wrong_digest_is_not_counted_and_audited_where_it_could_have_been_right(
    desk: SigningIn, store: Store, ann: Context, bob: Context
) -> None:
    an_app_password(store, "ann", with_digest=True)
    for name in ("ann", "bob", "nobody") * 10:
        with pytest.raises(Unauthenticated):
            desk.by_digest(digest(desk, WRONG, name), "GET", VISIT)

    assert audited(store) == [("sign-in", "denied", {"name": "ann", "reason": "digest"})] * 10
    with pytest.raises(Unauthenticated):
        desk.by_password("ann", WRONG, VISIT)


def test_right_digest_of_an_account_that_is_shut_out_is_audited(desk: SigningIn, store: Store, ann: Context) -> None:
    sent = digest(desk, an_app_password(store, "ann", with_digest=True))
    accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", USER, is_disabled=True)

    with pytest.raises(Unauthenticated):
        desk.by_digest(sent, "GET", VISIT)

    assert audited(store) == [("sign-in", "denied", {"name": "ann", "reason": "digest"})]


def test_digest_with_a_made_up_nonce_proves_nothing(desk: SigningIn, store: Store, ann: Context) -> None:
    secret = an_app_password(store, "ann", with_digest=True)

    with pytest.raises(StaleNonce):
        desk.by_digest(digest(desk, secret, nonce="AAAA"), "GET", VISIT)


# Directory, proxy, certificates


def test_user_of_the_directory_gets_an_account_of_that_source(
    store: Store, passwords: CountingPasswords, directory: OneDirectory
) -> None:
    desk = a_desk(store, passwords, directory=directory)

    first = desk.by_password("dora", DIRECTORY_PASSWORD, VISIT)
    second = desk.by_password("dora", DIRECTORY_PASSWORD, VISIT)

    assert first == second
    assert (first.name, first.method, first.is_admin) == ("dora", "ldap", False)
    made = account(store, "dora")
    assert (made.source, made.password_hash, made.kind) == (LDAP, None, USER)


def test_account_of_a_source_has_no_password_here_even_if_there_is_one(
    store: Store, passwords: CountingPasswords, directory: OneDirectory
) -> None:
    add_user(store, passwords, NewUser("dora", PASSWORD))
    with store.database.write() as tx:
        tx.run(Statement(update(principal).where(principal.c.name == "dora").values(source=LDAP)))
        tx.commit()

    with pytest.raises(Unauthenticated):
        a_desk(store, passwords, directory=directory).by_password("dora", PASSWORD, VISIT)


def test_local_password_does_not_need_the_directory(
    store: Store, passwords: CountingPasswords, directory: OneDirectory, ann: Context
) -> None:
    directory.is_away = True

    assert a_desk(store, passwords, directory=directory).by_password("ann", PASSWORD, VISIT).method == "password"
    assert directory.asked == 0


def test_guessing_is_counted_while_the_directory_is_away(
    store: Store, passwords: CountingPasswords, directory: OneDirectory, ann: Context
) -> None:
    directory.is_away = True
    desk = a_desk(store, passwords, directory=directory)
    for _ in range(5):
        with pytest.raises(DirectoryUnavailable):
            desk.by_password("ann", WRONG, VISIT)

    with pytest.raises(TooManyFailures):
        desk.by_password("ann", WRONG, VISIT)


@dataclass(frozen=True)
class Case:
    """An account that exists, the policy of the source, and whether a user of that name gets in."""

    source: str | None
    policy: str
    gets_in: bool


@pytest.mark.parametrize(
    "case",
    [
        Case(None, "make", gets_in=True),
        Case(PROXY, "make", gets_in=True),
        Case("", "make", gets_in=False),
        Case(LDAP, "make", gets_in=False),
        Case(None, "existing", gets_in=False),
        Case(PROXY, "existing", gets_in=True),
        Case("", "existing", gets_in=True),
        Case(LDAP, "existing", gets_in=False),
        Case("", "unheard-of", gets_in=True),
        Case(None, "unheard-of", gets_in=False),
    ],
    ids=str,
)
def test_source_enters_the_accounts_that_its_policy_allows(
    store: Store, passwords: Passwords, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    if case.source is not None:
        add_user(store, passwords, NewUser("fred", None if case.source else PASSWORD, source=case.source))
    desk = a_desk(store, passwords, policies={PROXY: case.policy})

    if case.gets_in:
        assert desk.by_source(PROXY, "fred", VISIT).name == "fred"
        assert account(store, "fred").source == (case.source if case.source is not None else PROXY)
        return
    with caplog.at_level(logging.WARNING), pytest.raises(Unauthenticated, match="User name or password is wrong"):
        desk.by_source(PROXY, "fred", VISIT)
    assert "'fred', proven by proxy, is not let in" in caplog.text
    assert audited(store)[-1] == ("sign-in", "denied", {"name": "fred", "reason": "proxy: unauthenticated"})


@pytest.mark.parametrize("name", ["system", "signed in", "signed-in", "team", "a/b", "a:b", "x" * 129, ""])
@pytest.mark.parametrize("policy", ["make", "existing"])
def test_source_enters_nothing_that_is_no_user(store: Store, passwords: Passwords, name: str, policy: str) -> None:
    groups.add(store, SYSTEM_CONTEXT, "team")

    with pytest.raises(Unauthenticated):
        a_desk(store, passwords, policies={CERTIFICATE: policy}).by_source(CERTIFICATE, name, VISIT)


def test_service_that_exists_is_entered_where_accounts_that_exist_are(store: Store, passwords: Passwords) -> None:
    add_service(store, SYSTEM_CONTEXT, "robot")

    assert a_desk(store, passwords, policies={CERTIFICATE: "existing"}).by_source(CERTIFICATE, "robot", VISIT).name == "robot"
    with pytest.raises(Unauthenticated):
        a_desk(store, passwords, policies={CERTIFICATE: "make"}).by_source(CERTIFICATE, "robot", VISIT)


def test_issuer_has_the_policy_of_its_own_section(store: Store, passwords: Passwords, clock: SettableClock) -> None:
    section = Issuer(
        source="issuers.company",
        issuer=ISSUER,
        audience=("davgate",),
        algorithms=("HS256",),
        secret=SECRET,
        accounts="existing",
    )
    desk = a_desk(store, passwords, bearer=Bearer([section]))
    with pytest.raises(Unauthenticated):
        desk.by_token(a_token(clock), VISIT)
    add_user(store, passwords, NewUser("erin", PASSWORD))

    assert desk.by_token(a_token(clock), VISIT).name == "erin"


@pytest.mark.parametrize("change", ["disabled", "expired"])
def test_source_does_not_enter_an_account_that_was_shut(
    store: Store, passwords: Passwords, desk: SigningIn, clock: SettableClock, change: str
) -> None:
    desk.by_source(PROXY, "fred", VISIT)
    if change == "disabled":
        accounts.set_disabled(store, SYSTEM_CONTEXT, "fred", USER, is_disabled=True)
    else:
        accounts.set_expiry(store, SYSTEM_CONTEXT, "fred", USER, clock.now())

    with pytest.raises(Unauthenticated):
        desk.by_source(PROXY, "fred", VISIT)


def test_groups_of_a_source_count_as_far_as_there_are_such(
    store: Store, passwords: CountingPasswords, directory: OneDirectory
) -> None:
    team, everybody, own = (groups.add(store, SYSTEM_CONTEXT, name) for name in ("team", "everybody", "own"))
    groups.join(store, SYSTEM_CONTEXT, "everybody", "team")
    add_user(store, passwords, NewUser("bert", None, source=LDAP))
    groups.join(store, SYSTEM_CONTEXT, "own", "bert")
    directory.people["bert"] = ("team", "elsewhere", "signed in", "signed-in", "bert", "system", "Team")

    found = a_desk(store, passwords, directory=directory).by_password("bert", DIRECTORY_PASSWORD, VISIT)

    assert found.groups == tuple(sorted((team, everybody, own)))
    assert account(store, "bert").groups == (own,), "for this sign-in alone"


# Bearer tokens


def test_token_of_an_issuer_gives_its_user_restricted_by_scope_and_time(
    store: Store, passwords: Passwords, bearer: Bearer, clock: SettableClock
) -> None:
    found = a_desk(store, passwords, bearer=bearer).by_token(a_token(clock), VISIT)

    leeway = timedelta(seconds=60)
    assert (found.name, found.method) == ("erin", "issuers.company")
    assert (found.scope, found.expires_at) == (Scope(READER), after(clock.now(), timedelta(seconds=300) + leeway))
    assert account(store, "erin").source == "issuers.company"


@pytest.mark.parametrize(
    ("scope", "rights"),
    [
        ("davgate:read", Right.READ),
        ("davgate:drop-box davgate:read", DROP_BOX | Right.READ),
        ("openid okd:alldocuments unheard:of", EDITOR),
    ],
)
def test_scopes_add_up(
    store: Store, passwords: Passwords, bearer: Bearer, clock: SettableClock, scope: str, rights: Right
) -> None:
    found = a_desk(store, passwords, bearer=bearer).by_token(a_token(clock, scope=scope), VISIT)

    assert found.scope == Scope(rights)


@pytest.mark.parametrize("scope", ["", "openid", "DAVGATE:READ", "davgate:read2"])
def test_token_without_a_known_scope_is_forbidden_and_makes_no_account(
    store: Store, passwords: Passwords, bearer: Bearer, clock: SettableClock, scope: str
) -> None:
    with pytest.raises(InsufficientScope):
        a_desk(store, passwords, bearer=bearer).by_token(a_token(clock, scope=scope), VISIT)

    with store.database.read() as session:
        assert rows.find(session, "erin") is None


def test_refused_token_is_audited_and_not_counted(
    store: Store, passwords: Passwords, bearer: Bearer, clock: SettableClock
) -> None:
    desk = a_desk(store, passwords, bearer=bearer)
    for _ in range(10):
        with pytest.raises(InvalidToken):
            desk.by_token(a_token(clock, exp=1), VISIT)

    assert audited(store)[0] == ("sign-in", "denied", {"name": "", "reason": "it has expired"})


def test_no_token_is_good_without_an_issuer(desk: SigningIn, clock: SettableClock) -> None:
    for token in (a_token(clock), "", "abc", "e30.e30.e30"):
        with pytest.raises(InvalidToken):
            desk.by_token(token, VISIT)


# Tokens of this store

LIFE = timedelta(hours=1)


def issued(store: Store, who: Principal) -> str:
    return guard(token_for(store, who, VISIT, LIFE).token)


def test_own_token_is_as_good_as_the_sign_in_that_asked_for_it(
    desk: SigningIn, store: Store, ann: Context, clock: SettableClock
) -> None:
    made = token_for(store, ann.principal, VISIT, LIFE)
    end = after(clock.now(), LIFE)

    assert made.expires_at == end
    assert made.token not in repr(made)
    assert desk.by_token(made.token, VISIT) == replace(ann.principal, expires_at=end, method="token")
    clock.set(end)
    with pytest.raises(InvalidToken):
        desk.by_token(made.token, VISIT)


@pytest.mark.parametrize("rights", [READER, DROP_BOX, EDITOR | Right.MANAGE, ~Right(0)])
def test_own_token_never_widens_what_asked_for_it(desk: SigningIn, store: Store, ann: Context, rights: Right) -> None:
    a_collection(store, ann, "/a")
    secret = an_app_password(store, "ann", rights=rights, tree=("a",))
    narrowed = desk.by_password("ann", secret, VISIT)

    found = desk.by_token(issued(store, narrowed), VISIT)

    assert found.scope == Scope(rights, node_at(store, ann, "/a").id) == narrowed.scope


def test_own_token_ends_with_the_sign_in_that_asked_for_it(
    desk: SigningIn, store: Store, ann: Context, clock: SettableClock
) -> None:
    end = after(clock.now(), timedelta(minutes=10))
    secret = an_app_password(store, "ann", expires_at=end)

    assert token_for(store, desk.by_password("ann", secret, VISIT), VISIT, LIFE).expires_at == end


def test_no_token_is_given_for_a_token(
    store: Store, passwords: Passwords, bearer: Bearer, ann: Context, clock: SettableClock
) -> None:
    desk = a_desk(store, passwords, bearer=bearer)

    for token in (issued(store, ann.principal), a_token(clock)):
        with pytest.raises(Forbidden):
            token_for(store, desk.by_token(token, VISIT), VISIT, LIFE)


CHANGES = {
    "password": lambda store: accounts.change_password(store, CountingPasswords(), SYSTEM_CONTEXT, "ann", "another horse 8"),
    "disabled": lambda store: accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", USER, is_disabled=True),
    "role": lambda store: accounts.set_admin(store, SYSTEM_CONTEXT, "ann", is_admin=True),
    "group": lambda store: groups.join(store, SYSTEM_CONTEXT, "team", "ann"),
    "app password revoked": lambda store: app_passwords.revoke(store, SYSTEM_CONTEXT, "ann", "rclone"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_own_token_ends_with_any_change_of_the_account(desk: SigningIn, store: Store, ann: Context, change: str) -> None:
    groups.add(store, SYSTEM_CONTEXT, "team")
    an_app_password(store, "ann")
    token = issued(store, ann.principal)
    assert desk.by_token(token, VISIT).name == "ann"

    CHANGES[change](store)

    with pytest.raises(InvalidToken):
        desk.by_token(token, VISIT)
    with pytest.raises(Unauthenticated):
        token_for(store, ann.principal, VISIT, LIFE)


def test_new_key_signs_nobody_out_and_a_removed_one_does(desk: SigningIn, store: Store, ann: Context) -> None:
    secret = an_app_password(store, "ann", with_digest=True)
    token, sent = issued(store, ann.principal), digest(desk, secret)
    signing_keys.rotate(store, SYSTEM_CONTEXT)

    assert desk.by_token(token, VISIT).name == "ann"
    assert desk.by_digest(sent, "GET", VISIT).principal.name == "ann"
    assert desk.by_token(issued(store, ann.principal), VISIT).name == "ann"
    signing_keys.remove(store, SYSTEM_CONTEXT, 1)
    with pytest.raises(InvalidToken):
        desk.by_token(token, VISIT)
    with pytest.raises(StaleNonce):
        desk.by_digest(sent, "GET", VISIT)


def test_token_that_is_restricted_in_an_unknown_way_is_refused() -> None:
    with pytest.raises(InvalidToken):
        tokens._scope(("right:read", "only:mondays"))


def test_issuing_is_audited(store: Store, ann: Context) -> None:
    issued(store, ann.principal)

    with store.database.read() as session:
        (row,) = session.all(Statement(select(audit.c.principal_id, audit.c.detail).where(audit.c.action == "issue-token")))
    assert row[0] == ann.principal.id
    assert json.loads(row[1])["method"] == "password"


def test_account_is_made_once_by_sign_ins_at_the_same_moment(
    store: Store, passwords: Passwords, database_url: str, clock: SettableClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with opened_store(database_url, tmp_path_factory.mktemp("other"), clock) as other, ThreadPoolExecutor(8) as threads:
        desks = [a_desk(store, passwords), a_desk(other, passwords)] * 8
        found = set(threads.map(lambda desk: desk.by_source(PROXY, "fred", VISIT), desks))

    assert len(found) == 1
    with store.database.read() as session:
        made = session.all(Statement(select(audit.c.id).where(audit.c.action == "add-user")))
    assert len(made) == 1
