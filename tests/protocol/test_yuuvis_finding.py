"""What a search through yuuvis finds objects by is what they tell: ids of streams and names of files, whatever became of them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import quote

from davgate.core.principals import granting
from davgate.core.store import Store
from davgate.model.rights import READER
from tests.builders import findings
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members
from tests.protocol.test_yuuvis_search import addresses, found
from tests.protocol.yuuvis import (
    BASE,
    JSON,
    a_folder,
    an_email,
    an_imported_email,
    imported,
    of,
    on_drive,
    only,
    patch,
    post,
    said,
    shown,
    stream_of,
    upload,
    uuid_of,
    values,
)


@on_both_databases
def test_part_of_content_is_found_by_the_id_that_it_tells_and_by_no_other(ann: Client) -> None:
    def ids_found(stream_id: str) -> set[str]:
        return {*addresses(ann, f"SELECT * FROM email WHERE system:contentStreamId = '{stream_id}'")}

    whole = an_imported_email(ann)
    stream_id = stream_of(shown(ann, whole))["contentStreamId"]
    part = imported(ann, an_email("part", {"contentStreamId": stream_id, "range": "0-4", "fileName": "part.txt"}))
    same = imported(ann, an_email("same"))
    upload(ann, same, b"hello")
    own_id = stream_of(shown(ann, same))["contentStreamId"]
    assert stream_of(shown(ann, part))["contentStreamId"] == stream_id
    assert (ids_found(stream_id), ids_found(own_id)) == ({whole, part}, {same})
    statement = f"SELECT * FROM email WHERE system:contentStreamId <> '{stream_id}'"
    assert addresses(ann, statement) == [same]

    patch(ann, of(values(appEmail__subject="else")), to=part)
    assert ids_found(stream_id) == {whole, part}
    ann.put("/dav/yuuvis/2026-11/part.txt", b"others")
    assert ids_found(stream_id) == {whole}
    ann.put("/dav/yuuvis/2026-11/part.txt", b"hello")
    assert stream_of(shown(ann, part))["contentStreamId"] == own_id
    assert (ids_found(stream_id), ids_found(own_id)) == ({whole}, {same, part})

    restored = only(ann("POST", f"{part}/versions/1/actions/restore"))
    assert stream_of(restored)["contentStreamId"] == stream_id
    assert (ids_found(stream_id), ids_found(own_id)) == ({whole, part}, {same})
    assert stream_of(shown(ann, f"{part}/versions/3"))["contentStreamId"] != stream_id


@on_both_databases
def test_name_of_a_file_is_found_however_it_is_called_on_the_drive(ann: Client, store: Store) -> None:
    def move(name: str, to: str) -> None:
        assert ann("MOVE", f"/dav/{name}", destination=f"http://drive.test/dav/{to}").status in (201, 204)

    def found_by() -> list[str]:
        words = ("first", "second", "third", "fourth")
        return [one for one in words if addresses(ann, f"SELECT * FROM document WHERE CONTAINS('{one}')") == [document]]

    def file_name() -> str:
        return str(stream_of(shown(ann, document))["fileName"])

    ann.put("/dav/first.txt", b"one")
    document = on_drive(store, ann, "/first.txt")
    assert (file_name(), found_by()) == ("first.txt", ["first"])
    move("first.txt", "second.txt")
    assert (file_name(), found_by()) == ("first.txt", ["first", "second"])
    ann.mkcol("/dav/f")
    move("second.txt", "f/third.txt")
    assert (file_name(), found_by()) == ("first.txt", ["first", "third"])
    assert findings(store) == []

    ann.put("/dav/f/third.txt", b"two")
    assert (file_name(), found_by()) == ("third.txt", ["third"])
    move("f/third.txt", "fourth.txt")
    move("fourth.txt", "f/third.txt")
    assert (file_name(), found_by()) == ("third.txt", ["third"])
    move("f/third.txt", "fourth.txt")
    ann("DELETE", "/dav/fourth.txt")
    assert findings(store) == []
    (entry,) = members(ann, "/dav/.trash")
    assert ann("MOVE", f"/dav/.trash/{quote(entry)}", destination="http://drive.test/dav/second.txt").status == 201
    assert (file_name(), found_by()) == ("third.txt", ["second", "third"])
    patch(ann, of(values(keywords=["x"])), to=document)
    assert (file_name(), found_by()) == ("third.txt", ["second", "third"])
    ann("COPY", "/dav/second.txt", destination="http://drive.test/dav/fourth.txt")
    document = on_drive(store, ann, "/fourth.txt")
    assert (file_name(), found_by()) == ("third.txt", ["fourth"])
    assert findings(store) == []


@on_both_databases
def test_order_by_the_folder_tells_nothing_of_folders_that_are_not_shown(
    ann: Client, bob: Client, root_admin: Client, store: Store
) -> None:
    folders = [uuid_of(imported(ann, of(values(system__objectTypeId="folder", Name=f"f{no}")))) for no in range(4)]
    emails = {folder: [imported(ann, an_email("x", system__parentId=folder)) for _ in range(3)] for folder in folders}
    unfiled = imported(ann, an_email("x"))
    by_folder = [email for folder in sorted(folders) for email in sorted(emails[folder])]
    statement = "SELECT * FROM email ORDER BY system:parentId"
    assert addresses(ann, statement) == [unfiled, *by_folder]

    closed = sorted(folders)[1:3]
    for folder in closed:
        granting.close(store, root_admin.ctx, folder)
        for email in emails[folder]:
            granting.grant(store, root_admin.ctx, uuid_of(email), "bob", READER)
    first, last = (sorted(emails[folder]) for folder in (min(folders), max(folders)))
    without = sorted([unfiled, *(email for folder in closed for email in emails[folder])])
    assert addresses(bob, statement) == [*without, *first, *last]
    assert addresses(bob, statement + " DESC") == [*last, *first, *without]


@on_both_databases
def test_order_by_the_type_is_that_of_the_types_as_they_are_told(ann: Client) -> None:
    ann.mkcol("/dav/f")
    ann.put("/dav/f/a.txt", b"one")
    article = '{"document":{"attributes":{"my_title":{"value":"x"}}}}'
    assert ann("POST", "/api/v1/families/MY_ARTICLE/documents/", article, content_type=JSON).status == 201
    post(ann, an_email(), of(values(system__objectTypeId="document")), of(values(system__objectTypeId="folder", Name="g")))
    statement = "SELECT * FROM system:object ORDER BY system:objectTypeId"
    types = [said(one)["system:objectTypeId"] for one in found(ann, statement)]
    assert types == sorted(types)
    assert {"appEmail:email": 1, "document": 3}.items() <= Counter(types).items()
    assert [said(one)["system:objectTypeId"] for one in found(ann, statement + " DESC")] == types[::-1]


@on_both_databases
def test_folder_is_found_and_sorted_by_the_change_that_it_tells_whatever_comes_into_it(ann: Client) -> None:
    def of_folders(rest: str) -> list[str]:
        return addresses(ann, f"SELECT * FROM folder WHERE Name LIKE 'Akte%' {rest} ORDER BY system:lastModificationDate DESC")

    wheres = []
    for name in ("Akte 1", "Akte 2"):
        wheres.append(f"{BASE}/{a_folder(ann, name)}")
        ann.clock.advance(timedelta(seconds=5))
    first, second = wheres
    a_folder(ann, "inner", system__parentId=uuid_of(first))
    told = said(shown(ann, first))["system:lastModificationDate"]

    assert of_folders(f"AND system:lastModificationDate = '{told}'") == [first]
    assert of_folders("") == [second, first]

    patch(ann, of(values(Name="Akte 3")), to=first)
    assert of_folders(f"AND system:lastModificationDate > '{told}'") == [first, second]
