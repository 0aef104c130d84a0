"""Known client programs and what is tolerated or spared for their sake, as data. Everything else treats all clients alike."""

from __future__ import annotations

from typing import Final

from davgate.model.frozen import frozen


@frozen
class ClientProgram:
    """A program, known by how its User-Agent begins."""

    user_agent: str
    wants_brief_listings: bool = False
    """Asks for all properties of each member, shows a few, and gives up on an answer of more than a million bytes."""


PROGRAMS: Final = (ClientProgram("Microsoft-WebDAV-MiniRedir/", wants_brief_listings=True),)

UNKNOWN: Final = ClientProgram("")


def program_of(user_agent: str | None) -> ClientProgram:
    """Return what is known of the program that sends this User-Agent header."""
    for program in PROGRAMS:
        if user_agent is not None and user_agent.startswith(program.user_agent):
            return program
    return UNKNOWN
