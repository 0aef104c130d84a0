"""The audit beside the rows that use cases write in their own commits (``core.recording``), and the audit as it is read.

Start reading at ``auditing``. What a row is, and the chain of all rows, is ``model.audit``.
"""
