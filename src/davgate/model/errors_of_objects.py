"""What alone doors that know objects, their ids and their single versions can be refused; see ``model.errors``."""

from __future__ import annotations

from davgate.model.errors import DavgateError, Held, NotFound
from davgate.model.paths import TreePath, to_text


class UuidTaken(DavgateError):
    """Something in the store has the id already that a caller chose for something new."""

    code = "uuid-taken"

    def __init__(self, uuid: str) -> None:
        super().__init__(f"Something else has the id {uuid}. Choose another one.")
        self.uuid = uuid


class VersionIsCurrent(DavgateError):
    """The current version of a document cannot be removed alone."""

    code = "version-is-current"

    def __init__(self, path: TreePath, no: int) -> None:
        super().__init__(f"Version {no} of {to_text(path)} is the current one. Delete the document instead.")
        self.path = path


class VersionIsMarked(Held):
    """A version has a label, a pin or a hold, a working copy is based on it, or a fixed revision ends with it: it stays."""

    code = "version-is-marked"

    def __init__(self, path: TreePath, no: int) -> None:
        DavgateError.__init__(
            self,
            f"Version {no} of {to_text(path)} is labelled, pinned, held, being worked on, or how a fixed revision ends. "
            "It stays while that is so.",
        )
        self.path = path


class Retained(DavgateError):
    """The document is under retention: until that ends it is neither deleted nor given other content."""

    code = "retained"

    def __init__(self, path: TreePath, until: str) -> None:
        super().__init__(f"{to_text(path)} has to be kept as it is until {until}.")
        self.path = path
        self.until = until


class InvalidProperty(DavgateError):
    """What was given is no value of a property; ``index`` tells which of several values, None for the only one or all."""

    code = "invalid-property"

    def __init__(self, name: str, index: int | None, why: str) -> None:
        which = name if index is None else f"{name}, value {index + 1},"
        super().__init__(f"The property {which} {why}.")
        self.name = name
        self.index = index
        self.why = why


class NotEmpty(DavgateError):
    """A folder has members, and was to be deleted only without any."""

    code = "not-empty"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"{to_text(path)} is not empty. Delete what is in it first.")
        self.path = path


class NoSuchCollection(DavgateError):
    """What was named as the folder for something is none, or none that the caller may see."""

    code = "no-such-collection"

    def __init__(self, uuid: str) -> None:
        super().__init__(f"There is no folder with the id {uuid}. Name one that there is.")
        self.uuid = uuid


class LogicalNameTaken(DavgateError):
    """Something in the store has the logical name already that a caller chose for something new."""

    code = "logical-name-taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"Something else is called {name}. Choose another name.")
        self.name = name


class NoSuchRevision(NotFound):
    """A number that no revision of the document has."""

    code = "no-such-revision"

    def __init__(self, document: TreePath, no: int) -> None:
        DavgateError.__init__(self, f"{to_text(document)} has no revision {no}. Look at its revisions for those that there are.")
        self.path = document
