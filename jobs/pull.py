"""Reads from a store what changed lately, page by page, each page saved before the next is asked for.

A store that takes no more calls for the moment breaks a pull off. Where it tells how far that came, the next goes on
there: begun anew each time it would never end in a store in which much changes.
"""

from datetime import datetime, timedelta

from backorder.db import leases, orderbook, pulls, stores
from backorder.db.leases import Lease
from backorder.db.pulls import Pull
from backorder.domain.errors import PermanentFailure
from backorder.domain.store import Store
from connectors.contract import Bookmark, StoreClient
from jobs.ingest import apply
from jobs.take_in import take_in
from jobs.world import World

OVERLAP = timedelta(minutes=15)
"""How far each pull reaches back behind the newest change that is known: stores' clocks are no sequence."""
KEPT = timedelta(days=1)
"""A pull that was broken off longer ago is begun anew."""


def pull(world: World, store: Store, lease: Lease, client: StoreClient) -> None:
    """Pull what changed since the last pull (every open order where there never was one), and note that it was
    complete; or end one that was broken off.
    """
    left = _broken_off(world, store)
    began = world.clock() if left is None else left.began
    since = None if store.pulled_until is None else store.pulled_until - OVERLAP
    since = since if left is None else left.since
    newest = store.pulled_until
    pages = client.pull(since, None if left is None else Bookmark(began, left.place))
    while True:
        with world.database.write() as conn:
            leases.renew(conn, lease, world.clock())
        try:
            page = next(pages, None)
        except PermanentFailure:
            # Whatever the store has against it, the next one begins anew.
            with world.database.write() as conn:
                pulls.end(conn, store.id)
            raise
        if page is None:
            break
        if page.changed_until is not None and (newest is None or page.changed_until > newest):
            newest = page.changed_until
        with leases.writing(world.database, lease) as conn:
            # Choices may have changed while the store was asked: lines queue under those of today.
            today = stores.to_change(conn, store.id)
            take_in(conn, today, page.orders, (), began, world.clock())
            apply(conn, today, page.events, world)
            if since is not None and page.place is not None:
                pulls.keep(conn, store.id, Pull(began, since, page.place))
            elif newest is not None:
                stores.note(conn, store.id, pulled_until=newest)
    with leases.writing(world.database, lease) as conn:
        today = stores.to_change(conn, store.id)
        if since is None:
            # What is open was asked for, not what changed: of what we know as open and was not told, all is possible.
            orderbook.mark_unread(conn, store.id, orderbook.owing_unread_since(conn, store.id, began), began)
        if left is not None and newest is not None:
            # Its first pages are as old as it is: what the store told late of that time is in the next pull's.
            newest = min(newest, began)
        pulls.end(conn, store.id)
        stores.note(
            conn,
            store.id,
            pulled_at=_later(today.pulled_at, began),
            pulled_until=_later(today.pulled_until, newest),
        )


def _broken_off(world: World, store: Store) -> Pull | None:
    """A pull to go on with. One that began before the last complete one says nothing new."""
    with world.database.read() as conn:
        left = pulls.under_way(conn, store.id)
    if left is None or left.began < world.clock() - KEPT:
        return None
    return None if store.pulled_at is not None and left.began <= store.pulled_at else left


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two moments, where there are."""
    return max((moment for moment in (one, other) if moment is not None), default=None)
