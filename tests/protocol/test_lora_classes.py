"""Every class of the specification's table, made, read, changed, and found by each of its names (2.6 and 3.6).

Values are made of what the types say; the classes themselves are counted here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from davgate.app import Application
from davgate.core.object_types import load
from davgate.core.store import Store
from davgate.model.object_types import Kind, ObjectType, Property, TemporalClass
from tests.protocol.client import Client
from tests.protocol.conftest import Serve
from tests.protocol.lora import A, B, Json, codes, create, entry, found, newest, patch, send, target

CLASSES: Final = {
    "klassifikation/facet": 13,
    "klassifikation/klasse": 20,
    "klassifikation/klassifikation": 8,
    "organisation/bruger": 15,
    "organisation/interessefaellesskab": 18,
    "organisation/itsystem": 17,
    "organisation/organisation": 23,
    "organisation/organisationenhed": 20,
    "organisation/organisationfunktion": 14,
    "sag/sag": 38,
    "dokument/dokument": 28,
    "aktivitet/aktivitet": 33,
    "indsats/indsats": 14,
    "tilstand/tilstand": 15,
    "log/loghaendelse": 13,
}
"""Classes with the number of their fields, states and relations."""

VALUES: Final[dict[Kind, tuple[Any, Any, str]]] = {
    Kind.TEXT: ("Tekst", "Ny tekst", "ny t%"),
    Kind.INTEGER: (0, 7, "7"),
    Kind.BOOLEAN: (False, True, "true"),
    Kind.DATE: ("2021-01-31", "2021-02-28", "2021-02-28"),
    Kind.DATETIME: ("2021-01-31T10:00:00+00:00", "2021-02-28T12:00:00+02:00", "2021-02-28T10:00:00Z"),
    Kind.INTERVAL: ("01:30:00", "2 03:04:05", "2 03:04:05"),
    Kind.EXEMPTION: ({"alternativtitel": "a", "hjemmel": "h"}, {"alternativtitel": "Ny tekst", "hjemmel": "h"}, "ny t%"),
    Kind.KEYWORDS: ([["a", "b", "c"]], [["a", "b", "Ny tekst"], ["d", "e", "f"]], "ny t%"),
    Kind.TEXTLIST: (["a"], ["b", "Ny tekst"], "ny t%"),
}
"""By kind: a value, another one, and how that is searched for."""
SHOWN: Final = {Kind.DATETIME: "2021-02-28T10:00:00+00:00"}
KEYWORD: Final = ("soegeordidentifikator", "beskrivelse", "soegeordskategori")


def lora_class(store: Store, local: str) -> TemporalClass:
    found = store.types.get(f"lora:{local}")
    assert isinstance(found, ObjectType) and found.temporal is not None
    return found.temporal


def entries(of: tuple[Property, ...], index: int, start: str) -> list[Json]:
    return [entry(start, **{one.name: VALUES[one.kind][index] for one in of})]


def aim(of: TemporalClass, name: str, uuid: str) -> Json:
    """Return an entry of a relation with all that its kind needs."""
    if (of.name, name) == ("sag", "journalpost"):
        return target(uuid, journalpostkode="vedlagtdokument")
    if name == "tilstandsvaerdi":
        return entry(tilstandsvaerdiattr={"forventet": False, "nominelvaerdi": "82"})
    return target(uuid, objekttype="Ting")


def whole(of: TemporalClass) -> Json:
    """Return an object that says something of everything."""
    return {
        "attributter": {key: entries(fields, 0, "2011-05-01") for key, fields in of.groups.items()},
        "tilstande": {key: [entry(**{of.state_name(key): known[0]})] for key, known in of.states.items()},
        "relationer": {name: [aim(of, name, A)] for name in (*of.one, *of.many)},
    }


def test_these_are_all_classes(store: Store) -> None:
    counted = {}
    for one in store.types.of_door("lora"):
        of = lora_class(store, one.local)
        counted[one.local] = sum(map(len, of.groups.values())) + len(of.states) + len(of.one) + len(of.many)
    assert counted == CLASSES


@pytest.mark.parametrize("local", CLASSES)
def test_a_class_takes_and_shows_all_that_it_has(ann: Client, store: Store, local: str) -> None:
    of, path = lora_class(store, local), f"/lora/{local}"

    uuid = create(ann, path, whole(of))

    shown = newest(ann, path, uuid, "")
    for key, fields in of.groups.items():
        (only,) = shown["attributter"][key]
        for field in fields:
            value = VALUES[field.kind][0]
            if field.kind is Kind.KEYWORDS:
                value = [dict(zip(KEYWORD, keyword, strict=True)) for keyword in value]
            assert only[field.name] == value, field.name
    assert shown["tilstande"].keys() == of.states.keys()
    assert sorted(shown["relationer"]) == sorted((*of.one, *of.many))
    for name in of.many:
        (only,) = shown["relationer"][name]
        assert only.get("indeks") == (1 if of.is_indexed else None)


@pytest.mark.parametrize("local", CLASSES)
def test_a_class_is_changed_and_found_by_all_that_it_has(ann: Client, store: Store, local: str) -> None:
    of, path = lora_class(store, local), f"/lora/{local}"
    uuid = create(ann, path, whole(of))
    create(ann, path, whole(of))
    changes = {
        "attributter": {key: entries(fields, 1, "2020-01-01") for key, fields in of.groups.items()},
        "tilstande": {key: [entry("2020-01-01", **{of.state_name(key): known[-1]})] for key, known in of.states.items()},
        "relationer": {name: [aim(of, name, B)] for name in (*of.one, *of.many)},
    }
    patch(ann, path, uuid, changes)
    assert codes(ann, path, uuid) == ["Rettet", "Opstaaet"]

    for key, fields in of.groups.items():
        assert len(newest(ann, path, uuid)["attributter"][key]) == 2
        for field in fields:
            assert found(ann, path, **{field.name: VALUES[field.kind][2]}) == [uuid], field.name
            shown = newest(ann, path, uuid, "")["attributter"][key][0][field.name]
            if field.kind is not Kind.KEYWORDS:
                assert shown == SHOWN.get(field.kind, VALUES[field.kind][1])
    for key, known in of.states.items():
        assert found(ann, path, **{of.state_name(key): known[-1]}) == [uuid], key
    for name in (*of.one, *of.many):
        if name == "tilstandsvaerdi":
            continue
        assert found(ann, path, **{name: B}) == [uuid], name
        if name != "journalpost":
            assert found(ann, path, **{f"{name}:Ting": B}) == [uuid], name
            assert found(ann, path, **{f"{name}:Andet": B}) == [], name


@pytest.mark.parametrize("local", CLASSES)
def test_a_class_ends_as_others_do(ann: Client, store: Store, local: str) -> None:
    of, path = lora_class(store, local), f"/lora/{local}"
    uuid = create(ann, path, whole(of))

    patch(ann, path, uuid, {"livscyklus": "Passiv", "hest": 1})
    assert send(ann, "PUT", f"{path}/{uuid}", whole(of)).status == 200
    assert send(ann, "DELETE", f"{path}/{uuid}").status == 202

    assert ann("GET", f"{path}/{uuid}").status == 410
    assert codes(ann, path, uuid) == ["Slettet", "Importeret", "Passiveret", "Opstaaet"]
    assert send(ann, "PUT", f"{path}/{uuid}", whole(of)).status == 200
    assert codes(ann, path, uuid)[0] == "Importeret"


EXTENSION: Final = """
[lora.organisation.organisationfunktion]
amends = true
attributes.organisationfunktionudvidelser = "primær:boolean fraktion:int udvidelse_1"
many = ["tilknyttedeklasser"]
"""


class TestExtended:
    """An installation with more fields and relations of its own."""

    @pytest.fixture
    def app(self, serve: Serve, store: Store, tmp_path: Path) -> Application:
        folder = tmp_path / "types"
        folder.mkdir()
        (folder / "local.toml").write_text(EXTENSION, "utf-8")
        return serve(replace(store, types=load([folder])))

    def test_a_further_group_is_optional_and_works_as_the_others(self, ann: Client) -> None:
        path = "/lora/organisation/organisationfunktion"
        payload = {
            "attributter": {"organisationfunktionegenskaber": [entry(brugervendtnoegle="f")]},
            "tilstande": {"organisationfunktiongyldighed": [entry(gyldighed="Aktiv")]},
        }
        uuid = create(ann, path, payload)
        further = {"primær": False, "fraktion": 0, "udvidelse_1": "x"}

        change = {"organisationfunktionudvidelser": [entry(**further)]}
        patch(ann, path, uuid, {"attributter": change, "relationer": {"tilknyttedeklasser": [target(A)]}})

        (shown,) = newest(ann, path, uuid)["attributter"]["organisationfunktionudvidelser"]
        assert {name: shown[name] for name in further} == further
        assert found(ann, path, primær="false", fraktion="0", tilknyttedeklasser=A) == [uuid]
        assert "udvidelser" in ann("GET", f"{path}/fields").json["attributter"]
