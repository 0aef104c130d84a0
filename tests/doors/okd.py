"""OKD as a door."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from tests.doors.door import Ability, Door, Known, Refusal
from tests.protocol.client import Client, Response
from tests.protocol.okd import BASE, deliver, patch

_REFUSALS: Final = {
    Refusal.LOCKED: (423, "locked"),
    Refusal.CHECKED_OUT: (423, "locked"),
    Refusal.MISSING: (404, "not-found"),
    Refusal.STALE: (412, "precondition-failed"),
}


class Okd(Door):
    """Has documents by their UUID."""

    name: ClassVar[str] = "okd"
    lacks = {
        Ability.CHANGE_METADATA: "what was said of a document when it was delivered stays",
        Ability.ENTITLE: "what was said of a document when it was delivered stays",
        Ability.DESCRIBE: "what was said of a document when it was delivered stays",
        Ability.PAST: "it shows the present version alone",
        Ability.TOKEN: "its locks have none",
        Ability.CHECK_OUT: "it has locks alone",
        Ability.RESTORE: "what was withdrawn is gone here",
        Ability.MOVE: "documents have no place here",
    }
    is_without_tokens = True
    title_of_untitled = "name.txt"

    def create(self, client: Client, content: bytes, name: str) -> str:
        return deliver(client, content, name).rpartition("/")[2]

    def exists(self, client: Client, uuid: str) -> bool:
        shown = client("GET", f"{BASE}/{uuid}")
        listed = client("GET", f"{BASE}?pageSize=250").json
        is_listed = uuid in [item["dmsDocumentId"] for item in listed["items"]]
        assert listed["totalItems"] == len(listed["items"])
        assert is_listed == (shown.status == 200)
        return is_listed

    def shown(self, client: Client, uuid: str) -> Any:
        """Return its metadata."""
        response = client("GET", f"{BASE}/{uuid}/metadata")
        assert response.status == 200, response
        return response.json

    def read(self, client: Client, uuid: str) -> Response:
        return client("GET", f"{BASE}/{uuid}/download")

    def known(self, client: Client, uuid: str) -> Known:
        shown = self.shown(client, uuid)
        return Known(
            length_bytes=shown["documentSize"],
            media_type=shown["format"],
            created_at=datetime.fromisoformat(shown["creationDate"]),
            modified_at=datetime.fromisoformat(shown["modificationDate"]),
            title=shown["title"],
            description=shown["description"] or "",
            file_name=shown["fileName"],
            created_by=shown["createdBy"],
            sha256=shown["digest"]["value"],
        )

    def kept_by(self, client: Client, uuid: str) -> str | None:
        shown = self.shown(client, uuid)
        return shown["lock"]["lockedBy"] if shown["locked"] else None

    def versions(self, client: Client, uuid: str) -> int:
        number: int = self.shown(client, uuid)["version"]
        return number

    def replace(self, client: Client, uuid: str, content: bytes, **headers: str) -> Response:
        return patch(client, f"{BASE}/{uuid}", content, **headers)

    def touch(self, client: Client, uuid: str, token: str | None = None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return self.replace(client, uuid, b"touched by OKD", **headers)

    def delete(self, client: Client, uuid: str) -> Response:
        return client("DELETE", f"{BASE}/{uuid}")

    def lock(self, client: Client, uuid: str) -> Response:
        return client("POST", f"{BASE}/{uuid}/_lock")

    def unlock(self, client: Client, uuid: str, token: str | None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return client("DELETE", f"{BASE}/{uuid}/_lock", **headers)

    def assert_refused(self, response: Response, why: Refusal) -> None:
        status, code = _REFUSALS[why]
        assert response.status == status, response
        assert response.headers["content-type"] == "application/problem+json"
        said = response.json
        assert (said["status"], said["code"]) == (status, code)
        assert (why in (Refusal.LOCKED, Refusal.CHECKED_OUT)) == ("lockedBy" in said)
