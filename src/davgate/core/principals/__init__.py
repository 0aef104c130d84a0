"""Users, groups and services: their accounts and rights, what they sign in with, and signing in itself.

Start reading at ``signing_in``, where every proof becomes a principal. What a principal may do to a node is ``core.rights``.
"""
