"""``.at``: the tree as it stood at an instant, names, places, contents and metadata; read-only, and to be copied out of."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from davgate.core.store import Context, Policy, Store
from davgate.model.instant import to_datetime
from davgate.model.node import ROOT_ID
from davgate.model.rights import Right
from davgate.storage.api import access
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant
from tests.builders import a_collection, findings, node_at, with_policy
from tests.protocol.client import SET_AUTHOR, Client, lockinfo
from tests.protocol.conftest import Serve
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, message_of, prop_of, propfind
from tests.protocol.stored import add_documents, disable, history, origins, trashed
from tests.protocol.transcripts import play

STEP = timedelta(hours=1)


def moment(client: Client) -> str:
    """Return the address of the present in ``.at``, and let time go on before and after it."""
    client.clock.advance(timedelta(seconds=1))
    now = to_datetime(client.clock.now()).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    client.clock.advance(STEP)
    return f"/dav/.at/{now}"


def act(client: Client, transcript: str) -> str:
    """Play a transcript and return the folder of the moment after it."""
    client.clock.advance(STEP)
    play(client, transcript)
    client.clock.advance(STEP)
    return moment(client)


@on_both_databases
def test_names_places_and_contents_are_those_of_then(ann: Client, store: Store) -> None:
    nothing = moment(ann)
    first = act(ann, "MKCOL /f : 201\nPUT /f/a.txt one : 201\nPUT /b.txt two : 201")
    saved = act(ann, "PUT /f/a.txt three : 204")
    renamed = act(ann, "MOVE /f/a.txt -> /f/c.txt : 201")
    moved = act(ann, "MOVE /f -> /g : 201")
    deleted = act(ann, "DELETE /g : 204")
    again = act(ann, "PUT /b.txt four : 204\nMKCOL /f : 201\nPUT /f/a.txt other : 201")

    assert members(ann, f"{nothing}/") == []
    assert members(ann, f"{first}/") == ["b.txt", "f/"]
    assert members(ann, f"{first}/f/") == ["a.txt"]
    assert ann.get(f"{first}/f/a.txt") == b"one"
    assert ann.get(f"{saved}/f/a.txt") == b"three"
    assert members(ann, f"{renamed}/f/") == ["c.txt"]
    assert ann.status_of(f"{renamed}/f/a.txt") == 404
    assert ann.get(f"{renamed}/f/c.txt") == b"three"
    assert members(ann, f"{moved}/") == ["b.txt", "g/"]
    assert ann.get(f"{moved}/g/c.txt") == b"three"
    assert members(ann, f"{deleted}/") == ["b.txt"]
    assert ann.get(f"{deleted}/b.txt") == b"two"
    assert (ann.get(f"{again}/b.txt"), ann.get(f"{again}/f/a.txt")) == (b"four", b"other")
    assert members(ann, "/dav/") == ["b.txt", "f/"]
    assert findings(store) == []


@on_both_databases
def test_earlier_save_of_an_edit_session_is_what_was_there(ann: Client, store: Store) -> None:
    act(ann, "PUT /a.txt one : 201")
    tokens = play(ann, "LOCK /a.txt timeout=Second-86400 : 200 = n")
    moments = []
    for content in ("two", "three", "four"):
        ann.clock.advance(STEP)
        play(ann, f"PUT /a.txt {content} {{n}} : 204", tokens)
        moments.append(moment(ann))
    play(ann, "UNLOCK /a.txt {n} : 204", tokens)

    assert [ann.get(f"{at}/a.txt") for at in moments] == [b"two", b"three", b"four"]
    assert [version.no for version in history(store, ann.ctx, "/a.txt")] == [1, 2]


def test_metadata_are_those_of_the_version_of_then(ann: Client) -> None:
    ann("PUT", "/dav/a.html", b"one", content_type="text/html")
    first = moment(ann)
    ann("PUT", "/dav/a.html", b"three", content_type="application/xhtml+xml")

    (entry,) = propfind(ann, f"{first}/a.html", "getcontentlength", "getcontenttype", "getetag", "getlastmodified").values()

    assert (entry["getcontentlength"], entry["getcontenttype"]) == ("3", "text/html")
    assert entry["getlastmodified"] == "Fri, 20 Nov 2026 12:00:00 GMT"
    head = ann("HEAD", f"{first}/a.html")
    assert (head.etag, head.headers["content-type"]) == (entry["getetag"], "text/html")


def test_everything_is_shown_by_the_name_of_then(ann: Client) -> None:
    ann.mkcol("/dav/f")
    ann.put("/dav/f/a.txt", b"one")
    first = moment(ann)
    ann("MOVE", "/dav/f/a.txt", destination="/dav/f/b.txt")
    ann("MOVE", "/dav/f", destination="/dav/g")

    names = {target: prop_of(ann, target, "displayname") for target in (f"{first}/", f"{first}/f/", f"{first}/f/a.txt")}

    assert list(names.values()) == [first.rpartition("/")[2], "f", "a.txt"]
    listed = propfind(ann, f"{first}/f/", "displayname", depth="1")
    assert [entry["displayname"] for entry in listed.values()] == ["f", "a.txt"]


def test_content_has_ranges_and_conditions(ann: Client) -> None:
    ann.put("/dav/a.txt", b"0123456789")
    first = moment(ann)
    ann.put("/dav/a.txt", b"changed")
    target = f"{first}/a.txt"
    etag = ann("HEAD", target).etag

    part = ann("GET", target, range="bytes=2-4")
    assert (part.status, part.body) == (206, b"234")
    assert ann("GET", target, if_none_match=etag).status == 304
    assert ann("GET", target, if_match='"other"').status == 412


@pytest.mark.parametrize(
    "name",
    [
        "2026-11-20T13:00:00Z",
        "2026-11-20T13.00.00Z",
        "2026-11-20T13:00Z",
        "2026-11-20T13:00",
        "2026-11-20T13Z",
        "2026-11-20%2013:00",
        "2026-11-20T14:00+01:00",
        "2026-11-20T14.00+01.00",
        "2026-11-20T14:00+01",
        "2026-11-20T08:00:00.000001-0500",
        "2026-11-20T13:00:00,5Z",
        "2026-11-20T13.00.00.5Z",
    ],
)
def test_instant_is_written_in_many_ways(ann: Client, name: str) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.clock.advance(timedelta(hours=1, minutes=1))
    ann.put("/dav/a.txt", b"two")

    assert ann.get(f"/dav/.at/{name}/a.txt") == b"one"


def test_date_alone_is_its_midnight_in_the_time_zone(ann: Client, serve: Serve, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.clock.advance(timedelta(hours=11, minutes=30))  # 23:30 UTC is past midnight in Berlin
    ann.put("/dav/a.txt", b"two")
    ann.clock.advance(timedelta(days=2))
    berlin = ann.through(serve(with_policy(store, Policy(time_zone=ZoneInfo("Europe/Berlin")))))

    assert ann.get("/dav/.at/2026-11-21/a.txt") == b"two"
    assert berlin.get("/dav/.at/2026-11-21/a.txt") == b"one"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("yesterday", "is no instant"),
        ("2026-13-01", "is no instant"),
        ("2026-02-30T12:00", "is no instant"),
        ("2026-11-20T25:00", "is no instant"),
        ("2026-11-20T12:00+25:00", "is no instant"),
        ("2026-11-20T12:00+01:99", "is no instant"),
        ("2026-11-20Z", "is no instant"),
        ("20%C2%B2%36-11-20", "is no instant"),
        ("%D9%A2%D9%A0%D9%A2%D9%A6-11-20", "is no instant"),  # 2026 in Arabic digits
        ("0000-01-01", "is no instant"),
        ("2026-11-20T13:00Z", "has yet to come"),
        ("9999-12-31", "has yet to come"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PROPFIND"])
def test_name_that_is_no_instant_of_the_past_is_404_with_the_reason(ann: Client, name: str, reason: str, method: str) -> None:
    answer = ann(method, f"/dav/.at/{name}/", depth="1")

    assert answer.status == 404
    assert reason in message_of(answer)


@pytest.mark.parametrize(("method", "source"), [("GET", "b.txt"), ("PROPFIND", "b.txt"), ("COPY", "b.txt"), ("GET", "f/b.txt")])
def test_what_was_not_there_is_told_by_its_address_in_the_past(ann: Client, method: str, source: str) -> None:
    before = moment(ann)
    play(ann, "MKCOL /f : 201\nPUT /f/b.txt one : 201\nPUT /b.txt one : 201")

    answer = ann(method, f"{before}/{source}", depth="0", destination="/dav/c.txt")

    assert answer.status == 404
    assert f"{before.removeprefix('/dav')}/{source}" in message_of(answer)


def test_recent_midnights_are_listed(ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.clock.advance(timedelta(days=1))

    listed = members(ann, "/dav/.at/")
    assert listed == [f"2026-11-{day}T00.00Z/" for day in range(21, 14, -1)]
    assert [members(ann, f"/dav/.at/{name}") for name in listed[:2]] == [["a.txt"], []]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("PUT", {}),
        ("DELETE", {}),
        ("MKCOL", {}),
        ("PROPPATCH", {}),
        ("LOCK", {}),
        ("UNLOCK", {"lock_token": "<opaquelocktoken:1>"}),
        ("MOVE", {"destination": "/dav/out.txt"}),
        ("CHECKOUT", {}),
        ("CHECKIN", {}),
        ("UNCHECKOUT", {}),
        ("VERSION-CONTROL", {}),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "new.txt", "folder/new.txt", ""])
def test_write_into_the_past_is_403_with_a_reason(
    ann: Client, store: Store, method: str, headers: dict[str, str], name: str
) -> None:
    ann.put("/dav/a.txt", b"one")
    first = moment(ann)
    body = {"PROPPATCH": SET_AUTHOR, "LOCK": lockinfo(), "PUT": "content"}.get(method, "")

    answer = ann(method, f"{first}/{name}", body, **headers)

    assert answer.status == 403, answer
    assert "shows the past and cannot be changed. Copy out of it" in message_of(answer)
    assert members(ann, "/dav/") == ["a.txt"]
    assert ann.get("/dav/a.txt") == b"one"


@pytest.mark.parametrize("source", ["today", "past"])
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize("name", ["a.txt", "b.txt", ""])
def test_nothing_goes_into_the_past(ann: Client, method: str, source: str, name: str) -> None:
    ann.put("/dav/a.txt", b"one")
    first = moment(ann)
    target = "/dav/a.txt" if source == "today" else f"{first}/a.txt"

    answer = ann(method, target, destination=f"{first}/{name}")

    assert answer.status == 403
    assert "shows the past" in message_of(answer)
    assert ann.get("/dav/a.txt") == b"one"


def test_listing_of_all_below_is_refused_as_today(ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")

    assert ann("PROPFIND", f"{moment(ann)}/", depth="infinity").status == 403


# Bringing back


@on_both_databases
def test_document_copied_out_is_a_new_one(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    first = moment(ann)
    assert ann("DELETE", "/dav/a.txt").status == 204
    ann.clock.advance(STEP)

    assert ann("COPY", f"{first}/a.txt", destination="/dav/b.txt").status == 201

    assert ann.get("/dav/b.txt") == b"one"
    assert [version.no for version in history(store, ann.ctx, "/b.txt")] == [1]
    assert "as of 2026-11-20T12:00:01" in origins(store)[-1]
    assert findings(store) == []


@on_both_databases
def test_document_copied_out_onto_itself_is_its_next_version(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    first = moment(ann)
    ann.put("/dav/a.txt", b"two")
    ann.clock.advance(STEP)
    identity = node_at(store, ann.ctx, "/a.txt").uuid

    assert ann("COPY", f"{first}/a.txt", destination="/dav/a.txt", overwrite="F").status == 412
    assert ann("COPY", f"{first}/a.txt", destination="/dav/a.txt").status == 204

    assert node_at(store, ann.ctx, "/a.txt").uuid == identity
    found = history(store, ann.ctx, "/a.txt")
    assert [(version.no, version.cause.value) for version in found][-1] == (3, "revert")
    assert found[-1].origin == "version 1"
    assert ann.get("/dav/a.txt") == b"one"


def test_copy_of_what_a_session_had_saved_by_then_is_not_told_as_its_version(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    tokens = play(ann, "LOCK /a.txt : 200 = T\nPUT /a.txt two {T} : 204")
    ann.clock.advance(timedelta(seconds=1))
    within = f"/dav/.at/{to_datetime(ann.clock.now()):%Y-%m-%dT%H:%M:%SZ}"
    ann.clock.advance(timedelta(seconds=1))
    play(ann, "PUT /a.txt three {T} : 204\nUNLOCK /a.txt {T} : 204", tokens)

    assert ann("COPY", f"{within}/a.txt", destination="/dav/a.txt").status == 204

    assert ann.get("/dav/a.txt") == b"two"
    assert history(store, ann.ctx, "/a.txt")[-1].origin == "earlier save of version 2"


def test_document_copied_out_onto_another_is_its_next_version(ann: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.put("/dav/b.txt", b"two")
    first = moment(ann)
    identity = node_at(store, ann.ctx, "/b.txt").uuid

    assert ann("COPY", f"{first}/a.txt", destination="/dav/b.txt").status == 204

    assert node_at(store, ann.ctx, "/b.txt").uuid == identity
    assert [version.no for version in history(store, ann.ctx, "/b.txt")] == [1, 2]


@on_both_databases
def test_whole_folder_comes_back_as_it_was(ann: Client, store: Store) -> None:
    first = act(
        ann,
        """
        MKCOL /f : 201
        MKCOL /f/g : 201
        PUT /f/a.txt one : 201
        PUT /f/g/b.txt two : 201
        PUT /f/pending.txt empty : 201
        PUT /f/~x.tmp junk : 201
        """,
    )
    act(ann, "PUT /f/a.txt three : 204\nMOVE /f/g -> /g : 201\nDELETE /f : 204\nPUT /g/b.txt four : 204")

    assert ann("COPY", f"{first}/f", destination="/dav/f").status == 201

    assert members(ann, "/dav/f/") == ["a.txt", "g/"]
    assert ann.get("/dav/f/a.txt") == b"one"
    assert ann.get("/dav/f/g/b.txt") == b"two"
    assert ann.get("/dav/g/b.txt") == b"four"
    assert [version.no for version in history(store, ann.ctx, "/f/a.txt")] == [1]
    assert findings(store) == []


def test_folder_alone_comes_back_without_depth(ann: Client) -> None:
    first = act(ann, "MKCOL /f : 201\nPUT /f/a.txt one : 201")
    ann("DELETE", "/dav/f")
    ann.clock.advance(STEP)

    assert ann("COPY", f"{first}/f", destination="/dav/f", depth="0").status == 201
    assert members(ann, "/dav/f/") == []


@on_both_databases
def test_whole_tree_comes_back_into_a_folder(ann: Client, store: Store) -> None:
    first = act(ann, "MKCOL /f : 201\nPUT /f/a.txt one : 201\nPUT /b.txt two : 201")
    act(ann, "PUT /b.txt three : 204\nDELETE /f : 204")

    assert ann("COPY", f"{first}/", destination="/dav/as it was".replace(" ", "%20")).status == 201

    assert members(ann, "/dav/as%20it%20was/") == ["b.txt", "f/"]
    assert ann.get("/dav/as%20it%20was/f/a.txt") == b"one"
    assert ann.get("/dav/as%20it%20was/b.txt") == b"two"
    assert findings(store) == []


def test_folder_copied_out_onto_itself_replaces_what_it_is_today(ann: Client, store: Store) -> None:
    first = act(ann, "MKCOL /f : 201\nPUT /f/a.txt one : 201")
    act(ann, "PUT /f/a.txt two : 204\nPUT /f/b.txt three : 201")

    assert ann("COPY", f"{first}/f", destination="/dav/f", overwrite="F").status == 412
    assert ann("COPY", f"{first}/f", destination="/dav/f").status == 204

    assert members(ann, "/dav/f/") == ["a.txt"]
    assert ann.get("/dav/f/a.txt") == b"one"
    assert trashed(store) == ["/f"]
    assert findings(store) == []


def test_earlier_save_of_a_session_is_copied_out_as_it_was(ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    token = ann.lock("/dav/a.txt")
    condition = f"</dav/a.txt> (<{token}>)"
    assert ann("PUT", "/dav/a.txt", b"two", if_=condition).status == 204
    between = moment(ann)
    assert ann("PUT", "/dav/a.txt", b"three", if_=condition).status in (204, 412)

    assert ann("COPY", f"{between}/a.txt", destination="/dav/b.txt").status == 201
    assert ann.get("/dav/b.txt") == b"two"


@pytest.mark.parametrize(
    ("name", "destination", "status"),
    [
        ("missing.txt", "/dav/b.txt", 404),
        ("a.txt", "/dav/missing/b.txt", 409),
        ("a.txt", "/dav/folder", 204),
        ("a.txt", "/dav/.trash", 403),
        ("a.txt", "/dav/%01", 400),
        ("", "/dav", 403),
    ],
)
def test_copy_out_goes_where_any_copy_may(ann: Client, store: Store, name: str, destination: str, status: int) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.mkcol("/dav/folder")
    first = moment(ann)

    assert ann("COPY", f"{first}/{name}", destination=destination).status == status
    assert len(members(ann, "/dav/")) == 2
    assert findings(store) == []


def test_conditions_of_a_copy_out_are_held_against_what_was_there(ann: Client) -> None:
    # RFC 9110, 13.1.1: they name the target of the request, which is the source of a copy
    ann.put("/dav/a.txt", b"one")
    first = moment(ann)
    ann.put("/dav/a.txt", b"two")
    then, today = (ann("HEAD", target).etag for target in (f"{first}/a.txt", "/dav/a.txt"))

    assert ann("COPY", f"{first}/a.txt", destination="/dav/b.txt", if_match=today).status == 412
    assert ann("COPY", f"{first}/a.txt", destination="/dav/b.txt", if_=f"</dav/a.txt> ([{then}])").status == 412
    assert ann.status_of("/dav/b.txt") == 404
    assert ann("COPY", f"{first}/a.txt", destination="/dav/b.txt", if_match=then, if_=f"</dav/a.txt> ([{today}])").status == 201


def test_copy_out_is_held_by_the_locks_of_its_destination(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    first = moment(ann)
    token = ann.lock("/dav/a.txt")

    assert bob("COPY", f"{first}/a.txt", destination="/dav/a.txt").status == 423
    assert ann("COPY", f"{first}/a.txt", destination="/dav/a.txt", if_=f"</dav/a.txt> (<{token}>)").status == 204


# Who sees what, and at what cost


def test_rights_are_those_of_today(ann: Client, bob: Client, store: Store) -> None:
    ann.mkcol("/dav/f")
    ann.put("/dav/f/a.txt", b"one")
    first = moment(ann)
    _grant_to_ann_alone(store, ann.ctx)

    assert ann.get(f"{first}/f/a.txt") == b"one"
    assert bob.status_of(f"{first}/f/a.txt") == 404
    assert bob("PROPFIND", f"{first}/", depth="1").status == 404


def _grant_to_ann_alone(store: Store, ann: Context) -> None:
    with store.database.write() as tx:
        tx.run(Statement(delete(access_grant)))
        access.grant(tx, ROOT_ID, ann.principal.id, (Right.READ | Right.BIND).value)
        tx.commit()


def test_past_is_closed_at_once_to_a_disabled_account(ann: Client, bob: Client, store: Store) -> None:
    ann.put("/dav/a.txt", b"one")
    first = moment(ann)
    assert ann.get(f"{first}/a.txt") == b"one"  # The sign-in is remembered from here on.
    disable(store, ann.ctx)

    assert ann("PROPFIND", f"{first}/", depth="1").status == 401
    for method in ("GET", "PROPFIND", "COPY"):
        assert ann(method, f"{first}/a.txt", destination="/dav/x", depth="0").status == 401
    assert bob.get(f"{first}/a.txt") == b"one"


def test_scratch_files_and_pending_documents_were_not_there(ann: Client) -> None:
    first = act(ann, "PUT /~x.tmp one : 201\nPUT /pending.txt empty : 201\nPUT /real.txt one : 201")

    assert members(ann, f"{first}/") == ["real.txt"]


def test_page_for_browsers_links_within_the_past(ann: Client) -> None:
    ann.mkcol("/dav/f")
    ann.put("/dav/f/a.txt", b"one")
    first = moment(ann)

    page = ann("GET", f"{first}/f/")

    assert page.status == 200
    assert f'href="{first}/f/a.txt"' in page.body.decode()
    assert b".versions" not in page.body


@pytest.mark.parametrize("depth", ["0", "1"])
def test_listing_takes_three_statements_however_many_members(ann: Client, statements: list[str], depth: str) -> None:
    ann.mkcol("/dav/f")
    for number in range(40):
        ann.put(f"/dav/f/{number}.txt", b"one")
    first = moment(ann)
    for number in range(40):
        ann("MOVE", f"/dav/f/{number}.txt", destination=f"/dav/f/{number}-renamed.txt")

    statements.clear()
    found = propfind(ann, f"{first}/f/", "getetag", "getcontentlength", depth=depth)

    assert len(found) == (41 if depth == "1" else 1)
    assert len(statements) <= 3, "\n".join(statements)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_content_takes_one_statement_and_one_for_the_rights_of_today(
    ann: Client, store: Store, statements: list[str], method: str
) -> None:
    ann.mkcol("/dav/f")
    for number in range(30):
        ann.put("/dav/f/a.txt", str(number))
    first = moment(ann)
    assert ann.get("/dav/f/a.txt") == b"29"  # The sign-in is remembered from here on.
    store.database.close()
    statements.clear()

    assert ann(method, f"{first}/f/a.txt").status == 200
    assert len(statements) == 2, "\n".join(statements)


def test_large_folder_is_streamed_and_copied_as_it_was(ann: Client, store: Store) -> None:
    add_documents(store, ann.ctx, a_collection(store, ann.ctx, "/big"), (f"{number:05d}" for number in range(4100)))
    first = moment(ann)
    ann("MOVE", "/dav/big", destination="/dav/moved")
    for number in range(3):
        ann("DELETE", f"/dav/moved/{number:05d}")

    assert len(propfind(ann, f"{first}/big/", "getetag", depth="1")) == 4101
    cut_off = ann.stream("PROPFIND", f"{first}/big/", depth="1")
    assert isinstance(cut_off, Generator) and next(cut_off)
    cut_off.close()
    assert ann("GET", f"{first}/big/").body.count(b'href="/dav/.at/') >= 4100
    assert ann("COPY", f"{first}/big", destination="/dav/big").status == 201
    assert len(members(ann, "/dav/big/")) == 4100


def test_instant_before_everything_is_an_empty_tree(ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")

    assert members(ann, "/dav/.at/1999-12-31/") == []
