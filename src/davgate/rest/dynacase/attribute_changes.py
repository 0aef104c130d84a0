"""What was sent for attributes, made into what is stored: values, the content of the document, and further files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from davgate.core import temporary_files
from davgate.core.objects import File
from davgate.core.revisions import Shown
from davgate.core.store import Context, Store
from davgate.model.errors import NotFound
from davgate.model.errors_of_objects import InvalidProperty
from davgate.model.node import Stream
from davgate.model.object_types import Kind, ObjectType, Property
from davgate.model.typed_values import is_missing
from davgate.rest.dynacase import attachments, values
from davgate.rest.dynacase.bodies import Sent


@dataclass(slots=True)
class Parts:
    """The parts of a change as core takes them; of files without a value the stream is None, of the content ``clears_file``."""

    metadata: dict[str, Any] = field(default_factory=dict)
    file: File | None = None
    clears_file: bool = False
    streams: dict[str, File | None] = field(default_factory=dict)


def with_uploads(store: Store, ctx: Context, family: ObjectType, sent: Sent) -> Sent:
    """Return what was sent with the caller's temporary files in place of references to them.

    Raises:
        InvalidProperty: there is no such attribute.
    """
    found = {name: _uploads(store, ctx, _attribute(family, name), value) for name, value in sent.values.items()}
    return Sent(found, sent.name)


def _attribute(family: ObjectType, name: str) -> Property:
    of = family.property(name)
    if of is None:
        raise InvalidProperty(name, None, f"is no attribute of {family.local}")
    return of


def _uploads(store: Store, ctx: Context, of: Property, value: Any) -> Any:
    if of.kind is not Kind.FILE:
        return value
    if isinstance(value, list):
        return [_uploads(store, ctx, of, one) for one in value]
    number = attachments.temporary_number(attachments.id_in(value)) if isinstance(value, str) else None
    if number is None:
        return value
    try:
        return temporary_files.as_file(store, ctx, number)
    except NotFound:
        # It is refused where its place in a list is known.
        return value


def parts_of(store: Store, family: ObjectType, sent: Mapping[str, Any], shown: Shown | None) -> Parts:
    """Return what is to be stored for what was sent; ``shown`` is the document as it is, None for a new one.

    Raises:
        InvalidProperty: a value is none of its attribute.
    """
    parts = Parts()
    for name, value in sent.items():
        of = _attribute(family, name)
        if of.kind is not Kind.FILE:
            if any(isinstance(one, File) for one in (value if isinstance(value, list) else [value])):
                raise InvalidProperty(name, None, "is no file")
            parts.metadata[of.id] = values.taken(store, of, value)
        elif of is family.primary_stream:
            _take_content(of, value, shown, family, parts)
        else:
            _take_files(store, of, value, shown, family, parts)
    return parts


def _take_content(of: Property, value: Any, shown: Shown | None, family: ObjectType, parts: Parts) -> None:
    """Take what was sent for the attribute that is the content of the document itself."""
    there = attachments.attached(shown, family, of) if shown is not None else []
    if isinstance(value, File):
        parts.file = value
    elif isinstance(value, list) and value:
        raise InvalidProperty(of.name, None, "has one value, not a list")
    elif values.is_nothing(value):
        parts.clears_file = bool(there)
    elif not any(attachments.id_in(str(value)) == id for id, _ in there):
        raise InvalidProperty(of.name, None, "names no file that you have uploaded, or not any more")


def _take_files(store: Store, of: Property, value: Any, shown: Shown | None, family: ObjectType, parts: Parts) -> None:
    """Take what was sent for an attribute whose files are streams beside the content."""
    there = dict(attachments.attached(shown, family, of)) if shown is not None else {}
    if isinstance(value, list) and value and not of.is_multiple:
        raise InvalidProperty(of.name, None, "has one value, not a list")
    names: list[str] = []
    for index, one in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(one, File):
            name = _same(there, names, one) or store.new_uuid().replace("-", "")
            if name not in there:
                parts.streams[name] = one
        elif values.is_nothing(one):
            continue
        else:
            name = attachments.id_in(str(one))
            if name not in there or name in names:
                index_shown = index if of.is_multiple else None
                raise InvalidProperty(of.name, index_shown, "names no file that you have uploaded, or not any more")
        names.append(name)
    parts.streams |= dict.fromkeys(name for name in there if name not in names)
    parts.metadata[of.id] = (names or None) if of.is_multiple else next(iter(names), None)


def _same(there: Mapping[str, Stream], taken: list[str], file: File) -> str | None:
    """Return the stream of an attribute that is the same file already, if there is one that is not spoken for."""
    for name, stream in there.items():
        if name not in taken and stream.content.digest == file.staged.digest and stream.file_name == file.name:
            return name
    return None


def missing(family: ObjectType, sent: Mapping[str, Any], parts: Parts) -> Iterator[Property]:
    """Yield the attributes that a document must have and that a change takes away."""
    for name in sent:
        of = _attribute(family, name)
        is_gone = parts.clears_file if of is family.primary_stream else is_missing(of, parts.metadata.get(of.id))
        if of.is_required and is_gone:
            yield of


def missing_of_new(family: ObjectType, parts: Parts) -> Iterator[Property]:
    """Yield the attributes that a new document must have and has not."""
    for of in family.properties:
        has_file = of is family.primary_stream and parts.file is not None
        if not has_file and is_missing(of, parts.metadata.get(of.id)):
            yield of
