"""The merchant accepts that a customer cancels: what of the order is cancelled in the store, and that only once."""

import secrets

from backorder.db import cancel_rows, errands, orderbook, stores
from backorder.domain.actions import Capability
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Mode
from jobs.steer import Nonsense
from jobs.world import World, capabilities


def accept_cancel(world: World, store_id: int, order_id: int, *, restock: bool, refund: bool) -> None:
    """Have the store cancel all that is owed of the lines that the customer does not want. Raises Nonsense where there
    is nothing to cancel, or it is being cancelled already.
    """
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        if not store.policy.cancel_in_store or Capability.CANCEL not in capabilities(store):
            raise Nonsense("Waitline cancels nothing in your store: cancel it there, or switch it on under Settings.")
        if store.mode is Mode.WATCH:
            raise Nonsense("Waitline only watches your store: nothing is cancelled there before you switch it on.")
        book = orderbook.load(conn, store_id, [order_id], lock=True).get(order_id)
        if book is None:
            raise Nonsense("There is no such order.")
        if any(errands.is_open(row) for row in cancel_rows.of_order(conn, store_id, order_id)):
            raise Nonsense("It is being cancelled already.")
        wished = [line for line in book.order.lines if line.id in book.cancel_wished and line.outstanding > 0]
        if not wished or book.order.status is not OrderStatus.OPEN:
            raise Nonsense("There is nothing left to cancel: it was shipped or cancelled meanwhile.")
        units = {line.id: line.outstanding for line in wished}
        key = f"waitline-{secrets.token_hex(16)}"
        now = world.clock()
        cancel_rows.add(conn, store_id, order_id, units, restock=restock, refund=refund, key=key, now=now)
    world.bell.ring("write_back", "cancel", store_id, order_id)
