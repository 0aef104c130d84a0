"""What ``davgate serve`` says of its TLS and its proxies before it serves."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import Authority

from davgate.cli import serve
from davgate.cli.main import Exit, main
from davgate.cli.settings_served import ServedSettings
from davgate.config import Config, ConfigError, load

TLS = {"server.certificate": "server.crt", "server.private_key": "server.key"}


def server_config(**changes: str) -> Any:
    return loaded({f"server.{name}": value for name, value in changes.items()}).server


def loaded(given: dict[str, Any]) -> Config:
    return load(None, {}, {"data": "data", **given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"server.certificate": "x.crt"}, "server.certificate needs server.private_key: TLS takes both"),
        ({"server.private_key": "x.key"}, "server.private_key needs server.certificate: TLS takes both"),
        ({"server.client_ca": "x.pem"}, "server.client_ca needs server.certificate: only TLS asks for certificates"),
        (
            {**TLS, "server.client_certificates": "required"},
            "server.client_certificates = required needs server.client_ca: nobody would be let in",
        ),
        ({"server.client_certificates": "maybe"}, "must be optional or required"),
        ({"server.user_header": "X-User"}, "server.user_header needs server.trusted_proxies: it is believed from nobody else"),
        ({"server.user_header": "X_User", "server.trusted_proxies": "10.0.0.1"}, "must be the name of a header"),
        ({"server.user_header": "authorization", "server.trusted_proxies": "10.0.0.1"}, "that no client sends by itself"),
        ({"server.trusted_proxies": "proxy.example.org"}, "must be networks such as"),
        ({"server.trusted_proxies": "10.0.0.5/8"}, "has host bits set"),
        ({"server.trusted_proxies": "10.0.0.1, 0.0.0.0/0"}, "must not be everybody"),
        ({"server.trusted_proxies": ["::/0"]}, "must not be everybody"),
        ({"server.trusted_proxies": 10}, "must be networks such as"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(given)
    (mistake,) = caught.value.mistakes
    assert said in mistake


@pytest.mark.parametrize("given", ["10.0.0.0/8, ::1", ["10.0.0.0/8", "::1"], "10.0.0.0/8,::1,"])
def test_networks_are_a_list_or_a_text(given: object) -> None:
    assert [str(network) for network in loaded({"server.trusted_proxies": given}).server.trusted_proxies] == [
        "10.0.0.0/8",
        "::1/128",
    ]


@pytest.mark.parametrize(
    ("changes", "is_warned_of"),
    [
        ({}, False),
        ({"listen": "[::1]:80"}, False),
        ({"listen": "0.0.0.0:80"}, True),
        ({"listen": "0.0.0.0:80", "public_url": "http://example.org"}, True),
        ({"listen": "0.0.0.0:80", "public_url": "https://example.org"}, False),
        ({"listen": "0.0.0.0:80", "trusted_proxies": "10.0.0.1"}, False),
        ({"listen": "0.0.0.0:80", "certificate": "x.crt", "private_key": "x.key"}, False),
    ],
)
def test_serving_a_network_in_clear_is_warned_of(changes: dict[str, str], is_warned_of: bool) -> None:
    assert serve._crosses_network_in_clear(server_config(**changes)) is is_warned_of


@pytest.mark.parametrize(
    ("of_file", "of_folder", "is_warned_of"),
    [(0o600, 0o755, False), (0o644, 0o755, True), (0o644, 0o700, False), (0o640, 0o750, False)],
)
def test_database_that_everybody_may_read_is_warned_of(tmp_path: Path, of_file: int, of_folder: int, is_warned_of: bool) -> None:
    config = load(None, {}, {"data": str(tmp_path)})
    assert not serve._is_readable_by_all(config)
    config.sqlite_file.touch()
    config.sqlite_file.chmod(of_file)
    tmp_path.chmod(of_folder)

    assert serve._is_readable_by_all(config) is is_warned_of


def test_files_that_do_not_fit_exit_2_with_a_line_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority = Authority(tmp_path / "authority")
    issued, other = authority.issue(), authority.issue()
    settings = tmp_path / "davgate.toml"
    settings.write_text(f"[server]\ncertificate = '{issued.certificate}'\nprivate_key = '{other.private_key}'\nworkers = 1\n")
    data = str(tmp_path / "data")
    assert main(["init", "--data", data]) == Exit.DONE
    capsys.readouterr()

    assert main(["serve", "--data", data, "--config", str(settings), "--listen", "127.0.0.1:0"]) == Exit.FAILED

    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"davgate: TLS: {other.private_key} is not the key of the certificate in {issued.certificate}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", ""),
        ("[server]\nlisten = '127.0.0.1:1'\n", ""),
        ("[server]\nlisten = 'somewhere'\n", "server.listen"),
        ("[ldap]\nurl = 'ldaps://ldap.example.org'\nuser_base = 'x'\n", "ldap."),
        ("[issuers.a]\nissuer = 'https://a.example.org'\naudience = 'x'\nsecret = 'short'\n", "issuers.a"),
        ("[types]\nfolders = ['/nowhere']\n", "types: "),
        ("[server]\ncertificate = '/nowhere/a.crt'\nprivate_key = '/nowhere/a.key'\n", "TLS: "),
    ],
    ids=["defaults", "port", "value", "directory", "issuer", "types", "certificate"],
)
def test_check_tells_what_the_start_would(tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str, said: str) -> None:
    data, file = str(tmp_path / "data"), tmp_path / "davgate.toml"
    assert main(["init", "--data", data]) == Exit.DONE
    file.write_text(settings)
    capsys.readouterr()

    code = main(["serve", "--check", "--data", data, "--config", str(file)])

    written = capsys.readouterr()
    assert code == (Exit.FAILED if said else Exit.DONE)
    assert said in written.err
    assert written.out == ("" if said else "davgate can serve with these settings.\n")


def test_check_without_a_store_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--check", "--data", str(tmp_path)]) == Exit.FAILED
    assert "davgate init" in capsys.readouterr().err


class Served:
    """The settings of a server whose file changes."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "davgate.toml"
        self._data = str(folder / "data")
        assert main(["init", "--data", self._data]) == Exit.DONE
        self.write("")
        self.settings = ServedSettings(self.read(), self.read)

    def write(self, text: str) -> None:
        self._file.write_text(text, "utf-8")

    def read(self) -> Config:
        return load(self._file, {}, {"data": self._data})


@pytest.fixture
def served(tmp_path: Path) -> Served:
    return Served(tmp_path)


def test_settings_are_read_anew_when_the_workers_are_replaced(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="davgate")
    served.write("[locks]\ndefault = '90s'\n[log]\nlevel = 'ERROR'\n")

    assert served.settings.renew()
    assert served.settings.current.locks.default.total_seconds() == 90
    assert not logging.getLogger("davgate").isEnabledFor(logging.WARNING)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[locks]\ndefalt = '90s'\n", "unknown setting locks.defalt; did you mean locks.default?"),
        ("[issuers.a]\nissuer = 'https://a'\naudience = 'a'\nsecret = 'short'\nalgorithms = ['HS256']\n", "issuers.a"),
        ("[types]\nfolders = '/nowhere'\n", "types: "),
    ],
    ids=["unknown", "secret", "types"],
)
def test_settings_stay_when_the_new_ones_cannot_be_used(
    served: Served, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    before = served.settings.current
    served.write(text)

    assert not served.settings.renew()
    assert served.settings.current is before
    (error,) = (record.getMessage() for record in caplog.records if record.levelname == "ERROR")
    assert error.startswith("The workers stay as they are: ")
    assert said in error
    assert not error.endswith("?.")


def test_where_a_server_listens_and_keeps_things_stays_until_it_starts_again(
    served: Served, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    before = served.settings.current
    served.write(f"[server]\nlisten = '127.0.0.1:9'\n[store]\nblobs = '{tmp_path}'\nquota_bytes = 7\n")

    assert served.settings.renew()
    now = served.settings.current
    assert (now.server, now.store.blobs, now.store.quota_bytes) == (before.server, None, 7)
    assert "count from the next start on" in caplog.text
