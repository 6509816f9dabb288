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
FIRST_SECONDS = 5.0
MOST_SECONDS = 6 * 3600.0
"""Seconds between two tries."""


def begin(conn: Connection, world: World, lease: Lease, ids: list[int]) -> None:
    """A write is begun: whoever finds it so after the lease has ended knows that nobody knows how it went."""
    leases.renew(conn, lease, world.clock())
    outbox.set_actions(conn, ids, WorkState.RUNNING, world.clock(), due_at=world.clock() + leases.LENGTH)


def wait_after(error: TemporaryFailure, tries: int, chance: float, *, first: float = FIRST_SECONDS) -> float:
    """Seconds until what failed after so many tries is tried again. Where a store only takes no more calls for the
    moment nothing failed: it is asked again when it said.
    """
    if isinstance(error, StoreBusy):
        return asked_for(error.retry_after, chance)
    return wait_seconds(tries, first=first, most=MOST_SECONDS, at_least=error.retry_after, chance=chance)


def put_off(
    conn: Connection, ids: list[int], tries: int, error: TemporaryFailure, chance: float, now: datetime
) -> WorkState:
    """Try again later, at last not at all; which of both. A store that only takes no more calls for the moment uses up
    no try; the first one is noted all the same, for the store may have a part of what was begun.
    """
    busy = isinstance(error, StoreBusy)
    seconds = wait_after(error, tries, chance)
    state = WorkState.FAILED if tries + 1 >= TRIES and not busy else WorkState.DUE
    due_at = now + timedelta(seconds=seconds)
    outbox.set_actions(conn, ids, state, now, reason=str(error), due_at=due_at, tried=tries == 0 or not busy)
    return state
