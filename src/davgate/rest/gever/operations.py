"""The list of what the dialect offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from davgate.rest import problems
from davgate.rest.gever import (
    changing,
    checking_out,
    creating,
    downloads,
    errors,
    history,
    locking,
    people,
    placing,
    reading,
    removing,
    status,
    uploads,
)
from davgate.rest.gever.services import Services
from davgate.rest.operations import Dialect, Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *reading.OPERATIONS,
    *creating.OPERATIONS,
    *changing.OPERATIONS,
    *removing.OPERATIONS,
    *placing.OPERATIONS,
    *downloads.OPERATIONS,
    *locking.OPERATIONS,
    *checking_out.OPERATIONS,
    *history.OPERATIONS,
    *people.OPERATIONS,
    *status.OPERATIONS,
    *uploads.OPERATIONS,
)


def dialect(_settings: Mapping[str, Any]) -> Dialect:
    """Return the dialect; it has no settings of its own."""
    return Dialect(
        name="gever",
        title="OneGov GEVER",
        description="Filing positions, dossiers and documents: check-out, lock, upload, check-in, history.",
        operations=OPERATIONS,
        router=Services(OPERATIONS),
        method_of=uploads.method_of,
        refused=errors.refused,
        of_address=problems.nowhere,
        refusal=errors.RefusalBody,
        refusal_type="application/json",
    )
