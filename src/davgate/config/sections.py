"""The settings, a line each: name, type, default, help and bounds; and finding one by its name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise, permutations
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from davgate.config.kinds import (
    Address,
    Setting,
    count,
    is_this_machine,
    one_of,
    optional_span,
    parse_address,
    parse_attribute,
    parse_database,
    parse_directories,
    parse_filter,
    parse_flag,
    parse_folder,
    parse_folders,
    parse_header_name,
    parse_level,
    parse_mount,
    parse_networks,
    parse_optional_file,
    parse_optional_folder,
    parse_origin,
    parse_place,
    parse_size,
    parse_text,
    parse_words,
    parse_words_if_given,
    parse_zone,
    setting,
    size,
    span,
)

RESERVED_MOUNTS = ("dav", "principals", "login", "healthz", "readyz", "metrics")
"""First names of the addresses of the drive and the pages."""

# The settings. The docstring of a section is its heading in the example file.


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """The HTTP server."""

    listen: Address = setting("127.0.0.1:8080", "Address and port; an IPv6 address in brackets.", parse_address)
    public_url: str = setting("", "Scheme, host and port of the proxy in front, if any.", parse_origin, secret=True)
    workers: int = count(0, "Processes that answer requests; 0: one on each core.", low=0, high=256)
    threads: int = count(8, "Threads of each process; one more for each that only waits.", low=1, high=1024)
    connections: int = count(1000, "Most open connections of each process.", low=8, high=100_000)
    backlog: int = count(512, "Connections that may wait to be accepted.", low=1, high=65535)
    header_bytes: int = size("64 KiB", "Largest request line with its headers.", low="4 KiB", high="1 MiB")
    header_timeout: timedelta = span("10s", "Longest time for these headers to arrive.", low="100ms", high="1h")
    body_timeout: timedelta = span("60s", "Longest wait in a body, either way; 500 bytes win back 1 s.", low="100ms", high="1h")
    idle_timeout: timedelta = span("65s", "Longest pause between two requests.", low="100ms", high="1h")
    stop_timeout: timedelta = span("30s", "Time for running requests when the server stops.", low="0s", high="1h")
    certificate: Path | None = setting("", "PEM file of certificate and chain; empty: no TLS.", parse_optional_file)
    private_key: Path | None = setting("", "PEM file of its private key.", parse_optional_file)
    client_ca: Path | None = setting(
        "", "PEM file of the authorities whose client certificates are believed; empty: none is asked for.", parse_optional_file
    )
    client_certificates: str = setting(
        "optional", "Whether clients must show one: optional or required.", one_of("optional", "required")
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        "", "Networks of the proxies whose X-Forwarded-For, X-Forwarded-Proto and user header are believed.", parse_networks
    )
    user_header: str = setting("", "Header in which they name the user whom they signed in; empty: none.", parse_header_name)

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.private_key is None):
            given, missing = ("certificate", "private_key") if self.certificate else ("private_key", "certificate")
            raise ValueError(f"server.{given} needs server.{missing}: TLS takes both")
        if self.client_ca is not None and self.certificate is None:
            raise ValueError("server.client_ca needs server.certificate: only TLS asks for certificates")
        if self.client_certificates == "required" and self.client_ca is None:
            raise ValueError("server.client_certificates = required needs server.client_ca: nobody would be let in")
        if self.user_header and not self.trusted_proxies:
            raise ValueError("server.user_header needs server.trusted_proxies: it is believed from nobody else")

    @property
    def processes(self) -> int:
        """How many processes answer requests: Python computes on one core in each."""
        return self.workers or len(os.sched_getaffinity(0))


@dataclass(frozen=True, kw_only=True)
class StoreConfig:
    """Where documents are kept."""

    database_url: str = setting("", "postgresql://...; empty: SQLite in the data folder.", parse_database, secret=True)
    blobs: Path | None = setting("", "Folder of the contents; empty: blobs in the data folder.", parse_optional_folder)
    inline_bytes: int = size("16 KiB", "Largest content kept in the database itself.", low="0", high="1 MiB")
    quota_bytes: int = setting("0", "Space for all versions of all documents; 0: no limit.", parse_size)
    collect_grace: timedelta = span("24h", "Age from which unused content is removed.", low="1m", high="365d")


@dataclass(frozen=True, kw_only=True)
class LocksConfig:
    """Write locks."""

    default: timedelta = span("600s", "Lifetime of a lock when the client asks for none.", low="1s", high="365d")
    max: timedelta = span("24h", "Longest lifetime granted; more is cut to it.", low="1s", high="365d")
    grace: timedelta = span("24h", "Time after its end in which its holder may have a lock back.", low="0s", high="365d")
    per_resource: int = count(1000, "Most locks on one document or folder; several are shared ones.", low=1, high=100_000)
    per_user: int = count(10_000, "Most locks that one user holds at once.", low=1, high=1_000_000)


@dataclass(frozen=True, kw_only=True)
class LimitsConfig:
    """What a request may ask for."""

    path_bytes: int = size("4096", "Longest path, decoded.", low="256", high="16 KiB")
    segments: int = count(64, "Most names in a path.", low=8, high=1024)
    xml_bytes: int = size("1 MiB", "Largest XML body.", low="4 KiB", high="64 MiB")
    xml_depth: int = count(64, "Deepest nesting of an XML body.", low=8, high=256)
    property_bytes: int = size("64 KiB", "Most bytes of WebDAV properties of one document or folder.", low="4 KiB", high="64 MiB")
    upload_bytes: int = size("64 GiB", "Largest document.", low="1 KiB", high=None)
    json_bytes: int = size("64 MiB", "Largest JSON body.", low="64 KiB", high="1 GiB")
    rest_bytes: int = size("1 GiB", "Largest body of one request to a REST door.", low="1 MiB", high=None)
    multipart_parts: int = count(1000, "Most parts of a form.", low=8, high=100_000)
    page: int = count(10_000, "Most entries of a page of a listing through REST.", low=100, high=1_000_000)
    upload_life: timedelta = span(
        "1h", "Time without a byte after which an upload that arrives in parts is given up.", low="1m", high="30d"
    )
    open_uploads: int = count(
        100, "Most bodies that one user sends at once, for each process; most uploads in parts.", low=1, high=100_000
    )
    requests_per_minute: int = count(
        0, "Most requests of one user, shared out over the processes; 0: no limit.", low=0, high=10_000_000
    )


@dataclass(frozen=True, kw_only=True)
class DriveConfig:
    """The WebDAV drive."""

    list_versions_folder: bool = setting(False, "List .versions; by name it opens in any case.", parse_flag)
    save_window: timedelta = span("120s", "Longest pause between the steps of one save.", low="1s", high="1h")
    scratch_bytes: int = size("1 GiB", "Largest temporary file of a program.", low="1 MiB", high=None)
    scratch_age: timedelta = span("24h", "Age from which an untouched temporary file is swept.", low="1m", high="365d")


@dataclass(frozen=True, kw_only=True)
class DoorsConfig:
    """Where the REST doors are."""

    okd: str = setting("/okd/v1", "Address of OKD; empty: this door is closed.", parse_mount)
    gever: str = setting("/gever", "Address of OneGov GEVER; empty: this door is closed.", parse_mount)
    lora: str = setting("/lora", "Address of LoRA (OIO); empty: this door is closed.", parse_mount)
    yuuvis: str = setting("/api/dms", "Address of yuuvis; empty: this door is closed.", parse_mount)
    dynacase: str = setting("/api/v1", "Address of Dynacase; empty: this door is closed.", parse_mount)

    def __post_init__(self) -> None:
        taken = [(f"doors.{f.name}", mount.split("/")[1:]) for f in fields(self) if (mount := getattr(self, f.name))]
        taken += [(f"/{name}", [name]) for name in RESERVED_MOUNTS]
        for (name, path), (other, longer) in permutations(taken, 2):
            if longer[: len(path)] == path:
                raise ValueError(f"{name} must not have the address of {other}, or one above it")


@dataclass(frozen=True, kw_only=True)
class OkdConfig:
    """OKD."""

    folder: tuple[str, ...] = setting("/OKD", "Folder on the drive for what is delivered.", parse_place)
    own_documents_only: bool = setting(False, "Let each client see only the documents that it delivered.", parse_flag)


@dataclass(frozen=True, kw_only=True)
class LoraConfig:
    """LoRA."""

    folder: tuple[str, ...] = setting("/LoRA", "Folder on the drive; its rights hold for all objects.", parse_place)


@dataclass(frozen=True, kw_only=True)
class YuuvisConfig:
    """yuuvis."""

    folder: tuple[str, ...] = setting("/yuuvis", "Folder on the drive for what is imported without a parent.", parse_place)
    tenant: str = setting("default", "Name of the tenant that this store is.", parse_text)
    repository: str = setting("default", "Name of the storage, as objects tell it.", parse_text)
    audit_reads: bool = setting(True, "Keep in the history of an object who read it.", parse_flag)


@dataclass(frozen=True, kw_only=True)
class DynacaseConfig:
    """Dynacase."""

    folder: tuple[str, ...] = setting("/Dynacase", "Folder on the drive for what is created.", parse_place)
    temporary_files_life: timedelta = span("1d", "How long a temporary file waits to be used.", low="1m", high="30d")


@dataclass(frozen=True, kw_only=True)
class TypesConfig:
    """Object types of LoRA, yuuvis and Dynacase; see docs/object-types.md."""

    folders: tuple[Path, ...] = setting(
        "", "Folders of type files beside those that come with davgate, with colons between them or as a list.", parse_folders
    )


@dataclass(frozen=True, kw_only=True)
class VersionsConfig:
    """Which versions are made, and how long old ones are kept; see docs/versions.md."""

    per: str = setting("session", "What makes a version: session (all saves under a lock) or save.", one_of("session", "save"))
    keep_all: timedelta | None = optional_span("Age up to which every version is kept.", or_forever=True)
    keep_hourly: timedelta | None = optional_span("Age up to which one of each hour is kept.", or_forever=True)
    keep_daily: timedelta | None = optional_span("Age up to which one of each day is kept.", or_forever=True)
    keep_weekly: timedelta | None = optional_span("Age up to which one of each week is kept.", or_forever=True)
    keep_monthly: timedelta | None = optional_span("Age up to which one of each month is kept.", or_forever=True)
    keep_yearly: timedelta | None = optional_span("Age up to which one of each year is kept.", or_forever=True)
    keep_count: int = count(0, "Most versions of a document; 0: no limit.", low=0, high=1_000_000_000)
    keep_bytes: int = setting("0", "Most bytes of a document's old versions and saves; 0: no limit.", parse_size)
    keep_saves: timedelta | None = optional_span("Age up to which earlier saves of a version are kept; empty: as the version.")

    def __post_init__(self) -> None:
        steps = [(name, age) for name, age in self.keep_steps.items() if age is not None]
        for (finer, age), (coarser, longer) in pairwise(steps):
            if longer <= age:
                raise ValueError(f"versions.keep_{coarser} must be a longer time than versions.keep_{finer}")

    @property
    def keep_steps(self) -> dict[str, timedelta | None]:
        """The ages up to which versions are kept, from the finest to the coarsest."""
        return {
            "all": self.keep_all,
            "hourly": self.keep_hourly,
            "daily": self.keep_daily,
            "weekly": self.keep_weekly,
            "monthly": self.keep_monthly,
            "yearly": self.keep_yearly,
        }


@dataclass(frozen=True, kw_only=True)
class TrashConfig:
    """What was deleted."""

    keep: timedelta | None = optional_span("Time after which what is in the trash goes for good; empty: never.")


@dataclass(frozen=True, kw_only=True)
class LoginConfig:
    """Passwords; a change of the Argon2id figures applies to passwords set from then on."""

    cache: timedelta = span(
        "60s", "Time that a right password is remembered after its last use; 0: not at all.", low="0s", high="1h"
    )
    argon2_time_cost: int = count(3, "Rounds of Argon2id.", low=2, high=64)
    argon2_memory_bytes: int = size("64 MiB", "Memory of Argon2id.", low="19 MiB", high="4 GiB")
    argon2_parallelism: int = count(4, "Lanes of Argon2id.", low=1, high=64)
    token_life: timedelta = span("1h", "Life of a token that davgate issues itself.", low="1m", high="24h")
    basic: bool = setting(True, "Take user name and password by Basic; use TLS outside this machine.", parse_flag)
    digest: bool = setting(False, "Take app passwords by Digest too, those made with --digest.", parse_flag)
    nonce_life: timedelta = span(
        "5m", "Life of a nonce of Digest; a request overheard can be sent again until then.", low="10s", high="1h"
    )
    failures: int = count(20, "Failures of one name from one address before further ones are put off.", low=3, high=1000)
    failure_window: timedelta = span("5m", "Time in which they count.", low="10s", high="24h")


@dataclass(frozen=True, kw_only=True)
class CertificatesConfig:
    """Sign-in by client certificates, which server.client_ca turns on."""

    accounts: str = setting(
        "make",
        "make: an account at the first sign-in; existing: only those there are; none: certificates sign nobody in.",
        one_of("make", "existing", "none"),
    )


@dataclass(frozen=True, kw_only=True)
class ProxyConfig:
    """Sign-in by a proxy in front, which server.trusted_proxies and server.user_header turn on."""

    accounts: str = setting(
        "make", "make: an account at the first sign-in; existing: only those there are.", one_of("make", "existing")
    )


@dataclass(frozen=True, kw_only=True)
class LdapConfig:
    """Sign-in by a directory; see "Sign-in by LDAP" in docs/accounts.md."""

    url: tuple[str, ...] = setting(
        "", "ldap:// or ldaps:// and host, several with blanks; empty: no directory.", parse_directories
    )
    start_tls: bool = setting(True, "Encrypt connections to ldap:// (StartTLS).", parse_flag)
    allow_plain: bool = setting(False, "Send passwords in the clear over the network if start_tls is off.", parse_flag)
    ca_file: Path | None = setting("", "Certificates that sign the servers'; empty: the system's.", parse_optional_file)
    timeout: timedelta = span("5s", "Longest time that a sign-in waits for each server.", low="100ms", high="1m")
    bind_dn: str = setting("", "Account that searches; empty: anonymous.", parse_text)
    bind_password: str = setting("", "Its password.", parse_text, secret=True)
    bind_password_file: Path | None = setting("", "File that holds its password instead.", parse_optional_file)
    user_base: str = setting("", "Entry below which people are searched.", parse_text)
    user_filter: str = setting("(&(objectClass=person)(uid={name}))", "Finds a person by name.", parse_filter)
    user_dn: str = setting("", "Instead of a search: a person's entry, as in uid={name},ou=people,dc=example,dc=org.", parse_text)
    name_attribute: str = setting("uid", "Attribute whose spelling of the name is that of the account.", parse_attribute)
    group_base: str = setting("", "Entry below which groups are; empty: groups are not asked for.", parse_text)
    group_filter: str = setting(
        "(|(member={dn})(uniqueMember={dn})(memberUid={name}))", "Finds the groups of a person.", parse_filter
    )
    groups_attribute: str = setting("", "Instead of a search: a person's attribute that names groups, memberOf.", parse_attribute)
    accounts: str = setting(
        "make", "make: accounts are made at the first sign-in; existing: somebody adds them.", one_of("make", "existing")
    )

    def __post_init__(self) -> None:
        if not self.url:
            return
        if bool(self.user_base) == bool(self.user_dn):
            raise ValueError("ldap needs either ldap.user_base or ldap.user_dn")
        if self.user_dn and "={name}" not in self.user_dn:
            raise ValueError("ldap.user_dn must have ={name} where the name of the person stands")
        if not self.name_attribute:
            raise ValueError("ldap.name_attribute must be the name of an attribute")
        if self.user_base and f"({self.name_attribute}={{name}})".lower() not in self.user_filter.lower():
            # Whoever signed in by another name than the account's would count as two where wrong passwords are counted.
            raise ValueError("ldap.user_filter must ask for ldap.name_attribute, as in (uid={name})")
        if self.groups_attribute and not self.group_base:
            raise ValueError("ldap.groups_attribute needs ldap.group_base: groups elsewhere do not count")
        if bool(self.bind_dn) != bool(self.bind_password) + (self.bind_password_file is not None):
            # Without a password the account would be anonymous, and seem to work (RFC 4513, 5.1.2).
            raise ValueError("ldap.bind_dn goes with one of ldap.bind_password and ldap.bind_password_file")
        if self.user_dn and self.bind_dn:
            raise ValueError("ldap.bind_dn has nothing to do where ldap.user_dn names people's entries")
        if self.start_tls or self.allow_plain:
            return
        for url in self.url:
            if url.startswith("ldap:") and not is_this_machine(urlsplit(url).hostname or ""):
                raise ValueError(
                    f"{url} would get passwords in the clear: set ldap.start_tls, or ldap.allow_plain if it has to be"
                )


@dataclass(frozen=True, kw_only=True)
class IssuerConfig:
    """Who issues bearer tokens that are accepted, in a section for each with a name of your choice; without any, none are."""

    issuer: str = setting(
        "", "Exactly what iss of the tokens says.", parse_text, example="https://login.example.org/realms/company"
    )
    audience: tuple[str, ...] | None = setting(
        None, "What aud of the tokens says, one of these; []: anything.", parse_words_if_given, example=["davgate"]
    )
    algorithms: tuple[str, ...] = setting("RS256", "Algorithms that the tokens are signed with.", parse_words)
    jwks_url: str = setting(
        "", "Address of the public keys, https.", parse_text, example="https://login.example.org/realms/company/keys"
    )
    jwks_file: Path | None = setting("", "File of the public keys, instead.", parse_optional_file)
    secret: str = setting("", "Shared secret for HS256, HS384 and HS512, instead.", parse_text, secret=True)
    secret_file: Path | None = setting("", "File that holds the shared secret, instead.", parse_optional_file)
    leeway: timedelta = span("60s", "How far the clock of the issuer may be off.", low="0s", high="10m")
    name_claims: tuple[str, ...] = setting(
        "client_id azp appid sub", "Claims that name the user; the first that a token has counts.", parse_words
    )
    groups_claim: str = setting("", "Claim that lists the groups of the user; empty: none.", parse_text)
    scope_claims: tuple[str, ...] = setting(
        "scope scp roles", "Claims that list scopes, the first counts; empty: tokens are not restricted by scopes.", parse_words
    )
    required_type: str = setting("", "The typ that tokens must have; empty: at+jwt, JWT or none.", parse_text)
    accounts: str = setting(
        "make", "make: an account at the first sign-in; existing: only those there are.", one_of("make", "existing")
    )


@dataclass(frozen=True, kw_only=True)
class LogConfig:
    """The log, on standard error."""

    level: str = setting("INFO", "Least level logged: DEBUG, INFO, WARNING or ERROR.", parse_level)


DATA = Setting(help="Folder of everything that davgate keeps; has to be given.", default=None, parse=parse_folder)


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings."""

    data: Path = field(metadata={"setting": DATA})
    time_zone: ZoneInfo = setting("UTC", "Zone of dates without one, in names of versions, pages and requests.", parse_zone)
    server: ServerConfig = field(default_factory=ServerConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    locks: LocksConfig = field(default_factory=LocksConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    drive: DriveConfig = field(default_factory=DriveConfig)
    doors: DoorsConfig = field(default_factory=DoorsConfig)
    okd: OkdConfig = field(default_factory=OkdConfig)
    lora: LoraConfig = field(default_factory=LoraConfig)
    yuuvis: YuuvisConfig = field(default_factory=YuuvisConfig)
    dynacase: DynacaseConfig = field(default_factory=DynacaseConfig)
    types: TypesConfig = field(default_factory=TypesConfig)
    versions: VersionsConfig = field(default_factory=VersionsConfig)
    trash: TrashConfig = field(default_factory=TrashConfig)
    login: LoginConfig = field(default_factory=LoginConfig)
    issuers: Mapping[str, IssuerConfig] = field(default_factory=lambda: MappingProxyType({}))
    certificates: CertificatesConfig = field(default_factory=CertificatesConfig)
    proxy: ProxyConfig = field(default_factory=ProxyConfig)
    ldap: LdapConfig = field(default_factory=LdapConfig)
    log: LogConfig = field(default_factory=LogConfig)

    @property
    def sqlite_file(self) -> Path:
        """The database, unless ``store.database_url`` names another."""
        return self.data / "davgate.sqlite3"

    @property
    def blob_folder(self) -> Path:
        """The folder of the contents."""
        return self.store.blobs or self.data / "blobs"


def sections() -> dict[str, type[Any]]:
    """Return the dataclass of each section by its name."""
    return {name: kind for name, kind in get_type_hints(Config).items() if isinstance(kind, type) and is_dataclass(kind)}


SECTION_NAME = re.compile(r"(?=.{1,32}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""Names that can be told apart in the environment too, where there are neither small letters nor hyphens."""


def named_sections() -> dict[str, type[Any]]:
    """Return the dataclass of each kind of section that has a name of its own, ``[kind.name]``."""
    return {kind: get_args(hint)[1] for kind, hint in get_type_hints(Config).items() if get_origin(hint) is Mapping}


def named_settings(name: str = "NAME") -> dict[str, Setting]:
    """Return every setting of the sections with names of their own by ``kind.name.key``."""
    return {f"{kind}.{name}.{f.name}": f.metadata["setting"] for kind, made in named_sections().items() for f in fields(made)}


def settings() -> dict[str, Setting]:
    """Return every setting that there is once by its name, ``section.key``, in the order of declaration."""
    top = {f.name: f.metadata["setting"] for f in fields(Config) if "setting" in f.metadata}
    return top | {f"{name}.{f.name}": f.metadata["setting"] for name, kind in sections().items() for f in fields(kind)}


def find(name: str) -> Setting | None:
    """Return the setting of a name, if there is one."""
    kind, _, rest = name.partition(".")
    if kind in named_sections():
        section, _, key = rest.partition(".")
        return named_settings(section).get(name) if SECTION_NAME.fullmatch(section) else None
    return settings().get(name)


def variable(name: str) -> str:
    """Name the environment variable of a setting; around the name of a section of one's own stand two underscores."""
    return "DAVGATE_" + name.replace(".", "__" if name.count(".") == 2 else "_").upper()
