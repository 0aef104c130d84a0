"""Sign-in at a stock WsgiDAV application by davgate's accounts (``wsgidav.dc.base_dc``).

WsgiDAV makes the controller itself, so what it needs is in the configuration::

    "http_authenticator": {
        "domain_controller": AccountsDomainController,
        "accept_basic": True, "accept_digest": False, "default_to_digest": False,
    },
    "davgate_dc": {"store": store, "passwords": passwords},
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsgidav.dc.base_dc import BaseDomainController

from davgate.core.principals.accounts import Passwords
from davgate.core.principals.signing_in import SigningIn, Visit
from davgate.core.store import Store
from davgate.dav.stock.visit import PRINCIPAL
from davgate.http.login import REALM
from davgate.http.requests import Environ
from davgate.model.errors import Unauthenticated
from davgate.model.errors_of_sign_in import TooManyFailures


class AccountsDomainController(BaseDomainController):  # type: ignore[misc]  # WsgiDAV has no types
    """Checks the password of every request anew, which takes tens of milliseconds each time."""

    def __init__(self, wsgidav_app: object, config: Mapping[str, Any]) -> None:
        super().__init__(wsgidav_app, config)
        store: Store = config["davgate_dc"]["store"]
        passwords: Passwords = config["davgate_dc"]["passwords"]
        self._signing_in = SigningIn(store, passwords)

    def get_domain_realm(self, path_info: str, environ: Environ | None) -> str:
        """Return the one realm of all shares."""
        return REALM

    def require_authentication(self, realm: str, environ: Environ | None) -> bool:
        """Tell that nobody reads or writes without a sign-in."""
        return True

    def basic_auth_user(self, realm: str, user_name: str, password: str, environ: Environ) -> bool:
        """Check a password, and note whose it is for the provider."""
        try:
            visit = Visit(environ.get("REMOTE_ADDR", ""))
            environ[PRINCIPAL] = self._signing_in.by_password(user_name, password, visit)
        except (Unauthenticated, TooManyFailures):
            return False
        return True

    def supports_http_digest_auth(self) -> bool:
        """Tell that Digest cannot be checked: no password is kept, nor what Digest computes from it."""
        return False
