"""What is read to tell how fair the queues were: overtakings, waits by class, orders that let others pass."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, func, or_, select, type_coerce

from backorder.db.queries import ITS_LINE, ITS_ORDER, WAITS
from backorder.db.tables import decisions, items, order_lines, orders, parts, stores
from backorder.domain.allocation import Rule
from backorder.domain.fairness import LetPass, Overtaking, Passings
from backorder.domain.orders import OrderStatus
from backorder.domain.supply import ZERO

_passed = orders.alias("passed_order")
_OVERTOOK = or_(decisions.c.overtook.is_not(None), decisions.c.rule == Rule.MORE_OWED)
_ITS_ORDER = and_(orders.c.store_id == decisions.c.store_id, orders.c.order_id == decisions.c.order_id)
_ITS_PASSED = and_(_passed.c.store_id == decisions.c.store_id, _passed.c.order_id == decisions.c.overtook)
_UNITS = decisions.c.allocated - decisions.c.before


def _microseconds(moment: Any) -> ColumnElement[int]:
    return type_coerce(moment, BigInteger)


def _span(found: Any) -> timedelta:
    return timedelta(microseconds=max(0, int(found or 0)))


_LATER = _microseconds(orders.c.placed_at) - _microseconds(_passed.c.placed_at)


def overtakings(conn: Connection, store_id: int, since: datetime, *, limit: int) -> list[Overtaking]:
    """Who went before somebody that came earlier, the newest first."""
    rows = conn.execute(
        select(
            decisions.c.order_id,
            decisions.c.overtook,
            decisions.c.rule,
            decisions.c.priority,
            decisions.c.before,
            decisions.c.allocated,
            decisions.c.at,
            orders.c.number,
            _passed.c.number.label("passed_number"),
            items.c.title,
            items.c.sku,
            _LATER.label("later"),
        )
        .select_from(decisions)
        .join(orders, _ITS_ORDER)
        .outerjoin(_passed, _ITS_PASSED)
        .outerjoin(items, and_(items.c.store_id == decisions.c.store_id, items.c.item == decisions.c.item))
        .where(decisions.c.store_id == store_id, decisions.c.at >= since, _OVERTOOK)
        .order_by(decisions.c.id.desc())
        .limit(limit)
    )
    return [
        Overtaking(
            order_id=r.order_id,
            number=r.number,
            passed=r.overtook,
            passed_number=r.passed_number or "",
            title=r.title or r.sku or "",
            rule=r.rule,
            priority=r.priority,
            units=r.allocated - r.before,
            later=_span(r.later),
            at=r.at,
        )
        for r in rows
    ]


def passings(conn: Connection, store_id: int, since: datetime) -> list[Passings]:
    """The same by rule and class, the most frequent first."""
    times = func.count().label("times")
    rows = conn.execute(
        select(
            decisions.c.rule,
            decisions.c.priority,
            times,
            func.count(decisions.c.order_id.distinct()).label("orders"),
            func.count(decisions.c.overtook.distinct()).label("passed"),
            func.sum(_UNITS, type_=decisions.c.allocated.type).label("units"),
            func.max(_LATER).label("later"),
        )
        .select_from(decisions)
        .join(orders, _ITS_ORDER)
        .outerjoin(_passed, _ITS_PASSED)
        .where(decisions.c.store_id == store_id, decisions.c.at >= since, _OVERTOOK)
        .group_by(decisions.c.rule, decisions.c.priority)
        .order_by(times.desc(), decisions.c.rule, decisions.c.priority)
    )
    return [Passings(r.rule, r.priority, r.times, r.orders, r.passed, max(ZERO, r.units), _span(r.later)) for r in rows]


def waiting_by_class(conn: Connection, store_id: int) -> list[tuple[str, int, datetime]]:
    """Each class with the lines of it that wait now, and since when the oldest of them does."""
    oldest = func.min(parts.c.queued_at, type_=parts.c.queued_at.type)
    rows = conn.execute(
        select(orders.c.priority, func.count(), oldest)
        .select_from(parts)
        .join(orders, ITS_ORDER)
        .where(parts.c.store_id == store_id, WAITS, orders.c.status == OrderStatus.OPEN)
        .group_by(orders.c.priority)
    )
    return [(priority, count, since) for priority, count, since in rows]


def served_by_class(conn: Connection, store_id: int, since: datetime) -> list[tuple[str, timedelta]]:
    """Each class with the longest time between the placing of a line that waited and units that it was given."""
    placed = case(
        (
            and_(order_lines.c.added_at.is_not(None), order_lines.c.added_at > orders.c.placed_at),
            _microseconds(order_lines.c.added_at),
        ),
        else_=_microseconds(orders.c.placed_at),
    )
    rows = conn.execute(
        select(decisions.c.priority, func.max(_microseconds(decisions.c.at) - placed).label("longest"))
        .select_from(decisions)
        .join(orders, _ITS_ORDER)
        .join(
            order_lines,
            and_(
                order_lines.c.store_id == decisions.c.store_id,
                order_lines.c.order_id == decisions.c.order_id,
                order_lines.c.line_id == decisions.c.line_id,
            ),
        )
        .where(
            decisions.c.store_id == store_id,
            decisions.c.at >= since,
            decisions.c.allocated > decisions.c.before,
            order_lines.c.backordered_at.is_not(None),
        )
        .group_by(decisions.c.priority)
    )
    return [(r.priority, _span(r.longest)) for r in rows]


def let_pass(conn: Connection, store_id: int, *, limit: int) -> list[LetPass]:
    """Open orders that still wait and were passed because they wait to be whole, the most often passed first."""
    waits = (
        select(parts.c.order_id)
        .join(order_lines, ITS_LINE)
        .where(parts.c.store_id == store_id, WAITS)
        .distinct()
        .scalar_subquery()
    )
    rows = conn.execute(
        select(orders.c.order_id, orders.c.number, orders.c.passed_over, orders.c.passed_since, stores.c.timezone)
        .join(stores, stores.c.id == orders.c.store_id)
        .where(
            orders.c.store_id == store_id,
            orders.c.passed_over > 0,
            orders.c.status == OrderStatus.OPEN,
            orders.c.order_id.in_(waits),
        )
        .order_by(orders.c.passed_over.desc(), orders.c.order_id)
        .limit(limit)
    )
    return [LetPass(r.order_id, r.number, r.passed_over, _day(r.passed_since, r.timezone)) for r in rows]


def _day(moment: datetime | None, timezone: str) -> date | None:
    return None if moment is None else moment.astimezone(ZoneInfo(timezone)).date()
