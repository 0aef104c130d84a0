"""Marks on versions: labels, which people choose (RFC 3253, 8), pins and holds. A version that has one is never thinned."""

from __future__ import annotations

import enum
import re
from typing import Final

from davgate.model.errors import Malformed
from davgate.model.frozen import frozen
from davgate.model.instant import Instant

LONGEST_LABEL: Final = 255
# Beside control characters these are what XML 1.0 cannot carry: the drive could not show such a label.
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


class MarkKind(enum.Enum):
    """What a mark says: a name for the version, that somebody wants it kept, or that it has to be kept."""

    LABEL = "label"
    PIN = "pin"
    HOLD = "hold"


@frozen
class Mark:
    """One mark; ``label`` is the text of a label and empty for the others."""

    version_no: int
    kind: MarkKind
    label: str
    marked_by: str
    marked_at: Instant


def check_label(label: str) -> None:
    """Refuse a text that no label may have.

    Raises:
        Malformed.
    """
    if not 0 < len(label) <= LONGEST_LABEL or _REFUSED.search(label) or label != label.strip():
        raise Malformed(
            f"A label has 1 to {LONGEST_LABEL} characters, no control character, and no space at its ends. Choose another one."
        )
