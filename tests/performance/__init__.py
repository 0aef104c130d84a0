"""Compares davgate with the WebDAV servers it is measured against, side by side in one run.

Start reading at ``workloads.py``, which holds the rows. ``load.py`` is the load generator, ``peers.py`` starts the
servers, ``documents.py`` makes what they store, ``table.py`` prints the figures, ``big.py`` compares a large davgate
store with a small one. Nothing here is collected by pytest: figures depend on the machine, only ratios of one run mean
anything.
"""
