"""The files of TLS: every mistake is said of the file that has it."""

import logging
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from davgate.http.server import TlsFiles, UnusableTlsFiles
from tests.certificates import Authority, Issued


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.issue()


def mistakes(certificate: Path, private_key: Path, client_ca: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(UnusableTlsFiles) as caught:
        TlsFiles(certificate, private_key, client_ca).read()
    return caught.value.mistakes


def test_missing_files_are_all_named(tmp_path: Path) -> None:
    said = mistakes(tmp_path / "no.crt", tmp_path / "no.key", tmp_path / "no.ca")
    assert said == (
        f"the certificate {tmp_path}/no.crt cannot be read: No such file or directory",
        f"the private key {tmp_path}/no.key cannot be read: No such file or directory",
        f"the file of authorities {tmp_path}/no.ca cannot be read: No such file or directory",
    )


def test_key_of_another_certificate_is_refused(authority: Authority, issued: Issued) -> None:
    other = authority.issue()
    assert mistakes(issued.certificate, other.private_key) == (
        f"{other.private_key} is not the key of the certificate in {issued.certificate}",
    )


def test_files_given_the_wrong_way_round_are_told_apart(issued: Issued) -> None:
    assert mistakes(issued.private_key, issued.certificate) == (
        f"{issued.private_key} has no certificate in PEM form",
        f"{issued.certificate} has no private key in PEM form",
    )


@pytest.mark.parametrize("content", [b"", b"\x30\x82\x01", b"-----BEGIN CERTIFICATE-----\nnonsense\n"])
def test_file_without_a_certificate_is_refused(issued: Issued, tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_bytes(content)
    (said,) = mistakes(broken, issued.private_key)
    assert str(broken) in said


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nnonsense\n"])
def test_authorities_that_cannot_be_read_are_refused(issued: Issued, tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_bytes(content)
    assert mistakes(issued.certificate, issued.private_key, broken) == (
        f"{broken} has no certificates of authorities in PEM form",
    )


def test_key_with_a_passphrase_is_refused_without_asking_for_it(issued: Issued, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    key = serialization.load_pem_private_key(issued.private_key.read_bytes(), password=None)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
        )
    )
    (said,) = mistakes(issued.certificate, locked)
    assert "passphrase" in said


def test_key_that_everybody_can_read_is_warned_of(authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    issued = authority.issue()
    issued.private_key.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        TlsFiles(issued.certificate, issued.private_key).read()
    assert [f"chmod o= {issued.private_key}" in record.getMessage() for record in caplog.records] == [True]


def test_good_files_are_read_without_a_word(issued: Issued, authority: Authority, caplog: pytest.LogCaptureFixture) -> None:
    TlsFiles(issued.certificate, issued.private_key, authority.file).read()
    assert caplog.records == []
