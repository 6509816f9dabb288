"""Plain functions that make domain values with sensible defaults, so that a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from backorder.domain.allocation import Demand, Supply, Turn
from backorder.domain.orders import Customer, Order, OrderLine, Part
from backorder.domain.supply import Balance, Believed, Pool, Stock

MUG = Pool(11)
TOTE = Pool(12)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def units(count: float | str) -> Decimal:
    return Decimal(str(count))


def demand(
    order: int, owed: float | str, *, day: int = 5, pool: Pool = MUG, line: int | None = None, **given: Any
) -> Demand:
    """A line of an order placed on a day of January 2026."""
    amounts = {name: units(value) if name in ("allocated", "firm") else value for name, value in given.items()}
    placed = datetime(2026, 1, day, 12, tzinfo=UTC)
    return Demand(Turn(placed, order, order if line is None else line), pool, units(owed), **amounts)


def supply(there: float | str, **given: Any) -> Supply:
    return Supply(units(there), **given)


def line(number: int = 1, owed: float | str = 1, *, pool: Pool | None = MUG, **given: Any) -> OrderLine:
    amounts = {name: units(v) if name in ("ordered", "shipped", "cancelled") else v for name, v in given.items()}
    amounts.setdefault("ordered", units(owed))
    parts = (Part(pool, units(owed)),) if units(owed) else ()
    return OrderLine(id=number, item=pool.item if pool else None, parts=parts, title="Trail Mug", **amounts)


def an_order(number: int = 100, *lines: OrderLine, minutes: int = 0, **given: Any) -> Order:
    """An open, paid order placed at noon on January 5, changed so many minutes later."""
    return Order(
        id=number,
        number=str(number),
        placed_at=given.pop("placed_at", NOON),
        changed_at=NOON + timedelta(minutes=minutes),
        currency="USD",
        customer=given.pop("customer", Customer(1, "Ada Example", "ada@example.com")),
        lines=lines or (line(),),
        **given,
    )


def stock(available: float | str, committed: float | str | None = None, pool: Pool = MUG) -> Stock:
    return Stock(pool, units(available), None if committed is None else units(committed))


def believed(on_hand: float, available: float, outstanding: float, gap: float = 0) -> Believed:
    return Believed(Balance.BALANCED, units(on_hand), units(available), units(outstanding), units(gap))
