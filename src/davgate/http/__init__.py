"""What all doors share between the wire and the core: addresses, headers, ranges, what errors mean, and the server.

Wire values come in as text and go on as the model's values, and back. No door's dialect is known here, and no XML or
JSON. Start reading at ``targets`` (which place is meant), then ``headers`` (what is asked), ``ranges`` and ``errors``
(what is answered); ``server`` carries the bytes.
"""
