"""What would be written to a store for its orders, without writing: the very requests, computed on a fresh reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backorder.db import cancel_rows, move_rows, orderbook, parcel_rows, queries, stores
from backorder.db.cancel_rows import CancelRow
from backorder.db.errands import is_open as _open
from backorder.db.move_rows import MoveRow
from backorder.db.parcel_rows import ParcelRow
from backorder.domain.actions import desired, without_refused
from backorder.domain.errors import OutcomeUnknown, PermanentFailure, Rejected
from backorder.domain.lifecycle import WorkState
from backorder.domain.parcels import Parcel
from connectors.contract import Dispatch, Intended, StoreClient
from jobs.promise import today_of
from jobs.record_parcel import may_be_recorded
from jobs.world import World, capabilities

PREVIEWED = "preview"
"""The key of a parcel that is only shown."""
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
        asked = [
            (row.order_id, _of_cancellation(row)) for row in cancel_rows.of_orders(conn, store_id, ids) if _open(row)
        ]
        moved = [row for rows in move_rows.of_orders(conn, store_id, ids).values() for row in rows if _open(row)]
        asked += [(row.order_id, _of_move(row)) for row in moved]
        packed = [row for row in parcel_rows.of_orders(conn, store_id, ids) if _open(row)]
    if order_id is not None and not books:
        raise NoSuchOrder("There is no such order.")
    today, can = today_of(store, now), capabilities(store)
    wanted = {
        order: without_refused(
            desired(book.standing(store.policy, today), store.policy, can), book.refused_tags, line=book.refused_line
        )
        for order, book in books.items()
    }
    if not wanted:
        return []
    client = world.client(store)
    found: Mapping[int, Sequence[Intended]] = client.preview(wanted)
    parcels = {row.order_id: _of_parcel(client, row) for row in packed if row.order_id in found}
    return [
        OrderWrites(
            order,
            books[order].order.number,
            [*found[order], *parcels.get(order, ()), *(told for of, told in asked if of == order)],
        )
        for order in ids
        if order in books and order in found
    ]


def preview_parcel(world: World, store_id: int, order_id: int, parcel: Parcel) -> Sequence[Intended]:
    """What a parcel would come to in the store if it were recorded now, with holds of ours on its units taken off.
    Raises as recording it would, and what a call to the store raises.
    """
    may_be_recorded(world, store_id, order_id, parcel)
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
    return world.client(store).preview_ship(Dispatch(order_id, parcel, PREVIEWED))


def _of_cancellation(row: CancelRow) -> Intended:
    """What was accepted. Its requests depend on what the store would pay back then."""
    lines = {line: f"{units:f}" for line, units in row.units.items()}
    return Intended("A cancellation that was accepted", {"lines": lines, "restock": row.restock, "refund": row.refund})


def _of_move(row: MoveRow) -> Intended:
    """Where an order is to ship from."""
    told = row.relocation
    lines = {line: f"{units:f}" for line, units in told.units.items()}
    return Intended("A move to another location", {"lines": lines, "from": told.source, "to": told.target})


def _of_parcel(client: StoreClient, row: ParcelRow) -> Sequence[Intended]:
    """What a parcel that is being recorded would still send."""
    try:
        return client.preview_ship(Dispatch(row.order_id, row.parcel, row.key, begun=row.state is not WorkState.DUE))
    except (PermanentFailure, OutcomeUnknown) as error:
        return [Intended("No parcel is recorded", {"reason": str(error)})]
