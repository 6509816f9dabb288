"""The figures of the first page, and the one state of an order."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest

from backorder.domain.lifecycle import LineStanding, LineState, OrderStanding, PartStanding
from backorder.domain.metrics import Summary, WaitingUnits, order_state, summary
from backorder.domain.orders import OrderStatus
from backorder.domain.supply import Pool

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


def waiting(
    order: int, units: str = "1", *, days: float = 1, price: str = "10", currency: str = "USD", by: date | None = None
) -> WaitingUnits:
    return WaitingUnits(order, NOW - timedelta(days=days), D(units), D(price), currency, by)


def test_the_first_page_tells_it_in_one_glance() -> None:
    """47 orders wait, the oldest 12 days, 80 % within 7 days, $4,750."""
    soon, later = TODAY + timedelta(days=7), TODAY + timedelta(days=8)
    parts = [waiting(n, "2", price="50", by=soon) for n in range(38)] + [
        waiting(n, "1", by=later) for n in range(38, 46)
    ]
    parts.append(waiting(46, "1", days=12.9, price="870"))
    assert summary(parts, "USD", NOW, TODAY) == Summary(47, D(85), 12, D("0.81"), D("4750.00"), "USD", {})


def test_nothing_that_waits_gives_zeros() -> None:
    assert summary([], "EUR", NOW, TODAY) == Summary(0, D(0), 0, D("0.00"), D("0.00"), "EUR", {})


def test_an_order_is_expected_only_when_all_of_it_is() -> None:
    parts = [waiting(1, by=TODAY), waiting(1, by=None), waiting(2, by=TODAY), waiting(3, by=TODAY + timedelta(days=8))]
    assert summary(parts, "USD", NOW, TODAY).expected_soon == D("0.33")


def test_other_currencies_stand_apart() -> None:
    parts = [waiting(1, "3", price="1.005"), waiting(2, price="12", currency="EUR"), waiting(3, currency="CHF")]
    found = summary(parts, "USD", NOW, TODAY)
    assert (found.value, found.other_currencies) == (D("3.02"), {"CHF": D("10.00"), "EUR": D("12.00")})


def test_an_age_is_whole_days_by_the_time_in_the_queue() -> None:
    assert summary([waiting(1, days=1.99), waiting(2, days=0.5)], "USD", NOW, TODAY).oldest_days == 1


def line(state: LineState) -> LineStanding:
    """A line of two units in that state."""
    owed, given, firm, waited, shipped = {
        LineState.WAITING: (2, 0, 0, True, 0),
        LineState.PARTIAL: (2, 1, 0, True, 0),
        LineState.PLANNED: (2, 2, 1, True, 0),
        LineState.READY: (2, 2, 2, True, 0),
        LineState.COVERED: (2, 2, 2, False, 0),
        LineState.SHIPPED: (0, 0, 0, True, 2),
        LineState.CANCELLED: (0, 0, 0, True, 0),
    }[state]
    parts = (PartStanding(Pool(1), D(owed), D(given), D(firm)),) if owed else ()
    found = LineStanding(1, "Lamp", "LAMP", D(2), D(shipped), D(2 - owed - shipped), parts, waited)
    assert found.state is state
    return found


def order(*states: LineState, status: OrderStatus = OrderStatus.OPEN) -> OrderStanding:
    return OrderStanding(1, status, True, tuple(line(state) for state in states))


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ((LineState.SHIPPED, LineState.WAITING, LineState.READY), LineState.WAITING),
        ((LineState.PARTIAL, LineState.PLANNED), LineState.PARTIAL),
        ((LineState.READY, LineState.PLANNED), LineState.PLANNED),
        ((LineState.COVERED, LineState.READY), LineState.READY),
        ((LineState.SHIPPED, LineState.COVERED), LineState.COVERED),
        ((LineState.CANCELLED, LineState.SHIPPED), LineState.SHIPPED),
        ((LineState.CANCELLED,), LineState.CANCELLED),
        ((), LineState.COVERED),
    ],
)
def test_an_order_is_as_far_as_its_least_finished_line(states: tuple[LineState, ...], whole: LineState) -> None:
    assert order_state(order(*states)) is whole


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.GONE])
def test_a_cancelled_order_is_cancelled_whatever_its_lines_say(status: OrderStatus) -> None:
    assert order_state(order(LineState.WAITING, status=status)) is LineState.CANCELLED


def test_a_closed_order_without_stocked_lines_counts_as_shipped() -> None:
    assert order_state(order(status=OrderStatus.CLOSED)) is LineState.SHIPPED
