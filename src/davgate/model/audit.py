"""The audit's chain: each row is hashed with the row before it, so that none can be altered, added or taken out alone."""

from __future__ import annotations

import hashlib
import json
from typing import Final

Fields = tuple[int, int, int, str, int | None, str, str, str, str, str]
"""Number, instant, principal, action, node, path, detail, request, client, outcome: in the order in which they are hashed."""

START: Final = bytes(32)
"""What the first row follows."""


def chained(before: bytes, fields: Fields) -> bytes:
    """Return the hash of a row that follows another one: SHA-256 of that one's hash and of the row's fields as a JSON list."""
    return hashlib.sha256(before + json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).digest()
