"""The ``davgate`` command: arguments in, calls to the core and lines of text out. Start reading at ``main``."""
