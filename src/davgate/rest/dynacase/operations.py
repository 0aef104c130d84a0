"""The list of what the dialect offers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from davgate.model.paths import TreePath
from davgate.rest import problems
from davgate.rest.dynacase import (
    creating,
    documents,
    enumerates,
    envelope,
    errors,
    families,
    files,
    history,
    listing,
    locking,
    revisions,
    temporary_files,
    trash,
    workflow,
)
from davgate.rest.dynacase.routing import Addresses, in_both_places, method_of, negotiating
from davgate.rest.operations import JSON, Dialect, Operation

_TEMPORARY_FILES_LIFE: Final = timedelta(days=1)


def operations(
    folder: TreePath = ("Dynacase",), temporary_files_life: timedelta = _TEMPORARY_FILES_LIFE
) -> tuple[Operation, ...]:
    """Return all operations."""
    listed = (
        *documents.OPERATIONS,
        *listing.OPERATIONS,
        *families.OPERATIONS,
        *creating.operations(folder),
        *enumerates.OPERATIONS,
        *revisions.OPERATIONS,
        *history.OPERATIONS,
        *files.OPERATIONS,
        *temporary_files.operations(temporary_files_life),
        *locking.OPERATIONS,
        *trash.operations(folder),
        *workflow.OPERATIONS,
    )
    return tuple(negotiating(operation) for operation in in_both_places(listed))


def dialect(settings: Mapping[str, Any]) -> Dialect:
    """Return the dialect as the settings of its section have it."""
    offered = operations(**settings)
    return Dialect(
        name="dynacase",
        title="Dynacase",
        description="Documents of families with attributes and files: change, lock, revise, trash."
        " With alt=html any answer in JSON is the text of a page.",
        operations=offered,
        router=Addresses(offered),
        method_of=method_of,
        refused=errors.refused,
        of_address=problems.nowhere,
        refusal=envelope.Refusal,
        refusal_type=JSON,
        refusals=(400, 401, 403, 404, 405, 412, 413, 414, 415, 429, 503),
        realm="dynacase",
    )
