"""Second names, by which doors address nodes in their collections: as they are made, and where they come to a place anew."""

from __future__ import annotations

from davgate.core.filing import first_free
from davgate.model.frozen import frozen
from davgate.model.node import Node
from davgate.storage.api import Transaction, aliases


@frozen
class Alias:
    """A second name to be made: counted, ``document-7``, or out of ``slug`` where that is given."""

    kind: str
    slug: str = ""


def give_alias(tx: Transaction, node_id: int, parent_id: int, wanted: Alias) -> str:
    """Give a node the second name that is wanted, with another number while it is taken; return it."""
    if wanted.slug:
        name, number = _free_slug(tx, node_id, parent_id, wanted.slug), None
    else:
        number = aliases.next_number(tx, wanted.kind)
        while aliases.is_taken(tx, parent_id, name := f"{wanted.kind}-{number}", node_id):
            number = aliases.next_number(tx, wanted.kind)
    aliases.add(tx, node_id, name, number)
    return name


def settle_alias(tx: Transaction, placed: Node) -> None:
    """Put a number behind the slug of a collection that has come to another place, if something there is called so.

    What was there before keeps its address. Counted names stay: no two are the same.
    """
    if not placed.is_collection or placed.parent_id is None:
        return
    slug = aliases.slug_of(tx, placed.id)
    if slug is None:
        return
    name = _free_slug(tx, placed.id, placed.parent_id, slug)
    if name != slug:
        aliases.rename(tx, placed.id, name)


def _free_slug(tx: Transaction, node_id: int, parent_id: int, slug: str) -> str:
    def is_free(name: str) -> bool:
        return not aliases.is_taken(tx, parent_id, name, node_id)

    return slug if is_free(slug) else f"{slug}-{first_free(1, lambda no: is_free(f'{slug}-{no}'))}"
