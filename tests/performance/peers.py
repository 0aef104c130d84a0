"""Starts the servers that are compared, each with its own folder, on an ephemeral loopback port, with Basic sign-in.

All serve the same tree under ``/dav/``. The peers get the settings that favour them: the cheapest password hash, no
access log, no limit on the requests of a connection.
"""

import base64
import hashlib
import importlib.metadata
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from davgate import __version__

from . import load
from .load import Answer, Request, Script

USER = "bench"
PASSWORD = "correct-horse-battery"
ROOT = "/dav/"
SEEDS = "seeds"
WORK = "work"

START_SECONDS = 30.0
SIGN_INS = 16
"""Each on a connection of its own: enough to reach every process of a server."""
# Bodies up to this size travel in the same segment train as their head.
JOINED_BYTES = 64 * 1024
SEED_CONNECTIONS = 8

MODULES = Path("/usr/lib/apache2/modules")
SIGN_IN_MODULES = ("mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic")
WEB_USER = "www-data"
TYPES = "application/vnd.openxmlformats-officedocument.wordprocessingml.document docx\napplication/octet-stream bin\n"


class PeerError(Exception):
    """A server could not be installed or started."""


class Peer:
    """One server under test: a process of its own and how to talk to it."""

    name: ClassVar[str]
    packages: ClassVar[Mapping[str, str]] = {}
    """Debian packages this needs, by a file that shows they are there."""
    environment: ClassVar[Mapping[str, str]] = {}
    """Variables the server is started with."""
    lost_lock: ClassVar[tuple[int, ...]] = ()
    """What a rightful save is answered with when the server has lost its lock; empty for servers that lose none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address: load.Address = ("127.0.0.1", _free_port())
        self._process: subprocess.Popen[bytes] | None = None
        token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self._common = f"Host: 127.0.0.1:{self.address[1]}\r\nAuthorization: Basic {token}\r\n"

    def version(self) -> str:
        """Return what is measured, for the line below the table."""
        raise NotImplementedError

    def prepare(self, seed_folder: Path) -> None:
        """Write configuration and, where the server's store is plain files, the documents."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """Return the command line of the server; it stays in the foreground."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        """The first process of the server."""
        if self._process is None:
            raise PeerError(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server and return once it answers a signed-in request.

        Raises:
            PeerError: it ended, or did not answer within half a minute; the message holds the end of its log.
        """
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | self.environment
            )
        probe = self.request("PROPFIND", "", ("Depth: 0",), expect=(207,))
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.ask(probe)
            except (OSError, load.LoadError) as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    tail = (self.folder / "log").read_text(errors="replace")[-2000:]
                    raise PeerError(f"{self.name} did not start: {error}\n{tail}") from error
                time.sleep(0.05)
            else:
                return

    def fill(self, seed_folder: Path) -> None:
        """Make the documents, where only the running server can."""

    def stop(self) -> None:
        """End the server and wait for it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Leave the server with the memory of fresh processes, each of which has checked a password."""
        self.stop()
        self.start()
        for _ in range(SIGN_INS):
            self.ask(self.request("PROPFIND", "/", ["Depth: 0"], expect=(207,)))

    def request(
        self,
        method: str,
        path: str,
        headers: Sequence[str] = (),
        body: bytes | Sequence[memoryview] = b"",
        *,
        expect: tuple[int, ...],
        length_bytes: int | None = None,
        closes_unit: bool = True,
        keep_body: bool = False,
        root: str = ROOT,
    ) -> Request:
        """Prepare a signed-in request for a path below the root, which for other doors than the drive is another one."""
        pieces = [memoryview(body)] if isinstance(body, bytes) else list(body)
        size_bytes = sum(len(piece) for piece in pieces)
        lines = "".join(f"{line}\r\n" for line in headers)
        if size_bytes or method == "PUT":
            lines += f"Content-Length: {size_bytes}\r\n"
        data = f"{method} {root}{path} HTTP/1.1\r\n{self._common}{lines}\r\n".encode()
        if size_bytes <= JOINED_BYTES:
            data = b"".join([data, *pieces])
            pieces = []
        label = f"{self.name}: {method} {root}{path}"
        return Request(label, data, expect, length_bytes, pieces, closes_unit, keep_body)

    def url(self, path: str) -> str:
        """Return the absolute address of a path, as a Destination header wants it."""
        return f"http://127.0.0.1:{self.address[1]}{ROOT}{path}"

    def ask(self, request: Request) -> Answer:
        """Send one request, untimed."""
        return load.ask(self.address, request)

    def make_folder(self, path: str) -> None:
        """Make a collection."""
        self.ask(self.request("MKCOL", f"{path}/", expect=(201,)))


class StockWsgiDav(Peer):
    """WsgiDAV as it is installed: file provider, cheroot, locks in memory."""

    name = "stock"

    def version(self) -> str:
        versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("wsgidav", "cheroot"))
        return f"{versions}, file provider"

    def prepare(self, seed_folder: Path) -> None:
        _link_tree(seed_folder, self.folder / "documents" / SEEDS)
        settings = {
            "host": self.address[0],
            "port": self.address[1],
            "provider_mapping": {ROOT.rstrip("/"): str(self.folder / "documents")},
            "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "verbose": 1,
        }
        (self.folder / "wsgidav.json").write_text(json.dumps(settings))

    def command(self) -> list[str]:
        return [sys.executable, "-m", "wsgidav.server.server_cli", "--config", str(self.folder / "wsgidav.json")]


class Httpd(Peer):
    """Apache with mod_dav_fs, event MPM."""

    name = "httpd"
    packages = {str(MODULES / "mod_dav_fs.so"): "apache2-bin"}
    # The threads of one process are not kept apart in its lock database: of eight clients that lock documents of their
    # own, some find their lock gone (412, 400), its ghost in the way (423)
    # and its database broken (500).
    lost_lock: ClassVar[tuple[int, ...]] = (400, 412, 423, 500)
    modules: ClassVar[tuple[str, ...]] = ("mime", "alias", "dav", "dav_fs")

    def version(self) -> str:
        answer = subprocess.run([_apache(), "-v"], capture_output=True, text=True, check=True)
        return f"{answer.stdout.split()[2]} mod_dav_fs, event MPM"

    def prepare(self, seed_folder: Path) -> None:
        (self.folder / "locks").mkdir()
        self._prepare_store(seed_folder)
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        (self.folder / "passwords").write_text(f"{USER}:{{SHA}}{digest}\n")
        (self.folder / "types").write_text(TYPES)
        (self.folder / "httpd.conf").write_text("\n".join(self._configuration()) + "\n")
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{WEB_USER}:{WEB_USER}", str(self.folder)], check=True)

    def command(self) -> list[str]:
        return [_apache(), "-f", str(self.folder / "httpd.conf"), "-DFOREGROUND"]

    def _configuration(self) -> Iterator[str]:
        yield f"ServerRoot {self.folder}"
        yield "ServerName 127.0.0.1"
        yield f"Listen {self.address[0]}:{self.address[1]}"
        yield "PidFile httpd.pid"
        yield "ErrorLog error.log"
        if os.geteuid() == 0:
            yield f"User {WEB_USER}\nGroup {WEB_USER}"
        for module in (*SIGN_IN_MODULES, *self.modules):
            yield f"LoadModule {module}_module {MODULES / f'mod_{module}.so'}"
        yield f"TypesConfig {self.folder / 'types'}"
        yield "KeepAlive On\nMaxKeepAliveRequests 0\nKeepAliveTimeout 600"
        yield "EnableSendfile On"
        yield "LimitRequestBody 0"
        yield from self._location()
        yield f"AuthType Basic\nAuthName bench\nAuthUserFile {self.folder / 'passwords'}"
        yield "Require valid-user\n</Location>"

    def _prepare_store(self, seed_folder: Path) -> None:
        _link_tree(seed_folder, self.folder / "documents" / SEEDS)

    def _location(self) -> Iterator[str]:
        yield f"DavLockDB {self.folder / 'locks' / 'db'}"
        yield f"Alias {ROOT.rstrip('/')} {self.folder / 'documents'}"
        yield f"<Location {ROOT.rstrip('/')}>\nDav On"


class Subversion(Httpd):
    """Apache with mod_dav_svn and autoversioning: the peer that keeps versions and syncs each save."""

    name = "svn"
    packages = {str(MODULES / "mod_dav_svn.so"): "libapache2-mod-svn", "/usr/bin/svnadmin": "subversion"}
    lost_lock = ()
    modules = ("mime", "dav", "dav_svn")

    def version(self) -> str:
        answer = subprocess.run(["svnadmin", "--version", "--quiet"], capture_output=True, text=True, check=True)
        return f"mod_dav_svn {answer.stdout.strip()} with autoversioning"

    def _prepare_store(self, seed_folder: Path) -> None:
        repository = self.folder / "repository"
        subprocess.run(["svnadmin", "create", str(repository)], check=True)
        target = f"{repository.as_uri()}/{SEEDS}"
        subprocess.run(["svn", "import", "--quiet", "--no-ignore", "-m", "seeds", str(seed_folder), target], check=True)

    def _location(self) -> Iterator[str]:
        yield f"<Location {ROOT.rstrip('/')}>\nDAV svn\nSVNPath {self.folder / 'repository'}\nSVNAutoversioning On"


class Davgate(Peer):
    """davgate with its embedded default: SQLite and blobs in one folder."""

    name = "davgate"
    # No line for each request, as for the others.
    environment: ClassVar[Mapping[str, str]] = {"DAVGATE_LOG_LEVEL": "WARNING"}

    def __init__(self, folder: Path, workers: int | None = None) -> None:
        super().__init__(folder)
        self.data = folder / "data"
        self._workers = workers

    def version(self) -> str:
        workers = f", --workers {self._workers}" if self._workers else ""
        return f"davgate {__version__}, SQLite{workers}"

    def prepare(self, seed_folder: Path) -> None:
        self._run("init")
        self._run("user", "add", USER, "--password-stdin", typed=PASSWORD + "\n")

    def command(self) -> list[str]:
        listen = f"{self.address[0]}:{self.address[1]}"
        workers = ["--workers", str(self._workers)] if self._workers else []
        return [sys.executable, "-m", "davgate", "serve", "--data", str(self.data), "--listen", listen, *workers]

    def fill(self, seed_folder: Path) -> None:
        self.make_folder(SEEDS)
        paths = sorted(path for path in seed_folder.rglob("*") if path.is_file())
        for folder in sorted({path.parent for path in paths} - {seed_folder}):
            self.make_folder(f"{SEEDS}/{folder.relative_to(seed_folder)}")

        def uploads(mine: Sequence[Path]) -> Script:
            for path in mine:
                name = f"{SEEDS}/{path.relative_to(seed_folder)}"
                yield self.request("PUT", name, body=[memoryview(path.read_bytes())], expect=(201,))

        load.drive(
            self.address,
            [uploads(paths[start::SEED_CONNECTIONS]) for start in range(min(SEED_CONNECTIONS, len(paths)))],
        )

    def _run(self, *arguments: str, typed: str = "") -> None:
        command = [sys.executable, "-m", "davgate", *arguments, "--data", str(self.data)]
        done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerError(f"davgate {' '.join(arguments)} failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")


PEERS: Mapping[str, type[Peer]] = {kind.name: kind for kind in (Davgate, StockWsgiDav, Httpd, Subversion)}


def install(kind: type[Peer]) -> None:
    """Install the Debian packages the server needs, where they are not there.

    Raises:
        PeerError: packages are missing and cannot be installed by this user or on this system.
    """
    missing = sorted(package for file, package in kind.packages.items() if not Path(file).exists())
    if not missing:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise PeerError(
            f"{kind.name} needs the Debian packages {', '.join(missing)}: install them, or leave it out with --servers"
        )
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", *step], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(f"apt-get could not install {', '.join(missing)}:\n{done.stderr[-1000:]}")


def _link_tree(source: Path, target: Path) -> None:
    """Give a server that keeps plain files the seeds, which no row changes, without writing them once more."""
    shutil.copytree(source, target, copy_function=os.link)


def _apache() -> str:
    return shutil.which("apache2") or "/usr/sbin/apache2"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
