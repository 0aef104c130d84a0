"""One request to a stock WsgiDAV application: who asks, under which conditions, and what the request has been shown.

WsgiDAV looks the same resource up several times in a request, and asks for its properties one by one. What was found is kept
until the request writes something, so that it sees one state and costs few statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from typing import Final
from urllib.parse import quote

from wsgidav.dav_error import DAVError, DAVErrorCondition

from davgate.core import tree
from davgate.core.access import LockAt
from davgate.core.showing import metadata_of_rows
from davgate.core.store import Context, Store
from davgate.dav import past
from davgate.dav.drive import Drive
from davgate.dav.facts import ID, NAME, RootedLock
from davgate.dav.typed_properties import elements, is_typed
from davgate.dav.xml import DAV
from davgate.http.errors import outcome_of
from davgate.http.headers import conditions_from, tag_resolver
from davgate.http.login import CHALLENGE
from davgate.http.requests import Environ
from davgate.http.responses import refusal
from davgate.http.targets import parse_target, quote_path
from davgate.model.errors import DavgateError, LockConflict, Locked, NotFound, ReadOnlyPlace, Unauthenticated
from davgate.model.frozen import frozen
from davgate.model.locks import Depth
from davgate.model.metadata import NO_METADATA
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.places import InTree, Place, parse_place
from davgate.model.properties import PropertyName
from davgate.storage.api import MemberRow, from_node, to_node

PRINCIPAL: Final = "davgate.signed_in"
"""Where the domain controller leaves the principal of a request."""


@frozen
class Found:
    """A resource: its row, the locks that affect it, and its dead properties, None when they were not read."""

    row: MemberRow
    locks: tuple[LockAt, ...] = ()
    dead: Mapping[PropertyName, str] | None = None

    @property
    def node(self) -> Node:
        """The row as a node."""
        return to_node(self.row)


class Visit:
    """A request below ``mount``, which ends without a slash.

    Raises:
        Unauthenticated: it did not sign in through davgate's domain controller.
        Malformed: its conditions cannot be understood.
    """

    def __init__(self, drive: Drive, mount: str, environ: Environ) -> None:
        if PRINCIPAL not in environ:
            raise Unauthenticated("Sign in with user name and password.")
        authority = environ.get("HTTP_HOST") or environ["SERVER_NAME"]
        conditions = conditions_from(environ, tag_resolver(authority=authority, mount=mount, limits=drive.limits))
        self.drive = drive
        self.mount = mount
        self.ctx = Context(
            environ[PRINCIPAL], conditions, conditions.submitted_tokens(), client=environ.get("REMOTE_ADDR", ""), editing=True
        )
        # Without conditions: WsgiDAV looks at other resources than the one that they are about, and judges them by itself.
        self.looking = Context(environ[PRINCIPAL])
        self._found: dict[TreePath, Found | None] = {}
        self.path = self.parse(environ["PATH_INFO"])

    @property
    def store(self) -> Store:
        """The store behind the drive."""
        return self.drive.store

    def parse(self, path: str) -> TreePath:
        """Return a path as WsgiDAV gives it, decoded and below the share.

        Raises:
            InvalidName, NameTooLong: nothing can be there.
        """
        return parse_target(quote(path) or "/", "", self.drive.limits).path

    def writable(self, path: TreePath) -> TreePath:
        """Return a path in today's tree.

        Raises:
            ReadOnlyPlace: it is in a folder that shows the past.
        """
        if not isinstance(parse_place(path), InTree):
            raise ReadOnlyPlace(path)
        return path

    def find(self, path: TreePath) -> Found | None:
        """Return what is at a path, or None. One statement, none when it was found before."""
        if path not in self._found:
            self._found[path] = self._look_at(parse_place(path))
        return self._found[path]

    def locks(self, path: TreePath) -> tuple[LockAt, ...]:
        """Return the locks that affect what is at a path."""
        found = self.find(path)
        return found.locks if found is not None else ()

    def rooted(self, found: Found) -> list[RootedLock]:
        """Return the locks that affect a resource with the addresses of their roots; one above it is a collection."""
        is_collection = found.node.is_collection
        return [
            (lock, quote_path(root, self.mount, collection=is_collection or lock.node_id != found.node.id))
            for lock, root in found.locks
        ]

    def dead_properties(self, path: TreePath) -> Mapping[PropertyName, str]:
        """Return the dead properties of what is at a path, each an XML element.

        Raises:
            NotFound: nothing is there.
        """
        found = self.find(path)
        if found is not None and found.dead is not None:
            return found.dead
        with tree.listing(self.store, self.looking, path, with_members=False, with_properties=True, with_locks=False) as listing:
            own = listing.properties_of([listing.row]).get(listing.node.id, {})
            self._found[path] = Found(listing.row, listing.standing, own)
        return own

    def set_property(self, path: TreePath, name: PropertyName) -> str:
        """Return a property of what is at a path that clients set, dead or typed, as an XML element; empty without one.

        Raises:
            NotFound: nothing is there.
        """
        if not is_typed(name) or not isinstance(parse_place(path), InTree):
            return self.dead_properties(path).get(name, "")
        with tree.listing(self.store, self.looking, path, with_members=False, with_properties=False, with_locks=False) as found:
            said = metadata_of_rows(found, [found.row]).get(found.node.id, NO_METADATA)
        return elements(self.store.types, said, [name]).get(name, "")

    def members(self, path: TreePath) -> list[str]:
        """Return the names of the members of a collection; each is found with its locks and properties. Four statements.

        Raises:
            NotFound: the collection is gone.
        """
        place = parse_place(path)
        if isinstance(place, InTree):
            return self._members_of_today(path)
        if place is None:
            return []
        with past.shown(self.drive, self.looking, place, with_members=True) as shown:
            return [self._keep(path, Found(row, dead={})) for row in chain.from_iterable(shown.batches)]

    def _members_of_today(self, path: TreePath) -> list[str]:
        with tree.listing(self.store, self.looking, path, with_members=True, with_properties=True, with_locks=True) as listing:
            self._found[path] = Found(
                listing.row, listing.standing, listing.properties_of([listing.row]).get(listing.node.id, {})
            )
            deep = tuple(pair for pair in listing.standing if pair[0].depth is Depth.INFINITY)
            names = []
            if self.drive.lists_versions_folder:
                names.append(self._keep(path, Found(past.versions_entry(listing.node), dead={})))
            for batch in listing.batches:
                known = listing.properties_of(batch)
                for row in batch:
                    own = tuple((lock, (*path, row[NAME] or "")) for lock in listing.member_locks.get(row[ID], ()))
                    names.append(self._keep(path, Found(row, own + deep, known.get(row[ID], {}))))
        return names

    def _keep(self, collection: TreePath, member: Found) -> str:
        name = member.row[NAME] or ""
        self._found[(*collection, name)] = member
        return name

    def _look_at(self, place: Place | None) -> Found | None:
        try:
            if isinstance(place, InTree):
                listing = tree.look_at(self.store, self.looking, place.path)
                return Found(listing.row, listing.standing)
            if place is None:
                return None
            with past.shown(self.drive, self.looking, place, with_members=False) as shown:
                return Found(shown.row, dead={})
        except NotFound:
            return None

    def wrote(self, path: TreePath | None = None, node: Node | None = None) -> None:
        """Forget what was found before a write; ``node`` is what the write left at ``path``.

        It is kept for the ETag of the answer: looking again could find what somebody else wrote since.
        """
        self._found.clear()
        if path is not None and node is not None:
            self._found[path] = Found(from_node(node))

    def refusals(self) -> AbstractContextManager[None]:
        """Raise what core refuses within a ``with`` block as the error that WsgiDAV answers."""
        return refusals(self.mount)


@contextmanager
def refusals(mount: str) -> Iterator[None]:
    """Raise what core refuses as the error that WsgiDAV answers, with the status of ``http.errors``."""
    try:
        yield
    except DavgateError as error:
        raise _to_dav_error(error, mount) from error


def _to_dav_error(error: DavgateError, mount: str) -> DAVError:
    status, headers = refusal(error, CHALLENGE)
    name = outcome_of(error).precondition
    condition = DAVErrorCondition(f"{{{DAV}}}{name}") if name else None
    if condition is not None and isinstance(error, Locked | LockConflict):
        for root in error.roots:
            condition.add_href(quote_path(root, mount, collection=False))
    return DAVError(status, str(error), err_condition=condition, add_headers=headers)
