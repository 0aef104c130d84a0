"""TLS in several processes: sessions are good in all of them, and a new certificate is taken over without a gap."""

import shutil
import signal
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from davgate.http.server import TlsFiles, UnusableTlsFiles, serve
from tests.certificates import Authority, Issued
from tests.server.client import TlsClient
from tests.server.conftest import ServedProcess
from tests.server.test_processes import answering_pids, begin_upload, wait_until

Run = Callable[..., ServedProcess]


@pytest.fixture
def installed(authority: Authority, tmp_path: Path) -> Issued:
    """Files whose content can be replaced."""
    issued = Issued(tmp_path / "server.crt", tmp_path / "server.key")
    install(authority.issue(), issued)
    return issued


def install(new: Issued, installed: Issued) -> None:
    shutil.copy(new.certificate, installed.certificate)
    shutil.copy(new.private_key, installed.private_key)


@pytest.fixture
def served(run: Run, authority: Authority, installed: Issued) -> ServedProcess:
    started = run("--workers", "2", "--tls", str(installed.certificate), str(installed.private_key))
    started.context = authority.client_context()
    return started


def shown_certificate(served: ServedProcess) -> bytes | None:
    with served.connect() as client:
        assert isinstance(client, TlsClient)
        return client.tls.getpeercert(binary_form=True)


def test_all_workers_serve_and_a_stop_finishes_the_upload(served: ServedProcess) -> None:
    wait_until(lambda: len(answering_pids(served)) == 2)
    with begin_upload(served) as upload:
        served.signal(signal.SIGTERM)
        wait_until(lambda: not served.is_accepting())
        upload.send(b"world")
        assert upload.response().body == b"10"
        assert upload.has_ended()
    assert served.exit_code() == 0


def test_session_of_one_worker_is_resumed_by_the_others(served: ServedProcess) -> None:
    assert served.context is not None
    pids = set()
    with ExitStack() as stack:
        first = stack.enter_context(TlsClient(served.address, served.context))
        assert first.get().status == 200
        for _ in range(30):
            # They stay: the more clients a worker has, the sooner another one takes the next.
            again = stack.enter_context(TlsClient(served.address, served.context, first.tls.session))
            assert again.tls.session_reused
            pids.add(again.get().body.partition(b",")[0])
    assert len(pids) == 2


def test_hangup_takes_the_new_certificate_and_finishes_uploads(
    served: ServedProcess, authority: Authority, installed: Issued
) -> None:
    old = shown_certificate(served)
    with begin_upload(served) as upload:
        new = authority.issue()
        install(new, installed)
        assert shown_certificate(served) == old
        served.signal(signal.SIGHUP)
        expected = ssl.PEM_cert_to_DER_cert(new.certificate.read_text())
        wait_until(lambda: {shown_certificate(served) for _ in range(20)} == {expected})
        upload.send(b"world")
        assert upload.response().body == b"10"
    served.signal(signal.SIGTERM)
    assert served.exit_code() == 0


def test_hangup_with_files_that_do_not_fit_keeps_the_old_ones_in_use(
    served: ServedProcess, authority: Authority, installed: Issued
) -> None:
    wait_until(lambda: len(answering_pids(served)) == 2)
    old, pids = shown_certificate(served), answering_pids(served)
    shutil.copy(authority.issue().private_key, installed.private_key)
    served.signal(signal.SIGHUP)
    assert served.process.stderr is not None
    assert "The workers stay as they are" in served.process.stderr.readline()
    assert {shown_certificate(served) for _ in range(20)} == {old}
    assert answering_pids(served) == pids
    served.signal(signal.SIGTERM)
    assert served.exit_code() == 0


def test_files_that_do_not_fit_are_an_error_before_anything_is_started(authority: Authority) -> None:
    files = TlsFiles(authority.issue().certificate, authority.issue().private_key)
    with pytest.raises(UnusableTlsFiles, match="is not the key"):
        serve(lambda: pytest.fail("the application was made"), "127.0.0.1", 0, tls_files=files)
