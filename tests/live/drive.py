"""The drive under test: a davgate process of our own or the address of another server, looked at by plain HTTP."""

from __future__ import annotations

import base64
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from tests.canary import guard, hear

from .programs import Outcome, kill_group, run

EXTERNAL_URL: Final = os.environ.get("DAVGATE_LIVE_URL")
"""The server to look at instead of a davgate of our own."""

SOURCE: Final = Path(__file__).parents[2] / "src"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 45
REQUEST_SECONDS: Final = 60

DAV: Final = "{DAV:}"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class ActiveLock:
    """One entry of ``DAV:lockdiscovery`` (RFC 4918, 15.8)."""

    token: str
    owner: str
    scope: str
    depth: str
    seconds_left: int


def connect(host: str, port: int, authority: Path | None, seconds: float) -> http.client.HTTPConnection:
    """Return a connection that is opened by its first request; under TLS if there is an authority to vouch for the server."""
    if authority is None:
        return http.client.HTTPConnection(host, port, timeout=seconds)
    return http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context(cafile=authority))


@dataclass(frozen=True)
class Drive:
    """A WebDAV tree and the person who uses it; ``url`` ends with a slash. Under TLS it believes one ``authority`` alone."""

    url: str
    user: str
    password: str
    data: Path | None = None
    authority: Path | None = None

    def address(self, path: str = "") -> str:
        """Return the URL of a member given by its decoded path."""
        return self.url + quote(path)

    def request(self, method: str, path: str = "", body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request for the member at a decoded path and return the answer."""
        parts = urlsplit(self.address(path))
        assert parts.hostname is not None
        signed = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        connection = connect(parts.hostname, parts.port or 80, self.authority, REQUEST_SECONDS)
        try:
            connection.request(method, parts.path, body, {"Authorization": f"Basic {signed}", **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def make_collection(self, path: str) -> None:
        """Make one collection."""
        answer = self.request("MKCOL", f"{path}/")
        assert answer.status == 201, answer

    def put(self, path: str, content: bytes) -> None:
        """Store content under a name."""
        answer = self.request("PUT", path, content)
        assert answer.status in (200, 201, 204), answer

    def get(self, path: str) -> bytes:
        """Return the content of a member."""
        answer = self.request("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.body

    def exists(self, path: str) -> bool:
        """Tell whether something has this name."""
        status = self.request("HEAD", path).status
        assert status in (200, 404), status
        return status == 200

    def members(self, path: str) -> list[str]:
        """Return the names in a collection, sorted, without a slash behind those of collections."""
        found = self._propfind(f"{path}/", "resourcetype", depth="1").iter(f"{DAV}href")
        own = unquote(urlsplit(self.address(path)).path)
        paths = [unquote(urlsplit(href.text or "").path).rstrip("/") for href in found]
        return sorted(one.rsplit("/", 1)[1] for one in paths if one != own)

    def active_locks(self, path: str) -> list[ActiveLock]:
        """Return the locks that another program would see on a member."""
        answer = self._propfind(path, "lockdiscovery", depth="0")
        return [self._active_lock(element) for element in answer.iter(f"{DAV}activelock")]

    def versions(self, path: str) -> dict[str, bytes]:
        """Return the files in the version folder of a document, oldest first, with their content."""
        folder, _, name = path.rpartition("/")
        shelf = f"{folder}/.versions/{name}" if folder else f".versions/{name}"
        return {one: self.get(f"{shelf}/{one}") for one in self.members(shelf)}

    def _propfind(self, path: str, property_name: str, depth: str) -> ET.Element:
        question = f'<propfind xmlns="DAV:"><prop><{property_name}/></prop></propfind>'.encode()
        answer = self.request("PROPFIND", path, question, {"Depth": depth, "Content-Type": "application/xml"})
        assert answer.status == 207, (path, answer)
        return ET.fromstring(answer.body)

    @staticmethod
    def _active_lock(element: ET.Element) -> ActiveLock:
        scope = element.find(f"{DAV}lockscope")
        owner = element.find(f"{DAV}owner")
        timeout = element.findtext(f"{DAV}timeout", "")
        return ActiveLock(
            token=element.findtext(f"{DAV}locktoken/{DAV}href", "").strip(),
            owner="" if owner is None else "".join(owner.itertext()).strip(),
            scope="" if scope is None else scope[0].tag.removeprefix(DAV),
            depth=element.findtext(f"{DAV}depth", ""),
            seconds_left=int(timeout.removeprefix("Second-")) if timeout.startswith("Second-") else sys.maxsize,
        )


class Server:
    """A davgate of our own on a data folder and on one port of the loopback address, which it keeps over restarts.

    Where the environment gives it a certificate, ``authority`` is who has issued that.
    """

    def __init__(
        self,
        data: Path,
        user: str,
        password: str,
        environment: Mapping[str, str] | None = None,
        authority: Path | None = None,
    ) -> None:
        self.data = data
        self.log = data.with_suffix(".log")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("DAVGATE_")}
        self._environment |= {"PYTHONPATH": str(SOURCE), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._port = _free_port()
        self.command("init").succeeded()
        self.command("user", "add", user, "--password-stdin", stdin=password + "\n").succeeded()
        scheme = "http" if authority is None else "https"
        self.drive = Drive(f"{scheme}://127.0.0.1:{self._port}/dav/", user, guard(password), data, authority)

    def command(self, *words: str, stdin: str = "") -> Outcome:
        """Run one of davgate's own commands on the data folder."""
        return run(*self._argv(*words), stdin=stdin, environment=self._environment, timeout=120)

    def start(self) -> None:
        """Start serving; on return the server says that it is ready, with all of its workers."""
        starts = self._announcements() + 1
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv("serve", "--listen", f"127.0.0.1:{self._port}"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while self._announcements() < starts or not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"davgate did not become ready:\n{self.said()[-4000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask the server to end and wait until it has done so by itself."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"davgate did not stop within {STOP_SECONDS} s:\n{self.said()[-4000:]}") from None
        assert status == 0, f"davgate ended with {status}:\n{self.said()[-4000:]}"

    def beside(self) -> Server:
        """Return another server on the same data folder with the same settings; it has not started."""
        other = copy(self)
        other.log = self.log.with_suffix(".beside.log")
        other._process = None
        other._port = _free_port()
        other.drive = replace(self.drive, url=self.drive.url.replace(f":{self._port}/", f":{other._port}/"))
        return other

    def restart(self) -> None:
        """Stop and start again at the same address."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End the server whatever it is doing; nothing happens when it has ended already."""
        if self._process is not None and self._process.poll() is None:
            kill_group(self._process)

    def said(self) -> str:
        """Return what the server has logged since its first start."""
        text = self.log.read_text("utf-8", "backslashreplace") if self.log.exists() else ""
        hear("a server", text)
        return text

    def _argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "davgate", *words, "--data", str(self.data)]

    def _announcements(self) -> int:
        """Count how often it has said where it serves: the first worker answers before the others have come."""
        return self.said().count("davgate serves ")

    def _is_ready(self) -> bool:
        connection = connect("127.0.0.1", self._port, self.drive.authority, 5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


Serving: TypeAlias = Callable[..., AbstractContextManager[Server]]
"""Runs a server for the length of a block; keyword arguments are environment variables, but for ``authority``."""
