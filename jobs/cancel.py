"""Cancels in the store what the merchant accepted to cancel, with its refund: once, and never after it was shipped.

The key is stored before the first call. The connector looks at the order in the same operation and refuses what is no
longer so; whoever comes second reads why. Of an outcome that is unknown the store is asked before anything else.
"""

import structlog

from backorder.db import cancel_rows, leases, orderbook, stores
from backorder.db.cancel_rows import CancelRow
from backorder.db.leases import Lease
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Mode, Store
from connectors.contract import Cancellation
from jobs.attempt import attempt
from jobs.breaker import calling, may_be_called
from jobs.world import World

log = structlog.get_logger()

NEVER_CONFIRMED = "It was begun and never confirmed: look at the order in your store before you accept it again."


def cancel(world: World, store_id: int, order_id: int) -> None:
    """Make the order's cancellation that is due. No other write to the order runs meanwhile."""
    with leases.holding(world.database, f"write:{store_id}:{order_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        now = world.clock()
        with leases.writing(world.database, lease) as conn:
            store = stores.get(conn, store_id)
            row = next(
                (row for row in cancel_rows.of_order(conn, store_id, order_id) if cancel_rows.is_open(row)), None
            )
            if row is None or store.mode is Mode.WATCH or store.policy.paused or not may_be_called(store, now):
                return
            leases.renew(conn, lease, now)
            cancel_rows.set_state(conn, row.id, WorkState.RUNNING, now, due_at=now + leases.LENGTH)
        with calling(world, store):
            _cancel(world, store, lease, row)


def _cancel(world: World, store: Store, lease: Lease, row: CancelRow) -> None:
    """Make it, and record how it went; the order is read anew, for it is not as it was, or not as we believed."""
    begun = row.state is not WorkState.DUE
    wanted = Cancellation(row.order_id, row.units, row.key, restock=row.restock, refund=row.refund, begun=begun)
    client = world.client(store)
    went = attempt(
        lambda: client.cancel(wanted),
        world.clock,
        begun=begun,
        tries=row.tries,
        never_confirmed=NEVER_CONFIRMED,
    )
    with leases.writing(world.database, lease) as conn:
        now = world.clock()
        cancel_rows.set_state(conn, row.id, went.state, now, due_at=went.due_at, reason=went.reason, tried=True)
        orderbook.mark_unread(conn, store.id, [row.order_id], now)
    world.bell.ring("allocate", "allocate", store.id)
    if went.failure is not None:
        raise went.failure
    if went.state is WorkState.DONE:
        log.info("order_cancelled", store=store.id, order=row.order_id)
