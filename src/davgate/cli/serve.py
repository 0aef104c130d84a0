"""``davgate serve``: answer requests until a signal ends it."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from davgate import __version__
from davgate.config import Address, Config, ServerConfig
from davgate.http.server import ServerLimits, serve
from davgate.storage import schema

logger = logging.getLogger(__name__)


def run(args: argparse.Namespace, config: Config) -> int:
    """Serve, and return the exit code."""
    server = config.server
    with _figures_folder(config) as figures_folder:
        # Only now: the library that counts decides at its import whether several processes count together.
        from davgate.app import Application, open_store

        store = open_store(config)
        schema.check(store.database)
        # Nothing that is open now may reach the workers.
        store.database.close()
        if not _is_loopback(server.listen) and not server.public_url.startswith("https:"):
            logger.warning("Passwords cross the network in the clear: %s is served without TLS.", server.listen)
        logger.info("davgate %s starts with %s, %d workers.", __version__, config.data, server.processes)
        code = serve(
            lambda: Application(config, open_store(config), figures_folder),
            server.listen.host,
            server.listen.port,
            workers=server.processes,
            threads=server.threads,
            limits=_limits(server),
            on_ready=_announce,
        )
        logger.info("davgate has stopped.")
        return code


def _announce(host: str, port: int) -> None:
    print(f"davgate serves http://{Address(host, port)}/ - the drive is http://{Address(host, port)}/dav/", flush=True)


def _limits(server: ServerConfig) -> ServerLimits:
    return ServerLimits(
        header_block_bytes=server.header_bytes,
        header_timeout=server.header_timeout,
        body_timeout=server.body_timeout,
        idle_timeout=server.idle_timeout,
        stop_timeout=server.stop_timeout,
        connections=server.connections,
        backlog=server.backlog,
    )


@contextmanager
def _figures_folder(config: Config) -> Iterator[str | None]:
    """Give several workers a folder in which they count together; one alone needs none."""
    if config.server.processes == 1:
        yield None
        return
    folder = tempfile.mkdtemp(prefix="davgate-figures-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_loopback(address: Address) -> bool:
    try:
        return ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        return address.host == "localhost"
