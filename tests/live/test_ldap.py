"""Sign-in by a directory: OpenLDAP's server with real entries, over TLS, and servers that are down or silent."""

import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
import trustme

from davgate.config import Config, ConfigError, load
from davgate.configured import directory_of
from davgate.identity.external import ExternalUser
from davgate.model.errors import Unauthenticated
from davgate.model.errors_of_sign_in import DirectoryUnavailable

from .programs import NotRun
from .slapd import BASE, SERVICE, SERVICE_PASSWORD, Slapd, free_port, running

if find_spec("ldap"):
    from davgate.identity.ldap import PAUSE, Directory, DirectorySettings

pytestmark = pytest.mark.live

PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
STARTED_TLS = bytes.fromhex("300c02010178070a010004000400")
"""The answer to StartTLS: message 1, an extended response, success."""
REFUSED_TLS = bytes.fromhex("300c02010178070a010204000400")
"""The same with protocolError, as a server answers that has no TLS (RFC 4511, 4.14.1)."""

NAMES_OF_NOBODY = [
    "", " ", "*", "A*", "*nn", "nobody", "Ann ", " Ann", "An  n", "Ann\0", "\0", "Ann\n", "Ann)(uid=*", "*)(uid=*", "*))(|(uid=*",
    "Ann)(objectClass=*)", "(uid=Ann)", "An\\6e", "\\41nn", "Ann\\", "Ann,ou=people", "Ann+cn=Ann", "#416e6e", '"Ann"', "Ａnn",
    "A\u00adnn", "Ann\u200b", "\ud800", "uid=Ann", f"uid=Ann,{PEOPLE}", "A" * 129, "Ann" * 100_000,
]  # fmt: skip
"""Each finds Ann, or anybody, where it is written into a filter or a name as it stands, or made alike by the directory."""


@pytest.fixture(scope="session", autouse=True)
def library(not_run: NotRun) -> None:
    if find_spec("ldap") is None:
        not_run("python-ldap is not installed: sign-in by LDAP is untested (the extra ldap)")


@pytest.fixture(scope="session")
def slapd(library: None, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with running(program, tmp_path_factory.mktemp("slapd")) as server:
        yield server


@pytest.fixture
def directory(slapd: Slapd) -> Callable[..., "Directory"]:
    """Make a directory that asks slapd by StartTLS; keyword arguments are settings that differ."""

    def make(**different: object) -> Directory:
        usual = {
            "urls": (slapd.url,),
            "ca_file": slapd.ca_file,
            "bind_dn": SERVICE,
            "bind_password": SERVICE_PASSWORD,
            "user_base": PEOPLE,
            "group_base": GROUPS,
        }
        return Directory(DirectorySettings(**usual | different))

    return make


@pytest.fixture
def direct(directory: Callable[..., "Directory"]) -> "Directory":
    """A directory in which the place of a person's entry is known, and which nobody searches."""
    return directory(bind_dn="", bind_password="", user_base="", user_dn="uid={name}," + PEOPLE)


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def address(listener: socket.socket, scheme: str = "ldap") -> str:
    return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"


def connections(listener: socket.socket) -> int:
    """Take the connections that wait, and count them."""
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


SOON: Final = 20.0
"""Seconds within which what has a short time ends on a busy machine, too; what waits for ever does not."""


def unreachable(url: str, timeout: timedelta = timedelta(seconds=0.5), **different: object) -> float:
    """Check a password with a server that does not answer, and return how many seconds that took; it must wait, not spin."""
    settings = DirectorySettings(urls=(url,), user_base=PEOPLE, timeout=timeout, **different)
    started, cpu_seconds = time.monotonic(), time.process_time()
    with pytest.raises(DirectoryUnavailable):
        Directory(settings).check("ann", "ann pass 1")
    assert time.process_time() - cpu_seconds < 0.3
    return time.monotonic() - started


# Names and passwords


@pytest.mark.parametrize("name", ["Ann", "ann", "ANN"])
def test_right_password_gives_the_directorys_spelling_and_all_groups_below_the_base(
    directory: Callable[..., "Directory"], name: str
) -> None:
    assert directory().check(name, "ann pass 1") == ExternalUser("ldap", "Ann", ("Office", "staff", "unique, odd"))


@pytest.mark.parametrize(
    ("name", "spelling", "password"),
    [
        ("Jürg", "Jürg", "jürg päss 1"),
        ("JÜRG", "Jürg", "jürg päss 1"),
        ("Ju\u0308rg", "Jürg", "jürg päss 1"),
        ("a*(b)\\c", "a*(b)\\c", "odd pass 1"),
    ],
)
def test_name_with_special_characters_finds_its_own_entry(
    directory: Callable[..., "Directory"], direct: "Directory", name: str, spelling: str, password: str
) -> None:
    assert directory().check(name, password) == ExternalUser("ldap", spelling)
    assert direct.check(name, password) == ExternalUser("ldap", spelling)


@pytest.mark.parametrize(
    "password", ["ann pass 2", "bob pass 1", "ANN PASS 1", "ann pass 1 ", "ann pass 1\0", "\0", " ", "{SSHA}x"]
)
def test_wrong_password_is_refused(directory: Callable[..., "Directory"], direct: "Directory", password: str) -> None:
    for each in (directory(), direct):
        with pytest.raises(Unauthenticated):
            each.check("ann", password)


@pytest.mark.parametrize("name", ["locked", "aged", "bare"])
def test_locked_expired_and_passwordless_entries_are_refused(directory: Callable[..., "Directory"], name: str) -> None:
    with pytest.raises(Unauthenticated):
        directory().check(name, f"{name} pass 1")


@pytest.mark.parametrize("name", NAMES_OF_NOBODY, ids=lambda name: ascii(name)[:40])
def test_name_that_is_no_entrys_is_unknown(directory: Callable[..., "Directory"], direct: "Directory", name: str) -> None:
    assert directory().check(name, "ann pass 1") is None

    try:
        assert direct.check(name, "ann pass 1") is None
    except Unauthenticated:
        pass  # A bind alone does not tell an unknown name from a wrong password.


def test_empty_password_is_refused_without_asking(silent: socket.socket) -> None:
    for where in ({"user_base": PEOPLE}, {"user_dn": "uid={name}," + PEOPLE}):
        with pytest.raises(Unauthenticated):
            Directory(DirectorySettings(urls=(address(silent),), **where)).check("ann", "")

    assert connections(silent) == 0


@pytest.mark.parametrize("password", ["twice pass 1", "twice pass 2"])
def test_name_of_two_entries_is_refused_with_either_password(directory: Callable[..., "Directory"], password: str) -> None:
    with pytest.raises(Unauthenticated):
        directory(user_base=BASE).check("twice", password)

    assert directory().check("twice", "twice pass 1") == ExternalUser("ldap", "twice")


def test_anonymous_search_finds_what_everybody_may_read(directory: Callable[..., "Directory"]) -> None:
    anonymous = directory(bind_dn="", bind_password="", user_base=f"ou=public,{BASE}", group_base="")

    assert anonymous.check("open", "open pass 1") == ExternalUser("ldap", "open")
    with pytest.raises(Unauthenticated):
        anonymous.check("open", "open pass 2")


def test_password_is_in_no_log_and_no_repr(directory: Callable[..., "Directory"], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("ann", "nobody", "locked"):
        try:
            directory().check(name, "correct horse 7")
        except Unauthenticated as error:
            assert "correct horse" not in repr(error)

    assert caplog.records
    assert "correct horse" not in caplog.text
    assert SERVICE_PASSWORD not in caplog.text + repr(DirectorySettings(urls=(), bind_password=SERVICE_PASSWORD))


def test_threads_get_the_answers_to_their_own_questions(directory: Callable[..., "Directory"]) -> None:
    shared = directory()

    def ask(no: int) -> str:
        name = ("ann", "bob", "nobody")[no % 3]
        try:
            found = shared.check(name, f"{name} pass 1" if no % 2 else f"pass {no}")
        except Unauthenticated:
            return "wrong"
        return found.name if found else "unknown"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(120)))

    assert answers == ["wrong", "bob", "unknown", "Ann", "wrong", "unknown"] * 20


# Groups


def test_groups_of_a_direct_bind_are_read_as_the_person(direct: "Directory") -> None:
    assert direct.check("ann", "ann pass 1") == ExternalUser("ldap", "Ann", ("Office", "staff", "unique, odd"))


def test_attribute_of_groups_counts_those_below_the_base_alone(directory: Callable[..., "Directory"]) -> None:
    groups = directory(groups_attribute="memberOf").check("ann", "ann pass 1")
    all_groups = directory(groups_attribute="memberof", group_base=BASE).check("ann", "ann pass 1")

    assert groups == ExternalUser("ldap", "Ann", ("Office",))
    assert all_groups == ExternalUser("ldap", "Ann", ("Office", "administrators"))


def test_without_a_base_groups_are_not_asked_for(directory: Callable[..., "Directory"]) -> None:
    assert directory(group_base="").check("ann", "ann pass 1") == ExternalUser("ldap", "Ann")


def test_more_groups_than_count_refuse_the_sign_in_and_say_why(directory: Callable[..., "Directory"]) -> None:
    crowd = directory(group_base=f"ou=crowd,{BASE}")

    with pytest.raises(Unauthenticated, match=r"more than 1000 groups.*ldap\.group_filter"):
        crowd.check("many", "many pass 1")

    with pytest.raises(Unauthenticated, match="wrong"):
        crowd.check("many", "many pass 2")
    assert directory().check("many", "many pass 1") == ExternalUser("ldap", "many")


# TLS


def test_ldaps_and_plain_ldap_answer_as_start_tls_does(directory: Callable[..., "Directory"], slapd: Slapd) -> None:
    for each in (directory(urls=(slapd.tls_url,)), directory(start_tls=False)):
        assert each.check("bob", "bob pass 1") == ExternalUser("ldap", "bob", ("Office",))


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_certificate_of_another_authority_is_refused(
    directory: Callable[..., "Directory"], slapd: Slapd, tmp_path: Path, scheme: str
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    url = slapd.url if scheme == "ldap" else slapd.tls_url

    for ca_file in (tmp_path / "other.pem", None):
        with pytest.raises(DirectoryUnavailable):
            directory(urls=(url,), ca_file=ca_file).check("bob", "bob pass 1")


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_certificate_for_another_name_is_refused(directory: Callable[..., "Directory"], slapd: Slapd, scheme: str) -> None:
    url = (slapd.url if scheme == "ldap" else slapd.tls_url).replace("127.0.0.1", "localhost")

    with pytest.raises(DirectoryUnavailable):
        directory(urls=(url,)).check("bob", "bob pass 1")


def test_environment_cannot_turn_verification_off(slapd: Slapd) -> None:
    script = f"""
from davgate.identity.ldap import Directory, DirectorySettings
from davgate.model.errors_of_sign_in import DirectoryUnavailable
for url in {slapd.url!r}, {slapd.tls_url!r}:
    try:
        print(Directory(DirectorySettings(urls=(url,), user_base={f"ou=public,{BASE}"!r})).check("open", "open pass 1"))
    except DirectoryUnavailable:
        print("refused")
"""
    environment = {**os.environ, "LDAPTLS_REQCERT": "never", "LDAPTLS_REQSAN": "never"}
    output = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True).stdout

    assert output == "refused\nrefused\n"


def test_file_without_certificates_of_authorities_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ldap\.ca_file"):
        Directory(DirectorySettings(urls=("ldap://127.0.0.1",), user_base=PEOPLE, ca_file=tmp_path / "missing.pem"))


@pytest.mark.parametrize("setting", ["user_base", "group_base", "user_dn"])
def test_text_that_is_no_distinguished_name_is_named_at_the_start(setting: str) -> None:
    with pytest.raises(ValueError, match=rf"ldap\.{setting} must be a distinguished name"):
        Directory(DirectorySettings(urls=("ldap://127.0.0.1",), **{setting: "people of example"}))


# Servers that are down, silent or wrong


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_server_that_refuses_connections_makes_the_directory_unavailable_at_once(scheme: str) -> None:
    assert unreachable(f"{scheme}://127.0.0.1:{free_port()}", timedelta(seconds=2 * SOON)) < SOON


@pytest.mark.parametrize(("scheme", "start_tls"), [("ldap", False), ("ldap", True), ("ldaps", False)])
def test_silent_server_is_waited_for_no_longer_than_the_timeout(silent: socket.socket, scheme: str, start_tls: bool) -> None:
    assert 0.4 < unreachable(address(silent, scheme), start_tls=start_tls) < SOON


def test_server_that_falls_silent_within_start_tls_is_waited_for_no_longer_than_the_timeout(silent: socket.socket) -> None:
    silent.setblocking(True)
    kept = []

    def answer() -> None:
        kept.append(silent.accept()[0])
        kept[0].recv(1000)
        kept[0].sendall(STARTED_TLS)

    server = threading.Thread(target=answer)
    server.start()

    assert 0.4 < unreachable(address(silent)) < SOON
    server.join()
    kept[0].close()


def test_server_without_start_tls_is_told_no_password(silent: socket.socket) -> None:
    silent.setblocking(True)
    heard = []

    def answer() -> None:
        with silent.accept()[0] as client:
            heard.append(client.recv(1000))
            client.sendall(REFUSED_TLS)
            heard.extend(iter(lambda: client.recv(1000), b""))

    server = threading.Thread(target=answer)
    server.start()
    settings = DirectorySettings(urls=(address(silent),), user_dn="uid={name}," + PEOPLE)
    with pytest.raises(DirectoryUnavailable):
        Directory(settings).check("ann", "ann pass 1")
    server.join()

    assert b"1.3.6.1.4.1.1466.20037" in heard[0]
    assert b"ann" not in b"".join(heard)


def test_file_of_certificates_that_has_gone_makes_the_directory_unavailable(
    directory: Callable[..., "Directory"], slapd: Slapd, tmp_path: Path
) -> None:
    copy = tmp_path / "ca.pem"
    copy.write_bytes(slapd.ca_file.read_bytes())
    later = directory(ca_file=copy)
    assert later.check("bob", "bob pass 1")

    copy.unlink()
    with pytest.raises(DirectoryUnavailable):
        later.check("bob", "bob pass 1")


@pytest.mark.parametrize(("scheme", "start_tls"), [("ldap", False), ("ldap", True), ("ldaps", False)])
def test_server_that_takes_no_connection_is_waited_for_no_longer_than_the_timeout(scheme: str, start_tls: bool) -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for other in (first, second):
            # Together they fill the queue, so that the system drops whoever knocks next.
            other.setblocking(False)
            other.connect_ex(listener.getsockname())

        assert 0.4 < unreachable(address(listener, scheme), start_tls=start_tls) < SOON


def test_silent_directory_is_left_alone_for_a_while(silent: socket.socket) -> None:
    now = 1000.0
    settings = DirectorySettings(urls=(address(silent),), user_base=PEOPLE, timeout=timedelta(seconds=0.2))
    directory = Directory(settings, lambda: now)
    seen = []
    for later in (0.0, 0.0, PAUSE.total_seconds() - 0.1, 0.2):
        now += later
        with pytest.raises(DirectoryUnavailable):
            directory.check("ann", "ann pass 1")
        seen.append(connections(silent))

    assert seen == [1, 0, 0, 1]


def test_second_server_answers_while_the_first_is_down_and_is_asked_first_from_then_on(
    directory: Callable[..., "Directory"], slapd: Slapd, caplog: pytest.LogCaptureFixture
) -> None:
    both = directory(urls=(f"ldap://127.0.0.1:{free_port()}", slapd.tls_url))

    for _ in range(3):
        assert both.check("bob", "bob pass 1") == ExternalUser("ldap", "bob", ("Office",))
        with pytest.raises(Unauthenticated):
            both.check("bob", "bob pass 2")
    assert both.check("nobody", "bob pass 1") is None
    assert [record.levelname for record in caplog.records if "cannot be asked" in record.message] == ["WARNING"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"bind_password": "wrong"},
        {"bind_dn": f"cn=nobody,{BASE}"},
        {"bind_dn": "", "bind_password": ""},
        {"user_base": f"ou=nowhere,{BASE}"},
        {"user_base": "dc=elsewhere"},
        {"group_base": f"ou=nowhere,{BASE}"},
        {"user_filter": "(&(uid={name})"},
        {"user_filter": "(uid={name}))(&"},
    ],
    ids=str,
)
def test_wrong_settings_let_nobody_in_and_are_no_wrong_password(
    directory: Callable[..., "Directory"], wrong: dict[str, str]
) -> None:
    with pytest.raises(DirectoryUnavailable):
        directory(**wrong).check("bob", "bob pass 1")


# From the settings to a directory


def configured(tmp_path: Path, slapd: Slapd, **different: str) -> Config:
    values = {
        "url": slapd.url,
        "ca_file": str(slapd.ca_file),
        "user_base": PEOPLE,
        "group_base": GROUPS,
        "bind_dn": SERVICE,
        "bind_password_file": str(tmp_path / "password"),
    }
    environ = {f"DAVGATE_LDAP_{name.upper()}": value for name, value in (values | different).items()}
    return load(None, environ, {"data": str(tmp_path)})


def test_settings_with_a_password_file_make_a_directory_that_answers(tmp_path: Path, slapd: Slapd) -> None:
    (tmp_path / "password").write_text(f"{SERVICE_PASSWORD}\n", "utf-8")
    directory = directory_of(configured(tmp_path, slapd))

    assert directory is not None
    assert directory.check("bob", "bob pass 1") == ExternalUser("ldap", "bob", ("Office",))


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_password_file_without_a_password_is_named_at_the_start(tmp_path: Path, slapd: Slapd, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "password").write_bytes(content)

    with pytest.raises(ConfigError, match=r"ldap\.bind_password_file"):
        directory_of(configured(tmp_path, slapd))


def test_distinguished_name_that_is_none_is_named_at_the_start(tmp_path: Path, slapd: Slapd) -> None:
    (tmp_path / "password").write_text(SERVICE_PASSWORD, "utf-8")

    with pytest.raises(ConfigError, match=r"ldap\.user_base must be a distinguished name"):
        directory_of(configured(tmp_path, slapd, user_base="people"))
