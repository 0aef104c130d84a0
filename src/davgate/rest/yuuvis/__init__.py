"""yuuvis: typed objects that are imported, read, updated as a whole or in part, and searched; the DMS core API.

Translation only: what an object, a version or a folder is, core decides. Start reading at ``operations``; ``envelopes`` reads
what a client sends, ``properties`` holds it against its type, ``wire`` shows an object.
"""
