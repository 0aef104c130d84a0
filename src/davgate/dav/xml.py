"""XML of the drive: hardened parsing, escaping, and elements as text (RFC 4918, 8.2, 17 and 20.6).

Answers are put together from strings: a tree costs sixteen times as much. They all bind ``D:`` to ``DAV:`` at the
root and never have a default namespace, so that an element which declares what it uses, as ``standalone`` writes it,
is pasted in as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias

from lxml import etree

from davgate.model.errors import Malformed, TooLarge
from davgate.model.frozen import frozen
from davgate.model.properties import PropertyName

Element: TypeAlias = etree._Element

DAV: Final = "DAV:"
OWN_NAMESPACE: Final = "urn:davgate"
DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>\n'
CONTENT_TYPE: Final = "application/xml; charset=utf-8"

MAX_NAMESPACES: Final = 100
"""Declared in one body. An element cut out of it is given all that are in scope, which costs the square of their number."""
MAX_NAME_CHARS: Final = 1000
"""Of a namespace, and of a local name: an answer repeats them for every resource."""

_XML: Final = "http://www.w3.org/XML/1998/namespace"
_LANG: Final = f"{{{_XML}}}lang"


@frozen
class XmlLimits:
    """What a request body in XML may have at most: bytes, and levels of elements within each other."""

    body_bytes: int = 1024 * 1024
    depth: int = 64


DEFAULT_LIMITS: Final = XmlLimits()


@lru_cache
def _goes_too_deep(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean(/*{'/*' * depth})")


_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def parse(body: bytes, limits: XmlLimits = DEFAULT_LIMITS) -> Element:
    """Return the root element of a request body, without comments and processing instructions.

    Nothing is read from a file or the network. A document type is refused: it could only define entities.

    Raises:
        TooLarge: more bytes than the limit.
        Malformed: not well-formed, a document type, or above the limits of depth, namespaces and names.
    """
    if len(body) > limits.body_bytes:
        raise TooLarge(f"The XML body has more than {limits.body_bytes} bytes. Send less in one request.")
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        raise Malformed(f"The body is not well-formed XML: {error.msg}. Correct it and send it again.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed("The body has a document type (<!DOCTYPE>), which is not read here. Leave it out.")
    if _goes_too_deep(limits.depth)(root):
        raise Malformed(f"The body has elements more than {limits.depth} levels deep. Send a flatter one.")
    namespaces = [namespace or "" for _, (_, namespace) in etree.iterwalk(root, events=("start-ns",))]
    if len(namespaces) > MAX_NAMESPACES:
        raise Malformed(f"The body declares more than {MAX_NAMESPACES} namespaces. Use fewer.")
    if any(len(namespace) > MAX_NAME_CHARS for namespace in namespaces):
        raise Malformed(f"The body has a namespace of more than {MAX_NAME_CHARS} characters. Use a shorter one.")
    return root


def _parser() -> etree.XMLParser:
    """Make a parser for one body: it costs less than a microsecond, and one that threads share makes them wait.

    ``collect_ids=False`` must not be added: it makes libxml2 read the external subset of a document type.
    """
    return etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def name_of(element: Element) -> PropertyName:
    """Return the namespace and local name of an element that names a property.

    Raises:
        Malformed: a name that no answer could repeat.
    """
    namespace, _, local = str(element.tag).rpartition("}")
    if len(local) > MAX_NAME_CHARS:
        raise Malformed(f"A property has a name of more than {MAX_NAME_CHARS} characters. Use a shorter one.")
    if namespace[1:] == _XML:
        raise Malformed("The namespace of the prefix xml has no properties. Use one of your own.")
    return namespace[1:], local


def is_name(name: PropertyName) -> bool:
    """Tell whether a name that came as text can be that of an element in an answer."""
    namespace, local = name
    if max(len(namespace), len(local)) > MAX_NAME_CHARS or namespace == _XML:
        return False
    try:
        etree.QName(namespace or None, local)
    except ValueError:
        return False
    return True


def children(element: Element, *local_names: str) -> list[Element]:
    """Return the children in ``DAV:`` with one of these names, in document order; others are ignored (RFC 4918, 17)."""
    tags = [f"{{{DAV}}}{local}" for local in local_names]
    return [child for child in element if child.tag in tags]


def is_dav(element: Element, local: str) -> bool:
    """Tell whether an element has this name in ``DAV:``."""
    return bool(element.tag == f"{{{DAV}}}{local}")


def standalone(element: Element) -> str:
    """Return an element as text that means the same wherever no default namespace is declared.

    It declares every namespace in scope, also those that seem unused: a value may refer to them, as ``xsi:type="xs:date"``
    does. The ``xml:lang`` in scope becomes its own.

    Source: RFC 4918, 4.3.
    """
    scope = (element, *element.iterancestors())
    language = next((holder.get(_LANG) for holder in scope if _LANG in holder.attrib), None)
    if language is not None:
        element.set(_LANG, language)
    return etree.tostring(element, encoding="unicode", with_tail=False)


def content_of(element: Element) -> str:
    """Return what is between the tags of an element, each child as ``standalone`` writes it."""
    parts = [escape(element.text or "")]
    for child in element:
        parts += standalone(child), escape(child.tail or "")
    return "".join(parts)


def escape(text: str) -> str:
    """Return text as XML character data. Replacing what is not there costs next to nothing, so nothing is tested first.

    The text has only characters that XML can carry, as names in the tree have; ``printable`` makes it so.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def escape_attribute(text: str) -> str:
    """Return text as the value of an attribute in double quotes."""
    return escape(text).replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;")


def printable(text: str) -> str:
    """Return text with a replacement for each character that XML cannot carry."""
    return _ILLEGAL.sub("\ufffd", text)


def empty_element(name: PropertyName) -> str:
    """Return an element that only names a property, with a prefix: Windows reads no other (RFC 4918, 14.18)."""
    namespace, local = name
    if namespace == DAV:
        return f"<D:{local}/>"
    return f'<N:{local} xmlns:N="{escape_attribute(namespace)}"/>' if namespace else f'<{local} xmlns=""/>'


def empty_elements(names: Iterable[PropertyName]) -> str:
    """Return an empty element for each name."""
    return "".join(map(empty_element, names))


def own_element(local_name: str, text: str = "", attributes: str = "") -> str:
    """Return an element in davgate's own namespace; ``attributes`` are written already, each with a blank before it."""
    return f'<g:{local_name} xmlns:g="{OWN_NAMESPACE}"{attributes}>{escape(printable(text))}</g:{local_name}>'


def href_element(href: str) -> str:
    """Return a ``DAV:href`` of an address that is percent-encoded already."""
    return f"<D:href>{escape(href)}</D:href>"
