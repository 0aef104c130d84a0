"""Answers in XML, parsed back; the examples of RFC 4918, 9.1, 9.2.2, 9.6.2 and 9.10 are cases here."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from davgate.dav import multistatus
from davgate.dav.bodies import ALLPROP, BRIEF_ALLPROP, Form, PropfindRequest
from davgate.dav.facts import COLLECTION, DOCUMENT, Batch, Deletion, Facts, History, ReadAccess, VersionFacts
from davgate.dav.live_properties import LIVE_PROPERTIES, PROTECTED, LiveProperty
from davgate.dav.xml import DAV, OWN_NAMESPACE, Element
from davgate.http.headers import lock_token_uri
from davgate.http.targets import quote_name
from davgate.model.checkout import CheckOut
from davgate.model.errors import InvalidName, NameTooLong
from davgate.model.etag import of_content, of_pending
from davgate.model.instant import FOREVER, Instant, after
from davgate.model.locks import Depth, Holding, Lock, Scope
from davgate.model.names import check_name
from davgate.model.properties import PropertyName
from davgate.storage.api import MemberRow

NOW = Instant(1_795_183_500_000_000)  # 2026-11-20T14:05:00Z
UUID = "6f1a2c9e-0b0d-4f0e-9c53-0a6b7a1d2e3f"
DIGEST = hashlib.sha256(b"content").digest()
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
WIN32: PropertyName = ("urn:schemas-microsoft-com:", "Win32FileAttributes")
WIN32_XML = '<Z:Win32FileAttributes xmlns:Z="urn:schemas-microsoft-com:">00000020</Z:Win32FileAttributes>'
FACTS = Facts(NOW)
EVERYTHING_KNOWN = Facts(NOW, quota_used_bytes=1, quota_available_bytes=2, access=ReadAccess("ann"))


def a_document(name: str = "a.docx", *, id: int = 7, media_type: str = DOCX) -> MemberRow:
    return id, UUID, DOCUMENT, 1, name, NOW, NOW + 999_999, 3, DIGEST, 12345, media_type


def a_pending(name: str = "a.docx") -> MemberRow:
    return 8, UUID, DOCUMENT, 1, name, NOW, NOW, 0, None, None, None


def a_collection(name: str | None = "b", *, id: int = 2) -> MemberRow:
    return id, UUID, COLLECTION, 1, name, NOW, NOW, 0, None, None, None


ROOT = a_collection(None, id=1)


def a_lock(*, token: str = "t", node_id: int = 7, depth: Depth = Depth.ZERO, owner: str = "", ends_at: int = NOW) -> Lock:
    return Lock(token, node_id, Scope.EXCLUSIVE, depth, Holding.TOKEN, 2, owner, timedelta(seconds=600), Instant(ends_at))


def prop(*names: str | PropertyName) -> PropfindRequest:
    return PropfindRequest(Form.PROP, tuple((DAV, name) if isinstance(name, str) else name for name in names))


@dataclass
class Response:
    """One response element: status lines and, by status, the properties."""

    statuses: list[str]
    properties: dict[int, dict[PropertyName, Element]]
    errors: list[PropertyName]

    @property
    def found(self) -> dict[PropertyName, Element]:
        return self.properties.get(200, {})

    def text(self, local_name: str) -> str:
        return text_in(self.found[DAV, local_name])


def name_of(element: Element) -> PropertyName:
    name = etree.QName(element)
    return name.namespace or "", name.localname


def text_in(element: Element) -> str:
    return "".join(str(text) for text in element.itertext())


def parsed(answer: bytes) -> dict[str, Response]:
    """Read a multistatus back, checking the order of elements that RFC 4918, 14.24 and 14.22 demand."""
    root = etree.fromstring(answer)
    assert name_of(root) == (DAV, "multistatus")
    responses: dict[str, Response] = {}
    for response in root:
        assert name_of(response) == (DAV, "response")
        href, *rest = response
        assert name_of(href) == (DAV, "href")
        assert href.text is not None
        statuses, properties, errors = [], dict[int, dict[PropertyName, Element]](), []
        for part in rest:
            match name_of(part)[1]:
                case "propstat":
                    held, status, *error = part
                    assert [name_of(held)[1], name_of(status)[1]] == ["prop", "status"]
                    code = int((status.text or "").split()[1])
                    assert code not in properties
                    properties[code] = {name_of(element): element for element in held}
                    assert len(properties[code]) == len(held)
                    errors += [name_of(condition) for holder in error for condition in holder]
                case "status":
                    statuses.append(part.text or "")
                case "error":
                    errors += [name_of(condition) for condition in part]
                case other:
                    raise AssertionError(other)
        assert bool(statuses) is not bool(properties)
        assert href.text not in responses
        responses[href.text] = Response(statuses, properties, errors)
    return responses


def answer(
    request: PropfindRequest,
    resource: MemberRow = ROOT,
    members: Sequence[MemberRow] = (),
    facts: Facts = FACTS,
    *,
    href: str = "/dav/",
    minimal: bool = False,
) -> dict[str, Response]:
    return parsed(b"".join(multistatus.propfind(request, href, resource, members, facts, minimal=minimal)))


def one(request: PropfindRequest, resource: MemberRow, facts: Facts = FACTS, *, minimal: bool = False) -> Response:
    (response,) = answer(request, resource, facts=facts, minimal=minimal).values()
    return response


def local_names(names: Mapping[PropertyName, object]) -> set[str]:
    return {local for _, local in names}


# Live properties


def test_document_has_the_values_of_its_row() -> None:
    response = one(PropfindRequest(Form.PROP, tuple(LIVE_PROPERTIES)), a_document())

    assert response.text("displayname") == "a.docx"
    assert response.text("getcontentlength") == "12345"
    assert response.text("getcontenttype") == DOCX
    assert response.text("getlastmodified") == "Fri, 20 Nov 2026 14:05:00 GMT"
    assert response.text("creationdate") == "2026-11-20T14:05:00Z"
    assert response.text("getetag") == of_content(DIGEST)
    assert response.text("resource-id") == f"urn:uuid:{UUID}"
    assert list(response.found[DAV, "resourcetype"]) == []


def test_collection_is_one_and_has_no_content() -> None:
    response = one(prop("displayname", "resourcetype", "getcontentlength", "getcontenttype", "getetag"), a_collection())

    assert [name_of(kind) for kind in response.found[DAV, "resourcetype"]] == [(DAV, "collection")]
    assert response.text("displayname") == "b"
    assert local_names(response.properties[404]) == {"getcontentlength", "getcontenttype", "getetag"}


def test_root_has_an_empty_display_name() -> None:
    assert one(prop("displayname"), ROOT).text("displayname") == ""


def test_pending_document_is_empty_with_a_tag_of_its_own_and_a_guessed_type() -> None:
    response = one(ALLPROP, a_pending("a.odt"))

    assert response.text("getcontentlength") == "0"
    assert response.text("getetag") == of_pending(UUID)
    assert response.text("getcontenttype") == "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize("live", LIVE_PROPERTIES.values(), ids=lambda live: live.local_name)
def test_column_is_empty_for_exactly_the_kinds_without_the_property(live: LiveProperty) -> None:
    rows = (a_document(), a_collection(), a_pending(), ROOT)

    texts = list(live.column(Batch(rows, EVERYTHING_KNOWN, ())))

    has = [kind in live.kinds for _, _, kind, *_ in rows]
    if live.sparse:
        assert all(having or not text for having, text in zip(has, texts, strict=True))
    else:
        assert [bool(text) for text in texts] == has


def test_media_type_is_escaped() -> None:
    assert one(prop("getcontenttype"), a_document(media_type='a/b; c="<&>"')).text("getcontenttype") == 'a/b; c="<&>"'


# Properties that some rows have and others have not


def test_sparse_property_is_shown_where_it_is_and_named_where_it_lacks() -> None:
    out = CheckOut(7, 2, "ann", NOW, 2)
    facts = Facts(NOW, mount="/dav", check_outs={7: out}, current={7: VersionFacts("<Ann>", "a & b", ("x",))})
    asked = prop("checked-in", "checked-out", "comment", "creator-displayname")

    found = answer(asked, ROOT, [a_document("out", id=7), a_document("in", id=9), a_collection()], facts)

    assert found["/dav/out"].text("checked-out") == f"/dav/.versions/={UUID}/2"
    assert found["/dav/out"].text("creator-displayname") == "<Ann>"
    assert found["/dav/out"].text("comment") == "a & b"
    assert local_names(found["/dav/out"].properties[404]) == {"checked-in"}
    assert found["/dav/in"].text("checked-in") == f"/dav/.versions/={UUID}/3"
    assert local_names(found["/dav/in"].properties[404]) == {"checked-out"}
    assert local_names(found["/dav/b/"].properties[404]) == {"checked-in", "checked-out", "comment", "creator-displayname"}


def test_names_of_sparse_properties_are_those_that_the_row_has() -> None:
    facts = Facts(NOW, check_outs={7: CheckOut(7, 2, "ann", NOW, 2)})

    out, checked_in, pending = (
        local_names(one(PropfindRequest(Form.PROPNAME), row, facts).found)
        for row in (a_document(), a_document(id=9), a_pending())
    )

    assert {"checked-out", "predecessor-set"} <= out
    assert "checked-in" not in out
    assert {"checked-in", "version-name", "comment"} <= checked_in
    assert not {"checked-out", "predecessor-set", "successor-set"} & checked_in
    assert not {"checked-in", "checked-out", "version-name", "comment", "auto-version"} & pending


def test_dead_properties_stand_beside_sparse_ones() -> None:
    facts = Facts(NOW, dead={7: {WIN32: WIN32_XML}})

    response = one(prop("version-name", WIN32, ("urn:x", "y")), a_document(), facts)

    assert local_names(response.found) == {"version-name", "Win32FileAttributes"}
    assert local_names(response.properties[404]) == {"y"}


def test_versions_know_their_neighbours_and_collections_of_versions_all_of_them() -> None:
    history = History(UUID, {1: VersionFacts("a", successor=3), 3: VersionFacts("a", predecessor=1)}, "/dav/a.docx", 3)
    facts = Facts(NOW, lockable=False, mount="/dav", history=history)
    row = (0, "other", DOCUMENT, None, "0003", NOW, NOW, 3, DIGEST, 1, DOCX)

    version = one(prop("predecessor-set", "successor-set", "checkout-set", "version-history"), row, facts)
    folder = one(prop("version-set", "root-version"), a_collection(id=0), facts)

    assert version.text("predecessor-set") == f"/dav/.versions/={UUID}/1"
    assert version.text("successor-set") == ""
    assert version.text("checkout-set") == "/dav/a.docx"
    assert version.text("version-history") == f"/dav/.versions/={UUID}/"
    assert folder.text("version-set") == f"/dav/.versions/={UUID}/1/dav/.versions/={UUID}/3"
    assert folder.text("root-version") == f"/dav/.versions/={UUID}/1"


def test_deletion_is_told_of_what_lies_in_the_trash() -> None:
    facts = Facts(NOW, lockable=False, deletions={UUID: Deletion("/a & b", "ann", NOW)})
    own = [(OWN_NAMESPACE, name) for name in ("deleted-from", "deleted-by", "deleted-at")]

    response = one(prop(*own), a_document(), facts)

    assert [text_in(response.found[name]) for name in own] == ["/a & b", "ann", "2026-11-20T14:05:00Z"]
    assert local_names(one(prop(*own), a_document()).properties[404]) == {"deleted-from", "deleted-by", "deleted-at"}


# Forms of PROPFIND


def test_allprop_has_every_live_property_of_rfc_4918_and_the_dead_ones_and_misses_none() -> None:
    response = one(ALLPROP, a_document(), Facts(NOW, dead={7: {WIN32: WIN32_XML}}, quota_used_bytes=1))

    assert local_names(response.found) == {
        "creationdate", "displayname", "getcontentlength", "getcontenttype", "getetag", "getlastmodified",
        "lockdiscovery", "resourcetype", "supportedlock", "Win32FileAttributes",
    }  # fmt: skip
    assert 404 not in response.properties
    assert "getetag" not in local_names(one(ALLPROP, a_collection()).found)
    assert 404 not in one(ALLPROP, a_collection()).properties


def test_include_adds_to_allprop() -> None:
    request = PropfindRequest(Form.ALLPROP, ((DAV, "resource-id"), (DAV, "getetag"), (DAV, "quota-used-bytes"), WIN32))

    response = one(request, a_document(), Facts(NOW, quota_used_bytes=1))

    assert (DAV, "resource-id") in response.found
    assert set(response.properties[404]) == {(DAV, "quota-used-bytes"), WIN32}


def test_propname_names_what_is_there_without_values() -> None:
    facts = Facts(NOW, dead={7: {WIN32: WIN32_XML}}, quota_used_bytes=1)

    document = one(PropfindRequest(Form.PROPNAME), a_document(), facts)
    collection = one(PropfindRequest(Form.PROPNAME), a_collection(), facts)

    assert set(document.properties) == set(collection.properties) == {200}
    assert WIN32 in document.found
    assert {"getetag", "resource-id"} <= local_names(document.found)
    assert all(len(element) == 0 and not element.text for element in document.found.values())
    assert "getetag" not in local_names(collection.found)
    assert "quota-used-bytes" in local_names(collection.found)
    assert "quota-available-bytes" not in local_names(collection.found)


def test_unknown_properties_are_reported_missing() -> None:
    unknown = [(DAV, "quota"), ("", "a"), ("u:&'", "b"), WIN32]

    response = one(prop("getetag", *unknown), a_document())

    assert set(response.found) == {(DAV, "getetag")}
    assert set(response.properties[404]) == set(unknown)


def test_dead_properties_are_found_node_by_node() -> None:
    facts = Facts(NOW, dead={7: {WIN32: WIN32_XML, ("", "other"): "<other/>"}})

    responses = answer(prop(WIN32), ROOT, [a_document("x", id=7), a_document("y", id=8)], facts)

    assert set(responses["/dav/x"].found) == {WIN32}
    assert responses["/dav/x"].found[WIN32].text == "00000020"
    assert 404 not in responses["/dav/x"].properties
    assert set(responses["/dav/y"].properties[404]) == {WIN32}


def test_minimal_answer_leaves_out_what_is_missing() -> None:
    response = one(prop("getetag", "displayname", WIN32), a_collection(), minimal=True)

    assert set(response.properties) == {200}
    assert set(response.found) == {(DAV, "displayname")}
    # RFC 8144, 2.1: where nothing is left, an empty propstat stands for it.
    assert one(prop(WIN32), a_collection(), minimal=True).properties == {200: {}}


def test_request_for_nothing_is_answered() -> None:
    assert one(prop(), a_document()).properties == {200: {}}


def test_more_properties_than_are_cached_are_answered() -> None:
    names = [("u:", f"a{n}") for n in range(1000)]

    assert set(one(prop(*names), a_document()).properties[404]) == set(names)


def test_unlimited_quota_is_missing_and_a_known_one_is_told_of_collections() -> None:
    request = prop("quota-available-bytes", "quota-used-bytes")

    known = one(request, a_collection(), Facts(NOW, quota_used_bytes=0, quota_available_bytes=10))
    unlimited = one(request, a_collection(), Facts(NOW, quota_used_bytes=5))

    assert known.text("quota-available-bytes") == "10"
    assert known.text("quota-used-bytes") == "0"
    assert unlimited.text("quota-used-bytes") == "5"
    assert local_names(unlimited.properties[404]) == {"quota-available-bytes"}


# Members and their addresses


def test_resource_comes_first_and_members_follow_in_order_below_it() -> None:
    members = [a_document("a"), a_collection("b"), a_pending("c")]

    assert list(answer(ALLPROP, a_collection(), members, href="/dav/x/")) == ["/dav/x/", "/dav/x/a", "/dav/x/b/", "/dav/x/c"]
    assert list(answer(ALLPROP, a_collection(), members, href="/dav/x"))[1] == "/dav/x/a"


HOSTILE_NAMES = [
    "a&b<c>\"'", "]]>", "\U0001f4c4 \u00fcber.docx", "100%", "%41", "#1?x=y", "Cafe\u0301", " ", "a;b=c", "a\\b", "[1]{2}|^`",
    "\u00a0\u2028", "&amp;", "D:href", "$RECYCLE.BIN", "~$a.docx", "\ufffd",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_name_comes_back_in_address_and_display_name(name: str) -> None:
    members = [a_document("plain"), a_document(name), a_collection("b b")]

    responses = answer(ALLPROP, ROOT, members)

    href = list(responses)[2]
    assert unquote(href) == f"/dav/{name}"
    assert href.isascii()
    assert not set(href) & set(" <>\"#?[]{}|\\^`'&")
    assert responses[href].text("displayname") == name
    assert list(responses)[1::2] == ["/dav/plain", "/dav/b%20b/"]


def names() -> st.SearchStrategy[str]:
    def is_name(text: str) -> bool:
        try:
            check_name(text)
        except (InvalidName, NameTooLong):
            return False
        return True

    return st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(is_name)


@given(st.lists(names(), min_size=1, max_size=5, unique=True))
def test_addresses_of_members_are_those_that_every_other_answer_gives(members: list[str]) -> None:
    responses = answer(prop("displayname"), ROOT, [a_document(name) for name in members])

    assert list(responses)[1:] == [f"/dav/{quote_name(name)}" for name in members]
    assert [response.text("displayname") for response in responses.values()][1:] == members


def test_answer_is_streamed_in_pieces_while_rows_are_read() -> None:
    taken = 0

    def rows() -> Iterator[MemberRow]:
        nonlocal taken
        for taken in range(1, 5001):
            yield a_document(f"{taken}.docx", id=taken + 1)

    pieces = multistatus.propfind(ALLPROP, "/dav/", ROOT, rows(), FACTS)
    first = next(pieces)

    assert taken < 300
    every = [first, *pieces]
    assert all(len(piece) < 3 * multistatus.PIECE_CHARS for piece in every)
    assert all(len(piece) >= multistatus.PIECE_CHARS for piece in every[:-1])
    assert len(parsed(b"".join(every))) == 5001


def test_folder_of_two_thousand_documents_stays_below_the_limit_of_explorer() -> None:
    # FileAttributesLimitInBytes: Explorer shows nothing of a folder whose listing is longer.
    members = [a_document(f"Quarterly report {number:04d}.docx") for number in range(2000)]

    listing = b"".join(multistatus.propfind(BRIEF_ALLPROP, "/dav/Projects/2026/", ROOT, members, FACTS, minimal=True))

    assert len(listing) < 1_000_000


FINDER = ("resourcetype", "getcontentlength", "getlastmodified", "creationdate")


@pytest.mark.parametrize(
    ("request_", "media_type", "most_bytes"),
    [
        pytest.param(BRIEF_ALLPROP, DOCX, 440, id="brief"),
        pytest.param(prop(*FINDER, "getetag", "displayname", "getcontenttype"), DOCX, 590, id="gvfs"),
        pytest.param(prop(*FINDER), DOCX, 340, id="Finder"),
        pytest.param(ALLPROP, DOCX, 850, id="allprop"),
    ],
)  # fmt: skip
def test_entry_stays_within_its_size(request_: PropfindRequest, media_type: str, most_bytes: int) -> None:
    def size(count: int) -> int:
        members = [a_document("Bericht 2026.docx", media_type=media_type)] * count
        return len(b"".join(multistatus.propfind(request_, "/dav/Projekte/", ROOT, members, FACTS)))

    assert size(2) - size(1) <= most_bytes


# Locks


def active_locks(response: Response) -> list[dict[str, str]]:
    return [
        {name_of(part)[1]: text_in(part) or name_of(part[0])[1] for part in lock} for lock in response.found[DAV, "lockdiscovery"]
    ]


def test_lock_is_shown_with_what_is_left_of_it() -> None:
    lock = a_lock(token="1-2", owner='<D:href xmlns:D="DAV:">ann</D:href>', ends_at=after(NOW, timedelta(seconds=59.5)))

    response = one(prop("lockdiscovery"), a_document(), Facts(NOW, standing=[(lock, "/dav/a.docx")]))

    assert active_locks(response) == [
        {
            "lockscope": "exclusive",
            "locktype": "write",
            "depth": "0",
            "owner": "ann",
            "timeout": "Second-60",
            "locktoken": lock_token_uri("1-2"),
            "lockroot": "/dav/a.docx",
        }
    ]


def test_owner_comes_back_verbatim_and_an_empty_one_not_at_all() -> None:
    standing = [(a_lock(owner=' A &amp; B<b xmlns="u"/>\n'), "/dav/a"), (a_lock(), "/dav/")]

    (first, second) = one(prop("lockdiscovery"), a_document(), Facts(NOW, standing=standing)).found[DAV, "lockdiscovery"]

    owner = first.find("{DAV:}owner")
    assert owner is not None
    assert owner.text == " A & B"
    assert [name_of(part) for part in owner] == [("u", "b")]
    assert owner[0].tail == "\n"
    assert second.find("{DAV:}owner") is None


def test_lock_without_end_is_infinite() -> None:
    response = one(prop("lockdiscovery"), a_document(), Facts(NOW, standing=[(a_lock(ends_at=FOREVER), "/dav/a")]))

    assert active_locks(response)[0]["timeout"] == "Infinite"


def test_members_show_their_own_locks_and_the_deep_ones_above_them() -> None:
    deep = a_lock(token="deep", node_id=1, depth=Depth.INFINITY)
    flat = a_lock(token="flat", node_id=2)
    facts = Facts(
        NOW,
        standing=[(deep, "/dav/"), (flat, "/dav/b/")],
        member_locks={7: (a_lock(token="own"),), 9: (a_lock(token="folder", node_id=9),)},
    )
    members = [a_document("x y", id=7), a_document("z", id=8), a_collection("c", id=9)]

    responses = answer(ALLPROP, a_collection(id=2), members, facts, href="/dav/b/")

    def shown(href: str) -> list[tuple[str, str]]:
        return [(lock["locktoken"].partition(":")[2], lock["lockroot"]) for lock in active_locks(responses[href])]

    assert shown("/dav/b/") == [("deep", "/dav/"), ("flat", "/dav/b/")]
    assert shown("/dav/b/x%20y") == [("own", "/dav/b/x%20y"), ("deep", "/dav/")]
    assert shown("/dav/b/z") == [("deep", "/dav/")]
    assert shown("/dav/b/c/") == [("folder", "/dav/b/c/"), ("deep", "/dav/")]


def test_supported_locks_are_both_scopes_or_none() -> None:
    entries = one(prop("supportedlock"), a_document()).found[DAV, "supportedlock"]

    assert [[name_of(part[0])[1] for part in entry] for entry in entries] == [["exclusive", "write"], ["shared", "write"]]
    assert len(one(prop("supportedlock"), a_document(), Facts(NOW, lockable=False)).found[DAV, "supportedlock"]) == 0


def test_answer_to_lock_has_the_lock_granted() -> None:
    lock = a_lock(token="1-2", depth=Depth.INFINITY, ends_at=after(NOW, timedelta(seconds=600)))

    root = etree.fromstring(multistatus.lock_granted(lock, "/dav/a%20b/", NOW))

    assert name_of(root) == (DAV, "prop")
    response = Response([], {200: {name_of(element): element for element in root}}, [])
    (shown,) = active_locks(response)
    assert shown["locktoken"] == lock_token_uri("1-2")
    assert (shown["depth"], shown["timeout"], shown["lockroot"]) == ("infinity", "Second-600", "/dav/a%20b/")


# PROPPATCH, failures, errors


def test_successful_proppatch_names_each_property_once() -> None:
    (response,) = parsed(multistatus.proppatch("/dav/a%26b", [WIN32, ("", "a"), WIN32])).values()

    assert {status: list(names) for status, names in response.properties.items()} == {200: [WIN32, ("", "a")]}


def test_proppatch_of_a_protected_property_fails_for_all() -> None:
    (response,) = parsed(multistatus.proppatch("/dav/a", [WIN32, (DAV, "getetag")], PROTECTED)).values()

    assert {status: list(names) for status, names in response.properties.items()} == {403: [(DAV, "getetag")], 424: [WIN32]}
    assert response.errors == [(DAV, "cannot-modify-protected-property")]


def test_failures_name_resource_status_and_precondition() -> None:
    # RFC 4918, 9.6.2.
    failed = [
        multistatus.Failure("/container/resource3", 423, multistatus.precondition("lock-token-submitted")),
        multistatus.Failure("/container/", 424),
    ]

    responses = parsed(multistatus.failures(failed))

    assert responses["/container/resource3"].statuses == ["HTTP/1.1 423 Locked"]
    assert responses["/container/resource3"].errors == [(DAV, "lock-token-submitted")]
    assert responses["/container/"].statuses == ["HTTP/1.1 424 Failed Dependency"]
    assert responses["/container/"].errors == []


def test_error_names_the_precondition_its_resources_and_a_sentence() -> None:
    message = 'a&b is locked by <ann> "now"\x00\ud800]]>'

    root = etree.fromstring(multistatus.error_body("lock-token-submitted", ["/dav/a&b", "/dav/c/"], message, "locked"))

    condition, sentence = root
    assert name_of(root) == (DAV, "error")
    assert name_of(condition) == (DAV, "lock-token-submitted")
    assert [href.text for href in condition] == ["/dav/a&b", "/dav/c/"]
    assert sentence.text == 'a&b is locked by <ann> "now"\ufffd\ufffd]]>'
    assert sentence.get("code") == "locked"


def test_error_without_a_precondition_has_the_sentence_alone() -> None:
    (sentence,) = etree.fromstring(multistatus.error_body(None, (), "No.", "busy"))

    assert (sentence.text, sentence.get("code")) == ("No.", "busy")
