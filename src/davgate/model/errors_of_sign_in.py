"""What signing in and accounts can be refused; see ``errors``."""

from __future__ import annotations

from collections.abc import Iterable

from davgate.model.errors import DavgateError, Forbidden, TooManyRequests, Unauthenticated


class InvalidToken(Unauthenticated):
    """A bearer token that proves nothing (RFC 6750, 3.1: invalid_token).

    ``reason`` says why, for the administrator: plain ASCII without quotes, and nothing of the token. ``source`` is the issuer by
    whose rules the token was judged, if one was found.
    """

    code = "invalid-token"

    def __init__(self, reason: str, source: str = "") -> None:
        super().__init__(f"The bearer token is refused: {reason}. Get a new one, or sign in with user name and password.")
        self.reason = reason
        self.source = source


class StaleNonce(Unauthenticated):
    """A right Digest whose nonce has ended: the same request with a new one succeeds (RFC 7616, 3.3)."""

    code = "stale-nonce"

    def __init__(self) -> None:
        super().__init__("This nonce has ended. Repeat the request with the new one.")


class DirectoryUnavailable(DavgateError):
    """A source that vouches for users cannot be asked, so that nothing is known of whoever wants to sign in by it."""

    code = "directory-unavailable"

    def __init__(self, source: str) -> None:
        super().__init__(f"The sign-in source {source!r} cannot be asked at the moment. Try again later, or sign in another way.")
        self.source = source


class TooManyFailures(TooManyRequests):
    """Sign-ins of one name failed too often from one address; a right sign-in is let in all the same."""

    code = "too-many-failures"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            retry_after_seconds,
            f"Too many sign-ins have failed. Wait {retry_after_seconds} seconds, or sign in with the right password.",
        )


class InsufficientScope(Forbidden):
    """A token proves somebody, and its scopes allow nothing here (RFC 6750, 3.1)."""

    code = "insufficient-scope"

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(f"The token has insufficient scope. Ask for one with some of {', '.join(known)}.")


class AccountRefused(DavgateError):
    """A name or password that an account cannot have."""

    code = "account-refused"
