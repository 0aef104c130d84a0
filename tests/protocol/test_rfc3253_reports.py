"""Reports on versions: version-tree and expand-property (RFC 3253, 3.6 to 3.8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import etree

from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import DAV, Entry, entries, error_of, prop_of, propfind

DOCUMENT = "/dav/a.txt"
CADAVER = (
    '<?xml version="1.0" encoding="utf-8" ?><D:version-tree xmlns:D="DAV:"> <D:prop>  <D:version-name/>  <D:creator-displayname/>'
    "  <D:getcontentlength/>  <D:getlastmodified/>  <D:successor-set/> </D:prop></D:version-tree>"
)


@pytest.fixture
def document(ann: Client, bob: Client) -> str:
    """A document with three versions, the second by another author, the third from a check-out."""
    ann.put(DOCUMENT, b"1")
    ann.clock.advance(timedelta(hours=1))
    bob.put(DOCUMENT, b"22")
    ann.clock.advance(timedelta(hours=1))
    ann("CHECKOUT", DOCUMENT)
    ann.put(DOCUMENT, b"333")
    ann("CHECKIN", DOCUMENT, '<D:checkin xmlns:D="DAV:"><D:comment>done</D:comment></D:checkin>')
    return DOCUMENT


def version_tree(client: Client, target: str, *names: str) -> list[Entry]:
    asked = "".join(f"<D:{name}/>" for name in names)
    body = f'<D:version-tree xmlns:D="DAV:"><D:prop>{asked}</D:prop></D:version-tree>'
    return list(entries(client("REPORT", target, body)).values())


def hrefs_in(entry: Entry, name: str) -> list[str]:
    return [href.text or "" for href in entry.properties[name].element]


def expand(client: Client, target: str, inside: str) -> etree._Element:
    response = client("REPORT", target, f'<D:expand-property xmlns:D="DAV:">{inside}</D:expand-property>')
    assert response.status == 207, response
    return response.xml


# version-tree


@on_both_databases
def test_version_tree_has_every_version(ann: Client, document: str) -> None:
    found = version_tree(ann, document, "version-name", "creator-displayname", "getcontentlength", "comment", "getetag")

    told = [(entry["version-name"], entry["creator-displayname"], entry["getcontentlength"], entry["comment"]) for entry in found]
    assert told == [("1", "ann", "1", ""), ("2", "bob", "2", ""), ("3", "ann", "3", "done")]
    assert found[2]["getetag"] == prop_of(ann, document, "getetag")


def test_versions_follow_each_other(ann: Client, document: str) -> None:
    first, second, third = version_tree(ann, document, "predecessor-set", "successor-set", "version-history")

    assert hrefs_in(first, "predecessor-set") == []
    assert hrefs_in(first, "successor-set") == hrefs_in(third, "predecessor-set") == [second.href]
    assert hrefs_in(third, "successor-set") == []
    (history,) = {hrefs_in(entry, "version-history")[0] for entry in (first, second, third)}
    assert third.href == f"{history}3"


def test_version_says_from_where_it_is_checked_out_and_that_history_does_not_fork(ann: Client, document: str) -> None:
    ann("CHECKOUT", document)

    *others, last = version_tree(ann, document, "checkout-set", "checkout-fork", "checkin-fork")

    assert hrefs_in(last, "checkout-set") == [document]
    assert all(hrefs_in(entry, "checkout-set") == [] for entry in others)
    assert [str(one.tag) for one in last.properties["checkout-fork"].element] == [f"{DAV}forbidden"]
    assert [str(one.tag) for one in last.properties["checkin-fork"].element] == [f"{DAV}forbidden"]


def test_address_of_a_version_leads_to_it_whatever_the_document_is_called(ann: Client, document: str) -> None:
    first = version_tree(ann, document, "version-name")[0].href
    ann("MOVE", document, destination="/dav/b.txt")

    assert ann.get(first) == b"1"
    assert prop_of(ann, first, "version-name") == "1"


def test_labels_and_digests_of_versions_are_told(ann: Client, document: str) -> None:
    ann("LABEL", document, '<D:label xmlns:D="DAV:"><D:add><D:label-name>final</D:label-name></D:add></D:label>')
    body = (
        '<D:version-tree xmlns:D="DAV:" xmlns:g="urn:davgate"><D:prop><D:label-name-set/><g:sha-256/></D:prop></D:version-tree>'
    )

    first, _, last = entries(ann("REPORT", document, body)).values()

    assert [name.text for name in last.properties["label-name-set"].element] == ["final"]
    assert len(first.properties["label-name-set"].element) == 0
    assert first["{urn:davgate}sha-256"] == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"


def test_version_tree_can_be_asked_of_a_version(ann: Client, document: str) -> None:
    whole = {entry.href: entry["version-name"] for entry in version_tree(ann, document, "version-name")}

    for target in ("/dav/.versions/a.txt/1", next(iter(whole))):
        assert {entry.href: entry["version-name"] for entry in version_tree(ann, target, "version-name")} == whole


def test_version_tree_of_cadaver_is_answered(ann: Client, document: str) -> None:
    found = entries(ann("REPORT", document, CADAVER))

    assert [entry["version-name"] for entry in found.values()] == ["1", "2", "3"]
    assert all(entry.named(404) == set() for entry in found.values())


def test_version_tree_without_properties_names_the_versions(ann: Client, document: str) -> None:
    assert len(entries(ann("REPORT", document, '<D:version-tree xmlns:D="DAV:"/>'))) == 3


def test_document_without_content_has_no_versions(ann: Client) -> None:
    ann.lock("/dav/pending")

    assert version_tree(ann, "/dav/pending", "version-name") == []


# expand-property


@on_both_databases
def test_address_in_a_property_is_replaced_by_what_is_there(ann: Client, document: str) -> None:
    inside = '<D:property name="version-history"><D:property name="version-set"><D:property name="creator-displayname"/>'
    found = expand(ann, document, f"{inside}</D:property></D:property>")

    (entry,) = found.findall(f"{DAV}response")
    assert entry.findtext(f"{DAV}href") == document
    versions = entry.findall(f".//{DAV}version-history/{DAV}response//{DAV}version-set/{DAV}response")
    assert [version.findtext(f".//{DAV}creator-displayname") for version in versions] == ["ann", "bob", "ann"]
    addresses = [entry.href for entry in version_tree(ann, document, "version-name")]
    assert [version.findtext(f"{DAV}href") for version in versions] == addresses


def test_property_is_not_expanded_unless_asked(ann: Client, document: str) -> None:
    found = expand(ann, document, '<D:property name="checked-in"/><D:property name="getetag"/>')

    assert found.findtext(f".//{DAV}checked-in/{DAV}href") == propfind(ann, document, "checked-in")[document].properties[
        "checked-in"
    ].element.findtext(f"{DAV}href")
    assert found.findtext(f".//{DAV}getetag") == prop_of(ann, document, "getetag")


def test_lock_leads_to_its_root(ann: Client, document: str) -> None:
    ann.lock(document)

    found = expand(ann, document, '<D:property name="lockdiscovery"><D:property name="displayname"/></D:property>')

    assert found.findtext(f".//{DAV}lockroot/{DAV}response//{DAV}displayname") == "a.txt"
    assert found.find(f".//{DAV}locktoken/{DAV}href") is not None


def test_properties_that_are_not_there_are_named(ann: Client, document: str) -> None:
    found = expand(ann, document, '<D:property name="checked-out"/><D:property name="x" namespace="urn:x"/>')

    propstat = found.findall(f".//{DAV}propstat")[1]
    assert "404" in (propstat.findtext(f"{DAV}status") or "")
    assert [str(one.tag) for one in propstat.iterfind(f"{DAV}prop/*")] == [f"{DAV}checked-out", "{urn:x}x"]


@pytest.mark.parametrize("name", ["resource-id", "supported-report-set"])
def test_address_that_leads_nowhere_stays(ann: Client, document: str, name: str) -> None:
    expanded = expand(ann, document, f'<D:property name="{name}"><D:property name="getetag"/></D:property>')

    (entry,) = propfind(ann, document, name).values()
    assert etree.tostring(expanded.find(f".//{DAV}{name}")) == etree.tostring(entry.properties[name].element)


def test_conditions_of_the_request_do_not_touch_what_it_leads_to(ann: Client, document: str) -> None:
    inside = '<D:property name="version-history"><D:property name="version-set"/></D:property>'
    body = f'<D:expand-property xmlns:D="DAV:">{inside}</D:expand-property>'

    response = ann("REPORT", document, body, if_match=prop_of(ann, document, "getetag"))

    assert response.status == 207
    assert len(response.xml.findall(f".//{DAV}version-set/{DAV}href")) == 3


@pytest.mark.parametrize("condition", [{"if_": '(["none"])'}, {"if_match": '"none"'}], ids=["If", "If-Match"])
@pytest.mark.parametrize("target", [DOCUMENT, "/dav/.versions/a.txt/1", "/dav/.versions/a.txt/"])
def test_conditions_hold_for_what_the_report_is_on(ann: Client, document: str, target: str, condition: dict[str, str]) -> None:
    body = '<D:expand-property xmlns:D="DAV:"><D:property name="displayname"/></D:expand-property>'

    assert ann("REPORT", target, body, **condition).status == 412
    assert ann("REPORT", target, CADAVER, **condition).status == 412


@pytest.mark.parametrize("target", ["/dav/.trash/", "/dav/.versions/", "/dav/.at/", "/dav/.at/2026-11-20T13:30/"])
def test_properties_of_folders_that_show_the_past_are_expanded(ann: Client, document: str, target: str) -> None:
    (entry,) = entries(ann("PROPFIND", target, depth="0")).values()
    found = expand(ann, target, '<D:property name="displayname"/><D:property name="current-user-principal"/>')

    assert found.findtext(f".//{DAV}displayname") == entry["displayname"]
    assert found.findtext(f".//{DAV}response/{DAV}href") == target
    assert found.findtext(f".//{DAV}current-user-principal/{DAV}href") == "/principals/ann"


@pytest.mark.parametrize(
    "inside",
    [
        '<D:property name="a b"/>',
        '<D:property name=""/>',
        "<D:property/>",
        '<D:property name="x" namespace="http://www.w3.org/XML/1998/namespace"/>',
        '<D:property name="a">' * 5 + "</D:property>" * 5,
        "".join(f'<D:property name="a{number}"/>' for number in range(1001)),
        "".join(f'<D:property name="{number:a>990}"/>' for number in range(17)),
    ],
    ids=["space", "empty", "none", "xml", "deep", "many", "long"],
)
def test_expansion_against_the_grammar_or_beyond_bounds_is_400(ann: Client, document: str, inside: str) -> None:
    assert ann("REPORT", document, f'<D:expand-property xmlns:D="DAV:">{inside}</D:expand-property>').status == 400


# Any report


@pytest.mark.parametrize("name", ["principal-search-property-set", "locate-by-history", "nonsense"])
def test_report_that_is_not_there_is_refused_with_its_precondition(ann: Client, document: str, name: str) -> None:
    response = ann("REPORT", document, f'<D:{name} xmlns:D="DAV:"/>')

    assert response.status == 403
    assert error_of(response) == ("supported-report", [])


def test_folder_has_no_version_tree(ann: Client) -> None:
    for target in ("/dav/", "/dav/.versions/"):
        response = ann("REPORT", target, CADAVER)
        assert response.status == 403
        assert error_of(response) == ("supported-report", [])


@pytest.mark.parametrize("body", ["", "<", '<D:version-tree xmlns:D="DAV:"><D:prop>', "<!DOCTYPE a><a/>"])
def test_body_that_is_no_report_is_400(ann: Client, document: str, body: str) -> None:
    assert ann("REPORT", document, body).status == 400


def test_report_on_one_resource_takes_no_depth(ann: Client, document: str) -> None:
    assert ann("REPORT", document, CADAVER, depth="0").status == 207
    assert ann("REPORT", document, CADAVER, depth="1").status == 400


def test_report_on_what_is_missing_is_404(ann: Client) -> None:
    assert ann("REPORT", "/dav/missing", CADAVER).status == 404
    ann.put(DOCUMENT)
    assert ann("REPORT", "/dav/.versions/a.txt/9", CADAVER).status == 404
    assert ann("REPORT", "/dav/missing", '<D:expand-property xmlns:D="DAV:"/>').status == 404
