"""One document store with many doors: a WebDAV drive and REST dialects over the same versioned documents.

Start reading at ``app``, which wires the parts; the layers and what each refuses to know are checked by
``tests/unit/test_layers.py``.
"""

__version__ = "0.1.0"
