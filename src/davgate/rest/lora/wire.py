"""Replies and parameters as the OpenAPI document describes them; what a class says, its own schema tells (``schemas``)."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from davgate.model.bitemporal.registration import Code
from davgate.rest.lora.schemas import TIMESTAMP

_Time: TypeAlias = Annotated[str, Meta(pattern=TIMESTAMP)] | None
_Uuid: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
_Count: TypeAlias = Annotated[int, Meta(ge=0)] | None
_Code: TypeAlias = Annotated[str, Meta(extra_json_schema={"enum": [code.value for code in Code]})]


class Written(msgspec.Struct):
    """The object that was written."""

    uuid: _Uuid


class Since(msgspec.Struct):
    """When a registration was made."""

    tidsstempeldatotid: str
    graenseindikator: bool


class Until(msgspec.Struct):
    """When the next registration was made; ``infinity`` for the newest."""

    tidsstempeldatotid: str


class Registration(msgspec.Struct):
    """What an object said from one time of registration to the next; sections without content are left out."""

    fratidspunkt: Since
    tiltidspunkt: Until
    livscykluskode: _Code
    brugerref: _Uuid
    note: str | UnsetType = UNSET
    attributter: dict[str, list[dict[str, Any]]] | UnsetType = UNSET
    tilstande: dict[str, list[dict[str, Any]]] | UnsetType = UNSET
    relationer: dict[str, list[dict[str, Any]]] | UnsetType = UNSET
    varianter: list[dict[str, Any]] | UnsetType = UNSET


class Object(msgspec.Struct):
    """An object with its registrations, the newest first."""

    id: _Uuid
    registreringer: list[Registration]


Read: TypeAlias = dict[str, list[Object]]


class Found(msgspec.Struct):
    """The objects of a list, or the uuids that a search finds."""

    results: list[list[Object | _Uuid]]


class SiteMap(msgspec.Struct, rename={"site_map": "site-map"}):
    """All addresses that can be read."""

    site_map: list[str]


Told: TypeAlias = dict[str, Any]


class Reading(msgspec.Struct):
    """Which times are asked for; an instant excludes the window beside it."""

    virkningstid: _Time = None
    virkningFra: _Time = None
    virkningTil: _Time = None
    registreringstid: _Time = None
    registreretFra: _Time = None
    registreretTil: _Time = None
    konsolider: str | None = None


class Searching(Reading):
    """What is searched for. Beside these there are the fields, states and relations of each class, also with ``:objekttype``."""

    uuid: list[_Uuid] | None = None
    bvn: str | None = None
    vilkaarligattr: str | None = None
    vilkaarligrel: _Uuid | None = None
    livscykluskode: _Code | None = None
    brugerref: _Uuid | None = None
    notetekst: str | None = None
    foersteresultat: _Count = None
    maximalantalresultater: _Count = None
    whole: str | None = msgspec.field(default=None, name="list")
