"""What a store shows of an item, and whose word the switch for selling it follows."""

from datetime import date

import pytest

from backorder.domain.actions import Capability
from backorder.domain.choices import ItemChoices
from backorder.domain.item_side import ItemShown, ItemSide, Switch, Turn, desired_of_item, turn
from backorder.domain.policy import BackorderPolicy
from tests.builders import units

SHOWN = ItemShown(True, date(2026, 2, 1), units(12))
ALL = frozenset(Capability)


def wanted(free: int = 0, accepts: bool | None = None, can: frozenset[Capability] = ALL, **policy: bool) -> ItemSide:
    return desired_of_item(SHOWN, units(free), ItemChoices(accepts=accepts), BackorderPolicy(**policy), can)


def test_nothing_is_written_to_items_unless_the_merchant_says_so() -> None:
    assert wanted() == ItemSide()


def test_shoppers_are_told_of_what_is_not_there_only() -> None:
    assert wanted(tell_shoppers=True) == ItemSide(shown=SHOWN)
    assert wanted(free=1, tell_shoppers=True) == ItemSide()


def test_the_switch_of_an_item_that_was_excluded_by_hand_is_left_alone() -> None:
    assert wanted(turn_selling=True) == ItemSide(sells=True)
    assert wanted(turn_selling=True, accepts=False) == ItemSide()


def test_what_a_platform_cannot_do_is_not_wanted() -> None:
    assert wanted(tell_shoppers=True, turn_selling=True, can=frozenset()) == ItemSide()


@pytest.mark.parametrize(
    ("known", "want", "found", "begun", "then"),
    [
        pytest.param(
            Switch(), True, False, False, Turn(True, Switch(False, True), Switch(False, True)), id="first turn"
        ),
        pytest.param(Switch(), True, True, False, Turn(None, Switch(True, True), Switch(True, True)), id="so already"),
        pytest.param(
            Switch(False, True),
            True,
            False,
            False,
            Turn(None, Switch(False, True), Switch(False, True)),
            id="a person's",
        ),
        pytest.param(
            Switch(False, True), True, False, True, Turn(True, Switch(False, True), Switch(False, True)), id="our try"
        ),
        pytest.param(
            Switch(False, True),
            False,
            True,
            False,
            Turn(False, Switch(False, False), Switch(False, False)),
            id="new answer",
        ),
        pytest.param(Switch(False, True), None, True, False, Turn(False, Switch(False, True), Switch()), id="put back"),
        pytest.param(Switch(True, True), None, True, False, Turn(None, Switch(True, True), Switch()), id="as before"),
        pytest.param(
            Switch(True, False), None, True, False, Turn(None, Switch(True, False), Switch()), id="a person put it back"
        ),
        pytest.param(Switch(), None, True, False, Turn(None, Switch(), Switch()), id="never ours"),
    ],
)
def test_the_switch(known: Switch, want: bool | None, found: bool, begun: bool, then: Turn) -> None:
    assert turn(known, want, found, begun=begun) == then
