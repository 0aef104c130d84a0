"""Everything that davgate can refuse or fail at, one class for each meaning.

An error has a stable ``code``, typed fields, and a sentence for people that says what to do next. It knows no status number:
each door looks the class up in its own table (``http.errors``). Errors of check-outs and labels, of objects, of registrations and
of signing in have modules of their own.
"""

from __future__ import annotations

from typing import ClassVar, Self

from davgate.model.paths import TreePath, to_text
from davgate.model.properties import PropertyName


class DavgateError(Exception):
    """Base of all errors that a door translates."""

    code: ClassVar[str]


# What is there


class NotFound(DavgateError):
    """Nothing that the caller may see is at this place."""

    code = "not-found"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"There is nothing at {to_text(path)}. Check the address, or list the folder above it.")
        self.path = path


class NoSuchVersion(NotFound):
    """A number, or a name in ``.versions``, that no version of the document has."""

    code = "no-such-version"

    def __init__(self, document: TreePath, no: int | None) -> None:
        which = "version of this name, which would begin with its number" if no is None else f"version {no}"
        DavgateError.__init__(self, f"{to_text(document)} has no {which}. Look at its versions for those that there are.")
        self.path = document


class NoSuchInstant(NotFound):
    """A name below ``.at`` that is no instant of the past."""

    code = "no-such-instant"

    def __init__(self, text: str, why: str) -> None:
        DavgateError.__init__(self, f"{text!r} {why}.")
        self.path = (".at", text)


class ParentMissing(DavgateError):
    """The collection that would hold the new member does not exist."""

    code = "parent-missing"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"The folder that would hold {to_text(path)} does not exist. Make it first.")
        self.path = path


class AlreadyExists(DavgateError):
    """Something is at this place already."""

    code = "already-exists"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"{to_text(path)} exists already. Choose another name, or delete it first.")
        self.path = path


class NotADocument(DavgateError):
    """The place holds a collection, where a document is needed."""

    code = "not-a-document"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"{to_text(path)} is a folder and has no content of its own. Name a document in it.")
        self.path = path


class NotACollection(DavgateError):
    """The place holds a document, where a collection is needed."""

    code = "not-a-collection"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"{to_text(path)} is a document and has no members. Name the folder that it is in.")
        self.path = path


# Requests and bodies


class Malformed(DavgateError):
    """The request cannot be understood."""

    code = "malformed"


class InvalidName(Malformed):
    """A name or path that davgate never stores."""

    code = "invalid-name"


class NameTooLong(DavgateError):
    """A name or path above the limits."""

    code = "name-too-long"


class BodyIncomplete(DavgateError):
    """Fewer or more bytes arrived than were announced; nothing was stored."""

    code = "body-incomplete"


class TooLarge(DavgateError):
    """A body above the configured limit."""

    code = "too-large"


class UnsupportedBody(DavgateError):
    """A body of a kind that this method does not take."""

    code = "unsupported-body"


class TooManyRequests(DavgateError):
    """More requests of one principal than it may make; nothing was done."""

    code = "too-many-requests"

    def __init__(self, retry_after_seconds: int, message: str = "") -> None:
        super().__init__(message or f"You send too many requests. Go on in {retry_after_seconds} seconds.")
        self.retry_after_seconds = retry_after_seconds


class OtherServer(DavgateError):
    """COPY or MOVE to another host or outside the mount (RFC 4918, 9.8.5 and 9.9.4)."""

    code = "other-server"

    def __init__(self) -> None:
        super().__init__(
            "The destination is not on this drive. Name a place on the same server, or copy the content yourself."
            " Behind a proxy, have it pass on the Host header."
        )


# Uploads


class TooManyUploads(DavgateError):
    """One principal sends more bodies at once than it may; of this one nothing was read."""

    code = "too-many-uploads"

    def __init__(self) -> None:
        super().__init__("You have too many uploads under way. Send this one again when another one has ended.")


class NoSuchUpload(DavgateError):
    """No upload of this id is open here for the caller: it is unknown, finished, expired, or somebody else's."""

    code = "no-such-upload"

    def __init__(self) -> None:
        super().__init__("There is no such upload, or not any more. Begin a new one.")


class OffsetMismatch(DavgateError):
    """A part that does not begin where the ones before it end; nothing of it was stored (TUS 1.0.0)."""

    code = "offset-mismatch"

    def __init__(self, offset_bytes: int) -> None:
        super().__init__(f"{offset_bytes} bytes of this upload have arrived. Go on from there.")
        self.offset_bytes = offset_bytes


class ChecksumMismatch(DavgateError):
    """A part whose bytes are not those that its checksum is of; nothing of it was kept (TUS 1.0.0, checksum)."""

    code = "checksum-mismatch"

    def __init__(self) -> None:
        super().__init__("The bytes that arrived do not match their checksum. Send this part again.")


# Who may do what


class Unauthenticated(DavgateError):
    """The request carries no valid sign-in. Which part of a name and password is wrong is not told."""

    code = "unauthenticated"

    def __init__(self, sentence: str = "User name or password is wrong.") -> None:
        super().__init__(sentence)


class Forbidden(DavgateError):
    """The caller may not do this here, and signing in again would not help."""

    code = "forbidden"


class ReservedName(Forbidden):
    """A name that davgate keeps for its own folders."""

    code = "reserved-name"

    def __init__(self, name: str) -> None:
        super().__init__(f"The name {name!r} is reserved here. Choose another one.")
        self.name = name


class ReadOnlyPlace(Forbidden):
    """A folder that shows the past, and what lies in it, is never written to."""

    code = "read-only-place"

    def __init__(self, path: TreePath) -> None:
        way_out = {
            ".at": "Copy out of it what you want back.",
            ".trash": "Move something out of it to restore it, or copy it out to have a new one.",
            ".rescue": "Move or copy out of it what you want to keep, and delete the rest.",
        }.get(path[0] if path else "", "Copy a version out of it onto the document to restore it.")
        super().__init__(f"{to_text(path)} shows the past and cannot be changed. {way_out}")
        self.path = path


class SameResource(Forbidden):
    """COPY or MOVE of something onto itself or into itself (RFC 4918, 9.8.5 and 9.9.4)."""

    code = "same-resource"


class FiniteDepthOnly(Forbidden):
    """PROPFIND of a collection is not answered with infinite depth (RFC 4918, 9.1.1)."""

    code = "finite-depth-only"

    def __init__(self) -> None:
        super().__init__("A whole tree is not listed in one answer. Ask with Depth 0 or 1.")


class ProtectedProperty(Forbidden):
    """Properties that only the server sets (RFC 4918, 16)."""

    code = "protected-property"

    def __init__(self, names: frozenset[PropertyName]) -> None:
        listed = ", ".join(sorted(name for _, name in names))
        super().__init__(f"Only the server sets {listed}. Leave it out; nothing was changed.")
        self.names = names


class InvalidSyncToken(Forbidden):
    """A sync token of another store, of a state that this one never had, or too old (RFC 6578, 3.2: valid-sync-token)."""

    code = "invalid-sync-token"

    def __init__(self) -> None:
        super().__init__("This sync token is not one of this store, or too old. Begin anew with an empty one.")


class UnsupportedReport(Forbidden):
    """A report that there is not, or not of this resource (RFC 3253, 3.6: supported-report)."""

    code = "unsupported-report"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no report {name} here. Ask for one of those in supported-report-set.")
        self.name = name


class TooManyMatches(Forbidden):
    """An answer that cannot be kept as short as asked for (RFC 6578, 3.7; RFC 3744, 9.2)."""

    code = "too-many-matches"


class Held(DavgateError):
    """A version is held: nothing of the document may be removed for good."""

    code = "held"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"{to_text(path)} is held and cannot be removed for good. Have an administrator release it first.")
        self.path = path


# Conditions and locks


class PreconditionFailed(DavgateError):
    """A condition of the request does not hold; nothing was changed (RFC 9110, 13.1; RFC 4918, 10.4)."""

    code = "precondition-failed"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or "A condition of the request does not hold any more. Read the document again, then repeat.")


class RefreshMismatch(PreconditionFailed):
    """No live lock with the submitted token covers the resource to refresh (RFC 4918, 9.10.6)."""

    code = "refresh-mismatch"

    def __init__(self) -> None:
        super().__init__("No lock with this token is alive here. Take a new lock.")


class SaveKept(PreconditionFailed):
    """A save came after its lock or check-out was lost: it is no version, and kept for its author alone."""

    code = "save-kept"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Your lock or check-out has ended, and this save came too late. What you sent is kept as /.rescue/{name}: compare it"
            " with the document, and copy it onto the document if it is what you want."
        )
        self.name = name


class Locked(DavgateError):
    """A lock whose token was not submitted forbids the change (RFC 4918, 16: lock-token-submitted)."""

    code = "locked"

    def __init__(self, roots: tuple[TreePath, ...], message: str = "") -> None:
        super().__init__(message or f"{', '.join(map(to_text, roots))} is locked. Wait for the lock to end, or submit its token.")
        self.roots = roots


class LockConflict(DavgateError):
    """A lock that stands forbids the lock asked for (RFC 4918, 9.10.6: no-conflicting-lock)."""

    code = "lock-conflict"

    def __init__(self, roots: tuple[TreePath, ...]) -> None:
        super().__init__(f"{', '.join(map(to_text, roots))} is locked already. Try again when that lock has ended.")
        self.roots = roots


class TooManyLocks(DavgateError):
    """A lock above the most that may stand in one place, or that one principal may hold."""

    code = "too-many-locks"


class UnknownLockToken(DavgateError):
    """UNLOCK names a token that locks nothing here (RFC 4918, 9.11.1)."""

    code = "unknown-lock-token"

    def __init__(self) -> None:
        super().__init__("No lock with this token is alive here, so there is nothing to unlock.")


class NotTheLockOwner(Forbidden):
    """A lock of somebody else; only its owner or an administrator ends it (RFC 4918, 9.11.1)."""

    code = "not-the-lock-owner"

    def __init__(self) -> None:
        super().__init__("This lock belongs to somebody else. Ask its owner or an administrator to end it.")


# The store


class QuotaExceeded(DavgateError):
    """The store has no room for these bytes (RFC 4331, 6)."""

    code = "quota-exceeded"

    def __init__(self, message: str = "The store has no room for this content. Delete something, or ask for more space.") -> None:
        super().__init__(message)

    @classmethod
    def of_the_disk(cls) -> Self:
        """Return the error for a full disk, where deleting would need room as well."""
        return cls("The disk of the store is full; nothing was changed. Its administrator has to make room.")


class Busy(DavgateError):
    """The store could not be reached or written in time; nothing was changed."""

    code = "busy"

    def __init__(self, message: str = "The store is busy. Try again in a moment.") -> None:
        super().__init__(message)


class Corrupt(DavgateError):
    """Stored content is missing or does not match its digest."""

    code = "corrupt"


class StoreUnusable(DavgateError):
    """The data folder or database cannot be used as it is."""

    code = "store-unusable"
