"""The application over a store of a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from davgate.app import Application
from davgate.config import Config, LoginConfig
from davgate.core.store import Store
from davgate.rest.operations import Dialect

CHEAP_LOGIN: Final = LoginConfig(argon2_time_cost=1, argon2_memory_bytes=8 * 1024, argon2_parallelism=1)
"""Below what the settings allow: passwords of tests protect nothing."""


@contextmanager
def an_application(
    store: Store, folder: Path, dialects: Mapping[str, Dialect] | None = None, **sections: object
) -> Iterator[Application]:
    """Give an application until the block ends; keyword arguments are sections of the settings, ``dialects`` those of a test."""
    config = Config(data=folder, **{"login": CHEAP_LOGIN, **sections})  # type: ignore[arg-type]
    with closing(Application(config, store, dialects=dialects)) as application:
        yield application
