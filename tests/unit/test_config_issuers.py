"""Sections with a name of their own, of which ``[issuers.NAME]`` is one: from the file, from the environment, with mistakes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from tests.tokens import NOW, SECRET, a_token
from tests.unit.cli_runs import CommandLine

from davgate.cli.config import example
from davgate.cli.main import Exit
from davgate.config import Config, ConfigError, IssuerConfig, find, load, named_settings, settings, variable
from davgate.configured import bearer_of

OKD = """
[issuers.okd]
issuer = "https://login.example.org"
audience = ["davgate", "okd"]
algorithms = ["HS256"]
leeway = "30s"
"""


def loaded(tmp_path: Path, text: str, **environ: str) -> Config:
    """Load a file with this text and variables, whose names are given without DAVGATE_."""
    file = tmp_path / "davgate.toml"
    file.write_text(text, "utf-8")
    return load(file, {f"DAVGATE_{name}": value for name, value in environ.items()}, {"data": "/srv/davgate"})


def mistakes(tmp_path: Path, text: str, **environ: str) -> list[str]:
    """Load what cannot be loaded, and return what is said about it without the name of the file."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text, **environ)
    return [mistake.removeprefix(f"{tmp_path / 'davgate.toml'}: ") for mistake in caught.value.mistakes]


def test_no_issuer_is_there_at_first() -> None:
    config = load(None, {}, {"data": "/srv/davgate"})

    assert config.issuers == {}
    assert not bearer_of(config).issuers


def test_issuers_come_from_file_and_environment(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        OKD,
        ISSUERS__OKD__SECRET=SECRET,
        ISSUERS__OKD__AUDIENCE="davgate",
        ISSUERS__MY_COMPANY__ISSUER="https://my.example.org",
        ISSUERS__MY_COMPANY__AUDIENCE="",
        ISSUERS__MY_COMPANY__JWKS_URL="https://my.example.org/keys",
    )

    assert set(config.issuers) == {"okd", "my_company"}
    assert config.issuers["okd"] == IssuerConfig(
        issuer="https://login.example.org",
        audience=("davgate",),
        algorithms=("HS256",),
        secret=SECRET,
        leeway=timedelta(seconds=30),
    )
    assert config.issuers["my_company"].audience == ()
    assert config.issuers["my_company"].name_claims == ("client_id", "azp", "appid", "sub")
    assert bearer_of(config).proof(a_token("HS256"), NOW).user.source == "issuers.okd"


def test_issuers_cannot_be_changed(tmp_path: Path) -> None:
    config = loaded(tmp_path, OKD)

    with pytest.raises(TypeError):
        config.issuers["other"] = config.issuers["okd"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("issuers = 1", "issuers must be sections with a name each, such as [issuers.company]"),
        ('[issuers]\nissuer = "x"', "issuers must be sections with a name each, such as [issuers.company]"),
        ("[[issuers]]\nissuer = 'x'", "issuers must be sections with a name each, such as [issuers.company]"),
        ("[issuers.okd]", "[issuers.okd] sets nothing"),
        ('[issuers.OKD]\nissuer = "x"', "[issuers.OKD] must be named with a-z, 0-9 and single underscores, in 32 characters"),
        ('[issuers.my-idp]\nissuer = "x"', "[issuers.my-idp] must be named with"),
        ('[issuers.my__idp]\nissuer = "x"', "[issuers.my__idp] must be named with"),
        ('[issuers."a.b"]\nissuer = "x"', "[issuers.a.b] must be named with"),
        (f'[issuers.{"a" * 33}]\nissuer = "x"', f"[issuers.{'a' * 33}] must be named with"),
        ('[issuers.okd]\nisuer = "x"', "unknown setting issuers.okd.isuer; did you mean issuers.okd.issuer?"),
        ('[issuers.okd.secret]\nfile = "x"', "issuers.okd.secret must be a text in quotes"),
        ("[issuers.okd]\nissuer = 1", "issuers.okd.issuer must be a text in quotes (given: 1)"),
        ("[issuers.okd]\naudience = [1]", "issuers.okd.audience must be a list of texts, or a text with blanks between them"),
        ('[issuers.okd]\nleeway = "1h"', "issuers.okd.leeway must be between 0s and 10m (given: '1h')"),
        ('[issuers.okd]\naccounts = "all"', "issuers.okd.accounts must be make or existing (given: 'all')"),
        ('[issuer.okd]\nissuer = "x"', "unknown setting issuer.okd"),
    ],
)
def test_mistake_in_the_file_is_told_with_what_is_wanted(tmp_path: Path, text: str, mistake: str) -> None:
    (found,) = mistakes(tmp_path, text)

    assert found.startswith(mistake)


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("ISSUERS__OKD__ISUER", "DAVGATE_ISSUERS__OKD__ISSUER"),
        ("ISSUERS_OKD_ISSUER", None),
        ("ISSUERS__OKD", None),
        ("ISSUERS__OKD_ISSUER", None),
        ("ISSUERS__A__B__ISSUER", None),
        ("ISSUERS____ISSUER", None),
        ("ISSUERS___OKD__ISSUER", None),
        ("SERVER__LISTEN", "DAVGATE_SERVER_LISTEN"),
        ("LOGIN.CACHE", "DAVGATE_LOGIN_CACHE"),
    ],
)
def test_unknown_variable_is_refused_with_the_nearest_one(tmp_path: Path, name: str, proposed: str | None) -> None:
    (found,) = mistakes(tmp_path, "", **{name: "x"})

    assert found.startswith(f"unknown environment variable DAVGATE_{name}")
    if proposed:
        assert found.endswith(f"; did you mean {proposed}?")


def test_secret_is_in_no_message_and_no_repr(tmp_path: Path) -> None:
    config = loaded(tmp_path, OKD, ISSUERS__OKD__SECRET=SECRET)
    assert SECRET not in repr(config)

    for text in [f'[issuers.okd]\nsecret = ["{SECRET}"]', f'[issuers.okd]\nsecrets = "{SECRET}"']:
        assert SECRET not in "".join(mistakes(tmp_path, text))
    with pytest.raises(ConfigError) as refused:
        bearer_of(loaded(tmp_path, OKD, ISSUERS__OKD__SECRET="changeme-changeme-changeme-changeme"))
    assert "changeme" not in str(refused.value)


def test_issuer_that_does_not_go_together_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    for text, mistake in {
        OKD: "issuers.okd: exactly one of jwks_file, jwks_url, secret, secret_file must be set",
        OKD + 'secret = "changeme"': "issuers.okd: the secret must have at least 32 bytes",
        OKD.replace("audience", "# audience") + f'secret = "{SECRET}"': "issuers.okd: audience is missing",
        OKD + f'secret_file = "{tmp_path}/none"': "issuers.okd: the secret_file cannot be read",
    }.items():
        with pytest.raises(ConfigError, match=f"^{re.escape(mistake)}"):
            bearer_of(loaded(tmp_path, text))


def test_server_does_not_start_with_a_secret_that_can_be_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = CommandLine(tmp_path / "data", capsys, OKD + 'secret = "a-string-secret-at-least-256-bits-long"')

    ran = command.run("serve", "--workers", "1", "--listen", "127.0.0.1:0")

    assert ran.code == Exit.FAILED
    assert ran.err.startswith("davgate: issuers.okd: the secret must not be a sample out of documentation")
    assert "256-bits" not in ran.err
    assert not command.data.exists()


def test_each_setting_has_a_name_and_a_variable_of_its_own() -> None:
    names = [*settings(), *named_settings(), *named_settings("a_b")]

    assert len({variable(name) for name in names}) == len(names)
    assert variable("issuers.my_company.jwks_url") == "DAVGATE_ISSUERS__MY_COMPANY__JWKS_URL"
    assert find("issuers.my_company.jwks_url") is find("issuers.other.jwks_url")
    assert find("issuers.my_company") is None


def test_each_setting_has_help_and_takes_or_refuses_any_value() -> None:
    for known in named_settings().values():
        assert known.help.endswith(".")
        for value in [None, 1, 1.5, True, "", "\0", "x y", [], [1], ["x"], {}]:
            try:
                known.parse(value)
            except ValueError as mistake:
                assert str(mistake).startswith("must ")


def test_example_of_an_issuer_can_be_used_as_it_is_shown(tmp_path: Path) -> None:
    config = loaded(tmp_path, re.sub(r"(?m)^#(?=[\[\w])", "", example()))

    assert set(config.issuers) == {"company"}
    assert set(bearer_of(config).issuers) == {"issuers.company"}
    for name in named_settings("company"):
        assert f"\n#{name.rpartition('.')[2]} = " in example()
