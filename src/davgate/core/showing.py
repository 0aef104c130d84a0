"""What a listing shows only when it is asked for, at the moment of the listing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from davgate.core import changes
from davgate.core.sessions import VersionsPer, versions_per
from davgate.core.store import Store
from davgate.core.tree import Listing
from davgate.model.metadata import Metadata
from davgate.storage.api import MemberRow, VersionNote, descriptions, version_notes


def notes_of(listing: Listing) -> Mapping[int, VersionNote]:
    """Return by node id what the current versions of the listed documents say beside their content."""
    return version_notes.of_listing(listing.session, listing.node.id)


def metadata_of(listing: Listing) -> Mapping[int, Metadata] | None:
    """Return by node id the typed metadata of what is listed, where there is some; None if it is too much to hold."""
    if not listing.has_members:
        return descriptions.metadata_of_nodes(listing.session, [listing.node.id])
    return descriptions.metadata_of_listing(listing.session, listing.node.id)


def metadata_of_rows(listing: Listing, rows: Iterable[MemberRow]) -> Mapping[int, Metadata]:
    """Return by node id the typed metadata of some of what is listed."""
    return descriptions.metadata_of_nodes(listing.session, [row[0] for row in rows])


def sync_token_of(listing: Listing) -> str:
    """Return the token of the state that the listing shows."""
    return changes.sync_token(listing.session)


def is_version_per_save(store: Store, listing: Listing) -> bool:
    """Tell whether each save makes a version here, and not each edit session."""
    return versions_per(store, listing.session, listing.found.chain) is VersionsPer.SAVE
