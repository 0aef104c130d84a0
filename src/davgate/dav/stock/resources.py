"""Collections and documents as WsgiDAV resources: each method is one use case of core, whose errors become WsgiDAV's.

Properties come from the same registry as in davgate's own PROPFIND.
"""

from __future__ import annotations

import io
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final

from wsgidav.dav_error import DAVError
from wsgidav.dav_provider import DAVCollection, DAVNonCollection
from wsgidav.util import join_uri
from wsgidav.xml_tools import string_to_xml

from davgate.core import copying, deleting, documents, moving, tree, versioning
from davgate.core.opening import Opened
from davgate.dav import past, xml
from davgate.dav.facts import Batch, Facts
from davgate.dav.live_properties import LIVE_PROPERTIES, PROTECTED, QUOTA, LiveProperty, unknown_properties
from davgate.dav.stock.visit import Found, Visit
from davgate.dav.typed_properties import PropertyPatch
from davgate.http.headers import parse_length, parse_overwrite
from davgate.http.requests import Environ
from davgate.model.errors import Busy, NotADocument, NotFound, ProtectedProperty
from davgate.model.frozen import frozen
from davgate.model.media_types import readable
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.places import InTree, VersionFile, parse_place
from davgate.model.properties import PropertyName, PropertyUpdate

_IN_MEMORY_BYTES: Final = 1 << 20
"""An upload above it waits in a temporary file until WsgiDAV says that it is complete."""

_MICROSECONDS: Final = 1_000_000


class _Resource:
    """What collections and documents have in common. ``place`` is where it is on the drive; nothing need be there yet."""

    path: str
    environ: Environ

    def __init__(self, path: str, environ: Environ, visit: Visit, place: TreePath) -> None:
        super().__init__(path, environ)  # type: ignore[call-arg]  # of WsgiDAV's class, which has no types
        self._visit = visit
        self._place = place
        self._tried: list[PropertyUpdate] = []
        self._made: list[PropertyUpdate] = []
        self._refusal: DAVError | None = None

    @property
    def _found(self) -> Found:
        with self._visit.refusals():
            found = self._visit.find(self._place)
            if found is None:
                raise NotFound(self._place)
        return found

    @property
    def _node(self) -> Node:
        return self._found.node

    @property
    def _is_past(self) -> bool:
        return not isinstance(parse_place(self._place), InTree)

    def get_creation_date(self) -> float:
        """Return seconds since 1970."""
        return self._node.created_at / _MICROSECONDS

    def get_last_modified(self) -> float:
        """Return seconds since 1970."""
        return self._node.modified_at / _MICROSECONDS

    def set_last_modified(self, dest_path: str, time_stamp: object, *, dry_run: bool) -> None:
        """Leave the time as it is: a version has the time at which it was stored, and its upload is not refused for another."""

    def prevent_locking(self) -> bool:
        """Tell whether locks are of no use here."""
        return self._is_past

    # Properties

    def get_property_names(self, *, is_allprop: bool) -> list[str]:
        """Return the names of all properties, or of those that allprop shows, in Clark notation."""
        kind = self._node.kind.value
        live = [one.name for one in LIVE_PROPERTIES.values() if kind in one.kinds and (one.in_allprop or not is_allprop)]
        with self._visit.refusals():
            return [_clark(name) for name in (*live, *self._visit.dead_properties(self._place))]

    def get_property_value(self, name: str) -> xml.Element:
        """Return a property as an element.

        Raises:
            DAVError: the resource does not have it.
        """
        asked = _property_name(name)
        live = LIVE_PROPERTIES.get(asked)
        with self._visit.refusals():
            text = self._live(live) if live else self._visit.set_property(self._place, asked)
        if not text:
            raise DAVError(HTTPStatus.NOT_FOUND)
        element: xml.Element = string_to_xml(f'<D:prop xmlns:D="{xml.DAV}">{text}</D:prop>')[0]
        return element

    def _live(self, asked: LiveProperty) -> str:
        found, store = self._found, self._visit.store
        quota = tree.quota(store) if asked.name in QUOTA else None
        facts = Facts(
            store.clock.now(),
            lockable=not self._is_past,
            quota_used_bytes=quota.used_bytes if quota else None,
            quota_available_bytes=quota.available_bytes if quota else None,
        )
        if asked.name in unknown_properties(facts):
            return ""
        return next(iter(asked.column(Batch((found.row,), facts, self._visit.rooted(found)))))

    def set_property_value(self, name: str, value: xml.Element | None, *, dry_run: bool = False) -> None:
        """Set a dead property or typed metadata, or remove it when there is no value.

        WsgiDAV tries all updates of a request before it makes the first. That one stores all that were tried, or none
        (RFC 4918, 9.2); the others then share its outcome.

        Raises:
            DAVError: only the server sets it, or core refuses the change.
        """
        with self._visit.refusals():
            update = PropertyUpdate(_property_name(name), None if value is None else _standalone(value))
            if update.name in PROTECTED:
                raise ProtectedProperty(frozenset({update.name}))
        if dry_run:
            self._tried.append(update)
            return
        if update not in self._made:
            self._made = self._tried if update in self._tried else [update]
            self._tried = []
            self._refusal = self._refusal_of(self._made)
        if self._refusal is not None:
            raise self._refusal

    def _refusal_of(self, updates: list[PropertyUpdate]) -> DAVError | None:
        visit = self._visit
        try:
            with visit.refusals():
                place = visit.writable(self._place)
                PropertyPatch.of(visit.store.types, updates).store_at(visit.store, visit.ctx, place)
        except DAVError as error:
            return error
        visit.wrote()
        return None

    # Whole trees

    def handle_delete(self) -> bool:
        """Move the resource with all below it to the trash."""
        visit = self._visit
        with visit.refusals():
            deleting.delete(visit.store, visit.ctx, visit.writable(self._place))
        visit.wrote()
        return True

    def handle_copy(self, dest_path: str, *, depth_infinity: bool) -> bool:
        """Copy the resource, with all below it or alone; a version is restored."""
        visit, place = self._visit, parse_place(self._place)
        with visit.refusals():
            destination = self._destination(dest_path)
            if isinstance(place, VersionFile) and place.no is not None:
                versioning.restore(visit.store, visit.ctx, place.document, place.no, destination, overwrite=self._overwrite)
            else:
                source = visit.writable(self._place)
                copying.copy(visit.store, visit.ctx, source, destination, overwrite=self._overwrite, with_members=depth_infinity)
        visit.wrote()
        return True

    def handle_move(self, dest_path: str) -> bool:
        """Give the resource, with all below it, another place."""
        visit = self._visit
        with visit.refusals():
            source, destination = visit.writable(self._place), self._destination(dest_path)
            moving.move(visit.store, visit.ctx, source, destination, overwrite=self._overwrite)
        visit.wrote()
        return True

    def _destination(self, dest_path: str) -> TreePath:
        return self._visit.writable(self._visit.parse(dest_path))

    @property
    def _overwrite(self) -> bool:
        return parse_overwrite(self.environ.get("HTTP_OVERWRITE"))

    # The steps that WsgiDAV takes where a provider does not handle whole trees.

    def support_recursive_delete(self) -> bool:
        """Tell that ``delete`` takes everything below along."""
        return True

    def delete(self) -> None:
        """Move the resource with all below it to the trash."""
        self.handle_delete()

    def copy_move_single(self, dest_path: str, *, is_move: bool) -> None:
        """Copy the resource without members; move it, when it is a document and to be moved."""
        if is_move and not self._node.is_collection:
            self.handle_move(dest_path)
        else:
            self.handle_copy(dest_path, depth_infinity=False)

    def support_recursive_move(self, dest_path: str) -> bool:
        """Tell that ``move_recursive`` takes everything below along."""
        return True

    def move_recursive(self, dest_path: str) -> None:
        """Give the resource, with all below it, another place."""
        self.handle_move(dest_path)


class Collection(_Resource, DAVCollection):  # type: ignore[misc]  # WsgiDAV has no types
    """A folder, of today or of the past."""

    def get_member_names(self) -> list[str]:
        """Return the names of the members; what they are is read along with them."""
        with self._visit.refusals():
            return self._visit.members(self._place)

    def get_used_bytes(self) -> int:
        """Return how many bytes the store holds."""
        return tree.quota(self._visit.store).used_bytes

    def get_available_bytes(self) -> int | None:
        """Return how many bytes the store may still take, None without a quota."""
        return tree.quota(self._visit.store).available_bytes

    def create_collection(self, name: str) -> None:
        """Make an empty member collection."""
        visit = self._visit
        with visit.refusals():
            tree.make_collection(visit.store, visit.ctx, visit.writable((*self._place, name)))
        visit.wrote()

    def create_empty_resource(self, name: str) -> Document:
        """Return the document that a PUT or LOCK is about to make.

        Nothing is stored yet: the upload may fail, and the lock may be refused.
        """
        with self._visit.refusals():
            place = self._visit.writable((*self._place, name))
        return Document(join_uri(self.path, name), self.environ, self._visit, place)


class Document(_Resource, DAVNonCollection):  # type: ignore[misc]  # WsgiDAV has no types
    """A document, or one of its versions."""

    _upload: _Upload | None = None

    def get_content_length(self) -> int:
        """Return the number of bytes."""
        content = self._node.content
        return content.length_bytes if content is not None else 0

    def get_content_type(self) -> str:
        """Return the media type."""
        return readable(self._node.media_type)

    def get_etag(self) -> str:
        """Return the entity tag, without the quotes that WsgiDAV adds."""
        return (self._node.etag or "").strip('"')

    def support_etag(self) -> bool:
        """Tell that documents have an entity tag."""
        return True

    def support_ranges(self) -> bool:
        """Tell that a part of the content can be read."""
        return True

    def get_content(self) -> BinaryIO:
        """Open the content for reading.

        Raises:
            DAVError: it was changed since its length and entity tag were told.
        """
        visit, place = self._visit, parse_place(self._place)
        with visit.refusals():
            if place is None or isinstance(place, InTree):
                opened: Opened | Node | None = documents.open_content(visit.store, visit.looking, self._place)
            else:
                opened = past.open_file(visit.drive, visit.looking, place)
            if not isinstance(opened, Opened):
                raise NotADocument(self._place)
            if opened.etag != self._node.etag:
                raise Busy()
            return opened.open() if opened.body is None else io.BytesIO(opened.body)

    def begin_write(self, *, content_type: str | None = None) -> _Writer:
        """Return what the content is written to."""
        self._upload = _Upload(SpooledTemporaryFile(_IN_MEMORY_BYTES), content_type)
        return _Writer(self._upload.body)

    def end_write(self, *, with_errors: bool) -> None:
        """Store what was written as the document's content, or drop it after an error.

        A body is refused when it is not as long as announced. Of a chunked one only the server knows whether it is whole.
        """
        upload, self._upload = self._upload, None
        if upload is None:
            return
        visit = self._visit
        with upload.body, visit.refusals():
            if with_errors:
                return
            upload.body.seek(0)
            written = documents.put(
                visit.store,
                visit.ctx,
                visit.writable(self._place),
                upload.body,
                media_type=upload.media_type,
                announced_bytes=self._announced_bytes(),
            )
        visit.wrote(self._place, written.node)

    def _announced_bytes(self) -> int | None:
        for key, header in (("HTTP_X_EXPECTED_ENTITY_LENGTH", "X-Expected-Entity-Length"), ("CONTENT_LENGTH", "Content-Length")):
            if value := self.environ.get(key):
                return parse_length(value, header)
        return None


@frozen
class _Upload:
    """A body that is not yet content, and the media type that its client gave it."""

    body: SpooledTemporaryFile[bytes]
    media_type: str | None


class _Writer:
    """The writing end of an upload. WsgiDAV closes it before it tells whether all went well, so closing keeps the bytes."""

    def __init__(self, body: SpooledTemporaryFile[bytes]) -> None:
        self.write = body.write

    def close(self) -> None:
        """End the writing."""


def _property_name(clark: str) -> PropertyName:
    namespace, _, local = clark.rpartition("}")
    return namespace[1:], local


def _clark(name: PropertyName) -> str:
    namespace, local = name
    return f"{{{namespace}}}{local}" if namespace else local


def _standalone(value: xml.Element) -> str:
    """Return the text of a property as it is stored.

    It is read anew, for WsgiDAV's parser lets references to entities pass, which no later answer could carry.
    """
    return xml.standalone(xml.parse(xml.standalone(value).encode()))
