"""PROPPATCH and dead properties (RFC 4918, 4 and 9.2)."""

from __future__ import annotations

import pytest
from lxml import etree

from davgate.core.store import Store
from tests.protocol.client import Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import entries, error_of, propfind
from tests.protocol.stored import history

X = "{urn:x}"
DOCUMENT = "/dav/a.txt"


@pytest.fixture(autouse=True)
def document(ann: Client) -> None:
    ann.put(DOCUMENT)


def updating(*instructions: str) -> str:
    """Return the body of a PROPPATCH."""
    return f'<D:propertyupdate xmlns:D="DAV:" xmlns:X="urn:x">{"".join(instructions)}</D:propertyupdate>'


def setting(*properties: str) -> str:
    return f"<D:set><D:prop>{''.join(properties)}</D:prop></D:set>"


def removing(*properties: str) -> str:
    return f"<D:remove><D:prop>{''.join(properties)}</D:prop></D:remove>"


@on_both_databases
def test_set_properties_come_back(ann: Client) -> None:
    response = ann("PROPPATCH", DOCUMENT, updating(setting("<X:author>Ann</X:author>", "<X:empty/>")))

    (entry,) = entries(response).values()
    assert (entry.href, entry.named(200)) == (DOCUMENT, {X + "author", X + "empty"})
    (entry,) = propfind(ann, DOCUMENT, X + "author", X + "empty").values()
    assert (entry[X + "author"], entry[X + "empty"]) == ("Ann", "")


@on_both_databases
def test_instructions_are_executed_in_document_order(ann: Client) -> None:
    # RFC 4918, 9.2
    ann(
        "PROPPATCH",
        DOCUMENT,
        updating(
            setting("<X:a>1</X:a>"), removing("<X:a/>"), setting("<X:a>2</X:a>"), setting("<X:b>1</X:b>"), removing("<X:b/>")
        ),
    )

    (entry,) = propfind(ann, DOCUMENT, X + "a", X + "b").values()
    assert (entry[X + "a"], entry.named(404)) == ("2", {X + "b"})


def test_removing_what_is_not_there_is_no_error(ann: Client) -> None:
    # RFC 4918, 14.23
    (entry,) = entries(ann("PROPPATCH", DOCUMENT, updating(removing("<X:author/>")))).values()

    assert entry.named(200) == {X + "author"}


@on_both_databases
def test_protected_property_fails_all_with_its_precondition(ann: Client) -> None:
    ann("PROPPATCH", DOCUMENT, updating(setting("<X:kept>1</X:kept>")))

    body = updating(setting("<X:author>Ann</X:author>", '<D:getetag>"x"</D:getetag>'), removing("<X:kept/>"))
    (entry,) = entries(ann("PROPPATCH", DOCUMENT, body)).values()

    assert entry.properties["getetag"].status == 403
    assert entry.properties["getetag"].error == "cannot-modify-protected-property"
    assert entry.named(424) == {X + "author", X + "kept"}
    assert entry.named(200) == set()
    (entry,) = propfind(ann, DOCUMENT, X + "author", X + "kept").values()
    assert (entry.named(200), entry.named(404)) == ({X + "kept"}, {X + "author"})


@pytest.mark.parametrize(
    "name",
    [
        "getetag",
        "getlastmodified",
        "getcontentlength",
        "creationdate",
        "resourcetype",
        "lockdiscovery",
        "supportedlock",
        "resource-id",
        "quota-available-bytes",
    ],
)
def test_live_properties_are_protected_from_setting_and_removing(ann: Client, name: str) -> None:
    for instruction in (setting(f"<D:{name}>x</D:{name}>"), removing(f"<D:{name}/>")):
        (entry,) = entries(ann("PROPPATCH", DOCUMENT, updating(instruction))).values()
        assert entry.named(403) == {name}


def test_windows_times_are_kept_as_sent(ann: Client) -> None:
    z = "{urn:schemas-microsoft-com:}"
    times = {
        "Win32CreationTime": "Fri, 20 Nov 2026 10:00:00 GMT",
        "Win32LastAccessTime": "Fri, 20 Nov 2026 10:00:01 GMT",
        "Win32LastModifiedTime": "Fri, 20 Nov 2026 10:00:02 GMT",
        "Win32FileAttributes": "00000020",
    }
    inside = "".join(f"<Z:{name}>{value}</Z:{name}>" for name, value in times.items())
    body = updating(setting(inside)).replace("xmlns:D=", 'xmlns:Z="urn:schemas-microsoft-com:" xmlns:D=')

    (entry,) = entries(ann("PROPPATCH", DOCUMENT, body)).values()
    assert entry.named(200) == {z + name for name in times}
    assert all(found.element.prefix for found in entry.properties.values()), "Windows reads no default namespace"
    (entry,) = propfind(ann, DOCUMENT, *(z + name for name in times)).values()
    assert {name: entry[z + name] for name in times} == times


VALUES = {
    "text": "Ann &amp; Bob &lt;x@y&gt; &quot;'",
    "unicode": "résumé 日本語 😀",
    "whitespace": "  two\n lines\t",
    "children": '<X:name X:kind="first">Ann</X:name> and <X:name>Bob</X:name>',
    "other-namespaces": '<y:a xmlns:y="urn:y" y:b="1"><z xmlns="urn:z"/></y:a>',
    "no-namespace": "<plain>1</plain>",
    "qualified-name-in-text": '<y:a xmlns:y="urn:y" xmlns:s="urn:s" y:type="s:date">2026</y:a>',
    "cdata": "<![CDATA[<b>&</b>]]>",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_value_keeps_elements_attributes_namespaces_and_text(ann: Client, value: str) -> None:
    # RFC 4918, 4.3
    sent = f'<X:note xmlns:X="urn:x">{value}</X:note>'
    ann("PROPPATCH", DOCUMENT, updating(setting(sent)))

    (entry,) = propfind(ann, DOCUMENT, X + "note").values()

    found = entry.properties[X + "note"].element
    assert canonical(found) == canonical(etree.fromstring(sent))
    assert b"xmlns:s" not in sent.encode() or found[0].nsmap["s"] == "urn:s"


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def test_language_in_scope_is_kept(ann: Client) -> None:
    # RFC 4918, 4.3
    body = (
        '<D:propertyupdate xmlns:D="DAV:" xmlns:X="urn:x"><D:set xml:lang="de"><D:prop xml:lang="fr">'
        '<X:a>un</X:a><X:b xml:lang="en">one</X:b></D:prop></D:set></D:propertyupdate>'
    )
    ann("PROPPATCH", DOCUMENT, body)

    (entry,) = propfind(ann, DOCUMENT, X + "a", X + "b").values()
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [entry.properties[X + name].element.get(lang) for name in ("a", "b")] == ["fr", "en"]


def test_property_in_no_namespace(ann: Client) -> None:
    ann("PROPPATCH", DOCUMENT, updating(setting('<plain xmlns="">1</plain>')))

    (entry,) = entries(
        ann("PROPFIND", DOCUMENT, '<D:propfind xmlns:D="DAV:"><D:prop><plain/></D:prop></D:propfind>', depth="0")
    ).values()
    assert entry["plain"] == "1"


def test_names_that_differ_by_namespace_or_case_are_different_properties(ann: Client) -> None:
    ann("PROPPATCH", DOCUMENT, updating(setting("<X:a>1</X:a>", "<X:A>2</X:A>", '<y:a xmlns:y="urn:y">3</y:a>')))

    (entry,) = propfind(ann, DOCUMENT, X + "a", X + "A", "{urn:y}a").values()
    assert [entry[name] for name in (X + "a", X + "A", "{urn:y}a")] == ["1", "2", "3"]


def test_proppatch_makes_no_version_and_keeps_validators(ann: Client, store: Store) -> None:
    before = ann("HEAD", DOCUMENT).headers

    ann("PROPPATCH", DOCUMENT, updating(setting("<X:author>Ann</X:author>")))

    assert ann("HEAD", DOCUMENT).headers == before
    assert len(history(store, ann.ctx, "/a.txt")) == 1


@on_both_databases
def test_dead_properties_travel_with_move_and_are_copied(ann: Client) -> None:
    # RFC 4918, 9.8.2 and 9.9.1
    ann.mkcol("/dav/folder")
    ann.put("/dav/folder/deep.txt")
    for target in ("/dav/folder", "/dav/folder/deep.txt"):
        ann("PROPPATCH", target, updating(setting(f"<X:of>{target}</X:of>")))

    ann("COPY", "/dav/folder", destination="/dav/copy")
    ann("MOVE", "/dav/folder", destination="/dav/moved")

    for top in ("/dav/copy", "/dav/moved"):
        found = propfind(ann, top, X + "of", depth="1")
        assert {href: entry[X + "of"] for href, entry in found.items()} == {
            f"{top}/": "/dav/folder",
            f"{top}/deep.txt": "/dav/folder/deep.txt",
        }


@on_both_databases
def test_what_clients_note_on_one_resource_is_bounded(ann: Client) -> None:
    # Whoever lists the folder reads it: with as many requests as one likes it could else be made larger than any memory.
    notes = [f"<X:note{number}>{'x' * 20_000}</X:note{number}>" for number in range(4)]
    for note in notes[:3]:
        ann("PROPPATCH", DOCUMENT, updating(setting(note)))

    refused = ann("PROPPATCH", DOCUMENT, updating(setting(notes[3], "<X:small/>")))

    assert refused.status == 507
    assert error_of(refused) == ("quota-not-exceeded", [])
    (entry,) = propfind(ann, DOCUMENT, X + "note2", X + "note3", X + "small").values()
    assert entry.named(404) == {X + "note3", X + "small"}
    assert ann("PROPPATCH", DOCUMENT, updating(removing("<X:note0/>"), setting(notes[3]))).status == 207


def test_property_of_a_collection(ann: Client) -> None:
    ann.mkcol("/dav/folder")

    for target in ("/dav/folder", "/dav/folder/"):
        assert list(entries(ann("PROPPATCH", target, updating(setting("<X:a>1</X:a>"))))) == ["/dav/folder/"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<D:propertyupdate",
        '<D:propertyupdate xmlns:D="DAV:"/>',
        '<D:propertyupdate xmlns:D="DAV:"><D:set/></D:propertyupdate>',
        '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>',
    ],
    ids=["none", "cut", "no-instruction", "no-property", "other-element"],
)
def test_malformed_body_is_400(ann: Client, body: str) -> None:
    assert ann("PROPPATCH", DOCUMENT, body).status == 400


def test_proppatch_of_a_missing_resource_is_404(ann: Client) -> None:
    assert ann("PROPPATCH", "/dav/missing", updating(setting("<X:a>1</X:a>"))).status == 404


def test_place_of_the_past_has_no_properties_to_set(ann: Client) -> None:
    assert ann("PROPPATCH", "/dav/.versions/a.txt/0001", updating(setting("<X:a>1</X:a>"))).status == 403
