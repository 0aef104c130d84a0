"""Parts as the settings name them: the store, its object types, and what proves who somebody is. No door is among them.

Commands that serve nothing need no more, and do not wait for the modules of the doors.
"""

from __future__ import annotations

import os
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import URL

from davgate.config import Config, ConfigError, VersionsConfig
from davgate.core.clock import SystemClock
from davgate.core.object_types import load
from davgate.core.principals.accounts import Passwords
from davgate.core.principals.brake import Brake
from davgate.core.principals.signing_in import CERTIFICATE, LDAP, PROXY, SigningIn, Sources
from davgate.core.store import Policy, Store
from davgate.identity.jwt import Bearer, Issuer
from davgate.model.instant import Clock
from davgate.model.locks import LockPolicy
from davgate.model.names import PathLimits
from davgate.model.object_types import ObjectTypes
from davgate.model.thinning import Period, Step, ThinningRule
from davgate.model.type_sections import UnusableTypes
from davgate.storage.blobs import DiskBlobs
from davgate.storage.database import Database

if TYPE_CHECKING:
    from davgate.identity.ldap import Directory


def types_of(config: Config) -> ObjectTypes:
    """Return the object types; their files are read now.

    Raises:
        ConfigError: they cannot be used.
    """
    try:
        return load(config.types.folders)
    except UnusableTypes as error:
        raise ConfigError([f"types: {mistake}" for mistake in error.mistakes]) from None


def open_store(config: Config, clock: Clock | None = None, types: ObjectTypes | None = None) -> Store:
    """Return the store that the settings name, with its object types; nothing else is read yet.

    Make it after a fork, never before.

    Raises:
        ConfigError: no ``types`` are given, and those of the settings cannot be used.
    """
    clock = clock or SystemClock()
    policy = Policy(
        paths=PathLimits(config.limits.path_bytes, config.limits.segments),
        locks=LockPolicy(
            config.locks.default, config.locks.max, config.locks.grace, config.locks.per_resource, config.locks.per_user
        ),
        quota_bytes=config.store.quota_bytes,
        upload_limit_bytes=config.limits.upload_bytes,
        upload_life=config.limits.upload_life,
        open_uploads=config.limits.open_uploads,
        property_bytes=config.limits.property_bytes,
        time_zone=config.time_zone,
        collect_grace=config.store.collect_grace,
        save_window=config.drive.save_window,
        scratch_limit_bytes=config.drive.scratch_bytes,
        scratch_age=config.drive.scratch_age,
        versions_per=config.versions.per,
        thinning=_thinning_of(config.versions),
        trash_keep=config.trash.keep,
    )
    blobs = DiskBlobs(config.blob_folder, clock, inline_limit_bytes=config.store.inline_bytes)
    # As a value: text would have to be quoted and parsed again.
    url = config.store.database_url or URL.create("sqlite", database=str(config.sqlite_file))
    database = Database(url, clock, readers=config.server.threads)
    return Store(database, blobs, clock, policy, types=types_of(config) if types is None else types)


def _thinning_of(versions: VersionsConfig) -> ThinningRule:
    steps = tuple(
        Step(Period(name), None if age == timedelta.max else age) for name, age in versions.keep_steps.items() if age is not None
    )
    return ThinningRule(steps, versions.keep_count, versions.keep_bytes, versions.keep_saves)


def passwords_of(config: Config) -> Passwords:
    """Return what hashes and checks passwords."""
    login = config.login
    return Passwords(
        time_cost=login.argon2_time_cost,
        memory_kib=login.argon2_memory_bytes // 1024,
        parallelism=login.argon2_parallelism,
        # More would be ready no sooner.
        at_once=max(1, len(os.sched_getaffinity(0)) // login.argon2_parallelism),
    )


def bearer_of(config: Config) -> Bearer:
    """Return what verifies bearer tokens; secrets and key files are read now.

    Raises:
        ConfigError: an issuer cannot be used as it is configured.
    """
    try:
        return Bearer(
            Issuer(source=f"issuers.{name}", **{f.name: getattr(section, f.name) for f in fields(section)})
            for name, section in config.issuers.items()
        )
    except ValueError as mistake:
        raise ConfigError([str(mistake)]) from None


def directory_of(config: Config) -> Directory | None:
    """Return the directory by which people sign in, if there is one; its password file is read now.

    Raises:
        ConfigError: python-ldap is missing, or the directory cannot be used as it is configured.
    """
    section = config.ldap
    if not section.url:
        return None
    try:
        # Only now: who has no directory needs neither python-ldap nor the C library below it.
        from davgate.identity.ldap import Directory, DirectorySettings
    except ImportError as error:
        raise ConfigError([f"ldap.url is set, but there is no python-ldap ({error}): install davgate[ldap]"]) from None
    given = {f.name: getattr(section, f.name) for f in fields(DirectorySettings) if f.name != "urls"}
    try:
        if section.bind_password_file:
            given["bind_password"] = section.bind_password_file.read_text("utf-8").rstrip("\r\n")
            if not given["bind_password"]:
                raise ValueError("ldap.bind_password_file is empty")
        return Directory(DirectorySettings(urls=section.url, **given))
    except OSError as error:
        raise ConfigError([f"ldap.bind_password_file cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError(["ldap.bind_password_file is no text in UTF-8"]) from None
    except ValueError as mistake:
        raise ConfigError([str(mistake)]) from None


def signing_in_of(config: Config, store: Store, door_scopes: frozenset[str] = frozenset()) -> SigningIn:
    """Return what proves who somebody is, by all sources that are configured; ``door_scopes`` open one door each.

    Raises:
        ConfigError: a source cannot be used as it is configured.
    """
    policies = {LDAP: config.ldap.accounts, CERTIFICATE: config.certificates.accounts, PROXY: config.proxy.accounts}
    return SigningIn(
        store,
        passwords_of(config),
        Sources(directory=directory_of(config), bearer=bearer_of(config), policies=policies),
        Brake(config.login.failures, config.login.failure_window),
        nonce_life=config.login.nonce_life,
        door_scopes=door_scopes,
    )
