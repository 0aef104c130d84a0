"""From an address to the class and the object that it names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from davgate.model.errors import NotFound
from davgate.model.frozen import frozen
from davgate.model.object_types import ObjectType, TemporalClass
from davgate.model.paths import TreePath
from davgate.model.uuids import canonical
from davgate.rest.exchange import Exchange
from davgate.rest.lora.errors import NoSuchObject


@frozen
class Settings:
    """Where documents go, and what all other objects have their rights from."""

    folder: TreePath = ("LoRA",)


def class_of(exchange: Exchange) -> ObjectType:
    """Return the class that an address names.

    Raises:
        NotFound: there is none of that service and name.
    """
    found = exchange.store.types.get(f"lora:{exchange.params['service']}/{exchange.params['class_name']}")
    if found is None:
        raise NotFound(exchange.request.target.path)
    return found


def temporal_of(kind: ObjectType) -> TemporalClass:
    """Return what a class of this door may say."""
    assert kind.temporal is not None, "all classes of LoRA are temporal"
    return kind.temporal


def uuid_of(exchange: Exchange) -> str:
    """Return the uuid in an address, in lower case.

    Raises:
        NotFound: there is none in the form of RFC 9562, 4.
    """
    uuid = canonical(str(exchange.params["uuid"]))
    if uuid is None:
        raise NotFound(exchange.request.target.path)
    return uuid


@contextmanager
def naming_object(exchange: Exchange) -> Iterator[None]:
    """Let what is not found be the object that the address names.

    Raises:
        NoSuchObject.
    """
    try:
        yield
    except NotFound as error:
        uuid = canonical(str(exchange.params.get("uuid", "")))
        if uuid is None:
            raise
        raise NoSuchObject(exchange.params["service"], exchange.params["class_name"], uuid) from error
