"""The object types of a server: held against the store at the start, and again whenever the workers are replaced."""

from __future__ import annotations

import logging

from davgate.config import Config, ConfigError
from davgate.configured import open_store, types_of
from davgate.core.types_in_use import orphans
from davgate.model.errors import DavgateError
from davgate.model.object_types import ObjectTypes
from davgate.storage import schema

logger = logging.getLogger(__name__)


class ServedTypes:
    """The types that the next worker gets. The store is open only while it is asked: nothing of it may reach a worker."""

    def __init__(self, config: Config) -> None:
        """Read the files.

        Raises:
            ConfigError: they cannot be used, or would leave alone what is stored.
            StoreUnusable: there is no store, or one of another version.
        """
        self.current = self._read(config, None)

    def renew(self, config: Config) -> bool:
        """Read the files that the settings name now.

        False, with the reasons in the log, if they cannot be used: the types stay as they are.
        """
        try:
            self.current = self._read(config, self.current)
        except ConfigError as error:
            for mistake in error.mistakes:
                logger.error("The workers stay as they are: %s.", mistake)
            return False
        except DavgateError as error:
            logger.error("The workers stay as they are, for the store cannot be asked which object types it has: %s", error)
            return False
        return True

    def _read(self, config: Config, before: ObjectTypes | None) -> ObjectTypes:
        types = types_of(config)
        store = open_store(config, types=types)
        try:
            schema.check(store.database)
            if left_alone := orphans(store, types, before):
                raise ConfigError([f"types: {sentence}" for sentence in left_alone])
        finally:
            store.database.close()
        return types
