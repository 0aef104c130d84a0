"""Certificates for tests: an authority of one's own, and what it vouches for, as PEM files."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Issued:
    """A certificate with its chain, and its private key."""

    certificate: Path
    private_key: Path


class Authority:
    """An authority; ``file`` is its own certificate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._ca = trustme.CA()
        self._count = 0
        self.file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def issue(self, *names: str, common_name: str | None = None, ends_at: datetime | None = None) -> Issued:
        """Vouch for host names, addresses or e-mail addresses, by default for many years."""
        made = self._ca.issue_cert(*(names or ("127.0.0.1", "localhost")), common_name=common_name, not_after=ends_at)
        self._count += 1
        issued = Issued(self._folder / f"{self._count}.crt", self._folder / f"{self._count}.key")
        issued.certificate.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        issued.private_key.touch(mode=0o600)
        issued.private_key.write_bytes(made.private_key_pem.bytes())
        return issued

    def client_context(self, shown: Issued | None = None) -> ssl.SSLContext:
        """Return what a client needs that believes this authority alone, and that shows a certificate if one is given."""
        context = ssl.create_default_context(cafile=self.file)
        if shown is not None:
            context.load_cert_chain(shown.certificate, shown.private_key)
        return context
