"""Renews the key of a store that nobody called for a long time, before it dies of it."""

from datetime import timedelta

from backorder.db import stores
from jobs.breaker import calling, may_be_called
from jobs.world import World

AGAIN = timedelta(days=1)


def renew(world: World, store_id: int) -> None:
    """Renew the store's key if that is due; where it does not work, again in a day."""
    now = world.clock()
    with world.database.write() as conn:
        store = stores.to_change(conn, store_id)
        if store.renew_at is None or store.renew_at > now or not may_be_called(store, now):
            return
        stores.note(conn, store_id, renew_at=now + AGAIN)
    with calling(world, store):
        world.keys.renew(store)
