"""Lets another location ship an order where the merchant wants that: all of it lies free there, and nothing of it where
it waits.

A pass says what is to be moved; the row is there before the first call. The connector looks at the order in the same
operation, so a repeat finds what an earlier try did. What a person moved back is not moved again before more came in.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

import structlog

from backorder.db import items, leases, move_rows, orderbook, stores, supply_rows
from backorder.db.leases import Lease
from backorder.db.move_rows import MoveRow
from backorder.db.orderbook import BookOrder
from backorder.db.session import Connection
from backorder.domain.actions import Capability
from backorder.domain.choices import kept_back
from backorder.domain.lifecycle import WorkState
from backorder.domain.locations import Need, Relocation, more_came, relocation
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Mode, Store
from backorder.domain.supply import Pool, Units
from jobs.attempt import attempt
from jobs.breaker import calling, may_be_called
from jobs.promise import today_of
from jobs.world import World, capabilities
from jobs.write_back import fresh, read_again

log = structlog.get_logger()

AT_ONCE = 50
"""So many orders that wait for the items of a pass are looked at, the first ones in turn."""
NEVER_CONFIRMED = "It was begun and never confirmed: look in your store from where the order ships."
NO_LONGER = "It is no longer so."


def plan_moves(conn: Connection, store: Store, touched: Collection[int], now: datetime) -> None:
    """Make due what should ship from another location, among the orders that wait for these items."""
    if not _moves(store) or not touched:
        return
    ids = move_rows.waiting_for(conn, store.id, touched, AT_ONCE)
    books = orderbook.load(conn, store.id, ids)
    known = move_rows.of_orders(conn, store.id, ids)
    of_books = {pool.item for pool in orderbook.pools_of_orders(books.values())}
    free = _free(conn, store, of_books)
    lying = move_rows.on_hand(conn, store.id, of_books)
    for order_id in ids:
        rows = known.get(order_id, [])
        found = _wanted(store, books[order_id], free, now)
        if found is None or any(row.open for row in rows):
            continue
        wanted = _pools(books[order_id], found)
        there = {pool.item: lying[pool] for pool in wanted}
        if all(more_came(row.there, there) for row in rows if row.relocation.target == found.target):
            move_rows.add(conn, store.id, order_id, found, there, now)
            # What it takes there is nobody else's to move to.
            for pool, units in wanted.items():
                free[pool] -= units


def relocate(world: World, store_id: int, order_id: int) -> None:
    """Make the order's move that is due. No other write to the order runs meanwhile."""
    with leases.holding(world.database, f"write:{store_id}:{order_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        with leases.writing(world.database, lease) as conn:
            now = world.clock()
            store = stores.get(conn, store_id)
            rows = move_rows.of_orders(conn, store_id, [order_id]).get(order_id, [])
            row = next((row for row in rows if row.open), None)
            book = orderbook.load(conn, store_id, [order_id]).get(order_id)
            stopped = store.mode is not Mode.ON or store.policy.paused or not may_be_called(store, now)
            if row is None or book is None or stopped:
                return
            if row.state is WorkState.DUE:
                if not fresh(conn, store, book, now):
                    read_again(conn, world, store, book, now)
                    return
                free = _free(conn, store, items_of(book))
                if not _moves(store) or _wanted(store, book, free, now) != row.relocation:
                    move_rows.set_state(conn, row.id, WorkState.DROPPED, now, due_at=now, reason=NO_LONGER)
                    return
            leases.renew(conn, lease, now)
            move_rows.set_state(conn, row.id, WorkState.RUNNING, now, due_at=now + leases.LENGTH)
        with calling(world, store):
            _move(world, store, lease, row, items_of(book))


def items_of(book: BookOrder) -> set[int]:
    """The items that an order is owed."""
    return {pool.item for pool in orderbook.pools_of_orders([book])}


def _move(world: World, store: Store, lease: Lease, row: MoveRow, touched: set[int]) -> None:
    """Make it, and record how it went; order and stock are read anew, for the units lie elsewhere now, or otherwise."""
    client = world.client(store)
    went = attempt(
        lambda: client.move(row.order_id, row.relocation),
        world.clock,
        begun=row.state is not WorkState.DUE,
        tries=row.tries,
        never_confirmed=NEVER_CONFIRMED,
    )
    with leases.writing(world.database, lease) as conn:
        now = world.clock()
        move_rows.set_state(conn, row.id, went.state, now, due_at=went.due_at, reason=went.reason, tried=True)
        orderbook.mark_unread(conn, store.id, [row.order_id], now)
        items.read_again(conn, store.id, touched)
    world.bell.ring("allocate", "allocate", store.id)
    if went.failure is not None:
        raise went.failure
    log.info("order_moved", store=store.id, order=row.order_id, state=went.state)


def _moves(store: Store) -> bool:
    return store.mode is Mode.ON and store.policy.move_in_store and Capability.MOVE in capabilities(store)


def _wanted(store: Store, book: BookOrder, free: Mapping[Pool, Units], now: datetime) -> Relocation | None:
    """What of an order should ship from another location; nothing of one about which a person has to decide."""
    if book.cancel_wished or book.refused or book.order.status is not OrderStatus.OPEN:
        return None
    standing = book.standing(store.policy, today_of(store, now))
    parts = [(line.line_id, part) for line in standing.lines for part in line.parts if part.outstanding > 0]
    if not all(part.decided for _, part in parts):
        return None
    owed = [Need(line, part.pool, part.outstanding) for line, part in parts if part.pool is not None]
    serving = {part.pool.location for _, part in parts if part.pool is not None and part.allocated > 0}
    return relocation(owed, serving, free, store.policy)


def _pools(book: BookOrder, found: Relocation) -> dict[Pool, Units]:
    """What a move takes from each pool of the location that the order moves to."""
    item_of = {line.id: line.item for line in book.order.lines}
    taken: dict[Pool, Units] = {}
    for line, units in found.units.items():
        item = item_of[line]
        if item is not None:
            pool = Pool(item, found.target)
            taken[pool] = taken.get(pool, Units(0)) + units
    return taken


def _free(conn: Connection, store: Store, wanted: Collection[int]) -> dict[Pool, Units]:
    """Units of these items that nobody has, less what is kept back for new orders."""
    chosen = items.choices(conn, store.id, wanted)
    found = supply_rows.free_units(conn, store.id, wanted)
    return {pool: units - kept_back(store.policy, chosen.get(pool.item)) for pool, units in found.items()}
