"""F-10 and F-21: a store that answers badly or not at all, and stock that jumps about."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

import requests
from sqlalchemy import func, select

from backorder.db.tables import parts, pools
from backorder.domain.store import Health
from tests.chaos.arena import Arena, arena
from tests.chaos.load import Load
from tests.chaos.proxy import Proxy, Trouble
from tests.chaos.scenarios.expectation import Expectation, at_most, nothing_lost
from tests.processes.running import NotInTime, Store, until

CUT = (
    Trouble.REFUSED, Trouble.LOST_REQUEST, Trouble.LOST_ANSWER, Trouble.CUT_ANSWER, Trouble.SLOW, Trouble.DRIP,
)  # fmt: skip
WORDS = (
    "429", "throttled", "500", "502", "503", "504", "500_after", "504_after", "html", "internal", "truncated", "bomb",
    "timeout_before", "timeout_after", "slow", "moved", "revoked",
)  # fmt: skip
OF_ONE = {"throttled": "shopify", "internal": "shopify"}
"""Whose these answers are; all others are both stores'."""
MENDED_BY_A_PERSON = ("moved", "revoked")
"""After these a store is left alone for longer than this waits: its merchant connects it again."""
CALL_SECONDS = 22.0
"""The longest that a call may keep its worker: 20 s, and the next byte, at which that is seen."""
DONE_SECONDS = 150.0
"""A failure for now is waited out for 30 s or more, longer with each one in a row."""
FLIPS = 60
MOST_OF_A_KIND = 1


def cut_off(here: Arena, load: Load, troubles: Sequence[Trouble | str]) -> Iterator[Expectation]:
    """Each trouble meets the calls that follow an order; in the end the order is in both stores as it should be."""
    every: list[tuple[Store, int]] = []
    for number, trouble in enumerate(troubles):
        word = trouble.value if isinstance(trouble, Trouble) else f"answers {trouble}"
        placed = []
        for store in here.stores:
            stand_in = here.stand_ins[store.platform]
            if isinstance(trouble, Trouble):
                before = stand_in.proxy.struck.total()
                with stand_in.proxy.troubled(trouble):
                    placed.append(store.shop.order("MUG", 1, f"cut{number}{store.platform} Example"))
                    until(partial(_struck, stand_in.proxy, before), "a call is struck", DONE_SECONDS)
            else:
                if OF_ONE.get(trouble, store.platform) == store.platform:
                    asked = {"what": trouble, "times": 1, "writes": True}
                    requests.post(f"{stand_in.url}/_control/fail", json=asked, timeout=30).raise_for_status()
                placed.append(store.shop.order("MUG", 1, f"cut{number}{store.platform} Example"))
        if trouble in MENDED_BY_A_PERSON:
            for store in (each for each in here.stores if OF_ONE.get(trouble, each.platform) == each.platform):
                until(partial(_left_alone, here, store), f"{word}: {store.platform} is left alone", DONE_SECONDS)
                here.connect_again(store)
        began = time.monotonic()
        try:
            until(partial(_written, here, placed), f"{word}: written", DONE_SECONDS, every=0.2)
            yield Expectation(True, f"{word}: both orders written {time.monotonic() - began:.1f} s later")
        except NotInTime as late:
            yield Expectation(False, str(late))
        every += zip(here.stores, placed, strict=True)
    yield from nothing_lost(here, load, len(troubles))
    undone = [why for store, order in every for why in _undone(store, order)]
    yield Expectation(not undone, f"at rest, not done: {len(undone)}", names=undone)
    for stand_in in here.stand_ins.values():
        yield at_most(stand_in.proxy.longest, CALL_SECONDS, f"the longest that {stand_in.platform} kept a worker")


def _left_alone(here: Arena, store: Store) -> bool:
    """Whether it refuses us, or is at another address; not for a failure for now, as one of an earlier trouble."""
    row = store.row(here.house.world)
    return row.health is Health.ACCESS_LOST or (row.health is Health.BACKING_OFF and "redirect" in row.trouble)


def _undone(store: Store, order: int) -> list[str]:
    """What of an order is not done, seen by the newest of each kind. A note may be of unknown outcome: it is never
    posted again, and counted before.
    """
    told = store.told(order)
    newest = {work["kind"]: work["state"] for work in told["writes"]}
    found = [f"{kind} of order {order}: {state}" for kind, state in newest.items() if state not in _good(kind)]
    return found + [
        f"message {work['kind']} of order {order}: {work['state']}"
        for work in told["notices"]
        if work["state"] != "done"
    ]


def _good(kind: str) -> tuple[str, ...]:
    return ("done", "unknown") if kind == "note" else ("done",)


def _struck(proxy: Proxy, before: int) -> bool:
    return proxy.struck.total() > before


def _written(here: Arena, placed: Sequence[int]) -> bool:
    told = [store.told(order) for store, order in zip(here.stores, placed, strict=True)]
    return all(
        each["lines"]
        and each["notices"]
        and all(work["state"] in ("done", "unknown", "dropped") for work in (*each["writes"], *each["notices"]))
        for each in told
    )


def f10(engine: str) -> Iterator[Expectation]:
    """Everything that can go wrong with a call to a store."""
    with arena(engine) as here:
        load = Load(here, 10)
        here.rest(60)
        yield from cut_off(here, load, (*CUT, *WORDS))


def jumping_stock(here: Arena, load: Load, flips: int) -> Iterator[Expectation]:
    """The count of what is there jumps, at each place, while orders wait for it and others are sold of which nobody
    tells us; nobody is promised what is not there.
    """
    chance = random.Random(21)
    placed = [
        (store, store.shop.order("LAMP", 1, f"flip{number}{store.platform} Example"))
        for store in here.stores
        for number in range(8)
    ]
    here.rest(60)
    over = []
    sold = Counter[int]()
    for flip in range(flips):
        for store in here.stores:
            stand_in = here.stand_ins[store.platform]
            place = chance.choice(stand_in.locations())
            if flip % 2:
                # Somebody sells in another channel, and we are not told.
                with stand_in.untold():
                    lines = [{"sku": "LAMP", "quantity": 1, "location": place}]
                    store.shop.act("place_order", lines=lines, name=f"else{flip} Example")
                sold[store.id] += 1
            there = _count(store, chance.choice((10, 3, 10, 0, 1, 5)), sold[store.id])
            store.shop.act("set_stock", sku="LAMP", quantity=there, location=place)
            over += _given_too_much(here, store)
        time.sleep(0.15)
    for store in here.stores:
        for place in here.stand_ins[store.platform].locations():
            store.shop.act("set_stock", sku="LAMP", quantity=_count(store, 3, sold[store.id]), location=place)
    here.rest(120)
    for store in here.stores:
        over += _given_too_much(here, store)
    yield Expectation(not over, f"allocated more than was there: {len(over)} times {over[:3]}")
    yield from nothing_lost(here, load, 0)
    written = Counter((mail.to, mail.subject) for mail in here.mails() if mail.to.startswith("flip"))
    again = {f"{to}: {subject.partition(': ')[2]}": n for (to, subject), n in written.items() if n > MOST_OF_A_KIND}
    yield Expectation(not again, f"customers told the same thing again: {len(again)} of {len(placed)} {_some(again)}")


def _some(found: dict[str, int]) -> list[str]:
    return [f"{name} ({count} times)" for name, count in list(found.items())[:3]]


def _count(store: Store, there: int, sold: int) -> int:
    """WooCommerce's figure is net of all orders, which may take it below zero; Shopify's is what is on the shelf."""
    return there - 8 - sold if store.platform == "woocommerce" else there


def _given_too_much(here: Arena, store: Store) -> list[str]:
    """Pools that have given more than was there when they were planned, less what is shown as a shortfall."""
    with here.house.world.database.read() as conn:
        given = func.sum(parts.c.allocated, type_=parts.c.allocated.type)
        same = (pools.c.store_id == parts.c.store_id) & (pools.c.item == parts.c.item)
        rows = conn.execute(
            select(pools.c.item, pools.c.on_hand, pools.c.shortfall, given.label("given"))
            .join(parts, same & (pools.c.location == parts.c.location))
            .where(pools.c.store_id == store.id, pools.c.balance == "balanced")
            .group_by(pools.c.item, pools.c.location, pools.c.on_hand, pools.c.shortfall)
        ).all()
    return [
        f"item {row.item} of store {store.id}: {row.given} of {row.on_hand}"
        for row in rows
        if row.given > row.on_hand + row.shortfall
    ]


def f21(engine: str) -> Iterator[Expectation]:
    """On-hand 10, 3, 10, 0 while allocating; WooCommerce's figure below zero."""
    with arena(engine) as here:
        yield from jumping_stock(here, Load(here, 21), FLIPS)
