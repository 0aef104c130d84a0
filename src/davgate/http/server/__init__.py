"""A WSGI server (PEP 3333) on cheroot and llhttp, strict in what it takes and bounded in what it holds.

It knows HTTP/1.1 (RFC 9110 and 9112), threads and processes, and nothing of documents. Start reading at ``connection``
(the life of a connection), then ``head`` and ``bodies`` (what comes in), ``gateway`` (what goes out), ``listener`` and
``workers`` (one process), ``prefork`` (who starts and replaces them), ``tls`` and ``tls_files`` (the same under TLS).
"""

from davgate.http.server.gateway import FileWrapper
from davgate.http.server.limits import ServerLimits
from davgate.http.server.listener import Server, listen
from davgate.http.server.prefork import serve
from davgate.http.server.signals import held_back
from davgate.http.server.tls_files import TlsFiles, UnusableTlsFiles

__all__ = ["FileWrapper", "Server", "ServerLimits", "TlsFiles", "UnusableTlsFiles", "held_back", "listen", "serve"]
