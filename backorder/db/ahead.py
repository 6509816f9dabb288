"""Who is served before the lines of one order. One statement."""

from sqlalchemy import Connection, and_, func, select, tuple_

from backorder.db.queries import ITS_ORDER, WAITS
from backorder.db.tables import NOWHERE, order_lines, orders, parts
from backorder.domain.reasons import Ahead
from backorder.domain.supply import Pool

NAMED = 5
"""Of those who are served before a line, so many are named."""


def ahead_of(conn: Connection, store_id: int, order_id: int) -> dict[tuple[int, Pool], tuple[Ahead, ...]]:
    """Who is served before each waiting line of an order, by line and pool, in order of service."""
    own, its_line = parts.alias("own"), order_lines.alias("its_line")
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
            own.c.store_id == store_id,
            own.c.order_id == order_id,
            own.c.outstanding > own.c.allocated,
            own.c.item != NOWHERE,
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
