"""What the core promises of registrations: who made them by which door, what they say, and that none is ever altered."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from tests.builders import (
    SettableClock,
    a_collection,
    exists,
    members_of,
    node_at,
    on_condition,
    path,
)
from tests.builders import put as put_on_drive
from tests.unit.filed import rest
from tests.unit.registered import FACET, FOLDER, SAG, author_uuid_of, codes, create, delete, lora, now, patch, put, read
from tests.unit.temporal import A, entries, facet, told

from davgate.core import deleting, describing, objects, trash
from davgate.core.bitemporal import registrations
from davgate.core.bitemporal.registrations import History
from davgate.core.principals import granting
from davgate.core.store import Context, Store
from davgate.model.bitemporal.errors import InvalidObject, WrongStep
from davgate.model.bitemporal.merging import Snapshot
from davgate.model.bitemporal.registration import Code
from davgate.model.bitemporal.virkning import ALL_TIME, Window
from davgate.model.conditions import Conditions
from davgate.model.errors import Forbidden, NotFound, PreconditionFailed
from davgate.model.errors_of_objects import UuidTaken
from davgate.model.instant import Instant
from davgate.model.rights import READER, Right

O, I, P, S, R = Code.OPSTAAET, Code.IMPORTERET, Code.PASSIVERET, Code.SLETTET, Code.RETTET  # noqa: E741  # one letter each, as in tables
SECOND = timedelta(seconds=1)
PUBLISHED = {"tilstande": {"facetpubliceret": entries("2020..2021 publiceret=IkkePubliceret")}}
PASSIVE = {"livscyklus": "Passiv"}
UNKNOWN = "5bd2b5a8-0000-4000-8000-000000000000"


def whole(store: Store, ctx: Context, uuid: str, of: Any = FACET) -> History:
    return read(store, ctx, uuid, of, ALL_TIME)


def fields(of: Snapshot, group: str = "facetegenskaber") -> list[str]:
    return told(of.attributes.get(group, ()))


# Life cycle


def test_created_object_has_one_registration(store: Store, ann: Context) -> None:
    made = create(store, ann)

    (only,) = whole(store, ann, made.uuid).registrations
    assert (only.code, only.author, only.note, made.is_new) == (O, "ann", "", True)
    assert fields(only.snapshot) == ["2011-05-01..inf beskrivelse=d bvn=AC-1 supplement=s0"]
    assert only.author_uuid == author_uuid_of(store, "ann")


def test_registrations_follow_one_another_without_gaps(store: Store, ann: Context, bob: Context) -> None:
    uuid = create(store, ann).uuid
    patch(store, bob, uuid, {**PUBLISHED, "note": "why"})
    patch(store, ann, uuid, PASSIVE)
    told_ = whole(store, ann, uuid).registrations
    assert [(one.code, one.author, one.note) for one in told_] == [(P, "ann", ""), (R, "bob", "why"), (O, "ann", "")]
    assert [one.until for one in told_[1:]] == [one.at for one in told_[:-1]]
    assert told_[0].snapshot == told_[1].snapshot != told_[2].snapshot


STEPS: Mapping[Code, Any] = {I: put, P: lambda *a: patch(*a, PASSIVE), S: delete, R: lambda *a: patch(*a, PUBLISHED)}
"""What brings an object to a code; of a live one PUT makes Rettet."""


@pytest.mark.parametrize(
    ("before", "step", "after"),
    [
        pytest.param([], I, [O, R], id="live-imported"),
        pytest.param([], P, [O, P], id="live-passive"),
        pytest.param([], S, [O, S], id="live-deleted"),
        pytest.param([P], I, [O, P, I], id="passive-imported"),
        pytest.param([P], P, None, id="passive-passive"),
        pytest.param([P], S, [O, P, S], id="passive-deleted"),
        pytest.param([P], R, None, id="passive-changed"),
        pytest.param([S], I, [O, S, I], id="deleted-imported"),
        pytest.param([S], P, None, id="deleted-passive"),
        pytest.param([S], S, [O, S], id="deleted-deleted"),
        pytest.param([S], R, None, id="deleted-changed"),
        pytest.param([S, I], R, [O, S, I, R], id="imported-changed"),
    ],
)
def test_life_cycle_has_these_steps_and_no_others(
    store: Store, ann: Context, before: list[Code], step: Code, after: list[Code] | None
) -> None:
    uuid = create(store, ann).uuid
    for one in before:
        STEPS[one](store, ann, uuid)
    reached = codes(store, ann, uuid)
    if after is None:
        with pytest.raises(WrongStep):
            STEPS[step](store, ann, uuid)
        assert codes(store, ann, uuid) == reached
    else:
        STEPS[step](store, ann, uuid)
        assert codes(store, ann, uuid) == after


def test_patch_that_changes_nothing_makes_one_registration_at_most(store: Store, ann: Context) -> None:
    uuid = create(store, ann).uuid
    assert [patch(store, ann, uuid, {"note": "n"}).is_new for _ in range(3)] == [True, False, False]
    assert codes(store, ann, uuid) == [O, R]


def test_import_makes_a_registration_always_and_replaces_everything(store: Store, ann: Context) -> None:
    uuid = create(store, ann).uuid
    patch(store, ann, uuid, {"relationer": {"redaktoerer": entries(f"2012..inf uuid={A}")}})
    for _ in range(2):
        assert put(store, ann, uuid).is_new
    assert codes(store, ann, uuid) == [O, R, R, R]
    assert "redaktoerer" not in now(store, ann, uuid).relations


def test_import_of_an_unknown_id_makes_the_object(store: Store, ann: Context) -> None:
    assert put(store, ann, UNKNOWN).uuid == UNKNOWN
    assert codes(store, ann, UNKNOWN) == [I]


def test_deleted_object_is_imported_as_one_registration(store: Store, ann: Context) -> None:
    uuid = create(store, ann).uuid
    delete(store, ann, uuid, note="wrong")
    put(store, ann, uuid, data=facet("AC-2"))
    newest, gone, first = whole(store, ann, uuid).registrations
    assert (newest.code, gone.code, gone.note, first.code) == (I, S, "wrong", O)
    assert gone.snapshot == first.snapshot and fields(newest.snapshot)[0].endswith("bvn=AC-2 supplement=s0")


def test_id_of_something_else_cannot_be_imported(store: Store, ann: Context) -> None:
    taken = [
        a_collection(store, ann, "/f").uuid,
        create(store, ann, SAG, sag()).uuid,
        put_on_drive(store, ann, "/x", b"x").node.uuid,
    ]
    for uuid in taken:
        with pytest.raises(UuidTaken):
            put(store, ann, uuid)


def sag(**relations: Any) -> dict[str, Any]:
    fields_ = entries("2021..inf bvn=S beskrivelse=d sagsnummer=1 titel=t")[0]
    exempt = {"afleveret": False, "offentlighedundtaget": {"alternativtitel": "a", "hjemmel": ""}, "principiel": True}
    return {
        "attributter": {"sagegenskaber": [{**fields_, **exempt, "kassationskode": "k"}]},
        "tilstande": {"sagfremdrift": entries("2021..inf fremdrift=Opstaaet")},
        "relationer": relations,
    }


def test_object_of_another_class_is_not_there(store: Store, ann: Context) -> None:
    uuid = create(store, ann).uuid
    for call in (
        lambda: read(store, ann, uuid, SAG),
        lambda: patch(store, ann, uuid, {}, SAG),
        lambda: delete(store, ann, uuid, SAG),
        lambda: read(store, ann, UNKNOWN),
    ):
        with pytest.raises(NotFound):
            call()


def test_unknown_object_is_refused_before_its_content_is_looked_at(store: Store, ann: Context) -> None:
    with pytest.raises(NotFound):
        patch(store, ann, UNKNOWN, {"nonsense": 1})


def test_refused_content_changes_nothing(store: Store, ann: Context) -> None:
    uuid = create(store, ann).uuid
    before = whole(store, ann, uuid)
    for data in ({"attributter": {"hest": []}}, {"attributter": {"facetegenskaber": entries("2001..2012 supplement=x")}}):
        with pytest.raises(InvalidObject):
            patch(store, ann, uuid, data)
    assert whole(store, ann, uuid) == before


def test_values_of_a_case_are_kept_as_they_are(store: Store, ann: Context) -> None:
    uuid = create(store, ann, SAG, sag(andresager=entries(f"2021..inf uuid={A}"))).uuid
    said = now(store, ann, uuid, SAG)
    values = said.attributes["sagegenskaber"][0].values
    assert (values["afleveret"], values["principiel"], values["offentlighedundtaget"]) == (False, True, {"alternativtitel": "a"})
    assert said.relations["andresager"][0].values == {"uuid": A, "indeks": 1}


def test_changes_at_the_same_time_are_laid_one_over_the_other(store: Store, ann: Context) -> None:
    uuid = create(store, ann).uuid

    def change(year: int) -> None:
        patch(store, ann, uuid, {"attributter": {"facetegenskaber": entries(f"{year}..{year + 1} supplement=y{year}")}})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(2012, 2020)))
    assert codes(store, ann, uuid) == [O] + [R] * 8
    supplements = [one.values["supplement"] for one in now(store, ann, uuid).attributes["facetegenskaber"]]
    assert supplements == ["s0", *(f"y{year}" for year in range(2012, 2020)), "s0"]


# Reading


def test_window_of_known_time_shows_what_was_known_then(store: Store, ann: Context, clock: SettableClock) -> None:
    uuid = create(store, ann).uuid
    clock.advance(SECOND)
    patch(store, ann, uuid, PUBLISHED)
    clock.advance(SECOND)
    delete(store, ann, uuid)
    gone, changed, made = whole(store, ann, uuid).registrations
    assert [one.code for one in read(store, ann, uuid, known=Window.at(made.at)).registrations] == [O]
    assert [one.code for one in read(store, ann, uuid, known=Window(made.at, changed.at)).registrations] == [O]
    assert [one.code for one in read(store, ann, uuid, known=Window(made.at, gone.at)).registrations] == [R, O]
    before = read(store, ann, uuid, known=Window.at(Instant(made.at - 1)))
    assert before.registrations == () and not before.is_deleted
    assert read(store, ann, uuid).is_deleted and not whole(store, ann, uuid).is_deleted


def test_several_are_read_in_the_order_asked_without_those_that_are_not_there(store: Store, ann: Context) -> None:
    uuids = [create(store, ann, data=facet(name)).uuid for name in "abc"]
    delete(store, ann, uuids[1])
    found = registrations.read_all(store, lora(ann), FACET, [uuids[2], UNKNOWN, uuids[1], uuids[0]], None)
    assert [(one.uuid, one.is_deleted) for one in found] == [(uuids[2], False), (uuids[1], True), (uuids[0], False)]


def test_tag_changes_with_each_registration_and_is_held_against_conditions(store: Store, ann: Context) -> None:
    made = create(store, ann)
    changed = patch(store, ann, made.uuid, PUBLISHED)
    assert made.etag != changed.etag == read(store, ann, made.uuid).etag
    stale, fresh = (on_condition(ann, Conditions(if_match=(one.etag,))) for one in (made, changed))
    for act in (
        lambda ctx: patch(store, ctx, made.uuid, {"note": "n"}),
        lambda ctx: put(store, ctx, made.uuid),
        lambda ctx: delete(store, ctx, made.uuid),
    ):
        with pytest.raises(PreconditionFailed):
            act(stale)
    with pytest.raises(PreconditionFailed):
        put(store, fresh, UNKNOWN)
    patch(store, fresh, made.uuid, {"tilstande": {"facetpubliceret": []}})
    seen = on_condition(ann, Conditions(if_none_match=(read(store, ann, made.uuid).etag,)))
    assert not registrations.read(store, lora(seen), FACET, made.uuid, None).is_modified


# What other doors see of objects that are no documents


def test_object_is_invisible_to_other_doors(store: Store, ann: Context) -> None:
    made = create(store, ann)
    with pytest.raises(NotFound):
        describing.describe(store, rest(ann), made.uuid)
    assert members_of(store, ann, "/LoRA") == []
    with pytest.raises(NotFound):
        objects.update(store, rest(ann), made.uuid, objects.Changes({"title": "t"}))
    with pytest.raises(NotFound):
        deleting.delete(store, rest(ann), made.uuid)


def test_objects_go_to_the_trash_with_their_folder_and_come_back(store: Store, ann: Context) -> None:
    uuid = create(store, ann).uuid
    folder = node_at(store, ann, "/LoRA")
    deleting.delete(store, ann, path("/LoRA"))
    assert read(store, ann, uuid).is_deleted
    trash.restore(store, ann, folder.id)
    assert codes(store, ann, uuid) == [O, S, I]
    patch(store, ann, uuid, PUBLISHED)
    assert codes(store, ann, uuid) == [O, S, I, R]


def test_object_below_a_deleted_folder_is_imported_into_a_new_one(store: Store, ann: Context) -> None:
    uuid = create(store, ann).uuid
    deleting.delete(store, ann, path("/LoRA"))
    put(store, ann, uuid)
    assert codes(store, ann, uuid) == [O, S, I] and exists(store, ann, FOLDER)


# Rights and locks


def test_who_may_not_read_finds_nothing_and_who_may_not_write_is_refused(
    store: Store, ann: Context, bob: Context, root_admin: Context
) -> None:
    uuid = create(store, ann).uuid
    granting.close(store, root_admin, FOLDER)
    with pytest.raises(NotFound):
        read(store, bob, uuid)
    with pytest.raises(UuidTaken):
        put(store, bob, uuid)
    granting.grant(store, root_admin, FOLDER, "bob", READER)
    assert read(store, bob, uuid).registrations
    for act in (
        lambda: patch(store, bob, uuid, {}),
        lambda: patch(store, bob, uuid, PUBLISHED),
        lambda: delete(store, bob, uuid),
        lambda: create(store, bob),
    ):
        with pytest.raises(Forbidden):
            act()


def test_bringing_back_takes_the_right_to_remove(store: Store, ann: Context, bob: Context, root_admin: Context) -> None:
    uuid = create(store, ann).uuid
    granting.close(store, root_admin, FOLDER)
    rights = Right.READ | Right.WRITE_CONTENT | Right.WRITE_PROPERTIES | Right.BIND
    granting.grant(store, root_admin, FOLDER, "bob", rights)
    put(store, bob, uuid)
    delete(store, root_admin, uuid)

    with pytest.raises(Forbidden):
        put(store, bob, uuid)
