"""The drive as a WsgiDAV provider, for any WsgiDAV application (``wsgidav.dav_provider``).

davgate's own application answers every method without it (``dav.app``). A stock application needs the provider and the domain
controller (``dav.stock.domain_controller``), and no write of it passes what core refuses. The rest is as WsgiDAV has it: it
answers 204 where COPY or MOVE made something new, holds few conditions against what is only read, and believes its server when
a chunked upload ends: cheroot raises when one is cut off, others take it for whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wsgidav.dav_provider import DAVProvider

from davgate.dav.drive import Drive
from davgate.dav.stock.lock_manager import LockManager, current_visit
from davgate.dav.stock.resources import Collection, Document
from davgate.dav.stock.visit import Visit, refusals
from davgate.http.requests import Environ
from davgate.http.responses import StartResponse

Handler = Callable[[Environ, StartResponse], Iterable[bytes]]

_VISIT = "davgate.visit"


class DriveProvider(DAVProvider):  # type: ignore[misc]  # WsgiDAV has no types
    """Maps paths below a share to resources of the store. One for each share, used by all threads."""

    def __init__(self, drive: Drive) -> None:
        super().__init__()
        self.drive = drive
        self.lock_manager = LockManager(self)

    def set_lock_manager(self, lock_manager: object) -> None:
        """Keep the provider's own: any other would hold locks that the rest of davgate does not see."""

    def set_prop_manager(self, prop_manager: object) -> None:
        """Keep none: properties are kept with their document, which they follow in the commit that moves it."""

    @property
    def mount(self) -> str:
        """The address of the share, without a slash at its end."""
        return f"{self.mount_path}{self.share_path or ''}"

    def visit(self, environ: Environ) -> Visit:
        """Return what is known of a request.

        Raises:
            DAVError: it did not sign in, or cannot be understood.
        """
        if _VISIT not in environ:
            with refusals(self.mount):
                environ[_VISIT] = Visit(self.drive, self.mount, environ)
        found: Visit = environ[_VISIT]
        return found

    def get_resource_inst(self, path: str, environ: Environ) -> Collection | Document | None:
        """Return the resource at a decoded path, or None when there is none."""
        visit = self.visit(environ)
        with visit.refusals():
            at = visit.parse(path)
            found = visit.find(at)
        if found is None:
            return None
        return (Collection if found.node.is_collection else Document)(path, environ, visit, at)

    def custom_request_handler(
        self, environ: Environ, start_response: StartResponse, default_handler: Handler
    ) -> Iterable[bytes]:
        """Answer a request by WsgiDAV's handler, with the lock manager knowing whose it is."""
        current_visit.set(self.visit(environ))
        return default_handler(environ, start_response)
