"""Labels, pins and holds: who may set them, where they are, and that the change and the audit tell of them."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete, select
from tests.builders import a_collection, a_document, a_lock, holding, on_condition, path, put, read

from davgate.core import marking, versioning
from davgate.core.store import Context, Store
from davgate.model.conditions import Conditions
from davgate.model.errors import Forbidden, Malformed, NoSuchVersion, NotADocument, NotFound, PreconditionFailed
from davgate.model.errors_of_versions import LabelTaken, TooManyLabels, UnknownLabel
from davgate.model.marks import MarkKind
from davgate.model.node import ROOT_ID
from davgate.model.principal import SIGNED_IN_ID
from davgate.model.rights import READER
from davgate.storage import marks as rows
from davgate.storage.api import access
from davgate.storage.statements import Row, Statement
from davgate.storage.tables import access_grant, audit, change

A = path("/a")


def labels(store: Store, document_id: int) -> dict[int, tuple[str, ...]]:
    with store.database.read() as session:
        return rows.labels_of(session, document_id)


def marks(store: Store, document_id: int) -> list[tuple[int, MarkKind]]:
    with store.database.read() as session:
        return [(mark.version_no, mark.kind) for mark in rows.of_document(session, document_id)]


def recorded(store: Store, action: str) -> list[Row]:
    wanted = select(audit.c.path, audit.c.detail, change.c.action).join_from(audit, change, change.c.changed_at == audit.c.at)
    with store.database.read() as session:
        return session.all(Statement(wanted.where(audit.c.action == action)))


def test_document_has_so_many_labels_and_no_more(store: Store, ann: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "MOST_LABELS", 2)
    node = a_document(store, ann, "/a", b"one", b"two")
    marking.set_label(store, ann, A, 1, "draft", may_move=False)
    marking.set_label(store, ann, A, 2, "sent", may_move=False)

    with pytest.raises(TooManyLabels):
        marking.set_label(store, ann, A, 2, "board", may_move=False)
    marking.set_label(store, ann, A, 2, "draft", may_move=True)

    assert labels(store, node.id) == {2: ("draft", "sent")}


def test_label_is_set_on_the_version_named_or_on_the_current_one(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")

    assert marking.set_label(store, ann, A, 1, "draft", may_move=False) == 1
    assert marking.set_label(store, ann, A, None, "sent", may_move=False) == 2
    assert marking.set_label(store, ann, A, 2, "board", may_move=False) == 2

    assert labels(store, node.id) == {1: ("draft",), 2: ("board", "sent")}
    where, detail, action = recorded(store, "label")[0]
    assert (where, json.loads(detail), action) == ("/a", {"label": "draft", "version": 1, "before": None}, "label")


def test_label_that_a_version_has_is_refused_unless_it_may_move(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")
    marking.set_label(store, ann, A, 1, "draft", may_move=False)

    for no in (1, 2):
        with pytest.raises(LabelTaken) as refused:
            marking.set_label(store, ann, A, no, "draft", may_move=False)
        assert refused.value.no == 1

    marking.set_label(store, ann, A, 2, "draft", may_move=True)
    assert labels(store, node.id) == {2: ("draft",)}


def test_labels_of_one_document_do_not_bind_those_of_another(store: Store, ann: Context) -> None:
    first, second = a_document(store, ann, "/a"), a_document(store, ann, "/b")

    for name in ("a", "b"):
        marking.set_label(store, ann, (name,), 1, "draft", may_move=False)

    assert labels(store, first.id) == labels(store, second.id) == {1: ("draft",)}


def test_label_is_removed_from_wherever_it_is(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")
    marking.set_label(store, ann, A, 1, "draft", may_move=False)

    assert marking.remove_label(store, ann, A, "draft") == 1

    assert labels(store, node.id) == {}
    with pytest.raises(UnknownLabel):
        marking.remove_label(store, ann, A, "draft")


@pytest.mark.parametrize("text", ["", "x" * 256, "two\nlines", " draft", "draft ", "\x7f", "\ufffe", "\ud800"])
def test_text_that_is_no_label_is_refused(store: Store, ann: Context, text: str) -> None:
    a_document(store, ann, "/a")

    with pytest.raises(Malformed):
        marking.set_label(store, ann, A, 1, text, may_move=True)


@pytest.mark.parametrize("text", ["x" * 255, "Entwurf für den Rat", "v1.0 (🎉)"])
def test_label_may_be_any_line_of_text(store: Store, ann: Context, text: str) -> None:
    node = a_document(store, ann, "/a")

    marking.set_label(store, ann, A, 1, text, may_move=False)

    assert labels(store, node.id) == {1: (text,)}


def test_pin_comes_and_goes_and_doing_it_twice_changes_nothing(store: Store, ann: Context) -> None:
    node = a_document(store, ann, "/a", b"one", b"two")

    marking.pin(store, ann, A, 1)
    marking.pin(store, ann, A, 1)
    assert marks(store, node.id) == [(1, MarkKind.PIN)]
    assert len(recorded(store, "pin")) == 1

    marking.unpin(store, ann, A, 1)
    marking.unpin(store, ann, A, 1)
    assert marks(store, node.id) == []
    assert len(recorded(store, "unpin")) == 1


def test_only_administrators_hold_and_release(store: Store, ann: Context, root_admin: Context) -> None:
    node = a_document(store, ann, "/a")

    with pytest.raises(Forbidden):
        marking.hold(store, ann, A, 1)
    marking.hold(store, root_admin, A, None)
    assert marks(store, node.id) == [(1, MarkKind.HOLD)]

    with pytest.raises(Forbidden):
        marking.release(store, ann, A, 1)
    marking.release(store, root_admin, A, 1)
    assert marks(store, node.id) == []


def test_marking_needs_a_version_that_is_there(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a")
    a_collection(store, ann, "/c")
    a_document(store, ann, "/empty", b"")

    with pytest.raises(NoSuchVersion, match="/a has no version 2"):
        marking.pin(store, ann, A, 2)
    with pytest.raises(NotADocument):
        marking.pin(store, ann, path("/c"), None)
    with pytest.raises(NotFound):
        marking.pin(store, ann, path("/empty"), None)
    with pytest.raises(NotFound):
        marking.set_label(store, ann, path("/nothing"), None, "draft", may_move=True)


def test_marking_needs_the_right_to_write_content(store: Store, ann: Context, root_admin: Context) -> None:
    a_document(store, ann, "/a")
    _only_reading(store)

    for act in (marking.pin, marking.unpin):
        with pytest.raises(Forbidden):
            act(store, ann, A, 1)
    with pytest.raises(Forbidden):
        marking.set_label(store, ann, A, 1, "draft", may_move=False)
    marking.set_label(store, root_admin, A, 1, "draft", may_move=False)
    with pytest.raises(Forbidden):
        marking.remove_label(store, ann, A, "draft")


def _only_reading(store: Store) -> None:
    with store.database.write() as tx:
        tx.run(Statement(delete(access_grant)))
        access.grant(tx, ROOT_ID, SIGNED_IN_ID, READER.value)
        tx.commit()


@pytest.mark.parametrize("mark", ["label", "pin", "hold"])
def test_what_is_marked_is_not_written_over_by_the_edit_session_that_goes_on(
    store: Store, ann: Context, root_admin: Context, mark: str
) -> None:
    a_document(store, ann, "/a", b"one")
    me = holding(ann, a_lock(store, ann, "/a"))
    put(store, me, "/a", b"two")

    if mark == "label":
        marking.set_label(store, ann, A, 2, "sent", may_move=False)
    else:
        {"pin": marking.pin, "hold": marking.hold}[mark](store, root_admin, A, None)
    put(store, me, "/a", b"three")
    put(store, me, "/a", b"four")

    bodies = [read(versioning.open_version(store, ann, A, no)[2]) for no in (1, 2, 3)]
    assert bodies == [b"one", b"two", b"four"]


def test_conditions_are_held_against_what_is_named(store: Store, ann: Context) -> None:
    a_document(store, ann, "/a", b"one", b"two")
    of_first, of_second = (versioning.open_version(store, ann, A, no)[1].etag for no in (1, 2))

    for no, tag in ((None, of_first), (1, of_second), (2, of_first)):
        ctx = on_condition(ann, Conditions(if_match=(tag,)))
        for act in (
            lambda ctx=ctx, no=no: marking.set_label(store, ctx, A, no, "sent", may_move=False),
            lambda ctx=ctx, no=no: marking.pin(store, ctx, A, no),
        ):
            with pytest.raises(PreconditionFailed):
                act()
    marking.set_label(store, on_condition(ann, Conditions(if_match=(of_first,))), A, 1, "sent", may_move=False)
    with pytest.raises(PreconditionFailed):
        marking.remove_label(store, on_condition(ann, Conditions(if_match=(of_first,))), A, "sent")
