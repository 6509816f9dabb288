"""Sums over what is owed and what waits: of a pool, of an order, of a customer, of an item's history."""

from collections.abc import Iterable

from sqlalchemy import Connection, String, and_, case, cast, func, or_, select

from backorder.db.bites import bites
from backorder.db.tables import order_lines, orders, parts
from backorder.domain.acceptance import Answer
from backorder.domain.supply import ZERO, Pool, Units

_EXACT = parts.c.outstanding.type
_ITS_LINE = and_(
    order_lines.c.store_id == parts.c.store_id,
    order_lines.c.order_id == parts.c.order_id,
    order_lines.c.line_id == parts.c.line_id,
)
_SHORT = parts.c.outstanding - parts.c.allocated
_TAKEN_ON = or_(order_lines.c.answer.is_(None), order_lines.c.answer == Answer.ACCEPT)


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


def short_of(conn: Connection, store_id: int, items: Iterable[int]) -> dict[Pool, tuple[Units, Units]]:
    """Units that wait in each pool of these items: all of them, and those that were accepted."""
    found: dict[Pool, tuple[Units, Units]] = {}
    accepted = case((_TAKEN_ON, _SHORT), else_=0)
    for bite in bites(items):
        rows = conn.execute(
            select(
                parts.c.item,
                parts.c.location,
                func.sum(_SHORT, type_=_EXACT).label("all"),
                func.sum(accepted, type_=_EXACT).label("accepted"),
            )
            .join(order_lines, _ITS_LINE)
            .where(
                parts.c.store_id == store_id,
                parts.c.item.in_(bite),
                parts.c.outstanding > parts.c.allocated,
                order_lines.c.ignored.is_(None),
            )
            .group_by(parts.c.item, parts.c.location)
        )
        found.update({Pool(item, location): (of_all, taken) for item, location, of_all, taken in rows})
    return found


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


def waiting_beside(conn: Connection, store_id: int, order_ids: Iterable[int]) -> dict[int, tuple[Units, Units | None]]:
    """Units that wait in each of these orders, and in all orders of its customer (id, else e-mail address); `None`
    where nobody knows who that is.
    """
    wanted = sorted(set(order_ids))
    who = case(
        (orders.c.customer_id.is_not(None), cast(orders.c.customer_id, String)),
        (orders.c.email != "", func.lower(orders.c.email)),
    )
    # What was refused before takes no room, but for the orders that are asked about now.
    which = or_(_TAKEN_ON, orders.c.order_id.in_(wanted))
    sums = (
        select(orders.c.order_id, who.label("who"), func.sum(_SHORT, type_=_EXACT).label("short"))
        .select_from(parts)
        .join(orders, and_(orders.c.store_id == parts.c.store_id, orders.c.order_id == parts.c.order_id))
        .join(order_lines, _ITS_LINE)
        .where(parts.c.store_id == store_id, parts.c.outstanding > parts.c.allocated, parts.c.decided, which)
        .group_by(orders.c.order_id, who)
    )
    rows = conn.execute(sums).all()
    of_customer: dict[str, Units] = {}
    for row in rows:
        if row.who is not None:
            of_customer[row.who] = of_customer.get(row.who, ZERO) + row.short
    return {
        row.order_id: (row.short, None if row.who is None else of_customer[row.who])
        for row in rows
        if row.order_id in wanted
    }


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
