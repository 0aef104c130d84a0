"""The import order of the parts: model < {storage, identity} < core < {http, configured} < {dav, rest, web} < app < cli."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "davgate"

RANK = {
    "model": 0, "storage": 1, "identity": 1, "core": 2, "http": 3, "configured": 3, "dav": 4, "rest": 4, "web": 4, "app": 5,
    "cli": 6,
}  # fmt: skip
"""A part may import from parts of a lower rank and from itself."""

SETTINGS = {"config", "log"}
"""Read once at the start: they know no part."""

KNOW_SETTINGS = {"configured", "app", "cli"}

IMPURE = {
    "asyncio", "concurrent", "email", "fcntl", "glob", "http", "io", "logging", "mmap", "multiprocessing", "os",
    "pathlib", "pickle", "queue", "random", "secrets", "select", "selectors", "shutil", "signal", "socket",
    "socketserver", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib.request", "wsgiref",
    "xml",
}  # fmt: skip
"""Standard modules with which a rule could look at the machine, the clock or the wire."""

CLOCKS = {"now", "utcnow", "today"}
"""Methods of date and datetime that read the clock; ``datetime`` itself is a plain value."""


@dataclass(frozen=True)
class Import:
    """One imported name: ``from a import b`` counts as ``a.b``, for ``b`` may be a module."""

    importer: str
    imported: str
    line: int


def modules(source: Path) -> Iterator[tuple[str, bool, ast.Module]]:
    """Yield dotted name, whether it is a package, and syntax tree of each module below a source folder."""
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if is_package else parts), is_package, ast.parse(path.read_text("utf-8"), str(path))


def imports(name: str, is_package: bool, tree: ast.Module) -> Iterator[Import]:
    """Yield every import of a module, those inside functions and under TYPE_CHECKING included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name.split(".") if is_package else name.split(".")[:-1]
                package = package[: len(package) - node.level + 1]
                base = ".".join([*package, base] if base else package)
            for alias in node.names:
                yield Import(name, f"{base}.{alias.name}", node.lineno)


def is_below(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or lies in it."""
    return name == package or name.startswith(package + ".")


def part_of(name: str) -> str:
    """Name the part of davgate that a dotted name belongs to; an entry module counts as cli, davgate itself as ''."""
    part = (name.split(".") + [""])[1]
    return "cli" if part == "__main__" else part


def breaches(source: Path) -> list[str]:
    """List what breaks the order, one sentence for each breach."""
    trees = list(modules(source))
    assert trees, f"no module below {source}"
    dialects = {name for name, is_package, _ in trees if is_package and name.count(".") == 2 and part_of(name) == "rest"}
    found = []
    for name, is_package, tree in trees:
        part = part_of(name)
        if part and part not in RANK and part not in SETTINGS:
            found.append(f"{name}: no layer has this name")
            continue
        for entry in imports(name, is_package, tree):
            reason = refusal(entry, dialects) if is_below(entry.imported, "davgate") else impurity(part, entry.imported)
            if reason:
                found.append(f"{name}:{entry.line}: {entry.imported}: {reason}")
        if part in {"model", "identity"}:
            found += [f"{name}:{line}: a rule is given the time, it does not read a clock" for line in clock_calls(tree)]
    return found


def refusal(entry: Import, dialects: set[str]) -> str:
    """Say why an import within davgate is refused; empty when it is allowed."""
    part, target = part_of(entry.importer), part_of(entry.imported)
    if target not in RANK and target not in SETTINGS:
        # A name out of the root package, such as the version, is free to all.
        return ""
    if target in SETTINGS:
        return "" if part in {*KNOW_SETTINGS, target} else "it is told what the settings are, and does not know them or the log"
    if part not in RANK:
        return "config, log and the root package import no part"
    if part != target and RANK[target] >= RANK[part]:
        return f"{part} must not import {target}"
    if target == "configured" and part not in KNOW_SETTINGS:
        return f"{part} is given its parts"
    if part == "core" and target == "storage" and not is_below(entry.imported, "davgate.storage.api"):
        return "core imports davgate.storage.api only"
    if part == "rest" and target == "storage":
        return "a dialect translates, and asks core"
    here, there = (next((d for d in dialects if is_below(name, d)), None) for name in (entry.importer, entry.imported))
    return "one dialect never imports another" if here and there and here != there else ""


def impurity(part: str, imported: str) -> str:
    """Say why the model must not import a module from outside davgate; empty for all other parts."""
    if part != "model":
        return ""
    if imported.split(".")[0] not in sys.stdlib_module_names:
        return "model imports the standard library only"
    return "model does no I/O and reads no clock" if any(is_below(imported, module) for module in IMPURE) else ""


def clock_calls(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that call a clock method of date or datetime."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield node.lineno


def test_source_keeps_the_import_order() -> None:
    assert breaches(SOURCE) == []


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a small source tree that keeps every rule and uses every form of import."""
    source = tmp_path / "davgate"
    for path, text in {
        "__init__.py": '__version__ = "0"',
        "__main__.py": "from davgate.cli.main import main",
        "config.py": "import tomllib, os",
        "log.py": "import logging",
        "model/__init__.py": "",
        "model/errors.py": "import datetime\nimport unicodedata",
        "model/locks.py": "from .errors import Locked\nfrom davgate.model import errors",
        "storage/__init__.py": "",
        "storage/api.py": "from davgate.model.locks import Lock",
        "storage/blobs.py": "import os, sqlalchemy\nfrom . import api",
        "identity/__init__.py": "",
        "identity/jwt.py": "import socket, joserfc\nfrom davgate.model import errors\nfrom . import keys",
        "core/__init__.py": "",
        "core/tree.py": "from davgate.storage import api\nfrom davgate.storage.api import Storage",
        "core/locking.py": "from ..model import locks\nfrom davgate.identity import jwt",
        "http/__init__.py": "",
        "http/errors.py": "from davgate.core.tree import move",
        "dav/__init__.py": "",
        "dav/xml.py": "import lxml\nfrom davgate.http import errors",
        "rest/__init__.py": "",
        "rest/routing.py": "",
        "rest/okd/__init__.py": "",
        "rest/okd/wire.py": "from davgate.rest import routing\nfrom davgate.rest.okd import errors",
        "rest/okd/errors.py": "",
        "rest/gever/__init__.py": "",
        "web/__init__.py": "",
        "configured.py": "from davgate.config import load\nfrom davgate.core import tree",
        "app.py": "from davgate import __version__, config, log\nimport davgate.dav.xml, davgate.rest.okd, davgate.configured",
        "cli/__init__.py": "",
        "cli/main.py": "def f():\n    from davgate import app\n    from davgate.config import load",
    }.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, "utf-8")
    return source


def test_tree_in_order_has_no_breach(tree: Path) -> None:
    assert breaches(tree) == []


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("model/rule.py", "import davgate.storage", "model must not import storage"),
        ("storage/rule.py", "from davgate.core import tree", "storage must not import core"),
        ("storage/rule.py", "from davgate import core", "storage must not import core"),
        ("storage/rule.py", "from davgate.identity import jwt", "storage must not import identity"),
        ("identity/rule.py", "from davgate.storage import api", "identity must not import storage"),
        ("identity/rule.py", "from davgate.core import tree", "identity must not import core"),
        ("core/rule.py", "from ..http import errors", "core must not import http"),
        ("http/rule.py", "from davgate.dav.xml import multistatus", "http must not import dav"),
        ("dav/rule.py", "import davgate.rest.routing as routing", "dav must not import rest"),
        ("rest/rule.py", "from davgate import web", "rest must not import web"),
        ("web/rule.py", "from davgate import dav", "web must not import dav"),
        ("dav/rule.py", "from davgate.app import build", "dav must not import app"),
        ("app.py", "from davgate.cli import main", "app must not import cli"),
        ("configured.py", "from davgate.http import login", "configured must not import http"),
        ("dav/rule.py", "from davgate.configured import open_store", "dav is given its parts"),
        ("http/rule.py", "from davgate.config import Config", "does not know them"),
        ("model/rule.py", "from davgate import log", "does not know them"),
        ("config.py", "from davgate.model import errors", "import no part"),
        ("log.py", "from davgate import config", "does not know them"),
        ("__init__.py", "from davgate.model.errors import Locked", "import no part"),
        ("__init__.py", "from .model import errors", "import no part"),
        ("core/rule.py", "from davgate.storage.blobs import stage", "core imports davgate.storage.api only"),
        ("core/rule.py", "from davgate.storage import blobs", "core imports davgate.storage.api only"),
        ("core/rule.py", "import davgate.storage", "core imports davgate.storage.api only"),
        ("rest/okd/rule.py", "from davgate.storage.api import versions", "translates, and asks core"),
        ("rest/okd/rule.py", "from davgate.rest import gever", "one dialect never imports another"),
        ("rest/okd/rule.py", "from ..gever.wire import title", "one dialect never imports another"),
        ("model/rule.py", "def f():\n    from davgate.core import tree", "rule:2: davgate.core.tree"),
        ("model/rule.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import davgate.core", "rule:3"),
        ("model/rule.py", "import os.path", "model does no I/O"),
        ("model/rule.py", "from os import path", "model does no I/O"),
        ("model/rule.py", "import socket", "model does no I/O"),
        ("model/rule.py", "from time import monotonic", "model does no I/O"),
        ("model/rule.py", "import sqlalchemy", "standard library only"),
        ("model/rule.py", "from lxml import etree", "standard library only"),
        ("model/rule.py", "import datetime\ndatetime.datetime.now()", "does not read a clock"),
        ("identity/rule.py", "from datetime import datetime, UTC\ndatetime.now(UTC)", "does not read a clock"),
        ("helpers.py", "", "no layer has this name"),
    ],
)
def test_each_breach_is_named(tree: Path, path: str, text: str, reason: str) -> None:
    (tree / path).write_text(text, "utf-8")

    found = breaches(tree)

    assert len(found) == 1, found
    assert reason in found[0]
