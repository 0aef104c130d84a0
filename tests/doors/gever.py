"""OneGov GEVER as a door."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from tests.doors.door import Ability, Door, Known, Refusal
from tests.protocol.client import Client, Response
from tests.protocol.gever import MOUNT, ORIGIN, send, text_file

BASE: Final = ORIGIN + MOUNT

_REFUSALS: Final[dict[Refusal, set[tuple[int, str, str | None]]]] = {
    Refusal.LOCKED: {
        (403, "Forbidden", "msg_resource_locked"),
        (403, "Forbidden", "msg_checkout_disallowed"),
        (423, "ResourceLockedError", None),
    },
    Refusal.CHECKED_OUT: {(403, "Forbidden", "msg_checkout_disallowed"), (409, "Conflict", None)},
    Refusal.MISSING: {(404, "NotFound", None)},
    Refusal.STALE: {(412, "PreconditionFailed", None)},
    Refusal.CHECK_OUT: {
        (403, "Forbidden", "msg_checkout_disallowed"),
        (403, "Forbidden", "msg_checkin_disallowed"),
        (403, "Forbidden", "msg_cancel_checkout_disallowed"),
    },
}
"""Status, type and message, as far as that is not a sentence."""


class Gever(Door):
    """Finds documents by their UID, which it reads of all that is there."""

    name: ClassVar[str] = "gever"
    lacks = {Ability.RESTORE: "what DELETE took away is not in its trash"}
    title_of_untitled = "name"
    versions_typed_metadata = True
    counts_content_alone = True
    names_files_by_titles = True

    def create(self, client: Client, content: bytes, name: str) -> str:
        fields = {"@type": "opengever.document.document", "file": text_file(content.decode(), name)}
        response = send(client, "POST", BASE, fields)
        assert response.status == 201, response
        uid: str = response.json["UID"]
        return "-".join((uid[:8], uid[8:12], uid[12:16], uid[16:20], uid[20:]))

    def address(self, client: Client, uuid: str) -> str | None:
        """Return where a document is."""
        waiting = [BASE]
        while waiting:
            for item in send(client, "GET", waiting.pop() + "?b_size=1000").json["items"]:
                if item["UID"] == uuid.replace("-", ""):
                    return str(item["@id"])
                if item["@type"] != "opengever.document.document":
                    waiting.append(item["@id"])
        return None

    def at(self, client: Client, uuid: str, service: str = "") -> str:
        """Return the address of a document or of a service of it; of nothing if it is not there."""
        return (self.address(client, uuid) or f"{BASE}/gone") + service

    def exists(self, client: Client, uuid: str) -> bool:
        return self.address(client, uuid) is not None

    def shown(self, client: Client, uuid: str) -> Any:
        """Return its representation."""
        response = send(client, "GET", self.at(client, uuid))
        assert response.status == 200, response
        return response.json

    def read(self, client: Client, uuid: str) -> Response:
        return send(client, "GET", self.at(client, uuid, "/@@download/file"))

    def known(self, client: Client, uuid: str) -> Known:
        shown = self.shown(client, uuid)
        return Known(
            length_bytes=shown["file"]["size"],
            media_type=shown["file"]["content-type"],
            created_at=datetime.fromisoformat(shown["created"]),
            modified_at=datetime.fromisoformat(shown["modified"]),
            title=shown["title"],
            description=shown["description"] or "",
            file_name=shown["file"]["filename"],
            created_by=shown["creator"]["identifier"],
        )

    def kept_by(self, client: Client, uuid: str) -> str | None:
        shown = self.shown(client, uuid)
        kept_by: str | None = shown["checked_out"] or shown["lock"].get("creator")
        return kept_by

    def versions(self, client: Client, uuid: str) -> int:
        return len(send(client, "GET", self.at(client, uuid, "/@history")).json)

    def version_before(self, client: Client, uuid: str) -> bytes:
        number = self.shown(client, uuid)["current_version_id"] - 1
        before = send(client, "GET", self.at(client, uuid, f"/@history/{number}")).json
        return send(client, "GET", before["file"]["download"]).body

    def replace(self, client: Client, uuid: str, content: bytes, **headers: str) -> Response:
        file = {"file": text_file(content.decode())}
        if self.shown(client, uuid)["checked_out"] == client.ctx.principal.name:
            return send(client, "PATCH", self.at(client, uuid), file, **headers)
        checked_out = send(client, "POST", self.at(client, uuid, "/@checkout"), **headers)
        if checked_out.status != 204:
            return checked_out
        patched = send(client, "PATCH", self.at(client, uuid), file)
        assert patched.status == 204, patched
        return self.check_in(client, uuid)

    def change_metadata(self, client: Client, uuid: str, token: str | None = None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return send(client, "PATCH", self.at(client, uuid), {"title": "Titel", "description": "d"}, **headers)

    def entitle(self, client: Client, uuid: str, title: str) -> Response:
        return send(client, "PATCH", self.at(client, uuid), {"title": title})

    def describe(self, client: Client, uuid: str, description: str) -> Response:
        return send(client, "PATCH", self.at(client, uuid), {"description": description})

    def touch(self, client: Client, uuid: str, token: str | None = None) -> Response:
        return self.change_metadata(client, uuid, token)

    def delete(self, client: Client, uuid: str) -> Response:
        return send(client, "DELETE", self.at(client, uuid))

    def move(self, client: Client, uuid: str) -> None:
        moved = send(client, "POST", f"{BASE}/Ablage/@move", {"source": uuid.replace("-", "")})
        assert moved.status == 200 and len(moved.json) == 1, moved

    def lock(self, client: Client, uuid: str) -> Response:
        return send(client, "POST", self.at(client, uuid, "/@lock"))

    def unlock(self, client: Client, uuid: str, token: str | None) -> Response:
        response = send(client, "POST", self.at(client, uuid, "/@unlock"))
        assert response.json["locked"] is False
        return response

    def token_of(self, client: Client, uuid: str) -> str | None:
        token: str | None = send(client, "GET", self.at(client, uuid, "/@lock")).json.get("token")
        return token

    def check_out(self, client: Client, uuid: str) -> Response:
        return send(client, "POST", self.at(client, uuid, "/@checkout"))

    def check_in(self, client: Client, uuid: str) -> Response:
        return send(client, "POST", self.at(client, uuid, "/@checkin"), {"comment": "c"})

    def cancel(self, client: Client, uuid: str) -> Response:
        return send(client, "POST", self.at(client, uuid, "/@cancelcheckout"))

    def assert_refused(self, response: Response, why: Refusal) -> None:
        said = response.json
        assert said["error"] == {"type": said["type"], "message": said["translated_message"]}
        found = {(response.status, said["type"], message) for message in (said["message"], None)}
        assert found & _REFUSALS[why], response
