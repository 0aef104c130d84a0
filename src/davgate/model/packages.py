"""Documents that are folders, as many programs on the Mac keep them: what is saved as a whole stays what it was, part by part.

Such a program writes the whole folder anew in one for saving safely, takes the former one out of the way and moves the new one to
its name. A person sees one document; so the folder at the name goes on, and each document in it (R12). Only what was made in such
a place and has no history yet hands its content over: nothing that a person renames or moves about is like that.
"""

from __future__ import annotations

from collections.abc import Sequence

from davgate.model.editing import is_derived, is_temporary_folder, is_transient
from davgate.model.frozen import frozen
from davgate.model.names import collision_key
from davgate.model.node import Node
from davgate.model.paths import TreePath
from davgate.model.principal import Principal


def is_out_of_scratch(node: Node, came_from: TreePath, path: TreePath) -> bool:
    """Tell whether a folder is moved out of where programs write, so that it may be a document's next state."""
    return node.is_collection and any(map(is_temporary_folder, came_from)) and not any(map(is_temporary_folder, path))


def may_be_aside(path: TreePath, place: TreePath) -> bool:
    """Tell whether a folder at a path may be there only while a program saves what was at a place, or goes back to it."""
    is_beside = path[:-1] == place[:-1] and (is_transient(path[-1]) or is_derived(path[-1], place[-1]))
    return is_beside or any(map(is_temporary_folder, path))


def is_next_state(tree: Sequence[Node], principal: Principal, *, is_known: bool) -> bool:
    """Tell whether a folder out of such a place, given with all below it, is what a program has just written.

    The principal itself has made all of it, nothing in it has a history, and nobody gave it rights of its own.
    """
    return not is_known and all(node.created_by == principal.id and node.version_no == 0 and node.name for node in tree)


@frozen
class Succession:
    """What becomes of the members of a document that is a folder when it is saved as a whole.

    ``going_on`` pairs what was there with what is at the same place now, a folder before its members. ``dropped`` and ``added``
    are what is in the former or in the next state alone, of a folder that is so without what is below it. A document of which a
    folder has taken the place is dropped, and the folder added.
    """

    going_on: tuple[tuple[Node, Node], ...]
    dropped: tuple[Node, ...]
    added: tuple[tuple[Node, Node], ...]
    """Each with the folder, of those that go on, to which it comes."""

    @property
    def is_one(self) -> bool:
        """Whether the two have any document in common. Otherwise the next state is that of something else."""
        return any(not former.is_collection for former, _ in self.going_on)


def succession(former: Sequence[Node], following: Sequence[Node]) -> Succession:
    """Match the members of two states of a folder by their places in it.

    Each state is given with its top first, the following one with every folder before its members. What has no name on the drive
    is no program's business, and stays as it is.
    """
    by_place = {(node.parent_id, collision_key(node.name)): node for node in former[1:] if node.name is not None}
    homes = {following[0].id: former[0]}
    going_on: list[tuple[Node, Node]] = []
    added: list[tuple[Node, Node]] = []
    for node in following[1:]:
        home = homes.get(node.parent_id or 0)
        if home is None:
            continue
        was = by_place.get((home.id, collision_key(node.name or "")))
        if was is None or was.kind is not node.kind:
            added.append((node, home))
            continue
        going_on.append((was, node))
        if node.is_collection:
            homes[node.id] = was
    staying = {former[0].id, *(was.id for was, _ in going_on)}
    dropped = (node for node in by_place.values() if node.id not in staying and node.parent_id in staying)
    return Succession(tuple(going_on), tuple(dropped), tuple(added))
