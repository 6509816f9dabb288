"""Gives what is there to who waits: reads the truth, plans, writes the difference. One pass at a time per store.

A pass holds no transaction while it reads from the store. What it saves is one transaction that checks the lease.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from backorder.db import changes, goods, items, leases, orderbook, outbox, queue, stores, waiting_sums
from backorder.db.leases import Lease
from backorder.db.session import Connection
from backorder.domain.choices import ItemChoices, may_yield
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Assessment, Believed, Pool, Stock, Units, assess
from connectors.contract import StockRead, StoreClient
from jobs.breaker import calling, may_be_called
from jobs.plan import CHAIN, Planned, needs_whole_orders, plan
from jobs.promise import promise, today_of
from jobs.pull import pull
from jobs.review import review
from jobs.take_in import take_in
from jobs.world import World

log = structlog.get_logger()

ORDERS = 100
BITE = 25
"""Orders read in one go: what was read is kept although the next call fails, and the lease is renewed in between."""
ITEMS = 100
PASSES = 200
"""At most so many passes in one job: what is left is rung for again, and other stores get their turn."""


def allocate(world: World, store_id: int) -> None:
    """Plan until nothing of the store is dirty."""
    with leases.holding(world.database, f"allocate:{store_id}", world.owner, world.clock()) as lease:
        if lease is None:
            return
        for _ in range(PASSES):
            with world.database.read() as conn:
                store = stores.get(conn, store_id)
            if store.imported_at is None or not may_be_called(store, world.clock()):
                return
            more = False
            with calling(world, store):
                more = _pass(world, store, lease)
            if not more:
                break
    _ring(world, store_id)


def _pass(world: World, store: Store, lease: Lease) -> bool:
    """One pass; whether there was anything to do."""
    client = world.client(store)
    asked = _read_orders(world, store, lease, client)
    with world.database.read() as conn:
        marks = items.dirty(conn, store.id, world.clock(), ITEMS)
        left = orderbook.unread(conn, store.id, ORDERS)
        to_review = bool(orderbook.to_review(conn, store.id))
        together = queue.chain(conn, store.id, marks, CHAIN) if may_yield(store.policy) else None
    if left and left != asked:
        return True
    if not marks and not to_review:
        return False
    wanted = together or set(marks)
    first = _read_stock(world, lease, client, wanted)
    reading = _pull_where_in_doubt(world, store, lease, client, wanted, first)
    before_pull = {} if reading is first else {stock.pool: stock.available for stock in first.stock}
    with world.database.write() as conn:
        leases.check(conn, lease)
        store = stores.to_change(conn, store.id)
        _save_pass(conn, world, store, marks, reading, before_pull, may_pass=together is not None)
    return True


def _read_orders(world: World, store: Store, lease: Lease, client: StoreClient) -> list[int]:
    """Read a batch of unread orders; which were asked for."""
    with world.database.read() as conn:
        ids = orderbook.unread(conn, store.id, ORDERS)
    for start in range(0, len(ids), BITE):
        _renew(world, lease)
        began = world.clock()
        read = client.read_orders(ids[start : start + BITE])
        with world.database.write() as conn:
            leases.check(conn, lease)
            take_in(conn, stores.to_change(conn, store.id), read.found, read.gone, began, world.clock())
    return ids


def _read_stock(world: World, lease: Lease, client: StoreClient, wanted: set[int]) -> StockRead:
    if not wanted:
        return StockRead(world.clock(), (), ())
    _renew(world, lease)
    return client.read_stock(sorted(wanted))


def _pull_where_in_doubt(
    world: World, store: Store, lease: Lease, client: StoreClient, wanted: set[int], reading: StockRead
) -> StockRead:
    """Where orders and stock do not tell of one moment, read what changed lately, and the stock after it.

    An order that was deleted is in no list of changes: where the stock alone cannot tell whose units they are, those
    who wait for it are asked for by their ids.
    """
    with world.database.read() as conn:
        assessed = _assess(conn, store, reading, {})
    doubted = {pool for pool, said in assessed.items() if said.pull_first}
    if not doubted:
        return reading
    pull(world, store, lease, client)
    net = {stock.pool for stock in reading.stock if stock.committed is None}
    with world.database.write() as conn:
        leases.check(conn, lease)
        stores.take_turn(conn, store.id)
        orderbook.mark_unread(
            conn, store.id, waiting_sums.owed_orders(conn, store.id, doubted & net, ORDERS), world.clock()
        )
    _read_orders(world, store, lease, client)
    return _read_stock(world, lease, client, wanted)


def _renew(world: World, lease: Lease) -> None:
    with world.database.write() as conn:
        leases.renew(conn, lease, world.clock())


def _assess(
    conn: Connection, store: Store, reading: StockRead, before_pull: Mapping[Pool, Units]
) -> dict[Pool, Assessment]:
    """Each pool's reading held against what we believe, and the units our open lines owe there."""
    counted = {stock.pool.item for stock in reading.stock}
    known = queue.known_pools(conn, store.id, counted)
    owing = waiting_sums.owing(conn, store.id, counted)
    pulled_at = stores.get(conn, store.id).pulled_at
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
            pulled_at=pulled_at,
            settle=store.policy.settle,
            before_pull=before_pull.get(stock.pool),
        )
    return assessed


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
    assessed = _assess(conn, store, reading, before_pull)
    stocks = {stock.pool: stock for stock in reading.stock}
    dropped = queue.drop_pools(conn, store.id, set(marks), keep=stocks, began=reading.began)
    counted = {pool.item for pool in [*assessed, *dropped]}
    queues = queue.queues(conn, store.id, counted)
    beside = queue.beside(conn, store.id, counted) if needs_whole_orders(store.policy) else []
    chosen = items.choices(conn, store.id, counted)
    planned = plan(store, queues, beside, assessed, dropped, chosen, today_of(store, now), may_pass=may_pass)
    promised = _save_planned(conn, store, planned, stocks, reading.began, now)
    decided = {decision.demand.turn.order_id for decision in planned.plan.decisions}
    review(conn, store, decided | promised | planned.dated | set(orderbook.to_review(conn, store.id)), now)
    items.done(conn, store.id, marks)


def _save_planned(
    conn: Connection, store: Store, planned: Planned, stocks: Mapping[Pool, Stock], began: datetime, now: datetime
) -> set[int]:
    """Save what was planned, and what it means for dates; the orders whose dates moved."""
    assessed, made = planned.assessed, planned.plan
    queue.save_pools(
        conn,
        store.id,
        {pool: (stocks[pool], said) for pool, said in assessed.items()},
        began=began,
        shortfall=made.shortfall,
        given=planned.given(),
    )
    on_hand = {pool: said.give for pool, said in assessed.items() if said.give is not None}
    queue.decide(conn, store.id, made.decisions, on_hand, policy_version=store.policy.version, now=now)
    changes.passed(conn, store.id, made.passed_over, now)
    coming = queue.coming(conn, store.id, {pool.item for pool in assessed})
    for pool, said in assessed.items():
        if said.arrived > 0 and pool in coming:
            goods.book_arrival(conn, store.id, coming[pool], said.arrived, now)
            _keep_back_of_receipt(conn, store, pool.item, said.arrived)
    if any(said.arrived > 0 for said in assessed.values()):
        coming = queue.coming(conn, store.id, {pool.item for pool in assessed})
    in_doubt = [pool for pool, said in assessed.items() if not said.may_take_back]
    return promise(conn, store, planned.after(now), coming, in_doubt, now)


def _keep_back_of_receipt(conn: Connection, store: Store, item: int, units: Units) -> None:
    """A share that is to be kept back becomes units when goods come in, so that the next pass gives the same."""
    choices = items.choices(conn, store.id, [item]).get(item, ItemChoices())
    if choices.keep_back_percent is not None:
        changes.choose_for_item(conn, store.id, item, replace(choices, keep_back=choices.after_receipt(units)))


def _ring(world: World, store_id: int) -> None:
    """Wake the workers for what the passes made due."""
    now = world.clock()
    with world.database.read() as conn:
        to_write = outbox.orders_to_write(conn, now, store_id)
        to_send = outbox.notices_to_send(conn, now, store_id)
    for store, order in to_write:
        world.bell.ring("write_back", "write_back", store, order)
    for store, notice in to_send:
        world.bell.ring("notify", "notify", store, notice)
