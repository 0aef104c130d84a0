"""When something ends, as one says it on the command line."""

from __future__ import annotations

from davgate.cli.acting import Act
from davgate.config import parse_span
from davgate.core.time_travel import parse_instant
from davgate.model.errors import Malformed, NoSuchInstant
from davgate.model.instant import FOREVER, Instant, after


def expiry(act: Act, text: str | None) -> Instant:
    """Return the instant that a text names: a time from now such as ``90d``, an instant such as ``2027-01-31``, or ``never``.

    Raises:
        Malformed: it is none of them.
    """
    if text is None or text == "never":
        return FOREVER
    try:
        return min(after(act.store.clock.now(), parse_span(text)), FOREVER)
    except ValueError:
        pass
    try:
        return parse_instant(text, act.zone, FOREVER)
    except NoSuchInstant:
        raise Malformed(
            f"{text!r} is no time. Write a time from now such as 90d, an instant such as 2027-01-31, or never."
        ) from None
