"""Quota properties and refusals for want of space (RFC 4331)."""

from __future__ import annotations

from davgate.core.principals import granting
from davgate.core.store import Policy, Store
from tests.builders import path, with_policy
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import entries, error_of, members, propfind
from tests.protocol.stored import history

QUOTA = ("quota-used-bytes", "quota-available-bytes")


def test_without_a_quota_only_the_used_bytes_are_shown(ann: Client) -> None:
    # The Finder takes 0 available for a full disk and nothing for no limit.
    ann.put("/dav/a.txt", bytes(1000))

    (entry,) = propfind(ann, "/dav/", *QUOTA).values()

    assert entry["quota-used-bytes"] == "1000"
    assert entry.named(404) == {"quota-available-bytes"}


@on_both_databases
def test_quota_shows_used_and_available_bytes_on_collections(ann: Client, store: Store, serve: Serve) -> None:
    limited = ann.through(serve(with_policy(store, Policy(quota_bytes=5000))))
    limited.mkcol("/dav/folder")
    limited.put("/dav/folder/a.txt", bytes(1000))
    limited.put("/dav/folder/a.txt", b"x" * 500)

    found = propfind(limited, "/dav/folder", *QUOTA, depth="1")

    assert [found["/dav/folder/"][name] for name in QUOTA] == ["1500", "3500"]
    assert found["/dav/folder/a.txt"].named(404) == set(QUOTA)


@on_both_databases
def test_quota_tells_nothing_of_what_is_hidden(ann: Client, root_admin: Client, store: Store, serve: Serve) -> None:
    # Equal content is stored once: to the byte it would tell whether somebody has a file, and how large others are.
    app = serve(with_policy(store, Policy(quota_bytes=1_000_000)))
    limited, admin = ann.through(app), root_admin.through(app)
    admin.mkcol("/dav/closed")
    granting.close(store, root_admin.ctx, path("/closed"))
    told = []
    for target, content in (("/dav/closed/a", b"secret" * 100), ("/dav/b", b"secret" * 100), ("/dav/c", b"others" * 100)):
        (admin if "closed" in target else limited).put(target, content)
        (entry,) = propfind(limited, "/dav/", *QUOTA).values()
        told.append([entry[name] for name in QUOTA])

    assert told == [["10000", "990000"]] * 3
    (entry,) = propfind(admin, "/dav/", *QUOTA).values()
    assert [entry[name] for name in QUOTA] == ["1200", "998800"]
    (entry,) = propfind(ann, "/dav/", *QUOTA).values()
    assert entry.named(404) == set(QUOTA)


def test_quota_is_not_in_allprop_but_in_propname(ann: Client) -> None:
    # RFC 4331, 3: it may be costly to compute
    (all_,) = propfind(ann, "/dav/").values()
    (names,) = entries(ann("PROPFIND", "/dav/", '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>', depth="0")).values()

    assert "quota-used-bytes" not in all_.properties
    assert "quota-used-bytes" in names.properties


@on_both_databases
def test_put_beyond_the_quota_is_507_and_changes_nothing(ann: Client, store: Store, serve: Serve) -> None:
    limited = ann.through(serve(with_policy(store, Policy(quota_bytes=5000))))
    limited.put("/dav/a.txt", bytes(4000))

    for target in ("/dav/a.txt", "/dav/new.txt"):
        response = limited("PUT", target, b"x" * 1001)
        assert (response.status, error_of(response)) == (507, ("quota-not-exceeded", []))
    assert members(ann, "/dav/") == ["a.txt"]
    assert ann.get("/dav/a.txt") == bytes(4000)
    assert len(history(store, ann.ctx, "/a.txt")) == 1
    (entry,) = propfind(limited, "/dav/", *QUOTA).values()
    assert [entry[name] for name in QUOTA] == ["4000", "1000"]

    assert limited("PUT", "/dav/a.txt", b"x" * 1000).status == 204


def test_above_a_lowered_quota_what_takes_no_room_is_allowed(ann: Client, store: Store, serve: Serve) -> None:
    ann.put("/dav/empty.txt", b"x")
    ann.put("/dav/empty.txt", b"")
    token = ann.lock("/dav/new.txt")
    limited = ann.through(serve(with_policy(store, Policy(quota_bytes=1))))
    ann.put("/dav/a.txt", bytes(1000))

    assert limited("UNLOCK", "/dav/new.txt", lock_token=f"<{token}>").status == 204
    assert limited("COPY", "/dav/a.txt", destination="/dav/b.txt").status == 201
    assert limited("PUT", "/dav/c.txt", b"more").status == 507
