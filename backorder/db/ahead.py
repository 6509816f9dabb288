"""Who is served before the lines of one order, and who was. One statement each."""

from sqlalchemy import CTE, Connection, and_, func, or_, select, tuple_

from backorder.db.queries import ITS_LINE, ITS_ORDER, WAITS
from backorder.db.tables import NOWHERE, decisions, order_lines, orders, parts
from backorder.domain.explained import Ahead, Overtaker
from backorder.domain.supply import Pool

NAMED = 5
"""Of those who are served before a line, so many are named."""


def _own(store_id: int, order_id: int) -> CTE:
    """The parts of an order that wait. Found first: else SQLite walks the whole queue for each part that is in it."""
    own = select(parts).where(
        parts.c.store_id == store_id,
        parts.c.order_id == order_id,
        parts.c.outstanding > parts.c.allocated,
        parts.c.item != NOWHERE,
    )
    return own.cte("own").prefix_with("MATERIALIZED")


def ahead_of(conn: Connection, store_id: int, order_id: int) -> dict[tuple[int, Pool], tuple[Ahead, ...]]:
    """Who is served before each waiting line of an order, by line and pool, in order of service."""
    own, its_line = _own(store_id, order_id), order_lines.alias("its_line")
    turn = (parts.c.queue_time, parts.c.order_id, parts.c.line_id)
    place = func.row_number().over(partition_by=(own.c.line_id, own.c.item, own.c.location), order_by=turn)
    found = (
        select(
            own.c.line_id.label("of_line"),
            own.c.queued_at.label("since"),
            parts,
            orders.c.number,
            orders.c.priority,
            orders.c.pinned,
            place.label("place"),
        )
        .select_from(own)
        .join(parts, and_(*(parts.c[name] == own.c[name] for name in ("store_id", "item", "location"))))
        .join(its_line, and_(*(its_line.c[name] == parts.c[name] for name in ("store_id", "order_id", "line_id"))))
        .join(orders, ITS_ORDER)
        .where(
            WAITS,
            its_line.c.cancel_wished_at.is_(None),
            tuple_(*turn) < tuple_(own.c.queue_time, own.c.order_id, own.c.line_id),
        )
        .subquery()
    )
    rows = conn.execute(select(found).where(found.c.place <= NAMED).order_by(found.c.of_line, found.c.place))
    named: dict[tuple[int, Pool], tuple[Ahead, ...]] = {}
    for row in rows:
        older = (row.queued_at, row.order_id) <= (row.since, order_id)
        one = Ahead(row.order_id, row.number, row.outstanding - row.allocated, older, row.priority, row.pinned)
        key = (row.of_line, Pool(row.item, row.location))
        named[key] = (*named.get(key, ()), one)
    return named


def place_of(conn: Connection, store_id: int, order_id: int) -> int:
    """The order's place: 1, and one more for each order that is served before it at something that it waits for."""
    own, its_line = _own(store_id, order_id), order_lines.alias("its_line")
    found = (
        select(func.count(parts.c.order_id.distinct()))
        .select_from(own)
        .join(parts, and_(*(parts.c[name] == own.c[name] for name in ("store_id", "item", "location"))))
        .join(its_line, and_(*(its_line.c[name] == parts.c[name] for name in ("store_id", "order_id", "line_id"))))
        .where(
            parts.c.order_id != order_id,
            WAITS,
            its_line.c.cancel_wished_at.is_(None),
            tuple_(parts.c.queue_time, parts.c.order_id, parts.c.line_id)
            < tuple_(own.c.queue_time, own.c.order_id, own.c.line_id),
        )
    )
    return 1 + int(conn.execute(found).scalar_one())


def overtakers_of(conn: Connection, store_id: int, order_id: int) -> dict[tuple[int, Pool], tuple[Overtaker, ...]]:
    """Who was given units before each waiting line of an order although they came later, the newest first."""
    place = func.row_number().over(
        partition_by=(parts.c.line_id, parts.c.item, parts.c.location), order_by=decisions.c.id.desc()
    )
    found = (
        select(
            parts.c.line_id.label("of_line"),
            decisions.c.order_id,
            decisions.c.item,
            decisions.c.location,
            decisions.c.before,
            decisions.c.allocated,
            decisions.c.rule,
            decisions.c.priority,
            decisions.c.at,
            orders.c.number,
            place.label("place"),
        )
        .select_from(parts)
        .join(order_lines, ITS_LINE)
        .join(decisions, and_(*(decisions.c[name] == parts.c[name] for name in ("store_id", "item", "location"))))
        .join(orders, and_(orders.c.store_id == decisions.c.store_id, orders.c.order_id == decisions.c.order_id))
        .where(
            parts.c.store_id == store_id,
            parts.c.order_id == order_id,
            WAITS,
            decisions.c.overtook.is_not(None),
            decisions.c.order_id != order_id,
            decisions.c.at >= order_lines.c.backordered_at,
            # The row names the one of those it passed who had waited longest; there may be others.
            or_(decisions.c.overtook == order_id, orders.c.placed_at > parts.c.queued_at),
        )
        .subquery()
    )
    rows = conn.execute(select(found).where(found.c.place <= NAMED).order_by(found.c.of_line, found.c.place))
    named: dict[tuple[int, Pool], tuple[Overtaker, ...]] = {}
    for row in rows:
        units = row.allocated - row.before
        one = Overtaker(row.order_id, row.number, units, row.rule, row.priority, row.at)
        key = (row.of_line, Pool(row.item, row.location))
        named[key] = (*named.get(key, ()), one)
    return named
