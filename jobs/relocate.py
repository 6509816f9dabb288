"""Lets another location ship an order where the merchant wants that: all of it lies free there, and nothing of it where
it waits.

A pass says what is to be moved; the row is there before the first call. The connector looks at the order in the same
operation, so a repeat finds what an earlier try did. What a person moved back is not moved again before more came in.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from backorder.db import errands, items, move_rows, orderbook, supply_rows
from backorder.db.errands import Kind
from backorder.db.move_rows import MoveRow
from backorder.db.orderbook import BookOrder
from backorder.db.session import Connection
from backorder.domain.actions import Capability
from backorder.domain.choices import kept_back
from backorder.domain.errors import PlanOutdated
from backorder.domain.lifecycle import WorkState
from backorder.domain.locations import Need, Relocation, more_came, relocation
from backorder.domain.orders import OrderStatus
from backorder.domain.store import Mode, Store
from backorder.domain.supply import Pool, Units
from connectors.contract import StoreClient
from jobs.errands import Doing, run
from jobs.promise import today_of
from jobs.world import World, capabilities
from jobs.write_back import fresh, read_again

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
        if found is None or any(errands.is_open(row) for row in rows):
            continue
        wanted = _pools(books[order_id], found)
        there = {pool.item: lying[pool] for pool in wanted}
        before = [row for row in rows if row.relocation.target == found.target and _was_tried(row)]
        if all(more_came(row.there, there) for row in before):
            move_rows.add(conn, store.id, order_id, found, there, now)
            # What it takes there is nobody else's to move to.
            for pool, units in wanted.items():
                free[pool] -= units


def relocate(world: World, store_id: int, order_id: int) -> None:
    """Make the order's move that is due."""
    run(world, store_id, order_id, MOVING)


def _items_of(book: BookOrder) -> set[int]:
    """The items that an order is owed."""
    return {pool.item for pool in orderbook.pools_of_orders([book])}


def _may_begin(conn: Connection, world: World, store: Store, row: MoveRow) -> bool:
    """On fresh readings, and if the rule still says so."""
    now = world.clock()
    book = orderbook.load(conn, store.id, [row.order_id]).get(row.order_id)
    if book is None or not _moves(store):
        raise PlanOutdated(NO_LONGER)
    if not fresh(conn, store, book, now):
        read_again(conn, world, store, book, now)
        return False
    if _wanted(store, book, _free(conn, store, _items_of(book)), now) != row.relocation:
        raise PlanOutdated(NO_LONGER)
    return True


def _do(client: StoreClient, row: MoveRow, _begun: bool) -> None:
    client.move(row.order_id, row.relocation)


def _noted(conn: Connection, world: World, store: Store, row: MoveRow, state: WorkState, _: StoreClient | None) -> None:
    """Order and stock are read anew, for the units lie elsewhere now, or otherwise than was believed."""
    if state is WorkState.RUNNING:
        return
    books = orderbook.load(conn, store.id, [row.order_id])
    orderbook.mark_unread(conn, store.id, books, world.clock())
    items.read_again(conn, store.id, {item for book in books.values() for item in _items_of(book)})


MOVING = Doing(Kind.MOVE, move_rows.of_order, NEVER_CONFIRMED, _do, _noted, may_begin=_may_begin)


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


def _was_tried(row: MoveRow) -> bool:
    """Whether where the order lies now may be a person's word about this move."""
    return row.tries > 0 or row.state is not WorkState.DROPPED


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
