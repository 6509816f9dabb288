"""Decides for each item whether it may be sold although nothing is there, and keeps each change of the answer.

A pass over an item asks for it; once an hour every item is asked about, because days alone open and close items.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from backorder.db import goods, items, stores, verdict_rows, waiting_sums
from backorder.db.session import Connection
from backorder.domain import acceptance
from backorder.domain.acceptance import Asked, Verdict
from backorder.domain.allocation import Demand, Turn
from backorder.domain.promise import Promise, Waiting, quote
from backorder.domain.store import Store
from backorder.domain.supply import ZERO, Units
from jobs.accept import terms_of_items
from jobs.outlook import outlook
from jobs.world import World

EVERY = timedelta(hours=1)
AWAITED = timedelta(days=7)
"""So long a store may take to count what was entered as received."""
BITE = 200
"""Items that are asked about in one go."""
LAST = 2**63 - 1
"""The id of an order that is not there yet: behind all that were placed at the same moment."""


def judge(world: World, store_id: int) -> None:
    """Ask about every item that a pass went over, and once an hour about all of them."""
    now = world.clock()
    with world.database.read() as conn:
        due = stores.judged_next(conn, store_id)
    everything = due is None or due <= now
    item = 0
    while True:
        with world.database.read() as conn:
            marks = verdict_rows.to_judge(conn, store_id, after=item, everything=everything, limit=BITE)
            said = selling(conn, stores.get(conn, store_id), marks, now) if marks else {}
        if not marks:
            break
        with world.database.write() as conn:
            verdict_rows.save(conn, store_id, said, marks, now)
        item = max(marks)
    if everything:
        with world.database.write() as conn:
            items.touch(conn, store_id, goods.forget_awaited(conn, store_id, now - AWAITED))
            stores.judged(conn, store_id, due, now + EVERY)


def selling(conn: Connection, store: Store, ids: Iterable[int], now: datetime) -> dict[int, Verdict]:
    """Whether one more unit of each item would be accepted although nothing is there, and why not."""
    wanted = set(ids)
    ahead = outlook(conn, store, now, items.choices(conn, store.id, wanted))
    coming = goods.coming(conn, store.id, wanted)
    short = waiting_sums.short_of(conn, store.id, wanted)
    terms = terms_of_items(conn, store, coming, wanted, ahead)
    waiting = {item: -units for item, units in waiting_sums.not_accepted(conn, store.id).items()}
    for pool, units in short.items():
        waiting[pool.item] = waiting.get(pool.item, ZERO) + units
    soonest: dict[int, Promise] = {}
    turn = Turn(now, LAST, LAST)
    # Where the store counts the item a new order may be routed to, and nowhere else.
    for pool in verdict_rows.counted_pools(conn, store.id, wanted):
        # Everybody who waits there comes first: for the one behind them all only their sum counts.
        before = [Waiting(Demand(Turn(now, 0, 0), pool, short.get(pool, ZERO)), ahead.today)]
        dated = quote(before, coming.get(pool, []), Units(1), ahead, free=ZERO, turn=turn, pool=pool)
        if dated is not None:
            soonest[pool.item] = min(dated, soonest.get(pool.item, dated))
    return {
        item: acceptance.judge(
            Asked(Units(1), of_item=waiting.get(item, ZERO), of_customer=None, promise=soonest.get(item)),
            terms[item],
            store.policy,
            ahead.today,
        )
        for item in sorted(wanted)
    }
