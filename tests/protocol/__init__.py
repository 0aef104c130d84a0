"""The drive as its protocols describe it: requests to the WSGI application in this process, one file for each subject."""
