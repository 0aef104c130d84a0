"""Objects made through all doors, for requests to be about."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from itertools import count, cycle
from typing import Final
from uuid import UUID

from davgate.core import describing
from davgate.core.store import Store
from davgate.model.paths import TreePath
from davgate.rest.gever.addresses import address_of
from tests.builders import path
from tests.protocol import dynacase, gever, lora, okd, yuuvis
from tests.protocol.client import Client

_KEPT: Final = 5
_BETWEEN: Final = timedelta(minutes=2)
"""From one request to the next: locks end after some, and no failed sign-in holds up the next ones."""


class Kind(Enum):
    """What requests are about.

    Documents four times of five; containers; containers to which an upload is on its way; documents alone, some of them of
    families of Dynacase; such in the trash; documents and containers, some of them of types of yuuvis; objects of LoRA with
    documents of other doors; documents of LoRA with a stored part.
    """

    ANY = auto()
    CONTAINER = auto()
    UPLOAD = auto()
    DOCUMENT = auto()
    TRASHED = auto()
    TYPED = auto()
    REGISTERED = auto()
    STORED = auto()


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: its UUID, its address in GEVER, the id of an upload to it, its inner id, its family in Dynacase.

    Then service and class in LoRA, and where there the content of its part is stored.
    """

    uuid: str
    address: TreePath = ()
    upload_id: str = ""
    id: int = 0
    family: str = "MY_FILE"
    lora_class: tuple[str, str] = ("dokument", "dokument")
    stored: tuple[str, ...] = ()


class Stock:
    """Has some objects at any time. Requests may have locked, changed or deleted some; with each the oldest is replaced."""

    def __init__(self, store: Store, client: Client) -> None:
        self._store = store
        self._client = client
        self._folder = gever.a_dossier(client, "Bestand")
        client.mkcol("/dav/Bestand%20neu")
        self._numbers = count(1)
        self._kinds = {
            Kind.ANY: self._kept(self._by_drive, self._by_gever, self._by_okd, self._checked_out, self._a_dossier),
            Kind.CONTAINER: self._kept(self._a_dossier),
            Kind.UPLOAD: self._kept(self._an_upload),
            Kind.DOCUMENT: self._kept(self._an_article, self._by_drive, self._a_cookbook, self._by_okd, self._checked_out),
            Kind.TRASHED: self._kept(self._trashed),
            Kind.TYPED: self._kept(self._an_email, self._by_drive, self._a_dossier, self._an_email, self._checked_out),
            Kind.REGISTERED: self._kept(self._a_facet, self._by_drive, self._a_dokument, self._a_unit, self._by_okd),
            Kind.STORED: self._kept(self._a_dokument),
        }

    def another(self, kind: Kind) -> Thing:
        """Return an object."""
        self._client.clock.advance(_BETWEEN)
        return next(self._kinds[kind])

    def _kept(self, *makers: Callable[[], Thing]) -> Iterator[Thing]:
        kept: deque[Thing] = deque(maxlen=_KEPT)
        for number, make in enumerate(cycle(makers)):
            kept.append(make())
            yield kept[number * 3 % len(kept)]

    def _by_drive(self) -> Thing:
        name = f"{next(self._numbers)}.txt"
        for content in ("one", "two"):
            self._client.put(f"/dav/Bestand%20neu/{name}", content)
        return self._at(path(f"/Bestand neu/{name}"))

    def _by_gever(self) -> Thing:
        document = gever.a_document(self._client, self._folder)
        document.check_in(self._client, "alpha v1")
        return self._at(str(UUID(document.seen_by(self._client)["UID"])))

    def _checked_out(self) -> Thing:
        thing = self._by_gever()
        gever.send(self._client, "POST", f"{gever.ORIGIN}{gever.MOUNT}/{'/'.join(thing.address)}/@checkout")
        return thing

    def _by_okd(self) -> Thing:
        form = okd.form(okd.metadata_part(), okd.file_part())
        response = self._client("POST", okd.BASE, form, content_type=okd.FORM)
        return self._at(str(response.json["dmsDocumentId"]))

    def _a_dossier(self) -> Thing:
        return self._at(str(UUID(gever.send(self._client, "GET", gever.a_dossier(self._client)).json["UID"])))

    def _an_upload(self) -> Thing:
        dossier = self._a_dossier()
        url = f"{gever.ORIGIN}{gever.MOUNT}/{'/'.join(dossier.address)}/@tus-upload"
        response = gever.send(self._client, "POST", url, tus_resumable="1.0.0", upload_length="4")
        return replace(dossier, upload_id=response.headers["location"].rpartition("/")[2])

    def _an_article(self) -> Thing:
        article = dynacase.article(self._client, my_level=3, my_color="red", my_tags=["one", "two"])
        files = (okd.file_part(name="bild.txt"), okd.file_part(name="anlage.txt"))
        parts = (replace(part, name=name) for part, name in zip(files, ("my_file", "my_annexes"), strict=True))
        dynacase.data_of(dynacase.put_form(self._client, article, *parts))
        return replace(self._at(int(article.rpartition("/")[2])), family="MY_ARTICLE")

    def _a_cookbook(self) -> Thing:
        made = dynacase.create(self._client, "MY_COOKBOOK", ba_title="Kuchen")
        return replace(self._at(made["properties"]["id"]), family="MY_COOKBOOK")

    def _trashed(self) -> Thing:
        thing = self._an_article()
        dynacase.data_of(self._client("DELETE", f"{dynacase.BASE}/documents/{thing.id}"))
        return thing

    def _an_email(self) -> Thing:
        email = yuuvis.an_imported_email(self._client)
        yuuvis.only(yuuvis.patch(self._client, yuuvis.of({"appEmail:subject": {"value": "Absage"}}), to=email))
        return Thing(email.rpartition("/")[2])

    def _a_facet(self) -> Thing:
        uuid = lora.create(self._client, lora.FACET, lora.facet())
        changed = lora.entry("2014-01-01", "2015-01-01", supplement="s1")
        lora.patch(self._client, lora.FACET, uuid, {"attributter": {"facetegenskaber": [changed]}})
        return Thing(uuid, lora_class=("klassifikation", "facet"))

    def _a_unit(self) -> Thing:
        return Thing(lora.create(self._client, lora.UNIT, lora.unit()), lora_class=("organisation", "organisationenhed"))

    def _a_dokument(self) -> Thing:
        whole = lora.dokument(lora.variant(lora.del_()))
        uuid = lora.create(self._client, lora.DOKUMENT, whole, f1=(b"one", "a.txt", "text/plain"))
        (variant,) = lora.newest(self._client, lora.DOKUMENT, uuid)["varianter"]
        stored = variant["dele"][0]["egenskaber"][0]["indhold"]
        return Thing(uuid, stored=tuple(stored.removeprefix("store:").split("/")))

    def _at(self, where: TreePath | str | int) -> Thing:
        seen = describing.describe(self._store, self._client.ctx, where, with_above=True)
        return Thing(seen.it.node.uuid, address_of(seen), id=seen.it.node.id)
