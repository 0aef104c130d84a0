"""OneGov GEVER, as its manual and plone.restapi speak it: filing positions, dossiers and documents with a cycle of check-outs.

A view on the same documents, versions, locks and check-outs as every other door has. ``addresses`` finds the object that a
request names, ``services`` the operation; each further module is one subject of the dialect and lists its operations as
``OPERATIONS``.
"""
