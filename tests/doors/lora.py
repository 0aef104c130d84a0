"""LoRA as a door."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from davgate.model.instant import to_datetime
from tests.doors.door import Ability, Door, Known, Refusal
from tests.protocol.client import Client, Response
from tests.protocol.lora import (
    BOUNDARY,
    DOKUMENT,
    Json,
    del_,
    dokument,
    entry,
    form,
    found,
    history,
    message_of,
    newest,
    send,
    variant,
)
from tests.protocol.lora import create as created

_REFUSALS: Final = {
    Refusal.LOCKED: 423,
    Refusal.CHECKED_OUT: 423,
    Refusal.MISSING: 410,
    Refusal.STALE: 412,
}
_NO_VERSIONS: Final = ("Slettet", "Importeret")
"""The registrations of a deletion and of a restoration, at which a document stays what it was."""


class Lora(Door):
    """Has documents by their UUID, as ``dokument`` with one uploaded part."""

    name: ClassVar[str] = "lora"
    lacks = {
        Ability.KEEPER: "it knows no locks",
        Ability.LOCK: "it knows no locks",
        Ability.TOKEN: "it knows no locks",
        Ability.CHECK_OUT: "it knows no check-outs",
        Ability.RESTORE: "an import brings a document back only by saying all of it anew",
        Ability.MOVE: "documents have no place here",
    }
    is_without_tokens = True
    title_of_untitled = "name.txt"
    tells_of_saves = True
    shows_working_copies = False
    versions_typed_metadata = True
    deletes_what_is_gone = True

    def create(self, client: Client, content: bytes, name: str) -> str:
        since = _now(client)
        payload = dokument(variant(del_(start=since)), titel="Brev")
        for section in ("attributter", "tilstande"):
            for entries in payload[section].values():
                entries[0]["virkning"]["from"] = since
        return created(client, DOKUMENT, payload, f1=(content, name, "text/plain"))

    def exists(self, client: Client, uuid: str) -> bool:
        is_shown = client("GET", f"{DOKUMENT}/{uuid}").status == 200
        assert (uuid in found(client, DOKUMENT, _soon(client), bvn="%")) == is_shown
        return is_shown

    def read(self, client: Client, uuid: str) -> Response:
        shown = client("GET", f"{DOKUMENT}/{uuid}")
        if shown.status != 200:
            return shown
        (part,) = _parts(self._shown(client, uuid))
        return self._content(client, part)

    def _shown(self, client: Client, uuid: str) -> Json:
        """Return the newest registration as it is valid now."""
        return newest(client, DOKUMENT, uuid, _soon(client))

    def _content(self, client: Client, part: Json) -> Response:
        (said,) = part["egenskaber"]
        return client("GET", f"{DOKUMENT}/{said['indhold'].removeprefix('store:')}")

    def known(self, client: Client, uuid: str) -> Known:
        shown = self._shown(client, uuid)
        versions = self._versions(client, uuid)
        (part,) = _parts(shown)
        (said,) = shown["attributter"]["dokumentegenskaber"]
        return Known(
            media_type=part["egenskaber"][0]["mimetype"],
            created_at=_made_at(versions[-1]),
            modified_at=_made_at(versions[0]),
            title=said["titel"],
            description=said["beskrivelse"],
        )

    def _versions(self, client: Client, uuid: str) -> list[Json]:
        """Return the registrations that are versions, the newest first."""
        return [one for one in history(client, DOKUMENT, uuid) if one["livscykluskode"] not in _NO_VERSIONS]

    def versions(self, client: Client, uuid: str) -> int:
        return len(self._versions(client, uuid))

    def version_before(self, client: Client, uuid: str) -> bytes:
        (part,) = _parts(self._versions(client, uuid)[1])
        return self._content(client, {"egenskaber": part["egenskaber"][-1:]}).body

    def replace(self, client: Client, uuid: str, content: bytes, **headers: str) -> Response:
        shown = client("GET", f"{DOKUMENT}/{uuid}")
        if shown.status != 200:
            return shown
        (only,) = self._shown(client, uuid)["varianter"]
        (part,) = only["dele"]
        said = {"indeks": part["egenskaber"][0].get("indeks"), "mimetype": "text/plain"}
        changed = {"deltekst": part["deltekst"], "egenskaber": [entry(_now(client), indhold="field:f", **said)]}
        payload = {"varianter": [{"varianttekst": only["varianttekst"], "dele": [changed]}]}
        body = form(payload, f=(content, "name.txt", "text/plain"))
        media_type = f"multipart/form-data; boundary={BOUNDARY}"
        return client("PATCH", f"{DOKUMENT}/{uuid}", body, content_type=media_type, **headers)

    def change_metadata(self, client: Client, uuid: str, token: str | None = None) -> Response:
        return self._patch(client, uuid, {} if token is None else {"lock_token": token}, titel="Titel", beskrivelse="d")

    def entitle(self, client: Client, uuid: str, title: str) -> Response:
        return self._patch(client, uuid, {}, titel=title)

    def describe(self, client: Client, uuid: str, description: str) -> Response:
        return self._patch(client, uuid, {}, beskrivelse=description)

    def _patch(self, client: Client, uuid: str, headers: dict[str, str], **fields: str) -> Response:
        payload = {"attributter": {"dokumentegenskaber": [entry(_now(client), **fields)]}}
        return send(client, "PATCH", f"{DOKUMENT}/{uuid}", payload, **headers)

    def touch(self, client: Client, uuid: str, token: str | None = None) -> Response:
        headers = {} if token is None else {"lock_token": token}
        return self.replace(client, uuid, b"touched by LoRA", **headers)

    def delete(self, client: Client, uuid: str) -> Response:
        return client("DELETE", f"{DOKUMENT}/{uuid}")

    def assert_refused(self, response: Response, why: Refusal) -> None:
        assert message_of(response, _REFUSALS[why])


def _now(client: Client) -> str:
    return to_datetime(client.clock.now()).isoformat()


def _soon(client: Client) -> str:
    """Return the query for what is valid in a second: the clock stands still, and of two changes at once the second is later."""
    return f"virkningstid={(to_datetime(client.clock.now()) + timedelta(seconds=1)).replace(tzinfo=None).isoformat()}"


def _made_at(registration: Json) -> datetime:
    # To the second, as other doors have it.
    return datetime.fromisoformat(registration["fratidspunkt"]["tidsstempeldatotid"]).replace(microsecond=0)


def _parts(registration: Json) -> list[Json]:
    return [part for one in registration["varianter"] for part in one["dele"]]
