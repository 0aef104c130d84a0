"""Dynacase as a door."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from tests.doors.door import Ability, Door, Known, Refusal
from tests.doors.gever import Gever
from tests.protocol.client import Client, Response
from tests.protocol.dynacase import BASE, JSON, attributes, data_of, put, put_form, refusal_of
from tests.protocol.okd import FORM, Part, form

_UPDATE: Final = (403, "API0201")
_DELETION: Final = (403, "API0216")
_REFUSALS: Final[dict[Refusal, set[tuple[int, str]]]] = {
    Refusal.LOCKED: {_UPDATE, _DELETION},
    Refusal.CHECKED_OUT: {_UPDATE, _DELETION},
    Refusal.MISSING: {(404, "API0200"), (404, "API0219")},
    Refusal.STALE: {(412, "API0412")},
}
_ALL: Final = "?fields=document.properties.all,document.attributes"


class Dynacase(Door):
    """Has documents by their inner numbers, which GEVER tells of what has a UUID."""

    name: ClassVar[str] = "dynacase"
    lacks = {
        Ability.DESCRIBE: "its files have no attribute for that",
        Ability.PAST: "it keeps what a revision was before its last version to itself",
        Ability.TOKEN: "its locks have none",
        Ability.CHECK_OUT: "it has locks alone",
        Ability.MOVE: "documents have no place here",
    }
    is_without_tokens = True
    title_of_untitled = "name.txt"
    versions_typed_metadata = True

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def create(self, client: Client, content: bytes, name: str) -> str:
        parts = (Part("fi_title", b"Dossier"), Part("fi_file", content, name, "text/plain"))
        made = client("POST", f"{BASE}/families/MY_FILE/documents/", form(*parts), content_type=FORM)
        number = data_of(made, 201)["document"]["properties"]["initid"]
        listed = client("GET", "/okd/v1/documents?pageSize=250").json["items"]
        for uuid in (item["dmsDocumentId"] for item in listed):
            if self._number(client, uuid) == number:
                return str(uuid)
        raise AssertionError("it is not there for others")

    def _number(self, client: Client, uuid: str) -> int:
        """Return the number of a document, 0 if it is not there."""
        if uuid not in self._numbers:
            gever = Gever()
            if gever.address(client, uuid) is None:
                return 0
            self._numbers[uuid] = int(gever.shown(client, uuid)["oguid"].rpartition(":")[2])
        return self._numbers[uuid]

    def at(self, client: Client, uuid: str, rest: str = "") -> str:
        """Return the address of a document, or of something of it."""
        return f"{BASE}/documents/{self._number(client, uuid)}{rest}"

    def exists(self, client: Client, uuid: str) -> bool:
        is_shown = client("GET", self.at(client, uuid)).status == 200
        listed = data_of(client("GET", f"{BASE}/documents/?slice=all"))["documents"]
        assert (self._number(client, uuid) in [one["properties"]["id"] for one in listed]) == is_shown
        return is_shown

    def shown(self, client: Client, uuid: str) -> Any:
        """Return all its properties and attributes."""
        return data_of(client("GET", self.at(client, uuid, _ALL)))["document"]

    def read(self, client: Client, uuid: str) -> Response:
        return client("GET", self.at(client, uuid, "/files/fi_file"))

    def known(self, client: Client, uuid: str) -> Known:
        shown = self.shown(client, uuid)
        said, file = shown["properties"], shown["attributes"]["fi_file"]
        assert said["title"] == shown["attributes"]["fi_title"]["value"]
        return Known(
            length_bytes=file["size"],
            media_type=file["mime"],
            created_at=datetime.fromisoformat(said["creationDate"]).replace(tzinfo=UTC),
            modified_at=datetime.fromisoformat(said["lastModificationDate"]).replace(tzinfo=UTC),
            title=said["title"],
            file_name=file["fileName"],
            created_by=said["createdBy"]["title"],
        )

    def kept_by(self, client: Client, uuid: str) -> str | None:
        held = self.shown(client, uuid)["properties"]["security"]["lock"]
        assert (held["id"] == 0) == ("lockedBy" not in held)
        return held["lockedBy"]["title"] if "lockedBy" in held else None

    def versions(self, client: Client, uuid: str) -> int:
        said = self.shown(client, uuid)["properties"]
        assert said["revision"] == 0
        return int(said["version"])

    def replace(self, client: Client, uuid: str, content: bytes, **headers: str) -> Response:
        name = self.shown(client, uuid)["attributes"]["fi_file"]["fileName"] if self.exists(client, uuid) else "x"
        return put_form(client, self.at(client, uuid), Part("fi_file", content, name, "text/plain"), **headers)

    def change_metadata(self, client: Client, uuid: str, token: str | None = None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return client("PUT", self.at(client, uuid), attributes(fi_title="Titel"), content_type=JSON, **headers)

    def entitle(self, client: Client, uuid: str, title: str) -> Response:
        return put(client, self.at(client, uuid), fi_title=title)

    def touch(self, client: Client, uuid: str, token: str | None = None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return self.replace(client, uuid, b"touched by Dynacase", **headers)

    def delete(self, client: Client, uuid: str) -> Response:
        return client("DELETE", self.at(client, uuid))

    def restore(self, client: Client, uuid: str) -> None:
        alive = json.dumps({"document": {"properties": {"status": "alive"}}})
        data_of(client("PUT", f"{BASE}/trash/{self._number(client, uuid)}", alive, content_type=JSON))

    def lock(self, client: Client, uuid: str) -> Response:
        return client("POST", self.at(client, uuid, "/locks/temporary"))

    def unlock(self, client: Client, uuid: str, token: str | None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return client("DELETE", self.at(client, uuid, "/locks/"), **headers)

    def assert_refused(self, response: Response, why: Refusal) -> None:
        assert refusal_of(response) in _REFUSALS[why], response
