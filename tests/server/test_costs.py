"""What a request may cost: memory does not grow with a body, work only in proportion, measured in another process."""

from collections.abc import Callable

import pytest

from tests.server.client import Client
from tests.server.conftest import ServedProcess

MIB = 1 << 20
BLOCK = b"x" * MIB

Run = Callable[..., ServedProcess]


def upload(client: Client, mebibytes: int, *, in_one_chunk: bool) -> None:
    if in_one_chunk:
        client.request("PUT", "/x", "Transfer-Encoding: chunked", body=b"%x\r\n" % (mebibytes * MIB))
    else:
        client.request("PUT", "/x", f"Content-Length: {mebibytes * MIB}")
    for _ in range(mebibytes):
        client.send(BLOCK)
    if in_one_chunk:
        client.send(b"\r\n0\r\n\r\n")
    assert client.response().body == str(mebibytes * MIB).encode()


def cpu_seconds(served: ServedProcess, mebibytes: int, *, in_one_chunk: bool) -> float:
    before = served.usage()["cpu_seconds"]
    with served.connect() as client:
        upload(client, mebibytes, in_one_chunk=in_one_chunk)
    return served.usage()["cpu_seconds"] - before


@pytest.mark.parametrize("in_one_chunk", [False, True], ids=["length", "one-chunk"])
def test_memory_does_not_grow_with_the_body(run: Run, in_one_chunk: bool) -> None:
    served = run()
    with served.connect() as client:
        upload(client, 1, in_one_chunk=in_one_chunk)
        before = served.usage()
        upload(client, 128, in_one_chunk=in_one_chunk)
    assert served.usage()["peak_bytes"] - before["memory_bytes"] < 4 * MIB


def test_work_for_one_huge_chunk_is_linear(run: Run) -> None:
    served = run()
    cpu_seconds(served, 8, in_one_chunk=True)
    plain = cpu_seconds(served, 64, in_one_chunk=False)
    # Work in proportion to the square would be hundreds of times that of a body with a length.
    assert cpu_seconds(served, 64, in_one_chunk=True) < 10 * plain + 0.1


def test_refused_upload_costs_no_memory_and_its_status_arrives(run: Run) -> None:
    served = run()
    with served.connect() as client:
        client.request("POST", "/x", "Content-Length: 7", body=b"small!!")
        assert client.response().status == 401
    before = served.usage()
    with served.connect() as client:
        client.request("POST", "/x", f"Content-Length: {400 * MIB}")
        with pytest.raises(ConnectionError):
            for _ in range(400):
                client.send(BLOCK)
        assert client.response().status == 401
    assert served.usage()["peak_bytes"] - before["memory_bytes"] < 4 * MIB


def test_announced_length_costs_no_memory(run: Run) -> None:
    served = run()
    served.usage()
    before = served.usage()
    clients = [served.connect() for _ in range(3)]
    for client in clients:
        client.request("PUT", "/x", f"Content-Length: {1 << 40}", body=b"x")
    assert served.usage()["peak_bytes"] - before["memory_bytes"] < 4 * MIB
    for client in clients:
        client.close()
