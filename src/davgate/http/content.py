"""Sending a document's content: whole, in part, or not at all because the client has it (RFC 9110, 13 to 15; RFC 9111)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import BinaryIO, Final

from davgate.core.opening import Opened
from davgate.http.content_disposition import attachment
from davgate.http.dates import http_date
from davgate.http.errors import UnsatisfiableRange
from davgate.http.ranges import UNSATISFIABLE, if_range_holds, select_range, unsatisfied_content_range
from davgate.http.requests import Environ
from davgate.http.responses import NOSNIFF, Headers, Response, empty
from davgate.model.media_types import readable

_BLOCK_BYTES: Final = 256 * 1024

# A browser would run many a type as a page of this very site, with the reader's rights: HTML, SVG, whatever it takes for XML. A
# list of them is never complete, and what is no page loses nothing in a sandbox, but for what a browser shows by a viewer.
_SANDBOX: Final = ("Content-Security-Policy", "sandbox")
_APART: Final = ("Content-Disposition", "attachment")
_SHOWN_BY_A_VIEWER: Final = "application/pdf"

# By the date alone a browser would take a document that is ten days old for fresh for another day (RFC 9111, 4.2.2), whoever has
# saved meanwhile. And what one user sees, a working copy or all of it, is not for the next one behind the same cache.
_ASK_ME: Final = ("Cache-Control", "private, no-cache")


def send(
    environ: Environ,
    opened: Opened,
    *,
    file_name: str | None = None,
    disposition: Callable[[str], str] = attachment,
) -> Response:
    """Return the answer to a GET or HEAD of a document, ``Range`` and ``If-Range`` considered.

    With ``file_name`` it is content to be saved, never shown; ``disposition`` writes the header that says so.

    Raises:
        UnsatisfiableRange: the content ends before all that is asked for.
    """
    validators = [("ETag", opened.etag), ("Last-Modified", http_date(opened.modified_at)), _ASK_ME]
    if not opened.is_modified:
        return empty(HTTPStatus.NOT_MODIFIED, *validators)
    content = opened.content
    media_type = readable(content.media_type)
    headers: Headers = [
        *validators,
        ("Accept-Ranges", "bytes"),
        ("Content-Type", media_type),
        NOSNIFF,
        _APART if media_type.lower().startswith(_SHOWN_BY_A_VIEWER) and file_name is None else _SANDBOX,
    ]
    if file_name is not None:
        headers.append(("Content-Disposition", disposition(file_name)))
    first, length, status = 0, content.length_bytes, HTTPStatus.OK
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    # Ranges are defined for GET alone (RFC 9110, 14.2).
    wants_part = "HTTP_RANGE" in environ and not is_head
    if wants_part and if_range_holds(environ.get("HTTP_IF_RANGE"), opened.etag, opened.modified_at):
        part = select_range(environ["HTTP_RANGE"], length)
        if part is UNSATISFIABLE:
            raise UnsatisfiableRange(("Content-Range", unsatisfied_content_range(length)), *validators)
        if part is not None:
            headers.append(("Content-Range", part.content_range(length)))
            first, length, status = part.first, part.length_bytes, HTTPStatus.PARTIAL_CONTENT
    headers.append(("Content-Length", str(length)))
    if is_head:
        return Response(status, headers)
    return Response(status, headers, _body(environ, opened, first, length))


def _body(environ: Environ, opened: Opened, first: int, length: int) -> Iterable[bytes]:
    if opened.body is not None:
        return (opened.body[first : first + length],)
    file = opened.open()
    if first:
        file.seek(first)
    wrap: Callable[[BinaryIO, int], Iterable[bytes]] | None = environ.get("wsgi.file_wrapper")
    return wrap(file, _BLOCK_BYTES) if wrap is not None else _Blocks(file, length)


class _Blocks:
    """Part of a file in blocks, for a server that offers no file wrapper."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length

    def __iter__(self) -> _Blocks:
        return self

    def __next__(self) -> bytes:
        block = self._file.read(min(_BLOCK_BYTES, self._left))
        if not block:
            raise StopIteration
        self._left -= len(block)
        return block

    def close(self) -> None:
        """Close the file."""
        self._file.close()
