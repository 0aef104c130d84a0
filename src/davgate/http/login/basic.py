"""User name and password (RFC 7617)."""

from __future__ import annotations

import base64
import binascii

from davgate.model.errors import Unauthenticated


def parse(credentials: str) -> tuple[str, str]:
    r"""Return user name and password of what stands behind the word Basic.

    Windows puts the domain or machine before the name (``DOMAIN\user``); it is cut, for no name here has a backslash.

    Raises:
        Unauthenticated: it cannot be read.
    """
    try:
        decoded = base64.b64decode(credentials, validate=True)
        text = decoded.decode("utf-8")
    except UnicodeDecodeError:
        # Old programs encode in Latin-1, whatever charset the challenge names.
        text = decoded.decode("latin-1")
    except (binascii.Error, ValueError):
        raise Unauthenticated("The Authorization header cannot be read. Sign in with user name and password.") from None
    name, colon, password = text.partition(":")
    if not colon:
        raise Unauthenticated("The Authorization header has no password. Sign in with user name and password.")
    return name.rpartition("\\")[2], password
