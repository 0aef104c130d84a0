"""The provider under a stock WsgiDAV application: whatever WsgiDAV's own handlers do, core decides."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from davgate.core.describing import describe
from davgate.core.store import Context, Store
from tests.builders import LARGE, path
from tests.protocol.client import Client, Response, lockinfo
from tests.protocol.conftest import Serve
from tests.protocol.multistatus import entries, error_of, locks_of, members, propfind
from tests.protocol.stored import audited, history, origins, trashed
from tests.stock import stock_application

X = "{urn:x}"
VERSION_1 = "0001 2026-11-20 12.00 ann.txt"


@pytest.fixture
def app(store: Store) -> Any:
    """A stock application in the place of davgate's own."""
    stock = stock_application(store)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return stock(environ, lambda status, fields, exc_info: start_response(status, fields))

    return application


@contextmanager
def selects(store: Store) -> Iterator[list[str]]:
    """Collect the SELECT statements that reach SQLite."""
    seen: list[str] = []
    connection = store.database.take(writing=False)
    connection.driver.set_trace_callback(lambda sql: seen.append(sql) if sql.startswith(("SELECT", "WITH")) else None)
    store.database.give_back(connection)
    try:
        yield seen
    finally:
        connection.driver.set_trace_callback(None)


def proppatch(*instructions: str) -> str:
    return f'<D:propertyupdate xmlns:D="DAV:" xmlns:X="urn:x">{"".join(instructions)}</D:propertyupdate>'


def setting(element: str) -> str:
    return f"<D:set><D:prop>{element}</D:prop></D:set>"


def statuses(response: Response) -> dict[str, int]:
    """Return how each property of a PROPPATCH fared; WsgiDAV adds a description, so that it is no plain multistatus."""
    return {
        str(element.tag): int((propstat.findtext("{DAV:}status") or "").split(" ")[1])
        for propstat in response.xml.iter("{DAV:}propstat")
        for element in propstat[0]
    }


# Sign-in


def test_request_without_or_with_wrong_sign_in_is_challenged(nobody: Client, ann: Client) -> None:
    ann.put("/dav/a.txt")

    assert nobody("GET", "/dav/a.txt").headers["www-authenticate"] == 'Basic realm="davgate"'
    assert nobody("GET", "/dav/a.txt", authorization="Basic YW5uOndyb25n").status == 401


# Content


@pytest.mark.parametrize("content", [b"one", LARGE], ids=["in-the-database", "in-a-file"])
def test_put_makes_a_version_each_time_the_bytes_differ(store: Store, ann: Client, content: bytes) -> None:
    assert ann("PUT", "/dav/a.txt", content, content_type="text/plain; charset=utf-8").status == 201
    response = ann("PUT", "/dav/a.txt", content + b"2")
    assert ann("PUT", "/dav/a.txt", content + b"2").status == 204

    assert response.status == 204
    assert response.etag == ann("GET", "/dav/a.txt").etag
    assert [version.no for version in history(store, ann.ctx, "/a.txt")] == [1, 2]
    assert history(store, ann.ctx, "/a.txt")[0].content.media_type == "text/plain; charset=utf-8"
    assert ann.get("/dav/a.txt") == content + b"2"
    assert ann("GET", "/dav/a.txt", range="bytes=1-2").body == (content + b"2")[1:3]


def test_put_shorter_than_announced_leaves_everything_as_it_was(ann: Client) -> None:
    ann.put("/dav/a.txt", b"whole")

    for target in ("/dav/a.txt", "/dav/new.txt"):
        assert ann.send("PUT", target, io.BytesIO(b"cut"), content_length="100").status == 400

    assert (ann.get("/dav/a.txt"), members(ann, "/dav/")) == (b"whole", ["a.txt"])


class _Broken(io.BytesIO):
    """A body whose connection breaks after the first block."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError("connection reset")
        return super().read(3)


def test_put_that_breaks_off_leaves_everything_as_it_was(ann: Client) -> None:
    ann.put("/dav/a.txt", b"whole")

    for target in ("/dav/a.txt", "/dav/new.txt"):
        assert ann.send("PUT", target, _Broken(b"cut off"), transfer_encoding="chunked").status == 500

    assert (ann.get("/dav/a.txt"), members(ann, "/dav/")) == (b"whole", ["a.txt"])


def test_condition_on_an_unmapped_name_holds_in_the_commit(ann: Client) -> None:
    assert ann("PUT", "/dav/a.txt", b"one", if_match="*").status == 412
    assert ann.status_of("/dav/a.txt") == 404


def test_encoded_name_that_core_refuses_is_400(ann: Client) -> None:
    assert ann("PUT", "/dav/a%01.txt", b"one").status == 400


# Locks


def test_write_under_a_foreign_lock_is_423_with_the_lock_root(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    token = ann.lock("/dav/a.txt")

    for client, headers in ((bob, {}), (bob, {"if_": f"(<{token}>) (Not <DAV:no-lock>)"}), (ann, {})):
        response = client("PUT", "/dav/a.txt", b"two", **headers)
        assert response.status == 423
        assert error_of(response) == ("lock-token-submitted", ["/dav/a.txt"])
    assert ann("PUT", "/dav/a.txt", b"two", if_=f"(<{token}>)").status == 204
    assert bob.get("/dav/a.txt") == b"two"


def test_lock_on_an_unmapped_name_makes_a_pending_document(store: Store, ann: Client) -> None:
    response = ann("LOCK", "/dav/new.txt", lockinfo(owner="<D:href>mailto:ann</D:href>"), timeout="Second-90", depth="0")

    token = response.headers["lock-token"][1:-1]
    (lock,) = locks_of(ann, "/dav/new.txt")
    assert response.status == 201
    assert (lock.token, lock.owner, lock.depth, lock.timeout, lock.root) == (
        token,
        "mailto:ann",
        "0",
        "Second-90",
        "/dav/new.txt",
    )
    assert history(store, ann.ctx, "/new.txt") == ()
    assert ann("PUT", "/dav/new.txt", b"one", if_=f"(<{token}>)").status == 204
    assert ann("UNLOCK", "/dav/new.txt", lock_token=f"<{token}>").status == 204
    assert (locks_of(ann, "/dav/new.txt"), len(history(store, ann.ctx, "/new.txt"))) == ([], 1)


@pytest.mark.parametrize("depth", ["0", "infinity"])
def test_lock_on_an_unmapped_name_below_a_foreign_lock_leaves_nothing(ann: Client, bob: Client, depth: str) -> None:
    ann.mkcol("/dav/folder")
    ann.lock("/dav/folder", depth=depth)

    assert bob("LOCK", "/dav/folder/new.txt", lockinfo()).status == 423
    assert members(ann, "/dav/folder") == []


def test_lock_that_stands_refuses_another(ann: Client, bob: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    ann.lock("/dav/folder/a.txt", scope="shared")

    response = bob("LOCK", "/dav/folder", lockinfo("exclusive"))

    assert (response.status, error_of(response)) == (423, ("no-conflicting-lock", ["/dav/folder/a.txt"]))
    assert bob("LOCK", "/dav/folder/a.txt", lockinfo("shared")).status == 200


def test_lock_on_a_collection_is_discovered_and_refreshed_at_its_members(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    token = ann.lock("/dav/folder", timeout="Second-60")

    assert ann("LOCK", "/dav/folder/a.txt", if_=f"(<{token}>)", timeout="Second-500").status == 200
    listed = propfind(ann, "/dav/folder", "lockdiscovery", depth="1")

    assert [(lock.token, lock.root, lock.timeout) for lock in locks_of(ann, "/dav/folder/a.txt")] == [
        (token, "/dav/folder/", "Second-500")
    ]
    assert all(entry.properties["lockdiscovery"].element.find(".//{*}activelock") is not None for entry in listed.values())


def test_lock_is_neither_refreshed_nor_ended_by_another_who_knows_its_token(ann: Client, bob: Client) -> None:
    ann.put("/dav/a.txt")
    token = ann.lock("/dav/a.txt", timeout="Second-60")

    assert bob("LOCK", "/dav/a.txt", if_=f"<http://drive.test/dav/a.txt> (<{token}>)", timeout="Second-500").status == 412
    assert bob("UNLOCK", "/dav/a.txt", lock_token=f"<{token}>").status == 403
    assert ann("UNLOCK", "/dav/", lock_token=f"<{token}>").status == 409
    assert [lock.timeout for lock in locks_of(ann, "/dav/a.txt")] == ["Second-60"]


# Whole trees


def test_delete_moves_a_folder_to_the_trash_in_one_act(store: Store, ann: Client, bob: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt")
    token = ann.lock("/dav/folder/a.txt")

    assert bob("DELETE", "/dav/folder").status == 423
    assert trashed(store) == []
    assert ann("DELETE", "/dav/folder", if_=f"</dav/folder/a.txt> (<{token}>)").status == 204
    assert (trashed(store), audited(store)[-1], ann.status_of("/dav/folder")) == (["/folder"], "delete", 404)


def test_copy_and_move_take_a_whole_tree_in_one_act(store: Store, ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt", b"one")
    identity = prop_of_id(ann, "/dav/folder/a.txt")
    before = len(audited(store))

    assert ann("COPY", "/dav/folder", destination="/dav/copy").status == 204
    assert ann("MOVE", "/dav/folder", destination="http://drive.test/dav/moved").status == 204

    assert audited(store)[before:] == ["copy", "move"]
    assert members(ann, "/dav/") == ["copy/", "moved/"]
    assert ann.get("/dav/copy/a.txt") == b"one"
    assert prop_of_id(ann, "/dav/moved/a.txt") == identity != prop_of_id(ann, "/dav/copy/a.txt")


def prop_of_id(client: Client, target: str) -> str | None:
    (entry,) = propfind(client, target, "resource-id").values()
    return entry.properties["resource-id"].element[0].text


def test_move_needs_the_tokens_of_locked_members_and_no_more(ann: Client) -> None:
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt", b"one")
    token = ann.lock("/dav/folder/a.txt")

    assert ann("MOVE", "/dav/folder", destination="/dav/moved").status == 423
    assert ann("MOVE", "/dav/folder", destination="/dav/moved", if_=f"</dav/folder/a.txt> (<{token}>)").status == 204
    assert locks_of(ann, "/dav/moved/a.txt") == []


def test_copy_without_overwrite_is_refused_and_with_it_keeps_the_history(store: Store, ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.put("/dav/b.txt", b"two")

    assert ann("COPY", "/dav/a.txt", destination="/dav/b.txt", overwrite="F").status == 412
    assert ann.get("/dav/b.txt") == b"two"
    assert ann("COPY", "/dav/a.txt", destination="/dav/b.txt").status == 204
    assert [version.no for version in history(store, ann.ctx, "/b.txt")] == [1, 2]


# Properties


def test_proppatch_stores_all_updates_of_a_request_in_one_act(store: Store, ann: Client) -> None:
    ann.put("/dav/a.txt")
    assert ann("PROPPATCH", "/dav/a.txt", proppatch(setting("<X:old/>"))).status == 207
    before = len(audited(store))

    body = proppatch(
        setting('<X:author xml:lang="de">Ännchen <X:b/></X:author><plain xmlns="">&lt;</plain>'),
        "<D:remove><D:prop><X:old/></D:prop></D:remove>",
    )
    (answer,) = entries(ann("PROPPATCH", "/dav/a.txt", body)).values()
    (found,) = propfind(ann, "/dav/a.txt").values()

    assert answer.named(200) == {X + "author", "plain", X + "old"}
    assert audited(store)[before:] == ["properties"]
    assert (found[X + "author"], found["plain"]) == ("Ännchen ", "<")
    assert found.properties[X + "author"].element.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"
    assert X + "old" not in found.properties


@pytest.mark.parametrize(
    ("refused", "status"),
    [('<D:getetag>"a"</D:getetag>', 403), ("<X:late>&e;</X:late>", 400)],
    ids=["protected", "reference-to-an-entity"],
)
def test_proppatch_with_one_refused_update_stores_none(ann: Client, refused: str, status: int) -> None:
    ann.put("/dav/a.txt")
    document_type = '<!DOCTYPE x [<!ENTITY e "text">]>'

    response = ann("PROPPATCH", "/dav/a.txt", document_type + proppatch(setting("<X:early>1</X:early>"), setting(refused)))

    assert sorted(statuses(response).values(), reverse=True) == [424, status]
    (found,) = propfind(ann, "/dav/a.txt").values()
    assert X + "early" not in found.properties


def test_proppatch_that_core_refuses_is_refused_for_every_update(ann: Client) -> None:
    ann.put("/dav/a.txt")

    response = ann("PROPPATCH", "/dav/.versions/a.txt", proppatch(setting("<X:a/>"), setting("<X:b/>")))

    assert statuses(response) == {X + "a": 403, X + "b": 403}


def test_typed_metadata_is_set_and_shown_as_on_the_drive(store: Store, ann: Client, serve: Serve) -> None:
    ann.put("/dav/a.txt")
    title = setting('<g:title xmlns:g="urn:davgate">Offer</g:title>')
    asked = '<D:propfind xmlns:D="DAV:"><D:prop><g:title xmlns:g="urn:davgate"/></D:prop></D:propfind>'

    assert statuses(ann("PROPPATCH", "/dav/a.txt", proppatch(title))) == {"{urn:davgate}title": 200}

    for client in (ann, ann.through(serve(store))):
        (entry,) = entries(client("PROPFIND", "/dav/a.txt", asked, depth="0")).values()
        assert entry["{urn:davgate}title"] == "Offer"
    assert describe(store, ann.ctx, path("/a.txt")).it.metadata == {"title": "Offer"}
    kept = setting('<y:unknown xmlns:y="urn:davgate:yuuvis">x</y:unknown>')
    assert statuses(ann("PROPPATCH", "/dav/a.txt", proppatch(kept))) == {"{urn:davgate:yuuvis}unknown": 403}


def test_listing_costs_the_same_statements_for_few_and_many_members(store: Store, ann: Client) -> None:
    ann.mkcol("/dav/few")
    ann.mkcol("/dav/many")
    for no in range(20):
        ann.put(f"/dav/many/{no:02}.txt")
        ann("PROPPATCH", f"/dav/many/{no:02}.txt", proppatch(setting("<X:no/>")))
    ann.put("/dav/few/a.txt")
    ann.lock("/dav/many/00.txt")

    ann.put("/dav/warm.txt")
    with selects(store) as few:
        ann("PROPFIND", "/dav/few/", depth="1")
    # What was read is remembered until somebody commits.
    ann.put("/dav/warm.txt", b"again")
    with selects(store) as many:
        (_, first, *others) = propfind(ann, "/dav/many/", depth="1").values()

    # Sign-in, the resource, then what a listing takes.
    assert len(few) == len(many) <= 2 + 4
    assert len(others) == 19
    assert first.properties["lockdiscovery"].element[0] is not None
    assert first.named(200) > {"getetag", "getcontentlength", X + "no"}


def test_directory_browser_shows_a_folder(ann: Client) -> None:
    ann.put("/dav/a.txt")

    assert b"a.txt" in ann.get("/dav/")


def test_quota_is_told_when_asked_for(ann: Client) -> None:
    ann.put("/dav/a.txt", b"12345")

    (entry,) = propfind(ann, "/dav/", "quota-used-bytes", "quota-available-bytes").values()

    assert entry["quota-used-bytes"] == "5"
    assert entry.named(404) == {"quota-available-bytes"}


# The past


def test_version_folders_are_read_and_restored_from_but_never_written(store: Store, ann: Client) -> None:
    ann.put("/dav/a.txt", b"one")
    ann.put("/dav/a.txt", b"two")
    folder, file = "/dav/.versions/a.txt/", f"/dav/.versions/a.txt/{VERSION_1}".replace(" ", "%20")

    assert members(ann, "/dav/.versions/") == ["a.txt/"]
    assert members(ann, folder)[0] == VERSION_1
    assert ann.get(file) == b"one"
    for method, headers in (("PUT", {}), ("DELETE", {}), ("MOVE", {"destination": "/dav/b.txt"}), ("LOCK", {})):
        assert ann(method, file, lockinfo() if method == "LOCK" else b"", **headers).status == 403, method
    assert ann("PUT", f"{folder}new.txt", b"x").status == 403
    assert ann("MKCOL", f"{folder}new").status == 403
    assert ann("COPY", "/dav/a.txt", destination=f"{folder}new.txt").status == 403
    assert ann("COPY", file, destination="/dav/a.txt").status == 204
    assert (ann.get("/dav/a.txt"), origins(store)[-1]) == (b"one", "version 1")


# What WsgiDAV's handlers leave to other code


@pytest.fixture
def folder(store: Store, ann: Client) -> Any:
    """A collection as code outside the handlers meets it: with a document, and a lock of its own user on that."""
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/a.txt", b"one")
    ann.lock("/dav/folder/a.txt")
    return resource(store, ann.ctx, "/folder")


def resource(store: Store, ctx: Context, path: str) -> Any:
    provider = stock_application(store).provider_map["/dav"]
    environ = {
        "wsgidav.provider": provider,
        "davgate.signed_in": ctx.principal,
        "PATH_INFO": path,
        "SERVER_NAME": "drive.test",
    }
    provider.custom_request_handler(environ, None, lambda environ, start_response: ())
    return provider.get_resource_inst(path, environ)


def test_locks_below_a_collection_are_listed_and_ended(folder: Any) -> None:
    manager, url = folder.provider.lock_manager, folder.get_ref_url()

    (lock,) = manager.get_url_lock_list(url, recursive=True)
    assert (lock["root"], lock["scope"], lock["principal"]) == ("/dav/folder/a.txt", "exclusive", "ann")
    assert manager.is_url_locked("/dav/folder/a.txt")
    assert not folder.is_locked()

    folder.remove_all_locks(recursive=True)
    assert manager.get_url_lock_list(url, recursive=True) == []


def test_steps_of_a_copy_move_and_delete_by_hand(store: Store, folder: Any, ann: Client) -> None:
    folder.remove_all_locks(recursive=True)
    folder.copy_move_single("/copy", is_move=False)
    folder.move_recursive("/moved")
    resource(store, ann.ctx, "/moved/a.txt").copy_move_single("/copy/a.txt", is_move=True)
    assert (members(ann, "/dav/copy"), members(ann, "/dav/moved")) == (["a.txt"], [])

    resource(store, ann.ctx, "/moved").delete()
    assert members(ann, "/dav/") == ["copy/"]
