"""What can go wrong with a request body on its way in.

Raised by ``environ["wsgi.input"]`` to whoever reads it. A body that ends in one of these has not arrived: what was read
of it must not be kept as the whole.
"""


class BodyError(Exception):
    """The body did not arrive as the request announced it."""


class BodyCut(BodyError):
    """The client ended or broke the connection before the announced end of the body."""


class BodyTimeout(BodyCut):
    """The client stopped sending, or sent too slowly, before the announced end of the body."""


class BodyMalformed(BodyError):
    """The chunked coding of the body is broken, so its end is unknown."""
