"""The doors that the matrix goes through. A new door adds itself to ``REGISTRY``; until it does, a test fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from davgate.dav.app import METHODS, DriveApp
from davgate.rest.dialects import DIALECTS
from davgate.rest.door import Door as DialectDoor
from tests.matrix.dynacase_operations import DYNACASE_OPERATIONS
from tests.matrix.gever_operations import GEVER_OPERATIONS
from tests.matrix.lora_operations import LORA_OPERATIONS
from tests.matrix.model import Outcome
from tests.matrix.okd_operations import OKD_OPERATIONS
from tests.matrix.operations import OPERATIONS, Operation
from tests.matrix.yuuvis_operations import YUUVIS_OPERATIONS


@dataclass(frozen=True)
class Door:
    """A way into the store.

    ``application`` is the class in ``davgate`` that answers its requests, ``offered`` are all methods that it takes, of a dialect
    the ids of its operations; ``operations`` are what the matrix does with them, and ``statuses`` how each refusal looks.
    """

    name: str
    application: type
    offered: frozenset[str]
    operations: Sequence[Operation]
    statuses: Mapping[Outcome, int]


DRIVE: Final = Door(
    "drive",
    DriveApp,
    frozenset({"OPTIONS", *METHODS}),
    tuple(OPERATIONS),
    {
        Outcome.UNAUTHENTICATED: 401,  # RFC 9110, 15.5.2
        Outcome.MISSING: 404,
        Outcome.NO_PARENT: 409,  # RFC 4918, 9.3.1, 9.7.1 and 9.8.5
        Outcome.FORBIDDEN: 403,
        Outcome.NOT_A_DOCUMENT: 405,  # RFC 4918, 9.7.2
        Outcome.TAKEN: 405,  # RFC 4918, 9.3.1
        Outcome.LOCKED: 423,  # RFC 4918, 11.3
        Outcome.CONFLICTING: 423,  # RFC 4918, 9.10.6
        Outcome.CONFLICTING_BELOW: 207,  # RFC 4918, 9.10.3
        Outcome.UNMET: 412,  # RFC 9110, 13.1; RFC 4918, 10.6
        Outcome.CHECKED_OUT: 423,  # design, 2: elsewhere a check-out is a lock of its holder
        Outcome.CHECKED_OUT_ALREADY: 409,  # RFC 3253, 4.3 and 8.2
        Outcome.NOT_CHECKED_OUT: 409,  # RFC 3253, 4.4 and 4.5
        Outcome.WRONG_TOKEN: 409,  # RFC 4918, 9.11.1
        Outcome.WRONG_REFRESH: 412,  # RFC 4918, 9.10.6
        Outcome.ANOTHERS_LOCK: 403,  # RFC 4918, 9.11.1
    },
)


def _offered_by(dialect: str) -> frozenset[str]:
    return frozenset(operation.id for operation in DIALECTS[dialect]({}).operations)


OKD: Final = Door(
    "okd",
    DialectDoor,
    _offered_by("okd"),
    tuple(OKD_OPERATIONS),
    {
        Outcome.UNAUTHENTICATED: 401,
        Outcome.MISSING: 404,
        Outcome.FORBIDDEN: 403,
        Outcome.LOCKED: 423,
        Outcome.CONFLICTING: 423,
        Outcome.CHECKED_OUT: 423,
        Outcome.ANOTHERS_LOCK: 403,
    },
)

GEVER: Final = Door(
    "gever",
    DialectDoor,
    _offered_by("gever"),
    tuple(GEVER_OPERATIONS),
    {
        Outcome.UNAUTHENTICATED: 401,
        Outcome.MISSING: 404,
        Outcome.FORBIDDEN: 403,
        Outcome.LOCKED: 403,
        Outcome.CHECKED_OUT: 403,
        Outcome.CHECKED_OUT_ALREADY: 403,
        Outcome.NOT_CHECKED_OUT: 403,
        Outcome.ANOTHERS_LOCK: 200,
    },
)

YUUVIS: Final = Door(
    "yuuvis",
    DialectDoor,
    _offered_by("yuuvis"),
    tuple(YUUVIS_OPERATIONS),
    {
        Outcome.UNAUTHENTICATED: 401,
        Outcome.MISSING: 404,
        Outcome.NO_PARENT: 422,
        Outcome.FORBIDDEN: 403,
        Outcome.LOCKED: 409,
        Outcome.CONFLICTING: 409,
        Outcome.CHECKED_OUT: 409,
    },
)

DYNACASE: Final = Door(
    "dynacase",
    DialectDoor,
    _offered_by("dynacase"),
    tuple(DYNACASE_OPERATIONS),
    {
        Outcome.UNAUTHENTICATED: 401,
        Outcome.MISSING: 404,
        Outcome.FORBIDDEN: 403,
        Outcome.LOCKED: 403,
        Outcome.CONFLICTING: 400,
        Outcome.CHECKED_OUT: 403,
        Outcome.ANOTHERS_LOCK: 400,
    },
)

LORA: Final = Door(
    "lora",
    DialectDoor,
    _offered_by("lora"),
    tuple(LORA_OPERATIONS),
    {
        Outcome.UNAUTHENTICATED: 401,
        Outcome.MISSING: 404,
        Outcome.FORBIDDEN: 403,
        Outcome.TAKEN: 400,
        Outcome.LOCKED: 423,
        Outcome.CHECKED_OUT: 423,
    },
)

REGISTRY: Final = (DRIVE, OKD, GEVER, YUUVIS, DYNACASE, LORA)
