"""The merchant has packed a parcel: what is in it is the order's from now on, and the store is told, once."""

import secrets

from backorder.db import changes, decided, errands, orderbook, parcel_rows, stores
from backorder.db.orderbook import BookOrder
from backorder.db.session import Connection
from backorder.domain.actions import Capability
from backorder.domain.allocation import Rule, made_firm
from backorder.domain.lifecycle import OrderStanding
from backorder.domain.parcels import Parcel, ParcelError, beyond, check
from backorder.domain.store import Mode, Store
from backorder.domain.supply import ZERO
from jobs.promise import today_of
from jobs.steer import Nonsense
from jobs.world import World, capabilities

OFF = "Waitline records no parcels in your store: ship there, or switch it on under Settings."


def record_parcel(world: World, store_id: int, order_id: int, parcel: Parcel) -> None:
    """Have the store told of a parcel. Its units are firm from now on: they leave, so no other order gets them, and
    holds of ours come off them. Raises ParcelError, and Nonsense where nothing can be recorded.
    """
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        book, order = _fitting(conn, world, store, order_id, parcel)
        if any(errands.is_open(row) for row in parcel_rows.of_order(conn, store_id, order_id)):
            raise Nonsense("A parcel of this order is being recorded: wait until your store has it.")
        now = world.clock()
        key = f"waitline-{secrets.token_hex(16)}"
        parcel_rows.add(conn, store_id, order_id, parcel, key=key, now=now)
        packed = {(each.line_id, each.location): each.units for each in parcel.units}
        made = made_firm(
            book.order,
            order,
            lambda line, _, pool: packed.get((line.line_id, pool.location), ZERO),
            Rule.PACKED,
        )
        decided.decide(conn, store_id, made, {}, policy_version=store.policy.version, now=now)
        if made:
            changes.review_of(conn, store_id, [order_id])
    world.bell.ring("allocate", "allocate", store_id)
    world.bell.ring("write_back", "ship", store_id, order_id)


def may_be_recorded(world: World, store_id: int, order_id: int, parcel: Parcel) -> None:
    """Raise as `record_parcel` would, and change nothing."""
    with world.database.read() as conn:
        _fitting(conn, world, stores.get(conn, store_id), order_id, parcel)


def _fitting(
    conn: Connection, world: World, store: Store, order_id: int, parcel: Parcel
) -> tuple[BookOrder, OrderStanding]:
    """The order, if the parcel fits it."""
    can = capabilities(store)
    if not store.policy.ship_in_store or Capability.SHIP not in can:
        raise Nonsense(OFF)
    if store.mode is not Mode.ON:
        raise Nonsense("Waitline only watches your store: nothing is recorded there before you switch it on.")
    check(parcel, parts=Capability.PARTS in can)
    book = orderbook.load(conn, store.id, [order_id]).get(order_id)
    if book is None:
        raise Nonsense("There is no such order.")
    order = book.standing(store.policy, today_of(store, world.clock()))
    reason = beyond(parcel, order)
    if reason:
        raise ParcelError("units", reason)
    return book, order
