"""Sums over what is owed and what waits: of a pool, of an order, of a customer, of an item's history."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select, text

from backorder.db.bites import among, bites
from backorder.db.tables import order_lines, orders, parts
from backorder.domain.supply import ZERO, Pool, Units

_EXACT = parts.c.outstanding.type
_ITS_LINE = and_(
    order_lines.c.store_id == parts.c.store_id,
    order_lines.c.order_id == parts.c.order_id,
    order_lines.c.line_id == parts.c.line_id,
)
_SHORT = parts.c.outstanding - parts.c.allocated
# As text, so that SQLite sees that its index of just these will do.
_UNACCEPTED = text("order_lines.unaccepted > 0")


def owing(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, Units]:
    """Units that each pool of these items owes."""
    found: dict[Pool, Units] = {}
    for bite in bites(items):
        rows = conn.execute(
            select(parts.c.item, parts.c.location, func.sum(parts.c.outstanding, type_=parts.c.outstanding.type))
            .join(order_lines, _ITS_LINE)
            .where(
                parts.c.store_id == store_id,
                parts.c.item.in_(bite),
                parts.c.outstanding > ZERO,
                order_lines.c.ignored.is_(None),
            )
            .group_by(parts.c.item, parts.c.location)
        )
        found.update({Pool(item, location): units for item, location, units in rows})
    return found


def short_of(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, Units]:
    """Units that wait in each pool of these items, accepted or not."""
    found: dict[Pool, Units] = {}
    for bite in bites(items):
        rows = conn.execute(
            select(parts.c.item, parts.c.location, func.sum(_SHORT, type_=_EXACT))
            .join(order_lines, _ITS_LINE)
            .where(
                parts.c.store_id == store_id,
                parts.c.item.in_(bite),
                parts.c.outstanding > parts.c.allocated,
                order_lines.c.ignored.is_(None),
            )
            .group_by(parts.c.item, parts.c.location)
        )
        found.update({Pool(item, location): units for item, location, units in rows})
    return found


def not_accepted(conn: Connection, store_id: int) -> dict[int, Units]:
    """Units of each item that wait and were not accepted."""
    short = func.sum(_SHORT, type_=_EXACT)
    lines = conn.execute(
        select(parts.c.item, order_lines.c.unaccepted, short)
        .join(order_lines, _ITS_LINE)
        .where(
            order_lines.c.store_id == store_id,
            _UNACCEPTED,
            order_lines.c.ignored.is_(None),
            parts.c.outstanding > parts.c.allocated,
        )
        .group_by(parts.c.item, parts.c.order_id, parts.c.line_id, order_lines.c.unaccepted)
    )
    found: dict[int, Units] = {}
    for item, unaccepted, waiting in lines:
        found[item] = found.get(item, ZERO) + min(unaccepted, waiting)
    return found


def given(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, Units]:
    """Units of each pool of these items that somebody has."""
    rows = conn.execute(
        select(parts.c.item, parts.c.location, func.sum(parts.c.allocated, type_=_EXACT))
        .where(parts.c.store_id == store_id, parts.c.item.in_(sorted(set(items))), parts.c.allocated > ZERO)
        .group_by(parts.c.item, parts.c.location)
    )
    return {Pool(item, location): units for item, location, units in rows}


def owed_orders(conn: Connection, store_id: int, of: Iterable[Pool], limit: int) -> list[int]:
    """The orders that these pools owe units to: of each pool the first ones in turn, at most `limit`."""
    found: set[int] = set()
    for pool in of:
        found.update(
            conn.execute(
                select(parts.c.order_id)
                .where(
                    parts.c.store_id == store_id,
                    parts.c.item == pool.item,
                    parts.c.location == pool.location,
                    parts.c.outstanding > ZERO,
                )
                .order_by(parts.c.queue_time, parts.c.order_id)
                .limit(limit)
            ).scalars()
        )
    return sorted(found)


class WaitingLine(NamedTuple):
    """What of a line waits, and how much of that was not accepted."""

    order_id: int
    line_id: int
    short: Units
    unaccepted: Units
    customer_id: int | None
    email: str


def waiting_lines(conn: Connection, store_id: int, order_ids: Iterable[int] | None) -> list[WaitingLine]:
    """The lines of these orders (`None`: of all) that a pass found waiting."""
    lines = (
        select(
            parts.c.order_id,
            parts.c.line_id,
            func.sum(_SHORT, type_=_EXACT),
            order_lines.c.unaccepted,
            orders.c.customer_id,
            orders.c.email,
        )
        .join(orders, and_(orders.c.store_id == parts.c.store_id, orders.c.order_id == parts.c.order_id))
        .join(order_lines, _ITS_LINE)
        .where(
            parts.c.store_id == store_id,
            parts.c.outstanding > parts.c.allocated,
            order_lines.c.backordered_at.is_not(None),
            order_lines.c.ignored.is_(None),
        )
        .group_by(parts.c.order_id, parts.c.line_id, order_lines.c.unaccepted, orders.c.customer_id, orders.c.email)
    )
    if order_ids is not None:
        lines = lines.where(among(parts.c.order_id, order_ids))
    return [WaitingLine(*row) for row in conn.execute(lines)]


def cancelled_of(conn: Connection, store_id: int, items: Iterable[int]) -> dict[int, tuple[Units, Units]]:
    """Units of lines that ever waited for these items: cancelled, and ordered in all."""
    rows = conn.execute(
        select(
            order_lines.c.item,
            func.sum(order_lines.c.cancelled, type_=_EXACT).label("cancelled"),
            func.sum(order_lines.c.ordered, type_=_EXACT).label("ordered"),
        )
        .where(
            order_lines.c.store_id == store_id,
            order_lines.c.item.in_(sorted(set(items))),
            order_lines.c.backordered_at.is_not(None),
        )
        .group_by(order_lines.c.item)
    )
    return {row.item: (row.cancelled, row.ordered) for row in rows}
