"""However a program saves, the document keeps its identity, properties and grants, and gets exactly the versions it was given.

Each transcript is what a program sends for one or two saves; the numbers are those of the patterns in the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, select

from davgate.core import upkeep, versioning
from davgate.core.store import Store
from davgate.model.rights import Right
from davgate.storage.api import access
from davgate.storage.statements import Statement
from davgate.storage.tables import access_grant
from tests.builders import all_versions, findings, locks_at, node_at, path, read
from tests.protocol.client import SET_AUTHOR, Client
from tests.protocol.databases import on_both_databases
from tests.protocol.multistatus import members, prop_of, propfind
from tests.protocol.stored import trashed
from tests.protocol.transcripts import address, play

N = "/f/N.docx"
WINDOW = timedelta(seconds=121)
_GRANTS = Statement(
    select(access_grant.c.principal_id, access_grant.c.rights).where(access_grant.c.node_id == bindparam("node_id"))
)


def id_of(client: Client, target: str) -> str:
    """Return the identity of what is at an address."""
    element = propfind(client, target, "resource-id")[target].properties["resource-id"].element
    return str(element.findtext("{DAV:}href"))


@dataclass(frozen=True)
class Document:
    """A document with a version, a dead property and a grant of its own."""

    store: Store
    ann: Client
    resource_id: str

    def contents(self, where: str = N) -> list[bytes]:
        """Return the contents of all versions."""
        versions = all_versions(self.store, self.ann.ctx, path(where))
        return [read(versioning.open_version(self.store, self.ann.ctx, path(where), version.no)[2]) for version in versions]

    def check(self, *contents: bytes, names: tuple[str, ...] = ("N.docx",)) -> None:
        """It is the same document, with these versions, and these names are in its folder."""
        assert id_of(self.ann, address(N)) == self.resource_id
        assert prop_of(self.ann, address(N), "{urn:x}author") == "Ann"
        assert self.contents() == list(contents)
        assert self.ann.get(address(N)) == contents[-1]
        assert members(self.ann, "/dav/f/") == sorted(names)
        assert locks_at(self.store, self.ann.ctx, N) == []
        node = node_at(self.store, self.ann.ctx, N)
        assert node.version_no == len(contents)
        with self.store.database.read() as session:
            assert session.all(_GRANTS, node_id=node.id) == [(self.ann.ctx.principal.id, Right.READ.value)]
        assert findings(self.store) == []


@pytest.fixture
def document(ann: Client, store: Store) -> Document:
    ann.mkcol("/dav/f")
    ann.put(address(N), b"one")
    assert ann("PROPPATCH", address(N), SET_AUTHOR).status == 207
    with store.database.write() as tx:
        access.grant(tx, node_at(store, ann.ctx, N).id, ann.ctx.principal.id, Right.READ.value)
        tx.commit()
    return Document(store, ann, id_of(ann, address(N)))


SAVES = {
    "b1-direct": "PUT /f/N.docx two : 204",
    "b2-lock-put": """
        LOCK /f/N.docx : 200 = n
        GET /f/N.docx : 200
        PUT /f/N.docx two {n} : 204
        UNLOCK /f/N.docx {n} : 204
    """,
    "b2-truncating-first": """
        LOCK /f/N.docx : 200 = n
        PUT /f/N.docx empty {n} : 204
        PUT /f/N.docx two {n} : 204
        UNLOCK /f/N.docx {n} : 204
    """,
    "b3-word-on-a-drive": """
        LOCK /f/N.docx : 200 = n
        GET /f/N.docx : 200
        PUT '/f/~$N.docx' empty : 201
        LOCK '/f/~$N.docx' : 200 = o
        PUT '/f/~$N.docx' ann {o} : 204
        UNLOCK '/f/~$N.docx' {o} : 204
        PUT /f/~WRD0000.tmp empty : 201
        LOCK /f/~WRD0000.tmp : 200 = t
        PROPPATCH /f/~WRD0000.tmp {t} : 207
        HEAD /f/~WRD0000.tmp : 200
        PUT /f/~WRD0000.tmp two {t} : 204
        PROPPATCH /f/~WRD0000.tmp {t} : 207
        UNLOCK /f/~WRD0000.tmp {t} : 204
        UNLOCK /f/N.docx {n} : 204
        MOVE /f/N.docx -> /f/~WRL0001.tmp overwrite=F : 201
        GET /f/N.docx : 404
        MOVE /f/~WRD0000.tmp -> /f/N.docx overwrite=F : 201|204
        LOCK /f/N.docx : 200 = m
        DELETE /f/~WRL0001.tmp : 204
        UNLOCK /f/N.docx {m} : 204
        DELETE '/f/~$N.docx' : 204
    """,
    "b3x-excel-on-a-drive": """
        PUT /f/34429E5E.tmp empty : 201
        LOCK /f/34429E5E.tmp : 200 = t
        PUT /f/34429E5E.tmp two {t} : 204
        UNLOCK /f/34429E5E.tmp {t} : 204
        MOVE /f/N.docx -> /f/A9A97EC7.tmp overwrite=F : 201
        MOVE /f/34429E5E.tmp -> /f/N.docx overwrite=F : 201|204
        DELETE /f/A9A97EC7.tmp : 204
    """,
    "b3x-without-suffix": """
        PUT /f/34429E5E two : 201
        MOVE /f/N.docx -> /f/A9A97EC7 overwrite=F : 201
        MOVE /f/34429E5E -> /f/N.docx overwrite=F : 201|204
        DELETE /f/A9A97EC7 : 204
    """,
    "b4-word-on-a-mac": """
        LOCK /f/N.docx : 200 = n
        GET /f/N.docx : 200
        PUT '/f/Word Work File D_1.tmp' empty : 201
        PUT '/f/._Word Work File D_1.tmp' empty : 201
        LOCK '/f/._Word Work File D_1.tmp' : 200 = a
        PUT '/f/._Word Work File D_1.tmp' fork {a} : 204
        UNLOCK '/f/._Word Work File D_1.tmp' {a} : 204
        LOCK '/f/Word Work File D_1.tmp' : 200 = t
        PUT '/f/Word Work File D_1.tmp' two {t} : 204
        UNLOCK /f/N.docx {n} : 204
        PROPFIND '/f/Backup of N.docx' depth=0 : 404
        MOVE /f/N.docx -> '/f/Word Work File L_2.tmp' : 201
        LOCK '/f/Word Work File L_2.tmp' : 200 = b
        GET '/f/Word Work File L_2.tmp' : 200
        UNLOCK '/f/Word Work File L_2.tmp' {b} : 204
        MOVE '/f/Word Work File D_1.tmp' -> /f/N.docx {t} : 201|204
        LOCK /f/N.docx : 200 = m
        GET /f/N.docx : 200
        UNLOCK /f/N.docx {m} : 204
        LOCK /f/N.docx : 200 = m
        UNLOCK /f/N.docx {m} : 204
        DELETE '/f/Word Work File L_2.tmp' : 204
        DELETE '/f/._Word Work File D_1.tmp' : 204
    """,
    "b5-safe-save-of-a-mac": """
        MKCOL /f/N.docx.sb-5a6b7c8d-abcdef : 201
        PUT /f/N.docx.sb-5a6b7c8d-abcdef/N.docx empty : 201
        LOCK /f/N.docx.sb-5a6b7c8d-abcdef/N.docx : 200 = t
        PUT /f/N.docx.sb-5a6b7c8d-abcdef/N.docx two {t} : 204
        UNLOCK /f/N.docx.sb-5a6b7c8d-abcdef/N.docx {t} : 204
        MOVE /f/N.docx.sb-5a6b7c8d-abcdef/N.docx -> /f/N.docx : 204
        DELETE /f/N.docx.sb-5a6b7c8d-abcdef : 204
    """,
    "b6-vim": """
        LOCK /f/.N.docx.swp : 201 = s
        PUT /f/.N.docx.swp swap {s} : 204
        UNLOCK /f/.N.docx.swp {s} : 204
        LOCK /f/4913 : 201 = p
        DELETE /f/4913 {p} : 204
        MOVE /f/N.docx -> /f/N.docx~ : 201
        LOCK /f/N.docx if_none_match=* : 201 = n
        PUT /f/N.docx two {n} : 204
        UNLOCK /f/N.docx {n} : 204
        DELETE /f/N.docx~ : 204
        DELETE /f/.N.docx.swp : 204
    """,
    "b7-temporary-file-moved-over": """
        PUT /f/N.docx.tmp two : 201
        MOVE /f/N.docx.tmp -> /f/N.docx overwrite=T : 204
    """,
    "b7-of-a-hidden-name": """
        PUT /f/.N.docx.Xa3f9K two : 201
        MOVE /f/.N.docx.Xa3f9K -> /f/N.docx overwrite=T : 204
    """,
    "b7-deleted-first": """
        PUT /f/lu8f3k2.tmp two : 201
        DELETE /f/N.docx : 204
        MOVE /f/lu8f3k2.tmp -> /f/N.docx : 201|204
    """,
    "b9-deleted-and-made-again": """
        DELETE /f/N.docx : 204
        PUT /f/N.docx empty : 201
        LOCK /f/N.docx : 200 = n
        PUT /f/N.docx two {n} : 204
        UNLOCK /f/N.docx {n} : 204
    """,
    "b9-without-a-lock": """
        DELETE /f/N.docx : 204
        PUT /f/N.docx two : 201|204
    """,
}


@on_both_databases
@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_save_is_the_next_version_of_the_same_document(document: Document, ann: Client, save: str) -> None:
    play(ann, save)

    document.check(b"one", b"two")


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_second_save_is_one_more_version(document: Document, ann: Client, save: str) -> None:
    play(ann, save)
    play(ann, save.replace(" two", " three"))

    document.check(b"one", b"two", b"three")


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_same_bytes_make_no_version(document: Document, ann: Client, save: str) -> None:
    play(ann, save.replace(" two", " one"))

    document.check(b"one")


@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
def test_save_leaves_nothing_in_the_trash_but_what_programs_wrote_beside(document: Document, ann: Client, save: str) -> None:
    play(ann, save)

    assert not [name for name in trashed(document.store) if name.endswith("/N.docx")]


@on_both_databases
def test_b8_backup_that_stays_is_a_document_with_the_old_bytes(document: Document, ann: Client) -> None:
    play(
        ann,
        """
        PUT /f/N.docx_exiftool_tmp two : 201
        MOVE /f/N.docx -> /f/N.docx_original : 201
        MOVE /f/N.docx_exiftool_tmp -> /f/N.docx : 201|204
        """,
    )

    document.check(b"one", b"two", names=("N.docx", "N.docx_original"))
    assert document.contents("/f/N.docx_original") == [b"one"]
    assert id_of(ann, address("/f/N.docx_original")) != document.resource_id


@on_both_databases
def test_b10_copy_over_is_the_next_version_and_leaves_the_source(document: Document, ann: Client) -> None:
    play(
        ann,
        """
        PUT /f/X.docx two : 201
        COPY /f/X.docx -> /f/N.docx overwrite=T : 204
        """,
    )

    document.check(b"one", b"two", names=("N.docx", "X.docx"))
    assert document.contents("/f/X.docx") == [b"two"]


def test_b11_lock_on_a_new_name_makes_a_document_with_one_version(document: Document, ann: Client) -> None:
    play(
        ann,
        """
        LOCK /f/new.docx : 201 = n
        PUT /f/new.docx one {n} : 204
        PUT /f/new.docx two {n} : 204
        UNLOCK /f/new.docx {n} : 204
        """,
    )

    assert document.contents("/f/new.docx") == [b"two"]


# Saves that are cut off

CUT = {
    "b3": "MOVE /f/N.docx -> /f/~WRL0001.tmp : 201",
    "b3x": "MOVE /f/N.docx -> /f/A9A97EC7.tmp : 201",
    "b6": "MOVE /f/N.docx -> /f/N.docx~ : 201",
    "b3-with-the-new-file": "PUT /f/~WRD0000.tmp two : 201\nMOVE /f/N.docx -> /f/~WRL0001.tmp : 201",
}


@on_both_databases
@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
def test_b12_document_is_back_at_its_name_after_the_window(document: Document, ann: Client, cut: str) -> None:
    play(ann, cut)
    ann.clock.advance(WINDOW)
    upkeep.tidy(document.store)

    left = ("~WRD0000.tmp",) if "WRD" in cut else ()
    document.check(b"one", names=("N.docx", *left))


def test_b12_document_stays_away_while_the_window_lasts(document: Document, ann: Client) -> None:
    play(ann, CUT["b3"])
    ann.clock.advance(WINDOW / 2)
    upkeep.tidy(document.store)

    assert members(ann, "/dav/f/") == ["~WRL0001.tmp"]
    assert id_of(ann, address("/f/~WRL0001.tmp")) == document.resource_id
    play(ann, "MOVE /f/~WRL0001.tmp -> /f/N.docx : 201")
    document.check(b"one")


def test_b12_document_that_is_locked_where_it_is_goes_back_when_the_lock_has_ended(document: Document, ann: Client) -> None:
    play(ann, "MOVE /f/N.docx -> /f/~WRL0001.tmp : 201")
    ann.lock("/dav/f/~WRL0001.tmp", timeout="Second-600")
    ann.clock.advance(WINDOW)
    upkeep.tidy(document.store)
    assert members(ann, "/dav/f/") == ["~WRL0001.tmp"]

    ann.clock.advance(timedelta(minutes=10))
    upkeep.tidy(document.store)

    document.check(b"one")


def test_b12_name_that_was_taken_meanwhile_is_left_to_who_took_it(document: Document, ann: Client, bob: Client) -> None:
    play(ann, CUT["b3"])
    play(bob, "PUT /f/N.docx theirs : 201")
    ann.clock.advance(WINDOW)
    upkeep.tidy(document.store)

    assert ann.get(address(N)) == b"theirs"
    assert id_of(ann, address(N)) != document.resource_id
    assert id_of(ann, address("/f/~WRL0001.tmp")) == document.resource_id


# What is no save


def test_renamed_document_keeps_its_history_and_frees_its_name(document: Document, ann: Client, bob: Client) -> None:
    play(ann, "MOVE /f/N.docx -> /f/plan.docx : 201")
    play(bob, "PUT /f/N.docx theirs : 201")

    assert id_of(ann, address("/f/plan.docx")) == document.resource_id
    assert document.contents("/f/plan.docx") == [b"one"]
    assert document.contents(N) == [b"theirs"]


def test_late_merge_gives_the_document_its_name_and_both_lines_of_versions(document: Document, ann: Client) -> None:
    play(
        ann,
        """
        MOVE /f/N.docx -> /f/other.docx : 201
        PUT /f/N.docx two : 201
        DELETE /f/other.docx : 204
        """,
    )

    document.check(b"one", b"two")


def test_name_left_by_one_is_not_given_back_to_another(document: Document, ann: Client, bob: Client) -> None:
    play(ann, "DELETE /f/N.docx : 204")
    play(bob, "PUT /f/N.docx theirs : 201")

    assert id_of(ann, address(N)) != document.resource_id
    assert document.contents(N) == [b"theirs"]
    assert trashed(document.store) == [N]


def test_name_left_long_ago_is_a_new_document(document: Document, ann: Client) -> None:
    play(ann, "DELETE /f/N.docx : 204")
    ann.clock.advance(WINDOW)
    play(ann, "PUT /f/N.docx two : 201")

    assert id_of(ann, address(N)) != document.resource_id
    assert trashed(document.store) == [N]


def test_established_document_moved_over_another_takes_its_name(document: Document, ann: Client) -> None:
    play(ann, "PUT /f/X.docx two : 201")
    ann.clock.advance(timedelta(minutes=16))
    other = id_of(ann, address("/f/X.docx"))
    play(ann, "MOVE /f/X.docx -> /f/N.docx overwrite=T : 204")

    assert id_of(ann, address(N)) == other
    assert trashed(document.store) == [N]


def test_truncating_on_purpose_is_a_version_after_the_window(document: Document, ann: Client) -> None:
    play(ann, "PUT /f/N.docx empty : 204")
    assert ann.get(address(N)) == b""
    assert document.contents() == [b"one"]

    ann.clock.advance(WINDOW)
    upkeep.tidy(document.store)

    document.check(b"one", b"")


def test_pauses_within_the_window_do_not_break_a_save(document: Document, ann: Client) -> None:
    tokens: dict[str, str] = {}
    for line in SAVES["b3-word-on-a-drive"].splitlines():
        play(ann, line, tokens)
        ann.clock.advance(timedelta(seconds=40))

    document.check(b"one", b"two")
