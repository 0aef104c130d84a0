"""The examples of RFC 4918, 9, with the bodies as they are printed there; each test bears the number of its example."""

from __future__ import annotations

import pytest

from tests.protocol.client import HOST, Client
from tests.protocol.multistatus import active_locks, entries, error_of, failures, locks_of, members, propfind

BOXSCHEMA = "{http://ns.example.com/boxschema/}"
STANDARDS = "{http://ns.example.com/standards/z39.50/}"
LOCKINFO = """<?xml version="1.0" encoding="utf-8" ?>
     <D:lockinfo xmlns:D='DAV:'>
       <D:lockscope><D:exclusive/></D:lockscope>
       <D:locktype><D:write/></D:locktype>
       <D:owner>
         <D:href>http://example.org/~ejw/contact.html</D:href>
       </D:owner>
     </D:lockinfo>"""


@pytest.fixture
def container(ann: Client) -> None:
    """/dav/container/ with properties, and front.html in it."""
    ann.mkcol("/dav/container")
    ann("PUT", "/dav/container/front.html", b"<html></html>", content_type="text/html")
    for target, names in (("/dav/container/", ("bigbox", "author")), ("/dav/container/front.html", ("bigbox",))):
        inside = "".join(f"<R:{name}><R:BoxType>Box type A</R:BoxType></R:{name}>" for name in names)
        ann(
            "PROPPATCH",
            target,
            '<D:propertyupdate xmlns:D="DAV:" xmlns:R="http://ns.example.com/boxschema/">'
            f"<D:set><D:prop>{inside}</D:prop></D:set></D:propertyupdate>",
        )


def test_9_1_3_named_properties(ann: Client, container: None) -> None:
    body = """<?xml version="1.0" encoding="utf-8" ?>
     <D:propfind xmlns:D="DAV:">
       <D:prop xmlns:R="http://ns.example.com/boxschema/">
         <R:bigbox/>
         <R:author/>
         <R:DingALing/>
         <R:Random/>
       </D:prop>
     </D:propfind>"""

    (entry,) = entries(ann("PROPFIND", "/dav/container/", body, depth="0", content_type='text/xml; charset="utf-8"')).values()

    assert entry.named(200) == {BOXSCHEMA + "bigbox", BOXSCHEMA + "author"}
    assert entry.named(404) == {BOXSCHEMA + "DingALing", BOXSCHEMA + "Random"}
    (box_type,) = entry.properties[BOXSCHEMA + "bigbox"].element
    assert (box_type.tag, box_type.text) == (BOXSCHEMA + "BoxType", "Box type A")


def test_9_1_4_names_of_all_properties(ann: Client, container: None) -> None:
    body = """<?xml version="1.0" encoding="utf-8" ?>
     <propfind xmlns="DAV:">
       <propname/>
     </propfind>"""

    found = entries(ann("PROPFIND", "/dav/container/", body, depth="1"))

    collection, document = found["/dav/container/"].named(200), found["/dav/container/front.html"].named(200)
    both = {"creationdate", "displayname", "resourcetype", "supportedlock", BOXSCHEMA + "bigbox"}
    assert both | {BOXSCHEMA + "author"} <= collection
    assert both | {"getcontentlength", "getcontenttype", "getetag", "getlastmodified"} <= document
    assert BOXSCHEMA + "author" not in document
    assert not {"getcontentlength", "getetag"} & collection


def test_9_1_5_all_properties(ann: Client, container: None) -> None:
    body = """<?xml version="1.0" encoding="utf-8" ?>
     <D:propfind xmlns:D="DAV:">
       <D:allprop/>
     </D:propfind>"""

    found = entries(ann("PROPFIND", "/dav/container/", body, depth="1"))

    assert found["/dav/container/front.html"]["getcontenttype"] == "text/html"
    assert found["/dav/container/"]["displayname"] == "container"


def test_9_1_6_all_properties_with_include(ann: Client, container: None) -> None:
    body = """<?xml version="1.0" encoding="utf-8" ?>
     <D:propfind xmlns:D="DAV:">
       <D:allprop/>
       <D:include>
         <D:supported-live-property-set/>
         <D:supported-report-set/>
       </D:include>
     </D:propfind>"""

    (entry,) = entries(ann("PROPFIND", "/dav/container/", body, depth="0")).values()

    included = {"supported-live-property-set", "supported-report-set"}
    assert included | {"resourcetype", BOXSCHEMA + "author"} <= entry.named(200)


def test_9_2_2_setting_and_removing(ann: Client) -> None:
    ann.put("/dav/bar.html")
    body = """<?xml version="1.0" encoding="utf-8" ?>
     <D:propertyupdate xmlns:D="DAV:"
             xmlns:Z="http://ns.example.com/standards/z39.50/">
       <D:set>
         <D:prop>
           <Z:Authors>
             <Z:Author>Jim Whitehead</Z:Author>
             <Z:Author>Roy Fielding</Z:Author>
           </Z:Authors>
         </D:prop>
       </D:set>
       <D:remove>
         <D:prop><Z:Copyright-Owner/></D:prop>
       </D:remove>
     </D:propertyupdate>"""

    (entry,) = entries(ann("PROPPATCH", "/dav/bar.html", body)).values()

    assert entry.named(200) == {STANDARDS + "Authors", STANDARDS + "Copyright-Owner"}
    (entry,) = propfind(ann, "/dav/bar.html", STANDARDS + "Authors").values()
    assert [author.text for author in entry.properties[STANDARDS + "Authors"].element] == ["Jim Whitehead", "Roy Fielding"]


def test_9_3_2_mkcol(ann: Client) -> None:
    assert ann("MKCOL", "/dav/webdisc/").status == 201


def test_9_6_2_delete_of_a_collection_with_a_locked_member(ann: Client, bob: Client) -> None:
    ann.mkcol("/dav/container")
    ann.put("/dav/container/resource3")
    ann.lock("/dav/container/resource3")

    # The RFC shows 207 after a deletion in parts; here nothing was deleted, and the answer is for the request as a whole.
    response = bob("DELETE", "/dav/container/")

    assert (response.status, error_of(response)) == (423, ("lock-token-submitted", ["/dav/container/resource3"]))
    assert members(ann, "/dav/container/") == ["resource3"]


def test_9_8_6_copy_with_overwrite(ann: Client) -> None:
    ann.mkcol("/dav/~fielding")
    ann.put("/dav/~fielding/index.html", b"new")
    ann.mkcol("/dav/users")
    ann.put("/dav/users/index.html", b"old")

    response = ann("COPY", "/dav/~fielding/index.html", destination=f"http://{HOST}/dav/users/index.html")

    assert response.status == 204
    assert ann.get("/dav/users/index.html") == b"new"


def test_9_8_7_copy_without_overwrite(ann: Client) -> None:
    ann.put("/dav/a.html", b"new")
    ann.put("/dav/b.html", b"old")

    assert ann("COPY", "/dav/a.html", destination=f"http://{HOST}/dav/b.html", overwrite="F").status == 412


def test_9_8_8_copy_of_a_collection(ann: Client) -> None:
    ann.mkcol("/dav/container")
    ann.mkcol("/dav/container/R2")

    response = ann("COPY", "/dav/container/", destination=f"http://{HOST}/dav/othercontainer/", depth="infinity")

    assert response.status == 201
    assert members(ann, "/dav/othercontainer/") == ["R2/"]


def test_9_9_5_move_of_a_document(ann: Client) -> None:
    ann.put("/dav/index.html")

    assert ann("MOVE", "/dav/index.html", destination=f"http://{HOST}/dav/moved.html").status == 201


def test_9_9_6_move_of_a_collection_with_the_token_of_a_locked_member(ann: Client) -> None:
    ann.mkcol("/dav/container")
    ann.mkcol("/dav/container/C2")
    token = ann.lock("/dav/container/C2")

    refused = ann("MOVE", "/dav/container/", destination=f"http://{HOST}/dav/othercontainer/", overwrite="F")
    assert (refused.status, [href.rstrip("/") for href in error_of(refused)[1]]) == (423, ["/dav/container/C2"])
    response = ann(
        "MOVE",
        "/dav/container/",
        destination=f"http://{HOST}/dav/othercontainer/",
        overwrite="F",
        if_=f"</dav/container/C2/> (<{token}>) (Not <DAV:no-lock>)",
    )
    assert response.status == 201


def test_9_10_7_simple_lock(ann: Client) -> None:
    ann.put("/dav/proposal.doc")

    response = ann("LOCK", "/dav/proposal.doc", LOCKINFO, timeout="Infinite, Second-4100000000")

    assert response.status == 200
    (lock,) = active_locks(response.xml[0])
    assert response.headers["lock-token"] == f"<{lock.token}>"
    assert (lock.depth, lock.owner.strip()) == ("infinity", "http://example.org/~ejw/contact.html")
    assert lock.root == "/dav/proposal.doc"


def test_9_10_8_refreshing_a_write_lock(ann: Client) -> None:
    ann.put("/dav/proposal.doc")
    token = ann.lock("/dav/proposal.doc", timeout="Second-10")

    response = ann("LOCK", "/dav/proposal.doc", timeout="Infinite, Second-4100000000", if_=f"(<{token}>)")

    assert response.status == 200
    assert "lock-token" not in response.headers
    assert [(lock.token, lock.timeout) for lock in active_locks(response.xml[0])] == [(token, "Second-86400")]


def test_9_10_9_lock_over_several_resources(ann: Client, bob: Client) -> None:
    ann.mkcol("/dav/webdav")
    ann.put("/dav/webdav/secret")
    ann.lock("/dav/webdav/secret")

    response = bob("LOCK", "/dav/webdav/", LOCKINFO, depth="infinity", timeout="Infinite, Second-4100000000")

    assert failures(response) == {"/dav/webdav/secret": 423, "/dav/webdav/": 424}
    assert "lock-token" not in response.headers
    assert locks_of(bob, "/dav/webdav/") == []


def test_9_11_2_unlock(ann: Client) -> None:
    ann.put("/dav/info.doc")
    token = ann.lock("/dav/info.doc")

    assert ann("UNLOCK", "/dav/info.doc", lock_token=f"<{token}>").status == 204
