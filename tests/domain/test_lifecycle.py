"""Where a line stands, and what may leave."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from backorder.domain.allocation import Rule, made_firm
from backorder.domain.lifecycle import Given, LineState, standing
from backorder.domain.orders import Ignored, Part
from backorder.domain.split import Split, Terms
from tests.builders import MUG, TOTE, an_order, line, units


def given_to(allocated: float, firm: float = 0, pool=MUG) -> list[Given]:
    return [Given(pool, units(allocated), units(firm))]


def state_of(owed: float, given: dict, *, waited=(), **told) -> LineState:
    order = an_order(100, line(1, owed, **told))
    return standing(order, given, waited, Terms(Split.SHIP_AVAILABLE)).lines[0].state


@pytest.mark.parametrize(
    ("owed", "given", "waited", "told", "state"),
    [
        (2, {1: given_to(2, 2)}, (), {}, LineState.COVERED),
        (2, {1: given_to(0)}, (1,), {}, LineState.WAITING),
        (2, {}, (), {}, LineState.WAITING),
        (2, {1: given_to(1)}, (1,), {}, LineState.PARTIAL),
        (2, {1: given_to(2)}, (1,), {}, LineState.PLANNED),
        (2, {1: given_to(2, 2)}, (1,), {}, LineState.READY),
        (0, {}, (1,), {"ordered": 2, "shipped": 2}, LineState.SHIPPED),
        (0, {}, (1,), {"ordered": 2, "cancelled": 2}, LineState.CANCELLED),
    ],
)
def test_each_state_follows_from_the_units(owed, given, waited, told, state) -> None:
    assert state_of(owed, given, waited=waited, **told) == state


def made(says: float, *, allocated: float = 1, firm: float = 1) -> list[tuple[Decimal, Decimal]]:
    """What is decided of a line that owes 3, where so many units are said to be firm: given, and firm."""
    order = an_order(100, line(1, 3))
    stands = standing(order, {1: given_to(allocated, firm)}, (), Terms(Split.SHIP_AVAILABLE))
    found = made_firm(order, stands, lambda *_: units(says), Rule.RELEASED)
    return [(decision.allocated, decision.firm) for decision in found]


def test_units_are_made_firm_up_to_what_is_owed_and_given_with_it() -> None:
    assert made(2) == [(2, 2)]
    assert made(5) == [(3, 3)]
    assert made(2, allocated=3) == [(3, 2)]


def test_what_is_firm_already_is_no_decision() -> None:
    assert (made(1), made(0), made(3, allocated=3, firm=3)) == ([], [], [])


def test_a_part_of_no_pool_cannot_be_firm() -> None:
    order = an_order(100, line(1, 3, pool=None))
    stands = standing(order, {}, (), Terms(Split.SHIP_AVAILABLE))
    assert made_firm(order, stands, lambda *_: units(3), Rule.RELEASED) == []


def free(order, given, split) -> list:
    return [x.free_to_ship for x in standing(order, given, (), Terms(split)).lines]


def test_ship_what_is_there_lets_every_given_unit_leave() -> None:
    order = an_order(100, line(1, 5), line(2, 1, pool=TOTE))
    given = {1: given_to(3), 2: given_to(0, pool=TOTE)}
    assert free(order, given, Split.SHIP_AVAILABLE) == [3, 0]


def test_a_line_that_ships_whole_waits_for_its_last_unit_only() -> None:
    order = an_order(100, line(1, 5), line(2, 1, pool=TOTE))
    given = {1: given_to(3), 2: given_to(1, pool=TOTE)}
    assert free(order, given, Split.LINE_WHOLE) == [0, 1]


def test_an_order_that_ships_whole_waits_for_its_last_line() -> None:
    order = an_order(100, line(1, 5), line(2, 1, pool=TOTE))
    part = {1: given_to(5), 2: given_to(0, pool=TOTE)}
    whole = {1: given_to(5), 2: given_to(1, pool=TOTE)}
    assert free(order, part, Split.ORDER_WHOLE) == [0, 0]
    assert free(order, whole, Split.ORDER_WHOLE) == [5, 1]


def test_an_unpaid_order_keeps_its_share_and_nothing_of_it_leaves() -> None:
    order = an_order(100, line(1, 2), paid=False)
    found = standing(order, {1: given_to(2)}, (), Terms(Split.SHIP_AVAILABLE)).lines[0]
    assert (found.allocated, found.free_to_ship) == (2, 0)


def test_what_is_firm_stays_free_whatever_the_policy_says_today() -> None:
    order = an_order(100, line(1, 5), paid=False)
    assert free(order, {1: given_to(3, 2)}, Split.ORDER_WHOLE) == [2]


def test_a_line_without_a_decision_is_not_called_short() -> None:
    found = standing(an_order(100, line(1, 2)), {}, (), Terms(Split.SHIP_AVAILABLE))
    assert (found.short, found.waited, found.lines[0].waiting) == (0, False, 2)


def test_a_line_in_two_pools_adds_up_and_has_the_later_date() -> None:
    two = replace(line(1, 3), parts=(Part(MUG, units(2)), Part(TOTE, units(1))))
    early, late = date(2026, 1, 20), date(2026, 2, 1)
    given = {1: [Given(MUG, units(1), promised=(early, early)), Given(TOTE, promised=(late, late))]}
    found = standing(an_order(100, two), given, (), Terms(Split.SHIP_AVAILABLE)).lines[0]
    assert (found.allocated, found.waiting, found.promised) == (1, 2, (late, late))


def test_ignored_lines_stand_apart() -> None:
    order = an_order(100, replace(line(1, 0), ignored=Ignored.GIFT_CARD), line(2, 1))
    assert [x.line_id for x in standing(order, {}, (), Terms(Split.SHIP_AVAILABLE)).lines] == [2]
