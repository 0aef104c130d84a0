"""Small WSGI applications for the server to serve."""

import queue
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from davgate.http.body import BodyError

BLOCK_BYTES = 256 * 1024


def answer(start_response: StartResponse, body: bytes, status: str = "200 OK") -> list[bytes]:
    start_response(status, [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    return [body]


class Recorder:
    """Answers each request with its method and path, reads no body, and remembers what it was asked."""

    def __init__(self, status: str = "200 OK") -> None:
        self.status = status
        self.requests: list[WSGIEnvironment] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.requests.append(environ)
        return answer(start_response, f"{environ['REQUEST_METHOD']} {environ['REQUEST_URI']}".encode(), self.status)

    @property
    def paths(self) -> list[object]:
        return [environ["PATH_INFO"] for environ in self.requests]


class Echo:
    """Answers with the body of the request, and keeps what went wrong while it was read."""

    def __init__(self) -> None:
        self.errors: queue.Queue[BodyError] = queue.Queue()
        self.calls = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.calls += 1
        body = environ["wsgi.input"]
        blocks = []
        try:
            while block := body.read(BLOCK_BYTES):
                blocks.append(block)
        except BodyError as error:
            self.errors.put(error)
            raise
        return answer(start_response, b"".join(blocks))

    def error(self) -> BodyError:
        """Wait for the next thing that goes wrong."""
        return self.errors.get(timeout=10)
