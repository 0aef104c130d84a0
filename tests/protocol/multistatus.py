"""Answers in XML as values: a multistatus is refused when it breaks the grammar (RFC 4918, 14)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

from lxml import etree

from tests.protocol.client import Client, Response

DAV = "{DAV:}"


@dataclass(frozen=True, slots=True)
class Property:
    """A property as it came back: with which status, which value, and which precondition failed."""

    status: int
    element: etree._Element
    error: str | None

    @property
    def text(self) -> str:
        return self.element.text or ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What an answer says of one resource. Properties in ``DAV:`` go by their local name, others by ``{namespace}name``."""

    href: str
    properties: dict[str, Property] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Return the text of a property that was found."""
        found = self.properties[name]
        assert found.status == 200, found
        return found.text

    def named(self, status: int) -> set[str]:
        """Return the names of the properties that came back with a status."""
        return {name for name, found in self.properties.items() if found.status == status}


@dataclass(frozen=True, slots=True)
class ActiveLock:
    """One lock in lockdiscovery. ``owner`` is the inside of the element, as text."""

    token: str
    scope: str
    depth: str
    timeout: str
    root: str
    owner: str


def entries(response: Response) -> dict[str, Entry]:
    """Return the entries of a multistatus by their hrefs."""
    assert response.status == 207, response
    assert response.headers["content-type"] == "application/xml; charset=utf-8"
    root = response.xml
    assert root.tag == f"{DAV}multistatus"
    found = [_entry(element) for element in root]
    by_href = {entry.href: entry for entry in found}
    assert len(by_href) == len(found), "a resource is answered twice"
    return by_href


def _entry(response: etree._Element) -> Entry:
    assert response.tag == f"{DAV}response"
    href, *propstats = response
    assert href.tag == f"{DAV}href" and href.text and href.text.startswith("/"), etree.tostring(response)
    assert propstats, "an entry needs a propstat (RFC 4918, 14.24)"
    entry = Entry(href.text)
    for propstat in propstats:
        prop, status, *rest = propstat
        assert (propstat.tag, prop.tag, status.tag) == (f"{DAV}propstat", f"{DAV}prop", f"{DAV}status")
        version, code, _ = (status.text or "").split(" ", 2)
        assert version == "HTTP/1.1"
        error = _name(rest[0][0]) if rest and rest[0].tag == f"{DAV}error" else None
        for element in prop:
            assert _name(element) not in entry.properties, "a property is answered twice"
            entry.properties[_name(element)] = Property(int(code), element, error)
    return entry


def failures(response: Response) -> dict[str, int]:
    """Return the statuses in a multistatus of whole resources by their hrefs (RFC 4918, 13)."""
    assert response.status == 207, response
    found = {}
    for href, status, *_ in response.xml:
        assert (href.tag, status.tag) == (f"{DAV}href", f"{DAV}status")
        found[href.text or ""] = int((status.text or "").split(" ")[1])
    return found


def _name(element: etree._Element) -> str:
    return str(element.tag).removeprefix(DAV)


def propfind(client: Client, target: str, *names: str, depth: str = "0", **headers: str) -> dict[str, Entry]:
    """Ask for properties by name, all when none is named."""
    asked = "".join(_asked(name) for name in names)
    body = f'<D:propfind xmlns:D="DAV:"><D:prop>{asked}</D:prop></D:propfind>' if names else ""
    return entries(client("PROPFIND", target, body, depth=depth, **headers))


def prop_of(client: Client, target: str, name: str) -> str:
    """Return the text of one property of one resource."""
    (entry,) = propfind(client, target, name).values()
    return entry[name]


def members(client: Client, target: str) -> list[str]:
    """Return the decoded names of a collection's members in the order of the listing; those of collections end in a slash."""
    top, *below = propfind(client, target, "resourcetype", depth="1")
    assert top.endswith("/")
    return [unquote(href.removeprefix(top)) for href in below]


def locks_of(client: Client, target: str) -> list[ActiveLock]:
    """Return what lockdiscovery shows of a resource."""
    (entry,) = propfind(client, target, "lockdiscovery").values()
    return active_locks(entry.properties["lockdiscovery"].element)


def active_locks(lockdiscovery: etree._Element) -> list[ActiveLock]:
    """Return the locks in a lockdiscovery element."""
    found = []
    for active in lockdiscovery:
        parts = {_name(part): part for part in active}
        assert [_name(kind) for kind in parts["locktype"]] == ["write"]
        owner = parts.get("owner")
        found.append(
            ActiveLock(
                parts["locktoken"][0].text or "",
                _name(parts["lockscope"][0]),
                parts["depth"].text or "",
                parts["timeout"].text or "",
                parts["lockroot"][0].text or "",
                "" if owner is None else "".join(map(str, owner.itertext())),
            )
        )
    return found


def error_of(response: Response) -> tuple[str | None, list[str]]:
    """Return the precondition that an error names, and the hrefs in it."""
    root = response.xml
    assert root.tag == f"{DAV}error"
    for element in root:
        if str(element.tag).startswith(DAV):
            return _name(element), [href.text or "" for href in element]
    return None, []


def message_of(response: Response) -> str:
    """Return the sentence for people in an error."""
    message = response.xml.find("{urn:davgate}message")
    assert message is not None and message.text
    return message.text


def _asked(name: str) -> str:
    namespace, brace, local = name.rpartition("}")
    return f'<X:{local} xmlns:X="{namespace[1:]}"/>' if brace else f"<D:{name}/>"
