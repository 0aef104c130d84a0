"""Stable addresses of versions: ``.versions/=UUID/NO`` in the root names a document by its id, whatever it is called today.

RFC 3253, 2.2.1: the address of a version never comes to mean another one.
"""

from __future__ import annotations

import re
from dataclasses import replace

from davgate.core.version_history import path_of_document
from davgate.dav.drive import Exchange
from davgate.model.places import DocumentVersions, Place, VersionFile

_BY_UUID = re.compile(r"=([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")


def by_path(exchange: Exchange, place: Place) -> Place:
    """Return a place of the past with the document's path for its id.

    Raises:
        NotFound: there is no such document in the tree that the principal may see.
    """
    if not isinstance(place, DocumentVersions | VersionFile) or len(place.document) != 1:
        return place
    named = _BY_UUID.fullmatch(place.document[0])
    if named is None:
        return place
    return replace(place, document=path_of_document(exchange.store, exchange.ctx, named[1]))
