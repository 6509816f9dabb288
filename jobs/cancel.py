"""Cancels in the store what the merchant accepted to cancel, with its refund: once, and never after it was shipped."""

from backorder.db import cancel_rows, orderbook
from backorder.db.cancel_rows import CancelRow
from backorder.db.errands import Kind
from backorder.db.session import Connection
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Store
from connectors.contract import Cancellation, StoreClient
from jobs.errands import Doing, run
from jobs.world import World

NEVER_CONFIRMED = "It was begun and never confirmed: look at the order in your store before you accept it again."


def cancel(world: World, store_id: int, order_id: int) -> None:
    """Make the order's cancellation that is due."""
    run(world, store_id, order_id, CANCELLING)


def _do(client: StoreClient, row: CancelRow, begun: bool) -> None:
    client.cancel(Cancellation(row.order_id, row.units, row.key, restock=row.restock, refund=row.refund, begun=begun))


def _noted(
    conn: Connection, world: World, store: Store, row: CancelRow, state: WorkState, _: StoreClient | None
) -> None:
    """The order is read anew, for it is not as it was, or not as we believed."""
    if state is not WorkState.RUNNING:
        orderbook.mark_unread(conn, store.id, [row.order_id], world.clock())


CANCELLING = Doing(Kind.CANCELLATION, cancel_rows.of_order, NEVER_CONFIRMED, _do, _noted)
