"""Reads from a store what changed lately, page by page, each page saved before the next is asked for."""

from datetime import timedelta

from backorder.db import leases, orderbook, stores
from backorder.db.leases import Lease
from backorder.domain.store import Store
from connectors.contract import StoreClient
from jobs.ingest import apply
from jobs.take_in import take_in
from jobs.world import World

OVERLAP = timedelta(minutes=15)
"""How far each pull reaches back behind the newest change that is known: stores' clocks are no sequence."""


def pull(world: World, store: Store, lease: Lease, client: StoreClient) -> None:
    """Pull what changed since the last pull (every open order where there never was one), and note that it was
    complete.
    """
    began = world.clock()
    since = None if store.pulled_until is None else store.pulled_until - OVERLAP
    newest = store.pulled_until
    pages = client.pull(since)
    while True:
        with world.database.write() as conn:
            leases.renew(conn, lease, world.clock())
        page = next(pages, None)
        if page is None:
            break
        with leases.writing(world.database, lease) as conn:
            # Choices may have changed while the store was asked: lines queue under those of today.
            today = stores.to_change(conn, store.id)
            take_in(conn, today, page.orders, (), began, world.clock())
            apply(conn, today, page.events, world)
            if page.changed_until is not None and (newest is None or page.changed_until > newest):
                newest = page.changed_until
                stores.note(conn, store.id, pulled_until=newest)
    with leases.writing(world.database, lease) as conn:
        if since is None:
            # What is open was asked for, not what changed: of what we know as open and was not told, all is possible.
            orderbook.mark_unread(conn, store.id, orderbook.owing_unread_since(conn, store.id, began), began)
        stores.note(conn, store.id, pulled_at=began)
