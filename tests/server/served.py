"""A server in a process of its own, as ``python -m tests.server.served``; tells its port, then what befalls it."""

import argparse
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from davgate.http.server import ServerLimits, TlsFiles, held_back, serve
from tests.server.applications import BLOCK_BYTES, answer


class Probe:
    """PUT reads the body and answers with its size, POST refuses it, GET tells what the process has used so far."""

    def __init__(self, *, hangs: bool) -> None:
        self._hangs = hangs

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "PUT":
            size = 0
            while block := environ["wsgi.input"].read(BLOCK_BYTES):
                size += len(block)
            return answer(start_response, str(size).encode())
        if environ["REQUEST_METHOD"] == "POST":
            return answer(start_response, b"refused", "401 Unauthorized")
        if environ["PATH_INFO"] == "/hang":
            tell("hanging")
            while self._hangs:
                time.sleep(0.1)
        return answer(start_response, json.dumps(usage()).encode())

    def close(self) -> None:
        tell("closed")


def usage() -> dict[str, float]:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "pid": os.getpid(),
        "permanent_objects": gc.get_freeze_count(),
        "cpu_seconds": time.process_time(),
        "memory_bytes": int(lines["VmRSS"].split()[0]) * 1024,
        "peak_bytes": int(lines["VmHWM"].split()[0]) * 1024,
    }


def tell(*words: object) -> None:
    os.write(1, " ".join(map(str, words)).encode() + b"\n")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--stop-seconds", type=float, default=30.0)
    parser.add_argument("--files", type=int)
    parser.add_argument("--hangs", action="store_true")
    parser.add_argument("--fails", action="store_true")
    parser.add_argument("--hangs-up", action="store_true", help="a hangup comes before there are workers")
    parser.add_argument("--stays", action="store_true", help="nothing can be renewed")
    parser.add_argument("--tls", nargs=2, type=Path, metavar=("CERTIFICATE", "PRIVATE_KEY"))
    arguments = parser.parse_args()

    if arguments.files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (arguments.files, arguments.files))

    def make_application() -> Probe:
        if arguments.fails:
            raise LookupError("this application cannot be made")
        return Probe(hangs=arguments.hangs)

    def renew() -> bool:
        tell("renew", os.getpid())
        return not arguments.stays

    limits = ServerLimits(
        stop_timeout=timedelta(seconds=arguments.stop_seconds),
        linger_timeout=timedelta(seconds=0.2),
    )
    with held_back(signal.SIGHUP):
        if arguments.hangs_up:
            os.kill(os.getpid(), signal.SIGHUP)
        return serve(
            make_application,
            "127.0.0.1",
            0,
            workers=arguments.workers,
            threads=4,
            limits=limits,
            tls_files=TlsFiles(*arguments.tls) if arguments.tls else None,
            on_ready=lambda host, port: tell("port", port),
            renew=renew,
        )


if __name__ == "__main__":
    sys.exit(main())
