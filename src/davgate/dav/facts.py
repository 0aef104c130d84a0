"""What an answer knows beside the rows that it shows: locks, dead properties, versions, check-outs.

Reading modules fill it, ``live_properties`` and ``version_properties`` write it out. What a request does not ask for is not
loaded, and stays empty here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final, Protocol, TypeAlias

from davgate.core.access_shown import ShownGrant
from davgate.model.checkout import CheckOut
from davgate.model.frozen import frozen
from davgate.model.instant import Instant
from davgate.model.locks import Lock
from davgate.model.node import Content, NodeKind
from davgate.model.principal import SYSTEM, SYSTEM_ID
from davgate.model.properties import PropertyName
from davgate.model.rights import EVERYTHING, Right
from davgate.storage.api import MemberRow

# Where the values of a row are; see MemberRow.
ID: Final = 0
UUID: Final = 1
KIND: Final = 2
NAME: Final = 4
CREATED_AT: Final = 5
MODIFIED_AT: Final = 6
VERSION_NO: Final = 7
DIGEST: Final = 8
LENGTH: Final = 9
MEDIA_TYPE: Final = 10

COLLECTION: Final = NodeKind.COLLECTION.value
DOCUMENT: Final = NodeKind.DOCUMENT.value


def entry(
    uuid: str,
    kind: int,
    name: str | None,
    created_at: Instant,
    modified_at: Instant,
    *,
    version_no: int = 0,
    content: Content | None = None,
    created_by: int = SYSTEM_ID,
) -> MemberRow:
    """Return the row of what is listed as nodes are and is none, such as a version, or a folder that shows the past."""
    of_content = (None, None, None) if content is None else (content.digest, content.length_bytes, content.media_type)
    return (0, uuid, kind, None, name, created_at, modified_at, version_no, *of_content, created_by, 0)


RootedLock: TypeAlias = tuple[Lock, str]
"""A live lock and the address of its lock root."""


@frozen
class VersionFacts:
    """What a version says beside its row; ``predecessor`` and ``successor`` are the numbers of its neighbours that are kept."""

    author: str
    comment: str = ""
    labels: tuple[str, ...] = ()
    origin: str = ""
    predecessor: int | None = None
    successor: int | None = None


@frozen
class History:
    """Of which document the rows of an answer are versions, or the folder of versions; the facts go by version number.

    ``checked_out_from`` is the version from which the document at ``document_href`` is checked out now.
    """

    document_uuid: str
    versions: Mapping[int, VersionFacts]
    document_href: str = ""
    checked_out_from: int | None = None


@frozen
class Deletion:
    """From where, by whom and when something went to the trash."""

    path: str
    by: str
    at: Instant


class Access(Protocol):
    """What an answer says of rights; each method gives one item for each row, in order."""

    @property
    def me(self) -> str:
        """The name of the one who asks."""

    def rights(self, rows: Sequence[MemberRow], needed: int = EVERYTHING.value) -> Sequence[int]:
        """Return the bits of the rights of the one who asks; those beside ``needed`` may be left out."""

    def owners(self, rows: Sequence[MemberRow]) -> Sequence[str]:
        """Return the names of who made the rows."""

    def acls(self, rows: Sequence[MemberRow]) -> Sequence[Sequence[ShownGrant] | None]:
        """Return who was granted what, None where that may not be read."""


@frozen
class ReadAccess:
    """Access to rows that are no nodes of today's tree: they can be read, and those with a uuid in ``removable`` taken away.

    ``rights_of`` are those on nodes by their ids, where the rows are some.
    """

    me: str
    owners: Callable[[Sequence[MemberRow]], Sequence[str]] = lambda rows: [SYSTEM.name] * len(rows)
    removable: frozenset[str] = frozenset()
    rights_of: Mapping[int, Right] = field(default_factory=dict)

    def rights(self, rows: Sequence[MemberRow], needed: int = EVERYTHING.value) -> Sequence[int]:
        """Return the bits of the rights of the one who asks."""
        return [self._rights_on(row).value & needed for row in rows]

    def _rights_on(self, row: MemberRow) -> Right:
        usual = Right.READ | Right.UNBIND if row[UUID] in self.removable else Right.READ
        return self.rights_of.get(row[ID], usual)

    def acls(self, rows: Sequence[MemberRow]) -> Sequence[Sequence[ShownGrant] | None]:
        """Return nothing: rights are granted in today's tree."""
        return [None] * len(rows)


@frozen
class Facts:
    """What an answer says beside the rows.

    ``standing`` are the locks that affect the requested resource, those from above included; ``member_locks`` are those
    directly on its members, and ``dead`` the dead properties of all, with the typed ones that are asked for, each the text of an
    element, both by node id. Where these are too many to hold, ``dead_of`` reads those of some rows. What shows the past has the
    typed ones alone, by uuid, as ``dead_by`` tells. Without ``lockable`` nothing listed here can be locked: it is no place of
    today's tree. A quota of None is unknown or without limit, and is not shown (RFC 4331, 3 and 4).

    ``mount`` is where addresses of versions begin. ``check_outs`` and ``current``, the facts of the versions that documents of
    the tree show, go by node id. ``history`` is there when the rows are versions, ``deletions`` go by the uuid of a row in the
    trash. ``sync_token`` is the state that collections are shown in. ``is_version_per_save`` tells that documents here get a
    version with each save, and not one for each edit session. Without ``access`` the answer says nothing of rights.
    """

    now: Instant
    standing: Sequence[RootedLock] = ()
    member_locks: Mapping[int, Sequence[Lock]] = field(default_factory=dict)
    lockable: bool = True
    dead: Mapping[Any, Mapping[PropertyName, str]] = field(default_factory=dict)
    dead_by: int = ID
    dead_of: Callable[[Sequence[MemberRow]], Mapping[Any, Mapping[PropertyName, str]]] | None = None
    quota_used_bytes: int | None = None
    quota_available_bytes: int | None = None
    mount: str = ""
    check_outs: Mapping[int, CheckOut] = field(default_factory=dict)
    current: Mapping[int, VersionFacts] = field(default_factory=dict)
    history: History | None = None
    deletions: Mapping[str, Deletion] = field(default_factory=dict)
    sync_token: str = ""
    is_version_per_save: bool = False
    access: Access | None = None


@frozen
class Batch:
    """Rows that are written together: the requested resource, or members below ``base``.

    ``standing`` are the locks that affect each of them, beside those of ``facts.member_locks``.
    """

    rows: Sequence[MemberRow]
    facts: Facts
    standing: Sequence[RootedLock]
    base: str = ""

    def dead(self) -> Mapping[Any, Mapping[PropertyName, str]]:
        """Return the dead properties of the rows, perhaps with those of others."""
        return self.facts.dead if self.facts.dead_of is None else self.facts.dead_of(self.rows)


Column: TypeAlias = Callable[[Batch], Iterable[str]]
"""Gives the element of a property for each row of a batch, in order; the empty string where the row has none."""
