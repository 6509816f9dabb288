"""Figures over what waits, and the one state of a whole order. Pure sums over values that others have read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from backorder.domain.lifecycle import LineState, OrderStanding
from backorder.domain.orders import OrderStatus
from backorder.domain.supply import ZERO, Units

SOON = timedelta(days=7)
"""What a merchant calls soon: the reach of the "expected within" figure."""
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class WaitingUnits:
    """Units of one part of a line that wait. `unit_price` is after discounts, without tax."""

    order_id: int
    queued_at: datetime
    units: Units
    unit_price: Decimal
    currency: str
    promised_by: date | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What waits, in one glance. Money in the store's currency; orders in other currencies stand apart."""

    orders: int
    units: Units
    oldest_days: int
    expected_soon: Decimal
    """The share of the orders, from 0 to 1, whose every waiting unit is promised within seven days."""
    value: Decimal
    currency: str
    other_currencies: Mapping[str, Decimal]


def summary(waiting: Iterable[WaitingUnits], currency: str, now: datetime, today: date) -> Summary:
    """The figures of a store. `today` is the store's own day, `now` the moment that ages are counted to."""
    units = ZERO
    oldest = now
    value: dict[str, Decimal] = {}
    soon: dict[int, bool] = {}
    for part in waiting:
        units += part.units
        oldest = min(oldest, part.queued_at)
        value[part.currency] = value.get(part.currency, ZERO) + part.units * part.unit_price
        in_time = part.promised_by is not None and part.promised_by <= today + SOON
        soon[part.order_id] = soon.get(part.order_id, True) and in_time
    share = Decimal(sum(soon.values())) / len(soon) if soon else ZERO
    return Summary(
        orders=len(soon),
        units=units,
        oldest_days=(now - oldest).days,
        expected_soon=share.quantize(CENT, ROUND_HALF_UP),
        value=value.pop(currency, ZERO).quantize(CENT, ROUND_HALF_UP),
        currency=currency,
        other_currencies={code: value[code].quantize(CENT, ROUND_HALF_UP) for code in sorted(value)},
    )


LEAST_FINISHED_FIRST = (
    LineState.WAITING,
    LineState.PARTIAL,
    LineState.PLANNED,
    LineState.READY,
    LineState.COVERED,
    LineState.SHIPPED,
    LineState.CANCELLED,
)


def order_state(order: OrderStanding) -> LineState:
    """The one state of an order: that of its least finished line."""
    if order.status in (OrderStatus.CANCELLED, OrderStatus.GONE):
        return LineState.CANCELLED
    states = {line.state for line in order.lines}
    for state in LEAST_FINISHED_FIRST:
        if state in states:
            return state
    # Nothing in it is stocked: there is nothing to wait for.
    return LineState.COVERED if order.status is OrderStatus.OPEN else LineState.SHIPPED
