"""REST doors: each dialect is a list of operations, from which its routes, its Allow headers and its OpenAPI document are made.

Translation only: no rule about documents, locks or rights stands here, and one dialect knows nothing of another. Start reading
at ``operations``, then ``door``; ``exchange`` is what a handler of a dialect is given.
"""
