"""Gives what is there to who waits: reads the truth, plans, writes the difference. One pass at a time per store.

A pass holds no transaction while it reads from the store. What it saves is one transaction that checks the lease.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from backorder.db import items, leases, orderbook, outbox, queue, stores
from backorder.db.leases import Lease
from backorder.db.queue import QueuedPart
from backorder.db.session import Connection
from backorder.domain.allocation import Plan, Supply
from backorder.domain.allocation import allocate as plan
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Assessment, Believed, Pool, Stock, Units, assess
from connectors.contract import StockRead, StoreClient
from jobs.breaker import calling, may_be_called
from jobs.promise import promise
from jobs.pull import pull
from jobs.review import binding_of, review
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
    if left and left != asked:
        return True
    if not marks and not to_review:
        return False
    first = _read_stock(world, lease, client, marks)
    reading, before_pull = _pull_where_in_doubt(world, store, lease, client, marks, first)
    with leases.writing(world.database, lease) as conn:
        store = stores.to_change(conn, store.id)
        _save_pass(conn, world, store, marks, reading, before_pull)
    return True


def _read_orders(world: World, store: Store, lease: Lease, client: StoreClient) -> list[int]:
    """Read a batch of unread orders; which were asked for."""
    with world.database.read() as conn:
        ids = orderbook.unread(conn, store.id, ORDERS)
    for start in range(0, len(ids), BITE):
        _renew(world, lease)
        began = world.clock()
        read = client.read_orders(ids[start : start + BITE])
        with leases.writing(world.database, lease) as conn:
            take_in(conn, stores.to_change(conn, store.id), read.found, read.gone, began, world.clock())
    return ids


def _read_stock(world: World, lease: Lease, client: StoreClient, marks: Mapping[int, int]) -> StockRead:
    if not marks:
        return StockRead(world.clock(), (), ())
    _renew(world, lease)
    return client.read_stock(sorted(marks))


def _pull_where_in_doubt(
    world: World, store: Store, lease: Lease, client: StoreClient, marks: Mapping[int, int], reading: StockRead
) -> tuple[StockRead, Mapping[Pool, Units]]:
    """Where orders and stock do not tell of one moment, read what changed lately, and the stock after it; also what
    was there in the pools in doubt before.

    An order that was deleted is in no list of changes: where the stock alone cannot tell whose units they are, those
    who wait for it are asked for by their ids. The doubt is kept at once: it does not end because the figures move
    until they fit, nor because somebody dies here.
    """
    with world.database.read() as conn:
        assessed = _assess(conn, store, reading, {})
    doubted = {pool for pool, said in assessed.items() if said.pull_first}
    if not doubted:
        return reading, {}
    net = {stock.pool: stock.available for stock in reading.stock if stock.committed is None and stock.pool in doubted}
    with leases.writing(world.database, lease) as conn:
        queue.save_doubts(conn, store.id, {pool: assessed[pool].believed for pool in net})
    pull(world, store, lease, client)
    with leases.writing(world.database, lease) as conn:
        stores.take_turn(conn, store.id)
        orderbook.mark_unread(conn, store.id, queue.owed_orders(conn, store.id, net, ORDERS), world.clock())
    _read_orders(world, store, lease, client)
    return _read_stock(world, lease, client, marks), net


def _renew(world: World, lease: Lease) -> None:
    with world.database.write() as conn:
        leases.renew(conn, lease, world.clock())


def _assess(
    conn: Connection, store: Store, reading: StockRead, before_pull: Mapping[Pool, Units]
) -> dict[Pool, Assessment]:
    """Each pool's reading held against what we believe, and the units our open lines owe there."""
    counted = {stock.pool.item for stock in reading.stock}
    known = queue.known_pools(conn, store.id, counted)
    queues = queue.queues(conn, store.id, counted)
    pulled_at = stores.get(conn, store.id).pulled_at
    assessed = {}
    for stock in reading.stock:
        before = known.get(stock.pool)
        if before is not None and before.read_began > reading.began:
            continue
        owed = sum((part.demand.outstanding for part in queues.get(stock.pool, [])), ZERO)
        assessed[stock.pool] = assess(
            before.believed if before else Believed(),
            stock,
            owed,
            began=reading.began,
            pulled_at=pulled_at,
            settle=store.policy.settle,
            before_pull=before_pull.get(stock.pool),
        )
    return assessed


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a pass found out, on its way into the tables."""

    queues: Mapping[Pool, list[QueuedPart]]
    assessed: Mapping[Pool, Assessment]
    plan: Plan


def _save_pass(
    conn: Connection,
    world: World,
    store: Store,
    marks: Mapping[int, int],
    reading: StockRead,
    before_pull: Mapping[Pool, Units],
) -> None:
    now = world.clock()
    counted_otherwise = items.save(conn, store.id, reading.items)
    if counted_otherwise:
        orderbook.mark_unread(conn, store.id, orderbook.using_items(conn, store.id, counted_otherwise), now)
    assessed = _assess(conn, store, reading, before_pull)
    stocks = {stock.pool: stock for stock in reading.stock}
    dropped = queue.drop_pools(conn, store.id, set(marks), keep=stocks, began=reading.began)
    queues = queue.queues(conn, store.id, {pool.item for pool in [*assessed, *dropped]})
    planned = _Planned(queues, assessed, _plan(store, queues, assessed, dropped))
    _save_planned(conn, store, planned, stocks, reading.began, now)
    touched = {decision.demand.turn.order_id for decision in planned.plan.decisions}
    promised = {part.demand.turn.order_id for parts in queues.values() for part in parts}
    review(conn, store, touched | promised | set(orderbook.to_review(conn, store.id)), now)
    items.done(conn, store.id, marks)


def _plan(
    store: Store,
    queues: Mapping[Pool, list[QueuedPart]],
    assessed: Mapping[Pool, Assessment],
    dropped: Sequence[Pool],
) -> Plan:
    supply = {pool: Supply(ZERO) for pool in dropped}
    supply |= {
        pool: Supply(said.give, store.policy.keep_back, said.may_take_back)
        for pool, said in assessed.items()
        if said.give is not None
    }
    demand = [part.demand for parts in queues.values() for part in parts]
    return plan(demand, supply, binding_of(store))


def _save_planned(
    conn: Connection, store: Store, planned: _Planned, stocks: Mapping[Pool, Stock], began: datetime, now: datetime
) -> None:
    assessed = planned.assessed
    queue.save_pools(
        conn,
        store.id,
        {pool: (stocks[pool], said, began, planned.plan.shortfall.get(pool, ZERO)) for pool, said in assessed.items()},
    )
    on_hand = {pool: said.give for pool, said in assessed.items() if said.give is not None}
    queue.decide(conn, store.id, planned.plan.decisions, on_hand, policy_version=store.policy.version, now=now)
    coming = queue.coming(conn, store.id, {pool.item for pool in assessed})
    for pool, said in assessed.items():
        if said.arrived > 0 and pool in coming:
            queue.book_arrival(conn, store.id, coming[pool], said.arrived, now)
    if any(said.arrived > 0 for said in assessed.values()):
        coming = queue.coming(conn, store.id, {pool.item for pool in assessed})
    in_doubt = [pool for pool, said in assessed.items() if not said.may_take_back]
    promise(conn, store, _after(planned, now), coming, in_doubt, now)


def _after(planned: _Planned, now: datetime) -> dict[Pool, list[QueuedPart]]:
    """The queues as the decisions leave them."""
    made = {decision.demand.key: decision for decision in planned.plan.decisions}

    def moved(part: QueuedPart) -> QueuedPart:
        decision = made.get(part.demand.key)
        if decision is None:
            return part
        short = decision.allocated < part.demand.outstanding
        return replace(
            part,
            demand=replace(part.demand, allocated=decision.allocated, firm=decision.firm),
            backordered_at=part.backordered_at or (now if short else None),
        )

    return {pool: [moved(part) for part in parts] for pool, parts in planned.queues.items()}


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
