"""The media type that a document gets."""

import subprocess
import sys

import pytest

from davgate.model.media_types import LONGEST, UNKNOWN, as_sent, choose, guess, readable


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("A.XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.odt", "application/vnd.oasis.opendocument.text"),
        ("a.rtf", "application/rtf"),
        ("a.pdf", "application/pdf"),
        ("a.doc", "application/msword"),
        ("a.JPG", "image/jpeg"),
        ("a.txt", "text/plain"),
        ("a.tar.gz", "application/gzip"),
        ("a", UNKNOWN),
        ("a.", UNKNOWN),
        (".pdf", UNKNOWN),
        ("a.unheard-of", UNKNOWN),
    ],
)
def test_suffix_suggests_the_type(name: str, media_type: str) -> None:
    assert guess(name) == media_type


@pytest.mark.parametrize(
    "declared",
    ["text/plain", "text/plain; charset=utf-8", 'text/html;charset="utf-8" ; x=y', "application/vnd.a+xml", "X-a/b_c"],
)
def test_declared_type_wins_over_the_suffix(declared: str) -> None:
    assert choose(declared, "a.pdf") == declared


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        UNKNOWN,
        "Application/Octet-Stream",
        "application/octet-stream; charset=binary",
        "application",
        "application/",
        "/pdf",
        "text/plain\r\nX: y",
        "text/plain\n",
        "text/plain;",
        "text/plain, text/html",
        'text/plain; a="b',
        "text/<script>",
        "téxt/plain",
        "text/" + "a" * (LONGEST - 4),
    ],
)
def test_declaration_of_no_use_leaves_it_to_the_suffix(declared: str | None) -> None:
    assert choose(declared, "a.pdf") == "application/pdf"


@pytest.mark.parametrize("declared", ["garbage", UNKNOWN, "text/plain;", "téxt/plain", "a" * LONGEST])
def test_what_was_sent_is_kept_as_it_is(declared: str) -> None:
    assert as_sent(declared, "a.pdf") == declared


@pytest.mark.parametrize("declared", [None, "", "text/plain\r\nX: y", "a\x00", "\ud800", "a" * (LONGEST + 1)])
def test_what_is_no_line_of_text_is_not_kept(declared: str | None) -> None:
    assert as_sent(declared, "a.pdf") == "application/pdf"


@pytest.mark.parametrize(
    ("stored", "read"),
    [("text/plain; charset=utf-8", "text/plain; charset=utf-8"), ("garbage", UNKNOWN), ("text/plain;", UNKNOWN), ("", UNKNOWN)],
)
def test_stored_type_that_is_none_is_read_as_unknown(stored: str, read: str) -> None:
    assert readable(stored) == read


def test_types_do_not_depend_on_files_of_the_machine() -> None:
    script = (
        "import mimetypes; mimetypes.init([]); mimetypes.add_type('x/y', '.davgate-probe');"
        "from davgate.model.media_types import guess; print(guess('a.davgate-probe'))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == UNKNOWN
