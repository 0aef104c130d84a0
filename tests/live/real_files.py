"""A folder of real files to copy: parts of this machine's Python, its documentation and programs, and odd names."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LIBRARY_PARTS: Final = ("asyncio", "email", "encodings", "html", "http", "importlib", "json", "xml")
DOCUMENTS: Final = Path("/usr/share/doc")
DOCUMENT_COUNT: Final = 60
PROGRAMS: Final = Path("/usr/bin")
LARGE_BYTES: Final = (2 << 20, 8 << 20)

ODD_NAMES: Final = (
    "résumé.txt",
    "cafe\u0301 in NFD.txt",
    "100% done.txt",
    "a#b.txt",
    "what?.txt",
    "x%20y.txt",
    "日本語.md",
    "🎉 party.txt",
    "~$letter.docx",
    ".~lock.x y.odt#",
    ".hidden",
    "semi;colon & ampersand.txt",
    'quote\'s "double" <angle>.txt',
    "[brackets] {braces} (round).txt",
    "plus+equals=at@.txt",
    "no suffix",
    " leading and trailing ",
    "UPPER.TXT",
    "upper.txt",
    "n" * 200 + ".txt",
)


def collect_real_files(target: Path) -> Path:
    """Fill a new folder with some hundred files and return it; it is the same on each run on one machine."""
    library = Path(sysconfig.get_path("stdlib"))
    for part in LIBRARY_PARTS:
        shutil.copytree(library / part, target / "library" / part, ignore=shutil.ignore_patterns("__pycache__"))
    for number, document in enumerate(_documents()):
        place = target / "documents" / f"{number % 7}" / document.parent.name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(document, place / document.name)
    for number, program in enumerate(_large_programs(2)):
        shutil.copyfile(program, target / f"large {number}.bin")
    odd = target / "odd names" / "one" / "two" / "three" / "four"
    odd.mkdir(parents=True)
    for name in ODD_NAMES:
        (odd / name).write_text(f"This file is called {name!r}.\n", "utf-8")
    (odd / "empty.txt").touch()
    (odd / "one byte").write_bytes(b"\n")
    (odd / "empty folder").mkdir()
    return target


def _documents() -> Iterator[Path]:
    found = (one for one in sorted(DOCUMENTS.glob("*/*")) if one.is_file() and one.stat().st_size < 1 << 20)
    for _, document in zip(range(DOCUMENT_COUNT), found, strict=False):
        yield document.resolve()


def _large_programs(count: int) -> Iterator[Path]:
    smallest, largest = LARGE_BYTES
    sizes = (one for one in sorted(PROGRAMS.iterdir()) if one.is_file() and smallest <= one.stat().st_size <= largest)
    for _, program in zip(range(count), sizes, strict=False):
        yield program.resolve()
