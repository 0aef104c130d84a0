"""Objects made through all doors, for requests to be about."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, cycle
from typing import Final
from uuid import UUID

from davgate.core import describing
from davgate.core.store import Store
from davgate.model.paths import TreePath
from davgate.rest.gever.addresses import address_of
from tests.builders import path
from tests.protocol import gever, okd
from tests.protocol.client import Client

_KEPT: Final = 8
_BETWEEN: Final = timedelta(minutes=2)
"""From one request to the next: locks end after some, and no failed sign-in holds up the next ones."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: its UUID, and its address in GEVER."""

    uuid: str
    address: TreePath


class Stock:
    """Has some objects at any time, each request another; the oldest are used up in some way by requests before."""

    def __init__(self, store: Store, client: Client) -> None:
        self._store = store
        self._client = client
        self._folder = gever.a_dossier(client, "Bestand")
        client.mkcol("/dav/Bestand neu")
        self._numbers = count(1)
        self._made = cycle((self._by_drive, self._by_gever, self._by_okd, self._a_dossier))
        self._things = deque((next(self._made)() for _ in range(_KEPT)), _KEPT)

    def another(self) -> Thing:
        """Return an object that most of the time is still there."""
        self._client.clock.advance(_BETWEEN)
        number = next(self._numbers)
        self._things.append(next(self._made)())
        return self._things[number * 5 % _KEPT]

    def _by_drive(self) -> Thing:
        place = f"/Bestand neu/{next(self._numbers)}.txt"
        for content in ("one", "two"):
            self._client.put("/dav" + place.replace(" ", "%20"), content)
        return self._at(path(place))

    def _by_gever(self) -> Thing:
        document = gever.a_document(self._client, self._folder)
        document.check_in(self._client, "alpha v1")
        return self._at(str(UUID(document.seen_by(self._client)["UID"])))

    def _by_okd(self) -> Thing:
        form = okd.form(okd.metadata_part(), okd.file_part())
        response = self._client("POST", okd.BASE, form, content_type=okd.FORM)
        return self._at(str(response.json["dmsDocumentId"]))

    def _a_dossier(self) -> Thing:
        return self._at(str(UUID(gever.send(self._client, "GET", gever.a_dossier(self._client)).json["UID"])))

    def _at(self, where: TreePath | str) -> Thing:
        seen = describing.describe(self._store, self._client.ctx, where, with_above=True)
        return Thing(seen.it.node.uuid, address_of(seen))
