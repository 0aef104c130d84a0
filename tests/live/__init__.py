"""Real programs against a running server: what each of them does to a drive, and what must be on it afterwards.

Nothing here looks inside davgate: a server process is started by its own commands, the programs are those that people
use, and the outcome is read back by plain HTTP. Start reading in ``conftest.py``.

``DAVGATE_LIVE_URL``, ``DAVGATE_LIVE_USER`` and ``DAVGATE_LIVE_PASSWORD`` point the whole folder at a server that is
already running, to compare another one with davgate; what only davgate promises is then skipped.
"""
