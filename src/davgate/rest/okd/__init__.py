"""OKD: components of Dutch vocational education hand documents to a store, and read, replace or withdraw them later.

Translation only: what a document, a lock or a version is, core decides. Start reading at ``operations``; ``scopes`` says what a
token opens here, ``metadata`` what may be said of a document, ``wire`` how it is shown.
"""
