"""Takes webhooks from the inbox into the order book: one at a time per store, one transaction per delivery.

It never calls the store: what a body cannot decide marks its order unread, and the planner reads it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog

from backorder.db import erasing, inbox, items, leases, orderbook, outbox, privacy_tasks, stores, traces
from backorder.db.leases import Lease
from backorder.db.session import Connection, StorageBusy
from backorder.domain.errors import LeaseLost, Rejected
from backorder.domain.events import (
    CustomerDataAsked,
    CustomerErased,
    CustomerTouched,
    Event,
    InboundTouched,
    OrderGone,
    OrderSeen,
    OrderShipped,
    OrderTouched,
    OrderTraced,
    PrivacyEvent,
    SomeOrderGone,
    StockTouched,
    StoreErased,
    StoreLeft,
    StoreRenamed,
    StoreTouched,
)
from backorder.domain.orders import hinted
from backorder.domain.store import Health, Store
from connectors import get
from connectors.contract import Delivery
from jobs.erase import clear_inbox
from jobs.outlook import zone_of
from jobs.queues import OutOfTime
from jobs.world import World

log = structlog.get_logger()

BATCH = 20
TURN = timedelta(seconds=1)
"""After so long no further batch is begun: what is left is rung for again, and other stores get their turn."""


def ingest(world: World, store_id: int) -> None:
    """Work the store's inbox off, oldest first."""
    with leases.holding(world.database, f"ingest:{store_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        if lease.orphaned:
            _suspect(world, store_id)
        began = world.clock()
        while world.clock() - began < TURN:
            with world.database.read() as conn:
                store = stores.get(conn, store_id)
                batch = inbox.due(conn, store_id, BATCH)
            if store.health is Health.GONE:
                # It came in while the store left.
                clear_inbox(world, lease, store)
                return
            if not batch:
                break
            with world.database.write() as conn:
                leases.renew(conn, lease, world.clock())
            for received in batch:
                _take_in(world, store, lease, received)
        else:
            world.bell.ring("inbox", "ingest", store_id)
    world.bell.ring("allocate", "allocate", store_id)


def _suspect(world: World, store_id: int) -> None:
    """Whoever was here died. What it was at counts a try, so that a delivery that kills everybody is put aside too."""
    with world.database.write() as conn:
        for received in inbox.due(conn, store_id, 1):
            aside = inbox.raised(conn, received, "Whoever took it in died of it or near it", world.clock())
            log.warning("delivery_orphaned", store=store_id, delivery=received.id, aside=aside)


def _take_in(world: World, store: Store, lease: Lease, received: inbox.Received) -> None:
    delivery = Delivery(received.headers, received.body, received.received_at, path_topic=received.path_topic)
    webhooks = get(store.platform).webhooks
    began = world.clock()
    try:
        events = webhooks.normalise(delivery)
        with leases.writing(world.database, lease) as conn:
            today = stores.to_change(conn, store.id)
            if today.health is Health.GONE:
                return
            apply(conn, today, events, world, key=webhooks.dedupe_key(delivery))
            inbox.handled(conn, [received.id], world.clock())
            if any(isinstance(event, PrivacyEvent) for event in events):
                # What it asks the task has from now on.
                inbox.blank(conn, [received.id])
            elif _about_erased(conn, store.id, events):
                inbox.blank(conn, [received.id])
                privacy_tasks.ask_for_bytes(conn, today, received.id, world.clock())
    except OutOfTime:
        # Where the time of the job went into this one, it would take that of the next job as well, and so on for ever.
        if world.clock() - began > leases.LENGTH:
            with world.database.write() as conn:
                inbox.raised(conn, received, "Taking it in took too long", world.clock(), for_good=True)
            log.warning("delivery_endless", store=store.id, delivery=received.id)
        raise
    except (LeaseLost, StorageBusy):
        raise
    except Exception as error:  # noqa: BLE001 - one delivery that raises must never stop the next one
        rejected = isinstance(error, Rejected)
        reason = str(error) if rejected else f"{type(error).__name__} while it was taken in"
        with world.database.write() as conn:
            aside = inbox.raised(conn, received, reason, world.clock(), for_good=rejected)
        log.warning("delivery_raised", store=store.id, delivery=received.id, aside=aside, error=type(error).__name__)


def _about_erased(conn: Connection, store_id: int, events: Sequence[Event]) -> bool:
    """Whether a delivery is about an order whose customer was erased: it is not kept as it came."""
    told = [event.order.id for event in events if isinstance(event, OrderSeen)]
    told += [event.order_id for event in events if isinstance(event, OrderTouched | OrderShipped | OrderGone)]
    return bool(erasing.marked(conn, store_id, told))


def apply(conn: Connection, store: Store, events: Sequence[Event], world: World, *, key: str = "") -> None:
    """Take events into the book, in the caller's transaction. `key` is the same for a repeat of a delivery."""
    now = world.clock()
    stores.take_turn(conn, store.id)
    for event in events:
        match event:
            case OrderSeen(order, whole, worded):
                before = orderbook.load(conn, store.id, [order.id], lock=True).get(order.id)
                echo = whole and not _being_written(conn, store, {order.id})
                known = hinted(before.known if before else None, order, whole=echo, worded=worded)
                if before is None:
                    orderbook.save(conn, store.id, [(None, known)], policy=store.policy, zone=zone_of(store), now=now)
                if before is None or known is not before.known:
                    orderbook.mark_unread(conn, store.id, [order.id], now)
            case OrderTraced(names, seen, ended):
                found = traces.orders_of(conn, store.id, names)
                writing = _being_written(conn, store, found)
                if not found:
                    _look_for_orders(conn, store, now)
                elif writing or not traces.known(conn, store.id, seen, ended):
                    orderbook.mark_unread(conn, store.id, found, now)
            case OrderShipped(order_id, name) if traces.known(conn, store.id, [name], ()):
                # Whatever is being written to the order: the parcel was found, and it came with its units.
                pass
            case OrderTouched(order_id) | OrderShipped(order_id) | OrderGone(order_id):
                if not orderbook.load(conn, store.id, [order_id]):
                    # Only a pull can introduce an order of which no body tells.
                    stores.note(conn, store.id, catch_up_at=now)
                orderbook.mark_unread(conn, store.id, [order_id], now)
            case StockTouched(item):
                items.read_again(conn, store.id, [item])
            case CustomerTouched(customer):
                orderbook.mark_unread(conn, store.id, orderbook.of_customer(conn, store.id, customer), now)
            case StoreRenamed():
                # The audit asks the store what it says of itself.
                stores.note(conn, store.id, audited_at=now)
            case StoreTouched():
                _read_placeless(conn, store, now)
                stores.note(conn, store.id, catch_up_at=now)
            case InboundTouched():
                stores.note(conn, store.id, catch_up_at=now)
            case SomeOrderGone():
                # The next catch-up asks for every open order by its id.
                stores.note(conn, store.id, catch_up_at=now, swept_at=None)
            case StoreLeft(at) if at is not None and at < store.installed_at:
                # It is of an earlier installation. Whether this one still lets us in, the audit finds out.
                stores.note(conn, store.id, audited_at=now)
            case StoreLeft():
                stores.leave(conn, store.id)
                privacy_tasks.ask_to_clear(conn, store, now)
                privacy_tasks.ask_to_erase_later(conn, store, now)
            case CustomerDataAsked() | CustomerErased() | StoreErased():
                privacy_tasks.ask(conn, store.platform, store.address, event, key=key, at=now)


def _being_written(conn: Connection, store: Store, ids: Collection[int]) -> set[int]:
    """Those of these orders to which a write of ours was begun and not finished: what is known of them is older than
    what the store has, so nothing is taken for an echo.
    """
    return {order for order, begun in outbox.unfinished(conn, store.id, ids).items() if begun}


def _look_for_orders(conn: Connection, store: Store, now: datetime) -> None:
    """Something changed at an order that cannot be told. Where none is without a place, a catch-up has to find it."""
    if not _read_placeless(conn, store, now):
        stores.note(conn, store.id, catch_up_at=now)


def _read_placeless(conn: Connection, store: Store, now: datetime) -> bool:
    """Orders whose units have no place yet are read: the store may have given them one, and such an order need not
    bear a new stamp. Whether there are any.
    """
    nowhere = orderbook.nowhere(conn, store.id)
    orderbook.mark_unread(conn, store.id, nowhere, now)
    return bool(nowhere)
