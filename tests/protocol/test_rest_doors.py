"""What every REST door does around its dialect: sign-in, routes, methods, queries, representations, refusals."""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import Final

import pytest

from davgate.app import Application
from davgate.config import ConfigError, DoorsConfig, LimitsConfig, load
from davgate.core.audit import shown as audit_shown
from davgate.core.documents import open_content
from davgate.core.opening import Opened
from davgate.core.principals import accounts
from davgate.core.store import SYSTEM_CONTEXT, Store
from davgate.http import content
from davgate.http.errors import TABLE
from davgate.http.responses import Response, empty
from davgate.model import errors
from davgate.model.errors import DavgateError
from davgate.model.principal import PrincipalKind
from davgate.rest.dialects import DIALECTS
from davgate.rest.exchange import Exchange
from davgate.rest.operations import Answer, Operation, Route
from davgate.rest.problems import status_of
from davgate.storage.api import AuditFilter, AuditRow
from tests.builders import SettableClock
from tests.protocol.client import Client, basic
from tests.protocol.conftest import Serve
from tests.protocol.tiny_dialect import DIALECT, MOUNT

MEMBERS: Final = {"type", "title", "status", "code", "detail", "instance"}


def _fail(exchange: Exchange) -> Response:
    raise RuntimeError("nobody foresaw this")


@pytest.mark.parametrize("name", DIALECTS)
def test_fault_of_the_server_is_told_in_the_form_of_the_door(serve: Serve, store: Store, ann: Client, name: str) -> None:
    failing = Operation(
        method="GET", template="/fail", handler=_fail, id="fail", summary="Fail.", reads=True, answers={200: Answer()}
    )
    dialect = dataclasses.replace(DIALECTS[name]({"folder": ("x",)}), operations=(failing,), router=None)

    answer = ann.through(serve(store, dialects={MOUNT: dialect}))("GET", f"{MOUNT}/fail")

    assert answer.status == 500
    assert answer.headers["content-type"].partition(";")[0] in {"application/json", "application/problem+json"}
    assert answer.headers["x-request-id"] in answer.body.decode()
    assert "RuntimeError" not in answer.body.decode()


def _send(exchange: Exchange) -> Response:
    opened = open_content(exchange.store, exchange.ctx, ("a.txt",))
    assert isinstance(opened, Opened)
    return content.send(exchange.request.environ, opened)


@pytest.mark.parametrize("name", DIALECTS)
def test_range_beyond_the_end_is_told_in_the_form_of_the_door(serve: Serve, store: Store, ann: Client, name: str) -> None:
    tag = ann("PUT", "/dav/a.txt", b"0123456789").headers["etag"]
    sending = Operation(method="GET", template="/a", handler=_send, id="a", summary="Send.", reads=True, answers={200: Answer()})
    dialect = dataclasses.replace(DIALECTS[name]({"folder": ("x",)}), operations=(sending,), router=None)

    answer = ann.through(serve(store, dialects={MOUNT: dialect}))("GET", f"{MOUNT}/a", range="bytes=10-")

    assert (answer.status, answer.headers["content-range"], answer.headers["etag"]) == (416, "bytes */10", tag)
    assert answer.headers["content-type"].partition(";")[0] in {"application/json", "application/problem+json"}
    assert "ends before the range" in answer.body.decode()


@pytest.mark.parametrize(
    "folder", ["okd/v1/documents", "gever", "api/dms/objects", "api/v1/documents", "lora/organisation/bruger"]
)
@pytest.mark.parametrize("segment", ["x" * 300, "%00", "x%2fy", "..%2f"])
def test_segment_that_nothing_is_called_by_leads_nowhere(
    serve: Serve, store: Store, ann: Client, nobody: Client, folder: str, segment: str
) -> None:
    doors = serve(store)

    answer = ann.through(doors)("GET", f"/{folder}/{segment}", accept="application/json")

    assert answer.status == 404
    assert answer.headers["content-type"].partition(";")[0] in {"application/json", "application/problem+json"}
    assert nobody.through(doors)("GET", f"/{folder}/{segment}").status == 401


@pytest.fixture
def app(serve: Serve, store: Store) -> Application:
    """An application with the dialect of these tests."""
    return serve(store, dialects={MOUNT: DIALECT})


# Sign-in comes first


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/notes"),
        ("GET", "/nothing"),
        ("PATCH", "/notes"),
        ("GET", "/notes/a%2Fb"),
        ("GET", "/notes/%zz"),
        ("GET", "/notes/../notes"),
        ("GET", "//notes"),
        ("GET", "/notes/" + "a" * 5000),
        ("OPTIONS", "/notes"),
        ("GET", ""),
    ],
    ids=["there", "not-there", "no-method", "bad-name", "bad-escape", "dots", "empty-segment", "too-long", "options", "mount"],
)
def test_request_without_sign_in_learns_nothing(nobody: Client, method: str, path: str) -> None:
    response = nobody(method, MOUNT + path)

    assert response.status == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json["code"] == "unauthenticated"
    assert response.headers["www-authenticate"] == 'Basic realm="davgate", charset="UTF-8"'


def test_dialect_names_its_realm_and_puts_bearer_first(serve: Serve, store: Store, clock: SettableClock) -> None:
    dialect = dataclasses.replace(DIALECT, realm="tiny", bearer_first=True)
    nobody = Client(serve(store, dialects={MOUNT: dialect}), clock, None)

    without = nobody("GET", MOUNT + "/notes").headers["www-authenticate"]
    with_token = nobody("GET", MOUNT + "/notes", authorization="Bearer a.b.c").headers["www-authenticate"]
    drive = nobody("GET", "/dav/").headers["www-authenticate"]

    assert without == 'Bearer realm="tiny", Basic realm="tiny", charset="UTF-8"'
    assert with_token.startswith('Bearer realm="tiny", error="invalid_token"')
    assert drive == 'Basic realm="davgate", charset="UTF-8"'


def test_wrong_password_is_refused(nobody: Client) -> None:
    assert nobody("GET", MOUNT + "/notes", authorization=basic("ann", "wrong")).status == 401


def test_account_that_changed_since_its_sign_in_was_remembered_is_asked_for_anew(ann: Client, store: Store) -> None:
    ann("PUT", MOUNT + "/notes/a", b"one")
    accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", PrincipalKind.USER, is_disabled=True)
    assert ann("GET", MOUNT + "/notes/a", accept="text/plain").status == 401
    accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", PrincipalKind.USER, is_disabled=False)
    assert ann("GET", MOUNT + "/notes/a", accept="text/plain").status == 200
    for is_disabled in (True, False):
        accounts.set_disabled(store, SYSTEM_CONTEXT, "ann", PrincipalKind.USER, is_disabled=is_disabled)

    assert ann("GET", MOUNT + "/notes/a", accept="text/plain").body == b"one"


# Routes and methods


def test_address_that_no_template_fits_is_not_found(ann: Client) -> None:
    for path in ("", "/", "/nothing", "/notes/a/b", "/notes//a", "//notes", "/openapi.json/x"):
        response = ann("GET", MOUNT + path)
        assert (response.status, response.json["code"]) == (404, "not-found"), path


def test_slash_at_the_end_is_no_difference(ann: Client) -> None:
    assert ann("GET", MOUNT + "/notes/").json == ann("GET", MOUNT + "/notes").json


def test_address_beside_the_mount_belongs_to_another_door(ann: Client) -> None:
    response = ann("GET", MOUNT + "x/notes")

    assert (response.status, response.headers["content-type"]) == (404, "text/plain; charset=utf-8")


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PROPFIND", "LOCK", "TRACE", "get", "BREW"])
def test_method_that_an_address_lacks_is_refused_with_those_that_it_has(ann: Client, method: str) -> None:
    response = ann(method, MOUNT + "/notes")

    assert response.status == 405
    assert response.headers["allow"] == "GET, POST, HEAD, OPTIONS"
    assert response.json["code"] == "unknown-method"


def test_options_tells_the_methods(ann: Client) -> None:
    response = ann("OPTIONS", MOUNT + "/notes/a")

    assert (response.status, response.body) == (204, b"")
    assert response.headers["allow"] == "GET, PUT, DELETE, HEAD, OPTIONS"


def test_head_has_the_headers_of_get_and_no_body(ann: Client) -> None:
    head, get = (ann(method, MOUNT + "/notes/a") for method in ("HEAD", "GET"))

    assert head.status == get.status == 200
    assert head.body == b""
    unlike = {"x-request-id"}
    assert {name: head.headers[name] for name in head.headers.keys() - unlike} == {
        name: get.headers[name] for name in get.headers.keys() - unlike
    }


def test_parameters_of_the_path_are_decoded_once(ann: Client) -> None:
    assert ann("GET", MOUNT + "/notes/%C3%BC%20%2541").json["title"] == "ü %41"


@pytest.mark.parametrize(
    ("segment", "status"),
    [("a%2Fb", 400), ("a%00", 400), ("%ff", 400), ("%zz", 400), ("..", 400), ("%2e%2e", 400), ("a" * 300, 414)],
)
def test_segment_that_is_no_name_is_refused(ann: Client, segment: str, status: int) -> None:
    assert ann("GET", f"{MOUNT}/notes/{segment}").status == status


def test_router_of_a_dialect_takes_the_place_of_templates(serve: Serve, store: Store, ann: Client) -> None:
    def tell(exchange: Exchange) -> Response:
        return empty(204, ("X-Path", "|".join(exchange.params["path"])))

    operation = Operation(method="GET", template="/{path}", handler=tell, id="tell", summary="Tell.", reads=True)

    def route(method: str, path: tuple[str, ...]) -> Route:
        if method != "GET" or path[-1:] != ("@tell",):
            raise errors.NotFound(path)
        return Route(operation, {"path": path[:-1]})

    dialect = dataclasses.replace(DIALECT, operations=(operation,), router=route)
    ann = ann.through(serve(store, dialects={"/free": dialect}))

    assert ann("GET", "/free/a%20b/c/@tell").headers["x-path"] == "a b|c"
    assert ann("POST", "/free/a/@tell").status == 404
    assert ann("GET", "/free/@tell/a").status == 404


# Queries


def test_query_is_typed(ann: Client) -> None:
    response = ann("GET", MOUNT + "/notes?pageSize=3&deep=true&field=%C3%BC&field=b+c&unknown=1")

    assert response.json == {"page_size": 3, "deep": True, "fields": ["ü", "b c"]}


def test_last_of_several_values_counts(ann: Client) -> None:
    assert ann("GET", MOUNT + "/notes?pageSize=x&pageSize=4").json["page_size"] == 4


def test_query_in_raw_utf8_is_read(ann: Client) -> None:
    raw = "ü".encode().decode("latin-1")

    assert ann("GET", f"{MOUNT}/notes?field={raw}").json["fields"] == ["ü"]


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=x",
        "pageSize=",
        "pageSize",
        "pageSize=0",
        "pageSize=251",
        "pageSize=" + "9" * 5000,
        "pageSize=1.5",
        "pageSize=NaN",
    ],
)
def test_value_outside_its_type_is_named(ann: Client, query: str) -> None:
    response = ann("GET", f"{MOUNT}/notes?{query}")

    assert (response.status, response.json["code"]) == (400, "invalid-value")
    assert response.json["detail"].startswith("pageSize: ")


@pytest.mark.parametrize("query", ["field=%ff", "field=\xff", "&".join(["a=1"] * 1001)], ids=["escaped", "raw", "many"])
def test_query_that_is_no_text_or_too_long_is_refused(ann: Client, query: str) -> None:
    assert ann("GET", f"{MOUNT}/notes?{query}").json["code"] == "malformed"


# Representations


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json;charset=utf-8", "application/json"),
        ("text/plain", "application/octet-stream"),
        ("text/*", "application/octet-stream"),
        ("text/plain, application/json", "application/json"),
        ("text/plain;q=0.9, application/json;q=0.8", "application/octet-stream"),
        ("text/html, */*;q=0.1", "application/json"),
        ("*/*, application/json;q=0", "application/octet-stream"),
        ("application/json;q=0.0, text/plain;q=0.001", "application/octet-stream"),
        ("gibberish", "application/json"),
        ("text/plain;q=two", "application/json"),
        ("", "application/json"),
    ],
)
def test_client_gets_what_it_likes_best(ann: Client, accept: str | None, media_type: str) -> None:
    ann("PUT", MOUNT + "/notes/a", b"one")

    response = ann("GET", MOUNT + "/notes/a", **({} if accept is None else {"accept": accept}))

    assert (response.status, response.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize("accept", ["text/html", "image/*", "application/json;q=0", "*/*;q=0", "application/xml, text/html"])
def test_client_that_takes_nothing_of_what_there_is_is_refused(ann: Client, accept: str) -> None:
    response = ann("GET", MOUNT + "/notes/a", accept=accept)

    assert (response.status, response.json["code"]) == (406, "not-acceptable")


@pytest.mark.parametrize(
    ("known", "status"),
    [('"one"', 304), ('W/"one"', 304), ("*", 304), ('"two", "one"', 304), ('"two"', 200)],
)
def test_metadata_that_the_client_has_are_not_sent(ann: Client, known: str, status: int) -> None:
    response = ann("GET", MOUNT + "/notes/a", if_none_match=known)

    assert (response.status, response.headers["etag"]) == (status, '"one"')


# Refusals

ATTRIBUTES: Final = {
    "retry_after_seconds": 7,
    "offset_bytes": 5,
    "allowed": "PUT",
    "reason": "it is over",
    "headers": (("Content-Range", "bytes */5"),),
}


def an_error(kind: type[DavgateError]) -> DavgateError:
    """Return an error of a class, whatever its constructor takes."""
    error = kind.__new__(kind, "Something is wrong.")
    for name, value in ATTRIBUTES.items():
        if name in inspect.getsource(kind):
            setattr(error, name, value)
    return error


@pytest.mark.parametrize("kind", [kind for kind in TABLE if kind is not DavgateError], ids=lambda kind: kind.__name__)
def test_every_error_is_a_problem(serve: Serve, store: Store, ann: Client, kind: type[DavgateError]) -> None:
    def fail(_exchange: Exchange) -> Response:
        raise an_error(kind)

    operation = Operation(method="GET", template="/fail", handler=fail, id="fail", summary="Fail.", reads=True)
    ann = ann.through(serve(store, dialects={MOUNT: dataclasses.replace(DIALECT, operations=(operation,))}))

    response = ann("GET", MOUNT + "/fail?x=1")

    assert response.status == status_of(an_error(kind))
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json
    assert set(problem) == MEMBERS
    assert problem | {"title": ""} == {
        "type": "about:blank",
        "title": "",
        "status": response.status,
        "code": kind.code,
        "detail": "Something is wrong.",
        "instance": MOUNT + "/fail",
    }
    assert ("retry-after" in response.headers) >= (response.status in (429, 503))


def denials(store: Store) -> list[AuditRow]:
    return [row for row in audit_shown.newest(store, SYSTEM_CONTEXT, AuditFilter(), 100) if row.outcome == "denied"]


def test_unknown_exception_is_a_mute_500(serve: Serve, store: Store, ann: Client) -> None:
    def fail(_exchange: Exchange) -> Response:
        raise ZeroDivisionError("secret")

    operation = Operation(method="GET", template="/fail", handler=fail, id="fail", summary="Fail.", reads=True)
    ann = ann.through(serve(store, dialects={MOUNT: dataclasses.replace(DIALECT, operations=(operation,))}))

    response = ann("GET", MOUNT + "/fail")

    assert response.status == 500
    assert b"secret" not in response.body and b"Traceback" not in response.body


def test_every_answer_carries_the_number_of_its_request(ann: Client, nobody: Client) -> None:
    numbers = [
        response.headers["x-request-id"]
        for response in (ann("GET", MOUNT + "/notes"), nobody("GET", MOUNT + "/notes"), ann("GET", MOUNT + "/x"))
    ]

    assert len(set(numbers)) == 3


def test_denied_write_is_audited_and_a_denied_read_is_not(ann: Client, store: Store) -> None:
    ann("DELETE", MOUNT + "/notes/a")
    ann("GET", MOUNT + "/notes/missing", accept="text/plain")

    assert [(row.action, row.path) for row in denials(store)] == [("tiny-delete-note", MOUNT + "/notes/a")]


def test_cause_of_a_dialects_own_error_is_audited(serve: Serve, store: Store, ann: Client) -> None:
    def refuse(_exchange: Exchange) -> Response:
        raise errors.Malformed("Shaped.") from errors.Locked((("a",),))

    operation = Operation(method="POST", template="/fail", handler=refuse, id="fail", summary="Fail.", reads=False)
    ann = ann.through(serve(store, dialects={MOUNT: dataclasses.replace(DIALECT, operations=(operation,))}))

    assert ann("POST", MOUNT + "/fail").status == 400
    assert [json.loads(row.detail) for row in denials(store)] == [{"code": "locked"}]


# Uploads at once


def test_one_more_upload_than_allowed_is_put_off(serve: Serve, store: Store, ann: Client) -> None:
    ann = ann.through(serve(store, dialects={MOUNT: DIALECT}, limits=LimitsConfig(open_uploads=1)))
    meanwhile: list[int] = []

    class Slow:
        def __init__(self) -> None:
            self.blocks = [b"", b"one"]

        def read(self, _size: int) -> bytes:
            if len(self.blocks) == 2:
                meanwhile.append(ann("PUT", MOUNT + "/notes/b", b"two").status)
                meanwhile.append(ann("GET", MOUNT + "/notes").status)
            return self.blocks.pop()

    assert ann.send("PUT", MOUNT + "/notes/a", Slow(), content_length="3").status == 204
    assert meanwhile == [503, 200]


# Mounts of the configuration


def test_doors_have_their_addresses_and_may_be_closed() -> None:
    assert DoorsConfig() == DoorsConfig(okd="/okd/v1", gever="/gever")
    assert DoorsConfig(okd="", gever="").okd == ""
    assert DoorsConfig(okd="/a/b", gever="/a/c").gever == "/a/c"


@pytest.mark.parametrize(
    "mounts",
    [
        {"okd": "/dav"},
        {"okd": "/dav/okd"},
        {"okd": "/principals"},
        {"okd": "/login"},
        {"gever": "/login/token"},
        {"gever": "/healthz"},
        {"okd": "/a", "gever": "/a"},
        {"okd": "/a", "gever": "/a/b"},
        {"okd": "/a/b", "gever": "/a"},
    ],
    ids=lambda mounts: " ".join(mounts.values()),
)
def test_doors_that_overlap_are_a_mistake(mounts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must not have the address"):
        DoorsConfig(**mounts)


@pytest.mark.parametrize("mount", ["okd", "/", "/okd/", "//okd", "/a b", "/../a", "/a/.", "/a?b", "/ü", "/%61", "/a" * 9])
def test_mount_that_is_no_plain_path_is_a_mistake(mount: str) -> None:
    with pytest.raises(ConfigError, match="doors.okd must be a path"):
        load(None, {"DAVGATE_DOORS_OKD": mount}, {"data": "/srv/davgate"})


def test_door_whose_setting_is_empty_is_closed(nobody: Client, serve: Serve, store: Store) -> None:
    nobody = nobody.through(serve(store, doors=DoorsConfig(**dict.fromkeys(DIALECTS, ""))))

    for name in DIALECTS:
        mount = getattr(DoorsConfig(), name)
        assert nobody("GET", f"{mount}/openapi.json").status == 404


def test_start_page_lists_the_doors(nobody: Client) -> None:
    page = nobody("GET", "/").body.decode()

    assert f"http://drive.test{MOUNT}" in page
    assert f'href="{MOUNT}/openapi.json"' in page


# The document


def test_document_is_read_without_sign_in_and_cached(nobody: Client) -> None:
    document = nobody("GET", MOUNT + "/openapi.json")

    assert document.json["openapi"] == "3.1.0"
    assert nobody("HEAD", MOUNT + "/openapi.json").headers["etag"] == document.etag
    assert nobody("GET", MOUNT + "/openapi.json", if_none_match=document.etag).status == 304
    assert nobody("GET", MOUNT + "/openapi.json", if_none_match='"other"').body == document.body
    assert nobody("GET", MOUNT + "/openapi.json", if_none_match="a b c").status == 400


def test_addresses_are_the_same_with_escapes_that_change_nothing(ann: Client, nobody: Client) -> None:
    # RFC 3986, 6.2.2.2
    escaped = MOUNT[:-1] + f"%{ord(MOUNT[-1]):x}"

    assert nobody("GET", f"{escaped}/op%65napi.json").body == nobody("GET", f"{MOUNT}/openapi.json").body
    assert ann("OPTIONS", f"{escaped}/notes/a").headers["allow"] == ann("OPTIONS", f"{MOUNT}/notes/a").headers["allow"]
    assert nobody("GET", "/healt%68z").status == 200
    assert ann("POST", "/login/%74oken").json.keys() == {"token", "expires_at"}
    assert ann("PROPFIND", "/princip%61ls/ann", depth="0").status == 207


def test_document_cannot_be_written(ann: Client) -> None:
    response = ann("PUT", MOUNT + "/openapi.json", b"{}")

    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
