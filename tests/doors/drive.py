"""The drive as a door."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import ClassVar, Final
from urllib.parse import quote

from lxml import etree

from tests.doors.door import Ability, Door, Known, Refusal
from tests.protocol.client import HOST, SET_AUTHOR, Client, Response, lockinfo
from tests.protocol.multistatus import DAV, entries, error_of, members, propfind

ROOT: Final = "/dav/"
ELSEWHERE: Final = "/dav/Ablage/"
"""A folder that is there from the beginning."""

_LOCKED: Final = (423, "lock-token-submitted")
_REFUSALS: Final[dict[Refusal, set[tuple[int, str | None]]]] = {
    Refusal.LOCKED: {_LOCKED},
    Refusal.CHECKED_OUT: {_LOCKED},
    Refusal.MISSING: {(404, None)},
    Refusal.STALE: {(412, None)},
    Refusal.CHECK_OUT: {_LOCKED, (409, "must-be-checked-in")},
}
"""Status and precondition."""


class Drive(Door):
    """Finds documents by ``DAV:resource-id``, which it reads of all that is there."""

    name: ClassVar[str] = "drive"
    lacks = {
        Ability.ENTITLE: "it has names alone; properties that are set here mean nothing to others",
        Ability.DESCRIBE: "it has names alone; properties that are set here mean nothing to others",
    }
    creates_untitled = True

    def create(self, client: Client, content: bytes, name: str) -> str:
        client.put(ROOT + name, content)
        (entry,) = propfind(client, ROOT + name, "resource-id").values()
        return str(entry.properties["resource-id"].element[0].text).removeprefix("urn:uuid:")

    def address(self, client: Client, uuid: str) -> str | None:
        """Return where a document is."""
        waiting = [ROOT]
        while waiting:
            top, *below = propfind(client, waiting.pop(), "resource-id", depth="1").items()
            for href, entry in below:
                if entry.properties["resource-id"].element[0].text == f"urn:uuid:{uuid}":
                    return href
            waiting += [href for href, _ in below if href.endswith("/")]
        return None

    def at(self, client: Client, uuid: str) -> str:
        """Return where a document is that is there."""
        found = self.address(client, uuid)
        return found if found is not None else ROOT + "gone"

    def exists(self, client: Client, uuid: str) -> bool:
        return self.address(client, uuid) is not None

    def read(self, client: Client, uuid: str) -> Response:
        return client("GET", self.at(client, uuid))

    def known(self, client: Client, uuid: str) -> Known:
        at = self.at(client, uuid)
        (said,) = propfind(client, at, "getcontentlength", "getcontenttype", "creationdate", "getlastmodified").values()
        return Known(
            length_bytes=int(said["getcontentlength"]),
            media_type=said["getcontenttype"],
            created_at=datetime.fromisoformat(said["creationdate"]),
            modified_at=parsedate_to_datetime(said["getlastmodified"]),
        )

    def kept_by(self, client: Client, uuid: str) -> str | None:
        locks = self._locks(client, self.at(client, uuid))
        return (locks[0].findtext(f"{DAV}owner") or "") if locks else None

    def versions(self, client: Client, uuid: str) -> int:
        return len(members(client, self._history(client, uuid)))

    def version_before(self, client: Client, uuid: str) -> bytes:
        history = self._history(client, uuid)
        return client.get(f"{history}{self.versions(client, uuid) - 1:04}")

    def _history(self, client: Client, uuid: str) -> str:
        above, _, name = self.at(client, uuid).rpartition("/")
        return f"{above}/.versions/{name}/"

    def replace(self, client: Client, uuid: str, content: bytes, **headers: str) -> Response:
        return client("PUT", self.at(client, uuid), content, **headers)

    def change_metadata(self, client: Client, uuid: str, token: str | None = None) -> Response:
        response = client("PROPPATCH", self.at(client, uuid), SET_AUTHOR, **_submitted(token))
        is_set = [one.named(200) for one in entries(response).values()] == [{"{urn:x}author"}]
        return Response(204, {}, b"") if is_set else response

    def touch(self, client: Client, uuid: str, token: str | None = None) -> Response:
        return self.replace(client, uuid, b"touched by the drive", **_submitted(token))

    def delete(self, client: Client, uuid: str) -> Response:
        return client("DELETE", self.at(client, uuid))

    def restore(self, client: Client, uuid: str) -> None:
        for name in members(client, "/dav/.trash/"):
            (entry,) = propfind(client, f"/dav/.trash/{quote(name)}", "resource-id").values()
            if entry.properties["resource-id"].element[0].text == f"urn:uuid:{uuid}":
                moved = client("MOVE", f"/dav/.trash/{quote(name)}", destination=f"http://{HOST}{ROOT}back.txt")
                assert moved.status == 201, moved
                return
        raise AssertionError("it is not in the trash")

    def move(self, client: Client, uuid: str) -> None:
        target = f"http://{HOST}{ELSEWHERE}renamed.txt"
        assert client("MOVE", self.at(client, uuid), destination=target).status == 201

    def lock(self, client: Client, uuid: str) -> Response:
        return client("LOCK", self.at(client, uuid), lockinfo(owner=client.ctx.principal.name))

    def unlock(self, client: Client, uuid: str, token: str | None) -> Response:
        return client("UNLOCK", self.at(client, uuid), lock_token=f"<{token}>")

    def token_of(self, client: Client, uuid: str) -> str | None:
        (one,) = self._locks(client, self.at(client, uuid))
        return one.findtext(f"{DAV}locktoken/{DAV}href")

    def _locks(self, client: Client, at: str) -> list[etree._Element]:
        (said,) = propfind(client, at, "lockdiscovery").values()
        return list(said.properties["lockdiscovery"].element)

    def check_out(self, client: Client, uuid: str) -> Response:
        return client("CHECKOUT", self.at(client, uuid))

    def check_in(self, client: Client, uuid: str) -> Response:
        return client("CHECKIN", self.at(client, uuid))

    def cancel(self, client: Client, uuid: str) -> Response:
        return client("UNCHECKOUT", self.at(client, uuid))

    def assert_refused(self, response: Response, why: Refusal) -> None:
        assert (response.status, error_of(response)[0]) in _REFUSALS[why], response


def _submitted(token: str | None) -> dict[str, str]:
    return {} if token is None else {"if_": f"(<{token}>)"}
