"""Changes of the book that do not come from the store: a customer's wish, a merchant's switch."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, String, cast, update

from backorder.db.orderbook import ask_for_review
from backorder.db.tables import order_lines, orders
from backorder.db.values import side_out
from backorder.domain.actions import StoreSide
from backorder.domain.orders import OrderStatus


def review_all(conn: Connection, store_id: int, *, forget_stood: bool) -> None:
    """Look at every open order again, and at others that still have something of ours: they may have ended while the
    store was only watched. With `forget_stood` as if for the first time: customers who wait are told.
    """
    values: dict[str, object] = {"review": True}
    if forget_stood:
        values["stood"] = None
    conn.execute(
        update(orders).where(orders.c.store_id == store_id, orders.c.status == OrderStatus.OPEN).values(**values)
    )
    nothing = json.dumps(side_out(StoreSide()))
    conn.execute(
        update(orders)
        .where(
            orders.c.store_id == store_id,
            orders.c.status.in_([OrderStatus.CLOSED, OrderStatus.CANCELLED]),
            orders.c.wrote.is_not(None),
            cast(orders.c.wrote, String) != nothing,
        )
        .values(review=True)
    )


def wish_cancel(
    conn: Connection, store_id: int, order_id: int, line_ids: Sequence[int], reason: str, now: datetime
) -> None:
    """The customer wants these lines cancelled; the first wish stays the one that counts."""
    conn.execute(
        update(order_lines)
        .where(
            order_lines.c.store_id == store_id,
            order_lines.c.order_id == order_id,
            order_lines.c.line_id.in_(list(line_ids)),
            order_lines.c.cancel_wished_at.is_(None),
        )
        .values(cancel_wished_at=now, cancel_reason=reason)
    )
    ask_for_review(conn, store_id, order_id)
