"""The header in which a proxy names a user, over a real connection and however it is spelled."""

from collections.abc import Iterable
from ipaddress import ip_network
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from davgate.http.proxies import Proxies
from davgate.model.errors import Malformed
from tests.server.applications import answer
from tests.server.conftest import Start

BELIEVED = Proxies([ip_network("127.0.0.1")], "X-Remote-User")
DISTRUSTED = Proxies([ip_network("127.0.0.2")], "X-Remote-User")


def naming(proxies: Proxies) -> object:
    """Return an application that answers with the user whom the proxy names."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            proxies.settle(environ)
        except Malformed:
            return answer(start_response, b"refused", "400 Bad Request")
        left = [value for key, value in environ.items() if key.startswith("HTTP_X")]
        assert left == []
        return answer(start_response, str(environ.get("davgate.proxy_user")).encode())

    return application


@pytest.mark.parametrize(
    ("fields", "user"),
    [
        (["X-Remote-User: ann"], b"ann"),
        (["x-remote-USER:ann"], b"ann"),
        (["X-Remote-User: jörg".encode().decode("latin-1")], "jörg".encode()),
        ([], b"None"),
        (["X-Remote-User:"], b"None"),
        (["X_Remote_User: root"], b"None"),
        (["X-Remote_User: root"], b"None"),
        (["X_REMOTE_USER: root", "X-Remote-User: ann"], b"ann"),
        (["X-Remote-User: ann", "X-Remote-User: root"], b"refused"),
        (["X-Remote-User: ann", "x-remote-user: ann"], b"refused"),
        (["X-Remote-User: root", "X-Remote-User:"], b"refused"),
        (["X-Remote-User:", "X-Remote-User: root"], b"refused"),
    ],
)
def test_believed_proxy_names_one_user_in_one_spelling(start: Start, fields: list[str], user: bytes) -> None:
    client = start(naming(BELIEVED))()
    client.request("GET", "/", *fields)
    assert client.response().body == user


@pytest.mark.parametrize("name", ["X-Remote-User", "x-remote-user", "X_Remote_User", "X-REMOTE_USER"])
def test_nobody_else_names_a_user_in_any_spelling(start: Start, name: str) -> None:
    client = start(naming(DISTRUSTED))()
    client.request("GET", "/", f"{name}: root", "X-Forwarded-For: 127.0.0.2")
    assert client.response().body == b"None"
