"""The name in a client's certificate (RFC 5280, 4.1.2.6 and 4.2.1.6), which TLS has verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def name_of(certificate: Mapping[str, Any]) -> str | None:
    """Return the common name of the subject or, without one, the first e-mail address; ``None`` if there is no clear name.

    ``certificate`` is what ``ssl.SSLSocket.getpeercert()`` returns. A name that two readers could take for different ones is
    none: several common names, a NUL or another control character within, white space around. It does not give way to the
    e-mail address either, for such a certificate was not made in good faith.
    """
    common_names = list(_common_names(certificate))
    if len(common_names) > 1:
        return None
    name = common_names[0] if common_names and common_names[0] else _first_email(certificate)
    if not name or not name.isprintable() or name != name.strip():
        return None
    return name


def _common_names(certificate: Mapping[str, Any]) -> Iterator[str]:
    for relative_name in certificate.get("subject", ()):
        for kind, value in relative_name:
            if kind == "commonName":
                yield value


def _first_email(certificate: Mapping[str, Any]) -> str | None:
    return next((value for kind, value in certificate.get("subjectAltName", ()) if kind == "email"), None)
