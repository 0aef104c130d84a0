"""The use cases: what one can do with documents, versions and locks, whichever door one came through.

Each public function is at most one write transaction. It takes the ``Store`` it works on and the ``Context`` of the request,
answers with plain values, and raises the errors of ``model.errors``. It knows no HTTP and no XML. Start reading at ``access``
and ``rights``: the checks that every use case shares, made early as a courtesy and again, binding, inside the transaction. Who
asks is found in ``principals``, and what is written down of it in ``audit``.
"""
