"""Does all due work in this process, one piece after the other: for replays, tests and runs without workers."""

from collections.abc import Callable, Collection
from datetime import datetime

from backorder.db import item_rows, move_rows, outbox, privacy_tasks, queue, stores, whole_readings
from jobs.allocate import allocate
from jobs.cancel import cancel
from jobs.catch_up import audit, catch_up
from jobs.erase import erase
from jobs.ingest import ingest
from jobs.judge import judge
from jobs.notify import notify
from jobs.relocate import relocate
from jobs.renew import renew
from jobs.ship import ship
from jobs.sweep import due, give_up_abandoned
from jobs.world import World
from jobs.write_back import write_back
from jobs.write_items import write_items

JOBS: dict[str, Callable[..., None]] = {
    "ingest": ingest,
    "allocate": allocate,
    "write_back": write_back,
    "write_items": write_items,
    "cancel": cancel,
    "relocate": relocate,
    "ship": ship,
    "notify": notify,
    "catch_up": catch_up,
    "audit": audit,
    "judge": judge,
    "renew": renew,
    "erase": erase,
}
"""Every job by the name that it is rung with; each takes the world and ids."""

ROUNDS = 10_000
"""Each may be one more wait of a store that takes few calls: many for a shop in which much is to be written."""


class NeverIdle(Exception):
    """Work made more work for ever: a fixed point was not reached."""


def work_off(
    world: World, *, move_to: Callable[[datetime], None] | None = None, leave_out: Collection[str] = ()
) -> None:
    """Do what is due until nothing is. With `move_to` time is moved on to work that waits for its time.

    Raises NeverIdle where no end is in sight.
    """
    give_up_abandoned(world)
    for _ in range(ROUNDS):
        rings = [ring for ring in due(world) if ring[1] not in leave_out]
        for _, job, *ids in rings:
            JOBS[job](world, *ids)
        if rings:
            continue
        later = next_due(world)
        if move_to is None or later is None:
            return
        move_to(later)
    raise NeverIdle("The work does not come to an end.")


def next_due(world: World) -> datetime | None:
    """When the next piece of work that waits for its time is due, beside the regular rounds."""
    now = world.clock()
    with world.database.read() as conn:
        times = [
            queue.next_doubt(conn, now),
            outbox.next_due(conn, now),
            item_rows.next_due(conn, now),
            move_rows.next_due(conn, now),
            stores.next_call(conn, now),
            stores.next_pull(conn, now),
            whole_readings.next_due(conn, now, [store.id for store in stores.callable_now(conn, now)]),
            privacy_tasks.next_try(conn, now),
        ]
    return min((at for at in times if at is not None), default=None)
