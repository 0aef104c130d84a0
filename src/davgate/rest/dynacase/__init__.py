"""Dynacase: documents of families with attributes, in lines of revisions, through its HTTP API of version 1.

Translation only: what a document, a revision or a lock is, core decides. Start reading at ``operations``; ``routing`` says what
an address means before a handler is called, ``addressing`` which document it names, ``representing`` how that is shown.
"""
