"""Reads every open order of a store: the first import, and where it is cheaper than asking order by order each night.

It may take longer than a process lives, or the store may need time to put the answer together. So it is kept how far it
is, page by page, and whoever comes next goes on there.
"""

from datetime import timedelta

import structlog

from backorder.db import leases, orderbook, stores, whole_readings
from backorder.db.leases import Lease
from backorder.db.whole_readings import WholeReading
from backorder.domain.store import Store
from connectors.contract import Bookmark, StoreClient
from jobs.ingest import apply
from jobs.take_in import take_in
from jobs.world import World

log = structlog.get_logger()


def read_whole(
    world: World, store: Store, lease: Lease, client: StoreClient, whole: WholeReading, *, first: bool
) -> bool:
    """Go on with it; whether it has ended. Behind the `first` one a pull asks for what changed since."""
    newest = store.pulled_until
    pages = client.pull(None, Bookmark(whole.began, whole.place, whole.stock))
    while True:
        with world.database.write() as conn:
            leases.renew(conn, lease, world.clock())
        page = next(pages, None)
        if page is None:
            break
        again_at = world.clock() + timedelta(seconds=page.wait)
        with leases.writing(world.database, lease) as conn:
            # Choices may have changed while the store was asked: lines queue under those of today.
            today = stores.to_change(conn, store.id)
            take_in(conn, today, page.orders, (), whole.began, world.clock())
            apply(conn, today, page.events, world)
            if first and page.changed_until is not None and (newest is None or page.changed_until > newest):
                newest = page.changed_until
                stores.note(conn, store.id, pulled_until=newest)
            whole_readings.moved(
                conn,
                store.id,
                place=page.place,
                again_at=again_at,
                gathered=page.gathered,
                said=page.said,
            )
        if page.wait:
            return False
    with leases.writing(world.database, lease) as conn:
        # What is open was asked for: of what we know as open and was not told, all is possible.
        untold = orderbook.owing_unread_since(conn, store.id, whole.began)
        orderbook.mark_unread(conn, store.id, untold, world.clock())
        if first:
            # It has ended when the import has: what comes behind it may fail, and is then done without reading anew.
            stores.note(conn, store.id, pulled_at=whole.began)
        else:
            whole_readings.end(conn, store.id)
    log.info("whole_reading_ended", store=store.id, first=first)
    return True
