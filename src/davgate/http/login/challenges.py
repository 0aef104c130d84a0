"""How to sign in: the ``WWW-Authenticate`` headers of an answer (RFC 9110, 11.6.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from davgate.identity.digest import ALGORITHMS, REALM
from davgate.model.errors_of_sign_in import InvalidToken, StaleNonce
from davgate.model.frozen import frozen

__all__ = ["CHALLENGE", "REALM", "Offered"]

_NAME: Final = "WWW-Authenticate"

CHALLENGE: Final = ((_NAME, f'Basic realm="{REALM}", charset="UTF-8"'),)
"""The challenge of a fresh configuration. ``Login.challenge`` puts those of the settings in its place."""


@frozen
class Offered:
    """The schemes that are on. Tokens that davgate issues itself are taken in any case; only an issuer's are asked for."""

    basic: bool = True
    digest: bool = False
    bearer: bool = False

    def challenges(
        self,
        refusal: Exception | None,
        new_nonce: Callable[[], str],
        *,
        after_digest: bool = False,
        realm: str = REALM,
        bearer_first: bool = False,
    ) -> list[tuple[str, str]]:
        """Return one header for each scheme that is on, and of Digest for each algorithm; ``refusal`` is why it is asked.

        Basic comes first: programs that take the first one they know are those that know little else. ``after_digest`` tells that
        the request has tried Digest. Programs that take the strongest scheme do so with every password, but only some app
        passwords are kept for it: for the others there is Basic, which these programs only try when Digest is offered no more.

        Source: RFC 7616, 3.3 and 3.7; RFC 6750, 3.
        """
        values = [f'Basic realm="{realm}", charset="UTF-8"'] if self.basic else []
        if self.digest and (not after_digest or not self.basic or isinstance(refusal, StaleNonce)):
            nonce = new_nonce()
            stale = ", stale=true" if isinstance(refusal, StaleNonce) else ""
            values += [
                f'Digest realm="{REALM}", qop="auth", algorithm={algorithm}, nonce="{nonce}", charset=UTF-8{stale}'
                for algorithm in ALGORITHMS
            ]
        at = 0 if bearer_first else len(values)
        if isinstance(refusal, InvalidToken):
            values.insert(at, f'Bearer realm="{realm}", error="invalid_token", error_description="{refusal.reason}"')
        elif self.bearer or bearer_first or not values:
            values.insert(at, f'Bearer realm="{realm}"')
        return [(_NAME, value) for value in values]
