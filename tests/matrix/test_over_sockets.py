"""A sample of the matrix over sockets: a server in a process of its own decides as the application in this process does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import pytest

from tests.clients.serving import ServerProcess, SharedClock
from tests.matrix.cells import Cell
from tests.matrix.model import ROLES, Role, State
from tests.matrix.test_matrix import cells_of
from tests.matrix.worlds import FILE, World, a_store, url_in
from tests.protocol.client import Response

SAMPLE = 300
PER_ROLE = -(-SAMPLE // len(ROLES))


class OverSocket:
    """Sends each request on a connection of its own."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server

    def __call__(self, method: str, target: str, body: bytes | str = b"", **headers: str) -> Response:
        content = body.encode() if isinstance(body, str) else body
        fields = [f"{name.rstrip('_').replace('_', '-')}: {value}" for name, value in headers.items()]
        if content or method == "PUT":
            fields.append(f"Content-Length: {len(content)}")
        with self._server.connect() as client:
            client.request(method, target, *fields, body=content)
            answer = client.response(method)
        return Response(answer.status, answer.headers, answer.body)


@contextmanager
def a_served_world(role: Role) -> Iterator[World]:
    """Give a world whose drive is in another process, until the block ends."""
    clock = SharedClock()
    with a_store(clock) as (store, folder), ServerProcess(url_in(folder), folder, clock) as server:
        with World(role, store, folder / FILE, clock, OverSocket(server), "test") as world:
            yield world


def sample_of(role: Role) -> list[tuple[State, Cell]]:
    """Return some cells of a role from all over the matrix."""
    everything = [(state, cell) for state, cell in chain(*([(s, c) for c in cells] for s, cells in cells_of(role)))]
    step = len(everything) // PER_ROLE
    return everything[::step][:PER_ROLE]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_served_requests_come_to_what_the_model_says(role: Role) -> None:
    wrong: list[str] = []
    with a_served_world(role) as world:
        for state, cell in sample_of(role):
            wrong += [f"{cell}: {one}" for one in cell.run(world, world.enter(state))]
    assert wrong == []


def test_sample_is_as_large_as_it_should_be() -> None:
    assert sum(len(sample_of(role)) for role in ROLES) >= SAMPLE
