"""Decides for each item whether it may be sold although nothing is there, and keeps each change of the answer.

A pass over an item asks for it; once an hour every item is asked about, because days alone open and close items.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from backorder.db import goods, item_rows, items, stores, verdict_rows, waiting_sums
from backorder.db.session import Connection
from backorder.domain import acceptance
from backorder.domain.acceptance import Answer, Asked, Verdict
from backorder.domain.actions import Capability
from backorder.domain.allocation import Demand, Turn
from backorder.domain.choices import ItemChoices
from backorder.domain.item_side import ItemShown, ItemSide, desired_of_item
from backorder.domain.promise import Promise, Waiting, quote
from backorder.domain.store import Mode, Store
from backorder.domain.supply import ZERO, Units
from jobs.accept import terms_of_items
from jobs.outlook import outlook
from jobs.take_in import A_NIGHT
from jobs.world import World, capabilities

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
            store = stores.get(conn, store_id)
            said = offers(conn, store, marks, now) if marks else {}
        if not marks:
            break
        with world.database.write() as conn:
            # Whoever leaves meanwhile is shown nothing any more.
            today = stores.to_change(conn, store_id)
            verdict_rows.save(conn, store_id, {item: offer.verdict for item, offer in said.items()}, marks, now)
            _plan_items(conn, today, said, now)
        item = max(marks)
    if everything:
        with world.database.write() as conn:
            stores.take_turn(conn, store_id)
            items.touch(conn, store_id, goods.forget_awaited(conn, store_id, now - AWAITED))
            stores.judged(conn, store_id, due, now + EVERY)


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether one more unit of an item would be accepted although nothing is there, by when, and what is on the way."""

    verdict: Verdict
    promise: Promise | None
    due: Units


def _plan_items(conn: Connection, store: Store, said: Mapping[int, Offer], now: datetime) -> None:
    """What the store should have of ours at these items; nothing is planned of a store that is only watched."""
    if store.mode is not Mode.WATCH:
        # Every item is asked about each hour: what the store refused is tried once a night.
        item_rows.try_again(conn, store.id, said, now, given_up_by=now - A_NIGHT)
    can = capabilities(store) & {Capability.SHOPPERS, Capability.SELLING}
    if store.mode is not Mode.ON or not can:
        return
    item_rows.plan(conn, store.id, wanted_of_items(conn, store, said), now)


def wanted_of_items(conn: Connection, store: Store, said: Mapping[int, Offer]) -> dict[int, ItemSide]:
    """What the store should have of ours at each of these items; those are left out that have nothing of ours and
    should have nothing.
    """
    can = capabilities(store) & {Capability.SHOPPERS, Capability.SELLING}
    known = item_rows.written(conn, store.id)
    if not (store.policy.tell_shoppers or store.policy.turn_selling or known):
        return {}
    chosen = items.choices(conn, store.id, said)
    free = item_rows.free_to_sell(conn, store.id, said)
    wanted = {}
    for item, offer in said.items():
        day = None if offer.promise is None else offer.promise.late
        shown = ItemShown(offer.verdict.answer is Answer.ACCEPT, day, offer.due)
        side = desired_of_item(shown, free.get(item, ZERO), chosen.get(item, ItemChoices()), store.policy, can)
        if side != ItemSide() or item in known:
            wanted[item] = side
    return wanted


def selling(conn: Connection, store: Store, ids: Iterable[int], now: datetime) -> dict[int, Verdict]:
    """Whether one more unit of each item would be accepted although nothing is there, and why not."""
    return {item: offer.verdict for item, offer in offers(conn, store, ids, now).items()}


def offers(conn: Connection, store: Store, ids: Iterable[int], now: datetime) -> dict[int, Offer]:
    """What would become of one more unit of each item."""
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
    due: dict[int, Units] = {}
    for pool, lines in coming.items():
        due[pool.item] = due.get(pool.item, ZERO) + sum((line.open for line in lines), ZERO)
    found = {}
    for item in sorted(wanted):
        asked = Asked(Units(1), of_item=waiting.get(item, ZERO), of_customer=None, promise=soonest.get(item))
        verdict = acceptance.judge(asked, terms[item], store.policy, ahead.today)
        found[item] = Offer(verdict, soonest.get(item), due.get(item, ZERO))
    return found
