"""What is refused of check-outs and labels (RFC 3253); see ``model.errors``."""

from __future__ import annotations

from davgate.model.errors import DavgateError, Locked
from davgate.model.paths import TreePath, to_text


class CheckedOut(Locked):
    """Somebody else has the document checked out: to others that is a lock of its holder."""

    code = "checked-out"

    def __init__(self, path: TreePath, holder: str) -> None:
        super().__init__((path,), f"{to_text(path)} is checked out by {holder}. Wait until it is checked in.")
        self.holder = holder


class AlreadyCheckedOut(DavgateError):
    """The document is checked out already, so it cannot be checked out again (RFC 3253, 4.3: must-be-checked-in)."""

    code = "already-checked-out"

    def __init__(self, path: TreePath, holder: str) -> None:
        super().__init__(f"{to_text(path)} is checked out already, by {holder}. Check it in first.")
        self.path = path
        self.holder = holder


class NotVersioned(DavgateError):
    """A temporary file of a program has no versions, so it cannot be checked out (RFC 3253, 4.3: must-be-checked-in)."""

    code = "not-versioned"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"{to_text(path)} is a temporary file of a program, and has no versions. Give it another name first.")
        self.path = path


class NotCheckedOut(DavgateError):
    """The document is not checked out, so there is nothing to check in or to cancel (RFC 3253, 4.4: must-be-checked-out)."""

    code = "not-checked-out"

    def __init__(self, path: TreePath) -> None:
        super().__init__(f"{to_text(path)} is not checked out, so there is nothing to check in or to cancel.")
        self.path = path


class NothingToCancel(NotCheckedOut):
    """The document is not checked out (RFC 3253, 4.5: must-be-checked-out-version-controlled-resource)."""

    code = "nothing-to-cancel"


class LabelTaken(DavgateError):
    """Another version of the document, or this one, has the label (RFC 3253, 8.2: add-must-be-new-label)."""

    code = "label-taken"

    def __init__(self, label: str, no: int) -> None:
        super().__init__(f"Version {no} has the label {label!r} already. Choose another label, or move this one.")
        self.label = label
        self.no = no


class TooManyLabels(DavgateError):
    """A label above the most that the versions of one document may have."""

    code = "too-many-labels"

    def __init__(self, path: TreePath, most: int) -> None:
        super().__init__(f"The versions of {to_text(path)} have {most} labels, as many as may be. Remove one first.")
        self.path = path


class UnknownLabel(DavgateError):
    """No version of the document has the label (RFC 3253, 8.2: label-must-exist)."""

    code = "unknown-label"

    def __init__(self, path: TreePath, label: str) -> None:
        super().__init__(f"No version of {to_text(path)} has the label {label!r}. Look at its versions for those that there are.")
        self.label = label


class LabelSelectsNothing(DavgateError):
    """No version of the document has the label by which one is asked for (RFC 3253, 8.5: must-select-version-in-history)."""

    code = "label-selects-nothing"

    def __init__(self, path: TreePath, label: str) -> None:
        super().__init__(f"No version of {to_text(path)} has the label {label!r}. Look them up in the version history.")
        self.path = path
        self.label = label
