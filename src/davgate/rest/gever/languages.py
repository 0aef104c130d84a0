"""The languages that generated texts for people come in (RFC 9110, 12.5.4). What machines compare is the same in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import falcon

from davgate.rest.exchange import Exchange

Texts = Mapping[str, str]
"""One text in each language."""

_DEFAULT: Final = "en"


def said(exchange: Exchange, texts: Texts) -> str:
    """Return a text in the language that the client likes best, of those liked equally the first that it names."""
    best, best_quality = _DEFAULT, 0.0
    for wish in (exchange.request.header("ACCEPT_LANGUAGE") or "").split(","):
        tag, parameters = falcon.parse_header(wish)
        language, quality = tag.strip().lower().partition("-")[0], _quality(parameters.get("q", "1"))
        if language in texts and quality > best_quality:
            best, best_quality = language, quality
    return texts[best]


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
