"""The state machine of check-outs: every cell of its table, for the holder, for others and for administrators."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Final

import pytest
from tests.builders import START

from davgate.model.checkout import TABLE, Act, CheckOut, Ruling, State, as_lock, rule, state_for
from davgate.model.instant import FOREVER
from davgate.model.locks import Depth, Holding, Scope
from davgate.model.principal import Principal
from davgate.model.rights import EDITOR, MANAGER

ANN = Principal(7, "ann", epoch=0)
BOB = Principal(8, "bob", epoch=0)
ROOT = Principal(9, "root", epoch=0, is_admin=True)

TAKEN = CheckOut(50, ANN.id, ANN.name, START, base_no=3)
CANCELLED = replace(TAKEN, cancelled_at=START)

WHO = {
    "nobody-has-it": (None, BOB),
    "holder": (TAKEN, ANN),
    "other": (TAKEN, BOB),
    "administrator": (TAKEN, ROOT),
    "holder-after-cancel": (CANCELLED, ANN),
    "other-after-cancel": (CANCELLED, BOB),
}

RULINGS: Final = """
                         check_out  check_in         cancel           write              remove   lock
    nobody-has-it        allowed    not_checked_out  not_checked_out  allowed            allowed  allowed
    holder               already    allowed          allowed          into_working_copy  allowed  allowed
    other                held       held             held             held               held     held
    administrator        held       allowed          allowed          held               held     held
    holder-after-cancel  allowed    not_checked_out  not_checked_out  allowed            allowed  allowed
    other-after-cancel   allowed    not_checked_out  not_checked_out  allowed            allowed  allowed
"""


def _cells() -> list[tuple[str, Act, Ruling]]:
    heads, *rows = [line.split() for line in RULINGS.strip().splitlines()]
    return [
        (who, Act[head.upper()], Ruling[cell.upper()]) for who, *cells in rows for head, cell in zip(heads, cells, strict=True)
    ]


@pytest.mark.parametrize(("who", "act", "wanted"), _cells(), ids=lambda part: part if isinstance(part, str) else part.value)
def test_each_act_of_each_principal_has_its_ruling(who: str, act: Act, wanted: Ruling) -> None:
    check_out, principal = WHO[who]

    assert rule(check_out, principal, act, MANAGER if who == "administrator" else EDITOR) is wanted


def test_every_pair_of_state_and_act_is_in_the_table() -> None:
    assert set(TABLE) == set(product(State, Act))
    assert {(who, act) for who, act, _ in _cells()} == set(product(WHO, Act))


def test_only_ending_somebody_elses_check_out_is_for_administrators() -> None:
    kept = {pair for pair, ruling in TABLE.items() if ruling is Ruling.ADMINISTRATORS}

    assert kept == {(State.OTHERS, Act.CHECK_IN), (State.OTHERS, Act.CANCEL)}


@pytest.mark.parametrize(
    ("who", "wanted"),
    [
        ("nobody-has-it", State.CHECKED_IN),
        ("holder", State.OWN),
        ("other", State.OTHERS),
        ("administrator", State.OTHERS),
        ("holder-after-cancel", State.CHECKED_IN),
        ("other-after-cancel", State.CHECKED_IN),
    ],
)
def test_state_of_a_document_goes_by_who_asks(who: str, wanted: State) -> None:
    assert state_for(*WHO[who]) is wanted


def test_check_out_shows_as_an_endless_exclusive_lock_with_a_token_for_nobody() -> None:
    shown = as_lock(TAKEN)

    assert (shown.token, shown.node_id, shown.principal_id, shown.owner) == ("", 50, ANN.id, "ann")
    assert (shown.scope, shown.depth, shown.holding) == (Scope.EXCLUSIVE, Depth.ZERO, Holding.PRINCIPAL)
    assert (shown.timeout, shown.expires_at) == (None, FOREVER)
