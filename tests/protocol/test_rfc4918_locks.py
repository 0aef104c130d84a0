"""LOCK and UNLOCK (RFC 4918, 6, 9.10 and 9.11)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import etree

from davgate.core.store import Store
from davgate.storage.api import Database
from tests.builders import SettableClock
from tests.protocol.client import Client, lockinfo
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import DAV, active_locks, error_of, failures, locks_of, members
from tests.protocol.stored import audited, history, lock_count

UNKNOWN = "opaquelocktoken:e71d4fae-5dec-22d6-fea5-00a0c91e6be4"
ONE_MINUTE = timedelta(minutes=1)


@pytest.fixture
def document(ann: Client) -> str:
    ann.put("/dav/a.txt", b"one")
    return "/dav/a.txt"


# Taking a lock (RFC 4918, 9.10.1)


@on_both_databases
def test_lock_answers_its_token_in_header_and_body(ann: Client, document: str) -> None:
    response = ann("LOCK", document, lockinfo(owner="<D:href>mailto:ann@example.org</D:href>"), depth="0", timeout="Second-60")

    assert response.status == 200
    assert response.headers["content-type"] == "application/xml; charset=utf-8"
    assert response.xml.tag == f"{DAV}prop"
    (lock,) = active_locks(response.xml[0])
    assert response.headers["lock-token"] == f"<{lock.token}>"
    assert lock.token.startswith("opaquelocktoken:")
    assert (lock.scope, lock.depth, lock.timeout, lock.root) == ("exclusive", "0", "Second-60", document)
    assert lock.owner == "mailto:ann@example.org"


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ({}, "Second-600"),
        ({"timeout": "Second-1"}, "Second-1"),
        ({"timeout": "Second-3600"}, "Second-3600"),
        ({"timeout": "Infinite"}, "Second-86400"),
        ({"timeout": "Second-4100000000"}, "Second-86400"),
        ({"timeout": "Infinite, Second-4100000000"}, "Second-86400"),
        ({"timeout": "Extend-9, Second-90"}, "Second-90"),
        ({"timeout": "Second-0"}, "Second-1"),
        ({"timeout": "whenever"}, "Second-600"),
    ],
    ids=lambda value: value.get("timeout", "absent") if isinstance(value, dict) else None,
)
def test_timeout_is_granted_as_asked_up_to_a_day(ann: Client, document: str, asked: dict[str, str], granted: str) -> None:
    ann("LOCK", document, lockinfo(), **asked)

    assert [lock.timeout for lock in locks_of(ann, document)] == [granted]


@pytest.mark.parametrize(("headers", "depth"), [({}, "infinity"), ({"depth": "0"}, "0"), ({"depth": "infinity"}, "infinity")])
def test_depth_is_infinite_when_absent(ann: Client, document: str, headers: dict[str, str], depth: str) -> None:
    # RFC 4918, 9.10.3; on a document too, as Explorer does it
    ann.lock(document, **headers)

    assert [lock.depth for lock in locks_of(ann, document)] == [depth]


def test_depth_1_is_400(ann: Client, document: str) -> None:
    assert ann("LOCK", document, lockinfo(), depth="1").status == 400
    assert locks_of(ann, document) == []


@pytest.mark.parametrize(
    "owner",
    [
        "Ann Example",
        "<D:href>EXAMPLE\\ann</D:href>",
        "Änne &amp; Söhne &lt;ann@example.org&gt;",
        '<x:who xmlns:x="urn:x" x:id="7">Ann <x:b>Example</x:b>, room 3</x:who>',
        "",
    ],
    ids=["text", "href", "escaped", "foreign", "none"],
)
def test_owner_comes_back_as_it_was_sent(ann: Client, document: str, owner: str) -> None:
    # davfs2 takes a lock with its own owner text for its own.
    sent = etree.fromstring(f'<D:owner xmlns:D="DAV:">{owner}</D:owner>')
    ann.lock(document, owner=owner)

    found = ann("PROPFIND", document, depth="0").xml.findall(".//{DAV:}owner")

    assert [canonical(element) for element in found] == ([canonical(sent)] if owner else [])


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def test_lockinfo_in_a_default_namespace_is_understood(ann: Client, document: str) -> None:
    body = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner>Ann</owner></lockinfo>'

    assert ann("LOCK", document, body).status == 200
    assert [lock.owner for lock in locks_of(ann, document)] == ["Ann"]


@pytest.mark.parametrize(
    "body",
    [
        "<D:lockinfo",
        '<D:lockinfo xmlns:D="DAV:"/>',
        '<D:lockinfo xmlns:D="DAV:"><D:locktype><D:write/></D:locktype></D:lockinfo>',
        '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope></D:lockinfo>',
        lockinfo().replace("<D:exclusive/>", "<D:exclusive/><D:shared/>"),
        lockinfo().replace("<D:write/>", "<D:read/>"),
        lockinfo(owner="x" * 5000),
        "application",
    ],
    ids=["cut", "empty", "no-scope", "no-type", "two-scopes", "read-lock", "long-owner", "no-xml"],
)
def test_malformed_lockinfo_is_400_and_locks_nothing(ann: Client, document: str, body: str) -> None:
    assert ann("LOCK", document, body).status == 400
    assert ann("LOCK", "/dav/new.txt", body).status == 400
    assert locks_of(ann, document) == []
    assert members(ann, "/dav/") == ["a.txt"]


# Names where nothing is (RFC 4918, 7.3 and 9.10.4)


@on_both_databases
def test_lock_of_an_unmapped_name_makes_an_empty_document_in_the_same_step(ann: Client, bob: Client, store: Store) -> None:
    response = ann("LOCK", "/dav/new.txt", lockinfo(), depth="0")

    assert response.status == 201
    assert bob("GET", "/dav/new.txt").headers["content-length"] == "0"
    assert members(bob, "/dav/") == ["new.txt"]
    assert bob("PUT", "/dav/new.txt", b"bob").status == 423
    assert history(store, ann.ctx, "/new.txt") == ()

    token = response.headers["lock-token"]
    assert ann("PUT", "/dav/new.txt", b"content", if_=f"({token})").status == 204
    assert ann("UNLOCK", "/dav/new.txt", lock_token=token).status == 204
    assert [version.content.length_bytes for version in history(store, ann.ctx, "/new.txt")] == [7]


def test_unlock_without_content_leaves_an_empty_version(ann: Client, store: Store) -> None:
    token = ann.lock("/dav/new.txt")

    assert ann("UNLOCK", "/dav/new.txt", lock_token=f"<{token}>").status == 204

    assert [version.content.length_bytes for version in history(store, ann.ctx, "/new.txt")] == [0]


def test_lock_of_an_unmapped_name_below_what_is_missing_is_409(ann: Client, document: str) -> None:
    assert ann("LOCK", "/dav/missing/new.txt", lockinfo()).status == 409
    assert ann("LOCK", "/dav/a.txt/new.txt", lockinfo()).status == 409


def test_lock_with_if_none_match_any_makes_but_never_takes_over(ann: Client, document: str, store: Store) -> None:
    assert ann("LOCK", document, lockinfo(), if_none_match="*").status == 412
    assert lock_count(store) == 0
    assert ann("LOCK", "/dav/new.txt", lockinfo(), if_none_match="*").status == 201


@on_both_databases
@pytest.mark.parametrize("depth", ["0", "infinity"])
def test_lock_of_an_unmapped_name_in_a_locked_collection_is_refused_and_leaves_nothing(
    ann: Client, bob: Client, depth: str
) -> None:
    ann.mkcol("/dav/folder")
    ann.lock("/dav/folder", depth=depth)

    response = bob("LOCK", "/dav/folder/new.txt", lockinfo())

    assert response.status == 423
    assert error_of(response) == (
        "no-conflicting-lock" if depth == "infinity" else "lock-token-submitted",
        ["/dav/folder/"],
    )
    assert members(ann, "/dav/folder/") == []


def test_lock_of_an_unmapped_name_in_a_collection_locked_by_oneself_needs_its_token(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    token = ann.lock("/dav/folder", depth="0")

    assert ann("LOCK", "/dav/folder/new.txt", lockinfo()).status == 423
    assert ann("LOCK", "/dav/folder/new.txt", lockinfo(), if_=f"</dav/folder> (<{token}>)").status == 201


# Conflicts (RFC 4918, 6.2, 7.4 and 9.10.6)


@on_both_databases
@pytest.mark.parametrize(
    ("standing", "asked", "status"),
    [("exclusive", "exclusive", 423), ("exclusive", "shared", 423), ("shared", "exclusive", 423), ("shared", "shared", 200)],
)
def test_only_shared_beside_shared_is_granted(
    ann: Client, bob: Client, document: str, standing: str, asked: str, status: int
) -> None:
    ann.lock(document, scope=standing)

    response = bob("LOCK", document, lockinfo(asked))

    assert response.status == status
    if status == 423:
        assert error_of(response) == ("no-conflicting-lock", [document])
        assert "lock-token" not in response.headers


def test_second_exclusive_lock_of_the_same_user_is_refused(ann: Client, document: str) -> None:
    token = ann.lock(document)

    assert ann("LOCK", document, lockinfo()).status == 423
    assert ann("LOCK", document, lockinfo(), if_=f"(<{token}>)").status == 423
    assert [lock.token for lock in locks_of(ann, document)] == [token]


@on_both_databases
def test_lock_above_forbids_one_below_and_the_other_way_round(ann: Client, bob: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.mkcol("/dav/folder/in ner".replace(" ", "%20"))
    ann.put("/dav/folder/in%20ner/a.txt")
    deep = ann.lock("/dav/folder", depth="infinity")

    below = bob("LOCK", "/dav/folder/in%20ner/a.txt", lockinfo())
    assert (below.status, error_of(below)) == (423, ("no-conflicting-lock", ["/dav/folder/"]))

    ann("UNLOCK", "/dav/folder", lock_token=f"<{deep}>")
    ann.lock("/dav/folder/in%20ner/a.txt")
    # Members that prevent a lock are named one by one (RFC 4918, 9.10.3).
    above = bob("LOCK", "/dav/folder", lockinfo(), depth="infinity")
    assert failures(above) == {"/dav/folder/in%20ner/a.txt": 423, "/dav/folder/": 424}
    assert locks_of(bob, "/dav/folder") == []
    assert ann("LOCK", "/dav/folder", lockinfo(), depth="0").status == 200
    both = bob("LOCK", "/dav/folder", lockinfo(), depth="infinity")
    assert (both.status, error_of(both)[0]) == (423, "no-conflicting-lock")


def test_lock_of_depth_0_and_locks_on_members_go_together(ann: Client, bob: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")

    ann.lock("/dav/folder", depth="0")

    assert bob("LOCK", "/dav/folder/a.txt", lockinfo()).status == 200


def test_lock_of_the_root_affects_everything(ann: Client, bob: Client, document: str) -> None:
    token = ann.lock("/dav/")

    refused = bob("PUT", document, b"two")
    assert (refused.status, error_of(refused)) == (423, ("lock-token-submitted", ["/dav/"]))
    assert ann("PUT", document, b"two", if_=f"(<{token}>)").status == 204


# Refreshing (RFC 4918, 9.10.2)


@on_both_databases
def test_refresh_begins_the_span_anew_and_keeps_the_token(ann: Client, document: str) -> None:
    token = ann.lock(document, timeout="Second-60")
    ann.clock.advance(ONE_MINUTE / 2)

    response = ann("LOCK", document, if_=f"(<{token}>)", timeout="Second-90")

    assert response.status == 200
    (lock,) = active_locks(response.xml[0])
    assert (lock.token, lock.timeout, lock.root) == (token, "Second-90", document)
    assert [(lock.token, lock.timeout) for lock in locks_of(ann, document)] == [(token, "Second-90")]


def test_refresh_without_a_timeout_grants_the_default(ann: Client, document: str) -> None:
    token = ann.lock(document, timeout="Second-60")

    ann("LOCK", document, if_=f"(<{token}>)")

    assert [lock.timeout for lock in locks_of(ann, document)] == ["Second-600"]


def test_refresh_through_a_member_refreshes_the_lock_above(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    token = ann.lock("/dav/folder", depth="infinity", timeout="Second-60")

    response = ann("LOCK", "/dav/folder/a.txt", if_=f"(<{token}>)", timeout="Second-90")

    assert [(lock.token, lock.root, lock.timeout) for lock in active_locks(response.xml[0])] == [
        (token, "/dav/folder/", "Second-90")
    ]


def test_refresh_ignores_depth(ann: Client, document: str) -> None:
    # RFC 4918, 9.10.2
    token = ann.lock(document, depth="0")

    ann("LOCK", document, if_=f"(<{token}>)", depth="infinity")

    assert [lock.depth for lock in locks_of(ann, document)] == ["0"]


@on_both_databases
def test_refresh_by_another_user_is_412_and_changes_nothing(ann: Client, bob: Client, document: str) -> None:
    token = ann.lock(document, timeout="Second-60")

    assert bob("LOCK", document, if_=f"(<{token}>)", timeout="Second-3600").status == 412
    assert bob("LOCK", document, if_=f"(<{token}>) (Not <DAV:no-lock>)", timeout="Second-3600").status == 412
    assert [lock.timeout for lock in locks_of(ann, document)] == ["Second-60"]


def test_refresh_with_an_unknown_token_is_412(ann: Client, document: str) -> None:
    assert ann("LOCK", document, if_=f"(<{UNKNOWN}>)").status == 412
    ann.lock(document)
    assert ann("LOCK", document, if_=f"(<{UNKNOWN}>) (Not <DAV:no-lock>)").status == 412


def test_lock_with_neither_body_nor_token_is_400(ann: Client, document: str) -> None:
    assert ann("LOCK", document).status == 400


@on_both_databases
def test_shared_lock_is_refreshed_alone(ann: Client, bob: Client, document: str) -> None:
    of_ann = ann.lock(document, scope="shared", timeout="Second-60")
    of_bob = bob.lock(document, scope="shared", timeout="Second-60")

    response = ann("LOCK", document, if_=f"(<{of_ann}>)", timeout="Second-90")

    assert [lock.token for lock in active_locks(response.xml[0])] == [of_ann]
    assert {(lock.token, lock.timeout) for lock in locks_of(ann, document)} == {(of_ann, "Second-90"), (of_bob, "Second-60")}


# The end of a lock (RFC 4918, 6.6 and 9.11)


@on_both_databases
def test_unlock_frees_the_name(ann: Client, bob: Client, document: str) -> None:
    token = ann.lock(document)

    response = ann("UNLOCK", document, lock_token=f"<{token}>")

    assert response.status == 204
    assert locks_of(ann, document) == []
    assert bob("PUT", document, b"two").status == 204


@pytest.mark.parametrize("form", ["<{}>", "{}", " <{}> "], ids=["angle", "bare", "spaces"])
def test_unlock_takes_a_token_with_and_without_brackets_and_scheme(ann: Client, document: str, form: str) -> None:
    for decoration in ("opaquelocktoken:", "urn:uuid:", ""):
        uuid = ann.lock(document).removeprefix("opaquelocktoken:")
        assert ann("UNLOCK", document, lock_token=form.format(decoration + uuid)).status == 204


def test_unlock_through_a_member_ends_the_lock_above(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    token = ann.lock("/dav/folder", depth="infinity")

    assert ann("UNLOCK", "/dav/folder/a.txt", lock_token=f"<{token}>").status == 204
    assert locks_of(ann, "/dav/folder") == []


def test_unlock_with_a_token_of_elsewhere_is_409(ann: Client, document: str) -> None:
    ann.put("/dav/b.txt")
    token = ann.lock("/dav/b.txt")

    for wrong in (token, UNKNOWN):
        response = ann("UNLOCK", document, lock_token=f"<{wrong}>")
        assert (response.status, error_of(response)) == (409, ("lock-token-matches-request-uri", []))
    assert [lock.token for lock in locks_of(ann, "/dav/b.txt")] == [token]


def test_second_unlock_is_409(ann: Client, document: str) -> None:
    token = ann.lock(document)
    ann("UNLOCK", document, lock_token=f"<{token}>")

    assert ann("UNLOCK", document, lock_token=f"<{token}>").status == 409


@pytest.mark.parametrize("headers", [{}, {"lock_token": ""}, {"lock_token": "<a> <b>"}], ids=["absent", "empty", "two"])
def test_unlock_without_one_token_is_400(ann: Client, document: str, headers: dict[str, str]) -> None:
    ann.lock(document)

    assert ann("UNLOCK", document, **headers).status == 400
    assert len(locks_of(ann, document)) == 1


@on_both_databases
def test_unlock_by_another_user_is_403_and_by_an_administrator_is_audited(
    ann: Client, bob: Client, root_admin: Client, document: str, store: Store
) -> None:
    token = ann.lock(document)

    assert bob("UNLOCK", document, lock_token=f"<{token}>").status == 403
    assert [lock.token for lock in locks_of(ann, document)] == [token]

    assert root_admin("UNLOCK", document, lock_token=f"<{token}>").status == 204
    assert audited(store)[-1] == "break-lock"


@on_both_databases
def test_lock_ends_at_its_very_instant(ann: Client, bob: Client, document: str, clock: SettableClock) -> None:
    ann.lock(document, timeout="Second-60")
    moment = timedelta(microseconds=1)

    clock.advance(ONE_MINUTE - moment)
    assert bob("PUT", document, b"two").status == 423
    clock.advance(moment)
    assert bob("PUT", document, b"two").status == 204


def test_lock_outlives_a_restart_and_so_does_its_end(
    ann: Client, bob: Client, document: str, store: Store, serve: Serve, clock: SettableClock
) -> None:
    token = ann.lock(document, owner="Ann", timeout="Second-60")
    restarted = Store(Database(store.database.url.render_as_string(), clock), store.blobs, clock, store.policy)
    app = serve(restarted)
    later_ann, later_bob = ann.through(app), bob.through(app)

    assert [(lock.token, lock.owner) for lock in locks_of(later_ann, document)] == [(token, "Ann")]
    assert later_bob("PUT", document, b"two").status == 423
    assert later_ann("PUT", document, b"two", if_=f"(<{token}>)").status == 204
    clock.advance(ONE_MINUTE)
    assert later_bob("PUT", document, b"three").status == 204


def test_place_of_the_past_cannot_be_locked(ann: Client, document: str) -> None:
    for target in ("/dav/.versions/", "/dav/.versions/a.txt/", "/dav/.versions/a.txt/0001"):
        assert ann("LOCK", target, lockinfo()).status == 403
