"""What a client says of the content of an object, as a file for core: a part of the form, or what is in the store already."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from davgate.core import stored_content
from davgate.core.objects import File
from davgate.core.store import Context, Store
from davgate.http.content_disposition import cleaned
from davgate.model.errors import NotFound
from davgate.model.frozen import frozen
from davgate.model.media_types import as_sent
from davgate.model.node import Content
from davgate.rest.yuuvis.errors import WRONG_CONTENT, OtherState, invalid
from davgate.rest.yuuvis.finding import Settings
from davgate.rest.yuuvis.wire import PART, State, stream_id, stream_shown

UNNAMED: Final = "upload.bin"
_RANGE: Final = re.compile(r"[0-9]{1,18}-[0-9]{1,18}(?:,[0-9]{1,18}-[0-9]{1,18}){0,999}", re.ASCII)
_KNOWN_BYTES: Final = 6
"""How much of a digest stands in the id of its stream before the first bits that make this a UUID."""


@frozen
class Arrived:
    """Content for an object, and what is kept of where it is from."""

    file: File
    metadata: Mapping[str, Any]


def content_for(
    settings: Settings, store: Store, ctx: Context, sent: Mapping[str, Any], files: Mapping[str, File], *, place: str = ""
) -> Arrived:
    """Return the content that a new object is to have.

    Raises:
        InvalidObject: it names no content that there is, or another storage.
        NotFound: it names a stream that the caller may not read.
        Corrupt, QuotaExceeded, TooLarge: see ``stored_content``.
    """
    check_repository(settings, text_in(sent, "repositoryId", place))
    if text_in(sent, "cid", place):
        return Arrived(_from_form(sent, files, place), {})
    if text_in(sent, "contentStreamId", place):
        return _from_store(store, ctx, sent, place)
    raise invalid(WRONG_CONTENT, f"{place}contentStreams: It needs a cid, or the contentStreamId of what is stored already.")


def check_repository(settings: Settings, name: str) -> None:
    """Refuse content for another storage than there is.

    Raises:
        InvalidObject.
    """
    if name and name != settings.repository:
        raise invalid(WRONG_CONTENT, f"There is no repository {name!r}. Name another one, or none.")


def part_named(settings: Settings, sent: Mapping[str, Any] | None, files: Mapping[str, File], state: State) -> File | None:
    """Return the content that comes with the request for an object that is there, None if none does.

    Raises:
        InvalidObject: the object names a part that there is not, or another storage.
        OtherState: it was to take the place of other content than the object has.
    """
    if sent is None or not text_in(sent, "cid", ""):
        return None
    replaced = text_in(sent, "contentStreamId", "")
    if replaced:
        _check_stream(replaced, state)
    check_repository(settings, text_in(sent, "repositoryId", ""))
    return _from_form(sent, files, "")


def _check_stream(wanted: str, state: State) -> Content:
    """Return the content of an object, which must be that of a stream."""
    if state.content is None or wanted.upper() != stream_shown(state, state.content)[0]:
        raise OtherState("contentStreamId")
    return state.content


def _from_form(sent: Mapping[str, Any], files: Mapping[str, File], place: str) -> File:
    file = files.get(sent["cid"])
    if file is None:
        raise invalid(WRONG_CONTENT, f"{place}contentStreams: The request has no part {sent['cid']!r}.")
    name = cleaned(text_in(sent, "fileName", place) or file.name) or UNNAMED
    return replace(file, name=name, media_type=text_in(sent, "mimeType", place) or file.media_type, keeps_media_type=True)


def _from_store(store: Store, ctx: Context, sent: Mapping[str, Any], place: str) -> Arrived:
    wanted = str(sent["contentStreamId"]).upper()
    try:
        prefix = UUID(wanted).bytes[:_KNOWN_BYTES]
    except ValueError:
        raise NotFound((wanted,)) from None
    content = stored_content.find(store, ctx, prefix, lambda digest: stream_id(digest) == wanted)
    if content is None:
        raise NotFound((wanted,))
    parts = text_in(sent, "range", place)
    name = cleaned(text_in(sent, "fileName", place)) or UNNAMED
    media_type = text_in(sent, "mimeType", place) or content.media_type
    if not parts:
        return Arrived(File(stored_content.staged_again(store, content), name, media_type, keeps_media_type=True), {})
    staged = stored_content.staged_parts(store, content, _ranges(parts, content.length_bytes, place))
    part = {"id": wanted, "range": parts, "digest": staged.digest.hex().upper()}
    return Arrived(File(staged, name, media_type, keeps_media_type=True), {PART: part})


def _ranges(text: str, length_bytes: int, place: str) -> list[tuple[int, int]]:
    if not _RANGE.fullmatch(text):
        raise invalid(WRONG_CONTENT, f"{place}range: It must be such as 0-99,200-299.")
    parts = [(int(first), int(last)) for first, _, last in (one.partition("-") for one in text.split(","))]
    if any(first > last or last >= length_bytes for first, last in parts):
        raise invalid(WRONG_CONTENT, f"{place}range: The stream has {length_bytes} bytes, counted from 0.")
    return parts


def text_in(sent: Mapping[str, Any], name: str, place: str) -> str:
    """Return a text that was said of content, empty if none was.

    Raises:
        InvalidObject: it is no text.
    """
    value = sent.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(WRONG_CONTENT, f"{place}contentStreams: {name} must be a text.")
    return value or ""


@frozen
class Renaming:
    """What is said anew of content that stays: empty where nothing is."""

    file_name: str = ""
    media_type: str = ""


def renaming(sent: Mapping[str, Any] | None, state: State) -> Renaming:
    """Return what is said anew of the content of an object.

    Raises:
        InvalidObject: it is not said of which content.
        OtherState: it is of another one.
    """
    if sent is None:
        return Renaming()
    wanted = text_in(sent, "contentStreamId", "")
    if not wanted:
        raise invalid(WRONG_CONTENT, "contentStreams: It needs the contentStreamId that the object has, or a cid.")
    content = _check_stream(wanted, state)
    name, media_type = cleaned(text_in(sent, "fileName", "")), text_in(sent, "mimeType", "")
    return Renaming(
        "" if name == state.file_name else name,
        as_sent(media_type, name or state.file_name) if media_type not in ("", content.media_type) else "",
    )
