"""The application over a store of a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from davgate.app import DIALECTS, Application, dialects_of
from davgate.config import Config, LoginConfig
from davgate.core.store import Store
from davgate.rest.operations import Dialect

CHEAP_LOGIN: Final = LoginConfig(argon2_time_cost=1, argon2_memory_bytes=8 * 1024, argon2_parallelism=1)
"""Below what the settings allow: passwords of tests protect nothing."""


@cache
def _usual_dialects() -> Mapping[str, Dialect]:
    """Return the dialects of the default settings: to compile their routes anew for each test takes longer than many a test."""
    return dialects_of(Config(data=Path()))


@contextmanager
def an_application(
    store: Store, folder: Path, dialects: Mapping[str, Dialect] | None = None, **sections: object
) -> Iterator[Application]:
    """Give an application until the block ends; keyword arguments are sections of the settings, ``dialects`` those of a test."""
    config = Config(data=folder, **{"login": CHEAP_LOGIN, **sections})  # type: ignore[arg-type]
    if dialects is None and sections.keys().isdisjoint({"doors", *DIALECTS}):
        dialects = _usual_dialects()
    with closing(Application(config, store, dialects=dialects)) as application:
        yield application
