"""Tries once more, because the merchant says so, what a store did not take."""

from backorder.db import item_rows, messages, orderbook, outbox, stores
from backorder.domain.store import Mode, Store
from jobs.steer import Nonsense
from jobs.world import World

NOTHING = "There is nothing to try again: it is on its way, or it was done."


def try_order_again(world: World, store_id: int, order_id: int) -> None:
    """The writes to one order that were given up: one more try, on a fresh reading. Raises Nonsense where nothing of it
    was, or where nothing may be written.
    """
    with world.database.write() as conn:
        _may_write(stores.to_change(conn, store_id))
        now = world.clock()
        again = outbox.try_again(conn, store_id, [order_id], now, given_up_by=now)
        if not again:
            raise Nonsense(NOTHING)
        messages.wait_again(conn, store_id, again, now)
        orderbook.mark_unread(conn, store_id, [order_id], now)
    world.bell.ring("allocate", "allocate", store_id)


def try_item_again(world: World, store_id: int, item: int) -> None:
    """The write to one item that was given up. Raises Nonsense as for an order."""
    with world.database.write() as conn:
        _may_write(stores.to_change(conn, store_id))
        now = world.clock()
        if not item_rows.try_again(conn, store_id, [item], now, given_up_by=now):
            raise Nonsense(NOTHING)
    world.bell.ring("write_back", "write_items", store_id)


def _may_write(store: Store) -> None:
    if store.mode is Mode.WATCH:
        raise Nonsense("Waitline only watches your store: nothing is written to it.")
    if store.policy.paused:
        raise Nonsense("Everything is paused. End the pause under Settings first.")
