"""What the tests across doors ask of a door: each has an adapter that says it in the door's own words.

What a door cannot do it names in ``lacks``; the cells that need it are left out for it. A document goes by its UUID, by which
each door finds it on its own.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tests.protocol.client import Client, Response


class Ability(enum.Enum):
    """What a door may be able to do with a document; its value is the name of the method of ``Door`` that does it."""

    CREATE = "create"
    REPLACE = "replace"
    CHANGE_METADATA = "change_metadata"
    ENTITLE = "entitle"
    DESCRIBE = "describe"
    PAST = "version_before"
    KEEPER = "kept_by"
    LOCK = "lock"
    TOKEN = "token_of"
    CHECK_OUT = "check_out"
    DELETE = "delete"
    RESTORE = "restore"
    MOVE = "move"


class Refusal(enum.Enum):
    """Why a door refuses a write."""

    LOCKED = "another's lock, or one's own without its token"
    CHECKED_OUT = "another's check-out"
    MISSING = "there is no such document"
    STALE = "a condition does not hold"
    CHECK_OUT = "a check-out is not the caller's to take or to end"


@dataclass(frozen=True)
class Known:
    """What a door tells of a document; what it does not show is None."""

    media_type: str
    created_at: datetime
    modified_at: datetime
    length_bytes: int | None = None
    title: str | None = None
    description: str | None = None
    file_name: str | None = None
    created_by: str | None = None
    sha256: str | None = None

    def differs_from(self, other: Known, *, but: Collection[str] = ()) -> dict[str, tuple[object, object]]:
        """Return what two tell differently, by name."""
        pairs = {name: (value, getattr(other, name)) for name, value in vars(self).items() if name not in but}
        return {name: pair for name, pair in pairs.items() if None not in pair and pair[0] != pair[1]}


class Door(ABC):
    """One door. A request is sent as a client, who has signed in; what may be refused returns the answer."""

    name: ClassVar[str]
    lacks: ClassVar[Mapping[Ability, str]] = {}
    """Why it lacks an ability."""
    is_without_tokens: ClassVar[bool] = False
    """Whether its locks are of who signed in, and who holds such a lock writes here without a token."""
    locks_end: ClassVar[bool] = True
    """Whether its locks end by themselves, after an hour at most."""
    deletes_what_is_gone: ClassVar[bool] = False
    """Whether deleting once more what is deleted goes well, and does nothing."""
    creates_untitled: ClassVar[bool] = False
    """Whether a document has no title when it is made here."""
    title_of_untitled: ClassVar[str | None] = None
    """What it shows for the title of ``name.txt``, if none was given."""
    versions_typed_metadata: ClassVar[bool] = False
    """Whether the metadata that it changes are typed, and so make a version."""
    counts_content_alone: ClassVar[bool] = False
    """Whether it counts the versions with new content alone."""
    names_files_by_titles: ClassVar[bool] = False
    """Whether it calls a file by the title of its document when it changes either."""
    moves_by_a_version: ClassVar[bool] = False
    """Whether another place makes a version, as every change does there."""
    tells_of_saves: ClassVar[bool] = False
    """Whether the first save into a working copy makes a version, too, which says that the document is being changed."""
    shows_working_copies: ClassVar[bool] = True
    """Whether the holder of a check-out reads the working copy; else what was checked in."""

    # Making and finding

    def create(self, client: Client, content: bytes, name: str) -> str:
        """Make a document in a way that shows on the drive, and return its UUID."""
        raise NotImplementedError

    @abstractmethod
    def exists(self, client: Client, uuid: str) -> bool:
        """Tell whether a document is found."""

    # Reading

    @abstractmethod
    def read(self, client: Client, uuid: str) -> Response:
        """GET the content."""

    @abstractmethod
    def known(self, client: Client, uuid: str) -> Known:
        """Return what is told of a document."""

    @abstractmethod
    def versions(self, client: Client, uuid: str) -> int:
        """Return how many versions are counted."""

    def version_before(self, client: Client, uuid: str) -> bytes:
        """Return the content of the version before the present one."""
        raise NotImplementedError

    def kept_by(self, client: Client, uuid: str) -> str | None:
        """Return who keeps others from writing it, by a lock or a check-out: "" for somebody without a name, None for nobody."""
        raise NotImplementedError

    # Writing

    def replace(self, client: Client, uuid: str, content: bytes, **headers: str) -> Response:
        """Give it content in one version, or in the working copy of who has it checked out; or return the first refusal."""
        raise NotImplementedError

    def change_metadata(self, client: Client, uuid: str, token: str | None = None) -> Response:
        """Change what is said of a document."""
        raise NotImplementedError

    def entitle(self, client: Client, uuid: str, title: str) -> Response:
        """Give it a title."""
        raise NotImplementedError

    def describe(self, client: Client, uuid: str, description: str) -> Response:
        """Give it a description."""
        raise NotImplementedError

    @abstractmethod
    def touch(self, client: Client, uuid: str, token: str | None = None) -> Response:
        """Write in the way of this door that a lock forbids and a check-out of one's own does not have to precede."""

    def delete(self, client: Client, uuid: str) -> Response:
        """Delete it."""
        raise NotImplementedError

    def restore(self, client: Client, uuid: str) -> None:
        """Bring back what was deleted through any door."""
        raise NotImplementedError

    def move(self, client: Client, uuid: str) -> None:
        """Give it another place."""
        raise NotImplementedError

    # Locks and check-outs

    def lock(self, client: Client, uuid: str) -> Response:
        """Lock it, saying whose the lock is where the door has words for that."""
        raise NotImplementedError

    def unlock(self, client: Client, uuid: str, token: str | None) -> Response:
        """End a lock."""
        raise NotImplementedError

    def token_of(self, client: Client, uuid: str) -> str | None:
        """Return the token of the lock, if the client is shown it."""
        raise NotImplementedError

    def check_out(self, client: Client, uuid: str) -> Response:
        """Check it out."""
        raise NotImplementedError

    def check_in(self, client: Client, uuid: str) -> Response:
        """Check it in."""
        raise NotImplementedError

    def cancel(self, client: Client, uuid: str) -> Response:
        """Cancel the check-out."""
        raise NotImplementedError

    # Errors

    @abstractmethod
    def assert_refused(self, response: Response, why: Refusal) -> None:
        """Hold a refusal against how the door shows it."""
