"""Entity tags: strong validators, the same through every door.

The tag of content is its SHA-256 in upper-case hex, quoted; a lock, a property or a rename does not change it. What a REST door
says of a node has another one.
A pending document has no content yet and a tag of its own. It is good for conditions also after the document became an empty
version: davfs2 writes a file that it has made with ``If-Match`` on that tag, also long after its lock has ended, and puts what is
then refused aside.
"""

from __future__ import annotations

import hashlib


def of_content(digest: bytes) -> str:
    """Return the quoted tag of bytes with this SHA-256."""
    return f'"{digest.hex().upper()}"'


def of_pending(uuid: str) -> str:
    """Return the quoted tag of a document that has no content yet."""
    return f'"pending-{uuid}"'


def of_metadata(uuid: str, version_no: int, modified_at: int, name: str | None) -> str:
    """Return the quoted tag of what is said of a node."""
    state = hashlib.sha256(f"{uuid} {version_no} {modified_at} {name}".encode())
    return f'"{state.hexdigest()[:32]}"'


def matches_strongly(tag: str, other: str) -> bool:
    """Tell whether both tags are strong and equal (RFC 9110, 8.8.3.2)."""
    return tag == other and not tag.startswith("W/")


def matches_weakly(tag: str, other: str) -> bool:
    """Tell whether the tags are equal, weak or not (RFC 9110, 8.8.3.2)."""
    return tag.removeprefix("W/") == other.removeprefix("W/")
