"""Request bodies in XML as values; the examples of RFC 4918, 9.2.2, 9.10 and appendix A are cases here."""

import time
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from davgate.dav import bodies, xml
from davgate.dav.bodies import ALLPROP, BRIEF_ALLPROP, Form, LockRequest, PropfindRequest
from davgate.dav.facts import Facts
from davgate.dav.live_properties import LIVE_PROPERTIES
from davgate.dav.multistatus import propfind
from davgate.model.errors import Malformed, TooLarge, UnsupportedBody
from davgate.model.instant import Instant
from davgate.model.locks import Scope
from davgate.model.properties import PropertyName, PropertyUpdate

WIN32 = "urn:schemas-microsoft-com:"


def propfind_body(inner: str) -> bytes:
    return f'<?xml version="1.0"?><D:propfind xmlns:D="DAV:">{inner}</D:propfind>'.encode()


def lockinfo(inner: str) -> bytes:
    return f'<D:lockinfo xmlns:D="DAV:">{inner}</D:lockinfo>'.encode()


def stored(element: str, *, around: str = "", near: str = "") -> PropertyUpdate:
    """Return what becomes of a property set by a PROPPATCH with the attributes ``around`` at its root, ``near`` at its prop."""
    body = f'<D:propertyupdate xmlns:D="DAV:" {around}><D:set><D:prop {near}>{element}</D:prop></D:set></D:propertyupdate>'
    (update,) = bodies.parse_proppatch(body.encode())
    return update


def content(element: xml.Element) -> tuple[object, ...]:
    """Return all of an element that must be kept: prefix, name, attributes, text and what is in it (RFC 4918, 4.3)."""
    inside = [(content(child), child.tail or "") for child in element]
    return element.prefix, element.tag, sorted(map(str, element.items())), element.text or "", inside


def content_of_text(text: str | None) -> tuple[object, ...]:
    assert text is not None
    return content(etree.fromstring(text))


# Parsing


LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {this} "' + f"&{last};" * 10 + '">' for last, this in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("   ", id="blank"),
        pytest.param("{}", id="JSON"),
        pytest.param("<a>", id="cut-off"),
        pytest.param("<a/><b/>", id="two-roots"),
        pytest.param("<a>&unknown;</a>", id="undefined-entity"),
        pytest.param("<a>&#0;</a>", id="character-that-XML-has-not"),
        pytest.param("<b:a/>", id="undeclared-prefix"),
        pytest.param('<D:propfind xmlns:D="DAV:"><D:prop><b:a xmlns:b=""/></D:prop></D:propfind>', id="prefix-bound-to-nothing"),
        pytest.param("<!DOCTYPE a><a/>", id="document-type"),
        pytest.param('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', id="entity"),
        pytest.param('<!DOCTYPE a [<!ENTITY % b "c"> %b;]><a/>', id="parameter-entity"),
        pytest.param(f"{LAUGHS}<l>&i;</l>", id="billion-laughs"),
        pytest.param(f'{LAUGHS}<l a="&i;"/>', id="billion-laughs-in-an-attribute"),
        pytest.param("<a>" * 65 + "</a>" * 65, id="65-levels"),
        pytest.param("<a>" * 100_000 + "</a>" * 100_000, id="100,000-levels"),
        pytest.param("<a " + " ".join(f'xmlns:p{n}="u"' for n in range(101)) + "/>", id="101-namespaces"),
        pytest.param('<a xmlns="' + "u" * 1001 + '"/>', id="endless-namespace"),
    ],
)
def test_hostile_or_broken_xml_is_refused_at_once(body: str) -> None:
    began = time.process_time()

    with pytest.raises(Malformed):
        xml.parse(body.encode())

    assert time.process_time() - began < 1


@pytest.mark.parametrize("declaration", ['<!DOCTYPE a SYSTEM "{0}">', '<!DOCTYPE a [<!ENTITY % b SYSTEM "{0}"> %b;]>'])
def test_no_file_is_read_for_a_document_type(declaration: str, tmp_path: Path) -> None:
    # Read, this would be another error: the file is no document type.
    (tmp_path / "broken.dtd").write_text("<<<")

    with pytest.raises(Malformed, match="DOCTYPE"):
        xml.parse(f"{declaration.format((tmp_path / 'broken.dtd').as_uri())}<a/>".encode())


def test_body_above_the_limit_is_too_large() -> None:
    assert xml.parse(b"<a/>", xml.XmlLimits(body_bytes=4)).tag == "a"
    with pytest.raises(TooLarge, match="3 bytes"):
        xml.parse(b"<a/>", xml.XmlLimits(body_bytes=3))
    with pytest.raises(TooLarge):
        bodies.parse_propfind(propfind_body("<D:allprop/>" + " " * xml.DEFAULT_LIMITS.body_bytes))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_every_parser_knows_are_read(encoding: str) -> None:
    assert xml.parse("<a>\u00fc\U0001f4c4</a>".encode(encoding)).text == "\u00fc\U0001f4c4"


def test_64_levels_are_read() -> None:
    assert xml.parse(b"<a>" * 64 + b"</a>" * 64) is not None


# PROPFIND


@pytest.mark.parametrize(
    ("body", "request_"),
    [
        pytest.param(b"", ALLPROP, id="9.1-no-body"),
        pytest.param(propfind_body("<D:allprop/>"), ALLPROP, id="9.1.5-allprop"),
        pytest.param(propfind_body("<D:propname/>"), PropfindRequest(Form.PROPNAME), id="9.1.4-propname"),
        pytest.param(
            propfind_body('<D:prop xmlns:R="http://ns.example.com/boxschema/"><R:bigbox/><R:author/></D:prop>'),
            PropfindRequest(
                Form.PROP,
                (("http://ns.example.com/boxschema/", "bigbox"), ("http://ns.example.com/boxschema/", "author")),
            ),
            id="9.1.3-prop",
        ),
        pytest.param(
            propfind_body("<D:allprop/><D:include><D:supported-live-property-set/><D:resource-id/></D:include>"),
            PropfindRequest(Form.ALLPROP, (("DAV:", "supported-live-property-set"), ("DAV:", "resource-id"))),
            id="9.1.6-include",
        ),
        pytest.param(
            b'<propfind xmlns="DAV:"><prop><getetag/><getetag/><b xmlns=""/></prop></propfind>',
            PropfindRequest(Form.PROP, (("DAV:", "getetag"), ("", "b"))),
            id="default-namespace-and-none-and-a-repeated-name",
        ),
        pytest.param(propfind_body("<D:prop/>"), PropfindRequest(Form.PROP), id="nothing-asked-for"),
        pytest.param(
            propfind_body('<D:propname/><E:leave-out xmlns:E="http://example.org/"/>'),
            PropfindRequest(Form.PROPNAME),
            id="appendix-A.3-unknown-beside-known",
        ),
        pytest.param(
            propfind_body("<!-- a --><?b c?><D:prop><!-- d --><D:getetag>ignored</D:getetag></D:prop>"),
            PropfindRequest(Form.PROP, (("DAV:", "getetag"),)),
            id="comments-and-content",
        ),
    ],
)
def test_propfind_body_is_read(body: bytes, request_: PropfindRequest) -> None:
    assert bodies.parse_propfind(body) == request_


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(propfind_body('<E:expired-props xmlns:E="http://example.org/"/>'), id="appendix-A.2-only-unknown"),
        pytest.param(propfind_body(""), id="no-question"),
        pytest.param(propfind_body("<D:prop/><D:allprop/>"), id="two-questions"),
        pytest.param(propfind_body("<prop/>"), id="question-in-no-namespace"),
        pytest.param(b"<propfind><allprop/></propfind>", id="no-namespace"),
        pytest.param(b'<D:lockinfo xmlns:D="DAV:"><D:allprop/></D:lockinfo>', id="another-root"),
        pytest.param(propfind_body("<D:prop><xml:a/></D:prop>"), id="namespace-of-the-prefix-xml"),
        pytest.param(propfind_body(f"<D:prop><D:{'a' * 1001}/></D:prop>"), id="endless-name"),
        pytest.param(propfind_body(f"<D:prop>{''.join(f'<a{n}/>' for n in range(1001))}</D:prop>"), id="1,001-names"),
        pytest.param(propfind_body(f"<D:prop>{''.join(f'<D:a{n:0>990}/>' for n in range(17))}</D:prop>"), id="long-names"),
    ],
)
def test_propfind_body_outside_the_grammar_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        bodies.parse_propfind(body)


def test_small_propfind_body_is_parsed_once() -> None:
    body = propfind_body("<D:prop><D:getetag/><parsed-once/></D:prop>")

    assert bodies.parse_propfind(body) is bodies.parse_propfind(body)
    assert bodies.parse_propfind(body + b" " * 5000) is not bodies.parse_propfind(body + b" " * 5000)


@pytest.mark.parametrize(
    ("request_", "locks", "dead", "quota"),
    [
        (ALLPROP, True, True, False),
        (BRIEF_ALLPROP, False, False, False),
        (PropfindRequest(Form.PROPNAME), False, True, True),
        (PropfindRequest(Form.PROP, (("DAV:", "getetag"), ("DAV:", "lockdiscovery"))), True, False, False),
        (PropfindRequest(Form.PROP, (("DAV:", "getetag"), (WIN32, "Win32FileAttributes"))), False, True, False),
        (PropfindRequest(Form.PROP, (("DAV:", "quota-available-bytes"),)), False, False, True),
        (PropfindRequest(Form.ALLPROP, (("DAV:", "quota-used-bytes"),)), True, True, True),
    ],
)
def test_request_tells_what_must_be_fetched(request_: PropfindRequest, locks: bool, dead: bool, quota: bool) -> None:
    assert (request_.wants_locks, request_.wants_dead_properties, request_.wants_quota) == (locks, dead, quota)


def test_names_that_are_not_live_are_looked_for_among_the_dead() -> None:
    request = PropfindRequest(Form.PROP, (("DAV:", "getetag"), ("DAV:", "getcontentlanguage"), (WIN32, "a")))

    assert request.dead_names == (("DAV:", "getcontentlanguage"), (WIN32, "a"))


# PROPPATCH


def test_instructions_keep_their_order() -> None:
    # RFC 4918, 9.2.2, with a third instruction that takes back the first.
    updates = bodies.parse_proppatch(
        b"""<?xml version="1.0" encoding="utf-8" ?>
        <D:propertyupdate xmlns:D="DAV:" xmlns:Z="http://ns.example.com/standards/z39.50/">
          <D:set>
            <D:prop><Z:Authors><Z:Author>Jim Whitehead</Z:Author><Z:Author>Roy Fielding</Z:Author></Z:Authors></D:prop>
          </D:set>
          <D:remove><D:prop><Z:Copyright-Owner/></D:prop></D:remove>
          <D:remove><D:prop><Z:Authors>ignored</Z:Authors></D:prop></D:remove>
        </D:propertyupdate>"""
    )

    z = "http://ns.example.com/standards/z39.50/"
    assert [(update.name, update.xml is None) for update in updates] == [
        ((z, "Authors"), False),
        ((z, "Copyright-Owner"), True),
        ((z, "Authors"), True),
    ]
    assert content_of_text(updates[0].xml) == content_of_text(
        f'<Z:Authors xmlns:Z="{z}"><Z:Author>Jim Whitehead</Z:Author><Z:Author>Roy Fielding</Z:Author></Z:Authors>'
    )


@pytest.mark.parametrize(
    ("element", "text"),
    [
        pytest.param("<a>b</a>", "<a>b</a>", id="no-namespace"),
        pytest.param('<a xmlns="u"><b xmlns="">c</b></a>', '<a xmlns="u"><b xmlns="">c</b></a>', id="namespace-taken-back"),
        pytest.param("<Z:a/>", '<Z:a xmlns:Z="u:z"/>', id="namespace-from-the-root"),
        pytest.param('<Z:a xmlns:Z="relative"/>', '<Z:a xmlns:Z="relative"/>', id="relative-namespace"),
        pytest.param("<D:getcontentlanguage>en</D:getcontentlanguage>",
                     '<D:getcontentlanguage xmlns:D="DAV:">en</D:getcontentlanguage>', id="DAV"),
        pytest.param("<a> b<c/>\n d </a>", "<a> b<c/>\n d </a>", id="4.3-whitespace-and-mixed-content"),
        pytest.param('<a b="1" Z:c="&quot;&lt;&#10;"/>', '<a xmlns:Z="u:z" b="1" Z:c="&quot;&lt;&#10;"/>', id="attributes"),
        pytest.param("<a><![CDATA[<&]]>&amp;]]&gt;&#13;</a>", "<a>&lt;&amp;&amp;]]&gt;&#13;</a>", id="character-data"),
        pytest.param("<a>b<!-- c -->d<?e f?></a>", "<a>bd</a>", id="4.3-comments-are-not-kept"),
        pytest.param('<a xml:lang="de">b</a>', '<a xml:lang="de">b</a>', id="4.3-language"),
        pytest.param("<a>\u00fc\U0001f4c4</a>", "<a>\u00fc\U0001f4c4</a>", id="beyond-ASCII"),
    ],
)  # fmt: skip
def test_property_is_kept_as_an_element_that_stands_alone(element: str, text: str) -> None:
    assert content_of_text(stored(element, around='xmlns:Z="u:z" xmlns:unused="u:u"').xml) == content_of_text(text)


def test_language_in_scope_is_kept_with_the_property() -> None:
    around = 'xml:lang="en-GB"'

    def language(element: str, near: str = "") -> str | None:
        text = stored(element, around=around, near=near).xml
        return etree.fromstring(text or "").get("{http://www.w3.org/XML/1998/namespace}lang")

    assert language("<a/>") == "en-GB"
    assert language("<a/>", 'xml:lang="fr"') == "fr"
    assert language('<a xml:lang="de"/>', 'xml:lang="fr"') == "de"
    assert language("<a/>", 'xml:lang=""') == ""


def test_prefixes_that_values_refer_to_stay_declared() -> None:
    around = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

    text = stored('<a xsi:type="xs:date">2026-11-20</a>', around=around).xml

    assert text is not None
    assert etree.fromstring(text).nsmap["xs"] == "http://www.w3.org/2001/XMLSchema"


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param("", id="nothing"),
        pytest.param("<D:set/>", id="set-without-prop"),
        pytest.param("<D:set><D:prop/></D:set>", id="prop-without-a-property"),
        pytest.param("<D:prop><a/></D:prop>", id="prop-outside-set"),
        pytest.param("<D:set><D:prop><xml:a/></D:prop></D:set>", id="namespace-of-the-prefix-xml"),
        pytest.param(f"<D:remove><D:prop>{'<a/>' * 1001}</D:prop></D:remove>", id="1,001-properties"),
    ],
)
def test_proppatch_without_a_property_is_refused(inner: str) -> None:
    with pytest.raises(Malformed):
        bodies.parse_proppatch(f'<D:propertyupdate xmlns:D="DAV:">{inner}</D:propertyupdate>'.encode())


def test_properties_that_grow_beyond_the_limit_are_refused() -> None:
    # Each property alone must repeat two namespaces of 600 characters, which the body has once.
    namespaces = " ".join(f'xmlns:{prefix}="{prefix * 600}"' for prefix in "pq")
    properties = "<p:a><q:b/></p:a>" * 999

    with pytest.raises(TooLarge, match="Set fewer"):
        stored(properties, around=namespaces)


NAMES = st.sampled_from(["a", "b", "Win32FileAttributes", "\u00fc.-1"])
NAMESPACES = st.sampled_from(["", "DAV:", WIN32, "http://example.com/?a=1&b='2'", "relative/path"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff", include_characters="\t\n\r"))


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    """An element as clients may write one: default, inherited, own and no namespaces, attributes, mixed content."""
    local, namespace = draw(NAMES), draw(NAMESPACES)
    way = draw(st.sampled_from(["inherited", "default", "prefix", "outer"]))
    attributes = draw(st.sampled_from(["", f" c={quoteattr(draw(TEXTS))}", f" Z:c={quoteattr(draw(TEXTS), {chr(13): '&#13;'})}"]))
    if way == "prefix" and namespace:
        tag, attributes = f"q:{local}", f"{attributes} xmlns:q={quoteattr(namespace)}"
    elif way == "default":
        tag, attributes = local, f"{attributes} xmlns={quoteattr(namespace)}"
    else:
        tag = f"Z:{local}" if way == "outer" else local
    content = [escape(text, {"\r": "&#13;"}) for text in draw(st.lists(TEXTS, max_size=3))]
    for at in range(len(content) if depth else 0):
        content.insert(2 * at, draw(elements(depth - 1)))
    return f"<{tag}{attributes}>{''.join(content)}</{tag}>"


@given(element=elements(), default=NAMESPACES, near=st.sampled_from(["", 'xmlns=""', 'xmlns="u:near"', 'xmlns:Z="u:near"']))
def test_property_comes_back_as_it_was_sent(element: str, default: str, near: str) -> None:
    around = f'xmlns:Z="u:z" xmlns={quoteattr(default)}'
    sent = etree.fromstring(f"<root {around}><prop {near}>{element}</prop></root>")[0][0]

    update = stored(element, around=around, near=near)

    assert update.xml is not None
    row = (7, "", 2, 1, "a", 0, 0, 0, None, None, None)
    facts = Facts(Instant(0), dead={7: {update.name: update.xml}})
    answer = b"".join(propfind(PropfindRequest(Form.PROP, (update.name,)), "/a", row, (), facts))
    returned = etree.fromstring(answer).find(".//{DAV:}propstat[1]/{DAV:}prop")
    assert returned is not None
    name = etree.QName(returned[0])
    assert (name.namespace or "", name.localname) == update.name
    assert content(returned[0]) == content(sent)


# LOCK


WRITE = "<D:locktype><D:write/></D:locktype>"
EXCLUSIVE = "<D:lockscope><D:exclusive/></D:lockscope>"


@pytest.mark.parametrize(
    ("body", "request_"),
    [
        pytest.param(
            lockinfo(f"{EXCLUSIVE}{WRITE}<D:owner><D:href>http://example.org/~ejw/contact.html</D:href></D:owner>"),
            LockRequest(Scope.EXCLUSIVE, '<D:href xmlns:D="DAV:">http://example.org/~ejw/contact.html</D:href>'),
            id="9.10.7",
        ),
        pytest.param(
            lockinfo(f"<D:lockscope><D:shared/></D:lockscope>{WRITE}"), LockRequest(Scope.SHARED, ""), id="shared-without-owner"
        ),
        pytest.param(
            b'<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope>'
            b"<locktype><write/></locktype><owner>A &amp; B &lt;a@b></owner></lockinfo>",
            LockRequest(Scope.EXCLUSIVE, "A &amp; B &lt;a@b&gt;"),
            id="LibreOffice-default-namespace-and-text",
        ),
        pytest.param(
            lockinfo(f"{EXCLUSIVE}{WRITE}<D:owner> a<b xmlns='u'>c</b> d&#13;</D:owner><x/>"),
            LockRequest(Scope.EXCLUSIVE, ' a<b xmlns="u" xmlns:D="DAV:">c</b> d&#13;'),
            id="mixed-content-verbatim",
        ),
    ],
)
def test_lockinfo_is_read(body: bytes, request_: LockRequest) -> None:
    assert bodies.parse_lockinfo(body) == request_


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="no-body"),
        pytest.param(lockinfo(WRITE), id="no-scope"),
        pytest.param(lockinfo(EXCLUSIVE), id="no-type"),
        pytest.param(lockinfo(f"{EXCLUSIVE}<D:locktype><D:read/></D:locktype>"), id="not-a-write-lock"),
        pytest.param(lockinfo(f"<D:lockscope><D:exclusive/><D:shared/></D:lockscope>{WRITE}"), id="two-scopes"),
        pytest.param(lockinfo(f"<D:lockscope><D:loose/></D:lockscope>{WRITE}"), id="unknown-scope"),
        pytest.param(lockinfo(f"{EXCLUSIVE}{WRITE}<D:owner>{'a' * 4097}</D:owner>"), id="endless-owner"),
    ],
)
def test_lockinfo_outside_the_grammar_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        bodies.parse_lockinfo(body)


def test_lockinfo_above_its_limit_is_too_large() -> None:
    with pytest.raises(TooLarge):
        bodies.parse_lockinfo(lockinfo(f"{EXCLUSIVE}{WRITE}<D:owner>{'<a/>' * 5000}</D:owner>"))


# COPY and MOVE


def propertybehavior(inner: str) -> bytes:
    return f'<?xml version="1.0" ?><D:propertybehavior xmlns:D="DAV:">{inner}</D:propertybehavior>'.encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="no-body"),
        pytest.param(propertybehavior("<D:omit/>"), id="12.12.2"),
        pytest.param(propertybehavior("<D:keepalive>*</D:keepalive>"), id="8.8.7"),
        pytest.param(propertybehavior("<D:keepalive>\r\n  *\r\n</D:keepalive>"), id="asterisk-among-blanks"),
        pytest.param(
            propertybehavior("<D:keepalive><D:href>DAV:getetag</D:href><D:href>urn:x</D:href></D:keepalive>"), id="12.12.1-hrefs"
        ),
        pytest.param(propertybehavior('<x xmlns="urn:x"/><D:omit/>'), id="unknown-element"),
        pytest.param(b'<propertybehavior xmlns="DAV:"><omit/></propertybehavior>', id="default-namespace"),
        pytest.param(propertybehavior("<D:omit/>").decode().encode("utf-16"), id="utf-16"),
        pytest.param(b"\xef\xbb\xbf" + propertybehavior("<D:omit/>"), id="utf-8-with-mark"),
    ],
)
def test_propertybehavior_is_taken(body: bytes) -> None:
    bodies.parse_propertybehavior(body)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"<x/>", UnsupportedBody, id="another-element"),
        pytest.param(b"<propertybehavior/>", UnsupportedBody, id="no-namespace"),
        pytest.param(b"{}", UnsupportedBody, id="no-xml"),
        pytest.param(b"<D:propertybehavior", Malformed, id="broken"),
        pytest.param(b"<!DOCTYPE x>" + propertybehavior("<D:omit/>")[22:], Malformed, id="doctype"),
        pytest.param(propertybehavior(""), Malformed, id="empty"),
        pytest.param(propertybehavior("<D:omit/><D:keepalive>*</D:keepalive>"), Malformed, id="both"),
        pytest.param(propertybehavior("<D:keepalive/>"), Malformed, id="nothing-kept"),
        pytest.param(propertybehavior("<D:keepalive>all</D:keepalive>"), Malformed, id="neither-asterisk-nor-href"),
        pytest.param(propertybehavior(f"<D:omit/>{' ' * 16384}"), TooLarge, id="long"),
    ],
)
def test_other_body_of_copy_and_move_is_refused(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        bodies.parse_propertybehavior(body)


# Names


@pytest.mark.parametrize("name", [*LIVE_PROPERTIES, (WIN32, "Win32FileAttributes"), ("", "a"), ("u:&'", "b")])
def test_name_of_an_empty_element_is_the_name_it_was_made_from(name: PropertyName) -> None:
    assert xml.name_of(etree.fromstring(f'<D:prop xmlns:D="DAV:">{xml.empty_element(name)}</D:prop>')[0]) == name


def test_other_names_than_dav_are_written_with_a_prefix() -> None:
    # Windows takes an element for unnamed that has its namespace by default.
    assert xml.empty_element((WIN32, "Win32CreationTime")) == f'<N:Win32CreationTime xmlns:N="{WIN32}"/>'
