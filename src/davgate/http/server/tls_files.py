"""The files that TLS needs: read into a context, or told what is wrong with each of them."""

import logging
import re
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

_PRIVATE_KEY = re.compile(rb"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----")
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED", re.M)


class UnusableTlsFiles(Exception):
    """TLS cannot be spoken with these files; ``mistakes`` says why, a sentence for each file."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True)
class TlsFiles:
    """PEM files: certificate with its chain, private key, and the authorities that may vouch for clients, if any."""

    certificate: Path
    private_key: Path
    client_ca: Path | None = None
    requires_client_certificate: bool = False

    def read(self) -> ssl.SSLContext:
        """Return a context for a server, made of the files as they are now.

        Raises:
            UnusableTlsFiles: a file is missing or not what it should be, or the key belongs to another certificate.
        """
        mistakes: list[str] = []
        certificate = _content(self.certificate, "certificate", mistakes)
        key = _content(self.private_key, "private key", mistakes)
        if certificate is not None and b"-----BEGIN CERTIFICATE-----" not in certificate:
            mistakes.append(f"{self.certificate} has no certificate in PEM form")
        if key is not None and _ENCRYPTED.search(key):
            mistakes.append(f"{self.private_key} is protected by a passphrase, which nobody enters here; remove it")
        elif key is not None and not _PRIVATE_KEY.search(key):
            mistakes.append(f"{self.private_key} has no private key in PEM form")
        context = _new_context()
        if not mistakes:
            try:
                context.load_cert_chain(self.certificate, self.private_key)
            except ssl.SSLError as error:
                mistakes.append(self._why_not(error))
        if self.client_ca is not None and _content(self.client_ca, "file of authorities", mistakes) is not None:
            self._ask_for_certificates(context, self.client_ca, mistakes)
        if mistakes:
            raise UnusableTlsFiles(mistakes)
        self._warn_of_readers()
        return context

    def _ask_for_certificates(self, context: ssl.SSLContext, authorities: Path, mistakes: list[str]) -> None:
        try:
            context.load_verify_locations(authorities)
        except ssl.SSLError:
            mistakes.append(f"{authorities} has no certificates of authorities in PEM form")
        context.verify_mode = ssl.CERT_REQUIRED if self.requires_client_certificate else ssl.CERT_OPTIONAL
        # Who is in the file is believed, be it a root or an authority below one that is not.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        # A resumed session brings a certificate that was looked at hours ago, and may have expired since.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET

    def _why_not(self, error: ssl.SSLError) -> str:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"{self.private_key} is not the key of the certificate in {self.certificate}"
        reason = (error.reason or "").replace("_", " ").lower() or "not PEM"
        return f"{self.certificate} and {self.private_key} cannot be used: {reason}"

    def _warn_of_readers(self) -> None:
        if self.private_key.stat().st_mode & stat.S_IROTH:
            logger.warning("Everybody on this machine can read the private key; take that away: chmod o= %s", self.private_key)


def _new_context() -> ssl.SSLContext:
    """Return a context that takes TLS 1.2 and 1.3 and, by Python's own defaults, sound ciphers and no compression."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # A client that ends without a word has ended: HTTP itself tells what is incomplete, and the client is to learn of that.
    context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
    context.set_alpn_protocols(["http/1.1"])
    return context


def _content(path: Path, what: str, mistakes: list[str]) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        mistakes.append(f"the {what} {path} cannot be read: {error.strerror}")
        return None
