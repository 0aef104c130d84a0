"""The settings of a server: those of the start, and those that are read anew whenever the workers are replaced."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from davgate import log
from davgate.cli.types_served import ServedTypes
from davgate.config import Config, ConfigError
from davgate.configured import bearer_of, directory_of

logger = logging.getLogger(__name__)


class ServedSettings:
    """The settings and object types that the next worker gets.

    The socket, and where the store is, stay until the next start: while workers are replaced, two generations serve the same
    documents.
    """

    def __init__(self, config: Config, read: Callable[[], Config]) -> None:
        """Take the settings of the start, and what reads them anew.

        Raises:
            ConfigError: a secret or the object types cannot be used.
            StoreUnusable: there is no store, or one of another version.
        """
        self._read = read
        # Checked here, once, so that a secret that can be guessed stops the start, and not each worker by itself.
        _check(config)
        self.types = ServedTypes(config)
        self.current = config

    def renew(self) -> bool:
        """Read everything anew; false, with the reasons in the log, if it cannot be used, and all stays as it is."""
        try:
            given = self._read()
            _check(given)
        except ConfigError as error:
            for mistake in error.mistakes:
                logger.error("The workers stay as they are: %s", mistake if mistake.endswith(("?", ".")) else f"{mistake}.")
            return False
        before = self.current
        store = replace(given.store, database_url=before.store.database_url, blobs=before.store.blobs)
        config = replace(given, data=before.data, server=before.server, store=store)
        if config != given:
            logger.warning("Changes of data, [server], store.database_url and store.blobs count from the next start on.")
        if not self.types.renew(config):
            return False
        self.current = config
        log.set_level(config.log.level)
        return True


def _check(config: Config) -> None:
    bearer_of(config)
    directory_of(config)
