"""The name in a client's certificate: the clear one, or none."""

from __future__ import annotations

from typing import Any

import pytest

from davgate.identity.certificates import name_of


def certificate(*common_names: str, emails: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what ``getpeercert()`` gives."""
    subject = ((("countryName", "CH"),), *((("commonName", name),) for name in common_names))
    return {"subject": subject, "subjectAltName": (("DNS", "host.example.org"), *(("email", email) for email in emails))}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (certificate("ann"), "ann"),
        (certificate("Jörg Müller"), "Jörg Müller"),
        (certificate("ann", emails=("a@example.org",)), "ann"),
        (certificate(emails=("a@example.org", "b@example.org")), "a@example.org"),
        (certificate("", emails=("a@example.org",)), "a@example.org"),
        (certificate(), None),
        (certificate(""), None),
        (certificate(emails=("",)), None),
        ({}, None),
        ({"subject": (), "subjectAltName": ()}, None),
        ({"subject": ((("organizationName", "x"), ("commonName", "ann")),)}, "ann"),
        # Two readers could take these for different names.
        (certificate("ann", "root"), None),
        (certificate("ann", "ann"), None),
        (certificate("ann", "", emails=("a@example.org",)), None),
        ({"subject": ((("commonName", "ann"), ("commonName", "root")),)}, None),
        (certificate("root\0.example.org"), None),
        (certificate("root\0.example.org", emails=("a@example.org",)), None),
        (certificate("\0"), None),
        (certificate(emails=("root\0@example.org",)), None),
        (certificate("ann\n"), None),
        (certificate("ann\u202e"), None),
        (certificate(" ann"), None),
        (certificate(" ", emails=("a@example.org",)), None),
    ],
)
def test_name_is_the_common_name_or_else_the_first_email_address(given: dict[str, Any], name: str | None) -> None:
    assert name_of(given) == name
