"""A store's whole book, flat, and every row there is: what a comparison with the truth needs."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, select

from backorder.db.tables import metadata, order_lines, orders, parts, pools
from backorder.domain.orders import OrderStatus
from backorder.domain.supply import ZERO

_OF_LINE = (
    (order_lines.c.store_id == parts.c.store_id)
    & (order_lines.c.order_id == parts.c.order_id)
    & (order_lines.c.line_id == parts.c.line_id)
)
_OF_ORDER = (orders.c.store_id == order_lines.c.store_id) & (orders.c.order_id == order_lines.c.order_id)


def pool_rows(conn: Connection, store_id: int) -> Sequence[RowMapping]:
    """Every pool with the figures that were read last."""
    return conn.execute(
        select(pools).where(pools.c.store_id == store_id).order_by(pools.c.item, pools.c.location)
    ).mappings().all()  # fmt: skip


def part_rows(conn: Connection, store_id: int) -> Sequence[RowMapping]:
    """Every part that is owed, pool by pool in queue order; those in no pool first."""
    return (
        conn.execute(
            select(
                orders.c.number,
                orders.c.placed_at,
                order_lines.c.ordered,
                order_lines.c.shipped,
                order_lines.c.cancelled,
                parts,
            )
            .select_from(parts)
            .join(order_lines, _OF_LINE)
            .join(orders, _OF_ORDER)
            .where(parts.c.store_id == store_id, order_lines.c.ignored.is_(None))
            .order_by(parts.c.item, parts.c.location, parts.c.queue_time, parts.c.order_id, parts.c.line_id)
        )
        .mappings()
        .all()
    )


def idle_lines(conn: Connection, store_id: int) -> Sequence[RowMapping]:
    """Every line that owes nothing, or never waits: why, in the book's words and in the store's."""
    owed = select(parts.c.line_id).where(_OF_LINE, parts.c.outstanding > ZERO)
    return (
        conn.execute(
            select(order_lines, orders.c.status, orders.c.store_status, orders.c.number, orders.c.placed_at)
            .join(orders, _OF_ORDER)
            .where(
                order_lines.c.store_id == store_id,
                order_lines.c.ignored.is_not(None) | (orders.c.status != OrderStatus.OPEN) | ~owed.exists(),
            )
            .order_by(order_lines.c.order_id, order_lines.c.line_id)
        )
        .mappings()
        .all()
    )


def orders_known(conn: Connection, store_id: int) -> Sequence[RowMapping]:
    """Every order's id and the address of its customer."""
    found = select(orders.c.order_id, orders.c.email, orders.c.status).where(orders.c.store_id == store_id)
    return conn.execute(found.order_by(orders.c.order_id)).mappings().all()


def every_row(conn: Connection) -> dict[str, str]:
    """All that each table says, of every store, as one text: to look for what should not be there."""
    return {
        name: "\n".join(" ".join(map(_text, row)) for row in conn.execute(select(table)))
        for name, table in sorted(metadata.tables.items())
    }


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
