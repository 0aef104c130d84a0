"""What davgate refuses of objects whose content is valid for a time; see ``model.errors``."""

from __future__ import annotations

from davgate.model.errors import Malformed


class InvalidObject(Malformed):
    """Content that an object of its class cannot have; ``place`` tells where in the payload it is."""

    code = "invalid-object"

    def __init__(self, why: str, place: str = "") -> None:
        super().__init__(f"{place}: {why}" if place else why)
        self.place = place


class WrongStep(Malformed):
    """A step that the life cycle of an object does not have from where it is."""

    code = "wrong-step"
