"""The page that a browser is shown for a folder."""

import re
from datetime import UTC, tzinfo
from html import unescape
from http import HTTPStatus
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest

from davgate.dav.page import error_page, listing_page
from davgate.model.node import NodeKind
from davgate.model.paths import TreePath
from davgate.storage.api import MemberRow

NOW = 1_763_650_000_000_000
TRAP = """"><script>alert(1)</script> & 100% #1?'.txt"""


def a_document(name: str, *, version_no: int = 3, length_bytes: int = 12_345) -> MemberRow:
    digest = b"\0" * 32 if version_no else None
    return 7, "", NodeKind.DOCUMENT.value, 1, name, NOW, NOW, version_no, digest, length_bytes, "text/plain"


def a_collection(name: str) -> MemberRow:
    return 8, "", NodeKind.COLLECTION.value, 1, name, NOW, NOW, 0, None, None, None


def page(path: TreePath, *members: MemberRow, time_zone: tzinfo = UTC) -> str:
    has_versions = ".versions" not in path
    return b"".join(listing_page("/dav", path, members, has_versions=has_versions, time_zone=time_zone)).decode()


def links(text: str) -> list[tuple[str, str]]:
    """Return the decoded addresses and texts of all links below the head of the table."""
    shown = re.sub("</?bdi>", "", text.partition("</th></tr>")[2])
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', shown)
    return [(unquote(unescape(address)), unescape(shown)) for address, shown in found]


@pytest.mark.parametrize("path", [(), ("a",), (TRAP, "b")])
def test_members_and_their_versions_are_linked_by_absolute_address(path: TreePath) -> None:
    here = "/dav/" + "".join(f"{name}/" for name in path)

    found = links(page(path, a_document("b.txt"), a_collection("sub")))

    assert found == [(f"{here}b.txt", "b.txt"), (f"{here}.versions/b.txt/", "3"), (f"{here}sub/", "sub/")]


def test_name_is_shown_as_it_is_and_is_nothing_but_text() -> None:
    text = page((TRAP,), a_document(TRAP))

    assert links(text)[0] == (f"/dav/{TRAP}/{TRAP}", TRAP)
    assert "<script" not in text


def test_document_without_a_version_links_to_none() -> None:
    assert links(page((), a_document("a", version_no=0))) == [("/dav/a", "a")]


def test_folder_links_to_its_versions_and_one_of_versions_to_no_further_ones() -> None:
    assert 'href="/dav/a/.versions/"' in page(("a",))
    assert links(page((".versions", "a"), a_document("0001 x"))) == [("/dav/.versions/a/0001 x", "0001 x")]
    assert "Version" not in page((".versions", "a"), a_document("0001 x"))


def test_trail_leads_to_every_folder_above() -> None:
    trail = page(("a", "b", "c")).partition("</nav>")[0]

    assert re.findall(r'href="([^"]*)"', trail) == ["/dav/", "/dav/a/", "/dav/a/b/"]


def test_name_in_another_direction_turns_nothing_around() -> None:
    text = page(("תיק", "مجلد", "x"), a_collection("وثيقة"), a_document("נס.txt"))

    assert re.findall("<a[^>]*>(.*?)</a>", text.partition("</nav>")[0]) == ["Drive", "<bdi>תיק</bdi>", "<bdi>مجلد</bdi>"]
    assert "<bdi>وثيقة</bdi>/</a>" in text
    assert "<bdi>נס.txt</bdi></a>" in text
    assert "<h1><bdi>مجلد</bdi></h1>" in page(("مجلد",))


@pytest.mark.parametrize(("zone", "shown"), [("UTC", "2025-11-20 14:46"), ("Asia/Tokyo", "2025-11-20 23:46")])
def test_time_is_in_the_zone_of_the_names_of_versions(zone: str, shown: str) -> None:
    text = page((), a_document("a"), time_zone=ZoneInfo(zone))

    assert f'<th class="t">Changed ({zone})</th>' in text
    assert f'<td class="t">{shown}</td>' in text


@pytest.mark.parametrize(
    ("length_bytes", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (12_345, "12 kB"), (999_600, "1.0 MB"),
     (64 * 10**9, "64 GB"), (2 * 10**12, "2.0 TB"), (10**15, "1000.0 TB")],
)  # fmt: skip
def test_length_is_shown_in_steps_of_a_thousand(length_bytes: int, shown: str) -> None:
    assert f'<td class="n">{shown}</td>' in page((), a_document("a", length_bytes=length_bytes))


def test_error_is_a_sentence_with_a_link_to_the_drive() -> None:
    text = error_page("/d&v", HTTPStatus.NOT_FOUND, f"There is nothing at /{TRAP}.").decode()

    assert re.findall(r'href="([^"]*)"', text) == ["/d&amp;v/"]
    assert "<h1><bdi>Not Found</bdi></h1>" in text
    assert f"There is nothing at /{TRAP}." in unescape(text)
    assert "<script" not in text


def test_empty_folder_says_so() -> None:
    assert "This folder is empty." in page(("a",))
    assert "This folder is empty." not in page(("a",), a_collection("b"))
