"""README.md and the pages in docs/ say what the program does: settings, commands, codes, operations, mount lines and scripts."""

import argparse
import importlib
import json
import pkgutil
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from davgate.cli.arguments import parser
from davgate.cli.main import Exit
from davgate.config import load, named_settings, settings
from davgate.dav.app import METHODS
from davgate.http.errors import TABLE
from davgate.model.errors import DavgateError
from davgate.rest import dynacase
from davgate.rest.dialects import DIALECTS
from davgate.rest.dynacase import errors as dynacase_errors
from davgate.rest.gever import errors as gever_errors
from davgate.rest.okd import errors as okd_errors
from davgate.rest.openapi import describe
from davgate.rest.yuuvis import errors as yuuvis_errors

ROOT = Path(__file__).parents[2]
ENTRANCE = ROOT / "README.md"
PAGES = {path: path.read_text("utf-8") for path in (ENTRANCE, *sorted((ROOT / "docs").glob("*.md")))}
README = PAGES[ENTRANCE]


def page(name: str) -> str:
    """Return a page of docs/ by its name."""
    return PAGES[ROOT / "docs" / f"{name}.md"]


def settings_table() -> str:
    """Return the table of the settings as the documentation must have it."""
    lines = ["| Setting | Default | Range | Meaning |", "|---|---|---|---|"]
    for name, known in (settings() | named_settings()).items():
        text = known.default if isinstance(known.default, str) else json.dumps(known.default)
        default = "none" if known.default is None else f"`{text}`" if text else "empty"
        lines.append(f"| `{name}` | {default} | {known.bounds} | {known.help} |")
    return "\n".join(lines)


def command_paths(tree: argparse.ArgumentParser, path: str = "davgate") -> Iterator[str]:
    """Yield the words of each command that does something."""
    below = [action for action in tree._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield path
    for action in below:
        for name, child in action.choices.items():
            yield from command_paths(child, f"{path} {name}")


def documented_commands() -> list[str]:
    """Return the davgate commands of all blocks, without comments."""
    blocks = "".join(block for text in PAGES.values() for block in re.findall(r"\n```sh\n(.*?)```", text, re.S))
    return [line.partition("#")[0].strip() for line in blocks.splitlines() if line.startswith("davgate ")]


def test_every_setting_is_in_the_table_with_default_range_and_meaning() -> None:
    table = settings_table()

    assert table in page("configuration"), f"docs/configuration.md must contain this table:\n\n{table}\n"


def test_every_command_is_documented() -> None:
    for path in command_paths(parser()):
        assert any(line.startswith(path) for line in documented_commands()), path


def test_documented_commands_are_understood() -> None:
    assert len(documented_commands()) >= 8

    for line in documented_commands():
        parser().parse_args(shlex.split(line.replace("[", "").replace("]", ""))[1:])


def test_every_exit_code_is_documented() -> None:
    for code in Exit:
        assert f"\n| {code.value} | " in page("commands"), code


def mount_lines(url: str) -> list[str]:
    printed = subprocess.run([ROOT / "scripts" / "mount-lines", url, "demo"], capture_output=True, check=True, text=True)
    return printed.stdout.splitlines()


def test_mount_lines_are_those_that_serve_prints() -> None:
    lines = mount_lines("http://127.0.0.1:8080/dav/")

    assert {line.partition(":")[0] for line in lines} >= {"Windows", "macOS", "GNOME", "KDE", "davfs2"}
    for line in lines:
        assert f"`{line.partition(': ')[2]}`" in README, line


def test_windows_is_told_to_send_passwords_in_clear_only_where_there_is_no_tls() -> None:
    clear, secure = (mount_lines(f"{scheme}://127.0.0.1:8080/dav/") for scheme in ("http", "https"))

    assert [line for line in clear if "BasicAuthLevel" in line]
    assert [line for line in secure if "WebClient" in line] == []
    assert "Windows: net use Z: https://127.0.0.1:8080/dav/ * /user:demo" in secure


def test_automation_runs_the_test_command_of_the_readme() -> None:
    assert "\nscripts/test " in README
    assert "scripts/test" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_script_says_first_what_it_does_and_stays_short() -> None:
    scripts = [path for path in (ROOT / "scripts").iterdir() if path.is_file()]
    assert len(scripts) >= 6

    for path in scripts:
        lines = path.read_text("utf-8").splitlines()
        assert next(line for line in lines if not line.startswith("#!")).startswith("# "), path
        assert len(lines) < 30, path
        assert "set -eu" in lines or not lines[0].startswith("#!"), path


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_files_that_a_page_names_exist(path: Path) -> None:
    for linked in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[path]):
        assert (path.parent / linked).exists(), linked
    for named in re.findall(r"`((?:src|tests|scripts|config|docs)/[\w./-]+)`", PAGES[path]):
        assert (ROOT / named).exists(), named


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_chapters_that_a_page_points_to_exist(path: Path) -> None:
    for linked, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", PAGES[path]):
        titles = re.findall(r"^#+ (.+)$", PAGES[(path.parent / linked).resolve() if linked else path], re.M)
        assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, f"{linked}#{anchor}"


def test_readme_leads_to_every_page_and_stays_short() -> None:
    linked = {(ROOT / name).resolve() for name in re.findall(r"\]\((docs/[^)#]+)", README)}

    assert linked == PAGES.keys() - {ENTRANCE}
    assert len(README.splitlines()) < 250


def test_examples_of_settings_are_taken(tmp_path: Path) -> None:
    pages = [text for path, text in PAGES.items() if path.stem != "object-types"]
    examples = [block for text in pages for block in re.findall(r"\n```toml\n(.*?)```", text, re.S)]
    assert len(examples) >= 3

    for example in examples:
        (tmp_path / "davgate.toml").write_text(example, "utf-8")
        load(tmp_path / "davgate.toml", {}, {"data": str(tmp_path)})


def every_error(kind: type[DavgateError] = DavgateError) -> Iterator[type[DavgateError]]:
    """Yield the classes of all errors but those that tests make."""
    for error in kind.__subclasses__():
        if error.__module__.startswith("davgate."):
            yield error
        yield from every_error(error)


def test_every_error_code_is_in_the_table_with_its_status() -> None:
    for error in every_error():
        status = next(TABLE[kind].status for kind in error.__mro__ if kind in TABLE)
        assert f"| `{error.code}` | {status.value} | " in page("doors"), error.code


def test_every_method_of_the_drive_has_its_row() -> None:
    named = set(re.findall(r"`([A-Z-]+)`", page("drive")))

    assert set(METHODS) <= named


def rows(name: str) -> list[tuple[str, str]]:
    """Return the rows of a page's compliance table: what each is about, and the files of its tests."""
    return re.findall(r"^\| (.+?) \| .+ \| (`tests/[^|]+`) \|$", page(name), re.M)


def spelled_out(address: str) -> set[str]:
    """Return an address with and without each part of it that stands in brackets."""
    optional = re.search(r"\[([^][]*)\]", address)
    if optional is None:
        return {address}
    before, after = address[: optional.start()], address[optional.end() :]
    return spelled_out(before + after) | spelled_out(before + optional[1] + after)


def operations(name: str) -> list[str]:
    """Return the operations that a compliance table has, from ``GET, PUT /documents[/{id}]`` and its like."""
    named = [found for about, _ in rows(name) for found in re.findall(r"`([A-Z]+(?:, [A-Z]+)*) ([/[][^`]*)`", about)]
    return [f"{method} {one}" for methods, address in named for method in methods.split(", ") for one in spelled_out(address)]


def test_optional_parts_of_an_address_are_spelled_out() -> None:
    assert spelled_out("[/a]/b[/c[/d]]") == {"/b", "/b/c", "/b/c/d", "/a/b", "/a/b/c", "/a/b/c/d"}


@pytest.mark.parametrize("name", DIALECTS)
def test_every_operation_of_a_dialect_has_its_row_with_its_tests(name: str) -> None:
    paths = describe(DIALECTS[name]({}), "/")["paths"]
    offered = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]

    assert sorted(operations(name)) == sorted(offered)


@pytest.mark.parametrize("name", DIALECTS)
def test_every_acceptance_case_is_a_test_of_its_number(name: str) -> None:
    ((about, files),) = [row for row in rows(name) if "acceptance cases" in row[0]]
    tests = "".join((ROOT / file).read_text("utf-8") for file in re.findall(r"`([^`]+)`", files))
    count = int(re.findall(r"\d+", about)[0])

    assert count >= 28
    assert {int(number) for number in re.findall(r"^def test_(?:case_|a)(\d\d)_", tests, re.M)} == {*range(1, count + 1)}


@pytest.mark.parametrize("name", DIALECTS)
def test_openapi_document_of_a_dialect_is_held_against_its_answers(name: str) -> None:
    assert ("the OpenAPI document", f"`tests/schemas/test_schemathesis_{name}.py`") in rows(name)


def test_every_code_of_okd_is_documented() -> None:
    assert set(okd_errors.CODES.values()) <= set(re.findall(r"`([a-z-]+)`", page("okd")))


def test_every_message_of_gever_is_documented() -> None:
    refusals = [row for row in vars(gever_errors).values() if isinstance(row, gever_errors.Refusal)]
    messages = {row.message for row in refusals if row.message}

    assert len(messages) >= 10
    assert messages <= set(re.findall(r"`([a-z_]+)`", page("gever")))


def test_every_code_of_yuuvis_is_documented() -> None:
    mistakes = {code for name, code in vars(yuuvis_errors).items() if name.isupper() and isinstance(code, int)}
    codes = {row.service_code for row in yuuvis_errors.TABLE.values()} | mistakes

    assert len(codes) >= 15
    assert {code for code in codes if code >= 2100} <= {int(code) for code in re.findall(r"\b2\d{3}\b", page("yuuvis"))}


def refusals_of_dynacase() -> set[tuple[str, int]]:
    """Return code and status of everything that Dynacase refuses in words of its own."""
    modules = [importlib.import_module(f"{dynacase.__name__}.{found.name}") for found in pkgutil.iter_modules(dynacase.__path__)]
    values = [value for module in modules for value in (*vars(module).values(), *dynacase_errors._TABLE.values())]
    return {(value.code, value.status.value) for value in values if isinstance(value, dynacase_errors.Refusal)}


def test_every_code_of_dynacase_is_documented_with_its_status() -> None:
    said = re.findall(r"((?:`(?:API|CRUD)\d{4}`, )*`(?:API|CRUD)\d{4}`) (\d{3}(?: or \d{3})*)", page("dynacase"))
    documented = {
        (code, int(status)) for codes, statuses in said for code in re.findall(r"\w+", codes) for status in statuses.split(" or ")
    }

    assert len(documented) >= 50
    assert documented == refusals_of_dynacase()


@pytest.mark.parametrize("name", DIALECTS)
def test_address_of_a_dialect_is_documented(name: str) -> None:
    mount = settings()[f"doors.{name}"].default
    addresses = re.findall(r"^\| \[.+\]\((docs/[^)]+)\) \| `([^`]+)` \| ", README, re.M)

    assert (f"docs/{name}.md", mount) in addresses
    assert len(addresses) == len(DIALECTS) + 1
    assert f"`{mount}`" in page(name)
    assert f"`{mount}/openapi.json`" in page(name)


def test_every_test_that_the_compliance_table_names_is_there() -> None:
    files = [file for text in PAGES.values() for file in re.findall(r"`(tests/[a-z0-9_/]+\.py)`", text)]

    assert len(files) >= 15
    for file in files:
        assert "def test_" in (ROOT / file).read_text("utf-8"), file
