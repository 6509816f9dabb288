"""What a worker that starts does first: it ends the leases that a killed one of this machine left behind."""

import structlog

from backorder.db import leases
from backorder.db.session import StorageError
from jobs.world import World

HARMLESS = ("ingest", "allocate")
"""Work that only reads outside, so that nothing of a dead worker is still on its way. A write to a store may be: its
lease is waited for, and then the store is asked what it has.
"""

log = structlog.get_logger()


def inherit(world: World) -> None:
    """Free what dead workers of this machine held, so that their work goes on now and not when a lease ends."""
    try:
        with world.database.write(durable=False) as conn:
            ended = leases.end_those_of(conn, HARMLESS, world.is_dead, world.clock())
    except StorageError as error:
        # The database is away. The leases end by themselves.
        log.warning("leases of the dead left alone", error=str(error))
        return
    if ended:
        log.info("leases of the dead ended", leases=ended)
