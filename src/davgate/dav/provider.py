"""The drive as a WsgiDAV provider."""

from __future__ import annotations

from wsgidav.dav_provider import DAVProvider

from davgate.dav.drive import Drive


class DriveProvider(DAVProvider):  # type: ignore[misc]  # WsgiDAV has no types
    """Placeholder while the resource classes are written."""

    def __init__(self, drive: Drive) -> None:
        super().__init__()
        self.drive = drive

    def get_resource_inst(self, path: str, environ: dict[str, object]) -> None:
        """Return nothing yet."""
