"""Proof of who somebody is: tokens, passwords and directories.

Each module takes what a request brought, with the instant at which it came, and answers with whom it proves
(``external.ExternalUser``) or raises ``model.errors.Unauthenticated``. This package knows no store, no accounts and no HTTP
requests: whether a proven user has an account, and what it may do, is the core's to say. It may ask other servers, a directory
or an issuer of tokens, and is given the time of day. Start reading at ``external``, then ``jwt``.
"""
