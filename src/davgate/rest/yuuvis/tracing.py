"""Ids of requests as clients trace them from service to service (B3)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_B3: Final = re.compile(r"(?:[0-9a-f]{16}){1,2}")
_BESIDE: Final = "/"


def with_trace(request_id: str, header: str | None) -> str:
    """Return the id under which a request is audited: its own, with the one that the client has for it, if it sent one."""
    trace = (header or "").strip().lower()
    return f"{request_id}{_BESIDE}{trace}" if _B3.fullmatch(trace) else request_id


def trace_of(request_id: str) -> str:
    """Return the trace id of a request by the id under which it is audited; for a client that sent none it is made up."""
    trace = request_id.rpartition(_BESIDE)[2]
    return trace if _B3.fullmatch(trace) else hashlib.sha256(request_id.encode()).hexdigest()[:16]
