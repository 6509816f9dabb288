"""Repairs what webhooks missed: the first import, the regular pull, the daily sweep of every open order."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from backorder.db import items, leases, news, orderbook, stores, whole_readings
from backorder.db.leases import Lease
from backorder.db.whole_readings import WholeReading
from backorder.domain.store import Health, NewsKind, Store
from connectors import get
from connectors.contract import StoreClient
from jobs.announced import read_announced
from jobs.breaker import calling, may_be_called
from jobs.connect import known_zone
from jobs.pull import pull
from jobs.read_whole import read_whole
from jobs.world import World

log = structlog.get_logger()

EVERY = timedelta(minutes=5)
SWEEP_EVERY = timedelta(hours=24)
AUDIT_EVERY = timedelta(minutes=15)
UNSEEN = 2 * AUDIT_EVERY
"""After so long without an audit that ended, nobody knows whether all was told: an audit that broke off may have mended
something.
"""
SAID = 3
"""Changes of subscriptions that a merchant is told one by one."""


def catch_up(world: World, store_id: int, *, sweep_ids: bool = False) -> None:
    """Read what changed since the last time; once a day also every open order, by their ids or as the store tells them
    more cheaply; with `sweep_ids` now, and by their ids.
    """
    with leases.holding(world.database, f"catch_up:{store_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        with world.database.read() as conn:
            store = stores.get(conn, store_id)
        if not may_be_called(store, world.clock()):
            return
        with calling(world, store):
            _catch_up(world, store, lease, sweep_ids)
    world.bell.ring("allocate", "allocate", store_id)


def _catch_up(world: World, store: Store, lease: Lease, sweep_ids: bool) -> None:
    client = world.client(store)
    if store.imported_at is None:
        _import(world, store, lease, client)
        return
    now = world.clock()
    sweep_due = sweep_ids or store.swept_at is None or store.swept_at + SWEEP_EVERY <= now
    whole = _whole(world, store, lease, client, may_begin=sweep_due and not sweep_ids)
    # Who comes only to go on with a whole reading pulls nothing: it may be every few seconds.
    if sweep_ids or whole is None or stores.may_be_pulled(store, now):
        asked_at = None if sweep_ids else store.catch_up_at
        _pull(world, store, lease, client, asked_at, by_ids=sweep_due and (sweep_ids or whole is None))
    if whole is not None and whole.again_at <= now:
        read_whole(world, store, lease, client, whole, first=False)


def _import(world: World, store: Store, lease: Lease, client: StoreClient) -> None:
    """Every open order and every stocked item, for the first time: as far as the store tells them now."""
    now = world.clock()
    with leases.writing(world.database, lease) as conn:
        whole = whole_readings.under_way(conn, store.id) or whole_readings.begin(conn, store.id, now, stock=True)
    if whole.again_at > now or not read_whole(world, store, lease, client, whole, first=True):
        # It goes on when the store has put its answer together, whatever else asks for a pull meanwhile.
        with leases.writing(world.database, lease) as conn:
            kept = whole_readings.under_way(conn, store.id)
            stores.note(conn, store.id, catch_up_at=world.clock() if kept is None else kept.again_at)
        return
    read_announced(world, store, lease, client)
    with leases.writing(world.database, lease) as conn:
        stores.take_turn(conn, store.id)
        whole_readings.end(conn, store.id)
        # What changed while a long import ran is asked for at once.
        stores.note(conn, store.id, imported_at=now, swept_at=now, catch_up_at=whole.began + EVERY)
        items.read_again(conn, store.id, items.owed(conn, store.id))
    log.info("store_imported", store=store.id)


def _pull(
    world: World, store: Store, lease: Lease, client: StoreClient, asked_at: datetime | None, *, by_ids: bool
) -> None:
    """What changed since the last time, and the stock of every item that is owed; with `by_ids` also every open order.
    `asked_at`: since when a pull is due; `None`: it is wanted anew.
    """
    now = world.clock()
    if asked_at is None or store.pulled_at is None or store.pulled_at < max(asked_at, now - EVERY):
        # Else the pull has ended that was asked for, and what comes behind it was broken off a moment ago.
        pull(world, store, lease, client)
    read_announced(world, store, lease, client)
    with leases.writing(world.database, lease) as conn:
        stores.take_turn(conn, store.id)
        if by_ids:
            # An order that was deleted for good is in no list: only asking for it by its id tells.
            orderbook.mark_unread(conn, store.id, orderbook.owing(conn, store.id), world.clock())
            stores.note(conn, store.id, swept_at=now)
        items.read_again(conn, store.id, items.owed(conn, store.id))
        # One that was gone on with knows what was so when it began: what changed since is asked for soon, or at once.
        pulled_at = stores.get(conn, store.id).pulled_at or now
        stores.note(conn, store.id, catch_up_at=pulled_at + EVERY)


def _whole(world: World, store: Store, lease: Lease, client: StoreClient, *, may_begin: bool) -> WholeReading | None:
    """The reading of every open order that is under way, or that begins now: each night, where it is cheaper than
    asking for them by their ids.
    """
    with world.database.read() as conn:
        whole = whole_readings.under_way(conn, store.id)
        owing = len(orderbook.owing(conn, store.id)) if may_begin else 0
    if whole is not None or not may_begin or not client.reads_at_once(owing):
        return whole
    now = world.clock()
    with leases.writing(world.database, lease) as conn:
        stores.note(conn, store.id, swept_at=now)
        return whole_readings.begin(conn, store.id, now, stock=False)


def audit(world: World, store_id: int) -> None:
    """Make sure that the store still sends us what we need, and that we know what it is called; after a gap, read what
    was missed.
    """
    with leases.holding(world.database, f"audit:{store_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        with world.database.read() as conn:
            store = stores.get(conn, store_id)
            token = stores.webhook_token(conn, store_id)
        if store.health is Health.GONE or not may_be_called(store, world.clock()):
            return
        with calling(world, store):
            url = get(store.platform).installer.webhook_url(world.config.public_url, token)
            client = world.client(store, world.keys.renewing(lease))
            facts = client.describe()
            mended = client.subscribe(url)
            now = world.clock()
            with leases.writing(world.database, lease) as conn:
                stores.told_of_itself(conn, store_id, facts.lacks, facts.statuses)
                stores.note(conn, store_id, audited_at=now + AUDIT_EVERY, whole_at=now)
                stores.renamed(
                    conn, store_id, name=facts.name, currency=facts.currency, timezone=known_zone(facts.timezone)
                )
                if mended:
                    stores.note(conn, store_id, catch_up_at=now)
                if facts.lacks != store.lacks:
                    # What we may see changed: it may be told of every open order, and of goods on the way.
                    stores.note(conn, store_id, catch_up_at=now, swept_at=None)
                if store.whole_at is not None and (mended or store.whole_at + UNSEEN <= now):
                    # What was deleted meanwhile is in no list of changes: every open order is asked for by its id.
                    stores.note(conn, store_id, catch_up_at=now, swept_at=None)
                if store.whole_at is not None and mended:
                    news.tell(conn, store_id, NewsKind.SUBSCRIPTIONS, _gap(store, mended), now)
            if mended:
                log.info("subscriptions_mended", store=store_id, count=len(mended))


def _gap(store: Store, mended: Sequence[str]) -> str:
    """What the merchant reads of a gap."""
    more = f" And {len(mended) - SAID} more." if len(mended) > SAID else ""
    since = "" if store.whole_at is None else f" at some time after {store.whole_at:%Y-%m-%d %H:%M} UTC"
    return f"Your store stopped telling us some of what changes{since}. {' '.join(mended[:SAID])}{more}"
