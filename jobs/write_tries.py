"""How a write to a store begins, and when one that failed is tried again."""

from datetime import datetime, timedelta

from backorder.db import leases, outbox
from backorder.db.leases import Lease
from backorder.db.session import Connection
from backorder.domain.backoff import asked_for, wait_seconds
from backorder.domain.errors import StoreBusy, TemporaryFailure
from backorder.domain.lifecycle import WorkState
from jobs.world import World

TRIES = 12
MOST_SECONDS = 6 * 3600.0


def begin(conn: Connection, world: World, lease: Lease, ids: list[int]) -> None:
    """A write is begun: whoever finds it so after the lease has ended knows that nobody knows how it went."""
    leases.renew(conn, lease, world.clock())
    outbox.set_actions(conn, ids, WorkState.RUNNING, world.clock(), due_at=world.clock() + leases.LENGTH)


def put_off(
    conn: Connection, ids: list[int], tries: int, error: TemporaryFailure, chance: float, now: datetime
) -> WorkState:
    """Try again later, at last not at all; which of both. A store that only takes no more calls for the moment uses up
    no try; the first one is noted all the same, for the store may have a part of what was begun.
    """
    busy = isinstance(error, StoreBusy)
    if busy:
        seconds = asked_for(error.retry_after, chance)
    else:
        seconds = wait_seconds(tries, first=5.0, most=MOST_SECONDS, at_least=error.retry_after, chance=chance)
    state = WorkState.FAILED if tries + 1 >= TRIES and not busy else WorkState.DUE
    due_at = now + timedelta(seconds=seconds)
    outbox.set_actions(conn, ids, state, now, reason=str(error), due_at=due_at, tried=tries == 0 or not busy)
    return state
