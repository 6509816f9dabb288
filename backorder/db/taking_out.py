"""How far the taking out of what is ours has come in a store that is to be left."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, Select, String, and_, cast, func, or_, select

from backorder.db import errands
from backorder.db.outbox import TO_DO
from backorder.db.tables import actions, item_writes, orders
from backorder.db.values import item_side_out, side_out
from backorder.domain.actions import ActionKind, StoreSide
from backorder.domain.item_side import ItemSide
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import OrderStatus


@dataclass(frozen=True, slots=True)
class OursLeft:
    """What a store still has of ours: orders and items with something of it, writes that are under way, writes that
    failed.
    """

    orders: int
    items: int
    under_way: int
    failed: int

    @property
    def nothing(self) -> bool:
        """Whether the store has nothing of ours any more."""
        return self.orders == self.items == self.under_way == 0


def ours_left(conn: Connection, store_id: int) -> OursLeft:
    """How far it has come. An item counts until it was written that nothing of ours is to be there."""
    with_ours = select(func.count()).where(
        orders.c.store_id == store_id,
        orders.c.status != OrderStatus.GONE,
        orders.c.wrote.is_not(None),
        cast(orders.c.wrote, String) != json.dumps(side_out(StoreSide())),
    )
    items = (
        select(func.count())
        .select_from(item_writes)
        .where(
            item_writes.c.store_id == store_id,
            or_(
                item_writes.c.state != WorkState.DONE,
                cast(item_writes.c.desired, String) != json.dumps(item_side_out(ItemSide())),
            ),
        )
    )
    open_writes = select(func.count()).where(actions.c.store_id == store_id, TO_DO)
    open_items = select(func.count()).where(
        item_writes.c.store_id == store_id,
        item_writes.c.state.in_([WorkState.DUE, WorkState.RUNNING, WorkState.UNKNOWN]),
    )
    failed = (
        select(func.count())
        .select_from(actions)
        .join(orders, and_(orders.c.store_id == actions.c.store_id, orders.c.order_id == actions.c.order_id))
        .where(
            actions.c.store_id == store_id,
            actions.c.state == WorkState.FAILED,
            actions.c.side_seq == orders.c.side_seq,
            actions.c.kind != ActionKind.NOTE,
        )
    )
    failed_items = select(func.count()).where(
        item_writes.c.store_id == store_id, item_writes.c.state == WorkState.FAILED
    )

    def count(*of: Select[int]) -> int:
        return sum(conn.execute(one).scalar_one() for one in of)

    return OursLeft(
        orders=count(with_ours),
        items=count(items),
        under_way=count(open_writes, open_items) + errands.under_way(conn, store_id),
        failed=count(failed, failed_items),
    )
