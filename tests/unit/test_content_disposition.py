"""File names in Content-Disposition: whatever is written is read back, and what clients send is understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.http.content_disposition import attachment, file_name_of
from davgate.model.errors import Malformed


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\"), min_size=1))
def test_name_that_is_written_is_read_back(name: str) -> None:
    assert file_name_of(attachment(name)) == name


@given(st.text())
def test_header_is_ascii_without_line_breaks_and_unbalanced_quotes(name: str) -> None:
    header = attachment(name)

    assert header.isascii() and header.isprintable()
    assert header.count('"') == 2 and "\\" not in header


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, None),
        ("", None),
        ("attachment", None),
        ("inline;", None),
        ('form-data; name="file"', None),
        ('form-data; name="file"; filename="b.pdf"', "b.pdf"),
        ("attachment;filename=b.pdf", "b.pdf"),
        ('ATTACHMENT ; FileName = "b.pdf" ;', "b.pdf"),
        ("attachment; filename=\"a.txt\"; filename*=UTF-8''%e2%82%ac.txt", "€.txt"),
        ("attachment; filename*=iso-8859-1'en'%A3.txt; filename=a.txt", "£.txt"),
        ('attachment; filename="a\\"b;c.txt"', 'a"b;c.txt'),
        ('attachment; filename="C:\\Users\\ann\\b.pdf"', "b.pdf"),
        ('attachment; filename="/etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''..%2F..%2Fb.pdf", "b.pdf"),
        ('attachment; filename="folder/"', None),
        ('attachment; filename=""', None),
        ('attachment; filename="a.txt"; filename="b.txt"', "a.txt"),
        ('attachment; filename="' + "ü.txt".encode().decode("latin-1") + '"', "ü.txt"),
        ('attachment; filename="\xfc.txt"', "ü.txt"),
    ],
)
def test_name_of_a_header(header: str | None, name: str | None) -> None:
    assert file_name_of(header) == name


@pytest.mark.parametrize(
    "header",
    [
        'attachment; filename="a',
        "attachment; filename",
        "attachment; =a",
        "attachment; filename=a b",
        "attachment; filename*=a.txt",
        "attachment; filename*=UTF-8''%zz",
        "attachment; filename*=UTF-8''%ff",
        "attachment; filename*=x-other''a",
    ],
)
def test_header_outside_its_grammar_is_refused(header: str) -> None:
    with pytest.raises(Malformed):
        file_name_of(header)
