"""UUIDs as clients write them (RFC 9562, 4)."""

from __future__ import annotations

import re
from typing import Final

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def canonical(text: str) -> str | None:
    """Return a UUID, of digits with hyphens, in lower case as it is kept and compared; None for any other text."""
    return text.lower() if _UUID.fullmatch(text) else None
