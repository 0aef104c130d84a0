"""Sign-in by LDAP, as far as it needs no directory: names within filters and entries, settings, and a missing library."""

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from davgate.config import Config, ConfigError, load
from davgate.configured import directory_of
from davgate.identity.ldap_text import escaped, filled, is_askable, own_spelling

SEARCHED = 'url = "ldap://directory.example.org"\nuser_base = "ou=people,dc=example,dc=org"\n'
DIRECT = 'url = "ldap://directory.example.org"\nuser_dn = "uid={name},ou=people,dc=example,dc=org"\n'


def configured(text: str, tmp_path: Path) -> Config:
    """Load a file whose section [ldap] has this text."""
    file = tmp_path / "davgate.toml"
    file.write_text(f"[ldap]\n{text}", "utf-8")
    return load(file, {}, {"data": str(tmp_path)})


# Names


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_name_has_no_character_with_a_meaning_and_can_be_read_back(name: str) -> None:
    text = escaped(name)

    assert re.fullmatch(r"([A-Za-z0-9]|\\[0-9a-f]{2})*", text)
    assert re.sub(rb"\\(..)", lambda match: bytes.fromhex(match[1].decode()), text.encode()) == name.encode()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # RFC 4515, 4
        ("Parens R Us (for all your parenthetical needs)", r"Parens\20R\20Us\20\28for\20all\20your\20parenthetical\20needs\29"),
        ("*", r"\2a"),
        ("C:\\MyFile", r"C\3a\5cMyFile"),
        ("Lučić", r"Lu\c4\8di\c4\87"),
        # RFC 4514, 4
        ('James "Jim" Smith, III', r"James\20\22Jim\22\20Smith\2c\20III"),
        ("Before\rAfter", r"Before\0dAfter"),
        ("#04024869", r"\2304024869"),
        ("Ann ", r"Ann\20"),
        ("\0", r"\00"),
        ("", ""),
    ],
)
def test_special_characters_are_written_as_octets(name: str, text: str) -> None:
    assert escaped(name) == text


def test_template_is_filled_at_every_place_and_with_nothing_but_values() -> None:
    template = "(|(member={dn})(uid={name})(mail={name}))"

    assert filled(template, dn="uid={name},dc=x", name="a)(b") == (
        r"(|(member=uid\3d\7bname\7d\2cdc\3dx)(uid=a\29\28b)(mail=a\29\28b))"
    )


@pytest.mark.parametrize("name", ["", "\0", "a\nb", "a\u200bb", "a\xadb", "a\xa0b", "\ud800", "\ue000", "a" * 129])
def test_name_that_cannot_be_seen_or_is_too_long_is_not_asked_for(name: str) -> None:
    assert not is_askable(name)


@pytest.mark.parametrize("name", ["a", "Jürg Äpfel", "*", "a@example.org", "李", "a" * 128])
def test_name_of_visible_characters_is_asked_for(name: str) -> None:
    assert is_askable(name)


@pytest.mark.parametrize(
    ("name", "values", "spelling"),
    [
        ("ann", ["Ann"], "Ann"),
        ("JU\u0308RG", ["Jürg"], "Jürg"),
        ("anna", ["ann", "Anna"], "Anna"),
        ("ann ", ["ann"], None),
        ("ａnn", ["ann"], None),
        ("ann", ["ann smith"], None),
        ("ann", [], None),
    ],
)
def test_spelling_is_the_directorys_and_only_case_may_differ(name: str, values: list[str], spelling: str | None) -> None:
    assert own_spelling(name, values) == spelling


# Settings


def test_without_an_address_there_is_no_directory(tmp_path: Path) -> None:
    assert directory_of(configured("", tmp_path)) is None


def test_usual_settings_are_encryption_a_search_by_uid_and_accounts_that_are_made(tmp_path: Path) -> None:
    section = configured(SEARCHED, tmp_path).ldap

    assert section.url == ("ldap://directory.example.org",)
    assert section.start_tls and not section.allow_plain
    assert (section.user_filter, section.name_attribute) == ("(&(objectClass=person)(uid={name}))", "uid")
    assert section.timeout.total_seconds() == 5
    assert section.accounts == "make"


def test_several_addresses_stand_in_the_order_of_asking(tmp_path: Path) -> None:
    text = SEARCHED.replace("example.org", "example.org/   ldaps://[::1]:636", 1)

    assert configured(text, tmp_path).ldap.url == ("ldap://directory.example.org", "ldaps://[::1]:636")


@pytest.mark.parametrize(
    "url", ["ldap://localhost", "ldap://127.0.0.1:3389", "ldap://[::1]", "ldaps://directory.example.org", "ldap://10.0.0.1"]
)
def test_only_plain_ldap_over_the_network_has_to_be_allowed(tmp_path: Path, url: str) -> None:
    text = f'url = "{url}"\nuser_base = "dc=x"\nstart_tls = false\n'
    if url == "ldap://10.0.0.1":
        with pytest.raises(ConfigError, match=r"ldap://10\.0\.0\.1 would get passwords in the clear"):
            configured(text, tmp_path)
        text += "allow_plain = true\n"

    assert configured(text, tmp_path).ldap.url == (url,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('url = "directory.example.org"', "must be addresses such as"),
        ('url = "ldapi:///"', "must be addresses such as"),
        ('url = "ldap://host/dc=x??sub"', "must be addresses such as"),
        ('url = "ldap://ann:secret@host"', "must be addresses such as"),
        ('url = "ldap://[:::]"', "must be addresses such as"),
        ('url = "ldap://host"', "needs either ldap.user_base or ldap.user_dn"),
        (SEARCHED + 'user_dn = "uid={name},dc=x"', "needs either ldap.user_base or ldap.user_dn"),
        ('url = "ldap://host"\nuser_dn = "uid=name,dc=x"', "ldap.user_dn must have ={name}"),
        (SEARCHED + 'user_filter = "uid={name}"', "must be a filter in brackets"),
        (SEARCHED + 'user_filter = "(uid=ann)"', "must be a filter in brackets"),
        (SEARCHED + 'user_filter = "((uid={name})"', "must be a filter in brackets"),
        (SEARCHED + 'user_filter = "(mail={name})"', "must ask for ldap.name_attribute"),
        (SEARCHED + 'name_attribute = "sAMAccountName"', "must ask for ldap.name_attribute"),
        (SEARCHED + 'name_attribute = ""', "ldap.name_attribute must be the name of an attribute"),
        (SEARCHED + 'name_attribute = "uid=*"', "ldap.name_attribute must be the name of an attribute"),
        (SEARCHED + 'groups_attribute = "memberOf"', "ldap.groups_attribute needs ldap.group_base"),
        (SEARCHED + 'bind_dn = "cn=davgate"', "ldap.bind_dn goes with one of"),
        (SEARCHED + 'bind_password = "s3cret word"', "ldap.bind_dn goes with one of"),
        (SEARCHED + 'bind_dn = "cn=d"\nbind_password = "s3cret word"\nbind_password_file = "f"', "ldap.bind_dn goes with one of"),
        (DIRECT + 'bind_dn = "cn=davgate"\nbind_password = "s3cret word"', "ldap.bind_dn has nothing to do"),
        (SEARCHED + 'timeout = "0s"', "ldap.timeout must be between 100ms and 1m"),
        (SEARCHED + 'accounts = "all"', "ldap.accounts must be make or existing"),
    ],
)
def test_unusable_settings_are_named_at_the_start(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(text, tmp_path)

    assert sentence in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_missing_library_names_the_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "davgate.identity.ldap", raising=False)
    monkeypatch.setitem(sys.modules, "ldap", None)

    with pytest.raises(ConfigError, match=r"install davgate\[ldap\]"):
        directory_of(configured(SEARCHED, tmp_path))
