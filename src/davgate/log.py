"""Set-up of the log: one line for each record, times in UTC, the request's id, no secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, TextIO

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the request that the running code answers; set by the outermost WSGI wrapper."""

_VALUE = r"""(?:'[^']*'|"[^"]*"|[^\s&;,'")}\]]+)"""
_NAMES = r"pass(?:word|wd|phrase)?|pwd|bindpw|secret|api[-_]?key|signature|assertion|(?<!lock)(?<!lock[-_])(?<!sync[-_])token"


class Secret:
    """One kind of secret, and how it is hidden."""

    def __init__(self, hints: Sequence[str], pattern: str) -> None:
        self._hints = hints
        self._pattern = re.compile(pattern)

    def hide(self, text: str, folded: str) -> str:
        """Return a text without such secrets; the first group of the pattern stays. ``folded`` is the text without cases.

        Hardly any record has a hint, and to look for one costs a tenth of a search for the pattern: there is a record of
        each request.
        """
        for hint in self._hints:
            if hint in folded:
                return self._pattern.sub(r"\1***", text)
        return text


SECRETS: Final = (
    # Header lines, which end with the line, and mappings, where the value is quoted: {'Authorization': 'Basic ...'}.
    Secret(
        ("authorization", "cookie"),
        r"""(?i)((?:authorization|cookie)['"]?\s*[:=,]\s*b?)(?:'[^'\r\n]*'|"[^"\r\n]*"|[^'"\s][^\r\n]*)""",
    ),
    # The password of a URL: //user:password@host. The last @ before the path ends it, for some leave theirs unescaped.
    Secret(("//",), r"(//[^\s/:@]*:)[^\s/]*(?=@)"),
    # Query parameters, headers, connection texts of libpq and mappings: password=..., 'password': '...', ('token', '...').
    Secret(
        ("pass", "pwd", "bindpw", "secret", "api", "signature", "assertion", "token"),
        rf"""(?i)((?:{_NAMES})(?:['"]\s*[:=,]|\s*[:=])\s*b?){_VALUE}""",
    ),
    # What shows what it is by its form: credentials without their header, a JWT (RFC 7519, 3.1), a hash, an app
    # password, a private key.
    Secret(("basic", "bearer", "negotiate"), r"(?i)(\b(?:basic|bearer|negotiate)\s+)[A-Za-z0-9._~+/-]{16,}=*"),
    Secret(("eyj",), r"(\beyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+"),
    Secret(("$argon2",), r"(\$argon2(?:id|i|d)\$)[A-Za-z0-9$=,+/]+"),
    Secret(("dg-",), r"(\bdg-)[a-km-np-z2-9]{26}\b"),
    Secret(("private key",), r"(?s)(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----).*?(?=-----END|\Z)"),
)
"""What must not reach the log. A lock token may: it counts for its principal alone."""

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def redact(text: str) -> str:
    """Return a text without the passwords in it."""
    folded = text.casefold()
    for secret in SECRETS:
        text = secret.hide(text, folded)
    return text


def one_line(text: str) -> str:
    """Return a text on one line, so that what a client sends cannot pass for a record of its own."""
    return UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class Formatter(logging.Formatter):
    """Writes ``2026-11-20T14:05:00.000000Z INFO davgate.core.tree [request] message``, a traceback in the same line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        at = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        if record.stack_info:
            text += "\n" + self.formatStack(record.stack_info)
        return f"{at}Z {record.levelname} {record.name} [{one_line(request_id.get())}] {one_line(redact(text))}"


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Send davgate's records from a level up, and those of libraries from WARNING up, to a stream (standard error).

    Replaces an earlier set-up.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Formatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    set_level(level)
    logging.captureWarnings(True)


def set_level(level: str) -> None:
    """Log davgate's records from another level up."""
    logging.getLogger("davgate").setLevel(level)
