"""A naive model of one folder of the drive: what requests of several people must lead to, said with lists and dictionaries.

It shares no code with davgate. Content goes to the name (R1), a name remembers who left it (R2), a rename is one unless its
document is deleted a moment later (R3), going back is nothing (R4), deletion is soft (R5), what is established replaces (R6),
empty is pending (R7), the same bytes are no version (R8). Each request gives the status that has to come back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

WINDOW = 120.0
YOUNG = 900.0
GRACE = 86400.0
SCRATCH_AGE = 86400.0


@dataclass(eq=False)
class Document:
    """Content is None while it is pending or emptied; without versions it is pending or a program's file."""

    name: str | None
    maker: str
    made: float
    content: bytes | None = None
    versions: list[bytes] = field(default_factory=list)
    saves: int = 0
    """Earlier saves of edit sessions, in all versions."""
    session: str | None = None
    """The lock under which the last version was opened."""
    tried_by: str = ""
    """Who made a first version of nothing, to see whether writing is allowed, and has until ``tried_until`` for the real one."""
    tried_until: float = 0.0
    touched: float = 0.0
    gone: bool = False
    """Nothing is left of it: it was a program's file, or became part of another document."""

    @property
    def is_pending(self) -> bool:
        return self.content is None and not self.versions


@dataclass(eq=False)
class Lock:
    token: str
    document: Document
    owner: str
    ends: float
    span: float
    is_revivable: bool = True


@dataclass
class Left:
    """A document left a name."""

    document: Document
    who: str
    at: float
    until: float


def is_transient(name: str) -> bool:
    return re.fullmatch(r"~.*|.*~|.*\.tmp", name) is not None


def is_derived(name: str, original: str) -> bool:
    return name != original and original.rpartition(".")[0] in name


def is_backup(name: str, original: str) -> bool:
    return name != original and original in name


class NaiveDrive:
    """One folder."""

    def __init__(self) -> None:
        self.now = 0.0
        self.here: dict[str, Document] = {}
        self.trash: list[Document] = []
        self.locks: list[Lock] = []
        self.left: dict[str, Left] = {}
        self.rescued: dict[str, int] = {}
        self.revived: list[tuple[Lock, float, Document, str | None]] = []

    # Locks

    def live(self, document: Document) -> Lock | None:
        return next((lock for lock in self.locks if lock.document is document and lock.ends > self.now), None)

    def _ended(self, document: Document) -> list[Lock]:
        return [lock for lock in self.locks if lock.document is document and lock.ends <= self.now]

    def _revive(self, who: str, token: str, document: Document | None) -> None:
        """A lock that ran out lives again when its holder comes back in time and nobody came between."""
        for lock in self._ended(document) if document is not None else ():
            in_time = lock.is_revivable and self.now < lock.ends + GRACE
            if lock.token == token and lock.owner == who and in_time and document is not None and self.live(document) is None:
                self.revived.append((lock, lock.ends, document, document.session))
                lock.ends = self.now + lock.span
                document.session = None  # What was written under it before stays sealed.

    def undo_revivals(self) -> None:
        """The request was refused after all: nothing has happened."""
        for lock, ends, document, session in self.revived:
            lock.ends, document.session = ends, session

    def _takes_from_others(self, who: str, document: Document, *, own_too: bool = False) -> None:
        for lock in self._ended(document):
            if own_too or lock.owner != who:
                lock.is_revivable = False

    def _may_write(self, who: str, token: str, document: Document | None) -> bool:
        lock = None if document is None else self.live(document)
        return lock is None or (lock.owner == who and lock.token == token)

    def _condition_holds(self, token: str, document: Document | None) -> bool:
        """``If: (<token>)`` asks for a live lock with this token."""
        if not token:
            return True
        lock = None if document is None else self.live(document)
        return lock is not None and lock.token == token

    def _end_locks(self, document: Document) -> None:
        for lock in list(self.locks):
            if lock.document is document:
                if lock.ends > self.now:
                    self.locks.remove(lock)
                else:
                    lock.is_revivable = False
        document.session = None

    def _pass_locks(self, former: Document, to: Document) -> None:
        for lock in self.locks:
            if lock.document is former:
                lock.document = to

    # Content

    def _place(self, name: str, who: str, content: bytes | None, token: str = "") -> Document:
        made = Document(name, who, self.now, content, touched=self.now)
        if content is not None and not is_transient(name):
            self._first(made, who, content, token)
        self.here[name] = made
        return made

    def _first(self, document: Document, who: str, content: bytes, token: str) -> None:
        document.versions = [content]
        document.session = token or None
        if not content and not token:
            document.tried_by, document.tried_until = who, self.now + WINDOW

    def _give(self, document: Document, who: str, content: bytes, token: str) -> None:
        """The newest bytes of a document that is here."""
        if document.content == content:
            return
        document.touched = self.now
        document.content = content
        if document.name is not None and is_transient(document.name) and not document.versions:
            return
        if document.versions and document.versions[-1] == content:
            return  # It was emptied a moment ago.
        under_lock = document.session is not None and document.session == token and self.live(document) is not None
        was_tried = document.versions == [b""] and document.tried_by == who and self.now < document.tried_until
        if document.versions and (under_lock or was_tried):
            document.versions[-1] = content
            document.saves += 1
        elif not document.versions:
            self._first(document, who, content, token)
        else:
            document.versions.append(content)
            document.session = token or None

    def _returning(self, who: str, name: str) -> Document | None:
        """R2: whose next content arrives at a name."""
        there = self.here.get(name)
        left = self.left.get(name)
        if left is None or left.who != who or left.until <= self.now or left.document.gone:
            return None
        if there is not None and not there.is_pending:
            return None
        away = left.document.name
        if away is None or is_transient(away) or is_derived(away, name):
            return left.document
        return None

    def _content_arrives(self, who: str, name: str, content: bytes | None, token: str) -> Document:
        """Content, or None for an empty file, goes to the name."""
        there = self.here.get(name)
        if there is not None:
            self._takes_from_others(who, there)
        standing = None if there is None else self.live(there)
        if standing is None or standing.token != token:
            token = ""  # It is that of a lock elsewhere: of the file that is moved here.
        returning = self._returning(who, name) if content is not None else None
        self._extend(who)
        if returning is not None and content is not None:
            return self._return(who, name, returning, content, token)
        if there is None:
            return self._place(name, who, content, token)
        if content is None and there.versions:
            if there.content:
                there.content, there.touched = None, self.now
            return there
        if content is None and there.content is not None:
            content = b""
        if content is not None:
            self._give(there, who, content, token)
        return there

    def _return(self, who: str, name: str, document: Document, content: bytes, token: str) -> Document:
        there = self.here.get(name)
        away = document.name
        locked_away = [lock for lock in self.locks if lock.document is document]
        if there is not None:
            self._pass_locks(there, document)
            there.gone = True
        if away is None:
            self.trash.remove(document)
        else:
            del self.here[away]
            had = document.versions[-1] if document.content is None else document.content
            leftover = self._place(away, who, had)
            for lock in locked_away:
                lock.document = leftover
        document.name = name
        self.here[name] = document
        self._forget(document)
        self._give(document, who, content, token)
        return document

    # Names

    def _extend(self, who: str) -> None:
        for left in self.left.values():
            if left.who == who and left.until > self.now:
                left.until = self.now + WINDOW

    def _leave(self, who: str, name: str, document: Document) -> None:
        if document.versions:
            self._extend(who)
            self.left[name] = Left(document, who, self.now, self.now + WINDOW)

    def _forget(self, document: Document) -> None:
        self.left = {name: left for name, left in self.left.items() if left.document is not document}

    def _vanish(self, document: Document, into: Document | None = None) -> None:
        if document.name is not None:
            self.here.pop(document.name, None)
        self._end_locks(document)
        self._forget(document)
        document.gone = True
        document.name = None

    def _to_trash(self, document: Document) -> None:
        assert document.name is not None
        del self.here[document.name]
        document.name = None
        self.trash.append(document)

    # Requests. Each returns the status.

    def put(self, who: str, name: str, content: bytes, token: str) -> int:
        there = self.here.get(name)
        self._revive(who, token, there)
        lost = any(lock.token == token and lock.owner == who and lock.ends <= self.now for lock in self.locks)
        if not self._condition_holds(token, there) or not self._may_write(who, token, there):
            if lost and content:
                self.rescued[who] = self.rescued.get(who, 0) + 1
                return 412
            return 412 if not self._condition_holds(token, there) else 423
        self._content_arrives(who, name, content or None, token)
        return 201 if there is None else 204

    def lock(self, who: str, name: str, token: str, span: float) -> int:
        there = self.here.get(name)
        if there is not None and self.live(there) is not None:
            return 423
        if there is not None:
            self._takes_from_others(who, there, own_too=True)
        document = there or self._content_arrives(who, name, None, "")
        self.locks.append(Lock(token, document, who, self.now + span, span))
        return 200 if there is not None else 201

    def refresh(self, who: str, name: str, token: str, span: float) -> int:
        there = self.here.get(name)
        if there is None:
            return 412
        self._revive(who, token, there)
        lock = self.live(there)
        if lock is None or lock.token != token or lock.owner != who:
            return 412
        lock.ends, lock.span = self.now + span, span
        return 200

    def unlock(self, who: str, name: str, token: str) -> int:
        there = self.here.get(name)
        if there is None:
            return 404
        lock = self.live(there)
        if lock is None or lock.token != token:
            return 409
        if lock.owner != who:
            return 403
        if there.content is None and not is_transient(name):
            if not there.versions and self._returning(who, name) is not None:
                there = self._content_arrives(who, name, b"", "")
            else:
                self._settle(there, who, token)
        self.locks.remove(lock)
        there.session = None
        return 204

    def _settle(self, document: Document, who: str, token: str = "") -> None:
        if document.versions:
            self._give(document, who, b"", token)
        else:
            document.content, document.versions = b"", [b""]

    def delete(self, who: str, name: str, token: str) -> int:
        there = self.here.get(name)
        if there is None:
            return 404
        self._revive(who, token, there)
        if not self._condition_holds(token, there):
            return 412
        if not self._may_write(who, token, there):
            return 423
        if not there.versions and (there.content is None or name.startswith("~$")):
            self._vanish(there)
            return 204
        late = self._late_return(who, there)
        self._end_locks(there)
        if late is not None:
            old_name, made = late
            del self.here[name]
            there.versions += made.versions
            there.saves += made.saves
            there.content = made.content if made.content is not None else there.content
            there.name = old_name
            self._pass_locks(made, there)
            there.session = made.session
            made.gone = True
            self.here[old_name] = there
            self._forget(there)
            self._forget(made)
        else:
            self._leave(who, name, there)
            self._to_trash(there)
        return 204

    def _late_return(self, who: str, document: Document) -> tuple[str, Document] | None:
        """R3: what its principal made at the old name of a document that is deleted under its new one."""
        if not document.versions:
            return None
        mine = [(left.at, name, left) for name, left in self.left.items() if left.document is document]
        for at, name, left in sorted(mine, key=lambda one: one[0], reverse=True):
            made = self.here.get(name)
            if made is None or made is document or not made.versions:
                continue
            is_next = made.made >= at or self.now < made.made + YOUNG
            if left.who == who == made.maker and self.now < left.until and is_next:
                return name, made
        return None

    def move(self, who: str, name: str, to: str, token: str, *, overwrite: bool) -> int:
        there, target = self.here.get(name), self.here.get(to)
        if there is None:
            return 404
        self._revive(who, token, there)
        if target is not None:
            self._revive(who, token, target)
        if not self._condition_holds(token, there):
            return 412
        if target is not None and not overwrite:
            return 412
        status = 201 if target is None else 204
        if self._is_a_save(who, there, to):
            if not self._may_write(who, token, target) or not self._may_write(who, token, there):
                return 423
            return self._save_onto(who, there, to, token, status)
        if not self._may_write(who, token, there) or not self._may_write(who, token, target):
            return 423
        self._end_locks(there)
        if target is not None:
            target.session = None
            for lock in self._ended(target):
                lock.is_revivable = False
            standing = self.live(target)
            if standing is not None:
                standing.document = there
            if target.is_pending:
                self._vanish(target)
            else:
                self._to_trash(target)
        if any(left.document is there and old == to for old, left in self.left.items()):
            self._forget(there)
        else:
            self._leave(who, name, there)
        del self.here[name]
        there.name = to
        self.here[to] = there
        if there.content is not None and not there.versions and not is_transient(to):
            self._first(there, who, there.content, "")
            there.touched = self.now
        return status

    def _is_a_save(self, who: str, document: Document, to: str) -> bool:
        is_file_of_program = document.content is not None and not document.versions
        if document.maker != who or not (is_file_of_program or self.now < document.made + YOUNG):
            return False
        returning = self._returning(who, to)
        if returning is document or (document.versions and is_backup(to, document.name or "")):
            return False
        target = self.here.get(to)
        if target is not None and not target.is_pending:
            return bool(target.versions)
        if returning is not None:
            return document.content is not None
        return target is not None

    def _save_onto(self, who: str, document: Document, to: str, token: str, status: int) -> int:
        target = self.here.get(to)
        is_being_filled = document.is_pending and self.live(document) is not None
        if target is None or not is_being_filled:
            target = self._content_arrives(who, to, document.content, token)
        is_emptied = document.content is None and document.versions
        if len(document.versions) > 1 or document.saves or is_emptied:
            self._end_locks(document)
            self._leave(who, document.name or "", document)
            self._to_trash(document)
        else:
            self._vanish(document)
        return status

    def copy(self, who: str, name: str, to: str, token: str, *, overwrite: bool) -> int:
        there, target = self.here.get(name), self.here.get(to)
        if there is None:
            return 404
        if target is not None and not overwrite:
            return 412
        if not self._may_write(who, token, target):
            return 423
        content = there.content
        if content is None and target is not None and target.content is not None:
            content = b""
        if target is not None or self._returning(who, to) is not None:
            self._content_arrives(who, to, content, token)
        else:
            self._place(to, who, content).tried_until = 0.0
        return 201 if target is None else 204

    def tidy(self) -> None:
        """What is done though nobody asks."""
        self.locks = [lock for lock in self.locks if lock.ends > self.now - GRACE]
        for document in list(self.here.values()):
            idle = document.touched < self.now - WINDOW and self.live(document) is None
            if document.content is None and idle and not is_transient(document.name or ""):
                document.session = None
                self._settle(document, "")
        for name, left in sorted(self.left.items()):
            if left.until > self.now or self.live(left.document) is not None:
                continue
            del self.left[name]
            away = left.document.name
            if left.document.gone or away is None or not is_transient(away) or name in self.here:
                continue
            del self.here[away]
            left.document.name = name
            self.here[name] = left.document
        for name, document in list(self.here.items()):
            is_file_of_program = document.content is not None and not document.versions
            if is_file_of_program and document.touched < self.now - SCRATCH_AGE and self.live(document) is None:
                self._end_locks(document)
                if not name.startswith("~$"):
                    self._to_trash(document)
                else:
                    self._vanish(document)
