"""Moving and copying documents and collections into collections that are named by id: the place decides, not a path.

On the drive a name that is taken gets a number there; no program waits for a name of its choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from davgate.core.access import check_conditions, check_removal_locks, check_untouched, look_up
from davgate.core.copying import copy_tree
from davgate.core.filing import collection_at, free_name
from davgate.core.path_lengths import check_reach
from davgate.core.recording import change_of, record
from davgate.core.rights import require_node, require_removable, require_removable_below
from davgate.core.second_names import Alias, give_alias, settle_alias
from davgate.core.sessions import end_grace, end_locks
from davgate.core.store import Context, Store
from davgate.model.errors import SameResource
from davgate.model.errors_of_versions import CheckedOut
from davgate.model.metadata import NO_METADATA, TITLE, Metadata, title_of
from davgate.model.node import Node
from davgate.model.paths import is_inside, to_text
from davgate.model.rights import Right
from davgate.storage.api import Transaction, catalog, descriptions, subtrees, to_node, versions

AliasOf = Callable[[str | None, Metadata], Alias | None]
"""Says which second name something of an object type with typed metadata is to have, if any."""


def move_all_into(store: Store, ctx: Context, wheres: Sequence[int | str], collection_id: int) -> list[Node]:
    """Put documents or collections into another collection, with identity and history: all or none; durable on return.

    It keeps its names, with a number where one is taken. Anybody's lock or check-out on it, the caller's own too,
    forbids it.

    Raises:
        NotFound, Forbidden, SameResource, NameTooLong, CheckedOut, Locked, PreconditionFailed.
    """
    with store.database.write() as tx:
        moved = [move_within(store, tx, ctx, where, collection_id, beside_own=False) for where in wheres]
        tx.commit()
    return moved


def move_within(
    store: Store, tx: Transaction, ctx: Context, where: int | str, collection_id: int, *, beside_own: bool = True
) -> Node:
    """Put one into another collection as part of a transaction, see ``move_all_into``.

    With ``beside_own`` only what others hold forbids it, and one's own locks end.
    """
    found = look_up(tx, ctx, where, tx.now)
    node = require_node(found, ctx, Right.READ)
    if not found.path:
        raise SameResource("The root folder cannot be moved. Move what is in it.")
    there, parent = collection_at(tx, ctx, collection_id, tx.now)
    if is_inside(there.path, found.path):
        raise SameResource("A folder cannot be put into itself. Name a folder outside of it.")
    require_removable(found, ctx)
    require_removable_below(tx, ctx, node, found.path)
    check_conditions(tx, ctx, found, tx.now)
    if not beside_own:
        check_untouched(tx, found, node, tx.now)
    if parent.id == node.parent_id:
        return node
    end_locks(tx, ctx, check_removal_locks(tx, ctx, found, node, tx.now))
    end_grace(tx, found, node)
    versions.seal_below(tx, node.id)
    name = None if node.name is None else free_name(tx, parent, there.path, node.name)
    check_reach(store, tx, node, found.path, (*there.path, name or ""))
    catalog.move(tx, node, parent.id, name)
    for changed_id in (node.parent_id, parent.id):
        if changed_id is not None and name is not None:
            catalog.touch(tx, changed_id)
    moved = replace(node, parent_id=parent.id, name=name)
    settle_alias(tx, moved)
    destination = to_text((*there.path, name or f"={node.uuid}"))
    record(tx, ctx, "move", found.path, node.id, change_of("move-away", node), change_of("move-in", moved), to=destination)
    return moved


def copy_all_into(
    store: Store,
    ctx: Context,
    wheres: Sequence[int | str],
    collection_id: int,
    *,
    alias_of: AliasOf,
    prefix_beside: str = "",
) -> list[Node]:
    """Make new documents or collections with the content, typed metadata and dead properties of others: all or none.

    Beside its original one gets ``prefix_beside`` before its title and file name. What is in a copied tree gets the second names
    that ``alias_of`` says. A document that anybody has checked out is not copied. Durable on return.

    Raises:
        NotFound, Forbidden, SameResource, NameTooLong, CheckedOut, Locked, QuotaExceeded, PreconditionFailed.
    """
    with store.database.write() as tx:
        made = [_copy(store, tx, ctx, where, collection_id, prefix_beside) for where in wheres]
        for copied in made:
            _give_aliases(tx, copied, alias_of)
        tx.commit()
    return made


def _give_aliases(tx: Transaction, top: Node, alias_of: AliasOf) -> None:
    nodes = [to_node(row) for row in subtrees.of_node(tx, top.id)]
    said = descriptions.sayings_of(tx, [node.id for node in nodes])
    for node in nodes:
        if node.id in said and node.parent_id is not None:
            alias = alias_of(said[node.id].type, said[node.id].metadata)
            if alias is not None:
                give_alias(tx, node.id, node.parent_id, alias)


def _copy(store: Store, tx: Transaction, ctx: Context, where: int | str, collection_id: int, prefix_beside: str) -> Node:
    found = look_up(tx, ctx, where, tx.now)
    node = require_node(found, ctx, Right.READ)
    there, parent = collection_at(tx, ctx, collection_id, tx.now)
    if is_inside(there.path, found.path):
        raise SameResource("A folder cannot be copied into itself. Name a folder outside of it.")
    check_conditions(tx, ctx, found, tx.now)
    if found.check_out is not None and found.check_out.stands:
        raise CheckedOut(found.path, found.check_out.principal_name)
    name = "" if node.name is None else free_name(tx, parent, there.path, node.name)
    destination = (*there.path, name or f"={node.uuid}")
    metadata = _retitled(tx, node, prefix_beside) if prefix_beside and parent.id == node.parent_id else None
    place = (*there.path, name)
    copied = copy_tree(store, tx, ctx, node, parent, place, with_members=True, metadata=metadata, prefix=prefix_beside)
    record(tx, ctx, "copy", found.path, node.id, change_of("create", copied), to=to_text(destination))
    return copied


def _retitled(tx: Transaction, node: Node, prefix: str) -> Metadata:
    """Return what the copy of a node says of itself: in its title, that it is one."""
    version = versions.find(tx, node.id, node.version_no) if node.version_no else None
    before = NO_METADATA if version is None else version.metadata
    return {**before, TITLE: prefix + title_of(before, node.name, as_stem=not node.is_collection)}
