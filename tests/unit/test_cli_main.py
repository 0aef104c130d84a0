"""The argument tree, and what becomes of mistakes: lines on standard error and an exit code."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from davgate import __version__
from davgate.cli.arguments import parser
from davgate.cli.main import Exit, main


def test_flags_of_each_command_are_understood() -> None:
    added = parser().parse_args(["user", "add", "ann", "--data", "d", "--password-stdin", "--admin"])
    assert (added.name, added.data, added.admin, added.module) == ("ann", "d", True, "users")

    served = parser().parse_args(["serve", "--data", "d", "--listen", "[::1]:80", "--workers", "2", "--config", "f"])
    assert (served.listen, served.workers, served.config, served.module) == ("[::1]:80", "2", Path("f"), "serve")

    assert parser().parse_args(["init", "--data", "d"]).module == "store"
    checked = parser().parse_args(["fsck", "--data", "d", "--read-data"])
    assert (checked.read_data, checked.module) == (True, "fsck")


@pytest.mark.parametrize(
    "words",
    [[], ["user"], ["user", "add", "ann"], ["serve", "--work", "2"], ["init", "extra"], ["config"], ["nothing"]],
)
def test_command_that_is_not_understood_exits_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)

    assert caught.value.code == Exit.FAILED
    assert "usage: davgate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "usage", "told"),
    [
        ("audit verify --as ann", "davgate audit verify [", "davgate audit verify: error: unrecognized arguments: --as ann"),
        ("serve --bogus", "davgate serve [", "davgate serve: error: unrecognized arguments: --bogus"),
        ("serve --worker 2", "davgate serve [", "unrecognized arguments: --worker 2. Did you mean --workers?"),
        ("fsck --read=1", "davgate fsck [", "unrecognized arguments: --read=1. Did you mean --read-data?"),
        ("versons", "davgate [", "there is no command 'versons'. Did you mean versions?"),
        ("trash lst", "davgate trash [", "there is no command 'lst'. Did you mean list?"),
        ("key xyz", "davgate key [", "there is no command 'xyz'. There are: rotate, list, remove."),
    ],
)
def test_mistake_shows_the_usage_of_its_own_command(
    words: str, usage: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(words.split())

    written = capsys.readouterr().err
    assert written.startswith(f"usage: {usage}")
    assert told in written


def test_address_in_use_is_named_with_the_way_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init", "--data", str(tmp_path)])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code = main(["serve", "--data", str(tmp_path), "--listen", address, "--workers", "1"])

    assert code == Exit.FAILED
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"davgate: {address} is in use. Stop what listens there, or choose another address with --listen."


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("nowhere.invalid:8080", "names a host that is not known here. Write an address of this machine"),
        ("192.0.2.7:8080", "is no address of this machine. Choose another one with --listen"),
    ],
)
def test_address_that_cannot_be_had_is_named_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str, told: str
) -> None:
    main(["init", "--data", str(tmp_path)])

    assert main(["serve", "--data", str(tmp_path), "--listen", address, "--workers", "1"]) == Exit.FAILED
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"davgate: {address} {told}")


def test_file_that_cannot_be_used_is_told_without_numbers_of_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.touch()

    assert main(["init", "--data", str(file)]) == Exit.FAILED
    assert capsys.readouterr().err == f"davgate: {file / 'blobs'}: Not a directory.\n"


def test_settings_file_that_cannot_be_read_is_the_only_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "davgate.toml"

    assert main(["fsck", "--config", str(file)]) == Exit.FAILED
    assert capsys.readouterr().err == f"davgate: {file}: No such file or directory\n"


def test_each_mistake_in_the_settings_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "davgate.toml"
    file.write_text("[server]\nworkers = 1000\nthreds = 1\n", "utf-8")

    code = main(["fsck", "--data", str(tmp_path), "--config", str(file)])

    assert code == Exit.FAILED
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"davgate: {file}: ") for line in lines)


def test_flag_out_of_range_names_the_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["serve", "--data", str(tmp_path), "--workers", "none"])

    assert code == Exit.FAILED
    assert capsys.readouterr().err.startswith("davgate: --workers: server.workers must be a whole number")


def test_module_runs_as_the_command() -> None:
    run = [sys.executable, "-m", "davgate", "--version"]

    assert subprocess.run(run, capture_output=True, check=True, text=True).stdout == f"davgate {__version__}\n"


def test_help_and_example_need_neither_database_nor_server() -> None:
    program = "import sys; from davgate.cli.main import main; main(['config', 'example']); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)

    loaded = run.stdout.splitlines()[-1].split()
    assert "davgate.config" in loaded
    assert not {"sqlalchemy", "wsgidav", "cheroot", "lxml"} & set(loaded)


def test_reader_that_has_gone_is_no_error_to_tell_of() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = [sys.executable, "-m", "davgate", "config", "example"]
    try:
        ended = subprocess.run(run, stdout=writing, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writing)

    assert (ended.returncode, ended.stderr) == (Exit.FAILED, "")


@pytest.mark.parametrize("closed", ["0<&-", ">&-", "2>&-"])
def test_command_without_a_standard_stream_does_its_work(tmp_path: Path, closed: str) -> None:
    run = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "davgate", "init", "--data", str(tmp_path)]
    ended = subprocess.run(run, capture_output=True, text=True)

    assert (ended.returncode, ended.stderr) == (Exit.DONE, "")


def test_fault_of_ours_is_a_line_and_not_the_exit_code_of_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path)]
    assert main(["init", *data]) == Exit.DONE
    with closing(sqlite3.connect(tmp_path / "davgate.sqlite3")) as database, database:
        # What no rule of ours lets in, and no check expects: a name that is no text.
        database.execute(
            "INSERT INTO node (id, uuid, kind, parent_id, name, name_key, created_at, created_by, modified_at, version_no,"
            " is_seen, is_closed) VALUES (2, 'u', 1, 1, x'ff', x'ff', 0, 1, 0, 0, 0, 0)"
        )

    code = main(["fsck", *data])

    assert code == Exit.FAILED
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith("davgate: Something went wrong here: TypeError")
