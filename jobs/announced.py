"""Reads what the store itself announces to be on the way, and books what it says about it."""

from datetime import date, datetime

from backorder.db import announced, items, leases, stores
from backorder.db.announced import Told
from backorder.db.leases import Lease
from backorder.domain.announced import Announced
from backorder.domain.promise import FURTHEST
from backorder.domain.store import Store
from connectors.contract import StoreClient
from jobs.outlook import zone_of
from jobs.world import World


def read_announced(world: World, store: Store, lease: Lease, client: StoreClient) -> None:
    """Ask the store for its goods on the way, where it tells of any, and take the answer in."""
    began = world.clock()
    with leases.writing(world.database, lease) as conn:
        leases.renew(conn, lease, began)
        asked = announced.known(conn, store.id)
    found = client.read_inbound(asked)
    if found is None:
        return
    with leases.writing(world.database, lease) as conn:
        today = stores.to_change(conn, store.id)
        now = world.clock()
        told = [Told(each, _day(today, each, now)) for each in found]
        items.touch(conn, store.id, announced.take_in(conn, store.id, told, asked, began, now))


def _day(store: Store, told: Announced, now: datetime) -> date | None:
    """The day on which the goods come by the store's calendar; a day that nobody can mean is none."""
    if told.arrives is None:
        return None
    zone = zone_of(store)
    day = told.arrives.astimezone(zone).date()
    return day if abs(day - now.astimezone(zone).date()) <= FURTHEST else None
