"""How programs save: what they do in several requests and mean as one edit of one document.

Programs write new files beside a document and rename, delete and make again; a person sees one document under one name. The rules
go by that name: content follows it. No program has a name here, and patterns of names only speed up what age, author and order of
the requests tell already. The rules are functions of values; ``core.editing`` applies them inside the write transactions.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from davgate.model.frozen import frozen
from davgate.model.instant import Instant, after
from davgate.model.names import stem_and_suffix
from davgate.model.node import Node, Version
from davgate.model.paths import TreePath
from davgate.model.principal import Principal

SCRATCH_AGE: Final = timedelta(minutes=15)
"""How long a file that its maker alone has read may be a program's working copy."""

PLACEHOLDER: Final = "placeholder"
"""The session of a first version of at most one byte: a program tries whether it may write, and writes a moment later."""

_MOST_PLACEHOLDER_BYTES: Final = 1


# Names

_SIDECAR = re.compile(
    r"""
    \._.+ | \.DS_Store                              # AppleDouble, Finder
    | (?:eh)?[Tt]humbs\.db | [Dd]esktop\.ini        # Explorer
    | ~\$.+ | \.~lock\..+\#                         # who has it open: Office, LibreOffice
    | \..+\.sw[a-z] | 4913 | \.\#.+ | \#.+\#        # vim, emacs
    | \.nfs.+ | \.fuse_hidden.+ | \.davfs\.tmp.+    # file systems
    """,
    re.VERBOSE,
)
"""What programs keep beside a document: never its content."""

_CARRIER = re.compile(
    r"""
    .+\.(?:tmp|TMP)                                 # hex names of Office, and what Windows itself makes up
    | .*~ | \.~.+ | .+\.part | .+\.partial          # what LibreOffice, KeePass and others write first
    | [0-9A-F]{8} | ~WRA\d+
    | \.goutputstream-.+ | .+_exiftool_tmp
    """,
    re.VERBOSE,
)
"""Names under which the real content lies for a moment: as good as the document, when the program dies then."""

_TEMPORARY_FOLDER = re.compile(
    r"""
    \.TemporaryItems | .+\.sb-[0-9a-f]{8}-[0-9A-Za-z]{6}
    | \(A\ Document\ Being\ Saved\ By\ .+             # beside the document where a volume has no .TemporaryItems
    """,
    re.VERBOSE,
)
_ALSO_A_PERSONS = re.compile(r"[^~.].*\.(?:tmp|TMP)|[0-9A-F]{8}")
_LONG_LIVED = re.compile(r"\._.+|\.DS_Store|[Dd]esktop\.ini")


def is_transient(name: str) -> bool:
    """Tell whether a file of this name is no document but a program's own: stored, but not versioned."""
    return _SIDECAR.fullmatch(name) is not None or _CARRIER.fullmatch(name) is not None


def is_transient_place(path: TreePath) -> bool:
    """Tell whether a file at a path is a program's own: by its name, or because it lies in a folder for saving safely."""
    return is_transient(path[-1]) or any(_TEMPORARY_FOLDER.fullmatch(name) is not None for name in path[:-1])


def is_kept_unversioned(node: Node, path: TreePath) -> bool:
    """Tell whether a file at a path is a program's own, or is to become one when its content comes."""
    return node.version_no == 0 and (node.is_unversioned or is_transient_place(path))


def is_temporary_folder(name: str) -> bool:
    """Tell whether programs make a folder of this name to save safely, and leave no trace of it."""
    return _TEMPORARY_FOLDER.fullmatch(name) is not None


def carries_content(name: str) -> bool:
    """Tell whether a program's own file may be the only copy of what somebody wrote."""
    return _SIDECAR.fullmatch(name) is None


def may_be_a_persons(name: str) -> bool:
    """Tell whether a transient name is one that a person may have given: read by others, it is a document after all."""
    return _ALSO_A_PERSONS.fullmatch(name) is not None


def is_long_lived(name: str) -> bool:
    """Tell whether a program's own file belongs to a document or folder for as long as that exists."""
    return _LONG_LIVED.fullmatch(name) is not None


def is_derived(name: str, original: str) -> bool:
    """Tell whether a program made a name from another one, as for a backup: ``N~``, ``N.bak``, ``Backup of N``, ``X.backup.fm``.

    The whole stem has to be in it as a word of its own: ``data.txt`` is not derived from ``a.txt``.
    """
    return name != original and _has_whole(name, stem_and_suffix(original)[0])


def is_backup(name: str, original: str) -> bool:
    """Tell whether a name is the whole of another one and more, as ``N.bak`` or ``Backup of N``: what goes there makes way."""
    return name != original and _has_whole(name, original)


def _has_whole(name: str, part: str) -> bool:
    # Of every name a pattern would have to be made anew, for a tenth of the time that a MOVE takes.
    end = len(part)
    at = name.find(part)
    while at >= 0:
        if not (name[at - 1 : at].isalnum() or name[at + end : at + end + 1].isalnum()):
            return True
        at = name.find(part, at + 1)
    return False


# Scratch files


def is_scratch(node: Node, creator_id: int, principal: Principal, now: Instant, *, is_known: bool = False) -> bool:
    """Tell whether a document is a program's working copy: a transient one, or one that its own principal made a moment ago.

    Moved onto a document it is that document's next content, and no document of its own (R1). One is ``is_known`` that somebody
    else has read, or that was given a label, a pin, a hold or rights of its own: they would go with it.
    """
    if node.is_collection or creator_id != principal.id:
        return False
    return node.is_unversioned or (not is_known and now < after(node.created_at, SCRATCH_AGE))


# Names that a document left


@frozen
class Vacated:
    """A document or folder left a name through the drive. Until ``until`` its principal's next content there may mean it."""

    parent_id: int
    name: str
    node_id: int
    principal_id: int
    left_at: Instant
    until: Instant


@frozen
class Whereabouts:
    """Where a document that left a name is now: in the trash, when it has no parent and no name.

    ``is_aside`` tells that it is in a folder that a program made to save safely, or is called like one itself.
    """

    parent_id: int | None
    name: str | None
    is_aside: bool = False


class Leftover(enum.Enum):
    """What stays at the place that a document comes back from."""

    NOTHING = "nothing"
    SCRATCH = "scratch"
    DOCUMENT = "document"


def leftover_of_return(vacated: Vacated, at: Whereabouts, principal: Principal, now: Instant) -> Leftover | None:
    """Return what stays behind when new content at the vacated name means the document that left it; None when it does not (R2).

    It does for the same principal within the window, when the document was deleted, or went to a transient name or one derived
    from its own in the same folder, or into a folder for saving safely. Any other name is a true rename (R3).
    """
    if vacated.principal_id != principal.id or vacated.until <= now:
        return None
    if at.parent_id is None or at.name is None:
        return Leftover.NOTHING
    if at.is_aside:
        return Leftover.SCRATCH
    if at.parent_id != vacated.parent_id:
        return None
    if is_transient(at.name):
        return Leftover.SCRATCH
    return Leftover.DOCUMENT if is_derived(at.name, vacated.name) else None


def is_late_return(
    vacated: Vacated, successor: Node, creator_id: int, principal: Principal, now: Instant, *, is_known: bool = False
) -> bool:
    """Tell whether a document that was renamed, and is now deleted, goes on in what its principal put at its old name (R3).

    That was made there since, or is a program's working copy that was made before and moved there.
    """
    is_same = vacated.principal_id == principal.id == creator_id and now < vacated.until
    is_next = successor.created_at >= vacated.left_at or is_scratch(successor, creator_id, principal, now, is_known=is_known)
    is_another = successor.id != vacated.node_id and not successor.is_collection
    return is_same and is_next and is_another and successor.version_no > 0


def goes_back(vacated: Vacated, at: Whereabouts, *, is_collection: bool) -> bool:
    """Tell whether a document has to be put back, when nobody came in the window: a program died in the middle of a save.

    A folder that has a transient name may have been given it by a person.
    """
    has_transient_name = at.parent_id == vacated.parent_id and at.name is not None and is_transient(at.name)
    return at.is_aside or (has_transient_name and not is_collection)


# What an arrival means


class Arrival(enum.Enum):
    """What comes to a name."""

    CONTENT = "bytes"
    EMPTY = "nothing yet"
    SCRATCH = "a scratch file, moved"
    ESTABLISHED = "a document, moved"
    COPY = "a copy"


class There(enum.Enum):
    """What is at the name."""

    NOTHING = "nothing"
    PENDING = "a document without content"
    DOCUMENT = "a document"
    UNVERSIONED = "a scratch file"


class Outcome(enum.Enum):
    """What becomes of it."""

    NEW = "a new document"
    PENDING = "a document without content"
    NEXT_VERSION = "the next version of what is there"
    HELD_BACK = "what is there reads as empty until its next content"
    RETURN = "the document that left the name comes back with the next version"
    TAKE_THE_PLACE = "what arrives takes the name; what was there goes to the trash"


OUTCOMES: Final[Mapping[tuple[Arrival, There], Outcome]] = {
    (Arrival.CONTENT, There.NOTHING): Outcome.NEW,
    (Arrival.CONTENT, There.PENDING): Outcome.NEXT_VERSION,
    (Arrival.CONTENT, There.DOCUMENT): Outcome.NEXT_VERSION,
    (Arrival.CONTENT, There.UNVERSIONED): Outcome.NEXT_VERSION,
    (Arrival.EMPTY, There.NOTHING): Outcome.PENDING,
    (Arrival.EMPTY, There.PENDING): Outcome.PENDING,
    (Arrival.EMPTY, There.DOCUMENT): Outcome.HELD_BACK,
    (Arrival.EMPTY, There.UNVERSIONED): Outcome.NEXT_VERSION,
    (Arrival.SCRATCH, There.NOTHING): Outcome.TAKE_THE_PLACE,
    (Arrival.SCRATCH, There.PENDING): Outcome.NEXT_VERSION,
    (Arrival.SCRATCH, There.DOCUMENT): Outcome.NEXT_VERSION,
    (Arrival.SCRATCH, There.UNVERSIONED): Outcome.TAKE_THE_PLACE,
    (Arrival.ESTABLISHED, There.NOTHING): Outcome.TAKE_THE_PLACE,
    (Arrival.ESTABLISHED, There.PENDING): Outcome.TAKE_THE_PLACE,
    (Arrival.ESTABLISHED, There.DOCUMENT): Outcome.TAKE_THE_PLACE,
    (Arrival.ESTABLISHED, There.UNVERSIONED): Outcome.TAKE_THE_PLACE,
    (Arrival.COPY, There.NOTHING): Outcome.NEW,
    (Arrival.COPY, There.PENDING): Outcome.NEXT_VERSION,
    (Arrival.COPY, There.DOCUMENT): Outcome.NEXT_VERSION,
    (Arrival.COPY, There.UNVERSIONED): Outcome.NEXT_VERSION,
}
"""R1, R6 and R7, before it is asked whether a document left the name."""

_RETURNING: Final = frozenset({Arrival.CONTENT, Arrival.SCRATCH, Arrival.COPY})
"""Real content, of which the document that left may be the owner (R2)."""


def outcome(arrival: Arrival, there: There, *, may_return: bool) -> Outcome:
    """Return what an arrival means at a name; ``may_return`` tells that a document left it which R2 applies to."""
    is_free = there in (There.NOTHING, There.PENDING)
    if may_return and is_free and arrival in _RETURNING:
        return Outcome.RETURN
    return OUTCOMES[arrival, there]


def what_is_there(node: Node | None) -> There:
    """Return what a document at a name is, for the rules; one that was emptied a moment ago is a document."""
    if node is None:
        return There.NOTHING
    if node.is_pending and node.version_no == 0:
        return There.PENDING
    return There.UNVERSIONED if node.is_unversioned else There.DOCUMENT


# Edit sessions


def is_placeholder(length_bytes: int, no: int) -> bool:
    """Tell whether a first version is only a try whether writing is allowed (Total Commander sends one byte)."""
    return no == 1 and length_bytes <= _MOST_PLACEHOLDER_BYTES


def continues(current: Version, length_bytes: int, token: str | None, principal: Principal, now: Instant) -> bool:
    """Tell whether a save of some length belongs to a version that exists, because the edit session that opened it goes on.

    ``token`` is that of the lock under which it is saved, None without one.
    """
    if not current.is_open(now):
        return False
    if current.session == PLACEHOLDER:
        is_real = not is_placeholder(length_bytes, current.no)
        return is_real and current.author_id == principal.id and is_placeholder(current.content.length_bytes, current.no)
    return current.session == token
