"""Forms arrive as they were sent, wherever the blocks in which they are read end."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.model.errors import DavgateError
from davgate.rest.multipart import parts


def form_of(contents: list[tuple[str, bytes]], boundary: str) -> bytes:
    head = '--{}\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
    body = b"".join(head.format(boundary, name).encode() + content + b"\r\n" for name, content in contents)
    return body + f"--{boundary}--\r\n".encode()


def received(form: bytes, boundary: str, block_bytes: int = 65536) -> list[tuple[str, bytes]]:
    arrived = []
    body = io.BytesIO(form)
    for part in parts(f'multipart/form-data; boundary="{boundary}"', body, body_bytes=1 << 30, field_bytes=1 << 20, most=100):
        blocks = []
        while block := part.read(block_bytes):
            assert len(block) <= block_bytes
            blocks.append(block)
        arrived.append((part.name, b"".join(blocks)))
    return arrived


@pytest.mark.parametrize("block_bytes", [1000, 32768, 65536, 262144])
@pytest.mark.parametrize("around", [8192, 32768, 65536, 262144])
def test_boundary_is_found_wherever_the_blocks_of_the_reader_end(around: int, block_bytes: int) -> None:
    for length in range(around - 100, around + 10, 3):
        contents = [("a", b"a" * length), ("b", b"\r\n--boundar"), ("c", b"\r\n-" * 20)]

        assert received(form_of(contents, "boundary"), "boundary", block_bytes) == contents


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=200)), max_size=5),
    st.sampled_from(["0123456789", "----x", "'()+_,-./:=?"]),
    st.integers(1, 300),
)
def test_form_of_any_contents_arrives(contents: list[tuple[str, bytes]], boundary: str, block_bytes: int) -> None:
    assert received(form_of(contents, boundary), boundary, block_bytes) == contents


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fail(junk: bytes) -> None:
    for form in (junk, b"--x\r\n" + junk, form_of([("a", junk)], "x")):
        try:
            received(form, "x")
        except DavgateError:
            pass


@given(st.integers(0, 10_000))
def test_form_without_its_end_is_never_taken_for_whole(length: int) -> None:
    form = form_of([("a", b"one"), ("b", b"two" * 100)], "boundary")
    cut = form[: length % form.rindex(b"--")]

    with pytest.raises(DavgateError):
        received(cut, "boundary")
