"""On which days a store packs and ships, and what a supplier's record says."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backorder.domain.lateness import Arrived, Record, learned
from backorder.domain.workdays import ALWAYS_OPEN, NeverOpen, Workdays
from tests.builders import units

FRIDAY = date(2026, 1, 9)
MONDAY = date(2026, 1, 12)


def test_a_store_that_is_always_open_counts_every_day() -> None:
    assert ALWAYS_OPEN.after(FRIDAY, 3) == MONDAY
    assert ALWAYS_OPEN.after(FRIDAY, 0) == FRIDAY


def test_weekends_and_holidays_do_not_count() -> None:
    calendar = Workdays(frozenset(range(5)), frozenset({MONDAY}))
    assert calendar.first(FRIDAY + timedelta(days=1)) == MONDAY + timedelta(days=1)
    assert calendar.after(FRIDAY, 1) == MONDAY + timedelta(days=1)
    assert (calendar.open_on(FRIDAY), calendar.open_on(MONDAY)) == (True, False)


def test_a_store_may_be_closed_for_more_than_a_year() -> None:
    closed = frozenset(FRIDAY + timedelta(days=ahead) for ahead in range(399))
    assert Workdays(holidays=closed).first(FRIDAY) == FRIDAY + timedelta(days=399)
    with pytest.raises(NeverOpen):
        Workdays(holidays=closed | {FRIDAY + timedelta(days=399)}).first(FRIDAY)


def test_a_calendar_that_never_opens_is_a_mistake() -> None:
    with pytest.raises(NeverOpen):
        Workdays(frozenset()).first(FRIDAY)


def came(days_late: int, received: int = 10, ordered: int = 10) -> Arrived:
    return Arrived(FRIDAY, FRIDAY + timedelta(days=days_late), units(ordered), units(received))


def test_four_arrivals_say_nothing_yet() -> None:
    assert learned([came(3)] * 4) is None


def test_the_usual_lateness_is_the_middle_one_and_the_safe_one_that_of_four_in_five() -> None:
    assert learned([came(days) for days in (9, 0, 1, 30, 2)]) == Record(usual_days=2, safe_days=9)
    assert learned([came(days) for days in range(10)]) == Record(usual_days=4, safe_days=7)


def test_goods_that_come_early_were_in_time() -> None:
    assert learned([came(-9)] * 5) == Record(0, 0)


def test_goods_of_which_nothing_came_are_missing_and_not_late() -> None:
    found = learned([*(came(1) for _ in range(4)), came(200, 0)])
    assert (found.safe_days, found.usual_days, found.safe_missing, learned([came(9, 0)] * 5)) == (
        1,
        1,
        0,
        Record(9, 9, 1, 1),
    )


def test_a_share_that_did_not_come_is_learned_too() -> None:
    found = learned([came(0, received) for received in (10, 10, 9, 8, 5)])
    assert found == Record(0, 0, usual_missing=Decimal("0.1"), safe_missing=Decimal("0.2"))
    assert came(0, received=12).missing == came(0, received=0, ordered=0).missing == 0
