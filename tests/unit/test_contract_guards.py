"""Everything that changes, moves, removes or restores a document or folder, against everything that may forbid it.

How the doors tell of it is for ``tests/matrix``, which knows more of rights, shared locks and tokens. Here everybody means what
they name; what programs mean that save by several requests, and the upkeep after them, is for ``test_contract_guarded_dances``.
"""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import select
from tests.builders import SettableClock
from tests.unit.guarded import GUARDS, OPERATIONS, a_place

from davgate.core.store import Context, Store
from davgate.model import errors, errors_of_versions
from davgate.model.errors import DavgateError
from davgate.model.errors_of_objects import NoSuchCollection, Retained, VersionIsMarked
from davgate.storage.statements import Statement
from davgate.storage.tables import store as store_table

CLASSES: Final[dict[type[DavgateError], str]] = {
    errors.Locked: "L",
    errors.LockConflict: "K",
    errors_of_versions.CheckedOut: "C",
    errors_of_versions.AlreadyCheckedOut: "C",
    errors_of_versions.NotCheckedOut: "n",
    errors_of_versions.NotVersioned: "v",
    errors.Held: "H",
    VersionIsMarked: "H",
    Retained: "R",
    errors.Forbidden: "F",
    errors.NotFound: "N",
    errors.ParentMissing: "N",
    NoSuchCollection: "N",
    errors.PreconditionFailed: "P",
    errors.AlreadyExists: "A",
    errors.QuotaExceeded: "Q",
    errors.Unauthenticated: "U",
}
"""How the table calls why something is refused; a dot stands for what is done."""

TABLE: Final = """
put                              | L L . L C . . R F N P . . . Q F U F . F F . . . . .
copy onto                        | L L . L C . . R F N P . . . . F U F . F F . . . . .
bring a version onto             | L L . L C . . R F N P . . . . F U F . F F . . . . .
copy out of the trash onto       | L L . L C . . R F N P . . . . F U F . F F . . . . .
copy out of the past onto        | L L . L C . . R F N P . . . . F U F . F F . . . . .
bring a rescue copy onto         | L L . L C . . R F N P . . . . F U F . N F . . . . .
upload content                   | n n n n n . n n F N P N N n Q F U N n F F n n n n n
update content                   | L L . L C . . R F N P N N . Q F U N . F F . . . . .
update content of several        | L L . L C . . R F N P N N . Q F U N . F F . . . . .
update further streams           | L L . L C . . R F N P N N . Q F U N . F F . . . . .
take content away                | L L L L C . . R F N P N N . . F U N . F F F . . . .
restore a version                | L L . L C . . R F N P N N . . F U N . F F F . . . .
restore a version with its place | L L . L C . . R F N P N N . . F U N . F F F . . . .
revert                           | L L . L C C . R F N P N N . . F U N . F F . . . . .
merge into                       | L L . L C C . R F N . N N . . F U N . F F . . F . .
split                            | L L L L C C . R F N . N N . . F U N . F F . F . . .
update metadata                  | L L . L . . . . F N P N N . . F U N . F . F . . . .
begin a revision                 | L L . L C . . . F N P N N . . F U N . F . F . . . .
set dead properties              | L L . L . . . . F N P N . . . F U N . F . F . . . .
set dead properties of the folder| . L L . . . . . F N P . . . . F U . . F . F . . . .
update metadata of the folder    | . L L . . . . . F N P . . . . F U . . F . F . . . .
set how many versions            | . . . . . . . . F N . . . . . F U . . F . F . . . .
label                            | . . . . . . . . F N P N N . . F U N . F F . . . . .
pin                              | . . . . . . . . F N P N N . . F U N . F F . . . . .
delete                           | L L L L C . . R F N P N . . . F U N . F . . . F . .
delete as if for good            | L L L L C . H R F N P N . . . F U N . F . . . F . .
delete what nobody works on      | L L L L C C . R F N P N . . . F U N . F . . . F . .
delete the folder                | L L L L C . . R F N P . . . . F U F . F . . . F . .
move onto                        | L L L L C . . R F N P . . . . F U F . F . . F F . .
move onto the folder             | L L L L C . . R F F P . . . . F U F . F . . F F . .
copy onto the folder             | L L L L C . . R F F P . . . . F U F . F . . F F . .
merge away                       | L L L L C C . R F N . N N . . F U N . F F . . F . .
remove a version                 | L L . L C . H R F N P N N . . F U N . F . . . F . .
erase                            | . . . . . . H R . . . . . . . . U . . . . . . . . .
move away                        | L L L L C . . . F N P N . . . F U N . F . . F F . .
move into another folder         | L L L L C C . . F N P N . . . F U N . F . . F F . .
move among several               | L L L L C . . . F N P N N . . F U N . F . . F F . .
move the folder                  | L L L L C . . . F N P . . . . F U F . F . . F F . .
move the folder by id            | L L L L C C . . F N P . . . . F U F . F . . F F . .
copy away                        | . . . . . . . . . N P N . . . F U N . . . . F . . .
copy into another folder         | . . . . C C . . . N P N . . . F U N . . . . F . . .
copy the folder                  | . . . . . . . . . N P . . . . F U . . . . . F . . .
check out                        | L L . . C C . . F N P N . . . F U N . F F . . . . F
check in                         | n n n n C . n n F N P N n n n F U N n F F n n n n n
cancel                           | n n n n C . n n F N P N n n n F U N n F F n n n n n
lock                             | K K . K K . . . F N P . . . . F U F . F . . . . F .
lock the folder deeply           | K K K K K . . . F F P . . . . F U . . F . . . . F .
put new                          | . L L . . . . . F N P . . . Q F U . . . . . F . . .
make a folder                    | . L L . . . . . F N P . . A . F U . . . . . F . . .
lock a new name                  | . K L . . . . . F N P . . . . F U . . . . . F . F .
copy in                          | . L L . . . . . F N P . . P . F U . . . . . F . . .
copy a folder in                 | . L L . . . . . F N P . . P . F U . . . . . F . . .
move in                          | . L L . . . . . F N P . . P . F U . . F . . F F . .
bring a version in               | . L L . . . . . F N P . . . . F U . . . . . F . . .
copy out of the trash into       | . L L . . . . . F N P . . . . F U . . . . . F . . .
copy out of the past into        | . L L . . . . . F N P . . . . F U . . . . . F . . .
bring a rescue copy in           | . L L . . . . . F N P . . . . F U . . N . . F . . .
upload                           | . L L . . . . . F N P . . . Q F U . . . . . F . . .
create                           | . L L . . . . . F N P . . . Q F U . . . . . F . . .
create several                   | . L L . . . . . F N P . . . . F U . . . . . F . . .
copy into by id                  | . L L . . . . . F N P . . . . F U . . . . . F . . .
move into by id                  | . L L . . . . . F N P . . . . F U . . F . . F F . .
restore out of the trash         | . L L . . . . . F N P . . P . F U . . F . . F F . .
restore where it was             | . L L . . . . . F N P . . . . F U . . F . . F F . .
restore by a door                | . L L . . . . . F N P . . . . F U . . F . . F F . .
"""
"""What comes of each operation under each guard, in the order of ``GUARDS``.

What may surprise:

- Metadata, place and copies of what is checked out by somebody else or under retention: the design leaves metadata open, rule 4,
  and what has to be kept may move. To Dynacase a check-out keeps all of it, and GEVER copies nothing that is checked out.
- What is held goes to the trash through doors where it can come back, and is not removed for good through any.
- A check-in asks for no token: with it all locks on the document end. A lock from above stands on the folder.
- What replaces something is added and the other taken away, as RFC 3744 has it; content that goes onto a document is written.
- Marks are on versions, which no lock is about (RFC 3253, 8.2). Labels of what is checked out the drive alone refuses.
- Erasing is the act of an administrator, whom only what has to be kept holds up. It, merging and splitting have no conditions:
  no door does so.
- An upload of content is of what one has checked out, as GEVER asks for. That there is no room is told before it begins.
- What is in the store already takes no room, whatever it becomes. By a folder's id a new member gets a name that is free.
- Of what is in the trash the name is free. What has no version yet exists for the drive alone: the other doors look for it by
  what is said of it, and nothing is.
"""


def rows() -> dict[str, str]:
    found = (line.rsplit("|", 1) for line in TABLE.strip().splitlines())
    return {name.strip(): cells.replace(" ", "") for name, cells in found}


def test_table_is_of_all_operations_and_guards() -> None:
    assert list(rows()) == list(OPERATIONS)
    assert {len(cells) for cells in rows().values()} == {len(GUARDS)}


LAST_CHANGE = Statement(select(store_table.c.last_change))


def last_change(store: Store) -> int:
    with store.database.read() as session:
        return int(session.all(LAST_CHANGE)[0][0])


@pytest.mark.parametrize("guard", GUARDS)
def test_guard_holds_up_what_it_has_to_and_nothing_else(
    store: Store, clock: SettableClock, ann: Context, bob: Context, root_admin: Context, guard: str
) -> None:
    column = list(GUARDS).index(guard)
    expected = {name: cells[column] for name, cells in rows().items()}
    found = {}
    for no, (name, operation) in enumerate(OPERATIONS.items()):
        place = a_place(store, clock, ann, root_admin, f"place {no}")
        place = GUARDS[guard](place, bob) or place
        before = last_change(store)
        try:
            operation(place)
            found[name] = "."
        except DavgateError as error:
            found[name] = CLASSES.get(type(error), repr(error))
            assert last_change(store) == before, f"{name} was refused and changed something"

    assert found == expected
