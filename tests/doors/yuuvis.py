"""yuuvis as a door."""

from __future__ import annotations

import json
from datetime import datetime
from typing import ClassVar, Final

from tests.doors.door import Ability, Door, Known, Refusal
from tests.protocol.client import Client, Response
from tests.protocol.yuuvis import BASE, JSON, Entry, envelope, of, only, part, patch, post_form, refusal, said, stream_of, upload
from tests.protocol.yuuvis import values as properties

_REFUSALS: Final = {
    Refusal.LOCKED: (409, 2830),
    Refusal.CHECKED_OUT: (409, 2830),
    Refusal.MISSING: (404, 2004),
    Refusal.STALE: (412, 2812),
}


class Yuuvis(Door):
    """Has documents by their UUID."""

    name: ClassVar[str] = "yuuvis"
    lacks = {
        Ability.DESCRIBE: "its documents have no property for that",
        Ability.KEEPER: "it names who has locked a document in its refusals alone",
        Ability.TOKEN: "its locks have none",
        Ability.CHECK_OUT: "it has locks alone",
        Ability.RESTORE: "what was deleted is gone here",
    }
    is_without_tokens = True
    locks_end = False
    title_of_untitled = "name.txt"
    versions_typed_metadata = True
    moves_by_a_version = True

    def create(self, client: Client, content: bytes, name: str) -> str:
        said_of_it = properties(system__objectTypeId="document", Name="Bericht")
        entry = of(said_of_it, {"cid": "c", "fileName": name, "mimeType": "text/plain"})
        made = only(post_form(client, envelope(entry), part("c", content)))
        return str(said(made)["system:objectId"])

    def at(self, uuid: str, rest: str = "") -> str:
        """Return the address of a document, or of something of it."""
        return f"{BASE}/{uuid}{rest}"

    def exists(self, client: Client, uuid: str) -> bool:
        is_shown = client("GET", self.at(uuid)).status == 200
        assert (self._found(client, "system:document", f"system:objectId = '{uuid}'") != []) == is_shown
        return is_shown

    def _found(self, client: Client, kind: str, condition: str) -> list[Entry]:
        body = json.dumps({"query": {"statement": f"SELECT * FROM {kind} WHERE {condition}"}})
        response = client("POST", f"{BASE}/search", body, content_type=JSON)
        assert response.status == 200, response
        found: list[Entry] = response.json["objects"]
        return found

    def read(self, client: Client, uuid: str) -> Response:
        return client("GET", self.at(uuid, "/contents/file"))

    def known(self, client: Client, uuid: str) -> Known:
        entry = only(client("GET", self.at(uuid)))
        shown, stream = said(entry), stream_of(entry)
        return Known(
            length_bytes=stream["length"],
            media_type=stream["mimeType"],
            created_at=datetime.fromisoformat(shown["system:creationDate"]),
            modified_at=datetime.fromisoformat(shown["system:lastModificationDate"]),
            title=shown["Name"],
            file_name=stream["fileName"],
            created_by=shown["system:createdBy"],
            sha256=stream["digest"],
        )

    def versions(self, client: Client, uuid: str) -> int:
        number: int = said(only(client("GET", self.at(uuid))))["system:versionNumber"]
        assert len(client("GET", self.at(uuid, "/versions")).json["objects"]) == number
        return number

    def version_before(self, client: Client, uuid: str) -> bytes:
        return client.get(self.at(uuid, f"/versions/{self.versions(client, uuid) - 1}/contents/file"))

    def replace(self, client: Client, uuid: str, content: bytes, **headers: str) -> Response:
        return upload(client, self.at(uuid), content, "PUT", **headers)

    def change_metadata(self, client: Client, uuid: str, token: str | None = None) -> Response:
        return self._patch(client, uuid, {} if token is None else {"lock_token": token}, Name="Titel")

    def entitle(self, client: Client, uuid: str, title: str) -> Response:
        return self._patch(client, uuid, {}, Name=title)

    def _patch(self, client: Client, uuid: str, headers: dict[str, str], **values: object) -> Response:
        return patch(client, of(properties(**values)), to=self.at(uuid), **headers)

    def touch(self, client: Client, uuid: str, token: str | None = None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return self.replace(client, uuid, b"touched by yuuvis", **headers)

    def delete(self, client: Client, uuid: str) -> Response:
        return client("DELETE", self.at(uuid))

    def move(self, client: Client, uuid: str) -> None:
        (folder,) = self._found(client, "system:folder", "Name = 'Ablage'")
        moved = self._patch(client, uuid, {}, system__parentId=said(folder)["system:objectId"])
        assert said(only(moved))["system:parentId"] == said(folder)["system:objectId"]

    def lock(self, client: Client, uuid: str) -> Response:
        return client("PATCH", self.at(uuid, "/contents/native/lock"))

    def unlock(self, client: Client, uuid: str, token: str | None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return client("PATCH", self.at(uuid, "/contents/native/unlock"), **headers)

    def assert_refused(self, response: Response, why: Refusal) -> None:
        assert refusal(response) == _REFUSALS[why], response
        if why in (Refusal.LOCKED, Refusal.CHECKED_OUT):
            assert "ann" in response.json["message"]
