"""A second, naive store in memory: what a history of requests must lead to, said in the shortest way and with no regard to speed.

It shares no code with davgate but the values of the model and the classes of its errors. Requests are those of programs that name
a document when they mean it; what drives make of names is not here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from davgate.model.errors import (
    AlreadyExists,
    DavgateError,
    LockConflict,
    Locked,
    NotADocument,
    NotFound,
    NotTheLockOwner,
    ParentMissing,
    PreconditionFailed,
    RefreshMismatch,
    SameResource,
    SaveKept,
    UnknownLockToken,
)

Refusal = type[DavgateError]
Path = tuple[str, ...]

PENDING_GRACE = 120_000_000


class Refused(Exception):
    """The request is refused; the store stays as it is."""

    def __init__(self, error: Refusal) -> None:
        super().__init__(error.__name__)
        self.error = error


@dataclass(eq=False)
class Lock:
    token: str
    node: Node
    is_exclusive: bool
    is_deep: bool
    owner: str
    ends: int


@dataclass(eq=False)
class Node:
    made: int
    name: str
    versions: list[bytes] | None = None
    """None for a collection; of a pending document empty."""
    members: list[Node] = field(default_factory=list)
    uuid: str = ""
    """What the real store calls it, once that is known."""

    @property
    def is_collection(self) -> bool:
        return self.versions is None

    def member(self, name: str) -> Node | None:
        return next((one for one in self.members if key(one.name) == key(name)), None)

    def below(self) -> Iterator[Node]:
        yield self
        for member in self.members:
            yield from member.below()


def key(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def starts_with(path: Path, start: Path) -> bool:
    return [*map(key, path)][: len(start)] == [*map(key, start)]


class NaiveStore:
    """Each request either changes the state or raises Refused. Who makes it and which tokens come with it is set before."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.root = Node(now, "")
        self.locks: list[Lock] = []
        # Shared locks that another of their holders ended.
        self.lost: list[Lock] = []
        self.granted: list[str] = []
        self.trashed = 0
        self.who = ""
        self.tokens: set[str] = set()

    # Looking

    def chain(self, path: Path) -> list[Node]:
        nodes = [self.root]
        for name in path:
            member = nodes[-1].member(name)
            if member is None:
                break
            nodes.append(member)
        return nodes

    def node(self, path: Path) -> Node | None:
        nodes = self.chain(path)
        return nodes[-1] if len(nodes) == len(path) + 1 else None

    def found(self, path: Path) -> Node:
        node = self.node(path)
        if node is None:
            raise Refused(NotFound)
        return node

    def parent(self, path: Path) -> Node:
        parent = self.node(path[:-1])
        if parent is None or not parent.is_collection:
            raise Refused(ParentMissing)
        return parent

    def live(self) -> list[Lock]:
        return [lock for lock in self.locks if lock.ends > self.now]

    def locks_of(self, path: Path) -> list[Lock]:
        """The live locks that affect a place."""
        nodes = self.chain(path)
        own = nodes[-1] if len(nodes) == len(path) + 1 else None
        return [lock for lock in self.live() if lock.node is own or (lock.is_deep and lock.node in nodes)]

    # Rules

    def check(self, locks: list[Lock]) -> None:
        """Refuse to write past locks: every exclusive one must be one's own and submitted, of shared ones any one."""
        mine = [lock for lock in locks if lock.owner == self.who and lock.token in self.tokens]
        if locks and (not mine or any(lock.is_exclusive and lock not in mine for lock in locks)):
            raise Refused(Locked)

    def check_membership(self, path: Path) -> None:
        self.check(self.locks_of(path[:-1]))

    def check_removal(self, path: Path, node: Node) -> None:
        self.check_membership(path)
        for place, _ in places(path, node):
            self.check(self.locks_of(place))
            if node.is_collection:
                # Also what may be in it without a lock of its own; whether a deep lock is on a document makes no difference here.
                self.check(self.locks_of((*place, "?")))

    def end_locks(self, node: Node) -> None:
        gone = set(map(id, node.below()))
        self.lost += [lock for lock in self.live() if id(lock.node) in gone and lock.owner != self.who]
        self.locks = [lock for lock in self.locks if id(lock.node) not in gone]

    def remove(self, path: Path, node: Node) -> None:
        self.end_locks(node)
        self.take_away(path, node)

    def take_away(self, path: Path, node: Node) -> None:
        self.parent(path).members.remove(node)
        if node.versions != []:
            # Of a pending document nobody ever wrote anything: it is gone.
            self.trashed += 1

    # Requests

    def put(self, path: Path, content: bytes) -> None:
        try:
            self.put_in_time(path, content)
        except Refused as refused:
            is_late = path and any(lock.owner == self.who and lock.token in self.tokens for lock in self.lost)
            raise Refused(SaveKept) if is_late and content else refused from None

    def put_in_time(self, path: Path, content: bytes) -> None:
        if not path:
            raise Refused(NotADocument)
        node = self.node(path)
        if node is None:
            parent = self.parent(path)
            self.check_membership(path)
            parent.members.append(Node(self.now, path[-1], [content]))
            return
        if node.versions is None:
            raise Refused(NotADocument)
        self.check(self.locks_of(path))
        self.write(node, content)

    def write(self, node: Node, content: bytes) -> None:
        assert node.versions is not None
        if node.versions[-1:] != [content]:
            node.versions.append(content)

    def make_collection(self, path: Path) -> None:
        if self.node(path) is not None:
            raise Refused(AlreadyExists)
        parent = self.parent(path)
        self.check_membership(path)
        parent.members.append(Node(self.now, path[-1]))

    def delete(self, path: Path) -> None:
        node = self.found(path)
        if not path:
            raise Refused(SameResource)
        self.check_removal(path, node)
        self.remove(path, node)

    def check_apart(self, source: Path, destination: Path, *, takes_members: bool) -> None:
        same = starts_with(source, destination) and len(source) == len(destination)
        if same or starts_with(source, destination) or (takes_members and starts_with(destination, source)):
            raise Refused(SameResource)

    def check_replacing(self, destination: Path, *, overwrite: bool) -> Node:
        parent = self.parent(destination)
        if self.node(destination) is None:
            self.check_membership(destination)
        elif not overwrite:
            raise Refused(PreconditionFailed)
        return parent

    def move(self, source: Path, destination: Path, *, overwrite: bool) -> None:
        node = self.found(source)
        self.check_apart(source, destination, takes_members=node.is_collection)
        parent = self.check_replacing(destination, overwrite=overwrite)
        self.check_removal(source, node)
        victim = self.node(destination)
        if victim is not None:
            self.check_removal(destination, victim)
        self.end_locks(node)
        if victim is not None:
            for lock in self.locks:
                # What locks the name goes on doing so.
                lock.node = node if lock.node is victim else lock.node
            self.remove_keeping(destination, victim)
        self.parent(source).members.remove(node)
        node.name = destination[-1]
        parent.members.append(node)

    def remove_keeping(self, path: Path, node: Node) -> None:
        for member in node.members:
            self.end_locks(member)
        self.take_away(path, node)

    def copy(self, source: Path, destination: Path, *, overwrite: bool, deep: bool) -> None:
        node = self.found(source)
        self.check_apart(source, destination, takes_members=deep and node.is_collection)
        target = self.node(destination)
        if target is not None and target.versions is not None and node.versions is not None:
            if not overwrite:
                raise Refused(PreconditionFailed)
            self.check(self.locks_of(destination))
            if node.versions or target.versions:
                # A pending document reads as empty, so its copy is; onto another one it changes nothing.
                self.write(target, node.versions[-1] if node.versions else b"")
            return
        parent = self.check_replacing(destination, overwrite=overwrite)
        if target is not None:
            self.check_removal(destination, target)
            self.remove(destination, target)
        parent.members.append(self.copied(node, destination[-1], deep=deep))

    def copied(self, node: Node, name: str, *, deep: bool) -> Node:
        versions = None if node.versions is None else node.versions[-1:]
        members = [self.copied(member, member.name, deep=deep) for member in node.members] if deep else []
        return Node(self.now, name, versions, members)

    def lock(self, path: Path, *, is_exclusive: bool, is_deep: bool, ends: int) -> None:
        node = self.node(path)
        if node is None:
            self.parent(path)
        standing = self.locks_of(path)
        if node is not None and is_deep:
            inside = set(map(id, node.below()))
            standing = standing + [lock for lock in self.live() if id(lock.node) in inside]
        if any(is_exclusive or lock.is_exclusive for lock in standing):
            raise Refused(LockConflict)
        if node is None:
            self.check_membership(path)
            node = Node(self.now, path[-1], [])
            self.parent(path).members.append(node)
        self.granted.append(f"lock-{len(self.granted)}")
        self.locks.append(Lock(self.granted[-1], node, is_exclusive, is_deep, self.who, ends))

    def refresh(self, path: Path, token: str, ends: int) -> None:
        self.found(path)
        for lock in self.locks_of(path):
            if lock.token == token and lock.owner == self.who:
                lock.ends = ends
                return
        raise Refused(RefreshMismatch)

    def unlock(self, path: Path, token: str) -> None:
        self.found(path)
        for lock in self.locks_of(path):
            if lock.token == token:
                if lock.owner != self.who:
                    raise Refused(NotTheLockOwner)
                self.locks.remove(lock)
                if lock.node.versions == []:
                    lock.node.versions = [b""]
                return
        raise Refused(UnknownLockToken)

    def tidy(self) -> None:
        self.lost.clear()
        locked = [lock.node for lock in self.live()]
        for node in self.root.below():
            if node.versions == [] and node.made < self.now - PENDING_GRACE and node not in locked:
                node.versions = [b""]


def places(path: Path, node: Node) -> Iterator[tuple[Path, Node]]:
    yield path, node
    for member in node.members:
        yield from places((*path, member.name), member)
