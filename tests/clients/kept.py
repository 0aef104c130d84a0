"""A document that has more than its content to lose, and what has to be left of it after a program has saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, unquote

from lxml import etree
from sqlalchemy import bindparam, select

from davgate.core import versioning
from davgate.core.store import Context, Store
from davgate.model.rights import Right
from davgate.storage.api import access
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant
from tests.builders import all_versions, findings, locks_at, node_at, path, put, read
from tests.clients.programs import Curl, Program
from tests.protocol.client import SET_AUTHOR

FOLDER: Final = "/f"

_ASKED: Final = b'<D:propfind xmlns:D="DAV:"><D:prop><D:resource-id/><X:author xmlns:X="urn:x"/></D:prop></D:propfind>'
_GRANTS: Final = Statement(
    select(access_grant.c.principal_id, access_grant.c.rights).where(access_grant.c.node_id == bindparam("node_id"))
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A document in a folder of its own, with one version, a dead property and a grant; ``look`` sees it as any client does."""

    store: Store
    ann: Context
    look: Curl
    where: str
    resource_id: str

    @classmethod
    def made(cls, store: Store, ann: Context, look: Curl, name: str, content: bytes = b"one") -> Self:
        where = f"{FOLDER}/{name}"
        assert look.send("MKCOL", f"/dav{FOLDER}").status == 201
        put(store, ann, where, content)
        with store.database.write() as tx:
            access.grant(tx, node_at(store, ann, where).id, ann.principal.id, Right.READ.value)
            tx.commit()
        target = address(where)
        assert look.send_body("PROPPATCH", target, body=SET_AUTHOR.encode()).status == 207
        return cls(store, ann, look, where, seen(look, target)[0])

    @property
    def target(self) -> str:
        """The address of its name."""
        return address(self.where)

    def beside(self, name: str) -> str:
        """Return the address of another name in its folder."""
        return address(f"{FOLDER}/{name}")

    def contents(self, where: str | None = None) -> list[bytes]:
        """Return the content of every version of the document at a path, its own unless one is given."""
        return contents(self.store, self.ann, where or self.where)

    def check(self, *contents: bytes, beside: tuple[str, ...] = ()) -> None:
        """It is the same document at the same name, with these versions and no lock; these names are left beside it."""
        assert seen(self.look, self.target) == (self.resource_id, "Ann")
        assert self.contents() == list(contents)
        assert self.look.get(self.target).body == contents[-1]
        assert members(self.look, FOLDER) == sorted([*beside, self.where.rpartition("/")[2]])
        assert locks_at(self.store, self.ann, self.where) == []
        node = node_at(self.store, self.ann, self.where)
        assert node.version_no == len(contents)
        with self.store.database.read() as session:
            assert session.all(_GRANTS, node_id=node.id) == [(self.ann.principal.id, Right.READ.value)]
        assert findings(self.store) == []


def address(where: str) -> str:
    """Return the address of a path below the drive."""
    return "/dav" + quote(where)


def seen(program: Program, target: str) -> tuple[str, str | None]:
    """Return the identity of what is at an address, and the dead property that ``Kept`` has."""
    answer = program.send_body("PROPFIND", target, "Depth: 0", body=_ASKED)
    assert answer.status == 207, answer
    found = etree.fromstring(answer.body)
    return str(found.findtext(".//{DAV:}resource-id/{DAV:}href")), found.findtext(".//{urn:x}author")


def members(program: Program, folder: str) -> list[str]:
    """Return the decoded names in a folder, in the order of their code points; those of folders end in a slash."""
    target = f"{address(folder)}/"
    answer = program.send("PROPFIND", target, "Depth: 1", "Content-Length: 0")
    hrefs = etree.fromstring(answer.body).iterfind("{DAV:}response/{DAV:}href")
    return sorted(unquote((href.text or "").removeprefix(target)) for href in hrefs if href.text != target)


def contents(store: Store, ctx: Context, where: str) -> list[bytes]:
    """Return the content of every version of a document."""
    versions = all_versions(store, ctx, path(where))
    return [read(versioning.open_version(store, ctx, path(where), version.no)[2]) for version in versions]
