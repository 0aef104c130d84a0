"""The drive: WebDAV (RFC 4918) as translation between requests and the use cases of ``core``.

It decides nothing about documents, versions or locks. Start reading at ``app``: which method is answered where.
"""
