"""What was known when: the registrations of an object, and what they say after other doors have changed it (OIO: registrering).

A registration by the LoRA door is a version whose metadata hold the whole content. A version by another door changed the bytes or
the title of a document: what that means for its content is computed from the versions whenever it is asked for, and becomes part
of what is stored with the next registration by the LoRA door. What was never registered answers a computed content throughout.
"""

from __future__ import annotations

import enum
import uuid as uuids
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any, Final

from davgate.model.bitemporal.merging import (
    NOTHING,
    PART_FIELDS,
    Entry,
    Given,
    Part,
    Snapshot,
    Variant,
    from_data,
    laid_over,
    to_data,
)
from davgate.model.bitemporal.virkning import Virkning, Window
from davgate.model.frozen import frozen
from davgate.model.instant import FOREVER, Instant, to_datetime
from davgate.model.metadata import DESCRIPTION, TITLE, title_of
from davgate.model.node import Version
from davgate.model.object_types import LORA_OBJECT
from davgate.model.stored_parts import SCHEME, address_of

KEY: Final = LORA_OBJECT.id
"""The property of a version that holds the content."""
GROUP: Final = "dokumentegenskaber"
DAY: Final = "brevdato"
"""The field that has the day on which a document was made that nobody has registered: it is another one in another time zone."""
STATE: Final = "dokumentfremdrift"
STATE_NAME: Final = "fremdrift"
VARIANT_OF_OTHERS: Final = "Original"
PART_OF_OTHERS: Final = "Indhold"
"""The texts of the variant and the part that hold what another door stored."""


class Code(enum.Enum):
    """Where a registration leaves the life of its object."""

    OPSTAAET = "Opstaaet"
    IMPORTERET = "Importeret"
    PASSIVERET = "Passiveret"
    SLETTET = "Slettet"
    RETTET = "Rettet"

    @property
    def is_live(self) -> bool:
        """Whether the object is neither passive nor deleted."""
        return self not in (Code.PASSIVERET, Code.SLETTET)


def may_follow(before: Code, after: Code) -> bool:
    """Tell whether the life cycle has a step."""
    if after is Code.IMPORTERET:
        return not before.is_live
    return before.is_live if after in (Code.RETTET, Code.PASSIVERET) else after is Code.SLETTET and before is not after


@frozen
class Place:
    """A part of a variant, by their texts."""

    variant: str
    part: str


PLACE_OF_OTHERS: Final = Place(VARIANT_OF_OTHERS, PART_OF_OTHERS)


@frozen
class State:
    """What an object says, and by what it is told whether another door has changed it since.

    ``primary`` is the part whose content is that of the document itself, None where the document has none.
    """

    code: Code
    snapshot: Snapshot
    digest: bytes | None = None
    title: str | None = None
    description: str | None = None
    primary: Place | None = None


@frozen
class Registration:
    """What was known of an object from ``at`` until ``until``, by whom it was said, and with which note."""

    at: Instant
    until: Instant
    code: Code
    author_uuid: str
    author: str
    note: str
    snapshot: Snapshot


@frozen
class Deletion:
    """That an object was deleted, and restored again, if it was."""

    at: Instant
    author_id: int
    author: str
    note: str
    restored_at: Instant = FOREVER
    restored_by_id: int = 0
    restored_by: str = ""


@frozen
class Subject:
    """The object whose registrations are told: its id, its name on the drive, when it was made, and where days begin.

    ``names`` are those that it got on the drive and when, the oldest first; what is told of the present alone needs none.
    """

    uuid: str
    drive_name: str | None
    created_at: Instant
    zone: tzinfo
    names: Sequence[tuple[Instant, str]] = ()

    def name_until(self, at: Instant) -> str | None:
        """Return the name that the object had up to an instant; before it got any, its first one."""
        former = [name for since, name in self.names if since < at] or [name for _, name in self.names[:1]]
        return self.drive_name if at == FOREVER or not former else former[-1]


def author_uuid(namespace: str, name: str) -> str:
    """Return the id by which an account is told, the same for ever in one installation (RFC 9562, 5.5)."""
    return str(uuids.uuid5(uuids.UUID(namespace), name))


# Storing


def to_metadata(state: State, of: str, uuid: str, no: int) -> Mapping[str, Any]:
    """Return what version ``no`` of an object of a class holds of its state."""
    return {
        "class": of,
        "uuid": uuid,
        "no": no,
        "code": state.code.value,
        "digest": None if state.digest is None else state.digest.hex(),
        "title": state.title,
        "description": state.description,
        "primary": None if state.primary is None else [state.primary.variant, state.primary.part],
        "data": to_data(state.snapshot),
    }


def _from_metadata(data: Mapping[str, Any]) -> State:
    digest, primary = data["digest"], data["primary"]
    return State(
        Code(data["code"]),
        from_data(data["data"]),
        None if digest is None else bytes.fromhex(digest),
        data["title"],
        data["description"],
        None if primary is None else Place(*primary),
    )


def base_no(current: Version, uuid: str) -> int:
    """Return the number of a version from which on all have to be looked at to know what the current one says.

    What a copy of a document says was registered for the original.
    """
    said = current.metadata.get(KEY)
    return int(said["no"]) if said is not None and said["uuid"] == uuid else 1


# Computing


def states(subject: Subject, versions: Iterable[Version]) -> Iterator[tuple[Version, State]]:
    """Yield what an object says in each of its versions; the first is one to begin with (``base_no``)."""
    state: State | None = None
    said: Mapping[str, Any] | None = None
    line = list(versions)
    for version, following in zip(line, [*line[1:], None], strict=True):
        before, says = said, version.metadata.get(KEY)
        said = says
        if says is None:
            # Nobody has registered it yet.
            name = subject.name_until(FOREVER if following is None else following.opened_at)
            state = replace(computed(subject, version, name), code=Code.OPSTAAET if version.no == 1 else Code.RETTET)
        elif says != before:
            registered = _from_metadata(says)
            is_own = says["no"] == version.no and says["uuid"] == subject.uuid
            # Of what was there before the copy of a document, or before a version that is not kept, nothing is known.
            former = registered if state is None and version.no > 1 else state
            code = registered.code if is_own else _code_after(former)
            state = follow(replace(registered, code=code), subject, version)
        else:
            assert state is not None
            state = follow(replace(state, code=_code_after(state)), subject, version)
        yield version, state


def _code_after(before: State | None) -> Code:
    """Return what a change by another door makes of an object: it knows nothing of passive ones, and so revives them."""
    if before is None:
        return Code.OPSTAAET
    return Code.RETTET if before.code.is_live else Code.IMPORTERET


def computed(subject: Subject, version: Version, name: str | None) -> State:
    """Return what a document of a name says that other doors have made: from its creation on, what they know of it."""
    title = title_of(version.metadata, name)
    always = Virkning(subject.created_at, FOREVER)
    properties = {
        "brugervendtnoegle": title,
        "beskrivelse": version.metadata.get(DESCRIPTION) or "",
        DAY: day_of(subject.created_at, subject.zone),
        "titel": title,
        "dokumenttype": version.content.media_type if version.has_content else "",
    }
    variants: Mapping[str, Variant] = {}
    if version.has_content:
        part = Part((Entry({"indeks": 1, **_content_of(subject, version)}, always),))
        variants = {VARIANT_OF_OTHERS: Variant((), {PART_OF_OTHERS: part})}
    snapshot = Snapshot(
        {GROUP: (Entry(properties, always),)},
        {STATE: (Entry({STATE_NAME: "Underudarbejdelse"}, always),)},
        variants=variants,
    )
    digest = version.content.digest if version.has_content else None
    common = version.metadata.get(TITLE), version.metadata.get(DESCRIPTION)
    return State(Code.OPSTAAET, snapshot, digest, *common, PLACE_OF_OTHERS if version.has_content else None)


def day_of(made_at: Instant, zone: tzinfo) -> str:
    """Return the day of a document that other doors have made."""
    return to_datetime(made_at).astimezone(zone).date().isoformat()


def _content_of(subject: Subject, version: Version) -> dict[str, str]:
    address = address_of(subject.uuid, version.no, version.content.digest, version.opened_at)
    return {"indhold": SCHEME + address, "mimetype": version.content.media_type}


def follow(state: State, subject: Subject, version: Version) -> State:
    """Return what a document says after a version that another door has made: what changed is valid from then on.

    New bytes are the new content of the primary part, a new title or description changes the field of that name.
    """
    digest = version.content.digest if version.has_content else None
    title, description = version.metadata.get(TITLE), version.metadata.get(DESCRIPTION)
    since = Virkning(version.opened_at, FOREVER)
    snapshot, primary = state.snapshot, state.primary
    if digest != state.digest:
        place = primary or PLACE_OF_OTHERS
        contents = _content_of(subject, version) if version.has_content else {}
        ended = frozenset() if version.has_content else frozenset({"indhold", "mimetype"})
        snapshot = _with_part(snapshot, place, Given(contents, since, ended))
        primary = place if version.has_content else None
    fields: dict[str, str] = {}
    if title != state.title:
        fields["titel"] = title or ""
    if description != state.description:
        fields["beskrivelse"] = description or ""
    if fields:
        snapshot = _with_fields(snapshot, fields, since)
    return replace(state, snapshot=snapshot, digest=digest, title=title, description=description, primary=primary)


def _with_part(snapshot: Snapshot, place: Place, given: Given) -> Snapshot:
    variant = snapshot.variants.get(place.variant, Variant())
    part = variant.parts.get(place.part, Part())
    changed = replace(part, properties=laid_over(part.properties, (given,), PART_FIELDS))
    parts = {**variant.parts, place.part: changed}
    variants = {**snapshot.variants, place.variant: replace(variant, parts=dict(sorted(parts.items())))}
    return replace(snapshot, variants=dict(sorted(variants.items())))


def _with_fields(snapshot: Snapshot, fields: Mapping[str, str], since: Virkning) -> Snapshot:
    """Return a snapshot with other fields from an instant on, in the periods in which the object has any."""
    old = snapshot.attributes.get(GROUP, ())
    given = [
        Given(fields, since.during(max(since.start, one.virkning.start), one.virkning.end))
        for one in old
        if one.virkning.end > since.start
    ]
    # A class has more fields than these, so that the others are inherited.
    after = laid_over(old, given, frozenset({"brugervendtnoegle"}))
    return replace(snapshot, attributes={**snapshot.attributes, GROUP: after}) if given else snapshot


@frozen
class StoredPart:
    """A part with stored content: where it is, the content's address and what media type it is said to have."""

    place: Place
    address: str
    media_type: str


def stored_parts(snapshot: Snapshot, at: Instant) -> list[StoredPart]:
    """Return the parts with stored content that is valid at an instant: by variant, ``indeks`` and text.

    The first one whose content is this document's is its primary part.
    """
    window = Window.at(at)
    found: list[tuple[tuple[str, int, str], StoredPart]] = []
    for variant, one in snapshot.variants.items():
        for text, part in one.parts.items():
            for entry in part.properties:
                content = entry.values.get("indhold", "")
                if entry.virkning.overlaps(window) and content.startswith(SCHEME):
                    index = entry.values.get("indeks")
                    order = variant, 1 << 63 if index is None else index, text
                    stored = StoredPart(Place(variant, text), content.removeprefix(SCHEME), entry.values.get("mimetype", ""))
                    found.append((order, stored))
    return [stored for _, stored in sorted(found, key=lambda one: one[0])]


def version_told(subject: Subject, versions: Iterable[Version], address: str) -> Version | None:
    """Return a version whose content is told by an address, or None; the first of the versions is one to begin with."""
    for version, state in states(subject, versions):
        if version.has_content and any(
            (one.place, one.address) == (state.primary, address) for one in stored_parts(state.snapshot, version.opened_at)
        ):
            return version
    return None


def field_at(snapshot: Snapshot, name: str, at: Instant) -> str | None:
    """Return what a field of a document says at an instant, None where that is nothing."""
    for entry in snapshot.attributes.get(GROUP, ()):
        if entry.virkning.overlaps(Window.at(at)):
            return entry.values.get(name) or None
    return None


# Telling


def told(
    subject: Subject, versions: Iterable[Version], deletions: Sequence[Deletion], namespace: str
) -> tuple[Registration, ...]:
    """Return the registrations of an object, the oldest first: of each version, each deletion and each restore."""
    events = [
        Registration(one.opened_at, FOREVER, state.code, "", one.author, one.comment, state.snapshot)
        for one, state in states(subject, versions)
    ]
    made = {one.at for one in events}
    for deletion in deletions:
        events.append(Registration(deletion.at, FOREVER, Code.SLETTET, "", deletion.author, deletion.note, NOTHING))
        # What was restored by importing it anew has a version of that instant.
        if deletion.restored_at != FOREVER and deletion.restored_at not in made:
            events.append(Registration(deletion.restored_at, FOREVER, Code.IMPORTERET, "", deletion.restored_by, "", NOTHING))
    events.sort(key=lambda one: one.at)
    return tuple(_chained(events, namespace))


def _chained(events: Sequence[Registration], namespace: str) -> Iterator[Registration]:
    ids = {name: author_uuid(namespace, name) for name in {one.author for one in events}}
    snapshot = NOTHING
    for no, one in enumerate(events):
        if one.code is not Code.SLETTET and one.snapshot is not NOTHING:
            snapshot = one.snapshot
        until = events[no + 1].at if no + 1 < len(events) else FOREVER
        yield replace(one, until=until, author_uuid=ids[one.author], snapshot=snapshot)
