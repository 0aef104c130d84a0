"""Fields of a body that makes or changes an object: what they mean for core, and what is wrong with them."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any

from davgate.core.objects import File
from davgate.core.receiving import receive
from davgate.core.store import Store
from davgate.model.frozen import frozen
from davgate.model.instant import is_day
from davgate.model.metadata import DESCRIPTION, KEYWORDS, TITLE
from davgate.rest.gever.bodies import Fields
from davgate.rest.gever.errors import FieldMistake
from davgate.rest.gever.naming import media_type_for
from davgate.rest.gever.representation import DOCUMENT_DATE, RESPONSIBLE, START

_TEXTS = {"title": TITLE, "description": DESCRIPTION, "responsible": RESPONSIBLE}
_DATES = {"document_date": DOCUMENT_DATE, "start": START}
_MISSING = "Required input is missing."


@frozen
class SentFile:
    """A file in a body: its bytes, and what the client calls it; an empty name is none."""

    data: bytes
    name: str
    media_type: str | None

    def staged_as(self, store: Store, file_name: str) -> File:
        """Take in the bytes as the content of a document, under a name."""
        staged = receive(store, io.BytesIO(self.data), announced_bytes=len(self.data))
        return File(staged, file_name, media_type_for(file_name, self.media_type))


@frozen
class Parsed:
    """What a body says: typed properties, of which None takes one away, a file, and the fields that cannot be as they are.

    ``names_file`` tells that the body speaks of the file, also of one that cannot be read, or of the one that is there;
    ``removes_file``, that there is to be none. Unknown and read-only fields are left out.
    """

    metadata: Mapping[str, Any]
    file: SentFile | None
    names_file: bool
    removes_file: bool
    mistakes: tuple[FieldMistake, ...]

    @property
    def title(self) -> str:
        """The title that is sent, empty if none is."""
        return self.metadata.get(TITLE) or ""


def parse(body: Fields, *, needs_title: bool, is_new: bool) -> Parsed:
    """Read the fields of an object; ``needs_title`` tells that it cannot be without a title."""
    metadata: dict[str, Any] = {}
    mistakes: list[FieldMistake] = []
    for name, key in _TEXTS.items():
        if name in body:
            value = body[name]
            metadata[key] = value or None
            if value is not None and not isinstance(value, str):
                mistakes.append(FieldMistake(name, "The value has to be a text."))
    for name, key in _DATES.items():
        if name in body:
            value = metadata[key] = None if body[name] == "" else body[name]
            if value is not None and not is_day(value):
                mistakes.append(FieldMistake(name, "The value has to be a day: YYYY-MM-DD."))
    if "keywords" in body:
        value = body["keywords"]
        metadata[KEYWORDS] = value or None
        if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            mistakes.append(FieldMistake("keywords", "The value has to be a list of texts."))
    is_sent = is_new or "title" in body
    if needs_title and is_sent and (metadata.get(TITLE) is None or str(metadata[TITLE]).isspace()):
        mistakes.append(FieldMistake("title", _MISSING))
    file: SentFile | None = None
    sent = body.get("file")
    if sent is not None and (is_new or not _is_as_read(sent)):
        try:
            file = _file_of(sent)
        except ValueError as mistake:
            mistakes.append(FieldMistake("file", str(mistake)))
    names_file = "file" in body
    return Parsed(metadata, file, names_file, names_file and sent is None, tuple(mistakes))


def _is_as_read(sent: object) -> bool:
    """Tell whether a file is described as a GET does: programs send back all that they have read, with what they change in it."""
    return isinstance(sent, dict) and "data" not in sent and isinstance(sent.get("download"), str)


def _file_of(sent: object) -> SentFile:
    """Return a file as the dialect sends it in JSON.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(sent, dict) or not isinstance(sent.get("data"), str):
        raise ValueError("The value has to be an object with data.")
    name, media_type, encoding = ("" if sent.get(key) is None else sent[key] for key in ("filename", "content-type", "encoding"))
    if not (isinstance(name, str) and isinstance(media_type, str)):
        raise ValueError("The values of filename and content-type have to be texts.")
    data: str = sent["data"]
    if encoding == "":
        return SentFile(data.encode(), name, media_type or None)
    if encoding != "base64":
        raise ValueError("The encoding has to be base64.")
    try:
        # Lines end in line breaks where a program made them for mail.
        return SentFile(base64.b64decode("".join(data.split()), validate=True), name, media_type or None)
    except (binascii.Error, ValueError):
        raise ValueError("The data are not in base64.") from None
