"""OpenLDAP's server as an ordinary process: a few people and groups in a folder of the test run, and certificates of its own."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

from .programs import kill_group, run

BASE: Final = "dc=example,dc=org"
SERVICE: Final = f"cn=davgate,{BASE}"
SERVICE_PASSWORD: Final = "search it 9"
MANY: Final = 1001

_CONF: Final = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
sizelimit 5000
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSCACertificateFile {folder}/ca.pem
database mdb
suffix "dc=example,dc=org"
directory {folder}/db
overlay memberof
overlay ppolicy
ppolicy_default "cn=policy,dc=example,dc=org"
access to attrs=userPassword by anonymous auth
access to dn.subtree="ou=public,dc=example,dc=org" by * read
access to * by users read by anonymous auth
"""

_TREE: Final = """\
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=policy,dc=example,dc=org
objectClass: applicationProcess
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdLockoutDuration: 2000000000

dn: cn=aged,dc=example,dc=org
objectClass: applicationProcess
objectClass: pwdPolicy
cn: aged
pwdAttribute: userPassword
pwdMaxAge: 60
pwdGraceAuthNLimit: 0

dn: cn=davgate,dc=example,dc=org
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: davgate
userPassword: search it 9

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=public,dc=example,dc=org
objectClass: organizationalUnit
ou: public

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: ou=lists,dc=example,dc=org
objectClass: organizationalUnit
ou: lists

dn: ou=crowd,dc=example,dc=org
objectClass: organizationalUnit
ou: crowd

dn: cn=Office,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: Office
member: uid=Ann,ou=people,dc=example,dc=org
member: uid=bob,ou=people,dc=example,dc=org

dn: cn=unique\\2C odd,ou=groups,dc=example,dc=org
objectClass: groupOfUniqueNames
cn: unique, odd
uniqueMember: uid=Ann,ou=people,dc=example,dc=org

dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: staff
gidNumber: 2000
memberUid: Ann

dn: cn=administrators,ou=lists,dc=example,dc=org
objectClass: groupOfNames
cn: administrators
member: uid=Ann,ou=people,dc=example,dc=org
"""


def person(uid: str, password: str, *more: str, unit: str = "people", rdn: str = "") -> str:
    """Return the entry of a person."""
    given = [f"dn: uid={rdn or uid},ou={unit},{BASE}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {uid}", f"sn: {uid}"]
    return "\n".join([*given, *([f"userPassword: {password}"] if password else []), *more, ""])


def people() -> Iterator[str]:
    """Yield the entries of all people, and of the crowd of groups that one of them is in."""
    groups = [f"memberOf: cn=Office,ou=groups,{BASE}", f"memberOf: cn=administrators,ou=lists,{BASE}"]
    yield person("Ann", "ann pass 1", *groups)
    yield person("bob", "bob pass 1")
    yield person("Jürg", "jürg päss 1")
    yield person("a*(b)\\c", "odd pass 1", rdn="a*(b)\\5Cc")
    yield person("locked", "locked pass 1", "pwdAccountLockedTime: 20260101000000Z")
    yield person("aged", "aged pass 1", f"pwdPolicySubentry: cn=aged,{BASE}", "pwdChangedTime: 20200101000000Z")
    yield person("bare", "")
    yield person("many", "many pass 1")
    yield person("twice", "twice pass 1")
    yield person("twice", "twice pass 2", unit="public")
    yield person("open", "open pass 1", unit="public")
    for no in range(MANY):
        yield f"dn: cn=g{no},ou=crowd,{BASE}\nobjectClass: groupOfNames\ncn: g{no}\nmember: uid=many,ou=people,{BASE}\n"


@dataclass(frozen=True)
class Slapd:
    """A running server, whose certificate is for 127.0.0.1 alone."""

    url: str
    tls_url: str
    ca_file: Path


@contextmanager
def running(program: Callable[[str], str], folder: Path) -> Iterator[Slapd]:
    """Serve the tree on free ports of 127.0.0.1 until the block ends."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    for part in certificate.cert_chain_pems:
        part.write_to_path(folder / "server.pem", append=True)
    (folder / "db").mkdir()
    conf, tree = folder / "slapd.conf", folder / "tree.ldif"
    conf.write_text(_CONF.format(folder=folder), "utf-8")
    tree.write_text(_TREE + "\n" + "\n".join(_encoded(entry) for entry in people()), "utf-8")
    # Ubuntu's AppArmor lets slapd see its own folders alone; it knows it by its path.
    binary = shutil.copy(program("slapd"), folder / "slapd")
    run(binary, "-T", "add", "-q", "-f", conf, "-l", tree).succeeded()
    ports = free_port(), free_port()
    url, tls_url = f"ldap://127.0.0.1:{ports[0]}", f"ldaps://127.0.0.1:{ports[1]}"
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [binary, "-d", "0", "-f", conf, "-h", f"{url}/ {tls_url}/"],
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        for port in ports:
            _wait_until_heard(port, process, folder / "said")
        yield Slapd(url, tls_url, folder / "ca.pem")
    finally:
        kill_group(process)


def free_port() -> int:
    """Return a port on which nothing listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _encoded(entry: str) -> str:
    """Return an entry of LDIF, which has text beyond ASCII in Base64 (RFC 2849)."""

    def line(text: str) -> str:
        key, _, value = text.partition(": ")
        return text if text.isascii() else f"{key}:: {base64.b64encode(value.encode()).decode()}"

    return "\n".join(map(line, entry.split("\n")))


def _wait_until_heard(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, f"slapd does not serve:\n{said.read_text()}"
            time.sleep(0.02)
