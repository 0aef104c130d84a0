"""The canary itself: it fails a test that lets a secret out, and no other."""

from __future__ import annotations

import base64
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from tests.canary import Canary, Listener

SECRET = "a tall tale 93"
HEADER = "Basic " + base64.b64encode(f"ann:{SECRET}".encode()).decode()


@pytest.fixture
def canary() -> Canary:
    canary = Canary()
    canary.guard_authorization(HEADER)
    return canary


@pytest.mark.parametrize("text", [f"ann sent {SECRET}", "GET /?p=a%20tall%20tale%2093", f"({HEADER[6:]})"])
def test_secret_in_any_form_is_found_and_not_repeated(canary: Canary, text: str) -> None:
    canary.hear("a server", text)

    (sentence,) = canary.found()

    assert sentence.startswith("a server: a secret of")
    assert SECRET not in sentence and HEADER[6:] not in sentence


def test_what_was_asked_about_is_forgotten(canary: Canary) -> None:
    canary.hear("a server", SECRET)

    assert len(canary.found()) == 1
    assert canary.found() == []


def test_words_and_short_text_are_no_secrets(canary: Canary) -> None:
    canary.guard("wrong password")
    canary.guard("1234567")
    canary.guard_authorization("Basic ?")

    canary.hear("a server", "wrong password, not 1234567, ?")

    assert canary.found() == []


def test_secret_guarded_after_it_was_written_is_found(canary: Canary) -> None:
    canary.hear("a server", "made app password x7-u2-k9")

    canary.guard("x7-u2-k9")

    assert len(canary.found()) == 1


def test_listener_hears_the_log_as_it_is_written(canary: Canary) -> None:
    logger = logging.Logger("davgate.test")
    logger.addHandler(Listener(canary))

    logger.info("Authorization: %s", HEADER)
    assert canary.found() == []  # The formatter has taken it out.

    logger.info("It was: %s", SECRET)
    assert canary.found()[0].startswith("the log of davgate.test: ")


TESTS = f"""
import logging, os, subprocess, sys
from tests.canary import guard, hear
from tests.processes import start

guard({SECRET!r})

def test_log(): logging.getLogger("davgate.access").info("GET {SECRET}")
def test_standard_error_of_a_process(): subprocess.run([sys.executable, "-c", "import os; os.write(2, b'{SECRET}')"])
def test_standard_error_of_a_server(): start(os.write, 2, b"{SECRET}").join()
def test_told_by_a_helper(): hear("a server", "{SECRET}")
def test_clean(): logging.getLogger("davgate.access").info("GET /")
def test_standard_output(): print("{SECRET}")
"""


def test_plugin_fails_the_tests_that_let_a_secret_out(tmp_path: Path) -> None:
    tmp_path.joinpath("conftest.py").write_text(
        "from tests.canary import CANARY, Plugin\ndef pytest_configure(config): config.pluginmanager.register(Plugin(CANARY))\n"
    )
    tmp_path.joinpath("test_it.py").write_text(TESTS)
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]

    ended = subprocess.run(run, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60)

    assert ended.returncode == 1, ended.stdout
    failed = {line.split("::")[1].split()[0] for line in ended.stdout.splitlines() if line.startswith("ERROR ")}
    guilty = {"test_log", "test_standard_error_of_a_process", "test_standard_error_of_a_server", "test_told_by_a_helper"}
    assert failed == guilty, ended.stdout
    assert "6 passed" in ended.stdout
