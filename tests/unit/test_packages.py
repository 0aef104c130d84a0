"""The pure rule for documents that are folders: when a folder is the next state of one, and what becomes of its members."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.builders import START

from davgate.model.node import NO_CONTENT, Node, NodeKind
from davgate.model.packages import is_next_state, is_out_of_scratch, may_be_aside, succession
from davgate.model.paths import TreePath, from_text
from davgate.model.principal import Principal

ANN, BOB = Principal(2, "ann", epoch=0), Principal(3, "bob", epoch=0)
SB = "N.rtfd.sb-1a2b3c4d-AbC123"
HOME = 1


def a_tree(first_id: int, *places: str, version_no: int = 0) -> list[Node]:
    """Return a folder with all below it; those that end in a slash are folders, too."""
    ids = {"": first_id}
    nodes = [_a_node(first_id, HOME, "N.rtfd", NodeKind.COLLECTION, 0)]
    for number, place in enumerate(places, first_id + 1):
        above, _, name = place.rstrip("/").rpartition("/")
        ids[place.rstrip("/")] = number
        kind = NodeKind.COLLECTION if place.endswith("/") else NodeKind.DOCUMENT
        nodes.append(_a_node(number, ids[above], name, kind, 0 if place.endswith("/") else version_no))
    return nodes


def _a_node(number: int, parent_id: int, name: str, kind: NodeKind, version_no: int) -> Node:
    content = NO_CONTENT if kind is NodeKind.DOCUMENT else None
    return Node(number, str(number), kind, parent_id, name, START, START, version_no, content, ANN.id)


@pytest.mark.parametrize(
    ("came_from", "path", "is_one"),
    [
        ((SB, "N.rtfd"), ("N.rtfd",), True),
        ((SB,), ("N.rtfd",), True),
        ((".TemporaryItems", "folders.501", "N.rtfd"), ("f", "N.rtfd"), True),
        (("f", "N.rtfd"), ("N.rtfd",), False),
        ((SB, "a"), (SB, "N.rtfd"), False),
    ],
)
def test_next_state_comes_out_of_a_folder_for_saving_safely(came_from: TreePath, path: TreePath, is_one: bool) -> None:
    folder, document = a_tree(10, "TXT.rtf")

    assert is_out_of_scratch(folder, came_from, path) is is_one
    assert not is_out_of_scratch(document, came_from, path)


def test_next_state_is_all_its_principals_own_and_has_no_history() -> None:
    tree = a_tree(10, "TXT.rtf", "Data/", "Data/b.png")

    assert is_next_state(tree, ANN, is_known=False)
    assert not is_next_state(tree, BOB, is_known=False)
    assert not is_next_state(tree, ANN, is_known=True)
    for number in range(len(tree)):
        for change in ({"version_no": 1}, {"created_by": BOB.id}, {"name": None}):
            changed = [replace(node, **change) if node is tree[number] else node for node in tree]
            assert not is_next_state(changed, ANN, is_known=False), (number, change)


def test_members_go_on_by_their_places() -> None:
    former = a_tree(10, "TXT.rtf", "a.png", "Data/", "Data/b.png", "Data/Deep/", "Data/Deep/c.png", version_no=1)
    following = a_tree(20, "txt.RTF", "TXT.rtf", "New/", "New/d.png", "Data/", "Data/b.png", "Data/e.png")

    found = succession(former, following)

    def names(nodes: tuple[Node, ...]) -> list[str]:
        return [str(node.name) for node in nodes]

    assert [(was.id, now.id) for was, now in found.going_on] == [(11, 22), (13, 25), (14, 26)]
    assert names(found.dropped) == ["a.png", "Deep"]
    assert [(now.name, home.id) for now, home in found.added] == [("txt.RTF", 10), ("New", 10), ("e.png", 13)]
    assert found.is_one


def test_document_and_folder_of_one_name_are_not_the_same() -> None:
    found = succession(a_tree(10, "a/", "a/x", "b", version_no=1), a_tree(20, "a", "b/", "b/y"))

    assert found.going_on == ()
    assert [node.name for node in found.dropped] == ["a", "b"]
    assert [node.name for node, _ in found.added] == ["a", "b"]
    assert not found.is_one


def test_folders_alone_make_nothing_the_same() -> None:
    assert not succession(a_tree(10, "Data/", "Data/a"), a_tree(20, "Data/", "Data/b")).is_one


def test_name_in_another_unicode_form_is_the_same_name() -> None:
    found = succession(a_tree(10, "B\u00e4ume.png"), a_tree(20, "Ba\u0308ume.png"))

    assert [(was.id, now.id) for was, now in found.going_on] == [(11, 21)]


def test_what_has_no_name_on_the_drive_stays() -> None:
    former = [*a_tree(10, "TXT.rtf"), replace(_a_node(15, 10, "x", NodeKind.DOCUMENT, 1), name=None)]

    assert succession(former, a_tree(20, "TXT.rtf")).dropped == ()


@pytest.mark.parametrize(
    ("path", "may_be"),
    [
        ("/f/.TemporaryItems/x/a.rtfd", True),
        ("/f/a.rtfd.sb-12345678-abcdef/a.rtfd", True),
        ("/f/a.rtfd~", True),
        ("/f/a backup.rtfd", True),
        ("/f/b.rtfd", False),
        ("/g/a.rtfd", False),
        ("/g/a.rtfd~", False),
    ],
)
def test_folder_is_aside_where_programs_put_it(path: str, may_be: bool) -> None:
    assert may_be_aside(from_text(path), from_text("/f/a.rtfd")) is may_be
