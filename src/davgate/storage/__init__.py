"""Durable state: rows in SQLite or PostgreSQL, content by digest on disk.

Four invariants hold at every moment, also across a crash; ``verify`` proves them:

1. A blob is durable before a row names it.
2. A row is gone before its blob is swept.
3. A sealed version is never altered.
4. Every change has its change row and its audit row in the same commit.

There is one writer at a time in the whole store, on SQLite and on PostgreSQL alike (``database``). A rule that is checked inside
a write transaction therefore holds against every other thread, process and node. This package knows how things are kept, not
what is allowed: that is ``model`` and ``core``. Start reading at ``tables``; what documents are found by is in ``search``, what
the checker asks in ``checking``.
"""
