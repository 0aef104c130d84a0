"""A WsgiDAV application as its own documentation sets one up, over davgate's provider."""

from __future__ import annotations

from typing import Any

from wsgidav.wsgidav_app import WsgiDAVApp

from davgate.core.store import Store
from davgate.dav.drive import Drive
from davgate.dav.stock.domain_controller import AccountsDomainController
from davgate.dav.stock.provider import DriveProvider
from tests.builders import CHEAP_PASSWORDS


def stock_application(store: Store) -> Any:
    """Return an application with WsgiDAV's own middleware, request server and error printer, and locking switched on."""
    return WsgiDAVApp(
        {
            "provider_mapping": {"/dav": DriveProvider(Drive(store))},
            "http_authenticator": {
                "domain_controller": AccountsDomainController,
                "accept_basic": True,
                "accept_digest": False,
                "default_to_digest": False,
            },
            "davgate_dc": {"store": store, "passwords": CHEAP_PASSWORDS},
            "lock_storage": True,
            "property_manager": True,
            "logging": {"enable": False},
        }
    )
