"""The drive as a provider for WsgiDAV's own application, as others deploy it: with its middleware, handlers and error printer.

Davgate's own server does not go this way (``dav.app``). What WsgiDAV decides for itself here, such as 204 for every COPY, stays
so; documents, versions and locks are decided by ``core`` as everywhere. Start reading at ``provider``, then ``visit``.
"""
