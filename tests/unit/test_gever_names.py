"""Names that GEVER makes of titles, and its pages: rules without a store."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.model.instant import Instant
from davgate.rest.gever import naming
from davgate.rest.gever.times import isotime


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("Alpha", "Alpha"),
        ("Führung: Größe & Maß", "Fuehrung Groesse Mass"),
        ("Fu\u0308hrung", "Fuehrung"),
        ("élève n° 3", "eleve n 3"),
        ("a/b\\c", "abc"),
        ("  a   b  ", "a b"),
        ("1.2-3_4", "1.2-3_4"),
        ("..", "document"),
        ("案件", "document"),
        ("", "document"),
        ("x" * 300, "x" * 100),
    ],
)
def test_stem_has_letters_digits_spaces_and_three_signs(title: str, stem: str) -> None:
    assert naming.file_stem(title) == stem


@pytest.mark.parametrize(
    ("title", "uploaded", "name"),
    [
        ("Alpha", "x.txt", "Alpha.txt"),
        ("Alpha.txt", "x.txt", "Alpha.txt"),
        ("Alpha", "archive.tar.gz", "Alpha.gz"),
        ("Alpha", "none", "Alpha"),
        ("Alpha", "C:\\folder\\x.docx", "Alpha.docx"),
        ("案件", "Brief.pdf", "Brief.pdf"),
        ("案件", "案件.pdf", "document.pdf"),
        ("Alpha", "x.", "Alpha"),
        ("Alpha", ".htaccess", "Alpha"),
        ("Alpha", "x." + "y" * 40, "Alpha"),
        ("Version 1.0", "x.txt", "Version 1.0.txt"),
    ],
)
def test_file_is_called_by_its_title_and_keeps_its_suffix(title: str, uploaded: str, name: str) -> None:
    assert naming.file_name_for(title, uploaded) == name


@pytest.mark.parametrize(
    ("uploaded", "title"),
    [("Grüße aus Bern.v2.txt", "Grüße aus Bern.v2"), ("/tmp/x.pdf", "x"), ("README", "README"), (".profile", ".profile")],
)
def test_title_of_a_file_is_its_name_without_the_suffix(uploaded: str, title: str) -> None:
    assert naming.title_for(uploaded) == title


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Ordnungssystem", "ordnungssystem"),
        ("Führung", "fuehrung"),
        ("Ressourcen und Support", "ressourcen-und-support"),
        ("  --A  (b) c!--", "a-b-c"),
        ("@lock", "lock"),
        ("Œuvre n°1", "oeuvre-n-1"),
        ("案件", ""),
        ("", ""),
    ],
)
def test_slug_is_what_the_manual_shows(title: str, slug: str) -> None:
    assert naming.slug(title) == slug


@given(st.text(max_size=200))
def test_names_made_of_any_title_can_stand_anywhere(title: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9 ._-]{1,100}", naming.file_stem(title))
    assert naming.file_stem(title).strip(" .") == naming.file_stem(title)
    assert re.fullmatch(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", naming.slug(title))
    assert len(naming.slug(title)) <= 100


@given(st.text(max_size=60), st.text(max_size=60))
def test_suffix_survives_a_new_title(title: str, stem: str) -> None:
    assert naming.file_name_for(title, f"{stem}x.docx").endswith(".docx")


def test_instant_is_as_iso_8601_has_it() -> None:
    assert isotime(Instant(1_774_608_659_196_843)) == "2026-03-27T10:50:59+00:00"
