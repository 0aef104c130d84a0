"""WsgiDAV's lock manager, answered by ``core.locking`` (``wsgidav.lock_man.lock_manager.LockManager``).

It holds no locks and no rule about them. WsgiDAV names locks by token alone and principals by name. Who asks, with which tokens
and about which resource, is taken from the request under way instead; a token that locks nothing there is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final, TypeAlias

from wsgidav.dav_provider import DAVProvider

from davgate.core import locking
from davgate.core.access import LockAt, check_locks
from davgate.core.locking import Granted, LockRequest
from davgate.dav import xml
from davgate.dav.bodies import MAX_LOCKINFO_BYTES
from davgate.dav.stock.visit import Visit
from davgate.http.headers import INFINITE, bare_token, lock_token_uri
from davgate.http.targets import quote_path
from davgate.model.instant import FOREVER
from davgate.model.locks import Depth, Scope
from davgate.model.paths import TreePath

LockDict: TypeAlias = dict[str, Any]
"""A lock as WsgiDAV knows it: root, type, scope, depth, owner, timeout, expire, principal and token."""

current_visit: Final[ContextVar[Visit]] = ContextVar("current_visit")
"""The request under way in this thread. WsgiDAV does not hand it to its lock manager."""

_OWNER_LIMITS: Final = xml.XmlLimits(MAX_LOCKINFO_BYTES)
_WITHOUT_END: Final = -1


class LockManager:
    """Answers for the locks below the share of one provider. Arguments that the request itself tells are not looked at."""

    def __init__(self, provider: DAVProvider) -> None:
        self._provider = provider

    def acquire(
        self,
        *,
        url: str,
        lock_type: str,
        lock_scope: str,
        lock_depth: str,
        lock_owner: bytes,
        timeout: int | None,
        principal: str,
        token_list: Sequence[str],
    ) -> LockDict:
        """Take a lock. Where nothing is, a pending document is made in the same commit.

        Raises:
            DAVError: a lock that stands forbids it, or core refuses it for another reason.
        """
        visit = current_visit.get()
        with visit.refusals():
            owner = xml.content_of(xml.parse(lock_owner, _OWNER_LIMITS)) if lock_owner else ""
            asked = LockRequest(Scope(lock_scope), Depth(lock_depth), owner, _span(timeout))
            granted = locking.lock(visit.store, visit.ctx, self._path(url), asked)
        return self._granted(granted)

    def refresh(self, token: str, *, timeout: int | None = None) -> LockDict:
        """Let a lock begin a new span.

        Raises:
            DAVError: the request does not submit the token, or the lock is somebody else's.
        """
        visit = current_visit.get()
        with visit.refusals():
            granted = locking.refresh(visit.store, visit.ctx, visit.path, _span(timeout))
        return self._granted(granted)

    def _granted(self, granted: Granted) -> LockDict:
        current_visit.get().wrote()
        return self._to_dict((granted.lock, granted.root), is_collection=granted.is_collection)

    def release(self, token: str) -> None:
        """End a lock.

        Raises:
            DAVError: it is somebody else's, or has ended.
        """
        visit = current_visit.get()
        with visit.refusals():
            locking.unlock(visit.store, visit.ctx, visit.path, bare_token(token))
        visit.wrote()

    def remove_all_locks_from_url(self, url: str, *, recursive: bool = False) -> None:
        """End the locks on a resource, with ``recursive`` those below it too.

        Raises:
            DAVError: one of them is somebody else's.
        """
        visit = current_visit.get()
        with visit.refusals():
            for lock, root in self._direct(url, recursive=recursive):
                locking.unlock(visit.store, visit.ctx, root, lock.token)
        visit.wrote()

    def check_write_permission(self, *, url: str, depth: str, token_list: Sequence[str], principal: str) -> None:
        """Refuse early, before a body is read, to change a resource that is locked.

        What counts is looked at in the transaction that writes, there for everything below the resource too.

        Raises:
            DAVError: the request does not submit what the locks ask for.
        """
        visit = current_visit.get()
        with visit.refusals():
            check_locks(visit.ctx, visit.locks(self._path(url)))

    @contextmanager
    def write_transaction(self, *, url: str, token_list: Sequence[str], principal: str, depth: str = "0") -> Iterator[None]:
        """Refuse as ``check_write_permission`` does. Nothing is held while a body arrives: a lock taken meanwhile wins."""
        self.check_write_permission(url=url, depth=depth, token_list=token_list, principal=principal)
        yield

    def get_lock(self, token: str, *, key: str | None = None) -> Any:
        """Return a lock that affects the resource of the request, or one value of it; None when the token is unknown there."""
        found = self._find(current_visit.get().path, token)
        if found is None:
            return None
        lock = self._to_dict(found)
        return lock if key is None else lock[key]

    def is_token_locked_by_user(self, token: str, principal: str) -> bool:
        """Tell whether a lock that affects the resource of the request belongs to who makes it."""
        visit = current_visit.get()
        found = self._find(visit.path, token)
        return found is not None and found[0].principal_id == visit.ctx.principal.id

    def is_url_locked(self, url: str) -> bool:
        """Tell whether a resource is the root of a lock."""
        return bool(self._direct(url))

    def is_url_locked_by_token(self, url: str, lock_token: str) -> bool:
        """Tell whether a lock affects a resource."""
        return self._find(self._path(url), lock_token) is not None

    def get_url_lock_list(self, url: str, *, recursive: bool = False) -> list[LockDict]:
        """Return the locks whose root a resource is, with ``recursive`` those below it too."""
        return [self._to_dict(pair) for pair in self._direct(url, recursive=recursive)]

    def get_indirect_url_lock_list(self, url: str, *, principal: str | None = None) -> list[LockDict]:
        """Return the locks that affect a resource; with a principal only those of who makes the request."""
        visit = current_visit.get()
        with visit.refusals():
            standing = visit.locks(self._path(url))
        mine = visit.ctx.principal.id
        return [self._to_dict(pair) for pair in standing if principal is None or pair[0].principal_id == mine]

    def _find(self, path: TreePath, token: str) -> LockAt | None:
        visit = current_visit.get()
        with visit.refusals():
            return next((pair for pair in visit.locks(path) if pair[0].token == bare_token(token)), None)

    def _direct(self, url: str, *, recursive: bool = False) -> Sequence[LockAt]:
        visit = current_visit.get()
        with visit.refusals():
            path = self._path(url)
            if recursive:
                return locking.standing(visit.store, visit.ctx, path)
            return [(lock, root) for lock, root in visit.locks(path) if root == path]

    def _path(self, url: str) -> TreePath:
        """Return the place of a resource that WsgiDAV names by its address below the application."""
        return current_visit.get().parse(self._provider.ref_url_to_path(url))

    def _to_dict(self, pair: LockAt, *, is_collection: bool = False) -> LockDict:
        """Return a lock as WsgiDAV knows it. Of others' locks the holder is not told: the owner text is for that."""
        lock, root = pair
        principal = current_visit.get().ctx.principal
        return {
            "root": quote_path(root, self._provider.share_path, collection=is_collection),
            "type": "write",
            "scope": lock.scope.value,
            "depth": lock.depth.value,
            "owner": f'<D:owner xmlns:D="{xml.DAV}">{lock.owner}</D:owner>'.encode() if lock.owner else b"",
            "timeout": _WITHOUT_END if lock.timeout is None else int(lock.timeout.total_seconds()),
            "expire": _WITHOUT_END if lock.expires_at == FOREVER else lock.expires_at / 1_000_000,
            "principal": principal.name if lock.principal_id == principal.id else "",
            "token": lock_token_uri(lock.token),
        }


def _span(timeout_seconds: int | None) -> timedelta | None:
    """Return what WsgiDAV understood of a Timeout header: a negative number has no end."""
    if timeout_seconds is None:
        return None
    return INFINITE if timeout_seconds < 0 else timedelta(seconds=timeout_seconds)
