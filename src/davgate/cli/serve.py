"""``davgate serve``: answer requests until a signal ends it, or with ``--check`` look whether it could."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import shutil
import signal
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from davgate import __version__
from davgate.cli import backup_mark
from davgate.cli.main import settings_of
from davgate.cli.output import count
from davgate.config import Address, Config, ConfigError, ServerConfig
from davgate.http.server import ServerLimits, TlsFiles, UnusableTlsFiles, held_back, serve

logger = logging.getLogger(__name__)


def run(args: argparse.Namespace, config: Config) -> int:
    """Serve, and return the exit code."""
    server = config.server
    if backup_mark.find(config.data) is not None:
        # What is saved there would be gone with the next `davgate backup`.
        raise ConfigError([f"{config.data} is a backup. Fill a store with it (`davgate load`), or remove its {backup_mark.NAME}"])
    # A SIGHUP before there are workers would end the server: it waits until they can be replaced.
    with held_back(signal.SIGHUP), _figures_folder(config) as figures_folder:
        # Only now: prometheus_client decides when it is imported whether several processes count together.
        from davgate.app import Application
        from davgate.cli.settings_served import ServedSettings
        from davgate.configured import open_store

        served = ServedSettings(config, partial(settings_of, args))
        if _crosses_network_in_clear(server):
            logger.warning("Passwords cross the network in the clear: %s is served without TLS.", server.listen)
        if _is_readable_by_all(config):
            logger.warning(
                "Everybody on this machine can read the database, with documents and keys; take that away: chmod o= %s",
                config.sqlite_file,
            )
        tls_files = _tls_files(server)
        try:
            if args.check:
                return _checked(tls_files)
            logger.info("davgate %s starts with %s, %s.", __version__, config.data, count(server.processes, "worker"))
            code = serve(
                lambda: Application(served.current, open_store(served.current, types=served.types.current), figures_folder),
                server.listen.host,
                server.listen.port,
                workers=server.processes,
                threads=server.threads,
                limits=_limits(server),
                tls_files=tls_files,
                on_ready=partial(_announce, "http" if server.certificate is None else "https"),
                renew=served.renew,
            )
        except UnusableTlsFiles as error:
            raise ConfigError([f"TLS: {mistake}" for mistake in error.mistakes]) from error
        except OSError as error:
            if (reason := _not_listening(error)) is None:
                raise
            raise ConfigError([f"{server.listen} {reason}"]) from error
        logger.info("davgate has stopped.")
        return code


def _checked(tls_files: TlsFiles | None) -> int:
    """Look at what is left when the settings were read."""
    if tls_files is not None:
        tls_files.read()
    print("davgate can serve with these settings.")
    return 0


def _not_listening(error: OSError) -> str | None:
    """Return why an address cannot be listened on, and what to do, as the end of a sentence that begins with the address."""
    if isinstance(error, socket.gaierror) or error.errno in (socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_NODATA):
        return "names a host that is not known here. Write an address of this machine, such as 127.0.0.1 or 0.0.0.0."
    if error.errno == errno.EADDRINUSE:
        return "is in use. Stop what listens there, or choose another address with --listen."
    if error.errno == errno.EADDRNOTAVAIL:
        return "is no address of this machine. Choose another one with --listen; 0.0.0.0 stands for all of them."
    if error.errno == errno.EACCES:
        return "may not be listened on by this user, as ports below 1024 mostly. Choose another port with --listen."
    return None


def _announce(scheme: str, host: str, port: int) -> None:
    url = f"{scheme}://{Address(host, port)}/"
    print(f"davgate serves {url} - the drive is {url}dav/", flush=True)


def _crosses_network_in_clear(server: ServerConfig) -> bool:
    is_covered = server.certificate is not None or server.trusted_proxies or server.public_url.startswith("https:")
    return not is_covered and not server.listen.is_loopback


def _is_readable_by_all(config: Config) -> bool:
    """Tell whether anybody on this machine can read the database: davgate makes it private, but a copy may not be."""
    if config.store.database_url:
        return False
    try:
        file, folder = config.sqlite_file.stat().st_mode, config.data.stat().st_mode
    except OSError:
        return False
    return bool(file & stat.S_IROTH and folder & stat.S_IXOTH)


def _tls_files(server: ServerConfig) -> TlsFiles | None:
    if server.certificate is None or server.private_key is None:
        return None
    return TlsFiles(server.certificate, server.private_key, server.client_ca, server.client_certificates == "required")


def _limits(server: ServerConfig) -> ServerLimits:
    return ServerLimits(
        header_block_bytes=server.header_bytes,
        header_timeout=server.header_timeout,
        handshake_timeout=server.header_timeout,
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
