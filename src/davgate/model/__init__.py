"""Values and rules of documents, versions and locks.

Pure: no input or output, no clock, no SQL, no HTTP, no XML. What a rule needs is passed in, time included.
Start reading at ``node`` (what exists), then ``locks`` and ``conditions`` (who may change it when).
"""
