"""Forms (RFC 7578), read part by part as they arrive: nothing is held but a block and the small fields that are asked for.

falcon's reader finds the boundaries. Its parser of forms takes a part that ends right behind its headers, as Werkzeug sends an
empty one, for the start of the next; the few lines of the grammar stand here instead (RFC 2046, 5.1.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol, TypeVar

import falcon
from falcon.errors import DelimiterError
from falcon.util import BufferedReader

from davgate.core.receiving import Body
from davgate.http.content_disposition import field_name_of, file_name_of
from davgate.model.errors import BodyIncomplete, Malformed, TooLarge, UnsupportedBody
from davgate.rest import json_bodies

T = TypeVar("T")

_LONGEST_BOUNDARY: Final = 70
_HEADER_BYTES: Final = 8192
_BLOCK_BYTES: Final = 256 * 1024

_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*+([^\x00-\x08\x0a-\x1f\x7f]*)")
_UNCHANGED: Final = ("7bit", "8bit", "binary")


class _Reader(Protocol):
    """What is used of falcon's reader, which has no types."""

    def read(self, size: int, /) -> bytes: ...
    def peek(self, size: int, /) -> bytes: ...
    def delimit(self, delimiter: bytes, /) -> _Reader: ...
    def read_until(self, delimiter: bytes, size: int, consume_delimiter: bool, /) -> bytes: ...
    def pipe_until(self, delimiter: bytes, destination: None, consume_delimiter: bool, /) -> None: ...


class Part:
    """A part of a form on its way in; a body for ``core``. It can be read until the next one is asked for.

    ``media_type`` is what the client said, or None.
    """

    def __init__(self, headers: dict[str, str], form: _Reader, delimiter: bytes, field_bytes: int) -> None:
        disposition = headers.get("content-disposition")
        name = field_name_of(disposition)
        if name is None:
            raise Malformed('A part of the form has no name. Send Content-Disposition: form-data; name="...".')
        self.name = name
        self.file_name = file_name_of(disposition)
        self.media_type = headers.get("content-type")
        self._form = form
        self._delimiter = delimiter
        self._field_bytes = field_bytes
        # The line break that ends the headers may be the delimiter's own: then there is no content at all.
        self.has_no_content = form.peek(len(delimiter) - 2) == delimiter[2:]
        self._content = form.delimit(delimiter)

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end of the part.

        Raises:
            BodyIncomplete: the form ended within the part.
        """
        if self.has_no_content:
            return b""
        block = self._content.read(size)
        # The reader takes the end of the form for that of the part, too.
        if not block and size and self._form.peek(len(self._delimiter)) != self._delimiter:
            raise BodyIncomplete("The form ends within a part. Nothing was stored; send it again.")
        return block

    def small(self) -> bytes:
        """Return the whole part, of a kind that is small.

        Raises:
            TooLarge: it is above the limit of a body in JSON.
            BodyIncomplete: see ``read``.
        """
        blocks, length = [], 0
        while block := self.read(_BLOCK_BYTES):
            blocks.append(block)
            length += len(block)
            if length > self._field_bytes:
                raise TooLarge(f"A field of a form has at most {self._field_bytes} bytes. Send less in it.")
        return b"".join(blocks)

    def json(self, kind: type[T]) -> T:
        """Return the part as a type of msgspec; see ``json_bodies.decode`` and ``small`` for what is raised."""
        return json_bodies.decode(self.small(), kind)


def parts(content_type: str | None, body: Body, *, body_bytes: int, field_bytes: int, most: int) -> Iterator[Part]:
    """Yield the parts of a form in their order; one that was not read is passed over.

    Only when the iteration has come to its end is the form known to be whole.

    Raises:
        UnsupportedBody: it is no form.
        Malformed: the form cannot be read, or a part has no name.
        TooLarge: it has more than ``most`` parts.
        BodyIncomplete: see ``http.requests.Body.read``; or the form ends within a part.
    """
    dashes = b"--" + _boundary(content_type)
    delimiter = b"\r\n" + dashes
    # One byte more than may come: the body itself tells of what is too large, and of what is cut.
    form: _Reader = BufferedReader(body.read, body_bytes + 1)
    try:
        _pass_over(form, dashes if form.peek(len(dashes)) == dashes else delimiter)
        count = 0
        while form.peek(2) != b"--":
            count += 1
            if count > most:
                raise TooLarge(f"A form has at most {most} parts. Send fewer.")
            part = Part(_headers(form), form, delimiter, field_bytes)
            yield part
            _pass_over(form, dashes if part.has_no_content else delimiter)
    except DelimiterError:
        raise Malformed("The form cannot be read: a boundary, or the end of headers, is missing. Send it as a whole.") from None
    while form.read(_BLOCK_BYTES):
        # What follows the form means nothing, but a body that is cut in it was not sent to its end.
        pass


def _pass_over(form: _Reader, delimiter: bytes) -> None:
    form.pipe_until(delimiter, None, True)


def _headers(form: _Reader) -> dict[str, str]:
    """Return the headers of a part, by their names in lower case, as WSGI would hand them over."""
    form.read_until(b"\r\n", 0, True)
    block = form.read_until(b"\r\n\r\n", _HEADER_BYTES, True)
    headers: dict[str, str] = {}
    for line in block.decode("latin-1").split("\r\n"):
        found = _HEADER.fullmatch(line)
        if found is None or found[1].lower() in headers:
            raise Malformed("A part of the form has a header that cannot be read, or one twice. Send each once, in one line.")
        headers[found[1].lower()] = found[2].rstrip(" \t")
    if headers.get("content-transfer-encoding", "binary").lower() not in _UNCHANGED:
        raise Malformed("A part of the form is encoded for mail. Send its bytes as they are (RFC 7578, 4.7).")
    return headers


def _boundary(content_type: str | None) -> bytes:
    media_type, options = falcon.parse_header(content_type or "")
    if media_type.lower() != "multipart/form-data":
        raise UnsupportedBody("The body has to be a form. Send it as multipart/form-data.")
    boundary = options.get("boundary", "").rstrip()
    if not 1 <= len(boundary) <= _LONGEST_BOUNDARY or not boundary.isascii():
        raise Malformed(f"The form needs a boundary of 1 to {_LONGEST_BOUNDARY} characters. Send one with its media type.")
    return boundary.encode()
