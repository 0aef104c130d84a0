"""The programs that people use a drive with: which requests they send, with which headers and bodies.

Each is one person's program on one connection. Headers come in the order in which the program sends them.
"""

from __future__ import annotations

import base64
from typing import ClassVar, Final

from tests.builders import PASSWORD
from tests.server.client import Client, Response, chunked

HOST: Final = "test"
"""The host by which all programs call the server."""


class Program:
    """A program in the hands of one person."""

    fields: ClassVar[tuple[str, ...]] = ()
    domain: ClassVar[str] = ""

    def __init__(self, connection: Client, user: str) -> None:
        self.connection = connection
        credentials = base64.b64encode(f"{self.domain}{user}:{PASSWORD}".encode()).decode()
        self._sign_in = f"Authorization: Basic {credentials}"
        self.user = user

    def begin(self, method: str, target: str, *fields: str, body: bytes = b"") -> None:
        """Send a request and do not wait for the answer."""
        self.connection.request(method, target, *self.fields, self._sign_in, *fields, body=body)

    def send(self, method: str, target: str, *fields: str, body: bytes = b"") -> Response:
        """Send a request and return its answer."""
        self.begin(method, target, *fields, body=body)
        return self.connection.response(method)

    def send_body(self, method: str, target: str, *fields: str, body: bytes) -> Response:
        """Send a request whose body has its length announced."""
        return self.send(method, target, *fields, f"Content-Length: {len(body)}", body=body)

    def head(self, target: str, *fields: str) -> Response:
        return self.send("HEAD", target, *fields)

    def get(self, target: str, *fields: str) -> Response:
        return self.send("GET", target, *fields)


def token_of(response: Response) -> str:
    """Return the lock token in the header, which is the one in the body as well."""
    token = response.headers["lock-token"].strip("<>")
    assert f"<D:locktoken><D:href>{token}</D:href></D:locktoken>".encode() in response.body
    return token


def holding(token: str | None) -> tuple[str, ...]:
    """Return the If header that most programs send: an untagged list with one token."""
    return () if token is None else (f"If: (<{token}>)",)


class Explorer(Program):
    """The redirector of Windows, below Explorer and every program that opens a mapped drive."""

    fields = ("Connection: Keep-Alive", "User-Agent: Microsoft-WebDAV-MiniRedir/10.0.19045", "translate: f")
    domain = "EXAMPLE\\"

    def options(self, target: str) -> Response:
        return self.send("OPTIONS", target)

    def propfind(self, target: str, depth: int = 0) -> Response:
        return self.send("PROPFIND", target, f"Depth: {depth}", "Content-Length: 0")

    def put(self, target: str, content: bytes = b"", token: str | None = None) -> Response:
        return self.send_body("PUT", target, *holding(token), body=content)

    def lock(self, target: str) -> Response:
        body = (
            '<?xml version="1.0" encoding="utf-8" ?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
            f"<D:locktype><D:write/></D:locktype><D:owner><D:href>EXAMPLE\\{self.user}</D:href></D:owner></D:lockinfo>"
        )
        return self.send_body(
            "LOCK",
            target,
            "Pragma: no-cache",
            'Content-Type: text/xml; charset="utf-8"',
            "Timeout: Second-3600",
            body=body.encode(),
        )

    def refresh(self, target: str, token: str) -> Response:
        return self.send("LOCK", target, "Timeout: Second-3600", *holding(token), "Content-Length: 0")

    def unlock(self, target: str, token: str) -> Response:
        return self.send("UNLOCK", target, f"Lock-Token: <{token}>", "Content-Length: 0")

    def set_times(self, target: str, token: str) -> Response:
        """Set the four properties in which Windows keeps times and attributes."""
        times = ("Win32CreationTime", "Win32LastAccessTime", "Win32LastModifiedTime")
        inside = "".join(f"<Z:{name}>Fri, 20 Nov 2026 11:02:03 GMT</Z:{name}>" for name in times)
        body = (
            '<?xml version="1.0" encoding="utf-8" ?>'
            '<D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:"><D:set><D:prop>'
            f"{inside}<Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>"
        )
        return self.send_body("PROPPATCH", target, *holding(token), 'Content-Type: text/xml; charset="utf-8"', body=body.encode())

    def rename(self, target: str, destination: str, token: str | None = None) -> Response:
        return self.send(
            "MOVE", target, f"Destination: http://{HOST}{destination}", "Overwrite: F", *holding(token), "Content-Length: 0"
        )

    def delete(self, target: str, token: str | None = None) -> Response:
        return self.send("DELETE", target, *holding(token), "Content-Length: 0")


class Office(Program):
    """Word, Excel and PowerPoint with their own stack, for a document opened by its address."""

    fields = ("User-Agent: Microsoft Office Word 2014", "X-Office-Major-Version: 16", "X-FeatureVersion: 1")

    def discover(self, folder: str) -> Response:
        return self.send("OPTIONS", folder, "X-MS-CookieUri-Requested: t", "Content-Length: 0")

    def lock(self, target: str, owner: str) -> Response:
        body = (
            '<?xml version="1.0" encoding="utf-8"?><D:lockinfo xmlns:D="DAV:"><D:locktype><D:write/></D:locktype>'
            f"<D:lockscope><D:exclusive/></D:lockscope><D:owner>{owner}</D:owner></D:lockinfo>"
        )
        return self.send_body("LOCK", target, "Depth: 0", "Timeout: Second-3600", "Content-Type: text/xml", body=body.encode())

    def refresh(self, target: str, token: str) -> Response:
        return self.send("LOCK", target, "Timeout: Second-3600", *holding(token), "Content-Length: 0")

    def save(self, target: str, content: bytes, token: str) -> Response:
        return self.send_body("PUT", target, *holding(token), body=content)

    def look(self, target: str) -> Response:
        body = (
            '<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:" '
            'xmlns:Office="urn:schemas-microsoft-com:office:office"><D:prop><D:creationdate/><D:getlastmodified/>'
            "<D:getcontentlength/><Office:modifiedby/></D:prop></D:propfind>"
        )
        return self.send_body("PROPFIND", target, "Depth: 0", "Content-Type: text/xml", body=body.encode())

    def who_locks(self, target: str) -> Response:
        body = '<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/></D:prop></D:propfind>'
        return self.send_body("PROPFIND", target, "Depth: 0", "Content-Type: text/xml", body=body.encode())

    def unlock(self, target: str, token: str) -> Response:
        return self.send("UNLOCK", target, f"Lock-Token: <{token}>", "Content-Length: 0")


class Finder(Program):
    """macOS: the file system below Finder and every Mac program."""

    fields = ("User-Agent: WebDAVFS/3.0.0 (03008000) Darwin/23.1.0 (arm64)", "Accept: */*", "Connection: keep-alive")

    def propfind(self, target: str, *names: str, depth: int = 0) -> Response:
        inside = "".join(f"<D:{name}/>" for name in names)
        body = (
            f'<?xml version="1.0" encoding="utf-8"?>\n<D:propfind xmlns:D="DAV:">\n<D:prop>\n{inside}</D:prop>\n</D:propfind>\n'
        )
        return self.send_body("PROPFIND", target, "Content-Type: text/xml", f"Depth: {depth}", body=body.encode())

    def create(self, target: str) -> Response:
        return self.send("PUT", target, "Content-Length: 0")

    def lock(self, target: str) -> Response:
        body = (
            '<?xml version="1.0" encoding="utf-8"?>\n<D:lockinfo xmlns:D="DAV:">\n<D:lockscope><D:exclusive/></D:lockscope>\n'
            "<D:locktype><D:write/></D:locktype>\n"
            "<D:owner>\n<D:href>http://www.apple.com/webdav_fs/</D:href>\n</D:owner>\n</D:lockinfo>\n"
        )
        return self.send_body("LOCK", target, "Content-Type: text/xml", "Depth: 0", "Timeout: Second-600", body=body.encode())

    def refresh(self, target: str, token: str) -> Response:
        return self.send("LOCK", target, "Timeout: Second-600", *holding(token), "Content-Length: 0")

    def upload_fields(self, length: int, token: str) -> tuple[str, ...]:
        return "Transfer-Encoding: chunked", f"X-Expected-Entity-Length: {length}", *holding(token)

    def upload(self, target: str, content: bytes, token: str, *, expected: int | None = None) -> Response:
        length = len(content) if expected is None else expected
        pieces = [content[at : at + 32_768] for at in range(0, len(content), 32_768)]
        return self.send("PUT", target, *self.upload_fields(length, token), body=chunked(*pieces))

    def unlock(self, target: str, token: str) -> Response:
        return self.send("UNLOCK", target, f"Lock-Token: <{token}>", "Content-Length: 0")


class LibreOffice(Program):
    """LibreOffice with a document from a remote place."""

    fields = ("User-Agent: LibreOffice 7.4.7.2 denylistedbackend/7.88.1 OpenSSL/3.0.9", "Accept: */*")

    def supported_locks(self, target: str) -> Response:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><propfind xmlns="DAV:"><prop><supportedlock xmlns="DAV:"/></prop></propfind>'
        )
        return self.send_body("PROPFIND", target, "Depth: 0", "Content-Type: application/xml", body=body.encode())

    def lock(self, target: str) -> Response:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope>'
            f"<locktype><write/></locktype><owner>{self.user} (LibreOffice)</owner></lockinfo>"
        )
        return self.send_body(
            "LOCK", target, "Depth: 0", "Timeout: Second-180", "Content-Type: application/xml", body=body.encode()
        )

    def refresh(self, target: str, token: str) -> Response:
        return self.send("LOCK", target, "Timeout: Second-180", *holding(token), "Content-Length: 0")

    def save(self, target: str, content: bytes, token: str) -> Response:
        return self.send_body("PUT", target, *holding(token), "Content-Type: application/octet-stream", body=content)

    def unlock(self, target: str, token: str) -> Response:
        return self.send("UNLOCK", target, f"Lock-Token: <{token}>", "Content-Length: 0")


class Gedit(Program):
    """gedit and every GNOME program, through gvfs."""

    fields = ("User-Agent: gvfs/1.50.3", "Accept-Language: en-gb, en;q=0.9", "Connection: Keep-Alive")

    def stat(self, target: str) -> Response:
        names = "creationdate displayname getcontentlength getcontenttype getetag getlastmodified resourcetype".split()
        inside = "".join(f"\n<D:{name}/>" for name in names)
        prop = f"  <D:prop>{inside}\n  </D:prop>"
        body = f'<?xml version="1.0" encoding="utf-8" ?>\n <D:propfind xmlns:D="DAV:">\n{prop}\n </D:propfind>'
        return self.send_body("PROPFIND", target, "Depth: 0", "Content-Type: application/xml", body=body.encode())

    def replace(self, target: str, content: bytes, etag: str) -> Response:
        return self.send_body("PUT", target, f"If-Match: {etag}", body=content)


class Davfs2(Program):
    """davfs2: a mount by the Linux kernel, on the library neon."""

    fields = ("User-Agent: davfs2/1.6.1 neon/0.32.2", "Connection: TE", "TE: trailers")

    def lock(self, target: str, *fields: str) -> Response:
        body = (
            '<?xml version="1.0" encoding="utf-8"?>\n<lockinfo xmlns=\'DAV:\'>\n <lockscope><exclusive/></lockscope>\n'
            f"<locktype><write/></locktype><owner>{self.user}</owner>\n</lockinfo>\n"
        )
        return self.send_body(
            "LOCK",
            target,
            "Depth: 0",
            "Timeout: Second-1800",
            "Content-Type: application/xml",
            *fields,
            body=body.encode(),
        )

    def save(self, target: str, content: bytes, token: str, *fields: str) -> Response:
        return self.send_body("PUT", target, f"If: <http://{HOST}{target}> (<{token}>)", *fields, body=content)

    def unlock(self, target: str, token: str) -> Response:
        return self.send("UNLOCK", target, f"Lock-Token: <{token}>")


class Curl(Program):
    """A script of one's own: nothing but what it is told."""

    fields = ("User-Agent: curl/7.88.1", "Accept: */*")

    def put(self, target: str, content: bytes, *fields: str) -> Response:
        return self.send_body("PUT", target, *fields, body=content)

    def lock(self, target: str, *fields: str) -> Response:
        body = (
            '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>'
            f"<D:owner>{self.user}</D:owner></D:lockinfo>"
        )
        return self.send_body("LOCK", target, *fields, body=body.encode())
