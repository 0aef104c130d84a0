"""The settings: frozen values, read from a TOML file, the environment and the flags, in this order.

A setting is one line in one of the dataclasses of ``sections``: name, type, default, help and bounds. The loader, the example
file and the table of docs/configuration.md are made from these lines. A section may be there once, ``[login]``, or as often as
one likes under names of one's own, ``[issuers.company]``. Sizes are bytes in fields that end in ``_bytes``, times are
``timedelta``. Below ``app`` nothing reads this package: each part is given the values that it needs.
"""

from davgate.config.kinds import Address, Setting, parse_amount, parse_size, parse_span
from davgate.config.loading import ConfigError, load
from davgate.config.sections import (
    CertificatesConfig,
    Config,
    DoorsConfig,
    DriveConfig,
    IssuerConfig,
    LimitsConfig,
    LocksConfig,
    LoginConfig,
    OkdConfig,
    ProxyConfig,
    ServerConfig,
    StoreConfig,
    VersionsConfig,
    find,
    named_sections,
    named_settings,
    sections,
    settings,
    variable,
)

__all__ = [
    "Address",
    "CertificatesConfig",
    "Config",
    "ConfigError",
    "DoorsConfig",
    "DriveConfig",
    "IssuerConfig",
    "LimitsConfig",
    "LocksConfig",
    "LoginConfig",
    "OkdConfig",
    "ProxyConfig",
    "ServerConfig",
    "Setting",
    "StoreConfig",
    "VersionsConfig",
    "find",
    "load",
    "named_sections",
    "named_settings",
    "parse_amount",
    "parse_size",
    "parse_span",
    "sections",
    "settings",
    "variable",
]
