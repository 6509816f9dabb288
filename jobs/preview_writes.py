"""What would be written to a store for its orders, without writing: the very requests, computed on a fresh reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backorder.db import orderbook, queries, stores
from backorder.domain.actions import desired, without_refused
from backorder.domain.errors import Rejected
from connectors.contract import Intended
from jobs.promise import today_of
from jobs.world import World, capabilities

AT_MOST = 50
"""Orders that are read for it in one call."""


class NoSuchOrder(Rejected):
    """The store has no order of that id."""

    status = 404


@dataclass(frozen=True, slots=True)
class OrderWrites:
    """What one order would get; nothing where the store has all of it."""

    order_id: int
    number: str
    requests: Sequence[Intended]


def preview_writes(world: World, store_id: int, order_id: int | None = None) -> list[OrderWrites]:
    """What one order, or each of those that wait longest, would get under the settings as they are now.

    Raises Rejected where there is no such order, and what a call to the store raises.
    """
    now = world.clock()
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
        waiting = queries.waiting_orders(conn, store_id, limit=AT_MOST) if order_id is None else []
        ids = [head.order_id for head in waiting] if order_id is None else [order_id]
        books = orderbook.load(conn, store_id, ids)
    if order_id is not None and not books:
        raise NoSuchOrder("There is no such order.")
    today, can = today_of(store, now), capabilities(store)
    wanted = {
        order: without_refused(
            desired(book.standing(store.policy, today), store.policy, can), book.refused_tags, line=book.refused_line
        )
        for order, book in books.items()
    }
    found: Mapping[int, Sequence[Intended]] = world.client(store).preview(wanted) if wanted else {}
    return [
        OrderWrites(order, books[order].order.number, found[order])
        for order in ids
        if order in books and order in found
    ]
