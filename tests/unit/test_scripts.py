"""What ``scripts/serve`` makes of its arguments; the program itself is replaced by one that notes how it is called."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTE = """#!/bin/sh
printf '%s|' "$@" >>"$(dirname "$0")/../calls"
echo >>"$(dirname "$0")/../calls"
previous=
for argument in "$@"; do case $previous in --data) mkdir -p "$argument" ;; esac; previous=$argument; done
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone in a folder with blanks, whose environment is there already."""
    clone = tmp_path / "my clone"
    shutil.copytree(ROOT / "scripts", clone / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, clone)
    programs = clone / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "davgate").write_text(NOTE, "utf-8")
    (programs / "davgate").chmod(0o755)
    made = subprocess.run("cat pyproject.toml constraints.txt | cksum", shell=True, cwd=clone, capture_output=True, check=True)
    (clone / ".venv" / "made").write_bytes(made.stdout)
    return clone


def served(clone: Path, folder: Path, *arguments: str, **environment: str) -> tuple[str, list[str]]:
    """Return what the script says, and how it calls ``davgate serve``."""
    script = os.path.relpath(clone / "scripts" / "serve", folder)
    run = subprocess.run(
        [script, *arguments], cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    calls = (clone / ".venv" / "calls").read_text("utf-8").splitlines()
    return run.stdout, calls[-1].split("|")[:-1]


def test_store_lies_in_the_clone_unless_a_folder_is_named(clone: Path, tmp_path: Path) -> None:
    said, call = served(clone, tmp_path)

    assert call == ["serve", "--data", f"{clone}/var"]
    assert f"Store: {clone}/var   User: demo   Password: " in said
    assert "cadaver http://127.0.0.1:8080/dav/" in said


@pytest.mark.parametrize("arguments", [("--data", "my store"), ("--data=my store",)])
def test_named_folder_is_where_one_is_and_not_in_the_clone(clone: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    _, call = served(clone, tmp_path, *arguments)

    assert call == ["serve", *arguments, "--data", f"{tmp_path}/my store"]
    assert (tmp_path / "my store" / "demo-password").exists()


def test_lines_for_mounting_have_the_address_of_the_settings(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "davgate.toml").write_text('[server]\nlisten = "127.0.0.1:8090"\n', "utf-8")

    said, call = served(clone, tmp_path, "--config", "davgate.toml")
    assert "cadaver http://127.0.0.1:8090/dav/" in said
    assert call[-2:] == ["--config", f"{tmp_path}/davgate.toml"]

    said, _ = served(clone, tmp_path, "--config", "davgate.toml", DAVGATE_SERVER_LISTEN="127.0.0.1:8091")
    assert "cadaver http://127.0.0.1:8091/dav/" in said

    said, _ = served(clone, tmp_path, "--config", "davgate.toml", "--listen", "127.0.0.1:8092")
    assert "cadaver http://127.0.0.1:8092/dav/" in said
