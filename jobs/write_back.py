"""Makes a store show and hold what was decided: reads, writes the difference, records what the store now has.

Orders of a store that are due at the same time are looked at together; each is then written to by itself, under its own
lease.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from backorder.db import ahead, decided, items, leases, messages, orderbook, outbox, queue, stores
from backorder.db.columns import EPOCH
from backorder.db.leases import Lease
from backorder.db.orderbook import BookOrder
from backorder.db.outbox import ActionRow
from backorder.db.session import Connection
from backorder.domain.actions import ActionKind, StoreSide
from backorder.domain.allocation import Binding, Rule, made_firm
from backorder.domain.backoff import asked_for, wait_seconds
from backorder.domain.errors import (
    AccessLost,
    LeaseLost,
    OutcomeUnknown,
    PermanentFailure,
    PlanOutdated,
    StoreClosed,
    TemporaryFailure,
)
from backorder.domain.lifecycle import WorkState
from backorder.domain.orders import Order, OrderStatus, answered
from backorder.domain.store import Mode, Store
from backorder.domain.supply import ZERO
from connectors.contract import OrderRead, StoreClient
from jobs.breaker import calling, may_be_called
from jobs.outlook import zone_of
from jobs.post_note import post_note
from jobs.promise import today_of
from jobs.review import binding_of
from jobs.take_in import FRESH, take_in
from jobs.world import World
from jobs.write_tries import begin, put_off

log = structlog.get_logger()

TOGETHER = 10
"""So many orders of a store are looked at in one call and then written to, one after the other."""
REFUSALS = 3
"""So often a write is tried by itself that the store refuses."""
REFUSED_AGAIN = 600.0
UNKNOWN_FIRST = 5.0
"""Seconds before which nobody looks how a write without an answer went: it may still be on its way in the store."""
UNKNOWN_AGAIN = 300.0


@dataclass
class _Turn:
    """How long calls may leave for the order that is taken on: as long as its lease. Of who stood still for longer,
    what was read is old, and somebody else may be at it.
    """

    clock: Callable[[], datetime]
    until: datetime = EPOCH

    def begin(self) -> None:
        """An order is taken on."""
        self.until = self.clock() + leases.LENGTH

    def look(self) -> None:
        """Before each call. Raises LeaseLost."""
        if self.clock() > self.until:
            raise LeaseLost("It stood still for longer than its lease.")


def write_back(world: World, store_id: int, order_id: int) -> None:
    """Bring one order in the store to what was decided, and with it others of the store that are due."""
    tried = []
    turn = _Turn(world.clock)
    turn.begin()
    with _lease(world, store_id, order_id) as lease:
        first = _take_on(world, store_id, order_id, lease) if lease is not None else None
        if lease is None or first is None:
            return
        looked = world.clock()
        store, book, due = first
        with calling(world, store):
            others = _others(world, store, order_id)
            client = world.client(store, turn.look)
            if others:
                client.look_ahead([order_id, *others])
            tried.append(order_id)
            _write(world, store, lease, client, turn, book, due)
            until = looked + leases.LENGTH
            for other in others:
                if world.clock() > until:
                    # The store is slow: their own rings bring the rest, and this job ends in time.
                    break
                tried.append(other)
                _write_beside(world, client, turn, store_id, other, looked)
    for number in tried:
        _ring_notices(world, store_id, number)
    _ring_next(world, store_id)


def _others(world: World, store: Store, order_id: int) -> list[int]:
    """Other orders of the store that can be written now."""
    now = world.clock()
    with world.database.read() as conn:
        due = [number for _, number in outbox.orders_to_write(conn, now, store.id, TOGETHER) if number != order_id]
        books = orderbook.load(conn, store.id, due[: TOGETHER - 1])
        return [number for number, book in sorted(books.items()) if fresh(conn, store, book, now)]


def _write_beside(
    world: World, client: StoreClient, turn: _Turn, store_id: int, order_id: int, looked: datetime
) -> None:
    """Write to an order that was looked at with another one, if nobody has begun to since."""
    turn.begin()
    with _lease(world, store_id, order_id) as lease:
        found = _take_on(world, store_id, order_id, lease, looked) if lease is not None else None
        if lease is not None and found is not None:
            store, book, due = found
            _write(world, store, lease, client, turn, book, due)


def _lease(world: World, store_id: int, order_id: int) -> AbstractContextManager[Lease | None]:
    return leases.holding(world.database, f"write:{store_id}:{order_id}", world.owner, world.clock())


def _take_on(
    world: World, store_id: int, order_id: int, lease: Lease, looked: datetime | None = None
) -> tuple[Store, BookOrder, list[ActionRow]] | None:
    """Begin the order's writes: the store as it is at this moment, the order, and what is due. `None` where nothing is,
    or where it must not be written now. `looked`: when it was looked at, without its lease: then an order that was
    written to since is left alone, for what was seen is not what is there.
    """
    with leases.writing(world.database, lease) as conn:
        now = world.clock()
        store = stores.get(conn, store_id)
        if store.mode is Mode.WATCH or store.policy.paused or not may_be_called(store, now):
            return None
        stores.take_turn(conn, store_id)
        due = outbox.open_actions(conn, store_id, order_id, now)
        book = orderbook.load(conn, store_id, [order_id]).get(order_id)
        if not due or book is None:
            return None
        if looked is not None and _written_since(conn, store_id, order_id, due, looked):
            return None
        if not fresh(conn, store, book, now):
            read_again(conn, world, store, book, now)
            return None
        begin(conn, world, lease, [row.id for row in due if row.kind is not ActionKind.NOTE])
        return store, book, due


def _written_since(conn: Connection, store_id: int, order_id: int, due: list[ActionRow], looked: datetime) -> bool:
    """Whether a write to the order ended after that moment, or was begun at any time and is not done."""
    ended = outbox.last_written(conn, store_id, [order_id]).get(order_id)
    return any(outbox.begun(row.state, row.tries) for row in due) or (ended is not None and ended >= looked)


def fresh(conn: Connection, store: Store, book: BookOrder, now: datetime) -> bool:
    """Whether order and stock were read lately enough to act on, and nothing was told of them since."""
    began = book.known.read_began
    if book.known.unread or book.review or began is None or began < now - FRESH:
        return False
    pools = orderbook.pools_of_orders([book])
    if items.marked(conn, store.id, {pool.item for pool in pools}):
        return False
    known = queue.known_pools(conn, store.id, {pool.item for pool in pools})
    # A pool that was never read has no decision in it: nothing that is written rests on it.
    return all(known[pool].read_began >= now - FRESH for pool in pools if pool in known)


def read_again(conn: Connection, world: World, store: Store, book: BookOrder, now: datetime) -> None:
    """Ask for the readings that are too old; the pass that makes them rings for this order again.

    What is marked already is on its way and is not marked anew: a mark that grows takes the pass at work its end, and
    an item's mark stops the writes of all its orders.
    """
    old = now - FRESH / 2
    if not book.known.unread and (book.known.read_began is None or book.known.read_began < old):
        orderbook.mark_unread(conn, store.id, [book.order.id], now)
    pools = orderbook.pools_of_orders([book])
    known = queue.known_pools(conn, store.id, {pool.item for pool in pools})
    stale = {pool.item for pool in pools if pool in known and known[pool].read_began < old}
    items.read_again(conn, store.id, stale - items.marked(conn, store.id, stale))
    world.bell.ring("allocate", "allocate", store.id)


def _write(
    world: World,
    store: Store,
    lease: Lease,
    client: StoreClient,
    turn: _Turn,
    book: BookOrder,
    due: list[ActionRow],
) -> None:
    writes = [row for row in due if row.kind is not ActionKind.NOTE]
    if writes and not _push(world, store, lease, client, book, writes):
        return
    for row in due:
        if row.kind is ActionKind.NOTE:
            # Its lease begins anew with it.
            turn.begin()
            post_note(world, store, lease, client, row)


def _push(
    world: World, store: Store, lease: Lease, client: StoreClient, book: BookOrder, writes: list[ActionRow]
) -> bool:
    """Write the order's whole desired state: the connector sends only what differs. Whether the outcome is known."""
    ids = [row.id for row in writes]
    order_id = book.order.id
    side = _with_place(world, store, order_id, book.desired or StoreSide())
    # What a write that was begun before left behind is no person's doing.
    assumed = None if any(outbox.begun(row.state, row.tries) for row in writes) else book.wrote
    try:
        has = client.push(order_id, side, key=f"{store.id}-{order_id}-{book.side_seq}", assumed=assumed)
    except PlanOutdated as error:
        with leases.writing(world.database, lease) as conn:
            now = world.clock()
            outbox.set_actions(conn, ids, WorkState.DUE, now, due_at=now, tried=error.begun)
            orderbook.mark_unread(conn, store.id, [order_id], world.clock())
        world.bell.ring("allocate", "allocate", store.id)
        return False
    except OutcomeUnknown as error:
        with leases.writing(world.database, lease) as conn:
            tries, least = writes[0].tries, UNKNOWN_FIRST
            wait = wait_seconds(tries, first=least, most=UNKNOWN_AGAIN, at_least=least, chance=world.chance())
            again = world.clock() + timedelta(seconds=wait)
            outbox.set_actions(conn, ids, WorkState.UNKNOWN, world.clock(), reason=str(error), due_at=again, tried=True)
            orderbook.mark_unread(conn, store.id, [order_id], world.clock())
        raise
    except TemporaryFailure as error:
        with leases.writing(world.database, lease) as conn:
            if put_off(conn, ids, writes[0].tries, error, world.chance(), world.clock()) is WorkState.FAILED:
                messages.drop_waiting_notices(conn, store.id, order_id, book.side_seq, world.clock())
        raise
    except (AccessLost, StoreClosed) as error:
        with leases.writing(world.database, lease) as conn:
            now = world.clock()
            outbox.set_actions(conn, ids, WorkState.DUE, now, reason=str(error), due_at=now, tried=True)
        raise
    except PermanentFailure as error:
        with leases.writing(world.database, lease) as conn:
            _refused(conn, store, book, writes, error, world.chance(), world.clock())
        world.bell.ring("allocate", "allocate", store.id)
        return True
    with leases.writing(world.database, lease) as conn:
        # Choices may have changed while the store was written to: lines queue under those of today.
        today = stores.to_change(conn, store.id)
        outbox.set_actions(conn, ids, WorkState.DONE, world.clock(), tried=True)
        outbox.set_wrote(conn, store.id, order_id, has)
        _keep_reading(conn, today, order_id, client.last_reading(order_id), has, world.clock())
        _keep_answer(conn, today, order_id, client.last_answer(order_id), world.clock())
        _bind(conn, today, order_id, side, world.clock())
    log.info("order_written", store=store.id, order=order_id)
    return True


def _keep_reading(
    conn: Connection, store: Store, order_id: int, told: OrderRead | None, has: StoreSide, now: datetime
) -> None:
    """What the write told last is a reading like any other: the webhooks that our own change causes bring nothing new
    then. Where it lacks something of ours that was there, somebody took that off meanwhile: only a reading that begins
    after the write tells what a person did, so one is asked for.
    """
    if told is None:
        return
    same = told.found.held == has.held and told.found.noted == has.noted
    if same and set(has.tags) <= set(told.found.tags):
        take_in(conn, store, [told], (), told.reading.began, now)
    else:
        orderbook.mark_unread(conn, store.id, [order_id], now)


def _keep_answer(conn: Connection, store: Store, order_id: int, told: Order | None, now: datetime) -> None:
    """What the store answered to a write moves the order's stamp to that of our own change, so that the webhooks which
    this causes bring nothing new; what it tells beside that has to be read.
    """
    if told is None:
        return
    book = orderbook.load(conn, store.id, [order_id], lock=True)[order_id]
    known = answered(book.known, told)
    if known is None:
        orderbook.mark_unread(conn, store.id, [order_id], now)
    else:
        orderbook.save(conn, store.id, [(book, known)], policy=store.policy, zone=zone_of(store), now=now)


def _with_place(world: World, store: Store, order_id: int, side: StoreSide) -> StoreSide:
    """The side with the order's place in the queue, as it is now."""
    if side.shown is None or side.shown.waiting == ZERO:
        return side
    with world.database.read() as conn:
        place = ahead.place_of(conn, store.id, order_id)
    return replace(side, shown=replace(side.shown, position=place))


def _refused(
    conn: Connection,
    store: Store,
    book: BookOrder,
    writes: list[ActionRow],
    error: PermanentFailure,
    chance: float,
    now: datetime,
) -> None:
    """The store refused it, often because the order became another one between the look and the write: it is read anew
    and tried again, a few times. Then it is given up; a later reading, or the merchant, has it tried once more.
    """
    # Nothing can be written to an order that the store has no more.
    tries = 1 if book.order.status is OrderStatus.GONE else REFUSALS
    again = [row.id for row in writes if row.tries + 1 < tries]
    due_at = now + timedelta(seconds=asked_for(REFUSED_AGAIN, chance))
    outbox.set_actions(conn, again, WorkState.DUE, now, reason=str(error), due_at=due_at, tried=True)
    last = [row.id for row in writes if row.id not in again]
    outbox.set_actions(conn, last, WorkState.FAILED, now, reason=str(error), tried=True)
    if not again:
        messages.drop_waiting_notices(conn, store.id, book.order.id, book.side_seq, now)
    orderbook.mark_unread(conn, store.id, [book.order.id], now)


def _bind(conn: Connection, store: Store, order_id: int, side: StoreSide, now: datetime) -> None:
    """Units that the store now lets ship are firm: they stay with this order."""
    if binding_of(store) is not Binding.AT_RELEASE:
        return
    book = orderbook.load(conn, store.id, [order_id], lock=True)[order_id]
    held = {(h.line_id, h.location): h.units for h in side.held}
    made = made_firm(
        book.order,
        book.standing(store.policy, today_of(store, now)),
        # What we hold is not firm; of the rest, as much as is given by now.
        lambda line, part, pool: min(part.allocated, part.outstanding - held.get((line.line_id, pool.location), ZERO)),
        Rule.RELEASED,
    )
    decided.decide(conn, store.id, made, {}, policy_version=store.policy.version, now=now)


def _ring_next(world: World, store_id: int) -> None:
    """Wake a worker for the next order in line, where the store takes more."""
    now = world.clock()
    with world.database.read() as conn:
        may = may_be_called(stores.get(conn, store_id), now)
        line = outbox.orders_to_write(conn, now, store_id, 1) if may else []
    for store, order in line:
        world.bell.ring("write_back", "write_back", store, order)


def _ring_notices(world: World, store_id: int, order_id: int) -> None:
    """Wake the sender of messages that waited for this write."""
    with world.database.read() as conn:
        to_send = messages.notices_to_send(conn, world.clock(), store_id, order_id)
    for store, notice in to_send:
        world.bell.ring("notify", "notify", store, notice)
