"""Gives what is there to who waits: reads the truth, plans, writes the difference. One pass at a time per store.

A pass holds no transaction while it reads from the store. What it saves is one transaction that checks the lease.
"""

import gc
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from backorder.db import (
    changes,
    decided,
    goods,
    items,
    leases,
    messages,
    orderbook,
    outbox,
    pool_rows,
    queue,
    stores,
    waiting_sums,
)
from backorder.db.items import Basis
from backorder.db.leases import Lease
from backorder.db.session import Connection
from backorder.domain.choices import may_yield
from backorder.domain.errors import TemporaryFailure
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Assessment, Believed, Pool, Units, assess
from connectors.contract import StockRead, StoreClient
from jobs.breaker import calling, may_be_called
from jobs.plan import CHAIN, Planned
from jobs.promise import Dated, promise
from jobs.pull import pull
from jobs.relocate import plan_moves
from jobs.review import review
from jobs.scope import Scope
from jobs.take_in import take_in
from jobs.world import World

log = structlog.get_logger()

ORDERS = 100
BITE = 25
"""Orders read in one go: what was read is kept although the next call fails, and the lease is renewed in between."""
ITEMS = 100
PASSES = 200
TURN = timedelta(seconds=2)
"""After so many passes, or so long, no further one is begun: what is left is rung for again, and other stores get their
turn.
"""


def allocate(world: World, store_id: int) -> None:
    """Plan until nothing of the store is dirty."""
    with leases.holding(world.database, f"allocate:{store_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        over = world.clock() + TURN
        for _ in range(PASSES):
            with world.database.read() as conn:
                store = stores.get(conn, store_id)
            if store.imported_at is None or not may_be_called(store, world.clock()):
                return
            more = False
            with calling(world, store):
                more = _pass(world, store, lease)
            if not more or world.clock() >= over:
                break
    if more:
        world.bell.ring("allocate", "allocate", store_id)
    _ring(world, store_id)


def _pass(world: World, store: Store, lease: Lease) -> bool:
    """One pass; whether there was anything to do. Where the store cannot tell of some orders all else is planned, and
    it is left alone for a while before they are asked for again.
    """
    client = world.client(store)
    asked, unanswered = _read_orders(world, store, lease, client)
    with world.database.read() as conn:
        left = orderbook.unread(conn, store.id, ORDERS) if asked else []
    if left and left != asked:
        return True
    more = _plan(world, store, lease, client)
    if unanswered:
        raise TemporaryFailure(f"Your store could not tell of {unanswered} of its orders.", 30.0)
    return more


def _plan(world: World, store: Store, lease: Lease, client: StoreClient) -> bool:
    with world.database.read() as conn:
        marks = items.dirty(conn, store.id, world.clock(), ITEMS)
        to_review = bool(orderbook.to_review(conn, store.id))
        together = queue.chain(conn, store.id, marks, CHAIN) if may_yield(store.policy) else None
    if not marks and not to_review:
        return False
    wanted = together or set(marks)
    first = _read_stock(world, lease, client, wanted)
    reading, before_pull = _pull_where_in_doubt(world, store, lease, client, wanted, first)
    with _without_collector(), leases.writing(world.database, lease) as conn:
        store = stores.to_change(conn, store.id)
        _save_pass(conn, world, store, marks, reading, before_pull, may_pass=together is not None)
    return True


@contextmanager
def _without_collector() -> Iterator[None]:
    """A pass over a long queue makes hundreds of thousands of values that live to its end and form no cycles: looking
    for cycles among them again and again would take as long as the pass.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read_orders(world: World, store: Store, lease: Lease, client: StoreClient) -> tuple[list[int], int]:
    """Read a batch of unread orders; which were asked for, and of how many the store could not tell."""
    unanswered = 0
    with world.database.read() as conn:
        ids = orderbook.unread(conn, store.id, ORDERS)
    for start in range(0, len(ids), BITE):
        _renew(world, lease)
        began = world.clock()
        read = client.read_orders(ids[start : start + BITE])
        with leases.writing(world.database, lease) as conn:
            take_in(conn, stores.to_change(conn, store.id), read.found, read.gone, began, world.clock())
        unanswered += len(read.unanswered)
    return ids, unanswered


def _read_stock(world: World, lease: Lease, client: StoreClient, wanted: set[int]) -> StockRead:
    if not wanted:
        return StockRead(world.clock(), (), ())
    _renew(world, lease)
    return client.read_stock(sorted(wanted))


def _pull_where_in_doubt(
    world: World, store: Store, lease: Lease, client: StoreClient, wanted: set[int], reading: StockRead
) -> tuple[StockRead, Mapping[Pool, Units]]:
    """Where orders and stock do not tell of one moment, read what changed lately, and the stock after it; also what
    was there in the pools in doubt before.

    An order that was deleted is in no list of changes: where the stock alone cannot tell whose units they are, those
    who wait for it are asked for by their ids. The doubt is kept at once: it does not end because the figures move
    until they fit, nor because somebody dies here.
    """
    with world.database.read() as conn:
        assessed = _assess(conn, store, reading, {}, wanted).assessed
    doubted = {pool for pool, said in assessed.items() if said.pull_first}
    if not doubted:
        return reading, {}
    net = {stock.pool: stock.available for stock in reading.stock if stock.committed is None and stock.pool in doubted}
    with leases.writing(world.database, lease) as conn:
        pool_rows.save_doubts(conn, store.id, {pool: assessed[pool].believed for pool in net})
    pull(world, store, lease, client)
    with leases.writing(world.database, lease) as conn:
        stores.take_turn(conn, store.id)
        orderbook.mark_unread(conn, store.id, waiting_sums.owed_orders(conn, store.id, net, ORDERS), world.clock())
    _read_orders(world, store, lease, client)
    return _read_stock(world, lease, client, wanted), net


def _renew(world: World, lease: Lease) -> None:
    with world.database.write() as conn:
        leases.renew(conn, lease, world.clock())


class _Assessed(NamedTuple):
    """What was known of the pools of a pass, and what a reading of them means."""

    known: dict[Pool, queue.KnownPool]
    planned: dict[int, Basis]
    """Items whose part of the book is as their last pass left it, with what that rested on."""
    owing: dict[Pool, Units]
    """The units that our open lines owe."""
    assessed: dict[Pool, Assessment]


def _assess(
    conn: Connection, store: Store, reading: StockRead, before_pull: Mapping[Pool, Units], wanted: Collection[int]
) -> _Assessed:
    """Each pool's reading held against what we believe, for these items."""
    ids = {stock.pool.item for stock in reading.stock} | set(wanted)
    known = queue.known_pools(conn, store.id, ids)
    planned = items.bases(conn, store.id, ids)
    owing = _owing(conn, store, {stock.pool for stock in reading.stock}, known, planned)
    assessed = {}
    for stock in reading.stock:
        before = known.get(stock.pool)
        if before is not None and before.read_began > reading.began:
            continue
        assessed[stock.pool] = assess(
            before.believed if before else Believed(),
            stock,
            owing.get(stock.pool, ZERO),
            began=reading.began,
            pulled_at=store.pulled_at,
            settle=store.policy.settle,
            before_pull=before_pull.get(stock.pool),
            types_counted=store.policy.types_counted,
        )
    return _Assessed(known, planned, owing, assessed)


def _owing(
    conn: Connection,
    store: Store,
    wanted: set[Pool],
    known: Mapping[Pool, queue.KnownPool],
    planned: Collection[int],
) -> dict[Pool, Units]:
    """What the pools owe: what their last pass found, while the book is as it left it."""
    new = {pool.item for pool in wanted if pool not in known}
    kept = {pool: known[pool].owes for pool in wanted if pool.item in planned and pool.item not in new}
    rest = {pool.item for pool in wanted if pool not in kept}
    return kept | (waiting_sums.owing(conn, store.id, rest) if rest else {})


def _save_pass(
    conn: Connection,
    world: World,
    store: Store,
    marks: Mapping[int, int],
    reading: StockRead,
    before_pull: Mapping[Pool, Units],
    *,
    may_pass: bool,
) -> None:
    """Plan and save. `may_pass`: all that yielding orders wait for is in this pass, so others may pass them."""
    now = world.clock()
    counted_otherwise = items.save(conn, store.id, reading.items)
    if counted_otherwise:
        orderbook.mark_unread(conn, store.id, orderbook.using_items(conn, store.id, counted_otherwise), now)
    found = _assess(conn, store, reading, before_pull, marks)
    stocks = {stock.pool: stock for stock in reading.stock}
    gone = [pool for pool in found.known if pool.item in marks and pool not in stocks]
    pool_rows.drop(conn, store.id, gone, reading.began)
    pool_rows.save_readings(
        conn, store.id, {pool: (stocks[pool], said) for pool, said in found.assessed.items()}, began=reading.began
    )
    _book_arrivals(conn, store, found, now)
    scope = Scope.of(conn, store, reading.items, found.assessed, gone, found.planned, found.owing, now)
    planned = scope.plan(conn, store, may_pass=may_pass)
    dated = _save_planned(conn, store, scope, planned, found.owing, now)
    decided = {decision.demand.turn.order_id for decision in planned.plan.decisions}
    review(conn, store, decided | dated.orders | planned.dated | set(orderbook.to_review(conn, store.id)), now)
    plan_moves(conn, store, marks, now)
    items.planned(conn, store.id, scope.settled(dated.refused))
    items.done(conn, store.id, marks)


def _book_arrivals(conn: Connection, store: Store, found: _Assessed, now: datetime) -> None:
    """What came in closes goods on the way, and a share of it may be kept back: before any of it is given."""
    arrived = {pool: said.arrived for pool, said in found.assessed.items() if said.arrived > 0}
    if not arrived:
        return
    coming = goods.coming(conn, store.id, {pool.item for pool in arrived})
    for pool, lines in coming.items():
        if pool in arrived:
            goods.book_arrival(conn, store.id, lines, arrived[pool], now)
    # What comes exactly as it was announced was added, not counted.
    jumps = {pool: said.jump for pool, said in found.assessed.items() if said.jump is not None}
    announced = {pool for pool in jumps if arrived.get(pool) in {line.open for line in coming.get(pool, [])}}
    pool_rows.save_jumps(conn, store.id, {pool: jump for pool, jump in jumps.items() if pool not in announced})
    before = {pool: (units, found.known[pool].believed.on_hand) for pool, units in arrived.items()}
    changes.keep_back_of_arrivals(conn, store.id, before)


def _save_planned(
    conn: Connection, store: Store, scope: Scope, planned: Planned, owing: Mapping[Pool, Units], now: datetime
) -> Dated:
    """Save what was planned, and what it means for dates."""
    assessed, made = planned.assessed, planned.plan
    pool_rows.save_given(conn, store.id, planned.left(owing))
    on_hand = {pool: said.give for pool, said in assessed.items() if said.give is not None}
    decided.decide(conn, store.id, made.decisions, on_hand, policy_version=store.policy.version, now=now)
    changes.passed(conn, store.id, made.passed_over, now)
    in_doubt = [pool for pool, said in assessed.items() if not said.may_take_back]
    return promise(conn, store, planned.after(now), scope.coming, in_doubt, scope.ahead, now)


def _ring(world: World, store_id: int) -> None:
    """Wake the workers for what the passes made due."""
    now = world.clock()
    with world.database.read() as conn:
        to_write = outbox.orders_to_write(conn, now, store_id)
        to_send = messages.notices_to_send(conn, now, store_id)
    for store, order in to_write:
        world.bell.ring("write_back", "write_back", store, order)
    for store, notice in to_send:
        world.bell.ring("notify", "notify", store, notice)
