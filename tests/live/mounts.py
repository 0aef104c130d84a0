"""Folders of this machine that show a drive, and that end with the test whatever happens in between."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from .drive import Drive
from .programs import run

FLUSH_SECONDS: Final = 120
PERSONS_UPLOAD_DELAY: Final = 10
"""Seconds, where nobody has configured davfs2: names are changed on the server before it has the content."""
PID_FOLDER: Final = Path("/run/mount.davfs")


def is_mounted(path: Path) -> bool:
    """Tell whether something is mounted there, without touching it: its server may be gone."""
    mounted = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    return any(line.split()[1] == str(path) for line in mounted)


class Mount:
    """A collection mounted with davfs2, at ``path``; a file is sent when it has been closed for ``upload_delay`` seconds.

    Look at the folder through programs with a time limit, not from the test's own process: a call that waits for a
    dead server cannot be interrupted.
    """

    def __init__(self, mount_davfs: str, drive: Drive, collection: str, upload_delay: int) -> None:
        # Not below the test's own folder: mount.davfs works as the user davfs2, who cannot enter that.
        self._home = Path(tempfile.mkdtemp(prefix="davgate-live-"))
        self._home.chmod(0o755)
        self.path = self._home / "mnt"
        self.path.mkdir()
        cache = self._home / "cache"
        cache.mkdir()
        cache.chmod(0o775)
        shutil.chown(cache, "root", "davfs2")
        secrets = self._home / "secrets"
        secrets.touch(mode=0o600)
        secrets.write_text(f'{self.path} {drive.user} "{drive.password}"\n')
        settings = self._home / "davfs2.conf"
        # Newer kernels read a folder in pieces of up to 128 KiB; davfs2 refuses what is larger than its buffer of 16.
        settings.write_text(
            f"use_locks 1\ndelay_upload {upload_delay}\nask_auth 0\nbuf_size 256\nretry 1\nmax_retry 2\nmax_upload_attempts 3\n"
            f"cache_dir {cache}\nsecrets {secrets}\n{_trust(drive, self._home)}"
        )
        try:
            run(mount_davfs, drive.address(collection), self.path, "-o", f"conf={settings}").succeeded()
        except BaseException:
            self.remove()
            raise

    def unmount(self) -> None:
        """Unmount; on return every change has been sent to the server."""
        run("umount", self.path, timeout=FLUSH_SECONDS).succeeded()

    def lost(self) -> list[str]:
        """Return the names of files that davfs2 could not store and put aside; asked before unmounting."""
        return run("ls", "-A", self.path / "lost+found").succeeded().text.split()

    def remove(self) -> None:
        """Unmount by force where needed and delete what the mount has used here."""
        if is_mounted(self.path):
            with suppress(OSError, ValueError):
                os.kill(int(self._pid_file().read_text()), signal.SIGKILL)
            run("umount", "-l", "-i", self.path, timeout=20)
            self._pid_file().unlink(missing_ok=True)
        shutil.rmtree(self._home)

    def _pid_file(self) -> Path:
        return PID_FOLDER / f"{str(self.path).strip('/').replace('/', '-')}.pid"


def _trust(drive: Drive, home: Path) -> str:
    """Return the setting by which davfs2 believes the drive's server, as it works as a user who sees ``home`` alone."""
    if drive.authority is None:
        return ""
    copied = home / "authority.pem"
    shutil.copyfile(drive.authority, copied)
    copied.chmod(0o644)
    return f"trust_ca_cert {copied}\n"


Mounting: TypeAlias = Callable[..., Mount]
"""Mounts a collection of a drive; ``upload_delay`` is 0 unless it is given."""
