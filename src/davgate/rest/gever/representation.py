"""What objects look like in answers: documents, containers, the root, and the short form in lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, TypeAlias

from davgate.core.describing import Described, Seen
from davgate.http.targets import quote_name
from davgate.model.instant import Instant
from davgate.model.metadata import DESCRIPTION, KEYWORDS, title_of
from davgate.model.names import stem_and_suffix
from davgate.model.node import ROOT_ID, Content
from davgate.rest.gever import locking
from davgate.rest.gever.addresses import Found, segment_of, uid_of, url_of
from davgate.rest.gever.kinds import DOSSIER, kind_of
from davgate.rest.gever.locking import Taken
from davgate.rest.gever.times import isotime, unix_time

Shown: TypeAlias = dict[str, Any]

DOCUMENT_DATE: Final = "gever:documentDate"
RESPONSIBLE: Final = "gever:responsible"
START: Final = "gever:start"

_SITE_TITLE: Final = "davgate"
_UNIT: Final = "davgate"


def whole(found: Found, taken: Taken | None = None, *, expand: Collection[str] = ()) -> Shown:
    """Return the full representation of an object, of a container without its members; ``taken`` as in ``locking.lock_info``."""
    shown = document(found, taken) if found.is_document else container(found, taken)
    if "lock" in expand:
        shown["@components"] = {"lock": {"@id": found.service_url("@lock"), **shown["lock"]}}
    return shown


def document(found: Found, taken: Taken | None = None) -> Shown:
    """Return the full representation of a document; ``taken`` as in ``locking.lock_info``."""
    it = found.it
    held_by = it.held_by
    has_file = it.content is not None
    dossiers = [title(one) for one in found.seen.above if kind_of(one) is DOSSIER]
    return {
        **_common(found, taken),
        "is_folderish": False,
        "file": file_of(it.content, it.file_name, found.service_url("@@download", "file")) if it.content is not None else None,
        "file_extension": file_extension(it),
        "file_mtime": unix_time(it.node.modified_at) if has_file else None,
        "checked_out": None if held_by is None else held_by.principal_name,
        "checked_out_fullname": None if held_by is None else held_by.principal_name,
        "is_collaborative_checkout": False,
        "checkout_collaborators": [],
        "current_version_id": it.said.content_no or 0,
        "version": "current",
        "sequence_number": it.said.number,
        "reference_number": None,
        "containing_dossier": dossiers[0] if dossiers else "",
        "containing_subdossier": dossiers[-1] if len(dossiers) > 1 else "",
        "relatedItems": [],
        "document_date": it.metadata.get(DOCUMENT_DATE),
        "keywords": list(it.metadata.get(KEYWORDS, ())),
    }


def file_of(content: Content, file_name: str, download_url: str) -> Shown:
    """Return what is said of a file."""
    return {
        "content-type": content.media_type,
        "download": download_url,
        "filename": file_name,
        "size": content.length_bytes,
    }


def container(found: Found, taken: Taken | None = None) -> Shown:
    """Return the full representation of a container or the root, without its members; ``taken`` as in ``locking.lock_info``."""
    it = found.it
    shown = {**_common(found, taken), "is_folderish": True}
    if kind_of(it) is DOSSIER:
        above = found.seen.above
        shown |= {
            "responsible": it.metadata.get(RESPONSIBLE, it.said.created_by),
            "start": it.metadata.get(START, isotime(it.node.created_at)[:10]),
            "is_subdossier": bool(above) and kind_of(above[-1]) is DOSSIER,
            "sequence_number": it.said.number,
            "reference_number": None,
        }
    return shown


def _common(found: Found, taken: Taken | None) -> Shown:
    it = found.it
    creator = it.said.created_by
    return {
        "@id": found.url,
        "@type": kind_of(it).name,
        "@components": {},
        "UID": uid_of(it.node.uuid),
        "id": found.id or found.exchange.service.mount.strip("/"),
        "title": title(it),
        "description": it.metadata.get(DESCRIPTION, ""),
        "created": isotime(it.node.created_at),
        "modified": isotime(_modified_at(it)),
        "creator": actor(found, creator),
        "creators": [creator],
        "review_state": kind_of(it).review_state,
        "relative_path": "/".join(found.address),
        "parent": _parent(found),
        "oguid": f"{_UNIT}:{it.node.id}",
        "is_locked": it.is_locked,
        "lock": locking.lock_info(found, taken),
        "trashed": found.is_trashed,
    }


def title(it: Described) -> str:
    """Return the title of an object; one that has none is called as on the drive, a file without its suffix."""
    if it.node.id == ROOT_ID:
        return title_of(it.metadata, _SITE_TITLE)
    return title_of(it.metadata, it.node.name, as_stem=not it.node.is_collection)


def file_extension(it: Described) -> str:
    """Return the suffix of a document's file with its dot."""
    return stem_and_suffix(it.file_name)[1] if it.content is not None else ""


def actor(found: Found, name: str) -> Shown:
    """Return how a user is named in answers."""
    return {"@id": url_of(found.exchange, ("@actors", name)), "identifier": name}


def _modified_at(it: Described) -> Instant:
    # A check-out counts as a change to programs that look for one.
    return max(it.changed_at, it.held_by.taken_at if it.held_by is not None else it.changed_at)


def _parent(found: Found) -> Shown:
    above = found.seen.above
    if not found.address or not above or above[-1].node.id != found.it.node.parent_id:
        return {}
    return summary(parent_of(found))


def parent_of(found: Found) -> Found:
    """Return the container of an object that the caller may see."""
    above = found.seen.above
    seen = Seen(above[-1], found.seen.path[:-1], above[:-1])
    return Found(found.exchange, seen, found.is_trashed, found.address[:-1])


def member_of(container: Found, it: Described) -> Found:
    """Return a member of a container as an object."""
    name = it.node.name or f"={it.node.uuid}"
    seen = Seen(it, (*container.seen.path, name), (*container.seen.above, container.it))
    return Found(
        container.exchange, seen, container.is_trashed, (*container.address, segment_of(it, in_root=not container.address))
    )


def summary(found: Found, fields: Collection[str] = ()) -> Shown:
    """Return the short form of an object, with some more fields where they are asked for."""
    return _summary(found.it, found.url, fields)


def summaries(container: Found, members: Iterable[Described], fields: Collection[str] = ()) -> list[Shown]:
    """Return the short forms of members of a container; see ``summary``."""
    base, in_root = container.url, not container.address
    return [_summary(one, f"{base}/{quote_name(segment_of(one, in_root=in_root))}", fields) for one in members]


def _summary(it: Described, url: str, fields: Collection[str]) -> Shown:
    kind = kind_of(it)
    shown = {
        "@id": url,
        "@type": kind.name,
        "UID": uid_of(it.node.uuid),
        "title": title(it),
        "description": it.metadata.get(DESCRIPTION, ""),
        "review_state": kind.review_state,
    }
    held_by = it.held_by
    checked_out = None if held_by is None else held_by.principal_name
    if not it.node.is_collection:
        shown["checked_out"] = checked_out
        shown["file_extension"] = file_extension(it)
    if not fields:
        return shown
    content = it.content
    more = {
        "created": isotime(it.node.created_at),
        "modified": isotime(_modified_at(it)),
        "creator": it.said.created_by,
        "filename": it.file_name if content is not None else None,
        "filesize": content.length_bytes if content is not None else None,
        "mimetype": content.media_type if content is not None else None,
        "checked_out": checked_out,
        "review_state_label": kind.state_label,
    }
    return shown | {name: more[name] for name in fields if name in more}
