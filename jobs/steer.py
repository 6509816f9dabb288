"""What merchants, customers and operators change: each one transaction that changes the book and marks items dirty.

There is one way to allocate: nothing here decides who gets what.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from backorder.db import changes, items, orderbook, outbox, queue, stores
from backorder.domain.errors import OutcomeUnknown, PermanentFailure, Rejected, TemporaryFailure
from backorder.domain.policy import BackorderPolicy
from backorder.domain.store import Mode
from backorder.domain.supply import Pool
from connectors import get
from jobs.world import World


class Nonsense(Rejected):
    """What was entered cannot be; the sentence says why."""

    status = 422


def switch_on(world: World, store_id: int, *, tell_waiting: bool) -> None:
    """Let writes and messages leave from now on. Orders that already wait get their holds; their customers are told
    only if the merchant says so.
    """
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        if store.imported_at is None:
            raise Nonsense("The store's open orders are still being read. Switch it on when that has ended.")
        stores.set_mode(conn, store_id, Mode.ON)
        changes.review_all(conn, store_id, forget_stood=tell_waiting)
        items.touch(conn, store_id, items.owed(conn, store_id))
    world.bell.ring("allocate", "allocate", store_id)


def watch(world: World, store_id: int) -> None:
    """Stop everything that would leave for the store or its customers; go on following it."""
    with world.database.write() as conn:
        stores.to_change(conn, store_id)
        stores.set_mode(conn, store_id, Mode.WATCH)
        outbox.drop_due(conn, store_id, world.clock())


def save_policy(world: World, store_id: int, **choices: Any) -> BackorderPolicy:
    """Save the merchant's choices and plan everything anew under them. Raises PolicyError."""
    with world.database.write() as conn:
        before = stores.to_change(conn, store_id).policy
        policy = before.changed(**choices)
        stores.set_policy(conn, store_id, policy)
        if policy.late_lines_wait != before.late_lines_wait:
            # Queue times are kept with the lines: they are set anew when their orders are read.
            orderbook.mark_unread(conn, store_id, orderbook.owing(conn, store_id), world.clock())
        changes.review_all(conn, store_id, forget_stood=False)
        items.touch(conn, store_id, items.owed(conn, store_id))
    world.bell.ring("allocate", "allocate", store_id)
    return policy


def add_inbound(
    world: World,
    store_id: int,
    *,
    item: int,
    location: int | None,
    quantity: Decimal,
    expected_on: date,
    source: str = "",
) -> int:
    """Goods are on the way. A date that is past is taken: it counts from today and is shown as late."""
    if not quantity.is_finite() or quantity <= 0 or quantity > 1_000_000:
        raise Nonsense("The quantity must be more than 0 and at most 1,000,000.")
    if quantity != quantity.quantize(Decimal("0.0001")):
        raise Nonsense("The quantity can have at most four decimal places.")
    with world.database.write() as conn:
        known = queue.locations_of(conn, store_id, item)
        if not known:
            raise Nonsense(f"Item {item} has no stock of its own in this store.")
        if location is None and len(known) > 1:
            raise Nonsense(f"Item {item} lies at several locations: say which ({', '.join(map(str, known))}).")
        at = known[0] if location is None else location
        if at not in known:
            raise Nonsense(f"Item {item} is not stocked at location {at}.")
        made = queue.add_inbound(
            conn,
            store_id,
            Pool(item, at),
            quantity=quantity,
            expected_on=expected_on,
            source=source[:200],
            now=world.clock(),
        )
        items.touch(conn, store_id, [item])
    world.bell.ring("allocate", "allocate", store_id)
    return made


def undo_receipt(world: World, store_id: int, receipt_id: int) -> None:
    """What was taken for the arrival of announced goods was none: they are still on the way."""
    with world.database.write() as conn:
        item = queue.undo_receipt(conn, store_id, receipt_id, world.clock())
        if item is None:
            raise Nonsense("There is nothing to undo: it was undone before.")
        items.touch(conn, store_id, [item])
    world.bell.ring("allocate", "allocate", store_id)


def wish_cancel(world: World, store_id: int, order_id: int, *, line_ids: Sequence[int] | None, reason: str) -> int:
    """A customer wants waiting lines cancelled (`None`: all that wait). They take no more units until the store's
    order is cancelled or the merchant decides otherwise. Returns how many lines it concerns.
    """
    with world.database.write() as conn:
        store = stores.get(conn, store_id)
        book = orderbook.load(conn, store_id, [order_id], lock=True).get(order_id)
        if book is None:
            raise Nonsense("There is no such order.")
        waiting = [line.line_id for line in book.standing(store.policy.split).lines if line.waiting > 0]
        wished = [line for line in waiting if line_ids is None or line in line_ids]
        changes.wish_cancel(conn, store_id, order_id, wished, reason[:500], world.clock())
        items.touch(conn, store_id, {pool.item for pool in orderbook.pools_of_orders([book])})
    world.bell.ring("allocate", "allocate", store_id)
    return len(wished)


def forget(world: World, store_id: int) -> bool:
    """Disconnect a store: its credentials are destroyed, nothing is called, kept or sent for it any more.

    Returns whether its webhooks could be removed; if not, they are answered 200 and nothing of them is kept.
    """
    with world.database.read() as conn:
        store = stores.get(conn, store_id)
        token = stores.webhook_token(conn, store_id)
    try:
        url = get(store.platform).installer.webhook_url(world.config.public_url, token)
        world.client(store).unsubscribe(url)
        ended = True
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown):
        ended = False
    with world.database.write() as conn:
        stores.leave(conn, store_id)
    return ended
