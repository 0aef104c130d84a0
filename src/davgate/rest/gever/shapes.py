"""Bodies and answers as the OpenAPI document describes them.

What is really taken is said in ``fields``, what is answered in ``representation``, and both by the handlers; tests hold all of
them against this.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

Text: TypeAlias = str | None | UnsetType
Name = Annotated[str, Meta(min_length=1, pattern=r"\S")]
Day = Annotated[str, Meta(extra_json_schema={"format": "date"})]
DayOrNone: TypeAlias = Annotated[str, Meta(extra_json_schema={"anyOf": [{"format": "date"}, {"enum": [""]}]})] | None | UnsetType
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Address = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
Uid = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


# Bodies of requests


class SentFile(Struct, kw_only=True):
    """A file: text, or base64 if ``encoding`` says so."""

    data: str
    encoding: Literal["base64", ""] | None | UnsetType = UNSET
    filename: Text = UNSET
    content_type: Text = field(default=UNSET, name="content-type")


class _Fields(Struct, kw_only=True):
    description: Text = UNSET
    document_date: DayOrNone = UNSET
    keywords: list[str] | None | UnsetType = UNSET
    responsible: Text = UNSET
    start: DayOrNone = UNSET


class NewDocument(_Fields, kw_only=True, tag_field="@type", tag="opengever.document.document"):
    """A document to be made."""

    title: Text = UNSET
    file: SentFile | None | UnsetType = UNSET


class NewDossier(_Fields, kw_only=True, tag_field="@type", tag="opengever.dossier.businesscasedossier"):
    """A dossier to be made."""

    title: Name


class NewFolder(_Fields, kw_only=True, tag_field="@type", tag="opengever.repository.repositoryfolder"):
    """A filing position to be made."""

    title: Name


class NewRoot(_Fields, kw_only=True, tag_field="@type", tag="opengever.repository.repositoryroot"):
    """A filing system to be made."""

    title: Name


NewObject: TypeAlias = NewDocument | NewDossier | NewFolder | NewRoot


class Change(_Fields, kw_only=True):
    """Fields to be changed. A file as it was read stays as it is."""

    title: Text = UNSET
    file: SentFile | UnsetType = UNSET


class Sources(Struct):
    """What is to be copied or moved: addresses, paths below the mount, or UIDs."""

    source: Annotated[str, Meta(min_length=1)] | Annotated[list[str], Meta(min_length=1)]


class WantedLock(Struct, kw_only=True):
    """What a lock is to be like."""

    timeout: int | None | UnsetType = UNSET
    stealable: bool | None | UnsetType = UNSET


class Unlocking(Struct, kw_only=True):
    """Which lock is to be ended, and whether somebody else's, too."""

    lock_type: Any = UNSET
    force: bool | None | UnsetType = UNSET


class CheckIn(Struct):
    """What is said of a new version."""

    comment: Text = UNSET


class Reverting(Struct):
    """The number of a version."""

    version: int


# Answers


class Lock(Struct, kw_only=True):
    """A lock; of none only the first two are there."""

    locked: bool
    stealable: bool
    created: Time | UnsetType = UNSET
    creator: str | UnsetType = UNSET
    creator_name: str | UnsetType = UNSET
    creator_url: Address | UnsetType = UNSET
    name: str | UnsetType = UNSET
    time: float | UnsetType = UNSET
    timeout: int | UnsetType = UNSET
    token: str | UnsetType = UNSET


class Actor(Struct, kw_only=True):
    """A user as answers name one."""

    id: Address = field(name="@id")
    identifier: str


class File(Struct, kw_only=True):
    """A file of a document."""

    content_type: str = field(name="content-type")
    download: Address
    filename: str
    size: int


class Summary(Struct, kw_only=True):
    """An object in a list; the last fields where they are asked for. With ``fullobjects`` everything is there."""

    address: Address = field(name="@id")
    type: str = field(name="@type")
    uid: Uid = field(name="UID")
    title: str
    description: str
    review_state: str
    checked_out: Text = UNSET
    file_extension: str | UnsetType = UNSET
    created: Time | UnsetType = UNSET
    modified: Time | UnsetType = UNSET
    creator: str | Actor | UnsetType = UNSET
    filename: Text = UNSET
    filesize: int | None | UnsetType = UNSET
    mimetype: Text = UNSET
    review_state_label: str | UnsetType = UNSET


class Pages(Struct, kw_only=True):
    """Addresses of the pages of a list."""

    address: Address = field(name="@id")
    first: Address
    last: Address
    next: Address | UnsetType = UNSET
    prev: Address | UnsetType = UNSET


class _Object(Struct, kw_only=True, tag_field="@type"):
    address: Address = field(name="@id")
    components: dict[str, Any] = field(name="@components")
    uid: Uid = field(name="UID")
    id: str
    title: str
    description: str
    created: Time
    modified: Time
    creator: Actor
    creators: list[str]
    review_state: str
    relative_path: str
    parent: dict[str, Any]
    oguid: Annotated[str, Meta(pattern="^.+:[0-9]+$")]
    is_locked: bool
    lock: Lock
    trashed: bool
    is_folderish: bool


class Document(_Object, kw_only=True, tag="opengever.document.document"):
    """A document."""

    file: File | None
    file_extension: str
    file_mtime: float | None
    checked_out: str | None
    checked_out_fullname: str | None
    is_collaborative_checkout: bool
    checkout_collaborators: list[str]
    current_version_id: int
    version: str
    sequence_number: int | None
    reference_number: str | None
    containing_dossier: str
    containing_subdossier: str
    related_items: list[Any] = field(name="relatedItems")
    document_date: Day | None
    keywords: list[str]


class _Container(_Object, kw_only=True):
    items: list[Summary] | UnsetType = UNSET
    items_total: int | UnsetType = UNSET
    batching: Pages | UnsetType = UNSET


class Dossier(_Container, kw_only=True, tag="opengever.dossier.businesscasedossier"):
    """A dossier."""

    responsible: str
    start: Day
    is_subdossier: bool
    sequence_number: int | None
    reference_number: str | None


class Folder(_Container, kw_only=True, tag="opengever.repository.repositoryfolder"):
    """A filing position."""


class Root(_Container, kw_only=True, tag="opengever.repository.repositoryroot"):
    """A filing system."""


class Site(_Container, kw_only=True, tag="Plone Site"):
    """The root of the store."""


Shown: TypeAlias = Document | Dossier | Folder | Root | Site


class Placed(Struct):
    """Where something was, and where it or its copy is."""

    source: Address
    target: Address


class Author(Struct, kw_only=True):
    """Who made a version."""

    address: Address = field(name="@id")
    fullname: str
    id: str
    username: str


class HistoryEntry(Struct, kw_only=True):
    """A version in the history."""

    address: Address = field(name="@id")
    action: str
    actor: Author
    comments: str | None
    may_revert: bool
    time: Time
    transition_title: str
    type: Literal["versioning"]
    version: int


class VersionEntry(Struct, kw_only=True):
    """A version in the list that comes in pages."""

    address: Address = field(name="@id")
    actor: Actor
    approvals: list[Any]
    comments: str
    may_revert: bool
    time: Time
    version: int


class Versions(Struct, kw_only=True):
    """A page of versions."""

    address: Address = field(name="@id")
    items: list[VersionEntry]
    items_total: int
    batching: Pages | UnsetType = UNSET


class Message(Struct):
    """What was done, for people."""

    message: str


class User(Struct, kw_only=True):
    """A user."""

    address: Address = field(name="@id")
    id: str
    username: str
    fullname: str
    email: str | None
    roles: list[str]


class ShownActor(Struct, kw_only=True):
    """A user or group."""

    address: Address = field(name="@id")
    identifier: str
    active: bool
    actor_type: Literal["user", "group"]
    label: str
    portrait_url: str | None


class Status(Struct, kw_only=True):
    """Whether a document can be worked on."""

    title: str
    checked_out: bool
    checked_out_by: str | None
    locked: bool
    locked_by: str | None
    lock_time: float | None
    lock_timeout: int | None
    file_mtime: float | None
    review_state: str
