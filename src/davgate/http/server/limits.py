"""The bounds within which one client can keep the server busy."""

from datetime import timedelta

from davgate.model.frozen import frozen


@frozen
class ServerLimits:
    """What the server takes from a client. The defaults suit one that is open to the internet."""

    request_line_bytes: int = 16 * 1024
    """Longest request line; a longer one is answered 414. Holds a path of 4,096 bytes with every byte escaped."""

    header_block_bytes: int = 64 * 1024
    """Longest head, request line included; a longer one is answered 431."""

    header_fields: int = 128
    """Most header fields in a head; more are answered 431."""

    header_timeout: timedelta = timedelta(seconds=10)
    """From the first byte of a head to its last. A slower head is answered 408. It holds no thread meanwhile."""

    handshake_timeout: timedelta = timedelta(seconds=10)
    """From the opening of a connection to the end of its TLS handshake. A slower one is cut. It holds no thread
    meanwhile."""

    idle_timeout: timedelta = timedelta(seconds=65)
    """How long a connection may stay open between requests. It holds no thread meanwhile."""

    body_timeout: timedelta = timedelta(seconds=60)
    """How long a client may keep a thread waiting for bytes of a body, or for room to send a response. Waiting is paid
    from this credit; bytes that move earn it back at ``body_bytes_per_second``, up to the start value."""

    body_bytes_per_second: int = 500
    """The slowest transfer that can go on for ever; a slower one uses up ``body_timeout`` and is cut."""

    drain_bytes: int = 1024 * 1024
    """An unread rest of a request body up to this size is skipped, and the connection is used again. Holds what programs
    send before they have read that it is refused."""

    drain_timeout: timedelta = timedelta(seconds=5)
    """How long the client may take to send that rest. It holds no thread meanwhile."""

    linger_bytes: int = 4 * 1024 * 1024
    """How much more is discarded after a final response, so that a client still sending comes to read it."""

    linger_timeout: timedelta = timedelta(seconds=2)
    """How long such discarding may last. It holds no thread meanwhile."""

    connections: int = 1000
    """Most open connections in one process; one more is answered 503."""

    backlog: int = 512
    """Length of the kernel's queue of connections not yet accepted."""

    stop_timeout: timedelta = timedelta(seconds=30)
    """How long a graceful stop waits for requests under way before it cuts them."""


DEFAULT_LIMITS = ServerLimits()
