"""Following a collection: the sync-collection report (RFC 6578), and the property sync-token."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest
from lxml import etree

from davgate.core.store import Store
from davgate.storage import held
from tests.builders import put
from tests.protocol.client import SET_AUTHOR, Client, Response
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import DAV, active_locks, error_of, prop_of, propfind

CUT = "number-of-matches-within-limits"


@dataclass
class Answer:
    """What a report said: what is there with its properties, what is gone, and the token; ``is_cut`` tells that there is more."""

    token: str
    is_cut: bool = False
    changed: dict[str, dict[str, etree._Element]] = field(default_factory=dict)
    missing: dict[str, set[str]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def body(token: str = "", *, level: str = "infinite", limit: str = "", prop: str = "<D:getetag/>") -> str:
    limit = f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>" if limit else ""
    level = f"<D:sync-level>{level}</D:sync-level>" if level else ""
    return (
        f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token>{level}{limit}'
        f"<D:prop>{prop}</D:prop></D:sync-collection>"
    )


def sync(client: Client, target: str, token: str = "", **asked: str) -> Answer:
    """Ask what changed, and read the answer as RFC 6578, 3.2 has it."""
    return read(client("REPORT", target, body(token, **asked)), target)


def read(response: Response, target: str) -> Answer:
    assert response.status == 207, response
    *responses, last = response.xml
    assert last.tag == f"{DAV}sync-token"
    assert last.text
    answer = Answer(last.text)
    for element in responses:
        href = element.findtext(f"{DAV}href") or ""
        status = element.findtext(f"{DAV}status")
        if status is None:
            assert href not in answer.changed
            answer.changed[href] = {}
            for propstat in element.findall(f"{DAV}propstat"):
                code = int((propstat.findtext(f"{DAV}status") or "").split()[1])
                names = {str(one.tag).removeprefix(DAV): one for one in propstat.iterfind(f"{DAV}prop/*")}
                if code == 200:
                    answer.changed[href] |= names
                else:
                    answer.missing[href] = set(names)
        elif "507" in status:
            assert href == target
            assert element.find(f"{DAV}error/{DAV}{CUT}") is not None
            answer.is_cut = True
        else:
            assert "404" in status
            assert element.find(f"{DAV}propstat") is None
            answer.gone.append(href)
    return answer


@pytest.fixture
def folder(ann: Client) -> str:
    """A folder with a document and a folder in it, which has a document too."""
    ann.mkcol("/dav/f")
    ann.mkcol("/dav/f/sub")
    ann.put("/dav/f/a.txt", b"one")
    ann.put("/dav/f/sub/b c.txt", b"two")
    return "/dav/f/"


# What is told


@pytest.mark.parametrize(("method", "members"), [("REPORT", slice(0, 300)), ("PROPFIND", slice(1, 301))])
def test_long_answer_is_sent_as_it_is_made(ann: Client, store: Store, folder: str, method: str, members: slice) -> None:
    for number in range(300):
        put(store, ann.ctx, f"/f/0{number:03d}", b"")
    names = "".join(f"<D:a{number}{'a' * 990}/>" for number in range(16))
    asked = body(prop=names) if method == "REPORT" else f'<D:propfind xmlns:D="DAV:"><D:prop>{names}</D:prop></D:propfind>'

    response = ann(method, folder, asked, depth="1")

    assert "content-length" not in response.headers
    assert [len(one.findall(f"{DAV}propstat/{DAV}prop/*")) for one in response.xml[members]] == [16] * 300


@on_both_databases
def test_first_answer_has_all_members(ann: Client, folder: str) -> None:
    assert [*sync(ann, folder).changed] == ["/dav/f/a.txt", "/dav/f/sub/", "/dav/f/sub/b%20c.txt"]
    assert [*sync(ann, folder, level="1").changed] == ["/dav/f/a.txt", "/dav/f/sub/"]


@on_both_databases
def test_next_answer_has_what_changed_since(ann: Client, folder: str) -> None:
    token = sync(ann, folder).token
    assert sync(ann, folder, token) == Answer(token)

    ann.put("/dav/f/sub/b c.txt".replace(" ", "%20"), b"next")
    ann("DELETE", "/dav/f/a.txt")
    ann.mkcol("/dav/f/new")

    answer = sync(ann, folder, token)
    assert set(answer.changed) == {"/dav/f/sub/b%20c.txt", "/dav/f/new/"}
    assert answer.gone == ["/dav/f/a.txt"]
    assert not answer.is_cut
    one_level = sync(ann, folder, token, level="1")
    assert set(one_level.changed) == {"/dav/f/new/"}
    assert one_level.gone == ["/dav/f/a.txt"]


def test_properties_are_told_as_propfind_tells_them(ann: Client, bob: Client, folder: str) -> None:
    ann("PROPPATCH", "/dav/f/a.txt", SET_AUTHOR)
    bob.lock("/dav/f/sub/", depth="infinity")
    bob.lock("/dav/f/a.txt")
    names = (
        "getetag",
        "resourcetype",
        "getcontentlength",
        "lockdiscovery",
        "{urn:x}author",
        "version-name",
        "creator-displayname",
    )
    prop = "".join(f"<D:{name}/>" for name in names if not name.startswith("{")) + '<X:author xmlns:X="urn:x"/>'

    answer = sync(ann, folder, prop=prop)

    for href, found in answer.changed.items():
        (expected,) = propfind(ann, href, *names).values()
        assert {name: etree.tostring(element) for name, element in found.items()} == {
            name: etree.tostring(one.element) for name, one in expected.properties.items() if one.status == 200
        }
        assert answer.missing.get(href, set()) == expected.named(404)
    (lock,) = active_locks(answer.changed["/dav/f/sub/b%20c.txt"]["lockdiscovery"])
    assert lock.root == "/dav/f/sub/"


def test_document_checked_out_by_somebody_else_is_told_as_locked(ann: Client, bob: Client, folder: str) -> None:
    token = sync(ann, folder).token
    assert bob("CHECKOUT", "/dav/f/a.txt").status == 200

    prop = "<D:lockdiscovery/><D:checked-out/>"
    answer = sync(ann, folder, token, prop=prop)

    assert [*answer.changed] == ["/dav/f/a.txt"]
    (lock,) = answer.changed["/dav/f/a.txt"]["lockdiscovery"]
    assert lock.findtext(f"{DAV}owner") == "bob"
    assert "checked-out" in answer.changed["/dav/f/a.txt"]
    assert len(sync(bob, folder, token, prop=prop).changed["/dav/f/a.txt"]["lockdiscovery"]) == 0


def test_token_of_a_listing_is_where_to_go_on_from(ann: Client, folder: str) -> None:
    token = prop_of(ann, folder, "sync-token")
    assert token == sync(ann, folder).token
    ann.put("/dav/f/new", b"new")

    assert [*sync(ann, folder, token).changed] == ["/dav/f/new"]
    assert "sync-token" in propfind(ann, "/dav/f/new", "sync-token")["/dav/f/new"].named(404)


def test_collections_say_that_they_can_be_followed(ann: Client, folder: str) -> None:
    found = propfind(ann, folder, "supported-report-set", depth="1")

    reports = {
        href: [one.tag for one in entry.properties["supported-report-set"].element.iter()] for href, entry in found.items()
    }
    assert f"{DAV}sync-collection" in reports["/dav/f/"]
    assert f"{DAV}sync-collection" in reports["/dav/f/sub/"]
    assert f"{DAV}sync-collection" not in reports["/dav/f/a.txt"]


# Long answers


@pytest.mark.parametrize("limit", ["1", "2"])
def test_cut_answer_says_so_and_goes_on_with_its_token(ann: Client, folder: str, limit: str) -> None:
    whole = sync(ann, folder)

    told: dict[str, dict[str, etree._Element]] = {}
    answer = sync(ann, folder, limit=limit)
    while answer.is_cut:
        assert len(answer.changed) == int(limit)
        told |= answer.changed
        answer = sync(ann, folder, answer.token, limit=limit)
    told |= answer.changed

    assert [*told] == [*whole.changed]
    assert answer.token == whole.token


def test_answer_that_fits_is_not_cut(ann: Client, folder: str) -> None:
    assert not sync(ann, folder, limit="3").is_cut
    assert not sync(ann, folder, limit="9" * 5000).is_cut
    assert sync(ann, folder, limit="2").is_cut


def test_no_result_at_all_cannot_be_asked_for(ann: Client, folder: str) -> None:
    response = ann("REPORT", folder, body(limit="0"))

    assert response.status == 403
    assert error_of(response)[0] == CUT


def test_client_that_believes_what_it_is_told_ends_with_what_is_there(ann: Client) -> None:
    random = Random(5)
    ann.mkcol("/dav/f")
    places = [f"/dav/f/{outer}{inner}" for outer in "abc" for inner in ("", "/x", "/y", "/x/z")]
    known: dict[str, str] = {}
    token = ""

    def follow(limit: str) -> bool:
        nonlocal token
        answer = sync(ann, "/dav/f/", token, limit=limit)
        for gone in answer.gone:
            for href in [href for href in known if href.rstrip("/") == gone or href.startswith(f"{gone}/")]:
                del known[href]
        for href, found in answer.changed.items():
            known.pop(href.rstrip("/"), None) if href.endswith("/") else known.pop(f"{href}/", None)
            known[href] = found["getetag"].text or "" if "getetag" in found else ""
        going_on = answer.is_cut or answer.token != token
        token = answer.token
        return going_on

    def truth(target: str) -> dict[str, str]:
        found = propfind(ann, target, "getetag", depth="1")
        below = {href: entry.properties["getetag"].text for href, entry in found.items() if href != target}
        return below | {inner: tag for href in below if href.endswith("/") for inner, tag in truth(href).items()}

    for _ in range(120):
        here, there = random.sample(places, 2)
        match random.randrange(5):
            case 0 | 1:
                ann("PUT", here, random.randbytes(4))
            case 2:
                ann("MKCOL", here)
            case 3:
                ann("MOVE", here, destination=there)
            case 4:
                ann("DELETE", here)
        if random.random() < 0.4:
            follow(random.choice("12345"))
    while follow(random.choice("12345")):
        pass

    assert known == truth("/dav/f/")


def test_large_folder_is_read_in_a_few_statements_whatever_its_size(ann: Client, store: Store, statements: list[str]) -> None:
    counts = []
    for count in (3, 300):
        ann.mkcol(f"/dav/{count}")
        token = sync(ann, f"/dav/{count}/").token
        for number in range(count):
            put(store, ann.ctx, f"/{count}/{number:03d}", b"content")
        for number in range(2):
            ann("MKCOL", f"/dav/{count}/folder{number}")
            ann("PROPPATCH", f"/dav/{count}/00{number}", SET_AUTHOR)
            ann.lock(f"/dav/{count}/00{number}")
        ann("COPY", f"/dav/{count}/folder0/", destination=f"/dav/{count}/folder1/copied/")
        for known in ("", token):
            statements.clear()
            prop = '<D:getetag/><D:lockdiscovery/><D:creator-displayname/><X:author xmlns:X="urn:x"/>'
            assert len(sync(ann, f"/dav/{count}/", known, prop=prop).changed) >= count
            counts.append(len(statements))

    assert counts[:2] == counts[2:]
    assert max(counts) <= 11


# Requests that cannot be answered


@pytest.mark.parametrize(
    "token", ["urn:davgate:sync:6f1a2c9e-0b0d-4f0e-9c53-0a6b7a1d2e3f:1-1", "data:,x", "opaquelocktoken:x", "x" * 500]
)
def test_foreign_token_is_refused_with_its_precondition(ann: Client, folder: str, token: str) -> None:
    response = ann("REPORT", folder, body(token))

    assert response.status == 403
    assert error_of(response) == ("valid-sync-token", [])


def test_token_of_the_future_is_refused_with_its_precondition(ann: Client, folder: str) -> None:
    token = sync(ann, folder).token
    head, _, tail = token.rpartition(":")
    seq, _, at = tail.partition("-")

    response = ann("REPORT", folder, body(f"{head}:{int(seq) + 1}-{at}"))

    assert response.status == 403
    assert error_of(response) == ("valid-sync-token", [])


@on_both_databases
@pytest.mark.parametrize("told", ["a%00b", "a/%01", "%FF", "%ED%A0%80"])
def test_token_that_goes_on_after_what_cannot_exist_is_refused_with_its_precondition(ann: Client, folder: str, told: str) -> None:
    token = sync(ann, folder).token

    response = ann("REPORT", folder, body(f"{token}::{told}"))

    assert response.status == 403
    assert error_of(response) == ("valid-sync-token", [])


def test_document_and_past_cannot_be_followed(ann: Client, folder: str) -> None:
    for target in ("/dav/f/a.txt", "/dav/f/.versions/"):
        response = ann("REPORT", target, body())
        assert response.status == 403
        assert error_of(response) == ("supported-report", [])


def test_missing_collection_is_404(ann: Client) -> None:
    assert ann("REPORT", "/dav/missing/", body()).status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "<D:sync-collection",
        body(level="2"),
        body(level=""),
        body(limit="x"),
        body(limit="-1"),
        body().replace("<D:sync-token></D:sync-token>", ""),
    ],
)
def test_body_against_the_grammar_is_400(ann: Client, folder: str, wrong: str) -> None:
    assert ann("REPORT", folder, wrong).status == 400


def test_level_may_be_said_in_the_depth_header(ann: Client, folder: str) -> None:
    for depth, level in (("1", "1"), ("infinity", "infinite")):
        old = read(ann("REPORT", folder, body(level=""), depth=depth), folder)
        assert [*old.changed] == [*sync(ann, folder, level=level).changed]


def test_report_needs_a_sign_in(nobody: Client, ann: Client, folder: str) -> None:
    assert nobody("REPORT", folder, body()).status == 401


@on_both_databases
@pytest.mark.parametrize("prop", ['<X:author xmlns:X="urn:x"/>', '<t:title xmlns:t="urn:davgate"/>'])
def test_answer_ends_where_more_is_said_than_is_held(ann: Client, prop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ann("MKCOL", "/dav/described")
    title = (
        '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><t:title xmlns:t="urn:davgate">A title</t:title></D:prop></D:set>'
        "</D:propertyupdate>"
    )
    for no in range(25):
        ann("PUT", f"/dav/described/{no:02}.txt", "text")
        ann("PROPPATCH", f"/dav/described/{no:02}.txt", SET_AUTHOR)
        ann("PROPPATCH", f"/dav/described/{no:02}.txt", title)
    whole = sync(ann, "/dav/described/", prop=prop)
    assert not whole.is_cut
    monkeypatch.setattr(held, "MOST_HELD_CHARS", 10)
    monkeypatch.setattr(held, "HELD_BATCH_ROWS", 10)

    token, told = "", []
    for count in (10, 10, 5):
        part = sync(ann, "/dav/described/", token, prop=prop)
        assert (len(part.changed), part.is_cut) == (count, count == 10)
        assert all(len(found) == 1 for found in part.changed.values())
        told += part.changed
        token = part.token
    assert told == list(whole.changed)
    assert not sync(ann, "/dav/described/", token, prop=prop).changed
