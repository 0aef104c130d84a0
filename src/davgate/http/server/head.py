"""The head of a request (RFC 9112, 2 to 6): parsed strictly into a WSGI environment, or refused with a status.

The request line is parsed here, the header fields by llhttp in its strict mode. llhttp never sees the real request
line: its list of methods is fixed and lacks CHECKIN, UNCHECKOUT, VERSION-CONTROL, LABEL, UPDATE, MKWORKSPACE,
BASELINE-CONTROL and ORDERPATCH, it turns CONNECT and Upgrade into another protocol, and it takes HTTP/0.9. It is given
``POST /`` instead, so the framing rules of a request with a body hold for every method alike (RFC 9112, 6).

What llhttp lets pass and is refused here: Transfer-Encoding in HTTP/1.0, codings before ``chunked``, a missing or
repeated Host, a length beyond any file, too many fields.
"""

import re
from http import HTTPStatus
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIEnvironment

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from davgate.http.server.limits import ServerLimits

CHUNKED = -1
"""Stands for the length of a body whose end is marked by chunks."""

_REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~\x80-\xff]+) HTTP/1\.([01])\r\n")
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_CODING = rf'(?!chunked[ \t,;]){_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|"[^"\\]*"))*'
_OTHERS_THEN_CHUNKED = re.compile(rf"(?:{_CODING}[ \t]*,[ \t]*)+chunked", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9\-._~%!$&'()*+;=:\[\]]*")
_ABSOLUTE_FORM = re.compile(rf"(?i:https?)://(?=[^/?])({_HOST.pattern})(?=[/?]|$)")
_LENGTH_DIGITS = 18

_environ_keys: dict[bytes, str] = {b"Content-Type": "CONTENT_TYPE", b"Content-Length": "CONTENT_LENGTH"}
_REMEMBERED_NAMES = 1000


class Refused(Exception):
    """The request cannot be served; the client gets the status and the reason, and the connection ends."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class RequestHead:
    """One parsed head. ``length`` is that of the body, or ``CHUNKED``; ``environ`` holds what the head says."""

    __slots__ = ("environ", "expects_continue", "keep_alive", "length", "method", "minor_version", "target")

    def __init__(self, data: bytes, environ: WSGIEnvironment, limits: ServerLimits) -> None:
        """Parse ``data``, which ends with the empty line, and add to ``environ`` what it says.

        Raises:
            Refused: the head breaks a rule; the status says which kind.
        """
        if data.startswith(b"\r\n"):
            # Some clients end a body with a line break that they did not count (RFC 9112, 2.2).
            data = data[2:]
        line = _match_request_line(data, limits)
        if len(data) > limits.header_block_bytes:
            raise _too_large("The header block is too long.")
        self.environ = environ
        self.method = line[1].decode("ascii")
        self.minor_version = 1 if line[3] == b"1" else 0
        environ["REQUEST_METHOD"] = self.method
        environ["SERVER_PROTOCOL"] = "HTTP/1.1" if self.minor_version else "HTTP/1.0"
        _parse_fields(data, line.end(), environ, limits)
        self._check_host()
        self._read_target(line[2].decode("latin-1"))
        self.length = self._body_length()
        self.keep_alive = self._wants_keep_alive()
        self.expects_continue = "HTTP_EXPECT" in environ and self._read_expectation()

    def _read_target(self, target: str) -> None:
        """Source: RFC 9112, 3.2. The authority-form belongs to proxies, the asterisk-form to OPTIONS."""
        environ = self.environ
        if target[0] != "/" and not (target == "*" and self.method == "OPTIONS"):
            absolute = _ABSOLUTE_FORM.match(target)
            if absolute is None:
                raise _malformed("The request target is neither a path nor an absolute http URI.")
            # The authority of the target takes the place of the Host field (RFC 9112, 3.2.2).
            environ["HTTP_HOST"] = absolute[1]
            target = target[absolute.end() :]
            if not target.startswith("/"):
                target = "/" + target
        if "#" in target:
            # A client that forgot to escape means another resource than the one before the mark.
            raise _malformed("The request target has a fragment; '#' in a name is written %23.")
        environ["REQUEST_URI"] = self.target = target
        path, _, environ["QUERY_STRING"] = target.partition("?")
        environ["PATH_INFO"] = unquote_to_bytes(path.encode("latin-1")).decode("latin-1") if "%" in path else path

    def _check_host(self) -> None:
        """Source: RFC 9112, 3.2. A repeated Host has been joined with a comma, which no host contains."""
        host = self.environ.get("HTTP_HOST")
        if host is None:
            if self.minor_version:
                raise _malformed("The Host field is missing.")
        elif not _HOST.fullmatch(host):
            raise _malformed("The Host field is repeated or is not a host.")

    def _body_length(self) -> int:
        """Source: RFC 9112, 6. llhttp has refused both fields together, repetitions, what is not digits, and chunked not last."""
        environ = self.environ
        coding = environ.get("HTTP_TRANSFER_ENCODING")
        if coding is not None:
            if not self.minor_version:
                raise _malformed("HTTP/1.0 has no Transfer-Encoding.")
            if coding.lower() != "chunked":
                # Where the body ends is known, but not what it means (RFC 9112, 6.1).
                is_framed = _OTHERS_THEN_CHUNKED.fullmatch(coding) is not None
                status = HTTPStatus.NOT_IMPLEMENTED if is_framed else HTTPStatus.BAD_REQUEST
                raise Refused(status, "The only Transfer-Encoding taken is chunked.")
            return CHUNKED
        length = environ.get("CONTENT_LENGTH")
        if length is None:
            return 0
        if not length.isdecimal() or len(length) > _LENGTH_DIGITS:
            raise _malformed("The Content-Length is not a length.")
        return int(length)

    def _wants_keep_alive(self) -> bool:
        """Source: RFC 9112, 9.3."""
        connection = self.environ.get("HTTP_CONNECTION")
        if connection is None:
            return bool(self.minor_version)
        options = [option.strip() for option in connection.lower().split(",")]
        return "close" not in options and (bool(self.minor_version) or "keep-alive" in options)

    def _read_expectation(self) -> bool:
        """Source: RFC 9110, 10.1.1."""
        if not self.minor_version:
            return False
        if self.environ["HTTP_EXPECT"].lower() != "100-continue":
            raise Refused(HTTPStatus.EXPECTATION_FAILED, "The only expectation that can be met is 100-continue.")
        return self.length != 0


def check_incomplete(data: bytes, limits: ServerLimits) -> None:
    """Refuse a head, the end of which has not arrived, as soon as it cannot become a good one.

    Without this a client that ends its lines with a bare LF would wait for its answer until the head times out.

    Raises:
        Refused: the head breaks a rule; the status says which kind.
    """
    data = data.removeprefix(b"\r\n")
    if len(data) > limits.request_line_bytes or b"\n" in data:
        _match_request_line(data, limits)
    if len(data) > limits.header_block_bytes:
        raise _too_large("The header block is too long.")
    line_ends = data.count(b"\r\n")
    if data.count(b"\n") != line_ends or data.count(b"\r", 0, -1) > line_ends:
        raise _malformed("A line ends in a bare CR or LF.")


def _match_request_line(data: bytes, limits: ServerLimits) -> re.Match[bytes]:
    line = _REQUEST_LINE.match(data)
    if line is not None and line.end() <= limits.request_line_bytes:
        return line
    if len(data.partition(b"\n")[0]) >= limits.request_line_bytes:
        raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "The request line is too long.")
    raise _malformed("The request line is not that of HTTP/1.0 or HTTP/1.1.")


def _malformed(reason: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, reason)


def _too_large(reason: str) -> Refused:
    return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason)


class _Fields:
    """Receives header fields from llhttp and puts them into a WSGI environment."""

    __slots__ = ("environ", "left")

    def __init__(self, environ: WSGIEnvironment, limit: int) -> None:
        self.environ = environ
        self.left = limit

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.left:
            raise _too_large("There are too many header fields.")
        self.left -= 1
        key = _environ_keys.get(name)
        if key is None:
            key = _environ_key(name)
        text = value.decode("latin-1").rstrip(" \t")
        environ = self.environ
        if key in environ:
            # RFC 9110, 5.3. Cookies are joined by a semicolon (RFC 6265, 5.4).
            joint = "; " if key == "HTTP_COOKIE" else ", "
            environ[key] = f"{environ[key]}{joint}{text}"
        elif key:
            environ[key] = text


def _environ_key(name: bytes) -> str:
    """Return the key of a field in the environment; empty for one that must not get there."""
    text = name.decode("ascii").upper()
    if text in ("CONTENT-TYPE", "CONTENT-LENGTH"):
        key = text.replace("-", "_")
    elif "_" in text or text == "PROXY":
        # X_Y and X-Y would share a key, so a client could pose as the proxy in front. A Proxy field would become
        # HTTP_PROXY, which libraries take for a setting.
        key = ""
    else:
        key = "HTTP_" + text.replace("-", "_")
    if len(_environ_keys) < _REMEMBERED_NAMES:
        _environ_keys[name] = key
    return key


def _parse_fields(data: bytes, start: int, environ: WSGIEnvironment, limits: ServerLimits) -> None:
    fields = _Fields(environ, limits.header_fields)
    version = b"1" if environ["SERVER_PROTOCOL"] == "HTTP/1.1" else b"0"
    try:
        HttpRequestParser(fields).feed_data(b"POST / HTTP/1.%b\r\n%b" % (version, data[start:]))
    except HttpParserUpgrade:
        # A field offers another protocol. Nobody has to take that up (RFC 9110, 7.8), and the body is read by
        # bodies.py, so it does not matter that llhttp takes it for the other protocol.
        pass
    except HttpParserError as error:
        raise error.__context__ if isinstance(error.__context__, Refused) else _malformed(f"{error}.") from error
