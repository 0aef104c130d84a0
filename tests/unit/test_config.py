"""The settings: what is read, in which order, and what is said about mistakes."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.cli.config import example
from davgate.config import (
    Address,
    Config,
    ConfigError,
    LocksConfig,
    load,
    parse_amount,
    parse_size,
    parse_span,
    settings,
    variable,
)

EXAMPLE = Path(__file__).parents[2] / "config" / "davgate.example.toml"


def mistakes(text: str, tmp_path: Path, environ: dict[str, str] | None = None, **flags: object) -> tuple[str, ...]:
    """Load a file with this text and return what is wrong with it."""
    file = tmp_path / "davgate.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, environ or {}, {"data": "/srv/davgate", **flags})
    return caught.value.mistakes


def test_only_data_has_to_be_given() -> None:
    config = load(None, {}, {"data": "/srv/davgate"})

    assert config == Config(data=Path("/srv/davgate"))
    assert config.server.listen == Address("127.0.0.1", 8080)
    assert config.server.header_bytes == 65536
    assert config.locks == LocksConfig(default=timedelta(seconds=600), max=timedelta(hours=24))
    assert config.sqlite_file == Path("/srv/davgate/davgate.sqlite3")
    assert config.blob_folder == Path("/srv/davgate/blobs")
    assert str(config.time_zone) == "UTC"


def test_blobs_may_lie_elsewhere() -> None:
    config = load(None, {"DAVGATE_STORE_BLOBS": "/mnt/blobs"}, {"data": "/srv/davgate"})

    assert config.blob_folder == Path("/mnt/blobs")


def test_missing_data_says_how_to_give_it() -> None:
    with pytest.raises(ConfigError, match="--data DIR"):
        load(None, {}, {"data": None})


def test_environment_overrides_file_and_flag_overrides_both(tmp_path: Path) -> None:
    file = tmp_path / "davgate.toml"
    file.write_text('time_zone = "Europe/Berlin"\n[server]\nworkers = 2\nthreads = 3\nbacklog = 4\n', "utf-8")
    environ = {"DAVGATE_SERVER_THREADS": "5", "DAVGATE_SERVER_BACKLOG": "6", "DAVGATE_DATA": "/srv/davgate"}

    config = load(file, environ, {"server.backlog": "7", "server.listen": None})

    assert (config.server.workers, config.server.threads, config.server.backlog) == (2, 5, 7)
    assert str(config.time_zone) == "Europe/Berlin"
    assert config.data == Path("/srv/davgate")


def test_relative_data_folder_starts_where_the_command_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert load(None, {}, {"data": "var"}).data == tmp_path / "var"


def test_every_mistake_of_every_source_is_reported_at_once(tmp_path: Path) -> None:
    found = mistakes(
        '[server]\nlisten = "8080"\nworkers = 257\nworker = 2\n[lock]\nmax = 1\n',
        tmp_path,
        {"DAVGATE_SERVER_THREAD": "8", "DAVGATE_DRIVE_LIST_VERSIONS_FOLDER": "yes"},
        **{"server.backlog": "many"},
    )

    assert len(found) == 7
    file = tmp_path / "davgate.toml"
    for sentence in [
        f"{file}: server.listen must be a host and a port",
        f"{file}: server.workers must be between 0 and 256 (given: 257)",
        f"{file}: unknown setting server.worker; did you mean server.workers?",
        f"{file}: unknown setting lock.max; did you mean locks.max?",
        "unknown environment variable DAVGATE_SERVER_THREAD; did you mean DAVGATE_SERVER_THREADS?",
        "DAVGATE_DRIVE_LIST_VERSIONS_FOLDER: drive.list_versions_folder must be true or false (given: 'yes')",
        "--backlog: server.backlog must be a whole number (given: 'many')",
    ]:
        assert any(mistake.startswith(sentence) for mistake in found), (sentence, found)


def test_variable_is_compared_without_what_all_begin_with(tmp_path: Path) -> None:
    assert mistakes("", tmp_path, {"DAVGATE_BOGUS": "1"}) == ("unknown environment variable DAVGATE_BOGUS",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("listen = 1", "unknown setting listen; did you mean server.listen?"),
        ("[serv]\nport = 80", "unknown setting serv.port; did you mean [server]?"),
        ("[serv]\nworker = 8", "unknown setting serv.worker; did you mean server.workers?"),
        ("[serv]", "unknown section [serv]; did you mean [server]?"),
        ("[quux]", "unknown section [quux]"),
        ("server = 1", "server must be a section, [server]"),
        ('[server]\nworkers = "-1"', "server.workers must be between 0 and 256 (given: '-1')"),
        ("[server]\nworkers = true", "server.workers must be a whole number"),
        ("[server]\nworkers = 1.5", "server.workers must be a whole number"),
        ("[server]\nworkers = [1]", "server.workers must be a whole number"),
        ("[server.workers]\nmost = 1", "server.workers must be a whole number"),
        ('[server]\nlisten = "::1:8080"', "server.listen must be a host and a port"),
        ('[server]\nlisten = "[127.0.0.1]:8080"', "server.listen must be a host and a port"),
        ('[server]\nlisten = "host:65536"', "server.listen must be a host and a port"),
        ('[server]\npublic_url = "https://example.org/dav/"', "server.public_url must be scheme, host and port alone"),
        ('[server]\nheader_bytes = "1 KiB"', "server.header_bytes must be between 4 KiB and 1 MiB"),
        ('[limits]\nupload_bytes = "1 B"', "limits.upload_bytes must be at least 1 KiB"),
        ('[server]\nidle_timeout = "-1s"', "server.idle_timeout must be seconds, or a time"),
        ("[server]\nidle_timeout = true", "server.idle_timeout must be seconds, or a time"),
        ('[store]\nquota_bytes = "1 XB"', "store.quota_bytes must be a number of bytes"),
        ('[store]\nquota_bytes = "0.5"', "store.quota_bytes must be a number of bytes"),
        ('[store]\ndatabase_url = "mysql://h/d"', "store.database_url must begin with postgresql://"),
        ('time_zone = "Europe/Kopenhagen"', "time_zone must be a time zone such as"),
        ('time_zone = "America"', "time_zone must be a time zone such as"),
        ('time_zone = "../../etc/passwd"', "time_zone must be a time zone such as"),
        ('[log]\nlevel = "LOUD"', "log.level must be DEBUG, INFO, WARNING or ERROR"),
        ('[store]\nblobs = "~no-such-user/blobs"', "store.blobs must not begin with ~"),
        ("[server\n", "Expected ']'"),
    ],
)
def test_mistake_is_told_with_what_is_wanted(tmp_path: Path, text: str, sentence: str) -> None:
    (mistake,) = mistakes(text, tmp_path)

    assert mistake.startswith(f"{tmp_path / 'davgate.toml'}: {sentence}")


def test_unknown_time_zone_gets_the_nearest_one(tmp_path: Path) -> None:
    (mistake,) = mistakes('time_zone = "Europe/Kopenhagen"', tmp_path)

    assert "did you mean Europe/Copenhagen?" in mistake


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_bytes(b"\xff")])
def test_file_that_cannot_be_read_is_named(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "davgate.toml"
    make(file)

    with pytest.raises(ConfigError, match=f"^{re.escape(str(file))}: "):
        load(file, {}, {"data": "/srv/davgate"})


def test_secret_is_in_no_message_and_no_repr(tmp_path: Path) -> None:
    url = "postgresql://davgate:s3cret@db/davgate"
    config = load(None, {"DAVGATE_STORE_DATABASE_URL": url}, {"data": "/srv/davgate"})

    assert config.store.database_url == "postgresql+psycopg://davgate:s3cret@db/davgate"
    assert "s3cret" not in repr(config)
    for text in [f'[store]\ndatabase_url = "x{url}"', '[server]\npublic_url = "https://ann:s3cret@example.org"']:
        assert "s3cret" not in "".join(mistakes(text, tmp_path))


def test_variables_that_kubernetes_sets_for_a_service_of_this_name_are_no_mistake() -> None:
    environ = {
        "DAVGATE_PORT": "tcp://10.0.0.1:8080",
        "DAVGATE_PORT_8080_TCP_ADDR": "10.0.0.1",
        "DAVGATE_SERVICE_HOST": "10.0.0.1",
        "DAVGATE_SERVICE_PORT_HTTP": "8080",
    }

    assert load(None, environ, {"data": "/srv/davgate"}) == Config(data=Path("/srv/davgate"))


def test_listen_takes_names_and_both_kinds_of_address() -> None:
    for text, address in {
        "localhost:0": Address("localhost", 0),
        "0.0.0.0:80": Address("0.0.0.0", 80),
        "[::1]:8080": Address("::1", 8080),
    }.items():
        config = load(None, {"DAVGATE_SERVER_LISTEN": text}, {"data": "/srv/davgate"})
        assert config.server.listen == address
        assert str(config.server.listen) == text


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0, 0),
        (4096, 4096),
        ("4096", 4096),
        ("64 KiB", 65536),
        ("64kib", 65536),
        ("1.5 GiB", 1610612736),
        ("2 MB", 2000000),
    ],
)
def test_size_is_read_as_people_write_it(value: object, size: int) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize(
    ("value", "span"),
    [
        (0, timedelta()),
        (1.5, timedelta(seconds=1.5)),
        ("10", timedelta(seconds=10)),
        ("500ms", timedelta(milliseconds=500)),
        ("10 s", timedelta(seconds=10)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
    ],
)
def test_span_is_read_as_people_write_it(value: object, span: timedelta) -> None:
    assert parse_span(value) == span


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers())))
def test_no_value_is_anything_but_read_or_refused(value: object) -> None:
    for known in settings().values():
        try:
            known.parse(value)
        except ValueError as mistake:
            assert str(mistake).startswith("must ")


def test_amount_is_exact() -> None:
    assert parse_amount("0.1", {"": 10}, "") == 1
    assert parse_span("0.000001") == timedelta(microseconds=1)


def test_each_setting_has_a_variable_of_its_own() -> None:
    names = settings()

    assert len({variable(name) for name in names}) == len(names)
    assert variable("server.listen") == "DAVGATE_SERVER_LISTEN"


def test_each_setting_has_help() -> None:
    for name, known in settings().items():
        assert known.help.endswith("."), name


def test_example_file_is_what_the_command_writes() -> None:
    assert EXAMPLE.read_text("utf-8") == example(), "run scripts/format, which writes it anew"


def test_example_file_names_every_setting_with_its_default(tmp_path: Path) -> None:
    file = tmp_path / "davgate.toml"
    file.write_text(re.sub(r"(?m)^# (\w+ = )", r"\1", example()), "utf-8")
    document = tomllib.loads(file.read_text("utf-8"))

    named = {key if not isinstance(value, dict) else f"{key}.{k}" for key, value in document.items()
             for k in (value if isinstance(value, dict) else [""])}  # fmt: skip
    assert named == set(settings())
    assert load(file, {}, {"data": "/srv/davgate"}) == Config(data=Path("/srv/davgate"))


def test_rule_for_old_versions_is_read_and_off_by_default() -> None:
    nothing = load(None, {}, {"data": "/srv/davgate"})
    assert set(nothing.versions.keep_steps.values()) == {None}
    assert (nothing.versions.keep_count, nothing.versions.keep_bytes, nothing.versions.keep_saves) == (0, 0, None)
    assert nothing.trash.keep is None

    given = {"DAVGATE_VERSIONS_KEEP_ALL": "7d", "DAVGATE_VERSIONS_KEEP_MONTHLY": "forever", "DAVGATE_TRASH_KEEP": "90d"}
    config = load(None, given, {"data": "/srv/davgate"})
    steps = {name: age for name, age in config.versions.keep_steps.items() if age is not None}
    assert steps == {"all": timedelta(days=7), "monthly": timedelta.max}
    assert config.trash.keep == timedelta(days=90)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('keep_all = "30d"\nkeep_daily = "30d"', "versions.keep_daily must be a longer time than versions.keep_all"),
        (
            'keep_hourly = "forever"\nkeep_yearly = "9000d"',
            "versions.keep_yearly must be a longer time than versions.keep_hourly",
        ),
        ('keep_all = "30s"', "must be at least 1m, forever, or empty"),
        ('keep_all = "never"', "must be seconds, or a time such as"),
        ('keep_saves = "forever"', "must be seconds, or a time such as"),
        ('per = "day"', "versions.per must be session or save"),
        ("keep_count = -1", "must be"),
    ],
)
def test_rule_for_old_versions_that_is_none_is_refused(text: str, mistake: str, tmp_path: Path) -> None:
    (found,) = mistakes(f"[versions]\n{text}\n", tmp_path)

    assert mistake in found
