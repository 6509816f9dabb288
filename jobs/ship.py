"""Tells the store of a parcel that the merchant recorded: once, and never of more than the order was given.

Holds of ours on its units are released first, by the order's own write. That the units have left is believed when a
reading says so.
"""

from backorder.db import orderbook, outbox, parcel_rows, stores
from backorder.db.errands import Kind
from backorder.db.parcel_rows import ParcelRow
from backorder.db.session import Connection
from backorder.domain.errors import PermanentFailure
from backorder.domain.lifecycle import WorkState
from backorder.domain.parcels import GONE_MEANWHILE, missing
from backorder.domain.store import Store
from connectors.contract import Dispatch, StoreClient
from jobs.errands import Doing, run
from jobs.promise import today_of
from jobs.take_in import take_in
from jobs.world import World
from jobs.write_back import fresh, read_again

NEVER_CONFIRMED = "It was begun and never confirmed: look at the order in your store before you record it again."
SWITCHED_OFF = "Recording parcels was switched off under Settings before your store was told."


def ship(world: World, store_id: int, order_id: int) -> None:
    """Tell the store of the order's parcel that is due."""
    run(world, store_id, order_id, SHIPPING)


def _may_begin(conn: Connection, world: World, store: Store, row: ParcelRow) -> bool:
    """On fresh readings, with what is written to the order done, and if its units are still given to it."""
    if not store.policy.ship_in_store:
        raise PermanentFailure(SWITCHED_OFF)
    now = world.clock()
    book = orderbook.load(conn, store.id, [row.order_id], lock=True).get(row.order_id)
    if book is None:
        raise PermanentFailure(GONE_MEANWHILE)
    if not fresh(conn, store, book, now):
        read_again(conn, world, store, book, now)
        return False
    reason = missing(row.parcel, book.standing(store.policy, today_of(store, now)))
    if reason:
        raise PermanentFailure(reason)
    return not outbox.is_write_pending(conn, store.id, row.order_id)


def _do(client: StoreClient, row: ParcelRow, begun: bool) -> None:
    client.ship(Dispatch(row.order_id, row.parcel, row.key, begun=begun))


def _noted(
    conn: Connection, world: World, store: Store, row: ParcelRow, state: WorkState, client: StoreClient | None
) -> None:
    """Who speaks of its units; and the reading that followed it: whoever has that learns nothing from its echoes."""
    parcel_rows.keep_who_tells(conn, store.id, row.order_id)
    if state is WorkState.RUNNING:
        return
    now = world.clock()
    told = client.last_reading(row.order_id) if client is not None and state is WorkState.DONE else None
    if told is None:
        orderbook.mark_unread(conn, store.id, [row.order_id], now)
    else:
        take_in(conn, stores.to_change(conn, store.id), [told], (), told.reading.began, now)


SHIPPING = Doing(Kind.PARCEL, parcel_rows.of_order, NEVER_CONFIRMED, _do, _noted, may_begin=_may_begin, first_look=60.0)
"""A repeat writes again what it does not find, so a slow store is given a minute to finish the first."""
