"""Cancels in the store what the merchant accepted to cancel, with its refund: once, and never after it was shipped.

The key is stored before the first call. The connector looks at the order in the same operation and refuses what is no
longer so; whoever comes second reads why. Of an outcome that is unknown the store is asked before anything else.
"""

from datetime import datetime, timedelta

import structlog

from backorder.db import cancel_rows, leases, orderbook, stores
from backorder.db.cancel_rows import CancelRow
from backorder.db.leases import Lease
from backorder.domain.backoff import wait_seconds
from backorder.domain.errors import AccessLost, OutcomeUnknown, PermanentFailure, StoreClosed, TemporaryFailure
from backorder.domain.lifecycle import WorkState
from backorder.domain.store import Mode, Store
from connectors.contract import Cancellation
from jobs.breaker import calling, may_be_called
from jobs.world import World

log = structlog.get_logger()

TRIES = 12
LOOKS = 6
"""How often a cancellation of unknown outcome is looked for: about eight minutes. Then a person has to look."""
MOST = 6 * 3600.0
"""Seconds between two tries."""
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
    begun = row.state is not WorkState.DUE
    wanted = Cancellation(row.order_id, row.units, row.key, restock=row.restock, refund=row.refund, begun=begun)
    try:
        world.client(store).cancel(wanted)
    except OutcomeUnknown as error:
        if row.tries + 1 >= LOOKS:
            _note(world, store, lease, row, WorkState.FAILED, NEVER_CONFIRMED, world.clock())
            return
        _note(world, store, lease, row, WorkState.UNKNOWN, str(error), _later(world.clock(), row.tries))
        raise
    except TemporaryFailure as error:
        wait = wait_seconds(row.tries, first=15.0, most=MOST, at_least=error.retry_after, chance=world.chance())
        again = world.clock() + timedelta(seconds=wait)
        # What was begun may have been done: it stays open until the store has said.
        state = WorkState.UNKNOWN if begun else WorkState.FAILED if row.tries + 1 >= TRIES else WorkState.DUE
        _note(world, store, lease, row, state, str(error), again)
        raise
    except (AccessLost, StoreClosed) as error:
        state = WorkState.UNKNOWN if begun else WorkState.DUE
        _note(world, store, lease, row, state, str(error), world.clock())
        raise
    except PermanentFailure as error:
        _note(world, store, lease, row, WorkState.FAILED, str(error), world.clock())
        return
    _note(world, store, lease, row, WorkState.DONE, "", world.clock())
    log.info("order_cancelled", store=store.id, order=row.order_id)


def _later(now: datetime, tries: int) -> datetime:
    """When a cancellation of unknown outcome is looked for again. Not by chance: all the looks together last so long
    that a late one is found.
    """
    return now + timedelta(seconds=wait_seconds(tries, first=15.0, most=MOST, chance=1.0))


def _note(
    world: World, store: Store, lease: Lease, row: CancelRow, state: WorkState, reason: str, due_at: datetime
) -> None:
    """Record how it went; the order is read anew, for it is not as it was, or not as we believed."""
    with leases.writing(world.database, lease) as conn:
        now = world.clock()
        cancel_rows.set_state(conn, row.id, state, now, due_at=due_at, reason=reason, tried=True)
        orderbook.mark_unread(conn, store.id, [row.order_id], now)
    world.bell.ring("allocate", "allocate", store.id)
